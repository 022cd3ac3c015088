-- SPDX-License-Identifier: MIT
--
-- Closures and functions made in hot loops; functions and globals replaced
-- while hot; the environment changed.

local H = 3000

-- a closure per turn, called at once, kept, dropped
local sum = 0
for i = 1, H do
	local f = function(x) return x + i end
	sum = sum + f(1)
end
assert(sum == H * (H + 1) // 2 + H)
local kept = {}
for i = 1, H do
	local v = i
	kept[i] = function() v = v + 1 return v end
	if i > 1 then kept[i - 1]() end
end
for i = 1, H do assert(kept[i]() == i + (i < H and 2 or 1)) end

-- the same prototype, hot through different closures
local function make(k) return function(n) local s = 0 for i = 1, n do s = s + k end return s end end
for k = 1, 50 do assert(make(k)(100) == 100 * k) end
assert(make(0.5)(100) == 50.0 and make("2")(100) == 200)
local f1, f2 = make(1), make(2.5)
for _ = 1, 50 do assert(f1(100) == 100 and f2(100) == 250.0) end

-- currying, composition, fold
local function compose(f, g) return function(x) return f(g(x)) end end
local inc, dbl = function(x) return x + 1 end, function(x) return x * 2 end
local h = compose(inc, compose(dbl, inc))
for i = 1, H do assert(h(i) == 2 * (i + 1) + 1) end
local function fold(t, f, a) for i = 1, #t do a = f(a, t[i]) end return a end
local t = {}
for i = 1, 100 do t[i] = i end
for _ = 1, 50 do
	assert(fold(t, function(a, b) return a + b end, 0) == 5050)
	assert(fold(t, math.max, 0) == 100)
	assert(#fold(t, function(a, b) return a .. b end, "") == 192)
end

-- a global function redefined while hot
function gfun(x) return x + 1 end
local function use(n) local s = 0 for i = 1, n do s = s + gfun(i) end return s end
assert(use(100) == 5150)
local total = 0
for i = 1, H do
	total = total + gfun(0)
	if i == 1000 then function gfun(x) return x + 10 end end
	if i == 2000 then gfun = math.cos end
	if i == 2500 then gfun = function() return 0.5 end end
end
assert(total == 1000 + 10000 + 500 + 250)
gfun = nil
local ok, m = pcall(use, 1)
assert(not ok and m:find("attempt to call a nil value (global 'gfun')", 1, true))
-- in the middle of its own activation
function again(n) again = function() return "new" end local s = 0 for i = 1, n do s = s + i end return s, again() end
local s, r = again(H)
assert(s == H * (H + 1) // 2 and r == "new" and again() == "new")
again = nil

-- globals of changing types, read and written
gnum = 0
for i = 1, H do
	gnum = gnum + 1
	if i == 1000 then gnum = 0.5 end
	if i == 2000 then gnum = "7" end
	if i == 2500 then gnum = gnum .. "" end
end
assert(gnum == 507 + 500)
gnum = nil
for i = 1, H do gcount = (gcount or 0) + 1 if i % 1000 == 0 then gcount = nil end end
assert(gcount == nil)

-- many globals, made while hot: the table of globals grows
for i = 1, 500 do _G["gv" .. i] = i end
total = 0
for i = 1, 500 do total = total + _G["gv" .. i] end
assert(total == 125250 and gv500 == 500)
for i = 1, 500 do _G["gv" .. i] = nil end

-- a metatable on the globals, set while hot
local misses = 0
total = 0
for i = 1, H do
	total = total + (missing_global or 0)
	if i == 1000 then setmetatable(_G, { __index = function(_, k) misses = misses + 1 return 1 end }) end
	if i == 2000 then setmetatable(_G, nil) end
end
assert(total == 1000 and misses == 1000)

-- library functions replaced while hot
local real = math.floor
local n = 0
for i = 1, H do
	n = n + math.floor(1.5)
	if i == 1000 then math.floor = function() return 100 end end
	if i == 2000 then math.floor = real end
end
assert(n == 1000 + 100000 + 1000)

-- one function under several environments
local function chunk(env) return load("local n = ... for i = 1, n do v = (v or 0) + 1 end return v", "=c", "t", env) end
local e1, e2 = {}, { v = 0.5 }
for _ = 1, 20 do chunk(e1)(50) end
assert(e1.v == 1000)
local c2 = chunk(e2)
for _ = 1, 20 do c2(50) end
assert(e2.v == 1000.5 and v == nil)

-- methods replaced on the object in use
local obj = { n = 0 }
function obj:step() self.n = self.n + 1 end
for i = 1, H do
	obj:step()
	if i == 1500 then function obj:step() self.n = self.n + 0.5 end end
end
assert(obj.n == 1500 + 750)
print("ok")
