/* SPDX-License-Identifier: MIT
 * mutate.c - binary chunks survive a round trip, and no damaged one can do harm.
 *
 * 100,000 mutants of the chunks of a few programs are loaded. Most are refused; those that the verifier lets pass are run,
 * with a small heap, without the libraries that reach outside, and stopped after a few thousand turns. HEW_SEED repeats a run.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <cmocka.h>
#include "../../../../guests/lua/front.h"

const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "detect_stack_use_after_return=0"; }

enum { MUTANTS = 100000 };

static const char *const program[] = {
	"local a, b = 1, 2 a, b = b, a return a + b * 2 - 1 // 2",
	"local t = {1, 2, x = 3, [4.5] = {}} for i = 1, 3 do t[i] = i * 2 end t.y, t[1] = #t, t.x return t.y .. 'z' .. t[1]",
	"local s = 0 for k, v in next, {a = 1, b = 2} do s = s + v end for i = 3, 1, -1 do s = s + i end return s",
	"local function f(n, ...) if n == 0 then return ... end return f(n - 1, n, ...) end return f(5), (f(3))",
	"local fs = {} for i = 1, 3 do local j = i fs[i] = function() i = i + 1 j = j + i return i, j end end return fs[2]()",
	"local x <close> = nil local y <const> = {} do local z <close> = setmetatable({}, {__close = function() y.n = 1 end}) local g = function() return z end y.g = g() end return y.n",
	"local i = 0 repeat local j = i i = i + 1 if j == 2 then goto out end until i > 5 ::out:: while i < 9 and not (i == 7) do i = i + 1 end return i",
	"local o = {n = 1} function o:m(d) self.n = self.n + (d or 1) return self end return o:m():m(4).n, o.n < 3, o and 1 or nil",
	"local a, b, c = ... return a == nil, b ~= 1.5, c and c.d, -1 ~ 2, 7 & 3 | 8, 1 << 3 >> 1, -({n = 1}).n, ~5, not a, #'abc'",
	"local ok, e = pcall(function(...) local t = {...} for k = 1, select('#', ...) do if t[k] > 2 then error({k}) end end end, 1, 2, 3) return ok, e[1]",
	"return (function() local n = 0 return function() n = n + 1 return n end end)()() + 0x10, ('x'):rep(3), 1e100, 'long string, longer than forty characters, to be sure'",
};
enum { PROGRAMS = sizeof program / sizeof *program };

static struct lv_state *L;
static uint64_t seed;

static uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % n;
}

static void on_alarm(int sig)
{
	(void)sig;
	L->interrupt = 1;
}

static void arm(long us)
{
	struct itimerval t = { .it_value.tv_usec = us };

	setitimer(ITIMER_REAL, &t, NULL);
}

/* The function compiled from or loaded of n bytes; false, with the message in *f, if refused. */
static bool load(const char *s, size_t n, struct lv_value *f)
{
	return lv_load(L, s, n, "=test", NULL, f) == LV_OK;
}

/* One damaged copy in out, which has room for n + 8 bytes; its length. */
static size_t damage(const char *s, size_t n, unsigned char *out)
{
	static const unsigned char special[] = { 0, 1, 0x7f, 0x80, 0xff, 0xfe };

	memcpy(out, s, n);
	for (uint32_t i = 1 + rnd(3); i > 0; i--) {
		size_t at = 17 + rnd((uint32_t)n - 17);

		switch (rnd(8)) {
		case 0: out[at] = special[rnd(sizeof special)]; break;
		case 1: out[at] ^= (unsigned char)(1u << rnd(8)); break;
		case 2: out[at]++; break;
		case 3: out[at]--; break;
		case 4: out[at] = out[17 + rnd((uint32_t)n - 17)]; break;
		case 5: out[at] = (unsigned char)rnd(LV_OP_COUNT); break;
		case 6: out[at] = (unsigned char)rnd(12); break;
		default:			/* all at once: an instruction, if it meets one */
			if (at + 8 < n && n > 40)
				memcpy(out + at, out + 17 + rnd((uint32_t)n - 25), 8);
		}
	}
	if (rnd(50) == 0)
		return rnd((uint32_t)n);
	return n;
}

static void run(const struct lv_value *f)
{
	struct lv_value *base = lv_push(L, f);

	lv_pushnil(L);
	arm(2000);
	lv_pcall(L, base, 0, 1, NULL);
	arm(0);
	L->interrupt = 0;
	L->top = base;
}

static void forget_libraries(void)
{
	static const char *const dangerous[] = { "os", "io", "debug", "package", "require", "dofile", "loadfile", "load", "print", "collectgarbage", "coroutine" };
	struct lv_value nil = { .tag = LV_NIL };

	for (unsigned i = 0; i < sizeof dangerous / sizeof *dangerous; i++)
		lv_setz(L, L->globals, dangerous[i], &nil);
}

static void mutants(struct lv_state *state, void *arg)
{
	uint64_t start = getenv("HEW_SEED") ? strtoull(getenv("HEW_SEED"), NULL, 0) : 20261121;
	struct lv_str *chunk[PROGRAMS];
	struct lv_value f;
	unsigned accepted = 0;

	(void)arg;
	L = state;
	seed = start * 2 + 1;
	forget_libraries();
	signal(SIGALRM, on_alarm);
	for (unsigned i = 0; i < PROGRAMS; i++) {
		if (!load(program[i], strlen(program[i]), &f))
			fail_msg("%s", f.s->s);
		chunk[i] = lv_dump(L, f.f->p, i % 3 == 2);
	}
	for (unsigned i = 0; i < MUTANTS; i++) {
		const struct lv_str *c = chunk[rnd(PROGRAMS)];
		unsigned char *bytes = malloc(c->len);	/* of its own, so that reading beyond is seen */
		size_t n = damage(c->s, c->len, bytes);

		bytes = n ? realloc(bytes, n) : bytes;
		if (load((char *)bytes, n, &f)) {
			accepted++;
			lv_listing(L, f.f->p);
			run(&f);
		}
		free(bytes);
	}
	print_message("seed %llu: %u of %u mutants passed the verifier and were run\n", (unsigned long long)start, accepted, MUTANTS);
	assert_in_range(accepted, MUTANTS / 100, MUTANTS - 1);
}

/* Dump, load, dump again: the same bytes, and the same verdict of the verifier; every prefix is truncated. */
static void round_trip(struct lv_state *state, void *arg)
{
	(void)arg;
	L = state;
	for (unsigned i = 0; i < 2 * PROGRAMS; i++) {
		struct lv_value f, g;
		struct lv_str *a, *b;
		char why[160];

		assert_true(load(program[i / 2], strlen(program[i / 2]), &f));
		assert_true(lv_verify(L, f.f->p, why, sizeof why));
		a = lv_dump(L, f.f->p, i % 2);
		if (!load(a->s, a->len, &g))
			fail_msg("%s", g.s->s);
		b = lv_dump(L, g.f->p, i % 2);
		assert_int_equal(a->len, b->len);
		assert_memory_equal(a->s, b->s, a->len);
		for (size_t n = 1; n < a->len; n++) {
			assert_false(load(a->s, n, &g));
			assert_non_null(strstr(g.s->s, "truncated"));
		}
	}
}

/* What the verifier must refuse, one instruction changed by hand in `local a = 1 local b = {a} return b[1]`. */
static void refused(struct lv_state *state, void *arg)
{
	static const struct { uint32_t pc; struct lv_ins in; const char *why; } row[] = {
		{ 1, { .op = LV_OP_LOADI, .a = 200 }, "slot outside the frame" },
		{ 1, { .op = LV_OP_LOADI, .a = 1 }, "declares an empty slot" },
		{ 1, { .op = LV_OP_LOADK, .w = 9 }, "no such constant" },
		{ 1, { .op = LV_OP_GETUP, .b = 1 }, "no such upvalue" },
		{ 1, { .op = LV_OP_CLOSURE }, "no such function" },
		{ 1, { .op = LV_OP_JMP, .w = 100 }, "jump out of the code" },
		{ 1, { .op = LV_OP_JMP, .w = -1 }, "wrong direction" },
		{ 1, { .op = LV_OP_CACHE }, "belong together" },
		{ 1, { .op = LV_OP_COUNT }, "no such operation" },
		{ 1, { .op = LV_OP_RETURN0 }, NULL },
		{ 2, { .op = LV_OP_LOADNIL, .a = 1, .b = 1 }, "not a new table" },
		{ 3, { .op = LV_OP_MOV, .a = 2, .b = 2 }, "reads an empty slot" },
		{ 3, { .op = LV_OP_GETBOX, .a = 2, .b = 0 }, "not boxed" },
		{ 2, { .op = LV_OP_JMP, .w = 2 }, "jumps into the scope" },
		{ 4, { .op = LV_OP_SETLIST, .a = 1, .b = 2 }, "wrong number of items" },
		{ 4, { .op = LV_OP_POP, .b = 3 }, "pops too much" },
		{ 5, { .op = LV_OP_VARARG, .a = 2, .b = LV_OPEN }, "open list" },
		{ 6, { .op = LV_OP_RETURN1, .a = 3 }, "reads an empty slot" },
		{ 6, { .op = LV_OP_NOT, .a = 2, .b = 2 }, "runs off the end" },
	};
	const char *text = "local a = 1 local b = {a} return b[1]";
	char why[160];

	(void)arg;
	L = state;
	for (unsigned i = 0; i < sizeof row / sizeof *row; i++) {
		struct lv_value f;
		bool ok;

		assert_true(load(text, strlen(text), &f));
		assert_int_equal(f.f->p->ncode, 7);
		f.f->p->code[row[i].pc] = row[i].in;
		ok = lv_verify(L, f.f->p, why, sizeof why);
		if (ok ? row[i].why != NULL : row[i].why == NULL || !strstr(why, row[i].why))
			fail_msg("row %u: %s", i, ok ? "passed" : why);
	}
}

static void with_state(void (*fn)(struct lv_state *, void *), size_t memory)
{
	struct lv_options o = { .memory = memory };
	char why[200] = "";
	struct lv_state *state;

	if (lv_open(&o, &state, why, sizeof why) != LV_OK)
		fail_msg("%s", why);
	assert_int_equal(lv_main(state, fn, NULL), LV_OK);
	lv_close(state);
}

static void test_round_trip(void **s) { (void)s; with_state(round_trip, 0); }
static void test_refused(void **s) { (void)s; with_state(refused, 0); }
static void test_mutants(void **s) { (void)s; with_state(mutants, 32u << 20); }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_mutants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
