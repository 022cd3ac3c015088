#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes C programs for measuring how long compiling takes: many functions of many shapes, or one function as long as asked for.

Everything follows from a seed. The programs are correct C without undefined behaviour and end soon: loops are short, functions
only call those before them, signed numbers are cut before they are added, and divisors are never 0. They print one checksum, so
that the corpus can be run as well.

corpus.py FOLDER [--files N] [--functions N] [--seed N]
"""
import argparse
import os
import random

HEAD = '''/* Written by bench/corpus.py; seed {seed}. */
#include <stdint.h>
#include <stdio.h>

struct point {{ int32_t x, y; }};
struct item {{ uint32_t key; uint16_t kind; uint8_t flags; int8_t step; double weight; uint64_t stamp; }};

uint32_t words[64];
uint8_t bytes[256];
double reals[32];
uint32_t grid[16][16];
struct item items[8];
'''
# C type of each letter; parameters, locals and results are of these
TYPES = {'u': 'uint32_t', 'l': 'uint64_t', 'i': 'int32_t', 'd': 'double', 'p': 'struct point'}
RESULTS = 'uuuuliiddp'
# What a function returns: an expression of its type and what its variables add up to.
RETURN = {'u': '{} ^ acc', 'l': '{} + acc', 'i': '({} & 0xffffff) + (int32_t)(acc >> 8)', 'd': '{} + acc',
          'p': '(struct point){{ {}.x, (int32_t)(acc >> 1) }}'}
LOOP_MOST = 2                   # loops inside each other


class Function:
    """One function while it is written. vars: names by letter; loops: how deep in loops; level: it may call lower ones."""

    def __init__(self, rng, name, level, callable_):
        self.rng, self.name, self.level, self.callable = rng, name, level, callable_
        self.result = rng.choice(RESULTS)
        self.parameters = [rng.choice('uuuliidp') + str(k) for k in range(rng.randint(1, 5))]
        self.vars = {t: [] for t in TYPES}
        for p in self.parameters:
            self.vars[p[0]].append(p)
        self.lines, self.loops, self.fresh, self.counters = [], 0, 0, []

    # ---- expressions; each returns text that needs no more parentheses ----

    def var(self, t):
        return self.rng.choice(self.vars[t]) if self.vars[t] and self.rng.random() < 0.85 else None

    def index(self, size, depth):
        if self.counters and self.rng.random() < 0.6:
            return f'{self.rng.choice(self.counters)} & {size - 1}'
        return f'{self.u(depth)} & {size - 1}'

    def other(self, than, make, depth):
        """An expression that is not the same text as another, if a few tries find one."""
        for _ in range(4):
            text = make(depth)
            if text != than:
                break
        return text

    def u(self, depth):
        r = self.rng
        leaf = self.var('u') or (self.counters and f'(uint32_t){r.choice(self.counters)}') or str(r.choice((1, 3, 10, 255, 4096, 0x9e3779b9, 77777))) + 'u'
        if depth <= 0:
            return leaf
        a = self.u(depth - 1)
        return r.choice((
            lambda: f'({a} {r.choice("+-*^&|")} {self.u(depth - 1)})',
            lambda: f'({a} {r.choice("+-*^")} {r.choice((1, 3, 5, 12, 40503))}u)',
            lambda: f'({a} {r.choice(("<<", ">>"))} {r.randint(1, 31)})',
            lambda: f'({a} << {(k := r.randint(1, 31))} | {a} >> {32 - k})',
            lambda: f'({a} {r.choice("/%")} {r.choice((3, 7, 8, 10, 1000))}u)',
            lambda: f'({a} {r.choice("/%")} ({self.u(depth - 1)} | 1u))',
            lambda: f'({self.condition(depth - 1)} ? {a} : {self.other(a, self.u, depth - 1)})',
            lambda: f'words[{self.index(64, depth - 1)}]',
            lambda: f'(uint32_t)bytes[{self.index(256, depth - 1)}]',
            lambda: f'grid[{self.index(16, 0)}][{self.index(16, 0)}]',
            lambda: f'items[{self.index(8, 0)}].{r.choice(("key", "kind", "flags"))}',
            lambda: f'(uint32_t)({self.l(depth - 1)} >> {r.choice((0, 7, 32))})',
            lambda: f'(uint32_t){self.i(depth - 1)}',
            lambda: f'cut({self.d(depth - 1)})',
        ))()

    def l(self, depth):
        r = self.rng
        leaf = self.var('l') or f'(uint64_t){self.u(0)}'
        if depth <= 0:
            return leaf
        return r.choice((
            lambda: f'({leaf} {r.choice("+-*^&|")} {self.l(depth - 1)})',
            lambda: f'((uint64_t){self.u(depth - 1)} * {self.u(0)})',
            lambda: f'({leaf} {r.choice(("<<", ">>"))} {r.randint(1, 63)})',
            lambda: f'({leaf} {r.choice("/%")} {r.choice((5, 100, 1000003))}u)',
            lambda: f'items[{self.index(8, 0)}].stamp',
        ))()

    def i(self, depth):
        r = self.rng
        leaf = self.var('i') or f'(int32_t)({self.u(0)} & 0xffff)'
        if depth <= 0:
            return f'({leaf} & 0xfffff)' if r.random() < 0.5 else f'({leaf} >> 12)'
        a, b = self.i(depth - 1), self.i(depth - 1)
        return r.choice((
            lambda: f'({a} {r.choice("+-")} {b})' if depth == 1 else f'(({a} >> 1) {r.choice("+-")} ({b} >> 2))',
            lambda: f'(({a} >> 5) * ({b} >> 6))' if depth == 1 else f'(({a} & 0x7fff) * ({b} & 0x7fff))',
            lambda: f'({a} {r.choice("/%")} {r.choice((2, 3, 9, 16, 100))})',
            lambda: f'({a} {r.choice("^&|")} {b})',
            lambda: f'({self.condition(depth - 1)} ? {a} : {self.other(a, self.i, depth - 1)})',
            lambda: f'items[{self.index(8, 0)}].step',
            lambda: f'({self.point()}.{r.choice("xy")} >> 4)',
        ))()

    def d(self, depth):
        r = self.rng
        leaf = self.var('d') or r.choice(('0.5', '3.25', '1e-3', f'(double){self.u(0)}'))
        if depth <= 0:
            return leaf
        a = self.d(depth - 1)
        return r.choice((
            lambda: f'({leaf} {r.choice("+-*")} {a})',
            lambda: f'({a} / ({leaf} * {leaf} + 1.0))',
            lambda: f'({self.condition(depth - 1)} ? {a} : {self.other(a, self.d, depth - 1)})',
            lambda: f'reals[{self.index(32, depth - 1)}]',
            lambda: f'items[{self.index(8, 0)}].weight',
            lambda: f'(double){self.i(depth - 1)}',
        ))()

    def point(self):
        return self.var('p') or f'(struct point){{ {self.i(0)}, {self.i(0)} }}'

    def p(self, depth):
        return self.point() if depth == 0 else f'(struct point){{ {self.i(1)}, {self.i(1)} }}'

    def condition(self, depth):
        r = self.rng
        compare = r.choice(('<', '>', '<=', '>=', '==', '!='))
        t = r.choice('uuiid')
        a = self.expression(t, depth)
        one = f'{a} {compare} {self.other(a, lambda d: self.expression(t, d), 0)}'
        if depth > 0 and r.random() < 0.25:
            return f'({one} {r.choice(("&&", "||"))} {self.condition(depth - 1)})'
        return f'({one})'

    def expression(self, t, depth):
        return {'u': self.u, 'l': self.l, 'i': self.i, 'd': self.d, 'p': self.p}[t](depth)

    # ---- statements ----

    def line(self, text):
        self.lines.append('\t' * (1 + self.indent) + text)

    def block(self, budget):
        """Statements in braces that were opened already; variables made in it end with it."""
        saved = {t: list(v) for t, v in self.vars.items()}
        self.indent += 1
        self.statements(budget)
        self.use(saved)
        self.indent -= 1
        self.vars = saved
        self.line('}')

    def use(self, but=None):
        """Adds to `acc` what the variables hold, so that none was computed in vain. but: those that live on."""
        how = {'u': '{0}', 'l': '(uint32_t)({0} >> 9)', 'i': '(uint32_t){0}', 'd': '({0} > 1.0)', 'p': '(uint32_t)({0}.x ^ {0}.y)'}
        for t, names in self.vars.items():
            for name in names:
                if but is None or name not in but[t]:
                    self.line(f'acc += {how[t].format(name)};')

    def statements(self, budget):
        while budget > 0:
            budget -= self.statement(budget)

    def statement(self, budget):
        r = self.rng
        kinds = [self.assign] * 7 + [self.store] * 4 + [self.declare] * 2 + [self.call] * 2
        if budget >= 3:
            kinds += [self.if_else] * 3 + [self.switch]
            if self.loops < LOOP_MOST:
                kinds += [self.for_loop] * 3 + [self.while_loop]
        if self.loops:
            kinds += [self.leave_loop]
        return r.choice(kinds)(budget)

    def declare(self, _):
        t = self.rng.choice('uuulidp')
        self.fresh += 1
        name = f'{t}v{self.fresh}'
        self.line(f'{TYPES[t]} {name} = {self.expression(t, 2)};')
        self.vars[t].append(name)
        return 1

    def assign(self, budget):
        t = self.rng.choice([t for t in TYPES if self.vars[t]] or [None])
        if t is None:
            return self.declare(budget)
        name = self.rng.choice(self.vars[t])
        if t == 'p':
            self.line(f'{name}.{self.rng.choice("xy")} = {self.i(2)};')
        elif t in 'ul' and self.rng.random() < 0.6:
            self.line(f'{name} {self.rng.choice("+-*^|&")}= {self.expression(t, 1)};')
        elif t == 'd' and self.rng.random() < 0.6:
            self.line(f'{name} {self.rng.choice("+-*")}= {self.expression(t, 1)};')
        elif t == 'i' and self.rng.random() < 0.6:
            self.line(f'{name} = ({name} >> 1) + ({self.expression(t, 1)} >> 2);')
        else:
            self.line(f'{name} = {self.expression(t, 2)};')
        return 1

    def store(self, _):
        r = self.rng
        r.choice((
            lambda: self.line(f'words[{self.index(64, 1)}] {r.choice(("", "+", "^"))}= {self.u(1)};'),
            lambda: self.line(f'bytes[{self.index(256, 1)}] = (uint8_t){self.u(1)};'),
            lambda: self.line(f'reals[{self.index(32, 0)}] = {self.d(2)};'),
            lambda: self.line(f'grid[{self.index(16, 0)}][{self.index(16, 0)}] ^= {self.u(1)};'),
            lambda: self.line(f'items[{self.index(8, 0)}].{r.choice(("key", "stamp"))} += {self.u(1)};'),
            lambda: self.line(f'items[{self.index(8, 0)}].flags |= (uint8_t){r.choice((1, 2, 64))};'),
            lambda: self.line(f'items[{self.index(8, 0)}].weight = {self.d(1)};'),
        ))()
        return 1

    def call(self, budget):
        known = [f for f in self.callable if f.level < self.level]
        if not known or self.loops > 1:
            return self.assign(budget)
        f = self.rng.choice(known)
        self.fresh += 1
        self.line(f'{TYPES[f.result]} {f.result}v{self.fresh} = {f.name}({", ".join(self.expression(p[0], 1) for p in f.parameters)});')
        self.vars[f.result].append(f'{f.result}v{self.fresh}')
        return 1

    def if_else(self, budget):
        size = self.rng.randint(1, max(1, budget // 2))
        self.line(f'if {self.condition(1)} {{')
        self.block(size)
        if self.rng.random() < 0.4:
            self.lines[-1] += ' else {'
            self.block(size)
            size *= 2
        return size + 1

    def for_loop(self, budget):
        size = self.rng.randint(1, max(1, budget // 2))
        self.fresh += 1
        k, most = f'k{self.fresh}', self.rng.choice((4, 8, 13, f'(int)({self.u(0)} & 15)'))
        self.line(self.rng.choice((f'for (int {k} = 0; {k} < {most}; {k}++) {{', f'for (int {k} = {most}; {k} > 0; {k}--) {{')))
        self.counters.append(k)
        self.loops += 1
        self.block(size)
        self.loops -= 1
        self.counters.pop()
        return size + 1

    def while_loop(self, budget):
        size = self.rng.randint(1, max(1, budget // 2))
        self.fresh += 1
        name = f'w{self.fresh}'
        self.line(f'for (uint32_t {name} = {self.u(1)} & 0xffff; {name} != 0; {name} {self.rng.choice((">>= 1", ">>= 2", "/= 10", "&= " + name + " - 1"))}) {{')
        self.loops += 1
        self.block(size)
        self.loops -= 1
        return size + 1

    def switch(self, budget):
        cases = self.rng.randint(3, 9)
        self.line(f'switch ({self.u(1)} & 15) {{')
        for k in self.rng.sample(range(16), cases):
            self.line(f'case {k}:')
            self.indent += 1
            self.assign(1) if any(self.vars[t] for t in self.vars) else self.store(1)
            if self.lines[-1].lstrip().startswith(tuple(TYPES.values())):
                self.lines[-1] = '\t' * (1 + self.indent) + 'words[0]++;'      # a declaration may not follow a label
                self.vars = {t: [v for v in vs if v != f'{t}v{self.fresh}'] for t, vs in self.vars.items()}
            if self.rng.random() < 0.85:
                self.line('break;')
            self.indent -= 1
        self.line('default:')
        self.line('\twords[1]++;')
        self.line('}')
        return min(budget, 3)

    def leave_loop(self, _):
        self.line(f'if {self.condition(0)}')
        self.line('\t' + self.rng.choice(('break;', 'continue;')))
        return 1

    def head(self):
        return f'{TYPES[self.result]} {self.name}({", ".join(TYPES[p[0]] + " " + p for p in self.parameters)})'

    def text(self, budget):
        self.indent = 0
        self.line('uint32_t acc = 0;')
        if not self.vars['u']:
            self.line('uint32_t uv0 = words[3];')
            self.vars['u'].append('uv0')
        self.statements(budget)
        self.use()
        self.line(f'return {RETURN[self.result].format(self.expression(self.result, 1))};')
        return '\n'.join([self.head(), '{'] + self.lines + ['}', ''])


CUT = '''
uint32_t cut(double x)
{
	return x > -1.0 && x < 4e9 ? (uint32_t)x : 9u;
}
'''


def main_function(functions, rng):
    """Calls every function once; the checksum goes over results and global memory."""
    number = {'u': '{}', 'l': '{}', 'i': '(uint32_t){}', 'd': 'cut({})', 'p': '(uint32_t){}.x'}
    constant = {'u': lambda: f'{rng.randrange(1 << 32)}u', 'l': lambda: f'{rng.randrange(1 << 60)}u', 'i': lambda: str(rng.randrange(100000)),
                'd': lambda: f'{rng.randrange(4000) / 16}', 'p': lambda: f'(struct point){{ {rng.randrange(99)}, {rng.randrange(99)} }}'}
    lines = ['int main(void)', '{', '\tuint64_t sum = 1;', '']
    for f in functions:
        call = f'{f.name}({", ".join(constant[p[0]]() for p in f.parameters)})'
        lines.append(f'\tsum = sum * 31 + {number[f.result].format(call)};')
    lines += ['\tfor (int k = 0; k < 64; k++)', '\t\tsum = sum * 31 + words[k] + grid[k & 15][k >> 2] + bytes[k * 4] + cut(reals[k & 31]) + items[k & 7].stamp;',
              '\tprintf("%llu\\n", (unsigned long long)sum);', '\treturn 0;', '}', '']
    return '\n'.join(lines)


def program(seed, count, budgets):
    """A C program of count functions, each with a budget of statements chosen from budgets."""
    rng = random.Random(seed)
    functions, texts = [], [HEAD.format(seed=seed), CUT]
    for k in range(count):
        f = Function(rng, f'f{k}', rng.choice((0, 0, 0, 1, 1, 2)), list(functions))
        texts.append(f.text(rng.choice(budgets)))
        functions.append(f)
    return '\n'.join(texts + [main_function(functions, rng)])


def one_long(seed, budget):
    """A C program with one function of so many statements, none of them a call but of cut()."""
    rng = random.Random(seed)
    f = Function(rng, 'long_one', 0, [])
    f.result, f.parameters = 'u', ['u0', 'u1', 'l2', 'i3', 'd4', 'p5']
    f.vars = {t: [p for p in f.parameters if p[0] == t] for t in TYPES}
    f.indent = 0
    f.line('uint32_t acc = 0;')
    while budget > 0:                   # pieces of even size, so that the nesting does not grow with the length
        piece = min(budget, rng.randint(2, 12))
        f.line('{')
        f.block(piece)
        budget -= piece
    f.use()
    f.line('return acc;')
    text = '\n'.join([f.head(), '{'] + f.lines + ['}', ''])
    return '\n'.join([HEAD.format(seed=seed), CUT, text, main_function([f], rng)])


def write(path, text):
    """Only when it is new, so that what was built from it stays valid."""
    if not os.path.exists(path) or open(path, encoding='utf-8').read() != text:
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
    return path


def files(folder, count, functions, seed):
    os.makedirs(folder, exist_ok=True)
    return [write(os.path.join(folder, f'corpus{k:02}.c'), program(seed * 1000 + k, functions, (2, 3, 4, 5, 6, 8, 10, 14, 20)))
            for k in range(count)]


def main():
    p = argparse.ArgumentParser(description='Write C programs to measure compile time with.')
    p.add_argument('folder')
    p.add_argument('--files', type=int, default=20)
    p.add_argument('--functions', type=int, default=26, help='in each file')
    p.add_argument('--seed', type=int, default=1)
    o = p.parse_args()
    for path in files(o.folder, o.files, o.functions, o.seed):
        print(path)


if __name__ == '__main__':
    main()
