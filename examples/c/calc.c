/* SPDX-License-Identifier: MIT
 * calc.c - compiles an expression in x and prints its values: calc [-d] EXPRESSION [FROM TO [STEP]]
 *
 *   calc 'sqrt(x) * 2 + 1' 0 10
 *   calc -d 'x + 2 * 3'		prints what was built
 *
 * The parser has no tree: each rule returns the value that its part of the expression has in the function being built.
 * Parts without x fold to constants while they are built, equal parts are computed once.
 */
#include <hew.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 200, MOST_LINES = 1000000 };

struct calc {
	struct hew_fn *f;
	const char *at;
	const char *wrong, *where;	/* the first mistake */
	int depth;
};

static hew_val sum(struct calc *c);

/* Remembers the first mistake; nothing of the text is left, so that every rule ends. */
static void wrong(struct calc *c, const char *at, const char *what)
{
	if (c->wrong)
		return;
	c->wrong = what;
	c->where = at;
	c->at = "";
}

static char next(struct calc *c)
{
	while (isspace((unsigned char)*c->at))
		c->at++;
	return *c->at;
}

static bool accept(struct calc *c, char what)
{
	if (next(c) != what)
		return false;
	c->at++;
	return true;
}

static void expect(struct calc *c, char what, const char *message)
{
	if (!accept(c, what))
		wrong(c, c->at, message);
}

/* A function of the C library, called with one or two numbers. */
static hew_val c_function(struct calc *c, void *fn, int n, const hew_val *args)
{
	return hew_call(c->f, hew_ptr(c->f, fn), &(struct hew_call){ .result = { HEW_F64 } }, n, args);
}

static hew_val function(struct calc *c, const char *name, size_t n)
{
	static const struct { const char *name; double (*fn)(double); hew_val (*op)(struct hew_fn *, hew_val); } known[] = {
		{ "abs", NULL, hew_fabs }, { "sqrt", NULL, hew_fsqrt }, { "floor", NULL, hew_ffloor },	/* instructions */
		{ "sin", sin, NULL }, { "cos", cos, NULL }, { "exp", exp, NULL }, { "log", log, NULL },	/* calls */
	};
	hew_val arg = sum(c);

	expect(c, ')', "')' expected");
	for (size_t k = 0; k < sizeof known / sizeof *known; k++)
		if (n == strlen(known[k].name) && !strncmp(name, known[k].name, n))
			return known[k].op ? known[k].op(c->f, arg) : c_function(c, (void *)known[k].fn, 1, &arg);
	wrong(c, name, "there is no such function");
	return arg;
}

static hew_val name_or_number(struct calc *c)
{
	const char *start = c->at;
	char *end;
	double number;

	while (isalpha((unsigned char)*c->at))
		c->at++;
	if (c->at > start) {
		size_t n = (size_t)(c->at - start);

		if (accept(c, '('))
			return function(c, start, n);
		if (n != 1 || *start != 'x')
			wrong(c, start, "the only variable is x");
		return hew_arg(c->f, 0);
	}
	number = strtod(start, &end);
	if (end == start)
		wrong(c, start, "a number, x or '(' expected");
	else
		c->at = end;
	return hew_f64(c->f, number);
}

static hew_val operand(struct calc *c)
{
	hew_val v;

	if (next(c) != '(')
		return name_or_number(c);
	c->at++;
	v = sum(c);
	expect(c, ')', "')' expected");
	return v;
}

/* Binds to the right, and stronger than a sign before it: -x^2 is -(x^2). */
static hew_val power(struct calc *c)
{
	hew_val v;

	if (++c->depth > DEEPEST)
		wrong(c, c->at, "nested too deep");
	if (accept(c, '-')) {
		v = hew_fneg(c->f, power(c));
	} else {
		v = operand(c);
		if (accept(c, '^'))
			v = c_function(c, (void *)(double (*)(double, double))pow, 2, (hew_val[]){ v, power(c) });
	}
	c->depth--;
	return v;
}

static hew_val product(struct calc *c)
{
	hew_val v = power(c);

	for (;;)
		if (accept(c, '*'))
			v = hew_fmul(c->f, v, power(c));
		else if (accept(c, '/'))
			v = hew_fdiv(c->f, v, power(c));
		else
			return v;
}

static hew_val sum(struct calc *c)
{
	hew_val v = product(c);

	for (;;)
		if (accept(c, '+'))
			v = hew_fadd(c->f, v, product(c));
		else if (accept(c, '-'))
			v = hew_fsub(c->f, v, product(c));
		else
			return v;
}

static struct hew_code *compile(struct hew *x, const char *text, bool dump)
{
	struct calc c = { .f = hew_fn_new(x, "calc", HEW_F64, 1, (hew_type[]){ HEW_F64 }), .at = text };
	struct hew_code *code;

	if (!c.f) {
		fprintf(stderr, "calc: not enough memory\n");
		return NULL;
	}
	hew_ret(c.f, sum(&c));
	if (next(&c))
		wrong(&c, c.at, "an operator expected");
	if (c.wrong) {
		int column = (int)(c.where - text) + 1;

		fprintf(stderr, "calc: column %d: %s\n  %s\n  %*s\n", column, c.wrong, text, column, "^");
		hew_fn_free(c.f);
		return NULL;
	}
	if (dump) {
		char *ir = hew_fn_text(c.f);

		printf("%s", ir ? ir : "not enough memory\n");
		free(ir);
	}
	if (hew_compile(c.f, NULL, &code) != HEW_OK)
		fprintf(stderr, "calc: %s\n", hew_error(x));
	return code;
}

static bool number(const char *s, double *out)
{
	char *end;

	*out = strtod(s, &end);
	if (end > s && !*end && isfinite(*out))
		return true;
	fprintf(stderr, "calc: '%s' is not a number\n", s);
	return false;
}

int main(int argc, char **argv)
{
	bool dump = argc > 1 && !strcmp(argv[1], "-d");
	double from = 0, to = 5, step = 1;
	struct hew_code *c;
	struct hew *x;

	argc -= dump;
	argv += dump;
	if (argc != 2 && argc != 4 && argc != 5) {
		fprintf(stderr, "usage: calc [-d] EXPRESSION [FROM TO [STEP]]\n");
		return 2;
	}
	if (argc > 2 && (!number(argv[2], &from) || !number(argv[3], &to) || (argc > 4 && !number(argv[4], &step))))
		return 2;
	if (!((to - from) / step >= 0 && (to - from) / step < MOST_LINES)) {
		fprintf(stderr, "calc: these steps do not lead from %g to %g\n", from, to);
		return 2;
	}
	if (hew_open(NULL, &x) != HEW_OK) {
		fprintf(stderr, "calc: %s\n", hew_error(x));
		hew_close(x);
		return 1;
	}
	c = compile(x, argv[1], dump);
	if (c) {
		double (*f)(double) = (double (*)(double))hew_entry(c);

		for (int k = 0; k <= (int)((to - from) / step); k++)
			printf("%8g  %g\n", from + k * step, f(from + k * step));
	}
	hew_release(c);
	hew_close(x);
	return c ? 0 : 1;
}
