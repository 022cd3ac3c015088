-- SPDX-License-Identifier: MIT
--
-- One place of call, many kinds of what is called: Lua functions with fewer and more parameters than arguments, with `...`, of the
-- library, values with __call, values that cannot be called; as many results as are wanted, all of them, none; arguments from `...`.

local H = 3000

local function none() end
local function one(a) return a end
local function two(a, b) return b, a end
local function three(a, b, c) return a, b, c end
local function five(a, b, c, d, e) return a, b, c, d, e end
local function rest(...) return ... end
local function tail(a, ...) return select("#", ...), a, ... end
local callable = setmetatable({}, { __call = function(self, a, b) return self ~= nil and b, a end })
local kinds = { none, one, two, three, five, rest, tail, math.max, callable, select }
local fits = { [math.max] = true, [select] = true }

local function call0(f, ...) f(...) return "done" end
local function call1(f, ...) local a = f(...) return a end
local function call2(f, ...) local a, b = f(...) return a, b end
local function call4(f, ...) math.max(9, 9, 9, 9, 9, 9, 9) local a, b, c, d = f(...) return a, b, c, d end
local function call5(f, ...) math.max(9, 9, 9, 9, 9, 9, 9) local a, b, c, d, e = f(...) return a, b, c, d, e end
local function open(f, ...) return "x", f(...) end
local function list(f, ...) return { f(...) } end
local function fixed(f, a, b) local x, y = f(a, b) return x, y end
local function nested(f, g, ...) return f(g(...)) end

local function expect(f, n, ...)
	local r = table.pack(f(...))
	local out = {}
	for k = 1, n or r.n do out[k] = tostring(r[k]) end
	return table.concat(out, ",")
end

-- what each call must give, found by calls that are made too rarely to be compiled
local want = {}
for k, f in ipairs(kinds) do
	want[k] = { expect(f, 1, 7, 3), expect(f, 2, 7, 3), expect(f, 4, 7, 3), expect(f, 5, 7, 3), expect(f, nil, 7, 3) }
end

local function join(n, ...)
	local out = table.pack(...)
	for k = 1, n or out.n do out[k] = tostring(out[k]) end
	return table.concat(out, ",", 1, n or out.n)
end

for i = 1, H do
	local k = i % #kinds + 1
	local f, w = kinds[k], want[k]
	assert(call0(f, 7, 3) == "done")
	assert(join(1, call1(f, 7, 3)) == w[1])
	assert(join(2, call2(f, 7, 3)) == w[2])
	assert(join(4, call4(f, 7, 3)) == w[3])
	assert(join(5, call5(f, 7, 3)) == w[4])
	assert(join(2, fixed(f, 7, 3)) == w[2])
	assert(join(nil, select(2, open(f, 7, 3))) == w[5])
	assert(list(rest, f(7, 3))[1] == (f(7, 3)))
	assert(join(nil, nested(rest, f, 7, 3)) == w[5])
end

-- arguments: none, some, many
local function count(...) return select("#", ...) end
local function forward(f, ...) local n = f(...) return n end
for i = 1, H do
	local f = i % 2 == 0 and count or tail
	assert(forward(count) == 0 and forward(count, nil) == 1 and forward(f, 1, nil, nil) == (f == count and 3 or 2))
end
local many = {}
for i = 1, 3000 do many[i] = i end
for i = 1, 200 do assert(forward(count, table.unpack(many)) == 3000 and forward(count, i, table.unpack(many, 1, i)) == i + 1) end

-- what cannot be called, and errors on the other side, name the place of the call
for i = 1, 300 do
	local ok, e = pcall(forward, i % 3 == 0 and 12 or nil, i)
	assert(not ok and e:find("attempt to call a " .. (i % 3 == 0 and "number" or "nil") .. " value (local 'f')", 1, true), e)
	ok, e = pcall(forward, error, "message")
	assert(not ok and e:find(":%d+: message$"), e)
end

-- more `...` than the stack has room for, in compiled code
local function spread(n, f, ...) if n == 0 then return f(...) end return spread(n - 1, f, 1, ...) end
local function deep(n, ...) local r = forward(count, ...) if n > 0 then return deep(n - 1, ...) + r end return r end
local function grow(...) local n = forward(grow, 1, 2, 3, 4, 5, 6, 7, 8, ...) return n end
assert(spread(100, count) == 100 and deep(50, 1, 2, 3) == 51 * 3)
local ok, e = pcall(grow)
assert(not ok and tostring(e):find("stack overflow", 1, true), e)

-- coroutines yield across such calls
local co = coroutine.wrap(function(...) while true do forward(coroutine.yield, ...) forward(count, ...) end end)
for i = 1, 500 do assert(co(i) == 1 or i == 1) end

print("ok")
