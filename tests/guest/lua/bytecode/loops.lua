-- SPDX-License-Identifier: MIT
-- RUN: %hew lua --dump=bytecode %s | FileCheck %s
-- One loop instruction per turn; every backward jump is LOOP, FORLOOP or TFORLOOP; a jump to a LOOP becomes one.

-- CHECK-LABEL: function f0
local function loops(t, n)
	for i = 1, n do
		t[i] = t[i] + 1.5
		-- CHECK: 3 {{.*}} forprep l2((for state)) -> 8
		-- CHECK-NEXT: 4 {{.*}} getindex s6 l0(t) l5(i)
		-- CHECK-NEXT: 5 {{.*}} add_rk s6 s6 1.5
		-- CHECK-NEXT: 6 {{.*}} setindex l0(t) l5(i) s6
	end
	-- CHECK-NEXT: 7 {{.*}} forloop l2((for state)) -> 4
	for k, v in next, t do
		-- CHECK: 11 {{.*}} tforprep l2((for state)) -> 13
		t[k] = v
		-- CHECK-NEXT: 12 {{.*}} setindex l0(t) l6(k) l7(v)
	end
	-- CHECK-NEXT: 13 {{.*}} tforcall l2((for state)) 2
	-- CHECK-NEXT: 14 {{.*}} tforloop l2((for state)) -> 12
	-- CHECK-NEXT: 15 {{.*}} close l5((for state))
	while n > 0 do
		-- CHECK-NEXT: 16 {{.*}} jngtk l1(n) 0 -> 22
		if t then n = n - 1 else n = n - 2 end
		-- CHECK-NEXT: 17 {{.*}} jf l0(t) -> 20
		-- CHECK-NEXT: 18 {{.*}} sub_rk l1(n) l1(n) 1
		-- CHECK-NEXT: 19 {{.*}} loop -> 16
		-- CHECK-NEXT: 20 {{.*}} sub_rk l1(n) l1(n) 2
	end
	repeat local m = n; n = n + 1 until m == 3
	-- CHECK-NEXT: loop -> 16
	-- CHECK-NEXT: [[TOP:[0-9]+]] {{.*}} mov s2 l1(n)
	-- CHECK-NEXT: add_rk l1(n) l1(n) 1
	-- CHECK-NEXT: jeqk l2(m) 3
	-- CHECK-NEXT: loop -> [[TOP]]
	::top::
	n = n - 1
	-- CHECK-NEXT: [[TOP2:[0-9]+]] {{.*}} sub_rk
	if n > 0 then goto top end
	-- CHECK-NEXT: jngtk
	-- CHECK-NEXT: loop -> [[TOP2]]
	for i = 1, 3 do end
	-- CHECK: forprep l2((for state)) -> [[END:[0-9]+]]
	-- CHECK-NEXT: forloop
	-- CHECK-NEXT: [[END]]
end
