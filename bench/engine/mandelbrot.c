/* SPDX-License-Identifier: MIT
 * mandelbrot.c - how many steps each point of an N by N grid stays bounded, at most 200.
 * Exercises: a floating point recurrence with two exits; nothing touches memory.
 */
#include <stdio.h>
#include <stdlib.h>

enum { LIMIT = 200 };

static int steps(double cx, double cy)
{
	double x = 0, y = 0;
	int i;

	for (i = 0; i < LIMIT; i++) {
		double xx = x * x, yy = y * y;

		if (xx + yy > 4.0)
			break;
		y = 2.0 * x * y + cy;
		x = xx - yy + cx;
	}
	return i;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1900;
	unsigned long sum = 0;

	for (int row = 0; row < n; row++)
		for (int column = 0; column < n; column++) {
			unsigned k = (unsigned)steps(2.75 * column / n - 2.0, 2.5 * row / n - 1.25);

			sum = sum * 5 + k;
		}
	printf("mandelbrot %d %lu\n", n, sum);
	return 0;
}
