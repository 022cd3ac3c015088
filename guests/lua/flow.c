/* SPDX-License-Identifier: MIT
 * flow.c - what the lifter must know before it builds: basic blocks, live slots, and the types that slots have where
 * blocks begin, as far as constants, feedback and the guards to come decide them.
 *
 * All three are forward or backward data flow over the reached blocks, iterated until nothing changes; a type can only
 * go from nothing to a tag to "any", so this ends soon. An instruction that never ran ends its path: what follows is not
 * reached, which prunes branches nobody took.
 */
#include "lift.h"

/* ---- operands --------------------------------------------------------------------------------------- */

static void range(lv_slot_fn *fn, void *arg, uint32_t from, uint32_t to)
{
	for (; from < to; from++)
		fn(arg, from);
}

/* Where the open list that instruction i consumes begins: the instruction before i makes it. */
static uint32_t open_start(const struct lv_ins *i)
{
	i--;
	return i->op == LV_OP_CACHE ? i[-1].a : i->a;
}

static bool is_slot(char letter) { return letter == 'S' || letter == 'P' || letter == 'L'; }

void lv_ins_reads(const struct lv_proto *p, const struct lv_ins *i, lv_slot_fn *fn, void *arg)
{
	const struct lv_opinfo *o = &lv_opinfo[i->op];

	switch (i->op) {
	case LV_OP_CALL: case LV_OP_TAILCALL:
		fn(arg, i->a);
		range(fn, arg, i->a + 2u, i->b == LV_OPEN ? open_start(i) : i->a + 2u + i->b);
		return;
	case LV_OP_RETURN: range(fn, arg, i->a, i->b == LV_OPEN ? open_start(i) : i->a + (uint32_t)i->b); return;
	case LV_OP_SETLIST: range(fn, arg, i->a, i->b == LV_OPEN ? open_start(i) : i->a + 1u + i->b); return;
	case LV_OP_CONCAT: range(fn, arg, i->b, i->b + (uint32_t)i->c); return;
	case LV_OP_FORPREP: case LV_OP_FORLOOP: case LV_OP_TFORCALL: range(fn, arg, i->a, i->a + 3u); return;
	case LV_OP_TFORPREP: fn(arg, i->a + 3u); return;
	case LV_OP_TFORLOOP: fn(arg, i->a + 4u); return;
	case LV_OP_CLOSURE:
		for (uint32_t k = 0; k < p->p[i->w]->nups; k++)
			if (p->p[i->w]->up[k].instack)
				fn(arg, p->p[i->w]->up[k].index);
		return;
	default:
		break;
	}
	if (is_slot(o->a))
		fn(arg, i->a);
	if (is_slot(o->b))
		fn(arg, i->b);
	if (is_slot(o->c))
		fn(arg, i->c);
}

void lv_ins_writes(const struct lv_proto *p, const struct lv_ins *i, lv_slot_fn *fn, void *arg)
{
	(void)p;
	switch (i->op) {
	case LV_OP_LOADNIL: range(fn, arg, i->a, i->a + (uint32_t)i->b); return;
	case LV_OP_SELF: fn(arg, i->a); fn(arg, i->a + 2u); return;
	case LV_OP_CALL: range(fn, arg, i->a, i->c == LV_OPEN ? i->a : i->a + (uint32_t)i->c); return;
	case LV_OP_VARARG: range(fn, arg, i->a, i->b == LV_OPEN ? i->a : i->a + (uint32_t)i->b); return;
	case LV_OP_TFORCALL: range(fn, arg, i->a + 4u, i->a + 4u + i->c); return;
	case LV_OP_FORPREP: range(fn, arg, i->a, i->a + 4u); return;
	case LV_OP_FORLOOP: range(fn, arg, i->a, i->a + 2u); fn(arg, i->a + 3u); return;
	case LV_OP_TFORLOOP: fn(arg, i->a + 2u); return;
	case LV_OP_NEWBOX: fn(arg, i->a); return;
	default:
		if (lv_opinfo[i->op].a == 'D')
			fn(arg, i->a);
	}
}

struct lv_pair lv_arith_operands(const struct lv_ins *i)
{
	unsigned form = (i->op - LV_OP_ADD) % 3u;

	if (i->op == LV_OP_UNM || i->op == LV_OP_BNOT)
		return (struct lv_pair){ .unary = true, .x = i->b, .y = i->b };
	return (struct lv_pair){ .k_x = form == 2, .k_y = form == 1, .x = i->b, .y = i->c };
}

/* ---- modes: what feedback and known types make of an instruction --------------------------------------------- */

static bool number(uint8_t t) { return t == LV_INT || t == LV_FLT; }

enum lv_mode lv_arith_mode(const struct lv_flow *f, const struct lv_ins *i, uint8_t x, uint8_t y)
{
	unsigned base = i->op >= LV_OP_UNM ? i->op : LV_OP_ADD + (i->op - LV_OP_ADD) / 3 * 3u;
	bool bits = base == LV_OP_BAND || base == LV_OP_BOR || base == LV_OP_BXOR || base == LV_OP_SHL || base == LV_OP_SHR || base == LV_OP_BNOT;
	bool real = base == LV_OP_DIV || base == LV_OP_POW;

	if (number(x) && number(y)) {
		if (bits)
			return x == LV_INT && y == LV_INT ? LV_M_INT : LV_M_GENERIC;
		return x == LV_INT && y == LV_INT ? (real ? LV_M_NUM : LV_M_INT) : x == y ? LV_M_FLT : LV_M_NUM;
	}
	if (f->generic || (x != LV_T_ANY && !number(x)) || (y != LV_T_ANY && !number(y)))
		return LV_M_GENERIC;
	if (i->fb == 0)
		return LV_M_NEVER;
	if (i->fb == LV_FB_II && (x == LV_T_ANY || x == LV_INT) && (y == LV_T_ANY || y == LV_INT))
		return real ? LV_M_NUM : LV_M_INT;
	if (bits)
		return LV_M_GENERIC;
	if (i->fb == (LV_FB_II | LV_FB_FF) && (base == LV_OP_ADD || base == LV_OP_SUB || base == LV_OP_MUL))
		return LV_M_SAME;
	if (i->fb == LV_FB_FF && x != LV_INT && y != LV_INT)
		return LV_M_FLT;
	if (!(i->fb & ~(LV_FB_II | LV_FB_FF | LV_FB_MIX)) && (real || !(i->fb & LV_FB_II) || x == LV_FLT || y == LV_FLT))
		return LV_M_NUM;
	return LV_M_GENERIC;
}

enum lv_mode lv_compare_mode(const struct lv_flow *f, const struct lv_ins *i, uint8_t x, uint8_t y)
{
	bool equal = i->op <= LV_OP_JNEQ || i->op == LV_OP_JEQK || i->op == LV_OP_JNEQK;

	if (number(x) && number(y))
		return x != y ? LV_M_GENERIC : x == LV_INT ? LV_M_INT : LV_M_FLT;
	if (f->generic)
		return LV_M_GENERIC;
	if (i->fb == 0)
		return LV_M_NEVER;
	if (i->fb == LV_FB_II && (x == LV_T_ANY || x == LV_INT) && (y == LV_T_ANY || y == LV_INT))
		return LV_M_INT;
	if (i->fb == LV_FB_FF && (x == LV_T_ANY || x == LV_FLT) && (y == LV_T_ANY || y == LV_FLT))
		return LV_M_FLT;
	if (i->fb == (LV_FB_II | LV_FB_FF))
		return LV_M_SAME;
	if (equal && i->fb == LV_FB_STR && (x == LV_T_ANY || x == LV_STR) && (y == LV_T_ANY || y == LV_STR))
		return LV_M_STR;
	return LV_M_GENERIC;
}

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

static bool jumps(const struct lv_ins *i, int32_t *distance, bool *falls)
{
	*falls = true;
	*distance = i->w;
	switch (i->op) {
	case LV_OP_JMP: case LV_OP_LOOP: case LV_OP_TFORPREP: *falls = false; return true;
	case LV_OP_JT: case LV_OP_JF: case LV_OP_JTKEEP: case LV_OP_JFKEEP:
	case LV_OP_FORPREP: case LV_OP_FORLOOP: case LV_OP_TFORLOOP: return true;
	case LV_OP_RETURN: case LV_OP_RETURN0: case LV_OP_RETURN1: case LV_OP_TAILCALL: *falls = false; return false;
	default:
		*distance = (int16_t)i->c;
		return lv_is_compare(i->op);
	}
}

static void find_blocks(struct lv_flow *f, void *(*alloc)(void *, size_t), void *arg)
{
	const struct lv_proto *p = f->p;
	uint8_t *leader = alloc(arg, p->ncode + 1);
	int32_t d;
	bool falls;

	leader[0] = leader[f->start] = 1;
	for (uint32_t pc = 0; pc < p->ncode; pc++) {
		if (p->code[pc].op == LV_OP_CACHE)
			continue;
		if (jumps(&p->code[pc], &d, &falls))
			leader[(int64_t)pc + 1 + d] = 1;
		else if (falls)
			continue;
		leader[pc + 1] = 1;
	}
	f->bb_at = alloc(arg, (p->ncode + 1) * sizeof *f->bb_at);
	for (uint32_t pc = 0; pc < p->ncode; pc++)
		f->n_bb += leader[pc];
	f->bb = alloc(arg, f->n_bb * sizeof *f->bb);
	f->n_bb = 0;
	for (uint32_t pc = 0; pc < p->ncode; pc++)
		if (leader[pc]) {
			if (f->n_bb)
				f->bb[f->n_bb - 1].to = pc;
			f->bb[f->n_bb].from = pc;
			f->bb_at[pc] = ++f->n_bb;
		}
	f->bb[f->n_bb - 1].to = p->ncode;
	for (uint32_t b = 0; b < f->n_bb; b++) {
		struct lv_bb *x = &f->bb[b];
		uint32_t last = x->to - 1;
		bool jump;

		if (p->code[last].op == LV_OP_CACHE && last > x->from)
			last--;
		jump = jumps(&p->code[last], &d, &falls);
		if (falls && x->to < p->ncode)
			x->succ[x->n_succ++] = f->bb_at[x->to] - 1;
		if (jump)
			x->succ[x->n_succ++] = f->bb_at[(int64_t)last + 1 + d] - 1;
		x->live = alloc(arg, f->words * 8);
		x->type = alloc(arg, f->n_slots);
		memset(x->type, LV_T_NONE, f->n_slots);
	}
}

/* ---- types ---------------------------------------------------------------------------------------------------------- */

struct types { const struct lv_flow *f; uint8_t *t; uint8_t to; };

static void set_any(void *arg, uint32_t slot) { ((struct types *)arg)->t[slot] = LV_T_ANY; }
static void set_to(void *arg, uint32_t slot) { ((struct types *)arg)->t[slot] = ((struct types *)arg)->to; }

static uint8_t mode_tag(enum lv_mode m) { return m == LV_M_INT ? LV_INT : m == LV_M_FLT || m == LV_M_NUM ? LV_FLT : LV_T_ANY; }

/* A guard makes what was not known known. */
static void refine(uint8_t *t, enum lv_mode m, bool is_const, uint16_t slot)
{
	if (!is_const && t[slot] == LV_T_ANY && (m == LV_M_INT || m == LV_M_FLT || m == LV_M_STR))
		t[slot] = m == LV_M_INT ? LV_INT : m == LV_M_FLT ? LV_FLT : LV_STR;
}

static bool arith_types(const struct lv_flow *f, const struct lv_ins *i, uint8_t *t)
{
	struct lv_pair o = lv_arith_operands(i);
	enum lv_mode m = lv_arith_mode(f, i, o.k_x ? (uint8_t)f->p->k[o.x].tag : t[o.x], o.k_y ? (uint8_t)f->p->k[o.y].tag : t[o.y]);

	if (m == LV_M_NEVER)
		return false;
	refine(t, m, o.k_x, o.x);
	refine(t, m, o.k_y, o.y);
	t[i->a] = mode_tag(m);
	return true;
}

static bool compare_types(const struct lv_flow *f, const struct lv_ins *i, uint8_t *t)
{
	bool k = lv_opinfo[i->op].b == 'K';
	enum lv_mode m = lv_compare_mode(f, i, t[i->a], k ? (uint8_t)f->p->k[i->b].tag : t[i->b]);

	if (m == LV_M_NEVER)
		return false;
	refine(t, m, false, i->a);
	refine(t, m, k, i->b);
	return true;
}

static void for_types(const struct lv_ins *i, uint8_t *t, bool prep)
{
	uint8_t to = prep ? (i->fb == LV_FB_FOR_INT ? LV_INT : i->fb == LV_FB_FOR_FLT ? LV_FLT : LV_T_ANY) : t[i->a];

	if (to != LV_INT && to != LV_FLT)
		to = LV_T_ANY;
	for (unsigned k = 0; k < 4; k++)
		if (prep || k != 2)
			t[i->a + k] = to;
}

/* The types behind instruction i. False: it never ran, the path ends here. */
static bool step(const struct lv_flow *f, const struct lv_ins *i, uint8_t *t)
{
	struct types ty = { f, t, LV_NIL };

	if (lv_is_arith(i->op))
		return arith_types(f, i, t);
	if (lv_is_compare(i->op))
		return compare_types(f, i, t);
	switch (i->op) {
	case LV_OP_MOV: t[i->a] = t[i->b]; return true;
	case LV_OP_LOADK: t[i->a] = (uint8_t)f->p->k[i->w].tag; return true;
	case LV_OP_LOADI: t[i->a] = LV_INT; return true;
	case LV_OP_LOADNIL: lv_ins_writes(f->p, i, set_to, &ty); return true;
	case LV_OP_LOADFALSE: t[i->a] = LV_FALSE; return true;
	case LV_OP_LOADTRUE: t[i->a] = LV_TRUE; return true;
	case LV_OP_NEWBOX: t[i->a] = LV_BOX; return true;
	case LV_OP_NEWTABLE: t[i->a] = LV_TABLE; return true;
	case LV_OP_CLOSURE: t[i->a] = LV_FUNC; return true;
	case LV_OP_FORPREP: for_types(i, t, true); return f->generic || i->fb != 0;
	case LV_OP_FORLOOP: for_types(i, t, false); return true;
	case LV_OP_TFORLOOP: t[i->a + 2] = t[i->a + 4]; return true;
	case LV_OP_LEN:
		t[i->a] = i->fb == LV_FB_T_STR || i->fb == LV_FB_T_TABLE ? LV_INT : LV_T_ANY;
		return true;
	case LV_OP_GETINDEX: case LV_OP_GETINDEXI:
		t[i->a] = f->generic ? LV_T_ANY : i->fb == LV_FB_ARR_INT ? LV_INT : i->fb == LV_FB_ARR_FLT ? LV_FLT : LV_T_ANY;
		return true;
	default:
		lv_ins_writes(f->p, i, set_any, &ty);
		return true;
	}
}

static bool merge(uint8_t *into, const uint8_t *from, uint32_t n)
{
	bool changed = false;

	for (uint32_t s = 0; s < n; s++) {
		uint8_t t = into[s] == LV_T_NONE ? from[s] : from[s] == LV_T_NONE || from[s] == into[s] ? into[s] : LV_T_ANY;

		changed |= t != into[s];
		into[s] = t;
	}
	return changed;
}

static void types(struct lv_flow *f, const uint8_t *entry, uint8_t *t)
{
	uint32_t first = f->bb_at[f->start] - 1;
	bool changed = true;

	memcpy(f->bb[first].type, entry, f->n_slots);
	f->bb[first].reached = true;
	while (changed) {
		changed = false;
		for (uint32_t b = 0; b < f->n_bb; b++) {
			struct lv_bb *x = &f->bb[b];
			bool runs = true;

			if (!x->reached)
				continue;
			memcpy(t, x->type, f->n_slots);
			for (uint32_t pc = x->from; pc < x->to && runs; pc++)
				runs = step(f, &f->p->code[pc], t);
			for (uint32_t k = 0; k < x->n_succ && runs; k++) {
				struct lv_bb *s = &f->bb[x->succ[k]];

				changed |= !s->reached;
				s->reached = true;
				changed |= merge(s->type, t, f->n_slots);
			}
		}
	}
}

/* ---- order, loops, liveness --------------------------------------------------------------------------------------------- */

static void visit(struct lv_flow *f, uint32_t b, uint8_t *mark, uint32_t *n)
{
	mark[b] = 1;
	for (uint32_t k = f->bb[b].n_succ; k-- > 0;) {
		uint32_t s = f->bb[b].succ[k];

		if (mark[s] == 1)
			f->bb[s].header = true;
		if (f->bb[s].reached && mark[s] == 0)
			visit(f, s, mark, n);
	}
	mark[b] = 2;
	f->order[--*n] = b;
}

void lv_put_bit(void *arg, uint32_t slot)
{
	struct lv_bits *x = arg;

	if (x->on)
		x->set[slot / 64] |= UINT64_C(1) << slot % 64;
	else
		x->set[slot / 64] &= ~(UINT64_C(1) << slot % 64);
}

static void liveness(struct lv_flow *f, uint64_t *live)
{
	bool changed = true;

	while (changed) {
		changed = false;
		/* over all blocks, reached or not: what only a pruned path reads must be in the states of exits to it */
		for (uint32_t o = f->n_bb; o-- > 0;) {
			struct lv_bb *x = &f->bb[o];
			struct lv_bits b = { live, false };

			memset(live, 0, f->words * 8);
			for (uint32_t k = 0; k < x->n_succ; k++)
				for (size_t w = 0; w < f->words; w++)
					live[w] |= f->bb[x->succ[k]].live[w];
			for (uint32_t pc = x->to; pc-- > x->from;) {
				b.on = false;
				lv_ins_writes(f->p, &f->p->code[pc], lv_put_bit, &b);
				b.on = true;
				lv_ins_reads(f->p, &f->p->code[pc], lv_put_bit, &b);
			}
			if (memcmp(live, x->live, f->words * 8)) {
				memcpy(x->live, live, f->words * 8);
				changed = true;
			}
		}
	}
}

/* Slots assigned in the loop of header h: blocks between the header and its back edges, by walking predecessors. */
static void loop_changes(struct lv_flow *f, uint32_t h, uint8_t *in, void *(*alloc)(void *, size_t), void *arg)
{
	struct lv_bits b = { alloc(arg, f->words * 8), true };
	bool more = true;

	memset(in, 0, f->n_bb);
	in[h] = 2;
	for (uint32_t o = f->bb[h].order; o < f->n_order; o++)
		for (uint32_t k = 0; k < f->bb[f->order[o]].n_succ; k++)
			if (f->bb[f->order[o]].succ[k] == h)
				in[f->order[o]] |= 1;
	while (more) {
		more = false;
		for (uint32_t o = f->n_order; o-- > f->bb[h].order;) {
			uint32_t x = f->order[o];

			for (uint32_t k = 0; k < f->bb[x].n_succ && !in[x]; k++)
				if (in[f->bb[x].succ[k]] & 1 || (in[f->bb[x].succ[k]] & 2 && f->bb[x].succ[k] != h))
					in[x] = 1, more = true;
		}
	}
	for (uint32_t o = f->bb[h].order; o < f->n_order; o++)
		if (in[f->order[o]])
			for (uint32_t pc = f->bb[f->order[o]].from; pc < f->bb[f->order[o]].to; pc++)
				lv_ins_writes(f->p, &f->p->code[pc], lv_put_bit, &b);
	f->bb[h].changed = b.set;
}

void lv_flow_build(struct lv_flow *f, const uint8_t *entry, void *(*alloc)(void *arg, size_t n), void *arg)
{
	uint32_t n;
	uint8_t *mark;

	f->n_slots = f->p->framesize + 8;
	f->words = (f->n_slots + 63) / 64;
	find_blocks(f, alloc, arg);
	types(f, entry, alloc(arg, f->n_slots));
	f->order = alloc(arg, f->n_bb * sizeof *f->order);
	mark = alloc(arg, f->n_bb);
	n = f->n_bb;
	visit(f, f->bb_at[f->start] - 1, mark, &n);
	f->n_order = f->n_bb - n;
	memmove(f->order, f->order + n, f->n_order * sizeof *f->order);
	for (uint32_t o = 0; o < f->n_order; o++) {
		f->bb[f->order[o]].order = o;
		for (uint32_t k = 0; k < f->bb[f->order[o]].n_succ; k++)
			f->bb[f->bb[f->order[o]].succ[k]].n_pred++;
	}
	liveness(f, alloc(arg, f->words * 8));
	for (uint32_t o = 0; o < f->n_order; o++)
		if (f->bb[f->order[o]].header)
			loop_changes(f, f->order[o], mark, alloc, arg);
}
