/* SPDX-License-Identifier: MIT
 * forward.c - a block that only branches on what it is passed: its predecessors branch, or go where it would send them.
 *
 *      A: br c, B, J(0)               A: br c, B, E
 *      B: jmp J(d)            =>      B: br d, T, E
 *      J(x): br x, T, E
 *
 * This is how && and || come out of front ends. The block's arguments may be used by its branch and its edges only, so nothing
 * needs repair; headers of loops are left alone.
 */
#include "opt/opt.h"

struct forward { struct ir_func *f; uint32_t *uses, *own; uint32_t edge, block; };	/* uses of a node in all, when somebody has asked, and by the branch looked at */

static void count(void *arg, ir_ref *r)
{
	uint32_t *uses = arg;

	if (*r > 0)
		uses[*r]++;
}

/* Uses of every node by live nodes; pure nodes count once however often they are reached. */
static void count_uses(struct forward *w)
{
	struct ir_func *f = w->f;

	w->uses = arena_zero(f->tmp, f->node.n * sizeof *w->uses);
	w->own = arena_zero(f->tmp, f->node.n * sizeof *w->own);
	for (uint32_t r = 1; r < f->node.n; r++) {
		const struct ir_node *n = ir_at(f, (ir_ref)r);

		if (!(ir_ops[n->op].flags & IR_ENDS))
			ir_visit(f, ir_at(f, (ir_ref)r), count, w->uses);
	}
	for (uint32_t b = 0; b < f->block.n; b++)
		if (f->block.at[b].reachable)
			ir_visit(f, ir_at(f, f->block.at[b].control), count, w->uses);
}

/* What edge e into the block passes for r, if r is an argument of it. */
static void passed(void *arg, ir_ref *r)
{
	const struct forward *w = arg;
	const struct ir_node *n = *r > 0 ? ir_at(w->f, *r) : NULL;

	if (n && n->op == IR_arg && (uint32_t)n->a == w->block)
		*r = w->f->pool.at[w->f->edge.at[w->edge].args + (uint32_t)n->b];
}

static void uncount(void *arg, ir_ref *r)
{
	uint32_t *uses = arg;

	if (*r > 0)
		uses[*r]--;
}

static bool may_forward(struct forward *w, uint32_t b)
{
	const struct ir_func *f = w->f;
	const struct ir_block *blk = &f->block.at[b];
	struct ir_node *c = ir_at(f, blk->control);
	bool only = true;

	if (!b || blk->ins.n || !blk->arg.n || blk->state || blk->loop == b + 1 || c->op != IR_br || c->a <= 0 || ir_at(f, c->a)->op != IR_arg ||
	    (uint32_t)ir_at(f, c->a)->a != b)
		return false;
	if (!w->uses)
		count_uses(w);
	ir_visit(w->f, c, count, w->own);
	for (uint32_t k = 0; k < blk->arg.n; k++)
		only &= w->own[blk->arg.at[k]] == w->uses[blk->arg.at[k]];
	ir_visit(w->f, c, uncount, w->own);
	return only;
}

/* A copy of an edge out of the block, for somebody who comes in by w->edge. */
static uint32_t copy_edge(struct forward *w, uint32_t e)
{
	struct ir_func *f = w->f;
	uint32_t n = f->edge.at[e].n;
	ir_ref *args = arena_alloc(f->tmp, (n + 1) * sizeof *args);

	for (uint32_t k = 0; k < n; k++) {
		args[k] = f->pool.at[f->edge.at[e].args + k];
		passed(w, &args[k]);
	}
	return ir_edge_new(f, f->edge.at[e].to, n, args);
}

static bool send_on(struct forward *w, uint32_t from, uint32_t edge)
{
	struct ir_func *f = w->f;
	const struct ir_node *c = ir_at(f, f->block.at[w->block].control);
	ir_ref cond = c->a;
	uint32_t yes = (uint32_t)c->b, no = (uint32_t)c->c, k;

	w->edge = edge;
	passed(w, &cond);
	if (ir_is_const(cond)) {
		k = copy_edge(w, ir_kbits(f, cond) ? yes : no);
		f->edge.at[edge] = f->edge.at[k];
		f->analysed = false;
		return true;
	}
	if (ir_at(f, f->block.at[from].control)->op != IR_jmp)
		return false;
	yes = copy_edge(w, yes);
	no = copy_edge(w, no);
	*ir_at(f, f->block.at[from].control) = (struct ir_node){ .op = IR_br, .a = cond, .b = (ir_ref)yes, .c = (ir_ref)no };
	f->analysed = false;
	return true;
}

bool opt_forward(struct ir_func *f)
{
	struct forward w = { .f = f };
	bool changed = false;

	if (f->state.n > 1)
		return false;
	ir_analyse(f);
	for (uint32_t i = 0; i < f->n_order; i++) {
		uint32_t b = f->order[i];

		if (!may_forward(&w, b))
			continue;
		w.block = b;
		for (uint32_t k = 0; k < f->block.at[b].pred.n; k++) {
			uint32_t p = f->block.at[b].pred.at[k];
			unsigned n = ir_succs(f, p);

			for (unsigned j = 0; j < n; j++)
				if (ir_out(f, p, j)->to == b)
					changed |= send_on(&w, p, ir_succ(f, p, j));
		}
	}
	if (changed)
		opt_fold(f);
	return changed;
}
