-- SPDX-License-Identifier: MIT
--
-- load with strings, functions, environments and modes; string.dump and
-- back; chunks as values.

-- strings and pieces
assert(load("return 1 + 1")() == 2)
local pieces, i = { "return ", "", "1", "+2", nil }, 0
assert(load(function() i = i + 1 return i == 2 and "4*" or pieces[i] end)() == 6)
i = 0
local parts = { "retu", "rn 'a", "bc'" }
assert(load(function() i = i + 1 return parts[i] end)() == "abc")
assert(load(function() return nil end)() == nil)
local f, m = load(function() return {} end)
assert(f == nil and m:find("reader function must return a string", 1, true))
assert(select("#", load("")()) == 0 and select("#", load("return")()) == 0)
assert(select("#", load("return ...")(1, nil)) == 2)

-- environments
local env = { y = 5 }
assert(load("x = y; return x", "c", "t", env)() == 5 and env.x == 5 and x == nil)
assert(load("return _ENV", "c", "t", env)() == env)
assert(load("local print = print; return print", "c", "t", {})() == nil)
f = load("return a", "c", "t", nil)
assert(not pcall(f))
local get = load("a = (a or 0) + 1 return a")
assert(get() == 1 and get() == 2 and a == 2)
a = nil

-- _ENV as a local, parameter, upvalue
do
	local _ENV = { tostring = tostring }
	z = 3
	assert = nil
	local s = tostring(z)
	_ENV.s = s
end
assert(z == nil)
local function with(_ENV) v = (v or 0) + 1 return v end
local e1, e2 = { v = 10 }, {}
assert(with(e1) == 11 and with(e2) == 1 and with(e1) == 12 and e2.v == 1)
local function sandbox() local _ENV <const> = setmetatable({}, { __index = _G }) w = 1 return w, type(print) end
local w1, w2 = sandbox()
assert(w1 == 1 and w2 == "function" and w == nil)

-- errors
f, m = load("return =", "=name")
assert(f == nil and m == "name:1: unexpected symbol near '='")
f, m = load(function() error("reader", 0) end)
assert(f == nil and m:find("^reader"))
assert(not pcall(load, nil) and not pcall(load, {}))

-- dump and load again
local function add(p, q) return p + q end
local copy = load(string.dump(add))
assert(copy(1, 2) == 3 and copy(0.5, 1) == 1.5 and copy ~= add)
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local bin = string.dump(fib)
copy = load(bin)
assert(not pcall(copy, 5))			-- its upvalue 'fib' is a fresh nil
local up = load(string.dump(function() return add end))
assert(up() == _G)				-- the first upvalue is set to the globals
local big = assert(load(string.dump(assert(load([[
	local t, s = { 1, 2.5, "three", nil, true }, 0
	for i = 1, 10 do s = s + i * t[1] end
	local function inner(...) local a <const>, b = 7, ... return a, b, select('#', ...) end
	goto over
	s = -1
	::over::
	return s, t[2], t[3], t[5], inner(8, 9)
]])))))
for _ = 1, 100 do
	local r = table.pack(big())
	assert(r[1] == 55 and r[2] == 2.5 and r[3] == "three" and r[4] == true and r[5] == 7 and r[6] == 8 and r[7] == 2)
end
local long = "return '" .. ("long"):rep(1000) .. "', 9223372036854775807, -0.0, 1e300, 0x1p-1074"
local r = table.pack(load(string.dump(load(long)))())
assert(#r[1] == 4000 and r[2] == math.maxinteger and 1 / r[3] == -math.huge and r[4] == 1e300 and r[5] == 5e-324)
-- stripped
copy = load(string.dump(load("local x = nil; return x.y", "=chunk"), true))
local ok, msg = pcall(copy)
assert(not ok and msg:find("attempt to index a nil value", 1, true) and not msg:find("chunk", 1, true), msg)
copy = load(string.dump(load("local x = nil; return x.y", "=chunk")))
ok, msg = pcall(copy)
assert(msg == "chunk:1: attempt to index a nil value (local 'x')", msg)
assert(not pcall(string.dump, print))

-- modes
bin = string.dump(add)
assert(load(bin, "c", "b") and load("return 1", "c", "t") and load(bin, "c", "bt"))
f, m = load(bin, "c", "t")
assert(f == nil and m:find("attempt to load a binary chunk (mode is 't')", 1, true), m)
f, m = load("return 1", "c", "b")
assert(f == nil and m:find("attempt to load a text chunk (mode is 'b')", 1, true), m)

-- every truncation is refused
for n = 1, #bin - 1 do
	f, m = load(bin:sub(1, n), "c", "b")
	assert(f == nil and type(m) == "string")
end
-- in pieces of one byte
i = 0
assert(load(function() i = i + 1 return i <= #bin and bin:sub(i, i) or nil end)(20, 22) == 42)
print("ok")
