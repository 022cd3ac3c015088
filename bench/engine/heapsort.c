/* SPDX-License-Identifier: MIT
 * heapsort.c - sorts N random doubles in place with a binary heap.
 * Exercises: dependent loads, unpredictable branches, comparisons of doubles.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void sink(double *a, size_t root, size_t end)
{
	double value = a[root];
	size_t child;

	while ((child = 2 * root + 1) < end) {
		if (child + 1 < end && a[child] < a[child + 1])
			child++;
		if (value >= a[child])
			break;
		a[root] = a[child];
		root = child;
	}
	a[root] = value;
}

static void sort(double *a, size_t n)
{
	for (size_t i = n / 2; i-- > 0;)
		sink(a, i, n);
	for (size_t i = n; i-- > 1;) {
		double t = a[0];

		a[0] = a[i];
		a[i] = t;
		sink(a, 0, i);
	}
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? (size_t)atoi(argv[1]) : 60000;
	double *a = malloc(n * sizeof *a);
	uint64_t sum = 0;
	uint32_t x = 4242;

	if (a == NULL)
		return 1;
	for (int round = 0; round < 90; round++) {
		for (size_t i = 0; i < n; i++) {
			x = x * 1664525u + 1013904223u;
			a[i] = (double)(x >> 8) / 16.0;
		}
		sort(a, n);
		for (size_t i = 0; i < n; i += 7)
			sum = sum * 3 + (uint64_t)a[i];
		for (size_t i = 1; i < n; i++)
			if (a[i - 1] > a[i])
				return 3;
	}
	printf("heapsort %zu %llu\n", n, (unsigned long long)sum);
	free(a);
	return 0;
}
