/* SPDX-License-Identifier: MIT
 * fannkuch.c - over all permutations of N things: turn the first k round, k being the first, until it is 0; how many turns
 * at most, and a checksum of all; three times.
 * Exercises: loads and stores in small arrays, short loops whose length nobody knows.
 */
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 12 };

/* Turns needed for one permutation, which is kept. */
static int turns(const int *permutation, int n)
{
	int p[MOST];
	int count = 0, first;

	for (int i = 0; i < n; i++)
		p[i] = permutation[i];
	while ((first = p[0]) != 0) {
		for (int low = 0, high = first; low < high; low++, high--) {
			int t = p[low];

			p[low] = p[high];
			p[high] = t;
		}
		count++;
	}
	return count;
}

/* The next permutation in the order of counting: rotate ever longer beginnings. False after the last. */
static int next(int *p, int *counter, int n)
{
	for (int k = 1; k < n; k++) {
		int first = p[0];

		for (int i = 0; i < k; i++)
			p[i] = p[i + 1];
		p[k] = first;
		if (++counter[k] <= k)
			return 1;
		counter[k] = 0;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 10;
	int p[MOST], counter[MOST];
	int most = 0, sign = 1;
	long sum = 0;

	if (n < 1 || n > MOST)
		return 2;
	for (int i = 0; i < n; i++) {
		p[i] = i;
		counter[i] = 0;
	}
	for (int round = 0; round < 3; round++)
		do {
			int t = turns(p, n);

			if (t > most)
				most = t;
			sum += sign * t;
			sign = -sign;
		} while (next(p, counter, n));
	printf("fannkuch %d %d %ld\n", n, most, sum);
	return 0;
}
