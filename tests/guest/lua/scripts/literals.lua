-- SPDX-License-Identifier: MIT
--
-- Numerals, escapes, long strings, comments and names.

local function eq(got, want)
	if got ~= want or math.type(got) ~= math.type(want) then
		error(("got %s, want %s"):format(got, want), 2)
	end
end

eq(9223372036854775807, math.maxinteger)
eq(9223372036854775808, 2.0 ^ 63)
eq(-9223372036854775808, -(2.0 ^ 63))	-- minus applied to a float
eq(0x7fffffffffffffff, math.maxinteger)
eq(0x8000000000000000, math.mininteger)
eq(0xffffffffffffffff, -1)
eq(0x1ffffffffffffffff, -1)		-- hexadecimal integers wrap
eq(0xA, 10)
eq(0Xa, 10)
eq(3., 3.0)
eq(.5, 0.5)
eq(3e2, 300.0)
eq(3E-2, 0.03)
eq(0x.1, 0.0625)
eq(0xA.8p1, 21.0)
eq(0x1p-2, 0.25)
eq(0x10p0, 16.0)
eq(1e308 * 10, math.huge)
eq(0x1p1023 * 2, math.huge)
eq(1e-400, 0.0)
eq(100000000000000000000, 1e20)

eq("\a\b\f\n\r\t\v\\\"\'", "\7\8\12\10\13\9\11\92\34\39")
eq("\65\066\x43\u{44}", "ABCD")
eq("\0651", "A1")
eq("a\z
    b\z   c", "abc")
eq("line\
break", "line\nbreak")
eq(#"\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}", 1 + 2 + 2 + 3 + 3 + 4)
eq("\u{7FFFFFFF}", "\xFD\xBF\xBF\xBF\xBF\xBF")
eq(#"a\0b", 3)
eq('it"s', "it\"s")

eq([[
first newline is dropped]], "first newline is dropped")
eq([[a
b]], "a\nb")
eq([==[a]]b]=]c]==], "a]]b]=]c")
eq([[\n]], "\\n")
eq(#[[

]], 1)

--[[ a long
comment ]] eq(1, 1)
--[==[ another ]] one
]==] eq(2, 2)
---[[ not long
eq(3, 3)
--]]

local _A1, and_, End = 1, 2, 3
eq(_A1 + and_ + End, 6)

-- CR, LF and their pairs count as one line each
local f = assert(load("return\n1\r\n+\n\r2\r", "=x"))
eq(f(), 3)
local _, m = load("\n\r\n\n\r\r =", "=x")
eq(m, "x:5: unexpected symbol near '='")

-- a first line that starts with # is skipped in files only
assert(load("#!x\nreturn 1") == nil)

local function bad(source, what)
	local chunk, message = load(source, "=x")
	assert(chunk == nil and message:find(what, 1, true), message)
end
bad("x = 3x", "malformed number near '3x'")
bad("x = 0x", "malformed number near '0x'")
bad("x = 1e", "malformed number near '1e'")
bad("x = 1..2", "malformed number near '1..2'")
bad("x = '\\q'", "invalid escape sequence near ''\\q'")
bad("x = '\\300'", "decimal escape too large near ''\\300'")
bad("x = '\\xg0'", "hexadecimal digit expected near ''\\xg'")
bad("x = '\\u{110000000}'", "UTF-8 value too large")
bad("x = '\\u41'", "missing '{'")
bad("x = 'abc", "unfinished string near <eof>")
bad("x = 'abc\ndef'", "unfinished string near ''abc'")
bad("x = [[abc", "unfinished long string (starting at line 1) near <eof>")
bad("x = [==abc", "invalid long string delimiter near '[=='")
bad("--[[ abc\n\n", "unfinished long comment (starting at line 1) near <eof>")
bad("x = 1 $ 2", "unexpected symbol near '$'")
bad("x = @", "unexpected symbol near '@'")
print("ok")
