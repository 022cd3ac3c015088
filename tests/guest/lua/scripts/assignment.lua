-- SPDX-License-Identifier: MIT
--
-- Multiple assignment, order of evaluation of calls, adjustment.

local a, b, c = 1, 2
assert(a == 1 and b == 2 and c == nil)
a, b = b, a
assert(a == 2 and b == 1)
a, b, c = 0, 1
assert(a == 0 and b == 1 and c == nil)
a, b = (function() return 1, 2, 3 end)()
assert(a == 1 and b == 2)
a, b, c = (function() return 1, 2, 3 end)(), 10
assert(a == 1 and b == 10 and c == nil)
a, b, c = 0, (function() return 5, 6, 7 end)()
assert(a == 0 and b == 5 and c == 6)
a, b = 1, 2, error == nil			-- extra values are evaluated and dropped
assert(a == 1 and b == 2)

-- every right side is evaluated before anything is assigned
local t = { 1, 2, 3 }
t[1], t[2], t[3] = t[3], t[1], t[2]
assert(t[1] == 3 and t[2] == 1 and t[3] == 2)
local i = 1
i, t[i] = i + 1, 20			-- t[1], with the old i
assert(i == 2 and t[1] == 20 and t[2] == 1)
do
	local x = { name = "x" }
	local keep = x
	x.name, x = "changed", nil	-- the table is fetched first
	assert(keep.name == "changed" and x == nil)
end
do
	local x, y = {}, {}
	local ox, oy = x, y
	x[1], y[1], x, y = "in x", "in y", y, x
	assert(ox[1] == "in x" and oy[1] == "in y" and x == oy and y == ox)
end

-- calls on the right go left to right
local log = {}
local function note(v) log[#log + 1] = tostring(v) return v end
local r1, r2, r3 = note(1), note(2), note(3)
assert(table.concat(log) == "123")
log = {}
local tt = { note("a"), [note("b")] = note("c"), note("d") }
assert(table.concat(log) == "abcd" and tt[2] == "d")
log = {}
local _ = note(1) + note(2) * note(3) .. note(4)
assert(table.concat(log) == "1234")
log = {}
_ = note(1) < note(2) and note(false) or note("z")
assert(table.concat(log) == "12falsez")
log = {}
_ = (note(print) and tostring)(note("arg"))
assert(#log == 2 and log[2] == "arg")

-- metamethods called by an assignment see the values computed before
local seen = {}
local watched = setmetatable({}, { __newindex = function(self, k, v)
	seen[#seen + 1] = k .. "=" .. tostring(v)
	rawset(self, k, v)
end })
watched.x, watched.y = 1, 2
watched.x = 3
assert(#seen == 2)
table.sort(seen)
assert(table.concat(seen, " ") == "x=1 y=2")

-- locals are visible only after their statement
local v = 1
local v = v + 1
assert(v == 2)
local function self_ref() return self_ref end
assert(self_ref() == self_ref)
local notyet = function() return notyet_global end
assert(notyet() == nil)
do local v = v * 10 assert(v == 20) do local v = v + 1 assert(v == 21) end assert(v == 20) end
assert(v == 2)

-- swaps through locals, upvalues, globals, fields
gx, gy = 1, 2
gx, gy = gy, gx
assert(gx == 2 and gy == 1)
local u1, u2 = "p", "q"
local function swap() u1, u2 = u2, u1 end
swap()
assert(u1 == "q" and u2 == "p")
t.x, t.y = 1, 2
t.x, t.y = t.y, t.x
assert(t.x == 2 and t.y == 1)
gx, gy = nil, nil
print("ok")
