-- SPDX-License-Identifier: MIT
--
-- coroutine.close and <close> variables of coroutines that do not finish.

local create, resume, yield, close = coroutine.create, coroutine.resume, coroutine.yield, coroutine.close
local status = coroutine.status
local log = {}
local function res(name, fail)
	return setmetatable({}, { __close = function(_, e)
		log[#log + 1] = name .. (e ~= nil and "(" .. tostring(e) .. ")" or "")
		if fail then error(fail, 0) end
	end })
end
local function taken() local s = table.concat(log, " ") log = {} return s end

-- not started, finished, failed
local co = create(print)
assert(close(co) and status(co) == "dead")
co = create(function() return 1 end)
resume(co)
assert(close(co) == true)
co = create(function() error("E", 0) end)
resume(co)
local ok, e = close(co)
assert(ok == false and e == "E")
assert(close(co) == true)			-- the error is reported once

-- suspended: pending variables are closed in reverse order
co = create(function()
	local a <close> = res "a"
	local b <close> = res "b"
	do local c <close> = res "c" end
	yield(1)
	log[#log + 1] = "never"
end)
assert(select(2, resume(co)) == 1 and taken() == "c")
assert(close(co) == true and taken() == "b a" and status(co) == "dead")
assert(select(2, resume(co)) == "cannot resume dead coroutine")

-- in nested calls
co = create(function()
	local a <close> = res "a"
	local function inner()
		local b <close> = res "b"
		yield()
	end
	pcall(inner)
	log[#log + 1] = "never"
end)
resume(co)
assert(close(co) and taken() == "b a")

-- an error while closing
co = create(function()
	local a <close> = res "a"
	local b <close> = res("b", "b failed")
	local c <close> = res "c"
	yield()
end)
resume(co)
ok, e = close(co)
assert(ok == false and e == "b failed" and taken() == "c b a(b failed)")

-- an error in the body closes at once
co = create(function()
	local a <close> = res "a"
	yield()
	error("E", 0)
end)
resume(co)
ok, e = resume(co)
assert(not ok and e == "E")
close(co)
assert(taken() == "a(E)")
local w = coroutine.wrap(function()
	local a <close> = res "wrapped"
	error("W", 0)
end)
assert(not pcall(w) and taken() == "wrapped(W)")

-- one that runs or has called another cannot be closed
co = create(function()
	local fine, m = pcall(close, co)
	assert(not fine and m == "cannot close a running coroutine")
	local inner = create(function()
		local fine2, m2 = pcall(close, co)
		assert(not fine2 and m2 == "cannot close a normal coroutine")
	end)
	assert(resume(inner))
	return "done"
end)
assert(select(2, resume(co)) == "done")
assert(not pcall(close, coroutine.running()))

-- a generator abandoned by break is closed through the fourth value
local function numbers()
	local gen = create(function()
		local a <close> = res "generator"
		local i = 0
		while true do i = i + 1 yield(i) end
	end)
	return function() return select(2, resume(gen)) end, nil, nil,
		setmetatable({}, { __close = function() close(gen) end })
end
for i in numbers() do
	if i == 5 then break end
end
assert(taken() == "generator")

-- upvalues of a closed coroutine live on
local get
co = create(function()
	local v = 1
	get = function() v = v + 1 return v end
	yield()
end)
resume(co)
close(co)
collectgarbage()
assert(get() == 2 and get() == 3)
print("ok")
