/* SPDX-License-Identifier: MIT
 * digest.c - a checksum by table over N blocks of bytes, and a mixer of 32-bit words with rotations over the same.
 * Exercises: rotates, zero extension, table look-up by byte, narrow types.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 4096 };

static uint32_t table[256];
static uint8_t block[BLOCK];

static void prepare(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t x = i;

		for (int bit = 0; bit < 8; bit++)
			x = x >> 1 ^ (x & 1 ? 0x82f63b78u : 0);
		table[i] = x;
	}
	for (uint32_t i = 0; i < BLOCK; i++)
		block[i] = (uint8_t)(i * 37 + (i >> 5));
}

static uint32_t check(uint32_t sum, const uint8_t *p, int n)
{
	for (int i = 0; i < n; i++)
		sum = table[(sum ^ p[i]) & 255] ^ sum >> 8;
	return sum;
}

static uint32_t rotate(uint32_t x, int by) { return x << by | x >> (32 - by); }

static uint32_t word(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t mix(uint32_t seed, const uint8_t *p, int n)
{
	uint32_t a = seed, b = ~seed, c = 0x5bd1e995u;

	for (int i = 0; i + 12 <= n; i += 12) {
		a += word(p + i);
		b += word(p + i + 4);
		c += word(p + i + 8);
		a = rotate(a ^ c, 5) + b;
		b = rotate(b ^ a, 13) + c;
		c = rotate(c ^ b, 22) + a;
	}
	return a ^ b ^ c;
}

int main(int argc, char **argv)
{
	int blocks = argc > 1 ? atoi(argv[1]) : 48000;
	uint32_t sum = 0xffffffffu, mixed = 1;

	prepare();
	for (int i = 0; i < blocks; i++) {
		sum = check(sum, block, BLOCK);
		mixed = mix(mixed, block, BLOCK);
		block[i % BLOCK] = (uint8_t)mixed;
	}
	printf("digest %d %08x %08x\n", blocks, (unsigned)~sum, (unsigned)mixed);
	return 0;
}
