-- SPDX-License-Identifier: MIT
-- RUN: %hew lua --dump=bytecode %s | FileCheck %s
-- Calls: function, info slot, arguments; results in their place; a returned call is a tail call unless something must be closed.

-- CHECK-LABEL: function f0
local function call(f, o)
	local a, b = f(1, o)
	-- CHECK-NEXT: mov s2 l0(f)
	-- CHECK-NEXT: loadi s4 1
	-- CHECK-NEXT: mov s5 l1(o)
	-- CHECK-NEXT: call s2 2 2
	-- CHECK-NEXT: cache
	o:m(f(), f())
	-- CHECK-NEXT: self s4 l1(o) "m"
	-- CHECK-NEXT: mov s7 l0(f)
	-- CHECK-NEXT: call s7 0 1
	-- CHECK-NEXT: cache
	-- CHECK-NEXT: mov s8 l0(f)
	-- CHECK-NEXT: call s8 0 open
	-- CHECK-NEXT: cache
	-- CHECK-NEXT: call s4 open 0
	-- CHECK-NEXT: cache
	if a then return a, b end
	-- CHECK-NEXT: jf l2(a)
	-- CHECK-NEXT: return l2(a) 2
	if b then return (f(a)) end
	-- CHECK-NEXT: jf l3(b)
	-- CHECK-NEXT: mov s4 l0(f)
	-- CHECK-NEXT: mov s6 l2(a)
	-- CHECK-NEXT: call s4 1 1
	-- CHECK-NEXT: cache
	-- CHECK-NEXT: return1 s4
	return o.x:m(a)
	-- CHECK-NEXT: getfield s4 l1(o) "x"
	-- CHECK-NEXT: self s4 s4 "m"
	-- CHECK-NEXT: mov s7 l2(a)
	-- CHECK-NEXT: tailcall s4 2
end
