-- SPDX-License-Identifier: MIT
-- RUN: %hew lua --jit-stats %s 2>&1 | FileCheck %s
-- RUN: %hew lua --jit-stats --jit-threshold=1000 %s 2>&1 | FileCheck --check-prefix=GIVEN %s
--
-- When functions are compiled: a short one after more calls than a long one, since compiling costs about the same; a recursion that
-- only descends not at all, as code would save less than the pages of the native stack cost. An option that names a number is obeyed.

local function short(x)
	return x + 1
end

local function long(x)
	x = x + 1 x = x * 2 x = x - 3 x = x // 2
	x = x + 1 x = x * 2 x = x - 3 x = x // 2
	x = x + 1 x = x * 2 x = x - 3 x = x // 2
	x = x + 1 x = x * 2 x = x - 3 x = x // 2
	return x
end

local function endless(n)
	return 1 + endless(n + 1)
end

local function down(n)
	if n == 0 then
		return 0
	end
	return 1 + down(n - 1)
end

-- Every call of it is the first of its coroutine.
local function body(x)
	return x * 2
end

-- Calls f so often that a function is hot, but not in one loop that is.
local function calls(f, x, n)
	for _ = 1, n do
		load("local f, x = ... for _ = 1, 100 do f(x) end")(f, x)
	end
end

io.stderr:write("4000 calls\n")
calls(short, 1, 40)
calls(long, 1, 40)
io.stderr:write("20000 calls\n")
calls(short, 1, 160)
io.stderr:write("recursion\n")
io.stderr:write(tostring(pcall(endless, 1)), " ", down(30000) + down(30000) + down(30000), "\n")
io.stderr:write("coroutines\n")
calls(function(f) coroutine.wrap(f)(1) end, body, 200)
io.stderr:write("end\n")

-- CHECK:      4000 calls
-- CHECK-NEXT: compiled {{.*}}jit_when.lua:12 (entry)
-- CHECK-NEXT: 20000 calls
-- CHECK-NEXT: compiled {{.*}}jit_when.lua:8 (entry)
-- CHECK-NEXT: recursion
-- CHECK-NEXT: compiled {{.*}}jit_when.lua:24 (entry)
-- CHECK-NEXT: false 90000
-- CHECK-NEXT: coroutines
-- CHECK-NEXT: compiled {{.*}}jit_when.lua:51 (entry)
-- CHECK-NEXT: compiled {{.*}}jit_when.lua:32 (entry)
-- CHECK-NEXT: end

-- GIVEN:      4000 calls
-- GIVEN-NEXT: compiled {{.*}}jit_when.lua:8 (entry)
-- GIVEN-NEXT: compiled {{.*}}jit_when.lua:12 (entry)
-- GIVEN-NEXT: 20000 calls
-- GIVEN-NEXT: recursion
-- GIVEN-NEXT: compiled {{.*}}jit_when.lua:24 (entry)
-- GIVEN-NEXT: false 90000
-- GIVEN-NEXT: coroutines
-- GIVEN-NEXT: compiled {{.*}}jit_when.lua:51 (entry)
-- GIVEN-NEXT: compiled {{.*}}jit_when.lua:32 (entry)
-- GIVEN-NEXT: end
