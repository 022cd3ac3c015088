/* SPDX-License-Identifier: MIT
 * lower_memory.c - loads, stores, addresses, memory of the frame, atomic operations, short copies and fills.
 *
 * An address is kept as a value and a constant offset, which becomes the displacement of the access. Integers of odd
 * widths take the bytes they need: an i24 is two bytes and one byte. Atomic operations are plain ones: there is one thread.
 */
#include "ll.h"

struct ll_got ll_address(struct lower *l, struct ll_value *v)
{
	struct ll_got g = ll_get(l, v, 0);

	if (g.off < INT32_MIN / 2 || g.off > INT32_MAX / 2)
		g = (struct ll_got){ ll_whole(l, g), 0, 0 };
	return g;
}

/* ---- one part ---------------------------------------------------------------------------------------------------------- */

struct piece { hew_width u, s; unsigned bytes; };
static const struct piece pieces[] = { { HEW_32U, HEW_32S, 4 }, { HEW_16U, HEW_16S, 2 }, { HEW_8U, HEW_8S, 1 } };

static bool is_plain(const struct ll_part *p)
{
	return p->type == HEW_F32 || p->type == HEW_F64 || p->type == HEW_PTR || p->bits > 56 || (p->bits > 24 && p->type == HEW_I32);
}

static unsigned bytes_of(const struct ll_part *p) { return (p->bits + 7u) / 8; }

struct ll_got ll_load_part(struct lower *l, const struct ll_part *p, struct ll_got at, bool sign)
{
	int32_t off = (int32_t)(at.off + (int64_t)p->offset);
	unsigned bytes = bytes_of(p), done = 0;
	hew_val x = 0, y;

	if (is_plain(p))
		return (struct ll_got){ hew_load(l->f, p->type, HEW_FULL, l->cls, at.v, off), 0, p->bits % 32 ? LL_Z : 0 };
	if (bytes <= 2 && sign && p->bits == bytes * 8)
		return (struct ll_got){ hew_load(l->f, p->type, bytes == 1 ? HEW_8S : HEW_16S, l->cls, at.v, off), 0, LL_S };
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		if (bytes - done < pieces[i].bytes)
			continue;
		y = hew_load(l->f, p->type, pieces[i].u, l->cls, at.v, off + (int32_t)done);
		x = x ? hew_or(l->f, x, hew_shl(l->f, y, hew_i32(l->f, (int32_t)done * 8))) : y;
		done += pieces[i].bytes;
	}
	return (struct ll_got){ x, 0, LL_Z };
}

void ll_store_part(struct lower *l, const struct ll_part *p, struct ll_got at, struct ll_got g)
{
	int32_t off = (int32_t)(at.off + (int64_t)p->offset);
	unsigned bytes = bytes_of(p), done = 0;
	hew_val v = p->type == HEW_PTR ? ll_whole(l, g) : g.v;

	if (p->type != HEW_F32 && p->type != HEW_F64 && p->type != HEW_PTR && p->bits % 8)
		v = ll_extend(l, g, p->bits, LL_Z);
	if (is_plain(p)) {
		hew_store(l->f, HEW_FULL, l->cls, at.v, off, v);
		return;
	}
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		if (bytes - done < pieces[i].bytes)
			continue;
		hew_store(l->f, pieces[i].u, l->cls, at.v, off + (int32_t)done, done ? hew_shr(l->f, v, hew_i32(l->f, (int32_t)done * 8)) : v);
		done += pieces[i].bytes;
	}
}

static void load_store(struct lower *l, struct ll_instr *in)
{
	struct ll_got at = ll_address(l, in->v[in->op == LL_store]);
	uint32_t n = ll_parts(l, in->type);

	l->cls = in->cls;
	for (uint32_t k = 0; k < n; k++) {
		if (in->op == LL_store)
			ll_store_part(l, &in->type->part[k], at, ll_get(l, in->v[0], k));
		else
			l->slot[in->def->first + k] = ll_load_part(l, &in->type->part[k], at, in->def->sign_uses * 2 > in->def->uses);
	}
	l->cls = 0;
}

/* ---- getelementptr ------------------------------------------------------------------------------------------------------ */

static hew_val scaled(struct lower *l, struct ll_value *index, uint64_t size)
{
	hew_val i = ll_ext(l, index, 0, LL_S);

	if (hew_type_of(l->f, i) == HEW_I32)
		i = hew_sext(l->f, HEW_I64, i);
	if (size & (size - 1))
		return hew_mul(l->f, i, hew_i64(l->f, (int64_t)size));
	return size > 1 ? hew_shl(l->f, i, hew_i32(l->f, __builtin_ctzll(size))) : i;
}

static void step(struct lower *l, struct ll_instr *in)
{
	struct ll_got g = ll_get(l, in->v[0], 0);
	struct ll_type *t = in->type;

	for (uint32_t k = 1; k < in->n; k++) {
		struct ll_value *index = in->v[k];
		bool is_const = index->kind == LL_V_INT || index->kind == LL_V_ZERO || index->kind == LL_V_UNDEF;
		int64_t i = index->kind == LL_V_INT ? ll_signed(index->num, index->type->bits) : 0;
		uint64_t size;

		if (k > 1 && t->kind == LL_STRUCT) {
			uint64_t offset = 0;

			if (!is_const || i < 0)
				ll_fail(l->m, l->line, "the index of a field is not a number");
			t = ll_element(l->m, t, (uint64_t)i, &offset, NULL, l->line);
			g.off += (int64_t)offset;
			continue;
		}
		if (k > 1) {
			if (t->kind != LL_ARRAY && t->kind != LL_VECTOR)
				ll_fail(l->m, l->line, "getelementptr steps into %s", ll_type_name(l->m, t));
			t = t->of;
		}
		ll_layout(l->m, t, l->line);
		size = t->size;
		if (is_const)
			g.off = (int64_t)((uint64_t)g.off + (uint64_t)i * size);
		else if (size)
			g.v = hew_add(l->f, g.v, scaled(l, index, size));
	}
	l->slot[in->def->first] = g;
}

/* ---- memory of the frame ------------------------------------------------------------------------------------------------ */

hew_val ll_static(struct lower *l, uint64_t bytes, uint64_t align)
{
	hew_val v;

	bytes = bytes ? bytes : 1;
	if (bytes > 1 << 28 || align > 1 << 16)
		ll_fail(l->m, l->line, "unsupported: %llu bytes in the frame", (unsigned long long)bytes);
	if (align <= 16)
		return hew_stack(l->f, (uint32_t)bytes, (uint32_t)align);
	v = hew_bitcast(l->f, HEW_I64, hew_stack(l->f, (uint32_t)(bytes + align), 16));
	v = hew_and(l->f, hew_add(l->f, v, hew_i64(l->f, (int64_t)align - 1)), hew_i64(l->f, -(int64_t)align));
	return hew_bitcast(l->f, HEW_PTR, v);
}

static void allocate(struct lower *l, struct ll_instr *in)
{
	uint64_t size = in->type->size, align = in->index[0], n = 1;
	struct hew_fn *f = l->f;
	hew_val count;

	if (in->n)
		n = in->v[0]->kind == LL_V_INT && in->v[0]->num >> 32 == 0 ? (uint64_t)in->v[0]->num : 0;
	if (in->def->block == 0 && (!in->n || in->v[0]->kind == LL_V_INT) && size <= 1 << 28) {
		ll_set(l, in, 0, ll_static(l, size * n, align), 0);
		return;
	}
	count = in->n ? ll_ext(l, in->v[0], 0, LL_Z) : hew_i64(f, 1);
	if (hew_type_of(f, count) == HEW_I32)
		count = hew_zext(f, HEW_I64, count);
	ll_set(l, in, 0, ll_call_c(l, (const void *)(uintptr_t)ll_rt_alloca, HEW_PTR, 3,
		(hew_val[]){ l->dynamic, hew_mul(f, count, hew_i64(f, (int64_t)size)), hew_i64(f, (int64_t)align) }), 0);
}

void ll_lower_memory(struct lower *l, struct ll_instr *in)
{
	switch (ll_ops[in->op].kind) {
	case LL_K_GEP: step(l, in); break;
	case LL_K_ALLOCA: allocate(l, in); break;
	default: load_store(l, in);
	}
}

/* ---- atomic operations -------------------------------------------------------------------------------------------------- */

static hew_val modified(struct lower *l, enum ll_rmw op, struct ll_got old, struct ll_got v, uint32_t bits)
{
	struct hew_fn *f = l->f;
	unsigned how = op == LL_MAX || op == LL_MIN ? LL_S : LL_Z;
	hew_val a = old.v, b = v.v, x, y, less;

	switch (op) {
	case LL_XCHG: return b;
	case LL_RMW_ADD: return hew_add(f, a, b);
	case LL_RMW_SUB: return hew_sub(f, a, b);
	case LL_RMW_AND: return hew_and(f, a, b);
	case LL_NAND: return hew_not(f, hew_and(f, a, b));
	case LL_RMW_OR: return hew_or(f, a, b);
	case LL_RMW_XOR: return hew_xor(f, a, b);
	default:
		x = ll_extend(l, old, bits, how);
		y = ll_extend(l, v, bits, how);
		less = how == LL_S ? hew_lt(f, x, y) : hew_ult(f, x, y);
		return op == LL_MAX || op == LL_UMAX ? hew_select(f, less, b, a) : hew_select(f, less, a, b);
	}
}

void ll_lower_atomic(struct lower *l, struct ll_instr *in)
{
	struct ll_got at, old, v;
	const struct ll_part *p;
	hew_val same;

	if (in->op == LL_fence)
		return;
	ll_parts(l, in->type);
	p = &in->type->part[0];
	at = ll_address(l, in->v[0]);
	old = ll_load_part(l, p, at, false);
	v = ll_get(l, in->v[1], 0);
	v.v = ll_whole(l, v);
	v.off = 0;
	l->slot[in->def->first] = old;
	if (in->op == LL_atomicrmw) {
		if (p->type == HEW_PTR && in->pred != LL_XCHG)
			ll_fail(l->m, l->line, "unsupported: atomic arithmetic on ptr");
		ll_store_part(l, p, at, (struct ll_got){ modified(l, (enum ll_rmw)in->pred, old, v, p->bits), 0, 0 });
		return;
	}
	if (p->type == HEW_PTR) {
		same = hew_eq(l->f, old.v, v.v);
	} else {
		same = hew_eq(l->f, ll_extend(l, old, p->bits, LL_Z), ll_extend(l, v, p->bits, LL_Z));
	}
	ll_store_part(l, p, at, (struct ll_got){ hew_select(l->f, same, ll_part(l, in->v[2], 0), old.v), 0, 0 });
	l->slot[in->def->first + 1] = (struct ll_got){ same, 0, LL_Z };
}

/* ---- copies and fills of constant length ---------------------------------------------------------------------------------- */

enum { MOST_PIECES = 16 };

/* The words a copy is made of: 8 bytes as long as there are so many, then less. */
static unsigned cut(uint64_t bytes, struct ll_part *out)
{
	unsigned n = 0;
	uint64_t at = 0;

	for (unsigned size = 8; size; size /= 2)
		for (; bytes - at >= size; at += size)
			out[n++] = (struct ll_part){ size == 8 ? HEW_I64 : HEW_I32, (uint8_t)(size * 8), at };
	return n;
}

void ll_copy(struct lower *l, struct ll_got to, struct ll_got from, uint64_t bytes)
{
	struct ll_part part[MOST_PIECES];
	struct ll_got v[MOST_PIECES];
	unsigned n = cut(bytes, part);

	for (unsigned i = 0; i < n; i++)
		v[i] = ll_load_part(l, &part[i], from, false);
	for (unsigned i = 0; i < n; i++)
		ll_store_part(l, &part[i], to, v[i]);
}

/* byte: an i32 whose upper bits are anything. */
void ll_fill(struct lower *l, struct ll_got to, hew_val byte, uint64_t bytes)
{
	struct ll_part part[MOST_PIECES];
	unsigned n = cut(bytes, part);
	hew_val word = hew_zext(l->f, HEW_I64, hew_and(l->f, byte, hew_i32(l->f, 255)));

	word = hew_mul(l->f, word, hew_i64(l->f, 0x0101010101010101));
	for (unsigned i = 0; i < n; i++)
		ll_store_part(l, &part[i], to, (struct ll_got){ part[i].type == HEW_I64 ? word : hew_trunc(l->f, HEW_I32, word), 0, 0 });
}
