#!/bin/sh
# SPDX-License-Identifier: MIT
# expect.sh FILE PROGRAM [ARGUMENT...] - the program ends with status 0 and prints exactly the file.
set -u
file=$1; shift
got=$("$@") || { echo "$1: status $?"; exit 1; }
[ "$got" = "$(cat "$file")" ] && exit 0
printf '%s\n' "$got" | diff "$file" -
exit 1
