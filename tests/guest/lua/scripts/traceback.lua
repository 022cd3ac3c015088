-- SPDX-License-Identifier: MIT
--
-- debug.traceback lists the active functions with their lines, innermost
-- first; here only chunk names and lines are compared.

local source = [[
local trace = ...              -- 1
local function inner(k)        -- 2
	if k == 0 then             -- 3
		local text = trace()   -- 4
		return text            -- 5
	end                        -- 6
	local r = inner(k - 1)     -- 7
	return r                   -- 8
end                            -- 9
local function method(self, k) -- 10
	local r =                  -- 11
		inner(k)               -- 12
	return r                   -- 13
end                            -- 14
local object = setmetatable({ run = method }, { __add = method })
local function loop(n)         -- 16
	local r                    -- 17
	for i = 1, n do            -- 18
		r = object:run(2)      -- 19
	end                        -- 20
	return r                   -- 21
end                            -- 22
return loop, function()        -- 23
	local r = object + 0       -- 24
	return r
end
]]

-- The lines of chunk "tb" in a traceback, joined.
local function lines(text)
	local out = {}
	for line in text:gmatch("\n\ttb:(%d+): in ") do out[#out + 1] = line end
	return table.concat(out, " ")
end

local loop, meta = assert(load(source, "=tb"))(function() return debug.traceback("head") end)
local text = loop(1)
assert(text:match("^head\nstack traceback:\n\t"))
assert(lines(text) == "4 7 7 12 19", lines(text))
assert(lines(loop(300)) == "4 7 7 12 19")	-- the same from hot code
assert(lines(meta()) == "4 12 24", lines(meta()))
assert(text:find("in main chunk", 1, true))
assert(text:find("in method 'run'", 1, true), text)

-- levels
local function at(level) local s = debug.traceback("x", level) return s end
local with1, with2 = at(1), at(2)
assert(select(2, with1:gsub("\n", "")) == select(2, with2:gsub("\n", "")) + 1)

-- messages that are not strings come back unchanged
local t = {}
assert(debug.traceback(t) == t and debug.traceback(nil):match("^stack traceback:"))
assert(debug.traceback(12):match("^12\nstack traceback:"))

-- as a handler: the traceback is of the place of the error
local fail = assert(load([[
local function bad(k)          -- 1
	local s = 0                -- 2
	for i = 1, k do            -- 3
		s = s + i              -- 4
		if i == 200 then       -- 5
			s = s + nil        -- 6
		end
	end
	return s
end
return function(k)             -- 11
	local v = bad(k)           -- 12
	return v
end]], "=tb"))()
for _ = 1, 20 do
	local ok, m = xpcall(fail, debug.traceback, 300)
	assert(not ok)
	assert(m:match("^tb:6: attempt to perform arithmetic on a nil value\nstack traceback:"), m)
	assert(lines(m) == "6 12", lines(m))
end

-- tail calls leave a mark, not a frame
local tail = assert(load([[
local trace = ...              -- 1
local function c() local s = trace() return s end
local function b() return c() end
return function() local s = b() return s end]], "=tb"))(function() return debug.traceback("t") end)
text = tail()
assert(lines(text) == "2 4", text)
assert(text:find("(...tail calls...)", 1, true))

-- long ones are cut in the middle
local function deep(k) if k == 0 then return debug.traceback("deep") end local r = deep(k - 1) return r end
text = deep(100)
assert(text:find("\n\t...\t(skipping ", 1, true), text)
assert(select(2, text:gsub("\n", "")) < 30)

-- of another coroutine
local co = coroutine.create(assert(load([[
local function inner()         -- 1
	coroutine.yield()          -- 2
	return 1
end
local v = inner()              -- 5
return v]], "=tb")))
coroutine.resume(co)
assert(lines(debug.traceback(co)) == "2 5")
assert(lines(debug.traceback(co, nil, 1)) == "2 5")
assert(lines(debug.traceback(co, "m", 2)) == "5")
coroutine.resume(co)
assert(not debug.traceback(co):find("tb:"))
print("ok")
