/* SPDX-License-Identifier: MIT
 * stub.h - a Lua state without interpreter, for the unit tests of heap.c, gc.c, str.c, num.c and table.c.
 *
 * Included once per test program. Defines what those files need from the rest of the guest: errors longjmp to TRY,
 * finalisers are C functions, there are no coroutines.
 */
#ifndef STUB_H
#define STUB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>
#include "../../../guests/lua/heap.h"

const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "detect_stack_use_after_return=0"; }

static jmp_buf trap;
static char message[256];
static enum lv_status thrown;

/* 0 when the statement ran through, else the status thrown */
#define TRY(statement) (thrown = LV_OK, setjmp(trap) == 0 ? (void)(statement) : (void)0, thrown)

void lv_nomemory(struct lv_state *L)
{
	(void)L;
	thrown = LV_ERRMEM;
	longjmp(trap, 1);
}

void lv_error(struct lv_state *L, const char *fmt, ...)
{
	va_list ap;

	(void)L;
	va_start(ap, fmt);
	vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	thrown = LV_ERRRUN;
	longjmp(trap, 1);
}

const char *lv_typename_meta(struct lv_state *L, const struct lv_value *v)
{
	(void)L;
	return v->tag == LV_STR ? "string" : v->tag == LV_TABLE ? "table" : v->tag == LV_NIL ? "nil" : "?";
}

struct lv_cfunc *lv_cfunc(struct lv_state *L, lv_cfn *fn, const char *name, int nup)
{
	struct lv_cfunc *c = lv_new(L, sizeof *c + (size_t)nup * sizeof c->up[0], LV_CFUNC);

	c->fn = fn;
	c->name = name;
	c->nup = (uint8_t)nup;
	return c;
}

struct lv_value *lv_frametop(const struct lv_state *L) { return L->top; }

bool lv_metafield(struct lv_state *L, const struct lv_value *v, enum lv_event e, struct lv_value *out)
{
	struct lv_table *meta = v->tag == LV_TABLE ? v->t->meta : v->u->meta;

	return meta && lv_getstr(meta, L->event[e], out);
}

void lv_call_values(struct lv_state *L, const struct lv_value *f, int n, const struct lv_value *args, struct lv_value *out, unsigned flags)
{
	assert_int_equal(flags, LV_FR_FIN);
	assert_null(out);
	f->c->fn(L, (struct lv_value *)args, n);
}

enum lv_status lv_pcall(struct lv_state *L, struct lv_value *f, int n, int want, const struct lv_value *handler)
{
	jmp_buf saved;

	(void)want;
	(void)handler;
	memcpy(saved, trap, sizeof saved);
	(void)TRY(f->c->fn(L, f + 2, n));
	memcpy(trap, saved, sizeof saved);
	if (thrown)
		lv_setstr(f, lv_strz(L, message));
	return thrown;
}

static unsigned protos_freed __attribute__((unused));
void lv_jit_free_proto(struct lv_state *L, struct lv_proto *p)
{
	(void)L;
	(void)p;
	protos_freed++;
}

static unsigned threads_freed __attribute__((unused));
void lv_thread_dispose(struct lv_state *L, struct lv_thread *th)
{
	(void)L;
	(void)th;
	threads_freed++;
}

void *hew_stack_limit(const struct hew_stack *s) { (void)s; return NULL; }
void *hew_stack_base(const struct hew_stack *s) { (void)s; return NULL; }
void *hew_stack_sp(const struct hew_stack *s) { (void)s; return NULL; }

static const char *const event_names[LV_EV_COUNT] = { [LV_EV_GC] = "__gc", [LV_EV_MODE] = "__mode", [LV_EV_INDEX] = "__index" };
static struct lv_value stub_stack[256];

static inline struct lv_state *stub_open(size_t limit)
{
	struct lv_state *L = calloc(1, sizeof *L);

	assert_non_null(L);
	assert_true(lv_heap_open(L, limit));
	L->seed = 0x1234567;
	L->base = L->top = stub_stack + 2;
	L->stack_last = stub_stack + 250;
	L->registry = lv_table(L, 0, 0);
	for (unsigned i = 0; i < LV_EV_COUNT; i++)
		if (event_names[i])
			L->event[i] = lv_strz(L, event_names[i]);
	return L;
}

static inline void stub_close(struct lv_state *L)
{
	lv_heap_close(L);
	free(L);
}

/* xorshift; the seed is printed by whoever starts one */
struct rnd { uint64_t s; };
static inline uint64_t rnd(struct rnd *r)
{
	r->s ^= r->s << 13;
	r->s ^= r->s >> 7;
	r->s ^= r->s << 17;
	return r->s;
}

static inline struct rnd rnd_seed(const char *what)
{
	const char *env = getenv("HEW_TEST_SEED");
	struct rnd r = { env ? strtoull(env, NULL, 0) : (uint64_t)time(NULL) * 0x9e3779b97f4a7c15u };

	print_message("%s: HEW_TEST_SEED=%llu\n", what, (unsigned long long)r.s);
	return r;
}

#endif
