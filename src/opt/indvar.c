/* SPDX-License-Identifier: MIT
 * indvar.c - what is computed from the counters of loops.
 *
 *   widening         a 32-bit counter whose steps do not overflow (nsw) and whose sums index memory gets a 64-bit twin, so
 *                    that sext (i + k) is I + k; comparisons of the counter follow
 *   multiplication   i * n in an innermost loop, n not changing there, becomes a value that steps by n
 *   addresses        base + (a + i) * 8 becomes (base + a * 8) + i * 8 when only i changes: the sum in parentheses floats out
 *
 * See Cooper, Simpson and Vick, "Operator Strength Reduction" (TOPLAS 2001), for the whole of what this is a part of.
 */
#include "opt/opt.h"

enum { MAX_DEPTH = 5, MAX_TERMS = 8 };
enum { UNKNOWN, COUNTS, OTHER };
struct indvar {
	struct opt_loop l;
	struct ir_func *f;
	struct opt_subst s;
	uint32_t n;
	uint8_t *kind;			/* by argument */
	ir_ref *wide;			/* by node: its 64-bit twin */
	bool changed;
};

static bool promises(const struct ir_node *n) { return n->aux & IR_NSW; }

/* Enters the loop whose header takes r and finds the only edge back; *k: position of r. */
static bool counter_of(struct indvar *x, ir_ref r, uint32_t *latch, uint32_t *k)
{
	const struct ir_func *f = x->f;
	const struct ir_node *n = ir_at(f, r);

	if (n->op != IR_arg || !f->block.at[n->a].reachable || !n->a)
		return false;
	if ((x->l.header != (uint32_t)n->a || !x->l.serial) && !opt_loop_enter(&x->l, (uint32_t)n->a))
		return false;
	*latch = x->l.header == (uint32_t)n->a ? opt_latch(&x->l) : UINT32_MAX;
	*k = (uint32_t)n->b;
	return *latch != UINT32_MAX;
}

/* The step of argument r when it goes round the loop as r + step, the step not changing; 0: it does not. */
static ir_ref step_of(struct indvar *x, ir_ref r, bool nsw, uint32_t *latch)
{
	const struct ir_node *n;
	ir_ref next;
	uint32_t k;

	if (!counter_of(x, r, latch, &k))
		return 0;
	next = x->f->pool.at[x->f->edge.at[*latch].args + k];
	n = next > 0 ? ir_at(x->f, next) : NULL;
	if (!n || n->op != IR_add || (nsw && !promises(n)))
		return 0;
	if (n->a == r && opt_invariant(&x->l, n->b))
		return n->b;
	return n->b == r && opt_invariant(&x->l, n->a) ? n->a : 0;
}

static void pass_also(struct ir_func *f, uint32_t edge, ir_ref v)
{
	struct ir_edge *e = &f->edge.at[edge];
	uint32_t at = f->pool.n;

	for (uint32_t k = 0; k < e->n; k++) {
		ir_ref old = f->pool.at[e->args + k];

		vec_push(f->mem, &f->pool, old);
	}
	vec_push(f->mem, &f->pool, v);
	e->args = at;
	e->n++;
}

/* A new argument of the loop entered: init, then so much more in every turn. */
static ir_ref new_counter(struct indvar *x, uint32_t latch, ir_ref init, ir_ref step, unsigned aux)
{
	struct ir_func *f = x->f;
	ir_ref a = ir_block_arg(f, x->l.header, ir_type_of(f, init));

	pass_also(f, x->l.edge, init);
	pass_also(f, latch, ir_emit(f, IR_add, ir_type_of(f, init), aux, a, step, 0));
	x->changed = true;
	return a;
}

/* ---- widening -------------------------------------------------------------------------------------------------------- */

static bool is_counter(struct indvar *x, ir_ref r)
{
	uint32_t latch;

	if (x->kind[r] == UNKNOWN)
		x->kind[r] = ir_at(x->f, r)->type == IR_T_i32 && step_of(x, r, true, &latch) ? COUNTS : OTHER;
	return x->kind[r] == COUNTS;
}

static bool has_counter(struct indvar *x, ir_ref r, unsigned depth)
{
	const struct ir_node *n;

	if (r <= 0 || (uint32_t)r >= x->n || depth == MAX_DEPTH)
		return false;
	n = ir_at(x->f, r);
	if (n->op == IR_arg)
		return is_counter(x, r);
	if (!promises(n) || (n->op != IR_add && n->op != IR_sub && n->op != IR_mul && n->op != IR_shl))
		return false;
	return has_counter(x, n->a, depth + 1) || (n->op != IR_shl && has_counter(x, n->b, depth + 1)) ;
}

static ir_ref widen(struct indvar *x, ir_ref r, unsigned depth)
{
	struct ir_func *f = x->f;
	struct ir_node n;
	uint32_t latch;
	ir_ref step, a;

	if (r <= 0 || (uint32_t)r >= x->n || depth == MAX_DEPTH || !has_counter(x, r, depth))
		return ir_emit(f, IR_sext, IR_T_i64, 0, r, 0, 0);
	if (x->wide[r])
		return x->wide[r];
	n = *ir_at(f, r);
	if (n.op == IR_arg) {
		step = step_of(x, r, true, &latch);
		a = new_counter(x, latch, ir_emit(f, IR_sext, IR_T_i64, 0, opt_before(&x->l, r), 0, 0), ir_emit(f, IR_sext, IR_T_i64, 0, step, 0, 0), IR_NSW);
	} else {
		ir_ref p = widen(x, n.a, depth + 1), q = n.op == IR_shl ? n.b : widen(x, n.b, depth + 1);

		a = ir_emit(f, n.op, IR_T_i64, IR_NSW, p, q, 0);
	}
	return x->wide[r] = a;
}

/* The counter or the counter plus a constant, when it has a twin already. */
static bool has_twin(struct indvar *x, ir_ref r)
{
	const struct ir_node *n = r > 0 && (uint32_t)r < x->n ? ir_at(x->f, r) : NULL;

	if (n && n->op == IR_add && promises(n) && ir_is_const(n->b))
		n = (r = n->a) > 0 ? ir_at(x->f, r) : NULL;
	return n && n->op == IR_arg && x->wide[r];
}

static void widen_all(struct indvar *x)
{
	struct ir_func *f = x->f;
	uint32_t latch, k;

	for (uint32_t r = 1; r < x->n; r++)
		if (ir_at(f, (ir_ref)r)->op == IR_sext && has_counter(x, ir_at(f, (ir_ref)r)->a, 0)) {
			ir_ref v = widen(x, ir_at(f, (ir_ref)r)->a, 0);

			if (v != (ir_ref)r)
				opt_subst_set(&x->s, (ir_ref)r, v);
		}
	for (uint32_t r = 1; r < x->n; r++) {
		struct ir_node n = *ir_at(f, (ir_ref)r);
		bool left = n.op >= IR_eq && n.op <= IR_le && has_twin(x, n.a), right = n.op >= IR_eq && n.op <= IR_le && !left && has_twin(x, n.b);
		ir_ref arg = left ? n.a : n.b;

		if (!left && !right)
			continue;
		arg = ir_at(f, arg)->op == IR_add ? ir_at(f, arg)->a : arg;
		if (!counter_of(x, arg, &latch, &k) || !opt_invariant(&x->l, left ? n.b : n.a))
			continue;
		opt_subst_set(&x->s, (ir_ref)r, ir_emit(f, n.op, IR_T_i32, 0, widen(x, n.a, 0), widen(x, n.b, 0), 0));
	}
}

/* ---- multiplication ----------------------------------------------------------------------------------------------------- */

static bool is_cheap(const struct ir_func *f, ir_ref k)
{
	uint64_t v = ir_is_const(k) ? (uint64_t)ir_kbits(f, k) : 0;

	return ir_is_const(k) && ((v & (v - 1)) == 0 || v == 3 || v == 5 || v == 9);
}

/* Is r there before the loop entered? What does not change in it may also come from behind it, for a product that is used only there. */
static bool is_before(const struct indvar *x, ir_ref r, unsigned depth)
{
	const struct ir_func *f = x->f;
	const struct ir_node *n = r > 0 ? ir_at(f, r) : NULL;
	ir_ref o[3];
	uint32_t k;

	if (!n)
		return true;
	if (n->op == IR_arg)
		return ir_dominates(f, (uint32_t)n->a, x->l.before);
	if (ir_pinned(f, n))
		return (uint32_t)r < x->l.n && x->l.block_of[r] != OPT_NOWHERE && ir_dominates(f, x->l.block_of[r], x->l.before);
	k = depth == MAX_DEPTH ? COUNT_OF(o) + 1 : ir_operands(f, r, o, COUNT_OF(o));
	if (k > COUNT_OF(o))
		return false;
	while (k-- > 0)
		if (!is_before(x, o[k], depth + 1))
			return false;
	return true;
}

static void reduce(struct indvar *x, ir_ref r)
{
	struct ir_func *f = x->f;
	struct ir_node n = *ir_at(f, r);
	uint32_t latch;

	for (unsigned turn = 0; turn < 2; turn++) {
		ir_ref arg = turn ? n.b : n.a, by = turn ? n.a : n.b, step, init;

		if (arg <= 0 || ir_at(f, arg)->op != IR_arg || is_cheap(f, by))
			continue;
		step = step_of(x, arg, false, &latch);
		if (!step || !opt_invariant(&x->l, by) || !is_before(x, by, 0))
			continue;
		for (uint32_t k = 0; k < x->l.body[x->l.header].n; k++)
			if (f->block.at[x->l.body[x->l.header].at[k]].loop != x->l.header + 1)
				return;		/* not the innermost loop: one product a turn is nothing */
		init = ir_emit(f, IR_mul, n.type, 0, opt_before(&x->l, arg), by, 0);
		step = ir_emit(f, IR_mul, n.type, 0, step, by, 0);
		opt_subst_set(&x->s, r, new_counter(x, latch, init, step, 0));
		return;
	}
}

/* ---- addresses ------------------------------------------------------------------------------------------------------------ */

struct terms { ir_ref base; unsigned n; struct { ir_ref v; int64_t shift; } at[MAX_TERMS]; bool nested; };

static void collect(struct indvar *x, struct terms *t, ir_ref r, int64_t shift, unsigned depth)
{
	const struct ir_node *n = r > 0 ? ir_at(x->f, r) : NULL;

	if (n && n->op == IR_add && n->type == IR_T_i64 && depth < MAX_DEPTH && t->n + 2 <= MAX_TERMS && !opt_invariant(&x->l, r)) {
		t->nested = true;
		collect(x, t, n->a, shift, depth + 1);
		collect(x, t, n->b, shift, depth + 1);
	} else if (n && n->op == IR_shl && n->type == IR_T_i64 && depth < MAX_DEPTH && ir_is_const(n->b) && ir_kbits(x->f, n->b) + shift < 32 && ir_kbits(x->f, n->b) >= 0) {
		collect(x, t, n->a, shift + ir_kbits(x->f, n->b), depth + 1);
	} else if (t->n < MAX_TERMS) {
		t->at[t->n].v = r;
		t->at[t->n++].shift = shift;
	} else {
		t->base = 0;
	}
}

static ir_ref shifted(struct indvar *x, ir_ref v, int64_t by)
{
	return by ? ir_emit(x->f, IR_shl, IR_T_i64, 0, v, ir_const(x->f, IR_T_i32, by), 0) : v;
}

/* The address with what does not change in the loop added up first; r itself if that gains nothing. */
static ir_ref regroup(struct indvar *x, ir_ref r)
{
	struct terms t = { .base = r };
	unsigned still = 0;
	ir_ref sum, rest = 0;
	int64_t shift = 0;

	while (t.base > 0 && ir_at(x->f, t.base)->op == IR_add && ir_at(x->f, t.base)->type == IR_T_ptr && t.n < MAX_TERMS) {
		ir_ref b = t.base, index = ir_at(x->f, b)->b;

		t.base = ir_at(x->f, b)->a;
		collect(x, &t, index, 0, 0);
		if (!t.base)
			return r;
	}
	for (unsigned k = 0; k < t.n; k++)
		still += opt_invariant(&x->l, t.at[k].v);
	if (!opt_invariant(&x->l, t.base) || !still || still == t.n || (!t.nested && t.n < 2))
		return r;
	sum = t.base;
	for (unsigned k = 0; k < t.n; k++)
		if (opt_invariant(&x->l, t.at[k].v))
			sum = ir_emit(x->f, IR_add, IR_T_ptr, 0, sum, shifted(x, t.at[k].v, t.at[k].shift), 0);
	for (unsigned k = 0; k < t.n; k++) {
		if (opt_invariant(&x->l, t.at[k].v))
			continue;
		if (rest && t.at[k].shift != shift) {
			sum = ir_emit(x->f, IR_add, IR_T_ptr, 0, sum, shifted(x, rest, shift), 0);
			rest = 0;
		}
		rest = rest ? ir_emit(x->f, IR_add, IR_T_i64, 0, rest, t.at[k].v, 0) : t.at[k].v;
		shift = t.at[k].shift;
	}
	return ir_emit(x->f, IR_add, IR_T_ptr, 0, sum, shifted(x, rest, shift), 0);
}

static void regroup_all(struct indvar *x)
{
	struct ir_func *f = x->f;

	for (uint32_t i = 0; i < f->n_order; i++) {
		uint32_t h = f->order[i];

		if (!opt_loop_enter(&x->l, h))
			continue;
		for (uint32_t k = 0; k < x->l.body[h].n; k++) {
			const struct ir_block *b = &f->block.at[x->l.body[h].at[k]];

			for (uint32_t j = 0; b->loop == h + 1 && j < b->ins.n; j++) {
				ir_ref r = b->ins.at[j], a;

				if (ir_at(f, r)->op != IR_load && ir_at(f, r)->op != IR_store)
					continue;
				a = regroup(x, ir_at(f, r)->a);
				x->changed |= a != ir_at(f, r)->a;
				ir_at(f, r)->a = a;
			}
		}
	}
}

static void begin(struct indvar *x, struct ir_func *f)
{
	opt_loops_begin(&x->l, f);
	opt_subst_init(&x->s, f);
	x->n = f->node.n;
}

bool opt_indvar(struct ir_func *f)
{
	struct indvar x = { .f = f };
	bool loops = false, changed;

	ir_analyse(f);
	for (uint32_t i = 0; i < f->n_order; i++)
		loops |= f->block.at[f->order[i]].loop != 0;
	if (!loops)
		return false;
	begin(&x, f);
	x.kind = arena_zero(f->tmp, x.n);
	x.wide = arena_zero(f->tmp, x.n * sizeof *x.wide);
	widen_all(&x);
	if (x.changed) {
		opt_fold_replaced(f, &x.s);
		begin(&x, f);
	}
	changed = x.changed;
	x.changed = false;
	for (uint32_t r = 1; r < x.n; r++)
		if (ir_at(f, (ir_ref)r)->op == IR_mul)
			reduce(&x, (ir_ref)r);
	if (x.changed) {
		opt_subst_apply(&x.s, f);
		begin(&x, f);
	}
	changed |= x.changed;
	regroup_all(&x);
	return changed | x.changed;
}
