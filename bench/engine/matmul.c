/* SPDX-License-Identifier: MIT
 * matmul.c - the product of two N by N matrices of doubles, three plain loops.
 * Exercises: addresses of two dimensions, loads that do not depend on the inner loop, multiply and add.
 */
#include <stdio.h>
#include <stdlib.h>

static double *matrix(int n)
{
	double *m = malloc(sizeof *m * (size_t)n * (size_t)n);

	if (m == NULL)
		exit(1);
	return m;
}

static void fill(double *m, int n, unsigned seed)
{
	for (int i = 0; i < n * n; i++) {
		seed = seed * 1103515245u + 12345u;
		m[i] = (double)(int)(seed >> 20) / 512.0 - 4.0;
	}
}

static void multiply(double *out, const double *a, const double *b, int n)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++) {
			double sum = 0;

			for (int k = 0; k < n; k++)
				sum += a[i * n + k] * b[k * n + j];
			out[i * n + j] = sum;
		}
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 180;
	int rounds = 200;
	double *a = matrix(n), *b = matrix(n), *c = matrix(n);
	double trace = 0;

	fill(a, n, 17);
	fill(b, n, 99);
	for (int r = 0; r < rounds; r++) {
		multiply(c, a, b, n);
		for (int i = 0; i < n; i++)
			trace += c[i * n + (i + r) % n];
		a[r % n] += 0.25;
	}
	printf("matmul %d %.3f\n", n, trace);
	free(a);
	free(b);
	free(c);
	return 0;
}
