/* SPDX-License-Identifier: MIT
 * ifconv.c - a branch that only chooses between values becomes selects.
 *
 *      A: br c, T, F
 *      T: jmp M(x)             =>      A: jmp M(select c, x, y)
 *      F: jmp M(y)
 *
 * T and F do nothing, or one of them is M. All that both ways compute is computed then, so it must be little, and no
 * division: a branch that is not foreseen costs 15 to 20 cycles, one that is costs nothing. Floating values stay behind branches, as targets have no
 * selects for them.
 */
#include "opt/opt.h"

enum { MAX_COST = 4, MAX_SELECTS = 2, FAR = 100 };	/* operations that may be computed without need; one that takes long */

/* What computing r in block b adds at most: pinned nodes and arguments are there already. */
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

static bool convert(struct ir_func *f, uint32_t b)
{
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
		ir_ref x = f->pool.at[yes->args + k], y = f->pool.at[no->args + k];

		if (x == y)
			continue;
		if (ir_is_float(ir_type_of(f, x)))
			return false;
		sum += cost(f, x, 0) + cost(f, y, 0);
		selects++;
	}
	if (!selects || selects > MAX_SELECTS || sum > MAX_COST)
		return false;
	args = arena_alloc(f->tmp, yes->n * sizeof *args);
	ir_start(f, b);
	for (uint32_t k = 0; k < yes->n; k++) {
		ir_ref x = f->pool.at[yes->args + k], y = f->pool.at[no->args + k];

		args[k] = x == y ? x : ir_emit(f, IR_select, IR_T_void, 0, ir_at(f, f->block.at[b].control)->a, x, y);
	}
	*ir_at(f, f->block.at[b].control) = (struct ir_node){ .op = IR_jmp, .a = (ir_ref)ir_edge_new(f, yes->to, yes->n, args) };
	f->analysed = false;
	return true;
}

/* Inner ones first, so that what they leave may be converted, too. */
bool opt_ifconv(struct ir_func *f)
{
	bool changed = false;

	ir_analyse(f);
	for (uint32_t i = f->n_order; i-- > 0;)
		changed |= convert(f, f->order[i]);
	return changed;
}
