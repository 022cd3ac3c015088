/* SPDX-License-Identifier: MIT
 * fib.c - the Nth Fibonacci number by doubly recursive calls.
 * kind: recursive
 * Exercises: the cost of a call, and what the frames of a recursive function hold.
 */
#include <stdio.h>
#include <stdlib.h>

static unsigned fib(unsigned n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

int main(int argc, char **argv)
{
	unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 43;

	printf("fib %u %u\n", n, fib(n));
	return 0;
}
