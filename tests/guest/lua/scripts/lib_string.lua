-- SPDX-License-Identifier: MIT
-- The string library but for patterns, format and pack. Passes under any Lua 5.4.
local function fails(msg, f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "no error; expected: " .. msg)
	assert(string.find(tostring(err), msg, 1, true), tostring(err) .. " / " .. msg)
end

-- len, sub, byte, char
assert(("abc\0d"):len() == 5 and #"" == 0)
assert(("hello"):sub(2) == "ello" and ("hello"):sub(-3, -2) == "ll" and ("hello"):sub(0) == "hello")
assert(("hello"):sub(2, 1) == "" and ("hello"):sub(10) == "" and ("hello"):sub(-100, 2) == "he" and ("hello"):sub(-100, -50) == "")
assert(("hello"):sub(math.mininteger, math.maxinteger) == "hello" and ("hello"):sub(2.0, "3") == "el")
assert(string.sub(12345, 2, 3) == "23")
fails("bad argument #1 to 'string.sub'", string.sub)
fails("number expected, got no value", string.sub, "x")
fails("number has no integer representation", string.sub, "x", 1.5)
assert(("A"):byte() == 65 and ("abc"):byte(-1) == 99 and select("#", ("abc"):byte(10)) == 0)
local a, b, c = ("abc"):byte(1, -1)
assert(a == 97 and b == 98 and c == 99 and select("#", ("abc"):byte(0)) == 0)
assert(select("#", ("x"):rep(1000):byte(1, -1)) == 1000)
assert(string.char() == "" and string.char(104, 105) == "hi" and string.char(0, 255):byte(2) == 255)
assert(#string.char(table.unpack({ ("y"):rep(600):byte(1, -1) })) == 600)
fails("bad argument #2 to 'string.char' (value out of range)", string.char, 1, 256)
fails("value out of range", string.char, -1)
fails("number expected, got nil", string.char, nil)

-- rep, reverse, lower, upper
assert(("ab"):rep(3) == "ababab" and ("ab"):rep(3, ",") == "ab,ab,ab" and ("x"):rep(0) == "" and ("x"):rep(-1) == "")
assert((""):rep(1000000) == "" and (""):rep(3, "-") == "--" and ("x"):rep(1, "sep") == "x")
assert(#("abc"):rep(1000, "--") == 3000 + 2 * 999 and ("abc"):rep(100):sub(-6) == "abcabc")
fails("resulting string too large", string.rep, "x", 1 << 40)
fails("resulting string too large", string.rep, "abc", math.maxinteger)
assert(("abc"):reverse() == "cba" and (""):reverse() == "" and (("ab"):rep(50)):reverse() == ("ba"):rep(50))
assert(("MiXed 1"):lower() == "mixed 1" and ("MiXed 1"):upper() == "MIXED 1" and ("A"):rep(100):lower() == ("a"):rep(100))

-- dump
local function add(x, y) return x + y end
assert(load(string.dump(add))(2, 3) == 5)
fails("unable to dump given function", string.dump, print)
fails("function expected", string.dump, 1)

-- arithmetic on strings lives in the metatable
assert("10" + 5 == 15 and math.type("10" + 5) == "integer" and "3.0" + 1 == 4.0 and "0x10" * 2 == 32)
assert(-"2" == -2 and 10 - "1" == 9 and "7" // "2" == 3 and "7" % 4 == 3 and 2 ^ "3" == 8.0 and "1" / 2 == 0.5)
fails("attempt to add a 'string' with a 'number'", function() return "x" + 1 end)
fails("attempt to mul a 'number' with a 'string'", function() return 2 * "y" end)
fails("attempt to unm a 'string' with a 'string'", function() return -"abc" end)
fails("attempt to concatenate a nil value", function() return "x" .. nil end)
local obj = setmetatable({}, { __add = function(x, y) return "added" end })
assert("10" + obj == "added" and obj + "10" == "added")
fails("attempt to sub a 'string' with a 'table'", function() return "10" - obj end)
local mt = getmetatable("")
local old = mt.__add
mt.__add = function(x, y) return "mine" end
assert("1" + 1 == "mine" and "x" + {} == "mine")
mt.__add = old
assert("1" + 1 == 2)
assert(mt.__index == string and mt.__name == nil)
fails("attempt to call a nil value (method 'nope')", function() return ("x"):nope() end)
fails("attempt to perform bitwise operation on a string value", function() return "a" | 1 end)

-- comparison and concatenation
assert("a" < "b" and "a" < "aa" and "Z" < "a" and "" < "a" and not ("a" < "a") and "a" <= "a" and "a\0b" > "a\0a")
assert(1 .. 2 == "12" and 1.5 .. "" == "1.5" and 2^53 .. "" == "9.007199254741e+15")
local long = ("x"):rep(100)
assert(long .. "y" == ("x"):rep(100) .. "y" and long ~= ("x"):rep(99) .. "z")
local keys = {}
keys[("k"):rep(60)] = 1
assert(keys[("k"):rep(60)] == 1)
print("ok")
