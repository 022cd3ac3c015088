/* SPDX-License-Identifier: MIT
 * lower_wide.c - integers of more than 64 bits as words, the lowest first.
 *
 * All that copying needs (and, or, xor, shifts by constants, conversions, comparisons) and sums go for up to 512 bits, since
 * groups of bit-fields become such integers; products, quotients and variable shifts for up to 128. Division and
 * conversions to and from floating numbers are calls into rt.c.
 */
#include "ll.h"

struct ll_wide ll_wide_pair(hew_val lo, hew_val hi) { return (struct ll_wide){ 128, 2, { lo, hi } }; }

struct ll_wide ll_wide(struct lower *l, struct ll_value *v)
{
	struct ll_wide w = { .bits = v->type->bits, .n = ll_parts(l, v->type) };

	for (uint32_t k = 0; k < w.n; k++)
		w.w[k] = ll_part(l, v, k);
	return w;
}

void ll_set_wide(struct lower *l, struct ll_instr *in, struct ll_wide w)
{
	for (uint32_t k = 0; k < w.n; k++)
		ll_set(l, in, k, w.w[k], 0);
}

/* The bits above the highest become zeros or copies of the sign. */
static struct ll_wide extended(struct lower *l, struct ll_wide a, unsigned known)
{
	uint32_t top = a.bits - 64 * (a.n - 1);

	a.w[a.n - 1] = ll_extend(l, (struct ll_got){ a.w[a.n - 1], 0, 0 }, top, known);
	return a;
}

static hew_val sign_of(struct lower *l, struct ll_wide a) { return hew_sar(l->f, a.w[a.n - 1], hew_i32(l->f, 63)); }

static void only_two(struct lower *l, struct ll_wide a, const char *what)
{
	if (a.n > 2)
		ll_fail(l->m, l->line, "unsupported: %s of i%u", what, a.bits);
}

/* Left if op is shl, else right; counts of 64 and more are told apart by a select. */
static struct ll_wide shift_by(struct lower *l, enum ll_op op, struct ll_wide a, hew_val n)
{
	struct hew_fn *f = l->f;
	hew_val one = hew_i32(f, 1), c = hew_trunc(f, HEW_I32, n), lo = a.w[0], hi = a.w[1], rest, far, low, high, out;

	only_two(l, a, "a variable shift");
	c = hew_and(f, c, hew_i32(f, 127));
	far = hew_and(f, c, hew_i32(f, 64));
	rest = hew_sub(f, hew_i32(f, 63), hew_and(f, c, hew_i32(f, 63)));
	if (op == LL_shl) {
		low = hew_shl(f, lo, c);
		high = hew_or(f, hew_shl(f, hi, c), hew_shr(f, hew_shr(f, lo, one), rest));
		a.w[0] = hew_select(f, far, hew_i64(f, 0), low);
		a.w[1] = hew_select(f, far, low, high);
		return a;
	}
	high = op == LL_lshr ? hew_shr(f, hi, c) : hew_sar(f, hi, c);
	low = hew_or(f, hew_shr(f, lo, c), hew_shl(f, hew_shl(f, hi, one), rest));
	out = op == LL_lshr ? hew_i64(f, 0) : sign_of(l, a);
	a.w[0] = hew_select(f, far, high, low);
	a.w[1] = hew_select(f, far, out, high);
	return a;
}

/* Word k of a, of what lies around it for others. */
static hew_val word(const struct ll_wide *a, int64_t k, hew_val below, hew_val above)
{
	return k < 0 ? below : k < (int64_t)a->n ? a->w[k] : above;
}

static struct ll_wide shift(struct lower *l, enum ll_op op, struct ll_wide a, hew_val n)
{
	struct hew_fn *f = l->f;
	hew_val zero = hew_i64(f, 0), out;
	struct ll_wide r = a;
	int64_t count;

	if (op != LL_shl)
		a = extended(l, a, op == LL_lshr ? LL_Z : LL_S);
	if (!hew_is_const(f, n, &count))
		return shift_by(l, op, a, n);
	out = op == LL_ashr ? sign_of(l, a) : zero;
	count = count < 0 || count >= a.bits ? 0 : count;	/* poison */
	for (int64_t k = 0; k < a.n; k++) {
		int64_t from = op == LL_shl ? k - count / 64 : k + count / 64;
		hew_val x = word(&a, from, zero, out), y = op == LL_shl ? word(&a, from - 1, zero, out) : word(&a, from + 1, zero, out);
		hew_val c = hew_i32(f, (int32_t)(count % 64)), d = hew_i32(f, (int32_t)(64 - count % 64));

		if (count % 64 == 0)
			r.w[k] = x;
		else if (op == LL_shl)
			r.w[k] = hew_or(f, hew_shl(f, x, c), hew_shr(f, y, d));
		else if (from + 1 >= a.n && op == LL_ashr)
			r.w[k] = hew_sar(f, x, c);
		else
			r.w[k] = hew_or(f, hew_shr(f, x, c), hew_shl(f, y, d));
	}
	return r;
}

static struct ll_wide sum(struct lower *l, bool minus, struct ll_wide a, struct ll_wide b)
{
	struct hew_fn *f = l->f;
	struct ll_wide r = a;
	hew_val carry = 0, x, next;

	for (uint32_t k = 0; k < a.n; k++) {
		x = minus ? hew_sub(f, a.w[k], b.w[k]) : hew_add(f, a.w[k], b.w[k]);
		next = minus ? hew_ult(f, a.w[k], b.w[k]) : hew_ult(f, x, a.w[k]);
		if (carry) {
			carry = hew_zext(f, HEW_I64, carry);
			r.w[k] = minus ? hew_sub(f, x, carry) : hew_add(f, x, carry);
			next = hew_or(f, next, minus ? hew_ult(f, x, carry) : hew_ult(f, r.w[k], carry));
		} else {
			r.w[k] = x;
		}
		carry = next;
	}
	return r;
}

static struct ll_wide product(struct lower *l, struct ll_wide a, struct ll_wide b)
{
	struct hew_fn *f = l->f;
	hew_val high;

	only_two(l, a, "a product");
	high = hew_add(f, hew_umulh(f, a.w[0], b.w[0]), hew_add(f, hew_mul(f, a.w[0], b.w[1]), hew_mul(f, a.w[1], b.w[0])));
	return (struct ll_wide){ a.bits, 2, { hew_mul(f, a.w[0], b.w[0]), high } };
}

static struct ll_wide divide(struct lower *l, enum ll_op op, struct ll_wide a, struct ll_wide b)
{
	struct hew_call c = { .result = { HEW_I64, HEW_I64 }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES };
	unsigned how = op == LL_sdiv || op == LL_srem ? LL_S : LL_Z;
	const void *fn = op == LL_sdiv ? (const void *)(uintptr_t)ll_rt_sdiv : op == LL_udiv ? (const void *)(uintptr_t)ll_rt_udiv :
		op == LL_srem ? (const void *)(uintptr_t)ll_rt_srem : (const void *)(uintptr_t)ll_rt_urem;

	only_two(l, a, "a quotient");
	a = extended(l, a, how);
	b = extended(l, b, how);
	a.w[0] = hew_call(l->f, hew_ptr(l->f, fn), &c, 4, (hew_val[]){ a.w[0], a.w[1], b.w[0], b.w[1] });
	a.w[1] = hew_result2(l->f, a.w[0]);
	return a;
}

struct ll_wide ll_wide_op(struct lower *l, enum ll_op op, struct ll_wide a, struct ll_wide b)
{
	struct ll_wide r = a;

	switch (op) {
	case LL_add: case LL_sub: return sum(l, op == LL_sub, a, b);
	case LL_mul: return product(l, a, b);
	case LL_sdiv: case LL_udiv: case LL_srem: case LL_urem: return divide(l, op, a, b);
	case LL_shl: case LL_lshr: case LL_ashr: return shift(l, op, a, b.w[0]);
	default:
		for (uint32_t k = 0; k < a.n; k++)
			r.w[k] = op == LL_and ? hew_and(l->f, a.w[k], b.w[k]) : op == LL_or ? hew_or(l->f, a.w[k], b.w[k]) : hew_xor(l->f, a.w[k], b.w[k]);
		return r;
	}
}

/* a < b or a <= b, decided by the highest word that differs. */
static hew_val less(struct lower *l, bool is_signed, bool or_equal, struct ll_wide a, struct ll_wide b)
{
	struct hew_fn *f = l->f;
	hew_val r = or_equal ? hew_ule(f, a.w[0], b.w[0]) : hew_ult(f, a.w[0], b.w[0]);

	for (uint32_t k = 1; k < a.n; k++) {
		hew_val here = is_signed && k + 1 == a.n ? hew_lt(f, a.w[k], b.w[k]) : hew_ult(f, a.w[k], b.w[k]);

		r = hew_select(f, hew_eq(f, a.w[k], b.w[k]), r, here);
	}
	return r;
}

hew_val ll_wide_compare(struct lower *l, enum ll_pred p, struct ll_wide a, struct ll_wide b)
{
	struct hew_fn *f = l->f;
	bool is_signed = p >= LL_SGT;
	hew_val x = hew_i64(f, 0);

	a = extended(l, a, is_signed ? LL_S : LL_Z);
	b = extended(l, b, is_signed ? LL_S : LL_Z);
	switch (p) {
	case LL_EQ: case LL_NE:
		for (uint32_t k = 0; k < a.n; k++)
			x = hew_or(f, x, hew_xor(f, a.w[k], b.w[k]));
		return p == LL_EQ ? hew_eq(f, x, hew_i64(f, 0)) : hew_ne(f, x, hew_i64(f, 0));
	case LL_UGT: case LL_SGT: return less(l, is_signed, false, b, a);
	case LL_UGE: case LL_SGE: return less(l, is_signed, true, b, a);
	default: return less(l, is_signed, p == LL_ULE || p == LL_SLE, a, b);
	}
}

/* ---- conversions --------------------------------------------------------------------------------------------------------- */

static struct ll_wide from_real(struct lower *l, struct ll_instr *in, struct ll_wide w)
{
	hew_val x = ll_part(l, in->v[0], 0);
	struct hew_call c = { .result = { HEW_I64, HEW_I64 }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES };

	only_two(l, w, "a conversion");
	if (in->v[0]->type->kind == LL_FLOAT)
		x = hew_fcvt(l->f, HEW_F64, x);
	w.w[0] = hew_call(l->f, hew_ptr(l->f, (const void *)(uintptr_t)ll_rt_double_to_wide), &c, 2,
		(hew_val[]){ x, hew_i64(l->f, in->op == LL_fptosi) });
	w.w[1] = hew_result2(l->f, w.w[0]);
	return w;
}

static void to_wide(struct lower *l, struct ll_instr *in)
{
	struct ll_type *from = in->v[0]->type;
	struct ll_wide w = { .bits = in->def->type->bits, .n = ll_parts(l, in->def->type) }, a;
	unsigned how = in->op == LL_sext ? LL_S : LL_Z;
	hew_val above;

	if (in->op == LL_fptoui || in->op == LL_fptosi) {
		ll_set_wide(l, in, from_real(l, in, w));
		return;
	}
	if (in->op == LL_ptrtoint) {
		a = (struct ll_wide){ 64, 1, { hew_bitcast(l->f, HEW_I64, ll_part(l, in->v[0], 0)) } };
	} else if (ll_is_wide(from)) {
		a = in->op == LL_trunc ? ll_wide(l, in->v[0]) : extended(l, ll_wide(l, in->v[0]), how);
	} else {
		a = (struct ll_wide){ 64, 1, { ll_ext(l, in->v[0], 0, how) } };
		if (from->part[0].type == HEW_I32)
			a.w[0] = how == LL_S ? hew_sext(l->f, HEW_I64, a.w[0]) : hew_zext(l->f, HEW_I64, a.w[0]);
	}
	above = how == LL_S ? sign_of(l, a) : hew_i64(l->f, 0);
	for (uint32_t k = 0; k < w.n; k++)
		w.w[k] = word(&a, k, above, above);
	ll_set_wide(l, in, w);
}

void ll_wide_cast(struct lower *l, struct ll_instr *in)
{
	const struct ll_part *to = &in->def->type->part[0];
	struct ll_wide w;
	hew_val x;

	if (ll_is_wide(in->def->type)) {
		to_wide(l, in);
		return;
	}
	w = ll_wide(l, in->v[0]);
	switch (in->op) {
	case LL_trunc:
		x = to->type == HEW_I32 ? hew_trunc(l->f, HEW_I32, w.w[0]) : w.w[0];
		ll_set(l, in, 0, to->bits == 1 ? hew_and(l->f, x, hew_i32(l->f, 1)) : x, to->bits == 1 ? LL_Z : 0);
		break;
	case LL_inttoptr:
		ll_set(l, in, 0, hew_bitcast(l->f, HEW_PTR, w.w[0]), 0);
		break;
	default:
		only_two(l, w, "a conversion");
		w = extended(l, w, in->op == LL_sitofp ? LL_S : LL_Z);
		x = ll_call_c(l, to->type == HEW_F64 ? (const void *)(uintptr_t)ll_rt_wide_to_double : (const void *)(uintptr_t)ll_rt_wide_to_float, to->type, 3,
			(hew_val[]){ w.w[0], w.w[1], hew_i64(l->f, in->op == LL_sitofp) });
		ll_set(l, in, 0, x, 0);
	}
}
