-- SPDX-License-Identifier: MIT
--
-- Run-time messages name the variable: local, upvalue, global, field,
-- method, constant.  Each is raised cold and again after the function has
-- been called often without an error.

local function strip(m) return (tostring(m):gsub("^[^:]*:%d+: ", "")) end

-- f fails with `want` when called with the given arguments.
local function fails(want, f, ...)
	local ok, m = pcall(f, ...)
	if ok or strip(m) ~= want then
		error(("got  %s\nwant %s"):format(strip(m), want), 2)
	end
end

-- The same after 300 calls that succeed with the arguments in `good`.
local function hot(want, f, good, ...)
	fails(want, f, ...)
	for _ = 1, 300 do f(table.unpack(good, 1, 4)) end
	fails(want, f, ...)
end

local up = nil
local tup = {}
local full = { x = { y = { z = 1 } }, f = function() return 1 end, [1] = { y = 1 } }
full.m = function() end

-- indexing
hot("attempt to index a nil value (local 't')", function(t) return t.x end, { full })
hot("attempt to index a number value (local 't')", function(t) return t.x end, { full }, 5)
hot("attempt to index a boolean value (local 't')", function(t) return t[1] end, { full }, true)
hot("attempt to index a function value (local 't')", function(t, k) return t[k] end, { full, 1 }, print, 1)
hot("attempt to index a nil value (field 'x')", function(t) return t.x.y end, { full }, {})
hot("attempt to index a nil value (field 'y')", function(t) return t.x.y.z end, { full }, { x = {} })
hot("attempt to index a nil value (field '?')", function(t, k) return t[k].y end, { full, "x" }, {}, "x")
hot("attempt to index a nil value (field 'integer index')", function(t) return t[1].y end, { full }, {})
hot("attempt to index a nil value (local 't')", function(t) t.x = 1 end, { {} })
hot("attempt to index a nil value (field 'x')", function(t) t.x.y = 1 end, { { x = {} } }, {})
hot("attempt to index a nil value (local 't')", function(t, k) t[k] = 1 end, { {}, 1 }, nil, 1)
fails("attempt to index a nil value (upvalue 'up')", function() return up.x end)
fails("attempt to index a nil value (upvalue 'up')", function() up.x = 1 end)
fails("attempt to index a nil value (global 'undefined_g')", function() return undefined_g.x end)
fails("attempt to index a nil value (global 'undefined_g')", function() undefined_g.x = 1 end)
fails("attempt to index a nil value (field 'g2')", function() return _G.g2.x end)
fails("attempt to index a nil value", function() return (nil).x end)
fails("attempt to index a nil value", function() return (up or nil).x end)
fails("attempt to index a number value", function() return (#tup).x end)

-- calling
hot("attempt to call a nil value (local 'f')", function(f) return (f()) end, { function() end })
hot("attempt to call a table value (local 'f')", function(f) f() end, { function() end }, {})
hot("attempt to call a nil value (field 'f')", function(t) return (t.f()) end, { full }, {})
hot("attempt to call a nil value (method 'm')", function(t) t:m() end, { full }, {})
hot("attempt to call a nil value (field '?')", function(t, k) t[k]() end, { full, "f" }, {}, "f")
fails("attempt to call a nil value (upvalue 'up')", function() up() end)
fails("attempt to call a nil value (global 'undefined_g')", function() undefined_g() end)
fails("attempt to call a nil value (field 'nothing')", function() string.nothing() end)
fails("attempt to call a nil value (method 'nothing')", function() ("s"):nothing() end)
fails("attempt to call a number value", function() (function() return 5 end)()() end)
fails("attempt to call a nil value (local 'f')", function(f) return f() end)	-- a tail call
fails("attempt to call a nil value (for iterator 'for iterator')", function() for _ in nil do end end)

-- arithmetic, concatenation, length
hot("attempt to perform arithmetic on a nil value (local 'b')", function(a, b) return a + b end, { 1, 2 }, 1)
hot("attempt to perform arithmetic on a nil value (local 'a')", function(a, b) return a + b end, { 1, 2 })
hot("attempt to perform arithmetic on a table value (local 'a')", function(a) return a * 2 end, { 1 }, {})
hot("attempt to perform arithmetic on a boolean value (local 'a')", function(a) return 2 - a end, { 1 }, true)
hot("attempt to perform arithmetic on a nil value (field 'x')", function(t) return t.x + 1 end, { { x = 1 } }, {})
hot("attempt to perform arithmetic on a nil value (field '?')", function(t, i) return t[i] + 1 end, { { 1 }, 1 }, {}, 1)
hot("attempt to perform arithmetic on a nil value (local 'a')", function(a) return -a end, { 1 })
hot("attempt to perform arithmetic on a nil value (field 'n')", function(t) t.n = t.n + 1 end, { { n = 1 } }, {})
fails("attempt to perform arithmetic on a nil value (upvalue 'up')", function() return up + 1 end)
fails("attempt to perform arithmetic on a nil value (global 'undefined_g')", function() return undefined_g - 1 end)
hot("attempt to concatenate a nil value (local 'b')", function(a, b) return a .. b end, { "x", "y" }, "x")
hot("attempt to concatenate a table value (local 'a')", function(a, b) return a .. b end, { "x", "y" }, {}, "y")
hot("attempt to concatenate a boolean value (field 'x')", function(t) return "v" .. t.x end, { { x = 1 } }, { x = true })
hot("attempt to get length of a nil value (local 's')", function(s) return #s end, { "abc" })
hot("attempt to get length of a number value (field 'x')", function(t) return #t.x end, { { x = "s" } }, { x = 1 })

-- bitwise
hot("attempt to perform bitwise operation on a nil value (local 'a')", function(a) return a & 1 end, { 1 })
hot("number (local 'a') has no integer representation", function(a) return a | 1 end, { 1 }, 1.5)
hot("number has no integer representation", function(a) return (a + 0.5) << 1 end, { 0.5 }, 1)

-- division
hot("attempt to divide by zero", function(a, b) return a // b end, { 1, 1 }, 1, 0)
hot("attempt to perform 'n%0'", function(a, b) return a % b end, { 1, 1 }, 1, 0)

-- comparison names types only
hot("attempt to compare number with nil", function(a, b) return a < b end, { 1, 2 }, 1)
hot("attempt to compare nil with number", function(a, b) return a > b end, { 1, 2 }, 1)
hot("attempt to compare two table values", function(a, b) return a <= b end, { 1, 2 }, {}, {})
hot("attempt to compare two nil values", function(a, b) return a < b end, { 1, 2 })
hot("attempt to compare string with number", function(a, b) return a < b end, { "a", "b" }, "a", 1)
hot("attempt to compare number with table", function(a) if 1 < a then return a end end, { 2 }, {})

-- a name belongs to the register at that moment
fails("attempt to index a nil value (local 'b')", function()
	local a = {}
	do local b = 1 end
	local b
	return a.x, b.x
end)
-- arguments of library functions, called as functions and as methods
fails("bad argument #1 to 'rep' (string expected, got no value)", function() string.rep() end)
fails("bad argument #2 to 'rep' (number expected, got table)", function() string.rep("x", {}) end)
fails("bad argument #1 to 'rep' (number expected, got table)", function() ("x"):rep({}) end)
fails("bad argument #1 to 'insert' (table expected, got nil)", function() table.insert(nil, 1) end)
fails("bad argument #1 to 'ipairs' (value expected)", function() ipairs() end)
fails("bad argument #1 to 'floor' (number expected, got string)", function() math.floor("x") end)
fails("bad argument #2 to 'setmetatable' (nil or table expected, got number)", function() setmetatable({}, 1) end)
fails("wrong number of arguments to 'insert'", function() table.insert({}, 1, 2, 3) end)
fails("bad argument #1 to 'char' (value out of range)", function() string.char(256) end)
fails("bad argument #1 to 'format' (number has no integer representation)", function() ("%d"):format(1.5) end)
print("ok")
