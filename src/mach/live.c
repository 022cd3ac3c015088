/* SPDX-License-Identifier: MIT
 * live.c - liveness of virtual registers and, from it, their live ranges with holes.
 *
 * Liveness of blocks is found value by value, from uses to the definition. Ranges are then built in one backward walk over
 * all instructions, as in Wimmer and Franz, "Linear Scan Register Allocation on SSA Form" (CGO 2010). Arguments of a block
 * are defined at its start; arguments of an edge are used at the end of the block that jumps.
 */
#include "mach/mach.h"
#include "mach/target.h"

struct use { uint32_t block, next; };
struct live {
	struct mach_func *m;
	VEC(struct use) use;		/* [0] unused */
	uint32_t *uses, *def;		/* by vreg: its list; 1 + the block that defines it */
	VEC(uint32_t) work;
};

/* A use behind the definition in the same block says nothing about other blocks, so it is not noted; since definitions dominate
 * uses, every use in the defining block is one, or stands on its edges. */
static void add_block_use(struct live *l, uint32_t vreg, uint32_t block)
{
	uint32_t last = l->uses[vreg];

	if (l->def[vreg] == block + 1 || (last && l->use.at[last].block == block))
		return;
	vec_push(l->m->mem, &l->use, ((struct use){ block, last }));
	l->uses[vreg] = l->use.n - 1;
}

static void edge_uses(struct live *l, uint32_t b)
{
	struct mach_func *m = l->m;
	const struct mach_block *blk = &m->block.at[b];

	for (uint32_t s = 0; s < blk->succ.n; s++) {
		const struct ir_edge *e = &m->f->edge.at[blk->edge.at[s]];

		for (uint32_t k = 0; k < e->n; k++) {
			ir_ref r = m->f->pool.at[e->args + k];

			if (r > 0 && m->vreg_of[m->f->block.at[e->to].arg.at[k]])
				add_block_use(l, m->vreg_of[r], b);
		}
	}
}

/* Definitions, and uses in other blocks. */
static void collect(struct live *l)
{
	struct mach_func *m = l->m;

	for (uint32_t b = 0; b < m->block.n; b++) {
		const struct ir_block *ib = &m->f->block.at[m->block.at[b].ir];

		for (uint32_t k = 0; k < ib->arg.n; k++)
			l->def[m->vreg_of[ib->arg.at[k]]] = b + 1;
		for (uint32_t i = m->block.at[b].first; i < m->block.at[b].end; i++) {
			const struct mach_opnd *x = m->ins.at[i].n ? &m->opnd.at[m->ins.at[i].opnd] : NULL;

			for (unsigned left = m->ins.at[i].n; left; left--, x++)
				if (x->role == MACH_DEF || x->role == MACH_TEMP)
					l->def[x->vreg] = b + 1;
				else
					add_block_use(l, x->vreg, b);
		}
		edge_uses(l, b);
	}
}

/* Liveness at the start of blocks, one vreg at a time: from each use up to the definition. The work is what comes out. Boissinot
 * et al., "Computing Liveness Sets for SSA-Form Programs" (INRIA RR-7503, 2011). */
static void block_liveness(struct ra *ra)
{
	struct mach_func *m = ra->m;
	struct live l = { .m = m };

	l.uses = arena_zero(m->mem, m->vreg.n * sizeof *l.uses);
	l.def = arena_zero(m->mem, m->vreg.n * sizeof *l.def);
	vec_room(m->mem, &l.use, m->opnd.n + 8);
	vec_push(m->mem, &l.use, (struct use){ 0 });
	collect(&l);
	for (uint32_t v = 1; v < m->vreg.n; v++) {
		for (uint32_t u = l.uses[v]; u; u = l.use.at[u].next)
			vec_push(m->mem, &l.work, l.use.at[u].block);
		while (l.work.n) {
			uint32_t b = l.work.at[--l.work.n];
			struct mach_block *blk = &m->block.at[b];

			arena_poll(m->mem);
			if (b + 1 == l.def[v] || (blk->live_in.n && blk->live_in.at[blk->live_in.n - 1] == v))
				continue;
			vec_push(m->mem, &blk->live_in, v);
			for (uint32_t k = 0; k < blk->pred.n; k++)
				vec_push(m->mem, &l.work, blk->pred.at[k]);
		}
	}
}

/* ---- ranges and uses: built backwards, each in front of its list ------------------------------------------------ */

/* Puts a range in front of the list, or widens the first one. True if that is the last one, too. */
static inline bool add_to(struct ra *ra, uint32_t *list, uint32_t from, uint32_t to)
{
	struct ra_range *first = &ra->range.at[*list];

	if (*list && from <= first->to && to >= first->from) {
		first->from = from < first->from ? from : first->from;
		first->to = to > first->to ? to : first->to;
		return !first->next;
	}
	vec_push(ra->m->mem, &ra->range, ((struct ra_range){ from, to, *list }));
	*list = ra->range.n - 1;
	return !ra->range.at[*list].next;
}

static void add_range(struct ra *ra, uint32_t vreg, uint32_t from, uint32_t to)
{
	struct ra_interval *i = &ra->iv.at[vreg];

	if (add_to(ra, &i->range, from, to) && to > i->end)
		i->end = to;
}

static void add_use(struct ra *ra, uint32_t vreg, uint32_t pos, bool reg)
{
	struct ra_interval *i = &ra->iv.at[vreg];

	vec_push(ra->m->mem, &ra->use, ((struct ra_use){ pos, i->use, reg }));
	i->use = ra->use.n - 1;
}

static void add_fixed(struct ra *ra, unsigned reg, uint32_t from, uint32_t to)
{
	add_to(ra, &ra->fixed[reg], from, to);
	ra->m->used_regs |= UINT64_C(1) << reg;
}

/* What calls destroy is one list: most destroy the same registers, and many of them; those of the guest convention more. */
static void add_clobber(struct ra *ra, uint64_t set, uint32_t from, uint32_t to)
{
	if (!ra->call_regs && __builtin_popcountll(set) > 8)
		ra->call_regs = set;
	if (ra->call_regs && (set & ra->call_regs) == ra->call_regs) {
		add_to(ra, &ra->calls, from, to);
		ra->m->used_regs |= ra->call_regs;
		set &= ~ra->call_regs;
	}
	for (; set; set &= set - 1)
		add_fixed(ra, (unsigned)__builtin_ctzll(set), from, to);
}

static void hint_reg(struct ra *ra, uint32_t vreg, uint8_t reg)
{
	if (ra->m->vreg.at[vreg].hint == MACH_NO_REG)
		ra->m->vreg.at[vreg].hint = reg;
}

/* Does the life of a vreg that begins here reach behind the next call? */
static void note_far(struct ra *ra, uint32_t vreg)
{
	ra->fam[vreg].far |= ra->calls && ra->range.at[ra->calls].from < ra->iv.at[vreg].end;
}

/* Where `before` ends as vreg begins, its register may go on as that of vreg. */
static void hand_on(struct ra *ra, uint32_t before, uint32_t vreg)
{
	struct ra_family *from = &ra->fam[before], *to = &ra->fam[vreg];

	if (ra->iv.at[before].range)
		return;
	from->far |= to->far;
	from->goal = ra->m->vreg.at[vreg].hint != MACH_NO_REG ? ra->m->vreg.at[vreg].hint : to->goal;
}

static void define(struct ra *ra, uint32_t i, const struct mach_opnd *o)
{
	uint32_t pos = o->fixed == MACH_NO_REG ? 4 * i + 2 : 4 * i + 3;

	if (o->fixed != MACH_NO_REG) {
		add_fixed(ra, o->fixed, 4 * i + 2, 4 * i + 3);
		hint_reg(ra, o->vreg, o->fixed);
	}
	if (!ra->iv.at[o->vreg].range)
		add_range(ra, o->vreg, pos, pos < 4 * i + 3 ? 4 * i + 3 : 4 * i + 4);	/* never read: still needs a place */
	ra->range.at[ra->iv.at[o->vreg].range].from = pos;
	add_use(ra, o->vreg, pos, o->fixed == MACH_NO_REG);
}

/* An operand that may be in any register, or anywhere. */
static inline void use(struct ra *ra, uint32_t i, uint32_t from, const struct mach_opnd *o)
{
	switch (o->role) {
	case MACH_USE:
		add_range(ra, o->vreg, from, 4 * i + 2);
		add_use(ra, o->vreg, 4 * i + 1, true);
		break;
	case MACH_LATE:
		add_range(ra, o->vreg, from, 4 * i + 3);
		add_use(ra, o->vreg, 4 * i + 2, true);
		break;
	case MACH_COLD:
		/* until the end: the exit may be taken after the result was written (overflow) */
		add_range(ra, o->vreg, from, 4 * i + 3);
		add_use(ra, o->vreg, 4 * i + 1, false);
		break;
	case MACH_TEMP:
		add_range(ra, o->vreg, 4 * i + 1, 4 * i + 3);
		add_use(ra, o->vreg, 4 * i + 2, true);
		add_use(ra, o->vreg, 4 * i + 1, true);
		break;
	default:
		break;
	}
}

/* One that has to be in this register: a move brings it there, which reads it before the instruction. */
static void use_fixed(struct ra *ra, uint32_t i, uint32_t from, const struct mach_opnd *o)
{
	add_fixed(ra, o->fixed, 4 * i + 1, o->role == MACH_USE ? 4 * i + 2 : 4 * i + 3);
	if (o->role == MACH_TEMP)
		return;
	add_range(ra, o->vreg, from, 4 * i + 1);
	add_use(ra, o->vreg, 4 * i, false);
	hint_reg(ra, o->vreg, o->fixed);
}

static void ranges_of_block(struct ra *ra, uint32_t b)
{
	struct mach_func *m = ra->m;
	struct mach_block *blk = &m->block.at[b];
	const struct ir_block *ib = &m->f->block.at[blk->ir];
	uint32_t from = 4 * blk->first, to_end = 4 * blk->end;

	for (uint32_t s = 0; s < blk->succ.n; s++) {
		const struct mach_block *to = &m->block.at[blk->succ.at[s]];
		const struct ir_edge *e = &m->f->edge.at[blk->edge.at[s]];

		for (uint32_t k = 0; k < to->live_in.n; k++) {
			arena_poll(m->mem);
			add_range(ra, to->live_in.at[k], from, to_end);
		}
		for (uint32_t k = 0; k < e->n; k++) {
			ir_ref r = m->f->pool.at[e->args + k];
			uint32_t arg = m->vreg_of[m->f->block.at[e->to].arg.at[k]];

			if (r <= 0 || !arg)
				continue;
			hand_on(ra, m->vreg_of[r], arg);
			add_range(ra, m->vreg_of[r], from, to_end);
		}
	}
	for (uint32_t i = blk->end; i-- > blk->first;) {
		const struct mach_ins *in = &m->ins.at[i];
		const struct mach_opnd *first, *end;

		ra->block_at[i] = b;
		if (in->clobber)
			add_clobber(ra, in->clobber, 4 * i + 2, 4 * i + 3);
		if (!in->n)
			continue;
		first = &m->opnd.at[in->opnd];
		end = first + in->n;
		for (const struct mach_opnd *o = first; o < end; o++)
			if (o->role == MACH_DEF) {
				define(ra, i, o);
				note_far(ra, o->vreg);
				if (o->same && !ra->fam[o->vreg].hint)
					ra->fam[o->vreg].hint = first[o->same - 1].vreg;
				if (o->same)
					hand_on(ra, first[o->same - 1].vreg, o->vreg);
			}
		/* uses in descending order of position: fixed ones are read by the moves before the instruction */
		for (const struct mach_opnd *o = first; o < end; o++)
			if (o->fixed == MACH_NO_REG)
				use(ra, i, from, o);
		for (const struct mach_opnd *o = first; in->flags & MACH_FIXED && o < end; o++)
			if (o->fixed != MACH_NO_REG && o->role != MACH_DEF)
				use_fixed(ra, i, from, o);
	}
	for (uint32_t k = 0; k < ib->arg.n; k++) {
		uint32_t v = m->vreg_of[ib->arg.at[k]];

		if (!v || b == 0)
			continue;
		if (!ra->iv.at[v].range)
			add_range(ra, v, from, from + 1);
		ra->range.at[ra->iv.at[v].range].from = from;
		note_far(ra, v);
	}
}

/* Block arguments and what is passed for them wish for the same register. */
static void hint_edges(struct ra *ra)
{
	const struct mach_func *m = ra->m;

	for (uint32_t b = 0; b < m->block.n; b++)
		for (uint32_t s = 0; s < m->block.at[b].succ.n; s++) {
			const struct ir_edge *e = &m->f->edge.at[m->block.at[b].edge.at[s]];

			for (uint32_t k = 0; k < e->n; k++) {
				ir_ref r = m->f->pool.at[e->args + k];
				uint32_t to = m->vreg_of[m->f->block.at[e->to].arg.at[k]];

				if (r <= 0 || !to)
					continue;
				if (m->f->block.at[e->to].rpo <= m->f->block.at[m->block.at[b].ir].rpo)
					ra->fam[to].back = m->vreg_of[r];
				else if (!ra->fam[to].hint)
					ra->fam[to].hint = m->vreg_of[r];
				if (ra->fam[to].back == m->vreg_of[r] || !ra->fam[m->vreg_of[r]].hint)
					ra->fam[m->vreg_of[r]].hint = to;
			}
		}
}

void ra_live(struct ra *ra)
{
	struct mach_func *m = ra->m;

	block_liveness(ra);
	for (uint32_t b = m->block.n; b-- > 0;)
		ranges_of_block(ra, b);
	hint_edges(ra);
	for (uint32_t i = 1; i < ra->iv.n; i++)
		ra->iv.at[i].start = ra->range.at[ra->iv.at[i].range].from;
}
