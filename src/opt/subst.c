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

void opt_subst_apply(struct opt_subst *s, struct ir_func *f)
{
	for (uint32_t r = 1; r < f->node.n; r++) {
		struct ir_node *n = &f->node.at[r];
		unsigned values = ir_ops[n->op].values;

		if (values & IR_VALUE_LIST) {
			ir_visit(f, n, replace, s);
			continue;
		}
		if (values & IR_VALUE_A)
			n->a = opt_subst_get(s, n->a);
		if (values & IR_VALUE_B)
			n->b = opt_subst_get(s, n->b);
		if (values & IR_VALUE_C)
			n->c = opt_subst_get(s, n->c);
	}
	for (uint32_t st = 1; st < f->state.n; st++) {
		uint32_t parent = f->state.at[st].parent;

		/* this state only: its parents have their own turn */
		f->state.at[st].parent = 0;
		ir_visit_state(f, st, replace, s);
		f->state.at[st].parent = parent;
	}
}
