-- SPDX-License-Identifier: MIT
--
-- Bitwise operators: shifts by any count, conversion of operands, errors.

local max, min = math.maxinteger, math.mininteger

local function eq(got, want)
	if got ~= want or math.type(got) ~= math.type(want) then
		error(("got %s, want %s"):format(got, want), 2)
	end
end

local function shl(a, n) return a << n end
local function shr(a, n) return a >> n end

-- a slow model: shift one place at a time
local function model(a, n)
	if n <= -64 or n >= 64 then return 0 end
	for _ = 1, n do a = a * 2 end
	for _ = 1, -n do
		a = (a // 2) & max
	end
	return a
end

local counts = { 0, 1, 2, 7, 31, 32, 33, 62, 63, 64, 65, 100, 127, 128, 1 << 32, 1 << 40, max }
for _, a in ipairs { 0, 1, -1, 2, 5, max, min, min + 1, 0x123456789abcdef0, ~0x55 } do
	for _, n in ipairs(counts) do
		eq(shl(a, n), model(a, n))
		eq(shr(a, n), model(a, -n))
		eq(shl(a, -n), model(a, -n))
		eq(shr(a, -n), model(a, n))
	end
	eq(shl(a, min), 0)
	eq(shr(a, min), 0)
end
eq(1 << 63, min)
eq(-1 >> 63, 1)
eq(-1 >> 1, max)
eq(-1 << -1, max)
eq(1 << 64, 0)

-- constant counts
local function by_constants(a)
	return a << 0, a << 1, a << 63, a << 64, a << -1, a >> 0, a >> 1, a >> 63, a >> 64, a >> -1
end
local got = { by_constants(-3) }
for i, want in ipairs { -3, -6, min, 0, 0x7ffffffffffffffe, -3, 0x7ffffffffffffffe, 1, 0, -6 } do
	eq(got[i], want)
end

-- and, or, xor, not
local function bits(a, b) return a & b, a | b, a ~ b, ~a end
for _, a in ipairs { 0, -1, 0xff00, max, min } do
	for _, b in ipairs { 0, -1, 0x0ff0, max, min } do
		local x, y, z, w = bits(a, b)
		eq(x + y, a + b)
		eq(z, y - x)
		eq(w, -a - 1)
	end
end
eq(~0, -1)
eq(0xff ~ 0x0f, 0xf0)
eq(1 | 2 ~ 3 & 4, 3)			-- & before ~ before |
eq(1 << 2 + 1, 8)			-- + before <<
eq(-1 >> 60 ~ 1, 14)			-- shift before ~

-- floats with an exact integer value are taken, strings are not
eq(bits(3.0, 1), 1)
eq(2.0 ^ 53 | 1, (1 << 53) + 1)
eq(shl(1.0, 3.0), 8)

local function fails(f, what)
	local ok, m = pcall(f)
	assert(not ok and m:find(what, 1, true), m)
end
local f, s, t, n = 1.5, "x", {}, nil
fails(function() return f | 1 end, "number (upvalue 'f') has no integer representation")
fails(function() return 1 << 2 ^ 64 end, "number has no integer representation")
fails(function() return 2 ^ 63 & 1 end, "number has no integer representation")
fails(function() return (0 / 0) ~ 1 end, "number has no integer representation")
fails(function() return 1 >> math.huge end, "number (field 'huge') has no integer representation")
fails(function() return t & 1 end, "attempt to perform bitwise operation on a table value (upvalue 't')")
fails(function() return 1 | n end, "attempt to perform bitwise operation on a nil value (upvalue 'n')")
fails(function() return ~t end, "attempt to perform bitwise operation on a table value (upvalue 't')")
fails(function() return s ~ 1 end, "attempt to perform bitwise operation on a string value (upvalue 's')")
fails(function() return "3" | 1 end, "attempt to perform bitwise operation on a string value (constant '3')")
fails(function() return 1 << "3" end, "attempt to perform bitwise operation on a string value (constant '3')")
print("ok")
