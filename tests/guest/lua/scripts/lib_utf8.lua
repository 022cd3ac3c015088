-- SPDX-License-Identifier: MIT
-- The utf8 library. Passes under any Lua 5.4 (5.4.4 is laxer about stray continuation bytes: not tested here).
local function fails(msg, f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "no error; expected: " .. msg)
	assert(string.find(tostring(err), msg, 1, true), tostring(err) .. " / " .. msg)
end

assert(utf8.charpattern == "[\0-\x7F\xC2-\xFD][\x80-\xBF]*")
assert(utf8.char() == "" and utf8.char(72, 228, 8364, 0x1f600) == "Hä€😀" and utf8.char(0) == "\0" and utf8.char(0x7fffffff) == "\xfd\xbf\xbf\xbf\xbf\xbf")
for _, c in ipairs({ 0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff }) do
	local s = utf8.char(c)
	assert(utf8.codepoint(s) == c and utf8.len(s) == 1 and s:match("^" .. utf8.charpattern .. "$"))
end
for _, c in ipairs({ 0x110000, 0x1fffff, 0x200000, 0x3ffffff, 0x4000000, 0x7fffffff, 0xd800, 0xdfff }) do
	local s = utf8.char(c)
	assert(utf8.len(s) == nil and utf8.codepoint(s, 1, 1, true) == c and utf8.len(s, 1, -1, true) == 1)
	fails("invalid UTF-8 code", utf8.codepoint, s)
end
fails("value out of range", utf8.char, -1) fails("value out of range", utf8.char, 1 << 31)

assert(utf8.len("") == 0 and utf8.len("abc") == 3 and utf8.len("aé€😀") == 4 and utf8.len("abc", 4) == 0 and utf8.len("abc", -1) == 1 and utf8.len("aé", 2, 2) == 1)
local function bad(s, at) local n, p = utf8.len(s) assert(n == nil and p == at) end
bad("\xff", 1) bad("abc\x80", 4) bad("\xc0\x80", 1) bad("\xc1\xbf", 1) bad("\xe0\x80\x80", 1) bad("a\xf0\x80\x80\x80", 2) bad("\xe2\x82", 1) bad("é\xe9", 3) bad("\xf8\x80\x80\x80\x80", 1)
assert(select(2, utf8.len("é", 2)) == 2)
fails("initial position out of bounds", utf8.len, "abc", 5) fails("initial position out of bounds", utf8.len, "abc", 0) fails("final position out of bounds", utf8.len, "abc", 1, 4)

local t = { utf8.codepoint("héllo", 1, -1) }
assert(#t == 5 and t[2] == 233 and select("#", utf8.codepoint("abc", 3, 2)) == 0)
fails("out of bounds", utf8.codepoint, "abc", 1, 4) fails("out of bounds", utf8.codepoint, "abc", 0)
assert(select("#", utf8.codepoint(("é"):rep(500), 1, -1)) == 500)

local s = "aé€😀z"
local at = {}
for p, c in utf8.codes(s) do at[#at + 1] = p .. ":" .. c end
assert(table.concat(at, " ") == "1:97 2:233 4:8364 7:128512 11:122")
for i = 1, 5 do assert(utf8.offset(s, i) == tonumber(at[i]:match("%d+"))) end
assert(utf8.offset(s, 6) == 12 and utf8.offset(s, 7) == nil and utf8.offset(s, -1) == 11 and utf8.offset(s, -5) == 1 and utf8.offset(s, -6) == nil)
for i = 7, 10 do assert(utf8.offset(s, 0, i) == 7) end
assert(utf8.offset(s, 1, 4) == 4 and utf8.offset(s, 2, 4) == 7 and utf8.offset(s, -1, 4) == 2 and utf8.offset("", 1) == 1 and utf8.offset("", 0) == 1)
fails("position out of bounds", utf8.offset, "abc", 1, 10) fails("initial position is a continuation byte", utf8.offset, "aé", 1, 3)
fails("invalid UTF-8 code", function() for _ in utf8.codes("a\xff") do end end)
fails("invalid UTF-8 code", function() for _ in utf8.codes("\xed\xa0\x80") do end end)
for p, c in utf8.codes("\xed\xa0\x80", true) do assert(p == 1 and c == 0xd800) end
fails("string expected", utf8.codes, {})
print("ok")
