-- SPDX-License-Identifier: MIT
--
-- Yielding from the depth of things: across pcall and xpcall, out of
-- metamethods, iterators, <close> handlers, and where it is forbidden.

local yield, wrap = coroutine.yield, coroutine.wrap

-- Runs f in a coroutine; answers every yield(v) with v, and counts.
local function run(f)
	local co = coroutine.create(f)
	local yields = 0
	local r = table.pack(coroutine.resume(co))
	while coroutine.status(co) == "suspended" do
		yields = yields + 1
		r = table.pack(coroutine.resume(co, r[2]))
	end
	assert(r[1], r[2])
	return yields, table.unpack(r, 2, r.n)
end

-- pcall
local n, a, b = run(function()
	local ok, v = pcall(function()
		local x = yield(1) + yield(2)
		error("after " .. x, 0)
	end)
	assert(not ok)
	local ok2, w = pcall(pcall, function() return yield(5) end)
	return v, w
end)
assert(n == 3 and a == "after 3" and b == true)

-- nested, an error that passes one pcall after a yield
n, a = run(function()
	local function level(k)
		if k == 0 then yield(0) error("deep", 0) end
		local ok, e = pcall(level, k - 1)
		yield(k)
		error(e .. k, 0)
	end
	local _, e = pcall(level, 5)
	return e
end)
assert(n == 6 and a == "deep12345")

-- xpcall, whose handler runs at the place of the error
n, a = run(function()
	local ok, e = xpcall(function(x) yield(x) local y = nil; y() end, function(m) return "handled " .. m:match("%((.-)%)") end, 1)
	return e
end)
assert(n == 1 and a == "handled local 'y'")

-- every metamethod that Lua code calls may yield
local mt = {}
for e in ("add sub mul div mod idiv pow band bor bxor shl shr concat"):gmatch("%a+") do
	mt["__" .. e] = function(x, y) return yield(e) end
end
mt.__unm = function() return yield "unm" end
mt.__bnot = function() return yield "bnot" end
mt.__len = function() return yield "len" end
mt.__eq = function() return yield "eq" end
mt.__lt = function() return yield "lt" end
mt.__le = function() return yield "le" end
mt.__index = function(_, k) return yield("index " .. k) end
mt.__newindex = function(_, k) yield("newindex " .. k) end
mt.__call = function(_, v) return yield("call " .. v) end
local x, y = setmetatable({}, mt), setmetatable({}, mt)
n, a = run(function()
	local out = { x + 1, 1 - x, x * y, x / 2, x % 2, x // 2, x ^ 2, x & 1, 1 | x, x ~ y, x << 1, x >> 1 }
	out[#out + 1] = -x
	out[#out + 1] = ~x
	out[#out + 1] = #x
	out[#out + 1] = x .. "s"
	out[#out + 1] = "a" .. "b" .. x .. "c"
	out[#out + 1] = x.field
	out[#out + 1] = x(7)
	out[#out + 1] = tostring(x == y) .. tostring(x ~= y)
	out[#out + 1] = tostring(x < y) .. tostring(x <= y) .. tostring(x > 1) .. tostring(1 >= x)
	x.key = 1
	if x == y then out[#out + 1] = "taken" end
	if not (x < y) then out[#out + 1] = "wrong" end
	return table.concat(out, " ")
end)
assert(a == "add sub mul div mod idiv pow band bor bxor shl shr unm bnot len concat abconcat "
	.. "index field call 7 truefalse truetruetruetrue taken", a)
assert(n == 28, n)

-- in the middle of an expression: what was computed before is kept
n, a = run(function()
	local t = setmetatable({}, { __index = function(_, k) return yield(k) end })
	return 1000 + t[100] * (t[2] + t[3]) - (t[4] .. 5) // 1 + #{ t[1], t[2], (yield(9)) }
end)
assert(a == 1000 + 100 * 5 - 45 + 3 and n == 7)

-- an iterator that yields to the outside of the loop's coroutine
n, a = run(function()
	local s = 0
	for v in function(_, i) i = (i or 0) + 1 if i <= 3 then return yield(i) end end do s = s + v end
	return s
end)
assert(n == 3 and a == 6)

-- closing handlers
n, a = run(function()
	local out = {}
	do
		local c <close> = setmetatable({}, { __close = function() out[1] = yield("closing") end })
		out[2] = yield("body")
	end
	local ok, e = pcall(function()
		local c <close> = setmetatable({}, { __close = function(_, e) out[3] = yield(e .. "!") end })
		error("E", 0)
	end)
	return table.concat(out, " ") .. " " .. e
end)
assert(n == 3 and a == "closing body E! E", a)

-- from the bottom of a deep recursion, and of a coroutine inside one
n, a = run(function()
	local function down(k) if k == 0 then return yield("bottom") end return (down(k - 1)) .. "." end
	return #down(1000)
end)
assert(n == 1 and a == 1006)
n, a = run(function()
	local inner = wrap(function() for i = 1, 3 do yield(i) end end)
	return inner() + inner() * yield(10) + inner()
end)
assert(n == 1 and a == 1 + 20 + 3)

-- not through a C function that calls back
local function blocked(f)
	local ok, m = coroutine.resume(coroutine.create(f))
	assert(not ok and m:find("attempt to yield across a C-call boundary", 1, true), m)
end
blocked(function() ("abc"):gsub(".", yield) end)
blocked(function() table.sort({ 3, 2, 1 }, function(p, q) yield() return p < q end) end)
print("ok")
