#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The test run: every section, one count.

`./do test` calls it. A section is a row of SECTIONS: a name, what it shows, whether the quick run (`--quick`, used by
tools/mutate) has it too, and a function that returns a Tally. The last line is `N passed, N failed` (`, N skipped`).

How a program's tests are counted, in this order: a closing line `N passed, N failed`; cmocka's lines; else the program is
one test, judged by its exit status (77 means skipped). A line `skipped: NAME: reason` gives the reason of a skip.
"""
import argparse
import concurrent.futures
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import differential

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LLVM_BIN = next(iter(sorted(glob.glob('/usr/lib/llvm-*/bin/FileCheck'), reverse=True)), '/nowhere/FileCheck')
LLVM_BIN = os.path.dirname(LLVM_BIN)

PLAIN = re.compile(r'^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$', re.M)
CMOCKA_OK = re.compile(r'^\[       OK \] ', re.M)
CMOCKA_FAILED = re.compile(r'^\[  FAILED  \] (\d+) test\(s\)', re.M)
CMOCKA_SKIPPED = re.compile(r'^\[  SKIPPED \] (\d+) test\(s\)', re.M)
SKIP_REASON = re.compile(r'^skipped: (.*)$', re.M)

SKIP_STATUS = 77
TAIL = 60                       # lines shown of a failed test's output


class Tally:
    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped
        self.failures = []      # (name, output)
        self.reasons = []       # of skips

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures
        self.reasons += other.reasons

    def fail(self, name, output):
        self.failed += 1
        self.failures.append((name, output))

    def skip(self, reason):
        self.skipped += 1
        self.reasons.append(reason)

    def __str__(self):
        skipped = f', {self.skipped} skipped' if self.skipped else ''
        return f'{self.passed} passed, {self.failed} failed{skipped}'


def environment():
    env = dict(os.environ)
    env['PATH'] = env.get('PATH', '') + os.pathsep + LLVM_BIN         # last: it may hold another clang than the system's
    env['LC_ALL'] = 'C.UTF-8'
    env.pop('LUA_INIT', None)
    env.pop('LUA_PATH', None)
    # The collector scans native stacks, so locals must stay on them.
    env['ASAN_OPTIONS'] = 'detect_stack_use_after_return=0:' + env.get('ASAN_OPTIONS', '')
    env['UBSAN_OPTIONS'] = 'print_stacktrace=1:' + env.get('UBSAN_OPTIONS', '')
    return env


def run(argv, timeout=300, stdin=None, cwd=ROOT, merge=True, light=False):
    """(status, output); status None: it ran out of time. The whole process group dies with it. light: programs that do nothing
    but the same many times may do it less often, as HEW_LIGHT tells them."""
    env = environment()
    if light:
        env['HEW_LIGHT'] = '1'
    p = subprocess.Popen(argv, cwd=cwd, env=env, stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT if merge else subprocess.PIPE,
                         start_new_session=True)
    try:
        out, _ = p.communicate(stdin, timeout=timeout)
        return p.returncode, out.decode('utf-8', 'replace')
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)
        out, _ = p.communicate()
        return None, out.decode('utf-8', 'replace') + f'\n(stopped after {timeout} seconds)\n'


def ending(status):
    if status is None:
        return 'ran out of time'
    if status < 0:
        try:
            return 'died of ' + signal.Signals(-status).name
        except ValueError:
            return f'died of signal {-status}'
    return f'exit status {status}'


def count(name, status, output):
    """The Tally of one program that ended with `status` and printed `output`."""
    t = Tally()
    plain = PLAIN.findall(output)
    if plain:
        for passed, failed, skipped in plain[-1:]:
            t = Tally(int(passed), int(failed), int(skipped or 0))
    elif '[==========] Running' in output:
        t = Tally(len(CMOCKA_OK.findall(output)), sum(map(int, CMOCKA_FAILED.findall(output))),
                  sum(map(int, CMOCKA_SKIPPED.findall(output))))
    elif status == SKIP_STATUS:
        t.skipped = 1
    elif status == 0:
        t.passed = 1
    if status not in (0, SKIP_STATUS) and t.failed == 0:
        t.failed = 1            # it crashed, hung, or is one test by itself
    if t.failed:
        t.failures.append((f'{name}: {ending(status)}', output))
    if t.skipped:
        why = SKIP_REASON.findall(output)
        t.reasons += [f'{name}: {w}' for w in why] or [f'{name}: gave no reason']
    return t


def program(name, argv, timeout=300):
    if not (shutil.which(argv[0]) or os.path.exists(os.path.join(ROOT, argv[0]))):
        t = Tally()
        t.fail(f'{name}: there is no {argv[0]}', '')
        return t
    return count(name, *run(argv, timeout))


# ---- no memory is writable and executable at once ---------------------------------------------------------------------

def rwx_lines(pid):
    """The mappings of a process that are writable and executable; None when it cannot be read (any more)."""
    try:
        with open(f'/proc/{pid}/maps', encoding='utf-8', errors='replace') as f:
            lines = f.read().splitlines()
    except OSError:
        return None
    return [x for x in lines if re.match(r'\S+ .wx', x)] if lines else None


class Sampler(threading.Thread):
    """Looks at the memory maps of every process started from a build tree, all through the test run (E1.1)."""

    def __init__(self, pause=0.05):
        super().__init__(daemon=True)
        self.pause, self.samples, self.found, self.done = pause, 0, [], threading.Event()

    def run(self):
        trees = tuple(os.path.join(ROOT, t) + os.sep for t in ('build', 'build-test', 'build-asan'))
        while not self.done.wait(self.pause):
            for pid in filter(str.isdigit, os.listdir('/proc')):
                try:
                    exe = os.readlink(f'/proc/{pid}/exe')
                except OSError:
                    continue
                if exe.startswith(trees):
                    self.look(pid, exe)

    def look(self, pid, exe):
        lines = rwx_lines(pid)
        if lines is not None:
            self.samples += 1
            self.found += [f'{exe}: {x}' for x in lines]

    def tally(self):
        self.done.set()
        self.join()
        t = Tally()
        if self.found:
            t.fail('writable and executable at once', '\n'.join(sorted(set(self.found))))
        elif self.samples:
            t.passed = 1
        else:
            t.skip('no process of a build tree ran long enough to be looked at')
        return t


# ---- kinds of sections ---------------------------------------------------------------------------------------------

def build(tree):
    def section(o):
        t = Tally()
        status, out = run(['./do', 'tree', tree], timeout=1200)
        if status == 0:
            t.passed = 1
        else:
            t.fail(f'{tree} does not build', out)
        return t
    return section


def command(*argv, timeout=300):
    return lambda o: program(' '.join(argv), list(argv), timeout)


def meson(tree):
    def section(o):
        status, out = run(['meson', 'test', '-C', tree, '--no-rebuild', '--num-processes', str(o.jobs)], timeout=1200)
        t = Tally()
        seen = False
        log = os.path.join(ROOT, tree, 'meson-logs', 'testlog.json')
        for line in open(log, encoding='utf-8', errors='replace') if os.path.exists(log) else ():
            r = json.loads(line)
            seen = True
            text = r.get('stdout', '') + r.get('stderr', '')
            code = None if r['result'] == 'TIMEOUT' else r['returncode']
            t.add(count(r['name'], code, text))
        if not seen or (status != 0 and t.failed == 0):
            t.fail('meson test itself failed', out)
        return t
    return section


def lit_command():
    if shutil.which('lit'):
        return ['lit']
    found = sorted(glob.glob('/usr/lib/llvm-*/build/utils/lit/lit.py'), reverse=True)
    return [sys.executable, found[0]] if found else None


def lit(tree):
    def section(o):
        t = Tally()
        command = lit_command()
        if not command:
            t.fail('lit is missing (Debian: llvm-19-tools)', '')
            return t
        report = os.path.join(ROOT, tree, 'lit.json')
        if os.path.exists(report):
            os.unlink(report)
        status, out = run(command + ['-q', '-j', str(o.jobs), '--output', report, '-D', 'tree=' + tree,
                                     'tests'], timeout=1200)
        if not os.path.exists(report):
            t.fail('lit itself failed', out)
            return t
        for test in json.load(open(report, encoding='utf-8'))['tests']:
            if test['code'] in ('PASS', 'XFAIL', 'FLAKYPASS'):
                t.passed += 1
            elif test['code'] in ('UNSUPPORTED', 'SKIPPED', 'EXCLUDED'):
                t.skip(f"{test['name']}: {test.get('output', '').strip() or test['code'].lower()}")
            else:
                t.fail(f"{test['name']}: {test['code']}", test.get('output', ''))
        if status != 0 and t.failed == 0:
            t.fail('lit itself failed', out)
        return t
    return section


def pool_tally(o, jobs):
    """jobs: functions without arguments that return a Tally each; as many at once as there are processors"""
    t = Tally()
    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        for r in pool.map(lambda job: job(), jobs):
            t.add(r)
    return t


def differentials(tree):
    """Random programs through slow and fast twin; the rows are in differential.py."""
    def job(name, argv):
        return lambda: program(name, argv, timeout=600)

    def section(o):
        jobs = []
        for row in differential.ROWS:
            n = max(1, row.count(tree) // (10 if o.quick else 1))
            print(f'   {row.name}: {n} from seed {o.seed}')
            jobs += [job(row.name, argv) for argv in row.parts(tree, n, o.seed, o.jobs)]
        sys.stdout.flush()
        return pool_tally(o, jobs)
    return section


# ---- guest programs ----------------------------------------------------------------------------------------------

# With these options every program must do the same. Forced exits come early, so that what is compiled is left often.
LUA_MODES = ('--jit=off', '--jit-threshold=1000', '--jit-threshold=0', '--jit-threshold=2', '--jit-threshold=2 --jit-fail=each', '--jit-threshold=2 --jit-fail=7')
LUA_MODES_ASAN = ('--jit=off', '--jit-threshold=0', '--jit-threshold=2 --jit-fail=each')
EXAMPLE_MODES = ('', '--jit-threshold=1000', '--jit-threshold=0', '--jit-threshold=2 --jit-fail=each', '--jit-threshold=2 --jit-fail=1000')


def lua(tree, mode, path):
    """(what it is called in a report, status, output)"""
    argv = [f'{tree}/hew', 'lua', *mode.split(), path]
    return (' '.join(argv), *run(argv, timeout=120, light='asan' in tree))


def lua_programs(tree, modes=LUA_MODES):
    """tests/guest/lua/**/*.lua without RUN lines: exit status 0 in every mode, and the text of FILE.out when there is one."""
    def job(path, mode):
        def one():
            name, status, out = lua(tree, mode, path)
            want = os.path.join(ROOT, path[:-4] + '.out')
            if status == 0 and os.path.exists(want) and out != open(want, encoding='utf-8').read():
                t = Tally()
                t.fail(f'{name}: output differs from {os.path.relpath(want, ROOT)}', out)
                return t
            return count(name, status, out)
        return one

    def section(o):
        paths = [p for p in sorted(glob.glob('tests/guest/lua/**/*.lua', root_dir=ROOT, recursive=True))
                 if 'RUN:' not in open(os.path.join(ROOT, p), encoding='utf-8', errors='replace').read(4096)]
        return pool_tally(o, [job(p, m) for m in modes for p in paths])
    return section


def examples(tree, modes=EXAMPLE_MODES):
    """examples/lua/*.lua print the same interpreted and in every mode."""
    def job(path):
        def one():
            t = Tally()
            name, status, want = lua(tree, '--jit=off', path)
            if status != 0:
                t.fail(f'{name}: {ending(status)}', want)
                return t
            for mode in modes:
                name, status, out = lua(tree, mode, path)
                if status != 0:
                    t.fail(f'{name}: {ending(status)}', out)
                elif out != want:
                    t.fail(f'{name}: prints something else than with --jit=off', out)
                else:
                    t.passed += 1
            return t
        return one

    def section(o):
        return pool_tally(o, [job(p) for p in sorted(glob.glob('examples/lua/*.lua', root_dir=ROOT))])
    return section


# ---- the table ----------------------------------------------------------------------------------------------------

SECTIONS = [
    # name           what it shows                                              quick  how
    ('build',        'the release tree compiles without a warning (gcc)',       False, build('build')),
    ('build-test',   'the tree with asserts compiles without a warning (gcc)',  True,  build('build-test')),
    ('build-asan',   'the sanitizer tree compiles without a warning (clang)',   False, build('build-asan')),
    ('layers',       'includes follow the layer table',                         False, command('tools/layers')),
    ('sizes',        'files and functions keep within their limits',            False, command('tools/sizes', '-q')),
    ('headers',      'every header compiles alone; hew.h as C11 and C++',       False, command('tests/tools/headers.sh')),
    ('docs',         'reference pages are current, links and man pages right',  False, command('tools/docs', '--check')),
    ('install',      'a program builds against the installed library',          False, command('tests/tools/install.sh', 'build-test')),
    ('unit',         'unit tests',                                              True,  meson('build-test')),
    ('unit-asan',    'unit tests under ASan and UBSan',                         False, meson('build-asan')),
    ('text',         'text tests: input, command, expected lines',              True,  lit('build-test')),
    ('text-asan',    'text tests under ASan and UBSan',                         False, lit('build-asan')),
    ('lua',          'Lua programs, interpreted and compiled',                  True,  lua_programs('build-test')),
    ('lua-asan',     'Lua programs under ASan and UBSan',                       False, lua_programs('build-asan', LUA_MODES_ASAN)),
    ('examples',     'examples print the same interpreted and compiled',        False, examples('build')),
    ('random',       'random programs agree in slow and fast twin (E2.5)',      True,  differentials('build-test')),
    ('csmith',       'random C programs print what gcc makes them print',       False,
                     command('tests/csmith.py', '--hew', 'build-test/hew', '--seeds', '1-60', '--levels', '1,2', timeout=900)),
    ('random-asan',  'random and damaged programs under ASan and UBSan',        False, differentials('build-asan')),
]


def show(t):
    for name, output in t.failures:
        print(f'   FAILED {name}')
        lines = output.rstrip().splitlines()
        if len(lines) > TAIL:
            print(f'      ... {len(lines) - TAIL} lines left out')
        for line in lines[-TAIL:]:
            print('      ' + line)
    for reason in t.reasons:
        print(f'   skipped {reason}')


def main():
    p = argparse.ArgumentParser(description='Run the tests of hew.')
    p.add_argument('section', nargs='*', help='only these (building what they need is up to you: build, build-test, build-asan)')
    p.add_argument('--list', action='store_true', help='name the sections')
    p.add_argument('--quick', action='store_true', help='only what finds faults fastest, in one tree')
    p.add_argument('--fail-fast', action='store_true', help='stop at the first section that fails')
    p.add_argument('--jobs', type=int, default=os.cpu_count() or 1)
    p.add_argument('--seed', type=int, default=1, help='the first seed of the random programs (default: 1)')
    o = p.parse_args()
    if o.list:
        for name, meaning, quick, _ in SECTIONS:
            print(f'{name:12} {meaning}{" (quick)" if quick else ""}')
        return 0
    known = {s[0] for s in SECTIONS}
    for name in o.section:
        if name not in known:
            print(f"run.py: no section '{name}'; known: {' '.join(sorted(known))}", file=sys.stderr)
            return 2

    total, start = Tally(), time.monotonic()
    sampler = Sampler()
    sampler.start()
    for name, meaning, quick, function in SECTIONS:
        if (o.section and name not in o.section) or (o.quick and not quick):
            continue
        print(f'== {name}: {meaning}', flush=True)
        began = time.monotonic()
        t = function(o)
        show(t)
        print(f'   {t.passed} ok, {t.failed} not ok, {t.skipped} left out  ({time.monotonic() - began:.1f} s)', flush=True)
        total.add(t)
        if t.failed and (o.fail_fast or name.startswith('build')):
            break
    if sampler.samples or not o.section:
        print(f'== maps: nothing was writable and executable at once ({sampler.samples} looks at running processes)')
        t = sampler.tally()
        show(t)
        total.add(t)
    print(f'== total time {time.monotonic() - start:.0f} s')
    if total.failures:
        print('== what failed')
        for name, _ in total.failures:
            print(f'   {name}')
    if total.passed + total.failed + total.skipped == 0:
        total.fail('no test ran', '')
    print(total, flush=True)
    return 1 if total.failed else 0


if __name__ == '__main__':
    sys.exit(main())
