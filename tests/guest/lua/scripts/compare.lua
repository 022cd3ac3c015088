-- SPDX-License-Identifier: MIT
--
-- Comparison of integers with floats is by mathematical value, exactly;
-- not-a-number is in no order; strings compare byte by byte.

local max, min = math.maxinteger, math.mininteger
local inf, nan = math.huge, 0 / 0

local function lt(a, b) return a < b end
local function le(a, b) return a <= b end
local function gt(a, b) return a > b end
local function ge(a, b) return a >= b end
local function same(a, b) return a == b end

-- All six relations at once, as values and as conditions.
local function order(a, b, sign)
	assert(lt(a, b) == (sign < 0) and gt(b, a) == (sign < 0))
	assert(le(a, b) == (sign <= 0) and ge(b, a) == (sign <= 0))
	assert(same(a, b) == (sign == 0) and (a ~= b) == (sign ~= 0))
	local n = 0
	if a < b then n = n + 1 end
	if a <= b then n = n + 2 end
	if not (a < b) then n = n + 4 end
	if not (a <= b) then n = n + 8 end
	if a > b then n = n + 16 end
	if a >= b then n = n + 32 end
	assert(n == (sign < 0 and 3 or sign == 0 and 38 or 60))
end

-- a list in strictly rising order: everything against everything
local rising = {
	-inf, -1e300, -2.0 ^ 64, min, min + 1, -2.0 ^ 62, -(1 << 53) - 1, -2.0 ^ 53, -1.5, -1,
	-0.5, -5e-324, 0, 5e-324, 0.5, 1, 1.0000000000000002, 2, 2.0 ^ 53, (1 << 53) + 1,
	2.0 ^ 53 + 2, (1 << 53) + 3, 2.0 ^ 62, max - 1, max, 2.0 ^ 63, 2.0 ^ 64, 1e300, inf,
}
for i, a in ipairs(rising) do
	for j, b in ipairs(rising) do
		order(a, b, i - j)
	end
end
order(0, 0.0, 0)
order(0, -0.0, 0)
order(1, 1.0, 0)
order(min, -2.0 ^ 63, 0)
order(1 << 53, 2.0 ^ 53, 0)
assert(max + 0.0 ~= max and max < max + 0.0)
assert(math.maxinteger + 1.0 > math.maxinteger)

for _, v in ipairs { nan, 0, 1, -1.5, inf, max, min } do
	for _, pair in ipairs { { nan, v }, { v, nan } } do
		local a, b = pair[1], pair[2]
		assert(not lt(a, b) and not le(a, b) and not gt(a, b) and not ge(a, b))
		assert(not same(a, b) and a ~= b)
	end
end

-- against constants, on both sides
local function constants(x)
	return x < 10, x <= 10, x > 10, x >= 10, x == 10, x ~= 10, 10 < x, 10 <= x, 10 > x, 10 >= x,
		x < 10.5, x >= 10.5, x == 10.5
end
local function show(...)
	local s = ""
	for i = 1, select("#", ...) do
		s = s .. (select(i, ...) and "1" or "0")
	end
	return s
end
assert(show(constants(9)) == "1100010011100")
assert(show(constants(10)) == "0101100101100")
assert(show(constants(10.0)) == "0101100101100")
assert(show(constants(10.5)) == "0011011100011")
assert(show(constants(11)) == "0011011100010")
assert(show(constants(nan)) == "0000010000000")

local words = { "", "\0", "\0a", "A", "Z", "a", "a\0", "a\0b", "aa", "ab", "b", "z" }
for i, a in ipairs(words) do
	for j, b in ipairs(words) do
		order(a, b, i - j)
	end
end

-- equality of different types is false, never an error
assert(1 ~= "1" and nil ~= false and {} ~= {} and print ~= "print")
assert(not same(0, false) and not same("", nil))
local t = {}
assert(same(t, t))

local function fails(a, b, what)
	for _, f in ipairs { lt, le } do
		local ok, m = pcall(f, a, b)
		assert(not ok and m:find(what, 1, true), m)
	end
end
fails(1, "2", "attempt to compare number with string")
fails("1", 2, "attempt to compare string with number")
fails({}, {}, "attempt to compare two table values")
fails(nil, 1, "attempt to compare nil with number")
fails(true, false, "attempt to compare two boolean values")
fails(print, {}, "attempt to compare function with table")
print("ok")
