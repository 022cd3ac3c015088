/* SPDX-License-Identifier: MIT
 * golden.c - bytes worked out by hand from the manual for the corners of x86-64, so that something is checked without tools too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "target/x64/x64.h"

static struct asm_buf a;

/* What was emitted since the last call must be these bytes. */
static void expect(const char *what, const char *hex)
{
	char got[128];
	size_t n = 0;

	for (uint32_t i = 0; i < a.n; i++)
		n += (size_t)snprintf(got + n, sizeof got - n, "%s%02x", i ? " " : "", a.at[i]);
	if (strcmp(got, hex) != 0)
		fail_msg("%s: got %s, want %s", what, got, hex);
	asm_reset(&a);
}

#define CHECK(hex, call) do { call; expect(#call, hex); } while (0)

static void E1_3_special_bases(void **state)
{
	(void)state;
	CHECK("48 8b 04 24",                      x64_rm(&a, X64_MOV, 8, X64_RAX, x64_at(X64_RSP, 0)));
	CHECK("49 8b 04 24",                      x64_rm(&a, X64_MOV, 8, X64_RAX, x64_at(X64_R12, 0)));
	CHECK("48 8b 45 00",                      x64_rm(&a, X64_MOV, 8, X64_RAX, x64_at(X64_RBP, 0)));
	CHECK("49 8b 45 00",                      x64_rm(&a, X64_MOV, 8, X64_RAX, x64_at(X64_R13, 0)));
	CHECK("48 8b 84 24 80 00 00 00",          x64_rm(&a, X64_MOV, 8, X64_RAX, x64_at(X64_RSP, 128)));
	CHECK("4b 8b 44 a5 00",                   x64_rm(&a, X64_MOV, 8, X64_RAX, x64_idx(X64_R13, X64_R12, 2, 0)));
	CHECK("8b 04 25 34 12 00 00",             x64_rm(&a, X64_MOV, 4, X64_RAX, x64_abs32(0x1234)));
	CHECK("8b 04 8d 00 00 00 00",             x64_rm(&a, X64_MOV, 4, X64_RAX, x64_idx(X64_NONE, X64_RCX, 2, 0)));
}

static void E1_3_byte_registers_are_uniform(void **state)
{
	(void)state;
	CHECK("40 88 e0",    x64_rr(&a, X64_MOV, 1, X64_RAX, X64_RSP));
	CHECK("88 c8",       x64_rr(&a, X64_MOV, 1, X64_RAX, X64_RCX));
	CHECK("0f b6 c1",    x64_rr(&a, X64_MOVZX8, 4, X64_RAX, X64_RCX));
	CHECK("40 0f b6 c7", x64_rr(&a, X64_MOVZX8, 4, X64_RAX, X64_RDI));
	CHECK("0f b6 f9",    x64_rr(&a, X64_MOVZX8, 4, X64_RDI, X64_RCX));
	CHECK("40 0f 94 c6", x64_setcc(&a, X64_CC_E, X64_RSI));
	CHECK("40 b5 05",    x64_ri(&a, X64_MOV, 1, X64_RBP, 5));
	CHECK("40 f6 dc",    x64_r(&a, X64_NEG, 1, X64_RSP));
}

static void E1_3_shortest_immediates(void **state)
{
	(void)state;
	CHECK("48 83 c0 7f",                      x64_ri(&a, X64_ADD, 8, X64_RAX, 127));
	CHECK("48 05 80 00 00 00",                x64_ri(&a, X64_ADD, 8, X64_RAX, 128));
	CHECK("48 81 c1 80 00 00 00",             x64_ri(&a, X64_ADD, 8, X64_RCX, 128));
	CHECK("49 83 fc 80",                      x64_ri(&a, X64_CMP, 8, X64_R12, -128));
	CHECK("66 83 f9 ff",                      x64_ri(&a, X64_CMP, 2, X64_RCX, 65535));
	CHECK("04 ff",                            x64_ri(&a, X64_ADD, 1, X64_RAX, 255));
	CHECK("d1 e1",                            x64_shift_ri(&a, X64_SHL, 4, X64_RCX, 1));
	CHECK("48 c1 f9 3f",                      x64_shift_ri(&a, X64_SAR, 8, X64_RCX, 63));
	CHECK("48 6b c1 05",                      x64_rri(&a, X64_IMUL3, 8, X64_RAX, X64_RCX, 5));
	CHECK("b8 00 00 00 00",                   x64_mov_imm(&a, X64_RAX, 0));
	CHECK("41 b9 ff ff ff ff",                x64_mov_imm(&a, X64_R9, UINT32_MAX));
	CHECK("48 c7 c0 ff ff ff ff",             x64_mov_imm(&a, X64_RAX, -1));
	CHECK("48 c7 c0 00 00 00 80",             x64_mov_imm(&a, X64_RAX, INT32_MIN));
	CHECK("49 bf ff ff ff 7f ff ff ff ff",    x64_mov_imm(&a, X64_R15, INT32_MIN - INT64_C(1)));
	CHECK("48 b8 00 00 00 00 01 00 00 00",    x64_mov_imm(&a, X64_RAX, INT64_C(1) << 32));
}

static void E1_3_prefixes_in_order(void **state)
{
	(void)state;
	CHECK("f2 48 0f 2a c1",                   x64_rr(&a, X64_CVTSI2SD, 8, X64_XMM0, X64_RCX));
	CHECK("66 49 0f 7e c0",                   x64_rr(&a, X64_MOVQ, 8, X64_R8, X64_XMM0));
	CHECK("66 4c 0f 6e c0",                   x64_rr(&a, X64_MOVQ, 8, X64_XMM8, X64_RAX));
	CHECK("f0 65 67 66 41 0f c1 00",
	      x64_mr(&a, X64_LOCK_XADD, 2, ((struct x64_mem){ .base = X64_R8, .index = X64_NONE, .seg = X64_GS, .addr32 = true }), X64_RAX));
	CHECK("c4 e2 f1 f7 c2",                   x64_vex_rrr(&a, X64_SHLX, 8, X64_RAX, X64_RDX, X64_RCX));
}

/* The distance of a rip-relative operand counts from the end, so from behind the immediate. */
static void E1_3_rip_relative_with_immediate(void **state)
{
	asm_label l;

	(void)state;
	l = asm_label_new(&a);
	x64_mi(&a, X64_CMP, 4, x64_rip(l), 1000);
	x64_mi(&a, X64_CMP, 4, x64_rip(l), 1);
	x64_rm(&a, X64_LEA, 8, X64_RAX, x64_rip(l));
	asm_bind(&a, l);
	asm_link(&a, x64_fix);
	expect("rip", "81 3d 0e 00 00 00 e8 03 00 00 83 3d 07 00 00 00 01 48 8d 05 00 00 00 00");
}

static void E1_3_nops(void **state)
{
	(void)state;
	CHECK("90",                               x64_nop(&a, 1));
	CHECK("0f 1f 44 00 00",                   x64_nop(&a, 5));
	CHECK("66 0f 1f 84 00 00 00 00 00 66 90", x64_nop(&a, 11));
	for (unsigned n = 0; n <= 40; n++) {
		x64_nop(&a, n);
		assert_int_equal(a.n, n);
		asm_reset(&a);
	}
}

/* Every text that tables hand out is there, and numbers are the hardware's. */
static void E1_5_names(void **state)
{
	(void)state;
	for (int r = 0; r < X64_REG_COUNT; r++) {
		assert_int_equal(x64_regs[r].code, r & 15);
		assert_int_equal(x64_regs[r].class, r < 16 ? X64_CLASS_GPR : X64_CLASS_XMM);
	}
	assert_string_equal(x64_reg_name(X64_RAX, 8), "rax");
	assert_string_equal(x64_reg_name(X64_RAX, 4), "eax");
	assert_string_equal(x64_reg_name(X64_R9, 2), "r9w");
	assert_string_equal(x64_reg_name(X64_RSP, 1), "spl");
	for (unsigned cc = 0; cc < X64_CC_COUNT; cc++) {
		assert_non_null(x64_cc_name((enum x64_cc)cc));
		assert_int_equal(x64_cc_not(x64_cc_not((enum x64_cc)cc)), cc);
	}
	assert_int_equal(x64_cc_not(X64_CC_L), X64_CC_GE);
	for (unsigned op = 0; op < X64_OP_COUNT; op++)
		assert_non_null(x64_op_text[op]);
}

static int finish(void **state)
{
	(void)state;
	asm_fini(&a);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(E1_3_special_bases),
		cmocka_unit_test(E1_3_byte_registers_are_uniform),
		cmocka_unit_test(E1_3_shortest_immediates),
		cmocka_unit_test(E1_3_prefixes_in_order),
		cmocka_unit_test(E1_3_rip_relative_with_immediate),
		cmocka_unit_test(E1_3_nops),
		cmocka_unit_test(E1_5_names),
	};

	return cmocka_run_group_tests(tests, NULL, finish);
}
