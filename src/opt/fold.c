/* SPDX-License-Identifier: MIT
 * fold.c - folds and shares the whole function anew: after passes that replaced values, and where a branch turns out to be
 * decided, only its one way is followed.
 *
 * Blocks are visited in reverse post-order, pure nodes when somebody wants them, operands first. A block that only one
 * edge leads into takes what that edge passes for its arguments, and inside of what such an edge dominates the
 * condition of its branch is known. One visit per node; a loop's arguments are taken as unknown (see args.c for those), and so
 * are those of a block inside a loop with several entries that a later block may be the only one to lead into. A pass that has
 * replaced values hands over what they have become; then nobody else need visit all operands.
 */
#include "opt/opt.h"

enum { NEW, ON_STACK, DONE };
enum { MAX_UP = 12 };			/* dominators that are asked about a condition */
struct fold {
	struct ir_func *f;
	uint32_t n;			/* nodes at the start; newer ones are folded already */
	ir_ref *to;			/* by node: what it is now */
	uint8_t *state;			/* by node */
	uint8_t *reached;		/* by block: 1, or 2: entered from behind, so it counts as reached before it is */
	bool *taken;			/* by block: its arguments are what its one edge passes */
	VEC(ir_ref) work;
	ir_ref pending;
	bool changed;
};

static bool is_old_pure(const struct fold *x, ir_ref r)
{
	return r > 0 && (uint32_t)r < x->n && !ir_pinned(x->f, ir_at(x->f, r));
}

static ir_ref replaced(const struct fold *x, ir_ref r)
{
	while (r > 0 && (uint32_t)r < x->n && x->to[r] && x->to[r] != r)
		r = x->to[r];
	return r;
}

static void want(void *arg, ir_ref *r)
{
	struct fold *x = arg;

	*r = replaced(x, *r);
	if (is_old_pure(x, *r) && x->state[*r] == NEW)
		x->pending = *r;
}

/* What r is now; pure nodes are made anew with all they need. */
static ir_ref get(struct fold *x, ir_ref r)
{
	r = replaced(x, r);
	if (!is_old_pure(x, r) || x->state[r] != NEW)
		return r;
	vec_push(x->f->tmp, &x->work, r);
	while (x->work.n) {
		ir_ref w = x->work.at[x->work.n - 1];

		x->pending = 0;
		x->state[w] = ON_STACK;
		ir_visit(x->f, ir_at(x->f, w), want, x);
		if (x->pending) {
			vec_push(x->f->tmp, &x->work, x->pending);
			continue;
		}
		x->to[w] = ir_again(x->f, w);
		x->changed |= x->to[w] != w;
		x->state[w] = DONE;
		x->work.n--;
	}
	return replaced(x, r);
}

static void renew(void *arg, ir_ref *r)
{
	ir_ref v = get(arg, *r);

	((struct fold *)arg)->changed |= v != *r;
	*r = v;
}

/* The only block from which b is entered, but for jumps back to it, or UINT32_MAX. */
static uint32_t entered_from(const struct ir_func *f, uint32_t b)
{
	const struct ir_block *blk = &f->block.at[b];
	uint32_t one = UINT32_MAX;

	for (uint32_t k = 0; k < blk->pred.n; k++) {
		if (blk->pred.n > 1 && ir_dominates(f, b, blk->pred.at[k]))
			continue;
		if (one != UINT32_MAX)
			return UINT32_MAX;
		one = blk->pred.at[k];
	}
	return one;
}

/* Is the condition known at the start of block b? 1: true, 0: false, -1: no. */
static int known(const struct fold *x, uint32_t b, ir_ref cond)
{
	const struct ir_func *f = x->f;

	for (unsigned up = 0; b && up < MAX_UP; up++, b = f->block.at[b].idom) {
		uint32_t from = entered_from(f, b);
		const struct ir_node *c;

		if (from == UINT32_MAX)
			continue;
		c = ir_at(f, f->block.at[from].control);
		if (c->op == IR_br && c->a == cond && f->edge.at[c->b].to != f->edge.at[c->c].to)
			return f->edge.at[c->b].to == b;
	}
	return -1;
}

/* Marks where the block leads, deciding its branch if its condition is known. */
static void leave(struct fold *x, uint32_t b)
{
	struct ir_func *f = x->f;
	struct ir_node *c = ir_at(f, f->block.at[b].control);
	unsigned n;

	if (c->op == IR_br) {
		renew(x, &c->a);
		c = ir_at(f, f->block.at[b].control);
		if (!ir_is_const(c->a) && ir_at(f, c->a)->op == IR_ne && ir_is_k(f, ir_at(f, c->a)->b, 0) &&
		    ir_type_of(f, ir_at(f, c->a)->a) == IR_T_i32)
			c->a = ir_at(f, c->a)->a;
	}
	if (c->op == IR_br) {
		int k = ir_is_const(c->a) ? ir_kbits(f, c->a) != 0 : known(x, b, c->a);

		if (k >= 0) {
			*c = (struct ir_node){ .op = IR_jmp, .a = k ? c->b : c->c };
			f->analysed = false;
			x->changed = true;
		}
	}
	if (c->op == IR_switch) {
		renew(x, &c->a);
		c = ir_at(f, f->block.at[b].control);
		if (ir_is_const(c->a)) {
			*c = (struct ir_node){ .op = IR_jmp, .a = (ir_ref)ir_edge_at(f, c, ir_switch_way(f, c, ir_kbits(f, c->a))) };
			f->analysed = false;
			x->changed = true;
		}
	}
	n = ir_succs(f, b);
	for (unsigned j = 0; j < n; j++)
		x->reached[ir_out(f, b, j)->to] |= 1;
}

/* The only edge that leads into b, or UINT32_MAX. Edges from blocks that come later count. */
static uint32_t only_edge(const struct fold *x, uint32_t b)
{
	const struct ir_func *f = x->f;
	uint32_t one = UINT32_MAX;

	for (uint32_t k = 0; k < f->block.at[b].pred.n; k++) {
		uint32_t p = f->block.at[b].pred.at[k];
		unsigned n = ir_succs(f, p);

		if (f->block.at[p].rpo < f->block.at[b].rpo && !x->reached[p])
			continue;
		for (unsigned j = 0; j < n; j++) {
			if (ir_out(f, p, j)->to != b || one == ir_succ(f, p, j))
				continue;
			if (one != UINT32_MAX)
				return UINT32_MAX;
			one = ir_succ(f, p, j);
		}
	}
	return one;
}

static void take_args(struct fold *x, uint32_t b)
{
	struct ir_func *f = x->f;
	uint32_t e = b && !(x->reached[b] & 2) ? only_edge(x, b) : UINT32_MAX;

	for (uint32_t k = 0; e != UINT32_MAX && k < f->block.at[b].arg.n; k++) {
		x->to[f->block.at[b].arg.at[k]] = get(x, f->pool.at[f->edge.at[e].args + k]);
		x->changed = true;
	}
	x->taken[b] = e != UINT32_MAX;
}

/* True if the node stays in its block. */
static bool visit(struct fold *x, uint32_t b, ir_ref r)
{
	struct ir_func *f = x->f;
	struct ir_node *n = ir_at(f, r);
	ir_ref v;

	if (!ir_pinned(f, n))
		return false;
	ir_visit(f, ir_at(f, r), renew, x);
	ir_visit_kept(f, ir_at(f, r), renew, x);
	n = ir_at(f, r);
	if (n->op == IR_check) {
		/* what a branch has made sure of is no reason to let users of the checked value move above the branch */
		int k = ir_is_const(n->a) ? ir_kbits(f, n->a) != 0 : !n->b ? known(x, b, n->a) : -1;

		if (k == 1)
			x->to[r] = n->b;
		x->changed |= k == 1;
		return k != 1;
	}
	if (!(ir_ops[n->op].flags & IR_FAULT) && !(ir_ops[n->op].flags & IR_GUARD))
		return true;
	v = ir_again(f, r);
	if (v != r)
		x->to[r] = v;
	x->changed |= v != r;
	return v == r && ir_pinned(f, ir_at(f, r));
}

/* A block that only a jump leads into becomes part of the one with the jump; not where states speak of blocks. */
static void merge(struct fold *x)
{
	struct ir_func *f = x->f;

	for (uint32_t i = 0; i < f->n_order; i++) {
		struct ir_block *b = &f->block.at[f->order[i]];
		const struct ir_node *c = ir_at(f, b->control);

		while (b->reachable && c->op == IR_jmp) {
			struct ir_block *to = &f->block.at[f->edge.at[c->a].to];

			if (to->pred.n != 1 || to == b || (to->arg.n && !x->taken[f->edge.at[c->a].to]))
				break;
			for (uint32_t k = 0; k < to->ins.n; k++)
				vec_push(f->mem, &b->ins, to->ins.at[k]);
			b->control = to->control;
			b->cold &= to->cold;
			to->reachable = f->analysed = false;
			c = ir_at(f, b->control);
		}
	}
	ir_analyse(f);
}

/* In a loop with several entries, a block may be reached only from one that comes later. */
static void entered_from_behind(struct fold *x)
{
	struct ir_func *f = x->f;

	for (uint32_t i = 0; i < f->n_order; i++) {
		unsigned n = ir_succs(f, f->order[i]);

		for (unsigned j = 0; j < n; j++) {
			uint32_t to = ir_out(f, f->order[i], j)->to;

			if (f->block.at[to].rpo <= i && !ir_dominates(f, to, f->order[i]))
				x->reached[to] = 2;
		}
	}
}

static bool fold(struct ir_func *f, const struct opt_subst *s)
{
	struct fold x = { .f = f, .n = f->node.n };

	ir_analyse(f);
	ir_forget_shared(f);
	x.to = arena_zero(f->tmp, x.n * sizeof *x.to);
	if (s)
		memcpy(x.to, s->to, s->n * sizeof *x.to);
	x.state = arena_zero(f->tmp, x.n);
	x.reached = arena_zero(f->tmp, f->block.n);
	x.taken = arena_zero(f->tmp, f->block.n);
	x.reached[0] = 1;
	entered_from_behind(&x);
	for (uint32_t i = 0; i < f->n_order; i++) {
		uint32_t b = f->order[i], kept = 0;
		struct ir_block *blk = &f->block.at[b];

		if (!x.reached[b])
			continue;
		take_args(&x, b);
		if (blk->state)
			ir_visit_state(f, blk->state, renew, &x);
		for (uint32_t k = 0; k < blk->ins.n; k++)
			if (visit(&x, b, blk->ins.at[k]))
				blk->ins.at[kept++] = blk->ins.at[k];
		x.changed |= kept != blk->ins.n;
		blk->ins.n = kept;
		if (!ir_succs(f, b)) {
			ir_visit(f, ir_at(f, blk->control), renew, &x);
			ir_visit_kept(f, ir_at(f, blk->control), renew, &x);
		}
		leave(&x, b);
	}
	for (uint32_t i = 0; i < f->n_order; i++) {
		unsigned n = x.reached[f->order[i]] ? ir_succs(f, f->order[i]) : 0;

		for (unsigned j = 0; j < n; j++)
			for (uint32_t k = 0; k < ir_out(f, f->order[i], j)->n; k++)
				renew(&x, &f->pool.at[ir_out(f, f->order[i], j)->args + k]);
	}
	ir_analyse(f);
	if (f->state.n == 1)
		merge(&x);
	f->folded = true;
	return x.changed;
}

bool opt_fold(struct ir_func *f) { return fold(f, NULL); }
void opt_fold_replaced(struct ir_func *f, const struct opt_subst *s) { fold(f, s); }
