// SPDX-License-Identifier: MIT
/* lua_gen_stmt.c - random statements.
 *
 * Every statement adds the number of turns of the loops around it to the
 * cost of its function, and loops are only begun while that stays small.
 * What cannot be written here (no variable of the kind, too deep, too dear)
 * is left out.
 */
#include <stdio.h>

#include "lua_gen.h"

static void local_stmt(struct gen *g)
{
	enum kind kind = (enum kind)gen_below(g, N_KINDS);

	if (!gen_room(g, 1))
		return;
	if (gen_chance(g, 50))
		kind = gen_chance(g, 65) ? INT : FLT;
	gen_line(g);
	gen_put("local v%d = ", g->names + 1);
	gen_expr(g, kind, 2);
	gen_put("\n");
	gen_declare(g, kind, "v");
}

static void assign_stmt(struct gen *g)
{
	enum kind kind = (enum kind)gen_below(g, BOOL + 1);
	struct var *v = gen_find(g, kind, true);

	if (!v)
		return;
	gen_line(g);
	if ((kind == INT || kind == FLT) && gen_chance(g, 60)) {
		gen_put("%s = %s %s ", v->name, v->name, ONE_OF(g, "+", "-", "*", "+"));
		gen_expr(g, kind, 2);
	} else if (gen_chance(g, 15)) {
		const struct var *w = gen_find(g, kind, true);

		gen_put("%s, %s = %s, ", v->name, w->name, w->name);
		gen_expr(g, kind, 1);
	} else {
		gen_put("%s = ", v->name);
		gen_expr(g, kind, 3);
	}
	gen_put("\n");
}

/* At one turn of the loop a variable gets a value of another kind. */
static void flip_stmt(struct gen *g)
{
	enum kind kind = gen_chance(g, 60) ? INT : gen_chance(g, 60) ? FLT : STR;
	struct var *v = gen_find(g, kind, true);
	enum kind to = kind == INT ? FLT : INT;

	if (!v || !g->turn || (v < g->var + g->first_local && gen_chance(g, 90)))
		return;
	if (gen_chance(g, 25))
		to = gen_chance(g, 50) ? OBJ : STR;
	gen_line(g);
	gen_put("if %s == %d then %s = ", g->turn, (int)gen_below(g, (uint32_t)g->turn_last) + 1, v->name);
	if (to == STR)
		gen_put("%s", ONE_OF(g, "\"7\"", "\"0.5\"", "\"12\"", "\"x\""));
	else
		gen_expr(g, to, 1);
	gen_put(" end\n");
}

static void array_stmt(struct gen *g)
{
	enum kind array = gen_chance(g, 60) ? ARR : FAR;
	const struct var *v = gen_find(g, array, false);
	enum kind kind = array == ARR ? INT : FLT;

	if (!v)
		return;
	if (gen_chance(g, 8))
		kind = (enum kind)gen_below(g, STR + 1);
	gen_line(g);
	switch (gen_below(g, 6)) {
	case 0: case 1:
		gen_put("%s[", v->name);
		gen_expr(g, INT, 1);
		gen_put(" %% #%s + 1] = ", v->name);
		gen_expr(g, kind, 2);
		gen_put("\n");
		break;
	case 2: case 3:
		gen_put("if #%s < 40 then %s[#%s + 1] = ", v->name, v->name, v->name);
		gen_expr(g, kind, 2);
		gen_put(" end\n");
		break;
	case 4:
		gen_put("if #%s > 2 then %s[#%s] = nil end\n", v->name, v->name, v->name);
		break;
	default:
		gen_put("%s[1], %s[#%s] = %s[#%s], %s[1]\n", v->name, v->name, v->name, v->name, v->name, v->name);
	}
}

static void record_stmt(struct gen *g)
{
	const struct var *v = gen_find(g, REC, false);
	const char *name = gen_chance(g, 50) ? ONE_OF(g, "i", "j") : ONE_OF(g, "x", "y");

	if (!v)
		return;
	gen_line(g);
	gen_put("%s.%s = %s.%s %s ", v->name, name, v->name, name, ONE_OF(g, "+", "-", "*"));
	gen_expr(g, name[0] < 'x' ? INT : FLT, 2);
	gen_put("\n");
}

static void object_stmt(struct gen *g)
{
	struct var *v = gen_find(g, OBJ, true);

	if (!v)
		return;
	gen_line(g);
	switch (gen_below(g, 5)) {
	case 0: gen_put("%s = %s %s ", v->name, v->name, ONE_OF(g, "+", "-", "*")); gen_expr(g, INT, 1); break;
	case 1: gen_put("%s = ", v->name); gen_expr(g, FLT, 1); gen_put(" %s %s", ONE_OF(g, "+", "-", "*"), v->name); break;
	case 2: gen_put("%s.n = ", v->name); gen_expr(g, INT, 2); break;
	case 3: gen_put("if %s %s ", v->name, ONE_OF(g, "<", "<=", ">", "==")); gen_expr(g, OBJ, 1);
		gen_put(" then %s = %s(1) end", v->name, v->name); break;
	default: gen_put("%s = -%s", v->name, v->name);
	}
	gen_put("\n");
}

/* A body of n statements between a head already written and "end". */
static void body(struct gen *g, int n)
{
	int vars = g->n_vars;

	g->indent++;
	g->blocks++;
	gen_block(g, n);
	g->blocks--;
	g->indent--;
	g->n_vars = vars;
}

static int few(struct gen *g)
{
	return 1 + (int)gen_below(g, 3);
}

static void if_stmt(struct gen *g)
{
	double cost = g->cost;

	gen_line(g);
	gen_put("if ");
	gen_expr(g, BOOL, 2);
	gen_put(" then\n");
	body(g, few(g));
	if (gen_chance(g, 25)) {
		gen_line(g);
		gen_put("elseif ");
		gen_expr(g, BOOL, 2);
		gen_put(" then\n");
		body(g, few(g));
	}
	if (gen_chance(g, 50)) {
		gen_line(g);
		gen_put("else\n");
		body(g, few(g));
	}
	gen_line(g);
	gen_put("end\n");
	g->cost = cost + (g->cost - cost) * 0.7;
}

/* Number of turns for a loop here; 0 when none is left. */
static int turns(struct gen *g)
{
	int most = (int)(TURN_LIMIT / g->turns);
	int n = g->loops ? 3 + (int)gen_below(g, 30) : 40 + (int)gen_below(g, 260);

	if (g->cost + g->turns * n * 4 > COST_LIMIT / 4)
		return 0;
	return n <= most ? n : most >= 3 ? most : 0;
}

static void leave_stmt(struct gen *g, const char *how)
{
	gen_line(g);
	gen_put("if ");
	gen_expr(g, BOOL, 2);
	gen_put(" then %s end\n", how);
}

/* The inside of a loop: turn is its integer variable or NULL. */
static void loop_body(struct gen *g, const char *turn, int last, int n)
{
	const char *old_turn = g->turn;
	int old_last = g->turn_last, label = 0;
	double old = g->turns;

	g->turns *= n;
	g->loops++;
	g->turn = turn;
	g->turn_last = last;
	if (gen_chance(g, 20)) {
		char how[32];

		label = ++g->names;
		snprintf(how, sizeof how, "goto l%d", label);
		g->indent++;
		leave_stmt(g, how);
		g->indent--;
	}
	body(g, few(g) + (int)gen_below(g, 3));
	g->indent++;
	if (label) {
		gen_line(g);
		gen_put("::l%d::\n", label);
	} else if (gen_chance(g, 12)) {
		leave_stmt(g, "break");
	}
	g->indent--;
	g->loops--;
	g->turns = old;
	g->turn = old_turn;
	g->turn_last = old_last;
}

void gen_for_stmt(struct gen *g)
{
	int n = turns(g), vars = g->n_vars;
	char turn[16];

	if (n == 0 || !gen_room(g, 1))
		return;
	gen_line(g);
	snprintf(turn, sizeof turn, "%s", gen_declare(g, INT, "i")->name);
	g->var[g->n_vars - 1].fixed = true;
	switch (gen_below(g, 8)) {
	case 0: gen_put("for %s = %d, 1, -1 do\n", turn, n); break;
	case 1: gen_put("for %s = 1, %d, 2 do\n", turn, 2 * n); n = 2 * n; break;
	case 2: gen_put("for %s = math.maxinteger - %d, math.maxinteger do\n", turn, n - 1); break;
	case 3:
		g->var[g->n_vars - 1].kind = FLT;
		gen_put("for %s = 0.5, %d, %s do\n", turn, n, ONE_OF(g, "1", "1.0", "1.5"));
		break;
	default: gen_put("for %s = 1, %d do\n", turn, n);
	}
	loop_body(g, g->var[g->n_vars - 1].kind == INT ? turn : NULL, n, n);
	gen_line(g);
	gen_put("end\n");
	g->n_vars = vars;
}

static void while_stmt(struct gen *g)
{
	int n = turns(g), vars = g->n_vars;
	char turn[16];

	if (n == 0 || !gen_room(g, 1))
		return;
	gen_line(g);
	gen_put("do local w%d = 0\n", g->names + 1);
	snprintf(turn, sizeof turn, "%s", gen_declare(g, INT, "w")->name);
	g->var[g->n_vars - 1].fixed = true;
	gen_line(g);
	gen_put("while %s < %d", turn, n);
	if (gen_chance(g, 30)) {
		gen_put(" and (");
		g->turns *= n;
		gen_expr(g, BOOL, 1);
		g->turns /= n;
		gen_put(" or %s < %d)", turn, n / 2);
	}
	gen_put(" do\n");
	g->indent++;
	gen_line(g);
	gen_put("%s = %s + 1\n", turn, turn);
	g->indent--;
	loop_body(g, turn, n, n);
	gen_line(g);
	gen_put("end end\n");
	g->n_vars = vars;
}

static void repeat_stmt(struct gen *g)
{
	int n = turns(g), vars = g->n_vars;
	char turn[16];

	if (n == 0 || !gen_room(g, 1))
		return;
	gen_line(g);
	gen_put("do local r%d = 0\n", g->names + 1);
	snprintf(turn, sizeof turn, "%s", gen_declare(g, INT, "r")->name);
	g->var[g->n_vars - 1].fixed = true;
	gen_line(g);
	gen_put("repeat\n");
	g->indent++;
	gen_line(g);
	gen_put("%s = %s + 1\n", turn, turn);
	g->indent--;
	g->turns *= n;
	g->loops++;
	body(g, few(g) + 1);
	gen_line(g);
	gen_put("until %s >= %d", turn, n);
	if (gen_chance(g, 30)) {
		gen_put(" or ");
		gen_expr(g, BOOL, 2);
	}
	g->loops--;
	g->turns /= n;
	gen_put(" end\n");
	g->n_vars = vars;
}

static void generic_for(struct gen *g)
{
	const struct var *a = gen_find(g, ARR, false);
	struct var *sum = gen_find(g, INT, true);

	if (!a || !sum || !gen_room(g, 2) || g->turns * 40 > TURN_LIMIT)
		return;
	gen_line(g);
	g->cost += g->turns * 40;
	switch (gen_below(g, 4)) {
	case 0:
		gen_put("for k, e in pairs(%s) do %s = %s + H(k, e) end\n", a->name, sum->name, sum->name);
		break;
	case 1:
		gen_put("for _, e in ipairs(%s) do if e %s %d then %s = %s + e end end\n", a->name,
		    ONE_OF(g, "<", ">", "~=", "=="), (int)gen_below(g, 9), sum->name, sum->name);
		break;
	case 2:
		gen_put("for e in coroutine.wrap(function() for i = 1, #%s do coroutine.yield(%s[i] or 0) end end) do %s = %s + e end\n",
		    a->name, a->name, sum->name, sum->name);
		break;
	default:
		gen_put("for k, e in next, %s do %s = %s ~ H(k, e) end\n", a->name, sum->name, sum->name);
	}
}

/* A closure over what is visible, called at once or several times. */
static void closure_stmt(struct gen *g)
{
	int vars = g->n_vars, first = g->first_local, name;
	enum kind kind = gen_chance(g, 60) ? INT : FLT;
	const char *turn = g->turn;
	bool vararg = g->vararg;
	double before;

	if (!gen_room(g, 3) || g->blocks > 5)
		return;
	gen_line(g);
	name = ++g->names;
	gen_put("local function c%d(p%d)\n", name, g->names + 1);
	before = g->cost;
	g->first_local = g->n_vars;
	g->vararg = false;
	g->turn = NULL;			/* an upvalue may have moved on */
	gen_declare(g, kind, "p");
	body(g, few(g));
	g->indent++;
	gen_line(g);
	gen_put("return ");
	gen_expr(g, kind, 2);
	gen_put("\n");
	g->indent--;
	g->n_vars = vars;
	g->first_local = first;
	g->vararg = vararg;
	g->turn = turn;
	gen_line(g);
	gen_put("end\n");
	g->cost += (g->cost - before) * 2;
	for (int calls = few(g); calls > 0; calls--) {
		struct var *v = gen_find(g, kind, true);

		gen_line(g);
		gen_put("%s = c%d(", v ? v->name : "_", name);
		gen_expr(g, kind, 1);
		gen_put(")\n");
	}
}

/* Something that may well raise, in a function of its own. */
static void risky_stmt(struct gen *g)
{
	static const char *const ops[] = {
		"a + b", "a - b", "a * b", "a / b", "a // b", "a % b", "a & b", "a | b", "a << b", "a ~ b",
		"a .. b", "a < b", "a <= b", "a == b", "-a", "~a", "#a", "a.x", "a[b]", "a(b)", "a:m(b)",
		"#b - a", "a.n.n", "b ^ 2", "not a", "a and b.n", "a or b.n",
	};

	if (g->turns > 100)
		return;
	g->cost += g->turns * 5;
	gen_line(g);
	gen_put("T(\"e\", pcall(function(a, b) return %s end, ", gen_one_of(g, ops, sizeof ops / sizeof *ops));
	gen_expr(g, (enum kind)gen_below(g, N_KINDS), 1);
	gen_put(", ");
	gen_expr(g, (enum kind)gen_below(g, N_KINDS), 1);
	gen_put("))\n");
}

static void call_stmt(struct gen *g)
{
	const struct fn *f;

	if (g->n_fns == 0)
		return;
	f = &g->fn[gen_below(g, (uint32_t)g->n_fns)];
	if (g->cost + g->turns * f->cost > COST_LIMIT / 4)
		return;
	g->cost += g->turns * f->cost;
	gen_line(g);
	for (int i = 0; i < f->n_results; i++) {
		const struct var *v = gen_find(g, f->result[i], true);

		gen_put("%s%s", i ? ", " : "", v ? v->name : "_");
	}
	gen_put(" = %s", f->name);
	gen_args_of(g, f, 2);
	gen_put("\n");
}

/* At one turn, an error that is caught outside, a close, or a collection. */
static void event_stmt(struct gen *g)
{
	struct var *v = gen_find(g, INT, true);

	if (!g->turn || !v)
		return;
	gen_line(g);
	switch (gen_below(g, 4)) {
	case 0:
		gen_put("do local c <close> = C(function() %s = %s + 1 end) ", v->name, v->name);
		gen_put("if %s == %d then %s = %s * 2 end end\n", g->turn, (int)gen_below(g, 50), v->name, v->name);
		break;
	case 1:
		gen_put("if %s == %d then collectgarbage(\"step\") end\n", g->turn, (int)gen_below(g, 50));
		break;
	case 2:
		gen_put("if %s == %d then T(\"x\", pcall(error, %s)) end\n", g->turn, (int)gen_below(g, 50), v->name);
		break;
	default:
		gen_put("if %s == %d and ", g->turn, 1 + (int)gen_below(g, (uint32_t)g->turn_last));
		gen_expr(g, BOOL, 1);
		gen_put(" then error(\"stop \" .. I(%s)) end\n", v->name);
	}
}

void gen_trace(struct gen *g, int n)
{
	gen_line(g);
	gen_put("T(\"t\"");
	for (int i = 0; i < n; i++) {
		const struct var *v = gen_find(g, (enum kind)gen_below(g, N_KINDS), false);

		if (v)
			gen_put(", %s", v->name);
	}
	gen_put(")\n");
}

static void statement(struct gen *g)
{
	switch (gen_below(g, 34)) {
	case 0: case 1: case 2: local_stmt(g); break;
	case 3: case 4: case 5: case 6: case 7: case 8: case 9: assign_stmt(g); break;
	case 10: flip_stmt(g); break;
	case 11: case 12: case 13: array_stmt(g); break;
	case 14: case 15: record_stmt(g); break;
	case 16: object_stmt(g); break;
	case 17: case 18: case 19: if (g->blocks < 5) if_stmt(g); break;
	case 20: case 21: case 22: if (g->loops < 3) gen_for_stmt(g); break;
	case 23: if (g->loops < 3) while_stmt(g); break;
	case 24: if (g->loops < 3) repeat_stmt(g); break;
	case 25: generic_for(g); break;
	case 26: closure_stmt(g); break;
	case 27: risky_stmt(g); break;
	case 28: case 29: call_stmt(g); break;
	case 30: event_stmt(g); break;
	default: if (g->turns < 60 || gen_chance(g, 20)) gen_trace(g, 3); else assign_stmt(g);
	}
}

void gen_block(struct gen *g, int n)
{
	while (n-- > 0)
		statement(g);
}
