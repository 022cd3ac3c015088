-- SPDX-License-Identifier: MIT
-- RUN: %hew lua --jit-threshold=5 %s 2>&1 | FileCheck %s
-- RUN: %hew lua --jit=off %s 2>&1 | FileCheck %s
-- E5.2: compiled code that has recursed deep goes on in the interpreter and comes back: results, several of them, varargs, methods, metamethods,
-- loops, errors, yields and open upvalues are the same on both sides of the border.
local function sum(n) if n == 0 then return 0 end return n + sum(n - 1) end
for _ = 1, 20 do sum(20) end
-- CHECK: 11250075000
print(sum(150000))

local function two(n) if n == 0 then return 1, "x", nil, 4 end local a, b, c, d = two(n - 1) return a + 1, b, c, d end
-- CHECK-NEXT: 100001 x nil 4
print((table.concat({ tostring((two(100000))), select(2, two(100000)) }, " ", 1, 2)) .. " " .. tostring(select(3, two(9))) .. " " .. select(4, two(100000)))

local function va(n, ...) if n == 0 then return select("#", ...), ... end return va(n - 1, ...) + 0 end
-- CHECK-NEXT: 3
print((va(30000, 1, nil, 3)))

local function loop(n)
	local s = 0
	for i = 1, 2 do if n > 0 and i == 2 then s = s + loop(n - 1) end s = s + 1 end
	return s
end
-- CHECK-NEXT: 80002
print(loop(40000))

local object = { depth = 0 }
function object:go(n) self.depth = self.depth + 1 if n > 0 then return (self:go(n - 1)) end return self.depth end
-- CHECK-NEXT: 60001
print(object:go(60000))

local function fails(n) if n == 0 then error("at the bottom") end local r = fails(n - 1) return r end
-- CHECK-NEXT: false {{.*}}jit_deep.lua:[[@LINE-1]]: at the bottom
print(pcall(fails, 100000))
-- CHECK-NEXT: true 5000050000
print(pcall(sum, 100000))

local boxes = {}
local function opens(n) local x = n boxes[#boxes + 1] = function() x = x + 1 return x end if n > 0 then opens(n - 1) end x = x * 2 return x end
-- CHECK-NEXT: 60000 60001 0 1
print(opens(30000), boxes[1](), boxes[30001]() - 1, boxes[30001]() - 1)

local function yields(n) if n % 9999 == 0 then coroutine.yield(n) end if n == 0 then return "end" end local r = yields(n - 1) return r end
-- CHECK-NEXT: 29997 19998 9999 0 end
local co = coroutine.wrap(yields)
print(co(29999), co(), co(), co(), co())
-- CHECK-NEXT: false {{.*}}stack overflow
print(pcall(sum, 1e9))
-- CHECK-NEXT: 11250075000
print(sum(150000))
