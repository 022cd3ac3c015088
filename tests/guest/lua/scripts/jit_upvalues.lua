-- SPDX-License-Identifier: MIT
--
-- Upvalues read and written in hot loops, shared between closures, changed
-- by callees in the middle, closed while hot, of changing types.

local H = 3000

local function eq(a, b)
	if a ~= b or math.type(a) ~= math.type(b) then error(tostring(a) .. " is not " .. tostring(b), 2) end
end

-- written in the loop, read by another closure
local count = 0
local function get() return count end
local function up(n) for i = 1, n do count = count + i end return count end
eq(up(H), H * (H + 1) // 2)
eq(get(), count)
count = 0.5
eq(up(3), 6.5)
count = "1"
eq(up(1), 2)
count = 0
eq(up(H), H * (H + 1) // 2)

-- a callee changes what the loop uses
local limit, step = 10, 1
local function meddle(i) if i == 1500 then step = 2.5 elseif i == 2000 then limit = "100" elseif i == 2500 then step = 1 end end
local s = 0
local function run()
	for i = 1, H do
		meddle(i)
		s = s + step
		if i == 2600 then s = s + limit end
	end
	return s
end
eq(run(), 1499 * 1 + 1000 * 2.5 + 501 + 100)

-- a local of the loop's function, captured and changed by a closure while hot
local function captured()
	local v, total = 0, 0
	local function bump(by) v = v + by end
	for i = 1, H do
		bump(1)
		total = total + v
		if i == 2000 then bump(0.5) end
	end
	return v, total
end
local v, total = captured()
eq(v, H + 0.5)
eq(total, H * (H + 1) // 2 + 1000 * 0.5)

-- the loop variable captured: each turn its own
local fs = {}
for i = 1, H do
	local j = i
	local function inc() j = j + 1 return j end
	inc()
	if i % 500 == 0 then fs[#fs + 1] = inc end
end
for k, f in ipairs(fs) do
	eq(f(), k * 500 + 2)
	eq(f(), k * 500 + 3)
end

-- two closures share; one runs hot; the owner has returned
local function pair()
	local shared = 0
	return function(n) for _ = 1, n do shared = shared + 1 end return shared end, function(x) shared = x end
end
local add, set = pair()
eq(add(H), H)
set(-1.5)
eq(add(H), H - 1.5)
set(0)
eq(add(H), H)
set(nil)
local ok, m = pcall(add, 1)
assert(not ok and m:find("attempt to perform arithmetic on a nil value (upvalue 'shared')", 1, true))

-- upvalues of upvalues
local function outer()
	local a = 1
	return function()
		local b = 10
		return function(n)
			for _ = 1, n do
				a = a + 1
				b = b + a % 2
			end
			return a, b
		end
	end
end
local inner = outer()()
local a, b = inner(H)
eq(a, H + 1)
eq(b, 10 + H // 2)

-- a function that calls itself through an upvalue that is replaced while hot
local function fact(n) if n <= 1 then return 1 end return n * fact(n - 1) end
local original = fact
for _ = 1, 200 do eq(fact(15), 1307674368000) end
fact = function() return 2 end
eq(original(5), 10)
fact = original
eq(original(5), 120)

-- tables in upvalues, replaced in mid-loop
local data = { x = 1 }
local function reads()
	local r = 0
	for i = 1, H do
		r = r + data.x
		if i == 1000 then data = { y = 5, x = 2 } end
		if i == 2000 then data = setmetatable({}, { __index = function() return 0.5 end }) end
	end
	return r
end
eq(reads(), 1000 + 2000 + 500.0)

-- coroutines share upvalues with the main program
local shared = 0
local co = coroutine.wrap(function()
	while true do
		for _ = 1, 100 do shared = shared + 1 end
		coroutine.yield()
	end
end)
for i = 1, 60 do
	co()
	eq(shared, i * 100 + (i - 1))
	shared = shared + 1
end

-- an accumulator generator, many instances
local sum = 0
for i = 1, 200 do
	local acc = i
	local function plus(d) acc = acc + d return acc end
	for d = 1, 10 do plus(d) end
	sum = sum + acc
end
eq(sum, 200 * 201 // 2 + 200 * 55)
print("ok")
