#!/bin/sh
# SPDX-License-Identifier: MIT
# install.sh TREE - a program of somebody else builds against the installed library, static and shared, by pkg-config.
set -eu
tree=${1:-build-test}
to=$(mktemp -d)
trap 'rm -rf "$to"' EXIT
meson install -C "$tree" --no-rebuild --destdir "$to/inst" >"$to/log" 2>&1 || { cat "$to/log"; exit 1; }
cat >"$to/user.c" <<'EOF'
#include <hew.h>

int main(void)
{
	struct hew_stack *s;

	if (hew_stack_here(&s) != HEW_OK)
		return 1;
	hew_stack_free(s);
	return 0;
}
EOF
export PKG_CONFIG_SYSROOT_DIR="$to/inst"
PKG_CONFIG_PATH=$(dirname "$(find "$to/inst" -name hew.pc)")
export PKG_CONFIG_PATH
lib=$(dirname "$PKG_CONFIG_PATH")
# shellcheck disable=SC2046	# flags are split on purpose
{
	cc -o "$to/shared" "$to/user.c" $(pkg-config --cflags --libs hew)
	LD_LIBRARY_PATH=$lib "$to/shared"
	cc -o "$to/static" "$to/user.c" $(pkg-config --cflags hew) "$lib/libhew.a" $(env -u PKG_CONFIG_SYSROOT_DIR pkg-config --static --libs-only-l hew | sed 's/-lhew//g')
	"$to/static"
	"$to/inst/usr/local/bin/hew" --version
}
# nothing but hew_* may be visible to others
if nm -D --defined-only "$lib/libhew.so" | grep -v ' hew_'; then
	echo "the shared library shows more than hew_*"
	exit 1
fi
for page in hew hew-lua hew-ir hew-ll; do
	[ -f "$to/inst/usr/local/share/man/man1/$page.1" ] || { echo "$page.1 is not installed"; exit 1; }
done
