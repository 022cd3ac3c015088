/* SPDX-License-Identifier: MIT
 * check.c - symbolic checker of a register allocation.
 *
 * Idea: regalloc2's checker. Follow, along all paths, the set of virtual registers that every place (register or spill
 * slot) holds; at joins the sets meet by intersection. Every operand must read a place that holds its virtual register,
 * every exit must find its values where its record says. Knows only the final code: operands, moves, clobbers and edges.
 * Constants passed along edges are symbols of their own, behind the virtual registers.
 */
#include "mach/mach.h"
#include "mach/target.h"

#include <stdio.h>

struct check {
	struct mach_func *m;
	size_t words;
	uint32_t n_places, n_symbols;
	uint64_t *now;			/* n_places sets */
	uint64_t **in;			/* by block; NULL: not reached yet */
	VEC(struct mach_loc) konst;
	uint64_t *old;
	char why[200];
};

static uint32_t place(const struct check *c, const struct mach_loc *l) { return l->where == MACH_REG ? l->reg : c->m->target->n_regs + l->slot; }
static uint64_t *set(struct check *c, uint32_t p) { return c->now + p * c->words; }

static uint32_t const_symbol(struct check *c, const struct mach_loc *l)
{
	for (uint32_t k = 0; k < c->konst.n; k++)
		if (c->konst.at[k].type == l->type && c->konst.at[k].bits == l->bits)
			return c->m->vreg.n + k;
	vec_push(c->m->mem, &c->konst, *l);
	return c->m->vreg.n + c->konst.n - 1;
}

static void complain(struct check *c, const char *what, uint32_t ins, uint32_t vreg)
{
	if (c->m->bad)
		return;
	snprintf(c->why, sizeof c->why, "%s of v%u at instruction %u", what, vreg, ins);
	c->m->bad = arena_strdup(c->m->mem, c->why);
}

static void run_moves(struct check *c, uint32_t at, unsigned from_phase, unsigned to_phase)
{
	const struct mach_func *m = c->m;
	uint32_t lo = 0, hi = m->moves.n;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (m->moves.at[mid].at < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < m->moves.n && m->moves.at[lo].at == at; lo++) {
		if (m->moves.at[lo].phase < from_phase || m->moves.at[lo].phase > to_phase)
			continue;
		for (uint32_t k = 0; k < m->moves.at[lo].n; k++) {
			const struct mach_move *v = &m->move.at[m->moves.at[lo].first + k];

			if (v->from.where == MACH_CONST) {
				memset(set(c, place(c, &v->to)), 0, c->words * 8);
				bits_set(set(c, place(c, &v->to)), const_symbol(c, &v->from));
			} else {
				memmove(set(c, place(c, &v->to)), set(c, place(c, &v->from)), c->words * 8);
			}
		}
	}
}

static void run_ins(struct check *c, uint32_t i)
{
	struct mach_func *m = c->m;
	const struct mach_ins *in = &m->ins.at[i];

	for (unsigned o = 0; o < in->n; o++) {
		const struct mach_opnd *x = &m->opnd.at[in->opnd + o];

		if ((x->role == MACH_USE || x->role == MACH_LATE) && !bits_get(set(c, x->reg), x->vreg))
			complain(c, "wrong value for a use", i, x->vreg);
		if (x->role != MACH_DEF && x->role != MACH_TEMP)
			continue;
		for (unsigned q = 0; q < in->n; q++) {
			const struct mach_opnd *y = &m->opnd.at[in->opnd + q];

			if (q != o && y->role != MACH_COLD && y->reg == x->reg && (y->fixed == MACH_NO_REG || x->fixed == MACH_NO_REG) && (y->role != MACH_USE || x->role == MACH_TEMP))
				complain(c, "register shared by a result", i, x->vreg);
		}
	}
	for (unsigned r = 0; in->clobber >> r; r++)
		if (in->clobber >> r & 1)
			memset(set(c, r), 0, c->words * 8);
	for (unsigned o = 0; o < in->n; o++)
		if (m->opnd.at[in->opnd + o].role == MACH_TEMP)
			memset(set(c, m->opnd.at[in->opnd + o].reg), 0, c->words * 8);
	for (unsigned o = 0; o < in->n; o++) {
		const struct mach_opnd *x = &m->opnd.at[in->opnd + o];

		if (x->role != MACH_DEF)
			continue;
		for (uint32_t p = 0; p < c->n_places; p++)
			bits_clear(set(c, p), x->vreg);
		memset(set(c, x->reg), 0, c->words * 8);
		bits_set(set(c, x->reg), x->vreg);
	}
}

struct exit_walk { struct check *c; const struct mach_exit *e; uint32_t k; };

static void check_exit_value(void *arg, ir_ref *r)
{
	struct exit_walk *w = arg;
	const struct mach_loc *l = &w->c->m->exit_loc.at[w->e->loc + w->k++];

	if (*r > 0 && (l->where == MACH_CONST || !bits_get(set(w->c, place(w->c, l)), w->c->m->vreg_of[*r])))
		complain(w->c, "wrong value at an exit", w->e->ins, w->c->m->vreg_of[*r]);
}

/* After the moves of an edge: its arguments are now also known by the names of the block's. */
static void rename_args(struct check *c, uint32_t from, uint32_t to)
{
	struct mach_func *m = c->m;
	const struct mach_block *b = &m->block.at[from];
	const struct ir_edge *e = NULL;

	for (uint32_t k = 0; k < b->succ.n; k++)
		if (b->succ.at[k] == to)
			e = &m->f->edge.at[b->edge.at[k]];
	if (!e->n)
		return;
	for (uint32_t p = 0; p < c->n_places; p++) {
		memcpy(c->old, set(c, p), c->words * 8);
		for (uint32_t a = 0; a < e->n; a++)
			if (m->vreg_of[m->f->block.at[e->to].arg.at[a]])
				bits_clear(set(c, p), m->vreg_of[m->f->block.at[e->to].arg.at[a]]);
		for (uint32_t a = 0; a < e->n; a++) {
			ir_ref src = m->f->pool.at[e->args + a];
			uint32_t v = m->vreg_of[m->f->block.at[e->to].arg.at[a]];
			struct mach_loc k = src < 0 ? mach_loc_of_const(m->f, src) : (struct mach_loc){ 0 };

			if (v && bits_get(c->old, src < 0 ? const_symbol(c, &k) : m->vreg_of[src]))
				bits_set(set(c, p), v);
		}
	}
}

static bool meet_into(struct check *c, uint32_t b)
{
	size_t n = c->n_places * c->words;
	bool changed = false;

	if (!c->in[b]) {
		c->in[b] = arena_alloc(c->m->mem, n * 8);
		memcpy(c->in[b], c->now, n * 8);
		return true;
	}
	for (size_t w = 0; w < n; w++) {
		uint64_t x = c->in[b][w] & c->now[w];

		changed |= x != c->in[b][w];
		c->in[b][w] = x;
	}
	return changed;
}

static bool run_block(struct check *c, uint32_t b)
{
	struct mach_func *m = c->m;
	const struct mach_block *blk = &m->block.at[b];
	bool edge_in = blk->pred.n == 1 && m->block.at[blk->pred.at[0]].succ.n > 1, changed = false;

	memcpy(c->now, c->in[b], c->n_places * c->words * 8);
	for (uint32_t i = blk->first; i < blk->end; i++) {
		if (i == blk->first && edge_in) {
			run_moves(c, i, MACH_EDGE_IN, MACH_EDGE_IN);
			rename_args(c, blk->pred.at[0], b);
		}
		run_moves(c, i, i == blk->first ? MACH_EDGE_IN + 1 : MACH_AFTER, MACH_EDGE_OUT);
		for (uint32_t x = 0; x < m->exit.n; x++)
			if (m->exit.at[x].ins == i) {
				struct exit_walk w = { c, &m->exit.at[x], 0 };

				ir_visit_state(m->f, m->exit.at[x].state, check_exit_value, &w);
			}
		run_ins(c, i);
	}
	for (uint32_t k = 0; k < blk->succ.n; k++) {
		if (blk->succ.n == 1)
			rename_args(c, b, blk->succ.at[k]);
		changed |= meet_into(c, blk->succ.at[k]);
	}
	return changed;
}

static uint32_t count_consts(const struct mach_func *m)
{
	uint32_t n = 0;

	for (uint32_t b = 0; b < m->block.n; b++)
		for (uint32_t k = 0; k < m->block.at[b].edge.n; k++)
			n += m->f->edge.at[m->block.at[b].edge.at[k]].n;
	return n;
}

bool ra_check(struct mach_func *m)
{
	struct check c = { .m = m };
	bool changed = true;

	c.n_places = m->target->n_regs + m->n_slots;
	c.words = bits_words(m->vreg.n + count_consts(m));
	c.now = arena_zero(m->mem, c.n_places * c.words * 8);
	c.old = arena_zero(m->mem, c.words * 8);
	c.in = arena_zero(m->mem, m->block.n * sizeof *c.in);
	c.in[0] = arena_zero(m->mem, c.n_places * c.words * 8);
	while (changed && !m->bad) {
		changed = false;
		for (uint32_t b = 0; b < m->block.n && !m->bad; b++)
			if (c.in[b])
				changed |= run_block(&c, b);
	}
	return !m->bad;
}
