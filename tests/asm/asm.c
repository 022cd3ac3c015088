/* SPDX-License-Identifier: MIT
 * asm.c - the byte buffer: bytes, labels, fixups, literals, placing, and the dead state. Relaxing has its own file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "asm/asm.h"

enum { FIELD8, FIELD32, ADDRESS64 = ASM_ABSOLUTE };

/* A target with three fields, which stores what it is given. */
static bool fix(uint8_t *field, uint8_t kind, int64_t distance)
{
	switch (kind) {
	case FIELD8:
		memcpy(field, &(int8_t){ (int8_t)distance }, 1);
		return distance == (int8_t)distance;
	case FIELD32:
		memcpy(field, &(int32_t){ (int32_t)distance }, 4);
		return distance == (int32_t)distance;
	case ADDRESS64:
		memcpy(field, &distance, 8);
		return true;
	}
	return false;
}

static int32_t read32(const struct asm_buf *a, uint32_t at)
{
	int32_t x;

	memcpy(&x, a->at + at, 4);
	return x;
}

static void E1_3_bytes_are_little_endian(void **state)
{
	struct asm_buf a;

	(void)state;
	asm_init(&a);
	asm_u8(&a, 0x11);
	asm_u16(&a, 0x2233);
	asm_u32(&a, 0x44556677);
	asm_u64(&a, UINT64_C(0x8899aabbccddeeff));
	asm_bytes(&a, "xyz", 3);
	asm_bytes(&a, NULL, 0);
	assert_int_equal(a.n, 18);
	assert_memory_equal(a.at, "\x11\x33\x22\x77\x66\x55\x44\xff\xee\xdd\xcc\xbb\xaa\x99\x88xyz", 18);
	asm_reset(&a);
	assert_int_equal(a.n, 0);
	for (unsigned i = 0; i < 100000; i++)
		asm_u8(&a, i);
	assert_int_equal(a.n, 100000);
	assert_int_equal(a.at[99999], 99999 & 0xff);
	asm_fini(&a);
	assert_int_equal(base_live_bytes(), 0);
}

static void E1_3_align(void **state)
{
	struct asm_buf a;

	(void)state;
	asm_init(&a);
	asm_align(&a, 16, 0xcc);
	assert_int_equal(a.n, 0);
	asm_u8(&a, 1);
	asm_align(&a, 8, 0xcc);
	assert_int_equal(a.n, 8);
	assert_memory_equal(a.at, "\1\xcc\xcc\xcc\xcc\xcc\xcc\xcc", 8);
	asm_align(&a, 1, 0);
	assert_int_equal(a.n, 8);
	asm_align(&a, 4096, 0);
	assert_int_equal(a.n, 4096);
	asm_fini(&a);
}

static void E2_4_labels_and_fixups(void **state)
{
	struct asm_buf a;
	asm_label before, after;

	(void)state;
	asm_init(&a);
	asm_u32(&a, 0);
	before = asm_label_new(&a);
	after = asm_label_new(&a);
	assert_false(asm_bound(&a, before));
	assert_false(asm_bound(&a, 99));
	asm_bind(&a, before);
	assert_true(asm_bound(&a, before));
	asm_fix(&a, a.n, before, FIELD32, -4);
	asm_u32(&a, 0);
	asm_fix(&a, a.n, after, FIELD32, 100);
	asm_u32(&a, 0);
	asm_fix(&a, a.n, after, FIELD8, 0);
	asm_u8(&a, 0);
	asm_bind(&a, after);
	asm_link(&a, fix);
	assert_int_equal(a.dead, ASM_ALIVE);
	assert_int_equal(asm_label_at(&a, before), 4);
	assert_int_equal(asm_label_at(&a, after), 13);
	assert_int_equal(read32(&a, 4), -4);
	assert_int_equal(read32(&a, 8), 13 - 8 + 100);
	assert_int_equal(a.at[12], 1);
	asm_fini(&a);
}

/* The same code linked for two addresses: distances inside stay, absolute ones and those to the outside follow. */
static void E2_4_placing(void **state)
{
	static const uint64_t bases[] = { UINT64_C(0x7f0000001000), UINT64_C(0x7f0000402000) };
	struct asm_buf a;
	asm_label inside, outside;
	uint64_t x;

	(void)state;
	asm_init(&a);
	inside = asm_label_new(&a);
	outside = asm_label_new(&a);
	asm_bind_outside(&a, outside, UINT64_C(0x7f0000200000));
	assert_true(asm_bound(&a, outside));
	asm_fix(&a, 0, inside, ADDRESS64, 2);
	asm_u64(&a, 0);
	asm_fix(&a, 8, inside, FIELD32, 0);
	asm_u32(&a, 0);
	asm_fix(&a, 12, outside, FIELD32, -4);
	asm_u32(&a, 0);
	asm_bind(&a, inside);
	for (unsigned i = 0; i < COUNT_OF(bases); i++) {
		asm_place(&a, bases[i]);
		asm_link(&a, fix);
		assert_int_equal(a.dead, ASM_ALIVE);
		memcpy(&x, a.at, 8);
		assert_int_equal(x, bases[i] + 16 + 2);
		assert_int_equal(read32(&a, 8), 8);
		assert_int_equal(read32(&a, 12), (int64_t)UINT64_C(0x7f0000200000) - (int64_t)(bases[i] + 16));
	}
	asm_fini(&a);
}

static void E1_3_literals_are_shared_and_aligned(void **state)
{
	struct asm_buf a;
	asm_label l[6];
	const uint64_t one = 1, two = 2, wide[2] = { 1, 0 };

	(void)state;
	asm_init(&a);
	l[0] = asm_literal(&a, &one, 4);
	l[1] = asm_literal(&a, &one, 8);
	l[2] = asm_literal(&a, &two, 8);
	l[3] = asm_literal(&a, wide, 16);
	l[4] = asm_literal(&a, &one, 4);
	l[5] = asm_literal(&a, &one, 8);
	assert_int_equal(l[4], l[0]);
	assert_int_equal(l[5], l[1]);
	assert_int_equal(a.n_lits, 4);
	asm_u8(&a, 0x90);
	asm_flush_literals(&a);
	assert_int_equal(asm_label_at(&a, l[3]), 16);
	assert_int_equal(asm_label_at(&a, l[1]), 32);
	assert_int_equal(asm_label_at(&a, l[2]), 40);
	assert_int_equal(asm_label_at(&a, l[0]), 48);
	assert_int_equal(a.n, 52);
	assert_memory_equal(a.at + 16, wide, 16);
	assert_memory_equal(a.at + 40, &two, 8);
	/* after a flush the same bytes get a new place */
	assert_int_not_equal(asm_literal(&a, &one, 4), l[0]);
	asm_flush_literals(&a);
	assert_int_equal(a.n, 56);
	asm_flush_literals(&a);
	assert_int_equal(a.n, 56);
	asm_fini(&a);
}

static void E1_3_many_literals(void **state)
{
	enum { N = 5000 };
	static asm_label l[N];
	struct asm_buf a;

	(void)state;
	asm_init(&a);
	for (uint64_t i = 0; i < N; i++)
		l[i] = asm_literal(&a, &(uint64_t){ i * i << (i % 3) }, i % 2 ? 8 : 4);
	for (uint64_t i = 0; i < N; i++)
		assert_int_equal(asm_literal(&a, &(uint64_t){ i * i << (i % 3) }, i % 2 ? 8 : 4), l[i]);
	asm_flush_literals(&a);
	for (uint64_t i = 0; i < N; i++) {
		unsigned size = i % 2 ? 8 : 4;

		assert_int_equal(asm_label_at(&a, l[i]) % size, 0);
		assert_memory_equal(a.at + asm_label_at(&a, l[i]), &(uint64_t){ i * i << (i % 3) }, size);
	}
	asm_fini(&a);
}

/* In small tables the two sizes of one value often meet in a slot. */
static void E1_3_literals_of_two_sizes_and_reset(void **state)
{
	struct asm_buf a;

	(void)state;
	asm_init(&a);
	for (uint64_t round = 0; round < 2000; round++) {
		asm_label l4[10], l8[10];

		if (round % 2)
			asm_reset(&a);			/* the pool is empty again */
		else {
			asm_fini(&a);
			asm_init(&a);
		}
		for (uint64_t i = 0; i < 10; i++) {
			uint64_t x = round * 77 + i;

			l8[i] = asm_literal(&a, &x, 8);
			l4[i] = asm_literal(&a, &x, 4);
			assert_int_not_equal(l4[i], l8[i]);
		}
		assert_int_equal(a.n_lits, 20);
		asm_flush_literals(&a);
		assert_int_equal(a.n, 120);
		assert_int_equal(asm_label_at(&a, l8[9]), 72);
		assert_int_equal(asm_label_at(&a, l4[9]), 116);
		asm_reset(&a);
		assert_int_equal(asm_literal(&a, &(uint64_t){ round * 77 }, 8), 0);
	}
	asm_fini(&a);
}

static void E1_3_dead_reasons(void **state)
{
	struct asm_buf a;
	asm_label l;

	(void)state;
	asm_init(&a);
	l = asm_label_new(&a);
	asm_fix(&a, 0, l, FIELD32, 0);
	asm_u32(&a, 0);
	asm_link(&a, fix);
	assert_int_equal(a.dead, ASM_UNBOUND_LABEL);

	asm_reset(&a);
	assert_int_equal(a.dead, ASM_ALIVE);
	l = asm_label_new(&a);
	asm_fix(&a, 0, l, FIELD8, 0);
	asm_u8(&a, 0);
	for (int i = 0; i < 200; i++)
		asm_u8(&a, 0);
	asm_bind(&a, l);
	asm_link(&a, fix);
	assert_int_equal(a.dead, ASM_OUT_OF_RANGE);

	asm_reset(&a);
	assert_false(asm_grow(&a, ASM_MAX_BYTES + (size_t)1));
	assert_int_equal(a.dead, ASM_OUT_OF_RANGE);
	asm_kill(&a, ASM_NO_MEMORY);
	assert_int_equal(a.dead, ASM_OUT_OF_RANGE);		/* the first reason stays */
	for (int d = ASM_ALIVE; d <= ASM_BAD_INSTRUCTION; d++)
		assert_string_not_equal(asm_dead_text((enum asm_dead)d), "?");
	assert_string_equal(asm_dead_text((enum asm_dead)99), "?");
	asm_fini(&a);
}

/* Once dead, nothing changes and nothing crashes. */
static void E1_3_dead_is_sticky(void **state)
{
	struct asm_buf a;
	asm_label l;
	uint32_t n;

	(void)state;
	asm_init(&a);
	asm_u32(&a, 1);
	n = a.n;
	asm_kill(&a, ASM_NO_MEMORY);
	l = asm_label_new(&a);
	asm_bind(&a, l);
	asm_bind_outside(&a, l, 1);
	asm_fix(&a, 0, l, FIELD32, 0);
	asm_branch(&a, 0, &(struct asm_short){ .n = 2 });
	asm_u64(&a, 1);
	asm_bytes(&a, "abc", 3);
	asm_align(&a, 64, 0);
	asm_literal(&a, "abcd", 4);
	asm_flush_literals(&a);
	asm_relax(&a);
	asm_link(&a, fix);
	assert_null(asm_open(&a));
	assert_false(asm_bound(&a, l));
	assert_int_equal(asm_label_at(&a, l), 0);
	assert_int_equal(asm_moved(&a, 3), 3);
	assert_int_equal(a.n, n);
	assert_int_equal(a.dead, ASM_NO_MEMORY);
	asm_fini(&a);
}

/* Something of everything, so much that every array grows at least once. */
static void exercise(struct asm_buf *a)
{
	asm_label l[200];
	struct asm_short s = { .bytes = { 'S' }, .n = 2, .field = 1, .kind = FIELD8, .reach = 8, .addend = -1 };

	for (unsigned i = 0; i < COUNT_OF(l); i++)
		l[i] = asm_label_new(a);
	for (unsigned i = 0; i < COUNT_OF(l); i++) {
		uint32_t at = a->n;
		uint64_t bits = i % 50;

		asm_u8(a, 'L');
		asm_fix(a, a->n, l[(i + 3) % COUNT_OF(l)], FIELD32, -4);
		asm_u32(a, 0);
		asm_branch(a, at, &s);
		if (i % 2)
			asm_bind_outside(a, l[i], i * 16);
		else
			asm_bind(a, l[i]);
		asm_fix(a, a->n, asm_literal(a, &bits, 8), FIELD32, 0);
		asm_u32(a, 0);
		if (i % 16 == 0)
			asm_align(a, 16, 0xcc);
	}
	asm_flush_literals(a);
	asm_place(a, 4096);
	asm_link(a, fix);
}

static void E1_3_dead_at_every_allocation(void **state)
{
	struct asm_buf a;
	long refused = 0;

	(void)state;
	for (long k = 0;; k++) {
		asm_init(&a);
		base_fail_after(k);
		exercise(&a);
		base_fail_after(-1);
		if (a.dead == ASM_ALIVE)
			break;
		assert_int_equal(a.dead, ASM_NO_MEMORY);
		refused++;
		/* the same buffer works again when there is memory */
		asm_reset(&a);
		exercise(&a);
		assert_int_equal(a.dead, ASM_ALIVE);
		asm_fini(&a);
		assert_int_equal(base_live_bytes(), 0);
	}
	print_message("died well at each of %ld allocations\n", refused);
	assert_true(refused >= 12);
	asm_fini(&a);
	assert_int_equal(base_live_bytes(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(E1_3_bytes_are_little_endian),
		cmocka_unit_test(E1_3_align),
		cmocka_unit_test(E2_4_labels_and_fixups),
		cmocka_unit_test(E2_4_placing),
		cmocka_unit_test(E1_3_literals_are_shared_and_aligned),
		cmocka_unit_test(E1_3_many_literals),
		cmocka_unit_test(E1_3_literals_of_two_sizes_and_reset),
		cmocka_unit_test(E1_3_dead_reasons),
		cmocka_unit_test(E1_3_dead_is_sticky),
		cmocka_unit_test(E1_3_dead_at_every_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
