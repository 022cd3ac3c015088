/* SPDX-License-Identifier: MIT
 * nbody.c - five bodies that pull at each other, N steps of leapfrog.
 * Exercises: arrays of structs of doubles, division and square root, many live values.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BODIES = 5 };

struct body {
	double x, y, z;
	double vx, vy, vz;
	double mass;
};

static struct body bodies[BODIES] = {
	{ 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 40.0 },
	{ 5.0, -1.25, 0.125, 0.5, 2.5, -0.0625, 0.0375 },
	{ 8.5, 4.25, -0.375, -1.0, 1.75, 0.03125, 0.0125 },
	{ 13.0, -15.0, -0.25, 1.0, 0.875, -0.015625, 0.0015 },
	{ 15.5, -26.0, 0.1875, 0.9375, 0.5625, -0.03125, 0.002 },
};

static void step(struct body *b, double dt)
{
	for (int i = 0; i < BODIES; i++) {
		struct body *p = &b[i];

		for (int j = i + 1; j < BODIES; j++) {
			struct body *q = &b[j];
			double dx = p->x - q->x, dy = p->y - q->y, dz = p->z - q->z;
			double square = dx * dx + dy * dy + dz * dz;
			double pull = dt / (square * sqrt(square));

			p->vx -= dx * q->mass * pull;
			p->vy -= dy * q->mass * pull;
			p->vz -= dz * q->mass * pull;
			q->vx += dx * p->mass * pull;
			q->vy += dy * p->mass * pull;
			q->vz += dz * p->mass * pull;
		}
	}
	for (int i = 0; i < BODIES; i++) {
		b[i].x += dt * b[i].vx;
		b[i].y += dt * b[i].vy;
		b[i].z += dt * b[i].vz;
	}
}

static double energy(const struct body *b)
{
	double e = 0;

	for (int i = 0; i < BODIES; i++) {
		e += 0.5 * b[i].mass * (b[i].vx * b[i].vx + b[i].vy * b[i].vy + b[i].vz * b[i].vz);
		for (int j = i + 1; j < BODIES; j++) {
			double dx = b[i].x - b[j].x, dy = b[i].y - b[j].y, dz = b[i].z - b[j].z;

			e -= b[i].mass * b[j].mass / sqrt(dx * dx + dy * dy + dz * dz);
		}
	}
	return e;
}

int main(int argc, char **argv)
{
	int steps = argc > 1 ? atoi(argv[1]) : 11000000;

	for (int i = 0; i < steps; i++)
		step(bodies, 0.005);
	printf("nbody %d %.9f\n", steps, energy(bodies));
	return 0;
}
