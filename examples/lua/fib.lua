-- SPDX-License-Identifier: MIT
-- kind: numeric
--
-- fib.lua [N] - Fibonacci numbers by naive double recursion.
--
-- Almost nothing but calls, returns and small integer arithmetic: it
-- measures what a call costs.  fib(N) takes about 1.6^N calls.

local n = tonumber(arg and arg[1]) or 36

local calls = 0

local function fib(k)
	calls = calls + 1
	if k < 2 then
		return k
	end
	return fib(k - 1) + fib(k - 2)
end

-- The same number by iteration, to check the answer against.
local function fib_loop(k)
	local a, b = 0, 1
	for _ = 1, k do
		a, b = b, a + b
	end
	return a
end

local result = fib(n)
assert(result == fib_loop(n))
print(("fib(%d) = %d"):format(n, result))
print(("calls: %d"):format(calls))
