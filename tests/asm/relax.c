/* SPDX-License-Identifier: MIT
 * relax.c - asm_relax on a toy machine: 'L' with a 32-bit or 'S' with an 8-bit distance is a branch, all else is data.
 *
 * Random programs of branches, data, padding, labels and literals are relaxed and linked; then the items are walked side by
 * side with the bytes. Whatever is checked is found from the bytes, not from the tables of the buffer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "asm/asm.h"

enum { FIELD8, FIELD32 };
enum what { DATA, BRANCH, ALIGN, LABEL, FIELD, N_WHAT };
enum { MAX_ITEMS = 4000 };

struct item {
	enum what what;
	uint32_t n;			/* DATA: bytes. ALIGN: to. BRANCH, FIELD, LABEL: number of the label item */
	asm_label label;		/* bound at the start of the item; for LABEL items, the one branches name */
	uint32_t old;			/* plain offset of the start while emitting */
	uint32_t at;			/* found by the walk */
};

static struct item items[MAX_ITEMS];
static const struct asm_short short_form = { .bytes = { 'S' }, .n = 2, .field = 1, .kind = FIELD8, .reach = 8, .addend = -1 };

static bool fix(uint8_t *field, uint8_t kind, int64_t distance)
{
	if (kind == FIELD8) {
		memcpy(field, &(int8_t){ (int8_t)distance }, 1);
		return distance == (int8_t)distance;
	}
	memcpy(field, &(int32_t){ (int32_t)distance }, 4);
	return true;
}

static void fill_a(uint8_t *at, uint32_t n) { memset(at, 'a', n); }

static void branch_to(struct asm_buf *a, asm_label l)
{
	uint32_t at = a->n;

	asm_u8(a, 'L');
	asm_fix(a, a->n, l, FIELD32, -4);
	asm_u32(a, 0);
	asm_branch(a, at, &short_form);
}

static void emit(struct asm_buf *a, uint32_t n_items, bool mark_all)
{
	for (uint32_t i = 0; i < n_items; i++)
		items[i].label = asm_label_new(a);
	for (uint32_t i = 0; i < n_items; i++) {
		struct item *it = &items[i];

		it->old = a->n;
		if (mark_all || it->what == LABEL)
			asm_bind(a, it->label);
		switch (it->what) {
		case DATA:
			for (uint32_t k = 0; k < it->n; k++)
				asm_u8(a, 'd');
			break;
		case BRANCH: branch_to(a, items[it->n].label); break;
		case ALIGN: asm_align_with(a, it->n, fill_a); break;
		case FIELD:
			if (i % 2)
				asm_fix(a, a->n, items[it->n].label, FIELD32, 0);
			asm_u32(a, 0);
			break;
		case LABEL: case N_WHAT: break;
		}
	}
	for (uint32_t i = n_items; i-- > 0;)	/* fixups need not come in the order of the code */
		if (items[i].what == FIELD && i % 2 == 0)
			asm_fix(a, items[i].old, items[items[i].n].label, FIELD32, 0);
}

/* Finds where each item is, from the bytes alone. Returns the number of short branches. */
static uint32_t walk(const struct asm_buf *a, uint32_t n_items)
{
	uint32_t at = 0, n_short = 0;

	for (uint32_t i = 0; i < n_items; i++) {
		struct item *it = &items[i];

		it->at = at;
		switch (it->what) {
		case DATA:
			for (uint32_t k = 0; k < it->n; k++)
				assert_int_equal(a->at[at + k], 'd');
			at += it->n;
			break;
		case BRANCH:
			assert_true(a->at[at] == 'S' || a->at[at] == 'L');
			n_short += a->at[at] == 'S';
			at += a->at[at] == 'S' ? 2 : 5;
			break;
		case ALIGN:
			for (; at % it->n; at++)
				assert_int_equal(a->at[at], 'a');
			break;
		case FIELD: at += 4; break;
		case LABEL: case N_WHAT: break;
		}
		assert_in_range(at, 0, a->n);
	}
	assert_int_equal(at, a->n);
	return n_short;
}

/* Plain offsets cannot tell both ends of empty padding. */
static bool right_behind_padding(uint32_t i)
{
	while (i > 0 && (items[i - 1].what == LABEL || (items[i - 1].what == DATA && items[i - 1].n == 0)))
		i--;
	return i > 0 && items[i - 1].what == ALIGN;
}

/* Targets, labels, plain offsets; without padding also that no long branch could have been short. */
static void check(const struct asm_buf *a, uint32_t n_items, bool mark_all, bool padding)
{
	for (uint32_t i = 0; i < n_items; i++) {
		const struct item *it = &items[i];
		int64_t distance;
		int32_t d32;

		if (mark_all || it->what == LABEL)
			assert_int_equal(asm_label_at(a, it->label), it->at);
		if (!right_behind_padding(i))
			assert_int_equal(asm_moved(a, it->old), it->at);
		if (it->what != BRANCH && it->what != FIELD)
			continue;
		distance = (int64_t)items[it->n].at - it->at;
		if (it->what == BRANCH && a->at[it->at] == 'S') {
			assert_int_equal((int8_t)a->at[it->at + 1], distance - 2);
			continue;
		}
		memcpy(&d32, a->at + it->at + (it->what == BRANCH), 4);
		assert_int_equal(d32, it->what == BRANCH ? distance - 5 : distance);
		if (it->what == BRANCH && !padding) {
			/* shortened alone, a forward one would span as much, a backward one as well */
			int64_t span = distance > 0 ? distance - 5 : distance - 2;

			assert_false(span >= -128 && span <= 127);
		}
	}
}

static void E2_4_random_programs(void **state)
{
	enum { PROGRAMS = 3000 };
	uint64_t seed = 1;
	uint32_t n_short = 0, n_branch = 0;
	struct asm_buf a;

	(void)state;
	asm_init(&a);
	for (unsigned p = 0; p < PROGRAMS; p++) {
		uint64_t first_seed = seed;
		bool padding = p % 2, mark_all = p % 3 == 0;
		uint32_t n_items = 2 + random_below(&seed, p % 100 == 0 ? MAX_ITEMS - 2 : 200);
		uint32_t most = 1 + random_below(&seed, 60), reach = 2 + random_below(&seed, 40), n_labels = 0;
		static uint32_t labels[MAX_ITEMS];

		for (uint32_t i = 0; i < n_items; i++) {
			items[i] = (struct item){ .what = (enum what)random_below(&seed, N_WHAT) };
			if (items[i].what == ALIGN && !padding)
				items[i].what = DATA;
			if (i == 0)
				items[i].what = LABEL;
			if (items[i].what == LABEL)
				labels[n_labels++] = i;
		}
		for (uint32_t i = 0, k = 0; i < n_items; i++) {
			struct item *it = &items[i];

			k += it->what == LABEL;		/* labels before here */
			if (it->what == DATA)
				it->n = random_below(&seed, most);
			else if (it->what == ALIGN)
				it->n = 1u << random_below(&seed, 6);
			else {
				uint32_t lo = k > reach ? k - reach : 0, hi = k + reach < n_labels ? k + reach : n_labels;
				it->n = labels[lo + random_below(&seed, hi - lo)];
			}
		}
		asm_reset(&a);
		emit(&a, n_items, mark_all);
		asm_relax(&a);
		asm_link(&a, fix);
		if (a.dead != ASM_ALIVE)
			fail_msg("program %u, seed %llu: %s", p, (unsigned long long)first_seed, asm_dead_text(a.dead));
		n_short += walk(&a, n_items);
		check(&a, n_items, mark_all, padding);
		for (uint32_t i = 0; i < n_items; i++)
			n_branch += items[i].what == BRANCH;
	}
	print_message("%d programs, %u branches, %u of them short\n", PROGRAMS, n_branch, n_short);
	assert_in_range(n_short, n_branch / 4, n_branch - n_branch / 20);
	asm_fini(&a);
}

/* Each branch spans the next one with the distance 127; the last one is far, so they fall over one by one, in more rounds
 * than the limit. All must end long and right. */
static void E2_4_domino(void **state)
{
	enum { N = 300 };
	struct asm_buf a;
	uint32_t n = 0;

	(void)state;
	/* branch i | data 63 | branch i+1 | data 62 | label i | data 1 | branch i+2 ... */
	for (uint32_t i = 0; i < N; i++) {
		items[n++] = (struct item){ .what = BRANCH, .n = 4 * i + 6 };
		items[n++] = (struct item){ .what = DATA, .n = 62 };
		items[n++] = (struct item){ .what = LABEL };
		items[n++] = (struct item){ .what = DATA, .n = 1 };
	}
	items[n++] = (struct item){ .what = DATA, .n = 400 };
	items[n++] = (struct item){ .what = LABEL };
	for (uint32_t i = 0; i < n; i++)
		if (items[i].what == BRANCH && items[i].n >= n - 2)
			items[i].n = n - 1;
	asm_init(&a);
	emit(&a, n, true);
	asm_link(&a, fix);
	assert_int_equal(a.dead, ASM_ALIVE);
	assert_int_equal(walk(&a, n), 0);
	check(&a, n, true, false);
	asm_fini(&a);
}

/* The same chain without the far end stays short altogether. */
static void E2_4_chain_stays_short(void **state)
{
	struct asm_buf a;
	uint32_t n = 0;

	(void)state;
	for (uint32_t i = 0; i < 300; i++) {
		items[n++] = (struct item){ .what = BRANCH, .n = 4 * i + 6 };
		items[n++] = (struct item){ .what = DATA, .n = 62 };
		items[n++] = (struct item){ .what = LABEL };
		items[n++] = (struct item){ .what = DATA, .n = 1 };
	}
	items[n - 4].n = n - 2;
	asm_init(&a);
	emit(&a, n, true);
	asm_link(&a, fix);
	assert_int_equal(walk(&a, n), 300);
	check(&a, n, true, false);
	asm_fini(&a);
}

/* A label before and one behind padding that was empty and grows. */
static void E2_4_labels_at_empty_padding(void **state)
{
	struct asm_buf a;
	asm_label end, before, behind;
	uint32_t old;

	(void)state;
	asm_init(&a);
	end = asm_label_new(&a);
	before = asm_label_new(&a);
	behind = asm_label_new(&a);
	branch_to(&a, end);
	asm_bind(&a, end);
	asm_bytes(&a, "ddd", 3);
	old = a.n;
	asm_bind(&a, before);
	asm_align_with(&a, 8, fill_a);
	asm_bind(&a, behind);
	asm_fix(&a, a.n, before, FIELD32, 0);
	asm_u32(&a, 0);
	asm_link(&a, fix);
	assert_int_equal(a.n, 12);
	assert_memory_equal(a.at, "S\0dddaaa\xfd\xff\xff\xff", 12);
	assert_int_equal(asm_label_at(&a, before), 5);
	assert_int_equal(asm_label_at(&a, behind), 8);
	assert_int_equal(asm_moved(&a, old), 5);
	asm_fini(&a);
}

/* Literals stay aligned when the code before them shrinks. */
static void E2_4_literals_after_relaxing(void **state)
{
	struct asm_buf a;
	asm_label end, l;

	(void)state;
	asm_init(&a);
	for (int k = 1; k < 20; k++) {
		asm_reset(&a);
		end = asm_label_new(&a);
		l = asm_literal(&a, "0123456789abcdef", 16);
		for (int i = 0; i < k; i++)
			branch_to(&a, end);
		asm_bind(&a, end);
		asm_fix(&a, a.n, l, FIELD32, 0);
		asm_u32(&a, 0);
		asm_flush_literals(&a);
		asm_link(&a, fix);
		assert_int_equal(a.dead, ASM_ALIVE);
		assert_int_equal(asm_label_at(&a, end), 2 * k);
		assert_int_equal(asm_label_at(&a, l) % 16, 0);
		assert_memory_equal(a.at + asm_label_at(&a, l), "0123456789abcdef", 16);
		assert_int_equal(a.at[2 * k], asm_label_at(&a, l) - asm_label_at(&a, end));
	}
	asm_fini(&a);
}

/* A branch to the outside or to nowhere keeps its long form. */
static void E2_4_outside_stays_long(void **state)
{
	struct asm_buf a;
	asm_label l;

	(void)state;
	asm_init(&a);
	l = asm_label_new(&a);
	branch_to(&a, l);
	branch_to(&a, l);
	asm_bind_outside(&a, l, 0x1000);
	asm_place(&a, 0x2000);
	asm_link(&a, fix);
	assert_int_equal(a.dead, ASM_ALIVE);
	assert_int_equal(a.n, 10);
	assert_memory_equal(a.at, "L\xfb\xef\xff\xffL\xf6\xef\xff\xff", 10);
	asm_reset(&a);
	branch_to(&a, asm_label_new(&a));
	asm_link(&a, fix);
	assert_int_equal(a.dead, ASM_UNBOUND_LABEL);
	asm_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(E2_4_random_programs),
		cmocka_unit_test(E2_4_domino),
		cmocka_unit_test(E2_4_chain_stays_short),
		cmocka_unit_test(E2_4_labels_at_empty_padding),
		cmocka_unit_test(E2_4_literals_after_relaxing),
		cmocka_unit_test(E2_4_outside_stays_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
