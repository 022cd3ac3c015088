-- SPDX-License-Identifier: MIT
--
-- One call, one long loop: entering compiled code in the middle, with
-- for, while, repeat and goto loops, nested to several depths, with many
-- live variables of all types.

local function simple(n) local s = 0 for i = 1, n do s = s + i end return s end
assert(simple(50000) == 1250025000)

local function nested(n)
	local a, b, c = 0, 0, 0
	for i = 1, n do
		a = a + i
		for j = 1, i do
			b = b + j
			for k = j, i, 3 do c = c + 1 end
		end
	end
	return a, b, c
end
local a, b, c = nested(60)
assert(a == 1830 and b == 37820 and c == 13230)

local function whiles(n)
	local i, s = 0, 0
	while i < n do
		local j = 0
		while true do
			j = j + 1
			if j > 10 then break end
			s = s + j
		end
		i = i + 1
	end
	return i, s
end
local i, s = whiles(4000)
assert(i == 4000 and s == 220000)

local function repeats(n)
	local k, total = 0, 0
	repeat
		local inner = 0
		repeat
			inner = inner + 1
			total = total + inner
		until inner == 5
		k = k + 1
		local done = k >= n
	until done
	return k, total
end
local k, total = repeats(4000)
assert(k == 4000 and total == 60000)

local function gotos(n)
	local x, y = 0, 1
	::top::
	x = x + y
	y = y + 1
	if y <= n then goto top end
	return x
end
assert(gotos(20000) == 200010000)

-- all sorts of live variables around and inside the loop
local function many(n, p, ...)
	local str, flag, none, tab, fn = "s", true, nil, { 1 }, function(v) return v + 1 end
	local f1, f2, i1, i2 = 0.5, -0.0, math.maxinteger, 0
	for q = 1, n do
		f1 = f1 + 0.25
		i1 = i1 + 1
		i2 = fn(i2)
		tab[#tab + 1] = q
		flag = not flag
		none = flag and none or nil
		if q % 1000 == 0 then str = str .. q end
	end
	return str, flag, none, #tab, fn(1), f1, 1 / f2, i1, i2, p, select("#", ...)
end
local r = table.pack(many(5000, "p", nil, nil))
assert(r[1] == "s10002000300040005000" and r[2] == true and r[3] == nil and r[4] == 5001 and r[5] == 2)
assert(r[6] == 1250.5 and r[7] == -math.huge and r[8] == math.mininteger + 4999 and r[9] == 5000)
assert(r[10] == "p" and r[11] == 2)

-- a generic for around numeric ones; a numeric one around generic ones
local function generic(t, n)
	local sum = 0
	for key, row in pairs(t) do
		for q = 1, n do sum = sum + row[q % 3 + 1] * key end
	end
	for _ = 1, n do
		for key, row in ipairs(t) do sum = sum + #row * key end
	end
	return sum
end
assert(generic({ { 1, 2, 3 }, { 4, 5, 6 } }, 3000) == (6 + 15 * 2) * 1000 + 27000)

-- the loop is left and entered again with other types
local function twice(n)
	local v, log = 0, {}
	for round = 1, 4 do
		v = round % 2 == 0 and 0.0 or 0
		for _ = 1, n do v = v + 1 end
		log[round] = math.type(v) .. v
	end
	return table.concat(log, " ")
end
assert(twice(3000) == "integer3000 float3000.0 integer3000 float3000.0")

-- a loop whose bound is the size of a table that grows
local function grow()
	local t, q = { 1 }, 1
	while q <= #t do
		if #t < 5000 then t[#t + 1] = t[q] + 1 end
		if #t < 5000 then t[#t + 1] = t[q] * 2 end
		q = q + 1
	end
	return #t, t[5000]
end
local size, last = grow()
assert(size == 5000 and math.type(last) == "integer")

-- main chunk loop with locals captured by closures made inside
local caught = {}
local sum = 0
for q = 1, 5000 do
	local v = q * 2
	if q % 1000 == 0 then caught[#caught + 1] = function() v = v + 1 return v + q end end
	sum = sum + v
end
assert(sum == 25005000 and #caught == 5 and caught[1]() == 3001 and caught[1]() == 3002 and caught[5]() == 15001)

-- collatz: a while loop with a branch, integers both ways
local function collatz(limit)
	local best, at = 0, 0
	for start = 1, limit do
		local n, len = start, 1
		while n ~= 1 do
			if n % 2 == 0 then n = n // 2 else n = 3 * n + 1 end
			len = len + 1
		end
		if len > best then best, at = len, start end
	end
	return at, best
end
local at, best = collatz(1000)
assert(at == 871 and best == 179)
print("ok")
