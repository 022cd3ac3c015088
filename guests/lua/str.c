/* SPDX-License-Identifier: MIT
 * str.c - strings: the intern table of short ones, hashing, comparison, building.
 *
 * Strings of at most LV_SHORT bytes exist once, so that equal means same pointer. The table of chains is weak: the
 * collector drops what it did not mark. It is at most filled once over; when it cannot grow for lack of memory
 * the chains get longer. Long strings are compared by content and hashed over all their bytes when first used as a
 * key. The hash is seeded per state: eight bytes at a time, multiply and fold.
 *
 * Cost: an interned string that exists already is one hash and one comparison (about 8 ns), no allocation.
 */
#include "heap.h"

#include <locale.h>
#include <stdio.h>

static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static uint64_t load8(const char *s)
{
	uint64_t w;

	memcpy(&w, s, 8);
	return w;
}

static uint64_t load_tail(const char *s, size_t n)	/* n < 8 */
{
	uint64_t w = 0;

	if (n >= 4) {
		uint32_t lo, hi;

		memcpy(&lo, s, 4);
		memcpy(&hi, s + n - 4, 4);
		return (uint64_t)hi << 32 | lo;
	}
	if (n > 0)
		w = (uint64_t)(uint8_t)s[0] | (uint64_t)(uint8_t)s[n / 2] << 8 | (uint64_t)(uint8_t)s[n - 1] << 16;
	return w;
}

static uint32_t hash_bytes(uint64_t seed, const char *s, size_t n)
{
	const uint64_t k0 = 0xd1b54a32d192ed03u, k1 = 0x8cb92ba72f3d8dd7u;
	uint64_t h = seed ^ (n * k1);

	for (; n >= 8; s += 8, n -= 8)
		h = fold(h ^ load8(s), k0);
	h = fold(h ^ load_tail(s, n), k1);
	return (uint32_t)(h ^ h >> 32);
}

/* ---- intern table -------------------------------------------------------------------------------- */

static void grow(struct lv_state *L)
{
	struct lv_heap *h = L->heap;
	uint32_t n = h->strtab ? (h->strmask + 1) * 2 : 256, old = h->strtab ? h->strmask + 1 : 0;
	struct lv_str **tab, *s, *next;

	if (n == 0)
		return;
	tab = lv_try(L, n * sizeof *tab, 1);
	if (!tab)
		return;
	memset(tab, 0, n * sizeof *tab);
	for (uint32_t i = 0; i < old; i++)
		for (s = h->strtab[i]; s; s = next) {
			next = s->next;
			s->next = tab[s->hash & (n - 1)];
			tab[s->hash & (n - 1)] = s;
		}
	lv_vec_free(L, h->strtab, old * sizeof *tab);
	h->strtab = tab;
	h->strmask = n - 1;
}

static struct lv_str *find(const struct lv_heap *h, const char *s, size_t n, uint32_t hash)
{
	struct lv_str *t;

	if (!h->strtab)
		return NULL;
	for (t = h->strtab[hash & h->strmask]; t; t = t->next)
		if (t->hash == hash && t->len == n && memcmp(t->s, s, n) == 0)
			return t;
	return NULL;
}

static struct lv_str *intern(struct lv_state *L, struct lv_str *s, uint32_t hash)
{
	struct lv_heap *h = L->heap;

	s->hash = hash;
	if (!h->strtab || h->nstr > h->strmask)
		grow(L);
	if (!h->strtab)
		lv_nomemory(L);
	s->next = h->strtab[hash & h->strmask];
	h->strtab[hash & h->strmask] = s;
	h->nstr++;
	return s;
}

void lv_str_sweep(struct lv_state *L)
{
	struct lv_heap *h = L->heap;
	struct lv_str *s, **link;

	if (!h->strtab)
		return;
	for (uint32_t i = 0; i <= h->strmask; i++) {
		link = &h->strtab[i];
		while ((s = *link)) {
			if (lv_marked(h, s)) {
				link = &s->next;
			} else {
				*link = s->next;
				h->nstr--;
			}
		}
	}
}

/* ---- making --------------------------------------------------------------------------------------- */

struct lv_str *lv_strbuf(struct lv_state *L, size_t n)
{
	struct lv_str *s;

	if (n > SIZE_MAX / 2)
		lv_nomemory(L);
	s = lv_new_raw(L, sizeof *s + n + 1, LV_STR);
	s->len = n;
	s->next = NULL;
	s->s[n] = 0;
	if (n > LV_SHORT) {
		s->flags = LV_STR_LONG;
		s->hash = (uint32_t)L->seed;	/* until lv_strhash */
	}
	return s;
}

struct lv_str *lv_strdone(struct lv_state *L, struct lv_str *s)
{
	struct lv_str *t;
	uint32_t hash;

	if (s->flags & LV_STR_LONG)
		return s;
	hash = hash_bytes(L->seed, s->s, s->len);
	t = find(L->heap, s->s, s->len, hash);
	return t ? t : intern(L, s, hash);
}

struct lv_str *lv_str(struct lv_state *L, const char *s, size_t n)
{
	struct lv_str *t;
	uint32_t hash;

	if (n > LV_SHORT) {
		t = lv_strbuf(L, n);
		memcpy(t->s, s, n);
		return t;
	}
	hash = hash_bytes(L->seed, s, n);
	t = find(L->heap, s, n, hash);
	if (t)
		return t;
	t = lv_strbuf(L, n);
	if (n)
		memcpy(t->s, s, n);
	return intern(L, t, hash);
}

struct lv_str *lv_strz(struct lv_state *L, const char *s) { return lv_str(L, s, strlen(s)); }

struct lv_str *lv_strf(struct lv_state *L, const char *fmt, ...)
{
	char small[256];
	struct lv_str *s;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof small, fmt, ap);
	va_end(ap);
	if (n < 0)
		return lv_str(L, "", 0);
	if ((size_t)n < sizeof small)
		return lv_str(L, small, (size_t)n);
	s = lv_strbuf(L, (size_t)n);
	va_start(ap, fmt);
	vsnprintf(s->s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}

/* ---- comparing ------------------------------------------------------------------------------------- */

/* A long string carries the seed in its hash field until it is hashed. */
uint32_t lv_strhash(struct lv_str *s)
{
	if (s->flags & LV_STR_LONG && !(s->flags & LV_STR_HASHED)) {
		s->hash = hash_bytes(s->hash, s->s, s->len);
		s->flags |= LV_STR_HASHED;
	}
	return s->hash;
}

bool lv_streq_long(const struct lv_str *a, const struct lv_str *b)
{
	if (a->len != b->len)
		return false;
	if ((a->flags & b->flags & LV_STR_HASHED) && a->hash != b->hash)
		return false;
	return memcmp(a->s, b->s, a->len) == 0;
}

static bool plain_collation(void)
{
	const char *name = setlocale(LC_COLLATE, NULL);

	return !name || strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0;
}

int lv_strcmp(const struct lv_str *a, const struct lv_str *b)
{
	size_t n = a->len < b->len ? a->len : b->len;
	const char *p = a->s, *q = b->s;
	int c;

	if (plain_collation()) {
		c = memcmp(p, q, n);
		return c ? c : a->len < b->len ? -1 : a->len > b->len;
	}
	for (;;) {	/* piece by piece between the zeros */
		c = strcoll(p, q);
		if (c)
			return c;
		p += strlen(p);
		q += strlen(q);
		if (q == b->s + b->len)
			return p != a->s + a->len;
		if (p == a->s + a->len)
			return -1;
		p++;
		q++;
	}
}
