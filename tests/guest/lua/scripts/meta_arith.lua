-- SPDX-License-Identifier: MIT
--
-- Metamethods of the operators: which operand's is taken, what it is
-- given, that one result is kept, that absent ones are errors.

local function tag(v)
	return type(v) == "table" and v.name or tostring(v)
end
local mt = {}
for event in ("add sub mul div idiv mod pow unm band bor bxor shl shr bnot concat"):gmatch("%a+") do
	mt["__" .. event] = function(a, b, extra)
		assert(extra == nil)
		return event .. "(" .. tag(a) .. "," .. tag(b) .. ")", "second result is dropped"
	end
end
local A = setmetatable({ name = "A" }, mt)
local B = setmetatable({ name = "B" }, { __add = function() return "B's add" end })

local function ops(x, y)
	return { x + y, x - y, x * y, x / y, x // y, x % y, x ^ y, x & y, x | y, x ~ y, x << y, x >> y, x .. y }
end
local names = { "add", "sub", "mul", "div", "idiv", "mod", "pow", "band", "bor", "bxor", "shl", "shr", "concat" }
for _, pair in ipairs { { A, A }, { A, 1 }, { 1, A }, { A, 1.5 }, { 2.5, A }, { A, "s" }, { "s", A }, { A, B } } do
	local x, y = pair[1], pair[2]
	local got = ops(x, y)
	for i, name in ipairs(names) do
		assert(got[i] == name .. "(" .. tag(x) .. "," .. tag(y) .. ")")
	end
end
assert(-A == "unm(A,A)" and ~A == "bnot(A,A)")
assert(B + A == "B's add" and A + B == "add(A,B)")	-- the left one first
assert(A - B == "sub(A,B)" and B - A == "sub(B,A)")
for _, v in ipairs { true, print } do
	assert(v + A == "add(" .. tag(v) .. ",A)")
	assert(A .. v == "concat(A," .. tag(v) .. ")")
end
assert(nil + A == "add(nil,A)" and A | nil == "bor(A,nil)")

-- with constants on either side, and floats where integers are wanted
assert(A + 1 == "add(A,1)" and 1 - A == "sub(1,A)" and A * 2.5 == "mul(A,2.5)")
assert(A & 0.5 == "band(A,0.5)" and 1 << A == "shl(1,A)" and A >> 70 == "shr(A,70)")

-- concatenation goes from the right, and metamethods see partial strings
assert("x" .. "y" .. A == "xconcat(y,A)")
assert("x" .. A .. "y" == "xconcat(A,y)")
local order = {}
local C = setmetatable({}, { __concat = function(a, b)
	order[#order + 1] = (type(a) == "table" and "C" or a) .. "|" .. (type(b) == "table" and "C" or b)
	return "r"
end })
assert(C .. "a" .. C == "r")
assert(table.concat(order, " ") == "a|C C|r")

-- the metamethod may be any callable value
local callable = setmetatable({}, { __call = function(self, a, b) return { a, b } end })
local D = setmetatable({}, { __sub = callable })
local r = D - 5
assert(r[1] == D and r[2] == 5)

-- a result that is nil or false is a result
local N = setmetatable({}, { __add = function() end, __mul = function() return false end })
assert(N + 1 == nil and N * 1 == false)

-- absent metamethods
local plain = setmetatable({}, {})
local function fails(f, what)
	local ok, m = pcall(f)
	assert(not ok and m:find(what, 1, true), m)
end
fails(function() return plain + 1 end, "attempt to perform arithmetic on a table value (upvalue 'plain')")
fails(function() return 1 .. plain end, "attempt to concatenate a table value (upvalue 'plain')")
fails(function() return plain & 1 end, "attempt to perform bitwise operation on a table value (upvalue 'plain')")
fails(function() return -plain end, "attempt to perform arithmetic on a table value (upvalue 'plain')")
fails(function() return A < 1 end, "attempt to compare table with number")
local bad = setmetatable({}, { __add = 5 })
fails(function() return bad + 1 end, "attempt to call a number value")

-- a metatable set and removed between uses
local E = {}
fails(function() return E + 1 end, "arithmetic on a table value")
setmetatable(E, mt)
E.name = "E"
assert(E + 1 == "add(E,1)")
mt.__add = nil
fails(function() return E + 1 end, "arithmetic on a table value")
mt.__add = function() return "new" end
assert(E + 1 == "new")
setmetatable(E, nil)
fails(function() return E + 1 end, "arithmetic on a table value")

-- a chain: vectors
local V = {}
V.__index = V
local function vec(x, y) return setmetatable({ x = x, y = y }, V) end
V.__add = function(a, b) return vec(a.x + b.x, a.y + b.y) end
V.__mul = function(a, b)
	if type(a) == "number" then return vec(a * b.x, a * b.y) end
	if type(b) == "number" then return vec(a.x * b, a.y * b) end
	return a.x * b.x + a.y * b.y
end
V.__unm = function(a) return vec(-a.x, -a.y) end
V.__eq = function(a, b) return a.x == b.x and a.y == b.y end
assert(2 * vec(1, 2) + -vec(1, 1) * 3 == vec(-1, 1) and vec(1, 2) * vec(3, 4) == 11)
print("ok")
