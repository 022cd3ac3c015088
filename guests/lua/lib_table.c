/* SPDX-License-Identifier: MIT
 * lib_table.c - the table library but for sort.
 *
 * Every function has two ways: tables without __index, __newindex and __len in their metatable are worked on directly,
 * moving whole parts of the array when they can; everything else goes through the metamethods element by element.
 */
#include <stdio.h>
#include "lib.h"

#define COUNT(x) (sizeof(x) / sizeof(x)[0])

enum { READ = 1, WRITE = 2, LENGTH = 4 };

/* No metamethod can be noticed by element access and #. */
static bool plain(struct lv_state *L, const struct lv_value *v)
{
	struct lv_table *mt;
	struct lv_value f;

	if (v->tag != LV_TABLE)
		return false;
	mt = v->t->meta;
	return !mt || (lv_absent(L, mt, LV_EV_INDEX, &f) && lv_absent(L, mt, LV_EV_NEWINDEX, &f) && lv_absent(L, mt, LV_EV_LEN, &f));
}

/* Argument i is a table, or something with the metamethods that make it behave like one. */
static void check_table(struct lv_state *L, struct lv_value *a, int n, int i, int what)
{
	struct lv_value f;

	if (i < n && a[i].tag == LV_TABLE)
		return;
	if (i >= n || !lv_metatable(L, &a[i]) ||
	    (what & READ && !lv_metafield(L, &a[i], LV_EV_INDEX, &f)) ||
	    (what & WRITE && !lv_metafield(L, &a[i], LV_EV_NEWINDEX, &f)) ||
	    (what & LENGTH && !lv_metafield(L, &a[i], LV_EV_LEN, &f)))
		lv_argtype(L, i + 1, "table", i < n ? &a[i] : NULL);
}

static int64_t length(struct lv_state *L, const struct lv_value *v)
{
	struct lv_value len;
	int64_t i;

	lv_length(L, v, &len);
	if (len.tag == LV_INT)
		return len.i;
	if (!lv_tointeger(&len, &i))
		lv_error(L, "object length is not an integer");
	return i;
}

static int64_t check_length(struct lv_state *L, struct lv_value *a, int n, int what)
{
	check_table(L, a, n, 0, what | LENGTH);
	return length(L, a);
}

static void get(struct lv_state *L, const struct lv_value *o, int64_t i, struct lv_value *out)
{
	struct lv_value k;

	lv_setint(&k, i);
	lv_index(L, o, &k, out);
}

static void set(struct lv_state *L, const struct lv_value *o, int64_t i, const struct lv_value *v)
{
	struct lv_value k;

	lv_setint(&k, i);
	lv_setindex(L, o, &k, v);
}

static inline void raw_get(const struct lv_table *t, int64_t i, struct lv_value *out)
{
	if (!lv_arr_get(t, i, out))
		lv_geti(t, i, out);
}

/* Items from .. from + n - 1 of the array part to `to`; both ranges lie within it. */
static void array_move(struct lv_table *t, uint64_t to, uint64_t from, uint64_t n)
{
	size_t item = t->kind == LV_ARR_ANY ? sizeof(struct lv_value) : sizeof(int64_t);
	char *p = t->arr;

	memmove(p + (to - 1) * item, p + (from - 1) * item, n * item);
}

/* ---- insert and remove ------------------------------------------------------------------------ */

/* Opens a gap at pos in a plain list of e - 1 items: what was there is still there, too. */
static void open_gap(struct lv_state *L, struct lv_table *t, int64_t pos, int64_t e)
{
	struct lv_value v;

	if (e > 1 && e - 1 > pos) {
		raw_get(t, e - 1, &v);
		lv_seti(L, t, e, &v);
		e--;
	}
	if (t->asize >= (uint64_t)e) {
		array_move(t, (uint64_t)pos + 1, (uint64_t)pos, (uint64_t)(e - pos));
		return;
	}
	for (; e > pos; e--) {
		raw_get(t, e - 1, &v);
		lv_seti(L, t, e, &v);
	}
}

static int tab_insert(struct lv_state *L, struct lv_value *a, int n)
{
	bool raw = n > 0 && plain(L, a);
	int64_t e = (int64_t)((raw ? lv_len(a->t) : (uint64_t)check_length(L, a, n, READ | WRITE)) + 1), pos = e;
	struct lv_value v;

	if (n == 3) {
		pos = lv_argint(L, a, n, 1);
		if ((uint64_t)pos - 1 >= (uint64_t)e)
			lv_argerror(L, 2, "position out of bounds");
		if (raw && pos < e)
			open_gap(L, a->t, pos, e);
		else if (!raw)
			for (int64_t i = e; i > pos; i--) {
				get(L, a, i - 1, &v);
				set(L, a, i, &v);
			}
	} else if (n != 2) {
		lv_error(L, "wrong number of arguments to 'insert'");
	}
	if (raw)
		lv_seti(L, a->t, pos, &a[n - 1]);
	else
		set(L, a, pos, &a[n - 1]);
	return 0;
}

static int remove_plain(struct lv_state *L, struct lv_table *t, int64_t pos, int64_t size)
{
	struct lv_value v;

	raw_get(t, pos, &v);
	lv_push(L, &v);
	if (pos < size && size <= (int64_t)t->asize) {
		array_move(t, (uint64_t)pos, (uint64_t)pos + 1, (uint64_t)(size - pos));
		pos = size;
	}
	for (; pos < size; pos++) {
		raw_get(t, pos + 1, &v);
		lv_seti(L, t, pos, &v);
	}
	lv_setnil(&v);
	lv_seti(L, t, pos, &v);
	return 1;
}

static int tab_remove(struct lv_state *L, struct lv_value *a, int n)
{
	bool raw = n > 0 && plain(L, a);
	int64_t size = raw ? (int64_t)lv_len(a->t) : check_length(L, a, n, READ | WRITE);
	int64_t pos = lv_optint(L, a, n, 1, size);
	struct lv_value v;

	if (pos != size && (uint64_t)pos - 1 > (uint64_t)size)
		lv_argerror(L, 1, "position out of bounds");
	if (raw)
		return remove_plain(L, a->t, pos, size);
	get(L, a, pos, &v);
	lv_push(L, &v);
	for (; pos < size; pos++) {
		get(L, a, pos + 1, &v);
		set(L, a, pos, &v);
	}
	lv_setnil(&v);
	set(L, a, pos, &v);
	return 1;
}

/* ---- move ---------------------------------------------------------------------------------------- */

static void move_range(struct lv_state *L, const struct lv_value *from, const struct lv_value *to, int64_t f, int64_t t, int64_t n, int64_t step)
{
	bool raw = plain(L, from) && plain(L, to);
	struct lv_value v;

	if (raw && from->t == to->t && f >= 1 && t >= 1 && f + n - 1 <= (int64_t)from->t->asize && t + n - 1 <= (int64_t)from->t->asize) {
		array_move(from->t, (uint64_t)t, (uint64_t)f, (uint64_t)n);
		return;
	}
	for (int64_t i = step > 0 ? 0 : n - 1; n > 0; n--, i += step) {
		if (raw) {
			raw_get(from->t, f + i, &v);
			lv_seti(L, to->t, t + i, &v);
		} else {
			get(L, from, f + i, &v);
			set(L, to, t + i, &v);
		}
	}
}

static int tab_move(struct lv_state *L, struct lv_value *a, int n)
{
	int64_t f = lv_argint(L, a, n, 1), e = lv_argint(L, a, n, 2), t = lv_argint(L, a, n, 3);
	int to = lv_noneornil(a, n, 4) ? 0 : 4;

	check_table(L, a, n, 0, READ);
	check_table(L, a, n, to, WRITE);
	if (e >= f) {
		if (f <= 0 && e >= INT64_MAX + f)
			lv_argerror(L, 3, "too many elements to move");
		if (t > INT64_MAX - (e - f + 1) + 1)
			lv_argerror(L, 4, "destination wrap around");
		if (t > e || t <= f || (to != 0 && !lv_equal(L, &a[0], &a[to])))
			move_range(L, a, a + to, f, t, e - f + 1, 1);
		else
			move_range(L, a, a + to, f, t, e - f + 1, -1);
	}
	lv_push(L, &a[to]);
	return 1;
}

/* ---- concat, pack, unpack -------------------------------------------------------------------------- */

static void add_item(struct lv_state *L, struct lv_out *o, const struct lv_value *v, int64_t i)
{
	if (v->tag == LV_STR)
		lv_out_add(o, v->s->s, v->s->len);
	else if (lv_isnum(v))
		o->n += lv_fmtnum(v, lv_out_room(o, 64));
	else
		lv_error(L, "invalid value (%s) at index %lld in table for 'concat'", lv_typename(v), (long long)i);
}

static int tab_concat(struct lv_state *L, struct lv_value *a, int n)
{
	bool raw = n > 0 && plain(L, a);
	int64_t last = raw ? (int64_t)lv_len(a->t) : check_length(L, a, n, READ), i;
	struct lv_str *sep = lv_optstr(L, a, n, 1, NULL);
	struct lv_value v;
	struct lv_out o;

	i = lv_optint(L, a, n, 2, 1);
	last = lv_optint(L, a, n, 3, last);
	lv_out_init(L, &o);
	for (; i <= last; i++) {
		if (raw)
			raw_get(a->t, i, &v);
		else
			get(L, a, i, &v);
		add_item(L, &o, &v, i);
		if (i == last)			/* last may be the largest integer */
			break;
		if (sep)
			lv_out_add(&o, sep->s, sep->len);
	}
	lv_pushstr(L, lv_out_str(&o));
	return 1;
}

static int tab_pack(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_table *t = lv_table(L, (uint32_t)n, 1);
	struct lv_value v;

	for (int i = 0; i < n; i++)
		lv_seti(L, t, i + 1, &a[i]);
	lv_setint(&v, n);
	lv_setz(L, t, "n", &v);
	lv_setobj(&v, t, LV_TABLE);
	L->top = a;
	lv_push(L, &v);
	return 1;
}

static int tab_unpack(struct lv_state *L, struct lv_value *a, int n)
{
	bool raw = n > 0 && plain(L, a);
	int64_t i = lv_optint(L, a, n, 1, 1), last;
	struct lv_value nil;
	uint64_t count;

	if (n == 0) {				/* the message is about the length of nil */
		lv_setnil(&nil);
		length(L, &nil);
	}
	last = !lv_noneornil(a, n, 2) ? lv_argint(L, a, n, 2) : raw ? (int64_t)lv_len(a->t) : length(L, a);
	if (i > last)
		return 0;
	count = (uint64_t)last - (uint64_t)i;
	if (count >= (uint64_t)INT32_MAX || L->top + count + LV_MINSTACK >= L->stack_last)
		lv_error(L, "too many results to unpack");
	count++;
	for (uint64_t k = 0; k < count; k++) {
		struct lv_value *out = L->top;

		if (raw)
			raw_get(a->t, i + (int64_t)k, out);
		else
			get(L, a, i + (int64_t)k, out);
		L->top = out + 1;
	}
	return (int)count;
}

static const struct lv_reg funcs[] = {
	{ "concat", tab_concat, LV_B_NONE },
	{ "insert", tab_insert, LV_B_INSERT },
	{ "move", tab_move, LV_B_NONE },
	{ "pack", tab_pack, LV_B_NONE },
	{ "remove", tab_remove, LV_B_REMOVE },
	{ "sort", lv_tab_sort, LV_B_NONE },
	{ "unpack", tab_unpack, LV_B_UNPACK },
};

void lv_open_table(struct lv_state *L)
{
	lv_newlib(L, "table", funcs, COUNT(funcs));
}
