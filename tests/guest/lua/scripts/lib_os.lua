-- SPDX-License-Identifier: MIT
-- The os library. Passes under any Lua 5.4 on a POSIX system, in the C locale.
local function fails(msg, f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "no error; expected: " .. msg)
	assert(string.find(tostring(err), msg, 1, true), tostring(err) .. " / " .. msg)
end

assert(os.date("!%c", 0) == "Thu Jan  1 00:00:00 1970" and os.date("!%Y-%m-%d %H:%M:%S", 86399) == "1970-01-01 23:59:59")
assert(os.date("!%x %X %p %y %j %a %A %b %B %%", 0) == "01/01/70 00:00:00 AM 70 001 Thu Thursday Jan January %" and os.date("", 0) == "" and os.date("!%Ey %Od", 0) == "70 01")
local d = os.date("!*t", 3600 * 24 * 59 + 61)
assert(d.year == 1970 and d.month == 3 and d.day == 1 and d.hour == 0 and d.min == 1 and d.sec == 1 and d.wday == 1 and d.yday == 60 and d.isdst == false)
fails("bad argument #1 to 'os.date' (invalid conversion specifier '%Ez')", os.date, "%Ez") fails("invalid conversion specifier '%Q'", os.date, "%Q") fails("invalid conversion specifier '%'", os.date, "%")
fails("date result cannot be represented in this installation", os.date, "*t", 1 << 60) fails("number has no integer representation", os.date, "*t", 1.5)

local now = os.time()
assert(math.type(now) == "integer" and os.time(os.date("*t", now)) == now and math.abs(os.time() - now) < 5)
local t = { year = 2020, month = 14, day = -3 }
assert(math.type(os.time(t)) == "integer" and t.year == 2021 and t.month == 1 and t.day == 28 and t.hour == 12 and t.yday == 28 and t.wday == 5)
assert(os.time({ year = "2020", month = "01", day = 1.0 }) == os.time({ year = 2020, month = 1, day = 1, hour = 12 }))
assert(os.time({ year = 2000, month = 1, day = 2, hour = 0 }) - os.time({ year = 2000, month = 1, day = 1, hour = 0 }) == 86400)
fails("field 'year' missing in date table", os.time, {}) fails("field 'month' missing in date table", os.time, { year = 2020 }) fails("field 'day' missing", os.time, { year = 2020, month = 1 })
fails("field 'month' is not an integer", os.time, { year = 2020, month = "x", day = 1 }) fails("field 'month' is not an integer", os.time, { year = 2020, month = 1.5, day = 1 })
fails("field 'year' is out-of-bound", os.time, { year = 1 << 40, month = 1, day = 1 }) fails("table expected, got number", os.time, 3)
assert(os.difftime(5, 3) == 2.0) fails("number expected", os.difftime)
assert(os.clock() >= 0 and math.type(os.clock()) == "float")

local name = os.tmpname()
assert(io.open(name, "w")):close()
assert(os.rename(name, name .. "x") == true and os.remove(name .. "x") == true)
local r, msg, code = os.remove("/nonexistent/file") assert(r == nil and msg == "/nonexistent/file: No such file or directory" and code == 2)
r, msg, code = os.rename("/nonexistent/file", "/nonexistent/y") assert(r == nil and msg:find("No such file or directory", 1, true) and code == 2)
assert(os.getenv("PATH") and os.getenv("no_such_variable_here") == nil) fails("string expected", os.getenv)
local ok, what, n = os.execute("exit 3") assert(ok == nil and what == "exit" and n == 3)
ok, what, n = os.execute("true") assert(ok == true and what == "exit" and n == 0 and os.execute() == true)
ok, what, n = os.execute("kill -9 $$") assert(ok == nil and what == "signal" and n == 9)
assert(os.setlocale() == "C" and os.setlocale("C") == "C" and os.setlocale(nil, "numeric") == "C" and os.setlocale("no_such_locale") == nil)
fails("invalid option 'x'", os.setlocale, nil, "x") fails("number expected, got string", os.exit, "x")
print("ok")
