-- SPDX-License-Identifier: MIT
--
-- Variable arguments: counts, nils, adjustment, select, pack and unpack.

local function count(...) return select("#", ...) end
local function pass(...) return ... end
local function first(...) return (...) end
local function two(...) local a, b = ... return a, b end

assert(count() == 0 and count(nil) == 1 and count(nil, nil) == 2 and count(1, nil, 3) == 3)
assert(count(pass()) == 0 and count(pass(nil)) == 1 and count(pass(1, nil)) == 2)
assert(count(pass(1, 2), 3) == 2)		-- cut to one when not last
assert(count(3, pass(1, 2)) == 3)
assert(count((pass(1, 2))) == 1)		-- brackets cut to one
assert(count((pass())) == 1)
assert(first() == nil and first(7, 8) == 7)
local a, b = two(1)
assert(a == 1 and b == nil)

local function fixed(x, y, ...) return x, y, count(...) end
local x, y, n = fixed(1)
assert(x == 1 and y == nil and n == 0)
x, y, n = fixed(1, 2, 3, nil)
assert(x == 1 and y == 2 and n == 2)

-- in table constructors
local t = { pass(1, 2, 3) }
assert(#t == 3)
t = { pass(1, 2, 3), pass(4, 5) }
assert(#t == 3 and t[1] == 1 and t[2] == 4 and t[3] == 5)
t = { pass(1, 2), nil }
assert(t[1] == 1 and t[2] == nil)
t = { [1] = "a", pass("b", "c") }
assert(t[1] == "b" and t[2] == "c")

-- select
assert(count(select(2, 1, 2, 3)) == 2)
assert(select(-1, 1, 2, 3) == 3)
assert(count(select(-2, 1, 2, 3)) == 2)
assert(count(select(4, 1, 2, 3)) == 0)
assert(not pcall(select, 0, 1))
assert(not pcall(select, -2, 1))

-- pack and unpack
t = table.pack(nil, nil, nil)
assert(t.n == 3)
assert(count(table.unpack(t, 1, t.n)) == 3)
assert(count(table.unpack({}, 1, 5)) == 5)
assert(count(table.unpack({ 1, 2, 3 }, 2)) == 2)
assert(count(table.unpack({ 1, 2 }, 3)) == 0)
assert(select("#", table.unpack({}, math.maxinteger - 1, math.maxinteger)) == 2)
assert(not pcall(table.unpack, {}, 1, 1e7))

-- many
local many = {}
for i = 1, 200 do many[i] = i end
local function sum(...)
	local s = 0
	for i = 1, select("#", ...) do s = s + (select(i, ...)) end
	return s
end
assert(sum(table.unpack(many)) == 20100)
for i = 1, 5000 do many[i] = i end
assert(count(table.unpack(many)) == 5000)
assert(select(5000, pass(table.unpack(many))) == 5000)
assert(math.max(table.unpack(many)) == 5000)
assert(#string.char(table.unpack(many, 1, 200)) == 200)

-- varargs survive what the function does meanwhile
local function keep(...)
	local before = select("#", ...)
	local junk = {}
	for i = 1, 100 do junk[i] = { i } end
	local function inner(...) return count(...) end
	assert(inner(1, 2, ...) == before + 2)
	return ...
end
assert(select(3, keep("a", nil, "c")) == "c")

-- assigning to a parameter does not change the varargs, nor the caller
local function assign(p, ...)
	p = "changed"
	local q = ...
	q = "too"
	return p, ...
end
local v = "mine"
local p, q = assign(v, v)
assert(p == "changed" and q == "mine" and v == "mine")

-- a recursion over the arguments
local function reverse(...)
	local function go(k, head, ...)
		if k == 0 then return end
		if k == 1 then return head end
		local rest = table.pack(go(k - 1, ...))
		rest[#rest + 1] = head
		return table.unpack(rest)
	end
	return go(select("#", ...), ...)
end
assert(table.concat({ reverse(1, 2, 3, 4) }, ",") == "4,3,2,1")

-- tail calls pass everything on
local function tail(k, ...)
	if k == 0 then return ... end
	return tail(k - 1, k, ...)
end
assert(count(tail(100)) == 100 and (tail(100)) == 1)

-- a main chunk is a vararg function
assert(load("return select('#', ...), ...")(5, 6) == 2)
print("ok")
