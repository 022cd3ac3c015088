/* SPDX-License-Identifier: MIT
 * lower_int.c - arithmetic, comparisons and conversions of integers up to 64 bits, element by element.
 *
 * Bits above a narrow integer matter only to some operations (division, shifts to the right, comparisons, conversions);
 * those extend their operands first, unless what is known of them says that they are so already.
 */
#include "ll.h"

hew_val ll_not(struct lower *l, hew_val c) { return hew_eq(l->f, c, hew_i32(l->f, 0)); }

static unsigned known_after(enum ll_op op, unsigned a, unsigned b)
{
	switch (op) {
	case LL_and: return ((a | b) & LL_Z) | (a & b & LL_S);
	case LL_or: case LL_xor: return a & b;
	case LL_udiv: case LL_urem: case LL_lshr: return LL_Z;
	case LL_srem: case LL_ashr: return LL_S;
	default: return 0;
	}
}

/* nsw holds for the whole register: only where the type fills it. */
static hew_val emit(struct hew_fn *f, enum ll_op op, hew_val a, hew_val b, bool nsw)
{
	switch (op) {
	case LL_add: return nsw ? hew_add_nsw(f, a, b) : hew_add(f, a, b);
	case LL_sub: return nsw ? hew_sub_nsw(f, a, b) : hew_sub(f, a, b);
	case LL_mul: return nsw ? hew_mul_nsw(f, a, b) : hew_mul(f, a, b);
	case LL_udiv: return hew_udiv(f, a, b);
	case LL_sdiv: return hew_sdiv(f, a, b);
	case LL_urem: return hew_urem(f, a, b);
	case LL_srem: return hew_srem(f, a, b);
	case LL_shl: return nsw ? hew_shl_nsw(f, a, b) : hew_shl(f, a, b);
	case LL_lshr: return hew_shr(f, a, b);
	case LL_ashr: return hew_sar(f, a, b);
	case LL_and: return hew_and(f, a, b);
	case LL_or: return hew_or(f, a, b);
	default: return hew_xor(f, a, b);
	}
}

void ll_lower_int(struct lower *l, struct ll_instr *in)
{
	enum ll_op op = (enum ll_op)in->op;
	unsigned left = op == LL_udiv || op == LL_urem || op == LL_lshr ? LL_Z : op == LL_sdiv || op == LL_srem || op == LL_ashr ? LL_S : 0;
	unsigned right = op == LL_sdiv || op == LL_srem ? LL_S : left || op == LL_shl ? LL_Z : 0;

	if (ll_is_wide(in->def->type)) {
		ll_set_wide(l, in, ll_wide_op(l, op, ll_wide(l, in->v[0]), ll_wide(l, in->v[1])));
		return;
	}
	for (uint32_t k = 0; k < ll_parts(l, in->def->type); k++) {
		uint32_t bits = in->def->type->part[k].bits;
		struct ll_got a = ll_get(l, in->v[0], k), b = ll_get(l, in->v[1], k);
		hew_val x = emit(l->f, op, left ? ll_extend(l, a, bits, left) : a.v, right ? ll_extend(l, b, bits, right) : b.v,
			in->nsw && (bits == 32 || bits == 64));
		unsigned known = known_after(op, a.known, b.known);

		if (bits == 1) {
			x = hew_and(l->f, x, hew_i32(l->f, 1));
			known = LL_Z;
		}
		ll_set(l, in, k, x, known);
	}
}

static hew_val compare(struct hew_fn *f, enum ll_pred p, hew_val a, hew_val b)
{
	switch (p) {
	case LL_EQ: return hew_eq(f, a, b);
	case LL_NE: return hew_ne(f, a, b);
	case LL_UGT: return hew_ult(f, b, a);
	case LL_UGE: return hew_ule(f, b, a);
	case LL_ULT: return hew_ult(f, a, b);
	case LL_ULE: return hew_ule(f, a, b);
	case LL_SGT: return hew_lt(f, b, a);
	case LL_SGE: return hew_le(f, b, a);
	case LL_SLT: return hew_lt(f, a, b);
	default: return hew_le(f, a, b);
	}
}

void ll_lower_icmp(struct lower *l, struct ll_instr *in)
{
	enum ll_pred p = (enum ll_pred)in->pred;
	struct ll_type *t = in->v[0]->type;

	if (ll_is_wide(t)) {
		ll_set(l, in, 0, ll_wide_compare(l, p, ll_wide(l, in->v[0]), ll_wide(l, in->v[1])), LL_Z);
		return;
	}
	for (uint32_t k = 0; k < ll_parts(l, t); k++) {
		struct ll_got a = ll_get(l, in->v[0], k), b = ll_get(l, in->v[1], k);
		unsigned how = p >= LL_SGT || (p <= LL_NE && a.known & b.known & LL_S) ? LL_S : LL_Z;
		hew_val x, y;

		if (t->part[k].type == HEW_PTR) {
			x = ll_whole(l, a);
			y = ll_whole(l, b);
		} else {
			x = ll_extend(l, a, t->part[k].bits, how);
			y = ll_extend(l, b, t->part[k].bits, how);
		}
		ll_set(l, in, k, compare(l->f, p, x, y), LL_Z);
	}
}

/* ---- conversions --------------------------------------------------------------------------------------------------------- */

/* An integer of `from` bits in its container to one of `to` bits. */
static hew_val resize(struct lower *l, struct ll_got g, const struct ll_part *from, const struct ll_part *to, enum ll_op op)
{
	hew_val v = g.v;

	if (op != LL_trunc)
		v = ll_extend(l, g, from->bits, op == LL_sext ? LL_S : LL_Z);
	if (from->type == to->type)
		return v;
	if (to->type == HEW_I32)
		return hew_trunc(l->f, HEW_I32, v);
	return op == LL_sext ? hew_sext(l->f, HEW_I64, v) : hew_zext(l->f, HEW_I64, v);
}

static struct ll_got resized(struct lower *l, struct ll_got g, const struct ll_part *from, const struct ll_part *to, enum ll_op op)
{
	struct ll_got r = { resize(l, g, from, to, op), 0, op == LL_zext ? LL_Z | LL_S : op == LL_sext ? LL_S : 0 };

	if (to->bits == 1) {
		r.v = hew_and(l->f, r.v, hew_i32(l->f, 1));
		r.known = LL_Z;
	}
	if (op == LL_sext && from->bits == 1 && to->bits == 1)
		r.known = LL_Z;
	return r;
}

static struct ll_got convert(struct lower *l, struct ll_instr *in, uint32_t k)
{
	const struct ll_part *from = &in->v[0]->type->part[k], *to = &in->def->type->part[k];
	struct ll_got g = ll_get(l, in->v[0], k);
	static const struct ll_part word = { HEW_I64, 64, 0 };
	bool is_signed = in->op == LL_sitofp || in->op == LL_fptosi;

	switch (in->op) {
	case LL_trunc: case LL_zext: case LL_sext: return resized(l, g, from, to, (enum ll_op)in->op);
	case LL_fptrunc: case LL_fpext: return (struct ll_got){ hew_fcvt(l->f, to->type, g.v), 0, 0 };
	case LL_fptoui: case LL_fptosi:
		g.v = ll_from_real(l, to->type, g.v, is_signed || to->bits < 32 || (to->bits > 32 && to->bits < 64));
		if (to->bits == 1)
			g.v = hew_and(l->f, g.v, hew_i32(l->f, 1));
		return (struct ll_got){ g.v, 0, to->bits == 1 ? LL_Z : 0 };
	case LL_uitofp: case LL_sitofp:
		return (struct ll_got){ ll_to_real(l, to->type, ll_extend(l, g, from->bits, is_signed ? LL_S : LL_Z),
			is_signed || from->bits < 32 || (from->bits > 32 && from->bits < 64)), 0, 0 };
	case LL_ptrtoint:
		return resized(l, (struct ll_got){ hew_bitcast(l->f, HEW_I64, ll_whole(l, g)), 0, 0 }, &word, to, to->bits < 64 ? LL_trunc : LL_zext);
	case LL_inttoptr:
		return (struct ll_got){ hew_bitcast(l->f, HEW_PTR, resize(l, g, from, &word, from->bits < 64 ? LL_zext : LL_trunc)), 0, 0 };
	default: return g;
	}
}

/* The same bits as another type: element by element where the elements are as wide, else through memory. */
static void bitcast(struct lower *l, struct ll_instr *in)
{
	struct ll_type *a = in->v[0]->type, *b = in->def->type;
	uint32_t n = ll_parts(l, a);
	bool same = n == ll_parts(l, b);
	struct ll_got tmp;

	for (uint32_t k = 0; k < n && same; k++)
		same = a->part[k].bits == b->part[k].bits;
	for (uint32_t k = 0; k < n && same; k++) {
		struct ll_got g = ll_get(l, in->v[0], k);

		if (a->part[k].type != b->part[k].type)
			g = (struct ll_got){ hew_bitcast(l->f, b->part[k].type, ll_whole(l, g)), 0, 0 };
		l->slot[in->def->first + k] = g;
	}
	if (same)
		return;
	ll_layout(l->m, a, l->line);
	ll_layout(l->m, b, l->line);
	if (ll_store_size(a) != ll_store_size(b) || (ll_scalar(a)->kind == LL_INT && ll_scalar(a)->bits % 8) ||
		(ll_scalar(b)->kind == LL_INT && ll_scalar(b)->bits % 8))
		ll_fail(l->m, l->line, "unsupported: bitcast from %s to %s", ll_type_name(l->m, a), ll_type_name(l->m, b));
	tmp.v = ll_static(l, a->size > b->size ? a->size : b->size, 16);
	tmp.off = 0;
	tmp.known = 0;
	for (uint32_t k = 0; k < n; k++)
		ll_store_part(l, &a->part[k], tmp, ll_get(l, in->v[0], k));
	for (uint32_t k = 0; k < b->n_parts; k++)
		l->slot[in->def->first + k] = ll_load_part(l, &b->part[k], tmp, false);
}

void ll_lower_cast(struct lower *l, struct ll_instr *in)
{
	ll_parts(l, in->v[0]->type);
	if (in->op == LL_bitcast) {
		bitcast(l, in);
		return;
	}
	if (ll_is_wide(in->v[0]->type) || ll_is_wide(in->def->type)) {
		ll_wide_cast(l, in);
		return;
	}
	for (uint32_t k = 0; k < ll_parts(l, in->def->type); k++)
		l->slot[in->def->first + k] = convert(l, in, k);
}
