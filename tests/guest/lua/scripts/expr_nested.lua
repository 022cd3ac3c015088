-- SPDX-License-Identifier: MIT
--
-- Expressions nested 5, 20 and 200 deep, leaning to either side and as
-- full trees, of all operators; calls in the middle; very long ones.

local function run(src, ...)
	local f = assert(load("local a, b, c, d = ... return " .. src, "=e"))
	local first = f(...)
	for _ = 1, 50 do
		local again = f(...)
		assert(again == first and math.type(again) == math.type(first))
	end
	return first
end

-- As run, and compares; a compiler with a limit may refuse what is nested
-- more than 60 deep if it says why.
local function try(n, want, src, ...)
	local f, m = load("local a, b, c, d = ... return " .. src)
	if f then
		local got = run(src, ...)
		if got ~= want then error(("%d deep: got %s, want %s"):format(n, got, want), 2) end
	else
		assert(n > 60 and (m:find("overflow") or m:find("registers") or m:find("levels")), m)
	end
end

for _, n in ipairs { 5, 20, 60, 95, 200 } do
	-- to the right: every operand waits until the innermost is done
	try(n, 100 + n, ("(a + "):rep(n) .. "b" .. (")"):rep(n), 1, 100)
	try(n, n % 2 == 0 and 100 or -99, ("(a - "):rep(n) .. "b" .. (")"):rep(n), 1, 100)
	try(n, 100 + n * 0.5, ("(a + "):rep(n) .. "b" .. (")"):rep(n), 0.5, 100)
	try(n, ("x"):rep(n) .. "y", ("a .. ("):rep(n) .. "b" .. (")"):rep(n), "x", "y")
	try(n, 5, ("(a or "):rep(n) .. "b" .. (")"):rep(n), nil, 5)
	try(n, 5, ("(a and "):rep(n) .. "b" .. (")"):rep(n), 1, 5)
	-- to the left
	try(n, 100 + n, ("("):rep(n) .. "b" .. (" + a)"):rep(n), 1, 100)
	try(n, 100, ("("):rep(n) .. "b" .. (" // a)"):rep(n), 1, 100)
	-- prefix operators and calls
	try(n, n % 2 == 0 and 7 or -7, ("- "):rep(n) .. "a", 7)
	try(n, n % 2 == 0, ("not "):rep(n) .. "a", 1)
	try(n, n % 2 == 0 and 12 or ~12, ("~ "):rep(n) .. "a", 12)
	local function up(x) return x + 1 end
	try(n, 1 + n, ("d("):rep(n) .. "a" .. (")"):rep(n), 1, 0, 0, up)
	try(n, 100 + 2 * n, ("(a + d("):rep(n) .. "b" .. ("))"):rep(n), 1, 100, 0, up)
	-- tables and indexing
	try(n, 1, "#" .. ("{"):rep(n) .. "a" .. ("}"):rep(n), 1)
	try(n, 42, "(" .. ("{"):rep(n) .. "a" .. ("}"):rep(n) .. ")" .. ("[1]"):rep(n), 42)
end

-- a full tree of depth eight: 256 leaves, all operators in turn
local ops = { "+", "-", "*", "&", "|", "~" }
local k = 0
local function tree(depth)
	if depth == 0 then
		k = k + 1
		return ({ "a", "b", "c", "d" })[k % 4 + 1]
	end
	local l = tree(depth - 1)
	k = k + 1
	local op = ops[k % #ops + 1]
	return "(" .. l .. " " .. op .. " " .. tree(depth - 1) .. ")"
end
local text = tree(8)
local first = run(text, 3, 5, 7, 11)
-- the same by a stack machine over the text
local function evaluate(src, env)
	local values, pending = {}, {}
	for token in src:gmatch("[%a%(%)%+%-%*&|~]") do
		if env[token] then
			values[#values + 1] = env[token]
		elseif token == ")" then
			local op, y, x = table.remove(pending), table.remove(values), table.remove(values)
			values[#values + 1] = op == "+" and x + y or op == "-" and x - y or op == "*" and x * y
				or op == "&" and x & y or op == "|" and x | y or x ~ y
		elseif token ~= "(" then
			pending[#pending + 1] = token
		end
	end
	return values[1]
end
assert(first == evaluate(text, { a = 3, b = 5, c = 7, d = 11 }))
assert(run(text, -1, math.mininteger, math.maxinteger, 0)
	== evaluate(text, { a = -1, b = math.mininteger, c = math.maxinteger, d = 0 }))

-- an error in the innermost part of a deep expression
local f = assert(load("local a, b = ... return " .. ("(a + "):rep(80) .. "b.x" .. (")"):rep(80), "=e"))
for _ = 1, 50 do assert(f(1, { x = 1 }) == 81) end
local ok, m = pcall(f, 1, nil)
assert(not ok and m == "e:1: attempt to index a nil value (local 'b')")
assert(f(1.5, { x = 1 }) == 121)

-- precedence and associativity
assert(2 + 3 * 4 ^ 2 / 2 == 26.0 and 2 ^ 3 ^ 2 == 512.0 and -2 ^ 2 == -4.0)
assert(not nil == true and not 1 == false and #"abc" + 1 == 4 and -3 % 5 == 2 and -(3 % 5) == -3)
assert("a" .. 1 + 2 == "a3" and 1 .. 2 == "12" and "a" .. "b" == "ab")
assert(1 << 2 + 1 == 8 and 5 & 6 | 1 ~ 3 == 6 and 1 < 2 == true and ("x" < "y") == not false)
assert(2 * 3 % 4 == 2 and 7 // 2 * 2 == 6 and 8 / 2 / 2 == 2.0 and 1 - 2 - 3 == -4)
assert((1 or 2) and 3 == 3 and (nil and 1 or 2) == 2 and 1 .. 2 == 10 + 2 .. "")

-- a long flat expression: 2,000 terms
local terms = {}
for i = 1, 2000 do terms[i] = (i % 2 == 0 and "a" or "b") end
assert(run(table.concat(terms, " + "), 1, 2) == 3000)
terms = {}
for i = 1, 150 do terms[i] = (i % 2 == 0 and "a" or "b") end
assert(#run(table.concat(terms, " .. "), "x", "yy") == 225)
print("ok")
