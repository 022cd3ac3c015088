/* SPDX-License-Identifier: MIT
 * overflow.c - arithmetic with overflow told, builtins on bits, rotations, saturation by hand.
 */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>

static uint32_t rotl(uint32_t x, int n) { return x << (n & 31) | x >> (-n & 31); }
static uint64_t rotr(uint64_t x, int n) { return x >> (n & 63) | x << (-n & 63); }
#define TRY(T, fmt, a, b) do { \
	T r, s, t; \
	int o = __builtin_add_overflow(a, b, &r), p = __builtin_sub_overflow(a, b, &s), q = __builtin_mul_overflow(a, b, &t); \
	printf(fmt fmt fmt "%d%d%d\n", r, s, t, o, p, q); \
} while (0)

int main(void)
{
	int64_t v[] = { 0, 1, -1, 127, -128, 300, 65535, INT_MAX, INT_MIN, UINT32_MAX, INT64_MAX, INT64_MIN };

	for (unsigned i = 0; i < sizeof v / sizeof *v; i++)
		for (unsigned j = 0; j < sizeof v / sizeof *v; j++) {
			TRY(int, "%d ", (int)v[i], (int)v[j]);
			TRY(unsigned, "%u ", (unsigned)v[i], (unsigned)v[j]);
			TRY(long, "%ld ", v[i], v[j]);
			TRY(unsigned long, "%lu ", (unsigned long)v[i], (unsigned long)v[j]);
			TRY(signed char, "%hhd ", (signed char)v[i], (signed char)v[j]);
			TRY(unsigned short, "%hu ", (unsigned short)v[i], (unsigned short)v[j]);
			TRY(short, "%hd ", v[i], (int)v[j]);
		}
	for (uint64_t x = 1; x < UINT64_MAX / 7; x = x * 5 + 3)
		printf("%d %d %d %d %d %d %x %lx %x %lx %x\n", __builtin_popcount((unsigned)x), __builtin_popcountll(x), __builtin_clzll(x), __builtin_ctzll(x),
			__builtin_clz((unsigned)x | 1), __builtin_ffs((int)x), __builtin_bswap32((uint32_t)x), __builtin_bswap64(x), rotl((uint32_t)x, (int)(x & 31)),
			rotr(x, (int)(x % 64)), __builtin_bswap16((uint16_t)x));
	return 0;
}
