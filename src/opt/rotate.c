/* SPDX-License-Identifier: MIT
 * rotate.c - a loop that tests at its top gets a copy of the test at its bottom: the test above runs once, on entry.
 *
 *      H: test ------> out               H: test -------> out
 *      |     ^                           |                 ^
 *      body -+                  =>       body  <----+      |
 *                                        |          |      |
 *                                        H': test --+------+
 *
 * What stands in the loop is reached only when it runs at least once, so that licm.c may move it before the loop. Runs before
 * sroa.c, while variables are in memory: nothing that the test computes may be used outside of its block, and the copy
 * needs no repair of SSA form.
 */
#include "opt/opt.h"

enum { MAX_PINNED = 10 };
struct crossing {
	struct ir_func *f;
	bool *crosses;			/* by block */
	uint32_t *seen, stamp;		/* by node */
	VEC(ir_ref) work;
	uint32_t block;
	uint32_t *at;			/* by pinned node and argument: 1 + its block */
};
struct rotate { struct ir_func *f; bool *crosses; struct opt_copy copy; };	/* crosses NULL: not asked for yet */

static void use(void *arg, ir_ref *r)
{
	struct crossing *x = arg;

	if (*r <= 0 || x->seen[*r] == x->stamp)
		return;
	x->seen[*r] = x->stamp;
	if (x->at[*r] && x->at[*r] != x->block + 1)
		x->crosses[x->at[*r] - 1] = true;
	else if (!x->at[*r])
		vec_push(x->f->tmp, &x->work, *r);
}

bool *opt_crossing(struct ir_func *f)
{
	struct crossing x = { .f = f };

	x.crosses = arena_zero(f->tmp, f->block.n);
	x.seen = arena_zero(f->tmp, f->node.n * sizeof *x.seen);
	x.at = arena_zero(f->tmp, f->node.n * sizeof *x.at);
	for (uint32_t i = 0; i < f->n_order; i++) {
		const struct ir_block *b = &f->block.at[f->order[i]];

		for (uint32_t k = 0; k < b->arg.n; k++)
			x.at[b->arg.at[k]] = f->order[i] + 1;
		for (uint32_t k = 0; k < b->ins.n; k++)
			x.at[b->ins.at[k]] = f->order[i] + 1;
	}
	for (uint32_t i = 0; i < f->n_order; i++) {
		const struct ir_block *b = &f->block.at[f->order[i]];

		x.block = f->order[i];
		x.stamp++;
		for (uint32_t k = 0; k <= b->ins.n; k++) {
			ir_ref r = k < b->ins.n ? b->ins.at[k] : b->control;

			ir_visit(f, ir_at(f, r), use, &x);
			ir_visit_kept(f, ir_at(f, r), use, &x);
			while (x.work.n)
				ir_visit(f, ir_at(f, x.work.at[--x.work.n]), use, &x);
		}
	}
	return x.crosses;
}

static bool may_copy(struct rotate *x, uint32_t h)
{
	const struct ir_func *f = x->f;
	const struct ir_block *b = &f->block.at[h];
	const struct ir_node *c = ir_at(f, b->control);
	bool in_yes, in_no;

	if (b->loop != h + 1 || b->state || c->op != IR_br || b->ins.n > MAX_PINNED)
		return false;
	in_yes = ir_in_loop(f, h, f->edge.at[c->b].to);
	in_no = ir_in_loop(f, h, f->edge.at[c->c].to);
	if (in_yes == in_no || f->edge.at[in_yes ? c->b : c->c].to == h)
		return false;
	for (uint32_t k = 0; k < b->ins.n; k++)
		if (ir_at(f, b->ins.at[k])->op == IR_stack || (ir_ops[ir_at(f, b->ins.at[k])->op].flags & IR_GUARD))
			return false;
	if (!x->crosses) {
		x->crosses = opt_crossing(x->f);
		opt_copy_begin(&x->copy, x->f);
	}
	return !x->crosses[h];
}

static uint32_t copy_edge(struct rotate *x, uint32_t e)
{
	struct ir_func *f = x->f;
	struct ir_edge old = f->edge.at[e];
	ir_ref *args = arena_alloc(f->tmp, (old.n + 1) * sizeof *args);

	for (uint32_t k = 0; k < old.n; k++)
		args[k] = opt_copy_value(&x->copy, f->pool.at[old.args + k]);
	return ir_edge_new(f, old.to, old.n, args);
}

static void rotate(struct rotate *x, uint32_t h)
{
	struct ir_func *f = x->f;
	uint32_t h2 = ir_block_new(f), yes, no;
	struct ir_node c;

	ir_start(f, h2);
	for (uint32_t k = 0; k < f->block.at[h].arg.n; k++)
		opt_copy_set(&x->copy, f->block.at[h].arg.at[k], ir_block_arg(f, h2, ir_at(f, f->block.at[h].arg.at[k])->type));
	for (uint32_t k = 0; k < f->block.at[h].ins.n; k++)
		opt_copy_pinned(&x->copy, f->block.at[h].ins.at[k]);
	c = *ir_at(f, f->block.at[h].control);
	yes = copy_edge(x, (uint32_t)c.b);
	no = copy_edge(x, (uint32_t)c.c);
	ir_br(f, opt_copy_value(&x->copy, c.a), yes, no);
	for (uint32_t k = 0; k < f->block.at[h].pred.n; k++) {
		uint32_t p = f->block.at[h].pred.at[k];
		unsigned n = ir_in_loop(f, h, p) ? ir_succs(f, p) : 0;

		for (unsigned j = 0; j < n; j++)
			if (ir_out(f, p, j)->to == h)
				ir_out(f, p, j)->to = h2;
	}
	opt_copy_forget(&x->copy);
}

bool opt_rotate(struct ir_func *f)
{
	struct rotate x = { .f = f };
	bool changed = false;

	ir_analyse(f);
	for (uint32_t i = 0; i < f->n_order; i++)
		if (may_copy(&x, f->order[i])) {
			rotate(&x, f->order[i]);
			changed = true;
		}
	return changed;
}
