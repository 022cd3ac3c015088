/* SPDX-License-Identifier: MIT
 * hypot2.c - a function made at run time: build it value by value, compile it, call it as C would.
 */
#include <hew.h>

#include <stdio.h>

int main(void)
{
	struct hew *x;
	if (hew_open(NULL, &x) != HEW_OK) {
		fprintf(stderr, "%s\n", hew_error(x));
		return 1;
	}

	struct hew_fn *f = hew_fn_new(x, "hypot2", HEW_F64, 2, (hew_type[]){ HEW_F64, HEW_F64 });
	hew_val a = hew_arg(f, 0), b = hew_arg(f, 1);
	hew_ret(f, hew_fadd(f, hew_fmul(f, a, a), hew_fmul(f, b, b)));

	struct hew_code *c;
	if (hew_compile(f, NULL, &c) != HEW_OK) {
		fprintf(stderr, "%s\n", hew_error(x));
		return 1;
	}
	double (*hypot2)(double, double) = (double (*)(double, double))hew_entry(c);
	printf("%g\n", hypot2(3, 4));
	hew_release(c);
	hew_close(x);
	return 0;
}
