/* SPDX-License-Identifier: MIT
 * func.c - building machine code, its block order, its dump.
 */
#include "mach/mach.h"
#include "mach/target.h"

uint32_t mach_vreg_new(struct mach_func *m, enum mach_class cls, enum ir_type t, ir_ref node)
{
	vec_push(m->mem, &m->vreg, ((struct mach_vreg){ (uint8_t)cls, (uint8_t)t, MACH_NO_REG, node }));
	return m->vreg.n - 1;
}

struct mach_ins *mach_ins_new(struct mach_func *m, uint16_t op, uint8_t form, uint8_t size)
{
	vec_push(m->mem, &m->ins, ((struct mach_ins){ .op = op, .form = form, .size = size, .opnd = m->opnd.n }));
	return &m->ins.at[m->ins.n - 1];
}

void mach_add(struct mach_func *m, struct mach_ins *i, uint32_t vreg, enum mach_role role, uint8_t fixed)
{
	ASSERT(i->opnd + i->n == m->opnd.n && i->n < UINT16_MAX);
	vec_push(m->mem, &m->opnd, ((struct mach_opnd){ vreg, (uint8_t)role, fixed, MACH_NO_REG, 0 }));
	i->n++;
	if (fixed != MACH_NO_REG)
		i->flags |= MACH_FIXED;
}

/* ---- order of blocks ------------------------------------------------------------------------------------- */

struct layout {
	struct mach_func *m;
	uint8_t *done;
	uint32_t *index;
	struct body { uint32_t *at, n, cap; } *body;
};

static void add_block(struct layout *l, uint32_t b)
{
	const struct ir_block *blk = &l->m->f->block.at[b];

	l->done[b] = 1;
	l->index[b] = l->m->block.n;
	vec_push(l->m->mem, &l->m->block, ((struct mach_block){ .ir = b, .loop_depth = blk->loop_depth, .cold = blk->cold }));
}

/* A loop whose last block only goes back to the header: that block comes first, and the branch that leads to it becomes the
 * one jump of a turn. Its other way must leave the loop, or nothing is gained. If several blocks lead to that branch, it comes first with
 * the block: they all jump to it, and it falls into the header. */
static void rotate(struct layout *l, uint32_t header)
{
	const struct ir_func *f = l->m->f;
	uint32_t first = l->index[header], last = l->m->block.n - 1, p, n = 1;
	struct mach_block b = l->m->block.at[last], moved[2];

	if (last == first || ir_at(f, f->block.at[b.ir].control)->op != IR_jmp || f->block.at[b.ir].pred.n != 1)
		return;
	if (ir_succs(f, b.ir) != 1 || ir_out(f, b.ir, 0)->to != header)
		return;
	p = f->block.at[b.ir].pred.at[0];
	if (ir_succs(f, p) != 2 || (ir_in_loop(f, header, ir_out(f, p, 0)->to) && ir_in_loop(f, header, ir_out(f, p, 1)->to)))
		return;
	if (l->index[p] == last - 1 && last - 1 > first && f->block.at[p].pred.n > 1)
		n = 2;
	memcpy(moved, &l->m->block.at[last + 1 - n], n * sizeof b);
	memmove(&l->m->block.at[first + n], &l->m->block.at[first], (last + 1 - n - first) * sizeof b);
	memcpy(&l->m->block.at[first], moved, n * sizeof b);
	for (uint32_t k = first; k <= last; k++)
		l->index[l->m->block.at[k].ir] = k;
}

/* Writes list[0..n): a loop header is followed by all other blocks of its loop that are in the list. */
static void lay_out(struct layout *l, const uint32_t *list, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t b = list[i];

		if (l->done[b])
			continue;
		add_block(l, b);
		if (l->m->f->block.at[b].loop != b + 1)
			continue;
		lay_out(l, l->body[b].at, l->body[b].n);
		rotate(l, b);
	}
}

/* By header: the blocks of its loop, in the order of the list. */
static void find_bodies(struct layout *l, const uint32_t *list, uint32_t n)
{
	const struct ir_func *f = l->m->f;

	l->body = arena_zero(l->m->mem, f->block.n * sizeof *l->body);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t h = f->block.at[list[i]].loop; h; h = f->block.at[h - 1].outer)
			vec_push(l->m->mem, &l->body[h - 1], list[i]);
}

static void cold_blocks(const struct ir_func *f, uint32_t *hot, uint32_t *n_hot, uint32_t *cold, uint32_t *n_cold)
{
	*n_hot = *n_cold = 0;
	for (uint32_t i = 0; i < f->n_order; i++)
		if (f->block.at[f->order[i]].cold && f->order[i])
			cold[(*n_cold)++] = f->order[i];
		else
			hot[(*n_hot)++] = f->order[i];
}

/* Edges of all blocks, in three arrays. */
static void connect(struct mach_func *m, const uint32_t *index)
{
	const struct ir_func *f = m->f;
	uint32_t all = 0, *succ, *edge, *pred;

	for (uint32_t i = 0; i < m->block.n; i++)
		all += ir_succs(f, m->block.at[i].ir);
	succ = arena_alloc(m->mem, (all + 1) * sizeof *succ);
	edge = arena_alloc(m->mem, (all + 1) * sizeof *edge);
	pred = arena_alloc(m->mem, (all + 1) * sizeof *pred);
	for (uint32_t i = 0; i < m->block.n; i++) {
		struct mach_block *b = &m->block.at[i];

		b->pred.at = pred;
		pred += b->pred.cap = f->block.at[b->ir].pred.n;
	}
	for (uint32_t i = 0; i < m->block.n; i++) {
		struct mach_block *b = &m->block.at[i];

		b->succ.n = b->succ.cap = b->edge.n = b->edge.cap = ir_succs(f, b->ir);
		b->succ.at = succ;
		b->edge.at = edge;
		for (unsigned j = 0; j < b->succ.n; j++) {
			struct mach_block *to;

			*edge++ = ir_succ(f, b->ir, j);
			*succ = index[f->edge.at[edge[-1]].to];
			to = &m->block.at[*succ++];
			to->pred.at[to->pred.n++] = i;
		}
	}
}

/* Most nodes become one instruction of two or three operands. */
static void make_room(struct mach_func *m)
{
	uint32_t nodes = 8;

	for (uint32_t i = 0; i < m->block.n; i++)
		nodes += m->f->block.at[m->block.at[i].ir].ins.n + m->f->block.at[m->block.at[i].ir].arg.n + 1;
	vec_room(m->mem, &m->ins, nodes);
	vec_room(m->mem, &m->opnd, 3 * nodes);
	vec_room(m->mem, &m->vreg, nodes);
	vec_push(m->mem, &m->vreg, (struct mach_vreg){ 0 });
}

void mach_layout(struct mach_func *m)
{
	struct ir_func *f = m->f;
	struct layout l = { .m = m };
	uint32_t *hot = arena_alloc(m->mem, (f->n_order + 1) * sizeof *hot), *cold = arena_alloc(m->mem, (f->n_order + 1) * sizeof *cold);
	uint32_t n_hot, n_cold;

	l.done = arena_zero(m->mem, f->block.n);
	l.index = arena_zero(m->mem, f->block.n * sizeof *l.index);
	cold_blocks(f, hot, &n_hot, cold, &n_cold);
	for (uint32_t i = n_hot; m->stress.shuffle && i-- > 1;) {
		uint32_t j = 1 + random_below(&m->stress.shuffle, i), b = hot[i];

		hot[i] = hot[j];
		hot[j] = b;
	}
	if (m->stress.shuffle) {
		for (uint32_t i = 0; i < n_hot; i++)
			add_block(&l, hot[i]);
	} else {
		find_bodies(&l, hot, n_hot);
		lay_out(&l, hot, n_hot);
	}
	for (uint32_t i = 0; i < n_cold; i++)
		add_block(&l, cold[i]);
	make_room(m);
	connect(m, l.index);
}

/* ---- exits ----------------------------------------------------------------------------------------------------- */

struct cold_uses { struct mach_func *m; struct mach_ins *i; uint32_t n; };

static void cold_use(void *arg, ir_ref *r)
{
	struct cold_uses *c = arg;

	c->n++;
	if (*r > 0) {
		ASSERT(c->m->vreg_of[*r]);
		if (c->i->n >= UINT16_MAX - 8)
			c->m->bail(c->m->bail_arg, "a frame state has too many values");
		mach_add(c->m, c->i, c->m->vreg_of[*r], MACH_COLD, MACH_NO_REG);
	}
}

uint32_t mach_exit_new(struct mach_func *m, struct mach_ins *i, ir_ref node, uint32_t state)
{
	struct cold_uses c = { m, i, 0 };

	ir_visit_state(m->f, state, cold_use, &c);
	vec_push(m->mem, &m->exit, ((struct mach_exit){ node, state, (uint32_t)(i - m->ins.at), 0, c.n }));
	return m->exit.n - 1;
}

struct mach_loc mach_loc_of_const(const struct ir_func *f, ir_ref r)
{
	return (struct mach_loc){ .where = MACH_CONST, .type = (uint8_t)ir_type_of(f, r), .bits = ir_kbits(f, r) };
}

/* ---- dump ---------------------------------------------------------------------------------------------------------- */

static void print_loc(const struct mach_func *m, const struct mach_loc *l, struct text *out)
{
	switch (l->where) {
	case MACH_REG: text_add(out, m->target->reg_name[l->reg]); break;
	case MACH_STACK: text_printf(out, "[%u]", l->slot); break;
	case MACH_CONST: text_printf(out, "%lld", (long long)l->bits); break;
	default: text_add(out, "nowhere");
	}
}

static void print_moves(const struct mach_func *m, uint32_t at, uint32_t *k, struct text *out)
{
	for (; *k < m->moves.n && m->moves.at[*k].at <= at; (*k)++)
		for (uint32_t j = 0; j < m->moves.at[*k].n; j++) {
			const struct mach_move *v = &m->move.at[m->moves.at[*k].first + j];

			text_add(out, "        ");
			print_loc(m, &v->to, out);
			text_add(out, " := ");
			print_loc(m, &v->from, out);
			text_add(out, "\n");
		}
}

void mach_print(const struct mach_func *m, struct text *out)
{
	static const char role[] = { 'u', 'l', 'd', 't', 'c' };
	uint32_t k = 0;

	for (uint32_t b = 0; b < m->block.n; b++) {
		const struct mach_block *blk = &m->block.at[b];

		text_printf(out, "B%u (b%u)%s\n", b, blk->ir, blk->cold ? " cold" : "");
		for (uint32_t i = blk->first; i < blk->end; i++) {
			const struct mach_ins *in = &m->ins.at[i];

			print_moves(m, i, &k, out);
			text_printf(out, "    %4u  ", i);
			m->target->ins_text(m, in, out);
			for (unsigned o = 0; o < in->n; o++) {
				const struct mach_opnd *x = &m->opnd.at[in->opnd + o];

				text_printf(out, " %c%u", role[x->role], x->vreg);
				if (x->fixed != MACH_NO_REG)
					text_printf(out, "@%s", m->target->reg_name[x->fixed]);
				if (x->reg != MACH_NO_REG)
					text_printf(out, "=%s", m->target->reg_name[x->reg]);
			}
			text_add(out, "\n");
		}
	}
	print_moves(m, UINT32_MAX, &k, out);
}
