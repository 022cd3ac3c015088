-- SPDX-License-Identifier: MIT
-- kind: numeric
--
-- queens.lua [N] - places N queens on an N x N board so that none attacks
-- another; counts all solutions by backtracking and draws the first.
--
-- Three boolean arrays remember the columns and both kinds of diagonals
-- that are taken, so a test is three array reads.

local n = tonumber(arg and arg[1]) or 13

local column, rising, falling = {}, {}, {}
local queen = {}		-- queen[row] is the column of that row's queen
local solutions, tries = 0, 0
local first

local function place(row)
	if row > n then
		solutions = solutions + 1
		if not first then
			first = table.move(queen, 1, n, 1, {})
		end
		return
	end
	for c = 1, n do
		local r, f = row + c, row - c + n
		tries = tries + 1
		if not column[c] and not rising[r] and not falling[f] then
			column[c], rising[r], falling[f] = true, true, true
			queen[row] = c
			place(row + 1)
			column[c], rising[r], falling[f] = false, false, false
		end
	end
end

local function draw(board)
	for row = 1, n do
		local line = {}
		for c = 1, n do
			line[c] = board[row] == c and "Q" or "."
		end
		print(table.concat(line, " "))
	end
end

for i = 1, 2 * n do
	rising[i], falling[i] = false, false
	if i <= n then
		column[i] = false
		queen[i] = 0
	end
end

place(1)
if first then
	draw(first)
end
print(("%d queens: %d solutions, %d tries"):format(n, solutions, tries))
