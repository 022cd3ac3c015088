/* SPDX-License-Identifier: MIT
 * ops.c - lifting single instructions: specialised by feedback with guards, else a call to the runtime.
 *
 * Every function here leaves the slots as the instruction does. Guards come before the first store of an instruction,
 * since their state says "this instruction again". What is not specialised goes through lv_generic: operands to memory,
 * a call of rt.c, results from memory.
 */
#include "lifter.h"

#define F l->f
#define FIELD(type, member) ((int32_t)offsetof(struct type, member))

static hew_val ptr(struct lifter *l, hew_val v) { return hew_bitcast(F, HEW_PTR, v); }
static hew_val field(struct lifter *l, hew_type t, hew_width w, unsigned cls, hew_val p, int32_t off) { return hew_load(F, t, w, cls, p, off); }
static hew_val check(struct lifter *l, enum hew_check kind, hew_val cond, hew_val v) { return hew_check(F, kind, cond, v, lv_state_here(l)); }

/* ---- guards ------------------------------------------------------------------------------------------------- */

void lv_expect(struct lifter *l, uint32_t slot, uint8_t tag)
{
	struct lslot *s = &l->s[slot];

	if (s->tag == tag)
		return;
	if (s->tag != LV_T_ANY) {
		/* known to be something else: this guard always fails */
		check(l, HEW_CHECK_TAG, lv_k32(l, 0), 0);
		*s = (struct lslot){ .tag = tag, .v = tag == LV_FLT ? hew_f64(F, 0) : lv_k(l, 0) };
		return;
	}
	s->v = check(l, HEW_CHECK_TAG, hew_eq(F, s->t, lv_k32(l, tag)), s->v);
	if (tag == LV_FLT)
		s->v = hew_bitcast(F, HEW_F64, s->v);
	s->tag = tag;
	s->t = 0;
}

/* The same for an operand that may be a constant. */
static hew_val operand(struct lifter *l, bool is_const, uint16_t x, uint8_t tag)
{
	if (is_const)
		return lv_constant(l, x).v;
	lv_expect(l, x, tag);
	return l->s[x].v;
}

/* A number as a float. */
static hew_val as_float(struct lifter *l, const struct lslot *s)
{
	hew_val v;

	if (s->tag == LV_FLT)
		return s->v;
	if (s->tag == LV_INT)
		return hew_itof(F, HEW_F64, s->v);
	v = check(l, HEW_CHECK_TAG, hew_ult(F, hew_sub(F, s->t, lv_k32(l, LV_INT)), lv_k32(l, 2)), s->v);
	return hew_select(F, hew_eq(F, s->t, lv_k32(l, LV_FLT)), hew_bitcast(F, HEW_F64, v), hew_itof(F, HEW_F64, v));
}

static hew_val float_operand(struct lifter *l, bool is_const, uint16_t x)
{
	struct lslot k;

	if (!is_const)
		return as_float(l, &l->s[x]);
	k = lv_constant(l, x);
	return as_float(l, &k);
}

static hew_val table(struct lifter *l, uint32_t slot)
{
	lv_expect(l, slot, LV_TABLE);
	return ptr(l, l->s[slot].v);
}

/* ---- the runtime ------------------------------------------------------------------------------------------------- */

static hew_val call_native(struct lifter *l, void *fn, const struct lv_ins *i, hew_type r0, hew_type r1)
{
	struct hew_call c = { .result = { r0, r1 }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES };

	lv_write_frame(l);
	l->state = 0;
	return hew_call(F, hew_ptr(F, fn), &c, 3, (hew_val[]){ l->vm, l->base, hew_ptr(F, i) });
}

hew_val lv_call_rt(struct lifter *l, void *fn, const struct lv_ins *i) { return call_native(l, fn, i, HEW_VOID, HEW_VOID); }

static void flush(void *arg, uint32_t slot) { lv_flush(arg, slot); }
static void reload(void *arg, uint32_t slot) { lv_reload(arg, slot); }

static void generic(struct lifter *l, const struct lv_ins *i)
{
	lv_ins_reads(l->p, i, flush, l);
	lv_call_rt(l, (void *)(uintptr_t)lv_rt[i->op], i);
	lv_ins_writes(l->p, i, reload, l);
}

/* The same where the tag of the one result is known. */
static void generic_typed(struct lifter *l, const struct lv_ins *i, uint8_t tag)
{
	lv_ins_reads(l->p, i, flush, l);
	lv_call_rt(l, (void *)(uintptr_t)lv_rt[i->op], i);
	lv_set(l, i->a, tag, field(l, HEW_I64, HEW_FULL, LV_C_STACK, l->base, lv_offset(i->a)));
	l->s[i->a].mem = true;
}

static bool never(struct lifter *l)
{
	hew_exit(F, lv_state_here(l));
	return false;
}

/* A signal or a finaliser wants attention: the interpreter takes over here. */
static void poll(struct lifter *l)
{
	hew_val v = field(l, HEW_I32, HEW_FULL, LV_C_SIGNAL, l->vm, FIELD(lv_state, interrupt));

	check(l, HEW_CHECK_POLL, hew_eq(F, v, lv_k32(l, 0)), 0);
}

/* ---- arithmetic ------------------------------------------------------------------------------------------------------- */

/* Remainder and quotient toward minus infinity by a positive divisor. */
static hew_val floor_mod(struct lifter *l, hew_val x, hew_val y)
{
	hew_val r;
	int64_t k;

	if (hew_is_const(F, y, &k) && k > 0 && (k & (k - 1)) == 0)
		return hew_and(F, x, lv_k(l, k - 1));
	r = hew_srem(F, x, y);
	return hew_add(F, r, hew_and(F, hew_sar(F, r, lv_k(l, 63)), y));
}

static hew_val floor_div(struct lifter *l, hew_val x, hew_val y)
{
	hew_val q, r;
	int64_t k;

	if (hew_is_const(F, y, &k) && k > 0 && (k & (k - 1)) == 0)
		return hew_sar(F, x, lv_k(l, __builtin_ctzll((uint64_t)k)));
	q = hew_sdiv(F, x, y);
	r = hew_sub(F, x, hew_mul(F, q, y));
	return hew_add(F, q, hew_sar(F, r, lv_k(l, 63)));
}

static hew_val shift(struct lifter *l, bool left, hew_val x, hew_val n)
{
	int64_t k;

	if (hew_is_const(F, n, &k)) {
		if (k <= -64 || k >= 64)
			return lv_k(l, 0);
		left ^= k < 0;
		n = lv_k(l, k < 0 ? -k : k);
	} else {
		n = check(l, HEW_CHECK_BOUNDS, hew_ult(F, n, lv_k(l, 64)), n);
	}
	return left ? hew_shl(F, x, n) : hew_shr(F, x, n);
}

static hew_val positive(struct lifter *l, hew_val y)
{
	int64_t k;

	if (hew_is_const(F, y, &k) && k > 0)
		return y;
	return check(l, HEW_CHECK_NONZERO, hew_lt(F, lv_k(l, 0), y), y);
}

static hew_val int_arith(struct lifter *l, unsigned op, hew_val x, hew_val y)
{
	switch (op) {
	case LV_OP_ADD: return hew_add(F, x, y);
	case LV_OP_SUB: return hew_sub(F, x, y);
	case LV_OP_MUL: return hew_mul(F, x, y);
	case LV_OP_MOD: return floor_mod(l, x, positive(l, y));
	case LV_OP_IDIV: return floor_div(l, x, positive(l, y));
	case LV_OP_BAND: return hew_and(F, x, y);
	case LV_OP_BOR: return hew_or(F, x, y);
	case LV_OP_BXOR: return hew_xor(F, x, y);
	case LV_OP_SHL: return shift(l, true, x, y);
	case LV_OP_SHR: return shift(l, false, x, y);
	case LV_OP_UNM: return hew_neg(F, x);
	default: return hew_not(F, x);
	}
}

static hew_val float_call(struct lifter *l, double (*fn)(double, double), hew_val x, hew_val y)
{
	return hew_call(F, hew_ptr(F, (void *)(uintptr_t)fn), &(struct hew_call){ .result = { HEW_F64 } }, 2, (hew_val[]){ x, y });
}

static hew_val flt_arith(struct lifter *l, unsigned op, hew_val x, hew_val y)
{
	int64_t bits;

	switch (op) {
	case LV_OP_ADD: return hew_fadd(F, x, y);
	case LV_OP_SUB: return hew_fsub(F, x, y);
	case LV_OP_MUL: return hew_fmul(F, x, y);
	case LV_OP_DIV: return hew_fdiv(F, x, y);
	case LV_OP_MOD: return float_call(l, lv_rt_fmod, x, y);
	case LV_OP_IDIV: return hew_ffloor(F, hew_fdiv(F, x, y));
	case LV_OP_UNM: return hew_fneg(F, x);
	default:
		if (hew_is_const(F, y, &bits) && bits == INT64_C(0x4000000000000000))
			return hew_fmul(F, x, x);
		return float_call(l, lv_rt_pow, x, y);
	}
}

static uint8_t tag_of(const struct lifter *l, bool is_const, uint16_t x) { return is_const ? (uint8_t)l->p->k[x].tag : l->s[x].tag; }

static hew_val is_float(struct lifter *l, bool is_const, uint16_t x)
{
	struct lslot k = is_const ? lv_constant(l, x) : l->s[x];

	return hew_eq(F, lv_tagval(l, &k), lv_k32(l, LV_FLT));
}

/* The result is a float only if one operand is. */
static void not_both_ints(struct lifter *l, const struct lv_pair *o)
{
	check(l, HEW_CHECK_TAG, hew_or(F, is_float(l, o->k_x, o->x), is_float(l, o->k_y, o->y)), 0);
}

static struct lslot pair_operand(struct lifter *l, bool is_const, uint16_t x) { return is_const ? lv_constant(l, x) : l->s[x]; }

/* Both operands have one numeric tag, which is only known at run time: guards that. The result is the tag. */
static hew_val same_number(struct lifter *l, const struct lslot *x, const struct lslot *y)
{
	hew_val tx = lv_tagval(l, x), ty = lv_tagval(l, y);

	check(l, HEW_CHECK_TAG, hew_and(F, hew_eq(F, tx, ty), hew_ult(F, hew_sub(F, tx, lv_k32(l, LV_INT)), lv_k32(l, 2))), 0);
	return tx;
}

static void arith_same(struct lifter *l, const struct lv_ins *i, const struct lv_pair *o, unsigned op)
{
	struct lslot x = pair_operand(l, o->k_x, o->x), y = pair_operand(l, o->k_y, o->y);
	hew_val t = same_number(l, &x, &y), bx = lv_bits(l, &x), by = lv_bits(l, &y);
	hew_val fl = flt_arith(l, op, hew_bitcast(F, HEW_F64, bx), hew_bitcast(F, HEW_F64, by));

	lv_set_any(l, i->a, t, hew_select(F, hew_eq(F, t, lv_k32(l, LV_INT)), int_arith(l, op, bx, by), hew_bitcast(F, HEW_I64, fl)));
}

static bool arith(struct lifter *l, const struct lv_ins *i)
{
	struct lv_pair o = lv_arith_operands(i);
	unsigned op = i->op >= LV_OP_UNM ? i->op : LV_OP_ADD + (i->op - LV_OP_ADD) / 3 * 3u;
	enum lv_mode m = lv_arith_mode(&l->flow, i, tag_of(l, o.k_x, o.x), tag_of(l, o.k_y, o.y));
	hew_val x, y;

	switch (m) {
	case LV_M_NEVER:
		return never(l);
	case LV_M_INT:
		x = operand(l, o.k_x, o.x, LV_INT);
		y = operand(l, o.k_y, o.y, LV_INT);
		lv_set(l, i->a, LV_INT, int_arith(l, op, x, y));
		return true;
	case LV_M_FLT:
		x = operand(l, o.k_x, o.x, LV_FLT);
		y = operand(l, o.k_y, o.y, LV_FLT);
		lv_set(l, i->a, LV_FLT, flt_arith(l, op, x, y));
		return true;
	case LV_M_NUM:
		if (op != LV_OP_DIV && op != LV_OP_POW)
			not_both_ints(l, &o);
		x = float_operand(l, o.k_x, o.x);
		y = float_operand(l, o.k_y, o.y);
		lv_set(l, i->a, LV_FLT, flt_arith(l, op, x, y));
		return true;
	case LV_M_SAME:
		arith_same(l, i, &o, op);
		return true;
	default:
		generic(l, i);
		return true;
	}
}

/* ---- comparisons and jumps ------------------------------------------------------------------------------------------------- */

enum relation { EQ, LT, LE, GT, GE };

static enum relation relation(unsigned op)
{
	switch ((op - LV_OP_JEQ) / 2) {
	case 0: case 3: return EQ;
	case 1: case 4: return LT;
	case 2: case 5: return LE;
	case 6: return GT;
	default: return GE;
	}
}

static hew_val compare_values(struct lifter *l, enum relation r, bool flt, hew_val x, hew_val y)
{
	switch (r) {
	case EQ: return flt ? hew_feq(F, x, y) : hew_eq(F, x, y);
	case LT: return flt ? hew_flt(F, x, y) : hew_lt(F, x, y);
	case LE: return flt ? hew_fle(F, x, y) : hew_le(F, x, y);
	case GT: return flt ? hew_flt(F, y, x) : hew_lt(F, y, x);
	default: return flt ? hew_fle(F, y, x) : hew_le(F, y, x);
	}
}

/* x == constant where no metamethod and no conversion can matter: nil, booleans, short strings. 0: another constant. */
static hew_val equals_constant(struct lifter *l, const struct lslot *x, const struct lv_value *k)
{
	hew_val same_tag;

	if (k->tag > LV_TRUE && (k->tag != LV_STR || k->s->len > LV_SHORT))
		return 0;
	same_tag = hew_eq(F, lv_tagval(l, x), lv_k32(l, (int32_t)k->tag));
	if (k->tag <= LV_TRUE || x->tag == LV_FLT)
		return same_tag;
	return hew_and(F, same_tag, hew_eq(F, x->v, lv_k(l, k->i)));
}

static void jump_if(struct lifter *l, hew_val cond, bool negate)
{
	uint32_t fall = l->bb->succ[0], jump = l->bb->succ[1];

	if (negate)
		lv_branch(l, cond, fall, jump);
	else
		lv_branch(l, cond, jump, fall);
}

static bool compare(struct lifter *l, const struct lv_ins *i)
{
	bool k = lv_opinfo[i->op].b == 'K', negate = (i->op - LV_OP_JEQ) & 1;
	enum lv_mode m = lv_compare_mode(&l->flow, i, l->s[i->a].tag, tag_of(l, k, i->b));
	enum relation r = relation(i->op);
	hew_val cond = 0, x, y;

	if (m == LV_M_NEVER)
		return never(l);		/* flow.c ends the path here, too */
	if (m == LV_M_INT || m == LV_M_FLT) {
		x = operand(l, false, i->a, m == LV_M_INT ? LV_INT : LV_FLT);
		y = operand(l, k, i->b, m == LV_M_INT ? LV_INT : LV_FLT);
		cond = compare_values(l, r, m == LV_M_FLT, x, y);
	} else if (m == LV_M_SAME) {
		struct lslot sx = pair_operand(l, false, i->a), sy = pair_operand(l, k, i->b);
		hew_val t = same_number(l, &sx, &sy), bx = lv_bits(l, &sx), by = lv_bits(l, &sy);

		cond = hew_select(F, hew_eq(F, t, lv_k32(l, LV_INT)), compare_values(l, r, false, bx, by),
			compare_values(l, r, true, hew_bitcast(F, HEW_F64, bx), hew_bitcast(F, HEW_F64, by)));
	} else if (r == EQ && k) {
		cond = equals_constant(l, &l->s[i->a], &l->p->k[i->b]);
	}
	if (!cond) {
		lv_ins_reads(l->p, i, flush, l);
		cond = call_native(l, (void *)(uintptr_t)lv_rt_compare, i, HEW_I32, HEW_VOID);
		negate = false;			/* the runtime looks at the instruction itself */
	}
	jump_if(l, cond, negate);
	return false;
}

/* Truth of a slot. */
static bool truth(struct lifter *l, const struct lv_ins *i, bool jump_if_true)
{
	const struct lslot *s = &l->s[i->a];

	if (s->tag != LV_T_ANY) {
		lv_goto(l, (s->tag >= LV_TRUE) == jump_if_true ? l->bb->succ[1] : l->bb->succ[0]);
		return false;
	}
	jump_if(l, hew_ult(F, s->t, lv_k32(l, LV_TRUE)), jump_if_true);
	return false;
}

static void not_(struct lifter *l, const struct lv_ins *i)
{
	const struct lslot *s = &l->s[i->b];
	hew_val falsy;

	if (s->tag != LV_T_ANY) {
		lv_set(l, i->a, s->tag < LV_TRUE ? LV_TRUE : LV_FALSE, lv_k(l, 0));
		return;
	}
	falsy = hew_ult(F, s->t, lv_k32(l, LV_TRUE));
	lv_set_any(l, i->a, hew_add(F, falsy, lv_k32(l, LV_FALSE)), lv_k(l, 0));
}

/* ---- loops ----------------------------------------------------------------------------------------------------------------------- */

static bool for_prepare(struct lifter *l, const struct lv_ins *i)
{
	uint32_t a = i->a;
	hew_val init, limit, step, runs, turns;
	int64_t k = 0;

	if (i->fb == 0 && !l->flow.generic)
		return never(l);
	if (i->fb != LV_FB_FOR_INT || l->s[a + 2].tag != LV_INT || !hew_is_const(F, l->s[a + 2].v, &k) || k == 0 || k == INT64_MIN ||
	    (l->s[a + 1].tag != LV_INT && l->s[a + 1].tag != LV_T_ANY) || (l->s[a].tag != LV_INT && l->s[a].tag != LV_T_ANY)) {
		lv_ins_reads(l->p, i, flush, l);
		runs = call_native(l, (void *)(uintptr_t)lv_rt_forprep, i, HEW_I32, HEW_VOID);
		lv_ins_writes(l->p, i, reload, l);
		lv_branch(l, runs, l->bb->succ[0], l->bb->succ[1]);
		return false;
	}
	init = operand(l, false, (uint16_t)a, LV_INT);
	limit = operand(l, false, (uint16_t)(a + 1), LV_INT);
	step = l->s[a + 2].v;
	runs = k > 0 ? hew_le(F, init, limit) : hew_le(F, limit, init);
	turns = k > 0 ? hew_sub(F, limit, init) : hew_sub(F, init, limit);
	if (k != 1 && k != -1)
		turns = hew_udiv(F, turns, lv_k(l, k > 0 ? k : -k));
	lv_set(l, a, LV_INT, init);
	lv_set(l, a + 1, LV_INT, turns);
	lv_set(l, a + 2, LV_INT, step);
	lv_set(l, a + 3, LV_INT, init);
	lv_branch(l, runs, l->bb->succ[0], l->bb->succ[1]);
	return false;
}

static hew_val next_int(struct lifter *l, uint32_t a)
{
	hew_val left = l->s[a + 1].v, x = hew_add(F, l->s[a].v, l->s[a + 2].v), more = hew_ne(F, left, lv_k(l, 0));

	lv_set(l, a, LV_INT, x);
	lv_set(l, a + 1, LV_INT, hew_sub(F, left, lv_k(l, 1)));
	lv_set(l, a + 3, LV_INT, x);
	return more;
}

static hew_val next_float(struct lifter *l, uint32_t a)
{
	hew_val limit = l->s[a + 1].v, step = l->s[a + 2].v, x = hew_fadd(F, l->s[a].v, step);
	hew_val up = hew_flt(F, hew_f64(F, 0), step), more = hew_select(F, up, hew_fle(F, x, limit), hew_fle(F, limit, x));

	lv_set(l, a, LV_FLT, x);
	lv_set(l, a + 3, LV_FLT, x);
	return more;
}

static bool for_loop(struct lifter *l, const struct lv_ins *i)
{
	uint32_t a = i->a;
	uint8_t t = l->s[a].tag;
	hew_val more;

	poll(l);
	if ((t == LV_INT || t == LV_FLT) && l->s[a + 1].tag == t && l->s[a + 2].tag == t) {
		more = t == LV_INT ? next_int(l, a) : next_float(l, a);
	} else {
		lv_ins_reads(l->p, i, flush, l);
		more = call_native(l, (void *)(uintptr_t)lv_rt_forloop, i, HEW_I32, HEW_VOID);
		lv_ins_writes(l->p, i, reload, l);
	}
	lv_branch(l, more, l->bb->succ[1], l->bb->succ[0]);
	return false;
}

static bool tfor_loop(struct lifter *l, const struct lv_ins *i)
{
	uint32_t a = i->a;
	hew_val more = hew_ne(F, lv_tagval(l, &l->s[a + 4]), lv_k32(l, LV_NIL));

	poll(l);
	/* `next` remembers in the spare word of the control variable where it was */
	hew_store(F, HEW_FULL, LV_C_STACK, l->base, lv_offset(a + 2) + 12, field(l, HEW_I32, HEW_FULL, LV_C_STACK, l->base, lv_offset(a + 4) + 12));
	l->state = 0;
	l->s[a + 2] = l->s[a + 4];
	l->s[a + 2].mem = false;
	lv_flush(l, a + 2);
	lv_branch(l, more, l->bb->succ[1], l->bb->succ[0]);
	return false;
}

/* ---- upvalues and boxes ----------------------------------------------------------------------------------------------------------- */

static hew_val upvalue_box(struct lifter *l, uint32_t n)
{
	hew_val f = l->closure ? l->closure : field(l, HEW_PTR, HEW_FULL, LV_C_FIXED, l->base, -32);	/* base[-2], the function itself */

	return field(l, HEW_PTR, HEW_FULL, LV_C_FIXED, f, FIELD(lv_closure, up) + 8 * (int32_t)n);
}

static void load_box(struct lifter *l, uint32_t slot, hew_val box)
{
	hew_val v = field(l, HEW_I64, HEW_FULL, LV_C_BOX, box, FIELD(lv_box, v)), t = field(l, HEW_I32, HEW_FULL, LV_C_BOX, box, FIELD(lv_box, v) + 8);

	lv_set_any(l, slot, t, v);
}

static void store_value(struct lifter *l, unsigned cls, hew_val p, int32_t off, const struct lslot *s)
{
	hew_store(F, HEW_FULL, cls, p, off, s->v);
	hew_store(F, HEW_FULL, cls, p, off + 8, lv_tagval(l, s));
	l->state = 0;
}

/* ---- tables -------------------------------------------------------------------------------------------------------------------------- */

#define NUMBERS 9		/* beside enum lv_arr_kind: an array of integers or of floats */

/* The address of the array item of a table with this key; guards kind and bounds. *tag: for NUMBERS the tag of its items. */
static hew_val item(struct lifter *l, hew_val t, hew_val key, unsigned kind, hew_val *tag)
{
	hew_val k = field(l, HEW_I32, HEW_8U, LV_C_HEADER, t, FIELD(lv_table, kind)), size, arr, at, fits;

	_Static_assert(LV_INT - LV_ARR_INT == LV_FLT - LV_ARR_FLT, "the tag of an array's items from its kind");
	*tag = hew_add(F, k, lv_k32(l, LV_INT - LV_ARR_INT));
	fits = kind == NUMBERS ? hew_ult(F, hew_sub(F, k, lv_k32(l, LV_ARR_INT)), lv_k32(l, 2)) : hew_eq(F, k, lv_k32(l, (int32_t)kind));
	t = check(l, HEW_CHECK_SHAPE, fits, t);
	size = field(l, HEW_I64, HEW_32U, LV_C_HEADER, t, FIELD(lv_table, asize));
	at = hew_sub(F, key, lv_k(l, 1));
	at = check(l, HEW_CHECK_BOUNDS, hew_ult(F, at, size), at);
	arr = field(l, HEW_PTR, HEW_FULL, LV_C_HEADER, t, FIELD(lv_table, arr));
	return hew_add(F, arr, hew_shl(F, at, lv_k(l, kind == LV_ARR_ANY ? 4 : 3)));
}

/* An array kind if only that was seen; 0 else. */
static unsigned one_kind(const struct lifter *l, unsigned fb)
{
	if (l->flow.generic)
		return 0;
	switch (fb) {
	case LV_FB_ARR_INT: return LV_ARR_INT;
	case LV_FB_ARR_FLT: return LV_ARR_FLT;
	case LV_FB_ARR_ANY: return LV_ARR_ANY;
	case LV_FB_ARR_INT | LV_FB_ARR_FLT: return NUMBERS;
	default: return 0;
	}
}

static hew_val index_key(struct lifter *l, const struct lv_ins *i, bool immediate, uint16_t slot)
{
	if (immediate)
		return lv_k(l, (int16_t)i->c);
	lv_expect(l, slot, LV_INT);
	return l->s[slot].v;
}

static bool key_fits(const struct lifter *l, bool immediate, uint16_t slot)
{
	return immediate || l->s[slot].tag == LV_INT || l->s[slot].tag == LV_T_ANY;
}

static bool table_fits(const struct lifter *l, uint16_t slot) { return l->s[slot].tag == LV_TABLE || l->s[slot].tag == LV_T_ANY; }

static bool get_index(struct lifter *l, const struct lv_ins *i)
{
	bool immediate = i->op == LV_OP_GETINDEXI;
	unsigned kind = one_kind(l, i->fb);
	hew_val t, key, p, tag, v;

	if (i->fb == 0 && !l->flow.generic)
		return never(l);
	if (!kind || !key_fits(l, immediate, i->c) || !table_fits(l, i->b)) {
		generic(l, i);
		return true;
	}
	t = table(l, i->b);
	key = index_key(l, i, immediate, i->c);
	p = item(l, t, key, kind, &tag);
	if (kind == NUMBERS) {
		lv_set_any(l, i->a, tag, field(l, HEW_I64, HEW_FULL, LV_C_NUMBERS, p, 0));
	} else if (kind == LV_ARR_INT) {
		lv_set(l, i->a, LV_INT, field(l, HEW_I64, HEW_FULL, LV_C_NUMBERS, p, 0));
	} else if (kind == LV_ARR_FLT) {
		lv_set(l, i->a, LV_FLT, field(l, HEW_F64, HEW_FULL, LV_C_NUMBERS, p, 0));
	} else {
		tag = field(l, HEW_I32, HEW_FULL, LV_C_VALUES, p, 8);
		v = field(l, HEW_I64, HEW_FULL, LV_C_VALUES, p, 0);
		v = check(l, HEW_CHECK_TAG, hew_ne(F, tag, lv_k32(l, LV_NIL)), v);
		lv_set_any(l, i->a, tag, v);
	}
	return true;
}

static bool set_index(struct lifter *l, const struct lv_ins *i)
{
	bool immediate = i->op == LV_OP_SETINDEXI;
	uint16_t vs = immediate ? i->b : i->c;
	unsigned kind = one_kind(l, i->fb);
	uint8_t want = kind == LV_ARR_INT ? LV_INT : LV_FLT, have = l->s[vs].tag;
	bool one = kind == LV_ARR_INT || kind == LV_ARR_FLT;
	hew_val t, key, p, tag;

	if (i->fb == 0 && !l->flow.generic)
		return never(l);
	if (!kind || !key_fits(l, immediate, i->b) || !table_fits(l, i->a) || have == LV_NIL || (one && have != want && have != LV_T_ANY)) {
		generic(l, i);
		return true;
	}
	t = table(l, i->a);
	key = index_key(l, i, immediate, i->b);
	if (one)
		lv_expect(l, vs, want);
	else if (kind == LV_ARR_ANY && have == LV_T_ANY)
		check(l, HEW_CHECK_TAG, hew_ne(F, l->s[vs].t, lv_k32(l, LV_NIL)), 0);
	p = item(l, t, key, kind, &tag);
	if (kind != LV_ARR_ANY) {
		if (kind == NUMBERS)
			p = check(l, HEW_CHECK_TAG, hew_eq(F, tag, lv_tagval(l, &l->s[vs])), p);
		hew_store(F, HEW_FULL, LV_C_NUMBERS, p, 0, l->s[vs].v);
		l->state = 0;
		return true;
	}
	/* the old item is there: no __newindex */
	check(l, HEW_CHECK_TAG, hew_ne(F, field(l, HEW_I32, HEW_FULL, LV_C_VALUES, p, 8), lv_k32(l, LV_NIL)), 0);
	store_value(l, LV_C_VALUES, p, 0, &l->s[vs]);
	return true;
}

/* The node where the hint says that the key is; guards that it is there. */
static hew_val node(struct lifter *l, const struct lv_ins *i, hew_val t)
{
	const struct lv_value *k = &l->p->k[i->c];
	uint32_t h = i->fb - 1u;
	hew_val mask = field(l, HEW_I32, HEW_FULL, LV_C_HEADER, t, FIELD(lv_table, hmask)), n, same;

	t = check(l, HEW_CHECK_SHAPE, hew_ule(F, lv_k32(l, (int32_t)h), mask), t);
	n = field(l, HEW_PTR, HEW_FULL, LV_C_HEADER, t, FIELD(lv_table, node));
	n = hew_add(F, n, lv_k(l, (int64_t)(h * sizeof(struct lv_node))));
	same = hew_eq(F, field(l, HEW_I64, HEW_FULL, LV_C_NODEKEY, n, FIELD(lv_node, key)), lv_k(l, k->i));
	n = check(l, HEW_CHECK_IDENTITY, same, n);
	same = hew_eq(F, field(l, HEW_I32, HEW_FULL, LV_C_NODEKEY, n, FIELD(lv_node, key) + 8), lv_k32(l, LV_STR));
	return check(l, HEW_CHECK_IDENTITY, same, n);
}

static bool hinted(const struct lifter *l, const struct lv_ins *i)
{
	return !l->flow.generic && i->fb >= 1 && i->fb <= 254 && l->p->k[i->c].s->len <= LV_SHORT;
}

static void get_named(struct lifter *l, const struct lv_ins *i, hew_val t)
{
	hew_val n = node(l, i, t), tag = field(l, HEW_I32, HEW_FULL, LV_C_NODEVAL, n, 8), v = field(l, HEW_I64, HEW_FULL, LV_C_NODEVAL, n, 0);

	v = check(l, HEW_CHECK_TAG, hew_ne(F, tag, lv_k32(l, LV_NIL)), v);
	lv_set_any(l, i->a, tag, v);
}

static void set_named(struct lifter *l, const struct lv_ins *i, hew_val t, const struct lslot *v)
{
	hew_val n = node(l, i, t);

	check(l, HEW_CHECK_TAG, hew_ne(F, field(l, HEW_I32, HEW_FULL, LV_C_NODEVAL, n, 8), lv_k32(l, LV_NIL)), 0);
	store_value(l, LV_C_NODEVAL, n, 0, v);
}

/* The table in an upvalue, _ENV mostly. */
static hew_val upvalue_table(struct lifter *l, uint32_t up)
{
	hew_val box = upvalue_box(l, up), tag = field(l, HEW_I32, HEW_FULL, LV_C_BOX, box, FIELD(lv_box, v) + 8);
	hew_val v = field(l, HEW_I64, HEW_FULL, LV_C_BOX, box, FIELD(lv_box, v));

	return ptr(l, check(l, HEW_CHECK_TAG, hew_eq(F, tag, lv_k32(l, LV_TABLE)), v));
}

static void get_field(struct lifter *l, const struct lv_ins *i)
{
	if (!hinted(l, i) || (i->op == LV_OP_GETFIELD && !table_fits(l, i->b)))
		generic(l, i);
	else
		get_named(l, i, i->op == LV_OP_GETTABUP ? upvalue_table(l, i->b) : table(l, i->b));
}

static void set_field(struct lifter *l, const struct lv_ins *i)
{
	bool up = i->op == LV_OP_SETTABUP;

	if (!hinted(l, i) || (!up && !table_fits(l, i->a)))
		generic(l, i);
	else
		set_named(l, i, up ? upvalue_table(l, i->b) : table(l, i->a), &l->s[up ? i->a : i->b]);
}

static void len(struct lifter *l, const struct lv_ins *i)
{
	struct hew_call c = { .result = { HEW_I64 }, .reads = HEW_ALL_CLASSES };
	hew_val t, meta;

	if (i->fb == LV_FB_T_STR && !l->flow.generic) {
		lv_expect(l, i->b, LV_STR);
		lv_set(l, i->a, LV_INT, field(l, HEW_I64, HEW_FULL, LV_C_FIXED, ptr(l, l->s[i->b].v), FIELD(lv_str, len)));
	} else if (i->fb == LV_FB_T_TABLE && !l->flow.generic) {
		t = table(l, i->b);
		meta = field(l, HEW_I64, HEW_FULL, LV_C_HEADER, t, FIELD(lv_table, meta));
		t = check(l, HEW_CHECK_SHAPE, hew_eq(F, meta, lv_k(l, 0)), t);
		lv_set(l, i->a, LV_INT, hew_call(F, hew_ptr(F, (void *)(uintptr_t)lv_len), &c, 1, &t));
		l->state = 0;
	} else {
		generic(l, i);
	}
}

/* ---- calls ------------------------------------------------------------------------------------------------------------------------------- */

/* Guards that slot a is a closure of the prototype with this id; returns the prototype. */
static hew_val expect_proto(struct lifter *l, uint32_t a, uint32_t id)
{
	hew_val f, p, have;

	lv_expect(l, a, LV_FUNC);
	f = ptr(l, l->s[a].v);
	p = field(l, HEW_PTR, HEW_FULL, LV_C_FIXED, f, FIELD(lv_closure, p));
	have = field(l, HEW_I32, HEW_FULL, LV_C_FIXED, p, FIELD(lv_proto, id));
	return check(l, HEW_CHECK_IDENTITY, hew_eq(F, have, lv_k32(l, (int32_t)id)), p);
}

/* How the callee's frame is entered, and that it is the running one. */
static void write_call(struct lifter *l, const struct lv_ins *i, hew_val base)
{
	int64_t word = (int64_t)(i->a + 2) | (int64_t)i->c << 32 | (int64_t)(LV_FR_FRESH | LV_FR_NATIVE) << 48;

	hew_store(F, HEW_FULL, LV_C_STACK, l->base, lv_offset(i->a + 1), hew_ptr(F, i + 2));
	hew_store(F, HEW_FULL, LV_C_STACK, l->base, lv_offset(i->a + 1) + 8, lv_k(l, word));
	hew_store(F, HEW_FULL, LV_C_STATE, l->vm, FIELD(lv_state, base), base);
}

/* Writes the callee's frame: function, info, arguments, nil for those that are missing. Returns its base. */
static hew_val push_frame(struct lifter *l, const struct lv_ins *i, const struct lv_proto *callee)
{
	uint32_t a = i->a, n = i->b;
	hew_val base = hew_add(F, l->base, lv_k(l, lv_offset(a + 2)));

	lv_flush(l, a);
	write_call(l, i, base);
	for (uint32_t k = 0; k < n && (k < callee->nparams || callee->isvararg); k++)
		lv_flush(l, a + 2 + k);
	for (uint32_t k = n; k < callee->nparams; k++) {
		hew_store(F, HEW_FULL, LV_C_STACK, l->base, lv_offset(a + 2 + k), lv_k(l, 0));
		hew_store(F, HEW_FULL, LV_C_STACK, l->base, lv_offset(a + 2 + k) + 8, lv_k32(l, LV_NIL));
	}
	if (callee->isvararg)
		hew_store(F, HEW_FULL, LV_C_STATE, l->vm, FIELD(lv_state, top), hew_add(F, base, lv_k(l, (int64_t)n * 16)));
	return base;
}

/* Locals below a call go to memory: debug.getlocal of the callee may ask for them, and a stale slot would answer. */
static void flush_below(struct lifter *l, uint32_t a)
{
	for (uint32_t s = 0; s < a; s++)
		lv_flush(l, s);
}

static void forget_above(struct lifter *l, uint32_t a)
{
	for (uint32_t s = a; s < l->flow.n_slots; s++)
		l->s[s].mem = false;
	l->state = 0;
}

static void call_lua(struct lifter *l, const struct lv_ins *i, const struct lv_proto *callee)
{
	struct hew_call c = { .result = { HEW_I64, HEW_I64 }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES };
	hew_val p = expect_proto(l, i->a, callee->id), base, entry, r, word;

	lv_write_frame(l);
	flush_below(l, i->a);
	base = push_frame(l, i, callee);
	entry = field(l, HEW_PTR, HEW_FULL, LV_C_ENTRY, p, FIELD(lv_proto, tier) + FIELD(hew_tier, entry));
	entry = hew_select(F, hew_ne(F, entry, hew_ptr(F, NULL)), entry, hew_ptr(F, (void *)(uintptr_t)lv_rt_interpret));
	r = hew_call(F, entry, &c, 2, (hew_val[]){ l->vm, base });
	word = hew_result2(F, r);
	forget_above(l, i->a);
	if (i->c >= 1)
		lv_set_any(l, i->a, hew_and(F, hew_trunc(F, HEW_I32, word), lv_k32(l, 0xff)), r);
	/* the others stand in memory, as many as there are */
	for (uint32_t k = 1; k < i->c; k++) {
		hew_val there = hew_lt(F, lv_k(l, 256 * (int64_t)(k + 1) - 1), word);
		hew_val v = field(l, HEW_I64, HEW_FULL, LV_C_STACK, l->base, lv_offset(i->a + k)), t = field(l, HEW_I32, HEW_FULL, LV_C_STACK, l->base, lv_offset(i->a + k) + 8);

		lv_set_any(l, i->a + k, hew_select(F, there, t, lv_k32(l, LV_NIL)), hew_select(F, there, v, lv_k(l, 0)));
	}
}

/* What native code returned goes where the interpreter would have put it. */
static void store_results(struct lifter *l, const struct lv_ins *i, hew_val r, hew_val word)
{
	hew_val nil = lv_k32(l, LV_NIL), tag = hew_and(F, hew_trunc(F, HEW_I32, word), lv_k32(l, 0xff)), size;

	if (i->c == 0)
		return;
	hew_store(F, HEW_FULL, LV_C_STACK, l->base, lv_offset(i->a), r);
	hew_store(F, HEW_FULL, LV_C_STACK, l->base, lv_offset(i->a) + 8, tag);
	if (i->c == LV_OPEN) {
		size = hew_shl(F, hew_shr(F, word, lv_k(l, 8)), lv_k(l, 4));
		hew_store(F, HEW_FULL, LV_C_STATE, l->vm, FIELD(lv_state, top), hew_add(F, hew_add(F, l->base, lv_k(l, lv_offset(i->a))), size));
		return;
	}
	for (uint32_t k = 1; k < i->c; k++) {
		hew_val there = hew_lt(F, lv_k(l, 256 * (int64_t)(k + 1) - 1), word), t = field(l, HEW_I32, HEW_FULL, LV_C_STACK, l->base, lv_offset(i->a + k) + 8);

		hew_store(F, HEW_FULL, LV_C_STACK, l->base, lv_offset(i->a + k) + 8, hew_select(F, there, t, nil));
	}
}

/* Any function: straight into the native code it has if all its parameters get arguments, else by the runtime. Nothing is guessed. */
static void call_any(struct lifter *l, const struct lv_ins *i)
{
	struct hew_call c = { .result = { HEW_I64, HEW_I64 }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES };
	uint32_t a = i->a;
	hew_val base = hew_add(F, l->base, lv_k(l, lv_offset(a + 2))), is_lua = hew_eq(F, lv_tagval(l, &l->s[a]), lv_k32(l, LV_FUNC));
	hew_val f, p, entry, need, top, r, word;
	hew_block native = hew_block_new(F), other = hew_block_new(F), done = hew_block_new(F);

	lv_write_frame(l);
	flush_below(l, a);
	lv_ins_reads(l->p, i, flush, l);
	/* loads may be executed early: there is a function to load from in any case */
	f = ptr(l, hew_select(F, is_lua, lv_bits(l, &l->s[a]), lv_k(l, (int64_t)(uintptr_t)&lv_no_closure)));
	p = field(l, HEW_PTR, HEW_FULL, LV_C_FIXED, f, FIELD(lv_closure, p));
	need = hew_shl(F, field(l, HEW_I64, HEW_8U, LV_C_FIXED, p, FIELD(lv_proto, nparams)), lv_k(l, 4));
	entry = field(l, HEW_PTR, HEW_FULL, LV_C_ENTRY, p, FIELD(lv_proto, tier) + FIELD(hew_tier, entry));
	top = i->b == LV_OPEN ? field(l, HEW_PTR, HEW_FULL, LV_C_STATE, l->vm, FIELD(lv_state, top)) : hew_add(F, base, lv_k(l, (int64_t)i->b * 16));
	hew_branch(F, hew_and(F, hew_ne(F, entry, hew_ptr(F, NULL)), hew_ule(F, hew_add(F, base, need), top)), native, 0, NULL, other, 0, NULL);
	hew_begin(F, native);
	write_call(l, i, base);
	if (i->b != LV_OPEN)
		hew_store(F, HEW_FULL, LV_C_STATE, l->vm, FIELD(lv_state, top), top);
	r = hew_call(F, entry, &c, 2, (hew_val[]){ l->vm, base });
	word = hew_result2(F, r);
	store_results(l, i, r, word);
	hew_jump(F, done, 0, NULL);
	hew_begin(F, other);
	lv_call_rt(l, (void *)(uintptr_t)lv_rt[LV_OP_CALL], i);
	hew_jump(F, done, 0, NULL);
	hew_begin(F, done);
	l->cur = done;
	forget_above(l, a);
	lv_ins_writes(l->p, i, reload, l);
}

/* `...` as an open list: a copy of what stands below the frame. */
static void vararg_open(struct lifter *l, const struct lv_ins *i)
{
	hew_val size = hew_shl(F, field(l, HEW_I64, HEW_FULL, LV_C_STACK, l->base, -48), lv_k(l, 4)), to = hew_add(F, l->base, lv_k(l, lv_offset(i->a)));
	hew_val from = hew_sub(F, hew_add(F, l->base, lv_k(l, -48)), size), end = hew_add(F, to, size);
	hew_val last = field(l, HEW_PTR, HEW_FULL, LV_C_STATE, l->vm, FIELD(lv_state, stack_last)), zero = lv_k(l, 0), at;
	hew_block fits = hew_block_new(F), over = hew_block_new(F), next = hew_block_new(F), copy = hew_block_new(F), done = hew_block_new(F);

	at = hew_block_arg(F, next, HEW_I64);
	flush_below(l, i->a);
	hew_cold(F, over);
	hew_branch(F, hew_ule(F, hew_add(F, end, lv_k(l, LV_MINSTACK * 16)), last), fits, 0, NULL, over, 0, NULL);
	hew_begin(F, over);
	lv_call_rt(l, (void *)(uintptr_t)lv_rt[LV_OP_VARARG], i);
	hew_jump(F, done, 0, NULL);
	hew_begin(F, fits);
	hew_store(F, HEW_FULL, LV_C_STATE, l->vm, FIELD(lv_state, top), end);
	hew_jump(F, next, 1, &zero);
	hew_begin(F, next);
	hew_branch(F, hew_ult(F, at, size), copy, 0, NULL, done, 0, NULL);
	hew_begin(F, copy);
	for (int32_t off = 0; off < 16; off += 8)
		hew_store(F, HEW_FULL, LV_C_STACK, hew_add(F, to, at), off, field(l, HEW_I64, HEW_FULL, LV_C_STACK, hew_add(F, from, at), off));
	at = hew_add(F, at, lv_k(l, 16));
	hew_jump(F, next, 1, &at);
	hew_begin(F, done);
	l->cur = done;
	forget_above(l, i->a);
}

static void floor_(struct lifter *l, const struct lv_ins *i, struct lslot x)
{
	hew_val r, fits;

	if (x.tag == LV_INT) {
		lv_set(l, i->a, LV_INT, x.v);
		return;
	}
	r = hew_ffloor(F, x.v);
	fits = hew_and(F, hew_fle(F, hew_f64(F, -9223372036854775808.0), r), hew_flt(F, r, hew_f64(F, 9223372036854775808.0)));
	r = check(l, HEW_CHECK_BOUNDS, fits, r);
	lv_set(l, i->a, LV_INT, hew_ftoi(F, HEW_I64, r));
}

/* Functions of the library that are an operation or two. False: not one of them, or not with these arguments. */
static bool call_builtin(struct lifter *l, const struct lv_ins *i, unsigned id)
{
	uint32_t a = i->a, n = i->b;
	struct lslot x = l->s[a + 2];
	hew_val f, have;

	if (n != 1 || i->c != 1 || (id != LV_B_SQRT && id != LV_B_FLOOR && id != LV_B_ABS))
		return false;
	if (x.tag != LV_INT && x.tag != LV_FLT && x.tag != LV_T_ANY)
		return false;
	lv_expect(l, a, LV_CFUNC);
	f = ptr(l, l->s[a].v);
	have = field(l, HEW_I32, HEW_16U, LV_C_FIXED, f, FIELD(lv_cfunc, builtin));
	check(l, HEW_CHECK_IDENTITY, hew_eq(F, have, lv_k32(l, (int32_t)id)), 0);
	if (id == LV_B_SQRT) {
		lv_set(l, a, LV_FLT, hew_fsqrt(F, as_float(l, &x)));
		return true;
	}
	if (x.tag == LV_T_ANY) {
		lv_expect(l, a + 2, LV_FLT);
		x = l->s[a + 2];
	}
	if (id == LV_B_FLOOR)
		floor_(l, i, x);
	else if (x.tag == LV_FLT)
		lv_set(l, a, LV_FLT, hew_fabs(F, x.v));
	else
		lv_set(l, a, LV_INT, hew_select(F, hew_lt(F, x.v, lv_k(l, 0)), hew_neg(F, x.v), x.v));
	return true;
}

static bool call(struct lifter *l, const struct lv_ins *i)
{
	const struct lv_call_cache *c = (const struct lv_call_cache *)(i + 1);
	const struct lv_proto *callee = c->kind == LV_CALLEE_PROTO && c->proto < l->L->nprotos ? l->L->protos[c->proto] : NULL;

	if (c->kind == LV_CALLEE_NONE && !l->flow.generic)
		return never(l);
	if (callee && !l->flow.generic && i->b != LV_OPEN && i->c <= 4 && (l->s[i->a].tag == LV_FUNC || l->s[i->a].tag == LV_T_ANY)) {
		if (!lv_can_inline(l, i, callee)) {
			call_lua(l, i, callee);
			return true;
		}
		expect_proto(l, i->a, callee->id);
		return lv_inline(l, i, callee);
	}
	if (c->kind == LV_CALLEE_C && !l->flow.generic && i->b != LV_OPEN && call_builtin(l, i, c->builtin))
		return true;
	if (c->kind != LV_CALLEE_C && (i->c <= 4 || i->c == LV_OPEN)) {
		call_any(l, i);
		return true;
	}
	flush_below(l, i->a);
	lv_ins_reads(l->p, i, flush, l);
	lv_call_rt(l, (void *)(uintptr_t)lv_rt[LV_OP_CALL], i);
	forget_above(l, i->a);
	lv_ins_writes(l->p, i, reload, l);
	return true;
}

static bool return_(struct lifter *l, const struct lv_ins *i)
{
	const struct lslot *s = &l->s[i->a];
	hew_val r;

	if (l->parent) {
		struct lret *x = lv_alloc(l, sizeof *x);

		*x = (struct lret){ l->returns, l->cur, i->op == LV_OP_RETURN1 ? *s : (struct lslot){ .tag = LV_NIL, .v = lv_k(l, 0) } };
		l->returns = x;
		return false;
	}
	if (i->op == LV_OP_RETURN0) {
		hew_ret2(F, lv_k(l, 0), lv_k(l, 0));
	} else if (i->op == LV_OP_RETURN1) {
		hew_val tag = s->tag == LV_T_ANY ? hew_or(F, hew_zext(F, HEW_I64, s->t), lv_k(l, 256)) : lv_k(l, 256 | s->tag);

		hew_ret2(F, lv_bits(l, s), tag);
	} else {
		lv_ins_reads(l->p, i, flush, l);
		r = call_native(l, i->op == LV_OP_RETURN ? (void *)(uintptr_t)lv_rt_return : (void *)(uintptr_t)lv_rt_tailcall, i, HEW_I64, HEW_I64);
		hew_ret2(F, r, hew_result2(F, r));
	}
	return false;
}

static void vararg_prepare(struct lifter *l, const struct lv_ins *i)
{
	for (uint32_t s = 0; s < l->p->nparams; s++)
		lv_flush(l, s);
	l->base = call_native(l, (void *)(uintptr_t)lv_rt_varargprep, i, HEW_PTR, HEW_VOID);
}

/* ---- the switch ------------------------------------------------------------------------------------------------------------------------------ */

/* False: the block has ended. */
/* sizes: table */
static bool lift(struct lifter *l, const struct lv_ins *i)
{
	if (lv_is_arith(i->op))
		return arith(l, i);
	if (lv_is_compare(i->op))
		return compare(l, i);
	switch (i->op) {
	case LV_OP_MOV: l->s[i->a] = l->s[i->b]; l->s[i->a].mem = false; return true;
	case LV_OP_LOADK: l->s[i->a] = lv_constant(l, (uint32_t)i->w); return true;
	case LV_OP_LOADI: lv_set(l, i->a, LV_INT, lv_k(l, i->w)); return true;
	case LV_OP_LOADNIL: for (uint32_t k = 0; k < i->b; k++) lv_set(l, i->a + k, LV_NIL, lv_k(l, 0)); return true;
	case LV_OP_LOADFALSE: lv_set(l, i->a, LV_FALSE, lv_k(l, 0)); return true;
	case LV_OP_LOADTRUE: lv_set(l, i->a, LV_TRUE, lv_k(l, 0)); return true;
	case LV_OP_POP: case LV_OP_CACHE: return true;
	case LV_OP_GETUP: load_box(l, i->a, upvalue_box(l, i->b)); return true;
	case LV_OP_SETUP: store_value(l, LV_C_BOX, upvalue_box(l, i->b), FIELD(lv_box, v), &l->s[i->a]); return true;
	case LV_OP_NEWBOX: generic_typed(l, i, LV_BOX); return true;
	case LV_OP_GETBOX: load_box(l, i->a, ptr(l, lv_bits(l, &l->s[i->b]))); return true;
	case LV_OP_SETBOX: store_value(l, LV_C_BOX, ptr(l, lv_bits(l, &l->s[i->a])), FIELD(lv_box, v), &l->s[i->b]); return true;
	case LV_OP_GETTABUP: case LV_OP_GETFIELD: get_field(l, i); return true;
	case LV_OP_SETTABUP: case LV_OP_SETFIELD: set_field(l, i); return true;
	case LV_OP_GETINDEX: case LV_OP_GETINDEXI: return get_index(l, i);
	case LV_OP_SETINDEX: case LV_OP_SETINDEXI: return set_index(l, i);
	case LV_OP_NEWTABLE: generic_typed(l, i, LV_TABLE); return true;
	case LV_OP_CLOSURE: generic_typed(l, i, LV_FUNC); return true;
	case LV_OP_NOT: not_(l, i); return true;
	case LV_OP_LEN: len(l, i); return true;
	case LV_OP_JMP: lv_goto(l, l->bb->succ[0]); return false;
	case LV_OP_LOOP: poll(l); lv_goto(l, l->bb->succ[0]); return false;
	case LV_OP_JT: case LV_OP_JTKEEP: return truth(l, i, true);
	case LV_OP_JF: case LV_OP_JFKEEP: return truth(l, i, false);
	case LV_OP_FORPREP: return for_prepare(l, i);
	case LV_OP_FORLOOP: return for_loop(l, i);
	case LV_OP_TFORPREP: if (l->s[i->a + 3].tag != LV_NIL) generic(l, i); lv_goto(l, l->bb->succ[0]); return false;
	case LV_OP_TFORLOOP: return tfor_loop(l, i);
	case LV_OP_TFORCALL: generic(l, i); return true;
	case LV_OP_CALL: return call(l, i);
	case LV_OP_RETURN: case LV_OP_RETURN0: case LV_OP_RETURN1: case LV_OP_TAILCALL: return return_(l, i);
	case LV_OP_VARARGPREP: vararg_prepare(l, i); return true;
	case LV_OP_VARARG: if (i->b == LV_OPEN) vararg_open(l, i); else generic(l, i); return true;
	default: generic(l, i); return true;
	}
}

void lv_lift_block(struct lifter *l)
{
	for (l->pc = l->bb->from; l->pc < l->bb->to; l->pc++) {
		l->state = 0;
		if (!lift(l, &l->p->code[l->pc]))
			return;
	}
	lv_goto(l, l->bb->succ[0]);
}
