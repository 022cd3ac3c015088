/* SPDX-License-Identifier: MIT
 * int128.c - 128-bit arithmetic, arguments, results, conversions; a random generator on it.
 */
#include <stdio.h>

typedef __int128 i128;
typedef unsigned __int128 u128;
struct holder { char c; i128 v; };
static i128 table[] = { 0, 1, -1, (i128)1 << 64, -((i128)1 << 100), ((u128)-1) >> 1 };

static void show(u128 x) { printf("%016lx%016lx ", (unsigned long)(x >> 64), (unsigned long)x); }
static i128 mix(int n, i128 a, long k, i128 b, u128 c) { return n * a + k * b - (i128)(c >> n); }
static u128 power(u128 b, unsigned e, u128 m)
{
	u128 r = 1;

	for (; e; e >>= 1, b = b * b % m)
		if (e & 1)
			r = r * b % m;
	return r;
}

int main(void)
{
	for (unsigned i = 0; i < 6; i++)
		for (unsigned j = 0; j < 6; j++) {
			i128 a = table[i], b = table[j];

			show((u128)a + (u128)b); show((u128)a - (u128)b); show((u128)a * (u128)b);
			if (b && !(b == -1))
				show(a / b), show(a % b), show((u128)a / (u128)b), show((u128)a % (u128)b);
			show(a << (i * 23)); show(a >> (j * 23)); show((u128)a >> (i * 21 + j));
			printf("%d%d%d%d\n", a < b, a == b, (u128)a < (u128)b, a >= b);
		}
	struct holder h[2] = { { 'a', 5 }, { 'b', -7 } };
	h[0].v += h[1].v * 1000000007;
	show(h[0].v);
	show(mix(3, 10, -4, 1000, (u128)1 << 90));
	show(power(123456789, 1000, ((u128)1 << 61) - 1));
	printf("%g %g %zu\n", (double)table[4], (double)(u128)table[2], sizeof(struct holder));
	show((i128)1e30); show((u128)3.5e37f);
	printf("%d %d\n", __builtin_popcountll((unsigned long)(h[0].v >> 3)), (int)h[0].v);
	return 0;
}
