/* SPDX-License-Identifier: MIT
 * ir_random.c - E2.5, T1, T2, T6, T7: random IR programs, evaluator against compiled code.
 *
 * usage: ir_random COUNT [SEED [print]]     a failure prints the one command that replays it; print shows the programs and
 * where the buffers differ
 *
 * Each program is built from a seed: structured control flow with bounded loops, integer and floating arithmetic over edge
 * values, loads and stores into a buffer through two alias classes, calls to C, guards with frame states. It runs in the
 * evaluator as it was written, without folding, then compiled at level 1, at level 2, with few registers, with a randomised
 * allocator, each with verifier and allocation checker on, on several inputs. Results, exits (pc and every value of the state)
 * and the buffer must agree. Then a guard is forced to fail: the K-th for a random K up to the number executed.
 */
#include "api/api.h"
#include "opt/opt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BUFFER = 256, LOCAL = 24, MAX_VALUES = 400, SLOTS = 6, SECONDS = 30 };

struct gen {
	struct ir_func *f;
	uint64_t rng;
	ir_ref value[IR_TYPE_COUNT][MAX_VALUES]; unsigned n[IR_TYPE_COUNT];
	ir_ref buf, local[3];		/* the buffer; memory of the frame */
	unsigned depth, budget, pc;
};

static uint32_t below(struct gen *g, uint32_t n) { return random_below(&g->rng, n); }

static const int64_t edge_int[] = { 0, 1, -1, 2, 3, 5, 7, 10, 16, 63, 64, 100, 127, 128, -128, 255, 256, 32767, -32768, 65535,
	INT32_MAX, INT32_MIN, (int64_t)INT32_MAX + 1, UINT32_MAX, INT64_MAX, INT64_MIN, INT64_MIN + 1, INT64_C(0x5555555555555555),
	INT64_C(9007199254740993) };
static const double edge_float[] = { 0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, 1e10, 1e300, -1e300, 1e-300, 4.9e-324, 9007199254740993.0,
	9.3e18, -9.3e18, 2147483648.0, -2147483649.0, __builtin_inf(), -__builtin_inf(), __builtin_nan("") };

static void add(struct gen *g, ir_ref r)
{
	enum ir_type t = ir_type_of(g->f, r);

	if (r && g->n[t] < MAX_VALUES)
		g->value[t][g->n[t]++] = r;
}

static ir_ref constant(struct gen *g, enum ir_type t)
{
	float s;
	uint32_t w;

	if (t == IR_T_f64)
		return ir_const_f64(g->f, edge_float[below(g, COUNT_OF(edge_float))]);
	if (t == IR_T_f32) {
		s = (float)edge_float[below(g, COUNT_OF(edge_float))];
		memcpy(&w, &s, 4);
		return ir_const(g->f, t, w);
	}
	return ir_const(g->f, t, below(g, 4) ? edge_int[below(g, COUNT_OF(edge_int))] : (int64_t)random_next(&g->rng));
}

static ir_ref any(struct gen *g, enum ir_type t)
{
	if (!g->n[t] || below(g, 6) == 0)
		return constant(g, t);
	/* newer values more often, so that chains get deep */
	if (below(g, 2) && g->n[t] > 4)
		return g->value[t][g->n[t] - 1 - below(g, 4)];
	return g->value[t][below(g, g->n[t])];
}

static enum ir_type any_type(struct gen *g)
{
	static const enum ir_type t[] = { IR_T_i64, IR_T_i64, IR_T_i64, IR_T_i32, IR_T_i32, IR_T_f64, IR_T_f64, IR_T_f32 };

	return t[below(g, COUNT_OF(t))];
}

static enum ir_type any_int(struct gen *g) { return below(g, 3) ? IR_T_i64 : IR_T_i32; }

static ir_ref emit(struct gen *g, enum ir_op op, enum ir_type t, ir_ref a, ir_ref b, ir_ref c)
{
	return ir_emit(g->f, op, t, 0, a, b, c);
}

static void arithmetic(struct gen *g)
{
	static const enum ir_op ints[] = { IR_add, IR_sub, IR_mul, IR_and, IR_or, IR_xor, IR_shl, IR_shr, IR_sar, IR_smulh, IR_umulh };
	static const enum ir_op floats[] = { IR_fadd, IR_fsub, IR_fmul, IR_fdiv };
	static const enum ir_op unary[] = { IR_neg, IR_not, IR_sext8, IR_sext16 };
	static const enum ir_op funary[] = { IR_fneg, IR_fabs, IR_fsqrt, IR_ffloor, IR_fceil, IR_ftrunc };
	enum ir_type t = any_type(g);

	if (ir_is_float(t))
		add(g, below(g, 3) ? emit(g, floats[below(g, COUNT_OF(floats))], t, any(g, t), any(g, t), 0) :
			emit(g, funary[below(g, COUNT_OF(funary))], t, any(g, t), 0, 0));
	else
		add(g, below(g, 4) ? emit(g, ints[below(g, COUNT_OF(ints))], t, any(g, t), any(g, t), 0) :
			emit(g, unary[below(g, COUNT_OF(unary))], t, any(g, t), 0, 0));
}

static void division(struct gen *g)
{
	static const enum ir_op op[] = { IR_sdiv, IR_srem, IR_udiv, IR_urem };
	static const int64_t by[] = { 2, 3, 5, 7, 10, 17, 64, 100, 1000, 641, -3, -7, -8, 65537, INT32_MAX, INT64_MAX, 6, 9, 12, 25, 125, 625 };
	enum ir_type t = any_int(g);
	enum ir_op o = op[below(g, 4)];
	ir_ref d = ir_const(g->f, t, by[below(g, COUNT_OF(by))]);

	if (below(g, 3) == 0)		/* some positive number that is not a constant */
		d = emit(g, IR_or, t, emit(g, IR_and, t, any(g, t), ir_const(g->f, t, 0xfff), 0), ir_const(g->f, t, 1), 0);
	add(g, emit(g, o, t, any(g, t), d, 0));
}

/* Which NaN an operation gives is not defined: none may reach memory or an integer. */
static ir_ref no_nan(struct gen *g, ir_ref v)
{
	enum ir_type t = ir_type_of(g->f, v);

	return ir_is_float(t) ? emit(g, IR_select, t, emit(g, IR_feq, IR_T_i32, v, v, 0), v, ir_const(g->f, t, 0)) : v;
}

static void conversion(struct gen *g)
{
	switch (below(g, 9)) {
	case 0: add(g, emit(g, IR_sext, IR_T_i64, any(g, IR_T_i32), 0, 0)); break;
	case 1: add(g, emit(g, IR_zext, IR_T_i64, any(g, IR_T_i32), 0, 0)); break;
	case 2: add(g, emit(g, IR_trunc, IR_T_i32, any(g, IR_T_i64), 0, 0)); break;
	case 3: add(g, emit(g, IR_itof, below(g, 2) ? IR_T_f64 : IR_T_f32, any(g, any_int(g)), 0, 0)); break;
	case 4: add(g, emit(g, IR_ftoi, any_int(g), any(g, below(g, 2) ? IR_T_f64 : IR_T_f32), 0, 0)); break;
	case 5: add(g, emit(g, IR_fcvt, IR_T_f64, any(g, IR_T_f32), 0, 0)); break;
	case 6: add(g, emit(g, IR_fcvt, IR_T_f32, any(g, IR_T_f64), 0, 0)); break;
	case 7: add(g, emit(g, IR_bitcast, IR_T_f64, any(g, IR_T_i64), 0, 0)); break;
	default: add(g, emit(g, IR_bitcast, IR_T_i32, no_nan(g, any(g, IR_T_f32)), 0, 0)); break;
	}
}

static ir_ref condition(struct gen *g)
{
	static const enum ir_op ints[] = { IR_eq, IR_ne, IR_lt, IR_le, IR_ult, IR_ule };
	static const enum ir_op floats[] = { IR_feq, IR_fne, IR_flt, IR_fle };
	enum ir_type t = any_type(g);

	if (below(g, 8) == 0)
		return any(g, IR_T_i32);
	if (ir_is_float(t))
		return emit(g, floats[below(g, 4)], t, any(g, t), any(g, t), 0);
	return emit(g, ints[below(g, 6)], t, any(g, t), any(g, t), 0);
}

static void choose(struct gen *g)
{
	enum ir_type t = any_type(g);

	add(g, below(g, 2) ? condition(g) : emit(g, IR_select, t, condition(g), any(g, t), any(g, t)));
}

/* class 1 owns the lower half of the buffer, class 2 the upper */
static ir_ref address(struct gen *g, unsigned *cls, int32_t *off)
{
	ir_ref index = emit(g, IR_and, IR_T_i64, any(g, IR_T_i64), ir_const(g->f, IR_T_i64, 7), 0);
	ir_ref p = g->buf;

	*cls = 1 + below(g, 2);
	*off = (int32_t)((*cls - 1) * (BUFFER / 2) + below(g, 7) * 8);
	if (below(g, 2))
		p = emit(g, IR_add, IR_T_ptr, p, emit(g, IR_shl, IR_T_i64, index, ir_const(g->f, IR_T_i64, below(g, 4)), 0), 0);
	if (below(g, 3) == 0)
		p = emit(g, IR_add, IR_T_ptr, p, ir_const(g->f, IR_T_i64, (int64_t)below(g, 2) * 8), 0);
	return p;
}

/* Memory of the frame: any width anywhere, so that pieces overlap; now and then the address goes away. */
static void local(struct gen *g)
{
	ir_ref p = g->local[below(g, 3)];
	enum ir_type t = any_type(g);
	enum ir_width w = ir_is_float(t) || below(g, 2) ? IR_W_FULL : (enum ir_width)(1 + below(g, t == IR_T_i64 ? 6 : 4));
	int32_t off = (int32_t)(below(g, 3) ? below(g, 3) * 8 : below(g, LOCAL - 7));

	if (below(g, 4) == 0) {
		p = emit(g, IR_add, IR_T_ptr, p, ir_const(g->f, IR_T_i64, off), 0);
		off = 0;
	} else if (below(g, 40) == 0) {
		ir_ref index = emit(g, IR_and, IR_T_i64, any(g, IR_T_i64), ir_const(g->f, IR_T_i64, 1), 0);

		p = emit(g, IR_add, IR_T_ptr, p, emit(g, IR_shl, IR_T_i64, index, ir_const(g->f, IR_T_i64, 3), 0), 0);
		off = 8;
	}
	if (below(g, 2))
		add(g, ir_load(g->f, t, w, 0, p, off));
	else
		ir_store(g->f, w, 0, p, off, no_nan(g, any(g, t)));
}

static void memory(struct gen *g)
{
	unsigned cls;
	int32_t off;
	ir_ref p = address(g, &cls, &off);
	enum ir_type t = any_type(g);
	enum ir_width w = ir_is_float(t) || below(g, 2) ? IR_W_FULL : (enum ir_width)(1 + below(g, t == IR_T_i64 ? 6 : 4));

	if (below(g, 2))
		add(g, ir_load(g->f, t, w, cls, p, off));
	else
		ir_store(g->f, w, cls, p, off, no_nan(g, any(g, t)));
}

static int64_t callee_int(int64_t a, int32_t b, double d, int64_t e)
{
	return (int64_t)((uint64_t)a * 3 + (uint64_t)b - (uint64_t)(int64_t)(d > 1e9 || d < -1e9 || d != d ? 1 : d) + (uint64_t)(e >> 1));
}
static double callee_float(double a, int64_t b, double c) { return a * 0.5 + (double)(b & 1023) - (c == c ? c : 0.0); }
struct pair { int64_t a, b; };
static struct pair callee_pair(int64_t a, int64_t b) { return (struct pair){ b ^ 5, a ^ 1 }; }

static void call(struct gen *g)
{
	struct ir_call d = { .reads = 6, .writes = below(g, 2) ? 6 : 0, .n_results = 1 };
	ir_ref r;

	switch (below(g, 3)) {
	case 0:
		d.result[0] = IR_T_i64;
		add(g, ir_call_(g->f, ir_const_named(g->f, "callee_int", (void *)(uintptr_t)callee_int), &d, 4,
			(ir_ref[]){ any(g, IR_T_i64), any(g, IR_T_i32), any(g, IR_T_f64), any(g, IR_T_i64) }));
		break;
	case 1:
		d.result[0] = IR_T_f64;
		add(g, ir_call_(g->f, ir_const_named(g->f, "callee_float", (void *)(uintptr_t)callee_float), &d, 3,
			(ir_ref[]){ any(g, IR_T_f64), any(g, IR_T_i64), any(g, IR_T_f64) }));
		break;
	default:
		d.result[0] = d.result[1] = IR_T_i64;
		d.n_results = 2;
		r = ir_call_(g->f, ir_const_named(g->f, "callee_pair", (void *)(uintptr_t)callee_pair), &d, 2, (ir_ref[]){ any(g, IR_T_i64), any(g, IR_T_i64) });
		add(g, r);
		add(g, emit(g, IR_result, IR_T_i64, r, 1, 0));
	}
}

static uint32_t state(struct gen *g)
{
	struct ir_slot slot[SLOTS] = { 0 };
	struct ir_state s = { .pc = ++g->pc, .func = 1, .n = 1 + below(g, SLOTS) };

	for (uint32_t i = 0; i < s.n; i++) {
		slot[i].slot = i;
		slot[i].value = any(g, any_type(g));
		slot[i].tag = below(g, 9);
		if (below(g, 3) == 0)
			slot[i].tag_ref = any(g, IR_T_i32);
	}
	return ir_state_new(g->f, &s, slot);
}

static void guard(struct gen *g)
{
	enum ir_type t = any_type(g), ti = any_int(g);
	uint32_t s;
	ir_ref c, v;

	if (below(g, 3) == 0) {
		static const enum ir_op op[] = { IR_addo, IR_subo, IR_mulo };
		ir_ref a = any(g, ti), b = any(g, ti);

		s = state(g);
		add(g, emit(g, op[below(g, 3)], ti, a, b, (ir_ref)s));
		return;
	}
	c = condition(g);
	if (below(g, 4))		/* mostly one that holds */
		c = emit(g, IR_or, IR_T_i32, c, ir_const(g->f, IR_T_i32, 1), 0);
	v = any(g, t);
	s = state(g);
	add(g, ir_check(g->f, below(g, IR_CHECK_COUNT), c, v, s));
}

static void statements(struct gen *g, unsigned n);

static void save(const struct gen *g, unsigned *n) { memcpy(n, g->n, sizeof g->n); }
static void restore(struct gen *g, const unsigned *n) { memcpy(g->n, n, sizeof g->n); }

static void diamond(struct gen *g)
{
	uint32_t yes = ir_block_new(g->f), no = ir_block_new(g->f), join = ir_block_new(g->f), n_args = below(g, 4);
	enum ir_type t[4];
	ir_ref args[4], cond = condition(g);
	unsigned n[IR_TYPE_COUNT];

	save(g, n);
	ir_br(g->f, cond, ir_edge_new(g->f, yes, 0, NULL), ir_edge_new(g->f, no, 0, NULL));
	for (uint32_t i = 0; i < n_args; i++)
		t[i] = any_type(g);
	for (unsigned k = 0; k < 2; k++) {
		ir_start(g->f, k ? no : yes);
		if (below(g, 4) == 0)
			g->f->block.at[g->f->cur].cold = true;
		statements(g, 1 + below(g, 5));
		for (uint32_t i = 0; i < n_args; i++)
			args[i] = any(g, t[i]);
		ir_jmp(g->f, join, n_args, args);
		restore(g, n);
	}
	for (uint32_t i = 0; i < n_args; i++)
		add(g, ir_block_arg(g->f, join, t[i]));
	ir_start(g->f, join);
}

static void loop(struct gen *g)
{
	uint32_t head = ir_block_new(g->f), out = ir_block_new(g->f), n_args = 1 + below(g, 4);
	enum ir_type t[5] = { IR_T_i64 };
	ir_ref args[5], counter;
	unsigned n[IR_TYPE_COUNT];
	uint32_t yes, no;

	args[0] = ir_const(g->f, IR_T_i64, 1 + below(g, 6));
	for (uint32_t i = 1; i < n_args; i++) {
		t[i] = any_type(g);
		args[i] = any(g, t[i]);
	}
	ir_jmp(g->f, head, n_args, args);
	save(g, n);
	ir_start(g->f, head);
	counter = ir_block_arg(g->f, head, IR_T_i64);
	for (uint32_t i = 1; i < n_args; i++)
		add(g, ir_block_arg(g->f, head, t[i]));
	if (below(g, 2))
		g->f->block.at[head].state = state(g);
	statements(g, 2 + below(g, 6));
	args[0] = emit(g, IR_sub, IR_T_i64, counter, ir_const(g->f, IR_T_i64, 1), 0);
	for (uint32_t i = 1; i < n_args; i++)
		args[i] = any(g, t[i]);
	yes = ir_edge_new(g->f, head, n_args, args);
	no = ir_edge_new(g->f, out, n_args, args);
	ir_br(g->f, emit(g, IR_lt, IR_T_i32, ir_const(g->f, IR_T_i64, 0), args[0], 0), yes, no);
	restore(g, n);
	ir_start(g->f, out);
	for (uint32_t i = 0; i < n_args; i++)
		add(g, ir_block_arg(g->f, out, t[i]));
}

/* A loop that tests at its top, its counter in memory. */
static void while_loop(struct gen *g)
{
	uint32_t head = ir_block_new(g->f), body = ir_block_new(g->f), out = ir_block_new(g->f);
	ir_ref counter = ir_emit(g->f, IR_stack, IR_T_ptr, 0, 8, 8, 0), k;
	unsigned n[IR_TYPE_COUNT];
	uint32_t yes, no;

	ir_store(g->f, IR_W_FULL, 0, counter, 0, ir_const(g->f, IR_T_i64, below(g, 5)));
	ir_jmp(g->f, head, 0, NULL);
	save(g, n);
	ir_start(g->f, head);
	if (below(g, 3) == 0)
		local(g);
	k = ir_load(g->f, IR_T_i64, IR_W_FULL, 0, counter, 0);
	yes = ir_edge_new(g->f, body, 0, NULL);
	no = ir_edge_new(g->f, out, 0, NULL);
	ir_br(g->f, emit(g, IR_lt, IR_T_i32, ir_const(g->f, IR_T_i64, 0), k, 0), yes, no);
	ir_start(g->f, body);
	statements(g, 2 + below(g, 6));
	k = ir_load(g->f, IR_T_i64, IR_W_FULL, 0, counter, 0);
	ir_store(g->f, IR_W_FULL, 0, counter, 0, emit(g, IR_sub, IR_T_i64, k, ir_const(g->f, IR_T_i64, 1), 0));
	ir_jmp(g->f, head, 0, NULL);
	restore(g, n);
	ir_start(g->f, out);
}

static void statements(struct gen *g, unsigned n)
{
	g->depth++;
	while (n-- && g->budget) {
		unsigned k = below(g, 100);

		g->budget--;
		if (k < 40) arithmetic(g);
		else if (k < 47) division(g);
		else if (k < 56) conversion(g);
		else if (k < 64) choose(g);
		else if (k < 70) local(g);
		else if (k < 78) memory(g);
		else if (k < 83) call(g);
		else if (k < 90) guard(g);
		else if (k < 96 && g->depth < 5) diamond(g);
		else if (k < 98 && g->depth < 4) loop(g);
		else if (g->depth < 4) while_loop(g);
	}
	g->depth--;
}

/* plain: neither folded nor shared while building */
static struct ir_func *program(struct arena *mem, uint64_t seed, bool plain)
{
	struct gen g = { .f = ir_func_new(mem, "random"), .rng = seed, .budget = 20 + (unsigned)(seed * 7 % 60) };
	ir_ref a, b;

	g.f->no_fold = plain;
	g.f->result[0] = IR_T_i64;
	g.f->result[1] = IR_T_f64;
	g.f->n_results = 2;
	ir_start(g.f, ir_block_new(g.f));
	g.buf = ir_block_arg(g.f, 0, IR_T_ptr);
	add(&g, ir_block_arg(g.f, 0, IR_T_i64));
	add(&g, ir_block_arg(g.f, 0, IR_T_i64));
	add(&g, ir_block_arg(g.f, 0, IR_T_i32));
	add(&g, ir_block_arg(g.f, 0, IR_T_f64));
	add(&g, ir_block_arg(g.f, 0, IR_T_f32));
	g.f->strict = seed & 1;
	for (unsigned k = 0; k < COUNT_OF(g.local); k++) {
		g.local[k] = ir_emit(g.f, IR_stack, IR_T_ptr, 0, LOCAL, 8, 0);
		for (int32_t o = 0; o < LOCAL; o += 8)
			ir_store(g.f, IR_W_FULL, 0, g.local[k], o, any(&g, IR_T_i64));
	}
	statements(&g, 12);
	a = emit(&g, IR_xor, IR_T_i64, any(&g, IR_T_i64), emit(&g, IR_sext, IR_T_i64, any(&g, IR_T_i32), 0, 0), 0);
	b = emit(&g, IR_fadd, IR_T_f64, any(&g, IR_T_f64), emit(&g, IR_fcvt, IR_T_f64, any(&g, IR_T_f32), 0, 0), 0);
	ir_ret(g.f, a, b);
	return g.f;
}

/* ---- running ------------------------------------------------------------------------------------------------------- */

struct outcome { bool left, early; uint32_t pc; unsigned n; int64_t value[SLOTS], tag[SLOTS]; int64_t result[2]; uint8_t buf[BUFFER]; };
struct input { int64_t a, b; int32_t c; double d; float e; };

/* one NaN for all: payloads may differ */
static int64_t canonical(enum ir_type t, int64_t bits)
{
	double d;
	float s;

	memcpy(&d, &bits, 8);
	memcpy(&s, &bits, 4);
	if (t == IR_T_f64 && d != d)
		return -1;
	return t == IR_T_f32 && s != s ? -1 : bits;
}

static void fill(uint8_t *buf)
{
	for (unsigned i = 0; i < BUFFER; i++)
		buf[i] = (uint8_t)(i * 37 + 11);
}

static bool run_eval(struct ir_func *f, struct arena *mem, const struct input *in, long fail, struct outcome *o, long *guards)
{
	struct ir_eval e = { .fail_guard = fail, .max_steps = 2000000 };
	int64_t args[6] = { (int64_t)(intptr_t)o->buf, in->a, in->b, in->c, 0, 0 };
	enum ir_outcome r;

	memcpy(&args[4], &in->d, 8);
	memcpy(&args[5], &in->e, 4);
	fill(o->buf);
	r = ir_eval(f, mem, args, &e);
	*guards = (long)e.guards;
	if (r == IR_EXITED) {
		const struct ir_state *s = &f->state.at[e.state];

		o->left = true;
		o->pc = s->pc;
		o->n = s->n;
		for (uint32_t i = 0; i < s->n; i++) {
			const struct ir_slot *sl = &f->slot.at[s->slots + i];

			o->value[i] = canonical(ir_type_of(f, sl->value), ir_eval_ref(f, &e, sl->value));
			o->tag[i] = sl->tag_ref ? (uint32_t)ir_eval_ref(f, &e, sl->tag_ref) : sl->tag;
		}
		return true;
	}
	o->result[0] = e.result[0];
	o->result[1] = canonical(IR_T_f64, e.result[1]);
	return r == IR_RETURNED;
}

static void take_exit(void *arg, struct hew_unit *u, uint32_t exit, const struct target_regs *regs)
{
	struct outcome *o = arg;
	const struct tier_frame *fr = &u->frame[u->exit[exit].frame];

	o->left = true;
	o->early = u->exit[exit].hoisted;	/* a guard moved before its loop may fail without need; the interpreter would go on */
	o->pc = fr->pc;
	o->n = fr->n;
	for (uint32_t i = 0; i < fr->n; i++) {
		const struct tier_value *v = &u->value[fr->value + i];

		o->value[i] = canonical(v->loc.type, tier_read_loc(u, regs, &v->loc));
		o->tag[i] = v->tag_loc.where == MACH_NOWHERE ? v->tag : (uint32_t)tier_read_loc(u, regs, &v->tag_loc);
	}
}

struct result { int64_t i; double d; };
typedef struct result compiled_fn(void *, int64_t, int64_t, int32_t, double, float);

static void run_compiled(struct hew_unit *u, const struct input *in, struct outcome *o)
{
	struct result r;

	fill(o->buf);
	u->on_exit = take_exit;
	u->on_exit_arg = o;
	r = ((compiled_fn *)(uintptr_t)u->code.rx)(o->buf, in->a, in->b, in->c, in->d, in->e);
	if (!o->left) {
		o->result[0] = r.i;
		memcpy(&o->result[1], &r.d, 8);
		o->result[1] = canonical(IR_T_f64, o->result[1]);
	}
}

static bool same(const struct outcome *a, const struct outcome *b)
{
	if (b->early)
		return true;
	if (a->left != b->left || memcmp(a->buf, b->buf, BUFFER))
		return false;
	if (!a->left)
		return a->result[0] == b->result[0] && a->result[1] == b->result[1];
	return a->pc == b->pc && a->n == b->n && !memcmp(a->value, b->value, a->n * sizeof *a->value) && !memcmp(a->tag, b->tag, a->n * sizeof *a->tag);
}

static const struct { const char *name; int level; unsigned regs; bool stress; } modes[] = {
	{ "O1", 1, 0, false }, { "O2", 2, 0, false }, { "O2, 6 registers", 2, 6, false }, { "O2, random allocation", 2, 0, true },
	{ "O1, 6 registers", 1, 6, true },
};

static void random_input(uint64_t *rng, struct input *in)
{
	in->a = edge_int[random_below(rng, COUNT_OF(edge_int))];
	in->b = (int64_t)random_next(rng) >> random_below(rng, 60);
	in->c = (int32_t)edge_int[random_below(rng, COUNT_OF(edge_int))];
	in->d = edge_float[random_below(rng, COUNT_OF(edge_float))];
	in->e = (float)edge_float[random_below(rng, COUNT_OF(edge_float))];
}

static void out_of_memory(void *arg)
{
	(void)arg;
	fprintf(stderr, "out of memory\n");
	exit(2);
}

struct test { struct hew *x; uint64_t seed; uint64_t exits, runs, long_ones; bool print; };

/* One program in one mode; the failing guard is counted down in `fail`. */
static bool one_mode(struct test *t, unsigned mode, long *fail_at, const struct input *in, const struct outcome *want, unsigned n)
{
	struct arena mem;
	struct tier_compile c = { .level = modes[mode].level, .verify = true, .stress = modes[mode].stress ? t->seed | 1 : 0,
		.allocatable = api_register_mask(t->x->x.target, modes[mode].regs) };
	long counter = 0;
	struct hew_unit *u;
	bool ok = true;

	arena_init(&mem, out_of_memory, NULL);
	c.fail_guard = fail_at ? &counter : NULL;
	c.passes = fail_at ? "" : NULL;
	c.want_asm = c.want_ir = t->print;
	if (tier_compile(&t->x->x, program(&mem, t->seed, false), &c, &u) != HEW_OK) {
		printf("seed %" PRIu64 ", %s: %s\n", t->seed, modes[mode].name, t->x->x.why);
		arena_fini(&mem);
		return false;
	}
	if (t->print)
		printf("---- %s\n%s%s", modes[mode].name, c.ir.s, c.assembly.s);
	text_free(&c.ir);
	text_free(&c.assembly);
	for (unsigned k = 0; k < n && ok; k++) {
		struct outcome got = { 0 };

		counter = fail_at ? fail_at[k] : 0;
		run_compiled(u, &in[k], &got);
		t->runs++;
		t->exits += got.left;
		ok = same(&want[k], &got);
		for (unsigned i = 0; !ok && t->print && i < BUFFER; i++)
			if (want[k].buf[i] != got.buf[i])
				printf("buffer[%u]: evaluator %02x, compiled %02x\n", i, want[k].buf[i], got.buf[i]);
		if (!ok)
			printf("seed %" PRIu64 ", %s, input %u%s: evaluator %s %" PRId64 " %" PRIx64 ", compiled %s %" PRId64 " %" PRIx64 "\n", t->seed,
				modes[mode].name, k, fail_at ? " (forced exit)" : "", want[k].left ? "left at" : "gave", want[k].left ? want[k].pc : want[k].result[0],
				want[k].result[1], got.left ? "left at" : "gave", got.left ? got.pc : got.result[0], got.result[1]);
	}
	tier_unit_free(&t->x->x, u);
	arena_fini(&mem);
	return ok;
}

static bool one_program(struct test *t)
{
	enum { INPUTS = 4 };
	struct input in[INPUTS];
	struct outcome want[INPUTS], forced[INPUTS];
	long guards[INPUTS], fail[INPUTS], dummy;
	uint64_t rng = t->seed ^ 0x1234567;
	struct arena mem;
	struct ir_func *f, *plain;
	bool ok = true, done = true, any_guard = false;
	char why[256];

	arena_init(&mem, out_of_memory, NULL);
	f = program(&mem, t->seed, false);
	plain = program(&mem, t->seed, true);
	if (!ir_verify(f, why, sizeof why) || !ir_verify(plain, why, sizeof why)) {
		printf("seed %" PRIu64 ": the generator made bad IR: %s\n", t->seed, why);
		arena_fini(&mem);
		return false;
	}
	if (t->print) {
		struct text out = { 0 };

		ir_print(f, &out);
		printf("%s", out.s);
		text_free(&out);
	}
	memset(want, 0, sizeof want);
	memset(forced, 0, sizeof forced);
	for (unsigned k = 0; k < INPUTS && done; k++) {
		random_input(&rng, &in[k]);
		done = run_eval(plain, &mem, &in[k], 0, &want[k], &dummy);
		done = done && run_eval(f, &mem, &in[k], 0, &forced[k], &guards[k]);
		memset(&forced[k], 0, sizeof forced[k]);
		fail[k] = guards[k] ? 1 + (long)random_below(&rng, (uint32_t)guards[k]) : -1;
		any_guard |= guards[k] > 0;
		done = done && run_eval(f, &mem, &in[k], fail[k], &forced[k], &dummy);
	}
	arena_fini(&mem);
	t->long_ones += !done;
	if (!done)
		return true;		/* nested loops ran past the step limit: nothing to compare */
	for (unsigned m = 0; m < COUNT_OF(modes) && ok; m++)
		ok = one_mode(t, m, NULL, in, want, INPUTS);
	/* the optimiser removes guards, so the number of the guard means the same only without it */
	if (any_guard && ok)
		ok = one_mode(t, 0, fail, in, forced, INPUTS);
	return ok;
}

int main(int argc, char **argv)
{
	struct hew_options o = { .verify = true };
	struct test t = { 0 };
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000, seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1, failed = 0;

	if (hew_open(&o, &t.x) != HEW_OK) {
		fprintf(stderr, "ir_random: %s\n", t.x ? hew_error(t.x) : "cannot open");
		return 2;
	}
	t.print = argc > 3;
	printf("ir_random: %" PRIu64 " programs from seed %" PRIu64 "\n", n, seed);
	for (uint64_t k = 0; k < n; k++) {
		t.seed = seed + k;
		alarm(SECONDS);			/* a loop that does not end */
		if (!one_program(&t)) {
			failed++;
			printf("replay: ir_random 1 %" PRIu64 "\n", t.seed);
		}
		if (failed >= 10)
			break;
	}
	printf("%" PRIu64 " runs, %" PRIu64 " of them left through a guard; %" PRIu64 " programs were too long for the evaluator\n", t.runs, t.exits, t.long_ones);
	printf("%" PRIu64 " passed, %" PRIu64 " failed\n", n - failed, failed);
	hew_close(t.x);
	return failed ? 1 : 0;
}
