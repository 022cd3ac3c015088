-- SPDX-License-Identifier: MIT
-- kind: general
--
-- binary_trees.lua [DEPTH] - builds and walks many binary trees.
--
-- One long-lived tree stays while crowds of short-lived ones come and go:
-- allocation, collection and recursion.

local depth = tonumber(arg and arg[1]) or 16
local smallest = 4

local function build(d)
	if d == 0 then
		return {}
	end
	return { left = build(d - 1), right = build(d - 1) }
end

-- Number of nodes, counted by walking.
local function count(tree)
	if not tree.left then
		return 1
	end
	return 1 + count(tree.left) + count(tree.right)
end

local deepest = math.max(depth, smallest + 2)
print(("stretch tree of depth %2d: %d nodes"):format(
	deepest + 1, count(build(deepest + 1))))

local keep = build(deepest)
for d = smallest, deepest, 2 do
	local trees = math.floor(2 ^ (deepest - d + smallest))
	local nodes = 0
	for _ = 1, trees do
		nodes = nodes + count(build(d))
	end
	print(("%6d trees of depth %2d: %d nodes"):format(trees, d, nodes))
	assert(nodes == trees * (2 ^ (d + 1) - 1))
end
print(("long-lived tree of depth %2d: %d nodes"):format(deepest, count(keep)))
