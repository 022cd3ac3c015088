// SPDX-License-Identifier: MIT
/* lua_gen_expr.c - random choices, visible variables, random expressions.
 *
 * Expressions are written as they are chosen, fully bracketed.  Each has a
 * kind it is meant to have; what a variable really holds may differ, and
 * then the operation converts, calls a metamethod, or raises.  Calls add the
 * cost of the callee times the turns of the loops around.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lua_gen.h"

uint32_t gen_below(struct gen *g, uint32_t n)
{
	uint64_t z = g->rng += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) >> 32) % n;
}

bool gen_chance(struct gen *g, uint32_t percent)
{
	return gen_below(g, 100) < percent;
}

const char *gen_one_of(struct gen *g, const char *const *list, uint32_t n)
{
	return list[gen_below(g, n)];
}

void gen_put(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
}

/* Starts a line; counts one statement. */
void gen_line(struct gen *g)
{
	g->cost += g->turns;
	for (int i = 0; i < g->indent; i++)
		gen_put("\t");
}

struct var *gen_declare(struct gen *g, enum kind kind, const char *prefix)
{
	struct var *v = &g->var[g->n_vars++];

	snprintf(v->name, sizeof v->name, "%s%d", prefix, ++g->names % 100000);
	v->kind = kind;
	v->fixed = false;
	return v;
}

bool gen_room(const struct gen *g, int n)
{
	return g->n_vars + n < MAX_VARS && g->n_vars - g->first_local + n < MAX_LOCALS;
}

/* A visible variable of the kind, most often a recent one; NULL if none. */
struct var *gen_find(struct gen *g, enum kind kind, bool writable)
{
	struct var *list[MAX_VARS];
	uint32_t n = 0;

	for (int i = g->n_vars - 1; i >= 0; i--)
		if (g->var[i].kind == kind && !(writable && g->var[i].fixed))
			list[n++] = &g->var[i];
	if (n == 0)
		return NULL;
	return list[gen_below(g, gen_chance(g, 60) && n > 3 ? 3 : n)];
}

static void int_const(struct gen *g)
{
	if (gen_chance(g, 70)) {
		gen_put("%d", (int)gen_below(g, 21) - 5);
		return;
	}
	gen_put("%s", ONE_OF(g, "0", "1", "-1", "2", "63", "64", "65", "-64", "255", "1000",
		"0x7fffffff", "0x80000000", "0xffffffff", "0x100000000", "math.maxinteger",
		"math.mininteger", "0x20000000000001", "9007199254740993", "-9007199254740993",
		"0xaaaaaaaaaaaaaaaa", "3037000500", "(math.maxinteger - 1)", "(math.mininteger + 1)"));
}

static void flt_const(struct gen *g)
{
	if (gen_chance(g, 60)) {
		gen_put("%d.%s", (int)gen_below(g, 40) - 20, ONE_OF(g, "0", "5", "25", "125", "1"));
		return;
	}
	gen_put("%s", ONE_OF(g, "0.0", "-0.0", "1.0", "-1.0", "0.1", "1e15", "1e16", "9007199254740992.0",
		"9223372036854775808.0", "-9223372036854775808.0", "1e300", "-1e300", "5e-324",
		"math.huge", "-math.huge", "(0/0)", "math.pi", "2147483648.0", "1e-5"));
}

/* A call of an earlier function whose first result has the kind, if one is
 * cheap enough here. */
static bool call_expr(struct gen *g, enum kind kind, int depth)
{
	for (int tries = 0; tries < 3 && g->n_fns > 0; tries++) {
		const struct fn *f = &g->fn[gen_below(g, (uint32_t)g->n_fns)];

		if (f->result[0] != kind || g->cost + g->turns * f->cost > COST_LIMIT / 4)
			continue;
		g->cost += g->turns * f->cost;
		gen_put("(%s", f->name);
		gen_args_of(g, f, depth - 1);
		gen_put(")");
		return true;
	}
	return false;
}

static void binary(struct gen *g, enum kind a, const char *op, enum kind b, int depth)
{
	gen_put("(");
	gen_expr(g, a, depth - 1);
	gen_put(" %s ", op);
	gen_expr(g, b, depth - 1);
	gen_put(")");
}

/* An element of an array of integers or floats; it may be absent, and then
 * another value mostly stands in. */
static bool element(struct gen *g, enum kind kind, int depth)
{
	const struct var *v = gen_find(g, kind, false);

	if (!v)
		return false;
	if (gen_chance(g, 20)) {
		gen_put("(%s[", v->name);
		if (g->turn && gen_chance(g, 60))
			gen_put("%s", g->turn);
		else
			gen_put("%d", (int)gen_below(g, 6));
		gen_put(gen_chance(g, 95) ? "] or 0)" : "])");
		return true;
	}
	gen_put("%s[", v->name);
	if (g->turn && gen_chance(g, 50))
		gen_put("%s", g->turn);
	else
		gen_expr(g, INT, depth - 1);
	gen_put(" %% #%s + 1]", v->name);
	return true;
}

static bool field(struct gen *g, enum kind kind)
{
	const struct var *v = gen_find(g, REC, false);

	if (!v)
		return false;
	gen_put("%s.%s", v->name, kind == INT ? ONE_OF(g, "i", "j") : kind == FLT ? ONE_OF(g, "x", "y") : "s");
	return true;
}

static void divide(struct gen *g, int depth)
{
	gen_put("(");
	gen_expr(g, INT, depth - 1);
	gen_put(" %s ", ONE_OF(g, "//", "%"));
	if (gen_chance(g, 50)) {
		gen_put("%s", ONE_OF(g, "1", "2", "3", "7", "8", "10", "-1", "-2", "-3", "-8", "1000", "math.mininteger"));
	} else if (gen_chance(g, 94)) {
		gen_put("(");
		gen_expr(g, INT, depth - 1);
		gen_put(" | 1)");
	} else {
		gen_expr(g, INT, depth - 1);
	}
	gen_put(")");
}

static void int_leaf(struct gen *g)
{
	const struct var *v = gen_find(g, INT, false);

	if (g->turn && gen_chance(g, 25))
		gen_put("%s", g->turn);
	else if (v && gen_chance(g, 75))
		gen_put("%s", v->name);
	else
		int_const(g);
}

static void int_expr(struct gen *g, int depth)
{
	if (depth <= 0) {
		int_leaf(g);
		return;
	}
	switch (gen_below(g, 22)) {
	case 0: case 1: case 2: binary(g, INT, "+", INT, depth); break;
	case 3: case 4: binary(g, INT, "-", INT, depth); break;
	case 5: case 6: binary(g, INT, "*", INT, depth); break;
	case 7: case 8: divide(g, depth); break;
	case 9: case 10: binary(g, INT, ONE_OF(g, "&", "|", "~"), INT, depth); break;
	case 11: binary(g, INT, ONE_OF(g, "<<", ">>"), INT, depth); break;
	case 12: gen_put("(%s ", ONE_OF(g, "-", "~")); int_expr(g, depth - 1); gen_put(")"); break;
	case 13: gen_put("("); gen_expr(g, BOOL, depth - 1); gen_put(" and "); int_expr(g, depth - 1);
		gen_put(" or "); int_expr(g, depth - 1); gen_put(")"); break;
	case 14: gen_put("#"); if (gen_find(g, ARR, false)) gen_put("%s", gen_find(g, ARR, false)->name);
		else { gen_put("("); gen_expr(g, STR, 1); gen_put(")"); } break;
	case 15: if (!element(g, ARR, depth)) int_leaf(g); break;
	case 16: if (!field(g, INT)) int_leaf(g); break;
	case 17: case 18: if (!call_expr(g, INT, depth)) int_leaf(g); break;
	case 19: if (g->vararg) gen_put("select('#', ...)"); else int_leaf(g); break;
	case 20: gen_put("math.%s(", ONE_OF(g, "abs", "max", "min")); int_expr(g, depth - 1);
		gen_put(", "); int_expr(g, depth - 1); gen_put(")"); break;
	default: int_leaf(g);
	}
}

static void flt_leaf(struct gen *g)
{
	const struct var *v = gen_find(g, FLT, false);

	if (v && gen_chance(g, 75))
		gen_put("%s", v->name);
	else
		flt_const(g);
}

static void flt_expr(struct gen *g, int depth)
{
	enum kind other = gen_chance(g, 35) ? INT : FLT;

	if (depth <= 0) {
		flt_leaf(g);
		return;
	}
	switch (gen_below(g, 18)) {
	case 0: case 1: case 2: binary(g, FLT, "+", other, depth); break;
	case 3: case 4: binary(g, other, "-", FLT, depth); break;
	case 5: case 6: binary(g, FLT, "*", other, depth); break;
	case 7: case 8: binary(g, other, "/", other, depth); break;
	case 9: binary(g, FLT, ONE_OF(g, "//", "%"), other, depth); break;
	case 10: gen_put("("); flt_expr(g, depth - 1); gen_put(" ^ %s)", ONE_OF(g, "2", "0.5", "3", "-1", "0")); break;
	case 11: gen_put("(- "); flt_expr(g, depth - 1); gen_put(")"); break;
	case 12: gen_put("("); gen_expr(g, BOOL, depth - 1); gen_put(" and "); flt_expr(g, depth - 1);
		gen_put(" or "); gen_expr(g, other, depth - 1); gen_put(")"); break;
	case 13: if (!field(g, FLT)) flt_leaf(g); break;
	case 14: if (!element(g, FAR, depth)) flt_leaf(g); break;
	case 15: if (!call_expr(g, FLT, depth)) flt_leaf(g); break;
	case 16: gen_put("math.%s(", ONE_OF(g, "sqrt", "floor", "ceil", "abs")); flt_expr(g, depth - 1); gen_put(")"); break;
	default: flt_leaf(g);
	}
}

static void str_leaf(struct gen *g)
{
	const struct var *v = gen_find(g, STR, false);

	if (v && gen_chance(g, 60))
		gen_put("%s", v->name);
	else
		gen_put("%s", ONE_OF(g, "\"\"", "\"a\"", "\"xyz\"", "\"hello\"", "\"10\"", "\"-3\"", "\"0x1F\"", "\"2.5\"", "\"A_b\""));
}

static void str_expr(struct gen *g, int depth)
{
	if (depth <= 0) {
		str_leaf(g);
		return;
	}
	switch (gen_below(g, 9)) {
	case 0: case 1: gen_put("S("); str_expr(g, depth - 1); gen_put(" .. "); str_expr(g, depth - 1); gen_put(")"); break;
	case 2: case 3: gen_put("S("); str_expr(g, depth - 1); gen_put(" .. I("); gen_expr(g, gen_chance(g, 70) ? INT : FLT, depth - 1); gen_put("))"); break;
	case 4: gen_put("("); str_expr(g, depth - 1); gen_put("):sub("); int_expr(g, depth - 2); gen_put(", "); int_expr(g, depth - 2); gen_put(")"); break;
	case 5: gen_put("tostring(I("); int_expr(g, depth - 1); gen_put("))"); break;
	case 6: if (!field(g, STR)) str_leaf(g); break;
	case 7: if (!call_expr(g, STR, depth)) str_leaf(g); break;
	default: gen_put("("); str_expr(g, depth - 1); gen_put("):%s()", ONE_OF(g, "upper", "lower", "reverse"));
	}
}

static void bool_expr(struct gen *g, int depth)
{
	const struct var *v = gen_find(g, BOOL, false);
	const char *relation = ONE_OF(g, "<", "<=", ">", ">=", "==", "~=");

	if (depth <= 0) {
		if (v && gen_chance(g, 60))
			gen_put("%s", v->name);
		else
			gen_put("%s", ONE_OF(g, "true", "false"));
		return;
	}
	switch (gen_below(g, 12)) {
	case 0: case 1: case 2: case 3: binary(g, INT, relation, INT, depth); break;
	case 4: case 5: binary(g, FLT, relation, FLT, depth); break;
	case 6: binary(g, INT, relation, FLT, depth); break;
	case 7: binary(g, STR, relation, STR, depth); break;
	case 8: gen_put("(not "); bool_expr(g, depth - 1); gen_put(")"); break;
	case 9: binary(g, BOOL, ONE_OF(g, "and", "or"), BOOL, depth); break;
	case 10: gen_put("("); if (!element(g, ARR, depth)) gen_put("nil"); gen_put(" == nil)"); break;
	default: gen_put("("); gen_expr(g, (enum kind)gen_below(g, BOOL), depth - 1); gen_put(" == "); gen_expr(g, (enum kind)gen_below(g, BOOL), depth - 1); gen_put(")");
	}
}

static void arr_expr(struct gen *g, enum kind array, int depth)
{
	const struct var *v = gen_find(g, array, false);
	uint32_t n = 1 + gen_below(g, 8);
	enum kind kind = array == ARR ? INT : FLT;

	if (v && gen_chance(g, 30)) {
		gen_put("%s", v->name);
		return;
	}
	gen_put("{ ");
	for (uint32_t i = 0; i < n; i++) {
		gen_expr(g, kind, depth > 0 && gen_chance(g, 20) ? 1 : 0);
		gen_put(i + 1 < n ? ", " : " }");
	}
}

void gen_expr(struct gen *g, enum kind kind, int depth)
{
	switch (kind) {
	case INT: int_expr(g, depth); break;
	case FLT: flt_expr(g, depth); break;
	case STR: str_expr(g, depth); break;
	case BOOL: bool_expr(g, depth); break;
	case ARR: case FAR: arr_expr(g, kind, depth); break;
	case REC:
		gen_put("{ i = "); int_expr(g, depth - 1);
		gen_put(", j = "); int_expr(g, 0);
		gen_put(", x = "); flt_expr(g, depth - 1);
		gen_put(", y = "); flt_expr(g, 0);
		gen_put(", s = "); str_expr(g, 0); gen_put(" }");
		break;
	default:
		gen_put("V("); gen_expr(g, gen_chance(g, 70) ? INT : FLT, depth - 1); gen_put(")");
	}
}

/* An argument list, with the wrong kind or number now and then. */
void gen_args_of(struct gen *g, const struct fn *f, int depth)
{
	int n = f->n_params;

	if (gen_chance(g, 4) && n > 0)
		n--;
	gen_put("(");
	for (int i = 0; i < n; i++) {
		enum kind kind = f->param[i];

		if (gen_chance(g, 2))
			kind = (enum kind)gen_below(g, N_KINDS);
		else if (kind == INT && gen_chance(g, 3))
			kind = FLT;
		gen_put(i ? ", " : "");
		gen_expr(g, kind, depth > 1 ? 1 : 0);
	}
	for (uint32_t i = f->vararg ? gen_below(g, 5) : gen_chance(g, 5); i > 0; i--) {
		gen_put(n ? ", " : "");
		n++;
		gen_expr(g, gen_chance(g, 80) ? INT : FLT, 0);
	}
	gen_put(")");
}
