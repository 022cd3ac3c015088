/* SPDX-License-Identifier: MIT
 * signatures.c - E3.2: 0 to 20 and 300 arguments of mixed types in both directions, against functions of the C compiler.
 *
 * For each signature: compiled code as the callee (stores what it got), as the caller (loads what it passes), and in the
 * middle (passes on its own arguments, with values of its own live across the call), by both levels and with few registers.
 * HEW_TEST_SEED=N takes other values.
 */
#include "api_test.h"

union bits { int32_t i; int64_t l; void *p; float f; double d; uint64_t word; };

enum { MOST = 300 };
static union bits noted[MOST], result_bits;

struct signature {
	hew_type result;
	int n;
	hew_type arg[MOST];
	void *callee;
	union bits (*caller)(void *fn, const union bits *in);
};

#include "signatures.inc"

static uint64_t seed;

static union bits random_value(hew_type t)
{
	union bits b = { .word = 0 };

	switch (t) {
	case HEW_I32: b.i = (int32_t)random_next(&seed); break;
	case HEW_F32: b.f = (float)random_below(&seed, 1 << 24) / 16; break;
	case HEW_F64: b.d = (double)random_next(&seed) / 3; break;
	default: b.word = random_next(&seed); break;
	}
	return b;
}

static bool same(hew_type t, union bits a, union bits b)
{
	return t == HEW_I32 || t == HEW_F32 ? a.i == b.i : a.word == b.word;
}

static void make_values(const struct signature *s, union bits *in)
{
	for (int i = 0; i < s->n; i++)
		in[i] = random_value(s->arg[i]);
	result_bits = random_value(s->result);
	memset(noted, 0xee, sizeof noted);
}

static void check_values(const struct signature *s, const union bits *in, union bits result)
{
	for (int i = 0; i < s->n; i++)
		if (!same(s->arg[i], noted[i], in[i]))
			fail_msg("signature %d: argument %d of %d is %llx instead of %llx", (int)(s - signatures), i, s->n,
				(unsigned long long)noted[i].word, (unsigned long long)in[i].word);
	if (!same(s->result, result, result_bits))
		fail_msg("signature %d: the result is wrong", (int)(s - signatures));
}

static hew_val memory(struct hew_fn *f, const void *p)
{
	hew_class(f, 0, "memory", 0);
	return hew_ptr(f, p);
}

/* Compiled code is called by C. */
static struct hew_fn *as_callee(struct hew *x, const struct signature *s)
{
	struct hew_fn *f = hew_fn_new(x, "callee", s->result, s->n, s->arg);

	for (int i = 0; i < s->n; i++)
		hew_store(f, HEW_FULL, 0, memory(f, noted), 8 * i, hew_arg(f, i));
	hew_ret(f, hew_load(f, s->result, HEW_FULL, 0, memory(f, &result_bits), 0));
	return f;
}

/* Compiled code calls C: void f(const union bits *in, union bits *out). */
static struct hew_fn *as_caller(struct hew *x, const struct signature *s)
{
	struct hew_fn *f = hew_fn_new(x, "caller", HEW_VOID, TYPES(HEW_PTR, HEW_PTR));
	hew_val v[MOST];

	memory(f, NULL);
	for (int i = 0; i < s->n; i++)
		v[i] = hew_load(f, s->arg[i], HEW_FULL, 0, hew_arg(f, 0), 8 * i);
	v[0] = hew_call(f, hew_ptr(f, s->callee), &(struct hew_call){ .result = { s->result }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES },
		s->n, v);
	hew_store(f, HEW_FULL, 0, hew_arg(f, 1), 0, v[0]);
	hew_ret(f, 0);
	return f;
}

/* Called by C with all arguments, calls C with all arguments, twice; needs its arguments behind the calls, too. */
static struct hew_fn *in_the_middle(struct hew *x, const struct signature *s)
{
	struct hew_fn *f = hew_fn_new(x, "middle", s->result, s->n, s->arg);
	struct hew_call how = { .result = { s->result }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES };
	hew_val v[MOST], other[MOST];

	for (int i = 0; i < s->n; i++) {
		v[i] = hew_arg(f, i);
		other[i] = s->arg[i] == HEW_I32 || s->arg[i] == HEW_I64 ? hew_not(f, v[i]) : v[i];
	}
	hew_call(f, hew_ptr(f, s->callee), &how, s->n, other);
	v[0] = hew_call(f, hew_ptr(f, s->callee), &how, s->n, v);
	hew_ret(f, v[0]);
	return f;
}

static void in_mode(struct hew *x, const struct hew_compile_options *o)
{
	for (unsigned k = 0; k < COUNT_OF(signatures); k++) {
		const struct signature *s = &signatures[k];
		struct hew_code *callee = compile_with(as_callee(x, s), x, o), *caller = compile_with(as_caller(x, s), x, o),
			*middle = compile_with(in_the_middle(x, s), x, o);
		union bits in[MOST], out = { .word = 0 };

		make_values(s, in);
		check_values(s, in, s->caller(hew_entry(callee), in));
		make_values(s, in);
		FN(void (*)(union bits *, union bits *), caller)(in, &out);
		check_values(s, in, out);
		make_values(s, in);
		check_values(s, in, s->caller(hew_entry(middle), in));
		hew_release(callee);
		hew_release(caller);
		hew_release(middle);
	}
}

static void optimised(void **state) { in_mode(*state, NULL); }
static void plain(void **state) { in_mode(*state, &(struct hew_compile_options){ .level = 1 }); }
static void few_registers(void **state) { in_mode(*state, &(struct hew_compile_options){ .max_regs = 4, .stress = 99 }); }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(optimised, open_context, close_context),
		cmocka_unit_test_setup_teardown(plain, open_context, close_context),
		cmocka_unit_test_setup_teardown(few_registers, open_context, close_context),
	};
	const char *s = getenv("HEW_TEST_SEED");

	seed = s ? strtoull(s, NULL, 0) : 1;
	return cmocka_run_group_tests_name("signatures", tests, NULL, NULL);
}
