-- SPDX-License-Identifier: MIT
--
-- The generic for: protocol, state, closing value, iterators of all kinds.

-- the three values are evaluated once, extra ones dropped, missing are nil
local calls = 0
local function setup(...) calls = calls + 1 return ... end
local function step(s, c) c = c + 1 if c <= s then return c, c * c, c * c * c end end
local sum = 0
for a, b, c, d in setup(step, 3, 0) do
	assert(d == nil)
	sum = sum + a + b + c
end
assert(calls == 1 and sum == 6 + 14 + 36)
local n = 0
for a in step, 5, 0 do n = n + a end
assert(n == 15)
n = 0
for _ in function() n = n + 1 if n < 4 then return n end end do end
assert(n == 4)

-- false is a value, nil is the end
local vals, out = { false, 0, "", true }, {}
local i = 0
for v in function() i = i + 1 return vals[i] end do out[#out + 1] = tostring(v) end
assert(table.concat(out, ",") == "false,0,,true")

-- each turn has its own variables
local fs = {}
for k, v in pairs { 10, 20, 30 } do
	fs[k] = function() v = v + k return v end
end
assert(fs[1]() == 11 and fs[2]() == 22 and fs[3]() == 33 and fs[1]() == 12)

-- the control value is the iterator's, whatever the body does
out = {}
for c, v in step, 4, 0 do
	out[#out + 1] = c
	c = 100
end
assert(table.concat(out) == "1234")

-- stateful closures, coroutines, string iterators
local function countdown(from) return function() from = from - 1 if from >= 0 then return from end end end
out = {}
for x in countdown(5) do out[#out + 1] = x end
assert(table.concat(out) == "43210")
out = {}
for k, v in ("a=1, b=2, c=3"):gmatch("(%w+)=(%w+)") do out[#out + 1] = k .. v end
assert(table.concat(out) == "a1b2c3")
out = {}
for _, code in utf8.codes("aé") do out[#out + 1] = code end
assert(out[1] == 97 and out[2] == 233 and #out == 2)

-- combinators
local function range(a, b) return coroutine.wrap(function() for k = a, b do coroutine.yield(k) end end) end
local function map(f, it) return function() local v = it() if v ~= nil then return f(v) end end end
local function keep(p, it) return function() for v in it do if p(v) then return v end end end end
local function take(k, it) return function() if k > 0 then k = k - 1 return it() end end end
sum = 0
for v in take(5, map(function(v) return v * v end, keep(function(v) return v % 3 == 0 end, range(1, 100)))) do
	sum = sum + v
end
assert(sum == 9 + 36 + 81 + 144 + 225)

-- nested, break and return and goto out of them
local function find(t, x)
	for r, row in ipairs(t) do
		for c, v in ipairs(row) do
			if v == x then return r, c end
		end
	end
end
local grid = { { 1, 2, 3 }, { 4, 5, 6 }, { 7, 8, 9 } }
for _ = 1, 200 do
	local r, c = find(grid, 8)
	assert(r == 3 and c == 2 and find(grid, 10) == nil)
end
n = 0
for _, row in ipairs(grid) do
	for _, v in pairs(row) do
		if v % 2 == 0 then goto next_row end
		n = n + v
	end
	::next_row::
end
assert(n == 1 + 7)

-- many turns, values of changing types
local function mixed(limit, c)
	c = c + 1
	if c > limit then return nil end
	if c % 3 == 0 then return c, "s" .. c end
	if c % 3 == 1 then return c, c + 0.5 end
	return c, nil
end
local strings, floats, nils = 0, 0, 0
for _, v in mixed, 900, 0 do
	if v == nil then nils = nils + 1 elseif type(v) == "string" then strings = strings + 1 else floats = floats + v end
end
assert(strings == 300 and nils == 300 and floats == 300 * 449.5 + 150)

-- errors in the iterator and in what is not one
local ok, m = pcall(function() for _ in function() error("it", 0) end do end end)
assert(not ok and m == "it")
assert(not pcall(function() for _ in 5 do end end) and not pcall(function() for _ in nil do end end))
assert(not pcall(function() for _ in {} do end end))
print("ok")
