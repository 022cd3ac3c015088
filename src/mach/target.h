/* SPDX-License-Identifier: MIT
 * target.h - the descriptor of a target: data for the allocator, a few coarse hooks per function.
 * All targets are linked on every host; api/targets.c lists them.
 */
#ifndef HEW_TARGET_H
#define HEW_TARGET_H

#include "mach/mach.h"

struct asm_buf;

/* What emission found out. */
struct target_code {
	uint32_t slot0;			/* spill slot s stands at fp - slot0 - 8 * s */
	uint64_t saved;			/* callee-saved registers kept in the frame, in order of number from fp - 8 down */
	uint32_t *callee;		/* by callee of the IR: label to be bound to its address; UINT32_MAX: not referred to */
};

/* Registers as the exit tail saved them; after the handler the callee-saved ones are loaded back from here. */
struct target_regs { int64_t reg[MACH_MAX_REGS]; };
/* Where to go on when the native frame is gone: resume(arg[0], arg[1], arg[2]) returns to the frame's caller. */
struct target_resume { void *resume; int64_t arg[3]; };
typedef void target_exit_fn(struct target_regs *regs, void *unit, uint64_t exit, struct target_resume *out);
struct target_stubs { uint32_t exit_tail, enter, enter_return, cold_call[MACH_COLD_CALLS]; };

/* A struct that is passed by value: its members, those of members that are structs or arrays one by one. Sizes are 1, 2, 4, 8 or 16. */
struct target_field { uint32_t offset, size; bool real; };
struct target_struct { uint32_t size, align; uint32_t n; const struct target_field *field; };

/* A native frame, for the exit handler: fp is the frame pointer. Spill slot s is at fp - frame_slot0 - 8 * s; the saved registers are at
 * fp - 8, fp - 16, ... in order of number; the return address at fp + 8. */
struct target {
	const char *name;
	unsigned n_regs;
	uint8_t frame_pointer;
	uint64_t callee_saved;
	uint8_t scratch[MACH_CLASSES];		/* never allocated; for moves */
	const uint8_t *order[MACH_CLASSES];	/* registers in the order of preference */
	unsigned n_order[MACH_CLASSES];
	const char *const *reg_name;
	uint8_t trap;				/* fill byte for holes */
	bool (*fix)(uint8_t *field, uint8_t kind, int64_t distance);	/* an asm_fix_fn */

	void (*lower)(struct mach_func *m);
	/* exit_tail: address of the common exit tail; unit: the word that names this code to the exit handler */
	void (*emit)(struct mach_func *m, struct asm_buf *a, const void *exit_tail, const void *unit, struct target_code *out);
	/* Runtime stubs, written once per context: the common exit tail, which calls handler, and the trampoline from C. */
	void (*stubs)(struct asm_buf *a, target_exit_fn *handler, struct target_stubs *out);
	unsigned (*struct_parts)(const struct target_struct *s, uint8_t *part);	/* types of the registers it goes in, 2 at most; 0: it goes in memory */
	void (*ins_text)(const struct mach_func *m, const struct mach_ins *i, struct text *out);
};

#endif
