-- SPDX-License-Identifier: MIT
-- kind: numeric
--
-- heapsort.lua [N] - sorts N random floats and N random integers in place
-- with a binary heap; reads and writes all over an array, branches that
-- cannot be guessed.

local n = math.max(1, tonumber(arg and arg[1]) or 800000)

-- Repeatable values: multiplication modulo the prime 2^31 - 1.
local modulus, state = 2147483647, 20261121
local function random_int()
	state = state * 48271 % modulus
	return state
end

local function random_float()
	return random_int() / modulus
end

-- Lets value v sink from position i in the heap of a[1..size].
local function sift(a, i, size, v)
	local child = 2 * i
	while child <= size do
		if child < size and a[child] < a[child + 1] then
			child = child + 1
		end
		if v >= a[child] then
			break
		end
		a[i] = a[child]
		i = child
		child = 2 * i
	end
	a[i] = v
end

local function heapsort(a, size)
	for i = math.floor(size / 2), 1, -1 do
		sift(a, i, size, a[i])
	end
	for last = size, 2, -1 do
		local v = a[last]
		a[last] = a[1]
		sift(a, 1, last - 1, v)
	end
end

local function check(what, a)
	for i = 2, #a do
		assert(a[i - 1] <= a[i], what)
	end
end

local floats, ints = {}, {}
for i = 1, n do
	floats[i] = random_float()
	ints[i] = random_int() % 1000000
end
heapsort(floats, n)
heapsort(ints, n)
check("floats", floats)
check("ints", ints)
local middle = math.floor((n + 1) / 2)
print(("%d floats: least %.6f, middle %.6f, greatest %.6f"):format(
	n, floats[1], floats[middle], floats[n]))
print(("%d integers: least %d, middle %d, greatest %d"):format(
	n, ints[1], ints[middle], ints[n]))
