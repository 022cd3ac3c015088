/* SPDX-License-Identifier: MIT
 * tier.h - from IR to installed code, and back out of it: compilation, units, exits, counters.
 *
 *   tier_context   code space, target, runtime stubs: one per hew context
 *   tier_unit      one piece of compiled code with everything needed to leave it
 *   guest vm       a guest's tiers in a context: hew_guest_vm
 */
#ifndef HEW_TIER_H
#define HEW_TIER_H

#include "code/code.h"
#include "hew.h"
#include "ir/ir.h"
#include "mach/target.h"

#include <setjmp.h>

struct tier_context {
	struct code_space *space;		/* NULL: executable memory is refused */
	const struct target *target;
	struct code_block stubs;
	const uint8_t *exit_tail, *enter, *enter_return, *cold_call[MACH_COLD_CALLS];
	struct arena scratch;			/* what a phase of a compilation needs, emptied behind it */
	unsigned cpu;				/* OS_CPU_... */
	bool verify;
	char why[400];				/* the last error */
};

/* Where a value of a frame is when the unit leaves. */
struct tier_value { uint32_t slot, tag; struct mach_loc tag_loc, loc; };	/* tag_loc NOWHERE: the tag is `tag`; loc NOWHERE: dead */
struct tier_frame { uint64_t func; uint32_t pc; uint8_t mode; uint32_t result; struct mach_loc frame; int32_t frame_offset; uint32_t value, n; };
struct tier_exit { uint32_t frame, n_frames; uint32_t count; uint8_t kind; bool hoisted; };	/* frames innermost first */

enum tier_unit_state { TIER_LIVE, TIER_RETIRED };
struct hew_unit {
	struct hew_unit *next;			/* of the same function, or in the list of retired units */
	struct hew_guest_vm *guest;		/* NULL: plain code */
	struct hew_tier *tier;
	struct hew_unit *older, *newer;		/* live units of the guest, by age */
	const void *func;
	uint32_t pc;				/* HEW_AT_ENTRY, or the loop header */
	enum tier_unit_state state;
	struct code_block code;
	uint64_t saved; uint32_t slot0;		/* of the native frame; see target_code */
	uint8_t fp_reg;
	struct tier_exit *exit; uint32_t n_exits;
	struct tier_frame *frame; uint32_t n_frames;
	struct tier_value *value; uint32_t n_values;
	size_t record_bytes;			/* of the three together, value first */
	bool marked;
	long *guards; uint32_t n_guards;	/* fail_each: a counter per guard */
	/* plain code: what happens at an exit; see tier_run */
	void (*on_exit)(void *arg, struct hew_unit *u, uint32_t exit, const struct target_regs *regs);
	void *on_exit_arg;
};

struct tier_compile {				/* in */
	int level;
	const char *passes;
	uint64_t stress, shuffle;		/* see mach_stress */
	uint64_t allocatable;
	long *fail_guard;
	bool fail_each;
	size_t max_memory;			/* not 0: bytes of a function's arena and of scratch together */
	unsigned max_ms;			/* not 0: for all functions together */
	bool verify, want_ir, want_asm;
	bool careful;				/* see ir_func */
	bool foreign;				/* built by hand: not trusted to be well formed, verified once */
	/* out */
	struct text ir, assembly;
	uint64_t ns;
};

struct hew_guest_vm {
	struct tier_context *x;
	struct hew *hew;
	struct hew_guest guest;
	struct hew_tier_options o;
	void *vm;
	struct hew_unit *retired;
	struct hew_unit *oldest, *newest;	/* live units */
	void *resume_frame; uint64_t resume_pc;	/* left by an exit for hew_enter */
	struct hew_tier_stats stats;
};

/* compile.c */
enum hew_status tier_open(struct tier_context *x, const struct target *t, const struct code_options *o);
void tier_close(struct tier_context *x);
/* Compiles n functions that may call each other (the oom handlers of their arenas are replaced for the time of the call). Units are heap memory;
 * all of them or none. */
enum hew_status tier_compile_all(struct tier_context *x, uint32_t n, struct ir_func *const *f, struct tier_compile *c, struct hew_unit **out);
static inline enum hew_status tier_compile(struct tier_context *x, struct ir_func *f, struct tier_compile *c, struct hew_unit **out)
{ return tier_compile_all(x, 1, &f, c, out); }
void tier_unit_free(struct tier_context *x, struct hew_unit *u);
void tier_dump(const struct ir_func *f, struct text *out);

/* exit.c */
target_exit_fn tier_exit_handler;
int64_t tier_read_loc(const struct hew_unit *u, const struct target_regs *regs, const struct mach_loc *l);

/* tier.c */
struct hew_unit *tier_find(const struct hew_tier *t, uint32_t pc);
void tier_set_counters(struct hew_guest_vm *g, struct hew_tier *t);
void tier_loop_counted(struct hew_guest_vm *g, struct hew_tier *t);	/* the same, but calls already counted stay counted */
void tier_bar(struct hew_guest_vm *g, struct hew_tier *t, const void *func);	/* never compile it again */
void tier_unit_failed(struct hew_unit *u, uint32_t exit);	/* counts; may retire the unit */
void tier_install(struct hew_guest_vm *g, struct hew_unit *u, struct hew_tier *t, const void *func, uint32_t pc);
bool tier_evict(struct hew_guest_vm *g, const struct hew_tier *keep);	/* gives up the older half of all live code; true if that freed any */
void tier_retire(struct hew_guest_vm *g, struct hew_unit *u, const char *why);

/* asmtext.c: bytes and disassembly, by Capstone where it was there at build time */
void tier_disassemble(const struct hew_unit *u, struct text *out);

#endif
