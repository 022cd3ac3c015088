-- SPDX-License-Identifier: MIT
-- RUN: %hew lua --dump=bytecode %s | FileCheck %s
-- Keys: short strings and small integers stand in the instruction. A constructor keeps its table below what it stores.

local u = {}
-- CHECK-LABEL: function f0
-- CHECK: upvalue 0 u = local 0
local function access(t, i)
	local x = t.a
	-- CHECK-NEXT: getfield s2 l0(t) "a"
	x = t[1]
	-- CHECK-NEXT: getindexi l2(x) l0(t) 1
	x = t[-32768]
	-- CHECK-NEXT: getindexi l2(x) l0(t) -32768
	x = t[32768]
	-- CHECK-NEXT: loadi s3 32768
	-- CHECK-NEXT: getindex l2(x) l0(t) s3
	x = t.a.b[i]
	-- CHECK-NEXT: getfield s3 l0(t) "a"
	-- CHECK-NEXT: getfield s3 s3 "b"
	-- CHECK-NEXT: getindex l2(x) s3 l1(i)
	t.a.b = i
	-- CHECK-NEXT: getfield s3 l0(t) "a"
	-- CHECK-NEXT: setfield s3 l1(i) "b"
	u.x = u.y
	-- CHECK-NEXT: gettabup s3 u0(u) "y"
	-- CHECK-NEXT: settabup s3 u0(u) "x"
	x = { i, x = t, [i] = 2, 3 }
	-- CHECK-NEXT: newtable s3 2 2
	-- CHECK-NEXT: mov s4 l1(i)
	-- CHECK-NEXT: setfield s3 l0(t) "x"
	-- CHECK-NEXT: loadi s5 2
	-- CHECK-NEXT: setindex s3 l1(i) s5
	-- CHECK-NEXT: loadi s5 3
	-- CHECK-NEXT: setlist s3 2 0
	-- CHECK-NEXT: mov l2(x) s3
	x = t["a string of more than forty characters is no field"]
	-- CHECK-NEXT: loadk s3
	-- CHECK-NEXT: getindex l2(x) l0(t) s3
	return x
	-- CHECK-NEXT: return1 l2(x)
end

-- CHECK-LABEL: function f1
local function open(...)
	return { 1, ... }
	-- CHECK-NEXT: varargprep 0
	-- CHECK-NEXT: newtable s0 1 0
	-- CHECK-NEXT: loadi s1 1
	-- CHECK-NEXT: vararg s2 open
	-- CHECK-NEXT: setlist s0 open 0
	-- CHECK-NEXT: return1 s0
end
