/* SPDX-License-Identifier: MIT
 * emit.c - writes allocated machine code as x86-64 bytes.
 *
 *   fp + 16 ...   stack arguments
 *   fp + 8        return address
 *   fp            caller's frame pointer
 *   fp - 8 ...    callee-saved registers in use, in order of number
 *   fp - slot0 .. spill slots
 *   .. sp         memory of `stack` nodes, then arguments of calls
 *
 * r11 and xmm15 are never allocated: moves use them, calls that are not direct, tables of jumps. Exits leave through stubs behind the code: each
 * names its exit in r11 and goes to the unit's tail, which names the unit and goes to the context's common exit tail.
 */
#include "target/x64/x64.h"

struct table { asm_label at; uint32_t block; const struct ir_node *n; };
struct emit {
	struct mach_func *m;
	struct asm_buf *a;
	const struct ir_func *f;
	asm_label *block, *exit;
	uint8_t *has_moves;		/* by instruction */
	uint32_t next_move;		/* group in m->moves */
	uint32_t b;			/* block being written */
	uint64_t saved;
	uint32_t slot0, frame;
	struct tested { uint32_t end; uint16_t op; uint8_t size, exact; enum x64_reg reg; } tested;	/* flags that are valid where the code is end bytes long */
	bool bare;			/* no frame but saved registers: nothing is kept in memory, nothing is called, nothing leaves */
	asm_label *callee;
	VEC(struct table) table;	/* of jumps, written behind the code */
};

static enum x64_reg R(const struct emit *e, const struct mach_ins *i, unsigned k) { return e->m->opnd.at[i->opnd + k].reg; }
static struct x64_mem slot(const struct emit *e, uint32_t s) { return x64_at(X64_RBP, -(int32_t)(e->slot0 + 8 * s)); }

/* ---- moves ------------------------------------------------------------------------------------------------- */

static void load_float(struct emit *e, enum x64_reg r, int64_t bits, unsigned size)
{
	if (bits == 0)
		x64_rr(e->a, X64_XORPS, 16, r, r);
	else
		x64_rm(e->a, X64_MOVS, size, r, x64_rip(asm_literal(e->a, &bits, size)));
}

static void load_int(struct emit *e, enum x64_reg r, int64_t x)
{
	if (x == 0)
		x64_rr(e->a, X64_XOR, 4, r, r);
	else
		x64_mov_imm(e->a, r, x);
}

/* At least size bytes; between general registers no more: 4 need no prefix, and clear the upper half. */
static void copy_of(struct emit *e, unsigned size, enum x64_reg to, enum x64_reg from)
{
	if (to == from)
		return;
	if (x64_is_xmm(to) && x64_is_xmm(from))
		x64_rr(e->a, X64_MOVAPS, 16, to, from);
	else if (x64_is_gpr(to) && x64_is_gpr(from))
		x64_rr(e->a, X64_MOV, size < 8 ? 4 : 8, to, from);
	else
		x64_rr(e->a, X64_MOVQ, 8, to, from);
}

static void copy(struct emit *e, enum x64_reg to, enum x64_reg from) { copy_of(e, 8, to, from); }

static void load_slot(struct emit *e, enum x64_reg r, struct x64_mem m)
{
	x64_rm(e->a, x64_is_xmm(r) ? X64_MOVS : X64_MOV, 8, r, m);
}

static void store_slot(struct emit *e, struct x64_mem m, enum x64_reg r)
{
	x64_mr(e->a, x64_is_xmm(r) ? X64_MOVS : X64_MOV, 8, m, r);
}

static void const_to_slot(struct emit *e, struct x64_mem m, int64_t bits)
{
	if (bits == (int32_t)bits) {
		x64_mi(e->a, X64_MOV, 8, m, (int32_t)bits);
		return;
	}
	x64_mi(e->a, X64_MOV, 4, m, (int32_t)bits);
	m.disp += 4;
	x64_mi(e->a, X64_MOV, 4, m, (int32_t)(bits >> 32));
}

static void move(struct emit *e, const struct mach_move *v)
{
	const struct mach_loc *from = &v->from, *to = &v->to;
	int64_t bits = from->type == IR_T_i32 ? (int64_t)(uint32_t)from->bits : from->bits;	/* lower.c counts on zeros above */

	if (to->where == MACH_REG) {
		switch (from->where) {
		case MACH_REG: copy_of(e, ir_types[from->type].size, to->reg, from->reg); break;
		case MACH_STACK: load_slot(e, to->reg, slot(e, from->slot)); break;
		default:
			if (x64_is_xmm(to->reg))
				load_float(e, to->reg, bits, ir_types[from->type].size);
			else
				load_int(e, to->reg, bits);
		}
	} else if (from->where == MACH_REG) {
		store_slot(e, slot(e, to->slot), from->reg);
	} else if (from->where == MACH_STACK) {
		load_slot(e, X64_XMM15, slot(e, from->slot));
		store_slot(e, slot(e, to->slot), X64_XMM15);
	} else {
		const_to_slot(e, slot(e, to->slot), bits);
	}
}

static void moves_at(struct emit *e, uint32_t i)
{
	for (; e->next_move < e->m->moves.n && e->m->moves.at[e->next_move].at <= i; e->next_move++)
		for (uint32_t k = 0; k < e->m->moves.at[e->next_move].n; k++)
			move(e, &e->m->move.at[e->m->moves.at[e->next_move].first + k]);
}

/* ---- addresses, comparisons, frames ---------------------------------------------------------------------------- */

static struct x64_mem mem(struct emit *e, const struct mach_ins *i)
{
	enum x64_reg index = i->index ? R(e, i, i->index - 1u) : X64_NONE;

	switch (i->base) {
	case X64_BASE_FRAME: return x64_idx(X64_RBP, index, i->scale, i->disp);
	case X64_BASE_STACK: return x64_idx(X64_RSP, index, i->scale, i->disp);
	case X64_BASE_NONE: return x64_idx(X64_NONE, index, i->scale, i->disp);
	case X64_BASE_LITERAL: return x64_rip(asm_literal(e->a, &i->imm, i->size));
	case X64_BASE_LOCAL: return x64_idx(X64_RSP, index, i->scale, i->disp + (int32_t)((e->m->out_bytes + 15) & ~15u));
	default: return x64_idx(R(e, i, i->base - 1u), index, i->scale, i->disp);
	}
}

/* The result of an operation was just written to r: the flags are those of a test of r. If a sum is exact there was no overflow, and order is told, too. */
static void note_flags(struct emit *e, const struct mach_ins *i, enum x64_reg r)
{
	e->tested = (struct tested){ e->a->n, i->op, i->size, i->cc == X64_EXACT, r };
}

static bool already_tested(const struct emit *e, const struct mach_ins *i, enum x64_reg r)
{
	const struct tested *t = &e->tested;

	if (t->end != e->a->n || t->reg != r || t->size != i->size)
		return false;
	if (t->op == X64_AND || t->op == X64_OR || t->op == X64_XOR)
		return true;
	if (t->op != X64_ADD && t->op != X64_SUB)
		return false;
	return i->cc == X64_CC_E || i->cc == X64_CC_NE || (t->exact && (i->cc == X64_CC_L || i->cc == X64_CC_LE || i->cc == X64_CC_G || i->cc == X64_CC_GE));
}

/* The comparison whose operands begin at operand k. */
static void compare(struct emit *e, const struct mach_ins *i, unsigned k)
{
	switch ((enum x64_compare)i->op) {
	case X64_CMP_RR: x64_rr(e->a, X64_CMP, i->size, R(e, i, k), R(e, i, k + 1)); break;
	case X64_CMP_RI: x64_ri(e->a, X64_CMP, i->size, R(e, i, k), (int32_t)i->imm); break;
	case X64_CMP_TEST:
		if (!already_tested(e, i, R(e, i, k)))
			x64_rr(e->a, X64_TEST, i->size, R(e, i, k), R(e, i, k));
		break;
	case X64_CMP_TEST2: x64_rr(e->a, X64_TEST, i->size, R(e, i, k), R(e, i, k + 1)); break;
	case X64_CMP_TESTI: x64_ri(e->a, X64_TEST, i->size, R(e, i, k), (int32_t)i->imm); break;
	case X64_CMP_RM: x64_rm(e->a, X64_CMP, i->size, R(e, i, k), mem(e, i)); break;
	case X64_CMP_FLOAT_RM: x64_rm(e->a, X64_UCOMIS, i->size, R(e, i, k), mem(e, i)); break;
	case X64_CMP_FLOAT: x64_rr(e->a, X64_UCOMIS, i->size, R(e, i, k), R(e, i, k + 1)); break;
	case X64_CMP_MI: x64_mi(e->a, X64_CMP, i->size, mem(e, i), (int32_t)i->imm); break;
	}
}

static void jump_if(struct emit *e, unsigned cc, asm_label yes)
{
	if (cc == X64_CC_FEQ) {
		asm_label no = asm_label_new(e->a);

		x64_jcc(e->a, X64_CC_P, no);
		x64_jcc(e->a, X64_CC_E, yes);
		asm_bind(e->a, no);
	} else if (cc == X64_CC_FNE) {
		x64_jcc(e->a, X64_CC_P, yes);
		x64_jcc(e->a, X64_CC_NE, yes);
	} else {
		x64_jcc(e->a, (enum x64_cc)cc, yes);
	}
}

static unsigned negate(unsigned cc) { return cc ^ 1; }	/* X64_CC_FEQ and X64_CC_FNE are a pair as well */
_Static_assert((X64_CC_FEQ ^ 1) == X64_CC_FNE, "negate");

static void frame_layout(struct emit *e)
{
	uint32_t n = 0, bytes;

	e->saved = e->m->f->conv == IR_CONV_GUEST ? 0 : e->m->used_regs & e->m->target->callee_saved;
	n = (uint32_t)__builtin_popcountll(e->saved);
	e->slot0 = 8 * (n + 1);
	bytes = 8 * n + 8 * e->m->n_slots + e->m->local_bytes + ((e->m->out_bytes + 15) & ~15u);
	e->bare = bytes == 8 * n && !e->m->has_calls && !e->m->wants_frame && !e->m->exit.n;
	e->frame = e->m->has_calls || e->m->exit.n || e->m->local_bytes ? (bytes + 15) & ~15u : bytes;
}

/* What the frame has below the saved registers. */
static int32_t below_saved(const struct emit *e) { return (int32_t)(e->frame - 8 * (uint32_t)__builtin_popcountll(e->saved)); }

static void prologue(struct emit *e)
{
	if (!e->bare) {
		x64_r(e->a, X64_PUSH, 8, X64_RBP);
		x64_rr(e->a, X64_MOV, 8, X64_RBP, X64_RSP);
	}
	for (uint64_t s = e->saved; s; s &= s - 1)
		x64_r(e->a, X64_PUSH, 8, (enum x64_reg)__builtin_ctzll(s));
	if (below_saved(e))
		x64_ri(e->a, X64_SUB, 8, X64_RSP, below_saved(e));
}

/* The stack pointer and the registers of the caller, as at our entry. */
static void leave_frame(struct emit *e)
{
	if (e->saved && below_saved(e))
		x64_ri(e->a, X64_ADD, 8, X64_RSP, below_saved(e));
	for (uint64_t s = e->saved; s; s &= ~(UINT64_C(1) << (63 - __builtin_clzll(s))))
		x64_r(e->a, X64_POP, 8, (enum x64_reg)(63 - __builtin_clzll(s)));
	if (e->saved && !e->bare)
		x64_r(e->a, X64_POP, 8, X64_RBP);
	else if (!e->bare)
		x64_op0(e->a, X64_LEAVE);
}

/* ---- forms ---------------------------------------------------------------------------------------------------------- */

static void two_address(struct emit *e, const struct mach_ins *i)
{
	enum x64_reg dst = R(e, i, 0), a = R(e, i, 1), b = R(e, i, 2);

	if (dst == b && dst != a) {
		x64_rr(e->a, i->op, i->size, dst, a);		/* commutes, or the allocator would have kept b apart */
		note_flags(e, i, dst);
		return;
	}
	if (i->op == X64_ADD && dst != a && i->form == X64_F_RR2) {
		x64_rm(e->a, X64_LEA, i->size, dst, x64_idx(a, b, 0, 0));
		return;
	}
	copy_of(e, i->size, dst, a);
	x64_rr(e->a, i->op, i->size, dst, b);
	note_flags(e, i, dst);
}

static void immediate(struct emit *e, const struct mach_ins *i)
{
	enum x64_reg dst = R(e, i, 0), a = R(e, i, 1);

	if (i->op == X64_ADD && dst != a && i->form == X64_F_RI2) {
		x64_rm(e->a, X64_LEA, i->size, dst, x64_at(a, (int32_t)i->imm));
		return;
	}
	if (i->op == X64_IMUL3) {
		x64_rri(e->a, X64_IMUL3, i->size, dst, a, (int32_t)i->imm);
		return;
	}
	if (i->op == X64_AND && (i->imm == 0xff || i->imm == 0xffff)) {
		x64_rr(e->a, i->imm == 0xff ? X64_MOVZX8 : X64_MOVZX16, 4, dst, a);
		return;
	}
	copy_of(e, i->size, dst, a);
	x64_ri(e->a, i->op, i->size, dst, (int32_t)i->imm);
	note_flags(e, i, dst);
}

static void load_address(struct emit *e, const struct mach_ins *i)
{
	struct x64_mem a = mem(e, i);
	enum x64_reg dst = R(e, i, 0);

	if (!a.rip && a.base == dst && !a.disp && a.index != X64_NONE && !a.scale)
		x64_rr(e->a, X64_ADD, i->size, dst, (enum x64_reg)a.index);
	else if (!a.rip && a.index == dst && !a.disp && a.base != X64_NONE && !a.scale)
		x64_rr(e->a, X64_ADD, i->size, dst, (enum x64_reg)a.base);
	else
		x64_rm(e->a, X64_LEA, i->size, dst, a);
}

static void divide(struct emit *e, const struct mach_ins *i)
{
	if (i->op == X64_IDIV)
		x64_op0(e->a, i->size == 8 ? X64_CQO : X64_CDQ);
	else
		x64_rr(e->a, X64_XOR, 4, X64_RDX, X64_RDX);
	x64_r(e->a, i->op, i->size, R(e, i, 2));
}

static void convert(struct emit *e, const struct mach_ins *i)
{
	if ((i->op == X64_MOV && i->size == 8) || i->op == X64_MOVAPS) {
		copy(e, R(e, i, 0), R(e, i, 1));
		return;
	}
	/* cvtsi2sd and sqrtsd keep the upper half of their target: break the false dependence */
	if (i->op == X64_CVTSI2SD || i->op == X64_CVTSI2SS)
		x64_rr(e->a, X64_XORPS, 16, R(e, i, 0), R(e, i, 0));
	x64_rr(e->a, i->op, i->size, R(e, i, 0), R(e, i, 1));
}

static void sign(struct emit *e, const struct mach_ins *i)
{
	int64_t lit[2] = { i->imm, 0 };
	unsigned op = i->op;

	if (i->size == 4)
		op = op == X64_XORPD ? X64_XORPS : X64_ANDPS;
	copy(e, R(e, i, 0), R(e, i, 1));
	x64_rm(e->a, op, 16, R(e, i, 0), x64_rip(asm_literal(e->a, lit, 16)));
}

static asm_label callee(struct emit *e, uint32_t k)
{
	if (e->callee[k] == UINT32_MAX)
		e->callee[k] = asm_label_new(e->a);
	return e->callee[k];
}

/* An address that a distance reaches from wherever this code will be. */
static asm_label near(struct emit *e, int64_t address)
{
	asm_label l = asm_label_new(e->a);

	asm_bind_outside(e->a, l, (uint64_t)address);
	return l;
}

static bool is_near(const struct emit *e, int64_t address) { return (uint64_t)address - e->m->near_from < e->m->near_size; }

/* Through the stub, which finds the callee in r11. */
static void cold_call(struct emit *e, const struct mach_ins *i)
{
	if (i->index)
		copy(e, X64_R11, R(e, i, i->index - 1u));
	else if (is_near(e, i->imm))
		x64_rm(e->a, X64_LEA, 8, X64_R11, x64_rip(near(e, i->imm)));
	else
		x64_mov_imm(e->a, X64_R11, i->imm);
	x64_call(e->a, near(e, (int64_t)(intptr_t)e->m->cold_call[i->disp - X64_COLD]));
}

static void call(struct emit *e, const struct mach_ins *i)
{
	enum x64_reg to = i->index ? R(e, i, i->index - 1u) : X64_NONE;
	bool far_place = i->op == X64_CALL_PLACE && !i->index && !is_near(e, i->imm);

	if (i->disp >= X64_COLD) {
		cold_call(e, i);
		return;
	}
	if (far_place)
		x64_mov_imm(e->a, to = X64_R11, i->imm);
	if (i->scale && to == X64_RAX)
		copy(e, to = X64_R11, X64_RAX);		/* which says how many floats there are */
	if (i->scale)
		x64_mov_imm(e->a, X64_RAX, i->cc);
	if (i->op == X64_CALL_PLACE)
		x64_call_m(e->a, to == X64_NONE ? x64_rip(near(e, i->imm)) : x64_at(to, 0));
	else if (i->index)
		x64_call_r(e->a, to);
	else if (i->op == X64_CALL_FUNC)
		x64_call(e->a, callee(e, (uint32_t)i->imm));
	else if (is_near(e, i->imm))
		x64_call(e->a, near(e, i->imm));
	else
		x64_call_m(e->a, x64_rip(asm_literal(e->a, &i->imm, 8)));
}

/* The callee takes the place of this function. */
static void tail_call(struct emit *e, const struct mach_ins *i)
{
	bool place = i->op == X64_CALL_PLACE, direct = !i->index && (i->op == X64_CALL_FUNC || is_near(e, i->imm));
	enum x64_reg to = i->index && !e->saved ? R(e, i, i->index - 1u) : X64_R11;

	if (i->index && e->saved)
		copy(e, X64_R11, R(e, i, i->index - 1u));		/* it may be one of those that are restored */
	else if (!i->index && !direct)
		x64_mov_imm(e->a, X64_R11, i->imm);
	leave_frame(e);
	if (place)
		x64_jmp_m(e->a, direct ? x64_rip(near(e, i->imm)) : x64_at(to, 0));
	else if (direct)
		x64_jmp_near(e->a, i->op == X64_CALL_FUNC ? callee(e, (uint32_t)i->imm) : near(e, i->imm));
	else
		x64_jmp_r(e->a, to);
}

/* A block without code of its own: only a jump, and no moves before it. */
static bool is_empty(const struct emit *e, uint32_t b)
{
	const struct mach_block *blk = &e->m->block.at[b];

	return blk->end == blk->first + 1 && e->m->ins.at[blk->first].form == X64_F_JMP && !e->has_moves[blk->first] && blk->succ.at[0] != b;
}

/* Where a jump to b really goes. */
static uint32_t destination(const struct emit *e, uint32_t b)
{
	for (unsigned hops = 0; is_empty(e, b) && hops < 100; hops++)
		b = e->m->block.at[b].succ.at[0];
	return b;
}

/* Does control fall from the block being written into block b? */
static bool falls_into(const struct emit *e, uint32_t b)
{
	uint32_t next = e->b + 1;

	while (next < e->m->block.n && next != b && is_empty(e, next))
		next++;
	return next == b;
}

/* A block that only returns, with what it returns in place, in hardly more bytes than a jump to it takes. */
static bool is_return(const struct emit *e, uint32_t b)
{
	const struct mach_block *blk = &e->m->block.at[b];

	return blk->end == blk->first + 1 && e->m->ins.at[blk->first].form == X64_F_RET && !e->has_moves[blk->first] &&
		__builtin_popcountll(e->saved) < 3 && !(e->saved && below_saved(e));
}

static void jump(struct emit *e, uint32_t to)
{
	to = destination(e, to);
	if (falls_into(e, to))
		return;
	if (is_return(e, to)) {
		leave_frame(e);
		x64_ret(e->a);
	} else {
		x64_jmp(e->a, e->block[to]);
	}
}

static void branch(struct emit *e, const struct mach_ins *i)
{
	const struct mach_block *b = &e->m->block.at[e->b];
	uint32_t yes = destination(e, b->succ.at[0]), no = destination(e, b->succ.at[1]);

	compare(e, i, 0);
	if (falls_into(e, yes)) {
		jump_if(e, negate(i->cc), e->block[no]);
		return;
	}
	jump_if(e, i->cc, e->block[yes]);
	jump(e, no);
}

static asm_label switch_label(const struct emit *e, const struct table *t, int64_t value)
{
	return e->block[destination(e, e->m->block.at[t->block].succ.at[ir_switch_way(e->f, t->n, value)])];
}

/* The table holds distances from its start; what is not in it goes as the last entry. */
static void jump_by_table(struct emit *e, const struct mach_ins *i)
{
	struct table t = { asm_label_new(e->a), e->b, ir_at(e->f, i->node) };
	enum x64_reg v = R(e, i, 0), to = R(e, i, 1);

	x64_ri(e->a, X64_CMP, i->size, v, t.n->c - 1);
	x64_jcc(e->a, X64_CC_AE, switch_label(e, &t, -1));
	x64_rr(e->a, X64_MOV, i->size, to, v);
	x64_rm(e->a, X64_LEA, 8, X64_R11, x64_rip(t.at));
	x64_rm(e->a, X64_MOVSXD, 8, to, x64_idx(X64_R11, to, 2, 0));
	x64_rr(e->a, X64_ADD, 8, to, X64_R11);
	x64_jmp_r(e->a, to);
	vec_push(e->m->mem, &e->table, t);
}

static void tables(struct emit *e)
{
	if (e->table.n)
		asm_align(e->a, 4, 0xcc);
	for (uint32_t k = 0; k < e->table.n; k++) {
		const struct table *t = &e->table.at[k];

		asm_bind(e->a, t->at);
		for (int32_t x = 0; x < t->n->c - 1; x++) {
			asm_fix(e->a, e->a->n, switch_label(e, t, x), X64_REL32, 4 * x);
			asm_u32(e->a, 0);
		}
	}
}

static void set_condition(struct emit *e, const struct mach_ins *i)
{
	enum x64_reg dst = R(e, i, 0);
	bool cleared = i->cc < 16;

	for (unsigned k = 1; k < i->n; k++)
		cleared &= R(e, i, k) != dst;
	if (cleared && e->tested.end != e->a->n)
		x64_rr(e->a, X64_XOR, 4, dst, dst);
	else
		cleared = false;
	compare(e, i, 1);
	if (i->cc == X64_CC_FEQ || i->cc == X64_CC_FNE) {
		bool eq = i->cc == X64_CC_FEQ;

		x64_setcc(e->a, eq ? X64_CC_NP : X64_CC_P, X64_R11);
		x64_setcc(e->a, eq ? X64_CC_E : X64_CC_NE, dst);
		x64_rr(e->a, eq ? X64_AND : X64_OR, 4, dst, X64_R11);
	} else {
		x64_setcc(e->a, (enum x64_cc)i->cc, dst);
	}
	if (!cleared)
		x64_rr(e->a, X64_MOVZX8, 4, dst, dst);
}

static void conditional_move(struct emit *e, const struct mach_ins *i)
{
	enum x64_reg dst = R(e, i, 0), no = R(e, i, 1), yes = R(e, i, 2);

	compare(e, i, 3);
	copy(e, dst, no);
	if (x64_is_gpr(dst) && i->cc < 16) {
		x64_cmovcc_rr(e->a, (enum x64_cc)i->cc, 8, dst, yes);
	} else {
		asm_label skip = asm_label_new(e->a);

		jump_if(e, negate(i->cc), skip);
		copy(e, dst, yes);
		asm_bind(e->a, skip);
	}
}

static void count_guard(struct emit *e, const struct mach_ins *i)
{
	x64_mov_imm(e->a, X64_R11, i->imm);
	x64_mi(e->a, X64_SUB, 8, x64_at(X64_R11, 0), 1);
	x64_jcc(e->a, X64_CC_E, e->exit[i->target]);
}

/* Loads, and stores of a register or constant: flags that were valid before are valid behind, if what was tested is still there. */
static void transfer(struct emit *e, const struct mach_ins *i)
{
	bool keeps = e->tested.end == e->a->n && (i->form == X64_F_LOAD ? R(e, i, 0) != e->tested.reg : i->op == X64_MOV || i->op == X64_MOVS);

	if (i->form == X64_F_LOAD)
		x64_rm(e->a, i->op, i->size, R(e, i, 0), mem(e, i));
	else if (i->form == X64_F_STORE)
		x64_mr(e->a, i->op, i->size, mem(e, i), R(e, i, 0));
	else
		x64_mi(e->a, i->op, i->size, mem(e, i), (int32_t)i->imm);
	if (keeps)
		e->tested.end = e->a->n;
}

/* sizes: table */
static void instruction(struct emit *e, const struct mach_ins *i)
{
	const struct mach_block *b = &e->m->block.at[e->b];

	switch ((enum x64_form_kind)i->form) {
	case X64_F_RR2: two_address(e, i); break;
	case X64_F_RI2: immediate(e, i); break;
	case X64_F_RM2:
		copy_of(e, i->size, R(e, i, 0), R(e, i, 1));
		x64_rm(e->a, i->op, i->size, R(e, i, 0), mem(e, i));
		note_flags(e, i, R(e, i, 0));
		break;
	case X64_F_R1:
		copy_of(e, i->size, R(e, i, 0), R(e, i, 1));
		x64_r(e->a, i->op, i->size, R(e, i, 0));
		break;
	case X64_F_SHIFT:
		copy_of(e, i->size, R(e, i, 0), R(e, i, 1));
		x64_r(e->a, i->op, i->size, R(e, i, 0));
		break;
	case X64_F_RR: convert(e, i); break;
	case X64_F_LOAD: case X64_F_STORE: case X64_F_STOREI: transfer(e, i); break;
	case X64_F_RRI:
		if (i->op == X64_IMUL3)
			immediate(e, i);
		else
			x64_rri(e->a, i->op, i->size, R(e, i, 0), R(e, i, 1), (int32_t)i->imm);
		break;
	case X64_F_LEA: load_address(e, i); break;
	case X64_F_MOVI: load_int(e, R(e, i, 0), i->imm); break;
	case X64_F_MOVF: load_float(e, R(e, i, 0), i->imm, i->size); break;
	case X64_F_SIGN: sign(e, i); break;
	case X64_F_DIV: divide(e, i); break;
	case X64_F_MULH: x64_r(e->a, i->op, i->size, R(e, i, 2)); break;
	case X64_F_CALL: call(e, i); break;
	case X64_F_RET:
		leave_frame(e);
		x64_ret(e->a);
		break;
	case X64_F_TAIL: tail_call(e, i); break;
	case X64_F_JMP:
		if (!is_empty(e, e->b))
			jump(e, b->succ.at[0]);
		break;
	case X64_F_BR: branch(e, i); break;
	case X64_F_SWITCH: jump_by_table(e, i); break;
	case X64_F_GUARD:
		compare(e, i, 0);
		jump_if(e, negate(i->cc), e->exit[i->target]);
		break;
	case X64_F_GUARD_OP:
		if (i->op == X64_IMUL3 || e->m->opnd.at[i->opnd + 2].role == MACH_COLD || i->n == 2)
			immediate(e, i);
		else
			two_address(e, i);
		x64_jcc(e->a, X64_CC_O, e->exit[i->target]);
		break;
	case X64_F_EXIT: x64_jmp(e->a, e->exit[i->target]); break;
	case X64_F_SETCC: set_condition(e, i); break;
	case X64_F_CMOV: conditional_move(e, i); break;
	case X64_F_PARAMS: break;
	case X64_F_FRAME: copy(e, R(e, i, 0), X64_RBP); break;
	case X64_F_FUNC: x64_rm(e->a, X64_LEA, 8, R(e, i, 0), x64_rip(callee(e, (uint32_t)i->imm))); break;
	case X64_F_COUNT_GUARD: count_guard(e, i); break;
	}
}

static void exit_stubs(struct emit *e, const void *exit_tail, const void *unit)
{
	asm_label tail = asm_label_new(e->a);

	if (!e->m->exit.n)
		return;
	for (uint32_t x = 0; x < e->m->exit.n; x++) {
		asm_bind(e->a, e->exit[x]);
		x64_mov_imm(e->a, X64_R11, x);
		x64_jmp(e->a, tail);
	}
	asm_bind(e->a, tail);
	x64_r(e->a, X64_PUSH, 8, X64_R11);
	x64_mov_imm(e->a, X64_R11, (int64_t)(intptr_t)unit);
	x64_r(e->a, X64_PUSH, 8, X64_R11);
	x64_mov_imm(e->a, X64_R11, (int64_t)(intptr_t)exit_tail);
	x64_jmp_r(e->a, X64_R11);
}

/* A loop that fits into 32 bytes, at a guess: there no jump crosses a line of that size, which costs some processors a lot (Intel, "Mitigations for
 * Jump Conditional Code Erratum", 2019). */
static bool is_short_loop(const struct mach_func *m, uint32_t b)
{
	uint32_t end = b, n = 0;

	for (; end < m->block.n && m->block.at[end].loop_depth >= m->block.at[b].loop_depth && n <= 8; end++)
		n += m->block.at[end].end - m->block.at[end].first;
	return n <= 8;
}

void x64_emit(struct mach_func *m, struct asm_buf *a, const void *exit_tail, const void *unit, struct target_code *out)
{
	struct emit e = { .m = m, .a = a, .f = m->f };

	e.block = arena_alloc(m->mem, (m->block.n + 1) * sizeof *e.block);
	e.exit = arena_alloc(m->mem, (m->exit.n + 1) * sizeof *e.exit);
	for (uint32_t b = 0; b < m->block.n; b++)
		e.block[b] = asm_label_new(a);
	for (uint32_t x = 0; x < m->exit.n; x++)
		e.exit[x] = asm_label_new(a);
	e.callee = arena_alloc(m->f->mem, (m->f->callee.n + 1) * sizeof *e.callee);
	for (uint32_t k = 0; k < m->f->callee.n; k++)
		e.callee[k] = UINT32_MAX;
	e.has_moves = arena_zero(m->mem, m->ins.n + 1);
	for (uint32_t k = 0; k < m->moves.n; k++)
		e.has_moves[m->moves.at[k].at] = 1;
	frame_layout(&e);
	prologue(&e);
	for (uint32_t b = 0; b < m->block.n; b++) {
		e.b = b;
		if (b && m->block.at[b].loop_depth > m->block.at[b - 1].loop_depth && !m->block.at[b].cold)
			x64_align(a, is_short_loop(m, b) ? 32 : 16);
		asm_bind(a, e.block[b]);
		e.tested.end = UINT32_MAX;
		for (uint32_t i = m->block.at[b].first; i < m->block.at[b].end; i++) {
			moves_at(&e, i);
			instruction(&e, &m->ins.at[i]);
		}
	}
	exit_stubs(&e, exit_tail, unit);
	tables(&e);
	asm_flush_literals(a);
	asm_relax(a);
	out->callee = e.callee;
	out->slot0 = e.slot0;
	out->saved = e.saved;
}

/* ---- runtime stubs ----------------------------------------------------------------------------------------------------- */

enum { REGS = 32, STUB_FRAME = REGS + (int)sizeof(struct target_regs) };	/* the resume record, then the registers */

/* Calls r11 and keeps what the platform's convention destroys, but for the results. */
static void cold_stub(struct asm_buf *a, unsigned results)
{
	enum { FLOATS = 15 };		/* xmm15 is scratch; with the registers pushed, rsp is a multiple of 16 at the call */
	static const enum x64_reg kept[] = { X64_RAX, X64_RCX, X64_RDX, X64_RSI, X64_RDI, X64_R8, X64_R9, X64_R10 };

	for (unsigned k = 0; k < COUNT_OF(kept); k++)
		x64_r(a, X64_PUSH, 8, kept[k]);
	x64_ri(a, X64_SUB, 8, X64_RSP, 8 * FLOATS);
	for (int k = 0; k < FLOATS; k++)
		x64_mr(a, X64_MOVS, 8, x64_at(X64_RSP, 8 * k), (enum x64_reg)(X64_XMM0 + k));
	x64_call_r(a, X64_R11);
	for (int k = results & MACH_COLD_FLOAT ? 1 : 0; k < FLOATS; k++)
		x64_rm(a, X64_MOVS, 8, (enum x64_reg)(X64_XMM0 + k), x64_at(X64_RSP, 8 * k));
	x64_ri(a, X64_ADD, 8, X64_RSP, 8 * FLOATS);
	for (unsigned k = COUNT_OF(kept); k-- > 1;)
		x64_r(a, X64_POP, 8, kept[k]);
	x64_r(a, X64_POP, 8, results & MACH_COLD_INT ? X64_R11 : X64_RAX);
	x64_ret(a);
}

void x64_stubs(struct asm_buf *a, target_exit_fn *handler, struct target_stubs *out)
{
	static const enum x64_reg saved[] = { X64_RBX, X64_R12, X64_R13, X64_R14, X64_R15 };

	_Static_assert(sizeof(struct target_resume) <= REGS, "room for the resume record");
	/* the common exit tail; on the stack: unit, number of the exit */
	out->exit_tail = a->n;
	x64_ri(a, X64_SUB, 8, X64_RSP, STUB_FRAME);
	for (unsigned r = 0; r < 16; r++)
		x64_mr(a, X64_MOV, 8, x64_at(X64_RSP, REGS + 8 * (int)r), (enum x64_reg)r);
	for (unsigned r = 16; r < 32; r++)
		x64_mr(a, X64_MOVS, 8, x64_at(X64_RSP, REGS + 8 * (int)r), (enum x64_reg)r);
	x64_rm(a, X64_LEA, 8, X64_RDI, x64_at(X64_RSP, REGS));
	x64_rm(a, X64_MOV, 8, X64_RSI, x64_at(X64_RSP, STUB_FRAME));
	x64_rm(a, X64_MOV, 8, X64_RDX, x64_at(X64_RSP, STUB_FRAME + 8));
	x64_rr(a, X64_MOV, 8, X64_RCX, X64_RSP);
	x64_mov_imm(a, X64_RAX, (int64_t)(intptr_t)handler);
	x64_call_r(a, X64_RAX);
	x64_rm(a, X64_MOV, 8, X64_R11, x64_at(X64_RSP, 0));
	x64_rm(a, X64_MOV, 8, X64_RDI, x64_at(X64_RSP, 8));
	x64_rm(a, X64_MOV, 8, X64_RSI, x64_at(X64_RSP, 16));
	x64_rm(a, X64_MOV, 8, X64_RDX, x64_at(X64_RSP, 24));
	for (unsigned k = 0; k < COUNT_OF(saved); k++)
		x64_rm(a, X64_MOV, 8, saved[k], x64_at(X64_RSP, REGS + 8 * (int)saved[k]));
	x64_op0(a, X64_LEAVE);
	x64_jmp_r(a, X64_R11);

	/* enter(fn, a0, a1, a2): calls compiled code so that the exit handler can recognise the caller by its return address */
	out->enter = a->n;
	x64_r(a, X64_PUSH, 8, X64_RBP);
	x64_rr(a, X64_MOV, 8, X64_RBP, X64_RSP);
	x64_rr(a, X64_MOV, 8, X64_R11, X64_RDI);
	x64_rr(a, X64_MOV, 8, X64_RDI, X64_RSI);
	x64_rr(a, X64_MOV, 8, X64_RSI, X64_RDX);
	x64_rr(a, X64_MOV, 8, X64_RDX, X64_RCX);
	x64_call_r(a, X64_R11);
	out->enter_return = a->n;
	x64_r(a, X64_POP, 8, X64_RBP);
	x64_ret(a);

	for (unsigned k = 0; k < MACH_COLD_CALLS; k++) {
		out->cold_call[k] = a->n;
		cold_stub(a, k);
	}
}
