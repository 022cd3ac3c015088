-- SPDX-License-Identifier: MIT
-- kind: numeric
--
-- nbody.lua [STEPS] - the Sun and four outer planets under gravity.
--
-- Leapfrog (kick, drift, kick) with a fixed step.  All state lives in
-- float fields of five tables, so field access and float arithmetic are
-- what is measured.  Energy is conserved up to the step's error, and its
-- value at the start and end is printed.
--
-- Units: astronomical units, solar masses, and years / (2 pi), in which
-- the constant of gravitation is 1.  The bodies start on circular orbits
-- at rounded distances: a plausible system, not an ephemeris.

local steps = tonumber(arg and arg[1]) or 700000
local dt = 0.01

local sqrt, cos, sin = math.sqrt, math.cos, math.sin

local function planet(name, mass, distance, angle, tilt)
	local speed = 1 / sqrt(distance)
	return {
		name = name, mass = mass,
		x = distance * cos(angle), y = distance * sin(angle), z = distance * tilt,
		vx = -speed * sin(angle), vy = speed * cos(angle), vz = 0.0,
	}
end

local bodies = {
	{ name = "Sun", mass = 1.0, x = 0.0, y = 0.0, z = 0.0, vx = 0.0, vy = 0.0, vz = 0.0 },
	planet("Jupiter", 9.5e-4, 5.2, 0.3, 0.02),
	planet("Saturn", 2.9e-4, 9.5, 1.7, 0.04),
	planet("Uranus", 4.4e-5, 19.2, 3.1, 0.01),
	planet("Neptune", 5.2e-5, 30.1, 5.0, 0.03),
}

-- Give the Sun the momentum that makes the whole system stand still.
local function balance(list)
	local px, py, pz = 0.0, 0.0, 0.0
	for _, b in ipairs(list) do
		px = px + b.mass * b.vx
		py = py + b.mass * b.vy
		pz = pz + b.mass * b.vz
	end
	local sun = list[1]
	sun.vx = sun.vx - px / sun.mass
	sun.vy = sun.vy - py / sun.mass
	sun.vz = sun.vz - pz / sun.mass
end

local function energy(list)
	local e = 0.0
	for i = 1, #list do
		local a = list[i]
		e = e + 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz)
		for j = i + 1, #list do
			local b = list[j]
			local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
			e = e - a.mass * b.mass / sqrt(dx * dx + dy * dy + dz * dz)
		end
	end
	return e
end

-- Change every velocity by the pull of all the others during time h.
local function kick(list, h)
	local n = #list
	for i = 1, n do
		local a = list[i]
		local ax, ay, az, am = a.x, a.y, a.z, a.mass
		local avx, avy, avz = a.vx, a.vy, a.vz
		for j = i + 1, n do
			local b = list[j]
			local dx, dy, dz = ax - b.x, ay - b.y, az - b.z
			local d2 = dx * dx + dy * dy + dz * dz
			local pull = h / (d2 * sqrt(d2))
			local toa, tob = b.mass * pull, am * pull
			avx = avx - dx * toa
			avy = avy - dy * toa
			avz = avz - dz * toa
			b.vx = b.vx + dx * tob
			b.vy = b.vy + dy * tob
			b.vz = b.vz + dz * tob
		end
		a.vx, a.vy, a.vz = avx, avy, avz
	end
end

local function drift(list, h)
	for i = 1, #list do
		local b = list[i]
		b.x = b.x + h * b.vx
		b.y = b.y + h * b.vy
		b.z = b.z + h * b.vz
	end
end

balance(bodies)
local before = energy(bodies)
kick(bodies, dt / 2)
for _ = 1, steps do
	drift(bodies, dt)
	kick(bodies, dt)
end
kick(bodies, -dt / 2)
local after = energy(bodies)

print(("energy before %.9e"):format(before))
print(("energy after  %.9e"):format(after))
for _, b in ipairs(bodies) do
	print(("%-8s %13.8f %13.8f %13.8f"):format(b.name, b.x, b.y, b.z))
end
assert(math.abs(after - before) < 1e-6)
