/* SPDX-License-Identifier: MIT
 * calls.c - E3.3, E3.4: interpreter, compiled code and C call one another in every order; errors are thrown by longjmp across all
 * of them; recursion goes deep, and too deep ends in an error.
 */
#include "vm.h"

/* Functions 0 .. n-1: f_k(x) = x < 1 ? k : x + f_(k+1 mod n)(x - 1) */
static void add_ring(struct vm *m, int n, bool bar_every_second)
{
	static const char *const names[] = { "f0", "f1", "f2", "f3", "f4" };

	for (int k = 0; k < n; k++) {
		struct vm_fn *fn = VM_FN(m, names[k], 1, 1,
			/* 0 */ I(GET, 0), I(INT, 1), I(LT), I(JZ, 6), I(INT, k), I(RET),
			/* 6 */ I(GET, 0), I(GET, 0), I(INT, 1), I(SUB), I(CALL, (k + 1) % n), I(ADD), I(RET));

		fn->no_jit = bar_every_second && k % 2;
	}
}

static void recursion_with(int n, bool bar, int calls, int64_t deep)
{
	struct hew_tier_options o = vm_tier(calls, -1);
	struct vm *m = vm_open(NULL, &o);

	add_ring(m, n, bar);
	for (int turn = 0; turn < 8; turn++)
		for (int64_t x = deep - 3; x <= deep; x++)
			assert_int_equal(vm_int(m, m->fn[0], x), x * (x + 1) / 2 + x % n);
	for (int k = 0; k < n; k++)
		assert_true((m->fn[k]->tier.entry != NULL) == !m->fn[k]->no_jit);
	vm_close(m);
}

static void mutual_recursion(void **state)
{
	(void)state;
	recursion_with(2, false, 0, 150);
	recursion_with(2, false, 20, 150);
	recursion_with(3, false, 7, 1000);
	recursion_with(1, false, 3, 1000);
}

static void every_second_interpreted(void **state)
{
	(void)state;
	recursion_with(2, true, 0, 150);
	recursion_with(2, true, 20, 150);
	recursion_with(5, true, 7, 1000);
}

/* 10 * (sum of 0 .. depth), then error 7 at the bottom, through every kind of frame. */
static void add_thrower(struct vm *m, int which_host, bool bar)
{
	VM_FN(m, "bottom", 1, 1, I(GET, 0), I(INT, 0), I(LT), I(JZ, 5), I(FAIL, 7), I(GET, 0), I(RET));
	VM_FN(m, "down", 2, 2,
		/* 0 */ I(GET, 0), I(INT, 1), I(LT), I(JZ, 7), I(GET, 1), I(CALL, 0), I(RET),
		/* 7 */ I(GET, 0), I(GET, 0), I(INT, 1), I(SUB), I(GET, 1), I(CALL, 2), I(ADD), I(RET));
	VM_FN(m, "across", 2, 3,
		/* 0 */ I(GET, 1), I(SET, 2), I(GET, 0), I(GET, 1), I(CALL, 1), I(HOST, which_host), I(RET))->no_jit = bar;
}

static struct vm_value identity(struct vm *m, struct vm_frame *f, struct vm_value v)
{
	(void)m, (void)f;
	return v;
}

static void errors_cross_everything(void **state)
{
	(void)state;
	for (int bar = 0; bar < 2; bar++)
		for (int calls = -1; calls < 30; calls += 5) {
			struct hew_tier_options o = vm_tier(calls, -1);
			struct vm *m = vm_open(NULL, &o);
			struct vm_value a[2] = { vm_i(50), vm_i(3) }, v;

			m->host[0] = identity;
			add_thrower(m, 0, bar);
			for (int i = 0; i < 100; i++) {
				a[1] = vm_i(i % 3 == 2 ? -1 : 3);
				v = vm_call(m, m->fn[2], 2, a);
				assert_int_equal(m->error, i % 3 == 2 ? 7 : 0);
				if (i % 3 != 2)
					assert_true(v.tag == VM_TAG_INT && v.bits == 50 * 51 / 2 + 3);
			}
			vm_close(m);
		}
}

/* C code called by compiled code calls the machine again; an error of the inner run is caught there, one of its own goes on. */
static struct vm_value protected_call(struct vm *m, struct vm_frame *f, struct vm_value v)
{
	struct vm_value a[2] = { vm_i(20), v }, r;
	int error;

	(void)f;
	r = vm_call(m, m->fn[2], 2, a);
	error = m->error;
	m->error = 0;
	if (error)
		return vm_i(-error);
	if (v.bits == 99)
		vm_throw(m, 99);
	return r;
}

static void errors_caught_in_the_middle(void **state)
{
	struct hew_tier_options o = vm_tier(3, 3);
	struct vm *m = vm_open(NULL, &o);
	struct vm_fn *fn;

	(void)state;
	m->host[0] = identity;
	m->host[1] = protected_call;
	add_thrower(m, 0, false);
	fn = VM_FN(m, "outer", 1, 1, I(INT, 1000), I(GET, 0), I(HOST, 1), I(ADD), I(RET));
	for (int i = 0; i < 60; i++) {
		struct vm_value a = vm_i(i % 4 == 3 ? 99 : i % 4 == 2 ? -5 : 5), v = vm_call(m, fn, 1, &a);

		assert_int_equal(m->error, i % 4 == 3 ? 99 : 0);
		if (i % 4 != 3)
			assert_int_equal(v.bits, 1000 + (i % 4 == 2 ? -7 : 20 * 21 / 2 + 5));
	}
	assert_non_null(fn->tier.entry);
	vm_close(m);
}

/* E3.4: deep, and without end. */
static void runaway(void **state)
{
	(void)state;
	for (int calls = -1; calls <= 1; calls++) {
		struct hew_tier_options o = vm_tier(calls, -1);
		struct vm *m = vm_open(NULL, &o);
		struct vm_fn *fn = VM_FN(m, "for ever", 1, 1, I(GET, 0), I(INT, 1), I(ADD), I(CALL, 0), I(RET));
		struct vm_value a = vm_i(0);

		for (int i = 0; i < 5; i++) {
			vm_call(m, fn, 1, &a);
			assert_int_equal(m->error, VM_OVERFLOW);
		}
		vm_close(m);
	}
}

static void deep(void **state)
{
	(void)state;
	recursion_with(1, false, 1, 20000);
	recursion_with(2, true, 1, 8000);
}

static void many_locals(void **state)
{
	enum { N = 250 };
	struct hew_tier_options o = vm_tier(1, -1);
	struct vm *m = vm_open(NULL, &o);
	struct vm_ins *c = calloc(6 * N + 10, sizeof *c);
	struct vm_fn *fn;
	int n = 0;

	(void)state;
	/* each local is the one before plus its number; then all of them alive across a call */
	for (int k = 1; k < N; k++) {
		c[n++] = (struct vm_ins)I(GET, k - 1);
		c[n++] = (struct vm_ins)I(INT, k);
		c[n++] = (struct vm_ins)I(ADD);
		c[n++] = (struct vm_ins)I(SET, k);
	}
	c[n++] = (struct vm_ins)I(GET, N - 1);
	c[n++] = (struct vm_ins)I(CALL, 0);
	for (int k = 0; k < N; k++) {
		c[n++] = (struct vm_ins)I(GET, k);
		c[n++] = (struct vm_ins)I(ADD);
	}
	c[n++] = (struct vm_ins)I(RET);
	VM_FN(m, "next", 1, 1, I(GET, 0), I(INT, 1), I(ADD), I(RET));
	fn = vm_add(m, "locals", 1, N, c, (uint32_t)n);
	for (int i = 0; i < 10; i++) {
		int64_t sum = 0, last = i;

		for (int k = 0; k < N; k++)
			sum += last = k ? last + k : i;
		assert_int_equal(vm_int(m, fn, i), sum + last + 1);
	}
	assert_non_null(fn->tier.entry);
	free(c);
	vm_close(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutual_recursion),
		cmocka_unit_test(every_second_interpreted),
		cmocka_unit_test(errors_cross_everything),
		cmocka_unit_test(errors_caught_in_the_middle),
		cmocka_unit_test(runaway),
		cmocka_unit_test(deep),
		cmocka_unit_test(many_locals),
	};

	return cmocka_run_group_tests_name("calls", tests, NULL, NULL);
}
