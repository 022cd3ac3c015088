/* SPDX-License-Identifier: MIT
 * tiering.c - E4.1, E4.2, E4.3: counters and thresholds, entry into loops that run already, what the events tell.
 */
#include "vm.h"

/* sum of 0 .. n-1 */
static struct vm_fn *add_sum(struct vm *m)
{
	return VM_FN(m, "sum", 1, 3,
		/* 0 */ I(GET, 1), I(GET, 0), I(LT), I(JZ, 13),
		/* 4 */ I(GET, 2), I(GET, 1), I(ADD), I(SET, 2),
		/* 8 */ I(GET, 1), I(INT, 1), I(ADD), I(SET, 1), I(JMP, 0),
		/* 13 */ I(GET, 2), I(RET));
}

static struct vm_fn *add_double(struct vm *m)
{
	return VM_FN(m, "double", 1, 1, I(GET, 0), I(GET, 0), I(ADD), I(RET));
}

/* Called `calls` times the function is still interpreted, at the next call it is not any more. */
static void call_threshold(void **state)
{
	(void)state;
	for (int t = 0; t <= 1000; t = t < 5 ? t + 1 : t * 10) {
		struct hew_tier_options o = vm_tier(t, -1);
		struct vm *m = vm_open(NULL, &o);
		struct vm_fn *fn = add_double(m);
		uint64_t before;

		for (int i = 0; i < t; i++)
			assert_int_equal(vm_int(m, fn, i), 2 * i);
		assert_null(fn->tier.entry);
		assert_int_equal(fn->lifted, 0);
		assert_int_equal(m->executed, 4 * t);
		assert_int_equal(vm_int(m, fn, 21), 42);
		assert_int_equal(fn->lifted, 1);
		assert_non_null(fn->tier.entry);
		assert_int_equal(vm_count(m, HEW_EV_COMPILED), 1);
		before = m->executed;
		for (int i = 0; i < 100; i++)
			assert_int_equal(vm_int(m, fn, i), 2 * i);
		/* compiled before it ever added, it leaves where it would: 16 times, then it is compiled anew */
		assert_int_equal(m->executed, t == 0 ? before + 15 * 2 : before);
		vm_close(m);
	}
}

static void never(void **state)
{
	struct hew_tier_options o = vm_tier(-1, -1);
	struct vm *m = vm_open(NULL, &o);
	struct vm_fn *fn = add_sum(m);

	(void)state;
	for (int i = 0; i < 20000; i++)
		assert_int_equal(vm_int(m, fn, 3), 3);
	assert_int_equal(vm_int(m, fn, 100000), INT64_C(4999950000));
	assert_int_equal(m->n_events, 0);
	assert_null(fn->tier.entry);
	vm_close(m);
}

static void defaults(void **state)
{
	struct hew_tier_options d = hew_tier_defaults();
	struct vm *m = vm_open(NULL, &d);

	(void)state;
	assert_int_equal(d.call_threshold, 1000);
	assert_true(d.loop_threshold > 0 && d.exit_limit == 16 && d.attempt_limit == 4 && d.level == 2);
	assert_false(d.verify || d.want_ir || d.want_asm || d.event);
	vm_close(m);
}

/* One call, one long loop: the loop goes on in compiled code at the header, with all locals. */
static void loops_are_entered(void **state)
{
	(void)state;
	for (int t = 0; t <= 1000; t = t < 3 ? t + 1 : t * 10) {
		struct hew_tier_options o = vm_tier(-1, t);
		struct vm *m = vm_open(NULL, &o);
		struct vm_fn *fn = add_sum(m);

		assert_int_equal(vm_int(m, fn, 1000000), INT64_C(499999500000));
		assert_int_equal(vm_count(m, HEW_EV_COMPILED), 1);
		assert_int_equal(m->event[0].kind, HEW_EV_COMPILED);
		assert_ptr_equal(m->event[0].func, fn);
		assert_int_equal(m->event[0].pc, 0);
		assert_true(m->event[0].bytes > 0 && m->event[0].ns > 0);
		assert_null(fn->tier.entry);		/* a loop's code is no entry */
		assert_true(m->executed <= 13 * (uint64_t)(t + 1) + 50);
		for (int i = 0; i < 100; i++)
			assert_int_equal(vm_int(m, fn, 10), 45);
		assert_null(fn->tier.entry);		/* never asked for */
		vm_close(m);
	}
}

/* A function that got hot in its loop: later calls, later loops, and the entry in its own time. */
static void loop_and_entry(void **state)
{
	struct hew_tier_options o = vm_tier(10, 100);
	struct vm *m = vm_open(NULL, &o);
	struct vm_fn *fn = add_sum(m);

	(void)state;
	for (int i = 0; i < 50; i++)
		assert_int_equal(vm_int(m, fn, 1000), 499500);
	assert_non_null(fn->tier.entry);
	assert_int_equal(vm_count(m, HEW_EV_COMPILED), 2);
	assert_int_equal(m->event[0].pc, 0);
	assert_int_equal(m->event[1].pc, HEW_AT_ENTRY);
	vm_close(m);
}

/* Every loop of a nest has its own way in. */
static void nested_loops(void **state)
{
	struct hew_tier_options o = vm_tier(-1, 20);
	struct vm *m = vm_open(NULL, &o);
	struct vm_fn *fn = VM_FN(m, "nest", 1, 4,
		/* 0 */ I(GET, 1), I(GET, 0), I(LT), I(JZ, 24),
		/* 4 */ I(INT, 0), I(SET, 2),
		/* 6 */ I(GET, 2), I(GET, 1), I(LT), I(JZ, 19),
		/* 10 */ I(GET, 3), I(GET, 2), I(ADD), I(SET, 3), I(GET, 2), I(INT, 1), I(ADD), I(SET, 2), I(JMP, 6),
		/* 19 */ I(GET, 1), I(INT, 1), I(ADD), I(SET, 1), I(JMP, 0),
		/* 24 */ I(GET, 3), I(RET));
	int64_t want = 0;

	(void)state;
	for (int i = 0; i < 300; i++)
		want += i * (i - 1) / 2;
	assert_int_equal(vm_int(m, fn, 300), want);
	assert_true(vm_count(m, HEW_EV_COMPILED) >= 1);
	assert_int_equal(vm_int(m, fn, 300), want);
	vm_close(m);
}

static struct { char ir[4000], assembly[8000]; unsigned n; } dumped;

static void keep_dump(void *arg, const struct hew_event *e)
{
	(void)arg;
	if (e->kind != HEW_EV_COMPILED)
		return;
	assert_true(e->ir && e->assembly);
	snprintf(dumped.ir, sizeof dumped.ir, "%s", e->ir);
	snprintf(dumped.assembly, sizeof dumped.assembly, "%s", e->assembly);
	dumped.n++;
}

static void dumps(void **state)
{
	struct hew_tier_options o = vm_tier(0, 0);
	struct hew_tier_stats st;
	struct vm *m;
	struct vm_fn *fn;

	(void)state;
	o.want_ir = o.want_asm = true;
	o.event = keep_dump;
	m = vm_open(NULL, &o);
	fn = add_double(m);
	assert_int_equal(vm_int(m, fn, 4), 8);
	assert_int_equal(dumped.n, 1);
	assert_true(strstr(dumped.ir, "exit") != NULL);
	assert_true(strlen(dumped.assembly) > 100);
	hew_get_tier_stats(m->g, &st);
	assert_true(st.compiled == 1 && st.exits == 1 && st.code_bytes > 0 && st.live_bytes == st.code_bytes && st.compile_ns > 0);
	vm_close(m);
}

/* A function that cannot be compiled is asked for again after longer and longer waits, then never more. */
static void bailing_out(void **state)
{
	struct hew_tier_options o = vm_tier(1, -1);
	struct vm *m = vm_open(NULL, &o);
	struct vm_fn *fn = add_double(m);

	(void)state;
	fn->no_jit = true;
	for (int i = 0; i < 100000; i++)
		assert_int_equal(vm_int(m, fn, i), 2 * i);
	assert_int_equal(fn->lifted, 2 * o.attempt_limit);
	assert_true(fn->tier.barred);
	assert_int_equal(vm_count(m, HEW_EV_BAILED), 2 * o.attempt_limit);
	assert_int_equal(vm_count(m, HEW_EV_BARRED), 1);
	assert_string_equal(m->event[0].why, "this function is to be interpreted");
	vm_close(m);
}

/* Cost of the counters: not measured here, but they are plain decrements of a struct of the guest. */
static void counters_without_engine(void **state)
{
	struct vm *m = vm_open(NULL, NULL);
	struct vm_fn *fn = add_sum(m);

	(void)state;
	assert_int_equal(vm_int(m, fn, 1000), 499500);
	assert_true(fn->tier.calls > 1000000 && fn->tier.loops > 1000000);
	vm_close(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(call_threshold),
		cmocka_unit_test(never),
		cmocka_unit_test(defaults),
		cmocka_unit_test(loops_are_entered),
		cmocka_unit_test(loop_and_entry),
		cmocka_unit_test(nested_loops),
		cmocka_unit_test(dumps),
		cmocka_unit_test(bailing_out),
		cmocka_unit_test(counters_without_engine),
	};

	return cmocka_run_group_tests_name("tiering", tests, NULL, NULL);
}
