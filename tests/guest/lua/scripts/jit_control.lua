-- SPDX-License-Identifier: MIT
--
-- Control flow in hot loops: continue by goto, breaks, long chains of
-- conditions, logical values, state machines, <close> variables, loops
-- that run zero or one time, nested loops that restart.

local H = 3000

-- continue
local s = 0
for i = 1, H do
	if i % 3 == 0 then goto continue end
	for j = 1, 3 do
		if j == 2 then goto next_j end
		s = s + j
		::next_j::
	end
	if i % 5 == 0 then goto continue end
	s = s + 100
	::continue::
end
assert(s == 2000 * 4 + 1600 * 100)

-- a chain of conditions, each branch at its own rate
local counts = { 0, 0, 0, 0, 0, 0 }
for i = 1, H do
	local k
	if i % 7 == 0 then k = 1
	elseif i % 5 == 0 then k = 2
	elseif i % 3 == 0 and i % 2 == 0 then k = 3
	elseif i % 3 == 0 or i % 11 == 0 then k = 4
	elseif not (i % 2 == 0) then k = 5
	else k = 6 end
	counts[k] = counts[k] + 1
end
assert(table.concat(counts, " ") == "428 515 343 468 623 623")

-- logical values of every kind
local function pick(a, b, c) return a and b or c end
local function first(a, b, c) return a or b or c end
local function all(a, b, c) return a and b and c end
local vals = { 1, false, "s", 0.5, {} }
local log = {}
for i = 1, H do
	local a, b, c = vals[i % 6], vals[i % 5 + 1], vals[i % 4 + 1]
	local p, f, l = pick(a, b, c), first(a, b, c), all(a, b, c)
	if a then
		if b then assert(p == b) else assert(p == c) end
		assert(f == a)
	else
		assert(p == c and l == a)
	end
	log[i % 3 + 1] = { p, f, l }
end
assert(#log == 3)
local t, f = 0, 0
for i = 1, H do
	local less, same = i < 1500, i == 1500
	if less ~= same then t = t + 1 end
	if not less and not same then f = f + 1 end
	local x = (less and 1 or 0) + (same and 10 or 0)
	if x == 10 then t = t + 1000 end
end
assert(t == 2500 and f == 1500)

-- a state machine with goto
local function run(input)
	local i, words, digits = 0, 0, 0
	::between::
	i = i + 1
	do
		local c = input:byte(i)
		if not c then goto done end
		if c >= 97 then words = words + 1 goto in_word end
		if c >= 48 then digits = digits + 1 end
		goto between
	end
	::in_word::
	i = i + 1
	do
		local c = input:byte(i)
		if not c then goto done end
		if c >= 97 then goto in_word end
		if c >= 48 then digits = digits + 1 end
		goto between
	end
	::done::
	return words, digits
end
local w, d = run(("abc 12 de3 "):rep(300))
assert(w == 600 and d == 900)

-- to-be-closed in hot loops, with all the ways out
local closed, order = 0, {}
local mt = { __close = function(o, e) closed = closed + 1 order[closed % 8] = o.k end }
local function res(k) return setmetatable({ k = k }, mt) end
for i = 1, H do
	local a <close> = res(i)
	local b <close> = res(-i)
	if i % 2 == 0 then goto continue end
	if i == H - 1 then break end
	::continue::
end
assert(closed == 2 * (H - 1))
closed = 0
local function leave(i)
	local a <close> = res(i)
	if i % 3 == 0 then return i end
	if i % 3 == 1 then error(i) end
	local b <close> = nil
	return i, a.k
end
for i = 1, H do
	local ok, v, k = pcall(leave, i)
	assert(ok == (i % 3 ~= 1) and v == i and (i % 3 ~= 2 or k == i))
end
assert(closed == H)

-- loops that turn zero times or once, thousands of times
local n = 0
for i = 1, H do
	for j = i, i - 1 do n = n + 1000000 end
	for j = i, i do n = n + 1 end
	for j = 1, i % 2 do n = n + 1 end
	while n < 0 do n = 0 end
	repeat n = n + 1 until true
end
assert(n == H + H // 2 + H)

-- an inner loop whose bound changes from call to call, from type to type
local function inner(limit, step) local c = 0 for j = 1, limit, step do c = c + 1 end return c end
for i = 1, H do assert(inner(i % 10, 1) == i % 10 and inner(-5, -1) == 7) end
assert(inner(5.5, 1) == 5 and inner(2, 0.5) == 3 and inner("3", 1) == 3 and inner(3, "1") == 3)
assert(inner(10, 3) == 4)
assert(not pcall(inner, 1, 0) and not pcall(inner, {}, 1) and not pcall(inner, 1, nil))
for i = 1, H do assert(inner(i % 10, 1) == i % 10) end

-- the classic: nested search with labelled break and restart
local found, restarts = nil, 0
do
	local limit = 5
	::restart::
	for a = 1, limit do
		for b = a, limit do
			for c = b, limit do
				if a * a + b * b == c * c and c > 20 then
					found = a .. "," .. b .. "," .. c
					goto finished
				end
			end
		end
	end
	restarts = restarts + 1
	limit = limit + 5
	if limit < 100 then goto restart end
	::finished::
end
assert(found == "7,24,25" and restarts == 4)
print("ok")
