# SPDX-License-Identifier: MIT
"""Configuration of lit: which files are text tests and what their RUN lines may say.

A text test is any file with a RUN line among its first lines. `-D tree=DIR` names the build tree (default build-test).

  %hew     the hew command of that tree          %root    the top of the source tree
  %tree    the build tree                        plus lit's own %s, %S, %t

FileCheck, not, count, split-file and llvm-mc come from Debian's LLVM packages. Features for REQUIRES: asan, capstone,
x86_64, aarch64, movbe (the processor has it).
"""
import glob
import json
import os
import platform

import sys

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(root, 'tests'))
sys.dont_write_bytecode = True
import textformat

tree = os.path.join(root, lit_config.params.get('tree', 'build-test'))
llvm = sorted(glob.glob('/usr/lib/llvm-*/bin/FileCheck'), reverse=True)

config.name = 'hew'
config.test_format = textformat.TestsWithRunLines(execute_external=False)
config.suffixes = ['.ir', '.lua', '.test', '.ll']
config.excludes = ['Inputs', 'Output']
config.test_source_root = os.path.dirname(os.path.abspath(__file__))
config.test_exec_root = os.path.join(tree, 'lit')

config.substitutions += [
    ('%hew', 'timeout -s KILL 120 ' + os.path.join(tree, 'hew')),   # the signal, so that `not` sees a hang as a crash
    ('%root', root),
    ('%tree', tree),
]
if llvm:
    config.environment['PATH'] = os.path.dirname(llvm[0]) + os.pathsep + config.environment['PATH']
for name in ('ASAN_OPTIONS', 'UBSAN_OPTIONS', 'LC_ALL', 'FILECHECK_OPTS'):
    if name in os.environ:
        config.environment[name] = os.environ[name]

config.available_features.add(platform.machine())
with open('/proc/cpuinfo', encoding='utf-8') as f:
    config.available_features |= {'movbe'} & set(f.read().split())
if 'asan' in os.path.basename(tree):
    config.available_features.add('asan')
try:
    with open(os.path.join(tree, 'meson-info', 'intro-dependencies.json'), encoding='utf-8') as f:
        config.available_features |= {d['name'] for d in json.load(f)} & {'capstone', 'libedit'}
except OSError:
    pass
