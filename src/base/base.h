/* SPDX-License-Identifier: MIT
 * base.h - what every layer may use: asserts, arenas, vectors, bit sets, hashing, random numbers, text.
 *
 * Nothing here knows of IR, machine code or guests. Memory comes from three places:
 *   arena     everything that lives as long as one compilation; never freed piece by piece
 *   VEC       growable array on the heap, owned by the struct that holds it
 *   base_alloc/base_free  the one heap hook, so that tests can count and fail allocations
 */
#ifndef HEW_BASE_H
#define HEW_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- asserts -------------------------------------------------------- */

_Noreturn void base_bug(const char *file, int line, const char *what);

#ifdef NDEBUG
#define ASSERT(x) ((void)0)
#else
#define ASSERT(x) ((x) ? (void)0 : base_bug(__FILE__, __LINE__, #x))
#endif
/* A test of the impossible that stays in release builds. */
#define NEVER(x) (__builtin_expect(!!(x), 0))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define COUNT_OF(a) (sizeof(a) / sizeof(a)[0])

/* Built with AddressSanitizer? gcc and clang say it differently. */
#if defined(__SANITIZE_ADDRESS__)
#define BASE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BASE_ASAN 1
#endif
#endif
#ifndef BASE_ASAN
#define BASE_ASAN 0
#endif

/* ---- heap: one hook, with the old size --------------------------------- */

/* Like realloc; n == 0 frees and returns NULL. NULL for n > old means no memory, and p is untouched; shrinking
 * never fails. old is the size of p, 0 when p is NULL. */
void *base_realloc(void *p, size_t old, size_t n);
void *base_zalloc(size_t n);		/* n > 0 bytes of zero; memory fresh from the system stays untouched */
static inline void base_free(void *p, size_t old) { base_realloc(p, old, 0); }

/* Tests: after `n` more successful allocations every further one fails; < 0 switches this off. */
void base_fail_after(long n);
long base_live_bytes(void);

/* ---- arena ------------------------------------------------------------- */

struct arena_chunk;
struct arena {
	struct arena_chunk *head;	/* the open chunk, then the full ones */
	struct arena_chunk *big;	/* chunks of one object each */
	size_t used;			/* bytes used in head */
	size_t total;			/* bytes in all chunks */
	size_t limit;			/* not 0: most bytes in all chunks, */
	struct arena *with;		/* those of this one added; or NULL */
	uint64_t deadline;		/* not 0: when whoever works with it must be done, as os_now_ns tells the time */
	uint32_t polls;
	enum { ARENA_NO_MEMORY, ARENA_LIMIT, ARENA_LATE } refused;
	void (*oom)(void *);		/* called when memory is refused, or time is over; must not return */
	void *oom_arg;
};

void arena_init(struct arena *a, void (*oom)(void *), void *arg);
void arena_fini(struct arena *a);
void arena_clear(struct arena *a);		/* everything in it is gone; its newest chunk is kept for what comes */
void *arena_alloc(struct arena *a, size_t n);	/* 16-byte aligned, not cleared */
void *arena_zero(struct arena *a, size_t n);
void arena_settle(struct arena *a);	/* nobody holds a pointer into an array that has grown: gives back where it was */
void arena_drop(struct arena *a, void *p);	/* gives back what is large enough to have a chunk of its own */
char *arena_strdup(struct arena *a, const char *s);

/* For loops that may take long without asking for memory. */
void arena_look(struct arena *a);
static inline void arena_poll(struct arena *a)
{
	if (UNLIKELY(a->deadline != 0) && ++a->polls % 256 == 0)
		arena_look(a);
}

/* ---- growable array in an arena: struct { T *at; uint32_t n, cap; } ------- */

#define VEC(T) struct { T *at; uint32_t n, cap; }
void *arena_grow(struct arena *a, void *at, uint32_t n, uint32_t *cap, size_t size);
#define vec_push(arena, v, x) do { \
	__typeof__(*(v)->at) vec_new_ = (x);		/* which may be read from the vector */ \
	if ((v)->n == (v)->cap) \
		(v)->at = arena_grow((arena), (v)->at, (v)->n, &(v)->cap, sizeof *(v)->at); \
	(v)->at[(v)->n++] = vec_new_; \
} while (0)

/* Room for n elements of an empty one, so that it need not grow up to there. */
#define vec_room(arena, v, n) ((v)->at = arena_alloc((arena), (n) * sizeof *(v)->at), (v)->cap = (uint32_t)(n))

/* ---- bit sets: plain arrays of 64-bit words --------------------------------- */

static inline size_t bits_words(size_t n) { return (n + 63) / 64; }
static inline bool bits_get(const uint64_t *s, size_t i) { return s[i / 64] >> (i % 64) & 1; }
static inline void bits_set(uint64_t *s, size_t i) { s[i / 64] |= UINT64_C(1) << (i % 64); }
static inline void bits_clear(uint64_t *s, size_t i) { s[i / 64] &= ~(UINT64_C(1) << (i % 64)); }

/* ---- hash, random --------------------------------------------------------- */

static inline uint32_t hash_u64(uint64_t x)
{
	x ^= x >> 32;
	x *= UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(x >> 32);
}
uint64_t hash_bytes(const void *p, size_t n, uint64_t seed);

/* splitmix64: one word of state, good enough for tests and placement */
static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}
static inline uint32_t random_below(uint64_t *state, uint32_t n) { return (uint32_t)((random_next(state) >> 32) * n >> 32); }

/* ---- text: a growing string, never fails (drops text when memory is refused and sets `lost`) */

struct text {
	char *s;
	size_t n, cap;
	bool lost;
};
void text_add(struct text *t, const char *s);
void text_addn(struct text *t, const char *s, size_t n);
void text_printf(struct text *t, const char *fmt, ...) PRINTF(2, 3);
void text_vprintf(struct text *t, const char *fmt, va_list ap);
void text_free(struct text *t);

#endif
