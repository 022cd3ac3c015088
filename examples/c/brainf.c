/* SPDX-License-Identifier: MIT
 * brainf.c - compiles a brainf*** program and runs it: brainf FILE
 *
 * The tape is a ring of 65536 bytes, so that no program can leave it. Reading at the end of the input gives 0. Whatever is not a
 * command is a comment.
 */
#include <hew.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS = 65536, DEEPEST = 1000 };

struct loop {
	hew_block head, after;
	hew_val at;			/* where the head is on the tape, an argument of it */
	const char *where;		/* its bracket */
};

static bool wrong(const char *text, const char *at, const char *what)
{
	int line = 1, column = 1;

	for (; text < at; text++)
		if (*text == '\n')
			line++, column = 1;
		else
			column++;
	fprintf(stderr, "brainf: line %d, column %d: %s\n", line, column, what);
	return false;
}

/* How many of the same command stand here; *p moves to the last. */
static int count(const char **p)
{
	int n = 1;

	for (; (*p)[1] == **p; ++*p)
		n++;
	return n;
}

static hew_val cell(struct hew_fn *f, hew_val at) { return hew_add(f, hew_arg(f, 0), at); }
static hew_val get(struct hew_fn *f, hew_val at) { return hew_load(f, HEW_I32, HEW_8U, 0, cell(f, at), 0); }
static void put(struct hew_fn *f, hew_val at, hew_val v) { hew_store(f, HEW_8U, 0, cell(f, at), 0, v); }
static hew_val ring(struct hew_fn *f, hew_val at) { return hew_and(f, at, hew_i64(f, CELLS - 1)); }

/* One C function of the tape; at is always below CELLS. */
static bool translate(struct hew_fn *f, const char *text)
{
	static const struct hew_call to_int = { .result = { HEW_I32 } };
	struct loop loop[DEEPEST], *l = loop;
	hew_val at = hew_i64(f, 0), v;
	hew_block body;

	for (const char *p = text; *p; p++)
		switch (*p) {
		case '>': at = ring(f, hew_add(f, at, hew_i64(f, count(&p)))); break;
		case '<': at = ring(f, hew_sub(f, at, hew_i64(f, count(&p)))); break;
		case '+': put(f, at, hew_add(f, get(f, at), hew_i32(f, count(&p)))); break;
		case '-': put(f, at, hew_sub(f, get(f, at), hew_i32(f, count(&p)))); break;
		case '.':
			v = get(f, at);
			hew_call(f, hew_ptr(f, (void *)putchar), &to_int, 1, &v);
			break;
		case ',':
			v = hew_call(f, hew_ptr(f, (void *)getchar), &to_int, 0, NULL);
			put(f, at, hew_select(f, hew_eq(f, v, hew_i32(f, EOF)), hew_i32(f, 0), v));
			break;
		case '[':
			if (l == loop + DEEPEST)
				return wrong(text, p, "loops are nested too deep");
			body = hew_block_new(f);
			*l = (struct loop){ hew_block_new(f), hew_block_new(f), 0, p };
			l->at = hew_block_arg(f, l->head, HEW_I64);
			hew_jump(f, l->head, 1, &at);
			hew_begin(f, l->head);
			at = l->at;
			hew_branch(f, get(f, at), body, 0, NULL, l->after, 0, NULL);
			hew_begin(f, body);
			l++;
			break;
		case ']':
			if (l == loop)
				return wrong(text, p, "']' without '['");
			l--;
			hew_jump(f, l->head, 1, &at);
			hew_begin(f, l->after);
			at = l->at;
			break;
		default: break;
		}
	hew_ret(f, 0);
	return l == loop || wrong(text, l[-1].where, "'[' without ']'");
}

static int run(struct hew *x, const char *text)
{
	static unsigned char tape[CELLS];
	struct hew_fn *f = hew_fn_new(x, "brainf", HEW_VOID, 1, (hew_type[]){ HEW_PTR });
	struct hew_code *c;

	if (!f) {
		fprintf(stderr, "brainf: not enough memory\n");
		return 1;
	}
	if (!translate(f, text)) {
		hew_fn_free(f);
		return 1;
	}
	if (hew_compile(f, NULL, &c) != HEW_OK) {
		fprintf(stderr, "brainf: %s\n", hew_error(x));
		return 1;
	}
	((void (*)(unsigned char *))hew_entry(c))(tape);
	hew_release(c);
	return 0;
}

/* The whole file, or NULL. */
static char *read_all(const char *file)
{
	FILE *f = fopen(file, "rb");
	size_t n = 0, got = 0;
	char *s = NULL, *more;

	if (!f)
		return NULL;
	do {
		n += got;
		more = realloc(s, n + 4097);
		if (!more)
			break;
		s = more;
		got = fread(s + n, 1, 4096, f);
	} while (got > 0);
	if (!more || ferror(f)) {
		free(s);
		s = NULL;
	} else {
		s[n] = 0;
	}
	fclose(f);
	return s;
}

int main(int argc, char **argv)
{
	char *text = argc == 2 ? read_all(argv[1]) : NULL;
	struct hew *x = NULL;
	int status = 1;

	if (argc != 2) {
		fprintf(stderr, "usage: brainf FILE\n");
		return 2;
	}
	if (!text)
		fprintf(stderr, "brainf: cannot read %s: %s\n", argv[1], strerror(errno));
	else if (hew_open(NULL, &x) != HEW_OK)
		fprintf(stderr, "brainf: %s\n", hew_error(x));
	else
		status = run(x, text);
	hew_close(x);
	free(text);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "brainf: cannot write\n");
		return 1;
	}
	return status;
}
