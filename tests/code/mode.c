/* SPDX-License-Identifier: MIT
 * mode.c - W44, W52, T10: systems that refuse something. Each test is a child process that first takes rights from itself.
 * The best way still allowed is taken; where none is, the status says CODE_NO_EXEC and the sentence names the
 * calls that were refused and the likely cause. Nothing here may end the process by a signal.
 */
#include "code_test.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif

/* ---- taking rights away ------------------------------------------------------------- */

static bool refuse_exec_gain(void)
{
	return prctl(PR_SET_MDWE, 1L, 0L, 0L, 0L) == 0;
}

enum { DENY_MEMFD = 1, DENY_EXEC = 2 };

/* A filter that answers EPERM to memfd_create and to mmap or mprotect with PROT_EXEC. */
static bool deny(int what)
{
	struct sock_filter f[16];
	unsigned short n = 0;

#define STMT(code_, k_) f[n++] = (struct sock_filter)BPF_STMT(code_, k_)
#define JUMP(code_, k_, yes, no) f[n++] = (struct sock_filter)BPF_JUMP(code_, k_, yes, no)
	STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	if (what & DENY_MEMFD) {
		JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_create, 0, 1);
		STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	}
	if (what & DENY_EXEC) {
		JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0);
		JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3);
		STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2]));
		JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1);
		STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	}
	STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
#undef STMT
#undef JUMP
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
		&& prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &(struct sock_fprog){ n, f }) == 0;
}

/* Opens, publishes, calls, frees; the mode must be the expected one. */
static int works_in(enum code_mode mode, const char *because)
{
	struct code_space *s = open_with((struct code_options){ .force = CODE_DUAL });
	struct code_block b[200];
	struct code_stats st;

	MUST(s != NULL);
	code_get_stats(s, &st);
	MUST(st.mode == mode);
	MUST(because == NULL || strstr(code_why(s), because) != NULL);
	for (int i = 0; i < 200; i++) {
		MUST(publish_const(s, i, 1000, &b[i]) == CODE_OK);
		MUST(call(&b[i]) == i);
	}
	for (int i = 0; i < 200; i += 2)
		MUST(code_free(s, &b[i]) == CODE_OK);
	for (int i = 1; i < 200; i += 2)
		MUST(call(&b[i]) == i);
	MUST(code_check(s));
	code_close(s);
	return 0;
}

static int refused(enum code_mode force, const char *const *words)
{
	struct code_options o = { .trap = TRAP, .force = force };
	struct code_space *s = (void *)&o;
	char why[400] = "";

	MUST(code_open(&o, &s, why, sizeof why) == CODE_NO_EXEC);
	MUST(s == NULL);
	for (; *words != NULL; words++)
		if (strstr(why, *words) == NULL) {
			fprintf(stderr, "\"%s\" is not in \"%s\"\n", *words, why);
			return 1;
		}
	return 0;
}

/* ---- tests ------------------------------------------------------------------------------ */

static int ordinary(void *arg)
{
	(void)arg;
	return works_in(CODE_DUAL, "memfd");
}

static int under_mdwe(void *arg)
{
	static const char *const words[] = { "mprotect(PROT_READ|PROT_EXEC)", "PR_SET_MDWE", NULL };

	(void)arg;
	if (!refuse_exec_gain())
		return SKIP;
	return works_in(CODE_DUAL, NULL) || refused(CODE_FLIP, words);
}

static int without_memfd(void *arg)
{
	(void)arg;
	if (!deny(DENY_MEMFD))
		return SKIP;
	return works_in(CODE_FLIP, "memfd_create: Operation not permitted (a seccomp filter is active)");
}

static int without_exec(void *arg)
{
	static const char *const dual[] = { "mmap(PROT_READ|PROT_EXEC) of a memfd: Operation not permitted",
		"mprotect(PROT_READ|PROT_EXEC) of written memory: Operation not permitted", "seccomp", NULL };
	static const char *const flip[] = { "mprotect", "seccomp", NULL };

	(void)arg;
	if (!deny(DENY_EXEC))
		return SKIP;
	return refused(CODE_DUAL, dual) || refused(CODE_FLIP, flip);
}

static int without_either(void *arg)
{
	static const char *const words[] = { "memfd_create", "mprotect(PROT_READ|PROT_EXEC)", "seccomp", NULL };

	(void)arg;
	if (!deny(DENY_EXEC | DENY_MEMFD))
		return SKIP;
	return refused(CODE_DUAL, words);
}

static int without_memfd_under_mdwe(void *arg)
{
	static const char *const words[] = { "memfd_create", "seccomp", "mprotect", "PR_SET_MDWE", NULL };

	(void)arg;
	if (!refuse_exec_gain() || !deny(DENY_MEMFD))
		return SKIP;
	return refused(CODE_DUAL, words);
}

static int switched_off(void *arg)
{
	static const char *const words[] = { "switched off", NULL };

	(void)arg;
	return refused(CODE_NONE, words);
}

/* ftruncate past the limit would raise SIGXFSZ. */
static int file_size_limited(void *arg)
{
	struct code_space *s;
	struct code_stats st;
	struct rlimit l = { 3 << 20, 3 << 20 };

	(void)arg;
	MUST(setrlimit(RLIMIT_FSIZE, &l) == 0);
	MUST(works_in(CODE_DUAL, NULL) == 0);
	s = open_with((struct code_options){ .force = CODE_DUAL });
	MUST(s != NULL);
	code_get_stats(s, &st);
	MUST(st.reserved == 2 << 20);
	code_close(s);
	l.rlim_cur = 100 << 10;
	MUST(setrlimit(RLIMIT_FSIZE, &l) == 0);
	MUST(works_in(CODE_FLIP, "RLIMIT_FSIZE") == 0);
	l.rlim_cur = l.rlim_max = 0;
	MUST(setrlimit(RLIMIT_FSIZE, &l) == 0);
	return works_in(CODE_FLIP, "RLIMIT_FSIZE");
}

static int files_used_up(void *arg)
{
	struct rlimit l = { 0, 0 };

	(void)arg;
	MUST(setrlimit(RLIMIT_NOFILE, &l) == 0);
	return works_in(CODE_FLIP, "memfd_create: Too many open files");
}

/* Any limit of address space: a smaller region or a status. */
static int address_space_limited(void *arg)
{
	bool seen[CODE_BAD_ARG + 1] = { false };

	(void)arg;
	if (BASE_ASAN)
		return SKIP;			/* its shadow does not fit any limit */
	for (rlim_t mib = 400; mib > 0; mib -= mib > 40 ? 20 : 1) {
		struct rlimit l = { mib << 20, RLIM_INFINITY };
		struct code_options o = { .trap = TRAP };
		struct code_space *s;
		struct code_block b;
		char why[200] = "";
		enum code_status st;

		MUST(setrlimit(RLIMIT_AS, &l) == 0);
		st = code_open(&o, &s, why, sizeof why);
		MUST(st == CODE_OK || (st == CODE_NO_MEMORY && why[0] != 0));
		seen[st] = true;
		if (st == CODE_OK) {
			MUST(publish_const(s, 5, 0, &b) == CODE_OK && call(&b) == 5);
			code_close(s);
		}
	}
	MUST(seen[CODE_OK] && seen[CODE_NO_MEMORY]);
	return 0;
}

/* The kernel's limit of mappings is reached while code is published: a status, and once there is room it goes on. */
static int mappings_used_up(void *arg)
{
	enum { PAIRS = 40000 };
	struct code_space *s = open_with((struct code_options){ .force = CODE_FLIP });
	size_t page = os_page_size();
	struct code_block b[40];
	uint8_t *p;
	int n = 0, refusals = 0;

	(void)arg;
	MUST(s != NULL);
	MUST(publish_const(s, 0, 30000, &b[n++]) == CODE_OK);
	p = mmap(NULL, PAIRS * 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	MUST(p != MAP_FAILED);
	for (size_t i = 0; i < PAIRS; i++)
		if (mprotect(p + i * 2 * page, page, PROT_READ) != 0)
			break;
	for (; n < 40 && refusals < 5;) {
		enum code_status st = publish_const(s, n, 30000, &b[n]);

		MUST(st == CODE_OK || st == CODE_NO_MEMORY);
		if (st == CODE_OK)
			n++;
		else
			refusals++;
		for (int i = 0; i < n; i++)
			MUST(call(&b[i]) == i);
	}
	munmap(p, PAIRS * 2 * page);
	MUST(refusals > 0);
	MUST(publish_const(s, n, 30000, &b[n]) == CODE_OK);
	MUST(call(&b[n]) == n);
	MUST(code_check(s));
	code_close(s);
	return 0;
}

/* A host that closes every file, and then opens its own with the same numbers. */
static int files_closed_by_the_host(void *arg)
{
	struct code_space *s = open_with((struct code_options){ .reserve = 1 << 20 });
	struct code_block b[1000];
	struct stat st;
	int n = 0, fd, fds = 0;

	(void)arg;
	MUST(s != NULL);
	MUST(publish_const(s, 0, 10000, &b[n++]) == CODE_OK);
	for (fd = 3; fd < 100; fd++)
		close(fd);
	fd = memfd_create("foreign", 0);
	MUST(fd == 3);
	while (fds < 50 && dup(fd) >= 0)
		fds++;
	while (n < 1000 && publish_const(s, n, 300, &b[n]) == CODE_OK)
		n++;
	MUST(n > 3 && n < CODE_UNIT / 300);	/* the unit at hand is used, another cannot be had */
	for (int i = 0; i < n; i++)
		MUST(call(&b[i]) == i);
	for (int i = 0; i < n; i++)
		MUST(code_free(s, &b[i]) == CODE_OK);
	MUST(code_check(s));
	code_close(s);
	for (int i = 3; i < 3 + fds; i++)
		MUST(fstat(i, &st) == 0 && st.st_size == 0);	/* neither closed nor written */
	return 0;
}

/* ---- fork ---------------------------------------------------------------------------------- */

/* Mappings as large as the region that may be written. */
static size_t region_size;

static bool count_writable(const struct os_map *m, void *arg)
{
	*(unsigned *)arg += m->writable && m->to - m->from == region_size;
	return true;
}

struct family {
	struct code_space *s;
	struct code_block b;
	enum code_mode mode;
};

static int the_child(void *arg)
{
	struct family *f = arg;
	struct code_block b;
	enum code_status ours = f->mode == CODE_DUAL ? CODE_NO_EXEC : CODE_OK;
	unsigned views = 0;
	struct code_stats st;
	void *p;

	code_get_stats(f->s, &st);
	region_size = st.reserved;
	MUST(os_maps(count_writable, &views));
	MUST(views == 0);			/* the writable view is the parent's alone */
	MUST(call(&f->b) == 1);
	MUST(publish_const(f->s, 2, 0, &b) == ours);
	MUST(ours != CODE_OK || call(&b) == 2);
	MUST(publish_const(f->s, 2, 300000, &b) == ours);
	MUST(code_free(f->s, &f->b) == ours);
	/* memory of the child where the parent has its writable view must survive the close */
	p = mmap(NULL, 256 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	MUST(p != MAP_FAILED);
	code_close(f->s);
	for (size_t i = 0; i < 256 << 20; i += 1 << 20)
		((volatile char *)p)[i] = 1;
	return 0;
}

static void fork_keeps_parent_and_child_apart(void **state)
{
	struct family f = { .s = open_mode(state), .mode = *(enum code_mode *)*state };
	struct code_block b;

	assert_int_equal(publish_const(f.s, 1, 0, &f.b), CODE_OK);
	for (int i = 0; i < 5; i++) {
		child_passes(the_child, &f);
		assert_int_equal(call(&f.b), 1);
	}
	assert_int_equal(publish_const(f.s, 3, 0, &b), CODE_OK);
	assert_int_equal(call(&b), 3);
	assert_int_equal(call(&f.b), 1);
	code_close(f.s);
}

#define CHILD_TEST(fn) static void test_##fn(void **state) { (void)state; child_passes(fn, NULL); }
CHILD_TEST(ordinary)
CHILD_TEST(under_mdwe)
CHILD_TEST(without_memfd)
CHILD_TEST(without_exec)
CHILD_TEST(without_either)
CHILD_TEST(without_memfd_under_mdwe)
CHILD_TEST(switched_off)
CHILD_TEST(file_size_limited)
CHILD_TEST(files_used_up)
CHILD_TEST(address_space_limited)
CHILD_TEST(mappings_used_up)
CHILD_TEST(files_closed_by_the_host)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ordinary),
		cmocka_unit_test(test_under_mdwe),
		cmocka_unit_test(test_without_memfd),
		cmocka_unit_test(test_without_exec),
		cmocka_unit_test(test_without_either),
		cmocka_unit_test(test_without_memfd_under_mdwe),
		cmocka_unit_test(test_switched_off),
		cmocka_unit_test(test_file_size_limited),
		cmocka_unit_test(test_files_used_up),
		cmocka_unit_test(test_address_space_limited),
		cmocka_unit_test(test_mappings_used_up),
		cmocka_unit_test(test_files_closed_by_the_host),
		IN_BOTH_MODES(fork_keeps_parent_and_child_apart),
	};

	return cmocka_run_group_tests_name("code mode", tests, NULL, NULL);
}
