/* SPDX-License-Identifier: MIT
 * collatz.c - halve or triple and add one: the start below N with the longest way to 1, and the sum of all lengths.
 * Exercises: 64-bit arithmetic in a loop of few instructions, an unpredictable branch.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned way(uint64_t x)
{
	unsigned length = 0;

	while (x != 1) {
		x = x % 2 == 0 ? x / 2 : 3 * x + 1;
		length++;
	}
	return length;
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? (uint64_t)atoi(argv[1]) : 2500000;
	uint64_t best = 1, sum = 0;
	unsigned longest = 0;

	for (uint64_t i = 1; i < n; i++) {
		unsigned length = way(i);

		sum += length;
		if (length > longest) {
			longest = length;
			best = i;
		}
	}
	printf("collatz %llu %llu %u %llu\n", (unsigned long long)n, (unsigned long long)best, longest, (unsigned long long)sum);
	return 0;
}
