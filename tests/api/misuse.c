/* SPDX-License-Identifier: MIT
 * misuse.c - D5, rule 13: each wrong use of the builder makes the function bad, nothing crashes, hew_compile refuses it with
 * HEW_BAD_IR and a sentence that names the function, the operation and the operand. The context goes on working.
 */
#include "api_test.h"

#include <math.h>

static hew_val a, b, d, p;		/* i64, i32, f64, ptr: the arguments of every function here */

static void none_in_function(struct hew_fn *f) { hew_add(f, a, 0); }
static void second_missing(struct hew_fn *f) { hew_add(f, a, 9999); }
static void first_missing(struct hew_fn *f) { hew_fmul(f, 9999, d); }
static void constant_missing(struct hew_fn *f) { hew_sub(f, -9999, a); }
static void third_missing(struct hew_fn *f) { hew_select(f, b, a, 9999); }
static void unary_missing(struct hew_fn *f) { hew_neg(f, 0); }
static void mixed_types(struct hew_fn *f) { hew_add(f, a, b); }
static void float_of_int(struct hew_fn *f) { hew_fadd(f, a, a); }
static void int_of_float(struct hew_fn *f) { hew_and(f, d, d); }
static void unary_type(struct hew_fn *f) { hew_fsqrt(f, a); }
static void to_wrong_type(struct hew_fn *f) { hew_trunc(f, HEW_F64, a); }
static void to_no_type(struct hew_fn *f) { hew_bitcast(f, HEW_VOID, a); }
static void to_unknown_type(struct hew_fn *f) { hew_sext(f, (hew_type)77, b); }
static void select_types(struct hew_fn *f) { hew_select(f, b, a, d); }
static void select_by_wide(struct hew_fn *f) { hew_select(f, a, a, a); }
static void switch_by_pointer(struct hew_fn *f)
{
	hew_block to[6], end = hew_block_new(f);

	for (int k = 0; k < 6; k++)
		to[k] = end;
	hew_switch(f, p, 6, (int64_t[]){ 0, 1, 2, 3, 4, 5 }, to, hew_block_new(f));
}
static void argument_too_many(struct hew_fn *f) { hew_arg(f, 4); }
static void argument_negative(struct hew_fn *f) { hew_arg(f, -1); }
static void load_of_int(struct hew_fn *f) { hew_load(f, HEW_I64, HEW_FULL, 0, a, 0); }
static void load_of_nothing(struct hew_fn *f) { hew_load(f, HEW_I64, HEW_FULL, 0, 12345, 0); }
static void load_width(struct hew_fn *f) { hew_load(f, HEW_F64, HEW_8U, 0, p, 0); }
static void load_class(struct hew_fn *f) { hew_load(f, HEW_I64, HEW_FULL, 32, p, 0); }
static void store_class(struct hew_fn *f) { hew_store(f, HEW_FULL, 99, p, 0, a); }
static void class_too_many(struct hew_fn *f) { hew_class(f, 32, "too many", 0); }
static void class_as_number(struct hew_fn *f) { hew_class(f, 2, "0", 0); }
static void class_without_name(struct hew_fn *f) { hew_class(f, 2, NULL, 0); }
static void class_of_two_words(struct hew_fn *f) { hew_class(f, 2, "two words", 0); }
static void class_twice(struct hew_fn *f) { hew_class(f, 1, "heap", 0); hew_class(f, 2, "heap", 0); }
static void store_of_nothing(struct hew_fn *f) { hew_store(f, HEW_FULL, 0, p, 0, 12345); }
static void store_without_value(struct hew_fn *f) { hew_store(f, HEW_FULL, 0, p, 0, 0); }
static void jump_nowhere(struct hew_fn *f) { hew_jump(f, 77, 0, NULL); }
static void jump_to_entry(struct hew_fn *f) { hew_jump(f, 0, VALS(a, b, d, p)); }

static void jump_with_nothing(struct hew_fn *f)
{
	hew_block t = hew_block_new(f);

	hew_block_arg(f, t, HEW_I64);
	hew_jump(f, t, 0, NULL);
	hew_begin(f, t);
	hew_ret(f, a);
}

static void jump_with_another_type(struct hew_fn *f)
{
	hew_block t = hew_block_new(f);

	hew_block_arg(f, t, HEW_I64);
	hew_jump(f, t, VALS(d));
	hew_begin(f, t);
	hew_ret(f, a);
}

static void jump_with_missing(struct hew_fn *f)
{
	hew_block t = hew_block_new(f);

	hew_block_arg(f, t, HEW_I64);
	hew_jump(f, t, VALS(4321));
}

static void branch_on(struct hew_fn *f, hew_val cond)
{
	hew_block t = hew_block_new(f);

	hew_branch(f, cond, t, 0, NULL, t, 0, NULL);
	hew_begin(f, t);
	hew_ret(f, a);
}

static void branch_on_wide(struct hew_fn *f) { branch_on(f, a); }
static void branch_on_nothing(struct hew_fn *f) { branch_on(f, 0); }
static void branch_on_missing(struct hew_fn *f) { branch_on(f, 4321); }
static void branch_nowhere(struct hew_fn *f) { hew_branch(f, b, 99, 0, NULL, 98, 0, NULL); }
static void return_of_another_type(struct hew_fn *f) { hew_ret(f, d); }
static void return_of_nothing(struct hew_fn *f) { hew_ret(f, 0); }
static void return_of_missing(struct hew_fn *f) { hew_ret(f, 4321); }
static void return_of_two(struct hew_fn *f) { hew_ret2(f, a, a); }

static void block_ended_twice(struct hew_fn *f)
{
	hew_ret(f, a);
	hew_ret(f, a);
}

static void block_left_open(struct hew_fn *f)
{
	hew_block t = hew_block_new(f);

	hew_jump(f, t, 0, NULL);
	hew_begin(f, t);
}

static void entry_left_open(struct hew_fn *f) { (void)f; }

static void after_the_end(struct hew_fn *f)
{
	hew_ret(f, a);
	hew_store(f, HEW_FULL, 0, p, 0, a);
}

static void not_on_every_way(struct hew_fn *f)
{
	hew_block yes = hew_block_new(f), join = hew_block_new(f);
	hew_val v;

	hew_branch(f, b, yes, 0, NULL, join, 0, NULL);
	hew_begin(f, yes);
	v = hew_load(f, HEW_I64, HEW_FULL, 0, p, 0);
	hew_jump(f, join, 0, NULL);
	hew_begin(f, join);
	hew_ret(f, hew_add(f, v, a));
}

static const struct hew_call to_i64 = { .result = { HEW_I64 } };
static void call_of_int(struct hew_fn *f) { hew_call(f, a, &to_i64, 0, NULL); }
static void call_of_nothing(struct hew_fn *f) { hew_call(f, 0, &to_i64, 0, NULL); }
static void call_with_missing(struct hew_fn *f) { hew_call(f, p, &to_i64, VALS(a, 4321)); }
static void call_with_no_value(struct hew_fn *f) { hew_call(f, p, &to_i64, VALS(a, 0)); }
static void second_result_of_one(struct hew_fn *f) { hew_result2(f, hew_call(f, p, &to_i64, 0, NULL)); }
static void second_result_of_a_sum(struct hew_fn *f) { hew_result2(f, hew_add(f, a, a)); }

static void second_result_too_late(struct hew_fn *f)
{
	hew_val c = hew_call(f, p, &(struct hew_call){ .result = { HEW_I64, HEW_I64 } }, 0, NULL);

	hew_store(f, HEW_FULL, 0, p, 0, c);
	hew_ret(f, hew_result2(f, c));
}

static hew_state state_of(struct hew_fn *f, hew_state parent, hew_val frame, hew_val slot)
{
	return hew_state_new(f, &(struct hew_state_info){ .parent = parent, .frame = frame }, 1, (struct hew_state_slot[]){ { .value = slot } });
}

static void check_without_state(struct hew_fn *f) { hew_ret(f, hew_check(f, HEW_CHECK_COND, b, a, 0)); }
static void check_with_missing_state(struct hew_fn *f) { hew_ret(f, hew_check(f, HEW_CHECK_COND, b, a, 55)); }
static void check_of_wide(struct hew_fn *f) { hew_check(f, HEW_CHECK_COND, a, a, state_of(f, 0, p, a)); }
static void check_of_missing(struct hew_fn *f) { hew_check(f, HEW_CHECK_COND, b, 4321, state_of(f, 0, p, a)); }
static void overflow_without_state(struct hew_fn *f) { hew_ret(f, hew_addo(f, a, a, 0)); }
static void exit_without_state(struct hew_fn *f) { hew_exit(f, 0); }
static void state_of_missing(struct hew_fn *f) { state_of(f, 0, p, 4321); }
static void state_in_missing_frame(struct hew_fn *f) { state_of(f, 0, 4321, a); }
static void state_of_missing_parent(struct hew_fn *f) { state_of(f, 66, p, a); }
static void state_in_int(struct hew_fn *f) { hew_exit(f, state_of(f, 0, a, a)); }

static void state_from_before(struct hew_fn *f)
{
	hew_state s = state_of(f, 0, p, a);

	hew_store(f, HEW_FULL, 0, p, 0, a);
	hew_ret(f, hew_check(f, HEW_CHECK_COND, b, a, s));
}

static void call_with_missing_state(struct hew_fn *f) { hew_ret(f, hew_call(f, p, &(struct hew_call){ .result = { HEW_I64 }, .state = 88 }, 0, NULL)); }
static void begin_nowhere(struct hew_fn *f) { hew_begin(f, 55); }
static void cold_nowhere(struct hew_fn *f) { hew_cold(f, 55); }
static void state_nowhere(struct hew_fn *f) { hew_block_state(f, 55, state_of(f, 0, p, a)); }
static void missing_state_of_block(struct hew_fn *f) { hew_block_state(f, 0, 44); }
static void argument_nowhere(struct hew_fn *f) { hew_block_arg(f, 55, HEW_I64); }
static void argument_of_entry(struct hew_fn *f) { hew_block_arg(f, 0, HEW_I64); }
static void argument_without_type(struct hew_fn *f) { hew_block_arg(f, hew_block_new(f), HEW_VOID); }

static const struct { const char *name; void (*wrong)(struct hew_fn *f); const char *says; } mistakes[] = {
#define M(fn, says) { #fn, fn, says }
	M(none_in_function, "operand 2 of add"), M(second_missing, "operand 2 of add"), M(first_missing, "operand 1 of fmul"),
	M(constant_missing, "operand 1 of sub"), M(third_missing, "operand 3 of select"), M(unary_missing, "operand 1 of neg"),
	M(mixed_types, "add does not take i64 and i32"), M(float_of_int, "fadd does not take i64 and i64"),
	M(int_of_float, "and does not take f64 and f64"), M(unary_type, "fsqrt does not take i64"), M(to_wrong_type, "trunc does not take i64"),
	M(to_no_type, "bitcast"), M(to_unknown_type, "sext"), M(select_types, "select does not take"), M(select_by_wide, "select does not take i64"),
	M(argument_too_many, "fewer arguments"), M(argument_negative, "fewer arguments"),
	M(switch_by_pointer, "does not take"),
	M(load_of_int, "load does not take i64"), M(load_of_nothing, "operand 1 of load"), M(load_width, "load"), M(load_class, "class"),
	M(store_class, "class"), M(class_too_many, "class"), M(class_as_number, "letter"), M(class_without_name, "letter"), M(class_of_two_words, "letters"), M(class_twice, "same name"),
	M(store_of_nothing, "operand 3 of store"), M(store_without_value, "operand 3 of store"),
	M(jump_nowhere, "block"), M(jump_to_entry, "entry"), M(jump_with_nothing, "takes 1"), M(jump_with_another_type, "passes f64"),
	M(jump_with_missing, "argument 1 of jmp"), M(branch_on_wide, "br does not take i64"), M(branch_on_nothing, "operand 1 of br"),
	M(branch_on_missing, "operand 1 of br"), M(branch_nowhere, "block"), M(return_of_another_type, "ret"), M(return_of_nothing, "ret"),
	M(return_of_missing, "operand 1 of ret"), M(return_of_two, "ret"), M(block_ended_twice, "two control"), M(block_left_open, "has no end"),
	M(entry_left_open, "entry block is open"), M(after_the_end, "ended"), M(not_on_every_way, "dominate"),
	M(call_of_int, "call does not take i64"), M(call_of_nothing, "operand 1 of call"), M(call_with_missing, "argument 2 of call"),
	M(call_with_no_value, "argument 2 of call"), M(second_result_of_one, "result"), M(second_result_of_a_sum, "result"),
	M(second_result_too_late, "result does not stand right behind"),
	M(check_without_state, "state"), M(check_with_missing_state, "state"), M(check_of_wide, "check does not take i64"),
	M(check_of_missing, "operand 2 of check"), M(overflow_without_state, "state"), M(exit_without_state, "state"),
	M(state_of_missing, "state"), M(state_in_missing_frame, "state"), M(state_of_missing_parent, "state"), M(state_in_int, "state"),
	M(state_from_before, "another epoch"), M(call_with_missing_state, "state"), M(begin_nowhere, "block"), M(cold_nowhere, "block"),
	M(state_nowhere, "block"), M(missing_state_of_block, "state"), M(argument_nowhere, "block"), M(argument_of_entry, "entry"),
	M(argument_without_type, "type"),
#undef M
};

static struct hew_fn *start(struct hew *x)
{
	struct hew_fn *f = hew_fn_new(x, "wrong", HEW_I64, TYPES(HEW_I64, HEW_I32, HEW_F64, HEW_PTR));

	a = hew_arg(f, 0);
	b = hew_arg(f, 1);
	d = hew_arg(f, 2);
	p = hew_arg(f, 3);
	hew_class(f, 0, "memory", 0);
	return f;
}

static bool refused(struct hew *x, unsigned k)
{
	struct hew_fn *f = start(x);
	struct hew_code *c = (struct hew_code *)f;
	enum hew_status s;
	char *text;

	mistakes[k].wrong(f);
	text = hew_fn_text(f);		/* to be looked at, however wrong it is */
	assert_non_null(text);
	free(text);
	if (mistakes[k].wrong != entry_left_open && mistakes[k].wrong != block_left_open && !hew_ended(f))
		hew_ret(f, a);
	s = hew_compile(f, NULL, &c);
	if (s != HEW_BAD_IR || c) {
		fprintf(stderr, "%s: status is '%s'\n", mistakes[k].name, hew_status_text(s));
		hew_release(c);
		return false;
	}
	if (!strstr(hew_error(x), "wrong: ") || !strstr(hew_error(x), mistakes[k].says)) {
		fprintf(stderr, "%s: '%s' does not say '%s'\n", mistakes[k].name, hew_error(x), mistakes[k].says);
		return false;
	}
	return true;
}

/* After the first mistake every call is harmless and the first complaint stays. */
static void keep_going(struct hew_fn *f)
{
	hew_block t = hew_block_new(f);
	hew_val v = hew_add(f, a, a);

	assert_int_equal(v, 0);
	assert_int_equal(hew_i64(f, 7), 0);
	hew_block_arg(f, t, HEW_I64);
	hew_store(f, HEW_FULL, 40, v, 0, v);
	v = hew_call(f, v, &to_i64, VALS(v, v));
	v = hew_check(f, HEW_CHECK_TAG, v, v, hew_state_new(f, &(struct hew_state_info){ .frame = v }, 0, NULL));
	hew_result2(f, v);
	hew_load(f, HEW_I64, HEW_FULL, 0, v, 0);
	hew_branch(f, v, t, VALS(v), t, VALS(v));
	hew_begin(f, t);
	hew_cold(f, t);
	hew_block_state(f, t, 0);
	hew_jump(f, t, VALS(v));
	hew_exit(f, 0);
	assert_int_equal(hew_type_of(f, v), HEW_VOID);
	assert_false(hew_is_const(f, v, NULL));
	assert_true(hew_ended(f));
	hew_ret(f, v);
}

static void each_mistake(void **state)
{
	long before = base_live_bytes();
	unsigned wrong = 0;

	for (unsigned k = 0; k < COUNT_OF(mistakes); k++)
		wrong += !refused(*state, k);
	assert_int_equal(wrong, 0);
	assert_int_equal(base_live_bytes(), before);
}

static void the_first_mistake_counts(void **state)
{
	struct hew *x = *state;
	struct hew_fn *f = start(x), *good;
	struct hew_code *c;

	hew_add(f, a, b);
	keep_going(f);
	assert_int_equal(hew_compile(f, NULL, &c), HEW_BAD_IR);
	assert_string_equal(hew_error(x), "wrong: add does not take i64 and i32");
	good = start(x);
	hew_ret(good, a);
	c = compile(good, x);
	hew_release(c);
	hew_release(NULL);
}

static void without_verifier(void **state)
{
	struct hew *x;

	assert_int_equal(hew_open(NULL, &x), HEW_OK);
	*state = x;
	each_mistake(state);
	hew_close(x);
}

static void statuses(void **state)
{
	struct hew *x = *state;
	struct hew_guest_vm *g = (void *)x;

	assert_int_equal(hew_open(&(struct hew_options){ .target = "pdp11" }, &x), HEW_BAD_ARG);
	assert_null(x);
	x = *state;
	assert_int_equal(hew_guest_open(x, &(struct hew_guest){ .name = "incomplete" }, NULL, NULL, &g), HEW_BAD_ARG);
	assert_null(g);
	assert_true(strstr(hew_error(x), "lift") != NULL);
	for (int s = -1; s <= HEW_FAULT + 1; s++)
		assert_true(strlen(hew_status_text((enum hew_status)s)) > 0);
	assert_true(strlen(hew_error(NULL)) > 0);
}

/* Without a guest everything is interpreted, for however long. */
static void no_guest(void **state)
{
	struct hew_tier t;

	(void)state;
	hew_tier_init(NULL, &t);
	assert_false(hew_hot(&t) || hew_hot_loop(&t));
	t.calls = t.loops = 0;
	assert_true(hew_hot(&t) && hew_hot_loop(&t));
	assert_null(hew_tier_up(NULL, &t, &t, HEW_AT_ENTRY, NULL));
	assert_false(hew_hot(&t) || hew_hot_loop(&t));
	hew_tier_drop(NULL, &t);
	hew_guest_close(NULL);
}

/* The values of the builder's queries. */
static void queries(void **state)
{
	struct hew *x = *state;
	struct hew_fn *f = start(x);
	int64_t bits = 0;

	assert_true(hew_is_const(f, hew_add(f, hew_i64(f, 40), hew_i64(f, 2)), &bits) && bits == 42);
	assert_true(hew_is_const(f, hew_i32(f, -1), &bits) && bits == -1);
	assert_false(hew_is_const(f, a, &bits));
	assert_int_equal(hew_type_of(f, b), HEW_I32);
	assert_int_equal(hew_type_of(f, hew_f32(f, 1)), HEW_F32);
	assert_int_equal(hew_type_of(f, hew_lt(f, a, a)), HEW_I32);
	assert_int_equal(hew_type_of(f, hew_add(f, p, a)), HEW_PTR);
	assert_int_equal(hew_add(f, a, a), hew_add(f, a, a));	/* shared */
	assert_int_equal(hew_type_of(f, 4321), HEW_VOID);
	assert_int_equal(hew_type_of(f, -4321), HEW_VOID);
	assert_false(hew_is_const(f, -4321, &bits));
	assert_false(hew_ended(f));
	hew_ret(f, a);
	assert_true(hew_ended(f));
	hew_fn_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_mistake, open_context, close_context),
		cmocka_unit_test(without_verifier),
		cmocka_unit_test_setup_teardown(the_first_mistake_counts, open_context, close_context),
		cmocka_unit_test_setup_teardown(statuses, open_context, close_context),
		cmocka_unit_test(no_guest),
		cmocka_unit_test_setup_teardown(queries, open_context, close_context),
	};

	return cmocka_run_group_tests_name("misuse", tests, NULL, NULL);
}
