-- SPDX-License-Identifier: MIT
-- RUN: %hew lua --jit-threshold=5 %s 2>&1 | FileCheck %s
-- RUN: %hew lua --jit=off %s 2>&1 | FileCheck %s
-- E4.4, E5.3: an error inside of an inlined function has the line and the frames of both.
local function get(t, k)
	return t[k].x
end
local function loop(list)
	local s = 0
	for i = 1, #list do s = s + get(list, i) end
	return s
end
local list = {}
for i = 1, 50 do list[i] = { x = i } end
for _ = 1, 50 do loop(list) end
list[30] = false
print(xpcall(loop, function(m) return debug.traceback(m, 1) end, list))
-- CHECK: false {{.*}}error.lua:6: attempt to index a boolean value (field '?')
-- CHECK: stack traceback:
-- CHECK: error.lua:6: in {{.*}}get
-- CHECK: error.lua:10: in function <{{.*}}error.lua:8>
