-- SPDX-License-Identifier: MIT
--
-- Strings where numbers are wanted and numbers where strings are wanted.

local function eq(got, want)
	if got ~= want or math.type(got) ~= math.type(want) then
		error(("got %s, want %s"):format(got, want), 2)
	end
end

-- arithmetic keeps the subtype the text has
eq("10" + 1, 11)
eq("10" + "5", 15)
eq("10.0" + 1, 11.0)
eq("0x10" * 2, 32)
eq("1e1" + 0, 10.0)
eq(" 7 " - 2, 5)
eq("\t-3\n" * 1, -3)
eq("7" // "2", 3)
eq("-7" % 3, 2)
eq("2" ^ "3", 8.0)
eq("6" / 2, 3.0)
eq(-"2", -2)
eq(-"2.0", -2.0)
eq(10 .. 20, "1020")
eq(1.5 .. "", "1.5")
eq(2.0 .. "|" .. -0.0, "2.0|-0.0")
eq("9223372036854775807" + 0, math.maxinteger)
eq("9223372036854775808" + 0, 2.0 ^ 63)
eq("0xffffffffffffffff" + 0, -1)
eq("9223372036854775807" + 1, math.mininteger)

-- comparison never converts
assert("1" ~= 1 and 1 ~= "1" and "10" < "9")
assert(not pcall(function() return "10" < 9 end))

-- keys never convert
local t = { [1] = "number", ["1"] = "string" }
eq(t[1], "number")
eq(t["1"], "string")

eq(tonumber("10"), 10)
eq(tonumber("10.5"), 10.5)
eq(tonumber("  0x1p4  "), 16.0)
eq(tonumber("0x.8"), 0.5)
eq(tonumber("1e2"), 100.0)
eq(tonumber(".5"), 0.5)
eq(tonumber("5."), 5.0)
eq(tonumber("1"), 1)
for _, bad in ipairs { "", " ", "x", "1x", "0x", "1e", "1 2", "- 1", "--1", "1..2", "inf", "nan", "1\0", "1_0", "0b1" } do
	assert(tonumber(bad) == nil, bad)
end
eq(tonumber("ff", 16), 255)
eq(tonumber("-zz", 36), -1295)
eq(tonumber("777", 8), 511)
eq(tonumber("1010", 2), 10)
eq(tonumber("  11  ", 2), 3)
assert(tonumber("12", 2) == nil and tonumber("8", 8) == nil and tonumber("", 10) == nil)
eq(tonumber(5), 5)
assert(tonumber({}) == nil and tonumber(nil) == nil and tonumber(true) == nil)
assert(not pcall(tonumber))
assert(not pcall(tonumber, 10, 10))
assert(not pcall(tonumber, "1", 1))
assert(not pcall(tonumber, "1", 37))

local function fails(f, what)
	local ok, m = pcall(f)
	assert(not ok and m:find(what, 1, true), m)
end
local s, b = "abc", true
fails(function() return s + 1 end, "attempt to add a 'string' with a 'number'")
fails(function() return 1 + s end, "attempt to add a 'number' with a 'string'")
fails(function() return -s end, "attempt to unm a 'string' with a 'string'")
fails(function() return b .. "x" end, "attempt to concatenate a boolean value (upvalue 'b')")
fails(function() return "x" .. {} end, "attempt to concatenate a table value")
fails(function() return #5 end, "attempt to get length of a number value")
print("ok")
