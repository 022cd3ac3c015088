-- SPDX-License-Identifier: MIT
-- The debug library without hooks. Passes under any Lua 5.4.
local function fails(msg, f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "no error; expected: " .. msg)
	assert(string.find(tostring(err), msg, 1, true), tostring(err) .. " / " .. msg)
end

-- getinfo
local function f(a, b, ...)
	local up = fails
	return debug.getinfo(1, "nSlutf")
end
local i = f(1)
assert(i.name == "f" and i.namewhat == "local" and i.what == "Lua" and i.short_src:match("lib_debug.lua$") and i.source:sub(1, 1) == "@")
assert(i.nparams == 2 and i.isvararg == true and i.nups == 2 and i.func == f and i.istailcall == false and i.currentline == i.linedefined + 2 and i.lastlinedefined == i.linedefined + 3)
i = debug.getinfo(print)
assert(i.what == "C" and i.short_src == "[C]" and i.source == "=[C]" and i.currentline == -1 and i.linedefined == -1 and i.nparams == 0 and i.isvararg == true and i.name == nil and i.func == print)
i = debug.getinfo(1) assert(i.what == "main" and i.linedefined == 0 and i.isvararg == true and i.namewhat == "")
assert(debug.getinfo(100) == nil and debug.getinfo(1, "l").currentline == 20 and debug.getinfo(1, "l").source == nil)
local lines = debug.getinfo(f, "L").activelines
local first = debug.getinfo(f, "S").linedefined
assert(lines[first + 1] and lines[first + 2] and debug.getinfo(print, "L").activelines == nil)
local function tail() return debug.getinfo(1, "t").istailcall end
local function caller() return tail() end
assert(caller() == true)
local t = { m = function(self) return debug.getinfo(1, "n") end }
i = t:m() assert(i.name == "m" and i.namewhat == "method")
i = setmetatable({}, { __index = function() return debug.getinfo(1, "n") end }).x assert(i.name == "index" and i.namewhat == "metamethod")
function globalfunction() return debug.getinfo(1, "n") end
i = globalfunction() assert(i.name == "globalfunction" and i.namewhat == "global") globalfunction = nil
fails("bad argument #2 to 'debug.getinfo' (invalid option)", debug.getinfo, 1, "X") fails("invalid option '>'", debug.getinfo, 1, ">") fails("number expected, got string", debug.getinfo, "x")
local co = coroutine.create(function(x) local y = x + 1 coroutine.yield() end)
coroutine.resume(co, 10)
i = debug.getinfo(co, 1, "Sl") assert(i.what == "Lua" and i.currentline == 33 and debug.getinfo(co, 0, "S").what == "C" and debug.getinfo(co, 2) == nil)

-- getlocal, setlocal
assert(debug.getlocal(f, 1) == "a" and debug.getlocal(f, 2) == "b" and debug.getlocal(f, 3) == nil and debug.getlocal(print, 1) == nil)
local function g(a, ...)
	local b = a + 1
	local n, v = debug.getlocal(1, 1) assert(n == "a" and v == 5)
	n, v = debug.getlocal(1, 2) assert(n == "b" and v == 6)
	assert(debug.setlocal(1, 2, "new") == "b" and b == "new")
	n, v = debug.getlocal(1, -1) assert(n == "(vararg)" and v == "x")
	n, v = debug.getlocal(1, -2) assert(n == "(vararg)" and v == "y")
	assert(debug.getlocal(1, -3) == nil and debug.setlocal(1, -2, "z") == "(vararg)" and select(2, ...) == "z")
	local c = 1
	local inner = function() c = c + 1 return c end
	local k = 1 while debug.getlocal(1, k) ~= "c" do k = k + 1 end
	assert(select(2, debug.getlocal(1, k)) == 1) debug.setlocal(1, k, 41) assert(inner() == 42 and c == 42)
	do local hidden = 1 end
	for k2 = 1, 100 do assert(debug.getlocal(1, k2) ~= "hidden") end
	return b
end
g(5, "x", "y")
local function outer() local z = "zed" return (function() return debug.getlocal(2, 1) end)() end
local function outer2() local z = "zed" local r1, r2 = (function() return select(1, debug.getlocal(2, 1)) end)() return r1, r2 end
local n, v = outer2() assert(n == "z" and v == "zed")
n, v = debug.getlocal(co, 1, 1) assert(n == "x" and v == 10) n, v = debug.getlocal(co, 1, 2) assert(n == "y" and v == 11)
assert(debug.setlocal(co, 1, 2, 99) == "y" and select(2, debug.getlocal(co, 1, 2)) == 99)
fails("bad argument #1 to 'debug.getlocal' (level out of range)", debug.getlocal, 100, 1) fails("level out of range", debug.setlocal, 100, 1, 1)

-- upvalues
local u1, u2 = 1, 2
local function h1() return u1, u2 end
local function h2() return u2 end
n, v = debug.getupvalue(h1, 1) assert(n == "u1" and v == 1 and debug.getupvalue(h1, 3) == nil and debug.getupvalue(h1, 0) == nil)
assert(debug.setupvalue(h1, 2, 20) == "u2" and u2 == 20 and h2() == 20 and debug.setupvalue(h1, 9, 1) == nil)
assert(debug.upvalueid(h1, 2) == debug.upvalueid(h2, 1) and debug.upvalueid(h1, 1) ~= debug.upvalueid(h1, 2) and debug.upvalueid(h1, 3) == nil)
debug.upvaluejoin(h2, 1, h1, 1) assert(h2() == 1) u1 = 11 assert(h2() == 11)
fails("invalid upvalue index", debug.upvaluejoin, h1, 9, h2, 1) fails("invalid upvalue index", debug.upvaluejoin, h1, 1, h2, 9) fails("function expected", debug.getupvalue, 1, 1)
assert(debug.getupvalue(string.gmatch("a", "a"), 1) == "" and debug.getupvalue(load("return x"), 1) == "_ENV")
assert(debug.getupvalue(load(string.dump(h1, true)), 1) == "(no name)")

-- metatables, registry, user values
local mt = {}
assert(debug.setmetatable(10, mt) == 10 and getmetatable(5) == mt and getmetatable(5.5) == mt)
mt.__index = function(x, k) return k .. x end assert((3).abc == "abc3") debug.setmetatable(10, nil) assert(getmetatable(5) == nil)
debug.setmetatable(nil, { __call = function() return "called nil" end }) local none assert(none() == "called nil") debug.setmetatable(nil, nil)
debug.setmetatable(print, { __index = { tag = "fn" } }) assert(fails.tag == "fn" and print.tag == "fn") debug.setmetatable(print, nil)
debug.setmetatable(true, { __unm = function(x) return not x end }) assert(-true == false and -false == true) debug.setmetatable(true, nil)
assert(debug.getmetatable(setmetatable({}, { __metatable = 1 })).__metatable == 1 and debug.getmetatable("").__index == string and debug.getmetatable({}) == nil)
fails("nil or table expected", debug.setmetatable, 1, 1)
assert(type(debug.getregistry()) == "table" and debug.getregistry()._LOADED == package.loaded)
assert(debug.getuservalue(1) == nil and debug.getuservalue(io.stdout, 1) == nil) fails("userdata expected", debug.setuservalue, 1, 1)
assert(debug.gethook() == nil) debug.sethook()

-- traceback
assert(debug.traceback("msg", 1):match("^msg\nstack traceback:\n\t[^\n]*lib_debug.lua:%d+: in main chunk\n\t%[C%]: in %?$"))
assert(debug.traceback(mt) == mt and debug.traceback(nil, 1):match("^stack traceback:") and debug.traceback(12, 100) == "12\nstack traceback:")
assert(debug.traceback(co) == debug.traceback(co, nil, 0) and debug.traceback(co, "co"):match("^co\nstack traceback:\n\t%[C%]: in function 'coroutine.yield'\n\t[^\n]*lib_debug.lua:33: in function <[^\n]*lib_debug.lua:33>$"))
fails("number expected, got string", debug.traceback, "x", "y")
print("ok")
