/* SPDX-License-Identifier: MIT
 * fold_exhaustive.c - T13: what the folder makes means what was written, for every law and all pairs of 8-bit patterns.
 *
 * A term is one or two operations over x, y and constants. It is built twice: folding, and with no_fold, which makes the
 * nodes as they are written and so is the meaning by definition of ir_compute. Both are computed from their graphs by
 * ir_compute for x and y out of all 8-bit values, sign-extended, and the edge set, at i32 and i64. Constants take all 8-bit
 * values in terms of one operation, in longer ones a set around every law's condition. Division is left out where it faults; that it stays a node is looked at instead.
 */
#include "ir/ir.h"

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

enum { VALUES = 256 + 16 };
static int64_t values[VALUES];
static unsigned n_values;

static const int64_t edge[] = { INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1, INT32_MIN, INT32_MAX, (int64_t)INT32_MAX + 1, UINT32_MAX,
	(int64_t)UINT32_MAX + 1, INT64_C(0x5555555555555555), INT64_C(-0x123456789abcdef), 0x80000000, 32767, 65535, 256, -256 };
static const int64_t konst[] = { 0, 1, -1, 2, -2, 3, 5, 7, 8, 16, 31, 32, 33, 63, 64, 65, 100, 127, -128, 255, INT32_MIN, INT32_MAX, INT64_MIN, INT64_MAX };

/* the same for terms with two constants */
static const int64_t few[] = { 0, 1, -1, 3, 8, 33, 63, -128, INT32_MIN, INT64_MIN };

static void fill(void)
{
	n_values = 0;
	for (int i = -128; i < 128; i++)
		values[n_values++] = i;
	for (unsigned i = 0; i < COUNT_OF(edge); i++)
		values[n_values++] = edge[i];
}

/* The value of r for the arguments x and y; false when a division faults. */
static bool value(const struct ir_func *f, ir_ref r, const int64_t arg[2], int64_t *out)
{
	const struct ir_node *n;
	int64_t v[3] = { 0 };
	ir_ref field[3];

	if (r < 0) {
		*out = ir_kbits(f, r);
		return true;
	}
	n = ir_at(f, r);
	if (n->op == IR_arg) {
		*out = arg[n->b];
		return true;
	}
	field[0] = n->a;
	field[1] = n->b;
	field[2] = n->c;
	for (unsigned i = 0; i < 3; i++)
		if (ir_ops[n->op].args[i] == 'v' && !value(f, field[i], arg, &v[i]))
			return false;
	return ir_compute(n->op, n->type, ir_type_of(f, n->a), v[0], v[1], v[2], out);
}

/* A term: inner(a, b), then outer(inner, c) or outer(c, inner). Operands: 0 x, 1 y, else a constant. */
struct operand { int arg; int64_t k; };
struct term { enum ir_type t; enum ir_op inner, outer; struct operand a, b, c; bool two, left; };

static ir_ref operand(struct ir_func *f, enum ir_type t, const struct operand *o)
{
	return o->arg < 2 ? f->block.at[0].arg.at[o->arg] : ir_const(f, t, o->k);
}

static ir_ref build(struct ir_func *f, const struct term *s)
{
	ir_ref in, c;

	ir_start(f, ir_block_new(f));
	ir_block_arg(f, 0, s->t);
	ir_block_arg(f, 0, s->t);
	in = ir_emit(f, s->inner, s->t, 0, operand(f, s->t, &s->a), ir_ops[s->inner].args[1] == 'v' ? operand(f, s->t, &s->b) : 0, 0);
	if (!s->two)
		return in;
	if (ir_ops[s->outer].args[1] != 'v')
		return ir_emit(f, s->outer, s->t, 0, in, 0, 0);
	c = operand(f, ir_type_of(f, in), &s->c);
	return s->left ? ir_emit(f, s->outer, s->t, 0, c, in, 0) : ir_emit(f, s->outer, s->t, 0, in, c, 0);
}

static unsigned long terms, folded;

static void complain(const struct term *s, struct ir_func *plain, ir_ref p, struct ir_func *f, ir_ref r, const int64_t arg[2], int64_t want, int64_t got)
{
	printf("%s %s, then %s: x = %" PRId64 ", y = %" PRId64 ": %" PRId64 ", folded %" PRId64 "\n", ir_types[s->t].name, ir_op_names[s->inner],
		s->two ? ir_op_names[s->outer] : "nothing", arg[0], arg[1], want, got);
	for (unsigned k = 0; k < 2; k++) {
		struct text out = { 0 };
		struct ir_func *g = k ? f : plain;

		g->n_results = 1;
		g->result[0] = (uint8_t)ir_type_of(g, k ? r : p);
		ir_ret(g, k ? r : p, 0);
		ir_print(g, &out);
		printf("%s", out.s);
		text_free(&out);
	}
	fail();
}

static bool uses_y(const struct term *s)
{
	return (s->b.arg == 1 && ir_ops[s->inner].args[1] == 'v') || s->a.arg == 1 || (s->two && s->c.arg == 1 && ir_ops[s->outer].args[1] == 'v');
}

static void try_term(const struct term *s)
{
	struct arena mem;
	struct ir_func *plain, *f;
	ir_ref p, r;
	unsigned step;

	arena_init(&mem, out_of_memory, NULL);
	plain = ir_func_new(&mem, "plain");
	plain->no_fold = true;
	f = ir_func_new(&mem, "folded");
	p = build(plain, s);
	r = build(f, s);
	terms++;
	/* a law with a constant knows nothing of the second variable: some of its values do */
	step = s->two && s->c.arg == 2 ? 23 : 1;
	/* only what became something else needs a look: the same nodes mean the same */
	if (f->node.n != plain->node.n || r != p || memcmp(&f->node.at[1], &plain->node.at[1], (f->node.n - 1) * sizeof f->node.at[0])) {
		folded++;
		for (unsigned i = 0; i < n_values; i++)
			for (unsigned j = 0; j < (uses_y(s) ? n_values : 1); j += step) {
				int64_t arg[2] = { values[i], values[j] }, want, got = 0;

				if (s->t == IR_T_i32) {
					arg[0] = (int32_t)arg[0];
					arg[1] = (int32_t)arg[1];
				}
				if (!value(plain, p, arg, &want))
					continue;
				if (!value(f, r, arg, &got) || want != got)
					complain(s, plain, p, f, r, arg, want, got);
			}
	}
	arena_fini(&mem);
}

static const enum ir_op unary[] = { IR_neg, IR_not, IR_sext8, IR_sext16, IR_bswap };
static const enum ir_op binary[] = { IR_add, IR_sub, IR_mul, IR_smulh, IR_umulh, IR_and, IR_or, IR_xor, IR_shl, IR_shr, IR_sar, IR_rotl, IR_sdiv, IR_srem, IR_udiv,
	IR_urem, IR_eq, IR_ne, IR_lt, IR_le, IR_ult, IR_ule };

#define X { 0, 0 }
#define Y { 1, 0 }
#define K(k) { 2, (k) }

/* x op y, x op x, x op k, k op x, k op k */
static void one_operation(void **state)
{
	(void)state;
	for (unsigned w = 0; w < 2; w++)
		for (unsigned i = 0; i < COUNT_OF(binary); i++) {
			enum ir_type t = w ? IR_T_i64 : IR_T_i32;

			try_term(&(struct term){ .t = t, .inner = binary[i], .a = X, .b = Y });
			try_term(&(struct term){ .t = t, .inner = binary[i], .a = Y, .b = X });
			try_term(&(struct term){ .t = t, .inner = binary[i], .a = X, .b = X });
			for (int k = -128; k < 128; k++) {
				try_term(&(struct term){ .t = t, .inner = binary[i], .a = X, .b = K(k) });
				try_term(&(struct term){ .t = t, .inner = binary[i], .a = K(k), .b = X });
			}
			for (unsigned k = 0; k < COUNT_OF(konst); k++) {
				try_term(&(struct term){ .t = t, .inner = binary[i], .a = X, .b = K(konst[k]) });
				try_term(&(struct term){ .t = t, .inner = binary[i], .a = K(konst[k]), .b = X });
			}
		}
}

/* (x op1 y) op2 y, (x op1 y) op2 x, (x op1 k1) op2 k2, and the other way round */
static void two_operations(void **state)
{
	(void)state;
	for (unsigned w = 0; w < 2; w++)
		for (unsigned i = 0; i < COUNT_OF(binary); i++)
			for (unsigned j = 0; j < COUNT_OF(binary); j++) {
				struct term s = { .t = w ? IR_T_i64 : IR_T_i32, .inner = binary[i], .outer = binary[j], .a = X, .two = true };

				for (unsigned side = 0; side < 2; side++) {
					s.left = side;
					/* a comparison is an i32: y would be of another type */
					s.b = (struct operand)Y;
					if (ir_ops[s.inner].result == 'a' || s.t == IR_T_i32) {
						s.c = (struct operand)X;
						try_term(&s);
						s.c = (struct operand)Y;
						try_term(&s);
					}
					for (unsigned k = 0; k < COUNT_OF(few); k++) {
						s.b = (struct operand)Y;
						s.c = (struct operand)K(few[k]);
						try_term(&s);
						for (unsigned m = 0; m < COUNT_OF(few); m++) {
							s.b = (struct operand)K(few[m]);
							try_term(&s);
						}
					}
				}
			}
}

static void unary_operations(void **state)
{
	(void)state;
	for (unsigned w = 0; w < 2; w++)
		for (unsigned i = 0; i < COUNT_OF(unary); i++) {
			struct term s = { .t = w ? IR_T_i64 : IR_T_i32, .inner = unary[i], .a = X };

			try_term(&s);
			s.two = true;
			for (unsigned j = 0; j < COUNT_OF(unary); j++) {
				s.outer = unary[j];
				try_term(&s);
			}
			for (unsigned j = 0; j < COUNT_OF(binary); j++)
				for (unsigned k = 0; k < COUNT_OF(konst); k++) {
					s.outer = binary[j];
					s.c = (struct operand)K(konst[k]);
					try_term(&s);
				}
		}
}

static ir_ref convert(struct ir_func *f, enum ir_op op, enum ir_type t, ir_ref a) { return ir_emit(f, op, t, 0, a, 0, 0); }

/* trunc of sext and zext, and bitcasts there and back, which change the type on the way */
static void conversions(void **state)
{
	static const enum ir_op wide[] = { IR_sext, IR_zext };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(wide); i++)
		for (unsigned j = 0; j < n_values; j++) {
			struct arena mem;
			int64_t arg[2] = { (int32_t)values[j], 0 }, got[2];

			arena_init(&mem, out_of_memory, NULL);
			for (unsigned k = 0; k < 2; k++) {
				struct ir_func *f = ir_func_new(&mem, "f");
				ir_ref x;

				f->no_fold = !k;
				ir_start(f, ir_block_new(f));
				x = ir_block_arg(f, 0, IR_T_i32);
				assert_true(value(f, convert(f, IR_bitcast, IR_T_i32, convert(f, IR_bitcast, IR_T_f32,
					convert(f, IR_trunc, IR_T_i32, convert(f, wide[i], IR_T_i64, x)))), arg, &got[k]));
			}
			assert_int_equal(got[0], arg[0]);
			assert_int_equal(got[1], arg[0]);
			arena_fini(&mem);
		}
}

/* What faults is never folded, at any width, whatever the other operand; and never shared away. */
static void faults_stay(void **state)
{
	static const enum ir_op div[] = { IR_sdiv, IR_srem, IR_udiv, IR_urem };
	struct arena mem;

	(void)state;
	arena_init(&mem, out_of_memory, NULL);
	for (unsigned w = 0; w < 2; w++)
		for (unsigned i = 0; i < COUNT_OF(div); i++) {
			enum ir_type t = w ? IR_T_i64 : IR_T_i32;
			int64_t min = w ? INT64_MIN : INT32_MIN;
			struct ir_func *f = ir_func_new(&mem, "f");
			ir_ref x, r;
			uint32_t made = 0;

			ir_start(f, ir_block_new(f));
			x = ir_block_arg(f, 0, t);
			for (unsigned k = 0; k < n_values; k++) {
				r = ir_emit(f, div[i], t, 0, ir_const(f, t, values[k]), ir_const(f, t, 0), 0);
				assert_true(r > 0 && ir_at(f, r)->op == div[i] && ir_pinned(f, ir_at(f, r)));
				assert_int_equal(f->block.at[0].ins.n, ++made);
			}
			r = ir_emit(f, div[i], t, 0, x, ir_const(f, t, 0), 0);
			assert_true(r > 0 && ir_pinned(f, ir_at(f, r)));
			if (div[i] == IR_sdiv || div[i] == IR_srem) {
				r = ir_emit(f, div[i], t, 0, ir_const(f, t, min), ir_const(f, t, -1), 0);
				assert_true(r > 0 && ir_pinned(f, ir_at(f, r)));
				r = ir_emit(f, div[i], t, 0, x, ir_const(f, t, -1), 0);
				assert_true(r > 0 && ir_at(f, r)->op == div[i] && ir_pinned(f, ir_at(f, r)));
			}
		}
	arena_fini(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_operation),
		cmocka_unit_test(two_operations),
		cmocka_unit_test(unary_operations),
		cmocka_unit_test(conversions),
		cmocka_unit_test(faults_stay),
	};
	int status;

	fill();
	status = cmocka_run_group_tests(tests, NULL, NULL);
	printf("%lu terms, %lu of them folded\n", terms, folded);
	return status;
}
