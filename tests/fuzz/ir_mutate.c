/* SPDX-License-Identifier: MIT
 * ir_mutate.c - damaged IR text: refused with a line and a reason, or good enough for everything behind the verifier.
 *
 * usage: ir_mutate COUNT [SEED [FILE...]]     the files are examples beside the ones in here; with COUNT 1 the text is printed
 *
 * Each input is one of the examples with one to eight changes: bits flipped, bytes and runs of bytes replaced, removed,
 * doubled; words exchanged for others of the same text, for words of the language, for extreme numbers; lines doubled, removed,
 * exchanged; the end cut off. It is read with and without folding. What the verifier accepts is printed and read again, which
 * must give the same text, and compiled at level 1 or 2 with the verifier between passes and the allocation checker on.
 * It is never run: an address may be any number. A crash or a hang prints the command that shows it again.
 */
#include "api/api.h"

#include <ctype.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#if BASE_ASAN
void __sanitizer_set_death_callback(void (*callback)(void));
#endif

enum { ROOM = 1 << 16, SECONDS = 20, MAX_FILES = 4096 };

static const char *const example[] = {
	"func @sum -> i64\n"
	"b0(%n: i64):\n"
	"    jmp b1(0, 1)\n"
	"b1(%s: i64, %i: i64):\n"
	"    %t = add %s, %i\n"
	"    %j = add %i, 1\n"
	"    %c = le %j, %n\n"
	"    br %c, b1(%t, %j), b2\n"
	"b2:\n"
	"    ret %t\n"
	"end\n",
	"func @f -> i64\n"
	"class 1 heap\n"
	"class 2 stack immutable\n"
	"b0(%x: i64, %p: ptr, %d: f64):\n"
	"    %c = lt %x, 5\n"
	"    %v = check.tag %c, %x, fs0\n"
	"    %w = addo %v, 1, fs1\n"
	"    store.i64 %p, 8, %w !heap\n"
	"    %l = load.i3216s %p, -4 !stack\n"
	"    %m = sext i64 %l\n"
	"    %q = sdiv %m, 7\n"
	"    %r = shl %q, %x\n"
	"    call.c i64, i64 @labs(%r) reads(all) writes(0x2) fs2\n"
	"    %g = fadd %d, 1.5\n"
	"    %k = fadd %g, 0x7ff0000000000000\n"
	"    %y = select %c, %k, -0.0\n"
	"    store.f64 %p, 0, %y\n"
	"    br %c, b1(%w, 3), b1(2, 4)\n"
	"b1(%z: i64, %zz: i64): fs3 cold\n"
	"    %u = ult %zz, %z\n"
	"    br %u, b2, b3\n"
	"b2:\n"
	"    ret %z\n"
	"b3:\n"
	"    exit fs3\n"
	"states\n"
	" fs0 @1 pc=3 retry { 0: 3 %x, 1: %c %x }\n"
	" fs1 @1 pc=3 retry { 0: 3 %x, 1: %c none }\n"
	" fs2 @1 pc=4 continue result=3 in fs0 frame %p+8 { 0: 3 %x, 1: %c none }\n"
	" fs3 @2 pc=9 retry { 2: 1 %z }\n"
	"end\n",
};

static const char *const word[] = {
	"func", "end", "states", "class", "immutable", "cold", "none", "retry", "continue", "result=", "pc=", "frame", "in", "reads",
	"writes", "all", "i32", "i64", "ptr", "f32", "f64", "void", "->", "=", ":", ",", "(", ")", "{", "}", "@", "%", "!", ".", "fs0", "fs1",
	"b0", "b1", "b99999", "%x", "%", "\n", ";", "\r", "@labs", "tail", "variadic", "noreturn", "hoisted", "load.i648u",
#define OP(name, ...) #name,
#include "ir/ops.def"
#undef OP
};

static const char *const extreme[] = {
	"0", "1", "-1", "31", "32", "63", "64", "255", "256", "65535", "65536", "2147483647", "-2147483648", "4294967295", "4294967296",
	"9223372036854775807", "-9223372036854775808", "18446744073709551615", "18446744073709551616", "0x", "1e999", "nan", "-0.0",
	"0x7ff8000000000000", "99999999999999999999999999",
};

struct piece { const char *s; size_t n; };
struct input { char text[ROOM]; size_t n; uint64_t rng; };

static struct piece corpus[MAX_FILES];
static unsigned n_corpus;
static char replay[100];

static size_t below(struct input *in, size_t n) { return n ? random_below(&in->rng, (uint32_t)n) : 0; }

/* ---- damage -------------------------------------------------------------------------------------------------------- */

static void put(struct input *in, size_t at, size_t old, const char *s, size_t n)
{
	if (old > in->n - at)
		old = in->n - at;
	if (in->n - old + n >= ROOM)
		return;
	memmove(in->text + at + n, in->text + at + old, in->n - at - old);
	memcpy(in->text + at, s, n);
	in->n += n - old;
}

static bool in_word(int c) { return isalnum(c) || c == '_' || c == '.' || c == '%' || c == '@' || c == '-'; }

static struct piece any_word(struct input *in)
{
	size_t from = below(in, in->n), to;

	while (from > 0 && in_word((unsigned char)in->text[from - 1]))
		from--;
	while (from < in->n && isspace((unsigned char)in->text[from]))
		from++;
	to = from;
	while (to < in->n && in_word((unsigned char)in->text[to]))
		to++;
	return (struct piece){ in->text + from, to > from ? to - from : from < in->n };
}

static struct piece any_line(struct input *in)
{
	size_t from = below(in, in->n), to;

	while (from > 0 && in->text[from - 1] != '\n')
		from--;
	to = from;
	while (to < in->n && in->text[to] != '\n')
		to++;
	return (struct piece){ in->text + from, to + (to < in->n) - from };
}

/* Puts a copy of one piece in place of, or before, another. */
static void copy_piece(struct input *in, struct piece from, struct piece to, bool instead)
{
	char copy[512];
	size_t n = from.n < sizeof copy ? from.n : sizeof copy;

	memcpy(copy, from.s, n);
	put(in, (size_t)(to.s - in->text), instead ? to.n : 0, copy, n);
}

static void change(struct input *in)
{
	size_t at = below(in, in->n);
	struct piece p;
	const char *s;

	switch (below(in, 14)) {
	case 0: in->text[at] ^= (char)(1 << below(in, 8)); break;
	case 1: in->text[at] = (char)below(in, 256); break;
	case 2: put(in, at, 1 + below(in, 20), "", 0); break;
	case 3: case 4: case 5:
		p = any_word(in);
		copy_piece(in, any_word(in), p, below(in, 3));
		break;
	case 6:
		p = any_word(in);
		s = word[below(in, COUNT_OF(word))];
		put(in, (size_t)(p.s - in->text), below(in, 3) ? p.n : 0, s, strlen(s));
		break;
	case 7: case 8:
		p = any_word(in);
		s = extreme[below(in, COUNT_OF(extreme))];
		put(in, (size_t)(p.s - in->text), p.n, s, strlen(s));
		break;
	case 9: case 10:
		p = any_line(in);
		copy_piece(in, any_line(in), p, below(in, 2));
		break;
	case 11:
		p = any_line(in);
		put(in, (size_t)(p.s - in->text), p.n, "", 0);
		break;
	case 12:
		p = any_word(in);
		put(in, (size_t)(p.s - in->text), p.n, "", 0);
		break;
	default:
		if (below(in, 4) == 0)
			in->n = at;
	}
	if (in->n == 0)
		in->text[in->n++] = '\n';
}

static void make(struct input *in, uint64_t seed)
{
	const struct piece *p;

	in->rng = seed * UINT64_C(0x2545f4914f6cdd1d);
	p = &corpus[below(in, n_corpus)];
	in->n = p->n < ROOM / 2 ? p->n : ROOM / 2;
	memcpy(in->text, p->s, in->n);
	for (size_t n = below(in, 2) ? 1 : 1 + below(in, 8); n > 0; n--)
		change(in);
	in->text[in->n] = 0;
}

/* ---- trial --------------------------------------------------------------------------------------------------------- */

struct trial { struct hew *x; uint64_t refused, good, functions, compiled, failed; };

static void out_of_memory(void *arg)
{
	(void)arg;
	fprintf(stderr, "ir_mutate: out of memory\n");
	exit(2);
}

static void *symbol(void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "labs") == 0 ? (void *)(uintptr_t)labs : NULL;
}

/* Printed text is read back and gives the same text. */
static const char *round_trip(struct ir_func *f)
{
	struct text one = { 0 }, two = { 0 };
	struct ir_error e = { 0 };
	struct arena mem;
	const char *at, *wrong = NULL;
	static char why[300];
	struct ir_func *g;
	int line = 1;

	ir_print(f, &one);
	at = one.s;
	arena_init(&mem, out_of_memory, NULL);
	g = ir_parse(&mem, &mem, &at, &line, symbol, NULL, true, &e);
	if (!g) {
		snprintf(why, sizeof why, "what was printed is not read back: line %d: %s", e.line, e.text);
		wrong = why;
	} else {
		ir_print(g, &two);
		if (one.n != two.n || memcmp(one.s, two.s, one.n))
			wrong = "what was printed and read back prints differently";
	}
	arena_fini(&mem);
	text_free(&one);
	text_free(&two);
	return wrong;
}

/* Compiles what the verifier let through; refusing is fine. Takes the function. */
static const char *compile(struct trial *t, struct ir_func *f, uint64_t seed)
{
	struct tier_compile c = { .level = 1 + (int)(seed & 1), .verify = true };
	enum hew_status s;
	struct hew_unit *u;

	s = tier_compile(&t->x->x, f, &c, &u);
	text_free(&c.ir);
	text_free(&c.assembly);
	if (s == HEW_OK) {
		t->compiled++;
		tier_unit_free(&t->x->x, u);
	}
	return s == HEW_BAD_IR ? t->x->x.why : NULL;
}

static const char *one_text(struct trial *t, const char *text, bool no_fold, uint64_t seed)
{
	const char *at = text, *wrong = NULL;
	int line = 1;
	bool refused = false;

	while (!wrong && !refused) {
		struct ir_error e = { 0 };
		struct arena mem;
		struct ir_func *f;
		char why[300] = "";

		arena_init(&mem, out_of_memory, NULL);
		f = ir_parse(&mem, &mem, &at, &line, symbol, NULL, no_fold, &e);
		if (!f && !e.text[0]) {
			arena_fini(&mem);
			break;
		}
		if (!f) {
			refused = true;
			if (e.line < 1)
				wrong = "refused without a line";
		} else if (!ir_verify(f, why, sizeof why)) {
			refused = true;
			if (!why[0])
				wrong = "the verifier gave no reason";
		} else {
			t->functions++;
			wrong = round_trip(f);
			if (!wrong)
				wrong = compile(t, f, seed);
		}
		arena_fini(&mem);
	}
	t->refused += refused;
	t->good += !refused;
	return wrong;
}

static void say_replay(void)
{
	if (write(STDOUT_FILENO, replay, strlen(replay)) < 0)
		_exit(2);
}

static void on_signal(int sig)
{
	say_replay();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void watch(void)
{
	static const int sig[] = { SIGALRM, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL };

#if BASE_ASAN
	__sanitizer_set_death_callback(say_replay);
	signal(SIGALRM, on_signal);
	(void)sig;
#else
	for (unsigned i = 0; i < COUNT_OF(sig); i++)
		signal(sig[i], on_signal);
#endif
}

/* ---- examples -------------------------------------------------------------------------------------------------------- */

static void read_corpus(char **files, int n)
{
	for (unsigned i = 0; i < COUNT_OF(example); i++)
		corpus[n_corpus++] = (struct piece){ example[i], strlen(example[i]) };
	for (int i = 0; i < n && n_corpus < MAX_FILES; i++) {
		FILE *f = fopen(files[i], "rb");
		char *s = malloc(ROOM);

		if (!f || !s) {
			fprintf(stderr, "ir_mutate: cannot read %s\n", files[i]);
			exit(2);
		}
		corpus[n_corpus++] = (struct piece){ s, fread(s, 1, ROOM, f) };
		fclose(f);
	}
}

static void free_corpus(void)
{
	for (unsigned i = COUNT_OF(example); i < n_corpus; i++)
		free((char *)corpus[i].s);
}

int main(int argc, char **argv)
{
	struct hew_options o = { .verify = true };
	struct trial t = { 0 };
	static struct input in;
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000, seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

	read_corpus(argv + 3, argc > 3 ? argc - 3 : 0);
	if (hew_open(&o, &t.x) != HEW_OK) {
		fprintf(stderr, "ir_mutate: %s\n", t.x ? hew_error(t.x) : "cannot open");
		return 2;
	}
	watch();
	printf("ir_mutate: %" PRIu64 " inputs from seed %" PRIu64 ", made of %u examples\n", n, seed, n_corpus);
	fflush(stdout);
	for (unsigned i = 0; i < COUNT_OF(example); i++) {
		const char *wrong = one_text(&t, example[i], false, i);

		if (wrong || t.refused) {
			printf("example %u: %s\n", i, wrong ? wrong : "refused");
			return 1;
		}
	}
	for (uint64_t k = 0; k < n && t.failed < 10; k++) {
		const char *wrong;

		make(&in, seed + k);
		snprintf(replay, sizeof replay, "replay: tests/fuzz/ir_mutate.sh TREE 1 %" PRIu64 "\n", seed + k);
		alarm(SECONDS);
		if (n == 1) {
			printf("%s\n", in.text);
			fflush(stdout);		/* it may be the last word */
		}
		wrong = one_text(&t, in.text, in.rng >> 8 & 1, in.rng >> 9);
		if (wrong) {
			t.failed++;
			printf("seed %" PRIu64 ": %s\n%s", seed + k, wrong, replay);
		}
	}
	alarm(0);
	printf("%" PRIu64 " refused, %" PRIu64 " accepted; %" PRIu64 " functions verified, %" PRIu64 " compiled\n", t.refused, t.good, t.functions, t.compiled);
	printf("%" PRIu64 " passed, %" PRIu64 " failed\n", n - t.failed, t.failed);
	hew_close(t.x);
	free_corpus();
	return t.failed ? 1 : 0;
}
