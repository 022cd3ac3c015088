-- SPDX-License-Identifier: MIT
--
-- Recursion in compiled code: deep, runaway, through several functions and
-- coroutines, with types that change at the bottom.

-- compiled first on shallow calls, then deep
local function depth(n) if n == 0 then return 0 end return 1 + depth(n - 1) end
for _ = 1, 500 do assert(depth(10) == 10) end
assert(depth(150000) == 150000)
local function sum(n, acc) if n == 0 then return acc end local r = sum(n - 1, acc + n) return r end
for _ = 1, 500 do assert(sum(10, 0) == 55) end
assert(sum(100000, 0) == 5000050000 and sum(100000, 0.5) == 5000050000.5)

-- the guess fails at the bottom of a deep stack, and all frames return
local function down(n, last) if n == 0 then return last end return down(n - 1, last) + 1 end
for _ = 1, 500 do assert(down(10, 1) == 11) end
assert(down(50000, 0.5) == 50000.5 and down(50000, "1") == 50001 and down(10, 1) == 11)
local mt = { __add = function(a, b) return b + 100 end }
assert(down(1000, setmetatable({}, mt)) == 1100)
local ok, m = pcall(down, 50000, {})
assert(not ok and m:find("attempt to perform arithmetic on a table value", 1, true))
ok, m = pcall(down, 50000, nil)
assert(not ok and m:find("attempt to perform arithmetic on a nil value", 1, true))

-- runaway, from hot code, again and again
local function forever(n) return 1 + forever(n + 1) end
for _ = 1, 5 do
	ok, m = pcall(forever, 1)
	assert(not ok and m:find("stack overflow", 1, true))
	assert(depth(1000) == 1000)
end
local function grow(t) t[#t + 1] = 1 return grow(t) + 1 end
local t = {}
ok, m = pcall(grow, t)
assert(not ok and m:find("stack overflow", 1, true) and #t > 10000)
ok, m = coroutine.resume(coroutine.create(function() return forever(1) end))
assert(not ok and m:find("stack overflow", 1, true))

-- overflow inside a pcall inside a recursion: the inner one catches it
local function layered(n)
	if n == 0 then
		local fine, e = pcall(forever, 1)
		assert(not fine and e:find("stack overflow", 1, true))
		return "caught"
	end
	local r = layered(n - 1)
	return r
end
for _ = 1, 3 do assert(layered(1000) == "caught") end

-- three functions in a ring, integers and floats by turns
local a, b, c
function a(n, x) if n <= 0 then return x end return b(n - 1, x + 1) end
function b(n, x) if n <= 0 then return x end return (c(n - 1, x * 1)) end
function c(n, x) if n <= 0 then return x end local r = a(n - 1, x - 0.5) return r end
for i = 1, 300 do assert(a(30, 0) == 5.0) end
assert(a(30000, 0) == 5000.0 and a(1, 0) == 1 and a(2, 5) == 6)

-- tak, with integers and floats
local function tak(x, y, z) if y >= x then return z end return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y)) end
assert(tak(12, 8, 4) == 5 and tak(12.0, 8.0, 4.0) == 5.0)

-- generators that recurse, each with a deep stack of its own
local cos = {}
for i = 1, 20 do
	cos[i] = coroutine.wrap(function()
		local function go(n) if n == 0 then coroutine.yield(i) return 0 end return 1 + go(n - 1) end
		return go(i * 100)
	end)
end
for i = 1, 20 do assert(cos[i]() == i) end
for i = 20, 1, -1 do assert(cos[i]() == i * 100) end

-- many locals live across the recursive call
local function wide(n)
	if n == 0 then return 1, 2.5, "s", true end
	local i, f, s, flag = wide(n - 1)
	local t = { i, f }
	local i2, f2, s2, flag2 = i + 1, f + 0.5, #s < 20 and s .. "s" or s, not flag
	if n % 1000 == 0 then collectgarbage("step") end
	return t[1] + i2 - i, t[2] + f2 - f, s2, flag2
end
for _ = 1, 100 do wide(5) end
local i, f, s, flag = wide(10000)
assert(i == 10001 and f == 5002.5 and #s == 20 and flag == true)

-- tail calls in hot code: constant stack, also between two functions
local even, odd
function even(n) if n == 0 then return true end return odd(n - 1) end
function odd(n) if n == 0 then return false end return even(n - 1) end
assert(even(1000000) and not odd(1000000))
local function loop(n, x) if n == 0 then return x end return loop(n - 1, x + (n % 1000 == 0 and 0.5 or 1)) end
assert(loop(100000, 0) == 99900 + 50.0)
print("ok")
