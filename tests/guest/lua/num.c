/* SPDX-License-Identifier: MIT
 * num.c - unit tests of the Lua guest's numbers. Expected values were taken from the Lua 5.4 interpreter or follow from
 * the manual.
 */
#include "stub.h"

#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>

static const char none[] = "not a number";

/* What a numeral prints as: "nil" style marker, or the number with its kind visible. */
static const struct { const char *in, *out; } numerals[] = {
	{ "0", "0" }, { "  10  ", "10" }, { "\t\n\v\f\r7", "7" }, { "+5", "5" }, { "-5", "-5" }, { "00012", "12" },
	{ "9223372036854775807", "9223372036854775807" }, { "9223372036854775808", "9.2233720368548e+18" },
	{ "-9223372036854775808", "-9223372036854775808" }, { "-9223372036854775809", "-9.2233720368548e+18" },
	{ "18446744073709551616", "1.844674407371e+19" }, { "100000000000000000000000", "1e+23" },
	{ "0x10", "16" }, { "  -0x10", "-16" }, { "0xffffffffffffffffff", "-1" }, { "0XaB", "171" }, { "0x7fffffffffffffff", "9223372036854775807" },
	{ "0x1p4", "16.0" }, { "0X1P3", "8.0" }, { "0x.8", "0.5" }, { "0x8.", "8.0" }, { "0x1.8p-1", "0.75" }, { "0xA.8p0", "10.5" },
	{ "-0x.8p1", "-1.0" }, { "0x0.0000000000000000000000000000000000001p140", "0.00390625" }, { "0x1p99999", "inf" },
	{ "1e1", "10.0" }, { "1E+5", "100000.0" }, { ".5", "0.5" }, { "5.", "5.0" }, { "1e309", "inf" }, { "1e-400", "0.0" }, { "-0.0", "-0.0" },
	{ "3.14159265358979", "3.1415926535898" }, { "0.1", "0.1" }, { "123456789012345", "123456789012345" }, { "1e15", "1e+15" }, { "1e14", "1e+14" },
	{ "123456789.0e3", "123456789000.0" }, { "99999999999999.0", "99999999999999.0" }, { "-99999999999999.0", "-99999999999999.0" },
	{ "9007199254740993e0", "9.007199254741e+15" }, { "5e-324", "4.9406564584125e-324" }, { "1e-5", "1e-05" },
	{ "", none }, { "  ", none }, { ".", none }, { "0x", none }, { "0x.", none }, { "0x.p1", none }, { "1e", none }, { "1e+", none }, { "0x1p", none },
	{ "10a", none }, { "1 2", none }, { "inf", none }, { "nan", none }, { "-inf", none }, { "0xinf", none }, { "- 1", none }, { "--5", none },
	{ "+-5", none }, { "1_0", none }, { "1f", none }, { "1e5.0", none }, { "1..2", none }, { "infinity", none }, { "0b1", none }, { "1p4", none },
	{ "0x1g", none }, { "e5", none }, { "0x1.0.0", none },
};

static void read_and_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof numerals / sizeof numerals[0]; i++) {
		struct lv_value v;
		char out[64];
		size_t n = lv_str2num(numerals[i].in, &v), len;

		if (numerals[i].out == none) {
			if (n)
				fail_msg("'%s' is no numeral", numerals[i].in);
			continue;
		}
		if (n != strlen(numerals[i].in) + 1)
			fail_msg("'%s' is a numeral", numerals[i].in);
		len = lv_fmtnum(&v, out);
		assert_string_equal(out, numerals[i].out);
		assert_int_equal(len, strlen(out));
	}
}

static void special_values_print(void **state)
{
	struct lv_value v;
	char out[64];

	(void)state;
	lv_setflt(&v, INFINITY); lv_fmtnum(&v, out); assert_string_equal(out, "inf");
	lv_setflt(&v, -INFINITY); lv_fmtnum(&v, out); assert_string_equal(out, "-inf");
	lv_setflt(&v, copysign(NAN, 1)); lv_fmtnum(&v, out); assert_string_equal(out, "nan");
	lv_setflt(&v, copysign(NAN, -1)); lv_fmtnum(&v, out); assert_string_equal(out, "-nan");
	lv_setint(&v, INT64_MIN); lv_fmtnum(&v, out); assert_string_equal(out, "-9223372036854775808");
	lv_setflt(&v, 0x1p63); lv_fmtnum(&v, out); assert_string_equal(out, "9.2233720368548e+18");
	lv_setflt(&v, -DBL_MAX); lv_fmtnum(&v, out); assert_string_equal(out, "-1.7976931348623e+308");
}

/* Against the C library, over random numbers and numerals. */
static void random_numbers(void **state)
{
	struct rnd r = rnd_seed("numbers");

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		char text[64], out[64], want[64];
		struct lv_value v, back;
		uint64_t bits = rnd(&r);
		int64_t k = (int64_t)bits >> rnd(&r) % 64;
		double d;

		snprintf(want, sizeof want, "%" PRId64, k);
		lv_setint(&v, k);
		lv_fmtnum(&v, out);
		assert_string_equal(out, want);
		assert_true(lv_str2num(out, &back) && back.tag == LV_INT && back.i == k);
		memcpy(&d, &bits, 8);
		if (i % 2)
			d = (double)k / (double)(1 + rnd(&r) % 1000);
		if (!isfinite(d))
			continue;
		snprintf(text, sizeof text, i % 3 ? "%.17g" : "%.6f", i % 3 ? d : fmod(d, 1e9));
		if (strpbrk(text, ".e")) {
			assert_true(lv_str2num(text, &back) && back.tag == LV_FLT);
			assert_true(back.n == strtod(text, NULL) && !signbit(back.n) == !signbit(strtod(text, NULL)));
		}
		snprintf(text, sizeof text, "%a", d);
		if (strpbrk(text, ".p"))
			assert_true(lv_str2num(text, &back) && back.tag == LV_FLT && back.n == d);
		lv_setflt(&v, d);
		lv_fmtnum(&v, out);
		snprintf(want, sizeof want - 3, "%.14g", d);
		if (!strpbrk(want, ".e"))
			strcat(want, ".0");
		assert_string_equal(out, want);
	}
}

static void locale_does_not_matter(void **state)
{
	static const char *const names[] = { "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE" };
	struct lv_value v;
	char out[64];
	bool found = false;

	(void)state;
	for (size_t i = 0; i < 4 && !found; i++)
		found = setlocale(LC_NUMERIC, names[i]) != NULL;
	assert_int_equal(lv_str2num("0.1234567890123456789", &v), 22);
	assert_true(v.n == 0x1.f9add3746f65fp-4);
	assert_int_equal(lv_str2num("0,5", &v), 0);
	lv_setflt(&v, 1.5);
	assert_int_equal(lv_fmtnum(&v, out), 3);
	assert_string_equal(out, "1.5");
	setlocale(LC_NUMERIC, "C");
	if (!found)
		print_message("no locale with a decimal comma here\n");
}

static void conversions(void **state)
{
	struct lv_state *L = stub_open(0);
	struct lv_value v, out;
	int64_t i;

	(void)state;
	assert_true(lv_flt2int(-0x1p63, &i) && i == INT64_MIN);
	assert_false(lv_flt2int(0x1p63, &i));
	assert_false(lv_flt2int(0.5, &i) || lv_flt2int(NAN, &i) || lv_flt2int(INFINITY, &i) || lv_flt2int(-INFINITY, &i));
	assert_true(lv_flt2int(-0.0, &i) && i == 0);
	lv_setstr(&v, lv_strz(L, " 0x10 "));
	assert_true(lv_tointeger(&v, &i) && i == 16);
	lv_setstr(&v, lv_strz(L, "3.0"));
	assert_true(lv_tointeger(&v, &i) && i == 3);
	assert_true(lv_tonum(&v, &out) && out.tag == LV_FLT);
	lv_setstr(&v, lv_strz(L, "3.5"));
	assert_false(lv_tointeger(&v, &i));
	lv_setstr(&v, lv_str(L, "1\0", 2));
	assert_false(lv_tonum(&v, &out));
	lv_setnil(&v);
	assert_false(lv_tonum(&v, &out) || lv_tointeger(&v, &i));
	lv_setflt(&v, -0.0);
	assert_string_equal(lv_num2str(L, &v)->s, "-0.0");
	stub_close(L);
}

static void arithmetic(void **state)
{
	struct lv_state *L = stub_open(0);

	(void)state;
	assert_int_equal(lv_idiv(L, -7, 2), -4);
	assert_int_equal(lv_idiv(L, 7, -2), -4);
	assert_int_equal(lv_idiv(L, -7, -2), 3);
	assert_int_equal(lv_idiv(L, 6, -2), -3);
	assert_true(lv_idiv(L, INT64_MIN, -1) == INT64_MIN);
	assert_int_equal(lv_imod(L, -7, 3), 2);
	assert_int_equal(lv_imod(L, 7, -3), -2);
	assert_int_equal(lv_imod(L, -6, 3), 0);
	assert_int_equal(lv_imod(L, INT64_MIN, -1), 0);
	assert_true(lv_imod(L, INT64_MIN, INT64_MAX) == INT64_MAX - 1);
	assert_int_equal(TRY(lv_idiv(L, 1, 0)), LV_ERRRUN);
	assert_string_equal(message, "attempt to divide by zero");
	assert_int_equal(TRY(lv_imod(L, 1, 0)), LV_ERRRUN);
	assert_string_equal(message, "attempt to perform 'n%0'");
	assert_true(lv_fmod(-1, INFINITY) == INFINITY && lv_fmod(1, INFINITY) == 1 && lv_fmod(1, -INFINITY) == -INFINITY);
	assert_true(lv_fmod(-5.5, 2) == 0.5 && lv_fmod(5.5, -2) == -0.5 && isnan(lv_fmod(1, 0)) && isnan(lv_fmod(INFINITY, 1)));
	assert_true(signbit(lv_fmod(-4, 2)) && lv_fmod(-4, 2) == 0);
	assert_int_equal(lv_shl(1, 63), INT64_MIN);
	assert_int_equal(lv_shl(1, 64), 0);
	assert_int_equal(lv_shl(-1, -1), INT64_MAX);
	assert_int_equal(lv_shl(-1, -63), 1);
	assert_int_equal(lv_shl(-1, -64), 0);
	assert_int_equal(lv_shl(1, INT64_MIN), 0);
	assert_int_equal(lv_shl(1, INT64_MAX), 0);
	stub_close(L);
}

static struct lv_value num(double n, bool flt)
{
	struct lv_value v;

	if (flt)
		lv_setflt(&v, n);
	else
		lv_setint(&v, (int64_t)n);
	return v;
}

/* Turns a loop over these would make; -1: error, see message. */
static int64_t turns(struct lv_state *L, struct lv_value from, struct lv_value to, struct lv_value step)
{
	struct lv_value r[4] = { from, to, step };
	volatile bool runs = false;

	if (TRY(runs = lv_forprep(L, r)))
		return -1;
	if (!runs)
		return 0;
	if (r[0].tag == LV_INT) {
		assert_int_equal(r[1].tag, LV_INT);
		assert_true(r[3].tag == LV_INT && r[3].i == from.i);
		return r[1].i == -1 ? INT64_MAX : r[1].i + 1;
	}
	assert_true(r[0].tag == LV_FLT && r[1].tag == LV_FLT && r[2].tag == LV_FLT && r[3].tag == LV_FLT);
	return 1;
}

static void loops(void **state)
{
	struct lv_state *L = stub_open(0);
	struct lv_value s, nil = { 0 }, max, min;

	(void)state;
	lv_setint(&max, INT64_MAX);
	lv_setint(&min, INT64_MIN);
#define I(n) num(n, false)
#define F(n) num(n, true)
	assert_int_equal(turns(L, I(1), I(10), I(1)), 10);
	assert_int_equal(turns(L, I(1), I(10), I(4)), 3);
	assert_int_equal(turns(L, I(10), I(1), I(-3)), 4);
	assert_int_equal(turns(L, I(1), I(0), I(1)), 0);
	assert_int_equal(turns(L, I(0), I(1), I(-1)), 0);
	assert_int_equal(turns(L, I(1), F(2.9), I(1)), 2);
	assert_int_equal(turns(L, I(3), F(1.1), I(-1)), 2);
	assert_int_equal(turns(L, I(1), F(NAN), I(1)), 0);
	assert_int_equal(turns(L, I(1), F(NAN), I(-1)), 0);
	assert_int_equal(turns(L, I(1), F(-INFINITY), I(1)), 0);
	assert_int_equal(turns(L, I(1), F(INFINITY), I(-1)), 0);
	assert_int_equal(turns(L, max, F(INFINITY), I(1)), 1);
	assert_int_equal(turns(L, min, F(-1e300), I(-1)), 1);
	assert_int_equal(turns(L, min, max, I(1)), INT64_MAX);		/* 2^64 turns */
	assert_int_equal(turns(L, min, max, max), 3);
	assert_int_equal(turns(L, max, min, min), 1 + 1 - 0);
	assert_int_equal(turns(L, F(1), I(2), I(1)), 1);
	assert_int_equal(turns(L, I(1), I(2), F(1)), 1);
	assert_int_equal(turns(L, F(1), F(NAN), I(1)), 1);		/* as 5.4 has it */
	assert_int_equal(turns(L, F(1), F(3), F(NAN)), 0);
	assert_int_equal(turns(L, F(2), I(1), I(1)), 0);
	lv_setstr(&s, lv_strz(L, "2"));
	assert_int_equal(turns(L, I(1), s, I(1)), 2);
	assert_int_equal(turns(L, s, I(1), I(1)), 0);
	assert_int_equal(turns(L, I(1), I(2), I(0)), -1);
	assert_string_equal(message, "'for' step is zero");
	assert_int_equal(turns(L, F(1), I(2), I(0)), -1);
	assert_string_equal(message, "'for' step is zero");
	lv_setstr(&s, lv_strz(L, "x"));
	assert_int_equal(turns(L, I(1), s, I(0)), -1);
	assert_string_equal(message, "'for' step is zero");
	assert_int_equal(turns(L, I(1), s, nil), -1);
	assert_string_equal(message, "bad 'for' limit (number expected, got string)");
	assert_int_equal(turns(L, s, I(1), nil), -1);
	assert_string_equal(message, "bad 'for' step (number expected, got nil)");
	assert_int_equal(turns(L, s, I(1), I(1)), -1);
	assert_string_equal(message, "bad 'for' initial value (number expected, got string)");
#undef I
#undef F
	stub_close(L);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_and_write),
		cmocka_unit_test(special_values_print),
		cmocka_unit_test(random_numbers),
		cmocka_unit_test(locale_does_not_matter),
		cmocka_unit_test(conversions),
		cmocka_unit_test(arithmetic),
		cmocka_unit_test(loops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
