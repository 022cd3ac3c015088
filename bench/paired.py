# SPDX-License-Identifier: MIT
"""Paired measurements: programs under contenders that take turns. Used by lua.py and engine.py.

Every round runs each program under every contender one right after the other, in an order that turns from round to round, so
that a busy machine slows all of them alike. A time is processor time (user and system) of one process, or that of a clock for
programs that take no longer than its steps; a ratio is the median
over the rounds of the ratios within a round; rounds go on until the time is over, and one is always finished.
"""
import math
import os
import resource
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TIMEOUT = 300
SHORT = 0.3             # seconds; shorter programs run several times for one time
VERY_SHORT = 0.03       # these take turns run by run, and the time is that of a clock: the system counts in steps of up to 10 ms
TURNS = 60


class Program:
    def __init__(self, name, kind):
        self.name = name
        self.kind = kind
        self.times = {}         # contender -> one time per round
        self.output = {}
        self.repeat = 1         # runs for one time; see probe
        self.very_short = False
        self.out = {}           # contender -> why it does not take part


def run_once(program, name, argv):
    """True if it went well, else why not is noted."""
    try:
        p = subprocess.run(argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        program.out[name] = f'more than {TIMEOUT} s'
        return False
    except OSError as e:
        program.out[name] = f'{argv[0]}: {e.strerror}'
        return False
    if p.returncode != 0:
        why = p.stderr.decode('utf-8', 'replace').strip().splitlines()
        program.out[name] = f'exit status {p.returncode}' + (f': {why[0][:100]}' if why else '')
        return False
    program.output[name] = p.stdout
    return True


def probe(program, commands):
    """Runs each contender once to see how often one time takes a run, and whether by the clock."""
    shortest = TIMEOUT
    for name, argv in commands:
        start = time.perf_counter()
        if run_once(program, name, argv):
            shortest = min(shortest, time.perf_counter() - start)
    program.very_short = shortest < VERY_SHORT
    program.repeat = min(20, max(1, math.ceil(SHORT / shortest)))


def measure(program, name, argv):
    """Keeps the processor time of a run."""
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(program.repeat):
        if name in program.out or not run_once(program, name, argv):
            return
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = max(1e-4, end.ru_utime - start.ru_utime + end.ru_stime - start.ru_stime)
    program.times.setdefault(name, []).append(used / program.repeat)


def take_turns(program, commands):
    """Runs each contender once, TURNS times in turn, and keeps every time by the clock, starting the process included."""
    for turn in range(TURNS):
        k = turn // 2 % len(commands)
        order = commands[k:] + commands[:k]
        for name, argv in order if turn % 2 else reversed(order):       # nobody always comes behind the same other one
            start = time.perf_counter()
            if name not in program.out and run_once(program, name, argv):
                program.times.setdefault(name, []).append(time.perf_counter() - start)


def run_rounds(programs, runners, seconds):
    """runners: (contender, function from a program to its command, None: it does not take part). Returns how many rounds were
    begun; only the last may lack programs."""
    end = time.monotonic() + seconds
    rounds = 0
    while rounds == 0 or time.monotonic() < end:
        for i, program in enumerate(programs):
            if rounds and time.monotonic() > end:
                break
            k = (rounds + i) % len(runners)
            commands = [(name, command(program)) for name, command in runners[k:] + runners[:k]]
            commands = [(name, argv) for name, argv in commands if argv is not None]
            if not rounds:
                probe(program, commands)
            if program.very_short:
                take_turns(program, commands)
            for name, argv in commands:
                if not program.very_short:
                    measure(program, name, argv)
            if sys.stderr.isatty():
                print(f'\rround {rounds + 1}: {program.name:20}', end='', file=sys.stderr)
        rounds += 1
    if sys.stderr.isatty():
        print('\r' + ' ' * 40 + '\r', end='', file=sys.stderr)
    return rounds


def median(program, name):
    """Median of a contender's times, or None."""
    return statistics.median(program.times[name]) if program.times.get(name) else None


def ratio(program, a, b):
    """Median of a's times over b's within each round, or None."""
    pairs = list(zip(program.times.get(a, ()), program.times.get(b, ())))
    return statistics.median(x / y for x, y in pairs) if pairs else None


def geomean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def mean_ratio(programs, a, b):
    """Geometric mean of the ratios there are, or None."""
    return geomean(r for r in (ratio(p, a, b) for p in programs) if r is not None)


def cell(x, unit, width=9):
    return f'{x:{width}.2f}{unit}' if x is not None else ' ' * (width - 1) + '-' + ' ' * len(unit)


def show_bar(text, ok, bound, sense, reached, unit='x', whose=''):
    print(f'{"reached" if ok else "MISSED":8} {text}: at {sense} {bound:g}{unit}, measured {reached:.2f}{unit}{whose}')


def bars(programs, which_bars):
    """Prints the bars and what was reached; true when all are and no program is missing. A bar is (text, numerator, denominator, which kind of programs or
    all, bound, at most or at least, of geomean or of each)."""
    good = True
    print()
    for text, a, b, which, bound, sense, of in which_bars:
        chosen = [(ratio(p, a, b), p.name) for p in programs if which in ('all', p.kind)]
        rs = [r for r in chosen if r[0] is not None]
        if not rs:
            if chosen:
                print(f'unknown  {text}: at {sense} {bound:g}x, nothing was measured')
                good = False
            continue
        if of == 'geomean':
            reached, whose = geomean(r for r, _ in rs), ''
        else:
            reached, whose = (min if sense == 'least' else max)(rs)
            whose = f' ({whose})'
        if len(rs) < len(chosen):
            whose += f' on only {len(rs)} of {len(chosen)} programs'
        ok = reached >= bound if sense == 'least' else reached <= bound
        good = good and ok and len(rs) == len(chosen)
        show_bar(text, ok, bound, sense, reached, 'x', whose)
    return good
