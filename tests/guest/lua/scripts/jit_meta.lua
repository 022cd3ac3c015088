-- SPDX-License-Identifier: MIT
--
-- Metatables set, changed and removed in the middle of hot loops: absent
-- metamethods that were relied upon appear, present ones go.

local H = 3000

-- __index appears on a table whose missing field was read all the time
local function read_missing(t, at, mt)
	local n = 0
	for i = 1, H do
		if t.x then n = n + t.x end
		if i == at then setmetatable(t, mt) end
	end
	return n
end
assert(read_missing({}, 0, nil) == 0)
assert(read_missing({}, 1000, { __index = { x = 2 } }) == 2 * (H - 1000))
assert(read_missing({}, 2000, { __index = function() return 1 end }) == H - 2000)
assert(read_missing({}, 2000, {}) == 0)
-- ... by giving the metatable, set before, the field now
local mt = {}
local t = setmetatable({}, mt)
local n = 0
for i = 1, H do
	if t.x then n = n + 1 end
	if i == 1000 then mt.__index = { x = true } end
	if i == 2000 then mt.__index = nil end
	if i == 2500 then rawset(t, "x", 1) end
end
assert(n == 1000 + 500)

-- __newindex appears
local store = {}
t = {}
for i = 1, H do
	t[i] = i
	if i == 1500 then setmetatable(t, { __newindex = function(_, k, v) store[#store + 1] = v end }) end
end
assert(#t == 1500 and #store == 1500 and store[1500] == H)
-- for existing keys it is not asked
for i = 1, 1500 do t[i] = -i end
assert(#store == 1500 and t[1] == -1)

-- arithmetic on tables: the operator changes while hot
local V = { __add = function(a, b) return (type(a) == "table" and a.v or a) + (type(b) == "table" and b.v or b) end }
local obj = setmetatable({ v = 1 }, V)
local s = 0
for i = 1, H do
	s = s + obj
	if i == 1000 then V.__add = function(a, b) return 10 + (type(a) == "table" and b or a) end end
	if i == 2000 then obj = 100 end
	if i == 2500 then obj = setmetatable({}, { __add = function(a) return a end }) end
end
assert(s == 1000 + 10 * 1000 + 100 * 500)

-- comparison and equality
local C = {}
local a, b = setmetatable({}, C), setmetatable({}, C)
n = 0
for i = 1, H do
	if a == b then n = n + 1 end
	if i == 1000 then C.__eq = function() return true end end
	if i == 2000 then setmetatable(a, nil) end
	if i == 2500 then setmetatable(b, nil) end
end
assert(n == 1500)
C.__lt = function() return true end
setmetatable(a, C)
n = 0
for i = 1, H do
	if a < b then n = n + 1 end
	if i == 1000 then C.__lt = function() return nil end end
	if i == 2000 then C.__lt = function() return 0 end end
end
assert(n == 2000)

-- length and call
local L = setmetatable({ 1, 2, 3 }, {})
n = 0
for i = 1, H do
	n = n + #L
	if i == 1000 then getmetatable(L).__len = function() return 100 end end
	if i == 2000 then setmetatable(L, nil) end
end
assert(n == 3000 + 100000 + 3000)
local f = function(x) return x end
n = 0
for i = 1, H do
	n = n + f(1)
	if i == 1000 then f = setmetatable({}, { __call = function(_, x) return x + 1 end }) end
	if i == 2000 then getmetatable(f).__call = function(self, x) return x + 2 end end
end
assert(n == 1000 + 2000 + 3000)
getmetatable(f).__call = nil
local ok, m = pcall(function() return f(1) end)
assert(not ok and m:find("attempt to call a table value (upvalue 'f')", 1, true))

-- types without metatables of their own get one, by debug.setmetatable
if debug.setmetatable then
	n = 0
	local v = nil
	for i = 1, H do
		local fine, r = pcall(function() return v + 1 end)
		if fine then n = n + r end
		if i == 1000 then debug.setmetatable(nil, { __add = function(_, x) return x * 5 end }) end
		if i == 2000 then debug.setmetatable(nil, nil) end
	end
	assert(n == 5000)
	debug.setmetatable(1, { __index = { twice = function(x) return x * 2 end }, __call = function(x, y) return x + y end })
	n = 0
	for i = 1, H do n = n + i:twice() + i(1) end
	assert(n == 3 * (H * (H + 1) // 2) + H)
	debug.setmetatable(1, nil)
	assert(not pcall(function() local k = 1 return k:twice() end))
end

-- methods by prototype chains that change in the middle
local Base = { hit = function(self) self.n = self.n + 1 end }
local Mid = setmetatable({}, { __index = Base })
local o = setmetatable({ n = 0 }, { __index = Mid })
for i = 1, H do
	o:hit()
	if i == 1000 then Mid.hit = function(self) self.n = self.n + 10 end end
	if i == 2000 then o.hit = function(self) self.n = self.n + 100 end end
	if i == 2500 then o.hit, Mid.hit = nil, nil end
end
assert(o.n == 1000 + 10000 + 50000 + 500)

-- a metamethod that changes the caller's tables, upvalues and itself
local calls, shared = 0, { 0 }
local T = setmetatable({}, { __index = function(self, k)
	calls = calls + 1
	shared[1] = shared[1] + 1
	if calls == 1500 then shared = { 0.5 } end
	if calls == 2500 then rawset(self, k, "own") end
	return calls
end })
local last
for _ = 1, H do
	last = T.key
end
assert(last == "own" and calls == 2500 and shared[1] == 1000.5)
print("ok")
