/* SPDX-License-Identifier: MIT
 * ir_graph.c - random control-flow graphs, to stress the register allocator.
 *
 * Blocks are numbered; each is entered by one with a smaller number, so all can be reached. More edges are added at random:
 * forward ones, fans as of a switch, and backward ones that go anywhere, so that loops nest, overlap and have several
 * entries. A backward edge is taken only while there is fuel, which is the first argument of every block; each block also
 * has a way forward, so every program ends. A block uses its arguments and all values of the blocks that dominate it. What
 * a block passes to one that dominates it is often that one's own arguments in another order: swaps and cycles.
 */
#include "ir_gen.h"

enum { BLOCKS = 48, SUCCS = 8, ARGS = 12 };

struct node {
	uint32_t block, idom;
	uint64_t dom;				/* set of the blocks that dominate it */
	uint32_t succ[SUCCS], n_succ, n_back;	/* backward ones first */
	enum ir_type type[ARGS]; uint32_t n_args;
};
struct graph { struct gen g; struct node node[BLOCKS]; uint32_t n, busy; };

static void edge(struct graph *x, uint32_t from, uint32_t to)
{
	struct node *b = &x->node[from];

	if (b->n_succ == SUCCS)
		return;
	if (to > from) {
		b->succ[b->n_succ++] = to;
		return;
	}
	b->succ[b->n_succ++] = b->succ[b->n_back];
	b->succ[b->n_back++] = to;
}

static void shape(struct graph *x)
{
	struct gen *g = &x->g;
	uint32_t kind = gen_below(g, 24), most = kind ? 6 : BLOCKS - 2, from;

	x->n = 2 + gen_below(g, most);
	for (uint32_t k = 1; k < x->n; k++)
		edge(x, kind == 1 || gen_below(g, 3) ? k - 1 : gen_below(g, k), k);
	if (kind == 1) {			/* a nest of loops */
		for (uint32_t k = 1; 2 * k < x->n; k++)
			edge(x, x->n - 1 - k, k);
	} else if (kind == 2) {			/* a fan */
		from = gen_below(g, x->n - 1);
		for (uint32_t k = 0; k < SUCCS; k++)
			edge(x, from, from + 1 + gen_below(g, x->n - 1 - from));
	}
	for (uint32_t k = gen_below(g, x->n); k-- > 0;) {
		from = gen_below(g, x->n - 1);
		edge(x, from, from + 1 + gen_below(g, x->n - 1 - from));
	}
	for (uint32_t k = gen_below(g, x->n); k-- > 0;) {
		from = 1 + gen_below(g, x->n - 1);
		if (x->node[from].n_succ > x->node[from].n_back)
			edge(x, from, 1 + gen_below(g, from));
	}
}

static void dominators(struct graph *x)
{
	bool changed = true;

	for (uint32_t k = 1; k < x->n; k++)
		x->node[k].dom = UINT64_MAX;
	x->node[0].dom = 1;
	while (changed) {
		uint64_t meet[BLOCKS];

		changed = false;
		memset(meet, 0xff, sizeof meet);
		for (uint32_t k = 0; k < x->n; k++)
			for (uint32_t s = 0; s < x->node[k].n_succ; s++)
				meet[x->node[k].succ[s]] &= x->node[k].dom;
		for (uint32_t k = 1; k < x->n; k++) {
			meet[k] |= UINT64_C(1) << k;
			changed |= meet[k] != x->node[k].dom;
			x->node[k].dom = meet[k];
		}
	}
	for (uint32_t k = 1; k < x->n; k++)
		for (uint32_t d = 0; d < x->n; d++)
			if (d != k && x->node[k].dom >> d & 1 && (x->node[d].dom | UINT64_C(1) << k) == x->node[k].dom)
				x->node[k].idom = d;
}

static ir_ref pointer(struct gen *g)
{
	ir_ref i = gen_emit(g, IR_and, IR_T_i64, gen_any(g, IR_T_i64), ir_const(g->f, IR_T_i64, 56), 0);

	return gen_emit(g, IR_add, IR_T_ptr, g->buf, i, 0);
}

/* An edge to succ with what it is passed. */
static uint32_t passing(struct graph *x, uint32_t from, uint32_t succ, ir_ref fuel)
{
	const struct node *to = &x->node[succ];
	const struct ir_block *b = &x->g.f->block.at[to->block];
	bool again = x->node[from].dom >> succ & 1 && gen_below(&x->g, 4);
	ir_ref args[ARGS];

	args[0] = fuel;
	for (uint32_t k = 1; k < to->n_args; k++) {
		uint32_t other = 1 + gen_below(&x->g, to->n_args - 1);

		if (again && to->type[other] == to->type[k] && gen_below(&x->g, 4))
			args[k] = b->arg.at[other];
		else if (to->type[k] == IR_T_ptr)
			args[k] = x->g.value[IR_T_ptr][gen_below(&x->g, x->g.n[IR_T_ptr])];
		else
			args[k] = gen_any(&x->g, to->type[k]);
	}
	return ir_edge_new(x->g.f, to->block, to->n_args, args);
}

/* One test after the other, each in a block of its own; the last way is taken without. */
static void leave(struct graph *x, uint32_t k, ir_ref fuel)
{
	struct gen *g = &x->g;
	const struct node *b = &x->node[k];
	ir_ref less = b->n_back ? gen_emit(g, IR_sub, IR_T_i64, fuel, ir_const(g->f, IR_T_i64, 1), 0) : fuel;

	if (!b->n_succ) {
		gen_ret(g, 1 + gen_below(g, 6));
		return;
	}
	for (uint32_t s = 0; s + 1 < b->n_succ; s++) {
		uint32_t next = ir_block_new(g->f), yes = passing(x, k, b->succ[s], s < b->n_back ? less : fuel), no;
		ir_ref c = gen_condition(g);

		if (s < b->n_back) {
			ir_ref left = gen_emit(g, IR_lt, IR_T_i32, ir_const(g->f, IR_T_i64, 0), fuel, 0);

			c = gen_emit(g, IR_select, IR_T_i32, left, gen_below(g, 2) ? c : ir_const(g->f, IR_T_i32, 1), ir_const(g->f, IR_T_i32, 0));
		}
		no = ir_edge_new(g->f, next, 0, NULL);
		ir_br(g->f, c, yes, no);
		ir_start(g->f, next);
	}
	ir_emit(g->f, IR_jmp, IR_T_void, 0, (ir_ref)passing(x, k, b->succ[b->n_succ - 1], fuel), 0, 0);
}

/* The block and those that it dominates. */
static void block(struct graph *x, uint32_t k)
{
	struct gen *g = &x->g;
	struct node *b = &x->node[k];
	ir_ref fuel = ir_const(g->f, IR_T_i64, 1 + gen_below(g, 16));
	unsigned n[IR_TYPE_COUNT];

	memcpy(n, g->n, sizeof n);
	ir_start(g->f, b->block);
	if (k)
		fuel = g->f->block.at[b->block].arg.at[0];
	for (uint32_t a = 1; a < b->n_args; a++)
		gen_add(g, g->f->block.at[b->block].arg.at[a]);
	if (k && gen_below(g, 4) == 0)
		g->f->block.at[b->block].state = gen_state(g);
	g->f->block.at[b->block].cold = k && gen_below(g, 8) == 0;
	if (gen_below(g, 3) == 0)
		gen_add(g, pointer(g));
	for (unsigned s = gen_below(g, gen_below(g, 8) ? x->busy : 24); s-- > 0;)
		gen_operation(g, gen_below(g, 84));
	leave(x, k, fuel);
	for (uint32_t d = 1; d < x->n; d++)
		if (x->node[d].idom == k)
			block(x, d);
	memcpy(g->n, n, sizeof n);
}

struct ir_func *gen_graph(struct arena *mem, uint64_t seed, bool plain)
{
	struct graph x = { .g = gen_new(mem, seed, plain) };
	uint32_t most = 1 + gen_below(&x.g, ARGS - 1);

	x.busy = 1 + gen_below(&x.g, 6);
	gen_add(&x.g, x.g.buf);
	shape(&x);
	dominators(&x);
	for (uint32_t k = 1; k < x.n; k++) {
		x.node[k].block = ir_block_new(x.g.f);
		x.node[k].n_args = 1 + gen_below(&x.g, most);
		for (uint32_t a = 0; a < x.node[k].n_args; a++) {
			x.node[k].type[a] = a == 0 ? IR_T_i64 : gen_below(&x.g, 8) ? gen_any_type(&x.g) : IR_T_ptr;
			ir_block_arg(x.g.f, x.node[k].block, x.node[k].type[a]);
		}
	}
	block(&x, 0);
	return x.g.f;
}
