-- SPDX-License-Identifier: MIT
--
-- The line in an error message is the line of the operation that failed,
-- also when a statement spans many lines, cold and hot.

local source = [[
local t, n, s, warm = ...      -- 1
local function add(a, b)       -- 2
	return a                   -- 3
		+                      -- 4
		b                      -- 5
end                            -- 6
local function index(a)        -- 7
	local x = 1                -- 8
	return x,                  -- 9
		a.b                    -- 10
		.c                     -- 11
end                            -- 12
local function call(f)         -- 13
	f                          -- 14
	(                          -- 15
		1                      -- 16
	)                          -- 17
end                            -- 18
local function loop(limit)     -- 19
	local sum = 0              -- 20
	for i = 1, limit do        -- 21
		sum = sum + i          -- 22
		if i == limit then     -- 23
			sum = sum .. {}    -- 24
		end                    -- 25
	end                        -- 26
end                            -- 27
local function raise(v)        -- 28
	if v then                  -- 29
		error("raised")        -- 30
	end                        -- 31
end                            -- 32
local function compare(a, b)   -- 33
	while a < b do             -- 34
		a = a + 1              -- 35
	end                        -- 36
end                            -- 37
local function store(u, k, v)  -- 38
	u[k] = v                   -- 39
	return u                   -- 40
end                            -- 41
local function badfor(a)       -- 42
	for i = 1, a do            -- 43
		local x = i            -- 44
	end                        -- 45
end                            -- 46
return {                       -- 47
	add = add, index = index, call = call, loop = loop,
	raise = raise, compare = compare, store = store, badfor = badfor,
	outer = function(k)        -- 50
		local r = add(1, 2)
		r = r + (index { b = {} } or 0)
		raise(k == 1)
		r = r +
			add(k, {})         -- 55, in add: 4
		return r
	end,
}
]]
local f = assert(load(source, "=lines"))()

local function at(line, name, ...)
	local ok, m = pcall(f[name], ...)
	local got = not ok and tonumber(m:match("^lines:(%d+): "))
	if got ~= line and not (name == "call" and got == line + 1) then	-- a call over two lines: 5.4.0 to 5.4.5 take the first
		error(("%s: %s, want line %d"):format(name, m, line), 2)
	end
end

local function all()
	at(4, "add", 1, {})
	at(4, "add", nil, 1)
	at(10, "index", nil)
	at(11, "index", {})
	at(14, "call", nil)	-- or 15
	at(24, "loop", 5)
	at(24, "loop", 500)
	at(30, "raise", true)
	at(34, "compare", 1, {})
	at(39, "store", nil, 1, 2)
	at(39, "store", {}, nil, 2)
	at(43, "badfor", {})
	at(30, "outer", 1)
end

all()
for _ = 1, 300 do
	f.add(1, 2)
	f.add(1.5, 2)
	f.index { b = {} }
	f.call(tostring)
	f.raise(false)
	f.compare(1, 5)
	f.store({}, 1, 2)
	f.badfor(3)
end
for _ = 1, 100 do all() end

-- error levels
local levels = assert(load([[
local function fail(level)     -- 1
	error("msg", level)        -- 2
end                            -- 3
local function middle(level)   -- 4
	fail(level)                -- 5
	return 1                   -- 6
end                            -- 7
return function(level)         -- 8
	middle(level)              -- 9
	return 1
end]], "=lv"))()
for _ = 1, 100 do
	assert(select(2, pcall(levels, 0)) == "msg")
	assert(select(2, pcall(levels, 1)) == "lv:2: msg")
	assert(select(2, pcall(levels, 2)) == "lv:5: msg")
	assert(select(2, pcall(levels, 3)) == "lv:9: msg")
end
print("ok")
