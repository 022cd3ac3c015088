-- SPDX-License-Identifier: MIT
-- kind: numeric
--
-- matmul.lua [N] - product of two N x N float matrices, the plain way.
--
-- Rows are tables of floats; the right-hand matrix is transposed first so
-- that the innermost loop walks two rows.

local n = tonumber(arg and arg[1]) or 350

-- Repeatable values in [0, 1): a linear congruential generator.
local seed = 42
local function random()
	seed = (seed * 3877 + 29573) % 139968
	return seed / 139968
end

local function matrix(rows, columns)
	local m = {}
	for i = 1, rows do
		local row = {}
		for j = 1, columns do
			row[j] = random()
		end
		m[i] = row
	end
	return m
end

local function transpose(m)
	local t = {}
	for j = 1, #m[1] do
		local row = {}
		for i = 1, #m do
			row[i] = m[i][j]
		end
		t[j] = row
	end
	return t
end

local function multiply(a, b)
	local bt = transpose(b)
	local c = {}
	for i = 1, #a do
		local ai, ci = a[i], {}
		for j = 1, #bt do
			local bj, s = bt[j], 0.0
			for k = 1, #bj do
				s = s + ai[k] * bj[k]
			end
			ci[j] = s
		end
		c[i] = ci
	end
	return c
end

local function trace(m)
	local s = 0.0
	for i = 1, #m do
		s = s + m[i][i]
	end
	return s
end

local a, b = matrix(n, n), matrix(n, n)
local ab, ba = multiply(a, b), multiply(b, a)
print(("trace of a*b: %.6f"):format(trace(ab)))
print(("trace of b*a: %.6f"):format(trace(ba)))
print(("corners of a*b: %.6f %.6f"):format(ab[1][1], ab[n][n]))
assert(math.abs(trace(ab) - trace(ba)) < 1e-6 * n * n)
