-- SPDX-License-Identifier: MIT
-- kind: general
--
-- wordfreq.lua [ROUNDS [FILE]] - the most frequent words of a text.
--
-- Reads data/harbour_book.txt beside this script (or FILE), counts its
-- words ROUNDS times over in two ways, by the pattern functions and by
-- hand, byte for byte, and prints the top of the list.  Strings made,
-- interned and looked up; a sort with a comparison function.

local rounds = tonumber(arg and arg[1]) or 100
local here = arg and arg[0] and arg[0]:match("^(.*[/\\])") or ""
local path = arg and arg[2] or here .. "data/harbour_book.txt"

local byte, sub = string.byte, string.sub

local function read(name)
	local file = assert(io.open(name, "r"))
	local text = file:read("a")
	file:close()
	return text
end

-- Words are runs of letters, with single hyphens and apostrophes inside.
local function count_by_pattern(text)
	local counts, total = {}, 0
	for word in text:lower():gmatch("%a[%a'-]*") do
		word = word:gsub("['-]+$", "")
		counts[word] = (counts[word] or 0) + 1
		total = total + 1
	end
	return counts, total
end

local function is_letter(c)
	return c >= 97 and c <= 122 or c >= 65 and c <= 90
end

local function is_joint(c)
	return c == 39 or c == 45
end

local function count_by_hand(text)
	local counts, total = {}, 0
	local size, i = #text, 1
	while i <= size do
		if is_letter(byte(text, i)) then
			local last, k = i, i + 1
			while k <= size do
				local c = byte(text, k)
				if is_letter(c) then
					last = k
				elseif not is_joint(c) then
					break
				end
				k = k + 1
			end
			local word = sub(text, i, last):lower()
			counts[word] = (counts[word] or 0) + 1
			total = total + 1
			i = k
		else
			i = i + 1
		end
	end
	return counts, total
end

-- The words by falling count; equal counts alphabetically.
local function ranking(counts)
	local words = {}
	for word in pairs(counts) do
		words[#words + 1] = word
	end
	table.sort(words, function(a, b)
		local ca, cb = counts[a], counts[b]
		if ca ~= cb then
			return ca > cb
		end
		return a < b
	end)
	return words
end

local text = read(path)
local counts, total, by_hand, hand_total
local words
for _ = 1, rounds do
	counts, total = count_by_pattern(text)
	by_hand, hand_total = count_by_hand(text)
	words = ranking(counts)
end

assert(total == hand_total, "the two ways disagree")
for word, n in pairs(counts) do
	assert(by_hand[word] == n, word)
end
print(("%d bytes, %d words, %d different"):format(#text, total, #words))
for i = 1, math.min(20, #words) do
	local word = words[i]
	print(("%5d  %-12s %s"):format(counts[word], word, ("#"):rep(math.floor(counts[word] / 20))))
end

local longest = ""
for _, word in ipairs(words) do
	if #word > #longest then
		longest = word
	end
end
print("longest: " .. longest)
