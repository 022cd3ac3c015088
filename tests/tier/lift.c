/* SPDX-License-Identifier: MIT
 * lift.c - bytecode of the tests' virtual machine to IR: every slot is a pair of values (tag, bits), every block takes all
 * slots as arguments, guards carry the frame before their instruction. Calls of small straight functions are inlined with
 * the caller's frame as parent.
 */
#include "vm.h"

enum { C_FRAME, C_ENTRY, C_POLL, C_STATE };

struct slot { hew_val tag, bits; };
struct scope {
	struct scope *up;
	struct vm_fn *fn;
	int32_t offset;			/* of the frame from the unit's own */
	hew_state parent;
	uint32_t pc, depth;
	struct slot *s;			/* locals, operands */
};
struct lifter {
	struct vm *m;
	struct hew_fn *f;
	hew_val vm, frame;
	bool generic;
	hew_block *block;		/* by pc: 0 no block yet */
	struct slot **args;		/* of the block at pc */
	bool *header;
	uint32_t *todo, n_todo;
	struct slot returned;		/* by an inlined function */
};

static hew_val k32(struct lifter *l, uint32_t x) { return hew_i32(l->f, (int32_t)x); }
static struct slot integer(struct lifter *l, hew_val v) { return (struct slot){ k32(l, VM_TAG_INT), v }; }
static int32_t slot_at(uint32_t k) { return (int32_t)(offsetof(struct vm_frame, slot) + k * sizeof(struct vm_value)); }
static int32_t frame_size(const struct vm_fn *fn) { return slot_at(fn->n_slots); }

/* ---- states, guards ---------------------------------------------------------------------------- */

static hew_state state(struct lifter *l, const struct scope *sc, enum hew_mode mode, uint32_t n, uint32_t result)
{
	struct hew_state_slot *slots = hew_fn_alloc(l->f, (n + 1) * sizeof *slots);
	int64_t tag;

	for (uint32_t k = 0; k < n; k++) {
		slots[k] = (struct hew_state_slot){ .slot = k, .value = sc->s[k].bits };
		if (hew_is_const(l->f, sc->s[k].tag, &tag))
			slots[k].tag = (uint32_t)tag;
		else
			slots[k].dynamic_tag = sc->s[k].tag;
	}
	return hew_state_new(l->f, &(struct hew_state_info){ .parent = sc->parent, .func = sc->fn, .pc = sc->pc, .mode = mode, .result = result,
		.frame = l->frame, .frame_offset = sc->offset }, (int)n, slots);
}

static hew_state here(struct lifter *l, const struct scope *sc) { return state(l, sc, HEW_RETRY, sc->fn->n_locals + sc->depth, 0); }

/* The slot holds a value with this tag from now on. False: it is known not to. */
static bool expect(struct lifter *l, struct scope *sc, struct slot *s, uint32_t tag)
{
	int64_t known;

	if (hew_is_const(l->f, s->tag, &known))
		return known == tag;
	s->bits = hew_check(l->f, HEW_CHECK_TAG, hew_eq(l->f, s->tag, k32(l, tag)), s->bits, here(l, sc));
	s->tag = k32(l, tag);
	return true;
}

/* ---- arithmetic ------------------------------------------------------------------------------------ */

static struct hew_result rt_arith(int32_t op, uint32_t ta, int64_t a, uint32_t tb, int64_t b)
{
	struct vm_value v = vm_arith((enum vm_op)op, (struct vm_value){ a, ta, 0 }, (struct vm_value){ b, tb, 0 });

	return (struct hew_result){ v.bits, v.tag };
}

static struct slot called(struct lifter *l, hew_val call)
{
	hew_val word = hew_result2(l->f, call);

	return (struct slot){ hew_trunc(l->f, HEW_I32, word), call };
}

static struct slot integers(struct lifter *l, struct scope *sc, enum vm_op op, hew_val a, hew_val b)
{
	switch (op) {
	case VM_ADD: return integer(l, hew_addo(l->f, a, b, here(l, sc)));
	case VM_SUB: return integer(l, hew_subo(l->f, a, b, here(l, sc)));
	case VM_MUL: return integer(l, hew_mulo(l->f, a, b, here(l, sc)));
	default: return integer(l, hew_zext(l->f, HEW_I64, hew_lt(l->f, a, b)));
	}
}

static struct slot floats(struct lifter *l, enum vm_op op, hew_val a, hew_val b)
{
	hew_val r;

	a = hew_bitcast(l->f, HEW_F64, a);
	b = hew_bitcast(l->f, HEW_F64, b);
	switch (op) {
	case VM_ADD: r = hew_fadd(l->f, a, b); break;
	case VM_SUB: r = hew_fsub(l->f, a, b); break;
	case VM_MUL: r = hew_fmul(l->f, a, b); break;
	default: return integer(l, hew_zext(l->f, HEW_I64, hew_flt(l->f, a, b)));
	}
	return (struct slot){ k32(l, VM_TAG_FLT), hew_bitcast(l->f, HEW_I64, r) };
}

/* False: never executed, the code ends here. */
static bool arith(struct lifter *l, struct scope *sc, const struct vm_ins *i)
{
	struct slot *a = &sc->s[sc->fn->n_locals + sc->depth - 2], *b = a + 1;
	static const struct hew_call pair = { .result = { HEW_I64, HEW_I64 } };

	if (!i->fb && !l->generic) {
		hew_exit(l->f, here(l, sc));
		return false;
	}
	if (!l->generic && i->fb == VM_FB_INTS && expect(l, sc, a, VM_TAG_INT) && expect(l, sc, b, VM_TAG_INT))
		*a = integers(l, sc, (enum vm_op)i->op, a->bits, b->bits);
	else if (!l->generic && i->fb == VM_FB_FLTS && expect(l, sc, a, VM_TAG_FLT) && expect(l, sc, b, VM_TAG_FLT))
		*a = floats(l, (enum vm_op)i->op, a->bits, b->bits);
	else
		*a = called(l, hew_call(l->f, hew_ptr(l->f, (const void *)(uintptr_t)rt_arith), &pair, 5,
			(hew_val[]){ k32(l, i->op), a->tag, a->bits, b->tag, b->bits }));
	return true;
}

/* ---- calls --------------------------------------------------------------------------------------------- */

static struct hew_result rt_interpret(struct vm *m, struct vm_frame *f)
{
	struct vm_value v;

	if (!vm_fits(m, f, f->fn))
		vm_throw(m, VM_OVERFLOW);
	if (--f->fn->tier.calls < 0)
		hew_tier_up(m->g, &f->fn->tier, f->fn, HEW_AT_ENTRY, f);
	v = vm_interp(m, f, 0);
	return (struct hew_result){ v.bits, v.tag };
}

static struct hew_result rt_host(struct vm *m, struct vm_frame *f, int64_t which, int64_t bits, uint32_t tag)
{
	struct vm_value v;

	m->top = f;
	v = m->host[which](m, f, (struct vm_value){ bits, tag, 0 });
	return (struct hew_result){ v.bits, v.tag };
}

static void rt_fail(struct vm *m, int32_t error) { vm_throw(m, error); }

static const struct hew_call anything = { .result = { HEW_I64, HEW_I64 }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES };

static void store_slot(struct lifter *l, hew_val frame, uint32_t k, struct slot s)
{
	hew_store(l->f, HEW_FULL, C_FRAME, frame, slot_at(k), s.bits);
	hew_store(l->f, HEW_FULL, C_FRAME, frame, slot_at(k) + 8, s.tag);
}

static struct slot call(struct lifter *l, struct scope *sc, struct vm_fn *to, const struct slot *args)
{
	struct hew_fn *f = l->f;
	hew_val mine = hew_add(f, l->frame, hew_i64(f, sc->offset)), frame = hew_add(f, mine, hew_i64(f, frame_size(sc->fn))), entry;

	hew_store(f, HEW_FULL, C_FRAME, mine, (int32_t)offsetof(struct vm_frame, pc), k32(l, sc->pc));
	hew_store(f, HEW_FULL, C_FRAME, frame, (int32_t)offsetof(struct vm_frame, fn), hew_ptr(f, to));
	hew_store(f, HEW_FULL, C_FRAME, frame, (int32_t)offsetof(struct vm_frame, caller), mine);
	hew_store(f, HEW_FULL, C_FRAME, frame, (int32_t)offsetof(struct vm_frame, boundary), k32(l, 1));
	for (uint32_t k = 0; k < to->n_locals; k++)
		store_slot(l, frame, k, k < to->n_params ? args[k] : integer(l, hew_i64(f, 0)));
	entry = hew_load(f, HEW_PTR, HEW_FULL, C_ENTRY, hew_ptr(f, &to->tier.entry), 0);
	entry = hew_select(f, hew_ne(f, entry, hew_ptr(f, NULL)), entry, hew_ptr(f, (const void *)(uintptr_t)rt_interpret));
	return called(l, hew_call(f, entry, &anything, 2, (hew_val[]){ l->vm, frame }));
}

static bool body(struct lifter *l, struct scope *sc, uint32_t pc);

static bool inlinable(const struct scope *sc, const struct vm_fn *to)
{
	for (const struct scope *s = sc; s; s = s->up)
		if (s->fn == to)
			return false;
	return to->inlined;
}

/* The callee's code stands here. Its frame, if it must be rebuilt, has ours below it, which goes on behind the call. */
static bool inline_call(struct lifter *l, struct scope *sc, struct vm_fn *to, const struct slot *args, struct slot *result)
{
	uint32_t below = sc->fn->n_locals + sc->depth - to->n_params;
	struct scope in = { .up = sc, .fn = to, .offset = sc->offset + frame_size(sc->fn), .s = hew_fn_alloc(l->f, (to->n_slots + 1) * sizeof *in.s) };

	in.parent = state(l, sc, HEW_CONTINUE, below, below);
	for (uint32_t k = 0; k < to->n_locals; k++)
		in.s[k] = k < to->n_params ? args[k] : integer(l, hew_i64(l->f, 0));
	if (!body(l, &in, 0))
		return false;
	*result = l->returned;
	return true;
}

/* ---- control ------------------------------------------------------------------------------------------------ */

static hew_block block_at(struct lifter *l, const struct scope *sc, uint32_t pc)
{
	uint32_t n = sc->fn->n_locals + sc->fn->depth[pc];

	if (!l->block[pc]) {
		l->block[pc] = hew_block_new(l->f);
		l->args[pc] = hew_fn_alloc(l->f, (n + 1) * sizeof **l->args);
		for (uint32_t k = 0; k < n; k++) {
			l->args[pc][k].tag = hew_block_arg(l->f, l->block[pc], HEW_I32);
			l->args[pc][k].bits = hew_block_arg(l->f, l->block[pc], HEW_I64);
		}
		l->todo[l->n_todo++] = pc;
	}
	return l->block[pc];
}

static hew_val *edge(struct lifter *l, const struct scope *sc, uint32_t to, int *n)
{
	uint32_t slots = sc->fn->n_locals + sc->fn->depth[to];
	hew_val *v = hew_fn_alloc(l->f, (2 * slots + 1) * sizeof *v);

	for (uint32_t k = 0; k < slots; k++) {
		v[2 * k] = sc->s[k].tag;
		v[2 * k + 1] = sc->s[k].bits;
	}
	*n = (int)(2 * slots);
	return v;
}

static void go(struct lifter *l, const struct scope *sc, uint32_t to)
{
	int n;
	hew_val *v = edge(l, sc, to, &n);

	hew_jump(l->f, block_at(l, sc, to), n, v);
}

static void poll(struct lifter *l, const struct scope *sc)
{
	hew_val asked = hew_load(l->f, HEW_I32, HEW_FULL, C_POLL, hew_ptr(l->f, &l->m->poll), 0);

	hew_check(l->f, HEW_CHECK_POLL, hew_eq(l->f, asked, k32(l, 0)), 0, here(l, sc));
}

static void branch(struct lifter *l, struct scope *sc, uint32_t to)
{
	struct slot c = sc->s[sc->fn->n_locals + sc->depth - 1];
	int n, n2;
	hew_val *zero = edge(l, sc, to, &n), *other = edge(l, sc, sc->pc + 1, &n2);

	hew_branch(l->f, hew_eq(l->f, c.bits, hew_i64(l->f, 0)), block_at(l, sc, to), n, zero, block_at(l, sc, sc->pc + 1), n2, other);
}

/* One instruction; false: the code ends here. sizes: table */
static bool instruction(struct lifter *l, struct scope *sc, const struct vm_ins *i)
{
	struct slot *sp = &sc->s[sc->fn->n_locals + sc->depth];
	struct vm_fn *to;
	double x;
	int64_t bits;

	switch ((enum vm_op)i->op) {
	case VM_INT: *sp = integer(l, hew_i64(l->f, i->a)); break;
	case VM_HALF:
		x = i->a / 2.0;
		memcpy(&bits, &x, 8);
		*sp = (struct slot){ k32(l, VM_TAG_FLT), hew_i64(l->f, bits) };
		break;
	case VM_GET: *sp = sc->s[i->a]; break;
	case VM_SET: sc->s[i->a] = sp[-1]; break;
	case VM_ADD: case VM_SUB: case VM_MUL: case VM_LT: return arith(l, sc, i);
	case VM_JMP:
		if ((uint32_t)i->a <= sc->pc)
			poll(l, sc);
		go(l, sc, (uint32_t)i->a);
		return false;
	case VM_JZ:
		branch(l, sc, (uint32_t)i->a);
		return false;
	case VM_CALL:
		to = l->m->fn[i->a];
		sp -= to->n_params;
		if (inlinable(sc, to))
			return inline_call(l, sc, to, sp, sp);
		*sp = call(l, sc, to, sp);
		break;
	case VM_HOST:
		hew_store(l->f, HEW_FULL, C_FRAME, l->frame, sc->offset + (int32_t)offsetof(struct vm_frame, pc), k32(l, sc->pc));
		sp[-1] = called(l, hew_call(l->f, hew_ptr(l->f, (const void *)(uintptr_t)rt_host), &anything, 5,
			(hew_val[]){ l->vm, hew_add(l->f, l->frame, hew_i64(l->f, sc->offset)), hew_i64(l->f, i->a), sp[-1].bits, sp[-1].tag }));
		break;
	case VM_FAIL:
		hew_call(l->f, hew_ptr(l->f, (const void *)(uintptr_t)rt_fail), &(struct hew_call){ .writes = HEW_ALL_CLASSES }, 2,
			(hew_val[]){ l->vm, hew_i32(l->f, i->a) });
		hew_ret2(l->f, hew_i64(l->f, 0), hew_i64(l->f, 0));
		return false;
	case VM_RET:
		if (sc->up)
			l->returned = sp[-1];
		else
			hew_ret2(l->f, sp[-1].bits, hew_zext(l->f, HEW_I64, sp[-1].tag));
		return sc->up != NULL;
	case VM_OP_COUNT: break;
	}
	return true;
}

/* Lifts from pc until the block ends; an inlined function until it returned. */
static bool body(struct lifter *l, struct scope *sc, uint32_t pc)
{
	bool first = true;

	for (;; first = false) {
		const struct vm_ins *i = &sc->fn->code[pc];

		sc->pc = pc;
		sc->depth = sc->fn->depth[pc];
		if (!first && !sc->up && l->header[pc]) {
			go(l, sc, pc);
			return false;
		}
		if (!instruction(l, sc, i))
			return false;
		if (i->op == VM_RET)
			return true;
		pc++;
	}
}

static void one_block(struct lifter *l, struct vm_fn *fn, uint32_t pc)
{
	struct scope sc = { .fn = fn, .pc = pc, .depth = fn->depth[pc], .s = hew_fn_alloc(l->f, (fn->n_slots + 1) * sizeof *sc.s) };

	hew_begin(l->f, l->block[pc]);
	memcpy(sc.s, l->args[pc], (fn->n_locals + sc.depth) * sizeof *sc.s);
	if (l->header[pc])
		hew_block_state(l->f, l->block[pc], here(l, &sc));
	body(l, &sc, pc);
}

/* ---- the unit ---------------------------------------------------------------------------------------------------- */

static void rt_overflow(struct vm *m) { vm_throw(m, VM_OVERFLOW); }

static void check_stack(struct lifter *l, const struct vm_fn *fn)
{
	struct hew_fn *f = l->f;
	hew_val end = hew_add(f, l->frame, hew_i64(f, frame_size(fn)));
	hew_val limit = hew_load(f, HEW_PTR, HEW_FULL, C_STATE, l->vm, (int32_t)offsetof(struct vm, native_limit));
	hew_val last = hew_load(f, HEW_PTR, HEW_FULL, C_STATE, l->vm, (int32_t)offsetof(struct vm, stack_end));
	hew_block over = hew_block_new(f), fits = hew_block_new(f);

	hew_cold(f, over);
	hew_branch(f, hew_or(f, hew_ult(f, last, end), hew_ult(f, hew_sp(f), limit)), over, 0, NULL, fits, 0, NULL);
	hew_begin(f, over);
	hew_call(f, hew_ptr(f, (const void *)(uintptr_t)rt_overflow), &(struct hew_call){ .writes = HEW_ALL_CLASSES }, 1, &l->vm);
	hew_ret2(f, hew_i64(f, 0), hew_i64(f, 0));
	hew_begin(f, fits);
}

/* The slots as the frame in memory holds them. */
static void entry(struct lifter *l, struct vm_fn *fn, uint32_t pc, bool at_entry)
{
	struct scope sc = { .fn = fn, .pc = pc, .depth = fn->depth[pc], .s = hew_fn_alloc(l->f, (fn->n_slots + 1) * sizeof *sc.s) };

	if (at_entry)
		check_stack(l, fn);
	for (uint32_t k = 0; k < fn->n_locals + sc.depth; k++) {
		if (at_entry && k >= fn->n_params) {
			sc.s[k] = integer(l, hew_i64(l->f, 0));
			continue;
		}
		sc.s[k].bits = hew_load(l->f, HEW_I64, HEW_FULL, C_FRAME, l->frame, slot_at(k));
		sc.s[k].tag = hew_load(l->f, HEW_I32, HEW_FULL, C_FRAME, l->frame, slot_at(k) + 8);
	}
	go(l, &sc, pc);
}

void vm_lift(void *vm, const struct hew_lift *what, struct hew_fn *f)
{
	struct vm_fn *fn = (struct vm_fn *)(uintptr_t)what->func;
	struct lifter l = { .m = vm, .f = f, .vm = hew_arg(f, 0), .frame = hew_arg(f, 1) };
	uint32_t start = what->pc == HEW_AT_ENTRY ? 0 : what->pc;

	fn->lifted++;
	if (fn->no_jit)
		hew_bail(f, "this function is to be interpreted");
	l.generic = what->attempt >= l.m->generic_from;
	l.block = hew_fn_alloc(f, (fn->n_code + 1) * sizeof *l.block);
	l.args = hew_fn_alloc(f, (fn->n_code + 1) * sizeof *l.args);
	l.header = hew_fn_alloc(f, fn->n_code + 1);
	l.todo = hew_fn_alloc(f, (fn->n_code + 1) * sizeof *l.todo);
	hew_class(f, C_FRAME, "frame", 0);
	hew_class(f, C_ENTRY, "entry", 0);
	hew_class(f, C_POLL, "poll", HEW_CLASS_CHANGING);
	hew_class(f, C_STATE, "state", 0);
	for (uint32_t pc = 0; pc < fn->n_code; pc++)
		if (fn->code[pc].op == VM_JMP && (uint32_t)fn->code[pc].a <= pc)
			l.header[fn->code[pc].a] = true;
	entry(&l, fn, start, what->pc == HEW_AT_ENTRY);
	while (l.n_todo)
		one_block(&l, fn, l.todo[--l.n_todo]);
}
