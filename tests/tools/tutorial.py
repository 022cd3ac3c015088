#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tutorial.py PAGE... --programs DIR - what a page quotes is so.

A block of C must follow a comment that names its file, <!-- examples/c/calc.c -->, and be text of that file, line by line; a line "..."
stands for lines left out. In a console block a line "$ NAME ARGUMENT..." runs DIR/example_NAME in examples/c; what it prints,
messages included, must be the lines below it.
"""
import argparse
import os
import re
import shlex
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BLOCK = re.compile(r'^(?:<!-- (\S+) -->\n)?```(\w+)\n(.*?)^```$', re.M | re.S)


def quoted(block, file):
    """None, or what is wrong with a fragment of a file."""
    if not file or not os.path.exists(os.path.join(ROOT, file)):
        return 'no comment above says which file this is from'
    text = '\n' + open(os.path.join(ROOT, file), encoding='utf-8').read()
    for piece in re.split(r'^\s*\.\.\.\n', block, flags=re.M):
        at = text.find('\n' + piece)
        if at < 0:
            return f'this is not in {file}:\n{piece}'
        text = text[at + len(piece):]
    return None


def shown(block, programs):
    """None, or what is wrong with commands and their output."""
    for part in re.split(r'^\$ ', block, flags=re.M)[1:]:
        line, want = part.split('\n', 1)
        argv = shlex.split(line)
        argv[0] = os.path.join(os.path.abspath(programs), 'example_' + argv[0])
        p = subprocess.run(argv, cwd=os.path.join(ROOT, 'examples/c'), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           stdin=subprocess.DEVNULL, text=True, timeout=60)
        if p.stdout != want:
            return f'$ {line}\nprints:\n{p.stdout}not:\n{want}'
    return None


def main():
    p = argparse.ArgumentParser(description='Check what pages quote of programs.')
    p.add_argument('page', nargs='+')
    p.add_argument('--programs', required=True)
    o = p.parse_args()
    passed = failed = 0
    for page in o.page:
        text = open(page, encoding='utf-8').read()
        for m in BLOCK.finditer(text):
            if m.group(2) not in ('c', 'console'):
                continue
            wrong = quoted(m.group(3), m.group(1)) if m.group(2) == 'c' else shown(m.group(3), o.programs)
            passed, failed = passed + (not wrong), failed + bool(wrong)
            if wrong:
                print(f'{page}:{text.count(chr(10), 0, m.start()) + 1}: {wrong}')
    if passed + failed == 0:
        failed = 1
        print('these pages quote nothing')
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
