-- SPDX-License-Identifier: MIT
--
-- Many locals, parameters, upvalues, constants and nested blocks, made as
-- source text.  Lua 5.4 guarantees 200 locals; more are tried and may be
-- refused with the message that says so.

local function names(n, prefix)
	local t = {}
	for i = 1, n do t[i] = (prefix or "v") .. i end
	return t
end

-- A function with n locals, each used after all are set.
local function with_locals(n)
	local src = { "local a = ...\n" }
	for i = 1, n do
		src[#src + 1] = ("local v%d = a + %d\n"):format(i, i)
	end
	src[#src + 1] = "local s = 0\n"		-- two more with a
	for i = n, 1, -1 do
		src[#src + 1] = ("s = s + v%d * %d\n"):format(i, i % 7)
	end
	src[#src + 1] = "return s"
	return load(table.concat(src), "=locals")
end
local function expect(n, a)
	local s = 0
	for i = 1, n do s = s + (a + i) * (i % 7) end
	return s
end
for _, n in ipairs { 1, 32, 33, 64, 100, 150, 190, 198, 225, 250 } do
	local f, m = with_locals(n)
	if f then
		for _ = 1, 60 do assert(f(5) == expect(n, 5)) end
		assert(f(0.5) == expect(n, 0.5))
		assert(f("3") == expect(n, 3))
	else
		assert(n > 198 and m:find("too many local variables", 1, true), m)
	end
end
local f, m = with_locals(300)
assert(not f and m:find("too many local variables", 1, true), m)

-- many parameters and results
local p = names(100, "p")
local list = table.concat(p, ", ")
f = assert(load("return function(" .. list .. ") return " .. list .. " end"))()
local args = {}
for i = 1, 100 do args[i] = i * i end
for _ = 1, 60 do
	local r = table.pack(f(table.unpack(args)))
	assert(r.n == 100 and r[1] == 1 and r[100] == 10000)
end
assert(select("#", f()) == 100 and select(100, f(1)) == nil)
assert(select(2, f(1, "two")) == "two")

-- many upvalues, written and read
local src = { "local u0 = 0\n" }
for i = 1, 100 do src[#src + 1] = ("local u%d = %d\n"):format(i, i) end
src[#src + 1] = "return function(d)\n"
for i = 1, 100 do src[#src + 1] = ("u%d = u%d + d\n"):format(i, i) end
src[#src + 1] = "return u1"
for i = 2, 100 do src[#src + 1] = " + u" .. i end
src[#src + 1] = "\nend"
f = assert(load(table.concat(src)))()
local want = 5050
for i = 1, 60 do
	want = want + 100 * i
	assert(f(i) == want)
end

-- many constants of each kind, in one function
src = { "local t = {}\n" }
for i = 1, 600 do
	src[#src + 1] = ("t[#t + 1] = %d t[#t + 1] = %d.25 t[#t + 1] = 'str%d' t.field%d = %d\n"):format(
		i * 100003, i, i, i, i)
end
src[#src + 1] = "return t"
local t = assert(load(table.concat(src)))()
assert(#t == 1800 and t[1798] == 60001800 and t[1799] == 600.25 and t[1800] == "str600" and t.field600 == 600)

-- a big table constructor
src = { "return {" }
for i = 1, 5000 do src[#src + 1] = i .. "," end
for i = 1, 500 do src[#src + 1] = ("k%d=%d,"):format(i, -i) end
src[#src + 1] = "}"
t = assert(load(table.concat(src)))()
assert(#t == 5000 and t[5000] == 5000 and t.k500 == -500)

-- blocks inside blocks, functions inside functions
src = ("do local x = (x or 0) + 1 "):rep(150) .. "result = x " .. ("end "):rep(150)
assert(load(src))()
assert(result == 150)
result = nil
src = ("return (function(...) "):rep(60) .. "return ..." .. (" end)(...)"):rep(60)
assert(select("#", assert(load(src))(1, nil, 3)) == 3)

-- a long chain of elseif
src = { "local n = ... " }
for i = 1, 300 do src[#src + 1] = ("%s n == %d then return 'is%d'\n"):format(i == 1 and "if" or "elseif", i, i) end
src[#src + 1] = "else return 'none' end"
f = assert(load(table.concat(src)))
for i = 1, 300 do assert(f(i) == "is" .. i) end
assert(f(301) == "none" and f(300.0) == "is300" and f("1") == "none")

-- jumps over a great distance
src = { "local n, s = ..., 0\nfor i = 1, n do\n if i % 2 == 0 then\n" }
for i = 1, 4000 do src[#src + 1] = ("s = s + i * %d\n"):format(i % 5) end
src[#src + 1] = "else s = s - 1 end\nend return s"
f = assert(load(table.concat(src)))
assert(f(4) == (2 + 4) * 8000 - 2)
print("ok")
