# SPDX-License-Identifier: MIT
"""C programs built in the ways that are compared, and what `hew ll --stats` says. Used by engine.py and compile.py, and by
tests/csmith.py.

Everything goes to a folder of its own (build-bench) and is built again only when its source or its command changed.
"""
import os
import re
import shlex
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(ROOT, 'build-bench')
CLANG, OPT = 'clang-19', 'opt-19'

# No contraction: a compiler that fuses a multiplication and an addition prints other last digits.
WAYS = {
    'novec':    'gcc -std=c11 -O2 -fno-tree-vectorize -ffp-contract=off',
    'gcc-O2':   'gcc -std=c11 -O2 -ffp-contract=off',
    'gcc-O0':   'gcc -std=c11 -O0 -ffp-contract=off',
    'clang-O2': CLANG + ' -std=c11 -O2 -ffp-contract=off',
}
# What hew reads: types and lifetimes as for optimised code, but not one pass of LLVM's optimiser.
LL = CLANG + ' -std=c11 -O1 -Xclang -disable-llvm-passes -ffp-contract=off -S -emit-llvm'

STATS = re.compile(r'^ll: functions=(\d+) instructions=(\d+) bytes=(\d+) build_us=([\d.]+)/([\d.]+) compile_us=([\d.]+)/([\d.]+)', re.M)


class Failed(Exception):
    """A command failed; the text says which and why."""


def missing(*tools):
    """Those of the tools that are not there."""
    return [t for t in tools if not shutil.which(t)]


def fill(template, **words):
    """The command of a template as a list; {args} may become several words or none."""
    argv = []
    for word in shlex.split(template):
        if word == '{args}':
            argv += words.get('args', [])
            continue
        for name, value in words.items():
            if name != 'args':
                word = word.replace('{' + name + '}', value)
        argv.append(word)
    return argv


def command(argv, timeout=600):
    """What a command prints; Failed when it fails."""
    text = ' '.join(map(shlex.quote, argv))
    try:
        p = subprocess.run(argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Failed(f'{text}: more than {timeout} s') from None
    except OSError as e:
        raise Failed(f'{text}: {e.strerror}') from None
    if p.returncode != 0:
        raise Failed(f'{text}: exit status {p.returncode}\n{p.stderr.decode("utf-8", "replace")[-2000:]}')
    return p.stdout.decode('utf-8', 'replace')


def build(argv, source, target):
    """Runs a command that makes target from source, unless it did so before."""
    stamp = target + '.command'
    text = ' '.join(map(shlex.quote, argv)) + '\n'
    if os.path.exists(target) and os.path.exists(stamp) and os.path.getmtime(target) >= os.path.getmtime(source) \
            and open(stamp, encoding='utf-8').read() == text:
        return target
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.exists(target):
        os.unlink(target)
    command(argv)
    with open(stamp, 'w', encoding='utf-8') as f:
        f.write(text)
    return target


def place(source, kind, folder=FOLDER):
    return os.path.join(folder, os.path.basename(source)[:-2] + '.' + kind)


def executable(source, way, folder=FOLDER):
    target = place(source, way, folder)
    return build(WAYS[way].split() + ['-o', target, source, '-lm'], source, target)


def object_file(source, way, folder=FOLDER):
    target = place(source, way + '.o', folder)
    return build(WAYS[way].split() + ['-c', '-o', target, source], source, target)


def ll(source, folder=FOLDER):
    target = place(source, 'll', folder)
    return build(LL.split() + ['-o', target, source], source, target)


def ssa(source, folder=FOLDER):
    """The same with variables as values: what instructions are counted in."""
    target = place(source, 'ssa', folder)
    text = ll(source, folder)
    return build([OPT, '-passes=mem2reg', '-S', '-o', target, text], text, target)


def instructions(path):
    """LLVM instructions in the functions of a module; markers that never become code are not counted."""
    count, inside, cases = 0, False, False
    with open(path, encoding='utf-8', errors='replace') as f:
        for line in f:
            if not inside:
                inside = line.startswith('define ')
            elif line.startswith('}'):
                inside = False
            elif cases:                                 # the lines of a switch up to its ]
                cases = not line.startswith('  ]')
            elif line.startswith('  ') and line[2:3] not in (' ', ';', '\n') and not marker(line):
                count += 1
                cases = line.startswith('  switch ') and line.rstrip().endswith('[')
    return count


def marker(line):
    return '@llvm.lifetime.' in line or '@llvm.dbg.' in line or '@llvm.assume(' in line or line.startswith('  #dbg')


def functions(path):
    with open(path, encoding='utf-8', errors='replace') as f:
        return sum(line.startswith('define ') for line in f)


def text_bytes(path):
    """Bytes of code in an object file, and of the constants that it loads, which hew counts as well: .text* and .rodata.cst*."""
    out = command(['size', '-A', path])
    return sum(int(m) for m in re.findall(r'^(?:\.text|\.rodata\.cst)\S*\s+(\d+)', out, re.M))


def stats(argv):
    """Runs a command and reads its line of statistics; Failed when there is none."""
    try:
        p = subprocess.run(argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise Failed(f'{argv[0]}: {e}') from None
    return read_stats(argv, p.returncode, p.stderr.decode('utf-8', 'replace'))


def read_stats(argv, status, err):
    m = STATS.search(err)
    if status != 0 or not m:
        first = (err.strip().splitlines() or ['nothing printed'])[0]
        raise Failed(f'{" ".join(argv)}: exit status {status}, no line of statistics: {first[:200]}')
    names = ('functions', 'instructions', 'bytes', 'build_min', 'build_median', 'compile_min', 'compile_median')
    return dict(zip(names, [int(x) for x in m.groups()[:3]] + [float(x) for x in m.groups()[3:]]))
