/* SPDX-License-Identifier: MIT
 * loop.c - what the passes over loops share: the block before a loop, what does not change in it, its header's state before it.
 */
#include "opt/opt.h"

/* Gives every loop that one edge leads into a block before it. */
static void make_room(struct ir_func *f)
{
	uint32_t n = f->n_order;
	bool any = false;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t b = f->order[i];
		unsigned k = ir_succs(f, b);

		for (unsigned j = 0; k > 1 && j < k; j++) {
			uint32_t to = ir_out(f, b, j)->to;

			if (f->block.at[to].loop == to + 1 && !ir_in_loop(f, to, b)) {
				ir_split_edge(f, ir_succ(f, b, j));
				any = true;
			}
		}
	}
	if (any)
		ir_analyse(f);
}

void opt_loops_begin(struct opt_loop *l, struct ir_func *f)
{
	*l = (struct opt_loop){ .f = f };
	ir_analyse(f);
	make_room(f);
	l->n = f->node.n;
	l->block_of = arena_alloc(f->tmp, l->n * sizeof *l->block_of);
	memset(l->block_of, 0xff, l->n * sizeof *l->block_of);
	l->memo = arena_zero(f->tmp, l->n * sizeof *l->memo);
	l->body = arena_zero(f->tmp, f->block.n * sizeof *l->body);
	for (uint32_t i = 0; i < f->n_order; i++) {
		const struct ir_block *b = &f->block.at[f->order[i]];

		for (uint32_t k = 0; k < b->ins.n; k++)
			l->block_of[b->ins.at[k]] = f->order[i];
		for (uint32_t h = b->loop; h; h = f->block.at[h - 1].outer)
			vec_push(f->tmp, &l->body[h - 1], f->order[i]);
	}
}

bool opt_loop_enter(struct opt_loop *l, uint32_t header)
{
	struct ir_func *f = l->f;
	const struct ir_block *h = &f->block.at[header];
	uint32_t outside = 0;
	unsigned n;

	if (h->loop != header + 1)
		return false;
	l->header = header;
	l->state = 0;
	l->serial += 2;
	for (uint32_t k = 0; k < h->pred.n; k++)
		if (!ir_in_loop(f, header, h->pred.at[k])) {
			outside++;
			l->before = h->pred.at[k];
		}
	if (outside != 1)
		return false;
	n = ir_succs(f, l->before);
	l->edge = ir_succ(f, l->before, 0);
	return n == 1;
}

uint32_t opt_latch(const struct opt_loop *l)
{
	const struct ir_block *h = &l->f->block.at[l->header];
	uint32_t p = h->pred.at[h->pred.at[0] == l->before], k = 0;

	if (h->pred.n != 2)
		return UINT32_MAX;
	while (ir_out(l->f, p, k)->to != l->header)
		k++;
	return ir_succ(l->f, p, k);
}

/* What can be said of r without looking at operands: 1 does not change, 0 changes, -1 depends. */
static int quick(const struct opt_loop *l, ir_ref r)
{
	const struct ir_node *n;

	if (r <= 0)
		return 1;
	if ((uint32_t)r >= l->n)
		return 0;
	n = ir_at(l->f, r);
	if (n->op == IR_arg)
		return !ir_in_loop(l->f, l->header, (uint32_t)n->a);
	if (ir_pinned(l->f, n))
		return l->block_of[r] != OPT_NOWHERE && !ir_in_loop(l->f, l->header, l->block_of[r]);
	return l->memo[r] >= l->serial ? l->memo[r] == l->serial : -1;
}

struct scan { struct opt_loop *l; bool no; ir_ref next; };

static void scan_operand(void *arg, ir_ref *r)
{
	struct scan *s = arg;
	int q = quick(s->l, *r);

	if (q == 0)
		s->no = true;
	else if (q < 0)
		s->next = *r;
}

bool opt_invariant(struct opt_loop *l, ir_ref r)
{
	if (quick(l, r) < 0)
		vec_push(l->f->tmp, &l->work, r);
	while (l->work.n) {
		ir_ref x = l->work.at[l->work.n - 1];
		struct scan s = { .l = l };

		ir_visit(l->f, ir_at(l->f, x), scan_operand, &s);
		if (!s.no && s.next) {
			vec_push(l->f->tmp, &l->work, s.next);
			continue;
		}
		l->memo[x] = l->serial + s.no;
		l->work.n--;
	}
	return quick(l, r) == 1;
}

ir_ref opt_before(const struct opt_loop *l, ir_ref r)
{
	const struct ir_node *n = r > 0 ? ir_at(l->f, r) : NULL;

	if (n && n->op == IR_arg && (uint32_t)n->a == l->header)
		return l->f->pool.at[l->f->edge.at[l->edge].args + (uint32_t)n->b];
	return r;
}

static void enter_value(void *arg, ir_ref *r)
{
	*r = opt_before(arg, *r);
}

/* A value of the header's state that is not one of its arguments must come from outside the loop. */
static void outside_value(void *arg, ir_ref *r)
{
	struct opt_loop *l = arg;

	if (!opt_invariant(l, *r) && opt_before(l, *r) == *r)
		l->state = UINT32_MAX;
}

uint32_t opt_state_before(struct opt_loop *l)
{
	struct ir_func *f = l->f;
	uint32_t s = f->block.at[l->header].state, cur = f->cur;
	struct ir_slot *slots;
	struct ir_state x;

	if (!l->state && (!s || f->state.at[s].parent))
		l->state = UINT32_MAX;
	else if (!l->state)
		ir_visit_state(f, s, outside_value, l);
	if (l->state)
		return l->state == UINT32_MAX ? 0 : l->state;
	x = f->state.at[s];
	slots = arena_alloc(f->tmp, (x.n + 1) * sizeof *slots);
	if (x.n)
		memcpy(slots, &f->slot.at[x.slots], x.n * sizeof *slots);
	f->cur = l->before;
	l->state = ir_state_new(f, &x, slots);
	f->cur = cur;
	ir_visit_state(f, l->state, enter_value, l);
	return l->state;
}

bool opt_every_turn(const struct opt_loop *l, uint32_t b)
{
	const struct ir_block *h = &l->f->block.at[l->header];

	for (uint32_t k = 0; k < h->pred.n; k++)
		if (ir_in_loop(l->f, l->header, h->pred.at[k]) && !ir_dominates(l->f, b, h->pred.at[k]))
			return false;
	return true;
}

bool opt_certain(const struct opt_loop *l, uint32_t b)
{
	const struct ir_func *f = l->f;

	for (uint32_t i = 0; i < l->body[l->header].n; i++) {
		uint32_t x = l->body[l->header].at[i];
		unsigned n = ir_succs(f, x);

		for (unsigned j = 0; j < n; j++)
			if (!ir_in_loop(f, l->header, ir_out(f, x, j)->to) && !ir_dominates(f, b, x))
				return false;
	}
	return opt_every_turn(l, b);
}
