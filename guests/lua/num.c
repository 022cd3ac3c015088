/* SPDX-License-Identifier: MIT
 * num.c - numbers: numerals to numbers and back, conversions, integer division, shifts, the numeric for.
 *
 * Numerals are checked against Lua's grammar here; only then the C library converts floats (correctly rounded), so
 * nothing it would accept on its own (inf, nan, other locales' points) gets through. Decimal floats with few digits
 * and small exponents are exact in one multiplication or division and need no library.
 *
 * Output is "%d" and "%.14g" as Lua has it; integers and floats with an integer value below 1e14 are printed by hand.
 */
#include "lv.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- reading ---------------------------------------------------------------------------------- */

static bool blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static bool digit(char c) { return c >= '0' && c <= '9'; }

static int hexdigit(char c)	/* or -1 */
{
	if (digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* strtod with the numeral's '.' in whatever locale. [s, end) is known to be well formed. */
static double convert(const char *s, const char *end)
{
	const char *point = localeconv()->decimal_point, *dot = memchr(s, '.', (size_t)(end - s));
	size_t np = strlen(point), n = (size_t)(end - s);
	char small[256], *buf = small, *p;
	double r;

	if (!dot || strcmp(point, ".") == 0)
		return strtod(s, NULL);
	if (n + np + 1 > sizeof small && !(buf = malloc(n + np + 1)))
		return 0;
	p = buf;
	memcpy(p, s, (size_t)(dot - s));
	p += dot - s;
	memcpy(p, point, np);
	p += np;
	memcpy(p, dot + 1, (size_t)(end - dot - 1));
	p[end - dot - 1] = 0;
	r = strtod(buf, NULL);
	if (buf != small)
		free(buf);
	return r;
}

/* Behind an exponent's letter: sign and digits. NULL: no digits. */
static const char *exponent(const char *p, int *out)
{
	bool neg = *p == '-';
	int e = 0;

	if (*p == '-' || *p == '+')
		p++;
	if (!digit(*p))
		return NULL;
	for (; digit(*p); p++)
		if (e < 100000)
			e = e * 10 + (*p - '0');
	*out = neg ? -e : e;
	return p;
}

/* p behind "0x"; s at the sign or the 0. Returns the end, or NULL. */
static const char *read_hex(const char *s, const char *p, bool neg, struct lv_value *out)
{
	const char *from = p;
	uint64_t a = 0;
	int d, e;

	for (; (d = hexdigit(*p)) >= 0; p++)
		a = a << 4 | (unsigned)d;
	if (*p != '.' && (*p | 0x20) != 'p') {
		lv_setint(out, (int64_t)(neg ? 0 - a : a));
		return p > from ? p : NULL;
	}
	if (*p == '.') {
		bool before = p > from;
		const char *frac = ++p;

		while (hexdigit(*p) >= 0)
			p++;
		if (!before && p == frac)
			return NULL;
	} else if (p == from) {
		return NULL;
	}
	if ((*p | 0x20) == 'p') {
		p = exponent(p + 1, &e);
		if (!p)
			return NULL;
	}
	lv_setflt(out, convert(s, p));
	return p;
}

/* m * 10^e exactly rounded, when both are exact doubles. */
static bool small_float(uint64_t m, int e, double *out)
{
	static const double ten[] = {
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
	};

	if (m > (uint64_t)1 << 53 || e < -22 || e > 22)
		return false;
	*out = e < 0 ? (double)m / ten[-e] : (double)m * ten[e];
	return true;
}

static const char *read_decimal(const char *s, const char *p, bool neg, struct lv_value *out)
{
	uint64_t a = 0;
	bool isint = true, exact = true, any = false;
	int e = 0, frac = 0;
	double n;

	for (;; p++) {
		if (digit(*p)) {
			unsigned d = (unsigned)(*p - '0');

			any = true;
			if (a > (UINT64_MAX - d) / 10)
				exact = false;
			a = a * 10 + d;
			frac += !isint;
		} else if (*p == '.' && isint) {
			isint = false;
		} else {
			break;
		}
	}
	if (!any)
		return NULL;
	if ((*p | 0x20) == 'e') {
		isint = false;
		p = exponent(p + 1, &e);
		if (!p)
			return NULL;
	}
	if (isint && exact && a <= (uint64_t)INT64_MAX + neg)
		lv_setint(out, (int64_t)(neg ? 0 - a : a));
	else if (exact && frac < 1000 && small_float(a, e - frac, &n))
		lv_setflt(out, neg ? -n : n);
	else
		lv_setflt(out, convert(s, p));
	return p;
}

size_t lv_str2num(const char *str, struct lv_value *out)
{
	const char *s = str, *p;
	bool neg;

	while (blank(*s))
		s++;
	neg = *s == '-';
	p = s + (*s == '-' || *s == '+');
	if (p[0] == '0' && (p[1] | 0x20) == 'x')
		p = read_hex(s, p + 2, neg, out);
	else
		p = read_decimal(s, p, neg, out);
	if (!p)
		return 0;
	while (blank(*p))
		p++;
	return *p == 0 ? (size_t)(p - str) + 1 : 0;
}

/* ---- conversions --------------------------------------------------------------------------------- */

bool lv_tonum(const struct lv_value *v, struct lv_value *out)
{
	if (lv_isnum(v)) {
		*out = *v;
		return true;
	}
	return v->tag == LV_STR && lv_str2num(v->s->s, out) == v->s->len + 1;
}

bool lv_flt2int(double n, int64_t *out)
{
	if (!(n >= -0x1p63 && n < 0x1p63))
		return false;
	*out = (int64_t)n;
	return (double)*out == n;
}

bool lv_tointeger(const struct lv_value *v, int64_t *out)
{
	struct lv_value n;

	if (v->tag == LV_INT) {
		*out = v->i;
		return true;
	}
	return lv_tonum(v, &n) && (n.tag == LV_INT ? (*out = n.i, true) : lv_flt2int(n.n, out));
}

/* ---- writing ---------------------------------------------------------------------------------------- */

static size_t put_int(int64_t i, char *out)
{
	uint64_t u = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
	char tmp[24], *p = tmp + sizeof tmp;
	size_t n;

	do
		*--p = (char)('0' + u % 10);
	while (u /= 10);
	if (i < 0)
		*--p = '-';
	n = (size_t)(tmp + sizeof tmp - p);
	memcpy(out, p, n);
	out[n] = 0;
	return n;
}

size_t lv_fmtnum(const struct lv_value *v, char out[64])
{
	const char *point;
	size_t n;
	char *p;

	if (v->tag == LV_INT)
		return put_int(v->i, out);
	if (v->n > -1e14 && v->n < 1e14 && (double)(int64_t)v->n == v->n && (v->n != 0 || !signbit(v->n))) {
		n = put_int((int64_t)v->n, out);
		memcpy(out + n, ".0", 3);
		return n + 2;
	}
	n = (size_t)snprintf(out, 64, "%.14g", v->n);
	if (out[strspn(out, "-0123456789")] == 0) {
		memcpy(out + n, ".0", 3);
		return n + 2;
	}
	point = localeconv()->decimal_point;
	if (strcmp(point, ".") != 0 && (p = strstr(out, point)) != NULL) {
		size_t np = strlen(point);

		*p = '.';
		memmove(p + 1, p + np, strlen(p + np) + 1);
		n -= np - 1;
	}
	return n;
}

struct lv_str *lv_num2str(struct lv_state *L, const struct lv_value *v)
{
	char buf[64];

	return lv_str(L, buf, lv_fmtnum(v, buf));
}

/* ---- arithmetic ---------------------------------------------------------------------------------------- */

int64_t lv_idiv(struct lv_state *L, int64_t a, int64_t b)
{
	if (b == 0)
		lv_error(L, "attempt to divide by zero");
	if (b == -1)		/* the machine traps on the smallest number */
		return (int64_t)(0 - (uint64_t)a);
	return a / b - (a % b != 0 && (a ^ b) < 0);
}

int64_t lv_imod(struct lv_state *L, int64_t a, int64_t b)
{
	int64_t r;

	if (b == 0)
		lv_error(L, "attempt to perform 'n%%0'");
	if (b == -1)
		return 0;
	r = a % b;
	return r != 0 && (r ^ b) < 0 ? r + b : r;
}

double lv_fmod(double a, double b)
{
	double r = fmod(a, b);

	return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

int64_t lv_shl(int64_t a, int64_t n)
{
	if (n <= -64 || n >= 64)
		return 0;
	return (int64_t)(n >= 0 ? (uint64_t)a << n : (uint64_t)a >> -n);
}

/* ---- numeric for ----------------------------------------------------------------------------------------- */

static _Noreturn void for_error(struct lv_state *L, const struct lv_value *v, const char *what)
{
	lv_error(L, "bad 'for' %s (number expected, got %s)", what, lv_typename_meta(L, v));
}

/* The limit of an integer loop, cut to the range of integers. False: the loop does not run. */
static bool int_limit(struct lv_state *L, const struct lv_value *v, int64_t step, int64_t *out)
{
	struct lv_value n;
	double f;

	if (!lv_tonum(v, &n))
		for_error(L, v, "limit");
	if (n.tag == LV_INT) {
		*out = n.i;
		return true;
	}
	f = step > 0 ? floor(n.n) : ceil(n.n);
	if (lv_flt2int(f, out))
		return true;
	if (f > 0) {
		*out = INT64_MAX;
		return step > 0;
	}
	*out = INT64_MIN;
	return f < 0 && step < 0;	/* neither for NaN */
}

static double for_float(struct lv_state *L, const struct lv_value *v, const char *what)
{
	struct lv_value n;

	if (!lv_tonum(v, &n))
		for_error(L, v, what);
	return n.tag == LV_INT ? (double)n.i : n.n;
}

static bool prepare_int(struct lv_state *L, struct lv_value *r)
{
	int64_t init = r[0].i, step = r[2].i, limit;
	uint64_t turns;

	if (step == 0)
		lv_error(L, "'for' step is zero");
	if (!int_limit(L, &r[1], step, &limit) || (step > 0 ? init > limit : init < limit))
		return false;
	if (step > 0)
		turns = ((uint64_t)limit - (uint64_t)init) / (uint64_t)step;
	else
		turns = ((uint64_t)init - (uint64_t)limit) / (0 - (uint64_t)step);
	lv_setint(&r[1], (int64_t)turns);
	lv_setint(&r[3], init);
	return true;
}

bool lv_forprep(struct lv_state *L, struct lv_value *r)
{
	double init, limit, step;

	if (r[0].tag == LV_INT && r[2].tag == LV_INT)
		return prepare_int(L, r);
	limit = for_float(L, &r[1], "limit");
	step = for_float(L, &r[2], "step");
	init = for_float(L, &r[0], "initial value");
	if (step == 0)
		lv_error(L, "'for' step is zero");
	if (step > 0 ? limit < init : init < limit)
		return false;
	lv_setflt(&r[0], init);
	lv_setflt(&r[1], limit);
	lv_setflt(&r[2], step);
	lv_setflt(&r[3], init);
	return true;
}
