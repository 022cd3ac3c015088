/* SPDX-License-Identifier: MIT
 * rotate.c - rotations as they are written, bytes in the other order.
 */
#include <stdint.h>
#include <stdio.h>

static uint32_t left32(uint32_t x, unsigned n) { return x << n | x >> (32 - n); }
static uint32_t left32_masked(uint32_t x, unsigned n) { return x << (n & 31) | x >> (-n & 31); }
static uint32_t right32(uint32_t x, int n) { return x >> n | x << (32 - n); }
static uint64_t left64(uint64_t x, int n) { return x << n | x >> (64 - n); }
static uint64_t right64_masked(uint64_t x, uint64_t n) { return x >> (n & 63) | x << (-n & 63); }
static uint32_t by_7(uint32_t x) { return x << 7 | x >> 25; }
static uint64_t by_xor(uint64_t x) { return x << 20 ^ x >> 44; }
static uint32_t twice(uint32_t x) { return by_7(by_7(x)); }
static uint32_t almost(uint32_t x) { return x << 7 | x >> 24; }
static uint32_t two_values(uint32_t x, uint32_t y) { return x << 7 | y >> 25; }
static uint32_t arithmetic(int32_t x) { return (uint32_t)x << 7 | (uint32_t)(x >> 25); }
static uint16_t left16(uint16_t x, int n) { return (uint16_t)(x << n | x >> (16 - n)); }
static uint32_t xor_by(uint32_t x, unsigned n) { return x << (n & 31) ^ x >> (-n & 31); }

int main(void)
{
	uint64_t x = 0x0123456789abcdef, sum = 0;

	for (unsigned n = 1; n < 200; n++) {
		unsigned k = n % 31 + 1, k64 = n % 63 + 1;

		x = x * 6364136223846793005u + 1442695040888963407u;
		sum = sum * 31 + left32((uint32_t)x, k) + left32_masked((uint32_t)x, n) + right32((uint32_t)x, (int)k);
		sum = sum * 31 + left64(x, (int)k64) + right64_masked(x, n) + by_7((uint32_t)x) + by_xor(x);
		sum = sum * 31 + twice((uint32_t)x) + almost((uint32_t)x) + two_values((uint32_t)x, (uint32_t)(x >> 32)) + arithmetic((int32_t)x);
		sum = sum * 31 + left16((uint16_t)x, (int)(n % 16)) + xor_by((uint32_t)x, n);
		sum = sum * 31 + __builtin_bswap16((uint16_t)x) + __builtin_bswap32((uint32_t)x) + __builtin_bswap64(x) + __builtin_bswap64(__builtin_bswap64(x));
	}
	printf("%016llx\n", (unsigned long long)sum);
	return 0;
}
