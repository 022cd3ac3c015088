-- SPDX-License-Identifier: MIT
--
-- Keys of every type: floats with integer value are integer keys, NaN and
-- nil are refused, references by identity, big tables, holes.

local t = {}
t[1.0] = "a"
assert(t[1] == "a" and next(t) == 1 and math.type(next(t)) == "integer")
t[2 ^ 53] = "big"
assert(t[1 << 53] == "big")
t[-0.0] = "zero"
assert(t[0] == "zero" and t[0.0] == "zero" and math.type((next({ [-0.0] = 1 }))) == "integer")
t[1.5] = "x"
assert(t[1.5] == "x" and t[3 / 2] == "x" and t[1] == "a")
t[2.0 ^ 63] = "f"
assert(t[2.0 ^ 63] == "f" and t[math.mininteger] == nil and t[math.maxinteger] == nil)
t[math.huge], t[-math.huge] = "inf", "-inf"
assert(t[math.huge] == "inf" and t[-math.huge] == "-inf" and t[0 / 0] == nil)
assert(not pcall(function() t[0 / 0] = 1 end) and not pcall(function() t[nil] = 1 end))
assert(not pcall(rawset, t, nil, 1) and t[nil] == nil)

-- the edges of the integers
local edges = { math.mininteger, math.mininteger + 1, -1, 0, 1, math.maxinteger - 1, math.maxinteger }
local e = {}
for i, k in ipairs(edges) do e[k] = i end
for i, k in ipairs(edges) do assert(e[k] == i) end
assert(#e == 1)

-- booleans, functions, tables, threads, strings long and short
local f, tab, co, long = print, {}, coroutine.create(print), ("k"):rep(5000)
local m = { [true] = 1, [false] = 2, [f] = 3, [tab] = 4, [co] = 5, [long] = 6, [""] = 7, ["1"] = 8, [1] = 9 }
assert(m[true] == 1 and m[false] == 2 and m[f] == 3 and m[tab] == 4 and m[co] == 5)
assert(m[("k"):rep(2500) .. ("k"):rep(2500)] == 6 and m[""] == 7 and m["1"] == 8 and m[1] == 9)
assert(m[{}] == nil and m[long .. "x"] == nil and m[1.0] == 9)

-- a million entries in the array, then all removed
local big = {}
local N = 200000
for i = 1, N do big[i] = i end
assert(#big == N)
local s = 0
for i = 1, #big do s = s + big[i] end
assert(s == N * (N + 1) // 2)
for i = N, 1, -1 do big[i] = nil end
assert(#big == 0 and next(big) == nil)

-- filled backwards, with gaps, with strings as keys
for i = 20000, 1, -1 do big[i] = -i end
assert(#big == 20000 and big[1] == -1 and big[20000] == -20000)
local sparse = {}
for i = 1, 40 do sparse[1 << i] = i end
local n = 0
for k, v in pairs(sparse) do assert(k == 1 << v) n = n + 1 end
assert(n == 40)
local words = {}
for i = 1, 20000 do words["w" .. i] = i end
for i = 1, 20000, 2 do words["w" .. i] = nil end
n = 0
for k, v in pairs(words) do assert(k == "w" .. v and v % 2 == 0) n = n + 1 end
assert(n == 10000 and words.w7 == nil and words.w8 == 8)
for i = 1, 20000, 2 do words["w" .. i] = -i end
assert(words.w7 == -7 and words.w8 == 8)

-- values of mixed types, replaced again and again
local mixed = {}
for round = 1, 3 do
	for i = 1, 300 do
		local k = (i + round) % 5
		mixed[i] = k == 0 and i or k == 1 and i + 0.5 or k == 2 and "s" .. i or k == 3 and (i % 2 == 0) or nil
	end
	local ints, floats, strings, bools = 0, 0, 0, 0
	for _, v in pairs(mixed) do
		if math.type(v) == "integer" then ints = ints + 1
		elseif math.type(v) == "float" then floats = floats + 1
		elseif type(v) == "string" then strings = strings + 1
		else bools = bools + 1 end
	end
	assert(ints == 60 and floats == 60 and strings == 60 and bools == 30)
end

-- integers and floats in one array keep their subtype
local a = { 1, 2.0, 3 }
a[2], a[3] = 2, 3.0
assert(math.type(a[1]) == "integer" and math.type(a[2]) == "integer" and math.type(a[3]) == "float")
a[1] = -0.0
assert(1 / a[1] == -math.huge)
a[1] = 0 / 0
assert(a[1] ~= a[1])

-- constructors
local c = { 1, 2, nil, 4, x = 1, [10] = 10, "fifth", }
assert(c[4] == 4 and c[5] == "fifth" and c.x == 1 and c[10] == 10 and c[3] == nil)
assert(#{ n = 1 } == 0 and #{ nil } == 0 and #{ 1, 2, 3 } == 3 and #{ [1] = 1, [2] = 2 } == 2)
print("ok")
