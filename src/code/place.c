/* SPDX-License-Identifier: MIT
 * place.c - find address space near an anchor, so that branches and calls between the region and the anchor
 * always fit their displacement.
 *
 * Method: strategies in a table, tried in order: a place well below the anchor, wide gaps of the address space with a
 * margin on both sides (the heap below and the stack above want to grow), any gap, hints at growing distance for systems
 * that do not show their map, and last wherever the system likes. None of them is trusted: one check at the end accepts a
 * result only if all of it is within reach. Within a gap the place is random.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "code/code.h"
#include "base/os/os.h"

#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

struct wish {
	size_t size;
	uintptr_t anchor, from, to;	/* the region must lie in [from, to) */
	uint64_t *rnd;
};

/* Reserves at the hint, or anywhere if at is 0; the kernel may put it elsewhere, so the caller must check. */
static uint8_t *reserve(uintptr_t at, size_t size)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at != 0 ? MAP_FIXED_NOREPLACE : 0);
	void *p = mmap((void *)at, size, PROT_NONE, flags, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* The one post-condition. Takes back what misses it. */
static uint8_t *accept(const struct wish *w, uint8_t *p)
{
	uintptr_t a = (uintptr_t)p;

	if (p == NULL)
		return NULL;
	if (a % CODE_UNIT == 0 && a >= w->from && a <= w->to && w->size <= w->to - a)
		return p;
	munmap(p, w->size);
	return NULL;
}

/* ---- gaps ------------------------------------------------------------------------- */

enum { MANY = 16, LOWEST = 1 << 20, MARGIN = 256 << 20 };

struct gap {
	uintptr_t first, last;		/* where the region may start */
};

struct gaps {
	const struct wish *w;
	bool margins;
	uintptr_t end;			/* of the mapping before */
	struct gap at[MANY];		/* widest first */
	unsigned n;
};

static uintptr_t width(const struct gap *g)
{
	return g->last - g->first;
}

static void add_gap(struct gaps *g, uintptr_t from, uintptr_t to)
{
	const struct wish *w = g->w;
	uintptr_t margin = 0;
	unsigned k;

	if (to <= from)
		return;
	if (g->margins) {
		margin = (to - from) / 8 < MARGIN ? (to - from) / 8 : MARGIN;
		from += margin;
		to -= margin;
	}
	from = from > w->from ? from : w->from;
	to = to < w->to ? to : w->to;
	from = (from + CODE_UNIT - 1) & ~(uintptr_t)(CODE_UNIT - 1);
	if (to <= from || to - from < w->size)
		return;
	to = (to - w->size) & ~(uintptr_t)(CODE_UNIT - 1);
	if (g->n == MANY && width(&g->at[MANY - 1]) >= to - from)
		return;
	k = g->n < MANY ? g->n++ : MANY - 1;
	for (; k > 0 && width(&g->at[k - 1]) < to - from; k--)
		g->at[k] = g->at[k - 1];
	g->at[k] = (struct gap){ from, to };
}

static bool see_mapping(const struct os_map *m, void *arg)
{
	struct gaps *g = arg;

	add_gap(g, g->end, m->from);
	g->end = m->to;
	return m->to < g->w->to;
}

static uint8_t *in_gaps(const struct wish *w, bool margins)
{
	struct gaps g = { .w = w, .margins = margins, .end = LOWEST };

	if (!os_maps(see_mapping, &g))
		return NULL;
	if (g.end < w->to)
		add_gap(&g, g.end, w->to);
	for (unsigned k = 0; k < g.n; k++) {
		uintptr_t places = width(&g.at[k]) / CODE_UNIT + 1;
		uintptr_t at = g.at[k].first + random_next(w->rnd) % places * CODE_UNIT;
		uint8_t *p = accept(w, reserve(at, w->size));

		if (p != NULL)
			return p;
	}
	return NULL;
}

/* ---- strategies ---------------------------------------------------------------------- */

static uint8_t *wide_gaps(const struct wish *w)
{
	return in_gaps(w, true);
}

static uint8_t *any_gap(const struct wish *w)
{
	return in_gaps(w, false);
}

/* Below a program there is mostly nothing for long, and the kernel says so if it is not true: no need to read the map. */
static uint8_t *below(const struct wish *w)
{
	uintptr_t base = w->anchor & ~(uintptr_t)(CODE_UNIT - 1), places = (w->to - w->from) / 4 / CODE_UNIT;

	if (base < w->from || base - w->from < MARGIN + w->size + places * CODE_UNIT)
		return NULL;
	return accept(w, reserve(base - MARGIN - w->size - random_next(w->rnd) % places * CODE_UNIT, w->size));
}

/* Without a map: ask for places at growing distance on both sides. */
static uint8_t *hints(const struct wish *w)
{
	uintptr_t base = w->anchor & ~(uintptr_t)(CODE_UNIT - 1);
	uintptr_t far = w->to - w->from;

	for (uintptr_t d = CODE_UNIT; d < far; d += d / 4 + CODE_UNIT)
		for (int side = 0; side < 2; side++) {
			uintptr_t at = (side == 0 ? base - d - w->size : base + d) & ~(uintptr_t)(CODE_UNIT - 1);
			uint8_t *p = at >= w->from && at < w->to ? accept(w, reserve(at, w->size)) : NULL;

			if (p != NULL)
				return p;
		}
	return NULL;
}

/* Takes more than is wanted and cuts off what is not aligned. */
static uint8_t *anywhere(const struct wish *w)
{
	uint8_t *p = reserve(0, w->size + CODE_UNIT);
	size_t cut;

	if (p == NULL)
		return NULL;
	cut = -(uintptr_t)p % CODE_UNIT;
	if (cut > 0)
		munmap(p, cut);
	munmap(p + cut + w->size, CODE_UNIT - cut);
	return accept(w, p + cut);
}

static uint8_t *(*const strategies[])(const struct wish *w) = { below, wide_gaps, any_gap, hints, anywhere };

uint8_t *code_place(size_t size, uintptr_t anchor, size_t reach, uint64_t *rnd)
{
	struct wish w = { size, anchor, anchor > reach ? anchor - reach : 0,
		anchor < UINTPTR_MAX - reach ? anchor + reach : UINTPTR_MAX, rnd };
	uint8_t *p = NULL;

	w.from = w.from > LOWEST ? w.from : LOWEST;
	if (w.to <= w.from || w.to - w.from < size)
		return NULL;
	for (unsigned k = 0; k < COUNT_OF(strategies) && p == NULL; k++)
		p = strategies[k](&w);
	return p;
}
