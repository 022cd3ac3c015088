/* SPDX-License-Identifier: MIT
 * ints.c - integers of every width: wrapping, division, shifts, mixed signs, conversions.
 */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>

static volatile int zero;
#define EACH(T, fmt) do { \
	T v[] = { (T)0, (T)1, (T)-1, (T)100, (T)-100, (T)0x7f, (T)0x80, (T)0x7fff, (T)0x12345678 }; \
	for (unsigned i = 0; i < sizeof v / sizeof *v; i++) \
		for (unsigned j = 0; j < sizeof v / sizeof *v; j++) { \
			T a = v[(i + (unsigned)zero)], b = v[j]; \
			if (b != 0 && !(b == (T)-1 && a < 0)) \
				printf(fmt fmt, (T)(a / b), (T)(a % b)); \
			printf(fmt fmt fmt fmt fmt fmt "%d%d%d%d\n", (T)((uint64_t)a + (uint64_t)b), (T)((uint64_t)a - (uint64_t)b), \
				(T)((uint64_t)a * (uint64_t)b), (T)(a & b), (T)(a ^ ~b), (T)(a >> (j % (sizeof(T) * 8))), a < b, a <= b, a == b, a > b); \
		} \
} while (0)

int main(void)
{
	EACH(signed char, "%hhd ");
	EACH(unsigned char, "%hhu ");
	EACH(short, "%hd ");
	EACH(unsigned short, "%hu ");
	EACH(int, "%d ");
	EACH(unsigned, "%u ");
	EACH(long, "%ld ");
	EACH(unsigned long, "%lu ");
	_Bool b = (_Bool)(zero + 2);
	b ^= 1;
	printf("%d %d %d\n", b, b | 1, (int)sizeof b);
	return INT_MAX == 2147483647 ? 7 : 0;
}
