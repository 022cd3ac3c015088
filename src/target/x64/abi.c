/* SPDX-License-Identifier: MIT
 * abi.c - calling conventions as data: that of System V AMD64, and the guest convention.
 *
 * System V: integers and pointers go to rdi rsi rdx rcx r8 r9, floats to xmm0..7, the rest to the stack in order, 8 bytes each.
 * Results: rax, rdx and xmm0, xmm1 by class, so two words of a small struct come back as two results. A struct of at most 16 bytes
 * goes in one or two registers of the classes of its words if there are both, else, and a larger one, to the stack (3.2.3 of the
 * "System V Application Binary Interface, AMD64 Architecture Processor Supplement", 1.0).
 *
 * Guest: for functions that pass a guest's state on to each other in registers. Twelve integers and fifteen floats, the first five integers
 * in registers that calls of C functions leave alone; no register is kept for the caller, but the frame pointer. Results and what does not
 * fit are as in System V. r10 is left for the address of the callee.
 */
#include "target/x64/x64.h"

enum { C_INTS = 6, C_FLOATS = 8 };
static const uint8_t guest_ints[] = { X64_RBX, X64_R12, X64_R13, X64_R14, X64_R15, X64_RDI, X64_RSI, X64_RDX, X64_RCX, X64_R8, X64_R9, X64_RAX };
enum { GUEST_INTS = COUNT_OF(guest_ints), GUEST_FLOATS = 15 };
_Static_assert(GUEST_INTS + GUEST_FLOATS == X64_MAX_ARGS, "as many as there are registers for arguments");

uint64_t x64_clobbered(enum ir_conv conv)
{
	uint64_t set =
#define REG(name, q, d, w, b, class, code, role, arg) (X64_ROLE_##role == X64_ROLE_SCRATCH ? UINT64_C(1) << X64_##name : 0) |
#include "target/x64/regs.def"
		0;

	for (unsigned k = 0; conv == IR_CONV_GUEST && k < GUEST_INTS; k++)
		set |= UINT64_C(1) << guest_ints[k];
	return set;
}

static uint8_t arg_reg(enum ir_conv conv, unsigned class, unsigned n)
{
	if (conv == IR_CONV_GUEST)
		return class == X64_CLASS_XMM ? (uint8_t)(X64_XMM0 + n) : guest_ints[n];
	for (unsigned r = 0; r < X64_REG_COUNT; r++)
		if (x64_regs[r].class == class && x64_regs[r].arg == (int)n)
			return (uint8_t)r;
	return MACH_NO_REG;
}

uint32_t x64_arg_places(enum ir_conv conv, const enum ir_type *t, const uint8_t *pass, uint32_t n, struct x64_place *out, unsigned *n_float)
{
	unsigned most_ints = conv == IR_CONV_GUEST ? GUEST_INTS : C_INTS, most_floats = conv == IR_CONV_GUEST ? GUEST_FLOATS : C_FLOATS;
	unsigned ints = 0, floats = 0;
	bool together = false;		/* with the argument before, which has gone to the stack */
	int32_t stack = 0;

	for (uint32_t i = 0; i < n; i++) {
		unsigned how = pass ? pass[i] : IR_PASS_ALONE, real = ir_is_float(t[i]);
		bool fits = real ? floats < most_floats : ints < most_ints;

		if (how == IR_PASS_WITH_NEXT && i + 1 < n)
			fits = ints + !real + !ir_is_float(t[i + 1]) <= most_ints && floats + real + ir_is_float(t[i + 1]) <= most_floats;
		if (how >= IR_PASS_STACK || together || !fits) {
			if (how == IR_PASS_STACK16)
				stack = (stack + 15) & ~15;
			out[i] = (struct x64_place){ MACH_NO_REG, stack };
			stack += 8;
		} else {
			out[i] = (struct x64_place){ real ? arg_reg(conv, X64_CLASS_XMM, floats++) : arg_reg(conv, X64_CLASS_GPR, ints++), stack };
		}
		together = how == IR_PASS_WITH_NEXT && out[i].reg == MACH_NO_REG;
	}
	*n_float = floats;
	return (uint32_t)stack;
}

uint8_t x64_result_reg(const uint8_t *types, unsigned k)
{
	bool second = k == 1 && ir_is_float(types[0]) == ir_is_float(types[1]);

	if (ir_is_float(types[k]))
		return second ? X64_XMM1 : X64_XMM0;
	return second ? X64_RDX : X64_RAX;
}

/* Words that hold an integer, or a pointer, are of class INTEGER, others of class SSE. 0 parts: the struct goes in memory. */
unsigned x64_struct_parts(const struct target_struct *s, uint8_t *part)
{
	unsigned n = (unsigned)(s->size + 7) / 8;
	bool integer[2] = { false, false };

	if (s->size == 0 || s->size > 16)
		return 0;
	for (uint32_t i = 0; i < s->n; i++) {
		const struct target_field *f = &s->field[i];

		if (f->offset % f->size)
			return 0;		/* packed */
		for (uint32_t at = f->offset & ~7u; at < f->offset + f->size && !f->real; at += 8)
			integer[at / 8] = true;
	}
	for (unsigned k = 0; k < n; k++)
		part[k] = integer[k] ? IR_T_i64 : s->size - 8 * k <= 4 ? IR_T_f32 : IR_T_f64;
	return n;
}
