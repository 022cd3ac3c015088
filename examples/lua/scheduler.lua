-- SPDX-License-Identifier: MIT
-- kind: general
--
-- scheduler.lua [TICKS] - a small operating system, simulated with objects.
--
-- Tasks of four kinds (sources make orders, workers change them, clerks
-- file them, a clock wakes sleepers) pass messages through bounded boxes
-- under a scheduler with priorities.  Everything is a method call on an
-- object whose class is found through one or two __index links; which
-- method runs depends on the task at hand.  Prints what was done, and a
-- checksum over every message that reached a clerk.

local ticks = tonumber(arg and arg[1]) or 2500000

-- class(parent) makes a class; calling the class makes an object and runs
-- its init method.
local function class(parent)
	local c = {}
	c.__index = c
	return setmetatable(c, {
		__index = parent,
		__call = function(self, ...)
			local object = setmetatable({}, self)
			object:init(...)
			return object
		end,
	})
end

------------------------------------------------------------------ boxes --
-- A bounded queue of messages kept in a ring.

local Box = class()

function Box:init(size)
	self.size, self.first, self.count = size, 1, 0
	self.readers, self.writers = {}, {}	-- tasks that wait
	for i = 1, size do
		self[i] = false
	end
end

function Box:put(message)
	if self.count == self.size then
		return false
	end
	local at = self.first + self.count
	if at > self.size then
		at = at - self.size
	end
	self[at] = message
	self.count = self.count + 1
	return true
end

function Box:take()
	if self.count == 0 then
		return nil
	end
	local message = self[self.first]
	self[self.first] = false
	self.first = self.first % self.size + 1
	self.count = self.count - 1
	return message
end

-------------------------------------------------------------- scheduler --
-- One queue per priority; the first task of the best non-empty queue runs.

local Scheduler = class()

function Scheduler:init(priorities)
	self.queues, self.heads, self.tails = {}, {}, {}
	for p = 1, priorities do
		self.queues[p], self.heads[p], self.tails[p] = {}, 1, 0
	end
	self.switches, self.time = 0, 0
	self.idle = 0
end

function Scheduler:ready(task)
	local p = task.priority
	local tail = self.tails[p] + 1
	self.queues[p][tail] = task
	self.tails[p] = tail
	task.state = "ready"
end

function Scheduler:next()
	for p = 1, #self.queues do
		local head = self.heads[p]
		if head <= self.tails[p] then
			local queue = self.queues[p]
			local task = queue[head]
			queue[head] = nil
			if head == self.tails[p] then
				self.heads[p], self.tails[p] = 1, 0
			else
				self.heads[p] = head + 1
			end
			return task
		end
	end
	return nil
end

-- Puts everybody who waits in the list back to work.
function Scheduler:wake(list)
	for i = 1, #list do
		self:ready(list[i])
		list[i] = nil
	end
end

function Scheduler:run(limit)
	while self.time < limit do
		self.time = self.time + 1
		local task = self:next()
		if task then
			self.switches = self.switches + 1
			task.state = "running"
			task.turns = task.turns + 1
			task:step(self)
		else
			self.idle = self.idle + 1
		end
	end
end

------------------------------------------------------------------ tasks --

local Task = class()

function Task:init(name, priority)
	self.name, self.priority = name, priority
	self.turns, self.state = 0, "new"
end

function Task:wait(list)
	self.state = "waiting"
	list[#list + 1] = self
end

-- Sends or goes to sleep; true when the message went out.
function Task:send(scheduler, box, message)
	if box:put(message) then
		scheduler:wake(box.readers)
		return true
	end
	self:wait(box.writers)
	return false
end

function Task:receive(scheduler, box)
	local message = box:take()
	if message then
		scheduler:wake(box.writers)
	else
		self:wait(box.readers)
	end
	return message
end

function Task:report()
	return ("%-8s %-8s %8d turns"):format(self.name, self.state, self.turns)
end

-- A Source makes numbered orders.
local Source = class(Task)

function Source:init(name, priority, box, seed)
	Task.init(self, name, priority)
	self.box, self.seed, self.made = box, seed, 0
end

function Source:step(scheduler)
	local order = self.pending
	if not order then
		self.seed = (self.seed * 16807) % 2147483647
		self.made = self.made + 1
		order = { from = self, number = self.made, value = self.seed % 1000, stops = 0 }
	end
	if self:send(scheduler, self.box, order) then
		self.pending = nil
		scheduler:ready(self)
	else
		self.pending = order
	end
end

function Source:report()
	return Task.report(self) .. ("  made %d"):format(self.made)
end

-- A Worker takes an order, changes it in its own way, and hands it on.
local Worker = class(Task)

function Worker:init(name, priority, from, to)
	Task.init(self, name, priority)
	self.from, self.to, self.done = from, to, 0
end

function Worker:step(scheduler)
	local order = self.holding or self:receive(scheduler, self.from)
	if not order then
		return
	end
	if not self.holding then
		order.value = self:change(order.value)
		order.stops = order.stops + 1
		self.done = self.done + 1
	end
	if self:send(scheduler, self.to, order) then
		self.holding = nil
		scheduler:ready(self)
	else
		self.holding = order
	end
end

function Worker:change(value)
	return value
end

function Worker:report()
	return Task.report(self) .. ("  done %d"):format(self.done)
end

local Doubler = class(Worker)
function Doubler:change(value)
	return value * 2
end

local Mixer = class(Worker)
function Mixer:change(value)
	return (value * 7 + 341) % 1024
end

local Counter = class(Worker)
function Counter:change(value)
	return Worker.change(self, value) + self.done % 7
end

-- A Clerk files what arrives and sleeps on the clock after every tenth.
local Clerk = class(Task)

function Clerk:init(name, priority, box, clock)
	Task.init(self, name, priority)
	self.box, self.clock = box, clock
	self.filed, self.sum = 0, 0
end

function Clerk:step(scheduler)
	local order = self:receive(scheduler, self.box)
	if not order then
		return
	end
	self.filed = self.filed + 1
	self.sum = (self.sum * 31 + order.value * order.stops + order.number) % 1000003
	if self.filed % 10 == 0 then
		self:wait(self.clock.sleepers)
	else
		scheduler:ready(self)
	end
end

function Clerk:report()
	return Task.report(self) .. ("  filed %d, checksum %d"):format(self.filed, self.sum)
end

-- The Clock wakes its sleepers every so many of its turns.
local Clock = class(Task)

function Clock:init(name, priority, period)
	Task.init(self, name, priority)
	self.period, self.sleepers = period, {}
end

function Clock:step(scheduler)
	if self.turns % self.period == 0 then
		scheduler:wake(self.sleepers)
	end
	scheduler:ready(self)
end

------------------------------------------------------------------ a run --

local orders, changed, finished = Box(8), Box(5), Box(6)
local clock = Clock("clock", 3, 3)
local tasks = {
	Source("north", 3, orders, 11), Source("south", 3, orders, 97),
	Doubler("doubler", 2, orders, changed), Mixer("mixer", 2, orders, changed),
	Counter("counter", 2, changed, finished), Counter("second", 2, changed, finished),
	Clerk("anna", 1, finished, clock), Clerk("bert", 1, finished, clock), clock,
}

local scheduler = Scheduler(3)
for _, task in ipairs(tasks) do
	scheduler:ready(task)
end
scheduler:run(ticks)

for _, task in ipairs(tasks) do
	print(task:report())
end
print(("%d ticks, %d switches, %d idle"):format(
	scheduler.time, scheduler.switches, scheduler.idle))
