// SPDX-License-Identifier: MIT
/* lua_gen.c - prints random Lua 5.4 programs that end, and end alike.
 *
 *   lua_gen [-n COUNT] SEED [SIZE]
 *
 * Writes COUNT programs (default one), seeds SEED, SEED+1, ..., as one file:
 * a prelude, then one function per program, run under pcall between lines
 * "== seed".  A program's text depends on its seed and SIZE only, so any of
 * a batch can be printed again alone.  SIZE (1..100, default 20) scales the
 * number of functions and statements.
 *
 * Method: expressions and statements are written as they are chosen, from
 * a list of the visible variables with the kind of value each is meant to
 * hold.  Now and then a variable is given another kind, an operand may be
 * zero, an argument missing: so operations raise, and every top-level call
 * is made under pcall, with its message printed.
 *
 * Ends: loops have constant bounds, and the product of nested bounds and
 * the cost of callees is kept under a limit; functions call earlier ones
 * only, or themselves with a falling counter.
 *
 * Alike: prints neither addresses nor the sign of a NaN, takes lengths only
 * of tables without holes, sums over pairs() in ways that do not depend on
 * order, and keeps strings short.  Given the script argument "loose", lines
 * and variable names are cut out of messages, which other implementations
 * may word differently.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua_gen.h"

static void results(struct gen *g, const struct fn *f)
{
	gen_put("return ");
	for (int i = 0; i < f->n_results; i++) {
		gen_put(i ? ", " : "");
		gen_expr(g, f->result[i], 1);
	}
}

/* One function: kinds of parameters and results are chosen, the body has at
 * least one loop, and recursion happens through a falling counter. */
static void function(struct gen *g)
{
	struct fn f = { .n_params = 1 + (int)gen_below(g, 4), .n_results = 1 + (int)gen_below(g, 3) };
	int vars = g->n_vars;
	bool recursive = gen_chance(g, 20);

	snprintf(f.name, sizeof f.name, "f%d", (g->n_fns + 1) % 1000);
	f.vararg = gen_chance(g, 25);
	g->cost = 0;
	g->turns = recursive ? 12 : 1;
	gen_put("\tlocal function %s(", f.name);
	g->first_local = g->n_vars;
	for (int i = 0; i < f.n_params; i++) {
		f.param[i] = gen_chance(g, 60) ? INT : (enum kind)gen_below(g, N_KINDS);
		if (i == 0 && recursive)
			f.param[i] = INT;
		gen_put("%s%s", i ? ", " : "", gen_declare(g, f.param[i], "p")->name);
	}
	if (recursive)
		g->var[g->first_local].fixed = true;
	for (int i = 0; i < f.n_results; i++)
		f.result[i] = gen_chance(g, 60) ? INT : (enum kind)gen_below(g, STR + 1);
	gen_put("%s)\n", f.vararg ? ", ..." : "");
	g->vararg = f.vararg;
	g->indent = 2;
	if (recursive) {
		const char *p = g->var[g->first_local].name;

		gen_put("\t\tif %s > 0 then\n\t\t\tlocal r = %s(%s %% 12 - 1", p, f.name, p);
		for (int i = 1; i < f.n_params; i++) {
			gen_put(", ");
			gen_expr(g, f.param[i], 1);
		}
		gen_put(")\n\t\t\tT(\"r\", r)\n\t\tend\n");
	}
	if (f.vararg && gen_chance(g, 60)) {
		gen_put("\t\tlocal va = { ... }\n\t\tif #va == 0 then va[1] = 0 end\n");
		snprintf(g->var[g->n_vars].name, sizeof g->var->name, "va");
		g->var[g->n_vars].fixed = true;
		g->var[g->n_vars++].kind = ARR;
	}
	gen_block(g, 2 + g->size / 8);
	if (!recursive)
		gen_for_stmt(g);
	gen_block(g, 1 + g->size / 16);
	g->indent = 2;
	gen_line(g);
	results(g, &f);
	gen_put("\n\tend\n");
	g->n_vars = vars;
	f.cost = g->cost + 2;
	g->fn[g->n_fns++] = f;
}

static void program(uint64_t seed, int size)
{
	static struct gen blank;
	struct gen g = blank;
	static const enum kind shared[] = { INT, INT, FLT, STR, ARR, FAR, REC, OBJ };

	g.rng = seed * 0x2545f4914f6cdd1du + (uint64_t)size;
	g.size = size;
	g.turns = 1;
	gen_put("P(%llu, function()\n", (unsigned long long)seed);
	g.indent = 1;
	gen_put("\tG1, G2 = 0, 0.5\n");
	strcpy(g.var[0].name, "G1");
	strcpy(g.var[1].name, "G2");
	g.var[1].kind = FLT;
	g.n_vars = 2;
	for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
		gen_line(&g);
		gen_put("local u%d = ", g.names + 1);
		gen_expr(&g, shared[i], 1);
		gen_put("\n");
		gen_declare(&g, shared[i], "u");
	}
	for (int n = 1 + size / 8 + (int)gen_below(&g, 2); n > 0 && g.n_fns < MAX_FNS; n--)
		function(&g);
	g.vararg = false;
	g.turns = 1;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < g.n_fns; i++) {
			if (g.total + g.fn[i].cost > COST_LIMIT)
				continue;
			g.total += g.fn[i].cost;
			g.indent = 1;
			g.cost = COST_LIMIT;	/* no calls in the arguments */
			gen_put("\tT(\"%s\", pcall(function() return %s", g.fn[i].name, g.fn[i].name);
			gen_args_of(&g, &g.fn[i], 2);
			gen_put(" end))\n");
		}
		gen_trace(&g, 6);
	}
	gen_put("end)\n\n");
}

static int usage(void)
{
	fputs("usage: lua_gen [-n COUNT] SEED [SIZE]\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	unsigned long long count = 1, seed;
	int at = 1, size = 20;

	if (argc > 2 && strcmp(argv[1], "-n") == 0) {
		count = strtoull(argv[2], NULL, 10);
		at = 3;
	}
	if (at >= argc || argc > at + 2)
		return usage();
	seed = strtoull(argv[at], NULL, 10);
	if (at + 1 < argc)
		size = atoi(argv[at + 1]);
	if (size < 1 || size > 100)
		return usage();
	fputs(gen_prelude, stdout);
	for (unsigned long long i = 0; i < count; i++)
		program(seed + i, size);
	return fflush(stdout) == 0 ? 0 : 1;
}
