// SPDX-License-Identifier: MIT
/* lua_diff.c - runs random Lua programs under two commands and compares.
 *
 *   lua_diff [-n COUNT] [-s SEED] [-b BATCH] [-z SIZE] [-t SECONDS] [-l]
 *            GENERATOR COMMAND1 COMMAND2
 *
 * GENERATOR is the path of lua_gen; each command gets the name of a script
 * appended (and with -l the argument "loose", for comparing with another
 * implementation).  For example
 *
 *   lua_diff -n 3000 ./lua_gen "hew lua --jit=off" "hew lua --jit-threshold=2"
 *
 * Method: BATCH programs (default 50) go into one script, so that starting
 * processes costs little.  Standard output is cut at the lines "== seed";
 * programs whose parts differ, or that are missing because the process died
 * or ran out of time, are run again each in a script of its own.  What
 * differs only in company is reported as the batch.  For each difference one
 * line to replay it is printed, and ten are enough; the last line is
 * "N passed, N failed".
 * Exit status: 0 all the same, 1 differences, 2 wrong use or no generator.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_BATCH = 1000, ENOUGH = 10 };

struct options {
	unsigned long long count, seed, batch;
	int size, seconds;
	bool loose;
	const char *generator, *command[2];
};

/* What one run printed; part[i] is the output of program i of the batch. */
struct run {
	char *text;
	size_t length;
	int status;			/* as from waitpid; -1 out of time */
	const char *part[MAX_BATCH];
	size_t part_length[MAX_BATCH];
};

static char directory[] = "/tmp/lua_diff.XXXXXX";

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "lua_diff: %s: %s\n", what, strerror(errno));
	exit(2);
}

static const char *path_of(const char *name)
{
	static char path[2][64];
	static int turn;

	turn ^= 1;
	snprintf(path[turn], sizeof path[turn], "%s/%s", directory, name);
	return path[turn];
}

/* Runs a shell command with its output in two files; kills it and all its
 * children after so many seconds.  Returns the wait status, or -1. */
static int shell(const char *command, const char *out, const char *err, int seconds)
{
	const struct timespec nap = { .tv_nsec = 2000000 };
	time_t deadline = time(NULL) + seconds + 1;
	int status;
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		setpgid(0, 0);
		if (!freopen(out, "w", stdout) || !freopen(err, "w", stderr))
			_exit(126);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (time(NULL) > deadline) {
			kill(-pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -1;
		}
		nanosleep(&nap, NULL);
	}
	return status;
}

static char *read_all(const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	char *text = NULL;
	size_t room = 0, n = 0, got;

	if (!file)
		die(path);
	do {
		room = room ? room * 2 : 65536;
		text = realloc(text, room + 1);
		if (!text)
			die("memory");
		got = fread(text + n, 1, room - n, file);
		n += got;
	} while (n == room);
	fclose(file);
	text[n] = '\0';
	*length = n;
	return text;
}

/* Finds the parts of programs seed .. seed+count-1 in the output. */
static void cut(struct run *r, unsigned long long seed, unsigned long long count)
{
	const char *at = r->text, *end = r->text + r->length;
	long long open = -1;

	memset(r->part, 0, sizeof r->part);
	while (at < end) {
		const char *next = memchr(at, '\n', (size_t)(end - at));
		unsigned long long n;

		next = next ? next + 1 : end;
		if (sscanf(at, "== %llu", &n) == 1 && n >= seed && n < seed + count) {
			open = (long long)(n - seed);
			r->part[open] = at;
		}
		if (open >= 0)
			r->part_length[open] = (size_t)(next - r->part[open]);
		at = next;
	}
}

static void generate(const struct options *o, unsigned long long seed, unsigned long long count)
{
	char command[4096];

	snprintf(command, sizeof command, "exec %s -n %llu %llu %d", o->generator, count, seed, o->size);
	if (shell(command, path_of("batch.lua"), path_of("err"), 60) != 0) {
		fprintf(stderr, "lua_diff: '%s' failed\n", command);
		exit(2);
	}
}

static void execute(const struct options *o, int which, unsigned long long seed, unsigned long long count,
		    struct run *r)
{
	char command[4096];

	snprintf(command, sizeof command, "exec %s %s%s", o->command[which], path_of("batch.lua"),
		 o->loose ? " loose" : "");
	r->status = shell(command, path_of("out"), path_of(which ? "err1" : "err0"), o->seconds);
	r->text = read_all(path_of("out"), &r->length);
	cut(r, seed, count);
}

static bool same_part(const struct run *a, const struct run *b, unsigned long long i)
{
	return a->part[i] && b->part[i] && a->part_length[i] == b->part_length[i] &&
	       memcmp(a->part[i], b->part[i], a->part_length[i]) == 0;
}

static void describe(const char *name, const char *err, const struct run *r)
{
	FILE *file = r->status ? fopen(path_of(err), "r") : NULL;
	char line[300];

	if (r->status == -1)
		printf("  %s ran out of time\n", name);
	else if (WIFSIGNALED(r->status))
		printf("  %s died of signal %d\n", name, WTERMSIG(r->status));
	else if (WEXITSTATUS(r->status) != 0)
		printf("  %s gave exit status %d\n", name, WEXITSTATUS(r->status));
	for (int i = 0; file && i < 12 && fgets(line, sizeof line, file); i++)
		printf("    %.*s\n", (int)strcspn(line, "\n"), line);
	if (file)
		fclose(file);
}

/* The first line in which two outputs differ. */
static void first_difference(const struct run *a, const struct run *b)
{
	size_t i = 0, start = 0;

	while (i < a->length && i < b->length && a->text[i] == b->text[i])
		if (a->text[i++] == '\n')
			start = i;
	printf("  < %.*s\n", (int)strcspn(a->text + start, "\n"), a->text + start);
	printf("  > %.*s\n", (int)strcspn(b->text + start, "\n"), b->text + start);
}

static void report(const struct options *o, unsigned long long seed, unsigned long long count,
		   const struct run *a, const struct run *b)
{
	const char *loose = o->loose ? " loose" : "";

	if (count == 1)
		printf("seed %llu differs\n", seed);
	else
		printf("seeds %llu..%llu differ, only together\n", seed, seed + count - 1);
	describe("first", "err0", a);
	describe("second", "err1", b);
	first_difference(a, b);
	printf("  replay: %s -n %llu %llu %d >t.lua; %s t.lua%s >a; %s t.lua%s >b; diff a b\n", o->generator,
	       count, seed, o->size, o->command[0], loose, o->command[1], loose);
	fflush(stdout);
}

/* Runs the programs under both commands; returns true if all is the same.
 * differs[i] is set for those that are not. */
static bool compare(const struct options *o, unsigned long long seed, unsigned long long count,
		    bool *differs, bool tell)
{
	static struct run a, b;
	bool same;

	generate(o, seed, count);
	execute(o, 0, seed, count, &a);
	execute(o, 1, seed, count, &b);
	same = a.status == b.status && a.status == 0 && a.length == b.length &&
	       memcmp(a.text, b.text, a.length) == 0;
	for (unsigned long long i = 0; i < count; i++)
		differs[i] = !same && (a.status != 0 || b.status != 0 || !same_part(&a, &b, i));
	/* what was complete before a death is fine */
	for (unsigned long long i = 0; i + 1 < count; i++)
		if (differs[i] && a.part[i + 1] && b.part[i + 1] && same_part(&a, &b, i))
			differs[i] = false;
	if (!same && tell)
		report(o, seed, count, &a, &b);
	free(a.text);
	free(b.text);
	return same;
}

/* Returns the number of programs of the batch that differ. */
static unsigned long long batch(const struct options *o, unsigned long long seed, unsigned long long count)
{
	static bool differs[MAX_BATCH];
	unsigned long long failed = 0;
	bool one;

	if (compare(o, seed, count, differs, count == 1))
		return 0;
	if (count == 1)
		return 1;
	for (unsigned long long i = 0; i < count && failed < ENOUGH; i++)
		if (differs[i])
			failed += !compare(o, seed + i, 1, &one, true);
	if (failed == 0) {
		compare(o, seed, count, differs, true);
		failed = 1;
	}
	return failed;
}

static bool parse(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "n:s:b:z:t:l")) != -1) {
		switch (c) {
		case 'n': o->count = strtoull(optarg, NULL, 10); break;
		case 's': o->seed = strtoull(optarg, NULL, 10); break;
		case 'b': o->batch = strtoull(optarg, NULL, 10); break;
		case 'z': o->size = atoi(optarg); break;
		case 't': o->seconds = atoi(optarg); break;
		case 'l': o->loose = true; break;
		default: return false;
		}
	}
	if (argc - optind != 3 || o->batch < 1 || o->batch > MAX_BATCH || o->seconds < 1)
		return false;
	o->generator = argv[optind];
	o->command[0] = argv[optind + 1];
	o->command[1] = argv[optind + 2];
	return true;
}

int main(int argc, char **argv)
{
	struct options o = { .count = 3000, .seed = 1, .batch = 50, .size = 20, .seconds = 60 };
	unsigned long long failed = 0, done = 0;
	static const char *const files[] = { "batch.lua", "out", "err", "err0", "err1" };

	if (!parse(&o, argc, argv)) {
		fputs("usage: lua_diff [-n COUNT] [-s SEED] [-b BATCH] [-z SIZE] [-t SECONDS] [-l]\n"
		      "                GENERATOR COMMAND1 COMMAND2\n", stderr);
		return 2;
	}
	if (!mkdtemp(directory))
		die(directory);
	while (done < o.count && failed < ENOUGH) {
		unsigned long long n = o.count - done < o.batch ? o.count - done : o.batch;

		failed += batch(&o, o.seed + done, n);
		done += n;
	}
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		unlink(path_of(files[i]));
	rmdir(directory);
	printf("%llu passed, %llu failed\n", failed < ENOUGH ? done - failed : 0, failed);
	return failed ? 1 : 0;
}
