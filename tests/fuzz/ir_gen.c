/* SPDX-License-Identifier: MIT
 * ir_gen.c - the parts of random IR programs: integer and floating arithmetic over edge values, loads and stores into a buffer
 * through two alias classes, calls to C, guards with frame states; and programs of structured control flow with bounded loops.
 */
#include "ir_gen.h"

enum { LOCAL = 24 };

static const int64_t edge_int[] = { 0, 1, -1, 2, 3, 5, 7, 10, 16, 63, 64, 100, 127, 128, -128, 255, 256, 32767, -32768, 65535,
	INT32_MAX, INT32_MIN, (int64_t)INT32_MAX + 1, UINT32_MAX, INT64_MAX, INT64_MIN, INT64_MIN + 1, INT64_C(0x5555555555555555),
	INT64_C(9007199254740993) };
static const double edge_float[] = { 0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, 1e10, 1e300, -1e300, 1e-300, 4.9e-324, 9007199254740993.0,
	9.3e18, -9.3e18, 2147483648.0, -2147483649.0, __builtin_inf(), -__builtin_inf(), __builtin_nan("") };

void gen_add(struct gen *g, ir_ref r)
{
	enum ir_type t = ir_type_of(g->f, r);

	if (r && g->n[t] < GEN_VALUES)
		g->value[t][g->n[t]++] = r;
}

static ir_ref constant(struct gen *g, enum ir_type t)
{
	float s;
	uint32_t w;

	if (t == IR_T_f64)
		return ir_const_f64(g->f, edge_float[gen_below(g, COUNT_OF(edge_float))]);
	if (t == IR_T_f32) {
		s = (float)edge_float[gen_below(g, COUNT_OF(edge_float))];
		memcpy(&w, &s, 4);
		return ir_const(g->f, t, w);
	}
	return ir_const(g->f, t, gen_below(g, 4) ? edge_int[gen_below(g, COUNT_OF(edge_int))] : (int64_t)random_next(&g->rng));
}

ir_ref gen_any(struct gen *g, enum ir_type t)
{
	if (!g->n[t] || gen_below(g, 6) == 0)
		return constant(g, t);
	/* newer values more often, so that chains get deep */
	if (gen_below(g, 2) && g->n[t] > 4)
		return g->value[t][g->n[t] - 1 - gen_below(g, 4)];
	return g->value[t][gen_below(g, g->n[t])];
}

enum ir_type gen_any_type(struct gen *g)
{
	static const enum ir_type t[] = { IR_T_i64, IR_T_i64, IR_T_i64, IR_T_i32, IR_T_i32, IR_T_f64, IR_T_f64, IR_T_f32 };

	return t[gen_below(g, COUNT_OF(t))];
}

static enum ir_type any_int(struct gen *g) { return gen_below(g, 3) ? IR_T_i64 : IR_T_i32; }

ir_ref gen_emit(struct gen *g, enum ir_op op, enum ir_type t, ir_ref a, ir_ref b, ir_ref c)
{
	return ir_emit(g->f, op, t, 0, a, b, c);
}

static void arithmetic(struct gen *g)
{
	static const enum ir_op ints[] = { IR_add, IR_sub, IR_mul, IR_and, IR_or, IR_xor, IR_shl, IR_shr, IR_sar, IR_rotl, IR_smulh, IR_umulh };
	static const enum ir_op floats[] = { IR_fadd, IR_fsub, IR_fmul, IR_fdiv };
	static const enum ir_op unary[] = { IR_neg, IR_not, IR_sext8, IR_sext16, IR_bswap };
	static const enum ir_op funary[] = { IR_fneg, IR_fabs, IR_fsqrt, IR_ffloor, IR_fceil, IR_ftrunc };
	enum ir_type t = gen_any_type(g);

	if (ir_is_float(t))
		gen_add(g, gen_below(g, 3) ? gen_emit(g, floats[gen_below(g, COUNT_OF(floats))], t, gen_any(g, t), gen_any(g, t), 0) :
			gen_emit(g, funary[gen_below(g, COUNT_OF(funary))], t, gen_any(g, t), 0, 0));
	else
		gen_add(g, gen_below(g, 4) ? gen_emit(g, ints[gen_below(g, COUNT_OF(ints))], t, gen_any(g, t), gen_any(g, t), 0) :
			gen_emit(g, unary[gen_below(g, COUNT_OF(unary))], t, gen_any(g, t), 0, 0));
}

static void division(struct gen *g)
{
	static const enum ir_op op[] = { IR_sdiv, IR_srem, IR_udiv, IR_urem };
	static const int64_t by[] = { 2, 3, 5, 7, 10, 17, 64, 100, 1000, 641, -3, -7, -8, 65537, INT32_MAX, INT64_MAX, 6, 9, 12, 25, 125, 625 };
	enum ir_type t = any_int(g);
	enum ir_op o = op[gen_below(g, 4)];
	ir_ref d = ir_const(g->f, t, by[gen_below(g, COUNT_OF(by))]);

	if (gen_below(g, 3) == 0)		/* some positive number that is not a constant */
		d = gen_emit(g, IR_or, t, gen_emit(g, IR_and, t, gen_any(g, t), ir_const(g->f, t, 0xfff), 0), ir_const(g->f, t, 1), 0);
	gen_add(g, gen_emit(g, o, t, gen_any(g, t), d, 0));
}

/* Which NaN an operation gives is not defined: none may reach memory or an integer. */
static ir_ref no_nan(struct gen *g, ir_ref v)
{
	enum ir_type t = ir_type_of(g->f, v);

	return ir_is_float(t) ? gen_emit(g, IR_select, t, gen_emit(g, IR_feq, IR_T_i32, v, v, 0), v, ir_const(g->f, t, 0)) : v;
}

static void conversion(struct gen *g)
{
	switch (gen_below(g, 9)) {
	case 0: gen_add(g, gen_emit(g, IR_sext, IR_T_i64, gen_any(g, IR_T_i32), 0, 0)); break;
	case 1: gen_add(g, gen_emit(g, IR_zext, IR_T_i64, gen_any(g, IR_T_i32), 0, 0)); break;
	case 2: gen_add(g, gen_emit(g, IR_trunc, IR_T_i32, gen_any(g, IR_T_i64), 0, 0)); break;
	case 3: gen_add(g, gen_emit(g, IR_itof, gen_below(g, 2) ? IR_T_f64 : IR_T_f32, gen_any(g, any_int(g)), 0, 0)); break;
	case 4: gen_add(g, gen_emit(g, IR_ftoi, any_int(g), gen_any(g, gen_below(g, 2) ? IR_T_f64 : IR_T_f32), 0, 0)); break;
	case 5: gen_add(g, gen_emit(g, IR_fcvt, IR_T_f64, gen_any(g, IR_T_f32), 0, 0)); break;
	case 6: gen_add(g, gen_emit(g, IR_fcvt, IR_T_f32, gen_any(g, IR_T_f64), 0, 0)); break;
	case 7: gen_add(g, gen_emit(g, IR_bitcast, IR_T_f64, gen_any(g, IR_T_i64), 0, 0)); break;
	default: gen_add(g, gen_emit(g, IR_bitcast, IR_T_i32, no_nan(g, gen_any(g, IR_T_f32)), 0, 0)); break;
	}
}

ir_ref gen_condition(struct gen *g)
{
	static const enum ir_op ints[] = { IR_eq, IR_ne, IR_lt, IR_le, IR_ult, IR_ule };
	static const enum ir_op floats[] = { IR_feq, IR_fne, IR_flt, IR_fle };
	enum ir_type t = gen_any_type(g);

	if (gen_below(g, 8) == 0)
		return gen_any(g, IR_T_i32);
	if (ir_is_float(t))
		return gen_emit(g, floats[gen_below(g, 4)], t, gen_any(g, t), gen_any(g, t), 0);
	return gen_emit(g, ints[gen_below(g, 6)], t, gen_any(g, t), gen_any(g, t), 0);
}

static void choose(struct gen *g)
{
	enum ir_type t = gen_any_type(g);

	gen_add(g, gen_below(g, 2) ? gen_condition(g) : gen_emit(g, IR_select, t, gen_condition(g), gen_any(g, t), gen_any(g, t)));
}

/* class 1 owns the lower half of the buffer, class 2 the upper */
static ir_ref address(struct gen *g, unsigned *cls, int32_t *off)
{
	ir_ref index = gen_emit(g, IR_and, IR_T_i64, gen_any(g, IR_T_i64), ir_const(g->f, IR_T_i64, 7), 0);
	ir_ref p = g->buf;

	*cls = 1 + gen_below(g, 2);
	*off = (int32_t)((*cls - 1) * (GEN_BUFFER / 2) + gen_below(g, 7) * 8);
	if (g->n[IR_T_ptr])
		p = g->value[IR_T_ptr][gen_below(g, g->n[IR_T_ptr])];
	else if (gen_below(g, 2))
		p = gen_emit(g, IR_add, IR_T_ptr, p, gen_emit(g, IR_shl, IR_T_i64, index, ir_const(g->f, IR_T_i64, gen_below(g, 4)), 0), 0);
	if (gen_below(g, 3) == 0)
		p = gen_emit(g, IR_add, IR_T_ptr, p, ir_const(g->f, IR_T_i64, (int64_t)gen_below(g, 2) * 8), 0);
	return p;
}

/* Memory of the frame: any width anywhere, so that pieces overlap; now and then the address goes away. */
static void local(struct gen *g)
{
	ir_ref p = g->local[gen_below(g, 3)];
	enum ir_type t = gen_any_type(g);
	enum ir_width w = ir_is_float(t) || gen_below(g, 2) ? IR_W_FULL : (enum ir_width)(1 + gen_below(g, t == IR_T_i64 ? 6 : 4));
	int32_t off = (int32_t)(gen_below(g, 3) ? gen_below(g, 3) * 8 : gen_below(g, LOCAL - 7));

	if (gen_below(g, 4) == 0) {
		p = gen_emit(g, IR_add, IR_T_ptr, p, ir_const(g->f, IR_T_i64, off), 0);
		off = 0;
	} else if (gen_below(g, 40) == 0) {
		ir_ref index = gen_emit(g, IR_and, IR_T_i64, gen_any(g, IR_T_i64), ir_const(g->f, IR_T_i64, 1), 0);

		p = gen_emit(g, IR_add, IR_T_ptr, p, gen_emit(g, IR_shl, IR_T_i64, index, ir_const(g->f, IR_T_i64, 3), 0), 0);
		off = 8;
	}
	if (gen_below(g, 2))
		gen_add(g, ir_load(g->f, t, w, 0, p, off));
	else
		ir_store(g->f, w, 0, p, off, no_nan(g, gen_any(g, t)));
}

static void memory(struct gen *g)
{
	unsigned cls;
	int32_t off;
	ir_ref p = address(g, &cls, &off);
	enum ir_type t = gen_any_type(g);
	enum ir_width w = ir_is_float(t) || gen_below(g, 2) ? IR_W_FULL : (enum ir_width)(1 + gen_below(g, t == IR_T_i64 ? 6 : 4));

	if (gen_below(g, 2))
		gen_add(g, ir_load(g->f, t, w, cls, p, off));
	else
		ir_store(g->f, w, cls, p, off, no_nan(g, gen_any(g, t)));
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
	struct ir_call d = { .reads = 6, .writes = gen_below(g, 2) ? 6 : 0, .n_results = 1 };
	ir_ref r;

	switch (gen_below(g, 3)) {
	case 0:
		d.result[0] = IR_T_i64;
		gen_add(g, ir_call_(g->f, ir_const_named(g->f, "callee_int", (void *)(uintptr_t)callee_int), &d, 4,
			(ir_ref[]){ gen_any(g, IR_T_i64), gen_any(g, IR_T_i32), gen_any(g, IR_T_f64), gen_any(g, IR_T_i64) }));
		break;
	case 1:
		d.result[0] = IR_T_f64;
		gen_add(g, ir_call_(g->f, ir_const_named(g->f, "callee_float", (void *)(uintptr_t)callee_float), &d, 3,
			(ir_ref[]){ gen_any(g, IR_T_f64), gen_any(g, IR_T_i64), gen_any(g, IR_T_f64) }));
		break;
	default:
		d.result[0] = d.result[1] = IR_T_i64;
		d.n_results = 2;
		r = ir_call_(g->f, ir_const_named(g->f, "callee_pair", (void *)(uintptr_t)callee_pair), &d, 2, (ir_ref[]){ gen_any(g, IR_T_i64), gen_any(g, IR_T_i64) });
		gen_add(g, r);
		gen_add(g, gen_emit(g, IR_result, IR_T_i64, r, 1, 0));
	}
}

uint32_t gen_state(struct gen *g)
{
	struct ir_slot slot[GEN_SLOTS] = { 0 };
	struct ir_state s = { .pc = ++g->pc, .func = 1, .n = 1 + gen_below(g, GEN_SLOTS) };

	for (uint32_t i = 0; i < s.n; i++) {
		slot[i].slot = i;
		slot[i].value = gen_any(g, gen_any_type(g));
		slot[i].tag = gen_below(g, 9);
		if (gen_below(g, 3) == 0)
			slot[i].tag_ref = gen_any(g, IR_T_i32);
	}
	return ir_state_new(g->f, &s, slot);
}

static void guard(struct gen *g)
{
	enum ir_type t = gen_any_type(g), ti = any_int(g);
	uint32_t s;
	ir_ref c, v;

	if (gen_below(g, 3) == 0) {
		static const enum ir_op op[] = { IR_addo, IR_subo, IR_mulo };
		ir_ref a = gen_any(g, ti), b = gen_any(g, ti);

		s = gen_state(g);
		gen_add(g, gen_emit(g, op[gen_below(g, 3)], ti, a, b, (ir_ref)s));
		return;
	}
	c = gen_condition(g);
	if (gen_below(g, 4))		/* mostly one that holds */
		c = gen_emit(g, IR_or, IR_T_i32, c, ir_const(g->f, IR_T_i32, 1), 0);
	v = gen_any(g, t);
	s = gen_state(g);
	gen_add(g, ir_check(g->f, gen_below(g, IR_CHECK_COUNT), c, v, s));
}

/* One operation, k below 90; from 84 on on memory of the frame. */
void gen_operation(struct gen *g, unsigned k)
{
	if (k < 40) arithmetic(g);
	else if (k < 47) division(g);
	else if (k < 56) conversion(g);
	else if (k < 64) choose(g);
	else if (k < 72) memory(g);
	else if (k < 77) call(g);
	else if (k < 84) guard(g);
	else local(g);
}

/* ---- structured control flow --------------------------------------------------------------------------------------- */

static void statements(struct gen *g, unsigned n);

static void save(const struct gen *g, unsigned *n) { memcpy(n, g->n, sizeof g->n); }
static void restore(struct gen *g, const unsigned *n) { memcpy(g->n, n, sizeof g->n); }

enum { ARMS = 6, ENTRIES = 12 };

/* A branch, or a switch with several entries for an arm and perhaps some that lead past all arms. */
static void spread(struct gen *g, const uint32_t *arm, unsigned arms, uint32_t past)
{
	uint32_t to[ENTRIES], n = arms + gen_below(g, ENTRIES - arms + 1);
	enum ir_type t = any_int(g);
	ir_ref v;

	if (arms == 2 && past == arm[0]) {
		ir_ref cond = gen_condition(g);

		ir_br(g->f, cond, ir_edge_new(g->f, arm[0], 0, NULL), ir_edge_new(g->f, arm[1], 0, NULL));
		return;
	}
	v = gen_any(g, t);
	if (gen_below(g, 3))
		v = gen_emit(g, IR_and, t, v, ir_const(g->f, t, gen_below(g, 2) ? 7 : 15), 0);
	for (uint32_t k = 0; k < n; k++)
		to[k] = k < arms ? arm[k] : gen_below(g, 4) ? arm[gen_below(g, arms)] : past;
	ir_switch(g->f, v, n, to);
}

static void diamond(struct gen *g)
{
	uint32_t arm[ARMS], arms = gen_below(g, 4) ? 2 : 1 + gen_below(g, ARMS), join = ir_block_new(g->f), n_args = gen_below(g, 4);
	enum ir_type t[4];
	ir_ref args[4];
	unsigned n[IR_TYPE_COUNT];

	for (unsigned k = 0; k < arms; k++)
		arm[k] = ir_block_new(g->f);
	save(g, n);
	spread(g, arm, arms, arms != 2 && n_args == 0 ? join : arm[0]);
	for (uint32_t i = 0; i < n_args; i++)
		t[i] = gen_any_type(g);
	for (unsigned k = 0; k < arms; k++) {
		ir_start(g->f, arm[k]);
		if (gen_below(g, 4) == 0)
			g->f->block.at[g->f->cur].cold = true;
		statements(g, 1 + gen_below(g, 5));
		for (uint32_t i = 0; i < n_args; i++)
			args[i] = gen_any(g, t[i]);
		ir_jmp(g->f, join, n_args, args);
		restore(g, n);
	}
	for (uint32_t i = 0; i < n_args; i++)
		gen_add(g, ir_block_arg(g->f, join, t[i]));
	ir_start(g->f, join);
}

static void loop(struct gen *g)
{
	uint32_t head = ir_block_new(g->f), out = ir_block_new(g->f), n_args = 1 + gen_below(g, 4);
	enum ir_type t[5] = { IR_T_i64 };
	ir_ref args[5], counter;
	unsigned n[IR_TYPE_COUNT];
	uint32_t yes, no;

	args[0] = ir_const(g->f, IR_T_i64, 1 + gen_below(g, 6));
	for (uint32_t i = 1; i < n_args; i++) {
		t[i] = gen_any_type(g);
		args[i] = gen_any(g, t[i]);
	}
	ir_jmp(g->f, head, n_args, args);
	save(g, n);
	ir_start(g->f, head);
	counter = ir_block_arg(g->f, head, IR_T_i64);
	for (uint32_t i = 1; i < n_args; i++)
		gen_add(g, ir_block_arg(g->f, head, t[i]));
	if (gen_below(g, 2))
		g->f->block.at[head].state = gen_state(g);
	statements(g, 2 + gen_below(g, 6));
	args[0] = gen_emit(g, IR_sub, IR_T_i64, counter, ir_const(g->f, IR_T_i64, 1), 0);
	for (uint32_t i = 1; i < n_args; i++)
		args[i] = gen_any(g, t[i]);
	yes = ir_edge_new(g->f, head, n_args, args);
	no = ir_edge_new(g->f, out, n_args, args);
	ir_br(g->f, gen_emit(g, IR_lt, IR_T_i32, ir_const(g->f, IR_T_i64, 0), args[0], 0), yes, no);
	restore(g, n);
	ir_start(g->f, out);
	for (uint32_t i = 0; i < n_args; i++)
		gen_add(g, ir_block_arg(g->f, out, t[i]));
}

/* A loop that tests at its top, its counter in memory. */
static void while_loop(struct gen *g)
{
	uint32_t head = ir_block_new(g->f), body = ir_block_new(g->f), out = ir_block_new(g->f);
	ir_ref counter = ir_emit(g->f, IR_stack, IR_T_ptr, 0, 8, 8, 0), k;
	unsigned n[IR_TYPE_COUNT];
	uint32_t yes, no;

	ir_store(g->f, IR_W_FULL, 0, counter, 0, ir_const(g->f, IR_T_i64, gen_below(g, 5)));
	ir_jmp(g->f, head, 0, NULL);
	save(g, n);
	ir_start(g->f, head);
	if (gen_below(g, 3) == 0)
		local(g);
	k = ir_load(g->f, IR_T_i64, IR_W_FULL, 0, counter, 0);
	yes = ir_edge_new(g->f, body, 0, NULL);
	no = ir_edge_new(g->f, out, 0, NULL);
	ir_br(g->f, gen_emit(g, IR_lt, IR_T_i32, ir_const(g->f, IR_T_i64, 0), k, 0), yes, no);
	ir_start(g->f, body);
	statements(g, 2 + gen_below(g, 6));
	k = ir_load(g->f, IR_T_i64, IR_W_FULL, 0, counter, 0);
	ir_store(g->f, IR_W_FULL, 0, counter, 0, gen_emit(g, IR_sub, IR_T_i64, k, ir_const(g->f, IR_T_i64, 1), 0));
	ir_jmp(g->f, head, 0, NULL);
	restore(g, n);
	ir_start(g->f, out);
}

static void statements(struct gen *g, unsigned n)
{
	g->depth++;
	while (n-- && g->budget) {
		unsigned k = gen_below(g, 100);

		g->budget--;
		if (k < 90) gen_operation(g, k);
		else if (k < 96 && g->depth < 5) diamond(g);
		else if (k < 98 && g->depth < 4) loop(g);
		else if (g->depth < 4) while_loop(g);
	}
	g->depth--;
}

/* ---- whole programs -------------------------------------------------------------------------------------------------- */

struct gen gen_new(struct arena *mem, uint64_t seed, bool plain)
{
	struct gen g = { .f = ir_func_new(mem, "random"), .rng = seed };

	g.f->no_fold = plain;
	g.f->strict = seed & 1;
	g.f->result[0] = IR_T_i64;
	g.f->result[1] = IR_T_f64;
	g.f->n_results = 2;
	ir_start(g.f, ir_block_new(g.f));
	g.buf = ir_block_arg(g.f, 0, IR_T_ptr);
	gen_add(&g, ir_block_arg(g.f, 0, IR_T_i64));
	gen_add(&g, ir_block_arg(g.f, 0, IR_T_i64));
	gen_add(&g, ir_block_arg(g.f, 0, IR_T_i32));
	gen_add(&g, ir_block_arg(g.f, 0, IR_T_f64));
	gen_add(&g, ir_block_arg(g.f, 0, IR_T_f32));
	return g;
}

/* Returns what was made of `values` values. */
void gen_ret(struct gen *g, unsigned values)
{
	ir_ref a = gen_any(g, IR_T_i64), b = gen_any(g, IR_T_f64);

	while (values--) {
		a = gen_emit(g, IR_xor, IR_T_i64, a, gen_any(g, IR_T_i64), 0);
		a = gen_emit(g, IR_xor, IR_T_i64, a, gen_emit(g, IR_sext, IR_T_i64, gen_any(g, IR_T_i32), 0, 0), 0);
		b = gen_emit(g, IR_fadd, IR_T_f64, b, gen_any(g, IR_T_f64), 0);
		b = gen_emit(g, IR_fadd, IR_T_f64, b, gen_emit(g, IR_fcvt, IR_T_f64, gen_any(g, IR_T_f32), 0, 0), 0);
	}
	ir_ret(g->f, a, b);
}

struct ir_func *gen_program(struct arena *mem, uint64_t seed, bool plain)
{
	struct gen g = gen_new(mem, seed, plain);

	g.budget = 20 + (unsigned)(seed * 7 % 60);
	for (unsigned k = 0; k < COUNT_OF(g.local); k++) {
		g.local[k] = ir_emit(g.f, IR_stack, IR_T_ptr, 0, LOCAL, 8, 0);
		for (int32_t o = 0; o < LOCAL; o += 8)
			ir_store(g.f, IR_W_FULL, 0, g.local[k], o, gen_any(&g, IR_T_i64));
	}
	statements(&g, 12);
	gen_ret(&g, 1);
	return g.f;
}

struct gen_input gen_input(uint64_t *rng)
{
	struct gen_input in = { .a = edge_int[random_below(rng, COUNT_OF(edge_int))] };

	in.b = (int64_t)random_next(rng) >> random_below(rng, 60);
	in.c = (int32_t)edge_int[random_below(rng, COUNT_OF(edge_int))];
	in.d = edge_float[random_below(rng, COUNT_OF(edge_float))];
	in.e = (float)edge_float[random_below(rng, COUNT_OF(edge_float))];
	return in;
}
