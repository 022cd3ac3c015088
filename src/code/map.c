/* SPDX-License-Identifier: MIT
 * map.c - memory that runs but is not writable where it runs, and the ways to write it all the same.
 *
 *   CODE_DUAL  a memfd, its units mapped RX at the region and as a whole RW elsewhere. No system call to publish.
 *              The RW view is not inherited by children (they share the memory). Works where a mapping may not
 *              gain the right to execute (PR_SET_MDWE, SELinux execmem).
 *   CODE_FLIP  private memory; the pages written to become RW for the length of one call, then RX again.
 *
 * Every mode is tried at opening by committing one unit for real; a refusal leads to the next row of the table
 * below, want of memory or address space to half the size. The clauses of `why` collect what was refused.
 * Units not committed are inaccessible and have no memory, in both modes. The region is never one mapping with both
 * rights: there is no call in this file that asks for PROT_WRITE and PROT_EXEC together.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "code/code.h"
#include "base/os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif
#ifndef PR_GET_MDWE
#define PR_GET_MDWE 66
#endif

/* ---- reasons ---------------------------------------------------------------------- */

static bool seccomp_filter_active(void)
{
	char buf[4096];
	const char *line;
	ssize_t n = 0;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		n = read(fd, buf, sizeof buf - 1);
		close(fd);
	}
	buf[n > 0 ? n : 0] = 0;
	line = strstr(buf, "\nSeccomp:\t");
	return line != NULL && line[10] == '2';
}

static const char *likely_cause(int error)
{
	if (error != EPERM && error != EACCES)
		return "";
	if (error == EACCES && prctl(PR_GET_MDWE, 0L, 0L, 0L, 0L) > 0)
		return " (PR_SET_MDWE is set)";
	if (seccomp_filter_active())
		return " (a seccomp filter is active)";
	if (access("/sys/fs/selinux/enforce", F_OK) == 0)
		return " (SELinux is active)";
	return "";
}

static void add_clause(struct code_reason *r, const char *clause)
{
	size_t n = strlen(r->s);

	snprintf(r->s + n, sizeof r->s - n, "%s%s", n > 0 ? "; " : "", clause);
}

/* Adds `call: error (likely cause)` and says what kind of failure this is. */
static enum code_status because(struct code_reason *r, const char *call, int error)
{
	char clause[200];

	if (r != NULL) {
		snprintf(clause, sizeof clause, "%s: %s%s", call, strerror(error), likely_cause(error));
		add_clause(r, clause);
	}
	return error == ENOMEM || error == ENOSPC || error == EAGAIN ? CODE_NO_MEMORY : CODE_NO_EXEC;
}

/* ---- CODE_DUAL --------------------------------------------------------------------- */

/* Newer kernels want to be told whether a memfd may be executed, and a setting may forbid that it may; mapping is
 * a different right and mostly goes on working. Kernels before 6.3 know neither flag. */
static int open_memfd(void)
{
	static const unsigned flags[] = { MFD_EXEC, MFD_NOEXEC_SEAL, 0 };
	int fd = -1;

	for (unsigned k = 0; k < COUNT_OF(flags) && fd < 0; k++)
		fd = memfd_create("hew-code", MFD_CLOEXEC | flags[k]);
	return fd;
}

static bool still_ours(const struct code_map *m)
{
	struct stat st;

	return m->fd >= 0 && fstat(m->fd, &st) == 0 && st.st_dev == m->dev && st.st_ino == m->ino;
}

/* Traps for a unit, by a system call: want of memory is an error here and not a signal at the first touch, and the writable view takes no
 * page faults, which are most of the time that opening takes. 0 or errno. */
static int fill_dual(const struct code_map *m, size_t at)
{
	enum { PIECE = 4 << 10 };
	uint8_t piece[PIECE];
	struct iovec v[CODE_UNIT / PIECE];
	ssize_t n = 0;

	memset(piece, m->trap, sizeof piece);
	for (unsigned k = 0; k < COUNT_OF(v); k++)
		v[k] = (struct iovec){ piece, sizeof piece };
	do
		n = pwritev(m->fd, v, COUNT_OF(v), (off_t)at);
	while (n < 0 && errno == EINTR);
	return n < 0 ? errno : n == CODE_UNIT ? 0 : ENOSPC;
}

static void punch(const struct code_map *m, size_t at)
{
	fallocate(m->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, CODE_UNIT);
}

static enum code_status commit_dual(struct code_map *m, size_t at, struct code_reason *why)
{
	void *p;
	int error;

	if (!still_ours(m))
		return because(why, "the memfd was closed by somebody else", EBADF);
	error = fill_dual(m, at);
	if (error != 0) {
		punch(m, at);
		return because(why, "writing to a memfd", error);
	}
	p = mmap(m->rx + at, CODE_UNIT, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED | MAP_POPULATE, m->fd, (off_t)at);
	if (p != MAP_FAILED)
		return CODE_OK;
	error = errno;
	punch(m, at);
	return because(why, "mmap(PROT_READ|PROT_EXEC) of a memfd", error);
}

static bool may_write(const struct code_map *m)
{
	return m->mode != CODE_DUAL || m->pid == getpid();
}

static void close_dual(struct code_map *m)
{
	if (m->rw != NULL && may_write(m))	/* in a child something else may have that place by now */
		munmap(m->rw, m->size);
	if (still_ours(m))
		close(m->fd);
	m->rw = NULL;
	m->fd = -1;
}

/* Growing a file past RLIMIT_FSIZE would raise a signal that kills the host, so the limit is read first. */
static enum code_status check_file_limit(const struct code_map *m, struct code_reason *why)
{
	enum { WORTHWHILE = 1 << 20 };
	struct rlimit l;

	if (getrlimit(RLIMIT_FSIZE, &l) != 0 || l.rlim_cur == RLIM_INFINITY || l.rlim_cur >= m->size)
		return CODE_OK;
	add_clause(why, "ftruncate of a memfd: RLIMIT_FSIZE is too low");
	return l.rlim_cur < WORTHWHILE ? CODE_NO_EXEC : CODE_NO_MEMORY;
}

static enum code_status open_dual(struct code_map *m, struct code_reason *why)
{
	enum code_status st = check_file_limit(m, why);
	struct stat id;

	if (st != CODE_OK)
		return st;
	m->fd = open_memfd();
	if (m->fd < 0) {
		because(why, "memfd_create", errno);
		return CODE_NO_EXEC;		/* whatever it was, a smaller one will not help */
	}
	if (fstat(m->fd, &id) != 0 || ftruncate(m->fd, (off_t)m->size) != 0) {
		st = because(why, "ftruncate of a memfd", errno);
		close(m->fd);
		return st;
	}
	m->dev = id.st_dev;
	m->ino = id.st_ino;
	m->pid = getpid();
	m->rw = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	if (m->rw == MAP_FAILED) {
		m->rw = NULL;
		st = because(why, "mmap(PROT_READ|PROT_WRITE) of a memfd", errno);
	} else {
		madvise(m->rw, m->size, MADV_DONTFORK);
		st = commit_dual(m, m->first, why);
	}
	if (st != CODE_OK)
		close_dual(m);
	return st;
}

/* ---- CODE_FLIP --------------------------------------------------------------------- */

/* Runs the copy while [p, p + n), whole pages, is writable. */
static enum code_status flip(uint8_t *p, size_t n, uint8_t *dst, const uint8_t *bytes, size_t len, uint8_t trap,
	struct code_reason *why)
{
	if (mprotect(p, n, PROT_READ | PROT_WRITE) != 0)
		return because(why, "mprotect(PROT_READ|PROT_WRITE)", errno);
	if (bytes != NULL)
		memcpy(dst, bytes, len);
	else
		memset(dst, trap, len);
	if (mprotect(p, n, PROT_READ | PROT_EXEC) != 0)
		return because(why, "mprotect(PROT_READ|PROT_EXEC) of written memory", errno);
	return CODE_OK;
}

static enum code_status commit_flip(struct code_map *m, size_t at, struct code_reason *why)
{
	uint8_t *p = m->rx + at;
	enum code_status st = flip(p, CODE_UNIT, p, NULL, CODE_UNIT, m->trap, why);

	if (st != CODE_OK)
		mmap(p, CODE_UNIT, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	return st;
}

static enum code_status open_flip(struct code_map *m, struct code_reason *why)
{
	return commit_flip(m, m->first, why);
}

/* ---- both ---------------------------------------------------------------------------- */

static const struct {
	enum code_mode mode;
	enum code_status (*open)(struct code_map *m, struct code_reason *why);
} ways[] = {
	[CODE_DUAL] = { CODE_DUAL, open_dual },
	[CODE_FLIP] = { CODE_FLIP, open_flip },
};

/* One way at one size. */
static enum code_status try_way(struct code_map *m, unsigned way, uintptr_t anchor, size_t reach, uint64_t *rnd,
	struct code_reason *why)
{
	enum code_status st;
	uint8_t *p;

	m->mode = ways[way].mode;
	m->fd = -1;
	p = code_place(m->size + 2 * CODE_UNIT, anchor, reach, rnd);
	if (p == NULL) {
		add_clause(why, "no free address space within reach of the anchor");
		return CODE_NO_MEMORY;
	}
	m->rx = p + CODE_UNIT;
	m->first = (size_t)random_below(rnd, (uint32_t)(m->size / CODE_UNIT)) * CODE_UNIT;
	st = ways[way].open(m, why);
	if (st != CODE_OK) {
		munmap(p, m->size + 2 * CODE_UNIT);
		m->rx = NULL;
	}
	return st;
}

enum code_status code_map_open(struct code_map *m, const struct code_options *o, uint64_t *rnd, struct code_reason *why)
{
	enum { DEFAULT_RESERVE = 64 << 20, SLACK = 16 << 20 };
	const size_t two_gib = (size_t)2 << 30;
	size_t want = o->reserve == 0 ? DEFAULT_RESERVE : o->reserve;
	size_t reach = o->reach == 0 ? two_gib - SLACK : o->reach;
	uintptr_t anchor = o->anchor != NULL ? (uintptr_t)o->anchor : (uintptr_t)code_map_open;
	enum code_status st = CODE_NO_EXEC;

	want = want < two_gib ? (want + CODE_UNIT - 1) & ~(size_t)(CODE_UNIT - 1) : two_gib;
	*m = (struct code_map){ .trap = o->trap };
	if (o->force == CODE_NONE)
		add_clause(why, "executable memory is switched off by an option");
	for (unsigned way = (unsigned)o->force; way < COUNT_OF(ways); way++) {
		struct code_reason so_far = *why;

		m->size = want;
		do {
			*why = so_far;		/* of several sizes the last one tells */
			st = try_way(m, way, anchor, reach, rnd, why);
			if (st == CODE_OK)
				return st;
			m->size = m->size / 2 & ~(size_t)(CODE_UNIT - 1);
		} while (st == CODE_NO_MEMORY && m->size > 0);
	}
	return st;
}

void code_map_close(struct code_map *m)
{
	if (m->mode == CODE_DUAL)
		close_dual(m);
	munmap(m->rx - CODE_UNIT, m->size + 2 * CODE_UNIT);
	m->rx = NULL;
}

enum code_status code_map_commit(struct code_map *m, size_t at)
{
	ASSERT(at % CODE_UNIT == 0 && at < m->size);
	if (!may_write(m))
		return CODE_NO_EXEC;
	return m->mode == CODE_DUAL ? commit_dual(m, at, NULL) : commit_flip(m, at, NULL);
}

/* The RX side goes first: an executable page of zeros must not be seen. */
bool code_map_decommit(struct code_map *m, size_t at)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;

	ASSERT(at % CODE_UNIT == 0 && at < m->size);
	if (!may_write(m) || mmap(m->rx + at, CODE_UNIT, PROT_NONE, flags, -1, 0) == MAP_FAILED)
		return false;
	if (m->mode == CODE_DUAL)
		madvise(m->rw + at, CODE_UNIT, MADV_REMOVE);
	return true;
}

enum code_status code_map_write(struct code_map *m, size_t at, const uint8_t *bytes, size_t n)
{
	enum code_status st = CODE_OK;

	ASSERT(at <= m->size && n <= m->size - at);
	if (!may_write(m))
		return CODE_NO_EXEC;
	if (m->mode == CODE_FLIP) {
		size_t page = os_page_size(), from = at & ~(page - 1), to = (at + n + page - 1) & ~(page - 1);

		st = flip(m->rx + from, to - from, m->rx + at, bytes, n, m->trap, NULL);
	} else if (bytes != NULL) {
		memcpy(m->rw + at, bytes, n);
	} else {
		memset(m->rw + at, m->trap, n);
	}
	os_icache_flush(m->rx + at, n);
	return st;
}
