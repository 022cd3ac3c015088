/* SPDX-License-Identifier: MIT
 * text.c - functions as text through the public interface: what is printed reads back and runs, mistakes have their line, strings
 * outlive the compilation, lack of memory is a status at every point.
 */
#include "api_test.h"

static const char two[] =
	"func @twice -> i64 strict\n"
	"b0(%x: i64):\n"
	"    %f = func ptr @add\n"
	"    %r = call.c i64 %f(%x, %x)\n"
	"    ret %r\n"
	"end\n"
	"; the second one\n"
	"func @add -> i64 strict\n"
	"b0(%a: i64, %b: i64):\n"
	"    %s = add %a, %b\n"
	"    ret %s\n"
	"end\n";

static void *symbol(void *arg, const char *name)
{
	return strcmp(name, "there") ? NULL : arg;
}

/* Sums of 0 .. n-1 by a loop. */
static struct hew_fn *loop(struct hew *x)
{
	struct hew_fn *f = hew_fn_new(x, "loop", HEW_I64, TYPES(HEW_I64));
	hew_block head = hew_block_new(f), body = hew_block_new(f), out = hew_block_new(f);
	hew_val i = hew_block_arg(f, head, HEW_I64), s = hew_block_arg(f, head, HEW_I64), zero = hew_i64(f, 0);

	hew_jump(f, head, VALS(zero, zero));
	hew_begin(f, head);
	hew_branch(f, hew_lt(f, i, hew_arg(f, 0)), body, 0, NULL, out, 0, NULL);
	hew_begin(f, body);
	hew_jump(f, head, VALS(hew_add(f, i, hew_i64(f, 1)), hew_add(f, s, i)));
	hew_begin(f, out);
	hew_ret(f, s);
	return f;
}

static int64_t run(struct hew *x, struct hew_fn *f, int64_t n)
{
	struct hew_code *c = compile(f, x);
	int64_t r = FN(int64_t (*)(int64_t), c)(n);

	hew_release(c);
	return r;
}

static void there_and_back(void **state)
{
	struct hew *x = *state;
	struct hew_fn *f = loop(x), *g;
	char *a = hew_fn_text(f), *b;
	int n;

	assert_true(a && strstr(a, "func @loop -> i64 strict\n") == a);
	assert_int_equal(hew_fn_parse(x, a, NULL, NULL, 1, &g, &n), HEW_OK);
	assert_int_equal(n, 1);
	b = hew_fn_text(g);
	assert_string_equal(a, b);
	assert_int_equal(run(x, f, 100), 4950);		/* printing has changed nothing */
	assert_int_equal(run(x, g, 100), 4950);
	free(a);
	free(b);
}

static void unfinished(void **state)
{
	struct hew_fn *f = hew_fn_new(*state, "open", HEW_I64, TYPES(HEW_I64));
	hew_val one = hew_add(f, hew_arg(f, 0), hew_i64(f, 1));
	char *s = hew_fn_text(f);

	assert_non_null(s);
	free(s);
	hew_ret(f, one);
	assert_int_equal(run(*state, f, 41), 42);
}

static void linked(void **state)
{
	struct hew *x = *state;
	struct hew_fn *f[2];
	struct hew_code *c[2];
	int n;

	if (hew_fn_parse(x, two, NULL, NULL, 2, f, &n) != HEW_OK)
		fail_msg("%s", hew_error(x));
	assert_int_equal(n, 2);
	assert_int_equal(hew_compile_all(x, n, f, NULL, c), HEW_OK);
	assert_int_equal(FN(int64_t (*)(int64_t), c[0])(21), 42);
	hew_release(c[0]);
	hew_release(c[1]);
}

static void strings_and_symbols(void **state)
{
	static const char text[] = "func @f -> ptr, ptr strict\nb0:\n    %b = add \"xhello\\n\", 1\n    ret %b, @there\nend\n";
	static int there;
	struct two { const char *s; void *p; } r;
	struct hew *x = *state;
	struct hew_fn *f;
	struct hew_code *c;
	int n;

	assert_int_equal(hew_fn_parse(x, text, symbol, &there, 1, &f, &n), HEW_OK);
	c = compile(f, x);
	r = FN(struct two (*)(void), c)();
	hew_release(c);
	assert_string_equal(r.s, "hello\n");
	assert_ptr_equal(r.p, &there);
}

static void mistakes(void **state)
{
	static const struct { const char *text; int max; enum hew_status s; const char *says; } wrong[] = {
		{ "\n; nothing\n\n", 1, HEW_BAD_IR, "the text has no function" },
		{ "func @f\nb0:\n    %x = frob 1, 2\n    ret\nend\n", 1, HEW_BAD_IR, "line 3: unknown operation 'frob'" },
		{ "func @f -> ptr\nb0:\n    ret @there\nend\n\nfunc @g -> ptr\nb0:\n    ret @nowhere\nend\n", 2, HEW_BAD_IR, "line 8: unknown symbol @nowhere" },
		{ "func @f\nb0:\n    ret\n", 1, HEW_BAD_IR, "line 4: 'end' expected" },
		{ two, 1, HEW_BAD_ARG, "the text has more functions than 1" },
	};
	struct hew *x = *state;
	long before = base_live_bytes();

	for (unsigned k = 0; k < COUNT_OF(wrong); k++) {
		struct hew_fn *f[2];
		int n = 7;

		assert_int_equal(hew_fn_parse(x, wrong[k].text, symbol, &n, wrong[k].max, f, &n), wrong[k].s);
		assert_string_equal(hew_error(x), wrong[k].says);
		assert_int_equal(n, 0);
	}
	assert_int_equal(base_live_bytes(), before);
}

static void no_memory(void **state)
{
	static const char text[] = "func @f -> ptr strict\nb0:\n    ret \"a string\"\nend\n";
	struct hew *x = *state;
	enum hew_status s = HEW_NO_MEMORY;
	struct hew_fn *f;
	char *t = NULL;
	int n, k;

	for (k = 0; s != HEW_OK; k++) {
		base_fail_after(k);
		s = hew_fn_parse(x, text, NULL, NULL, 1, &f, &n);
		base_fail_after(-1);
		assert_true(s == HEW_OK || s == HEW_NO_MEMORY);
		assert_int_equal(n, s == HEW_OK);
	}
	assert_true(k > 2);
	hew_fn_free(f);
	for (k = 0; !t; k++) {
		f = loop(x);
		base_fail_after(k);
		t = hew_fn_text(f);
		base_fail_after(-1);
		hew_fn_free(f);
	}
	assert_true(k > 1);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(there_and_back, open_context, close_context),
		cmocka_unit_test_setup_teardown(unfinished, open_context, close_context),
		cmocka_unit_test_setup_teardown(linked, open_context, close_context),
		cmocka_unit_test_setup_teardown(strings_and_symbols, open_context, close_context),
		cmocka_unit_test_setup_teardown(mistakes, open_context, close_context),
		cmocka_unit_test_setup_teardown(no_memory, open_context, close_context),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
