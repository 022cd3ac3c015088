/* SPDX-License-Identifier: MIT
 * os.c - pages, time, random numbers, instruction cache, the map of the address space. Linux.
 */
#include "base/os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

size_t os_page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

uint64_t os_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Never blocks: before the kernel has gathered entropy, time and address layout have to do. */
uint64_t os_random(void)
{
	uint64_t r;

	if (getrandom(&r, sizeof r, GRND_NONBLOCK) != sizeof r)
		r = os_now_ns() * UINT64_C(0x9e3779b97f4a7c15) ^ (uintptr_t)&r;
	return r;
}

void os_icache_flush(void *from, size_t n)
{
#if defined(__x86_64__)
	(void)from, (void)n;		/* stores are seen by later fetches after any jump */
#else
	__builtin___clear_cache((char *)from, (char *)from + n);
#endif
}

/* ---- /proc/self/maps ---------------------------------------------------------- */

/* One line is `from-to rwxp offset dev inode path`; a path may be longer than any buffer, so the text is taken
 * byte by byte through these stages. */
enum stage { FROM, TO, PERMS, REST };

struct maps_reader {
	struct os_map m;
	enum stage stage;
	bool (*each)(const struct os_map *m, void *arg);
	void *arg;
};

static unsigned hex_digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

/* False: the reader has seen enough. */
static bool take_byte(struct maps_reader *r, char c)
{
	switch (r->stage) {
	case FROM:
		if (c == '-')
			r->stage = TO;
		else
			r->m.from = r->m.from << 4 | hex_digit(c);
		return true;
	case TO:
		if (c == ' ')
			r->stage = PERMS;
		else
			r->m.to = r->m.to << 4 | hex_digit(c);
		return true;
	case PERMS:
		r->m.readable |= c == 'r';
		r->m.writable |= c == 'w';
		r->m.executable |= c == 'x';
		if (c != ' ')
			return true;
		r->stage = REST;
		return r->each(&r->m, r->arg);
	case REST:
		if (c == '\n') {
			r->m = (struct os_map){ 0 };
			r->stage = FROM;
		}
		return true;
	}
	return true;
}

bool os_maps(bool (*each)(const struct os_map *m, void *arg), void *arg)
{
	struct maps_reader r = { .each = each, .arg = arg };
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	bool more = true;
	char buf[4096];
	ssize_t n = 0;

	if (fd < 0)
		return false;
	while (more) {
		n = read(fd, buf, sizeof buf);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n && more; i++)
			more = take_byte(&r, buf[i]);
	}
	close(fd);
	return n >= 0;
}

unsigned os_cpu_extras(void)
{
#if defined(__x86_64__)
	unsigned a, b, c = 0, d;

	return __get_cpuid(1, &a, &b, &c, &d) && c & bit_MOVBE ? OS_CPU_MOVBE : 0;
#else
	return 0;
#endif
}

const char *os_cpu_lacks(void)
{
#if defined(__x86_64__)
	if (!__builtin_cpu_supports("sse4.1"))
		return "SSE4.1";
#endif
	return NULL;
}
