/* SPDX-License-Identifier: MIT
 * dse.c - a store that a later one overwrites in the same block before anybody can have seen it.
 *
 * Seen means: a load of the class, a call that reads it, or any way out (a guard's exit hands memory to the
 * interpreter as it is). The dead store becomes a nop, which keeps the end of its epoch for states made behind it.
 */
#include "opt/opt.h"

static bool same_place(const struct ir_func *f, const struct ir_node *early, const struct ir_node *late)
{
	return early->a == late->a && early->b == late->b && IR_MEM_CLASS(early->aux) == IR_MEM_CLASS(late->aux) &&
		ir_access_bytes(ir_type_of(f, early->c), early->aux) <= ir_access_bytes(ir_type_of(f, late->c), late->aux);
}

/* May n see what a store to this class wrote, or could it leave with it? */
static bool can_see(const struct ir_func *f, const struct ir_node *n, unsigned cls)
{
	if (ir_ops[n->op].flags & IR_GUARD)
		return true;
	if (n->op == IR_load)
		return IR_MEM_CLASS(n->aux) == cls || ((f->any >> IR_MEM_CLASS(n->aux) | f->any >> cls) & 1);
	if (n->op == IR_call)
		return (ir_touched(f, f->call.at[n->c].reads) >> cls & 1) || f->call.at[n->c].state;
	return (ir_ops[n->op].flags & IR_FAULT) && ir_pinned(f, n);
}

static bool overwritten(const struct ir_func *f, const struct ir_block *b, uint32_t k)
{
	const struct ir_node *s = ir_at(f, b->ins.at[k]);

	for (uint32_t j = k + 1; j < b->ins.n; j++) {
		const struct ir_node *n = ir_at(f, b->ins.at[j]);

		if (n->op == IR_store && same_place(f, s, n))
			return true;
		if (can_see(f, n, IR_MEM_CLASS(s->aux)))
			return false;
	}
	return false;
}

bool opt_dse(struct ir_func *f)
{
	bool changed = false;

	ir_analyse(f);
	for (uint32_t i = 0; i < f->n_order; i++) {
		const struct ir_block *b = &f->block.at[f->order[i]];

		for (uint32_t k = 0; k < b->ins.n; k++) {
			struct ir_node *n = ir_at(f, b->ins.at[k]);

			if (n->op == IR_store && !(f->changing >> IR_MEM_CLASS(n->aux) & 1) && overwritten(f, b, k)) {
				*n = (struct ir_node){ .op = IR_nop };
				changed = true;
			}
		}
	}
	return changed;
}
