/* SPDX-License-Identifier: MIT
 * guest_convention.c - E3.3: an emulator's blocks hand their machine's registers on to each other in registers.
 *
 * A made-up machine of eleven integer and fifteen floating registers. Its programs are random basic blocks, each compiled alone at another
 * level and with other numbers of registers, which jump to the next one through a table, a million times on one frame; helpers in C that
 * destroy what C functions may destroy are called in between. The slow twin is an interpreter of the same blocks.
 */
#include "api_test.h"

enum { INTS = 11, FLOATS = 15, BLOCKS = 40, OPS = 12, KINDS = 8, STEPS = 1000000 };
struct machine { int64_t i[INTS]; double x[FLOATS]; };
struct operation { unsigned kind, to, a, b; };
struct program { struct operation op[BLOCKS][OPS]; unsigned next[BLOCKS][2]; };

static const void *table[BLOCKS + 1];
static uint64_t helped;

#if defined(__x86_64__)
#define DESTROY_REGISTERS() __asm__ volatile( \
	"movabsq $0x5a5a5a5a5a5a5a5a, %%rcx\n movq %%rcx, %%rdx\n movq %%rcx, %%rsi\n movq %%rcx, %%rdi\n movq %%rcx, %%rax\n" \
	"movq %%rcx, %%r8\n movq %%rcx, %%r9\n movq %%rcx, %%r10\n movq %%rcx, %%r11\n movq %%rcx, %%xmm0\n movq %%rcx, %%xmm7\n movq %%rcx, %%xmm14\n" ::: \
	"rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm7", "xmm14", "cc")
#else
#define DESTROY_REGISTERS() ((void)0)
#endif

static int64_t help(int64_t a, int64_t b)
{
	helped++;
	DESTROY_REGISTERS();
	return (int64_t)((uint64_t)a * 5 + (uint64_t)b);
}

static int64_t rotated(int64_t a, unsigned by) { return (int64_t)((uint64_t)a << by | (uint64_t)a >> (64 - by)); }

static void step(struct machine *m, const struct operation *o)
{
	int64_t a = m->i[o->a % INTS], b = m->i[o->b % INTS], *to = &m->i[o->to % INTS];
	double x = m->x[o->a % FLOATS], y = m->x[o->b % FLOATS], *xto = &m->x[o->to % FLOATS];

	switch (o->kind) {
	case 0: *to = (int64_t)((uint64_t)a + (uint64_t)b); break;
	case 1: *to = (int64_t)((uint64_t)a * 3 - (uint64_t)b); break;
	case 2: *to = a ^ rotated(b, 13); break;
	case 3: *to = a < b ? a : b; break;
	case 4: *to = help(a, b); break;
	case 5: *xto = x * 0.5 + y * 0.25; break;
	case 6: *xto = (double)(a >> 40) - x; break;
	default: *to = m->i[o->a % INTS]; m->i[o->a % INTS] = b; break;
	}
}

/* The registers of the machine while a block is built. */
struct registers { hew_val i[INTS], x[FLOATS]; };

static void lift(struct hew_fn *f, struct registers *m, const struct operation *o)
{
	struct hew_call c = { .result = { HEW_I64 } };
	hew_val a = m->i[o->a % INTS], b = m->i[o->b % INTS], *to = &m->i[o->to % INTS];
	hew_val x = m->x[o->a % FLOATS], y = m->x[o->b % FLOATS], *xto = &m->x[o->to % FLOATS];

	switch (o->kind) {
	case 0: *to = hew_add(f, a, b); break;
	case 1: *to = hew_sub(f, hew_mul(f, a, hew_i64(f, 3)), b); break;
	case 2: *to = hew_xor(f, a, hew_rotl(f, b, hew_i64(f, 13))); break;
	case 3: *to = hew_select(f, hew_lt(f, a, b), a, b); break;
	case 4: *to = hew_call(f, fn_address(f, (void (*)(void))help), &c, VALS(a, b)); break;
	case 5: *xto = hew_fadd(f, hew_fmul(f, x, hew_f64(f, 0.5)), hew_fmul(f, y, hew_f64(f, 0.25))); break;
	case 6: *xto = hew_fsub(f, hew_itof(f, HEW_F64, hew_sar(f, a, hew_i64(f, 40))), x); break;
	default: *to = m->i[o->a % INTS]; m->i[o->a % INTS] = b; break;
	}
}

/* A block has the steps that are left and all registers for its arguments. */
static void start(struct hew_fn *f, struct registers *m)
{
	for (int k = 0; k < INTS; k++)
		m->i[k] = hew_arg(f, 1 + k);
	for (int k = 0; k < FLOATS; k++)
		m->x[k] = hew_arg(f, 1 + INTS + k);
}

static struct hew_fn *new_block(struct hew *x)
{
	hew_type t[1 + INTS + FLOATS];
	struct hew_fn *f;

	for (int k = 0; k < 1 + INTS + FLOATS; k++)
		t[k] = k < 1 + INTS ? HEW_I64 : HEW_F64;
	f = hew_fn_new(x, "block", HEW_I64, 1 + INTS + FLOATS, t);
	hew_fn_guest(f);
	return f;
}

static void go_on(struct hew_fn *f, hew_val place, hew_val left, const struct registers *m)
{
	struct hew_call c = { .result = { HEW_I64 }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES, .flags = HEW_CALL_THROUGH | HEW_CALL_TAIL };
	hew_val v[1 + INTS + FLOATS] = { left };

	memcpy(v + 1, m->i, sizeof m->i);
	memcpy(v + 1 + INTS, m->x, sizeof m->x);
	hew_ret(f, hew_call(f, place, &c, 1 + INTS + FLOATS, v));
}

/* Block k: its operations, then the table's next[k][0] or [1], as the first register is even or odd; the last one of the table when no step is left. */
static struct hew_fn *build_block(struct hew *x, const struct program *p, int k)
{
	struct hew_fn *f = new_block(x);
	struct registers m;
	hew_block on = hew_block_new(f), stop = hew_block_new(f), odd = hew_block_new(f), even = hew_block_new(f);
	hew_val left;

	start(f, &m);
	for (int o = 0; o < OPS; o++)
		lift(f, &m, &p->op[k][o]);
	left = hew_sub(f, hew_arg(f, 0), hew_i64(f, 1));
	hew_branch(f, hew_eq(f, left, hew_i64(f, 0)), stop, 0, NULL, on, 0, NULL);
	hew_begin(f, stop);
	go_on(f, hew_ptr(f, &table[BLOCKS]), left, &m);
	hew_begin(f, on);
	if (k % 3) {
		hew_branch(f, hew_ne(f, hew_and(f, m.i[0], hew_i64(f, 1)), hew_i64(f, 0)), odd, 0, NULL, even, 0, NULL);
		hew_begin(f, odd);
		go_on(f, hew_ptr(f, &table[p->next[k][1]]), left, &m);
		hew_begin(f, even);
		go_on(f, hew_ptr(f, &table[p->next[k][0]]), left, &m);
	} else {
		hew_val way = hew_select(f, hew_ne(f, hew_and(f, m.i[0], hew_i64(f, 1)), hew_i64(f, 0)), hew_i64(f, p->next[k][1]), hew_i64(f, p->next[k][0]));

		go_on(f, hew_add(f, hew_ptr(f, table), hew_shl(f, way, hew_i64(f, 3))), left, &m);
	}
	return f;
}

/* Writes the registers to where the machine is, which is in a variable. */
static struct machine *machine;

static struct hew_fn *build_end(struct hew *x)
{
	struct hew_fn *f = new_block(x);
	struct registers m;
	hew_val at;

	start(f, &m);
	at = hew_load(f, HEW_PTR, HEW_FULL, 0, hew_ptr(f, &machine), 0);
	for (int k = 0; k < INTS; k++)
		hew_store(f, HEW_FULL, 0, at, (int)offsetof(struct machine, i) + 8 * k, m.i[k]);
	for (int k = 0; k < FLOATS; k++)
		hew_store(f, HEW_FULL, 0, at, (int)offsetof(struct machine, x) + 8 * k, m.x[k]);
	hew_ret(f, hew_sub(f, hew_arg(f, 0), hew_i64(f, 1)));
	return f;
}

/* Of the C convention: (machine, block, steps, kept) -> kept plus what the blocks give. */
static struct hew_fn *build_enter(struct hew *x)
{
	struct hew_fn *f = hew_fn_new(x, "enter", HEW_I64, TYPES(HEW_PTR, HEW_PTR, HEW_I64, HEW_I64));
	struct hew_call c = { .result = { HEW_I64 }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES, .flags = HEW_CALL_GUEST };
	hew_val v[1 + INTS + FLOATS] = { hew_arg(f, 2) };

	for (int k = 0; k < INTS; k++)
		v[1 + k] = hew_load(f, HEW_I64, HEW_FULL, 0, hew_arg(f, 0), (int)offsetof(struct machine, i) + 8 * k);
	for (int k = 0; k < FLOATS; k++)
		v[1 + INTS + k] = hew_load(f, HEW_F64, HEW_FULL, 0, hew_arg(f, 0), (int)offsetof(struct machine, x) + 8 * k);
	hew_ret(f, hew_add(f, hew_arg(f, 3), hew_call(f, hew_arg(f, 1), &c, 1 + INTS + FLOATS, v)));
	return f;
}

static void interpret(struct machine *m, const struct program *p, int64_t steps)
{
	for (unsigned k = 0; steps; steps--) {
		for (int o = 0; o < OPS; o++)
			step(m, &p->op[k][o]);
		k = p->next[k][m->i[0] & 1];
	}
}

static void blocks_hand_on_registers(void **state)
{
	struct program *p = calloc(1, sizeof *p);

	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct hew_code *code[BLOCKS + 1], *enter;
		struct machine got, want;
		uint64_t r = seed;
		int64_t steps = seed == 1 ? STEPS : 1000 * (int64_t)seed;

		for (int k = 0; k < BLOCKS; k++) {
			for (int o = 0; o < OPS; o++)
				p->op[k][o] = (struct operation){ random_below(&r, KINDS), random_below(&r, 1000), random_below(&r, 1000), random_below(&r, 1000) };
			p->next[k][0] = random_below(&r, BLOCKS);
			p->next[k][1] = random_below(&r, BLOCKS);
		}
		for (int k = 0; k < INTS; k++)
			got.i[k] = want.i[k] = (int64_t)random_below(&r, 1u << 30) << 20;
		for (int k = 0; k < FLOATS; k++)
			got.x[k] = want.x[k] = random_below(&r, 1000) * 0.5;
		for (int k = 0; k <= BLOCKS; k++) {
			struct hew_compile_options o = { .level = 1 + k % 2, .max_regs = k % 5 == 4 ? 3 + k % 4 : 0 };

			code[k] = compile_with(k < BLOCKS ? build_block(*state, p, k) : build_end(*state), *state, &o);
			hew_set_target(&table[k], hew_entry(code[k]));
		}
		enter = compile_with(build_enter(*state), *state, &(struct hew_compile_options){ .level = 1 + seed % 2 });
		machine = &got;
		helped = 0;
		assert_int_equal(FN(int64_t (*)(struct machine *, const void *, int64_t, int64_t), enter)(&got, table[0], steps, 1001), 1000);
		assert_true(helped > 0);
		interpret(&want, p, steps);
		assert_memory_equal(&got, &want, sizeof got);
		hew_release(enter);
		for (int k = 0; k <= BLOCKS; k++)
			hew_release(code[k]);
	}
	free(p);
}

/* More arguments than there are registers, calls that are not the last thing, and recursion. */
static void others_are_on_the_stack(void **state)
{
	enum { N = 20, DEPTH = 50 };
	hew_type t[N];
	struct hew_fn *f[2];
	struct hew_code *code[2];
	struct hew_call c = { .result = { HEW_I64 }, .flags = HEW_CALL_GUEST };
	hew_val v[N], sum, again;
	hew_block more, done;
	int64_t want = 0;

	for (int k = 0; k < N; k++)
		t[k] = HEW_I64;
	f[0] = hew_fn_new(*state, "sum", HEW_I64, N, t);
	hew_fn_guest(f[0]);
	more = hew_block_new(f[0]);
	done = hew_block_new(f[0]);
	sum = hew_i64(f[0], 0);
	for (int k = 0; k < N; k++)
		sum = hew_add(f[0], hew_mul(f[0], sum, hew_i64(f[0], 3)), v[k] = hew_arg(f[0], k));
	hew_branch(f[0], hew_lt(f[0], hew_i64(f[0], 0), v[0]), more, 0, NULL, done, 0, NULL);
	hew_begin(f[0], done);
	hew_ret(f[0], sum);
	hew_begin(f[0], more);
	v[0] = hew_sub(f[0], v[0], hew_i64(f[0], 1));
	again = hew_call(f[0], hew_callee(f[0], f[0]), &c, N, v);
	hew_ret(f[0], hew_xor(f[0], again, hew_add(f[0], sum, v[N - 1])));
	f[1] = hew_fn_new(*state, "enter", HEW_I64, 0, NULL);
	for (int k = 0; k < N; k++)
		v[k] = hew_i64(f[1], k ? 100 + k : DEPTH);
	hew_ret(f[1], hew_call(f[1], hew_callee(f[1], f[0]), &c, N, v));
	if (hew_compile_all(*state, 2, f, NULL, code) != HEW_OK)
		fail_msg("%s", hew_error(*state));
	for (int64_t d = 0; d <= DEPTH; d++) {
		uint64_t s = 0;

		for (int k = 0; k < N; k++)
			s = s * 3 + (uint64_t)(k ? 100 + k : d);
		want = d ? want ^ (int64_t)(s + 100 + N - 1) : (int64_t)s;
	}
	assert_int_equal(FN(int64_t (*)(void), code[1])(), want);
	for (int k = 0; k < 2; k++)
		hew_release(code[k]);
}

static struct hew_fn *callee(struct hew *x, bool guest)
{
	struct hew_fn *f = hew_fn_new(x, "callee", HEW_VOID, 0, NULL);

	if (guest)
		hew_fn_guest(f);
	hew_ret(f, 0);
	return f;
}

static void conventions_are_not_mixed(void **state)
{
	static const struct { bool guest; unsigned flags; const char *why; bool in_guest; } wrong[] = {
		{ true, 0, "callee is not of the convention" },
		{ true, HEW_CALL_TAIL, "callee is not of the convention" },
		{ false, HEW_CALL_GUEST, "callee is not of the convention" },
		{ true, HEW_CALL_GUEST | HEW_CALL_VARIADIC, "not variadic" },
		{ true, HEW_CALL_GUEST | HEW_CALL_TWICE, "returns once" },
		{ true, HEW_CALL_TAIL | HEW_CALL_VARIADIC, "not variadic", true },
	};

	for (size_t k = 0; k < COUNT_OF(wrong); k++) {
		struct hew_fn *f[2] = { callee(*state, wrong[k].guest), hew_fn_new(*state, "caller", HEW_VOID, 0, NULL) };
		struct hew_code *code[2];

		if (wrong[k].in_guest)
			hew_fn_guest(f[1]);
		hew_call(f[1], hew_callee(f[1], f[0]), &(struct hew_call){ .flags = wrong[k].flags }, 0, NULL);
		hew_ret(f[1], 0);
		assert_int_equal(hew_compile_all(*state, 2, f, NULL, code), HEW_BAD_IR);
		assert_non_null(strstr(hew_error(*state), wrong[k].why));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(blocks_hand_on_registers, open_context, close_context),
		cmocka_unit_test_setup_teardown(others_are_on_the_stack, open_context, close_context),
		cmocka_unit_test_setup_teardown(conventions_are_not_mixed, open_context, close_context),
	};

	return cmocka_run_group_tests_name("guest convention", tests, NULL, NULL);
}
