/* SPDX-License-Identifier: MIT
 * asm.c - the byte buffer: growing it, labels, fixups, literals, relaxing, linking.
 *
 * Relaxing starts from the hopeful end: every branch site is short, and those that do not reach are made long until none is
 * left. Long ones never become short again, so it ends; what remains is right because the last round measured the very layout
 * that is written. Padding is laid out anew in each round. A round costs one walk over the sites. Chains of branches that
 * push each other out one by one would need a round each; after MAX_ROUNDS every short branch whose distance could still
 * change is made long, which ends it.
 *
 * Each label remembers how many sites precede it, so a round needs no search and a label between two sites at one offset
 * (empty padding) is on the right side. No place ever moves to a higher offset: code only shrinks, and a lower start
 * rounded up cannot pass a higher start rounded up.
 */
#include "asm/asm.h"

enum { MAX_ROUNDS = 24 };

/* ---- memory ------------------------------------------------------------------ */

void asm_init(struct asm_buf *a)
{
	*a = (struct asm_buf){ .dead = ASM_ALIVE };
}

void asm_fini(struct asm_buf *a)
{
	base_free(a->at, a->cap);
	base_free(a->label, a->cap_labels * sizeof *a->label);
	base_free(a->label_site, a->cap_label_site * sizeof *a->label_site);
	base_free(a->fixup, a->cap_fixups * sizeof *a->fixup);
	base_free(a->lit, a->cap_lits * sizeof *a->lit);
	base_free(a->lit_hash, a->cap_lit_hash * sizeof *a->lit_hash);
	base_free(a->outside, a->cap_outside * sizeof *a->outside);
	base_free(a->site, a->cap_sites * sizeof *a->site);
	asm_init(a);
}

static void clear_literals(struct asm_buf *a)
{
	a->n_lits = 0;
	if (a->cap_lit_hash > 0)
		memset(a->lit_hash, 0, a->cap_lit_hash * sizeof *a->lit_hash);
}

void asm_reset(struct asm_buf *a)
{
	a->n = a->n_labels = a->n_fixups = a->n_outside = a->n_sites = 0;
	a->last_align = a->cut = 0;
	a->base = 0;
	a->relaxed = false;
	a->dead = ASM_ALIVE;
	clear_literals(a);
}

void asm_kill(struct asm_buf *a, enum asm_dead why)
{
	if (a->dead == ASM_ALIVE)
		a->dead = why;
}

/* Room for one more element behind n; returns the array, or NULL and kills a. */
static void *one_more(struct asm_buf *a, void *at, uint32_t n, uint32_t *cap, size_t size)
{
	uint32_t more = *cap ? *cap * 2 : 32;
	void *p;

	if (n < *cap)
		return at;
	p = more > *cap ? base_realloc(at, *cap * size, more * size) : NULL;
	if (!p)
		asm_kill(a, ASM_NO_MEMORY);
	else
		*cap = more;
	return p;
}

/* Makes n bytes free behind the end; false and dead when they are refused. */
bool asm_grow(struct asm_buf *a, size_t n)
{
	size_t cap = a->cap ? a->cap : 1024;
	uint8_t *p;

	ASSERT(!a->relaxed);
	if (a->dead != ASM_ALIVE)
		return false;
	if (n > ASM_MAX_BYTES - a->n) {
		asm_kill(a, ASM_OUT_OF_RANGE);
		return false;
	}
	while (cap - a->n < n)
		cap *= 2;
	if (cap == a->cap)
		return true;
	p = base_realloc(a->at, a->cap, cap);
	if (!p) {
		asm_kill(a, ASM_NO_MEMORY);
		return false;
	}
	a->at = p;
	a->cap = (uint32_t)cap;
	return true;
}

/* ---- bytes ------------------------------------------------------------------- */

static void put_le(struct asm_buf *a, uint64_t x, unsigned n)
{
	uint8_t *p = asm_open(a);

	if (!p)
		return;
	for (unsigned i = 0; i < n; i++)
		*p++ = (uint8_t)(x >> 8 * i);
	asm_close(a, p);
}

void asm_u8(struct asm_buf *a, unsigned x) { put_le(a, x, 1); }
void asm_u16(struct asm_buf *a, unsigned x) { put_le(a, x, 2); }
void asm_u32(struct asm_buf *a, uint32_t x) { put_le(a, x, 4); }
void asm_u64(struct asm_buf *a, uint64_t x) { put_le(a, x, 8); }

void asm_bytes(struct asm_buf *a, const void *p, size_t n)
{
	if (n == 0 || !asm_grow(a, n))
		return;
	memcpy(a->at + a->n, p, n);
	a->n += (uint32_t)n;
}

static uint32_t round_up(uint32_t x, uint32_t to) { return (x + to - 1) & ~(to - 1); }

static void fill(const struct asm_site *s, uint8_t *p, uint32_t n)
{
	if (n == 0)
		return;
	if (s->fill.fn)
		s->fill.fn(p, n);
	else
		memset(p, s->fill.byte, n);
}

/* While no site precedes it, padding cannot change and is no site itself. */
static void align(struct asm_buf *a, uint32_t to, asm_fill_fn *fn, uint8_t byte)
{
	struct asm_site s = { .at = a->n, .align = to, .fill = { fn, byte } };
	struct asm_site *sites;
	uint32_t pad = round_up(a->n, to) - a->n;

	ASSERT(to > 0 && (to & (to - 1)) == 0 && to <= 4096);
	if (!asm_grow(a, pad))
		return;
	fill(&s, a->at + a->n, pad);
	a->n += pad;
	s.end = a->n;
	if (a->n_sites == 0)
		return;
	sites = one_more(a, a->site, a->n_sites, &a->cap_sites, sizeof *sites);
	if (!sites)
		return;
	a->site = sites;
	a->site[a->n_sites++] = s;
	a->last_align = a->n_sites;
}

void asm_align(struct asm_buf *a, unsigned to, uint8_t byte) { align(a, to, NULL, byte); }
void asm_align_with(struct asm_buf *a, unsigned to, asm_fill_fn *fn) { align(a, to, fn, 0); }

/* ---- labels and fixups --------------------------------------------------------- */

/* 0 when dead: such a label is only ever handed back to functions that return at once. */
asm_label asm_label_new(struct asm_buf *a)
{
	uint32_t *at, *site;

	if (a->dead != ASM_ALIVE)
		return 0;
	at = one_more(a, a->label, a->n_labels, &a->cap_labels, sizeof *at);
	if (!at)
		return 0;
	a->label = at;
	site = one_more(a, a->label_site, a->n_labels, &a->cap_label_site, sizeof *site);
	if (!site)
		return 0;
	a->label_site = site;
	a->label[a->n_labels] = ASM_UNBOUND;
	a->label_site[a->n_labels] = 0;
	return a->n_labels++;
}

void asm_bind(struct asm_buf *a, asm_label l)
{
	if (a->dead != ASM_ALIVE)
		return;
	ASSERT(!a->relaxed);
	ASSERT(l < a->n_labels && a->label[l] == ASM_UNBOUND);
	a->label[l] = a->n;
	a->label_site[l] = a->n_sites;
}

void asm_bind_outside(struct asm_buf *a, asm_label l, uint64_t address)
{
	uint64_t *p;

	if (a->dead != ASM_ALIVE)
		return;
	ASSERT(l < a->n_labels && a->label[l] == ASM_UNBOUND);
	p = one_more(a, a->outside, a->n_outside, &a->cap_outside, sizeof *p);
	if (!p)
		return;
	a->outside = p;
	a->outside[a->n_outside] = address;
	a->label[l] = ASM_OUTSIDE | a->n_outside++;
}

bool asm_bound(const struct asm_buf *a, asm_label l)
{
	return l < a->n_labels && a->label[l] != ASM_UNBOUND;
}

static bool bound_inside(const struct asm_buf *a, asm_label l)
{
	return l < a->n_labels && !(a->label[l] & ASM_OUTSIDE);
}

uint32_t asm_label_at(const struct asm_buf *a, asm_label l)
{
	if (a->dead != ASM_ALIVE)
		return 0;
	ASSERT(bound_inside(a, l));
	return a->label[l];
}

void asm_fix(struct asm_buf *a, uint32_t at, asm_label l, uint8_t kind, int32_t addend)
{
	struct asm_fixup *p;

	if (a->dead != ASM_ALIVE)
		return;
	ASSERT(l < a->n_labels && !a->relaxed);
	p = one_more(a, a->fixup, a->n_fixups, &a->cap_fixups, sizeof *p);
	if (!p)
		return;
	a->fixup = p;
	a->fixup[a->n_fixups++] = (struct asm_fixup){ .at = at, .label = l, .kind = kind, .addend = addend };
}

void asm_branch(struct asm_buf *a, uint32_t at, const struct asm_short *s)
{
	struct asm_site *p;

	if (a->dead != ASM_ALIVE)
		return;
	ASSERT(a->n_fixups > 0 && s->n <= sizeof s->bytes && at + s->n <= a->n);
	ASSERT(a->n_sites == 0 || a->site[a->n_sites - 1].end <= at);
	p = one_more(a, a->site, a->n_sites, &a->cap_sites, sizeof *p);
	if (!p)
		return;
	a->site = p;
	a->site[a->n_sites++] = (struct asm_site){ .at = at, .end = a->n, .branch = { a->n_fixups - 1, *s } };
}

bool asm_only_shrinks(const struct asm_buf *a, asm_label l)
{
	return bound_inside(a, l) && a->last_align <= a->label_site[l];
}

/* ---- literals -------------------------------------------------------------------- */

/* The slot of the hash table that holds these bytes, or the empty one where they belong. */
static uint32_t *literal_slot(const struct asm_buf *a, const void *bytes, unsigned size)
{
	uint32_t mask = a->cap_lit_hash - 1;
	uint32_t i = (uint32_t)hash_bytes(bytes, size, size) & mask;

	while (a->lit_hash[i]) {
		const struct asm_literal *l = &a->lit[a->lit_hash[i] - 1];
		if (l->size == size && memcmp(l->bytes, bytes, size) == 0)
			break;
		i = (i + 1) & mask;
	}
	return &a->lit_hash[i];
}

/* Keeps the table at most half full. */
static bool grow_literal_hash(struct asm_buf *a)
{
	uint32_t cap = a->cap_lit_hash ? a->cap_lit_hash * 2 : 64;
	uint32_t *p;

	if ((a->n_lits + 1) * 2 <= a->cap_lit_hash)
		return true;
	p = base_realloc(a->lit_hash, a->cap_lit_hash * sizeof *p, cap * sizeof *p);
	if (!p) {
		asm_kill(a, ASM_NO_MEMORY);
		return false;
	}
	a->lit_hash = p;
	a->cap_lit_hash = cap;
	memset(p, 0, cap * sizeof *p);
	for (uint32_t i = 0; i < a->n_lits; i++)
		*literal_slot(a, a->lit[i].bytes, a->lit[i].size) = i + 1;
	return true;
}

asm_label asm_literal(struct asm_buf *a, const void *bytes, unsigned size)
{
	struct asm_literal *p;
	uint32_t *slot;
	asm_label l;

	ASSERT(size == 4 || size == 8 || size == 16);
	if (a->dead != ASM_ALIVE || !grow_literal_hash(a))
		return 0;
	slot = literal_slot(a, bytes, size);
	if (*slot)
		return a->lit[*slot - 1].label;
	p = one_more(a, a->lit, a->n_lits, &a->cap_lits, sizeof *p);
	if (!p)
		return 0;
	a->lit = p;
	l = asm_label_new(a);
	if (a->dead != ASM_ALIVE)
		return 0;
	p = &a->lit[a->n_lits++];
	*p = (struct asm_literal){ .size = (uint8_t)size, .label = l };
	memcpy(p->bytes, bytes, size);
	*slot = a->n_lits;
	return l;
}

void asm_flush_literals(struct asm_buf *a)
{
	bool aligned = false;

	for (unsigned size = 16; size >= 4; size /= 2)
		for (uint32_t i = 0; i < a->n_lits; i++) {
			if (a->lit[i].size != size)
				continue;
			if (!aligned)
				asm_align(a, size, 0);
			aligned = true;		/* and all later ones, being no larger */
			asm_bind(a, a->lit[i].label);
			asm_bytes(a, a->lit[i].bytes, size);
		}
	clear_literals(a);
}

/* ---- relaxing ---------------------------------------------------------------------- */

static uint32_t cut_before(const struct asm_buf *a, uint32_t site)
{
	return site < a->n_sites ? a->site[site].cut : a->cut;
}

/* Where every site starts if those marked short are. */
static void lay_out(struct asm_buf *a)
{
	uint32_t cut = 0;

	for (uint32_t i = 0; i < a->n_sites; i++) {
		struct asm_site *s = &a->site[i];

		s->cut = cut;
		if (s->align)
			cut = s->end - round_up(s->at - cut, s->align);
		else if (s->is_short)
			cut += s->end - s->at - s->branch.s.n;
	}
	a->cut = cut;
}

static bool reaches(const struct asm_buf *a, const struct asm_site *s)
{
	asm_label l = a->fixup[s->branch.fixup].label;
	int64_t to = (int64_t)a->label[l] - cut_before(a, a->label_site[l]);
	int64_t distance = to + s->branch.s.addend - (s->at - s->cut + s->branch.s.field);
	int64_t limit = INT64_C(1) << (s->branch.s.reach - 1);

	return distance >= -limit && distance < limit;
}

/* Makes long what does not reach; in the last round also what spans another site. */
static bool lengthen(struct asm_buf *a, bool last_round)
{
	bool changed = false;

	for (uint32_t i = 0; i < a->n_sites; i++) {
		struct asm_site *s = &a->site[i];
		uint32_t k;

		if (s->align || !s->is_short)
			continue;
		k = a->label_site[a->fixup[s->branch.fixup].label];
		if (!reaches(a, s) || (last_round && k != i && k != i + 1)) {
			s->is_short = false;
			changed = true;
		}
	}
	return changed;
}

static void move_code(struct asm_buf *a)
{
	uint32_t from = 0, to = 0;

	for (uint32_t i = 0; i < a->n_sites; i++) {
		const struct asm_site *s = &a->site[i];
		uint32_t keep = (s->align || s->is_short ? s->at : s->end) - from;

		memmove(a->at + to, a->at + from, keep);
		to += keep;
		if (s->align) {
			uint32_t end = round_up(to, s->align);
			fill(s, a->at + to, end - to);
			to = end;
		} else if (s->is_short) {
			memcpy(a->at + to, s->branch.s.bytes, s->branch.s.n);
			to += s->branch.s.n;
		}
		from = s->end;
	}
	memmove(a->at + to, a->at + from, a->n - from);
	ASSERT(a->n - from + to == a->n - a->cut);
	a->n -= a->cut;
}

/* The number of sites that start before `at`. */
static uint32_t sites_before(const struct asm_buf *a, uint32_t at)
{
	uint32_t lo = 0, hi = a->n_sites;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (a->site[mid].at < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* A field belongs to the byte at its offset, so it moves with what follows empty padding there. Fixups are nearly always in
 * the order of the code: k, the number of sites at or before the field, is found by a step or two from the last one. */
static void move_fixups(struct asm_buf *a)
{
	for (uint32_t i = 0, k = 0; i < a->n_fixups; i++) {
		uint32_t at = a->fixup[i].at;

		if (k > 0 && a->site[k - 1].at > at)
			k = sites_before(a, at);
		while (k < a->n_sites && a->site[k].at <= at)
			k++;
		a->fixup[i].at = at - cut_before(a, k);
	}
	for (uint32_t i = 0; i < a->n_sites; i++) {
		const struct asm_site *s = &a->site[i];
		struct asm_fixup *f;

		if (s->align || !s->is_short)
			continue;
		f = &a->fixup[s->branch.fixup];
		f->at = s->at - s->cut + s->branch.s.field;
		f->kind = s->branch.s.kind;
		f->addend = s->branch.s.addend;
	}
}

void asm_relax(struct asm_buf *a)
{
	unsigned round = 0;

	if (a->dead != ASM_ALIVE || a->relaxed)
		return;
	a->relaxed = true;
	if (a->n_sites == 0)
		return;
	for (uint32_t i = 0; i < a->n_sites; i++) {
		struct asm_site *s = &a->site[i];
		if (!s->align)
			s->is_short = bound_inside(a, a->fixup[s->branch.fixup].label);
	}
	do
		lay_out(a);
	while (lengthen(a, ++round == MAX_ROUNDS));
	move_code(a);
	move_fixups(a);
	for (asm_label l = 0; l < a->n_labels; l++)
		if (bound_inside(a, l))
			a->label[l] -= cut_before(a, a->label_site[l]);
}

uint32_t asm_moved(const struct asm_buf *a, uint32_t old)
{
	const struct asm_site *s;
	uint32_t k, start, end;

	if (a->dead != ASM_ALIVE || !a->relaxed)
		return old;
	k = sites_before(a, old);
	if (k == 0 || old >= a->site[k - 1].end)
		return old - cut_before(a, k);
	s = &a->site[k - 1];			/* inside: as deep as there still is room */
	start = s->at - s->cut;
	end = s->end - cut_before(a, k);
	return end - start < old - s->at ? end : start + (old - s->at);
}

/* ---- linking ----------------------------------------------------------------------- */

void asm_place(struct asm_buf *a, uint64_t address)
{
	a->base = address;
}

void asm_link(struct asm_buf *a, asm_fix_fn *fix)
{
	asm_relax(a);
	for (uint32_t i = 0; i < a->n_fixups && a->dead == ASM_ALIVE; i++) {
		const struct asm_fixup *f = &a->fixup[i];
		uint32_t at = a->label[f->label];
		uint64_t target;

		if (at == ASM_UNBOUND) {
			asm_kill(a, ASM_UNBOUND_LABEL);
			return;
		}
		target = at & ASM_OUTSIDE ? a->outside[at & ~ASM_OUTSIDE] : a->base + at;
		target += (uint64_t)(int64_t)f->addend;
		if (!(f->kind & ASM_ABSOLUTE))
			target -= a->base + f->at;
		if (!fix(a->at + f->at, f->kind, (int64_t)target))
			asm_kill(a, ASM_OUT_OF_RANGE);
	}
}

const char *asm_dead_text(enum asm_dead d)
{
	static const char *const text[] = {
		[ASM_ALIVE] = "alive",
		[ASM_NO_MEMORY] = "out of memory",
		[ASM_OUT_OF_RANGE] = "a distance does not fit its field",
		[ASM_UNBOUND_LABEL] = "a label has no place",
		[ASM_BAD_INSTRUCTION] = "an instruction has no such operands",
	};

	return (unsigned)d < COUNT_OF(text) ? text[d] : "?";
}
