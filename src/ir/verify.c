/* SPDX-License-Identifier: MIT
 * verify.c - is this function well formed? Run between all passes in tests.
 *
 *   types      every operand has the type its operation asks for
 *   dominance  every use is dominated by its definition (through the placement, so floating nodes are covered)
 *   edges      arguments match the target's in number and type
 *   epochs     recomputed from the effects: a guard stands in the epoch in which its frame state was made
 *
 * The epoch at a point is named by the last effect before it; where paths with different epochs meet, and at loop
 * headers, a new one begins.
 */
#include "ir/ir.h"

#include <stdio.h>

struct verify {
	struct ir_func *f;
	char *why;
	size_t n;
	bool bad;
	uint32_t *where;		/* by node: position in the placed order + 1 */
	uint32_t *block_of;
	uint32_t at_block, at;
	ir_ref user;
	int64_t *epoch_in;		/* by block: > 0 effect node, < 0 -(block + 1) */
};

static void complain(struct verify *v, const char *fmt, ...) PRINTF(2, 3);
static void complain(struct verify *v, const char *fmt, ...)
{
	va_list ap;

	if (v->bad)
		return;
	v->bad = true;
	va_start(ap, fmt);
	vsnprintf(v->why, v->n, fmt, ap);
	va_end(ap);
}

static const char *tname(const struct verify *v, ir_ref r) { return ir_types[ir_type_of(v->f, r)].name; }

static bool valid(const struct ir_func *f, ir_ref r)
{
	return r >= 0 ? (uint32_t)r < f->node.n : (uint32_t)-r < f->konst.n;
}

/* ---- types ------------------------------------------------------------------------------------------------ */

static bool is_int(enum ir_type t) { return t == IR_T_i32 || t == IR_T_i64; }

#define ONE(t) 1 << IR_T_##t
#define INTS { [IR_T_i32] = ONE(i32), [IR_T_i64] = ONE(i64) }
#define SUM { [IR_T_i32] = ONE(i32), [IR_T_i64] = ONE(i64), [IR_T_ptr] = ONE(i64) }
#define SHIFT { [IR_T_i32] = ONE(i32) | ONE(i64), [IR_T_i64] = ONE(i32) | ONE(i64) }
#define ORDER { [IR_T_i32] = ONE(i32), [IR_T_i64] = ONE(i64), [IR_T_ptr] = ONE(ptr) }
#define FLOATS { [IR_T_f32] = ONE(f32), [IR_T_f64] = ONE(f64) }
const uint8_t ir_right_types[IR_OP_COUNT][IR_TYPE_COUNT] = {
	[IR_add] = SUM, [IR_sub] = SUM, [IR_mul] = INTS, [IR_smulh] = INTS, [IR_umulh] = INTS,
	[IR_sdiv] = INTS, [IR_srem] = INTS, [IR_udiv] = INTS, [IR_urem] = INTS,
	[IR_and] = INTS, [IR_or] = INTS, [IR_xor] = INTS,
	[IR_shl] = SHIFT, [IR_shr] = SHIFT, [IR_sar] = SHIFT, [IR_rotl] = SHIFT,
	[IR_eq] = ORDER, [IR_ne] = ORDER, [IR_lt] = ORDER, [IR_le] = ORDER, [IR_ult] = ORDER, [IR_ule] = ORDER,
	[IR_feq] = FLOATS, [IR_fne] = FLOATS, [IR_flt] = FLOATS, [IR_fle] = FLOATS,
	[IR_fadd] = FLOATS, [IR_fsub] = FLOATS, [IR_fmul] = FLOATS, [IR_fdiv] = FLOATS,
	[IR_addo] = INTS, [IR_subo] = INTS, [IR_mulo] = INTS,
};

static bool binary_types_fit(const struct ir_func *f, const struct ir_node *n)
{
	return ir_right_types[n->op][ir_type_of(f, n->a)] >> ir_type_of(f, n->b) & 1;
}

static bool unary_type_fits(const struct ir_func *f, const struct ir_node *n)
{
	enum ir_type a = ir_type_of(f, n->a), t = n->type;

	switch (n->op) {
	case IR_sext: case IR_zext: return a == IR_T_i32 && t == IR_T_i64;
	case IR_trunc: return (a == IR_T_i64 || a == IR_T_ptr) && t == IR_T_i32;
	case IR_itof: return is_int(a) && ir_is_float(t);
	case IR_ftoi: return ir_is_float(a) && is_int(t);
	case IR_fcvt: return ir_is_float(a) && ir_is_float(t) && a != t;
	case IR_bitcast: return t != IR_T_void && a != IR_T_void && ir_types[a].size == ir_types[t].size;
	case IR_neg: case IR_not: case IR_sext8: case IR_sext16: case IR_bswap: return is_int(a);
	default: return ir_is_float(a);
	}
}

static bool memory_types_fit(const struct ir_func *f, const struct ir_node *n)
{
	enum ir_type t = n->op == IR_load ? n->type : ir_type_of(f, n->c);
	enum ir_width w = IR_MEM_WIDTH(n->aux);

	if (ir_type_of(f, n->a) != IR_T_ptr || t == IR_T_void)
		return false;
	if (w == IR_W_32S || w == IR_W_32U)
		return t == IR_T_i64;
	return w == IR_W_FULL || is_int(t);
}

/* A function that is known is called as it wants to be. */
static bool callee_fits(const struct ir_func *f, const struct ir_node *n)
{
	const struct ir_func *g = n->op == IR_call && n->a > 0 && ir_at(f, n->a)->op == IR_func ? f->callee.at[ir_at(f, n->a)->a].f : NULL;

	return !g || g->conv == ir_call_conv(f, &f->call.at[n->c]);
}

static bool call_fits(const struct ir_func *f, const struct ir_node *n)
{
	const struct ir_call *d;

	if (n->c < 0 || (uint32_t)n->c >= f->call.n || ir_type_of(f, n->a) != IR_T_ptr)
		return false;
	d = &f->call.at[n->c];
	if (ir_call_conv(f, d) == IR_CONV_GUEST && d->flags & (IR_CALL_VARIADIC | IR_CALL_TWICE))
		return false;
	return n->type == (d->n_results ? d->result[0] : IR_T_void);
}

static bool types_fit(const struct ir_func *f, const struct ir_node *n)
{
	enum ir_type a = ir_ops[n->op].args[0] == 'v' ? ir_type_of(f, n->a) : IR_T_void;	/* the size of a stack is no value */

	switch (n->op) {
	case IR_load: case IR_store: return memory_types_fit(f, n);
	case IR_call: return call_fits(f, n);
	case IR_result: return n->a > 0 && ir_at(f, n->a)->op == IR_call && n->b == 1 &&
			f->call.at[ir_at(f, n->a)->c].n_results == 2 && n->type == f->call.at[ir_at(f, n->a)->c].result[1];
	case IR_check: return a == IR_T_i32;
	case IR_br: return a == IR_T_i32;
	case IR_switch: return is_int(a) && n->c > 1;		/* one edge would be a jump */
	case IR_select: return a == IR_T_i32 && ir_type_of(f, n->b) == ir_type_of(f, n->c) && ir_type_of(f, n->b) != IR_T_void;
	case IR_ret:
		return a == f->result[0] && ir_type_of(f, n->b) == f->result[1];
	case IR_nop: case IR_arg: case IR_jmp: case IR_exit: return true;
	case IR_sp: case IR_inargs: return n->type == IR_T_ptr;
	case IR_stack: return n->type == IR_T_ptr && n->a > 0 && n->b > 0 && n->b <= 16 && !(n->b & (n->b - 1));
	case IR_func: return n->type == IR_T_ptr && n->a >= 0 && (uint32_t)n->a < f->callee.n;
	default:
		return ir_ops[n->op].args[1] == 'v' ? binary_types_fit(f, n) : unary_type_fits(f, n);
	}
}

bool ir_operand_types_fit(struct ir_func *f, enum ir_op op, enum ir_type t, unsigned aux, ir_ref a, ir_ref b, ir_ref c)
{
	struct ir_node n = { (uint8_t)op, (uint8_t)t, (uint16_t)aux, a, b, c };

	return types_fit(f, &n);
}

static void check_types(struct verify *v, ir_ref r)
{
	const struct ir_node *n = ir_at(v->f, r);
	const char *args = ir_ops[n->op].args;

	if (types_fit(v->f, n)) {
		if (!callee_fits(v->f, n))
			complain(v, "%s is not of the convention that it is called in", v->f->callee.at[ir_at(v->f, n->a)->a].name);
		return;
	}
	if (args[1] == 'v' && args[2] == 'v')
		complain(v, "%s does not take %s, %s, %s", ir_op_names[n->op], tname(v, n->a), tname(v, n->b), tname(v, n->c));
	else if (args[1] == 'v')
		complain(v, "%s does not take %s and %s", ir_op_names[n->op], tname(v, n->a), tname(v, n->b));
	else
		complain(v, "%s does not take %s to %s", ir_op_names[n->op], tname(v, args[0] == 'v' ? n->a : IR_NONE), ir_types[n->type].name);
}

/* ---- references and dominance -------------------------------------------------------------------------------- */

static void check_ref(void *arg, ir_ref *r)
{
	struct verify *v = arg;

	if (!valid(v->f, *r))
		complain(v, "%s has an operand that does not exist (%d)", ir_op_names[ir_at(v->f, v->user)->op], *r);
}

static void check_dominated(void *arg, ir_ref *r)
{
	struct verify *v = arg;
	uint32_t b;

	if (*r <= 0 || v->bad)
		return;
	if (!v->where[*r]) {
		complain(v, "%s in block %u uses a value of an unreachable block or of no block (%s)", ir_op_names[ir_at(v->f, v->user)->op],
			v->at_block, ir_op_names[ir_at(v->f, *r)->op]);
		return;
	}
	b = v->block_of[*r];
	if (b == v->at_block ? v->where[*r] > v->at : !ir_dominates(v->f, b, v->at_block))
		complain(v, "%s in block %u uses a value (%s, block %u) that does not dominate it", ir_op_names[ir_at(v->f, v->user)->op],
			v->at_block, ir_op_names[ir_at(v->f, *r)->op], b);
}

static void check_edges(struct verify *v, uint32_t b)
{
	unsigned k = ir_succs(v->f, b);

	for (unsigned i = 0; i < k; i++) {
		const struct ir_edge *x = ir_out(v->f, b, i);
		const struct ir_block *to = &v->f->block.at[x->to];

		if (x->to == 0) {
			complain(v, "block %u jumps to the entry", b);
			return;
		}
		if (x->n != to->arg.n) {
			complain(v, "block %u passes %u arguments to block %u, which takes %u", b, x->n, x->to, to->arg.n);
			return;
		}
		for (uint32_t j = 0; j < x->n; j++)
			if (ir_type_of(v->f, v->f->pool.at[x->args + j]) != ir_type_of(v->f, to->arg.at[j]))
				complain(v, "argument %u of block %u is %s, but block %u passes %s", j, x->to, tname(v, to->arg.at[j]), b,
					tname(v, v->f->pool.at[x->args + j]));
	}
}

/* Everything that must hold before the graph may be walked. */
static void check_shape(struct verify *v)
{
	struct ir_func *f = v->f;

	for (uint32_t b = 0; b < f->block.n && !v->bad; b++) {
		struct ir_block *blk = &f->block.at[b];

		if (!blk->control) {
			/* a block that nothing reaches may stay open */
			continue;
		}
		if (!(ir_ops[ir_at(f, blk->control)->op].flags & IR_ENDS))
			complain(v, "block %u does not end in a control node", b);
		for (uint32_t i = 0; i <= blk->ins.n && !v->bad; i++) {
			v->user = i < blk->ins.n ? blk->ins.at[i] : blk->control;
			ir_visit(f, ir_at(f, v->user), check_ref, v);
			ir_visit_kept(f, ir_at(f, v->user), check_ref, v);
			if (ir_ops[ir_at(f, v->user)->op].flags & IR_GUARD && !ir_node_state(f, ir_at(f, v->user)))
				complain(v, "%s has no frame state", ir_op_names[ir_at(f, v->user)->op]);
		}
	}
	for (uint32_t r = 1; r < f->node.n && !v->bad; r++) {
		v->user = (ir_ref)r;
		if (!(ir_ops[f->node.at[r].op].flags & IR_PURE))
			continue;
		ir_visit(f, &f->node.at[r], check_ref, v);
	}
}

/* ---- epochs -------------------------------------------------------------------------------------------------------- */

static int64_t last_effect(const struct ir_func *f, uint32_t b, int64_t in)
{
	const struct ir_block *blk = &f->block.at[b];

	for (uint32_t i = blk->ins.n; i-- > 0;)
		if (ir_ops[ir_at(f, blk->ins.at[i])->op].flags & IR_EFFECT)
			return blk->ins.at[i];
	return in;
}

static void compute_epochs(struct verify *v)
{
	struct ir_func *f = v->f;

	for (uint32_t i = 0; i < f->n_order; i++) {
		uint32_t b = f->order[i];
		const struct ir_block *blk = &f->block.at[b];
		int64_t in = 0;

		for (uint32_t k = 0; k < blk->pred.n; k++) {
			uint32_t p = blk->pred.at[k];
			int64_t out = f->block.at[p].rpo >= i ? 0 : last_effect(f, p, v->epoch_in[p]);

			if (out == 0 || (in && out != in)) {
				in = 0;
				break;
			}
			in = out;
		}
		v->epoch_in[b] = in ? in : -(int64_t)b - 1;
	}
}

static void check_epoch(struct verify *v, ir_ref r, int64_t now)
{
	uint32_t s = ir_node_state(v->f, ir_at(v->f, r));
	const struct ir_state *x;
	int64_t made;

	if (!s)
		return;
	x = &v->f->state.at[s];
	if (x->block >= v->f->block.n || !v->f->block.at[x->block].reachable) {
		complain(v, "frame state %u of %s belongs to a block that is gone", s, ir_op_names[ir_at(v->f, r)->op]);
		return;
	}
	made = x->after ? x->after : v->epoch_in[x->block];
	if (made != now)
		complain(v, "%s in block %u carries frame state %u of another epoch", ir_op_names[ir_at(v->f, r)->op], v->at_block, s);
}

/* ---- the walk ---------------------------------------------------------------------------------------------------------- */

static void check_block(struct verify *v, uint32_t b, const ir_ref *at, uint32_t n)
{
	struct ir_func *f = v->f;
	struct ir_block *blk = &f->block.at[b];
	int64_t epoch = v->epoch_in[b];

	v->at_block = b;
	if (blk->state) {
		v->user = blk->arg.n ? blk->arg.at[0] : blk->control;
		v->at = blk->arg.n ? v->where[blk->arg.at[blk->arg.n - 1]] : 0;
		if (n)
			v->at = v->where[at[n - 1]];
		ir_visit_state(f, blk->state, check_dominated, v);
	}
	for (uint32_t i = 0; i <= n && !v->bad; i++) {
		ir_ref r = i < n ? at[i] : blk->control;
		unsigned flags = ir_ops[ir_at(f, r)->op].flags;

		v->user = r;
		v->at = i < n ? v->where[r] - 1 : UINT32_MAX;
		ir_visit(f, ir_at(f, r), check_dominated, v);
		ir_visit_kept(f, ir_at(f, r), check_dominated, v);
		check_types(v, r);
		if ((flags & IR_GUARD) || ir_at(f, r)->op == IR_exit)
			check_epoch(v, r, epoch);
		if (flags & IR_EFFECT)
			epoch = r;
		if (ir_at(f, r)->op == IR_result && (i == 0 || at[i - 1] != ir_at(f, r)->a))
			complain(v, "result does not stand right behind its call");
	}
	check_edges(v, b);
}

static uint64_t analysis(const struct ir_func *f)
{
	uint64_t h = hash_bytes(f->order, f->n_order * sizeof *f->order, 1);

	for (uint32_t i = 0; i < f->n_order; i++) {
		const struct ir_block *b = &f->block.at[f->order[i]];
		uint32_t x[] = { b->rpo, b->idom, b->tree, b->dominated, b->loop, b->outer, b->loop_depth };

		h = hash_bytes(b->pred.at, b->pred.n * sizeof *b->pred.at, hash_bytes(x, sizeof x, h));
	}
	return h;
}

/* Whoever changes the graph says so; what is not said would be used by the passes behind. */
static void check_analysis(struct verify *v)
{
	uint64_t claimed = v->f->analysed ? analysis(v->f) : 0;

	if (!claimed)
		return;
	v->f->analysed = false;
	ir_analyse(v->f);
	if (analysis(v->f) != claimed)
		complain(v, "the analysis of the graph is out of date");
}

/* ---- functions as they were built ----------------------------------------------------------------------------------------- */

#define NOWHERE UINT32_MAX

static void check_built(void *arg, ir_ref *r)
{
	struct verify *v = arg;

	if (*r <= 0)
		v->bad |= !valid(v->f, *r);
	else if (*r >= v->user || v->block_of[*r] == NOWHERE || !ir_dominates(v->f, v->block_of[*r], v->at_block))
		v->bad = true;
}

/* Of block b and the block of operand x the deeper one, if the other dominates it. */
static inline uint32_t deeper(const struct verify *v, uint32_t b, ir_ref user, ir_ref x)
{
	uint32_t o = x > 0 && x < user ? v->block_of[x] : x > 0 || !valid(v->f, x) ? NOWHERE : 0;

	if (o == b || o == 0 || b == NOWHERE)
		return b;
	if (o == NOWHERE || ir_dominates(v->f, b, o))
		return o;
	return ir_dominates(v->f, o, b) ? b : NOWHERE;
}

/* The deepest block of the operands of a pure node, which all of them dominate; NOWHERE: it has no place. */
static uint32_t deepest(const struct verify *v, ir_ref r)
{
	const struct ir_node *n = ir_at(v->f, r);
	unsigned values = ir_ops[n->op].values;
	uint32_t b = 0;

	if (values & IR_VALUE_A)
		b = deeper(v, b, r, n->a);
	if (values & IR_VALUE_B)
		b = deeper(v, b, r, n->b);
	if (values & IR_VALUE_C)
		b = deeper(v, b, r, n->c);
	return b;
}

/* A function that no pass has touched has its nodes in an order in which operands come first: no placement is needed to see that
 * definitions dominate uses. True: it is well formed. False: not, or not so simple. */
static bool built_well(struct verify *v)
{
	struct ir_func *f = v->f;

	if (f->state.n > 1)
		return false;
	for (uint32_t b = 0; b < f->block.n; b++)
		if (f->block.at[b].control && !(ir_ops[ir_at(f, f->block.at[b].control)->op].flags & IR_ENDS))
			return false;
	ir_analyse(f);
	v->block_of = arena_alloc(f->tmp, f->node.n * sizeof *v->block_of);
	memset(v->block_of, 0xff, f->node.n * sizeof *v->block_of);
	for (uint32_t i = 0; i < f->n_order; i++) {
		const struct ir_block *b = &f->block.at[f->order[i]];

		for (uint32_t k = 0; k < b->arg.n; k++)
			v->block_of[b->arg.at[k]] = f->order[i];
		for (uint32_t k = 0; k < b->ins.n; k++)
			v->block_of[b->ins.at[k]] = f->order[i];
	}
	for (uint32_t r = 1; r < f->node.n; r++) {
		if (ir_pinned(f, &f->node.at[r]))
			continue;
		v->block_of[r] = f->typed || types_fit(f, &f->node.at[r]) ? deepest(v, (ir_ref)r) : NOWHERE;
	}
	for (uint32_t i = 0; i < f->n_order && !v->bad; i++) {
		uint32_t b = f->order[i];
		const struct ir_block *blk = &f->block.at[b];

		v->bad = !blk->control;
		for (uint32_t k = 0; k <= blk->ins.n && !v->bad; k++) {
			ir_ref r = v->user = k < blk->ins.n ? blk->ins.at[k] : blk->control;

			v->at_block = b;
			ir_visit(f, ir_at(f, r), check_built, v);
			v->bad |= (!f->typed && !types_fit(f, ir_at(f, r))) || (k && r <= blk->ins.at[k - 1]);
			v->bad |= !callee_fits(f, ir_at(f, r));
			v->bad |= ir_at(f, r)->op == IR_result && (k == 0 || blk->ins.at[k - 1] != ir_at(f, r)->a);
		}
		if (!v->bad)
			check_edges(v, b);
	}
	return !v->bad;
}

bool ir_verify_built(struct ir_func *f, char *why, size_t n)
{
	struct verify v = { .f = f, .why = why, .n = n };

	return (!f->bad && f->block.n && f->block.at[0].control && built_well(&v)) || ir_verify(f, why, n);
}

bool ir_verify(struct ir_func *f, char *why, size_t n)
{
	struct verify v = { .f = f, .why = why, .n = n };
	struct ir_placement p;
	uint32_t pos = 0;

	why[0] = 0;
	if (f->bad) {
		complain(&v, "%s", f->bad);
		return false;
	}
	if (f->block.n == 0 || !f->block.at[0].control) {
		complain(&v, "the entry block is open or missing");
		return false;
	}
	check_shape(&v);
	if (!v.bad)
		check_analysis(&v);
	if (v.bad)
		return false;
	p = ir_placement(f, f->tmp);
	for (uint32_t i = 0; i < f->n_order; i++)
		if (!f->block.at[f->order[i]].control)
			complain(&v, "block %u has no end", f->order[i]);
	if (v.bad)
		return false;
	v.where = arena_zero(f->tmp, f->node.n * sizeof *v.where);
	v.block_of = arena_zero(f->tmp, f->node.n * sizeof *v.block_of);
	v.epoch_in = arena_zero(f->tmp, f->block.n * sizeof *v.epoch_in);
	for (uint32_t i = 0; i < f->n_order; i++) {
		uint32_t b = f->order[i];

		for (uint32_t k = 0; k < f->block.at[b].arg.n; k++) {
			v.where[f->block.at[b].arg.at[k]] = ++pos;
			v.block_of[f->block.at[b].arg.at[k]] = b;
		}
		for (uint32_t k = 0; k < p.of_block[b].n; k++) {
			v.where[p.of_block[b].at[k]] = ++pos;
			v.block_of[p.of_block[b].at[k]] = b;
		}
	}
	compute_epochs(&v);
	for (uint32_t i = 0; i < f->n_order && !v.bad; i++)
		check_block(&v, f->order[i], p.of_block[f->order[i]].at, p.of_block[f->order[i]].n);
	return !v.bad;
}
