-- SPDX-License-Identifier: MIT
--
-- Finalisers: run once, after death; may resurrect; errors in them are
-- warnings; order at one collection; objects needed by finalisers live.

local function collect()
	local function scrub(n, a, b, c, d) if n > 0 then return (scrub(n - 1, n, n, n, n)) end return 0 end
	scrub(100)
	collectgarbage()
	collectgarbage()
end

-- each at most once; nearly all at the first collection
local N = 100
local ran = {}
local function make() for i = 1, N do setmetatable({ i }, { __gc = function(o) ran[o[1]] = (ran[o[1]] or 0) + 1 end }) end end
make()
collect()
local n = 0
for i = 1, N do
	assert(ran[i] == nil or ran[i] == 1)
	n = n + (ran[i] or 0)
end
assert(n >= N - 10, n)

-- a live object is not finalised
local alive_ran = false
local alive = setmetatable({}, { __gc = function() alive_ran = true end })
collect()
assert(not alive_ran and alive)

-- the metamethod must be there when the metatable is set
local late_ran = false
local function late()
	local mt = {}
	local o = setmetatable({}, mt)
	mt.__gc = function() late_ran = true end
end
late()
collect()
assert(not late_ran)
-- ... but may be replaced by then
local which
local function replaced()
	local mt = { __gc = true }
	for _ = 1, 20 do setmetatable({}, mt) end
	mt.__gc = function() which = "replacement" end
end
replaced()
collect()
assert(which == "replacement")

-- resurrection: the object comes back whole, and is finalised no more
local back = {}
local function mortal() for i = 1, 20 do setmetatable({ v = { i } }, { __gc = function(o) back[#back + 1] = o end }) end end
mortal()
collect()
assert(#back >= 15)
for _, o in ipairs(back) do assert(o.v[1] >= 1) end
n = #back
collect()
collect()
assert(#back >= n)

-- reverse order of marking, for objects that die together
local order = {}
local function ordered() local t = {} for i = 1, 10 do t[i] = setmetatable({}, { __gc = function() order[#order + 1] = i end }) end end
ordered()
collect()
for i = 2, #order do assert(order[i] < order[i - 1]) end

-- an error in a finaliser does not reach the program
local function failing() for _ = 1, 3 do setmetatable({}, { __gc = function() error("in finaliser") end }) end end
if warn then warn("@off") end
failing()
collect()

-- a finaliser may allocate, call pcall, use coroutines, collect
local result
local function busy()
	for _ = 1, 20 do
		setmetatable({}, { __gc = function()
			local t = {}
			for i = 1, 100 do t[i] = { i } end
			local ok = pcall(error, "x")
			local co = coroutine.wrap(function() coroutine.yield(#t) end)
			result = co()
			collectgarbage("step")
			assert(not ok)
		end })
	end
end
busy()
collect()
assert(result == 100)

-- during a hot loop, the locals of the loop are not disturbed
local finalised = 0
local mt = { __gc = function() finalised = finalised + 1 end }
local sum, text = 0, "s"
for i = 1, 20000 do
	local o = setmetatable({ i }, mt)
	sum = sum + o[1]
	if i % 5000 == 0 then collectgarbage() text = text .. i end
end
assert(sum == 20000 * 20001 // 2 and text == "s5000100001500020000")
collect()
assert(finalised > 19900 and finalised <= 20000)
print("ok")
