# SPDX-License-Identifier: MIT
# same.sh HEW FILE MODE... -- ARGUMENTS... - run with the options MODE the function gives what the plain evaluator gives.
#
# The last function of the file, or the one that FUNC names. Each MODE and each ARGUMENTS is one word: "--run -O2" "--eval -O2" -- "5 7" "0 0".
hew=$1 file=$2 modes= status=0 func=${FUNC:+--func $FUNC}
shift 2
while [ "$1" != -- ]; do
	modes="$modes$1;"
	shift
done
shift
for args; do
	want=$($hew ir $func --eval "$file" $args 2>&1)
	case $want in *"hew ir: "*) printf 'nothing to compare with: %s\n' "$want"; status=1 ;; esac
	rest=$modes
	while [ "$rest" ]; do
		mode=${rest%%;*}
		rest=${rest#*;}
		got=$($hew ir $func $mode "$file" $args 2>&1)
		[ "$got" = "$want" ] || { printf '%s, arguments %s: %s, not %s\n' "$mode" "$args" "$got" "$want"; status=1; }
	done
done
exit $status
