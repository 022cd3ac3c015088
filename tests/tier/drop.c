/* SPDX-License-Identifier: MIT
 * drop.c - E5.5, E4.6, T3: code that is given up while it runs lives until its last frame has left, then it is gone and filled with
 * traps; a redefined function is never run stale; thousands of functions come and go in a small code cache.
 */
#include "vm.h"

static uint64_t freed(const struct vm *m)
{
	struct hew_tier_stats st;

	hew_get_tier_stats(m->g, &st);
	return st.freed;
}

/* ---- frames on the stack ---------------------------------------------------------------------- */

enum { WARM = 100 };		/* calls until everything has been seen and compiled once */

static unsigned looked;
static bool bottom_is_float;

static struct vm_value drop_at_bottom(struct vm *m, struct vm_frame *f, struct vm_value v)
{
	(void)v;
	hew_tier_drop(m->g, &f->fn->tier);
	assert_null(f->fn->tier.entry);
	hew_collect_code(m->g);
	assert_int_equal(freed(m), 0);
	return bottom_is_float ? vm_f(0.5) : vm_i(0);
}

/* Called by each frame behind its own call: it is still inside. */
static struct vm_value look(struct vm *m, struct vm_frame *f, struct vm_value v)
{
	(void)f;
	hew_collect_code(m->g);
	assert_int_equal(freed(m), 0);
	looked++;
	return v;
}

/* f(x) = x < 1 ? host 0 : host 1 (x + f(x - 1)) */
static struct vm_fn *add_deep(struct vm *m)
{
	return VM_FN(m, "deep", 1, 1,
		/* 0 */ I(GET, 0), I(INT, 1), I(LT), I(JZ, 7), I(GET, 0), I(HOST, 0), I(RET),
		/* 7 */ I(GET, 0), I(GET, 0), I(INT, 1), I(SUB), I(CALL, 0), I(ADD), I(HOST, 1), I(RET));
}

static struct vm_value same(struct vm *m, struct vm_frame *f, struct vm_value v)
{
	(void)m, (void)f;
	return v;
}

static void dropped_while_running(int deep)
{
	struct hew_tier_options o = vm_tier(WARM, -1);
	struct vm *m = vm_open(NULL, &o);
	struct vm_fn *fn = add_deep(m);
	const uint8_t *code;
	uint8_t before[64];

	m->host[0] = m->host[1] = same;
	for (int i = 0; i < 2 * WARM; i++)
		assert_int_equal(vm_int(m, fn, deep), deep * (deep + 1) / 2);
	assert_int_equal(vm_count(m, HEW_EV_COMPILED), 1);
	code = fn->tier.entry;
	assert_non_null(code);
	memcpy(before, code, sizeof before);
	m->host[0] = drop_at_bottom;
	m->host[1] = look;
	looked = 0;
	bottom_is_float = false;
	assert_int_equal(vm_int(m, fn, deep), deep * (deep + 1) / 2);
	assert_int_equal(looked, deep);
	assert_memory_equal(code, before, sizeof before);
	assert_true(hew_collect_code(m->g) >= sizeof before);
	assert_int_equal(freed(m), 1);
	assert_int_equal(vm_count(m, HEW_EV_FREED), 1);
	for (unsigned k = 0; k < sizeof before; k++)
		assert_int_equal(code[k], 0xcc);
	/* it may get hot again */
	m->host[0] = m->host[1] = same;
	for (int i = 0; i < 2 * WARM; i++)
		assert_int_equal(vm_int(m, fn, deep), deep * (deep + 1) / 2);
	assert_non_null(fn->tier.entry);
	vm_close(m);
}

static void eight_frames_deep(void **state)
{
	(void)state;
	for (int deep = 1; deep <= 8; deep++)
		dropped_while_running(deep);
	dropped_while_running(WARM - 10);
}

/* Every frame leaves dropped code by a failed guard; the frame of the last one is gone when its host function looks, so
 * that freeing then would be right: only that it is not freed early can be asked while native frames stand below. */
static struct vm_value count_only(struct vm *m, struct vm_frame *f, struct vm_value v)
{
	(void)f;
	hew_collect_code(m->g);
	looked++;
	return v;
}

static void leaving_by_guards(void **state)
{
	(void)state;
	for (int deep = 1; deep <= 8; deep++) {
		struct hew_tier_options o = vm_tier(WARM, -1);
		struct vm *m = vm_open(NULL, &o);
		struct vm_fn *fn = add_deep(m);
		struct vm_value a = vm_i(deep), v;

		m->host[0] = m->host[1] = same;
		for (int i = 0; i < 2 * WARM; i++)
			assert_int_equal(vm_int(m, fn, deep), deep * (deep + 1) / 2);
		m->host[0] = drop_at_bottom;
		m->host[1] = count_only;
		looked = 0;
		bottom_is_float = true;
		v = vm_call(m, fn, 1, &a);
		assert_true(v.tag == VM_TAG_FLT && v.bits == vm_f(deep * (deep + 1) / 2 + 0.5).bits);
		assert_int_equal(looked, deep);
		hew_collect_code(m->g);
		assert_int_equal(freed(m), 1);
		vm_close(m);
	}
}

/* An error leaves all frames at once. */
static struct vm_value drop_and_throw(struct vm *m, struct vm_frame *f, struct vm_value v)
{
	drop_at_bottom(m, f, v);
	vm_throw(m, 5);
}

static void left_by_an_error(void **state)
{
	struct hew_tier_options o = vm_tier(WARM, -1);
	struct vm *m = vm_open(NULL, &o);
	struct vm_fn *fn = add_deep(m);
	struct vm_value a = vm_i(8);

	(void)state;
	m->host[0] = m->host[1] = same;
	for (int i = 0; i < 2 * WARM; i++)
		assert_int_equal(vm_int(m, fn, 8), 36);
	m->host[0] = drop_and_throw;
	vm_call(m, fn, 1, &a);
	assert_int_equal(m->error, 5);
	assert_true(hew_collect_code(m->g) > 0);
	assert_int_equal(freed(m), 1);
	vm_close(m);
}

/* ---- redefined functions ---------------------------------------------------------------------------- */

static void never_stale(void **state)
{
	struct hew_tier_options o = vm_tier(1, -1);
	struct vm *m = vm_open(NULL, &o);
	struct vm_fn *callee, *caller;

	(void)state;
	callee = VM_FN(m, "number", 1, 1, I(INT, 0), I(RET));
	caller = VM_FN(m, "caller", 1, 1, I(GET, 0), I(CALL, 0), I(GET, 0), I(ADD), I(RET));
	for (int version = 0; version < 200; version++) {
		callee->code[0].a = version;
		hew_tier_drop(m->g, &callee->tier);
		for (int i = 0; i < 5; i++)
			assert_int_equal(vm_int(m, caller, 1000), 1000 + version);
		assert_non_null(callee->tier.entry);	/* it got hot again */
	}
	assert_non_null(caller->tier.entry);
	hew_collect_code(m->g);
	assert_int_equal(freed(m), 199);
	vm_close(m);
}

/* ---- the budget ------------------------------------------------------------------------------------------ */

static struct vm_fn *add_numbered(struct vm *m, int k)
{
	struct vm_ins c[60];
	int n = 0;

	c[n++] = (struct vm_ins)I(GET, 0);
	for (int i = 0; i < 3 + k % 20; i++) {
		c[n++] = (struct vm_ins)I(INT, k + i);
		c[n++] = (struct vm_ins)I(ADD);
	}
	c[n++] = (struct vm_ins)I(RET);
	return vm_add(m, "numbered", 1, 1, c, (uint32_t)n);
}

static int64_t numbered(int k, int64_t x)
{
	for (int i = 0; i < 3 + k % 20; i++)
		x += k + i;
	return x;
}

static void ten_thousand(void **state)
{
	struct hew_options ho = { .code_reserve = 1 << 20, .code_budget = 128 << 10 };
	struct hew_tier_options o = vm_tier(1, -1);
	struct hew_tier_stats st;
	long after_some = 0;
	struct vm *m;

	(void)state;
	o.verify = false;
	m = vm_open(&ho, &o);
	for (int k = 0; k < 10000; k++) {
		struct vm_fn *fn = add_numbered(m, k);

		for (int i = 0; i < 4; i++)
			assert_int_equal(vm_int(m, fn, i), numbered(k, i));
		assert_non_null(fn->tier.entry);
		hew_get_tier_stats(m->g, &st);
		assert_true(st.live_bytes <= ho.code_budget);
		vm_free_fn(m, fn);
		m->n_fn--;
		m->measured = m->n_fn;
		if (k == 2000)
			after_some = base_live_bytes();
	}
	hew_get_tier_stats(m->g, &st);
	assert_true(st.compiled == 10000 && st.bailed == 0 && st.retired == 10000);
	assert_true(st.code_bytes > 10 * ho.code_budget && st.freed > 9000);
	assert_true(base_live_bytes() < after_some + (256 << 10));
	vm_close(m);
}

/* E4.6: a cache that is too small: the oldest code makes room for new, all give the right results. */
static void too_small(void **state)
{
	struct hew_options ho = { .code_reserve = 1 << 20, .code_budget = 16 << 10 };
	struct hew_tier_options o = vm_tier(1, -1);
	struct hew_tier_stats st;
	unsigned native = 0;
	struct vm *m;

	(void)state;
	o.verify = false;
	m = vm_open(&ho, &o);
	for (int k = 0; k < VM_MAX_FN; k++)
		add_numbered(m, k * 20 + 19);
	for (int turn = 0; turn < 50; turn++)
		for (int k = 0; k < VM_MAX_FN; k++)
			assert_int_equal(vm_int(m, m->fn[k], turn), numbered(k * 20 + 19, turn));
	for (int k = 0; k < VM_MAX_FN; k++)
		native += m->fn[k]->tier.entry != NULL;
	hew_get_tier_stats(m->g, &st);
	assert_true(native > 5 && native < VM_MAX_FN);
	assert_true(st.freed > 0 && st.live_bytes <= ho.code_budget);
	vm_close(m);
}

/* A guest that does not tell its stacks: nothing can be freed before it is closed. */
static void stacks_unknown(void **state)
{
	struct hew_guest g = vm_guest;
	struct hew_tier_options o = vm_tier(0, -1);
	struct vm *m = vm_open(NULL, &o);
	struct vm_fn *fn;

	(void)state;
	hew_guest_close(m->g);
	g.stacks = NULL;
	assert_int_equal(hew_guest_open(m->x, &g, &o, m, &m->g), HEW_OK);
	fn = add_numbered(m, 3);
	assert_int_equal(vm_int(m, fn, 1), numbered(3, 1));
	hew_tier_drop(m->g, &fn->tier);
	assert_int_equal(hew_collect_code(m->g), 0);
	assert_int_equal(freed(m), 0);
	vm_close(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eight_frames_deep),
		cmocka_unit_test(leaving_by_guards),
		cmocka_unit_test(left_by_an_error),
		cmocka_unit_test(never_stale),
		cmocka_unit_test(ten_thousand),
		cmocka_unit_test(too_small),
		cmocka_unit_test(stacks_unknown),
	};

	return cmocka_run_group_tests_name("drop", tests, NULL, NULL);
}
