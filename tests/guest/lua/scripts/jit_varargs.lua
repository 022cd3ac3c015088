-- SPDX-License-Identifier: MIT
--
-- Varargs in hot code: select, packing, passing on, changing counts and
-- types, in loops and in functions called from loops.

local H = 1500

local function sum(...)
	local s = 0
	for i = 1, select("#", ...) do s = s + (select(i, ...)) end
	return s
end
local function pack_sum(...)
	local t, s = { ... }, 0
	for i = 1, #t do s = s + t[i] end
	return s
end
local function first_two(...) local a, b = ... return (a or 0) + (b or 0) end
local function forward(...) return sum(...) + pack_sum(...) end
local function prefix(...) return select("#", "x", ...) end
local function tailed(...) return sum(1, ...) end
local function middle(...) return sum((...), ...) end

local args = { 1, 2, 3, 4, 5, 6, 7, 8 }
local totals = {}
for i = 1, H do
	local n = i % 9
	local want = n * (n + 1) // 2
	assert(sum(table.unpack(args, 1, n)) == want)
	assert(pack_sum(table.unpack(args, 1, n)) == want)
	assert(first_two(table.unpack(args, 1, n)) == (n == 0 and 0 or n == 1 and 1 or 3))
	assert(forward(table.unpack(args, 1, n)) == 2 * want)
	assert(prefix(table.unpack(args, 1, n)) == n + 1)
	assert(tailed(table.unpack(args, 1, n)) == want + 1)
	if n > 0 then assert(middle(table.unpack(args, 1, n)) == want + 1) end
end

-- types change
assert(sum(1, 2.5, "3") == 6.5 and math.type(sum(1, 2)) == "integer")
for i = 1, H do
	local v = i % 500 == 0 and 0.5 or 1
	local got = sum(v, 1, 1)
	assert(got == v + 2 and math.type(got) == math.type(v))
end
local ok, m = pcall(sum, 1, {}, 3)
assert(not ok and m:find("attempt to perform arithmetic on a table value", 1, true))
ok, m = pcall(sum, 1, nil, 3)
assert(not ok and m:find("attempt to perform arithmetic on a nil value", 1, true))

-- the varargs of a function with its own hot loop
local function loop(...)
	local s, n = 0, select("#", ...)
	for i = 1, H do
		local a, b, c = ...
		s = s + a * b + (c or 0)
		if n > 3 and i % 100 == 0 then s = s + select(-1, ...) end
	end
	return s, ...
end
local s, a, b, c, d = loop(2, 3)
assert(s == 6 * H and a == 2 and b == 3 and c == nil)
s, a, b, c, d = loop(2, 3, 1, 1000)
assert(s == 7 * H + 1000 * (H // 100) and d == 1000)
s = loop(0.5, 2, 1)
assert(s == 2.0 * H)

-- parameters and varargs together
local function both(p, q, ...)
	local k = 0
	for i = 1, 50 do
		p = p + 1
		k = k + select("#", ...)
	end
	return p, q, k, ...
end
for i = 1, 60 do
	local p, q, k, r1 = both(i, "q", i, nil)
	assert(p == i + 50 and q == "q" and k == 100 and r1 == i)
	p, q, k, r1 = both(i)
	assert(p == i + 50 and q == nil and k == 0 and r1 == nil)
end

-- closures over a copy of the varargs
local function bind(f, ...)
	local bound = table.pack(...)
	return function(...)
		local all = { table.unpack(bound, 1, bound.n) }
		for i = 1, select("#", ...) do all[bound.n + i] = (select(i, ...)) end
		return f(table.unpack(all, 1, bound.n + select("#", ...)))
	end
end
local add3 = bind(sum, 1, 2)
for i = 1, H do assert(add3(i) == 3 + i and add3(i, i) == 3 + 2 * i and add3() == 3) end

-- string.format, math.max and others with varying arguments
local function fmt(f, ...) return f:format(...) end
for i = 1, H do
	assert(fmt("%d-%s", i, "x") == i .. "-x" and fmt("none") == "none")
	assert(math.max(table.unpack(args, 1, i % 8 + 1)) == i % 8 + 1)
end
print("ok")
