-- SPDX-License-Identifier: MIT
-- kind: general
--
-- errors.lua - what errors look like: messages that name the variable at
-- fault, error values of any type, handlers, tracebacks with line numbers.
--
-- Each function runs 5,000 times before it fails: with --jit-threshold=1000
-- it is compiled by then, and the messages, which come from compiled code,
-- must be the same.

local function attempt(what, f, ...)
	print(("%-24s %s"):format(what, select(2, pcall(f, ...))))
end

-- Runs f many times without an error.
local function warm_up(f, ...)
	for _ = 1, 5000 do
		f(...)
	end
end

print("-- messages name the variable")

local account = { owner = { name = "Ada" }, balance = 10 }

local function owner_name(a)
	return a.owner.name
end

local function deposit(a, sum)
	a.balance = a.balance + sum
	return a.balance
end

local function call_method(a)
	return a:audit()
end

local function call_global()
	return undefined_function(1)
end

local function compare(a, b)
	return a < b
end

local function join(a, b)
	return a .. b
end

local function index_upvalue()
	return account.history.first
end

warm_up(owner_name, account)
warm_up(deposit, account, 0)
warm_up(compare, 1, 2)
warm_up(join, "a", "b")
attempt("index a field", owner_name, {})
attempt("index an argument", owner_name, nil)
attempt("arithmetic on a field", deposit, {}, 1)
attempt("arithmetic on a local", deposit, { balance = 1 }, "one")
attempt("call a method", call_method, account)
attempt("call a global", call_global)
attempt("compare", compare, 1, "2")
attempt("compare two tables", compare, {}, {})
attempt("concatenate", join, "a", {})
attempt("index through an upvalue", index_upvalue)
attempt("divide by zero", function(a, b) return a // b end, 1, 0)
attempt("modulo by zero", function(a, b) return a % b end, 1, 0)
attempt("float without integer", function(a) return a | 1 end, 1.5)
attempt("loop without a step", function(s) for _ = 1, 2, s do end end, 0)
attempt("argument of a function", function() return ("x"):rep({}) end)
attempt("table index is nil", function(k) account[k] = 1 end, nil)

print("-- error values may be anything")
attempt("a string, with position", function() error("went wrong") end)
attempt("a string, without", function() error("went wrong", 0) end)
attempt("a number", function() error(42) end)
attempt("a table", function()
	error(setmetatable({ code = 7 }, { __tostring = function(e) return "code " .. e.code end }))
end)
attempt("nothing", function() error() end)
attempt("the caller is to blame", function()
	local function need_number(v)
		if type(v) ~= "number" then
			error("number needed", 2)
		end
		return v
	end
	local v = need_number("x")
	return v
end)

print("-- cleaning up on the way out")
do
	local function resource(name)
		return setmetatable({}, { __close = function(_, e)
			print("closing " .. name .. (e and " because of an error" or ""))
		end })
	end
	print(pcall(function()
		local first <close> = resource("first")
		local second <close> = resource("second")
		error("stop", 0)
	end))
end

print("-- a traceback from the place of the error")
local function innermost(depth)
	local bad
	return bad[depth]
end

local function middle(depth)
	if depth == 0 then
		local v = innermost(depth)
		return v
	end
	local v = middle(depth - 1)
	return v
end

local ok, text = xpcall(middle, debug.traceback, 3)
print(ok)
print(text)

print("-- running out of stack is an error, too")
local function forever(n)
	return 1 + forever(n + 1)
end
local fine, why = pcall(forever, 1)
print(fine, why:match("stack overflow"))
