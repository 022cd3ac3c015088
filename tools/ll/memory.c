/* SPDX-License-Identifier: MIT
 * memory.c - the arena, growing arrays, maps by name, and giving up.
 *
 * Two arenas: what is read while m->fn is set, the body of a function, goes into one that is freed as soon as all functions are lowered;
 * the rest into the other, which lives as long as the program. An arena is a list of chunks of 64 KiB or of what a large request needs;
 * a growing array that has a chunk of its own takes that along. Maps are open addressing with linear steps, at most half full.
 */
#include "ll.h"

#include <stdarg.h>
#include <stdlib.h>

struct ll_chunk { struct ll_chunk *next; size_t used, size; _Alignas(16) char data[]; };
enum { CHUNK = 64 << 10 };

_Noreturn void ll_fail(struct ll *m, int line, const char *fmt, ...)
{
	va_list ap;
	int n = line ? snprintf(m->error, sizeof m->error, "%.200s:%d: ", m->file, line) : snprintf(m->error, sizeof m->error, "%.200s: ", m->file);

	va_start(ap, fmt);
	vsnprintf(m->error + n, sizeof m->error - (size_t)n, fmt, ap);
	va_end(ap);
	longjmp(*m->escape, 1);
}

static void *take(struct ll *m, struct ll_chunk **list, size_t n)
{
	struct ll_chunk *c = *list;
	void *p;

	if (n > SIZE_MAX / 4)
		ll_fail(m, m->line, "not enough memory");
	n = (n + 15) & ~(size_t)15;
	if (!c || c->size - c->used < n) {
		size_t size = n > CHUNK / 4 ? n : CHUNK;

		c = malloc(sizeof *c + size);
		if (!c)
			ll_fail(m, m->line, "not enough memory");
		c->used = 0;
		c->size = size;
		if (size == n && *list) {	/* behind the open chunk, which goes on being filled */
			c->next = (*list)->next;
			(*list)->next = c;
		} else {
			c->next = *list;
			*list = c;
		}
	}
	p = c->data + c->used;
	c->used += n;
	return memset(p, 0, n);
}

void *ll_alloc(struct ll *m, size_t n) { return take(m, m->fn ? &m->body : &m->chunk, n); }
void *ll_keep(struct ll *m, size_t n) { return take(m, &m->chunk, n); }

/* The link to the chunk that holds p and nothing else, or NULL. */
static struct ll_chunk **own_chunk(struct ll_chunk **list, const void *p)
{
	for (; *list; list = &(*list)->next)
		if ((*list)->data == p && (*list)->size != CHUNK)
			return list;
	return NULL;
}

/* Gives back an array of `bytes` if it has a chunk of its own. */
static void give_back(struct ll_chunk **list, const void *p, size_t bytes)
{
	struct ll_chunk **at = bytes > CHUNK / 4 ? own_chunk(list, p) : NULL, *c;

	if (!at)
		return;
	c = *at;
	*at = c->next;
	free(c);
}

void *ll_grow(struct ll *m, void *old, uint32_t n, uint32_t *cap, size_t each)
{
	uint32_t had = *cap;
	void *p;

	if (n < *cap)
		return old;
	if (*cap > UINT32_MAX / 4)
		ll_fail(m, m->line, "not enough memory");
	*cap = *cap ? *cap * 2 : 2;
	p = ll_alloc(m, *cap * each);
	if (n)
		memcpy(p, old, n * each);
	give_back(m->fn ? &m->body : &m->chunk, old, had * each);
	return p;
}

static void free_list(struct ll_chunk **list)
{
	struct ll_chunk *next;

	for (struct ll_chunk *c = *list; c; c = next) {
		next = c->next;
		free(c);
	}
	*list = NULL;
}

void ll_free_bodies(struct ll *m) { free_list(&m->body); }

void ll_free(struct ll *m)
{
	free_list(&m->body);
	free_list(&m->chunk);
}

static uint32_t hash_of(struct ll_str s)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.s[i]) * 16777619u;
	return h ^ h >> 15;
}

static struct ll_entry *find(struct ll_map *map, struct ll_str name, uint32_t hash)
{
	uint32_t k = hash & (map->cap - 1);

	while (map->slot[k].name && (map->slot[k].hash != hash || map->slot[k].n != name.n || memcmp(map->slot[k].name, name.s, name.n)))
		k = (k + 1) & (map->cap - 1);
	return &map->slot[k];
}

void **ll_map_at(struct ll *m, struct ll_map *map, struct ll_str name)
{
	struct ll_chunk **list = map->of_module || !m->fn ? &m->chunk : &m->body;
	uint32_t hash = hash_of(name);
	struct ll_entry *e;

	if (name.n > UINT32_MAX)
		ll_fail(m, m->line, "a name is too long");
	if (map->n * 2 >= map->cap) {
		struct ll_map bigger = { .cap = map->cap ? map->cap * 2 : 16, .n = map->n, .of_module = map->of_module, .borrows = map->borrows };

		bigger.slot = take(m, list, bigger.cap * sizeof *bigger.slot);
		for (uint32_t i = 0; i < map->cap; i++)
			if (map->slot[i].name)
				*find(&bigger, (struct ll_str){ map->slot[i].name, map->slot[i].n }, map->slot[i].hash) = map->slot[i];
		give_back(list, map->slot, map->cap * sizeof *map->slot);
		*map = bigger;
	}
	e = find(map, name, hash);
	if (!e->name) {
		if (!map->borrows)
			name.s = memcpy(take(m, list, name.n + 1), name.s, name.n);
		*e = (struct ll_entry){ name.s, (uint32_t)name.n, hash, NULL };
		map->n++;
	}
	return &e->item;
}

void ll_map_drop(struct ll *m, struct ll_map *map)
{
	give_back(map->of_module || !m->fn ? &m->chunk : &m->body, map->slot, map->cap * sizeof *map->slot);
	*map = (struct ll_map){ .of_module = map->of_module, .borrows = map->borrows };
}

bool ll_is(struct ll_str s, const char *word) { return strlen(word) == s.n && !memcmp(s.s, word, s.n); }
