/* SPDX-License-Identifier: MIT
 * big.c - functions that are large in one way each, compiled at both levels on a small stack: what they give is what the
 * evaluator gives. And the limits of hew_compile_options: a compilation that would go over them is refused with a sentence,
 * and everything it took is given back.
 */
#include "api/api.h"
#include "api_test.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { CELLS = 5000, ARGS = 300, SMALL_STACK = (BASE_ASAN ? 1024 : 256) << 10 };
static int64_t cell[CELLS], copy[CELLS];

static hew_val get(struct hew_fn *f, int k) { return hew_load(f, HEW_I64, HEW_FULL, 0, hew_ptr(f, cell), 8 * (k % CELLS)); }
static void put(struct hew_fn *f, int k, hew_val v) { hew_store(f, HEW_FULL, 0, hew_ptr(f, cell), 8 * (k % CELLS), v); }
static hew_val k64(struct hew_fn *f, int64_t k) { return hew_i64(f, k); }

static struct hew_fn *begin(struct hew *x, const char *name)
{
	struct hew_fn *f = hew_fn_new(x, name, HEW_I64, TYPES(HEW_I64));

	hew_class(f, 0, "cells", 0);
	return f;
}

/* ---- the functions --------------------------------------------------------------------------------------------------- */

/* About 1 MiB of code: many blocks of many operations. */
static struct hew_fn *mebibyte(struct hew *x)
{
	struct hew_fn *f = begin(x, "mebibyte");
	hew_val v = hew_arg(f, 0);

	for (int b = 0; b < 500; b++) {
		hew_block next = hew_block_new(f), odd = hew_block_new(f);
		hew_val arg;

		for (int k = 0; k < 50; k++) {
			v = hew_xor(f, hew_mul(f, v, get(f, b + k)), k64(f, b * 1000 + k));
			put(f, b * 7 + k, v);
		}
		arg = hew_block_arg(f, next, HEW_I64);
		hew_branch(f, hew_trunc(f, HEW_I32, hew_and(f, v, k64(f, 1))), odd, 0, NULL, next, VALS(v));
		hew_begin(f, odd);
		hew_jump(f, next, VALS(hew_add(f, v, k64(f, b))));
		hew_begin(f, next);
		v = arg;
	}
	hew_ret(f, v);
	return f;
}

/* 10,000 blocks, each of which goes on to the next or a few further on, some of them back. */
static struct hew_fn *blocks(struct hew *x)
{
	enum { N = 10000 };
	static hew_block b[N + 40];
	static hew_val fuel[N + 40], sum[N + 40];
	struct hew_fn *f = begin(x, "blocks");

	for (int k = 0; k < N + 40; k++) {
		b[k] = hew_block_new(f);
		fuel[k] = hew_block_arg(f, b[k], HEW_I64);
		sum[k] = hew_block_arg(f, b[k], HEW_I64);
	}
	hew_jump(f, b[0], VALS(k64(f, 200), hew_arg(f, 0)));
	for (int k = 0; k < N; k++) {
		hew_val s;

		hew_begin(f, b[k]);
		s = hew_add(f, hew_mul(f, sum[k], k64(f, 3)), k64(f, k));
		if (k % 5 == 0 && k > 100) {		/* back into the middle of others */
			hew_val less = hew_sub(f, fuel[k], k64(f, 1));

			hew_branch(f, hew_lt(f, k64(f, 0), fuel[k]), b[k - 1 - k * 7 % 50], VALS(less, s), b[k + 1], VALS(fuel[k], s));
		} else {
			hew_branch(f, hew_trunc(f, HEW_I32, hew_and(f, s, k64(f, 4))), b[k + 1], VALS(fuel[k], s), b[k + 2 + k % 30], VALS(fuel[k], hew_xor(f, s, k64(f, 77))));
		}
	}
	for (int k = N; k < N + 40; k++) {
		hew_begin(f, b[k]);
		hew_ret(f, sum[k]);
	}
	return f;
}

/* 5,000 values alive at once, floats among them. */
static struct hew_fn *live(struct hew *x)
{
	static hew_val v[CELLS];
	struct hew_fn *f = begin(x, "live");
	hew_val sum = hew_arg(f, 0);

	for (int k = 0; k < CELLS; k++) {
		v[k] = hew_add(f, get(f, k), hew_arg(f, 0));
		if (k % 3 == 0)
			v[k] = hew_itof(f, HEW_F64, v[k]);
	}
	put(f, 0, sum);
	for (int k = CELLS; k-- > 0;)
		sum = hew_xor(f, hew_mul(f, sum, k64(f, 5)), k % 3 ? v[k] : hew_ftoi(f, HEW_I64, v[k]));
	hew_ret(f, sum);
	return f;
}

/* Each block jumps forward and back, so that every loop has several entries. */
static struct hew_fn *irreducible(struct hew *x)
{
	enum { N = 1000 };
	static hew_block b[N];
	static hew_val fuel[N], sum[N];
	struct hew_fn *f = begin(x, "irreducible");
	uint64_t rng = 1;

	for (int k = 0; k < N; k++) {
		b[k] = hew_block_new(f);
		fuel[k] = hew_block_arg(f, b[k], HEW_I64);
		sum[k] = hew_block_arg(f, b[k], HEW_I64);
	}
	hew_branch(f, hew_trunc(f, HEW_I32, hew_arg(f, 0)), b[0], VALS(k64(f, 3000), hew_arg(f, 0)), b[N / 2], VALS(k64(f, 2000), k64(f, 9)));
	for (int k = 0; k < N; k++) {
		hew_val s, less;

		hew_begin(f, b[k]);
		s = hew_xor(f, hew_mul(f, sum[k], k64(f, 7)), k64(f, k));
		less = hew_sub(f, fuel[k], k64(f, 1));
		if (k == N - 1)
			hew_ret(f, s);
		else
			hew_branch(f, hew_lt(f, k64(f, 0), fuel[k]), b[random_below(&rng, N)], VALS(less, s), b[k + 1], VALS(fuel[k], s));
	}
	return f;
}

/* 100,000 operations in one block. */
static struct hew_fn *block(struct hew *x)
{
	struct hew_fn *f = begin(x, "block");
	hew_val a = hew_arg(f, 0), b = a, c = a;

	for (int k = 0; k < 20000; k++) {
		a = hew_add(f, hew_mul(f, a, b), get(f, k));
		b = hew_xor(f, c, k64(f, k));
		c = hew_sub(f, a, b);
		if (k % 8 == 0)
			put(f, k * 3, c);
	}
	hew_ret(f, a);
	return f;
}

/* An expression 100,000 deep, of which only the end is asked for; and one that is deep to its other side. */
static struct hew_fn *deep(struct hew *x)
{
	struct hew_fn *f = begin(x, "deep");
	hew_val a = hew_arg(f, 0), b = a;

	for (int k = 0; k < 100000; k++) {
		a = hew_xor(f, hew_mul(f, a, k64(f, 3)), k64(f, k));
		b = hew_sub(f, k64(f, k), hew_xor(f, b, k64(f, 2 * k + 1)));
	}
	hew_ret(f, hew_add(f, a, b));
	return f;
}

/* Loops in loops, 200 deep; the fuel is for all of them together. */
static struct hew_fn *nest(struct hew *x)
{
	enum { N = 200 };
	static hew_block head[N], tail[N];
	static hew_val fuel[N], sum[N], i[N];
	struct hew_fn *f = begin(x, "nest");
	hew_val left = k64(f, 5000), s = hew_arg(f, 0);

	for (int k = 0; k < N; k++) {
		head[k] = hew_block_new(f);
		i[k] = hew_block_arg(f, head[k], HEW_I64);
		fuel[k] = hew_block_arg(f, head[k], HEW_I64);
		sum[k] = hew_block_arg(f, head[k], HEW_I64);
		hew_jump(f, head[k], VALS(k64(f, 0), left, s));
		hew_begin(f, head[k]);
		left = fuel[k];
		s = hew_add(f, hew_mul(f, sum[k], k64(f, 3)), hew_add(f, i[k], get(f, k)));
	}
	for (int k = N; k-- > 0;) {
		hew_val i2 = hew_add(f, i[k], k64(f, 1)), less = hew_sub(f, left, k64(f, 1)), more, s2, left2;

		tail[k] = hew_block_new(f);
		left2 = hew_block_arg(f, tail[k], HEW_I64);
		s2 = hew_block_arg(f, tail[k], HEW_I64);
		more = hew_and(f, hew_lt(f, i2, k64(f, 3)), hew_lt(f, k64(f, 0), left));
		hew_branch(f, more, head[k], VALS(i2, less, s), tail[k], VALS(left, s));
		hew_begin(f, tail[k]);
		left = left2;
		s = hew_xor(f, s2, i[k]);
	}
	hew_ret(f, s);
	return f;
}

/* Everything at once: 5,000 values alive through 10,000 blocks that jump forward and back, 300 arguments, a MiB of code. */
static struct hew_fn *all(struct hew *x)
{
	enum { N = 10000 };
	static hew_type type[ARGS];
	static hew_val v[CELLS];
	static hew_block b[N + 1];
	static hew_val fuel[N + 1], sum[N + 1];
	struct hew_fn *f;
	hew_val s;
	uint64_t rng = 1;

	for (int k = 0; k < ARGS; k++)
		type[k] = k % 3 == 1 ? HEW_F64 : HEW_I64;
	f = hew_fn_new(x, "all", HEW_I64, ARGS, type);
	s = hew_arg(f, 0);
	for (int k = 0; k < CELLS; k++) {
		hew_val a = hew_arg(f, k % ARGS);

		v[k] = hew_add(f, get(f, k), k % ARGS % 3 == 1 ? hew_ftoi(f, HEW_I64, a) : a);
	}
	put(f, 0, s);
	for (int k = 0; k <= N; k++) {
		b[k] = hew_block_new(f);
		fuel[k] = hew_block_arg(f, b[k], HEW_I64);
		sum[k] = hew_block_arg(f, b[k], HEW_I64);
	}
	hew_branch(f, hew_trunc(f, HEW_I32, s), b[0], VALS(k64(f, 3000), s), b[N / 2], VALS(k64(f, 2000), k64(f, 9)));
	for (int k = 0; k < N; k++) {
		hew_begin(f, b[k]);
		s = hew_add(f, hew_mul(f, sum[k], k64(f, 7)), v[k % CELLS]);
		put(f, k, s);
		hew_branch(f, hew_lt(f, k64(f, 0), fuel[k]), b[random_below(&rng, N)], VALS(hew_sub(f, fuel[k], k64(f, 1)), s), b[k + 1], VALS(fuel[k], s));
	}
	hew_begin(f, b[N]);
	s = sum[N];
	for (int k = 0; k < CELLS; k++)
		s = hew_xor(f, hew_mul(f, s, k64(f, 5)), v[k]);
	hew_ret(f, s);
	return f;
}

/* A switch of 10,000 cases. */
static struct hew_fn *switch_of(struct hew *x, const char *name, int64_t apart)
{
	enum { N = 10000 };
	static int64_t value[N];
	static hew_block to[N];
	struct hew_fn *f = begin(x, name);
	hew_block other = hew_block_new(f);

	for (int k = 0; k < N; k++) {
		value[k] = k * apart - 963 - 37;
		to[k] = k % 3 ? hew_block_new(f) : other;
	}
	hew_switch(f, hew_arg(f, 0), N, value, to, other);
	for (int k = 0; k < N; k++)
		if (to[k] != other) {
			hew_begin(f, to[k]);
			hew_ret(f, hew_add(f, get(f, k), k64(f, k)));
		}
	hew_begin(f, other);
	hew_ret(f, k64(f, -1));
	return f;
}

static struct hew_fn *cases(struct hew *x) { return switch_of(x, "cases", 37); }
static struct hew_fn *table(struct hew *x) { return switch_of(x, "table", 1); }

static const struct big { const char *name; struct hew_fn *(*build)(struct hew *); } bigs[] = {
	{ "mebibyte", mebibyte }, { "blocks", blocks }, { "live", live }, { "irreducible", irreducible }, { "block", block }, { "deep", deep },
	{ "nest", nest }, { "cases", cases }, { "table", table }, { "all", all },
};

/* ---- compiled as evaluated ------------------------------------------------------------------------------------------- */

static void fill(void)
{
	for (int k = 0; k < CELLS; k++)
		cell[k] = (int64_t)((uint64_t)k * UINT64_C(0x9e3779b97f4a7c15));
}

static void no_memory(void *arg)
{
	(void)arg;
	fail_msg("out of memory");
}

/* Without the checkers of a test: they take memory by blocks times values. */
static int plain_context(void **state)
{
	struct hew *x;

	if (hew_open(NULL, &x) != HEW_OK)
		return -1;
	*state = x;
	return 0;
}

static void right(struct hew *x, const struct big *b)
{
	static const int64_t arg[] = { 3, 36 * 37 - 963, -5 };
	enum { N = COUNT_OF(arg) };
	struct hew_code *c[2];
	struct hew_fn *f = b->build(x);

	for (int k = 0; k < 2; k++)
		c[k] = compile_with(b->build(x), x, &(struct hew_compile_options){ .level = k + 1 });
	for (unsigned k = 0; k < N; k++) {
		struct ir_eval e = { 0 };
		struct arena mem;

		arena_init(&mem, no_memory, NULL);
		fill();
		assert_int_equal(ir_eval(f->f, &mem, &arg[k], &e), IR_RETURNED);
		arena_fini(&mem);
		memcpy(copy, cell, sizeof cell);
		for (int l = 0; l < 2; l++) {
			fill();
			assert_int_equal(FN(int64_t (*)(int64_t), c[l])(arg[k]), e.result[0]);
			assert_memory_equal(cell, copy, sizeof cell);
		}
	}
	hew_fn_free(f);
	hew_release(c[0]);
	hew_release(c[1]);
}

/* ---- limits ------------------------------------------------------------------------------------------------------------- */

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* True: it was compiled. Else it was refused with this sentence and gave everything back. */
static bool within(struct hew *x, const struct big *b, const struct hew_compile_options *o, const char *why)
{
	long before = base_live_bytes();
	struct hew_fn *f = b->build(x);
	struct hew_code *c;
	double start = cpu_ms();
	enum hew_status s = hew_compile(f, o, &c);

	if (o->max_ms)
		assert_true(cpu_ms() - start < o->max_ms + 100 * (BASE_ASAN ? 10 : 1));
	if (s == HEW_OK) {
		hew_release(c);
	} else {
		assert_int_equal(s, HEW_CANNOT);
		assert_null(c);
		assert_non_null(strstr(hew_error(x), why));
		assert_int_equal(strncmp(hew_error(x), b->name, strlen(b->name)), 0);
	}
	assert_int_equal(base_live_bytes(), before);
	return s == HEW_OK;
}

/* Ever more memory, so that it ends in every phase. */
static void memory(void **state)
{
	for (unsigned k = 0; k < COUNT_OF(bigs); k++)
		for (size_t n = 1 << 20; bigs[k].build != all || n < 64 << 20; n *= 3)
			if (within(*state, &bigs[k], &(struct hew_compile_options){ .max_memory = n }, "takes more memory to compile than max_memory allows"))
				break;
}

static void time_is_over(void **state)
{
	for (unsigned k = 0; k < COUNT_OF(bigs); k++)
		for (unsigned ms = 1; ms < 500; ms *= 4)
			if (within(*state, &bigs[k], &(struct hew_compile_options){ .max_ms = ms }, "takes more time to compile than max_ms allows"))
				break;
}

#define TEST(name, k) static void name##_right(void **state) { right(*state, &bigs[k]); }
TEST(mebibyte, 0) TEST(blocks, 1) TEST(live, 2) TEST(irreducible, 3) TEST(block, 4) TEST(deep, 5) TEST(nest, 6) TEST(cases, 7) TEST(table, 8)
#undef TEST

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mebibyte_right), cmocka_unit_test(blocks_right), cmocka_unit_test(live_right), cmocka_unit_test(irreducible_right),
		cmocka_unit_test(block_right), cmocka_unit_test(deep_right), cmocka_unit_test(nest_right), cmocka_unit_test(cases_right), cmocka_unit_test(table_right),
		cmocka_unit_test(memory), cmocka_unit_test(time_is_over),
	};
	struct rlimit r;

	/* the rest runs on a small stack */
	getrlimit(RLIMIT_STACK, &r);
	if (r.rlim_cur != SMALL_STACK) {
		r.rlim_cur = SMALL_STACK;
		setrlimit(RLIMIT_STACK, &r);
		execl("/proc/self/exe", "big", (char *)NULL);
	}
	return cmocka_run_group_tests(tests, plain_context, close_context);
}
