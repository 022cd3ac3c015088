#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long hew takes to compile, how much code comes out, and how both grow: `./do bench compile`.

The corpus is the programs of bench/engine and what corpus.py writes, well over 500 functions. Sizes are LLVM instructions after
opt -passes=mem2reg, whatever hew makes of them, so that compilers can be compared; times are what `hew ll --no-run --repeat=7
--stats` reports (README.md has the line), reading the text left out. Code bytes, floating constants included, are compared with those
of gcc -O2 -fno-tree-vectorize. What building IR costs, and how soon a fresh process has code, bench/building.c says. Growth is one
function at four lengths. Peak memory is the kernel's high-water mark of the process, per instruction, the same at the shortest length
taken off.
"""
import argparse
import glob
import json
import math
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cbuild
import corpus
import paired

FILES, FUNCTIONS = 20, 26               # of the generated part
LENGTHS = (1000, 5700, 26300, 100000)   # instructions of the one long function
REPEAT = 7
RUNS_FOR_PEAK = 5
SPEED = {'2': 55, '1': 25}              # bars: us per 100 instructions, at most
BUILDING = 20                           # ns for an operation inserted through hew.h
FIRST = 300                             # us in a fresh process until the first compiled function has run
MEMORY = 500                            # bytes an instruction, at most
GROWTH = (4.64, 6.0)                    # a function so many times as long takes at most so many times the time
DEFAULT = '{hew} ll -O{level} --no-run --repeat={repeat} --stats {ll}'
RUN = '{hew} ll -O{level} {ll}'


class Unit:
    """One C file of the corpus."""

    def __init__(self, source, folder):
        self.name = os.path.basename(source)[:-2]
        self.source = source
        self.ll = cbuild.ll(source, folder)
        ssa = cbuild.ssa(source, folder)
        self.size = cbuild.instructions(ssa)
        self.functions = cbuild.functions(ssa)
        self.stats = {}                 # level -> what the line said

    def measure(self, level, o):
        argv = cbuild.fill(o.ll_command, hew=o.hew, level=level, repeat=str(REPEAT), ll=self.ll)
        self.stats[level] = cbuild.stats(argv)


def engine_units():
    return [Unit(s, cbuild.FOLDER) for s in sorted(glob.glob(os.path.join(cbuild.ROOT, 'bench/engine/*.c')))]


def corpus_units(o):
    folder = os.path.join(cbuild.FOLDER, 'corpus')
    return [Unit(s, folder) for s in corpus.files(folder, FILES, FUNCTIONS, o.seed)]


def long_unit(length, o):
    """The one long function, cut to so many instructions: the second try takes its measure from the first."""
    folder = os.path.join(cbuild.FOLDER, 'long')
    os.makedirs(folder, exist_ok=True)

    def made(name, budget):
        return Unit(corpus.write(os.path.join(folder, name + '.c'), corpus.one_long(o.seed, budget)), folder)
    small = made('probe', 400)
    first = int(length * 400 / small.size)
    probe = made(f'probe{length}', first)
    return made(f'long{length}', int(first * length / probe.size))


def total(units, level, key):
    return sum(u.stats[level][key] for u in units if level in u.stats)


def print_times(groups, o):
    print(f'\n{"":10}{"level":>6}{"functions":>11}{"instr.":>8}   us/100 instr.: {"compile min":>12}{"median":>9}{"reading min":>12}'
          f'   code: {"bytes":>9}{"gcc":>9}{"ratio":>7}')
    for level in o.levels:
        for name, units in groups:
            done = [u for u in units if level in u.stats]
            size = sum(u.size for u in done)
            if not size:
                continue
            per = [100 * total(done, level, k) / size for k in ('compile_min', 'compile_median', 'build_min')]
            gcc, code = sum(u.gcc_bytes for u in done), total(done, level, 'bytes')
            print(f'{name:10}{"-O" + level:>6}{sum(u.functions for u in done):11}{size:8}{"":18}{per[0]:12.1f}{per[1]:9.1f}{per[2]:12.1f}'
                  f'{"":9}{code:9}{gcc:9}{code / gcc:7.2f}')


def speed_bars(units, o):
    for level in o.levels:
        done = [u for u in units if level in u.stats]
        if done and level in SPEED:
            only = '' if len(done) == len(units) else f' on only {len(done)} of {len(units)} files'
            reached = 100 * total(done, level, 'compile_min') / sum(u.size for u in done)
            paired.show_bar(f'compile time at -O{level} for 100 instructions', reached <= SPEED[level], SPEED[level], 'most', reached, ' us', only)


def building_bars(o):
    """What bench/building.c says of five fresh processes, the medians; nothing where that program was not built."""
    program = os.path.join(os.path.dirname(o.hew), 'bench', 'building')
    if not os.path.exists(program):
        return
    runs = [dict(pair.split('=') for pair in subprocess.run([program], capture_output=True, text=True, check=True).stdout.split()) for _ in range(5)]
    small, long, first = (statistics.median(float(r[k]) for r in runs) for k in ('small_ns', 'long_ns', 'first_us'))
    print(f'building: {small:.1f} ns an operation in functions of 32, {long:.1f} ns in one of 20,000')
    paired.show_bar('building, for each operation inserted', small <= BUILDING, BUILDING, 'most', small, ' ns')
    paired.show_bar('first compilation in a fresh process', first <= FIRST, FIRST, 'most', first, ' us')


def print_growth(units, o):
    print(f'\n{"one function":14}' + ''.join(f'{"-O" + x + " ms":>11}{"us/100":>9}' for x in o.levels) + f'{"peak MB":>10}')
    for u in units:
        line = f'{u.size:14}'
        for level in o.levels:
            us = u.stats[level]['compile_min'] if level in u.stats else None
            line += paired.cell(us and us / 1000, '', 11) + paired.cell(us and 100 * us / u.size, '', 9)
        print(line + paired.cell(u.peak and u.peak / 1e6, '', 10))


def growth_bars(units, o):
    """How the time would grow with GROWTH[0] times the size, from one length to the next; short ones say nothing."""
    for level in o.levels:
        for a, b in zip(units[1:], units[2:]):
            if level in a.stats and level in b.stats:
                power = math.log(b.stats[level]['compile_min'] / a.stats[level]['compile_min']) / math.log(b.size / a.size)
                reached = GROWTH[0] ** power
                paired.show_bar(f'time for {GROWTH[0]}x the size at -O{level}, {a.size} to {b.size} instructions', reached <= GROWTH[1],
                                GROWTH[1], 'most', reached)
    small, large = units[0], units[-1]
    if small.peak and large.peak:
        each = (large.peak - small.peak) / (large.size - small.size)
        paired.show_bar(f'memory at -O{o.levels[0]} for each instruction beyond the first {small.size}', each <= MEMORY, MEMORY, 'most', each, ' bytes')


def peak(argv):
    """The high-water mark of a process's memory in bytes, of several runs the highest. What wait4 reports is never less than this
    interpreter's own, so the mark is read while the process runs, which may miss the end of a short one; None: always gone too soon."""
    marks = [one_peak(argv) for _ in range(RUNS_FOR_PEAK)]
    return max((m for m in marks if m), default=None)


def one_peak(argv):
    mark = None
    try:
        p = subprocess.Popen(argv, cwd=cbuild.ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        return None
    while p.poll() is None:
        try:
            with open(f'/proc/{p.pid}/status', encoding='utf-8') as f:
                for line in f:
                    if line.startswith('VmHWM:'):
                        mark = max(mark or 0, 1024 * int(line.split()[1]))
        except OSError:
            pass
        time.sleep(0.0002)
    return mark if p.returncode == 0 else None


def check(units, o):
    """Runs the corpus under hew and under gcc; true when they print the same."""
    good = True
    for u in units:
        want = cbuild.command([cbuild.executable(u.source, 'novec', os.path.dirname(u.ll))])
        for level in o.levels:
            try:
                got = cbuild.command(cbuild.fill(o.run_command, hew=o.hew, level=level, ll=u.ll))
            except cbuild.Failed as e:
                got = str(e)
            if got != want:
                print(f'note: {u.name} at -O{level}: {got.strip()[-200:]}, not {want.strip()}')
                good = False
    print('the corpus prints the same under hew and gcc' if good else 'the corpus does NOT print the same under hew and gcc')
    return good


def options():
    p = argparse.ArgumentParser(description='Measure how long hew compiles and how much code comes out.')
    p.add_argument('--hew', default='build/hew')
    p.add_argument('--ll-command', default=DEFAULT, metavar='COMMAND', help='what compiles a .ll file and reports (default: %(default)s)')
    p.add_argument('--run-command', default=RUN, metavar='COMMAND', help='what runs a .ll file, for --check (default: %(default)s)')
    p.add_argument('--levels', type=lambda s: s.split(','), default=['2', '1'], metavar='N,...', help='default: 2,1')
    p.add_argument('--seed', type=int, default=1, help='of the generated part')
    p.add_argument('--no-growth', action='store_true', help='without the one long function')
    p.add_argument('--check', action='store_true', help='also run the generated corpus and compare with gcc')
    p.add_argument('--json', metavar='FILE', help='write the numbers there as well')
    return p.parse_args()


def measure_all(units, o):
    """Prints the first failures; how many there were."""
    failed = 0
    for level in o.levels:
        for u in units:
            if sys.stderr.isatty():
                print(f'\r-O{level} {u.name:20}', end='', file=sys.stderr)
            try:
                u.measure(level, o)
            except cbuild.Failed as e:
                failed += 1
                if failed <= 5:
                    print(f'note: {u.name} at -O{level}: {e}')
    if sys.stderr.isatty():
        print('\r' + ' ' * 30 + '\r', end='', file=sys.stderr)
    if failed > 5:
        print(f'note: and {failed - 5} more failed')
    return failed


def main():
    o = options()
    lack = cbuild.missing('gcc', 'size', cbuild.CLANG, cbuild.OPT)
    if lack:
        print(f'bench: {", ".join(lack)} missing; ./do bench compile installs it on Debian', file=sys.stderr)
        return 2
    groups = [('programs', engine_units()), ('generated', corpus_units(o))]
    units = [u for _, us in groups for u in us]
    for u in units:
        u.gcc_bytes = cbuild.text_bytes(cbuild.object_file(u.source, 'novec', os.path.dirname(u.ll)))
    long_units = [] if o.no_growth else [long_unit(n, o) for n in LENGTHS]
    failed = measure_all(units + long_units, o)
    print_times(groups + [('all', units)], o)
    for u in long_units:
        u.peak = peak(cbuild.fill(o.ll_command, hew=o.hew, level=o.levels[0], repeat='1', ll=u.ll))
    if long_units:
        print_growth(long_units, o)
    print()
    speed_bars(units, o)
    building_bars(o)
    if long_units:
        growth_bars(long_units, o)
    print('load average ' + ' '.join(f'{x:.1f}' for x in os.getloadavg()))
    good = check(groups[1][1], o) if o.check else True
    if o.json:
        with open(o.json, 'w', encoding='utf-8') as f:
            json.dump({u.name: {'size': u.size, 'functions': u.functions, 'stats': u.stats, 'peak': getattr(u, 'peak', None),
                                'gcc bytes': getattr(u, 'gcc_bytes', None)} for u in units + long_units}, f, indent=1)
    return 1 if failed or not good else 0


if __name__ == '__main__':
    sys.exit(main())
