/* SPDX-License-Identifier: MIT
 * code_test.h - what the tests of code memory share: tiny functions as bytes, spaces by mode, child processes.
 */
#ifndef HEW_CODE_TEST_H
#define HEW_CODE_TEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "base/os/os.h"
#include "code/code.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define UNUSED __attribute__((unused))

typedef int (*fn_void)(void);
typedef int (*fn_int2)(int, int);

/* ---- functions by hand ------------------------------------------------------------- */

#if defined(__x86_64__)
enum { TRAP = 0xcc, TRAP_SIGNAL = SIGTRAP, CONST_BYTES = 6 };
static const uint8_t add_two[] = { 0x8d, 0x04, 0x37, 0xc3 };			/* lea eax, [rdi+rsi]; ret */

/* mov eax, v; ret */
static UNUSED void const_fn(uint8_t out[CONST_BYTES], int v)
{
	out[0] = 0xb8;
	memcpy(out + 1, &v, 4);
	out[5] = 0xc3;
}
#elif defined(__aarch64__)
enum { TRAP = 0x00, TRAP_SIGNAL = SIGILL, CONST_BYTES = 12 };
static const uint8_t add_two[] = { 0x00, 0x00, 0x01, 0x0b, 0xc0, 0x03, 0x5f, 0xd6 };	/* add w0, w0, w1; ret */

/* movz w0, #v; movk w0, #v >> 16, lsl 16; ret */
static UNUSED void const_fn(uint8_t out[CONST_BYTES], int v)
{
	uint32_t w[3] = { 0x52800000u | ((uint32_t)v & 0xffff) << 5, 0x72a00000u | (uint32_t)v >> 16 << 5, 0xd65f03c0u };

	memcpy(out, w, sizeof w);
}
#endif

/* ---- spaces ------------------------------------------------------------------------- */

static UNUSED enum code_mode both_modes[] = { CODE_DUAL, CODE_FLIP };
#define IN_BOTH_MODES(fn) \
	{ #fn "(dual)", fn, NULL, NULL, &both_modes[0] }, { #fn "(flip)", fn, NULL, NULL, &both_modes[1] }

static UNUSED struct code_space *open_with(struct code_options o)
{
	struct code_space *s;
	char why[300];

	o.trap = TRAP;
	if (code_open(&o, &s, why, sizeof why) != CODE_OK)
		fprintf(stderr, "code_open: %s\n", why);
	return s;
}

/* state: which mode */
static UNUSED struct code_space *open_mode(void **state)
{
	enum code_mode mode = *(enum code_mode *)*state;
	struct code_space *s = open_with((struct code_options){ .force = mode });
	struct code_stats st;

	assert_non_null(s);
	code_get_stats(s, &st);
	assert_int_equal(st.mode, mode);
	return s;
}

/* alloc, write, seal */
static UNUSED enum code_status publish(struct code_space *s, const void *bytes, size_t n, size_t size, struct code_block *b)
{
	enum code_status st = code_alloc(s, size, b);

	if (st == CODE_OK)
		st = code_write(s, b, 0, bytes, n);
	return st == CODE_OK ? code_seal(s, b) : st;
}

static UNUSED enum code_status publish_const(struct code_space *s, int v, size_t size, struct code_block *b)
{
	uint8_t bytes[CONST_BYTES];

	const_fn(bytes, v);
	return publish(s, bytes, sizeof bytes, size < sizeof bytes ? sizeof bytes : size, b);
}

static UNUSED int call(const struct code_block *b)
{
	return ((fn_void)(uintptr_t)b->rx)();
}

/* ---- children -------------------------------------------------------------------------- */

enum { SKIP = 77 };

/* In a child: fails it with the place, without the test library. */
#define MUST(x) do { \
	if (!(x)) { \
		fprintf(stderr, "%s:%d: in a child: %s\n", __FILE__, __LINE__, #x); \
		return 1; \
	} \
} while (0)

/* What the child returned, or 1000 + the signal that ended it. */
static UNUSED int in_child(int (*fn)(void *arg), void *arg)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE };
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct rlimit no_core = { 0, 0 };

		setrlimit(RLIMIT_CORE, &no_core);
		for (unsigned i = 0; i < COUNT_OF(faults); i++)
			signal(faults[i], SIG_DFL);		/* sanitizers have handlers */
		_exit(fn(arg));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static UNUSED void child_passes(int (*fn)(void *arg), void *arg)
{
	int result = in_child(fn, arg);

	if (result == SKIP) {
		printf("skipped: a child process: not possible here, or not under AddressSanitizer (it reserves address space that the limit forbids)\n");
		skip();
	}
	assert_int_equal(result, 0);
}

#endif
