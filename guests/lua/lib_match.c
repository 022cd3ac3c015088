/* SPDX-License-Identifier: MIT
 * lib_match.c - the matcher of string patterns.
 *
 * It backtracks and walks the pattern text; only captures, optional items and the tails of repetitions recurse, at most
 * MAXDEPTH deep, so a hostile pattern ends in "pattern too complex". Classes (%a) are bitmaps, built once per VM and
 * locale; sets ([...]) that are tested more than SET_HOT times in one call become bitmaps, too; a pattern that starts with a
 * plain character is searched for with memchr.
 *
 * Cost: linear in the subject for patterns without nested repetition, polynomial otherwise.
 */
#include <ctype.h>
#include "lib.h"

enum { MAXDEPTH = 200, SET_HOT = 3 };
enum { CAP_OPEN = -1, CAP_POSITION = -2 };

static const char *match(struct lv_match *m, const char *s, const char *p);

void lv_match_init(struct lv_match *m, struct lv_state *L, const struct lv_str *s, const struct lv_str *p)
{
	m->L = L;
	m->lib = lv_lib(L);
	m->src = s->s;
	m->end = s->s + s->len;
	m->pend = p->s + p->len;
	for (int i = 0; i < LV_MATCHSETS; i++)
		m->set[i].at = NULL;
}

const char *lv_match_at(struct lv_match *m, const char *s, const char *p)
{
	m->ncap = 0;
	m->depth = MAXDEPTH;
	return match(m, s, p);
}

/* ---- single characters --------------------------------------------------------------------- */

static inline bool has_bit(const uint64_t *bits, unsigned c)
{
	return bits[c >> 6] >> (c & 63) & 1;
}

static int (*class_function(int letter))(int)
{
	switch (letter) {
	case 'a': return isalpha;
	case 'c': return iscntrl;
	case 'd': return isdigit;
	case 'g': return isgraph;
	case 'l': return islower;
	case 'p': return ispunct;
	case 's': return isspace;
	case 'u': return isupper;
	case 'w': return isalnum;
	case 'x': return isxdigit;
	default: return NULL;
	}
}

/* Bitmap of the class of a small letter. False: the letter stands for itself. */
static bool build_class(struct lv_lib *lib, int letter)
{
	int (*is)(int) = class_function(letter);
	uint64_t *bits = lib->class[letter - 'a'];

	if (!is)
		return false;
	memset(bits, 0, sizeof lib->class[0]);
	for (unsigned c = 0; c < 256; c++)
		if (is((int)c))
			bits[c >> 6] |= UINT64_C(1) << (c & 63);
	lib->class_built |= 1u << (letter - 'a');
	return true;
}

/* Does %class match c? Classes in capitals are complements; other characters stand for themselves. */
static inline bool in_class(struct lv_lib *lib, int c, int class)
{
	int letter = class | 0x20;

	if (letter < 'a' || letter > 'z' || (!(lib->class_built >> (letter - 'a') & 1) && !build_class(lib, letter)))
		return class == c;
	return has_bit(lib->class[letter - 'a'], (unsigned)c) == (class == letter);
}

/* One past the ']' of the set that starts at p. A ']' right after '[' or '[^' is a member. */
static const char *set_end(struct lv_match *m, const char *p)
{
	const char *q = p + 1;

	if (q < m->pend && *q == '^')
		q++;
	do {
		if (q >= m->pend)
			lv_error(m->L, "malformed pattern (missing ']')");
		if (*q++ == '%')
			q++;
	} while (q >= m->pend || *q != ']');
	return q + 1;
}

/* Is c in the set p .. last, last being its ']'? */
static bool in_set(struct lv_lib *lib, int c, const char *p, const char *last)
{
	bool yes = true;

	if (*++p == '^') {
		yes = false;
		p++;
	}
	for (; p < last; p++) {
		if (*p == '%') {
			if (in_class(lib, c, (unsigned char)*++p))
				return yes;
		} else if (p[1] == '-' && p + 2 < last) {
			if ((unsigned char)p[0] <= c && c <= (unsigned char)p[2])
				return yes;
			p += 2;
		} else if ((unsigned char)*p == c) {
			return yes;
		}
	}
	return !yes;
}

/* The same for all characters at once. */
static void build_set(struct lv_lib *lib, uint64_t bits[4], const char *p, const char *last)
{
	bool complement = *++p == '^';

	memset(bits, 0, 4 * sizeof *bits);
	for (p += complement; p < last; p++) {
		unsigned from = (unsigned char)*p, to = from;

		if (*p == '%') {
			int class = (unsigned char)*++p, letter = class | 0x20;

			from = to = (unsigned)class;
			in_class(lib, 0, class);		/* builds the bitmap, if it is a class */
			if (letter >= 'a' && letter <= 'z' && lib->class_built >> (letter - 'a') & 1) {
				for (int i = 0; i < 4; i++)
					bits[i] |= class == letter ? lib->class[letter - 'a'][i] : ~lib->class[letter - 'a'][i];
				continue;
			}
		} else if (p[1] == '-' && p + 2 < last) {
			to = (unsigned char)p[2];
			p += 2;
		}
		for (unsigned c = from; c <= to; c++)
			bits[c >> 6] |= UINT64_C(1) << (c & 63);
	}
	for (int i = 0; complement && i < 4; i++)
		bits[i] = ~bits[i];
}

/* The bitmap of the set at p, once it is worth having; else NULL. */
static const uint64_t *set_bits(struct lv_match *m, const char *p, const char *last)
{
	struct lv_matchset *s = &m->set[(uintptr_t)p % LV_MATCHSETS];

	if (s->at != p) {
		s->at = p;
		s->uses = 0;
		s->built = false;
		return NULL;
	}
	if (s->built)
		return s->bits;
	if (++s->uses < SET_HOT)
		return NULL;
	build_set(m->lib, s->bits, p, last);
	s->built = true;
	return s->bits;
}

/* End of the one-character item at p. */
static const char *item_end(struct lv_match *m, const char *p)
{
	if (*p == '%') {
		if (p + 1 >= m->pend)
			lv_error(m->L, "malformed pattern (ends with '%%')");
		return p + 2;
	}
	return *p == '[' ? set_end(m, p) : p + 1;
}

/* Does the item p .. pe match the character at s (which may be the end)? */
static inline bool one(struct lv_match *m, const char *s, const char *p, const char *pe)
{
	int c;

	if (s >= m->end)
		return false;
	c = (unsigned char)*s;
	switch (*p) {
	case '.':
		return true;
	case '%':
		return in_class(m->lib, c, (unsigned char)p[1]);
	case '[': {
		const uint64_t *bits = set_bits(m, p, pe - 1);

		return bits ? has_bit(bits, (unsigned char)c) : in_set(m->lib, c, p, pe - 1);
	}
	default:
		return (unsigned char)*p == c;
	}
}

/* How far the item matches from s on. */
static const char *span(struct lv_match *m, const char *s, const char *p, const char *pe)
{
	const uint64_t *bits;

	switch (*p) {
	case '.':
		return m->end;
	case '[':
		while (!(bits = set_bits(m, p, pe - 1))) {
			if (s >= m->end || !in_set(m->lib, (unsigned char)*s, p, pe - 1))
				return s;
			s++;
		}
		while (s < m->end && has_bit(bits, (unsigned char)*s))
			s++;
		return s;
	default:
		while (one(m, s, p, pe))
			s++;
		return s;
	}
}

/* ---- captures and the special items ---------------------------------------------------------- */

static const char *open_capture(struct lv_match *m, const char *s, const char *p, ptrdiff_t what)
{
	if (m->ncap >= LV_MAXCAPTURES)
		lv_error(m->L, "too many captures");
	m->cap[m->ncap].at = s;
	m->cap[m->ncap].len = what;
	m->ncap++;
	s = match(m, s, p);
	if (!s)
		m->ncap--;
	return s;
}

static const char *close_capture(struct lv_match *m, const char *s, const char *p)
{
	int i = m->ncap - 1;

	while (i >= 0 && m->cap[i].len != CAP_OPEN)
		i--;
	if (i < 0)
		lv_error(m->L, "invalid pattern capture");
	m->cap[i].len = s - m->cap[i].at;
	s = match(m, s, p);
	if (!s)
		m->cap[i].len = CAP_OPEN;
	return s;
}

/* %1: the text of an earlier capture again. */
static const char *backref(struct lv_match *m, const char *s, char digit)
{
	int i = digit - '1';
	size_t len;

	if (i < 0 || i >= m->ncap || m->cap[i].len == CAP_OPEN)
		lv_error(m->L, "invalid capture index %%%d", i + 1);
	len = (size_t)m->cap[i].len;
	if ((size_t)(m->end - s) < len || memcmp(m->cap[i].at, s, len) != 0)
		return NULL;
	return s + len;
}

/* %bxy at p (behind the b) */
static const char *balance(struct lv_match *m, const char *s, const char *p)
{
	size_t level = 1;

	if (p + 1 >= m->pend)
		lv_error(m->L, "malformed pattern (missing arguments to '%%b')");
	if (s >= m->end || *s != p[0])
		return NULL;
	while (++s < m->end) {
		if (*s == p[1]) {
			if (--level == 0)
				return s + 1;
		} else if (*s == p[0]) {
			level++;
		}
	}
	return NULL;
}

/* %f[set] at p (the set): before s is no member, at s is one; the ends count as '\0'. */
static const char *frontier(struct lv_match *m, const char *s, const char **p)
{
	const char *set = *p, *last;
	int before = s == m->src ? 0 : (unsigned char)s[-1], at = s < m->end ? (unsigned char)*s : 0;

	if (set >= m->pend || *set != '[')
		lv_error(m->L, "missing '[' after '%%f' in pattern");
	*p = set_end(m, set);
	last = *p - 1;
	return !in_set(m->lib, before, set, last) && in_set(m->lib, at, set, last) ? s : NULL;
}

/* ---- the matcher -------------------------------------------------------------------------------- */

/* item* and item+: as many as possible, then fewer until the rest matches. */
static const char *longest(struct lv_match *m, const char *s, const char *p, const char *pe)
{
	const char *e = span(m, s, p, pe), *r;

	if (pe + 1 == m->pend)
		return e;
	for (; e >= s; e--)
		if ((r = match(m, e, pe + 1)))
			return r;
	return NULL;
}

static const char *shortest(struct lv_match *m, const char *s, const char *p, const char *pe)
{
	const char *r;

	for (;; s++) {
		if ((r = match(m, s, pe + 1)))
			return r;
		if (!one(m, s, p, pe))
			return NULL;
	}
}

/* A '%' item that is not a class: true when it was one, *s then behind it or NULL, *p behind the item. */
static bool special(struct lv_match *m, const char **s, const char **p)
{
	char c = *p + 1 < m->pend ? (*p)[1] : 0;

	if (c == 'b') {
		*s = balance(m, *s, *p + 2);
		*p += 4;
	} else if (c == 'f') {
		*p += 2;
		*s = frontier(m, *s, p);
	} else if (c >= '0' && c <= '9') {
		*s = backref(m, *s, c);
		*p += 2;
	} else {
		return false;
	}
	return true;
}

/* End of the match of pattern p at s, or NULL. */
static const char *match(struct lv_match *m, const char *s, const char *p)
{
	const char *pe, *r;

	if (m->depth-- == 0)
		lv_error(m->L, "pattern too complex");
	while (s && p < m->pend) {
		switch (*p) {
		case '(':
			s = p + 1 < m->pend && p[1] == ')' ? open_capture(m, s, p + 2, CAP_POSITION) : open_capture(m, s, p + 1, CAP_OPEN);
			goto out;
		case ')':
			s = close_capture(m, s, p + 1);
			goto out;
		case '$':
			if (p + 1 == m->pend) {
				s = s == m->end ? s : NULL;
				goto out;
			}
			break;
		case '%':
			if (special(m, &s, &p))
				continue;
			break;
		}
		pe = item_end(m, p);
		switch (pe < m->pend ? *pe : 0) {
		case '*':
			s = longest(m, s, p, pe);
			goto out;
		case '+':
			s = one(m, s, p, pe) ? longest(m, s + 1, p, pe) : NULL;
			goto out;
		case '-':
			s = shortest(m, s, p, pe);
			goto out;
		case '?':
			if (one(m, s, p, pe) && (r = match(m, s + 1, pe + 1))) {
				s = r;
				goto out;
			}
			p = pe + 1;
			break;
		default:
			s = one(m, s, p, pe) ? s + 1 : NULL;
			p = pe;
		}
	}
out:
	m->depth++;
	return s;
}

/* ---- searching ------------------------------------------------------------------------------------- */

static bool is_special(char c)
{
	switch (c) {
	case '^': case '$': case '*': case '+': case '?': case '.': case '(': case ')': case '[': case ']': case '%': case '-':
		return true;
	default:
		return false;
	}
}

/* The character every match starts with, or -1. */
int lv_match_first(const char *p, const char *pend)
{
	if (p == pend || is_special(*p))
		return -1;
	if (p + 1 < pend && (p[1] == '*' || p[1] == '?' || p[1] == '-'))
		return -1;
	return (unsigned char)*p;
}

/* First match at or after s; *at is where it starts. */
const char *lv_match_search(struct lv_match *m, const char *s, const char *p, int first, const char **at)
{
	const char *e;

	for (;; s++) {
		if (first >= 0 && !(s = memchr(s, first, (size_t)(m->end - s))))
			return NULL;
		if ((e = lv_match_at(m, s, p))) {
			*at = s;
			return e;
		}
		if (s >= m->end)
			return NULL;
	}
}

bool lv_match_capture(struct lv_match *m, int i, const char *s, const char *e, struct lv_value *out, const char **text, size_t *len)
{
	if (i >= m->ncap) {
		if (i != 0)
			lv_error(m->L, "invalid capture index %%%d", i + 1);
		*text = s;
		*len = (size_t)(e - s);
		return false;
	}
	if (m->cap[i].len == CAP_POSITION) {
		lv_setint(out, m->cap[i].at - m->src + 1);
		return true;
	}
	if (m->cap[i].len == CAP_OPEN)
		lv_error(m->L, "unfinished capture");
	*text = m->cap[i].at;
	*len = (size_t)m->cap[i].len;
	return false;
}

void lv_match_value(struct lv_match *m, int i, const char *s, const char *e, struct lv_value *out)
{
	const char *text;
	size_t len;

	if (!lv_match_capture(m, i, s, e, out, &text, &len))
		lv_setstr(out, lv_str(m->L, text, len));
}

bool lv_match_plain(const struct lv_str *p)
{
	for (size_t i = 0; i < p->len; i++)
		if (is_special(p->s[i]) && p->s[i] != ')' && p->s[i] != ']')
			return false;
	return true;
}
