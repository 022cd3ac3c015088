#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""signatures.py N - C for signatures.c: N random function types of 0 to 20 arguments, a few of 300, each with a callee and a caller.

A callee notes the bits of its arguments in `noted` and returns the value that `result_bits` holds; a caller takes the bits
of the arguments from an array and gives the bits of the result. Both are compiled by the C compiler, so they are the
platform's own opinion of the convention.
"""
import random
import sys

TYPES = {'HEW_I32': 'int32_t', 'HEW_I64': 'int64_t', 'HEW_PTR': 'void *', 'HEW_F32': 'float', 'HEW_F64': 'double'}
FIELD = {'HEW_I32': 'i', 'HEW_I64': 'l', 'HEW_PTR': 'p', 'HEW_F32': 'f', 'HEW_F64': 'd'}


def main():
    n = int(sys.argv[1])
    rnd = random.Random(35)
    rows = []
    print('/* SPDX-License-Identifier: MIT\n * Written by signatures.py while building. */')
    for k in range(n):
        # the first ones go through every number of arguments with every type alone, the rest are mixed, the last ones are long
        count = k % 21 if k < 105 else 300 if k >= n - 3 else rnd.randrange(21)
        args = [list(TYPES)[k // 21]] * count if k < 105 else [rnd.choice(list(TYPES)) for _ in range(count)]
        result = rnd.choice(list(TYPES))
        c = [TYPES[t] for t in args]
        params = ', '.join(f'{t} a{i}' for i, t in enumerate(c)) or 'void'
        print(f'static {TYPES[result]} callee_{k}({params})\n{{')
        for i, t in enumerate(args):
            print(f'\tnoted[{i}] = (union bits){{ .{FIELD[t]} = a{i} }};')
        print(f'\treturn result_bits.{FIELD[result]};\n}}')
        values = ', '.join(f'in[{i}].{FIELD[t]}' for i, t in enumerate(args))
        print(f'static union bits caller_{k}(void *fn, const union bits *in)\n{{\n\t(void)in;')
        print(f'\treturn (union bits){{ .{FIELD[result]} = (({TYPES[result]} (*)({", ".join(c) or "void"}))fn)({values}) }};\n}}')
        rows.append(f'{{ {result}, {count}, {{ {", ".join(args) or "HEW_VOID"} }}, (void *)(uintptr_t)callee_{k}, caller_{k} }},')
    print('static const struct signature signatures[] = {\n\t' + '\n\t'.join(rows) + '\n};')


main()
