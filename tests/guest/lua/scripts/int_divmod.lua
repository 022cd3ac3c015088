-- SPDX-License-Identifier: MIT
--
-- Floor division and modulo: signs, the quotient that does not fit, zero
-- divisors, floats and infinities.

local max, min = math.maxinteger, math.mininteger
local inf = math.huge

local function eq(got, want)
	if got ~= want or math.type(got) ~= math.type(want) then
		error(("got %s, want %s"):format(got, want), 2)
	end
end

local function div(a, b) return a // b end
local function mod(a, b) return a % b end

for _, row in ipairs {
	{ 7, 2, 3, 1 }, { -7, 2, -4, 1 }, { 7, -2, -4, -1 }, { -7, -2, 3, -1 },
	{ 6, 3, 2, 0 }, { -6, 3, -2, 0 }, { 6, -3, -2, 0 }, { -6, -3, 2, 0 },
	{ 0, 5, 0, 0 }, { 0, -5, 0, 0 }, { 1, max, 0, 1 }, { -1, max, -1, max - 1 },
	{ min, -1, min, 0 }, { min, 1, min, 0 }, { max, -1, min + 1, 0 },
	{ min, 2, min // 2, 0 }, { min, 3, -3074457345618258603, 1 },
	{ min, max, -2, max - 1 }, { max, min, -1, -1 }, { min, min, 1, 0 },
	{ 7.5, 2, 3.0, 1.5 }, { -7.5, 2, -4.0, 0.5 }, { 7.5, -2, -4.0, -0.5 },
	{ 7, 2.0, 3.0, 1.0 }, { -7.0, 2, -4.0, 1.0 }, { 5.25, 0.5, 10.0, 0.25 },
	{ 1, inf, 0.0, 1.0 }, { -1, inf, -0.0, inf }, { 1, -inf, -0.0, -inf },
	{ -1, -inf, 0.0, -1.0 },
} do
	local a, b, q, r = table.unpack(row)
	eq(div(a, b), q)
	eq(mod(a, b), r)
end

-- identity a == (a // b) * b + a % b over a grid with edges
local edges = { min, min + 1, -1000, -7, -3, -2, -1, 0, 1, 2, 3, 7, 1000, max - 1, max }
for _, a in ipairs(edges) do
	for _, b in ipairs(edges) do
		if b ~= 0 then
			local q, r = a // b, a % b
			eq(q * b + r, a)
			assert(r == 0 or (r < 0) == (b < 0))
			assert(b == min or math.abs(r) < math.abs(b))
		end
	end
end

-- by constants, the same as by variables
local function by_constants(a)
	return a // 1, a // 2, a // 3, a // 7, a // 8, a // 10, a // -1, a // -2, a // -3, a // -8,
		a // 1000003, a // max, a // min
end
local function mod_constants(a)
	return a % 1, a % 2, a % 3, a % 7, a % 8, a % 10, a % -1, a % -2, a % -3, a % -8,
		a % 1000003, a % max, a % min
end
local divisors = { 1, 2, 3, 7, 8, 10, -1, -2, -3, -8, 1000003, max, min }
for _, a in ipairs(edges) do
	local q, r = { by_constants(a) }, { mod_constants(a) }
	for i, b in ipairs(divisors) do
		eq(q[i], div(a, b))
		eq(r[i], mod(a, b))
	end
end

-- zero
local function fails(f, a, b, what)
	local ok, m = pcall(f, a, b)
	assert(not ok and m:find(what, 1, true), m)
end
fails(div, 1, 0, "attempt to divide by zero")
fails(mod, 1, 0, "attempt to perform 'n%0'")
fails(div, min, 0, "attempt to divide by zero")
fails(mod, 0, 0, "attempt to perform 'n%0'")
eq(div(1, 0.0), inf)
eq(div(-1.0, 0), -inf)
eq(1 / div(1, -0.0), -0.0)
local n = mod(1, 0.0)
assert(n ~= n)
n = div(0.0, 0)
assert(n ~= n)
n = mod(inf, 2)
assert(n ~= n)
eq(1 / mod(-6.0, 2), -inf)		-- a zero keeps the sign of the dividend
eq(1 / mod(6.0, -2), inf)
eq(1 / div(1, -inf), -inf)
print("ok")
