#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""structs.py N - C for structs.c: random structs, and N random function types that take and return them by value among other arguments.

A callee copies the bytes of its arguments into `noted` and returns the bytes that `result_bytes` holds; a caller takes the bytes of the
arguments from slots and gives those of the result. Both are compiled by the C compiler, so they are the platform's own opinion.
"""
import random
import sys

SCALARS = {'HEW_I32': 'int32_t', 'HEW_I64': 'int64_t', 'HEW_PTR': 'void *', 'HEW_F32': 'float', 'HEW_F64': 'double'}
MEMBERS = ['int8_t', 'int16_t', 'int32_t', 'int64_t', 'void *', 'float', 'float', 'double', 'double']
STRUCTS = 60


def members(rnd, k):
    """(C declaration, name, elements or 0, type) of each; the first structs have one member each, then two of the same."""
    if k < len(set(MEMBERS)):
        kinds = [sorted(set(MEMBERS))[k]]
    elif k < 2 * len(set(MEMBERS)):
        kinds = 2 * [sorted(set(MEMBERS))[k - len(set(MEMBERS))]]
    else:
        kinds = [rnd.choice(MEMBERS) for _ in range(rnd.choice((1, 2, 2, 3, 3, 4, 6)))]
    out = []
    for i, t in enumerate(kinds):
        n = rnd.choice((0, 0, 0, 2, 3)) if k >= 2 * len(set(MEMBERS)) else 0
        out.append((f'{t}{"" if t.endswith("*") else " "}m{i}' + (f'[{n}]' if n else ''), f'm{i}', n, t))
    return out


def write_struct(rnd, k):
    m = members(rnd, k)
    print(f'struct s{k} {{ ' + ' '.join(f'{d};' for d, _, _, _ in m) + ' };')
    rows = []
    for _, name, n, t in m:
        for i in range(n or 1):
            rows.append(f'{{ offsetof(struct s{k}, {name}) + {i} * sizeof({t}), sizeof({t}), {"true" if t in ("float", "double") else "false"} }}')
    print(f'static const struct hew_field fields_{k}[] = {{ ' + ', '.join(rows) + ' };')


def c_type(a):
    return SCALARS[a] if isinstance(a, str) else f'struct s{a}'


def row(a):
    return f'{{ {a}, -1 }}' if isinstance(a, str) else f'{{ HEW_VOID, {a} }}'


def main():
    n = int(sys.argv[1])
    rnd = random.Random(36)
    print('/* SPDX-License-Identifier: MIT\n * Written by structs.py while building. */')
    for k in range(STRUCTS):
        write_struct(rnd, k)
    print('static const struct hew_struct structs[] = {')
    for k in range(STRUCTS):
        print(f'\t{{ sizeof(struct s{k}), _Alignof(struct s{k}), COUNT_OF(fields_{k}), fields_{k} }},')
    print('};')
    rows = []
    for k in range(n):
        some = lambda: rnd.choice(list(SCALARS)) if rnd.random() < 0.5 else rnd.randrange(STRUCTS)
        args = [k] if k < STRUCTS else [some() for _ in range(rnd.randrange(1, 13))]
        result = k if k < STRUCTS else some()
        params = ', '.join(f'{c_type(a)} a{i}' for i, a in enumerate(args))
        print(f'static {c_type(result)} callee_{k}({params})\n{{\n\t{c_type(result)} r;\n')
        for i in range(len(args)):
            print(f'\tmemcpy(noted[{i}].byte, &a{i}, sizeof a{i});')
        print('\tmemcpy(&r, result_bytes.byte, sizeof r);\n\treturn r;\n}')
        print(f'static void caller_{k}(void *fn, const struct slot *in, struct slot *out)\n{{\n\t{c_type(result)} r;')
        for i, a in enumerate(args):
            print(f'\t{c_type(a)} a{i};')
        print()
        for i in range(len(args)):
            print(f'\tmemcpy(&a{i}, in[{i}].byte, sizeof a{i});')
        print(f'\tr = (({c_type(result)} (*)({", ".join(map(c_type, args))}))fn)({", ".join(f"a{i}" for i in range(len(args)))});')
        print('\tmemcpy(out->byte, &r, sizeof r);\n}')
        rows.append(f'{{ {row(result)}, {len(args)}, {{ {", ".join(map(row, args))} }}, (void *)(uintptr_t)callee_{k}, caller_{k} }},')
    print('static const struct signature signatures[] = {\n\t' + '\n\t'.join(rows) + '\n};')


main()
