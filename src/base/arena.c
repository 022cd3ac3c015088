/* SPDX-License-Identifier: MIT
 * arena.c - memory that dies together.
 *
 * Method: chunks of 16 KiB, doubling to 1 MiB, filled from the bottom; a request of more than a quarter of the
 * next chunk gets a chunk of its own on a second list, so that it does not waste the rest of the open one. An array that grows
 * leaves its old place behind, so that pointers into it may be read on for a while; with a chunk of its own it gives back the place
 * before that one.
 * Cost: an add and a compare per allocation; at most a quarter of a chunk is lost at each chunk's end.
 * Invariants: every result is 16-byte aligned; used <= head->size; total = sum of size over both lists.
 * Under ASan bytes not handed out are poisoned, so an overrun is found although the chunk is one heap block.
 */
#include "base/base.h"

#include "base/os/os.h"

#if BASE_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n) __asan_poison_memory_region((p), (n))
#define UNPOISON(p, n) __asan_unpoison_memory_region((p), (n))
#else
#define POISON(p, n) ((void)0)
#define UNPOISON(p, n) ((void)0)
#endif

enum { CHUNK_MIN = 16 << 10, CHUNK_MAX = 1 << 20, ALIGN = 16 };

struct arena_chunk {
	struct arena_chunk *next;
	struct arena_chunk *before;	/* the array here before it grew the last time: who holds a pointer into that may still read it */
	size_t size;			/* bytes of data */
	_Alignas(ALIGN) uint8_t data[];
};

void arena_init(struct arena *a, void (*oom)(void *), void *arg)
{
	*a = (struct arena){ .oom = oom, .oom_arg = arg };
}

_Noreturn static void refuse(struct arena *a, int why)
{
	a->refused = why;
	if (a->oom != NULL)
		a->oom(a->oom_arg);
	base_bug(__FILE__, __LINE__, "arena out of memory and nobody to tell");
}

static bool too_much(const struct arena *a, size_t more)
{
	return a->limit && a->total + (a->with ? a->with->total : 0) + more > a->limit;
}

void arena_look(struct arena *a)
{
	if (too_much(a, 0))
		refuse(a, ARENA_LIMIT);
	if (a->deadline && os_now_ns() > a->deadline)
		refuse(a, ARENA_LATE);
}

static void push_chunk(struct arena *a, struct arena_chunk **list, size_t size)
{
	struct arena_chunk *c;

	if (too_much(a, size))
		refuse(a, ARENA_LIMIT);
	arena_look(a);
	c = base_realloc(NULL, 0, sizeof *c + size);
	if (UNLIKELY(c == NULL))
		refuse(a, ARENA_NO_MEMORY);
	c->next = *list;
	c->before = NULL;
	c->size = size;
	*list = c;
	a->total += size;
	POISON(c->data, size);
}

static void free_chunk(struct arena *a, struct arena_chunk *c)
{
	a->total -= c->size;
	UNPOISON(c->data, c->size);
	base_free(c, sizeof *c + c->size);
}

static void pop_chunks(struct arena *a, struct arena_chunk **list)
{
	while (*list) {
		struct arena_chunk *c = *list;

		*list = c->next;
		if (c->before)
			free_chunk(a, c->before);
		free_chunk(a, c);
	}
}

void arena_fini(struct arena *a)
{
	pop_chunks(a, &a->head);
	pop_chunks(a, &a->big);
	a->used = 0;
}

void arena_clear(struct arena *a)
{
	pop_chunks(a, &a->big);
	if (a->head)
		pop_chunks(a, &a->head->next);
	a->used = 0;
	if (a->head)
		POISON(a->head->data, a->head->size);
}

static inline size_t round_up(size_t n)
{
	return n == 0 ? ALIGN : (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static void *alloc_slow(struct arena *a, size_t n)
{
	size_t want = a->head == NULL ? CHUNK_MIN : a->head->size < CHUNK_MAX ? a->head->size * 2 : CHUNK_MAX;
	size_t room = round_up(n);

	if (room > want / 4) {
		push_chunk(a, &a->big, room);
		UNPOISON(a->big->data, n);
		return a->big->data;
	}
	push_chunk(a, &a->head, want);
	a->used = room;
	UNPOISON(a->head->data, n);
	return a->head->data;
}

void *arena_alloc(struct arena *a, size_t n)
{
	size_t room = round_up(n);

	if (UNLIKELY(n > PTRDIFF_MAX))
		refuse(a, ARENA_NO_MEMORY);
	if (LIKELY(a->head != NULL && room <= a->head->size - a->used)) {
		uint8_t *p = a->head->data + a->used;

		a->used += room;
		UNPOISON(p, n);
		return p;
	}
	return alloc_slow(a, n);
}

void *arena_zero(struct arena *a, size_t n)
{
	return memset(arena_alloc(a, n), 0, n);
}

char *arena_strdup(struct arena *a, const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(arena_alloc(a, n), s, n);
}

/* The link to the chunk of its own that `at` has, or NULL. */
static struct arena_chunk **own_chunk(struct arena *a, const void *at)
{
	struct arena_chunk **link = &a->big;

	while (*link && (*link)->data != at)
		link = &(*link)->next;
	return *link ? link : NULL;
}

void arena_drop(struct arena *a, void *p)
{
	struct arena_chunk **link = own_chunk(a, p), *c;

	if (link == NULL)
		return;
	c = *link;
	*link = c->next;
	if (c->before)
		free_chunk(a, c->before);
	free_chunk(a, c);
}

void arena_settle(struct arena *a)
{
	for (struct arena_chunk *c = a->big; c; c = c->next)
		if (c->before) {
			free_chunk(a, c->before);
			c->before = NULL;
		}
}

/* Moves the array to a larger chunk. The old one stays until the next time, the one before it goes. */
static void *grow_own(struct arena *a, struct arena_chunk **link, size_t used, size_t bytes)
{
	struct arena_chunk *c = *link, *gone = c->before, *larger;

	push_chunk(a, link, round_up(bytes));
	larger = *link;
	larger->next = c->next;
	larger->before = c;
	c->before = NULL;
	if (gone)
		free_chunk(a, gone);
	UNPOISON(larger->data, bytes);
	memcpy(larger->data, c->data, used);
	return larger->data;
}

/* Doubles an array, in place when it is the last thing of the open chunk; one that has a chunk of its own takes that along. */
void *arena_grow(struct arena *a, void *at, uint32_t n, uint32_t *cap, size_t size)
{
	uint32_t more = *cap < 8 ? 8 : *cap * 2;
	size_t old_room = round_up(*cap * size), new_room;
	void *to;

	ASSERT(n <= *cap && size > 0);
	if (UNLIKELY(*cap > UINT32_MAX / 2 || more > PTRDIFF_MAX / size))
		refuse(a, ARENA_NO_MEMORY);
	new_room = round_up(more * size);
	if (*cap > 0 && a->head != NULL && (uint8_t *)at + old_room == a->head->data + a->used
	    && new_room - old_room <= a->head->size - a->used) {
		a->used += new_room - old_room;
		UNPOISON(at, more * size);
		*cap = more;
		return at;
	}
	if (old_room > CHUNK_MIN / 4) {
		struct arena_chunk **own = own_chunk(a, at);

		if (own != NULL) {
			*cap = more;
			return grow_own(a, own, n * size, more * size);
		}
	}
	to = arena_alloc(a, more * size);
	if (n > 0)
		memcpy(to, at, n * size);
	*cap = more;
	return to;
}
