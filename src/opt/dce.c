/* SPDX-License-Identifier: MIT
 * dce.c - drop what nobody needs: loads without users, checks that always hold, block arguments that are never read.
 *
 * Floating nodes need no pass: what has no user gets no place. Live = control, effects and guards, and what feeds
 * them; an argument of a block is live when something live reads it, and only then what the edges pass for it. Each
 * value enters the work list once, so arguments that only feed each other around a loop die together.
 */
#include "opt/opt.h"

struct dce {
	struct ir_func *f;
	bool *live;
	VEC(ir_ref) work;
};

static void mark(void *arg, ir_ref *r)
{
	struct dce *d = arg;

	if (*r > 0 && !d->live[*r]) {
		d->live[*r] = true;
		vec_push(d->f->tmp, &d->work, *r);
	}
}

/* The values that edges pass for argument `index` of block b. */
static void mark_passed(struct dce *d, uint32_t b, uint32_t index)
{
	const struct ir_block *blk = &d->f->block.at[b];

	for (uint32_t k = 0; k < blk->pred.n; k++) {
		unsigned n = ir_succs(d->f, blk->pred.at[k]);

		for (unsigned j = 0; j < n; j++)
			if (ir_out(d->f, blk->pred.at[k], j)->to == b)
				mark(d, &d->f->pool.at[ir_out(d->f, blk->pred.at[k], j)->args + index]);
	}
}

static void mark_operands(struct dce *d, ir_ref r)
{
	struct ir_node *n = ir_at(d->f, r);

	if (n->op == IR_arg) {
		if (n->a)
			mark_passed(d, (uint32_t)n->a, (uint32_t)n->b);
		return;
	}
	if (n->op == IR_jmp)
		return;			/* edge arguments are marked by whoever reads them */
	if (n->op == IR_br || n->op == IR_switch) {
		mark(d, &n->a);
		return;
	}
	ir_visit(d->f, n, mark, d);
	ir_visit_kept(d->f, n, mark, d);
}

static bool is_root(const struct ir_func *f, ir_ref r)
{
	const struct ir_node *n = ir_at(f, r);
	unsigned flags = ir_ops[n->op].flags;

	if (flags & (IR_EFFECT | IR_ENDS | IR_GUARD))
		return true;
	if (n->op == IR_load && (f->changing >> IR_MEM_CLASS(n->aux) & 1))
		return true;
	return (flags & IR_FAULT) && ir_pinned(f, n);
}

/* Takes dead arguments out of a block and of the edges to it. */
static bool drop_args(struct dce *d, uint32_t b)
{
	struct ir_block *blk = &d->f->block.at[b];
	uint32_t kept = 0, n = blk->arg.n;
	bool *keep = arena_alloc(d->f->tmp, n + 1);

	for (uint32_t k = 0; k < n; k++)
		keep[k] = d->live[blk->arg.at[k]];
	for (uint32_t k = 0; k < blk->pred.n; k++) {
		unsigned m = ir_succs(d->f, blk->pred.at[k]);

		for (unsigned j = 0; j < m; j++) {
			struct ir_edge *x = ir_out(d->f, blk->pred.at[k], j);
			uint32_t w = 0;

			if (x->to != b || x->n != n)
				continue;		/* the second edge of a pair was done with the first */
			for (uint32_t q = 0; q < n; q++)
				if (keep[q])
					d->f->pool.at[x->args + w++] = d->f->pool.at[x->args + q];
			x->n = w;
		}
	}
	for (uint32_t k = 0; k < n; k++)
		if (keep[k]) {
			blk->arg.at[kept] = blk->arg.at[k];
			ir_at(d->f, blk->arg.at[kept])->b = (ir_ref)kept;
			kept++;
		}
	blk->arg.n = kept;
	return kept != n;
}

bool opt_dce(struct ir_func *f)
{
	struct dce d = { .f = f };
	bool changed = false;

	ir_analyse(f);
	d.live = arena_zero(f->tmp, f->node.n);
	for (uint32_t i = 0; i < f->n_order; i++) {
		struct ir_block *b = &f->block.at[f->order[i]];

		for (uint32_t k = 0; k <= b->ins.n; k++) {
			ir_ref r = k < b->ins.n ? b->ins.at[k] : b->control;

			if (is_root(f, r))
				mark(&d, &r);
		}
		if (b->state)
			ir_visit_state(f, b->state, mark, &d);
	}
	while (d.work.n)
		mark_operands(&d, d.work.at[--d.work.n]);
	f->size = 0;
	for (uint32_t r = 1; r < f->node.n; r++)
		f->size += d.live[r];
	for (uint32_t i = 0; i < f->n_order; i++) {
		uint32_t b = f->order[i], w = 0;
		struct ir_block *blk = &f->block.at[b];

		for (uint32_t k = 0; k < blk->ins.n; k++)
			if (d.live[blk->ins.at[k]])
				blk->ins.at[w++] = blk->ins.at[k];
		changed |= w != blk->ins.n;
		blk->ins.n = w;
		if (b)
			changed |= drop_args(&d, b);
	}
	return changed;
}
