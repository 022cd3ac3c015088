# SPDX-License-Identifier: MIT
# agree.sh HEW OPTIONS FILE [ARGUMENT...] - the evaluator and compiled code give the same, which is printed.
#
# Without options the optimiser takes part; with options (--fail-guard K) only what keeps the number of guards.
hew=$1 options=$2
shift 2
# the sign of a NaN is nobody's business
result() {
	r=$($hew ir "$@" 2>&1)
	case $r in *-nan*) r=$(printf '%s\n' "$r" | sed 's/-nan/nan/g') ;; esac
}
result --eval $options "$@"
want=$r
printf '%s\n' "$want"
status=0
try() {
	result $options "$@"
	[ "$r" = "$want" ] || { printf 'not so with %s:\n%s\n' "$*" "$r"; status=1; }
}
try --run "$@"
try --run --no-fold --regs 6 --stress 3 "$@"
if [ -z "$options" ]; then
	try --eval --no-fold -O2 "$@"
	try --run -O2 "$@"
else
	try --run --regs 6 "$@"
	try --run --stress 11 "$@"
fi
exit $status
