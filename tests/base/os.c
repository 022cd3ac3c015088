/* SPDX-License-Identifier: MIT
 * os.c - pages, time, random numbers, the map of the address space.
 */
#include "base/os/os.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

static void pages_time_random(void **state)
{
	uint64_t t = os_now_ns();
	size_t page = os_page_size();

	(void)state;
	assert_true(page >= 4096 && (page & (page - 1)) == 0);
	usleep(2000);
	assert_in_range(os_now_ns() - t, 1900000, UINT64_C(10000000000));
	assert_true(os_random() != os_random());
	os_icache_flush(&t, sizeof t);
}

struct seen {
	uintptr_t last, data;
	unsigned n, stop_at;
	bool rising, data_found, text_found;
};

static bool look(const struct os_map *m, void *arg)
{
	struct seen *s = arg;

	s->n++;
	s->rising &= m->from >= s->last && m->to > m->from;
	s->last = m->to;
	if (s->data >= m->from && s->data < m->to)
		s->data_found = m->readable && m->writable && !m->executable;
	if ((uintptr_t)look >= m->from && (uintptr_t)look < m->to)
		s->text_found = m->readable && !m->writable && m->executable;
	return s->n != s->stop_at;
}

/* Enough mappings that the text is longer than any one read. */
static void maps_are_read(void **state)
{
	enum { N = 600 };
	size_t page = os_page_size();
	char *p = mmap(NULL, N * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct seen s = { .rising = true, .data = (uintptr_t)(p + 301 * page) };

	(void)state;
	assert_true(p != MAP_FAILED);
	for (size_t i = 1; i < N; i += 2)
		mprotect(p + i * page, page, PROT_READ | PROT_WRITE);
	assert_true(os_maps(look, &s));
	assert_true(s.n >= N && s.rising && s.data_found && s.text_found);
	s = (struct seen){ .stop_at = 3 };
	assert_true(os_maps(look, &s));
	assert_int_equal(s.n, 3);
	munmap(p, N * page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_time_random),
		cmocka_unit_test(maps_are_read),
	};

	return cmocka_run_group_tests_name("os", tests, NULL, NULL);
}
