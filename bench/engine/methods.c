/* SPDX-License-Identifier: MIT
 * methods.c - objects of three kinds that answer calls through a table of functions.
 * Exercises: indirect calls, stores into objects between calls, arguments in registers.
 */
#include <stdio.h>
#include <stdlib.h>

struct thing;

struct kind {
	int (*activate)(struct thing *);
	int (*value)(const struct thing *, int scale);
};

struct thing {
	const struct kind *kind;
	int state, limit, counter;
};

static int toggle_activate(struct thing *t) { return t->state = !t->state; }
static int toggle_value(const struct thing *t, int scale) { return t->state ? scale : -scale; }

static int nth_activate(struct thing *t)
{
	if (++t->counter >= t->limit) {
		t->state = !t->state;
		t->counter = 0;
	}
	return t->state;
}

static int nth_value(const struct thing *t, int scale) { return t->state * scale + t->counter; }

static int ramp_activate(struct thing *t) { return t->state = (t->state + t->limit) & 1023; }
static int ramp_value(const struct thing *t, int scale) { return (t->state >> 2) - scale; }

static const struct kind kinds[3] = {
	{ toggle_activate, toggle_value },
	{ nth_activate, nth_value },
	{ ramp_activate, ramp_value },
};

int main(int argc, char **argv)
{
	enum { THINGS = 24 };
	int rounds = argc > 1 ? atoi(argv[1]) : 24000000;
	struct thing *all[THINGS];
	unsigned sum = 0;

	for (int i = 0; i < THINGS; i++) {
		all[i] = malloc(sizeof *all[i]);
		if (all[i] == NULL)
			return 1;
		*all[i] = (struct thing){ &kinds[i % 3], i & 1, 3 + i, 0 };
	}
	for (int r = 0; r < rounds; r++) {
		struct thing *t = all[r % THINGS];

		for (int k = 0; k < 10; k++)
			sum += (unsigned)t->kind->activate(t);
		sum = sum * 5 + (unsigned)t->kind->value(t, r & 15);
	}
	printf("methods %d %u\n", rounds, sum);
	for (int i = 0; i < THINGS; i++)
		free(all[i]);
	return 0;
}
