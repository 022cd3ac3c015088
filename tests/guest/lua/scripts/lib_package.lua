-- SPDX-License-Identifier: MIT
-- require and the package library. Passes under any Lua 5.4 on a POSIX system.
local function fails(msg, f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "no error; expected: " .. msg)
	assert(string.find(tostring(err), msg, 1, true), tostring(err) .. " / " .. msg)
end
local base = os.tmpname()
os.remove(base)
assert(os.execute("mkdir -p " .. base .. "/sub"))
local function write(name, text) local f = assert(io.open(base .. "/" .. name, "w")) f:write(text) f:close() end

assert(package.config == "/\n;\n?\n!\n-\n" and #package.searchers == 4 and package.loaded._G == _G and package.loaded.string == string and package.loaded.package == package)
for _, lib in ipairs({ "string", "table", "math", "utf8", "io", "os", "coroutine", "debug" }) do assert(require(lib) == _G[lib]) end
assert(type(package.path) == "string" and type(package.cpath) == "string" and package.path:find("?", 1, true))
local path, cpath = package.path, package.cpath
package.path, package.cpath = base .. "/?.lua;" .. base .. "/?/init.lua", base .. "/?.so"

write("mod.lua", "count = (count or 0) + 1 return { name = ..., file = select(2, ...) }")
local m, where = require("mod")
assert(m.name == "mod" and m.file == base .. "/mod.lua" and where == m.file and count == 1 and require("mod") == m and count == 1 and package.loaded.mod == m)
package.loaded.mod = nil assert(require("mod") ~= m and count == 2)
write("sub/inner.lua", "return 'inner'") assert(require("sub.inner") == "inner")
write("sub/init.lua", "local name = ... package.loaded[name] = 'self-made'") assert(require("sub") == "self-made")
write("none.lua", "x = 1") assert(require("none") == true and package.loaded.none == true)
write("falsy.lua", "return false") assert(require("falsy") == false)
write("bad.lua", "x = = 1") fails("error loading module 'bad' from file '" .. base .. "/bad.lua':\n\t" .. base .. "/bad.lua:1: unexpected symbol near '='", require, "bad")
write("raises.lua", "error('boom')") fails("raises.lua:1: boom", require, "raises") assert(package.loaded.raises == nil)
package.preload.pre = function(name, extra) return name .. extra end
assert(require("pre") == "pre:preload:" and select(2, require("none")) == nil)
fails("module 'a.b' not found:\n\tno field package.preload['a.b']\n\tno file '" .. base .. "/a/b.lua'\n\tno file '" .. base .. "/a/b/init.lua'\n\tno file '" .. base .. "/a/b.so'\n\tno file '" .. base .. "/a.so'", require, "a.b")
write("clib.so", "not a library") fails("error loading module 'clib' from file '" .. base .. "/clib.so':\n\t", require, "clib")
table.insert(package.searchers, 1, function(name) if name == "virtual" then return function(...) return { ... } end, "data" end return "mine: no" end)
m, where = require("virtual") assert(m[1] == "virtual" and m[2] == "data" and where == "data")
fails("module 'zzz' not found:\n\tmine: no\n\tno field", require, "zzz")
table.remove(package.searchers, 1)
fails("string expected", require)
local searchers = package.searchers
package.searchers = nil fails("'package.searchers' must be a table", require, "zzz") package.searchers = searchers
package.path = nil fails("'package.path' must be a string", require, "zzz") package.path = path

assert(package.searchpath("mod", base .. "/?.lua") == base .. "/mod.lua" and package.searchpath("sub.inner", base .. "/?.lua") == base .. "/sub/inner.lua")
assert(package.searchpath("sub-inner", base .. "/?.lua", "-") == base .. "/sub/inner.lua")
local r, msg = package.searchpath("x.y", "./?.none;./?.nil") assert(r == nil and msg == "no file './x/y.none'\n\tno file './x/y.nil'")
r, msg, where = package.loadlib("/nonexistent.so", "f") assert(r == nil and type(msg) == "string" and (where == "open" or where == "absent"))
package.cpath = cpath
os.execute("rm -rf " .. base)
print("ok")
