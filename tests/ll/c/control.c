/* SPDX-License-Identifier: MIT
 * control.c - goto, loops left in the middle, switches dense and sparse, falling through, recursion.
 */
#include <stdio.h>

static int dense(int x)
{
	switch (x) {
	case 0: return 3;
	case 1: x += 10;	/* fallthrough */
	case 2: x += 100; break;
	case 3: return -1;
	case 4: case 5: case 6: x = -x; break;
	case 7: for (int i = 0; i < 5; i++) if (i == 3) goto out; else x += i;
	default: x *= 2;
	}
out:
	return x;
}

static const char *sparse(long x)
{
	switch (x) {
	case -9000000000: return "low";
	case -1: return "minus";
	case 0: return "zero";
	case 1000: return "thousand";
	case 1L << 40: return "high";
	}
	return "other";
}

static unsigned gcd(unsigned a, unsigned b) { return b ? gcd(b, a % b) : a; }
static int ack(int m, int n) { return m == 0 ? n + 1 : n == 0 ? ack(m - 1, 1) : ack(m - 1, ack(m, n - 1)); }
static int even(unsigned n);
static int odd(unsigned n) { return n == 0 ? 0 : even(n - 1); }
static int even(unsigned n) { return n == 0 ? 1 : odd(n - 1); }

static int duff(char *to, const char *from, int n)
{
	int k = (n + 3) / 4;

	switch (n % 4) {
	case 0: do { *to++ = *from++;
	case 3: *to++ = *from++;
	case 2: *to++ = *from++;
	case 1: *to++ = *from++;
		} while (--k > 0);
	}
	return n;
}

int main(void)
{
	char buf[40] = "";
	int i = 0, total = 0;

	for (int x = -2; x < 10; x++)
		printf("%d ", dense(x));
	for (long x = -9000000000; x < 1L << 41; x += 1000)
		if (x > -9000000000 + 5000 && x < -5000)
			x = -5000;
		else if (x == 5000)
			x = (1L << 40) - 1000;
		else if (*sparse(x) != 'o')
			printf("%s ", sparse(x));
		else if (x > 1L << 40)
			break;
	printf("%s %s\n", sparse(-1), sparse(1));
again:
	for (;;) {
		if (++i % 7 == 0)
			goto again;
		if (i % 3 == 0)
			continue;
		total += i;
		if (total > 500)
			break;
	}
	duff(buf, "copied in pieces, oddly", 23);
	printf("%d %d %u %d %d %d %s\n", i, total, gcd(1071, 462), ack(2, 9), even(1001), odd(1001), buf);
	return total & 0xff;
}
