/* SPDX-License-Identifier: MIT
 * inline.c - calls of small functions become their bodies.
 *
 * Callees are optimised before their callers, so a body is copied as small as it gets, and folded again with what the call
 * passes. The block of the call ends at the call; what stands behind it goes to a new block, whose arguments are the results.
 * Memory of the callee's frame goes to the caller's entry. Functions with frame states stay as they are: their guests know
 * better (see hew_state_info.parent).
 */
#include "opt/opt.h"

enum { SMALL = 30, IN_LOOP = 120, GROWTH = 2000 };	/* nodes of a body: anywhere, in a loop; added to one caller */
struct inliner {
	struct ir_func *f, *g;		/* caller, callee */
	ir_ref *map;			/* by node of g */
	uint32_t *block;		/* by block of g */
	uint32_t after;			/* where returns go */
	VEC(ir_ref) work, stack;	/* new `stack` nodes */
	ir_ref pending;
};

static bool same_classes(const struct ir_func *f, const struct ir_func *g)
{
	return f->immutable == g->immutable && f->changing == g->changing && f->any == g->any && f->exact == g->exact && f->n_classes == g->n_classes && f->strict == g->strict;
}

static bool can_be_copied(const struct ir_func *g)
{
	if (!g->optimised || g->state.n > 1 || ir_calls_twice(g))
		return false;
	for (uint32_t i = 0; i < g->n_order; i++) {
		const struct ir_block *b = &g->block.at[g->order[i]];

		if (!b->control)
			return false;
		for (uint32_t k = 0; k < b->ins.n; k++)
			if (ir_at(g, b->ins.at[k])->op == IR_stack && g->order[i] != 0)
				return false;
	}
	for (uint32_t r = 1; r < g->node.n; r++)
		if (ir_at(g, (ir_ref)r)->op == IR_inargs || ir_at(g, (ir_ref)r)->op == IR_sp)
			return false;
	return true;
}

/* Inside of another function such calls would not be its last ones, and chains of them would need stack. */
static bool has_tail_calls(const struct ir_func *g)
{
	for (uint32_t i = 0; i < g->call.n; i++)
		if (g->call.at[i].conv == IR_CONV_TAIL)
			return true;
	return false;
}

bool opt_fits_call(const struct ir_func *f, const struct ir_func *g, const struct ir_node *n)
{
	const struct ir_call *d = &f->call.at[n->c];

	if (ir_call_conv(f, d) != (enum ir_conv)g->conv)
		return false;
	if (n->aux != g->block.at[0].arg.n || !ir_same_pass(d->pass, g->pass, n->aux) || d->n_results > g->n_results || d->state || (d->flags & IR_CALL_VARIADIC) || has_tail_calls(g))
		return false;
	for (unsigned k = 0; k < n->aux; k++)
		if (ir_type_of(f, f->pool.at[n->b + (ir_ref)k]) != (enum ir_type)ir_at(g, g->block.at[0].arg.at[k])->type)
			return false;
	for (unsigned k = 0; k < d->n_results; k++)
		if (d->result[k] != g->result[k])
			return false;
	return true;
}

/* ---- copying ------------------------------------------------------------------------------------------------------- */

static ir_ref copy_const(struct inliner *x, ir_ref r)
{
	const struct ir_const *k = &x->g->konst.at[-r];

	return k->name ? ir_const_named(x->f, k->name, (const void *)(intptr_t)k->bits) : ir_const(x->f, k->type, k->bits);
}

static bool is_pure(const struct inliner *x, ir_ref r) { return r > 0 && !ir_pinned(x->g, ir_at(x->g, r)); }

static void want(void *arg, ir_ref *r)
{
	struct inliner *x = arg;

	if (is_pure(x, *r) && !x->map[*r])
		x->pending = *r;
}

static void mapped(void *arg, ir_ref *r)
{
	struct inliner *x = arg;

	*r = *r < 0 ? copy_const(x, *r) : x->map[*r];
}

static ir_ref copy_node(struct inliner *x, ir_ref r)
{
	struct ir_node n = *ir_at(x->g, r);

	if (n.op == IR_func)
		return ir_callee(x->f, x->g->callee.at[n.a].name, x->g->callee.at[n.a].f);
	ir_visit(x->g, &n, mapped, x);
	return ir_emit(x->f, n.op, n.type, n.aux, n.a, n.b, n.c);
}

/* The copy of any value of g whose pinned operands are copied. */
static ir_ref value(struct inliner *x, ir_ref r)
{
	if (is_pure(x, r) && !x->map[r])
		vec_push(x->f->tmp, &x->work, r);
	while (x->work.n) {
		ir_ref w = x->work.at[x->work.n - 1];

		x->pending = 0;
		ir_visit(x->g, ir_at(x->g, w), want, x);
		if (x->pending) {
			vec_push(x->f->tmp, &x->work, x->pending);
			continue;
		}
		x->map[w] = copy_node(x, w);
		x->work.n--;
	}
	if (r)
		mapped(x, &r);
	return r;
}

static void prepare(void *arg, ir_ref *r) { value(arg, *r); }

static ir_ref copy_pinned(struct inliner *x, ir_ref r)
{
	struct ir_func *f = x->f, *g = x->g;
	struct ir_node n = *ir_at(g, r);

	ir_visit(g, &n, prepare, x);
	if (n.op == IR_call) {
		struct ir_call d = g->call.at[n.c];
		ir_ref *args = arena_alloc(f->tmp, (n.aux + 1u) * sizeof *args);

		for (unsigned k = 0; k < n.aux; k++)
			args[k] = value(x, g->pool.at[n.b + (ir_ref)k]);
		return ir_call_(f, value(x, n.a), &d, n.aux, args);
	}
	if (n.op == IR_load)
		return ir_load(f, n.type, IR_MEM_WIDTH(n.aux), IR_MEM_CLASS(n.aux), value(x, n.a), n.b);
	if (n.op == IR_stack) {
		ir_ref s = ir_raw_node(f, n);

		vec_push(f->tmp, &x->stack, s);
		return s;
	}
	return copy_node(x, r);
}

static uint32_t copy_edge(struct inliner *x, uint32_t e)
{
	const struct ir_edge *old = &x->g->edge.at[e];
	ir_ref *args = arena_alloc(x->f->tmp, (old->n + 1) * sizeof *args);

	for (uint32_t k = 0; k < old->n; k++)
		args[k] = value(x, x->g->pool.at[old->args + k]);
	return ir_edge_new(x->f, x->block[old->to], old->n, args);
}

static void copy_switch(struct inliner *x, const struct ir_node *n)
{
	struct ir_func *f = x->f;
	uint32_t edges = ir_edges(x->g, n), words = 1 + edges + (uint32_t)n->c, at;
	ir_ref v = value(x, n->a), *word = arena_alloc(f->tmp, words * sizeof *word);

	memcpy(word, &x->g->pool.at[n->b], words * sizeof *word);
	for (uint32_t k = 0; k < edges; k++)
		word[1 + k] = (ir_ref)copy_edge(x, (uint32_t)word[1 + k]);
	at = f->pool.n;
	for (uint32_t k = 0; k < words; k++)
		vec_push(f->mem, &f->pool, word[k]);
	ir_emit(f, IR_switch, IR_T_void, 0, v, (ir_ref)at, n->c);
}

static void copy_control(struct inliner *x, uint32_t b)
{
	struct ir_node n = *ir_at(x->g, x->g->block.at[b].control);
	uint32_t yes;
	ir_ref r[2];

	x->f->cur = x->block[b];
	switch (n.op) {
	case IR_jmp:
		ir_emit(x->f, IR_jmp, IR_T_void, 0, (ir_ref)copy_edge(x, (uint32_t)n.a), 0, 0);
		break;
	case IR_br:
		yes = copy_edge(x, (uint32_t)n.b);
		ir_br(x->f, value(x, n.a), yes, copy_edge(x, (uint32_t)n.c));
		break;
	case IR_switch:
		copy_switch(x, &n);
		break;
	default:
		r[0] = value(x, n.a);
		r[1] = value(x, n.b);
		ir_jmp(x->f, x->after, x->f->block.at[x->after].arg.n, r);
	}
}

/* The result of a call becomes an argument of block b; node r, so that its users stay as they are. */
static void to_argument(struct ir_func *f, uint32_t b, ir_ref r)
{
	*ir_at(f, r) = (struct ir_node){ IR_arg, ir_at(f, r)->type, 0, (ir_ref)b, (ir_ref)f->block.at[b].arg.n, 0 };
	vec_push(f->mem, &f->block.at[b].arg, r);
}

/* Puts g in the place of the call at position k of block b. Returns the block behind it. */
static uint32_t inline_call(struct ir_func *f, uint32_t b, uint32_t k, struct ir_func *g)
{
	struct inliner x = { .f = f, .g = g };
	ir_ref r = f->block.at[b].ins.at[k];
	struct ir_node n = *ir_at(f, r);
	const struct ir_call *d = &f->call.at[n.c];
	uint32_t first = k + 1, results = d->n_results;

	x.map = arena_zero(f->tmp, g->node.n * sizeof *x.map);
	x.block = arena_zero(f->tmp, g->block.n * sizeof *x.block);
	x.after = ir_block_new(f);
	if (results > 0)
		to_argument(f, x.after, r);
	if (results > 1 && first < f->block.at[b].ins.n && ir_at(f, f->block.at[b].ins.at[first])->op == IR_result)
		to_argument(f, x.after, f->block.at[b].ins.at[first++]);
	for (; first < f->block.at[b].ins.n; first++)
		vec_push(f->mem, &f->block.at[x.after].ins, f->block.at[b].ins.at[first]);
	f->block.at[x.after].control = f->block.at[b].control;
	f->block.at[x.after].cold = f->block.at[b].cold;
	f->block.at[b].ins.n = k;
	f->block.at[b].control = 0;
	for (unsigned q = 0; q < n.aux; q++)
		x.map[g->block.at[0].arg.at[q]] = f->pool.at[n.b + (ir_ref)q];
	for (uint32_t i = 0; i < g->n_order; i++) {
		const struct ir_block *gb = &g->block.at[g->order[i]];
		uint32_t nb = x.block[g->order[i]] = ir_block_new(f);

		f->block.at[nb].cold = gb->cold || f->block.at[b].cold;
		for (uint32_t q = 0; i && q < gb->arg.n; q++)
			x.map[gb->arg.at[q]] = ir_block_arg(f, nb, ir_at(g, gb->arg.at[q])->type);
	}
	for (uint32_t i = 0; i < g->n_order; i++) {
		const struct ir_block *gb = &g->block.at[g->order[i]];

		ir_start(f, x.block[g->order[i]]);
		for (uint32_t q = 0; q < gb->ins.n; q++)
			x.map[gb->ins.at[q]] = copy_pinned(&x, gb->ins.at[q]);
	}
	for (uint32_t i = 0; i < g->n_order; i++)
		copy_control(&x, g->order[i]);
	f->cur = b;
	ir_jmp(f, x.block[0], 0, NULL);
	for (uint32_t q = 0; q < x.stack.n; q++) {
		ir_ref front = x.stack.at[q];

		vec_push(f->mem, &f->block.at[0].ins, front);
		memmove(f->block.at[0].ins.at + 1, f->block.at[0].ins.at, (f->block.at[0].ins.n - 1) * sizeof(ir_ref));
		f->block.at[0].ins.at[0] = front;
	}
	return x.after;
}

/* Replaces the calls of f to itself, as they stand now, by the body of g, a copy of f. */
void opt_inline_self(struct ir_func *f, struct ir_func *g)
{
	uint32_t n = f->n_order, *order = f->order;

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t b = order[i], k = 0; k < f->block.at[b].ins.n; k++) {
			const struct ir_node *c = ir_at(f, f->block.at[b].ins.at[k]);

			if (c->op != IR_call || c->a <= 0 || ir_at(f, c->a)->op != IR_func || f->callee.at[ir_at(f, c->a)->a].f != f || !opt_fits_call(f, g, c))
				continue;
			b = inline_call(f, b, k, g);
			k = UINT32_MAX;
		}
}

bool opt_inline(struct ir_func *f)
{
	uint32_t grown = 0, n;
	bool changed = false;

	if (!f->callee.n || f->state.n > 1)
		return false;
	ir_analyse(f);
	n = f->n_order;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t b = f->order[i];
		bool loop = f->block.at[b].loop_depth > 0, cold = f->block.at[b].cold;

		for (uint32_t k = 0; k < f->block.at[b].ins.n; k++) {
			const struct ir_node *c = ir_at(f, f->block.at[b].ins.at[k]);
			struct ir_func *g;
			uint32_t size;

			if (c->op != IR_call || c->a <= 0 || ir_at(f, c->a)->op != IR_func || cold)
				continue;
			g = f->callee.at[ir_at(f, c->a)->a].f;
			size = g ? g->size ? g->size : g->node.n : 0;
			if (!g || g == f || size > (loop ? IN_LOOP : SMALL) || grown + size > GROWTH)
				continue;
			if (!same_classes(f, g) || !opt_fits_call(f, g, c) || !can_be_copied(g))
				continue;
			grown += size;
			b = inline_call(f, b, k, g);
			k = UINT32_MAX;
			changed = true;
		}
	}
	return changed;
}
