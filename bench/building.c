/* SPDX-License-Identifier: MIT
 * building.c - what building IR costs through hew.h, folding and sharing included, and how soon a fresh process has code.
 *
 * Prints, as name=value: first_us, from before hew_open to the result of the first call of a function of 32 instructions; small_ns,
 * what each operation costs that is inserted into such a function, its blocks and constants, making and freeing it included, of many
 * times the least; long_ns, the same for 20,000 operations.
 */
#include "hew.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TURN = 16, SMALL = 2 * TURN, LONG = 1250 * TURN };	/* TURN: operations of one round of the loop below */

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* n operations in all: arithmetic of which a part folds or is there already, comparisons, loads and stores, a branch and a block
 * with an argument for each round. */
static struct hew_fn *build(struct hew *x, int n)
{
	static const hew_type args[] = { HEW_I64, HEW_PTR };
	struct hew_fn *f = hew_fn_new(x, "long", HEW_I64, 2, args);
	hew_val v = hew_arg(f, 0), p = hew_arg(f, 1);

	for (int k = 0; k < n; k += TURN) {
		hew_block yes = hew_block_new(f), on = hew_block_new(f);
		hew_val joined = hew_block_arg(f, on, HEW_I64);
		hew_val a = hew_add(f, v, hew_i64(f, k));
		hew_val b = hew_mul(f, a, hew_i64(f, 2 * k + 3));
		hew_val c = hew_xor(f, b, hew_shr(f, b, hew_i64(f, 7)));
		hew_val d = hew_load(f, HEW_I64, HEW_FULL, 0, p, 8 * (k % 64));
		hew_val e = hew_add(f, hew_add(f, c, d), hew_mul(f, hew_i64(f, k), hew_i64(f, 3)));
		hew_val g = hew_sub(f, hew_and(f, e, hew_i64(f, 0xffffff)), hew_add(f, v, hew_i64(f, k)));

		hew_store(f, HEW_FULL, 0, p, 8 * (k % 64), g);
		hew_branch(f, hew_lt(f, g, a), yes, 0, NULL, on, 1, &g);
		hew_begin(f, yes);
		v = hew_or(f, g, c);
		hew_jump(f, on, 1, &v);
		hew_begin(f, on);
		v = joined;
	}
	hew_ret(f, v);
	return f;
}

static double first_us(void)
{
	double from = now_ns();
	int64_t place[64] = { 0 };
	struct hew *x;
	struct hew_code *c;

	if (hew_open(NULL, &x) != HEW_OK)
		return -1;
	if (hew_compile(build(x, SMALL), NULL, &c) != HEW_OK) {
		fprintf(stderr, "building: %s\n", hew_error(x));
		exit(1);
	}
	place[1] = ((int64_t (*)(int64_t, int64_t *))(uintptr_t)hew_entry(c))(5, place);
	from = (now_ns() - from) / 1e3;
	hew_release(c);
	hew_close(x);
	return from;
}

/* ns for each of the n operations of a function, of many times the least; it is freed again. */
static double build_ns(struct hew *x, int n, int times)
{
	double least = 0;

	for (int k = 0; k < times; k++) {
		double from = now_ns(), took;

		hew_fn_free(build(x, n));
		took = now_ns() - from;
		least = k == 0 || took < least ? took : least;
	}
	return least / n;
}

int main(void)
{
	double first = first_us();
	struct hew *x;

	if (hew_open(NULL, &x) != HEW_OK)
		return 1;
	printf("first_us=%.1f small_ns=%.2f long_ns=%.2f\n", first, build_ns(x, SMALL, 2000), build_ns(x, LONG, 9));
	hew_close(x);
	return 0;
}
