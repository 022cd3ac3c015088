#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run_c.py - C programs through clang and `hew ll`, compared with what the system's compiler makes of them.

run_c.py [--tree DIR] [--gcc CMD] [FILE.c ...]     default: every program of tests/ll/c

Each program is compiled to LLVM IR in several ways (unoptimised, ready for optimisation, optimised) and run under hew at
both levels; output and exit code must be those of the native program. Exit code 1 if anything differs; says so and exits
with 0 where no clang is.
"""
import argparse
import glob
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLANGS = ['clang-19', 'clang-14']
WAYS = {
    'O0': ['-O0'],
    'early': ['-O1', '-Xclang', '-disable-llvm-passes'],
    'O2': ['-O2', '-fno-vectorize', '-fno-slp-vectorize'],
    'O3': ['-O3'],
}
FLAGS = ['-w', '-std=gnu11', '-ffp-contract=off']


def run(argv):
    try:
        p = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        return p.returncode, p.stdout, p.stderr.decode(errors='replace')
    except subprocess.TimeoutExpired:
        return 'timeout', b'', ''


def difference(got, want):
    if got[0] != want[0]:
        return f'exit code {got[0]} instead of {want[0]}: {got[2].strip()[:200]}'
    a, b = got[1].splitlines(), want[1].splitlines()
    for i in range(max(len(a), len(b))):
        x, y = (t[i].decode(errors='replace') if i < len(t) else '(nothing)' for t in (a, b))
        if x != y:
            return f'line {i + 1} is\n    {x}\n  instead of\n    {y}'
    return 'white space differs' if got[1] != want[1] else None


def main():
    p = argparse.ArgumentParser(description='C programs under hew ll, compared with native ones.')
    p.add_argument('--tree', default=os.path.join(ROOT, 'build-test'))
    p.add_argument('--gcc', default='gcc')
    p.add_argument('files', nargs='*')
    o = p.parse_args()
    files = o.files or sorted(glob.glob(os.path.join(ROOT, 'tests/ll/c/*.c')))
    clangs = [c for c in CLANGS if shutil.which(c)]
    if not clangs or not shutil.which(o.gcc):
        print(f'run_c.py: skipped: neither {" nor ".join(CLANGS)} is here' if not clangs else f'run_c.py: skipped: no {o.gcc}')
        return 0
    bad = count = 0
    with tempfile.TemporaryDirectory() as tmp:
        native, ll = os.path.join(tmp, 'native'), os.path.join(tmp, 'program.ll')
        for file in files:
            subprocess.run([o.gcc, '-O1', *FLAGS, file, '-o', native, '-lm'], check=True)
            want = run([native])
            for clang in clangs:
                for way, flags in WAYS.items():
                    subprocess.run([clang, *FLAGS, *flags, '-S', '-emit-llvm', file, '-o', ll], check=True)
                    for level in '-O1', '-O2':
                        d = difference(run([os.path.join(o.tree, 'hew'), 'll', level, ll]), want)
                        count += 1
                        if d:
                            bad += 1
                            print(f'{os.path.relpath(file, ROOT)}: {clang} {way}, hew ll {level}: {d}')
    print(f'run_c.py: {len(files)} programs, {count} runs, {bad} differ')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
