-- SPDX-License-Identifier: MIT
--
-- <const> and <close>: order of closing, every way out of a block, values
-- kept, errors on the way.

local log
local function res(name)
	return setmetatable({ name = name }, { __close = function(self, e)
		log[#log + 1] = name .. (e ~= nil and ":" .. tostring(e) or "")
	end })
end
local function trace(f, ...)
	log = {}
	local r = table.pack(pcall(f, ...))
	return table.concat(log, " "), table.unpack(r, 1, r.n)
end

local k <const> = 42
assert(k + 1 == 43)
do local k2 <const>, v = k, 1 v = v + k2 assert(v == 43) end

-- end of block, in reverse order
assert(trace(function()
	local a <close> = res "a"
	local b <close> = res "b"
	do
		local c <close> = res "c"
		log[#log + 1] = "body"
	end
	log[#log + 1] = "after"
end) == "body c after b a")

-- return: values are computed before closing, and kept
local t, ok, r1, r2 = trace(function()
	local a <close> = res "a"
	local x = 1
	local b <close> = setmetatable({}, { __close = function() x = 2 log[#log + 1] = "b" end })
	return x, "second"
end)
assert(t == "b a" and ok and r1 == 1 and r2 == "second")
t, ok, r1 = trace(function(...)
	local a <close> = res "a"
	return ...
end, 7)
assert(t == "a" and r1 == 7)

-- not a tail call: closing happens after the call
t = trace(function()
	local a <close> = res "a"
	return (function() log[#log + 1] = "called" end)()
end)
assert(t == "called a")

-- break, goto, and every turn of a loop
assert(trace(function()
	for i = 1, 3 do
		local a <close> = res("i" .. i)
		if i == 2 then break end
	end
	log[#log + 1] = "out"
end) == "i1 i2 out")
assert(trace(function()
	local n = 0
	::top::
	do
		local a <close> = res("n" .. n)
		n = n + 1
		if n < 3 then goto top end
		local b <close> = res "last"
		goto done
	end
	::done::
	log[#log + 1] = "end"
end) == "n0 n1 last n2 end")
assert(trace(function()
	while true do
		local a <close> = res "w"
		do
			local b <close> = res "inner"
			break
		end
	end
end) == "inner w")
assert(trace(function()
	local n = 0
	repeat
		local a <close> = res("r" .. n)
		n = n + 1
	until n == 2
end) == "r0 r1")
assert(trace(function()
	for i = 1, 4 do
		local a <close> = res("c" .. i)
		if i % 2 == 0 then goto continue end
		log[#log + 1] = "odd"
		::continue::
	end
end) == "odd c1 c2 odd c3 c4")

-- an error: everything is closed and told
t, ok, r1 = trace(function()
	local a <close> = res "a"
	local b <close> = res "b"
	error("E", 0)
end)
assert(t == "b:E a:E" and not ok and r1 == "E")
-- through several functions
t, ok, r1 = trace(function()
	local a <close> = res "a"
	local function inner()
		local b <close> = res "b"
		local _ = nil + 1
	end
	inner()
end)
assert(t:find("^b:.*arithmetic on a nil value a:.*nil value$") and not ok)

-- an error while closing replaces the first one
local function bad(name)
	return setmetatable({}, { __close = function(_, e)
		log[#log + 1] = name .. "(" .. tostring(e) .. ")"
		error(name .. " failed", 0)
	end })
end
t, ok, r1 = trace(function()
	local a <close> = res "a"
	local b <close> = bad "b"
	local c <close> = bad "c"
	error("E", 0)
end)
assert(t == "c(E) b(c failed) a:b failed" and r1 == "b failed")
t, ok, r1 = trace(function()
	local a <close> = res "a"
	do local b <close> = bad "b" end
	log[#log + 1] = "never"
end)
assert(t == "b(nil) a:b failed" and not ok and r1 == "b failed")

-- nil and false need no closing; other values must be closable
assert(trace(function()
	local a <close> = nil
	local b <close> = false
end) == "")
t, ok, r1 = trace(function()
	local a <close> = res "a"
	local x <close> = 42
end)
assert(not ok and r1:find("variable 'x' got a non-closable value", 1, true), r1)
assert(t:find("^a:.*non%-closable"))

-- the metamethod is looked up when closing
t, ok, r1 = trace(function()
	local a <close> = setmetatable({}, { __close = print })
	getmetatable(a).__close = nil
end)
assert(not ok and r1:find("metamethod 'close'", 1, true), r1)

-- the fourth value of a generic for is closed
local function iterate(n)
	return function(_, i) i = i + 1 if i <= n then return i end end, nil, 0, res "iter"
end
assert(trace(function() for _ in iterate(3) do end end) == "iter")
assert(trace(function() for i in iterate(3) do if i == 2 then break end end end) == "iter")
t, ok, r1 = trace(function() for i in iterate(3) do return i end end)
assert(t == "iter" and r1 == 1)
t = trace(function() for i in iterate(3) do error("x", 0) end end)
assert(t == "iter:x")

-- upvalues are closed before, so the metamethod may use them
t = trace(function()
	local v = "v"
	local a <close> = setmetatable({}, { __close = function() log[#log + 1] = v end })
	v = "changed"
end)
assert(t == "changed")
print("ok")
