/* SPDX-License-Identifier: MIT
 * place.c - W7, M2 to M4: the region is within reach of its anchor wherever the anchor is, uses the one hole of a full
 * neighbourhood, gets smaller to fit, says so when nothing fits, and is not where it was last time.
 */
#include "code_test.h"

#include <sys/mman.h>

static const size_t two_gib = (size_t)2 << 30;

/* Distance of the farther end of the region from the anchor. */
static uint64_t distance(const struct code_space *s, uintptr_t anchor)
{
	struct code_stats st;
	uintptr_t low, high;

	code_get_stats(s, &st);
	low = (uintptr_t)st.region;
	high = low + st.reserved;
	return (low > anchor ? high - anchor : anchor > high ? anchor - low
		: anchor - low > high - anchor ? anchor - low : high - anchor);
}

/* The mappings next to a region. */
struct neighbours {
	uintptr_t low, high;		/* the region with its guards */
	uintptr_t below, above;
};

static bool see(const struct os_map *m, void *arg)
{
	struct neighbours *n = arg;

	if (m->to <= n->low)
		n->below = m->to;
	if (m->from >= n->high && n->above == 0)
		n->above = m->from;
	return true;
}

/* The heap below and the stack above have room to grow. */
static void near_the_library(void **state)
{
	for (int i = 0; i < 30; i++) {
		struct code_space *s = open_mode(state);
		struct neighbours n = { 0 };
		struct code_stats st;

		code_get_stats(s, &st);
		n.low = (uintptr_t)st.region - CODE_UNIT;
		n.high = (uintptr_t)st.region + st.reserved + CODE_UNIT;
		assert_true(os_maps(see, &n));
		assert_true(n.low - n.below >= 128 << 20 && n.above - n.high >= 128 << 20);
		assert_true(distance(s, (uintptr_t)code_open) < two_gib - (16 << 20));
		code_close(s);
	}
}

/* Calls between any two of: code, its anchor. All displacements fit 32 bits. */
static void near_any_anchor(void **state)
{
	int local;
	void *heap = malloc(1);
	uintptr_t anchors[] = { (uintptr_t)code_open, (uintptr_t)&local, (uintptr_t)heap, (uintptr_t)printf, 0x10000,
		(uintptr_t)1 << 31, (uintptr_t)0x123456789000, (uintptr_t)0x7ffff0000000, 1 };

	for (unsigned i = 0; i < COUNT_OF(anchors); i++) {
		struct code_space *s = open_with((struct code_options){ .anchor = (void *)anchors[i],
			.force = *(enum code_mode *)*state });
		struct code_block b;

		if (BASE_ASAN && anchors[i] == (uintptr_t)heap && s == NULL)
			continue;		/* the sanitizer's heap is one reservation of terabytes */
		assert_non_null(s);
		assert_true(distance(s, anchors[i]) < two_gib);
		assert_int_equal(publish_const(s, 3, 0, &b), CODE_OK);
		assert_int_equal(call(&b), 3);
		code_close(s);
	}
	free(heap);
}

/* The reach of AArch64's b and bl. */
static void within_128_mib(void **state)
{
	const size_t reach = (size_t)128 << 20;
	uintptr_t anchor = (uintptr_t)0x200000000000;
	struct code_space *s = open_with((struct code_options){ .anchor = (void *)anchor, .reach = reach,
		.force = *(enum code_mode *)*state });

	assert_non_null(s);
	assert_true(distance(s, anchor) < reach);
	code_close(s);
}

/* More than there is within reach: halved until it fits. */
static void an_absurd_reserve_is_halved(void **state)
{
	static const size_t sizes[] = { SIZE_MAX, (size_t)1 << 40, (size_t)4 << 30, (size_t)3 << 30 };

	for (unsigned i = 0; i < COUNT_OF(sizes); i++) {
		struct code_space *s = open_with((struct code_options){ .reserve = sizes[i], .anchor = (void *)0x200000000000,
			.force = *(enum code_mode *)*state });
		struct code_stats st;

		assert_non_null(s);
		code_get_stats(s, &st);
		assert_true(st.reserved >= two_gib / 4 && st.reserved <= two_gib);
		assert_true(distance(s, 0x200000000000) < two_gib);
		code_close(s);
	}
}

/* 8 GiB around the anchor are taken, but for one hole. */
static void a_full_neighbourhood(void **state)
{
	const size_t all = (size_t)8 << 30;
	uint8_t *p = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uintptr_t anchor = (uintptr_t)p + all / 2;
	struct code_options o = { .anchor = (void *)anchor, .trap = TRAP, .force = *(enum code_mode *)*state };
	static const size_t holes[] = { 3 << 16, 1 << 20, 5 << 20, 100 << 20 };
	struct code_space *s;
	struct code_stats st;
	char why[200] = "";

	assert_true(p != MAP_FAILED);
	assert_int_equal(code_open(&o, &s, why, sizeof why), CODE_NO_MEMORY);
	assert_null(s);
	assert_non_null(strstr(why, "no free address space within reach"));
	for (unsigned i = 0; i < COUNT_OF(holes); i++)
		for (int side = -1; side <= 1; side += 2) {
			size_t align = -(uintptr_t)p % CODE_UNIT;
			uint8_t *hole = p + align + all / 2 + side * ((ptrdiff_t)1 << 30);
			struct code_block b;

			munmap(hole, holes[i]);
			s = open_with(o);
			assert_non_null(s);
			code_get_stats(s, &st);
			assert_true(st.region >= hole && st.region + st.reserved <= hole + holes[i]);
			assert_true(st.reserved >= holes[i] / 4);
			assert_true(distance(s, anchor) < two_gib);
			assert_int_equal(publish_const(s, 11, 0, &b), CODE_OK);
			assert_int_equal(call(&b), 11);
			code_close(s);
			assert_ptr_equal(mmap(hole, holes[i], PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0), hole);
		}
	/* a hole just out of reach is none */
	munmap(p + all / 2 + two_gib, (size_t)64 << 20);
	assert_int_equal(code_open(&o, &s, NULL, 0), CODE_NO_MEMORY);
	munmap(p, all);
}

/* The region, the first block's unit and its place in the page differ from run to run; a seed repeats them. */
static void start_is_random(void **state)
{
	uintptr_t region[20], in_region[20];
	unsigned regions = 0, offsets = 0;

	for (int i = 0; i < 20; i++) {
		struct code_space *s = open_mode(state);
		struct code_block b;
		struct code_stats st;

		code_get_stats(s, &st);
		assert_int_equal(publish_const(s, i, 0, &b), CODE_OK);
		region[i] = (uintptr_t)st.region;
		in_region[i] = (uintptr_t)b.rx - region[i];
		code_close(s);
	}
	for (int i = 1; i < 20; i++) {
		regions += region[i] != region[i - 1];
		offsets += in_region[i] != in_region[i - 1] && in_region[i] % 4096 != in_region[i - 1] % 4096;
	}
	assert_true(regions >= 15 && offsets >= 15);
	for (int i = 0; i < 2; i++) {
		struct code_space *s = open_with((struct code_options){ .seed = 5, .force = *(enum code_mode *)*state });
		struct code_block b;
		struct code_stats st;

		assert_non_null(s);
		code_get_stats(s, &st);
		assert_int_equal(publish_const(s, i, 0, &b), CODE_OK);
		in_region[i] = (uintptr_t)(b.rx - st.region);
		code_close(s);
	}
	assert_int_equal(in_region[0], in_region[1]);
}

/* W6: one byte before and one byte after the region cannot be touched. */
static int touch(void *arg)
{
	return *(volatile uint8_t *)arg;
}

static void guards_on_both_sides(void **state)
{
	struct code_space *s = open_with((struct code_options){ .reserve = CODE_UNIT, .force = *(enum code_mode *)*state });
	struct code_stats st;

	assert_non_null(s);
	code_get_stats(s, &st);
	assert_int_equal(st.committed, CODE_UNIT);
	assert_int_equal(in_child(touch, (void *)st.region), TRAP);
	assert_int_equal(in_child(touch, (void *)(st.region - 1)), 1000 + SIGSEGV);
	assert_int_equal(in_child(touch, (void *)(st.region + CODE_UNIT)), 1000 + SIGSEGV);
	code_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_BOTH_MODES(near_the_library),
		IN_BOTH_MODES(near_any_anchor),
		IN_BOTH_MODES(within_128_mib),
		IN_BOTH_MODES(an_absurd_reserve_is_halved),
		IN_BOTH_MODES(a_full_neighbourhood),
		IN_BOTH_MODES(start_is_random),
		IN_BOTH_MODES(guards_on_both_sides),
	};

	return cmocka_run_group_tests_name("code place", tests, NULL, NULL);
}
