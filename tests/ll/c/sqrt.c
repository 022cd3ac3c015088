/* SPDX-License-Identifier: MIT
 * sqrt.c - square roots of what has one and of what has none: value and errno.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>

static volatile double v[] = { 4, 0, -0.0, 2, -1, INFINITY, -INFINITY, NAN, 1e-310 };
static volatile float w[] = { 4, 0, -0.0f, 2, -1, INFINITY, -INFINITY, NAN, 1e-40f };

static void show(double r, int e) { printf("%a %d %d\n", isnan(r) ? 0 : r, isnan(r) != 0, e); }

int main(void)
{
	for (unsigned i = 0; i < sizeof v / sizeof *v; i++) {
		double r;

		errno = 0;
		r = sqrt(v[i]);
		show(r, errno);
		errno = 0;
		r = sqrtf(w[i]);
		show(r, errno);
	}
	return 0;
}
