-- SPDX-License-Identifier: MIT
--
-- Closures: each turn of a loop has fresh variables, closures of one scope
-- share them, and they live on after the frame is gone.

-- numeric for
local fs = {}
for i = 1, 5 do
	local j = i * 10
	fs[i] = { function() return i end, function(v) i = v end, function() j = j + 1 return j end }
end
for i = 1, 5 do
	assert(fs[i][1]() == i)
	fs[i][2]("new" .. i)
	assert(fs[i][3]() == i * 10 + 1 and fs[i][3]() == i * 10 + 2)
end
for i = 1, 5 do
	assert(fs[i][1]() == "new" .. i)
end

-- generic for, while, repeat
fs = {}
for _, v in ipairs { "a", "b", "c" } do
	fs[#fs + 1] = function() v = v .. "!" return v end
end
local n = 0
while n < 3 do
	local mine = n
	fs[#fs + 1] = function() mine = mine + 1 return mine end
	n = n + 1
end
repeat
	local mine = n
	fs[#fs + 1] = function() mine = mine + 1 return mine end
	n = n + 1
until mine == 5
local out = {}
for turn = 1, 2 do
	for _, f in ipairs(fs) do out[#out + 1] = f() end
end
assert(table.concat(out, " ") == "a! b! c! 1 2 3 4 5 6 a!! b!! c!! 2 3 4 5 6 7")

-- a shared variable, three levels deep
local function counter()
	local count = 0
	local function up()
		return function(by)
			count = count + by
			return count
		end
	end
	return up(), up(), function() return count end
end
local a, b, get = counter()
local _, _, other = counter()
assert(a(1) == 1 and b(10) == 11 and a(100) == 111 and get() == 111 and other() == 0)

-- a parameter and a vararg copy are variables like any other
local function make(x, ...)
	local rest = { ... }
	return function() x = x + 1 return x + #rest end
end
local f1, f2 = make(1, "a"), make(100)
assert(f1() == 3 and f1() == 4 and f2() == 101)

-- the enclosing function sees writes of the closure while it runs
local function both()
	local v = 1
	local function set(n) v = n end
	set(2)
	local seen = v
	set("three")
	return seen, v
end
local x, y = both()
assert(x == 2 and y == "three")

-- break and return leave the scope properly
local function first_even(list)
	local result
	for _, v in ipairs(list) do
		local w = v
		local function get_w() return w end
		if v % 2 == 0 then
			result = get_w
			break
		end
	end
	return result
end
assert(first_even { 3, 5, 8, 9 }() == 8)

-- recursion through an upvalue, and through the name's own local
local function fact(k) return k <= 1 and 1 or k * fact(k - 1) end
local alias = fact
fact = nil
assert(not pcall(alias, 3))
fact = alias
assert(alias(10) == 3628800)

-- closures from one definition are different, upvalues equal or not
local function id() return function() end end
assert(id() ~= nil)
local list = {}
for i = 1, 100 do
	list[i] = function() return i end
end
local sum = 0
for i = 1, 100 do sum = sum + list[i]() end
assert(sum == 5050)

-- an upvalue of an upvalue of a loop variable
local deep = {}
for i = 1, 3 do
	deep[i] = function()
		return function()
			return function() i = i * 2 return i end
		end
	end
end
local d1 = deep[2]()()
assert(d1() == 4 and deep[2]()()() == 8 and d1() == 16 and deep[1]()()() == 2)
print("ok")
