/* SPDX-License-Identifier: MIT
 * cfg.c - a function that was read is checked as a graph, so that lowering can trust it.
 *
 * Blocks are put into reverse post-order; dominators are found by Cooper, Harvey and Kennedy's iteration ("A Simple, Fast
 * Dominance Algorithm", 2001). Then every use must be dominated by its definition, every phi must have a value for every
 * edge that comes in. Blocks that cannot be reached are not looked at and not lowered.
 */
#include "ll.h"

#define NAME(x) (int)((x).n > 60 ? 60 : (x).n), (x).s

struct ll_instr *ll_last(const struct ll_block *b) { return &b->at[b->n - 1]; }

static void check_blocks(struct ll *m, struct ll_func *fn)
{
	for (uint32_t i = 0; i < fn->n_values; i++)
		if (!fn->value[i]->defined)
			ll_fail(m, fn->value[i]->line, "%%%.*s is not defined", NAME(fn->value[i]->bytes));
	for (uint32_t i = 0; i < fn->labels.cap; i++) {
		struct ll_block *b = fn->labels.slot[i].item;

		if (b && !b->defined)
			ll_fail(m, b->line, "block %.*s is not defined", NAME(b->name));
	}
	for (uint32_t i = 0; i < fn->n_blocks; i++) {
		struct ll_block *b = fn->block[i];
		bool phis = true;

		b->dead_end = b->at[0].op == LL_unreachable;
		for (uint32_t k = 0; k < b->n; k++) {
			if (b->at[k].op == LL_phi && !phis)
				ll_fail(m, b->at[k].line, "a phi stands behind another instruction");
			phis = b->at[k].op == LL_phi;
		}
		for (uint32_t k = 0; k < ll_last(b)->n_blocks; k++)
			if (ll_last(b)->block[k]->number == 0)
				ll_fail(m, ll_last(b)->line, "a jump to the first block");
	}
}

/* Sets fn->order; the stack holds blocks with how many of their successors were visited. */
static void make_order(struct ll *m, struct ll_func *fn)
{
	struct step { struct ll_block *b; uint32_t next; } *stack = ll_alloc(m, (fn->n_blocks + 1) * sizeof *stack);
	uint32_t depth = 0, at = fn->n_blocks;
	struct ll_block **post = ll_alloc(m, (fn->n_blocks + 1) * sizeof *post);

	stack[depth++] = (struct step){ fn->block[0], 0 };
	fn->block[0]->reached = true;
	while (depth) {
		struct step *s = &stack[depth - 1];
		struct ll_instr *t = ll_last(s->b);

		if (s->next < t->n_blocks) {
			/* the last successor first, so that the first one follows its block */
			struct ll_block *to = t->block[t->n_blocks - 1 - s->next++];

			if (!to->reached) {
				to->reached = true;
				stack[depth++] = (struct step){ to, 0 };
			}
		} else {
			post[--at] = s->b;
			depth--;
		}
	}
	fn->order = post + at;
	fn->n_order = fn->n_blocks - at;
	for (uint32_t i = 0; i < fn->n_order; i++)
		fn->order[i]->order = i;
}

static uint32_t meet(struct ll_func *fn, uint32_t a, uint32_t b)
{
	while (a != b) {
		while (a > b)
			a = fn->order[a]->idom;
		while (b > a)
			b = fn->order[b]->idom;
	}
	return a;
}

/* Predecessors flow forward: every block offers itself to its successors until nothing changes. */
static void make_dominators(struct ll_func *fn)
{
	bool changed = true;

	for (uint32_t i = 0; i < fn->n_order; i++)
		fn->order[i]->idom = UINT32_MAX;
	fn->order[0]->idom = 0;
	while (changed) {
		changed = false;
		for (uint32_t i = 0; i < fn->n_order; i++) {
			struct ll_instr *t = ll_last(fn->order[i]);

			for (uint32_t k = 0; k < t->n_blocks; k++) {
				struct ll_block *to = t->block[k];
				uint32_t d = to->idom == UINT32_MAX ? i : meet(fn, to->idom, i);

				if (d != to->idom) {
					to->idom = d;
					changed = true;
				}
			}
		}
	}
}

/* Numbers the dominator tree: what a block dominates has the numbers from its own on. Dominators come first in the order. */
static void number_tree(struct ll *m, struct ll_func *fn)
{
	uint32_t *next = ll_alloc(m, (fn->n_order + 1) * sizeof *next);

	for (uint32_t i = 0; i < fn->n_order; i++)
		fn->order[i]->dominated = 1;
	for (uint32_t i = fn->n_order; i-- > 1;)
		fn->order[fn->order[i]->idom]->dominated += fn->order[i]->dominated;
	for (uint32_t i = 0; i < fn->n_order; i++) {
		struct ll_block *b = fn->order[i];

		b->tree = i ? next[b->idom] : 0;
		if (i)
			next[b->idom] += b->dominated;
		next[i] = b->tree + 1;
	}
}

static bool dominates(const struct ll_block *a, const struct ll_block *b) { return b->tree - a->tree < a->dominated; }

static void check_use(struct ll *m, const struct ll_func *fn, const struct ll_value *v, struct ll_block *b, uint32_t place, int line)
{
	struct ll_block *from;

	if (v->kind != LL_V_LOCAL || v->place == 0)
		return;
	from = fn->block[v->block];
	if (!from->reached || (from == b ? v->place >= place : !dominates(from, b)))
		ll_fail(m, line, "%%%.*s is used where it may not have a value", NAME(v->bytes));
}

static void check_phi_edges(struct ll *m, struct ll_block *b)
{
	struct ll_instr *t = ll_last(b);

	for (uint32_t k = 0; k < t->n_blocks; k++) {
		struct ll_block *to = t->block[k];

		for (uint32_t i = 0; i < to->n && to->at[i].op == LL_phi; i++) {
			uint32_t j = 0;

			while (j < to->at[i].n_blocks && to->at[i].block[j] != b)
				j++;
			if (j == to->at[i].n_blocks)
				ll_fail(m, to->at[i].line, "the phi has no value for block %.*s", NAME(b->name));
		}
	}
}

void ll_check_function(struct ll *m, struct ll_func *fn)
{
	check_blocks(m, fn);
	make_order(m, fn);
	make_dominators(fn);
	number_tree(m, fn);
	for (uint32_t i = 0; i < fn->n_order; i++) {
		struct ll_block *b = fn->order[i];

		check_phi_edges(m, b);
		for (uint32_t k = 0; k < b->n; k++) {
			struct ll_instr *in = &b->at[k];

			for (uint32_t j = 0; j < in->n; j++) {
				if (in->op != LL_phi)
					check_use(m, fn, in->v[j], b, k + 1, in->line);
				else if (in->block[j]->reached)
					check_use(m, fn, in->v[j], in->block[j], UINT32_MAX, in->line);
			}
			if (in->op == LL_call)
				check_use(m, fn, in->callee, b, k + 1, in->line);
		}
	}
}
