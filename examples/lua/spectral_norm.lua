-- SPDX-License-Identifier: MIT
-- kind: numeric
--
-- spectral_norm.lua [N] - the largest singular value of the infinite
-- matrix a(i,j) = 1 / ((i+j)(i+j+1)/2 + i+1), cut to N x N, by the power
-- method on its transpose times itself.  Float arithmetic in nested loops
-- with a small function called for every element.

local n = tonumber(arg and arg[1]) or 900

-- Element of the matrix; i and j count from zero.
local function a(i, j)
	local d = i + j
	return 1.0 / (d * (d + 1) / 2 + i + 1)
end

-- out = A * v
local function times(v, out)
	for i = 1, n do
		local s = 0.0
		for j = 1, n do
			s = s + a(i - 1, j - 1) * v[j]
		end
		out[i] = s
	end
end

-- out = transpose(A) * v
local function times_transposed(v, out)
	for i = 1, n do
		local s = 0.0
		for j = 1, n do
			s = s + a(j - 1, i - 1) * v[j]
		end
		out[i] = s
	end
end

local function dot(v, w)
	local s = 0.0
	for i = 1, n do
		s = s + v[i] * w[i]
	end
	return s
end

local u, v, t = {}, {}, {}
for i = 1, n do
	u[i], v[i], t[i] = 1.0, 0.0, 0.0
end
for _ = 1, 10 do
	times(u, t)
	times_transposed(t, v)
	times(v, t)
	times_transposed(t, u)
end
print(("spectral norm, %d x %d: %.9f"):format(n, n, math.sqrt(dot(u, v) / dot(v, v))))
