/* SPDX-License-Identifier: MIT
 * tailrec.c - recursion becomes a loop, and what recursion is left is unfolded a few times.
 *
 *   return f(x)          the call becomes a jump to the start
 *   return y + f(x)      as well: what is to be added is collected in an argument of the loop (integers; sums may be made
 *                        in any order). fib makes half of its calls so.
 *
 * Then calls of itself are replaced by its body, a copy taken before, while it stays small: fewer calls, and each does more
 * without passing values through the frame. Not where the address of memory in the frame is used: each activation has
 * its own. See Allison and others on accumulators in Bacon et al., "Compiler Transformations" (1994).
 */
#include "opt/opt.h"

enum { MAX_UNFOLDED = 260, MAX_TIMES = 3 };
struct tailrec {
	struct ir_func *f;
	bool sum;			/* there is an argument that collects */
	uint32_t header;
	ir_ref acc;
};

static bool calls_itself(const struct ir_func *f, const struct ir_node *n)
{
	return n->op == IR_call && n->a > 0 && ir_at(f, n->a)->op == IR_func && f->callee.at[ir_at(f, n->a)->a].f == f && f->n_results <= 1 &&
		opt_fits_call(f, f, n);
}

/* What block b returns, by itself or through an empty block that only returns its argument; false: it goes on elsewhere. */
static bool returned(const struct ir_func *f, uint32_t b, ir_ref *v)
{
	const struct ir_node *c = ir_at(f, f->block.at[b].control), *r;
	const struct ir_edge *e;
	const struct ir_block *to;

	if (c->op == IR_ret) {
		*v = c->a;
		return true;
	}
	if (c->op != IR_jmp)
		return false;
	e = &f->edge.at[c->a];
	to = &f->block.at[e->to];
	r = ir_at(f, to->control);
	if (to->ins.n || r->op != IR_ret)
		return false;
	*v = r->a;
	for (uint32_t k = 0; k < e->n; k++)
		if (to->arg.at[k] == r->a)
			*v = f->pool.at[e->args + k];
	return true;
}

struct depends { const struct ir_func *f; ir_ref on; bool found; unsigned budget; };

static void depends(void *arg, ir_ref *r)
{
	struct depends *d = arg;

	if (*r == d->on || (*r > 0 && !d->budget))
		d->found = true;
	if (*r <= 0 || d->found || ir_pinned(d->f, ir_at(d->f, *r)))
		return;
	d->budget--;
	ir_visit((struct ir_func *)(uintptr_t)d->f, ir_at(d->f, *r), depends, d);
}

/* The call at the end of block b whose result is what the function returns, alone or in a sum with *add; 0: none. */
static ir_ref last_call(const struct ir_func *f, uint32_t b, ir_ref *add)
{
	const struct ir_block *blk = &f->block.at[b];
	ir_ref r = blk->ins.n ? blk->ins.at[blk->ins.n - 1] : 0, v;
	const struct ir_node *n;

	*add = 0;
	if (!r || !calls_itself(f, ir_at(f, r)) || !returned(f, b, &v))
		return 0;
	if (v == r || (!v && !f->n_results))
		return r;
	n = v > 0 ? ir_at(f, v) : NULL;
	if (!n || n->op != IR_add || (n->type != IR_T_i32 && n->type != IR_T_i64) || (n->a != r && n->b != r) || n->a == n->b)
		return 0;
	*add = n->a == r ? n->b : n->a;
	{
		struct depends d = { f, r, false, 50 };

		depends(&d, add);
		return d.found ? 0 : r;
	}
}

static bool has_stack(const struct ir_func *f)
{
	for (uint32_t i = 0; i < f->n_order; i++)
		for (uint32_t k = 0; k < f->block.at[f->order[i]].ins.n; k++)
			if (ir_at(f, f->block.at[f->order[i]].ins.at[k])->op == IR_stack)
				return true;
	for (uint32_t r = 1; r < f->node.n; r++)
		if (ir_at(f, (ir_ref)r)->op == IR_inargs || ir_at(f, (ir_ref)r)->op == IR_sp)
			return true;
	return false;
}

/* What stands in the entry block moves to a new block with the parameters as arguments, to which calls can jump. */
static void make_header(struct tailrec *t, struct opt_subst *s)
{
	struct ir_func *f = t->f;
	uint32_t h = t->header = ir_block_new(f), n = f->block.at[0].arg.n;
	ir_ref *args = arena_alloc(f->tmp, (n + 2) * sizeof *args);

	for (uint32_t k = 0; k < n; k++) {
		args[k] = f->block.at[0].arg.at[k];
		opt_subst_set(s, args[k], ir_block_arg(f, h, ir_at(f, args[k])->type));
	}
	if (t->sum) {
		args[n] = ir_const(f, f->result[0], 0);
		t->acc = ir_block_arg(f, h, f->result[0]);
	}
	memcpy(&f->block.at[h].ins, &f->block.at[0].ins, sizeof f->block.at[0].ins);
	memset(&f->block.at[0].ins, 0, sizeof f->block.at[0].ins);
	f->block.at[h].control = f->block.at[0].control;
	f->block.at[0].control = 0;
	opt_subst_apply(s, f);
	f->cur = 0;
	ir_jmp(f, h, n + t->sum, args);
}

static void jump_back(struct tailrec *t, uint32_t b, ir_ref call, ir_ref add)
{
	struct ir_func *f = t->f;
	const struct ir_node *n = ir_at(f, call);
	uint32_t count = n->aux;
	ir_ref *args = arena_alloc(f->tmp, (count + 2) * sizeof *args);

	for (uint32_t k = 0; k < count; k++)
		args[k] = f->pool.at[n->b + (ir_ref)k];
	if (t->sum)
		args[count] = add ? ir_emit(f, IR_add, f->result[0], 0, t->acc, add, 0) : t->acc;
	f->block.at[b].ins.n--;
	f->block.at[b].control = 0;
	f->cur = b;
	ir_jmp(f, t->header, count + t->sum, args);
}

static bool to_loop(struct ir_func *f)
{
	struct tailrec t = { .f = f };
	struct opt_subst s;
	uint32_t n = f->n_order, found = 0;
	ir_ref add;

	for (uint32_t i = 0; i < n; i++)
		if (last_call(f, f->order[i], &add)) {
			found++;
			t.sum |= add != 0;
		}
	if (!found)
		return false;
	opt_subst_init(&s, f);
	make_header(&t, &s);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t b = i ? f->order[i] : t.header;
		ir_ref call = last_call(f, b, &add);

		if (call)
			jump_back(&t, b, call, add);
	}
	for (uint32_t i = 0; t.sum && i < n; i++) {
		struct ir_node *c = ir_at(f, f->block.at[i ? f->order[i] : t.header].control);
		ir_ref v;

		if (c->op != IR_ret)
			continue;
		v = ir_emit(f, IR_add, f->result[0], 0, c->a, t.acc, 0);
		ir_at(f, f->block.at[i ? f->order[i] : t.header].control)->a = v;
	}
	return true;
}

/* ---- unfolding --------------------------------------------------------------------------------------------------------- */

#define COPY(v) do { \
	void *at_ = arena_alloc(f->tmp, (v)->n * sizeof *(v)->at + 1); \
	if ((v)->n) \
		memcpy(at_, (v)->at, (v)->n * sizeof *(v)->at); \
	(v)->at = at_; \
	(v)->cap = (v)->n; \
} while (0)

/* The function as it is now: ids mean the same in the copy. */
static struct ir_func *snapshot(struct ir_func *f)
{
	struct ir_func *g = arena_alloc(f->tmp, sizeof *g);

	*g = *f;
	COPY(&g->node);
	COPY(&g->konst);
	COPY(&g->block);
	COPY(&g->edge);
	COPY(&g->pool);
	for (uint32_t b = 0; b < g->block.n; b++) {
		COPY(&g->block.at[b].ins);
		COPY(&g->block.at[b].arg);
	}
	g->order = arena_alloc(f->tmp, (f->n_order + 1) * sizeof *g->order);
	memcpy(g->order, f->order, f->n_order * sizeof *g->order);
	g->optimised = true;
	return g;
}
#undef COPY

static uint32_t size_of(const struct ir_func *f, unsigned *self)
{
	uint32_t n = 0;

	*self = 0;
	for (uint32_t i = 0; i < f->n_order; i++) {
		const struct ir_block *b = &f->block.at[f->order[i]];

		n += b->ins.n + 3;
		for (uint32_t k = 0; k < b->ins.n; k++)
			*self += calls_itself(f, ir_at(f, b->ins.at[k]));
	}
	return n;
}

static bool unfold(struct ir_func *f)
{
	bool changed = false;
	struct ir_func *g;
	unsigned self;
	uint32_t size = size_of(f, &self), one = size;

	if (!self || self > 3)
		return false;
	g = snapshot(f);
	for (unsigned times = 0; times < MAX_TIMES; times++) {
		if (!self || size + self * one > MAX_UNFOLDED)
			break;
		opt_inline_self(f, g);
		ir_analyse(f);
		size = size_of(f, &self);
		changed = true;
	}
	return changed;
}

bool opt_tailrec(struct ir_func *f)
{
	bool changed;

	if (f->state.n > 1 || !f->strict || !f->callee.n)
		return false;
	ir_analyse(f);
	if (has_stack(f) || ir_calls_twice(f))
		return false;
	changed = to_loop(f);
	if (changed)
		opt_fold(f);
	if (unfold(f))
		changed = true;
	if (changed) {
		opt_fold(f);
		opt_args(f);
	}
	return changed;
}
