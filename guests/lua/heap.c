/* SPDX-License-Identifier: MIT
 * heap.c - memory of the Lua guest: blocks of size classes, spans, vectors.
 *
 * Method: heap.h draws it. Allocation bumps through runs of free cells found in the bit map of the last collection;
 * nothing is swept cell by cell and dead cells are not touched until they are used again. Vectors (array parts, nodes,
 * code) lie in blocks of their own. The collector marks a vector through its owner, so a dead owner costs nothing
 * either; vectors freed by hand go to a list of their class until the next collection.
 *
 * A conservative pointer to a vector keeps the vector's memory, not what it refers to and not its owner: code that
 * works on a table or prototype holds the object too. So a fresh vector may stay in a C local over an allocation.
 *
 * Cost: a cell is about ten instructions; taking the next run about 5 ns and amortised over it; sweeping 64 words of
 * bit map per block.
 * Invariants: used = bytes of all allocated cells and spans + what is left of the runs in progress.
 */
#include "heap.h"

#include <stdlib.h>
#include <sys/mman.h>

static const size_t reserve_max = (size_t)64 << 30, reserve_min = (size_t)8 << 20;
static const size_t first_threshold = (size_t)4 << 20;
static const size_t idle_min = (size_t)16 << 20;	/* bytes of free blocks that are kept in any case */
static const size_t huge = (size_t)2 << 20;		/* page size worth asking for */
static const uint32_t none = UINT32_MAX;

/* ---- address space ---------------------------------------------------------------------------- */

static size_t up(size_t n, size_t to) { return (n + to - 1) / to * to; }

/* Makes the first `n` bytes of a reserved area usable. */
static bool commit(struct lv_area *a, size_t n)
{
	size_t step = (size_t)64 << 10;

	if (n <= a->done)
		return true;
	n = up(n, step);
	if (mprotect(a->p + a->done, n - a->done, PROT_READ | PROT_WRITE) != 0)
		return false;
	a->done = n;
	return true;
}

static bool reserve(struct lv_heap *h, size_t size)
{
	size_t blocks = size / LV_BLOCK, bits = up(size / LV_GRAIN / 8, LV_BLOCK);
	size_t table = up(blocks * sizeof *h->block, LV_BLOCK), all = size + 2 * bits + table + LV_BLOCK;
	char *p = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return false;
	h->map = p;
	h->mapsize = all;
	h->size = size;
	h->base = (char *)up((uintptr_t)p, LV_BLOCK);
	h->area[0].p = h->base;
	h->area[1].p = h->base + size;
	h->area[2].p = h->area[1].p + table;
	h->area[3].p = h->area[2].p + bits;
	h->block = (struct lv_block *)(void *)h->area[1].p;
	h->mark = (uint64_t *)(void *)h->area[2].p;
	h->live = (uint64_t *)(void *)h->area[3].p;
	return true;
}

static bool commit_blocks(struct lv_heap *h, size_t top)
{
	size_t ahead = top + top / 8 + (1 << 20);	/* few, large steps */

	if (top > h->size)
		return false;
	if (ahead > h->size)
		ahead = h->size;
	if (top > h->area[0].done && !commit(&h->area[0], ahead) && !commit(&h->area[0], top))
		return false;
	return commit(&h->area[1], top / LV_BLOCK * sizeof *h->block) &&
		commit(&h->area[2], top / LV_GRAIN / 8) && commit(&h->area[3], top / LV_GRAIN / 8);
}

/* Multiples of 16 up to 256, then sizes that cut a block into equal parts with little waste. */
static void make_classes(struct lv_heap *h)
{
	static const uint8_t parts[LV_CLASSES - 16] = {
		204, 170, 146, 128, 113, 102, 85, 73, 64, 51, 42, 36, 32, 25, 21, 18, 16, 13, 10, 8, 6, 4, 3, 2,
	};
	unsigned c, i;

	for (c = 0; c < LV_CLASSES; c++) {
		h->cellsize[c] = c < 16 ? (c + 1) * 16 : LV_BLOCK / parts[c - 16] & ~15u;
		h->ncells[c] = LV_BLOCK / h->cellsize[c];
		h->recip[c] = (uint32_t)((((uint64_t)1 << 32) + h->cellsize[c] - 1) / h->cellsize[c]);
	}
	for (i = 0, c = 0; i < sizeof h->clsof; i++) {
		while (h->cellsize[c] < i * 64)
			c++;
		h->clsof[i] = (uint8_t)c;
	}
}

bool lv_heap_open(struct lv_state *L, size_t limit)
{
	struct lv_heap *h = calloc(1, sizeof *h);
	const char *stress = getenv("HEW_LUA_GC_STRESS");
	size_t want = reserve_max;
	bool first = true;

	if (!h)
		return false;
	if (limit && limit < want / 8)
		want = up(limit * 4 + ((size_t)64 << 20), LV_BLOCK);
	for (; !reserve(h, want); want = up(want / 2, LV_BLOCK), first = false)
		if (want <= reserve_min) {
			free(h);
			return false;
		}
	if (!first && want > 2 * reserve_min) {		/* address space is scarce: leave half of it to others */
		munmap(h->map, h->mapsize);
		if (!reserve(h, up(want / 2, LV_BLOCK))) {
			free(h);
			return false;
		}
	}
	make_classes(h);
	h->limit = limit;
	h->threshold = first_threshold;
	h->pause = 200;
	h->grey_max = SIZE_MAX;
	h->stress = h->stress_left = stress ? (uint32_t)atoi(stress) : 0;
	L->heap = h;
	return true;
}

void lv_heap_close(struct lv_state *L)
{
	struct lv_heap *h = L->heap;

	if (!h)
		return;
	for (size_t i = 0; i < h->threads.n; i++)
		if (h->threads.p[i] != L->main)
			lv_thread_dispose(L, h->threads.p[i]);
	munmap(h->map, h->mapsize);
	free(h->grey.p);
	free(h->weakval.p);
	free(h->ephemeron.p);
	free(h->allweak.p);
	free(h->fin.p);
	free(h->pending.p);
	free(h->threads.p);
	free(h);
	L->heap = NULL;
}

bool lv_list_push(struct lv_list *l, void *p)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 256;
		void **q = realloc(l->p, cap * sizeof *q);

		if (!q)
			return false;
		l->p = q;
		l->cap = cap;
	}
	l->p[l->n++] = p;
	return true;
}

/* ---- blocks ---------------------------------------------------------------------------------------- */

static unsigned log2of(uint32_t n) { return 31 - (unsigned)__builtin_clz(n); }

static void unlink_run(struct lv_heap *h, uint32_t at)
{
	struct lv_block *b = &h->block[at];

	h->idle -= b->fill;
	if (b->prev)
		h->block[b->prev - 1].next = b->next;
	else
		h->freeruns[log2of(b->n)] = b->next;
	if (b->next)
		h->block[b->next - 1].prev = b->prev;
}

/* idle: how many of the n blocks may hold memory */
static void link_run(struct lv_heap *h, uint32_t at, uint32_t n, uint32_t idle)
{
	uint32_t *head = &h->freeruns[log2of(n)];
	struct lv_block *b = &h->block[at];

	h->idle += idle;
	b->fill = idle;
	b->n = h->block[at + n - 1].n = n;
	b->prev = 0;
	b->next = *head;
	if (*head)
		h->block[*head - 1].prev = at + 1;
	*head = at + 1;
}

/* Memory of free blocks goes back to the system where there is much of it: faulting it in again costs more than filling it. */
static void free_blocks(struct lv_heap *h, uint32_t at, uint32_t n)
{
	uint32_t end = at + n, last = (uint32_t)(h->top >> LV_BLOCK_SHIFT), idle = n;
	size_t keep = h->threshold / 8 > idle_min ? h->threshold / 8 : idle_min;

	for (uint32_t i = at; i < end; i++)
		h->block[i].kind = LV_BLK_FREE;
	if (end < last && h->block[end].kind == LV_BLK_FREE) {
		n += h->block[end].n;
		idle += h->block[end].fill;
		unlink_run(h, end);
	}
	if (at > 0 && h->block[at - 1].kind == LV_BLK_FREE) {
		at -= h->block[at - 1].n;
		n += h->block[at].n;
		idle += h->block[at].fill;
		unlink_run(h, at);
	}
	if (idle >= 16 && ((size_t)h->idle + idle) * LV_BLOCK > keep) {
		madvise(h->base + (size_t)at * LV_BLOCK, (size_t)n * LV_BLOCK, MADV_DONTNEED);
		idle = 0;
	}
	link_run(h, at, n, idle);
}

/* First of n blocks in a row, or none. *fresh: never used, so their bits are zero, too. h->zero: their bytes are. */
static uint32_t alloc_blocks(struct lv_heap *h, uint32_t n, bool *fresh)
{
	uint32_t at, len, idle, last = (uint32_t)(h->top >> LV_BLOCK_SHIFT);
	unsigned k;

	*fresh = false;
	for (k = log2of(n); k < LV_BUCKETS; k++)
		for (at = h->freeruns[k]; at; at = h->block[at - 1].next)
			if (h->block[at - 1].n >= n) {
				len = h->block[--at].n;
				idle = h->block[at].fill;
				h->zero = idle == 0;
				unlink_run(h, at);
				if (len > n)
					link_run(h, at + n, len - n, idle < len - n ? idle : len - n);
				return at;
			}
	at = last;
	if (last > 0 && h->block[last - 1].kind == LV_BLK_FREE)
		at -= h->block[last - 1].n;
	if (!commit_blocks(h, (size_t)(at + n) << LV_BLOCK_SHIFT))
		return none;
	h->zero = at == last || h->block[at].fill == 0;
	if (at < last)
		unlink_run(h, at);
	*fresh = at == last;
	h->top = (size_t)(at + n) << LV_BLOCK_SHIFT;
	return at;
}

/* ---- cells --------------------------------------------------------------------------------------------- */

/* Grain of the first live cell at or behind i, or limit. */
static unsigned next_live(const uint64_t *live, unsigned i, unsigned limit)
{
	uint64_t w;

	if (i >= limit)
		return limit;
	for (w = live[i / 64] >> i % 64 << i % 64; !w; w = live[i / 64]) {
		i = (i / 64 + 1) * 64;
		if (i >= limit)
			return limit;
	}
	i = i / 64 * 64 + (unsigned)__builtin_ctzll(w);
	return i < limit ? i : limit;
}

/* Takes the next run of free cells of the block in hand. */
static bool next_run(struct lv_heap *h, struct lv_run *r, unsigned cls)
{
	uint32_t at = r->at - 1;
	const uint64_t *live = h->live + (size_t)at * LV_BLOCK_WORDS;
	char *start = h->base + (size_t)at * LV_BLOCK;
	unsigned step = h->cellsize[cls] / LV_GRAIN, limit = h->ncells[cls] * step;
	unsigned i = h->block[at].fill / LV_GRAIN, j;

	while (i < limit && live[i / 64] >> i % 64 & 1)
		i += step;
	if (i >= limit) {
		h->block[at].fill = limit * LV_GRAIN;
		r->at = 0;
		return false;
	}
	j = h->stress ? i + step : next_live(live, i, limit);
	r->cur = start + (size_t)i * LV_GRAIN;
	r->end = start + (size_t)j * LV_GRAIN;
	h->block[at].fill = j * LV_GRAIN;
	h->used += (size_t)(r->end - r->cur);
	return true;
}

static bool refill(struct lv_heap *h, unsigned cls, unsigned vec)
{
	struct lv_run *r = &h->run[vec][cls];
	uint32_t at;
	bool fresh;

	r->cur = r->end;
	for (;;) {
		if (r->at && next_run(h, r, cls))
			return true;
		if (r->partial) {
			r->at = r->partial;
			r->partial = h->block[r->at - 1].next;
			continue;
		}
		at = alloc_blocks(h, 1, &fresh);
		if (at == none)
			return false;
		h->block[at].kind = vec ? LV_BLK_VEC : LV_BLK_OBJ;
		h->block[at].cls = (uint8_t)cls;
		h->block[at].fill = 0;
		if (!fresh)
			memset(h->live + (size_t)at * LV_BLOCK_WORDS, 0, LV_BLOCK_WORDS * 8);
		r->at = at + 1;
	}
}

/* Blocks from..n of the span at `at`. Large pages spare faults, and a span of this size fills most of them. */
static void join_span(struct lv_heap *h, uint32_t at, uint32_t from, uint32_t n)
{
	uintptr_t lo = up((uintptr_t)h->base + ((size_t)(at + from) << LV_BLOCK_SHIFT), huge);
	uintptr_t hi = ((uintptr_t)h->base + ((size_t)(at + n) << LV_BLOCK_SHIFT)) / huge * huge;

	for (uint32_t i = from; i < n; i++)
		h->block[at + i] = (struct lv_block){ .kind = LV_BLK_REST, .n = i };
	if (hi > lo && ((size_t)n << LV_BLOCK_SHIFT) >= 2 * huge)
		madvise((void *)lo, hi - lo, MADV_HUGEPAGE);
	h->used += (size_t)(n - from) << LV_BLOCK_SHIFT;
}

static void *span(struct lv_heap *h, size_t size, unsigned vec)
{
	uint32_t n, at;
	bool fresh;
	char *p;

	if (size > h->size)
		return NULL;
	n = (uint32_t)((size + LV_BLOCK - 1) >> LV_BLOCK_SHIFT);
	at = alloc_blocks(h, n, &fresh);
	if (at == none)
		return NULL;
	join_span(h, at, 0, n);
	h->block[at].kind = vec ? LV_BLK_BIGVEC : LV_BLK_BIGOBJ;
	h->block[at].n = n;
	p = h->base + ((size_t)at << LV_BLOCK_SHIFT);
	*(struct lv_obj *)(void *)p = (struct lv_obj){ 0 };
	return p;
}

static bool over_limit(const struct lv_heap *h, size_t size)
{
	return h->limit && (h->used > h->limit || size > h->limit - h->used);
}

/* Makes a big vector longer where it stands: false when what is behind it is taken. The new bytes are zero. */
static bool grow_span(struct lv_heap *h, char *p, size_t size)
{
	uint32_t at = (uint32_t)((size_t)(p - h->base) >> LV_BLOCK_SHIFT), old = h->block[at].n, end = at + old;
	uint32_t n = (uint32_t)((size + LV_BLOCK - 1) >> LV_BLOCK_SHIFT), last = (uint32_t)(h->top >> LV_BLOCK_SHIFT), dirty = 0;

	if (size > h->size || over_limit(h, (size_t)(n - old) << LV_BLOCK_SHIFT))
		return false;
	if (end < last) {
		uint32_t len = h->block[end].n, idle = h->block[end].fill;

		if (h->block[end].kind != LV_BLK_FREE || (len < n - old && end + len < last))
			return false;
		if (len < n - old && !commit_blocks(h, (size_t)(at + n) << LV_BLOCK_SHIFT))
			return false;
		unlink_run(h, end);
		if (len > n - old)
			link_run(h, at + n, len - (n - old), idle < len - (n - old) ? idle : len - (n - old));
		dirty = idle == 0 ? 0 : len < n - old ? len : n - old;
	} else if (!commit_blocks(h, (size_t)(at + n) << LV_BLOCK_SHIFT)) {
		return false;
	}
	if (at + n > last)
		h->top = (size_t)(at + n) << LV_BLOCK_SHIFT;
	join_span(h, at, old, n);
	h->block[at].n = n;
	memset(p + ((size_t)old << LV_BLOCK_SHIFT), 0, (size_t)dirty << LV_BLOCK_SHIFT);
	return true;
}

void *lv_try(struct lv_state *L, size_t size, unsigned vec)
{
	struct lv_heap *h = L->heap;
	struct lv_run *r;
	unsigned cls;

	if (size > LV_CELL_MAX)
		return over_limit(h, size) && over_limit(h, size + lv_gc_count(L) - h->used) ? NULL : span(h, size, vec);
	cls = lv_class(h, size);
	r = &h->run[vec][cls];
	if (r->free && !h->stress) {
		void *p = r->free;

		r->free = r->free->next;
		h->used += h->cellsize[cls];
		return p;
	}
	if (r->cur == r->end) {
		if (over_limit(h, size) && lv_gc_count(L) + size > h->limit)
			return NULL;
		if (!refill(h, cls, vec))
			return NULL;
	}
	return lv_cell_fast(h, cls, vec);
}

static bool due(struct lv_heap *h, size_t size)
{
	if (h->collecting || h->stopped)
		return false;
	if (h->stress && --h->stress_left == 0) {
		h->stress_left = h->stress;
		return true;
	}
	return h->used + lv_outside(h) + (size > LV_CELL_MAX ? size : 0) >= h->threshold;
}

void *lv_cell_slow(struct lv_state *L, size_t size, unsigned vec)
{
	struct lv_heap *h = L->heap;
	void *p;

	if (due(h, size))
		lv_gc_collect(L);
	p = lv_try(L, size, vec);
	if (!p && !h->collecting && size <= h->size) {
		lv_gc_collect(L);
		p = lv_try(L, size, vec);
	}
	if (!p)
		lv_nomemory(L);
	return p;
}

/* ---- objects --------------------------------------------------------------------------------------------- */

static void *cell(struct lv_state *L, size_t size, unsigned vec)
{
	struct lv_heap *h = L->heap;

	if (size <= LV_CELL_MAX) {
		unsigned cls = lv_class(h, size);
		void *p;

		if (h->run[vec][cls].free && !h->stress)
			return lv_try(L, size, vec);
		p = lv_cell_fast(h, cls, vec);
		if (p)
			return p;
	}
	return lv_cell_slow(L, size, vec);
}

void *lv_new_raw(struct lv_state *L, size_t size, enum lv_tag tag)
{
	struct lv_obj *o = cell(L, size, 0);

	*o = (struct lv_obj){ .tag = (uint8_t)tag };
	((uint64_t *)(void *)o)[1] = 0;
	return o;
}

void *lv_new(struct lv_state *L, size_t size, enum lv_tag tag)
{
	struct lv_obj *o = cell(L, size, 0);

	memset((void *)o, 0, size);
	o->tag = (uint8_t)tag;
	if (tag == LV_THREAD && !lv_list_push(&L->heap->threads, o)) {
		o->tag = LV_BUF;
		lv_nomemory(L);
	}
	return o;
}

struct lv_buf *lv_newbuf(struct lv_state *L, size_t n)
{
	struct lv_buf *b;

	if (n > SIZE_MAX / 2)
		lv_nomemory(L);
	b = lv_new_raw(L, sizeof *b + n, LV_BUF);
	b->len = n;
	return b;
}

/* ---- vectors ----------------------------------------------------------------------------------------------- */

/* Bytes from p + oldsize to p + size are zero. Grows in place where the cell has room. */
void *lv_vec(struct lv_state *L, void *old, size_t oldsize, size_t size)
{
	struct lv_heap *h = L->heap;
	size_t keep = oldsize < size ? oldsize : size;
	char *p;

	if (size == 0) {
		lv_vec_free(L, old, oldsize);
		return NULL;
	}
	if (old && (oldsize <= LV_CELL_MAX) == (size <= LV_CELL_MAX)) {
		size_t room = up(oldsize, LV_BLOCK);

		if (oldsize <= LV_CELL_MAX ? lv_class(h, oldsize) == lv_class(h, size) : room == up(size, LV_BLOCK)) {
			if (size > oldsize)
				memset((char *)old + oldsize, 0, size - oldsize);
			return old;
		}
		if (size > room && oldsize > LV_CELL_MAX && !due(h, size - room) && grow_span(h, old, size)) {
			memset((char *)old + oldsize, 0, room - oldsize);
			return old;
		}
	}
	p = cell(L, size, 1);
	if (keep)
		memcpy(p, old, keep);
	if (size <= LV_CELL_MAX || !h->zero)
		memset(p + keep, 0, size - keep);
	if (old)
		lv_vec_free(L, old, oldsize);
	return p;
}

void lv_vec_free(struct lv_state *L, void *p, size_t size)
{
	struct lv_heap *h = L->heap;
	uint32_t at;

	(void)size;
	if (!p)
		return;
	at = (uint32_t)((size_t)((char *)p - h->base) >> LV_BLOCK_SHIFT);
	if (h->block[at].kind == LV_BLK_BIGVEC) {
		h->used -= (size_t)h->block[at].n << LV_BLOCK_SHIFT;
		free_blocks(h, at, h->block[at].n);
	} else {
		struct lv_run *r = &h->run[1][h->block[at].cls];
		struct lv_cell *c = p;

		h->used -= h->cellsize[h->block[at].cls];
		c->next = r->free;
		r->free = c;
	}
}

/* ---- finding, sweeping ------------------------------------------------------------------------------------ */

void *lv_heap_cell(const struct lv_state *L, const void *p, bool *vec)
{
	const struct lv_heap *h = L->heap;
	size_t off = (size_t)((uintptr_t)p - (uintptr_t)h->base);
	uint32_t at = (uint32_t)(off >> LV_BLOCK_SHIFT), in = off & (LV_BLOCK - 1), start;
	const struct lv_block *b;
	const struct lv_run *r;
	char *q;

	if (off >= h->top)
		return NULL;
	b = &h->block[at];
	if (b->kind == LV_BLK_REST) {
		at -= b->n;
		b = &h->block[at];
	}
	*vec = b->kind == LV_BLK_VEC || b->kind == LV_BLK_BIGVEC;
	q = h->base + ((size_t)at << LV_BLOCK_SHIFT);
	if (b->kind == LV_BLK_BIGOBJ || b->kind == LV_BLK_BIGVEC)
		return q;
	if (b->kind == LV_BLK_FREE)
		return NULL;
	start = (uint32_t)((uint64_t)in * h->recip[b->cls] >> 32) * h->cellsize[b->cls];
	if (start + h->cellsize[b->cls] > LV_BLOCK)
		return NULL;				/* the waste at the end */
	q += start;
	r = &h->run[*vec][b->cls];
	if (r->at == at + 1 && q >= r->cur && q < r->end)
		return NULL;				/* not handed out yet */
	if (start >= b->fill) {
		size_t g = lv_grain(h, q);

		if (!(h->live[g / 64] >> g % 64 & 1))
			return NULL;
	}
	return q;
}

struct lv_obj *lv_heap_find(const struct lv_state *L, const void *p)
{
	bool vec;
	struct lv_obj *o = lv_heap_cell(L, p, &vec);

	return o && !vec && o->tag >= LV_STR ? o : NULL;
}

size_t lv_gc_count(const struct lv_state *L)
{
	const struct lv_heap *h = L->heap;
	size_t n = h->used;

	for (unsigned v = 0; v < 2; v++)
		for (unsigned c = 0; c < LV_CLASSES; c++)
			n -= (size_t)(h->run[v][c].end - h->run[v][c].cur);
	return n;
}

void lv_heap_retire(struct lv_heap *h)
{
	for (unsigned v = 0; v < 2; v++)
		for (unsigned c = 0; c < LV_CLASSES; c++) {
			struct lv_run *r = &h->run[v][c];

			if (r->at) {
				struct lv_block *b = &h->block[r->at - 1];

				b->fill -= (uint32_t)(r->end - r->cur);
			}
			h->used -= (size_t)(r->end - r->cur);
			r->cur = r->end = NULL;
			r->free = NULL;
		}
}

static unsigned count_bits(const uint64_t *w)
{
	unsigned n = 0;

	for (unsigned i = 0; i < LV_BLOCK_WORDS; i++)
		n += (unsigned)__builtin_popcountll(w[i]);
	return n;
}

static bool any_bit(const uint64_t *w)
{
	uint64_t x = 0;

	for (unsigned i = 0; i < LV_BLOCK_WORDS; i++)
		x |= w[i];
	return x != 0;
}

/* Goes down, so that the lists of blocks with room start at the lowest address. */
void lv_heap_sweep(struct lv_heap *h)
{
	uint64_t *bits = h->live;
	uint32_t i = (uint32_t)(h->top >> LV_BLOCK_SHIFT);

	h->live = h->mark;
	h->mark = bits;
	h->used = 0;
	for (unsigned v = 0; v < 2; v++)
		for (unsigned c = 0; c < LV_CLASSES; c++)
			h->run[v][c] = (struct lv_run){ 0 };
	while (i-- > 0) {
		struct lv_block *b = &h->block[i];
		const uint64_t *live = h->live + (size_t)i * LV_BLOCK_WORDS;
		unsigned n;

		if (b->kind == LV_BLK_BIGOBJ || b->kind == LV_BLK_BIGVEC) {
			if (live[0] & 1)
				h->used += (size_t)b->n << LV_BLOCK_SHIFT;
			else
				free_blocks(h, i, b->n);
		} else if (b->kind == LV_BLK_OBJ || b->kind == LV_BLK_VEC) {
			n = any_bit(live) ? count_bits(live) : 0;
			h->used += (size_t)n * h->cellsize[b->cls];
			b->fill = 0;
			if (n == 0) {
				free_blocks(h, i, 1);
			} else if (n < h->ncells[b->cls]) {
				struct lv_run *r = &h->run[b->kind == LV_BLK_VEC][b->cls];

				b->next = r->partial;
				r->partial = i + 1;
			}
		}
	}
}
