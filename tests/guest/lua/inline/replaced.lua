-- SPDX-License-Identifier: MIT
-- RUN: %hew lua --jit-threshold=5 --jit-stats %s 2>&1 | FileCheck %s
-- RUN: %hew lua --jit=off %s 2>&1 | FileCheck --check-prefix=OFF %s
-- E4.4: another function in the same place: the check of its identity fails and the right one is called.
local f = function(x) return x + 1 end
local function set(g) f = g end
local function loop(n)
	local s = 0
	for i = 1, n do s = s + f(i) end
	return s
end
for _ = 1, 50 do loop(10) end
print(loop(10))
set(function(x) return x + 1000 end)
for _ = 1, 50 do loop(10) end
print(loop(10))
-- CHECK: {{^}}65
-- CHECK: leaves too often {{.*}}: identity
-- CHECK: {{^}}10055
-- CHECK: 0 barred
-- OFF: {{^}}65
-- OFF: {{^}}10055
