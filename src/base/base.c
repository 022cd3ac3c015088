/* SPDX-License-Identifier: MIT
 * base.c - the end of a bug, the one heap hook, hashing of byte strings.
 *
 * The heap hook counts live bytes and can be told to fail, so that a test can refuse every k-th allocation of a
 * run and look for leaks at its end. Both counters are process-wide and atomic: they exist for tests and
 * statistics and decide nothing else. Cost: one atomic add per call.
 */
#include "base/base.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* The only place of the library that prints unasked and ends the process: a broken invariant, never bad input. */
_Noreturn void base_bug(const char *file, int line, const char *what)
{
	fprintf(stderr, "hew: bug at %s:%d: %s\n", file, line, what);
	fflush(stderr);
	abort();
}

/* ---- heap ----------------------------------------------------------------- */

static atomic_long live_bytes;
static atomic_long fail_after = -1;

void base_fail_after(long n)
{
	atomic_store(&fail_after, n < 0 ? -1 : n);
}

long base_live_bytes(void)
{
	return atomic_load(&live_bytes);
}

/* Takes one permit off the injection counter; false when none is left. */
static bool permitted(void)
{
	long left = atomic_load_explicit(&fail_after, memory_order_relaxed);

	if (LIKELY(left < 0))
		return true;
	while (left > 0)
		if (atomic_compare_exchange_weak(&fail_after, &left, left - 1))
			return true;
	return left < 0;		/* switched off meanwhile */
}

void *base_zalloc(size_t n)
{
	void *p = n <= PTRDIFF_MAX / 2 && permitted() ? calloc(1, n) : NULL;

	if (p != NULL)
		atomic_fetch_add_explicit(&live_bytes, (long)n, memory_order_relaxed);
	return p;
}

void *base_realloc(void *p, size_t old, size_t n)
{
	void *q = NULL;

	ASSERT(p != NULL || old == 0);
	if (n == 0) {
		free(p);
	} else {
		if (n > old && (n > PTRDIFF_MAX / 2 || !permitted()))
			return NULL;
		q = realloc(p, n);
		if (q == NULL && n > old)
			return NULL;
		if (q == NULL)
			q = p;		/* shrinking never fails */
	}
	atomic_fetch_add_explicit(&live_bytes, (long)n - (long)old, memory_order_relaxed);
	return q;
}

/* ---- hash ----------------------------------------------------------------- */

/* The 128-bit product folded to 64: every input bit reaches every output bit. */
static inline uint64_t fold_mul(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* For tables inside one process: the value depends on the byte order of the host. */
uint64_t hash_bytes(const void *p, size_t n, uint64_t seed)
{
	const uint64_t k1 = UINT64_C(0x9e3779b97f4a7c15), k2 = UINT64_C(0xd1342543de82ef95);
	const uint8_t *s = p;
	uint64_t h = fold_mul(seed ^ k2, n + k1), w;

	for (; n >= 8; n -= 8, s += 8) {
		memcpy(&w, s, 8);
		h = fold_mul(h ^ w, k1) + (w ^ k2);	/* the sum keeps w when h ^ w happens to be 0 */
	}
	w = 0;
	if (n > 0)
		memcpy(&w, s, n);
	return fold_mul(h ^ w ^ k2, k1 ^ h >> 29);
}
