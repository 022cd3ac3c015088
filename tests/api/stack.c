/* SPDX-License-Identifier: MIT
 * stack.c - native stacks through the public header: generators, what a collector sees, wrong arguments,
 * memory refused.
 */
#include "hew.h"
#include "base/base.h"

#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

struct gen {
	struct hew_stack *here, *there;
	int value;
};

static void squares(void *arg)
{
	struct gen *g = arg;

	for (int i = 0;; i++) {
		g->value = i * i;
		hew_stack_switch(g->there, g->here);
	}
}

static void a_generator(void **state)
{
	long before = base_live_bytes();
	struct gen g = { .value = -1 };

	(void)state;
	assert_int_equal(hew_stack_here(&g.here), HEW_OK);
	assert_int_equal(hew_stack_new(1 << 20, squares, &g, &g.there), HEW_OK);
	assert_true((char *)hew_stack_base(g.there) - (char *)hew_stack_limit(g.there) >= 1 << 20);
	for (int i = 0; i < 100; i++) {
		hew_stack_switch(g.here, g.there);
		assert_int_equal(g.value, i * i);
	}
	hew_stack_reset(g.there, squares, &g);
	hew_stack_switch(g.here, g.there);
	assert_int_equal(g.value, 0);
	hew_stack_free(g.there);
	hew_stack_free(g.here);
	hew_stack_free(NULL);
	assert_int_equal(base_live_bytes(), before);
}

/* A pointer that lives only in a register or the frame of a suspended stack lies in [sp, base). */
static void hold(void *arg)
{
	struct gen *g = arg;
	uintptr_t key = (uintptr_t)0x5ca1ab1e0000 + (uintptr_t)g->value;

	__asm__ volatile("" : "+r"(key));	/* computed before the switch, whole ... */
	hew_stack_switch(g->there, g->here);
	__asm__ volatile("" : "+r"(key));	/* ... and needed after it */
	g->value = (int)(key & 0xffff);
	hew_stack_switch(g->there, g->here);
}

static void the_live_part_holds_the_values(void **state)
{
	struct gen g = { .value = 77 };
	bool found = false;

	(void)state;
	assert_int_equal(hew_stack_here(&g.here), HEW_OK);
	assert_int_equal(hew_stack_new(64 << 10, hold, &g, &g.there), HEW_OK);
	hew_stack_switch(g.here, g.there);
	assert_null(hew_stack_sp(g.here));	/* it runs */
	for (uintptr_t *p = hew_stack_sp(g.there); p < (uintptr_t *)hew_stack_base(g.there); p++)
		found |= *p == 0x5ca1ab1e0000 + 77;
	hew_stack_switch(g.here, g.there);
	assert_int_equal(g.value, 77);
	hew_stack_free(g.there);
	hew_stack_free(g.here);
	assert_true(found);
}

/* A stack made and switched to from another made stack. */
struct nest {
	struct hew_stack *at[100];
	int reached;
};

static void deeper(void *arg)
{
	struct nest *n = arg;
	int me = ++n->reached;

	if (me + 1 < 100) {
		if (hew_stack_new(64 << 10, deeper, n, &n->at[me + 1]) == HEW_OK)
			hew_stack_switch(n->at[me], n->at[me + 1]);
	}
	hew_stack_switch(n->at[me], n->at[me - 1]);
}

static void nested(void **state)
{
	struct nest n = { .reached = 0 };

	(void)state;
	assert_int_equal(hew_stack_here(&n.at[0]), HEW_OK);
	assert_int_equal(hew_stack_new(64 << 10, deeper, &n, &n.at[1]), HEW_OK);
	hew_stack_switch(n.at[0], n.at[1]);
	assert_int_equal(n.reached, 99);
	for (int i = 0; i < 100; i++)
		hew_stack_free(n.at[i]);
}

static void wrong_arguments(void **state)
{
	struct hew_stack *s = (void *)state;

	assert_int_equal(hew_stack_new(4096, squares, NULL, NULL), HEW_BAD_ARG);
	assert_int_equal(hew_stack_new(4096, NULL, NULL, &s), HEW_BAD_ARG);
	assert_null(s);
	assert_int_equal(hew_stack_new(0, squares, NULL, &s), HEW_BAD_ARG);
	assert_int_equal(hew_stack_new(SIZE_MAX, squares, NULL, &s), HEW_NO_MEMORY);
	assert_int_equal(hew_stack_here(NULL), HEW_BAD_ARG);
}

static void memory_refused(void **state)
{
	struct hew_stack *s = (void *)state;
	long before = base_live_bytes();

	base_fail_after(0);
	assert_int_equal(hew_stack_new(4096, squares, NULL, &s), HEW_NO_MEMORY);
	assert_null(s);
	assert_int_equal(hew_stack_here(&s), HEW_NO_MEMORY);
	base_fail_after(-1);
	assert_int_equal(base_live_bytes(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_generator),
		cmocka_unit_test(the_live_part_holds_the_values),
		cmocka_unit_test(nested),
		cmocka_unit_test(wrong_arguments),
		cmocka_unit_test(memory_refused),
	};

	return cmocka_run_group_tests_name("hew_stack", tests, NULL, NULL);
}
