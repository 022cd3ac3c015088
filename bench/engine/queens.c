/* SPDX-License-Identifier: MIT
 * queens.c - in how many ways K queens stand on a K by K board, K from 4 to N,
 * without attacking each other; columns and diagonals are bits.
 * Exercises: bit operations, an explicit stack in arrays.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 16 };

static unsigned long ways(int n)
{
	uint32_t columns[MOST + 1], left[MOST + 1], right[MOST + 1], open[MOST + 1];
	uint32_t all = (1u << n) - 1;
	unsigned long count = 0;
	int row = 0;

	columns[0] = left[0] = right[0] = 0;
	open[0] = all;
	while (row >= 0) {
		uint32_t bit = open[row] & (0u - open[row]);

		if (bit == 0) {
			row--;
			continue;
		}
		open[row] ^= bit;
		if (row == n - 1) {
			count++;
			continue;
		}
		columns[row + 1] = columns[row] | bit;
		left[row + 1] = (left[row] | bit) << 1;
		right[row + 1] = (right[row] | bit) >> 1;
		row++;
		open[row] = all & ~(columns[row] | left[row] | right[row]);
	}
	return count;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 14;
	unsigned long sum = 0;

	if (n < 1 || n > MOST)
		return 2;
	for (int i = 4; i <= n; i++)
		sum = sum * 3 + ways(i);
	printf("queens %d %lu\n", n, sum);
	return 0;
}
