/* SPDX-License-Identifier: MIT
 * vm.h - a small virtual machine for the tests of the tiers: a stack bytecode with integers and floats, inlining, errors by
 * longjmp, and hooks to look at every frame. vm.c interprets, lift.c compiles.
 *
 * A frame is a header and slots: the locals, then the operand stack. The frame of a callee begins behind that of its
 * caller. `boundary`: who called this frame is waiting in C or native code for interp() to return; else the interpreter
 * itself goes on in frame->caller.
 */
#ifndef TIER_VM_H
#define TIER_VM_H

#include "hew.h"
#include "base/base.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* name, operands it takes, operands it leaves; CALL takes what its callee asks for */
#define VM_OPS(X) \
	X(INT, 0, 1)	/* push the number a */ \
	X(HALF, 0, 1)	/* push the float a / 2 */ \
	X(GET, 0, 1)	/* push local a */ \
	X(SET, 1, 0)	/* pop into local a */ \
	X(ADD, 2, 1)	/* integers whose result does not fit give a float */ \
	X(SUB, 2, 1) \
	X(MUL, 2, 1) \
	X(LT, 2, 1) \
	X(JMP, 0, 0)	/* to a */ \
	X(JZ, 1, 0)	/* to a if the integer is 0 */ \
	X(CALL, 0, 1)	/* function a */ \
	X(HOST, 1, 1)	/* C function a of the machine */ \
	X(FAIL, 0, 0)	/* throw error a */ \
	X(RET, 1, 0)

enum vm_op {
#define X(name, takes, leaves) VM_##name,
	VM_OPS(X)
#undef X
	VM_OP_COUNT
};

enum vm_tag { VM_TAG_INT = 1, VM_TAG_FLT };
enum vm_feedback { VM_FB_INTS = 1, VM_FB_FLTS = 2, VM_FB_OTHER = 4 };	/* operands seen by an arithmetic instruction */

struct vm_value { int64_t bits; uint32_t tag, unused; };
struct vm_ins { uint8_t op, fb; int32_t a; };
struct vm_fn {
	struct hew_tier tier;
	const char *name;
	uint32_t n_params, n_locals, n_code, n_slots;
	bool no_jit, inlined;
	unsigned lifted;
	struct vm_ins *code;
	uint16_t *depth;			/* operands before each instruction */
};
struct vm_frame {
	struct vm_fn *fn;
	struct vm_frame *caller;
	uint32_t pc;				/* while it waits for a callee */
	uint32_t boundary;
	struct vm_value slot[];
};

enum { VM_MAX_FN = 64, VM_OVERFLOW = 1000, VM_MARGIN = 64 << 10 };
struct vm {
	struct hew *x;
	struct hew_guest_vm *g;
	struct vm_fn *fn[VM_MAX_FN];
	uint32_t n_fn, measured;
	struct vm_value (*host[8])(struct vm *m, struct vm_frame *f, struct vm_value v);
	char *stack, *stack_end;
	const char *native_base, *native_limit;
	jmp_buf *catch;
	int error;
	struct vm_frame *top;			/* frame under the one that C code may make */
	uint32_t poll, polled;			/* asked for attention; how often it was given */
	uint64_t executed;			/* bytecode instructions interpreted */
	unsigned no_widen;			/* do not learn from exits */
	unsigned generic_from;			/* attempt from which nothing is guessed */
	struct vm_frame *rebuilding;
	void *watch;				/* of the hooks */
	void (*on_ins)(struct vm *m, struct vm_frame *f, uint32_t pc);
	void (*on_rebuild)(struct vm *m, struct vm_frame *f, const struct hew_frame *h);
	struct hew_event event[1000];		/* the first ones */
	unsigned n_events;
};

extern const struct hew_guest vm_guest;
struct vm_op_info { const char *name; uint8_t takes, leaves; };
extern const struct vm_op_info vm_ops[VM_OP_COUNT];

struct vm *vm_open(const struct hew_options *ho, const struct hew_tier_options *o);	/* o NULL: interpreted only */
void vm_close(struct vm *m);
struct hew_tier_options vm_tier(int calls, int loops);		/* with verifier */
/* Adds a function; its number is its place in m->fn. code is copied. */
struct vm_fn *vm_add(struct vm *m, const char *name, uint32_t n_params, uint32_t n_locals, const struct vm_ins *code, uint32_t n);
void vm_free_fn(struct vm *m, struct vm_fn *fn);
#define VM_FN(m, name, params, locals, ...) vm_add(m, name, params, locals, (const struct vm_ins[]){ __VA_ARGS__ }, \
	sizeof (const struct vm_ins[]){ __VA_ARGS__ } / sizeof(struct vm_ins))
#define I(op, ...) { VM_##op, 0, __VA_ARGS__ + 0 }

/* Calls fn; an error that is thrown ends in m->error, which is 0 else. */
struct vm_value vm_call(struct vm *m, struct vm_fn *fn, int n, const struct vm_value *args);
int64_t vm_int(struct vm *m, struct vm_fn *fn, int64_t arg);	/* one integer argument, must give an integer */
struct vm_value vm_arith(enum vm_op op, struct vm_value a, struct vm_value b);
_Noreturn void vm_throw(struct vm *m, int error);
struct vm_value vm_interp(struct vm *m, struct vm_frame *f, uint32_t pc);
struct vm_frame *vm_next(const struct vm_frame *f);
bool vm_fits(const struct vm *m, const struct vm_frame *f, const struct vm_fn *fn);
unsigned vm_count(const struct vm *m, enum hew_event_kind k);
uint64_t vm_hash(const struct vm *m, const struct vm_frame *f, uint32_t pc, uint32_t n);	/* of a frame at pc with n slots */

static inline struct vm_value vm_i(int64_t x) { return (struct vm_value){ x, VM_TAG_INT, 0 }; }
static inline struct vm_value vm_f(double x)
{
	struct vm_value v = { .tag = VM_TAG_FLT };

	memcpy(&v.bits, &x, 8);
	return v;
}

/* lift.c */
void vm_lift(void *vm, const struct hew_lift *what, struct hew_fn *f);

#endif
