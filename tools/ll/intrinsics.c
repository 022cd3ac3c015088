/* SPDX-License-Identifier: MIT
 * intrinsics.c - calls of llvm.*: a table of names, then one small function each.
 *
 * Counting and reversing bits is done with the masks of "Hacker's Delight" (Warren), chapters 5 and 7.
 */
#define _GNU_SOURCE		/* exp10, roundeven */
#include "ll.h"

#include <math.h>
#include <stdlib.h>

#define I(x) hew_i32(f, (int32_t)(x))

static uint32_t bits_of(const struct ll_value *v, uint32_t k) { return v->type->part[k].bits; }
static hew_type type_of(const struct ll_value *v, uint32_t k) { return v->type->part[k].type; }
static uint32_t width_of(hew_type t) { return t == HEW_I32 ? 32 : 64; }

static struct ll_got got(hew_val v, unsigned known) { return (struct ll_got){ v, 0, (uint8_t)known }; }
static struct ll_got plain(hew_val v) { return got(v, 0); }

/* ---- floating ---------------------------------------------------------------------------------------------------------- */

static struct ll_got in_fabs(struct lower *l, struct ll_instr *in, uint32_t k) { return plain(hew_fabs(l->f, ll_part(l, in->v[0], k))); }
static struct ll_got in_sqrt(struct lower *l, struct ll_instr *in, uint32_t k) { return plain(hew_fsqrt(l->f, ll_part(l, in->v[0], k))); }
static struct ll_got in_floor(struct lower *l, struct ll_instr *in, uint32_t k) { return plain(hew_ffloor(l->f, ll_part(l, in->v[0], k))); }
static struct ll_got in_ceil(struct lower *l, struct ll_instr *in, uint32_t k) { return plain(hew_fceil(l->f, ll_part(l, in->v[0], k))); }
static struct ll_got in_trunc(struct lower *l, struct ll_instr *in, uint32_t k) { return plain(hew_ftrunc(l->f, ll_part(l, in->v[0], k))); }

static struct ll_got in_copysign(struct lower *l, struct ll_instr *in, uint32_t k)
{
	struct hew_fn *f = l->f;
	hew_type real = type_of(in->def, k), t = real == HEW_F32 ? HEW_I32 : HEW_I64;
	int64_t sign = t == HEW_I32 ? INT32_MIN : INT64_MIN;
	hew_val a = hew_bitcast(f, t, ll_part(l, in->v[0], k)), b = hew_bitcast(f, t, ll_part(l, in->v[1], k));

	a = hew_and(f, a, ll_num(l, t, ~sign));
	return plain(hew_bitcast(f, real, hew_or(f, a, hew_and(f, b, ll_num(l, t, sign)))));
}

static struct ll_got in_fmuladd(struct lower *l, struct ll_instr *in, uint32_t k)
{
	return plain(hew_fadd(l->f, hew_fmul(l->f, ll_part(l, in->v[0], k), ll_part(l, in->v[1], k)), ll_part(l, in->v[2], k)));
}

/* The classes asked for, by comparing the bits: signs first, then what is below and above the limits between classes. */
static struct ll_got in_fpclass(struct lower *l, struct ll_instr *in, uint32_t k)
{
	struct hew_fn *f = l->f;
	bool small = type_of(in->v[0], k) == HEW_F32;
	hew_type t = small ? HEW_I32 : HEW_I64;
	unsigned ask = (unsigned)in->v[1]->num & 0x3ff;
	int64_t inf = small ? 0x7f800000 : INT64_C(0x7ff) << 52, quiet = small ? 0x7fc00000 : INT64_C(0x7ff8) << 48, normal = small ? 1 << 23 : INT64_C(1) << 52;
	hew_val x = hew_bitcast(f, t, ll_part(l, in->v[0], k)), m, minus, in_class[6], yes = I(0);
	static const struct { unsigned minus, plus; } of[6] = { { 0x20, 0x40 }, { 0x10, 0x80 }, { 0x08, 0x100 }, { 0x04, 0x200 }, { 0x01, 0x01 }, { 0x02, 0x02 } };

	if (in->v[1]->kind != LL_V_INT)
		ll_fail(l->m, l->line, "llvm.is.fpclass asks for classes that are no number");
	minus = hew_lt(f, x, ll_num(l, t, 0));
	m = hew_and(f, x, ll_num(l, t, small ? INT32_MAX : INT64_MAX));
	in_class[0] = hew_eq(f, m, ll_num(l, t, 0));
	in_class[1] = hew_and(f, hew_ult(f, m, ll_num(l, t, normal)), ll_not(l, in_class[0]));
	in_class[2] = hew_and(f, hew_ule(f, ll_num(l, t, normal), m), hew_ult(f, m, ll_num(l, t, inf)));
	in_class[3] = hew_eq(f, m, ll_num(l, t, inf));
	in_class[4] = hew_and(f, hew_ult(f, ll_num(l, t, inf), m), hew_ult(f, m, ll_num(l, t, quiet)));
	in_class[5] = hew_ule(f, ll_num(l, t, quiet), m);
	for (unsigned i = 0; i < 6; i++) {
		hew_val c = in_class[i];
		bool neg = ask & of[i].minus, pos = ask & of[i].plus;

		if (!neg && !pos)
			continue;
		if (!pos)
			c = hew_and(f, c, minus);
		else if (!neg)
			c = hew_and(f, c, ll_not(l, minus));
		yes = hew_or(f, yes, c);
	}
	return got(yes, LL_Z);
}

/* ---- integers ---------------------------------------------------------------------------------------------------------- */

static struct ll_got in_abs(struct lower *l, struct ll_instr *in, uint32_t k)
{
	hew_val x = ll_ext(l, in->v[0], k, LL_S), zero = ll_num(l, type_of(in->def, k), 0);

	return plain(hew_select(l->f, hew_lt(l->f, x, zero), hew_neg(l->f, x), x));
}

static struct ll_got least(struct lower *l, struct ll_instr *in, uint32_t k, unsigned how, bool most)
{
	hew_val a = ll_ext(l, in->v[0], k, how), b = ll_ext(l, in->v[1], k, how);
	hew_val less = how == LL_S ? hew_lt(l->f, a, b) : hew_ult(l->f, a, b);

	return got(most ? hew_select(l->f, less, b, a) : hew_select(l->f, less, a, b), how);
}

static struct ll_got in_smin(struct lower *l, struct ll_instr *in, uint32_t k) { return least(l, in, k, LL_S, false); }
static struct ll_got in_smax(struct lower *l, struct ll_instr *in, uint32_t k) { return least(l, in, k, LL_S, true); }
static struct ll_got in_umin(struct lower *l, struct ll_instr *in, uint32_t k) { return least(l, in, k, LL_Z, false); }
static struct ll_got in_umax(struct lower *l, struct ll_instr *in, uint32_t k) { return least(l, in, k, LL_Z, true); }

static struct ll_got three_way(struct lower *l, struct ll_instr *in, uint32_t k, unsigned how)
{
	struct hew_fn *f = l->f;
	hew_val a = ll_ext(l, in->v[0], k, how), b = ll_ext(l, in->v[1], k, how), r;

	if (how == LL_S)
		r = hew_sub(f, hew_lt(f, b, a), hew_lt(f, a, b));
	else
		r = hew_sub(f, hew_ult(f, b, a), hew_ult(f, a, b));
	return got(type_of(in->def, k) == HEW_I64 ? hew_sext(f, HEW_I64, r) : r, LL_S);
}

static struct ll_got in_scmp(struct lower *l, struct ll_instr *in, uint32_t k) { return three_way(l, in, k, LL_S); }
static struct ll_got in_ucmp(struct lower *l, struct ll_instr *in, uint32_t k) { return three_way(l, in, k, LL_Z); }

/* Neighbours of n bits change places. */
static hew_val swap(struct lower *l, hew_val x, unsigned n)
{
	hew_type t = hew_type_of(l->f, x);
	uint64_t mask = UINT64_MAX / ((UINT64_C(1) << n) + 1);
	struct hew_fn *f = l->f;

	return hew_or(f, hew_and(f, hew_shr(f, x, I(n)), ll_num(l, t, (int64_t)mask)), hew_shl(f, hew_and(f, x, ll_num(l, t, (int64_t)mask)), I(n)));
}

static struct ll_got in_bswap(struct lower *l, struct ll_instr *in, uint32_t k)
{
	uint32_t w = width_of(type_of(in->def, k)), bits = bits_of(in->def, k);
	hew_val x = hew_bswap(l->f, ll_part(l, in->v[0], k));

	return got(w == bits ? x : hew_shr(l->f, x, hew_i32(l->f, (int32_t)(w - bits))), LL_Z);
}

static struct ll_got in_bitreverse(struct lower *l, struct ll_instr *in, uint32_t k)
{
	uint32_t w = width_of(type_of(in->def, k)), bits = bits_of(in->def, k);
	hew_val x = ll_part(l, in->v[0], k);

	for (unsigned n = 1; n < 8; n *= 2)
		x = swap(l, x, n);
	x = hew_bswap(l->f, x);
	return got(w == bits ? x : hew_shr(l->f, x, hew_i32(l->f, (int32_t)(w - bits))), LL_Z);
}

static hew_val count_bits(struct lower *l, hew_val x)
{
	struct hew_fn *f = l->f;
	hew_type t = hew_type_of(f, x);
	uint64_t m1 = 0x5555555555555555, m2 = 0x3333333333333333, m4 = 0x0f0f0f0f0f0f0f0f;

	x = hew_sub(f, x, hew_and(f, hew_shr(f, x, I(1)), ll_num(l, t, (int64_t)m1)));
	x = hew_add(f, hew_and(f, x, ll_num(l, t, (int64_t)m2)), hew_and(f, hew_shr(f, x, I(2)), ll_num(l, t, (int64_t)m2)));
	x = hew_and(f, hew_add(f, x, hew_shr(f, x, I(4))), ll_num(l, t, (int64_t)m4));
	return hew_shr(f, hew_mul(f, x, ll_num(l, t, 0x0101010101010101)), I(width_of(t) - 8));
}

static hew_val leading(struct lower *l, hew_val x)
{
	struct hew_fn *f = l->f;

	for (unsigned n = 1; n < width_of(hew_type_of(f, x)); n *= 2)
		x = hew_or(f, x, hew_shr(f, x, I(n)));
	return count_bits(l, hew_not(f, x));
}

static hew_val trailing(struct lower *l, hew_val x)
{
	struct hew_fn *f = l->f;

	return count_bits(l, hew_and(f, hew_not(f, x), hew_sub(f, x, ll_num(l, hew_type_of(f, x), 1))));
}

static struct ll_got in_ctpop(struct lower *l, struct ll_instr *in, uint32_t k)
{
	return got(count_bits(l, ll_ext(l, in->v[0], k, LL_Z)), LL_Z);
}

static struct ll_got in_ctlz(struct lower *l, struct ll_instr *in, uint32_t k)
{
	hew_type t = type_of(in->def, k);
	hew_val x = leading(l, ll_ext(l, in->v[0], k, LL_Z));

	return got(hew_sub(l->f, x, ll_num(l, t, (int64_t)width_of(t) - bits_of(in->def, k))), LL_Z);
}

static struct ll_got in_cttz(struct lower *l, struct ll_instr *in, uint32_t k)
{
	hew_type t = type_of(in->def, k);
	uint32_t bits = bits_of(in->def, k);
	hew_val x = ll_ext(l, in->v[0], k, LL_Z);

	if (bits < width_of(t))
		x = hew_or(l->f, x, ll_num(l, t, (int64_t)(UINT64_C(1) << bits)));
	return got(trailing(l, x), LL_Z);
}

static struct ll_got funnel(struct lower *l, struct ll_instr *in, uint32_t k, bool left)
{
	struct hew_fn *f = l->f;
	uint32_t bits = bits_of(in->def, k), w = width_of(type_of(in->def, k));
	hew_val a = ll_part(l, in->v[0], k), b, x, c = ll_part(l, in->v[2], k), rest;

	if (bits & (bits - 1))
		ll_fail(l->m, l->line, "unsupported: a funnel shift of i%u", bits);
	c = hew_and(f, c, ll_num(l, type_of(in->def, k), bits - 1));
	if (bits < w) {
		b = ll_ext(l, in->v[1], k, LL_Z);
		x = hew_or(f, hew_shl(f, a, I(bits)), b);
		return plain(left ? hew_shr(f, hew_shl(f, x, c), I(bits)) : hew_shr(f, x, c));
	}
	b = ll_part(l, in->v[1], k);
	if (a == b)
		return plain(hew_rotl(f, a, left ? c : hew_neg(f, c)));
	rest = hew_sub(f, ll_num(l, type_of(in->def, k), w - 1), c);
	if (left)
		return plain(hew_or(f, hew_shl(f, a, c), hew_shr(f, hew_shr(f, b, I(1)), rest)));
	return plain(hew_or(f, hew_shr(f, b, c), hew_shl(f, hew_shl(f, a, I(1)), rest)));
}

static struct ll_got in_fshl(struct lower *l, struct ll_instr *in, uint32_t k) { return funnel(l, in, k, true); }
static struct ll_got in_fshr(struct lower *l, struct ll_instr *in, uint32_t k) { return funnel(l, in, k, false); }

/* ---- overflow ---------------------------------------------------------------------------------------------------------- */

struct checked { hew_val v, overflow; };

/* In the full width of the container. */
static struct checked full(struct lower *l, char op, bool is_signed, hew_val a, hew_val b)
{
	struct hew_fn *f = l->f;
	hew_type t = hew_type_of(f, a);
	hew_val zero = ll_num(l, t, 0), v, high;

	if (op == '*') {
		v = hew_mul(f, a, b);
		high = is_signed ? hew_smulh(f, a, b) : hew_umulh(f, a, b);
		return (struct checked){ v, hew_ne(f, high, is_signed ? hew_sar(f, v, I(width_of(t) - 1)) : zero) };
	}
	v = op == '+' ? hew_add(f, a, b) : hew_sub(f, a, b);
	if (!is_signed)
		return (struct checked){ v, op == '+' ? hew_ult(f, v, a) : hew_ult(f, a, b) };
	if (op == '+')
		return (struct checked){ v, hew_lt(f, hew_and(f, hew_xor(f, a, v), hew_xor(f, b, v)), zero) };
	return (struct checked){ v, hew_lt(f, hew_and(f, hew_xor(f, a, b), hew_xor(f, a, v)), zero) };
}

static struct checked checked(struct lower *l, char op, bool is_signed, struct ll_instr *in, uint32_t k)
{
	unsigned how = is_signed ? LL_S : LL_Z;
	uint32_t bits = in->v[0]->type->part[k].bits, w = width_of(type_of(in->v[0], k));
	hew_val a = ll_ext(l, in->v[0], k, how), b = ll_ext(l, in->v[1], k, how);
	struct checked r = full(l, op, is_signed, a, b);
	hew_val cut;

	if (bits == w)
		return r;
	cut = ll_extend(l, plain(r.v), bits == 1 ? 2 : bits, how);
	if (bits == 1)
		ll_fail(l->m, l->line, "unsupported: overflow of i1");
	/* what does not fit the container has overflowed too */
	r.overflow = hew_or(l->f, bits > w / 2 ? r.overflow : hew_i32(l->f, 0), hew_ne(l->f, cut, r.v));
	return r;
}

static struct checked wide_checked(struct lower *l, char op, bool is_signed, struct ll_instr *in, struct ll_wide *out)
{
	struct hew_fn *f = l->f;
	struct ll_wide a = ll_wide(l, in->v[0]), b = ll_wide(l, in->v[1]), r;
	hew_val x;

	if (op == '*' || in->v[0]->type->bits != 128)
		ll_fail(l->m, l->line, "unsupported: overflow of %s%s", op == '*' ? "a product of " : "", ll_type_name(l->m, in->v[0]->type));
	r = *out = ll_wide_op(l, op == '+' ? LL_add : LL_sub, a, b);
	if (!is_signed)
		return (struct checked){ r.w[0], op == '+' ? ll_wide_compare(l, LL_ULT, r, a) : ll_wide_compare(l, LL_ULT, a, b) };
	x = hew_and(f, hew_xor(f, a.w[1], op == '+' ? r.w[1] : b.w[1]), hew_xor(f, op == '+' ? b.w[1] : a.w[1], r.w[1]));
	return (struct checked){ r.w[0], hew_lt(f, x, hew_i64(f, 0)) };
}

static void in_overflow(struct lower *l, struct ll_instr *in)
{
	const char *s = in->callee->sym->name.s + 5;	/* sadd... */
	char op = s[1] == 'a' ? '+' : s[1] == 's' ? '-' : '*';
	uint32_t n = ll_parts(l, in->v[0]->type);
	struct checked r;
	struct ll_wide w;

	if (ll_is_wide(in->v[0]->type)) {
		r = wide_checked(l, op, *s == 's', in, &w);
		ll_set_wide(l, in, w);
		ll_set(l, in, 2, r.overflow, LL_Z);
		return;
	}
	for (uint32_t k = 0; k < n; k++) {
		r = checked(l, op, *s == 's', in, k);
		ll_set(l, in, k, r.v, 0);
		ll_set(l, in, n + k, r.overflow, LL_Z);
	}
}

/* The nearest value instead of one that overflows: -1, 0, or the end on the side of a. */
static struct ll_got saturated(struct lower *l, struct ll_instr *in, uint32_t k, char op, bool is_signed)
{
	struct hew_fn *f = l->f;
	struct checked r = checked(l, op, is_signed, in, k);
	hew_type t = type_of(in->def, k);
	uint32_t bits = bits_of(in->def, k);
	hew_val end;

	if (!is_signed)
		end = ll_num(l, t, op == '+' ? -1 : 0);
	else
		end = hew_xor(f, hew_sar(f, ll_ext(l, in->v[0], k, LL_S), I(width_of(t) - 1)), ll_num(l, t, (int64_t)((UINT64_C(1) << (bits - 1)) - 1)));
	return plain(hew_select(f, r.overflow, end, r.v));
}

static struct ll_got in_uadd_sat(struct lower *l, struct ll_instr *in, uint32_t k) { return saturated(l, in, k, '+', false); }
static struct ll_got in_usub_sat(struct lower *l, struct ll_instr *in, uint32_t k) { return saturated(l, in, k, '-', false); }
static struct ll_got in_sadd_sat(struct lower *l, struct ll_instr *in, uint32_t k) { return saturated(l, in, k, '+', true); }
static struct ll_got in_ssub_sat(struct lower *l, struct ll_instr *in, uint32_t k) { return saturated(l, in, k, '-', true); }

/* ---- memory ------------------------------------------------------------------------------------------------------------ */

static hew_val length(struct lower *l, struct ll_value *v)
{
	hew_val n = ll_ext(l, v, 0, LL_Z);

	return hew_type_of(l->f, n) == HEW_I32 ? hew_zext(l->f, HEW_I64, n) : n;
}

static void move(struct lower *l, struct ll_instr *in, const void *fn)
{
	struct ll_got to = ll_address(l, in->v[0]), from = ll_address(l, in->v[1]);

	if (in->v[2]->kind == LL_V_INT && in->v[2]->num <= 64)
		ll_copy(l, to, from, (uint64_t)in->v[2]->num);
	else
		ll_call_c(l, fn, HEW_VOID, 3, (hew_val[]){ ll_whole(l, to), ll_whole(l, from), length(l, in->v[2]) });
}

static void in_memcpy(struct lower *l, struct ll_instr *in) { move(l, in, (const void *)(uintptr_t)memcpy); }
static void in_memmove(struct lower *l, struct ll_instr *in) { move(l, in, (const void *)(uintptr_t)memmove); }

static void in_memset(struct lower *l, struct ll_instr *in)
{
	struct ll_got to = ll_address(l, in->v[0]);

	if (in->v[2]->kind == LL_V_INT && in->v[2]->num <= 64)
		ll_fill(l, to, ll_ext(l, in->v[1], 0, LL_Z), (uint64_t)in->v[2]->num);
	else
		ll_call_c(l, (const void *)(uintptr_t)memset, HEW_VOID, 3, (hew_val[]){ ll_whole(l, to), ll_ext(l, in->v[1], 0, LL_Z), length(l, in->v[2]) });
}

static void in_load_relative(struct lower *l, struct ll_instr *in)
{
	hew_val base = ll_part(l, in->v[0], 0), off = ll_ext(l, in->v[1], 0, LL_S), x;

	if (hew_type_of(l->f, off) == HEW_I32)
		off = hew_sext(l->f, HEW_I64, off);
	x = hew_load(l->f, HEW_I64, HEW_32S, 0, hew_add(l->f, base, off), 0);
	ll_set(l, in, 0, hew_add(l->f, base, x), 0);
}

/* struct { unsigned gp_offset, fp_offset; void *overflow_arg_area, *reg_save_area; } */
static void in_va_start(struct lower *l, struct ll_instr *in)
{
	struct ll_got at = ll_address(l, in->v[0]);
	struct hew_fn *f = l->f;
	int32_t o = (int32_t)at.off;

	if (!l->save)
		ll_fail(l->m, l->line, "llvm.va_start in a function without a variable part");
	hew_store(f, HEW_FULL, 0, at.v, o, I(8 * (l->gp < 6 ? l->gp : 6)));
	hew_store(f, HEW_FULL, 0, at.v, o + 4, I(48 + 16 * (l->fp < 8 ? l->fp : 8)));
	hew_store(f, HEW_FULL, 0, at.v, o + 8, hew_add(f, hew_inargs(f), hew_i64(f, 8 * (int64_t)l->on_stack)));
	hew_store(f, HEW_FULL, 0, at.v, o + 16, l->save);
}

/* A variable begins to live: nothing of its last life is left. Storing 0 says so. Else its value would be kept through the loop
 * around it for uses that, as far as the compiler sees, may come before the first store. */
static void in_lifetime_start(struct lower *l, struct ll_instr *in)
{
	struct ll_value *v = in->v[in->n - 1];

	if (v->kind != LL_V_LOCAL || !v->variable || (v->variable->kind != LL_INT && v->variable->kind != LL_POINTER && v->variable->kind != LL_FLOAT &&
		v->variable->kind != LL_DOUBLE) || ll_parts(l, v->variable) != 1)
		return;
	ll_store_part(l, &v->variable->part[0], ll_address(l, v), (struct ll_got){ ll_zero(l, v->variable->part[0].type), 0, LL_Z | LL_S });
}

static void in_va_copy(struct lower *l, struct ll_instr *in) { ll_copy(l, ll_address(l, in->v[0]), ll_address(l, in->v[1]), 24); }

static void in_stacksave(struct lower *l, struct ll_instr *in) { ll_set(l, in, 0, hew_load(l->f, HEW_PTR, HEW_FULL, 0, l->dynamic, 0), 0); }

static void in_stackrestore(struct lower *l, struct ll_instr *in)
{
	ll_call_c(l, (const void *)(uintptr_t)ll_rt_release, HEW_VOID, 2, (hew_val[]){ l->dynamic, ll_part(l, in->v[0], 0) });
}

/* ---- the rest ---------------------------------------------------------------------------------------------------------- */

static void in_same(struct lower *l, struct ll_instr *in)
{
	if (in->v[0]->type != in->def->type)
		ll_fail(l->m, l->line, "@%.*s with another type", (int)in->callee->sym->name.n, in->callee->sym->name.s);
	for (uint32_t k = 0; k < ll_parts(l, in->def->type); k++)
		l->slot[in->def->first + k] = ll_get(l, in->v[0], k);
}

/* The elements of a vector combined from the first to the last; the name ends with the operation. */
static void in_reduce(struct lower *l, struct ll_instr *in)
{
	const char *op = in->callee->sym->name.s + strlen("llvm.vector.reduce.");
	unsigned how = *op == 'u' ? LL_Z : LL_S;
	hew_val x = ll_part(l, in->v[0], 0), y, less;
	struct hew_fn *f = l->f;
	uint32_t bits = bits_of(in->v[0], 0);

	for (uint32_t k = 1; k < ll_parts(l, in->v[0]->type); k++) {
		y = ll_part(l, in->v[0], k);
		if (op[1] == 'm' && (*op == 's' || *op == 'u')) {
			x = ll_extend(l, plain(x), bits, how);
			y = ll_extend(l, plain(y), bits, how);
			less = how == LL_S ? hew_lt(f, x, y) : hew_ult(f, x, y);
			x = op[2] == 'a' ? hew_select(f, less, y, x) : hew_select(f, less, x, y);
		} else if (*op == 'm') {
			x = hew_mul(f, x, y);
		} else if (*op == 'a') {
			x = op[1] == 'd' ? hew_add(f, x, y) : hew_and(f, x, y);
		} else {
			x = *op == 'o' ? hew_or(f, x, y) : hew_xor(f, x, y);
		}
	}
	ll_set(l, in, 0, bits == 1 ? hew_and(f, x, I(1)) : x, bits == 1 ? LL_Z : 0);
}

static void in_zero(struct lower *l, struct ll_instr *in)
{
	for (uint32_t k = 0; k < ll_parts(l, in->def->type); k++)
		ll_set(l, in, k, ll_zero(l, type_of(in->def, k)), LL_Z | LL_S);
}

static void in_objectsize(struct lower *l, struct ll_instr *in)
{
	bool least_size = in->n > 1 && in->v[1]->kind == LL_V_INT && in->v[1]->num;

	ll_set(l, in, 0, ll_num(l, type_of(in->def, 0), least_size ? 0 : -1), LL_S);
}

static void in_trap(struct lower *l, struct ll_instr *in)
{
	(void)in;
	ll_call_c(l, (const void *)(uintptr_t)abort, HEW_VOID, 0, NULL);
}

/* ---- the table --------------------------------------------------------------------------------------------------------- */

static const struct row {
	const char *name;
	struct ll_got (*each)(struct lower *l, struct ll_instr *in, uint32_t k);
	void (*whole)(struct lower *l, struct ll_instr *in);
	const char *math[2];		/* for double, float */
} rows[] = {
#define NOTHING(name) { #name, NULL, NULL, { NULL, NULL } },
#define EACH(name, f) { #name, f, NULL, { NULL, NULL } },
#define WHOLE(name, f) { #name, NULL, f, { NULL, NULL } },
#define MATH(name, c) { #name, NULL, NULL, { #c, #c "f" } },
#include "intrinsics.def"
};

static const struct row *find(struct ll_str name)
{
	const struct row *best = NULL;
	size_t length_of_best = 0;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t n = strlen(rows[i].name);

		if (name.n >= n + 5 && !memcmp(name.s + 5, rows[i].name, n) && (name.n == n + 5 || name.s[n + 5] == '.') && n > length_of_best) {
			best = &rows[i];
			length_of_best = n;
		}
	}
	return best;
}

static void math(struct lower *l, struct ll_instr *in, const struct row *r)
{
	struct hew_call c = { .reads = 0 };

	for (uint32_t k = 0; k < ll_parts(l, in->def->type); k++) {
		const char *name = r->math[type_of(in->v[0], k) == HEW_F32];
		void *fn = ll_rt_symbol(name);
		hew_val args[3];
		uint32_t n = in->n < 3 ? in->n : 3;

		if (!fn)
			ll_fail(l->m, l->line, "unsupported: @%.*s, the C library has no %s", (int)in->callee->sym->name.n, in->callee->sym->name.s, name);
		for (uint32_t i = 0; i < n; i++)
			args[i] = ll_part(l, in->v[i], k < ll_parts(l, in->v[i]->type) ? k : 0);
		c.result[0] = type_of(in->def, k);
		ll_set(l, in, k, hew_call(l->f, hew_ptr(l->f, fn), &c, (int)n, args), 0);
	}
}

/* Operations on i128 that have no way part by part. */
static bool wide(struct lower *l, struct ll_instr *in, const struct row *r)
{
	struct hew_fn *f = l->f;
	struct ll_wide a = ll_wide(l, in->v[0]), b;
	hew_val x, low, high;

	if (in->v[0]->type->bits != 128)
		return false;
	if (r->each == in_bswap) {
		ll_set_wide(l, in, ll_wide_pair(hew_bswap(l->f, a.w[1]), hew_bswap(l->f, a.w[0])));
	} else if (r->each == in_ctpop) {
		ll_set_wide(l, in, ll_wide_pair(hew_add(f, count_bits(l, a.w[0]), count_bits(l, a.w[1])), hew_i64(f, 0)));
	} else if (r->each == in_ctlz || r->each == in_cttz) {
		bool lead = r->each == in_ctlz;

		low = lead ? leading(l, a.w[1]) : trailing(l, a.w[0]);
		high = hew_add(f, hew_i64(f, 64), lead ? leading(l, a.w[0]) : trailing(l, a.w[1]));
		x = hew_eq(f, low, hew_i64(f, 64));
		ll_set_wide(l, in, ll_wide_pair(hew_select(f, x, high, low), hew_i64(f, 0)));
	} else if (r->each == in_abs || r->each == in_smin || r->each == in_smax || r->each == in_umin || r->each == in_umax) {
		struct ll_wide zero = ll_wide_pair(hew_i64(f, 0), hew_i64(f, 0));
		bool is_signed = r->each != in_umin && r->each != in_umax;

		b = r->each == in_abs ? ll_wide_op(l, LL_sub, zero, a) : ll_wide(l, in->v[1]);
		x = ll_wide_compare(l, is_signed ? LL_SLT : LL_ULT, a, r->each == in_abs ? zero : b);
		if (r->each == in_smin || r->each == in_umin)
			ll_set_wide(l, in, ll_wide_pair(hew_select(f, x, a.w[0], b.w[0]), hew_select(f, x, a.w[1], b.w[1])));
		else
			ll_set_wide(l, in, ll_wide_pair(hew_select(f, x, b.w[0], a.w[0]), hew_select(f, x, b.w[1], a.w[1])));
	} else {
		return false;
	}
	return true;
}

/* How many operands a function of the table reads, whatever the text says. */
static uint32_t operands(const struct row *r)
{
	if (r->each == in_fmuladd || r->each == in_fshl || r->each == in_fshr || r->whole == in_memcpy || r->whole == in_memmove || r->whole == in_memset)
		return 3;
	if (r->each == in_copysign || r->each == in_fpclass || (r->each && (r->each == in_smin || r->each == in_smax || r->each == in_umin ||
		r->each == in_umax || r->each == in_scmp || r->each == in_ucmp || r->each == in_uadd_sat || r->each == in_usub_sat ||
		r->each == in_sadd_sat || r->each == in_ssub_sat)) || r->whole == in_overflow || r->whole == in_va_copy || r->whole == in_load_relative)
		return 2;
	return r->whole == in_trap || r->whole == in_stacksave || r->whole == in_zero ? 0 : 1;
}

/* The parts of result and operands are those that the function expects. */
static bool shapes_fit(struct lower *l, const struct ll_instr *in, const struct row *r)
{
	bool one = r->whole == in_same || r->whole == in_zero || r->whole == in_objectsize || r->whole == in_stacksave || r->whole == in_load_relative;
	uint32_t n = in->def ? ll_parts(l, in->def->type) : 0;

	if (in->n < operands(r))
		return false;
	if (r->whole == in_overflow)
		return n == (ll_is_wide(in->v[0]->type) ? 1 + ll_parts(l, in->v[0]->type) : 2 * ll_parts(l, in->v[0]->type));
	if (r->whole == in_reduce)
		return n == 1 && in->v[0]->type->kind == LL_VECTOR && in->v[0]->type->of == in->def->type && in->def->type->kind == LL_INT;
	if (one)
		return n > 0;
	return r->whole || (n && in->n && ll_parts(l, in->v[0]->type) == n);
}

/* False: s is no intrinsic. */
bool ll_lower_intrinsic(struct lower *l, struct ll_instr *in, struct ll_symbol *s)
{
	const struct row *r;

	if (s->name.n < 5 || memcmp(s->name.s, "llvm.", 5))
		return false;
	r = find(s->name);
	if (!r || in->callee->sym != s)
		ll_fail(l->m, l->line, "unsupported: @%.*s", (int)(s->name.n > 200 ? 200 : s->name.n), s->name.s);
	if (!r->each && !r->whole && !r->math[0])
		return true;
	if (!shapes_fit(l, in, r))
		ll_fail(l->m, l->line, "@%.*s with other operands than it takes", (int)(s->name.n > 200 ? 200 : s->name.n), s->name.s);
	if (r->whole) {
		r->whole(l, in);
	} else if (r->each && ll_is_wide(in->v[0]->type)) {
		if (!wide(l, in, r))
			ll_fail(l->m, l->line, "unsupported: @%.*s", (int)s->name.n, s->name.s);
	} else if (r->each) {
		for (uint32_t k = 0; k < ll_parts(l, in->def->type); k++)
			l->slot[in->def->first + k] = r->each(l, in, k);
	} else {
		math(l, in, r);
	}
	return true;
}
