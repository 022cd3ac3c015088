/* SPDX-License-Identifier: MIT
 * base.c - the heap hook, arenas, arrays, text, hashing: what they promise in base.h, and memory refused at
 * every possible allocation.
 */
#include "base/base.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static void heap_counts(void **state)
{
	long before = base_live_bytes();
	char *p = base_realloc(NULL, 0, 100), *q;

	(void)state;
	assert_non_null(p);
	assert_int_equal(base_live_bytes() - before, 100);
	memset(p, 7, 100);
	q = base_realloc(p, 100, 10000);
	assert_non_null(q);
	assert_int_equal(q[99], 7);
	assert_int_equal(base_live_bytes() - before, 10000);
	assert_null(base_realloc(q, 10000, 0));
	assert_int_equal(base_live_bytes(), before);
	base_free(NULL, 0);
	assert_int_equal(base_live_bytes(), before);
}

static void heap_fails_on_demand(void **state)
{
	void *p, *q;

	(void)state;
	base_fail_after(1);
	p = base_realloc(NULL, 0, 8);
	assert_non_null(p);
	assert_null(base_realloc(NULL, 0, 8));
	assert_null(base_realloc(p, 8, 16));	/* p is untouched */
	q = base_realloc(p, 8, 4);		/* shrinking goes on working */
	assert_non_null(q);
	base_fail_after(-1);
	p = base_realloc(q, 4, 16);
	assert_non_null(p);
	base_free(p, 16);
	assert_null(base_realloc(NULL, 0, PTRDIFF_MAX));
}

static void arena_aligned_and_disjoint(void **state)
{
	long before = base_live_bytes();
	uint64_t rnd = 1;
	struct arena a;
	uint8_t *p[2000];
	size_t n[2000], sum = 0;

	(void)state;
	arena_init(&a, NULL, NULL);
	for (unsigned i = 0; i < COUNT_OF(p); i++) {
		n[i] = random_below(&rnd, i % 50 == 0 ? 100000 : 300);
		p[i] = arena_alloc(&a, n[i]);
		assert_int_equal((uintptr_t)p[i] % 16, 0);
		memset(p[i], (int)(i & 0xff), n[i]);
		sum += n[i];
	}
	for (unsigned i = 0; i < COUNT_OF(p); i++)
		for (size_t k = 0; k < n[i]; k++)
			assert_int_equal(p[i][k], i & 0xff);
	assert_true(a.total >= sum && a.total < sum * 2 + (1 << 20));
	assert_int_equal(((char *)arena_zero(&a, 3))[2], 0);
	assert_string_equal(arena_strdup(&a, "hew"), "hew");
	arena_fini(&a);
	assert_int_equal(a.total, 0);
	assert_int_equal(base_live_bytes(), before);
}

static void arena_clear_keeps_one_chunk(void **state)
{
	struct arena a;
	size_t total;

	(void)state;
	arena_init(&a, NULL, NULL);
	arena_clear(&a);			/* an empty one */
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 1000; i++)
			memset(arena_alloc(&a, (size_t)i * 37), 1, (size_t)i * 37);
		total = a.total;
		arena_clear(&a);
		assert_in_range(a.total, 1, total / 2);
		total = a.total;
		memset(arena_alloc(&a, 100), 2, 100);
		assert_int_equal(a.total, total);	/* from the chunk that was kept */
	}
	arena_fini(&a);
	assert_int_equal(a.total, 0);
}

static void arrays_grow(void **state)
{
	VEC(uint32_t) v = { 0 }, w = { 0 };
	struct arena a;

	(void)state;
	arena_init(&a, NULL, NULL);
	for (uint32_t i = 0; i < 100000; i++) {
		vec_push(&a, &v, i * 3);
		if (i % 7 == 0)
			vec_push(&a, &w, i);
	}
	assert_int_equal(v.n, 100000);
	for (uint32_t i = 0; i < v.n; i++)
		assert_int_equal(v.at[i], i * 3);
	for (uint32_t i = 0; i < w.n; i++)
		assert_int_equal(w.at[i], i * 7);
	arena_fini(&a);
}

static jmp_buf escape;

static void on_oom(void *arg)
{
	++*(int *)arg;
	longjmp(escape, 1);
}

/* Every k-th allocation refused: the callback is reached, nothing leaks, what was made before is intact. */
static void arena_oom_at_every_allocation(void **state)
{
	long before = base_live_bytes();
	volatile bool done = false;
	int ooms = 0;

	(void)state;
	for (volatile long k = 0; !done; k++) {
		struct arena a;

		arena_init(&a, on_oom, &ooms);
		base_fail_after(k);
		if (setjmp(escape) == 0) {
			VEC(uint64_t) v = { 0 };

			for (uint64_t i = 0; i < 50000; i++)
				vec_push(&a, &v, i);
			for (int i = 0; i < 300; i++)
				arena_alloc(&a, 1000);
			done = true;
		}
		base_fail_after(-1);
		arena_fini(&a);
		assert_int_equal(base_live_bytes(), before);
	}
	assert_true(ooms >= 5);
}

static void arena_refuses_absurd_sizes(void **state)
{
	static const size_t absurd[] = { SIZE_MAX, SIZE_MAX - 15, SIZE_MAX / 2 + 1, PTRDIFF_MAX };
	int ooms = 0;

	(void)state;
	for (volatile unsigned i = 0; i < COUNT_OF(absurd); i++) {
		struct arena a;

		arena_init(&a, on_oom, &ooms);
		if (setjmp(escape) == 0)
			arena_alloc(&a, absurd[i]);
		arena_fini(&a);
	}
	assert_int_equal(ooms, COUNT_OF(absurd));
}

static void text_grows(void **state)
{
	long before = base_live_bytes();
	struct text t = { 0 };

	(void)state;
	text_add(&t, "");
	assert_string_equal(t.s, "");
	for (int i = 0; i < 1000; i++)
		text_printf(&t, "%d,", i);
	text_addn(&t, "abc", 2);
	assert_int_equal(t.n, 3892);
	assert_memory_equal(t.s + t.n - 6, "999,ab", 7);
	text_printf(&t, "%*d", 5000, 1);	/* longer than any doubling */
	assert_int_equal(t.n, 8892);
	assert_int_equal(strlen(t.s), t.n);
	assert_false(t.lost);
	text_free(&t);
	assert_null(t.s);
	assert_int_equal(base_live_bytes(), before);
}

static void text_drops_when_refused(void **state)
{
	struct text t = { 0 };

	(void)state;
	base_fail_after(0);
	text_printf(&t, "%d", 1);
	assert_true(t.lost && t.s == NULL && t.n == 0);
	base_fail_after(-1);
	t.lost = false;
	text_add(&t, "kept");
	base_fail_after(0);
	text_printf(&t, "%*d", 100, 1);
	text_add(&t, "!");			/* still fits */
	base_fail_after(-1);
	assert_true(t.lost);
	assert_string_equal(t.s, "kept!");
	text_free(&t);
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* 16,384 close keys: no two equal, and every output bit is set about half of the time. */
static void hash_spreads(void **state)
{
	enum { N = 1 << 14 };
	uint64_t *h = malloc(N * sizeof *h);
	unsigned ones[64] = { 0 };

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		h[i] = hash_bytes(&i, sizeof i, 0);
		for (int b = 0; b < 64; b++)
			ones[b] += h[i] >> b & 1;
	}
	for (int b = 0; b < 64; b++)
		assert_in_range(ones[b], N / 2 - N / 32, N / 2 + N / 32);
	qsort(h, N, sizeof *h, compare_u64);
	for (uint32_t i = 1; i < N; i++)
		assert_true(h[i] != h[i - 1]);
	free(h);
	assert_true(hash_bytes("", 0, 1) != hash_bytes("", 0, 2));
	assert_true(hash_bytes("\0", 1, 0) != hash_bytes("\0\0", 2, 0));
	assert_true(hash_bytes("abcdefgh1", 9, 0) != hash_bytes("abcdefgh2", 9, 0));
}

static void random_in_range(void **state)
{
	uint64_t rnd = 42;
	unsigned seen[7] = { 0 };

	(void)state;
	for (int i = 0; i < 70000; i++)
		seen[random_below(&rnd, 7)]++;
	for (int i = 0; i < 7; i++)
		assert_in_range(seen[i], 9000, 11000);
}

static void bit_sets(void **state)
{
	uint64_t s[3] = { 0 };

	(void)state;
	assert_int_equal(bits_words(0), 0);
	assert_int_equal(bits_words(129), 3);
	bits_set(s, 63);
	bits_set(s, 64);
	assert_true(bits_get(s, 63) && bits_get(s, 64) && !bits_get(s, 65));
	bits_clear(s, 63);
	assert_true(!bits_get(s, 63) && bits_get(s, 64));
}

/* A bug ends the process by SIGABRT and names its place. */
static void bug_says_where(void **state)
{
	char line[200] = "";
	int fd[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (pid == 0) {
		dup2(fd[1], 2);
		base_bug("some/file.c", 17, "x == y");
	}
	close(fd[1]);
	assert_true(read(fd[0], line, sizeof line - 1) > 0);
	close(fd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_string_equal(line, "hew: bug at some/file.c:17: x == y\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heap_counts),
		cmocka_unit_test(heap_fails_on_demand),
		cmocka_unit_test(arena_aligned_and_disjoint),
		cmocka_unit_test(arena_clear_keeps_one_chunk),
		cmocka_unit_test(arrays_grow),
		cmocka_unit_test(arena_oom_at_every_allocation),
		cmocka_unit_test(arena_refuses_absurd_sizes),
		cmocka_unit_test(text_grows),
		cmocka_unit_test(text_drops_when_refused),
		cmocka_unit_test(hash_spreads),
		cmocka_unit_test(random_in_range),
		cmocka_unit_test(bit_sets),
		cmocka_unit_test(bug_says_where),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
