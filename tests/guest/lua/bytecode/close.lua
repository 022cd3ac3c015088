-- SPDX-License-Identifier: MIT
-- RUN: %hew lua --dump=bytecode %s | FileCheck %s
-- Boxes for captured locals, one per turn of a loop; to-be-closed variables are closed on every way out.

-- CHECK-LABEL: function f0
-- CHECK: upvalue
local function boxes(p)
	local x = 1
	-- CHECK: 0 {{.*}} newbox l0(p)
	-- CHECK-NEXT: loadi s1 1
	-- CHECK-NEXT: newbox l1(x)
	for i = 1, 3 do
		-- CHECK: forprep
		-- CHECK-NEXT: newbox l5(i)
		boxes(function() x = x + i return p end)
		-- CHECK-NEXT: getup s6 u0(boxes)
		-- CHECK-NEXT: closure s8 f0
		-- CHECK-NEXT: call s6 1 0
	end
	x = x + p
	-- CHECK: getbox s2 l1(x)
	-- CHECK-NEXT: getbox s3 l0(p)
	-- CHECK-NEXT: add s2 s2 s3
	-- CHECK-NEXT: setbox l1(x) s2
end

-- CHECK-LABEL: function f1
local function closing(f)
	while f() do
		local c <close> = f()
		-- CHECK: tbc l1(c)
		if c then break end
		-- CHECK-NEXT: jf l1(c) -> [[ON:[0-9]+]]
		-- CHECK-NEXT: close l1(c)
		-- CHECK-NEXT: jmp -> [[OUT:[0-9]+]]
		if f then return f() end
		-- CHECK-NEXT: [[ON]] {{.*}} jf l0(f) -> [[END:[0-9]+]]
		-- CHECK-NEXT: mov s2 l0(f)
		-- CHECK-NEXT: call s2 0 open
		-- CHECK-NEXT: cache
		-- CHECK-NEXT: return s2 open
	end
	-- CHECK-NEXT: [[END]] {{.*}} close l1(c)
	-- CHECK-NEXT: loop -> 0
	-- CHECK-NEXT: [[OUT]]
	local d <close> = f
	-- CHECK-SAME: mov s1 l0(f)
	-- CHECK-NEXT: tbc l1(d)
	-- CHECK-NEXT: mov s2 l1(d)
	-- CHECK-NEXT: newbox l2(d)
	local function g() return d end
	-- CHECK-NEXT: closure s3 f0
	return d
	-- CHECK-NEXT: mov s4 l1(d)
	-- CHECK-NEXT: return s4 1
end
