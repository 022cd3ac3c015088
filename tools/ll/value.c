/* SPDX-License-Identifier: MIT
 * value.c - values of the text as values of hew: parts, constants, bits above narrow integers, how values are passed.
 */
#include "ll.h"

uint32_t ll_parts(struct lower *l, struct ll_type *t)
{
	ll_flatten(l->m, t, l->line);
	return t->n_parts;
}

bool ll_is_wide(struct ll_type *t) { return t->kind == LL_INT && t->bits > 64; }

hew_val ll_num(struct lower *l, hew_type t, int64_t x) { return t == HEW_I32 ? hew_i32(l->f, (int32_t)x) : hew_i64(l->f, x); }

hew_val ll_zero(struct lower *l, hew_type t)
{
	switch (t) {
	case HEW_F32: return hew_f32(l->f, 0);
	case HEW_F64: return hew_f64(l->f, 0);
	case HEW_PTR: return hew_ptr(l->f, NULL);
	default: return ll_num(l, t, 0);
	}
}

static struct ll_got number(struct lower *l, const struct ll_part *p, uint64_t x)
{
	uint8_t known = LL_Z | (p->bits < 64 && x >> (p->bits - 1) ? 0 : LL_S);

	return (struct ll_got){ ll_num(l, p->type, (int64_t)x), 0, known };
}

static struct ll_got real(struct lower *l, const struct ll_part *p, uint64_t x)
{
	uint32_t small = (uint32_t)x;
	double d;
	float f;

	memcpy(&d, &x, 8);
	memcpy(&f, &small, 4);
	return (struct ll_got){ p->type == HEW_F64 ? hew_f64(l->f, d) : hew_f32(l->f, f), 0, 0 };
}

static struct ll_got address(struct lower *l, struct ll_value *v, uint32_t k)
{
	const struct ll_part *p = &v->type->part[k];
	struct ll_address a = ll_eval(l->m, v);
	hew_val x;

	if (!a.func) {
		if (p->type == HEW_PTR)
			return (struct ll_got){ hew_ptr(l->f, (void *)(uintptr_t)a.num), 0, 0 };
		return number(l, p, (uint64_t)(k ? a.num >> 64 : a.num));
	}
	x = hew_callee(l->f, l->m->built[a.func->index]);
	if (a.num)
		x = hew_add(l->f, x, hew_i64(l->f, (int64_t)a.num));
	if (p->type == HEW_PTR)
		return (struct ll_got){ x, 0, 0 };
	x = k ? hew_i64(l->f, 0) : hew_bitcast(l->f, HEW_I64, x);
	return (struct ll_got){ p->type == HEW_I32 ? hew_trunc(l->f, HEW_I32, x) : x, 0, 0 };
}

/* Part k of an aggregate constant is a part of one of its elements. */
static struct ll_got inside(struct lower *l, struct ll_value *v, uint32_t k)
{
	for (uint64_t i = 0; i < v->type->n; i++) {
		struct ll_value *e = ll_elem(l->m, v, i);
		uint32_t n = ll_parts(l, e->type);

		if (k < n)
			return ll_get(l, e, k);
		k -= n;
	}
	ll_fail(l->m, l->line, "a constant has too few elements");
}

struct ll_got ll_get(struct lower *l, struct ll_value *v, uint32_t k)
{
	const struct ll_part *p;

	if (k >= ll_parts(l, v->type))
		ll_fail(l->m, l->line, "a value has too few parts");
	p = &v->type->part[k];
	switch (v->kind) {
	case LL_V_LOCAL:
		if (!l->slot[v->first + k].v)
			ll_fail(l->m, l->line, "%%%.*s is used where it may not have a value", (int)(v->bytes.n > 60 ? 60 : v->bytes.n), v->bytes.s);
		return l->slot[v->first + k];
	case LL_V_INT: return number(l, p, v->big ? v->big[k] : (uint64_t)(k ? v->num >> 64 : v->num));
	case LL_V_REAL: return real(l, p, (uint64_t)v->num);
	case LL_V_ZERO: case LL_V_UNDEF: return (struct ll_got){ ll_zero(l, p->type), 0, LL_Z | LL_S };
	case LL_V_SYMBOL: case LL_V_EXPR: case LL_V_PLACE: return address(l, v, k);
	case LL_V_LIST: case LL_V_BYTES: case LL_V_SPLAT: return inside(l, v, k);
	case LL_V_META: case LL_V_ASM: break;
	}
	ll_fail(l->m, l->line, "unsupported: an operand of this kind");
}

hew_val ll_whole(struct lower *l, struct ll_got g)
{
	int64_t bits;

	if (!g.off)
		return g.v;
	if (hew_is_const(l->f, g.v, &bits))
		return hew_ptr(l->f, (void *)(uintptr_t)((uint64_t)bits + (uint64_t)g.off));
	return hew_add(l->f, g.v, hew_i64(l->f, g.off));
}

hew_val ll_part(struct lower *l, struct ll_value *v, uint32_t k) { return ll_whole(l, ll_get(l, v, k)); }

hew_val ll_extend(struct lower *l, struct ll_got g, uint32_t bits, unsigned known)
{
	hew_type t = hew_type_of(l->f, g.v);
	uint32_t width = t == HEW_I32 ? 32 : 64;
	hew_val count;

	if (bits == width || g.known & known)
		return g.v;
	if (bits == 1 && t == HEW_I32)		/* 0 or 1 */
		return known == LL_S ? hew_neg(l->f, g.v) : g.v;
	if (known == LL_Z)
		return hew_and(l->f, g.v, ll_num(l, t, (int64_t)((UINT64_C(1) << bits) - 1)));
	if (bits == 8)
		return hew_sext8(l->f, g.v);
	if (bits == 16)
		return hew_sext16(l->f, g.v);
	count = hew_i32(l->f, (int32_t)(width - bits));
	return hew_sar(l->f, hew_shl(l->f, g.v, count), count);
}

hew_val ll_ext(struct lower *l, struct ll_value *v, uint32_t k, unsigned known)
{
	struct ll_got g = ll_get(l, v, k);

	return ll_extend(l, g, v->type->part[k].bits, known);
}

void ll_set(struct lower *l, struct ll_instr *in, uint32_t k, hew_val v, unsigned known)
{
	l->slot[in->def->first + k] = (struct ll_got){ v, 0, (uint8_t)known };
}

/* ---- passing ----------------------------------------------------------------------------------------------------------- */

hew_val ll_pack(struct lower *l, hew_val a, hew_val b)
{
	hew_val lo = hew_zext(l->f, HEW_I64, hew_bitcast(l->f, HEW_I32, a)), hi = hew_zext(l->f, HEW_I64, hew_bitcast(l->f, HEW_I32, b));

	return hew_bitcast(l->f, HEW_F64, hew_or(l->f, lo, hew_shl(l->f, hi, hew_i32(l->f, 32))));
}

hew_val ll_unpack(struct lower *l, hew_val pair, unsigned k)
{
	hew_val x = hew_bitcast(l->f, HEW_I64, pair);

	if (k)
		x = hew_shr(l->f, x, hew_i32(l->f, 32));
	return hew_bitcast(l->f, HEW_F32, hew_trunc(l->f, HEW_I32, x));
}

static uint32_t abi(struct lower *l, struct ll_type *t, struct ll_abi *out, uint32_t n, uint32_t *part)
{
	uint32_t k = ll_parts(l, t);

	if (t->kind == LL_VECTOR && t->of->kind == LL_FLOAT && t->n == 2) {
		out[n++] = (struct ll_abi){ HEW_F64, *part, true };
	} else if (t->kind == LL_STRUCT || t->kind == LL_ARRAY) {
		for (uint64_t i = 0; i < t->n; i++)
			n = abi(l, t->kind == LL_STRUCT ? t->field[i] : t->of, out, n, part);
		return n;
	} else {
		for (uint32_t i = 0; i < k; i++)
			out[n++] = (struct ll_abi){ t->part[i].type, *part + i, false };
	}
	*part += k;
	return n;
}

/* out: room for LL_MAX_PARTS. */
uint32_t ll_abi(struct lower *l, struct ll_type *t, struct ll_abi *out)
{
	uint32_t part = 0;

	return t->kind == LL_VOID ? 0 : abi(l, t, out, 0, &part);
}

hew_val ll_pass(struct lower *l, struct ll_value *v, const struct ll_abi *a)
{
	if (a->pair)
		return ll_pack(l, ll_part(l, v, a->part), ll_part(l, v, a->part + 1));
	return ll_part(l, v, a->part);
}
