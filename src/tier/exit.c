/* SPDX-License-Identifier: MIT
 * exit.c - leaving compiled code: the native frame is read, the guest's frames are rebuilt, the native frame goes.
 *
 * The common exit tail saved all registers and calls tier_exit_handler. It reads every value of the exit's state from
 * where the record says, hands the guest its frames from the outermost to the innermost, puts the callee-saved registers
 * of the unit's caller back into the register file and says where to go on:
 *   called by hew_enter   return HEW_DEOPTIMISED to it; the interpreter that called goes on itself, so nothing nests
 *   called by native code the guest's resume function, which runs until that activation returns and then returns to the caller
 */
#include "tier/tier.h"

#define MAX_INLINED 32

int64_t tier_read_loc(const struct hew_unit *u, const struct target_regs *regs, const struct mach_loc *l)
{
	const char *fp = (const char *)(intptr_t)regs->reg[u->fp_reg];
	int64_t x = 0;

	switch (l->where) {
	case MACH_REG: x = regs->reg[l->reg]; break;
	case MACH_STACK: memcpy(&x, fp - u->slot0 - 8 * (size_t)l->slot, 8); break;
	case MACH_CONST: return l->bits;
	default: return 0;
	}
	if (l->type == IR_T_i32)
		return (int32_t)x;
	return l->type == IR_T_f32 ? (int64_t)(uint32_t)x : x;
}

static void restore_saved(const struct hew_unit *u, struct target_regs *regs)
{
	const char *at = (const char *)(intptr_t)regs->reg[u->fp_reg] - 8;

	for (uint64_t s = u->saved; s; s &= s - 1, at -= 8)
		memcpy(&regs->reg[__builtin_ctzll(s)], at, 8);
}

static void *rebuild_frame(struct hew_unit *u, const struct target_regs *regs, const struct tier_frame *fr, bool innermost)
{
	struct hew_slot slot[256];
	struct hew_frame out = { .func = (const void *)(uintptr_t)fr->func, .pc = fr->pc, .mode = fr->mode == IR_RETRY ? HEW_RETRY : HEW_CONTINUE,
		.result = fr->result, .slot = slot, .innermost = innermost };
	struct hew_guest_vm *g = u->guest;

	out.frame = (char *)(intptr_t)tier_read_loc(u, regs, &fr->frame) + fr->frame_offset;
	for (uint32_t i = 0; i < fr->n; i++) {
		const struct tier_value *v = &u->value[fr->value + i];

		if (out.n == (int)COUNT_OF(slot)) {
			/* a big frame goes to the guest in pieces; only the last may be the innermost */
			out.innermost = false;
			g->guest.rebuild(g->vm, &out);
			out.innermost = innermost;
			out.n = 0;
		}
		slot[out.n].slot = v->slot;
		slot[out.n].tag = v->tag_loc.where == MACH_NOWHERE ? v->tag : (uint32_t)tier_read_loc(u, regs, &v->tag_loc);
		slot[out.n].bits = tier_read_loc(u, regs, &v->loc);
		out.n++;
	}
	g->guest.rebuild(g->vm, &out);
	return out.frame;
}

static struct hew_result deoptimised(void *a, void *b, uint64_t c)
{
	(void)a, (void)b, (void)c;
	return (struct hew_result){ 0, HEW_DEOPTIMISED };
}

void tier_exit_handler(struct target_regs *regs, void *unit, uint64_t exit, struct target_resume *out)
{
	struct hew_unit *u = unit;
	struct hew_guest_vm *g = u->guest;
	const struct tier_exit *x = &u->exit[exit];
	const char *fp = (const char *)(intptr_t)regs->reg[u->fp_reg];
	void *frame = NULL;
	const void *caller;

	if (!g) {
		if (u->on_exit)
			u->on_exit(u->on_exit_arg, u, (uint32_t)exit, regs);
		restore_saved(u, regs);
		*out = (struct target_resume){ .resume = (void *)(uintptr_t)deoptimised };
		return;
	}
	for (uint32_t k = x->n_frames; k-- > 0;)
		frame = rebuild_frame(u, regs, &u->frame[x->frame + k], k == 0);
	g->stats.exits++;
	if (g->o.fail_guard && *g->o.fail_guard == 0)
		*g->o.fail_guard = g->o.fail_every;
	g->resume_frame = frame;
	g->resume_pc = u->frame[x->frame].pc;
	memcpy(&caller, fp + 8, sizeof caller);
	restore_saved(u, regs);
	if (caller == g->x->enter_return)
		*out = (struct target_resume){ .resume = (void *)(uintptr_t)deoptimised };
	else
		*out = (struct target_resume){ (void *)(uintptr_t)g->guest.resume, { (int64_t)(intptr_t)g->vm, (int64_t)(intptr_t)frame, (int64_t)g->resume_pc } };
	tier_unit_failed(u, (uint32_t)exit);
}
