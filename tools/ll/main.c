/* SPDX-License-Identifier: MIT
 * main.c - `hew ll FILE.ll`: reads LLVM's text, compiles all of it, runs main.
 *
 * Exit codes: that of the program; 1 the text is wrong or holds something unsupported (message "hew: FILE:LINE: ..." on
 * stderr, nothing was run), 2 wrong usage.
 */
#include "ll.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <time.h>

extern char **environ;

struct options { const char *file; int level; bool dump_ir, dump_asm, stats, no_run; unsigned repeat; char **args; int n_args; };
struct times { uint64_t *build, *compile; };

static const char usage[] =
	"usage: hew ll [options] FILE.ll [arguments]      FILE may be - for standard input\n"
	"  Reads LLVM IR in its text form, compiles all functions and runs main with the arguments.\n"
	"\n"
	"  -O0, -O1, -O2      -O2 runs all passes (default), the others those of level 1: hew ir --passes\n"
	"  --dump=WHAT        print the functions after optimising: ir, asm, or both with a comma\n"
	"  --stats            print on standard error how much was compiled and how long it took\n"
	"  --repeat=N         compile N times; --stats gives minimum and median\n"
	"  --no-run           compile only\n"
	"  --help             this text\n"
	"\n"
	"exit codes: that of the program; 1 the text is wrong or holds something unsupported; 2 wrong usage\n";

static char *read_all(const char *path, size_t *size)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "rb") : stdin;
	size_t n = 0, cap = 1 << 16;
	char *s = f ? malloc(cap) : NULL, *more;

	while (s) {
		n += fread(s + n, 1, cap - n - 1, f);
		if (n < cap - 1)
			break;
		cap *= 2;
		more = realloc(s, cap);
		if (!more)
			free(s);
		s = more;
	}
	if (s && ferror(f)) {
		free(s);
		s = NULL;
	}
	if (f && f != stdin)
		fclose(f);
	if (s)
		s[n] = 0;
	*size = n;
	return s;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- compiling --------------------------------------------------------------------------------------------------------- */

static struct ll_symbol *main_function(struct ll *m)
{
	return *(struct ll_symbol **)ll_map_at(m, &m->symbols, (struct ll_str){ "main", 4 });
}

/* Behind the last time nobody needs the instructions that were read any more. */
static void build(struct ll *m, struct hew *x, bool last)
{
	ll_keep_list(m, "llvm.global_ctors");
	ll_keep_list(m, "llvm.global_dtors");
	if (main_function(m) && main_function(m)->func)
		main_function(m)->func->local = false;
	for (uint32_t i = 0; i < m->n_funcs; i++) {
		m->built[i] = ll_lower_declare(m, x, m->func[i]);
		if (!m->built[i])
			ll_fail(m, 0, "not enough memory");
	}
	for (uint32_t i = 0; i < m->n_funcs; i++)
		ll_lower(m, m->func[i], m->built[i]);
	if (last)
		ll_free_bodies(m);
}

static void print_dump(char *s)
{
	if (s)
		fputs(s, stdout);
	free(s);
}

static void compile(struct ll *m, struct hew *x, const struct options *o, struct hew_code **code, bool last)
{
	char *ir = NULL, *assembly = NULL;
	struct hew_compile_options c = { .level = o->level < 2 ? 1 : 2, .ir_text = last && o->dump_ir ? &ir : NULL, .asm_text = last && o->dump_asm ? &assembly : NULL };
	enum hew_status s = hew_compile_all(x, (int)m->n_funcs, m->built, &c, code);

	memset(m->built, 0, m->n_funcs * sizeof *m->built);
	print_dump(ir);
	print_dump(assembly);
	fflush(stdout);
	if (s != HEW_OK)
		ll_fail(m, 0, "%.400s", hew_error(x));
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* "NAME=MINIMUM/MEDIAN", in microseconds. */
static void print_times(const char *name, uint64_t *t, unsigned n)
{
	qsort(t, n, sizeof *t, by_size);
	fprintf(stderr, " %s=%.1f/%.1f", name, (double)t[0] / 1000, (double)t[n / 2] / 1000);
}

static void print_stats(const struct ll *m, const struct options *o, struct hew_code *const *code, const struct times *t)
{
	size_t bytes = 0;

	for (uint32_t i = 0; i < m->n_funcs; i++)
		bytes += code[i] ? hew_code_size(code[i]) : 0;
	fprintf(stderr, "ll: functions=%u instructions=%llu bytes=%zu", m->n_funcs, (unsigned long long)m->n_instr, bytes);
	print_times("build_us", t->build, o->repeat);
	print_times("compile_us", t->compile, o->repeat);
	fputc('\n', stderr);
}

static void compile_module(struct ll *m, struct hew *x, const struct options *o, struct hew_code **code)
{
	struct times t = { ll_alloc(m, o->repeat * sizeof *t.build), ll_alloc(m, o->repeat * sizeof *t.compile) };

	mallopt(M_TRIM_THRESHOLD, 64 << 20);	/* what one function gave back is there for the next one */
	mallopt(M_MMAP_THRESHOLD, 16 << 20);
	for (unsigned k = 0; k < o->repeat; k++) {
		uint64_t a = now(), b;

		build(m, x, k + 1 == o->repeat);
		b = now();
		compile(m, x, o, code, k + 1 == o->repeat);
		t.build[k] = b - a;
		t.compile[k] = now() - b;
		if (k + 1 == o->repeat)
			break;
		for (uint32_t i = 0; i < m->n_funcs; i++) {
			hew_release(code[i]);
			code[i] = NULL;
		}
	}
	if (o->stats)
		print_stats(m, o, code, &t);
}

/* ---- running ------------------------------------------------------------------------------------------------------------ */

static struct { struct ll *m; void **entry; } running;

static void at_exit(void) { ll_run_list(running.m, "llvm.global_dtors", running.entry); }

static int run(struct ll *m, const struct options *o, struct hew_code *const *code)
{
	struct ll_symbol *s = main_function(m);
	void **entry = ll_alloc(m, (m->n_funcs + 1) * sizeof *entry);

	if (!s || !s->func)
		ll_fail(m, 0, "there is no function main");
	for (uint32_t i = 0; i < m->n_funcs; i++)
		entry[i] = code[i] ? hew_entry(code[i]) : NULL;
	for (uint32_t i = 0; i < m->n_relocs; i++) {
		uint64_t a = (uintptr_t)entry[m->reloc[i].func->index] + m->reloc[i].add;

		memcpy(m->reloc[i].at, &a, 8);
	}
	running.m = m;
	running.entry = entry;
	atexit(at_exit);
	fflush(stdout);
	ll_run_list(m, "llvm.global_ctors", entry);
	return ((int (*)(int, char **, char **))(uintptr_t)entry[s->func->index])(o->n_args, o->args, environ);
}

static void clean_up(struct ll *m, struct hew_code **code)
{
	for (uint32_t i = 0; m->built && i < m->n_funcs; i++)
		hew_fn_free(m->built[i]);
	for (uint32_t i = 0; code && i < m->n_funcs; i++)
		hew_release(code[i]);
	if (m->scratch)
		ll_free(m->scratch);
	ll_free_globals(m);
}

/* What a program leaves behind (pointers kept by atexit, threads) may need its memory: after running nothing is freed. */
static int work(struct ll *m, struct hew *x, const struct options *o)
{
	struct hew_code **volatile code = NULL;
	jmp_buf here;

	m->escape = &here;
	if (setjmp(here)) {
		fflush(stdout);
		fprintf(stderr, "hew: %s\n", m->error[0] ? m->error : "not enough memory");
		clean_up(m, code);
		return 1;
	}
	ll_parse_module(m);
	ll_make_globals(m);
	free((char *)m->text);		/* what is wanted of it later was copied */
	m->text = NULL;
	m->built = ll_alloc(m, (m->n_funcs + 1) * sizeof *m->built);
	code = ll_alloc(m, (m->n_funcs + 1) * sizeof *code);
	compile_module(m, x, o, code);
	if (o->no_run) {
		clean_up(m, code);
		return 0;
	}
	exit(run(m, o, code));
}

static int wrong(const char *what, const char *arg)
{
	fprintf(stderr, "hew: %s '%s'; `hew ll --help` shows the options\n", what, arg);
	return 2;
}

/* What behind --dump= ; false: not understood. */
static bool dump_option(struct options *o, const char *s)
{
	for (size_t n; *s; s += n + (s[n] == ',')) {
		n = strcspn(s, ",");
		if (n == 2 && !strncmp(s, "ir", n))
			o->dump_ir = true;
		else if (n == 3 && !strncmp(s, "asm", n))
			o->dump_asm = true;
		else
			return false;
	}
	return o->dump_ir || o->dump_asm;
}

/* 0: go on; else what to return, plus 1. */
static int read_options(struct options *o, int argc, char **argv)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		const char *s = argv[i];
		char *end;

		if (!strcmp(s, "--help")) {
			fputs(usage, stdout);
			return 1;
		} else if (!strncmp(s, "-O", 2) && s[2] >= '0' && s[2] <= '2' && !s[3]) {
			o->level = s[2] - '0';
		} else if (!strncmp(s, "--dump=", 7)) {
			if (!dump_option(o, s + 7))
				return wrong("neither ir nor asm:", s) + 1;
		} else if (!strcmp(s, "--stats")) {
			o->stats = true;
		} else if (!strcmp(s, "--no-run")) {
			o->no_run = true;
		} else if (!strncmp(s, "--repeat=", 9)) {
			unsigned long n = strtoul(s + 9, &end, 10);

			if (!s[9] || *end || !n || n > 1000000)
				return wrong("not a number from 1 to 1000000:", s) + 1;
			o->repeat = (unsigned)n;
		} else {
			return wrong("unknown option", s) + 1;
		}
	}
	if (i >= argc) {
		fputs(usage, stderr);
		return 3;
	}
	o->file = argv[i];
	o->args = argv + i;
	o->n_args = argc - i;
	return 0;
}

int hew_ll_command(int argc, char **argv)
{
	struct options o = { .level = 2, .repeat = 1 };
	struct ll m = { 0 };
	struct hew *x = NULL;
	size_t size;
	char *text;
	int status = read_options(&o, argc, argv);
	enum hew_status s;

	if (status)
		return status - 1;
	text = read_all(o.file, &size);
	if (!text) {
		fprintf(stderr, "hew: cannot read %s: %s\n", o.file, strerror(errno));
		return 1;
	}
	s = hew_open(NULL, &x);
	if (s != HEW_OK) {
		fprintf(stderr, "hew: %s\n", x ? hew_error(x) : hew_status_text(s));
		free(text);
		hew_close(x);
		return 1;
	}
	m.file = strcmp(o.file, "-") ? o.file : "<stdin>";
	m.text = text;
	m.end = text + size;
	status = work(&m, x, &o);
	free((char *)m.text);
	ll_free(&m);
	hew_close(x);
	return status;
}
