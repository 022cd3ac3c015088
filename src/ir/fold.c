/* SPDX-License-Identifier: MIT
 * fold.c - what a node is worth before it is made: constants, operands, cheaper nodes.
 *
 * One law per comment line, written once for all widths. A law never creates a fault on a path that had none and
 * never removes one that may happen: a/0 stays a node. Floating laws keep NaN, signed zero and rounding exact.
 */
#include "ir/ir.h"

#include <math.h>

static unsigned width(enum ir_type t) { return t == IR_T_i32 ? 32 : 64; }
static int64_t wrap(enum ir_type t, uint64_t x) { return t == IR_T_i32 ? (int32_t)x : (int64_t)x; }
static uint64_t zext_of(enum ir_type t, int64_t x) { return t == IR_T_i32 ? (uint32_t)x : (uint64_t)x; }

static double to_f64(enum ir_type t, int64_t bits)
{
	double d;
	float s;
	uint32_t w = (uint32_t)bits;

	if (t == IR_T_f32) {
		memcpy(&s, &w, 4);
		return (double)s;
	}
	memcpy(&d, &bits, 8);
	return d;
}

static int64_t from_f64(enum ir_type t, double d)
{
	float s = (float)d;
	uint32_t w;
	int64_t bits;

	if (t == IR_T_f32) {
		memcpy(&w, &s, 4);
		return (int64_t)w;
	}
	memcpy(&bits, &d, 8);
	return bits;
}

static int64_t float_to_int(enum ir_type t, double d)
{
	int64_t min = t == IR_T_i32 ? INT32_MIN : INT64_MIN;
	double limit = t == IR_T_i32 ? 2147483648.0 : 9223372036854775808.0;

	if (t == IR_T_i32)
		return d > -2147483649.0 && d < limit ? (int64_t)d : min;
	return d >= -limit && d < limit ? (int64_t)d : min;
}

static bool divide(enum ir_op op, enum ir_type t, int64_t a, int64_t b, int64_t *out)
{
	int64_t min = t == IR_T_i32 ? INT32_MIN : INT64_MIN;

	if (b == 0 || ((op == IR_sdiv || op == IR_srem) && a == min && b == -1))
		return false;
	switch (op) {
	case IR_sdiv: *out = a / b; break;
	case IR_srem: *out = a % b; break;
	case IR_udiv: *out = wrap(t, zext_of(t, a) / zext_of(t, b)); break;
	default:      *out = wrap(t, zext_of(t, a) % zext_of(t, b)); break;
	}
	return true;
}

static int64_t mul_high(bool sign, enum ir_type t, int64_t a, int64_t b)
{
	__int128 p = sign ? (__int128)a * b : (__int128)((unsigned __int128)zext_of(t, a) * zext_of(t, b));

	return wrap(t, (uint64_t)((unsigned __int128)p >> width(t)));
}

static bool compute_float(enum ir_op op, enum ir_type t, double a, double b, int64_t *out)
{
	switch (op) {
	case IR_feq: *out = a == b; break;
	case IR_fne: *out = a != b; break;
	case IR_flt: *out = a < b; break;
	case IR_fle: *out = a <= b; break;
	case IR_fadd: *out = from_f64(t, a + b); break;
	case IR_fsub: *out = from_f64(t, a - b); break;
	case IR_fmul: *out = from_f64(t, a * b); break;
	case IR_fdiv: *out = from_f64(t, a / b); break;
	case IR_fsqrt: *out = from_f64(t, t == IR_T_f32 ? (double)sqrtf((float)a) : sqrt(a)); break;
	case IR_ffloor: *out = from_f64(t, floor(a)); break;
	case IR_fceil: *out = from_f64(t, ceil(a)); break;
	case IR_ftrunc: *out = from_f64(t, trunc(a)); break;
	default: return false;
	}
	return true;
}

/* sizes: table */
bool ir_compute(enum ir_op op, enum ir_type t, enum ir_type ot, int64_t a, int64_t b, int64_t c, int64_t *out)
{
	uint64_t ua = zext_of(ot, a), ub = zext_of(ot, b);
	unsigned sh = (unsigned)b & (width(ot) - 1);

	switch (op) {
	case IR_add: *out = wrap(t, ua + ub); return true;
	case IR_sub: *out = wrap(t, ua - ub); return true;
	case IR_mul: *out = wrap(t, ua * ub); return true;
	case IR_smulh: *out = mul_high(true, ot, a, b); return true;
	case IR_umulh: *out = mul_high(false, ot, a, b); return true;
	case IR_and: *out = a & b; return true;
	case IR_or:  *out = a | b; return true;
	case IR_xor: *out = a ^ b; return true;
	case IR_shl: *out = wrap(t, ua << sh); return true;
	case IR_shr: *out = wrap(t, ua >> sh); return true;
	case IR_sar: *out = a >> sh; return true;
	case IR_rotl: *out = wrap(t, sh ? ua << sh | ua >> (width(ot) - sh) : ua); return true;
	case IR_sdiv: case IR_srem: case IR_udiv: case IR_urem: return divide(op, ot, a, b, out);
	case IR_neg: *out = wrap(t, 0 - ua); return true;
	case IR_not: *out = ~a; return true;
	case IR_sext8: *out = (int8_t)a; return true;
	case IR_sext16: *out = (int16_t)a; return true;
	case IR_bswap: *out = t == IR_T_i32 ? (int32_t)__builtin_bswap32((uint32_t)a) : (int64_t)__builtin_bswap64((uint64_t)a); return true;
	case IR_sext: *out = (int32_t)a; return true;
	case IR_zext: *out = (uint32_t)a; return true;
	case IR_trunc: *out = (int32_t)a; return true;
	case IR_itof: *out = t == IR_T_f32 ? from_f64(t, (double)(float)a) : from_f64(t, (double)a); return true;
	case IR_ftoi: *out = float_to_int(t, to_f64(ot, a)); return true;
	case IR_fcvt: *out = from_f64(t, to_f64(ot, a)); return true;
	case IR_bitcast: *out = t == IR_T_i32 ? (int32_t)a : t == IR_T_f32 ? (int64_t)(uint32_t)a : a; return true;
	case IR_eq: *out = a == b; return true;
	case IR_ne: *out = a != b; return true;
	case IR_lt: *out = a < b; return true;
	case IR_le: *out = a <= b; return true;
	case IR_ult: *out = ua < ub; return true;
	case IR_ule: *out = ua <= ub; return true;
	case IR_select: *out = a ? b : c; return true;
	case IR_fneg: *out = a ^ (t == IR_T_f32 ? INT64_C(0x80000000) : INT64_MIN); return true;
	case IR_fabs: *out = a & (t == IR_T_f32 ? INT64_C(0x7fffffff) : INT64_MAX); return true;
	default: return compute_float(op, t, to_f64(ot, a), to_f64(ot, b), out);
	}
}

/* ---- laws ----------------------------------------------------------------------------------------------- */

static bool is_pow2(int64_t x) { return x > 0 && (x & (x - 1)) == 0; }
static int log2_of(int64_t x) { return __builtin_ctzll((uint64_t)x); }

static ir_ref again(struct ir_func *f, enum ir_op op, enum ir_type t, ir_ref a, ir_ref b)
{
	return ir_emit(f, op, t, 0, a, b, 0);
}

/* x op (y op k1) and the like: the constant of the left operand, if it is `op` with one */
static bool has_const(const struct ir_func *f, ir_ref r, enum ir_op op)
{
	return r > 0 && ir_at(f, r)->op == op && ir_is_const(ir_at(f, r)->b);
}

static ir_ref fold_add(struct ir_func *f, struct ir_node *n)
{
	enum ir_type t = n->type;

	/* x + 0 => x */
	if (ir_is_k(f, n->b, 0))
		return n->a;
	/* (x + k1) + k2 => x + (k1 + k2) */
	if (ir_is_const(n->b) && has_const(f, n->a, IR_add)) {
		const struct ir_node *m = ir_at(f, n->a);
		enum ir_type kt = ir_type_of(f, n->b);

		int64_t sum;
		bool exact = !__builtin_add_overflow(ir_kbits(f, m->b), ir_kbits(f, n->b), &sum);
		ir_ref k = ir_const(f, kt, sum);

		return ir_emit(f, IR_add, t, exact && ir_kbits(f, k) == sum ? m->aux & n->aux : 0, m->a, k, 0);
	}
	return IR_NONE;
}

static ir_ref fold_sub(struct ir_func *f, struct ir_node *n)
{
	enum ir_type t = n->type, kt = ir_type_of(f, n->b);

	/* x - x => 0 */
	if (n->a == n->b)
		return ir_const(f, t, 0);
	/* x - k => x + -k */
	if (ir_is_const(n->b))
		return ir_emit(f, IR_add, t, ir_kbits(f, n->b) == (t == IR_T_i32 ? INT32_MIN : INT64_MIN) ? 0 : n->aux, n->a,
			ir_const(f, kt, (int64_t)(0 - (uint64_t)ir_kbits(f, n->b))), 0);
	/* 0 - x => neg x */
	if (ir_is_k(f, n->a, 0))
		return again(f, IR_neg, t, n->b, 0);
	/* (x + y) - y => x */
	if (n->a > 0 && ir_at(f, n->a)->op == IR_add && t != IR_T_ptr) {
		if (ir_at(f, n->a)->b == n->b && ir_type_of(f, ir_at(f, n->a)->a) == t)
			return ir_at(f, n->a)->a;
		if (ir_at(f, n->a)->a == n->b && ir_type_of(f, ir_at(f, n->a)->b) == t)
			return ir_at(f, n->a)->b;
	}
	return IR_NONE;
}

static ir_ref fold_mul(struct ir_func *f, struct ir_node *n)
{
	enum ir_type t = n->type;

	if (!ir_is_const(n->b))
		return IR_NONE;
	/* x * 0 => 0 */
	if (ir_is_k(f, n->b, 0))
		return n->b;
	/* x * 1 => x */
	if (ir_is_k(f, n->b, 1))
		return n->a;
	/* x * -1 => neg x */
	if (ir_is_k(f, n->b, -1))
		return again(f, IR_neg, t, n->a, 0);
	return IR_NONE;
}

/* The low 32 bits of the 64-bit value are 0; the high ones are. */
static bool no_low(const struct ir_func *f, ir_ref r)
{
	const struct ir_node *m = r > 0 ? ir_at(f, r) : NULL;

	return m && ir_is_const(m->b) && ((m->op == IR_shl && (ir_kbits(f, m->b) & 63) >= 32) || (m->op == IR_and && !(uint32_t)ir_kbits(f, m->b)));
}

/* All bits that a number up to x may have. */
static uint64_t up_to(uint64_t x) { return x ? UINT64_MAX >> __builtin_clzll(x) : 0; }

/* Bits of an i32 or i64 that may be other than 0, as far as its definition and a few before it tell. */
static uint64_t may_be_set(const struct ir_func *f, ir_ref r, unsigned depth)
{
	uint64_t all = ir_type_of(f, r) == IR_T_i32 ? UINT32_MAX : UINT64_MAX, most;
	const struct ir_node *n = r > 0 ? ir_at(f, r) : NULL;

	if (ir_is_const(r))
		return (uint64_t)ir_kbits(f, r) & all;
	if (!n || depth == 3)
		return n && n->op == IR_zext ? UINT32_MAX : all;
	switch (n->op) {
	case IR_and:
		return may_be_set(f, n->a, depth + 1) & may_be_set(f, n->b, depth + 1);
	case IR_or: case IR_xor:
		return may_be_set(f, n->a, depth + 1) | may_be_set(f, n->b, depth + 1);
	case IR_shr:
		return ir_is_const(n->b) ? may_be_set(f, n->a, depth + 1) >> (ir_kbits(f, n->b) & (width(n->type) - 1)) : all;
	case IR_shl:
		return ir_is_const(n->b) ? may_be_set(f, n->a, depth + 1) << (ir_kbits(f, n->b) & (width(n->type) - 1)) & all : all;
	case IR_zext: case IR_trunc:
		return may_be_set(f, n->a, depth + 1) & all;
	case IR_select:
		return may_be_set(f, n->b, depth + 1) | may_be_set(f, n->c, depth + 1);
	case IR_add:
		return __builtin_add_overflow(may_be_set(f, n->a, depth + 1), may_be_set(f, n->b, depth + 1), &most) || most > all ? all : up_to(most);
	case IR_mul:
		return __builtin_mul_overflow(may_be_set(f, n->a, depth + 1), may_be_set(f, n->b, depth + 1), &most) || most > all ? all : up_to(most);
	case IR_udiv:
		return ir_is_const(n->b) && ir_kbits(f, n->b) ? up_to(may_be_set(f, n->a, depth + 1) / ((uint64_t)ir_kbits(f, n->b) & all)) : all;
	case IR_urem:
		return ir_is_const(n->b) && ir_kbits(f, n->b) ? up_to(((uint64_t)ir_kbits(f, n->b) & all) - 1) : all;
	case IR_load:
		return IR_MEM_WIDTH(n->aux) == IR_W_8U ? 0xff : IR_MEM_WIDTH(n->aux) == IR_W_16U ? 0xffff : IR_MEM_WIDTH(n->aux) == IR_W_32U ? UINT32_MAX : all;
	default:
		return n->op >= IR_eq && n->op <= IR_fle ? 1 : all;
	}
}

uint64_t ir_may_be_set(const struct ir_func *f, ir_ref r) { return may_be_set(f, r, 0); }

bool ir_no_high(const struct ir_func *f, ir_ref r) { return r > 0 && !(ir_may_be_set(f, r) >> 32); }

/* Is b, as a count of shifts, the width less a, or minus a? */
static bool complement(const struct ir_func *f, enum ir_type t, ir_ref a, ir_ref b)
{
	const struct ir_node *n = b > 0 ? ir_at(f, b) : NULL, *m = a > 0 ? ir_at(f, a) : NULL;

	if (n && m && n->op == m->op && (n->op == IR_zext || n->op == IR_sext || n->op == IR_trunc))
		return complement(f, t, m->a, n->a);
	if (ir_is_const(a) && ir_is_const(b))
		return ((uint64_t)ir_kbits(f, a) + (uint64_t)ir_kbits(f, b)) % width(t) == 0;
	if (n && n->op == IR_neg)
		return n->a == a;
	return n && n->op == IR_sub && n->b == a && ir_is_const(n->a) && (uint64_t)ir_kbits(f, n->a) % width(t) == 0;
}

/* (x << k) | (x >> (width - k)) => x rotated left by k; for ^ only when k is a constant other than 0 */
static ir_ref rotation(struct ir_func *f, const struct ir_node *n)
{
	enum ir_type t = n->type;

	for (unsigned turn = 0; n->a > 0 && n->b > 0 && turn < 2; turn++) {
		const struct ir_node *l = ir_at(f, turn ? n->b : n->a), *r = ir_at(f, turn ? n->a : n->b);

		if (l->op != IR_shl || r->op != IR_shr || l->a != r->a || (n->op != IR_or && (!ir_is_const(l->b) || ir_kbits(f, l->b) % width(t) == 0)))
			continue;
		if (complement(f, t, l->b, r->b) || complement(f, t, r->b, l->b))
			return again(f, IR_rotl, t, l->a, l->b);
	}
	return IR_NONE;
}


static bool not_negative(const struct ir_func *f, ir_ref r)
{
	return !(ir_may_be_set(f, r) >> (width(ir_type_of(f, r)) - 1));
}

static ir_ref fold_bits(struct ir_func *f, struct ir_node *n)
{
	enum ir_type t = n->type;
	ir_ref rotated = n->op == IR_and ? IR_NONE : rotation(f, n);

	if (rotated)
		return rotated;

	/* x & x => x, x | x => x */
	if (n->a == n->b && n->op != IR_xor)
		return n->a;
	/* x ^ x => 0 */
	if (n->a == n->b)
		return ir_const(f, t, 0);
	/* x & 0 => 0 */
	if (n->op == IR_and && ir_is_k(f, n->b, 0))
		return n->b;
	/* x & -1 => x, x | 0 => x, x ^ 0 => x */
	if (ir_is_k(f, n->b, n->op == IR_and ? -1 : 0))
		return n->a;
	/* x & k => x where k has all bits of x, 0 where it has none */
	if (n->op == IR_and && ir_is_const(n->b)) {
		uint64_t x = ir_may_be_set(f, n->a);

		if (!(x & ~(uint64_t)ir_kbits(f, n->b)))
			return n->a;
		if (!(x & (uint64_t)ir_kbits(f, n->b)))
			return ir_const(f, t, 0);
	}
	/* zext x & 0xffffffff => zext x, and the like; (x & k) with only high bits of what has none => 0 */
	if (n->op == IR_and && t == IR_T_i64 && ir_is_const(n->b)) {
		if ((ir_no_high(f, n->a) && (uint32_t)ir_kbits(f, n->b) == UINT32_MAX) || (no_low(f, n->a) && (uint64_t)ir_kbits(f, n->b) >> 32 == UINT32_MAX))
			return n->a;
		if ((ir_no_high(f, n->a) && !(uint32_t)ir_kbits(f, n->b)) || (no_low(f, n->a) && !((uint64_t)ir_kbits(f, n->b) >> 32)))
			return ir_const(f, t, 0);
		/* (x | y) & k => x & k when k keeps nothing of y */
		if (n->a > 0 && ir_at(f, n->a)->op == IR_or) {
			const struct ir_node *m = ir_at(f, n->a);
			bool low = !((uint64_t)ir_kbits(f, n->b) >> 32), high = !(uint32_t)ir_kbits(f, n->b);

			if ((low && no_low(f, m->b)) || (high && ir_no_high(f, m->b)))
				return again(f, IR_and, t, m->a, n->b);
			if ((low && no_low(f, m->a)) || (high && ir_no_high(f, m->a)))
				return again(f, IR_and, t, m->b, n->b);
		}
	}
	/* x | -1 => -1 */
	if (n->op == IR_or && ir_is_k(f, n->b, -1))
		return n->b;
	/* x ^ -1 => not x */
	if (n->op == IR_xor && ir_is_k(f, n->b, -1))
		return again(f, IR_not, t, n->a, 0);
	/* (x & k1) & k2 => x & (k1 & k2), same for | and ^ */
	if (ir_is_const(n->b) && has_const(f, n->a, n->op)) {
		const struct ir_node *m = ir_at(f, n->a);
		int64_t k = 0;

		ir_compute(n->op, t, t, ir_kbits(f, m->b), ir_kbits(f, n->b), 0, &k);
		return again(f, n->op, t, m->a, ir_const(f, t, k));
	}
	return IR_NONE;
}

static ir_ref fold_shift(struct ir_func *f, struct ir_node *n)
{
	enum ir_type t = n->type;
	unsigned k, k1;

	/* 0 << x => 0, 0 >> x => 0 */
	if (ir_is_k(f, n->a, 0))
		return n->a;
	if (!ir_is_const(n->b))
		return IR_NONE;
	k = (unsigned)ir_kbits(f, n->b) & (width(t) - 1);
	/* (x | y << 32) >> 32 => y's low half, when x has no high half; (zext x << 32) >> 32 => zext x */
	if (n->op == IR_shr && t == IR_T_i64 && k == 32 && n->a > 0) {
		const struct ir_node *m = ir_at(f, n->a);

		if (m->op == IR_or && ir_no_high(f, m->a))
			return again(f, IR_shr, t, m->b, n->b);
		if (m->op == IR_or && ir_no_high(f, m->b))
			return again(f, IR_shr, t, m->a, n->b);
		if (m->op == IR_shl && ir_is_const(m->b) && (ir_kbits(f, m->b) & 63) == 32 && ir_no_high(f, m->a))
			return m->a;
	}
	/* x << 0 => x (the count is taken modulo the width) */
	if (k == 0)
		return n->a;
	/* x >> k => 0 where x has no bits from k on */
	if (n->op == IR_shr && !(ir_may_be_set(f, n->a) >> k))
		return ir_const(f, t, 0);
	/* (x & k1) >> k => x >> k where k1 has all bits that are left; arithmetically as well when x is not negative */
	if (n->op == IR_shr && has_const(f, n->a, IR_and)) {
		const struct ir_node *m = ir_at(f, n->a);
		uint64_t all = width(t) == 32 ? UINT32_MAX : UINT64_MAX;

		if (!((~(uint64_t)ir_kbits(f, m->b) & all) >> k))
			return again(f, IR_shr, t, m->a, n->b);
	}
	if (n->op == IR_sar && not_negative(f, n->a))
		return again(f, IR_shr, t, n->a, n->b);
	/* (x rotl k1) rotl k2 => x rotl (k1 + k2) */
	if (n->op == IR_rotl && has_const(f, n->a, IR_rotl)) {
		k1 = (unsigned)ir_kbits(f, ir_at(f, n->a)->b);
		return again(f, IR_rotl, t, ir_at(f, n->a)->a, ir_const(f, ir_type_of(f, n->b), (k + k1) & (width(t) - 1)));
	}
	/* (x << k1) << k2 => x << (k1 + k2), or 0 when that is all of it; sar stops at width - 1 */
	if (has_const(f, n->a, n->op)) {
		k1 = (unsigned)ir_kbits(f, ir_at(f, n->a)->b) & (width(t) - 1);
		if (k + k1 >= width(t) && n->op != IR_sar)
			return ir_const(f, t, 0);
		k = k + k1 >= width(t) ? width(t) - 1 : k + k1;
		return again(f, n->op, t, ir_at(f, n->a)->a, ir_const(f, ir_type_of(f, n->b), k));
	}
	if (ir_kbits(f, n->b) != (int64_t)k)
		n->b = ir_const(f, ir_type_of(f, n->b), k);
	return IR_NONE;
}

static ir_ref fold_divide(struct ir_func *f, struct ir_node *n)
{
	/* x / 1 => x */
	if (ir_is_k(f, n->b, 1) && (n->op == IR_sdiv || n->op == IR_udiv))
		return n->a;
	/* x % 1 => 0 */
	if (ir_is_k(f, n->b, 1))
		return ir_const(f, n->type, 0);
	/* x / k => x /u k, x % k => x %u k when neither is negative */
	if ((n->op == IR_sdiv || n->op == IR_srem) && ir_is_const(n->b) && ir_kbits(f, n->b) > 0 && not_negative(f, n->a))
		return again(f, n->op == IR_sdiv ? IR_udiv : IR_urem, n->type, n->a, n->b);
	/* x /u 2^k => x >> k, x %u 2^k => x & (2^k - 1) */
	if (ir_is_const(n->b) && is_pow2(ir_kbits(f, n->b))) {
		int64_t k = ir_kbits(f, n->b);

		if (n->op == IR_udiv)
			return again(f, IR_shr, n->type, n->a, ir_const(f, n->type, log2_of(k)));
		if (n->op == IR_urem)
			return again(f, IR_and, n->type, n->a, ir_const(f, n->type, k - 1));
	}
	return IR_NONE;
}

/* A comparison with a constant, by the bits that may be set in the other operand: true, false, or -1. Signed only of what is not negative. */
static int decided(const struct ir_func *f, const struct ir_node *n)
{
	enum ir_type t = ir_type_of(f, n->a);
	uint64_t a, b, least_a, least_b;

	if ((!ir_is_const(n->a) && !ir_is_const(n->b)) || t == IR_T_ptr)
		return -1;
	a = ir_may_be_set(f, n->a);
	b = ir_may_be_set(f, n->b);
	least_a = ir_is_const(n->a) ? a : 0;
	least_b = ir_is_const(n->b) ? b : 0;
	if ((n->op == IR_eq || n->op == IR_ne) && (least_a & ~b || least_b & ~a))
		return n->op == IR_ne;
	if (n->op == IR_eq || n->op == IR_ne || ((n->op == IR_lt || n->op == IR_le) && (a | b) >> (width(t) - 1)))
		return -1;
	if (n->op == IR_lt || n->op == IR_ult)
		return a < least_b ? 1 : least_a >= b ? 0 : -1;
	return a <= least_b ? 1 : least_a > b ? 0 : -1;
}

static ir_ref fold_compare(struct ir_func *f, struct ir_node *n)
{
	ir_ref a = n->a;
	const struct ir_node *m = a > 0 ? ir_at(f, a) : NULL;
	int known;

	/* x == x => 1, x < x => 0 */
	if (n->a == n->b)
		return ir_const(f, IR_T_i32, n->op == IR_eq || n->op == IR_le || n->op == IR_ule);
	/* (x & 15) <u 16 => 1, and the like */
	known = decided(f, n);
	if (known >= 0)
		return ir_const(f, IR_T_i32, known);
	/* x <u 0 => 0, 0 <=u x => 1, 0 <u x => x != 0, x <=u 0 => x == 0 */
	if (n->op == IR_ult && ir_is_k(f, n->b, 0))
		return ir_const(f, IR_T_i32, 0);
	if (n->op == IR_ule && ir_is_k(f, n->a, 0))
		return ir_const(f, IR_T_i32, 1);
	if (n->op == IR_ult && ir_is_k(f, n->a, 0))
		return again(f, IR_ne, IR_T_i32, n->b, n->a);
	if (n->op == IR_ule && ir_is_k(f, n->b, 0))
		return again(f, IR_eq, IR_T_i32, n->a, n->b);
	if (!m || !ir_is_const(n->b) || (n->op != IR_eq && n->op != IR_ne))
		return IR_NONE;
	/* (x + k1) == k2 => x == k2 - k1 */
	if (m->op == IR_add && ir_is_const(m->b) && ir_type_of(f, m->b) == ir_type_of(f, n->b) && m->type != IR_T_ptr)
		return again(f, n->op, IR_T_i32, m->a, ir_const(f, m->type, (int64_t)((uint64_t)ir_kbits(f, n->b) - (uint64_t)ir_kbits(f, m->b))));
	/* (compare) != 0 => compare; (compare) == 0 => the opposite compare, integers only (NaN) */
	if (m->op >= IR_eq && m->op <= IR_fle && ir_is_k(f, n->b, 0)) {
		if (n->op == IR_ne)
			return a;
		switch (m->op) {
		case IR_eq: return again(f, IR_ne, IR_T_i32, m->a, m->b);
		case IR_ne: return again(f, IR_eq, IR_T_i32, m->a, m->b);
		case IR_lt: return again(f, IR_le, IR_T_i32, m->b, m->a);
		case IR_le: return again(f, IR_lt, IR_T_i32, m->b, m->a);
		case IR_ult: return again(f, IR_ule, IR_T_i32, m->b, m->a);
		case IR_ule: return again(f, IR_ult, IR_T_i32, m->b, m->a);
		case IR_feq: return again(f, IR_fne, IR_T_i32, m->a, m->b);
		case IR_fne: return again(f, IR_feq, IR_T_i32, m->a, m->b);
		default: break;
		}
	}
	return IR_NONE;
}

static ir_ref fold_convert(struct ir_func *f, struct ir_node *n)
{
	const struct ir_node *m = n->a > 0 ? ir_at(f, n->a) : NULL;

	/* bitcast to the same type => x */
	if (n->op == IR_bitcast && ir_type_of(f, n->a) == n->type)
		return n->a;
	if (!m)
		return IR_NONE;
	/* trunc (sext x) => x, trunc (zext x) => x */
	if (n->op == IR_trunc && (m->op == IR_sext || m->op == IR_zext))
		return m->a;
	/* trunc (x | y << 32) => trunc x; trunc (x & k) => trunc x where k has all low bits, 0 where it has none */
	if (n->op == IR_trunc && m->op == IR_or && n->type == IR_T_i32) {
		if (no_low(f, m->b))
			return again(f, IR_trunc, n->type, m->a, 0);
		if (no_low(f, m->a))
			return again(f, IR_trunc, n->type, m->b, 0);
	}
	if (n->op == IR_trunc && m->op == IR_and && ir_is_const(m->b) && (uint32_t)ir_kbits(f, m->b) == UINT32_MAX)
		return again(f, IR_trunc, n->type, m->a, 0);
	if (n->op == IR_trunc && no_low(f, n->a))
		return ir_const(f, n->type, 0);
	/* zext (trunc x) => x where x has no high bits */
	if (n->op == IR_zext && m->op == IR_trunc && ir_type_of(f, m->a) == IR_T_i64 && ir_no_high(f, m->a))
		return m->a;
	/* sext x => zext x where x is not negative */
	if (n->op == IR_sext && not_negative(f, n->a))
		return again(f, IR_zext, n->type, n->a, 0);
	/* bitcast (bitcast x) => bitcast x */
	if (n->op == IR_bitcast && m->op == IR_bitcast)
		return again(f, IR_bitcast, n->type, m->a, 0);
	/* sext8 (sext8 x) => sext8 x, sext16 (sext8 x) => sext8 x */
	if ((n->op == IR_sext8 || n->op == IR_sext16) && (m->op == IR_sext8 || m->op == n->op))
		return n->a;
	return IR_NONE;
}

static ir_ref fold_float(struct ir_func *f, struct ir_node *n)
{
	/* x * 1.0 => x, x / 1.0 => x; x + 0.0 stays: -0.0 + 0.0 is 0.0 */
	if ((n->op == IR_fmul || n->op == IR_fdiv) && ir_is_const(n->b) && n->type == IR_T_f64 && ir_kf64(f, n->b) == 1.0)
		return n->a;
	/* x - 0.0 => x, x + -0.0 => x */
	if (n->type == IR_T_f64 && ((n->op == IR_fsub && ir_is_k(f, n->b, 0)) || (n->op == IR_fadd && ir_is_k(f, n->b, INT64_MIN))))
		return n->a;
	/* x * 2.0 => x + x */
	if (n->op == IR_fmul && ir_is_const(n->b) && n->type == IR_T_f64 && ir_kf64(f, n->b) == 2.0)
		return again(f, IR_fadd, n->type, n->a, n->a);
	/* x / 2^k => x * 2^-k, exact while both are normal */
	if (n->op == IR_fdiv && ir_is_const(n->b) && n->type == IR_T_f64) {
		int e;

		if (fabs(frexp(ir_kf64(f, n->b), &e)) == 0.5 && e > -1000 && e < 1000)
			return again(f, IR_fmul, n->type, n->a, ir_const_f64(f, 1.0 / ir_kf64(f, n->b)));
	}
	return IR_NONE;
}

static ir_ref fold_unary(struct ir_func *f, struct ir_node *n)
{
	/* neg (neg x) => x, the same for not, bswap, fneg */
	if (n->a > 0 && ir_at(f, n->a)->op == n->op && n->op != IR_fabs)
		return ir_at(f, n->a)->a;
	/* fabs (fabs x) => fabs x */
	if (n->a > 0 && ir_at(f, n->a)->op == n->op)
		return n->a;
	return IR_NONE;
}

static ir_ref fold_guard(struct ir_func *f, struct ir_node *n)
{
	int64_t r;
	enum ir_type t = ir_type_of(f, n->a);

	if (n->op == IR_check) {
		/* check k, v => v for k != 0 */
		if (ir_is_const(n->a) && ir_kbits(f, n->a))
			return n->b ? n->b : n->a;
		return IR_NONE;
	}
	if (!ir_is_const(n->a) || !ir_is_const(n->b))
		return IR_NONE;
	/* addo k1, k2 => k1 + k2 when it fits */
	if ((n->op == IR_addo && !__builtin_add_overflow(ir_kbits(f, n->a), ir_kbits(f, n->b), &r)) ||
	    (n->op == IR_subo && !__builtin_sub_overflow(ir_kbits(f, n->a), ir_kbits(f, n->b), &r)) ||
	    (n->op == IR_mulo && !__builtin_mul_overflow(ir_kbits(f, n->a), ir_kbits(f, n->b), &r)))
		if (t == IR_T_i64 || r == (int32_t)r)
			return ir_const(f, t, r);
	return IR_NONE;
}

static ir_ref fold_select(const struct ir_func *f, const struct ir_node *n)
{
	/* select k, x, y => x or y */
	if (ir_is_const(n->a))
		return ir_kbits(f, n->a) ? n->b : n->c;
	/* select c, x, x => x */
	return n->b == n->c ? n->b : IR_NONE;
}

static ir_ref fold_constants(struct ir_func *f, const struct ir_node *n)
{
	const char *args = ir_ops[n->op].args;
	bool all = ir_is_const(n->a) && args[0] == 'v' && (args[1] != 'v' || ir_is_const(n->b)) && (args[2] != 'v' || ir_is_const(n->c));
	int64_t out;

	if (!all || !ir_compute(n->op, n->type, ir_type_of(f, n->a), ir_kbits(f, n->a), args[1] == 'v' ? ir_kbits(f, n->b) : 0,
				args[2] == 'v' ? ir_kbits(f, n->c) : 0, &out))
		return IR_NONE;
	return ir_const(f, n->type, out);
}

/* Of a commutative operation: should the operands change places? The base of pointer arithmetic stands left. Values keep the
 * order in which they were written, so that a function reads back as the same graph; func.c shares nodes in either order. */
static bool stands_wrong(const struct ir_func *f, const struct ir_node *n)
{
	if (n->type == IR_T_ptr)
		return ir_type_of(f, n->a) != IR_T_ptr;
	return ir_is_const(n->a) && !ir_is_const(n->b);
}

ir_ref ir_fold(struct ir_func *f, struct ir_node *n)
{
	unsigned flags = ir_ops[n->op].flags;

	if (flags & (IR_PURE | IR_FAULT)) {
		ir_ref r = fold_constants(f, n);

		if (r)
			return r;
	}
	/* a constant of a commutative operation stands right */
	if ((flags & IR_COMM) && stands_wrong(f, n)) {
		ir_ref x = n->a;

		n->a = n->b;
		n->b = x;
	}
	switch (n->op) {
	case IR_add: return fold_add(f, n);
	case IR_sub: return fold_sub(f, n);
	case IR_mul: return fold_mul(f, n);
	case IR_and: case IR_or: case IR_xor: return fold_bits(f, n);
	case IR_shl: case IR_shr: case IR_sar: case IR_rotl: return fold_shift(f, n);
	case IR_sdiv: case IR_srem: case IR_udiv: case IR_urem: return fold_divide(f, n);
	case IR_neg: case IR_not: case IR_bswap: case IR_fneg: case IR_fabs: return fold_unary(f, n);
	case IR_eq: case IR_ne: case IR_lt: case IR_le: case IR_ult: case IR_ule: return fold_compare(f, n);
	case IR_sext8: case IR_sext16: case IR_sext: case IR_zext: case IR_trunc: case IR_bitcast: return fold_convert(f, n);
	case IR_fadd: case IR_fsub: case IR_fmul: case IR_fdiv: return fold_float(f, n);
	case IR_select: return fold_select(f, n);
	case IR_check: case IR_addo: case IR_subo: case IR_mulo: return fold_guard(f, n);
	default: return IR_NONE;
	}
}
