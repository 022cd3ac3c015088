-- SPDX-License-Identifier: MIT
-- kind: numeric
--
-- mandelbrot.lua [N [FILE]] - the Mandelbrot set as an N x N bitmap.
--
-- Writes a binary PBM picture (P4: one bit per point, 1 is black, rows
-- padded to whole bytes) to FILE or, without one, to standard output.
-- A float loop per point with an early way out, and bits gathered into
-- bytes with integer arithmetic.
--
--   hew lua examples/lua/mandelbrot.lua 800 picture.pbm

local n = tonumber(arg and arg[1]) or 1300
local path = arg and arg[2]
local max_turns = 50

-- True when the point is still within radius 2 after max_turns squarings.
local function inside(cr, ci)
	local zr, zi, zr2, zi2 = 0.0, 0.0, 0.0, 0.0
	for _ = 1, max_turns do
		zi = 2.0 * zr * zi + ci
		zr = zr2 - zi2 + cr
		zr2, zi2 = zr * zr, zi * zi
		if zr2 + zi2 > 4.0 then
			return false
		end
	end
	return true
end

local function row(y, bytes)
	local ci = 2.0 * y / n - 1.0
	local count, bits, filled, at = 0, 0, 0, 0
	for x = 0, n - 1 do
		bits = bits * 2
		if inside(2.0 * x / n - 1.5, ci) then
			bits = bits + 1
			count = count + 1
		end
		filled = filled + 1
		if filled == 8 then
			at = at + 1
			bytes[at] = string.char(bits)
			bits, filled = 0, 0
		end
	end
	if filled > 0 then
		bytes[at + 1] = string.char(bits * 2 ^ (8 - filled))
	end
	return table.concat(bytes), count
end

local out = path and assert(io.open(path, "wb")) or io.stdout
local black, bytes = 0, {}
out:write(("P4\n%d %d\n"):format(n, n))
for y = 0, n - 1 do
	local line, count = row(y, bytes)
	out:write(line)
	black = black + count
end
if path then
	out:close()
	print(("%s: %d x %d, %d points in the set"):format(path, n, n, black))
end
