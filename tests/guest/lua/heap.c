/* SPDX-License-Identifier: MIT
 * heap.c - unit tests of the Lua guest's heap and collector.
 *
 * The C stack is scanned conservatively, so a test may never demand that one certain object dies: they make many and
 * allow a few survivors.
 */
#include "stub.h"

#define NOINLINE __attribute__((noinline))
enum { MANY = 1000, STRAY = 40 };

static struct lv_value table_value(struct lv_table *t)
{
	struct lv_value v;

	lv_setobj(&v, t, LV_TABLE);
	return v;
}

static void root(struct lv_state *L, int64_t i, struct lv_table *t)
{
	struct lv_value v = table_value(t);

	lv_seti(L, L->registry, i, &v);
}

/* Overwrites what earlier calls left on the C stack. */
static NOINLINE void scrub(void)
{
	volatile char junk[8192];

	for (size_t i = 0; i < sizeof junk; i++)
		junk[i] = 0;
}

static void collect(struct lv_state *L)
{
	scrub();
	lv_gc_full(L);
}

static void find_any_word(void **state)
{
	struct lv_state *L = stub_open(0);
	struct lv_heap *h = L->heap;
	struct rnd r = rnd_seed("find");
	struct lv_buf *small = lv_newbuf(L, 100), *big = lv_newbuf(L, 300000);
	char *vec = lv_vec(L, NULL, 0, 64);

	(void)state;
	assert_ptr_equal(lv_heap_find(L, small), small);
	assert_ptr_equal(lv_heap_find(L, (char *)small + 57), small);
	assert_ptr_equal(lv_heap_find(L, big), big);
	assert_ptr_equal(lv_heap_find(L, (char *)big + 299999), big);
	assert_null(lv_heap_find(L, vec));
	assert_null(lv_heap_find(L, NULL));
	assert_null(lv_heap_find(L, h->base - 1));
	assert_null(lv_heap_find(L, h->base + h->top));
	assert_null(lv_heap_find(L, h->run[0][2].cur));
	for (unsigned i = 0; i < 200000; i++) {
		char *p = h->base + rnd(&r) % h->top;
		struct lv_obj *o = lv_heap_find(L, p);

		assert_true(!o || ((char *)o <= p && o->tag >= LV_STR && o->tag < LV_TAG_COUNT));
		lv_heap_find(L, (void *)(uintptr_t)rnd(&r));
	}
	stub_close(L);
}

static NOINLINE void make_garbage(struct lv_state *L, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct lv_value v = table_value(lv_table(L, 0, 0));
		struct lv_table *t = lv_table(L, 3, 4);

		for (int64_t k = 1; k < 20; k++)
			lv_seti(L, t, k * (k & 1 ? 1 : 100), &v);
	}
}

static void garbage_goes_and_memory_is_reused(void **state)
{
	struct lv_state *L = stub_open(0);
	size_t before, top;

	(void)state;
	collect(L);
	before = lv_gc_count(L);
	make_garbage(L, MANY);
	assert_true(lv_gc_count(L) > before + MANY * 200);
	collect(L);
	assert_true(lv_gc_count(L) < before + STRAY * 2000);
	make_garbage(L, 20 * MANY);
	top = L->heap->top;
	make_garbage(L, 100 * MANY);
	assert_true(L->heap->cycles > 5);
	assert_true(L->heap->top <= top * 2);
	stub_close(L);
}

static void sizes_are_cleared_and_apart(void **state)
{
	struct lv_state *L = stub_open(0);
	struct rnd r = rnd_seed("sizes");
	struct { unsigned char *p; size_t n; unsigned char fill; } v[200] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 4000; i++) {
		unsigned at = rnd(&r) % 200;
		size_t n = 1 + rnd(&r) % (rnd(&r) % 8 == 0 ? 200000 : rnd(&r) % 3 == 0 ? 9000 : 300);

		for (size_t k = 0; k < v[at].n; k++)
			assert_int_equal(v[at].p[k], v[at].fill);
		v[at].p = lv_vec(L, v[at].p, v[at].n, n);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(v[at].p[k], k < v[at].n ? v[at].fill : 0);
		v[at].n = n;
		v[at].fill = (unsigned char)rnd(&r);
		memset(v[at].p, v[at].fill, n);
		if (rnd(&r) % 5 == 0) {
			lv_vec_free(L, v[at].p, n);
			v[at].p = NULL;
			v[at].n = 0;
		}
	}
	stub_close(L);
}

/* Vectors of some MiB: they grow where they stand if they can, new bytes are zero, and what is freed goes back to the system
 * except for a reserve. */
static void big_vectors(void **state)
{
	enum { N = 6, STEPS = 300, KEPT = 16 << 20 };
	struct lv_state *L = stub_open(0);
	struct lv_heap *h = L->heap;
	struct rnd r = rnd_seed("big");
	struct { unsigned char *p; size_t n; } v[N] = { 0 };
	unsigned in_place = 0;

	(void)state;
	for (unsigned i = 0; i < STEPS; i++) {
		unsigned at = rnd(&r) % N;
		size_t old = v[at].n, n = rnd(&r) % 3 ? old + 1 + rnd(&r) % 300000 : 20000 + rnd(&r) % (6u << 20);
		unsigned char *p = lv_vec(L, v[at].p, old, n);

		in_place += p == v[at].p && n > old + LV_BLOCK;
		for (size_t k = 0; k < n; k += 511)
			assert_int_equal(p[k], k < old ? (unsigned char)(at + 1) : 0);
		for (size_t k = old; k < n; k++)
			if (p[k])
				fail_msg("byte %zu of %zu is not zero", k, n);
		if (n > old)
			memset(p + old, (int)at + 1, n - old);
		v[at].p = p;
		v[at].n = n;
		if (n > (12u << 20) || rnd(&r) % 16 == 0) {
			lv_vec_free(L, p, n);
			v[at].p = NULL;
			v[at].n = 0;
		}
		assert_true((size_t)h->idle * LV_BLOCK <= (h->threshold / 8 > KEPT ? h->threshold / 8 : KEPT) + 16 * LV_BLOCK * LV_BUCKETS);
	}
	assert_true(in_place > 10);
	stub_close(L);
}

static void lists_are_kept_whole(void **state)
{
	enum { LONG = 200000 };
	struct lv_state *L = stub_open(0);
	struct lv_table *t = lv_table(L, 0, 0), *head = t;
	struct lv_value v;
	unsigned n = 0;

	(void)state;
	root(L, 1, head);
	for (unsigned i = 0; i < LONG; i++) {
		v = table_value(lv_table(L, 0, 0));
		lv_seti(L, t, 1, &v);
		t = v.t;
	}
	for (unsigned pass = 0; pass < 2; pass++) {
		L->heap->grey_max = pass ? 4 : SIZE_MAX;	/* second pass: the grey stack overflows */
		collect(L);
		for (n = 0, t = head; lv_geti(t, 1, &v); n++, t = v.t)
			assert_ptr_equal(lv_heap_find(L, v.t), v.t);
		assert_int_equal(n, LONG);
	}
	stub_close(L);
}

/* Tables with numbers, each linked to random others: what can be reached from the roots must keep its number. */
static void random_graph(void **state)
{
	enum { N = 400, ROOTS = 5 };
	struct lv_state *L = stub_open(0);
	struct rnd r = rnd_seed("graph");
	struct lv_table *slot = lv_table(L, N, 0);
	struct lv_value v, w;

	(void)state;
	root(L, 1, slot);
	lv_gc_stress(L, 97);
	for (unsigned i = 0; i < 20000; i++) {
		int64_t at = 1 + (int64_t)(rnd(&r) % N), to = 1 + (int64_t)(rnd(&r) % N);

		if (!lv_geti(slot, at, &v)) {
			v = table_value(lv_table(L, 0, 0));
			lv_setint(&w, at);
			lv_setz(L, v.t, "number", &w);
			lv_seti(L, slot, at, &v);
		}
		if (lv_geti(slot, to, &w)) {
			lv_seti(L, v.t, 1 + (int64_t)(rnd(&r) % 4), &w);
			assert_true(lv_getstr(w.t, lv_strz(L, "number"), &w));
			assert_int_equal(w.i, to);
		}
		if (rnd(&r) % 8 == 0) {
			lv_setnil(&w);
			lv_seti(L, slot, to, &w);
		}
		for (int64_t k = 1; k <= 4; k++)
			if (lv_geti(v.t, k, &w))
				assert_true(w.tag == LV_TABLE && w.t->tag == LV_TABLE);
	}
	stub_close(L);
}

static void limit_throws_and_recovers(void **state)
{
	struct lv_state *L = stub_open(8 << 20);
	struct lv_table *t = lv_table(L, 0, 0);
	struct lv_value v;
	int64_t n = 0;

	(void)state;
	root(L, 1, t);
	make_garbage(L, 100 * MANY);		/* far more than the limit, all garbage */
	for (;;) {
		if (TRY((v = table_value(lv_table(L, 10, 0)), lv_seti(L, v.t, 1, &v), lv_seti(L, t, n + 1, &v))))
			break;
		n++;
	}
	assert_int_equal(thrown, LV_ERRMEM);
	assert_true(n > 1000);
	assert_true(lv_gc_count(L) <= 8 << 20);
	assert_int_equal(lv_len(t), n);
	assert_int_equal(TRY(lv_newbuf(L, (size_t)1 << 50)), LV_ERRMEM);
	assert_int_equal(TRY(lv_newbuf(L, SIZE_MAX - 8)), LV_ERRMEM);
	root(L, 1, lv_table(L, 0, 0));
	assert_int_equal(TRY(make_garbage(L, MANY)), LV_OK);
	stub_close(L);
}

static NOINLINE void make_strings(struct lv_state *L, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		lv_strf(L, "string number %u", i);
}

static void intern_table_is_weak(void **state)
{
	struct lv_state *L = stub_open(0);
	struct lv_str *keep = lv_strz(L, "kept by the C stack");

	(void)state;
	make_strings(L, 50 * MANY);
	collect(L);
	assert_true(L->heap->nstr < STRAY * 5);
	assert_ptr_equal(keep, lv_strz(L, "kept by the C stack"));
	stub_close(L);
}

/* ---- weak tables ----------------------------------------------------------------------------------- */

static struct lv_table *weak(struct lv_state *L, const char *mode, int64_t at)
{
	struct lv_table *t = lv_table(L, 0, 0), *meta = lv_table(L, 0, 0);
	struct lv_value v;

	root(L, at, t);
	t->meta = meta;
	lv_setstr(&v, lv_strz(L, mode));
	lv_setz(L, meta, "__mode", &v);
	return t;
}

static unsigned count(struct lv_state *L, struct lv_table *t)
{
	struct lv_value kv[2] = { 0 };
	unsigned n = 0;

	while (lv_next(L, t, kv))
		n++;
	return n;
}

static NOINLINE void fill_weak(struct lv_state *L, struct lv_table *t, struct lv_table *keep, bool key, bool val)
{
	struct lv_value k, v;

	for (unsigned i = 1; i <= MANY; i++) {
		k = table_value(lv_table(L, 0, 0));
		v = table_value(lv_table(L, 0, 0));
		if (key)
			lv_set(L, t, &k, &v);
		else
			lv_seti(L, t, (int64_t)i, &v);
		if (i % 2 == 0)
			lv_seti(L, keep, i, val ? &v : &k);
	}
}

static void weak_tables(void **state)
{
	struct lv_state *L = stub_open(0);
	struct lv_table *keep = lv_table(L, 0, 0), *t;
	struct lv_value v;

	(void)state;
	root(L, 1, keep);
	for (unsigned pass = 0; pass < 5; pass++) {
		static const struct { const char *mode; bool key, val; } c[] = {
			{ "v", false, true }, { "v", true, true }, { "k", true, false }, { "kv", true, true }, { "vk", true, false },
		};
		unsigned least = MANY / 2, n;

		t = weak(L, c[pass].mode, 2);
		fill_weak(L, t, keep, c[pass].key, c[pass].val);
		if (pass >= 3)
			least = 0;		/* the other half of the pair is garbage */
		lv_setstr(&v, lv_strf(L, "a string is a value %u", pass));
		lv_setz(L, t, "s", &v);
		lv_setz(L, t, "another long string that is never taken for an object", &v);
		collect(L);
		n = count(L, t);
		assert_true(n >= least + 2 && n <= least + 2 + STRAY);
		assert_true(lv_getstr(t, lv_strz(L, "s"), &v) && v.tag == LV_STR);
		assert_ptr_equal(lv_heap_find(L, v.s), v.s);
	}
	stub_close(L);
}

/* A chain through ephemerons: e[k1] = k2, e[k2] = k3 ... kept by k1 alone; and pairs that only keep each other. */
static NOINLINE struct lv_table *make_chain(struct lv_state *L, struct lv_table *e)
{
	struct lv_table *first = lv_table(L, 0, 0);
	struct lv_value k = table_value(first), v, w;

	for (unsigned i = 0; i < MANY; i++, k = v) {
		v = table_value(lv_table(L, 0, 0));
		lv_set(L, e, &k, &v);
	}
	for (unsigned i = 0; i < MANY; i++) {
		k = table_value(lv_table(L, 0, 0));
		w = table_value(lv_table(L, 0, 0));
		lv_set(L, e, &k, &w);
		lv_set(L, e, &w, &k);
		lv_seti(L, w.t, 1, &k);
	}
	return first;
}

static void ephemerons(void **state)
{
	struct lv_state *L = stub_open(0);
	struct lv_table *e = weak(L, "k", 2);
	unsigned n;

	(void)state;
	root(L, 1, make_chain(L, e));
	collect(L);
	n = count(L, e);
	assert_true(n >= MANY && n <= MANY + STRAY);
	stub_close(L);
}

/* ---- finalisers ----------------------------------------------------------------------------------------- */

static int64_t order[2 * MANY];
static unsigned finalised;
static struct lv_table *revived;

static int64_t number(struct lv_state *L, struct lv_table *t)
{
	struct lv_value v;

	return lv_getstr(t, lv_strz(L, "number"), &v) ? v.i : -1;
}

static int on_gc(struct lv_state *L, struct lv_value *a, int n)
{
	assert_int_equal(n, 1);
	assert_int_equal(a[0].tag, LV_TABLE);
	order[finalised++] = number(L, a[0].t);
	return 0;
}

static int on_gc_revive(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_value v = a[0];

	on_gc(L, a, n);
	lv_seti(L, revived, (int64_t)lv_len(revived) + 1, &v);
	return 0;
}

static int on_gc_fail(struct lv_state *L, struct lv_value *a, int n)
{
	on_gc(L, a, n);
	lv_error(L, "on purpose");
}

static NOINLINE void make_finalised(struct lv_state *L, lv_cfn *fn, unsigned n)
{
	struct lv_table *meta = lv_table(L, 0, 0);
	struct lv_value v;

	finalised = 0;
	lv_setobj(&v, lv_cfunc(L, fn, "gc", 0), LV_CFUNC);
	lv_setz(L, meta, "__gc", &v);
	for (unsigned i = 0; i < n; i++) {
		struct lv_table *t = lv_table(L, 0, 1);

		t->meta = meta;
		lv_setint(&v, i);
		lv_setz(L, t, "number", &v);
		lv_gc_setfinaliser(L, (struct lv_obj *)t);
		lv_gc_setfinaliser(L, (struct lv_obj *)t);
	}
}

static void finalisers_in_reverse_order_once(void **state)
{
	struct lv_state *L = stub_open(0);

	(void)state;
	make_finalised(L, on_gc, MANY);
	collect(L);
	assert_true(finalised >= MANY - STRAY && finalised <= MANY);
	for (unsigned i = 1; i < finalised; i++)
		assert_true(order[i] < order[i - 1]);
	lv_gc_finish(L);
	assert_int_equal(finalised, MANY);
	lv_gc_finish(L);
	assert_int_equal(finalised, MANY);
	stub_close(L);
}

static void finalisers_may_revive(void **state)
{
	struct lv_state *L = stub_open(0);
	unsigned before;

	(void)state;
	revived = lv_table(L, 0, 0);
	root(L, 1, revived);
	make_finalised(L, on_gc_revive, MANY);
	collect(L);
	before = finalised;
	assert_true(before >= MANY - STRAY);
	assert_int_equal(lv_len(revived), before);
	collect(L);
	for (unsigned i = 0; i < before; i++) {
		struct lv_value v;

		assert_true(lv_geti(revived, i + 1, &v));
		assert_ptr_equal(lv_heap_find(L, v.t), v.t);
		assert_int_equal(number(L, v.t), order[i]);
	}
	stub_close(L);
}

static void finalisers_may_fail_and_wait_for_a_safe_point(void **state)
{
	struct lv_state *L = stub_open(0);

	(void)state;
	make_finalised(L, on_gc_fail, 3);
	scrub();
	lv_gc_collect(L);
	assert_int_equal(finalised, 0);
	if (L->heap->pending.n > 0)
		assert_true(L->interrupt & LV_INT_FINALISE);
	lv_gc_finish(L);
	assert_int_equal(finalised, 3);
	assert_false(L->interrupt & LV_INT_FINALISE);
	assert_ptr_equal(L->top, stub_stack + 2);
	stub_close(L);
}

/* ---- other objects ------------------------------------------------------------------------------------------ */

static NOINLINE void make_protos(struct lv_state *L, unsigned n)
{
	L->protos = lv_vec(L, NULL, 0, n * sizeof *L->protos);
	for (unsigned i = 0; i < n; i++) {
		struct lv_proto *p = lv_new(L, sizeof *p, LV_PROTO);

		p->code = lv_vec(L, NULL, 0, 80);
		p->ncode = 10;
		p->k = lv_vec(L, NULL, 0, sizeof *p->k);
		lv_setstr(&p->k[0], lv_strf(L, "constant %u", i));
		p->nk = 1;
		L->protos[i] = p;
		L->nprotos = i + 1;
		if (i % 2) {
			struct lv_value v;

			lv_setobj(&v, lv_new(L, sizeof(struct lv_closure), LV_FUNC), LV_FUNC);
			v.f->p = p;
			lv_seti(L, L->registry, 1 + i / 2, &v);
		}
	}
}

static void prototypes_die_with_their_closures(void **state)
{
	struct lv_state *L = stub_open(0);

	(void)state;
	protos_freed = 0;
	make_protos(L, MANY);
	collect(L);
	assert_true(protos_freed <= MANY / 2 && protos_freed >= MANY / 2 - STRAY);
	for (unsigned i = 1; i < MANY; i += 2) {
		char want[32];

		snprintf(want, sizeof want, "constant %u", i);
		assert_string_equal(L->protos[i]->k[0].s->s, want);
	}
	stub_close(L);
}

static void stacks_of_threads_are_scanned(void **state)
{
	struct lv_state *L = stub_open(0);
	static struct lv_value stack[64];
	struct lv_thread *th = lv_new(L, sizeof *th, LV_THREAD);

	(void)state;
	th->stack = stack;
	th->stack_last = stack + 60;
	th->base = stack + 2;
	th->top = stack + 5;
	L->main = th;
	lv_setobj(&stack[3], lv_table(L, 0, 0), LV_TABLE);
	stack[4] = (struct lv_value){ .bits = 0x123456789abcdef, .tag = LV_TABLE };	/* a frame info may look like this */
	collect(L);
	assert_ptr_equal(lv_heap_find(L, stack[3].p), stack[3].p);
	assert_int_equal(stack[3].t->tag, LV_TABLE);
	stub_close(L);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(find_any_word),
		cmocka_unit_test(garbage_goes_and_memory_is_reused),
		cmocka_unit_test(sizes_are_cleared_and_apart),
		cmocka_unit_test(big_vectors),
		cmocka_unit_test(lists_are_kept_whole),
		cmocka_unit_test(random_graph),
		cmocka_unit_test(limit_throws_and_recovers),
		cmocka_unit_test(intern_table_is_weak),
		cmocka_unit_test(weak_tables),
		cmocka_unit_test(ephemerons),
		cmocka_unit_test(finalisers_in_reverse_order_once),
		cmocka_unit_test(finalisers_may_revive),
		cmocka_unit_test(finalisers_may_fail_and_wait_for_a_safe_point),
		cmocka_unit_test(prototypes_die_with_their_closures),
		cmocka_unit_test(stacks_of_threads_are_scanned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
