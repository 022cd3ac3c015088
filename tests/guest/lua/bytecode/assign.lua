-- SPDX-License-Identifier: MIT
-- RUN: %hew lua --dump=bytecode %s | FileCheck %s
-- Multiple assignment: targets first, then values, stored from the last to the first; what a store would spoil is copied.

-- CHECK-LABEL: function f0
local function assign(a, b, i)
	a, b = b, a
	-- CHECK-NEXT: mov s3 l1(b)
	-- CHECK-NEXT: mov l1(b) l0(a)
	-- CHECK-NEXT: mov l0(a) s3
	a[i], a[1] = a[1], a[i]
	-- CHECK-NEXT: getindexi s3 l0(a) 1
	-- CHECK-NEXT: getindex s4 l0(a) l2(i)
	-- CHECK-NEXT: setindexi l0(a) s4 1
	-- CHECK-NEXT: setindex l0(a) l2(i) s3
	a[i], i = i, 20
	-- CHECK-NEXT: mov s3 l2(i)
	-- CHECK-NEXT: mov s4 l2(i)
	-- CHECK-NEXT: loadi l2(i) 20
	-- CHECK-NEXT: setindex l0(a) s3 s4
	-- CHECK-NEXT: pop 1
	a.x.y, b.z = 1, 2, i.w
	-- CHECK-NEXT: getfield s3 l0(a) "x"
	-- CHECK-NEXT: loadi s4 1
	-- CHECK-NEXT: loadi s5 2
	-- CHECK-NEXT: getfield s6 l2(i) "w"
	-- CHECK-NEXT: pop 1
	-- CHECK-NEXT: setfield l1(b) s5 "z"
	-- CHECK-NEXT: setfield s3 s4 "y"
	-- CHECK-NEXT: pop 1
	local k <const>, x, y = 10
	-- CHECK-NEXT: loadi s3 10
	-- CHECK-NEXT: loadnil s4 2
	local c <const> = "text"
	x = c .. c .. k
	-- CHECK-NEXT: loadk s6 "text"
	-- CHECK-NEXT: loadk s7 "text"
	-- CHECK-NEXT: mov s8 l3(k)
	-- CHECK-NEXT: concat l4(x) s6 3
	do local unseen = 1 end
	-- CHECK-NEXT: loadi s6 1
	-- CHECK-NEXT: pop 1
end
-- CHECK-NEXT: return0
