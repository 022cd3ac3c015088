-- SPDX-License-Identifier: MIT
--
-- Collections in the middle of hot code: what registers and frames hold
-- stays alive, what is written is marked, allocation of every kind.

local H = 3000

-- temporaries of an expression across a collection
local function fresh(i) return { i } end
local s = 0
for i = 1, H do
	local a = fresh(i)
	local v = fresh(i)[1] + (i % 500 == 0 and collectgarbage() or 0) + a[1] + fresh(1)[1]
	s = s + v
end
assert(s == H * (H + 1) + H)

-- lists and trees built while collecting
local head
for i = 1, H do
	head = { next = head, v = i }
	if i % 700 == 0 then collectgarbage() end
end
s = 0
for node in function(_, c) if c == nil then return head end return c.next end do s = s + node.v end
assert(s == H * (H + 1) // 2)
local function tree(d) if d == 0 then return { 1 } end return { tree(d - 1), tree(d - 1) } end
local function count(t) if t[2] then return count(t[1]) + count(t[2]) end return t[1] end
for d = 1, 10 do
	local t = tree(d)
	collectgarbage("step")
	assert(count(t) == 1 << d)
end

-- old objects that point to new ones
local old = {}
for i = 1, 100 do old[i] = {} end
collectgarbage()
collectgarbage()
for i = 1, H do
	local o = old[i % 100 + 1]
	o.young = { i, tostring(i) }
	if i % 100 == 0 then collectgarbage("step", 10) end
end
collectgarbage()
for i = 1, 100 do
	local y = old[i].young
	assert(y[2] == tostring(y[1]))
end

-- strings made and dropped; closures; upvalues that are alone
local last
for i = 1, H do
	local str = "string " .. i .. (" "):rep(i % 50)
	last = { str, function() return str .. i end }
	if i % 600 == 0 then collectgarbage() end
	assert(last[2]() == str .. i)
end
local fs = {}
for i = 1, 200 do
	local hidden = { i }
	fs[i] = function() hidden[1] = hidden[1] + 1 return hidden[1] end
end
collectgarbage()
for _ = 1, 10 do for i = 1, 200 do fs[i]() end end
for i = 1, 200 do assert(fs[i]() == i + 11) end

-- suspended coroutines keep what is on their stacks
local cos = {}
for i = 1, 100 do
	cos[i] = coroutine.wrap(function()
		local t = { i, { i * 2 } }
		for k = 1, 10 do
			local u = { k }
			coroutine.yield(t[1] + u[1])
			assert(u[1] == k and t[2][1] == i * 2)
		end
	end)
end
for k = 1, 10 do
	for i = 1, 100 do assert(cos[i]() == i + k) end
	collectgarbage()
end

-- varargs and arguments across collections
local function va(...)
	collectgarbage("step")
	local t = { ... }
	collectgarbage("step")
	return select("#", ...), t, ...
end
for i = 1, 200 do
	local n, t, a, b = va({ i }, "s" .. i, nil)
	assert(n == 3 and t[1] == a and a[1] == i and b == "s" .. i)
end

-- generational mode does the same
local mode = collectgarbage("generational")
local keep = {}
for i = 1, H do
	keep[i % 50 + 1] = { i, { tostring(i) } }
	local junk = { {}, {}, {} }
end
for i = 1, 50 do assert(keep[i][2][1] == tostring(keep[i][1])) end
collectgarbage(mode)
for i = 1, H do keep[i % 50 + 1] = { i } end

-- memory does not grow with the number of turns
collectgarbage()
local before = collectgarbage("count")
for i = 1, 20000 do
	local t = { i, i + 0.5, "x" .. i }
	t[4] = function() return t end
end
collectgarbage()
collectgarbage()
assert(collectgarbage("count") < before + 1000)

-- a table that grows and shrinks, cleared by a loop
local pool = {}
for round = 1, 10 do
	for i = 1, 500 do pool[i] = { i } pool["k" .. i] = i end
	for i = 1, 500 do pool[i] = nil pool["k" .. i] = nil end
	collectgarbage("step")
	assert(next(pool) == nil)
end
print("ok")
