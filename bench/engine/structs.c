/* SPDX-License-Identifier: MIT
 * structs.c - small structs passed and returned by value: vectors of two doubles, complex numbers, ranges, pairs of an integer
 * and a double, and one too big for registers; some of it through pointers to functions.
 * Exercises: the calling convention for structs, their copies, and taking them apart into values.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct vec { double x, y; };
struct range { int32_t low, high; };
struct mixed { int64_t count; double weight; };
struct big { int64_t at[5]; };

static struct vec vec(double x, double y) { return (struct vec){ x, y }; }
static struct vec add(struct vec a, struct vec b) { return vec(a.x + b.x, a.y + b.y); }
static struct vec scale(struct vec a, double k) { return vec(a.x * k, a.y * k); }
static struct vec turn(struct vec a) { return vec(-a.y, a.x); }
static double dot(struct vec a, struct vec b) { return a.x * b.x + a.y * b.y; }

static struct range join(struct range a, struct range b)
{
	struct range r = a;

	if (b.low < r.low)
		r.low = b.low;
	if (b.high > r.high)
		r.high = b.high;
	return r;
}

static struct range shift(struct range r, int32_t by) { return (struct range){ r.low + by, r.high + by }; }

static struct mixed merge(struct mixed a, struct mixed b)
{
	return (struct mixed){ a.count + b.count, a.weight * 0.5 + b.weight };
}

static struct mixed part(struct mixed a, struct mixed b)
{
	return (struct mixed){ a.count - b.count / 2, a.weight * 0.25 - b.weight };
}

static struct mixed (*const combine[2])(struct mixed, struct mixed) = { merge, part };

static struct big rotate(struct big b, int64_t in)
{
	struct big r;

	for (int i = 0; i < 4; i++)
		r.at[i] = b.at[i + 1];
	r.at[4] = b.at[0] ^ in;
	return r;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 110000000;
	struct vec position = { 1, 0 }, speed = { 0, 0.001 };
	struct range all = { 0, 0 };
	struct mixed total = { 0, 0 };
	struct big b = { { 1, 2, 3, 4, 5 } };
	uint32_t x = 31;

	for (int i = 0; i < n; i++) {
		struct vec pull = scale(turn(speed), 0.01);

		x = x * 69069u + 5u;
		speed = scale(add(speed, pull), 0.9999);
		speed.x += (double)(x >> 24) / 65536.0 - 1.0 / 512.0;
		position = scale(add(position, speed), 0.75);
		all = join(all, shift((struct range){ -(int32_t)(x >> 28), (int32_t)(x >> 29) }, (int32_t)(x >> 12 & 1023)));
		total = combine[i >> 2 & 1](total, (struct mixed){ all.high - all.low, dot(position, speed) });
		b = rotate(b, total.count);
	}
	printf("structs %d %.9f %.9f %d %d %lld %.9f %lld\n", n, position.x, position.y, all.low, all.high,
		(long long)total.count, total.weight, (long long)(b.at[0] ^ b.at[2] ^ b.at[4]));
	return 0;
}
