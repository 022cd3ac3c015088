/* SPDX-License-Identifier: MIT
 * target.c - the x86-64 target as a value: registers, preferences, hooks.
 */
#include "target/x64/x64.h"

static const char *const reg_names[X64_REG_COUNT] = {
#define REG(name, q, d, w, b, class, code, role, arg) q,
#include "target/x64/regs.def"
};

/* Caller-saved first: they cost nothing where no call is crossed. r11 and xmm15 are scratch. */
static const uint8_t order_g[] = { X64_RAX, X64_RCX, X64_RDX, X64_RSI, X64_RDI, X64_R8, X64_R9, X64_R10, X64_RBX, X64_R12, X64_R13, X64_R14, X64_R15 };
static const uint8_t order_f[] = { X64_XMM0, X64_XMM1, X64_XMM2, X64_XMM3, X64_XMM4, X64_XMM5, X64_XMM6, X64_XMM7, X64_XMM8, X64_XMM9,
	X64_XMM10, X64_XMM11, X64_XMM12, X64_XMM13, X64_XMM14 };

static const char *const form_names[] = { "rr2", "ri2", "rm2", "r1", "shift", "rr", "load", "store", "storei", "rri", "lea", "movi", "movf", "sign",
	"div", "mulh", "call", "tail", "ret", "jmp", "br", "switch", "guard", "guard_op", "exit", "setcc", "cmov", "params", "frame", "func", "count_guard" };

static void ins_text(const struct mach_func *m, const struct mach_ins *i, struct text *out)
{
	bool compares = i->form == X64_F_BR || i->form == X64_F_GUARD || i->form == X64_F_SETCC || i->form == X64_F_CMOV;

	(void)m;
	text_printf(out, "%-8s %s.%u", form_names[i->form], compares ? (i->cc < 16 ? x64_cc_name((enum x64_cc)i->cc) : "f") :
		i->form == X64_F_PARAMS ? "" : i->op == X64_CALL_FUNC || i->op == X64_CALL_PLACE ? "call" : x64_op_text[i->op], i->size);
	if (i->imm)
		text_printf(out, " #%lld", (long long)i->imm);
	if (i->base)
		text_printf(out, " [%+d]", i->disp);
}

const struct target target_x64 = {
	.name = "x64",
	.n_regs = X64_REG_COUNT,
	.frame_pointer = X64_RBP,
	.callee_saved = UINT64_C(1) << X64_RBX | UINT64_C(1) << X64_R12 | UINT64_C(1) << X64_R13 | UINT64_C(1) << X64_R14 | UINT64_C(1) << X64_R15,
	.scratch = { X64_R11, X64_XMM15 },
	.order = { order_g, order_f },
	.n_order = { COUNT_OF(order_g), COUNT_OF(order_f) },
	.reg_name = reg_names,
	.trap = 0xcc,
	.fix = x64_fix,
	.lower = x64_lower,
	.emit = x64_emit,
	.stubs = x64_stubs,
	.struct_parts = x64_struct_parts,
	.ins_text = ins_text,
};
