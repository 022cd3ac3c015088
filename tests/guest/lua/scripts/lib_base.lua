-- SPDX-License-Identifier: MIT
-- The basic functions: results, edge cases and messages. Passes under any Lua 5.4.
local function fails(msg, f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "no error; expected: " .. msg)
	assert(string.find(tostring(err), msg, 1, true), tostring(err) .. " / " .. msg)
end

-- assert, error, pcall, xpcall
assert(select("#", assert(1, nil, 3)) == 3)
fails("assertion failed!", assert, false)
fails("my message", assert, nil, "my message")
fails("value expected", assert)
local t = {}
assert(select(2, pcall(error, t)) == t)
assert(select(2, pcall(error)) == nil)
assert(select(2, pcall(error, "m", 0)) == "m")
assert(select(2, pcall(function() error("m") end)):match("lib_base.lua:%d+: m$"))
assert(select(2, pcall(function() error("m", 0) end)) == "m")
local function thrower() error("deep", 2) end
local line = select(2, pcall(function() thrower() end)):match(":(%d+): deep$")
assert(tonumber(line) == debug.getinfo(1, "l").currentline - 1)
assert(select("#", pcall(function() end)) == 1)
local r = table.pack(pcall(function(...) return ... end, 1, nil, 3, nil))
assert(r.n == 5 and r[1] == true and r[2] == 1 and r[4] == 3)
r = table.pack(xpcall(function(a, b) return b, a end, print, 1, 2))
assert(r.n == 3 and r[2] == 2 and r[3] == 1)
assert(select(2, xpcall(error, function(m) return m .. "!" end, "oops", 0)) == "oops!")
assert(select(2, xpcall(function() local x = nil; x() end, function(m) return "H:" .. m end)):find("^H:.*attempt to call a nil value %(local 'x'%)"))
fails("value expected", pcall)
fails("bad argument #2 to 'xpcall' (function expected, got no value)", xpcall, print)
-- nested protected calls restore everything
local function nest(n) if n == 0 then error("bottom", 0) end local ok, e = pcall(nest, n - 1) error(e, 0) end
assert(select(2, pcall(nest, 50)) == "bottom")

-- select
assert(select("#") == 0 and select("#", nil, nil) == 2)
assert(select(-1, 1, 2, 3) == 3 and select(2, "a", "b", "c") == "b")
assert(select("#", select(3, 1, 2)) == 0)
fails("bad argument #1 to 'select' (index out of range)", select, 0)
fails("index out of range", select, -4, 1, 2, 3)
fails("number expected, got string", select, "x")

-- tonumber, tostring
assert(tonumber("10") == 10 and math.type(tonumber("10")) == "integer")
assert(tonumber("  0x1p4  ") == 16.0 and tonumber("1e1") == 10.0)
assert(tonumber("") == nil and tonumber(" ") == nil and tonumber("1 2") == nil and tonumber("1\0") == nil)
assert(tonumber("0x") == nil and tonumber("1e") == nil and tonumber("nan") == nil and tonumber("inf") == nil)
assert(tonumber(true) == nil and tonumber({}) == nil)
assert(tonumber("0x7fffffffffffffff") == math.maxinteger and tonumber("0xffffffffffffffff") == -1)
assert(tonumber("9223372036854775808") == 2^63)
assert(tonumber("z", 36) == 35 and tonumber("-ff", 16) == -255 and tonumber(" 101 ", 2) == 5)
assert(tonumber("7fffffffffffffff", 16) == math.maxinteger)
assert(tonumber("8", 8) == nil and tonumber("1.0", 10) == nil and tonumber("", 10) == nil and tonumber("- 1", 10) == nil)
fails("bad argument #2 to 'tonumber' (base out of range)", tonumber, "1", 37)
fails("base out of range", tonumber, "1", 1)
fails("bad argument #1 to 'tonumber' (string expected, got number)", tonumber, 1, 10)
fails("value expected", tonumber)
assert(tostring(1.0) == "1.0" and tostring(-0.0) == "-0.0" and tostring(2^63) == "9.2233720368548e+18")
assert(tostring(math.mininteger) == "-9223372036854775808" and tostring(1e100) == "1e+100")
assert(tostring(1/0) == "inf" and tostring(-1/0) == "-inf" and tostring(nil) == "nil" and tostring(true) == "true")
assert(tostring({}):match("^table: 0x%x+$") and tostring(setmetatable({}, { __name = "My" })):match("^My: 0x%x+$"))
assert(tostring(setmetatable({}, { __tostring = function() return "me" end })) == "me")
fails("'__tostring' must return a string", tostring, setmetatable({}, { __tostring = function() return {} end }))

-- type, rawequal, rawlen, rawget, rawset
assert(type(nil) == "nil" and type(type) == "function" and type(coroutine.create(print)) == "thread" and type(io.stdout) == "userdata")
fails("bad argument #1 to 'type' (value expected)", type)
local mt = { __eq = function() return true end, __len = function() return 42 end, __index = function() return 7 end, __newindex = function() end }
local a, b = setmetatable({}, mt), setmetatable({}, mt)
assert(a == b and not rawequal(a, b) and rawequal(1, 1.0) and not rawequal("1", 1))
assert(#a == 42 and rawlen(a) == 0 and rawlen("abc") == 3)
assert(a.x == 7 and rawget(a, "x") == nil)
a.x = 1
assert(rawget(a, "x") == nil and rawset(a, "x", 1) == a and a.x == 1)
fails("table or string expected", rawlen, 1)
fails("bad argument #1 to 'rawget' (table expected, got number)", rawget, 1, 1)
fails("index is nil", rawset, {}, nil, 1)
fails("index is NaN", rawset, {}, 0/0, 1)

-- metatables
assert(getmetatable({}) == nil and getmetatable("").__index == string)
local m = {}
local obj = setmetatable({}, m)
assert(getmetatable(obj) == m and setmetatable(obj, nil) == obj and getmetatable(obj) == nil)
m.__metatable = "locked"
setmetatable(obj, m)
assert(getmetatable(obj) == "locked")
fails("cannot change a protected metatable", setmetatable, obj, {})
fails("bad argument #2 to 'setmetatable' (nil or table expected", setmetatable, {})
fails("bad argument #1 to 'setmetatable' (table expected, got number)", setmetatable, 1, {})
-- a field added to a metatable after a miss is seen
local late = {}
local o = setmetatable({}, late)
assert(o.x == nil)
rawset(late, "__index", { x = 5 })
assert(o.x == 5)

-- next, pairs, ipairs
assert(next({}) == nil and next({ 10 }) == 1 and select(2, next({ 10 })) == 10)
fails("invalid key to 'next'", next, {}, "x")
local seen, count = {}, 0
for k, v in pairs({ 1, 2, 3, x = 4, [2.5] = 5 }) do seen[k] = v; count = count + 1 end
assert(count == 5 and seen.x == 4 and seen[2.5] == 5 and seen[3] == 3)
local del = {}
for i = 1, 100 do del[i] = i; del["k" .. i] = i end
for k in pairs(del) do del[k] = nil end
assert(next(del) == nil)
local p = setmetatable({}, { __pairs = function(x) return function(_, k) if not k then return 1, x end end, x, nil end })
for k, v in pairs(p) do assert(k == 1 and v == p) end
assert(select("#", pairs({})) == 3)
local sum = 0
for i, v in ipairs({ 1, 2, nil, 4 }) do sum = sum + v end
assert(sum == 3)
for i, v in ipairs(setmetatable({}, { __index = function(_, i) if i <= 5 then return i * i end end })) do sum = sum + v end
assert(sum == 3 + 55)
fails("bad argument #1 to 'ipairs' (value expected)", ipairs)

-- load, loadfile, dofile
assert(load("return 1 + 1")() == 2)
assert(load("return ...", "n", "t", {})(5) == 5)
local env = { y = 3 }
assert(load("x = y return _ENV", "n", "t", env)() == env and env.x == 3)
local parts, i = { "return ", "1", "0", " + ", "5" }, 0
assert(load(function() i = i + 1 return parts[i] end)() == 15)
local f, e = load("x =", "=chunk")
assert(f == nil and e == "chunk:1: unexpected symbol near <eof>")
f, e = load("x = = 1")
assert(f == nil and e:find('[string "x = = 1"]:1:', 1, true))
f, e = load(function() return {} end)
assert(f == nil and e:find("reader function must return a string", 1, true))
f, e = load("return 1", "x", "b")
assert(f == nil and e == "attempt to load a text chunk (mode is 'b')")
f, e = load(string.dump(function() return 77 end), "x", "t")
assert(f == nil and e == "attempt to load a binary chunk (mode is 't')")
assert(load(string.dump(function() return 77 end))() == 77)
assert(load(string.dump(function() return 78 end, true), "x", "b")() == 78)
f, e = loadfile("/nonexistent/file")
assert(f == nil and e == "cannot open /nonexistent/file: No such file or directory")
fails("cannot open /nonexistent/file", dofile, "/nonexistent/file")
local name = os.tmpname()
local file = assert(io.open(name, "w"))
file:write("#!/usr/bin/lua\nlocal a = ...\nreturn a, 'done', X\n")
file:close()
assert(select(2, loadfile(name)(1)) == "done" and select(3, loadfile(name, "t", { X = 9 })()) == 9)
assert(select(2, dofile(name)) == "done")
os.remove(name)

-- collectgarbage
assert(collectgarbage() == 0 and collectgarbage("collect") == 0)
assert(math.type(collectgarbage("count")) == "float" and collectgarbage("count") > 0)
assert(collectgarbage("isrunning") == true)
assert(collectgarbage("stop") == 0 and collectgarbage("isrunning") == false)
assert(collectgarbage("restart") == 0 and collectgarbage("isrunning") == true)
collectgarbage("incremental")
assert(collectgarbage("generational") == "incremental" and collectgarbage("incremental") == "generational")
local old = collectgarbage("setpause", 100)
assert(collectgarbage("setpause", old) == 100)
repeat until collectgarbage("step", 10000)
fails("bad argument #1 to 'collectgarbage' (invalid option 'x')", collectgarbage, "x")
local weak = setmetatable({}, { __mode = "k" })
weak[{}] = 1
collectgarbage()
assert(next(weak) == nil)
local gone = 0
do local x = setmetatable({}, { __gc = function() gone = gone + 1 end }) end
(function() for i = 1, 20 do setmetatable({}, { __gc = function() gone = gone + 1 end }) end end)()
collectgarbage()
collectgarbage()
assert(gone > 0)

-- warn, globals
warn("@off")
warn("never ", "seen")
fails("bad argument #1 to 'warn' (string expected, got no value)", warn)
fails("bad argument #2 to 'warn' (string expected, got table)", warn, "x", {})
assert(_G._G == _G and _VERSION == "Lua 5.4" and package.loaded._G == _G)
print("ok")
