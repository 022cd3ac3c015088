/* SPDX-License-Identifier: MIT
 * str.c - unit tests of the Lua guest's strings.
 */
#include "stub.h"

static void short_strings_are_unique(void **state)
{
	struct lv_state *L = stub_open(0);
	char text[LV_SHORT + 2];

	(void)state;
	for (size_t n = 0; n <= LV_SHORT + 1; n++)
		for (unsigned i = 0; i < 50; i++) {
			struct lv_str *a, *b, *c;

			memset(text, 'a', n);
			if (n)
				text[i % n] = (char)i;		/* zeros too */
			a = lv_str(L, text, n);
			b = lv_str(L, text, n);
			c = lv_strbuf(L, n);
			memcpy(c->s, text, n);
			c = lv_strdone(L, c);
			assert_int_equal(a->len, n);
			assert_memory_equal(a->s, text, n);
			assert_int_equal(a->s[n], 0);
			assert_int_equal(a == b, n <= LV_SHORT);
			assert_int_equal(a == c, n <= LV_SHORT);
			assert_true(lv_streq(a, b) && lv_streq(a, c));
			assert_int_equal(lv_strhash(a), lv_strhash(c));
			assert_int_equal(!(a->flags & LV_STR_LONG), n <= LV_SHORT);
		}
	stub_close(L);
}

static void long_strings_differ_by_any_byte(void **state)
{
	struct lv_state *L = stub_open(0);
	char text[100];
	struct lv_str *a, *b;
	unsigned same = 0;

	(void)state;
	memset(text, 'x', sizeof text);
	a = lv_str(L, text, sizeof text);
	for (size_t i = 0; i < sizeof text; i++) {
		text[i] ^= 1;
		b = lv_str(L, text, sizeof text);
		assert_false(lv_streq(a, b));
		same += lv_strhash(a) == lv_strhash(b);
		assert_false(lv_streq(a, b));
		assert_true(lv_strcmp(a, b) != 0 && (lv_strcmp(a, b) < 0) == (lv_strcmp(b, a) > 0));
		text[i] ^= 1;
	}
	assert_int_equal(same, 0);
	assert_true(lv_streq(a, lv_str(L, text, sizeof text)));
	assert_false(lv_streq(a, lv_str(L, text, sizeof text - 1)));
	stub_close(L);
}

static void order(void **state)
{
	static const struct { const char *s; size_t n; } up[] = {
		{ "", 0 }, { "\0", 1 }, { "\0a", 2 }, { "a", 1 }, { "a\0", 2 }, { "a\0\0", 3 }, { "a\0b", 3 }, { "aa", 2 }, { "ab", 2 }, { "b", 1 },
		{ "\xc3\xa4", 2 },
	};
	enum { N = sizeof up / sizeof up[0] };
	struct lv_state *L = stub_open(0);

	(void)state;
	for (int i = 0; i < N; i++)
		for (int k = 0; k < N; k++) {
			int c = lv_strcmp(lv_str(L, up[i].s, up[i].n), lv_str(L, up[k].s, up[k].n));

			assert_int_equal((c > 0) - (c < 0), (i > k) - (i < k));
		}
	stub_close(L);
}

static void format(void **state)
{
	struct lv_state *L = stub_open(0);
	char want[1000];
	struct lv_str *s;

	(void)state;
	assert_string_equal(lv_strf(L, "%s-%d", "abc", 5)->s, "abc-5");
	memset(want, 'q', sizeof want - 1);
	want[sizeof want - 1] = 0;
	s = lv_strf(L, "%s", want);
	assert_int_equal(s->len, sizeof want - 1);
	assert_string_equal(s->s, want);
	assert_int_equal(s->s[s->len], 0);
	assert_int_equal(TRY(lv_strbuf(L, SIZE_MAX - 4)), LV_ERRMEM);
	stub_close(L);
}

static void many_strings_with_constant_collection(void **state)
{
	struct lv_state *L = stub_open(0);
	struct lv_table *t = lv_table(L, 0, 0);
	struct lv_value v;

	(void)state;
	lv_setobj(&v, t, LV_TABLE);
	lv_seti(L, L->registry, 1, &v);
	lv_gc_stress(L, 13);
	for (unsigned pass = 0; pass < 2; pass++)
		for (int64_t i = 1; i <= 1500; i++) {
			lv_setstr(&v, lv_strf(L, "item %d", (int)i));
			if (pass == 0) {
				lv_seti(L, t, i, &v);
			} else {
				struct lv_value old;

				assert_true(lv_geti(t, i, &old));
				assert_ptr_equal(old.s, v.s);
			}
		}
	stub_close(L);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_strings_are_unique),
		cmocka_unit_test(long_strings_differ_by_any_byte),
		cmocka_unit_test(order),
		cmocka_unit_test(format),
		cmocka_unit_test(many_strings_with_constant_collection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
