/* SPDX-License-Identifier: MIT
 * interp.c - a small stack machine, one switch in a loop, that counts primes by trial division.
 * Exercises: a switch as a jump table, a stack and a program counter that should stay in registers.
 */
#include <stdio.h>
#include <stdlib.h>

enum op { PUSH, LOAD, STORE, ADD, MULTIPLY, REMAINDER, LESS, JUMP, JUMP_ZERO, INCREMENT, HALT };

struct instruction {
	unsigned char op;
	int a;
};

enum { LIMIT, COUNT, N, D };	/* variables */

/*	count = 0; for (n = 2; n < limit; n++) { for (d = 2; d * d < n + 1; d++) if (n % d == 0) goto next; count++; next:; } */
static const struct instruction code[] = {
	{ PUSH, 0 }, { STORE, COUNT },
	{ PUSH, 2 }, { STORE, N },
	/* 4 */ { LOAD, N }, { LOAD, LIMIT }, { LESS, 0 }, { JUMP_ZERO, 27 },
	{ PUSH, 2 }, { STORE, D },
	/* 10 */ { LOAD, D }, { LOAD, D }, { MULTIPLY, 0 }, { LOAD, N }, { PUSH, 1 }, { ADD, 0 }, { LESS, 0 }, { JUMP_ZERO, 24 },
	{ LOAD, N }, { LOAD, D }, { REMAINDER, 0 }, { JUMP_ZERO, 25 },
	{ INCREMENT, D }, { JUMP, 10 },
	/* 24 */ { INCREMENT, COUNT },
	/* 25 */ { INCREMENT, N }, { JUMP, 4 },
	/* 27 */ { HALT, 0 },
};

/* Runs the code; returns how many instructions that took. */
static unsigned long run(const struct instruction *start, int *variable)
{
	int stack[16];
	int *top = stack;		/* one above the topmost */
	const struct instruction *pc = start;
	unsigned long steps = 0;

	for (;;) {
		int a = pc->a;

		steps++;
		switch ((enum op)(pc++)->op) {
		case PUSH: *top++ = a; break;
		case LOAD: *top++ = variable[a]; break;
		case STORE: variable[a] = *--top; break;
		case ADD: top--; top[-1] += *top; break;
		case MULTIPLY: top--; top[-1] *= *top; break;
		case REMAINDER: top--; top[-1] %= *top; break;
		case LESS: top--; top[-1] = top[-1] < *top; break;
		case JUMP: pc = start + a; break;
		case JUMP_ZERO: if (*--top == 0) pc = start + a; break;
		case INCREMENT: variable[a]++; break;
		case HALT: return steps;
		}
	}
}

int main(int argc, char **argv)
{
	int variable[4] = { argc > 1 ? atoi(argv[1]) : 420000, 0, 0, 0 };
	unsigned long steps = run(code, variable);

	printf("interp %d %d %lu\n", variable[LIMIT], variable[COUNT], steps);
	return 0;
}
