-- SPDX-License-Identifier: MIT
--
-- Much garbage of all kinds with a collection every now and then; everything alive must stay intact.

local live = {}
local seed = 42
local function rnd(n)
	seed = (seed * 1103515245 + 12345) & 0x7fffffff
	return seed % n + 1
end

local function make(i)
	local kind = i % 7
	if kind == 0 then return { i, i + 1, i + 2 }, function(o) return o[1] == i and o[3] == i + 2 and #o == 3 end
	elseif kind == 1 then return { name = "n" .. i, value = i / 2 }, function(o) return o.name == "n" .. i and o.value == i / 2 end
	elseif kind == 2 then
		local up = { i }
		return function() up[1] = up[1] + 1 return up[1] end, function(o) local a = o() return o() == a + 1 end
	elseif kind == 3 then
		local co = coroutine.wrap(function() local n = { i } while true do coroutine.yield(n[1]) end end)
		co()
		return co, function(o) return o() == i end
	elseif kind == 4 then return ("x"):rep(i % 300) .. i, function(o) return o == ("x"):rep(i % 300) .. i end
	elseif kind == 5 then
		local t = {}
		for k = 1, i % 50 do t[k * 1000] = { k } end
		return t, function(o) for k = 1, i % 50 do if o[k * 1000][1] ~= k then return false end end return true end
	else
		return load("local a = " .. i .. " return function() return a, 'const" .. i .. "' end")(),
			function(o) local a, b = o() return a == i and b == "const" .. i end
	end
end

for i = 1, 6000 do
	local o, check = make(i)
	live[rnd(200)] = { o, check }
	local at = live[rnd(200)]
	if at then assert(at[2](at[1]), "object damaged") end
	if i % 250 == 0 then collectgarbage() end
end
for _, at in pairs(live) do assert(at[2](at[1])) end

-- memory comes back
live = nil
collectgarbage() collectgarbage()
local before = collectgarbage("count")
for i = 1, 20 do
	local t = {}
	for k = 1, 20000 do t[k] = { k } end
end
collectgarbage() collectgarbage()
assert(collectgarbage("count") < before + 1500, "memory leaks")

-- coroutines that are never finished do not pile up
for i = 1, 3000 do
	local co = coroutine.create(function(a) local big = { a } coroutine.yield(big) end)
	coroutine.resume(co, i)
end
collectgarbage()
assert(collectgarbage("count") < before + 3000)

-- controls
assert(collectgarbage("isrunning"))
collectgarbage("stop")
assert(not collectgarbage("isrunning"))
local a = collectgarbage("count")
for i = 1, 100000 do local t = {} end
assert(collectgarbage("count") > a + 1000)
collectgarbage("restart")
assert(collectgarbage("isrunning"))
collectgarbage()
assert(collectgarbage("count") < a + 1500)
print("ok")
