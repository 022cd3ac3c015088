/* SPDX-License-Identifier: MIT
 * lower.c - instruction selection: the placed IR of a function to x86-64 instructions over virtual registers.
 *
 * First a walk backwards marks nodes that their users take over: comparisons that only jumps, guards, setcc and cmov
 * read; additions and shifts that only stand in addresses. Then blocks are lowered forwards in layout order, one node at
 * a time. A check is no instruction of its own value: its users read the checked value directly, which is safe because
 * the order of nodes is fixed by now; nor is a bitcast between i64 and ptr. Constants are made right before the instruction that wants them in a register.
 */
#include "target/x64/x64.h"

#include "base/os/os.h"

enum { FOLDED = 1, SWAPPED = 2 };
struct lower {
	struct mach_func *m;
	struct ir_func *f;
	uint32_t *uses;		/* by node, value uses */
	uint32_t *cover;	/* of those, how many a user can take over */
	uint8_t *folded;	/* FOLDED: not computed, its users take it over; SWAPPED: a load that gives what its only user, a bswap, wants */
	uint8_t *index_free;	/* may bring an index into the address */
	uint8_t *dirty;		/* by i32 node: the upper half of its register may hold anything, not 0 */
	uint8_t *lea;		/* an addition that is made by lea, with what it takes over */
	uint32_t *local;	/* by `stack` node: its offset among them */
	uint8_t *wanted;	/* by `stack` node: an edge or a state wants it in a place of its own */
	ir_ref cur;
	bool keeps_frame;	/* somebody may look into it while a call is made, or come back to it */
	bool in_cold;		/* the block is, and something comes behind it */
	ir_ref tail;		/* its last call, if that is the end of the function */
};

/* ---- what is folded ---------------------------------------------------------------------------------------- */

/* i64 and ptr are one in a register. */
static bool is_alias(const struct ir_func *f, const struct ir_node *n)
{
	return n->a > 0 && ir_types[n->type].size == 8 && ir_types[n->type].cls == 'G' && ir_types[ir_type_of(f, n->a)].cls == 'G';
}

static void strip(void *arg, ir_ref *r)
{
	const struct ir_func *f = arg;

	for (;;) {
		const struct ir_node *n = *r > 0 ? ir_at(f, *r) : NULL;

		if (n && n->op == IR_check)
			*r = n->b ? n->b : n->a;
		else if (n && n->op == IR_bitcast && is_alias(f, n))
			*r = n->a;
		else
			break;
	}
}

static void count(void *arg, ir_ref *r)
{
	struct lower *l = arg;

	if (*r > 0)
		l->uses[*r]++;
}

static bool is_compare(unsigned op) { return op >= IR_eq && op <= IR_fle; }

static void cover_cond(struct lower *l, ir_ref cond)
{
	if (cond > 0 && is_compare(ir_at(l->f, cond)->op))
		l->cover[cond]++;
}

/* What an address adds up from offsets taken over must fit 32 bits: one access's below 2^30, then the folder leaves two small ones. */
static bool small_const(const struct lower *l, ir_ref r)
{
	return ir_is_const(r) && ir_kbits(l->f, r) >= -(1 << 20) && ir_kbits(l->f, r) < 1 << 20;
}

static bool small_offset(int32_t x) { return x >= -(1 << 30) && x < 1 << 30; }

static bool imm32(const struct lower *l, ir_ref r) { return ir_is_const(r) && ir_kbits(l->f, r) == (int32_t)ir_kbits(l->f, r); }

/* The user of the address `base` can take over its addition, and that one's too. To a constant, what is added is the base. */
static void cover_base(struct lower *l, ir_ref base, bool index_free)
{
	const struct ir_node *n;

	if (base <= 0 || ir_at(l->f, base)->op != IR_add || ir_at(l->f, base)->type != IR_T_ptr)
		return;
	n = ir_at(l->f, base);
	if (!small_const(l, n->b) && !index_free && !imm32(l, n->a))
		return;
	l->cover[base]++;
	l->index_free[base] &= index_free;
}

static bool scale_shift(const struct lower *l, ir_ref r)
{
	const struct ir_node *n = r > 0 ? ir_at(l->f, r) : NULL;

	return n && n->op == IR_shl && ir_is_const(n->b) && ir_kbits(l->f, n->b) >= 1 && ir_kbits(l->f, n->b) <= 3;
}

static void swap_operands(struct ir_node *n)
{
	ir_ref t = n->a;

	n->a = n->b;
	n->b = t;
}

static bool is_sum(const struct lower *l, ir_ref r)
{
	return r > 0 && ir_at(l->f, r)->op == IR_add && ir_at(l->f, r)->type != IR_T_ptr && l->uses[r] == 1 && !ir_is_const(ir_at(l->f, r)->b) &&
		!l->folded[ir_at(l->f, r)->b];
}

/* x + (y << k), x + y + constant. */
static void cover_lea(struct lower *l, ir_ref r)
{
	struct ir_node *n = ir_at(l->f, r);

	if (n->b > 0 && l->folded[n->b])
		return;			/* add reg, [mem] */
	if (small_const(l, n->b) && is_sum(l, n->a)) {
		l->cover[n->a]++;
	} else if (scale_shift(l, n->b) && l->uses[n->b] == 1) {
		l->cover[n->b]++;
	} else if (scale_shift(l, n->a) && l->uses[n->a] == 1 && n->b > 0) {
		swap_operands(n);
		l->cover[n->b]++;
	} else {
		return;
	}
	l->lea[r] = 1;
}

/* A comparison with 0 of x & y: test x, y. */
static void cover_test(struct lower *l, const struct ir_node *n)
{
	const struct ir_node *a = n->a > 0 ? ir_at(l->f, n->a) : NULL;

	if (a && a->op == IR_and && l->uses[n->a] == 1 && ir_is_k(l->f, n->b, 0) && !(a->b > 0 && l->folded[a->b]) && (a->b > 0 || small_const(l, a->b)))
		l->cover[n->a]++;
}

static void mark_node(struct lower *l, ir_ref r)
{
	const struct ir_node *n = ir_at(l->f, r);

	if ((n->op == IR_load || n->op == IR_store) && small_offset(n->b))
		cover_base(l, n->a, true);
	else if (n->op == IR_check || n->op == IR_br || n->op == IR_select)
		cover_cond(l, n->a);
	else if (n->op == IR_call && n->a > 0 && ir_at(l->f, n->a)->op == IR_func)
		l->cover[n->a]++;
	else if (n->op >= IR_eq && n->op <= IR_ule)
		cover_test(l, n);
	if (n->op == IR_add && n->type != IR_T_ptr && l->cover[r] != l->uses[r])
		cover_lea(l, r);
	if (!l->uses[r] || l->cover[r] != l->uses[r] || n->op == IR_load)
		return;
	l->folded[r] = FOLDED;
	if (n->op != IR_add)
		return;
	if (small_const(l, n->b)) {
		cover_base(l, n->a, l->index_free[r]);
	} else {
		cover_base(l, n->a, false);
		if (l->index_free[r] && scale_shift(l, n->b))
			l->cover[n->b]++;
	}
}

/* ---- loads that their one user takes over: nothing between the two may write memory --------------------------- */

struct fuse { uint32_t *at; uint32_t barrier; };	/* by node: 1 + place in this block; place behind the last effect */

static bool may_fuse(const struct lower *l, const struct fuse *x, ir_ref r)
{
	return r > 0 && ir_at(l->f, r)->op == IR_load && l->uses[r] == 1 && x->at[r] > x->barrier;
}

static bool whole(const struct lower *l, ir_ref load, enum ir_type t)
{
	const struct ir_node *m = ir_at(l->f, load);

	return m->type == t && IR_MEM_WIDTH(m->aux) == IR_W_FULL;
}

/* add reg, [mem] and its like. */
static void fuse_int(struct lower *l, const struct fuse *x, struct ir_node *n)
{
	if (n->type == IR_T_ptr || ir_is_const(n->b) || (n->op == IR_add && ir_is_const(n->a)) || n->a == n->b)
		return;
	if (!may_fuse(l, x, n->b) && (ir_ops[n->op].flags & IR_COMM) && may_fuse(l, x, n->a))
		swap_operands(n);
	if (may_fuse(l, x, n->b) && whole(l, n->b, n->type))
		l->folded[n->b] = FOLDED;
}

/* A store of what was loaded from the same place and changed by one operation: add [mem], reg. */
static void fuse_store(struct lower *l, const struct fuse *x, const struct ir_node *n)
{
	struct ir_node *v = n->c > 0 ? ir_at(l->f, n->c) : NULL;
	const struct ir_node *m;

	if (v && v->op == IR_bswap && l->m->cpu & OS_CPU_MOVBE && l->uses[n->c] == 1 && ir_access_bytes(v->type, n->aux) == ir_types[v->type].size) {
		if (v->a > 0 && ir_at(l->f, v->a)->op == IR_load)
			l->folded[v->a] = 0;
		l->folded[n->c] = FOLDED;		/* movbe [mem], reg */
		return;
	}
	if (!v || (v->op != IR_add && v->op != IR_sub && v->op != IR_and && v->op != IR_or && v->op != IR_xor) || v->type == IR_T_ptr ||
	    l->uses[n->c] != 1 || x->at[n->c] <= x->barrier || v->a == v->b)
		return;
	for (unsigned turn = 0; turn < 2; turn++) {
		m = may_fuse(l, x, v->a) ? ir_at(l->f, v->a) : NULL;
		if (m && m->a == n->a && m->b == n->b && IR_MEM_CLASS(m->aux) == IR_MEM_CLASS(n->aux) &&
		    ir_access_bytes(m->type, m->aux) == ir_access_bytes(v->type, n->aux)) {
			if (v->b > 0 && ir_at(l->f, v->b)->op == IR_load)
				l->folded[v->b] = 0;
			l->folded[v->a] = l->folded[n->c] = FOLDED;
			return;
		}
		if (!(ir_ops[v->op].flags & IR_COMM) || (turn == 0 && v->b <= 0))
			return;
		swap_operands(v);	/* and back */
	}
}

/* The comparison with a constant that decides this check or branch: cmp [mem], imm. */
static void fuse_compare(struct lower *l, const struct fuse *x, ir_ref cond)
{
	const struct ir_node *c = cond > 0 ? ir_at(l->f, cond) : NULL, *m;
	int64_t k;

	if (!c || !is_compare(c->op) || c->op >= IR_feq || l->uses[cond] != 1)
		return;
	if (!ir_is_const(c->a) && !ir_is_const(c->b) && c->a != c->b) {
		if (may_fuse(l, x, c->b) && whole(l, c->b, ir_type_of(l->f, c->a)))
			l->folded[c->b] = FOLDED;
		else if (may_fuse(l, x, c->a) && whole(l, c->a, ir_type_of(l->f, c->b)))
			l->folded[c->a] = FOLDED;
		return;
	}
	if (!may_fuse(l, x, c->a) || !ir_is_const(c->b))
		return;
	m = ir_at(l->f, c->a);
	k = ir_kbits(l->f, c->b);
	if (k != (int32_t)k)
		return;
	if (IR_MEM_WIDTH(m->aux) == IR_W_FULL || (IR_MEM_WIDTH(m->aux) == IR_W_8U && c->op <= IR_ne && k >= 0 && k < 128))
		l->folded[c->a] = FOLDED;
}

/* movbe reg, [mem] in the place of the load. */
static void fuse_swap(struct lower *l, const struct ir_node *n)
{
	if (l->m->cpu & OS_CPU_MOVBE && n->a > 0 && ir_at(l->f, n->a)->op == IR_load && l->uses[n->a] == 1 && whole(l, n->a, n->type))
		l->folded[n->a] = SWAPPED;
}

static void fuse_float(struct lower *l, const struct fuse *x, struct ir_node *n)
{
	if (!may_fuse(l, x, n->b) && (ir_ops[n->op].flags & IR_COMM) && may_fuse(l, x, n->a))
		swap_operands(n);
	if (may_fuse(l, x, n->b) && n->a != n->b)
		l->folded[n->b] = FOLDED;
}

static void fuse_loads(struct lower *l)
{
	struct ir_func *f = l->f;
	struct fuse x = { .at = arena_zero(l->m->mem, f->node.n * sizeof *x.at) };
	uint32_t pos = 0;

	for (uint32_t i = 0; i < f->n_order; i++) {
		const struct ir_block *b = &f->block.at[f->order[i]];

		x.barrier = pos;
		for (uint32_t k = 0; k <= b->ins.n; k++) {
			ir_ref r = k < b->ins.n ? b->ins.at[k] : b->control;
			struct ir_node *n = ir_at(f, r);

			x.at[r] = ++pos;
			if (n->op == IR_check || n->op == IR_br)
				fuse_compare(l, &x, n->a);
			else if (n->op >= IR_fadd && n->op <= IR_fdiv)
				fuse_float(l, &x, n);
			else if (n->op == IR_add || n->op == IR_sub || n->op == IR_mul || n->op == IR_and || n->op == IR_or || n->op == IR_xor)
				fuse_int(l, &x, n);
			else if (n->op == IR_bswap)
				fuse_swap(l, n);
			else if (n->op == IR_store)
				fuse_store(l, &x, n);
			if (ir_ops[n->op].flags & IR_EFFECT)
				x.barrier = pos;
		}
	}
}

/* Instructions on 32 bits clear the upper half; parameters and results of calls come as they are, and what is passed to a block, too. */
static bool spoil(struct lower *l, ir_ref r, ir_ref from)
{
	if (from <= 0 || !l->dirty[from] || l->dirty[r])
		return false;
	l->dirty[r] = 1;
	return true;
}

/* True if it went back, to a block that has been looked at. */
static bool spread_dirt(struct lower *l, uint32_t b)
{
	struct ir_func *f = l->f;
	const struct ir_block *blk = &f->block.at[b];
	unsigned n = ir_succs(f, b);
	bool back = false;

	for (uint32_t k = 0; k < blk->ins.n; k++) {
		const struct ir_node *x = ir_at(f, blk->ins.at[k]);

		if (x->op == IR_call || x->op == IR_result || (x->op == IR_trunc && !ir_no_high(f, x->a)))
			l->dirty[blk->ins.at[k]] = 1;
		else if (x->op == IR_select && !spoil(l, blk->ins.at[k], x->b))
			spoil(l, blk->ins.at[k], x->c);
	}
	for (unsigned j = 0; j < n; j++) {
		const struct ir_edge *e = ir_out(f, b, j);
		const struct ir_block *to = &f->block.at[e->to];

		for (uint32_t k = 0; k < e->n; k++)
			back |= spoil(l, to->arg.at[k], f->pool.at[e->args + k]) && to->rpo <= blk->rpo;
	}
	return back;
}

static void find_dirty(struct lower *l)
{
	struct ir_func *f = l->f;
	bool again = true;

	if (f->state.n > 1)
		return;			/* see is_same */
	for (uint32_t k = 0; k < f->block.at[0].arg.n; k++)
		l->dirty[f->block.at[0].arg.at[k]] = 1;
	while (again) {
		again = false;
		for (uint32_t i = 0; i < f->n_order; i++)
			again |= spread_dirt(l, f->order[i]);
	}
}

static void prepare(struct lower *l)
{
	struct ir_func *f = l->f;

	find_dirty(l);

	for (uint32_t i = 0; i < f->n_order; i++) {
		struct ir_block *b = &f->block.at[f->order[i]];

		for (uint32_t k = 0; k <= b->ins.n; k++) {
			ir_ref r = k < b->ins.n ? b->ins.at[k] : b->control;
			struct ir_node *n = ir_at(f, r);

			l->keeps_frame |= n->op == IR_stack || n->op == IR_inargs || n->op == IR_sp;
			ir_visit(f, n, strip, f);
			ir_visit_kept(f, n, strip, f);
			if (n->op == IR_check)
				count(l, &n->a);	/* its value is read by its users, not by it */
			else if (n->op == IR_bitcast && is_alias(f, n))
				l->folded[r] = FOLDED;
			else
				ir_visit(f, n, count, l);
			ir_visit_kept(f, n, count, l);
		}
	}
	fuse_loads(l);
	memset(l->index_free, 1, f->node.n);
	for (uint32_t i = f->n_order; i-- > 0;) {
		struct ir_block *b = &f->block.at[f->order[i]];

		mark_node(l, b->control);
		for (uint32_t k = b->ins.n; k-- > 0;)
			mark_node(l, b->ins.at[k]);
	}
}

/* ---- registers ---------------------------------------------------------------------------------------------------- */

static enum mach_class class_of(enum ir_type t) { return ir_is_float(t) ? MACH_F : MACH_G; }

/* What a load has swapped already, the low half, and zero extension of what has zeros there already: both values are one register. States
 * tell i32 from i64, so the last two not in functions that have any. */
static bool is_same(const struct lower *l, const struct ir_node *n)
{
	if (n->op == IR_bswap)
		return n->a > 0 && l->folded[n->a] == SWAPPED;
	return n->a > 0 && l->f->state.n == 1 && (n->op == IR_trunc || (n->op == IR_zext && !l->dirty[n->a]));
}

static uint32_t new_vreg(struct lower *l, ir_ref r)
{
	ir_ref own = r;			/* whose register it is */

	while (!l->m->vreg_of[own] && is_same(l, ir_at(l->f, own)))
		own = ir_at(l->f, own)->a;
	if (!l->m->vreg_of[own])
		l->m->vreg_of[own] = mach_vreg_new(l->m, class_of(ir_at(l->f, own)->type), ir_at(l->f, own)->type, own);
	return l->m->vreg_of[r] = l->m->vreg_of[own];
}

static inline uint32_t vreg(struct lower *l, ir_ref r)
{
	return l->m->vreg_of[r] ? l->m->vreg_of[r] : new_vreg(l, r);
}

static void state_vreg(void *arg, ir_ref *r)
{
	if (*r > 0)
		vreg(arg, *r);
}

static struct mach_ins *ins(struct lower *l, uint16_t op, enum x64_form_kind form, unsigned size)
{
	struct mach_ins *i = mach_ins_new(l->m, op, (uint8_t)form, (uint8_t)size);

	i->node = l->cur;
	return i;
}

/* A register with the value of r; a constant is made now. Call before ins(): operands must not interleave. */
static uint32_t reg(struct lower *l, ir_ref r)
{
	enum ir_type t = ir_type_of(l->f, r);
	struct mach_ins *i;
	uint32_t v;

	if (r > 0 && ir_at(l->f, r)->op != IR_stack)
		return vreg(l, r);
	v = mach_vreg_new(l->m, class_of(t), t, 0);
	if (r > 0) {
		i = ins(l, X64_LEA, X64_F_LEA, 8);
		mach_add(l->m, i, v, MACH_DEF, MACH_NO_REG);
		i->base = X64_BASE_LOCAL;
		i->disp = (int32_t)l->local[r];
		return v;
	}
	i = ins(l, X64_MOV, ir_is_float(t) ? X64_F_MOVF : X64_F_MOVI, ir_types[t].size);
	i->imm = t == IR_T_i32 ? (int64_t)(uint32_t)ir_kbits(l->f, r) : ir_kbits(l->f, r);
	mach_add(l->m, i, v, MACH_DEF, MACH_NO_REG);
	return v;
}

static void use(struct lower *l, struct mach_ins *i, uint32_t v) { mach_add(l->m, i, v, MACH_USE, MACH_NO_REG); }
static void late(struct lower *l, struct mach_ins *i, uint32_t v) { mach_add(l->m, i, v, MACH_LATE, MACH_NO_REG); }
static void def(struct lower *l, struct mach_ins *i, ir_ref r) { mach_add(l->m, i, vreg(l, r), MACH_DEF, MACH_NO_REG); }

static void def_same(struct lower *l, struct mach_ins *i, ir_ref r)
{
	def(l, i, r);
	l->m->opnd.at[i->opnd].same = 2;	/* operand 1 */
}

static bool fits32(int64_t x) { return x == (int32_t)x; }

/* ---- addresses ------------------------------------------------------------------------------------------------------ */

struct addr { uint32_t base, index; uint8_t scale, area; int32_t disp; };	/* area: instead of base, X64_BASE_LOCAL or X64_BASE_NONE */

static void add_address(struct lower *l, struct mach_ins *i, const struct addr *a, enum mach_role role)
{
	if (!a->area)
		mach_add(l->m, i, a->base, role, MACH_NO_REG);
	i->base = a->area ? a->area : (uint8_t)i->n;
	if (a->index) {
		mach_add(l->m, i, a->index, role, MACH_NO_REG);
		i->index = (uint8_t)i->n;
	}
	i->scale = a->scale;
	i->disp = a->disp;
}

/* A register with the constant k and what is in the register v. */
static uint32_t plus(struct lower *l, uint32_t v, ir_ref k)
{
	uint32_t base = reg(l, k), sum = mach_vreg_new(l->m, MACH_G, IR_T_ptr, 0);
	struct mach_ins *i = ins(l, X64_LEA, X64_F_LEA, 8);

	mach_add(l->m, i, sum, MACH_DEF, MACH_NO_REG);
	add_address(l, i, &(struct addr){ .base = base, .index = v }, MACH_USE);
	return sum;
}

static struct addr address(struct lower *l, ir_ref base, int32_t disp)
{
	struct addr a = { .disp = disp };

	while (base > 0 && l->folded[base]) {
		const struct ir_node *n = ir_at(l->f, base);

		if (small_const(l, n->b)) {
			a.disp += (int32_t)ir_kbits(l->f, n->b);
		} else if (!l->index_free[base]) {
			a.base = reg(l, n->b);
		} else {
			ir_ref x = n->b;

			if (scale_shift(l, x) && l->folded[x]) {
				a.scale = (uint8_t)ir_kbits(l->f, ir_at(l->f, x)->b);
				x = ir_at(l->f, x)->a;
			}
			a.index = reg(l, x);
		}
		base = n->a;
	}
	if (a.base) {
		if (fits32(ir_kbits(l->f, base) + a.disp))
			a.disp += (int32_t)ir_kbits(l->f, base);
		else
			a.base = plus(l, a.base, base);
	} else if (base > 0 && ir_at(l->f, base)->op == IR_stack && small_offset(a.disp)) {
		a.area = X64_BASE_LOCAL;
		a.disp += (int32_t)l->local[base];
	} else if (ir_is_const(base) && ir_kbits(l->f, base) == (uint32_t)ir_kbits(l->f, base) && fits32(ir_kbits(l->f, base) + a.disp) &&
			ir_kbits(l->f, base) + a.disp >= 0) {
		a.area = X64_BASE_NONE;
		a.disp = (int32_t)(ir_kbits(l->f, base) + a.disp);
	} else {
		a.base = reg(l, base);
	}
	return a;
}

/* A constant that an operation on floats reads from memory; 0 is made by xorps. */
static bool is_literal(const struct lower *l, ir_ref r) { return ir_is_const(r) && ir_is_float(ir_type_of(l->f, r)) && ir_kbits(l->f, r) != 0; }

/* ---- comparisons ------------------------------------------------------------------------------------------------------ */

struct cmp { enum x64_compare kind; uint32_t a, b; int64_t imm; unsigned size, cc; struct addr m; };

static const uint8_t int_cc[] = { [IR_eq] = X64_CC_E, [IR_ne] = X64_CC_NE, [IR_lt] = X64_CC_L, [IR_le] = X64_CC_LE,
	[IR_ult] = X64_CC_B, [IR_ule] = X64_CC_BE };

static unsigned swap_cc(unsigned cc)
{
	switch (cc) {
	case X64_CC_L: return X64_CC_G;
	case X64_CC_LE: return X64_CC_GE;
	case X64_CC_B: return X64_CC_A;
	case X64_CC_BE: return X64_CC_AE;
	default: return cc;
	}
}

static struct cmp compare_floats(struct lower *l, const struct ir_node *n)
{
	struct cmp c = { .kind = X64_CMP_FLOAT, .size = ir_types[ir_type_of(l->f, n->a)].size };
	bool swap = n->op == IR_flt || n->op == IR_fle;

	/* a < b as b > a: "above" is false when unordered */
	c.a = reg(l, swap ? n->b : n->a);
	if (is_literal(l, swap ? n->a : n->b)) {
		c.kind = X64_CMP_FLOAT_RM;
		c.imm = ir_kbits(l->f, swap ? n->a : n->b);
		c.m.area = X64_BASE_LITERAL;
	} else {
		c.b = reg(l, swap ? n->a : n->b);
	}
	c.cc = n->op == IR_flt ? X64_CC_A : n->op == IR_fle ? X64_CC_AE : n->op == IR_feq ? X64_CC_FEQ : X64_CC_FNE;
	return c;
}

/* What decides `cond != 0`: its own comparison when folded, else a test of its value. */
static struct cmp compare(struct lower *l, ir_ref cond, bool even_if_not_folded)
{
	const struct ir_node *n = cond > 0 ? ir_at(l->f, cond) : NULL;
	struct cmp c = { .kind = X64_CMP_TEST, .size = 4, .cc = X64_CC_NE };

	if (!n || (!l->folded[cond] && !even_if_not_folded) || !is_compare(n->op)) {
		c.a = reg(l, cond);
		return c;
	}
	if (n->op >= IR_feq)
		return compare_floats(l, n);
	c.size = ir_types[ir_type_of(l->f, n->a)].size;
	c.cc = int_cc[n->op];
	if (imm32(l, n->b) && n->a > 0 && l->folded[n->a] && ir_at(l->f, n->a)->op == IR_load) {
		const struct ir_node *m = ir_at(l->f, n->a);

		c.m = address(l, m->a, m->b);
		c.imm = ir_kbits(l->f, n->b);
		c.size = ir_access_bytes(m->type, m->aux);
		c.kind = X64_CMP_MI;
	} else if (n->b > 0 && l->folded[n->b]) {
		c.kind = X64_CMP_RM;
		c.a = reg(l, n->a);
		c.m = address(l, ir_at(l->f, n->b)->a, ir_at(l->f, n->b)->b);
	} else if (n->a > 0 && n->b > 0 && l->folded[n->a]) {
		c.kind = X64_CMP_RM;
		c.a = reg(l, n->b);
		c.m = address(l, ir_at(l->f, n->a)->a, ir_at(l->f, n->a)->b);
		c.cc = swap_cc(c.cc);
	} else if (n->a > 0 && l->folded[n->a]) {
		const struct ir_node *x = ir_at(l->f, n->a);	/* x & y against 0 */

		c.a = reg(l, x->a);
		c.kind = ir_is_const(x->b) ? X64_CMP_TESTI : X64_CMP_TEST2;
		if (ir_is_const(x->b))
			c.size = (c.imm = ir_kbits(l->f, x->b)) >= 0 ? 4 : c.size;
		else
			c.b = reg(l, x->b);
	} else if (imm32(l, n->b)) {
		c.a = reg(l, n->a);
		c.imm = ir_kbits(l->f, n->b);
		/* with zero by test: carry and overflow are clear, as after a comparison with 0 */
		c.kind = c.imm == 0 ? X64_CMP_TEST : X64_CMP_RI;
	} else if (imm32(l, n->a)) {
		c.a = reg(l, n->b);
		c.imm = ir_kbits(l->f, n->a);
		c.kind = c.imm == 0 ? X64_CMP_TEST : X64_CMP_RI;
		c.cc = swap_cc(c.cc);
	} else {
		c.kind = X64_CMP_RR;
		c.a = reg(l, n->a);
		c.b = reg(l, n->b);
	}
	return c;
}

static void add_compare(struct lower *l, struct mach_ins *i, const struct cmp *c)
{
	i->op = (uint16_t)c->kind;
	i->size = (uint8_t)c->size;
	i->cc = (uint8_t)c->cc;
	i->imm = c->imm;
	if (c->kind == X64_CMP_MI) {
		add_address(l, i, &c->m, MACH_USE);
		return;
	}
	use(l, i, c->a);
	if (c->kind == X64_CMP_RR || c->kind == X64_CMP_FLOAT || c->kind == X64_CMP_TEST2)
		use(l, i, c->b);
	if (c->kind == X64_CMP_RM || c->kind == X64_CMP_FLOAT_RM)
		add_address(l, i, &c->m, MACH_USE);
}

/* ---- single nodes --------------------------------------------------------------------------------------------------------- */

static const uint16_t alu_op[] = { [IR_add] = X64_ADD, [IR_sub] = X64_SUB, [IR_and] = X64_AND, [IR_or] = X64_OR, [IR_xor] = X64_XOR,
	[IR_mul] = X64_IMUL, [IR_addo] = X64_ADD, [IR_subo] = X64_SUB, [IR_mulo] = X64_IMUL };
static const uint16_t shift_op[] = { [IR_shl] = X64_SHL, [IR_shr] = X64_SHR, [IR_sar] = X64_SAR, [IR_rotl] = X64_ROL };
static const uint16_t float_op[] = { [IR_fadd] = X64_ADDS, [IR_fsub] = X64_SUBS, [IR_fmul] = X64_MULS, [IR_fdiv] = X64_DIVS };

/* Bytes of an operation whose low half needs only the low halves of its operands: half of them if the upper half of the result is 0,
 * which needs no prefix. */
static unsigned low_size(const struct lower *l, ir_ref r)
{
	enum ir_type t = ir_at(l->f, r)->type;

	return t == IR_T_i64 && ir_no_high(l->f, r) ? 4 : ir_types[t].size;
}

static void lea(struct lower *l, ir_ref r)
{
	const struct ir_node *n = ir_at(l->f, r), *shl;
	unsigned size = low_size(l, r);
	struct addr a = { 0 };
	struct mach_ins *i;

	if (ir_is_const(n->b)) {
		a.disp = (int32_t)ir_kbits(l->f, n->b);
		n = ir_at(l->f, n->a);
	}
	shl = scale_shift(l, n->b) && l->folded[n->b] ? ir_at(l->f, n->b) : NULL;
	a.base = reg(l, n->a);
	a.index = reg(l, shl ? shl->a : n->b);
	a.scale = shl ? (uint8_t)ir_kbits(l->f, shl->b) : 0;
	i = ins(l, X64_LEA, X64_F_LEA, size);
	def(l, i, r);
	add_address(l, i, &a, MACH_USE);
}

static void binary(struct lower *l, ir_ref r, enum x64_form_kind rr, enum x64_form_kind ri)
{
	const struct ir_node *n = ir_at(l->f, r);
	unsigned size = rr == X64_F_RR2 ? low_size(l, r) : ir_types[n->type].size;
	bool comm = (ir_ops[n->op].flags & IR_COMM) || n->op == IR_addo || n->op == IR_mulo;
	uint16_t op = alu_op[n->op];
	uint8_t exact = (n->op == IR_add || n->op == IR_sub) && n->aux & IR_NSW && size == ir_types[n->type].size ? X64_EXACT : 0;
	struct mach_ins *i;
	uint32_t a, b;

	if (l->lea[r]) {
		lea(l, r);
		return;
	}
	if (imm32(l, n->b) || (n->op == IR_add && imm32(l, n->a))) {
		ir_ref k = imm32(l, n->b) ? n->b : n->a;

		a = reg(l, k == n->b ? n->a : n->b);
		i = ins(l, op == X64_IMUL ? X64_IMUL3 : op, op == X64_IMUL && ri == X64_F_RI2 ? X64_F_RRI : ri, size);
		i->imm = ir_kbits(l->f, k);
		if (n->op == IR_and && i->imm >= 0)
			i->size = 4;		/* the upper half becomes 0 either way */
		i->cc = exact;
		def_same(l, i, r);
		use(l, i, a);
		return;
	}
	a = reg(l, n->a);
	if (n->b > 0 && l->folded[n->b]) {
		struct addr m = address(l, ir_at(l->f, n->b)->a, ir_at(l->f, n->b)->b);

		i = ins(l, op, X64_F_RM2, size);
		def_same(l, i, r);
		use(l, i, a);
		add_address(l, i, &m, MACH_LATE);
		return;
	}
	b = reg(l, n->b);
	i = ins(l, op, rr, size);
	i->cc = exact;
	def_same(l, i, r);
	use(l, i, a);
	if (comm && rr == X64_F_RR2)
		use(l, i, b);
	else
		late(l, i, b);
}

static void guarded_arith(struct lower *l, ir_ref r)
{
	const struct ir_node *n = ir_at(l->f, r);
	struct mach_ins *i;

	binary(l, r, X64_F_GUARD_OP, X64_F_GUARD_OP);
	i = &l->m->ins.at[l->m->ins.n - 1];
	i->target = mach_exit_new(l->m, i, r, (uint32_t)n->c);
}

static void float_binary(struct lower *l, ir_ref r)
{
	const struct ir_node *n = ir_at(l->f, r);
	uint32_t a = reg(l, n->a), b;
	struct mach_ins *i;

	if (n->b > 0 && l->folded[n->b]) {
		struct addr m = address(l, ir_at(l->f, n->b)->a, ir_at(l->f, n->b)->b);

		i = ins(l, float_op[n->op], X64_F_RM2, ir_types[n->type].size);
		def_same(l, i, r);
		use(l, i, a);
		add_address(l, i, &m, MACH_USE);
		return;
	}
	if (is_literal(l, n->b)) {
		i = ins(l, float_op[n->op], X64_F_RM2, ir_types[n->type].size);
		def_same(l, i, r);
		use(l, i, a);
		i->base = X64_BASE_LITERAL;
		i->imm = ir_kbits(l->f, n->b);
		return;
	}
	b = reg(l, n->b);
	i = ins(l, float_op[n->op], X64_F_RR2, ir_types[n->type].size);
	def_same(l, i, r);
	use(l, i, a);
	if (ir_ops[n->op].flags & IR_COMM)
		use(l, i, b);
	else
		late(l, i, b);
}

static void shift(struct lower *l, ir_ref r)
{
	const struct ir_node *n = ir_at(l->f, r);
	unsigned size = ir_types[n->type].size;
	uint32_t a = reg(l, n->a), b;
	struct mach_ins *i;

	if (ir_is_const(n->b)) {
		bool half = n->type == IR_T_i64 && ir_kbits(l->f, n->b) >> 5 == 0 &&
			(n->op == IR_shl ? ir_no_high(l->f, r) : n->op == IR_shr && ir_no_high(l->f, n->a));

		i = ins(l, shift_op[n->op], X64_F_RI2, half ? 4 : size);
		i->imm = ir_kbits(l->f, n->b) & (int64_t)(size * 8 - 1);
		def_same(l, i, r);
		use(l, i, a);
		return;
	}
	b = reg(l, n->b);
	i = ins(l, shift_op[n->op], X64_F_SHIFT, size);
	def_same(l, i, r);
	use(l, i, a);
	mach_add(l->m, i, b, MACH_LATE, X64_RCX);
}

static void divide(struct lower *l, ir_ref r)
{
	const struct ir_node *n = ir_at(l->f, r);
	bool quotient = n->op == IR_sdiv || n->op == IR_udiv, sign = n->op == IR_sdiv || n->op == IR_srem;
	uint32_t a = reg(l, n->a), b = reg(l, n->b);
	struct mach_ins *i = ins(l, sign ? X64_IDIV : X64_DIV, X64_F_DIV, ir_types[n->type].size);

	mach_add(l->m, i, vreg(l, r), MACH_DEF, quotient ? X64_RAX : X64_RDX);
	mach_add(l->m, i, a, MACH_USE, X64_RAX);
	late(l, i, b);
	mach_add(l->m, i, mach_vreg_new(l->m, MACH_G, IR_T_i64, 0), MACH_TEMP, X64_RDX);
	i->clobber = UINT64_C(1) << X64_RAX | UINT64_C(1) << X64_RDX;
}

static void high_product(struct lower *l, ir_ref r)
{
	const struct ir_node *n = ir_at(l->f, r);
	uint32_t a = reg(l, n->a), b = reg(l, n->b);
	struct mach_ins *i = ins(l, n->op == IR_smulh ? X64_IMUL1 : X64_MUL, X64_F_MULH, ir_types[n->type].size);

	mach_add(l->m, i, vreg(l, r), MACH_DEF, X64_RDX);
	mach_add(l->m, i, a, MACH_USE, X64_RAX);
	use(l, i, b);
	i->clobber = UINT64_C(1) << X64_RAX | UINT64_C(1) << X64_RDX;
}

static void in_place(struct lower *l, ir_ref r, uint16_t op)
{
	uint32_t a = reg(l, ir_at(l->f, r)->a);
	struct mach_ins *i = ins(l, op, X64_F_R1, ir_types[ir_at(l->f, r)->type].size);

	def_same(l, i, r);
	use(l, i, a);
}

static void convert(struct lower *l, ir_ref r, uint16_t op, unsigned size)
{
	uint32_t a = reg(l, ir_at(l->f, r)->a);
	struct mach_ins *i = ins(l, op, X64_F_RR, size);

	def(l, i, r);
	use(l, i, a);
}

static void bitcast(struct lower *l, ir_ref r)
{
	enum ir_type from = ir_type_of(l->f, ir_at(l->f, r)->a), to = ir_at(l->f, r)->type;

	if (ir_is_float(from) == ir_is_float(to))
		convert(l, r, ir_is_float(to) ? X64_MOVAPS : X64_MOV, ir_is_float(to) ? 16 : ir_types[to].size);
	else
		convert(l, r, ir_types[to].size == 8 ? X64_MOVQ : X64_MOVD, ir_types[to].size);
}

static void sign_bits(struct lower *l, ir_ref r, uint16_t op, bool keep)
{
	const struct ir_node *n = ir_at(l->f, r);
	bool wide = n->type == IR_T_f64;
	uint32_t a = reg(l, n->a);
	struct mach_ins *i = ins(l, op, X64_F_SIGN, wide ? 8 : 4);

	i->imm = wide ? INT64_MIN : INT64_C(0x80000000);
	if (keep)
		i->imm = wide ? INT64_MAX : INT64_C(0x7fffffff);
	def_same(l, i, r);
	use(l, i, a);
}

static void round_to(struct lower *l, ir_ref r, int mode)
{
	const struct ir_node *n = ir_at(l->f, r);
	uint32_t a = reg(l, n->a);
	struct mach_ins *i = ins(l, X64_ROUNDS, X64_F_RRI, ir_types[n->type].size);

	i->imm = mode;
	def(l, i, r);
	use(l, i, a);
}

static void load_op(enum ir_type t, enum ir_width w, uint16_t *op, unsigned *size)
{
	static const uint16_t widen[IR_WIDTH_COUNT] = { 0, X64_MOVSX8, X64_MOVZX8, X64_MOVSX16, X64_MOVZX16, X64_MOVSXD, X64_MOV };

	*size = ir_types[t].size;
	if (w == IR_W_FULL) {
		*op = ir_is_float(t) ? X64_MOVS : X64_MOV;
		return;
	}
	*op = widen[w];
	if (w == IR_W_8U || w == IR_W_16U || w == IR_W_32U)
		*size = 4;
}

static void load(struct lower *l, ir_ref r)
{
	const struct ir_node *n = ir_at(l->f, r);
	struct addr a = address(l, n->a, n->b);
	struct mach_ins *i;
	uint16_t op;
	unsigned size;

	load_op(n->type, IR_MEM_WIDTH(n->aux), &op, &size);
	i = ins(l, l->folded[r] == SWAPPED ? X64_MOVBE : op, X64_F_LOAD, size);
	def(l, i, r);
	add_address(l, i, &a, MACH_USE);
}

static void store(struct lower *l, ir_ref r)
{
	const struct ir_node *n = ir_at(l->f, r);
	enum ir_type t = ir_type_of(l->f, n->c);
	unsigned size = ir_access_bytes(t, n->aux);
	struct addr a = address(l, n->a, n->b);
	struct mach_ins *i;
	uint32_t v;

	if (n->c > 0 && l->folded[n->c] && ir_at(l->f, n->c)->op != IR_bitcast) {
		const struct ir_node *x = ir_at(l->f, n->c);
		ir_ref b = x->op == IR_bswap ? x->a : x->b;

		v = x->op != IR_bswap && imm32(l, b) ? 0 : reg(l, b);
		i = ins(l, x->op == IR_bswap ? X64_MOVBE : alu_op[x->op], v ? X64_F_STORE : X64_F_STOREI, size);
		if (v)
			use(l, i, v);
		else
			i->imm = ir_kbits(l->f, b);
		add_address(l, i, &a, MACH_USE);
		return;
	}
	if (ir_is_const(n->c) && (!ir_is_float(t) || ir_kbits(l->f, n->c) == 0) && (size < 8 || fits32(ir_kbits(l->f, n->c)))) {
		i = ins(l, X64_MOV, X64_F_STOREI, size);
		i->imm = ir_kbits(l->f, n->c);
		add_address(l, i, &a, MACH_USE);
		return;
	}
	v = reg(l, n->c);
	i = ins(l, ir_is_float(t) ? X64_MOVS : X64_MOV, X64_F_STORE, size);
	use(l, i, v);
	add_address(l, i, &a, MACH_USE);
}

static void select_(struct lower *l, ir_ref r)
{
	const struct ir_node *n = ir_at(l->f, r);
	uint32_t yes = reg(l, n->b), no = reg(l, n->c);
	struct cmp c = compare(l, n->a, false);
	struct mach_ins *i = ins(l, 0, X64_F_CMOV, 4);

	def_same(l, i, r);
	use(l, i, no);
	late(l, i, yes);
	add_compare(l, i, &c);
}

static void set_condition(struct lower *l, ir_ref r)
{
	struct cmp c = compare(l, r, true);
	struct mach_ins *i = ins(l, 0, X64_F_SETCC, 4);

	def(l, i, r);
	add_compare(l, i, &c);
}

static void count_guard(struct lower *l, ir_ref r)
{
	struct mach_ins *i;

	if (!l->m->stress.count_guards)
		return;
	i = ins(l, X64_SUB, X64_F_COUNT_GUARD, 8);
	i->imm = (int64_t)(intptr_t)l->m->stress.guard_counter;
	if (l->m->stress.each)
		l->m->stress.guard_counter++;
	i->target = mach_exit_new(l->m, i, r, ir_node_state(l->f, ir_at(l->f, r)));
}

static void guard(struct lower *l, ir_ref r)
{
	const struct ir_node *n = ir_at(l->f, r);
	struct cmp c = compare(l, n->a, false);
	struct mach_ins *i = ins(l, 0, X64_F_GUARD, 4);

	add_compare(l, i, &c);
	i->target = mach_exit_new(l->m, i, r, (uint32_t)n->c);
}

/* ---- calls, ends ---------------------------------------------------------------------------------------------------------- */

static void stack_argument(struct lower *l, ir_ref a, int32_t at)
{
	uint32_t v = reg(l, a);
	struct mach_ins *i = ins(l, ir_is_float(ir_type_of(l->f, a)) ? X64_MOVS : X64_MOV, X64_F_STORE, ir_types[ir_type_of(l->f, a)].size);

	use(l, i, v);
	i->base = X64_BASE_STACK;
	i->disp = at;
}

/* The stub for a call that keeps all registers, X64_COLD more; 0: it is made as the platform has it. In cold code, which is left again, any
 * call is worth the way through the stub: what lives around it costs the hot code nothing then. */
static int32_t cold_stub(const struct lower *l, const struct ir_node *n, const struct ir_call *d, uint32_t stack_bytes)
{
	unsigned results = 0;

	if ((d->conv != IR_CONV_COLD && !l->in_cold) || ir_call_conv(l->f, d) == IR_CONV_GUEST || !l->m->cold_call[0] || stack_bytes ||
	    d->flags || (n->a > 0 && ir_at(l->f, n->a)->op == IR_func))
		return 0;
	for (unsigned k = 0; k < d->n_results; k++) {
		unsigned one = ir_is_float(d->result[k]) ? MACH_COLD_FLOAT : MACH_COLD_INT;

		if (results & one)
			return 0;
		results |= one;
	}
	return X64_COLD + (int32_t)results;
}

/* The call at the end of block b that becomes a jump: what it gives is what the function gives, and nothing of the frame is needed. 0: there is none. */
static ir_ref find_tail(const struct lower *l, const struct ir_block *b)
{
	const struct ir_node *end = ir_at(l->f, b->control);
	ir_ref last = b->ins.n ? b->ins.at[b->ins.n - 1] : 0, second = 0;
	const struct ir_call *d;
	enum ir_type t[X64_MAX_ARGS];
	struct x64_place at[X64_MAX_ARGS];
	unsigned n_float;

	if (last && ir_at(l->f, last)->op == IR_result) {
		second = last;
		last = ir_at(l->f, last)->a;
	}
	if (!last || ir_at(l->f, last)->op != IR_call || end->op != IR_ret || (second && (b->ins.n < 2 || b->ins.at[b->ins.n - 2] != last)))
		return 0;
	d = &l->f->call.at[ir_at(l->f, last)->c];
	if ((d->conv != IR_CONV_TAIL && (l->keeps_frame || (d->conv != IR_CONV_C && d->conv != l->f->conv))) || d->state ||
	    (d->flags & ~IR_CALL_THROUGH) || ir_at(l->f, last)->aux > X64_MAX_ARGS || end->b != second ||
	    end->a != (d->n_results ? last : 0) || d->n_results > 1u + (second != 0))
		return 0;
	for (uint32_t k = 0; k < ir_at(l->f, last)->aux; k++)
		t[k] = ir_type_of(l->f, l->f->pool.at[ir_at(l->f, last)->b + (ir_ref)k]);
	return x64_arg_places(ir_call_conv(l->f, d), t, d->pass, ir_at(l->f, last)->aux, at, &n_float) ? 0 : last;
}

static void call(struct lower *l, ir_ref r)
{
	const struct ir_node *n = ir_at(l->f, r);
	const struct ir_call *d = &l->f->call.at[n->c];
	struct x64_place *at = arena_alloc(l->m->mem, (n->aux + 1u) * sizeof *at);
	enum ir_type *t = arena_alloc(l->m->mem, (n->aux + 1u) * sizeof *t);
	uint32_t *arg = arena_alloc(l->m->mem, (n->aux + 1u) * sizeof *arg), target = 0, bytes;
	enum ir_conv conv = ir_call_conv(l->f, d);
	unsigned n_float;
	struct mach_ins *i;

	for (uint32_t k = 0; k < n->aux; k++)
		t[k] = ir_type_of(l->f, l->f->pool.at[n->b + (ir_ref)k]);
	bytes = x64_arg_places(conv, t, d->pass, n->aux, at, &n_float);
	if (bytes > l->m->out_bytes)
		l->m->out_bytes = bytes;
	for (uint32_t k = 0; k < n->aux; k++)
		if (at[k].reg == MACH_NO_REG)
			stack_argument(l, l->f->pool.at[n->b + (ir_ref)k], at[k].stack);
		else
			arg[k] = reg(l, l->f->pool.at[n->b + (ir_ref)k]);
	if (n->a > 0 && ir_at(l->f, n->a)->op != IR_func)
		target = reg(l, n->a);
	i = ins(l, d->flags & IR_CALL_THROUGH ? X64_CALL_PLACE : n->a > 0 && !target ? X64_CALL_FUNC : X64_CALL, r == l->tail ? X64_F_TAIL : X64_F_CALL, 8);
	for (unsigned k = 0; r != l->tail && k < d->n_results; k++) {
		ir_ref res = r;

		if (k == 1) {
			res = r + 1;
			while ((uint32_t)res < l->f->node.n && !(ir_at(l->f, res)->op == IR_result && ir_at(l->f, res)->a == r))
				res++;
			if ((uint32_t)res >= l->f->node.n)
				break;		/* nobody asks for it */
		}
		mach_add(l->m, i, vreg(l, res), MACH_DEF, x64_result_reg(d->result, k));
	}
	if (target && conv == IR_CONV_GUEST)
		mach_add(l->m, i, target, MACH_USE, X64_R10);
	else if (target)
		use(l, i, target);
	else
		i->imm = n->a > 0 ? ir_at(l->f, n->a)->a : ir_kbits(l->f, n->a);
	i->index = target ? (uint8_t)i->n : 0;
	for (uint32_t k = 0; k < n->aux; k++)
		if (at[k].reg != MACH_NO_REG)
			mach_add(l->m, i, arg[k], MACH_USE, at[k].reg);
	i->cc = d->flags & IR_CALL_VARIADIC ? (uint8_t)n_float : 0;
	i->scale = d->flags & IR_CALL_VARIADIC ? 1 : 0;
	if (r == l->tail)
		return;
	i->disp = cold_stub(l, n, d, bytes);
	i->clobber = i->disp ? 0 : x64_clobbered(conv);
	i->flags |= MACH_CALL;
	l->m->has_calls = true;
}

static void return_(struct lower *l, ir_ref r)
{
	const struct ir_node *n = ir_at(l->f, r);
	uint32_t v[2] = { n->a ? reg(l, n->a) : 0, n->b ? reg(l, n->b) : 0 };
	struct mach_ins *i = ins(l, X64_RET, X64_F_RET, 8);

	for (unsigned k = 0; k < 2; k++)
		if (v[k])
			mach_add(l->m, i, v[k], MACH_USE, x64_result_reg(l->f->result, k));
}

static void control(struct lower *l, uint32_t b)
{
	ir_ref r = l->f->block.at[l->m->block.at[b].ir].control;
	const struct ir_node *n = ir_at(l->f, r);
	struct mach_ins *i;
	struct cmp c;
	uint32_t v;

	l->cur = r;
	switch (n->op) {
	case IR_jmp:
		i = ins(l, X64_JMP, X64_F_JMP, 8);
		break;
	case IR_br:
		c = compare(l, n->a, false);
		i = ins(l, 0, X64_F_BR, 4);
		add_compare(l, i, &c);
		break;
	case IR_switch:
		v = reg(l, n->a);
		i = ins(l, X64_JMP, X64_F_SWITCH, ir_types[ir_type_of(l->f, n->a)].size);
		use(l, i, v);
		mach_add(l->m, i, mach_vreg_new(l->m, MACH_G, IR_T_i64, 0), MACH_TEMP, MACH_NO_REG);
		break;
	case IR_exit:
		i = ins(l, X64_JMP, X64_F_EXIT, 8);
		i->target = mach_exit_new(l->m, i, r, (uint32_t)n->c);
		break;
	default:
		if (l->tail)
			call(l, l->tail);
		else
			return_(l, r);
		i = &l->m->ins.at[l->m->ins.n - 1];
	}
	i->flags |= MACH_END;
}

static void frame_address(struct lower *l, ir_ref r, uint8_t base, int32_t disp)
{
	struct mach_ins *i = ins(l, X64_LEA, X64_F_LEA, 8);

	def(l, i, r);
	i->base = base;
	i->disp = disp;
}

/* sizes: table */
static void node(struct lower *l, ir_ref r)
{
	const struct ir_node *n = ir_at(l->f, r);

	l->cur = r;
	if (l->folded[r] == FOLDED)
		return;
	if (is_same(l, n)) {
		vreg(l, r);
		return;
	}
	if (ir_ops[n->op].flags & IR_GUARD) {
		ir_visit_state(l->f, (uint32_t)n->c, state_vreg, l);
		count_guard(l, r);
	}
	switch (n->op) {
	case IR_nop: case IR_arg: case IR_result: break;
	case IR_sp:
		l->m->wants_frame = true;
		def(l, ins(l, X64_MOV, X64_F_FRAME, 8), r);
		break;
	case IR_inargs:
		l->m->wants_frame = true;
		frame_address(l, r, X64_BASE_FRAME, 16);
		break;
	case IR_stack:
		if (l->wanted[r])
			frame_address(l, r, X64_BASE_LOCAL, (int32_t)l->local[r]);
		break;
	case IR_func:
		def(l, ins(l, X64_LEA, X64_F_FUNC, 8), r);
		l->m->ins.at[l->m->ins.n - 1].imm = n->a;
		break;
	case IR_add: case IR_sub: case IR_mul: case IR_and: case IR_or: case IR_xor: binary(l, r, X64_F_RR2, X64_F_RI2); break;
	case IR_smulh: case IR_umulh: high_product(l, r); break;
	case IR_shl: case IR_shr: case IR_sar: case IR_rotl: shift(l, r); break;
	case IR_sdiv: case IR_srem: case IR_udiv: case IR_urem: divide(l, r); break;
	case IR_neg: in_place(l, r, X64_NEG); break;
	case IR_not: in_place(l, r, X64_NOT); break;
	case IR_bswap: in_place(l, r, X64_BSWAP); break;
	case IR_sext8: convert(l, r, X64_MOVSX8, ir_types[n->type].size); break;
	case IR_sext16: convert(l, r, X64_MOVSX16, ir_types[n->type].size); break;
	case IR_sext: convert(l, r, X64_MOVSXD, 8); break;
	case IR_zext: case IR_trunc: convert(l, r, X64_MOV, 4); break;
	case IR_itof: convert(l, r, n->type == IR_T_f64 ? X64_CVTSI2SD : X64_CVTSI2SS, ir_types[ir_type_of(l->f, n->a)].size); break;
	case IR_ftoi: convert(l, r, ir_type_of(l->f, n->a) == IR_T_f64 ? X64_CVTTSD2SI : X64_CVTTSS2SI, ir_types[n->type].size); break;
	case IR_fcvt: convert(l, r, n->type == IR_T_f64 ? X64_CVTSS2SD : X64_CVTSD2SS, n->type == IR_T_f64 ? 4 : 8); break;
	case IR_bitcast: bitcast(l, r); break;
	case IR_eq: case IR_ne: case IR_lt: case IR_le: case IR_ult: case IR_ule:
	case IR_feq: case IR_fne: case IR_flt: case IR_fle: set_condition(l, r); break;
	case IR_select: select_(l, r); break;
	case IR_fadd: case IR_fsub: case IR_fmul: case IR_fdiv: float_binary(l, r); break;
	case IR_fneg: sign_bits(l, r, X64_XORPD, false); break;
	case IR_fabs: sign_bits(l, r, X64_ANDPD, true); break;
	case IR_fsqrt: convert(l, r, X64_SQRTS, ir_types[n->type].size); break;
	case IR_ffloor: round_to(l, r, 9); break;
	case IR_fceil: round_to(l, r, 10); break;
	case IR_ftrunc: round_to(l, r, 11); break;
	case IR_load: load(l, r); break;
	case IR_store: store(l, r); break;
	case IR_call: call(l, r); break;
	case IR_check: guard(l, r); break;
	case IR_addo: case IR_subo: case IR_mulo: guarded_arith(l, r); break;
	default: l->m->bail(l->m->bail_arg, "operation without a lowering"); break;
	}
}

static void parameters(struct lower *l)
{
	const struct ir_block *b = &l->f->block.at[0];
	struct x64_place *at = arena_alloc(l->m->mem, (b->arg.n + 1) * sizeof *at);
	enum ir_type *t = arena_alloc(l->m->mem, (b->arg.n + 1) * sizeof *t);
	unsigned n_float;
	struct mach_ins *i;

	for (uint32_t k = 0; k < b->arg.n; k++)
		t[k] = ir_at(l->f, b->arg.at[k])->type;
	x64_arg_places((enum ir_conv)l->f->conv, t, l->f->pass, b->arg.n, at, &n_float);
	i = ins(l, 0, X64_F_PARAMS, 8);
	for (uint32_t k = 0; k < b->arg.n; k++)
		if (at[k].reg != MACH_NO_REG)
			mach_add(l->m, i, vreg(l, b->arg.at[k]), MACH_DEF, at[k].reg);
	for (uint32_t k = 0; k < b->arg.n; k++)
		if (at[k].reg == MACH_NO_REG && l->uses[b->arg.at[k]]) {
			l->cur = b->arg.at[k];
			i = ins(l, ir_is_float(t[k]) ? X64_MOVS : X64_MOV, X64_F_LOAD, ir_types[t[k]].size);
			def(l, i, b->arg.at[k]);
			i->base = X64_BASE_FRAME;
			l->m->wants_frame = true;
			i->disp = 16 + at[k].stack;
		}
}

static void want(void *arg, ir_ref *r)
{
	struct lower *l = arg;

	if (*r > 0)
		l->wanted[*r] = 1;
}

/* Gives the `stack` nodes their places. */
static void locals(struct lower *l)
{
	struct ir_func *f = l->f;
	uint64_t at = 0;

	if (!ir_has_op(f, IR_stack))
		return;
	for (uint32_t i = 0; i < f->n_order; i++) {
		const struct ir_block *b = &f->block.at[f->order[i]];

		for (uint32_t k = 0; k < b->ins.n; k++) {
			const struct ir_node *n = ir_at(f, b->ins.at[k]);

			ir_visit_kept(f, n, want, l);
			if (n->op != IR_stack)
				continue;
			at = (at + (uint32_t)n->b - 1) & ~((uint64_t)(uint32_t)n->b - 1);
			l->local[b->ins.at[k]] = (uint32_t)at;
			at += (uint32_t)n->a;
			if (at > INT32_MAX / 2)
				l->m->bail(l->m->bail_arg, "more than 1 GiB of stack");
		}
		ir_visit_kept(f, ir_at(f, b->control), want, l);
	}
	for (uint32_t e = 0; e < f->edge.n; e++)
		for (uint32_t k = 0; k < f->edge.at[e].n; k++)
			want(l, &f->pool.at[f->edge.at[e].args + k]);
	l->m->local_bytes = (uint32_t)(at + 15) & ~15u;
}

void x64_lower(struct mach_func *m)
{
	struct lower l = { .m = m, .f = m->f };
	struct ir_func *f = m->f;

	l.lea = arena_zero(m->mem, f->node.n);
	l.dirty = arena_zero(m->mem, f->node.n);
	l.local = arena_zero(m->mem, f->node.n * sizeof *l.local);
	l.wanted = arena_zero(m->mem, f->node.n);
	l.uses = arena_zero(m->mem, f->node.n * sizeof *l.uses);
	l.cover = arena_zero(m->mem, f->node.n * sizeof *l.cover);
	l.folded = arena_zero(m->mem, f->node.n);
	l.index_free = arena_zero(m->mem, f->node.n);
	l.keeps_frame = !f->strict || f->state.n > 1 || ir_calls_twice(f);
	prepare(&l);
	locals(&l);
	for (uint32_t b = 0; b < m->block.n; b++) {
		struct ir_block *ib = &f->block.at[m->block.at[b].ir];

		m->block.at[b].first = m->ins.n;
		l.tail = find_tail(&l, ib);
		l.in_cold = ib->cold && ir_succs(f, m->block.at[b].ir);
		for (uint32_t k = 0; k < ib->arg.n; k++)
			vreg(&l, ib->arg.at[k]);
		if (b == 0)
			parameters(&l);
		for (uint32_t k = 0; k < ib->ins.n; k++)
			if (ib->ins.at[k] != l.tail)
				node(&l, ib->ins.at[k]);
		if (ir_at(f, ib->control)->op == IR_exit)
			ir_visit_state(f, (uint32_t)ir_at(f, ib->control)->c, state_vreg, &l);
		control(&l, b);
		m->block.at[b].end = m->ins.n;
	}
	for (uint32_t e = 0; e < f->edge.n; e++)
		for (uint32_t k = 0; k < f->edge.at[e].n; k++)
			if (f->pool.at[f->edge.at[e].args + k] > 0)
				vreg(&l, f->pool.at[f->edge.at[e].args + k]);
}
