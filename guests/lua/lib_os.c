/* SPDX-License-Identifier: MIT
 * lib_os.c - the os library.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "lib.h"

#define COUNT(x) (sizeof(x) / sizeof(x)[0])

static int os_clock(struct lv_state *L, struct lv_value *a, int n)
{
	(void)a, (void)n;
	lv_pushflt(L, (double)clock() / CLOCKS_PER_SEC);
	return 1;
}

/* ---- dates ------------------------------------------------------------------------------------ */

static void set_field(struct lv_state *L, struct lv_table *t, const char *name, int64_t i)
{
	struct lv_value v;

	lv_setint(&v, i);
	lv_setz(L, t, name, &v);
}

static void fill_date(struct lv_state *L, struct lv_table *t, const struct tm *tm)
{
	struct lv_value v;

	set_field(L, t, "year", (int64_t)tm->tm_year + 1900);
	set_field(L, t, "month", tm->tm_mon + 1);
	set_field(L, t, "day", tm->tm_mday);
	set_field(L, t, "hour", tm->tm_hour);
	set_field(L, t, "min", tm->tm_min);
	set_field(L, t, "sec", tm->tm_sec);
	set_field(L, t, "yday", tm->tm_yday + 1);
	set_field(L, t, "wday", tm->tm_wday + 1);
	if (tm->tm_isdst >= 0) {
		lv_setbool(&v, tm->tm_isdst > 0);
		lv_setz(L, t, "isdst", &v);
	}
}

/* Field of a date as a member of struct tm: less delta. def < 0: it must be there. */
static int date_field(struct lv_state *L, const struct lv_value *t, const char *name, int def, int delta)
{
	struct lv_value k, v;
	int64_t i;

	lv_setstr(&k, lv_strz(L, name));
	lv_index(L, t, &k, &v);
	if (!lv_tointeger(&v, &i)) {
		if (v.tag != LV_NIL)
			lv_error(L, "field '%s' is not an integer", name);
		if (def < 0)
			lv_error(L, "field '%s' missing in date table", name);
		return def;
	}
	if (i >= 0 ? i - delta > INT32_MAX : i < INT32_MIN + (int64_t)delta)
		lv_error(L, "field '%s' is out-of-bound", name);
	return (int)(i - delta);
}

static int os_time(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_value k, v;
	struct tm tm;
	time_t t;

	if (lv_noneornil(a, n, 0)) {
		lv_pushint(L, time(NULL));
		return 1;
	}
	lv_argtable(L, a, n, 0);
	memset(&tm, 0, sizeof tm);
	tm.tm_year = date_field(L, a, "year", -1, 1900);
	tm.tm_mon = date_field(L, a, "month", -1, 1);
	tm.tm_mday = date_field(L, a, "day", -1, 0);
	tm.tm_hour = date_field(L, a, "hour", 12, 0);
	tm.tm_min = date_field(L, a, "min", 0, 0);
	tm.tm_sec = date_field(L, a, "sec", 0, 0);
	lv_setstr(&k, lv_strz(L, "isdst"));
	lv_index(L, a, &k, &v);
	tm.tm_isdst = v.tag == LV_NIL ? -1 : !lv_falsy(&v);
	errno = 0;
	t = mktime(&tm);
	if (t == -1 && errno != 0)
		lv_error(L, "time result cannot be represented in this installation");
	fill_date(L, a->t, &tm);
	lv_pushint(L, t);
	return 1;
}

/* Length of the conversion at s (behind the '%'), or 0 when C does not have it. */
static size_t conversion(const char *s)
{
	if (*s && strchr("aAbBcCdDeFgGhHIjmMnprRStTuUVwWxXyYzZ%", *s))
		return 1;
	if (*s == 'E' && s[1] && strchr("cCxXyY", s[1]))
		return 2;
	if (*s == 'O' && s[1] && strchr("deHImMSuUVwWy", s[1]))
		return 2;
	return 0;
}

static void format_date(struct lv_state *L, struct lv_out *o, const struct lv_str *fmt, const char *s, const struct tm *tm)
{
	const char *end = fmt->s + fmt->len;

	for (; s < end; s++) {
		char spec[4] = "%";
		size_t n;

		if (*s != '%') {
			lv_out_char(o, *s);
			continue;
		}
		n = conversion(s + 1);
		if (n == 0)
			lv_argerror(L, 1, lv_strf(L, "invalid conversion specifier '%s'", s)->s);
		memcpy(spec + 1, s + 1, n);
		s += n;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		o->n += strftime(lv_out_room(o, 250), 250, spec, tm);
#pragma GCC diagnostic pop
	}
}

static int os_date(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *fmt = lv_optstr(L, a, n, 0, NULL);
	time_t t = lv_noneornil(a, n, 1) ? time(NULL) : (time_t)lv_argint(L, a, n, 1);
	const char *s;
	struct tm tm, *ok;
	struct lv_out o;

	if (!fmt)
		fmt = lv_strz(L, "%c");
	s = fmt->s;
	ok = *s == '!' ? gmtime_r(&t, &tm) : localtime_r(&t, &tm);
	s += *s == '!';
	if (!ok)
		lv_error(L, "date result cannot be represented in this installation");
	if (strcmp(s, "*t") == 0) {
		struct lv_value v;

		lv_setobj(&v, lv_table(L, 0, 9), LV_TABLE);
		lv_push(L, &v);
		fill_date(L, v.t, &tm);
		return 1;
	}
	lv_out_init(L, &o);
	format_date(L, &o, fmt, s, &tm);
	lv_pushstr(L, lv_out_str(&o));
	return 1;
}

static int os_difftime(struct lv_state *L, struct lv_value *a, int n)
{
	time_t t = (time_t)lv_argint(L, a, n, 0);

	lv_pushflt(L, difftime(t, (time_t)lv_argint(L, a, n, 1)));
	return 1;
}

/* ---- system --------------------------------------------------------------------------------------- */

static int os_execute(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *cmd = lv_optstr(L, a, n, 0, NULL);

	fflush(NULL);
	if (cmd) {
		errno = 0;
		return lv_osexit(L, system(cmd->s));
	}
	lv_pushbool(L, system(NULL) != 0);
	return 1;
}

/* Closes the newest pending variable of the main program, wherever we run. */
static void close_one(struct lv_state *L, void *arg)
{
	struct lv_value *v = L->main->tbc, args[2], f;

	(void)arg;
	L->main->tbc = v->aux ? v - v->aux : NULL;
	args[0] = v->tag == LV_BOX ? v->box->v : *v;
	lv_setnil(&args[1]);
	if (lv_metafield(L, &args[0], LV_EV_CLOSE, &f))
		lv_call_values(L, &f, 2, args, NULL, LV_FR_FIN);
}

/* What closing the state would run: errors no longer interest anybody. Its memory goes with the process. */
static void close_state(struct lv_state *L)
{
	struct lv_value *base = L->base, *top = L->top, err;
	const struct lv_ins *pc = L->pc;

	while (L->main->tbc) {
		lv_protect(L, close_one, NULL, &err);
		L->base = base;
		L->pc = pc;
		L->top = top;
	}
	lv_gc_finish(L);
}

static int os_exit(struct lv_state *L, struct lv_value *a, int n)
{
	int status;

	if (n > 0 && (a->tag == LV_TRUE || a->tag == LV_FALSE))
		status = a->tag == LV_TRUE ? EXIT_SUCCESS : EXIT_FAILURE;
	else
		status = (int)lv_optint(L, a, n, 0, EXIT_SUCCESS);
	if (lv_truthy(a, n, 1))
		close_state(L);
	exit(status);
}

static int os_getenv(struct lv_state *L, struct lv_value *a, int n)
{
	const char *s = getenv(lv_argstr(L, a, n, 0)->s);

	if (s)
		lv_pushz(L, s);
	else
		lv_pushnil(L);
	return 1;
}

static int os_remove(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *path = lv_argstr(L, a, n, 0);

	return lv_osresult(L, remove(path->s) == 0, path->s);
}

static int os_rename(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *from = lv_argstr(L, a, n, 0), *to = lv_argstr(L, a, n, 1);

	return lv_osresult(L, rename(from->s, to->s) == 0, NULL);
}

static int os_setlocale(struct lv_state *L, struct lv_value *a, int n)
{
	static const char *const names[] = { "all", "collate", "ctype", "monetary", "numeric", "time", NULL };
	static const int category[] = { LC_ALL, LC_COLLATE, LC_CTYPE, LC_MONETARY, LC_NUMERIC, LC_TIME };
	struct lv_str *name = lv_optstr(L, a, n, 0, NULL);
	const char *r = setlocale(category[lv_argoption(L, a, n, 1, "all", names)], name ? name->s : NULL);

	lv_lib(L)->class_built = 0;
	if (r)
		lv_pushz(L, r);
	else
		lv_pushnil(L);
	return 1;
}

static int os_tmpname(struct lv_state *L, struct lv_value *a, int n)
{
	char path[] = "/tmp/lua_XXXXXX";
	int fd = mkstemp(path);

	(void)a, (void)n;
	if (fd < 0)
		lv_error(L, "unable to generate a unique filename");
	close(fd);
	lv_pushz(L, path);
	return 1;
}

static const struct lv_reg funcs[] = {
	{ "clock", os_clock, LV_B_NONE },
	{ "date", os_date, LV_B_NONE },
	{ "difftime", os_difftime, LV_B_NONE },
	{ "execute", os_execute, LV_B_NONE },
	{ "exit", os_exit, LV_B_NONE },
	{ "getenv", os_getenv, LV_B_NONE },
	{ "remove", os_remove, LV_B_NONE },
	{ "rename", os_rename, LV_B_NONE },
	{ "setlocale", os_setlocale, LV_B_NONE },
	{ "time", os_time, LV_B_NONE },
	{ "tmpname", os_tmpname, LV_B_NONE },
};

void lv_open_os(struct lv_state *L)
{
	lv_newlib(L, "os", funcs, COUNT(funcs));
}
