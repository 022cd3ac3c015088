/* SPDX-License-Identifier: MIT
 * live.c - liveness of virtual registers and, from it, their live ranges with holes.
 *
 * Liveness of blocks is the usual backward data flow over bit sets, iterated in reverse layout order (two or three
 * rounds on reducible graphs). Ranges are then built in one backward walk over all instructions, as in Wimmer and
 * Franz, "Linear Scan Register Allocation on SSA Form" (CGO 2010). Arguments of a block are defined at its start;
 * arguments of an edge are used at the end of the block that jumps.
 */
#include "mach/mach.h"
#include "mach/target.h"

static uint32_t arg_vreg(const struct mach_func *m, ir_ref r) { return m->vreg_of[r]; }

static void gen_edge(struct ra *ra, uint64_t *live, const struct mach_block *b)
{
	const struct ir_func *f = ra->m->f;

	for (uint32_t s = 0; s < b->succ.n; s++) {
		const struct ir_edge *e = &f->edge.at[b->edge.at[s]];

		for (uint32_t k = 0; k < e->n; k++) {
			ir_ref r = f->pool.at[e->args + k];

			if (r > 0 && arg_vreg(ra->m, f->block.at[e->to].arg.at[k]))
				bits_set(live, ra->m->vreg_of[r]);
		}
	}
}

static void block_liveness(struct ra *ra)
{
	struct mach_func *m = ra->m;
	size_t words = bits_words(m->vreg.n);
	uint64_t *live = arena_alloc(m->mem, words * 8);
	bool changed = true;

	for (uint32_t b = 0; b < m->block.n; b++)
		m->block.at[b].live_in = arena_zero(m->mem, words * 8);
	while (changed) {
		changed = false;
		for (uint32_t b = m->block.n; b-- > 0;) {
			struct mach_block *blk = &m->block.at[b];
			const struct ir_block *ib = &m->f->block.at[blk->ir];

			memset(live, 0, words * 8);
			for (uint32_t s = 0; s < blk->succ.n; s++)
				for (size_t w = 0; w < words; w++)
					live[w] |= m->block.at[blk->succ.at[s]].live_in[w];
			gen_edge(ra, live, blk);
			for (uint32_t i = blk->end; i-- > blk->first;) {
				const struct mach_ins *in = &m->ins.at[i];

				for (unsigned o = 0; o < in->n; o++)
					if (m->opnd.at[in->opnd + o].role == MACH_DEF || m->opnd.at[in->opnd + o].role == MACH_TEMP)
						bits_clear(live, m->opnd.at[in->opnd + o].vreg);
				for (unsigned o = 0; o < in->n; o++) {
					unsigned role = m->opnd.at[in->opnd + o].role;

					if (role == MACH_USE || role == MACH_LATE || role == MACH_COLD)
						bits_set(live, m->opnd.at[in->opnd + o].vreg);
				}
			}
			for (uint32_t k = 0; k < ib->arg.n; k++)
				if (m->vreg_of[ib->arg.at[k]])
					bits_clear(live, m->vreg_of[ib->arg.at[k]]);
			if (memcmp(live, blk->live_in, words * 8)) {
				memcpy(blk->live_in, live, words * 8);
				changed = true;
			}
		}
	}
}

/* ---- ranges: built backwards, so vectors hold them in descending order until the end ----------------------------- */

static struct ra_interval *interval(struct ra *ra, uint32_t vreg)
{
	if (!ra->fam[vreg].head) {
		vec_push(ra->m->mem, &ra->iv, ((struct ra_interval){ .vreg = vreg, .reg = MACH_NO_REG }));
		ra->fam[vreg].head = ra->iv.n - 1;
	}
	return &ra->iv.at[ra->fam[vreg].head];
}

static void add_range(struct ra *ra, uint32_t vreg, uint32_t from, uint32_t to)
{
	struct ra_interval *i = interval(ra, vreg);

	if (i->range.n) {
		struct ra_range *last = &i->range.at[i->range.n - 1];

		if (from <= last->to && to >= last->from) {
			last->from = from < last->from ? from : last->from;
			last->to = to > last->to ? to : last->to;
			return;
		}
	}
	vec_push(ra->m->mem, &i->range, ((struct ra_range){ from, to }));
}

static void add_use(struct ra *ra, uint32_t vreg, uint32_t pos, bool reg)
{
	struct ra_interval *i = interval(ra, vreg);

	vec_push(ra->m->mem, &i->use, ((struct ra_use){ pos, reg }));
}

static void add_fixed(struct ra *ra, unsigned reg, uint32_t from, uint32_t to)
{
	struct ra_range *last = ra->fixed[reg].n ? &ra->fixed[reg].at[ra->fixed[reg].n - 1] : NULL;

	if (last && from <= last->to && to >= last->from) {
		last->from = from < last->from ? from : last->from;
		last->to = to > last->to ? to : last->to;
		return;
	}
	vec_push(ra->m->mem, &ra->fixed[reg], ((struct ra_range){ from, to }));
}

static void hint_reg(struct ra *ra, uint32_t vreg, uint8_t reg)
{
	if (ra->m->vreg.at[vreg].hint == MACH_NO_REG)
		ra->m->vreg.at[vreg].hint = reg;
}

static void define(struct ra *ra, uint32_t i, const struct mach_opnd *o)
{
	uint32_t pos = o->fixed == MACH_NO_REG ? 4 * i + 2 : 4 * i + 3;
	struct ra_interval *iv = interval(ra, o->vreg);

	if (o->fixed != MACH_NO_REG) {
		add_fixed(ra, o->fixed, 4 * i + 2, 4 * i + 3);
		hint_reg(ra, o->vreg, o->fixed);
	}
	if (iv->range.n == 0)
		add_range(ra, o->vreg, pos, pos < 4 * i + 3 ? 4 * i + 3 : 4 * i + 4);	/* never read: still needs a place */
	iv = interval(ra, o->vreg);
	iv->range.at[iv->range.n - 1].from = pos;
	add_use(ra, o->vreg, pos, o->fixed == MACH_NO_REG);
	ra->fam[o->vreg].def = pos;
}

static void use(struct ra *ra, uint32_t i, uint32_t from, const struct mach_opnd *o)
{
	switch (o->role) {
	case MACH_USE:
		if (o->fixed != MACH_NO_REG) {
			add_fixed(ra, o->fixed, 4 * i + 1, 4 * i + 2);
			add_range(ra, o->vreg, from, 4 * i + 1);
			add_use(ra, o->vreg, 4 * i, false);
			hint_reg(ra, o->vreg, o->fixed);
		} else {
			add_range(ra, o->vreg, from, 4 * i + 2);
			add_use(ra, o->vreg, 4 * i + 1, true);
		}
		break;
	case MACH_LATE:
		if (o->fixed != MACH_NO_REG) {
			add_fixed(ra, o->fixed, 4 * i + 1, 4 * i + 3);
			add_range(ra, o->vreg, from, 4 * i + 1);
			add_use(ra, o->vreg, 4 * i, false);
			hint_reg(ra, o->vreg, o->fixed);
			break;
		}
		add_range(ra, o->vreg, from, 4 * i + 3);
		add_use(ra, o->vreg, 4 * i + 2, true);
		break;
	case MACH_COLD:
		/* until the end: the exit may be taken after the result was written (overflow) */
		add_range(ra, o->vreg, from, 4 * i + 3);
		add_use(ra, o->vreg, 4 * i + 1, false);
		break;
	case MACH_TEMP:
		if (o->fixed != MACH_NO_REG) {
			add_fixed(ra, o->fixed, 4 * i + 1, 4 * i + 3);
		} else {
			add_range(ra, o->vreg, 4 * i + 1, 4 * i + 3);
			add_use(ra, o->vreg, 4 * i + 2, true);
			add_use(ra, o->vreg, 4 * i + 1, true);
		}
		break;
	default:
		break;
	}
}

static void ranges_of_block(struct ra *ra, uint32_t b)
{
	struct mach_func *m = ra->m;
	struct mach_block *blk = &m->block.at[b];
	const struct ir_block *ib = &m->f->block.at[blk->ir];
	uint32_t from = 4 * blk->first, to = 4 * blk->end;
	uint64_t *out = arena_zero(m->mem, bits_words(m->vreg.n) * 8);

	for (uint32_t s = 0; s < blk->succ.n; s++)
		for (size_t w = 0; w < bits_words(m->vreg.n); w++)
			out[w] |= m->block.at[blk->succ.at[s]].live_in[w];
	gen_edge(ra, out, blk);
	for (size_t w = 0; w < bits_words(m->vreg.n); w++)
		for (uint64_t x = out[w]; x; x &= x - 1)
			add_range(ra, (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(x), from, to);
	for (uint32_t i = blk->end; i-- > blk->first;) {
		const struct mach_ins *in = &m->ins.at[i];

		ra->block_at[i] = b;
		for (unsigned r = 0; in->clobber >> r; r++)
			if (in->clobber >> r & 1)
				add_fixed(ra, r, 4 * i + 2, 4 * i + 3);
		for (unsigned o = 0; o < in->n; o++)
			if (m->opnd.at[in->opnd + o].role == MACH_DEF)
				define(ra, i, &m->opnd.at[in->opnd + o]);
		/* uses in descending order of position: fixed ones are read by the moves before the instruction */
		for (unsigned o = 0; o < in->n; o++)
			if (m->opnd.at[in->opnd + o].fixed == MACH_NO_REG)
				use(ra, i, from, &m->opnd.at[in->opnd + o]);
		for (unsigned o = 0; o < in->n; o++) {
			const struct mach_opnd *x = &m->opnd.at[in->opnd + o];

			if (x->fixed != MACH_NO_REG)
				use(ra, i, from, x);
			if (x->role == MACH_DEF && x->same && !ra->fam[x->vreg].hint)
				ra->fam[x->vreg].hint = m->opnd.at[in->opnd + x->same - 1].vreg;
		}
	}
	for (uint32_t k = 0; k < ib->arg.n; k++) {
		uint32_t v = m->vreg_of[ib->arg.at[k]];

		if (!v || b == 0)
			continue;
		if (!interval(ra, v)->range.n)
			add_range(ra, v, from, from + 1);
		interval(ra, v)->range.at[interval(ra, v)->range.n - 1].from = from;
		ra->fam[v].def = from;
		ra->fam[v].is_arg = true;
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

#define REVERSE(v, T) do { \
	for (uint32_t x_ = 0; x_ < (v)->n / 2; x_++) { \
		T t_ = (v)->at[x_]; \
		(v)->at[x_] = (v)->at[(v)->n - 1 - x_]; \
		(v)->at[(v)->n - 1 - x_] = t_; \
	} \
} while (0)

void ra_live(struct ra *ra)
{
	struct mach_func *m = ra->m;

	block_liveness(ra);
	for (uint32_t b = m->block.n; b-- > 0;)
		ranges_of_block(ra, b);
	hint_edges(ra);
	for (uint32_t i = 1; i < ra->iv.n; i++) {
		REVERSE(&ra->iv.at[i].range, struct ra_range);
		REVERSE(&ra->iv.at[i].use, struct ra_use);
	}
	for (unsigned r = 0; r < MACH_MAX_REGS; r++)
		REVERSE(&ra->fixed[r], struct ra_range);
}
#undef REVERSE
