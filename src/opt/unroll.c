/* SPDX-License-Identifier: MIT
 * unroll.c - a loop of one block that runs a known small number of times becomes so many copies of the block.
 *
 * How often it runs is found by running what decides it: from the constants that enter the loop, through the pure nodes
 * that make the next ones. The copies stand one behind the other in place of the block, so that indices are constants
 * and arrays in the frame come apart into values (sroa.c, which runs again).
 */
#include "opt/opt.h"

enum { MAX_TURNS = 8, MAX_PINNED = 40 };
struct unroll {
	struct ir_func *f;
	uint32_t h, back, out;		/* the block; its edges to itself and out of it */
	struct opt_copy now;		/* copies of the turn at hand */
};

static bool known(const struct unroll *u, const int64_t *arg, const bool *is_known, ir_ref r, int64_t *out, unsigned depth)
{
	const struct ir_func *f = u->f;
	const struct ir_node *n;
	int64_t a = 0, b = 0;

	if (ir_is_const(r)) {
		*out = ir_kbits(f, r);
		return true;
	}
	n = ir_at(f, r);
	if (n->op == IR_arg && (uint32_t)n->a == u->h) {
		*out = arg[n->b];
		return is_known[n->b];
	}
	if (!(ir_ops[n->op].flags & IR_PURE) || ir_ops[n->op].args[0] != 'v' || ir_ops[n->op].args[2] == 'v' || depth == 5)
		return false;
	if (!known(u, arg, is_known, n->a, &a, depth + 1) || (ir_ops[n->op].args[1] == 'v' && !known(u, arg, is_known, n->b, &b, depth + 1)))
		return false;
	return ir_compute(n->op, n->type, ir_type_of(f, n->a), a, b, 0, out);
}

/* How often the block runs when it is entered by edge e; 0: not known, or too often. */
static unsigned turns(const struct unroll *u, uint32_t e)
{
	const struct ir_func *f = u->f;
	const struct ir_node *c = ir_at(f, f->block.at[u->h].control);
	uint32_t n = f->block.at[u->h].arg.n;
	int64_t *arg = arena_zero(f->tmp, (n + 1) * sizeof *arg), *next = arena_zero(f->tmp, (n + 1) * sizeof *next), cond;
	bool *is_known = arena_zero(f->tmp, n + 1), *next_known = arena_zero(f->tmp, n + 1);

	for (uint32_t k = 0; k < n; k++) {
		ir_ref v = f->pool.at[f->edge.at[e].args + k];

		is_known[k] = ir_is_const(v);
		arg[k] = is_known[k] ? ir_kbits(f, v) : 0;
	}
	for (unsigned t = 1; t <= MAX_TURNS; t++) {
		if (!known(u, arg, is_known, c->a, &cond, 0))
			return 0;
		if ((cond ? (uint32_t)c->b : (uint32_t)c->c) == u->out)
			return t;
		for (uint32_t k = 0; k < n; k++)
			next_known[k] = known(u, arg, is_known, f->pool.at[f->edge.at[u->back].args + k], &next[k], 0);
		memcpy(arg, next, n * sizeof *arg);
		memcpy(is_known, next_known, n);
	}
	return 0;
}

/* Writes the copies into a new block, which edge e enters instead; what the loop leaves behind is what the last copy made. */
static void unroll(struct unroll *u, uint32_t e, unsigned times, struct opt_subst *s)
{
	struct ir_func *f = u->f;
	const struct ir_edge *out = &f->edge.at[u->out];
	uint32_t b = ir_block_new(f), n = f->block.at[u->h].arg.n, to = out->to, n_out = out->n;
	ir_ref *args = arena_alloc(f->tmp, (n + n_out + 1) * sizeof *args);

	ir_start(f, b);
	for (uint32_t k = 0; k < n; k++)
		args[k] = f->pool.at[f->edge.at[e].args + k];
	for (unsigned t = 0; t < times; t++) {
		opt_copy_forget(&u->now);
		for (uint32_t k = 0; k < n; k++)
			opt_copy_set(&u->now, f->block.at[u->h].arg.at[k], args[k]);
		for (uint32_t k = 0; k < f->block.at[u->h].ins.n; k++)
			opt_copy_pinned(&u->now, f->block.at[u->h].ins.at[k]);
		for (uint32_t k = 0; k < n; k++)
			args[k] = opt_copy_value(&u->now, f->pool.at[f->edge.at[u->back].args + k]);
	}
	for (uint32_t k = 0; k < n_out; k++)
		args[k] = opt_copy_value(&u->now, f->pool.at[f->edge.at[u->out].args + k]);
	ir_jmp(f, to, n_out, args);
	f->edge.at[e] = (struct ir_edge){ b, 0, 0 };
	for (uint32_t k = 0; k < n; k++)
		opt_subst_set(s, f->block.at[u->h].arg.at[k], u->now.to[f->block.at[u->h].arg.at[k]]);
	for (uint32_t k = 0; k < f->block.at[u->h].ins.n; k++) {
		ir_ref r = f->block.at[u->h].ins.at[k];

		if (ir_at(f, r)->type != IR_T_void && u->now.to[r] != r)
			opt_subst_set(s, r, u->now.to[r]);
	}
}

static bool is_candidate(struct unroll *u, uint32_t h)
{
	const struct ir_func *f = u->f;
	const struct ir_block *b = &f->block.at[h];
	const struct ir_node *c = ir_at(f, b->control);

	if (b->loop != h + 1 || b->pred.n != 2 || c->op != IR_br || b->ins.n > MAX_PINNED || (f->edge.at[c->b].to == h) == (f->edge.at[c->c].to == h))
		return false;
	u->h = h;
	u->back = f->edge.at[c->b].to == h ? (uint32_t)c->b : (uint32_t)c->c;
	u->out = f->edge.at[c->b].to == h ? (uint32_t)c->c : (uint32_t)c->b;
	for (uint32_t k = 0; k < b->ins.n; k++)
		if (ir_at(f, b->ins.at[k])->op == IR_stack)
			return false;
	return true;
}

bool opt_unroll(struct ir_func *f)
{
	struct unroll u = { .f = f };
	struct opt_subst s;
	bool changed = false;

	if (f->state.n > 1)
		return false;
	ir_analyse(f);
	for (uint32_t i = 0; i < f->n_order; i++) {
		uint32_t h = f->order[i], p;
		unsigned n, times;

		if (!is_candidate(&u, h))
			continue;
		p = f->block.at[h].pred.at[f->block.at[h].pred.at[0] == h];
		n = ir_succs(f, p);
		for (unsigned j = 0; j < n; j++) {
			times = ir_out(f, p, j)->to == h ? turns(&u, ir_succ(f, p, j)) : 0;
			if (!times || times * (f->block.at[h].ins.n + 2) > 2 * MAX_PINNED)
				continue;
			if (!changed) {
				opt_copy_begin(&u.now, f);
				opt_subst_init(&s, f);
			}
			unroll(&u, ir_succ(f, p, j), times, &s);
			changed = true;
			break;
		}
	}
	if (!changed)
		return false;
	opt_fold_replaced(f, &s);
	opt_sroa(f);
	return true;
}
