/* SPDX-License-Identifier: MIT
 * lift.h - bytecode to IR: what lift.c, flow.c, ops.c (building) and rt.c (running) share.
 *
 * One native function takes (L, base) and works on the same Lua stack as the interpreter. While it runs, the values of
 * slots live in SSA; a slot's memory is written only when somebody else must see it (a call, a helper, an exit).
 */
#ifndef LV_LIFT_H
#define LV_LIFT_H

#include "lv.h"

/* alias classes */
enum lv_class { LV_C_STACK, LV_C_HEADER, LV_C_NUMBERS, LV_C_VALUES, LV_C_NODEKEY, LV_C_NODEVAL, LV_C_BOX, LV_C_STATE, LV_C_FIXED, LV_C_ENTRY,
	LV_C_SIGNAL, LV_C_COUNT };

#define LV_T_ANY 0xfe			/* tag not known before it runs */
#define LV_T_NONE 0xff			/* no value has come here yet (analysis); dead slot (lifting) */

/* ---- flow.c: basic blocks of the bytecode, liveness, types at their starts --------------------------- */

struct lv_bb {
	uint32_t from, to;		/* instructions */
	uint32_t succ[2], n_succ;	/* blocks; order: fall through, jump */
	uint32_t n_pred;
	bool reached, header;		/* header: some block jumps back to it */
	uint64_t *live;			/* slots live at the start */
	uint8_t *type;			/* by slot, at the start: a tag, LV_T_ANY or LV_T_NONE */
	uint64_t *changed;		/* header: slots assigned in the loop */
	uint32_t order;			/* in reverse post-order */
};

struct lv_flow {
	struct lv_state *L;
	const struct lv_proto *p;
	uint32_t start;			/* pc where the unit begins */
	struct lv_bb *bb; uint32_t n_bb;
	uint32_t *bb_at;		/* by pc: 1 + block that starts there, or 0 */
	uint32_t *order, n_order;	/* reached blocks in reverse post-order */
	uint32_t n_slots;
	size_t words;
	bool generic;			/* guess nothing */
};

typedef void lv_slot_fn(void *arg, uint32_t slot);
/* The slots an instruction reads and writes, open lists not counted. */
void lv_ins_reads(const struct lv_proto *p, const struct lv_ins *i, lv_slot_fn *fn, void *arg);
void lv_ins_writes(const struct lv_proto *p, const struct lv_ins *i, lv_slot_fn *fn, void *arg);
struct lv_bits { uint64_t *set; bool on; };
void lv_put_bit(void *bits, uint32_t slot);	/* an lv_slot_fn: sets or clears the slot in a struct lv_bits */
/* entry: types at the start by slot. Everything is allocated by alloc(arg, bytes), cleared. */
void lv_flow_build(struct lv_flow *f, const uint8_t *entry, void *(*alloc)(void *arg, size_t n), void *arg);

/* How an arithmetic or comparing instruction is compiled, from what is known of its operands (tag or LV_T_ANY) and feedback. */
enum lv_mode { LV_M_GENERIC, LV_M_INT, LV_M_FLT, LV_M_NUM, LV_M_STR, LV_M_SAME, LV_M_NEVER };	/* NUM: any numbers, result float; SAME: both integers or both floats, seen at run time; NEVER: not run yet */
enum lv_mode lv_arith_mode(const struct lv_flow *f, const struct lv_ins *i, uint8_t x, uint8_t y);
enum lv_mode lv_compare_mode(const struct lv_flow *f, const struct lv_ins *i, uint8_t x, uint8_t y);
static inline bool lv_is_arith(unsigned op) { return op >= LV_OP_ADD && op <= LV_OP_BNOT; }
static inline bool lv_is_compare(unsigned op) { return op >= LV_OP_JEQ && op <= LV_OP_JNGEK; }
/* Operands of an arithmetic instruction: slot numbers, or constants when k_x, k_y is set. */
struct lv_pair { bool k_x, k_y, unary; uint16_t x, y; };
struct lv_pair lv_arith_operands(const struct lv_ins *i);

/* ---- rt.c: what native code calls; each stores L->base and L->pc first ----------------------------------- */

typedef void lv_rt_fn(struct lv_state *L, struct lv_value *base, const struct lv_ins *i);
extern lv_rt_fn *const lv_rt[LV_OP_COUNT];		/* the operation on the frame's memory; NULL: none, it is always lifted */
int32_t lv_rt_compare(struct lv_state *L, struct lv_value *base, const struct lv_ins *i);	/* does the jump jump */
int32_t lv_rt_forprep(struct lv_state *L, struct lv_value *base, const struct lv_ins *i);	/* does the loop run */
int32_t lv_rt_forloop(struct lv_state *L, struct lv_value *base, const struct lv_ins *i);
struct lv_native lv_rt_return(struct lv_state *L, struct lv_value *base, const struct lv_ins *i);
struct lv_native lv_rt_tailcall(struct lv_state *L, struct lv_value *base, const struct lv_ins *i);
struct lv_value *lv_rt_varargprep(struct lv_state *L, struct lv_value *base, const struct lv_ins *i);
struct lv_native lv_rt_deep(struct lv_state *L, struct lv_value *base);		/* instead of native code where a stack is used up */
struct lv_native lv_rt_interpret(struct lv_state *L, struct lv_value *base);	/* entry of functions without native code */
extern const struct lv_closure lv_no_closure;		/* without native code */
double lv_rt_pow(double x, double y);
double lv_rt_fmod(double x, double y);

void lv_lift(void *vm, const struct hew_lift *what, struct hew_fn *f);

#endif
