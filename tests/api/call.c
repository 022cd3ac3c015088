/* SPDX-License-Identifier: MIT
 * call.c - E1.4, E3.1: compiled code is a C function: every kind of argument and result, the stack aligned at calls,
 * registers that a callee may destroy are not relied on, those of the caller come back.
 */
#include "api_test.h"

#include <math.h>
#include <stdarg.h>

/* ---- E1.4: callable as a C function pointer ------------------------------------------------ */

static void returns_42(void **state)
{
	struct hew *x = *state;
	struct hew_fn *f = hew_fn_new(x, "answer", HEW_I32, 0, NULL);
	struct hew_code *c;

	hew_ret(f, hew_i32(f, 42));
	c = compile(f, x);
	assert_int_equal(FN(int (*)(void), c)(), 42);
	assert_true(hew_code_size(c) > 0);
	hew_release(c);
}

static void adds_and_negates(void **state)
{
	struct hew *x = *state;
	struct hew_fn *f = hew_fn_new(x, "add", HEW_I32, TYPES(HEW_I32, HEW_I32));
	struct hew_code *add, *neg;

	hew_ret(f, hew_add(f, hew_arg(f, 0), hew_arg(f, 1)));
	add = compile(f, x);
	f = hew_fn_new(x, "negate", HEW_I64, TYPES(HEW_I64));
	hew_ret(f, hew_neg(f, hew_arg(f, 0)));
	neg = compile(f, x);
	assert_int_equal(FN(int (*)(int, int), add)(2, 40), 42);
	assert_int_equal(FN(int (*)(int, int), add)(INT32_MAX, 1), INT32_MIN);
	assert_true(FN(int64_t (*)(int64_t), neg)(INT64_MIN + 1) == INT64_MAX);
	assert_true(FN(int64_t (*)(int64_t), neg)(INT64_MIN) == INT64_MIN);
	hew_release(neg);
	hew_release(add);
}

static void six_integers(void **state)
{
	struct hew *x = *state;
	struct hew_fn *f = hew_fn_new(x, "six", HEW_I64, TYPES(HEW_I64, HEW_I64, HEW_I64, HEW_I64, HEW_I64, HEW_I64));
	hew_val sum = hew_i64(f, 0);
	struct hew_code *c;

	for (int i = 0; i < 6; i++)
		sum = hew_add(f, hew_mul(f, sum, hew_i64(f, 10)), hew_arg(f, i));
	hew_ret(f, sum);
	c = compile(f, x);
	assert_int_equal(FN(int64_t (*)(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t), c)(1, 2, 3, 4, 5, 6), 123456);
	hew_release(c);
}

static void eight_floats(void **state)
{
	struct hew *x = *state;
	struct hew_fn *f = hew_fn_new(x, "eight", HEW_F64, TYPES(HEW_F64, HEW_F64, HEW_F64, HEW_F64, HEW_F64, HEW_F64, HEW_F64, HEW_F64));
	hew_val sum = hew_f64(f, 0);
	struct hew_code *c;

	for (int i = 0; i < 8; i++)
		sum = hew_fadd(f, hew_fmul(f, sum, hew_f64(f, 10)), hew_arg(f, i));
	hew_ret(f, sum);
	c = compile(f, x);
	assert_true(FN(double (*)(double, double, double, double, double, double, double, double), c)(1, 2, 3, 4, 5, 6, 7, 8) == 12345678.0);
	hew_release(c);
}

static void mixed_and_on_the_stack(void **state)
{
	struct hew *x = *state;
	struct hew_fn *f = hew_fn_new(x, "mixed", HEW_F64, TYPES(HEW_I32, HEW_F64, HEW_I64, HEW_F32, HEW_PTR, HEW_I64, HEW_I64, HEW_I32, HEW_I32,
		HEW_F32, HEW_F64, HEW_F64, HEW_F64, HEW_F64, HEW_F64, HEW_F64, HEW_F32, HEW_I64));
	hew_val sum = hew_f64(f, 0), v;
	struct hew_code *c;
	double (*fn)(int, double, int64_t, float, int64_t *, int64_t, int64_t, int, int, float, double, double, double, double, double, double, float, int64_t);
	int64_t there = 5;

	hew_class(f, 0, "memory", 0);
	for (int i = 0; i < 18; i++) {
		v = hew_arg(f, i);
		switch (hew_type_of(f, v)) {
		case HEW_PTR: v = hew_load(f, HEW_I64, HEW_FULL, 0, v, 0); /* fall through */
		case HEW_I32: case HEW_I64: v = hew_itof(f, HEW_F64, v); break;
		case HEW_F32: v = hew_fcvt(f, HEW_F64, v); break;
		default: break;
		}
		sum = hew_fadd(f, hew_fmul(f, sum, hew_f64(f, 3)), v);
	}
	hew_ret(f, sum);
	c = compile(f, x);
	fn = FN(double (*)(int, double, int64_t, float, int64_t *, int64_t, int64_t, int, int, float, double, double, double, double, double, double,
		float, int64_t), c);
	{
		double want = 0;

		for (int i = 1; i <= 18; i++)
			want = want * 3 + (i % 3 == 0 ? -i : i);
		assert_true(fn(1, 2, -3, 4, &there, -6, 7, 8, -9, 10, 11, -12, 13, 14, -15, 16, 17, -18) == want);
	}
	hew_release(c);
}

struct two_ints { int64_t a, b; };
struct int_float { int64_t a; double b; };
struct float_int { double a; int64_t b; };
struct two_floats { double a, b; };

/* A C function that returns the struct of a first and a second word, made from its arguments the other way round. */
static struct hew_code *swapper(struct hew *x, hew_type a, hew_type b)
{
	struct hew_fn *f = hew_fn_new(x, "swap", a, TYPES(b, a));

	hew_fn_result2(f, b);
	hew_ret2(f, hew_arg(f, 1), hew_arg(f, 0));
	return compile(f, x);
}

static void struct_of_two_words(void **state)
{
	struct hew *x = *state;
	struct hew_code *c[4] = { swapper(x, HEW_I64, HEW_I64), swapper(x, HEW_I64, HEW_F64), swapper(x, HEW_F64, HEW_I64), swapper(x, HEW_F64, HEW_F64) };
	struct two_ints ii = FN(struct two_ints (*)(int64_t, int64_t), c[0])(2, 1);
	struct int_float id = FN(struct int_float (*)(double, int64_t), c[1])(2.5, 1);
	struct float_int di = FN(struct float_int (*)(int64_t, double), c[2])(2, 1.5);
	struct two_floats dd = FN(struct two_floats (*)(double, double), c[3])(2.5, 1.5);

	assert_true(ii.a == 1 && ii.b == 2);
	assert_true(id.a == 1 && id.b == 2.5);
	assert_true(di.a == 1.5 && di.b == 2);
	assert_true(dd.a == 1.5 && dd.b == 2.5);
	for (int i = 0; i < 4; i++)
		hew_release(c[i]);
}

static struct two_ints divide(int64_t a, int64_t b) { return (struct two_ints){ a / b, a % b }; }
static struct float_int split(double v) { return (struct float_int){ v - (double)(int64_t)v, (int64_t)v }; }

/* Compiled code takes both words of what a C function returns. */
static void calls_that_return_two_words(void **state)
{
	struct hew *x = *state;
	struct hew_fn *f = hew_fn_new(x, "divide", HEW_I64, TYPES(HEW_I64, HEW_I64));
	hew_val call = hew_call(f, fn_address(f, (void (*)(void))divide), &(struct hew_call){ .result = { HEW_I64, HEW_I64 } }, VALS(hew_arg(f, 0), hew_arg(f, 1)));
	hew_val rest = hew_result2(f, call);
	struct hew_code *c, *d;

	hew_ret(f, hew_sub(f, hew_mul(f, call, hew_i64(f, 1000)), rest));
	c = compile(f, x);
	f = hew_fn_new(x, "split", HEW_F64, TYPES(HEW_F64));
	call = hew_call(f, fn_address(f, (void (*)(void))split), &(struct hew_call){ .result = { HEW_F64, HEW_I64 } }, VALS(hew_arg(f, 0)));
	rest = hew_result2(f, call);
	hew_ret(f, hew_fsub(f, hew_itof(f, HEW_F64, rest), call));
	d = compile(f, x);
	assert_int_equal(FN(int64_t (*)(int64_t, int64_t), c)(47, 5), 9000 - 2);
	assert_true(FN(double (*)(double), d)(7.25) == 6.75);
	hew_release(d);
	hew_release(c);
}

static void results_of_every_type(void **state)
{
	struct hew *x = *state;
	struct hew_fn *f;
	struct hew_code *c[5];
	int seen = 0, pair[2];

	f = hew_fn_new(x, "i64", HEW_I64, 0, NULL);
	hew_ret(f, hew_i64(f, INT64_C(-0x123456789abcdef0)));
	c[0] = compile(f, x);
	f = hew_fn_new(x, "f32", HEW_F32, TYPES(HEW_F32));
	hew_ret(f, hew_fmul(f, hew_arg(f, 0), hew_f32(f, 0.1f)));
	c[1] = compile(f, x);
	f = hew_fn_new(x, "f64", HEW_F64, TYPES(HEW_F64));
	hew_ret(f, hew_fdiv(f, hew_f64(f, 1), hew_arg(f, 0)));
	c[2] = compile(f, x);
	f = hew_fn_new(x, "ptr", HEW_PTR, TYPES(HEW_PTR));
	hew_ret(f, hew_add(f, hew_arg(f, 0), hew_i64(f, 4)));
	c[3] = compile(f, x);
	f = hew_fn_new(x, "nothing", HEW_VOID, TYPES(HEW_PTR));
	hew_class(f, 0, "memory", 0);
	hew_store(f, HEW_FULL, 0, hew_arg(f, 0), 0, hew_i32(f, 7));
	hew_ret(f, 0);
	c[4] = compile(f, x);
	assert_true(FN(int64_t (*)(void), c[0])() == INT64_C(-0x123456789abcdef0));
	assert_true(FN(float (*)(float), c[1])(3.0f) == 3.0f * 0.1f);
	assert_true(FN(double (*)(double), c[2])(-0.0) == -INFINITY);
	assert_ptr_equal(FN(int *(*)(int *), c[3])(pair), &pair[1]);
	FN(void (*)(int *), c[4])(&seen);
	assert_int_equal(seen, 7);
	for (int i = 0; i < 5; i++)
		hew_release(c[i]);
}

/* ---- E3.1: what the platform asks at a call --------------------------------------------------- */

static char printed[200];

/* printf's family: the number of vector registers in al. */
static void calls_printf(void **state)
{
	struct hew *x = *state;
	struct hew_fn *f = hew_fn_new(x, "print", HEW_I32, TYPES(HEW_I32, HEW_F64, HEW_I64));
	struct hew_call how = { .result = { HEW_I32 }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES, .flags = HEW_CALL_VARIADIC };
	hew_val a = hew_arg(f, 0), b = hew_arg(f, 1), d = hew_arg(f, 2), n;
	struct hew_code *c;
	int got;

	n = hew_call(f, fn_address(f, (void (*)(void))snprintf), &how, VALS(hew_ptr(f, printed), hew_i64(f, sizeof printed),
		hew_ptr(f, "%d %.2f %lld %g %g %g %g %g %g %g %g %d"), a, b, d, b, hew_fadd(f, b, b), hew_f64(f, 3), hew_f64(f, 4), hew_f64(f, 5),
		hew_f64(f, 6), hew_f64(f, 7), hew_f64(f, 8), hew_neg(f, a)));
	hew_ret(f, n);
	c = compile(f, x);
	got = FN(int (*)(int, double, int64_t), c)(-17, 2.5, INT64_C(1) << 40);
	assert_string_equal(printed, "-17 2.50 1099511627776 2.5 5 3 4 5 6 7 8 17");
	assert_int_equal(got, strlen(printed));
	hew_release(c);
}

#ifdef __x86_64__

/* trash_all destroys every register a callee may; needs_alignment faults unless sp is where the platform wants it;
 * checked_call calls fn(arg) and gives the number of registers of its own that did not come back. */
__asm__(
	".text\n"
	"trash_all:\n"
	"	mov $0x5a5a5a5a5a5a5a5a, %rax\n"
	"	mov %rax, %rcx\n	mov %rax, %rdx\n	mov %rax, %rsi\n	mov %rax, %rdi\n"
	"	mov %rax, %r8\n	mov %rax, %r9\n	mov %rax, %r10\n	mov %rax, %r11\n"
	"	movq %rax, %xmm0\n	punpcklqdq %xmm0, %xmm0\n"
	"	movaps %xmm0, %xmm1\n	movaps %xmm0, %xmm2\n	movaps %xmm0, %xmm3\n	movaps %xmm0, %xmm4\n	movaps %xmm0, %xmm5\n"
	"	movaps %xmm0, %xmm6\n	movaps %xmm0, %xmm7\n	movaps %xmm0, %xmm8\n	movaps %xmm0, %xmm9\n	movaps %xmm0, %xmm10\n"
	"	movaps %xmm0, %xmm11\n	movaps %xmm0, %xmm12\n	movaps %xmm0, %xmm13\n	movaps %xmm0, %xmm14\n	movaps %xmm0, %xmm15\n"
	"	ret\n"
	"needs_alignment:\n"
	"	push %rbp\n	mov %rsp, %rbp\n	sub $32, %rsp\n"
	"	movaps %xmm0, -16(%rbp)\n	movaps %xmm1, -32(%rbp)\n"
	"	movsd -16(%rbp), %xmm0\n	addsd -32(%rbp), %xmm0\n"
	"	leave\n	ret\n"
	"checked_call:\n"
	"	push %rbp\n	push %rbx\n	push %r12\n	push %r13\n	push %r14\n	push %r15\n	sub $8, %rsp\n"
	"	mov %rdi, %rax\n	mov %rsi, %rdi\n"
	"	mov $0x11, %ebx\n	mov $0x22, %r12d\n	mov $0x33, %r13d\n	mov $0x44, %r14d\n	mov $0x55, %r15d\n"
	"	mov %rsp, %rbp\n"
	"	call *%rax\n"
	"	xor %eax, %eax\n"
	"	cmp %rbp, %rsp\n	setne %cl\n	add %cl, %al\n"
	"	cmp $0x11, %rbx\n	setne %cl\n	add %cl, %al\n"
	"	cmp $0x22, %r12\n	setne %cl\n	add %cl, %al\n"
	"	cmp $0x33, %r13\n	setne %cl\n	add %cl, %al\n"
	"	cmp $0x44, %r14\n	setne %cl\n	add %cl, %al\n"
	"	cmp $0x55, %r15\n	setne %cl\n	add %cl, %al\n"
	"	lea 8(%rsp), %rsp\n	pop %r15\n	pop %r14\n	pop %r13\n	pop %r12\n	pop %rbx\n	pop %rbp\n"
	"	ret\n");
void trash_all(void);
double needs_alignment(double a, double b);
int checked_call(void *fn, void *arg);

/* Stack frames of every size: 0..20 values live across calls, 0..12 arguments on the stack. */
static void the_stack_is_aligned(void **state)
{
	struct hew *x = *state;

	for (int live = 0; live <= 20; live++)
		for (int extra = 0; extra <= 12; extra += 3) {
			struct hew_fn *f = hew_fn_new(x, "aligned", HEW_F64, TYPES(HEW_F64, HEW_F64));
			struct hew_call how = { .result = { HEW_F64 } };
			hew_val v[32], args[32], sum;
			struct hew_code *c;
			double want = 3;

			args[0] = hew_arg(f, 0);
			args[1] = hew_arg(f, 1);
			for (int i = 0; i < 6 + extra; i++)
				args[2 + i] = hew_i64(f, i);
			for (int i = 0; i < live; i++)
				v[i] = hew_fmul(f, hew_arg(f, 0), hew_f64(f, i + 2));
			sum = hew_call(f, fn_address(f, (void (*)(void))needs_alignment), &how, 2 + (extra ? 6 + extra : 0), args);
			for (int i = 0; i < live; i++) {
				sum = hew_fadd(f, sum, v[i]);
				want += i + 2;
			}
			hew_ret(f, sum);
			c = compile(f, x);
			assert_true(FN(double (*)(double, double), c)(1, 2) == want);
			hew_release(c);
		}
}

/* Values of every class live across calls that destroy all they may; the caller's own registers come back. */
static struct hew_code *busy(struct hew *x, int live, bool calls, const struct hew_compile_options *o)
{
	struct hew_fn *f = hew_fn_new(x, "busy", HEW_VOID, TYPES(HEW_PTR));
	hew_val p = hew_arg(f, 0), i[24], d[24], n, g;

	hew_class(f, 0, "memory", 0);
	for (int k = 0; k < live; k++) {
		i[k] = hew_load(f, HEW_I64, HEW_FULL, 0, p, 16 * k);
		d[k] = hew_load(f, HEW_F64, HEW_FULL, 0, p, 16 * k + 8);
	}
	for (int turn = 0; turn < 3; turn++) {
		if (calls)
			hew_call(f, fn_address(f, trash_all), &(struct hew_call){ .writes = 0 }, 0, NULL);
		for (int k = 0; k < live; k++) {
			n = i[(k + 1) % live];
			g = d[(k + 1) % live];
			i[k] = hew_add(f, hew_mul(f, i[k], hew_i64(f, 3)), n);
			d[k] = hew_fadd(f, hew_fmul(f, d[k], hew_f64(f, 3)), g);
		}
	}
	for (int k = 0; k < live; k++) {
		hew_store(f, HEW_FULL, 0, p, 16 * k, i[k]);
		hew_store(f, HEW_FULL, 0, p, 16 * k + 8, d[k]);
	}
	hew_ret(f, 0);
	return compile_with(f, x, o);
}

struct cell { int64_t i; double d; };

static void busy_in_c(struct cell *p, int live)
{
	for (int turn = 0; turn < 3; turn++)
		for (int k = 0; k < live; k++) {
			p[k].i = p[k].i * 3 + p[(k + 1) % live].i;
			p[k].d = p[k].d * 3 + p[(k + 1) % live].d;
		}
}

static void registers_survive(void **state)
{
	struct hew *x = *state;

	for (int live = 1; live <= 24; live++)
		for (unsigned mode = 0; mode < 8; mode++) {
			struct hew_compile_options o = { .level = 1 + (mode & 1), .stress = mode & 2 ? (uint64_t)live * 77 + mode : 0, .max_regs = mode & 2 ? 4 : 0 };
			struct hew_code *c = busy(x, live, mode & 4, &o);
			struct cell a[24], b[24];

			for (int k = 0; k < live; k++)
				a[k] = b[k] = (struct cell){ k * 1000 + 1, k + 0.5 };
			assert_int_equal(checked_call(hew_entry(c), a), 0);
			busy_in_c(b, live);
			assert_memory_equal(a, b, (size_t)live * sizeof *a);
			hew_release(c);
		}
}

#endif

/* ---- recursion, and two contexts ------------------------------------------------------------------ */

/* fib by calling itself through a cell that is filled in after compiling. */
static void recursion(void **state)
{
	struct hew *x = *state;
	void *self = NULL;
	struct hew_fn *f = hew_fn_new(x, "fib", HEW_I64, TYPES(HEW_I64));
	hew_val n = hew_arg(f, 0), me, a, b;
	hew_block small = hew_block_new(f), big = hew_block_new(f);
	struct hew_call how = { .result = { HEW_I64 } };
	struct hew_code *c;

	hew_class(f, 0, "cell", 0);
	hew_branch(f, hew_lt(f, n, hew_i64(f, 2)), small, 0, NULL, big, 0, NULL);
	hew_begin(f, small);
	hew_ret(f, n);
	hew_begin(f, big);
	me = hew_load(f, HEW_PTR, HEW_FULL, 0, hew_ptr(f, &self), 0);
	a = hew_call(f, me, &how, VALS(hew_sub(f, n, hew_i64(f, 1))));
	b = hew_call(f, me, &how, VALS(hew_sub(f, n, hew_i64(f, 2))));
	hew_ret(f, hew_add(f, a, b));
	c = compile(f, x);
	self = hew_entry(c);
	assert_int_equal(FN(int64_t (*)(int64_t), c)(25), 75025);
	hew_release(c);
}

static void contexts_are_apart(void **state)
{
	struct hew *x[3];
	struct hew_code *c[3];
	long before = base_live_bytes();

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct hew_fn *f;

		assert_int_equal(hew_open(&(struct hew_options){ .flip = i == 1, .target = i == 2 ? "x64" : NULL }, &x[i]), HEW_OK);
		assert_true(strlen(hew_code_mode(x[i])) > 0);
		f = hew_fn_new(x[i], "number", HEW_I32, 0, NULL);
		hew_ret(f, hew_i32(f, i));
		c[i] = compile(f, x[i]);
	}
	hew_release(c[1]);
	hew_close(x[1]);
	assert_int_equal(FN(int (*)(void), c[0])(), 0);
	assert_int_equal(FN(int (*)(void), c[2])(), 2);
	hew_release(c[0]);
	hew_release(c[2]);
	hew_close(x[0]);
	hew_close(x[2]);
	hew_close(NULL);
	assert_int_equal(base_live_bytes(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(returns_42, open_context, close_context),
		cmocka_unit_test_setup_teardown(adds_and_negates, open_context, close_context),
		cmocka_unit_test_setup_teardown(six_integers, open_context, close_context),
		cmocka_unit_test_setup_teardown(eight_floats, open_context, close_context),
		cmocka_unit_test_setup_teardown(mixed_and_on_the_stack, open_context, close_context),
		cmocka_unit_test_setup_teardown(struct_of_two_words, open_context, close_context),
		cmocka_unit_test_setup_teardown(calls_that_return_two_words, open_context, close_context),
		cmocka_unit_test_setup_teardown(results_of_every_type, open_context, close_context),
		cmocka_unit_test_setup_teardown(calls_printf, open_context, close_context),
#ifdef __x86_64__
		cmocka_unit_test_setup_teardown(the_stack_is_aligned, open_context, close_context),
		cmocka_unit_test_setup_teardown(registers_survive, open_context, close_context),
#endif
		cmocka_unit_test_setup_teardown(recursion, open_context, close_context),
		cmocka_unit_test(contexts_are_apart),
	};

	return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
