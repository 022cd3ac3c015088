-- SPDX-License-Identifier: MIT
-- RUN: %hew lua --dump=bytecode %s | FileCheck %s
-- Comparisons fuse with jumps; `and` and `or` keep values on the stack or write straight to a local.

-- CHECK-LABEL: function f0
local function cond(a, b, t)
	if a < b and t.x ~= 5 or not a then t = a end
	-- CHECK-NEXT: 0 {{.*}} jnlt l0(a) l1(b) -> 3
	-- CHECK-NEXT: 1 {{.*}} getfield s3 l2(t) "x"
	-- CHECK-NEXT: 2 {{.*}} jneqk s3 5 -> 4
	-- CHECK-NEXT: 3 {{.*}} jt l0(a) -> 5
	-- CHECK-NEXT: 4 {{.*}} mov l2(t) l0(a)
	if a > b or 3 >= a then t = b end
	-- CHECK-NEXT: 5 {{.*}} jlt l1(b) l0(a) -> 7
	-- CHECK-NEXT: 6 {{.*}} jnlek l0(a) 3 -> 8
	-- CHECK-NEXT: 7 {{.*}} mov l2(t) l1(b)
	local x = a > b and a or b
	-- CHECK-NEXT: 8 {{.*}} jnlt l1(b) l0(a) -> 11
	-- CHECK-NEXT: 9 {{.*}} mov s3 l0(a)
	-- CHECK-NEXT: 10 {{.*}} jtkeep s3 -> 12
	-- CHECK-NEXT: 11 {{.*}} mov s3 l1(b)
	x = x and x.next
	-- CHECK-NEXT: 12 {{.*}} jf l3(x) -> 14
	-- CHECK-NEXT: 13 {{.*}} getfield l3(x) l3(x) "next"
	x = b or x
	-- CHECK-NEXT: 14 {{.*}} mov s4 l1(b)
	-- CHECK-NEXT: 15 {{.*}} jtkeep s4 -> 17
	-- CHECK-NEXT: 16 {{.*}} mov s4 l3(x)
	-- CHECK-NEXT: 17 {{.*}} mov l3(x) s4
	x = a == nil
	-- CHECK-NEXT: 18 {{.*}} jneqk l0(a) nil -> 21
	-- CHECK-NEXT: 19 {{.*}} loadtrue l3(x)
	-- CHECK-NEXT: 20 {{.*}} jmp -> 22
	-- CHECK-NEXT: 21 {{.*}} loadfalse l3(x)
	while true do
		if x then break end
		-- CHECK-NEXT: 22 {{.*}} jt l3(x) -> 25
		x = a
		-- CHECK-NEXT: 23 {{.*}} mov l3(x) l0(a)
	end
	-- CHECK-NEXT: 24 {{.*}} loop -> 22
	return not x
	-- CHECK-NEXT: 25 {{.*}} not s4 l3(x)
	-- CHECK-NEXT: 26 {{.*}} return1 s4
end
