/* SPDX-License-Identifier: MIT
 * user.h - somebody's program, C and C++: a native stack, a function that is built, printed, compiled and called.
 */
#include <hew.h>

#include <stdio.h>
#include <stdlib.h>

static int user(void)
{
	static const hew_type types[] = { HEW_I64, HEW_I64 };
	struct hew_tier_options options = hew_tier_defaults();
	struct hew_stack *s;
	struct hew_code *c;
	struct hew_fn *f;
	struct hew_tier t;
	struct hew *x;
	char *text;
	int64_t r;

	if (hew_stack_here(&s) != HEW_OK)
		return 1;
	hew_stack_free(s);
	hew_tier_init(NULL, &t);
	if (hew_hot(&t) || options.level != 2 || hew_open(NULL, &x) != HEW_OK)
		return 1;
	f = hew_fn_new(x, "sum", HEW_I64, 2, types);
	hew_ret(f, hew_add(f, hew_arg(f, 0), hew_arg(f, 1)));
	text = hew_fn_text(f);
	if (!text || hew_compile(f, NULL, &c) != HEW_OK) {
		fprintf(stderr, "%s\n", hew_error(x));
		return 1;
	}
	free(text);
	r = ((int64_t (*)(int64_t, int64_t))(uintptr_t)hew_entry(c))(40, 2);
	hew_release(c);
	hew_close(x);
	return r == 42 ? 0 : 1;
}
