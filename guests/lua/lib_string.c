/* SPDX-License-Identifier: MIT
 * lib_string.c - the string library but for patterns, format and pack, and the metatable of strings.
 *
 * Arithmetic on strings that look like numbers is not built into the language: it is what the metatable's __add etc. do.
 */
#include <ctype.h>
#include "lib.h"

#define COUNT(x) (sizeof(x) / sizeof(x)[0])

static struct lv_str *selfstr(struct lv_state *L, struct lv_value *a, int n)
{
	return n > 0 && a->tag == LV_STR ? a->s : lv_argstr(L, a, n, 0);
}

static int64_t intarg(struct lv_state *L, struct lv_value *a, int n, int i, int64_t def)
{
	if (i < n && a[i].tag == LV_INT)
		return a[i].i;
	return lv_optint(L, a, n, i, def);
}

static int str_len(struct lv_state *L, struct lv_value *a, int n)
{
	lv_pushint(L, (int64_t)selfstr(L, a, n)->len);
	return 1;
}

static int str_sub(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *s = selfstr(L, a, n);
	size_t from, to;

	if (n < 2)
		lv_argint(L, a, n, 1);
	from = lv_startpos(n > 1 && a[1].tag == LV_INT ? a[1].i : lv_argint(L, a, n, 1), s->len);
	to = lv_endpos(intarg(L, a, n, 2, -1), s->len);
	if (from == 1 && to == s->len)
		lv_pushstr(L, s);
	else if (from > to)
		lv_pushstr(L, lv_str(L, "", 0));
	else
		lv_pushstr(L, lv_str(L, s->s + from - 1, to - from + 1));
	return 1;
}

static int str_byte(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *s = selfstr(L, a, n);
	int64_t at = intarg(L, a, n, 1, 1);
	size_t from = lv_startpos(at, s->len), to = lv_endpos(intarg(L, a, n, 2, at), s->len);

	if (from > to)
		return 0;
	if (to - from >= (size_t)INT32_MAX)
		lv_error(L, "string slice too long");
	if (to - from >= LV_MINSTACK && (size_t)(L->stack_last - L->top) <= to - from + LV_MINSTACK)
		lv_error(L, "stack overflow (string slice too long)");
	for (size_t i = from; i <= to; i++) {
		lv_setint(L->top, (unsigned char)s->s[i - 1]);
		L->top++;
	}
	return (int)(to - from + 1);
}

static int str_char(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_out o;
	char *p;

	lv_out_init(L, &o);
	p = lv_out_room(&o, (size_t)n);
	for (int i = 0; i < n; i++) {
		uint64_t c = (uint64_t)intarg(L, a, n, i, 0);

		if (a[i].tag == LV_NIL)
			lv_argint(L, a, n, i);
		if (c > 255)
			lv_argerror(L, i + 1, "value out of range");
		p[i] = (char)c;
	}
	lv_pushstr(L, lv_str(L, p, (size_t)n));
	return 1;
}

/* A string of n bytes made by a byte-wise function of s. */
static int mapped(struct lv_state *L, struct lv_str *s, void (*map)(char *, const char *, size_t))
{
	char small[LV_SHORT];
	struct lv_str *r;

	if (s->len <= LV_SHORT) {
		map(small, s->s, s->len);
		r = lv_str(L, small, s->len);
	} else {
		r = lv_strbuf(L, s->len);
		map(r->s, s->s, s->len);
		r = lv_strdone(L, r);
	}
	lv_pushstr(L, r);
	return 1;
}

static void map_lower(char *d, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		d[i] = (char)tolower((unsigned char)s[i]);
}

static void map_upper(char *d, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		d[i] = (char)toupper((unsigned char)s[i]);
}

static void map_reverse(char *d, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		d[i] = s[n - 1 - i];
}

static int str_lower(struct lv_state *L, struct lv_value *a, int n) { return mapped(L, selfstr(L, a, n), map_lower); }
static int str_upper(struct lv_state *L, struct lv_value *a, int n) { return mapped(L, selfstr(L, a, n), map_upper); }
static int str_reverse(struct lv_state *L, struct lv_value *a, int n) { return mapped(L, selfstr(L, a, n), map_reverse); }

/* Copies s, then sep and s alternately; the finished part is doubled, so the cost is that of memcpy. */
static void repeat(char *d, size_t total, const struct lv_str *s, const struct lv_str *sep)
{
	size_t done = s->len;

	memcpy(d, s->s, s->len);
	if (done == total)
		return;
	if (sep)
		memcpy(d + done, sep->s, sep->len);
	done += sep ? sep->len : 0;
	while (done < total) {
		size_t m = done < total - done ? done : total - done;

		memcpy(d + done, d, m);
		done += m;
	}
}

static int str_rep(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *s = selfstr(L, a, n), *sep, *r;
	int64_t count = lv_argint(L, a, n, 1);
	size_t unit, total;
	char small[LV_SHORT];

	sep = lv_optstr(L, a, n, 2, NULL);
	unit = s->len + (sep ? sep->len : 0);
	if (count <= 0 || unit == 0) {
		lv_pushstr(L, lv_str(L, "", 0));
		return 1;
	}
	if (unit > LV_LIB_MAXSTR / (uint64_t)count)
		lv_error(L, "resulting string too large");
	total = unit * (size_t)count - (sep ? sep->len : 0);
	if (total <= LV_SHORT) {
		repeat(small, total, s, sep);
		r = lv_str(L, small, total);
	} else {
		r = lv_strbuf(L, total);
		repeat(r->s, total, s, sep);
		r = lv_strdone(L, r);
	}
	lv_pushstr(L, r);
	return 1;
}

static int str_dump(struct lv_state *L, struct lv_value *a, int n)
{
	lv_argfunc(L, a, n, 0);
	if (a->tag != LV_FUNC)
		lv_error(L, "unable to dump given function");
	lv_pushstr(L, lv_dump(L, a->f->p, lv_truthy(a, n, 1)));
	return 1;
}

/* ---- arithmetic metamethods -------------------------------------------------------------------- */

/* Operands that are not both numbers: the second one may have a metamethod of its own. */
static int try_other(struct lv_state *L, enum lv_event e, struct lv_value *a)
{
	struct lv_value f, r;

	if (a[1].tag == LV_STR || !lv_metafield(L, &a[1], e, &f))
		lv_error(L, "attempt to %s a '%s' with a '%s'", L->event[e]->s + 2, lv_typename(&a[0]), lv_typename(&a[1]));
	lv_call_values(L, &f, 2, a, &r, LV_FR_META);
	lv_push(L, &r);
	return 1;
}

static int arith(struct lv_state *L, enum lv_event e, struct lv_value *a, int n)
{
	struct lv_value x, y, r;

	for (int i = n; i < 2; i++)
		lv_setnil(&a[i]);
	L->top = a + 2;
	if (!lv_tonum(&a[0], &x) || !lv_tonum(&a[1], &y))
		return try_other(L, e, a);
	lv_arith(L, e, &x, &y, &r);
	lv_push(L, &r);
	return 1;
}

static int str_add(struct lv_state *L, struct lv_value *a, int n) { return arith(L, LV_EV_ADD, a, n); }
static int str_sub_op(struct lv_state *L, struct lv_value *a, int n) { return arith(L, LV_EV_SUB, a, n); }
static int str_mul(struct lv_state *L, struct lv_value *a, int n) { return arith(L, LV_EV_MUL, a, n); }
static int str_div(struct lv_state *L, struct lv_value *a, int n) { return arith(L, LV_EV_DIV, a, n); }
static int str_mod(struct lv_state *L, struct lv_value *a, int n) { return arith(L, LV_EV_MOD, a, n); }
static int str_idiv(struct lv_state *L, struct lv_value *a, int n) { return arith(L, LV_EV_IDIV, a, n); }
static int str_pow(struct lv_state *L, struct lv_value *a, int n) { return arith(L, LV_EV_POW, a, n); }
static int str_unm(struct lv_state *L, struct lv_value *a, int n) { return arith(L, LV_EV_UNM, a, n); }

/* ---- opening --------------------------------------------------------------------------------------- */

static const struct lv_reg funcs[] = {
	{ "byte", str_byte, LV_B_BYTE },
	{ "char", str_char, LV_B_CHAR },
	{ "dump", str_dump, LV_B_NONE },
	{ "find", lv_str_find, LV_B_NONE },
	{ "format", lv_str_format, LV_B_NONE },
	{ "gmatch", lv_str_gmatch, LV_B_NONE },
	{ "gsub", lv_str_gsub, LV_B_NONE },
	{ "len", str_len, LV_B_LEN },
	{ "lower", str_lower, LV_B_NONE },
	{ "match", lv_str_match, LV_B_NONE },
	{ "pack", lv_str_pack, LV_B_NONE },
	{ "packsize", lv_str_packsize, LV_B_NONE },
	{ "rep", str_rep, LV_B_NONE },
	{ "reverse", str_reverse, LV_B_NONE },
	{ "sub", str_sub, LV_B_SUB },
	{ "unpack", lv_str_unpack, LV_B_NONE },
	{ "upper", str_upper, LV_B_NONE },
};

static const struct { enum lv_event e; lv_cfn *fn; } meta[] = {
	{ LV_EV_ADD, str_add }, { LV_EV_SUB, str_sub_op }, { LV_EV_MUL, str_mul }, { LV_EV_DIV, str_div },
	{ LV_EV_MOD, str_mod }, { LV_EV_IDIV, str_idiv }, { LV_EV_POW, str_pow }, { LV_EV_UNM, str_unm },
};

void lv_open_string(struct lv_state *L)
{
	struct lv_table *lib = lv_newlib(L, "string", funcs, COUNT(funcs)), *mt = lv_table(L, 0, COUNT(meta) + 1);
	struct lv_value v;

	L->meta[LV_STR] = mt;
	for (size_t i = 0; i < COUNT(meta); i++) {
		lv_setobj(&v, lv_cfunc(L, meta[i].fn, L->event[meta[i].e]->s + 2, 0), LV_CFUNC);
		lv_setfield(L, mt, L->event[meta[i].e], &v);
	}
	lv_setobj(&v, lib, LV_TABLE);
	lv_setfield(L, mt, L->event[LV_EV_INDEX], &v);
}
