-- SPDX-License-Identifier: MIT
--
-- Calls between hot functions: mutual recursion, fewer and more arguments
-- than parameters, none, one and many results adjusted, changing callees.

local H = 2000

-- mutual recursion
local is_odd
local function is_even(n) if n == 0 then return true end return is_odd(n - 1) end
function is_odd(n) if n == 0 then return false end return is_even(n - 1) end
for i = 1, 200 do assert(is_even(i) == (i % 2 == 0)) end
local F, M
function F(n) if n == 0 then return 1 end return n - M(F(n - 1)) end
function M(n) if n == 0 then return 0 end return n - F(M(n - 1)) end
assert(F(60) == 37 and M(60) == 37 and F(12) == 8 and M(12) == 7)
local function three(a) local function b(n) if n > 0 then return a(n - 1) + 1 end return 0 end return b end
local chain
local function first(n) if n > 0 then return chain(n - 1) + 1 end return 0 end
chain = three(first)
for _ = 1, 100 do assert(first(100) == 100) end

-- arguments
local function two(a, b) return a, b end
local function none() return nil end
local function count(...) return select("#", ...) end
local s = 0
for i = 1, H do
	local a, b = two(i)
	assert(a == i and b == nil)
	a, b = two(i, i + 1)
	assert(b == i + 1)
	a, b = two(i, i + 1, i + 2, i + 3)
	assert(a == i and b == i + 1)
	a, b = two()
	assert(a == nil and b == nil)
	assert(none(1, 2, 3) == nil)
	s = s + count() + count(i) + count(i, nil) + count(two(i)) + count(two(i), i) + count((two(i)))
end
assert(s == H * (0 + 1 + 2 + 2 + 2 + 1))

-- the number of arguments changes while hot
local function opt(a, b, c) return (a or 100) + (b or 10) + (c or 1) end
local total = 0
for i = 1, H do
	local k = i % 4
	if k == 0 then total = total + opt()
	elseif k == 1 then total = total + opt(1)
	elseif k == 2 then total = total + opt(1, 2)
	else total = total + opt(1, 2, 3, 4, 5) end
end
assert(total == H // 4 * (111 + 12 + 4 + 6))

-- results
local function results(n) if n == 0 then return end if n == 1 then return 1 end if n == 2 then return 1, 2 end return 1, 2, 3 end
for i = 1, H do
	local n = i % 4
	local a, b, c, d = results(n)
	assert(a == (n > 0 and 1 or nil) and b == (n > 1 and 2 or nil) and c == (n > 2 and 3 or nil) and d == nil)
	assert(count(results(n)) == n and count(results(n), results(n)) == 1 + n)
	local t = { results(n), results(n) }
	assert(#t == 1 + n or n == 0)
	assert(count((results(n))) == 1)
	results(n)
end
local function pass(n) return results(n) end
local function wrap2(n) local a, b = results(n) return a, b end
for i = 1, H do
	assert(count(pass(i % 4)) == i % 4 and count(wrap2(i % 4)) == 2)
end

-- the callee changes: Lua functions of different shapes, C functions, callables
local mt = { __call = function(self, x) return self.k + x end }
local callees = {
	function(x) return x + 1 end, function(x, y) return x + (y or 1) end, function(...) return (...) + 1 end,
	setmetatable({ k = 1 }, mt), function(x) local t = { x } return t[1] + 1 end,
}
local function apply(f, x) return f(x) end
for i = 1, H do assert(apply(callees[1], i) == i + 1) end
for i = 1, H do assert(apply(callees[i % #callees + 1], i) == i + 1) end
for i = 1, H do assert(apply(math.abs, -i) == i and apply(tostring, i) == "" .. i) end
local ok, m = pcall(apply, nil, 1)
assert(not ok and m:find("attempt to call a nil value (local 'f')", 1, true))
ok, m = pcall(apply, {}, 1)
assert(not ok and m:find("attempt to call a table value (local 'f')", 1, true))
for i = 1, H do assert(apply(callees[1], i) == i + 1) end

-- an argument is a copy
local function change(a, t) a = a + 1 t[1] = a return a end
local x, tab = 5, {}
for i = 1, H do assert(change(x, tab) == 6 and x == 5 and tab[1] == 6) end

-- calls as arguments of calls as arguments
local function add(a, b) return a + b end
local v = 0
for i = 1, H do v = add(add(v, add(i, 1)), add(add(1, -1), -1)) end
assert(v == H * (H + 1) // 2)

-- a callee that was integer-only gets a float in the middle of the loop
local function sq(a) return a * a end
local f = 0
for i = 1, H do f = f + sq(i == 1500 and 0.5 or 2) end
assert(f == (H - 1) * 4 + 0.25)

-- methods on changing classes
local A, B = {}, {}
A.__index, B.__index = A, B
function A:get(d) return self.v + d end
function B:get(d) return self.v * d end
local objects = { setmetatable({ v = 3 }, A), setmetatable({ v = 3 }, B), { v = 1, get = function(_, d) return d end } }
local sums = 0
for i = 1, H do sums = sums + objects[1]:get(2) end
for i = 1, H * 3 do sums = sums + objects[i % 3 + 1]:get(2) end
assert(sums == H * 5 + H * (5 + 6 + 2))
print("ok")
