-- SPDX-License-Identifier: MIT
--
-- __index and __newindex: tables, functions, chains, rawget and rawset,
-- what counts as absent, on values that are not tables.

local log = {}
local function watch(t)
	return setmetatable({}, {
		__index = function(_, k) log[#log + 1] = "get " .. tostring(k) return t[k] end,
		__newindex = function(_, k, v) log[#log + 1] = "set " .. tostring(k) t[k] = v end,
		__len = function() return #t end,
	})
end
local w = watch { x = 1 }
assert(w.x == 1 and w.y == nil)
w.y = 2
assert(w.y == 2 and rawget(w, "y") == nil)
w[1], w[2.0], w[true] = "a", "b", "c"
assert(table.concat(log, ",", 1, 4) == "get x,get y,set y,get y")
table.sort(log)			-- in which order the three are stored is not defined
assert(table.concat(log, ",") == "get x,get y,get y,set 1,set 2.0,set true,set y")
assert(w[1] == "a" and w[2] == "b" and w[true] == "c" and #w == 2)

-- a present nil is not there; a present false is
local t = setmetatable({ no = false }, { __index = function() return "default" end })
assert(t.no == false and t.yes == "default")
t.yes = 1
assert(t.yes == 1)
t.yes = nil
assert(t.yes == "default")

-- chains of tables, then a function at the end
local a = setmetatable({}, { __index = function(self, k) return "end:" .. k end })
local chain = a
for i = 1, 50 do
	chain = setmetatable({ ["k" .. i] = i }, { __index = chain })
end
assert(chain.k50 == 50 and chain.k1 == 1 and chain.zzz == "end:zzz")
a.late = "now here"
assert(chain.late == "now here")

-- the function at the end is given the last table, not the first
local owner
local base = setmetatable({}, { __index = function(self) owner = self end })
local derived = setmetatable({}, { __index = base })
local _ = derived.anything
assert(owner == base)

-- __newindex with a table redirects; existing keys bypass it
local store = {}
local front = setmetatable({ here = 1 }, { __newindex = store })
front.here = 2
front.there = 3
assert(rawget(front, "here") == 2 and rawget(front, "there") == nil and store.there == 3)
rawset(front, "there", 4)
front.there = 5
assert(rawget(front, "there") == 5 and store.there == 3)
-- ... and follows the chain
local deep = {}
local link = deep
for _ = 1, 20 do link = setmetatable({}, { __newindex = link }) end
link.k = "v"
assert(deep.k == "v" and rawget(link, "k") == nil)

-- __newindex with nothing but a check: read-only tables
local function readonly(src)
	return setmetatable({}, { __index = src, __newindex = function(_, k)
		error("read-only field '" .. k .. "'", 2)
	end })
end
local ro = readonly { pi = 3 }
assert(ro.pi == 3)
local ok, m = pcall(function() ro.pi = 4 end)
assert(not ok and m:find("read%-only field 'pi'"))

-- a loop in the chain is an error, not a hang
local l1, l2 = {}, {}
setmetatable(l1, { __index = l2, __newindex = l2 })
setmetatable(l2, { __index = l1, __newindex = l1 })
ok, m = pcall(function() return l1.x end)
assert(not ok and m:find("'__index' chain too long", 1, true), m)
ok, m = pcall(function() l1.x = 1 end)
assert(not ok and m:find("'__newindex' chain too long", 1, true), m)

-- strings index the string library; a number cannot be indexed
assert(("abc").len == string.len and ("x"):rep(3) == "xxx" and ("abc").nothing == nil)
ok, m = pcall(function() local n = 5 return n.x end)
assert(not ok and m:find("attempt to index a number value (local 'n')", 1, true), m)
ok, m = pcall(function() local s = "s" s.x = 1 end)
assert(not ok and m:find("attempt to index a string value (local 's')", 1, true), m)

-- through a metamethod that is a callable table, and one that is a string
local cm = setmetatable({}, { __index = setmetatable({}, { __call = function() return "called" end }) })
assert(cm.x == nil)				-- a table is indexed, not called
local sm = setmetatable({}, { __index = "text" })
assert(sm.len == string.len)

-- nil and NaN as keys
assert(t[nil] == "default" and rawget(t, nil) == nil)
ok, m = pcall(function() t[nil] = 1 end)
assert(not ok and m:find("table index is nil", 1, true))
ok, m = pcall(function() t[0 / 0] = 1 end)
assert(not ok and m:find("table index is NaN", 1, true))
local taken
local any = setmetatable({}, { __newindex = function(_, k, v) taken = v end })
any[nil] = "nil goes to the metamethod"
assert(taken == "nil goes to the metamethod")

-- rawequal, rawlen
assert(rawlen { 1, 2 } == 2 and rawlen "abc" == 3 and rawequal(t, t) and not rawequal({}, {}))

-- adding the metamethod later is noticed
local late, lmt = {}, {}
setmetatable(late, lmt)
local function read() return late.x end
assert(read() == nil and read() == nil)
lmt.__index = { x = 42 }
assert(read() == 42)
lmt.__index = nil
assert(read() == nil)
print("ok")
