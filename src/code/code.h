/* SPDX-License-Identifier: MIT
 * code.h - executable memory: reserve one region, publish code into it, free it again.
 *
 * One region is reserved near an anchor address. Where the system allows it the region is a memfd mapped
 * twice: RX at its place, RW somewhere else, and code is written through the RW side. Else pages are RW
 * while written and RX afterwards. Nothing is ever writable and executable through one mapping.
 * Many functions share a page; holes and freed code are filled with the target's trap byte.
 *
 * A space belongs to one thread at a time, like the context that owns it. In CODE_FLIP mode the pages a call
 * writes to are not executable during that call, so nobody may run code of the space meanwhile.
 * After fork() the child may run what the parent published and still keeps, but not publish or free (CODE_NO_EXEC)
 * when the mode is CODE_DUAL, as the two share the memory.
 */
#ifndef HEW_CODE_H
#define HEW_CODE_H

#include "base/os/os.h"

enum code_status {
	CODE_OK,
	CODE_NO_MEMORY,			/* the system has none, or no room within reach of the anchor */
	CODE_NO_EXEC,			/* the system refuses executable memory */
	CODE_BUDGET,			/* the budget, or the largest hole of the region, is too small for this */
	CODE_BAD_ARG			/* not a block of this space, freed, sealed already, or out of its bounds */
};
enum code_mode { CODE_DUAL, CODE_FLIP, CODE_NONE };	/* two mappings | RW then RX by mprotect | refused */

struct code_space;
struct code_options {
	size_t reserve;			/* bytes of address space; 0: 64 MiB; halved until it fits */
	size_t budget;			/* most bytes of live code; 0: the reserve */
	const void *anchor;		/* place the region near this; NULL: near the library itself */
	size_t reach;			/* every byte of the region is nearer than this to the anchor; 0: 2 GiB less 16 MiB */
	uint8_t trap;			/* fill byte of holes (0xcc on x86-64) */
	enum code_mode force;		/* tests: CODE_DUAL, which is 0, means automatic; CODE_FLIP skips the dual mapping; CODE_NONE refuses */
	uint64_t seed;			/* random place and random start inside the region; 0: from the system */
};

struct code_block {			/* one published piece of code */
	uint8_t *rx;			/* where it runs; 16-byte aligned */
	uint32_t size;			/* bytes as asked for */
	uint32_t room;			/* bytes it occupies */
};

struct code_stats {
	const uint8_t *region;		/* where the reserve begins; all code lies in [region, region + reserved) */
	size_t reserved;		/* bytes of address space */
	size_t committed;		/* bytes backed by memory */
	size_t live, peak;		/* bytes of room of live blocks, now and at most */
	size_t free_holes;		/* committed bytes that no block occupies */
	uint64_t published, freed;	/* blocks sealed, blocks freed */
	enum code_mode mode;
};

/* *out stays valid until code_close; on failure *out is NULL and why (may be NULL) says which call was refused and how. */
enum code_status code_open(const struct code_options *o, struct code_space **out, char *why, size_t why_size);
void code_close(struct code_space *s);

/* Reserves room first, so that the caller can link for the final address, then publishes exactly once.
 * Until code_seal the block is traps in every mode: code_write only collects the bytes. */
enum code_status code_alloc(struct code_space *s, size_t size, struct code_block *out);
enum code_status code_write(struct code_space *s, struct code_block *b, uint32_t at, const void *bytes, size_t n);
enum code_status code_seal(struct code_space *s, struct code_block *b);	/* makes it executable, flushes the instruction cache */
enum code_status code_free(struct code_space *s, struct code_block *b);	/* sealed or not; fills with traps; the room is reused; clears *b */

/* The block that holds pc, or false. Reads only memory that no other call moves. */
bool code_find(const struct code_space *s, const void *pc, struct code_block *out);
void code_get_stats(const struct code_space *s, struct code_stats *out);
const char *code_why(const struct code_space *s);	/* how the mode was chosen, one sentence */
bool code_check(const struct code_space *s);		/* tests: do all the books agree? */

/* ---- inside src/code ------------------------------------------------------------------ */

/* Memory is committed and given back by units, the largest pages an architecture has at least: a small unit is what a short-lived process
 * wants, which compiles a few functions. Blocks start at granules of 16 bytes. */
enum {
	CODE_GRANULE = 16,
	CODE_UNIT = OS_PAGE_MOST < (16 << 10) ? 16 << 10 : OS_PAGE_MOST,
	CODE_UNIT_GRANULES = CODE_UNIT / CODE_GRANULE,
	CODE_UNIT_WORDS = CODE_UNIT_GRANULES / 64
};

struct code_reason { char s[400]; };	/* why a way was not taken: clauses with "; " between */

/* place.c: address space. The result is PROT_NONE, aligned to CODE_UNIT and within reach; NULL: nothing fits. */
uint8_t *code_place(size_t size, uintptr_t anchor, size_t reach, uint64_t *rnd);

/* map.c: the two ways of writing what cannot be written where it runs. `at` and `n` are bytes from the region's start. */
struct code_map {
	uint8_t *rx;			/* the region; a unit on either side of it stays inaccessible */
	uint8_t *rw;			/* CODE_DUAL: the same memory, writable */
	size_t size;			/* a multiple of CODE_UNIT */
	size_t first;			/* a random unit, committed from the beginning (bytes from the start) */
	enum code_mode mode;
	uint8_t trap;
	int fd;				/* CODE_DUAL: the memory; known by its file identity, as hosts close files they did not open */
	uint64_t dev, ino;
	int pid;			/* CODE_DUAL: a child after fork shares the memory and must not write to it */
};
enum code_status code_map_open(struct code_map *m, const struct code_options *o, uint64_t *rnd, struct code_reason *why);
void code_map_close(struct code_map *m);
enum code_status code_map_commit(struct code_map *m, size_t at);		/* one unit: trap-filled and executable */
bool code_map_decommit(struct code_map *m, size_t at);			/* one unit: no access, no memory */
enum code_status code_map_write(struct code_map *m, size_t at, const uint8_t *bytes, size_t n);	/* bytes NULL: traps */

/* rooms.c: which granules are taken. */
struct code_unit {			/* exists for every committed unit */
	uint64_t used[CODE_UNIT_WORDS];
	uint64_t start[CODE_UNIT_WORDS];	/* first granule of a block */
	uint8_t slack[CODE_UNIT_GRANULES / 2];	/* room - size of the block that starts there, 4 bits each */
};
struct code_runs { uint16_t head, best, tail; };	/* free granules: at the start, longest run, at the end */

struct code_rooms {
	struct code_unit **unit;	/* NULL: not committed, all free */
	struct code_runs *runs;
	uint32_t n_units;
	uint32_t first;			/* searches begin here and wrap */
};
bool code_rooms_open(struct code_rooms *r, size_t size, uint32_t first);
void code_rooms_close(struct code_rooms *r);
void code_rooms_adopt(struct code_rooms *r, uint32_t u, struct code_unit *unit);	/* unit u is committed: all of it is free */
bool code_rooms_find(const struct code_rooms *r, uint32_t granules, uint32_t *at);
void code_rooms_take(struct code_rooms *r, uint32_t at, uint32_t granules, uint32_t slack);
void code_rooms_drop(struct code_rooms *r, uint32_t at, uint32_t granules);
/* The block that holds granule g. */
bool code_rooms_block(const struct code_rooms *r, uint32_t g, uint32_t *at, uint32_t *granules, uint32_t *slack);
bool code_rooms_check(const struct code_rooms *r);
static inline bool code_rooms_empty(const struct code_rooms *r, uint32_t u) { return r->runs[u].best == CODE_UNIT_GRANULES; }

#endif
