/* SPDX-License-Identifier: MIT
 * strings.c - bytes and text: scanning, copying, converting, a hash, the C library's functions on all of it.
 */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char text[] = "It was the best of times, it was the worst of times; it was the age of wisdom...";
static struct { char word[16]; int n; } seen[32];

static uint32_t crc(const void *p, size_t n)
{
	static uint32_t table[256];
	uint32_t c = ~0u;

	for (uint32_t i = 0; !table[255] && i < 256; i++) {
		table[i] = i;
		for (int k = 0; k < 8; k++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xEDB88320u : 0);
	}
	for (const uint8_t *s = p; n--; s++)
		c = table[(c ^ *s) & 0xff] ^ c >> 8;
	return ~c;
}

static size_t utf8(char *out, uint32_t c)
{
	if (c < 0x80)
		return out[0] = (char)c, 1;
	if (c < 0x800)
		return out[0] = (char)(0xc0 | c >> 6), out[1] = (char)(0x80 | (c & 63)), 2;
	return out[0] = (char)(0xe0 | c >> 12), out[1] = (char)(0x80 | (c >> 6 & 63)), out[2] = (char)(0x80 | (c & 63)), 3;
}

int main(void)
{
	char copy[sizeof text], out[64], *save, *w;
	int n = 0;
	size_t at = 0;

	memcpy(copy, text, sizeof text);
	for (w = strtok_r(copy, " ,;.", &save); w; w = strtok_r(NULL, " ,;.", &save)) {
		int k = 0;

		for (char *c = w; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		while (k < n && strcmp(seen[k].word, w))
			k++;
		if (k == n)
			strcpy(seen[n++].word, w);
		seen[k].n++;
	}
	for (int k = 0; k < n; k++)
		printf("%s=%d ", seen[k].word, seen[k].n);
	printf("%08x\n", crc(text, strlen(text)));
	for (uint32_t c = 0x41; c < 0x3000; c = c * 3 + 1)
		at += utf8(out + at, c);
	out[at] = 0;
	printf("%s %zu %s %d\n", out, at, strstr(text, "worst"), memcmp(text, "It", 2));
	errno = 0;
	printf("%ld ", strtol("99999999999999999999", NULL, 10));
	printf("%d ", errno == ERANGE);
	printf("%g ", strtod("-12.5e3x", &w));
	printf("%d\n", *w);
	return 0;
}
