/* SPDX-License-Identifier: MIT
 * api_test.h - what the tests of the public interface share: a context per test, compiling that must succeed.
 */
#ifndef API_TEST_H
#define API_TEST_H

#include "hew.h"
#include "base/base.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define TYPES(...) (int)(sizeof (hew_type[]){ __VA_ARGS__ } / sizeof(hew_type)), (const hew_type[]){ __VA_ARGS__ }
#define VALS(...) (int)(sizeof (hew_val[]){ __VA_ARGS__ } / sizeof(hew_val)), (const hew_val[]){ __VA_ARGS__ }
#define FN(type, c) ((type)(uintptr_t)hew_entry(c))

static inline hew_val fn_address(struct hew_fn *f, void (*p)(void)) { return hew_ptr(f, (const void *)(uintptr_t)p); }

static inline int open_context(void **state)
{
	struct hew *x;

	if (hew_open(&(struct hew_options){ .verify = true }, &x) != HEW_OK)
		return -1;
	*state = x;
	return 0;
}

static inline int close_context(void **state)
{
	hew_close(*state);
	return 0;
}

static inline struct hew_code *compile_with(struct hew_fn *f, struct hew *x, const struct hew_compile_options *o)
{
	struct hew_code *c;

	if (hew_compile(f, o, &c) != HEW_OK)
		fail_msg("%s", hew_error(x));
	return c;
}

static inline struct hew_code *compile(struct hew_fn *f, struct hew *x) { return compile_with(f, x, NULL); }

#endif
