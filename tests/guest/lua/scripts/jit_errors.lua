-- SPDX-License-Identifier: MIT
--
-- Errors raised from hot code: exact message and line, state of variables
-- up to that point, pcall in hot loops, handlers, errors at every turn.

local H = 3000

local chunk = assert(load([[
local limit, bad = ...         -- 1
local done = 0                 -- 2
local t = { v = 1 }            -- 3
local f = function(x)          -- 4
	return x.v                 -- 5
end                            -- 6
local function run()           -- 7
	local s = 0                -- 8
	for i = 1, limit do        -- 9
		local a, b = i, 2      -- 10
		if i == limit then     -- 11
			if bad == 1 then a = nil
			elseif bad == 2 then b = {}
			elseif bad == 3 then t = nil
			elseif bad == 4 then f = nil
			elseif bad == 5 then b = 0
			elseif bad == 6 then b = "x" end
		end                    -- 18
		s = s + a              -- 19
		s = s - b              -- 20
		if bad == 7 and s < t then end
		s = s + t.v            -- 22
		s = s + f({ v = b }) + i // b
		s = s * 1              -- 24
		if bad == 8 and i == limit then f(i) end
		if bad == 9 and i == limit then error("given", 1) end
		done = i               -- 27
	end
	return s
end
local ok, m = pcall(run)
return ok, m, done
]], "=hot"))
local want = {
	"hot:19: attempt to perform arithmetic on a nil value (local 'a')",
	"hot:20: attempt to perform arithmetic on a table value (local 'b')",
	"hot:22: attempt to index a nil value (upvalue 't')",
	"hot:23: attempt to call a nil value (upvalue 'f')",
	"hot:23: attempt to divide by zero",
	"hot:20: attempt to sub a 'number' with a 'string'",
	"hot:21: attempt to compare number with table",
	"hot:5: attempt to index a number value (local 'x')",
	"hot:26: given",
}
for bad, message in ipairs(want) do
	for _, limit in ipairs { 1, 2, 100, 999, 1000, 1001, 1500, H } do
		local ok, m, done = chunk(limit, bad)
		assert(not ok and m == message, m)
		assert(done == (bad == 7 and 0 or limit - 1))
	end
end
local ok, v, done = chunk(H, 0)
assert(ok and done == H)

-- pcall at every turn, with and without an error
local good, failed = 0, 0
local function maybe(i)
	if i % 3 == 0 then error(i) end
	return i
end
for i = 1, H do
	local fine, r = pcall(maybe, i)
	if fine then good = good + r else failed = failed + r end
end
assert(failed == 3 * (1000 * 1001 // 2) and good + failed == H * (H + 1) // 2)

-- run-time errors at every turn, each with its own cause
local values = { nil, 1, "s", {}, true, 2.5 }
local counts = { ok = 0, err = 0 }
for i = 1, H do
	local k = i % 6 + 1
	local fine, r = pcall(function(x) return x + i end, values[k])
	counts[fine and "ok" or "err"] = counts[fine and "ok" or "err"] + 1
	if fine then assert(r == values[k] + i) end
end
assert(counts.ok == H // 3 and counts.err == 2 * H // 3)

-- through several compiled frames to a pcall in the middle of a hot loop
local function deep(n, x)
	if n == 0 then return x.y end
	local r = deep(n - 1, x)
	return r + 1
end
local total = 0
for i = 1, H do
	local fine, r = pcall(deep, 5, i % 10 == 0 and 5 or { y = i })
	total = total + (fine and r - 5 or 0)
	if not fine then assert(r:find("attempt to index a number value (local 'x')", 1, true)) end
end
assert(total == H * (H + 1) // 2 - 10 * (300 * 301 // 2))

-- locals changed before the error are seen by closures after it
local function partial(n)
	local x, y = 0, "none"
	local function get() return x, y end
	local fine = pcall(function()
		for i = 1, H do
			x = x + 1
			if i == n then
				y = "set"
				local _ = nil .. "x"
			end
		end
	end)
	return fine, get()
end
for _, n in ipairs { 1, 500, 1500, H } do
	local fine, x, y = partial(n)
	assert(not fine and x == n and y == "set")
end

-- xpcall with a traceback from hot code
local lines = {}
for i = 1, 200 do
	local _, text = xpcall(deep, debug.traceback, 3, nil)
	local _, frames = text:gsub("\n\t[^\n]*:%d+: in ", "")
	lines[i] = frames
end
for i = 2, 200 do assert(lines[i] == lines[1] and lines[i] >= 4) end

-- errors from library functions called in hot loops
local bad = 0
for i = 1, H do
	local fine, e = pcall(string.rep, i % 2 == 0 and "x" or nil, 1)
	if not fine then
		bad = bad + 1
		assert(e:find("^bad argument #1 to '.-rep' %(string expected, got nil%)$"))
	end
end
assert(bad == H // 2)
-- error objects are passed unchanged, nested handlers
local object = {}
for i = 1, H do
	local fine, e = pcall(pcall, error, object)
	assert(fine and e == false)
	fine, e = pcall(error, object)
	assert(not fine and e == object)
end
print("ok")
