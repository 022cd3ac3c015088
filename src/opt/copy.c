/* SPDX-License-Identifier: MIT
 * copy.c - copies of what a block computes, inside the same function: some values have been given a copy, and what is made
 * of them follows. For rotate.c and unroll.c.
 */
#include "opt/opt.h"

void opt_copy_begin(struct opt_copy *c, struct ir_func *f)
{
	*c = (struct opt_copy){ .f = f, .n = f->node.n };
	c->to = arena_zero(f->tmp, c->n * sizeof *c->to);
}

void opt_copy_set(struct opt_copy *c, ir_ref r, ir_ref copy)
{
	c->to[r] = copy;
	vec_push(c->f->tmp, &c->set, r);
}

void opt_copy_forget(struct opt_copy *c)
{
	while (c->set.n)
		c->to[c->set.at[--c->set.n]] = 0;
}

/* A pure node that has no copy yet; arguments and pinned nodes without one stay themselves. */
static bool is_open(const struct opt_copy *c, ir_ref r)
{
	return r > 0 && (uint32_t)r < c->n && !c->to[r] && !ir_pinned(c->f, ir_at(c->f, r));
}

static void want(void *arg, ir_ref *r)
{
	struct opt_copy *c = arg;

	if (is_open(c, *r))
		c->pending = *r;
}

static void mapped(void *arg, ir_ref *r)
{
	const struct opt_copy *c = arg;

	if (*r > 0 && (uint32_t)*r < c->n && c->to[*r])
		*r = c->to[*r];
}

ir_ref opt_copy_value(struct opt_copy *c, ir_ref r)
{
	if (is_open(c, r))
		vec_push(c->f->tmp, &c->work, r);
	while (c->work.n) {
		ir_ref w = c->work.at[c->work.n - 1];
		struct ir_node n;

		c->pending = 0;
		ir_visit(c->f, ir_at(c->f, w), want, c);
		if (c->pending) {
			vec_push(c->f->tmp, &c->work, c->pending);
			continue;
		}
		n = *ir_at(c->f, w);
		ir_visit(c->f, &n, mapped, c);
		opt_copy_set(c, w, ir_emit(c->f, n.op, n.type, n.aux, n.a, n.b, n.c));
		c->work.n--;
	}
	mapped(c, &r);
	return r;
}

static void copy_operand(void *arg, ir_ref *r) { *r = opt_copy_value(arg, *r); }

ir_ref opt_copy_pinned(struct opt_copy *c, ir_ref r)
{
	struct ir_func *f = c->f;
	struct ir_node n = *ir_at(f, r);
	ir_ref v;

	if (n.op == IR_call) {
		struct ir_call d = f->call.at[n.c];
		ir_ref *args = arena_alloc(f->tmp, (n.aux + 1u) * sizeof *args);

		for (unsigned k = 0; k < n.aux; k++)
			args[k] = opt_copy_value(c, f->pool.at[n.b + (ir_ref)k]);
		v = ir_call_(f, opt_copy_value(c, n.a), &d, n.aux, args);
	} else {
		ir_visit(f, &n, copy_operand, c);
		v = n.op == IR_load ? ir_load(f, n.type, IR_MEM_WIDTH(n.aux), IR_MEM_CLASS(n.aux), n.a, n.b) :
			ir_emit(f, n.op, n.type, n.aux, n.a, n.b, n.c);
	}
	opt_copy_set(c, r, v);
	return v;
}
