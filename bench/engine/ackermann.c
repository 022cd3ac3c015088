/* SPDX-License-Identifier: MIT
 * ackermann.c - Ackermann's function of 2 and 3 and about N, as it is written: deep recursion, most of it in tail position.
 * kind: recursive
 * Exercises: calls whose result is returned at once, calls as arguments of calls.
 */
#include <stdio.h>
#include <stdlib.h>

static int ackermann(int m, int n)
{
	if (m == 0)
		return n + 1;
	if (n == 0)
		return ackermann(m - 1, 1);
	return ackermann(m - 1, ackermann(m, n - 1));
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 9;
	long sum = 0;

	for (int i = 0; i < 250; i++)
		sum += ackermann(3, n - i % 3) - ackermann(2, n + i);
	printf("ackermann %d %ld\n", n, sum);
	return 0;
}
