#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lua programs under hew compiled, hew interpreted, and lua5.4 and luajit where they are installed: `./do bench lua`.

Every round runs each program under every contender one right after the other, in an order that turns from round to round, so
that a busy machine slows all of them alike. A time is processor time (user and system) of one process; a ratio is the median
over the rounds of the ratios within a round; rounds go on until the time is over, and one is always finished.

Programs are examples/lua/*.lua and bench/lua/*.lua. A line `-- kind: numeric` puts one among the numeric ones, a line
`-- bench: ARGUMENTS` gives it arguments.
"""
import argparse
import glob
import json
import math
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TIMEOUT = 300
SHORT = 0.3             # seconds; shorter programs run several times for one time

# What the ratios must reach: (text, numerator, denominator, which programs, bound, at most or at least, of geomean or of each)
BARS = (
    ('interpreted over compiled, geomean of the numeric programs', 'interp', 'hew', 'numeric', 5.0,  'least', 'geomean'),
    ('interpreted over compiled, every program',                   'interp', 'hew', 'all',     0.98, 'least', 'each'),
    ('interpreted over lua5.4, geomean',                           'interp', 'lua5.4', 'all',  1.2, 'most', 'geomean'),
    ('interpreted over lua5.4, every program',                     'interp', 'lua5.4', 'all',  1.6, 'most', 'each'),
)

# With --without-counters; E4.1.
COUNTER_BARS = (
    ('counting over not counting, geomean', 'hew', 'without', 'all', 1.05, 'most', 'geomean'),
)


class Program:
    def __init__(self, path):
        head = open(os.path.join(ROOT, path), encoding='utf-8').read(2000)
        self.path = path
        self.name = os.path.basename(path)[:-4]
        self.kind = (re.findall(r'^-- kind: (\w+)', head, re.M) or ['general'])[0]
        self.args = (re.findall(r'^-- bench: (.*)$', head, re.M) or [''])[0].split()
        self.times = {}         # contender -> one time per round
        self.output = {}
        self.repeat = 1
        self.out = {}           # contender -> why it does not take part


def contenders(hew, without):
    if without:
        yield 'hew', [hew, 'lua', '--jit=off']
        yield 'without', [without, 'lua', '--jit=off']
        return
    yield 'hew', [hew, 'lua']
    yield 'interp', [hew, 'lua', '--jit=off']
    for name in ('lua5.4', 'luajit'):
        if shutil.which(name):
            yield name, [name]
        else:
            print(f'{name} is not installed and could not be: left out of the comparison')


def measure(program, name, argv):
    """Runs once and keeps the time, or notes why not."""
    if name in program.out:
        return
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(program.repeat):
        try:
            p = subprocess.run(argv + [program.path] + program.args, cwd=ROOT, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            program.out[name] = f'more than {TIMEOUT} s'
            return
        if p.returncode != 0:
            break
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    if p.returncode != 0:
        why = p.stderr.decode('utf-8', 'replace').strip().splitlines()
        program.out[name] = f'exit status {p.returncode}' + (f': {why[0][:100]}' if why else '')
        return
    time_used = max(1e-4, end.ru_utime - start.ru_utime + end.ru_stime - start.ru_stime) / program.repeat
    if program.repeat == 1 and time_used < SHORT and not program.times:
        program.repeat = min(20, math.ceil(SHORT / time_used))      # the system counts in steps of up to 10 ms
        return measure(program, name, argv)
    program.times.setdefault(name, []).append(time_used)
    program.output[name] = p.stdout


def ratio(program, a, b):
    """Median of a's times over b's within each round, or None."""
    pairs = list(zip(program.times.get(a, ()), program.times.get(b, ())))
    return statistics.median(x / y for x, y in pairs) if pairs else None


def geomean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def cell(x, unit, width=9):
    return f'{x:{width}.2f}{unit}' if x is not None else ' ' * (width - 1) + '-' + ' ' * len(unit)


def table(programs, names):
    others = [n for n in names if n != 'hew']
    print(f'\n{"":16}' + ''.join(f'{n + " s":>10}' for n in names) + '   ' + ''.join(f'{n + "/hew":>12}' for n in others) +
          (f'{"interp/lua5.4":>15}' if 'lua5.4' in names else ''))
    for kind in ('numeric', 'general'):
        chosen = [p for p in programs if p.kind == kind]
        for p in chosen:
            line = f'{p.name:16}'
            line += ''.join(cell(statistics.median(p.times[n]) if p.times.get(n) else None, '', 10) for n in names) + '   '
            line += ''.join(cell(ratio(p, n, 'hew'), 'x', 11) for n in others)
            if 'lua5.4' in names:
                line += cell(ratio(p, 'interp', 'lua5.4'), 'x', 14)
            print(line)
        if chosen:
            means(chosen, kind, names, others)
    means(programs, 'all', names, others)


def means(programs, kind, names, others):
    def mean(a, b):
        return geomean(r for r in (ratio(p, a, b) for p in programs) if r is not None)
    line = f'{"geomean " + kind:16}' + ' ' * (10 * len(names)) + '   '
    line += ''.join(cell(mean(n, 'hew'), 'x', 11) for n in others)
    if 'lua5.4' in names:
        line += cell(mean('interp', 'lua5.4'), 'x', 14)
    print(line)


def bars(programs, which_bars):
    """Prints the bars and what was reached; true when all are."""
    good = True
    print()
    for text, a, b, which, bound, sense, of in which_bars:
        rs = [(ratio(p, a, b), p.name) for p in programs if which in ('all', p.kind)]
        rs = [r for r in rs if r[0] is not None]
        if not rs:
            continue
        if of == 'geomean':
            reached, whose = geomean(r for r, _ in rs), ''
        else:
            reached, whose = (min if sense == 'least' else max)(rs)
            whose = f' ({whose})'
        ok = reached >= bound if sense == 'least' else reached <= bound
        good = good and ok
        print(f'{"reached" if ok else "MISSED":8} {text}: at {sense} {bound:g}x, measured {reached:.2f}x{whose}')
    return good


def notes(programs):
    """Prints who could not run what and whose output differs; true when hew's own outputs agree."""
    good = True
    for p in programs:
        for name, why in p.out.items():
            print(f'note: {name} does not run {p.name}: {why}')
            good = good and name not in ('hew', 'interp')
        want = p.output.get('interp')
        for name, got in p.output.items():
            if want is not None and got != want:
                print(f'note: {name} prints something else than the interpreter on {p.name}')
                good = good and name == 'luajit'      # it has no integers
    return good


def main():
    p = argparse.ArgumentParser(description='Compare Lua implementations in paired runs.')
    p.add_argument('seconds', nargs='?', type=float, default=120)
    p.add_argument('--hew', default='build/hew')
    p.add_argument('--without-counters', metavar='HEW', help='compare only the interpreters of --hew and of this build')
    p.add_argument('--only', action='append', metavar='NAME', help='only this program; may be repeated')
    p.add_argument('--json', metavar='FILE', help='write the times there as well')
    o = p.parse_args()
    paths = sorted(glob.glob('examples/lua/*.lua', root_dir=ROOT)) + sorted(glob.glob('bench/lua/*.lua', root_dir=ROOT))
    programs = [x for x in map(Program, paths) if not o.only or x.name in o.only]
    if not programs:
        print('bench: no such program', file=sys.stderr)
        return 2
    runners = list(contenders(o.hew, o.without_counters))
    end = time.monotonic() + o.seconds
    rounds = 0
    while rounds == 0 or time.monotonic() < end:
        for i, program in enumerate(programs):
            if rounds and time.monotonic() > end:
                break
            k = (rounds + i) % len(runners)
            for name, argv in runners[k:] + runners[:k]:
                measure(program, name, argv)
            if sys.stderr.isatty():
                print(f'\rround {rounds + 1}: {program.name:20}', end='', file=sys.stderr)
        rounds += 1
    if sys.stderr.isatty():
        print('\r' + ' ' * 40 + '\r', end='', file=sys.stderr)
    print(f'{rounds} rounds; seconds of processor time, medians; ratios are medians of the ratios within a round')
    table(programs, [n for n, _ in runners])
    good = notes(programs)
    bars(programs, COUNTER_BARS if o.without_counters else BARS)
    if o.json:
        with open(o.json, 'w', encoding='utf-8') as f:
            json.dump({x.name: {'kind': x.kind, 'times': x.times, 'not run': x.out} for x in programs}, f, indent=1)
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
