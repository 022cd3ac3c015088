-- SPDX-License-Identifier: MIT
-- RUN: %hew lua --jit-threshold=5 --jit-stats %s 2>&1 | FileCheck %s
-- E4.4: the limit of the loop is outside of the array, but the loop never gets there. The check before the loop fails a few times; then
-- the function is compiled again with the check inside, and stays.
local function f(a, n)
	local s = 0
	for i = 1, n do
		local x = a[i]
		if x == 50 then break end
		s = s + x
	end
	return s
end
local a = {}
for i = 1, 60 do a[i] = i end
for _ = 1, 400 do assert(f(a, 1000) == 1225) end
print("done")
-- CHECK: leaves too often {{.*}}early_break.lua:5 ({{.*}}): bounds
-- CHECK-NOT: leaves too often
-- CHECK: compiled {{.*}}early_break.lua:5 (entry)
-- CHECK-NOT: leaves too often
-- CHECK: done
-- CHECK: 0 barred
