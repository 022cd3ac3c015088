-- SPDX-License-Identifier: MIT
-- kind: numeric
--
-- sieve.lua [N] - primes below N by the sieve of Eratosthenes, on an
-- array of booleans, several times over; prints counts and the last ones.

local limit = tonumber(arg and arg[1]) or 3000000
local rounds = 10

-- Returns an array where composite[i] is true when i is not prime.
local function sieve(n)
	local composite = {}
	for i = 1, n do
		composite[i] = false
	end
	local i = 2
	while i * i <= n do
		if not composite[i] then
			for k = i * i, n, i do
				composite[k] = true
			end
		end
		i = i + 1
	end
	return composite
end

local function collect(composite, n)
	local primes = {}
	for i = 2, n do
		if not composite[i] then
			primes[#primes + 1] = i
		end
	end
	return primes
end

local total = 0
for round = rounds, 1, -1 do
	local n = math.floor(limit * round / rounds)
	local primes = collect(sieve(n), n)
	total = total + #primes
	print(("below %8d: %6d primes, the last is %s"):format(
		n, #primes, primes[#primes] or "none"))
end
print("together: " .. total)
