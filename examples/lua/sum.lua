-- SPDX-License-Identifier: MIT
-- kind: numeric
--
-- sum.lua [N] - the sum 1 + 2 + ... + N in one loop, called once.
--
-- The function is entered a single time, so a compiler that only counts
-- calls never sees it: the loop has to be replaced while it runs.

local n = tonumber(arg and arg[1]) or 300000000

local function sum(limit)
	local s = 0
	for i = 1, limit do
		s = s + i
	end
	return s
end

local result = sum(n)
-- n*(n+1)/2, dividing first the one that is even
local half = n % 2 == 0 and n or n + 1
local expected = math.floor(half / 2) * (2 * n + 1 - half)
if math.type then		-- where all numbers are doubles, large sums are rounded
	assert(result == expected)
end
print(("sum 1..%d = %d"):format(n, result))
