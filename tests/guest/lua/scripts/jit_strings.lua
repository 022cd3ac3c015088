-- SPDX-License-Identifier: MIT
--
-- Strings in hot loops: keys made at run time, concatenation of all kinds,
-- length, comparison, methods, conversion, building and taking apart.

local H = 3000

-- keys
local t = {}
for i = 1, H do t["k" .. i] = i end
local s = 0
for i = 1, H do s = s + t["k" .. i] end
assert(s == H * (H + 1) // 2 and t.k77 == 77)
for i = 1, H, 2 do t["k" .. i] = nil end
local n = 0
for k, v in pairs(t) do n = n + 1 assert(k == "k" .. v) end
assert(n == H // 2)
local names = { "a", "bb", "ccc", "dddd" }
local rec = { a = 1, bb = 2, ccc = 3, dddd = 4 }
s = 0
for i = 1, H do
	local k = names[i % 4 + 1]
	s = s + rec[k]
	rec[k] = rec[k] + 1
end
assert(s == 10 * (H // 4) + 4 * (H // 4) * (H // 4 - 1) // 2)
-- the same text made in different ways is the same key
for i = 1, 200 do
	rec[("x"):rep(3) .. i] = i
	assert(rec["xx" .. "x" .. i] == i and rec[("xxx%d"):format(i)] == i)
end

-- concatenation
local text = ""
for i = 1, H do
	text = text .. (i % 10)
	if #text > 500 then text = text:sub(251) end
end
assert(text:sub(-5) == "67890" and #text <= 500)
local function join(a, b) return a .. b end
for i = 1, H do
	assert(join(i, "") == tostring(i) and join("v", 1.5) == "v1.5" and join(1, 2) == "12")
end
assert(join(2.0, -0.0) == "2.0-0.0" and join("", "") == "")
assert(not pcall(join, nil, "x") and not pcall(join, "x", {}))
for i = 1, H do assert("a" .. i .. "b" .. i + 1 .. "c" == ("a%db%dc"):format(i, i + 1)) end
local cat = setmetatable({}, { __concat = function(a, b) return "M" end })
for i = 1, H do
	local v = i % 100 == 0 and cat or i
	local r = join("x", v)
	assert(r == (v == cat and "M" or "x" .. i))
end

-- length and bytes
local function len(v) return #v end
s = 0
for i = 1, H do s = s + len("x" .. i) end
assert(s == H + 9 + 90 * 2 + 900 * 3 + (H - 999) * 4)
assert(len { 1, 2 } == 2 and len(setmetatable({}, { __len = function() return 7 end })) == 7)
assert(not pcall(len, 5))
s = 0
local bytes = "the quick brown fox"
for i = 1, H do s = s + bytes:byte(i % #bytes + 1) end
local m = 0
for i = 1, H do m = m + string.byte(bytes:sub(i % #bytes + 1, i % #bytes + 1)) end
assert(s == m)

-- comparison
local words = { "pear", "apple", "fig", "apple2", "", "zoo", "Apple" }
local less, equal = 0, 0
for i = 0, H - 1 do
	local a, b = words[i % 7 + 1], words[i // 7 % 7 + 1]
	if a < b then less = less + 1 end
	if a == b then equal = equal + 1 end
	assert((a < b) == not (b <= a) and (a == b) == (b == a))
end
assert(less == 1286 and equal == 429)
local other = "ap" .. "ple"
n = 0
for i = 1, H do if other == words[2] and other ~= words[1] then n = n + 1 end end
assert(n == H)

-- equality of long strings, made separately
local l1, l2 = ("long"):rep(100), ("longlong"):rep(50)
n = 0
for i = 1, H do if l1 == l2 and l1 ~= l2 .. "x" then n = n + 1 end end
assert(n == H)

-- numbers and strings by turns
local mixed = {}
for i = 1, H do mixed[i] = i % 3 == 0 and tostring(i) or i end
s = 0
for i = 1, H do s = s + mixed[i] end
assert(s == H * (H + 1) // 2)
s = 0
for i = 1, H do s = s + #tostring(mixed[i]) end
assert(s == 9 + 180 + 2700 + (H - 999) * 4)

-- methods through the string metatable, also when it changes
s = 0
for i = 1, H do s = s + ("abc"):len() + ("x"):rep(2):len() end
assert(s == 5 * H)
string.twice = function(v) return v .. v end
for i = 1, H do assert(("ab"):twice() == "abab") end
string.twice = function(v) return "new" end
assert(("ab"):twice() == "new")
string.twice = nil
assert(not pcall(function() return ("ab"):twice() end))

-- building with tables, splitting, reversing
local parts = {}
for i = 1, H do parts[#parts + 1] = string.char(97 + i % 26) end
local all = table.concat(parts)
assert(#all == H and all:sub(1, 5) == "bcdef" and all:reverse():reverse() == all)
n = 0
for w in ("a,b,,cc"):rep(100, ","):gmatch("[^,]+") do n = n + #w end
assert(n == 400)
local hash = 0
for i = 1, #all do hash = (hash * 31 + all:byte(i)) & 0xffffffff end
local hash2 = 0
for c in all:gmatch(".") do hash2 = (hash2 * 31 + c:byte()) & 0xffffffff end
assert(hash == hash2)
print("ok")
