-- SPDX-License-Identifier: MIT
--
-- Floats: signed zero, infinities, not-a-number, conversions, printing.

local inf = math.huge
local nan = 0 / 0
local max, min = math.maxinteger, math.mininteger

local function eq(got, want)
	if got ~= want or math.type(got) ~= math.type(want) then
		error(("got %s, want %s"):format(got, want), 2)
	end
end
local function is_nan(v) return v ~= v end
local function negative_zero(v) return v == 0 and 1 / v == -inf end
local function positive_zero(v) return v == 0 and 1 / v == inf end

assert(negative_zero(-0.0) and positive_zero(0.0))
assert(negative_zero(0.0 * -1) and negative_zero(-1 / inf))
assert(positive_zero(0.0 + -0.0) and negative_zero(-0.0 + -0.0))
assert(positive_zero(-0.0 - -0.0) and negative_zero(-0.0 - 0.0))
assert(positive_zero(5.0 - 5.0))
local function neg(x) return -x end
assert(negative_zero(neg(0.0)) and positive_zero(neg(-0.0)))
eq(neg(0), 0)				-- the integer zero has no sign
assert(0.0 == -0.0 and not (0.0 < -0.0))
eq(tostring(-0.0), "-0.0")
eq(tostring(0.0), "0.0")

local function sub(a, b) return a - b end
local function add(a, b) return a + b end
assert(positive_zero(add(-0.0, 0)))	-- x + 0 is not x for -0.0
assert(negative_zero(sub(-0.0, 0)))
assert(positive_zero(sub(0, 0.0)))	-- 0 - x is not -x

assert(is_nan(nan) and is_nan(inf - inf) and is_nan(inf * 0) and is_nan(inf / inf))
assert(is_nan(nan + 1) and is_nan(-nan) and is_nan(0.0 / 0.0))
eq(inf + inf, inf)
eq(1 / 0, inf)
eq(-1 / 0, -inf)
eq(1e308 * 10, inf)
eq(-1e308 * 10, -inf)
eq(inf // 1, inf)
eq(-inf // 1, -inf)
eq(2 ^ 1024, inf)
eq(5e-324 / 2, 0.0)
eq(2.2250738585072014e-308 / 2, 1.1125369292536007e-308)

eq(2 ^ 0.5, math.sqrt(2))
eq((-2) ^ 3, -8.0)
eq(-2 ^ 2, -4.0)
eq(2 ^ 3 ^ 2, 512.0)
eq(2 ^ -1, 0.5)
assert(is_nan((-8) ^ (1 / 3)))
eq(0 ^ 0, 1.0)
eq(nan ^ 0, 1.0)

-- integers that a float cannot hold are rounded to even
eq((1 << 53) + 1 + 0.0, 2.0 ^ 53)
eq((1 << 53) + 3 + 0.0, 2.0 ^ 53 + 4)
eq(max + 0.0, 2.0 ^ 63)
eq(min + 0.0, -(2.0 ^ 63))
eq(0.1 + 0.2, 0.30000000000000004)
assert(0.1 + 0.2 ~= 0.3)

eq(math.floor(-3.5), -4)
eq(math.ceil(-3.5), -3)
eq(math.floor(2.0 ^ 70), 2.0 ^ 70)
eq(math.floor(-0.0), 0)
eq(math.tointeger(-0.0), 0)
eq(math.fmod(-7, 3), -1)
eq(math.fmod(-7.5, 2), -1.5)
assert(is_nan(math.fmod(1, 0.0)))
eq(math.max(1, 2.5), 2.5)
eq(math.max(2, 2.0), 2)
eq(math.min(3, 1, 2), 1)

eq(tostring(1e15), "1e+15")
eq(tostring(123456.0), "123456.0")
eq(tostring(1e100), "1e+100")
eq(tostring(0.1), "0.1")
eq(tostring(1 / 3), "0.33333333333333")
eq(tostring(2.0 ^ 53), "9.007199254741e+15")
eq(tostring(inf), "inf")
eq(tostring(-inf), "-inf")
eq(tostring(3.14159265358979), "3.1415926535898")
print("ok")
