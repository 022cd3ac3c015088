/* SPDX-License-Identifier: MIT
 * block.c - E1.4, E1.6, C: the life of a block: published code runs, wrong uses are refused and change nothing,
 * code is found by pc, holes hold traps, small functions share pages, budgets hold, memory refused at any point is survived.
 */
#include "code_test.h"

/* E1.4: compiled code is callable as a C function pointer. */
static void returns_42_and_adds_two(void **state)
{
	struct code_space *s = open_mode(state);
	struct code_block c, a;

	assert_int_equal(publish_const(s, 42, 0, &c), CODE_OK);
	assert_int_equal(publish(s, add_two, sizeof add_two, sizeof add_two, &a), CODE_OK);
	assert_int_equal(call(&c), 42);
	assert_int_equal(((fn_int2)(uintptr_t)a.rx)(40, 2), 42);
	assert_int_equal(((fn_int2)(uintptr_t)a.rx)(-1, 1), 0);
	assert_int_equal(code_free(s, &c), CODE_OK);
	assert_int_equal(((fn_int2)(uintptr_t)a.rx)(1, 2), 3);		/* its neighbour is gone */
	code_close(s);
}

static void written_in_pieces(void **state)
{
	struct code_space *s = open_mode(state);
	uint8_t bytes[CONST_BYTES];
	struct code_block b;

	const_fn(bytes, 1234567);
	assert_int_equal(code_alloc(s, 1000, &b), CODE_OK);
	for (uint32_t i = CONST_BYTES; i-- > 0;)
		assert_int_equal(code_write(s, &b, i, bytes + i, 1), CODE_OK);
	assert_int_equal(code_seal(s, &b), CODE_OK);
	assert_int_equal(call(&b), 1234567);
	for (uint32_t i = CONST_BYTES; i < b.room; i++)
		assert_int_equal(b.rx[i], TRAP);
	code_close(s);
}

static void two_unsealed_at_once(void **state)
{
	struct code_space *s = open_mode(state);
	struct code_block b[3];

	for (int i = 0; i < 3; i++) {
		uint8_t bytes[CONST_BYTES];

		const_fn(bytes, i);
		assert_int_equal(code_alloc(s, CONST_BYTES, &b[i]), CODE_OK);
		assert_int_equal(code_write(s, &b[i], 0, bytes, sizeof bytes), CODE_OK);
	}
	assert_int_equal(code_seal(s, &b[1]), CODE_OK);
	assert_int_equal(call(&b[1]), 1);
	assert_int_equal(b[0].rx[0], TRAP);
	assert_int_equal(code_free(s, &b[0]), CODE_OK);		/* never sealed */
	assert_int_equal(code_seal(s, &b[2]), CODE_OK);
	assert_int_equal(call(&b[2]), 2);
	assert_true(code_check(s));
	assert_int_equal(code_alloc(s, 16, &b[0]), CODE_OK);	/* unsealed at the close: nothing leaks */
	code_close(s);
}

/* Every wrong use is refused with a status of its own and changes nothing. */
static void wrong_uses_are_refused(void **state)
{
	struct code_space *s = open_mode(state), *other = open_mode(state);
	struct code_block b, c, stale, in, foreign, none = { NULL, 0, 0 };
	struct code_stats before, after;
	uint8_t byte = 0;
	char *heap = malloc(64);

	assert_int_equal(code_alloc(s, 0, &c), CODE_BAD_ARG);
	assert_int_equal(code_alloc(s, SIZE_MAX, &c), CODE_BUDGET);
	assert_int_equal(code_alloc(s, (size_t)1 << 62, &c), CODE_BUDGET);
	assert_null(c.rx);
	assert_int_equal(publish_const(s, 7, 40, &b), CODE_OK);
	code_get_stats(s, &before);
	in = b;
	in.rx += 16;
	in.size -= 16;
	in.room -= 16;
	foreign = (struct code_block){ (uint8_t *)heap, 40, 48 };
	struct code_block *wrong[] = { &none, &in, &foreign, &(struct code_block){ (uint8_t *)&byte, 40, 48 },
		&(struct code_block){ b.rx, 41, 48 }, &(struct code_block){ b.rx, 40, 64 },
		&(struct code_block){ b.rx + 1, 40, 48 }, &(struct code_block){ b.rx + (1 << 20), 40, 48 }, NULL };
	for (unsigned i = 0; i < COUNT_OF(wrong); i++) {
		assert_int_equal(code_write(s, wrong[i], 0, &byte, 1), CODE_BAD_ARG);
		assert_int_equal(code_seal(s, wrong[i]), CODE_BAD_ARG);
		assert_int_equal(code_free(s, wrong[i]), CODE_BAD_ARG);
	}
	assert_int_equal(code_seal(s, &b), CODE_BAD_ARG);		/* twice */
	assert_int_equal(code_write(s, &b, 0, &byte, 1), CODE_BAD_ARG);	/* after seal */
	assert_int_equal(code_free(other, &b), CODE_BAD_ARG);
	code_get_stats(s, &after);
	assert_memory_equal(&before, &after, sizeof before);
	assert_int_equal(call(&b), 7);

	assert_int_equal(code_alloc(s, 100, &c), CODE_OK);
	assert_int_equal(code_write(s, &c, 100, &byte, 1), CODE_BAD_ARG);
	assert_int_equal(code_write(s, &c, 99, &byte, 2), CODE_BAD_ARG);
	assert_int_equal(code_write(s, &c, 1, &byte, SIZE_MAX), CODE_BAD_ARG);
	assert_int_equal(code_write(s, &c, 99, &byte, 1), CODE_OK);
	assert_int_equal(code_write(s, &c, 100, &byte, 0), CODE_OK);

	stale = b;
	assert_int_equal(code_free(s, &b), CODE_OK);
	assert_null(b.rx);
	assert_int_equal(code_free(s, &b), CODE_BAD_ARG);
	assert_int_equal(code_free(s, &stale), CODE_BAD_ARG);
	assert_int_equal(code_seal(s, &stale), CODE_BAD_ARG);
	assert_true(code_check(s));
	free(heap);
	code_close(other);
	code_close(s);
	code_close(NULL);
}

/* W5: 100,000 functions of 16 bytes fit 8 MiB and need under 64 mappings more. */
static bool count_mapping(const struct os_map *m, void *arg)
{
	(void)m;
	++*(unsigned *)arg;
	return true;
}

static void a_hundred_thousand_small_functions(void **state)
{
	enum { N = 100000 };
	struct code_block *b = malloc(N * sizeof *b);
	unsigned before = 0, after = 0;
	struct code_space *s;
	struct code_stats st;

	assert_true(os_maps(count_mapping, &before));
	s = open_with((struct code_options){ .reserve = 8 << 20, .force = *(enum code_mode *)*state });
	assert_non_null(s);
	for (int i = 0; i < N; i++)
		assert_int_equal(publish_const(s, i, 16, &b[i]), CODE_OK);
	assert_true(os_maps(count_mapping, &after));
	assert_true(after < before + 64);
	for (int i = 0; i < N; i++)
		assert_int_equal(call(&b[i]), i);
	code_get_stats(s, &st);
	assert_int_equal(st.live, N * 16);
	assert_true(st.committed < (size_t)2 << 20);	/* 1.6 MB of code */
	assert_true(code_check(s));
	for (int i = 0; i < N; i += 2)			/* half of them go, the rest stay */
		assert_int_equal(code_free(s, &b[i]), CODE_OK);
	for (int i = 1; i < N; i += 2)
		assert_int_equal(call(&b[i]), i);
	assert_true(code_check(s));
	code_close(s);
	free(b);
}

/* ---- random life against a model ------------------------------------------------------ */

enum { SLOTS = 300 };

struct model {
	struct code_block b[SLOTS];
	uint8_t fill[SLOTS];
};

/* Content of every block, traps in every hole, every pc found or not found. */
static void check_all(const struct code_space *s, const struct model *m, const uint8_t *low, size_t size)
{
	uint8_t *owner = calloc(size / 16, 1);
	struct code_block f;

	assert_true(code_check(s));
	for (int i = 0; i < SLOTS; i++) {
		const struct code_block *b = &m->b[i];

		if (b->rx == NULL)
			continue;
		assert_int_equal((uintptr_t)b->rx % 16, 0);
		for (uint32_t k = 0; k < b->room; k += 16) {
			assert_int_equal(owner[(size_t)(b->rx + k - low) / 16], 0);	/* no two overlap */
			owner[(size_t)(b->rx + k - low) / 16] = 1;
		}
		for (uint32_t k = 0; k < b->room; k++)
			assert_int_equal(b->rx[k], k < b->size ? m->fill[i] : TRAP);
		uint32_t probe[] = { 0, b->size / 2, b->size - 1 };
		for (unsigned k = 0; k < COUNT_OF(probe); k++) {
			assert_true(code_find(s, b->rx + probe[k], &f));
			assert_memory_equal(&f, b, sizeof f);
		}
	}
	for (size_t g = 0; g < size / 16; g++)
		if (!owner[g])
			assert_false(code_find(s, low + g * 16, &f));
	assert_false(code_find(s, low - 1, &f));
	assert_false(code_find(s, low + size, &f));
	assert_false(code_find(s, NULL, &f));
	assert_false(code_find(s, &f, &f));
	free(owner);
}

struct hole_scan {
	const struct code_space *s;
	const uint8_t *low, *high;
	size_t bytes;
	bool ok;
};

static bool scan_holes(const struct os_map *m, void *arg)
{
	struct hole_scan *h = arg;
	const uint8_t *p = (const uint8_t *)m->from, *to = (const uint8_t *)m->to;
	struct code_block f;

	p = p > h->low ? p : h->low;
	to = to < h->high ? to : h->high;
	if (p >= to || !m->executable)
		return true;
	h->ok &= m->readable && !m->writable;
	h->bytes += (size_t)(to - p);
	while (p < to) {
		if (code_find(h->s, p, &f)) {
			p = f.rx + f.room;
			continue;
		}
		h->ok &= *p++ == TRAP;
	}
	return true;
}

static void random_life(void **state)
{
	static struct model m;
	static uint8_t bytes[300000];
	enum { RESERVE = 8 << 20 };
	uint64_t rnd = 7;
	struct code_options o = { .reserve = RESERVE, .force = *(enum code_mode *)*state, .seed = 99 };
	struct code_space *s = open_with(o);
	struct code_stats st;
	const uint8_t *low;

	assert_non_null(s);
	memset(&m, 0, sizeof m);
	assert_int_equal(code_alloc(s, 16, &m.b[0]), CODE_OK);
	code_get_stats(s, &st);
	assert_int_equal(st.reserved, RESERVE);
	low = st.region;
	assert_true(m.b[0].rx >= low && m.b[0].rx < low + RESERVE);
	assert_int_equal(code_free(s, &m.b[0]), CODE_OK);
	for (int step = 0; step < 20000; step++) {
		uint32_t i = random_below(&rnd, SLOTS);
		struct code_block *b = &m.b[i];

		if (b->rx != NULL) {
			assert_int_equal(code_free(s, b), CODE_OK);
		} else {
			uint32_t kind = random_below(&rnd, 100);
			uint32_t n = 1 + random_below(&rnd, kind < 60 ? 200 : kind < 97 ? 5000 : 250000);
			enum code_status got;

			m.fill[i] = (uint8_t)(1 + random_below(&rnd, 100));
			memset(bytes, m.fill[i], n);
			got = publish(s, bytes, n, n, b);
			assert_true(got == CODE_OK || got == CODE_BUDGET);
		}
		if (step % 2000 == 0) {
			struct hole_scan h = { s, low, low + RESERVE, 0, true };

			check_all(s, &m, low, RESERVE);
			assert_true(os_maps(scan_holes, &h));
			code_get_stats(s, &st);
			assert_true(h.ok);
			assert_int_equal(h.bytes, st.committed);
			assert_true(st.free_holes + st.live <= st.committed);
		}
	}
	for (int i = 0; i < SLOTS; i++)
		if (m.b[i].rx != NULL)
			assert_int_equal(code_free(s, &m.b[i]), CODE_OK);
	code_get_stats(s, &st);
	assert_int_equal(st.live, 0);
	assert_int_equal(st.published, st.freed - 1);	/* one was never sealed */
	assert_true(st.committed <= 17 * 65536);
	code_close(s);
}

/* One block may be larger than any unit, and the region may be used up to the last granule. */
static void large_blocks(void **state)
{
	enum { RESERVE = 4 << 20 };
	struct code_space *s = open_with((struct code_options){ .reserve = RESERVE, .force = *(enum code_mode *)*state });
	uint8_t *bytes = malloc(RESERVE);
	struct code_block b, f;
	size_t most = 0;

	assert_non_null(s);
	memset(bytes, 1, RESERVE);
	for (size_t n = RESERVE; n > 16; n -= n / 50 + 1) {
		enum code_status got = publish(s, bytes, n, n, &b);

		if (got == CODE_BUDGET)
			continue;
		assert_int_equal(got, CODE_OK);
		most = most > n ? most : n;
		assert_true(code_find(s, b.rx + n - 1, &f) && f.rx == b.rx);
		assert_int_equal(b.rx[n - 1], 1);
		assert_int_equal(code_free(s, &b), CODE_OK);
		assert_true(code_check(s));
	}
	assert_true(most >= RESERVE / 3);	/* the pad of the random start may lie in the middle */
	code_close(s);
	free(bytes);
}

static void region_is_filled_to_the_last_granule(void **state)
{
	enum { RESERVE = 128 << 10 };
	struct code_space *s = open_with((struct code_options){ .reserve = RESERVE, .force = *(enum code_mode *)*state });
	struct code_block b;
	struct code_stats st;
	unsigned n = 0;

	assert_non_null(s);
	while (publish_const(s, 1, 16, &b) == CODE_OK)
		n++;
	assert_int_equal(publish_const(s, 1, 16, &b), CODE_BUDGET);
	code_get_stats(s, &st);
	assert_int_equal(st.free_holes, 0);
	assert_int_equal(st.committed, RESERVE);
	assert_true(n >= RESERVE / 16 - 256);
	assert_true(code_check(s));
	code_close(s);
}

static void budget_holds(void **state)
{
	struct code_space *s = open_with((struct code_options){ .budget = 5000, .force = *(enum code_mode *)*state });
	struct code_block b[400];
	struct code_stats st;
	int n = 0;

	assert_non_null(s);
	while (n < 400 && publish_const(s, n, 33, &b[n]) == CODE_OK)
		n++;
	assert_int_equal(n, 5000 / 48);
	assert_int_equal(code_alloc(s, 5000 - (size_t)n * 48 + 1, &b[n]), CODE_BUDGET);
	assert_int_equal(code_alloc(s, 16, &b[n]), 5000 - n * 48 >= 16 ? CODE_OK : CODE_BUDGET);
	code_get_stats(s, &st);
	assert_true(st.peak <= 5000 && st.live == st.peak);
	assert_int_equal(code_free(s, &b[0]), CODE_OK);		/* freeing returns budget */
	assert_int_equal(publish_const(s, 9, 33, &b[0]), CODE_OK);
	assert_int_equal(call(&b[0]), 9);
	code_close(s);
}

/* Every k-th allocation refused: a status, no leak, what runs keeps running. */
static void memory_refused_at_every_point(void **state)
{
	long before = base_live_bytes();
	bool whole = false;

	for (long k = 0; !whole; k++) {
		struct code_options o = { .reserve = 1 << 20, .trap = TRAP, .force = *(enum code_mode *)*state };
		struct code_space *s;
		char why[100] = "";
		enum code_status st;

		base_fail_after(k);
		st = code_open(&o, &s, why, sizeof why);
		if (st == CODE_OK) {
			struct code_block b[12];
			int n = 0;

			while (n < 12 && st == CODE_OK) {
				st = publish_const(s, n, 30000, &b[n]);
				n += st == CODE_OK;
			}
			whole = st == CODE_OK;
			for (int i = 0; i < n; i++)
				assert_int_equal(call(&b[i]), i);
			assert_true(code_check(s));
			base_fail_after(-1);
			if (st != CODE_OK) {
				assert_int_equal(publish_const(s, 5, 30000, &b[n]), CODE_OK);	/* goes on */
				assert_int_equal(call(&b[n]), 5);
			}
			for (int i = 0; i < n; i++)
				assert_int_equal(code_free(s, &b[i]), CODE_OK);
			assert_true(code_check(s));
			code_close(s);
		} else {
			assert_null(s);
			assert_string_equal(why, "out of memory");
		}
		base_fail_after(-1);
		assert_true(st == CODE_OK || st == CODE_NO_MEMORY);
		assert_int_equal(base_live_bytes(), before);
		assert_true(k < 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_BOTH_MODES(returns_42_and_adds_two),
		IN_BOTH_MODES(written_in_pieces),
		IN_BOTH_MODES(two_unsealed_at_once),
		IN_BOTH_MODES(wrong_uses_are_refused),
		IN_BOTH_MODES(a_hundred_thousand_small_functions),
		IN_BOTH_MODES(random_life),
		IN_BOTH_MODES(large_blocks),
		IN_BOTH_MODES(region_is_filled_to_the_last_granule),
		IN_BOTH_MODES(budget_holds),
		IN_BOTH_MODES(memory_refused_at_every_point),
	};

	return cmocka_run_group_tests_name("code block", tests, NULL, NULL);
}
