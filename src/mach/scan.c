/* SPDX-License-Identifier: MIT
 * scan.c - linear scan over live intervals with holes, splitting and spilling.
 *
 * Wimmer and Moessenboeck, "Optimized Interval Splitting in a Linear Scan Register Allocator" (VEE 2005): intervals are
 * taken by start; each gets a register that is free for its whole life, or for a first part (the rest is split off), or
 * the register whose next use is farthest away; else it is spilled up to its next use that needs a register. A value
 * is stored to its one spill slot right after its definition (SSA: always valid), so spilling later costs nothing and
 * any position may begin a spilled piece; only a piece that begins in a register needs a move, at a position 4k.
 */
#include "mach/mach.h"
#include "mach/target.h"

#define NEVER_USED UINT32_MAX

struct scan {
	struct ra *ra;
	struct mach_func *m;
	VEC(uint32_t) heap;			/* unhandled intervals, smallest start first */
	VEC(uint32_t) active, inactive;
	uint32_t pos;
};

static struct ra_interval *at(const struct scan *s, uint32_t i) { return &s->ra->iv.at[i]; }
static unsigned class_of(const struct scan *s, uint32_t i) { return s->m->vreg.at[at(s, i)->vreg].cls; }

/* ---- heap by start ------------------------------------------------------------------------------------------ */

static bool before(const struct scan *s, uint32_t a, uint32_t b)
{
	uint32_t x = ra_start(at(s, a)), y = ra_start(at(s, b));

	return x != y ? x < y : (a ^ (uint32_t)s->m->stress.shuffle) < (b ^ (uint32_t)s->m->stress.shuffle);
}

static void push(struct scan *s, uint32_t i)
{
	uint32_t k;

	vec_push(s->m->mem, &s->heap, i);
	for (k = s->heap.n - 1; k && before(s, i, s->heap.at[(k - 1) / 2]); k = (k - 1) / 2)
		s->heap.at[k] = s->heap.at[(k - 1) / 2];
	s->heap.at[k] = i;
}

static uint32_t pop(struct scan *s)
{
	uint32_t top = s->heap.at[0], last = s->heap.at[--s->heap.n], k = 0;

	for (;;) {
		uint32_t c = 2 * k + 1;

		if (c >= s->heap.n)
			break;
		if (c + 1 < s->heap.n && before(s, s->heap.at[c + 1], s->heap.at[c]))
			c++;
		if (!before(s, s->heap.at[c], last))
			break;
		s->heap.at[k] = s->heap.at[c];
		k = c;
	}
	if (s->heap.n)
		s->heap.at[k] = last;
	return top;
}

/* ---- questions about intervals ---------------------------------------------------------------------------------- */

static bool covers(const struct ra_interval *i, uint32_t pos)
{
	for (uint32_t k = i->first_range; k < i->range.n && i->range.at[k].from <= pos; k++)
		if (pos < i->range.at[k].to)
			return true;
	return false;
}

/* First position >= from where both are live, or NEVER_USED. */
static uint32_t intersection(const struct ra_range *a, uint32_t na, const struct ra_range *b, uint32_t nb)
{
	uint32_t i = 0, j = 0;

	while (i < na && j < nb) {
		uint32_t lo = a[i].from > b[j].from ? a[i].from : b[j].from;
		uint32_t hi = a[i].to < b[j].to ? a[i].to : b[j].to;

		if (lo < hi)
			return lo;
		if (a[i].to <= b[j].to)
			i++;
		else
			j++;
	}
	return NEVER_USED;
}

static uint32_t fixed_intersection(const struct scan *s, unsigned reg, const struct ra_interval *i)
{
	/* binary search for the first fixed range that ends behind the start */
	uint32_t lo = 0, hi = s->ra->fixed[reg].n, start = ra_start(i);

	if (hi == 0)
		return NEVER_USED;
	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (s->ra->fixed[reg].at[mid].to <= start)
			lo = mid + 1;
		else
			hi = mid;
	}
	return intersection(s->ra->fixed[reg].at + lo, s->ra->fixed[reg].n - lo, i->range.at, i->range.n);
}

static uint32_t next_use(const struct ra_interval *i, uint32_t pos, bool reg)
{
	for (uint32_t k = 0; k < i->use.n; k++)
		if (i->use.at[k].pos >= pos && (i->use.at[k].reg || !reg))
			return i->use.at[k].pos;
	return NEVER_USED;
}

/* A cut at pos that would part two needs of one instruction comes before it: the rest could not be reloaded in time. */
static uint32_t cut(const struct ra_interval *i, uint32_t pos)
{
	uint32_t u = pos == NEVER_USED || pos % 4 == 0 ? NEVER_USED : next_use(i, pos, true);

	return u != NEVER_USED && u / 4 == pos / 4 ? pos & ~3u : pos;
}

/* ---- splitting ------------------------------------------------------------------------------------------------------ */

/* The part from pos on becomes a new interval, which is returned. start < pos < end. */
static uint32_t split(struct scan *s, uint32_t i, uint32_t pos)
{
	struct ra_interval child = { .vreg = at(s, i)->vreg, .reg = MACH_NO_REG, .next = at(s, i)->next };
	struct ra_interval *p = at(s, i);
	uint32_t k = 0, u = 0;

	ASSERT(pos > ra_start(p) && pos < ra_end(p));
	while (p->range.at[k].to <= pos)
		k++;
	for (uint32_t j = k; j < p->range.n; j++) {
		struct ra_range r = p->range.at[j];

		r.from = r.from < pos ? pos : r.from;
		vec_push(s->m->mem, &child.range, r);
	}
	if (p->range.at[k].from < pos) {
		p->range.at[k].to = pos;
		k++;
	}
	p->range.n = k;
	while (u < p->use.n && p->use.at[u].pos < pos)
		u++;
	for (uint32_t j = u; j < p->use.n; j++)
		vec_push(s->m->mem, &child.use, p->use.at[j]);
	p->use.n = u;
	vec_push(s->m->mem, &s->ra->iv, child);
	at(s, i)->next = s->ra->iv.n - 1;
	return s->ra->iv.n - 1;
}

static uint32_t block_of(const struct scan *s, uint32_t pos)
{
	uint32_t i = pos / 4;

	return s->ra->block_at[i < s->m->ins.n ? i : s->m->ins.n - 1];
}

/* The best place in (lo, hi] to begin a piece in a register: a position 4k, outside of as many loops as possible, as late as
 * possible. 0 if there is none. */
static uint32_t split_place(const struct scan *s, uint32_t lo, uint32_t hi)
{
	uint32_t best = hi & ~3u, b, depth;

	if (best <= lo)
		return 0;
	if (s->m->stress.shuffle)
		return 4 * (best / 4 - random_below(&s->m->stress.shuffle, best / 4 - lo / 4));
	b = block_of(s, best);
	depth = s->m->block.at[b].loop_depth;
	for (;;) {
		uint32_t start = 4 * s->m->block.at[b].first;

		if (start <= lo)
			break;
		if (b && s->m->block.at[b - 1].loop_depth < depth) {
			depth = s->m->block.at[b - 1].loop_depth;
			best = start;
		}
		if (b == 0)
			break;
		b--;
	}
	return best;
}

static void spill(struct scan *s, uint32_t i)
{
	uint32_t v = at(s, i)->vreg;

	at(s, i)->reg = MACH_NO_REG;
	if (s->ra->fam[v].slot < 0)
		s->ra->fam[v].slot = (int32_t)s->m->n_slots++;
}

/* Leaves i in its slot from its start up to shortly before its next use that needs a register. */
static void spill_until_use(struct scan *s, uint32_t i)
{
	uint32_t use = next_use(at(s, i), ra_start(at(s, i)), true);

	spill(s, i);
	if (use != NEVER_USED) {
		uint32_t place = split_place(s, ra_start(at(s, i)), use);

		if (!place)
			s->m->bail(s->m->bail_arg, "an instruction needs more registers than there are");
		push(s, split(s, i, place));
	}
}

/* ---- allocation ------------------------------------------------------------------------------------------------------ */

/* The register of the piece of vreg v that is live nearest before pos, else of its first piece. */
static uint8_t register_of(const struct scan *s, uint32_t v, uint32_t pos)
{
	uint32_t k = v ? s->ra->fam[v].head : 0;

	if (!k)
		return MACH_NO_REG;
	while (at(s, k)->next && ra_start(at(s, at(s, k)->next)) <= pos)
		k = at(s, k)->next;
	return at(s, k)->reg;
}

#define WISHES 3

static void wished(const struct scan *s, uint32_t i, uint8_t wish[WISHES])
{
	const struct ra_family *fam = &s->ra->fam[at(s, i)->vreg];

	wish[0] = register_of(s, fam->back, ra_start(at(s, i)));
	wish[1] = s->m->vreg.at[at(s, i)->vreg].hint;
	wish[2] = register_of(s, fam->hint, ra_start(at(s, i)));
}

static uint8_t pick(struct scan *s, uint32_t i, const uint32_t *free_until)
{
	const struct target *t = s->m->target;
	unsigned cls = class_of(s, i);
	uint32_t end = ra_end(at(s, i)), most = 0;
	uint8_t wish[WISHES], best = MACH_NO_REG;

	if (s->ra->seed) {
		uint8_t fit[MACH_MAX_REGS];
		unsigned n = 0;

		for (unsigned k = 0; k < t->n_order[cls]; k++)
			if (free_until[t->order[cls][k]] >= end)
				fit[n++] = t->order[cls][k];
		if (n)
			return fit[random_below(&s->ra->seed, n)];
	}
	wished(s, i, wish);
	for (unsigned k = 0; k < WISHES; k++)
		if (wish[k] != MACH_NO_REG && free_until[wish[k]] >= end)
			return wish[k];
	for (unsigned k = 0; k < t->n_order[cls]; k++) {
		uint8_t r = t->order[cls][k];

		if (free_until[r] >= end)
			return r;
		if (free_until[r] > most) {
			most = free_until[r];
			best = r;
		}
	}
	return best;
}

static bool try_free(struct scan *s, uint32_t i)
{
	const struct target *t = s->m->target;
	unsigned cls = class_of(s, i);
	uint32_t free_until[MACH_MAX_REGS] = { 0 }, start = ra_start(at(s, i)), use, place, rest;
	uint8_t r;

	for (unsigned k = 0; k < t->n_order[cls]; k++)
		if (s->ra->allocatable >> t->order[cls][k] & 1)
			free_until[t->order[cls][k]] = fixed_intersection(s, t->order[cls][k], at(s, i));
	for (uint32_t k = 0; k < s->active.n; k++)
		free_until[at(s, s->active.at[k])->reg] = 0;
	for (uint32_t k = 0; k < s->inactive.n; k++) {
		const struct ra_interval *x = at(s, s->inactive.at[k]);
		uint32_t p;

		if (free_until[x->reg] == 0)
			continue;
		p = intersection(x->range.at + x->first_range, x->range.n - x->first_range, at(s, i)->range.at, at(s, i)->range.n);
		if (p < free_until[x->reg])
			free_until[x->reg] = p;
	}
	for (unsigned k = 0; k < t->n_order[cls]; k++)
		free_until[t->order[cls][k]] = cut(at(s, i), free_until[t->order[cls][k]]);
	r = pick(s, i, free_until);
	if (r == MACH_NO_REG || free_until[r] <= start)
		return false;
	if (free_until[r] < ra_end(at(s, i))) {
		/* free for a first part: worth it only if a use falls into it */
		use = next_use(at(s, i), start, true);
		if (use == NEVER_USED || use >= free_until[r])
			return false;
		place = split_place(s, use, free_until[r]);
		rest = split(s, i, place ? place : free_until[r]);
		if (place)
			push(s, rest);
		else
			spill_until_use(s, rest);
	}
	at(s, i)->reg = r;
	return true;
}

/* Cuts an interval that holds a register we take away: from pos on it lives in its slot. */
static void take_away(struct scan *s, uint32_t i, uint32_t pos)
{
	uint32_t rest;

	if (pos >= ra_end(at(s, i)))
		return;
	if (pos <= ra_start(at(s, i))) {
		spill_until_use(s, i);
		return;
	}
	rest = split(s, i, pos);
	spill_until_use(s, rest);
}

static void remove_from(struct scan *s, bool active, uint32_t k)
{
	if (active)
		s->active.at[k] = s->active.at[--s->active.n];
	else
		s->inactive.at[k] = s->inactive.at[--s->inactive.n];
}

static void free_register(struct scan *s, uint32_t i, uint8_t r)
{
	uint32_t start = ra_start(at(s, i));

	for (uint32_t k = s->active.n; k-- > 0;)
		if (at(s, s->active.at[k])->reg == r) {
			uint32_t x = s->active.at[k];

			remove_from(s, true, k);
			take_away(s, x, start);
		}
	for (uint32_t k = s->inactive.n; k-- > 0;) {
		uint32_t x = s->inactive.at[k], p;

		if (at(s, x)->reg != r)
			continue;
		p = intersection(at(s, x)->range.at + at(s, x)->first_range, at(s, x)->range.n - at(s, x)->first_range,
			at(s, i)->range.at, at(s, i)->range.n);
		if (p == NEVER_USED)
			continue;
		/* it is in a hole now: what comes behind the hole is allocated anew */
		remove_from(s, false, k);
		if (start > ra_start(at(s, x)) && start < ra_end(at(s, x)))
			push(s, split(s, x, start));
	}
}

static bool meets(const struct ra_interval *x, const struct ra_interval *i)
{
	return intersection(x->range.at + x->first_range, x->range.n - x->first_range, i->range.at, i->range.n) != NEVER_USED;
}

/* For every register the next position where somebody else needs it: a use of the interval that holds it, or a fixed range. */
static void next_needs(struct scan *s, uint32_t i, uint32_t *use_pos, uint32_t *block_pos)
{
	const struct target *t = s->m->target;
	unsigned cls = class_of(s, i);

	for (unsigned k = 0; k < t->n_order[cls]; k++)
		if (s->ra->allocatable >> t->order[cls][k] & 1)
			use_pos[t->order[cls][k]] = block_pos[t->order[cls][k]] = fixed_intersection(s, t->order[cls][k], at(s, i));
	for (uint32_t k = 0; k < s->active.n + s->inactive.n; k++) {
		bool active = k < s->active.n;
		const struct ra_interval *x = at(s, active ? s->active.at[k] : s->inactive.at[k - s->active.n]);
		uint32_t p;

		if (!active && !meets(x, at(s, i)))
			continue;
		p = next_use(x, ra_start(at(s, i)), true);
		if (p < use_pos[x->reg])
			use_pos[x->reg] = p;
	}
}

static void take_blocked(struct scan *s, uint32_t i)
{
	const struct target *t = s->m->target;
	unsigned cls = class_of(s, i);
	uint32_t start = ra_start(at(s, i)), first = next_use(at(s, i), start, true), most = 0;
	uint32_t use_pos[MACH_MAX_REGS] = { 0 }, block_pos[MACH_MAX_REGS] = { 0 };
	uint8_t best = MACH_NO_REG;

	if (first == NEVER_USED) {
		spill(s, i);
		return;
	}
	next_needs(s, i, use_pos, block_pos);
	for (unsigned k = 0; k < t->n_order[cls]; k++) {
		uint8_t r = t->order[cls][k];

		block_pos[r] = cut(at(s, i), block_pos[r]);
		use_pos[r] = use_pos[r] < block_pos[r] ? use_pos[r] : block_pos[r];
		if (use_pos[r] > most) {
			most = use_pos[r];
			best = r;
		}
	}
	if (best == MACH_NO_REG || most <= first) {
		/* everybody else needs theirs sooner: we wait in our slot */
		if (split_place(s, start, first)) {
			spill_until_use(s, i);
			return;
		}
		if (best == MACH_NO_REG || most <= start)
			s->m->bail(s->m->bail_arg, "an instruction needs more registers than there are");
	}
	free_register(s, i, best);
	at(s, i)->reg = best;
	if (block_pos[best] < ra_end(at(s, i))) {
		uint32_t place = split_place(s, first, block_pos[best]);
		uint32_t rest = split(s, i, place ? place : block_pos[best]);

		if (place)
			push(s, rest);
		else
			spill_until_use(s, rest);
	}
}

static void expire(struct scan *s)
{
	for (uint32_t k = s->active.n; k-- > 0;) {
		uint32_t x = s->active.at[k];

		while (at(s, x)->first_range < at(s, x)->range.n && at(s, x)->range.at[at(s, x)->first_range].to <= s->pos)
			at(s, x)->first_range++;
		if (ra_end(at(s, x)) <= s->pos) {
			remove_from(s, true, k);
		} else if (!covers(at(s, x), s->pos)) {
			remove_from(s, true, k);
			vec_push(s->m->mem, &s->inactive, x);
		}
	}
	for (uint32_t k = s->inactive.n; k-- > 0;) {
		uint32_t x = s->inactive.at[k];

		while (at(s, x)->first_range < at(s, x)->range.n && at(s, x)->range.at[at(s, x)->first_range].to <= s->pos)
			at(s, x)->first_range++;
		if (ra_end(at(s, x)) <= s->pos) {
			remove_from(s, false, k);
		} else if (covers(at(s, x), s->pos)) {
			remove_from(s, false, k);
			vec_push(s->m->mem, &s->active, x);
		}
	}
}

void ra_scan(struct ra *ra)
{
	struct scan s = { .ra = ra, .m = ra->m };
	uint32_t n = ra->iv.n;

	for (uint32_t i = 1; i < n; i++)
		if (ra->iv.at[i].range.n)
			push(&s, i);
	while (s.heap.n) {
		uint32_t i = pop(&s);

		s.pos = ra_start(at(&s, i));
		expire(&s);
		arena_poll(s.m->mem);
		if (!try_free(&s, i))
			take_blocked(&s, i);
		if (at(&s, i)->reg != MACH_NO_REG)
			vec_push(s.m->mem, &s.active, i);
	}
}
