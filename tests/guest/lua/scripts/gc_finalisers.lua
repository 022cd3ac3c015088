-- SPDX-License-Identifier: MIT
--
-- Finalisers: order, once each, resurrection, errors, safe points without collectgarbage, at exit.

local N, STRAY = 100, 10

do	-- last marked first, once
	local order = {}
	local mt = { __gc = function(o) order[#order + 1] = o.n end }
	local function fill() for i = 1, N do setmetatable({ n = i }, mt) end end
	collectgarbage("stop")		-- one collection finds them all
	fill()
	collectgarbage("restart")
	collectgarbage() collectgarbage()
	assert(#order >= N - STRAY and #order <= N)
	local seen = {}
	for i = 1, #order do
		assert(not seen[order[i]])
		seen[order[i]] = true
	end
	for i = 2, #order - STRAY do assert(order[i] < order[i - 1]) end
end

do	-- the object comes back whole, and may be marked again
	local box, runs = {}, 0
	local mt
	mt = { __gc = function(o)
		runs = runs + 1
		box[#box + 1] = o
		assert(o.sub.text == "part of " .. o.n)
		if o.again then o.again = nil setmetatable(o, mt) end
	end }
	local function fill()
		for i = 1, N do setmetatable({ n = i, again = true, sub = { text = "part of " .. i } }, mt) end
	end
	fill()
	collectgarbage()
	local first = runs
	assert(first >= N - STRAY and #box == first)
	box = {}
	collectgarbage()
	assert(runs >= 2 * first - STRAY)
	box = {}
	collectgarbage()
	assert(runs <= 2 * N)
end

do	-- only if __gc is there when setmetatable runs
	local ran = false
	local mt = {}
	local function make() for i = 1, N do setmetatable({}, mt) end end
	make()
	mt.__gc = function() ran = true end
	collectgarbage() collectgarbage()
	assert(not ran)
	mt.__gc = 1		-- marks without being callable
	make()
	collectgarbage()
end

do	-- run without any call of collectgarbage
	local done = false
	for i = 1, 20 do setmetatable({}, { __gc = function() done = true end }) end
	local n = 0
	while not done do
		local t = { {}, {}, tostring(n) }
		n = n + 1
		assert(n < 1e7)
	end
end

do	-- may allocate, collect, call coroutines
	local sum = 0
	local function fill()
		for i = 1, N do
			setmetatable({}, { __gc = function()
				if i % 10 == 0 then collectgarbage() end
				local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end)
				sum = sum + co(1) + co(2)
			end })
		end
	end
	fill()
	collectgarbage() collectgarbage()
	assert(sum % 6 == 0 and sum >= 6 * (N - STRAY))
end

do	-- closures and upvalues stay alive as long as needed
	local log = {}
	local function maker(i)
		local text = "value " .. i
		return setmetatable({}, { __gc = function() log[#log + 1] = text end, __index = function() return text end })
	end
	local keep = {}
	local function fill()
		for i = 1, N do keep[i] = maker(i) end
	end
	fill()
	collectgarbage()
	assert(#log == 0)
	for i = 1, N do assert(keep[i].any == "value " .. i) end
	keep = nil
	collectgarbage() collectgarbage()
	assert(#log >= N - STRAY)
end

-- at exit, in reverse order; what is created meanwhile is not finalised
for i = 3, 1, -1 do
	_G["exit" .. i] = setmetatable({}, { __gc = function()
		setmetatable({}, { __gc = function() print("never") end })
		print("exit " .. i)
	end })
end
print("ok")
