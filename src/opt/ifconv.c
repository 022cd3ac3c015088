/* SPDX-License-Identifier: MIT
 * ifconv.c - a branch that only chooses between values becomes selects.
 *
 *      A: br c, T, F
 *      T: jmp M(x)             =>      A: jmp M(select c, x, y)
 *      F: jmp M(y)
 *
 * T and F do nothing, or one of them is M. All that both ways compute is computed then, so it must be little, and no
 * division: a branch that is not foreseen costs 15 to 20 cycles, one that is costs nothing. Floating values stay behind branches, as targets have no
 * selects for them. So do, in loops, branches on what was loaded that choose where to load next: behind a branch that is foreseen, right or
 * wrong, the next load is on its way already, behind a select it waits. (A heap of 160 MB is sorted in half the time with the
 * branches, one of 0.5 MB, which the cache holds, with the selects.)
 */
#include "opt/opt.h"

enum { MAX_COST = 4, MAX_SELECTS = 2, FAR = 100, MAX_DEPTH = 4 };	/* operations that may be computed without need; one that takes long */
struct ifconv {
	struct ir_func *f;
	bool *address;			/* by node: an address of a load or store depends on it; NULL: not asked yet */
	VEC(ir_ref) work;
};

/* What computing r adds at most: pinned nodes and arguments are there already. */
static unsigned cost(const struct ir_func *f, ir_ref r, unsigned depth)
{
	const struct ir_node *n = r > 0 ? ir_at(f, r) : NULL;
	unsigned values, sum = 1;

	if (!n || ir_pinned(f, n))
		return 0;
	values = ir_ops[n->op].values;
	if (depth == MAX_COST || ir_is_float(n->type) || (ir_ops[n->op].flags & IR_FAULT) || n->op == IR_smulh || n->op == IR_umulh)
		return FAR;
	if (values & IR_VALUE_A)
		sum += cost(f, n->a, depth + 1);
	if (values & IR_VALUE_B)
		sum += cost(f, n->b, depth + 1);
	if (values & IR_VALUE_C)
		sum += cost(f, n->c, depth + 1);
	return sum;
}

/* Where the way over edge e comes out: behind a block that does nothing and is reached by this edge only, or where e leads. */
static uint32_t way_out(const struct ir_func *f, uint32_t e)
{
	const struct ir_block *b = &f->block.at[f->edge.at[e].to];
	const struct ir_node *c = ir_at(f, b->control);

	return b->pred.n == 1 && !b->ins.n && !b->arg.n && !b->state && !b->cold && c->op == IR_jmp ? (uint32_t)c->a : e;
}

static void depend(void *arg, ir_ref *r)
{
	struct ifconv *x = arg;

	if (*r > 0 && !x->address[*r]) {
		x->address[*r] = true;
		vec_push(x->f->tmp, &x->work, *r);
	}
}

/* From addresses back to what they are made of, through arguments of blocks as well. */
static void find_addresses(struct ifconv *x)
{
	struct ir_func *f = x->f;

	x->address = arena_zero(f->tmp, f->node.n);
	for (uint32_t i = 0; i < f->n_order; i++)
		for (uint32_t k = 0; k < f->block.at[f->order[i]].ins.n; k++) {
			struct ir_node *n = ir_at(f, f->block.at[f->order[i]].ins.at[k]);

			if (n->op == IR_load || n->op == IR_store)
				depend(x, &n->a);
		}
	while (x->work.n) {
		struct ir_node *n = ir_at(f, x->work.at[--x->work.n]);
		const struct ir_block *b = &f->block.at[n->op == IR_arg ? n->a : 0];

		if (!ir_pinned(f, n))
			ir_visit(f, n, depend, x);
		for (uint32_t k = 0; n->op == IR_arg && k < b->pred.n; k++) {
			unsigned ways = ir_succs(f, b->pred.at[k]);

			for (unsigned j = 0; j < ways; j++)
				if (ir_out(f, b->pred.at[k], j)->to == (uint32_t)n->a)
					depend(x, &f->pool.at[ir_out(f, b->pred.at[k], j)->args + (uint32_t)n->b]);
		}
	}
}

static bool on_a_load(const struct ir_func *f, ir_ref r, unsigned depth)
{
	const struct ir_node *n = r > 0 ? ir_at(f, r) : NULL;
	unsigned values;

	if (!n || depth == MAX_DEPTH || ir_pinned(f, n))
		return n && n->op == IR_load;
	values = ir_ops[n->op].values;
	return (values & IR_VALUE_A && on_a_load(f, n->a, depth + 1)) || (values & IR_VALUE_B && on_a_load(f, n->b, depth + 1)) ||
		(values & IR_VALUE_C && on_a_load(f, n->c, depth + 1));
}

/* Would a load wait for the select that makes argument `arg`? */
static bool delays_load(struct ifconv *x, uint32_t b, ir_ref cond, ir_ref arg)
{
	if (!x->f->block.at[b].loop || !on_a_load(x->f, cond, 0))
		return false;
	if (!x->address)
		find_addresses(x);
	return x->address[arg];
}

static bool convert(struct ifconv *x, uint32_t b)
{
	struct ir_func *f = x->f;
	struct ir_node *c = ir_at(f, f->block.at[b].control);
	const struct ir_edge *yes, *no;
	unsigned selects = 0, sum = 0;
	ir_ref *args;

	if (c->op != IR_br || f->block.at[b].cold)
		return false;
	yes = &f->edge.at[way_out(f, (uint32_t)c->b)];
	no = &f->edge.at[way_out(f, (uint32_t)c->c)];
	if (yes->to != no->to || yes->to == b || f->block.at[yes->to].cold)
		return false;
	for (uint32_t k = 0; k < yes->n; k++) {
		ir_ref v = f->pool.at[yes->args + k], w = f->pool.at[no->args + k];

		if (v == w)
			continue;
		sum += cost(f, v, 0) + cost(f, w, 0);
		if (ir_is_float(ir_type_of(f, v)) || sum > MAX_COST || delays_load(x, b, c->a, f->block.at[yes->to].arg.at[k]))
			return false;
		selects++;
	}
	if (!selects || selects > MAX_SELECTS)
		return false;
	args = arena_alloc(f->tmp, yes->n * sizeof *args);
	ir_start(f, b);
	for (uint32_t k = 0; k < yes->n; k++) {
		ir_ref v = f->pool.at[yes->args + k], w = f->pool.at[no->args + k];

		args[k] = v == w ? v : ir_emit(f, IR_select, IR_T_void, 0, ir_at(f, f->block.at[b].control)->a, v, w);
	}
	*ir_at(f, f->block.at[b].control) = (struct ir_node){ .op = IR_jmp, .a = (ir_ref)ir_edge_new(f, yes->to, yes->n, args) };
	f->analysed = false;
	return true;
}

/* Inner ones first, so that what they leave may be converted, too. */
bool opt_ifconv(struct ir_func *f)
{
	struct ifconv x = { .f = f };
	bool changed = false;

	ir_analyse(f);
	for (uint32_t i = f->n_order; i-- > 0;)
		changed |= convert(&x, f->order[i]);
	return changed;
}
