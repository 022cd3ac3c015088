#!/bin/sh
# SPDX-License-Identifier: MIT
# ir_mutate.sh TREE COUNT SEED - damaged copies of the IR files of this tree are read, verified, compiled.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck disable=SC2046	# one word per file is wanted
exec "$1/tests/ir_mutate" "$2" "$3" $(find tests docs -name '*.ir' | LC_ALL=C sort)
