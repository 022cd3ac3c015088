/* SPDX-License-Identifier: MIT
 * lifter.h - the state of one lifting, shared by lift.c (slots, states, blocks) and ops.c (operations).
 */
#ifndef LV_LIFTER_H
#define LV_LIFTER_H

#include "lift.h"

/* What is known of a slot's value. tag a real tag: v is i64 for integers and payloads, f64 for floats. tag LV_T_ANY: t is
 * the tag at run time, v the 64 payload bits. mem: the slot's memory holds it, too. ot, ov: the value before guards made
 * its type known, or 0; joins fall back to it. */
struct lslot { uint8_t tag; bool mem; hew_val t, v, ot, ov; };

struct ledge { struct ledge *next; hew_block b; struct lslot *slots; };
struct lin { struct ledge *edges; hew_block b; bool begun; bool *is_arg; struct lslot *slots; };	/* a block as the lifter sees it */

struct lifter {
	struct lv_state *L;
	const struct lv_proto *p;
	struct hew_fn *f;
	struct lv_flow flow;
	hew_val vm, base;
	bool osr;
	struct lslot *s;			/* by slot, now */
	struct lin *in;				/* by block of the bytecode */
	const struct lv_bb *bb;			/* being lifted */
	hew_block cur;				/* block being built */
	uint32_t pc;
	uint64_t *live;				/* before each instruction of bb */
	hew_state state;			/* of the frame before pc, or 0: not made in this epoch */
	struct hew_state_slot *slots;
	hew_val closure;			/* the function itself; 0: load it from the frame */
	/* a callee that is lifted into its caller */
	struct lifter *parent;			/* NULL: not inlined */
	const struct lv_ins *call;		/* of the parent */
	hew_state outer;			/* the parent's frame as it waits for the result */
	uint32_t depth;
	struct lret *returns;
};
struct lret { struct lret *next; hew_block b; struct lslot v; };	/* a return of an inlined callee, its block still open */

void *lv_alloc(void *arg, size_t n);
hew_val lv_k(struct lifter *l, int64_t x);
hew_val lv_k32(struct lifter *l, int32_t x);
int32_t lv_offset(uint32_t slot);
hew_val lv_bits(struct lifter *l, const struct lslot *s);
hew_val lv_tagval(struct lifter *l, const struct lslot *s);
#define lv_set lv_slot_set		/* lv.h has a function of that name for tables */
void lv_set(struct lifter *l, uint32_t slot, uint8_t tag, hew_val v);
void lv_set_any(struct lifter *l, uint32_t slot, hew_val tag, hew_val v);
struct lslot lv_constant(struct lifter *l, uint32_t k);
void lv_flush(struct lifter *l, uint32_t slot);
void lv_reload(struct lifter *l, uint32_t slot);
hew_state lv_state_here(struct lifter *l);
void lv_goto(struct lifter *l, uint32_t bb);
void lv_branch(struct lifter *l, hew_val cond, uint32_t yes, uint32_t no);
void lv_back_edge(struct lifter *l, uint32_t to, struct ledge *e);

void lv_new_edge_block(struct lifter *l, hew_block b);	/* go on building there */
bool lv_can_inline(const struct lifter *l, const struct lv_ins *i, const struct lv_proto *callee);
bool lv_inline(struct lifter *l, const struct lv_ins *i, const struct lv_proto *callee);	/* false: the path ends inside */
void lv_write_frame(struct lifter *l);			/* inlined: function and info to memory, for whoever looks at the stack */

/* ops.c */
void lv_lift_block(struct lifter *l);
void lv_expect(struct lifter *l, uint32_t slot, uint8_t tag);	/* guard: the slot holds this tag; refines it */
hew_val lv_call_rt(struct lifter *l, void *fn, const struct lv_ins *i);	/* fn(L, base, i); reads and writes everything */

#endif
