/* SPDX-License-Identifier: MIT
 * noexec.c - S2: the system refuses executable memory. hew_open says HEW_NO_EXEC and why, the context is there all the same:
 * functions can be built and are refused only when compiled; a guest cannot be opened and goes on interpreting with
 * counters that never get hot. In a child process that has taken the right from itself.
 */
#include "api_test.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* EPERM to mmap and mprotect with PROT_EXEC. */
static bool refuse_exec(void)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
		&& prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &(struct sock_fprog){ COUNT_OF(f), f }) == 0;
}

enum { SKIP = 77 };

#define MUST(x) do { \
	if (!(x)) { \
		fprintf(stderr, "%s:%d: in a child: %s\n", __FILE__, __LINE__, #x); \
		return 1; \
	} \
} while (0)

static void never_lift(void *vm, const struct hew_lift *what, struct hew_fn *f)
{
	(void)vm, (void)what;
	hew_bail(f, "not reached");
}

static void never_rebuild(void *vm, const struct hew_frame *f) { (void)vm, (void)f; }

static struct hew_result never_resume(void *vm, void *frame, uint64_t pc)
{
	(void)vm, (void)frame, (void)pc;
	return (struct hew_result){ 0, 0 };
}

static int refused(void)
{
	static const struct hew_guest guest = { .name = "g", .lift = never_lift, .rebuild = never_rebuild, .resume = never_resume };
	long before = base_live_bytes();
	struct hew_guest_vm *g;
	struct hew_tier t;
	struct hew_code *c;
	struct hew_fn *f;
	struct hew *x;

	if (!refuse_exec())
		return SKIP;
	MUST(hew_open(NULL, &x) == HEW_NO_EXEC);
	MUST(x != NULL);
	MUST(strstr(hew_error(x), "not permitted") != NULL && strstr(hew_error(x), "seccomp") != NULL);
	MUST(strlen(hew_code_mode(x)) > 0);
	for (int i = 0; i < 3; i++) {
		f = hew_fn_new(x, "sum", HEW_I64, TYPES(HEW_I64, HEW_I64));
		MUST(f != NULL);
		MUST(hew_type_of(f, hew_add(f, hew_arg(f, 0), hew_arg(f, 1))) == HEW_I64);
		hew_ret(f, hew_add(f, hew_arg(f, 0), hew_arg(f, 1)));
		c = (struct hew_code *)f;
		MUST(hew_compile(f, NULL, &c) == HEW_NO_EXEC);
		MUST(c == NULL);
		MUST(strstr(hew_error(x), "executable memory") != NULL);
	}
	g = (struct hew_guest_vm *)x;
	MUST(hew_guest_open(x, &guest, NULL, NULL, &g) == HEW_NO_EXEC);
	MUST(g == NULL);
	hew_tier_init(g, &t);
	for (int i = 0; i < 100000; i++)
		MUST(--t.calls >= 0 && --t.loops >= 0);
	MUST(t.entry == NULL);
	hew_tier_drop(g, &t);
	hew_guest_close(g);
	hew_close(x);
	MUST(base_live_bytes() == before);
	return 0;
}

static void executable_memory_refused(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(refused());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIP)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(executable_memory_refused) };

	return cmocka_run_group_tests_name("noexec", tests, NULL, NULL);
}
