#!/bin/sh
# SPDX-License-Identifier: MIT
# install.sh TREE - programs of somebody else build against the installed library, static and shared, by pkg-config: one in C and in
# C++ with all warnings, and the examples.
set -eu
tree=${1:-build-test}
here=$(dirname "$0")
to=$(mktemp -d)
trap 'rm -rf "$to"' EXIT
meson install -C "$tree" --no-rebuild --destdir "$to/inst" >"$to/log" 2>&1 || { cat "$to/log"; exit 1; }
export PKG_CONFIG_SYSROOT_DIR="$to/inst"
PKG_CONFIG_PATH=$(dirname "$(find "$to/inst" -name hew.pc)")
export PKG_CONFIG_PATH
lib=$(dirname "$PKG_CONFIG_PATH")
flags=$(pkg-config --cflags hew)
shared=$(pkg-config --libs hew)
static="$lib/libhew.a $(env -u PKG_CONFIG_SYSROOT_DIR pkg-config --static --libs-only-l hew | sed 's/-lhew//g')"
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

# build NAME SOURCE LIBRARIES COMMAND... - compiles SOURCE by COMMAND to $to/NAME
build() {
	name=$1 source=$2 libs=$3; shift 3
	# shellcheck disable=SC2086	# flags are split on purpose
	check "$name" "$@" -Wall -Wextra -Werror -o "$to/$name" "$source" $flags $libs
}

printf '#include "user.h"\nint main(void) { return user(); }\n' | tee "$to/user.c" >"$to/user.cc"
cp "$here/Inputs/user.h" "$to"
export LD_LIBRARY_PATH="$lib"
for cc in gcc clang g++ clang++; do
	case $cc in
	*++) std=c++11 source=$to/user.cc ;;
	*) std=c11 source=$to/user.c ;;
	esac
	build "shared-$cc" "$source" "$shared" $cc -std=$std -pedantic
	check "run shared-$cc" "$to/shared-$cc"
	build "static-$cc" "$source" "$static" $cc -std=$std -pedantic
	check "run static-$cc" env -u LD_LIBRARY_PATH "$to/static-$cc"
done
for example in "$here"/../../examples/c/*.c; do
	name=$(basename "$example" .c)
	build "$name" "$example" "$shared -lm" cc -std=c11
	case $name in
	brainf) check "run $name" "$to/$name" "$here/../../examples/c/stars.b" ;;
	calc) check "run $name" "$to/$name" 'x + 1' ;;
	*) check "run $name" "$to/$name" ;;
	esac
done
check "hew --version" "$to/inst/usr/local/bin/hew" --version

# nothing but hew_* may be visible to others
only_public() { ! nm -D --defined-only "$lib/libhew.so" | grep -v ' hew_'; }
check "the shared library shows hew_* only" only_public
for page in hew hew-lua hew-ir hew-ll; do
	check "$page.1 is installed" test -f "$to/inst/usr/local/share/man/man1/$page.1"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
