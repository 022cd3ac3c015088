-- SPDX-License-Identifier: MIT
--
-- Guesses that fail at every place: in the middle of expressions with many
-- pending operands, in arguments, in table constructors, in conditions, in
-- inlined callees, in loop bounds; and types that flip for ever.

local H = 1500
local mt = {}
local function num(v) return type(v) == "table" and v.v or v end
for _, e in ipairs { "add", "sub", "mul" } do
	local f = load("local num = ... return function(a, b) return num(a) " .. ({ add = "+", sub = "-", mul = "*" })[e] .. " num(b) end")(num)
	mt["__" .. e] = f
end
mt.__lt = function(a, b) return num(a) < num(b) end
mt.__index = function(_, k) return 7 end
mt.__call = function(self, x) return self.v + x end
mt.__len = function() return 3 end
mt.__concat = function(a, b) return tostring(num(a)) .. tostring(num(b)) end
local box = setmetatable({ v = 2 }, mt)

-- every form at turn `at` gets the value `odd` instead of an integer
local forms = {
	function(x, i) return i + (i * 2 - (i + (3 * i + (x + 1)))) end,
	function(x, i) return (i + 1) * (i - 1) + (i + x) * (x - i) end,
	function(x, i) local t = { i, i + 1, x + i, i - 1, k = x * 2 } return t[1] + t[2] + t[3] + t[4] + t.k end,
	function(x, i) local function f(a, b, c) return a + b * c end return f(i, x + 0, i) + f(x, i, i) end,
	function(x, i) if i + 0 < x * 1000 then return i else return -i end end,
	function(x, i) local s = 0 for k = 1, 3 do s = s + k * x end return s + i end,
	function(x, i) local a, b, c = i, x + 1, i + 2 a, b, c = c, a, b return a + b + c * 2 end,
	function(x, i) return (i < 10 and x or x + 0) + (x == i and 1 or 2) end,
	function(x, i) local u = 0 local function g() u = u + x end g() g() return u + i end,
	function(x, i) local t = {} for k = 1, 4 do t[k] = x * k end local s = 0 for k = 1, #t do s = s + t[k] end return s + i end,
	function(x, i) return select("#", x + 1, i, x * 2) + (select(2, i, x + 5)) end,
	function(x, i) local r = i while r > i - 3 do r = r - 1 + (x - x) end return r + x end,
}
local function drive(f, odd, at)
	local s = 0
	for i = 1, H do
		local x = 5
		if i == at then x = odd end
		s = s + num(f(x, i))
	end
	return s
end
for which, f in ipairs(forms) do
	local base = {}
	for _, odd in ipairs { 5, 2.5, "4", box, 1 << 62, -0.0 } do
		for _, at in ipairs { 1, 700, 1000, 1200, H } do
			local got = drive(f, odd, at)
			-- the same sum put together: all the normal turns, and the odd one alone
			local want = 0
			for i = 1, H do want = want + num(f(i == at and odd or 5, i)) end
			assert(got == want, which)
		end
	end
	local ok, m = pcall(drive, f, {}, 1200)
	assert(not ok and m:find("attempt to", 1, true), m)
	ok, m = pcall(drive, f, nil, 1200)
	assert(not ok and m:find("attempt to", 1, true), m)
end

-- flips for ever: every turn another type, for a long time
local kinds = { 1, 0.5, "2", box, 3 }
local function flip(n)
	local s = 0
	for i = 1, n do
		local v = kinds[i % 5 + 1]
		s = s + num(v + i)
	end
	return s
end
local n = 50000
local want = (1 + 0.5 + 2 + 2 + 3) * (n // 5) + n * (n + 1) // 2
assert(flip(n) == want and flip(n) == want)

-- every k-th turn, for many k
for _, k in ipairs { 2, 3, 7, 16, 17, 100, 499 } do
	local s, expected = 0, 0
	for i = 1, H do
		local v = i
		if i % k == 0 then v = i + 0.5 end
		s = s + v
	end
	expected = H * (H + 1) // 2 + (H // k) * 0.5
	assert(s == expected)
end

-- a callee small enough to be inlined fails inside its caller's expression
local function inner(a, b) return a * 2 + b end
local function middle(a) return inner(a, 1) + inner(1, a) end
local function outer(a, i) return i + middle(a) * 10 + i end
for _, odd in ipairs { 0.25, "3", 1 << 61 } do
	local s, e = 0, 0
	for i = 1, H do
		local a = i == 1200 and odd or 4
		s = s + outer(a, i)
		e = e + (i + ((a * 2 + 1) + (2 + a)) * 10 + i)
	end
	assert(s == e)
end
local ok, m = pcall(function() for i = 1, H do outer(i == 1200 and {} or 4, i) end end)
assert(not ok and m:find("attempt to perform arithmetic on a table value (local 'a')", 1, true))

-- a field that is an integer, then a float, then absent, then by metatable
local o = { f = 1 }
local function get() return o.f + o.f * 2 end
for _ = 1, H do assert(get() == 3) end
o.f = 0.5
for _ = 1, H do assert(get() == 1.5) end
o.f = nil
assert(not pcall(get))
setmetatable(o, mt)
for _ = 1, H do assert(get() == 21) end
o = { g = 0, f = 2 }
for _ = 1, H do assert(get() == 6) end
print("ok")
