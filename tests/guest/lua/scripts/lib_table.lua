-- SPDX-License-Identifier: MIT
-- The table library. Passes under any Lua 5.4.
local function fails(msg, f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "no error; expected: " .. msg)
	assert(string.find(tostring(err), msg, 1, true), tostring(err) .. " / " .. msg)
end
local function list(t) return table.concat(t, ",") end

-- insert, remove: lists of integers, floats, mixed, and in the hash part
for _, make in ipairs({ function(i) return i end, function(i) return i + 0.5 end, function(i) return "s" .. i end,
		function(i) return i % 2 == 0 and i or "s" .. i end }) do
	local t, mirror = {}, {}
	for i = 1, 40 do
		local pos = i * 7 % (#t + 1) + 1
		table.insert(t, pos, make(i))
		for k = #mirror, pos, -1 do mirror[k + 1] = mirror[k] end
		mirror[pos] = make(i)
		assert(list(t) == list(mirror))
	end
	for i = 1, 40 do
		local pos = i * 5 % #t + 1
		local x = table.remove(t, pos)
		assert(x == mirror[pos])
		for k = pos, #mirror do mirror[k] = mirror[k + 1] end
		assert(list(t) == list(mirror))
	end
	assert(#t == 0 and next(t) == nil)
end
local t = { 1, 2, 3 }
table.insert(t, "x") table.insert(t, 1, 0.5) table.insert(t, 6, nil)
assert(list(t) == "0.5,1,2,3,x" and select("#", table.insert(t, 1)) == 0)
assert(table.remove(t) == 1 and table.remove(t, 1) == 0.5 and list(t) == "1,2,3,x")
assert(table.remove({}) == nil and table.remove({}, 0) == nil and table.remove({}, #{}) == nil)
t = { 1, 2, 3 }
assert(table.remove(t, 4) == nil and #t == 3)
local sparse = { n = 0, [0] = "zero" }
assert(table.remove(sparse, 0) == "zero" and sparse[0] == nil)
local hash = {}
for i = 10, 1, -1 do hash[i] = i end
table.insert(hash, 5, "five") assert(hash[5] == "five" and hash[6] == 5 and hash[11] == 10 and table.remove(hash, 5) == "five" and #hash == 10)
fails("wrong number of arguments to 'insert'", table.insert, {})
fails("wrong number of arguments to 'insert'", table.insert, {}, 1, 2, 3)
fails("bad argument #2 to 'table.insert' (position out of bounds)", table.insert, {}, 5, 2)
fails("position out of bounds", table.insert, {}, 0, 2)
fails("bad argument #1 to 'table.insert' (table expected, got nil)", table.insert, nil, 1)
fails("number expected, got string", table.insert, {}, "x", 1)
fails("number has no integer representation", table.insert, {}, 1.5, 1)
fails("position out of bounds", table.remove, { 1, 2, 3 }, 7)
fails("position out of bounds", table.remove, { 1, 2, 3 }, -1)

-- metamethods are honoured
local log, store = {}, {}
local proxy = setmetatable({}, { __index = function(_, k) return store[k] end, __newindex = function(_, k, v) log[#log + 1] = k; store[k] = v end, __len = function() return #store end })
for i = 1, 5 do table.insert(proxy, i * 10) end
assert(#log == 5 and rawlen(proxy) == 0 and list(store) == "10,20,30,40,50" and table.concat(proxy, " ") == "10 20 30 40 50")
assert(table.remove(proxy, 2) == 20 and list(store) == "10,30,40,50" and select("#", table.unpack(proxy)) == 4)
table.sort(proxy, function(a, b) return a > b end)
assert(list(store) == "50,40,30,10")
assert(list(table.move(proxy, 1, 4, 2, {1})) == "1,50,40,30,10")
fails("object length is not an integer", table.insert, setmetatable({}, { __len = function() return "x" end }), 1)
fails("bad argument #1 to 'table.concat' (table expected, got number)", table.concat, 3)

-- concat
assert(table.concat({}) == "" and table.concat({}, "x") == "" and table.concat({ 1, 2.5, "x" }, ", ") == "1, 2.5, x")
assert(table.concat({ 1, 2, 3 }, ",", 2, 3) == "2,3" and table.concat({ 1, 2, 3 }, ",", 3, 2) == "" and table.concat({ 1, 2, 3 }, 0) == "10203")
assert(table.concat({ [math.maxinteger] = "end" }, "-", math.maxinteger, math.maxinteger) == "end")
local big = {}
for i = 1, 3000 do big[i] = "item" .. i end
assert(#table.concat(big, ",") == 3000 * 4 + 9 + 180 + 2700 + 4 * 2001 + 2999)
fails("invalid value (table) at index 1 in table for 'concat'", table.concat, { {} })
fails("invalid value (nil) at index 3 in table for 'concat'", table.concat, { 1, 2 }, ",", 1, 3)
fails("number expected, got table", table.concat, {}, 1, 2, {})

-- pack, unpack, move
t = table.pack(nil, 2, nil)
assert(t.n == 3 and t[1] == nil and t[2] == 2 and table.pack().n == 0)
assert(select("#", table.unpack({}, 1, 3)) == 3 and table.unpack({ 1, 2, 3 }, 2) == 2 and table.unpack({ 1, 2, 3 }, -1, 1) == nil)
assert(select("#", table.unpack({ 1, 2 }, 3)) == 0 and select("#", table.unpack(big)) == 3000)
assert(table.unpack({ 1.5, 2.5 }) == 1.5 and select(2, table.unpack({ "a", "b" })) == "b")
assert(table.unpack({}, math.maxinteger, math.maxinteger) == nil and table.unpack({}, math.mininteger, math.mininteger) == nil)
fails("too many results to unpack", table.unpack, {}, 1, 1e8)
fails("too many results to unpack", table.unpack, {}, math.mininteger, math.maxinteger)
fails("attempt to get length of a number value", table.unpack, 3)
assert(list(table.move({ 1, 2, 3 }, 2, 3, 1)) == "2,3,3" and list(table.move({ 1, 2, 3 }, 1, 3, 2)) == "1,1,2,3" and list(table.move({ 1, 2, 3 }, 1, 3, 1, {})) == "1,2,3")
assert(list(table.move({ 1, 2, 3 }, 1, 0, 5)) == "1,2,3" and list(table.move({ 1.5, 2.5 }, 1, 2, 3)) == "1.5,2.5,1.5,2.5")
assert(table.move({ "a" }, 1, 1, math.maxinteger, {})[math.maxinteger] == "a")
fails("too many elements to move", table.move, {}, -1, math.maxinteger, 2)
fails("destination wrap around", table.move, {}, 1, math.maxinteger, 2)
fails("bad argument #5 to 'table.move' (table expected, got number)", table.move, {}, 1, 2, 3, 4)

-- sort
local function sorted(a, lt)
	lt = lt or function(x, y) return x < y end
	for i = 2, #a do if lt(a[i], a[i - 1]) then return false end end
	return true
end
local seed = 1
local function rnd(n) seed = (seed * 1103515245 + 12345) % 2147483648 return seed // 65536 % n end
for _, n in ipairs({ 0, 1, 2, 3, 4, 5, 7, 10, 33, 95, 96, 97, 200, 1000 }) do
	for _, make in ipairs({ function() return rnd(1000) - 500 end, function() return rnd(1000) / 7 - 50 end, function() return "s" .. rnd(100) end,
			function(i) return i end, function(i) return -i end, function() return 5 end, function(i) return i % 2 == 0 and rnd(50) or rnd(50) + 0.5 end }) do
		local a, count = {}, {}
		for i = 1, n do a[i] = make(i) count[a[i]] = (count[a[i]] or 0) + 1 end
		local b = table.move(a, 1, n, 1, {})
		table.sort(a)
		assert(#a == n and sorted(a))
		table.sort(b, function(x, y) return x > y end)
		assert(sorted(b, function(x, y) return x > y end))
		for i = 1, n do count[a[i]] = count[a[i]] - 1 end
		for _, c in pairs(count) do assert(c == 0) end
	end
end
t = { 0.0, -0.0, 1/0, -1/0, 2^60, -2^60, 1e-300, -1e-300 }
table.sort(t) assert(sorted(t) and t[1] == -1/0 and t[#t] == 1/0)
t = { math.maxinteger, math.mininteger, 0, -1, 1 }
table.sort(t) assert(sorted(t))
local objs = {}
local omt = { __lt = function(a, b) return a.v < b.v end }
for i = 1, 50 do objs[i] = setmetatable({ v = rnd(100) }, omt) end
table.sort(objs) assert(sorted(objs))
local names = { "\0first", "alo", "álo", "then", "45", "", "a\0b", "a\0a" }
table.sort(names) assert(sorted(names) and names[1] == "")
table.sort({ 1, 2, 3 }, nil)
fails("invalid order function for sorting", table.sort, { 1, 2, 3, 4 }, function() return true end)
fails("attempt to compare", table.sort, { 1, "x", 2 })
fails("attempt to compare two table values", table.sort, { {}, {} })
fails("bad argument #2 to 'table.sort' (function expected, got number)", table.sort, { 1, 2, 3 }, 1)
fails("array too big", table.sort, setmetatable({}, { __len = function() return math.maxinteger end }))
fails("stop", table.sort, { 3, 2, 1 }, function() error("stop") end)
table.sort(setmetatable({}, { __len = function() return -1 end }), error)
for _ = 1, 20 do pcall(table.sort, table.move(big, 1, 300, 1, {}), function() return rnd(2) == 0 end) end
t = { 5, 4, 3, 2, 1 }
pcall(table.sort, t, function(a, b) t[1] = nil t[7] = 9 collectgarbage("step") return a < b end)
fails("attempt to yield across a C-call boundary", coroutine.wrap(function() table.sort({ 1, 2, 3 }, coroutine.yield) end))
print("ok")
