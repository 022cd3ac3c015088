-- SPDX-License-Identifier: MIT
--
-- Classes by __index: methods, overriding, super calls, class fields,
-- multiple levels, changing a class while objects are alive.

local Animal = {}
Animal.__index = Animal
Animal.legs = 4
function Animal.new(class, name)
	return setmetatable({ name = name }, class)
end
function Animal:speak() return self.name .. " says " .. self:sound() end
function Animal:sound() return "nothing" end
function Animal:describe(...) return ("%s has %d legs"):format(self.name, self.legs), ... end

local function extend(parent)
	local class = {}
	class.__index = class
	return setmetatable(class, { __index = parent })
end

local Dog = extend(Animal)
function Dog:sound() return "woof" end
local Puppy = extend(Dog)
function Puppy:sound() return Dog.sound(self):upper() .. "!" end
local Bird = extend(Animal)
Bird.legs = 2
function Bird:describe(...)
	local text, extra = Animal.describe(self, ...)
	return text .. " and two wings", extra
end

local list = { Animal:new("a"), Dog:new("d"), Puppy:new("p"), Bird:new("b") }
local said = {}
for i = 1, 200 do
	said[i] = list[i % #list + 1]:speak()
end
assert(said[4] == "a says nothing" and said[1] == "d says woof")
assert(said[2] == "p says WOOF!" and said[199] == "b says nothing")
assert(list[3]:describe() == "p has 4 legs")
local text, extra = list[4]:describe("x")
assert(text == "b has 2 legs and two wings" and extra == "x")

-- an object's own field hides the class's
list[1].legs = 3
assert(list[1]:describe() == "a has 3 legs" and Animal.legs == 4)
list[1].sound = function() return "own" end
assert(list[1]:speak() == "a says own")
list[1].sound = nil
assert(list[1]:speak() == "a says nothing")

-- changing a class in the middle changes all its objects at once
local function all()
	local out = {}
	for i, v in ipairs(list) do out[i] = v:sound() end
	return table.concat(out, ",")
end
for _ = 1, 100 do assert(all() == "nothing,woof,WOOF!,nothing") end
function Animal:sound() return "hm" end
for _ = 1, 100 do assert(all() == "hm,woof,WOOF!,hm") end
Dog.sound = nil
Puppy.sound = nil
assert(all() == "hm,hm,hm,hm")
function Dog:sound() return "grr" end
assert(all() == "hm,grr,grr,hm")

-- changing the class of an object
setmetatable(list[4], Puppy)
assert(all() == "hm,grr,grr,grr" and list[4].legs == 4)

-- method names built at run time, methods as values
local name = "so" .. "und"
assert(list[2][name](list[2]) == "grr")
local bound = list[2].sound
assert(bound(list[1]) == "grr")

-- self is evaluated once
local evaluated = 0
local function get() evaluated = evaluated + 1 return list[2] end
get():speak()
assert(evaluated == 1)

-- a class with operators inherits none of them by __index
local Num = { __add = function(a, b) return a.v + b.v end }
Num.__index = Num
local Sub = setmetatable({}, { __index = Num })
Sub.__index = Sub
local s1 = setmetatable({ v = 1 }, Sub)
assert(not pcall(function() return s1 + s1 end))
Sub.__add = Num.__add
assert(s1 + s1 == 2)
print("ok")
