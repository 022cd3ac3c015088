-- SPDX-License-Identifier: MIT
-- kind: general
--
-- brainf.lua [SIZE] - an interpreter for brainf***, with programs to run.
--
-- The source is first turned into an array of operations: runs of one
-- command become one operation with a count, brackets know their partners,
-- and [-] becomes "clear".  The loop that executes them is the classic
-- shape of an interpreter: fetch, a chain of comparisons, an array of
-- cells.  SIZE sets how long the last program counts.

local size = tonumber(arg and arg[1]) or 87

local ADD, MOVE, OUT, IN, OPEN, CLOSE, CLEAR = 1, 2, 3, 4, 5, 6, 7

-- Returns two arrays: what to do, and with which number.
local function translate(source)
	source = source:gsub("[^%+%-<>%.,%[%]]", "")
	local ops, args, open = {}, {}, {}
	local n, i = 0, 1

	local function emit(op, value)
		n = n + 1
		ops[n], args[n] = op, value
	end

	while i <= #source do
		local c = source:sub(i, i)
		local last = i
		if c == "+" or c == "-" then
			last = select(2, source:find("^[+-]+", i))
			local run = source:sub(i, last)
			emit(ADD, select(2, run:gsub("%+", "")) - select(2, run:gsub("-", "")))
		elseif c == "<" or c == ">" then
			last = select(2, source:find("^[<>]+", i))
			local run = source:sub(i, last)
			emit(MOVE, select(2, run:gsub(">", "")) - select(2, run:gsub("<", "")))
		elseif c == "." then
			emit(OUT, 0)
		elseif c == "," then
			emit(IN, 0)
		elseif source:find("^%[%-%]", i) then
			emit(CLEAR, 0)
			last = i + 2
		elseif c == "[" then
			emit(OPEN, 0)
			open[#open + 1] = n
		else
			local partner = table.remove(open) or error("']' without '['", 0)
			emit(CLOSE, partner)
			args[partner] = n
		end
		i = last + 1
	end
	if #open > 0 then
		error("'[' without ']'", 0)
	end
	return ops, args
end

-- Cells are bytes, growing to the right without end.  Reading past the end
-- of the input gives 0.  Returns the output and the number of operations.
local function run(ops, args, input)
	local cells, at = { 0 }, 1
	local out, read, steps = {}, 0, 0
	local pc, n = 1, #ops
	while pc <= n do
		local op = ops[pc]
		steps = steps + 1
		if op == ADD then
			cells[at] = (cells[at] + args[pc]) % 256
		elseif op == MOVE then
			at = at + args[pc]
			if at < 1 then
				error("moved left of the first cell", 0)
			end
			for k = #cells + 1, at do
				cells[k] = 0
			end
		elseif op == CLOSE then
			if cells[at] ~= 0 then
				pc = args[pc]
			end
		elseif op == OPEN then
			if cells[at] == 0 then
				pc = args[pc]
			end
		elseif op == CLEAR then
			cells[at] = 0
		elseif op == OUT then
			out[#out + 1] = string.char(cells[at])
		else
			read = read + 1
			cells[at] = input and input:byte(read) or 0
		end
		pc = pc + 1
	end
	return table.concat(out), steps
end

local greeting = [[
	8 rows of nine: H is 72		++++++++ [> +++++++++ <-] > .
	e is 29 more			+++++++++++++++++++++++++++++ .
	w is 18 more			++++++++++++++++++ .
	newline is 10 in a new cell	> ++++++++++ .
]]

local reverse = "> , [> ,] < [. <]"

-- A triangle of stars.  Cells: 0 rows left, 1 width, 2 and 3 copies of the
-- width, 4 the star, 5 the newline, 6 scratch.
local triangle = [[
	++++++++				eight rows
	>>>>>> ++++++ [<< +++++++ >> -]		six times seven is a star
	< ++++++++++ <<<<<			the newline
	[
		> +				one star more
		[> + > + << -]			copy the width twice
		>> [<< + >> -]			put one copy back
		< [>> . << -]			use up the other
		>>> . <<<<< -			end the row
	]
]]

-- Loops inside loops, size * size * size * 10 turns in all; the number of
-- turns, modulo 256, is the byte that is written.
local function counting(turns)
	local t = ("+"):rep(turns)
	return t .. "[>" .. t .. "[>" .. t .. "[> ++++++++++ [> + <-] <-] <-] <-] >>>> ."
end

local function show(name, source, input)
	local ops, args = translate(source)
	local output, steps = run(ops, args, input)
	print(("-- %s: %d operations, %d steps"):format(name, #ops, steps))
	return output
end

io.write(show("greeting", greeting))
print(show("reverse", reverse, "drawer no. 5"))
io.write(show("triangle", triangle))
print(("byte %d"):format(show("counting", counting(size)):byte()))
for _, broken in ipairs { "[[-]", "+]", "<" } do
	print(("-- %-5s %s"):format(broken, select(2, pcall(function()
		return run(translate(broken))
	end))))
end
