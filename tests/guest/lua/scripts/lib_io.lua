-- SPDX-License-Identifier: MIT
-- The io library, on temporary files. Passes under any Lua 5.4 on a POSIX system.
local function fails(msg, f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "no error; expected: " .. msg)
	assert(string.find(tostring(err), msg, 1, true), tostring(err) .. " / " .. msg)
end
local name = os.tmpname()
local function content(s) local f = assert(io.open(name, "wb")) assert(f:write(s) == f) assert(f:close() == true) return name end

-- open, close, type, tostring
local f = assert(io.open(name, "w"))
assert(io.type(f) == "file" and io.type(1) == nil and tostring(f):match("^file %(0x%x+%)$") and getmetatable(f).__name == "FILE*")
assert(f:close() and io.type(f) == "closed file" and tostring(f) == "file (closed)")
fails("attempt to use a closed file", f.read, f) fails("attempt to use a closed file", f.close, f)
local r, msg, code = io.open("/nonexistent/x")
assert(r == nil and msg == "/nonexistent/x: No such file or directory" and code == 2)
fails("bad argument #2 to 'io.open' (invalid mode)", io.open, name, "rz") fails("invalid mode", io.open, name, "+r") fails("invalid mode", io.open, name, "")
for _, m in ipairs({ "r", "rb", "r+", "r+b", "a", "ab", "a+", "w", "w+b" }) do assert(io.open(name, m)):close() end
fails("FILE* expected, got nil", io.close, nil) fails("value expected", io.type)
assert(select(2, io.stdout:seek("cur")) == nil or true)

-- write
f = io.open(name, "w")
assert(f:write("a", 1, 2.5, -3, 1e100, "\0z") == f and f:write() == f)
f:close()
f = io.open(name, "rb") assert(f:read("a") == "a12.5-31e+100\0z") assert(f:read("a") == "" and f:read("l") == nil and f:read(0) == nil) f:close()
fails("string expected, got table", io.stdout.write, io.stdout, {})
f = io.open(name) r, msg, code = f:write("x") assert(r == nil and math.type(code) == "integer") f:close()

-- read
f = io.open(content("0x1F -3.5e2 abc\nline2\n\nlast"))
local a, b, c = f:read("n", "n", "n")
assert(a == 31 and math.type(a) == "integer" and b == -350.0 and c == nil)
assert(f:read("l") == "abc" and f:read("L") == "line2\n" and f:read("l") == "" and f:read() == "last" and f:read() == nil)
assert(f:seek("set", 5) == 5 and f:read(3) == "-3." and f:read(0) == "" and f:seek() == 8 and f:seek("end") == 27 and f:read(0) == nil)
f:seek("set") assert(f:read(1000) == "0x1F -3.5e2 abc\nline2\n\nlast" and f:read(1) == nil)
f:seek("set") a, b, c = f:read("*l", 2, "*L") assert(a == "0x1F -3.5e2 abc" and b == "li" and c == "ne2\n")
f:close()
f = io.open(content("1 2.5\t-7 0x.8p1 1e 12abc nan .5")) assert(f:read("n") == 1 and f:read("n") == 2.5 and f:read("n") == -7 and f:read("n") == 1.0 and f:read("n") == nil) f:close()
f = io.open(content(("9"):rep(300))) assert(f:read("n") == nil) f:close()
fails("invalid format", function() local g <close> = io.open(name) g:read("x") end)
content(("x"):rep(5000) .. "\n" .. ("y"):rep(10) .. "\n") f = io.open(name) assert(#f:read("l") == 5000 and #f:read("L") == 11) f:close()

-- lines
content("one\ntwo\nthree")
local got = {}
for l in io.lines(name) do got[#got + 1] = l end
assert(table.concat(got, ",") == "one,two,three")
got = {} for l in io.lines(name, "L") do got[#got + 1] = l end assert(table.concat(got) == "one\ntwo\nthree")
got = {} for x, y in io.lines(name, 1, 2) do got[#got + 1] = x .. "-" .. (y or "") end assert(got[1] == "o-ne" and #got == 5)
for l in io.lines(name) do break end
f = io.open(name)
got = {} for l in f:lines() do got[#got + 1] = l end assert(#got == 3 and io.type(f) == "file")
local it = f:lines() f:close() fails("file is already closed", it)
it = io.lines(name) it() it() it() assert(it() == nil) fails("file is already closed", it)
assert(select("#", io.lines(name)) == 4)
r, msg = pcall(io.lines, "/nonexistent/x") assert(not r and msg:find("/nonexistent/x", 1, true))
fails("too many arguments", io.lines, name, table.unpack({}, 1, 251))

-- default files
local out = io.output()
assert(out == io.stdout and io.input() == io.stdin)
content("first\nsecond\n") assert(io.type(io.input(name)) == "file" and io.read() == "first" and io.read("L") == "second\n" and io.read() == nil) io.close(io.input()) io.input(io.stdin)
assert(io.output(name) ~= out) assert(io.write("w1", 2) == io.output()) io.close() fails("default output file is closed", io.write, "x") io.output(out)
assert(io.input(io.open(name)) and io.read("a") == "w12") io.input():close() fails("default input file is closed", io.read) io.input(io.stdin)

-- seek, setvbuf, flush, append, tmpfile, __gc, __close
f = io.tmpfile() assert(f:write("hello world") and f:seek("set", 6) == 6 and f:read("a") == "world" and f:seek("cur", -5) == 6)
fails("invalid option 'bad'", f.seek, f, "bad") fails("number has no integer representation", f.seek, f, "set", 1.5)
r, msg, code = f:seek("set", -1) assert(r == nil and msg == "Invalid argument" and code == 22)
assert(f:setvbuf("full", 1024) and f:setvbuf("no") and f:setvbuf("line") and f:flush() == true and io.flush() == true) fails("invalid option 'x'", f.setvbuf, f, "x") f:close()
content("abc") f = io.open(name, "a") f:write("def") f:close() f = io.open(name) assert(f:read("a") == "abcdef") f:close()
do local g <close> = io.open(name) f = g end assert(io.type(f) == "closed file")
for i = 1, 200 do io.open(name) end collectgarbage()

-- popen
local p = io.popen("printf 'a\\nb'; exit 5") assert(p:read("a") == "a\nb") local ok, what, n = p:close() assert(ok == nil and what == "exit" and n == 5)
p = io.popen("cat >/dev/null", "w") p:write("x") assert(p:close() == true) fails("invalid mode", io.popen, "ls", "x")
assert(select(2, io.popen("kill -9 $$"):close()) == "signal")
os.remove(name)
print("ok")
