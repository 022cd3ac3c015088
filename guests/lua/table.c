/* SPDX-License-Identifier: MIT
 * table.c - tables: an array part of one of three kinds and a hash part.
 *
 * Array part. Holds positions 1..asize, with room for acap. INT and FLT kinds are bare 8-byte numbers without holes;
 * anything else is ANY, whose items may be nil. A hole or a value of another kind converts to ANY, never back, except
 * that an empty array takes the kind of its first item. A table made for n items remembers n (EMPTY, hint) until the
 * first one shows the kind. Appending doubles; what the hash part holds of the new range moves over.
 *
 *	INVARIANT: no integer key 1..acap lives in the hash part.
 *
 * Hash part. Chained scatter table with Brent's variation: a node that is not in its main position gives way to one
 * that would be. Chains are linked by index in key.aux. Removing sets the value to nil and leaves key and link, so that
 * next can go on from there; the collector turns such keys into dead ones. When no node is free everything is counted
 * and both parts get new sizes: the array the largest power of two more than half of which is used.
 *
 * Cost: field access of a short string is a mask, a load and two compares when it sits in its main position.
 * Failure: a part is allocated before anything changes; out of memory leaves the table as it was.
 */
#include "heap.h"

enum { HINT_SHIFT = 2, HINT_MAX = 63, ARRAY_BITS = 30, ARRAY_MAX = 1 << ARRAY_BITS };	/* gcflags: hint above the collector's bits */

const struct lv_node lv_nonode;

static uint32_t hint(const struct lv_table *t) { return t->gcflags >> HINT_SHIFT; }
static size_t item_size(unsigned kind) { return kind == LV_ARR_ANY ? sizeof(struct lv_value) : 8; }
static bool has_nodes(const struct lv_table *t) { return t->node != &lv_nonode; }
static struct lv_value *any(const struct lv_table *t) { return t->arr; }
static unsigned kind_of(const struct lv_value *v) { return v->tag == LV_INT ? LV_ARR_INT : v->tag == LV_FLT ? LV_ARR_FLT : LV_ARR_ANY; }

/* ---- finding ---------------------------------------------------------------------------------- */

static uint32_t mix(uint64_t x) { return (uint32_t)(x * 0x9e3779b97f4a7c15u >> 32); }

/* Neighbours stay neighbours, and keys that agree in their low bits are told apart by the next ones and by all above. */
static uint32_t hash_int(const struct lv_table *t, uint64_t i)
{
	unsigned bits = 32 - (unsigned)__builtin_clz(t->hmask | 1);

	return (uint32_t)(i + (i >> bits)) + mix(i >> 2 * bits);
}

static uint32_t hash(const struct lv_table *t, const struct lv_value *k)
{
	switch (k->tag) {
	case LV_STR:
		return k->s->flags & LV_STR_LONG ? lv_strhash(k->s) : k->s->hash;
	case LV_INT:
		return hash_int(t, k->bits);
	case LV_FLT:
		return mix(k->bits);
	case LV_FALSE:
	case LV_TRUE:
		return k->tag;
	default:
		return mix(k->bits >> 4);
	}
}

static struct lv_node *main_position(const struct lv_table *t, const struct lv_value *k)
{
	return &t->node[hash(t, k) & t->hmask];
}

static struct lv_node *find_bits(const struct lv_table *t, uint32_t h, uint64_t bits, uint32_t tag)
{
	struct lv_node *n = &t->node[h & t->hmask];

	for (;;) {
		if (n->key.bits == bits && n->key.tag == tag)
			return n;
		if (n->key.aux == 0)
			return NULL;
		n = &t->node[n->key.aux - 1];
	}
}

static struct lv_node *find_int(const struct lv_table *t, int64_t i)
{
	return find_bits(t, hash_int(t, (uint64_t)i), (uint64_t)i, LV_INT);
}

static struct lv_node *find_long(const struct lv_table *t, struct lv_str *s)
{
	struct lv_node *n = &t->node[lv_strhash(s) & t->hmask];

	for (;;) {
		if (n->key.tag == LV_STR && lv_streq(n->key.s, s))
			return n;
		if (n->key.aux == 0)
			return NULL;
		n = &t->node[n->key.aux - 1];
	}
}

struct lv_node *lv_findstr(const struct lv_table *t, const struct lv_str *s)
{
	struct lv_node *n;

	if (__builtin_expect(s->flags & LV_STR_LONG, 0))
		return find_long(t, (struct lv_str *)s);
	n = &t->node[s->hash & t->hmask];
	for (;;) {
		if (n->key.s == s && n->key.tag == LV_STR)
			return n;
		if (n->key.aux == 0)
			return NULL;
		n = &t->node[n->key.aux - 1];
	}
}

/* Node of a key that is neither nil nor a float with integer value. */
static struct lv_node *find(const struct lv_table *t, const struct lv_value *k)
{
	return k->tag == LV_STR ? lv_findstr(t, k->s) : find_bits(t, hash(t, k), k->bits, k->tag);
}

/* ---- reading ---------------------------------------------------------------------------------------- */

static bool result(const struct lv_node *n, struct lv_value *out)
{
	if (!n) {
		lv_setnil(out);
		return false;
	}
	*out = n->val;
	return out->tag != LV_NIL;
}

bool lv_getstr(const struct lv_table *t, const struct lv_str *s, struct lv_value *out)
{
	return result(lv_findstr(t, s), out);
}

bool lv_geti(const struct lv_table *t, int64_t i, struct lv_value *out)
{
	if (lv_arr_get(t, i, out))
		return out->tag != LV_NIL;
	return result((uint64_t)i - 1 < t->acap ? NULL : find_int(t, i), out);
}

bool lv_get(const struct lv_table *t, const struct lv_value *k, struct lv_value *out)
{
	int64_t i;

	switch (k->tag) {
	case LV_STR:
		return lv_getstr(t, k->s, out);
	case LV_INT:
		return lv_geti(t, k->i, out);
	case LV_NIL:
		return result(NULL, out);
	case LV_FLT:
		if (lv_flt2int(k->n, &i))
			return lv_geti(t, i, out);
		__attribute__((fallthrough));
	default:
		return result(find(t, k), out);
	}
}

/* ---- array part --------------------------------------------------------------------------------------- */

/* Copies items into a part of kind ANY. */
static void widen(struct lv_value *to, const struct lv_table *t, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		lv_arr_get(t, (int64_t)i + 1, &to[i]);
}

/* New room (at least asize), kind as given or ANY. */
static void resize_array(struct lv_state *L, struct lv_table *t, unsigned kind, uint32_t cap)
{
	if (t->kind == kind || !t->arr) {
		t->arr = lv_vec(L, t->arr, t->acap * item_size(t->kind), cap * item_size(kind));
	} else {
		struct lv_value *to = lv_vec(L, NULL, 0, cap * sizeof *to);

		widen(to, t, t->asize);
		lv_vec_free(L, t->arr, t->acap * item_size(t->kind));
		t->arr = to;
	}
	t->kind = (uint8_t)kind;
	t->acap = cap;
}

/* Writes position at < acap; the kind fits, or is ANY. */
static void put(struct lv_table *t, uint32_t at, const struct lv_value *v)
{
	if (t->kind != LV_ARR_ANY) {
		((int64_t *)t->arr)[at] = v->i;
		if (at == t->asize)
			t->asize++;
		return;
	}
	if (at >= t->asize) {
		memset((void *)(any(t) + t->asize), 0, (at - t->asize) * sizeof *v);
		t->asize = at + 1;
	}
	any(t)[at] = *v;
}

/* Is an integer key in (from, to] in the hash part? With move: puts them into the array, which is ANY. */
static bool take_keys(struct lv_table *t, uint32_t from, uint32_t to, bool move)
{
	bool found = false;

	if (t->hused == 0)
		return false;
	for (uint32_t i = 0; i <= t->hmask; i++) {
		struct lv_node *n = &t->node[i];

		if (n->key.tag != LV_INT || n->val.tag == LV_NIL || (uint64_t)n->key.i - 1 < from || (uint64_t)n->key.i - 1 >= to)
			continue;
		found = true;
		if (!move)
			break;
		put(t, (uint32_t)n->key.i - 1, &n->val);
		lv_setnil(&n->val);
	}
	return found;
}

/* Room for `cap` items, kind `kind` if it can stay or become that. */
static void grow_array(struct lv_state *L, struct lv_table *t, unsigned kind, uint32_t cap)
{
	uint32_t old = t->acap;
	bool take = take_keys(t, old, cap, false);

	if (take || (t->arr && t->kind != kind))
		kind = LV_ARR_ANY;
	resize_array(L, t, kind, cap);
	if (take)
		take_keys(t, old, cap, true);
}

static uint32_t count_any(const struct lv_table *t)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->asize; i++)
		n += any(t)[i].tag != LV_NIL;
	return n;
}

/* Makes room for position asize + 1 == acap + 1. False: the array is too thin to be grown, or as long as can be. */
static bool grow_append(struct lv_state *L, struct lv_table *t, const struct lv_value *v)
{
	uint32_t cap = t->acap * 2;

	if (cap > ARRAY_MAX || (t->kind == LV_ARR_ANY && t->acap > 8 && count_any(t) <= t->acap / 2))
		return false;
	grow_array(L, t, kind_of(v), cap);
	return true;
}

/* Stores where there is room but no item yet. */
static void put_new(struct lv_state *L, struct lv_table *t, uint32_t at, const struct lv_value *v)
{
	if (t->kind != LV_ARR_ANY) {
		unsigned kind = kind_of(v);

		if (at != t->asize || kind == LV_ARR_ANY)
			resize_array(L, t, LV_ARR_ANY, t->acap);
		else if (t->asize == 0)
			t->kind = (uint8_t)kind;
		else if (t->kind != kind)
			resize_array(L, t, LV_ARR_ANY, t->acap);
	} else if (t->asize == 0 && at == 0 && v->tag != LV_NIL && kind_of(v) != LV_ARR_ANY) {
		t->kind = (uint8_t)kind_of(v);	/* half of the room stays unused: the hash part may hold keys behind acap */
	}
	put(t, at, v);
}

static void overwrite(struct lv_state *L, struct lv_table *t, uint32_t at, const struct lv_value *v)
{
	if (v->tag == LV_NIL && at + 1 == t->asize) {
		t->asize--;
		return;
	}
	if (t->kind != LV_ARR_ANY && t->kind != kind_of(v))
		resize_array(L, t, LV_ARR_ANY, t->acap);
	put(t, at, v);
}

/* ---- hash part ----------------------------------------------------------------------------------------- */

static struct lv_node *free_node(struct lv_table *t)
{
	while (t->lastfree > 0) {
		struct lv_node *n = &t->node[--t->lastfree];

		if (n->key.tag == LV_NIL)
			return n;
	}
	return NULL;
}

static void fill(struct lv_table *t, struct lv_node *n, const struct lv_value *k, const struct lv_value *v)
{
	t->hused += n->key.tag == LV_NIL;
	n->key.bits = k->bits;
	n->key.tag = k->tag;
	n->val = *v;
}

/* Adds a key that is not there. False: no free node. */
static bool insert(struct lv_table *t, const struct lv_value *k, const struct lv_value *v)
{
	struct lv_node *mp, *other, *n;

	if (!has_nodes(t))
		return false;
	mp = main_position(t, k);
	if (mp->val.tag == LV_NIL) {		/* free, or removed: then its link stays */
		fill(t, mp, k, v);
		return true;
	}
	n = free_node(t);
	if (!n)
		return false;
	other = main_position(t, &mp->key);
	if (other == mp) {
		fill(t, n, k, v);
		n->key.aux = mp->key.aux;
		mp->key.aux = (uint32_t)(n - t->node) + 1;
		return true;
	}
	while (other->key.aux != (uint32_t)(mp - t->node) + 1)
		other = &t->node[other->key.aux - 1];
	other->key.aux = (uint32_t)(n - t->node) + 1;
	*n = *mp;
	mp->key.aux = 0;
	mp->key.tag = LV_NIL;
	fill(t, mp, k, v);
	return true;
}

static uint32_t node_count(struct lv_state *L, uint64_t n)
{
	if (n > (uint64_t)1 << 31)
		lv_nomemory(L);
	return n <= 1 ? (uint32_t)n : 1u << (32 - __builtin_clz((uint32_t)n - 1));
}

/* n nodes (a power of two or 0) for the live ones of now. */
static void resize_nodes(struct lv_state *L, struct lv_table *t, uint32_t n)
{
	struct lv_node *to = n ? lv_vec(L, NULL, 0, n * sizeof *to) : (struct lv_node *)&lv_nonode;
	struct lv_node *old = t->node;
	uint32_t count = has_nodes(t) ? t->hmask + 1 : 0;

	t->node = to;
	t->hmask = n ? n - 1 : 0;
	t->lastfree = n;
	t->hused = 0;
	for (uint32_t i = count; i-- > 0;) {
		const struct lv_node *o = &old[i];

		if (o->val.tag != LV_NIL)
			insert(t, &o->key, &o->val);
	}
	if (count)
		lv_vec_free(L, old, count * sizeof *old);
}

/* ---- rehash ---------------------------------------------------------------------------------------------- */

struct census {
	uint32_t slice[ARRAY_BITS + 1];	/* integer keys in (2^(i-1), 2^i] */
	uint64_t ints, nodes, items;	/* all such keys; live nodes; live array items */
};

static void count_int(struct census *c, int64_t i)
{
	if ((uint64_t)i - 1 < ARRAY_MAX) {
		c->slice[i == 1 ? 0 : 64 - __builtin_clzll((uint64_t)i - 1)]++;
		c->ints++;
	}
}

static void take_census(const struct lv_table *t, struct census *c)
{
	memset(c, 0, sizeof *c);
	for (uint32_t i = 0; i < t->asize; i++)
		if (t->kind != LV_ARR_ANY || any(t)[i].tag != LV_NIL) {
			count_int(c, (int64_t)i + 1);
			c->items++;
		}
	for (uint32_t i = 0; has_nodes(t) && i <= t->hmask; i++)
		if (t->node[i].val.tag != LV_NIL) {
			c->nodes++;
			if (t->node[i].key.tag == LV_INT)
				count_int(c, t->node[i].key.i);
		}
}

/* Largest power of two of whose positions more than half are used; *within: how many are. */
static uint32_t best_array(const struct census *c, uint64_t *within)
{
	uint64_t sum = 0;
	uint32_t best = 0;

	*within = 0;
	for (unsigned i = 0; i <= ARRAY_BITS && c->ints > ((uint64_t)1 << i) / 2; i++) {
		sum += c->slice[i];
		if (sum > ((uint64_t)1 << i) / 2) {
			best = 1u << i;
			*within = sum;
		}
	}
	return best;
}

/* Moves array items behind cap into new nodes. Only for ANY. */
static void shrink_array(struct lv_state *L, struct lv_table *t, uint32_t cap, uint32_t nodes)
{
	struct lv_value *old = t->arr, *to = cap ? lv_vec(L, NULL, 0, cap * sizeof *to) : NULL, k;
	uint32_t size = t->asize, oldcap = t->acap;

	resize_nodes(L, t, nodes);
	t->asize = size < cap ? size : cap;
	if (t->asize)
		memcpy((void *)to, old, t->asize * sizeof *to);
	for (uint32_t i = cap; i < size; i++)
		if (old[i].tag != LV_NIL) {
			lv_setint(&k, (int64_t)i + 1);
			insert(t, &k, &old[i]);
		}
	t->arr = to;
	t->acap = cap;
	if (!to)
		t->kind = LV_ARR_EMPTY;
	lv_vec_free(L, old, oldcap * sizeof *old);
}

/* No free node for k: finds better sizes for both parts, with room for k in one of them. */
static void rehash(struct lv_state *L, struct lv_table *t, const struct lv_value *k)
{
	struct census c;
	uint64_t within, in_nodes;
	uint32_t best;

	take_census(t, &c);
	if (k->tag == LV_INT)
		count_int(&c, k->i);
	best = best_array(&c, &within);
	if (t->kind == LV_ARR_ANY && best < t->acap && c.items * 4 < t->asize) {
		shrink_array(L, t, best, node_count(L, c.items + c.nodes + 1 - within));
		return;
	}
	if (best > t->acap) {
		in_nodes = c.items + c.nodes + 1 - within;
		grow_array(L, t, t->arr ? t->kind : LV_ARR_ANY, best);
	} else {
		in_nodes = c.nodes + 1;
	}
	resize_nodes(L, t, node_count(L, in_nodes));
}

static void add(struct lv_state *L, struct lv_table *t, const struct lv_value *k, const struct lv_value *v)
{
	if (v->tag == LV_NIL)
		return;
	if (!insert(t, k, v)) {
		rehash(L, t, k);
		if (k->tag == LV_INT && (uint64_t)k->i - 1 < t->acap)
			lv_seti(L, t, k->i, v);
		else if (!insert(t, k, v))
			lv_nomemory(L);		/* not reached: rehash made room */
	}
	t->absent = 0;		/* only now: a collection in rehash looks up __mode and sets its bit */
}

/* ---- writing ----------------------------------------------------------------------------------------------- */

static void set_node(struct lv_table *t, struct lv_node *n, const struct lv_value *v)
{
	if (n->val.tag == LV_NIL)
		t->absent = 0;
	n->val = *v;
}

/* The first item of an array that has no memory yet. False: it goes elsewhere. */
static bool put_first(struct lv_state *L, struct lv_table *t, uint64_t at, const struct lv_value *v)
{
	uint32_t cap = hint(t) ? hint(t) : 4;
	unsigned kind = at == 0 ? kind_of(v) : LV_ARR_ANY;

	if (at >= hint(t) && at > 0)
		return false;
	if (t->hused) {
		grow_array(L, t, kind, cap);
		put_new(L, t, (uint32_t)at, v);
		return true;
	}
	t->arr = lv_vec(L, NULL, 0, cap * item_size(kind));
	t->acap = cap;
	t->kind = (uint8_t)kind;
	put(t, (uint32_t)at, v);
	return true;
}

/* Positions behind the array's room. */
static void seti_far(struct lv_state *L, struct lv_table *t, int64_t i, const struct lv_value *v)
{
	struct lv_node *n = t->hused ? find_int(t, i) : NULL;
	uint64_t at = (uint64_t)i - 1;
	struct lv_value k;

	if (n) {
		n->val = *v;
	} else if (v->tag == LV_NIL) {
		return;
	} else if (!t->arr && put_first(L, t, at, v)) {
		return;
	} else if (at == t->asize && at == t->acap && grow_append(L, t, v)) {
		put_new(L, t, (uint32_t)at, v);
	} else {
		lv_setint(&k, i);
		add(L, t, &k, v);
	}
}

void lv_seti(struct lv_state *L, struct lv_table *t, int64_t i, const struct lv_value *v)
{
	uint64_t at = (uint64_t)i - 1;

	if (at < t->asize)
		overwrite(L, t, (uint32_t)at, v);
	else if (at >= t->acap)
		seti_far(L, t, i, v);
	else if (v->tag != LV_NIL)
		put_new(L, t, (uint32_t)at, v);
}

void lv_setfield(struct lv_state *L, struct lv_table *t, struct lv_str *s, const struct lv_value *v)
{
	struct lv_node *n = lv_findstr(t, s);
	struct lv_value k;

	if (n) {
		set_node(t, n, v);
	} else {
		lv_setstr(&k, s);
		add(L, t, &k, v);
	}
}

void lv_table_fill(struct lv_state *L, struct lv_table *t, uint32_t first, const struct lv_value *v, uint32_t n)
{
	uint32_t tag = n > 0 ? v[0].tag : LV_NIL, i;

	if (first == 1 && !t->arr && t->hused == 0 && tag != LV_NIL) {
		unsigned kind = kind_of(&v[0]);
		void *arr;

		for (i = 1; i < n; i++)
			if (v[i].tag == LV_NIL || (kind != LV_ARR_ANY && v[i].tag != tag))
				break;
		if (i == n || kind == LV_ARR_ANY) {		/* holes and all: the last one must not be nil */
			while (v[n - 1].tag == LV_NIL)
				n--;
			arr = lv_vec(L, NULL, 0, n * item_size(kind));
			if (kind == LV_ARR_ANY)
				memcpy(arr, v, n * sizeof *v);
			else
				for (i = 0; i < n; i++)
					((int64_t *)arr)[i] = v[i].i;
			t->arr = arr;
			t->asize = t->acap = n;
			t->kind = (uint8_t)kind;
			return;
		}
	}
	lv_table_reserve(L, t, first + n - 1, 0);
	for (i = 0; i < n; i++)
		lv_seti(L, t, (int64_t)first + i, &v[i]);
}

void lv_setz(struct lv_state *L, struct lv_table *t, const char *name, const struct lv_value *v)
{
	lv_setfield(L, t, lv_strz(L, name), v);
}

void lv_set(struct lv_state *L, struct lv_table *t, const struct lv_value *k, const struct lv_value *v)
{
	struct lv_node *n;
	int64_t i;

	switch (k->tag) {
	case LV_STR:
		lv_setfield(L, t, k->s, v);
		return;
	case LV_INT:
		lv_seti(L, t, k->i, v);
		return;
	case LV_NIL:
		lv_error(L, "table index is nil");
	case LV_FLT:
		if (lv_flt2int(k->n, &i)) {
			lv_seti(L, t, i, v);
			return;
		}
		if (k->n != k->n)
			lv_error(L, "table index is NaN");
		break;
	default:
		break;
	}
	n = find(t, k);
	if (n)
		set_node(t, n, v);
	else
		add(L, t, k, v);
}

/* ---- making, length, traversal ---------------------------------------------------------------------------------- */

void lv_table_reserve(struct lv_state *L, struct lv_table *t, uint32_t narr, uint32_t nhash)
{
	if (narr > ARRAY_MAX)
		lv_nomemory(L);
	if (!t->arr && narr <= HINT_MAX) {
		if (narr > hint(t) && t->hused == 0)
			t->gcflags = (uint8_t)((t->gcflags & ((1 << HINT_SHIFT) - 1)) | narr << HINT_SHIFT);
	} else if (narr > t->acap) {
		grow_array(L, t, t->arr ? t->kind : LV_ARR_ANY, narr);
	}
	if (nhash > (has_nodes(t) ? t->hmask + 1 : 0))
		resize_nodes(L, t, node_count(L, nhash));
}

struct lv_table *lv_table(struct lv_state *L, uint32_t narr, uint32_t nhash)
{
	struct lv_table *t = lv_cell_fast(L->heap, sizeof *t / LV_GRAIN - 1, 0);

	_Static_assert(sizeof *t % LV_GRAIN == 0 && sizeof *t <= 256, "class of tables");
	if (!t)
		t = lv_cell_slow(L, sizeof *t, 0);
	*t = (struct lv_table){ .tag = LV_TABLE, .node = (struct lv_node *)&lv_nonode };
	if (narr | nhash)
		lv_table_reserve(L, t, narr, nhash);
	return t;
}

static bool has_int(const struct lv_table *t, uint64_t i)
{
	struct lv_value v;

	return lv_geti(t, (int64_t)i, &v);
}

/* A border at or above lo (present, or 0) in the hash part: doubling, then halving. */
static uint64_t hash_border(const struct lv_table *t, uint64_t lo)
{
	uint64_t hi = lo + 1;

	while (has_int(t, hi)) {
		lo = hi;
		if (hi > INT64_MAX / 2) {
			if (has_int(t, INT64_MAX))
				return INT64_MAX;
			hi = INT64_MAX;
			break;
		}
		hi *= 2;
	}
	while (hi - lo > 1) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (has_int(t, mid))
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

uint64_t lv_len(const struct lv_table *t)
{
	uint32_t lo = 0, hi = t->asize;

	if (hi > 0 && t->kind == LV_ARR_ANY && any(t)[hi - 1].tag == LV_NIL) {
		while (hi - lo > 1) {
			uint32_t mid = lo + (hi - lo) / 2;

			if (any(t)[mid - 1].tag == LV_NIL)
				hi = mid;
			else
				lo = mid;
		}
		return lo;
	}
	return hi < t->acap || t->hused == 0 ? hi : hash_border(t, hi);
}

/* Node of a key whose entry is gone: same object, dead key. */
static const struct lv_node *find_dead(const struct lv_table *t, const struct lv_value *k)
{
	return k->tag >= LV_STR ? find_bits(t, hash(t, k), k->bits, LV_DEADKEY) : NULL;
}

/* Where a traversal goes on behind key: array positions first, then nodes. */
static uint64_t position(struct lv_state *L, const struct lv_table *t, const struct lv_value *key)
{
	const struct lv_node *n;
	struct lv_value k = *key;
	int64_t i;

	if (k.tag == LV_NIL)
		return 0;
	if (k.tag == LV_FLT && lv_flt2int(k.n, &i))
		lv_setint(&k, i);
	if (k.tag == LV_INT && (uint64_t)k.i - 1 < t->acap)	/* the array may have become shorter on the way */
		return (uint64_t)k.i < t->asize ? (uint64_t)k.i : t->asize;
	n = find(t, &k);
	if (!n)
		n = find_dead(t, &k);
	if (!n)
		lv_error(L, "invalid key to 'next'");
	return t->asize + (uint64_t)(n - t->node) + 1;
}

bool lv_next(struct lv_state *L, const struct lv_table *t, struct lv_value *key)
{
	uint64_t at = position(L, t, key);

	for (; at < t->asize; at++)
		if (lv_arr_get(t, (int64_t)at + 1, &key[1]) && key[1].tag != LV_NIL) {
			lv_setint(&key[0], (int64_t)at + 1);
			return true;
		}
	for (at -= t->asize; at <= t->hmask; at++) {
		const struct lv_node *n = &t->node[at];

		if (n->val.tag != LV_NIL) {
			key[0] = n->key;
			key[1] = n->val;
			return true;
		}
	}
	return false;
}
