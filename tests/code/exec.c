/* SPDX-License-Identifier: MIT
 * exec.c - E1.1, E1.2, E1.6: what may be written cannot be run and the reverse, at every moment; an address that is used again
 * never runs what was there before; memory comes back; publishing is cheap.
 *
 * HEW_TEST_CYCLES=10000000 runs the long version of the release test.
 */
#include "code_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

/* ---- E1.1: never writable and executable at once --------------------------------------- */

struct sampler {
	atomic_bool stop;
	atomic_uint samples, bad;
};

static bool judge(const struct os_map *m, void *arg)
{
	struct sampler *w = arg;

	if (m->writable && m->executable)
		w->bad++;
	return true;
}

static void *sample(void *arg)
{
	struct sampler *w = arg;

	while (!w->stop) {
		if (!os_maps(judge, w))
			w->bad++;
		w->samples++;
	}
	return NULL;
}

static void stress(struct code_space *s, unsigned steps)
{
	static struct code_block b[64];
	uint64_t rnd = 3;

	memset(b, 0, sizeof b);
	for (unsigned i = 0; i < steps; i++) {
		struct code_block *one = &b[random_below(&rnd, 64)];

		if (one->rx != NULL)
			assert_int_equal(code_free(s, one), CODE_OK);
		assert_int_equal(publish_const(s, (int)i, random_below(&rnd, 20000), one), CODE_OK);
		assert_int_equal(call(one), (int)i);
	}
	for (int i = 0; i < 64; i++)
		if (b[i].rx != NULL)
			assert_int_equal(code_free(s, &b[i]), CODE_OK);
}

/* Watches the maps of the process from another thread while code comes and goes. */
static void never_writable_and_executable(void **state)
{
	struct sampler w = { .samples = 0 };
	uint64_t end;
	unsigned spaces = 0;
	pthread_t t;

	assert_int_equal(pthread_create(&t, NULL, sample, &w), 0);
	end = os_now_ns() + 300000000;
	while (w.samples < 200 || spaces < 2 || os_now_ns() < end) {
		struct code_space *s = open_mode(state);

		stress(s, 500);
		code_close(s);
		spaces++;
	}
	w.stop = true;
	pthread_join(t, NULL);
	print_message("%u samples, %u spaces\n", (unsigned)w.samples, spaces);
	assert_int_equal(w.bad, 0);
	assert_true(spaces > 1);
}

/* The sampler is no blind man: where the system lets us break the rule, it is seen. */
static void the_sampler_sees(void **state)
{
	struct sampler w = { .samples = 0 };
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	if (p == MAP_FAILED) {
		printf("skipped: the_sampler_sees: the system refuses memory that is writable and executable\n");
		skip();
	}
	assert_true(os_maps(judge, &w));
	assert_int_equal(w.bad, 1);
	munmap(p, 4096);
}

static int write_to(void *arg)
{
	*(volatile uint8_t *)((struct code_block *)arg)->rx = 0;
	return 0;
}

static int call_it(void *arg)
{
	return call(arg);
}

static void write_after_seal_and_call_before_seal_fault(void **state)
{
	struct code_space *s = open_mode(state);
	struct code_block b, was;
	uint8_t bytes[CONST_BYTES];

	const_fn(bytes, 42);
	assert_int_equal(code_alloc(s, sizeof bytes, &b), CODE_OK);
	assert_int_equal(in_child(call_it, &b), 1000 + TRAP_SIGNAL);
	assert_int_equal(code_write(s, &b, 0, bytes, sizeof bytes), CODE_OK);
	assert_int_equal(in_child(call_it, &b), 1000 + TRAP_SIGNAL);	/* written, not sealed */
	assert_int_equal(in_child(write_to, &b), 1000 + SIGSEGV);
	assert_int_equal(code_seal(s, &b), CODE_OK);
	assert_int_equal(in_child(call_it, &b), 42);
	assert_int_equal(in_child(write_to, &b), 1000 + SIGSEGV);
	was = b;
	assert_int_equal(code_free(s, &b), CODE_OK);
	assert_int_equal(in_child(call_it, &was), 1000 + TRAP_SIGNAL);	/* after free */
	assert_int_equal(in_child(write_to, &was), 1000 + SIGSEGV);
	code_close(s);
}

/* A unit that was given back cannot be run either. */
static void given_back_memory_faults(void **state)
{
	struct code_space *s = open_mode(state);
	struct code_block b[40], was[40];
	unsigned segv = 0, trap = 0;

	for (int i = 0; i < 40; i++) {
		assert_int_equal(publish_const(s, i, 65536, &b[i]), CODE_OK);
		was[i] = b[i];
	}
	for (int i = 0; i < 40; i++)
		assert_int_equal(code_free(s, &b[i]), CODE_OK);
	for (int i = 0; i < 40; i++) {
		int got = in_child(call_it, &was[i]);

		segv += got == 1000 + SIGSEGV;
		trap += got == 1000 + TRAP_SIGNAL;
	}
	assert_int_equal(segv + trap, 40);
	assert_true(segv > 0);
	code_close(s);
}

/* ---- E1.2: an address used again ------------------------------------------------------- */

static void no_stale_code(void **state)
{
	struct code_space *s = open_mode(state);
	uint8_t *at = NULL;
	unsigned again = 0;

	for (int i = 0; i < 100000; i++) {
		struct code_block b;

		assert_int_equal(publish_const(s, i * 7919, 64, &b), CODE_OK);
		again += b.rx == at;
		at = b.rx;
		if (call(&b) != i * 7919)
			fail_msg("stale code in round %d", i);
		assert_int_equal(code_free(s, &b), CODE_OK);
	}
	assert_int_equal(again, 99999);
	code_close(s);
}

/* ---- E1.6: memory comes back ------------------------------------------------------------- */

/* From the page tables: the counters in statm are summed up per CPU and may be off by hundreds of KiB. */
static long resident_kib(void)
{
	long kib = 0;
	char line[256];
	FILE *f = fopen("/proc/self/smaps_rollup", "r");

	assert_non_null(f);
	while (kib == 0 && fgets(line, sizeof line, f) != NULL)
		sscanf(line, "Rss: %ld", &kib);
	fclose(f);
	assert_true(kib > 0);
	return kib;
}

static void cycles(struct code_space *s, struct code_block b[64], uint64_t *rnd, long n)
{
	uint8_t bytes[CONST_BYTES];

	const_fn(bytes, 1);
	for (long i = 0; i < n; i++) {
		struct code_block *one = &b[random_below(rnd, 64)];

		if (one->rx != NULL && code_free(s, one) != CODE_OK)
			fail();
		if (publish(s, bytes, sizeof bytes, 16 + random_below(rnd, 2000), one) != CODE_OK)
			fail();
	}
}

static void resident_memory_is_flat(void **state)
{
	const char *env = getenv("HEW_TEST_CYCLES");
	enum code_mode mode = *(enum code_mode *)*state;
	long most = env != NULL ? atol(env) : mode == CODE_DUAL ? 1000000 : 200000, first = 100000, early, late;
	struct code_block b[64] = { { NULL, 0, 0 } };
	struct code_space *s;
	struct code_stats st;
	uint64_t rnd = 1;

	if (BASE_ASAN) {
		printf("skipped: resident memory stays flat: AddressSanitizer's quarantine of freed memory grows\n");
		skip();
	}
	s = open_mode(state);
	first = first < most / 2 ? first : most / 2;
	assert_int_equal(publish_const(s, 1, 512 << 10, &b[0]), CODE_OK);	/* units that stay, more than are needed */
	assert_int_equal(code_free(s, &b[0]), CODE_OK);
	resident_kib();			/* the reading itself touches pages of libc */
	cycles(s, b, &rnd, first);
	early = resident_kib();
	cycles(s, b, &rnd, most - first);
	late = resident_kib();
	code_get_stats(s, &st);
	print_message("resident %ld KiB after %ld cycles, %ld KiB after %ld; %zu KiB committed\n", early, first, late, most,
		st.committed >> 10);
	assert_in_range(late, early - early / 100, early + early / 100);
	assert_true(code_check(s));
	code_close(s);
}

/* 32 MiB of code come and go: what stays is the idle reserve, in both views. */
static void a_peak_is_given_back(void **state)
{
	enum { N = 1024 };
	static struct code_block b[N];
	struct code_space *s = open_mode(state);
	struct code_stats st;
	long before = resident_kib(), peak, after;

	for (int i = 0; i < N; i++)
		assert_int_equal(publish_const(s, i, 32768, &b[i]), CODE_OK);
	peak = resident_kib();
	for (int i = N; i-- > 0;) {
		assert_int_equal(call(&b[i]), i);
		assert_int_equal(code_free(s, &b[i]), CODE_OK);
	}
	after = resident_kib();
	code_get_stats(s, &st);
	assert_true(st.peak == (size_t)N * 32768 && st.committed <= 17 << 16);
	assert_true(peak > before + (30 << 10));
	assert_true(BASE_ASAN || after < before + (4 << 10));
	code_close(s);
}

/* ---- figures ------------------------------------------------------------------------------- */

/* 512 bytes beside 1,000 live functions: a publish, a release. The bar is 1 us; this only guards against disasters. */
static void publishing_is_cheap(void **state)
{
	enum { LIVE = 1000, N = 20000 };
	static struct code_block live[LIVE];
	struct code_space *s = open_mode(state);
	uint8_t bytes[512];
	uint64_t from, in = 0, out = 0, rnd = 1;

	memset(bytes, TRAP, sizeof bytes);
	const_fn(bytes, 1);
	for (int i = 0; i < LIVE; i++)
		assert_int_equal(publish(s, bytes, sizeof bytes, sizeof bytes, &live[i]), CODE_OK);
	for (int i = 0; i < N; i++) {
		struct code_block *b = &live[random_below(&rnd, LIVE)];

		from = os_now_ns();
		code_free(s, b);
		out += os_now_ns() - from;
		from = os_now_ns();
		publish(s, bytes, sizeof bytes, sizeof bytes, b);
		in += os_now_ns() - from;
	}
	print_message("publish %lu ns, free %lu ns\n", (unsigned long)(in / N), (unsigned long)(out / N));
	assert_true(in / N < 200000 && out / N < 200000);
	from = os_now_ns();
	for (int i = 0; i < 20; i++)
		code_close(open_mode(state));
	print_message("open and close %lu us\n", (unsigned long)(os_now_ns() - from) / 20000);
	code_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_BOTH_MODES(never_writable_and_executable),
		cmocka_unit_test(the_sampler_sees),
		IN_BOTH_MODES(write_after_seal_and_call_before_seal_fault),
		IN_BOTH_MODES(given_back_memory_faults),
		IN_BOTH_MODES(no_stale_code),
		IN_BOTH_MODES(resident_memory_is_flat),
		IN_BOTH_MODES(a_peak_is_given_back),
		IN_BOTH_MODES(publishing_is_cheap),
	};

	return cmocka_run_group_tests_name("code exec", tests, NULL, NULL);
}
