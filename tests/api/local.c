/* SPDX-License-Identifier: MIT
 * local.c - E3.5: local functions get code only if somebody still wants it once calls have been inlined.
 */
#include "api_test.h"

static hew_val calls(struct hew_fn *f, struct hew_fn *g, hew_val x)
{
	return hew_call(f, hew_callee(f, g), &(struct hew_call){ .result = { HEW_I64 } }, VALS(x));
}

/* x * 3 + 1, small enough to be inlined, or so long that it is not. */
static struct hew_fn *callee(struct hew *x, bool large)
{
	struct hew_fn *f = hew_fn_new(x, large ? "large" : "small", HEW_I64, TYPES(HEW_I64));
	hew_val v = hew_add(f, hew_mul(f, hew_arg(f, 0), hew_i64(f, 3)), hew_i64(f, 1));

	for (int k = 0; large && k < 200; k++)
		v = hew_xor(f, hew_mul(f, v, hew_arg(f, 0)), hew_shr(f, v, hew_i64(f, k % 60 + 1)));
	hew_fn_local(f);
	hew_ret(f, v);
	return f;
}

static void small_ones_go(void **state)
{
	struct hew *x = *state;
	struct hew_fn *g[3] = { callee(x, false), callee(x, true) };
	struct hew_code *c[3];

	g[2] = hew_fn_new(x, "caller", HEW_I64, TYPES(HEW_I64));
	hew_ret(g[2], hew_xor(g[2], calls(g[2], g[0], hew_arg(g[2], 0)), calls(g[2], g[1], hew_i64(g[2], 0))));
	assert_int_equal(hew_compile_all(x, 3, g, NULL, c), HEW_OK);
	assert_null(c[0]);
	assert_non_null(c[1]);
	assert_int_equal(FN(int64_t (*)(int64_t), c[2])(7), 22 ^ FN(int64_t (*)(int64_t), c[1])(0));
	for (int k = 0; k < 3; k++)
		hew_release(c[k]);
}

static void without_inlining_all_stay(void **state)
{
	struct hew *x = *state;
	struct hew_fn *g[2] = { callee(x, false), hew_fn_new(x, "caller", HEW_I64, TYPES(HEW_I64)) };
	struct hew_code *c[2];

	hew_ret(g[1], calls(g[1], g[0], hew_arg(g[1], 0)));
	assert_int_equal(hew_compile_all(x, 2, g, &(struct hew_compile_options){ .level = 1 }, c), HEW_OK);
	assert_non_null(c[0]);
	assert_int_equal(FN(int64_t (*)(int64_t), c[1])(7), 22);
	hew_release(c[0]);
	hew_release(c[1]);
}

/* One whose address is given away, and a chain that only that one calls; two that only call each other go. */
static void who_is_wanted_stays(void **state)
{
	struct hew *x = *state;
	struct hew_fn *g[6];
	struct hew_code *c[6];
	int64_t (*fn)(int64_t);

	g[0] = hew_fn_new(x, "give", HEW_PTR, 0, NULL);
	g[1] = hew_fn_new(x, "given", HEW_I64, TYPES(HEW_I64));
	g[2] = callee(x, true);
	g[3] = hew_fn_new(x, "ping", HEW_I64, TYPES(HEW_I64));
	g[4] = hew_fn_new(x, "pong", HEW_I64, TYPES(HEW_I64));
	g[5] = callee(x, false);
	for (int k = 1; k < 5; k++)
		hew_fn_local(g[k]);
	hew_ret(g[0], hew_callee(g[0], g[1]));
	hew_ret(g[1], calls(g[1], g[2], calls(g[1], g[5], hew_arg(g[1], 0))));
	hew_ret(g[3], calls(g[3], g[4], hew_arg(g[3], 0)));
	hew_ret(g[4], calls(g[4], g[3], hew_arg(g[4], 0)));
	assert_int_equal(hew_compile_all(x, 6, g, NULL, c), HEW_OK);
	assert_non_null(c[1]);
	assert_non_null(c[2]);
	assert_null(c[3]);
	assert_null(c[4]);
	assert_null(c[5]);
	fn = (int64_t (*)(int64_t))(uintptr_t)FN(void *(*)(void), c[0])();
	assert_ptr_equal((void *)(uintptr_t)fn, hew_entry(c[1]));
	assert_int_equal(fn(2), FN(int64_t (*)(int64_t), c[2])(7));
	for (int k = 0; k < 6; k++)
		hew_release(c[k]);
}

static void alone_it_is_wanted(void **state)
{
	struct hew_code *c = compile(callee(*state, false), *state);

	assert_int_equal(FN(int64_t (*)(int64_t), c)(2), 7);
	hew_release(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(small_ones_go, open_context, close_context),
		cmocka_unit_test_setup_teardown(without_inlining_all_stay, open_context, close_context),
		cmocka_unit_test_setup_teardown(who_is_wanted_stays, open_context, close_context),
		cmocka_unit_test_setup_teardown(alone_it_is_wanted, open_context, close_context),
	};

	return cmocka_run_group_tests_name("local", tests, NULL, NULL);
}
