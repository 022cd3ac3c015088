/* SPDX-License-Identifier: MIT
 * spectral.c - the largest singular value of the infinite matrix 1 / ((i + j) (i + j + 1) / 2 + i + 1), cut off at N, by
 * the power method.
 * Exercises: small functions to be inlined, integer to double, floating point division.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double entry(int i, int j)
{
	return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1);
}

static void apply(const double *in, double *out, int n)
{
	for (int i = 0; i < n; i++) {
		double sum = 0;

		for (int j = 0; j < n; j++)
			sum += entry(i, j) * in[j];
		out[i] = sum;
	}
}

static void apply_transposed(const double *in, double *out, int n)
{
	for (int i = 0; i < n; i++) {
		double sum = 0;

		for (int j = 0; j < n; j++)
			sum += entry(j, i) * in[j];
		out[i] = sum;
	}
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 3000;
	double *u = malloc(sizeof *u * (size_t)n), *v = malloc(sizeof *v * (size_t)n), *t = malloc(sizeof *t * (size_t)n);
	double uv = 0, vv = 0;

	if (u == NULL || v == NULL || t == NULL)
		return 1;
	for (int i = 0; i < n; i++)
		u[i] = 1.0;
	for (int round = 0; round < 10; round++) {
		apply(u, t, n);
		apply_transposed(t, v, n);
		apply(v, t, n);
		apply_transposed(t, u, n);
	}
	for (int i = 0; i < n; i++) {
		uv += u[i] * v[i];
		vv += v[i] * v[i];
	}
	printf("spectral %d %.9f\n", n, sqrt(uv / vv));
	free(u);
	free(v);
	free(t);
	return 0;
}
