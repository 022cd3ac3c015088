/* SPDX-License-Identifier: MIT
 * coro.c - coroutines: each has a Lua stack and a native stack of its own, so yielding is only a switch of stacks.
 *
 * Nothing of the interpreter has to be unwound or continued: a yield inside a metamethod, an iterator, a message handler
 * or pcall stays where it is on its native stack. Only C code that says so (lv_thread.nnoyield) cannot be left.
 *
 * Stacks come from a pool behind the main thread's record. A native stack is taken at the first resume and given back when
 * the coroutine is dead; a Lua stack is kept by a coroutine that died of an error, for tracebacks and for closing.
 *
 * Closing a suspended coroutine abandons what is on its native stack (C code owns nothing across calls, see lv.h) and
 * runs the pending to-be-closed variables on that stack started afresh.
 */
#include <sys/mman.h>
#include "lv.h"

#define NATIVE_CORO ((size_t)16 << 20)	/* address space, committed as it is touched: compiled code recurses on it */
#define NATIVE_LEAST ((size_t)256 << 10)	/* where address space is scarce */
#define POOLED 64			/* stacks kept for reuse */

struct pool {
	struct lv_thread main;		/* first: L->main points at it */
	struct hew_stack *native[POOLED];
	struct lv_value *stack[POOLED];
	unsigned n_native, n_stack;
	bool closed;
};

static struct pool *pool(struct lv_state *L) { return (struct pool *)L->main; }

struct lv_thread *lv_mainthread(struct lv_state *L)
{
	struct pool *p = lv_new(L, sizeof *p, LV_THREAD);

	p->main.status = LV_CO_RUNNING;
	return &p->main;
}

/* ---- stacks ------------------------------------------------------------------------------------ */

static void unmap(struct lv_value *stack) { munmap(stack, LV_STACK_CORO * sizeof *stack); }

static struct lv_value *take_stack(struct lv_state *L)
{
	struct pool *p = pool(L);
	struct lv_value *s;

	if (p->n_stack > 0)
		return p->stack[--p->n_stack];
	s = lv_stack_map(LV_STACK_CORO);
	if (s)
		return s;
	lv_gc_full(L);			/* garbage coroutines may hold what is missing */
	s = p->n_stack > 0 ? p->stack[--p->n_stack] : lv_stack_map(LV_STACK_CORO);
	if (!s)
		lv_nomemory(L);
	return s;
}

static struct hew_stack *take_native(struct lv_state *L, void (*fn)(void *))
{
	struct pool *p = pool(L);
	struct hew_stack *s;

	for (int pass = 0; pass < 2; pass++) {
		if (p->n_native > 0) {
			s = p->native[--p->n_native];
			hew_stack_reset(s, fn, L);
			return s;
		}
		for (size_t n = NATIVE_CORO; n >= NATIVE_LEAST; n /= 4)
			if (hew_stack_new(n, fn, L, &s) == HEW_OK)
				return s;
		lv_gc_full(L);
	}
	return NULL;
}

static void drop_native(struct lv_state *L, struct lv_thread *th)
{
	struct pool *p = pool(L);

	if (!th->native)
		return;
	if (p->n_native < POOLED && !p->closed)
		p->native[p->n_native++] = th->native;
	else
		hew_stack_free(th->native);
	th->native = NULL;
	lv_native_limits(th);
}

static void drop_stack(struct lv_state *L, struct lv_thread *th)
{
	struct pool *p = pool(L);

	if (!th->stack)
		return;
	if (p->n_stack < POOLED && !p->closed)
		p->stack[p->n_stack++] = th->stack;
	else
		unmap(th->stack);
	th->stack = th->stack_last = th->top = th->base = NULL;
}

void lv_thread_dispose(struct lv_state *L, struct lv_thread *th)
{
	if (th == L->main)
		return;
	drop_native(L, th);
	drop_stack(L, th);
}

void lv_pool_free(struct lv_state *L)
{
	struct pool *p = pool(L);

	p->closed = true;
	while (p->n_native > 0)
		hew_stack_free(p->native[--p->n_native]);
	while (p->n_stack > 0)
		unmap(p->stack[--p->n_stack]);
}

/* Saves the running coroutine's registers, loads the other's, switches stacks. Inline in every caller: after a switch
 * the processor mispredicts each return down to the interpreter, so there should be few. */
static inline void switch_thread(struct lv_state *L, struct lv_thread *from, struct lv_thread *to)
{
	from->base = L->base;
	from->pc = L->pc;
	from->top = L->top;
	from->jmp = L->jmp;
	L->thread = to;
	L->base = to->base;
	L->pc = to->pc;
	L->top = to->top;
	L->jmp = to->jmp;
	L->stack_last = to->stack_last - LV_STACK_RESERVE;
	L->native_limit = to->native_limit;
	L->native_deep = to->native_deep;
	hew_stack_switch(from->native, to->native);
}

/* ---- what runs on the native stack ---------------------------------------------------------------- */

static void call_body(struct lv_state *L, void *arg)
{
	struct lv_thread *th = arg;

	th->nresults = lv_call(L, th->stack + 2, th->nresults, LV_OPEN);
}

/* The last thing a coroutine does: the value in *err, if it failed, is left on top; then away for good. */
_Noreturn static void die(struct lv_state *L, struct lv_thread *th, enum lv_status s, const struct lv_value *err)
{
	th->error = s;
	th->status = LV_CO_DEAD;
	if (s != LV_OK) {
		L->top = lv_frametop(L);
		*L->top++ = *err;
		th->nresults = 1;
	}
	switch_thread(L, th, th->resumer);
	__builtin_unreachable();
}

static void body(void *arg)
{
	struct lv_state *L = arg;
	struct lv_thread *th = L->thread;
	struct lv_value err;
	enum lv_status s = lv_protect(L, call_body, th, &err);

	die(L, th, s, &err);
}

static void closing_body(void *arg)
{
	struct lv_state *L = arg;
	struct lv_thread *th = L->thread;
	struct lv_value err = th->stack[3];	/* left there by lv_coclose */
	enum lv_status s = lv_close_protected(L, th->stack, th->error, &err);

	th->nresults = 0;
	L->top = L->base;
	die(L, th, s, &err);
}

/* ---- create, resume, yield ---------------------------------------------------------------------------- */

struct lv_thread *lv_thread(struct lv_state *L, const struct lv_value *f)
{
	struct lv_value *stack = take_stack(L);
	struct lv_thread *th = lv_new(L, sizeof *th, LV_THREAD);

	th->status = LV_CO_SUSPENDED;
	lv_stack_init(th, stack, LV_STACK_CORO);
	stack[2] = *f;
	th->top = stack + 4;
	return th;
}

static enum lv_status refuse(struct lv_state *L, const char *msg, int *nres)
{
	lv_pushz(L, msg);
	*nres = 1;
	return LV_ERRRUN;
}

/* Gives control to th until it comes back by yielding or dying. */
static inline void enter(struct lv_state *L, struct lv_thread *th)
{
	struct lv_thread *from = L->thread;

	th->resumer = from;
	th->pad2 = from->pad2 + 1;		/* depth of nested resumes */
	th->status = LV_CO_RUNNING;
	from->status = LV_CO_NORMAL;
	switch_thread(L, from, th);
	from->status = LV_CO_RUNNING;
}

enum lv_status lv_resume(struct lv_state *L, struct lv_thread *th, const struct lv_value *a, int n, int *nres)
{
	struct lv_value *out;

	if (__builtin_expect(th->status != LV_CO_SUSPENDED, 0))
		return refuse(L, th->status == LV_CO_DEAD ? "cannot resume dead coroutine" :
			"cannot resume non-suspended coroutine", nres);
	if (L->thread->pad2 >= LV_MAXCCALLS)
		return refuse(L, "C stack overflow", nres);
	if (th->stack_last - th->top < n + LV_MINSTACK)
		return refuse(L, "too many arguments to resume", nres);
	if (__builtin_expect(!th->native, 0)) {
		th->native = take_native(L, body);
		if (!th->native)
			lv_nomemory(L);
		lv_native_limits(th);
	}
	for (int i = 0; i < n; i++)
		th->top[i] = a[i];
	th->top += n;
	th->nresults = n;
	enter(L, th);
	n = th->nresults;
	lv_checkstack(L, (size_t)n + LV_MINSTACK);
	out = L->top;
	for (int i = 0; i < n; i++)
		out[i] = th->top[i - n];
	L->top = out + n;
	*nres = n;
	if (__builtin_expect(th->status == LV_CO_SUSPENDED, 1)) {
		th->top -= n;
		return LV_YIELD;
	}
	drop_native(L, th);
	if (th->error == LV_OK)
		drop_stack(L, th);
	return th->error;
}

int lv_yield(struct lv_state *L, const struct lv_value *a, int n)
{
	struct lv_thread *th = L->thread;

	if (__builtin_expect(th == L->main, 0))
		lv_errorat(L, 0, "attempt to yield from outside a coroutine");
	if (__builtin_expect(th->nnoyield > 0, 0))
		lv_errorat(L, 0, "attempt to yield across a C-call boundary");
	if (a + n != L->top) {
		lv_checkstack(L, (size_t)n + LV_MINSTACK);
		for (int i = 0; i < n; i++)
			L->top[i] = a[i];
		L->top += n;
	}
	th->nresults = n;
	th->status = LV_CO_SUSPENDED;
	switch_thread(L, th, th->resumer);
	return th->nresults;
}

enum lv_status lv_coclose(struct lv_state *L, struct lv_thread *th)
{
	enum lv_status s = th->error;
	struct lv_value err;

	lv_setnil(&err);
	if (s != LV_OK && th->stack)
		err = th->top[-1];
	if (th->tbc) {
		struct hew_stack *native = th->native ? th->native : take_native(L, closing_body);

		if (!native)
			lv_nomemory(L);
		hew_stack_reset(native, closing_body, L);
		th->native = native;
		lv_native_limits(th);
		th->base = th->top = th->stack + 2;
		th->stack[3] = err;
		th->jmp = NULL;
		th->ncalls = 0;
		th->nnoyield = 1;
		enter(L, th);
		s = th->error;
		if (s != LV_OK)
			err = th->top[-1];
	}
	th->status = LV_CO_DEAD;
	th->error = LV_OK;
	drop_native(L, th);
	drop_stack(L, th);
	if (s != LV_OK)
		lv_push(L, &err);
	return s;
}

bool lv_isyieldable(const struct lv_state *L)
{
	return L->thread != L->main && L->thread->nnoyield == 0;
}
