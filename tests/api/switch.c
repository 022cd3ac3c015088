/* SPDX-License-Identifier: MIT
 * switch.c - E2.4: hew_switch beside a loop over its cases: close together, far apart, in heaps, at the ends of the range; narrow values
 * given with and without their sign; several cases of one block; blocks that are other cases' otherwise.
 */
#include "api_test.h"

enum { MOST = 60, ROUNDS = 300 };

struct cases { bool narrow; int n; int64_t value[MOST]; int way[MOST]; };

static uint64_t seed = 1;
static int64_t below(uint64_t n) { return (int64_t)(random_next(&seed) % n); }

static bool there(const struct cases *c, int64_t v)
{
	for (int k = 0; k < c->n; k++)
		if (c->narrow ? (int32_t)c->value[k] == (int32_t)v : c->value[k] == v)
			return true;
	return false;
}

/* Heaps of cases at random places, some of them beside each other's ends. */
static void make(struct cases *c)
{
	static const int64_t from[] = { 0, -3, INT32_MIN, INT32_MAX - 20, UINT32_MAX - 20, INT64_MIN, INT64_MAX - 200, INT64_C(1) << 40 };
	int64_t at = 0;

	*c = (struct cases){ .narrow = below(2) };
	for (int k = 0, left = 0, step = 1, n = 1 + (int)below(MOST); k < n; k++, left--) {
		if (left == 0) {
			at = below(3) ? from[(uint64_t)below(COUNT_OF(from))] : (int64_t)random_next(&seed);
			left = 1 + (int)below(25);
			step = below(4) ? 1 : 1 + (int)below(9);
		}
		at = (int64_t)((uint64_t)at + (uint64_t)step);
		if (!there(c, at)) {
			c->value[c->n] = at;
			c->way[c->n++] = (int)below(12);
		}
	}
}

static struct hew_fn *build(struct hew *x, const struct cases *c)
{
	hew_type t = c->narrow ? HEW_I32 : HEW_I64;
	struct hew_fn *f = hew_fn_new(x, "choose", HEW_I64, TYPES(t, HEW_I64));
	hew_block way[12], to[MOST];

	for (int k = 0; k < 12; k++)
		way[k] = hew_block_new(f);
	for (int k = 0; k < c->n; k++)
		to[k] = way[c->way[k]];
	hew_switch(f, hew_arg(f, 0), c->n, c->value, to, way[0]);
	for (int k = 0; k < 12; k++) {
		hew_begin(f, way[k]);
		hew_ret(f, hew_add(f, hew_mul(f, hew_arg(f, 1), hew_i64(f, 100)), hew_i64(f, k)));
	}
	return f;
}

static int64_t want(const struct cases *c, int64_t v)
{
	for (int k = 0; k < c->n; k++)
		if (c->narrow ? (int32_t)c->value[k] == (int32_t)v : c->value[k] == v)
			return 300 + c->way[k];
	return 300;
}

static void goes_where_its_case_says(void **state)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct cases c;
		struct hew_code *code;

		make(&c);
		code = compile_with(build(*state, &c), *state, &(struct hew_compile_options){ .level = 1 + round % 2 });
		for (int k = 0; k < 3 * c.n + 20; k++) {
			int64_t v = k < 3 * c.n ? (int64_t)((uint64_t)c.value[k / 3] + (uint64_t)(k % 3) - 1) : (int64_t)random_next(&seed);
			int64_t got = c.narrow ? FN(int64_t (*)(int32_t, int64_t), code)((int32_t)v, 3) : FN(int64_t (*)(int64_t, int64_t), code)(v, 3);

			if (got != want(&c, v))
				fail_msg("round %d: %lld of %d cases, %s: went to %lld instead of %lld", round, (long long)v, c.n, c.narrow ? "i32" : "i64",
					(long long)got, (long long)want(&c, v));
		}
		hew_release(code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(goes_where_its_case_says) };

	return cmocka_run_group_tests(tests, open_context, close_context);
}
