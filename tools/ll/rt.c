/* SPDX-License-Identifier: MIT
 * rt.c - what compiled programs call that the C library does not have: memory allocated on the way, wide division, symbols.
 *
 * A function with an alloca of variable size keeps a list of malloc'ed blocks in its frame; returning and llvm.stackrestore
 * free them. What is skipped by longjmp or exit is not freed.
 */
#include "ll.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct block { struct block *next; void *p; };

void *ll_rt_alloca(void **list, uint64_t bytes, uint64_t align)
{
	struct block *b = malloc(sizeof *b);

	align = align < 16 ? 16 : align;
	if (!b || bytes > SIZE_MAX / 2 || !(b->p = aligned_alloc(align, (bytes + align) & ~(align - 1)))) {
		fprintf(stderr, "hew: not enough memory for an array of variable length\n");
		exit(1);
	}
	b->next = *list;
	*list = b;
	return b->p;
}

void ll_rt_release(void **list, void *until)
{
	while (*list && *list != until) {
		struct block *b = *list;

		*list = b->next;
		free(b->p);
		free(b);
	}
}

__int128 ll_rt_sdiv(__int128 a, __int128 b) { return a / b; }
__int128 ll_rt_srem(__int128 a, __int128 b) { return a % b; }
ll_u128 ll_rt_udiv(ll_u128 a, ll_u128 b) { return a / b; }
ll_u128 ll_rt_urem(ll_u128 a, ll_u128 b) { return a % b; }

double ll_rt_wide_to_double(uint64_t lo, uint64_t hi, uint64_t is_signed)
{
	ll_u128 x = (ll_u128)hi << 64 | lo;

	return is_signed ? (double)(__int128)x : (double)x;
}

float ll_rt_wide_to_float(uint64_t lo, uint64_t hi, uint64_t is_signed)
{
	ll_u128 x = (ll_u128)hi << 64 | lo;

	return is_signed ? (float)(__int128)x : (float)x;
}

ll_u128 ll_rt_double_to_wide(double x, uint64_t is_signed) { return is_signed ? (ll_u128)(__int128)x : (ll_u128)x; }

/* ---- symbols ----------------------------------------------------------------------------------------------------------- */

/* Functions that some C libraries keep out of their shared object. */
static const struct { const char *name; void (*fn)(void); } extra[] = {
	{ "atexit", (void (*)(void))atexit }, { "stat", (void (*)(void))stat }, { "fstat", (void (*)(void))fstat },
	{ "lstat", (void (*)(void))lstat }, { "at_quick_exit", (void (*)(void))at_quick_exit },
};

void *ll_rt_symbol(const char *name)
{
	static void *math;
	void *p = dlsym(RTLD_DEFAULT, name);

	for (size_t i = 0; !p && i < COUNT_OF(extra); i++)
		if (!strcmp(extra[i].name, name))
			p = (void *)(uintptr_t)extra[i].fn;
	if (!p) {
		math = math ? math : dlopen("libm.so.6", RTLD_LAZY);
		p = math ? dlsym(math, name) : NULL;
	}
	return p;
}
