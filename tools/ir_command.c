/* SPDX-License-Identifier: MIT
 * ir_command.c - `hew ir FILE`: reads IR text, verifies, prints, optimises, disassembles, evaluates and runs it.
 *
 * Exit codes: 0 done, 1 the text is wrong or the run failed (message "FILE:LINE: ..." on stderr), 2 wrong usage.
 */
#include "api/api.h"
#include "opt/opt.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int hew_ir_command(int argc, char **argv);

struct ir_tool {
	const char *file, *func, *passes;
	int level;			/* -1: no passes */
	bool print, assembly, eval, run, no_fold;
	uint64_t stress;
	unsigned regs;
	long fail_guard;
	const char *target;
	char **args; int n_args;
	jmp_buf out_of_memory;
};

static const char usage[] =
	"usage: hew ir [options] FILE [arguments]      FILE may be - for standard input\n"
	"  Reads functions in hew's IR text, verifies them and prints them.\n"
	"\n"
	"  --pass LIST        run these passes (comma-separated; see --passes)\n"
	"  -O0, -O1, -O2      run the passes of a level\n"
	"  --passes           list the passes and what they do\n"
	"  --asm              compile and print bytes and disassembly\n"
	"  --eval             run the function in the evaluator with the arguments\n"
	"  --run              run it compiled\n"
	"  --func NAME        the function to evaluate or run (default: the last one of the file)\n"
	"  --fail-guard K     let the K-th guard that is executed fail\n"
	"  --no-fold          do not fold and share while reading\n"
	"  --regs N           allocate from so many registers only\n"
	"  --stress SEED      randomise register allocation\n"
	"  --target NAME      compile for this target (x64)\n"
	"  --help             this text\n"
	"\n"
	"  Arguments are integers, or floating numbers for f32 and f64 parameters; @N is the address of a zeroed buffer of N bytes,\n"
	"  whose content is printed behind the result.\n"
	"\n"
	"exit codes: 0 done; 1 the text is wrong, or the run faulted; 2 wrong usage\n";

/* ---- input ---------------------------------------------------------------------------------------------------- */

static char *read_all(const char *path)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "rb") : stdin;
	struct text t = { 0 };
	char buf[4096];
	size_t n;

	if (!f)
		return NULL;
	while ((n = fread(buf, 1, sizeof buf, f)) > 0)
		text_addn(&t, buf, n);
	if (ferror(f)) {
		int e = errno;

		text_free(&t);
		if (f != stdin)
			fclose(f);
		errno = e;
		return NULL;
	}
	if (f != stdin)
		fclose(f);
	text_addn(&t, "", 0);
	return t.s ? t.s : calloc(1, 1);
}

static void *symbol(void *arg, const char *name)
{
	(void)arg;
	return dlsym(RTLD_DEFAULT, name);
}

/* ---- running ------------------------------------------------------------------------------------------------------ */

struct buffer { unsigned char *p; size_t n; };
struct arguments { int64_t bits[32]; struct buffer buffer[32]; int n, n_buffers; };

static bool read_arguments(const struct ir_tool *t, const struct ir_func *f, struct arguments *a)
{
	uint32_t want = f->block.at[0].arg.n;

	if ((uint32_t)t->n_args != want || want > COUNT_OF(a->bits)) {
		fprintf(stderr, "hew ir: @%s takes %u arguments, %d are given\n", f->name, want, t->n_args);
		return false;
	}
	for (uint32_t i = 0; i < want; i++) {
		enum ir_type ty = ir_at(f, f->block.at[0].arg.at[i])->type;
		const char *s = t->args[i];
		char *end;
		double d;
		float x;

		errno = 0;
		if (*s == '@') {
			struct buffer *b = &a->buffer[a->n_buffers++];

			b->n = strtoul(s + 1, &end, 0);
			b->p = calloc(1, b->n ? b->n : 1);
			a->bits[i] = (int64_t)(intptr_t)b->p;
		} else if (ir_is_float(ty)) {
			d = strtod(s, &end);
			errno = 0;		/* subnormal numbers and infinity are as good as others */
			x = (float)d;
			a->bits[i] = 0;
			memcpy(&a->bits[i], ty == IR_T_f64 ? (void *)&d : (void *)&x, ty == IR_T_f64 ? 8 : 4);
		} else {
			a->bits[i] = *s == '-' ? strtoll(s, &end, 0) : (int64_t)strtoull(s, &end, 0);
		}
		if (*end || end == s || errno) {
			fprintf(stderr, "hew ir: argument %u: '%s' is not a number\n", i + 1, s);
			return false;
		}
		a->n++;
	}
	return true;
}

static void print_value(enum ir_type t, int64_t bits)
{
	double d;
	float x;

	memcpy(&d, &bits, 8);
	memcpy(&x, &bits, 4);
	if (t == IR_T_f64)
		printf("%.17g", d);
	else if (t == IR_T_f32)
		printf("%.9g", (double)x);
	else if (t == IR_T_i32)
		printf("%d", (int)bits);
	else
		printf("%" PRId64, bits);
}

static void print_result(const struct ir_func *f, const int64_t *r)
{
	for (unsigned k = 0; k < f->n_results; k++) {
		if (k)
			printf(", ");
		print_value(f->result[k], r[k]);
	}
	printf("%s\n", f->n_results ? "" : "returned");
}

static void print_buffers(const struct arguments *a)
{
	for (int b = 0; b < a->n_buffers; b++) {
		printf("buffer %d:", b);
		for (size_t i = 0; i < a->buffer[b].n; i++)
			printf("%s%02x", i % 8 ? "" : " ", a->buffer[b].p[i]);
		printf("\n");
	}
}

static void free_buffers(struct arguments *a)
{
	for (int b = 0; b < a->n_buffers; b++)
		free(a->buffer[b].p);
}

static int evaluate(struct ir_tool *t, struct ir_func *f, struct arena *mem)
{
	struct ir_eval e = { .fail_guard = t->fail_guard, .max_steps = UINT64_C(10000000000) };
	struct arguments a = { .n = 0 };
	const struct ir_state *s;

	if (!read_arguments(t, f, &a))
		return 2;
	switch (ir_eval(f, mem, a.bits, &e)) {
	case IR_RETURNED:
		print_result(f, e.result);
		break;
	case IR_EXITED:
		for (uint32_t id = e.state; id; id = s->parent) {
			s = &f->state.at[id];
			printf("exit pc=%u {", s->pc);
			for (uint32_t i = 0; i < s->n; i++) {
				const struct ir_slot *sl = &f->slot.at[s->slots + i];

				printf(" %u: %d %" PRId64, sl->slot, sl->tag_ref ? (int)ir_eval_ref(f, &e, sl->tag_ref) : (int)sl->tag, ir_eval_ref(f, &e, sl->value));
			}
			printf(" }\n");
		}
		break;
	case IR_FAULTED:
		fprintf(stderr, "hew ir: @%s: fault: division by zero or MIN / -1\n", f->name);
		free_buffers(&a);
		return 1;
	case IR_STEPS:
		fprintf(stderr, "hew ir: @%s: gave up after 10^10 steps\n", f->name);
		free_buffers(&a);
		return 1;
	case IR_UNSUPPORTED:
		fprintf(stderr, "hew ir: @%s: the evaluator passes at most 6 integer and 8 floating arguments, and makes no call that may return again\n", f->name);
		free_buffers(&a);
		return 1;
	}
	print_buffers(&a);
	free_buffers(&a);
	return 0;
}

static void print_exit(void *arg, struct hew_unit *u, uint32_t exit, const struct target_regs *regs)
{
	const struct tier_exit *x = &u->exit[exit];

	*(bool *)arg = true;
	for (uint32_t k = 0; k < x->n_frames; k++) {
		const struct tier_frame *fr = &u->frame[x->frame + k];

		printf("exit pc=%u {", fr->pc);
		for (uint32_t i = 0; i < fr->n; i++) {
			const struct tier_value *v = &u->value[fr->value + i];

			printf(" %u: %d %" PRId64, v->slot, v->tag_loc.where == MACH_NOWHERE ? (int)v->tag : (int)tier_read_loc(u, regs, &v->tag_loc),
				tier_read_loc(u, regs, &v->loc));
		}
		printf(" }\n");
	}
}

struct two { int64_t a, b; };
struct int_float { int64_t a; double b; };
struct float_int { double a; int64_t b; };
struct floats { double a, b; };
#define GENERIC int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, double, double, double, double, double, double, double, double, \
	int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t
#define CALL(type) ((type (*)(GENERIC))(uintptr_t)code)(i[0], i[1], i[2], i[3], i[4], i[5], g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7], \
	s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7])

static int64_t bits_of(double d, enum ir_type t)
{
	int64_t x = 0;

	memcpy(&x, &d, t == IR_T_f64 ? 8 : 4);
	return x;
}

/* System V: integers and floats in registers independently, the rest on the stack in order. */
static bool call_compiled(const struct ir_func *f, const void *code, const struct arguments *a, int64_t result[2])
{
	int64_t i[6] = { 0 }, s[8] = { 0 };
	double g[8] = { 0 };
	unsigned ni = 0, ng = 0, ns = 0;
	bool f0 = f->n_results > 0 && ir_is_float(f->result[0]), f1 = f->n_results > 1 && ir_is_float(f->result[1]);

	for (int k = 0; k < a->n; k++) {
		bool fl = ir_is_float(ir_at(f, f->block.at[0].arg.at[k])->type);

		if (fl && ng < 8)
			memcpy(&g[ng++], &a->bits[k], 8);
		else if (!fl && ni < 6)
			i[ni++] = a->bits[k];
		else if (ns < 8)
			s[ns++] = a->bits[k];
		else
			return false;
	}
	if (f0 && f1) {
		struct floats r = CALL(struct floats);

		result[0] = bits_of(r.a, f->result[0]);
		result[1] = bits_of(r.b, f->result[1]);
	} else if (f0) {
		struct float_int r = CALL(struct float_int);

		result[0] = bits_of(r.a, f->result[0]);
		result[1] = r.b;
	} else if (f1) {
		struct int_float r = CALL(struct int_float);

		result[0] = r.a;
		result[1] = bits_of(r.b, f->result[1]);
	} else {
		struct two r = CALL(struct two);

		result[0] = r.a;
		result[1] = r.b;
	}
	return true;
}

static int run_compiled(struct ir_tool *t, struct ir_func *f, struct hew_unit *u)
{
	struct arguments a = { .n = 0 };
	int64_t result[2] = { 0 };
	bool left = false;

	if (f->conv == IR_CONV_GUEST) {
		fprintf(stderr, "hew ir: @%s is of the guest convention; run one that calls it\n", f->name);
		return 2;
	}
	if (!read_arguments(t, f, &a))
		return 2;
	u->on_exit = print_exit;
	u->on_exit_arg = &left;
	if (!call_compiled(f, u->code.rx, &a, result))
		fprintf(stderr, "hew ir: at most 8 arguments on the stack can be passed from here\n");
	else if (!left)
		print_result(f, result);
	print_buffers(&a);
	free_buffers(&a);
	return 0;
}

/* Compiles all functions, for they may call each other; prints them or runs the wanted one. */
static int compiled(struct ir_tool *t, uint32_t n, struct ir_func **f, const struct ir_func *wanted, struct hew *x)
{
	struct tier_compile c = { .level = t->level < 1 ? 1 : t->level, .passes = t->level < 0 || t->passes ? "" : NULL, .verify = true, .stress = t->stress,
		.allocatable = api_register_mask(x->x.target, t->regs), .fail_guard = t->fail_guard ? &t->fail_guard : NULL };
	struct hew_unit **u = arena_zero(f[0]->mem, n * sizeof *u);
	int status = 0;

	if (tier_compile_all(&x->x, n, f, &c, u) != HEW_OK) {
		fprintf(stderr, "hew ir: %s\n", x->x.why);
		return 1;
	}
	for (uint32_t i = 0; i < n; i++) {
		struct text out = { 0 };

		if (t->assembly) {
			tier_disassemble(u[i], &out);
			printf("@%s: %u bytes\n%s", f[i]->name, u[i]->code.size, out.s ? out.s : "");
			text_free(&out);
		}
		if (t->run && f[i] == wanted)
			status = run_compiled(t, f[i], u[i]);
	}
	for (uint32_t i = 0; i < n; i++)
		tier_unit_free(&x->x, u[i]);
	return status;
}

/* ---- the functions of the file ---------------------------------------------------------------------------------------------------- */

static bool optimise(const struct ir_tool *t, struct ir_func *f)
{
	struct opt_options o = { .level = t->level, .passes = t->passes, .verify = true };
	char why[400];

	if (!t->passes && t->level < 1)
		return true;
	if (opt_run(f, &o, why, sizeof why))
		return true;
	fprintf(stderr, "hew ir: @%s: %s\n", f->name, why);
	return false;
}

/* The line of the function that begins at or behind `at`. */
static int first_line(const char *at, int line)
{
	for (;; at++) {
		if (*at == ';')
			at += strcspn(at, "\n");
		if (*at == '\n')
			line++;
		else if (*at != ' ' && *at != '\t' && *at != '\r')
			return line;
	}
}

struct functions { struct ir_func **at; uint32_t n, cap; };

/* Reads and verifies all functions; a name behind `func` is that function of the file. */
static bool read_functions(struct ir_tool *t, struct arena *mem, const char *text, struct functions *out)
{
	const char *at = text;
	int line = 1;

	for (;;) {
		struct ir_error e;
		int first = first_line(at, line);
		struct ir_func *f = ir_parse(mem, mem, &at, &line, symbol, NULL, t->no_fold, &e);
		char why[300];

		if (!f && e.text[0]) {
			fprintf(stderr, "%s:%d: %s\n", t->file, e.line, e.text);
			return false;
		}
		if (!f)
			break;
		vec_push(mem, out, f);
		if (!ir_verify(f, why, sizeof why)) {
			fprintf(stderr, "%s:%d: @%s: %s\n", t->file, first, f->name, why);
			return false;
		}
	}
	if (!out->n)
		fprintf(stderr, "%s:1: there is no function here\n", t->file);
	for (uint32_t i = 0; i < out->n; i++)
		for (uint32_t k = 0; k < out->at[i]->callee.n; k++)
			for (uint32_t j = 0; j < out->n; j++)
				if (!strcmp(out->at[i]->callee.at[k].name, out->at[j]->name))
					out->at[i]->callee.at[k].f = out->at[j];
	return out->n > 0;
}

static int each_function(struct ir_tool *t, struct arena *mem, struct hew *x, const char *text)
{
	struct functions all = { 0 };
	struct ir_func *wanted = NULL;
	int status = 0;

	if (!read_functions(t, mem, text, &all))
		return 1;
	for (uint32_t i = 0; i < all.n; i++) {
		if (!optimise(t, all.at[i]))
			return 1;
		if (t->print) {
			struct text out = { 0 };

			ir_print(all.at[i], &out);
			fwrite(out.s ? out.s : "", 1, out.n, stdout);
			text_free(&out);
		}
		if (t->func ? !strcmp(t->func, all.at[i]->name) : i + 1 == all.n)
			wanted = all.at[i];
	}
	if (!wanted) {
		fprintf(stderr, "hew ir: %s has no function '%s'\n", t->file, t->func);
		return 1;
	}
	if (t->eval)
		status |= evaluate(t, wanted, mem);
	if (t->run || t->assembly)
		status |= compiled(t, all.n, all.at, wanted, x);
	return status > 2 ? 1 : status;
}

static void out_of_memory(void *arg)
{
	struct ir_tool *t = arg;

	longjmp(t->out_of_memory, 1);
}

static int work(struct ir_tool *t)
{
	char *text = read_all(t->file);
	struct arena mem;
	struct hew *x = NULL;
	struct hew_options o = { .target = t->target, .verify = true };
	enum hew_status s;
	int status;

	if (!text) {
		fprintf(stderr, "hew ir: cannot read %s: %s\n", t->file, strerror(errno));
		return 1;
	}
	s = hew_open(&o, &x);
	if (s != HEW_OK && ((t->run || t->assembly) || s != HEW_NO_EXEC)) {
		fprintf(stderr, "hew ir: %s\n", s == HEW_BAD_ARG ? "unknown target" : x ? hew_error(x) : hew_status_text(s));
		free(text);
		hew_close(x);
		return s == HEW_BAD_ARG ? 2 : 1;
	}
	arena_init(&mem, out_of_memory, t);
	if (setjmp(t->out_of_memory)) {
		fprintf(stderr, "hew ir: not enough memory\n");
		status = 1;
	} else {
		status = each_function(t, &mem, x, text);
	}
	arena_fini(&mem);
	hew_close(x);
	free(text);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "hew ir: cannot write the output: %s\n", strerror(errno));
		return 1;
	}
	return status;
}

static void list_passes(void)
{
	for (unsigned i = 0; i < opt_n_passes; i++)
		printf("%-10s O%d  %s\n", opt_passes[i].name, opt_passes[i].level, opt_passes[i].meaning);
}

static bool number(const char *s, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(s, &end, 0);
	return *s && !*end && !errno;
}

/* An option with a value; 0 unknown option, -1 bad value. */
static int value_option(struct ir_tool *t, const char *o, const char *v)
{
	uint64_t x = 0;

	if (!strcmp(o, "--pass"))
		t->passes = v;
	else if (!strcmp(o, "--func"))
		t->func = v;
	else if (!strcmp(o, "--target"))
		t->target = v;
	else if (!strcmp(o, "--fail-guard") || !strcmp(o, "--regs") || !strcmp(o, "--stress")) {
		if (!number(v, &x))
			return -1;
		if (o[2] == 'f')
			t->fail_guard = (long)x;
		else if (o[2] == 'r')
			t->regs = (unsigned)x;
		else
			t->stress = x;
	} else {
		return 0;
	}
	return 1;
}

static int wrong(const char *what, const char *arg)
{
	fprintf(stderr, "hew ir: %s '%s'\nhew ir --help shows the options\n", what, arg);
	return 2;
}

int hew_ir_command(int argc, char **argv)
{
	struct ir_tool t = { .level = -1, .print = true };
	int i = 1;

	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		const char *o = argv[i];
		int used;

		if (!strcmp(o, "--help")) {
			fputs(usage, stdout);
			return 0;
		} else if (!strcmp(o, "--passes")) {
			list_passes();
			return 0;
		} else if (!strcmp(o, "--asm")) {
			t.assembly = true;
			t.print = false;
		} else if (!strcmp(o, "--eval") || !strcmp(o, "--run")) {
			*(o[2] == 'e' ? &t.eval : &t.run) = true;
			t.print = false;
		} else if (!strcmp(o, "--no-fold")) {
			t.no_fold = true;
		} else if (!strncmp(o, "-O", 2) && o[2] >= '0' && o[2] <= '2' && !o[3]) {
			t.level = o[2] - '0';
		} else {
			if (i + 1 >= argc)
				return wrong("unknown option or missing value:", o);
			used = value_option(&t, o, argv[i + 1]);
			if (used < 0)
				return wrong("not a number:", argv[i + 1]);
			if (!used)
				return wrong("unknown option", o);
			i++;
		}
	}
	if (i >= argc) {
		fputs(usage, stderr);
		return 2;
	}
	t.file = argv[i++];
	t.args = argv + i;
	t.n_args = argc - i;
	return work(&t);
}
