-- SPDX-License-Identifier: MIT
--
-- The length operator gives a border; insert, remove, unpack, concat and
-- move work with it; the length metamethod is honoured by them.

-- t has border n: t[n] ~= nil (or n == 0) and t[n + 1] == nil
local function check(t)
	local n = #t
	assert(math.type(n) == "integer" and n >= 0)
	assert(n == 0 or t[n] ~= nil)
	assert(n == math.maxinteger or t[n + 1] == nil)
	return n
end

assert(check {} == 0 and check { 1 } == 1 and check { 1, 2, 3 } == 3)
local t = {}
for i = 1, 500 do
	t[i] = i
	assert(check(t) == i)
end
for i = 500, 1, -1 do
	t[i] = nil
	assert(check(t) == i - 1)
end

-- holes: any border will do
for hole = 1, 40 do
	local h = {}
	for i = 1, 40 do h[i] = i end
	h[hole] = nil
	check(h)
	h[hole] = hole
	assert(check(h) == 40)
end
local seed = 1
local function random(n) seed = (seed * 16807) % 2147483647 return seed % n + 1 end
for _ = 1, 200 do
	local r = {}
	for _ = 1, 60 do
		local k = random(30)
		r[k] = random(3) > 1 and k or nil
		check(r)
	end
end

-- keys in the hash part count too
local h = {}
h[3], h[2], h[1] = 3, 2, 1
assert(#h == 3)
h[4] = 4
assert(#h == 4)
local s = setmetatable({}, { __len = function() return 7 end })
assert(#s == 7 and rawlen(s) == 0)

-- insert and remove
local q = {}
for i = 1, 100 do table.insert(q, i) end
for i = 1, 50 do assert(table.remove(q, 1) == i) end
assert(#q == 50 and q[1] == 51)
table.insert(q, 1, "first")
assert(q[1] == "first" and q[2] == 51 and #q == 51)
table.insert(q, #q + 1, "last")
assert(table.remove(q) == "last" and table.remove(q, #q + 1) == nil)
assert(table.remove({}) == nil and table.remove({}, 0) == nil)
assert(not pcall(table.insert, { 1 }, 5, 1) and not pcall(table.remove, { 1 }, 5))

-- append at #t + 1, as programs do
local a = {}
for i = 1, 2000 do a[#a + 1] = i * 2 end
assert(#a == 2000 and a[2000] == 4000)
for i = 1, 1000 do a[#a] = nil end
assert(#a == 1000)
local stack = {}
for i = 1, 5000 do
	stack[#stack + 1] = i
	if i % 3 == 0 then stack[#stack] = nil stack[#stack] = nil end
end
assert(#stack == 1668)

-- concat, unpack, move
assert(table.concat({ 1, 2.5, "x" }, "-") == "1-2.5-x" and table.concat {} == "")
assert(table.concat({ 1, 2, 3 }, ",", 2) == "2,3" and table.concat({ 1, 2, 3 }, ",", 3, 2) == "")
assert(not pcall(table.concat, { 1, {}, 3 }) and not pcall(table.concat, { 1, nil, 3 }, "", 1, 3))
local m = table.move({ 1, 2, 3 }, 1, 3, 2)
assert(m[1] == 1 and m[2] == 1 and m[3] == 2 and m[4] == 3)
m = table.move({ 1, 2, 3 }, 2, 3, 1)
assert(m[1] == 2 and m[2] == 3 and m[3] == 3)
m = table.move({ 1, 2, 3 }, 1, 3, 1, {})
assert(#m == 3)

-- through metamethods
local log = {}
local proxy = setmetatable({}, {
	__len = function() return 3 end,
	__index = function(_, k) return "v" .. k end,
	__newindex = function(_, k, v) log[#log + 1] = k .. "=" .. tostring(v) end,
})
assert(table.concat(proxy, " ") == "v1 v2 v3" and select("#", table.unpack(proxy)) == 3)
table.insert(proxy, "new")
assert(table.concat(log) == "4=new")
log = {}
assert(table.remove(proxy, 1) == "v1")
assert(table.concat(log, " ") == "1=v2 2=v3 3=nil")
print("ok")
