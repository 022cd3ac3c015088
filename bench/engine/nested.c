/* SPDX-License-Identifier: MIT
 * nested.c - six loops inside each other, each as long as N; the innermost adds and mixes.
 * Exercises: loop control with counters in registers, invariant parts of an expression at every depth.
 */
#include <stdio.h>
#include <stdlib.h>

static unsigned loops(int n)
{
	unsigned x = 1;

	for (int a = 0; a < n; a++)
		for (int b = 0; b < n; b++)
			for (int c = 0; c < n; c++)
				for (int d = 0; d < n; d++)
					for (int e = 0; e < n; e++)
						for (int f = 0; f < n; f++)
							x = (x ^ (unsigned)(a * b + c - d)) + (unsigned)(e * f);
	return x;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 32;

	printf("nested %d %u\n", n, loops(n));
	return 0;
}
