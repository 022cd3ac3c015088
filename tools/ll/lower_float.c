/* SPDX-License-Identifier: MIT
 * lower_float.c - floating arithmetic and comparisons, and conversions between integers and floating numbers.
 */
#include "ll.h"

#include <math.h>

static hew_val binary(struct lower *l, enum ll_op op, hew_val a, hew_val b)
{
	switch (op) {
	case LL_fadd: return hew_fadd(l->f, a, b);
	case LL_fsub: return hew_fsub(l->f, a, b);
	case LL_fmul: return hew_fmul(l->f, a, b);
	case LL_fdiv: return hew_fdiv(l->f, a, b);
	default:
		if (hew_type_of(l->f, a) == HEW_F32)
			return ll_call_c(l, (const void *)(uintptr_t)fmodf, HEW_F32, 2, (hew_val[]){ a, b });
		return ll_call_c(l, (const void *)(uintptr_t)fmod, HEW_F64, 2, (hew_val[]){ a, b });
	}
}

void ll_lower_real(struct lower *l, struct ll_instr *in)
{
	for (uint32_t k = 0; k < ll_parts(l, in->def->type); k++) {
		hew_val a = ll_part(l, in->v[0], k);

		ll_set(l, in, k, in->op == LL_fneg ? hew_fneg(l->f, a) : binary(l, (enum ll_op)in->op, a, ll_part(l, in->v[1], k)), 0);
	}
}

hew_val ll_real_compare(struct lower *l, enum ll_pred p, hew_val a, hew_val b)
{
	struct hew_fn *f = l->f;

	switch (p) {
	case LL_FALSE: return hew_i32(f, 0);
	case LL_OEQ: return hew_feq(f, a, b);
	case LL_OGT: return hew_flt(f, b, a);
	case LL_OGE: return hew_fle(f, b, a);
	case LL_OLT: return hew_flt(f, a, b);
	case LL_OLE: return hew_fle(f, a, b);
	case LL_ONE: return hew_or(f, hew_flt(f, a, b), hew_flt(f, b, a));
	case LL_ORD: return hew_and(f, hew_feq(f, a, a), hew_feq(f, b, b));
	case LL_UEQ: return ll_not(l, ll_real_compare(l, LL_ONE, a, b));
	case LL_FUGT: return ll_not(l, hew_fle(f, a, b));
	case LL_FUGE: return ll_not(l, hew_flt(f, a, b));
	case LL_FULT: return ll_not(l, hew_fle(f, b, a));
	case LL_FULE: return ll_not(l, hew_flt(f, b, a));
	case LL_UNE: return hew_fne(f, a, b);
	case LL_UNO: return hew_or(f, hew_fne(f, a, a), hew_fne(f, b, b));
	default: return hew_i32(f, 1);
	}
}

void ll_lower_fcmp(struct lower *l, struct ll_instr *in)
{
	for (uint32_t k = 0; k < ll_parts(l, in->v[0]->type); k++)
		ll_set(l, in, k, ll_real_compare(l, (enum ll_pred)in->pred, ll_part(l, in->v[0], k), ll_part(l, in->v[1], k)), LL_Z);
}

/* x has no bits above its width but what the conversion may see: is_signed holds for all that fit into the signed container. */
hew_val ll_to_real(struct lower *l, hew_type t, hew_val x, bool is_signed)
{
	struct hew_fn *f = l->f;
	hew_val half, big;

	if (is_signed)
		return hew_itof(f, t, x);
	if (hew_type_of(f, x) == HEW_I32)
		return hew_itof(f, t, hew_zext(f, HEW_I64, x));
	/* half of it, with the last bit kept so that it rounds the same way, then twice */
	big = hew_lt(f, x, hew_i64(f, 0));
	half = hew_or(f, hew_shr(f, x, hew_i32(f, 1)), hew_and(f, x, hew_i64(f, 1)));
	x = hew_itof(f, t, hew_select(f, big, half, x));
	return hew_select(f, big, hew_fadd(f, x, x), x);
}

hew_val ll_from_real(struct lower *l, hew_type t, hew_val x, bool is_signed)
{
	struct hew_fn *f = l->f;
	hew_val limit, low, high;

	if (is_signed)
		return hew_ftoi(f, t, x);
	if (t == HEW_I32)
		return hew_trunc(f, HEW_I32, hew_ftoi(f, HEW_I64, x));
	limit = hew_type_of(f, x) == HEW_F32 ? hew_f32(f, 9223372036854775808.0f) : hew_f64(f, 9223372036854775808.0);
	low = hew_ftoi(f, HEW_I64, x);
	high = hew_xor(f, hew_ftoi(f, HEW_I64, hew_fsub(f, x, limit)), hew_i64(f, INT64_MIN));
	return hew_select(f, hew_flt(f, x, limit), low, high);
}
