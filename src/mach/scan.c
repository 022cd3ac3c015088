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

struct held { uint32_t interval, until; };
struct scan {
	struct ra *ra;
	struct mach_func *m;
	uint32_t *sorted, n_sorted, next;	/* unhandled intervals: those there were at first, by start, */
	VEC(uint32_t) heap;			/* and those that were split off, smallest start first */
	VEC(struct held) active, inactive;	/* live at pos | in a hole; until the end of the range, the start of the next one */
	uint64_t busy;				/* registers of the active ones */
	uint32_t pos;
	uint64_t fixed;				/* registers that instructions still want for themselves */
	uint64_t regs[MACH_CLASSES];		/* that may be given out */
	uint32_t free[MACH_CLASSES][MACH_MAX_REGS];	/* NEVER_USED for those, else 0 */
};

static struct ra_interval *at(const struct scan *s, uint32_t i) { return &s->ra->iv.at[i]; }
static unsigned class_of(const struct scan *s, uint32_t i) { return s->m->vreg.at[at(s, i)->vreg].cls; }

/* ---- heap by start ------------------------------------------------------------------------------------------ */

static bool before(const struct scan *s, uint32_t a, uint32_t b)
{
	uint32_t x = at(s, a)->start, y = at(s, b)->start;

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

/* By start, by number where starts are equal (as in `before`): counted by instruction, sorted within one. */
static void sort_intervals(struct scan *s)
{
	const struct ra *ra = s->ra;
	uint32_t all = 1, n = s->m->ins.n + 1, *from = arena_zero(s->m->mem, (n + 1) * sizeof *from), *to;

	to = s->sorted = arena_zero(s->m->mem, ra->iv.n * sizeof *s->sorted);
	for (uint32_t i = 1; i < ra->iv.n; i++)
		if (ra->iv.at[i].end) {
			from[ra->iv.at[i].start / 4 + 1]++;
			s->n_sorted++;
		}
	for (uint32_t p = 0; p < n; p++)
		from[p + 1] += from[p];
	while (all < ra->iv.n)
		all *= 2;
	for (uint32_t k = 0; k < all; k++) {
		uint32_t i = k ^ ((uint32_t)s->m->stress.shuffle & (all - 1)), at;

		if (i >= ra->iv.n || !ra->iv.at[i].end)
			continue;
		/* up to the others of its instruction; in front of those are places of smaller starts, filled or still 0 */
		for (at = from[ra->iv.at[i].start / 4]++; at && ra->iv.at[to[at - 1]].start > ra->iv.at[i].start; at--)
			to[at] = to[at - 1];
		to[at] = i;
	}
}

/* The unhandled interval with the smallest start, or 0. */
static uint32_t take_next(struct scan *s)
{
	bool more = s->next < s->n_sorted;

	if (s->heap.n && (!more || before(s, s->heap.at[0], s->sorted[s->next])))
		return pop(s);
	return more ? s->sorted[s->next++] : 0;
}

/* ---- questions about intervals ---------------------------------------------------------------------------------- */

/* First position where both lists are live, or NEVER_USED. */
static uint32_t intersection(const struct scan *s, uint32_t a, uint32_t b)
{
	const struct ra_range *r = s->ra->range.at;

	while (a && b) {
		uint32_t lo = r[a].from > r[b].from ? r[a].from : r[b].from;
		uint32_t hi = r[a].to < r[b].to ? r[a].to : r[b].to;

		if (lo < hi)
			return lo;
		if (r[a].to <= r[b].to)
			a = r[a].next;
		else
			b = r[b].next;
	}
	return NEVER_USED;
}

/* Drops the ranges that have ended; the first of the others, or 0. Intervals come by ascending start, so nobody asks for them again. */
static uint32_t trim(const struct scan *s, uint32_t *list)
{
	while (*list && s->ra->range.at[*list].to <= s->pos)
		*list = s->ra->range.at[*list].next;
	return *list;
}

/* Fills in how long each register is free of instructions that want it for themselves. */
static void fixed_until(struct scan *s, const struct ra_interval *i, unsigned cls, uint32_t *until)
{
	uint32_t call = trim(s, &s->ra->calls), pos;

	memcpy(until, s->free[cls], sizeof s->free[cls]);
	for (uint64_t left = s->fixed & s->regs[cls]; left; left &= left - 1) {
		unsigned r = (unsigned)__builtin_ctzll(left);
		uint32_t first = trim(s, &s->ra->fixed[r]);

		if (!first)
			s->fixed &= ~(UINT64_C(1) << r);
		else if (s->ra->range.at[first].from < i->end)
			until[r] = intersection(s, first, i->range);
	}
	pos = call && s->ra->range.at[call].from < i->end ? intersection(s, call, i->range) : NEVER_USED;
	for (uint64_t left = pos == NEVER_USED ? 0 : s->ra->call_regs & s->regs[cls]; left; left &= left - 1) {
		unsigned r = (unsigned)__builtin_ctzll(left);

		until[r] = pos < until[r] ? pos : until[r];
	}
}

static uint32_t next_use(const struct scan *s, const struct ra_interval *i, uint32_t pos, bool reg)
{
	const struct ra_use *use = s->ra->use.at;

	for (uint32_t u = i->use; u; u = use[u].next)
		if (use[u].pos >= pos && (use[u].reg || !reg))
			return use[u].pos;
	return NEVER_USED;
}

/* A cut at pos that would part two needs of one instruction comes before it: the rest could not be reloaded in time. */
static uint32_t cut(const struct scan *s, const struct ra_interval *i, uint32_t pos)
{
	uint32_t u = pos == NEVER_USED || pos % 4 == 0 ? NEVER_USED : next_use(s, i, pos, true);

	return u != NEVER_USED && u / 4 == pos / 4 ? pos & ~3u : pos;
}

/* ---- splitting ------------------------------------------------------------------------------------------------------ */

/* The part from pos on becomes a new interval, which is returned. start < pos < end. */
static uint32_t split(struct scan *s, uint32_t i, uint32_t pos)
{
	struct ra_interval child = *at(s, i);
	uint32_t k = child.range, last = 0;
	struct ra_range *r;

	ASSERT(pos > child.start && pos < child.end);
	for (; s->ra->range.at[k].to <= pos; k = s->ra->range.at[k].next)
		last = k;
	r = &s->ra->range.at[k];
	if (r->from < pos) {
		vec_push(s->m->mem, &s->ra->range, ((struct ra_range){ pos, r->to, r->next }));
		s->ra->range.at[k].to = pos;
		last = k;
		k = s->ra->range.n - 1;
	}
	if (last)
		s->ra->range.at[last].next = 0;
	else
		at(s, i)->range = 0;
	child.range = k;
	child.start = s->ra->range.at[k].from;
	child.reg = MACH_NO_REG;
	at(s, i)->end = last ? s->ra->range.at[last].to : pos;
	for (k = child.use, last = 0; k && s->ra->use.at[k].pos < pos; k = s->ra->use.at[k].next)
		last = k;
	child.use = k;
	if (last)
		s->ra->use.at[last].next = 0;
	else
		at(s, i)->use = 0;
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
	uint32_t use = next_use(s, at(s, i), at(s, i)->start, true);

	spill(s, i);
	if (use != NEVER_USED) {
		uint32_t place = split_place(s, at(s, i)->start, use);

		if (!place)
			s->m->bail(s->m->bail_arg, "an instruction needs more registers than there are");
		push(s, split(s, i, place));
	}
}

/* ---- allocation ------------------------------------------------------------------------------------------------------ */

/* The register of the piece of vreg v that is live nearest before pos, else of its first piece. */
static uint8_t register_of(const struct scan *s, uint32_t v, uint32_t pos)
{
	uint32_t k = v;

	if (!k)
		return MACH_NO_REG;
	while (at(s, k)->next && at(s, at(s, k)->next)->start <= pos)
		k = at(s, k)->next;
	return at(s, k)->reg;
}

#define WISHES 4

static void wished(const struct scan *s, uint32_t i, uint8_t wish[WISHES])
{
	const struct ra_family *fam = &s->ra->fam[at(s, i)->vreg];

	wish[0] = register_of(s, fam->back, at(s, i)->start);
	wish[1] = s->m->vreg.at[at(s, i)->vreg].hint;
	wish[2] = register_of(s, fam->hint, at(s, i)->start);
	wish[3] = fam->goal;
}

/* What is asked about one interval. */
struct ask { uint32_t i, call; uint64_t resting, partly; };	/* call: first one it lives through; resting: registers of the inactive ones; partly: that may be wanted by others */

static struct ask ask(struct scan *s, uint32_t i)
{
	uint32_t call = trim(s, &s->ra->calls);
	struct ask a = { i, NEVER_USED, 0, s->fixed };

	if (call && s->ra->range.at[call].from < at(s, i)->end)
		a.call = intersection(s, call, at(s, i)->range);
	if (a.call != NEVER_USED)
		a.partly |= s->ra->call_regs;
	for (uint32_t k = 0; k < s->inactive.n; k++)
		if (s->inactive.at[k].until < at(s, i)->end)
			a.resting |= UINT64_C(1) << at(s, s->inactive.at[k].interval)->reg;
	a.partly |= a.resting;
	return a;
}

static uint32_t part_until(struct scan *s, const struct ask *a, unsigned r)
{
	uint64_t bit = UINT64_C(1) << r;
	const struct ra_interval *i = at(s, a->i);
	uint32_t until = NEVER_USED, p;

	if (s->fixed & bit) {
		uint32_t first = trim(s, &s->ra->fixed[r]);

		if (!first)
			s->fixed &= ~bit;
		else if (s->ra->range.at[first].from < i->end)
			until = intersection(s, first, i->range);
	}
	if (s->ra->call_regs & bit && a->call < until)
		until = a->call;
	for (uint32_t k = 0; a->resting & bit && k < s->inactive.n; k++) {
		const struct ra_interval *x = at(s, s->inactive.at[k].interval);

		if (x->reg == r && (p = intersection(s, x->range, i->range)) < until)
			until = p;
	}
	return cut(s, i, until);
}

/* How long register r is free for the interval: NEVER_USED for all its life. */
static inline uint32_t free_until(struct scan *s, const struct ask *a, unsigned r)
{
	return s->busy >> r & 1 ? 0 : a->partly >> r & 1 ? part_until(s, a, r) : NEVER_USED;
}

/* The first register that calls leave alone and that is free for all of the interval's life, or MACH_NO_REG. */
static uint8_t kept_by_calls(struct scan *s, const struct ask *a, unsigned cls)
{
	const struct target *t = s->m->target;

	for (unsigned k = 0; k < t->n_order[cls]; k++) {
		uint8_t r = t->order[cls][k];

		if ((s->regs[cls] & ~s->ra->call_regs) >> r & 1 && free_until(s, a, r) == NEVER_USED)
			return r;
	}
	return MACH_NO_REG;
}

/* The register to take: one that is wished for, the first that is free long enough, or the one that is free longest; until when in *until. */
static uint8_t pick(struct scan *s, uint32_t i, uint32_t *until)
{
	const struct target *t = s->m->target;
	unsigned cls = class_of(s, i), n = 0;
	struct ask a = ask(s, i);
	uint8_t wish[WISHES], best = MACH_NO_REG, fit[MACH_MAX_REGS];

	wished(s, i, wish);
	*until = NEVER_USED;
	for (unsigned k = 0; k < WISHES && !s->ra->seed; k++)
		if (wish[k] != MACH_NO_REG && s->regs[cls] >> wish[k] & 1 && free_until(s, &a, wish[k]) == NEVER_USED)
			return wish[k];
	if (s->ra->fam[at(s, i)->vreg].far && a.call == NEVER_USED && !s->ra->seed && (best = kept_by_calls(s, &a, cls)) != MACH_NO_REG)
		return best;
	*until = 0;
	for (unsigned k = 0; k < t->n_order[cls]; k++) {
		uint8_t r = t->order[cls][k];
		uint32_t u = s->regs[cls] >> r & 1 ? free_until(s, &a, r) : 0;

		if (u == NEVER_USED)
			fit[n++] = r;
		if (u > *until) {
			*until = u;
			best = r;
		}
		if (n && !s->ra->seed)
			break;
	}
	return n && s->ra->seed ? fit[random_below(&s->ra->seed, n)] : best;
}

static bool try_free(struct scan *s, uint32_t i)
{
	uint32_t start = at(s, i)->start, until, use, place, rest;
	uint8_t r = pick(s, i, &until);

	if (r == MACH_NO_REG || until <= start)
		return false;
	if (until < at(s, i)->end) {
		/* free for a first part: worth it only if a use falls into it */
		use = next_use(s, at(s, i), start, true);
		if (use == NEVER_USED || use >= until)
			return false;
		place = split_place(s, use, until);
		rest = split(s, i, place ? place : until);
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

	if (pos >= at(s, i)->end)
		return;
	if (pos <= at(s, i)->start) {
		spill_until_use(s, i);
		return;
	}
	rest = split(s, i, pos);
	if (next_use(s, at(s, i), at(s, i)->start, true) == NEVER_USED)
		spill(s, i);		/* nobody has made use of the register: it need not have been there */
	spill_until_use(s, rest);
}

static void activate(struct scan *s, uint32_t i)
{
	vec_push(s->m->mem, &s->active, ((struct held){ i, s->ra->range.at[at(s, i)->range].to }));
	s->busy |= UINT64_C(1) << at(s, i)->reg;
}

static void deactivate(struct scan *s, uint32_t k)
{
	s->busy &= ~(UINT64_C(1) << at(s, s->active.at[k].interval)->reg);
	s->active.at[k] = s->active.at[--s->active.n];
}

static void free_register(struct scan *s, uint32_t i, uint8_t r)
{
	uint32_t start = at(s, i)->start;

	for (uint32_t k = s->active.n; k-- > 0;)
		if (at(s, s->active.at[k].interval)->reg == r) {
			uint32_t x = s->active.at[k].interval;

			deactivate(s, k);
			take_away(s, x, start);
		}
	for (uint32_t k = s->inactive.n; k-- > 0;) {
		uint32_t x = s->inactive.at[k].interval, p;

		if (at(s, x)->reg != r)
			continue;
		p = intersection(s, at(s, x)->range, at(s, i)->range);
		if (p == NEVER_USED)
			continue;
		/* it is in a hole now: what comes behind the hole is allocated anew */
		s->inactive.at[k] = s->inactive.at[--s->inactive.n];
		if (start > at(s, x)->start && start < at(s, x)->end)
			push(s, split(s, x, start));
	}
}

/* For every register the next position where somebody else needs it: a use of the interval that holds it, or a fixed range. */
static void next_needs(struct scan *s, uint32_t i, uint32_t *use_pos, uint32_t *block_pos)
{
	fixed_until(s, at(s, i), class_of(s, i), block_pos);
	memcpy(use_pos, block_pos, sizeof s->free[0]);
	for (uint32_t k = 0; k < s->active.n + s->inactive.n; k++) {
		bool active = k < s->active.n;
		const struct ra_interval *x = at(s, (active ? s->active.at[k] : s->inactive.at[k - s->active.n]).interval);
		uint32_t p;

		if (!active && intersection(s, x->range, at(s, i)->range) == NEVER_USED)
			continue;
		p = next_use(s, x, at(s, i)->start, true);
		if (p < use_pos[x->reg])
			use_pos[x->reg] = p;
	}
}

static void take_blocked(struct scan *s, uint32_t i)
{
	const struct target *t = s->m->target;
	unsigned cls = class_of(s, i);
	uint32_t start = at(s, i)->start, first = next_use(s, at(s, i), start, true), most = 0;
	uint32_t use_pos[MACH_MAX_REGS], block_pos[MACH_MAX_REGS];
	uint8_t best = MACH_NO_REG;

	if (first == NEVER_USED) {
		spill(s, i);
		return;
	}
	next_needs(s, i, use_pos, block_pos);
	for (unsigned k = 0; k < t->n_order[cls]; k++) {
		uint8_t r = t->order[cls][k];

		block_pos[r] = cut(s, at(s, i), block_pos[r]);
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
	if (block_pos[best] < at(s, i)->end) {
		uint32_t place = split_place(s, first, block_pos[best]);
		uint32_t rest = split(s, i, place ? place : block_pos[best]);

		if (place)
			push(s, rest);
		else
			spill_until_use(s, rest);
	}
}

/* Active ones whose range has ended are over or in a hole; inactive ones whose next range has begun are back. */
static void expire(struct scan *s)
{
	for (uint32_t k = s->active.n; k-- > 0;) {
		uint32_t x = s->active.at[k].interval, r;

		if (s->active.at[k].until > s->pos)
			continue;
		r = trim(s, &at(s, x)->range);
		if (r && s->ra->range.at[r].from <= s->pos) {
			s->active.at[k].until = s->ra->range.at[r].to;
			continue;
		}
		deactivate(s, k);
		if (r)
			vec_push(s->m->mem, &s->inactive, ((struct held){ x, s->ra->range.at[r].from }));
	}
	for (uint32_t k = s->inactive.n; k-- > 0;) {
		uint32_t x = s->inactive.at[k].interval, r;

		if (s->inactive.at[k].until > s->pos)
			continue;
		r = trim(s, &at(s, x)->range);
		if (r && s->ra->range.at[r].from > s->pos) {
			s->inactive.at[k].until = s->ra->range.at[r].from;
			continue;
		}
		s->inactive.at[k] = s->inactive.at[--s->inactive.n];
		if (r)
			activate(s, x);
	}
}

void ra_scan(struct ra *ra)
{
	struct scan s = { .ra = ra, .m = ra->m };
	const struct target *t = ra->m->target;

	for (unsigned r = 0; r < MACH_MAX_REGS; r++)
		s.fixed |= (uint64_t)(ra->fixed[r] != 0) << r;
	for (unsigned c = 0; c < MACH_CLASSES; c++)
		for (unsigned k = 0; k < t->n_order[c]; k++)
			if (ra->allocatable >> t->order[c][k] & 1) {
				s.regs[c] |= UINT64_C(1) << t->order[c][k];
				s.free[c][t->order[c][k]] = NEVER_USED;
			}
	sort_intervals(&s);
	for (uint32_t i; (i = take_next(&s)) != 0;) {
		s.pos = at(&s, i)->start;
		expire(&s);
		arena_poll(s.m->mem);
		if (!try_free(&s, i))
			take_blocked(&s, i);
		if (at(&s, i)->reg != MACH_NO_REG)
			activate(&s, i);
	}
}
