-- SPDX-License-Identifier: MIT
-- kind: general
--
-- json.lua [N] - a JSON encoder and decoder, and a round trip through both.
--
-- The encoder writes object keys in sorted order, so equal values have
-- equal texts.  The decoder is a recursive descent over byte positions and
-- reports the position of what it cannot read.  The data are N records
-- made from a fixed seed.  String building, string scanning, tables used
-- both ways.

local records = math.max(1, tonumber(arg and arg[1]) or 25000)

local byte, char, find, sub = string.byte, string.char, string.find, string.sub
local concat = table.concat

local null = setmetatable({}, { __tostring = function() return "null" end })

---------------------------------------------------------------- encoder --

local escapes = {
	['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f",
	["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
}

local function escape(c)
	return escapes[c] or ("\\u%04x"):format(byte(c))
end

local function quote(s)
	return '"' .. s:gsub('[%c"\\]', escape) .. '"'
end

local encode_into

local function encode_array(out, a, n)
	out[#out + 1] = "["
	for i = 1, n do
		if i > 1 then
			out[#out + 1] = ","
		end
		encode_into(out, a[i])
	end
	out[#out + 1] = "]"
end

local function encode_object(out, t)
	local keys = {}
	for k in pairs(t) do
		if type(k) ~= "string" then
			error("object key is a " .. type(k), 0)
		end
		keys[#keys + 1] = k
	end
	table.sort(keys)
	out[#out + 1] = "{"
	for i, k in ipairs(keys) do
		if i > 1 then
			out[#out + 1] = ","
		end
		out[#out + 1] = quote(k)
		out[#out + 1] = ":"
		encode_into(out, t[k])
	end
	out[#out + 1] = "}"
end

function encode_into(out, v)
	local kind = type(v)
	if v == null then
		out[#out + 1] = "null"
	elseif kind == "string" then
		out[#out + 1] = quote(v)
	elseif kind == "number" then
		if v ~= v or v == math.huge or v == -math.huge then
			error("number has no JSON form", 0)
		end
		local whole = v == math.floor(v) and v > -2 ^ 53 and v < 2 ^ 53
		out[#out + 1] = (whole and "%d" or "%.17g"):format(v)
	elseif kind == "boolean" then
		out[#out + 1] = tostring(v)
	elseif kind == "table" then
		local n = #v
		if n > 0 or v.n == 0 then
			encode_array(out, v, n)
		else
			encode_object(out, v)
		end
	else
		error("cannot encode a " .. kind, 0)
	end
end

local function encode(v)
	local out = {}
	encode_into(out, v)
	return concat(out)
end

---------------------------------------------------------------- decoder --
-- Every reader takes the text and a position and returns a value and the
-- position after it.

local function fail(pos, what)
	error(("at byte %d: %s"):format(pos, what), 0)
end

local function skip(s, pos)
	local _, last = find(s, "^[ \t\r\n]*", pos)
	return last + 1
end

local unescapes = {
	b = "\b", f = "\f", n = "\n", r = "\r", t = "\t",
	['"'] = '"', ["\\"] = "\\", ["/"] = "/",
}

-- The bytes of a code point in UTF-8.
local function utf8_bytes(code)
	if code < 0x80 then
		return char(code)
	end
	local tail, lead, room = "", 0x80, 0x40
	repeat
		tail = char(0x80 + code % 0x40) .. tail
		code = math.floor(code / 0x40)
		lead = 0x80 + lead / 2
		room = room / 2
	until code < room
	return char(lead + code) .. tail
end

-- \uXXXX, joining a surrogate pair into one code point.
local function read_unicode(s, pos)
	local hex = s:match("^%x%x%x%x", pos)
	if not hex then
		fail(pos, "four hexadecimal digits expected")
	end
	local code = tonumber(hex, 16)
	pos = pos + 4
	if code >= 0xD800 and code < 0xDC00 then
		local low = s:match("^\\u(%x%x%x%x)", pos)
		local second = low and tonumber(low, 16) or 0
		if second >= 0xDC00 and second < 0xE000 then
			code = 0x10000 + (code - 0xD800) * 0x400 + (second - 0xDC00)
			pos = pos + 6
		end
	end
	return utf8_bytes(code), pos
end

local function read_string(s, pos)
	local start = pos
	local stop = find(s, '["\\]', pos + 1)
	if stop and byte(s, stop) == 34 then
		return sub(s, pos + 1, stop - 1), stop + 1	-- no escapes: the usual case
	end
	local parts = {}
	pos = pos + 1
	while true do
		stop = find(s, '["\\]', pos)
		if not stop then
			fail(start, "string without an end")
		end
		parts[#parts + 1] = sub(s, pos, stop - 1)
		if byte(s, stop) == 34 then
			return concat(parts), stop + 1
		end
		local letter = sub(s, stop + 1, stop + 1)
		if letter == "u" then
			parts[#parts + 1], pos = read_unicode(s, stop + 2)
		elseif unescapes[letter] then
			parts[#parts + 1], pos = unescapes[letter], stop + 2
		else
			fail(stop, "unknown escape")
		end
	end
end

local function read_number(s, pos)
	local _, last = find(s, "^-?%d+%.?%d*[eE]?[+-]?%d*", pos)
	local v = last and tonumber(sub(s, pos, last))
	if not v then
		fail(pos, "number expected")
	end
	return v, last + 1
end

local read_value

local function read_array(s, pos)
	local a, n = {}, 0
	pos = skip(s, pos + 1)
	if byte(s, pos) == 93 then
		a.n = 0			-- so that it is written as [] again
		return a, pos + 1
	end
	while true do
		n = n + 1
		a[n], pos = read_value(s, pos)
		pos = skip(s, pos)
		local c = byte(s, pos)
		if c == 93 then
			return a, pos + 1
		elseif c ~= 44 then
			fail(pos, "',' or ']' expected")
		end
		pos = skip(s, pos + 1)
	end
end

local function read_object(s, pos)
	local t = {}
	pos = skip(s, pos + 1)
	if byte(s, pos) == 125 then
		return t, pos + 1
	end
	while true do
		local key
		if byte(s, pos) ~= 34 then
			fail(pos, "key expected")
		end
		key, pos = read_string(s, pos)
		pos = skip(s, pos)
		if byte(s, pos) ~= 58 then
			fail(pos, "':' expected")
		end
		t[key], pos = read_value(s, skip(s, pos + 1))
		pos = skip(s, pos)
		local c = byte(s, pos)
		if c == 125 then
			return t, pos + 1
		elseif c ~= 44 then
			fail(pos, "',' or '}' expected")
		end
		pos = skip(s, pos + 1)
	end
end

local words = {
	t = { "true", true }, f = { "false", false }, n = { "null", null },
}

function read_value(s, pos)
	local c = byte(s, pos)
	if c == 123 then
		return read_object(s, pos)
	elseif c == 91 then
		return read_array(s, pos)
	elseif c == 34 then
		return read_string(s, pos)
	end
	local word = c and words[char(c)]
	if word then
		if sub(s, pos, pos + #word[1] - 1) ~= word[1] then
			fail(pos, "unknown word")
		end
		return word[2], pos + #word[1]
	end
	return read_number(s, pos)
end

local function decode(s)
	local v, pos = read_value(s, skip(s, 1))
	pos = skip(s, pos)
	if pos <= #s then
		fail(pos, "text after the end")
	end
	return v
end

--------------------------------------------------------- made-up records --

local seed = 7
local function random(n)
	seed = seed * 48271 % 2147483647
	return seed % n + 1
end

local syllables = { "ka", "lo", "mi", "ren", "tos", "vu", "é", "ß", "shi", "\n", '"' }

local function name()
	local parts = {}
	for i = 1, random(4) + 1 do
		parts[i] = syllables[random(#syllables)]
	end
	return concat(parts)
end

local function record(id)
	local r = {
		id = id, name = name(), active = random(2) == 1, score = random(10000) / 16,
		tags = { n = 0 }, parent = null, place = { x = random(100), y = -random(100) },
	}
	for i = 1, random(5) - 1 do
		r.tags[i] = name()
		r.tags.n = nil
	end
	if random(3) == 1 then
		r.parent = random(id)
	end
	return r
end

local function same(a, b)
	if type(a) ~= "table" or type(b) ~= "table" then
		return a == b
	end
	for k, v in pairs(a) do
		if not same(v, b[k]) then
			return false
		end
	end
	for k in pairs(b) do
		if a[k] == nil then
			return false
		end
	end
	return true
end

-- A short sum of a text that depends on the order of its bytes.
local function checksum(s)
	local h = 0
	for i = 1, #s do
		h = (h * 31 + byte(s, i)) % 1000000007
	end
	return h
end

local data = {}
for id = 1, records do
	data[id] = record(id)
end
local text = encode(data)
local back = decode(text)
print(("%d records, %d bytes, checksum %d"):format(records, #text, checksum(text)))
print("round trip keeps the data: " .. tostring(same(data, back)))
print("round trip keeps the text: " .. tostring(encode(back) == text))
print("first record: " .. encode(data[1]))

-- What a reader of broken texts is told.
for _, broken in ipairs { '{"a":1,}', "[1 2]", '"abc', "[1,2", "nul", '"\\q"', "{} x" } do
	print(("%-10s %s"):format(broken, select(2, pcall(decode, broken))))
end
print(decode('"\\u0041\\u00e9\\ud83d\\ude00"'))
