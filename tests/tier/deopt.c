/* SPDX-License-Identifier: MIT
 * deopt.c - E5.1, E5.2, T2, T4: when a guard fails the interpreter stands exactly where it would have stood: pc, locals, operands in
 * the middle of an expression, and the frames of callers that were inlined.
 *
 * Oracle: the interpreter runs the program alone and keeps a hash of every frame at every instruction. Then each guard in
 * turn is forced to fail; every frame that is rebuilt must be one of those, and the result must be the same.
 */
#include "vm.h"

#include <limits.h>

/* ---- the oracle ------------------------------------------------------------------------------ */

struct watch {
	uint64_t *seen;			/* open addressing, 0 empty */
	size_t n, cap;
	unsigned rebuilt, inlined, wrong;
};

static void add(struct watch *w, uint64_t h)
{
	size_t i = h & (w->cap - 1);

	if (w->n * 2 > w->cap)
		fail_msg("too many frames to watch");
	while (w->seen[i] && w->seen[i] != h)
		i = (i + 1) & (w->cap - 1);
	w->n += w->seen[i] != h;
	w->seen[i] = h;
}

static bool known(const struct watch *w, uint64_t h)
{
	size_t i = h & (w->cap - 1);

	while (w->seen[i] && w->seen[i] != h)
		i = (i + 1) & (w->cap - 1);
	return w->seen[i] == h;
}

static uint32_t waiting_slots(const struct vm *m, const struct vm_frame *f, uint32_t pc)
{
	return f->fn->n_locals + f->fn->depth[pc] - m->fn[f->fn->code[pc].a]->n_params;
}

static void note(struct vm *m, struct vm_frame *f, uint32_t pc)
{
	add(m->watch, vm_hash(m, f, pc, f->fn->n_locals + f->fn->depth[pc]));
	if (f->fn->code[pc].op == VM_CALL)
		add(m->watch, ~vm_hash(m, f, pc, waiting_slots(m, f, pc)));
}

static void compare(struct vm *m, struct vm_frame *f, const struct hew_frame *h)
{
	struct watch *w = m->watch;

	w->rebuilt++;
	if (!h->innermost) {
		w->inlined++;
		assert_int_equal(h->mode, HEW_CONTINUE);
		assert_int_equal(h->result, waiting_slots(m, f, h->pc));
		w->wrong += !known(w, ~vm_hash(m, f, h->pc, waiting_slots(m, f, h->pc)));
		return;
	}
	assert_int_equal(h->mode, HEW_RETRY);
	if (!known(w, vm_hash(m, f, h->pc, f->fn->n_locals + f->fn->depth[h->pc]))) {
		w->wrong++;
		fprintf(stderr, "%s at %u:", f->fn->name, h->pc);
		for (uint32_t k = 0; k < f->fn->n_locals + f->fn->depth[h->pc]; k++)
			fprintf(stderr, " %u:%llx", f->slot[k].tag, (unsigned long long)f->slot[k].bits);
		fprintf(stderr, "\n");
	}
}

/* ---- programs -------------------------------------------------------------------------------------- */

static uint64_t seed;

/* x * x + 1, and 2 * square(x) - x: to be inlined, one in the other */
static void add_inlined(struct vm *m)
{
	VM_FN(m, "square", 1, 1, I(GET, 0), I(GET, 0), I(MUL), I(INT, 1), I(ADD), I(RET))->inlined = true;
	VM_FN(m, "twice", 1, 2, I(INT, 2), I(GET, 0), I(CALL, 0), I(MUL), I(SET, 1), I(GET, 1), I(GET, 0), I(SUB), I(RET))->inlined = true;
	VM_FN(m, "weigh", 2, 2, I(GET, 0), I(HALF, 3), I(MUL), I(GET, 1), I(CALL, 1), I(ADD), I(RET))->inlined = true;
}

static int expression(struct vm_ins *c, int n, int deep)
{
	static const uint8_t ops[] = { VM_ADD, VM_SUB, VM_MUL, VM_ADD, VM_SUB, VM_LT };
	uint32_t what = random_below(&seed, deep > 4 ? 3 : 10);

	switch (what) {
	case 0: c[n++] = (struct vm_ins)I(INT, (int)random_below(&seed, 9)); return n;
	case 1: c[n++] = random_below(&seed, 4) ? (struct vm_ins)I(GET, 2) : (struct vm_ins)I(HALF, (int)random_below(&seed, 9)); return n;
	case 2: c[n++] = (struct vm_ins)I(GET, (int)random_below(&seed, 4)); return n;
	case 3: n = expression(c, n, deep + 1); c[n++] = (struct vm_ins)I(CALL, (int)random_below(&seed, 2)); return n;
	case 4: n = expression(c, expression(c, n, deep + 1), deep + 1); c[n++] = (struct vm_ins)I(CALL, 2); return n;
	default: n = expression(c, expression(c, n, deep + 1), deep + 1); c[n++] = (struct vm_ins){ ops[random_below(&seed, 6)], 0, 0 }; return n;
	}
}

/* f(n): for i = 1..n (local 1), statements over locals 2 and 3, a branch, the sum of both. */
static struct vm_fn *add_random(struct vm *m)
{
	struct vm_ins c[4000];
	int n = 0, top, end, other;

	c[n++] = (struct vm_ins)I(INT, 1);
	c[n++] = (struct vm_ins)I(SET, 3);
	top = n;
	c[n++] = (struct vm_ins)I(GET, 1);
	c[n++] = (struct vm_ins)I(GET, 0);
	c[n++] = (struct vm_ins)I(LT);
	end = n++;
	for (uint32_t k = 1 + random_below(&seed, 3); k; k--) {
		n = expression(c, n, 0);
		c[n++] = (struct vm_ins)I(SET, 2);
		c[n++] = (struct vm_ins)I(GET, 1);
		c[n++] = (struct vm_ins)I(INT, 2);
		c[n++] = (struct vm_ins)I(LT);
		other = n++;
		n = expression(c, n, 1);
		c[n++] = (struct vm_ins)I(SET, 3);
		c[other] = (struct vm_ins)I(JZ, n);
	}
	c[n++] = (struct vm_ins)I(GET, 1);
	c[n++] = (struct vm_ins)I(INT, 1);
	c[n++] = (struct vm_ins)I(ADD);
	c[n++] = (struct vm_ins)I(SET, 1);
	c[n++] = (struct vm_ins)I(JMP, top);
	c[end] = (struct vm_ins)I(JZ, n);
	c[n++] = (struct vm_ins)I(GET, 2);
	c[n++] = (struct vm_ins)I(GET, 3);
	c[n++] = (struct vm_ins)I(ADD);
	c[n++] = (struct vm_ins)I(RET);
	assert_true(n < (int)COUNT_OF(c));
	return vm_add(m, "random", 1, 4, c, (uint32_t)n);
}

/* ---- one program, every guard ------------------------------------------------------------------------ */

struct way { int calls, loops, level, stress; };

/* Runs program number `number` compiled; the k-th guard fails if k is not 0. Returns how many guards were passed. */
static long run(uint64_t number, const struct way *way, long k, struct watch *w, int64_t arg, struct vm_value want)
{
	struct hew_tier_options o = vm_tier(way->calls, way->loops);
	long left = k ? k : LONG_MAX;
	struct vm_value a = vm_i(arg), got;
	struct vm_fn *fn;
	struct vm *m;

	o.level = way->level;
	o.stress = way->stress ? number + 1 : 0;
	o.fail_guard = &left;
	o.exit_limit = 1000000;
	m = vm_open(NULL, &o);
	add_inlined(m);
	seed = number;
	fn = add_random(m);
	got = vm_call(m, fn, 1, &a);		/* learns types where it leaves; with guards counted as well */
	assert_true(got.bits == want.bits && got.tag == want.tag);
	/* now it has seen everything once: compile it anew with what it learned, then watch */
	for (uint32_t i = 0; i < m->n_fn; i++) {
		hew_tier_drop(m->g, &m->fn[i]->tier);
		hew_tier_init(m->g, &m->fn[i]->tier);
	}
	left = k ? k : LONG_MAX;
	m->watch = w;
	m->on_rebuild = compare;
	got = vm_call(m, fn, 1, &a);
	if (got.bits != want.bits || got.tag != want.tag)
		fail_msg("program %llu, guard %ld: the result is %llx:%u instead of %llx:%u", (unsigned long long)number, k,
			(unsigned long long)got.bits, got.tag, (unsigned long long)want.bits, want.tag);
	vm_close(m);
	return k ? k - left : LONG_MAX - left;
}

static void record(uint64_t number, struct watch *w, int64_t arg, struct vm_value *want)
{
	struct vm *m = vm_open(NULL, NULL);
	struct vm_value a = vm_i(arg);
	struct vm_fn *fn;

	add_inlined(m);
	seed = number;
	fn = add_random(m);
	m->watch = w;
	m->on_ins = note;
	*want = vm_call(m, fn, 1, &a);
	assert_int_equal(m->error, 0);
	vm_close(m);
}

static void every_guard(void **state)
{
	static const struct way ways[] = { { 0, -1, 2, 0 }, { 0, -1, 1, 0 }, { -1, 0, 2, 0 }, { -1, 1, 2, 1 }, { 0, 0, 1, 1 } };
	const char *e = getenv("HEW_TEST_PROGRAMS");
	unsigned programs = e ? (unsigned)atoi(e) : 25;
	struct watch w = { .cap = 1 << 14 };
	unsigned long guards = 0, rebuilt = 0, inlined = 0;

	(void)state;
	w.seen = calloc(w.cap, sizeof *w.seen);
	for (uint64_t p = 0; p < programs; p++) {
		const struct way *way = &ways[p % COUNT_OF(ways)];
		struct vm_value want;
		long n;

		memset(w.seen, 0, w.cap * sizeof *w.seen);
		w.n = 0;
		record(p, &w, 6, &want);
		n = run(p, way, 0, &w, 6, want);
		for (long k = 1; k <= n && k <= 300; k++)
			run(p, way, k, &w, 6, want);
		guards += (unsigned long)n;
		if (w.wrong)
			fail_msg("program %llu: frames that the interpreter never had", (unsigned long long)p);
	}
	rebuilt += w.rebuilt;
	inlined += w.inlined;
	free(w.seen);
	print_message("%u programs, %lu guards, %lu frames rebuilt, %lu of them callers of inlined functions\n", programs, guards, rebuilt, inlined);
	assert_true(programs < 10 || (guards > 500 && inlined > 100));
}

/* ---- by hand: the operand stack and two callers, looked at one by one --------------------------------------- */

static struct { unsigned n; uint32_t pc[3]; struct vm_fn *fn[3]; } chain;

static void keep_chain(struct vm *m, struct vm_frame *f, const struct hew_frame *h)
{
	(void)m;
	assert_true(chain.n < 3);
	chain.pc[chain.n] = h->pc;
	chain.fn[chain.n++] = f->fn;
	if (f->fn->name[0] == 'm') {			/* main: 7 and 1000 wait under the call */
		assert_int_equal(h->n, 1 + 2);
		assert_int_equal(f->slot[1].bits, 7);
		assert_int_equal(f->slot[2].bits, 1000);
	} else if (f->fn->name[0] == 't') {		/* twice: 2 waits under the call of square */
		assert_int_equal(f->slot[2].bits, 2);
	} else {
		assert_true(h->innermost);
		assert_int_equal(f->slot[0].tag, VM_TAG_FLT);
		assert_int_equal(f->slot[1].tag, VM_TAG_FLT);	/* both operands of the product */
		assert_int_equal(f->slot[2].tag, VM_TAG_FLT);
	}
}

static void inlined_callers(void **state)
{
	struct hew_tier_options o = vm_tier(1, -1);
	struct vm *m = vm_open(NULL, &o);
	struct vm_fn *fn;
	struct vm_value v, x = vm_f(1.5);

	(void)state;
	add_inlined(m);
	fn = VM_FN(m, "main", 1, 1, I(INT, 7), I(INT, 1000), I(GET, 0), I(CALL, 1), I(SUB), I(SUB), I(RET));
	for (int i = 0; i < 10; i++)
		assert_int_equal(vm_int(m, fn, 3), 7 - (1000 - (20 - 3)));
	m->on_rebuild = keep_chain;
	v = vm_call(m, fn, 1, &x);
	assert_int_equal(m->error, 0);
	assert_int_equal(v.tag, VM_TAG_FLT);
	assert_true(v.bits == vm_f(7 - (1000 - (2 * 3.25 - 1.5))).bits);
	assert_int_equal(chain.n, 3);
	assert_string_equal(chain.fn[0]->name, "main");
	assert_string_equal(chain.fn[1]->name, "twice");
	assert_string_equal(chain.fn[2]->name, "square");
	assert_true(chain.pc[0] == 3 && chain.pc[1] == 2 && chain.pc[2] == 2);
	vm_close(m);
}

/* The same below native callers: the engine resumes the interpreter for them, and they go on with its result. */
static void below_native_code(void **state)
{
	struct hew_tier_options o = vm_tier(2, -1);
	struct vm *m = vm_open(NULL, &o);
	struct vm_fn *fn;
	struct vm_value v, x = vm_f(1.5);

	(void)state;
	add_inlined(m);
	VM_FN(m, "main", 1, 1, I(INT, 7), I(INT, 1000), I(GET, 0), I(CALL, 1), I(SUB), I(SUB), I(RET));
	fn = VM_FN(m, "outer", 1, 1, I(INT, 1), I(GET, 0), I(CALL, 3), I(ADD), I(RET));
	for (int i = 0; i < 10; i++)
		assert_int_equal(vm_int(m, fn, 3), 1 + 7 - (1000 - (20 - 3)));
	chain.n = 0;
	v = vm_call(m, fn, 1, &x);
	assert_true(v.tag == VM_TAG_FLT && v.bits == vm_f(1 + (7 - (1000 - (2 * 3.25 - 1.5)))).bits);
	vm_close(m);
}

/* More slots than one call of rebuild brings. */
static void a_big_frame(void **state)
{
	enum { N = 700 };
	struct hew_tier_options o = vm_tier(1, -1);
	struct vm *m = vm_open(NULL, &o);
	struct vm_ins *c = calloc(4 * N + 20, sizeof *c);
	struct vm_value x = vm_f(0.25), v;
	double want = 0;
	struct vm_fn *fn;
	int n = 0;

	(void)state;
	for (int k = 1; k < N; k++) {
		c[n++] = (struct vm_ins)I(INT, k * 3);
		c[n++] = (struct vm_ins)I(SET, k);
	}
	c[n++] = (struct vm_ins)I(GET, 0);
	for (int k = 1; k < N; k++) {
		c[n++] = (struct vm_ins)I(GET, k);
		c[n++] = (struct vm_ins)I(ADD);
	}
	c[n++] = (struct vm_ins)I(RET);
	fn = vm_add(m, "big", 1, N, c, (uint32_t)n);
	for (int i = 0; i < 5; i++)
		assert_int_equal(vm_int(m, fn, i), i + 3 * (N - 1) * N / 2);
	assert_non_null(fn->tier.entry);
	v = vm_call(m, fn, 1, &x);
	want = 0.25 + 3 * (N - 1) * N / 2;
	assert_true(v.tag == VM_TAG_FLT && v.bits == vm_f(want).bits);
	free(c);
	vm_close(m);
}

/* The guards stand in the IR, before what relies on them, and their exits in the code. */
static char *dump;

static void keep_ir(void *arg, const struct hew_event *e)
{
	(void)arg;
	if (e->kind == HEW_EV_COMPILED && !dump)
		dump = strdup(e->ir);
}

static void guards_in_the_ir(void **state)
{
	struct hew_tier_options o = vm_tier(1, -1);
	struct vm *m;
	struct vm_fn *fn;

	(void)state;
	o.want_ir = true;
	o.event = keep_ir;
	m = vm_open(NULL, &o);
	fn = VM_FN(m, "poly", 2, 2, I(GET, 0), I(GET, 1), I(MUL), I(GET, 0), I(ADD), I(RET));
	for (int i = 0; i < 3; i++)
		vm_call(m, fn, 2, (struct vm_value[]){ vm_i(i), vm_i(2) });
	assert_non_null(dump);
	assert_true(strstr(dump, "check.tag") && strstr(dump, "mulo") && strstr(dump, "addo"));
	assert_true(strstr(dump, "check.tag") < strstr(dump, "mulo"));
	assert_null(strstr(strstr(strstr(dump, "check.tag") + 1, "check.tag") + 1, "check.tag"));	/* two tags are looked at, no more */
	free(dump);
	vm_close(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inlined_callers),
		cmocka_unit_test(below_native_code),
		cmocka_unit_test(a_big_frame),
		cmocka_unit_test(guards_in_the_ir),
		cmocka_unit_test(every_guard),
	};

	return cmocka_run_group_tests_name("deopt", tests, NULL, NULL);
}
