-- SPDX-License-Identifier: MIT
-- kind: general
--
-- flips.lua [N] - functions that were fast on integers meet other types.
--
-- Each function below is called N times with integers, so a compiler will
-- have specialised it for them, and then with floats, numeric strings and
-- tables that have metamethods.  The right answer must come out each time,
-- and then once more for integers.  The last part changes the type of a
-- variable in the middle of a running loop, over and over.

local n = math.tointeger(tonumber(arg and arg[1]) or 6000000)

-- A length with a unit, adding and comparing through metamethods.
local Length = {}
Length.__index = Length

local function length(metres)
	return setmetatable({ metres = metres }, Length)
end

local function metres_of(v)
	return type(v) == "table" and v.metres or v
end

function Length.__add(a, b) return length(metres_of(a) + metres_of(b)) end
function Length.__mul(a, b) return length(metres_of(a) * metres_of(b)) end
function Length.__lt(a, b) return metres_of(a) < metres_of(b) end
function Length.__eq(a, b) return a.metres == b.metres end
function Length.__tostring(a) return a.metres .. " m" end

local function add(a, b)
	return a + b
end

local function blend(a, b, c)
	local t = a * b
	return t + c
end

local function larger(a, b)
	if a < b then
		return b
	end
	return a
end

local function warm_up(f, ...)
	local last
	for _ = 1, n do
		last = f(...)
	end
	return last
end

local function show(what, v)
	print(("%-32s %s (%s)"):format(what, tostring(v), math.type(v) or type(v)))
end

show("add, integers", warm_up(add, 20, 22))
show("add, floats", add(0.5, 41.5))
show("add, integer and float", add(20, 22.0))
show("add, string and integer", add("20", 22))
show("add, two strings", add("0x10", "1e1"))
show("add, lengths", add(length(20), length(22)))
show("add, integers wrap", add(math.maxinteger, 1))
show("add, integers again", add(20, 22))

show("blend, integers", warm_up(blend, 4, 10, 2))
show("blend, floats", blend(4.0, 10.0, 2.0))
show("blend, float in the middle", blend(4, 10, 2.5))
show("blend, strings", blend("4", "10", "2"))
show("blend, length times integer", blend(length(4), 10, 2))
show("blend, integers again", blend(4, 10, 2))

show("larger, integers", warm_up(larger, 41, 42))
show("larger, floats", larger(41.5, 42.5))
show("larger, mixed", larger(math.maxinteger, 2 ^ 53))
show("larger, strings", larger("pear", "apple"))
show("larger, lengths", larger(length(41), length(42)))
show("larger, not a number", larger(0 / 0, 1) ~= larger(0 / 0, 1))
show("larger, integers again", larger(41, 42))

local ok, message = pcall(add, 1, {})
show("add, a plain table", not ok and message:gsub("^.-:%d+: ", ""))
ok, message = pcall(larger, 1, "2")
show("larger, integer and string", not ok and message:gsub("^.-:%d+: ", ""))

-- One loop whose accumulator and operand change type again and again.
local kinds = { 1, 0.5, "2", length(1), 3 }
local total, float_total, metres = 0, 0.0, 0
for i = 1, n do
	local v = kinds[i // 1000 % #kinds + 1]
	local r = v + i
	if math.type(r) == "integer" then
		total = total + r
	elseif math.type(r) == "float" then
		float_total = float_total + r
	else
		metres = metres + r.metres
	end
end
show("loop, integers and strings", total)
show("loop, floats", float_total)
show("loop, lengths", metres)
