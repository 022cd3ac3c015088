#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs every example interpreted and compiled, checks that both print the same, and shows the speed-up as bars.

  demo.py [--hew COMMAND] [NAME...]
"""
import argparse
import glob
import os
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BAR = 36                        # columns; one stands for a factor of 1
TIMEOUT = 300


def run(argv):
    """(seconds, status, what it printed); status None: stopped after TIMEOUT"""
    start = time.monotonic()
    try:
        p = subprocess.run(argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           timeout=TIMEOUT)
        return time.monotonic() - start, p.returncode, p.stdout
    except subprocess.TimeoutExpired as e:
        return TIMEOUT, None, e.stdout or b''


def difference(a, b):
    """Where two outputs part, in words."""
    x, y = a.split(b'\n'), b.split(b'\n')
    for number, (p, q) in enumerate(zip(x, y), 1):
        if p != q:
            return f'line {number}: interpreted {p[:80]!r}, compiled {q[:80]!r}'
    return f'{len(x) - 1} lines interpreted, {len(y) - 1} compiled'


class Style:
    def __init__(self):
        terminal = sys.stdout.isatty()
        self.colour = terminal and 'NO_COLOR' not in os.environ and os.environ.get('TERM') != 'dumb'
        encoding = (sys.stdout.encoding or '').lower()
        self.full, self.half = ('█', '▌') if encoding.startswith('utf') else ('#', '')

    def paint(self, code, text):
        return f'\033[{code}m{text}\033[0m' if self.colour else text

    def bar(self, factor):
        cut = factor > BAR
        factor = min(factor, BAR)
        text = self.full * int(factor) + (self.half if factor % 1 >= 0.5 else '')
        return self.paint('32' if factor >= 1 else '31', text or self.half) + ('+' if cut else '')


def compare(hew, path):
    """(interpreted seconds, compiled seconds, what is wrong or None)"""
    slow, status, want = run([hew, 'lua', '--jit=off', path])
    if status != 0:
        return slow, 0, f'interpreted: exit status {status}: {want[-300:].decode("utf-8", "replace").strip()}'
    fast, status, got = run([hew, 'lua', path])
    if status != 0:
        return slow, fast, f'compiled: exit status {status}: {got[-300:].decode("utf-8", "replace").strip()}'
    return slow, fast, None if got == want else 'outputs differ, ' + difference(want, got)


def main():
    p = argparse.ArgumentParser(description='Run the examples interpreted and compiled.')
    p.add_argument('--hew', default='build/hew')
    p.add_argument('name', nargs='*', help='only these, such as fib')
    o = p.parse_args()
    style = Style()
    paths = sorted(glob.glob('examples/lua/*.lua', root_dir=ROOT))
    if o.name:
        paths = [x for x in paths if os.path.basename(x)[:-4] in o.name]
    if not paths:
        print('demo: no such example', file=sys.stderr)
        return 2

    failed, product, factors = 0, 1.0, 0
    print('Lua programs run by hew, interpreted (--jit=off) and compiled; both must print the same.\n')
    print(f'{"program":15} {"interpreted":>11} {"compiled":>10} {"speed-up":>9}')
    for path in paths:
        name = os.path.basename(path)[:-4]
        slow, fast, wrong = compare(o.hew, path)
        if wrong:
            failed += 1
            print(style.paint('31', f'{name:15} WRONG: {wrong}'), flush=True)
            continue
        factor = slow / max(fast, 1e-6)
        product *= factor
        factors += 1
        print(f'{name:15} {slow:9.2f} s {fast:8.2f} s {factor:8.1f}x  {style.bar(factor)}', flush=True)
    if factors:
        mean = product ** (1 / factors)
        print(f'{"geometric mean":15} {"":11} {"":10} {mean:8.1f}x  {style.bar(mean)}')
    print(f'\n{len(paths) - failed} of {len(paths)} programs printed the same both ways.')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
