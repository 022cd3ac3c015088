/* SPDX-License-Identifier: MIT
 * cfg.c - predecessors, reverse post-order, dominators, natural loops, edge splitting.
 *
 * Dominators by the iteration of Cooper, Harvey and Kennedy ("A Simple, Fast Dominance Algorithm"): nearly linear on
 * the graphs that front ends build. Loops are natural loops of back edges into dominating headers; what an
 * irreducible region repeats is no loop here and merely keeps its depth.
 */
#include "ir/ir.h"

#define NO_BLOCK UINT32_MAX

static void post_order(struct ir_func *f)
{
	uint32_t n = f->block.n, depth = 0, count = 0;
	uint32_t *stack = arena_alloc(f->tmp, (n + 1) * sizeof *stack);
	uint32_t *next = arena_zero(f->tmp, n * sizeof *next);
	uint32_t *order = arena_alloc(f->tmp, (n + 1) * sizeof *order);

	for (uint32_t b = 0; b < n; b++) {
		f->block.at[b].reachable = false;
		f->block.at[b].pred.n = 0;
	}
	stack[depth++] = 0;
	f->block.at[0].reachable = true;
	while (depth) {
		uint32_t b = stack[depth - 1];
		const struct ir_node *c = ir_at(f, f->block.at[b].control);
		unsigned k = ir_edges(f, c);

		if (next[b] < k) {
			/* last successor first, so that the first one comes right behind its block */
			uint32_t to = f->edge.at[ir_edge_at(f, c, k - 1 - next[b]++)].to;

			f->block.at[to].pred.n++;
			if (!f->block.at[to].reachable) {
				f->block.at[to].reachable = true;
				stack[depth++] = to;
			}
		} else {
			order[count++] = b;
			depth--;
		}
	}
	f->n_order = count;
	if (count > f->cap_order)
		f->order = arena_alloc(f->mem, (f->cap_order = count + count / 2) * sizeof *f->order);
	for (uint32_t i = 0; i < count; i++) {
		f->order[i] = order[count - 1 - i];
		f->block.at[f->order[i]].rpo = i;
	}
}

/* Room for the predecessors that have been counted, where there is none from an earlier analysis. */
static void room_for_predecessors(struct ir_func *f)
{
	uint32_t all = 0, *at;

	for (uint32_t i = 0; i < f->n_order; i++)
		if (f->block.at[f->order[i]].pred.n > f->block.at[f->order[i]].pred.cap)
			all += f->block.at[f->order[i]].pred.n;
	at = all ? arena_alloc(f->mem, all * sizeof *at) : NULL;
	for (uint32_t i = 0; i < f->n_order; i++) {
		struct ir_block *b = &f->block.at[f->order[i]];

		if (b->pred.n > b->pred.cap) {
			b->pred.at = at;
			at += b->pred.cap = b->pred.n;
		}
		b->pred.n = 0;
	}
}

/* True if some edge goes back. */
static bool predecessors(struct ir_func *f)
{
	bool back = false;

	room_for_predecessors(f);
	for (uint32_t i = 0; i < f->n_order; i++) {
		uint32_t b = f->order[i];
		const struct ir_node *c = ir_at(f, f->block.at[b].control);
		unsigned k = ir_edges(f, c);

		for (unsigned j = 0; j < k; j++) {
			struct ir_block *to = &f->block.at[f->edge.at[ir_edge_at(f, c, j)].to];

			vec_push(f->mem, &to->pred, b);
			back |= to->rpo <= i;
		}
	}
	return back;
}

static uint32_t meet(const struct ir_func *f, uint32_t a, uint32_t b)
{
	while (a != b) {
		while (f->block.at[a].rpo > f->block.at[b].rpo)
			a = f->block.at[a].idom;
		while (f->block.at[b].rpo > f->block.at[a].rpo)
			b = f->block.at[b].idom;
	}
	return a;
}

/* Numbers the dominator tree so that what a block dominates are the numbers from its own on. A dominator stands before its
 * blocks in reverse post-order, so two sweeps do. */
static void number_tree(struct ir_func *f)
{
	uint32_t *next = arena_alloc(f->tmp, f->block.n * sizeof *next);

	for (uint32_t i = 0; i < f->n_order; i++)
		f->block.at[f->order[i]].dominated = 1;
	for (uint32_t i = f->n_order; i-- > 1;)
		f->block.at[f->block.at[f->order[i]].idom].dominated += f->block.at[f->order[i]].dominated;
	for (uint32_t i = 0; i < f->n_order; i++) {
		struct ir_block *b = &f->block.at[f->order[i]];

		b->tree = i ? next[b->idom] : 0;
		b->depth = i ? f->block.at[b->idom].depth + 1 : 0;
		if (i)
			next[b->idom] += b->dominated;
		next[f->order[i]] = b->tree + 1;
	}
}

/* Is every jump back to a block that dominates where it comes from? Then what the first sweep found is final: jumps back add nothing. */
static bool reducible(const struct ir_func *f)
{
	for (uint32_t i = 0; i < f->n_order; i++) {
		const struct ir_block *b = &f->block.at[f->order[i]];

		for (uint32_t k = 0; k < b->pred.n; k++) {
			uint32_t p = b->pred.at[k];

			if (f->block.at[p].rpo < i)
				continue;
			while (f->block.at[p].rpo > i)
				p = f->block.at[p].idom;
			if (p != f->order[i])
				return false;
		}
	}
	return true;
}

static void dominators(struct ir_func *f, bool back)
{
	bool changed = true, first = true;

	for (uint32_t i = 0; i < f->n_order; i++)
		f->block.at[f->order[i]].idom = NO_BLOCK;
	f->block.at[0].idom = 0;
	while (changed) {
		changed = false;
		for (uint32_t i = 1; i < f->n_order; i++) {
			struct ir_block *b = &f->block.at[f->order[i]];
			uint32_t d = NO_BLOCK;

			for (uint32_t k = 0; k < b->pred.n; k++)
				if (f->block.at[b->pred.at[k]].idom != NO_BLOCK)
					d = d == NO_BLOCK ? b->pred.at[k] : meet(f, d, b->pred.at[k]);
			if (b->idom != d) {
				b->idom = d;
				changed = true;
			}
		}
		changed &= back && (!first || !reducible(f));
		first = false;
	}
	number_tree(f);
}

/* The header of the outermost loop found so far around b, or b. */
static uint32_t outermost(const struct ir_func *f, uint32_t b, uint32_t *top)
{
	uint32_t t, h;

	if (!f->block.at[b].loop)
		return b;
	for (t = f->block.at[b].loop - 1; top[t] != t; t = top[t])
		;
	for (b = f->block.at[b].loop - 1; b != t; b = h) {
		h = top[b];
		top[b] = t;
	}
	return t;
}

/* Adds what reaches x inside the loop of header h; inner loops were found before and join as a whole. */
static void join_loop(struct ir_func *f, uint32_t h, uint32_t x, uint32_t *stack, uint32_t *depth, uint32_t *top)
{
	uint32_t t = outermost(f, x, top);

	if (t == h)
		return;
	if (f->block.at[t].loop == t + 1) {
		f->block.at[t].outer = h + 1;
		top[t] = h;
	} else {
		f->block.at[t].loop = h + 1;
	}
	stack[(*depth)++] = t;
}

/* Natural loops, inner headers first: they come later in reverse post-order. Nearly linear. */
static void loops(struct ir_func *f, bool back)
{
	uint32_t *stack, *top, depth = 0;

	for (uint32_t i = 0; i < f->n_order; i++) {
		struct ir_block *b = &f->block.at[f->order[i]];

		b->loop = b->outer = b->loop_depth = 0;
	}
	if (!back)
		return;
	stack = arena_alloc(f->tmp, (f->block.n + 1) * sizeof *stack);
	top = arena_alloc(f->tmp, f->block.n * sizeof *top);
	for (uint32_t i = 0; i < f->n_order; i++)
		top[f->order[i]] = f->order[i];
	for (uint32_t i = f->n_order; i-- > 0;) {
		uint32_t h = f->order[i];
		const struct ir_block *b = &f->block.at[h];
		bool header = false;

		for (uint32_t k = 0; k < b->pred.n; k++)
			header |= f->block.at[b->pred.at[k]].rpo >= i && ir_dominates(f, h, b->pred.at[k]);
		if (!header)
			continue;
		f->block.at[h].loop = h + 1;
		for (uint32_t k = 0; k < b->pred.n; k++)
			if (ir_dominates(f, h, b->pred.at[k]))
				join_loop(f, h, b->pred.at[k], stack, &depth, top);
		while (depth) {
			const struct ir_block *x = &f->block.at[stack[--depth]];

			for (uint32_t k = 0; k < x->pred.n; k++)
				join_loop(f, h, x->pred.at[k], stack, &depth, top);
		}
	}
	for (uint32_t i = 0; i < f->n_order; i++) {
		struct ir_block *b = &f->block.at[f->order[i]];
		uint32_t h = b->loop == f->order[i] + 1 ? b->outer : b->loop;

		b->loop_depth = (h ? f->block.at[h - 1].loop_depth : 0) + (b->loop == f->order[i] + 1);
	}
}

void ir_analyse(struct ir_func *f)
{
	bool back;

	if (f->analysed)
		return;
	post_order(f);
	back = predecessors(f);
	dominators(f, back);
	loops(f, back);
	f->analysed = true;
}

bool ir_in_loop(const struct ir_func *f, uint32_t header, uint32_t b)
{
	uint32_t l = f->block.at[b].loop;

	while (l && l != header + 1)
		l = f->block.at[l - 1].outer;
	return l != 0;
}

uint32_t ir_split_edge(struct ir_func *f, uint32_t edge)
{
	uint32_t to = f->edge.at[edge].to, args = f->edge.at[edge].args, n = f->edge.at[edge].n;
	uint32_t cur = f->cur, b = ir_block_new(f), e;
	ir_ref j;

	vec_push(f->mem, &f->edge, ((struct ir_edge){ to, args, n }));
	e = f->edge.n - 1;
	j = ir_raw_node(f, (struct ir_node){ .op = IR_jmp, .a = (ir_ref)e });
	f->block.at[b].control = j;
	f->block.at[b].cold = f->block.at[to].cold;
	f->edge.at[edge] = (struct ir_edge){ b, 0, 0 };
	f->analysed = false;
	f->cur = cur;
	return b;
}

void ir_split_critical(struct ir_func *f)
{
	uint32_t n = f->n_order;
	bool any = false;

	for (uint32_t i = 0; i < n; i++) {
		unsigned k = ir_succs(f, f->order[i]);

		for (unsigned j = 0; k > 1 && j < k; j++)
			if (f->block.at[ir_out(f, f->order[i], j)->to].pred.n > 1) {
				ir_split_edge(f, ir_succ(f, f->order[i], j));
				any = true;
			}
	}
	if (any)
		ir_analyse(f);
}
