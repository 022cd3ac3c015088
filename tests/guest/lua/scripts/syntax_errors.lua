-- SPDX-License-Identifier: MIT
--
-- What the compiler says about programs that are not Lua.

local function bad(source, want)
	local chunk, message = load(source, "=x")
	if chunk or message ~= want then
		error(("%s\n  got  %s\n  want %s"):format(source, message, want), 2)
	end
end

bad("x =", "x:1: unexpected symbol near <eof>")
bad("x = = 1", "x:1: unexpected symbol near '='")
bad("x", "x:1: syntax error near <eof>")
bad("x.y", "x:1: syntax error near <eof>")
bad("f() = 1", "x:1: syntax error near '='")
bad("x + 1", "x:1: syntax error near '+'")
bad("if x", "x:1: 'then' expected near <eof>")
bad("if x then", "x:1: 'end' expected near <eof>")
bad("if x then\n\n", "x:3: 'end' expected (to close 'if' at line 1) near <eof>")
bad("while true do\nbreak\n", "x:3: 'end' expected (to close 'while' at line 1) near <eof>")
bad("function f(\n", "x:2: <name> or '...' expected near <eof>")
bad("function f(a,) end", "x:1: <name> or '...' expected near ')'")
bad("function f(..., a) end", "x:1: ')' expected near ','")
bad("f(1, 2", "x:1: ')' expected near <eof>")
bad("f(1,\n2\n", "x:3: ')' expected (to close '(' at line 1) near <eof>")
bad("t = {1, 2", "x:1: '}' expected near <eof>")
bad("t = {a = }", "x:1: unexpected symbol near '}'")
bad("t = {[1] 2}", "x:1: '=' expected near '2'")
bad("for i do end", "x:1: '=' or 'in' expected near 'do'")
bad("for i = 1 do end", "x:1: ',' expected near 'do'")
bad("for 1 = 1, 2 do end", "x:1: <name> expected near '1'")
bad("repeat x = 1", "x:1: 'until' expected near <eof>")
bad("local function 1() end", "x:1: <name> expected near '1'")
bad("local x <foo> = 1", "x:1: unknown attribute 'foo'")
bad("local x <const> = 1; x = 2", "x:1: attempt to assign to const variable 'x'")
bad("local x <close> = nil; x = 2", "x:1: attempt to assign to const variable 'x'")
bad("local x <const> = 1; local function f() x = 2 end",
	"x:1: attempt to assign to const variable 'x'")
bad("local a <close>, b <close> = 1, 2", "x:1: multiple to-be-closed variables in local list")
bad("return 1 return 2", "x:1: <eof> expected near 'return'")
bad("return 1,", "x:1: unexpected symbol near <eof>")
bad("end", "x:1: <eof> expected near 'end'")
bad("x = }", "x:1: unexpected symbol near '}'")
bad("x = function() return end end", "x:1: <eof> expected near 'end'")
bad("break", "x:1: break outside loop at line 1")
bad("function f() break end", "x:1: break outside loop at line 1")
bad("goto nowhere", "x:1: no visible label 'nowhere' for <goto> at line 1")
bad("do ::a:: end goto a", "x:1: no visible label 'a' for <goto> at line 1")
bad("::a:: ::a::", "x:1: label 'a' already defined on line 1")
bad("do goto l; local x; ::l:: f(x) end", "x:1: <goto l> at line 1 jumps into the scope of local 'x'")
bad("function f() return ... end", "x:1: cannot use '...' outside a vararg function near '...'")
bad("x = a.1", "x:1: unexpected symbol near '.1'")
bad("a:b = 1", "x:1: function arguments expected near '='")
bad("local a.b = 1", "x:1: unexpected symbol near '.'")
bad("x = 'a' 'b'", "x:1: unexpected symbol near ''b''")
bad("and = 1", "x:1: unexpected symbol near 'and'")
bad("x = nil.y", "x:1: unexpected symbol near '.'")

-- line numbers of what is reported
bad("x = 1\ny = 2\nz = +", "x:3: unexpected symbol near '+'")
bad("\n\n\n  )", "x:4: unexpected symbol near ')'")

-- chunk names in messages
local function name(chunkname)
	return (select(2, load("=", chunkname)))
end
assert(name("=short") == "short:1: unexpected symbol near '='")
assert(name("@file.lua") == "file.lua:1: unexpected symbol near '='")
assert(name("one line") == "[string \"one line\"]:1: unexpected symbol near '='")
assert(name("two\nlines") == "[string \"two...\"]:1: unexpected symbol near '='")
assert(name("@" .. ("d/"):rep(40) .. "f.lua"):find("^%.%.%.[d/]+f%.lua:1: "))
assert(#name(("x"):rep(100)):match("^(.-):1:") == 59)
print("ok")
