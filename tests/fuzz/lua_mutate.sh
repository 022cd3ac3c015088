#!/bin/sh
# SPDX-License-Identifier: MIT
# lua_mutate.sh TREE COUNT SEED - damaged copies of the Lua programs of this tree, and damaged binary chunks, are loaded.
set -u
cd "$(dirname "$0")/../.." || exit 1
tree=$1 count=$2 seed=$3
say() { echo "replay: tests/fuzz/lua_mutate.sh $tree $count $seed"; }
trap say EXIT
"$tree/tests/lua_mutate" -n "$count" "$seed" examples/lua/*.lua tests/guest/lua/*/*.lua |
	"$tree/hew" lua --jit=off tests/fuzz/lua_mutate.lua "$seed" 20 || exit 1
trap - EXIT
