/* SPDX-License-Identifier: MIT
 * licm.c - loads and checks that give the same in every turn of a loop move before it. (Pure nodes float out by themselves.)
 *
 * A load may move when its address does not change and nothing in the loop writes its class; that it is safe to execute
 * early is the contract of the IR: what is safe only because of a check takes the check's value. A check may move when
 * it is made in every turn and the loop header has a state of its own; it then carries that state, with the header's
 * arguments replaced by what enters the loop. It may now fail without need, hence the mark "hoisted".
 * Inner loops first, so that a node can leave several loops. Needs a block before the loop that goes nowhere else.
 */
#include "opt/opt.h"

struct licm {
	struct ir_func *f;
	uint32_t *block_of;		/* by node: where it stands; floating nodes have none */
	uint32_t header, before;	/* the loop and the block before it */
	uint32_t edge;			/* from before into header */
	uint32_t writes;
	uint32_t state;			/* header's state as seen from before; 0: not made yet */
	uint8_t *invariant;		/* by node: 0 unknown, 1 yes, 2 no; for this loop */
	bool changed;
};

static bool is_invariant(struct licm *l, ir_ref r)
{
	const struct ir_node *n;
	const char *args;

	if (r <= 0)
		return true;
	n = ir_at(l->f, r);
	if (n->op == IR_arg)
		return !ir_in_loop(l->f, l->header, (uint32_t)n->a);
	if (ir_pinned(l->f, n))
		return !ir_in_loop(l->f, l->header, l->block_of[r]);
	if (l->invariant[r])
		return l->invariant[r] == 1;
	args = ir_ops[n->op].args;
	l->invariant[r] = 2;
	if (is_invariant(l, n->a) && (args[1] != 'v' || is_invariant(l, n->b)) && (args[2] != 'v' || is_invariant(l, n->c)))
		l->invariant[r] = 1;
	return l->invariant[r] == 1;
}

/* The block before the loop, splitting the edge into it when it has other ways to go. False: several ways lead in. */
static bool find_before(struct licm *l)
{
	struct ir_func *f = l->f;
	const struct ir_block *h = &f->block.at[l->header];
	uint32_t outside = 0, e[2];
	unsigned n;

	for (uint32_t k = 0; k < h->pred.n; k++)
		if (!ir_in_loop(f, l->header, h->pred.at[k])) {
			outside++;
			l->before = h->pred.at[k];
		}
	if (outside != 1)
		return false;
	n = ir_succs(f, l->before, e);
	l->edge = f->edge.at[e[0]].to == l->header ? e[0] : e[1];
	return n == 1;
}

static void enter_value(void *arg, ir_ref *r)
{
	struct licm *l = arg;
	const struct ir_node *n = *r > 0 ? ir_at(l->f, *r) : NULL;

	if (n && n->op == IR_arg && (uint32_t)n->a == l->header)
		*r = l->f->pool.at[l->f->edge.at[l->edge].args + (uint32_t)n->b];
}

/* A value of the header's state that is not one of its arguments must come from outside the loop. */
static void outside_value(void *arg, ir_ref *r)
{
	struct licm *l = arg;

	if (!is_invariant(l, *r) && !(ir_at(l->f, *r)->op == IR_arg && (uint32_t)ir_at(l->f, *r)->a == l->header))
		l->state = UINT32_MAX;
}

static bool make_state(struct licm *l)
{
	struct ir_func *f = l->f;
	uint32_t s = f->block.at[l->header].state, cur = f->cur;
	struct ir_slot *slots;
	struct ir_state x;

	if (l->state)
		return l->state != UINT32_MAX;
	if (!s || f->state.at[s].parent) {
		l->state = UINT32_MAX;
		return false;
	}
	ir_visit_state(f, s, outside_value, l);
	if (l->state)
		return false;
	x = f->state.at[s];
	slots = arena_alloc(f->mem, (x.n + 1) * sizeof *slots);
	if (x.n)
		memcpy(slots, &f->slot.at[x.slots], x.n * sizeof *slots);
	f->cur = l->before;
	l->state = ir_state_new(f, &x, slots);
	f->cur = cur;
	ir_visit_state(f, l->state, enter_value, l);
	return true;
}

static bool every_turn(const struct licm *l, uint32_t b)
{
	const struct ir_block *h = &l->f->block.at[l->header];

	for (uint32_t k = 0; k < h->pred.n; k++)
		if (ir_in_loop(l->f, l->header, h->pred.at[k]) && !ir_dominates(l->f, b, h->pred.at[k]))
			return false;
	return true;
}

static bool may_move(struct licm *l, uint32_t b, ir_ref r)
{
	struct ir_node *n = ir_at(l->f, r);

	if (n->op == IR_load)
		return !(l->writes >> IR_MEM_CLASS(n->aux) & 1) && is_invariant(l, n->a);
	if (n->op != IR_check || !is_invariant(l, n->a) || !is_invariant(l, n->b) || !every_turn(l, b))
		return false;
	if (!make_state(l))
		return false;
	n = ir_at(l->f, r);
	n->c = (ir_ref)l->state;
	n->aux |= IR_CHECK_HOISTED;
	return true;
}

static void hoist_from(struct licm *l, uint32_t b)
{
	struct ir_func *f = l->f;
	uint32_t kept = 0;

	if (f->block.at[b].cold)
		return;
	for (uint32_t k = 0; k < f->block.at[b].ins.n; k++) {
		ir_ref r = f->block.at[b].ins.at[k];

		if (!may_move(l, b, r)) {
			f->block.at[b].ins.at[kept++] = r;
			continue;
		}
		vec_push(f->mem, &f->block.at[l->before].ins, r);
		l->block_of[r] = l->before;
		memset(l->invariant, 0, f->node.n);
		l->changed = true;
	}
	f->block.at[b].ins.n = kept;
}

static uint32_t written(const struct ir_func *f, uint32_t header)
{
	uint32_t w = 0;

	for (uint32_t i = 0; i < f->n_order; i++) {
		const struct ir_block *b = &f->block.at[f->order[i]];

		if (!ir_in_loop(f, header, f->order[i]))
			continue;
		for (uint32_t k = 0; k < b->ins.n; k++) {
			const struct ir_node *n = ir_at(f, b->ins.at[k]);

			w |= n->op == IR_store ? UINT32_C(1) << IR_MEM_CLASS(n->aux) : n->op == IR_call ? f->call.at[n->c].writes : 0;
		}
	}
	return (w & ~f->immutable) | f->changing;
}

static void one_loop(struct licm *l, uint32_t header)
{
	struct ir_func *f = l->f;

	l->header = header;
	l->state = 0;
	if (!find_before(l))
		return;
	l->writes = written(f, header);
	memset(l->invariant, 0, f->node.n);
	for (uint32_t i = f->block.at[header].rpo; i < f->n_order; i++)
		if (ir_in_loop(f, header, f->order[i]))
			hoist_from(l, f->order[i]);
}

/* Gives every loop that one edge leads into a block before it. */
static void make_room(struct ir_func *f)
{
	uint32_t n = f->n_order;
	bool any = false;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t b = f->order[i], e[2];
		unsigned k = ir_succs(f, b, e);

		for (unsigned j = 0; k == 2 && j < k; j++) {
			uint32_t to = f->edge.at[e[j]].to;

			if (f->block.at[to].loop == to + 1 && !ir_in_loop(f, to, b)) {
				ir_split_edge(f, e[j]);
				any = true;
			}
		}
	}
	if (any)
		ir_analyse(f);
}

bool opt_licm(struct ir_func *f)
{
	struct licm l = { .f = f };

	ir_analyse(f);
	make_room(f);
	l.block_of = arena_zero(f->mem, f->node.n * sizeof *l.block_of);
	l.invariant = arena_zero(f->mem, f->node.n);
	for (uint32_t i = 0; i < f->n_order; i++)
		for (uint32_t k = 0; k < f->block.at[f->order[i]].ins.n; k++)
			l.block_of[f->block.at[f->order[i]].ins.at[k]] = f->order[i];
	/* headers of inner loops come later in reverse post-order */
	for (uint32_t i = f->n_order; i-- > 0;)
		if (f->block.at[f->order[i]].loop == f->order[i] + 1)
			one_loop(&l, f->order[i]);
	return l.changed;
}
