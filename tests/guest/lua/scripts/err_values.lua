-- SPDX-License-Identifier: MIT
--
-- error, pcall, xpcall, assert: values of any type, handlers, rethrowing,
-- errors in handlers, errors through metamethods and library callbacks.

-- any value
local t = {}
for _, v in ipairs { 1, 1.5, true, false, "s", t, print } do
	local ok, e = pcall(error, v)
	assert(ok == false and (e == v or e == "s"))
end
local ok, e = pcall(error)
assert(ok == false and e == nil)
ok, e = pcall(error, nil)
assert(ok == false and e == nil)
ok, e = pcall(error, "text", 0)
assert(e == "text")
assert(select("#", pcall(error)) == 2)

-- pcall passes arguments and results
local function echo(...) return ... end
assert(select("#", pcall(echo)) == 1 and select("#", pcall(echo, nil, nil)) == 3)
local r = table.pack(pcall(echo, 1, nil, 3, nil))
assert(r.n == 5 and r[1] == true and r[2] == 1 and r[4] == 3)
assert(pcall(pcall, error) == true)
ok, e = pcall(42)
assert(not ok and e == "attempt to call a number value")
assert(not pcall(pcall))

-- nested: the inner one takes it, the rest goes on
local steps = {}
ok = pcall(function()
	steps[#steps + 1] = 1
	local inner, m = pcall(function() steps[#steps + 1] = 2 error("x", 0) end)
	assert(not inner and m == "x")
	steps[#steps + 1] = 3
end)
assert(ok and #steps == 3)
-- rethrow keeps the value
ok, e = pcall(function()
	local _, m = pcall(error, t)
	error(m)
end)
assert(e == t)

-- xpcall: the handler sees the value, at the place of the error
local function handler(m) return "<" .. tostring(m) .. ">" end
ok, e = xpcall(error, handler, "m", 0)
assert(not ok and e == "<m>")
assert(select("#", xpcall(echo, handler, 1, 2, 3)) == 4)
local depth_at_error
local function deep(k) if k == 0 then error("bottom", 0) end local r1 = deep(k - 1) return r1 end
ok, e = xpcall(deep, function(m)
	local _, lines = debug.traceback("", 1):gsub("\n", "\n")
	depth_at_error = lines
	return m
end, 5)
assert(e == "bottom" and depth_at_error >= 8, depth_at_error)
-- a handler that fails, gives nothing, or gives a table
ok, e = xpcall(error, function() error("again", 0) end, "m")
assert(ok == false)
ok, e = xpcall(error, function() end, "m")
assert(ok == false and e == nil)
ok, e = xpcall(error, function() return t end, "m")
assert(e == t)
-- run-time errors reach it with their message
ok, e = xpcall(function() local x = nil; return x.y end, function(m) return (m:gsub("^.-:%d+: ", "")) end)
assert(e == "attempt to index a nil value (local 'x')")

-- assert
assert(select("#", assert(1, 2, 3)) == 3)
ok, e = pcall(assert, false)
assert(e == "assertion failed!")
ok, e = pcall(assert, nil, "custom")
assert(e == "custom")
ok, e = pcall(assert, false, t)
assert(e == t)
ok, e = pcall(assert)
assert(e == "bad argument #1 to 'assert' (value expected)")

-- through metamethods, iterators, callbacks of the library
local bad = setmetatable({}, {
	__index = function() error("in index", 0) end, __add = function() error("in add", 0) end,
	__eq = function() error("in eq", 0) end, __lt = function() error("in lt", 0) end,
	__concat = function() error("in concat", 0) end, __call = function() error("in call", 0) end,
	__len = function() error("in len", 0) end, __newindex = function() error("in newindex", 0) end,
	__tostring = function() error("in tostring", 0) end, __unm = function() error("in unm", 0) end,
})
local function check(want, f)
	local fine, m = pcall(f)
	assert(not fine and m == want, m)
end
for _ = 1, 100 do
	check("in index", function() return bad.x end)
	check("in add", function() return 1 + bad end)
	check("in eq", function() return bad == setmetatable({}, {}) end)
	check("in lt", function() return bad < 1 end)
	check("in concat", function() return "a" .. bad end)
	check("in call", function() return bad() end)
	check("in len", function() return #bad end)
	check("in newindex", function() bad.x = 1 end)
	check("in tostring", function() return tostring(bad) end)
	check("in unm", function() return -bad end)
	check("in iterator", function() for _ in function() error("in iterator", 0) end do end end)
	check("in sort", function() table.sort({ 2, 1, 3 }, function() error("in sort", 0) end) end)
	check("in gsub", function() return ("x"):gsub(".", function() error("in gsub", 0) end) end)
	local chunk, m = load(function() error("in load", 0) end)
	assert(chunk == nil and m:find("^in load"))
end

-- state after an error is what it was up to then
local count, list = 0, {}
pcall(function()
	for i = 1, 10 do
		count = count + 1
		list[i] = i
		if i == 7 then error() end
	end
end)
assert(count == 7 and #list == 7)
print("ok")
