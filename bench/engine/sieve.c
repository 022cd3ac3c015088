/* SPDX-License-Identifier: MIT
 * sieve.c - the odd numbers below 2 * N, crossed out in a byte each; several rounds over the same array.
 * Exercises: byte stores with a stride, a counted loop with a data-dependent branch.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HALF = 400000 };

static unsigned char crossed[HALF];

/* How many primes are below 2 * HALF. */
static unsigned sieve(void)
{
	unsigned count = 1;	/* 2 */

	memset(crossed, 0, sizeof crossed);
	for (unsigned i = 1; i < HALF; i++) {
		unsigned prime = 2 * i + 1;

		if (crossed[i])
			continue;
		count++;
		for (unsigned k = i + prime; k < HALF; k += prime)
			crossed[k] = 1;
	}
	return count;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 400;
	unsigned long sum = 0;

	for (int i = 0; i < rounds; i++)
		sum = sum * 3 + sieve();
	printf("sieve %d %lu\n", rounds, sum);
	return 0;
}
