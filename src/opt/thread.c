/* SPDX-License-Identifier: MIT
 * thread.c - a block that asks what its predecessor has just stored is passed by.
 *
 *      A: store p, 0, 4          A: store p, 0, 4
 *         jmp B                     jmp D
 *      B: v = load p, 0    =>
 *         c = eq v, 0
 *         br c, C, D
 *
 * p is memory of the frame that only loads and stores touch, B does nothing else, and nothing of B is used elsewhere: front
 * ends leave a scope in this way, by a number for where to go on. Runs before sroa.c; in SSA form it would need repair.
 */
#include "opt/opt.h"

enum { MAX_HOPS = 8, MAX_BACK = 12 };
struct thread {
	struct ir_func *f;
	bool *taken;			/* by `stack` node: its address goes elsewhere; NULL: not looked at yet */
	bool *crosses;			/* by block: see opt_crossing */
};

static void take(void *arg, ir_ref *r)
{
	struct thread *t = arg;

	if (*r > 0)
		t->taken[*r] = true;
}

/* Every use of a `stack` node that is not the address of a load or store, through any node. */
static void find_taken(struct thread *t)
{
	struct ir_func *f = t->f;

	t->taken = arena_zero(f->tmp, f->node.n);
	t->crosses = opt_crossing(f);
	for (uint32_t r = 1; r < f->node.n; r++) {
		struct ir_node *n = ir_at(f, (ir_ref)r), x = *n;

		if (n->op == IR_load)
			continue;
		if (n->op == IR_store)
			x.a = 0;
		ir_visit(f, &x, take, t);
		ir_visit_kept(f, n, take, t);
	}
}

/* Block b only loads from the frame and branches on it. */
static bool only_asks(struct thread *t, uint32_t b)
{
	const struct ir_func *f = t->f;
	const struct ir_block *blk = &f->block.at[b];

	if (ir_at(f, blk->control)->op != IR_br || blk->arg.n || blk->state || blk->ins.n > 2)
		return false;
	for (uint32_t k = 0; k < blk->ins.n; k++) {
		const struct ir_node *n = ir_at(f, blk->ins.at[k]);

		if (n->op != IR_load || n->a <= 0 || ir_at(f, n->a)->op != IR_stack || IR_MEM_WIDTH(n->aux) != IR_W_FULL)
			return false;
	}
	return true;
}

/* No value of b is used elsewhere, and no address that it loads from has gone anywhere. Asked last, as the answer takes a look at all nodes. */
static bool is_alone(struct thread *t, uint32_t b)
{
	const struct ir_block *blk = &t->f->block.at[b];

	if (!t->taken)
		find_taken(t);
	for (uint32_t k = 0; k < blk->ins.n; k++)
		if (t->taken[ir_at(t->f, blk->ins.at[k])->a])
			return false;
	return !t->crosses[b];
}

/* The constant that memory p + offset holds at the end of block b, looking back over the stores of b; 0: not known. */
static ir_ref stored(const struct thread *t, uint32_t b, const struct ir_node *load)
{
	const struct ir_func *f = t->f;
	const struct ir_block *blk = &f->block.at[b];
	int64_t lo = load->b, hi = lo + ir_access_bytes(load->type, load->aux);

	for (uint32_t k = blk->ins.n, back = 0; k-- > 0 && back < MAX_BACK; back++) {
		const struct ir_node *n = ir_at(f, blk->ins.at[k]);
		int64_t at = n->b;

		if (n->op != IR_store || n->a != load->a)
			continue;
		if (at == lo && ir_is_const(n->c) && ir_type_of(f, n->c) == (enum ir_type)load->type && IR_MEM_WIDTH(n->aux) == IR_W_FULL)
			return n->c;
		if (at < hi && at + ir_access_bytes(ir_type_of(f, n->c), n->aux) > lo)
			return 0;
	}
	return 0;
}

/* The value of r in a block that only asks when control comes from block from: constants, its loads, and what is computed from these. */
static bool value(const struct thread *t, uint32_t from, ir_ref r, int64_t *out, unsigned depth)
{
	const struct ir_func *f = t->f;
	const struct ir_node *n;
	int64_t a = 0, b = 0;
	ir_ref k;

	if (ir_is_const(r)) {
		*out = ir_kbits(f, r);
		return true;
	}
	n = ir_at(f, r);
	if (n->op == IR_load) {
		k = n->a > 0 && ir_at(f, n->a)->op == IR_stack ? stored(t, from, n) : 0;
		*out = k ? ir_kbits(f, k) : 0;
		return k != 0;
	}
	if (!(ir_ops[n->op].flags & IR_PURE) || ir_ops[n->op].args[0] != 'v' || ir_ops[n->op].args[2] == 'v' || depth == 4)
		return false;
	if (!value(t, from, n->a, &a, depth + 1) || (ir_ops[n->op].args[1] == 'v' && !value(t, from, n->b, &b, depth + 1)))
		return false;
	return ir_compute(n->op, n->type, ir_type_of(f, n->a), a, b, 0, out);
}

bool opt_thread(struct ir_func *f)
{
	struct thread t = { .f = f };
	bool changed = false;

	if (f->state.n > 1 || !ir_has_op(f, IR_stack) || ir_calls_twice(f))
		return false;
	ir_analyse(f);
	for (uint32_t i = 0; i < f->n_order; i++) {
		uint32_t b = f->order[i];
		const struct ir_node *c = ir_at(f, f->block.at[b].control);
		int64_t v;

		for (unsigned hops = 0; c->op == IR_jmp && hops < MAX_HOPS && only_asks(&t, f->edge.at[c->a].to); hops++) {
			uint32_t ask = f->edge.at[c->a].to;
			const struct ir_node *q = ir_at(f, f->block.at[ask].control);
			const struct ir_edge *go;

			if (!value(&t, b, q->a, &v, 0) || !is_alone(&t, ask))
				break;
			go = &f->edge.at[v ? q->b : q->c];
			if (go->n)
				break;
			f->edge.at[c->a].to = go->to;
			f->analysed = false;
			changed = true;
		}
	}
	return changed;
}
