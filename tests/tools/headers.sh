#!/bin/sh
# SPDX-License-Identifier: MIT
# headers.sh [ROOT] - every header of the engine and the guests compiles alone, and hew.h is plain C11 and C++ clean.
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 1
passed=0 failed=0

check() {
	name=$1; shift
	if output=$("$@" 2>&1); then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf '%s:\n%s\n' "$name" "$output"
	fi
}

for h in $(find src guests -name '*.h' | sort); do
	check "$h alone" gcc -std=gnu11 -Wall -Wextra -Wundef -Werror -fsyntax-only -Isrc -Iinclude -x c \
		-include "$h" /dev/null
done
check "hew.h as C11" gcc -std=c11 -pedantic -Wall -Wextra -Wundef -Werror -fsyntax-only -Iinclude -x c -include hew.h /dev/null
check "hew.h as C++11" clang++ -std=c++11 -pedantic -Wall -Wextra -Wundef -Werror -fsyntax-only -Iinclude -x c++ \
	-include hew.h /dev/null
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
