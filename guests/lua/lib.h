/* SPDX-License-Identifier: MIT
 * lib.h - what the files of the standard library share among themselves; nothing outside lib_*.c needs it.
 *
 * struct lv_out builds strings: the first LV_OUT_SMALL bytes live in the C frame, so that short results touch the heap
 * once, for the finished string; longer ones move to a collected buffer. The frame is scanned conservatively, so nothing
 * has to be anchored or freed, and an error may leave it at any point.
 */
#ifndef LV_LIB_H
#define LV_LIB_H

#include <stdio.h>
#include "lv.h"

#define LV_OUT_SMALL 512
#define LV_LIB_MAXSTR ((size_t)INT32_MAX)	/* longest string the string library makes */

/* L->lib: state of the libraries. It is the data of a userdata anchored in the registry. */
struct lv_lib {
	struct lv_userdata *in, *out;		/* default files of io.read and io.write; anchored in the registry too */
	struct lv_table *filemeta;		/* metatable "FILE*" */
	bool flush_print;			/* someone may be waiting at the other end of stdout */
	bool warn_on, warn_more;		/* warn_more: the last piece said that more would come */
	bool generational;			/* only remembered; true at first, as in the standalone interpreter */
	int pause, stepmul;			/* likewise */
	uint32_t class_built;			/* lib_match.c: bit n: class[n] is there; cleared when the locale changes */
	uint64_t class[26][4];			/* characters of class 'a' + n, by bit */
};
static inline struct lv_lib *lv_lib(const struct lv_state *L) { return L->lib; }

struct lv_out {
	struct lv_state *L;
	char *p;				/* small, or the data of a lv_buf */
	size_t n, cap;
	char small[LV_OUT_SMALL];
};

static inline void lv_out_init(struct lv_state *L, struct lv_out *o)
{
	o->L = L;
	o->p = o->small;
	o->n = 0;
	o->cap = LV_OUT_SMALL;
}
void lv_out_grow(struct lv_out *o, size_t n);		/* makes room for n more bytes */
static inline char *lv_out_room(struct lv_out *o, size_t n)
{
	if (n > o->cap - o->n)
		lv_out_grow(o, n);
	return o->p + o->n;
}
static inline void lv_out_add(struct lv_out *o, const char *s, size_t n)
{
	memcpy(lv_out_room(o, n), s, n);
	o->n += n;
}
static inline void lv_out_char(struct lv_out *o, char c)
{
	*lv_out_room(o, 1) = c;
	o->n++;
}
static inline struct lv_str *lv_out_str(struct lv_out *o) { return lv_str(o->L, o->p, o->n); }

/* Position arguments of string functions: negative ones count from the end. */
static inline size_t lv_startpos(int64_t pos, size_t len)
{
	if (pos > 0)
		return (size_t)pos;
	if (pos == 0 || pos < -(int64_t)len)
		return 1;
	return len + (size_t)pos + 1;
}
static inline size_t lv_endpos(int64_t pos, size_t len)
{
	if (pos > (int64_t)len)
		return len;
	if (pos >= 0)
		return (size_t)pos;
	return pos < -(int64_t)len ? 0 : len + (size_t)pos + 1;
}

/* The string or number argument as text: no string object is made for a number. buf holds 64 bytes. */
const char *lv_argtext(struct lv_state *L, struct lv_value *a, int n, int i, char *buf, size_t *len);
int lv_argoption(struct lv_state *L, struct lv_value *a, int n, int i, const char *def, const char *const *list);	/* index in list; "invalid option 'x'" */
bool lv_truthy(const struct lv_value *a, int n, int i);
size_t lv_where(struct lv_state *L, int level, char *buf, size_t size);	/* "file:line: " of the function `level` up, or "" */
void lv_setmeta(struct lv_state *L, const struct lv_value *v, struct lv_table *meta);
void lv_warn(struct lv_state *L, const char *msg, bool more);		/* as the function warn; more: another piece follows */
int lv_osresult(struct lv_state *L, bool ok, const char *path);		/* pushes true, or nil, message, errno */
int lv_osexit(struct lv_state *L, int stat);				/* pushes what os.execute gives for a wait status */

/* lib_match.c: the matcher of string patterns */
#define LV_MAXCAPTURES 32
#define LV_MATCHSETS 4

struct lv_matchset {			/* a set of the pattern, by where it starts */
	const char *at;
	uint32_t uses;
	bool built;
	uint64_t bits[4];
};

struct lv_match {
	struct lv_state *L;
	struct lv_lib *lib;	/* has the bitmaps of the classes */
	const char *src, *end;	/* the subject */
	const char *pend;	/* end of the pattern */
	int depth;
	int ncap;
	struct { const char *at; ptrdiff_t len; } cap[LV_MAXCAPTURES];
	struct lv_matchset set[LV_MATCHSETS];
};
void lv_match_init(struct lv_match *m, struct lv_state *L, const struct lv_str *s, const struct lv_str *p);
const char *lv_match_at(struct lv_match *m, const char *s, const char *p);		/* end of the match of pattern p at s, or NULL */
int lv_match_first(const char *p, const char *pend);					/* the character every match starts with, or -1 */
const char *lv_match_search(struct lv_match *m, const char *s, const char *p, int first, const char **at);	/* first match at or after s; *at: its start */
/* Capture i of the match s .. e (0: all of it when there are no captures): true: *out is a position; false: text and length */
bool lv_match_capture(struct lv_match *m, int i, const char *s, const char *e, struct lv_value *out, const char **text, size_t *len);
void lv_match_value(struct lv_match *m, int i, const char *s, const char *e, struct lv_value *out);	/* the same as a value */
bool lv_match_plain(const struct lv_str *p);						/* no special characters */

/* lib_pattern.c, lib_format.c, lib_pack.c: the large functions of the string library */
int lv_str_find(struct lv_state *L, struct lv_value *a, int n);
int lv_str_match(struct lv_state *L, struct lv_value *a, int n);
int lv_str_gmatch(struct lv_state *L, struct lv_value *a, int n);
int lv_str_gsub(struct lv_state *L, struct lv_value *a, int n);
int lv_str_format(struct lv_state *L, struct lv_value *a, int n);
int lv_str_pack(struct lv_state *L, struct lv_value *a, int n);
int lv_str_packsize(struct lv_state *L, struct lv_value *a, int n);
int lv_str_unpack(struct lv_state *L, struct lv_value *a, int n);

/* lib_read.c: each pushes what it read; false: nothing was there (something may have been pushed) */
bool lv_read_line(struct lv_state *L, FILE *f, bool keep);				/* keep: with the newline */
bool lv_read_one(struct lv_state *L, FILE *f, struct lv_value *a, int n, int i);	/* by the format a[i] */

/* lib_sort.c */
int lv_tab_sort(struct lv_state *L, struct lv_value *a, int n);

#endif
