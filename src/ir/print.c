/* SPDX-License-Identifier: MIT
 * print.c - the text form. It reads back to the same text; docs/ir.md describes it.
 *
 * Values are numbered in the order of the text, so that the text of a function does not depend on how it was built.
 */
#include "ir/ir.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

struct printer {
	struct ir_func *f;
	struct text *out;
	uint32_t *num;			/* by node; 0: no number yet */
	uint32_t next;
	uint32_t *bnum;			/* by block */
	uint32_t *snum; uint32_t n_states;	/* by state: number + 1 */
	VEC(uint32_t) states;
};

static void put_float(struct text *out, double x, enum ir_type t, int64_t bits)
{
	char s[40];

	if (!isfinite(x)) {
		text_printf(out, "0x%" PRIx64, (uint64_t)bits);
		return;
	}
	snprintf(s, sizeof s, t == IR_T_f32 ? "%.9g" : "%.17g", x);
	text_add(out, s);
	if (!strpbrk(s, ".e"))
		text_add(out, ".0");
}

static void put_const(struct printer *p, ir_ref r)
{
	const struct ir_const *k = &p->f->konst.at[-r];
	double d;
	float s;
	uint32_t w = (uint32_t)k->bits;

	if (k->name) {
		text_printf(p->out, k->name[0] == '"' ? "%s" : "@%s", k->name);
		return;
	}
	text_printf(p->out, "%s ", ir_types[k->type].name);
	switch (k->type) {
	case IR_T_f64:
		memcpy(&d, &k->bits, 8);
		put_float(p->out, d, IR_T_f64, k->bits);
		break;
	case IR_T_f32:
		memcpy(&s, &w, 4);
		put_float(p->out, (double)s, IR_T_f32, k->bits);
		break;
	case IR_T_ptr:
		text_printf(p->out, "0x%" PRIx64, (uint64_t)k->bits);
		break;
	default:
		text_printf(p->out, "%" PRId64, k->bits);
	}
}

static void put_ref(struct printer *p, ir_ref r)
{
	if (r < 0)
		put_const(p, r);
	else if (r > 0)
		text_printf(p->out, "%%%u", p->num[r] - 1);
	else
		text_add(p->out, "none");
}

static void number(struct printer *p, ir_ref r)
{
	p->num[r] = ++p->next;
}

static uint32_t state_number(struct printer *p, uint32_t s)
{
	if (!p->snum[s]) {
		p->snum[s] = ++p->n_states;
		vec_push(p->f->tmp, &p->states, s);
		if (p->f->state.at[s].parent)
			state_number(p, p->f->state.at[s].parent);
	}
	return p->snum[s] - 1;
}

static void put_class(struct printer *p, unsigned cls)
{
	if (cls < p->f->n_classes && p->f->class_name[cls])
		text_printf(p->out, " !%s", p->f->class_name[cls]);
	else if (cls)
		text_printf(p->out, " !%u", cls);
}

static void put_set(struct printer *p, const char *what, uint32_t set)
{
	if (set == UINT32_MAX)
		text_printf(p->out, " %s(all)", what);
	else if (set)
		text_printf(p->out, " %s(0x%x)", what, set);
}

static const char *const width_name[IR_WIDTH_COUNT] = { "", "8s", "8u", "16s", "16u", "32s", "32u" };
static const char *const conv_name[] = { "c", "guest", "cold", "tail" };

static void put_pass(struct printer *p, const uint8_t *pass, unsigned i)
{
	if (pass && pass[i])
		text_printf(p->out, " %s", ir_pass_names[pass[i]]);
}

static void put_call(struct printer *p, const struct ir_node *n)
{
	const struct ir_call *d = &p->f->call.at[n->c];

	text_printf(p->out, "call.%s", conv_name[d->conv]);
	for (unsigned i = 0; i < d->n_results; i++)
		text_printf(p->out, "%s%s", i ? ", " : " ", ir_types[d->result[i]].name);
	/* else the type of a constant target would read as that of a result */
	text_add(p->out, d->n_results == 0 && n->a < 0 && !p->f->konst.at[-n->a].name ? " void " : " ");
	put_ref(p, n->a);
	text_add(p->out, "(");
	for (unsigned i = 0; i < n->aux; i++) {
		if (i)
			text_add(p->out, ", ");
		put_ref(p, p->f->pool.at[n->b + (ir_ref)i]);
		put_pass(p, d->pass, i);
	}
	text_add(p->out, ")");
	if (d->flags & IR_CALL_VARIADIC)
		text_add(p->out, " variadic");
	if (d->flags & IR_CALL_TWICE)
		text_add(p->out, " twice");
	if (d->flags & IR_CALL_NO_RETURN)
		text_add(p->out, " noreturn");
	if (d->flags & IR_CALL_THROUGH)
		text_add(p->out, " through");
	put_set(p, "reads", d->reads);
	put_set(p, "writes", d->writes);
	if (d->state)
		text_printf(p->out, " fs%u", state_number(p, d->state));
}

static void put_edge(struct printer *p, uint32_t e)
{
	const struct ir_edge *x = &p->f->edge.at[e];

	text_printf(p->out, "b%u", p->bnum[x->to]);
	if (!x->n)
		return;
	for (uint32_t i = 0; i < x->n; i++) {
		text_add(p->out, i ? ", " : "(");
		put_ref(p, p->f->pool.at[x->args + i]);
	}
	text_add(p->out, ")");
}

static void put_operands(struct printer *p, const struct ir_node *n)
{
	const char *letters = ir_ops[n->op].args;
	const ir_ref field[3] = { n->a, n->b, n->c };
	const char *sep = " ";

	for (unsigned i = 0; i < 3; i++) {
		if (letters[i] == '-' || (letters[i] == 'v' && !field[i] && n->op == IR_ret))
			continue;
		text_add(p->out, sep);
		sep = ", ";
		switch (letters[i]) {
		case 'v': put_ref(p, field[i]); break;
		case 'i':
			if (n->op == IR_func)
				text_printf(p->out, "@%s", p->f->callee.at[field[i]].name);
			else
				text_printf(p->out, "%d", field[i]);
			break;
		case 's': text_printf(p->out, "fs%u", state_number(p, (uint32_t)field[i])); break;
		case 'e': put_edge(p, (uint32_t)field[i]); break;
		default: break;
		}
	}
}

/* The value, for each entry the number of its edge, the edges. */
static void put_switch(struct printer *p, const struct ir_node *n)
{
	unsigned edges = ir_edges(p->f, n);

	text_printf(p->out, "%s ", ir_op_names[n->op]);
	put_ref(p, n->a);
	for (ir_ref k = 0; k < n->c; k++)
		text_printf(p->out, "%s%d", k ? " " : ", [", p->f->pool.at[n->b + 1 + (ir_ref)edges + k]);
	text_add(p->out, "]");
	for (unsigned k = 0; k < edges; k++) {
		text_add(p->out, ", ");
		put_edge(p, ir_edge_at(p->f, n, k));
	}
}

static void put_node(struct printer *p, ir_ref r)
{
	const struct ir_node *n = ir_at(p->f, r);

	text_add(p->out, "    ");
	if (n->type != IR_T_void) {
		number(p, r);
		text_printf(p->out, "%%%u = ", p->num[r] - 1);
	}
	if (n->op == IR_call) {
		put_call(p, n);
	} else if (n->op == IR_switch) {
		put_switch(p, n);
	} else if (n->op == IR_load || n->op == IR_store) {
		enum ir_type t = n->op == IR_load ? n->type : ir_type_of(p->f, n->c);

		text_printf(p->out, "%s.%s%s ", ir_op_names[n->op], ir_types[t].name, width_name[IR_MEM_WIDTH(n->aux)]);
		put_ref(p, n->a);
		text_printf(p->out, ", %d", n->b);
		if (n->op == IR_store) {
			text_add(p->out, ", ");
			put_ref(p, n->c);
		}
		put_class(p, IR_MEM_CLASS(n->aux));
	} else {
		text_add(p->out, ir_op_names[n->op]);
		if (n->op == IR_check && (n->aux & 0xff))
			text_printf(p->out, ".%s", ir_check_names[n->aux & 0xff]);
		if (ir_ops[n->op].result == 't')
			text_printf(p->out, " %s", ir_types[n->type].name);
		put_operands(p, n);
		if (n->op == IR_check && (n->aux & IR_CHECK_HOISTED))
			text_add(p->out, " hoisted");
		if (n->op >= IR_add && n->op <= IR_shl && (n->aux & IR_NSW))
			text_add(p->out, " nsw");
	}
	text_add(p->out, "\n");
}

static void put_block(struct printer *p, uint32_t b, ir_ref *at, uint32_t n)
{
	const struct ir_block *blk = &p->f->block.at[b];

	text_printf(p->out, "b%u", p->bnum[b]);
	for (uint32_t i = 0; i < blk->arg.n; i++) {
		number(p, blk->arg.at[i]);
		text_printf(p->out, "%s%%%u: %s", i ? ", " : "(", p->num[blk->arg.at[i]] - 1, ir_types[ir_at(p->f, blk->arg.at[i])->type].name);
		if (b == 0)
			put_pass(p, p->f->pass, i);
	}
	text_add(p->out, blk->arg.n ? "):" : ":");
	if (blk->state)
		text_printf(p->out, " fs%u", state_number(p, blk->state));
	text_add(p->out, blk->cold ? " cold\n" : "\n");
	for (uint32_t i = 0; i < n; i++)
		put_node(p, at[i]);
	if (blk->control)
		put_node(p, blk->control);
}

static void put_state(struct printer *p, uint32_t s)
{
	const struct ir_state *x = &p->f->state.at[s];

	text_printf(p->out, "    fs%u @0x%" PRIx64 " pc=%u %s", p->snum[s] - 1, x->func, x->pc, x->mode == IR_RETRY ? "retry" : "continue");
	if (x->mode == IR_CONTINUE)
		text_printf(p->out, " result=%u", x->result);
	if (x->parent)
		text_printf(p->out, " in fs%u", p->snum[x->parent] - 1);
	if (x->frame) {
		text_add(p->out, " frame ");
		put_ref(p, x->frame);
		text_printf(p->out, "+%d", x->frame_offset);
	}
	text_add(p->out, " {");
	for (uint32_t i = 0; i < x->n; i++) {
		const struct ir_slot *sl = &p->f->slot.at[x->slots + i];

		text_printf(p->out, "%s %u: ", i ? "," : "", sl->slot);
		if (sl->tag_ref)
			put_ref(p, sl->tag_ref);
		else
			text_printf(p->out, "%u", sl->tag);
		text_add(p->out, " ");
		put_ref(p, sl->value);
	}
	text_add(p->out, " }\n");
}

void ir_print(struct ir_func *f, struct text *out)
{
	struct printer p = { .f = f, .out = out };
	struct ir_placement at = ir_placement(f, f->tmp);

	p.num = arena_zero(f->tmp, f->node.n * sizeof *p.num);
	p.bnum = arena_zero(f->tmp, f->block.n * sizeof *p.bnum);
	p.snum = arena_zero(f->tmp, f->state.n * sizeof *p.snum);
	for (uint32_t i = 0; i < f->n_order; i++)
		p.bnum[f->order[i]] = i;
	text_printf(out, "func @%s", f->name);
	for (unsigned i = 0; i < f->n_results; i++)
		text_printf(out, "%s%s", i ? ", " : " -> ", ir_types[f->result[i]].name);
	text_printf(out, "%s%s\n", f->conv == IR_CONV_GUEST ? " guest" : "", f->strict ? " strict" : "");
	for (uint32_t c = 0; c < f->n_classes; c++)
		if (f->class_name[c])
			text_printf(out, "class %u %s%s%s%s\n", c, f->class_name[c], f->immutable >> c & 1 ? " immutable" : f->changing >> c & 1 ? " changing" : "",
				f->any >> c & 1 ? " any" : "", f->exact >> c & 1 ? " exact" : "");
	for (uint32_t i = 0; i < f->n_order; i++) {
		uint32_t b = f->order[i];

		put_block(&p, b, at.of_block[b].at, at.of_block[b].n);
	}
	if (p.n_states)
		text_add(out, "states\n");
	for (uint32_t i = 0; i < p.states.n; i++)
		put_state(&p, p.states.at[i]);
	text_add(out, "end\n");
}
