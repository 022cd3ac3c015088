/* SPDX-License-Identifier: MIT
 * resolve.c - after the scan: registers of operands, moves between pieces, on edges, for fixed operands, spill stores,
 * and the places of values at exits.
 *
 * All moves that happen at one point are one parallel assignment (mach.h, enum mach_phase); ra_sequence orders it.
 */
#include "mach/mach.h"
#include "mach/target.h"

struct resolve {
	struct ra *ra;
	struct mach_func *m;
	VEC(struct mach_move) par;	/* group being collected */
	uint32_t *begins;		/* by instruction: first piece that begins before it, linked through next_begin */
	uint32_t *next_begin;		/* by interval */
	uint32_t *previous;		/* by interval: the piece before it */
};

uint32_t ra_piece_at(const struct ra *ra, uint32_t vreg, uint32_t pos)
{
	for (uint32_t i = vreg; i; i = ra->iv.at[i].next)
		if (pos < ra->iv.at[i].end)
			return pos >= ra->iv.at[i].start ? i : 0;
	return 0;
}

static struct mach_loc reg_loc(uint8_t reg, uint8_t type)
{
	return (struct mach_loc){ .where = MACH_REG, .reg = reg, .type = type };
}

static struct mach_loc slot_loc(const struct resolve *r, uint32_t vreg)
{
	ASSERT(r->ra->fam[vreg].slot >= 0);
	return (struct mach_loc){ .where = MACH_STACK, .slot = (uint32_t)r->ra->fam[vreg].slot, .type = r->m->vreg.at[vreg].type };
}

static struct mach_loc loc_of_piece(const struct resolve *r, uint32_t i)
{
	const struct ra_interval *x = &r->ra->iv.at[i];

	return x->reg == MACH_NO_REG ? slot_loc(r, x->vreg) : reg_loc(x->reg, r->m->vreg.at[x->vreg].type);
}

static struct mach_loc loc_at(const struct resolve *r, uint32_t vreg, uint32_t pos)
{
	uint32_t i = ra_piece_at(r->ra, vreg, pos);

	ASSERT(i);
	return loc_of_piece(r, i);
}

static void move(struct resolve *r, struct mach_loc from, struct mach_loc to)
{
	vec_push(r->m->mem, &r->par, ((struct mach_move){ from, to }));
}

static void flush(struct resolve *r, uint32_t at, enum mach_phase phase)
{
	uint32_t first = r->m->move.n;

	if (!r->par.n)
		return;
	ra_sequence(r->m, r->par.at, r->par.n);
	r->par.n = 0;
	if (r->m->move.n > first)
		vec_push(r->m->mem, &r->m->moves, ((struct mach_moves){ at, (uint8_t)phase, first, r->m->move.n - first }));
}

/* ---- one instruction ----------------------------------------------------------------------------------------- */

/* True if something is to be done behind the instruction. */
static bool operands(struct resolve *r, uint32_t i)
{
	struct mach_ins *in = &r->m->ins.at[i];
	bool after = in->flags & MACH_FIXED;

	for (unsigned o = 0; o < in->n; o++) {
		struct mach_opnd *x = &r->m->opnd.at[in->opnd + o];
		uint32_t piece = x->vreg;

		if (x->role == MACH_COLD)
			continue;
		if (x->fixed != MACH_NO_REG) {
			x->reg = x->fixed;
		} else {
			if (r->ra->iv.at[piece].next)
				piece = ra_piece_at(r->ra, x->vreg, x->role == MACH_DEF ? 4 * i + 2 : 4 * i + 1);
			ASSERT(piece && r->ra->iv.at[piece].reg != MACH_NO_REG);
			x->reg = r->ra->iv.at[piece].reg;
		}
		after |= x->role == MACH_DEF && r->ra->fam[x->vreg].slot >= 0;
	}
	return after;
}

/* Registers that operands are moved into, since the instruction wants them there. */
static uint64_t fixed_uses(const struct resolve *r, const struct mach_ins *in)
{
	uint64_t set = 0;

	for (unsigned o = 0; o < in->n && in->flags & MACH_FIXED; o++) {
		const struct mach_opnd *x = &r->m->opnd.at[in->opnd + o];

		if ((x->role == MACH_USE || x->role == MACH_LATE) && x->fixed != MACH_NO_REG)
			set |= UINT64_C(1) << x->fixed;
	}
	return set;
}

/* A piece that begins here in a register which an operand wants is in a hole from the operand on: nobody reads it. */
static void moves_before(struct resolve *r, uint32_t i)
{
	const struct mach_ins *in = &r->m->ins.at[i];
	uint32_t block_start;
	uint64_t wanted;

	if (!r->begins[i] && !(in->flags & MACH_FIXED))
		return;
	block_start = 4 * r->m->block.at[r->ra->block_at[i]].first;
	wanted = fixed_uses(r, in);
	for (uint32_t p = r->begins[i]; p; p = r->next_begin[p])
		if (r->ra->iv.at[p].reg != MACH_NO_REG && 4 * i != block_start && r->ra->iv.at[r->previous[p]].end == 4 * i &&
		    !(wanted >> r->ra->iv.at[p].reg & 1))
			move(r, loc_of_piece(r, r->previous[p]), loc_of_piece(r, p));
	for (unsigned o = 0; o < in->n && in->flags & MACH_FIXED; o++) {
		const struct mach_opnd *x = &r->m->opnd.at[in->opnd + o];

		if ((x->role == MACH_USE || x->role == MACH_LATE) && x->fixed != MACH_NO_REG)
			move(r, loc_at(r, x->vreg, 4 * i == block_start ? 4 * i : 4 * i - 1), reg_loc(x->fixed, r->m->vreg.at[x->vreg].type));
	}
	flush(r, i, MACH_BEFORE);
}

static void moves_after(struct resolve *r, uint32_t i)
{
	const struct mach_ins *in = &r->m->ins.at[i];

	for (unsigned o = 0; o < in->n; o++) {
		const struct mach_opnd *x = &r->m->opnd.at[in->opnd + o];
		struct mach_loc here;

		if (x->role != MACH_DEF)
			continue;
		here = reg_loc(x->reg, r->m->vreg.at[x->vreg].type);
		if (x->fixed != MACH_NO_REG) {
			struct mach_loc to = loc_at(r, x->vreg, 4 * i + 3);

			move(r, here, to);
			if (to.where == MACH_STACK)
				continue;
		}
		if (r->ra->fam[x->vreg].slot >= 0)
			move(r, here, slot_loc(r, x->vreg));
	}
	flush(r, i + 1, MACH_AFTER);
}

/* ---- edges ------------------------------------------------------------------------------------------------------- */

static void edge(struct resolve *r, const struct mach_block *from, uint32_t k)
{
	struct mach_func *m = r->m;
	const struct mach_block *to = &m->block.at[from->succ.at[k]];
	const struct ir_edge *e = &m->f->edge.at[from->edge.at[k]];
	uint32_t leave = 4 * from->end - 1, enter = 4 * to->first;

	for (uint32_t q = 0; q < to->live_in.n; q++) {
		struct mach_loc there;

		arena_poll(m->mem);
		if (!r->ra->iv.at[to->live_in.at[q]].next)
			continue;	/* in one place all its life */
		there = loc_at(r, to->live_in.at[q], enter);
		if (there.where == MACH_REG)
			move(r, loc_at(r, to->live_in.at[q], leave), there);
	}
	for (uint32_t a = 0; a < e->n; a++) {
		ir_ref src = m->f->pool.at[e->args + a];
		uint32_t v = m->vreg_of[m->f->block.at[e->to].arg.at[a]];
		struct mach_loc here, there;

		if (!v || !r->ra->iv.at[v].end)
			continue;
		here = src < 0 ? mach_loc_of_const(m->f, src) : loc_at(r, m->vreg_of[src], leave);
		there = loc_at(r, v, enter);
		move(r, here, there);
		if (there.where == MACH_REG && r->ra->fam[v].slot >= 0)
			move(r, here, slot_loc(r, v));
	}
}

static void exit_places(struct resolve *r);

void ra_resolve(struct ra *ra)
{
	struct resolve r = { .ra = ra, .m = ra->m };
	struct mach_func *m = ra->m;

	r.begins = arena_zero(m->mem, (m->ins.n + 1) * sizeof *r.begins);
	r.next_begin = arena_zero(m->mem, ra->iv.n * sizeof *r.next_begin);
	r.previous = arena_zero(m->mem, ra->iv.n * sizeof *r.previous);
	for (uint32_t i = 1; i < ra->iv.n; i++) {
		uint32_t n = ra->iv.at[i].next;

		if (!n)
			continue;
		r.previous[n] = i;
		if (ra->iv.at[n].start % 4 == 0) {
			r.next_begin[n] = r.begins[ra->iv.at[n].start / 4];
			r.begins[ra->iv.at[n].start / 4] = n;
		}
	}
	for (uint32_t b = 0; b < m->block.n; b++) {
		struct mach_block *blk = &m->block.at[b];

		if (blk->pred.n == 1 && m->block.at[blk->pred.at[0]].succ.n > 1) {
			struct mach_block *p = &m->block.at[blk->pred.at[0]];
			uint32_t k = 0;

			while (p->succ.at[k] != b)
				k++;
			edge(&r, p, k);
			flush(&r, blk->first, MACH_EDGE_IN);
		}
		for (uint32_t i = blk->first; i < blk->end; i++) {
			bool after = operands(&r, i);

			moves_before(&r, i);
			if (i + 1 == blk->end && blk->succ.n == 1) {
				edge(&r, blk, 0);
				flush(&r, i, MACH_EDGE_OUT);
			}
			if (after)
				moves_after(&r, i);
		}
	}
	for (uint32_t i = 1; i < ra->iv.n; i++)
		if (ra->iv.at[i].end && ra->iv.at[i].reg != MACH_NO_REG)
			m->used_regs |= UINT64_C(1) << ra->iv.at[i].reg;
	exit_places(&r);
}

/* ---- exits ------------------------------------------------------------------------------------------------------------ */

struct places { struct resolve *r; uint32_t pos; };

static void place_of(void *arg, ir_ref *ref)
{
	struct places *p = arg;
	struct mach_func *m = p->r->m;

	vec_push(m->mem, &m->exit_loc, *ref < 0 ? mach_loc_of_const(m->f, *ref) : loc_at(p->r, m->vreg_of[*ref], p->pos));
}

static void exit_places(struct resolve *r)
{
	for (uint32_t x = 0; x < r->m->exit.n; x++) {
		struct mach_exit *e = &r->m->exit.at[x];
		struct places p = { r, 4 * e->ins + 2 };	/* what the instruction's result overwrites is in its slot by then */

		e->loc = r->m->exit_loc.n;
		ir_visit_state(r->m->f, e->state, place_of, &p);
		ASSERT(r->m->exit_loc.n - e->loc == e->n);
	}
}

void ra_allocate(struct mach_func *m)
{
	struct ra ra = { .m = m, .seed = m->stress.seed };

	ra.allocatable = m->stress.allocatable ? m->stress.allocatable : ~UINT64_C(0);
	vec_room(m->mem, &ra.range, m->opnd.n + 8);
	vec_room(m->mem, &ra.use, m->opnd.n + 8);
	vec_push(m->mem, &ra.range, (struct ra_range){ 0 });
	vec_push(m->mem, &ra.use, (struct ra_use){ 0 });
	ra.fam = arena_alloc(m->mem, m->vreg.n * sizeof *ra.fam);
	vec_room(m->mem, &ra.iv, m->vreg.n + m->vreg.n / 4);
	ra.iv.n = m->vreg.n;
	for (uint32_t v = 0; v < m->vreg.n; v++) {
		ra.iv.at[v] = (struct ra_interval){ .vreg = v, .reg = MACH_NO_REG };
		ra.fam[v] = (struct ra_family){ .slot = -1, .goal = MACH_NO_REG };
	}
	ra.block_at = arena_zero(m->mem, (m->ins.n + 1) * sizeof *ra.block_at);
	ra_live(&ra);
	arena_settle(m->mem);
	ra_scan(&ra);
	arena_settle(m->mem);
	ra_resolve(&ra);
}
