-- SPDX-License-Identifier: MIT
--
-- next, pairs and ipairs: every entry once, clearing and changing entries
-- during traversal, order of the array part, errors.

local function keys(t)
	local n = 0
	for _ in pairs(t) do n = n + 1 end
	return n
end
assert(next {} == nil and select("#", next {}) == 1 and keys {} == 0)
local k, v = next { 10 }
assert(k == 1 and v == 10 and next({ 10 }, 1) == nil)
k, v = next { x = 1 }
assert(k == "x" and v == 1)

-- each exactly once, of all kinds
local t, want = {}, 0
for i = 1, 100 do
	t[i] = i
	t["s" .. i] = i
	t[i + 0.5] = i
	t[-i] = i
	want = want + 4
end
t[true], t[false], t[print] = 1, 1, 1
local seen = {}
for key, value in pairs(t) do
	assert(not seen[key] and t[key] == value)
	seen[key] = true
end
assert(keys(seen) == want + 3)

-- existing entries may be changed or cleared meanwhile
for key in pairs(t) do t[key] = nil end
assert(next(t) == nil)
for i = 1, 1000 do t[i] = i t["k" .. i] = i end
local visited = 0
for key, value in pairs(t) do
	visited = visited + 1
	if visited % 3 == 0 then t[key] = nil else t[key] = value + 1 end
end
assert(visited == 2000 and keys(t) == 2000 - 666)
-- clearing what has not been visited yet
t = {}
for i = 1, 100 do t[i] = i end
visited = 0
for key in pairs(t) do
	visited = visited + 1
	if key % 2 == 1 then t[key + 1] = nil end
end
assert(visited == 50)
-- a collection in between does not lose the place
t = {}
for i = 1, 200 do t["x" .. i] = i end
visited = 0
for key in pairs(t) do
	t[key] = nil
	visited = visited + 1
	if visited % 20 == 0 then collectgarbage() end
end
assert(visited == 200 and next(t) == nil)

-- an array is walked in order
t = { 1, 2, 3, 4, 5 }
local order = {}
for i in pairs(t) do order[#order + 1] = i end
assert(table.concat(order) == "12345")

-- ipairs stops at the first nil, sees additions, uses __index
local n = 0
for i, x in ipairs { 1, 2, nil, 4 } do n = n + i assert(i == x) end
assert(n == 3)
t = { 1 }
for i in ipairs(t) do if i < 10 then t[i + 1] = i + 1 end end
assert(#t == 10)
n = 0
for i, x in ipairs(setmetatable({}, { __index = function(_, i) if i <= 5 then return i * i end end })) do n = n + x end
assert(n == 55)
local f, s, c = ipairs(t)
assert(type(f) == "function" and s == t and c == 0)
f, s, c = pairs(t)
assert(f == next and s == t and c == nil)

-- assignment to the loop variables does not disturb the loop
n = 0
for key, value in pairs { 1, 2, 3 } do
	key, value = nil, nil
	n = n + 1
end
assert(n == 3)

-- a key that is not there
local ok, m = pcall(next, {}, "nothing")
assert(not ok and m:find("invalid key to 'next'", 1, true), m)
assert(not pcall(next) and not pcall(pairs) and not pcall(next, 1))

-- next by hand
t = { 1, 2, 3 }
assert(next(t, 1) == 2 and next(t, 2) == 3 and next(t, 3) == nil)

-- nested traversals of the same table
n = 0
for a in pairs(t) do for b in pairs(t) do n = n + a * b end end
assert(n == 36)
print("ok")
