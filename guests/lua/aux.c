/* SPDX-License-Identifier: MIT
 * aux.c - what every library needs: argument checks with the standard messages, registration, a string builder.
 */
#include "lv.h"

/* ---- argument checks ------------------------------------------------------------------------------ */

_Noreturn void lv_argerror(struct lv_state *L, int arg, const char *msg)
{
	const char *name, *what = lv_funcname(L, L->thread, 0, &name);
	struct lv_str *global;

	if (strcmp(what, "method") == 0 && --arg == 0)
		lv_error(L, "calling '%s' on bad self (%s)", name, msg);
	if (!name) {
		global = lv_globalname(L, &L->base[-2]);
		name = global ? global->s : "?";
	}
	lv_error(L, "bad argument #%d to '%s' (%s)", arg, name, msg);
}

_Noreturn void lv_argtype(struct lv_state *L, int arg, const char *expected, const struct lv_value *got)
{
	const char *type = got ? lv_typename_meta(L, got) : "no value";

	lv_argerror(L, arg, lv_strf(L, "%s expected, got %s", expected, type)->s);
}

static const struct lv_value *arg_at(struct lv_value *a, int n, int i) { return i < n ? &a[i] : NULL; }

int64_t lv_argint(struct lv_state *L, struct lv_value *a, int n, int i)
{
	struct lv_value num;
	int64_t v;

	if (i < n && a[i].tag == LV_INT)
		return a[i].i;
	if (i >= n || !lv_tonum(&a[i], &num))
		lv_argtype(L, i + 1, "number", arg_at(a, n, i));
	if (!lv_tointeger(&a[i], &v))
		lv_argerror(L, i + 1, "number has no integer representation");
	return v;
}

int64_t lv_optint(struct lv_state *L, struct lv_value *a, int n, int i, int64_t def)
{
	return lv_noneornil(a, n, i) ? def : lv_argint(L, a, n, i);
}

double lv_argnum(struct lv_state *L, struct lv_value *a, int n, int i)
{
	struct lv_value num;

	if (i < n && a[i].tag == LV_FLT)
		return a[i].n;
	if (i >= n || !lv_tonum(&a[i], &num))
		lv_argtype(L, i + 1, "number", arg_at(a, n, i));
	return num.tag == LV_INT ? (double)num.i : num.n;
}

struct lv_str *lv_argstr(struct lv_state *L, struct lv_value *a, int n, int i)
{
	if (i < n && a[i].tag == LV_STR)
		return a[i].s;
	if (i >= n || !lv_isnum(&a[i]))
		lv_argtype(L, i + 1, "string", arg_at(a, n, i));
	lv_setstr(&a[i], lv_num2str(L, &a[i]));
	return a[i].s;
}

struct lv_str *lv_optstr(struct lv_state *L, struct lv_value *a, int n, int i, struct lv_str *def)
{
	return lv_noneornil(a, n, i) ? def : lv_argstr(L, a, n, i);
}

struct lv_table *lv_argtable(struct lv_state *L, struct lv_value *a, int n, int i)
{
	if (i >= n || a[i].tag != LV_TABLE)
		lv_argtype(L, i + 1, "table", arg_at(a, n, i));
	return a[i].t;
}

struct lv_value *lv_argany(struct lv_state *L, struct lv_value *a, int n, int i)
{
	if (i >= n)
		lv_argerror(L, i + 1, "value expected");
	return &a[i];
}

struct lv_value *lv_argfunc(struct lv_state *L, struct lv_value *a, int n, int i)
{
	if (i >= n || !lv_isfunction(&a[i]))
		lv_argtype(L, i + 1, "function", arg_at(a, n, i));
	return &a[i];
}

/* ---- registration ------------------------------------------------------------------------------------ */

struct lv_table *lv_newlib(struct lv_state *L, const char *global, const struct lv_reg *r, size_t n)
{
	bool base = !global || strcmp(global, "_G") == 0;
	struct lv_table *t = base ? L->globals : lv_table(L, 0, (uint32_t)n);
	struct lv_value v;

	for (size_t i = 0; i < n && r[i].name; i++) {
		struct lv_cfunc *c = lv_cfunc(L, r[i].fn, r[i].name, 0);

		c->builtin = (uint16_t)r[i].builtin;
		lv_setobj(&v, c, LV_CFUNC);
		lv_setz(L, t, r[i].name, &v);
	}
	lv_setobj(&v, t, LV_TABLE);
	lv_setz(L, L->globals, base ? "_G" : global, &v);
	lv_setz(L, L->loaded, base ? "_G" : global, &v);
	return t;
}

/* ---- string builder ------------------------------------------------------------------------------------- */

void lv_sb_init(struct lv_state *L, struct lv_sb *sb)
{
	sb->b = lv_newbuf(L, 256);
	sb->n = 0;
}

char *lv_sb_room(struct lv_state *L, struct lv_sb *sb, size_t n)
{
	if (sb->b->len - sb->n < n) {
		size_t need = sb->n + n, len = 2 * sb->b->len;
		struct lv_buf *b;

		if (need < n)
			lv_nomemory(L);
		b = lv_newbuf(L, len > need ? len : need);
		memcpy(b->data, sb->b->data, sb->n);
		sb->b = b;
	}
	return sb->b->data + sb->n;
}

void lv_sb_add(struct lv_state *L, struct lv_sb *sb, const char *s, size_t n)
{
	memcpy(lv_sb_room(L, sb, n), s, n);
	sb->n += n;
}

struct lv_str *lv_sb_done(struct lv_state *L, struct lv_sb *sb)
{
	return lv_str(L, sb->b->data, sb->n);
}
