/* SPDX-License-Identifier: MIT
 * stack.c - native stacks: control goes there and back with all registers, 10,000 exist at once, a runaway
 * recursion hits the guard, backtraces end, memory comes back.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "base/os/os.h"

#include <execinfo.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static struct os_stack here, there;

/* ---- there and back ------------------------------------------------------------ */

struct counter {
	struct os_stack s;
	uint64_t n;
	bool aligned;
};

static void count_up(void *arg)
{
	struct counter *c = arg;
	char buf[32];
	_Alignas(32) volatile char wide[32];

	c->aligned = (uintptr_t)wide % 32 == 0;
	for (;;) {
		snprintf(buf, sizeof buf, "%.1f", (double)c->n);	/* variadic with a double: movaps wants 16 */
		c->n += buf[0] != 0;
		os_stack_switch(&c->s, &here);
	}
}

static void there_and_back(void **state)
{
	struct counter c = { .n = 0 };

	(void)state;
	assert_true(os_stack_here(&here));
	assert_true(os_stack_new(&c.s, 64 << 10, count_up, &c));
	assert_int_equal(c.s.high - c.s.low, 64 << 10);
	for (int i = 1; i <= 1000; i++) {
		os_stack_switch(&here, &c.s);
		assert_int_equal(c.n, i);
		assert_null(here.sp);
		assert_true((uint8_t *)c.s.sp > c.s.low && (uint8_t *)c.s.sp < c.s.high);
	}
	assert_true(c.aligned);
	os_stack_free(&c.s);
	assert_null(c.s.low);
	os_stack_free(&c.s);		/* of nothing: nothing */
}

/* Every preserved register holds a value across switches while the other side tramples its own. */
static uint64_t __attribute__((noinline)) busy(uint64_t seed, struct os_stack *from, struct os_stack *to, int rounds)
{
	uint64_t a = seed, b = seed * 3, c = seed * 5, d = seed * 7, e = seed * 11, f = seed * 13;
	double x = (double)seed, y = x * 3, z = x * 5;

	for (int i = 0; i < rounds; i++) {
		os_stack_switch(from, to);
		a += b ^ c, b += c ^ d, c += d ^ e, d += e ^ f, e += f ^ a, f += a ^ b;
		x = x * 0.5 + y, y = y * 0.5 + z, z = z * 0.5 + 1;
	}
	return a ^ b ^ c ^ d ^ e ^ f ^ (uint64_t)(x + y + z);
}

static uint64_t theirs;

static void busy_there(void *arg)
{
	(void)arg;
	theirs = busy(12345, &there, &here, 500);
	os_stack_switch(&there, &here);
}

static void registers_survive(void **state)
{
	uint64_t mine, alone[2];
	struct counter c = { .n = 0 };

	(void)state;
	assert_true(os_stack_here(&here));
	assert_true(os_stack_new(&there, 64 << 10, busy_there, NULL));
	mine = busy(98765, &here, &there, 500);
	os_stack_switch(&here, &there);
	os_stack_free(&there);
	/* the same sums beside a partner that holds other values */
	assert_true(os_stack_new(&c.s, 64 << 10, count_up, &c));
	alone[0] = busy(98765, &here, &c.s, 500);
	alone[1] = busy(12345, &here, &c.s, 500);
	os_stack_free(&c.s);
	assert_true(mine == alone[0]);
	assert_true(theirs == alone[1]);
}

static void used_again_for_another_function(void **state)
{
	struct counter c = { .n = 0 };

	(void)state;
	assert_true(os_stack_here(&here));
	assert_true(os_stack_new(&c.s, 64 << 10, count_up, &c));
	os_stack_switch(&here, &c.s);
	os_stack_reset(&c.s, count_up, &c);	/* its frame is abandoned */
	os_stack_switch(&here, &c.s);
	assert_int_equal(c.n, 2);
	os_stack_free(&c.s);
}

/* longjmp within one stack, with another stack's frames suspended. */
static void jump_inside(void *arg)
{
	jmp_buf env;
	volatile int n = 0;

	(void)arg;
	if (setjmp(env) < 5) {
		n++;
		os_stack_switch(&there, &here);
		longjmp(env, n);
	}
	theirs = (uint64_t)n;
	os_stack_switch(&there, &here);
}

static void longjmp_on_its_own_stack(void **state)
{
	(void)state;
	theirs = 0;
	assert_true(os_stack_here(&here));
	assert_true(os_stack_new(&there, 64 << 10, jump_inside, NULL));
	for (int i = 0; i < 6; i++)
		os_stack_switch(&here, &there);
	assert_int_equal(theirs, 5);
	os_stack_free(&there);
}

/* ---- bounds ------------------------------------------------------------------------- */

static void here_knows_its_bounds(void **state)
{
	struct os_stack s;
	volatile char local = 0;

	(void)state;
	assert_true(os_stack_here(&s));
	assert_true(&local > (volatile char *)s.low && &local < (volatile char *)s.high);
	assert_null(s.sp);
}

static void *in_thread(void *arg)
{
	struct os_stack *s = arg;
	volatile char local = 0;
	bool ok = os_stack_here(s);

	return ok && &local > (volatile char *)s->low && &local < (volatile char *)s->high ? s : NULL;
}

static void here_in_a_thread(void **state)
{
	struct os_stack s;
	pthread_t t;
	void *result;

	(void)state;
	assert_int_equal(pthread_create(&t, NULL, in_thread, &s), 0);
	pthread_join(t, &result);
	assert_non_null(result);
}

static void find_here(void *arg)
{
	os_stack_here(arg);
	os_stack_switch(&there, &here);
}

static void here_on_a_foreign_stack(void **state)
{
	struct os_stack found;

	(void)state;
	assert_true(os_stack_here(&here));
	assert_true(os_stack_new(&there, 64 << 10, find_here, &found));
	os_stack_switch(&here, &there);
	assert_ptr_equal(found.low, there.low);
	assert_ptr_equal(found.high, there.high);
	os_stack_free(&there);
}

static void absurd_sizes(void **state)
{
	struct os_stack s;

	(void)state;
	assert_false(os_stack_new(&s, SIZE_MAX, find_here, NULL));
	assert_false(os_stack_new(&s, (size_t)1 << 60, find_here, NULL));
	assert_null(s.low);
	assert_true(os_stack_new(&s, 0, find_here, NULL));
	assert_int_equal(s.high - s.low, 16 << 10);
	os_stack_free(&s);
}

/* ---- the guard ------------------------------------------------------------------------- */

static uint8_t *fault_at, *guard_low;

static void on_fault(int sig, siginfo_t *info, void *uc)
{
	(void)sig, (void)uc;
	fault_at = info->si_addr;
	_exit(fault_at < there.low && fault_at >= guard_low ? 3 : 4);
}

static int __attribute__((noinline)) recurse(volatile char *up)
{
	volatile char big[8000];	/* steps wider than a page */

	big[0] = *up;
	return big[0] == 1 ? 1 : recurse(big) + big[0];		/* never 1, but the compiler cannot know */
}

static void runaway(void *arg)
{
	volatile char c = 0;

	(void)arg;
	recurse(&c);
}

static void runaway_recursion_hits_the_guard(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		static char alt[1 << 16];
		struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
		stack_t ss = { .ss_sp = alt, .ss_size = sizeof alt };

		sigaltstack(&ss, NULL);
		sigaction(SIGSEGV, &sa, NULL);
		if (!os_stack_here(&here) || !os_stack_new(&there, 1 << 20, runaway, NULL))
			_exit(5);
		guard_low = there.low - (64 << 10);
		os_stack_switch(&here, &there);
		_exit(6);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
}

static void returns(void *arg)
{
	(void)arg;
}

static void returning_is_a_bug(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		if (freopen("/dev/null", "w", stderr) == NULL || !os_stack_here(&here)
		    || !os_stack_new(&there, 1 << 20, returns, NULL))
			_exit(5);
		os_stack_switch(&here, &there);
		_exit(6);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* ---- backtraces end -------------------------------------------------------------------- */

static int depth_seen;
static bool chain_ends;

static void look_back(void *arg)
{
	void *pc[100];
	void **frame = __builtin_frame_address(0);
	int links = 0;

	(void)arg;
	depth_seen = backtrace(pc, 100);
	/* the chain of frame pointers, where the build keeps them: a zero ends it before the stack's end */
	while (frame != NULL && (uint8_t *)frame >= there.low && (uint8_t *)frame < there.high && links < 100) {
		frame = *frame;
		links++;
	}
	chain_ends = links < 100;
	os_stack_switch(&there, &here);
}

static void backtraces_end(void **state)
{
	(void)state;
	assert_true(os_stack_here(&here));
	assert_true(os_stack_new(&there, 256 << 10, look_back, NULL));
	os_stack_switch(&here, &there);
	assert_in_range(depth_seen, 1, 10);
	assert_true(chain_ends);
	os_stack_free(&there);
}

/* ---- many, memory, speed --------------------------------------------------------------- */

static void ten_thousand_at_once(void **state)
{
	enum { N = 10000 };
	struct counter *c = calloc(N, sizeof *c);

	(void)state;
	assert_true(os_stack_here(&here));
	for (int i = 0; i < N; i++)
		assert_true(os_stack_new(&c[i].s, 256 << 10, count_up, &c[i]));
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < N; i++)
			os_stack_switch(&here, &c[i].s);
	for (int i = 0; i < N; i++) {
		assert_int_equal(c[i].n, 2);
		os_stack_free(&c[i].s);
	}
	free(c);
}

static size_t resident(const struct os_stack *s)
{
	size_t page = os_page_size(), n = (size_t)(s->high - s->low) / page, sum = 0;
	unsigned char *in = malloc(n);

	assert_int_equal(mincore(s->low, n * page, in), 0);
	for (size_t i = 0; i < n; i++)
		sum += in[i] & 1;
	free(in);
	return sum * page;
}

static void dirty(void *arg)
{
	volatile char big[600 << 10];

	(void)arg;
	for (size_t i = 0; i < sizeof big; i += 1024)
		big[i] = 1;
	os_stack_switch(&there, &here);
	theirs = (uint64_t)big[512 << 10];
	os_stack_switch(&there, &here);
}

static void trim_gives_back_only_what_is_dead(void **state)
{
	(void)state;
	assert_true(os_stack_here(&here));
	assert_true(os_stack_new(&there, 1 << 20, dirty, NULL));
	assert_true(resident(&there) <= 64 << 10);
	os_stack_switch(&here, &there);
	assert_true(resident(&there) >= 600 << 10);
	os_stack_trim(&there, 0);		/* the frame is live: nothing of it may go */
	os_stack_switch(&here, &there);
	assert_int_equal(theirs, 1);
	os_stack_reset(&there, dirty, NULL);
	os_stack_trim(&there, 16 << 10);
	assert_true(resident(&there) <= 16 << 10);
	os_stack_switch(&here, &there);
	os_stack_free(&there);
}

static void ping(void *arg)
{
	(void)arg;
	for (;;)
		os_stack_switch(&there, &here);
}

static void switching_is_cheap(void **state)
{
	enum { N = 1000000 };
	uint64_t from, ns;

	(void)state;
	assert_true(os_stack_here(&here));
	assert_true(os_stack_new(&there, 64 << 10, ping, NULL));
	from = os_now_ns();
	for (int i = 0; i < N; i++)
		os_stack_switch(&here, &there);
	ns = os_now_ns() - from;
	print_message("a switch takes %.1f ns\n", (double)ns / N / 2);
	assert_true(ns < (uint64_t)N * 2 * 1000);	/* 1 us: a system call would show */
	os_stack_free(&there);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(registers_survive),
		cmocka_unit_test(used_again_for_another_function),
		cmocka_unit_test(longjmp_on_its_own_stack),
		cmocka_unit_test(here_knows_its_bounds),
		cmocka_unit_test(here_in_a_thread),
		cmocka_unit_test(here_on_a_foreign_stack),
		cmocka_unit_test(absurd_sizes),
		cmocka_unit_test(runaway_recursion_hits_the_guard),
		cmocka_unit_test(returning_is_a_bug),
		cmocka_unit_test(backtraces_end),
		cmocka_unit_test(ten_thousand_at_once),
		cmocka_unit_test(trim_gives_back_only_what_is_dead),
		cmocka_unit_test(switching_is_cheap),
	};

	return cmocka_run_group_tests_name("stack", tests, NULL, NULL);
}
