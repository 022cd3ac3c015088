/* SPDX-License-Identifier: MIT
 * bounds.c - a bounds check that is made in every turn of a counted loop becomes one check before the loop.
 *
 * The check must be "index < length", unsigned, with a length that does not change and an index that steps by one up or
 * down. The loop must leave through a test, made in every turn, of a value that steps by one as well. Say the test lets
 * the loop go on `stays` times. Then the index goes through
 *
 *   first .. first + stays         if the check stands before the test
 *   first .. first + stays - 1     if it stands behind it
 *
 * and that interval lies in the array, without wrapping round, exactly if the check before the loop holds. As in licm.c it
 * carries the header's state and is marked "hoisted": a loop that leaves early by another way may fail it without need.
 * Compare Gupta, "Optimizing array bound checks using flow analysis" (1993), and Würthinger et al. on HotSpot (2007).
 */
#include "opt/opt.h"

struct counter { ir_ref first; int step; };	/* a value that is first, first + step, ... in the turns of the loop; step 0: it is not */
struct bounds {
	struct opt_loop l;
	struct opt_subst s;
	uint32_t latch_edge;
	bool changed;
};

static ir_ref make(struct bounds *b, enum ir_op op, ir_ref x, ir_ref y)
{
	return ir_emit(b->l.f, op, ir_type_of(b->l.f, x), 0, x, y, 0);
}

static ir_ref constant(struct bounds *b, ir_ref like, int64_t bits)
{
	return ir_const(b->l.f, ir_type_of(b->l.f, like), bits);
}

/* The only edge from inside the loop to its header. */
static bool find_latch(struct bounds *b)
{
	b->latch_edge = opt_latch(&b->l);
	return b->latch_edge != UINT32_MAX;
}

static bool is_sum(const struct ir_func *f, ir_ref r, ir_ref *x, int64_t *k)
{
	const struct ir_node *n = r > 0 ? ir_at(f, r) : NULL;

	if (!n || n->op != IR_add || !ir_is_const(n->b) || ir_type_of(f, n->a) == IR_T_ptr)
		return false;
	*x = n->a;
	*k = ir_kbits(f, n->b);
	return true;
}

static struct counter counter(struct bounds *b, ir_ref r)
{
	struct ir_func *f = b->l.f;
	ir_ref arg = r, x;
	int64_t plus = 0, step;
	const struct ir_node *n;

	if (is_sum(f, r, &x, &plus))
		arg = x;
	n = arg > 0 ? ir_at(f, arg) : NULL;
	if (!n || n->op != IR_arg || (uint32_t)n->a != b->l.header)
		return (struct counter){ 0 };
	if (!is_sum(f, f->pool.at[f->edge.at[b->latch_edge].args + (uint32_t)n->b], &x, &step) || x != arg || (step != 1 && step != -1))
		return (struct counter){ 0 };
	x = opt_before(&b->l, arg);
	return (struct counter){ plus ? make(b, IR_add, x, constant(b, x, plus)) : x, (int)step };
}

/* How often the test at the end of block t lets the loop go on, if it does so at most as often as a counter says; 0: nobody
 * knows. *may gets a condition under which that is right, or stays as it is. */
static ir_ref stays(struct bounds *b, uint32_t t, ir_ref *may)
{
	struct ir_func *f = b->l.f;
	const struct ir_node *br = ir_at(f, f->block.at[t].control), *n;
	bool on_yes, inverse;
	enum ir_op op;
	ir_ref x, y, limit, far;
	struct counter c;

	if (br->op != IR_br || br->a <= 0 || f->block.at[t].loop != b->l.header + 1 || !opt_every_turn(&b->l, t))
		return 0;
	on_yes = ir_in_loop(f, b->l.header, f->edge.at[br->b].to);
	if (on_yes == ir_in_loop(f, b->l.header, f->edge.at[br->c].to))
		return 0;
	n = ir_at(f, br->a);
	op = n->op;
	if (op != IR_eq && op != IR_ne && op != IR_lt && op != IR_le && op != IR_ult && op != IR_ule)
		return 0;
	inverse = !on_yes;
	if ((op == IR_eq) != inverse && (op == IR_eq || op == IR_ne))
		return 0;
	x = inverse ? n->b : n->a;
	y = inverse ? n->a : n->b;
	if (inverse && op != IR_eq)
		op = op == IR_lt ? IR_le : op == IR_le ? IR_lt : op == IR_ult ? IR_ule : IR_ult;
	/* now the loop goes on while "x op y", with ne for eq */
	c = counter(b, opt_invariant(&b->l, y) ? x : y);
	limit = opt_invariant(&b->l, y) ? y : x;
	if (!c.step || !opt_invariant(&b->l, limit) || ir_type_of(f, limit) == IR_T_ptr)
		return 0;
	far = c.step > 0 ? make(b, IR_sub, limit, c.first) : make(b, IR_sub, c.first, limit);
	if (op == IR_eq || op == IR_ne)
		return far;
	if ((c.step > 0) != (limit == y))
		return 0;
	if (op == IR_le || op == IR_ule) {
		bool wide = ir_type_of(f, limit) == IR_T_i64;
		int64_t most = op == IR_ule ? -1 : wide ? INT64_MAX : INT32_MAX, least = op == IR_ule ? 0 : wide ? INT64_MIN : INT32_MIN;
		ir_ref ends = make(b, IR_ne, limit, constant(b, limit, c.step > 0 ? most : least));

		*may = *may ? make(b, IR_and, *may, ends) : ends;
		far = make(b, IR_add, far, constant(b, far, 1));
	}
	x = c.step > 0 ? make(b, op, c.first, limit) : make(b, op, limit, c.first);
	return ir_emit(f, IR_select, ir_type_of(f, far), 0, x, far, constant(b, far, 0));
}

/* The condition before the loop for "index < length" in every turn, or 0. */
static ir_ref holds(struct bounds *b, uint32_t block, ir_ref index, ir_ref length)
{
	struct ir_func *f = b->l.f;
	struct counter c = counter(b, index);

	if (!c.step)
		return 0;
	for (uint32_t i = 0; i < b->l.body[b->l.header].n; i++) {
		uint32_t t = b->l.body[b->l.header].at[i];
		ir_ref may = 0, turns = stays(b, t, &may), first = c.first, in;
		bool behind = t != block && ir_dominates(f, t, block);
		enum ir_op less = behind ? IR_ule : IR_ult;

		if (!turns || ir_type_of(f, turns) != ir_type_of(f, first))
			continue;
		if (c.step > 0) {
			in = make(b, less, turns, make(b, IR_sub, length, first));
		} else {
			if (behind)
				first = make(b, IR_add, first, constant(b, first, 1));
			in = make(b, IR_ule, turns, first);
		}
		in = make(b, IR_and, in, make(b, less, first, length));
		return may ? make(b, IR_and, in, may) : in;
	}
	return 0;
}

/* Replaces the check by one before the loop. */
static bool lift_check(struct bounds *b, uint32_t block, ir_ref r)
{
	struct ir_func *f = b->l.f;
	struct ir_node n = *ir_at(f, r), c;
	uint32_t state;
	ir_ref cond, new;

	if (n.op != IR_check || n.a <= 0)
		return false;
	c = *ir_at(f, n.a);
	if (c.op != IR_ult || !opt_invariant(&b->l, c.b) || opt_invariant(&b->l, c.a) || !opt_every_turn(&b->l, block))
		return false;
	cond = holds(b, block, c.a, c.b);
	if (!cond || ir_is_k(f, cond, 0))
		return false;
	state = opt_state_before(&b->l);
	if (!state)
		return false;
	if (!ir_is_const(cond)) {
		new = ir_raw_node(f, (struct ir_node){ .op = IR_check, .type = IR_T_void, .aux = n.aux | IR_CHECK_HOISTED, .a = cond, .c = (ir_ref)state });
		vec_push(f->mem, &f->block.at[b->l.before].ins, new);
	}
	if (n.b)
		opt_subst_set(&b->s, r, n.b);
	return b->changed = true;
}

bool opt_bounds(struct ir_func *f)
{
	struct bounds b = { .changed = false };

	if (f->careful)
		return false;
	opt_loops_begin(&b.l, f);
	opt_subst_init(&b.s, f);
	for (uint32_t i = f->n_order; i-- > 0;) {
		uint32_t h = f->order[i];

		if (!opt_loop_enter(&b.l, h) || !f->block.at[h].state || !find_latch(&b))
			continue;
		for (uint32_t k = 0; k < b.l.body[h].n; k++) {
			struct ir_block *blk = &f->block.at[b.l.body[h].at[k]];
			uint32_t kept = 0;

			if (blk->loop != h + 1 || blk->cold)
				continue;
			for (uint32_t j = 0; j < blk->ins.n; j++)
				if (!lift_check(&b, b.l.body[h].at[k], blk->ins.at[j]))
					blk->ins.at[kept++] = blk->ins.at[j];
			blk->ins.n = kept;
		}
	}
	if (b.changed)
		opt_subst_apply(&b.s, f);
	return b.changed;
}
