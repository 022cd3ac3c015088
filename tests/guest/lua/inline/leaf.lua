-- SPDX-License-Identifier: MIT
-- RUN: %hew lua --jit-threshold=5 --dump=ir %s 2>&1 | FileCheck %s
-- E4.4: a small function without loops is compiled into its caller: a check of its identity before the loop, no call inside. What leaves
-- inside of it has two frames.
local function add(a, b) return a + b end
local function loop(n)
	local s = 0
	for i = 1, n do s = add(s, i) end
	return s
end
for _ = 1, 20 do loop(100) end
print(loop(100))
-- CHECK: -- ir of {{.*}}leaf.lua:6 (entry)
-- CHECK: check.identity {{.*}} hoisted
-- CHECK-NOT: call.c i64
-- CHECK: states
-- CHECK: in fs
-- CHECK: end
-- CHECK: {{^}}5050
