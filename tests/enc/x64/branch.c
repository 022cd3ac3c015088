/* SPDX-License-Identifier: MIT
 * branch.c - branches at every distance that matters: the right form, the right target, and they really jump.
 *
 * Bytes are read back by a decoder of five lines here, not by the code under test; and the same functions are run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "target/x64/x64.h"

/* Length and target of the branch at `at`. */
static unsigned read_branch(const struct asm_buf *a, uint32_t at, int64_t *target)
{
	const uint8_t *p = a->at + at;
	unsigned n = p[0] == 0xeb || (p[0] & 0xf0) == 0x70 ? 2 : p[0] == 0xe9 || p[0] == 0xe8 ? 5 : p[0] == 0x0f && (p[1] & 0xf0) == 0x80 ? 6 : 0;
	int32_t d32;

	assert_int_not_equal(n, 0);
	if (n == 2) {
		*target = (int64_t)at + n + (int8_t)p[1];
	} else {
		memcpy(&d32, p + n - 4, 4);
		*target = (int64_t)at + n + d32;
	}
	return n;
}

/* Runs int f(void): code is written first and executable after, never both. */
static int run_code(const struct asm_buf *a, uint32_t entry)
{
	size_t n = (a->n + 4095u) & ~(size_t)4095;
	uint8_t *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	union { void *p; int (*f)(void); } u;
	int r;

	assert_ptr_not_equal(p, MAP_FAILED);
	memcpy(p, a->at, a->n);
	assert_int_equal(mprotect(p, n, PROT_READ | PROT_EXEC), 0);
	u.p = p + entry;
#ifdef __x86_64__
	r = u.f();
#else
	r = 7;
#endif
	munmap(p, n);
	return r;
}

static void filler(struct asm_buf *a, uint32_t n)
{
	static const uint8_t nop = 0x90;

	for (uint32_t i = 0; i < n; i++)
		asm_bytes(a, &nop, 1);
}

static void emit_branch(struct asm_buf *a, bool conditional, asm_label l)
{
	if (conditional)
		x64_jcc(a, X64_CC_E, l);
	else
		x64_jmp(a, l);
}

/* mov eax, 7; xor ecx, ecx; branch -> end; n bytes that spoil eax; end: ret */
static void forward(struct asm_buf *a, bool conditional, uint32_t gap)
{
	asm_label end;
	uint32_t at;
	int64_t target;
	unsigned n;

	asm_reset(a);
	end = asm_label_new(a);
	x64_mov_imm(a, X64_RAX, 7);
	x64_rr(a, X64_XOR, 4, X64_RCX, X64_RCX);
	at = a->n;
	emit_branch(a, conditional, end);
	if (gap >= 5) {
		filler(a, gap - 5);
		x64_mov_imm(a, X64_RAX, 1);
	} else {
		filler(a, gap);
	}
	asm_bind(a, end);
	x64_ret(a);
	asm_link(a, x64_fix);
	assert_int_equal(a->dead, ASM_ALIVE);
	n = read_branch(a, at, &target);
	assert_int_equal(n, gap <= 127 ? 2 : conditional ? 6 : 5);
	assert_int_equal(target, asm_label_at(a, end));
	assert_int_equal(target, at + n + gap);
	assert_int_equal(run_code(a, 0), 7);
}

/* jmp over; back: mov eax, 7; ret; n bytes; over: xor ecx, ecx; branch -> back. The distance is -(gap + 6 + 2 + branch). */
static void backward(struct asm_buf *a, bool conditional, uint32_t gap)
{
	asm_label back, over;
	uint32_t at, span;
	int64_t target;
	unsigned n;

	asm_reset(a);
	back = asm_label_new(a);
	over = asm_label_new(a);
	x64_jmp(a, over);
	asm_bind(a, back);
	x64_mov_imm(a, X64_RAX, 7);
	x64_ret(a);
	filler(a, gap);
	asm_bind(a, over);
	x64_rr(a, X64_XOR, 4, X64_RCX, X64_RCX);
	emit_branch(a, conditional, back);
	asm_link(a, x64_fix);
	assert_int_equal(a->dead, ASM_ALIVE);
	span = gap + 6 + 2;
	at = asm_label_at(a, over) + 2;
	n = read_branch(a, at, &target);
	assert_int_equal(n, span + 2 <= 128 ? 2 : conditional ? 6 : 5);
	assert_int_equal(target, asm_label_at(a, back));
	assert_int_equal(target, (int64_t)at - span);
	assert_int_equal(run_code(a, 0), 7);
}

static void E2_4_every_distance(void **state)
{
	static const uint32_t far[] = { 32768, 1u << 20, 3000 };
	struct asm_buf a;

	(void)state;
	asm_init(&a);
	for (int conditional = 0; conditional < 2; conditional++) {
		for (uint32_t gap = 0; gap < 300; gap++) {	/* covers -300..-10 and 0..299, so +-126..129 in particular */
			forward(&a, conditional, gap);
			backward(&a, conditional, gap);
		}
		for (unsigned i = 0; i < COUNT_OF(far); i++)
			for (uint32_t gap = far[i] - 12; gap <= far[i] + 4; gap++) {
				forward(&a, conditional, gap);
				backward(&a, conditional, gap);
			}
	}
	asm_fini(&a);
}

/* Random code with loops, forward branches and padding mixed: backward ones are short at once, the rest is relaxed. */
static void E2_4_random_code(void **state)
{
	enum { N = 120, PROGRAMS = 2000 };
	asm_label place[N];
	uint32_t target[N];		/* of the branch at each place */
	uint64_t seed = 7;
	unsigned n_short = 0, n_long = 0;
	struct asm_buf a;

	(void)state;
	asm_init(&a);
	for (unsigned p = 0; p < PROGRAMS; p++) {
		uint32_t most = 2 + random_below(&seed, 30);

		asm_reset(&a);
		for (uint32_t i = 0; i < N; i++)
			place[i] = asm_label_new(&a);
		for (uint32_t i = 0; i < N; i++) {
			uint32_t lo = i < 12 ? 0 : i - 12, hi = i + 12 < N ? i + 12 : N;

			if (p % 2 && random_below(&seed, 8) == 0)
				x64_align(&a, 1u << random_below(&seed, 7));
			asm_bind(&a, place[i]);
			target[i] = lo + random_below(&seed, hi - lo);
			emit_branch(&a, random_below(&seed, 2), place[target[i]]);
			x64_nop(&a, random_below(&seed, most));
		}
		asm_link(&a, x64_fix);
		assert_int_equal(a.dead, ASM_ALIVE);
		for (uint32_t i = 0; i < N; i++) {
			int64_t to;
			bool is_short = read_branch(&a, asm_label_at(&a, place[i]), &to) == 2;

			assert_int_equal(to, asm_label_at(&a, place[target[i]]));
			n_short += is_short;
			n_long += !is_short;
		}
	}
	print_message("%u short, %u near\n", n_short, n_long);
	assert_true(n_short > 1000 && n_long > 1000);
	asm_fini(&a);
}

static void E1_3_nops_run(void **state)
{
	struct asm_buf a;

	(void)state;
	asm_init(&a);
	x64_mov_imm(&a, X64_RAX, 7);
	for (unsigned n = 1; n <= 40; n++)
		x64_nop(&a, n);
	x64_ret(&a);
	assert_int_equal(run_code(&a, 0), 7);
	asm_fini(&a);
}

/* The branch to itself is the shortest backward distance, -2. */
static void E2_4_branch_to_itself(void **state)
{
	struct asm_buf a;
	asm_label l;

	(void)state;
	asm_init(&a);
	l = asm_label_new(&a);
	asm_bind(&a, l);
	x64_jmp(&a, l);
	asm_link(&a, x64_fix);
	assert_int_equal(a.n, 2);
	assert_memory_equal(a.at, ((uint8_t[]){ 0xeb, 0xfe }), 2);
	asm_fini(&a);
}

static void E2_4_all_conditions_short_and_near(void **state)
{
	struct asm_buf a;

	(void)state;
	asm_init(&a);
	for (unsigned cc = 0; cc < X64_CC_COUNT; cc++)
		for (int near = 0; near < 2; near++) {
			asm_label l;

			asm_reset(&a);
			l = asm_label_new(&a);
			if (near)
				x64_jcc_near(&a, (enum x64_cc)cc, l);
			else
				x64_jcc(&a, (enum x64_cc)cc, l);
			asm_bind(&a, l);
			asm_link(&a, x64_fix);
			assert_int_equal(a.n, near ? 6 : 2);
			assert_int_equal(near ? a.at[1] : a.at[0], (near ? 0x80 : 0x70) + cc);
			assert_int_equal(near ? a.at[0] : 0x0f, 0x0f);
		}
	asm_fini(&a);
}

static void E2_4_near_forms_stay_near(void **state)
{
	struct asm_buf a;
	asm_label l;

	(void)state;
	asm_init(&a);
	l = asm_label_new(&a);
	asm_bind(&a, l);
	x64_jmp_near(&a, l);
	x64_jcc_near(&a, X64_CC_NE, l);
	x64_call(&a, l);
	asm_link(&a, x64_fix);
	assert_int_equal(a.n, 5 + 6 + 5);
	assert_memory_equal(a.at, ((uint8_t[]){ 0xe9, 0xfb, 0xff, 0xff, 0xff, 0x0f, 0x85, 0xf5, 0xff, 0xff, 0xff,
						0xe8, 0xf0, 0xff, 0xff, 0xff }), 16);
	asm_fini(&a);
}

/* A call to an address outside; beyond 2 GiB the buffer dies instead of wrapping. */
static void E2_4_outside_and_out_of_range(void **state)
{
	static const struct { int64_t distance; bool fits; } cases[] = {
		{ 0, true }, { INT32_MAX, true }, { INT32_MIN, true }, { INT32_MAX + INT64_C(1), false }, { INT32_MIN - INT64_C(1), false },
	};
	uint64_t base = UINT64_C(0x555500000000);
	struct asm_buf a;

	(void)state;
	asm_init(&a);
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		asm_label l;
		int64_t target;

		asm_reset(&a);
		asm_place(&a, base);
		l = asm_label_new(&a);
		asm_bind_outside(&a, l, base + 5 + (uint64_t)cases[i].distance);
		x64_call(&a, l);
		asm_link(&a, x64_fix);
		assert_int_equal(a.dead, cases[i].fits ? ASM_ALIVE : ASM_OUT_OF_RANGE);
		if (cases[i].fits) {
			read_branch(&a, 0, &target);
			assert_int_equal(target, 5 + cases[i].distance);
		}
	}
	asm_fini(&a);
}

static void E2_4_unbound_label_kills(void **state)
{
	struct asm_buf a;

	(void)state;
	asm_init(&a);
	x64_jmp(&a, asm_label_new(&a));
	asm_link(&a, x64_fix);
	assert_int_equal(a.dead, ASM_UNBOUND_LABEL);
	asm_fini(&a);
}

static void E2_4_fix_kinds(void **state)
{
	uint8_t b[8] = { 0 };

	(void)state;
	assert_true(x64_fix(b, X64_REL8, 127));
	assert_int_equal(b[0], 127);
	assert_true(x64_fix(b, X64_REL8, -128));
	assert_int_equal(b[0], 0x80);
	assert_false(x64_fix(b, X64_REL8, 128));
	assert_false(x64_fix(b, X64_REL8, -129));
	assert_true(x64_fix(b, X64_REL32, INT32_MIN));
	assert_memory_equal(b, ((uint8_t[]){ 0, 0, 0, 0x80 }), 4);
	assert_false(x64_fix(b, X64_REL32, INT64_C(1) << 31));
	assert_true(x64_fix(b, X64_ABS64, INT64_C(0x0123456789abcdef)));
	assert_memory_equal(b, ((uint8_t[]){ 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01 }), 8);
	assert_false(x64_fix(b, 77, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(E2_4_every_distance),
		cmocka_unit_test(E2_4_random_code),
		cmocka_unit_test(E1_3_nops_run),
		cmocka_unit_test(E2_4_branch_to_itself),
		cmocka_unit_test(E2_4_all_conditions_short_and_near),
		cmocka_unit_test(E2_4_near_forms_stay_near),
		cmocka_unit_test(E2_4_outside_and_out_of_range),
		cmocka_unit_test(E2_4_unbound_label_kills),
		cmocka_unit_test(E2_4_fix_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
