/* SPDX-License-Identifier: MIT
 * sequence.c - E2.2: ra_sequence beside what a parallel assignment means. Random assignments among a few registers of both kinds and a few
 * slots; its moves are then made one after the other, as the target makes them: one from slot to slot goes through the floating scratch
 * register.
 */
#include "mach/mach.h"
#include "mach/target.h"
#include "target/x64/x64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

enum { FLOATS = 4, INTS = 3, SLOTS = 4, PLACES = FLOATS + INTS + SLOTS, ROUNDS = 50000 };

static _Noreturn void no_memory(void *arg) { (void)arg; abort(); }

/* The first slots are of integers. */
static bool is_float(unsigned k) { return k < FLOATS || k >= FLOATS + INTS + SLOTS / 2; }

static struct mach_loc place(unsigned k)
{
	struct mach_loc l = { .type = is_float(k) ? IR_T_f64 : IR_T_i64 };

	l.where = k < FLOATS + INTS ? MACH_REG : MACH_STACK;
	l.reg = (uint8_t)(k < FLOATS ? X64_XMM0 + (int)k : X64_RAX + (int)k - FLOATS);
	l.slot = k < FLOATS + INTS ? 0 : k - FLOATS - INTS;
	return l;
}

struct machine { long reg[MACH_MAX_REGS], slot[SLOTS]; };

static long *cell(struct machine *s, const struct mach_loc *l) { return l->where == MACH_REG ? &s->reg[l->reg] : &s->slot[l->slot]; }

static void as_a_parallel_assignment(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct arena mem;
		struct mach_func m = { .mem = &mem, .target = &target_x64 };
		struct mach_move par[PLACES];
		struct machine s = { 0 };
		long want[PLACES];
		uint32_t n = 0;

		arena_init(&mem, no_memory, NULL);
		for (unsigned k = 0; k < PLACES; k++) {
			struct mach_loc l = place(k);

			*cell(&s, &l) = want[k] = k + 1;
		}
		for (unsigned k = 0; k < PLACES; k++) {		/* each place is written at most once */
			unsigned from = random_below(&seed, PLACES);

			if (is_float(from) != is_float(k) || random_below(&seed, 5) == 0)
				continue;
			par[n++] = (struct mach_move){ place(from), place(k) };
			want[k] = from + 1;
		}
		for (uint32_t k = n; k-- > 1;) {
			uint32_t j = random_below(&seed, k + 1);
			struct mach_move x = par[k];

			par[k] = par[j];
			par[j] = x;
		}
		ra_sequence(&m, par, n);
		for (uint32_t k = 0; k < m.move.n; k++) {
			const struct mach_move *x = &m.move.at[k];
			long v = *cell(&s, &x->from);

			if (x->from.where == MACH_STACK && x->to.where == MACH_STACK)
				s.reg[X64_XMM15] = v;
			*cell(&s, &x->to) = v;
		}
		for (unsigned k = 0; k < PLACES; k++) {
			struct mach_loc l = place(k);

			if (*cell(&s, &l) != want[k])
				fail_msg("round %d: place %u holds %ld instead of %ld", round, k, *cell(&s, &l), want[k]);
		}
		arena_fini(&mem);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(as_a_parallel_assignment) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
