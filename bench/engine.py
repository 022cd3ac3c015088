#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""C programs under hew beside gcc and clang: `./do bench engine`.

Every program of bench/engine is built with gcc and clang and printed as LLVM IR by clang without its optimiser; `hew ll` reads,
compiles and runs that. Its time is that of the whole process. How times and ratios are taken is told in paired.py; README.md
tells how to put another compiler beside.
"""
import argparse
import glob
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cbuild
import paired
import svg
from paired import cell, mean_ratio, median, ratio

BASE = 'novec'                  # what ratios are taken over
LEVEL = '-O2'

BARS = (
    ('hew over gcc -O2 -fno-tree-vectorize, geomean',           'hew', BASE, 'all',       1.12, 'most', 'geomean'),
    ('hew over gcc -O2 -fno-tree-vectorize, every program',     'hew', BASE, 'general',   1.4,  'most', 'each'),
    ('hew over gcc -O2 -fno-tree-vectorize, recursive program', 'hew', BASE, 'recursive', 2.0,  'most', 'each'),
)


class Program(paired.Program):
    def __init__(self, source, args):
        with open(source, encoding='utf-8') as f:
            kind = re.findall(r'^ \* kind: (\w+)', f.read(2000), re.M)
        super().__init__(os.path.basename(source)[:-2], (kind or ['general'])[0])
        self.source = source
        self.args = args
        self.commands = {}      # contender -> argv

    def add(self, name, make):
        """make: a function that returns the command, building what it needs."""
        try:
            self.commands[name] = make()
        except cbuild.Failed as e:
            self.out[name] = str(e)

    def words(self, ll):
        return {'c': self.source, 'll': ll, 'args': self.args}


def foreign(program, name, template, ll):
    """The command of --with: one that mentions {exe} builds it, and that is what is run; any other is run itself."""
    words = program.words(ll)
    if '{exe}' not in template:
        return cbuild.fill(template, **words)
    exe = cbuild.place(program.source, 'with-' + re.sub(r'\W', '_', name))
    cbuild.build(cbuild.fill(template, exe=exe, **words), program.source, exe)
    return [exe] + program.args


def prepare(program, o):
    ll = cbuild.place(program.source, 'll')
    try:
        cbuild.ll(program.source)
        program.add('hew', lambda: cbuild.fill(o.ll_command, hew=o.hew, **program.words(ll)))
    except cbuild.Failed as e:
        program.out['hew'] = str(e)
    for way in cbuild.WAYS:
        if way not in o.without:
            program.add(way, lambda way=way: [cbuild.executable(program.source, way)] + program.args)
    for name, template in o.foreign:
        program.add(name, lambda name=name, template=template: foreign(program, name, template, ll))
    program.compile_us = None
    try:
        argv = cbuild.fill(o.stats_command, hew=o.hew, **program.words(ll))
        program.compile_us = cbuild.stats(argv)['compile_min']
    except cbuild.Failed as e:
        o.no_stats = o.no_stats or str(e)


def table(programs, names):
    print(f'\n{"":12}' + ''.join(f'{n + " s":>{max(10, len(n) + 4)}}' for n in names) + f'   over {BASE}:' +
          ''.join(f'{n:>{max(10, len(n) + 3)}}' for n in names if n != BASE) + f'{"compile ms":>13}')

    def ratios(of):
        return ' ' * (8 + len(BASE)) + ''.join(cell(of(n), 'x', max(9, len(n) + 2)) for n in names if n != BASE)

    for p in programs:
        print(f'{p.name:12}' + ''.join(cell(median(p, n), '', max(10, len(n) + 4)) for n in names) + ratios(lambda n: ratio(p, n, BASE)) +
              cell(p.compile_us and p.compile_us / 1000, '', 13))
    times = ' ' * sum(max(10, len(n) + 4) for n in names)
    for title, chosen in (('geomean', programs), ('  not rec.', [p for p in programs if p.kind != 'recursive'])):
        print(f'{title:12}' + times + ratios(lambda n: mean_ratio(chosen, n, BASE)))


def notes(programs, o):
    """Prints who could not run what and whose output differs; true when hew runs everything and prints what gcc's does."""
    good = True
    for p in programs:
        for name, why in p.out.items():
            print(f'note: {name} does not run {p.name}: {why}')
            good = good and name != 'hew'
        want = p.output.get('gcc-O0', p.output.get(BASE))
        for name, got in p.output.items():
            if want is not None and got != want:
                print(f'note: {name} prints something else than gcc on {p.name}')
                good = good and name in dict(o.foreign)
    if o.no_stats:
        print(f'note: no compile times: {o.no_stats}')
    return good


def spread(programs):
    """The widest range of hew's ratios within one program, as a sign of a busy machine."""
    widest = max((max(rs) / min(rs), p.name) for p in programs
                 for rs in [[a / b for a, b in zip(p.times.get('hew', ()), p.times.get(BASE, ()))] or [1]])
    load = ' '.join(f'{x:.1f}' for x in os.getloadavg())
    print(f'load average {load}; widest range of one ratio hew/{BASE} over the rounds: {(widest[0] - 1) * 100:.0f} % ({widest[1]})')


def options():
    p = argparse.ArgumentParser(description='Compare C programs under hew, gcc and clang in paired runs.')
    p.add_argument('seconds', nargs='?', type=float, default=240)
    p.add_argument('--hew', default='build/hew')
    p.add_argument('--ll-command', default='{hew} ll ' + LEVEL + ' {ll} {args}', metavar='COMMAND', help='what runs a .ll file (default: %(default)s)')
    p.add_argument('--only', action='append', metavar='NAME', help='only this program; may be repeated')
    p.add_argument('--without', action='append', default=[], choices=[w for w in cbuild.WAYS if w != BASE], help='leave this one out')
    p.add_argument('--with', action='append', default=[], dest='foreign', metavar='NAME=COMMAND',
                   help='put another compiler beside; see bench/README.md')
    p.add_argument('--args', default='', help='arguments for the programs, for a short run with --only')
    p.add_argument('--json', metavar='FILE', help='write the times there as well')
    p.add_argument('--svg', metavar='FILE', help='draw the ratios there')
    o = p.parse_args()
    for word in o.foreign:
        if '=' not in word:
            p.error(f'--with {word}: NAME=COMMAND is needed')
    o.foreign = [tuple(word.split('=', 1)) for word in o.foreign]
    o.stats_command = '{hew} ll ' + LEVEL + ' --no-run --repeat=7 --stats {ll}'
    o.no_stats = ''
    return o


def write(programs, names, o):
    if o.json:
        with open(o.json, 'w', encoding='utf-8') as f:
            json.dump({x.name: {'kind': x.kind, 'times': x.times, 'compile_us': x.compile_us, 'not run': x.out} for x in programs}, f, indent=1)
    if o.svg:
        by_name = {p.name: p for p in programs}

        def value(name, contender):
            return ratio(by_name[name], contender, BASE) if name in by_name else mean_ratio(programs, contender, BASE)
        svg.plot(o.svg, 'time over gcc -O2 -fno-tree-vectorize, less is better',
                 list(by_name) + ['geomean'], [n for n in names if n != BASE], value)


def main():
    o = options()
    lack = cbuild.missing('gcc', cbuild.CLANG)
    if lack:
        print(f'bench: {", ".join(lack)} missing; ./do bench engine installs it on Debian', file=sys.stderr)
        return 2
    sources = sorted(glob.glob(os.path.join(cbuild.ROOT, 'bench/engine/*.c')))
    programs = [Program(s, o.args.split()) for s in sources]
    programs = [x for x in programs if not o.only or x.name in o.only]
    if not programs:
        print('bench: no such program', file=sys.stderr)
        return 2
    for program in programs:
        prepare(program, o)
    names = ['hew'] + [w for w in cbuild.WAYS if w not in o.without] + [n for n, _ in o.foreign]
    rounds = paired.run_rounds(programs, [(n, lambda x, n=n: x.commands.get(n)) for n in names], o.seconds)
    print(f'{rounds} rounds; seconds of processor time of the whole process, medians; ratios are medians of the ratios within a round')
    table(programs, names)
    good = notes(programs, o)
    spread(programs)
    paired.bars(programs, BARS)
    write(programs, names, o)
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
