-- SPDX-License-Identifier: MIT
--
-- The numeric for: counts are fixed beforehand and never overflow.

local max, min = math.maxinteger, math.mininteger
local inf = math.huge

-- Values of a loop, at most `cap` of them, as one string.
local function run(a, b, c, cap)
	local s = {}
	for i = a, b, c do
		s[#s + 1] = tostring(i)
		if #s == (cap or 10) then break end
	end
	return table.concat(s, " ")
end
local function eq(got, want)
	if got ~= want then error(("got %s, want %s"):format(got, want), 2) end
end

eq(run(1, 3, 1), "1 2 3")
eq(run(3, 1, -1), "3 2 1")
eq(run(1, 0, 1), "")
eq(run(0, 1, -1), "")
eq(run(1, 10, 4), "1 5 9")
eq(run(5, 5, 1), "5")
eq(run(max - 2, max, 1), "9223372036854775805 9223372036854775806 9223372036854775807")
eq(run(max - 2, max, 2), "9223372036854775805 9223372036854775807")
eq(run(max - 3, max, 2), "9223372036854775804 9223372036854775806")
eq(run(max, max, max), "9223372036854775807")
eq(run(min + 2, min, -1), "-9223372036854775806 -9223372036854775807 -9223372036854775808")
eq(run(min, max, max), "-9223372036854775808 -1 9223372036854775806")
eq(run(max, min, min), "9223372036854775807 -1")
eq(run(min, min, min), "-9223372036854775808")
eq(run(1, max, max // 2), "1 4611686018427387904 9223372036854775807")
eq(run(min, max, 1, 2), "-9223372036854775808 -9223372036854775807")

-- an integer loop with a float limit: the limit is rounded into range
eq(run(1, 3.9, 1), "1 2 3")
eq(run(3, 0.5, -1), "3 2 1")
eq(run(-3, -1.5, 1), "-3 -2")
eq(run(1, inf, 1, 3), "1 2 3")
eq(run(1, -inf, 1), "")
eq(run(-1, -inf, -1, 2), "-1 -2")
eq(run(max - 1, 1e300, 1), "9223372036854775806 9223372036854775807")
eq(run(1, 0 / 0, 1), "")

-- a float start or step makes a float loop
eq(run(1.0, 3, 1), "1.0 2.0 3.0")
eq(run(1, 2, 0.5), "1.0 1.5 2.0")
eq(run(1, 3, 1.0), "1.0 2.0 3.0")
eq(run(0.0, -1, -0.25), "0.0 -0.25 -0.5 -0.75 -1.0")
eq(run(2.0 ^ 53, inf, 1, 3), "9.007199254741e+15 9.007199254741e+15 9.007199254741e+15")
local n = 0
for _ = 0, 1, 0.1 do n = n + 1 end
assert(n == 11 or n == 10)

-- numeric strings are taken; as start or step they make a float loop
eq(run("1", 2, 1), "1.0 2.0")
eq(run(1, "2", 1), "1 2")
eq(run(1, 2, "1"), "1.0 2.0")

-- bounds and step are evaluated once, in order
local log = {}
local function note(name, v) log[#log + 1] = name return v end
for _ = note("a", 1), note("b", 3), note("c", 1) do log[#log + 1] = "." end
eq(table.concat(log), "abc...")

-- the variable is a copy: assigning to it does not steer the loop
local seen = {}
for i = 1, 3 do
	seen[#seen + 1] = i
	i = i + 10
	seen[#seen + 1] = i
end
eq(table.concat(seen, " "), "1 11 2 12 3 13")

-- changing the variables that gave the bounds does nothing
local limit, step = 3, 1
n = 0
for _ = 1, limit, step do
	limit, step = 100, 100
	n = n + 1
end
eq(n, 3)

local function fails(a, b, c, what)
	local ok, m = pcall(run, a, b, c)
	assert(not ok and m:find(what, 1, true), m)
end
fails(1, 2, 0, "'for' step is zero")
fails(1.0, 2, 0.0, "'for' step is zero")
fails({}, 2, 1, "bad 'for' initial value (number expected, got table)")
fails(1, {}, 1, "bad 'for' limit (number expected, got table)")
fails(1, 2, {}, "bad 'for' step (number expected, got table)")
fails(nil, 2, 1, "bad 'for' initial value (number expected, got nil)")
fails("x", 2, 1, "bad 'for' initial value (number expected, got string)")
print("ok")
