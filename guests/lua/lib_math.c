/* SPDX-License-Identifier: MIT
 * lib_math.c - the math library. Random numbers: xoshiro256** (Blackman and Vigna, 2018), one state per VM.
 */
#include <float.h>
#include <math.h>
#include <time.h>
#include "lib.h"

#define COUNT(x) (sizeof(x) / sizeof(x)[0])

/* A float without a fraction, as an integer when it fits. */
static void push_integral(struct lv_state *L, double d)
{
	int64_t i;

	if (lv_flt2int(d, &i))
		lv_pushint(L, i);
	else
		lv_pushflt(L, d);
}

static int round_with(struct lv_state *L, struct lv_value *a, int n, double (*f)(double))
{
	if (n > 0 && a->tag == LV_INT)
		lv_pushint(L, a->i);
	else
		push_integral(L, f(lv_argnum(L, a, n, 0)));
	return 1;
}

static int math_floor(struct lv_state *L, struct lv_value *a, int n) { return round_with(L, a, n, floor); }
static int math_ceil(struct lv_state *L, struct lv_value *a, int n) { return round_with(L, a, n, ceil); }

static int math_abs(struct lv_state *L, struct lv_value *a, int n)
{
	if (n > 0 && a->tag == LV_INT)
		lv_pushint(L, a->i < 0 ? (int64_t)-(uint64_t)a->i : a->i);
	else
		lv_pushflt(L, fabs(lv_argnum(L, a, n, 0)));
	return 1;
}

static int apply(struct lv_state *L, struct lv_value *a, int n, double (*f)(double))
{
	lv_pushflt(L, f(lv_argnum(L, a, n, 0)));
	return 1;
}

static int math_sqrt(struct lv_state *L, struct lv_value *a, int n) { return apply(L, a, n, sqrt); }
static int math_sin(struct lv_state *L, struct lv_value *a, int n) { return apply(L, a, n, sin); }
static int math_cos(struct lv_state *L, struct lv_value *a, int n) { return apply(L, a, n, cos); }
static int math_tan(struct lv_state *L, struct lv_value *a, int n) { return apply(L, a, n, tan); }
static int math_asin(struct lv_state *L, struct lv_value *a, int n) { return apply(L, a, n, asin); }
static int math_acos(struct lv_state *L, struct lv_value *a, int n) { return apply(L, a, n, acos); }
static int math_exp(struct lv_state *L, struct lv_value *a, int n) { return apply(L, a, n, exp); }

static int math_atan(struct lv_state *L, struct lv_value *a, int n)
{
	double y = lv_argnum(L, a, n, 0);

	lv_pushflt(L, atan2(y, lv_noneornil(a, n, 1) ? 1 : lv_argnum(L, a, n, 1)));
	return 1;
}

static int math_deg(struct lv_state *L, struct lv_value *a, int n)
{
	lv_pushflt(L, lv_argnum(L, a, n, 0) * (180.0 / M_PI));
	return 1;
}

static int math_rad(struct lv_state *L, struct lv_value *a, int n)
{
	lv_pushflt(L, lv_argnum(L, a, n, 0) * (M_PI / 180.0));
	return 1;
}

static int math_log(struct lv_state *L, struct lv_value *a, int n)
{
	double x = lv_argnum(L, a, n, 0), base;

	if (lv_noneornil(a, n, 1)) {
		lv_pushflt(L, log(x));
		return 1;
	}
	base = lv_argnum(L, a, n, 1);
	lv_pushflt(L, base == 2 ? log2(x) : base == 10 ? log10(x) : log(x) / log(base));
	return 1;
}

static int math_fmod(struct lv_state *L, struct lv_value *a, int n)
{
	double d;

	if (n > 1 && a[0].tag == LV_INT && a[1].tag == LV_INT) {
		if (a[1].i == 0)
			lv_argerror(L, 2, "zero");
		lv_pushint(L, a[1].i == -1 ? 0 : a[0].i % a[1].i);	/* the quotient of the least integer by -1 does not exist */
		return 1;
	}
	d = lv_argnum(L, a, n, 1);
	lv_pushflt(L, fmod(lv_argnum(L, a, n, 0), d));
	return 1;
}

static int math_modf(struct lv_state *L, struct lv_value *a, int n)
{
	double x, whole;

	if (n > 0 && a->tag == LV_INT) {
		lv_pushint(L, a->i);
		lv_pushflt(L, 0);
		return 2;
	}
	x = lv_argnum(L, a, n, 0);
	whole = x < 0 ? ceil(x) : floor(x);
	push_integral(L, whole);
	lv_pushflt(L, x == whole ? 0 : x - whole);	/* the difference of infinities is no number */
	return 2;
}

static int math_tointeger(struct lv_state *L, struct lv_value *a, int n)
{
	int64_t i;

	lv_argany(L, a, n, 0);
	if (lv_tointeger(a, &i))
		lv_pushint(L, i);
	else
		lv_pushnil(L);
	return 1;
}

static int math_type(struct lv_state *L, struct lv_value *a, int n)
{
	lv_argany(L, a, n, 0);
	if (a->tag == LV_INT)
		lv_pushz(L, "integer");
	else if (a->tag == LV_FLT)
		lv_pushz(L, "float");
	else
		lv_pushnil(L);
	return 1;
}

static int math_ult(struct lv_state *L, struct lv_value *a, int n)
{
	uint64_t x = (uint64_t)lv_argint(L, a, n, 0);

	lv_pushbool(L, x < (uint64_t)lv_argint(L, a, n, 1));
	return 1;
}

static int extreme(struct lv_state *L, struct lv_value *a, int n, bool max)
{
	int best = 0;

	if (n < 1)
		lv_argerror(L, 1, "value expected");
	for (int i = 1; i < n; i++)
		if (max ? lv_less(L, &a[best], &a[i]) : lv_less(L, &a[i], &a[best]))
			best = i;
	lv_push(L, &a[best]);
	return 1;
}

static int math_max(struct lv_state *L, struct lv_value *a, int n) { return extreme(L, a, n, true); }
static int math_min(struct lv_state *L, struct lv_value *a, int n) { return extreme(L, a, n, false); }

/* ---- random numbers ----------------------------------------------------------------------------- */

static inline uint64_t rotl(uint64_t x, int k) { return x << k | x >> (64 - k); }

static uint64_t next_random(uint64_t s[4])
{
	uint64_t r = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return r;
}

static void seed(struct lv_state *L, uint64_t a, uint64_t b)
{
	L->rng[0] = a;
	L->rng[1] = 0xff;		/* so that the state is never all zero */
	L->rng[2] = b;
	L->rng[3] = 0;
	for (int i = 0; i < 16; i++)
		next_random(L->rng);
}

/* A number in [0, n]: random bits masked to the least 2^b - 1 >= n, drawn again while too large. */
static uint64_t project(struct lv_state *L, uint64_t r, uint64_t n)
{
	uint64_t mask = n == 0 ? 0 : UINT64_MAX >> __builtin_clzll(n);

	while ((r &= mask) > n)
		r = next_random(L->rng);
	return r;
}

static int math_random(struct lv_state *L, struct lv_value *a, int n)
{
	uint64_t r = next_random(L->rng);
	int64_t low = 1, up;

	switch (n) {
	case 0:
		lv_pushflt(L, (double)(r >> 11) * 0x1p-53);
		return 1;
	case 1:
		up = lv_argint(L, a, n, 0);
		if (up == 0) {
			lv_pushint(L, (int64_t)r);
			return 1;
		}
		break;
	case 2:
		low = lv_argint(L, a, n, 0);
		up = lv_argint(L, a, n, 1);
		break;
	default:
		lv_error(L, "wrong number of arguments");
	}
	if (low > up)
		lv_argerror(L, 1, "interval is empty");
	lv_pushint(L, (int64_t)(project(L, r, (uint64_t)up - (uint64_t)low) + (uint64_t)low));
	return 1;
}

static int math_randomseed(struct lv_state *L, struct lv_value *a, int n)
{
	int64_t x, y = 0;

	if (n == 0) {
		x = (int64_t)((uint64_t)time(NULL) ^ next_random(L->rng));
		y = (int64_t)(L->seed ^ next_random(L->rng));
	} else if (a->tag == LV_FLT && !lv_flt2int(a->n, &x)) {
		x = a->i;			/* any float will do: its bits */
	} else {
		x = lv_argint(L, a, n, 0);
	}
	if (n > 0)
		y = lv_optint(L, a, n, 1, 0);
	seed(L, (uint64_t)x, (uint64_t)y);
	lv_pushint(L, x);
	lv_pushint(L, y);
	return 2;
}

static const struct lv_reg funcs[] = {
	{ "abs", math_abs, LV_B_ABS },
	{ "acos", math_acos, LV_B_NONE },
	{ "asin", math_asin, LV_B_NONE },
	{ "atan", math_atan, LV_B_NONE },
	{ "ceil", math_ceil, LV_B_CEIL },
	{ "cos", math_cos, LV_B_COS },
	{ "deg", math_deg, LV_B_NONE },
	{ "exp", math_exp, LV_B_NONE },
	{ "floor", math_floor, LV_B_FLOOR },
	{ "fmod", math_fmod, LV_B_NONE },
	{ "log", math_log, LV_B_NONE },
	{ "max", math_max, LV_B_MAX },
	{ "min", math_min, LV_B_MIN },
	{ "modf", math_modf, LV_B_NONE },
	{ "rad", math_rad, LV_B_NONE },
	{ "random", math_random, LV_B_RANDOM },
	{ "randomseed", math_randomseed, LV_B_NONE },
	{ "sin", math_sin, LV_B_SIN },
	{ "sqrt", math_sqrt, LV_B_SQRT },
	{ "tan", math_tan, LV_B_NONE },
	{ "tointeger", math_tointeger, LV_B_TOINTEGER },
	{ "type", math_type, LV_B_NONE },
	{ "ult", math_ult, LV_B_NONE },
};

void lv_open_math(struct lv_state *L)
{
	struct lv_table *t = lv_newlib(L, "math", funcs, COUNT(funcs));
	struct lv_value v;

	lv_setflt(&v, M_PI);
	lv_setz(L, t, "pi", &v);
	lv_setflt(&v, HUGE_VAL);
	lv_setz(L, t, "huge", &v);
	lv_setint(&v, INT64_MAX);
	lv_setz(L, t, "maxinteger", &v);
	lv_setint(&v, INT64_MIN);
	lv_setz(L, t, "mininteger", &v);
	seed(L, (uint64_t)time(NULL) ^ L->seed, (uint64_t)(uintptr_t)L);
}
