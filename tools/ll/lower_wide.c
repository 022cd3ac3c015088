/* SPDX-License-Identifier: MIT
 * lower_wide.c - i128 as two i64, the low half first. Division and floating conversions are calls into rt.c.
 */
#include "ll.h"

struct ll_wide ll_wide(struct lower *l, struct ll_value *v) { return (struct ll_wide){ ll_part(l, v, 0), ll_part(l, v, 1) }; }

void ll_set_wide(struct lower *l, struct ll_instr *in, struct ll_wide w)
{
	ll_set(l, in, 0, w.lo, 0);
	ll_set(l, in, 1, w.hi, 0);
}

/* Left if op is shl, else right; counts of 64 and more are told apart by a select. */
static struct ll_wide shift(struct lower *l, enum ll_op op, struct ll_wide a, hew_val n)
{
	struct hew_fn *f = l->f;
	hew_val one = hew_i32(f, 1), c = hew_trunc(f, HEW_I32, n), rest, far, low, high, out;
	struct ll_wide r;

	c = hew_and(f, c, hew_i32(f, 127));
	far = hew_and(f, c, hew_i32(f, 64));
	rest = hew_sub(f, hew_i32(f, 63), hew_and(f, c, hew_i32(f, 63)));
	if (op == LL_shl) {
		low = hew_shl(f, a.lo, c);
		high = hew_or(f, hew_shl(f, a.hi, c), hew_shr(f, hew_shr(f, a.lo, one), rest));
		r.lo = hew_select(f, far, hew_i64(f, 0), low);
		r.hi = hew_select(f, far, low, high);
		return r;
	}
	high = op == LL_lshr ? hew_shr(f, a.hi, c) : hew_sar(f, a.hi, c);
	low = hew_or(f, hew_shr(f, a.lo, c), hew_shl(f, hew_shl(f, a.hi, one), rest));
	out = op == LL_lshr ? hew_i64(f, 0) : hew_sar(f, a.hi, hew_i32(f, 63));
	r.lo = hew_select(f, far, high, low);
	r.hi = hew_select(f, far, out, high);
	return r;
}

static struct ll_wide divide(struct lower *l, const void *fn, struct ll_wide a, struct ll_wide b)
{
	struct hew_call c = { .result = { HEW_I64, HEW_I64 }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES };
	struct ll_wide r;

	r.lo = hew_call(l->f, hew_ptr(l->f, fn), &c, 4, (hew_val[]){ a.lo, a.hi, b.lo, b.hi });
	r.hi = hew_result2(l->f, r.lo);
	return r;
}

struct ll_wide ll_wide_op(struct lower *l, enum ll_op op, struct ll_wide a, struct ll_wide b)
{
	struct hew_fn *f = l->f;
	struct ll_wide r;

	switch (op) {
	case LL_add:
		r.lo = hew_add(f, a.lo, b.lo);
		r.hi = hew_add(f, hew_add(f, a.hi, b.hi), hew_zext(f, HEW_I64, hew_ult(f, r.lo, a.lo)));
		return r;
	case LL_sub:
		r.lo = hew_sub(f, a.lo, b.lo);
		r.hi = hew_sub(f, hew_sub(f, a.hi, b.hi), hew_zext(f, HEW_I64, hew_ult(f, a.lo, b.lo)));
		return r;
	case LL_mul:
		r.lo = hew_mul(f, a.lo, b.lo);
		r.hi = hew_add(f, hew_umulh(f, a.lo, b.lo), hew_add(f, hew_mul(f, a.lo, b.hi), hew_mul(f, a.hi, b.lo)));
		return r;
	case LL_and: return (struct ll_wide){ hew_and(f, a.lo, b.lo), hew_and(f, a.hi, b.hi) };
	case LL_or: return (struct ll_wide){ hew_or(f, a.lo, b.lo), hew_or(f, a.hi, b.hi) };
	case LL_xor: return (struct ll_wide){ hew_xor(f, a.lo, b.lo), hew_xor(f, a.hi, b.hi) };
	case LL_sdiv: return divide(l, (const void *)(uintptr_t)ll_rt_sdiv, a, b);
	case LL_udiv: return divide(l, (const void *)(uintptr_t)ll_rt_udiv, a, b);
	case LL_srem: return divide(l, (const void *)(uintptr_t)ll_rt_srem, a, b);
	case LL_urem: return divide(l, (const void *)(uintptr_t)ll_rt_urem, a, b);
	default: return shift(l, op, a, b.lo);
	}
}

hew_val ll_wide_compare(struct lower *l, enum ll_pred p, struct ll_wide a, struct ll_wide b)
{
	struct hew_fn *f = l->f;
	bool is_signed = p >= LL_SGT;
	hew_val low, high;

	switch (p) {
	case LL_EQ: case LL_NE:
		low = hew_or(f, hew_xor(f, a.lo, b.lo), hew_xor(f, a.hi, b.hi));
		return p == LL_EQ ? hew_eq(f, low, hew_i64(f, 0)) : hew_ne(f, low, hew_i64(f, 0));
	case LL_UGT: case LL_SGT: return ll_wide_compare(l, is_signed ? LL_SLT : LL_ULT, b, a);
	case LL_UGE: case LL_SGE: return ll_wide_compare(l, is_signed ? LL_SLE : LL_ULE, b, a);
	default:
		low = p == LL_ULT || p == LL_SLT ? hew_ult(f, a.lo, b.lo) : hew_ule(f, a.lo, b.lo);
		high = is_signed ? hew_lt(f, a.hi, b.hi) : hew_ult(f, a.hi, b.hi);
		return hew_select(f, hew_eq(f, a.hi, b.hi), low, high);
	}
}

static void to_wide(struct lower *l, struct ll_instr *in)
{
	struct ll_type *from = in->v[0]->type;
	struct ll_wide w;

	if (in->op == LL_fptoui || in->op == LL_fptosi) {
		hew_val x = ll_part(l, in->v[0], 0);
		struct hew_call c = { .result = { HEW_I64, HEW_I64 }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES };

		if (from->kind == LL_FLOAT)
			x = hew_fcvt(l->f, HEW_F64, x);
		w.lo = hew_call(l->f, hew_ptr(l->f, (const void *)(uintptr_t)ll_rt_double_to_wide), &c, 2,
			(hew_val[]){ x, hew_i64(l->f, in->op == LL_fptosi) });
		w.hi = hew_result2(l->f, w.lo);
	} else if (in->op == LL_ptrtoint) {
		w.lo = hew_bitcast(l->f, HEW_I64, ll_part(l, in->v[0], 0));
		w.hi = hew_i64(l->f, 0);
	} else {
		w.lo = ll_ext(l, in->v[0], 0, in->op == LL_sext ? LL_S : LL_Z);
		if (from->part[0].type == HEW_I32)
			w.lo = in->op == LL_sext ? hew_sext(l->f, HEW_I64, w.lo) : hew_zext(l->f, HEW_I64, w.lo);
		w.hi = in->op == LL_sext ? hew_sar(l->f, w.lo, hew_i32(l->f, 63)) : hew_i64(l->f, 0);
	}
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
		x = to->type == HEW_I32 ? hew_trunc(l->f, HEW_I32, w.lo) : w.lo;
		ll_set(l, in, 0, to->bits == 1 ? hew_and(l->f, x, hew_i32(l->f, 1)) : x, to->bits == 1 ? LL_Z : 0);
		break;
	case LL_inttoptr:
		ll_set(l, in, 0, hew_bitcast(l->f, HEW_PTR, w.lo), 0);
		break;
	default:
		x = ll_call_c(l, to->type == HEW_F64 ? (const void *)(uintptr_t)ll_rt_wide_to_double : (const void *)(uintptr_t)ll_rt_wide_to_float, to->type, 3,
			(hew_val[]){ w.lo, w.hi, hew_i64(l->f, in->op == LL_sitofp) });
		ll_set(l, in, 0, x, 0);
	}
}
