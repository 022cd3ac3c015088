/* SPDX-License-Identifier: MIT
 * stackvm.c - a virtual machine gets a compiler. The interpreter stays as it was but for three places: counters at calls, counters at
 * jumps back, and going on where compiled code was left. lift() is the new part: bytecode to IR.
 *
 * Numbers are 64-bit integers; a result that does not fit is an error. Compiled code knows only the common case: when a guard
 * fails, the interpreter goes on at that instruction and raises the error.
 *
 *   stackvm			runs all programs
 *   stackvm [-i] fib 30		runs one; -i: interpreted only
 */
#include <hew.h>

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum op { PUSH, LOAD, STORE, ADD, SUB, MUL, LESS, JUMP, JUMP0, CALL, RETURN };
struct ins { enum op op; int arg; };
struct fn {
	struct hew_tier tier;			/* counters and compiled code */
	const char *name;
	int params, locals, length;
	struct ins code[24];
};
struct frame {
	struct fn *fn;
	int64_t depth;				/* slots in use when the interpreter comes back to it */
	int64_t slot[16];			/* locals, then operands */
};
struct vm {
	struct hew_guest_vm *g;
	struct fn *fn;				/* by number */
	jmp_buf fail;
	struct frame stack[1000];
};

/* ---- the interpreter ----------------------------------------------------------------------------------- */

static struct hew_result interpret(void *arg, void *frame, uint64_t pc);

static _Noreturn void error(struct vm *vm, const struct frame *f, uint64_t pc, const char *what)
{
	printf("error in %s at %d: %s\n", f->fn->name, (int)pc, what);
	longjmp(vm->fail, 1);
}

/* Runs a frame whose arguments are in place, compiled if there is code for it. */
static int64_t call(struct vm *vm, struct fn *fn, struct frame *f)
{
	struct hew_result r;
	void *at;
	uint64_t pc;

	f->fn = fn;
	if (f == vm->stack + 999)
		error(vm, f, 0, "stack overflow");
	if (hew_hot(&fn->tier))
		hew_tier_up(vm->g, &fn->tier, fn, HEW_AT_ENTRY, f);
	if (!fn->tier.entry)
		return f->depth = fn->locals, interpret(vm, f, 0).bits;
	r = hew_enter(vm->g, fn->tier.entry, vm, f, &at, &pc);
	return r.word == HEW_DEOPTIMISED ? interpret(vm, at, pc).bits : r.bits;
}

static struct hew_result interpret(void *arg, void *frame, uint64_t pc)
{
	struct vm *vm = arg;
	struct frame *f = frame;
	int64_t *sp = f->slot + f->depth;

	for (;; pc++) {
		const struct ins *i = &f->fn->code[pc];

		switch (i->op) {
		case PUSH: *sp++ = i->arg; break;
		case LOAD: *sp++ = f->slot[i->arg]; break;
		case STORE: f->slot[i->arg] = *--sp; break;
		case ADD: sp--; if (__builtin_add_overflow(sp[-1], sp[0], &sp[-1])) error(vm, f, pc, "overflow"); break;
		case SUB: sp--; if (__builtin_sub_overflow(sp[-1], sp[0], &sp[-1])) error(vm, f, pc, "overflow"); break;
		case MUL: sp--; if (__builtin_mul_overflow(sp[-1], sp[0], &sp[-1])) error(vm, f, pc, "overflow"); break;
		case LESS: sp--; sp[-1] = sp[-1] < sp[0]; break;
		case JUMP0: if (*--sp == 0) pc = (uint64_t)i->arg - 1; break;
		case CALL: {
			struct fn *to = &vm->fn[i->arg];

			sp -= to->params;
			memcpy(f[1].slot, sp, (size_t)to->params * sizeof *sp);
			*sp++ = call(vm, to, f + 1);
			break;
		}
		case RETURN: return (struct hew_result){ sp[-1], 0 };
		case JUMP:
			if ((uint64_t)i->arg < pc && hew_hot_loop(&f->fn->tier)) {
				void *code = hew_tier_up(vm->g, &f->fn->tier, f->fn, (uint32_t)i->arg, f), *at;
				struct hew_result r;

				if (code) {		/* the loop goes on in compiled code */
					r = hew_enter(vm->g, code, vm, f, &at, &pc);
					return r.word == HEW_DEOPTIMISED ? interpret(vm, at, pc) : r;
				}
			}
			pc = (uint64_t)i->arg - 1;
			break;
		}
	}
}

/* ---- bytecode to IR ---------------------------------------------------------------------------------------- */

struct lifter { struct hew_fn *f; const struct fn *fn; hew_val vm, frame, slot[16]; int n; };

static int32_t slot_at(int k) { return (int32_t)(offsetof(struct frame, slot) + (size_t)k * sizeof(int64_t)); }

/* How the interpreter's frame looks before the instruction at pc. */
static hew_state state(struct lifter *l, int pc)
{
	struct hew_state_slot s[16];

	for (int k = 0; k < l->n; k++)
		s[k] = (struct hew_state_slot){ .slot = (uint32_t)k, .value = l->slot[k] };
	return hew_state_new(l->f, &(struct hew_state_info){ .func = l->fn, .pc = (uint32_t)pc, .frame = l->frame }, l->n, s);
}

/* Arguments into the next frame, then into the callee through the C function above. */
static hew_val lift_call(struct lifter *l, struct fn *to, const hew_val *args)
{
	hew_val next = hew_add(l->f, l->frame, hew_i64(l->f, sizeof(struct frame)));

	for (int k = 0; k < to->params; k++)
		hew_store(l->f, HEW_FULL, 0, next, slot_at(k), args[k]);
	return hew_call(l->f, hew_ptr(l->f, (void *)call), &(struct hew_call){ .result = { HEW_I64 }, .reads = 1, .writes = 1 }, 3,
		(hew_val[]){ l->vm, hew_ptr(l->f, to), next });
}

/* Blocks begin where jumps go, with the locals as arguments; operands never wait across a jump. */
static void lift(void *arg, const struct hew_lift *what, struct hew_fn *f)
{
	const struct fn *fn = what->func;
	struct vm *vm = arg;
	struct lifter l = { f, fn, hew_arg(f, 0), hew_arg(f, 1), { 0 }, fn->locals };
	int from = what->pc == HEW_AT_ENTRY ? 0 : (int)what->pc;
	hew_block at[24] = { 0 }, next;
	hew_val local[24][16];

	hew_class(f, 0, "frame", 0);
	for (int pc = -1; pc < fn->length; pc++) {
		int to = pc < 0 ? from : fn->code[pc].op == JUMP || fn->code[pc].op == JUMP0 ? fn->code[pc].arg : -1;

		if (to < 0 || at[to])
			continue;
		at[to] = hew_block_new(f);
		for (int k = 0; k < fn->locals; k++)
			local[to][k] = hew_block_arg(f, at[to], HEW_I64);
	}
	for (int k = 0; k < fn->locals; k++)
		l.slot[k] = hew_load(f, HEW_I64, HEW_FULL, 0, l.frame, slot_at(k));
	hew_jump(f, at[from], fn->locals, l.slot);

	for (int pc = 0; pc < fn->length; pc++) {
		const struct ins *i = &fn->code[pc];
		hew_val *sp;

		if (at[pc]) {
			if (!hew_ended(f))
				hew_jump(f, at[pc], fn->locals, l.slot);
			hew_begin(f, at[pc]);
			memcpy(l.slot, local[pc], sizeof local[pc]);
			l.n = fn->locals;
			hew_block_state(f, at[pc], state(&l, pc));
		}
		if (hew_ended(f))
			continue;		/* nothing comes here */
		sp = &l.slot[l.n];
		switch (i->op) {
		case PUSH: *sp = hew_i64(f, i->arg); l.n++; break;
		case LOAD: *sp = l.slot[i->arg]; l.n++; break;
		case STORE: l.slot[i->arg] = sp[-1]; l.n--; break;
		case ADD: sp[-2] = hew_addo(f, sp[-2], sp[-1], state(&l, pc)); l.n--; break;
		case SUB: sp[-2] = hew_subo(f, sp[-2], sp[-1], state(&l, pc)); l.n--; break;
		case MUL: sp[-2] = hew_mulo(f, sp[-2], sp[-1], state(&l, pc)); l.n--; break;
		case LESS: sp[-2] = hew_zext(f, HEW_I64, hew_lt(f, sp[-2], sp[-1])); l.n--; break;
		case JUMP: hew_jump(f, at[i->arg], fn->locals, l.slot); break;
		case JUMP0:
			next = hew_block_new(f);
			hew_branch(f, hew_eq(f, sp[-1], hew_i64(f, 0)), at[i->arg], fn->locals, l.slot, next, 0, NULL);
			hew_begin(f, next);
			l.n--;
			break;
		case CALL:
			sp -= vm->fn[i->arg].params;
			*sp = lift_call(&l, &vm->fn[i->arg], sp);
			l.n = (int)(sp + 1 - l.slot);
			break;
		case RETURN: hew_ret2(f, sp[-1], hew_i64(f, 0)); break;
		}
	}
}

/* Compiled code was left: what the interpreter's frame would hold. */
static void rebuild(void *arg, const struct hew_frame *h)
{
	struct frame *f = h->frame;

	(void)arg;
	for (int k = 0; k < h->n; k++)
		f->slot[h->slot[k].slot] = h->slot[k].bits;
	f->depth = h->n;
}

/* ---- three programs --------------------------------------------------------------------------------------------- */

static void tell(void *arg, const struct hew_event *e)
{
	const struct fn *fn = e->func;

	(void)arg;
	if (e->kind == HEW_EV_COMPILED && e->pc == HEW_AT_ENTRY)
		printf("compiled %s\n", fn->name);
	else if (e->kind == HEW_EV_COMPILED)
		printf("compiled the loop at %u of %s\n", e->pc, fn->name);
	else if (e->kind == HEW_EV_BAILED)
		printf("%s is interpreted: %s\n", fn->name, e->why);
}

enum { FIB, SUM, FACTORIAL, FUNCTIONS };

static struct fn functions[FUNCTIONS] = {
	{ .name = "fib", .params = 1, .locals = 1, .length = 16, .code = {
		{ LOAD, 0 }, { PUSH, 2 }, { LESS, 0 }, { JUMP0, 6 }, { LOAD, 0 }, { RETURN, 0 },
		{ LOAD, 0 }, { PUSH, 1 }, { SUB, 0 }, { CALL, FIB }, { LOAD, 0 }, { PUSH, 2 }, { SUB, 0 }, { CALL, FIB }, { ADD, 0 }, { RETURN, 0 } } },
	{ .name = "sum", .params = 3, .locals = 3, .length = 15, .code = {		/* of 0 .. n-1; called with n, 0, 0 */
		{ LOAD, 1 }, { LOAD, 0 }, { LESS, 0 }, { JUMP0, 13 }, { LOAD, 2 }, { LOAD, 1 }, { ADD, 0 }, { STORE, 2 },
		{ LOAD, 1 }, { PUSH, 1 }, { ADD, 0 }, { STORE, 1 }, { JUMP, 0 }, { LOAD, 2 }, { RETURN, 0 } } },
	{ .name = "factorial", .params = 1, .locals = 1, .length = 13, .code = {
		{ LOAD, 0 }, { PUSH, 1 }, { LESS, 0 }, { JUMP0, 6 }, { PUSH, 1 }, { RETURN, 0 },
		{ LOAD, 0 }, { LOAD, 0 }, { PUSH, 1 }, { SUB, 0 }, { CALL, FACTORIAL }, { MUL, 0 }, { RETURN, 0 } } },
};

static bool run(struct vm *vm, int number, int64_t n)
{
	if (setjmp(vm->fail))
		return false;
	memset(vm->stack[0].slot, 0, sizeof vm->stack[0].slot);
	vm->stack[0].slot[0] = n;
	printf("%s(%lld) = %lld\n", functions[number].name, (long long)n, (long long)call(vm, &functions[number], vm->stack));
	return true;
}

static void run_all(struct vm *vm)
{
	run(vm, FIB, 20);
	run(vm, FIB, 25);
	run(vm, SUM, 1000000);
	for (int n = 14; n <= 21; n++)
		run(vm, FACTORIAL, n);
}

/* The function of this name and the number; -1: there is none. */
static int chosen(const char *name, const char *text, int64_t *n)
{
	char *end;

	errno = 0;
	*n = strtoll(text, &end, 10);
	for (int k = 0; k < FUNCTIONS; k++)
		if (!strcmp(name, functions[k].name) && end > text && !*end && !errno)
			return k;
	fprintf(stderr, "stackvm: there is no %s(%s); try fib 30, sum 100000000 or factorial 20\n", name, text);
	return -1;
}

int main(int argc, char **argv)
{
	static const struct hew_guest guest = { .name = "stackvm", .lift = lift, .rebuild = rebuild, .resume = interpret };
	static struct vm vm = { .fn = functions };
	struct hew_tier_options o = hew_tier_defaults();
	bool interpreted = argc > 1 && !strcmp(argv[1], "-i"), ok = true;
	struct hew *x = NULL;
	int64_t n = 0;
	int number = 0;

	argc -= interpreted;
	argv += interpreted;
	if (argc != 1 && argc != 3) {
		fprintf(stderr, "usage: stackvm [-i] [FUNCTION N]\n");
		return 2;
	}
	if (argc == 3 && (number = chosen(argv[1], argv[2], &n)) < 0)
		return 2;
	o.event = tell;
	o.call_threshold = 100;
	if (!interpreted && hew_open(NULL, &x) == HEW_OK)
		hew_guest_open(x, &guest, &o, &vm, &vm.g);	/* else vm.g is NULL and everything is interpreted */
	for (int k = 0; k < FUNCTIONS; k++)
		hew_tier_init(vm.g, &functions[k].tier);
	if (argc == 3)
		ok = run(&vm, number, n);
	else
		run_all(&vm);
	for (int k = 0; k < FUNCTIONS; k++)
		hew_tier_drop(vm.g, &functions[k].tier);
	hew_guest_close(vm.g);
	hew_close(x);
	return ok ? 0 : 1;
}
