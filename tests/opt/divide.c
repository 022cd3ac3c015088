/* SPDX-License-Identifier: MIT
 * divide.c - T13, E2.1: division and remainder by constants, strength-reduced, against the plain operation.
 *
 * All divisors from -300 to 300 and edges, at i32 and i64, signed and unsigned, quotient and remainder. Dividends: edges, what
 * stands around multiples of the divisor, random numbers of all magnitudes. The reduced function is computed node by node with
 * ir_compute; that no division is left is looked at as well.
 */
#include "opt/opt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void out_of_memory(void *arg)
{
	(void)arg;
	abort();
}

static const int64_t edge[] = { 0, 1, -1, 2, -2, 3, -3, 7, 10, 127, -128, 255, 256, 32767, -32768, 65535, INT32_MAX, INT32_MIN, INT32_MIN + 1, INT32_MAX - 1,
	(int64_t)INT32_MAX + 1, UINT32_MAX, (int64_t)UINT32_MAX + 1, INT64_MAX, INT64_MIN, INT64_MIN + 1, INT64_MAX - 1, INT64_C(0x5555555555555555),
	INT64_C(0x3333333333333333), INT64_C(0x7ffffffffffffffe), INT64_C(0x0f0f0f0f0f0f0f0f), INT64_C(0x4000000000000000), 641, 6700417, 1000000007 };

struct divide { struct ir_func *f; ir_ref result; unsigned bits; uint64_t rng; unsigned long tried; bool left; };	/* bits: of the dividend, 0: all */

static int64_t value(const struct ir_func *f, ir_ref r, int64_t x)
{
	const struct ir_node *n;
	int64_t out = 0;

	if (r < 0)
		return ir_kbits(f, r);
	n = ir_at(f, r);
	if (n->op == IR_arg)
		return x;
	assert_true(ir_compute(n->op, n->type, ir_type_of(f, n->a), value(f, n->a, x), ir_ops[n->op].args[1] == 'v' ? value(f, n->b, x) : 0, 0, &out));
	return out;
}

static bool divides(const struct ir_func *f, ir_ref r)
{
	const struct ir_node *n;

	if (r <= 0 || ir_at(f, r)->op == IR_arg)
		return false;
	n = ir_at(f, r);
	return (ir_ops[n->op].flags & IR_FAULT) || divides(f, n->a) || (ir_ops[n->op].args[1] == 'v' && divides(f, n->b));
}

static int64_t mask(const struct divide *d) { return d->bits ? (int64_t)(UINT64_MAX >> (64 - d->bits)) : -1; }

static void one_dividend(struct divide *d, enum ir_op op, enum ir_type t, int64_t by, int64_t x)
{
	int64_t want, got;

	if (t == IR_T_i32)
		x = (int32_t)x;
	if (!ir_compute(op, t, t, x & mask(d), by, 0, &want))
		return;
	d->tried++;
	got = value(d->f, d->result, x);
	if (got != want) {
		struct text out = { 0 };

		ir_print(d->f, &out);
		printf("%s %s: %" PRId64 ", %" PRId64 " gives %" PRId64 ", not %" PRId64 "\n%s", ir_op_names[op], ir_types[t].name, x, by, got, want, out.s);
		text_free(&out);
		fail();
	}
}

static void one_divisor(struct divide *d, enum ir_op op, enum ir_type t, int64_t by, bool no_fold)
{
	struct arena mem;
	ir_ref x, r;

	arena_init(&mem, out_of_memory, NULL);
	d->f = ir_func_new(&mem, "f");
	d->f->no_fold = no_fold;
	d->f->n_results = 1;
	d->f->result[0] = (uint8_t)t;
	ir_start(d->f, ir_block_new(d->f));
	x = ir_block_arg(d->f, 0, t);
	if (d->bits)
		x = ir_emit(d->f, IR_and, t, 0, x, ir_const(d->f, t, mask(d)), 0);
	r = ir_emit(d->f, op, t, 0, x, ir_const(d->f, t, by), 0);
	ir_ret(d->f, r, 0);
	opt_strength(d->f);
	d->result = ir_at(d->f, d->f->block.at[0].control)->a;
	by = t == IR_T_i32 ? (int32_t)by : by;
	d->left = divides(d->f, d->result);
	for (unsigned i = 0; i < COUNT_OF(edge); i++)
		one_dividend(d, op, t, by, edge[i]);
	for (int i = -3; i <= 3; i++) {
		/* around multiples, near the ends of the range as well */
		int64_t big = (t == IR_T_i32 ? INT32_MAX : INT64_MAX), m = by == 0 || by == -1 ? big : big / by * by;

		one_dividend(d, op, t, by, (int64_t)((uint64_t)by + (uint64_t)i));
		one_dividend(d, op, t, by, (int64_t)((uint64_t)by * 1000 + (uint64_t)i));
		one_dividend(d, op, t, by, (int64_t)((uint64_t)m + (uint64_t)i));
		one_dividend(d, op, t, by, (int64_t)(0 - (uint64_t)m + (uint64_t)i));
	}
	for (unsigned i = 0; i < 40; i++)
		one_dividend(d, op, t, by, (int64_t)random_next(&d->rng) >> random_below(&d->rng, 64));
	arena_fini(&mem);
}

static bool fits(enum ir_type t, int64_t x) { return t == IR_T_i64 || x == (int32_t)x; }

static void all(enum ir_op op)
{
	for (unsigned w = 0; w < 2; w++) {
		struct divide d = { .rng = 0x12345 };
		enum ir_type t = w ? IR_T_i64 : IR_T_i32;
		bool sign = op == IR_sdiv || op == IR_srem;
		int64_t min = w ? INT64_MIN : INT32_MIN;

		for (unsigned plain = 0; plain < 2; plain++) {
			for (int64_t by = -300; by <= 300; by++) {
				one_divisor(&d, op, t, by, plain);
				/* what may fault stays; so does the one signed divisor that has no magic number; x op 1 only without folding */
				assert_int_equal(d.left, op != IR_mul && (by == 0 || (sign && by == -1) || (plain && by == 1)));
			}
			for (unsigned i = 0; i < COUNT_OF(edge); i++)
				if (fits(t, edge[i])) {
					one_divisor(&d, op, t, edge[i], plain);
					if (edge[i] != min && edge[i] != 0 && edge[i] != -1 && edge[i] != 1)
						assert_false(d.left);
				}
			for (unsigned i = 0; i < 500; i++)
				one_divisor(&d, op, t, (int64_t)random_next(&d.rng) >> random_below(&d.rng, 64), plain);
			/* dividends of fewer bits */
			for (unsigned i = 0; i < 1500; i++) {
				d.bits = 1 + random_below(&d.rng, w ? 63 : 31);
				one_divisor(&d, op, t, (int64_t)random_next(&d.rng) >> random_below(&d.rng, 64), plain);
			}
			d.bits = 0;
		}
		printf("%s %s: %lu divisions\n", ir_op_names[op], ir_types[t].name, d.tried);
	}
}

static void sdiv(void **state) { (void)state; all(IR_sdiv); }
static void srem(void **state) { (void)state; all(IR_srem); }
static void udiv(void **state) { (void)state; all(IR_udiv); }
static void urem(void **state) { (void)state; all(IR_urem); }

/* Multiplication by the same constants. */
static void mul(void **state) { (void)state; all(IR_mul); }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sdiv), cmocka_unit_test(srem), cmocka_unit_test(udiv), cmocka_unit_test(urem), cmocka_unit_test(mul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
