-- SPDX-License-Identifier: MIT
--
-- __eq, __lt, __le, __len, __call, __tostring, __name, __metatable,
-- __pairs: when they are asked and what becomes of their results.

-- equality: only between two tables that are not the same
local calls = 0
local emt = { __eq = function(a, b) calls = calls + 1 return a.v == b.v and "yes" or nil end }
local function e(v) return setmetatable({ v = v }, emt) end
local x, y, z = e(1), e(1), e(2)
assert((x == y) == true and (x == z) == false and (x ~= y) == false and calls == 3)
assert(x == x and calls == 3)
assert(x ~= 1 and x ~= "1" and x ~= nil and calls == 3)
assert(setmetatable({ v = 1 }, {}) == x and calls == 4)	-- the second one's is used
assert(rawequal(x, x) and not rawequal(x, y) and calls == 4)
local keys = { [x] = 1 }
assert(keys[y] == nil and calls == 4)				-- keys are compared raw
if x == y then calls = calls + 10 end
assert(calls == 15)

-- order
local omt = {}
omt.__lt = function(a, b)
	return (type(a) == "table" and a.v or a) < (type(b) == "table" and b.v or b) and 1 or false
end
omt.__le = function(a, b)
	return (type(a) == "table" and a.v or a) <= (type(b) == "table" and b.v or b) and {} or nil
end
local function o(v) return setmetatable({ v = v }, omt) end
assert((o(1) < o(2)) == true and (o(2) < o(1)) == false and (o(1) > o(2)) == false)
assert((o(1) <= o(1)) == true and (o(2) >= o(3)) == false)
assert((o(1) < 5) == true and (5 < o(1)) == false and (o(9) > 5) == true and (5 >= o(9)) == false)
assert((o("a") < "b") == true and ("b" <= o("a")) == false)
assert(not (o(1) < 1) and o(1) <= 1)
local list = { o(3), o(1), o(2) }
table.sort(list)
assert(list[1].v == 1 and list[2].v == 2 and list[3].v == 3)

-- length
local lmt = { __len = function(t) return t.n or "no number" end }
assert(#setmetatable({ 1, 2, 3, n = 10 }, lmt) == 10)
assert(#setmetatable({ 1, 2, 3 }, lmt) == "no number")
assert(#"text" == 4 and rawlen(setmetatable({ 1, 2 }, lmt)) == 2)
assert(not pcall(table.concat, setmetatable({}, lmt)))	-- 'object length is not an integer'

-- call: any value, chains, arguments and results pass through
local cmt = { __call = function(self, ...) return self.name, select("#", ...), ... end }
local c = setmetatable({ name = "c" }, cmt)
local n, k, p1, p2 = c(1, nil)
assert(n == "c" and k == 2 and p1 == 1 and p2 == nil)
assert(select("#", c(1, 2, 3)) == 5 and select("#", pcall(c)) == 3)
local cc = setmetatable({}, { __call = c })		-- __call itself a callable
n, k, p1, p2 = cc("x")
assert(n == "c" and k == 2 and p1 == cc and p2 == "x")
local function tail() return c("t") end
assert(select(3, tail()) == "t")
assert(("abc"):gsub("b", setmetatable({}, { __index = function(_, s) return s:upper() end })) == "aBc")
local ok, m = pcall(function() local t = setmetatable({}, { __call = 1 }) return t() end)
assert(not ok and m:find("attempt to call a", 1, true), m)
-- as an iterator
local count = 0
for i in setmetatable({}, { __call = function(_, limit, i) i = i + 1 if i <= limit then return i end end }), 5, 0 do
	count = count + i
end
assert(count == 15)

-- tostring and names
assert(tostring(setmetatable({}, { __tostring = function() return "shown" end })) == "shown")
assert(not pcall(tostring, setmetatable({}, { __tostring = function() return {} end })))
assert(tostring(setmetatable({}, { __name = "My.Type" })):find("^My%.Type: "))
ok, m = pcall(function() return setmetatable({}, { __name = "My.Type" }) + 1 end)
assert(m:find("attempt to perform arithmetic on a My.Type value", 1, true), m)
assert(("%s"):format(setmetatable({}, { __tostring = function() return "f" end })) == "f")

-- protected metatables
local prot = setmetatable({}, { __metatable = "locked" })
assert(getmetatable(prot) == "locked")
ok, m = pcall(setmetatable, prot, {})
assert(not ok and m:find("cannot change a protected metatable", 1, true))
assert(getmetatable("").__index == string)

-- __pairs
local pm = setmetatable({}, { __pairs = function(t)
	return function(_, i) i = i + 1 if i <= 3 then return i, i * i end end, t, 0
end })
local s = 0
for i, v in pairs(pm) do s = s + i * 100 + v end
assert(s == 614)

-- comparison of different metatables: the first operand's comes first
local l1 = setmetatable({}, { __lt = function() return true end })
local l2 = setmetatable({}, { __lt = function() return false end })
assert(l1 < l2 and not (l2 < l1) and l2 > setmetatable({}, { __lt = function() return true end }) == true)
print("ok")
