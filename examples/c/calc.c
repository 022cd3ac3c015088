/* SPDX-License-Identifier: MIT
 * calc.c - compiles an expression in x and prints its values: calc EXPRESSION [FROM TO STEP]
 *
 *   calc 'sqrt(x) * 2 + 1' 0 10 1
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

struct calc {
	struct hew_fn *f;
	const char *at;
	const char *wrong, *where;	/* the first mistake */
};

static hew_val sum(struct calc *c);

static void wrong(struct calc *c, const char *what)
{
	if (c->wrong)
		return;
	c->wrong = what;
	c->where = c->at;
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

/* A function of the C library, called with one or two numbers. */
static hew_val c_function(struct calc *c, void *fn, int n, const hew_val *args)
{
	return hew_call(c->f, hew_ptr(c->f, fn), &(struct hew_call){ .result = { HEW_F64 } }, n, args);
}

static hew_val function(struct calc *c, const char *name, size_t n)
{
	static const struct { const char *name; double (*fn)(double); } known[] = { { "sin", sin }, { "cos", cos }, { "exp", exp }, { "log", log } };
	hew_val arg = sum(c);

	if (!accept(c, ')'))
		wrong(c, "')' expected");
	if (n == 4 && !strncmp(name, "sqrt", n))
		return hew_fsqrt(c->f, arg);		/* an instruction */
	if (n == 3 && !strncmp(name, "abs", n))
		return hew_fabs(c->f, arg);
	for (size_t k = 0; k < sizeof known / sizeof *known; k++)
		if (n == strlen(known[k].name) && !strncmp(name, known[k].name, n))
			return c_function(c, (void *)known[k].fn, 1, &arg);
	wrong(c, "there is no such function");
	return arg;
}

static hew_val operand(struct calc *c)
{
	const char *name;
	char *end;
	double number;
	hew_val v;

	if (accept(c, '-'))
		return hew_fneg(c->f, operand(c));
	if (accept(c, '(')) {
		v = sum(c);
		if (!accept(c, ')'))
			wrong(c, "')' expected");
		return v;
	}
	next(c);
	name = c->at;
	while (isalpha((unsigned char)*c->at))
		c->at++;
	if (c->at > name) {
		size_t n = (size_t)(c->at - name);

		if (accept(c, '('))
			return function(c, name, n);
		if (n != 1 || *name != 'x')
			wrong(c, "the only variable is x");
		return hew_arg(c->f, 0);
	}
	number = strtod(c->at, &end);
	if (end == c->at)
		wrong(c, "a number, x or '(' expected");
	c->at = end;
	return hew_f64(c->f, number);
}

static hew_val power(struct calc *c)
{
	hew_val v = operand(c);

	if (!accept(c, '^'))
		return v;
	return c_function(c, (void *)(double (*)(double, double))pow, 2, (hew_val[]){ v, power(c) });
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

static struct hew_code *compile(struct hew *x, const char *text)
{
	struct calc c = { .f = hew_fn_new(x, "calc", HEW_F64, 1, (hew_type[]){ HEW_F64 }), .at = text };
	struct hew_code *code;

	hew_ret(c.f, sum(&c));
	if (next(&c))
		wrong(&c, "an operator expected");
	if (c.wrong) {
		fprintf(stderr, "calc: %s at '%s'\n", c.wrong, c.where);
		hew_fn_free(c.f);
		return NULL;
	}
	if (hew_compile(c.f, NULL, &code) != HEW_OK)
		fprintf(stderr, "calc: %s\n", hew_error(x));
	return code;
}

int main(int argc, char **argv)
{
	const char *text = argc > 1 ? argv[1] : "x^2 / 2 + sqrt(2 * 8) - abs(-x)";
	double from = argc > 4 ? atof(argv[2]) : 0, to = argc > 4 ? atof(argv[3]) : 5, step = argc > 4 ? atof(argv[4]) : 1;
	struct hew_code *c;
	struct hew *x;

	if (hew_open(NULL, &x) != HEW_OK) {
		fprintf(stderr, "calc: %s\n", hew_error(x));
		return 1;
	}
	c = compile(x, text);
	if (c) {
		double (*f)(double) = (double (*)(double))hew_entry(c);

		printf("%s\n", text);
		for (double v = from; v <= to; v += step)
			printf("%8g  %g\n", v, f(v));
	}
	hew_release(c);
	hew_close(x);
	return c ? 0 : 1;
}
