/* SPDX-License-Identifier: MIT
 * idiom.c - loops that fill and copy memory in every form: up, down, by pointers, with every comparison, overlapping or not, short and
 * long, with counters that are used afterwards. What memory holds after each of them goes into a sum.
 */
#include <stdint.h>
#include <stdio.h>

/* may stand over any memory */
typedef short any_short __attribute__((may_alias));
typedef int any_int __attribute__((may_alias));
typedef long any_long __attribute__((may_alias));
typedef double any_double __attribute__((may_alias));

enum { SIZE = 5000, ROUNDS = 2000 };
static unsigned char mem[SIZE + 4000];
static uint64_t seed = 1;

static unsigned below(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static long ints(any_int *p, int n) { int i; for (i = 0; i < n; i++) p[i] = 0; return i; }
static long counted_down(unsigned char *p, unsigned char c, unsigned n) { while (n--) *p++ = c; return n + (p - mem); }
static long until(any_short *p, any_short *e) { for (; p != e; p++) *p = -1; return (unsigned char *)p - mem; }
static long before(any_short *p, any_short *e) { for (; p < e; p++) *p = -1; return (unsigned char *)p - mem; }
static long not_behind(char *p, char *e) { while (p <= e) *p++ = 3; return (unsigned char *)p - mem; }
static long closed(char *p, int a, int b) { int i; for (i = a; i <= b; i++) p[i] = 7; return i; }
static long different(char *p, unsigned a, unsigned b) { unsigned i; for (i = a; i != b; i++) p[i] = 9; return i; }
static long at_least_once(char *p, long a, long b) { long i = a; do p[i] = 5; while (++i < b); return i; }
static long and_one_more(char *p, long a, long b) { long i = a; do p[i] = 6; while (i++ <= b); return i; }
static long zeros(any_double *p, long n) { long i; for (i = 0; i < n; i++) p[i] = 0; return i; }
static long downward(any_int *p, long n) { for (long i = n - 1; i >= 0; i--) p[i] = 0; return n; }
static long two_counters(char *p, long n) { long i = 0, k = 5; while (i < n) { p[i] = 1; i++; k += 3; } return i * k; }
static long by_two(char *p, long n) { long i; for (i = 0; i < n; i += 2) p[i] = 1; return i; }
static long not_bytes(any_int *p, long n) { long i; for (i = 0; i < n; i++) p[i] = 0x01020304; return i; }
static long copied(char *d, char *s, long n) { long i; for (i = 0; i < n; i++) d[i] = s[i]; return i; }
static long copied_longs(any_long *d, any_long *s, unsigned n) { unsigned i; for (i = 0; i < n; i++) d[i] = s[i]; return i; }
static long copied_by_pointers(char *d, char *s, int n) { int i; for (i = n; i > 0; i--) *d++ = *s++; return i + ((unsigned char *)d - mem); }
static long copied_always(char *d, char *s) { long i = 0; while (i < 100) { d[i] = s[i]; i++; } return i; }
static long copied_and_used(char *d, char *s, long n) { long i, x = 0; for (i = 0; i < n; i++) x = d[i] = s[i]; return x; }

static long (*volatile keep)(void);	/* nothing is known about what runs when */

static long run(unsigned what, char *p, char *q, unsigned x, unsigned n)
{
	switch (what) {
	case 0: return ints((any_int *)(void *)p, (int)n);
	case 1: return counted_down((unsigned char *)p, (unsigned char)x, n);
	case 2: return until((any_short *)(void *)p, (any_short *)(void *)p + n);
	case 3: return before((any_short *)(void *)p, (any_short *)(void *)p + (int)n - 20);
	case 4: return not_behind(p + x, p + n);
	case 5: return closed(p, (int)x, (int)n);
	case 6: return different(p, x, x + n);
	case 7: return at_least_once(p, (long)x, (long)n);
	case 8: return and_one_more(p, (long)x, (long)n);
	case 9: return zeros((any_double *)(void *)p, (long)n % 300);
	case 10: return downward((any_int *)(void *)p, (long)n);
	case 11: return two_counters(p, (long)n);
	case 12: return by_two(p, (long)n);
	case 13: return not_bytes((any_int *)(void *)p, (long)n);
	case 14: return copied(p + x, q, (long)n);
	case 15: return copied(p + x % 9, p, (long)n);
	case 16: return copied(p, p + x % 9, (long)n);
	case 17: return copied_longs((any_long *)(void *)p, (any_long *)(void *)q, n % 300);
	case 18: return copied_by_pointers(p + x, q, (int)n);
	case 19: return copied_always(p + x, q);
	case 20: return copied_and_used(p + x, q, (long)n);
	default: return keep ? keep() : 0;
	}
}

int main(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < ROUNDS; i++) {
		unsigned n = below(i % 3 ? 600 : 50), p = 8 * below(200), q = 8 * below(200), x = below(40);

		for (int k = 0; k < 40; k++)
			mem[below(SIZE)] = (unsigned char)below(256);
		sum = sum * 31 + (uint64_t)run((unsigned)i % 22, (char *)mem + p, (char *)mem + q, x, n);
		for (int k = 0; k < SIZE; k++)
			sum = (sum ^ mem[k]) * 1099511628211u;
	}
	printf("%016llx\n", (unsigned long long)sum);
	return 0;
}
