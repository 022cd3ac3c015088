/* SPDX-License-Identifier: MIT
 * args.c - block arguments that say nothing new.
 *
 *   every edge passes the same value, or the argument itself   => that value
 *   two arguments of a block always get the same value         => one of them
 *
 * Repeated until nothing changes: removing one may make the next redundant. Each round looks at every edge once.
 */
#include "opt/opt.h"

struct args { struct ir_func *f; struct opt_subst s; };

/* The one value that comes in for argument k of block b, besides itself; 0: there are several. */
static ir_ref only_value(const struct args *a, const struct ir_block *blk, uint32_t b, uint32_t k)
{
	const struct ir_func *f = a->f;
	ir_ref one = IR_NONE;

	for (uint32_t p = 0; p < blk->pred.n; p++) {
		unsigned n = ir_succs(f, blk->pred.at[p]);

		for (unsigned j = 0; j < n; j++) {
			ir_ref v;

			if (ir_out(f, blk->pred.at[p], j)->to != b)
				continue;
			v = opt_subst_get(&a->s, f->pool.at[ir_out(f, blk->pred.at[p], j)->args + k]);
			if (v == blk->arg.at[k] || v == one)
				continue;
			if (one)
				return IR_NONE;
			one = v;
		}
	}
	return one;
}

/* Do arguments x and y of block b always get the same, counting x as y where they feed themselves? */
static bool always_equal(const struct args *a, const struct ir_block *blk, uint32_t b, uint32_t x, uint32_t y)
{
	const struct ir_func *f = a->f;

	for (uint32_t p = 0; p < blk->pred.n; p++) {
		unsigned n = ir_succs(f, blk->pred.at[p]);

		for (unsigned j = 0; j < n; j++) {
			ir_ref vx, vy;

			if (ir_out(f, blk->pred.at[p], j)->to != b)
				continue;
			vx = opt_subst_get(&a->s, f->pool.at[ir_out(f, blk->pred.at[p], j)->args + x]);
			vy = opt_subst_get(&a->s, f->pool.at[ir_out(f, blk->pred.at[p], j)->args + y]);
			if (vx != vy && !(vx == blk->arg.at[x] && vy == blk->arg.at[y]))
				return false;
		}
	}
	return true;
}

static bool one_block(struct args *a, uint32_t b)
{
	const struct ir_block *blk = &a->f->block.at[b];
	bool changed = false;

	for (uint32_t k = 0; k < blk->arg.n; k++) {
		ir_ref v;

		if (a->s.to[blk->arg.at[k]])
			continue;
		v = only_value(a, blk, b, k);
		for (uint32_t j = 0; j < k && !v; j++)
			if (!a->s.to[blk->arg.at[j]] && ir_type_of(a->f, blk->arg.at[j]) == ir_type_of(a->f, blk->arg.at[k]) && always_equal(a, blk, b, j, k))
				v = blk->arg.at[j];
		if (v) {
			opt_subst_set(&a->s, blk->arg.at[k], v);
			changed = true;
		}
	}
	return changed;
}

bool opt_args(struct ir_func *f)
{
	struct args a = { .f = f };
	bool any = false, changed = true;

	ir_analyse(f);
	opt_subst_init(&a.s, f);
	while (changed) {
		changed = false;
		for (uint32_t i = 1; i < f->n_order; i++)
			changed |= one_block(&a, f->order[i]);
		any |= changed;
	}
	if (any)
		opt_subst_apply(&a.s, f);
	return any;
}
