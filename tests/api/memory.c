/* SPDX-License-Identifier: MIT
 * memory.c - T9: the k-th allocation and every later one is refused, for every k, while a context is opened, functions are
 * built and compiled, and a guest is opened and tiers up. Each time: a status, a sentence, no leak, no crash; and what
 * was there before goes on working, and compiling works again as soon as there is memory.
 */
#include "api_test.h"

/* Something of everything: blocks with arguments, a loop, calls, memory, floats, guards with inlined frames. */
static struct hew_fn *build(struct hew *x)
{
	struct hew_fn *f = hew_fn_new(x, "everything", HEW_I64, TYPES(HEW_I64, HEW_F64, HEW_PTR));
	hew_val n, i, sum, args[9];
	hew_block loop, done;
	hew_state outer, inner;

	if (!f)
		return NULL;
	hew_class(f, 0, "memory", 0);
	n = hew_arg(f, 0);
	loop = hew_block_new(f);
	done = hew_block_new(f);
	hew_jump(f, loop, VALS(hew_i64(f, 0), hew_i64(f, 0)));
	i = hew_block_arg(f, loop, HEW_I64);
	sum = hew_block_arg(f, loop, HEW_I64);
	hew_begin(f, loop);
	outer = hew_state_new(f, &(struct hew_state_info){ .pc = 1, .frame = hew_arg(f, 2) }, 1, (struct hew_state_slot[]){ { .slot = 1, .value = sum } });
	inner = hew_state_new(f, &(struct hew_state_info){ .parent = outer, .pc = 2, .frame = hew_arg(f, 2), .frame_offset = 64 }, 2,
		(struct hew_state_slot[]){ { .slot = 1, .value = i }, { .slot = 2, .value = hew_arg(f, 1) } });
	sum = hew_addo(f, sum, i, inner);
	sum = hew_check(f, HEW_CHECK_BOUNDS, hew_lt(f, i, hew_i64(f, 1000000)), sum, inner);
	for (int k = 0; k < 9; k++)
		args[k] = hew_add(f, i, hew_i64(f, k * INT64_C(1000000007)));
	args[1] = hew_call(f, fn_address(f, (void (*)(void))labs), &(struct hew_call){ .result = { HEW_I64 } }, 9, args);
	sum = hew_add(f, sum, hew_ftoi(f, HEW_I64, hew_fmul(f, hew_itof(f, HEW_F64, args[1]), hew_fsqrt(f, hew_arg(f, 1)))));
	hew_store(f, HEW_FULL, 0, hew_arg(f, 2), 0, sum);
	i = hew_add(f, i, hew_i64(f, 1));
	hew_branch(f, hew_lt(f, i, n), loop, VALS(i, sum), done, 0, NULL);
	hew_begin(f, done);
	hew_ret(f, hew_load(f, HEW_I64, HEW_FULL, 0, hew_arg(f, 2), 0));
	return f;
}

static int64_t run(struct hew_code *c)
{
	int64_t cell = 0;

	return FN(int64_t (*)(int64_t, double, int64_t *), c)(100, 4.0, &cell);
}

/* Each call of one(x, arg) gets one allocation more; it says whether it got through. Returns how many it took. */
static long refuse_every(bool (*one)(struct hew *x, void *arg), struct hew *x, void *arg)
{
	for (long k = 0;; k++) {
		long before = base_live_bytes();
		bool through;

		base_fail_after(k);
		through = one(x, arg);
		base_fail_after(-1);
		assert_int_equal(base_live_bytes(), before);
		if (through)
			return k;
		assert_true(k < 100000);
	}
}

static bool open_once(struct hew *none, void *arg)
{
	struct hew *x = (struct hew *)arg;
	enum hew_status s = hew_open(NULL, &x);

	(void)none;
	if (s != HEW_OK) {
		assert_int_equal(s, HEW_NO_MEMORY);
		assert_null(x);
		return false;
	}
	hew_close(x);
	return true;
}

static void opening(void **state)
{
	int dummy;

	(void)state;
	assert_true(refuse_every(open_once, NULL, &dummy) >= 1);
}

static bool compile_once(struct hew *x, void *options)
{
	struct hew_fn *f = build(x);
	struct hew_code *c = options;
	enum hew_status s;

	if (!f)
		return false;
	s = hew_compile(f, options, &c);
	if (s != HEW_OK) {
		assert_int_equal(s, HEW_NO_MEMORY);
		assert_null(c);
		if (!strstr(hew_error(x), "memory") && !strstr(hew_error(x), "room for code"))
			fail_msg("%s", hew_error(x));
		return false;
	}
	base_fail_after(-1);
	assert_int_equal(run(c), 14850);
	hew_release(c);
	return true;
}

static void compiling(void **state)
{
	struct hew_compile_options plain = { .level = 1 }, full = { .level = 2 }, spilled = { .max_regs = 4, .stress = 5 };
	struct hew *x;
	struct hew_code *old;
	long took;

	(void)state;
	assert_int_equal(hew_open(NULL, &x), HEW_OK);
	old = compile(build(x), x);
	took = refuse_every(compile_once, x, &plain);
	assert_true(took > 5);
	refuse_every(compile_once, x, &full);
	refuse_every(compile_once, x, &spilled);
	assert_int_equal(run(old), 14850);
	hew_release(old);
	hew_close(x);
}

/* With the verifier and the checker of the allocation, which need memory, too. */
static void compiling_with_checks(void **state)
{
	refuse_every(compile_once, *state, NULL);
}

/* A function may be given up at any moment. */
static bool build_once(struct hew *x, void *arg)
{
	struct hew_fn *f = build(x);

	(void)arg;
	hew_fn_free(f);
	return f != NULL;
}

static void building(void **state)
{
	refuse_every(build_once, *state, NULL);
	hew_fn_free(NULL);
}

/* ---- a guest --------------------------------------------------------------------------------- */

static void lift(void *vm, const struct hew_lift *what, struct hew_fn *f)
{
	char *scratch = hew_fn_alloc(f, 5000);
	hew_val v = hew_load(f, HEW_I64, HEW_FULL, 0, hew_arg(f, 1), 0);
	hew_state s = hew_state_new(f, &(struct hew_state_info){ .func = what->func, .pc = 3, .frame = hew_arg(f, 1) }, 1,
		(struct hew_state_slot[]){ { .slot = 0, .value = v } });

	(void)vm;
	assert_int_equal(scratch[4999], 0);
	v = hew_addo(f, v, hew_i64(f, 1), s);
	hew_ret2(f, v, hew_i64(f, 0));
}

static void rebuild(void *vm, const struct hew_frame *f)
{
	*(int64_t *)vm = f->slot[0].bits;
}

static struct hew_result resume(void *vm, void *frame, uint64_t pc)
{
	(void)vm, (void)frame, (void)pc;
	return (struct hew_result){ -1, 0 };
}

static const struct hew_guest guest = { .name = "small", .lift = lift, .rebuild = rebuild, .resume = resume };

static bool guest_once(struct hew *x, void *arg)
{
	static const char func = 0;
	struct hew_tier_options o = hew_tier_defaults();
	struct hew_guest_vm *g = arg;
	struct hew_tier t;
	int64_t cell = 41, seen = 0;
	uint64_t pc;
	void *code, *frame;
	enum hew_status s;

	o.call_threshold = 0;
	s = hew_guest_open(x, &guest, &o, &seen, &g);
	if (s != HEW_OK) {
		assert_int_equal(s, HEW_NO_MEMORY);
		assert_null(g);
		return false;
	}
	hew_tier_init(g, &t);
	code = hew_tier_up(g, &t, &func, HEW_AT_ENTRY, &cell);
	assert_ptr_equal(t.entry, code);
	if (code) {
		struct hew_result r = hew_enter(g, code, &seen, &cell, &frame, &pc);

		assert_true(r.bits == 42 && r.word == 0);
		cell = INT64_MAX;
		r = hew_enter(g, code, &seen, &cell, &frame, &pc);
		assert_true(r.word == HEW_DEOPTIMISED && frame == &cell && pc == 3 && seen == INT64_MAX);
	}
	hew_tier_drop(g, &t);
	hew_collect_code(g);
	hew_guest_close(g);
	return code != NULL;
}

static void tiering(void **state)
{
	struct hew *x;
	char dummy;

	(void)state;
	assert_int_equal(hew_open(NULL, &x), HEW_OK);
	assert_true(refuse_every(guest_once, x, &dummy) > 5);
	hew_close(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opening),
		cmocka_unit_test(compiling),
		cmocka_unit_test_setup_teardown(compiling_with_checks, open_context, close_context),
		cmocka_unit_test_setup_teardown(building, open_context, close_context),
		cmocka_unit_test(tiering),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
