-- SPDX-License-Identifier: MIT
--
-- Integer addition, subtraction, multiplication and negation wrap around;
-- results keep the integer subtype.

local max, min = math.maxinteger, math.mininteger

local function eq(got, want)
	if got ~= want or math.type(got) ~= math.type(want) then
		error(("got %s, want %s"):format(got, want), 2)
	end
end

eq(max + 1, min)
eq(min - 1, max)
eq(max * 2, -2)
eq(min * 2, 0)
eq(min * -1, min)
eq(-min, min)
eq(max * max, 1)
eq(min * min, 0)
eq(max + max, -2)
eq(min + min, 0)
eq(min + max, -1)
eq(0 - min, min)
eq(-(max), min + 1)
eq(0x7fffffff * 0x7fffffff, 4611686014132420609)
eq(0x100000000 * 0x100000000, 0)
eq(3037000500 * 3037000500, -9223372036709301616)
eq(0 * -1, 0)

-- the same through variables, so nothing is folded
local function ops(a, b) return a + b, a - b, a * b, -a end
local function check(a, b, sum, difference, product, negative)
	local s, d, p, n = ops(a, b)
	eq(s, sum) eq(d, difference) eq(p, product) eq(n, negative)
end
check(max, 1, min, max - 1, max, min + 1)
check(min, 1, min + 1, max, min, min)
check(min, -1, max, min + 1, min, min)
check(-1, min, max, max, min, 1)
check(0, min, min, min, 0, 0)
check(max, max, -2, 0, 1, min + 1)
check(min, min, 0, 0, 0, min)
check(1 << 32, 1 << 32, 1 << 33, 0, 0, -(1 << 32))

-- / and ^ are float always
eq(7 / 7, 1.0)
eq(2 ^ 2, 4.0)
eq(max / 1, 2.0 ^ 63)
eq(1 / 3 * 3, 1.0)

-- an operand that is a float makes the result one
eq(1 + 1.0, 2.0)
eq(1.0 - 1, 0.0)
eq(2 * 0.5, 1.0)
eq(max + 0.0, 2.0 ^ 63)
eq(max + 1.0, 2.0 ^ 63)
eq(min + 0.0, -2.0 ^ 63)

eq(math.abs(min), min)
eq(math.abs(-5), 5)
eq(math.tointeger(3.0), 3)
eq(math.tointeger(2.0 ^ 53), 1 << 53)
assert(math.tointeger(3.5) == nil)
assert(math.tointeger(2.0 ^ 63) == nil)
eq(math.tointeger(-2.0 ^ 63), min)
assert(math.ult(1, -1) and not math.ult(-1, 1) and math.ult(max, min))
assert(math.type(1) == "integer" and math.type(1.0) == "float")
assert(math.type("1") == nil)

-- sums in a known order: powers of three modulo 2^64
local p = 1
for _ = 1, 100 do p = p * 3 end
eq(p, 0xD6947D55CF3813D1)
print("ok")
