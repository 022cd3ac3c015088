/* SPDX-License-Identifier: MIT
 * lib_read.c - the formats of io.read: lines, numbers, blocks, the rest of a file.
 *
 * Characters are taken with the unlocked stdio calls: a VM belongs to one thread.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdio.h>
#include "lib.h"

enum { NUMERAL_MAX = 200 };

/* A line, pushed without its newline or (keep) with it; false at the end of the file. */
bool lv_read_line(struct lv_state *L, FILE *f, bool keep)
{
	struct lv_out o;
	int c = 0;

	lv_out_init(L, &o);
	while (c != '\n' && c != EOF) {
		char *p = lv_out_room(&o, LV_OUT_SMALL / 2);
		size_t room = o.cap - o.n, i = 0;

		while (i < room && (c = getc_unlocked(f)) != EOF && c != '\n')
			p[i++] = (char)c;
		o.n += i;
	}
	if (c == '\n' && keep)
		lv_out_char(&o, '\n');
	if (c == EOF && o.n == 0)
		return false;
	lv_pushstr(L, lv_out_str(&o));
	return true;
}

static void read_all(struct lv_state *L, FILE *f)
{
	struct lv_out o;
	size_t got;

	lv_out_init(L, &o);
	do {
		char *p = lv_out_room(&o, LV_OUT_SMALL / 2);

		got = fread(p, 1, o.cap - o.n, f);
		o.n += got;
	} while (got > 0);
	lv_pushstr(L, lv_out_str(&o));
}

static bool read_chars(struct lv_state *L, FILE *f, size_t n)
{
	struct lv_out o;

	lv_out_init(L, &o);
	if (n == 0) {
		int c = getc(f);

		ungetc(c, f);
		lv_pushz(L, "");
		return c != EOF;
	}
	while (o.n < n) {			/* in pieces: n may be more than there will ever be */
		size_t want = n - o.n < 65536 ? n - o.n : 65536 + o.n, got;

		want = want < n - o.n ? want : n - o.n;
		got = fread(lv_out_room(&o, want), 1, want, f);
		o.n += got;
		if (got < want)
			break;
	}
	lv_pushstr(L, lv_out_str(&o));
	return o.n > 0;
}

struct numeral { FILE *f; int c; int n; char s[NUMERAL_MAX + 1]; };

/* Takes the current character; false when the numeral got too long. */
static bool take(struct numeral *r)
{
	if (r->n >= NUMERAL_MAX) {
		r->n = 0;			/* not a number any more */
		return false;
	}
	r->s[r->n++] = (char)r->c;
	r->c = getc(r->f);
	return true;
}

static bool take_one_of(struct numeral *r, const char *set)
{
	return r->c != EOF && r->c && strchr(set, r->c) && take(r);
}

static int take_digits(struct numeral *r, bool hex)
{
	int n = 0;

	while ((hex ? isxdigit(r->c) : isdigit(r->c)) && take(r))
		n++;
	return n;
}

/* The longest text that can start a numeral; whether it is one is for the conversion to say. */
static bool read_number(struct lv_state *L, FILE *f)
{
	struct numeral r = { .f = f, .n = 0 };
	struct lv_value v;
	int digits = 0;
	bool hex = false;

	do
		r.c = getc(f);
	while (isspace(r.c));
	take_one_of(&r, "+-");
	if (take_one_of(&r, "0")) {
		if (take_one_of(&r, "xX"))
			hex = true;
		else
			digits = 1;
	}
	digits += take_digits(&r, hex);
	if (take_one_of(&r, "."))
		digits += take_digits(&r, hex);
	if (digits > 0 && take_one_of(&r, hex ? "pP" : "eE")) {
		take_one_of(&r, "+-");
		take_digits(&r, false);
	}
	ungetc(r.c, f);
	r.s[r.n] = 0;
	if (!lv_str2num(r.s, &v))
		return false;
	lv_push(L, &v);
	return true;
}

/* One format; pushes a value if there was something to read. */
bool lv_read_one(struct lv_state *L, FILE *f, struct lv_value *a, int n, int i)
{
	const char *s;

	if (lv_isnum(&a[i]))
		return read_chars(L, f, (size_t)lv_argint(L, a, n, i));
	s = lv_argstr(L, a, n, i)->s;
	s += *s == '*';
	switch (*s) {
	case 'n':
		return read_number(L, f);
	case 'l':
		return lv_read_line(L, f, false);
	case 'L':
		return lv_read_line(L, f, true);
	case 'a':
		read_all(L, f);
		return true;
	default:
		lv_argerror(L, i + 1, "invalid format");
	}
}
