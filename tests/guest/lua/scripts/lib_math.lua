-- SPDX-License-Identifier: MIT
-- The math library. Passes under any Lua 5.4.
local function fails(msg, f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "no error; expected: " .. msg)
	assert(string.find(tostring(err), msg, 1, true), tostring(err) .. " / " .. msg)
end
local function eq(x, y) assert(x == y and math.type(x) == math.type(y), tostring(x) .. " / " .. tostring(y)) end

eq(math.floor(3.7), 3) eq(math.floor(-3.7), -4) eq(math.floor(5), 5) eq(math.floor(2^70), 2^70) eq(math.floor("3.5"), 3)
eq(math.ceil(3.2), 4) eq(math.ceil(-3.2), -3) eq(math.ceil(-0.5), 0) eq(math.ceil(1/0), 1/0) eq(math.floor(-1/0), -1/0)
eq(math.floor(2^62), 1 << 62) eq(math.floor(-2^63), math.mininteger) eq(math.ceil(2^63), 2^63)
assert(math.floor(0/0) ~= math.floor(0/0))
eq(math.abs(-5), 5) eq(math.abs(-5.5), 5.5) eq(math.abs(math.mininteger), math.mininteger) eq(math.abs(-0.0), 0.0)
eq(math.sqrt(16), 4.0) eq(math.sin(0), 0.0) eq(math.cos(0), 1.0) eq(math.tan(0), 0.0) eq(math.exp(0), 1.0)
eq(math.asin(1), math.pi / 2) eq(math.acos(1), 0.0) eq(math.atan(1), math.pi / 4) eq(math.atan(1, -1), 3 * math.pi / 4) eq(math.atan(0.0, -1), math.pi)
eq(math.log(1), 0.0) eq(math.log(8, 2), 3.0) eq(math.log(1000, 10), math.log(1000, 10)) eq(math.log(100, 10), 2.0) eq(math.log(27, 3), math.log(27) / math.log(3))
eq(math.deg(math.pi), 180.0) eq(math.rad(180), math.pi)
eq(math.fmod(7, 3), 1) eq(math.fmod(-7, 3), -1) eq(math.fmod(7, -3), 1) eq(math.fmod(7.5, 2), 1.5) eq(math.fmod(-6, 2.5), -1.0)
eq(math.fmod(math.mininteger, -1), 0) eq(math.fmod(math.mininteger, math.mininteger), 0) assert(math.fmod(1, 0.0) ~= math.fmod(1, 0.0))
fails("bad argument #2 to 'math.fmod' (zero)", math.fmod, 1, 0)
eq(select(2, math.modf(3.75)), 0.75) eq(select(2, math.modf(-3.75)), -0.75) assert(math.modf(-3.75) == -3 and math.modf(1e300) == 1e300)
eq(math.modf(5), 5) eq(select(2, math.modf(5)), 0.0) eq(select(2, math.modf(1/0)), 0.0) eq((math.modf(-1/0)), -1/0)
eq(math.tointeger(3.0), 3) eq(math.tointeger(7), 7) assert(math.tointeger(3.5) == nil and math.tointeger({}) == nil and math.tointeger(2^63) == nil and math.tointeger("x") == nil)
assert(math.type(1) == "integer" and math.type(1.0) == "float" and math.type("1") == nil and math.type(nil) == nil)
fails("value expected", math.type) fails("value expected", math.tointeger)
assert(math.ult(1, 2) and math.ult(1, -1) and not math.ult(-1, 1) and not math.ult(2, 2))
eq(math.max(1, 2.5), 2.5) eq(math.max(3, 2), 3) eq(math.min(1, 1.0), 1) eq(math.max(1.0, 1), 1.0) eq(math.min(3, -2, 7), -2) eq(math.max(-1/0, math.mininteger), math.mininteger)
fails("bad argument #1 to 'math.max'", math.max) fails("attempt to compare", math.min, 1, {})
assert(math.huge == 1/0 and math.maxinteger == 9223372036854775807 and math.mininteger == -9223372036854775807 - 1 and math.pi == 3.141592653589793)
fails("number expected, got no value", math.floor) fails("number expected, got string", math.sqrt, "x") fails("number expected, got nil", math.abs, nil)
fails("number has no integer representation", math.ult, 1.5, 2)

-- random: the sequence of xoshiro256** is part of the language's implementation
math.randomseed(42)
assert(math.random(100) == 50 and math.random(1000) == 332 and string.format("%.14g", math.random()) == "0.79358935263827")
math.randomseed(42, 7)
assert(math.random(0) == -3100642489518372304)
math.randomseed(1)
local a = {}
for i = 1, 50 do a[i] = math.random(0) end
math.randomseed(1)
for i = 1, 50 do assert(a[i] == math.random(0)) end
for i = 1, 1000 do
	local r = math.random()
	assert(r >= 0 and r < 1)
	r = math.random(6) assert(r >= 1 and r <= 6 and math.type(r) == "integer")
	r = math.random(-3, 3) assert(r >= -3 and r <= 3)
	r = math.random(math.mininteger, math.maxinteger)
	r = math.random(math.maxinteger - 1, math.maxinteger) assert(r >= math.maxinteger - 1)
	assert(math.random(7, 7) == 7)
end
local x, y = math.randomseed(5)
assert(x == nil or (x == 5 and y == 0))
math.randomseed()
fails("interval is empty", math.random, 2, 1) fails("interval is empty", math.random, -1)
fails("wrong number of arguments", math.random, 1, 2, 3) fails("number has no integer representation", math.random, 1.5)
print("ok")
