/* SPDX-License-Identifier: MIT
 * table.c - unit tests of the Lua guest's tables: random operations against a naive model, borders, kinds, next.
 */
#include "stub.h"

#include <math.h>

static struct lv_value ival(int64_t i) { struct lv_value v = { 0 }; lv_setint(&v, i); return v; }
static struct lv_value fval(double n) { struct lv_value v = { 0 }; lv_setflt(&v, n); return v; }
static struct lv_value bval(bool b) { struct lv_value v = { 0 }; lv_setbool(&v, b); return v; }
static struct lv_value nil(void) { return (struct lv_value){ 0 }; }

static bool same(const struct lv_value *a, const struct lv_value *b)
{
	if (a->tag != b->tag)
		return false;
	return a->tag == LV_STR ? lv_streq(a->s, b->s) : a->bits == b->bits;
}

/* Invariants the rest of the guest relies on. */
static void check(const struct lv_table *t)
{
	assert_true(t->asize <= t->acap);
	assert_int_equal(t->kind == LV_ARR_EMPTY, t->arr == NULL);
	if (t->kind == LV_ARR_EMPTY)
		assert_int_equal(t->acap, 0);
	for (uint32_t i = 0; t->node != &lv_nonode && i <= t->hmask; i++) {
		const struct lv_node *n = &t->node[i];

		if (n->val.tag == LV_NIL)
			continue;
		assert_true(n->key.tag != LV_NIL && n->key.tag < LV_TAG_COUNT);
		assert_false(n->key.tag == LV_INT && (uint64_t)n->key.i - 1 < t->acap);
	}
	if (t->node == &lv_nonode)
		assert_true(t->hused == 0 && t->hmask == 0);
	assert_true(lv_nonode.key.tag == LV_NIL && lv_nonode.key.aux == 0 && lv_nonode.val.tag == LV_NIL);
}

/* ---- the model: a list of pairs ---------------------------------------------------------------- */

struct model { struct lv_value k[4096], v[4096]; unsigned n; };

static struct lv_value *model_find(struct model *m, const struct lv_value *k)
{
	for (unsigned i = 0; i < m->n; i++)
		if (same(&m->k[i], k))
			return &m->v[i];
	return NULL;
}

static void model_set(struct model *m, const struct lv_value *k, const struct lv_value *v)
{
	struct lv_value *at = model_find(m, k);

	if (at) {
		*at = *v;
	} else if (v->tag != LV_NIL) {
		assert_true(m->n < 4096);
		m->k[m->n] = *k;
		m->v[m->n++] = *v;
	}
}

static void check_border(struct model *m, const struct lv_table *t)
{
	uint64_t b = lv_len(t);
	struct lv_value k = ival((int64_t)b), *at;

	if (b > 0) {
		at = model_find(m, &k);
		assert_true(at && at->tag != LV_NIL);
	}
	k = ival((int64_t)b + 1);
	at = model_find(m, &k);
	assert_true(!at || at->tag == LV_NIL);
}

static void check_all(struct lv_state *L, struct model *m, struct lv_table *t)
{
	struct lv_value kv[2] = { nil(), nil() }, out;
	unsigned live = 0, seen = 0;

	check(t);
	check_border(m, t);
	for (unsigned i = 0; i < m->n; i++) {
		bool there = lv_get(t, &m->k[i], &out);

		assert_int_equal(there, m->v[i].tag != LV_NIL);
		assert_true(same(&out, &m->v[i]));
		live += there;
	}
	for (; lv_next(L, t, kv); seen++) {
		struct lv_value *v = model_find(m, &kv[0]);

		assert_true(v && same(v, &kv[1]));
		assert_true(seen <= live);
	}
	assert_int_equal(seen, live);
}

static struct lv_value random_key(struct lv_state *L, struct rnd *r, unsigned style)
{
	uint64_t x = rnd(r);

	switch (x % (style == 0 ? 1 : style == 1 ? 4 : 9)) {
	case 0: case 1: return ival(1 + (int64_t)(rnd(r) % (style == 1 ? 40 : 300)));
	case 2: return ival((int64_t)(rnd(r) % 20) * 4096 - 10000);
	case 3: { struct lv_value v; lv_setstr(&v, lv_strf(L, "k%u", (unsigned)(rnd(r) % 100))); return v; }
	case 4: return fval((double)(rnd(r) % 50) + 0.5);
	case 5: return bval(rnd(r) & 1);
	case 6: { struct lv_value v; lv_setstr(&v, lv_strf(L, "a key so long that it is not interned at all %u", (unsigned)(rnd(r) % 20))); return v; }
	case 7: return ival((int64_t)1 << rnd(r) % 63);
	default: { struct lv_value v = { 0 }; v.tag = LV_LIGHT; v.bits = rnd(r) % 16 * 8; return v; }
	}
}

static struct lv_value random_value(struct rnd *r, unsigned mood)
{
	unsigned x = rnd(r) % 100;

	if (x < 25 + mood * 5)
		return nil();
	if (mood % 3 == 0)
		return ival((int64_t)rnd(r));
	if (mood % 3 == 1)
		return fval((double)rnd(r));
	return x < 50 ? ival(x) : x < 75 ? fval(x) : bval(x & 1);
}

static void random_operations(void **state)
{
	struct lv_state *L = stub_open(0);
	struct rnd r = rnd_seed("table");
	static struct model m;

	(void)state;
	lv_gc_stress(L, 53);
	for (unsigned round = 0; round < 60; round++) {
		struct lv_table *t = lv_table(L, rnd(&r) % 4 ? 0 : rnd(&r) % 100, rnd(&r) % 4 ? 0 : rnd(&r) % 20);
		unsigned style = round % 3, mood = rnd(&r) % 9;
		struct lv_value v;

		lv_setobj(&v, t, LV_TABLE);
		lv_seti(L, L->registry, 1, &v);
		lv_setobj(&v, lv_table(L, 0, 0), LV_TABLE);	/* keys of the model stay alive here */
		lv_seti(L, L->registry, 2, &v);
		m.n = 0;
		for (unsigned i = 0; i < 600; i++) {
			struct lv_value k = random_key(L, &r, style), x = random_value(&r, mood), *old;

			if (rnd(&r) % 100 == 0)
				mood = rnd(&r) % 9;
			if (rnd(&r) % 6 == 0)
				k = ival((int64_t)lv_len(t) + 1);	/* append */
			else if (rnd(&r) % 12 == 0 && lv_len(t) > 0)
				k = ival((int64_t)lv_len(t)), x = nil();	/* pop */
			lv_seti(L, v.t, (int64_t)lv_len(v.t) + 1, &k);
			if (k.tag == LV_STR && rnd(&r) % 2)
				lv_setfield(L, t, k.s, &x);
			else if (k.tag == LV_INT && rnd(&r) % 3 == 0)
				k = fval((double)k.i), lv_set(L, t, &k, &x), lv_flt2int(k.n, &k.i) ? k.tag = LV_INT : 0;
			else
				lv_set(L, t, &k, &x);
			old = model_find(&m, &k);
			if (old)
				*old = x;
			else
				model_set(&m, &k, &x);
			if (i % 25 == 0)
				check_all(L, &m, t);
		}
		check_all(L, &m, t);
	}
	stub_close(L);
}

static void clearing_while_traversing(void **state)
{
	struct lv_state *L = stub_open(0);

	(void)state;
	for (unsigned kind = 0; kind < 3; kind++)
		for (unsigned stride = 1; stride <= 3; stride++) {
			struct lv_table *t = lv_table(L, 0, 0);
			struct lv_value kv[2] = { nil(), nil() }, v, no = nil();
			unsigned n = 0;

			lv_setobj(&v, t, LV_TABLE);
			lv_seti(L, L->registry, 1, &v);
			for (int64_t i = 1; i <= 100; i++) {
				v = kind == 0 ? ival(i) : kind == 1 ? fval((double)i) : bval(true);
				lv_seti(L, t, i, &v);
				lv_seti(L, t, i * 100000, &v);
				lv_setfield(L, t, lv_strf(L, "f%d", (int)i), &v);
				lv_setfield(L, t, lv_strf(L, "a field with quite a long name, number %d", (int)i), &v);
			}
			assert_int_equal(t->kind, LV_ARR_INT + kind);
			while (lv_next(L, t, kv)) {
				if (n % stride == 0)
					lv_set(L, t, &kv[0], &no);
				if (n++ % 10 == 0)
					lv_gc_full(L);		/* keys of removed entries become dead ones */
			}
			assert_int_equal(n, 400);
			for (n = 0, kv[0] = nil(); lv_next(L, t, kv); n++)
				;
			assert_int_equal(n, 400 - (400 + stride - 1) / stride);
			kv[0] = bval(false);
			assert_int_equal(TRY(lv_next(L, t, kv)), LV_ERRRUN);
			assert_string_equal(message, "invalid key to 'next'");
			kv[0] = ival(5000);
			assert_int_equal(TRY(lv_next(L, t, kv)), LV_ERRRUN);
		}
	stub_close(L);
}

/* A constructor as the interpreter runs it: room is reserved, then item by item; 'n' nil, 'i' 'f' 'b' values. */
static struct lv_table *construct(struct lv_state *L, const char *items)
{
	struct lv_table *t = lv_table(L, (uint32_t)strlen(items), 0), *all = lv_table(L, (uint32_t)strlen(items), 0);
	struct lv_value list[256], x, y;
	uint32_t n = 0;

	for (int64_t i = 1; items[i - 1]; i++) {
		char c = items[i - 1];
		struct lv_value v = c == 'i' ? ival(i) : c == 'f' ? fval(0.5) : c == 'b' ? bval(true) : nil();

		list[n++] = v;
		lv_seti(L, t, i, &v);
	}
	check(t);
	lv_table_fill(L, all, 1, list, n < 100 ? n : 100);
	if (n > 100)
		lv_table_fill(L, all, 101, list + 100, n - 100);
	check(all);
	assert_int_equal(all->asize, t->asize);
	assert_int_equal(all->kind, t->kind);
	for (int64_t i = 1; i <= n; i++) {
		assert_int_equal(lv_geti(t, i, &x), lv_geti(all, i, &y));
		assert_true(same(&x, &y));
	}
	return t;
}

static void constructors(void **state)
{
	static const struct { const char *items; unsigned len, kind; } c[] = {
		{ "", 0, LV_ARR_EMPTY }, { "n", 0, LV_ARR_EMPTY }, { "nnn", 0, LV_ARR_EMPTY }, { "iii", 3, LV_ARR_INT }, { "fff", 3, LV_ARR_FLT },
		{ "bbb", 3, LV_ARR_ANY }, { "iini", 4, LV_ARR_ANY }, { "nni", 3, LV_ARR_ANY }, { "iinn", 2, LV_ARR_INT }, { "iif", 3, LV_ARR_ANY },
		{ "ffi", 3, LV_ARR_ANY }, { "fib", 3, LV_ARR_ANY }, { "nf", 2, LV_ARR_ANY },
	};
	struct lv_state *L = stub_open(0);
	struct lv_table *t;
	struct lv_value v;
	char many[200];

	(void)state;
	for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
		t = construct(L, c[i].items);
		assert_int_equal(lv_len(t), c[i].len);
		assert_int_equal(t->kind, c[i].kind);
		assert_true(t->acap <= strlen(c[i].items) || t->kind != LV_ARR_ANY);
	}
	memset(many, 'i', sizeof many - 1);
	many[sizeof many - 1] = 0;
	t = construct(L, many);
	assert_int_equal(t->kind, LV_ARR_INT);
	assert_int_equal(lv_len(t), sizeof many - 1);
	many[100] = 'n';
	t = construct(L, many);
	assert_int_equal(t->kind, LV_ARR_ANY);
	assert_int_equal(lv_len(t), sizeof many - 1);
	assert_true(!lv_geti(t, 101, &v) && lv_geti(t, 102, &v) && v.i == 102);
	stub_close(L);
}

static void kinds_change(void **state)
{
	struct lv_state *L = stub_open(0);
	struct lv_table *t = lv_table(L, 0, 0);
	struct lv_value v, no = nil();

	(void)state;
	for (int64_t i = 1; i <= 1000; i++) {
		v = ival(i);
		lv_seti(L, t, (int64_t)lv_len(t) + 1, &v);
		assert_int_equal(t->kind, LV_ARR_INT);
	}
	assert_true(t->asize == 1000 && t->acap < 2048 && t->node == &lv_nonode);
	for (int64_t i = 1000; i > 0; i--) {		/* popping keeps the kind */
		lv_seti(L, t, i, &no);
		assert_true(t->kind == LV_ARR_INT && lv_len(t) == (uint64_t)i - 1);
	}
	v = fval(0.5);					/* empty again: any kind */
	lv_seti(L, t, 1, &v);
	assert_int_equal(t->kind, LV_ARR_FLT);
	lv_seti(L, t, 2, &v);
	lv_seti(L, t, 3, &v);
	lv_seti(L, t, 2, &no);				/* a hole */
	assert_int_equal(t->kind, LV_ARR_ANY);
	assert_true(lv_geti(t, 1, &v) && v.tag == LV_FLT && !lv_geti(t, 2, &v) && v.tag == LV_NIL && lv_geti(t, 3, &v) && v.n == 0.5);
	t = construct(L, "iiii");
	v = fval(2);
	lv_seti(L, t, 2, &v);
	assert_int_equal(t->kind, LV_ARR_ANY);
	assert_true(lv_geti(t, 1, &v) && v.tag == LV_INT && lv_geti(t, 2, &v) && v.tag == LV_FLT && v.n == 2);
	check(t);
	stub_close(L);
}

static void filling_orders_end_in_the_array(void **state)
{
	enum { N = 1000 };
	struct lv_state *L = stub_open(0);
	struct rnd r = rnd_seed("orders");
	int64_t perm[N];

	(void)state;
	for (unsigned order = 0; order < 4; order++) {
		struct lv_table *t = lv_table(L, 0, 0);
		struct lv_value v;

		for (int64_t i = 0; i < N; i++)
			perm[i] = order == 0 ? i + 1 : order == 1 ? N - i : order == 2 ? (i * 7) % N + 1 : i + 1;
		for (unsigned i = N; order == 3 && i-- > 1;) {
			unsigned k = rnd(&r) % (i + 1);
			int64_t x = perm[i];

			perm[i] = perm[k];
			perm[k] = x;
		}
		for (unsigned i = 0; i < N; i++) {
			v = ival(perm[i]);
			lv_seti(L, t, perm[i], &v);
		}
		check(t);
		assert_true(t->asize >= N * 3 / 4);
		assert_int_equal(lv_len(t), N);
		for (int64_t i = 1; i <= N; i++)
			assert_true(lv_geti(t, i, &v) && v.i == i);
	}
	stub_close(L);
}

static void queues_do_not_grow(void **state)
{
	struct lv_state *L = stub_open(0);
	struct lv_table *t = lv_table(L, 0, 0);
	struct lv_value v = bval(true), no = nil();

	(void)state;
	for (int64_t i = 1; i < 200000; i++) {
		lv_seti(L, t, i, &v);
		if (i > 20)
			lv_seti(L, t, i - 20, &no);
	}
	check(t);
	assert_true(t->acap <= 256 && t->hmask < 256);
	for (int64_t i = 200000 - 20; i < 200000; i++)
		assert_true(lv_geti(t, i, &v));
	stub_close(L);
}

static void special_keys(void **state)
{
	struct lv_state *L = stub_open(0);
	struct lv_table *t = lv_table(L, 0, 0);
	struct lv_value k, v = ival(1), out;

	(void)state;
	k = fval(3.0);
	lv_set(L, t, &k, &v);
	assert_true(lv_geti(t, 3, &out));
	k = fval(-0.0);
	lv_set(L, t, &k, &v);
	assert_true(lv_geti(t, 0, &out));
	k = fval(0x1p53);
	lv_set(L, t, &k, &v);
	assert_true(lv_geti(t, (int64_t)1 << 53, &out));
	k = fval(0x1p63);
	lv_set(L, t, &k, &v);
	assert_true(lv_get(t, &k, &out) && !lv_geti(t, INT64_MIN, &out) && !lv_geti(t, INT64_MAX, &out));
	k = ival(INT64_MIN);
	lv_set(L, t, &k, &v);
	k = ival(INT64_MAX);
	lv_set(L, t, &k, &v);
	assert_true(lv_geti(t, INT64_MIN, &out) && lv_geti(t, INT64_MAX, &out));
	k = fval(NAN);
	assert_false(lv_get(t, &k, &out));
	assert_int_equal(TRY(lv_set(L, t, &k, &v)), LV_ERRRUN);
	assert_string_equal(message, "table index is NaN");
	k = nil();
	assert_false(lv_get(t, &k, &out));
	assert_int_equal(TRY(lv_set(L, t, &k, &v)), LV_ERRRUN);
	assert_string_equal(message, "table index is nil");
	check(t);
	stub_close(L);
}

static void absent_flags(void **state)
{
	struct lv_state *L = stub_open(0);
	struct lv_table *t = lv_table(L, 0, 0);
	struct lv_value v = ival(1), no = nil();
	struct lv_str *s = lv_strz(L, "__index");

	(void)state;
	t->absent = 0xff;
	lv_setfield(L, t, s, &v);
	assert_int_equal(t->absent, 0);
	lv_setfield(L, t, s, &no);
	t->absent = 0xff;
	lv_setfield(L, t, s, &no);
	lv_setfield(L, t, s, &v);
	assert_int_equal(t->absent, 0);

	/* a collection while the new field is being added caches that it is absent */
	t = lv_table(L, 0, 0);
	lv_setobj(&v, lv_table(L, 0, 0), LV_TABLE);
	v.t->meta = t;
	lv_seti(L, L->registry, 1, &v);
	lv_gc_stress(L, 1);
	lv_setstr(&v, lv_strz(L, "k"));
	lv_setfield(L, t, L->event[LV_EV_MODE], &v);
	assert_int_equal(t->absent, 0);
	stub_close(L);
}

static void far_borders(void **state)
{
	struct lv_state *L = stub_open(0);
	struct lv_table *t = lv_table(L, 0, 64);
	struct lv_value v = ival(1);

	(void)state;
	for (int i = 0; i < 63; i++)
		lv_seti(L, t, (int64_t)1 << i, &v);
	lv_seti(L, t, INT64_MAX, &v);
	assert_true(lv_len(t) > 0);
	for (unsigned i = 0; i < 62; i++)
		assert_true(lv_geti(t, (int64_t)1 << i, &v));
	assert_true(lv_len(t) == INT64_MAX || !lv_geti(t, (int64_t)lv_len(t) + 1, &v));
	check(t);
	stub_close(L);
}

/* Out of memory at any point of growing leaves the table as it was. */
static void failing_growth(void **state)
{
	struct lv_state *L = stub_open(0);
	static struct model m;
	unsigned failed = 0;

	(void)state;
	for (unsigned style = 0; style < 3; style++) {
		struct lv_table *t = lv_table(L, 0, 0);

		m.n = 0;
		for (volatile unsigned i = 0; i < 600; i++) {
			struct lv_value k = style == 0 ? ival(i + 1) : style == 1 ? ival(601 - (int64_t)i) : ival((int64_t)i * 1000);
			struct lv_value v = i % 100 == 99 ? fval(i) : ival(i);

			L->heap->limit = 1;			/* what is in free cells and runs may still be had */
			for (unsigned c = 0; c < LV_CLASSES; c++)
				L->heap->run[1][c].free = NULL;
			lv_gc_stop(L, true);
			if (TRY(lv_set(L, t, &k, &v)) != LV_OK) {
				failed++;
				check_all(L, &m, t);
				L->heap->limit = 0;
				lv_set(L, t, &k, &v);
			}
			L->heap->limit = 0;
			model_set(&m, &k, &v);
			if (i % 50 == 0)
				check_all(L, &m, t);
		}
		check_all(L, &m, t);
	}
	assert_true(failed > 5);
	stub_close(L);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations),
		cmocka_unit_test(clearing_while_traversing),
		cmocka_unit_test(constructors),
		cmocka_unit_test(kinds_change),
		cmocka_unit_test(filling_orders_end_in_the_array),
		cmocka_unit_test(queues_do_not_grow),
		cmocka_unit_test(special_keys),
		cmocka_unit_test(absent_flags),
		cmocka_unit_test(far_borders),
		cmocka_unit_test(failing_growth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
