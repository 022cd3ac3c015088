/* SPDX-License-Identifier: MIT
 * idiom.c - loops that do nothing but fill or copy memory become calls of memset and memmove.
 *
 * A loop of one block, a counter that steps by one (or a pointer by the size of an item), one store whose address goes along with it: of
 * bytes that do not change, or of what one load along another such address has just read. How often it runs is computed before it. When
 * that is not known to be often, or two pieces of memory could overlap so that the loop copies what it has written, the loop stays beside
 * the call for these cases.
 *
 * The loop goes forward, so where the destination is not inside of what is read behind its start memmove does the same.
 */
#include "opt/opt.h"

#include <string.h>

enum { MANY = 32, MAX_DEPTH = 6 };	/* turns that a call is worth */
struct idiom {
	struct opt_loop l;
	struct ir_func *f;
	struct opt_copy first;		/* what values are in the first turn */
	uint32_t back, out;		/* edges of the loop's block */
	ir_ref store, load;		/* load: 0 when it fills */
	unsigned shift;			/* of the size of an item */
};

static ir_ref sum(struct ir_func *f, enum ir_type t, ir_ref a, int64_t k) { return ir_emit(f, IR_add, t, 0, a, ir_const(f, IR_T_i64, k), 0); }

/* How much r grows from turn to turn, if it is a known constant; else 0. */
static int64_t step_of(struct idiom *x, ir_ref r, unsigned depth)
{
	const struct ir_func *f = x->f;
	const struct ir_node *n = r > 0 ? ir_at(f, r) : NULL;
	const struct ir_node *next;
	ir_ref v;

	if (!n || depth == MAX_DEPTH)
		return 0;
	if (n->op == IR_arg && (uint32_t)n->a == x->l.header) {
		v = f->pool.at[f->edge.at[x->back].args + (uint32_t)n->b];
		next = v > 0 ? ir_at(f, v) : NULL;
		return next && next->op == IR_add && next->a == r && ir_is_const(next->b) ? ir_kbits(f, next->b) : 0;
	}
	if (n->op == IR_shl && ir_is_const(n->b) && ir_kbits(f, n->b) >= 0 && ir_kbits(f, n->b) < 8)
		return (int64_t)((uint64_t)step_of(x, n->a, depth + 1) << ir_kbits(f, n->b));
	if (n->op != IR_add)
		return 0;
	if (opt_invariant(&x->l, n->b))
		return step_of(x, n->a, depth + 1);
	return opt_invariant(&x->l, n->a) ? step_of(x, n->b, depth + 1) : 0;
}

/* An access whose address grows by the bytes it takes. */
static bool goes_along(struct idiom *x, const struct ir_node *n, unsigned bytes)
{
	unsigned cls = IR_MEM_CLASS(n->aux);

	return !(x->f->changing >> cls & 1) && step_of(x, n->a, 0) == bytes;
}

/* The byte that memory would be filled with, or 0. */
static ir_ref fill_byte(struct idiom *x, unsigned bytes)
{
	ir_ref v = ir_at(x->f, x->store)->c;
	uint64_t k;

	if (!opt_invariant(&x->l, v))
		return 0;
	if (bytes == 1)
		return ir_type_of(x->f, v) == IR_T_i64 ? ir_emit(x->f, IR_trunc, IR_T_i32, 0, v, 0, 0) : v;
	if (!ir_is_const(v))
		return 0;
	k = (uint64_t)ir_kbits(x->f, v);
	for (unsigned b = 1; b < bytes; b++)
		if ((k >> 8 * b & 0xff) != (k & 0xff))
			return 0;
	return ir_const(x->f, IR_T_i32, (int64_t)(k & 0xff));
}

/* Does nothing of the loop's block but its store look at the load? */
static bool only_stored(const struct idiom *x)
{
	struct ir_func *f = x->f;
	ir_ref v = x->load;
	const struct ir_edge *e[] = { &f->edge.at[x->back], &f->edge.at[x->out] };

	for (uint32_t r = 1; r < f->node.n; r++) {
		ir_ref o[3];
		uint32_t n = (ir_ref)r == x->store || (ir_ops[f->node.at[r].op].values & IR_VALUE_LIST) ? 0 : ir_operands(f, (ir_ref)r, o, COUNT_OF(o));

		for (uint32_t k = 0; k < n; k++)
			if (o[k] == v)
				return false;
	}
	for (unsigned k = 0; k < COUNT_OF(e); k++)
		for (uint32_t a = 0; a < e[k]->n; a++)
			if (f->pool.at[e[k]->args + a] == v)
				return false;
	return ir_at(f, x->store)->a != v;
}

/* One store, and perhaps a load before it that is what it stores. */
static bool find_accesses(struct idiom *x, const struct ir_block *b)
{
	struct ir_func *f = x->f;
	const struct ir_node *st, *ld;
	unsigned bytes;

	x->store = b->ins.at[b->ins.n - 1];
	x->load = b->ins.n == 2 ? b->ins.at[0] : 0;
	st = ir_at(f, x->store);
	if (st->op != IR_store)
		return false;
	bytes = ir_access_bytes(ir_type_of(f, st->c), st->aux);
	x->shift = (unsigned)__builtin_ctz(bytes);
	if (!goes_along(x, st, bytes))
		return false;
	if (!x->load)
		return fill_byte(x, bytes) != 0;
	ld = ir_at(f, x->load);
	return ld->op == IR_load && st->c == x->load && ir_access_bytes(ld->type, ld->aux) == bytes && goes_along(x, ld, bytes) && only_stored(x);
}

/* What r is in the first turn. */
static ir_ref at_first(struct idiom *x, ir_ref r)
{
	return opt_copy_value(&x->first, r);
}

/* How much the counter grows from turn to turn: 1, -1, or a power of two for pointers, which are in one object and so do not run past the
 * end of the address space; else 0. */
static int64_t counts_by(struct idiom *x, ir_ref counter)
{
	const struct ir_node *n = counter > 0 ? ir_at(x->f, counter) : NULL;
	int64_t step = step_of(x, counter, 0);

	if (!step && n && n->op == IR_add && ir_is_const(n->b))
		step = step_of(x, n->a, 0);
	if (n && n->type == IR_T_ptr)
		return step > 0 && !(step & (step - 1)) ? step : 0;
	return step == 1 || step == -1 ? step : 0;
}

/* How often a loop runs that goes on while `a op b`, as an i64; one of them changes by step. */
static ir_ref turns(struct idiom *x, enum ir_op op, ir_ref a, ir_ref b, int64_t step)
{
	struct ir_func *f = x->f;
	enum ir_type t = ir_type_of(f, a);
	ir_ref more;

	a = at_first(x, a);
	b = at_first(x, b);
	if (t == IR_T_ptr)
		more = ir_emit(f, IR_sub, IR_T_i64, 0, ir_emit(f, IR_bitcast, IR_T_i64, 0, b, 0, 0), ir_emit(f, IR_bitcast, IR_T_i64, 0, a, 0, 0), 0);
	else
		more = ir_emit(f, IR_sub, t, 0, b, a, 0);
	if (t == IR_T_i32)
		more = ir_emit(f, IR_zext, IR_T_i64, 0, more, 0, 0);
	step = step < 0 ? 1 : step;
	more = sum(f, IR_T_i64, more, op == IR_le || op == IR_ule ? step : step - 1);
	more = ir_emit(f, IR_shr, IR_T_i64, 0, more, ir_const(f, IR_T_i32, __builtin_ctzll((uint64_t)step)), 0);
	if (op != IR_ne)
		more = ir_emit(f, IR_select, IR_T_i64, 0, ir_emit(f, op, IR_T_i32, 0, a, b, 0), more, ir_const(f, IR_T_i64, 0));
	return sum(f, IR_T_i64, more, 1);
}

/* The same from the branch at the end of the block; 0: it cannot be told. */
static ir_ref count(struct idiom *x, const struct ir_node *br)
{
	const struct ir_node *c = br->a > 0 ? ir_at(x->f, br->a) : NULL;
	bool yes = (uint32_t)br->b == x->back;
	enum ir_op op = c && c->op >= IR_eq && c->op <= IR_ule ? c->op : IR_ne;
	ir_ref a = br->a, b;
	int64_t step;

	if (c && c->op >= IR_eq && c->op <= IR_ule) {
		a = yes ? c->a : c->b;
		b = yes ? c->b : c->a;
	} else {
		b = ir_const(x->f, ir_type_of(x->f, a), 0);
	}
	if (!yes)			/* not b < a is a <= b */
		op = op == IR_lt ? IR_le : op == IR_le ? IR_lt : op == IR_ult ? IR_ule : op == IR_ule ? IR_ult : op == IR_eq ? IR_ne : IR_eq;
	if (opt_invariant(&x->l, b)) {
		step = counts_by(x, a);
		if (step < 0 && op == IR_ne)
			return turns(x, op, b, a, step);
		return step > 0 && op != IR_eq ? turns(x, op, a, b, step) : 0;
	}
	step = opt_invariant(&x->l, a) ? counts_by(x, b) : 0;
	if (step > 0 && op == IR_ne)
		return turns(x, op, b, a, step);
	return step < 0 && op != IR_eq ? turns(x, op, a, b, step) : 0;
}

/* The arguments that the block behind the loop gets must be the same whatever the loop did, or counters. False: something else is. */
static bool leaving(struct idiom *x, ir_ref n, ir_ref *args)
{
	struct ir_func *f = x->f;
	const struct ir_block *h = &f->block.at[x->l.header];
	const struct ir_edge out = f->edge.at[x->out];
	ir_ref done = sum(f, IR_T_i64, n, -1), *last = arena_alloc(f->tmp, (h->arg.n + 1) * sizeof *last);

	if (!out.n)
		return true;
	for (uint32_t k = 0; k < h->arg.n; k++) {
		ir_ref a = h->arg.at[k], by;
		enum ir_type t = ir_type_of(f, a);
		int64_t step = step_of(x, a, 0);

		if (!step || ir_is_float(t))
			return false;
		by = ir_emit(f, IR_mul, IR_T_i64, 0, done, ir_const(f, IR_T_i64, step), 0);
		last[k] = ir_emit(f, IR_add, t, 0, at_first(x, a), t == IR_T_i32 ? ir_emit(f, IR_trunc, t, 0, by, 0, 0) : by, 0);
	}
	opt_copy_forget(&x->first);
	for (uint32_t k = 0; k < h->arg.n; k++)
		opt_copy_set(&x->first, h->arg.at[k], last[k]);
	for (uint32_t k = 0; k < out.n; k++)
		args[k] = opt_copy_value(&x->first, f->pool.at[out.args + k]);
	return true;
}

static void call(struct idiom *x, ir_ref to, ir_ref from, ir_ref byte, ir_ref bytes)
{
	struct ir_func *f = x->f;
	struct ir_call d = { .writes = UINT32_C(1) << IR_MEM_CLASS(ir_at(f, x->store)->aux) };
	const void *fn = from ? (const void *)(uintptr_t)memmove : (const void *)(uintptr_t)memset;

	if (from)
		d.reads = UINT32_C(1) << IR_MEM_CLASS(ir_at(f, x->load)->aux);
	ir_call_(f, ir_const_named(f, from ? "memmove" : "memset", fn), &d, 3, (ir_ref[]){ to, from ? from : byte, bytes });
}

static ir_ref first_address(struct idiom *x, ir_ref access)
{
	struct ir_node n = *ir_at(x->f, access);

	return sum(x->f, IR_T_ptr, at_first(x, n.a), n.b);
}

/* Calls instead of entering the loop: always, or when far is not 0. */
static void enter(struct idiom *x, ir_ref far, uint32_t by_call)
{
	struct ir_func *f = x->f;
	uint32_t ask, yes;

	if (ir_is_const(far)) {
		f->edge.at[x->l.edge] = (struct ir_edge){ by_call, 0, 0 };
		return;
	}
	ask = ir_split_edge(f, x->l.edge);
	yes = ir_edge_new(f, by_call, 0, NULL);
	*ir_at(f, f->block.at[ask].control) = (struct ir_node){ .op = IR_br, .a = far, .b = (ir_ref)yes, .c = ir_at(f, f->block.at[ask].control)->a };
}

static bool replace(struct idiom *x)
{
	struct ir_func *f = x->f;
	const struct ir_block *h = &f->block.at[x->l.header];
	struct ir_node br = *ir_at(f, h->control);
	uint32_t n_out = f->edge.at[x->out].n, by_call;
	ir_ref *args = arena_alloc(f->tmp, (n_out + 1) * sizeof *args), n, bytes, apart, to, from = 0, byte = 0, far;

	for (uint32_t k = 0; k < h->arg.n; k++)
		opt_copy_set(&x->first, h->arg.at[k], f->pool.at[f->edge.at[x->l.edge].args + k]);
	n = count(x, &br);
	if (!n || (ir_is_const(n) && (uint64_t)ir_kbits(f, n) < MANY))
		return false;
	bytes = ir_emit(f, IR_shl, IR_T_i64, 0, n, ir_const(f, IR_T_i32, x->shift), 0);
	far = ir_emit(f, IR_ule, IR_T_i32, 0, ir_const(f, IR_T_i64, MANY), n, 0);
	to = first_address(x, x->store);
	if (x->load) {
		from = first_address(x, x->load);
		apart = ir_emit(f, IR_sub, IR_T_i64, 0, ir_emit(f, IR_bitcast, IR_T_i64, 0, to, 0, 0), ir_emit(f, IR_bitcast, IR_T_i64, 0, from, 0, 0), 0);
		apart = ir_emit(f, IR_ule, IR_T_i32, 0, bytes, apart, 0);
		far = ir_is_const(far) ? apart : ir_emit(f, IR_and, IR_T_i32, 0, far, apart, 0);
	} else {
		byte = fill_byte(x, 1u << x->shift);
	}
	if (!leaving(x, n, args))
		return false;
	by_call = ir_block_new(f);
	ir_start(f, by_call);
	call(x, to, from, byte, bytes);
	ir_jmp(f, f->edge.at[x->out].to, n_out, args);
	enter(x, far, by_call);
	f->analysed = false;
	return true;
}

static bool is_candidate(struct idiom *x, uint32_t h)
{
	const struct ir_func *f = x->f;
	const struct ir_block *b = &f->block.at[h];
	const struct ir_node *c = ir_at(f, b->control);

	if (b->loop != h + 1 || b->pred.n != 2 || b->ins.n < 1 || b->ins.n > 2 || c->op != IR_br || (f->edge.at[c->b].to == h) == (f->edge.at[c->c].to == h))
		return false;
	x->back = f->edge.at[c->b].to == h ? (uint32_t)c->b : (uint32_t)c->c;
	x->out = f->edge.at[c->b].to == h ? (uint32_t)c->c : (uint32_t)c->b;
	return ir_at(f, b->ins.at[b->ins.n - 1])->op == IR_store;
}

bool opt_idiom(struct ir_func *f)
{
	struct idiom x = { .f = f };
	const bool *crosses = NULL;
	uint32_t n;
	bool changed = false;

	if (f->state.n > 1)
		return false;
	ir_analyse(f);
	n = f->n_order;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t h = f->order[i];

		if (!is_candidate(&x, h))
			continue;
		if (!crosses) {
			opt_loops_begin(&x.l, f);
			opt_copy_begin(&x.first, f);
			crosses = opt_crossing(f);
			n = f->n_order;
			i = UINT32_MAX;		/* the order may be another one now */
			continue;
		}
		if (crosses[h] || !opt_loop_enter(&x.l, h) || !find_accesses(&x, &f->block.at[h]))
			continue;
		opt_copy_forget(&x.first);
		changed |= replace(&x);
	}
	return changed;
}
