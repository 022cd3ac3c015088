/* SPDX-License-Identifier: MIT
 * abi.c - the System V AMD64 calling convention as data.
 *
 * Integers and pointers go to rdi rsi rdx rcx r8 r9, floats to xmm0..7, the rest to the stack in order, 8 bytes each.
 * Results: rax, rdx and xmm0, xmm1 by class, so two words of a small struct come back as two results. A struct of at most 16 bytes
 * goes in one or two registers of the classes of its words if there are both, else, and a larger one, to the stack (3.2.3 of the
 * "System V Application Binary Interface, AMD64 Architecture Processor Supplement", 1.0).
 */
#include "target/x64/x64.h"

const uint64_t x64_caller_saved =
#define REG(name, q, d, w, b, class, code, role, arg) (X64_ROLE_##role == X64_ROLE_SCRATCH ? UINT64_C(1) << X64_##name : 0) |
#include "target/x64/regs.def"
	0;

static uint8_t arg_reg(unsigned class, unsigned n)
{
	for (unsigned r = 0; r < X64_REG_COUNT; r++)
		if (x64_regs[r].class == class && x64_regs[r].arg == (int)n)
			return (uint8_t)r;
	return MACH_NO_REG;
}

uint32_t x64_arg_places(const enum ir_type *t, const uint8_t *pass, uint32_t n, struct x64_place *out, unsigned *n_float)
{
	enum { INTS = 6, FLOATS = 8 };
	unsigned ints = 0, floats = 0;
	bool together = false;		/* with the argument before, which has gone to the stack */
	int32_t stack = 0;

	for (uint32_t i = 0; i < n; i++) {
		unsigned how = pass ? pass[i] : IR_PASS_ALONE, real = ir_is_float(t[i]);
		bool fits = real ? floats < FLOATS : ints < INTS;

		if (how == IR_PASS_WITH_NEXT && i + 1 < n)
			fits = ints + !real + !ir_is_float(t[i + 1]) <= INTS && floats + real + ir_is_float(t[i + 1]) <= FLOATS;
		if (how >= IR_PASS_STACK || together || !fits) {
			if (how == IR_PASS_STACK16)
				stack = (stack + 15) & ~15;
			out[i] = (struct x64_place){ MACH_NO_REG, stack };
			stack += 8;
		} else {
			out[i] = (struct x64_place){ real ? arg_reg(X64_CLASS_XMM, floats++) : arg_reg(X64_CLASS_GPR, ints++), stack };
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
