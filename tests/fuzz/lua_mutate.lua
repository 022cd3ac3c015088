-- SPDX-License-Identifier: MIT
--
-- lua_mutate.lua [SEED [BINARY]] - loads the records lua_mutate writes.
--
--   lua_mutate -n 20000 1 FILES | hew lua tests/fuzz/lua_mutate.lua 1
--
-- Every text is compiled, never run: it need not end.  Of those that
-- compile, one in ten is dumped to a binary chunk, which must load again;
-- then BINARY (default 3) damaged copies of it are loaded.  The process must
-- neither crash nor hang; a refusal must come with a message.  With BINARY
-- 0 no binary chunk is damaged (for implementations that do not check them).

local seed = math.tointeger(tonumber(arg[1] or 1))
local copies = math.tointeger(tonumber(arg[2] or 3))

local function random(n)
	seed = (seed * 6364136223846793005 + 1442695040888963407)
	return (seed >> 33) % n + 1
end

local function damaged(bytes)
	local t = { bytes:byte(1, math.min(#bytes, 4000)) }
	for _ = 1, random(4) do
		local at = random(#t)
		local how = random(5)
		if how == 1 then
			t[at] = t[at] ~ (1 << (random(8) - 1))
		elseif how == 2 then
			t[at] = random(256) - 1
		elseif how == 3 then
			t[at] = random(2) == 1 and 255 or 127
		elseif how == 4 then
			table.remove(t, at)
		else
			table.insert(t, at, random(256) - 1)
		end
		if #t == 0 then
			t[1] = 0
		end
	end
	local parts = {}
	for i = 1, #t, 100 do
		parts[#parts + 1] = string.char(table.unpack(t, i, math.min(i + 99, #t)))
	end
	return table.concat(parts) .. bytes:sub(4001)
end

local function check(chunk, message)
	if chunk then
		assert(type(chunk) == "function")
		return true
	end
	assert(type(message) == "string" and #message > 0, "refused without a message")
	return false
end

local good, bad, binary_good, binary_bad = 0, 0, 0, 0
while true do
	local line = io.read("l")
	if not line then
		break
	end
	local length = assert(math.tointeger(tonumber(line)), "a length is expected")
	local text = length == 0 and "" or assert(io.read(length))
	assert(#text == length)
	if not check(load(text, "=m", "t")) then
		bad = bad + 1
	else
		good = good + 1
		if good % 10 == 1 then
			local bytes = string.dump(load(text, "=m", "t"), good % 20 == 1)
			assert(load(bytes, "=m", "b"))
			for _ = 1, copies do
				if check(load(damaged(bytes), "=m", "b")) then
					binary_good = binary_good + 1
				else
					binary_bad = binary_bad + 1
				end
			end
		end
	end
end
print(("texts: %d compiled, %d refused; binary chunks: %d taken, %d refused"):format(
	good, bad, binary_good, binary_bad))
print(("%d passed, 0 failed"):format(good + bad + binary_good + binary_bad))
