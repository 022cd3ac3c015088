# SPDX-License-Identifier: MIT
# regs.sh HEW FILE [ARGUMENT...] - compiled with 3, 4, 5, 6 and all registers the function gives what the evaluator gives.
hew=$1
shift
want=$($hew ir --eval "$@" 2>&1)
printf '%s\n' "$want"
status=0
for mode in '--regs 3' '--regs 4' '--regs 5 --stress 9' '--regs 6' ''; do
	got=$($hew ir --run $mode "$@" 2>&1)
	[ "$got" = "$want" ] || { printf 'not so with %s:\n%s\n' "$mode" "$got"; status=1; }
done
exit $status
