/* SPDX-License-Identifier: MIT
 * hash.c - a hash table of 64-bit keys with open addressing: N insertions and look-ups, table doubled when half full.
 * Exercises: multiplicative hashing, masks, probing, structs in allocated memory.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct slot {
	uint64_t key;		/* 0: free */
	uint32_t count, first;
};

struct table {
	struct slot *slots;
	uint32_t mask, used;
};

static uint64_t state = 0x1234567;

static uint32_t next(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33);
}

static void make(struct table *t, uint32_t size)
{
	t->slots = calloc(size, sizeof *t->slots);
	if (t->slots == NULL)
		exit(1);
	t->mask = size - 1;
	t->used = 0;
}

static struct slot *find(const struct table *t, uint64_t key)
{
	uint32_t i = (uint32_t)((key * 0x9e3779b97f4a7c15u) >> 32) & t->mask;

	while (t->slots[i].key != key && t->slots[i].key != 0)
		i = (i + 1) & t->mask;
	return &t->slots[i];
}

static void grow(struct table *t)
{
	struct table bigger;

	make(&bigger, 2 * (t->mask + 1));
	for (uint32_t i = 0; i <= t->mask; i++)
		if (t->slots[i].key != 0)
			*find(&bigger, t->slots[i].key) = t->slots[i];
	bigger.used = t->used;
	free(t->slots);
	*t = bigger;
}

static void count(struct table *t, uint64_t key, uint32_t when)
{
	struct slot *s = find(t, key);

	if (s->key == 0) {
		if (2 * (t->used + 1) > t->mask) {
			grow(t);
			s = find(t, key);
		}
		t->used++;
		s->key = key;
		s->first = when;
	}
	s->count++;
}

int main(int argc, char **argv)
{
	uint32_t n = argc > 1 ? (uint32_t)atoi(argv[1]) : 110000000;
	struct table t;
	uint64_t sum = 0;

	make(&t, 8);
	for (uint32_t i = 0; i < n; i++)
		count(&t, 1 + (uint64_t)(next() % 5003) * 77773, i);
	for (uint32_t i = 0; i < n / 4; i++)
		sum += find(&t, 1 + (uint64_t)(next() % 9001) * 77773)->count;
	for (uint32_t i = 0; i <= t.mask; i++)
		sum = sum * 31 + (t.slots[i].key ^ t.slots[i].first);
	printf("hash %u %u %llu\n", n, t.used, (unsigned long long)sum);
	free(t.slots);
	return 0;
}
