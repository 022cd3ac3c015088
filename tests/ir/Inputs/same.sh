# SPDX-License-Identifier: MIT
# same.sh HEW FILE MODE... -- ARGUMENTS... - run with the options MODE the function gives what the plain evaluator gives.
#
# Each MODE and each ARGUMENTS is one word: "--run -O2" "--eval -O2" -- "5 7" "0 0".
hew=$1 file=$2 modes= status=0
shift 2
while [ "$1" != -- ]; do
	modes="$modes$1;"
	shift
done
shift
for args; do
	want=$($hew ir --eval "$file" $args 2>&1)
	rest=$modes
	while [ "$rest" ]; do
		mode=${rest%%;*}
		rest=${rest#*;}
		got=$($hew ir $mode "$file" $args 2>&1)
		[ "$got" = "$want" ] || { printf '%s, arguments %s: %s, not %s\n' "$mode" "$args" "$got" "$want"; status=1; }
	done
done
exit $status
