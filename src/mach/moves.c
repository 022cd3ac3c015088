/* SPDX-License-Identifier: MIT
 * moves.c - the one parallel-move resolver: edges, calls, fixed operands, spills all come here.
 *
 * Orders a parallel assignment so that nothing is overwritten before it was read. A move whose target no pending move
 * reads is safe; when none is left, only cycles are, and one is opened by saving a source in a scratch register: the general
 * one, which can hold any value, or the floating one for a floating value, which is on its way sooner. Moves between two slots
 * go through the floating one at emission, so it is left alone while there are any. A cycle is done before the next is opened.
 * Quadratic in the number of moves of one group, which is small.
 */
#include "mach/mach.h"
#include "mach/target.h"

static bool same_place(const struct mach_loc *a, const struct mach_loc *b)
{
	if (a->where != b->where)
		return false;
	return a->where == MACH_REG ? a->reg == b->reg : a->where == MACH_STACK ? a->slot == b->slot : false;
}

static bool is_read(const struct mach_move *par, uint32_t n, const bool *done, uint32_t except)
{
	for (uint32_t k = 0; k < n; k++)
		if (!done[k] && k != except && same_place(&par[k].from, &par[except].to))
			return true;
	return false;
}

static enum mach_class scratch_for(const struct mach_loc *old, const struct mach_move *par, uint32_t n, const bool *done)
{
	if (old->where != MACH_REG || !ir_is_float(old->type))
		return MACH_G;
	for (uint32_t k = 0; k < n; k++)
		if (!done[k] && par[k].from.where == MACH_STACK && par[k].to.where == MACH_STACK)
			return MACH_G;
	return MACH_F;
}

void ra_sequence(struct mach_func *m, struct mach_move *par, uint32_t n)
{
	bool *done = arena_zero(m->mem, n + 1);
	uint32_t left = 0;

	for (uint32_t k = 0; k < n; k++) {
		done[k] = same_place(&par[k].from, &par[k].to);
		left += !done[k];
	}
	while (left) {
		bool progress = false;
		uint32_t open = 0;

		for (uint32_t k = 0; k < n; k++) {
			if (done[k] || is_read(par, n, done, k))
				continue;
			vec_push(m->mem, &m->move, par[k]);
			done[k] = progress = true;
			left--;
		}
		if (progress || !left)
			continue;
		while (done[open])
			open++;
		{
			struct mach_loc old = par[open].from;
			struct mach_loc save = { .where = MACH_REG, .reg = m->target->scratch[scratch_for(&old, par, n, done)], .type = old.type };

			vec_push(m->mem, &m->move, ((struct mach_move){ old, save }));
			for (uint32_t k = 0; k < n; k++)
				if (!done[k] && same_place(&par[k].from, &old))
					par[k].from = save;
		}
	}
}
