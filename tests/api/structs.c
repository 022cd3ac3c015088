/* SPDX-License-Identifier: MIT
 * structs.c - E3.2: structs by value among up to 12 arguments, and as results, in both directions, against functions of the C compiler.
 *
 * 60 structs of one to six members, some of them arrays, between 1 and 80 bytes: in registers of one class, of both, on the stack because they are
 * large or because registers have run out. Compiled code is the callee, which stores what it got and returns what it is told to, and
 * the caller, which loads what it passes, at both levels and with few registers. Padding is not compared. HEW_TEST_SEED=N takes other values.
 */
#include "api_test.h"

#include <stddef.h>

enum { SLOT = 192, MOST = 12, WORDS = SLOT / 8 };
struct slot { _Alignas(16) uint8_t byte[SLOT]; };
static struct slot noted[MOST], result_bytes;

struct kind { hew_type type; int of; };		/* a number or pointer, or a struct */
struct signature {
	struct kind result;
	int n;
	struct kind arg[MOST];
	void *callee;
	void (*caller)(void *fn, const struct slot *in, struct slot *out);
};

#include "structs.inc"

static uint64_t seed;

static void random_bytes(struct slot *s)
{
	for (int k = 0; k < SLOT; k++)
		s->byte[k] = (uint8_t)random_next(&seed);
}

static bool same(struct kind k, const struct slot *a, const struct slot *b)
{
	static const size_t size[] = { [HEW_I32] = 4, [HEW_I64] = 8, [HEW_PTR] = 8, [HEW_F32] = 4, [HEW_F64] = 8 };

	if (k.of < 0)
		return !memcmp(a, b, size[k.type]);
	for (uint32_t i = 0; i < structs[k.of].n; i++)
		if (memcmp(a->byte + structs[k.of].field[i].offset, b->byte + structs[k.of].field[i].offset, structs[k.of].field[i].size))
			return false;
	return true;
}

static int types_of(struct hew *x, struct kind k, hew_type *t, uint8_t *pass)
{
	if (k.of >= 0)
		return hew_struct_types(x, &structs[k.of], t, pass);
	*t = k.type;
	*pass = HEW_ALONE;
	return 1;
}

static void load(struct hew_fn *f, struct kind k, hew_val at, hew_val *v)
{
	if (k.of >= 0)
		hew_struct_load(f, &structs[k.of], 0, at, v);
	else
		*v = hew_load(f, k.type, HEW_FULL, 0, at, 0);
}

static void store(struct hew_fn *f, struct kind k, hew_val at, const hew_val *v)
{
	if (k.of >= 0)
		hew_struct_store(f, &structs[k.of], 0, at, v);
	else
		hew_store(f, HEW_FULL, 0, at, 0, *v);
}

struct shape { int n, results; hew_type type[MOST * WORDS + 1], result[2]; uint8_t pass[MOST * WORDS + 1]; bool by_address; };

/* What the convention makes of a signature. */
static struct shape shape(struct hew *x, const struct signature *s)
{
	struct shape h = { .results = 1, .result = { s->result.type } };

	if (s->result.of >= 0) {
		h.results = hew_struct_results(x, &structs[s->result.of], h.result);
		h.by_address = !h.results;
	}
	if (h.by_address)
		h.result[0] = h.type[h.n++] = HEW_PTR;
	for (int i = 0; i < s->n; i++)
		h.n += types_of(x, s->arg[i], h.type + h.n, h.pass + h.n);
	return h;
}

static struct hew_fn *as_callee(struct hew *x, const struct signature *s)
{
	struct shape h = shape(x, s);
	struct hew_fn *f = hew_fn_new(x, "callee", h.result[0], h.n, h.type);
	hew_val v[WORDS];
	int at = h.by_address;

	hew_fn_pass(f, h.pass);
	hew_class(f, 0, "memory", 0);
	if (h.results == 2)
		hew_fn_result2(f, h.result[1]);
	for (int i = 0; i < s->n; i++) {
		hew_type t[WORDS];
		uint8_t pass[WORDS];
		int n = types_of(x, s->arg[i], t, pass);

		for (int k = 0; k < n; k++)
			v[k] = hew_arg(f, at++);
		store(f, s->arg[i], hew_ptr(f, &noted[i]), v);
	}
	load(f, s->result, hew_ptr(f, &result_bytes), v);
	if (h.by_address)
		store(f, s->result, hew_arg(f, 0), v);
	hew_ret2(f, h.by_address ? hew_arg(f, 0) : v[0], h.results == 2 ? v[1] : 0);
	return f;
}

/* void f(const struct slot *in, struct slot *out) */
static struct hew_fn *as_caller(struct hew *x, const struct signature *s)
{
	struct shape h = shape(x, s);
	struct hew_fn *f = hew_fn_new(x, "caller", HEW_VOID, TYPES(HEW_PTR, HEW_PTR));
	struct hew_call c = { .result = { h.result[0], h.results == 2 ? h.result[1] : HEW_VOID }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES, .pass = h.pass };
	hew_val v[MOST * WORDS + 1], r[2] = { 0, 0 };
	int n = 0;

	hew_class(f, 0, "memory", 0);
	if (h.by_address)
		v[n++] = hew_arg(f, 1);
	for (int i = 0; i < s->n; i++) {
		hew_type t[WORDS];
		uint8_t pass[WORDS];

		load(f, s->arg[i], hew_add(f, hew_arg(f, 0), hew_i64(f, SLOT * i)), v + n);
		n += types_of(x, s->arg[i], t, pass);
	}
	r[0] = hew_call(f, hew_ptr(f, s->callee), &c, n, v);
	if (h.results == 2)
		r[1] = hew_result2(f, r[0]);
	if (!h.by_address)
		store(f, s->result, hew_arg(f, 1), r);
	hew_ret(f, 0);
	return f;
}

static void check(const struct signature *s, const struct slot *in, const struct slot *out, const char *what)
{
	for (int i = 0; i < s->n; i++)
		if (!same(s->arg[i], &noted[i], &in[i]))
			fail_msg("signature %d, %s: argument %d of %d is wrong", (int)(s - signatures), what, i, s->n);
	if (!same(s->result, out, &result_bytes))
		fail_msg("signature %d, %s: the result is wrong", (int)(s - signatures), what);
}

static void in_mode(struct hew *x, const struct hew_compile_options *o)
{
	for (unsigned k = 0; k < COUNT_OF(signatures); k++) {
		const struct signature *s = &signatures[k];
		struct hew_code *callee = compile_with(as_callee(x, s), x, o), *caller = compile_with(as_caller(x, s), x, o);
		struct slot in[MOST], out;

		for (int both = 0; both < 2; both++) {
			for (int i = 0; i < s->n; i++)
				random_bytes(&in[i]);
			random_bytes(&result_bytes);
			random_bytes(&out);
			memset(noted, 0xee, sizeof noted);
			if (both)
				FN(void (*)(struct slot *, struct slot *), caller)(in, &out);
			else
				s->caller(hew_entry(callee), in, &out);
			check(s, in, &out, both ? "called by compiled code" : "called by C");
		}
		hew_release(callee);
		hew_release(caller);
	}
}

static void optimised(void **state) { in_mode(*state, NULL); }
static void plain(void **state) { in_mode(*state, &(struct hew_compile_options){ .level = 1 }); }
static void few_registers(void **state) { in_mode(*state, &(struct hew_compile_options){ .max_regs = 4, .stress = 99 }); }

/* Structs that are none: no types, and a function that has to do with one cannot be compiled. */
static void no_structs(void **state)
{
	struct hew *x = *state;
	static const struct hew_field odd = { 0, 3, false }, outside = { 8, 4, false }, large = { 0, 16, false }, wide = { 0, 16, true };
	const struct hew_struct bad[] = { { 0, 1, 0, NULL }, { 1u << 17, 8, 0, NULL }, { 8, 4, 1, &odd }, { 8, 4, 1, &outside }, { 8, 8, 1, &large }, { 16, 16, 1, &wide } };

	for (unsigned k = 0; k < COUNT_OF(bad); k++) {
		struct hew_fn *f = hew_fn_new(x, "bad", HEW_VOID, TYPES(HEW_PTR));
		struct hew_code *c;
		hew_type t[2];
		hew_val v[2];
		uint8_t pass[2];

		assert_int_equal(hew_struct_types(x, &bad[k], t, pass), 0);
		assert_int_equal(hew_struct_results(x, &bad[k], t), 0);
		hew_struct_load(f, &bad[k], 0, hew_arg(f, 0), v);
		hew_ret(f, 0);
		assert_int_equal(hew_compile(f, NULL, &c), HEW_BAD_IR);
		assert_non_null(strstr(hew_error(x), "struct"));
	}
}

static void no_such_way(void **state)
{
	struct hew *x = *state;
	struct hew_fn *f = hew_fn_new(x, "bad", HEW_VOID, TYPES(HEW_PTR));
	struct hew_code *c;

	hew_fn_pass(f, (uint8_t[]){ 9 });
	hew_ret(f, 0);
	assert_int_equal(hew_compile(f, NULL, &c), HEW_BAD_IR);
	assert_non_null(strstr(hew_error(x), "passed in a way"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(optimised, open_context, close_context),
		cmocka_unit_test_setup_teardown(plain, open_context, close_context),
		cmocka_unit_test_setup_teardown(few_registers, open_context, close_context),
		cmocka_unit_test_setup_teardown(no_structs, open_context, close_context),
		cmocka_unit_test_setup_teardown(no_such_way, open_context, close_context),
	};
	const char *s = getenv("HEW_TEST_SEED");

	seed = s ? strtoull(s, NULL, 0) : 1;
	return cmocka_run_group_tests_name("structs", tests, NULL, NULL);
}
