-- SPDX-License-Identifier: MIT
--
-- Arrays whose kind changes while hot: integers, floats, mixed, holes,
-- nil, growth while they are walked, keys beyond the end, negative keys.

local H = 3000
local function eq(a, b)
	if a ~= b or math.type(a) ~= math.type(b) then error(tostring(a) .. " is not " .. tostring(b), 2) end
end
local function fill(n, v) local t = {} for i = 1, n do t[i] = v or i end return t end
local function sum(t, n) local s = 0 for i = 1, n do s = s + t[i] end return s end

local ints = fill(H)
for _ = 1, 5 do eq(sum(ints, H), H * (H + 1) // 2) end
-- a float appears at one place, then a string, then nil
ints[2000] = 2000.5
eq(sum(ints, H), H * (H + 1) // 2 + 0.5)
ints[2000] = "2000"
eq(sum(ints, H), H * (H + 1) // 2)
ints[2000] = nil
local ok, m = pcall(sum, ints, H)
assert(not ok and m:find("attempt to perform arithmetic on a nil value (field '?')", 1, true), m)
ints[2000] = 2000
eq(sum(ints, H), H * (H + 1) // 2)
eq(sum(fill(H, 0.5), H), H * 0.5)
eq(sum(fill(H, "1"), H), H)
ok = pcall(sum, fill(10), 11)
assert(not ok)

-- the kind changes during the very loop that writes
local function writes(at, v)
	local t = {}
	for i = 1, H do
		t[i] = i
		if i == at then t[i] = v end
	end
	return t
end
for _, v in ipairs { 0.5, "s", true, {} } do
	local t = writes(1500, v)
	assert(t[1500] == v and t[1499] == 1499 and t[1501] == 1501 and #t == H)
	eq(t[1], 1)
end
local t = writes(H, false)
assert(t[H] == false)

-- integer arrays keep integers, float arrays floats, also -0.0 and NaN
local f = fill(H, 0.0)
for i = 1, H do f[i] = f[i] + 1 end
eq(f[1], 1.0)
f[7] = 1
eq(f[7], 1)
eq(f[8], 1.0)
f[9], f[10] = -0.0, 0 / 0
assert(1 / f[9] == -math.huge and f[10] ~= f[10])
for i = 1, H do f[i] = i end
eq(f[9], 9)

-- reading outside: nil, and metamethods
local function read(a, i) return a[i] end
local a = fill(10)
for i = 1, H do assert(read(a, i % 10 + 1) == i % 10 + 1) end
for _, k in ipairs { 0, -1, 11, 1 << 40, math.maxinteger, math.mininteger, 1.5, "1", true } do
	for _ = 1, 50 do assert(read(a, k) == nil) end
end
assert(read(a, 3.0) == 3 and read(a, 2 ^ 1) == 2)
setmetatable(a, { __index = function(_, k) return "no " .. tostring(k) end })
assert(read(a, 11) == "no 11" and read(a, 3) == 3 and read(a, 0) == "no 0")
ok, m = pcall(read, 5, 1)
assert(not ok and m:find("attempt to index a number value (local 'a')", 1, true))

-- growing while walked; walking with a length that changes
local g = { 1 }
local i = 1
while i <= #g and #g < H do
	g[#g + 1] = g[i] + 1
	if #g % 2 == 0 then g[#g + 1] = -g[i] end
	i = i + 1
end
assert(#g >= H and g[1] == 1 and g[2] == 2 and g[3] == -1)
local stack, most = {}, 0
for k = 1, H do
	stack[#stack + 1] = k
	if k % 4 == 0 then
		stack[#stack] = nil
		stack[#stack] = nil
	end
	if #stack > most then most = #stack end
end
assert(#stack == H // 2 and most == H // 2 + 1)

-- from both ends, sparse, backwards, shifted by one
local b = {}
for k = H, 1, -1 do b[k] = k end
eq(sum(b, H), H * (H + 1) // 2)
local z = {}
for k = 0, H do z[k] = k end
local s = 0
for k = 0, H do s = s + z[k] end
eq(s, H * (H + 1) // 2)
local sparse = {}
for k = 1, H do sparse[k * 7] = k end
s = 0
for k = 1, 7 * H do s = s + (sparse[k] or 0) end
eq(s, H * (H + 1) // 2)
local neg = {}
for k = -H, -1 do neg[k] = k end
s = 0
for k = -H, -1 do s = s + neg[k] end
eq(s, -H * (H + 1) // 2)

-- holes made and filled while hot
local h = fill(100)
for round = 1, 60 do
	for k = 1, 100 do
		if (k + round) % 9 == 0 then h[k] = nil else h[k] = k end
	end
	local n, total = 0, 0
	for k = 1, 100 do if h[k] then n = n + 1 total = total + h[k] end end
	assert(n == 100 - (100 + round) // 9 + round // 9)
end

-- arrays of arrays; arrays shared by two names; swap and rotate
local grid = {}
for r = 1, 50 do grid[r] = fill(50, r % 2 == 0 and r or r + 0.5) end
local ev, od = 0, 0
for r = 1, 50 do for c = 1, 50 do
	local v = grid[r][c]
	if math.type(v) == "integer" then ev = ev + v else od = od + v end
end end
eq(ev, 650 * 50)
eq(od, (625 + 12.5) * 50)
local x = fill(H)
local y = x
for k = 1, H // 2 do x[k], x[H + 1 - k] = y[H + 1 - k], y[k] end
assert(x[1] == H and y[H] == 1 and x[H // 2] == H // 2 + 1)

-- table functions in between
local q = {}
for k = 1, H do
	table.insert(q, k)
	if k % 3 == 0 then table.remove(q, 1) end
	if k % 500 == 0 then q = table.move(q, 1, #q, 1, {}) end
end
assert(#q == H - H // 3 and q[1] == H // 3 + 1 and q[#q] == H)
print("ok")
