-- SPDX-License-Identifier: MIT
-- RUN: %hew lua --jit-threshold=5 --dump=ir %s 2>&1 | FileCheck %s
-- E4.4: a function with a loop is called, from compiled code without the interpreter between.
local function fold(a)
	local s = 0
	for i = 1, a do s = s + i end
	return s
end
local function loop(n)
	local s = 0
	for i = 1, n do s = s + fold(i) end
	return s
end
for _ = 1, 20 do loop(10) end
print(loop(10))
-- CHECK: -- ir of {{.*}}too_big.lua:9 (entry)
-- CHECK: call.c i64
-- CHECK: {{^}}end
-- CHECK: {{^}}220
