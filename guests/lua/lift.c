/* SPDX-License-Identifier: MIT
 * lift.c - the frame of the lifter: slots as SSA values, frame states, blocks and the edges between them.
 *
 * Blocks of the bytecode are lifted in reverse post-order. At a join a slot gets a block argument only if the values that
 * come in differ; at a loop header only if the loop assigns it, so what a loop leaves alone stays one value and guards on
 * it can leave the loop. Every edge to a join has a block of its own, filled when the join's arguments are known.
 * The operations are in ops.c.
 */
#include "lifter.h"

/* ---- values --------------------------------------------------------------------------------------------- */

hew_val lv_k(struct lifter *l, int64_t x) { return hew_i64(l->f, x); }
hew_val lv_k32(struct lifter *l, int32_t x) { return hew_i32(l->f, x); }

int32_t lv_offset(uint32_t slot) { return (int32_t)(slot * sizeof(struct lv_value)); }

/* The payload as 64 bits. */
hew_val lv_bits(struct lifter *l, const struct lslot *s)
{
	return s->tag == LV_FLT ? hew_bitcast(l->f, HEW_I64, s->v) : s->v;
}

hew_val lv_tagval(struct lifter *l, const struct lslot *s) { return s->tag == LV_T_ANY ? s->t : lv_k32(l, s->tag); }

void lv_set(struct lifter *l, uint32_t slot, uint8_t tag, hew_val v)
{
	l->s[slot] = (struct lslot){ .tag = tag, .v = v };
}

void lv_set_any(struct lifter *l, uint32_t slot, hew_val tag, hew_val v)
{
	l->s[slot] = (struct lslot){ .tag = LV_T_ANY, .t = tag, .v = v, .ot = tag, .ov = v };
}

struct lslot lv_constant(struct lifter *l, uint32_t k)
{
	const struct lv_value *v = &l->p->k[k];

	return (struct lslot){ .tag = (uint8_t)v->tag, .v = v->tag == LV_FLT ? hew_f64(l->f, v->n) : lv_k(l, v->i) };
}

/* Writes the slot's memory unless it is up to date. */
void lv_flush(struct lifter *l, uint32_t slot)
{
	struct lslot *s = &l->s[slot];

	if (s->mem || s->tag == LV_T_NONE)
		return;
	hew_store(l->f, HEW_FULL, LV_C_STACK, l->base, lv_offset(slot), s->v);
	hew_store(l->f, HEW_FULL, LV_C_STACK, l->base, lv_offset(slot) + 8, lv_tagval(l, s));
	s->mem = true;
	l->state = 0;
}

/* The slot's value is what its memory holds. */
void lv_reload(struct lifter *l, uint32_t slot)
{
	hew_val v = hew_load(l->f, HEW_I64, HEW_FULL, LV_C_STACK, l->base, lv_offset(slot));
	hew_val t = hew_load(l->f, HEW_I32, HEW_FULL, LV_C_STACK, l->base, lv_offset(slot) + 8);

	lv_set_any(l, slot, t, v);
	l->s[slot].mem = true;
}

/* ---- frame states ------------------------------------------------------------------------------------------ */

static bool live_at(const uint64_t *live, uint32_t s) { return live[s / 64] >> s % 64 & 1; }

/* A local that the program may still ask for by debug.getlocal, though no instruction reads it again. */
static bool active_at(const struct lv_proto *p, uint32_t pc, uint32_t slot)
{
	for (uint32_t k = 0; k < p->nloc; k++)
		if (p->loc[k].slot == slot && p->loc[k].from <= pc && pc < p->loc[k].to)
			return true;
	return false;
}

/* The frame before the instruction at pc, with these slots live. */
static hew_state make_state(struct lifter *l, uint32_t pc, const uint64_t *live)
{
	struct hew_state_info info = { .parent = l->outer, .func = l->p, .pc = pc, .frame = l->base };
	int n = 0;

	for (uint32_t s = 0; s < l->flow.n_slots; s++) {
		const struct lslot *x = &l->s[s];

		if (x->mem || x->tag == LV_T_NONE || !(live_at(live, s) || active_at(l->p, pc, s)))
			continue;
		l->slots[n++] = (struct hew_state_slot){ .slot = s, .tag = x->tag == LV_T_ANY ? 0 : x->tag, .dynamic_tag = x->tag == LV_T_ANY ? x->t : 0,
			.value = x->v };
	}
	return hew_state_new(l->f, &info, n, l->slots);
}

hew_state lv_state_here(struct lifter *l)
{
	if (!l->state)
		l->state = make_state(l, l->pc, l->live + (l->pc - l->bb->from) * l->flow.words);
	return l->state;
}

/* l->live: the slots live before each instruction of the block. */
static void block_liveness(struct lifter *l)
{
	const struct lv_bb *b = l->bb;
	size_t w = l->flow.words;
	uint64_t *at = l->live + (b->to - b->from) * w;

	memset(at, 0, w * 8);
	for (uint32_t k = 0; k < b->n_succ; k++)
		for (size_t i = 0; i < w; i++)
			at[i] |= l->flow.bb[b->succ[k]].live[i];
	for (uint32_t pc = b->to; pc-- > b->from;) {
		struct lv_bits x = { at - w, false };

		memcpy(at - w, at, w * 8);
		at -= w;
		lv_ins_writes(l->p, &l->p->code[pc], lv_put_bit, &x);
		x.on = true;
		lv_ins_reads(l->p, &l->p->code[pc], lv_put_bit, &x);
	}
}

/* ---- edges ---------------------------------------------------------------------------------------------------- */

/* A new way from here to block `to`: the hew block to jump to. Its content follows when `to` is lifted. */
static hew_block edge_to(struct lifter *l, uint32_t to)
{
	struct ledge *e = lv_alloc(l, sizeof *e);

	e->b = hew_block_new(l->f);
	e->slots = lv_alloc(l, l->flow.n_slots * sizeof *e->slots);
	memcpy(e->slots, l->s, l->flow.n_slots * sizeof *e->slots);
	e->next = l->in[to].edges;
	l->in[to].edges = e;
	if (l->in[to].begun)
		lv_back_edge(l, to, e);
	return e->b;
}

void lv_new_edge_block(struct lifter *l, hew_block b)
{
	hew_begin(l->f, b);
	l->cur = b;
	l->state = 0;
}

void lv_goto(struct lifter *l, uint32_t bb) { hew_jump(l->f, edge_to(l, bb), 0, NULL); }

void lv_branch(struct lifter *l, hew_val cond, uint32_t yes, uint32_t no)
{
	hew_block from = l->cur, y, n;

	y = edge_to(l, yes);
	hew_begin(l->f, from);
	n = edge_to(l, no);
	hew_begin(l->f, from);
	hew_branch(l->f, cond, y, 0, NULL, n, 0, NULL);
}

/* Adds what the edge passes for one slot of the join; guards when the join knows more than the edge. */
static int pass(struct lifter *l, const struct lslot *want, const struct lslot *have, uint32_t to, hew_val *args, int n)
{
	struct lslot s = *have;

	if (want->tag == LV_T_ANY) {
		args[n++] = lv_tagval(l, &s);
		args[n++] = lv_bits(l, &s);
		return n;
	}
	if (s.tag == LV_T_ANY) {
		hew_state st = make_state(l, l->flow.bb[to].from, l->flow.bb[to].live);

		s.v = hew_check(l->f, HEW_CHECK_TAG, hew_eq(l->f, s.t, lv_k32(l, want->tag)), s.v, st);
		if (want->tag == LV_FLT)
			s.v = hew_bitcast(l->f, HEW_F64, s.v);
	} else if (s.tag != want->tag) {
		hew_bail(l->f, "types at a join disagree");
	}
	args[n++] = s.v;
	return n;
}

static void fill_edge(struct lifter *l, uint32_t to, struct ledge *e)
{
	const struct lin *in = &l->in[to];
	hew_val *args = lv_alloc(l, 2 * l->flow.n_slots * sizeof *args);
	struct lslot *mine = l->s;
	int n = 0;

	hew_begin(l->f, e->b);
	l->s = e->slots;
	for (uint32_t s = 0; s < l->flow.n_slots; s++)
		if (in->is_arg[s])
			n = pass(l, &in->slots[s], &e->slots[s], to, args, n);
	hew_jump(l->f, in->b, n, args);
	l->s = mine;
}

void lv_back_edge(struct lifter *l, uint32_t to, struct ledge *e)
{
	fill_edge(l, to, e);
	hew_begin(l->f, l->cur);
}

/* ---- joins ------------------------------------------------------------------------------------------------------ */

static bool same_value(const struct lslot *a, const struct lslot *b) { return a->tag == b->tag && a->v == b->v && a->t == b->t; }

/* All edges bring the same value for slot s, perhaps known better on some: then the least refined one serves. */
static bool one_value(const struct lin *in, uint32_t s, struct lslot *out)
{
	const struct ledge *e = in->edges;
	bool same = true, same_origin = e->slots[s].ov != 0, mem = true;

	for (const struct ledge *x = e; x; x = x->next) {
		same &= same_value(&x->slots[s], &e->slots[s]);
		same_origin &= x->slots[s].ov == e->slots[s].ov && x->slots[s].ot == e->slots[s].ot;
		mem &= x->slots[s].mem;
	}
	*out = e->slots[s];
	if (!same && same_origin) {
		out->tag = LV_T_ANY;
		out->t = out->ot;
		out->v = out->ov;
	}
	out->mem = mem;
	return same || same_origin;
}

static void join_slot(struct lifter *l, uint32_t to, uint32_t s)
{
	struct lin *in = &l->in[to];
	const struct lv_bb *bb = &l->flow.bb[to];
	uint8_t t = bb->type[s];
	bool free_here = !bb->header || !live_at(bb->changed, s);

	in->slots[s] = (struct lslot){ .tag = LV_T_NONE };
	if (!live_at(bb->live, s))
		return;
	if (free_here && one_value(in, s, &in->slots[s]))
		return;
	in->is_arg[s] = true;
	if (t == LV_T_NONE)
		t = LV_T_ANY;
	in->slots[s] = (struct lslot){ .tag = t };
	if (t == LV_T_ANY)
		in->slots[s].ot = in->slots[s].t = hew_block_arg(l->f, in->b, HEW_I32);
	in->slots[s].v = hew_block_arg(l->f, in->b, t == LV_FLT ? HEW_F64 : HEW_I64);
	if (t == LV_T_ANY)
		in->slots[s].ov = in->slots[s].v;
}

/* Begins block `to`: all its forward edges are there. */
static void begin_block(struct lifter *l, uint32_t to)
{
	struct lin *in = &l->in[to];
	const struct lv_bb *bb = &l->flow.bb[to];

	if (!bb->header && in->edges && !in->edges->next) {
		in->b = in->edges->b;		/* one way in: go on in the edge's block */
		memcpy(l->s, in->edges->slots, l->flow.n_slots * sizeof *l->s);
	} else {
		in->b = hew_block_new(l->f);
		in->slots = lv_alloc(l, l->flow.n_slots * sizeof *in->slots);
		in->is_arg = lv_alloc(l, l->flow.n_slots);
		for (uint32_t s = 0; s < l->flow.n_slots; s++)
			join_slot(l, to, s);
		for (struct ledge *e = in->edges; e; e = e->next)
			fill_edge(l, to, e);
		memcpy(l->s, in->slots, l->flow.n_slots * sizeof *l->s);
	}
	in->begun = bb->header;
	l->cur = in->b;
	hew_begin(l->f, in->b);
	if (bb->header)
		hew_block_state(l->f, in->b, make_state(l, bb->from, bb->live));
}

/* ---- the unit ------------------------------------------------------------------------------------------------------ */

void *lv_alloc(void *arg, size_t n)
{
	return hew_fn_alloc(((struct lifter *)arg)->f, n);
}

static void classes(struct hew_fn *f)
{
	static const struct { const char *name; unsigned flags; } c[LV_C_COUNT] = {
		[LV_C_STACK] = { "stack", 0 }, [LV_C_HEADER] = { "header", 0 }, [LV_C_NUMBERS] = { "numbers", 0 },
		[LV_C_VALUES] = { "values", 0 }, [LV_C_NODEKEY] = { "nodekey", 0 }, [LV_C_NODEVAL] = { "nodeval", 0 }, [LV_C_BOX] = { "box", 0 },
		[LV_C_STATE] = { "state", 0 }, [LV_C_FIXED] = { "fixed", HEW_CLASS_IMMUTABLE }, [LV_C_ENTRY] = { "entry", 0 },
		[LV_C_SIGNAL] = { "signal", HEW_CLASS_CHANGING },
	};

	for (unsigned k = 0; k < LV_C_COUNT; k++)
		hew_class(f, k, c[k].name, c[k].flags);
}

/* The frame does not fit, or the native stack is deep: the runtime raises the error, or interprets the function. */
static void check_stack(struct lifter *l)
{
	struct hew_fn *f = l->f;
	hew_val last = hew_load(f, HEW_PTR, HEW_FULL, LV_C_STATE, l->vm, (int32_t)offsetof(struct lv_state, stack_last));
	hew_val deep = hew_load(f, HEW_PTR, HEW_FULL, LV_C_STATE, l->vm, (int32_t)offsetof(struct lv_state, native_deep));
	hew_val end = hew_add(f, l->base, lv_k(l, (int64_t)l->p->framesize * 16));
	struct hew_call c = { .result = { HEW_I64, HEW_I64 }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES };
	hew_val r;
	hew_block over = hew_block_new(f), native = hew_block_new(f), go = hew_block_new(f);

	hew_cold(f, over);
	hew_branch(f, hew_ult(f, last, end), over, 0, NULL, native, 0, NULL);
	hew_begin(f, native);
	hew_branch(f, hew_ult(f, hew_sp(f), deep), over, 0, NULL, go, 0, NULL);
	hew_begin(f, over);
	r = hew_call(f, hew_ptr(f, (void *)(uintptr_t)lv_rt_deep), &c, 2, (hew_val[]){ l->vm, l->base });
	hew_ret2(f, r, hew_result2(f, r));
	hew_begin(f, go);
	l->cur = go;
}

/* Where the interpreter stands at a loop header: what the slots hold now is what they will hold, as a guess. */
static void load_frame(struct lifter *l, const struct hew_lift *what, const uint8_t *guess)
{
	const struct lv_bb *bb = &l->flow.bb[l->flow.bb_at[what->pc] - 1];

	l->bb = bb;
	l->pc = what->pc;
	l->live = (uint64_t *)(uintptr_t)bb->live;
	for (uint32_t s = 0; s < l->flow.n_slots; s++) {
		if (!live_at(bb->live, s))
			continue;
		lv_reload(l, s);
		if (guess[s] != LV_T_ANY)
			lv_expect(l, s, guess[s]);
	}
	/* where a numeric loop's body begins, the visible variable is the index */
	for (uint32_t pc = what->pc; pc < l->p->ncode; pc++)
		if (l->p->code[pc].op == LV_OP_FORLOOP && (int64_t)pc + 1 + l->p->code[pc].w == what->pc && live_at(bb->live, l->p->code[pc].a))
			l->s[l->p->code[pc].a + 3] = l->s[l->p->code[pc].a];
}

static void guesses(const struct lifter *l, const struct hew_lift *what, uint8_t *guess)
{
	const struct lv_value *base = what->frame;

	for (uint32_t s = 0; s < l->p->framesize; s++) {
		uint32_t tag = base[s].tag;

		guess[s] = l->flow.generic || tag >= LV_TAG_COUNT || tag < LV_INT ? LV_T_ANY : (uint8_t)tag;
	}
}

static void entry(struct lifter *l, const struct hew_lift *what, const uint8_t *guess)
{
	uint32_t first = l->flow.bb_at[l->flow.start] - 1;

	if (what->pc == HEW_AT_ENTRY) {
		check_stack(l);
		for (uint32_t s = 0; s < l->p->nparams; s++)
			lv_reload(l, s);
	} else {
		load_frame(l, what, guess);
	}
	lv_goto(l, first);
}

static void prepare(struct lifter *l, const uint8_t *guess)
{
	lv_flow_build(&l->flow, guess, lv_alloc, l);
	l->s = lv_alloc(l, l->flow.n_slots * sizeof *l->s);
	l->slots = lv_alloc(l, l->flow.n_slots * sizeof *l->slots);
	l->in = lv_alloc(l, l->flow.n_bb * sizeof *l->in);
	for (uint32_t s = 0; s < l->flow.n_slots; s++)
		l->s[s].tag = LV_T_NONE;
}

static void all_blocks(struct lifter *l)
{
	uint32_t most = 0;

	for (uint32_t b = 0; b < l->flow.n_bb; b++)
		if (l->flow.bb[b].to - l->flow.bb[b].from > most)
			most = l->flow.bb[b].to - l->flow.bb[b].from;
	l->live = lv_alloc(l, (most + 1) * l->flow.words * 8);
	for (uint32_t o = 0; o < l->flow.n_order; o++) {
		uint32_t b = l->flow.order[o];

		if (!l->in[b].edges)
			continue;		/* every way here ended in an exit */
		begin_block(l, b);
		l->bb = &l->flow.bb[b];
		block_liveness(l);
		lv_lift_block(l);
	}
}

static void unit(struct lifter *l, const struct hew_lift *what)
{
	uint8_t *guess = lv_alloc(l, l->p->framesize + 8);

	memset(guess, LV_T_ANY, l->p->framesize + 8);
	if (what->pc != HEW_AT_ENTRY)
		guesses(l, what, guess);
	prepare(l, guess);
	entry(l, what, guess);
	all_blocks(l);
}

/* ---- callees lifted into their callers --------------------------------------------------------------------------- */

#define INLINE_SIZE 60			/* instructions */
#define INLINE_DEPTH 3

/* Small, without loops, calls of Lua functions and whatever needs a frame of its own. */
static bool is_leaf(const struct lv_proto *p)
{
	for (uint32_t pc = 0; pc < p->ncode; pc++)
		switch (p->code[pc].op) {
		case LV_OP_LOOP: case LV_OP_FORPREP: case LV_OP_TFORPREP: case LV_OP_TAILCALL: case LV_OP_RETURN: case LV_OP_VARARGPREP:
		case LV_OP_VARARG: case LV_OP_CLOSURE: case LV_OP_TBC: case LV_OP_CLOSE: case LV_OP_NEWBOX:
			return false;
		case LV_OP_CALL:
			if (((const struct lv_call_cache *)&p->code[pc + 1])->kind == LV_CALLEE_PROTO)
				return false;
			break;
		default:
			break;
		}
	return true;
}

bool lv_can_inline(const struct lifter *l, const struct lv_ins *i, const struct lv_proto *callee)
{
	if (l->depth >= INLINE_DEPTH || callee->ncode > INLINE_SIZE || callee->isvararg || i->b > callee->nparams || i->c > 1)
		return false;
	for (const struct lifter *x = l; x; x = x->parent)
		if (x->p == callee)
			return false;
	return is_leaf(callee);
}

/* The caller's frame while the callee runs: it goes on behind the call, with the result in slot a. The callee's function stands
 * in that slot now. */
static hew_state outer_state(struct lifter *l, const struct lv_ins *i)
{
	struct hew_state_info info = { .parent = l->outer, .func = l->p, .pc = l->pc + 2, .mode = HEW_CONTINUE, .result = i->a, .frame = l->base };
	const uint64_t *live = l->live + (l->pc + 1 - l->bb->from) * l->flow.words;
	int n = 0;

	for (uint32_t s = 0; s <= i->a; s++) {
		const struct lslot *x = &l->s[s];

		if (x->mem || x->tag == LV_T_NONE || (s < i->a && !live_at(live, s) && !active_at(l->p, l->pc, s)))
			continue;
		l->slots[n++] = (struct hew_state_slot){ .slot = s, .tag = x->tag == LV_T_ANY ? 0 : x->tag, .dynamic_tag = x->tag == LV_T_ANY ? x->t : 0,
			.value = x->v };
	}
	return hew_state_new(l->f, &info, n, l->slots);
}

void lv_write_frame(struct lifter *l)
{
	int64_t word;

	if (!l->parent)
		return;
	word = (int64_t)(l->call->a + 2) | (int64_t)l->call->c << 32;
	lv_write_frame(l->parent);
	hew_store(l->f, HEW_FULL, LV_C_STACK, l->base, -32, l->closure);
	hew_store(l->f, HEW_FULL, LV_C_STACK, l->base, -24, lv_k32(l, LV_FUNC));
	hew_store(l->f, HEW_FULL, LV_C_STACK, l->base, -16, hew_ptr(l->f, l->call + 2));
	hew_store(l->f, HEW_FULL, LV_C_STACK, l->base, -8, lv_k(l, word));
	l->state = 0;
}

/* Where the returns of the callee meet: one value for slot a of the caller. */
static bool join_returns(struct lifter *l, struct lifter *in, const struct lv_ins *i)
{
	uint8_t tag = in->returns ? in->returns->v.tag : LV_T_ANY;
	hew_block cont;
	hew_val t = 0, v;

	if (!in->returns)
		return false;
	if (!in->returns->next) {
		lv_new_edge_block(l, in->returns->b);
		l->s[i->a] = in->returns->v;
		l->s[i->a].mem = false;
		return true;
	}
	for (const struct lret *r = in->returns; r; r = r->next)
		tag = r->v.tag == tag ? tag : LV_T_ANY;
	cont = hew_block_new(l->f);
	if (tag == LV_T_ANY)
		t = hew_block_arg(l->f, cont, HEW_I32);
	v = hew_block_arg(l->f, cont, tag == LV_FLT ? HEW_F64 : HEW_I64);
	for (const struct lret *r = in->returns; r; r = r->next) {
		hew_begin(l->f, r->b);
		if (tag == LV_T_ANY)
			hew_jump(l->f, cont, 2, (hew_val[]){ lv_tagval(l, &r->v), lv_bits(l, &r->v) });
		else
			hew_jump(l->f, cont, 1, &r->v.v);
	}
	lv_new_edge_block(l, cont);
	if (tag == LV_T_ANY)
		lv_set_any(l, i->a, t, v);
	else
		lv_set(l, i->a, tag, v);
	return true;
}

bool lv_inline(struct lifter *l, const struct lv_ins *i, const struct lv_proto *callee)
{
	struct lifter in = { .L = l->L, .p = callee, .f = l->f, .vm = l->vm, .osr = l->osr, .parent = l, .call = i, .depth = l->depth + 1, .cur = l->cur };
	uint8_t *guess = lv_alloc(l, callee->framesize + 8);
	uint32_t a = i->a;

	in.flow = (struct lv_flow){ .L = l->L, .p = callee, .generic = l->flow.generic };
	in.base = hew_add(l->f, l->base, lv_k(l, lv_offset(a + 2)));
	in.closure = hew_bitcast(l->f, HEW_PTR, l->s[a].v);
	in.outer = outer_state(l, i);
	memset(guess, LV_T_ANY, callee->framesize + 8);
	for (uint32_t k = 0; k < callee->nparams; k++)
		guess[k] = k < i->b ? l->s[a + 2 + k].tag : LV_NIL;
	prepare(&in, guess);
	for (uint32_t k = 0; k < callee->nparams; k++)
		in.s[k] = k < i->b ? l->s[a + 2 + k] : (struct lslot){ .tag = LV_NIL, .v = lv_k(l, 0) };
	lv_goto(&in, 0);
	all_blocks(&in);
	for (uint32_t s = a; s < l->flow.n_slots; s++)
		l->s[s].mem = false;
	return join_returns(l, &in, i);
}

void lv_lift(void *vm, const struct hew_lift *what, struct hew_fn *f)
{
	struct lv_state *L = vm;
	struct lifter l = { .L = L, .p = what->func, .f = f };

	if (l.p->framesize > 1000 || l.p->ncode > 20000)
		hew_bail(f, "the function is too big");
	l.vm = hew_arg(f, 0);
	l.base = hew_arg(f, 1);
	l.flow = (struct lv_flow){ .L = L, .p = l.p, .start = what->pc == HEW_AT_ENTRY ? 0 : what->pc, .generic = what->attempt >= 4 };
	l.osr = what->pc != HEW_AT_ENTRY;
	classes(f);
	unit(&l, what);
}
