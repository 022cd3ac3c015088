/* SPDX-License-Identifier: MIT
 * state.c - the state of a VM: opening and closing, calls from C, protected calls, errors, to-be-closed variables, loading.
 *
 * Calls. lv_call pushes a frame marked LV_FR_FRESH and runs it by lv_run, by native code or, for a C function, directly;
 * L->base and L->pc are the caller's again afterwards. Calls nest on the native stack: LV_MAXCCALLS bounds their number,
 * L->native_limit their bytes.
 *
 * Errors. Every protected call is a struct catch on the native stack, linked from L->jmp. A throw runs the message handler where
 * the error happened, copies the error value into the catch and longjmps. The catcher restores what the coroutine's
 * record holds (limits, depth) and closes pending variables, each again protected.
 *
 * Limits. While a message handler runs, a reserve behind both stacks is opened, so that it can describe an overflow.
 *
 * The bottom of every Lua stack is a frame that stands for the host: two slots, delta 0.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include "lv.h"

#if LV_ASAN
#include <sanitizer/asan_interface.h>
#endif

#define NATIVE_RESERVE (48u << 10)	/* bytes below native_limit for the same, out of LV_NATIVE_MARGIN */
#define NATIVE_MAIN (size_t)(512u << 20)
#define NATIVE_DEEP (64u << 10)		/* bytes a recursion takes of a native stack at first; */
#define DEEP_CALLS 8			/* it may take twice as many when it got there so often */
#define HUGE_PAGE (size_t)(2u << 20)
#define SMALL_PAGES (256u << 10)	/* at the start of the main stack, in bytes */
#define MAIN_BYTES (LV_STACK_MAIN * sizeof(struct lv_value) + SMALL_PAGES)
#define MAX_HANDLER_CALLS (LV_MAXCCALLS / 10 * 11)

struct catch {
	struct lv_jmp j;
	const struct lv_value *handler;	/* message handler or NULL */
	struct lv_value err;
	const struct lv_ins *pc;
	uint32_t nnoyield;
	struct lv_value *stack_last;	/* limits in force: inside a message handler they are wider */
	void *native_limit;
};

/* ---- pushing ------------------------------------------------------------------------------- */

struct lv_value *lv_push(struct lv_state *L, const struct lv_value *v)
{
	*L->top = *v;
	return L->top++;
}

void lv_pushnil(struct lv_state *L) { lv_setnil(L->top++); }
void lv_pushbool(struct lv_state *L, bool b) { lv_setbool(L->top++, b); }
void lv_pushint(struct lv_state *L, int64_t i) { lv_setint(L->top++, i); }
void lv_pushflt(struct lv_state *L, double n) { lv_setflt(L->top++, n); }
void lv_pushstr(struct lv_state *L, struct lv_str *s) { lv_setstr(L->top++, s); }
void lv_pushz(struct lv_state *L, const char *s)
{
	struct lv_str *o = lv_strz(L, s);

	lv_setstr(L->top++, o);
}

/* Does the instruction take an open list, which ends at L->top and may reach above the frame? */
static bool takes_open(const struct lv_ins *i)
{
	switch (i->op) {
	case LV_OP_CALL: case LV_OP_TAILCALL: case LV_OP_RETURN: case LV_OP_SETLIST:
		return i->b == LV_OPEN;
	default:
		return false;
	}
}

struct lv_value *lv_frametop(const struct lv_state *L)
{
	struct lv_value *base = L->base, *end;

	if (lv_frame(base)->flags & LV_FR_C || base[-2].tag != LV_FUNC)
		return L->top;
	end = base + base[-2].f->p->framesize;
	if (L->top > end && (L->pc == base[-2].f->p->code || takes_open(L->pc - 1)))
		return L->top;
	return end;
}

void lv_checkstack(struct lv_state *L, size_t n)
{
	if ((size_t)(L->stack_last - L->top) < n || L->top > L->stack_last)
		lv_stackoverflow(L);
}

/* ---- errors -------------------------------------------------------------------------------- */

static struct lv_str *vformat(struct lv_state *L, const char *where, const char *fmt, va_list ap)
{
	va_list again;
	size_t head = strlen(where);
	struct lv_str *s;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	s = lv_strbuf(L, head + (size_t)n);
	memcpy(s->s, where, head);
	vsnprintf(s->s + head, (size_t)n + 1, fmt, ap);
	return lv_strdone(L, s);
}

/* "file:line: " of the Lua function at a level, or "". Without line information an operation that failed (level 0) is at -1, and C
 * functions say nothing. */
static const char *position(struct lv_state *L, int level, char out[96])
{
	struct lv_activation a;
	char src[60];

	out[0] = 0;
	if (!lv_activation(L, L->thread, level, &a) || a.func.tag != LV_FUNC || (level > 0 && !a.func.f->p->line))
		return out;
	lv_shortsrc(a.func.f->p->source, src);
	snprintf(out, 96, "%s:%d: ", src, lv_line(a.func.f->p, a.pc));
	return out;
}

static bool level_is_c(struct lv_state *L, int level)
{
	struct lv_activation a;

	return lv_activation(L, L->thread, level, &a) && a.func.tag != LV_FUNC;
}

_Noreturn void lv_throwstr(struct lv_state *L, struct lv_str *s)
{
	L->top = lv_frametop(L);
	lv_setstr(L->top++, s);
	lv_throw(L, LV_ERRRUN);
}

_Noreturn void lv_error(struct lv_state *L, const char *fmt, ...)
{
	char where[96];
	va_list ap;
	struct lv_str *s;

	position(L, level_is_c(L, 0) ? 1 : 0, where);
	va_start(ap, fmt);
	s = vformat(L, where, fmt, ap);
	va_end(ap);
	lv_throwstr(L, s);
}

_Noreturn void lv_errorat(struct lv_state *L, int level, const char *fmt, ...)
{
	char where[96];
	va_list ap;
	struct lv_str *s;

	position(L, level, where);
	va_start(ap, fmt);
	s = vformat(L, where, fmt, ap);
	va_end(ap);
	lv_throwstr(L, s);
}

_Noreturn void lv_nomemory(struct lv_state *L)
{
	L->top = lv_frametop(L);
	lv_setstr(L->top++, L->memerr);
	lv_throw(L, LV_ERRMEM);
}

/* Past every limit: what happens when handling an error fails too. */
_Noreturn static void error_in_error(struct lv_state *L)
{
	L->top = lv_frametop(L);
	lv_setstr(L->top, lv_strz(L, "error in error handling"));
	L->top++;
	lv_throw(L, LV_ERRERR);
}

/* Is a message handler running, with the reserves open? */
static bool handling(const struct lv_state *L) { return L->stack_last == L->thread->stack_last; }

_Noreturn void lv_stackoverflow(struct lv_state *L)
{
	if (handling(L))
		error_in_error(L);
	lv_errorat(L, 0, "stack overflow");
}

_Noreturn void lv_cstackoverflow(struct lv_state *L)
{
	if (handling(L) && L->thread->ncalls < LV_MAXCCALLS)
		error_in_error(L);
	lv_errorat(L, 0, "C stack overflow");
}

/* Counts a nested C call in; the caller counts it out again. */
static void enter_c_call(struct lv_state *L)
{
	uint32_t n = ++L->thread->ncalls;

	if (n >= LV_MAXCCALLS) {
		if (n == LV_MAXCCALLS)
			lv_cstackoverflow(L);
		if (n >= MAX_HANDLER_CALLS)
			error_in_error(L);
	}
	if ((char *)__builtin_frame_address(0) < (char *)L->native_limit)
		lv_cstackoverflow(L);
}

static void set_limits(struct lv_state *L, bool reserve)
{
	const struct lv_thread *th = L->thread;

	L->stack_last = th->stack_last - (reserve ? 0 : LV_STACK_RESERVE);
	L->native_limit = (char *)th->native_limit - (reserve ? NATIVE_RESERVE : 0);
	L->native_deep = th->native_deep;
}

/* The error value at L->top[-1] becomes what the handler makes of it. An error in the handler comes here again. */
static void run_handler(struct lv_state *L, const struct lv_value *handler)
{
	struct lv_value *f = L->top;

	f[2] = f[-1];
	f[0] = *handler;
	L->top = f + 3;
	set_limits(L, true);
	lv_call(L, f, 1, 1);
	L->top = f + 1;
}

/* AddressSanitizer forgets the frames a longjmp drops only on stacks of less than 64 MiB. */
static void forget_frames(const void *to)
{
#if LV_ASAN
	const char *from = __builtin_frame_address(0);

	__asan_unpoison_memory_region(from, (size_t)((const char *)to - from));
#else
	(void)to;
#endif
}

_Noreturn void lv_throw(struct lv_state *L, enum lv_status s)
{
	struct catch *c = (struct catch *)L->jmp;

	if (!c) {
		fputs("hew: error outside any protected call\n", stderr);
		abort();
	}
	if (s == LV_ERRRUN && c->handler)
		run_handler(L, c->handler);
	c->err = L->top[-1];
	c->j.status = s;
	forget_frames(c);
	longjmp(c->j.env, 1);
}

/* Runs fn(L, arg); the catch holds status and error value afterwards. L->base and L->pc stay where the error was. */
static enum lv_status run_catching(struct lv_state *L, struct catch *c, void (*fn)(struct lv_state *, void *), void *arg)
{
	c->j.up = L->jmp;
	c->j.status = LV_OK;
	c->j.base = L->base;
	c->j.ncalls = L->thread->ncalls;
	c->pc = L->pc;
	c->nnoyield = L->thread->nnoyield;
	c->stack_last = L->stack_last;
	c->native_limit = L->native_limit;
	L->jmp = &c->j;
	if (_setjmp(c->j.env) == 0)
		fn(L, arg);
	L->jmp = c->j.up;
	if (c->j.status != LV_OK) {
		L->thread->ncalls = c->j.ncalls;
		L->thread->nnoyield = c->nnoyield;
		L->stack_last = c->stack_last;
		L->native_limit = c->native_limit;
	}
	return c->j.status;
}

enum lv_status lv_protect(struct lv_state *L, void (*fn)(struct lv_state *, void *), void *arg, struct lv_value *err)
{
	struct catch c;

	c.handler = NULL;
	if (run_catching(L, &c, fn, arg) != LV_OK)
		*err = c.err;
	return c.j.status;
}

/* ---- calls --------------------------------------------------------------------------------- */

void lv_adjust(struct lv_state *L, struct lv_value *dst, const struct lv_value *src, uint32_t n, uint32_t want)
{
	uint32_t i, m = n < want ? n : want;

	for (i = 0; i < m; i++)
		lv_copy(&dst[i], &src[i]);
	if (want == LV_OPEN) {
		L->top = dst + n;
		return;
	}
	for (; i < want; i++)
		lv_setnil(&dst[i]);
}

static int enter_native(struct lv_state *L, struct lv_value *base, struct lv_proto *p)
{
	uint32_t want = lv_frame(base)->want, n;
	struct lv_native r = lv_enter_native(L, base, p);

	if (r.word == LV_NATIVE_DEOPT)
		return lv_run(L, L->base, L->pc);
	n = (uint32_t)(r.word >> 8);
	if (n > 0) {
		base[-2].i = r.bits;
		base[-2].tag = r.word & 0xff;
	}
	lv_adjust(L, base - 2, base - 2, n, want);
	return want == LV_OPEN ? (int)n : (int)want;
}

static int enter_lua(struct lv_state *L, struct lv_value *base, uint32_t n)
{
	struct lv_proto *p = base[-2].f->p;

	if (base + n + p->framesize > L->stack_last)
		lv_stackoverflow(L);
	L->top = base + n;
	for (; n < p->nparams; n++)
		lv_setnil(&base[n]);
	L->base = base;
	L->pc = p->code;
	if (!p->tier.entry && --p->tier.calls < 0)
		lv_hot_call(L, base[-2].f);
	return p->tier.entry ? enter_native(L, base, p) : lv_run(L, base, p->code);
}

static int enter_c(struct lv_state *L, struct lv_value *base, uint32_t n)
{
	uint32_t want = lv_frame(base)->want;
	int r;

	if (base + n + LV_MINSTACK > L->stack_last)
		lv_stackoverflow(L);
	lv_frame(base)->flags |= LV_FR_C;
	L->base = base;
	L->top = base + n;
	r = base[-2].c->fn(L, base, (int)n);
	lv_adjust(L, base - 2, L->top - r, (uint32_t)r, want);
	return want == LV_OPEN ? r : (int)want;
}

/* A call that the interpreter would have made without nesting: not counted as a call from C. */
static int call_uncounted(struct lv_state *L, struct lv_value *f, uint32_t n, uint32_t want, unsigned flags)
{
	struct lv_value *from = L->base;
	const struct lv_ins *pc = L->pc;
	struct lv_frame *fr;
	int r;

	while (!lv_isfunction(f)) {
		if (flags)
			lv_check_metamethod(L, f, flags);
		n = lv_op_callable(L, f, n);
	}
	fr = lv_frame(f + 2);
	fr->ret = pc;
	fr->delta = (uint32_t)(f + 2 - from);
	fr->want = (uint16_t)want;
	fr->flags = (uint16_t)(LV_FR_FRESH | flags);
	r = f->tag == LV_FUNC ? enter_lua(L, f + 2, n) : enter_c(L, f + 2, n);
	L->base = from;
	L->pc = pc;
	return r;
}

static int call_flagged(struct lv_state *L, struct lv_value *f, uint32_t n, uint32_t want, unsigned flags)
{
	int r;

	enter_c_call(L);
	r = call_uncounted(L, f, n, want, flags);
	L->thread->ncalls--;
	return r;
}

int lv_call_native(struct lv_state *L, struct lv_value *f, int n, int want)
{
	int r = call_uncounted(L, f, (uint32_t)n, (uint32_t)want, 0);

	L->top = f + r;
	return r;
}

int lv_call(struct lv_state *L, struct lv_value *f, int n, int want)
{
	int r = call_flagged(L, f, (uint32_t)n, (uint32_t)want, 0);

	L->top = f + r;
	return r;
}

void lv_call_values(struct lv_state *L, const struct lv_value *f, int n, const struct lv_value *args, struct lv_value *out,
	unsigned frame_flags)
{
	struct lv_value *at = lv_frametop(L), *top = L->top;

	if (at + n + 2 + LV_MINSTACK > L->stack_last)
		lv_stackoverflow(L);
	lv_copy(&at[0], f);
	for (int i = 0; i < n; i++)
		lv_copy(&at[2 + i], &args[i]);
	L->top = at + 2 + n;
	call_flagged(L, at, (uint32_t)n, out != NULL, frame_flags);
	L->top = top;
	if (out)
		lv_copy(out, &at[0]);
}

struct call { struct lv_value *f; int n, want; };

static void do_call(struct lv_state *L, void *arg)
{
	struct call *c = arg;

	lv_call(L, c->f, c->n, c->want);
}

struct closing { struct lv_value *level; const struct lv_value *err; };

static void do_close(struct lv_state *L, void *arg)
{
	struct closing *c = arg;

	lv_close_tbc(L, c->level, c->err);
}

/* Closes what is pending from level up, whatever errors that brings; the last error is the one that counts. */
enum lv_status lv_close_protected(struct lv_state *L, struct lv_value *level, enum lv_status s, struct lv_value *err)
{
	struct lv_value *base = L->base;
	const struct lv_ins *pc = L->pc;

	while (L->thread->tbc && L->thread->tbc >= level) {
		struct lv_value now = *err;
		struct closing c = { level, s == LV_OK ? NULL : &now };
		enum lv_status t;

		L->top = L->thread->tbc + 1;
		t = lv_protect(L, do_close, &c, err);
		L->base = base;
		L->pc = pc;
		if (t != LV_OK)
			s = t;
	}
	return s;
}

enum lv_status lv_pcall(struct lv_state *L, struct lv_value *f, int n, int want, const struct lv_value *handler)
{
	struct call call = { f, n, want };
	struct catch c;
	struct lv_value err;
	enum lv_status s;

	c.handler = handler;
	s = run_catching(L, &c, do_call, &call);
	if (s == LV_OK)
		return s;
	L->base = c.j.base;
	L->pc = c.pc;
	err = c.err;
	s = lv_close_protected(L, f, s, &err);
	*f = err;
	L->top = f + 1;
	return s;
}

/* ---- to-be-closed variables ------------------------------------------------------------------ */

void lv_op_tbc(struct lv_state *L, struct lv_value *v)
{
	const struct lv_value *o = v->tag == LV_BOX ? &v->box->v : v;
	struct lv_thread *th = L->thread;
	struct lv_value close;

	if (lv_falsy(o))
		return;
	if (!lv_metafield(L, o, LV_EV_CLOSE, &close)) {
		const struct lv_proto *p = L->base[-2].f->p;
		uint32_t pc = (uint32_t)(L->pc - p->code), slot = (uint32_t)(v - L->base);
		const char *name = "?";

		for (uint32_t i = 0; i < p->nloc; i++)
			if (p->loc[i].slot == slot && p->loc[i].from <= pc && pc < p->loc[i].to)
				name = p->loc[i].name->s;
		lv_errorat(L, 0, "variable '%s' got a non-closable value", name);
	}
	v->aux = th->tbc ? (uint32_t)(v - th->tbc) : 0;
	th->tbc = v;
}

void lv_close_tbc(struct lv_state *L, struct lv_value *level, const struct lv_value *err)
{
	struct lv_thread *th = L->thread;

	while (th->tbc && th->tbc >= level) {
		struct lv_value *v = th->tbc, args[2], f;

		th->tbc = v->aux ? v - v->aux : NULL;
		args[0] = v->tag == LV_BOX ? v->box->v : *v;
		if (err)
			args[1] = *err;
		else
			lv_setnil(&args[1]);
		if (!lv_metafield(L, &args[0], LV_EV_CLOSE, &f))
			lv_setnil(&f);		/* which cannot be called, and the message says so */
		lv_call_values(L, &f, 2, args, NULL, LV_FR_FIN);
	}
}

/* ---- functions and chunks ---------------------------------------------------------------------- */

struct lv_closure *lv_closure(struct lv_state *L, struct lv_proto *p)
{
	struct lv_closure *f = lv_new(L, sizeof *f + p->nups * sizeof f->up[0], LV_FUNC);

	f->p = p;
	for (unsigned i = 0; i < p->nups; i++) {
		f->up[i] = lv_new(L, sizeof *f->up[i], LV_BOX);
		f->nup = (uint8_t)(i + 1);
	}
	return f;
}

struct lv_cfunc *lv_cfunc(struct lv_state *L, lv_cfn *fn, const char *name, int nup)
{
	struct lv_cfunc *c = lv_new(L, sizeof *c + (size_t)nup * sizeof c->up[0], LV_CFUNC);

	c->fn = fn;
	c->name = name;
	c->nup = (uint8_t)nup;
	return c;
}

struct loading { const char *s; size_t n; const char *name, *mode; struct lv_value *out; };

static void do_load(struct lv_state *L, void *arg)
{
	struct loading *l = arg;
	bool binary = l->n > 0 && l->s[0] == '\x1b';
	struct lv_proto *p;
	struct lv_closure *f;

	if (l->mode && !strchr(l->mode, binary ? 'b' : 't')) {
		L->top = lv_frametop(L);
		lv_setstr(L->top, lv_strf(L, "attempt to load a %s chunk (mode is '%s')", binary ? "binary" : "text", l->mode));
		L->top++;
		lv_throw(L, LV_ERRSYNTAX);
	}
	p = binary ? lv_undump(L, l->s, l->n, l->name) : lv_compile(L, l->s, l->n, l->name);
	f = lv_closure(L, p);
	if (f->nup > 0)
		lv_setobj(&f->up[0]->v, L->globals, LV_TABLE);
	lv_setobj(l->out, f, LV_FUNC);
}

enum lv_status lv_load(struct lv_state *L, const char *s, size_t n, const char *chunkname, const char *mode, struct lv_value *out)
{
	struct loading l = { s, n, chunkname, mode, out };
	struct lv_value *base = L->base, *top = L->top, err;
	const struct lv_ins *pc = L->pc;
	enum lv_status st = lv_protect(L, do_load, &l, &err);

	L->base = base;
	L->pc = pc;
	L->top = top;
	if (st != LV_OK)
		*out = err;
	return st;
}

/* The whole file in collected memory; NULL and errno when it cannot be read. */
static struct lv_buf *read_all(struct lv_state *L, FILE *f, size_t *n)
{
	struct lv_buf *b = lv_newbuf(L, 8192);

	for (*n = 0;;) {
		size_t got = fread(b->data + *n, 1, b->len - *n, f);

		*n += got;
		if (got == 0)
			return ferror(f) ? NULL : b;
		if (*n == b->len) {
			struct lv_buf *big = lv_newbuf(L, 2 * b->len);

			memcpy(big->data, b->data, *n);
			b = big;
		}
	}
}

static enum lv_status file_error(struct lv_state *L, const char *what, const char *path, struct lv_value *out)
{
	lv_setstr(out, lv_strf(L, "cannot %s %s: %s", what, path, strerror(errno)));
	return LV_ERRFILE;
}

enum lv_status lv_loadfile(struct lv_state *L, const char *path, const char *mode, struct lv_value *out)
{
	FILE *f = path ? fopen(path, "rb") : stdin;
	struct lv_str *name = path ? lv_strf(L, "@%s", path) : lv_strz(L, "=stdin");
	struct lv_buf *b;
	const char *s;
	size_t n;

	if (!f)
		return file_error(L, "open", path, out);
	b = read_all(L, f, &n);
	if (!b) {
		int e = errno;

		if (path)
			fclose(f);
		errno = e;
		return file_error(L, "read", path ? path : "stdin", out);
	}
	if (path)
		fclose(f);
	s = b->data;
	if (n >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0)
		s += 3;
	if (s < b->data + n && *s == '#')
		while (s < b->data + n && *s != '\n')
			s++;
	if (s > b->data && s + 1 < b->data + n && s[0] == '\n' && s[1] == '\x1b')
		s++;
	return lv_load(L, s, n - (size_t)(s - b->data), name->s, mode, out);
}

/* ---- open and close ------------------------------------------------------------------------------ */

struct lv_value *lv_stack_map(size_t slots)
{
	void *p = mmap(NULL, slots * sizeof(struct lv_value), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Large pages but for the start of the stack: a recursion that leaves it behind spares four fifths of the time of touching the rest. */
static struct lv_value *map_main(void)
{
	size_t cut;
	char *p = (char *)lv_stack_map((MAIN_BYTES + HUGE_PAGE) / sizeof(struct lv_value));

	if (!p)
		return NULL;
	cut = -((uintptr_t)p + SMALL_PAGES) % HUGE_PAGE;
	if (cut)
		munmap(p, cut);
	munmap(p + cut + MAIN_BYTES, HUGE_PAGE - cut);
	p += cut;
	madvise(p, SMALL_PAGES, MADV_NOHUGEPAGE);
	madvise(p + SMALL_PAGES, MAIN_BYTES - SMALL_PAGES, MADV_HUGEPAGE);
	return (struct lv_value *)(void *)p;
}

/* Compiled code recurses on the native stack, the interpreter does not. A page that is touched for the first time costs more than native
 * code gains in the calls that fill it, so a recursion deeper than native_deep goes on in the interpreter, which needs pages of the Lua
 * stack alone. */
void lv_native_limits(struct lv_thread *th)
{
	th->native_limit = th->native ? (char *)hew_stack_limit(th->native) + LV_NATIVE_MARGIN : NULL;
	th->native_deep = th->native ? (char *)hew_stack_base(th->native) - NATIVE_DEEP : NULL;
	th->deep_calls = 0;
	if (th->native_deep < th->native_limit)
		th->native_deep = th->native_limit;
}

/* A recursion that comes here again and again touches no new pages any more. */
void lv_native_deeper(struct lv_state *L)
{
	struct lv_thread *th = L->thread;
	size_t used = (size_t)((char *)hew_stack_base(th->native) - (char *)th->native_deep);
	size_t room = (size_t)((char *)th->native_deep - (char *)th->native_limit);

	if (++th->deep_calls % DEEP_CALLS != 0)
		return;
	th->native_deep = (char *)th->native_deep - (used < room ? used : room);
	L->native_deep = th->native_deep;
}

/* Prepares a Lua stack: the host's frame at the bottom, limits; the native limit if the thread has a native stack. */
void lv_stack_init(struct lv_thread *th, struct lv_value *stack, size_t slots)
{
	th->stack = stack;
	th->stack_last = stack + slots - 512;		/* varargs may move a frame a little beyond */
	lv_setnil(&stack[0]);
	*(struct lv_frame *)&stack[1] = (struct lv_frame){ .flags = LV_FR_C };
	th->base = th->top = stack + 2;
	lv_native_limits(th);
}

static void load_thread(struct lv_state *L, struct lv_thread *th)
{
	L->thread = th;
	L->base = th->base;
	L->pc = th->pc;
	L->top = th->top;
	L->jmp = th->jmp;
	set_limits(L, false);
}

struct main_run {
	struct lv_state *L;
	void (*fn)(struct lv_state *, void *);
	void *arg;
	struct hew_stack *host;
	enum lv_status status;
};

static void main_entry(void *arg)
{
	struct main_run *r = arg;
	struct lv_state *L = r->L;
	struct lv_value err, *base = L->base, *top = L->top;

	r->status = lv_protect(L, r->fn, r->arg, &err);
	L->base = base;
	if (r->status != LV_OK) {
		L->top = top;
		r->status = lv_close_protected(L, L->thread->stack, r->status, &err);
		L->top = top;
		*L->top++ = err;
	}
	hew_stack_switch(L->main->native, r->host);
}

enum lv_status lv_main(struct lv_state *L, void (*fn)(struct lv_state *, void *), void *arg)
{
	struct main_run r = { L, fn, arg, NULL, LV_OK };

	if (hew_stack_here(&r.host) != HEW_OK)
		return LV_ERRMEM;
	hew_stack_reset(L->main->native, main_entry, &r);
	L->main->status = LV_CO_RUNNING;
	hew_stack_switch(r.host, L->main->native);
	hew_stack_free(r.host);
	return r.status;
}

static void event_names(struct lv_state *L)
{
	static const char *const name[LV_EV_COUNT] = {
		"__index", "__newindex", "__gc", "__mode", "__len", "__eq", "__call", "__close",
		"__add", "__sub", "__mul", "__div", "__mod", "__idiv", "__pow",
		"__band", "__bor", "__bxor", "__shl", "__shr", "__unm", "__bnot",
		"__lt", "__le", "__concat", "__tostring", "__name", "__pairs", "__metatable",
	};

	for (int e = 0; e < LV_EV_COUNT; e++)
		L->event[e] = lv_strz(L, name[e]);
	L->memerr = lv_strz(L, "not enough memory");
}

static void open_all(struct lv_state *L, void *arg)
{
	(void)arg;
	event_names(L);
	L->globals = lv_table(L, 0, 64);
	L->registry = lv_table(L, 0, 8);
	L->loaded = lv_table(L, 0, 16);
	lv_open_base(L);
	lv_open_package(L);
	lv_open_coroutine(L);
	lv_open_table(L);
	lv_open_io(L);
	lv_open_os(L);
	lv_open_string(L);
	lv_open_math(L);
	lv_open_utf8(L);
	lv_open_debug(L);
}

/* The address-space limit may refuse the full size; a smaller main stack only means less recursion. */
static struct hew_stack *main_stack(void)
{
	struct hew_stack *s;

	for (size_t n = NATIVE_MAIN; n >= 1u << 20; n /= 2)
		if (hew_stack_new(n, main_entry, NULL, &s) == HEW_OK)
			return s;
	return NULL;
}

/* The main thread exists before the heap can collect: it is what marking starts from. */
static bool open_thread(struct lv_state *L)
{
	struct lv_value *stack = map_main();

	if (!stack)
		return false;
	L->main = lv_mainthread(L);
	L->main->native = main_stack();
	if (!L->main->native) {
		munmap(stack, MAIN_BYTES);
		return false;
	}
	lv_stack_init(L->main, stack, LV_STACK_MAIN);
	load_thread(L, L->main);
	return true;
}

enum lv_status lv_open(const struct lv_options *o, struct lv_state **out, char *why, size_t n)
{
	struct lv_state *L = calloc(1, sizeof *L);

	*out = NULL;
	if (!L || !lv_heap_open(L, o ? o->memory : 0)) {
		snprintf(why, n, "not enough memory");
		free(L);
		return LV_ERRMEM;
	}
	if (getrandom(&L->seed, sizeof L->seed, 0) != sizeof L->seed)
		L->seed = (uintptr_t)L ^ (uintptr_t)&n << 20;
	lv_gc_stop(L, true);
	if (!open_thread(L) || lv_main(L, open_all, NULL) != LV_OK) {
		snprintf(why, n, "%s", L->top && L->top[-1].tag == LV_STR ? L->top[-1].s->s : "not enough memory");
		lv_close(L);
		return LV_ERRMEM;
	}
	lv_gc_stop(L, false);
	L->jit = o && o->jit;
	L->tier = o && o->tier ? *o->tier : hew_tier_defaults();
	L->small_code = o ? o->small_code : 0;
	if (L->jit && L->tier.event)
		L->jit = lv_jit_open(L, why, n);	/* somebody looks: they are told at once if there will be no code */
	*out = L;
	return LV_OK;
}

static void finish(struct lv_state *L, void *arg)
{
	(void)arg;
	lv_close_tbc(L, L->thread->stack, NULL);
	lv_gc_finish(L);
}

void lv_finish(struct lv_state *L)
{
	if (L->main && L->main->native)
		lv_main(L, finish, NULL);
}

void lv_close(struct lv_state *L)
{
	struct lv_value *stack = NULL;
	struct hew_stack *native = NULL;

	lv_finish(L);
	if (L->main && L->main->native) {
		stack = L->main->stack;
		native = L->main->native;
	}
	if (L->g)
		lv_jit_close(L);
	if (L->main)
		lv_pool_free(L);
	lv_heap_close(L);
	if (native)
		hew_stack_free(native);
	if (stack)
		munmap(stack, MAIN_BYTES);
	free(L);
}
