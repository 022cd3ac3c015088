/* SPDX-License-Identifier: MIT
 * bounds.c - E4.4: bounds checks moved out of counted loops, all small loops and those at the ends of the integers.
 *
 * Every form of loop test (all comparisons, loop on yes and on no), counting up and down, the check before and behind the
 * test, at both widths, with all starts, limits and lengths from a list. Evaluated before and after the pass:
 *   the check fails in some turn     the check before the loop fails
 *   it never does                    the same result; the check before the loop fails only where that is allowed:
 *                                    when the loop's body is never reached
 */
#include "opt/opt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_STATE = 1, TURNS = 40 };
struct form { const char *type, *test, *step; bool on_yes, limit_first, behind; };

static void out_of_memory(void *arg)
{
	(void)arg;
	abort();
}

static void *symbol(void *arg, const char *name) { (void)arg, (void)name; return NULL; }

/* The loop of a form: returns the sum of all indices used, leaves through a state if the check fails. */
static char *text_of(const struct form *o)
{
	static char out[2000];
	char test[100], check[200];

	snprintf(test, sizeof test, "    %%c = %s %s, %s\n", o->test, o->limit_first ? "%limit" : "%i", o->limit_first ? "%i" : "%limit");
	snprintf(check, sizeof check, "    %%in = ult %%i, %%length\n    %%x = check.bounds %%in, %%i, fs1\n    %%s2 = add %%s, %%x\n");
	snprintf(out, sizeof out,
		"func @f -> %s\nb0(%%first: %s, %%limit: %s, %%length: %s):\n    jmp b1(%%first, %s 0)\nb1(%%i: %s, %%s: %s): fs0\n%s%s    br %%c, %s, %s\n"
		"b2:\n%s    %%next = add %%i, %s\n    jmp b1(%%next, %%s2)\nb3:\n    ret %s\nstates\n    fs0 @1 pc=1 retry { 0: 3 %%i, 1: 3 %%s }\n"
		"    fs1 @1 pc=2 retry { 0: 3 %%i, 1: 3 %%s }\nend\n",
		o->type, o->type, o->type, o->type, o->type, o->type, o->type, o->behind ? "" : check, test, o->on_yes ? "b2" : "b3", o->on_yes ? "b3" : "b2",
		o->behind ? check : "", o->step, o->behind ? "%s" : "%s2");
	return out;
}

static struct ir_func *read(struct arena *mem, const char *text)
{
	struct ir_error e;
	int line = 1;
	struct ir_func *f = ir_parse(mem, mem, &text, &line, symbol, NULL, false, &e);

	if (!f) {
		printf("%d: %s\n", e.line, e.text);
		fail();
	}
	return f;
}

static unsigned checks_in_loop(const struct ir_func *f)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < f->n_order; i++)
		for (uint32_t k = 0; k < f->block.at[f->order[i]].ins.n; k++)
			n += f->block.at[f->order[i]].loop && ir_at(f, f->block.at[f->order[i]].ins.at[k])->op == IR_check;
	return n;
}

struct tally { unsigned long same, left, spurious, endless; };

static void compare(const struct form *o, struct ir_func *plain, struct ir_func *moved, const int64_t v[3], struct tally *t)
{
	struct arena mem;
	struct ir_eval p = { .max_steps = TURNS * 6 }, m = { .max_steps = TURNS * 6 + 20 };
	enum ir_outcome po, mo;
	bool good;

	arena_init(&mem, out_of_memory, NULL);
	po = ir_eval(plain, &mem, v, &p);
	mo = ir_eval(moved, &mem, v, &m);
	if (po == IR_EXITED) {
		good = mo == IR_EXITED && ++t->left;
	} else if (po == IR_RETURNED && mo == IR_RETURNED) {
		good = p.result[0] == m.result[0] && ++t->same;
	} else if (po == IR_RETURNED) {
		/* no index was used: only then may it fail all the same */
		good = mo == IR_EXITED && o->behind && p.guards == 0 && ++t->spurious;
	} else {
		/* endless, as far as the steps went, or its check fails later than that */
		good = mo == IR_EXITED || mo == IR_STEPS;
		t->endless++;
	}
	arena_fini(&mem);
	if (!good) {
		struct text out = { 0 };

		ir_print(moved, &out);
		printf("first %" PRId64 ", limit %" PRId64 ", length %" PRId64 ": outcome %d, was %d\n%s%s", v[0], v[1], v[2], (int)mo, (int)po, text_of(o), out.s);
		text_free(&out);
		fail();
	}
}

static void one_form(const struct form *o, struct tally *t)
{
	static const int64_t edge[] = { 0, 1, 2, 3, 5, 9, -1, -2, -5, INT32_MAX, INT32_MAX - 1, INT32_MIN, INT32_MIN + 1, INT64_MAX, INT64_MAX - 1, INT64_MIN,
		INT64_MIN + 1, INT64_MAX - 4 };
	static const int64_t length[] = { 0, 1, 2, 3, 4, 10, -1, INT32_MAX, INT64_MAX, INT64_MIN, INT32_MIN };
	bool narrow = !strcmp(o->type, "i32");
	struct opt_options passes = { .passes = "bounds", .verify = true };
	struct arena mem;
	struct ir_func *plain, *moved;
	char why[300];

	arena_init(&mem, out_of_memory, NULL);
	plain = read(&mem, text_of(o));
	moved = read(&mem, text_of(o));
	if (!opt_run(moved, &passes, why, sizeof why)) {
		printf("%s\n%s", why, text_of(o));
		fail();
	}
	ir_analyse(moved);
	if (checks_in_loop(moved)) {
		printf("nothing was moved in\n%s", text_of(o));
		fail();
	}
	for (size_t i = 0; i < COUNT_OF(edge); i++)
		for (size_t j = 0; j < COUNT_OF(edge); j++)
			for (size_t k = 0; k < COUNT_OF(length); k++) {
				int64_t v[3] = { edge[i], edge[j], length[k] };

				for (int q = 0; narrow && q < 3; q++)
					v[q] = (int32_t)v[q];
				compare(o, plain, moved, v, t);
			}
	arena_fini(&mem);
}

static void test_counted_loops(void **state)
{
	/* comparisons that can end a loop: on yes, on no; the limit on the side on which it stands for the direction */
	static const struct { const char *test; bool on_yes, order; } test[] = { { "ne", true, false }, { "eq", false, false }, { "lt", true, true },
		{ "le", true, true }, { "ult", true, true }, { "ule", true, true }, { "lt", false, true }, { "le", false, true }, { "ult", false, true },
		{ "ule", false, true } };
	struct tally t = { 0 };

	(void)state;
	for (unsigned bits = 0; bits < 8; bits++)
		for (size_t k = 0; k < COUNT_OF(test); k++) {
			bool down = bits & 1;
			struct form o = { bits & 2 ? "i32" : "i64", test[k].test, down ? "-1" : "1", test[k].on_yes,
				test[k].order && down == test[k].on_yes, bits & 4 };

			one_form(&o, &t);
		}
	printf("%lu the same, %lu left, %lu left without need, %lu cut short\n", t.same, t.left, t.spurious, t.endless);
	assert_true(t.same > 10000 && t.left > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_counted_loops) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
