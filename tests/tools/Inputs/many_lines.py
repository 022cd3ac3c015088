# SPDX-License-Identifier: MIT
"""Prints a C file with two short functions around one of N lines, with a comment before it: many_lines.py N [COMMENT]"""
import sys

n = int(sys.argv[1])
print(sys.argv[2] if len(sys.argv) > 2 else '/* what it does */')
print('static const int table[] = { 1, 2 };' if len(sys.argv) <= 2 else '')
print('static int long_one(int a,\n\tint b)\n{')
print('\ta++;\n' * (n - 4) + '}\n')
print('int short_one(void)\n{\n\treturn 1;\n}\n\nstruct s {\n\tint a;\n};\n')
print('int same_line(void) {\n\treturn 1;\n}')
