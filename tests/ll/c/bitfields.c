/* SPDX-License-Identifier: MIT
 * bitfields.c - bit-fields, small and across words, signed and not, in packed structs.
 */
#include <stdio.h>

struct a { unsigned x:3, y:5; int z:9; };
struct __attribute__((packed)) b { unsigned p:7; long q:33; unsigned long r:50; int s:3; char t; };
struct c { unsigned long u:61; _Bool v:1; int w:2; };
struct __attribute__((packed)) d { int a:30; int b:30; int c:30; int d:30; unsigned e:17; };
static struct a ga = { 5, 17, -200 };
static struct b gb = { 100, -5000000000, 1UL << 49, -3, 'k' };
static struct d gd = { 1, -2, 3, -4, 70000 };

int main(void)
{
	struct a la = ga;
	struct b lb = gb;
	struct c lc = { (1UL << 60) + 3, 1, -2 };
	struct d ld = gd;

	for (int i = 0; i < 20; i++) {
		la.x += 3; la.y -= 2; la.z += 37;
		lb.p++; lb.q *= 3; lb.r ^= lb.r >> 1; lb.s++; lb.t++;
		lc.u += 1UL << 58; lc.v = !lc.v; lc.w++;
		ld.a *= 5; ld.b += ld.a; ld.c -= ld.b; ld.d ^= ld.c; ld.e += 9;
		printf("%u %u %d %u %ld %lu %d %d %lu %d %d", la.x, la.y, la.z, lb.p, (long)lb.q, (unsigned long)lb.r, lb.s, lb.t, (unsigned long)lc.u, lc.v, lc.w);
		printf(" %d %d %d %d %u\n", ld.a, ld.b, ld.c, ld.d, ld.e);
	}
	return (int)sizeof ld;
}
