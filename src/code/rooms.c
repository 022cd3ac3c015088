/* SPDX-License-Identifier: MIT
 * rooms.c - which parts of the region are taken.
 *
 * Method: two bits per granule of 16 bytes, `used` and `start`, kept per unit for committed units only
 * (under 5 % of them); holes have no records of their own, so neighbours join by themselves. Per unit the free
 * runs at its start and end and the longest one are remembered, so that a search looks at 14 bytes per unit until it
 * has found the place: first fit from a random unit on, which keeps live code together and empties far units.
 * Cost: about 1 ns per unit passed plus one scan of the bits of each unit touched.
 * Invariants: start implies used; a block reaches from its start bit to the next start bit or free granule;
 * runs[] agrees with the bits of committed units and is not set for others.
 */
#include "code/code.h"

enum { G = CODE_UNIT_GRANULES, W = CODE_UNIT_WORDS };

static const struct code_runs all_free = { G, G, G };

bool code_rooms_open(struct code_rooms *r, size_t size, uint32_t first)
{
	*r = (struct code_rooms){ .n_units = (uint32_t)(size / CODE_UNIT), .first = first };
	r->unit = base_zalloc(r->n_units * sizeof *r->unit);
	r->runs = base_realloc(NULL, 0, r->n_units * sizeof *r->runs);
	if (r->unit == NULL || r->runs == NULL) {
		base_free(r->unit, r->unit == NULL ? 0 : r->n_units * sizeof *r->unit);
		base_free(r->runs, r->runs == NULL ? 0 : r->n_units * sizeof *r->runs);
		return false;
	}
	return true;
}

void code_rooms_close(struct code_rooms *r)
{
	for (uint32_t u = 0; u < r->n_units; u++)
		if (r->unit[u] != NULL)
			base_free(r->unit[u], sizeof **r->unit);
	base_free(r->unit, r->n_units * sizeof *r->unit);
	base_free(r->runs, r->n_units * sizeof *r->runs);
}

void code_rooms_adopt(struct code_rooms *r, uint32_t u, struct code_unit *unit)
{
	memset(unit, 0, sizeof *unit);
	r->unit[u] = unit;
	r->runs[u] = all_free;
}

/* ---- bits of one unit ---------------------------------------------------------------- */

/* First granule from `from` on whose bit is `bit`; G if none. */
static uint32_t next_bit(const uint64_t *w, uint32_t from, bool bit)
{
	uint64_t flip = bit ? 0 : ~UINT64_C(0);

	for (uint32_t i = from / 64; i < W; i++) {
		uint64_t x = w[i] ^ flip;

		if (i == from / 64)
			x &= ~UINT64_C(0) << from % 64;
		if (x != 0)
			return i * 64 + (uint32_t)__builtin_ctzll(x);
	}
	return G;
}

static void fill_bits(uint64_t *w, uint32_t from, uint32_t n, bool bit)
{
	while (n > 0) {
		uint32_t k = from % 64, len = 64 - k < n ? 64 - k : n;
		uint64_t mask = ~UINT64_C(0) >> (64 - len) << k;

		if (bit)
			w[from / 64] |= mask;
		else
			w[from / 64] &= ~mask;
		from += len;
		n -= len;
	}
}

/* Length of the longest run of ones in a word: each step shortens every run by one. */
static uint32_t longest_in_word(uint64_t x)
{
	uint32_t n = 0;

	for (; x != 0; x &= x << 1)
		n++;
	return n;
}

static struct code_runs measure(const uint64_t *used)
{
	struct code_runs r = { 0, 0, 0 };
	uint32_t run = 0, best = 0;
	bool all = true;		/* no granule taken so far */

	for (uint32_t i = 0; i < W; i++) {
		uint32_t n;

		if (used[i] == 0) {
			run += 64;
			continue;
		}
		run += (uint32_t)__builtin_ctzll(used[i]);
		if (all)
			r.head = (uint16_t)run;
		all = false;
		best = run > best ? run : best;
		run = (uint32_t)__builtin_clzll(used[i]);
		if (best < 62 && ~used[i] != 0) {	/* else no run inside a word is longer */
			n = longest_in_word(~used[i]);
			best = n > best ? n : best;
		}
	}
	best = run > best ? run : best;
	if (all)
		r.head = G;
	r.best = (uint16_t)best;
	r.tail = (uint16_t)run;
	return r;
}

/* ---- search ---------------------------------------------------------------------------- */

/* First run of at least n free granules inside a unit that is known to have one. */
static uint32_t find_in_unit(const struct code_unit *u, uint32_t n)
{
	uint32_t from = 0, to;

	if (u == NULL)
		return 0;
	for (;;) {
		from = next_bit(u->used, from, false);
		to = next_bit(u->used, from, true);
		if (to - from >= n || NEVER(to == G))
			return from;
		from = to;
	}
}

static struct code_runs runs_of(const struct code_rooms *r, uint32_t u)
{
	return r->unit[u] != NULL ? r->runs[u] : all_free;
}

/* First fit in units [from, to), which lie side by side. */
static bool find_between(const struct code_rooms *r, uint32_t from, uint32_t to, uint32_t n, uint32_t *at)
{
	uint32_t run = 0;		/* free granules that end where unit u begins */

	for (uint32_t u = from; u < to; u++) {
		const struct code_runs s = runs_of(r, u);

		if (run + s.head >= n) {
			*at = u * G - run;
			return true;
		}
		if (s.best >= n) {
			*at = u * G + find_in_unit(r->unit[u], n);
			return true;
		}
		run = s.head == G ? run + G : s.tail;
	}
	return false;
}

bool code_rooms_find(const struct code_rooms *r, uint32_t granules, uint32_t *at)
{
	return find_between(r, r->first, r->n_units, granules, at) || find_between(r, 0, r->first, granules, at)
		|| find_between(r, 0, r->n_units, granules, at);	/* a large one across the border of the two */
}

/* ---- take, drop, look ------------------------------------------------------------------- */

static void change(struct code_rooms *r, uint32_t at, uint32_t n, bool used)
{
	while (n > 0) {
		uint32_t u = at / G, k = at % G, len = G - k < n ? G - k : n;

		fill_bits(r->unit[u]->used, k, len, used);
		r->runs[u] = measure(r->unit[u]->used);
		at += len;
		n -= len;
	}
}

/* All units of [at, at + granules) must be committed. */
void code_rooms_take(struct code_rooms *r, uint32_t at, uint32_t granules, uint32_t slack)
{
	struct code_unit *u = r->unit[at / G];
	uint32_t k = at % G, shift = k % 2 * 4;

	ASSERT(granules > 0 && slack < CODE_GRANULE);
	bits_set(u->start, k);
	u->slack[k / 2] = (uint8_t)((u->slack[k / 2] & ~(15u << shift)) | slack << shift);
	change(r, at, granules, true);
}

void code_rooms_drop(struct code_rooms *r, uint32_t at, uint32_t granules)
{
	bits_clear(r->unit[at / G]->start, at % G);
	change(r, at, granules, false);
}

/* Last start bit at or below granule g. */
static bool find_start(const struct code_rooms *r, uint32_t g, uint32_t *at)
{
	for (uint32_t u = g / G + 1, k = g % G; u-- > 0; k = G - 1) {
		if (r->unit[u] == NULL)
			return false;
		for (uint32_t i = k / 64 + 1; i-- > 0;) {
			uint64_t x = r->unit[u]->start[i];

			if (i == k / 64)
				x &= ~UINT64_C(0) >> (63 - k % 64);
			if (x != 0) {
				*at = u * G + i * 64 + 63 - (uint32_t)__builtin_clzll(x);
				return true;
			}
		}
	}
	return false;
}

bool code_rooms_block(const struct code_rooms *r, uint32_t g, uint32_t *at, uint32_t *granules, uint32_t *slack)
{
	uint32_t u = g / G, end, k;

	if (u >= r->n_units || r->unit[u] == NULL || !bits_get(r->unit[u]->used, g % G) || !find_start(r, g, at))
		return false;
	for (u = *at / G, k = *at % G + 1;; u++, k = 0) {
		uint32_t free, next;

		end = u * G + k;
		if (u == r->n_units || r->unit[u] == NULL)
			break;
		free = next_bit(r->unit[u]->used, k, false);
		next = next_bit(r->unit[u]->start, k, true);
		end = u * G + (free < next ? free : next);
		if (end < (u + 1) * G)
			break;
	}
	*granules = end - *at;
	k = *at % G;
	*slack = r->unit[*at / G]->slack[k / 2] >> k % 2 * 4 & 15;
	return true;
}

bool code_rooms_check(const struct code_rooms *r)
{
	bool before = false;		/* was the last granule taken? A block's later granules follow one that is. */

	for (uint32_t u = 0; u < r->n_units; u++) {
		const struct code_unit *unit = r->unit[u];
		struct code_runs real = all_free, noted = runs_of(r, u);

		if (unit != NULL)
			real = measure(unit->used);
		if (memcmp(&real, &noted, sizeof real) != 0)
			return false;
		for (uint32_t k = 0; k < G; k++) {
			bool used = unit != NULL && bits_get(unit->used, k), start = unit != NULL && bits_get(unit->start, k);

			if (start ? !used : used && !before)
				return false;
			before = used;
		}
	}
	return true;
}
