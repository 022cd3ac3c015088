/* SPDX-License-Identifier: MIT
 * vla.c - arrays of variable length in loops and recursion, alloca, two-dimensional ones.
 */
#include <alloca.h>
#include <stdio.h>
#include <string.h>

static long triangle(int n)
{
	long a[n][n], s = 0;

	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			a[i][j] = i < j ? i * j : -1;
	for (int i = 0; i < n; i++)
		s += a[i][n - 1 - i];
	return n > 1 ? s + triangle(n - 1) : s;
}

static int reverse(const char *s)
{
	size_t n = strlen(s);
	char *r = alloca(n + 1);

	for (size_t i = 0; i < n; i++)
		r[i] = s[n - 1 - i];
	r[n] = 0;
	return printf("%s %zu\n", r, (size_t)r % 16);
}

int main(void)
{
	long total = 0;

	for (int n = 1; n < 2000; n++) {
		char buf[n];

		memset(buf, n, (size_t)n);
		total += buf[n / 2] + (long)sizeof buf;
		if (n % 100 == 99)
			continue;
		short more[n / 2 + 1];
		more[n / 2] = (short)n;
		total += more[n / 2];
	}
	printf("%ld %ld\n", total, triangle(30));
	return reverse("stack") == 8 ? 0 : 1;
}
