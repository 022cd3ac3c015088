/* SPDX-License-Identifier: MIT
 * lib_aux.c - what the files of the standard library share: see lib.h.
 */
#include <stdio.h>
#include "lib.h"

void lv_out_grow(struct lv_out *o, size_t n)
{
	size_t cap = o->cap * 2;
	struct lv_buf *b;

	if (n > SIZE_MAX / 4 - o->n)
		lv_error(o->L, "buffer too large");
	if (cap < o->n + n)
		cap = o->n + n;
	b = lv_newbuf(o->L, cap);
	memcpy(b->data, o->p, o->n);
	o->p = b->data;
	o->cap = cap;
}

const char *lv_argtext(struct lv_state *L, struct lv_value *a, int n, int i, char *buf, size_t *len)
{
	if (i < n && lv_isnum(&a[i])) {
		*len = lv_fmtnum(&a[i], buf);
		return buf;
	}
	if (i >= n || a[i].tag != LV_STR)
		lv_argtype(L, i + 1, "string", i < n ? &a[i] : NULL);
	*len = a[i].s->len;
	return a[i].s->s;
}

int lv_argoption(struct lv_state *L, struct lv_value *a, int n, int i, const char *def, const char *const *list)
{
	const char *s = def && lv_noneornil(a, n, i) ? def : lv_argstr(L, a, n, i)->s;

	for (int k = 0; list[k]; k++)
		if (strcmp(list[k], s) == 0)
			return k;
	lv_argerror(L, i + 1, lv_strf(L, "invalid option '%s'", s)->s);
}

bool lv_truthy(const struct lv_value *a, int n, int i)
{
	return i < n && !lv_falsy(&a[i]);
}

size_t lv_where(struct lv_state *L, int level, char *buf, size_t size)
{
	struct lv_activation act;
	char src[60];
	int line;

	buf[0] = 0;
	if (!lv_activation(L, L->thread, level, &act) || act.func.tag != LV_FUNC)
		return 0;
	line = lv_line(act.func.f->p, act.pc);
	lv_shortsrc(act.func.f->p->source, src);
	return line > 0 ? (size_t)snprintf(buf, size, "%s:%d: ", src, line) : 0;
}

void lv_setmeta(struct lv_state *L, const struct lv_value *v, struct lv_table *meta)
{
	struct lv_value gc;

	if (v->tag == LV_TABLE)
		v->t->meta = meta;
	else if (v->tag == LV_USERDATA)
		v->u->meta = meta;
	else {
		uint32_t kind = v->tag;

		/* basic types of several tags share one metatable */
		if (kind == LV_FALSE || kind == LV_TRUE)
			L->meta[LV_FALSE] = L->meta[LV_TRUE] = meta;
		else if (kind == LV_INT || kind == LV_FLT)
			L->meta[LV_INT] = L->meta[LV_FLT] = meta;
		else if (kind == LV_FUNC || kind == LV_CFUNC)
			L->meta[LV_FUNC] = L->meta[LV_CFUNC] = meta;
		else
			L->meta[kind] = meta;
		return;
	}
	if (meta && !lv_absent(L, meta, LV_EV_GC, &gc))
		lv_gc_setfinaliser(L, v->o);
}

/* A message may come in pieces. "@on" and "@off" as a whole message switch the output. */
void lv_warn(struct lv_state *L, const char *msg, bool more)
{
	struct lv_lib *lib = lv_lib(L);

	if (!lib->warn_more && !more && msg[0] == '@') {
		if (strcmp(msg, "@off") == 0)
			lib->warn_on = false;
		else if (strcmp(msg, "@on") == 0)
			lib->warn_on = true;
		return;
	}
	if (lib->warn_on) {
		fflush(stdout);
		if (!lib->warn_more)
			fputs("Lua warning: ", stderr);
		fputs(msg, stderr);
		if (!more)
			fputc('\n', stderr);
		fflush(stderr);
	}
	lib->warn_more = more;
}
