-- SPDX-License-Identifier: MIT
--
-- Ten thousand coroutines alive at once, coroutines nested in each other,
-- many short ones, and unfinished ones left to the collector.

local yield, wrap, resume, create = coroutine.yield, coroutine.wrap, coroutine.resume, coroutine.create

local light = os.getenv("HEW_LIGHT")		-- under a sanitizer, where a new stack is dear
local N = light and 500 or 10000
local all = {}
for i = 1, N do
	all[i] = wrap(function(a)
		local sum = a
		while true do
			sum = sum + yield(sum) + i
		end
	end)
	assert(all[i](i) == i)
end
local total = 0
for turn = 1, 3 do
	for i = N, 1, -1 do
		total = total + all[i](turn)
	end
end
-- after turns 1..3: i + sum of turns + i per turn
assert(total == (2 + 3 + 4) * N * (N + 1) // 2 + (1 + 3 + 6) * N)
all = nil
collectgarbage()

-- nested: each resumes the next
local function nest(depth)
	if depth == 0 then return 0 end
	return 1 + wrap(nest)(depth - 1)
end
assert(nest(100) == 100)

-- nested, with an error from the innermost that passes through all
local function burst(depth)
	if depth == 0 then error("innermost", 0) end
	wrap(burst)(depth - 1)
end
local ok, m = pcall(burst, 50)
assert(not ok and m:find("innermost$"))
assert(select(2, m:gsub(":%d+: ", "")) == 50)	-- wrap adds a position each time

-- too deep is an error, not a crash
local function forever(k)
	local fine, e = resume(create(forever), k + 1)
	if not fine then error(e, 0) end
	return e
end
ok, m = pcall(forever, 1)
assert(not ok and m:find("stack overflow", 1, true), m)

-- short ones
local count, short = 0, light and 1000 or 20000
for i = 1, short do
	local co = create(function(a) return a + 1 end)
	local _, v = resume(co, i)
	count = count + v
end
assert(count == short * (short + 1) // 2 + short)

-- unfinished ones, each with a deep stack, dropped
for i = 1, 200 do
	local co = create(function()
		local function down(k) if k == 0 then yield() end return down(k - 1) + 1 end
		down(200)
	end)
	resume(co)
end
collectgarbage()

-- two that talk through a queue
local queue, got = {}, {}
local producer = create(function() for i = 1, 1000 do queue[#queue + 1] = i if i % 7 == 0 then yield() end end end)
local consumer = create(function()
	while true do
		while #queue > 0 do got[#got + 1] = table.remove(queue, 1) end
		yield()
	end
end)
while coroutine.status(producer) ~= "dead" do
	assert(resume(producer))
	assert(resume(consumer))
end
assert(#got == 1000 and got[1000] == 1000)
print("ok")
