-- SPDX-License-Identifier: MIT
-- RUN: %hew lua --jit-threshold=5 --dump=ir %s 2>&1 | FileCheck %s
-- E4.4: an array read in a numeric for loop: one check before the loop, none inside.
local function sum(a, n)
	local s = 0
	for i = 1, n do s = s + a[i] end
	return s
end
local a = {}
for i = 1, 100 do a[i] = i end
for _ = 1, 20 do sum(a, 100) end
print(sum(a, 100), pcall(sum, a, 101))
-- CHECK: -- ir of {{.*}}for_loop.lua:4 (entry)
-- CHECK: check.bounds {{.*}} hoisted
-- CHECK-NOT: check.bounds
-- CHECK: load.i64 {{.*}} !numbers
-- CHECK-NOT: check.bounds
-- CHECK: end
-- CHECK: 5050 false {{.*}}for_loop.lua:6: attempt to perform arithmetic on a nil value (field '?')
