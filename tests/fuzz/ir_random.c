/* SPDX-License-Identifier: MIT
 * ir_random.c - E2.5, T1, T2, T6, T7: random IR programs, evaluator against compiled code.
 *
 * usage: ir_random COUNT [SEED [graph] [print]]     a failure prints the one command that replays it; print shows the programs
 * and where the buffers differ
 *
 * Each program is built from a seed: structured control flow with bounded loops, integer and floating arithmetic over edge
 * values, loads and stores into a buffer through two alias classes, calls to C, guards with frame states; with `graph`, any
 * control flow with many values alive. It runs in the evaluator as it was written, without folding, then compiled in each of
 * the modes below, with verifier and allocation checker on, on several inputs. Results, exits (pc and every value of the state)
 * and the buffer must agree. Then a guard is forced to fail: the K-th for a random K up to the number executed.
 */
#include "api/api.h"
#include "ir_gen.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SECONDS = 30, FEWEST = 4 };

/* ---- running ------------------------------------------------------------------------------------------------------- */

struct outcome { bool left, early, lost; uint32_t pc; unsigned n; int64_t value[GEN_SLOTS], tag[GEN_SLOTS]; int64_t result[2]; uint8_t buf[GEN_BUFFER]; };

/* one NaN for all: payloads may differ */
static int64_t canonical(enum ir_type t, int64_t bits)
{
	double d;
	float s;

	memcpy(&d, &bits, 8);
	memcpy(&s, &bits, 4);
	if (t == IR_T_f64 && d != d)
		return -1;
	return t == IR_T_f32 && s != s ? -1 : bits;
}

static void fill(uint8_t *buf)
{
	for (unsigned i = 0; i < GEN_BUFFER; i++)
		buf[i] = (uint8_t)(i * 37 + 11);
}

static bool run_eval(struct ir_func *f, struct arena *mem, const struct gen_input *in, long fail, struct outcome *o, long *guards)
{
	struct ir_eval e = { .fail_guard = fail, .max_steps = 2000000 };
	int64_t args[6] = { (int64_t)(intptr_t)o->buf, in->a, in->b, in->c, 0, 0 };
	enum ir_outcome r;

	memcpy(&args[4], &in->d, 8);
	memcpy(&args[5], &in->e, 4);
	fill(o->buf);
	r = ir_eval(f, mem, args, &e);
	*guards = (long)e.guards;
	if (r == IR_EXITED) {
		const struct ir_state *s = &f->state.at[e.state];

		o->left = true;
		o->pc = s->pc;
		o->n = s->n;
		for (uint32_t i = 0; i < s->n; i++) {
			const struct ir_slot *sl = &f->slot.at[s->slots + i];

			o->value[i] = canonical(ir_type_of(f, sl->value), ir_eval_ref(f, &e, sl->value));
			o->tag[i] = sl->tag_ref ? (uint32_t)ir_eval_ref(f, &e, sl->tag_ref) : sl->tag;
		}
		return true;
	}
	o->result[0] = e.result[0];
	o->result[1] = canonical(IR_T_f64, e.result[1]);
	return r == IR_RETURNED;
}

static void take_exit(void *arg, struct hew_unit *u, uint32_t exit, const struct target_regs *regs)
{
	struct outcome *o = arg;
	const struct tier_frame *fr = &u->frame[u->exit[exit].frame];

	o->left = true;
	o->early = u->exit[exit].hoisted;	/* a guard moved before its loop may fail without need; the interpreter would go on */
	o->pc = fr->pc;
	o->n = fr->n;
	for (uint32_t i = 0; i < fr->n; i++) {
		const struct tier_value *v = &u->value[fr->value + i];

		o->value[i] = canonical(v->loc.type, tier_read_loc(u, regs, &v->loc));
		o->tag[i] = v->tag_loc.where == MACH_NOWHERE ? v->tag : (uint32_t)tier_read_loc(u, regs, &v->tag_loc);
	}
}

struct result { int64_t i; double d; };
typedef struct result compiled_fn(void *, int64_t, int64_t, int32_t, double, float, const void *);

/* Enters a function of the guest convention: its last argument. */
static const char enter_text[] =
	"func @enter -> i64, f64 strict\n"
	"b0(%p: ptr, %a: i64, %b: i64, %c: i32, %d: f64, %e: f32, %f: ptr):\n"
	"    %r = call.guest i64, f64 %f(%p, %a, %b, %c, %d, %e) reads(all) writes(all)\n"
	"    %s = result f64 %r, 1\n"
	"    ret %r, %s\n"
	"end\n";

/* Calls it with values in the registers that a callee has to keep, as far as the compiler finds room there; false: it does not. */
static __attribute__((noinline)) bool call_kept(const void *code, const void *inner, uint8_t *buf, const struct gen_input *in, struct result *r)
{
	int64_t a = 1, b = 2, c = 3, d = 4, e = 5;

	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e));
	*r = ((compiled_fn *)(uintptr_t)code)(buf, in->a, in->b, in->c, in->d, in->e, inner);
	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e));
	return a == 1 && b == 2 && c == 3 && d == 4 && e == 5;
}

static void run_compiled(struct hew_unit *u, const void *enter, const struct gen_input *in, struct outcome *o)
{
	struct result r;

	fill(o->buf);
	u->on_exit = take_exit;
	u->on_exit_arg = o;
	o->lost = !call_kept(enter ? enter : u->code.rx, u->code.rx, o->buf, in, &r);
	if (!o->left) {
		o->result[0] = r.i;
		memcpy(&o->result[1], &r.d, 8);
		o->result[1] = canonical(IR_T_f64, o->result[1]);
	}
}

static bool same(const struct outcome *a, const struct outcome *b)
{
	if (b->lost)
		printf("a register of the caller was not kept\n");
	if (b->lost || b->early)
		return !b->lost;
	if (a->left != b->left || memcmp(a->buf, b->buf, GEN_BUFFER))
		return false;
	if (!a->left)
		return a->result[0] == b->result[0] && a->result[1] == b->result[1];
	return a->pc == b->pc && a->n == b->n && !memcmp(a->value, b->value, a->n * sizeof *a->value) && !memcmp(a->tag, b->tag, a->n * sizeof *a->tag);
}

enum { RANDOM = 1, SHUFFLED = 2, GUEST = 4 };
struct mode { const char *name; unsigned every; int level; unsigned regs, stress; };	/* every: program so-and-so-many */
static const struct mode structured[] = {
	{ "O1", 1, 1, 0, 0 }, { "O2", 1, 2, 0, 0 }, { "O2, 6 registers", 1, 2, 6, 0 }, { "O2, random allocation", 1, 2, 0, RANDOM },
	{ "O1, 6 registers", 1, 1, 6, RANDOM }, { "O2, guest convention", 4, 2, 0, GUEST }, { 0 },
};
static const struct mode graph[] = {
	{ "random registers", 1, 0, 0, RANDOM }, { "O1, 3 registers", 1, 1, 3, 0 }, { "shuffled", 1, 0, 0, SHUFFLED },
	{ "O2, 3 random registers, shuffled", 8, 2, 3, RANDOM | SHUFFLED }, { "O1, guest convention, shuffled", 8, 1, 0, SHUFFLED | GUEST }, { 0 },
};

static void out_of_memory(void *arg)
{
	(void)arg;
	fprintf(stderr, "out of memory\n");
	exit(2);
}

typedef struct ir_func *make_fn(struct arena *mem, uint64_t seed, bool plain);
struct test { struct hew *x; struct hew_unit *enter; make_fn *make; const struct mode *modes; unsigned inputs; uint64_t seed; uint64_t exits, runs, long_ones, refused; bool print; };

static struct ir_func *make(const struct test *t, const struct mode *mode, struct arena *mem)
{
	struct ir_func *f = t->make(mem, t->seed, false);

	f->conv = mode->stress & GUEST ? IR_CONV_GUEST : IR_CONV_C;
	return f;
}

/* One program in one mode; the failing guard is counted down in `fail`. */
static bool one_mode(struct test *t, const struct mode *mode, long *fail_at, const struct gen_input *in, const struct outcome *want, unsigned n)
{
	struct arena mem;
	struct tier_compile c = { .level = mode->level, .verify = true, .stress = mode->stress & RANDOM ? t->seed | 1 : 0,
		.shuffle = mode->stress & SHUFFLED ? t->seed | 1 : 0, .allocatable = api_register_mask(t->x->x.target, mode->regs) };
	long counter = 0;
	enum hew_status s;
	struct hew_unit *u;
	bool ok = true;

	arena_init(&mem, out_of_memory, NULL);
	c.fail_guard = fail_at ? &counter : NULL;
	c.passes = fail_at ? "" : NULL;
	c.want_asm = c.want_ir = t->print;
	s = tier_compile(&t->x->x, make(t, mode, &mem), &c, &u);
	if (s == HEW_CANNOT && mode->regs && mode->regs < FEWEST) {
		t->refused++;			/* an instruction of the program needs so many at once */
		c.allocatable = api_register_mask(t->x->x.target, FEWEST);
		s = tier_compile(&t->x->x, make(t, mode, &mem), &c, &u);
	}
	if (s != HEW_OK) {
		printf("seed %" PRIu64 ", %s: %s\n", t->seed, mode->name, t->x->x.why);
		arena_fini(&mem);
		return false;
	}
	if (t->print)
		printf("---- %s\n%s%s", mode->name, c.ir.s, c.assembly.s);
	text_free(&c.ir);
	text_free(&c.assembly);
	for (unsigned k = 0; k < n && ok; k++) {
		struct outcome got = { 0 };

		counter = fail_at ? fail_at[k] : 0;
		run_compiled(u, mode->stress & GUEST ? t->enter->code.rx : NULL, &in[k], &got);
		t->runs++;
		t->exits += got.left;
		ok = same(&want[k], &got);
		for (unsigned i = 0; !ok && t->print && i < GEN_BUFFER; i++)
			if (want[k].buf[i] != got.buf[i])
				printf("buffer[%u]: evaluator %02x, compiled %02x\n", i, want[k].buf[i], got.buf[i]);
		if (!ok)
			printf("seed %" PRIu64 ", %s, input %u%s: evaluator %s %" PRId64 " %" PRIx64 ", compiled %s %" PRId64 " %" PRIx64 "\n", t->seed,
				mode->name, k, fail_at ? " (forced exit)" : "", want[k].left ? "left at" : "gave", want[k].left ? want[k].pc : want[k].result[0],
				want[k].result[1], got.left ? "left at" : "gave", got.left ? got.pc : got.result[0], got.result[1]);
	}
	tier_unit_free(&t->x->x, u);
	arena_fini(&mem);
	return ok;
}

static bool one_program(struct test *t)
{
	struct gen_input in[4];
	struct outcome want[4], forced[4];
	long guards[4], fail[4], dummy;
	uint64_t rng = t->seed ^ 0x1234567;
	struct arena mem;
	struct ir_func *f, *plain;
	bool ok = true, done = true, any_guard = false, force = t->modes == structured || t->seed % 8 == 0;
	char why[256];

	arena_init(&mem, out_of_memory, NULL);
	f = t->make(&mem, t->seed, false);
	plain = t->make(&mem, t->seed, true);
	if (!ir_verify(f, why, sizeof why) || !ir_verify(plain, why, sizeof why)) {
		printf("seed %" PRIu64 ": the generator made bad IR: %s\n", t->seed, why);
		arena_fini(&mem);
		return false;
	}
	if (t->print) {
		struct text out = { 0 };

		ir_print(f, &out);
		printf("%s", out.s);
		text_free(&out);
	}
	memset(want, 0, sizeof want);
	memset(forced, 0, sizeof forced);
	for (unsigned k = 0; k < t->inputs && done; k++) {
		in[k] = gen_input(&rng);
		done = run_eval(plain, &mem, &in[k], 0, &want[k], &dummy);
		if (!force)
			continue;
		done = done && run_eval(f, &mem, &in[k], 0, &forced[k], &guards[k]);
		memset(&forced[k], 0, sizeof forced[k]);
		fail[k] = guards[k] ? 1 + (long)random_below(&rng, (uint32_t)guards[k]) : -1;
		any_guard |= guards[k] > 0;
		done = done && run_eval(f, &mem, &in[k], fail[k], &forced[k], &dummy);
	}
	arena_fini(&mem);
	t->long_ones += !done;
	if (!done)
		return true;		/* nested loops ran past the step limit: nothing to compare */
	for (const struct mode *m = t->modes; m->name && ok; m++)
		if (t->seed % m->every == 0)
			ok = one_mode(t, m, NULL, in, want, t->inputs);
	/* the optimiser removes guards, so the number of the guard means the same only without it */
	if (any_guard && ok)
		ok = one_mode(t, t->modes, fail, in, forced, t->inputs);
	return ok;
}

static struct hew_unit *make_enter(struct hew *x)
{
	struct tier_compile c = { .level = 1 };
	const char *at = enter_text;
	struct ir_error e;
	struct hew_unit *u;
	struct arena mem;
	int line = 1;

	arena_init(&mem, out_of_memory, NULL);
	if (tier_compile(&x->x, ir_parse(&mem, &mem, &at, &line, NULL, NULL, false, &e), &c, &u) != HEW_OK) {
		fprintf(stderr, "ir_random: %s\n", x->x.why);
		exit(2);
	}
	arena_fini(&mem);
	return u;
}

static uint64_t now_running;
static const char *shape = "";

static void hung(int sig)
{
	(void)sig;
	printf("took more than %d seconds; replay: ir_random 1 %" PRIu64 "%s\n", SECONDS, now_running, shape);
	fflush(stdout);
	_exit(1);
}

int main(int argc, char **argv)
{
	struct hew_options o = { .verify = true };
	struct test t = { 0 };
	bool graphs = false;
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000, seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1, failed = 0;

	if (hew_open(&o, &t.x) != HEW_OK) {
		fprintf(stderr, "ir_random: %s\n", t.x ? hew_error(t.x) : "cannot open");
		return 2;
	}
	t.enter = make_enter(t.x);
	for (int k = 3; k < argc; k++)
		*(strcmp(argv[k], "graph") ? &t.print : &graphs) = true;
	shape = graphs ? " graph" : "";
	signal(SIGALRM, hung);
	t.make = graphs ? gen_graph : gen_program;
	t.modes = graphs ? graph : structured;
	t.inputs = graphs ? 2 : 4;
	printf("ir_random: %" PRIu64 " %s from seed %" PRIu64 "\n", n, graphs ? "graphs" : "programs", seed);
	for (uint64_t k = 0; k < n; k++) {
		t.seed = now_running = seed + k;
		alarm(SECONDS);			/* a loop that does not end */
		if (!one_program(&t)) {
			failed++;
			printf("replay: ir_random 1 %" PRIu64 "%s\n", t.seed, shape);
		}
		if (failed >= 10)
			break;
	}
	printf("%" PRIu64 " runs, %" PRIu64 " of them left through a guard; %" PRIu64 " programs were too long for the evaluator\n", t.runs, t.exits, t.long_ones);
	if (t.refused)
		printf("%" PRIu64 " times an instruction needed a register more\n", t.refused);
	printf("%" PRIu64 " passed, %" PRIu64 " failed\n", n - failed, failed);
	tier_unit_free(&t.x->x, t.enter);
	hew_close(t.x);
	return failed ? 1 : 0;
}
