/* SPDX-License-Identifier: MIT
 * strength.c - cheaper operations for arithmetic with constants.
 *
 *   x * 2^k          shift; 2^k + 1, 2^k - 1: shift and add or subtract; 3, 5 and 9 times 2^k both
 *   x / d, x % d     high product with a magic number, shifts and corrections; powers of two by shifts
 *
 * Method: Granlund and Montgomery, "Division by Invariant Integers using Multiplication" (PLDI 1994); the magic numbers
 * are computed here from their definition with 128-bit arithmetic. Only division by a constant that cannot fault.
 */
#include "opt/opt.h"

struct strength { struct ir_func *f; uint32_t n; VEC(bool) taken; struct opt_subst s; };	/* n: nodes at the start; taken: by newer node, some r is the same; s: if any other was replaced */

static ir_ref emit(struct strength *p, enum ir_op op, ir_ref a, ir_ref b)
{
	return ir_emit(p->f, op, IR_T_void, 0, a, b, 0);
}

static ir_ref konst(struct strength *p, enum ir_type t, int64_t x) { return ir_const(p->f, t, x); }
static unsigned width(enum ir_type t) { return t == IR_T_i32 ? 32 : 64; }
static bool is_pow2(uint64_t x) { return x && !(x & (x - 1)); }

static ir_ref multiply(struct strength *p, const struct ir_node *n)
{
	enum ir_type t = n->type;
	int64_t k = ir_kbits(p->f, n->b);
	uint64_t u = t == IR_T_i32 ? (uint32_t)k : (uint64_t)k;
	ir_ref x = n->a;

	/* x * 2^k => x << k */
	if (is_pow2(u))
		return emit(p, IR_shl, x, konst(p, t, __builtin_ctzll(u)));
	/* x * (2^k + 1) => (x << k) + x */
	if (is_pow2(u - 1))
		return emit(p, IR_add, emit(p, IR_shl, x, konst(p, t, __builtin_ctzll(u - 1))), x);
	/* x * (2^k - 1) => (x << k) - x; not for -1, where k is the width */
	if (is_pow2(u + 1) && k != -1)
		return emit(p, IR_sub, emit(p, IR_shl, x, konst(p, t, __builtin_ctzll(u + 1))), x);
	/* x * 3 * 2^k, 5, 9: the sum is one lea, and an address takes over the shift */
	if (k > 0 && (u >> __builtin_ctzll(u) == 3 || u >> __builtin_ctzll(u) == 5 || u >> __builtin_ctzll(u) == 9)) {
		struct ir_node odd = { .type = n->type, .a = x, .b = konst(p, t, (int64_t)(u >> __builtin_ctzll(u))) };

		return emit(p, IR_shl, multiply(p, &odd), konst(p, t, __builtin_ctzll(u)));
	}
	return IR_NONE;
}

/* x / 2^k toward zero: add 2^k - 1 to negative x, then shift; or take the low bits of that, less what was added. */
static ir_ref signed_pow2(struct strength *p, enum ir_type t, ir_ref x, unsigned k, bool rem)
{
	ir_ref sign = k == 1 ? x : emit(p, IR_sar, x, konst(p, t, width(t) - 1));
	ir_ref bias = emit(p, IR_shr, sign, konst(p, t, width(t) - k)), sum = emit(p, IR_add, x, bias);

	if (rem)
		return emit(p, IR_sub, emit(p, IR_and, sum, konst(p, t, (INT64_C(1) << k) - 1)), bias);
	return emit(p, IR_sar, sum, konst(p, t, k));
}

/* The multiplier for signed division is m = 2^(w-1+l) / |d| + 1, with the smallest l for which m * |d| - 2^(w-1+l) <= 2^l; w bits at most. */
static ir_ref signed_magic(struct strength *p, enum ir_type t, ir_ref x, int64_t d)
{
	unsigned w = width(t), l = 1;
	uint64_t ad = d < 0 ? -(uint64_t)d : (uint64_t)d;
	unsigned __int128 m, one = 1;
	ir_ref q;

	while (m = (one << (w - 1 + l)) / ad + 1, m * ad - (one << (w - 1 + l)) > one << l)
		l++;
	if (t == IR_T_i32) {			/* the whole product fits into 64 bits */
		q = emit(p, IR_mul, ir_emit(p->f, IR_sext, IR_T_i64, 0, x, 0, 0), konst(p, IR_T_i64, (int64_t)m));
		q = ir_emit(p->f, IR_trunc, t, 0, emit(p, IR_sar, q, konst(p, IR_T_i64, 31 + l)), 0, 0);
	} else {
		q = emit(p, IR_smulh, x, konst(p, t, (int64_t)(uint64_t)m));
		if (m >> (w - 1))
			q = emit(p, IR_add, q, x);	/* the multiplier was taken as negative */
		q = emit(p, IR_sar, q, konst(p, t, l - 1));
	}
	q = emit(p, IR_sub, q, emit(p, IR_sar, x, konst(p, t, w - 1)));
	return d < 0 ? emit(p, IR_neg, q, 0) : q;
}

static unsigned low_bits(uint64_t x) { return x ? 64 - (unsigned)__builtin_clzll(x) : 0; }

/* m = 2^(w+l) / d + 1, where x and d are of at most w bits, is exact for x of n bits if m * d - 2^(w+l) <= 2^(w+l-n). */
static ir_ref unsigned_magic(struct strength *p, enum ir_type t, ir_ref x, uint64_t d)
{
	unsigned n = low_bits(ir_may_be_set(p->f, x)), w = n <= 32 && d <= UINT32_MAX ? 32 : 64, l = 0, top;
	unsigned __int128 m = 0, one = 1;
	ir_ref h, q;

	for (top = 0; top < w && (top < 64 ? (UINT64_C(1) << top) < d : false); top++)
		;
	for (; l < top; l++) {
		m = (one << (w + l)) / d + 1;
		if (!(m >> w) && m * d - (one << (w + l)) <= one << (w + l - n))
			break;
	}
	if (w == 32) {			/* the whole product fits into 64 bits */
		if (t == IR_T_i32)
			x = ir_emit(p->f, IR_zext, IR_T_i64, 0, x, 0, 0);
		if (l < top)
			q = emit(p, IR_shr, emit(p, IR_mul, x, konst(p, IR_T_i64, (int64_t)m)), konst(p, IR_T_i64, 32 + l));
		else
			q = emit(p, IR_umulh, x, konst(p, IR_T_i64, (int64_t)(UINT64_MAX / d + 1)));
		return t == IR_T_i32 ? ir_emit(p->f, IR_trunc, t, 0, q, 0, 0) : q;
	}
	if (l < top)
		return emit(p, IR_shr, emit(p, IR_umulh, x, konst(p, t, (int64_t)(uint64_t)m)), konst(p, t, l));
	/* a multiplier of w + 1 bits, less 2^w: 2^w * (2^l - d) / d + 1 */
	m = ((one << w) * ((one << top) - d)) / d + 1;
	h = emit(p, IR_umulh, x, konst(p, t, (int64_t)(uint64_t)m));
	/* (x - h) / 2 + h cannot overflow */
	q = emit(p, IR_add, emit(p, IR_shr, emit(p, IR_sub, x, h), konst(p, t, 1)), h);
	return emit(p, IR_shr, q, konst(p, t, top - 1));
}

static ir_ref divide(struct strength *p, const struct ir_node *n)
{
	enum ir_type t = n->type;
	bool sign = n->op == IR_sdiv || n->op == IR_srem, rem = n->op == IR_srem || n->op == IR_urem;
	int64_t d = ir_kbits(p->f, n->b);
	uint64_t u = t == IR_T_i32 ? (uint32_t)d : (uint64_t)d;
	ir_ref x = n->a, q, product;

	if (ir_pinned(p->f, n) || d == 1 || (sign && d == -1))
		return IR_NONE;
	if (sign && d > 0 && is_pow2((uint64_t)d))
		return signed_pow2(p, t, x, (unsigned)__builtin_ctzll((uint64_t)d), rem);
	if (rem && !sign && is_pow2(u))
		return emit(p, IR_and, x, konst(p, t, (int64_t)(u - 1)));
	if (sign && d == (t == IR_T_i32 ? INT32_MIN : INT64_MIN))
		return IR_NONE;
	else if (sign)
		q = signed_magic(p, t, x, d);
	else if (is_pow2(u))
		q = emit(p, IR_shr, x, konst(p, t, __builtin_ctzll(u)));
	else
		q = unsigned_magic(p, t, x, u);
	if (!rem)
		return q;
	product = multiply(p, &(struct ir_node){ .type = n->type, .a = q, .b = n->b });
	return emit(p, IR_sub, x, product ? product : emit(p, IR_mul, q, n->b));
}

static ir_ref cheaper(struct strength *p, ir_ref r)
{
	const struct ir_node n = *ir_at(p->f, r);

	if (n.type == IR_T_ptr || !ir_is_const(n.b))
		return IR_NONE;
	switch (n.op) {
	case IR_mul: return multiply(p, &n);
	case IR_sdiv: case IR_srem: case IR_udiv: case IR_urem: return divide(p, &n);
	default: return IR_NONE;
	}
}

/* What r has become is a new node that nobody else has asked for: r becomes that node itself. */
static bool take_over(struct strength *p, ir_ref r, ir_ref to)
{
	uint32_t k = (uint32_t)to - p->n;

	if (to <= 0 || (uint32_t)to < p->n || (k < p->taken.n && p->taken.at[k]))
		return false;
	while (p->taken.n <= k)
		vec_push(p->f->tmp, &p->taken, false);
	p->taken.at[k] = true;
	*ir_at(p->f, r) = *ir_at(p->f, to);
	return true;
}

bool opt_strength(struct ir_func *f)
{
	struct strength p = { .f = f, .n = f->node.n };
	bool changed = false;

	for (uint32_t r = 1; r < p.n; r++) {
		unsigned op = f->node.at[r].op;
		ir_ref to;

		if ((op != IR_mul && op != IR_sdiv && op != IR_srem && op != IR_udiv && op != IR_urem) || ir_pinned(f, &f->node.at[r]))
			continue;
		to = cheaper(&p, (ir_ref)r);
		if (!to || to == (ir_ref)r)
			continue;
		changed = true;
		if (take_over(&p, (ir_ref)r, to))
			continue;
		if (!p.s.to)
			opt_subst_init(&p.s, f);
		opt_subst_set(&p.s, (ir_ref)r, to);
	}
	if (p.s.to)
		opt_subst_apply(&p.s, f);
	return changed;
}
