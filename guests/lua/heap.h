/* SPDX-License-Identifier: MIT
 * heap.h - the inside of the heap: what heap.c (allocator), gc.c (collector), str.c (intern table) and table.c share.
 *
 * One reservation of address space is cut into blocks of 64 KiB. A block holds cells of one size, objects or vectors
 * but never both; what is larger than half a block gets a span of whole blocks. All bookkeeping stands in side tables,
 * so a cell has no header and dead memory is never touched:
 *
 *	base     |block 0|block 1|  ...  |top      committed|             ... end|
 *	block[]  kind, size class, fill                   one entry per block
 *	live[]   one bit per 16 bytes: first grain of every cell the last collection found alive
 *	mark[]   the same for the collection in progress; the two change places at its end
 *
 * A cell is allocated if it lies below the `fill` of its block or its live bit is set: the allocator goes through a
 * block from bottom to top, taking runs of free cells, so everything below `fill` is in use.
 *
 *	|live|new|new|live|live|new|......free......|live|....|live|
 *	                        cur ^        end ^    (fill = end)
 */
#ifndef LV_HEAP_H
#define LV_HEAP_H

#include "lv.h"

enum {
	LV_GRAIN = 16,
	LV_BLOCK_SHIFT = 16,
	LV_BLOCK = 1 << LV_BLOCK_SHIFT,
	LV_BLOCK_WORDS = LV_BLOCK / LV_GRAIN / 64,	/* words of live[] per block */
	LV_CELL_MAX = LV_BLOCK / 2,
	LV_CLASSES = 40,
	LV_BUCKETS = 24					/* free runs of blocks by the logarithm of their length */
};
_Static_assert(LV_BLOCK_WORDS == 64, "refill counts words of a block");

enum lv_block_kind { LV_BLK_FREE, LV_BLK_OBJ, LV_BLK_VEC, LV_BLK_BIGOBJ, LV_BLK_BIGVEC, LV_BLK_REST };

struct lv_block {
	uint8_t kind, cls;
	uint32_t fill;			/* bytes; cells below are allocated. At the start of a free run: blocks that may hold memory */
	uint32_t n;			/* big: blocks of the span; rest: distance to its first; free: length of the run, at both ends */
	uint32_t next, prev;		/* block number + 1: class's blocks with room, free runs of similar length */
};

/* A run of free cells being handed out, and the cells of vectors freed by hand. */
struct lv_run {
	char *cur, *end;
	uint32_t at;			/* block number + 1, 0: none */
	uint32_t partial;		/* blocks with room, not yet visited since the last collection */
	struct lv_cell { struct lv_cell *next; } *free;
};

struct lv_list { void **p; size_t n, cap; };	/* malloc'd; never moves collected pointers out of the collector's sight */

struct lv_area { char *p; size_t done; };	/* reserved memory, committed up to done */

struct lv_heap {
	char *base;
	size_t top;			/* bytes from base ever handed out */
	uint64_t *mark, *live;
	struct lv_block *block;
	struct lv_run run[2][LV_CLASSES];	/* objects, vectors */
	size_t used, threshold, limit;	/* bytes; used counts runs in progress as taken */
	size_t size;			/* of the heap's address space */
	struct lv_area area[4];		/* cells, block[], the two bit maps */
	void *map; size_t mapsize;
	uint32_t freeruns[LV_BUCKETS];
	uint32_t idle;			/* blocks in free runs that may hold memory */
	bool zero;			/* the blocks allocated last hold none: their bytes are zero */
	uint32_t cellsize[LV_CLASSES], ncells[LV_CLASSES], recip[LV_CLASSES];
	uint8_t clsof[LV_CELL_MAX / 64 + 1];

	/* collector */
	struct lv_list grey;		/* objects marked, children not yet */
	size_t grey_max;		/* more than these overflow (tests) */
	bool overflow;
	struct lv_list weakval, ephemeron, allweak;
	struct lv_list fin, pending;	/* objects with a finaliser in order of marking; those due, last first */
	struct lv_list threads;
	struct lv_cfunc *fincall;
	int pause;			/* percent of live bytes at which the next collection starts */
	bool stopped, collecting, finalising, closing;
	uint32_t stress, stress_left;	/* collect at every so-and-so-many-th allocation */
	uint64_t cycles;

	/* intern table, str.c */
	struct lv_str **strtab;
	uint32_t strmask, nstr;
};

/* bits of lv_state.interrupt */
enum { LV_INT_SIGNAL = 1, LV_INT_FINALISE = 2 };

static inline size_t lv_grain(const struct lv_heap *h, const void *p) { return (size_t)((const char *)p - h->base) / LV_GRAIN; }
static inline bool lv_marked(const struct lv_heap *h, const void *p)
{
	size_t g = lv_grain(h, p);

	return h->mark[g / 64] >> g % 64 & 1;
}
/* Memory that objects hold elsewhere, as far as it should hurry the collector: the touched part of coroutines' stacks. */
static inline size_t lv_outside(const struct lv_heap *h) { return h->threads.n * ((size_t)16 << 10); }
static inline unsigned lv_class(const struct lv_heap *h, size_t size)	/* size <= LV_CELL_MAX */
{
	return size <= 256 ? (unsigned)(size + 15) / 16 - 1 : h->clsof[(size + 63) / 64];
}

/* heap.c */
void *lv_cell_slow(struct lv_state *L, size_t size, unsigned vec);	/* vec: 0 object, 1 vector; not cleared; throws */
void *lv_try(struct lv_state *L, size_t size, unsigned vec);		/* neither collects nor throws: NULL when there is no room */
void *lv_new_raw(struct lv_state *L, size_t size, enum lv_tag tag);	/* only the first 16 bytes cleared */
void *lv_heap_cell(const struct lv_state *L, const void *p, bool *vec);	/* allocated cell around p, or NULL */
void lv_heap_retire(struct lv_heap *h);		/* ends all runs: before marking */
void lv_heap_sweep(struct lv_heap *h);		/* after marking: frees what is not marked, sets used */
bool lv_list_push(struct lv_list *l, void *p);	/* false: no memory */
void lv_gc_stress(struct lv_state *L, uint32_t every);	/* tests: collect at every n-th allocation, 0: never */

/* gc.c */
void lv_gc_collect(struct lv_state *L);		/* one whole cycle; finalisers are queued, not run */
void lv_gc_finalise(struct lv_state *L);	/* runs queued finalisers: at safe points only */

/* table.c */
extern const struct lv_node lv_nonode;		/* the node part of tables without one; never written */
void lv_table_fill(struct lv_state *L, struct lv_table *t, uint32_t first, const struct lv_value *v, uint32_t n);	/* t[first + i] := v[i], as a constructor does */

/* The quick path for small constant sizes: next cell of the run in progress, or NULL. Not cleared. */
static inline void *lv_cell_fast(struct lv_heap *h, unsigned cls, unsigned vec)
{
	struct lv_run *r = &h->run[vec][cls];
	char *p = r->cur;

	if (__builtin_expect(p == r->end, 0))
		return NULL;
	r->cur = p + h->cellsize[cls];
	return p;
}

#endif
