-- SPDX-License-Identifier: MIT
--
-- Depth: 150,000 calls deep, runaway recursion caught as an error, a
-- million tail calls, and the state after an overflow.

-- 150,000 deep, in several shapes
local function depth(n) if n == 0 then return 0 end return 1 + depth(n - 1) end
assert(depth(150000) == 150000)

local function even(n) if n == 0 then return true end local r = not even(n - 1) return r end
assert(even(150000) == true and even(149999) == false)

local function list(n) if n == 0 then return nil end return { next = list(n - 1), v = n } end
local l, len = list(100000), 0
while l do len = len + l.v l = l.next end
assert(len == 100000 * 100001 // 2)

local function float_sum(n) if n == 0 then return 0.0 end return n * 0.5 + float_sum(n - 1) end
assert(float_sum(100000) == 100000 * 100001 / 4)

-- depth inside a coroutine
assert(coroutine.wrap(depth)(100000) == 100000)

-- runaway recursion is an error that names the stack
local calls = 0
local function forever(n)
	calls = calls + 1
	return 1 + forever(n + 1)
end
for _ = 1, 3 do
	calls = 0
	local ok, m = pcall(forever, 1)
	assert(not ok and m:find("stack overflow", 1, true), m)
	assert(calls > 100000 and calls < 10000000, calls)
end
-- after it, everything still works
assert(depth(10000) == 10000)

-- through two functions, methods, and metamethods
local function ping(n) return n + pong(n) end
function pong(n) return n - ping(n) end
assert(not pcall(ping, 1))
pong = nil
local obj = {}
function obj:again() return self:again() + 1 end
local ok, m = pcall(obj.again, obj)
assert(not ok and m:find("stack overflow", 1, true))
local mt = {}
mt.__index = function(t, k) return t[k] end
ok, m = pcall(function() return setmetatable({}, mt).x end)
assert(not ok and m:find("stack overflow", 1, true), m)
mt.__add = function(a, b) return a + b end
ok, m = pcall(function() return setmetatable({}, mt) + 1 end)
assert(not ok and m:find("stack overflow", 1, true), m)
mt.__tostring = function(t) return tostring(t) end
ok, m = pcall(tostring, setmetatable({}, mt))
assert(not ok and m:find("stack overflow", 1, true), m)
ok, m = pcall(function() local function f() return (("x"):gsub("x", f)) end return f() end)
assert(not ok and m:find("stack overflow", 1, true), m)

-- in a coroutine the error goes to the resumer
ok, m = coroutine.resume(coroutine.create(forever), 1)
assert(not ok and m:find("stack overflow", 1, true))

-- an overflow with pending <close> variables
local closed = 0
local function closing(n)
	local c <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
	return closing(n + 1) + 1
end
ok, m = pcall(closing, 1)
assert(not ok and closed > 100)

-- tail calls use no stack
local function loop(n, acc) if n == 0 then return acc end return loop(n - 1, acc + 1) end
assert(loop(1000000, 0) == 1000000)
local function a(n) if n == 0 then return "done" end return b(n - 1) end
function b(n) if n == 0 then return "done" end return a(n - 1) end
assert(a(1000000) == "done")
b = nil
local function varied(n, ...) if n == 0 then return select("#", ...) end return varied(n - 1, n, ...) end
assert(varied(200) == 200)
local callable = setmetatable({}, { __call = function(self, n) if n == 0 then return "called" end return self(n - 1) end })
assert(callable(100000) == "called")
local method = {}
function method:go(n) if n == 0 then return self end return self:go(n - 1) end
assert(method:go(100000) == method)
assert(select("#", (function(...) return select(2, ...) end)(1, 2, 3)) == 2)

-- pcall inside pcall inside pcall
local function nest(n) if n == 0 then return "inner" end return select(2, pcall(nest, n - 1)) end
assert(nest(150) == "inner")

-- Ackermann, Hanoi
local function ack(p, q)
	if p == 0 then return q + 1 end
	if q == 0 then return ack(p - 1, 1) end
	return ack(p - 1, ack(p, q - 1))
end
assert(ack(2, 50) == 103 and ack(3, 5) == 253)
local moves = 0
local function hanoi(n, x, y, z) if n > 0 then hanoi(n - 1, x, z, y) moves = moves + 1 hanoi(n - 1, z, y, x) end end
hanoi(12, "a", "b", "c")
assert(moves == 4095)
print("ok")
