#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random C programs of csmith under `hew ll`: they must print what gcc -O0 makes them print.

For each seed csmith writes a program; gcc -O0 and gcc -O1 say what it prints, clang without its optimiser makes the LLVM IR, and
hew runs that at every level asked for. A seed is left out (and counted) when gcc -O0 needs more than 5 seconds, when gcc -O0 and
gcc -O1 print different things, or, after hew printed something else, when clang -O0 does not agree with gcc either.

Programs, IR and expected output of a seed stay in build-csmith, so that the next run only runs hew.

  ok         prints the same and ends the same way
  different  prints something else
  crashed    dies of a signal, ends with another status, or takes 20 times as long as gcc -O0 and more than 20 seconds
  refused    prints nothing and ends with 1 and a message about what is unsupported, as `hew ll` does, or with 2, as another command
             (--ll-command) may, its reason the last line on stderr; reasons are tallied

The status is 1 when any program differs, crashes or is refused. `./do test` runs a fixed range of seeds.
"""
import argparse
import collections
import concurrent.futures
import glob
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, 'bench'))
import cbuild

FOLDER = os.path.join(ROOT, 'build-csmith')
# Everything csmith does by default, packed structs, bit fields, unions and volatiles too. One seed in four has floats as well.
CSMITH = 'csmith --concise'
FLOATS = (4, '--float')
SLOW = 5                        # seconds gcc -O0 may take
PATIENCE = (20, 20)             # hew may take so many times as long, and never less than so many seconds
SKIP_STATUS, REFUSED = 77, 2
FAILURES = ('different', 'crashed', 'refused')
OUTCOMES = ('ok', 'different', 'crashed', 'refused', 'left out')


class LeftOut(Exception):
    pass


def run(argv, timeout):
    """(status, stdout, stderr); status None: it ran out of time"""
    try:
        p = subprocess.run(argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
    except subprocess.TimeoutExpired:
        return None, b'', b''
    return p.returncode, p.stdout, p.stderr


def tool(argv, why, timeout=120):
    status, out, _ = run(argv, timeout)
    if status != 0:
        raise LeftOut(why)
    return out


def native(compiler, source, include):
    """What the program prints when this compiler built it: (seconds, status, text), or None when it takes too long."""
    exe = source[:-2] + '.' + re.sub(r'\W+', '', compiler)
    tool(compiler.split() + ['-w', '-I' + include, '-o', exe, source], f'{compiler} fails')
    start = time.monotonic()
    status, out, _ = run([exe], SLOW)
    used = time.monotonic() - start
    os.unlink(exe)
    return None if status is None else (used, status, out.decode('latin-1'))


class Seed:
    """One program, with what is expected of it. Whatever was found out before is read from build-csmith."""

    def __init__(self, number, include):
        every, extra = FLOATS
        self.number, self.include = number, include
        self.options = f'{CSMITH} {extra}' if number % every == 0 else CSMITH
        self.c, self.ll, self.note = (os.path.join(FOLDER, f'{number}.{x}') for x in ('c', 'll', 'json'))

    def prepare(self):
        key = f'{self.options} | {cbuild.LL}'
        if os.path.exists(self.note):
            with open(self.note, encoding='utf-8') as f:
                known = json.load(f)
            if known['key'] == key:
                return known
        known = {'key': key, 'why': None}
        try:
            known.update(self.make())
        except LeftOut as e:
            known['why'] = str(e)
        self.save(known)
        return known

    def save(self, known):
        with open(self.note + '~', 'w', encoding='utf-8') as f:
            json.dump(known, f)
        os.replace(self.note + '~', self.note)

    def make(self):
        tool(self.options.split() + ['--seed', str(self.number), '-o', self.c], 'csmith fails')
        want = native('gcc -O0', self.c, self.include)
        if want is None:
            raise LeftOut(f'gcc -O0 takes more than {SLOW} s')
        other = native('gcc -O1', self.c, self.include)
        if other is None or other[1:] != want[1:]:
            raise LeftOut('gcc -O0 and gcc -O1 differ')
        tool(cbuild.LL.split() + ['-w', '-I' + self.include, '-o', self.ll, self.c], 'clang fails')
        return {'seconds': want[0], 'status': want[1], 'stdout': want[2]}

    def disputed(self, known):
        """Whether clang -O0 does not print what gcc does: then the program is at fault."""
        if 'disputed' not in known:
            got = native(cbuild.CLANG + ' -O0', self.c, self.include)
            known['disputed'] = got is None or got[1:] != (known['status'], known['stdout'])
            self.save(known)
        return known['disputed']


def reason(err):
    """The last line of a refusal without what belongs to one program only: file, line, numbers, names."""
    line = (err.decode('utf-8', 'replace').strip().splitlines() or ['no reason given'])[-1]
    line = re.sub(r'^(?:hew(?: ll)?: )?(?:\S+\.ll:)?(?:\d+:)*\s*', '', line)
    return re.sub(r'([%@!#])(?!llvm\.)[\w.$-]+', r'\1N', line)[:160]


def judge(known, status, out, err):
    """(outcome, details)"""
    if status == known['status'] and out.decode('latin-1') == known['stdout']:
        return 'ok', ''
    if status is None:
        return 'crashed', 'ran out of time'
    if status < 0:
        return 'crashed', 'died of ' + (signal.Signals(-status).name if -status in signal.valid_signals() else str(-status))
    if not out and (status == REFUSED or (status == 1 and b': unsupported: ' in err)):
        return 'refused', reason(err)
    if status != known['status']:
        return 'crashed', f'exit status {status}: {reason(err)}'
    return 'different', f'prints {out.decode("latin-1")[-40:].strip()!r}, not {known["stdout"][-40:].strip()!r}'


def one_seed(number, o):
    """[(level, outcome, details)]; a program that hew gets wrong is kept."""
    seed = Seed(number, o.include)
    known = seed.prepare()
    if known['why']:
        return [(level, 'left out', known['why']) for level in o.levels]
    results = []
    for level in o.levels:
        argv = cbuild.fill(o.ll_command, hew=o.hew, level=level, ll=seed.ll)
        outcome, details = judge(known, *run(argv, max(PATIENCE[1], PATIENCE[0] * known['seconds'])))
        if outcome in FAILURES:
            if outcome == 'different' and seed.disputed(known):
                outcome, details = 'left out', 'gcc -O0 and clang -O0 differ'
            else:
                details = keep(seed, known, o, level, details)
        results.append((level, outcome, details))
    return results


def keep(seed, known, o, level, details):
    os.makedirs(o.keep, exist_ok=True)
    base = os.path.join(o.keep, f'csmith-{seed.number}')
    for path, suffix in ((seed.c, '.c'), (seed.ll, '.ll')):
        shutil.copyfile(path, base + suffix)
    with open(base + '.out', 'w', encoding='latin-1') as f:
        f.write(known['stdout'])
    again = ' '.join(map(shlex.quote, cbuild.fill(o.ll_command, hew=o.hew, level=level, ll=os.path.relpath(base + '.ll', ROOT))))
    return f'{details}\n   again: {again}    # expected: {os.path.relpath(base, ROOT)}.out'


def report(counts, reasons, left_out):
    """The closing lines, in the form tests/run.py counts."""
    print('csmith: ' + ', '.join(f'{counts[x]} {x}' for x in OUTCOMES))
    for why, n in reasons.most_common():
        print(f'refused: {why} ({n})')
    for why, n in left_out.most_common():
        print(f'skipped: left out: {why} ({n})')
    print(f'{counts["ok"]} passed, {sum(counts[x] for x in FAILURES)} failed, {counts["left out"]} skipped')


def span(text):
    m = re.fullmatch(r'(\d+)(?:-(\d+))?', text)
    if not m:
        raise argparse.ArgumentTypeError(f'{text}: A-B is needed')
    return range(int(m.group(1)), int(m.group(2) or m.group(1)) + 1)


def options():
    p = argparse.ArgumentParser(description='Run random C programs under hew and compare with gcc.')
    p.add_argument('--hew', default='build-test/hew')
    p.add_argument('--ll-command', default='{hew} ll -O{level} {ll}', metavar='COMMAND', help='what runs a .ll file (default: %(default)s)')
    p.add_argument('--seeds', type=span, default=span('1-60'), metavar='A-B')
    p.add_argument('--levels', type=lambda s: s.split(','), default=['1', '2'], metavar='N,...', help='default: 1,2')
    p.add_argument('--keep', default=os.path.join(FOLDER, 'failed'), metavar='DIR', help='where programs go that hew gets wrong')
    p.add_argument('--jobs', type=int, default=os.cpu_count() or 1)
    o = p.parse_args()
    lack = cbuild.missing('csmith', 'gcc', cbuild.CLANG)
    headers = sorted(glob.glob('/usr/include/csmith*/csmith.h') + glob.glob('/usr/local/include/csmith*/csmith.h'))
    if lack or not headers:
        print(f'skipped: csmith: missing: {", ".join(lack + ([] if headers else ["csmith.h"]))} (Debian: csmith libcsmith-dev clang-19)')
        sys.exit(SKIP_STATUS)
    o.include = os.path.dirname(headers[-1])
    return o


def main():
    o = options()
    os.makedirs(FOLDER, exist_ok=True)
    counts, reasons, left_out = (collections.Counter() for _ in range(3))
    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        for number, results in zip(o.seeds, pool.map(lambda n: one_seed(n, o), o.seeds)):
            for level, outcome, details in results:
                counts[outcome] += 1
                if outcome == 'refused':
                    reasons[details.splitlines()[0]] += 1
                if outcome == 'left out':
                    left_out[details] += 1
                elif outcome != 'ok':
                    print(f'{outcome}: seed {number} -O{level}: {details}', flush=True)
            if sys.stderr.isatty():
                print(f'\rseed {number}: ' + ', '.join(f'{counts[x]} {x}' for x in OUTCOMES) + ' ', end='', file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    report(counts, reasons, left_out)
    return 1 if any(counts[x] for x in FAILURES) else 0


if __name__ == '__main__':
    sys.exit(main())
