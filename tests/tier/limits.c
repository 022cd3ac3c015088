/* SPDX-License-Identifier: MIT
 * limits.c - E5.3: failures of an exit are counted; at the limit the code is retired and made anew, each time after a longer wait;
 * then nothing is guessed, then the function is barred. Types that flip for ever cost a bounded number of exits.
 */
#include "vm.h"

static struct vm_fn *add_double(struct vm *m)
{
	return VM_FN(m, "double", 1, 1, I(GET, 0), I(GET, 0), I(ADD), I(RET));
}

static struct vm_value twice(struct vm *m, struct vm_fn *fn, bool flt)
{
	struct vm_value a = flt ? vm_f(1.5) : vm_i(4), v = vm_call(m, fn, 1, &a);

	if (flt)
		assert_true(v.tag == VM_TAG_FLT && v.bits == vm_f(3).bits);
	else
		assert_true(v.tag == VM_TAG_INT && v.bits == 8);
	return v;
}

static uint64_t exits(const struct vm *m)
{
	struct hew_tier_stats st;

	hew_get_tier_stats(m->g, &st);
	return st.exits;
}

/* 15 failures change nothing; the 16th retires the code; the next code knows better and stays. */
static void sixteen(void **state)
{
	struct hew_tier_options o = vm_tier(5, -1);
	struct vm *m = vm_open(NULL, &o);
	struct vm_fn *fn = add_double(m);
	struct hew_tier_stats st;
	void *code;

	(void)state;
	for (int i = 0; i < 6; i++)
		twice(m, fn, false);
	code = fn->tier.entry;
	assert_non_null(code);
	for (int i = 1; i < 16; i++) {
		twice(m, fn, true);
		assert_ptr_equal(fn->tier.entry, code);
		assert_int_equal(exits(m), i);
		twice(m, fn, false);
	}
	assert_int_equal(vm_count(m, HEW_EV_EXIT_LIMIT), 0);
	twice(m, fn, true);
	assert_null(fn->tier.entry);
	assert_int_equal(m->event[1].kind, HEW_EV_EXIT_LIMIT);
	assert_ptr_equal(m->event[1].func, fn);
	assert_int_equal(m->event[1].pc, 2);
	assert_string_equal(m->event[1].why, "tag");
	assert_int_equal(m->event[2].kind, HEW_EV_RETIRED);
	assert_int_equal(fn->code[2].fb & VM_FB_OTHER, VM_FB_OTHER);	/* widened */
	assert_int_equal(fn->tier.attempts, 1);
	for (int i = 0; i < 10; i++) {		/* twice the threshold */
		assert_null(fn->tier.entry);
		twice(m, fn, i & 1);
	}
	twice(m, fn, true);
	assert_non_null(fn->tier.entry);
	for (int i = 0; i < 1000; i++)
		twice(m, fn, i & 1);
	assert_int_equal(exits(m), 16);
	hew_get_tier_stats(m->g, &st);
	assert_true(st.compiled == 2 && st.retired == 1 && st.barred == 0 && st.bailed == 0);
	vm_close(m);
}

/* A guest that never learns: attempts are used up, the waits double, and then it is over. */
static void barred(void **state)
{
	struct hew_tier_options o = vm_tier(2, -1);
	struct hew_tier_stats st;
	struct vm_fn *fn;
	struct vm *m;

	(void)state;
	o.attempt_limit = 3;
	m = vm_open(NULL, &o);
	fn = add_double(m);
	m->no_widen = true;
	for (int i = 0; i < 20000 && !fn->tier.barred; i++) {
		fn->code[2].fb = VM_FB_INTS;
		twice(m, fn, fn->tier.entry != NULL);
	}
	assert_true(fn->tier.barred);
	assert_null(fn->tier.entry);
	hew_get_tier_stats(m->g, &st);
	assert_true(st.compiled == 6 && st.retired == 6 && st.barred == 1 && st.exits == 6 * 16);
	assert_int_equal(vm_count(m, HEW_EV_BARRED), 1);
	for (int i = 0; i < 20000; i++)
		twice(m, fn, false);
	assert_null(fn->tier.entry);
	hew_get_tier_stats(m->g, &st);
	assert_int_equal(st.compiled, 6);
	vm_close(m);
}

/* The guest guesses no more from attempt_limit on: such code has no exits and stays. */
static void generic(void **state)
{
	struct hew_tier_options o = vm_tier(0, -1);
	struct vm *m = vm_open(NULL, &o);
	struct vm_fn *fn = add_double(m);
	struct hew_tier_stats st;

	(void)state;
	m->no_widen = true;
	m->generic_from = (unsigned)o.attempt_limit;
	for (int i = 0; i < 5000; i++) {
		if (fn->tier.attempts < 4)
			fn->code[2].fb = VM_FB_INTS;
		twice(m, fn, true);
	}
	hew_get_tier_stats(m->g, &st);
	assert_false(fn->tier.barred);
	assert_non_null(fn->tier.entry);
	assert_int_equal(st.exits, 4 * 16);
	assert_int_equal(st.compiled, 5);
	vm_close(m);
}

/* What takes more memory to compile than it may is interpreted; the guest is told why, and not asked for ever. */
static void too_big(void **state)
{
	struct hew_tier_options o = vm_tier(0, -1);
	struct vm *m;
	struct vm_fn *fn;

	(void)state;
	o.max_memory = 1000;
	m = vm_open(NULL, &o);
	fn = add_double(m);
	for (int i = 0; i < 1000; i++)
		twice(m, fn, false);
	assert_null(fn->tier.entry);
	assert_true(fn->tier.barred);
	assert_int_equal(vm_count(m, HEW_EV_COMPILED), 0);
	assert_int_equal(vm_count(m, HEW_EV_BAILED), 2 * o.attempt_limit);
	assert_non_null(strstr(m->event[0].why, "max_memory"));
	vm_close(m);
}

static struct vm_value flip_type(struct vm *m, struct vm_frame *f, struct vm_value v)
{
	(void)m, (void)f;
	return v.tag == VM_TAG_INT ? vm_f(1) : vm_i(1);
}

/* The type of every operand flips at every turn, 10^6 times, in calls and in one running loop, with a guest that learns and one
 * that does not: exits stay few. */
static void flips(bool learns, bool loop)
{
	struct hew_tier_options o = vm_tier(3, loop ? 3 : -1);
	struct vm *m;
	struct vm_fn *fn;
	uint64_t most = 16 * 8 * 4;

	o.verify = false;
	m = vm_open(NULL, &o);
	m->no_widen = !learns;
	m->host[0] = flip_type;
	if (loop) {
		fn = VM_FN(m, "flip", 1, 3,
			/* 0 */ I(GET, 1), I(GET, 0), I(LT), I(JZ, 14),
			/* 4 */ I(GET, 2), I(GET, 2), I(ADD), I(HOST, 0), I(SET, 2),
			/* 9 */ I(GET, 1), I(INT, 1), I(ADD), I(SET, 1), I(JMP, 0),
			/* 14 */ I(GET, 1), I(RET));
		assert_int_equal(vm_int(m, fn, 1000000), 1000000);
	} else {
		fn = add_double(m);
		for (int i = 0; i < 1000000; i++)
			twice(m, fn, i & 1);
	}
	assert_true(exits(m) <= most);
	vm_close(m);
}

static void flipping_calls(void **state)
{
	(void)state;
	flips(true, false);
	flips(false, false);
}

static void flipping_loop(void **state)
{
	(void)state;
	flips(true, true);
	flips(false, true);
}

/* Polls leave as often as they like. */
static struct vm_value ask(struct vm *m, struct vm_frame *f, struct vm_value v)
{
	(void)f;
	m->poll = 1;
	return v;
}

static void polls_are_free(void **state)
{
	struct hew_tier_options o = vm_tier(-1, 0);
	struct vm *m = vm_open(NULL, &o);
	struct vm_fn *fn = VM_FN(m, "asks", 1, 2,
		/* 0 */ I(GET, 1), I(GET, 0), I(LT), I(JZ, 10),
		/* 4 */ I(GET, 1), I(INT, 1), I(ADD), I(HOST, 0), I(SET, 1), I(JMP, 0),
		/* 10 */ I(GET, 1), I(RET));

	(void)state;
	m->host[0] = ask;
	assert_int_equal(vm_int(m, fn, 500), 500);
	assert_int_equal(m->polled, 500);
	assert_true(exits(m) >= 300);
	assert_int_equal(vm_count(m, HEW_EV_EXIT_LIMIT), 0);
	assert_int_equal(vm_count(m, HEW_EV_RETIRED), 0);
	vm_close(m);
}

/* Integers that overflow become floats: the guard of the sum itself. */
static void overflow(void **state)
{
	struct hew_tier_options o = vm_tier(3, -1);
	struct vm *m = vm_open(NULL, &o);
	struct vm_fn *fn = add_double(m);

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct vm_value a = vm_i(i % 2 ? INT64_MAX : 21), v = vm_call(m, fn, 1, &a);

		if (i % 2)
			assert_true(v.tag == VM_TAG_FLT && v.bits == vm_f(2 * (double)INT64_MAX).bits);
		else
			assert_true(v.tag == VM_TAG_INT && v.bits == 42);
	}
	assert_int_equal(exits(m), 16);
	assert_int_equal(vm_count(m, HEW_EV_EXIT_LIMIT), 1);
	vm_close(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sixteen),
		cmocka_unit_test(barred),
		cmocka_unit_test(generic),
		cmocka_unit_test(too_big),
		cmocka_unit_test(flipping_calls),
		cmocka_unit_test(flipping_loop),
		cmocka_unit_test(polls_are_free),
		cmocka_unit_test(overflow),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
