-- SPDX-License-Identifier: MIT
-- RUN: %hew lua --jit-threshold=5 --dump=ir %s 2>&1 | FileCheck %s
-- E4.4: what an inlined function calls is inlined, too, down to three levels. A function that calls is a leaf only when all its callees
-- are not Lua functions, so the middle one stays a call and inlines the inner one itself.
local function inner(x) return x * 2 end
local function middle(x) return inner(x) + 1 end
local function outer(n)
	local s = 0
	for i = 1, n do s = s + middle(i) end
	return s
end
for _ = 1, 20 do outer(100) end
print(outer(100))
-- CHECK: -- ir of {{.*}}nested.lua:6 (entry)
-- CHECK: check.identity
-- CHECK-NOT: call.c i64
-- CHECK: {{^}}end
-- CHECK: {{^}}10200
