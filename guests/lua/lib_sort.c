/* SPDX-License-Identifier: MIT
 * lib_sort.c - table.sort.
 *
 * Three ways, by what the table holds:
 *   bare integers or floats, no comparison function: insertion sort when short, else a byte-wise radix sort of the array
 *     in place (floats as integers of the same order). Nothing is called, so nothing can interfere.
 *   strings only, no comparison function: merge sort of the pointers.
 *   else: merge sort of item NUMBERS. The items are copied to a table nobody else sees, so the comparison may do to the
 *     original what it likes, raise, or be inconsistent: indices stay in range and the result is some permutation.
 *     Merging needs about n log2 n - 1.2 n comparisons, fewer than quicksort, and calling back is what costs.
 *
 * A comparison that says yes to everything is found out: if every answer was yes, one pair is asked the other way round.
 */
#include "lib.h"

enum { SHORT_LIST = 96, RUN = 5 };

/* ---- numbers ---------------------------------------------------------------------------------- */

static void insertion_sort(int64_t *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		int64_t x = v[i];
		size_t k = i;

		for (; k > 0 && v[k - 1] > x; k--)
			v[k] = v[k - 1];
		v[k] = x;
	}
}

/* Least significant byte first; bytes that are the same everywhere cost nothing but counting. */
static void radix_sort(int64_t *v, int64_t *spare, size_t n)
{
	uint32_t count[8][256];
	int64_t *from = v, *to = spare;

	memset(count, 0, sizeof count);
	for (size_t i = 0; i < n; i++) {
		uint64_t x = (uint64_t)v[i] ^ UINT64_C(1) << 63;

		for (int b = 0; b < 8; b++)
			count[b][x >> 8 * b & 0xff]++;
	}
	for (int b = 0; b < 8; b++) {
		uint32_t sum = 0;

		if (count[b][((uint64_t)v[0] ^ UINT64_C(1) << 63) >> 8 * b & 0xff] == n)
			continue;
		for (int d = 0; d < 256; d++) {
			uint32_t c = count[b][d];

			count[b][d] = sum;
			sum += c;
		}
		for (size_t i = 0; i < n; i++) {
			uint64_t x = (uint64_t)from[i] ^ UINT64_C(1) << 63;

			to[count[b][x >> 8 * b & 0xff]++] = from[i];
		}
		int64_t *swap = from;
		from = to;
		to = swap;
	}
	if (from != v)
		memcpy(v, from, n * sizeof *v);
}

/* The bits of a double, as an integer of the same order; its own inverse. */
static inline int64_t ordered(int64_t bits)
{
	return bits ^ (int64_t)((uint64_t)(bits >> 63) >> 1);
}

static void sort_numbers(struct lv_state *L, struct lv_table *t, size_t n)
{
	int64_t *spare = n > SHORT_LIST ? (int64_t *)(void *)lv_newbuf(L, n * sizeof *spare)->data : NULL, *v = t->arr;
	bool flt = t->kind == LV_ARR_FLT;

	for (size_t i = 0; flt && i < n; i++)
		v[i] = ordered(v[i]);
	if (spare)
		radix_sort(v, spare, n);
	else
		insertion_sort(v, n);
	for (size_t i = 0; flt && i < n; i++)
		v[i] = ordered(v[i]);
}

/* ---- strings ------------------------------------------------------------------------------------ */

static void merge_strings(struct lv_str **v, struct lv_str **spare, size_t n)
{
	size_t half = n / 2, i = 0, k = half, at = 0;

	if (n <= RUN) {
		for (i = 1; i < n; i++) {
			struct lv_str *x = v[i];

			for (k = i; k > 0 && lv_strcmp(x, v[k - 1]) < 0; k--)
				v[k] = v[k - 1];
			v[k] = x;
		}
		return;
	}
	merge_strings(v, spare, half);
	merge_strings(v + half, spare, n - half);
	if (lv_strcmp(v[half], v[half - 1]) >= 0)
		return;
	memcpy(spare, v, half * sizeof *v);
	while (i < half && k < n)
		v[at++] = lv_strcmp(v[k], spare[i]) < 0 ? v[k++] : spare[i++];
	memcpy(v + at, spare + i, (half - i) * sizeof *v);
}

/* False, and nothing done, when an item is not a string. */
static bool sort_strings(struct lv_state *L, struct lv_table *t, size_t n)
{
	struct lv_value *item = t->arr;
	struct lv_str **v;

	for (size_t i = 0; i < n; i++)
		if (item[i].tag != LV_STR)
			return false;
	v = (struct lv_str **)(void *)lv_newbuf(L, 2 * n * sizeof *v)->data;
	for (size_t i = 0; i < n; i++)
		v[i] = item[i].s;
	merge_strings(v, v + n, n);
	for (size_t i = 0; i < n; i++)
		lv_setstr(&item[i], v[i]);
	return true;
}

/* ---- anything, by item number --------------------------------------------------------------------- */

struct sort {
	struct lv_state *L;
	const struct lv_value *less;	/* NULL: the operator < */
	struct lv_table *item;		/* private; never changes while sorting */
	uint32_t *spare;
	bool all_yes;
};

static inline void item(const struct sort *s, uint32_t i, struct lv_value *out)
{
	if (!lv_arr_get(s->item, (int64_t)i + 1, out))
		lv_geti(s->item, (int64_t)i + 1, out);
}

static bool less(struct sort *s, uint32_t i, uint32_t k)
{
	struct lv_state *L = s->L;
	struct lv_value *at = L->top, x, y;
	bool yes;

	if (s->less) {
		at[0] = *s->less;
		item(s, i, &at[2]);
		item(s, k, &at[3]);
		L->top = at + 4;
		lv_call(L, at, 2, 1);
		yes = !lv_falsy(&at[0]);
		L->top = at;
	} else {
		item(s, i, &x);
		item(s, k, &y);
		if (x.tag == LV_INT && y.tag == LV_INT)
			yes = x.i < y.i;
		else if (x.tag == LV_STR && y.tag == LV_STR)
			yes = lv_strcmp(x.s, y.s) < 0;
		else
			yes = lv_less(L, &x, &y);
	}
	s->all_yes &= yes;
	return yes;
}

static void merge_items(struct sort *s, uint32_t *v, size_t n)
{
	size_t half = n / 2, i = 0, k = half, at = 0;

	if (n <= 3) {
		for (i = 1; i < n; i++) {
			uint32_t x = v[i];

			for (k = i; k > 0 && less(s, x, v[k - 1]); k--)
				v[k] = v[k - 1];
			v[k] = x;
		}
		return;
	}
	merge_items(s, v, half);
	merge_items(s, v + half, n - half);
	if (n > 8 && !less(s, v[half], v[half - 1]))
		return;
	memcpy(s->spare, v, half * sizeof *v);
	while (i < half && k < n)
		v[at++] = less(s, v[k], s->spare[i]) ? v[k++] : s->spare[i++];
	memcpy(v + at, s->spare + i, (half - i) * sizeof *v);
}

/* The items of a (a table, or something that acts as one) into s->item, later back in the order of v. */
static void copy_in(struct sort *s, struct lv_value *a, size_t n, bool raw)
{
	struct lv_value k, v;

	for (size_t i = 1; i <= n; i++) {
		lv_setint(&k, (int64_t)i);
		if (!raw)
			lv_index(s->L, a, &k, &v);
		else if (!lv_arr_get(a->t, (int64_t)i, &v))
			lv_geti(a->t, (int64_t)i, &v);
		lv_seti(s->L, s->item, (int64_t)i, &v);
	}
}

static void copy_out(struct sort *s, struct lv_value *a, const uint32_t *v, size_t n, bool raw)
{
	struct lv_value k, x;

	for (size_t i = 0; i < n; i++) {
		item(s, v[i], &x);
		lv_setint(&k, (int64_t)i + 1);
		if (raw)
			lv_seti(s->L, a->t, (int64_t)i + 1, &x);
		else
			lv_setindex(s->L, a, &k, &x);
	}
}

/* The table has a metamethod that element access would notice. */
static bool overloaded(struct lv_state *L, const struct lv_value *a)
{
	struct lv_value f;

	return a->tag != LV_TABLE || (a->t->meta && (!lv_absent(L, a->t->meta, LV_EV_INDEX, &f) || !lv_absent(L, a->t->meta, LV_EV_NEWINDEX, &f)));
}

static void sort_items(struct lv_state *L, struct lv_value *a, size_t n, const struct lv_value *cmp)
{
	bool raw = !overloaded(L, a);
	struct sort s = { L, cmp, NULL, NULL, true };
	struct lv_value keep;
	uint32_t *v;

	s.item = lv_table(L, raw ? (uint32_t)n : 0, 0);
	lv_setobj(&keep, s.item, LV_TABLE);
	lv_push(L, &keep);
	copy_in(&s, a, n, raw);
	v = (uint32_t *)(void *)lv_newbuf(L, 2 * n * sizeof *v)->data;
	s.spare = v + n;
	for (size_t i = 0; i < n; i++)
		v[i] = (uint32_t)i;
	lv_checkstack(L, 4);
	L->thread->nnoyield++;
	merge_items(&s, v, n);
	if (s.all_yes && n > 2 && less(&s, v[1], v[0]))
		lv_error(L, "invalid order function for sorting");
	L->thread->nnoyield--;
	copy_out(&s, a, v, n, !overloaded(L, a));
}

/* Length of the argument, which must be a table or have the metamethods for being sorted like one. */
static int64_t list_length(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_value f, len;
	int64_t i;

	if (n == 0 || (a->tag != LV_TABLE && !(lv_metafield(L, a, LV_EV_INDEX, &f) && lv_metafield(L, a, LV_EV_NEWINDEX, &f) && lv_metafield(L, a, LV_EV_LEN, &f))))
		lv_argtype(L, 1, "table", n == 0 ? NULL : a);
	lv_length(L, a, &len);
	if (!lv_tointeger(&len, &i))
		lv_error(L, "object length is not an integer");
	return i;
}

int lv_tab_sort(struct lv_state *L, struct lv_value *a, int n)
{
	int64_t size = list_length(L, a, n);
	const struct lv_value *cmp = NULL;

	if (size < 2)
		return 0;
	if (size >= INT32_MAX)
		lv_argerror(L, 1, "array too big");
	if (!lv_noneornil(a, n, 1)) {
		if (!lv_isfunction(&a[1]))
			lv_argtype(L, 2, "function", &a[1]);
		cmp = &a[1];
	}
	if (!cmp && !overloaded(L, a) && size <= (int64_t)a->t->asize) {
		if (a->t->kind == LV_ARR_INT || a->t->kind == LV_ARR_FLT) {
			sort_numbers(L, a->t, (size_t)size);
			return 0;
		}
		if (a->t->kind == LV_ARR_ANY && sort_strings(L, a->t, (size_t)size))
			return 0;
	}
	sort_items(L, a, (size_t)size, cmp);
	return 0;
}
