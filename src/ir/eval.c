/* SPDX-License-Identifier: MIT
 * eval.c - runs a function by walking its nodes: the slow twin of all compiled code.
 *
 * Memory is the process's own. Calls go to real functions with up to six integer and eight floating arguments (System V
 * and AAPCS64 pass these in registers independently of each other, so one cast serves all signatures); more arguments
 * are refused with IR_UNSUPPORTED. A guard that fails ends the run with its state; values stay readable.
 */
#include "ir/ir.h"

enum { FUNC_TAG = 1 };		/* the address of a function of the IR is that of its struct ir_func, made odd */

struct eval {
	struct ir_func *f;
	struct ir_eval *e;
	struct arena *mem;
	struct ir_placement at;
	int64_t *arg;			/* buffer for the arguments of a block */
	bool exited;
};

static int64_t value(const struct eval *x, ir_ref r)
{
	return r < 0 ? ir_kbits(x->f, r) : r > 0 ? x->e->value[r] : 0;
}

static int64_t read_memory(const void *p, enum ir_type t, enum ir_width w)
{
	int8_t s8; int16_t s16; int32_t s32; int64_t s64;
	uint8_t u8; uint16_t u16; uint32_t u32;

	switch (w) {
	case IR_W_8S: memcpy(&s8, p, 1); return s8;
	case IR_W_8U: memcpy(&u8, p, 1); return u8;
	case IR_W_16S: memcpy(&s16, p, 2); return s16;
	case IR_W_16U: memcpy(&u16, p, 2); return u16;
	case IR_W_32S: memcpy(&s32, p, 4); return s32;
	case IR_W_32U: memcpy(&u32, p, 4); return u32;
	default: break;
	}
	if (t == IR_T_i32) {
		memcpy(&s32, p, 4);
		return s32;
	}
	if (t == IR_T_f32) {
		memcpy(&u32, p, 4);
		return u32;
	}
	memcpy(&s64, p, 8);
	return s64;
}

typedef int64_t int_fn(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, double, double, double, double, double, double, double, double);
typedef double f64_fn(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, double, double, double, double, double, double, double, double);
typedef float f32_fn(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, double, double, double, double, double, double, double, double);
struct two { int64_t a, b; };
typedef struct two two_fn(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, double, double, double, double, double, double, double, double);
typedef int64_t var_fn(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, ...);

/* Calls a function of the IR. */
static enum ir_outcome run_callee(struct eval *x, ir_ref r, struct ir_func *callee)
{
	const struct ir_node *n = ir_at(x->f, r);
	struct ir_eval e = { .max_steps = x->e->max_steps ? x->e->max_steps - x->e->steps : 0 };
	int64_t *arg = arena_zero(x->mem, (n->aux + callee->block.at[0].arg.n + 1u) * sizeof *arg);
	enum ir_outcome o;

	for (unsigned k = 0; k < n->aux; k++)
		arg[k] = value(x, x->f->pool.at[n->b + (ir_ref)k]);
	o = ir_eval(callee, x->mem, arg, &e);
	x->e->steps += e.steps;
	x->e->value[r] = e.result[0];
	x->e->value[0] = e.result[1];		/* picked up by the result node behind */
	return o == IR_EXITED ? IR_UNSUPPORTED : o;
}

static bool run_call(struct eval *x, ir_ref r)
{
	const struct ir_node *n = ir_at(x->f, r);
	const struct ir_call *d = &x->f->call.at[n->c];
	int64_t i[6] = { 0 };
	double g[8] = { 0 };
	unsigned ni = 0, nf = 0;
	void *fn = (void *)(intptr_t)value(x, n->a);
	enum ir_type t = d->n_results ? d->result[0] : IR_T_i64;

	if (d->flags & IR_CALL_THROUGH)
		fn = __atomic_load_n((void **)fn, __ATOMIC_ACQUIRE);
	if (d->flags & IR_CALL_TWICE)		/* it would return into this C function */
		return false;
	for (unsigned k = 0; k < n->aux; k++) {
		ir_ref a = x->f->pool.at[n->b + (ir_ref)k];
		int64_t bits = value(x, a);

		if (d->pass && d->pass[k] >= IR_PASS_STACK)
			return false;
		if (ir_is_float(ir_type_of(x->f, a))) {
			if (nf == 8)
				return false;
			memcpy(&g[nf++], &bits, 8);
		} else {
			if (ni == 6)
				return false;
			i[ni++] = bits;
		}
	}
	if (d->n_results == 2) {
		struct two two;

		if (ir_is_float(d->result[0]) || ir_is_float(d->result[1]))
			return false;
		two = ((two_fn *)fn)(i[0], i[1], i[2], i[3], i[4], i[5], g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7]);
		x->e->value[r] = t == IR_T_i32 ? (int32_t)two.a : two.a;
		x->e->value[0] = d->result[1] == IR_T_i32 ? (int32_t)two.b : two.b;	/* picked up by the result node behind */
	} else if (t == IR_T_f64) {
		double v = ((f64_fn *)fn)(i[0], i[1], i[2], i[3], i[4], i[5], g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7]);

		memcpy(&x->e->value[r], &v, 8);
	} else if (t == IR_T_f32) {
		float v = ((f32_fn *)fn)(i[0], i[1], i[2], i[3], i[4], i[5], g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7]);
		uint32_t w;

		memcpy(&w, &v, 4);
		x->e->value[r] = w;
	} else if (d->flags & IR_CALL_VARIADIC) {
		int64_t v = ((var_fn *)fn)(i[0], i[1], i[2], i[3], i[4], i[5], g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7]);

		x->e->value[r] = t == IR_T_i32 ? (int32_t)v : v;
	} else {
		int64_t v = ((int_fn *)fn)(i[0], i[1], i[2], i[3], i[4], i[5], g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7]);

		x->e->value[r] = t == IR_T_i32 ? (int32_t)v : v;
	}
	return true;
}

/* False when the guard sends us out. */
static bool run_guard(struct eval *x, ir_ref r)
{
	const struct ir_node *n = ir_at(x->f, r);
	int64_t a = value(x, n->a), b = value(x, n->b), out = 0;
	bool ok;

	x->e->guards++;
	switch (n->op) {
	case IR_check: ok = a != 0; out = n->b ? b : a; break;
	case IR_addo: ok = !__builtin_add_overflow(a, b, &out); break;
	case IR_subo: ok = !__builtin_sub_overflow(a, b, &out); break;
	default: ok = !__builtin_mul_overflow(a, b, &out); break;
	}
	if (n->type == IR_T_i32 && n->op != IR_check)
		ok = ok && out == (int32_t)out;
	x->e->value[r] = out;
	if (x->e->fail_guard && --x->e->fail_guard == 0)
		ok = false;
	if (!ok)
		x->e->state = (uint32_t)n->c;
	return ok;
}

static enum ir_outcome run_node(struct eval *x, ir_ref r)
{
	const struct ir_node *n = ir_at(x->f, r);
	const char *args = ir_ops[n->op].args;
	int64_t bits;

	switch (n->op) {
	case IR_nop: return IR_RETURNED;
	case IR_sp: x->e->value[r] = (int64_t)(intptr_t)__builtin_frame_address(0); return IR_RETURNED;
	case IR_inargs: return IR_UNSUPPORTED;
	case IR_func:
		x->e->value[r] = (int64_t)(intptr_t)x->f->callee.at[n->a].f | FUNC_TAG;
		return x->f->callee.at[n->a].f ? IR_RETURNED : IR_UNSUPPORTED;
	case IR_stack:
		x->e->value[r] = (int64_t)(intptr_t)arena_zero(x->mem, (size_t)n->a);
		return IR_RETURNED;
	case IR_load:
		x->e->value[r] = read_memory((const char *)(intptr_t)value(x, n->a) + n->b, n->type, IR_MEM_WIDTH(n->aux));
		return IR_RETURNED;
	case IR_store:
		bits = value(x, n->c);
		memcpy((char *)(intptr_t)value(x, n->a) + n->b, &bits, ir_access_bytes(ir_type_of(x->f, n->c), n->aux));
		return IR_RETURNED;
	case IR_call:
		if (value(x, n->a) & FUNC_TAG)
			return run_callee(x, r, (struct ir_func *)(intptr_t)(value(x, n->a) & ~(int64_t)FUNC_TAG));
		return run_call(x, r) ? IR_RETURNED : IR_UNSUPPORTED;
	case IR_result: x->e->value[r] = x->e->value[0]; return IR_RETURNED;
	case IR_check: case IR_addo: case IR_subo: case IR_mulo: return run_guard(x, r) ? IR_RETURNED : IR_EXITED;
	default: break;
	}
	if (!ir_compute(n->op, n->type, ir_type_of(x->f, n->a), value(x, n->a), args[1] == 'v' ? value(x, n->b) : 0,
			args[2] == 'v' ? value(x, n->c) : 0, &x->e->value[r]))
		return IR_FAULTED;
	return IR_RETURNED;
}

static uint32_t take_edge(struct eval *x, uint32_t edge)
{
	const struct ir_edge *e = &x->f->edge.at[edge];
	const struct ir_block *to = &x->f->block.at[e->to];

	for (uint32_t i = 0; i < e->n; i++)
		x->arg[i] = value(x, x->f->pool.at[e->args + i]);
	for (uint32_t i = 0; i < e->n; i++)
		x->e->value[to->arg.at[i]] = x->arg[i];
	return e->to;
}

static uint32_t most_args(const struct ir_func *f)
{
	uint32_t most = 0;

	for (uint32_t b = 0; b < f->block.n; b++)
		if (f->block.at[b].arg.n > most)
			most = f->block.at[b].arg.n;
	return most;
}

enum ir_outcome ir_eval(struct ir_func *f, struct arena *mem, const int64_t *args, struct ir_eval *e)
{
	struct eval x = { .f = f, .e = e, .mem = mem };
	uint32_t b = 0;

	e->value = arena_zero(mem, f->node.n * sizeof *e->value);
	e->steps = e->guards = 0;
	e->result[0] = e->result[1] = 0;
	x.arg = arena_zero(mem, (most_args(f) + 1) * sizeof *x.arg);
	x.at = ir_placement(f, mem);
	for (uint32_t i = 0; i < f->block.at[0].arg.n; i++) {
		ir_ref a = f->block.at[0].arg.at[i];

		e->value[a] = ir_at(f, a)->type == IR_T_i32 ? (int32_t)args[i] : ir_at(f, a)->type == IR_T_f32 ? (int64_t)(uint32_t)args[i] : args[i];
	}
	for (;;) {
		const struct ir_node *c;

		for (uint32_t i = 0; i < x.at.of_block[b].n; i++) {
			enum ir_outcome o;

			if (e->max_steps && e->steps >= e->max_steps)
				return IR_STEPS;
			e->steps++;
			o = run_node(&x, x.at.of_block[b].at[i]);
			if (o != IR_RETURNED)
				return o;
		}
		e->steps++;
		if (e->max_steps && e->steps >= e->max_steps)
			return IR_STEPS;
		c = ir_at(f, f->block.at[b].control);
		switch (c->op) {
		case IR_jmp: b = take_edge(&x, (uint32_t)c->a); break;
		case IR_br: b = take_edge(&x, (uint32_t)(value(&x, c->a) ? c->b : c->c)); break;
		case IR_switch: b = take_edge(&x, ir_edge_at(f, c, ir_switch_way(f, c, value(&x, c->a)))); break;
		case IR_exit: e->state = (uint32_t)c->c; return IR_EXITED;
		default:
			e->result[0] = value(&x, c->a);
			e->result[1] = value(&x, c->b);
			return IR_RETURNED;
		}
	}
}

int64_t ir_eval_ref(const struct ir_func *f, const struct ir_eval *e, ir_ref r)
{
	return r < 0 ? ir_kbits(f, r) : r > 0 ? e->value[r] : 0;
}
