-- SPDX-License-Identifier: MIT
-- string.pack, packsize, unpack. Passes under any Lua 5.4 on a 64-bit little-endian machine; native sizes are those of such.
local pack, unpack, size = string.pack, string.unpack, string.packsize
local function fails(msg, f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "no error; expected: " .. msg)
	assert(string.find(tostring(err), msg, 1, true), tostring(err) .. " / " .. msg)
end

assert(pack("<i4", 1) == "\1\0\0\0" and pack(">i4", 1) == "\0\0\0\1" and pack("<i2", -2) == "\xfe\xff" and pack("b", -1) == "\xff")
for n = 1, 16 do
	for _, v in ipairs({ 0, 1, -1, 100, -100, 127, -128 }) do
		for _, order in ipairs({ "<", ">", "=" }) do
			local s = pack(order .. "i" .. n, v)
			assert(#s == n and unpack(order .. "i" .. n, s) == v)
			if v >= 0 then assert(unpack(order .. "I" .. n, pack(order .. "I" .. n, v)) == v) end
		end
	end
end
assert(unpack("<I8", ("\xff"):rep(8)) == -1 and unpack("<i8", pack("<i8", math.mininteger)) == math.mininteger)
assert(pack("<i16", -1) == ("\xff"):rep(16) and pack("<I16", -1) == ("\xff"):rep(8) .. ("\0"):rep(8))
for _, v in ipairs({ 0.0, 1.5, -1e300, 1/0, 2^-1074 }) do
	assert(unpack("<d", pack("<d", v)) == v and unpack(">n", pack(">n", v)) == v)
end
assert(unpack("<f", pack("<f", 0.5)) == 0.5 and pack(">d", 1) == "\x3f\xf0\0\0\0\0\0\0" and pack("<f", 1) == "\0\0\x80\x3f")
assert(pack("z", "abc") == "abc\0" and pack("<s2", "abc") == "\3\0abc" and pack("s1", "") == "\0" and pack("c5", "abc") == "abc\0\0" and pack("c0", "") == "")
local a, b, c, d, pos = unpack("<i1 z s1 c2", "\5hello\0\3xyzPQrest")
assert(a == 5 and b == "hello" and c == "xyz" and d == "PQ" and pos == 14)
assert(select("#", unpack("", "abc")) == 1 and unpack("", "abc") == 1)
assert(unpack("b", "\1\2\3", 3) == 3 and unpack("b", "\1\2\3", -1) == 3 and select(2, unpack("b", "abc", 2)) == 3)
assert(pack("<!4 i1 i4", 1, 2) == "\1\0\0\0\2\0\0\0" and pack("<!4 i1 !2 i4", 1, 2) == "\1\0\2\0\0\0" and pack("<i1 i4", 1, 2) == "\1\2\0\0\0")
assert(pack("<!8 b Xd d", 1, 2):len() == 16 and pack("<b x b", 1, 2) == "\1\0\2" and pack("!4 b Xi4", 1):len() == 4 and size("!b Xd") == 8)
assert(size("b h i l j T f d n") == 1 + 2 + 4 + 8 + 8 + 8 + 4 + 8 + 8 and size("!b d") == 16 and size("c10 i3") == 13 and size("") == 0 and size("<i4 > i4") == 8)
assert(select("#", unpack("<" .. ("b"):rep(100), ("\1"):rep(100))) == 101)

fails("integral size (17) out of limits [1,16]", pack, "i17", 1)
fails("integral size (0) out of limits [1,16]", pack, "i0", 1)
fails("bad argument #2 to 'string.pack' (integer overflow)", pack, "i1", 128)
fails("integer overflow", pack, "i2", -32769)
fails("bad argument #2 to 'string.pack' (unsigned overflow)", pack, "I1", 256)
fails("unsigned overflow", pack, "I2", -1)
fails("string contains zeros", pack, "z", "a\0b")
fails("string longer than given size", pack, "c2", "abc")
fails("string length does not fit in given size", pack, "s1", ("x"):rep(256))
fails("format asks for alignment not power of 2", pack, "!4 i3", 1)
fails("invalid next option for option 'X'", pack, "Xz")
fails("invalid next option for option 'X'", pack, "X")
fails("invalid next option for option 'X'", pack, "Xc1")
fails("invalid format option 'y'", pack, "y")
fails("missing size for format option 'c'", pack, "c", "a")
fails("variable-length format", size, "s")
fails("variable-length format", size, "z")
fails("format result too large", size, ("c2147483600"):rep(2))
fails("number expected, got string", pack, "i4", "x")
fails("number expected, got n", pack, "i4")
fails("number has no integer representation", pack, "i", 1.5)
fails("data string too short", unpack, "i4", "abc")
fails("data string too short", unpack, "s1", "\5ab")
fails("data string too short", unpack, "c10", "abc")
fails("unfinished string for format 'z'", unpack, "z", "abc")
fails("16-byte integer does not fit into Lua Integer", unpack, "<i16", ("\xff"):rep(8) .. ("\1"):rep(8))
fails("9-byte integer does not fit into Lua Integer", unpack, "<I9", ("\0"):rep(8) .. "\1")
fails("initial position out of string", unpack, "b", "abc", 10)
print("ok")
