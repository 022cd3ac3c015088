/* SPDX-License-Identifier: MIT
 * lib_base.c - the basic functions: print, pairs, pcall, load, ...
 *
 * print flushes stdout after every line only when stdout is a pipe or a socket, where somebody may be waiting for it;
 * a terminal is line buffered anyway, and a file does not care. Whoever writes to stderr flushes stdout first.
 */
#include <ctype.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib.h"

#define COUNT(x) (sizeof(x) / sizeof(x)[0])

/* ---- output ---------------------------------------------------------------------------------- */

static int base_print(struct lv_state *L, struct lv_value *a, int n)
{
	char buf[64];

	for (int i = 0; i < n; i++) {
		if (i > 0)
			putc_unlocked('\t', stdout);
		if (lv_isnum(&a[i])) {
			fwrite(buf, 1, lv_fmtnum(&a[i], buf), stdout);
		} else {
			struct lv_str *s = a[i].tag == LV_STR ? a[i].s : lv_tostr(L, &a[i]);

			fwrite(s->s, 1, s->len, stdout);
		}
	}
	putc_unlocked('\n', stdout);
	if (lv_lib(L)->flush_print)
		fflush(stdout);
	return 0;
}

static int base_warn(struct lv_state *L, struct lv_value *a, int n)
{
	lv_argstr(L, a, n, 0);
	for (int i = 1; i < n; i++)
		lv_argstr(L, a, n, i);
	for (int i = 0; i < n; i++)
		lv_warn(L, lv_argstr(L, a, n, i)->s, i + 1 < n);
	return 0;
}

/* ---- values ------------------------------------------------------------------------------------ */

static int base_type(struct lv_state *L, struct lv_value *a, int n)
{
	lv_argany(L, a, n, 0);
	lv_pushz(L, lv_typename(a));
	return 1;
}

static int base_tostring(struct lv_state *L, struct lv_value *a, int n)
{
	lv_argany(L, a, n, 0);
	lv_pushstr(L, lv_tostr(L, a));
	return 1;
}

/* Digits of a base between 2 and 36, with blanks and a sign around; wraps. */
static bool digits(const char *s, const char *end, int base, int64_t *out)
{
	uint64_t v = 0;
	bool neg = false;

	while (s < end && isspace((unsigned char)*s))
		s++;
	if (s < end && (*s == '-' || *s == '+'))
		neg = *s++ == '-';
	if (s == end || !isalnum((unsigned char)*s))
		return false;
	for (; s < end && isalnum((unsigned char)*s); s++) {
		int d = isdigit((unsigned char)*s) ? *s - '0' : toupper((unsigned char)*s) - 'A' + 10;

		if (d >= base)
			return false;
		v = v * (unsigned)base + (unsigned)d;
	}
	while (s < end && isspace((unsigned char)*s))
		s++;
	*out = (int64_t)(neg ? -v : v);
	return s == end;
}

static int base_tonumber(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_value v;
	int64_t base, i;

	if (lv_noneornil(a, n, 1)) {
		if (n > 0 && lv_isnum(a))
			lv_push(L, a);
		else if (n > 0 && a->tag == LV_STR && lv_tonum(a, &v))
			lv_push(L, &v);
		else {
			lv_argany(L, a, n, 0);
			lv_pushnil(L);
		}
		return 1;
	}
	base = lv_argint(L, a, n, 1);
	if (a[0].tag != LV_STR)
		lv_argtype(L, 1, "string", a);
	if (base < 2 || base > 36)
		lv_argerror(L, 2, "base out of range");
	if (digits(a[0].s->s, a[0].s->s + a[0].s->len, (int)base, &i))
		lv_pushint(L, i);
	else
		lv_pushnil(L);
	return 1;
}

static int base_rawequal(struct lv_state *L, struct lv_value *a, int n)
{
	lv_argany(L, a, n, 0);
	lv_argany(L, a, n, 1);
	lv_pushbool(L, lv_raweq(&a[0], &a[1]));
	return 1;
}

static int base_rawlen(struct lv_state *L, struct lv_value *a, int n)
{
	if (n > 0 && a->tag == LV_TABLE)
		lv_pushint(L, (int64_t)lv_len(a->t));
	else if (n > 0 && a->tag == LV_STR)
		lv_pushint(L, (int64_t)a->s->len);
	else
		lv_argtype(L, 1, "table or string", n > 0 ? a : NULL);
	return 1;
}

static int base_rawget(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_table *t = lv_argtable(L, a, n, 0);
	struct lv_value v;

	lv_argany(L, a, n, 1);
	lv_get(t, &a[1], &v);
	lv_push(L, &v);
	return 1;
}

static int base_rawset(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_table *t = lv_argtable(L, a, n, 0);

	lv_argany(L, a, n, 1);
	lv_argany(L, a, n, 2);
	t->absent = 0;
	lv_set(L, t, &a[1], &a[2]);
	lv_push(L, &a[0]);
	return 1;
}

static int base_select(struct lv_state *L, struct lv_value *a, int n)
{
	int64_t i;

	if (n > 0 && a->tag == LV_STR && a->s->s[0] == '#') {
		lv_pushint(L, n - 1);
		return 1;
	}
	i = lv_argint(L, a, n, 0);
	if (i < 0)
		i = n + i;
	else if (i > n)
		i = n;
	if (i < 1)
		lv_argerror(L, 1, "index out of range");
	L->top = a + n;			/* the last values of the frame are the result */
	return n - (int)i;
}

static int base_getmetatable(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_table *t;
	struct lv_value v;

	lv_argany(L, a, n, 0);
	t = lv_metatable(L, a);
	if (!t)
		lv_pushnil(L);
	else if (lv_getstr(t, L->event[LV_EV_METATABLE], &v) && v.tag != LV_NIL)
		lv_push(L, &v);
	else {
		lv_setobj(&v, t, LV_TABLE);
		lv_push(L, &v);
	}
	return 1;
}

static int base_setmetatable(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_table *t = lv_argtable(L, a, n, 0);
	struct lv_value v;

	if (n < 2 || (a[1].tag != LV_NIL && a[1].tag != LV_TABLE))
		lv_argtype(L, 2, "nil or table", n < 2 ? NULL : &a[1]);
	if (t->meta && lv_getstr(t->meta, L->event[LV_EV_METATABLE], &v) && v.tag != LV_NIL)
		lv_error(L, "cannot change a protected metatable");
	lv_setmeta(L, a, a[1].tag == LV_NIL ? NULL : a[1].t);
	L->top = a + 1;
	return 1;
}

/* ---- iteration ----------------------------------------------------------------------------------- */

static int base_next(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_table *t = lv_argtable(L, a, n, 0);

	if (n < 2)
		lv_setnil(&a[1]);
	L->top = a + 3;
	if (lv_next(L, t, &a[1]))
		return 2;
	lv_pushnil(L);
	return 1;
}

/* up[0] is the function next */
static int base_pairs(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_value f;

	lv_argany(L, a, n, 0);
	if (lv_metafield(L, a, LV_EV_PAIRS, &f)) {
		struct lv_value *at = L->top;

		lv_push(L, &f);
		L->top++;
		lv_push(L, a);
		return lv_call(L, at, 1, 3);
	}
	lv_push(L, &a[-2].c->up[0]);
	lv_push(L, a);
	lv_pushnil(L);
	return 3;
}

static int ipairs_step(struct lv_state *L, struct lv_value *a, int n)
{
	int64_t i = (int64_t)((uint64_t)lv_argint(L, a, n, 1) + 1);
	struct lv_value k, v;

	if (a->tag != LV_TABLE || !lv_arr_get(a->t, i, &v) || v.tag == LV_NIL) {
		lv_setint(&k, i);
		lv_index(L, a, &k, &v);
	}
	if (v.tag == LV_NIL) {
		lv_pushnil(L);
		return 1;
	}
	lv_pushint(L, i);
	lv_push(L, &v);
	return 2;
}

/* up[0] is ipairs_step */
static int base_ipairs(struct lv_state *L, struct lv_value *a, int n)
{
	lv_argany(L, a, n, 0);
	lv_push(L, &a[-2].c->up[0]);
	lv_push(L, a);
	lv_pushint(L, 0);
	return 3;
}

/* ---- errors ---------------------------------------------------------------------------------------- */

static int base_assert(struct lv_state *L, struct lv_value *a, int n)
{
	if (lv_truthy(a, n, 0)) {
		L->top = a + n;
		return n;
	}
	lv_argany(L, a, n, 0);
	if (n < 2)
		lv_error(L, "assertion failed!");
	L->top = a + 2;
	lv_throw(L, LV_ERRRUN);
}

static int base_error(struct lv_state *L, struct lv_value *a, int n)
{
	int64_t level = lv_optint(L, a, n, 1, 1);
	char pos[128];
	size_t m;

	if (n < 1)
		lv_setnil(a);
	L->top = a + 1;
	if (a->tag == LV_STR && level > 0 && level < INT32_MAX && (m = lv_where(L, (int)level, pos, sizeof pos)) > 0) {
		struct lv_out o;

		lv_out_init(L, &o);
		lv_out_add(&o, pos, m);
		lv_out_add(&o, a->s->s, a->s->len);
		lv_setstr(a, lv_out_str(&o));
	}
	lv_throw(L, LV_ERRRUN);
}

static int base_pcall(struct lv_state *L, struct lv_value *a, int n)
{
	enum lv_status s;

	lv_argany(L, a, n, 0);
	lv_checkstack(L, 4);
	memmove(a + 3, a + 1, (size_t)(n - 1) * sizeof *a);
	a[1] = a[0];
	L->top = a + 2 + n;
	lv_setbool(&a[0], true);
	s = lv_pcall(L, a + 1, n - 1, LV_OPEN, NULL);
	lv_setbool(&a[0], s == LV_OK);
	return (int)(L->top - a);
}

static int base_xpcall(struct lv_state *L, struct lv_value *a, int n)
{
	enum lv_status s;
	struct lv_value *f = a + 2;

	if (n < 2 || !lv_isfunction(&a[1]))
		lv_argtype(L, 2, "function", n < 2 ? NULL : &a[1]);
	lv_checkstack(L, 4);
	memmove(f + 2, a + 2, (size_t)(n - 2) * sizeof *a);
	f[0] = a[0];
	L->top = f + n;
	s = lv_pcall(L, f, n - 2, LV_OPEN, &a[1]);
	lv_setbool(&a[1], s == LV_OK);
	return (int)(L->top - (a + 1));
}

/* ---- chunks ------------------------------------------------------------------------------------------ */

/* Leaves load's results: the function, with its first upvalue set when an environment was given, or nil and message. */
static int loaded(struct lv_state *L, enum lv_status s, struct lv_value *f, const struct lv_value *env)
{
	if (s != LV_OK) {
		lv_pushnil(L);
		lv_push(L, f);
		return 2;
	}
	if (env && f->f->nup > 0)
		f->f->up[0]->v = *env;
	lv_push(L, f);
	return 1;
}

struct reading { struct lv_value *f; struct lv_out *o; };

/* Collects the pieces a reader function gives. */
static void read_pieces(struct lv_state *L, void *arg)
{
	struct reading *r = arg;

	for (;;) {
		struct lv_value v;

		lv_call_values(L, r->f, 0, NULL, &v, 0);
		if (v.tag == LV_NIL)
			return;
		if (lv_isnum(&v)) {
			char buf[64];

			lv_out_add(r->o, buf, lv_fmtnum(&v, buf));
			continue;
		}
		if (v.tag != LV_STR)
			lv_error(L, "reader function must return a string");
		if (v.s->len == 0)
			return;
		lv_out_add(r->o, v.s->s, v.s->len);
	}
}

static enum lv_status read_protected(struct lv_state *L, struct reading *r, struct lv_value *err)
{
	struct lv_value *base = L->base, *top = L->top;
	const struct lv_ins *pc = L->pc;
	enum lv_status s;

	L->thread->nnoyield++;
	s = lv_protect(L, read_pieces, r, err);
	if (s == LV_OK)
		L->thread->nnoyield--;
	else
		s = lv_close_protected(L, top, s, err);
	L->base = base;
	L->pc = pc;
	L->top = top;
	return s;
}

static int base_load(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *mode = lv_optstr(L, a, n, 2, NULL), *s = NULL, *name;
	const struct lv_value *env = n > 3 ? &a[3] : NULL;
	struct lv_value f;
	struct lv_out o;
	enum lv_status st;

	lv_out_init(L, &o);
	if (n > 0 && (a->tag == LV_STR || lv_isnum(a))) {
		s = lv_argstr(L, a, n, 0);
		name = lv_optstr(L, a, n, 1, s);
		st = lv_load(L, s->s, s->len, name->s, mode ? mode->s : NULL, &f);
	} else {
		struct reading r = { a, &o };

		name = lv_optstr(L, a, n, 1, NULL);
		lv_argfunc(L, a, n, 0);
		st = read_protected(L, &r, &f);
		if (st == LV_OK) {
			*lv_out_room(&o, 1) = 0;
			st = lv_load(L, o.p, o.n, name ? name->s : "=(load)", mode ? mode->s : NULL, &f);
		}
	}
	return loaded(L, st, &f, env);
}

static int base_loadfile(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *path = lv_optstr(L, a, n, 0, NULL), *mode = lv_optstr(L, a, n, 1, NULL);
	struct lv_value f;
	enum lv_status s = lv_loadfile(L, path ? path->s : NULL, mode ? mode->s : NULL, &f);

	return loaded(L, s, &f, n > 2 ? &a[2] : NULL);
}

static int base_dofile(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *path = lv_optstr(L, a, n, 0, NULL);
	struct lv_value f, *at;

	L->top = a + n;
	if (lv_loadfile(L, path ? path->s : NULL, NULL, &f) != LV_OK) {
		lv_push(L, &f);
		lv_throw(L, LV_ERRRUN);
	}
	at = L->top;
	lv_push(L, &f);
	L->top++;
	return lv_call(L, at, 0, LV_OPEN);
}

/* ---- collectgarbage ------------------------------------------------------------------------------------ */

static int set_mode(struct lv_state *L, bool generational)
{
	lv_pushz(L, lv_lib(L)->generational ? "generational" : "incremental");
	lv_lib(L)->generational = generational;
	return 1;
}

/* Steps until a cycle is finished or `kb` were worked off; the collector decides what one step is. */
static int gc_step(struct lv_state *L, int64_t kb)
{
	bool stopped = lv_gc_stopped(L), done;

	(void)kb;
	lv_gc_stop(L, false);
	done = lv_gc_step(L);
	lv_gc_stop(L, stopped);
	lv_pushbool(L, done);
	return 1;
}

static int swap_param(struct lv_state *L, int *p, int64_t v)
{
	lv_pushint(L, *p);
	*p = v < 0 ? 0 : v > 1000 ? 1000 : (int)v;
	return 1;
}

static int base_collectgarbage(struct lv_state *L, struct lv_value *a, int n)
{
	static const char *const opt[] = { "stop", "restart", "collect", "count", "step", "setpause", "setstepmul",
		"isrunning", "generational", "incremental", NULL };
	struct lv_lib *lib = lv_lib(L);
	int64_t v;

	switch (lv_argoption(L, a, n, 0, "collect", opt)) {
	case 0:
		lv_gc_stop(L, true);
		break;
	case 1:
		lv_gc_stop(L, false);
		break;
	case 2:
		lv_gc_full(L);
		break;
	case 3:
		lv_pushflt(L, (double)lv_gc_count(L) / 1024);
		return 1;
	case 4:
		return gc_step(L, lv_optint(L, a, n, 1, 0));
	case 5:
		v = lv_optint(L, a, n, 1, 0);
		swap_param(L, &lib->pause, v);
		lv_gc_tune(L, lib->pause);
		return 1;
	case 6:
		return swap_param(L, &lib->stepmul, lv_optint(L, a, n, 1, 0));
	case 7:
		lv_pushbool(L, !lv_gc_stopped(L));
		return 1;
	case 8:
		lv_optint(L, a, n, 1, 0);
		lv_optint(L, a, n, 2, 0);
		return set_mode(L, true);
	case 9:
		v = lv_optint(L, a, n, 1, 0);
		if (v > 0)
			lv_gc_tune(L, lib->pause = v > 1000 ? 1000 : (int)v);
		v = lv_optint(L, a, n, 2, 0);
		if (v > 0)
			lib->stepmul = v > 1000 ? 1000 : (int)v;
		lv_optint(L, a, n, 3, 0);
		return set_mode(L, false);
	}
	lv_pushint(L, 0);
	return 1;
}

/* ---- opening --------------------------------------------------------------------------------------------- */

static const struct lv_reg funcs[] = {
	{ "assert", base_assert, LV_B_NONE },
	{ "collectgarbage", base_collectgarbage, LV_B_NONE },
	{ "dofile", base_dofile, LV_B_NONE },
	{ "error", base_error, LV_B_ERROR },
	{ "getmetatable", base_getmetatable, LV_B_GETMETATABLE },
	{ "load", base_load, LV_B_NONE },
	{ "loadfile", base_loadfile, LV_B_NONE },
	{ "next", base_next, LV_B_NEXT },
	{ "pcall", base_pcall, LV_B_PCALL },
	{ "print", base_print, LV_B_NONE },
	{ "rawequal", base_rawequal, LV_B_NONE },
	{ "rawget", base_rawget, LV_B_RAWGET },
	{ "rawlen", base_rawlen, LV_B_RAWLEN },
	{ "rawset", base_rawset, LV_B_NONE },
	{ "select", base_select, LV_B_SELECT },
	{ "setmetatable", base_setmetatable, LV_B_SETMETATABLE },
	{ "tonumber", base_tonumber, LV_B_NONE },
	{ "tostring", base_tostring, LV_B_NONE },
	{ "type", base_type, LV_B_TYPE },
	{ "warn", base_warn, LV_B_NONE },
	{ "xpcall", base_xpcall, LV_B_NONE },
};

/* A function with one upvalue, as a field of the globals. */
static void open_with(struct lv_state *L, const char *name, lv_cfn *fn, struct lv_value up)
{
	struct lv_cfunc *c = lv_cfunc(L, fn, name, 1);
	struct lv_value v;

	c->up[0] = up;
	lv_setobj(&v, c, LV_CFUNC);
	lv_setz(L, L->globals, name, &v);
}

static bool waiting_reader(void)
{
	struct stat st;

	return fstat(STDOUT_FILENO, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode);
}

void lv_open_base(struct lv_state *L)
{
	struct lv_userdata *u = lv_new(L, sizeof *u + sizeof(struct lv_lib), LV_USERDATA);
	struct lv_cfunc *step;
	struct lv_value v;

	u->len = sizeof(struct lv_lib);
	L->lib = u->data;
	*lv_lib(L) = (struct lv_lib){ .generational = true, .pause = 200, .stepmul = 100, .flush_print = waiting_reader() };
	lv_setobj(&v, u, LV_USERDATA);
	lv_setz(L, L->registry, "_LIB", &v);

	lv_newlib(L, NULL, funcs, COUNT(funcs));
	lv_getstr(L->globals, lv_strz(L, "next"), &v);
	open_with(L, "pairs", base_pairs, v);
	step = lv_cfunc(L, ipairs_step, "for iterator", 0);
	step->builtin = LV_B_IPAIRS_STEP;
	lv_setobj(&v, step, LV_CFUNC);
	open_with(L, "ipairs", base_ipairs, v);
	lv_setobj(&v, L->globals, LV_TABLE);
	lv_setz(L, L->globals, "_G", &v);
	lv_setstr(&v, lv_strz(L, "Lua 5.4"));
	lv_setz(L, L->globals, "_VERSION", &v);
}
