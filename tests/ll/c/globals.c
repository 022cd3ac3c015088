/* SPDX-License-Identifier: MIT
 * globals.c - data of every shape before main: nested initialisers, addresses, unions, constructors, statics.
 */
#include <stdio.h>
#include <stdlib.h>

struct point { short x, y; };
union u { float f; unsigned char b[4]; };
extern struct list first;
struct list { struct list *next; const char *name; struct point at; union u u; } first, second = { &first, "second", { 3, -4 }, { .f = 1.5f } };
struct list first = { &second, "first", { .y = 7 }, { .b = { 1, 2, 3, 4 } } };
static const char *const names[][2] = { { "a", "bc" }, { [1] = "def" } };
static double m[2][3] = { { 1, 2 }, { [2] = 0.1 } };
static const short sparse[100] = { [3] = 5, [97] = -6 };
static const char *middle = "middle" + 3;
static char *end = (char *)&second + sizeof second;
static long distance;
static int order[4], filled;
int (*printer)(const char *, ...) = printf;

static __attribute__((constructor(200))) void later(void) { order[filled++] = 2; }
static __attribute__((constructor(150))) void early(void) { order[filled++] = 1; }
static __attribute__((destructor)) void last(void) { printf("last %d\n", filled); }
static void leave(void) { printf("leaving\n"); }
static int counter(void) { static int n = 10; return n++; }

int main(void)
{
	int a = counter(), b = counter();

	atexit(leave);
	distance = end - (char *)&second;
	printer("%s %s %d %d %g %d\n", first.next->name, second.next->name, first.at.y, second.at.y, second.u.f, first.u.b[2]);
	printf("%s %s %d %g %g %d %d %s %ld\n", names[0][1], names[1][1], names[1][0] == NULL, m[0][1], m[1][2], sparse[3], sparse[97], middle, (long)(distance == (long)sizeof second));
	printf("%d %d %d %d\n", order[0], order[1], a * 100 + b, counter());
	exit(17);
}
