-- SPDX-License-Identifier: MIT
--
-- Leaving hot loops: break, goto, return, error, at any turn and depth,
-- with the variables as they were.

local H = 3000

local function by_break(at)
	local last, n = nil, 0
	for i = 1, H do
		n = n + i
		last = i
		if i == at then break end
	end
	return last, n
end
local function by_return(at)
	local n = 0
	for i = 1, H do
		n = n + i
		if i == at then return i, n end
	end
	return "end", n
end
local function by_goto(at)
	local n, where = 0, "end"
	for i = 1, H do
		for j = 1, 2 do
			n = n + i * j
			if i == at and j == 2 then where = i goto out end
		end
	end
	::out::
	return where, n
end
local function by_error(at)
	local n, seen = 0, 0
	local ok, e = pcall(function()
		for i = 1, H do
			n = n + i
			seen = i
			if i == at then error({ i, n }) end
		end
	end)
	return ok and "end" or e[1], n, seen
end
local function by_while(at)
	local i, n = 0, 0
	while true do
		i = i + 1
		n = n + i
		if i == at then break end
		if i >= H then return "end", n end
	end
	return i, n
end
local function by_repeat(at)
	local i, n = 0, 0
	repeat
		i = i + 1
		n = n + i
		local stop = i == at
	until stop or i == H
	return i, n
end

for _, at in ipairs { 1, 2, 500, 999, 1000, 1001, 2000, H - 1, H, H + 1 } do
	local reached = math.min(at, H)
	local sum = reached * (reached + 1) // 2
	local v, n = by_break(at)
	assert(v == reached and n == sum)
	v, n = by_return(at)
	assert(v == (at <= H and at or "end") and n == sum)
	v, n = by_goto(at)
	assert(v == (at <= H and at or "end") and n == sum * 3)
	v, n = by_error(at)
	assert(v == (at <= H and at or "end") and n == sum)
	v, n = by_while(at)
	assert(v == (at <= H and at or "end") and n == sum)
	v, n = by_repeat(at)
	assert(v == reached and n == sum)
end

-- out of four loops of different kinds at once
local function search(target)
	local steps = 0
	for a = 1, 12 do
		local b = 0
		while b < 12 do
			b = b + 1
			local c = 0
			repeat
				c = c + 1
				for d = 1, 3 do
					steps = steps + 1
					if a * 1000 + b * 50 + c * 3 + d == target then
						return a, b, c, d, steps
					end
				end
			until c == 12
		end
	end
	return nil, steps
end
local a, b, c, d, steps = search(12 * 1000 + 12 * 50 + 12 * 3 + 3)
assert(a == 12 and b == 12 and c == 12 and d == 3 and steps == 12 * 12 * 12 * 3)
a, steps = search(-1)
assert(a == nil and steps == 5184)

-- break out of the inner loop only, thousands of times
local count = 0
for i = 1, H do
	for j = 1, 100 do
		if j > i % 7 then break end
		count = count + 1
	end
end
assert(count == 428 * 21 + 1 + 2 + 3 + 4)

-- results of a call in the loop decide
local function stop_at(k) return function(i) if i == k then return true, "reason " .. i end return false end end
local function driven(f)
	for i = 1, H do
		local stop, why = f(i)
		if stop then return why end
	end
end
assert(driven(stop_at(2500)) == "reason 2500" and driven(stop_at(0)) == nil)

-- an exit taken almost always, then never, then always
local function sometimes(p)
	local n = 0
	for i = 1, H do
		if i % p ~= 0 then goto continue end
		n = n + i
		::continue::
	end
	return n
end
assert(sometimes(1) == H * (H + 1) // 2 and sometimes(H + 1) == 0 and sometimes(2) == 1500 * 1501)
assert(sometimes(1) == H * (H + 1) // 2)
print("ok")
