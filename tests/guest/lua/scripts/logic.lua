-- SPDX-License-Identifier: MIT
--
-- and, or, not: values and conditions, short circuits, all mixtures.

local function T() return true end
local calls = 0
local function hit(v) calls = calls + 1 return v end

assert((nil and 1) == nil and (false and 1) == false and (1 and 2) == 2)
assert((nil or 1) == 1 and (false or nil) == nil and (nil or false) == false and (1 or 2) == 1)
assert((0 and "zero") == "zero" and ("" and "empty") == "empty")
assert(not nil == true and not 0 == false and not "" == false)
assert((1 and nil or 3) == 3 and (nil and 1 or 2) == 2 and (false or false or 7) == 7)
assert((1 or error()) == 1 and (nil and error()) == nil)
assert(not (1 == 2) and not not 1 == true)
assert((1 < 2) == true and (2 < 1) == false and (1 < 2 and 3 or 4) == 3)

calls = 0
local _ = hit(nil) and hit(1) and hit(2)
assert(calls == 1)
_ = hit(1) or hit(2)
assert(calls == 2)
_ = (hit(1) and hit(nil)) or hit(3)
assert(calls == 5)

-- every formula of depth two over three values, against a slow model
local values = { false, 0, "x" }
values[0] = nil
local function model_and(a, b) if a then return b else return a end end
local function model_or(a, b) if a then return a else return b end end
local function taken(v) if v then return true else return false end end
for i = 0, 3 do for j = 0, 3 do for k = 0, 3 do
	local a, b, c = values[i], values[j], values[k]
	assert((a and b and c) == model_and(model_and(a, b), c))
	assert((a or b or c) == model_or(model_or(a, b), c))
	assert((a and b or c) == model_or(model_and(a, b), c))
	assert((a or b and c) == model_or(a, model_and(b, c)))
	assert(((a or b) and c) == model_and(model_or(a, b), c))
	assert((a and (b or c)) == model_and(a, model_or(b, c)))
	assert((not a and b) == model_and(not a, b))
	assert((not (a and b) or c) == model_or(not model_and(a, b), c))
	-- the same as conditions
	local r = 0
	if a and b then r = r + 1 end
	if a or b then r = r + 2 end
	if not a and b or c then r = r + 4 end
	if not (a or not b) then r = r + 8 end
	if (a or b) and not c then r = r + 16 end
	local w = (taken(model_and(a, b)) and 1 or 0) + (taken(model_or(a, b)) and 2 or 0)
		+ (taken(model_or(model_and(not a, b), c)) and 4 or 0)
		+ (taken(not model_or(a, not b)) and 8 or 0)
		+ (taken(model_and(model_or(a, b), not c)) and 16 or 0)
	assert(r == w)
	local n = 0
	while a and b do n = n + 1 if n == 2 then break end end
	assert(n == (taken(model_and(a, b)) and 2 or 0))
	n = 0
	repeat n = n + 1 until a or b or n == 2
	assert(n == (taken(model_or(a, b)) and 1 or 2))
end end end

-- comparisons inside logic, as values
local function cmp(x, y) return x < y and "lt" or x == y and "eq" or x > y and "gt" or "none" end
assert(cmp(1, 2) == "lt" and cmp(2, 2.0) == "eq" and cmp(3, 2) == "gt" and cmp(0 / 0, 1) == "none")
local function between(x, lo, hi) return lo <= x and x <= hi end
assert(between(1, 1, 1) == true and between(0, 1, 2) == false)
local function bools(x) return x == nil, x ~= nil, not x, not not x end
local p, q, r, s = bools(nil)
assert(p == true and q == false and r == true and s == false)
p, q, r, s = bools(false)
assert(p == false and q == true and r == true and s == false)

-- results of calls inside logic are cut to one
local function many() return 1, 2, 3 end
assert(select("#", (many() and many())) == 1)
assert(select("#", many() and many()) == 1)
assert(#{ T() and many(), nil or many() } == 2)

-- constants
assert((true and true) == true and (true and nil) == nil and (nil or nil) == nil)
if nil then error("nil is true") end
if not 0 then error("0 is false") end
while false do error("false is true") end
assert((nil == false) == false and (1 == 1) == true)
print("ok")
