/* SPDX-License-Identifier: MIT
 * lib_utf8.c - the utf8 library. Sequences of up to six bytes (31 bits) are known; the strict functions take only what
 * Unicode has: at most 10FFFF, no surrogates. Overlong forms are never valid.
 */
#include "lib.h"

#define COUNT(x) (sizeof(x) / sizeof(x)[0])

enum { UNICODE_MAX = 0x10ffff };

static bool is_cont(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

/* Reads one character; NULL if it is not valid. The string ends in a 0 byte, which is no continuation. */
static const char *decode(const char *s, uint32_t *out, bool strict)
{
	static const uint32_t least[] = { UINT32_MAX, 0x80, 0x800, 0x10000, 0x200000, 0x4000000 };
	unsigned c = (unsigned char)*s;
	uint32_t v = 0;
	unsigned more = 0;

	if (c < 0x80) {
		*out = c;
		return s + 1;
	}
	for (; c & 0x40; c <<= 1) {
		if (!is_cont(s[++more]))
			return NULL;
		v = v << 6 | ((unsigned char)s[more] & 0x3f);
	}
	if (more == 0 || more > 5)
		return NULL;
	v |= (uint32_t)(c & 0x7f) << (more * 5);
	if (v > INT32_MAX || v < least[more])
		return NULL;
	if (strict && (v > UNICODE_MAX || (v >= 0xd800 && v <= 0xdfff)))
		return NULL;
	*out = v;
	return s + more + 1;
}

static int encode(char *p, uint32_t c)
{
	int n = 1;

	if (c < 0x80) {
		*p = (char)c;
		return 1;
	}
	while (n < 6 && c >> (5 * n + 6))
		n++;
	for (int i = n; i > 0; i--, c >>= 6)
		p[i] = (char)(0x80 | (c & 0x3f));
	p[0] = (char)(0xffu << (7 - n) | c);
	return n + 1;
}

/* Negative positions count from the end; before the start is 0. */
static int64_t position(int64_t i, size_t len)
{
	if (i >= 0)
		return i;
	return -(uint64_t)i > len ? 0 : (int64_t)len + i + 1;
}

static int utf8_len(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *s = lv_argstr(L, a, n, 0);
	int64_t i = position(lv_optint(L, a, n, 1, 1), s->len), k = position(lv_optint(L, a, n, 2, -1), s->len), count = 0;
	bool lax = lv_truthy(a, n, 3);

	if (i < 1 || --i > (int64_t)s->len)
		lv_argerror(L, 2, "initial position out of bounds");
	if (--k >= (int64_t)s->len)
		lv_argerror(L, 3, "final position out of bounds");
	for (; i <= k; count++) {
		uint32_t c;
		const char *next = decode(s->s + i, &c, !lax);

		if (!next) {
			lv_pushnil(L);
			lv_pushint(L, i + 1);
			return 2;
		}
		i = next - s->s;
	}
	lv_pushint(L, count);
	return 1;
}

static int utf8_codepoint(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *s = lv_argstr(L, a, n, 0);
	int64_t i = position(lv_optint(L, a, n, 1, 1), s->len), k = position(lv_optint(L, a, n, 2, i), s->len);
	bool lax = lv_truthy(a, n, 3);
	const char *p = s->s + i - 1;
	int count = 0;

	if (i < 1)
		lv_argerror(L, 2, "out of bounds");
	if (k > (int64_t)s->len)
		lv_argerror(L, 3, "out of bounds");
	if (i > k)
		return 0;
	if (k - i >= INT32_MAX)
		lv_error(L, "string slice too long");
	while (p < s->s + k) {
		uint32_t c;

		p = decode(p, &c, !lax);
		if (!p)
			lv_error(L, "invalid UTF-8 code");
		lv_checkstack(L, 1);
		lv_pushint(L, c);
		count++;
	}
	return count;
}

static int utf8_char(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_out o;

	lv_out_init(L, &o);
	for (int i = 0; i < n; i++) {
		uint64_t c = (uint64_t)lv_argint(L, a, n, i);

		if (c > INT32_MAX)
			lv_argerror(L, i + 1, "value out of range");
		o.n += (size_t)encode(lv_out_room(&o, 8), (uint32_t)c);
	}
	lv_pushstr(L, lv_out_str(&o));
	return 1;
}

/* Where the n-th character from position i starts; n = 0: the one that contains i. */
static int utf8_offset(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *s = lv_argstr(L, a, n, 0);
	int64_t count = lv_argint(L, a, n, 1), i = lv_optint(L, a, n, 2, count > 0 ? 1 : (int64_t)s->len + 1);

	i = position(i, s->len) - 1;
	if (i < 0 || i > (int64_t)s->len)
		lv_argerror(L, 3, "position out of bounds");
	if (count == 0) {
		while (i > 0 && is_cont(s->s[i]))
			i--;
		lv_pushint(L, i + 1);
		return 1;
	}
	if (is_cont(s->s[i]))
		lv_error(L, "initial position is a continuation byte");
	for (; count < 0 && i > 0; count++)
		do
			i--;
		while (i > 0 && is_cont(s->s[i]));
	for (count -= count > 0; count > 0 && i < (int64_t)s->len; count--)
		do
			i++;
		while (is_cont(s->s[i]));
	if (count == 0)
		lv_pushint(L, i + 1);
	else
		lv_pushnil(L);
	return 1;
}

static int step(struct lv_state *L, struct lv_value *a, int n, bool strict)
{
	struct lv_str *s = lv_argstr(L, a, n, 0);
	uint64_t i = (uint64_t)lv_argint(L, a, n, 1);
	const char *next;
	uint32_t c;

	if (i > 0)
		while (i < s->len && is_cont(s->s[i]))
			i++;
	if (i >= s->len)
		return 0;
	next = decode(s->s + i, &c, strict);
	if (!next || is_cont(*next))
		lv_error(L, "invalid UTF-8 code");
	lv_pushint(L, (int64_t)i + 1);
	lv_pushint(L, c);
	return 2;
}

static int step_strict(struct lv_state *L, struct lv_value *a, int n) { return step(L, a, n, true); }
static int step_lax(struct lv_state *L, struct lv_value *a, int n) { return step(L, a, n, false); }

static int utf8_codes(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *s = lv_argstr(L, a, n, 0);
	struct lv_value f;

	if (is_cont(s->s[0]))
		lv_argerror(L, 1, "invalid UTF-8 code");
	lv_setobj(&f, lv_cfunc(L, lv_truthy(a, n, 1) ? step_lax : step_strict, "for iterator", 0), LV_CFUNC);
	lv_push(L, &f);
	lv_pushstr(L, s);
	lv_pushint(L, 0);
	return 3;
}

static const struct lv_reg funcs[] = {
	{ "char", utf8_char, LV_B_NONE },
	{ "codepoint", utf8_codepoint, LV_B_NONE },
	{ "codes", utf8_codes, LV_B_NONE },
	{ "len", utf8_len, LV_B_NONE },
	{ "offset", utf8_offset, LV_B_NONE },
};

void lv_open_utf8(struct lv_state *L)
{
	struct lv_table *t = lv_newlib(L, "utf8", funcs, COUNT(funcs));
	struct lv_value v;

	lv_setstr(&v, lv_str(L, "[\0-\x7F\xC2-\xFD][\x80-\xBF]*", 14));
	lv_setz(L, t, "charpattern", &v);
}
