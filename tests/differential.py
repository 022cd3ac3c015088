# SPDX-License-Identifier: MIT
"""Programs that make random inputs and run them through a slow and a fast twin, or see that damaged ones do no harm. Used by
run.py (a fixed number from a fixed seed) and fuzz.py (as many as time allows, from fresh seeds).

A program takes a count and a seed, prints the seed of what went wrong and how to see it again, and fails if anything did.
"""
from collections import namedtuple


class Row(namedtuple('Row', 'name template test asan')):
    """{tree}: build tree, {n}: how many, {seed}: the first seed; test, asan: how many in one test run in either tree"""

    def count(self, tree):
        return self.asan if 'asan' in tree else self.test

    def argv(self, tree, n, seed):
        return [w.format(tree=tree, n=n, seed=seed).replace('+', ' ') for w in self.template.split()]

    def parts(self, tree, n, seed, jobs):
        """The same in so many commands, to be run beside each other."""
        size = -(-n // max(1, min(jobs, n)))
        return [self.argv(tree, min(size, n - at), seed + at) for at in range(0, n, size)]


def lua(options):
    """Interpreted against compiled with these options; a + stands for a blank inside one argument."""
    return '{tree}/tests/lua_diff -n {n} -s {seed} {tree}/tests/lua_gen {tree}/hew+lua+--jit=off {tree}/hew+lua+' + options


ROWS = [
    # name                                             command                                        test    asan
    Row('IR, evaluated and compiled (E2.5)',           '{tree}/tests/ir_random {n} {seed}',           100000, 4000),
    Row('IR, random control flow in the allocator',    '{tree}/tests/ir_random {n} {seed} graph',     50000,  1000),
    Row('IR, damaged text',                            'tests/fuzz/ir_mutate.sh {tree} {n} {seed}',   20000,  100000),
    Row('Lua, interpreted and compiled early',         lua('--jit-threshold=2'),                      3000,   100),
    Row('Lua, interpreted and compiled at once',       lua('--jit-threshold=0'),                      500,    100),
    Row('Lua, interpreted and compiled after 1000',    lua('--jit-threshold=1000'),                   500,    50),
    Row('Lua, every guard fails once (E5.2)',          lua('--jit-threshold=2+--jit-fail=each'),      500,    100),
    Row('Lua, every third guard fails (E5.2)',         lua('--jit-threshold=2+--jit-fail=3'),         500,    50),
    Row('Lua, damaged sources and binary chunks',      'tests/fuzz/lua_mutate.sh {tree} {n} {seed}',  10000,  100000),
]
