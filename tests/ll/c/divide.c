/* SPDX-License-Identifier: MIT
 * divide.c - division and remainder by constants of every kind of multiplier, of numbers of known and unknown size.
 */
#include <stdint.h>
#include <stdio.h>

static uint64_t state = 88172645463325252u, sum;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static void add(uint64_t x) { sum = sum * 31 + x; }

#define DIVIDE(d) \
	add(x / d##u), add(x % d##u), add((x >> 1) / d##u), add((x & 0xffff) % d##u), add((uint32_t)(r >> 33) / d##u); \
	add((uint64_t)(int64_t)((int32_t)x / (int32_t)d)), add((uint64_t)(int64_t)((int32_t)x % (int32_t)d)); \
	add((uint64_t)(int64_t)((int32_t)x / -(int32_t)d)), add((uint64_t)(int64_t)((int32_t)x % -(int32_t)d)); \
	add(r / d##ull), add(r % (d##ull * 104729)), add((r >> 9) / d##ull), add((r >> 1) / (d##ull * d##ull + 1)); \
	add((uint64_t)((int64_t)r / (int64_t)d##ull)), add((uint64_t)((int64_t)r % -(int64_t)(d##ull * 7919)))

int main(void)
{
	for (int i = 0; i < 3000; i++) {
		uint64_t r = next();
		uint32_t x = (uint32_t)r >> (r >> 58 & 31);

		if (i < 200)
			x = (uint32_t)(i - 100);
		else if (i < 300)
			x = UINT32_C(0x80000000) + (uint32_t)(i - 250);
		if (i >= 300 && i < 330)
			r = UINT64_MAX - (uint64_t)(i - 300);
		DIVIDE(3);
		DIVIDE(5);
		DIVIDE(6);
		DIVIDE(7);
		DIVIDE(9);
		DIVIDE(10);
		DIVIDE(11);
		DIVIDE(14);
		DIVIDE(25);
		DIVIDE(28);
		DIVIDE(100);
		DIVIDE(625);
		DIVIDE(641);
		DIVIDE(1000);
		DIVIDE(5003);
		DIVIDE(65535);
		DIVIDE(65537);
		DIVIDE(1000000007);
		DIVIDE(2147483647);
	}
	printf("%llx\n", (unsigned long long)sum);
	return 0;
}
