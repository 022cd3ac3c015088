/* SPDX-License-Identifier: MIT
 * abi.c - the System V AMD64 calling convention as data.
 *
 * Integers and pointers go to rdi rsi rdx rcx r8 r9, floats to xmm0..7, the rest to the stack in order, 8 bytes each.
 * Results: rax, rdx and xmm0, xmm1 by class, so two words of a small struct come back as two results.
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

uint32_t x64_arg_places(const enum ir_type *t, uint32_t n, struct x64_place *out, unsigned *n_float)
{
	unsigned ints = 0, floats = 0;
	int32_t stack = 0;

	for (uint32_t i = 0; i < n; i++) {
		out[i].reg = ir_is_float(t[i]) ? arg_reg(X64_CLASS_XMM, floats++) : arg_reg(X64_CLASS_GPR, ints++);
		out[i].stack = stack;
		if (out[i].reg == MACH_NO_REG)
			stack += 8;
	}
	*n_float = floats > 8 ? 8 : floats;
	return (uint32_t)stack;
}

uint8_t x64_result_reg(const uint8_t *types, unsigned k)
{
	bool second = k == 1 && ir_is_float(types[0]) == ir_is_float(types[1]);

	if (ir_is_float(types[k]))
		return second ? X64_XMM1 : X64_XMM0;
	return second ? X64_RDX : X64_RAX;
}
