#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random programs through every tier until the time is over: `./do fuzz [minutes]`.

Rounds go through the rows of differential.py, in the tree with asserts and in the sanitizer tree by turns, each round from a
fresh seed. The first disagreement ends the run and prints the command that shows it again.
"""
import argparse
import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import differential
import run

TREES = (('build-test', 1), ('build-asan', 50))        # the second number: how much slower it is


def main():
    p = argparse.ArgumentParser(description='Compare random programs in slow and fast twin.')
    p.add_argument('--minutes', type=float, default=5)
    p.add_argument('--seed', type=int, help='of the first round; later ones follow from it')
    o = p.parse_args()
    if not differential.ROWS:
        print('fuzz: tests/differential.py lists no program', file=sys.stderr)
        return 1
    seeds = random.Random(o.seed)
    end = time.monotonic() + o.minutes * 60
    total = run.Tally()
    rounds = 0
    while time.monotonic() < end:
        tree, slower = TREES[rounds % len(TREES)]
        rounds += 1
        for row in differential.ROWS:
            left = end - time.monotonic()
            if left <= 0:
                break
            argv = row.argv(tree, max(1, row.count // 10 // slower), seeds.getrandbits(32))
            t = run.program(row.name, argv, timeout=600)
            total.add(t)
            print(f'{o.minutes * 60 - left:6.0f} s  {row.name}, {tree}: {t}', flush=True)
            if t.failed:
                run.show(t)
                print('again: ' + ' '.join(argv))
                print(total)
                return 1
    print(total)
    return 0


if __name__ == '__main__':
    sys.exit(main())
