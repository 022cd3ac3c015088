-- SPDX-License-Identifier: MIT
-- The functions of the coroutine library: results and messages. Passes under any Lua 5.4.
local function fails(msg, f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "no error; expected: " .. msg)
	assert(string.find(tostring(err), msg, 1, true), tostring(err) .. " / " .. msg)
end

local co = coroutine.create(function(a, b)
	assert(a == 1 and b == nil)
	local c, d = coroutine.yield(a, "y")
	assert(c == 3 and d == 4)
	return "end", nil
end)
assert(coroutine.status(co) == "suspended")
local r = table.pack(coroutine.resume(co, 1)) assert(r.n == 3 and r[1] == true and r[2] == 1 and r[3] == "y")
r = table.pack(coroutine.resume(co, 3, 4)) assert(r.n == 3 and r[2] == "end" and coroutine.status(co) == "dead")
local ok, msg = coroutine.resume(co) assert(ok == false and msg == "cannot resume dead coroutine")
local main, ismain = coroutine.running() assert(type(main) == "thread" and ismain == true and coroutine.status(main) == "running" and coroutine.isyieldable() == false)
fails("attempt to yield from outside a coroutine", coroutine.yield)
fails("thread expected, got number", coroutine.resume, 1) fails("thread expected", coroutine.status) fails("function expected, got number", coroutine.wrap, 1) fails("function expected", coroutine.create)

-- statuses, self-resume
co = coroutine.create(function()
	local me, m = coroutine.running()
	assert(me == co and m == false and coroutine.isyieldable() and coroutine.isyieldable(co))
	assert(coroutine.status(co) == "running" and coroutine.status(main) == "normal")
	local ok2, e = coroutine.resume(co) assert(not ok2 and e == "cannot resume non-suspended coroutine")
	fails("cannot close a running coroutine", coroutine.close, co) fails("cannot close a normal coroutine", coroutine.close, main)
	coroutine.wrap(function() assert(coroutine.status(co) == "normal") fails("cannot close a normal coroutine", coroutine.close, co) end)()
end)
assert(coroutine.resume(co))

-- wrap: values, errors with position, error objects
local gen = coroutine.wrap(function(...) for i = 1, select("#", ...) do coroutine.yield((select(i, ...))) end return "fin" end)
assert(gen("a", "b") == "a" and gen() == "b" and gen() == "fin") fails("cannot resume dead coroutine", gen)
local obj = {}
assert(select(2, pcall(coroutine.wrap(function() error(obj) end))) == obj)
ok, msg = pcall(function() coroutine.wrap(function() error("inner") end)() end)
assert(msg:match("lib_coroutine.lua:%d+: inner$"))
local closed
fails("boo", coroutine.wrap(function() local x <close> = setmetatable({}, { __close = function(_, e) closed = e end }) error("boo") end)) assert(closed:find("boo"))

-- close
co = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() closed = "yes" end }) coroutine.yield() end)
coroutine.resume(co) assert(coroutine.close(co) == true and closed == "yes" and coroutine.status(co) == "dead" and coroutine.close(co) == true)
co = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() error("in close", 0) end }) coroutine.yield() end)
coroutine.resume(co) ok, msg = coroutine.close(co) assert(ok == false and msg == "in close")
assert(coroutine.close(coroutine.create(print)))

-- yields across what may be yielded across
co = coroutine.wrap(function()
	local ok3, v = pcall(function() return coroutine.yield("in pcall") end) assert(ok3 and v == 1)
	v = xpcall(function() coroutine.yield("in xpcall") end, print) assert(v)
	local t = setmetatable({}, { __index = function(_, k) return coroutine.yield("in index") end, __add = function() return coroutine.yield("in add") end })
	assert(t.x == 2 and t + 1 == 3)
	for k in function(_, c) return coroutine.yield("in iterator") end do assert(k == 4) break end
	assert(select(2, load("return ...")(1, coroutine.yield("in args"))) == 5)
	local f = setmetatable({}, { __call = function(_, x) return coroutine.yield(x) end }) assert(f("in call") == 6)
	for _, v2 in pairs(setmetatable({}, { __pairs = function() coroutine.yield("in pairs") return next, { 7 } end })) do assert(v2 == 7) end
	return "done"
end)
assert(co() == "in pcall" and co(1) == "in xpcall" and co() == "in index" and co(2) == "in add" and co(3) == "in iterator" and co(4) == "in args" and co(5) == "in call" and co(6) == "in pairs" and co() == "done")

-- many values, many coroutines
co = coroutine.wrap(function(...) while true do coroutine.yield(select("#", ...), ...) end end)
local big = table.pack(co(table.unpack({}, 1, 3000))) assert(big.n == 3001 and big[1] == 3000)
local all = {}
for i = 1, 300 do all[i] = coroutine.wrap(function() local s = i while true do s = s + coroutine.yield(s) end end) assert(all[i]() == i) end
for i = 1, 300 do assert(all[i](1) == i + 1) end
print("ok")
