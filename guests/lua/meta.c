/* SPDX-License-Identifier: MIT
 * meta.c - operations that may run a metamethod, and the interpreter's slow paths built on them.
 *
 * Everything here may throw, call Lua and collect; L->base and L->pc are stored by the caller. Results go through `out`,
 * written last, so it may be one of the operands. Operands are best passed as pointers to where they stand in the
 * frame: messages find the variable's name by that address (debug.c).
 */
#include <math.h>
#include <stdio.h>
#include "lv.h"

#define MAX_CHAIN 2000		/* of __index and __newindex */

static void feed(const struct lv_ins *i, unsigned bits) { ((struct lv_ins *)i)->fb |= (uint8_t)bits; }

/* ---- metatables ------------------------------------------------------------------------------ */

struct lv_table *lv_metatable(struct lv_state *L, const struct lv_value *v)
{
	return v->tag == LV_TABLE ? v->t->meta : v->tag == LV_USERDATA ? v->u->meta : L->meta[v->tag];
}

bool lv_absent(struct lv_state *L, struct lv_table *meta, enum lv_event e, struct lv_value *out)
{
	if (meta->absent & 1u << e)
		return true;
	if (lv_getstr(meta, L->event[e], out) && out->tag != LV_NIL)
		return false;
	meta->absent |= (uint8_t)(1u << e);
	return true;
}

bool lv_metafield(struct lv_state *L, const struct lv_value *v, enum lv_event e, struct lv_value *out)
{
	struct lv_table *meta = lv_metatable(L, v);

	if (!meta)
		return false;
	if (e < 8)
		return !lv_absent(L, meta, e, out);
	return lv_getstr(meta, L->event[e], out) && out->tag != LV_NIL;
}

/* Calls metamethod h with two or three operands; they may stand anywhere. */
static void call_meta(struct lv_state *L, const struct lv_value *h, const struct lv_value *a, const struct lv_value *b,
	const struct lv_value *c, struct lv_value *out)
{
	struct lv_value args[3];

	lv_copy(&args[0], a);
	lv_copy(&args[1], b);
	if (c)
		lv_copy(&args[2], c);
	lv_call_values(L, h, c ? 3 : 2, args, out, LV_FR_META);
}

/* ---- index and newindex ------------------------------------------------------------------------ */

void lv_index(struct lv_state *L, const struct lv_value *o, const struct lv_value *k, struct lv_value *out)
{
	struct lv_value h, link, v;

	for (int n = 0; n < MAX_CHAIN; n++) {
		if (o->tag == LV_TABLE) {
			if ((lv_get(o->t, k, &v) && v.tag != LV_NIL) || !o->t->meta || lv_absent(L, o->t->meta, LV_EV_INDEX, &h)) {
				*out = v;
				return;
			}
		} else if (!lv_metafield(L, o, LV_EV_INDEX, &h)) {
			lv_typeerror(L, o, "index");
		}
		if (lv_isfunction(&h)) {
			call_meta(L, &h, o, k, NULL, out);
			return;
		}
		link = h;
		o = &link;
	}
	lv_errorat(L, 0, "'__index' chain too long; possible loop");
}

void lv_setindex(struct lv_state *L, const struct lv_value *o, const struct lv_value *k, const struct lv_value *v)
{
	struct lv_value h, link, old;

	for (int n = 0; n < MAX_CHAIN; n++) {
		if (o->tag == LV_TABLE) {
			struct lv_table *t = o->t;

			if (!t->meta || (lv_get(t, k, &old) && old.tag != LV_NIL) || lv_absent(L, t->meta, LV_EV_NEWINDEX, &h)) {
				lv_set(L, t, k, v);
				return;
			}
		} else if (!lv_metafield(L, o, LV_EV_NEWINDEX, &h)) {
			lv_typeerror(L, o, "index");
		}
		if (lv_isfunction(&h)) {
			call_meta(L, &h, o, k, v, NULL);
			return;
		}
		link = h;
		o = &link;
	}
	lv_errorat(L, 0, "'__newindex' chain too long; possible loop");
}

/* ---- arithmetic -------------------------------------------------------------------------------- */

static int64_t arith_int(struct lv_state *L, enum lv_event e, int64_t x, int64_t y)
{
	uint64_t u = (uint64_t)x, v = (uint64_t)y;

	switch (e) {
	case LV_EV_ADD: return (int64_t)(u + v);
	case LV_EV_SUB: return (int64_t)(u - v);
	case LV_EV_MUL: return (int64_t)(u * v);
	case LV_EV_MOD: return lv_imod(L, x, y);
	case LV_EV_IDIV: return lv_idiv(L, x, y);
	case LV_EV_BAND: return x & y;
	case LV_EV_BOR: return x | y;
	case LV_EV_BXOR: return x ^ y;
	case LV_EV_SHL: return lv_shl(x, y);
	case LV_EV_SHR: return lv_shl(x, y == INT64_MIN ? INT64_MAX : -y);
	case LV_EV_UNM: return (int64_t)(0 - u);
	default: return ~x;
	}
}

static double arith_flt(enum lv_event e, double x, double y)
{
	switch (e) {
	case LV_EV_ADD: return x + y;
	case LV_EV_SUB: return x - y;
	case LV_EV_MUL: return x * y;
	case LV_EV_DIV: return x / y;
	case LV_EV_MOD: return lv_fmod(x, y);
	case LV_EV_IDIV: return floor(x / y);
	case LV_EV_POW: return y == 2 ? x * x : pow(x, y);
	default: return -x;
	}
}

static bool is_bitwise(enum lv_event e) { return (e >= LV_EV_BAND && e <= LV_EV_SHR) || e == LV_EV_BNOT; }

static bool as_integer(const struct lv_value *v, int64_t *out)
{
	if (v->tag == LV_INT) {
		*out = v->i;
		return true;
	}
	return v->tag == LV_FLT && lv_flt2int(v->n, out);
}

/* Two numbers. False: bitwise operation on a float without an integer value. */
static bool arith_numbers(struct lv_state *L, enum lv_event e, const struct lv_value *a, const struct lv_value *b, struct lv_value *out)
{
	int64_t x, y;

	if (is_bitwise(e)) {
		if (!as_integer(a, &x) || !as_integer(b, &y))
			return false;
		lv_setint(out, arith_int(L, e, x, y));
	} else if (a->tag == LV_INT && b->tag == LV_INT && e != LV_EV_DIV && e != LV_EV_POW) {
		lv_setint(out, arith_int(L, e, a->i, b->i));
	} else {
		lv_setflt(out, arith_flt(e, a->tag == LV_INT ? (double)a->i : a->n, b->tag == LV_INT ? (double)b->i : b->n));
	}
	return true;
}

void lv_arith(struct lv_state *L, enum lv_event e, const struct lv_value *a, const struct lv_value *b, struct lv_value *out)
{
	struct lv_value h, x, y;

	if (lv_isnum(a) && lv_isnum(b) && arith_numbers(L, e, a, b, out))
		return;
	if (lv_metafield(L, a, e, &h) || lv_metafield(L, b, e, &h)) {
		call_meta(L, &h, a, b, NULL, out);
		return;
	}
	if (is_bitwise(e)) {
		if (lv_isnum(a) && lv_isnum(b))
			lv_interror(L, a, b);
		lv_aritherror(L, e, a, b);
	}
	if (lv_tonum(a, &x) && lv_tonum(b, &y)) {	/* a string or two: what the string library's metamethods stand for */
		arith_numbers(L, e, &x, &y, out);
		return;
	}
	if (a->tag == LV_STR || b->tag == LV_STR)
		lv_errorat(L, 0, "attempt to %s a '%s' with a '%s'", L->event[e]->s + 2, lv_typename_meta(L, a), lv_typename_meta(L, b));
	lv_aritherror(L, e, a, b);
}

/* ---- comparison ---------------------------------------------------------------------------------- */

/* An integer this small is exact as a double. */
static bool fits_double(int64_t i) { return i >= -(INT64_C(1) << 53) && i <= INT64_C(1) << 53; }

bool lv_lt_if(int64_t i, double f)
{
	if (fits_double(i))
		return (double)i < f;
	return f >= 0x1p63 || (f > -0x1p63 && i < (int64_t)ceil(f));
}

bool lv_le_if(int64_t i, double f)
{
	if (fits_double(i))
		return (double)i <= f;
	return f >= 0x1p63 || (f >= -0x1p63 && i <= (int64_t)floor(f));
}

bool lv_lt_fi(double f, int64_t i)
{
	if (fits_double(i))
		return f < (double)i;
	return f < -0x1p63 || (f < 0x1p63 && (int64_t)floor(f) < i);
}

bool lv_le_fi(double f, int64_t i)
{
	if (fits_double(i))
		return f <= (double)i;
	return f <= -0x1p63 || (f < 0x1p63 && (int64_t)ceil(f) <= i);
}

bool lv_raweq(const struct lv_value *a, const struct lv_value *b)
{
	int64_t i;

	if (a->tag != b->tag)
		return (a->tag == LV_INT && b->tag == LV_FLT && lv_flt2int(b->n, &i) && i == a->i) ||
			(a->tag == LV_FLT && b->tag == LV_INT && lv_flt2int(a->n, &i) && i == b->i);
	if (a->tag == LV_FLT)
		return a->n == b->n;
	if (a->tag == LV_STR)
		return lv_streq(a->s, b->s);
	return a->bits == b->bits;
}

bool lv_equal(struct lv_state *L, const struct lv_value *a, const struct lv_value *b)
{
	struct lv_value h, out;

	if (lv_raweq(a, b))
		return true;
	if (a->tag != b->tag || (a->tag != LV_TABLE && a->tag != LV_USERDATA))
		return false;
	if (!lv_metafield(L, a, LV_EV_EQ, &h) && !lv_metafield(L, b, LV_EV_EQ, &h))
		return false;
	call_meta(L, &h, a, b, NULL, &out);
	return !lv_falsy(&out);
}

static bool compare_meta(struct lv_state *L, enum lv_event e, const struct lv_value *a, const struct lv_value *b, bool *result)
{
	struct lv_value h, out;

	if (!lv_metafield(L, a, e, &h) && !lv_metafield(L, b, e, &h))
		return false;
	call_meta(L, &h, a, b, NULL, &out);
	*result = !lv_falsy(&out);
	return true;
}

bool lv_less(struct lv_state *L, const struct lv_value *a, const struct lv_value *b)
{
	bool r;

	if (lv_isnum(a) && lv_isnum(b)) {
		if (a->tag == b->tag)
			return a->tag == LV_INT ? a->i < b->i : a->n < b->n;
		return a->tag == LV_INT ? lv_lt_if(a->i, b->n) : lv_lt_fi(a->n, b->i);
	}
	if (a->tag == LV_STR && b->tag == LV_STR)
		return lv_strcmp(a->s, b->s) < 0;
	if (compare_meta(L, LV_EV_LT, a, b, &r))
		return r;
	lv_compareerror(L, a, b);
}

bool lv_lesseq(struct lv_state *L, const struct lv_value *a, const struct lv_value *b)
{
	bool r;

	if (lv_isnum(a) && lv_isnum(b)) {
		if (a->tag == b->tag)
			return a->tag == LV_INT ? a->i <= b->i : a->n <= b->n;
		return a->tag == LV_INT ? lv_le_if(a->i, b->n) : lv_le_fi(a->n, b->i);
	}
	if (a->tag == LV_STR && b->tag == LV_STR)
		return lv_strcmp(a->s, b->s) <= 0;
	if (compare_meta(L, LV_EV_LE, a, b, &r))
		return r;
	if (compare_meta(L, LV_EV_LT, b, a, &r))	/* as Lua 5.3 had it, and builds with its compatibility still have */
		return !r;
	lv_compareerror(L, a, b);
}

/* ---- length, concatenation, text -------------------------------------------------------------------- */

void lv_length(struct lv_state *L, const struct lv_value *v, struct lv_value *out)
{
	struct lv_value h;

	if (v->tag == LV_STR)
		lv_setint(out, (int64_t)v->s->len);
	else if (lv_metafield(L, v, LV_EV_LEN, &h))
		call_meta(L, &h, v, v, NULL, out);
	else if (v->tag == LV_TABLE)
		lv_setint(out, (int64_t)lv_len(v->t));
	else
		lv_typeerror(L, v, "get length of");
}

static bool has_text(const struct lv_value *v) { return v->tag == LV_STR || lv_isnum(v); }

/* Joins n strings and numbers. The first few numbers are written into a buffer, later ones become strings of their own. */
static struct lv_str *join(struct lv_state *L, struct lv_value *v, int n)
{
	enum { NUMBERS = 6 };
	char num[NUMBERS][64], small[LV_SHORT], *to = small;
	size_t len[NUMBERS], total = 0;
	struct lv_str *s = NULL;
	int used = 0;

	for (int i = 0; i < n; i++) {
		if (v[i].tag != LV_STR && used < NUMBERS) {
			len[used] = lv_fmtnum(&v[i], num[used]);
			total += len[used++];
			continue;
		}
		if (v[i].tag != LV_STR)
			lv_setstr(&v[i], lv_num2str(L, &v[i]));
		total += v[i].s->len;
	}
	if (total > LV_SHORT) {
		s = lv_strbuf(L, total);
		to = s->s;
	}
	for (int i = used = 0; i < n; i++) {
		const char *from = v[i].tag == LV_STR ? v[i].s->s : num[used];
		size_t m = v[i].tag == LV_STR ? v[i].s->len : len[used++];

		memcpy(to, from, m);
		to += m;
	}
	return s ? lv_strdone(L, s) : lv_str(L, small, total);
}

void lv_concat(struct lv_state *L, struct lv_value *from, int n, struct lv_value *out)
{
	while (n > 1) {
		struct lv_value *a = &from[n - 2], h;
		int m = 2;

		if (has_text(a) && has_text(a + 1)) {
			while (m < n && has_text(&from[n - m - 1]))
				m++;
			lv_setstr(&from[n - m], join(L, &from[n - m], m));
			n -= m - 1;
			continue;
		}
		if (!lv_metafield(L, a, LV_EV_CONCAT, &h) && !lv_metafield(L, a + 1, LV_EV_CONCAT, &h))
			lv_concaterror(L, a, a + 1);
		lv_call_values(L, &h, 2, a, a, LV_FR_META);
		n--;
	}
	*out = from[0];
}

const char *lv_typename(const struct lv_value *v)
{
	static const char *const name[LV_TAG_COUNT] = {
		"nil", "boolean", "boolean", "number", "number", "userdata",
		"string", "table", "function", "function", "userdata", "thread", "box", "proto", "buffer",
	};

	return v->tag < LV_TAG_COUNT ? name[v->tag] : "no value";
}

const char *lv_typename_meta(struct lv_state *L, const struct lv_value *v)
{
	struct lv_value name;

	if ((v->tag == LV_TABLE || v->tag == LV_USERDATA) && lv_metafield(L, v, LV_EV_NAME, &name) && name.tag == LV_STR)
		return name.s->s;
	return v->tag == LV_LIGHT ? "light userdata" : lv_typename(v);
}

struct lv_str *lv_tostr(struct lv_state *L, const struct lv_value *v)
{
	struct lv_value h, out;

	if (lv_metafield(L, v, LV_EV_TOSTRING, &h)) {
		lv_call_values(L, &h, 1, v, &out, LV_FR_META);
		if (out.tag == LV_STR)
			return out.s;
		if (lv_isnum(&out))
			return lv_num2str(L, &out);
		lv_error(L, "'__tostring' must return a string");
	}
	switch (v->tag) {
	case LV_STR: return v->s;
	case LV_INT: case LV_FLT: return lv_num2str(L, v);
	case LV_NIL: return lv_strz(L, "nil");
	case LV_FALSE: return lv_strz(L, "false");
	case LV_TRUE: return lv_strz(L, "true");
	default:
		return lv_strf(L, "%s: %p", v->tag == LV_CFUNC ? "function: builtin" : v->tag == LV_LIGHT ? "userdata" :
			lv_typename_meta(L, v), v->p);
	}
}

/* ---- the interpreter's slow paths --------------------------------------------------------------------- */

static const struct lv_value *constants(const struct lv_state *L) { return L->base[-2].f->p->k; }

static unsigned kinds(const struct lv_value *x, const struct lv_value *y)
{
	if (lv_isnum(x) && lv_isnum(y))
		return x->tag != y->tag ? LV_FB_MIX : x->tag == LV_INT ? LV_FB_II : LV_FB_FF;
	return x->tag == LV_STR && y->tag == LV_STR ? LV_FB_STR : LV_FB_OTHER;
}

_Static_assert(LV_OP_SHR_KR - LV_OP_ADD == 3 * (LV_EV_SHR - LV_EV_ADD) + 2 && LV_OP_ADD_RK == LV_OP_ADD + 1 &&
	LV_OP_ADD_KR == LV_OP_ADD + 2 && LV_OP_IDIV == LV_OP_ADD + 3 * (LV_EV_IDIV - LV_EV_ADD) &&
	LV_OP_BXOR == LV_OP_ADD + 3 * (LV_EV_BXOR - LV_EV_ADD), "events stand in the order of the operations");

void lv_op_arith(struct lv_state *L, const struct lv_ins *i)
{
	struct lv_value *base = L->base, out;
	const struct lv_value *k = constants(L), *x = &base[i->b], *y = x;
	unsigned nth = i->op - LV_OP_ADD, form = nth % 3;
	enum lv_event e = LV_EV_ADD + nth / 3;

	if (i->op == LV_OP_UNM || i->op == LV_OP_BNOT) {
		e = i->op == LV_OP_UNM ? LV_EV_UNM : LV_EV_BNOT;
	} else {
		x = form == 2 ? &k[i->b] : &base[i->b];
		y = form == 1 ? &k[i->c] : &base[i->c];
	}
	feed(i, kinds(x, y));
	lv_arith(L, e, x, y, &out);
	lv_copy(&base[i->a], &out);
}

_Static_assert(LV_OP_JNEQ == LV_OP_JEQ + 1 && LV_OP_JLT == LV_OP_JEQ + 2 && LV_OP_JLE == LV_OP_JEQ + 4 &&
	LV_OP_JEQK == LV_OP_JEQ + 6 && LV_OP_JLTK == LV_OP_JEQ + 8 && LV_OP_JLEK == LV_OP_JEQ + 10 &&
	LV_OP_JGTK == LV_OP_JEQ + 12 && LV_OP_JGEK == LV_OP_JEQ + 14, "pairs in the order of lv_op_compare");

bool lv_op_compare(struct lv_state *L, const struct lv_ins *i)
{
	unsigned nth = i->op - LV_OP_JEQ;
	const struct lv_value *x = &L->base[i->a], *y = nth < 6 ? &L->base[i->b] : &constants(L)[i->b];
	bool r;

	feed(i, kinds(x, y));
	switch (nth / 2) {
	case 0: case 3: r = lv_equal(L, x, y); break;
	case 1: case 4: r = lv_less(L, x, y); break;
	case 2: case 5: r = lv_lesseq(L, x, y); break;
	case 6: r = lv_less(L, y, x); break;
	default: r = lv_lesseq(L, y, x); break;
	}
	return r != (nth & 1);
}

void lv_op_getfield(struct lv_state *L, const struct lv_ins *i, const struct lv_value *o)
{
	const struct lv_value *k = &constants(L)[i->c];
	struct lv_value h, out;

	if (o->tag == LV_TABLE && o->t->meta && !lv_absent(L, o->t->meta, LV_EV_INDEX, &h) && lv_isfunction(&h))
		call_meta(L, &h, o, k, NULL, &out);	/* the interpreter has seen that o has no such field */
	else
		lv_index(L, o, k, &out);
	lv_copy(&L->base[i->a], &out);
}

void lv_op_setfield(struct lv_state *L, const struct lv_ins *i, const struct lv_value *o, const struct lv_value *v)
{
	const struct lv_value *k = &constants(L)[i->c];

	if (o->tag == LV_TABLE && !o->t->meta)
		lv_setfield(L, o->t, k->s, v);
	else
		lv_setindex(L, o, k, v);
}

static unsigned item_kind(const struct lv_table *t, const struct lv_value *k)
{
	int64_t i;

	if (!as_integer(k, &i) || (uint64_t)i - 1 >= t->asize)
		return LV_FB_HASH;
	return t->kind == LV_ARR_INT ? LV_FB_ARR_INT : t->kind == LV_ARR_FLT ? LV_FB_ARR_FLT : LV_FB_ARR_ANY;
}

void lv_op_getindex(struct lv_state *L, const struct lv_ins *i, const struct lv_value *k)
{
	const struct lv_value *o = &L->base[i->b];
	struct lv_value out;

	if (o->tag != LV_TABLE) {
		feed(i, LV_FB_NONTABLE);
	} else {
		feed(i, item_kind(o->t, k));
		if (lv_get(o->t, k, &out) && out.tag != LV_NIL) {
			lv_copy(&L->base[i->a], &out);
			return;
		}
		feed(i, o->t->meta ? LV_FB_META | LV_FB_MISS : LV_FB_MISS);
	}
	lv_index(L, o, k, &out);
	lv_copy(&L->base[i->a], &out);
}

void lv_op_setindex(struct lv_state *L, const struct lv_ins *i, const struct lv_value *k, const struct lv_value *v)
{
	const struct lv_value *o = &L->base[i->a];

	if (o->tag != LV_TABLE) {
		feed(i, LV_FB_NONTABLE);
	} else {
		uint32_t n = o->t->asize;

		feed(i, k->tag == LV_INT && k->i == (int64_t)n + 1 ? LV_FB_APPEND : item_kind(o->t, k));
		if (!o->t->meta) {
			lv_set(L, o->t, k, v);
			return;
		}
		feed(i, LV_FB_META);
	}
	lv_setindex(L, o, k, v);
}

void lv_op_len(struct lv_state *L, const struct lv_ins *i)
{
	const struct lv_value *o = &L->base[i->b];
	struct lv_value out;

	feed(i, o->tag == LV_STR ? LV_FB_T_STR : o->tag == LV_TABLE ? LV_FB_T_META : LV_FB_T_OTHER);
	lv_length(L, o, &out);
	lv_copy(&L->base[i->a], &out);
}

void lv_op_closure(struct lv_state *L, const struct lv_ins *i)
{
	const struct lv_closure *outer = L->base[-2].f;
	struct lv_proto *p = outer->p->p[i->w];
	struct lv_closure *f = lv_new(L, sizeof *f + p->nups * sizeof f->up[0], LV_FUNC);

	f->p = p;
	f->nup = p->nups;
	for (unsigned n = 0; n < p->nups; n++)
		f->up[n] = p->up[n].instack ? L->base[p->up[n].index].box : outer->up[p->up[n].index];
	lv_setobj(&L->base[i->a], f, LV_FUNC);
}

void lv_op_setlist(struct lv_state *L, const struct lv_ins *i)
{
	struct lv_value *from = &L->base[i->a];
	struct lv_table *t = from->t;
	uint32_t n = i->b == LV_OPEN ? (uint32_t)(L->top - from - 1) : i->b;

	if (t->acap < i->c + n)
		lv_table_reserve(L, t, i->c + n, 0);
	for (uint32_t at = 1; at <= n; at++)
		lv_seti(L, t, (int64_t)i->c + at, &from[at]);
}

struct lv_value *lv_op_varargprep(struct lv_state *L, struct lv_value *base, uint32_t nparams)
{
	uint32_t n = (uint32_t)(L->top - base), extra = n > nparams ? n - nparams : 0, up = nparams + extra + 3;
	struct lv_value *to = base + up;

	to[-2] = base[-2];
	*lv_frame(to) = *lv_frame(base);
	lv_frame(to)->delta += up;
	lv_frame(to)->flags |= LV_FR_VARARG;
	for (uint32_t i = 0; i < nparams; i++) {
		to[i] = base[i];
		lv_setnil(&base[i]);
	}
	lv_setint(&to[-3], extra);
	L->base = to;
	return to;
}

void lv_op_vararg(struct lv_state *L, const struct lv_ins *i)
{
	struct lv_value *base = L->base, *to = &base[i->a];
	uint32_t n = (uint32_t)base[-3].i, want = i->b;

	if (to + n + LV_MINSTACK > L->stack_last)
		lv_stackoverflow(L);
	lv_adjust(L, to, base - 3 - n, n, want);
}

uint32_t lv_op_callable(struct lv_state *L, struct lv_value *f, uint32_t n)
{
	struct lv_value h;

	if (!lv_metafield(L, f, LV_EV_CALL, &h))
		lv_typeerror(L, f, "call");
	if (f + n + 3 + LV_MINSTACK > L->stack_last)
		lv_stackoverflow(L);
	for (uint32_t i = n; i > 0; i--)
		f[2 + i] = f[1 + i];
	f[2] = f[0];
	f[0] = h;
	return n + 1;
}
