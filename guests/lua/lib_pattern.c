/* SPDX-License-Identifier: MIT
 * lib_pattern.c - find, match, gmatch and gsub, on the matcher of lib_match.c.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include "lib.h"

/* Pushes all captures, or the whole match s .. e when there are none (s NULL: then nothing). */
static int push_captures(struct lv_match *m, const char *s, const char *e)
{
	int n = m->ncap == 0 && s ? 1 : m->ncap;

	lv_checkstack(m->L, (size_t)n);
	for (int i = 0; i < n; i++) {
		struct lv_value v;

		lv_match_value(m, i, s, e, &v);
		lv_push(m->L, &v);
	}
	return n;
}

/* First occurrence of p in the n bytes at s. memchr finds most needles sooner than memmem gets going; text full of
 * false starts is left to memmem, which stays linear.
 */
static const char *find_text(const char *s, size_t n, const struct lv_str *p)
{
	const char *end = s + n, *at = s;

	if (p->len == 0)
		return s;
	for (int tries = 0; tries < 16; tries++, at++) {
		at = memchr(at, (unsigned char)p->s[0], (size_t)(end - at));
		if (!at || (size_t)(end - at) < p->len)
			return NULL;
		if (memcmp(at, p->s, p->len) == 0)
			return at;
	}
	return memmem(at, (size_t)(end - at), p->s, p->len);
}

static int find_plain(struct lv_state *L, const struct lv_str *s, const struct lv_str *p, size_t from)
{
	const char *at = find_text(s->s + from, s->len - from, p);

	if (!at) {
		lv_pushnil(L);
		return 1;
	}
	lv_pushint(L, at - s->s + 1);
	lv_pushint(L, at - s->s + (int64_t)p->len);
	return 2;
}

static int find_or_match(struct lv_state *L, struct lv_value *a, int n, bool find)
{
	struct lv_str *s = lv_argstr(L, a, n, 0), *p = lv_argstr(L, a, n, 1);
	size_t from = lv_startpos(lv_optint(L, a, n, 2, 1), s->len) - 1;
	const char *pat = p->s, *at = s->s + from, *e;
	struct lv_match m;

	if (from > s->len) {
		lv_pushnil(L);
		return 1;
	}
	if (find && (lv_truthy(a, n, 3) || lv_match_plain(p)))
		return find_plain(L, s, p, from);
	lv_match_init(&m, L, s, p);
	if (p->len > 0 && *pat == '^')
		e = lv_match_at(&m, at, pat + 1);
	else
		e = lv_match_search(&m, at, pat, lv_match_first(pat, m.pend), &at);
	if (!e) {
		lv_pushnil(L);
		return 1;
	}
	if (!find)
		return push_captures(&m, at, e);
	lv_pushint(L, at - s->s + 1);
	lv_pushint(L, e - s->s);
	return 2 + push_captures(&m, NULL, NULL);
}

int lv_str_find(struct lv_state *L, struct lv_value *a, int n) { return find_or_match(L, a, n, true); }
int lv_str_match(struct lv_state *L, struct lv_value *a, int n) { return find_or_match(L, a, n, false); }

/* ---- gmatch ------------------------------------------------------------------------------------------ */

enum { GM_SUBJECT, GM_PATTERN, GM_AT, GM_LAST, GM_UPS };	/* LAST: end of the last match, -1 before the first */

static int gmatch_step(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_cfunc *c = a[-2].c;
	struct lv_str *s = c->up[GM_SUBJECT].s, *p = c->up[GM_PATTERN].s;
	const char *last = c->up[GM_LAST].i < 0 ? NULL : s->s + c->up[GM_LAST].i, *at = s->s + c->up[GM_AT].i, *e;
	struct lv_match m;
	int first = lv_match_first(p->s, p->s + p->len);

	(void)n;
	lv_match_init(&m, L, s, p);
	while (at <= m.end && (e = lv_match_search(&m, at, p->s, first, &at))) {
		if (e != last) {
			c->up[GM_AT].i = c->up[GM_LAST].i = e - s->s;
			return push_captures(&m, at, e);
		}
		at++;
	}
	c->up[GM_AT].i = (int64_t)s->len + 1;
	return 0;
}

int lv_str_gmatch(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *s = lv_argstr(L, a, n, 0), *p = lv_argstr(L, a, n, 1);
	size_t from = lv_startpos(lv_optint(L, a, n, 2, 1), s->len) - 1;
	struct lv_cfunc *c = lv_cfunc(L, gmatch_step, "for iterator", GM_UPS);
	struct lv_value v;

	if (from > s->len)
		from = s->len + 1;
	lv_setstr(&c->up[GM_SUBJECT], s);
	lv_setstr(&c->up[GM_PATTERN], p);
	lv_setint(&c->up[GM_AT], (int64_t)from);
	lv_setint(&c->up[GM_LAST], -1);
	lv_setobj(&v, c, LV_CFUNC);
	lv_push(L, &v);
	return 1;
}

/* ---- gsub ---------------------------------------------------------------------------------------------- */

static void add_number(struct lv_out *o, const struct lv_value *v)
{
	char buf[64];

	lv_out_add(o, buf, lv_fmtnum(v, buf));
}

/* The replacement string with %0 .. %9 and %% filled in. */
static void add_template(struct lv_match *m, struct lv_out *o, const struct lv_str *r, const char *s, const char *e)
{
	const char *p = r->s, *end = r->s + r->len, *q;

	while ((q = memchr(p, '%', (size_t)(end - p)))) {
		struct lv_value v;
		const char *text;
		size_t len;

		lv_out_add(o, p, (size_t)(q - p));
		p = q + 2;
		if (q[1] == '%')
			lv_out_char(o, '%');
		else if (q[1] == '0')
			lv_out_add(o, s, (size_t)(e - s));
		else if (!isdigit((unsigned char)q[1]))
			lv_error(m->L, "invalid use of '%%' in replacement string");
		else if (lv_match_capture(m, q[1] - '1', s, e, &v, &text, &len))
			add_number(o, &v);
		else
			lv_out_add(o, text, len);
	}
	lv_out_add(o, p, (size_t)(end - p));
}

static void call_replacement(struct lv_match *m, const struct lv_value *f, const char *s, const char *e, struct lv_value *out)
{
	struct lv_state *L = m->L;
	struct lv_value *at = L->top;
	int n;

	lv_checkstack(L, LV_MAXCAPTURES + 2);
	lv_push(L, f);
	L->top++;
	n = push_captures(m, s, e);
	L->thread->nnoyield++;
	lv_call(L, at, n, 1);
	L->thread->nnoyield--;
	*out = at[0];
	L->top = at;
}

/* Adds what stands for the match s .. e; false when the original text is to stay (nothing was added then). */
static bool add_value(struct lv_match *m, struct lv_out *o, const struct lv_value *repl, const char *s, const char *e)
{
	struct lv_value v, k;

	switch (repl->tag) {
	case LV_STR:
		add_template(m, o, repl->s, s, e);
		return true;
	case LV_TABLE:
		lv_match_value(m, 0, s, e, &k);
		if (!lv_get(repl->t, &k, &v) || v.tag == LV_NIL)
			lv_index(m->L, repl, &k, &v);
		break;
	default:
		call_replacement(m, repl, s, e, &v);
	}
	if (lv_falsy(&v))
		return false;
	if (lv_isnum(&v))
		add_number(o, &v);
	else if (v.tag == LV_STR)
		lv_out_add(o, v.s->s, v.s->len);
	else
		lv_error(m->L, "invalid replacement value (a %s)", lv_typename(&v));
	return true;
}

int lv_str_gsub(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *s = lv_argstr(L, a, n, 0), *p = lv_argstr(L, a, n, 1);
	const char *pat = p->s, *at = s->s, *copied = at, *last = NULL, *e;	/* copied: the result holds all before it */
	struct lv_value repl;
	int64_t limit, count = 0;
	bool anchor = p->len > 0 && *pat == '^';
	struct lv_match m;
	struct lv_out o;
	int first;

	if (n < 3 || !(a[2].tag == LV_STR || lv_isnum(&a[2]) || a[2].tag == LV_TABLE || lv_isfunction(&a[2])))
		lv_argtype(L, 3, "string/function/table", n < 3 ? NULL : &a[2]);
	repl = a[2];
	if (lv_isnum(&repl))
		lv_setstr(&repl, lv_num2str(L, &repl));
	limit = lv_optint(L, a, n, 3, (int64_t)s->len + 1);
	lv_match_init(&m, L, s, p);
	lv_out_init(L, &o);
	pat += anchor;
	first = lv_match_first(pat, m.pend);
	while (count < limit) {
		e = anchor ? lv_match_at(&m, at, pat) : lv_match_search(&m, at, pat, first, &at);
		if (!e)
			break;
		if (e != last) {
			size_t mark = o.n;

			count++;
			lv_out_add(&o, copied, (size_t)(at - copied));
			if (add_value(&m, &o, &repl, at, e))
				copied = e;
			else
				o.n = mark;
			last = at = e;
		} else if (at < m.end) {
			at++;
		} else {
			break;
		}
		if (anchor)
			break;
	}
	if (copied == s->s && o.n == 0 && count == 0) {
		lv_pushstr(L, s);
	} else {
		lv_out_add(&o, copied, (size_t)(m.end - copied));
		lv_pushstr(L, o.n == s->len && memcmp(o.p, s->s, o.n) == 0 ? s : lv_out_str(&o));
	}
	lv_pushint(L, count);
	return 2;
}
