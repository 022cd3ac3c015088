-- SPDX-License-Identifier: MIT
--
-- Arithmetic edges inside hot loops: integer overflow, division by zero
-- and by -1, shifts by every count, NaN, signed zeros, 2^53 and beyond,
-- loop bounds at the ends of the integers.

local max, min = math.maxinteger, math.mininteger
local H = 2000
local function eq(a, b)
	if a ~= b or math.type(a) ~= math.type(b) then error(tostring(a) .. " is not " .. tostring(b), 2) end
end

-- overflow wraps, in the middle of the loop
local function climb(start, step) local x = start for _ = 1, H do x = x + step end return x end
eq(climb(max - 1000, 1), min + 999)
eq(climb(min + 1000, -1), max - 999)
eq(climb(0, max), -H)
eq(climb(0, 1 << 53), H << 53)
eq(climb(0, 1 << 62), 0)
local function power(b) local x = 1 for _ = 1, H do x = x * b end return x end
eq(power(2), 0)
eq(power(3), -5722699974397887935)
eq(power(-1), 1)
local function power_model(b) local x = 1 for i = H, 1, -1 do x = b * x end return x end
for _, b in ipairs { 3, 5, -7, 0x123456789, max, min + 1 } do eq(power(b), power_model(b)) end
local x = min
for _ = 1, H do x = -x end
eq(x, min)
for _ = 1, H do x = x - 1 x = x + 1 end
eq(x, min)

-- fibonacci modulo 2^64, factorial, linear congruential generator
local a, b = 0, 1
for _ = 1, H do a, b = b, a + b end
eq(a, -6817091959060941595)
local r = 1
for _ = 1, H do r = r * 6364136223846793005 + 1442695040888963407 end
eq(r, 5352057029478983249)
local h = 5381
for i = 1, H do h = (h << 5) + h ~ i end
eq(h, 22376276029897429)

-- division: the divisor reaches 0 or -1 in the loop
local function divisions(from)
	local q, m = 0, 0
	for k = from, -from, -1 do
		if k ~= 0 then
			q = q + min // k
			m = m + min % k
		end
	end
	return q, m
end
local q1, m1 = divisions(1000)
local q2, m2 = 0, 0
for k = -1000, 1000 do if k ~= 0 then q2 = q2 + min // k m2 = m2 + min % k end end
eq(q1, q2)
eq(m1, m2)
local function until_zero(n) local s = 0 for k = n, 0, -1 do s = s + 1000 // k end return s end
local ok, e = pcall(until_zero, H)
assert(not ok and e:find("attempt to divide by zero", 1, true))
ok, e = pcall(function() local s = 0 for k = H, 0, -1 do s = s + 7 % k end end)
assert(not ok and e:find("attempt to perform 'n%0'", 1, true), e)
local s = 0
for k = H, 0, -1 do s = s + 1.0 // k end
eq(s, math.huge)
local nans = 0
for k = -H, H do local v = 0.0 / k if v ~= v then nans = nans + 1 end end
eq(nans, 1)
local caught = 0
for k = -50, 50 do
	for j = -2, 2 do
		local fine, v = pcall(function() return k // j, k % j end)
		if not fine then caught = caught + 1 else assert(v * j + k % j == k) end
	end
end
eq(caught, 101)

-- shifts by a count that runs over everything
local acc = 0
for k = -130, 130 do acc = acc + (1 << k) + (-1 >> k) end
local model = 0
for k = 0, 63 do model = model + (1 << k) end			-- 1 << k, the rest are 0
for k = 0, 63 do model = model + (k == 0 and -1 or (max >> (k - 1))) end	-- -1 >> k
for k = 1, 63 do model = model - (1 << k) end			-- -1 >> -k is -1 << k
eq(acc, model)

-- NaN in comparisons of a hot loop
local values = { 1.0, 0 / 0, -1.0, math.huge, -math.huge, 0.0, -0.0 }
local lt, le, ge, ne = 0, 0, 0, 0
for i = 0, H - 1 do
	local v = values[i % 7 + 1]
	if v < 0.5 then lt = lt + 1 end
	if v <= 0.0 then le = le + 1 end
	if not (v < 0.5) then ge = ge + 1 end
	if v ~= v then ne = ne + 1 end
end
eq(lt + ge, H)
eq(lt, 1142)
eq(le, 1142)
eq(ne, 286)

-- signed zeros: speculation on integers must not lose them
local function scale(v, by) local z = v for _ = 1, H do z = z * by end return z end
eq(scale(0, -1), 0)
assert(1 / scale(0.0, -1.0) == math.huge and 1 / scale(-0.0, 1.0) == -math.huge and 1 / scale(-0.0, 1) == -math.huge)
local negatives = 0
for i = 1, H do
	local z = (i % 2 == 0 and 0.0 or -0.0) * 1
	if 1 / z < 0 then negatives = negatives + 1 end
end
eq(negatives, H // 2)
local zero = -0.0
for _ = 1, H do zero = zero + 0 end
assert(1 / zero == math.huge)
zero = -0.0
local nothing = 0
for _ = 1, H do zero = zero - nothing end
assert(1 / zero == -math.huge)

-- integers beyond 2^53 against floats
local equal, less = 0, 0
for k = (1 << 53) - 1000, (1 << 53) + 999 do
	if k == k + 0.0 then equal = equal + 1 end
	if k < 2.0 ^ 53 then less = less + 1 end
end
eq(equal, 1500)
eq(less, 1000)
local f = 2.0 ^ 53
for _ = 1, H do f = f + 1 end
eq(f, 2.0 ^ 53)

-- loops at the ends of the integers
local n = 0
for k = max - H, max do n = n + 1 end
for k = min + H, min, -1 do n = n + 1 end
eq(n, 2 * H + 2)
n = 0
for k = 1.0, H do n = n + k end
eq(n, H * (H + 1) / 2)
n = 0
for k = max - 10, max, 3 do n = n + 1 end
for k = min, max, max // 1000 do n = n + 1 end
eq(n, 4 + 2001)

-- float to integer conversions in the loop
n = 0
for i = 1, H do
	local v = i + 0.0
	n = n + (v | 0) + v // 1 + math.floor(i / 2)
end
eq(n, 2.0 * (H * (H + 1) // 2) + (H // 2) ^ 2)
print("ok")
