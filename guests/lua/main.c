/* SPDX-License-Identifier: MIT
 * main.c - the command `hew lua`: options, scripts, the interactive loop.
 *
 * Behaves as the standalone `lua` does (options, `arg`, LUA_INIT, exit codes, tracebacks), but messages start with
 * "hew: ", and long options control the compiler. Everything of the VM happens below lv_main, inside one C function's
 * frame, so that tracebacks end as users know them: "[C]: in ?".
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "heap.h"
#ifdef HEW_HAVE_LIBEDIT
#include <editline/readline.h>
#endif

#define VERSION "Lua 5.4 (hew)"

/* A function of n instructions is compiled when about as much time has gone into interpreting it as compiling takes: that is
 * 40 us and 2 us for each instruction, and code saves 1.2 ns for each instruction of a call (`--jit-stats`, examples/lua/errors.lua). */
enum { CALLS = 2000, SMALL_CODE = 32000 };

struct command {
	int argc;
	char **argv;
	int script;			/* index of the script's name in argv; argc: none */
	bool interactive, version, ignore_env, warnings;
	bool fail_each;
	long fail_every, fail_counter;
	bool jit, jit_stats, dump_bytecode, dump_ir, dump_asm;
	long threshold;			/* -1: not given */
	size_t memory;
	bool ok;
};

static const char help[] =
	"usage: hew lua [options] [script [args]]\n"
	"\n"
	"Runs a Lua 5.4 program: interpreted while cold, as native code when hot.\n"
	"Without script and options it reads commands, from a terminal line by line, else a whole program.\n"
	"\n"
	"  -e stat            execute string 'stat'\n"
	"  -i                 enter interactive mode after executing 'script'\n"
	"  -l mod             require library 'mod' into global 'mod'\n"
	"  -l g=mod           require library 'mod' into global 'g'\n"
	"  -v, --version      show version information\n"
	"  -E                 ignore environment variables (LUA_INIT, LUA_PATH, LUA_CPATH)\n"
	"  -W                 turn warnings on\n"
	"  --                 stop handling options\n"
	"  -                  stop handling options and execute stdin\n"
	"  --jit=on|off       compile hot functions (default: on)\n"
	"  --jit-threshold=N  calls, and turns of a loop, before a function is compiled (0: at once);\n"
	"                     by default it depends on its length: 2000 calls or 16000 turns, more if short\n"
	"  --jit-fail=each    for tests: every guard of compiled code fails the first time\n"
	"  --jit-fail=K       for tests: every K-th guard that is executed fails\n"
	"  --jit-stats        print at the end what was compiled and why compiled code was left\n"
	"  --dump=LIST        print parts of the work, comma separated: bytecode (of every chunk run from\n"
	"                     the command line), ir, asm (of every function compiled)\n"
	"  --memory=N[kmg]    limit of the collected heap, in bytes; beyond it: \"not enough memory\"\n"
	"  -h, --help         print this\n"
	"\n"
	"Environment: LUA_INIT_5_4 or LUA_INIT is run first (a string, or @file); LUA_PATH, LUA_CPATH as in package.path.\n"
	"Exit status: 0 when all went well; 1 after a wrong option, an error in a script, a file that cannot be read or a\n"
	"lack of memory (the message and a traceback go to stderr); what the script gives to os.exit.\n";

/* ---- messages and signals --------------------------------------------------------------------------- */

static void say(const char *msg)
{
	fflush(stdout);
	fprintf(stderr, "hew: %s\n", msg);
	fflush(stderr);
}

static struct lv_state *interrupted;	/* a signal handler has no other way to find the VM */

static void on_sigint(int sig)
{
	signal(sig, SIG_DFL);		/* a second one ends the process */
	__atomic_or_fetch(&interrupted->interrupt, LV_INT_SIGNAL, __ATOMIC_RELAXED);
}

/* Message handler: error value to text with a traceback. */
static int on_error(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_value tostring;
	struct lv_str *s;

	if (n == 0)
		return 0;
	if (a->tag == LV_STR || lv_isnum(a)) {
		s = lv_tostr(L, a);
	} else if (lv_metafield(L, a, LV_EV_TOSTRING, &tostring)) {
		lv_pushstr(L, lv_tostr(L, a));
		return 1;
	} else {
		s = lv_strf(L, "(error object is a %s value)", lv_typename(a));
	}
	lv_pushstr(L, lv_traceback(L, L->thread, s->s, 1));
	return 1;
}

static bool report(struct lv_state *L, enum lv_status s, const struct lv_value *err)
{
	if (s != LV_OK)
		say(err->tag == LV_STR ? err->s->s : lv_isnum(err) ? lv_num2str(L, err)->s : "(error object is not a string)");
	return s == LV_OK;
}

/* Calls f with n arguments above it; Ctrl-C stops it. */
static enum lv_status call(struct lv_state *L, struct lv_value *f, int n, int want)
{
	struct lv_value handler;
	enum lv_status s;

	lv_setobj(&handler, lv_cfunc(L, on_error, "?", 0), LV_CFUNC);
	interrupted = L;
	signal(SIGINT, on_sigint);
	s = lv_pcall(L, f, n, want, &handler);
	signal(SIGINT, SIG_DFL);
	return s;
}

/* ---- chunks -------------------------------------------------------------------------------------------- */

static struct lv_value *reserve(struct lv_state *L)
{
	struct lv_value *f = L->top;

	lv_setnil(f);
	lv_setnil(f + 1);
	L->top = f + 2;
	return f;
}

static void list_chunk(struct lv_state *L, const struct command *c, const struct lv_value *f)
{
	if (c->dump_bytecode && f->tag == LV_FUNC)
		fputs(lv_listing(L, f->f->p)->s, stdout);
}

/* Runs what lv_load or lv_loadfile left in f[0] with n arguments behind it. */
static bool run_chunk(struct lv_state *L, const struct command *c, enum lv_status s, struct lv_value *f, int n)
{
	if (s == LV_OK) {
		list_chunk(L, c, f);
		s = call(L, f, n, 0);
	}
	L->top = f;
	return report(L, s, f);
}

static bool run_string(struct lv_state *L, const struct command *c, const char *text, const char *name)
{
	struct lv_value *f = reserve(L);

	return run_chunk(L, c, lv_load(L, text, strlen(text), name, NULL, f), f, 0);
}

static bool run_file(struct lv_state *L, const struct command *c, const char *path)
{
	struct lv_value *f = reserve(L);

	return run_chunk(L, c, lv_loadfile(L, path, NULL, f), f, 0);
}

static bool run_script(struct lv_state *L, const struct command *c)
{
	const char *path = c->argv[c->script];
	struct lv_value *f = reserve(L);
	int n = c->argc - c->script - 1;
	enum lv_status s;

	if (strcmp(path, "-") == 0 && (c->script == 0 || strcmp(c->argv[c->script - 1], "--") != 0))
		path = NULL;
	s = lv_loadfile(L, path, NULL, f);
	lv_checkstack(L, (size_t)n + LV_MINSTACK);
	for (int i = 0; i < n; i++)
		lv_pushz(L, c->argv[c->script + 1 + i]);
	return run_chunk(L, c, s, f, n);
}

/* -l mod, -l g=mod */
static bool run_require(struct lv_state *L, const char *what)
{
	const char *eq = strchr(what, '='), *mod = eq ? eq + 1 : what;
	struct lv_value *f = reserve(L);
	enum lv_status s;

	lv_getstr(L->globals, lv_strz(L, "require"), f);
	lv_pushz(L, mod);
	s = call(L, f, 1, 1);
	if (s == LV_OK)
		lv_setfield(L, L->globals, lv_str(L, what, eq ? (size_t)(eq - what) : strlen(what)), f);
	L->top = f;
	return report(L, s, f);
}

static bool run_init(struct lv_state *L, const struct command *c)
{
	const char *name = "=LUA_INIT_5_4", *init = getenv(name + 1);

	if (!init) {
		name = "=LUA_INIT";
		init = getenv(name + 1);
	}
	if (!init)
		return true;
	return *init == '@' ? run_file(L, c, init + 1) : run_string(L, c, init, name);
}

static void call_warn(struct lv_state *L, const char *control)
{
	struct lv_value *f = reserve(L);

	lv_getstr(L->globals, lv_strz(L, "warn"), f);
	if (lv_isfunction(f)) {
		lv_pushz(L, control);
		lv_pcall(L, f, 1, 0, NULL);
	}
	L->top = f;
}

/* ---- the interactive loop ---------------------------------------------------------------------------------- */

/* One line without its newline, malloc'd; NULL at the end of input. */
static char *read_line(const char *prompt)
{
#ifdef HEW_HAVE_LIBEDIT
	if (isatty(0))
		return readline(prompt);
#endif
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	fputs(prompt, stdout);
	fflush(stdout);
	n = getline(&line, &room, stdin);
	if (n < 0) {
		free(line);
		return NULL;
	}
	if (n > 0 && line[n - 1] == '\n')
		line[n - 1] = 0;
	return line;
}

static void remember_line(const char *line)
{
#ifdef HEW_HAVE_LIBEDIT
	if (*line && isatty(0))
		add_history(line);
#else
	(void)line;
#endif
}

static const char *prompt_text(struct lv_state *L, bool first)
{
	struct lv_value v;

	lv_getstr(L->globals, lv_strz(L, first ? "_PROMPT" : "_PROMPT2"), &v);
	return v.tag == LV_NIL ? (first ? "> " : ">> ") : lv_tostr(L, &v)->s;
}

static struct lv_str *next_line(struct lv_state *L, bool first)
{
	const char *prompt = prompt_text(L, first);
	char *line = read_line(prompt);
	struct lv_str *s;

	if (!line)
		return NULL;
	remember_line(line);
	s = first && line[0] == '=' ? lv_strf(L, "return %s", line + 1) : lv_strz(L, line);
	free(line);
	return s;
}

static bool incomplete(enum lv_status s, const struct lv_value *msg)
{
	static const char mark[] = "<eof>";
	size_t n = sizeof mark - 1;

	return s == LV_ERRSYNTAX && msg->tag == LV_STR && msg->s->len >= n && strcmp(msg->s->s + msg->s->len - n, mark) == 0;
}

/* Reads one command, an expression or a statement that may go on over lines. False: end of input. */
static bool read_command(struct lv_state *L, struct lv_value *f, enum lv_status *s)
{
	struct lv_str *text = next_line(L, true), *more;

	if (!text)
		return false;
	more = lv_strf(L, "return %s;", text->s);
	*s = lv_load(L, more->s, more->len, "=stdin", NULL, f);
	if (*s == LV_OK)
		return true;
	for (;;) {
		*s = lv_load(L, text->s, text->len, "=stdin", NULL, f);
		if (!incomplete(*s, f))
			return true;
		more = next_line(L, false);
		if (!more)
			return true;
		text = lv_strf(L, "%s\n%s", text->s, more->s);
	}
}

static void print_results(struct lv_state *L, struct lv_value *f)
{
	int n = (int)(L->top - f);

	if (n == 0)
		return;
	lv_checkstack(L, LV_MINSTACK);
	memmove(f + 2, f, (size_t)n * sizeof *f);
	L->top = f + 2 + n;
	lv_getstr(L->globals, lv_strz(L, "print"), f);
	if (lv_pcall(L, f, n, 0, NULL) != LV_OK)
		say(lv_strf(L, "error calling 'print' (%s)", f->tag == LV_STR ? f->s->s : "?")->s);
}

static void repl(struct lv_state *L, const struct command *c)
{
	struct lv_value *f = reserve(L);
	enum lv_status s;

	for (; read_command(L, f, &s); L->top = f + 2) {
		if (s == LV_OK) {
			list_chunk(L, c, f);
			s = call(L, f, 0, LV_OPEN);
		}
		if (s == LV_OK)
			print_results(L, f);
		else
			report(L, s, f);
	}
	L->top = f;
	fputs("\n", stdout);
	fflush(stdout);
}

/* ---- options --------------------------------------------------------------------------------------------------- */

static bool usage_error(const char *what, const char *arg)
{
	fprintf(stderr, "hew: %s '%s'\n%s", what, arg, help);
	return false;
}

static bool parse_size(const char *s, size_t *out)
{
	char *end;
	unsigned long long n = strtoull(s, &end, 10);
	int shift = *end == 'k' ? 10 : *end == 'm' ? 20 : *end == 'g' ? 30 : 0;

	if (end == s || *s == '-' || (shift && *++end) || *end || n > SIZE_MAX >> shift)
		return false;
	*out = (size_t)n << shift;
	return true;
}

static bool parse_dump(struct command *c, const char *list)
{
	char word[16];
	int n;

	while (sscanf(list, "%15[^,]%n", word, &n) == 1) {
		if (strcmp(word, "bytecode") == 0)
			c->dump_bytecode = true;
		else if (strcmp(word, "ir") == 0)
			c->dump_ir = true;
		else if (strcmp(word, "asm") == 0)
			c->dump_asm = true;
		else
			return false;
		list += n;
		if (!*list)
			return true;
		list++;
	}
	return false;
}

static bool long_option(struct command *c, const char *o)
{
	const char *v = strchr(o, '=');
	size_t n = v ? (size_t)(v - o) : strlen(o), size;

	v = v ? v + 1 : "";
	if (strcmp(o, "--help") == 0) {
		fputs(help, stdout);
		exit(0);
	}
	if (strcmp(o, "--version") == 0)
		c->version = true;
	else if (strcmp(o, "--jit=on") == 0 || strcmp(o, "--jit=off") == 0)
		c->jit = strcmp(v, "on") == 0;
	else if (strcmp(o, "--jit-fail=each") == 0)
		c->fail_each = true;
	else if (n == 10 && memcmp(o, "--jit-fail", n) == 0 && parse_size(v, &size) && size > 0 && size <= INT32_MAX)
		c->fail_every = (long)size;
	else if (strcmp(o, "--jit-stats") == 0)
		c->jit_stats = true;
	else if (n == 15 && memcmp(o, "--jit-threshold", n) == 0 && parse_size(v, &size) && size <= INT32_MAX)
		c->threshold = (long)size;
	else if (n == 8 && memcmp(o, "--memory", n) == 0 && parse_size(v, &size) && size > 0)
		c->memory = size;
	else if (n != 6 || memcmp(o, "--dump", n) != 0 || !parse_dump(c, v))
		return usage_error("unrecognized option", o);
	return true;
}

/* One short option; *i moves over an argument that stands apart. */
static bool short_option(struct command *c, int *i)
{
	const char *o = c->argv[*i];

	switch (o[1]) {
	case 'i': c->interactive = c->version = true; break;
	case 'v': c->version = true; break;
	case 'E': c->ignore_env = true; break;
	case 'W': c->warnings = true; break;
	case 'h': long_option(c, "--help"); break;
	case 'e': case 'l':
		if (!o[2] && (++*i >= c->argc || c->argv[*i][0] == '-'))
			return usage_error("missing argument of option", o);
		return true;
	default:
		return usage_error("unrecognized option", o);
	}
	return !o[2] || usage_error("unrecognized option", o);
}

static bool parse_options(struct command *c)
{
	int i;

	for (i = 1; i < c->argc && c->argv[i][0] == '-' && c->argv[i][1]; i++) {
		const char *o = c->argv[i];

		if (strcmp(o, "--") == 0) {
			i++;
			break;
		}
		if (!(o[1] == '-' ? long_option(c, o) : short_option(c, &i)))
			return false;
	}
	c->script = i;
	return true;
}

/* -e and -l and -W in the order given. */
static bool run_options(struct lv_state *L, const struct command *c)
{
	for (int i = 1; i < c->script; i++) {
		const char *o = c->argv[i], *arg;

		if (o[0] != '-' || (o[1] != 'e' && o[1] != 'l'))
			continue;
		arg = o[2] ? o + 2 : c->argv[++i];
		if (!(o[1] == 'e' ? run_string(L, c, arg, "=(command line)") : run_require(L, arg)))
			return false;
	}
	return true;
}

static void make_arg(struct lv_state *L, const struct command *c)
{
	struct lv_table *t = lv_table(L, (uint32_t)(c->argc - c->script), 4);
	int zero = c->script < c->argc ? c->script : 0;
	struct lv_value v;

	for (int i = 0; i < c->argc; i++) {
		lv_setstr(&v, lv_strz(L, c->argv[i]));
		lv_seti(L, t, i - zero, &v);
	}
	lv_setobj(&v, t, LV_TABLE);
	lv_setz(L, L->globals, "arg", &v);
}

/* The whole program, as a C function of the VM; its upvalue is the command. */
static int program(struct lv_state *L, struct lv_value *a, int n)
{
	struct command *c = a[0].p;
	bool script = c->script < c->argc;

	(void)n;
	if (c->version)
		puts(VERSION);
	if (c->ignore_env) {
		struct lv_value yes;

		lv_setbool(&yes, true);
		lv_setz(L, L->registry, "LUA_NOENV", &yes);
	}
	make_arg(L, c);
	if (c->warnings)
		call_warn(L, "@on");
	c->ok = (c->ignore_env || run_init(L, c)) && run_options(L, c) && (!script || run_script(L, c));
	if (!c->ok)
		return 0;
	if (c->interactive) {
		repl(L, c);
	} else if (!script && !c->version && c->script == 1) {
		if (isatty(0)) {
			puts(VERSION);
			repl(L, c);
		} else {
			c->ok = run_file(L, c, NULL);
		}
	}
	return 0;
}

static void start(struct lv_state *L, void *arg)
{
	struct lv_value *f = reserve(L);

	lv_setobj(f, lv_cfunc(L, program, "?", 0), LV_CFUNC);
	lv_setobj(L->top++, arg, LV_LIGHT);
	lv_call(L, f, 1, 0);
}

/* ---- the compiler's doings: --jit-stats, --dump=ir,asm ------------------------------------------------------------- */

/* Where a compiled function stands in the source; func is its prototype or a closure of it. */
static const char *place(const void *func, char out[96])
{
	const struct lv_obj *o = func;
	const struct lv_proto *p = o->tag == LV_FUNC ? ((const struct lv_closure *)func)->p : func;
	char src[60];

	lv_shortsrc(p->source, src);
	snprintf(out, 96, "%s:%d", src, (int)p->linedefined);
	return out;
}

static void on_event(void *arg, const struct hew_event *e)
{
	static const char *const what[] = { "compiled", "not compiled", "leaves too often", "retired", "barred", "freed" };
	const struct command *c = arg;
	char at[96] = "", entry[32];

	if (e->kind != HEW_EV_FREED && e->func)
		place(e->func, at);
	if (e->pc == HEW_AT_ENTRY)
		snprintf(entry, sizeof entry, "entry");
	else
		snprintf(entry, sizeof entry, "pc %" PRIu32, e->pc);
	if (c->jit_stats && e->kind == HEW_EV_COMPILED)
		fprintf(stderr, "jit: compiled %s (%s): %" PRIu64 " us, %zu bytes\n", at, entry, e->ns / 1000, e->bytes);
	else if (c->jit_stats && e->kind != HEW_EV_FREED)
		fprintf(stderr, "jit: %s %s (%s)%s%s\n", what[e->kind], at, entry, e->why ? ": " : "", e->why ? e->why : "");
	if (c->dump_ir && e->ir)
		printf("-- ir of %s (%s)\n%s", at, entry, e->ir);
	if (c->dump_asm && e->assembly)
		printf("-- asm of %s (%s)\n%s", at, entry, e->assembly);
}

static struct hew_tier_options tier_options(struct command *c)
{
	struct hew_tier_options t = hew_tier_defaults();

	t.call_threshold = CALLS;
	t.loop_threshold = LV_TURNS_A_CALL * CALLS;
	if (c->threshold >= 0)
		t.call_threshold = t.loop_threshold = (int)c->threshold;
	if (c->fail_each || c->fail_every) {
		t.exit_limit = INT32_MAX;	/* these exits are no wrong guesses */
		t.fail_each = c->fail_each;
		t.fail_every = c->fail_counter = c->fail_every;
		t.fail_guard = c->fail_every ? &c->fail_counter : NULL;
	}
	t.want_ir = c->dump_ir;
	t.want_asm = c->dump_asm;
	if (c->jit_stats || c->dump_ir || c->dump_asm) {
		t.event = on_event;
		t.event_arg = c;
	}
	return t;
}

int lv_command(int argc, char **argv)
{
	struct command c = { .argc = argc, .argv = argv, .jit = true, .threshold = -1 };
	struct hew_tier_options tier;
	struct lv_options o;
	struct lv_state *L;
	char why[256] = "";
	enum lv_status s;

	if (!parse_options(&c))
		return 1;
	tier = tier_options(&c);
	o = (struct lv_options){ .memory = c.memory, .jit = c.jit, .tier = &tier, .small_code = c.threshold < 0 ? SMALL_CODE : 0 };
	if (lv_open(&o, &L, why, sizeof why) != LV_OK) {
		say(*why ? why : "not enough memory");
		return 1;
	}
	if (c.jit_stats && *why)
		fprintf(stderr, "jit: off: %s\n", why);
	s = lv_main(L, start, &c);
	if (s != LV_OK) {
		report(L, s, &L->top[-1]);
		c.ok = false;
	}
	if (c.jit_stats)
		lv_jit_stats(L);
	if (c.jit_stats || LV_ASAN)
		lv_close(L);
	else
		lv_finish(L);		/* the process ends: the system takes the memory back at once, which is quicker */
	return c.ok ? 0 : 1;
}
