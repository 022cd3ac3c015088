#!/bin/sh
# SPDX-License-Identifier: MIT
# do - the front door: installs what is missing, builds, shows, tests.
#
# `./do help` lists the commands. Each command first looks whether the Debian packages it needs are there and installs the
# missing ones with apt-get (as root, or through sudo); on other systems it says what to install and tries anyway.
#
#   build        release tree: -O2 -g, asserts off; what a user runs
#   build-test   the same with asserts on; what the tests run
#   build-asan   clang with AddressSanitizer and UndefinedBehaviorSanitizer; a second opinion on warnings as well
# shellcheck disable=SC2086	# lists of packages are split on purpose
set -eu

cd "$(dirname "$0")"

# What is needed, by purpose.
PKG_BUILD="gcc libc6-dev meson ninja-build pkg-config binutils python3 libcapstone-dev libedit-dev"
PKG_TEST="libcmocka-dev g++ llvm-19 llvm-19-tools clang libclang-rt-14-dev mandoc clang-19 csmith libcsmith-dev"
PKG_FMT="clang-format"
PKG_DOCS="mandoc"
PKG_LUA="lua5.4 luajit"		# only to be compared with
PKG_C="gcc libc6-dev binutils clang-19 llvm-19"	# the same, and what turns C into LLVM IR

say() { printf '%s\n' "$*"; }
die() { printf 'do: %s\n' "$*" >&2; exit 1; }

# Prints those of the packages named that are not installed.
missing() {
	have=$(dpkg-query -W -f '${Package}=${db:Status-Status}\n' "$@" 2>/dev/null || true)
	for p; do
		printf '%s\n' "$have" | grep -qx "$p=installed" || printf '%s ' "$p"
	done
}

# need PACKAGE... - installs what is missing; status 1 when it cannot.
need() {
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		say "Not a Debian system: make sure that the equivalents of these are installed: $*"
		return 0
	fi
	lack=$(missing "$@")
	[ -n "$lack" ] || return 0
	say "Installing: $lack"
	root=
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || { say "Not root and no sudo; please run: apt-get install $lack"; return 1; }
		root=sudo
	fi
	$root apt-get update -q </dev/null >/dev/null || say "apt-get update failed; trying with the lists that are there"
	log=$(mktemp)
	if ! $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $lack </dev/null >"$log" 2>&1; then
		cat "$log"
		rm -f "$log"
		say "Could not install: $lack"
		return 1
	fi
	rm -f "$log"
}

# tree DIR [meson option...] - configures a build tree once and builds it.
tree() {
	dir=$1; shift
	if [ ! -f "$dir/build.ninja" ]; then
		rm -rf "$dir"
		meson setup "$dir" "$@" >"$dir.log" 2>&1 || { cat "$dir.log" >&2; die "configuring $dir failed"; }
		rm -f "$dir.log"
	fi
	ninja -C "$dir" ${CI:+--quiet}
}

build_release() { tree build -Dbuildtype=debugoptimized -Db_ndebug=true -Dtests=disabled; }
build_test() { tree build-test -Dtests=enabled; }
build_asan() {
	CC=clang tree build-asan -Dtests=enabled -Doptimization=1 -Ddebug=true \
		-Db_sanitize=address,undefined -Db_lundef=false
}

cmd_help() {
	cat <<-'EOF'
	usage: ./do COMMAND

	  demo                 build, then run every example interpreted and compiled, and show the speed-up
	  build                build the command as build/hew
	  test [SECTION...]    build three ways and run all tests; `./do test --list` names the sections
	  bench lua [SECONDS]  hew with and without compiling beside lua5.4 and luajit, paired medians (default 120 seconds)
	  bench engine [SECONDS]  C programs under hew beside gcc and clang, paired medians (default 240 seconds)
	  bench compile        how long hew compiles C, how much code comes out, how both grow
	  bench counters       what counting calls and loops costs the interpreter, against a build without
	  fuzz [MINUTES]       random programs through every tier until the time is over (default 5)
	  mutate               plant faults one at a time in a copy of the tree and see that the tests turn red
	  fmt [--check]        remove blanks at the ends of lines, or only say where they are
  fmt FILE...          run clang-format over these C files, a start for new code
	  docs [--check]       write the reference pages that come from tables and from hew.h; check links and man pages
	  help                 this text
	EOF
}

cmd_build() {
	need $PKG_BUILD || say "going on with what is there"
	build_release
	say "built: build/hew ($(build/hew --version))"
}

cmd_demo() {
	need $PKG_BUILD || say "going on with what is there"
	build_release
	exec python3 tools/demo.py --hew build/hew "$@"
}

cmd_test() {
	case ${1-} in --list) exec python3 tests/run.py --list ;; esac
	need $PKG_BUILD $PKG_TEST || say "going on with what is there"
	exec python3 tests/run.py "$@"
}

# Used by tests/run.py, so that trees are configured in one place only.
cmd_tree() {
	case ${1-} in
	build) build_release ;;
	build-test) build_test ;;
	build-asan) build_asan ;;
	*) die "no such tree: ${1-}" ;;
	esac
}

cmd_bench() {
	what=${1-}; [ $# -eq 0 ] || shift
	case $what in
	lua)
		need $PKG_BUILD || say "going on with what is there"
		need $PKG_LUA || say "the comparison will do without what could not be installed"
		build_release
		exec python3 bench/lua.py --hew build/hew "$@" ;;
	counters)
		need $PKG_BUILD || say "going on with what is there"
		build_release
		tree build-nocounters -Dbuildtype=debugoptimized -Db_ndebug=true -Dtests=disabled -Dcounters=false
		exec python3 bench/lua.py --hew build/hew --without-counters build-nocounters/hew "$@" ;;
	engine | compile)
		need $PKG_BUILD || say "going on with what is there"
		need $PKG_C || say "the comparison will do without what could not be installed"
		build_release
		exec python3 "bench/$what.py" --hew build/hew "$@" ;;
	*) die "bench what? Known: lua, engine, compile, counters" ;;
	esac
}

cmd_fuzz() {
	need $PKG_BUILD $PKG_TEST || say "going on with what is there"
	build_test
	build_asan
	exec python3 tests/fuzz.py --minutes "${1:-5}"
}

cmd_mutate() {
	need $PKG_BUILD $PKG_TEST || say "going on with what is there"
	exec tools/mutate "$@"
}

text_files() {
	find include src guests tools tests bench examples docs -type f \
		\( -name '*.[ch]' -o -name '*.def' -o -name '*.py' -o -name '*.lua' -o -name '*.md' -o -name '*.ir' \
		-o -name '*.sh' -o -name meson.build -o -path 'tools/*' \) \
		! -path '*/Inputs/*' ! -path '*/__pycache__/*' ! -path '*/data/*' | sort
}

# Blanks are decided by machine everywhere; the rest of the layout (tables, aligned comments) is the author's, so
# clang-format touches only the files it is asked to.
cmd_fmt() {
	case ${1-} in
	--check)
		! text_files | xargs grep -nE '[[:blank:]]+$' || die "blanks at the ends of lines; ./do fmt removes them" ;;
	'')
		text_files | xargs grep -lE '[[:blank:]]+$' | xargs -r sed -i 's/[[:blank:]]*$//' ;;
	*)
		need $PKG_FMT || die "clang-format is needed"
		clang-format -i "$@" ;;
	esac
}

cmd_docs() {
	need $PKG_BUILD $PKG_DOCS || say "going on with what is there"
	exec tools/docs "$@"
}

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
demo | build | test | tree | bench | fuzz | mutate | fmt | docs) "cmd_$command" "$@" ;;
help | -h | --help) cmd_help ;;
*) cmd_help >&2; die "unknown command '$command'" ;;
esac
