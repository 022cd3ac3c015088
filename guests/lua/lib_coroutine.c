/* SPDX-License-Identifier: MIT
 * lib_coroutine.c - the coroutine library.
 */
#include "lib.h"

#define COUNT(x) (sizeof(x) / sizeof(x)[0])

static struct lv_thread *thread_arg(struct lv_state *L, struct lv_value *a, int n)
{
	if (n < 1 || a->tag != LV_THREAD)
		lv_argtype(L, 1, "thread", n < 1 ? NULL : a);
	return a->th;
}

static const char *status_name(const struct lv_state *L, const struct lv_thread *th)
{
	static const char *const name[] = {
		[LV_CO_SUSPENDED] = "suspended", [LV_CO_RUNNING] = "running", [LV_CO_NORMAL] = "normal", [LV_CO_DEAD] = "dead",
	};

	return name[th == L->thread ? LV_CO_RUNNING : th->status];
}

static int co_create(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_value v;

	lv_argfunc(L, a, n, 0);
	lv_setobj(&v, lv_thread(L, a), LV_THREAD);
	lv_push(L, &v);
	return 1;
}

static int co_resume(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_thread *th = thread_arg(L, a, n);
	struct lv_value *ok = L->top;
	int results;
	enum lv_status s;

	lv_pushbool(L, true);
	s = lv_resume(L, th, a + 1, n - 1, &results);
	lv_setbool(ok, s == LV_OK || s == LV_YIELD);
	return results + 1;
}

static int co_yield(struct lv_state *L, struct lv_value *a, int n)
{
	return lv_yield(L, a, n);
}

/* The error of a wrapped coroutine goes on in the caller; a message gets the caller's position in front. */
_Noreturn static void pass_on(struct lv_state *L, struct lv_thread *th)
{
	struct lv_value err = L->top[-1];
	enum lv_status s = LV_ERRRUN;
	char pos[128];
	size_t m;

	if (th->error != LV_OK) {
		s = lv_coclose(L, th);
		if (s != LV_OK)
			err = L->top[-1];
	}
	if (err.tag == LV_STR && s != LV_ERRMEM && (m = lv_where(L, 1, pos, sizeof pos)) > 0) {
		struct lv_out o;

		lv_out_init(L, &o);
		lv_out_add(&o, pos, m);
		lv_out_add(&o, err.s->s, err.s->len);
		lv_setstr(&err, lv_out_str(&o));
	}
	lv_push(L, &err);
	lv_throw(L, s == LV_OK ? LV_ERRRUN : s);
}

/* up[0] is the coroutine */
static int wrap_step(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_thread *th = a[-2].c->up[0].th;
	int results;
	enum lv_status s = lv_resume(L, th, a, n, &results);

	if (s != LV_OK && s != LV_YIELD)
		pass_on(L, th);
	return results;
}

static int co_wrap(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_cfunc *c;
	struct lv_value v;

	lv_argfunc(L, a, n, 0);
	c = lv_cfunc(L, wrap_step, "wrap", 1);
	lv_setobj(&c->up[0], lv_thread(L, a), LV_THREAD);
	lv_setobj(&v, c, LV_CFUNC);
	lv_push(L, &v);
	return 1;
}

static int co_status(struct lv_state *L, struct lv_value *a, int n)
{
	lv_pushz(L, status_name(L, thread_arg(L, a, n)));
	return 1;
}

static int co_running(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_value v;

	(void)a, (void)n;
	lv_setobj(&v, L->thread, LV_THREAD);
	lv_push(L, &v);
	lv_pushbool(L, L->thread == L->main);
	return 2;
}

static int co_isyieldable(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_thread *th = n > 0 ? thread_arg(L, a, n) : L->thread;

	lv_pushbool(L, th == L->thread ? lv_isyieldable(L) : th != L->main && th->nnoyield == 0);
	return 1;
}

static int co_close(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_thread *th = thread_arg(L, a, n);
	struct lv_value *ok = L->top;

	if (th == L->thread || (th->status != LV_CO_SUSPENDED && th->status != LV_CO_DEAD))
		lv_error(L, "cannot close a %s coroutine", status_name(L, th));
	lv_pushbool(L, true);
	if (lv_coclose(L, th) == LV_OK)
		return 1;
	lv_setbool(ok, false);
	return 2;
}

static const struct lv_reg funcs[] = {
	{ "close", co_close, LV_B_NONE },
	{ "create", co_create, LV_B_NONE },
	{ "isyieldable", co_isyieldable, LV_B_NONE },
	{ "resume", co_resume, LV_B_NONE },
	{ "running", co_running, LV_B_NONE },
	{ "status", co_status, LV_B_NONE },
	{ "wrap", co_wrap, LV_B_NONE },
	{ "yield", co_yield, LV_B_NONE },
};

void lv_open_coroutine(struct lv_state *L)
{
	lv_newlib(L, "coroutine", funcs, COUNT(funcs));
}
