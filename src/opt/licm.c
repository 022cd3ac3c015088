/* SPDX-License-Identifier: MIT
 * licm.c - loads and checks that give the same in every turn of a loop move before it. (Pure nodes float out by themselves.)
 *
 * A load may move when its address does not change and nothing in the loop writes its class; that it is safe to execute
 * early is the contract of the IR: what is safe only because of a check takes the check's value. A check may move when
 * it is made in every turn and the loop header has a state of its own; it then carries that state, with the header's
 * arguments replaced by what enters the loop. It may now fail without need, hence the mark "hoisted".
 * Inner loops first, so that a node can leave several loops. Needs a block before the loop that goes nowhere else.
 */
#include "opt/opt.h"

/* May the load of a strict function be made before the loop? Of memory that is there for sure, or when every way through the loop makes it. */
static bool is_safe(const struct opt_loop *l, uint32_t b, const struct ir_node *n)
{
	return ir_is_const(n->a) || ir_at(l->f, n->a)->op == IR_stack || (!l->calls && opt_certain(l, b));
}

static bool may_move(struct opt_loop *l, uint32_t b, ir_ref r, uint32_t writes)
{
	struct ir_node *n = ir_at(l->f, r);
	uint32_t state;

	if (n->op == IR_load)
		return !(writes >> IR_MEM_CLASS(n->aux) & 1) && opt_invariant(l, n->a) && (!l->f->strict || is_safe(l, b, n));
	if (l->f->careful || n->op != IR_check || !opt_invariant(l, n->a) || !opt_invariant(l, n->b) || !opt_every_turn(l, b))
		return false;
	state = opt_state_before(l);
	if (!state)
		return false;
	n = ir_at(l->f, r);
	n->c = (ir_ref)state;
	n->aux |= IR_CHECK_HOISTED;
	return true;
}

static bool hoist_from(struct opt_loop *l, uint32_t b, uint32_t writes)
{
	struct ir_func *f = l->f;
	uint32_t kept = 0, n = f->block.at[b].ins.n;

	if (f->block.at[b].cold)
		return false;
	for (uint32_t k = 0; k < n; k++) {
		ir_ref r = f->block.at[b].ins.at[k];

		if (!may_move(l, b, r, writes)) {
			f->block.at[b].ins.at[kept++] = r;
			continue;
		}
		vec_push(f->mem, &f->block.at[l->before].ins, r);
		l->block_of[r] = l->before;
	}
	f->block.at[b].ins.n = kept;
	return kept != n;
}

static uint32_t written(const struct ir_func *f, const struct opt_body *body, bool *calls)
{
	uint32_t w = 0;

	*calls = false;
	for (uint32_t i = 0; i < body->n; i++) {
		const struct ir_block *b = &f->block.at[body->at[i]];

		for (uint32_t k = 0; k < b->ins.n; k++) {
			const struct ir_node *n = ir_at(f, b->ins.at[k]);

			*calls |= n->op == IR_call;
			w |= n->op == IR_store ? UINT32_C(1) << IR_MEM_CLASS(n->aux) : n->op == IR_call ? f->call.at[n->c].writes : 0;
		}
	}
	return (ir_touched(f, w) & ~f->immutable) | f->changing;
}

bool opt_licm(struct ir_func *f)
{
	struct opt_loop l;
	bool changed = false;

	opt_loops_begin(&l, f);
	/* headers of inner loops come later in reverse post-order */
	for (uint32_t i = f->n_order; i-- > 0;) {
		uint32_t h = f->order[i], writes;

		if (!opt_loop_enter(&l, h))
			continue;
		writes = written(f, &l.body[h], &l.calls);
		for (uint32_t k = 0; k < l.body[h].n; k++)
			changed |= hoist_from(&l, l.body[h].at[k], writes);
	}
	return changed;
}
