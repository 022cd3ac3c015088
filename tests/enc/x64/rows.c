/* SPDX-License-Identifier: MIT
 * rows.c - every row of enc.def against two outside opinions.
 *
 * The loops run over enc.def itself: each row gives instructions for all registers, corner immediates and every form of address
 * at every size. Each instruction is printed in Intel syntax and must
 *   1. assemble with llvm-mc to our bytes, or, where several encodings are legal, to bytes that llvm-mc disassembles to the same text;
 *   2. disassemble with llvm-mc to the text that llvm-mc printed for the source;
 *   3. disassemble with objdump, in the stream and at the right offset, to the text we print in objdump's dialect.
 * A new shape without a case below does not compile (switch without default); a row that made no instruction fails.
 * HEW_TEST_FULL=1 takes every base with every index at every scale instead of one scale for each pair.
 */
#include "outside.h"

/* One instruction to try. */
struct try {
	enum x64_op op;
	enum x64_shape shape;
	unsigned size;
	enum x64_reg reg, rm, count;	/* rm X64_NONE: the address is meant */
	struct x64_mem mem;
	int32_t rip_distance;		/* from the end of the instruction, when mem.rip */
	int64_t imm;
	enum x64_cc cc;
};

static size_t cap_items, stream_at;
static unsigned hits[X64_OP_COUNT][X64_SHAPE_COUNT];
static bool full;

/* ---- printing ------------------------------------------------------------------- */

struct line { char *s; size_t n; };

static void add(struct line *l, const char *fmt, ...) PRINTF(2, 3);
static void add(struct line *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	l->n += (size_t)vsnprintf(l->s + l->n, TEXT - l->n, fmt, ap);
	va_end(ap);
	if (l->n >= TEXT)
		abort();
}

static void add_disp(struct line *l, int dialect, int64_t disp, bool rip)
{
	if (dialect == LLVM)
		add(l, " %c %lld", disp < 0 ? '-' : '+', (long long)(disp < 0 ? -disp : disp));
	else if (rip)		/* the bits of the distance, unlike other displacements */
		add(l, "+%llx", (unsigned long long)disp);
	else
		add(l, "%c%llx", disp < 0 ? '-' : '+', (unsigned long long)(disp < 0 ? -disp : disp));
}

static const char *width_name(unsigned bytes)
{
	return bytes == 1 ? "byte" : bytes == 2 ? "word" : bytes == 4 ? "dword" : bytes == 8 ? "qword" : "xmmword";
}

static void add_mem(struct line *l, int dialect, const struct try *t, unsigned width)
{
	const struct x64_mem *m = &t->mem;
	unsigned aw = m->addr32 ? 4 : 8;

	if (width)
		add(l, "%s ptr ", width_name(width));
	if (m->seg)
		add(l, "%cs:", m->seg == X64_FS ? 'f' : 'g');
	if (!m->rip && m->base == X64_NONE && m->index == X64_NONE) {	/* absolute */
		if (dialect == LLVM)
			add(l, "[%d]", m->disp);
		else
			add(l, "%s%llx", m->seg ? "" : "ds:", (unsigned long long)(int64_t)m->disp);
		return;
	}
	add(l, "[");
	if (m->rip)
		add(l, "rip");
	else if (m->base != X64_NONE)
		add(l, "%s", x64_reg_name((enum x64_reg)m->base, aw));
	if (m->index != X64_NONE)
		add(l, "%s%s*%u", m->base != X64_NONE ? "+" : "", x64_reg_name((enum x64_reg)m->index, aw), 1u << m->scale);
	if (m->rip)
		add_disp(l, dialect, t->rip_distance, true);
	else if (m->disp || m->base == X64_NONE || (m->base & 7) == 5)
		add_disp(l, dialect, m->disp, false);
	add(l, "]");
}

/* Text of an immediate that is an operand of `size` bytes: signed for llvm-mc, as its bits for objdump. */
static void add_imm(struct line *l, int dialect, int64_t imm, unsigned size)
{
	int64_t narrow = size == 1 ? (int8_t)imm : size == 2 ? (int16_t)imm : size == 4 ? (int32_t)imm : imm;
	uint64_t mask = size >= 8 ? UINT64_MAX : (UINT64_C(1) << size * 8) - 1;

	if (dialect == LLVM)
		add(l, ", %lld", (long long)narrow);
	else
		add(l, ",%llx", (unsigned long long)((uint64_t)imm & mask));
}

static void add_op(struct line *l, const struct try *t)
{
	for (const char *s = x64_op_text[t->op]; *s; s++)
		if (*s == '*')
			add(l, "%c", t->size == 8 ? 'd' : 's');
		else if (*s == '?')
			add(l, "%s", x64_cc_name(t->cc));
		else
			add(l, "%c", *s);
	add(l, " ");
}

static void print(const struct try *t, int dialect, char *out)
{
	const struct x64_form *f = &x64_forms[t->op][t->shape];
	unsigned width = f->mem ? f->mem : t->size;
	struct line line = { out, 0 }, *l = &line;
	char rm_text[TEXT], reg_text[8];

	line.s = rm_text;
	if (t->rm != X64_NONE)
		add(l, "%s", x64_reg_name(t->rm, width > 8 ? 8 : width));
	else if (f->rm != X64_CLASS_N)
		add_mem(l, dialect, t, t->op == X64_LEA ? 0 : width);
	snprintf(reg_text, sizeof reg_text, "%s", t->reg == X64_NONE ? "" : x64_reg_name(t->reg, t->size > 8 ? 8 : t->size));

	*l = (struct line){ out, 0 };
	add_op(l, t);
	switch (t->shape) {
	case X64_SHAPE_RR: case X64_SHAPE_RM: case X64_SHAPE_LD: add(l, "%s, %s", reg_text, rm_text); break;
	case X64_SHAPE_MR: case X64_SHAPE_ST:
		if (t->op == X64_XCHG && dialect == LLVM && t->rm != X64_NONE)	/* llvm-mc turns these round */
			add(l, "%s, %s", reg_text, rm_text);
		else
			add(l, "%s, %s", rm_text, reg_text);
		break;
	case X64_SHAPE_MI: add(l, "%s", rm_text); add_imm(l, dialect, t->imm, f->imm == X64_IMM_IB ? 1 : t->size); break;
	case X64_SHAPE_AI: case X64_SHAPE_OI: add(l, "%s", reg_text); add_imm(l, dialect, t->imm, t->size); break;
	case X64_SHAPE_M1: add(l, "%s, 1", rm_text); break;
	case X64_SHAPE_M: add(l, "%s%s", rm_text, x64_forms[t->op][X64_SHAPE_M1].sizes ? ", cl" : ""); break;
	case X64_SHAPE_O: add(l, "%s", reg_text); break;
	case X64_SHAPE_RMI:
		add(l, "%s, %s", reg_text, rm_text);
		add_imm(l, dialect, t->imm, f->imm == X64_IMM_IB ? 1 : t->size);
		break;
	case X64_SHAPE_VMR: add(l, "%s, %s, %s", reg_text, rm_text, x64_reg_name(t->count, t->size)); break;
	case X64_SHAPE_NP: break;
	case X64_SHAPE_S8: case X64_SHAPE_S32:
		if (dialect == LLVM)
			add(l, "%lld", (long long)t->imm);
		else
			add(l, "%llx", (unsigned long long)(stream_at + (uint64_t)t->imm));
		break;
	}
}

/* ---- encoding one ------------------------------------------------------------------ */

static void encode_reg_forms(struct asm_buf *a, const struct try *t)
{
	switch (t->shape) {
	case X64_SHAPE_RR: case X64_SHAPE_RM: case X64_SHAPE_LD:
		if (x64_forms[t->op][t->shape].flags & X64_CCODE)
			x64_cmovcc_rr(a, t->cc, t->size, t->reg, t->rm);
		else
			x64_rr(a, t->op, t->size, t->reg, t->rm);
		break;
	case X64_SHAPE_MR: case X64_SHAPE_ST: x64_rr(a, t->op, t->size, t->rm, t->reg); break;
	case X64_SHAPE_MI: case X64_SHAPE_M1: x64_ri(a, t->op, t->size, t->rm, (int32_t)t->imm); break;
	case X64_SHAPE_AI: x64_ri(a, t->op, t->size, t->reg, (int32_t)t->imm); break;
	case X64_SHAPE_OI:
		if (t->op == X64_MOVABS)
			x64_mov_imm(a, t->reg, t->imm);
		else
			x64_ri(a, t->op, t->size, t->reg, (int32_t)t->imm);
		break;
	case X64_SHAPE_M:
		if (t->op == X64_SETCC)
			x64_setcc(a, t->cc, t->rm);
		else
			x64_r(a, t->op, t->size, t->rm);
		break;
	case X64_SHAPE_O: x64_r(a, t->op, t->size, t->reg); break;
	case X64_SHAPE_RMI: x64_rri(a, t->op, t->size, t->reg, t->rm, (int32_t)t->imm); break;
	case X64_SHAPE_VMR: x64_vex_rrr(a, t->op, t->size, t->reg, t->rm, t->count); break;
	case X64_SHAPE_NP: x64_op0(a, t->op); break;
	case X64_SHAPE_S8: case X64_SHAPE_S32: break;
	}
}

static void encode_mem_forms(struct asm_buf *a, const struct try *t)
{
	switch (t->shape) {
	case X64_SHAPE_RM: case X64_SHAPE_LD:
		if (x64_forms[t->op][t->shape].flags & X64_CCODE)
			x64_cmovcc_rm(a, t->cc, t->size, t->reg, t->mem);
		else
			x64_rm(a, t->op, t->size, t->reg, t->mem);
		break;
	case X64_SHAPE_MR: case X64_SHAPE_ST: x64_mr(a, t->op, t->size, t->mem, t->reg); break;
	case X64_SHAPE_MI: case X64_SHAPE_M1: x64_mi(a, t->op, t->size, t->mem, (int32_t)t->imm); break;
	case X64_SHAPE_M:
		if (t->op == X64_SETCC)
			x64_setcc_m(a, t->cc, t->mem);
		else
			x64_m(a, t->op, t->size, t->mem);
		break;
	case X64_SHAPE_RMI: x64_rmi(a, t->op, t->size, t->reg, t->mem, (int32_t)t->imm); break;
	case X64_SHAPE_VMR: x64_vex_rmr(a, t->op, t->size, t->reg, t->mem, t->count); break;
	case X64_SHAPE_RR: case X64_SHAPE_AI: case X64_SHAPE_OI: case X64_SHAPE_O: case X64_SHAPE_NP:
	case X64_SHAPE_S8: case X64_SHAPE_S32: break;
	}
}

/* Distances in imm count from the end of the instruction; S8 ones must be backward and near. */
static void encode_branch(struct asm_buf *a, struct try *t)
{
	asm_label l = asm_label_new(a);

	if (t->shape == X64_SHAPE_S8) {
		asm_bind(a, l);
		x64_nop(a, (unsigned)(-t->imm - 2));
	} else {
		asm_bind_outside(a, l, a->base + (uint64_t)t->imm + (t->op == X64_JCC ? 6 : 5));
	}
	if (t->op == X64_JCC)
		x64_jcc(a, t->cc, l);
	else if (t->op == X64_JMP)
		x64_jmp(a, l);
	else
		x64_call(a, l);
}

/* Branches would become relocations, `jmp qword ptr [0]` a direct jump, and xchg with rax takes a form of its own. */
static bool not_for_assembler(const struct try *t)
{
	bool absolute = !t->mem.rip && !t->mem.seg && t->mem.base == X64_NONE && t->mem.index == X64_NONE;

	return t->shape == X64_SHAPE_S8 || t->shape == X64_SHAPE_S32 || (t->op == X64_XCHG && t->rm != X64_NONE) ||
	       ((t->op == X64_JMP || t->op == X64_CALL) && t->rm == X64_NONE && absolute);
}

static uint8_t imm_bytes(const struct try *t)
{
	unsigned imm = x64_forms[t->op][t->shape].imm;

	return (uint8_t)(imm == X64_IMM_NO ? 0 : imm == X64_IMM_IB ? 1 : t->size);
}

static void try(struct asm_buf *a, struct try t)
{
	bool branch = t.shape == X64_SHAPE_S8 || t.shape == X64_SHAPE_S32;
	struct item *it;
	uint32_t skip = 0;

	if (n_items == cap_items) {
		cap_items = cap_items ? cap_items * 2 : 4096;
		items = realloc(items, cap_items * sizeof *items);
		assert_non_null(items);
	}
	it = &items[n_items++];
	*it = (struct item){ .op = t.op, .shape = t.shape, .no_asm = not_for_assembler(&t), .imm_bytes = imm_bytes(&t) };
	asm_reset(a);
	asm_place(a, UINT64_C(0x7f0012340000));
	if (t.mem.rip)
		t.mem.label = asm_label_new(a);
	if (branch)
		encode_branch(a, &t);
	else if (t.rm == X64_NONE && x64_forms[t.op][t.shape].rm != X64_CLASS_N)
		encode_mem_forms(a, &t);
	else
		encode_reg_forms(a, &t);
	if (t.mem.rip)			/* the label is rip_distance past the end, so disp + that is what must be printed */
		asm_bind_outside(a, t.mem.label, a->base + a->n + (uint64_t)(int64_t)(t.rip_distance - t.mem.disp));
	asm_link(a, x64_fix);
	assert_int_equal(a->dead, ASM_ALIVE);
	if (t.shape == X64_SHAPE_S8)
		skip = a->n - 2;
	assert_in_range(a->n - skip, 1, 15);
	it->n = (uint8_t)(a->n - skip);
	memcpy(it->bytes, a->at + skip, it->n);
	stream_at += it->n;
	for (int d = 0; d < N_DIALECTS; d++)
		print(&t, d, it->text[d]);
	hits[t.op][t.shape]++;
}

/* ---- what to try --------------------------------------------------------------------- */

static struct try mems[2048];
static size_t n_mems;

static struct try *add_address(struct x64_mem m)
{
	mems[n_mems] = (struct try){ .mem = m };
	return &mems[n_mems++];
}

static void make_addresses(void)
{
	static const int32_t disps[] = { 0, 1, -1, 127, 128, -128, -129, INT32_MAX, INT32_MIN };
	unsigned k = 0;

	for (int b = 0; b < 16; b++) {
		for (unsigned i = 0; i < COUNT_OF(disps); i++)
			add_address(x64_at((enum x64_reg)b, disps[i]));
		for (int x = 0; x < 16; x++)
			for (unsigned s = 0; s < (full ? 4 : 1) && x != X64_RSP; s++, k++)
				add_address(x64_idx((enum x64_reg)b, (enum x64_reg)x, full ? s : k % 4, disps[k / 4 % COUNT_OF(disps)]));
	}
	for (int x = 0; x < 16; x++)
		for (unsigned s = 0; s < 4 && x != X64_RSP; s++)
			add_address(x64_idx(X64_NONE, (enum x64_reg)x, s, disps[k++ % COUNT_OF(disps)]));
	for (unsigned i = 0; i < COUNT_OF(disps); i++) {
		add_address(x64_abs32(disps[i]))->mem.seg = i % 3 == 1 ? X64_GS : i % 3 == 2 ? X64_FS : X64_NO_SEG;
		add_address(x64_rip(0))->rip_distance = disps[i];
	}
	for (int b = 0; b < 16; b++) {
		struct x64_mem m = x64_idx((enum x64_reg)b, b & 1 ? (enum x64_reg)(15 - b) : X64_NONE, (unsigned)b / 2 % 4, disps[b % 9]);

		if (m.index == X64_RSP)
			m.index = X64_RBP;
		m.seg = b & 2 ? X64_GS : X64_NO_SEG;
		m.addr32 = !m.seg || b & 4;
		add_address(m);
	}
	mems[n_mems] = (struct try){ .mem = x64_rip(0), .rip_distance = 1000 };
	mems[n_mems++].mem.disp = 12;
}

static const int64_t imms[] = { 0, 1, -1, 2, 127, -128, 128, -129, 255, 256, 32767, -32768, 32768, 65535, INT32_MAX, INT32_MIN };
static const int64_t counts[] = { 0, 1, 2, 7, 8, 15, 16, 31, 32, 63, 127 };
static const int64_t imms64[] = { INT64_MAX, INT64_MIN, INT64_C(0x100000000), INT64_C(0x123456789abcdef0), INT32_MIN - INT64_C(1) };

static int first_reg(unsigned class) { return class == X64_CLASS_XMM ? X64_XMM0 : X64_RAX; }

/* The k-th immediate a row takes, k any number. */
static int64_t imm_of(const struct try *t, unsigned k)
{
	const struct x64_form *f = &x64_forms[t->op][t->shape];

	if (f->imm == X64_IMM_IB)
		return counts[k % COUNT_OF(counts)];
	return imms[k % COUNT_OF(imms)];
}

/* By-one shifts are the M1 row; MI prints the same immediate otherwise. */
static bool belongs(const struct try *t)
{
	const struct x64_form *f = x64_forms[t->op];
	bool one = t->imm == 1 && f[X64_SHAPE_M1].sizes;

	switch (t->shape) {
	case X64_SHAPE_MI:
		if (one)
			return false;
		return t->rm == X64_NONE || !(f[X64_SHAPE_OI].sizes & t->size);
	case X64_SHAPE_M1: return one;
	default: return true;
	}
}

static void try_mems(struct asm_buf *a, struct try t, const struct x64_form *f, unsigned turn)
{
	if (f->rm == X64_CLASS_N || t.shape == X64_SHAPE_RR)
		return;
	if ((t.shape == X64_SHAPE_MR || t.shape == X64_SHAPE_RM) &&
	    x64_forms[t.op][t.shape == X64_SHAPE_MR ? X64_SHAPE_ST : X64_SHAPE_LD].sizes)
		return;				/* those rows do the memory forms */
	for (unsigned k = 0; k < n_mems; k++) {
		t.mem = mems[k].mem;
		t.rip_distance = mems[k].rip_distance;
		t.rm = X64_NONE;
		if (f->reg != X64_CLASS_N)
			t.reg = (enum x64_reg)(first_reg(f->reg) + (int)((k * 5 + turn) % 16));
		t.count = (enum x64_reg)((k * 3 + turn) % 16);
		t.cc = (enum x64_cc)((k * 7 + turn) % 16);
		t.imm = t.shape == X64_SHAPE_M1 ? 1 : imm_of(&t, k + turn);
		if (belongs(&t))
			try(a, t);
	}
}

static void try_regs(struct asm_buf *a, struct try t, const struct x64_form *f)
{
	const struct x64_form *mr = &x64_forms[t.op][X64_SHAPE_MR];
	bool has_reg = f->digit == X64_DIGIT_R;

	if (t.shape == X64_SHAPE_RM && mr->sizes && mr->rm == f->reg)
		return;				/* between registers the MR row is used */
	if (t.shape == X64_SHAPE_M && x64_forms[t.op][X64_SHAPE_O].sizes)
		return;
	for (unsigned k = 0; k < (has_reg ? 256 : 16); k++) {
		t.rm = (enum x64_reg)(first_reg(f->rm) + (int)(k % 16));
		t.reg = has_reg ? (enum x64_reg)(first_reg(f->reg) + (int)(k / 16)) : X64_NONE;
		for (unsigned i = 0; i < (f->flags & X64_CCODE && !has_reg ? 16 : 1); i++) {
			t.cc = (enum x64_cc)((k + k / 16 + i) % 16);
			t.count = (enum x64_reg)((k * 11 + k / 16) % 16);
			t.imm = imm_of(&t, k + k / 16);
			if (belongs(&t))
				try(a, t);
		}
	}
}

/* All immediates with all registers. */
static void try_imms(struct asm_buf *a, struct try t, const struct x64_form *f)
{
	bool in_opcode = t.shape == X64_SHAPE_AI || t.shape == X64_SHAPE_OI;
	unsigned n = f->imm == X64_IMM_IB ? COUNT_OF(counts) : f->imm == X64_IMM_IQ ? COUNT_OF(imms64) : COUNT_OF(imms);

	for (int r = 0; r < (t.shape == X64_SHAPE_AI ? 1 : 16); r++)
		for (unsigned k = 0; k < n; k++) {
			int rm = first_reg(f->rm) + (t.shape == X64_SHAPE_RMI ? (r * 5 + 3) % 16 : r);

			t.imm = t.shape == X64_SHAPE_M1 ? 1 : f->imm == X64_IMM_IQ ? imms64[k] : imm_of(&t, k);
			t.rm = in_opcode ? X64_NONE : (enum x64_reg)rm;
			t.reg = in_opcode || t.shape == X64_SHAPE_RMI ? (enum x64_reg)(first_reg(f->reg) + r) : X64_NONE;
			if (belongs(&t) && (t.shape != X64_SHAPE_M1 || k == 0))
				try(a, t);
		}
}

static void try_branches(struct asm_buf *a, struct try t, const struct x64_form *f)
{
	static const int64_t near[] = { -129, 0, 5, 128, 32768, -32769, 1 << 20, INT32_MAX, INT32_MIN };
	static const int64_t small[] = { -2, -3, -64, -127, -128 };
	bool s8 = t.shape == X64_SHAPE_S8;

	for (unsigned i = 0; i < (s8 ? COUNT_OF(small) : COUNT_OF(near)); i++)
		for (int cc = 0; cc < (f->flags & X64_CCODE ? 16 : 1); cc++) {
			t.imm = s8 ? small[i] : near[i];
			t.cc = (enum x64_cc)cc;
			t.rm = t.reg = X64_NONE;
			try(a, t);
		}
}

static void try_row(struct asm_buf *a, enum x64_op op, enum x64_shape shape, unsigned turn)
{
	const struct x64_form *f = &x64_forms[op][shape];

	for (unsigned size = 1; size <= 16; size *= 2) {
		struct try t = { .op = op, .shape = shape, .size = size, .reg = X64_NONE, .rm = X64_NONE, .count = X64_NONE };

		if (!(f->sizes & size))
			continue;
		switch (shape) {
		case X64_SHAPE_RR: try_regs(a, t, f); break;
		case X64_SHAPE_RM: case X64_SHAPE_MR: case X64_SHAPE_M: case X64_SHAPE_VMR:
			try_regs(a, t, f);
			try_mems(a, t, f, turn + size);
			break;
		case X64_SHAPE_LD: case X64_SHAPE_ST: try_mems(a, t, f, turn + size); break;
		case X64_SHAPE_MI: case X64_SHAPE_M1: case X64_SHAPE_RMI:
			if (shape == X64_SHAPE_RMI)
				try_regs(a, t, f);
			try_imms(a, t, f);
			try_mems(a, t, f, turn + size);
			break;
		case X64_SHAPE_AI: case X64_SHAPE_OI: try_imms(a, t, f); break;
		case X64_SHAPE_O:
			for (int r = 0; r < 16; r++) {
				t.reg = (enum x64_reg)r;
				try(a, t);
			}
			break;
		case X64_SHAPE_NP: try(a, t); break;
		case X64_SHAPE_S8: case X64_SHAPE_S32: try_branches(a, t, f); break;
		}
	}
}

/* ---- the test ------------------------------------------------------------------------------ */

static void E1_3_T12_every_row(void **state)
{
	struct asm_buf a;
	unsigned rows = 0, empty = 0;
	char command[64];

	(void)state;
	if (!find_tools())
		skip();
	full = getenv("HEW_TEST_FULL") != NULL;
	make_addresses();
	asm_init(&a);
#define FORM(op, shape, reg, rm, sizes, mem, prefix, map, opcode, digit, imm, flags) \
	try_row(&a, X64_##op, X64_SHAPE_##shape, rows++);
#include "target/x64/enc.def"
#define FORM(op, shape, reg, rm, sizes, mem, prefix, map, opcode, digit, imm, flags) \
	if (!hits[X64_##op][X64_SHAPE_##shape]) { \
		print_message("row %s %s made no instruction\n", #op, #shape); \
		empty++; \
	}
#include "target/x64/enc.def"
	asm_fini(&a);
	assert_int_equal(empty, 0);
	print_message("%u rows, %zu addresses, %zu instructions, %zu bytes\n", rows, n_mems, n_items, stream_at);
	assert_true(n_items >= 50000);
	assert_non_null(mkdtemp(dir));
	ask_llvm();
	ask_objdump();
	free(items);
	if (shown)
		fail_msg("%u disagreements; files in %s", shown, dir);
	snprintf(command, sizeof command, "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(E1_3_T12_every_row) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
