-- SPDX-License-Identifier: MIT
--
-- Ten thousand chunks loaded, run hot and dropped; functions redefined
-- from source; code that is replaced while it is on the stack.

-- 10^4 chunks, each with a loop of its own that may be compiled
local total = 0
for i = 1, 10000 do
	local f = load("local n = ... local s = 0 for i = 1, n do s = s + i * " .. i % 100 .. " end return s", "=c" .. i)
	total = total + f(20)
	if i % 10 == 0 then total = total + f(200) end
	if i % 1000 == 0 then collectgarbage() end
end
local want = 0
for i = 1, 10000 do want = want + 210 * (i % 100) + (i % 10 == 0 and 20100 * (i % 100) or 0) end
assert(total == want)

-- kept chunks, all alive at once
local kept = {}
for i = 1, 500 do
	kept[i] = load("local x = ... for i = 1, 30 do x = x + " .. i .. " end return x")
end
for round = 1, 10 do
	for i = 1, 500 do assert(kept[i](round) == round + 30 * i) end
end
for i = 1, 500, 2 do kept[i] = false end
collectgarbage()
for i = 2, 500, 2 do assert(kept[i](0.5) == 0.5 + 30 * i) end

-- a function redefined from source again and again: never run stale
for i = 1, 300 do
	assert(load("function redefined(n) local s = 0 for i = 1, n do s = s + " .. i .. " end return s end"))()
	for _ = 1, 5 do assert(redefined(20) == 20 * i) end
end
redefined = nil

-- modules reloaded: a table of functions that call each other through it
local module = {}
local source = "local M = ... function M.a(n) return M.b(n) + %d end function M.b(n) local s = 0 for i = 1, n do s = s + i end return s end"
for i = 1, 200 do
	load(source:format(i))(module)
	for _ = 1, 5 do assert(module.a(10) == 55 + i) end
end

-- dropped while running: the only reference goes away in the middle
local function run_and_forget(n)
	local box = {}
	box.f = load([[
		local box, n = ...
		local s = 0
		for i = 1, n do
			s = s + i
			if i == n // 2 then box.f = nil collectgarbage() end
		end
		return s
	]])
	return box.f(box, n)
end
for i = 1, 30 do assert(run_and_forget(300) == 45150) end

-- eight frames deep on the stack while what they rely on is changed
local depth_log = {}
function level(n, at)
	local s = 0
	for i = 1, 100 do
		s = s + step(i)
		if n > 0 and i == 50 then s = s + level(n - 1, at) end
		if n == 0 and i == at then
			function step(k) return k * 0.5 end
			collectgarbage()
		end
	end
	depth_log[n] = s
	return s
end
for round = 1, 20 do
	function step(k) return k end
	for _ = 1, 5 do level(0, -1) end
	local got = level(8, 50)
	-- the innermost changes step after turn 50; all others go on with half
	local half = 1275 + (5050 - 1275) * 0.5
	assert(got == half * 9)
	assert(depth_log[0] == half and depth_log[8] == half * 9)
end
level, step = nil, nil

-- many functions of one chunk, hot in turn
local parts = { "local t = {}\n" }
for i = 1, 150 do
	parts[#parts + 1] = ("t[%d] = function(n) local s = %d for i = 1, n do s = s + i end return s end\n"):format(i, i)
end
parts[#parts + 1] = "return t"
local t = load(table.concat(parts))()
for round = 1, 10 do
	for i = 1, 150 do assert(t[i](30) == 465 + i) end
end
print("ok")
