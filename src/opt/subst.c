/* SPDX-License-Identifier: MIT
 * subst.c - replacing values everywhere: collect "this is that" while a pass walks, apply it in one sweep.
 */
#include "opt/opt.h"

void opt_subst_init(struct opt_subst *s, struct ir_func *f)
{
	s->n = f->node.n;
	s->to = arena_zero(f->tmp, s->n * sizeof *s->to);
}

void opt_subst_set(struct opt_subst *s, ir_ref from, ir_ref to)
{
	ASSERT(from > 0 && (uint32_t)from < s->n && from != to);
	s->to[from] = to;
}

ir_ref opt_subst_get(const struct opt_subst *s, ir_ref r)
{
	while (r > 0 && (uint32_t)r < s->n && s->to[r])
		r = s->to[r];
	return r;
}

static void replace(void *arg, ir_ref *r)
{
	*r = opt_subst_get(arg, *r);
}

/* r if it is one of the values that may have been replaced, else 0. Without a branch, as nobody can predict it. */
static uint32_t candidate(const struct opt_subst *s, ir_ref r, bool is_value)
{
	return (uint32_t)r & -(uint32_t)(((uint32_t)r < s->n) & is_value);
}

void opt_subst_apply(struct opt_subst *s, struct ir_func *f)
{
	f->folded = false;
	for (uint32_t r = 1; r < f->node.n; r++) {
		struct ir_node *n = &f->node.at[r];
		unsigned values = ir_ops[n->op].values;
		uint32_t a = candidate(s, n->a, values & IR_VALUE_A), b = candidate(s, n->b, values & IR_VALUE_B), c = candidate(s, n->c, values & IR_VALUE_C);

		if ((values & IR_VALUE_LIST) || (s->to[a] | s->to[b] | s->to[c]))
			ir_visit(f, n, replace, s);
	}
	for (uint32_t st = 1; st < f->state.n; st++) {
		uint32_t parent = f->state.at[st].parent;

		/* this state only: its parents have their own turn */
		f->state.at[st].parent = 0;
		ir_visit_state(f, st, replace, s);
		f->state.at[st].parent = parent;
	}
}
