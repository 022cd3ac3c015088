-- SPDX-License-Identifier: MIT
--
-- Coroutines and hot code: yielding from hot loops, hot loops inside
-- coroutines, many coroutines in one function, errors and closing there.

local yield, wrap, resume, create = coroutine.yield, coroutine.wrap, coroutine.resume, coroutine.create
local H = 3000

-- a loop that yields at every turn; the consumer's loop is hot, too
local function numbers(n) return wrap(function() for i = 1, n do yield(i) end end) end
local s = 0
for v in numbers(H) do s = s + v end
assert(s == H * (H + 1) // 2)

-- one that yields rarely, from the middle of an expression
local co = wrap(function()
	local sum = 0
	for i = 1, 5 * H do
		sum = sum + (i % H == 0 and yield(sum) or 1)
	end
	return "end " .. sum
end)
local r, want = co(), H - 1
assert(r == want)
for k = 1, 4 do
	r = co(k * 0.5)
	want = want + k * 0.5 + H - 1
	assert(r == want)
end
assert(co(7) == "end " .. want + 7)

-- the value sent in changes type
co = wrap(function()
	local acc = 0
	while true do acc = acc + yield(acc) end
end)
co()
for i = 1, H do assert(co(1) == i) end
assert(co(0.5) == H + 0.5)
assert(co("2") == H + 2.5)
local ok, m = pcall(co, {})
assert(not ok and m:find("attempt to perform arithmetic on a table value", 1, true))

-- the same function hot in many coroutines at once, interleaved
local function worker(id)
	local x = id
	for i = 1, 200 do
		x = x + i
		if i % 10 == 0 then x = x + yield(x) end
	end
	return x
end
local cos = {}
for i = 1, 50 do cos[i] = create(worker) end
local live, last = 50, {}
for round = 0, 20 do
	for i = 1, 50 do
		local fine, v = resume(cos[i], round == 0 and i or 1)
		assert(fine)
		last[i] = v
	end
end
for i = 1, 50 do assert(last[i] == i + 20100 + 20 and coroutine.status(cos[i]) == "dead") end

-- recursion and yield
local function walk(n) if n > 0 then walk(n - 1) yield(n) walk(n - 1) end end
local count = 0
for _ in wrap(function() walk(11) end) do count = count + 1 end
assert(count == 2047)

-- created, run and dropped in a hot loop
s = 0
for i = 1, H do
	local c = wrap(function(a) local b = yield(a + 1) return a + b end)
	s = s + c(i) + c(1)
end
assert(s == H * (H + 1) + 2 * H)

-- never finished, dropped in a hot loop
for i = 1, H do
	local c = create(function() local t = {} for k = 1, 5 do t[k] = k yield() end end)
	resume(c)
end

-- an error in a hot loop inside; the outside goes on
s = 0
for i = 1, 300 do
	local c = create(function(n)
		local t = 0
		for k = 1, 100 do
			t = t + k
			if k == n then error({ t }) end
			if k == 50 then yield(t) end
		end
		return t
	end)
	local fine, v = resume(c, i)
	if fine and coroutine.status(c) == "suspended" then fine, v = resume(c) end
	s = s + (fine and v or v[1])
end
local model = 0
for i = 1, 300 do local n = math.min(i, 100) model = model + n * (n + 1) // 2 end
assert(s == model)

-- pcall and close handlers around yields in hot loops
local closed = 0
local gen = wrap(function()
	for i = 1, H do
		local c <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
		local fine, e = pcall(function() yield(i) if i % 2 == 0 then error(i) end end)
		assert(fine == (i % 2 == 1) and (fine or e == i))
	end
	return nil
end)
s = 0
for v in gen do s = s + v assert(closed == v - 1) end
assert(s == H * (H + 1) // 2 and closed == H)

-- yield across a metamethod called from hot code
local obj = setmetatable({}, { __add = function(_, b) return yield(b) end, __index = function(_, k) return yield(k) end })
co = wrap(function()
	local a = 0
	for i = 1, H do a = a + (obj + i) + obj[i] end
	return a
end)
local v, turns = co(), 0
while turns < 2 * H do
	turns = turns + 1
	v = co(1)
end
assert(v == 2 * H)

-- a coroutine that drives another that drives another
local function stage(src, f) return wrap(function() for x in src do yield(f(x)) end end) end
s = 0
for x in stage(stage(stage(numbers(H), function(x) return x + 1 end), function(x) return x * 2 end), function(x) return x - 1 end) do s = s + x end
assert(s == H * (H + 1) + H)
print("ok")
