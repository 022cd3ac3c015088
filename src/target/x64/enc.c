/* SPDX-License-Identifier: MIT
 * enc.c - x86-64 machine code from the rows of enc.def.
 *
 * Method: every public function picks a row, fills a struct insn and calls put(), which writes the parts in the one order
 * that the manual (Intel SDM volume 2, chapter 2) allows:
 *
 *   lock  segment  67  66  f2|f3  [REX 0100WRXB | VEX]  0F 38|3A  opcode  ModRM  SIB  disp8|32  imm
 *                                                                 mod reg rm    scale index base
 *
 * Cost: one bounds check and at most 15 stores per instruction. The shortest encoding of the operands is taken; only a
 * rip-relative or absolute address always has 32 bits.
 */
#include "target/x64/x64.h"

_Static_assert(X64_RAX == 0 && X64_RSP == 4 && X64_R15 == 15 && X64_XMM0 == 16 && X64_XMM15 == 31,
	       "enc.c takes the low four bits of a register as its hardware number");

/* ---- the tables -------------------------------------------------------------- */

const struct x64_reg_info x64_regs[X64_REG_COUNT] = {
#define REG(name, q, d, w, b, class, code, role, arg) \
	[X64_##name] = { { b, w, d, q }, X64_CLASS_##class, code, X64_ROLE_##role, arg },
#include "target/x64/regs.def"
};

static const char *const cc_text[X64_CC_COUNT] = {
#define CC(name, text, code) [code] = text,
#include "target/x64/enc.def"
};

const char *const x64_op_text[X64_OP_COUNT] = {
#define OP(name, text) text,
#include "target/x64/enc.def"
};

#define CLASS_N X64_CLASS_N
#define CLASS_G X64_CLASS_GPR
#define CLASS_X X64_CLASS_XMM
#define SCALAR X64_PREFIX_SCALAR
#define PACKED X64_PREFIX_PACKED
#define INT X64_INT
#define BIT3 X64_BIT3
#define CCODE X64_CCODE
#define NEXT8 X64_NEXT8
#define LOCKED X64_LOCKED
#define BYTE X64_BYTE
#define R X64_DIGIT_R
const struct x64_form x64_forms[X64_OP_COUNT][X64_SHAPE_COUNT] = {
#define FORM(op, shape, reg, rm, sizes, mem, prefix, map, opcode, digit, imm, flags) \
	[X64_##op][X64_SHAPE_##shape] = \
		{ CLASS_##reg, CLASS_##rm, sizes, mem, prefix, map, opcode, digit, X64_IMM_##imm, flags },
#include "target/x64/enc.def"
};
#undef CLASS_N
#undef CLASS_G
#undef CLASS_X
#undef SCALAR
#undef PACKED
#undef INT
#undef BIT3
#undef CCODE
#undef NEXT8
#undef LOCKED
#undef BYTE
#undef R

const char *x64_reg_name(enum x64_reg r, unsigned size)
{
	ASSERT((unsigned)r < X64_REG_COUNT);
	return x64_regs[r].name[size >= 8 ? 3 : size / 2];
}

const char *x64_cc_name(enum x64_cc cc) { return cc_text[cc]; }

/* ---- one instruction ------------------------------------------------------------ */

struct insn {
	const struct x64_form *f;
	unsigned size;
	int reg;			/* register for ModRM.reg when the row has digit R */
	int rm;				/* register for ModRM.rm when m is NULL, or for the low opcode bits */
	int count;			/* third register of VMR */
	const struct x64_mem *m;
	unsigned add;			/* to the opcode */
	bool no_modrm;
	unsigned n_imm;
	int64_t imm;
};

static uint8_t *put_le(uint8_t *p, uint64_t x, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		*p++ = (uint8_t)(x >> 8 * i);
	return p;
}

/* spl bpl sil dil can only be named with a REX byte; without one the same numbers are ah ch dh bh. */
static bool is_spl_to_dil(int r) { return r >= X64_RSP && r <= X64_RDI; }

static bool wants_rex(const struct insn *i)
{
	bool byte = i->size == 1 && i->f->flags & X64_INT;

	return (byte && i->f->digit == X64_DIGIT_R && is_spl_to_dil(i->reg)) ||
	       ((byte || i->f->flags & X64_BYTE) && !i->m && is_spl_to_dil(i->rm));
}

/* W R X B in bits 3..0. */
static unsigned rex_bits(const struct insn *i)
{
	unsigned rex = i->f->flags & X64_INT && i->size == 8 ? 8 : 0;

	if (i->f->digit == X64_DIGIT_R)
		rex |= (unsigned)i->reg >> 1 & 4;
	if (!i->m)
		return rex | (i->rm < 0 ? 0 : (unsigned)i->rm >> 3 & 1);
	if (i->m->index != X64_NONE)
		rex |= (unsigned)i->m->index >> 2 & 2;
	if (i->m->base != X64_NONE)
		rex |= (unsigned)i->m->base >> 3 & 1;
	return rex;
}

static unsigned real_prefix(const struct insn *i)
{
	switch (i->f->prefix) {
	case X64_PREFIX_SCALAR: return i->size == 8 ? 0xf2 : 0xf3;
	case X64_PREFIX_PACKED: return i->size == 8 ? 0x66 : 0;
	default: return i->f->prefix;
	}
}

static unsigned real_opcode(const struct insn *i)
{
	unsigned opcode = i->f->opcode;

	if (i->size == 1 && i->f->flags & X64_INT)
		opcode &= i->f->flags & X64_BIT3 ? ~8u : ~1u;
	if (i->size == 8 && i->f->flags & X64_NEXT8)
		opcode++;
	return opcode + i->add;
}

static uint8_t *put_prefixes(uint8_t *p, const struct insn *i)
{
	unsigned prefix = real_prefix(i), rex = rex_bits(i);

	if (i->f->flags & X64_LOCKED)
		*p++ = 0xf0;
	if (i->m && i->m->seg)
		*p++ = i->m->seg;
	if (i->m && i->m->addr32)
		*p++ = 0x67;
	if (i->size == 2 && i->f->flags & X64_INT)
		*p++ = 0x66;
	if (prefix)
		*p++ = (uint8_t)prefix;
	if (rex || wants_rex(i))
		*p++ = (uint8_t)(0x40 | rex);
	if (i->f->map)
		*p++ = 0x0f;
	if (i->f->map > 1)
		*p++ = i->f->map == 2 ? 0x38 : 0x3a;
	return p;
}

/* c4  ~R~X~B map  W ~vvvv L=0 pp; pp stands for the prefix: 66 1, f3 2, f2 3. */
static uint8_t *put_vex(uint8_t *p, const struct insn *i)
{
	unsigned rex = rex_bits(i);
	unsigned pp = i->f->prefix == 0x66 ? 1 : i->f->prefix == 0xf3 ? 2 : 3;

	if (i->m && i->m->seg)
		*p++ = i->m->seg;
	if (i->m && i->m->addr32)
		*p++ = 0x67;
	*p++ = 0xc4;
	*p++ = (uint8_t)((~rex & 7) << 5 | i->f->map);
	*p++ = (uint8_t)((rex & 8) << 4 | (~(unsigned)i->count & 15) << 3 | pp);
	return p;
}

/* ModRM, SIB and displacement of an address. rsp and r12 as base need a SIB byte, rbp and r13 a displacement, since those
 * numbers mean something else there. */
static uint8_t *put_mem(struct asm_buf *a, uint8_t *p, unsigned reg, const struct insn *i)
{
	const struct x64_mem *m = i->m;
	unsigned base = (unsigned)m->base & 7, mod;

	reg = (reg & 7) << 3;
	if (m->rip) {
		ASSERT(m->base == X64_NONE && m->index == X64_NONE && !m->addr32);
		*p++ = (uint8_t)(reg | 5);
		asm_fix(a, (uint32_t)(p - a->at), m->label, X64_REL32, m->disp - 4 - (int32_t)i->n_imm);
		return put_le(p, 0, 4);
	}
	ASSERT(m->index != X64_RSP && m->scale < 4);
	ASSERT(m->base == X64_NONE || x64_is_gpr(m->base));
	ASSERT(m->index == X64_NONE || x64_is_gpr(m->index));
	if (m->base == X64_NONE)
		mod = 0;
	else if (m->disp == 0 && base != 5)
		mod = 0;
	else
		mod = m->disp >= INT8_MIN && m->disp <= INT8_MAX ? 1 : 2;
	if (m->base != X64_NONE && m->index == X64_NONE && base != 4) {
		*p++ = (uint8_t)(mod << 6 | reg | base);
	} else {
		unsigned index = m->index == X64_NONE ? 4 : (unsigned)m->scale << 3 | ((unsigned)m->index & 7);

		*p++ = (uint8_t)(mod << 6 | reg | 4);
		*p++ = (uint8_t)(index << 3 | (m->base == X64_NONE ? 5 : base));
	}
	if (m->base == X64_NONE || mod == 2)
		return put_le(p, (uint32_t)m->disp, 4);
	return put_le(p, (uint32_t)m->disp, mod);
}

static void put(struct asm_buf *a, const struct insn *i)
{
	const struct x64_form *f = i->f;
	uint8_t *p = asm_open(a);
	unsigned reg;

	if (!p)
		return;
	ASSERT(f->sizes & i->size);
	if (NEVER(!(f->sizes & i->size))) {
		asm_kill(a, ASM_BAD_INSTRUCTION);
		return;
	}
	p = i->count == X64_NONE ? put_prefixes(p, i) : put_vex(p, i);
	*p++ = (uint8_t)real_opcode(i);
	if (!i->no_modrm) {
		reg = f->digit == X64_DIGIT_R ? (unsigned)i->reg : f->digit;
		if (i->m)
			p = put_mem(a, p, reg, i);
		else
			*p++ = (uint8_t)(0xc0 | (reg & 7) << 3 | ((unsigned)i->rm & 7));
	}
	p = put_le(p, (uint64_t)i->imm, i->n_imm);
	asm_close(a, p);
}

/* ---- by operands ------------------------------------------------------------------- */

static unsigned class_of(enum x64_reg r) { return r <= X64_R15 ? X64_CLASS_GPR : X64_CLASS_XMM; }

void x64_rr(struct asm_buf *a, enum x64_op op, unsigned size, enum x64_reg dst, enum x64_reg src)
{
	const struct x64_form *f = x64_forms[op];
	struct insn i = { .size = size, .count = X64_NONE };

	ASSERT((unsigned)dst < X64_REG_COUNT && (unsigned)src < X64_REG_COUNT);
	if (f[X64_SHAPE_MR].sizes & size && f[X64_SHAPE_MR].rm == class_of(dst)) {
		i.f = &f[X64_SHAPE_MR];
		i.reg = src;
		i.rm = dst;
	} else {
		i.f = &f[f[X64_SHAPE_RR].sizes ? X64_SHAPE_RR : X64_SHAPE_RM];
		i.reg = dst;
		i.rm = src;
	}
	ASSERT(i.f->reg == class_of((enum x64_reg)i.reg) && i.f->rm == class_of((enum x64_reg)i.rm));
	put(a, &i);
}

static const struct x64_form *first_of(enum x64_op op, enum x64_shape best, enum x64_shape other)
{
	return x64_forms[op][best].sizes ? &x64_forms[op][best] : &x64_forms[op][other];
}

void x64_rm(struct asm_buf *a, enum x64_op op, unsigned size, enum x64_reg dst, struct x64_mem src)
{
	struct insn i = { .f = first_of(op, X64_SHAPE_LD, X64_SHAPE_RM), .size = size, .reg = dst, .m = &src, .count = X64_NONE };

	ASSERT(i.f->reg == class_of(dst));
	put(a, &i);
}

void x64_mr(struct asm_buf *a, enum x64_op op, unsigned size, struct x64_mem dst, enum x64_reg src)
{
	struct insn i = { .f = first_of(op, X64_SHAPE_ST, X64_SHAPE_MR), .size = size, .reg = src, .m = &dst, .count = X64_NONE };

	ASSERT(i.f->reg == class_of(src));
	put(a, &i);
}

static bool fits8(int64_t x) { return x >= INT8_MIN && x <= INT8_MAX; }

/* Sets the immediate of i as its row says. */
static void set_imm(struct insn *i, int64_t imm)
{
	i->imm = imm;
	switch ((enum x64_imm)i->f->imm) {
	case X64_IMM_NO: break;
	case X64_IMM_IB: i->n_imm = 1; break;
	case X64_IMM_IS:
		if (i->size > 1 && fits8(imm)) {
			i->n_imm = 1;
			i->add = 2;
			break;
		}
		i->n_imm = i->size < 4 ? i->size : 4;
		break;
	case X64_IMM_IZ: i->n_imm = i->size < 4 ? i->size : 4; break;
	case X64_IMM_IQ: i->n_imm = 8; break;
	}
}

/* The value that the low `size` bytes of imm stand for when sign-extended. */
static int32_t narrow(int32_t imm, unsigned size)
{
	return size == 1 ? (int8_t)imm : size == 2 ? (int16_t)imm : imm;
}

void x64_ri(struct asm_buf *a, enum x64_op op, unsigned size, enum x64_reg dst, int32_t imm)
{
	const struct x64_form *f = x64_forms[op];
	struct insn i = { .f = &f[X64_SHAPE_MI], .size = size, .rm = dst, .count = X64_NONE };

	ASSERT(x64_is_gpr(dst));
	imm = narrow(imm, size);
	if (f[X64_SHAPE_M1].sizes & size && imm == 1) {
		i.f = &f[X64_SHAPE_M1];
	} else if (f[X64_SHAPE_OI].sizes & size) {
		i.f = &f[X64_SHAPE_OI];
		i.no_modrm = true;
		i.add = (unsigned)dst & 7;
	} else if (dst == X64_RAX && f[X64_SHAPE_AI].sizes & size &&
		   !(i.f->imm == X64_IMM_IS && size > 1 && fits8(imm))) {
		i.f = &f[X64_SHAPE_AI];
		i.no_modrm = true;
	}
	set_imm(&i, imm);
	put(a, &i);
}

void x64_mi(struct asm_buf *a, enum x64_op op, unsigned size, struct x64_mem dst, int32_t imm)
{
	const struct x64_form *f = x64_forms[op];
	struct insn i = { .f = &f[X64_SHAPE_MI], .size = size, .m = &dst, .count = X64_NONE };

	imm = narrow(imm, size);
	if (f[X64_SHAPE_M1].sizes & size && imm == 1)
		i.f = &f[X64_SHAPE_M1];
	set_imm(&i, imm);
	put(a, &i);
}

void x64_r(struct asm_buf *a, enum x64_op op, unsigned size, enum x64_reg r)
{
	struct insn i = { .f = first_of(op, X64_SHAPE_O, X64_SHAPE_M), .size = size, .rm = r, .count = X64_NONE };

	ASSERT(x64_is_gpr(r));
	if (i.f == &x64_forms[op][X64_SHAPE_O]) {
		i.no_modrm = true;
		i.add = (unsigned)r & 7;
	}
	put(a, &i);
}

void x64_m(struct asm_buf *a, enum x64_op op, unsigned size, struct x64_mem m)
{
	put(a, &(struct insn){ .f = &x64_forms[op][X64_SHAPE_M], .size = size, .m = &m, .count = X64_NONE });
}

void x64_rri(struct asm_buf *a, enum x64_op op, unsigned size, enum x64_reg dst, enum x64_reg src, int32_t imm)
{
	struct insn i = { .f = &x64_forms[op][X64_SHAPE_RMI], .size = size, .reg = dst, .rm = src, .count = X64_NONE };

	ASSERT(i.f->reg == class_of(dst) && i.f->rm == class_of(src));
	set_imm(&i, narrow(imm, size));
	put(a, &i);
}

void x64_rmi(struct asm_buf *a, enum x64_op op, unsigned size, enum x64_reg dst, struct x64_mem src, int32_t imm)
{
	struct insn i = { .f = &x64_forms[op][X64_SHAPE_RMI], .size = size, .reg = dst, .m = &src, .count = X64_NONE };

	ASSERT(i.f->reg == class_of(dst));
	set_imm(&i, narrow(imm, size));
	put(a, &i);
}

void x64_vex_rrr(struct asm_buf *a, enum x64_op op, unsigned size, enum x64_reg dst, enum x64_reg src, enum x64_reg count)
{
	ASSERT(x64_is_gpr(dst) && x64_is_gpr(src) && x64_is_gpr(count));
	put(a, &(struct insn){ .f = &x64_forms[op][X64_SHAPE_VMR], .size = size, .reg = dst, .rm = src, .count = count });
}

void x64_vex_rmr(struct asm_buf *a, enum x64_op op, unsigned size, enum x64_reg dst, struct x64_mem src, enum x64_reg count)
{
	ASSERT(x64_is_gpr(dst) && x64_is_gpr(count));
	put(a, &(struct insn){ .f = &x64_forms[op][X64_SHAPE_VMR], .size = size, .reg = dst, .m = &src, .count = count });
}

void x64_op0(struct asm_buf *a, enum x64_op op)
{
	const struct x64_form *f = &x64_forms[op][X64_SHAPE_NP];
	struct insn i = { .f = f, .size = f->sizes, .rm = X64_NONE, .count = X64_NONE, .no_modrm = true };

	if (f->digit) {
		i.imm = f->digit;
		i.n_imm = 1;
	}
	put(a, &i);
}

void x64_mov_imm(struct asm_buf *a, enum x64_reg dst, int64_t value)
{
	struct insn i = { .f = &x64_forms[X64_MOVABS][X64_SHAPE_OI], .size = 8, .rm = dst, .count = X64_NONE, .no_modrm = true };

	ASSERT(x64_is_gpr(dst));
	if (value >= 0 && value <= UINT32_MAX) {
		x64_ri(a, X64_MOV, 4, dst, (int32_t)(uint32_t)value);
	} else if (value >= INT32_MIN && value < 0) {
		x64_ri(a, X64_MOV, 8, dst, (int32_t)value);
	} else {
		i.add = (unsigned)dst & 7;
		set_imm(&i, value);
		put(a, &i);
	}
}

/* ---- conditions ----------------------------------------------------------------------- */

void x64_setcc(struct asm_buf *a, enum x64_cc cc, enum x64_reg r)
{
	ASSERT(x64_is_gpr(r));
	put(a, &(struct insn){ .f = &x64_forms[X64_SETCC][X64_SHAPE_M], .size = 1, .rm = r, .add = cc, .count = X64_NONE });
}

void x64_setcc_m(struct asm_buf *a, enum x64_cc cc, struct x64_mem m)
{
	put(a, &(struct insn){ .f = &x64_forms[X64_SETCC][X64_SHAPE_M], .size = 1, .m = &m, .add = cc, .count = X64_NONE });
}

void x64_cmovcc_rr(struct asm_buf *a, enum x64_cc cc, unsigned size, enum x64_reg dst, enum x64_reg src)
{
	ASSERT(x64_is_gpr(dst) && x64_is_gpr(src));
	put(a, &(struct insn){ .f = &x64_forms[X64_CMOVCC][X64_SHAPE_RM], .size = size, .reg = dst, .rm = src, .add = cc,
			       .count = X64_NONE });
}

void x64_cmovcc_rm(struct asm_buf *a, enum x64_cc cc, unsigned size, enum x64_reg dst, struct x64_mem src)
{
	ASSERT(x64_is_gpr(dst));
	put(a, &(struct insn){ .f = &x64_forms[X64_CMOVCC][X64_SHAPE_RM], .size = size, .reg = dst, .m = &src, .add = cc,
			       .count = X64_NONE });
}

/* ---- branches --------------------------------------------------------------------------- */

/* Opcode and an empty field for a distance, which the fixup fills. */
static void put_branch(struct asm_buf *a, enum x64_op op, enum x64_shape shape, unsigned cc, asm_label l)
{
	unsigned n = shape == X64_SHAPE_S8 ? 1 : 4;

	put(a, &(struct insn){ .f = &x64_forms[op][shape], .size = 8, .rm = X64_NONE, .count = X64_NONE, .add = cc,
			       .no_modrm = true, .n_imm = n });
	asm_fix(a, a->n - n, l, n == 1 ? X64_REL8 : X64_REL32, -(int32_t)n);
}

static void branch(struct asm_buf *a, enum x64_op op, unsigned cc, asm_label l)
{
	struct asm_short s = { .n = 2, .field = 1, .kind = X64_REL8, .reach = 8, .addend = -1 };
	uint32_t at = a->n;

	if (a->dead != ASM_ALIVE)
		return;
	if (asm_only_shrinks(a, l) && at + 2 - asm_label_at(a, l) <= 128) {
		put_branch(a, op, X64_SHAPE_S8, cc, l);
		return;
	}
	s.bytes[0] = (uint8_t)(x64_forms[op][X64_SHAPE_S8].opcode + cc);
	put_branch(a, op, X64_SHAPE_S32, cc, l);
	asm_branch(a, at, &s);
}

void x64_jcc(struct asm_buf *a, enum x64_cc cc, asm_label l) { branch(a, X64_JCC, cc, l); }
void x64_jmp(struct asm_buf *a, asm_label l) { branch(a, X64_JMP, 0, l); }
void x64_jcc_near(struct asm_buf *a, enum x64_cc cc, asm_label l) { put_branch(a, X64_JCC, X64_SHAPE_S32, cc, l); }
void x64_jmp_near(struct asm_buf *a, asm_label l) { put_branch(a, X64_JMP, X64_SHAPE_S32, 0, l); }
void x64_call(struct asm_buf *a, asm_label l) { put_branch(a, X64_CALL, X64_SHAPE_S32, 0, l); }

bool x64_fix(uint8_t *field, uint8_t kind, int64_t distance)
{
	switch ((enum x64_fix_kind)kind) {
	case X64_REL8:
		*field = (uint8_t)distance;
		return fits8(distance);
	case X64_REL32:
		put_le(field, (uint64_t)distance, 4);
		return distance >= INT32_MIN && distance <= INT32_MAX;
	case X64_ABS64:
		put_le(field, (uint64_t)distance, 8);
		return true;
	}
	return false;
}

/* ---- padding ------------------------------------------------------------------------------ */

/* The forms the manual recommends under NOP: 90, then 0F 1F /0 with ever longer addresses. */
static const uint8_t nops[9][9] = {
	{ 0x90 },
	{ 0x66, 0x90 },
	{ 0x0f, 0x1f, 0x00 },
	{ 0x0f, 0x1f, 0x40, 0 },
	{ 0x0f, 0x1f, 0x44, 0, 0 },
	{ 0x66, 0x0f, 0x1f, 0x44, 0, 0 },
	{ 0x0f, 0x1f, 0x80, 0, 0, 0, 0 },
	{ 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0 },
	{ 0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0 },
};

void x64_fill_nops(uint8_t *at, uint32_t n)
{
	while (n > 0) {
		uint32_t k = n < 9 ? n : 9;

		memcpy(at, nops[k - 1], k);
		at += k;
		n -= k;
	}
}

void x64_nop(struct asm_buf *a, unsigned n)
{
	while (n > 0 && a->dead == ASM_ALIVE) {
		unsigned k = n < 9 ? n : 9;

		asm_bytes(a, nops[k - 1], k);
		n -= k;
	}
}
