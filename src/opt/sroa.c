/* SPDX-License-Identifier: MIT
 * sroa.c - memory of the native frame becomes values: `stack` nodes whose address goes nowhere but into loads and stores.
 *
 * Accesses that overlap make one cell, of at most 8 bytes; a cell is a variable. Cells that are always accessed whole have
 * the type of an access, others are integers out of which narrower accesses are cut. A cell that is wider stays in
 * memory, and so does its whole node.
 *
 * SSA as in Cytron et al. (TOPLAS 1991), pruned: arguments go to the iterated dominance frontier of the blocks that write
 * a variable, as far as it is live there. Then all blocks are visited once in the order of the dominator tree; a variable has
 * a stack of the values in force, each with the part of the tree in which it is. What was never written is 0. Loads are not
 * replaced one by one: the folder that runs at the end takes over what each has become.
 *
 * Not in a function with a call that may return again: the way from wherever that happens back to behind the call is on no
 * edge, so a value would be the one of the first return. Memory is as it was left.
 */
#include "opt/opt.h"

enum { MAX_CELL = 8, MAX_NODE = 1 << 16 };
struct access { ir_ref node; uint32_t block, next; int32_t offset; uint32_t bytes, var; };	/* next of the same stack node, later of the same cell */
struct cell { int32_t from, to; uint8_t type; bool mixed; uint32_t first, last, value; };	/* mixed: some accesses are to a part of it only; value: in force */
struct value { uint32_t end, below; ir_ref v; };	/* in force in the blocks with numbers below end; what is in force again then */
struct phi { uint32_t var; ir_ref arg; };
struct front { uint32_t block, next; };
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
	uint32_t *by_tree;		/* blocks in the order of the dominator tree */
	VEC(struct cell) var;		/* [0] unused */
	VEC(struct value) value;	/* [0] unused */
	uint32_t *has_arg, *wrote, *live;	/* by block, == the variable at hand: has an argument for it; writes it; it is live at the start */
	VEC(uint32_t) todo;
	uint32_t *frontier;		/* by block: its dominance frontier, a list in front */
	VEC(struct front) front;	/* [0]: the end of the lists */
	VEC(struct phi) *phi;		/* by block */
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
	vec_push(s->f->tmp, &s->access, ((struct access){ r, block, 0, (int32_t)at, bytes, 0 }));
}

static void find_accesses(struct sroa *s)
{
	struct ir_func *f = s->f;

	for (uint32_t r = 1; r < s->n; r++)
		find_root(s, (ir_ref)r);
	s->access.n = 0;
	vec_push(f->tmp, &s->access, (struct access){ 0 });
	for (uint32_t i = 0; i < f->n_order; i++) {
		struct ir_block *b = &f->block.at[s->by_tree[i]];

		if (b->state)
			ir_visit_state(f, b->state, escape, s);
		for (uint32_t k = 0; k <= b->ins.n; k++) {
			visit(s, k < b->ins.n ? b->ins.at[k] : b->control, s->by_tree[i]);
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
	struct cell x = { a->offset, a->offset + (int32_t)a->bytes, access_type(s, a), false, 0, 0, 0 };
	uint32_t kept = 0;

	if (a->bytes < 4)
		x.type = IR_T_i32;
	else if (a->bytes < ir_types[x.type].size)
		x.type = IR_T_i32;
	for (uint32_t k = 0; k < c->n; k++) {
		struct cell *y = &c->at[k];

		if (y->from == x.from && y->to == x.to && y->type == x.type)
			return;			/* the usual case; cells are disjoint, so nothing was taken out so far */
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

/* ---- where variables need arguments ------------------------------------------------------------------------------- */

/* Blocks at whose start the variable is live, from those that read it first. */
static void find_live(struct sroa *s, uint32_t var)
{
	const struct cell *c = &s->var.at[var];
	uint32_t last = UINT32_MAX;

	for (uint32_t a = c->first; a; a = s->access.at[a].next) {
		const struct access *x = &s->access.at[a];
		bool store = ir_at(s->f, x->node)->op == IR_store, whole = x->offset == c->from && (int32_t)x->bytes == c->to - c->from;

		if (x->block != last && !(store && whole) && s->live[x->block] != var) {
			s->live[x->block] = var;
			vec_push(s->f->tmp, &s->todo, x->block);
		}
		if (store)
			s->wrote[x->block] = var;
		last = x->block;
	}
	while (s->todo.n) {
		const struct ir_block *b = &s->f->block.at[s->todo.at[--s->todo.n]];

		for (uint32_t k = 0; k < b->pred.n; k++)
			if (s->live[b->pred.at[k]] != var && s->wrote[b->pred.at[k]] != var) {
				s->live[b->pred.at[k]] = var;
				vec_push(s->f->tmp, &s->todo, b->pred.at[k]);
			}
	}
}

static void make_args(struct sroa *s, uint32_t var)
{
	const struct cell *c = &s->var.at[var];
	bool any = false;

	for (uint32_t a = c->first; a && !any; a = s->access.at[a].next)
		any = ir_at(s->f, s->access.at[a].node)->op == IR_store && s->frontier[s->access.at[a].block];
	if (!any)
		return;			/* what was written is seen nowhere but behind it */
	find_live(s, var);
	for (uint32_t a = c->first; a; a = s->access.at[a].next)
		if (ir_at(s->f, s->access.at[a].node)->op == IR_store)
			vec_push(s->f->tmp, &s->todo, s->access.at[a].block);
	while (s->todo.n) {
		uint32_t b = s->todo.at[--s->todo.n];

		for (uint32_t k = s->frontier[b]; k; k = s->front.at[k].next) {
			uint32_t j = s->front.at[k].block;

			if (s->has_arg[j] == var || s->live[j] != var)
				continue;
			s->has_arg[j] = var;
			vec_push(s->f->tmp, &s->phi[j], ((struct phi){ var, ir_block_arg(s->f, j, c->type) }));
			vec_push(s->f->tmp, &s->todo, j);
		}
	}
}

/* ---- values ------------------------------------------------------------------------------------------------------- */

/* What the variable holds in block number tree, here. */
static ir_ref value_of(struct sroa *s, uint32_t var, uint32_t tree)
{
	struct cell *c = &s->var.at[var];

	while (c->value && s->value.at[c->value].end <= tree)
		c->value = s->value.at[c->value].below;
	return c->value ? s->value.at[c->value].v : ir_const(s->f, c->type, 0);
}

static void define(struct sroa *s, uint32_t var, const struct ir_block *b, ir_ref v)
{
	struct cell *c = &s->var.at[var];

	vec_push(s->f->tmp, &s->value, ((struct value){ b->tree + b->dominated, c->value, v }));
	c->value = s->value.n - 1;
}

static void replace_access(struct sroa *s, const struct access *x, const struct ir_block *b)
{
	ir_ref v = value_of(s, x->var, b->tree);

	s->gone[x->node] = true;
	if (ir_at(s->f, x->node)->op == IR_load)
		opt_subst_set(&s->s, x->node, cut(s, &s->var.at[x->var], x, v));
	else
		define(s, x->var, b, put(s, &s->var.at[x->var], x, v));
}

/* What the edge out of block number tree passes for the new arguments, behind what it passes already. */
static void pass_values(struct sroa *s, struct ir_edge *e, uint32_t tree)
{
	struct ir_func *f = s->f;
	uint32_t at = f->pool.n;

	if (!s->phi[e->to].n)
		return;
	for (uint32_t k = 0; k < e->n; k++) {
		ir_ref v = f->pool.at[e->args + k];

		vec_push(f->mem, &f->pool, v);
	}
	for (uint32_t k = 0; k < s->phi[e->to].n; k++)
		vec_push(f->mem, &f->pool, value_of(s, s->phi[e->to].at[k].var, tree));
	e->args = at;
	e->n = f->pool.n - at;
}

static void rename_all(struct sroa *s)
{
	struct ir_func *f = s->f;
	uint32_t a = 1;

	vec_push(f->tmp, &s->value, (struct value){ 0 });
	for (uint32_t i = 0; i < f->n_order; i++) {
		const struct ir_block *b = &f->block.at[s->by_tree[i]];
		unsigned n = ir_succs(f, s->by_tree[i]);

		for (uint32_t k = 0; k < s->phi[s->by_tree[i]].n; k++)
			define(s, s->phi[s->by_tree[i]].at[k].var, b, s->phi[s->by_tree[i]].at[k].arg);
		for (; a < s->access.n && s->access.at[a].block == s->by_tree[i]; a++)
			if (s->access.at[a].var)
				replace_access(s, &s->access.at[a], b);
		for (unsigned j = 0; j < n; j++)
			pass_values(s, ir_out(f, s->by_tree[i], j), b->tree);
	}
}

/* ---- the whole ------------------------------------------------------------------------------------------------------- */

static void frontiers(struct sroa *s)
{
	struct ir_func *f = s->f;

	s->frontier = arena_zero(f->tmp, f->block.n * sizeof *s->frontier);
	vec_push(f->tmp, &s->front, ((struct front){ UINT32_MAX, 0 }));
	for (uint32_t i = 0; i < f->n_order; i++) {
		uint32_t b = f->order[i];

		for (uint32_t k = 0; f->block.at[b].pred.n >= 2 && k < f->block.at[b].pred.n; k++)
			for (uint32_t r = f->block.at[b].pred.at[k]; r != f->block.at[b].idom; r = f->block.at[r].idom)
				if (s->front.at[s->frontier[r]].block != b) {
					vec_push(f->tmp, &s->front, ((struct front){ b, s->frontier[r] }));
					s->frontier[r] = s->front.n - 1;
				}
	}
}

/* Chains the accesses of one node by cell; the cells become variables. */
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
		s->access.at[a].var = s->var.n + k;
		*(c.at[k].first ? &s->access.at[c.at[k].last].next : &c.at[k].first) = a;
		c.at[k].last = a;
	}
	for (uint32_t k = 0; k < c.n; k++) {
		if (c.at[k].mixed)
			c.at[k].type = c.at[k].to - c.at[k].from > 4 ? IR_T_i64 : IR_T_i32;
		vec_push(s->f->tmp, &s->var, c.at[k]);
	}
	s->gone[node] = true;
	return true;
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

/* Blocks by their number in the dominator tree. */
static void order_by_tree(struct sroa *s)
{
	struct ir_func *f = s->f;

	s->by_tree = arena_alloc(f->tmp, f->n_order * sizeof *s->by_tree);
	for (uint32_t i = 0; i < f->n_order; i++)
		s->by_tree[f->block.at[f->order[i]].tree] = f->order[i];
}

bool opt_sroa(struct ir_func *f)
{
	struct sroa s = { .f = f, .n = f->node.n };
	size_t n = f->node.n, blocks = f->block.n;
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
	order_by_tree(&s);
	find_accesses(&s);
	vec_push(f->tmp, &s.var, (struct cell){ 0 });
	for (uint32_t r = 1; r < n; r++)
		if (ir_at(f, (ir_ref)r)->op == IR_stack && s.root[r] && !s.escapes[r])
			changed |= split_node(&s, (ir_ref)r);
	if (!changed)
		return false;
	s.has_arg = arena_zero(f->tmp, blocks * sizeof *s.has_arg);
	s.wrote = arena_zero(f->tmp, blocks * sizeof *s.wrote);
	s.live = arena_zero(f->tmp, blocks * sizeof *s.live);
	s.phi = arena_zero(f->tmp, blocks * sizeof *s.phi);
	frontiers(&s);
	for (uint32_t v = 1; v < s.var.n; v++)
		make_args(&s, v);
	rename_all(&s);
	drop(&s);
	opt_fold_replaced(f, &s.s);
	return true;
}
