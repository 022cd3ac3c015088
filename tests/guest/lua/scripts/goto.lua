-- SPDX-License-Identifier: MIT
--
-- goto and labels: continue, nested breaks, back jumps, fresh locals,
-- labels that end a block, closures made before a jump.

-- continue
local s = {}
for i = 1, 10 do
	if i % 3 ~= 0 then goto continue end
	s[#s + 1] = i
	::continue::
end
assert(table.concat(s, ",") == "3,6,9")

-- out of three loops at once
local where
for i = 1, 10 do
	for j = 1, 10 do
		local k = 0
		while true do
			k = k + 1
			if i * j * k == 120 then
				where = i .. ":" .. j .. ":" .. k
				goto found
			end
			if k > 20 then break end
		end
	end
end
::found::
assert(where == "1:6:20")

-- a loop made of goto, with a local in its body
do
	local n, total = 0, 0
	::top::
	local doubled = n * 2
	total = total + doubled
	n = n + 1
	if n <= 10 then goto top end
	assert(total == 110)
end

-- a backward jump leaves the scope: each turn has its own variable
do
	local fs, i = {}, 0
	::again::
	do
		local mine = i
		fs[#fs + 1] = function() mine = mine + 1 return mine end
		i = i + 1
		if i < 5 then goto again end
	end
	for k, f in ipairs(fs) do
		assert(f() == k and f() == k + 1)
	end
end

-- a label at the end of a block may be jumped to over local declarations
do
	local hits = 0
	for i = 1, 3 do
		if i == 2 then goto skip end
		local x = i
		hits = hits + x
		::skip::
	end
	assert(hits == 4)
end
do
	goto last
	local unused
	::last:: ;;
end

-- the same label name in different functions and nested blocks
local function nested(n)
	local out = ""
	do
		if n > 0 then goto l end
		out = out .. "a"
		::l::
		out = out .. "b"
	end
	do
		if n > 1 then goto l end
		out = out .. "c"
		::l::
		out = out .. "d"
	end
	return out
end
assert(nested(0) == "abcd" and nested(1) == "bcd" and nested(2) == "bd")

-- a little state machine
local function accepts(text)			-- (ab)*c
	local i = 1
	::start::
	local c = text:sub(i, i)
	i = i + 1
	if c == "a" then goto want_b end
	if c == "c" then goto want_end end
	do return false end
	::want_b::
	c = text:sub(i, i)
	i = i + 1
	if c == "b" then goto start end
	do return false end
	::want_end::
	return i == #text + 1
end
assert(accepts("c") and accepts("ababc") and not accepts("abac") and not accepts("ab") and not accepts("cc"))

-- repeat-until sees the body's locals
do
	local n = 0
	repeat
		local done = n >= 5
		n = n + 1
	until done
	assert(n == 6)
end

-- goto continue in a repeat whose condition uses no body local
do
	local n, odd = 0, 0
	repeat
		n = n + 1
		if n % 2 == 0 then goto continue end
		odd = odd + 1
		::continue::
	until n == 9
	assert(odd == 5)
end
print("ok")
