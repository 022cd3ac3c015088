/* SPDX-License-Identifier: MIT
 * mach.h - machine-level code: a target's instructions over virtual registers, and the allocator that gives them real ones.
 *
 *   lowering (target)  ->  mach_func: blocks in final order, instructions with operands that name virtual registers
 *   ra_allocate        ->  a physical register in every operand, moves between instructions and on edges
 *   emission (target)  ->  bytes
 *
 * POSITIONS. Instruction i owns four: 4i before (moves), 4i+1 operands are read, 4i+2 results are written, 4i+3 after
 * (moves). Live ranges are half open. An operand read early ends at 4i+2, so its register may be the result's.
 */
#ifndef HEW_MACH_H
#define HEW_MACH_H

#include "ir/ir.h"

#define MACH_NO_REG 0xff
#define MACH_MAX_REGS 64

enum mach_class { MACH_G, MACH_F, MACH_CLASSES };

enum mach_role {
	MACH_USE,		/* read early */
	MACH_LATE,		/* read, and still needed when the results are written */
	MACH_DEF,		/* written late */
	MACH_TEMP,		/* a register of its own during the whole instruction */
	MACH_COLD		/* a frame state wants it: any place will do */
};

struct mach_opnd {
	uint32_t vreg;
	uint8_t role;		/* enum mach_role */
	uint8_t fixed;		/* this physical register, or MACH_NO_REG: any of the class */
	uint8_t reg;		/* result of the allocation */
	uint8_t same;		/* DEF: 1 + index of the operand that the target wants in the same register (a hint; emission moves) */
};

enum { MACH_CALL = 1, MACH_JUMP = 2, MACH_END = 4, MACH_FIXED = 8 };	/* flags: makes a call | jumps | last of its block | wants certain registers */

struct mach_ins {
	uint16_t op;		/* the target's */
	uint8_t form;		/* the target's */
	uint8_t size, cc, scale;
	uint8_t flags;
	uint8_t base, index;	/* 1 + operand number of the address registers, 0 none */
	uint16_t n;		/* operands */
	uint32_t opnd;		/* first of them */
	int32_t disp;
	uint32_t target;	/* jumps: block (layout index); guards: exit; calls: descriptor */
	int64_t imm;
	uint64_t clobber;	/* physical registers destroyed */
	ir_ref node;		/* what it computes, for dumps and pc maps */
};

struct mach_block {
	uint32_t ir;		/* block of the IR */
	uint32_t first, end;	/* instructions */
	VEC(uint32_t) succ;	/* layout indices */
	VEC(uint32_t) pred;
	VEC(uint32_t) edge;	/* edge of the IR for each successor */
	uint32_t loop_depth;
	bool cold;
	VEC(uint32_t) live_in;	/* vregs, ascending */
};

/* Results of a call that keeps registers (IR_CONV_COLD); others are made as the platform has them. */
enum mach_cold { MACH_COLD_INT = 1, MACH_COLD_FLOAT = 2, MACH_COLD_CALLS = 4 };

/* a place where a value can be */
enum mach_where { MACH_NOWHERE, MACH_REG, MACH_STACK, MACH_CONST };
struct mach_loc { uint8_t where, reg; uint8_t type; uint32_t slot; int64_t bits; };	/* slot: index of an 8-byte spill slot */

struct mach_move { struct mach_loc from, to; };
/* Groups of moves before one instruction, in this order: what follows the definition above, what the edge into the block
 * asks for, pieces that begin here and fixed operands, what the edge out of the block asks for. */
enum mach_phase { MACH_AFTER, MACH_EDGE_IN, MACH_BEFORE, MACH_EDGE_OUT };
struct mach_moves { uint32_t at; uint8_t phase; uint32_t first, n; };	/* a parallel assignment, already made sequential */

struct mach_exit {		/* a way out to the interpreter */
	ir_ref node;		/* the guard */
	uint32_t state;
	uint32_t ins;		/* instruction that leaves */
	uint32_t loc, n;	/* in mach_func.exit_loc: one per value of the state chain, in the order of ir_visit_state */
};

struct mach_vreg { uint8_t cls, type; uint8_t hint; ir_ref node; };	/* hint: physical register wished for, or MACH_NO_REG */

/* seed: registers at random; shuffle: blocks, ties and splits in random order; each: one counter per guard, else one for all */
struct mach_stress { uint64_t seed, shuffle; uint64_t allocatable; bool count_guards; long *guard_counter; bool each; };

struct mach_func {
	struct arena *mem;
	struct ir_func *f;
	const struct target *target;
	VEC(struct mach_ins) ins;
	VEC(struct mach_opnd) opnd;
	VEC(struct mach_vreg) vreg;		/* [0] unused */
	VEC(struct mach_block) block;		/* in the order of emission */
	VEC(struct mach_exit) exit;
	VEC(struct mach_loc) exit_loc;
	uint32_t *vreg_of;			/* by IR node, 0 none */
	/* results of the allocation */
	VEC(struct mach_moves) moves;		/* sorted by `at` */
	VEC(struct mach_move) move;
	uint32_t n_slots;			/* spill slots */
	uint64_t used_regs;
	unsigned cpu;				/* OS_CPU_...: what the code may use beyond what every processor has */
	uint64_t near_from, near_size;		/* addresses that are near from wherever the code may be put */
	uint32_t out_bytes;			/* stack bytes for arguments of calls */
	uint32_t local_bytes;			/* of the `stack` nodes, a multiple of 16 */
	const uint8_t *cold_call[MACH_COLD_CALLS];	/* stubs that call for us and keep all registers but those of the results; see enum mach_cold */
	bool has_calls, wants_frame;		/* wants_frame: something is addressed from the frame pointer */
	struct mach_stress stress;
	const char *bad;			/* the checker's complaint, or NULL */
	void (*bail)(void *arg, const char *why); void *bail_arg;	/* cannot compile this; must not return */
};

/* ---- func.c: building machine code, and its order ------------------------------------------------------------ */

uint32_t mach_vreg_new(struct mach_func *m, enum mach_class cls, enum ir_type t, ir_ref node);
struct mach_ins *mach_ins_new(struct mach_func *m, uint16_t op, uint8_t form, uint8_t size);
void mach_add(struct mach_func *m, struct mach_ins *i, uint32_t vreg, enum mach_role role, uint8_t fixed);
/* The blocks of the placed function: reverse post-order, loops contiguous, cold ones last. Fills m->block, makes room for the rest. */
void mach_layout(struct mach_func *m);
/* A new exit for the guard `node`; adds its state's values as COLD operands of instruction i. */
uint32_t mach_exit_new(struct mach_func *m, struct mach_ins *i, ir_ref node, uint32_t state);
struct mach_loc mach_loc_of_const(const struct ir_func *f, ir_ref r);
void mach_print(const struct mach_func *m, struct text *out);

/* ---- live.c, scan.c, resolve.c, moves.c, check.c: register allocation -------------------------------------------- */

struct ra_range { uint32_t from, to, next; };	/* lists are ascending */
struct ra_use { uint32_t pos, next; bool reg; };	/* reg: a register is needed; else any place */
struct ra_interval {			/* one piece of a virtual register's life, in one place */
	uint32_t vreg;
	uint32_t next;			/* next piece of the same vreg, or 0 */
	uint32_t start, end;		/* end 0: it does not live at all */
	uint32_t range, use;		/* lists; the scan drops what lies behind it */
	uint8_t reg;			/* MACH_NO_REG: in its spill slot */
};
struct ra_family {			/* by vreg */
	uint32_t hint, back;		/* another vreg to share a register with; what a loop passes for this argument */
	int32_t slot;			/* -1: none */
	uint8_t goal;			/* hint of what may go on in the same register */
	bool far;			/* it, or what may go on in the same register, lives past a call */
};
struct ra {
	struct mach_func *m;
	VEC(struct ra_interval) iv;	/* the first piece of a vreg has its number */
	VEC(struct ra_range) range;	/* [0] unused, like the next one */
	VEC(struct ra_use) use;
	struct ra_family *fam;
	uint32_t fixed[MACH_MAX_REGS];	/* ranges in which instructions want the register for themselves */
	uint32_t calls;			/* the same for all registers that calls destroy: */
	uint64_t call_regs;
	uint32_t *block_at;		/* by instruction: its block */
	uint64_t seed;
	uint64_t allocatable;
};
void ra_live(struct ra *ra);		/* liveness of blocks, intervals, fixed ranges */
void ra_scan(struct ra *ra);
void ra_resolve(struct ra *ra);		/* moves inside blocks and on edges, spill stores, places of exit values, registers of operands */
uint32_t ra_piece_at(const struct ra *ra, uint32_t vreg, uint32_t pos);	/* the interval that holds vreg at pos, or 0 */

void ra_allocate(struct mach_func *m);
/* Orders a parallel assignment, breaking cycles through the scratch places of the target; appends to m->move. */
void ra_sequence(struct mach_func *m, struct mach_move *par, uint32_t n);
/* Symbolic checker: follows what every place holds along all paths. False with m->bad set when an operand would read a wrong value. */
bool ra_check(struct mach_func *m);

#endif
