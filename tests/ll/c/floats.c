/* SPDX-License-Identifier: MIT
 * floats.c - float and double: rounding, NaN, conversions both ways, the mathematical functions.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>

static double d[] = { 0.0, -0.0, 1.0, -1.5, 0.1, 1e300, -1e-300, 12345678.9, 4294967296.5, 9.3e18, INFINITY, NAN };
static float poly(float x) { return ((1.5f * x - 2.0f) * x + 0.25f) / (x * x + 1.0f); }

int main(void)
{
	for (unsigned i = 0; i < sizeof d / sizeof *d; i++) {
		double x = d[i];

		printf("%a %a %a %a %a %a\n", sqrt(fabs(x)), floor(x), ceil(x), trunc(x), -x, copysign(1.0, x));
		printf("%a %a %d%d%d\n", (double)(float)x, (double)poly((float)x), isnan(x) != 0, isinf(x) != 0, signbit(x) != 0);
		for (unsigned j = 0; j < sizeof d / sizeof *d; j++) {
			double y = d[j];

			printf("%d%d%d%d%d%d%d ", x < y, x <= y, x == y, x != y, x > y, x >= y, isunordered(x, y) != 0);
			if (!isnan(x + y) && !isnan(x / y))
				printf("%a %a %a %a\n", x + y, x - y == x - y ? x - y : 0, x * y == x * y ? x * y : 0, x / y);
			if (isfinite(x) && y != 0 && !isnan(y))
				printf("%a\n", fmod(x, y));
		}
		if (fabs(x) < 9e18)
			printf("%ld %d\n", (long)x, fabs(x) < 2e9 ? (int)x : 0);
		if (x >= 0 && x < 1.8e19)
			printf("%lu %lu\n", (unsigned long)x, (unsigned long)(float)x);
	}
	for (uint64_t u = 1; u; u = u * 3 + (u >> 60)) {
		printf("%a %a %a %a\n", (double)u, (double)(float)u, (double)(int64_t)u, (double)(unsigned)u);
		if (u > UINT64_MAX / 4)
			break;
	}
	printf("%.12g %.12g %.12g %.12g\n", pow(2.5, 3.5), exp(1.25), sin(0.5), log(10));
	return 0;
}
