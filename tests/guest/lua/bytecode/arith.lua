-- SPDX-License-Identifier: MIT
-- RUN: %hew lua --dump=bytecode %s | FileCheck %s
-- Locals are read in place and written directly; constants stand in the instruction; folding stops at NaN and zeros.

-- CHECK-LABEL: function f0
local function f(a, b)
	local x = a + b
	-- CHECK-NEXT: 0 {{.*}} add s2 l0(a) l1(b)
	x = a - 1
	-- CHECK-NEXT: 1 {{.*}} sub_rk l2(x) l0(a) 1
	x = 2 ^ x * b
	-- CHECK-NEXT: pow_kr s3 2 l2(x)
	-- CHECK-NEXT: mul l2(x) s3 l1(b)
	x = (a + b) * (a - b)
	-- CHECK-NEXT: add s3 l0(a) l1(b)
	-- CHECK-NEXT: sub s4 l0(a) l1(b)
	-- CHECK-NEXT: mul l2(x) s3 s4
	x = a & 0xff | 1.0
	-- CHECK-NEXT: band_rk s3 l0(a) 255
	-- CHECK-NEXT: loadk s4 1.0
	-- CHECK-NEXT: bor l2(x) s3 s4
	x = 2 * 3 + a // 1
	-- CHECK-NEXT: idiv_rk s3 l0(a) 1
	-- CHECK-NEXT: add_kr l2(x) 6 s3
	x = -2 ^ 2
	-- CHECK-NEXT: loadk l2(x) -4.0
	x = 0.0 / 0
	-- CHECK-NEXT: loadk s3 0.0
	-- CHECK-NEXT: div_rk l2(x) s3 0
	x = 1 - 1
	-- CHECK-NEXT: loadi l2(x) 0
	x = 1.0 - 1
	-- CHECK-NEXT: loadk s3 1.0
	-- CHECK-NEXT: sub_rk l2(x) s3 1
	x = "10" + a
	-- CHECK-NEXT: loadk s3 "10"
	-- CHECK-NEXT: add l2(x) s3 l0(a)
	return x
	-- CHECK-NEXT: return1 l2(x)
end
