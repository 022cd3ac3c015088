-- SPDX-License-Identifier: MIT
-- kind: numeric
--
-- fannkuch.lua [N] - pancake flips over all permutations of 1..N.
--
-- For every permutation: reverse its first p[1] elements until the first
-- is 1, and count the turns.  Printed are the largest count and a sum of
-- the counts with alternating sign.  Small integer arrays, written and
-- read in tight loops.

local n = tonumber(arg and arg[1]) or 10

-- Turns needed for permutation p; q is scratch space.
local function flips(p, q, size)
	for i = 1, size do
		q[i] = p[i]
	end
	local turns = 0
	local first = q[1]
	while first ~= 1 do
		local lo, hi = 1, first
		while lo < hi do
			q[lo], q[hi] = q[hi], q[lo]
			lo = lo + 1
			hi = hi - 1
		end
		turns = turns + 1
		first = q[1]
	end
	return turns
end

-- Visits the permutations by rotating ever longer prefixes: rotation r of
-- the prefix of length k happens count[k] times before k + 1 has its turn.
local function fannkuch(size)
	local p, q, count = {}, {}, {}
	for i = 1, size do
		p[i], q[i], count[i] = i, 0, 0
	end
	local most, checksum, sign = 0, 0, 1
	while true do
		local turns = flips(p, q, size)
		if turns > most then
			most = turns
		end
		checksum = checksum + sign * turns
		sign = -sign

		local k = 2
		while true do
			if k > size then
				return most, checksum
			end
			local head = p[1]
			for i = 1, k - 1 do
				p[i] = p[i + 1]
			end
			p[k] = head
			count[k] = count[k] + 1
			if count[k] < k then
				break
			end
			count[k] = 0
			k = k + 1
		end
	end
end

local most, checksum = fannkuch(n)
print(("permutations of %d: at most %d flips, checksum %d"):format(n, most, checksum))
