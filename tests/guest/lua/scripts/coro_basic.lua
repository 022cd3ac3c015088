-- SPDX-License-Identifier: MIT
--
-- Coroutines: values both ways, status, wrap, generators, errors.

local create, resume, yield = coroutine.create, coroutine.resume, coroutine.yield
local status, wrap = coroutine.status, coroutine.wrap

local function same(got, ...)
	local want = table.pack(...)
	assert(got.n == want.n, got.n)
	for i = 1, want.n do assert(got[i] == want[i], tostring(got[i])) end
end

local co = create(function(a, b)
	local c = yield(a + b)
	local d, e = yield(c * 2, "x")
	local f = table.pack(yield())
	return d, e, f.n
end)
assert(status(co) == "suspended")
same(table.pack(resume(co, 1, 2)), true, 3)
same(table.pack(resume(co, 10)), true, 20, "x")
same(table.pack(resume(co, "d", nil)), true)
same(table.pack(resume(co, nil, nil, nil)), true, "d", nil, 3)
assert(status(co) == "dead")
same(table.pack(resume(co)), false, "cannot resume dead coroutine")

-- status seen from inside and from a coroutine resumed inside
local outer
outer = create(function()
	assert(status(outer) == "running")
	local inner = create(function()
		assert(status(outer) == "normal")
		local ok, m = resume(outer)
		assert(not ok and m == "cannot resume non-suspended coroutine")
	end)
	assert(resume(inner))
	assert(status(inner) == "dead")
end)
assert(resume(outer))
local main, is_main = coroutine.running()
assert(type(main) == "thread" and is_main and not coroutine.isyieldable())
wrap(function()
	local me, m = coroutine.running()
	assert(me ~= main and not m and coroutine.isyieldable())
end)()
local ok, m = pcall(yield, 1)
assert(not ok and m == "attempt to yield from outside a coroutine")

-- generators
local function range(n)
	return wrap(function() for i = 1, n do yield(i) end end)
end
local sum = 0
for i in range(1000) do sum = sum + i end
assert(sum == 500500)

local function tree_walk(t)
	if t then
		tree_walk(t.l)
		yield(t.v)
		tree_walk(t.r)
	end
end
local function insert(t, v)
	if not t then return { v = v } end
	if v < t.v then t.l = insert(t.l, v) else t.r = insert(t.r, v) end
	return t
end
local root
for i = 1, 100 do root = insert(root, i * 37 % 101) end
local last = 0
for v in wrap(function() tree_walk(root) end) do
	assert(v == last + 1)
	last = v
end
assert(last == 100)

local function permutations(a, n)
	if n == 0 then yield(table.concat(a)) return end
	for i = 1, n do
		a[i], a[n] = a[n], a[i]
		permutations(a, n - 1)
		a[i], a[n] = a[n], a[i]
	end
end
local seen, count = {}, 0
for p in wrap(function() permutations({ 1, 2, 3, 4 }, 4) end) do
	assert(not seen[p])
	seen[p] = true
	count = count + 1
end
assert(count == 24)

-- a sieve out of a chain of filters
local function filter(p, g)
	return wrap(function()
		for n in g do if n % p ~= 0 then yield(n) end end
	end)
end
local primes, g = {}, wrap(function() for i = 2, 200 do yield(i) end end)
while true do
	local p = g()
	if not p then break end
	primes[#primes + 1] = p
	g = filter(p, g)
	if #primes == 25 then break end
end
assert(primes[25] == 97)

-- errors: to the resumer, with the position; the coroutine is dead
co = create(function() yield(1) error({ code = 5 }) end)
assert(resume(co))
local ok2, e = resume(co)
assert(not ok2 and e.code == 5 and status(co) == "dead")
co = create(load("local x\nreturn x.y", "=c"))
ok2, e = resume(co)
assert(not ok2 and e == "c:2: attempt to index a nil value (local 'x')")
local w = wrap(function() error("plain", 0) end)
ok2, e = pcall(w)
assert(not ok2 and e == "plain")
ok2, e = pcall(w)
assert(not ok2 and e:find("cannot resume dead coroutine", 1, true))

-- a body that is a C function; arguments straight through
same(table.pack(resume(create(math.max), 1, 5, 3)), true, 5)
same(table.pack(resume(create(select), "#", 1, 2)), true, 2)
co = create(yield)
same(table.pack(resume(co, 1, 2)), true, 1, 2)
same(table.pack(resume(co, "r")), true, "r")
assert(not pcall(create, 1))

-- passing many values
local many = {}
for i = 1, 150 do many[i] = i end
local echo = wrap(function(...) local a = table.pack(...) while true do a = table.pack(yield(table.unpack(a, 1, a.n))) end end)
for n = 0, 150, 30 do
	assert(select("#", echo(table.unpack(many, 1, n))) == n)
end
print("ok")
