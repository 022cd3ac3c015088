-- SPDX-License-Identifier: MIT
-- find, match, gmatch, gsub. Passes under any Lua 5.4.
local function fails(msg, f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "no error; expected: " .. msg)
	assert(string.find(tostring(err), msg, 1, true), tostring(err) .. " / " .. msg)
end
local function eq(want, ...)
	local got = {}
	for i = 1, select("#", ...) do got[i] = tostring((select(i, ...))) end
	got = table.concat(got, " ")
	assert(got == want, got .. " / " .. want)
end

-- find
eq("2 4", ("hello"):find("ell"))
eq("nil", ("hello"):find("xyz"))
eq("1 0", ("hello"):find(""))
eq("6 5", ("hello"):find("", 6))
eq("nil", ("hello"):find("", 7))
eq("1 0", (""):find(""))
eq("4 4", ("hello"):find("l", 4))
eq("4 4", ("hello"):find("l", -2))
eq("3 3", ("hello"):find("l", -100))
eq("2 2", ("a.b"):find(".", 2, true))
eq("nil", ("abc"):find("b.", 1, true))
eq("2 3 c", ("abc"):find("b(c)"))
eq("5 11 quick", ("THE (quick) fox"):find("%((%a+)%)"))
eq("4 4", ("a\0b\0"):find("\0", 3))
eq("21 26", (("x"):rep(20) .. "needle"):find("needle", 1, true))
eq("nil", (("ne"):rep(40)):find("needle", 1, true))
eq("81 86", (("ne"):rep(40) .. "needle"):find("needle"))
eq("1 1", ("]"):find("]"))
eq("2 2", ("a$"):find("$", 1, true))

-- items, sets, anchors
eq("key value", ("key = value"):match("^(%w+)%s*=%s*(%w+)$"))
eq("nil", ("  x"):match("^x"))
eq("b^", ("ab^c"):match("b^"))
eq("a$c", ("a$c"):match("a$c"))
eq("2024 01 31", ("on 2024-01-31!"):match("(%d+)-(%d+)-(%d+)"))
eq("[x]", ("a[x]b"):match("%[.-%]"))
eq("aaa", ("aaab"):match("a*"))
eq("", ("aaab"):match("a-"))
eq("aaab", ("aaab"):match("a-b"))
eq("", ("baaa"):match("a*"))
eq("ac abc", ("ac"):match("ab?c"), ("abc"):match("ab?c"))
eq("0xFF", ("n=0xFF;"):match("0[xX]%x+"))
eq("]", ("a]b"):match("[]]"))
eq("a", ("a]b"):match("[^]]"))
eq("-", ("a-b"):match("[a%-]", 2))
eq("-", ("x-"):match("[a-]"))
eq("^", ("x^"):match("[%^]"))
eq("b", ("aéb"):match("[%w]", 2))
eq("_x1", ("+_x1+"):match("[_%a][_%w]*"))
eq("hello", ("hello world"):match("[a-z]+"))
eq(" world", ("hello world"):match("[^a-v]+.*"))
eq("A1 b", ("A1 b"):match("%u%d%s%l"))
eq("\0", ("a\0b"):match("%z") or "\0")
eq("abc", ("abc"):match(".+"))
eq("3", ("abc"):match("()c"))
eq("1 4", ("abc"):match("()abc()"))
eq("nil", ("abc"):match("abcd"))
eq("x", ("x"):match("[%a_]"))
for _, class in ipairs({ "a", "c", "d", "g", "l", "p", "s", "u", "w", "x" }) do
	for byte = 0, 255 do
		local ch = string.char(byte)
		local one = ch:match("%" .. class) ~= nil
		assert(one ~= (ch:match("%" .. class:upper()) ~= nil))
		assert(one == (ch:match("[%" .. class .. "]") ~= nil) and one ~= (ch:match("[^%" .. class .. "]") ~= nil))
	end
end
-- sets used often are turned into something faster: same answers
local s = {}
for i = 1, 600 do s[i] = string.char(32 + i * 7 % 90) end
s = table.concat(s)
local n = select(2, s:gsub("[%w_]", ""))
local m = 0
for i = 1, #s do if s:sub(i, i):match("[%w_]") then m = m + 1 end end
assert(n == m)
assert(s:gsub("[^%w_]+", "") == s:gsub("[^%w_]", ""))

-- captures, %b, %f, back references
eq("bc b", ("abc"):match("((b)c)"))
eq("a 6", ("[[a]]=[[b]]"):match("%[%[(.-)%]%]()"))
eq("(a(b)c)", ("f(a(b)c)d"):match("%b()"))
eq("nil", ("f(a(bc"):match("%b()"))
eq("''", ("''"):match("%b''"))
eq("the (quick) fox 3", ("THE (quick) fox"):gsub("%f[%a]%a+", string.lower))
eq("1 3", ("foo bar"):find("%f[%w]%w+"))
eq("bar", ("foo bar"):match("bar%f[%W]"))
eq("\" it's", ([[x = "it's"]]):match([[(["'])(.-)%1]]))
eq("aa", ("xaay"):match("(a)%1") and "aa")
eq("nil", ("xaby"):match("(a)%1"))
local many = ("(.)"):rep(32)
assert(select("#", ("x"):rep(32):match(many)) == 32)

-- gmatch
local out = {}
for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do out[#out + 1] = k .. v end
eq("a1,b2", table.concat(out, ","))
out = {}
for w in ("abc"):gmatch("") do out[#out + 1] = "|" end
assert(#out == 4)
out = {}
for p in ("abc"):gmatch("()") do out[#out + 1] = p end
eq("1,2,3,4", table.concat(out, ","))
out = {}
for w in ("one two  three"):gmatch("%a+", 3) do out[#out + 1] = w end
eq("e,two,three", table.concat(out, ","))
assert(("x"):gmatch("x", 5)() == nil)
out = {}
for a in ("xuxx uu ppar r"):gmatch("()(.)%2") do out[#out + 1] = a end
eq("3,6,9", table.concat(out, ","))
out = {}
for w in ("a^a^a"):gmatch("^a") do out[#out + 1] = w end
assert(#out == 2 or #out == 0)

-- gsub
eq("aabbcc 3", ("abc"):gsub("%w", "%0%0"))
eq("-a-b-c- 4", ("abc"):gsub("", "-"))
eq("hell0 world 1", ("hello world"):gsub("o", "0", 1))
eq("abc 1", ("abc"):gsub("b", { b = false }))
eq("aXc 1", ("abc"):gsub("b", { b = "X" }))
eq("a1c 1", ("abc"):gsub("b", { b = 1 }))
eq("bac 1", ("abc"):gsub("(a)(b)", "%2%1"))
eq("100% 1", ("100p"):gsub("p", "%%"))
eq("abc 0", ("abc"):gsub("x", "y"))
eq("abc 0", ("abc"):gsub("b", "y", 0))
eq("abc 0", ("abc"):gsub("b", "y", -5))
eq("xbc 1", ("abc"):gsub("^a", "x"))
eq("aaa 0", ("aaa"):gsub("^b", "x"))
eq("xaa 1", ("aaa"):gsub("^a", "x"))
eq("ab!cd! 2", ("ab cd "):gsub("%s", "!"))
eq("(a)(b) 2", ("ab"):gsub(".", "(%0)"))
eq("1a2b 2", ("ab"):gsub("()(.)", "%1%2"))
eq("A.B 2", ("a.b"):gsub("%a", string.upper))
eq("a.b 2", ("a.b"):gsub("%a", function() end))
eq("7 1", ("x"):gsub("x", 7))
eq("\0x\0 1", ("\0y\0"):gsub("y", "x"))
eq("xyz 3", ("abc"):gsub("%w", setmetatable({}, { __index = function(_, k) return ({ a = "x", b = "y", c = "z" })[k] end })))
eq(" 0", (""):gsub("x", "y"))
eq("[] 1", (""):gsub("", "[]"))
eq("a  b 5", ("a  b"):gsub("", ""))
eq("abc abc 2", ("x x"):gsub("x", "abc"))
assert(#("x"):rep(5000):gsub("x", "yz") == 10000)
local depth = 0
eq("<<a>> 1", ("a"):gsub("a", function(x) depth = depth + 1 return (("a"):gsub("a", "<<%0>>")) end))

-- errors
fails("malformed pattern (missing ']')", string.find, "a", "[a")
fails("malformed pattern (missing ']')", string.find, "a", "[]")
fails("malformed pattern (missing ']')", string.find, "a", "[^]")
fails("malformed pattern (missing ']')", string.find, "a", "[%")
fails("malformed pattern (ends with '%')", string.find, "a", "%")
fails("unfinished capture", string.find, "a", "(a")
fails("invalid pattern capture", string.match, "a", "a)")
fails("invalid capture index", string.find, "a", "%1")
fails("invalid capture index", string.find, "a", "(%1)")
fails("missing arguments to '%b'", string.find, "a", "%b")
fails("missing '[' after '%f' in pattern", string.find, "a", "%f")
fails("invalid capture index %2", string.gsub, "a", "a", "%2")
fails("invalid use of '%' in replacement string", string.gsub, "a", "a", "%x")
fails("invalid use of '%' in replacement string", string.gsub, "a", "a", "%")
fails("string/function/table expected", string.gsub, "a", "a")
fails("invalid replacement value (a table)", string.gsub, "a", "a", function() return {} end)
fails("invalid replacement value (a boolean)", string.gsub, "a", "a", { a = true })
fails("too many captures", string.find, ("a"):rep(40), ("(a)"):rep(33))
fails("pattern too complex", string.match, ("a"):rep(300000), (".-"):rep(300) .. "b")
fails("attempt to yield across a C-call boundary", coroutine.wrap(function() ("x"):gsub("x", coroutine.yield) end))
fails("boom", string.gsub, "x", "x", function() error("boom") end)
assert(coroutine.wrap(function() pcall(string.gsub, "x", "x", error) return coroutine.isyieldable() end)())
print("ok")
