-- SPDX-License-Identifier: MIT
--
-- Weak tables: values, keys, ephemerons, strings as values, iteration with collection.
-- The stack is scanned conservatively, so a few objects may survive by accident: counts are checked with some room.

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

do	-- values
	local t, keep = weak("v"), {}
	local function fill()
		for i = 1, N do
			local o = {}
			t[i] = o
			t["k" .. i] = {}
			if i % 2 == 0 then keep[#keep + 1] = o end
		end
	end
	collectgarbage("stop")
	fill()
	assert(count(t) == 2 * N)
	collectgarbage("restart")
	collectgarbage() collectgarbage()
	about(count(t), N / 2)
	for i = 2, N, 2 do assert(t[i] == keep[i // 2]) end
	t.s, t.n, t.f = "a string that is built " .. N, 3.5, print
	collectgarbage()
	assert(t.s == "a string that is built 200" and t.n == 3.5 and t.f == print)
end

do	-- keys
	local t, keep = weak("k"), {}
	local function fill()
		for i = 1, N do
			local k = {}
			t[k] = { i }
			t[i] = {}
			if i % 2 == 0 then keep[i] = k end
		end
	end
	fill()
	collectgarbage() collectgarbage()
	about(count(t), N + N / 2)
	for i, k in pairs(keep) do assert(t[k][1] == i) end
end

do	-- ephemerons: a value that refers to its own key does not keep it; a chain hangs on its first key
	local t, first = weak("k"), {}
	local function fill()
		for i = 1, N do
			local k = {}
			t[k] = { k }
		end
		local k = first
		for i = 1, N do
			local v = { i }
			t[k] = v
			k = v
		end
	end
	fill()
	collectgarbage() collectgarbage()
	about(count(t), N)
	local k = first
	for i = 1, N do k = t[k] assert(k[1] == i) end
end

do	-- both
	local t, keep = weak("kv"), {}
	local function fill()
		for i = 1, N do
			local k, v = {}, {}
			t[k] = v
			if i % 3 ~= 0 then keep[#keep + 1] = k end
			if i % 3 ~= 1 then keep[#keep + 1] = v end
		end
	end
	fill()
	collectgarbage() collectgarbage()
	about(count(t), (N - 2) // 3)
end

do	-- the mode may be set later, and taken away
	local mt = {}
	local t = setmetatable({}, mt)
	for i = 1, N do t[i] = {} end
	collectgarbage()
	assert(count(t) == N)
	mt.__mode = "v"
	collectgarbage() collectgarbage()
	about(count(t), 0)
	mt.__mode = nil
	for i = 1, N do t[i] = {} end
	collectgarbage()
	assert(count(t) == N)
end

do	-- a traversal goes on over entries that are removed and collected
	local t = {}
	for i = 1, N do t[{}] = i t["name" .. i] = i end
	local n = 0
	for k in pairs(t) do
		t[k] = nil
		n = n + 1
		if n % 16 == 0 then collectgarbage() end
	end
	assert(n == 2 * N and next(t) == nil)
end

do	-- objects to be finalised leave weak values before, weak keys after their finaliser
	local vals, keys = weak("v"), weak("k")
	local seen_k, seen_v = 0, 0
	local function fill()
		for i = 1, N do
			local o = setmetatable({}, { __gc = function(x)
				if keys[x] then seen_k = seen_k + 1 end
				if vals[i] then seen_v = seen_v + 1 end
			end })
			vals[i] = o
			keys[o] = i
		end
	end
	fill()
	collectgarbage()
	assert(seen_v == 0 and seen_k >= N - STRAY)
	collectgarbage() collectgarbage()
	about(count(keys), 0)
end

print("ok")
