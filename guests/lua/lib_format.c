/* SPDX-License-Identifier: MIT
 * lib_format.c - string.format.
 *
 * Text, integers without modifiers and strings are written directly; floats go through the C library, one directive at
 * a time, after the directive was checked: which flags it may have, and at most two digits of width and of precision.
 */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include "lib.h"

enum { SPEC_MAX = 22, NUMBER_MAX = 512 };	/* %99.99f of the largest double has 409 characters */

struct spec {
	char text[SPEC_MAX + 8];	/* "%-5.2" ... and the conversion, ended by 0; room for a length modifier */
	size_t len;			/* up to and including the conversion */
	char conv;
	bool bare;			/* no modifiers at all */
	bool left, has_precision;
	int width, precision;
};

struct format { struct lv_state *L; struct lv_value *a; int n; struct lv_out o; };

/* Reads the directive behind a '%' at s; returns what follows it. */
static const char *read_spec(struct lv_state *L, const char *s, const char *end, struct spec *sp)
{
	size_t n = 0;

	while (s + n < end && s[n] && strchr("-+ #0123456789.", s[n]))
		n++;
	if (n + 1 >= SPEC_MAX)
		lv_error(L, "invalid format (too long)");
	sp->conv = s + n < end ? s[n] : 0;
	sp->text[0] = '%';
	memcpy(sp->text + 1, s, n);
	sp->text[1 + n] = sp->conv;
	sp->text[2 + n] = 0;
	sp->len = n + 2;
	sp->bare = n == 0;
	return s + n + (s + n < end);
}

static const char *two_digits(const char *p, int *out)
{
	*out = 0;
	for (int i = 0; i < 2 && isdigit((unsigned char)*p); i++)
		*out = *out * 10 + *p++ - '0';
	return p;
}

/* Checks modifiers against what the conversion allows and reads them. */
static void check_spec(struct lv_state *L, struct spec *sp, const char *flags, bool precision)
{
	const char *p = sp->text + 1;

	sp->left = sp->has_precision = false;
	sp->width = sp->precision = 0;
	if (sp->bare)
		return;
	for (; *p && strchr(flags, *p); p++)
		sp->left |= *p == '-';
	if (*p != '0') {
		p = two_digits(p, &sp->width);
		if (*p == '.' && precision) {
			sp->has_precision = true;
			p = two_digits(p + 1, &sp->precision);
		}
	}
	if (!isalpha((unsigned char)*p))
		lv_error(L, "invalid conversion specification: '%s'", sp->text);
}

static void add_padded(struct lv_out *o, const struct spec *sp, const char *s, size_t n)
{
	size_t pad = (size_t)sp->width > n ? (size_t)sp->width - n : 0;
	char *p = lv_out_room(o, n + pad);

	memset(sp->left ? p + n : p, ' ', pad);
	memcpy(sp->left ? p : p + pad, s, n);
	o->n += n + pad;
}

/* ---- numbers -------------------------------------------------------------------------------- */

static void add_decimal(struct lv_out *o, int64_t v)
{
	char buf[24], *p = buf + sizeof buf;
	uint64_t u = v < 0 ? -(uint64_t)v : (uint64_t)v;

	do
		*--p = (char)('0' + u % 10);
	while (u /= 10);
	if (v < 0)
		*--p = '-';
	lv_out_add(o, p, (size_t)(buf + sizeof buf - p));
}

/* The directive with the length modifier of int64_t before the conversion. */
static void add_integer(struct format *f, struct spec *sp, int arg, const char *flags)
{
	int64_t v = lv_argint(f->L, f->a, f->n, arg);
	char *at = sp->text + sp->len - 1;

	check_spec(f->L, sp, flags, true);
	if (sp->bare && (sp->conv == 'd' || sp->conv == 'i')) {
		add_decimal(&f->o, v);
		return;
	}
	memcpy(at, PRId64, sizeof PRId64);
	at[sizeof PRId64 - 2] = sp->conv;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	f->o.n += (size_t)snprintf(lv_out_room(&f->o, NUMBER_MAX), NUMBER_MAX, sp->text, v);
#pragma GCC diagnostic pop
}

static void add_float(struct format *f, struct spec *sp, int arg)
{
	bool hex = sp->conv == 'a' || sp->conv == 'A';
	double v;

	/* which of two mistakes is reported depends on the conversion */
	if (hex)
		check_spec(f->L, sp, "-+#0 ", true);
	v = lv_argnum(f->L, f->a, f->n, arg);
	if (!hex)
		check_spec(f->L, sp, "-+#0 ", true);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	f->o.n += (size_t)snprintf(lv_out_room(&f->o, NUMBER_MAX), NUMBER_MAX, sp->text, v);
#pragma GCC diagnostic pop
}

/* ---- %q: what the compiler reads back as the same value -------------------------------------------- */

static void add_quoted(struct lv_out *o, const struct lv_str *s)
{
	lv_out_char(o, '"');
	for (size_t i = 0; i < s->len; i++) {
		unsigned char c = (unsigned char)s->s[i];

		if (c == '"' || c == '\\' || c == '\n') {
			lv_out_char(o, '\\');
			lv_out_char(o, (char)c);
		} else if (iscntrl(c)) {
			bool digit = i + 1 < s->len && isdigit((unsigned char)s->s[i + 1]);

			o->n += (size_t)sprintf(lv_out_room(o, 8), digit ? "\\%03d" : "\\%d", c);
		} else {
			lv_out_char(o, (char)c);
		}
	}
	lv_out_char(o, '"');
}

/* The locale may have another decimal point than the language. */
static void add_hexfloat(struct lv_out *o, double v)
{
	char *p = lv_out_room(o, 64);
	int n = snprintf(p, 64, "%a", v);

	if (!memchr(p, '.', (size_t)n))
		for (int i = 0; i < n; i++)
			if (p[i] == ',')
				p[i] = '.';
	o->n += (size_t)n;
}

static void add_literal(struct format *f, int arg)
{
	const struct lv_value *v = &f->a[arg];
	struct lv_out *o = &f->o;

	switch (v->tag) {
	case LV_STR:
		add_quoted(o, v->s);
		break;
	case LV_INT:
		if (v->i == INT64_MIN)
			lv_out_add(o, "0x8000000000000000", 18);
		else
			add_decimal(o, v->i);
		break;
	case LV_FLT:
		if (isnan(v->n))
			lv_out_add(o, "(0/0)", 5);
		else if (isinf(v->n))
			lv_out_add(o, v->n > 0 ? "1e9999" : "-1e9999", v->n > 0 ? 6 : 7);
		else
			add_hexfloat(o, v->n);
		break;
	case LV_NIL:
		lv_out_add(o, "nil", 3);
		break;
	case LV_FALSE:
		lv_out_add(o, "false", 5);
		break;
	case LV_TRUE:
		lv_out_add(o, "true", 4);
		break;
	default:
		lv_argerror(f->L, arg + 1, "value has no literal form");
	}
}

/* ---- %s, %c, %p ------------------------------------------------------------------------------------- */

static void add_string(struct format *f, struct spec *sp, int arg)
{
	const struct lv_value *v = &f->a[arg];
	struct lv_str *s;
	size_t len;

	if (sp->bare && lv_isnum(v)) {
		f->o.n += lv_fmtnum(v, lv_out_room(&f->o, 64));
		return;
	}
	s = v->tag == LV_STR ? v->s : lv_tostr(f->L, v);
	if (sp->bare) {
		lv_out_add(&f->o, s->s, s->len);
		return;
	}
	if (strlen(s->s) != s->len)
		lv_argerror(f->L, arg + 1, "string contains zeros");
	check_spec(f->L, sp, "-", true);
	len = s->len;
	if (sp->has_precision && (size_t)sp->precision < len)
		len = (size_t)sp->precision;
	add_padded(&f->o, sp, s->s, len);
}

static void add_pointer(struct format *f, struct spec *sp, int arg)
{
	const struct lv_value *v = &f->a[arg];
	char buf[32] = "(null)";

	check_spec(f->L, sp, "-", false);
	if (lv_iscollectable(v) || v->tag == LV_LIGHT)
		snprintf(buf, sizeof buf, "%p", v->p);
	add_padded(&f->o, sp, buf, strlen(buf));
}

static void add_char(struct format *f, struct spec *sp, int arg)
{
	char c;

	check_spec(f->L, sp, "-", false);
	c = (char)lv_argint(f->L, f->a, f->n, arg);
	add_padded(&f->o, sp, &c, 1);
}

static void directive(struct format *f, struct spec *sp, int arg)
{
	switch (sp->conv) {
	case 'd': case 'i':
		add_integer(f, sp, arg, "-+0 ");
		return;
	case 'u':
		add_integer(f, sp, arg, "-0");
		return;
	case 'o': case 'x': case 'X':
		add_integer(f, sp, arg, "-#0");
		return;
	case 'a': case 'A': case 'e': case 'E': case 'f': case 'g': case 'G':
		add_float(f, sp, arg);
		return;
	case 's':
		add_string(f, sp, arg);
		return;
	case 'c':
		add_char(f, sp, arg);
		return;
	case 'p':
		add_pointer(f, sp, arg);
		return;
	case 'q':
		if (!sp->bare)
			lv_error(f->L, "specifier '%%q' cannot have modifiers");
		add_literal(f, arg);
		return;
	default:
		lv_error(f->L, "invalid conversion '%s' to 'format'", sp->text);
	}
}

int lv_str_format(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *fmt = lv_argstr(L, a, n, 0);
	const char *p = fmt->s, *end = p + fmt->len, *q;
	struct format f;
	struct spec sp;
	int arg = 0;

	f.L = L;
	f.a = a;
	f.n = n;
	lv_out_init(L, &f.o);
	while ((q = memchr(p, '%', (size_t)(end - p)))) {
		lv_out_add(&f.o, p, (size_t)(q - p));
		if (q[1] == '%') {		/* a string ends in 0, so q[1] is there */
			lv_out_char(&f.o, '%');
			p = q + 2;
			continue;
		}
		if (++arg >= n)
			lv_argerror(L, arg + 1, "no value");
		p = read_spec(L, q + 1, end, &sp);
		directive(&f, &sp, arg);
	}
	lv_out_add(&f.o, p, (size_t)(end - p));
	lv_pushstr(L, lv_out_str(&f.o));
	return 1;
}
