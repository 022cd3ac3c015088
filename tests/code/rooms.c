/* SPDX-License-Identifier: MIT
 * rooms.c - the sub-allocator against a naive one: an array with a byte per granule, searched from its start.
 */
#include "code_test.h"

enum { UNITS = 6, GRANULES = UNITS * CODE_UNIT_GRANULES };

static uint32_t owner[GRANULES];	/* 0: free, else 1 + the granule its block starts at */

/* First fit as code_rooms_find promises it; GRANULES if there is none. */
static uint32_t naive_find(uint32_t first_unit, uint32_t n)
{
	const uint32_t cut = first_unit * CODE_UNIT_GRANULES;
	const uint32_t range[3][2] = { { cut, GRANULES }, { 0, cut }, { 0, GRANULES } };

	for (int k = 0; k < 3; k++)
		for (uint32_t i = range[k][0], run = 0; i < range[k][1]; i++) {
			run = owner[i] == 0 ? run + 1 : 0;
			if (run == n)
				return i + 1 - n;
		}
	return GRANULES;
}

static void compare_blocks(const struct code_rooms *r)
{
	for (uint32_t g = 0; g < GRANULES; g++) {
		uint32_t at, n, slack;
		bool found = code_rooms_block(r, g, &at, &n, &slack);

		if (found != (owner[g] != 0) || (found && (at != owner[g] - 1 || slack != at % 16
		    || owner[at + n - 1] != at + 1 || (at + n < GRANULES && owner[at + n] == at + 1))))
			fail_msg("granule %u", g);
	}
}

/* Sizes cluster round the free runs that exist, so that exact fits and misses by one are common. */
static void agrees_with_the_naive_one(void **state)
{
	static struct code_unit units[UNITS];
	uint64_t rnd = 11;

	(void)state;
	for (uint32_t first = 0; first < UNITS; first += 2) {
		struct code_rooms r;
		uint32_t exact = 0, refused = 0;

		memset(owner, 0, sizeof owner);
		assert_true(code_rooms_open(&r, (size_t)UNITS * CODE_UNIT, first));
		for (int u = 0; u < UNITS; u++)
			code_rooms_adopt(&r, (uint32_t)u, &units[u]);
		for (int step = 0; step < 4000; step++) {
			uint32_t g = random_below(&rnd, GRANULES), n, at, want;

			if (owner[g] != 0) {
				at = owner[g] - 1;
				for (n = 0; at + n < GRANULES && owner[at + n] == at + 1; n++)
					owner[at + n] = 0;
				code_rooms_drop(&r, at, n);
				continue;
			}
			for (n = 0; g + n < GRANULES && owner[g + n] == 0; n++)
				;
			while (g > 0 && owner[g - 1] == 0)
				g--, n++;
			n = n + random_below(&rnd, 3) - 1;
			if (random_below(&rnd, 10) != 0)
				n = 1 + random_below(&rnd, random_below(&rnd, 20) == 0 ? 9000 : 100);
			if (n == 0)
				continue;
			want = naive_find(first, n);
			if (!code_rooms_find(&r, n, &at))
				at = GRANULES;
			assert_int_equal(at, want);
			if (at == GRANULES) {
				refused++;
				continue;
			}
			exact += at + n < GRANULES && owner[at + n] != 0;
			code_rooms_take(&r, at, n, at % 16);
			for (uint32_t k = 0; k < n; k++)
				owner[at + k] = at + 1;
			if (step % 200 == 0) {
				assert_true(code_rooms_check(&r));
				compare_blocks(&r);
			}
		}
		assert_true(exact > 100 && refused > 10);
		for (int u = 0; u < UNITS; u++)
			r.unit[u] = NULL;
		code_rooms_close(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_naive_one),
	};

	return cmocka_run_group_tests_name("code rooms", tests, NULL, NULL);
}
