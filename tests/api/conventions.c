/* SPDX-License-Identifier: MIT
 * conventions.c - E3.3: cold calls and tail calls.
 *
 * Around a cold call, whose callee destroys every register that the platform lets it destroy, live more values than there are registers
 * that calls keep; they must be what they were, whatever the callee returns and however it is named. Tail calls run threaded code: a
 * million functions after each other, each of which jumps to the next one, on one frame. Calls through a place go to the old or the new target
 * while another thread changes it, and a chain of blocks is linked as they are compiled.
 */
#include "api_test.h"

#include <pthread.h>

enum { INTS = 9, FLOATS = 17, RESULTS = 4 };

#if defined(__x86_64__)
#define DESTROY_REGISTERS() __asm__ volatile( \
	"movabsq $0x5a5a5a5a5a5a5a5a, %%rcx\n movq %%rcx, %%rdx\n movq %%rcx, %%rsi\n movq %%rcx, %%rdi\n movq %%rcx, %%rax\n" \
	"movq %%rcx, %%r8\n movq %%rcx, %%r9\n movq %%rcx, %%r10\n movq %%rcx, %%r11\n" \
	"movq %%rcx, %%xmm0\n movq %%rcx, %%xmm1\n movq %%rcx, %%xmm2\n movq %%rcx, %%xmm3\n movq %%rcx, %%xmm4\n movq %%rcx, %%xmm5\n" \
	"movq %%rcx, %%xmm6\n movq %%rcx, %%xmm7\n movq %%rcx, %%xmm8\n movq %%rcx, %%xmm9\n movq %%rcx, %%xmm10\n movq %%rcx, %%xmm11\n" \
	"movq %%rcx, %%xmm12\n movq %%rcx, %%xmm13\n movq %%rcx, %%xmm14\n movq %%rcx, %%xmm15\n" ::: \
	"rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", \
	"xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc")
#else
#define DESTROY_REGISTERS() ((void)0)
#endif

static int64_t seen_int;
static double seen_float;
static uintptr_t stack_at;

struct both { int64_t i; double x; };

static void note(int64_t i, double x)
{
	seen_int = i;
	seen_float = x;
	stack_at = (uintptr_t)__builtin_frame_address(0);
	DESTROY_REGISTERS();
}
static void give_none(int64_t i, double x) { note(i, x); }
static int64_t give_int(int64_t i, double x) { note(i, x); return i * 3; }
static double give_float(int64_t i, double x) { note(i, x); return x * 5; }
static struct both give_both(int64_t i, double x) { note(i, x); return (struct both){ i * 7, x * 11 }; }

static const struct { void *fn; hew_type result[2]; } callee[RESULTS] = {
	{ (void *)give_none, { HEW_VOID, HEW_VOID } }, { (void *)give_int, { HEW_I64, HEW_VOID } },
	{ (void *)give_float, { HEW_F64, HEW_VOID } }, { (void *)give_both, { HEW_I64, HEW_F64 } },
};

/* Multiplies each of several numbers out of `from` by another constant, calls, and adds up what is left of them and the results. */
static struct hew_fn *build(struct hew *x, int which, bool by_value, bool in_block)
{
	struct hew_fn *f = hew_fn_new(x, "around", HEW_F64, TYPES(HEW_PTR, HEW_PTR, HEW_I32));
	struct hew_call c = { .result = { callee[which].result[0], callee[which].result[1] }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES,
		.flags = in_block ? 0 : HEW_CALL_COLD };
	hew_val i[INTS], v[FLOATS], sum, fsum, r, target = by_value ? hew_arg(f, 1) : hew_ptr(f, callee[which].fn);
	hew_block cold = hew_block_new(f), on = hew_block_new(f);
	hew_val ri = hew_block_arg(f, on, HEW_I64), rx = hew_block_arg(f, on, HEW_F64);

	hew_class(f, 0, "memory", 0);
	for (int k = 0; k < INTS; k++)
		i[k] = hew_mul(f, hew_load(f, HEW_I64, HEW_FULL, 0, hew_arg(f, 0), 8 * k), hew_i64(f, 2 * k + 3));
	for (int k = 0; k < FLOATS; k++)
		v[k] = hew_fmul(f, hew_load(f, HEW_F64, HEW_FULL, 0, hew_arg(f, 0), 8 * (INTS + k)), hew_f64(f, k + 0.5));
	if (in_block) {
		hew_cold(f, cold);
		hew_branch(f, hew_arg(f, 2), cold, 0, NULL, on, 2, (hew_val[]){ hew_i64(f, 0), hew_f64(f, 0) });
	} else {
		hew_jump(f, cold, 0, NULL);
	}
	hew_begin(f, cold);
	r = hew_call(f, target, &c, 2, (hew_val[]){ i[0], v[0] });
	hew_jump(f, on, 2, (hew_val[]){ which & 1 ? r : hew_i64(f, 0), which == 2 ? r : which == 3 ? hew_result2(f, r) : hew_f64(f, 0) });
	hew_begin(f, on);
	sum = ri;
	for (int k = 0; k < INTS; k++)
		sum = hew_add(f, sum, i[k]);
	fsum = rx;
	for (int k = 0; k < FLOATS; k++)
		fsum = hew_fadd(f, fsum, v[k]);
	hew_ret(f, hew_fadd(f, fsum, hew_itof(f, HEW_F64, sum)));
	return f;
}

static double expected(const int64_t *from, int which)
{
	int64_t first = from[0] * 3, sum = which & 1 ? first * (which == 1 ? 3 : 7) : 0;
	double x, v0, fsum;

	memcpy(&x, &from[INTS], 8);
	v0 = x * 0.5;
	fsum = which == 2 ? v0 * 5 : which == 3 ? v0 * 11 : 0;
	for (int k = 0; k < INTS; k++)
		sum += from[k] * (2 * k + 3);
	for (int k = 0; k < FLOATS; k++) {
		memcpy(&x, &from[INTS + k], 8);
		fsum += x * (k + 0.5);
	}
	return fsum + (double)sum;
}

static void registers_are_kept(void **state)
{
	int64_t from[INTS + FLOATS];

	for (int k = 0; k < INTS + FLOATS; k++) {
		double x = 1.25 * k + 0.125;

		from[k] = 1000 * k + 77;
		if (k >= INTS)
			memcpy(&from[k], &x, 8);
	}
	for (int turn = 0; turn < RESULTS * 4; turn++) {
		int which = turn / 4;
		bool by_value = turn & 1, in_block = turn & 2;
		struct hew_compile_options o = { .level = 1 + turn % 2 };
		struct hew_code *c;
		double (*fn)(const int64_t *, void *, int);

		assert_int_equal(hew_compile(build(*state, which, by_value, in_block), &o, &c), HEW_OK);
		fn = (double (*)(const int64_t *, void *, int))(uintptr_t)hew_entry(c);
		assert_true(fn(from, callee[which].fn, 1) == expected(from, which));
		assert_int_equal(seen_int, from[0] * 3);
		assert_true(seen_float == 0.5 * (1.25 * INTS + 0.125));
		assert_int_equal(stack_at % 16, 0);
		hew_release(c);
	}
}

/* What the stubs do not do is called as ever: arguments on the stack, two results of one kind, variadic functions. */
static int64_t many(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t g, int64_t h, int64_t i)
{
	note(h, 0);
	return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * g + 1000000 * h + 10000000 * i;
}

static void others_are_called_too(void **state)
{
	struct hew_call c = { .result = { HEW_I64 }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES, .flags = HEW_CALL_COLD };
	struct hew_fn *f = hew_fn_new(*state, "other", HEW_I64, TYPES(HEW_I64));
	hew_val a[8], r;
	struct hew_code *code;

	for (int k = 0; k < 8; k++)
		a[k] = hew_add(f, hew_arg(f, 0), hew_i64(f, k));
	r = hew_call(f, hew_ptr(f, (void *)many), &c, 8, a);
	hew_ret(f, hew_add(f, r, hew_arg(f, 0)));
	assert_int_equal(hew_compile(f, NULL, &code), HEW_OK);
	assert_int_equal(((int64_t (*)(int64_t))(uintptr_t)hew_entry(code))(1), 87654321 + 1);
	hew_release(code);
}

/* ---- tail calls -------------------------------------------------------------------------------------------------------- */

enum { THREAD = 1000000 };
struct pair { int64_t sum; double last; };
typedef struct pair op(void *const *ip, int64_t sum, double last);

/* Ends the thread. */
static struct hew_fn *build_end(struct hew *x)
{
	struct hew_fn *f = hew_fn_new(x, "end", HEW_I64, TYPES(HEW_PTR, HEW_I64, HEW_F64));

	hew_fn_result2(f, HEW_F64);
	hew_ret2(f, hew_arg(f, 1), hew_arg(f, 2));
	return f;
}

/* Adds k, calls a C function that destroys registers, and goes on where ip says; ip and the sum have to be kept until then. */
static struct hew_fn *build_add(struct hew *x, int k)
{
	struct hew_fn *f = hew_fn_new(x, "add", HEW_I64, TYPES(HEW_PTR, HEW_I64, HEW_F64));
	struct hew_call noted = { .result = { HEW_I64 }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES };
	struct hew_call next = { .result = { HEW_I64, HEW_F64 }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES, .flags = HEW_CALL_TAIL };
	hew_val sum, r, second;

	hew_fn_result2(f, HEW_F64);
	hew_class(f, 0, "memory", 0);
	sum = hew_add(f, hew_arg(f, 1), hew_i64(f, k));
	r = hew_call(f, hew_ptr(f, (void *)give_int), &noted, 2, (hew_val[]){ sum, hew_arg(f, 2) });
	sum = hew_add(f, sum, r);
	r = hew_call(f, hew_load(f, HEW_PTR, HEW_FULL, 0, hew_arg(f, 0), 8), &next, 3,
		(hew_val[]){ hew_add(f, hew_arg(f, 0), hew_i64(f, 8)), hew_and(f, sum, hew_i64(f, 0xffffff)), hew_fadd(f, hew_arg(f, 2), hew_f64(f, k)) });
	second = hew_result2(f, r);
	hew_ret2(f, r, second);
	return f;
}

static void threaded_code_needs_one_frame(void **state)
{
	void **thread = malloc((THREAD + 1) * sizeof *thread);
	struct hew_code *c[4];
	struct pair got, want = { 5, 0 };

	assert_non_null(thread);
	for (int level = 1; level <= 2; level++) {
		struct hew_compile_options o = { .level = level };

		for (int k = 0; k < 4; k++)
			assert_int_equal(hew_compile(k == 3 ? build_end(*state) : build_add(*state, k + 1), &o, &c[k]), HEW_OK);
		want = (struct pair){ 5, 0 };
		for (int k = 0; k < THREAD; k++) {
			thread[k] = hew_entry(c[k % 3]);
			want.sum = ((want.sum + k % 3 + 1) * 4) & 0xffffff;
			want.last += k % 3 + 1;
		}
		thread[THREAD] = hew_entry(c[3]);
		got = ((op *)(uintptr_t)thread[0])(thread, 5, 0);
		assert_int_equal(got.sum, want.sum);
		assert_true(got.last == want.last);
		for (int k = 0; k < 4; k++)
			hew_release(c[k]);
	}
	free(thread);
}

enum { CALLERS = 4, TURNS = 200000 };
static const void *place_of_target;
static int64_t old_target(int64_t x) { return x + 1; }
static int64_t new_target(int64_t x) { return x + (INT64_C(1) << 32); }

/* Calls n times what the place says, and returns the last result: old calls in the low half, new ones in the high one. */
static struct hew_fn *loop_through(struct hew *x, const void *place, bool known)
{
	struct hew_fn *f = hew_fn_new(x, "loop", HEW_I64, TYPES(HEW_PTR, HEW_I64));
	struct hew_call c = { .result = { HEW_I64 }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES, .flags = HEW_CALL_THROUGH };
	hew_block body = hew_block_new(f), out = hew_block_new(f);
	hew_val n = hew_block_arg(f, body, HEW_I64), sum = hew_block_arg(f, body, HEW_I64), r;

	hew_jump(f, body, VALS(hew_arg(f, 1), hew_i64(f, 0)));
	hew_begin(f, body);
	r = hew_call(f, known ? hew_ptr(f, place) : hew_arg(f, 0), &c, VALS(sum));
	n = hew_sub(f, n, hew_i64(f, 1));
	hew_branch(f, hew_ne(f, n, hew_i64(f, 0)), body, VALS(n, r), out, 0, NULL);
	hew_begin(f, out);
	hew_ret(f, r);
	return f;
}

struct caller { int64_t (*fn)(const void *, int64_t); const void *place; int64_t sum; };

static void *call_often(void *arg)
{
	struct caller *c = arg;

	c->sum = c->fn(c->place, TURNS);
	return NULL;
}

static void targets_change_under_callers(void **state)
{
	struct hew *x = *state;

	for (int known = 0; known < 2; known++) {
		struct hew_code *code = compile(loop_through(x, &place_of_target, known), x);
		struct caller c[CALLERS];
		pthread_t t[CALLERS];
		int64_t swaps = 0;

		hew_set_target(&place_of_target, (void *)(uintptr_t)old_target);
		assert_int_equal(FN(int64_t (*)(const void *, int64_t), code)(&place_of_target, 10), 10);
		hew_set_target(&place_of_target, (void *)(uintptr_t)new_target);
		assert_int_equal(FN(int64_t (*)(const void *, int64_t), code)(&place_of_target, 10), INT64_C(10) << 32);
		for (int k = 0; k < CALLERS; k++) {
			c[k] = (struct caller){ FN(int64_t (*)(const void *, int64_t), code), &place_of_target, 0 };
			assert_int_equal(pthread_create(&t[k], NULL, call_often, &c[k]), 0);
		}
		for (; swaps < 1000000; swaps++)
			hew_set_target(&place_of_target, swaps & 1 ? (void *)(uintptr_t)old_target : (void *)(uintptr_t)new_target);
		for (int k = 0; k < CALLERS; k++) {
			pthread_join(t[k], NULL);
			assert_int_equal((c[k].sum & UINT32_MAX) + (c[k].sum >> 32), TURNS);
		}
		hew_release(code);
	}
}

/* Blocks of an emulator: each ends with a jump to the next one, through a place that leads to link_next until there is one. */
enum { BLOCKS = 50 };
static struct chain { struct hew *x; const void *next[BLOCKS + 1]; struct hew_code *code[BLOCKS]; int linked; } *chain;
static int64_t link_next(int64_t x, int64_t k);
static int64_t end_of_chain(int64_t x, int64_t k) { return (int64_t)((uint64_t)x * 1000 + (uint64_t)k); }

static struct hew_code *chain_block(int k)
{
	struct hew_fn *f = hew_fn_new(chain->x, "block", HEW_I64, TYPES(HEW_I64, HEW_I64));
	struct hew_call c = { .result = { HEW_I64 }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES, .flags = HEW_CALL_THROUGH | HEW_CALL_TAIL };
	hew_val v = hew_add(f, hew_mul(f, hew_arg(f, 0), hew_i64(f, 3)), hew_i64(f, k));

	hew_ret(f, hew_call(f, hew_ptr(f, &chain->next[k + 1]), &c, VALS(v, hew_i64(f, k + 1))));
	return compile(f, chain->x);
}

static int64_t link_next(int64_t x, int64_t k)
{
	chain->code[k] = chain_block((int)k);
	chain->linked++;
	hew_set_target(&chain->next[k], hew_entry(chain->code[k]));
	return ((int64_t (*)(int64_t, int64_t))(uintptr_t)chain->next[k])(x, k);
}

static void blocks_are_chained(void **state)
{
	uint64_t want = 1;

	chain = calloc(1, sizeof *chain);
	chain->x = *state;
	for (int k = 0; k < BLOCKS; k++)
		hew_set_target(&chain->next[k], (void *)(uintptr_t)link_next);
	hew_set_target(&chain->next[BLOCKS], (void *)(uintptr_t)end_of_chain);
	for (uint64_t k = 0; k < BLOCKS; k++)
		want = want * 3 + k;
	for (int turn = 0; turn < 3; turn++) {
		assert_int_equal(((int64_t (*)(int64_t, int64_t))(uintptr_t)chain->next[0])(1, 0), (int64_t)(want * 1000 + BLOCKS));
		assert_int_equal(chain->linked, BLOCKS);
	}
	for (int k = 0; k < BLOCKS; k++)
		hew_release(chain->code[k]);
	free(chain);
}

static void not_through_a_function(void **state)
{
	struct hew *x = *state;
	struct hew_fn *f = hew_fn_new(x, "bad", HEW_VOID, 0, NULL);
	struct hew_code *c;

	hew_call(f, hew_callee(f, f), &(struct hew_call){ .flags = HEW_CALL_THROUGH }, 0, NULL);
	hew_ret(f, 0);
	assert_int_equal(hew_compile(f, NULL, &c), HEW_BAD_IR);
	assert_non_null(strstr(hew_error(x), "through a function"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(registers_are_kept, open_context, close_context),
		cmocka_unit_test_setup_teardown(others_are_called_too, open_context, close_context),
		cmocka_unit_test_setup_teardown(threaded_code_needs_one_frame, open_context, close_context),
		cmocka_unit_test_setup_teardown(targets_change_under_callers, open_context, close_context),
		cmocka_unit_test_setup_teardown(blocks_are_chained, open_context, close_context),
		cmocka_unit_test_setup_teardown(not_through_a_function, open_context, close_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
