/* SPDX-License-Identifier: MIT
 * structs.c - structs of every class by value: in registers, in memory, returned, nested, in arrays.
 */
#include <stdio.h>
#include <string.h>

struct f2 { float x, y; };
struct f3 { float x, y, z; };
struct d2 { double x, y; };
struct id { int i; double d; };
struct di { double d; char c; };
struct i3 { int a, b, c; };
struct c5 { char s[5]; };
struct big { long v[7]; struct f3 f; };
struct nest { struct { short a; struct f2 f; } in[2]; char tail; };
union both { struct f2 f; long bits; };

static struct f2 addf2(struct f2 a, struct f2 b) { return (struct f2){ a.x + b.x, a.y + b.y }; }
static struct f3 addf3(struct f3 a, struct f3 b) { return (struct f3){ a.x + b.x, a.y + b.y, a.z + b.z }; }
static struct d2 swapd2(struct d2 a) { return (struct d2){ a.y, a.x }; }
static struct id bumpid(struct id a) { a.i++; a.d *= 2; return a; }
static struct di bumpdi(struct di a) { a.c++; a.d *= 2; return a; }
static struct i3 rot(struct i3 a) { return (struct i3){ a.b, a.c, a.a }; }
static struct c5 rev(struct c5 a) { struct c5 r; for (int i = 0; i < 5; i++) r.s[i] = a.s[4 - i]; return r; }
static struct big grow(struct big a, int k, struct big b) { a.v[k] += b.v[k]; a.f = addf3(a.f, b.f); b.v[0] = 99; return a; }
static struct nest flip(struct nest n) { struct nest r = n; r.in[0] = n.in[1]; r.in[1] = n.in[0]; return r; }
static long many(int a, struct d2 b, char c, struct big d, double e, struct i3 f, long g, long h, long i, struct f2 j, short k)
{
	return a + (long)b.x + c + d.v[3] + (long)e + f.c + g + h + i + (long)j.y + k;
}

int main(void)
{
	struct f2 a = addf2((struct f2){ 1, 2 }, (struct f2){ 3, 4 });
	struct f3 b = addf3((struct f3){ 1, 2, 3 }, (struct f3){ 3, 4, 5 });
	struct d2 c = swapd2((struct d2){ 1.5, 2.5 });
	struct id d = bumpid((struct id){ 1, 2.25 });
	struct di e = bumpdi((struct di){ 1.125, 'a' });
	struct i3 f = rot((struct i3){ 1, 2, 3 });
	struct c5 g = rev((struct c5){ "abcd" });
	struct big h = { { 1, 2, 3, 4, 5, 6, 7 }, { 1, 2, 3 } }, i = grow(h, 3, h);
	struct nest n = flip((struct nest){ { { 1, { 2, 3 } }, { 4, { 5, 6 } } }, 'z' });
	union both u = { .f = a };
	struct big (*fn)(struct big, int, struct big) = grow;

	printf("%g %g %g %g %g %g %g\n", a.x, a.y, b.x, b.y, b.z, c.x, c.y);
	printf("%d %g %g %c %d %d %d %.4s\n", d.i, d.d, e.d, e.c, f.a, f.b, f.c, g.s + 1);
	printf("%ld %ld %g %ld\n", i.v[3], h.v[3], i.f.z, fn(i, 0, i).v[0]);
	printf("%d %g %d %g %c %lx\n", n.in[0].a, n.in[0].f.y, n.in[1].a, n.in[1].f.x, n.tail, u.bits);
	printf("%ld\n", many(1, c, 'b', i, 3.5, f, 7, 8, 9, a, -10));
	printf("%d\n", memcmp(&h, &i, sizeof h) != 0);
	return 0;
}
