#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random programs through every tier until the time is over: `./do fuzz [minutes]`.

Rounds go through the rows of differential.py, in the tree with asserts and in the sanitizer tree by turns, each round from a
fresh seed. The first disagreement ends the run and prints the command that shows it again.
"""
import argparse
import concurrent.futures
import os
import random
import shlex
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import differential
import run

TREES = ('build-test', 'build-asan')
SHARE = 10                      # of what one test run does in each round


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
    jobs = os.cpu_count() or 1
    while time.monotonic() < end:
        tree = TREES[rounds % len(TREES)]
        rounds += 1
        for row in differential.ROWS:
            left = end - time.monotonic()
            if left <= 0:
                break
            seed = seeds.getrandbits(32)
            commands = row.parts(tree, max(jobs, row.count(tree) // SHARE), seed, jobs)
            with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
                tallies = list(pool.map(lambda argv: run.program(row.name, argv, timeout=600), commands))
            for argv, t in zip(commands, tallies):
                total.add(t)
                if t.failed:
                    run.show(t)
                    print('again: ' + ' '.join(shlex.quote(x) for x in argv))
            print(f'{o.minutes * 60 - left:6.0f} s  {row.name}, {tree}, seed {seed}: {sum(t.passed for t in tallies)} passed', flush=True)
            if total.failed:
                print(total)
                return 1
    print(total)
    return 0


if __name__ == '__main__':
    sys.exit(main())
