/* SPDX-License-Identifier: MIT
 * vm.c - the interpreter of the tests' virtual machine, with counters, and what the engine asks of it.
 */
#include "vm.h"

const struct vm_op_info vm_ops[VM_OP_COUNT] = {
#define X(name, takes, leaves) { #name, takes, leaves },
	VM_OPS(X)
#undef X
};

/* ---- functions ----------------------------------------------------------------------------- */

static uint32_t takes(const struct vm *m, const struct vm_ins *i)
{
	return i->op == VM_CALL ? m->fn[i->a]->n_params : vm_ops[i->op].takes;
}

/* Depth of the operand stack before each instruction; code is straight enough that one pass in order finds it. */
static void measure(struct vm *m, struct vm_fn *fn)
{
	uint32_t most = 0, d = 0;
	bool reached = true;

	memset(fn->depth, 0xff, (fn->n_code + 1) * sizeof *fn->depth);
	for (uint32_t pc = 0; pc < fn->n_code; pc++) {
		const struct vm_ins *i = &fn->code[pc];

		if (fn->depth[pc] != UINT16_MAX)
			d = fn->depth[pc];
		else if (!reached)
			d = 0;
		fn->depth[pc] = (uint16_t)d;
		d = d - takes(m, i) + vm_ops[i->op].leaves;
		most = d > most ? d : most;
		if ((i->op == VM_JMP || i->op == VM_JZ) && (uint32_t)i->a > pc)
			fn->depth[i->a] = (uint16_t)d;
		reached = i->op != VM_JMP && i->op != VM_RET && i->op != VM_FAIL;
	}
	fn->n_slots = fn->n_locals + most;
}

struct vm_fn *vm_add(struct vm *m, const char *name, uint32_t n_params, uint32_t n_locals, const struct vm_ins *code, uint32_t n)
{
	struct vm_fn *fn = calloc(1, sizeof *fn);

	fn->name = name;
	fn->n_params = n_params;
	fn->n_locals = n_locals;
	fn->n_code = n;
	fn->code = calloc(n, sizeof *fn->code);
	fn->depth = calloc(n + 1, sizeof *fn->depth);
	memcpy(fn->code, code, n * sizeof *code);
	if (m->n_fn == VM_MAX_FN)
		m->n_fn--;			/* the last place is used again and again */
	if (m->measured > m->n_fn)
		m->measured = m->n_fn;
	m->fn[m->n_fn++] = fn;
	hew_tier_init(m->g, &fn->tier);
	return fn;
}

void vm_free_fn(struct vm *m, struct vm_fn *fn)
{
	hew_tier_drop(m->g, &fn->tier);
	for (uint32_t k = 0; k < m->n_fn; k++)
		if (m->fn[k] == fn)
			m->fn[k] = NULL;
	free(fn->code);
	free(fn->depth);
	free(fn);
}

/* ---- arithmetic ---------------------------------------------------------------------------------- */

static double number(struct vm_value v)
{
	double x;

	if (v.tag == VM_TAG_INT)
		return (double)v.bits;
	memcpy(&x, &v.bits, 8);
	return x;
}

struct vm_value vm_arith(enum vm_op op, struct vm_value a, struct vm_value b)
{
	int64_t r;

	if (a.tag == VM_TAG_INT && b.tag == VM_TAG_INT) {
		switch (op) {
		case VM_ADD: if (!__builtin_add_overflow(a.bits, b.bits, &r)) return vm_i(r); break;
		case VM_SUB: if (!__builtin_sub_overflow(a.bits, b.bits, &r)) return vm_i(r); break;
		case VM_MUL: if (!__builtin_mul_overflow(a.bits, b.bits, &r)) return vm_i(r); break;
		default: return vm_i(a.bits < b.bits);
		}
	}
	switch (op) {
	case VM_ADD: return vm_f(number(a) + number(b));
	case VM_SUB: return vm_f(number(a) - number(b));
	case VM_MUL: return vm_f(number(a) * number(b));
	default: return vm_i(number(a) < number(b));
	}
}

static void learn(struct vm_ins *i, struct vm_value a, struct vm_value b)
{
	i->fb |= a.tag != b.tag ? VM_FB_OTHER : a.tag == VM_TAG_INT ? VM_FB_INTS : VM_FB_FLTS;
}

/* ---- frames and errors ------------------------------------------------------------------------------ */

struct vm_frame *vm_next(const struct vm_frame *f)
{
	return (struct vm_frame *)(uintptr_t)&f->slot[f->fn->n_slots];
}

bool vm_fits(const struct vm *m, const struct vm_frame *f, const struct vm_fn *fn)
{
	return (const char *)&f->slot[fn->n_slots] <= m->stack_end && (const char *)__builtin_frame_address(0) > m->native_limit;
}

_Noreturn void vm_throw(struct vm *m, int error)
{
	m->error = error;
	longjmp(*m->catch, 1);
}

static void new_frame(struct vm *m, struct vm_frame *f, struct vm_fn *fn, struct vm_frame *caller, bool boundary, const struct vm_value *args)
{
	if (!vm_fits(m, f, fn))
		vm_throw(m, VM_OVERFLOW);
	f->fn = fn;
	f->caller = caller;
	f->boundary = boundary;
	f->pc = 0;
	for (uint32_t k = 0; k < fn->n_locals; k++)
		f->slot[k] = k < fn->n_params ? args[k] : vm_i(0);
}

uint64_t vm_hash(const struct vm *m, const struct vm_frame *f, uint32_t pc, uint32_t n)
{
	uint64_t h = hash_bytes(f->fn->name, strlen(f->fn->name), 1);

	h = hash_bytes(&(uint64_t[]){ (uint64_t)((const char *)f - m->stack), pc, n }, 24, h);

	for (uint32_t k = 0; k < n; k++)
		h = hash_bytes(&f->slot[k], 12, h);
	return h;
}

/* ---- the interpreter --------------------------------------------------------------------------------- */

static void hot_call(struct vm *m, struct vm_fn *fn, struct vm_frame *f)
{
	if (--fn->tier.calls < 0 && m->g)
		hew_tier_up(m->g, &fn->tier, fn, HEW_AT_ENTRY, f);
}

/* sizes: table */
struct vm_value vm_interp(struct vm *m, struct vm_frame *f, uint32_t pc)
{
	for (;;) {
		struct vm_ins *i = &f->fn->code[pc];
		struct vm_value *sp = &f->slot[f->fn->n_locals + f->fn->depth[pc]], v;
		struct hew_result r;
		struct vm_frame *to;
		uint64_t at;
		void *code, *where;

		m->executed++;
		if (m->on_ins)
			m->on_ins(m, f, pc);
		switch ((enum vm_op)i->op) {
		case VM_INT: *sp = vm_i(i->a); break;
		case VM_HALF: *sp = vm_f(i->a / 2.0); break;
		case VM_GET: *sp = f->slot[i->a]; break;
		case VM_SET: f->slot[i->a] = sp[-1]; break;
		case VM_ADD: case VM_SUB: case VM_MUL: case VM_LT:
			learn(i, sp[-2], sp[-1]);
			sp[-2] = vm_arith((enum vm_op)i->op, sp[-2], sp[-1]);
			break;
		case VM_JZ:
			if (sp[-1].bits == 0) {
				pc = (uint32_t)i->a;
				continue;
			}
			break;
		case VM_JMP:
			if ((uint32_t)i->a > pc) {
				pc = (uint32_t)i->a;
				continue;
			}
			pc = (uint32_t)i->a;
			if (m->poll) {
				m->poll = 0;
				m->polled++;
			}
			code = --f->fn->tier.loops < 0 && m->g ? hew_tier_up(m->g, &f->fn->tier, f->fn, pc, f) : NULL;
			if (!code)
				continue;
			r = hew_enter(m->g, code, m, f, &where, &at);
			goto entered;
		case VM_CALL:
			f->pc = pc;
			to = vm_next(f);
			new_frame(m, to, m->fn[i->a], f, false, sp - m->fn[i->a]->n_params);
			f = to;
			pc = 0;
			hot_call(m, f->fn, f);
			if (!f->fn->tier.entry)
				continue;
			r = hew_enter(m->g, f->fn->tier.entry, m, f, &where, &at);
			goto entered;
		case VM_HOST:
			f->pc = pc;
			m->top = f;
			sp[-1] = m->host[i->a](m, f, sp[-1]);
			break;
		case VM_FAIL: vm_throw(m, i->a);
		case VM_RET:
			v = sp[-1];
			goto returned;
		case VM_OP_COUNT: break;
		}
		pc++;
		continue;
entered:
		if (r.word == HEW_DEOPTIMISED) {
			f = where;
			pc = (uint32_t)at;
			continue;
		}
		v = (struct vm_value){ r.bits, (uint32_t)r.word, 0 };
returned:
		if (f->boundary)
			return v;
		f = f->caller;
		pc = f->pc + 1;
		f->slot[f->fn->n_locals + f->fn->depth[pc] - 1u] = v;
	}
}

static struct vm_value enter(struct vm *m, struct vm_frame *f)
{
	struct hew_result r;
	void *where;
	uint64_t at;

	hot_call(m, f->fn, f);
	if (!f->fn->tier.entry)
		return vm_interp(m, f, 0);
	r = hew_enter(m->g, f->fn->tier.entry, m, f, &where, &at);
	if (r.word == HEW_DEOPTIMISED)
		return vm_interp(m, where, (uint32_t)at);
	return (struct vm_value){ r.bits, (uint32_t)r.word, 0 };
}

struct vm_value vm_call(struct vm *m, struct vm_fn *fn, int n, const struct vm_value *args)
{
	struct vm_frame *volatile top = m->top;
	jmp_buf *volatile outer = m->catch;
	struct vm_value v = vm_i(0);
	struct vm_frame *f = m->top ? vm_next(m->top) : (struct vm_frame *)(void *)m->stack;
	jmp_buf here;

	assert_int_equal(n, fn->n_params);
	for (; m->measured < m->n_fn; m->measured++)	/* now that all callees are there */
		measure(m, m->fn[m->measured]);
	if (!outer) {
		m->native_base = __builtin_frame_address(0);
		m->native_limit = m->native_base - (4 << 20);
	}
	m->error = 0;
	m->catch = &here;
	if (!setjmp(here)) {
		new_frame(m, f, fn, NULL, true, args);
		v = enter(m, f);
	}
	m->catch = outer;
	m->top = top;
	return v;
}

int64_t vm_int(struct vm *m, struct vm_fn *fn, int64_t arg)
{
	struct vm_value a = vm_i(arg), v = vm_call(m, fn, (int)fn->n_params, &a);

	assert_int_equal(m->error, 0);
	assert_int_equal(v.tag, VM_TAG_INT);
	return v.bits;
}

/* ---- what the engine asks ------------------------------------------------------------------------------- */

static void rebuild(void *vm, const struct hew_frame *h)
{
	struct vm *m = vm;
	struct vm_frame *f = h->frame;

	if (f != m->rebuilding && m->rebuilding) {	/* inlined: its header was never written */
		f->fn = (struct vm_fn *)(uintptr_t)h->func;
		f->caller = m->rebuilding;
		f->boundary = false;
	}
	f->pc = h->pc;
	for (int k = 0; k < h->n; k++)
		f->slot[h->slot[k].slot] = (struct vm_value){ h->slot[k].bits, h->slot[k].tag, 0 };
	m->rebuilding = h->innermost ? NULL : f;
	if (m->on_rebuild)
		m->on_rebuild(m, f, h);
}

static struct hew_result resume(void *vm, void *frame, uint64_t pc)
{
	struct vm_value v = vm_interp(vm, frame, (uint32_t)pc);

	return (struct hew_result){ v.bits, v.tag };
}

static void widen(void *vm, const void *func, uint32_t pc)
{
	struct vm *m = vm;

	if (!m->no_widen)
		((const struct vm_fn *)func)->code[pc].fb |= VM_FB_OTHER;
}

static void stacks(void *vm, void (*visit)(void *arg, const void *lo, const void *hi), void *arg)
{
	struct vm *m = vm;

	if (m->catch)
		visit(arg, __builtin_frame_address(0), m->native_base);
}

const struct hew_guest vm_guest = { .name = "testvm", .lift = vm_lift, .rebuild = rebuild, .resume = resume, .widen = widen, .stacks = stacks };

/* ---- open, close --------------------------------------------------------------------------------------------- */

static void event(void *arg, const struct hew_event *e)
{
	struct vm *m = arg;

	if (m->n_events < COUNT_OF(m->event))
		m->event[m->n_events] = *e;
	m->n_events++;
}

unsigned vm_count(const struct vm *m, enum hew_event_kind k)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->n_events && i < COUNT_OF(m->event); i++)
		n += m->event[i].kind == k;
	return n;
}

struct hew_tier_options vm_tier(int calls, int loops)
{
	struct hew_tier_options o = hew_tier_defaults();

	o.call_threshold = calls;
	o.loop_threshold = loops;
	o.verify = true;
	return o;
}

struct vm *vm_open(const struct hew_options *ho, const struct hew_tier_options *o)
{
	struct vm *m = calloc(1, sizeof *m);
	struct hew_tier_options t;

	m->stack = malloc(1 << 22);
	m->stack_end = m->stack + (1 << 22) - VM_MARGIN;
	m->generic_from = UINT32_MAX;
	if (!o)
		return m;
	t = *o;
	if (!t.event) {
		t.event = event;
		t.event_arg = m;
	}
	assert_int_equal(hew_open(ho, &m->x), HEW_OK);
	assert_int_equal(hew_guest_open(m->x, &vm_guest, &t, m, &m->g), HEW_OK);
	return m;
}

void vm_close(struct vm *m)
{
	while (m->n_fn)
		if (m->fn[--m->n_fn])
			vm_free_fn(m, m->fn[m->n_fn]);
	hew_guest_close(m->g);
	hew_close(m->x);
	free(m->stack);
	free(m);
}
