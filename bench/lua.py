#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lua programs under hew compiled, hew interpreted, and lua5.4 and luajit where they are installed: `./do bench lua`.

How times and ratios are taken is told in paired.py.

Programs are examples/lua/*.lua and bench/lua/*.lua. A line `-- kind: numeric` puts one among the numeric ones, a line
`-- bench: ARGUMENTS` gives it arguments.
"""
import argparse
import glob
import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import paired
from paired import ROOT, cell, mean_ratio, median, ratio

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


class Program(paired.Program):
    def __init__(self, path):
        head = open(os.path.join(ROOT, path), encoding='utf-8').read(2000)
        super().__init__(os.path.basename(path)[:-4], (re.findall(r'^-- kind: (\w+)', head, re.M) or ['general'])[0])
        self.path = path
        self.args = (re.findall(r'^-- bench: (.*)$', head, re.M) or [''])[0].split()


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


def table(programs, names):
    others = [n for n in names if n != 'hew']
    print(f'\n{"":16}' + ''.join(f'{n + " s":>10}' for n in names) + '   ' + ''.join(f'{n + "/hew":>12}' for n in others) +
          (f'{"interp/lua5.4":>15}' if 'lua5.4' in names else ''))
    for kind in ('numeric', 'general'):
        chosen = [p for p in programs if p.kind == kind]
        for p in chosen:
            line = f'{p.name:16}'
            line += ''.join(cell(median(p, n), '', 10) for n in names) + '   '
            line += ''.join(cell(ratio(p, n, 'hew'), 'x', 11) for n in others)
            if 'lua5.4' in names:
                line += cell(ratio(p, 'interp', 'lua5.4'), 'x', 14)
            print(line)
        if chosen:
            means(chosen, kind, names, others)
    means(programs, 'all', names, others)


def means(programs, kind, names, others):
    line = f'{"geomean " + kind:16}' + ' ' * (10 * len(names)) + '   '
    line += ''.join(cell(mean_ratio(programs, n, 'hew'), 'x', 11) for n in others)
    if 'lua5.4' in names:
        line += cell(mean_ratio(programs, 'interp', 'lua5.4'), 'x', 14)
    print(line)


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
    rounds = paired.run_rounds(programs, [(name, lambda x, argv=argv: argv + [x.path] + x.args) for name, argv in runners], o.seconds)
    print(f'{rounds} rounds; seconds of processor time, medians; ratios are medians of the ratios within a round')
    table(programs, [n for n, _ in runners])
    good = notes(programs)
    paired.bars(programs, COUNTER_BARS if o.without_counters else BARS)
    if o.json:
        with open(o.json, 'w', encoding='utf-8') as f:
            json.dump({x.name: {'kind': x.kind, 'times': x.times, 'not run': x.out} for x in programs}, f, indent=1)
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
