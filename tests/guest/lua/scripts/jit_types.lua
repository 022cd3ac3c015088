-- SPDX-License-Identifier: MIT
--
-- Values that change type in the middle of a hot loop: integer, float,
-- numeric string, table with metamethods, and back; at every position.

local H = 3000
local mt = {}
local function num(v) return type(v) == "table" and v.v or v end
local function box(v) return setmetatable({ v = v }, mt) end
mt.__add = function(a, b) return box(num(a) + num(b)) end
mt.__mul = function(a, b) return box(num(a) * num(b)) end
mt.__lt = function(a, b) return num(a) < num(b) end
mt.__concat = function(a, b) return tostring(num(a)) .. tostring(num(b)) end
mt.__unm = function(a) return box(-a.v) end
mt.__index = function(_, k) return k end

local function eq(a, b)
	if a ~= b or math.type(a) ~= math.type(b) then error(tostring(a) .. " is not " .. tostring(b), 2) end
end

-- the operand changes at turn `at`
local function sum_with(other, at)
	local s = 0
	for i = 1, H do
		local v = i
		if i == at then v = other end
		s = s + v
	end
	return s
end
local full = H * (H + 1) // 2
for _, at in ipairs { 1, 2, 999, 1000, 1001, 1500, H - 1, H } do
	eq(sum_with(0, at), full - at)
	eq(sum_with(0.5, at), full - at + 0.5)
	eq(sum_with("10", at), full - at + 10)
	eq(sum_with("10.0", at), full - at + 10.0)
	eq(num(sum_with(box(7), at)), full - at + 7)
	local ok, m = pcall(sum_with, {}, at)
	assert(not ok and m:find("attempt to perform arithmetic on a table value (local 'v')", 1, true))
	ok, m = pcall(sum_with, nil, at)
	assert(not ok and m:find("arithmetic on a nil value (local 'v')", 1, true))
end

-- one function of one operation, called with every pair of types
local kinds = { 3, -2, 2.5, "4", "0x10", box(5) }
local fs = {
	add = function(a, b) return a + b end, mul = function(a, b) return a * b end,
}
for name, f in pairs(fs) do
	local function model(a, b)
		if type(a) == "table" or type(b) == "table" then return nil end
		a, b = tonumber(a), tonumber(b)
		if name == "add" then return a + b end
		return a * b
	end
	for _ = 1, 400 do f(1, 2) end
	for round = 1, 200 do
		for _, a in ipairs(kinds) do
			for _, b in ipairs(kinds) do
				local got, want = f(a, b), model(a, b)
				if want == nil then
					local x, y = num(a), num(b)
					want = name == "add" and x + y or name == "mul" and x * y
					got = num(got)
				end
				eq(got, want)
			end
		end
	end
end

-- several values change at different turns; the expression goes on from
-- the middle with what it had computed
local function mixed(at1, at2, at3)
	local a, b, c, out = 1, 2, 3, 0
	for i = 1, H do
		if i == at1 then a = 1.5 end
		if i == at2 then b = "2" end
		if i == at3 then c = 3.25 end
		out = out + (a * i + (b + c * 2)) - (a + b) * c
	end
	return out
end
local function model(at1, at2, at3)
	local out = 0
	for i = 1, H do
		local a = i >= at1 and 1.5 or 1
		local c = i >= at3 and 3.25 or 3
		out = out + (a * i + (2 + c * 2)) - (a + 2) * c
	end
	return out
end
for _, p in ipairs { { 1, 1, 1 }, { 10, 20, 30 }, { 1000, 1001, 1002 }, { 2000, 1500, 1200 }, { 9999, 9999, 9999 } } do
	assert(mixed(p[1], p[2], p[3]) == model(p[1], p[2], p[3]))
end

-- the accumulator itself changes type, also to something without arithmetic
local function accumulate(start, change, at)
	local s = start
	for i = 1, H do
		if i == at then s = change end
		s = s + 1
	end
	return s
end
eq(accumulate(0, 0.5, 1500), 0.5 + (H - 1499))
eq(accumulate(0.0, 0, 1500), H - 1499)
eq(accumulate(0, "5", H), 6)
eq(num(accumulate(0, box(1), 1500)), H - 1498)
local ok, m = pcall(accumulate, 0, false, 1500)
assert(not ok and m:find("arithmetic on a boolean value (local 's')", 1, true))

-- fields, array elements and upvalues that change type
local t, arr, up = { n = 1 }, { 1, 1, 1 }, 1
local function sums()
	local s = 0
	for i = 1, 60 do s = s + t.n + arr[i % 3 + 1] + up end
	return s
end
for round = 1, 60 do eq(sums(), 180) end
t.n = 1.0
eq(sums(), 180.0)
t.n, arr[2] = 1, "1"
eq(sums(), 180)
arr[2], up = 1, "1.0"
eq(sums(), 180.0)
up = box(1)
eq(num(sums()), 180)
up = 1
for round = 1, 60 do eq(sums(), 180) end
print("ok")
