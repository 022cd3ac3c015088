/* SPDX-License-Identifier: MIT
 * x64.h - the one private header of the x86-64 target.
 *
 *   1. registers and conditions        from regs.def, enc.def
 *   2. addresses
 *   3. instructions                    enc.c, from enc.def
 *
 * Encoders never fail: they write into an asm_buf, whose `dead` field is looked at once, at the end. An operand that an
 * instruction does not have is a bug (ASSERT). Operands stand in Intel order, destination first; `size` is in bytes.
 */
#ifndef HEW_TARGET_X64_H
#define HEW_TARGET_X64_H

#include "asm/asm.h"

/* ==== 1. registers and conditions ============================================ */

enum x64_reg {
	X64_NONE = -1,
#define REG(name, q, d, w, b, class, code, role, arg) X64_##name,
#include "target/x64/regs.def"
	X64_REG_COUNT
};

enum x64_class { X64_CLASS_N, X64_CLASS_GPR, X64_CLASS_XMM };
enum x64_role { X64_ROLE_SCRATCH, X64_ROLE_SAVED, X64_ROLE_FIXED };

struct x64_reg_info {
	const char *name[4];		/* at 1, 2, 4, 8 bytes */
	uint8_t class;			/* enum x64_class */
	uint8_t code;			/* hardware number */
	uint8_t role;			/* enum x64_role */
	int8_t arg;			/* n-th argument of its class, -1 none */
};
extern const struct x64_reg_info x64_regs[X64_REG_COUNT];

static inline bool x64_is_gpr(int r) { return r >= X64_RAX && r <= X64_R15; }
static inline bool x64_is_xmm(int r) { return r >= X64_XMM0 && r <= X64_XMM15; }
/* Text of a register as a `size`-byte operand: x64_reg_name(X64_RAX, 4) is "eax". */
const char *x64_reg_name(enum x64_reg r, unsigned size);

enum x64_cc {
#define CC(name, text, code) X64_CC_##name = code,
#include "target/x64/enc.def"
	X64_CC_COUNT
};
static inline enum x64_cc x64_cc_not(enum x64_cc cc) { return (enum x64_cc)(cc ^ 1); }
const char *x64_cc_name(enum x64_cc cc);

/* ==== 2. addresses =========================================================== */

enum x64_seg { X64_NO_SEG = 0, X64_FS = 0x64, X64_GS = 0x65 };	/* the prefix byte */

/* base + index << scale + disp, or label + disp when rip is set; both registers may be X64_NONE: an absolute 32-bit
 * sign-extended address. rsp cannot be an index. seg adds the base of fs or gs; addr32 computes the address in 32 bits
 * (wraps; not with rip). */
struct x64_mem {
	int8_t base, index;
	uint8_t scale;			/* log2 */
	bool rip;
	int32_t disp;
	asm_label label;
	uint8_t seg;			/* enum x64_seg */
	bool addr32;
};

static inline struct x64_mem x64_idx(enum x64_reg base, enum x64_reg index, unsigned scale, int32_t disp)
{
	return (struct x64_mem){ .base = (int8_t)base, .index = (int8_t)index, .scale = (uint8_t)scale, .disp = disp };
}
static inline struct x64_mem x64_at(enum x64_reg base, int32_t disp) { return x64_idx(base, X64_NONE, 0, disp); }
static inline struct x64_mem x64_abs32(int32_t address) { return x64_idx(X64_NONE, X64_NONE, 0, address); }
static inline struct x64_mem x64_rip(asm_label label)
{
	return (struct x64_mem){ .base = X64_NONE, .index = X64_NONE, .rip = true, .label = label };
}

/* ==== 3. instructions ======================================================== */

enum x64_op {
#define OP(name, text) X64_##name,
#include "target/x64/enc.def"
	X64_OP_COUNT
};

#define X64_SHAPES(X) X(RR) X(RM) X(LD) X(MR) X(ST) X(MI) X(AI) X(OI) X(M1) X(M) X(O) X(RMI) X(VMR) X(NP) X(S8) X(S32)
enum x64_shape {
#define X(name) X64_SHAPE_##name,
	X64_SHAPES(X)
#undef X
};
#define X(name) + 1
enum { X64_SHAPE_COUNT = 0 X64_SHAPES(X) };	/* apart, so that a switch over shapes need not name it */
#undef X

enum x64_imm { X64_IMM_NO, X64_IMM_IB, X64_IMM_IS, X64_IMM_IZ, X64_IMM_IQ };
enum { X64_PREFIX_SCALAR = 1, X64_PREFIX_PACKED = 2 };		/* beside the real bytes 66 f2 f3 */
enum { X64_DIGIT_R = 8 };			/* a register in ModRM.reg, no /digit */
enum { X64_INT = 1, X64_BIT3 = 2, X64_CCODE = 4, X64_NEXT8 = 8, X64_LOCKED = 16, X64_BYTE = 32 };

/* One FORM row of enc.def; sizes == 0 where the op has no such shape. */
struct x64_form {
	uint8_t reg, rm;		/* enum x64_class */
	uint8_t sizes, mem;
	uint8_t prefix, map, opcode, digit;
	uint8_t imm, flags;
};
extern const struct x64_form x64_forms[X64_OP_COUNT][X64_SHAPE_COUNT];
extern const char *const x64_op_text[X64_OP_COUNT];		/* with '*' and '?' as enc.def says */

/* by operands */
void x64_rr(struct asm_buf *a, enum x64_op op, unsigned size, enum x64_reg dst, enum x64_reg src);
void x64_rm(struct asm_buf *a, enum x64_op op, unsigned size, enum x64_reg dst, struct x64_mem src);
void x64_mr(struct asm_buf *a, enum x64_op op, unsigned size, struct x64_mem dst, enum x64_reg src);
/* imm is sign-extended to size 8; at sizes 1 and 2 only its low bytes count. The shortest form is taken, flags as the op says.
 * Shifts take their count here too (the by-one form where it is 1). */
void x64_ri(struct asm_buf *a, enum x64_op op, unsigned size, enum x64_reg dst, int32_t imm);
void x64_mi(struct asm_buf *a, enum x64_op op, unsigned size, struct x64_mem dst, int32_t imm);
/* not neg mul imul1 div idiv inc dec bswap push pop call jmp; shifts by cl */
void x64_r(struct asm_buf *a, enum x64_op op, unsigned size, enum x64_reg r);
void x64_m(struct asm_buf *a, enum x64_op op, unsigned size, struct x64_mem m);
/* imul3, rounds */
void x64_rri(struct asm_buf *a, enum x64_op op, unsigned size, enum x64_reg dst, enum x64_reg src, int32_t imm);
void x64_rmi(struct asm_buf *a, enum x64_op op, unsigned size, enum x64_reg dst, struct x64_mem src, int32_t imm);
/* shlx shrx sarx: dst = src shifted by count */
void x64_vex_rrr(struct asm_buf *a, enum x64_op op, unsigned size, enum x64_reg dst, enum x64_reg src, enum x64_reg count);
void x64_vex_rmr(struct asm_buf *a, enum x64_op op, unsigned size, enum x64_reg dst, struct x64_mem src, enum x64_reg count);
void x64_op0(struct asm_buf *a, enum x64_op op);		/* ret cdq cqo leave ud2 int3 mfence ... */

static inline void x64_shift_ri(struct asm_buf *a, enum x64_op op, unsigned size, enum x64_reg r, unsigned count)
{
	x64_ri(a, op, size, r, (int32_t)count);
}
static inline void x64_shift_mi(struct asm_buf *a, enum x64_op op, unsigned size, struct x64_mem m, unsigned count)
{
	x64_mi(a, op, size, m, (int32_t)count);
}

/* dst = value in the shortest way that leaves the flags alone: mov r32, imm32 | mov r64, simm32 | movabs */
void x64_mov_imm(struct asm_buf *a, enum x64_reg dst, int64_t value);

/* conditions */
void x64_setcc(struct asm_buf *a, enum x64_cc cc, enum x64_reg r);		/* the low byte only */
void x64_setcc_m(struct asm_buf *a, enum x64_cc cc, struct x64_mem m);
void x64_cmovcc_rr(struct asm_buf *a, enum x64_cc cc, unsigned size, enum x64_reg dst, enum x64_reg src);
void x64_cmovcc_rm(struct asm_buf *a, enum x64_cc cc, unsigned size, enum x64_reg dst, struct x64_mem src);

/* Branches to a label. jcc and jmp take two bytes where the distance allows: backward ones at once, the others when
 * asm_relax has seen the whole code. The _near forms are never shortened, for places that are patched later. */
void x64_jcc(struct asm_buf *a, enum x64_cc cc, asm_label l);
void x64_jmp(struct asm_buf *a, asm_label l);
void x64_jcc_near(struct asm_buf *a, enum x64_cc cc, asm_label l);
void x64_jmp_near(struct asm_buf *a, asm_label l);
void x64_call(struct asm_buf *a, asm_label l);
static inline void x64_jmp_r(struct asm_buf *a, enum x64_reg r) { x64_r(a, X64_JMP, 8, r); }
static inline void x64_jmp_m(struct asm_buf *a, struct x64_mem m) { x64_m(a, X64_JMP, 8, m); }
static inline void x64_call_r(struct asm_buf *a, enum x64_reg r) { x64_r(a, X64_CALL, 8, r); }
static inline void x64_call_m(struct asm_buf *a, struct x64_mem m) { x64_m(a, X64_CALL, 8, m); }
static inline void x64_ret(struct asm_buf *a) { x64_op0(a, X64_RET); }

void x64_nop(struct asm_buf *a, unsigned n);			/* n bytes in as few instructions as possible */
void x64_fill_nops(uint8_t *at, uint32_t n);			/* an asm_fill_fn */
static inline void x64_align(struct asm_buf *a, unsigned to) { asm_align_with(a, to, x64_fill_nops); }

/* Fixup kinds. Distances count from the field, so a branch has addend -1 or -4. */
enum x64_fix_kind { X64_REL8, X64_REL32, X64_ABS64 = ASM_ABSOLUTE };
bool x64_fix(uint8_t *field, uint8_t kind, int64_t distance);	/* an asm_fix_fn */

/* ==== 4. machine code: lower.c makes it, emit.c writes it ==================== */

#include "mach/target.h"

/* How the operands of a mach_ins stand, and what emission does with them. Memory operands follow the named ones.
 * Forms that end in J carry a comparison that a jump, a guard, a setcc or a cmov consumes at once: flags never live
 * between instructions. */
enum x64_form_kind {
	X64_F_RR2,		/* dst a b      dst := a op b, two-address */
	X64_F_RI2,		/* dst a        dst := a op imm */
	X64_F_RM2,		/* dst a mem    dst := a op mem */
	X64_F_R1,		/* dst a        dst := op a, in place */
	X64_F_SHIFT,		/* dst a count@rcx */
	X64_F_RR,		/* dst src      dst := op src */
	X64_F_LOAD,		/* dst mem      dst := op mem */
	X64_F_STORE,		/* src mem */
	X64_F_STOREI,		/* mem          mem := imm */
	X64_F_RRI,		/* dst src      dst := src op imm, three-address */
	X64_F_LEA,		/* dst mem */
	X64_F_MOVI,		/* dst          dst := imm */
	X64_F_MOVF,		/* dst          dst := floating constant with the bits imm */
	X64_F_SIGN,		/* dst a        dst := a op constant with sign bits (imm) set: negate, absolute */
	X64_F_DIV,		/* dst a@rax b temp */
	X64_F_MULH,		/* dst@rdx a@rax b */
	X64_F_CALL,		/* results, target, arguments */
	X64_F_TAIL,		/* target, arguments: leaves the frame and jumps */
	X64_F_RET,		/* results */
	X64_F_JMP,
	X64_F_BR,		/* comparison, then: to succ 0 if cc, else to succ 1 */
	X64_F_SWITCH,		/* value, temp: the switch of the IR */
	X64_F_GUARD,		/* comparison, then: leave through exit `target` unless cc */
	X64_F_GUARD_OP,		/* as RR2, RI2: leave on overflow */
	X64_F_EXIT,		/* leave */
	X64_F_SETCC,		/* dst, comparison */
	X64_F_CMOV,		/* dst no yes, comparison: dst := cc ? yes : no */
	X64_F_PARAMS,		/* the function's arguments */
	X64_F_FRAME,		/* dst          dst := frame pointer */
	X64_F_FUNC,		/* dst          dst := address of callee imm */
	X64_F_COUNT_GUARD	/* stress: leave through exit `target` when the guard counter runs out */
};
enum { X64_CALL_FUNC = X64_OP_COUNT, X64_CALL_PLACE };	/* op of X64_F_CALL, TAIL: callee imm of the IR; what stands at the address */
/* the comparison of forms BR, GUARD, SETCC, CMOV */
enum x64_compare { X64_CMP_RR, X64_CMP_RI, X64_CMP_TEST, X64_CMP_TEST2, X64_CMP_TESTI, X64_CMP_FLOAT, X64_CMP_MI, X64_CMP_RM, X64_CMP_FLOAT_RM };
/* pseudo conditions for floats: equal needs "not parity" as well */
enum { X64_CC_FEQ = 16, X64_CC_FNE = 17 };
enum { X64_BASE_FRAME = 255, X64_BASE_STACK = 254, X64_BASE_LOCAL = 253, X64_BASE_NONE = 252, X64_BASE_LITERAL = 251 };	/* mach_ins.base: rbp, rsp, the area of the `stack` nodes, an address below 2^31, a constant with the bits imm */

enum { X64_EXACT = 1 };	/* mach_ins.cc of a sum: it does not overflow */
enum { X64_COLD = 1 };		/* mach_ins.disp of a call that keeps registers: this and the number of the stub */

void x64_lower(struct mach_func *m);
void x64_emit(struct mach_func *m, struct asm_buf *a, const void *exit_tail, const void *unit, struct target_code *out);
void x64_stubs(struct asm_buf *a, target_exit_fn *handler, struct target_stubs *out);

enum { X64_MAX_ARGS = 27 };	/* arguments in registers, of any convention */

/* abi.c: where the i-th of n arguments of these types goes */
struct x64_place { uint8_t reg; int32_t stack; };	/* reg MACH_NO_REG: at this offset of the argument area */
uint32_t x64_arg_places(enum ir_conv conv, const enum ir_type *t, const uint8_t *pass, uint32_t n, struct x64_place *out, unsigned *n_float);	/* bytes of stack */
unsigned x64_struct_parts(const struct target_struct *s, uint8_t *part);
uint8_t x64_result_reg(const uint8_t *types, unsigned k);
uint64_t x64_clobbered(enum ir_conv conv);		/* registers that a call may change */
extern const struct target target_x64;

#endif
