/* SPDX-License-Identifier: MIT
 * code.c - publish code and free it: the life of a block from alloc over write and seal to free.
 *
 * Method: map.c owns the memory, rooms.c says what is free. Bytes of a block that is not sealed yet wait on the heap and
 * go in at once at the seal; till then, and again from the moment it is freed, its room holds traps.
 * Units without a block stay committed up to IDLE_MOST of them, so that code coming and going costs no system
 * calls; the rest are given back.
 * Cost: without a new unit one search, two copies of the code and, in CODE_DUAL mode, no system call but getpid.
 */
#include "code/code.h"
#include "base/os/os.h"

#include <stdio.h>

enum { IDLE_MOST = (1 << 20) / CODE_UNIT };

/* A block on its way: what was written to it so far. */
struct pending {
	struct pending *next;
	uint32_t at, size;		/* granule; bytes */
	uint8_t bytes[];
};

struct code_space {
	struct code_map map;
	struct code_rooms rooms;
	struct pending *pending;	/* mostly none or one */
	size_t budget;
	uint32_t pad, pad_granules;	/* never used: the random start inside the first unit */
	uint32_t committed, idle;	/* units; idle ones have no block */
	struct code_stats stats;
	struct code_reason why;
};

/* ---- units ------------------------------------------------------------------------- */

/* Bookkeeping of a unit that map.c has committed. */
static bool adopt_unit(struct code_space *s, uint32_t u)
{
	struct code_unit *unit = base_realloc(NULL, 0, sizeof *unit);

	if (unit == NULL)
		return false;
	code_rooms_adopt(&s->rooms, u, unit);
	s->committed++;
	s->idle++;
	return true;
}

static enum code_status commit_unit(struct code_space *s, uint32_t u)
{
	enum code_status st = code_map_commit(&s->map, (size_t)u * CODE_UNIT);

	if (st != CODE_OK)
		return st;
	if (adopt_unit(s, u))
		return CODE_OK;
	code_map_decommit(&s->map, (size_t)u * CODE_UNIT);
	return CODE_NO_MEMORY;
}

static void give_back(struct code_space *s, uint32_t u)
{
	if (!code_map_decommit(&s->map, (size_t)u * CODE_UNIT))
		return;
	base_free(s->rooms.unit[u], sizeof *s->rooms.unit[u]);
	s->rooms.unit[u] = NULL;
	s->committed--;
	s->idle--;
}

static void take(struct code_space *s, uint32_t at, uint32_t granules, uint32_t slack)
{
	for (uint32_t u = at / CODE_UNIT_GRANULES; u <= (at + granules - 1) / CODE_UNIT_GRANULES; u++)
		s->idle -= code_rooms_empty(&s->rooms, u);
	code_rooms_take(&s->rooms, at, granules, slack);
}

static void drop(struct code_space *s, uint32_t at, uint32_t granules)
{
	code_rooms_drop(&s->rooms, at, granules);
	for (uint32_t u = (at + granules - 1) / CODE_UNIT_GRANULES + 1; u-- > at / CODE_UNIT_GRANULES;)
		if (code_rooms_empty(&s->rooms, u) && ++s->idle > IDLE_MOST)
			give_back(s, u);
}

/* ---- opening and closing -------------------------------------------------------------- */

static void explain(struct code_space *s)
{
	struct code_reason refused = s->why;
	const char *how = s->map.mode == CODE_DUAL ? "a memfd mapped twice, executable and writable apart"
		: "pages writable or executable in turns by mprotect";

	snprintf(s->why.s, sizeof s->why.s, "%s%s%.300s", how, refused.s[0] != 0 ? ", as others were refused: " : "", refused.s);
}

/* The first unit is committed; a pad of random length keeps addresses in it from being known. */
static bool start_at_random(struct code_space *s, uint64_t *rnd)
{
	uint32_t u = (uint32_t)(s->map.first / CODE_UNIT);

	if (!code_rooms_open(&s->rooms, s->map.size, u))
		return false;
	if (!adopt_unit(s, u)) {
		code_rooms_close(&s->rooms);
		return false;
	}
	s->pad = u * CODE_UNIT_GRANULES;
	s->pad_granules = 1 + random_below(rnd, 255);
	take(s, s->pad, s->pad_granules, 0);
	return true;
}

enum code_status code_open(const struct code_options *o, struct code_space **out, char *why, size_t why_size)
{
	uint64_t rnd = o->seed != 0 ? o->seed : os_random();
	struct code_space *s = base_realloc(NULL, 0, sizeof *s);
	enum code_status st;

	*out = NULL;
	if (why != NULL && why_size > 0)
		snprintf(why, why_size, "%s", s == NULL ? "out of memory" : "");
	if (s == NULL)
		return CODE_NO_MEMORY;
	*s = (struct code_space){ .pending = NULL };
	st = code_map_open(&s->map, o, &rnd, &s->why);
	if (st == CODE_OK && !start_at_random(s, &rnd)) {
		code_map_close(&s->map);
		snprintf(s->why.s, sizeof s->why.s, "out of memory");
		st = CODE_NO_MEMORY;
	}
	if (st != CODE_OK) {
		if (why != NULL && why_size > 0)
			snprintf(why, why_size, "%s", s->why.s);
		base_free(s, sizeof *s);
		return st;
	}
	explain(s);
	s->budget = o->budget == 0 ? s->map.size : o->budget;
	*out = s;
	return CODE_OK;
}

static void forget_pending(struct pending **link)
{
	struct pending *p = *link;

	*link = p->next;
	base_free(p, sizeof *p + p->size);
}

void code_close(struct code_space *s)
{
	if (s == NULL)
		return;
	while (s->pending != NULL)
		forget_pending(&s->pending);
	code_rooms_close(&s->rooms);
	code_map_close(&s->map);
	base_free(s, sizeof *s);
}

/* ---- blocks ---------------------------------------------------------------------------- */

static struct pending **find_pending(struct code_space *s, uint32_t at)
{
	struct pending **link = &s->pending;

	while (*link != NULL && (*link)->at != at)
		link = &(*link)->next;
	return link;
}

/* Is b, in every field, a live block of this space? */
static bool check_block(const struct code_space *s, const struct code_block *b, uint32_t *at)
{
	struct code_block found;

	if (b == NULL || !code_find(s, b->rx, &found) || found.rx != b->rx || found.size != b->size || found.room != b->room)
		return false;
	*at = (uint32_t)((size_t)(b->rx - s->map.rx) / CODE_GRANULE);
	return true;
}

static enum code_status find_room(struct code_space *s, uint32_t granules, uint32_t *at)
{
	if (!code_rooms_find(&s->rooms, granules, at))
		return CODE_BUDGET;
	for (uint32_t u = *at / CODE_UNIT_GRANULES; u <= (*at + granules - 1) / CODE_UNIT_GRANULES; u++) {
		enum code_status st = s->rooms.unit[u] != NULL ? CODE_OK : commit_unit(s, u);

		if (st != CODE_OK)
			return st;	/* units committed so far stay, idle */
	}
	return CODE_OK;
}

enum code_status code_alloc(struct code_space *s, size_t size, struct code_block *out)
{
	enum code_status st;
	struct pending *p;
	uint32_t granules, at, n;

	*out = (struct code_block){ NULL, 0, 0 };
	if (size == 0)
		return CODE_BAD_ARG;
	if (size > s->map.size || s->stats.live + size > s->budget)
		return CODE_BUDGET;
	n = (uint32_t)size;
	granules = (n + CODE_GRANULE - 1) / CODE_GRANULE;
	if (s->stats.live + (size_t)granules * CODE_GRANULE > s->budget)
		return CODE_BUDGET;
	p = base_realloc(NULL, 0, sizeof *p + n);
	if (p == NULL)
		return CODE_NO_MEMORY;
	st = find_room(s, granules, &at);
	if (st != CODE_OK) {
		base_free(p, sizeof *p + n);
		return st;
	}
	take(s, at, granules, granules * CODE_GRANULE - n);
	*p = (struct pending){ .next = s->pending, .at = at, .size = n };
	memset(p->bytes, s->map.trap, n);
	s->pending = p;
	*out = (struct code_block){ s->map.rx + (size_t)at * CODE_GRANULE, n, granules * CODE_GRANULE };
	s->stats.live += out->room;
	s->stats.peak = s->stats.live > s->stats.peak ? s->stats.live : s->stats.peak;
	return CODE_OK;
}

enum code_status code_write(struct code_space *s, struct code_block *b, uint32_t at, const void *bytes, size_t n)
{
	struct pending *p;
	uint32_t g;

	if (!check_block(s, b, &g) || at > b->size || n > b->size - at)
		return CODE_BAD_ARG;
	p = *find_pending(s, g);
	if (p == NULL)
		return CODE_BAD_ARG;
	if (n > 0)
		memcpy(p->bytes + at, bytes, n);
	return CODE_OK;
}

enum code_status code_seal(struct code_space *s, struct code_block *b)
{
	struct pending **link;
	enum code_status st;
	uint32_t g;

	if (!check_block(s, b, &g))
		return CODE_BAD_ARG;
	link = find_pending(s, g);
	if (*link == NULL)
		return CODE_BAD_ARG;
	st = code_map_write(&s->map, (size_t)g * CODE_GRANULE, (*link)->bytes, b->size);
	if (st != CODE_OK)
		return st;
	forget_pending(link);
	s->stats.published++;
	return CODE_OK;
}

enum code_status code_free(struct code_space *s, struct code_block *b)
{
	struct pending **link;
	enum code_status st;
	uint32_t g;

	if (!check_block(s, b, &g))
		return CODE_BAD_ARG;
	link = find_pending(s, g);
	if (*link != NULL) {
		forget_pending(link);	/* the room holds traps still */
	} else {
		st = code_map_write(&s->map, (size_t)g * CODE_GRANULE, NULL, b->size);
		if (st != CODE_OK)
			return st;
	}
	s->stats.live -= b->room;
	s->stats.freed++;
	drop(s, g, b->room / CODE_GRANULE);
	*b = (struct code_block){ NULL, 0, 0 };
	return CODE_OK;
}

/* ---- looking -------------------------------------------------------------------------- */

bool code_find(const struct code_space *s, const void *pc, struct code_block *out)
{
	size_t off = (uintptr_t)pc - (uintptr_t)s->map.rx;
	uint32_t at, granules, slack;

	if (off >= s->map.size)
		return false;
	if (!code_rooms_block(&s->rooms, (uint32_t)(off / CODE_GRANULE), &at, &granules, &slack) || at == s->pad)
		return false;
	*out = (struct code_block){ s->map.rx + (size_t)at * CODE_GRANULE, granules * CODE_GRANULE - slack,
		granules * CODE_GRANULE };
	return true;
}

void code_get_stats(const struct code_space *s, struct code_stats *out)
{
	*out = s->stats;
	out->mode = s->map.mode;
	out->region = s->map.rx;
	out->reserved = s->map.size;
	out->committed = (size_t)s->committed * CODE_UNIT;
	out->free_holes = out->committed - s->stats.live - (size_t)s->pad_granules * CODE_GRANULE;
}

const char *code_why(const struct code_space *s)
{
	return s->why.s;
}

bool code_check(const struct code_space *s)
{
	uint32_t committed = 0, idle = 0;
	size_t taken = 0;

	for (uint32_t u = 0; u < s->rooms.n_units; u++) {
		if (s->rooms.unit[u] == NULL)
			continue;
		committed++;
		idle += code_rooms_empty(&s->rooms, u);
		for (unsigned i = 0; i < CODE_UNIT_WORDS; i++)
			taken += (size_t)__builtin_popcountll(s->rooms.unit[u]->used[i]);
	}
	return code_rooms_check(&s->rooms) && committed == s->committed && idle == s->idle
		&& taken * CODE_GRANULE == s->stats.live + (size_t)s->pad_granules * CODE_GRANULE
		&& s->stats.live <= s->budget && s->stats.live <= s->stats.peak;
}
