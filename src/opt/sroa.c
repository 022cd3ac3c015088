/* SPDX-License-Identifier: MIT
 * sroa.c - memory of the native frame becomes values: `stack` nodes whose address goes nowhere but into loads and stores.
 *
 * Accesses that overlap make one cell, of at most 8 bytes; a cell is a variable. Cells that are always accessed whole have
 * the type of an access, others are integers out of which narrower accesses are cut. A cell that is wider stays in
 * memory, and so does its whole node.
 *
 * SSA per variable as in Cytron et al. (TOPLAS 1991), pruned: arguments go to the iterated dominance frontier of the
 * blocks that write it, as far as it is live there. Reads, writes, arguments and the ends of blocks that pass one are visited
 * in the order of the dominator tree, with a stack of the values in force: no work is done in blocks that have none of them.
 * What was never written is 0.
 *
 * Not in a function with a call that may return again: the way from wherever that happens back to behind the call is on no
 * edge, so a value would be the one of the first return. Memory is as it was left.
 */
#include "opt/opt.h"

#include <stdlib.h>

enum { MAX_CELL = 8, MAX_NODE = 1 << 16 };
struct access { ir_ref node; uint32_t block, next; int32_t offset; uint32_t bytes; };	/* next of the same stack node, later of the same cell */
struct cell { int32_t from, to; uint8_t type; bool mixed; uint32_t first, last; };	/* mixed: some accesses are to a part of it only */
struct event { uint64_t order; uint32_t what; };	/* number of the block in the dominator tree, then place in the block: ARG, access, END */
enum { ARG = 0, END = UINT32_MAX };
struct scope { uint32_t tree, end; ir_ref value; };	/* a value in force in the blocks whose numbers these are */
struct sroa {
	struct ir_func *f;
	struct opt_subst s;
	uint32_t n;			/* nodes at the start */
	ir_ref *root;			/* by node: the stack node that it points into, or 0 */
	int32_t *offset;
	bool *seen, *gone;		/* by node */
	bool *escapes;			/* by stack node */
	uint32_t *accesses;		/* by stack node: its first access */
	VEC(struct access) access;
	VEC(ir_ref) work;
	/* of the variable at hand */
	uint32_t var;
	uint32_t *has_arg, *wrote, *live;	/* by block, == var: has an argument for it; writes it; it is live at the start */
	VEC(struct event) event;
	VEC(struct scope) scope;
	VEC(uint32_t) todo, args;
	VEC(uint32_t) *frontier;	/* by block */
	struct { ir_ref *at; uint32_t n, cap; } *add;	/* by edge: values for new arguments */
};

/* ---- what points where ------------------------------------------------------------------------------------------ */

static void find_root(struct sroa *s, ir_ref r)
{
	const struct ir_node *n = ir_at(s->f, r);

	if (n->op == IR_stack && n->a <= MAX_NODE) {
		s->root[r] = r;
	} else if (n->op == IR_add && n->a > 0 && s->root[n->a] && ir_is_const(n->b)) {
		int64_t o = (int64_t)((uint64_t)s->offset[n->a] + (uint64_t)ir_kbits(s->f, n->b));

		if (o < 0 || o > MAX_NODE) {
			s->escapes[s->root[n->a]] = true;
			return;
		}
		s->root[r] = s->root[n->a];
		s->offset[r] = (int32_t)o;
	}
}

static void look(void *arg, ir_ref *r)
{
	struct sroa *s = arg;

	if (*r > 0 && !s->seen[*r]) {
		s->seen[*r] = true;
		vec_push(s->f->tmp, &s->work, *r);
	}
}

static void escape(void *arg, ir_ref *r)
{
	struct sroa *s = arg;

	if (*r > 0 && s->root[*r])
		s->escapes[s->root[*r]] = true;
	look(arg, r);
}

/* Operands of node r that are used in another way than as an address, or to make one. */
static void visit(struct sroa *s, ir_ref r, uint32_t block)
{
	struct ir_node *n = ir_at(s->f, r);
	ir_ref root = ir_ops[n->op].args[0] == 'v' && n->a > 0 ? s->root[n->a] : 0;
	uint32_t bytes;
	int64_t at;

	if (n->op == IR_add && s->root[r]) {
		look(s, &n->a);
		return;
	}
	if ((n->op != IR_load && n->op != IR_store) || !root || (s->f->changing >> IR_MEM_CLASS(n->aux) & 1)) {
		ir_visit(s->f, n, escape, s);
		ir_visit_kept(s->f, n, escape, s);
		return;
	}
	if (n->op == IR_store)
		escape(s, &n->c);
	at = (int64_t)s->offset[n->a] + n->b;
	bytes = ir_access_bytes(n->op == IR_load ? n->type : ir_type_of(s->f, n->c), n->aux);
	if (at < 0 || at + bytes > ir_at(s->f, root)->a)
		s->escapes[root] = true;
	vec_push(s->f->tmp, &s->access, ((struct access){ r, block, 0, (int32_t)at, bytes }));
}

static void find_accesses(struct sroa *s)
{
	struct ir_func *f = s->f;

	for (uint32_t r = 1; r < s->n; r++)
		find_root(s, (ir_ref)r);
	s->access.n = 0;
	vec_push(f->tmp, &s->access, (struct access){ 0 });
	for (uint32_t i = 0; i < f->n_order; i++) {
		struct ir_block *b = &f->block.at[f->order[i]];

		if (b->state)
			ir_visit_state(f, b->state, escape, s);
		for (uint32_t k = 0; k <= b->ins.n; k++) {
			visit(s, k < b->ins.n ? b->ins.at[k] : b->control, f->order[i]);
			while (s->work.n) {
				ir_ref w = s->work.at[--s->work.n];

				if (!ir_pinned(f, ir_at(f, w)))
					visit(s, w, 0);
			}
		}
	}
	/* chains by stack node, in order */
	for (uint32_t a = s->access.n; a-- > 1;) {
		ir_ref root = s->root[ir_at(f, s->access.at[a].node)->a];

		s->access.at[a].next = s->accesses[root];
		s->accesses[root] = a;
	}
}

/* ---- cells -------------------------------------------------------------------------------------------------------- */

static enum ir_type access_type(const struct sroa *s, const struct access *a)
{
	const struct ir_node *n = ir_at(s->f, a->node);

	return n->op == IR_load ? n->type : ir_type_of(s->f, n->c);
}

typedef VEC(struct cell) cells;

/* Puts one access into the cells, which are disjoint; cells that it overlaps become one. */
static void into_cells(struct sroa *s, cells *c, const struct access *a)
{
	struct cell x = { a->offset, a->offset + (int32_t)a->bytes, access_type(s, a), false, 0, 0 };
	uint32_t kept = 0;

	if (a->bytes < 4)
		x.type = IR_T_i32;
	else if (a->bytes < ir_types[x.type].size)
		x.type = IR_T_i32;
	for (uint32_t k = 0; k < c->n; k++) {
		struct cell *y = &c->at[k];

		if (y->to <= x.from || y->from >= x.to) {
			c->at[kept++] = *y;
			continue;
		}
		x.mixed |= y->mixed || y->from != x.from || y->to != x.to;
		/* what is copied as a word and computed with as a double is a double */
		if (y->type != IR_T_i64 && y->type != IR_T_i32 && !(y->type == IR_T_ptr && ir_is_float(x.type)))
			x.type = y->type;
		x.from = y->from < x.from ? y->from : x.from;
		x.to = y->to > x.to ? y->to : x.to;
	}
	c->n = kept;
	vec_push(s->f->tmp, c, x);
}

static ir_ref un(struct sroa *s, enum ir_op op, enum ir_type t, ir_ref a) { return ir_emit(s->f, op, t, 0, a, 0, 0); }

static ir_ref bin(struct sroa *s, enum ir_op op, ir_ref a, int64_t k)
{
	enum ir_type t = ir_type_of(s->f, a);

	return ir_emit(s->f, op, t, 0, a, ir_const(s->f, t, k), 0);
}

static ir_ref retype(struct sroa *s, ir_ref v, enum ir_type t)
{
	return ir_type_of(s->f, v) == t ? v : un(s, IR_bitcast, t, v);
}

/* v as an integer of type t: i32 or i64; bits above `bytes` do not matter. */
static ir_ref as_int(struct sroa *s, ir_ref v, enum ir_type t)
{
	enum ir_type from = ir_type_of(s->f, v), same = ir_types[from].size == 8 ? IR_T_i64 : IR_T_i32;

	v = retype(s, v, same);
	if (same == t)
		return v;
	return un(s, t == IR_T_i32 ? IR_trunc : IR_zext, t, v);
}

/* What a load gives when its cell holds v. */
static ir_ref cut(struct sroa *s, const struct cell *c, const struct access *a, ir_ref v)
{
	const struct ir_node *n = ir_at(s->f, a->node);
	enum ir_type t = n->type, word = a->bytes == 8 ? IR_T_i64 : IR_T_i32;
	enum ir_width w = IR_MEM_WIDTH(n->aux);
	bool sign = w == IR_W_8S || w == IR_W_16S || w == IR_W_32S;

	if (!c->mixed && a->bytes >= 4 && w == IR_W_FULL)
		return retype(s, v, t);
	if (a->offset != c->from)
		v = bin(s, IR_shr, v, 8 * (a->offset - c->from));
	v = as_int(s, v, word);
	if (a->bytes == 1)
		v = sign ? un(s, IR_sext8, word, v) : bin(s, IR_and, v, 0xff);
	else if (a->bytes == 2)
		v = sign ? un(s, IR_sext16, word, v) : bin(s, IR_and, v, 0xffff);
	if (w != IR_W_FULL && t == IR_T_i64)
		return un(s, sign ? IR_sext : IR_zext, IR_T_i64, v);
	return retype(s, v, t);
}

/* What the cell holds after a store; old is what it held before. */
static ir_ref put(struct sroa *s, const struct cell *c, const struct access *a, ir_ref old)
{
	ir_ref v = opt_subst_get(&s->s, ir_at(s->f, a->node)->c);
	unsigned shift = 8 * (unsigned)(a->offset - c->from);
	int64_t mask;

	if (!c->mixed)
		return retype(s, a->bytes >= 4 && ir_types[ir_type_of(s->f, v)].size == a->bytes ? v : as_int(s, v, IR_T_i32), c->type);
	v = as_int(s, v, c->type);
	if (a->bytes == (uint32_t)(c->to - c->from))
		return v;
	mask = a->bytes == 8 ? -1 : (INT64_C(1) << 8 * a->bytes) - 1;
	v = bin(s, IR_and, v, mask);
	if (shift)
		v = bin(s, IR_shl, v, shift);
	return ir_emit(s->f, IR_or, c->type, 0, bin(s, IR_and, old, (int64_t)~((uint64_t)mask << shift)), v, 0);
}

/* ---- one variable ------------------------------------------------------------------------------------------------- */

/* Blocks at whose start the variable is live, from those that read it first. */
static void find_live(struct sroa *s, const struct cell *c)
{
	uint32_t last = UINT32_MAX;

	s->todo.n = 0;
	for (uint32_t a = c->first; a; a = s->access.at[a].next) {
		const struct access *x = &s->access.at[a];
		bool store = ir_at(s->f, x->node)->op == IR_store, whole = x->offset == c->from && (int32_t)x->bytes == c->to - c->from;

		if (x->block != last && !(store && whole) && s->live[x->block] != s->var) {
			s->live[x->block] = s->var;
			vec_push(s->f->tmp, &s->todo, x->block);
		}
		if (store)
			s->wrote[x->block] = s->var;
		last = x->block;
	}
	while (s->todo.n) {
		const struct ir_block *b = &s->f->block.at[s->todo.at[--s->todo.n]];

		for (uint32_t k = 0; k < b->pred.n; k++)
			if (s->live[b->pred.at[k]] != s->var && s->wrote[b->pred.at[k]] != s->var) {
				s->live[b->pred.at[k]] = s->var;
				vec_push(s->f->tmp, &s->todo, b->pred.at[k]);
			}
	}
}

static void make_args(struct sroa *s, const struct cell *c)
{
	s->todo.n = s->args.n = 0;
	for (uint32_t a = c->first; a; a = s->access.at[a].next)
		if (ir_at(s->f, s->access.at[a].node)->op == IR_store)
			vec_push(s->f->tmp, &s->todo, s->access.at[a].block);
	while (s->todo.n) {
		uint32_t b = s->todo.at[--s->todo.n];

		for (uint32_t k = 0; k < s->frontier[b].n; k++) {
			uint32_t j = s->frontier[b].at[k];

			if (s->has_arg[j] == s->var || s->live[j] != s->var)
				continue;
			s->has_arg[j] = s->var;
			ir_block_arg(s->f, j, c->type);
			vec_push(s->f->tmp, &s->args, j);
			vec_push(s->f->tmp, &s->todo, j);
		}
	}
}

static void add_event(struct sroa *s, uint32_t block, uint32_t place, uint32_t what)
{
	vec_push(s->f->tmp, &s->event, ((struct event){ (uint64_t)s->f->block.at[block].tree << 32 | place, what }));
}

static int by_order(const void *a, const void *b)
{
	uint64_t x = ((const struct event *)a)->order, y = ((const struct event *)b)->order;

	return x < y ? -1 : x > y;
}

/* Most variables have a few events, nearly in order. */
static void sort_events(struct sroa *s)
{
	if (s->event.n > 50)
		qsort(s->event.at, s->event.n, sizeof *s->event.at, by_order);
	for (uint32_t i = 1, k; i < s->event.n; i++) {
		struct event x = s->event.at[i];

		for (k = i; k && s->event.at[k - 1].order > x.order; k--)
			s->event.at[k] = s->event.at[k - 1];
		s->event.at[k] = x;
	}
}

static void list_events(struct sroa *s, const struct cell *c)
{
	struct ir_func *f = s->f;

	s->event.n = 0;
	for (uint32_t a = c->first; a; a = s->access.at[a].next)
		add_event(s, s->access.at[a].block, a, a);
	for (uint32_t i = 0; i < s->args.n; i++) {
		const struct ir_block *b = &f->block.at[s->args.at[i]];

		add_event(s, s->args.at[i], ARG, s->args.at[i]);
		for (uint32_t k = 0; k < b->pred.n; k++) {
			unsigned n = ir_succs(f, b->pred.at[k]);

			for (unsigned j = 0; j < n; j++)
				if (ir_out(f, b->pred.at[k], j)->to == s->args.at[i] && !(k && b->pred.at[k] == b->pred.at[k - 1]))
					add_event(s, b->pred.at[k], END, ir_succ(f, b->pred.at[k], j));
		}
	}
	sort_events(s);
}

static void define(struct sroa *s, uint32_t block, ir_ref v)
{
	const struct ir_block *b = &s->f->block.at[block];

	if (s->scope.n && s->scope.at[s->scope.n - 1].tree == b->tree)
		s->scope.at[s->scope.n - 1].value = v;
	else
		vec_push(s->f->tmp, &s->scope, ((struct scope){ b->tree, b->tree + b->dominated, v }));
}

static void promote(struct sroa *s, const struct cell *c)
{
	struct ir_func *f = s->f;

	s->var++;
	find_live(s, c);
	make_args(s, c);
	list_events(s, c);
	s->scope.n = 0;
	for (uint32_t i = 0; i < s->event.n; i++) {
		uint32_t tree = (uint32_t)(s->event.at[i].order >> 32), place = (uint32_t)s->event.at[i].order, what = s->event.at[i].what;
		const struct access *x;
		ir_ref v;

		if (place == ARG) {
			define(s, what, f->block.at[what].arg.at[f->block.at[what].arg.n - 1]);
			continue;
		}
		while (s->scope.n && s->scope.at[s->scope.n - 1].end <= tree)
			s->scope.n--;
		v = s->scope.n ? s->scope.at[s->scope.n - 1].value : ir_const(f, c->type, 0);
		if (place == END) {
			vec_push(f->tmp, &s->add[what], v);
			continue;
		}
		x = &s->access.at[what];
		if (ir_at(f, x->node)->op == IR_load)
			opt_subst_set(&s->s, x->node, cut(s, c, x, v));
		else
			define(s, x->block, put(s, c, x, v));
		s->gone[x->node] = true;
	}
}

/* ---- the whole ------------------------------------------------------------------------------------------------------- */

static void frontiers(struct sroa *s)
{
	struct ir_func *f = s->f;

	s->frontier = arena_zero(f->tmp, f->block.n * sizeof *s->frontier);
	for (uint32_t i = 0; i < f->n_order; i++) {
		uint32_t b = f->order[i];

		for (uint32_t k = 0; f->block.at[b].pred.n >= 2 && k < f->block.at[b].pred.n; k++)
			for (uint32_t r = f->block.at[b].pred.at[k]; r != f->block.at[b].idom; r = f->block.at[r].idom)
				if (!s->frontier[r].n || s->frontier[r].at[s->frontier[r].n - 1] != b)
					vec_push(f->tmp, &s->frontier[r], b);
	}
}

/* Chains the accesses of one node by cell and turns the cells into values. */
static bool split_node(struct sroa *s, ir_ref node)
{
	cells c = { 0 };

	for (uint32_t a = s->accesses[node]; a; a = s->access.at[a].next)
		into_cells(s, &c, &s->access.at[a]);
	for (uint32_t k = 0; k < c.n; k++)
		if (c.at[k].to - c.at[k].from > MAX_CELL)
			return false;
	for (uint32_t a = s->accesses[node], next; a; a = next) {
		uint32_t k = 0;

		next = s->access.at[a].next;
		while (s->access.at[a].offset < c.at[k].from || s->access.at[a].offset >= c.at[k].to)
			k++;
		s->access.at[a].next = 0;
		*(c.at[k].first ? &s->access.at[c.at[k].last].next : &c.at[k].first) = a;
		c.at[k].last = a;
	}
	for (uint32_t k = 0; k < c.n; k++) {
		if (c.at[k].mixed)
			c.at[k].type = c.at[k].to - c.at[k].from > 4 ? IR_T_i64 : IR_T_i32;
		promote(s, &c.at[k]);
	}
	s->gone[node] = true;
	return true;
}

static void pass_new_args(struct sroa *s, uint32_t n_edges)
{
	struct ir_func *f = s->f;

	for (uint32_t e = 0; e < n_edges; e++) {
		struct ir_edge *x = &f->edge.at[e];
		uint32_t at = f->pool.n;

		if (!s->add[e].n)
			continue;
		for (uint32_t k = 0; k < x->n; k++) {
			ir_ref v = f->pool.at[x->args + k];

			vec_push(f->mem, &f->pool, v);
		}
		for (uint32_t k = 0; k < s->add[e].n; k++)
			vec_push(f->mem, &f->pool, s->add[e].at[k]);
		x->args = at;
		x->n += s->add[e].n;
	}
}

/* Takes out what is gone; stores become nops where there are states, whose epochs they end. */
static void drop(struct sroa *s)
{
	struct ir_func *f = s->f;

	for (uint32_t i = 0; i < f->n_order; i++) {
		struct ir_block *b = &f->block.at[f->order[i]];
		uint32_t kept = 0;

		for (uint32_t k = 0; k < b->ins.n; k++) {
			ir_ref r = b->ins.at[k];

			if (s->gone[r] && ir_at(f, r)->op == IR_store && f->state.n > 1)
				*ir_at(f, r) = (struct ir_node){ .op = IR_nop };
			else if (s->gone[r])
				continue;
			b->ins.at[kept++] = r;
		}
		b->ins.n = kept;
	}
}

bool opt_sroa(struct ir_func *f)
{
	struct sroa s = { .f = f, .n = f->node.n };
	size_t n = f->node.n, blocks = f->block.n;
	uint32_t edges = f->edge.n;
	bool changed = false;

	if (!ir_has_op(f, IR_stack) || ir_calls_twice(f))
		return false;
	ir_analyse(f);
	opt_subst_init(&s.s, f);
	s.root = arena_zero(f->tmp, n * sizeof *s.root);
	s.offset = arena_zero(f->tmp, n * sizeof *s.offset);
	s.seen = arena_zero(f->tmp, n);
	s.gone = arena_zero(f->tmp, n);
	s.escapes = arena_zero(f->tmp, n);
	s.accesses = arena_zero(f->tmp, n * sizeof *s.accesses);
	s.has_arg = arena_zero(f->tmp, blocks * sizeof *s.has_arg);
	s.wrote = arena_zero(f->tmp, blocks * sizeof *s.wrote);
	s.live = arena_zero(f->tmp, blocks * sizeof *s.live);
	s.add = arena_zero(f->tmp, (edges + 1) * sizeof *s.add);
	find_accesses(&s);
	frontiers(&s);
	for (uint32_t r = 1; r < n; r++)
		if (ir_at(f, (ir_ref)r)->op == IR_stack && s.root[r] && !s.escapes[r])
			changed |= split_node(&s, (ir_ref)r);
	if (!changed)
		return false;
	pass_new_args(&s, edges);
	opt_subst_apply(&s.s, f);
	drop(&s);
	return true;
}
