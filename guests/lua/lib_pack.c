/* SPDX-License-Identifier: MIT
 * lib_pack.c - string.pack, packsize and unpack: values as bytes in a described layout.
 *
 * A format is read option by option; size and alignment of an option are known before its value is touched, so packing,
 * unpacking and measuring share the reader. Integers may have 1 to 16 bytes; those beyond 8 are sign or zero extension.
 */
#include <ctype.h>
#include <stdalign.h>
#include "lib.h"

enum { INT_BYTES = 16 };
enum kind { K_INT, K_UINT, K_FLOAT, K_DOUBLE, K_CHARS, K_STRING, K_ZERO, K_PADDING, K_ALIGN, K_NOTHING };

struct layout {
	struct lv_state *L;
	const char *p, *end;	/* rest of the format */
	bool little;
	size_t maxalign;
};

struct option { enum kind kind; size_t size, pad; };	/* pad: bytes before it */

static void layout_init(struct layout *f, struct lv_state *L, const struct lv_str *fmt)
{
	const uint16_t probe = 1;

	f->L = L;
	f->p = fmt->s;
	f->end = fmt->s + fmt->len;
	f->little = *(const char *)&probe == 1;
	f->maxalign = 1;
}

static bool at_digit(const struct layout *f)
{
	return f->p < f->end && isdigit((unsigned char)*f->p);
}

/* A number in the format, or def. Reading stops before it could exceed the largest size. */
static size_t number(struct layout *f, size_t def)
{
	size_t n = 0;

	if (!at_digit(f))
		return def;
	do
		n = n * 10 + (size_t)(*f->p++ - '0');
	while (at_digit(f) && n <= (LV_LIB_MAXSTR - 9) / 10);
	return n;
}

static size_t integer_size(struct layout *f, size_t def)
{
	size_t n = number(f, def);

	if (n < 1 || n > INT_BYTES)
		lv_error(f->L, "integral size (%d) out of limits [1,%d]", (int)n, INT_BYTES);
	return n;
}

static enum kind read_option(struct layout *f, size_t *size)
{
	char c = *f->p++;

	*size = 0;
	switch (c) {
	case 'b': *size = sizeof(char); return K_INT;
	case 'B': *size = sizeof(char); return K_UINT;
	case 'h': *size = sizeof(short); return K_INT;
	case 'H': *size = sizeof(short); return K_UINT;
	case 'l': *size = sizeof(long); return K_INT;
	case 'L': *size = sizeof(long); return K_UINT;
	case 'j': *size = sizeof(int64_t); return K_INT;
	case 'J': *size = sizeof(int64_t); return K_UINT;
	case 'T': *size = sizeof(size_t); return K_UINT;
	case 'f': *size = sizeof(float); return K_FLOAT;
	case 'n': case 'd': *size = sizeof(double); return K_DOUBLE;
	case 'i': *size = integer_size(f, sizeof(int)); return K_INT;
	case 'I': *size = integer_size(f, sizeof(int)); return K_UINT;
	case 's': *size = integer_size(f, sizeof(size_t)); return K_STRING;
	case 'c':
		*size = number(f, SIZE_MAX);
		if (*size == SIZE_MAX)
			lv_error(f->L, "missing size for format option 'c'");
		return K_CHARS;
	case 'z': return K_ZERO;
	case 'x': *size = 1; return K_PADDING;
	case 'X': return K_ALIGN;
	case ' ': break;
	case '<': f->little = true; break;
	case '>': f->little = false; break;
	case '=': {
		const uint16_t probe = 1;

		f->little = *(const char *)&probe == 1;
		break;
	}
	case '!': f->maxalign = integer_size(f, alignof(max_align_t) < 8 ? alignof(max_align_t) : 8); break;
	default: lv_error(f->L, "invalid format option '%c'", c);
	}
	return K_NOTHING;
}

/* Next option, with the padding that brings it to its alignment when `at` bytes precede it. */
static struct option next_option(struct layout *f, size_t at)
{
	struct option o;
	size_t align;

	o.pad = 0;
	o.kind = read_option(f, &o.size);
	align = o.size;
	if (o.kind == K_ALIGN) {
		size_t size;

		if (f->p == f->end || read_option(f, &size) == K_CHARS || size == 0)
			lv_argerror(f->L, 1, "invalid next option for option 'X'");
		align = size;
	}
	if (align <= 1 || o.kind == K_CHARS)
		return o;
	if (align > f->maxalign)
		align = f->maxalign;
	if (align & (align - 1))
		lv_argerror(f->L, 1, "format asks for alignment not power of 2");
	o.pad = (align - (at & (align - 1))) & (align - 1);
	return o;
}

/* ---- packing ---------------------------------------------------------------------------------- */

static void put_int(struct lv_out *o, uint64_t v, bool little, size_t size, bool negative)
{
	char *p = lv_out_room(o, size);

	for (size_t i = 0; i < size; i++) {
		p[little ? i : size - 1 - i] = i < 8 ? (char)(v >> 8 * i) : negative ? (char)0xff : 0;
	}
	o->n += size;
}

static void put_bytes(struct lv_out *o, const void *v, bool little, size_t size)
{
	const uint16_t probe = 1;
	const char *s = v;
	char *p = lv_out_room(o, size);
	bool same = little == (*(const char *)&probe == 1);

	for (size_t i = 0; i < size; i++)
		p[i] = s[same ? i : size - 1 - i];
	o->n += size;
}

static void put_zeros(struct lv_out *o, size_t n)
{
	memset(lv_out_room(o, n), 0, n);
	o->n += n;
}

static void pack_int(struct lv_state *L, struct lv_out *o, const struct layout *f, const struct option *opt, struct lv_value *a, int n, int arg)
{
	int64_t v = lv_argint(L, a, n, arg);

	if (opt->size < 8 && opt->kind == K_INT) {
		int64_t lim = INT64_C(1) << (opt->size * 8 - 1);

		if (v < -lim || v >= lim)
			lv_argerror(L, arg + 1, "integer overflow");
	}
	if (opt->size < 8 && opt->kind == K_UINT && (uint64_t)v >> opt->size * 8)
		lv_argerror(L, arg + 1, "unsigned overflow");
	put_int(o, (uint64_t)v, f->little, opt->size, opt->kind == K_INT && v < 0);
}

static void pack_text(struct lv_state *L, struct lv_out *o, const struct layout *f, const struct option *opt, struct lv_value *a, int n, int arg)
{
	struct lv_str *s = lv_argstr(L, a, n, arg);

	switch (opt->kind) {
	case K_CHARS:
		if (s->len > opt->size)
			lv_argerror(L, arg + 1, "string longer than given size");
		lv_out_add(o, s->s, s->len);
		put_zeros(o, opt->size - s->len);
		break;
	case K_STRING:
		if (opt->size < 8 && s->len >> opt->size * 8)
			lv_argerror(L, arg + 1, "string length does not fit in given size");
		put_int(o, s->len, f->little, opt->size, false);
		lv_out_add(o, s->s, s->len);
		break;
	default:
		if (strlen(s->s) != s->len)
			lv_argerror(L, arg + 1, "string contains zeros");
		lv_out_add(o, s->s, s->len + 1);
	}
}

int lv_str_pack(struct lv_state *L, struct lv_value *a, int n)
{
	struct layout f;
	struct lv_out o;
	int arg = 0;

	layout_init(&f, L, lv_argstr(L, a, n, 0));
	lv_out_init(L, &o);
	while (f.p < f.end) {
		struct option opt = next_option(&f, o.n);
		double d;
		float s;

		put_zeros(&o, opt.pad);
		switch (opt.kind) {
		case K_INT: case K_UINT:
			pack_int(L, &o, &f, &opt, a, n, ++arg);
			break;
		case K_FLOAT:
			s = (float)lv_argnum(L, a, n, ++arg);
			put_bytes(&o, &s, f.little, sizeof s);
			break;
		case K_DOUBLE:
			d = lv_argnum(L, a, n, ++arg);
			put_bytes(&o, &d, f.little, sizeof d);
			break;
		case K_CHARS: case K_STRING: case K_ZERO:
			pack_text(L, &o, &f, &opt, a, n, ++arg);
			break;
		case K_PADDING:
			put_zeros(&o, 1);
			break;
		case K_ALIGN: case K_NOTHING:
			break;
		}
	}
	lv_pushstr(L, lv_out_str(&o));
	return 1;
}

int lv_str_packsize(struct lv_state *L, struct lv_value *a, int n)
{
	struct layout f;
	size_t total = 0;

	layout_init(&f, L, lv_argstr(L, a, n, 0));
	while (f.p < f.end) {
		struct option opt = next_option(&f, total);

		if (opt.kind == K_STRING || opt.kind == K_ZERO)
			lv_argerror(L, 1, "variable-length format");
		if (total > LV_LIB_MAXSTR - opt.size - opt.pad)
			lv_argerror(L, 1, "format result too large");
		total += opt.size + opt.pad;
	}
	lv_pushint(L, (int64_t)total);
	return 1;
}

/* ---- unpacking ---------------------------------------------------------------------------------- */

static int64_t get_int(struct lv_state *L, const char *s, bool little, size_t size, bool is_signed)
{
	uint64_t v = 0;
	size_t low = size < 8 ? size : 8;

	for (size_t i = low; i-- > 0;)
		v = v << 8 | (unsigned char)s[little ? i : size - 1 - i];
	if (size < 8 && is_signed) {
		uint64_t top = UINT64_C(1) << (size * 8 - 1);

		v = (v ^ top) - top;
	}
	for (size_t i = low; i < size; i++)
		if ((unsigned char)s[little ? i : size - 1 - i] != (is_signed && (int64_t)v < 0 ? 0xff : 0))
			lv_error(L, "%d-byte integer does not fit into Lua Integer", (int)size);
	return (int64_t)v;
}

static void get_bytes(void *v, const char *s, bool little, size_t size)
{
	const uint16_t probe = 1;
	char *p = v;
	bool same = little == (*(const char *)&probe == 1);

	for (size_t i = 0; i < size; i++)
		p[i] = s[same ? i : size - 1 - i];
}

/* Pushes one value from s; left bytes are there, at least opt->size. Returns how many bytes it took. */
static size_t unpack_one(struct lv_state *L, const struct layout *f, const struct option *opt, const char *s, size_t left)
{
	double d;
	float x;
	size_t len;
	const char *end;

	switch (opt->kind) {
	case K_INT: case K_UINT:
		lv_pushint(L, get_int(L, s, f->little, opt->size, opt->kind == K_INT));
		return opt->size;
	case K_FLOAT:
		get_bytes(&x, s, f->little, sizeof x);
		lv_pushflt(L, x);
		return opt->size;
	case K_DOUBLE:
		get_bytes(&d, s, f->little, sizeof d);
		lv_pushflt(L, d);
		return opt->size;
	case K_CHARS:
		lv_pushstr(L, lv_str(L, s, opt->size));
		return opt->size;
	case K_STRING:
		len = (size_t)get_int(L, s, f->little, opt->size, false);
		if (len > left - opt->size)
			lv_argerror(L, 2, "data string too short");
		lv_pushstr(L, lv_str(L, s + opt->size, len));
		return opt->size + len;
	case K_ZERO:
		end = memchr(s, 0, left);
		if (!end)
			lv_argerror(L, 2, "unfinished string for format 'z'");
		lv_pushstr(L, lv_str(L, s, (size_t)(end - s)));
		return (size_t)(end - s) + 1;
	default:
		return opt->size;
	}
}

int lv_str_unpack(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *fmt = lv_argstr(L, a, n, 0), *s = lv_argstr(L, a, n, 1);
	size_t at = lv_startpos(lv_optint(L, a, n, 2, 1), s->len) - 1;
	struct lv_value *first = L->top;
	struct layout f;

	if (at > s->len)
		lv_argerror(L, 3, "initial position out of string");
	layout_init(&f, L, fmt);
	while (f.p < f.end) {
		struct option opt = next_option(&f, at);

		if (opt.pad + opt.size > s->len - at)
			lv_argerror(L, 2, "data string too short");
		at += opt.pad;
		lv_checkstack(L, 2);
		at += unpack_one(L, &f, &opt, s->s + at, s->len - at);
	}
	lv_pushint(L, (int64_t)at + 1);
	return (int)(L->top - first);
}
