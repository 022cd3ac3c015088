-- SPDX-License-Identifier: MIT
--
-- Weak tables, continued: ephemerons through two tables and built backwards, functions and coroutines as keys and values,
-- the array part, resurrection, weak tables in weak tables, the memoising pattern run hot, collection while they grow.
-- The stack is scanned conservatively: counts are checked with some room.

local N, STRAY = 200, 20

local function count(t)
	local n = 0
	for _ in pairs(t) do n = n + 1 end
	return n
end

local function weak(mode) return setmetatable({}, { __mode = mode }) end

local function about(n, want)
	assert(n >= want and n <= want + STRAY, n .. " entries, expected about " .. want)
end

local function collect() collectgarbage() collectgarbage() end

do	-- ephemerons that hold each other's keys: what nobody else knows dies in both, what hangs on a root lives in both
	local a, b, roots = weak("k"), weak("k"), {}
	local function fill(alive)
		for i = 1, N do
			local x, y = {}, {}
			a[x], b[y] = { y }, { x }
			if alive then roots[i] = x end
		end
	end
	fill(false)
	collect()
	about(count(a), 0)
	about(count(b), 0)
	a, b = weak("k"), weak("k")
	fill(true)
	collect()
	assert(count(a) == N and count(b) == N)
	for i = 1, N do
		local y = a[roots[i]][1]
		assert(b[y][1] == roots[i])
	end
end

do	-- a chain whose last link was put in first
	local t, head = weak("k"), {}
	local function fill()
		local value = { "end" }
		for i = 1, 20 * N do
			local key = i == 20 * N and head or {}
			t[key] = value
			value = { key }
			if i < 20 * N then value = key end
		end
	end
	fill()
	collect()
	local steps, at = 0, head
	while at[1] ~= "end" do at = t[at] steps = steps + 1 end
	assert(steps == 20 * N)
	head, at = nil, nil
	collect()
	about(count(t), 0)
end

do	-- functions and coroutines as values and keys; numbers, booleans and strings are never removed
	local v, k = weak("v"), weak("k")
	local function fill()
		for i = 1, N do
			v[#v + 1] = function() return i end
			k[coroutine.create(function() return i end)] = i
			v["c" .. i] = coroutine.wrap(print)
		end
	end
	fill()
	v.int, v.float, v.yes, v.text = 1, 1.5, true, ("text"):rep(30)
	k[1], k[1.5], k[true], k["text" .. N] = {}, {}, {}, {}
	collect()
	about(count(v), 4)
	about(count(k), 4)
	assert(v.int == 1 and v.float == 1.5 and v.yes and #v.text == 120 and k[1] and k[1.5] and k[true] and k.text200)
end

do	-- the array part: holes where objects were, and it can be filled again
	local t = weak("v")
	for i = 1, N do t[i] = i % 2 == 0 and i or {} end
	collect()
	local left = 0
	for i = 1, N do
		assert(i % 2 == 1 or t[i] == i)
		if i % 2 == 1 and t[i] then left = left + 1 end
	end
	about(left, 0)
	for i = 1, N do t[i] = i end
	assert(#t == N)
end

do	-- what a finaliser resurrects is gone from weak values, stays as a weak key, and is a full object again
	local vals, keys, saved = weak("v"), weak("k"), {}
	local mt = { __gc = function(o) saved[#saved + 1] = o end }
	local function fill()
		for i = 1, N do
			local o = setmetatable({ n = i }, mt)
			vals[i], keys[o] = o, i
		end
	end
	fill()
	collect()
	assert(#saved >= N - STRAY)
	for _, o in ipairs(saved) do assert(keys[o] == o.n and vals[o.n] == nil) end
	vals.again = saved[1]
	collect()
	assert(vals.again == saved[1] and vals.again.n)
end

do	-- a weak table may be its own key and value, and an entry of another one
	local t, outer = weak("kv"), weak("v")
	t[t], t.self = t, t
	outer[1], outer[2] = t, weak("k")
	collect()
	assert(t[t] == t and t.self == t and outer[1] == t)
	t = nil
	collect()
	about(count(outer), 0)
end

do	-- objects memoised by a weak table, in a loop that gets compiled, while collections happen
	local memo, made = weak("kv"), 0
	local function get(i)
		local o = memo[i]
		if not o then
			made = made + 1
			o = { id = i }
			memo[i] = o
		end
		return o
	end
	local held = {}
	for round = 1, 300 do
		for i = 1, 50 do
			local o = get(i)
			assert(o.id == i)
			if i % 5 == 0 then
				assert(not held[i] or held[i] == o)
				held[i] = o
			end
		end
		if round % 20 == 0 then collectgarbage() else collectgarbage("step", 10) end
	end
	assert(made >= 50 and made <= 300 * 40 + 10)
	for i = 5, 50, 5 do assert(memo[i] == held[i]) end
end

do	-- a strong reference taken while a collection is under way holds
	collectgarbage("restart")
	local t, strong = weak("v"), {}
	for i = 1, 20 * N do
		t[i] = { i }
		if i > N and t[i - N] then
			strong[#strong + 1] = t[i - N]
			strong[i - N] = strong[i - N] or false
		end
		if i % 100 == 0 then collectgarbage("step", 1) end
	end
	collect()
	for _, o in pairs(strong) do assert(not o or o[1] <= 19 * N) end
end

print("ok")
