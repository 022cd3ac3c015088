/* SPDX-License-Identifier: MIT
 * parse.c - recursive descent over Lua 5.4; resolves names, folds constants, builds the tree of one function at a time.
 *
 * Scoping happens here: a use of a local points at its lv_var, a use of an outer local becomes an upvalue and marks the
 * variable captured, a goto points at its label. Chains of operators and suffixes are built leaning to the left without
 * recursion (`up` leads back), so only real nesting costs native stack; it is limited as in the reference
 * implementation, whose messages and line numbers are kept to the letter.
 */
#include <math.h>
#include <stdio.h>
#include "front.h"

static struct lv_tree *expression(struct lv_lex *ls);
static void statement(struct lv_lex *ls, struct lv_tree ***tail);

/* ---- messages ------------------------------------------------------------------------------------------ */

static _Noreturn void syntax_error(struct lv_lex *ls, const char *msg)
{
	lv_lex_error(ls, msg, ls->t.kind);
}

_Noreturn void lv_fe_semantic(struct lv_lex *ls, struct lv_str *msg)
{
	lv_lex_error(ls, msg->s, 0);
}

static _Noreturn void expected(struct lv_lex *ls, int kind)
{
	char name[32];

	syntax_error(ls, lv_strf(ls->L, "%s expected", lv_lex_name(ls, kind, name))->s);
}

_Noreturn void lv_fe_limit(struct lv_func *fs, uint32_t limit, const char *what)
{
	struct lv_lex *ls = fs->ls;

	if (fs->line == 0)
		syntax_error(ls, lv_strf(ls->L, "too many %s (limit is %d) in main function", what, (int)limit)->s);
	syntax_error(ls, lv_strf(ls->L, "too many %s (limit is %d) in function at line %d", what, (int)limit, fs->line)->s);
}

static void enter(struct lv_lex *ls)
{
	if (++ls->levels > LV_FE_LEVELS)
		lv_lex_overflow(ls);
}

static void leave(struct lv_lex *ls)
{
	ls->levels--;
}

/* ---- tokens ---------------------------------------------------------------------------------------------- */

static bool accept(struct lv_lex *ls, int kind)
{
	if (ls->t.kind != kind)
		return false;
	lv_lex_next(ls);
	return true;
}

static void expect(struct lv_lex *ls, int kind)
{
	if (!accept(ls, kind))
		expected(ls, kind);
}

/* The token that closes what was opened at `line`. */
static void expect_close(struct lv_lex *ls, int kind, int open, int line)
{
	char a[32], b[32];

	if (accept(ls, kind))
		return;
	if (line == ls->line)
		expected(ls, kind);
	syntax_error(ls, lv_strf(ls->L, "%s expected (to close %s at line %d)",
		lv_lex_name(ls, kind, a), lv_lex_name(ls, open, b), line)->s);
}

static struct lv_str *expect_name(struct lv_lex *ls)
{
	struct lv_str *s;

	if (ls->t.kind != LV_TK_NAME)
		expected(ls, LV_TK_NAME);
	s = ls->t.k.s;
	lv_lex_next(ls);
	return s;
}

/* ---- nodes ------------------------------------------------------------------------------------------------ */

static struct lv_tree *node(struct lv_lex *ls, enum lv_tree_kind kind, int line)
{
	struct lv_tree *e = lv_lex_alloc(ls, sizeof *e);

	e->kind = (uint8_t)kind;
	e->line = line;
	return e;
}

/* One whose left operand is `a`. */
static struct lv_tree *node_on(struct lv_lex *ls, enum lv_tree_kind kind, int line, struct lv_tree *a, struct lv_tree *b)
{
	struct lv_tree *e = node(ls, kind, line);

	e->a = a;
	e->b = b;
	a->up = e;
	return e;
}

static struct lv_tree *constant(struct lv_lex *ls, const struct lv_value *k)
{
	struct lv_tree *e = node(ls, LV_X_CONST, ls->lastline);

	e->k = *k;
	return e;
}

static struct lv_tree *simple(struct lv_lex *ls, enum lv_tag tag)
{
	struct lv_value k = { .tag = tag };

	return constant(ls, &k);
}

static struct lv_tree *string(struct lv_lex *ls, struct lv_str *s)
{
	struct lv_value k = { .tag = LV_NIL };

	lv_setstr(&k, s);
	return constant(ls, &k);
}

/* An index that ended an operand is executed when the token behind it was taken: its line for messages. */
static void settle(struct lv_lex *ls, struct lv_tree *e)
{
	if (e->kind == LV_X_INDEX)
		e->line = ls->lastline;
}

/* ---- variables ---------------------------------------------------------------------------------------------- */

static struct lv_var *new_var(struct lv_lex *ls, struct lv_str *name, uint32_t pending)
{
	struct lv_var *v = lv_lex_alloc(ls, sizeof *v);

	if (ls->fs->nvars + pending >= LV_MAXVARS)
		lv_fe_limit(ls->fs, LV_MAXVARS, "local variables");
	v->name = name;
	return v;
}

/* A new variable at the end of the list; nil behind it. */
static struct lv_var *append_var(struct lv_lex *ls, struct lv_var **list, struct lv_str *name)
{
	uint32_t n = 0;

	for (; *list; list = &(*list)->next)
		n++;
	return *list = new_var(ls, name, n);
}

static void activate(struct lv_func *fs, struct lv_var *v)
{
	for (; v; v = v->next) {
		v->prev = fs->vars;
		v->ord = fs->nvars++;
		fs->vars = v;
	}
}

static unsigned add_upvalue(struct lv_func *fs, struct lv_str *name, struct lv_var *v, bool instack, unsigned index)
{
	if (fs->nup == sizeof fs->upref / sizeof *fs->upref)
		lv_fe_limit(fs, 255, "upvalues");
	fs->upref[fs->nup] = (struct lv_upref){ name, v, instack, (uint8_t)index };
	return fs->nup++;
}

enum found { GLOBAL, LOCAL, UPVALUE, CONSTANT };

static enum found find(struct lv_func *fs, struct lv_str *name, struct lv_var **var, unsigned *index)
{
	enum found outer;

	for (struct lv_var *v = fs->vars; v; v = v->prev)
		if (v->name == name) {
			*var = v;
			return v->isk ? CONSTANT : LOCAL;
		}
	for (unsigned i = 0; i < fs->nup; i++)
		if (fs->upref[i].name == name) {
			*var = fs->upref[i].var;
			*index = i;
			return UPVALUE;
		}
	if (!fs->up)
		return GLOBAL;
	outer = find(fs->up, name, var, index);
	if (outer == LOCAL)
		(*var)->captured = true;
	if (outer == LOCAL || outer == UPVALUE) {
		*index = add_upvalue(fs, name, *var, outer == LOCAL, *index);
		return UPVALUE;
	}
	return outer;
}

static struct lv_tree *variable(struct lv_lex *ls, struct lv_str *name)
{
	struct lv_var *v = NULL;
	unsigned index = 0;
	struct lv_tree *e;

	switch (find(ls->fs, name, &v, &index)) {
	case CONSTANT:
		e = constant(ls, &v->k);
		break;
	case LOCAL:
		e = node(ls, LV_X_LOCAL, ls->lastline);
		break;
	case UPVALUE:
		e = node(ls, LV_X_UPVAL, ls->lastline);
		e->op = (uint16_t)index;
		break;
	default:
		return node_on(ls, LV_X_INDEX, ls->lastline, variable(ls, ls->env), string(ls, name));
	}
	e->var = v;
	return e;
}

static bool is_variable(const struct lv_tree *e)
{
	return !e->paren && (e->kind == LV_X_LOCAL || e->kind == LV_X_UPVAL || e->kind == LV_X_INDEX ||
		(e->kind == LV_X_CONST && e->var));
}

/* `e` is about to be assigned to. */
static void check_assignable(struct lv_lex *ls, struct lv_tree *e)
{
	struct lv_var *v = e->kind == LV_X_INDEX ? NULL : e->var;

	if (!v)
		return;
	if (v->attrib != LV_ATTR_NONE)
		lv_fe_semantic(ls, lv_strf(ls->L, "attempt to assign to const variable '%s'", v->name->s));
	v->assigned = true;
}

/* ---- blocks, labels -------------------------------------------------------------------------------------------- */

static void open_block(struct lv_func *fs, struct lv_block *b, bool loop)
{
	*b = (struct lv_block){ .up = fs->block, .vars = fs->vars, .nvars = fs->nvars, .labels = fs->labels, .gotos = fs->gotos, .loop = loop };
	fs->block = b;
}

static struct lv_label *new_label(struct lv_lex *ls, struct lv_str *name, uint16_t nvars)
{
	struct lv_label *l = lv_lex_alloc(ls, sizeof *l);

	l->name = name;
	l->nvars = nvars;
	return l;
}

/* Gives the block's waiting gotos of that name their label. */
static void resolve(struct lv_lex *ls, struct lv_block *b, struct lv_label *l)
{
	struct lv_func *fs = ls->fs;

	for (struct lv_pending **p = &fs->gotos; *p != b->gotos;) {
		struct lv_pending *g = *p;
		struct lv_var *v = fs->vars;

		if (g->name != l->name) {
			p = &g->prev;
			continue;
		}
		if (g->nvars < l->nvars) {
			while (v->ord != g->nvars)
				v = v->prev;
			lv_fe_semantic(ls, lv_strf(ls->L, "<goto %s> at line %d jumps into the scope of local '%s'",
				g->name->s, g->node->line, v->name->s));
		}
		g->node->label = l;
		l->used = true;
		*p = g->prev;
	}
}

/* The gotos still waiting leave the block, the outermost one with an error; `brk` takes the breaks. */
static void close_block(struct lv_lex *ls, struct lv_label *brk)
{
	struct lv_func *fs = ls->fs;
	struct lv_block *b = fs->block;
	struct lv_pending *first = NULL;

	fs->vars = b->vars;
	fs->nvars = b->nvars;
	fs->labels = b->labels;
	fs->block = b->up;
	if (b->loop)
		resolve(ls, b, brk);
	for (struct lv_pending *g = fs->gotos; g != b->gotos; g = g->prev) {
		if (g->nvars > b->nvars)
			g->nvars = b->nvars;
		first = g;
	}
	if (b->up || !first)
		return;
	if (first->name)
		lv_fe_semantic(ls, lv_strf(ls->L, "no visible label '%s' for <goto> at line %d", first->name->s, first->node->line));
	lv_fe_semantic(ls, lv_strf(ls->L, "break outside loop at line %d", first->node->line));
}

static struct lv_label *find_label(struct lv_func *fs, struct lv_str *name)
{
	for (struct lv_label *l = fs->labels; l; l = l->prev)
		if (l->name == name)
			return l;
	return NULL;
}

/* name NULL: break */
static struct lv_tree *goto_statement(struct lv_lex *ls, struct lv_str *name, int line)
{
	struct lv_tree *s = node(ls, LV_S_GOTO, line);
	struct lv_pending *g;

	s->label = name ? find_label(ls->fs, name) : NULL;
	if (!s->label) {
		g = lv_lex_alloc(ls, sizeof *g);
		*g = (struct lv_pending){ .prev = ls->fs->gotos, .node = s, .name = name, .nvars = ls->fs->nvars };
		ls->fs->gotos = g;
	} else {
		s->label->used = true;
	}
	return s;
}

static bool block_ends(struct lv_lex *ls, bool with_until)
{
	switch (ls->t.kind) {
	case LV_TK_ELSE: case LV_TK_ELSEIF: case LV_TK_END: case LV_TK_EOS:
		return true;
	case LV_TK_UNTIL:
		return with_until;
	default:
		return false;
	}
}

static void check_repeated(struct lv_lex *ls, struct lv_str *name)
{
	struct lv_label *l = find_label(ls->fs, name);

	if (l)
		lv_fe_semantic(ls, lv_strf(ls->L, "label '%s' already defined on line %d", name->s, l->line));
}

/* Behind `:: name`. */
static void label_statement(struct lv_lex *ls, struct lv_str *name, int line, struct lv_tree ***tail)
{
	struct lv_func *fs = ls->fs;
	struct lv_tree *s = node(ls, LV_S_LABEL, line);
	struct lv_label *l;

	expect(ls, LV_TK_DBCOLON);
	**tail = s;
	*tail = &s->next;
	while (ls->t.kind == ';' || ls->t.kind == LV_TK_DBCOLON)
		statement(ls, tail);		/* a label at the end may be followed by these */
	check_repeated(ls, name);
	s->last = block_ends(ls, false);
	l = new_label(ls, name, s->last ? fs->block->nvars : fs->nvars);
	l->line = line;
	l->prev = fs->labels;
	fs->labels = l;
	s->label = l;
	resolve(ls, fs->block, l);
}

/* ---- functions ----------------------------------------------------------------------------------------------------- */

static struct lv_tree *statements(struct lv_lex *ls)
{
	struct lv_tree *first = NULL, **tail = &first;

	while (!block_ends(ls, true)) {
		bool last = ls->t.kind == LV_TK_RETURN;

		statement(ls, &tail);
		if (last)
			break;
	}
	return first;
}

static struct lv_tree *block(struct lv_lex *ls)
{
	struct lv_block b;
	struct lv_tree *first;

	open_block(ls->fs, &b, false);
	first = statements(ls);
	close_block(ls, NULL);
	return first;
}

static struct lv_func *open_function(struct lv_lex *ls, int line)
{
	struct lv_func *fs = lv_lex_alloc(ls, sizeof *fs);

	fs->ls = ls;
	fs->up = ls->fs;
	fs->line = line;
	ls->fs = fs;
	return fs;
}

static void parameters(struct lv_lex *ls)
{
	struct lv_func *fs = ls->fs;
	unsigned n = 0;

	for (struct lv_var *v = fs->params; v; v = v->next)
		n++;				/* self */
	if (ls->t.kind != ')')
		do {
			if (accept(ls, LV_TK_DOTS)) {
				fs->vararg = true;
				break;
			}
			if (ls->t.kind != LV_TK_NAME)
				syntax_error(ls, "<name> or '...' expected");
			append_var(ls, &fs->params, expect_name(ls));
			n++;
		} while (accept(ls, ','));
	activate(fs, fs->params);
	fs->nparams = (uint8_t)n;
}

/* Generates the function and drops its tree; a function of its own, because its array need not lie below every nested one. */
static __attribute__((noinline)) struct lv_child *finish_function(struct lv_lex *ls, struct lv_arena_mark mark)
{
	struct lv_func *fs = ls->fs;
	struct lv_var *captured[255];
	unsigned n = fs->nup;
	struct lv_proto *p = lv_fe_generate(fs);
	struct lv_child *c;

	lv_lex_anchor(ls, p, LV_PROTO);
	for (unsigned i = 0; i < n; i++)
		captured[i] = fs->upref[i].instack ? fs->upref[i].var : NULL;
	ls->fs = fs->up;
	lv_lex_release(ls, mark);
	c = lv_lex_alloc(ls, sizeof *c + n * sizeof *c->var);
	c->p = p;
	memcpy(c->var, captured, n * sizeof *captured);
	return c;
}

/* Parameters, body and `end` of a function; what remains of it. */
static struct lv_tree *function(struct lv_lex *ls, bool method, int line)
{
	struct lv_arena_mark mark = ls->at;
	struct lv_func *fs = open_function(ls, line);
	struct lv_block b;
	struct lv_child *c;
	struct lv_tree *e;

	open_block(fs, &b, false);
	expect(ls, '(');
	if (method)
		append_var(ls, &fs->params, lv_lex_str(ls, "self", 4));
	parameters(ls);
	expect(ls, ')');
	fs->body = statements(ls);
	fs->lastline = ls->line;
	expect_close(ls, LV_TK_END, LV_TK_FUNCTION, line);
	close_block(ls, NULL);
	c = finish_function(ls, mark);
	e = node(ls, LV_X_FUNC, ls->lastline);
	e->fn = c;
	return e;
}

/* ---- expressions ----------------------------------------------------------------------------------------------------- */

static struct lv_tree *expression_list(struct lv_lex *ls)
{
	struct lv_tree *first = expression(ls), *e = first;

	while (accept(ls, ',')) {
		settle(ls, e);
		e = e->next = expression(ls);
	}
	return first;
}

/* At '{'. Counts of array items and pairs are the generator's business. */
static struct lv_tree *constructor(struct lv_lex *ls)
{
	int line = ls->line;
	struct lv_tree *t = node(ls, LV_X_TABLE, ls->lastline), **tail = &t->b;

	expect(ls, '{');
	while (ls->t.kind != '}') {
		struct lv_tree *item, *key = NULL;

		if (ls->t.kind == LV_TK_NAME && lv_lex_peek(ls) == '=') {
			key = string(ls, expect_name(ls));
			lv_lex_next(ls);
		} else if (accept(ls, '[')) {
			key = expression(ls);
			expect(ls, ']');
			settle(ls, key);
			expect(ls, '=');
		}
		item = node(ls, key ? LV_X_PAIR : LV_X_ITEM, ls->line);
		item->a = key ? key : expression(ls);
		if (key)
			item->b = expression(ls);
		item->line = ls->lastline;
		*tail = item;
		tail = &item->next;
		if (!accept(ls, ',') && !accept(ls, ';'))
			break;
	}
	expect_close(ls, '}', '{', line);
	t->line2 = ls->lastline;
	return t;
}

static struct lv_tree *arguments(struct lv_lex *ls)
{
	struct lv_tree *args = NULL, *last;
	int line = ls->line;

	if (ls->t.kind == LV_TK_STRING) {
		args = string(ls, ls->t.k.s);
		lv_lex_next(ls);
		args->line = ls->lastline;
		return args;
	}
	if (ls->t.kind == '{')
		return constructor(ls);
	if (ls->t.kind != '(')
		syntax_error(ls, "function arguments expected");
	lv_lex_next(ls);
	if (ls->t.kind != ')')
		args = expression_list(ls);
	expect_close(ls, ')', '(', line);
	for (last = args; last && last->next;)
		last = last->next;
	if (last)
		settle(ls, last);
	return args;
}

static struct lv_tree *primary(struct lv_lex *ls)
{
	int line = ls->line;
	struct lv_tree *e;

	if (ls->t.kind == LV_TK_NAME)
		return variable(ls, expect_name(ls));
	if (ls->t.kind != '(')
		syntax_error(ls, "unexpected symbol");
	lv_lex_next(ls);
	e = expression(ls);
	expect_close(ls, ')', '(', line);
	settle(ls, e);
	if (lv_ismulti(e)) {
		struct lv_tree *t = node(ls, LV_X_TRUNC, e->line);

		t->a = e;
		e = t;
	}
	e->paren = true;
	return e;
}

static struct lv_tree *suffixed(struct lv_lex *ls)
{
	struct lv_tree *e = primary(ls), *key;
	struct lv_str *name;
	int line;

	for (;;) {
		switch (ls->t.kind) {
		case '.':
			settle(ls, e);
			lv_lex_next(ls);
			name = expect_name(ls);
			e = node_on(ls, LV_X_INDEX, ls->lastline, e, string(ls, name));
			break;
		case '[':
			settle(ls, e);
			lv_lex_next(ls);
			key = expression(ls);
			expect(ls, ']');
			e = node_on(ls, LV_X_INDEX, ls->lastline, e, key);
			break;
		case ':':
			lv_lex_next(ls);
			name = expect_name(ls);
			e = node_on(ls, LV_X_METHOD, ls->line, e, NULL);
			e->line2 = ls->lastline;
			lv_setstr(&e->k, name);
			e->b = arguments(ls);
			break;
		case '(': case '{': case LV_TK_STRING:
			line = ls->line;
			settle(ls, e);
			e = node_on(ls, LV_X_CALL, line, e, NULL);
			e->b = arguments(ls);
			break;
		default:
			return e;
		}
	}
}

static struct lv_tree *simple_expression(struct lv_lex *ls)
{
	struct lv_tree *e;
	int line = ls->line;

	switch (ls->t.kind) {
	case LV_TK_FLT: case LV_TK_INT: case LV_TK_STRING:
		e = constant(ls, &ls->t.k);
		break;
	case LV_TK_NIL:
		e = simple(ls, LV_NIL);
		break;
	case LV_TK_TRUE:
		e = simple(ls, LV_TRUE);
		break;
	case LV_TK_FALSE:
		e = simple(ls, LV_FALSE);
		break;
	case LV_TK_DOTS:
		if (!ls->fs->vararg)
			syntax_error(ls, "cannot use '...' outside a vararg function");
		e = node(ls, LV_X_VARARG, line);
		break;
	case '{':
		return constructor(ls);
	case LV_TK_FUNCTION:
		lv_lex_next(ls);
		return function(ls, false, line);
	default:
		return suffixed(ls);
	}
	lv_lex_next(ls);
	e->line = ls->lastline;
	return e;
}

/* ---- operators --------------------------------------------------------------------------------------------------------- */

/* what an operator builds, with which opcode or comparison, and how tightly it binds to the left and to the right */
struct binary { uint8_t kind, left, right; uint16_t op; };

static struct binary binary_operator(int token)
{
	switch (token) {
#define B(KIND, OP, L, R) return (struct binary){ LV_X_##KIND, L, R, OP }
	case LV_TK_OR:     B(OR, 0, 1, 1);
	case LV_TK_AND:    B(AND, 0, 2, 2);
	case '<':          B(CMP, LV_CMP_LT, 3, 3);
	case '>':          B(CMP, LV_CMP_GT, 3, 3);
	case LV_TK_LE:     B(CMP, LV_CMP_LE, 3, 3);
	case LV_TK_GE:     B(CMP, LV_CMP_GE, 3, 3);
	case LV_TK_NE:     B(CMP, LV_CMP_NE, 3, 3);
	case LV_TK_EQ:     B(CMP, LV_CMP_EQ, 3, 3);
	case '|':          B(BIN, LV_OP_BOR, 4, 4);
	case '~':          B(BIN, LV_OP_BXOR, 5, 5);
	case '&':          B(BIN, LV_OP_BAND, 6, 6);
	case LV_TK_SHL:    B(BIN, LV_OP_SHL, 7, 7);
	case LV_TK_SHR:    B(BIN, LV_OP_SHR, 7, 7);
	case LV_TK_CONCAT: B(CONCAT, 0, 9, 8);
	case '+':          B(BIN, LV_OP_ADD, 10, 10);
	case '-':          B(BIN, LV_OP_SUB, 10, 10);
	case '*':          B(BIN, LV_OP_MUL, 11, 11);
	case '/':          B(BIN, LV_OP_DIV, 11, 11);
	case LV_TK_IDIV:   B(BIN, LV_OP_IDIV, 11, 11);
	case '%':          B(BIN, LV_OP_MOD, 11, 11);
	case '^':          B(BIN, LV_OP_POW, 14, 13);
#undef B
	default:           return (struct binary){ 0 };
	}
}
enum { UNARY_PRIORITY = 12 };

static bool is_number(const struct lv_tree *e)
{
	return e->kind == LV_X_CONST && lv_isnum(&e->k);
}

static double as_float(const struct lv_value *v)
{
	return v->tag == LV_INT ? (double)v->i : v->n;
}

static bool fold_float(uint16_t op, double a, double b, struct lv_value *out)
{
	double r;

	switch (op) {
	case LV_OP_ADD:  r = a + b; break;
	case LV_OP_SUB:  r = a - b; break;
	case LV_OP_MUL:  r = a * b; break;
	case LV_OP_DIV:  r = a / b; break;
	case LV_OP_POW:  r = b == 2 ? a * a : pow(a, b); break;
	case LV_OP_MOD:  r = lv_fmod(a, b); break;
	case LV_OP_IDIV: r = floor(a / b); break;
	default:         return false;
	}
	if (isnan(r) || r == 0)
		return false;			/* -0.0 and NaN would not survive the table of constants */
	lv_setflt(out, r);
	return true;
}

static bool fold_int(struct lv_state *L, uint16_t op, int64_t a, int64_t b, struct lv_value *out)
{
	uint64_t x = (uint64_t)a, y = (uint64_t)b, r;

	switch (op) {
	case LV_OP_ADD:  r = x + y; break;
	case LV_OP_SUB:  r = x - y; break;
	case LV_OP_MUL:  r = x * y; break;
	case LV_OP_BAND: r = x & y; break;
	case LV_OP_BOR:  r = x | y; break;
	case LV_OP_BXOR: r = x ^ y; break;
	case LV_OP_SHL:  r = (uint64_t)lv_shl(a, b); break;
	case LV_OP_SHR:  r = (uint64_t)lv_shl(a, (int64_t)(0 - y)); break;
	case LV_OP_MOD:
		if (b == 0)
			return false;
		r = (uint64_t)lv_imod(L, a, b);
		break;
	case LV_OP_IDIV:
		if (b == 0)
			return false;
		r = (uint64_t)lv_idiv(L, a, b);
		break;
	default:
		return false;
	}
	lv_setint(out, (int64_t)r);
	return true;
}

/* What the machine would compute, unless that is an error, NaN or a zero. */
static bool fold(struct lv_lex *ls, uint16_t op, const struct lv_tree *a, const struct lv_tree *b, struct lv_value *out)
{
	int64_t i, j;

	if (!is_number(a) || !is_number(b))
		return false;
	switch (op) {
	case LV_OP_BAND: case LV_OP_BOR: case LV_OP_BXOR: case LV_OP_SHL: case LV_OP_SHR:
		return lv_tointeger(&a->k, &i) && lv_tointeger(&b->k, &j) && fold_int(ls->L, op, i, j, out);
	case LV_OP_DIV: case LV_OP_POW:
		return fold_float(op, as_float(&a->k), as_float(&b->k), out);
	default:
		if (a->k.tag == LV_INT && b->k.tag == LV_INT)
			return fold_int(ls->L, op, a->k.i, b->k.i, out);
		return fold_float(op, as_float(&a->k), as_float(&b->k), out);
	}
}

static struct lv_tree *folded(struct lv_lex *ls, const struct lv_value *k, int line)
{
	struct lv_tree *e = constant(ls, k);

	e->line = line;
	return e;
}

static struct lv_tree *unary(struct lv_lex *ls, int token, struct lv_tree *a, int line)
{
	struct lv_value k = { .tag = LV_NIL };
	struct lv_tree *e;
	int64_t i;

	if (token == LV_TK_NOT) {
		if (a->kind == LV_X_CONST) {
			lv_setbool(&k, lv_falsy(&a->k));
			return folded(ls, &k, line);
		}
		e = node(ls, LV_X_NOT, ls->lastline);
	} else {
		if (token == '-' && is_number(a)) {
			if (a->k.tag == LV_INT) {
				lv_setint(&k, (int64_t)(0 - (uint64_t)a->k.i));
				return folded(ls, &k, line);
			}
			if (a->k.n != 0) {	/* literals are no NaN */
				lv_setflt(&k, -a->k.n);
				return folded(ls, &k, line);
			}
		}
		if (token == '~' && is_number(a) && lv_tointeger(&a->k, &i)) {
			lv_setint(&k, ~i);
			return folded(ls, &k, line);
		}
		e = node(ls, LV_X_UN, line);
		e->op = token == '-' ? LV_OP_UNM : token == '~' ? LV_OP_BNOT : LV_OP_LEN;
	}
	e->a = a;
	return e;
}

/* Chains of `and` and of `or` lean to the right: (a and b) and c means a and (b and c). */
static struct lv_tree *logical(struct lv_lex *ls, struct lv_tree *a, struct binary o, struct lv_tree *b)
{
	struct lv_tree *e, *end = a;

	if (a->kind != o.kind || a->paren) {
		e = node(ls, o.kind, ls->lastline);
		e->a = a;
		e->b = b;
		e->c = e;			/* end of the chain */
		return e;
	}
	end = a->c;
	e = node(ls, o.kind, ls->lastline);
	e->a = end->b;
	e->b = b;
	end->b = e;
	a->c = e;
	return a;
}

static struct lv_tree *combine(struct lv_lex *ls, struct lv_tree *a, struct binary o, struct lv_tree *b, int line)
{
	struct lv_value k = { .tag = LV_NIL };
	struct lv_tree *e;

	if (o.kind == LV_X_AND || o.kind == LV_X_OR)
		return logical(ls, a, o, b);
	if (o.kind == LV_X_BIN && fold(ls, o.op, a, b, &k))
		return folded(ls, &k, line);
	if (o.kind == LV_X_CMP)
		line = ls->lastline;
	e = node_on(ls, o.kind, line, a, b);
	e->op = o.op;
	return e;
}

static struct lv_tree *subexpression(struct lv_lex *ls, int limit)
{
	struct lv_tree *e, *b;
	struct binary o;
	int token = ls->t.kind, line;

	enter(ls);
	if (token == LV_TK_NOT || token == '-' || token == '~' || token == '#') {
		line = ls->line;
		lv_lex_next(ls);
		e = subexpression(ls, UNARY_PRIORITY);
		settle(ls, e);
		e = unary(ls, token, e, line);
	} else {
		e = simple_expression(ls);
	}
	for (;;) {
		o = binary_operator(ls->t.kind);
		if (o.left <= limit)
			break;
		line = ls->line;
		lv_lex_next(ls);
		settle(ls, e);
		b = subexpression(ls, o.right);
		settle(ls, b);
		e = combine(ls, e, o, b, line);
	}
	leave(ls);
	return e;
}

static struct lv_tree *expression(struct lv_lex *ls)
{
	return subexpression(ls, 0);
}

/* ---- statements ------------------------------------------------------------------------------------------------------- */

static struct lv_tree *if_statement(struct lv_lex *ls, int line)
{
	struct lv_tree *first = NULL, **tail = &first, *s;

	do {
		lv_lex_next(ls);		/* if or elseif */
		s = node(ls, LV_S_IF, ls->line);
		s->a = expression(ls);
		expect(ls, LV_TK_THEN);
		s->b = block(ls);
		s->line2 = ls->lastline;
		*tail = s;
		tail = &s->c;
	} while (ls->t.kind == LV_TK_ELSEIF);
	if (accept(ls, LV_TK_ELSE)) {
		s = node(ls, LV_S_DO, ls->line);
		s->b = block(ls);
		*tail = s;
	}
	expect_close(ls, LV_TK_END, LV_TK_IF, line);
	return first;
}

static struct lv_tree *while_statement(struct lv_lex *ls, int line)
{
	struct lv_tree *s = node(ls, LV_S_WHILE, line);
	struct lv_block b;

	lv_lex_next(ls);
	s->label = new_label(ls, NULL, ls->fs->nvars);
	s->a = expression(ls);
	open_block(ls->fs, &b, true);
	expect(ls, LV_TK_DO);
	s->b = block(ls);
	s->line2 = ls->line;
	expect_close(ls, LV_TK_END, LV_TK_WHILE, line);
	close_block(ls, s->label);
	return s;
}

static struct lv_tree *repeat_statement(struct lv_lex *ls, int line)
{
	struct lv_tree *s = node(ls, LV_S_REPEAT, line);
	struct lv_block loop, scope;

	lv_lex_next(ls);
	s->label = new_label(ls, NULL, ls->fs->nvars);
	open_block(ls->fs, &loop, true);
	open_block(ls->fs, &scope, false);
	s->b = statements(ls);
	expect_close(ls, LV_TK_UNTIL, LV_TK_REPEAT, line);
	s->a = expression(ls);
	s->line2 = ls->lastline;
	close_block(ls, NULL);
	close_block(ls, s->label);
	return s;
}

/* The body of a for loop, behind its header; the hidden variables are active. */
static void for_body(struct lv_lex *ls, struct lv_tree *s, struct lv_var *vars, int line)
{
	struct lv_block b;

	expect(ls, LV_TK_DO);
	s->line2 = ls->lastline;
	open_block(ls->fs, &b, false);
	activate(ls->fs, vars);
	s->b = block(ls);
	close_block(ls, NULL);
	expect_close(ls, LV_TK_END, LV_TK_FOR, line);
}

static struct lv_var *hidden(struct lv_lex *ls, int n)
{
	struct lv_str *name = lv_lex_str(ls, "(for state)", 11);
	struct lv_var *list = NULL;

	while (n-- > 0)
		append_var(ls, &list, name);
	return list;
}

static void declare_hidden(struct lv_lex *ls, struct lv_tree *s, struct lv_var *vars, int n)
{
	struct lv_var *v = hidden(ls, n);
	uint32_t more = (uint32_t)n;

	s->var = v;
	for (struct lv_var *x = vars; x; x = x->next)
		if (ls->fs->nvars + more++ >= LV_MAXVARS)
			lv_fe_limit(ls->fs, LV_MAXVARS, "local variables");
	activate(ls->fs, v);
	while (v->next) {
		v->attrib = LV_ATTR_CONST;
		v = v->next;
	}
	v->attrib = n == 4 ? LV_ATTR_CLOSE : LV_ATTR_CONST;
	v->next = vars;				/* the generator finds the visible ones behind the hidden */
}

static struct lv_tree *numeric_for(struct lv_lex *ls, struct lv_str *name, int line)
{
	struct lv_tree *s = node(ls, LV_S_FORNUM, line), *e;
	struct lv_var *v = NULL;

	append_var(ls, &v, name);
	expect(ls, '=');
	s->a = e = expression(ls);
	expect(ls, ',');
	settle(ls, e);
	e = e->next = expression(ls);
	if (accept(ls, ',')) {
		settle(ls, e);
		e->next = expression(ls);
	}
	declare_hidden(ls, s, v, 3);
	for_body(ls, s, v, line);
	return s;
}

static struct lv_tree *generic_for(struct lv_lex *ls, struct lv_str *name)
{
	struct lv_tree *s = node(ls, LV_S_FORGEN, ls->line);
	struct lv_var *v = NULL;
	int line = ls->line;

	append_var(ls, &v, name);
	while (accept(ls, ','))
		append_var(ls, &v, expect_name(ls));
	expect(ls, LV_TK_IN);
	line = s->line = ls->line;
	s->a = expression_list(ls);
	declare_hidden(ls, s, v, 4);
	for_body(ls, s, v, line);
	return s;
}

static struct lv_tree *for_statement(struct lv_lex *ls, int line)
{
	struct lv_block b;
	struct lv_str *name;
	struct lv_tree *s;
	struct lv_label *brk;

	open_block(ls->fs, &b, true);
	lv_lex_next(ls);
	name = expect_name(ls);
	if (ls->t.kind == '=')
		s = numeric_for(ls, name, line);
	else if (ls->t.kind == ',' || ls->t.kind == LV_TK_IN)
		s = generic_for(ls, name);
	else
		syntax_error(ls, "'=' or 'in' expected");
	/* a generic loop is left through the CLOSE at its end, so there the hidden variables still count */
	brk = new_label(ls, NULL, b.nvars);
	close_block(ls, brk);
	brk->nvars = s->kind == LV_S_FORGEN ? b.nvars + 4 : b.nvars;
	s->label = brk;
	return s;
}

static struct lv_tree *local_function(struct lv_lex *ls)
{
	struct lv_tree *s = node(ls, LV_S_LOCALFUNC, ls->lastline);

	append_var(ls, &s->var, expect_name(ls));
	activate(ls->fs, s->var);
	s->b = function(ls, false, ls->line);
	s->line = s->line2 = ls->lastline;
	return s;
}

static enum lv_attrib attribute(struct lv_lex *ls)
{
	struct lv_str *name;

	if (!accept(ls, '<'))
		return LV_ATTR_NONE;
	name = expect_name(ls);
	expect(ls, '>');
	if (strcmp(name->s, "const") == 0)
		return LV_ATTR_CONST;
	if (strcmp(name->s, "close") == 0)
		return LV_ATTR_CLOSE;
	lv_fe_semantic(ls, lv_strf(ls->L, "unknown attribute '%s'", name->s));
}

static struct lv_tree *local_statement(struct lv_lex *ls)
{
	struct lv_tree *s = node(ls, LV_S_LOCAL, ls->line), *e, *last = NULL;
	struct lv_var *v;
	unsigned nvars = 0, nvalues = 0;
	bool closing = false;

	do {
		v = append_var(ls, &s->var, expect_name(ls));
		v->attrib = (uint8_t)attribute(ls);
		if (v->attrib == LV_ATTR_CLOSE) {
			if (closing)
				lv_fe_semantic(ls, lv_strz(ls->L, "multiple to-be-closed variables in local list"));
			closing = true;
		}
		nvars++;
	} while (accept(ls, ','));
	if (accept(ls, '='))
		s->b = expression_list(ls);
	for (e = s->b; e; e = e->next) {
		last = e;
		nvalues++;
	}
	if (nvars == nvalues && v->attrib == LV_ATTR_CONST && last->kind == LV_X_CONST) {
		v->isk = true;
		v->k = last->k;
	}
	activate(ls->fs, s->var);
	s->line = ls->lastline;
	return s;
}

static struct lv_tree *function_statement(struct lv_lex *ls, int line)
{
	struct lv_tree *s = node(ls, LV_S_ASSIGN, line);
	struct lv_tree *target;
	bool method = false;

	lv_lex_next(ls);
	target = variable(ls, expect_name(ls));
	while (ls->t.kind == '.' || ls->t.kind == ':') {
		struct lv_str *name;

		method = ls->t.kind == ':';
		lv_lex_next(ls);
		name = expect_name(ls);
		target = node_on(ls, LV_X_INDEX, ls->lastline, target, string(ls, name));
		if (method)
			break;
	}
	s->a = target;
	s->b = function(ls, method, line);
	check_assignable(ls, target);
	return s;
}

static struct lv_tree *return_statement(struct lv_lex *ls)
{
	struct lv_tree *s = node(ls, LV_S_RETURN, ls->line);

	lv_lex_next(ls);
	if (!block_ends(ls, true) && ls->t.kind != ';')
		s->b = expression_list(ls);
	s->line = ls->lastline;
	accept(ls, ';');
	return s;
}

/* A call or an assignment. */
static struct lv_tree *expression_statement(struct lv_lex *ls)
{
	struct lv_tree *e = suffixed(ls), *s, *first = e;
	unsigned n = 0;

	if (ls->t.kind != '=' && ls->t.kind != ',') {
		if (e->paren || (e->kind != LV_X_CALL && e->kind != LV_X_METHOD))
			syntax_error(ls, "syntax error");
		s = node(ls, LV_S_CALL, e->line);
		s->a = e;
		return s;
	}
	s = node(ls, LV_S_ASSIGN, e->line);
	for (;; n++) {
		if (!is_variable(e))
			syntax_error(ls, "syntax error");
		check_assignable(ls, e);
		if (!accept(ls, ','))
			break;
		e = e->next = suffixed(ls);
		enter(ls);			/* as deep as the reference implementation goes here */
	}
	while (n-- > 0)
		leave(ls);
	expect(ls, '=');
	s->a = first;
	s->b = expression_list(ls);
	s->line = ls->lastline;
	return s;
}

/* One statement, appended to the list; labels and empty statements may bring several or none. */
static void statement(struct lv_lex *ls, struct lv_tree ***tail)
{
	struct lv_tree *s = NULL;
	struct lv_str *name;
	int line = ls->line;

	enter(ls);
	switch (ls->t.kind) {
	case ';':
		lv_lex_next(ls);
		break;
	case LV_TK_IF:
		s = if_statement(ls, line);
		break;
	case LV_TK_WHILE:
		s = while_statement(ls, line);
		break;
	case LV_TK_DO:
		lv_lex_next(ls);
		s = node(ls, LV_S_DO, line);
		s->b = block(ls);
		expect_close(ls, LV_TK_END, LV_TK_DO, line);
		break;
	case LV_TK_FOR:
		s = for_statement(ls, line);
		break;
	case LV_TK_REPEAT:
		s = repeat_statement(ls, line);
		break;
	case LV_TK_FUNCTION:
		s = function_statement(ls, line);
		break;
	case LV_TK_LOCAL:
		lv_lex_next(ls);
		s = accept(ls, LV_TK_FUNCTION) ? local_function(ls) : local_statement(ls);
		break;
	case LV_TK_DBCOLON:
		lv_lex_next(ls);
		name = expect_name(ls);
		label_statement(ls, name, line, tail);
		break;
	case LV_TK_RETURN:
		s = return_statement(ls);
		break;
	case LV_TK_BREAK:
		lv_lex_next(ls);
		s = goto_statement(ls, NULL, line);
		break;
	case LV_TK_GOTO:
		lv_lex_next(ls);
		name = expect_name(ls);
		s = goto_statement(ls, name, line);
		break;
	default:
		s = expression_statement(ls);
	}
	leave(ls);
	if (s) {
		**tail = s;
		*tail = &s->next;
	}
}

struct lv_proto *lv_compile(struct lv_state *L, const char *s, size_t n, const char *chunkname)
{
	struct lv_lex ls;
	struct lv_func *fs;
	struct lv_block b;
	struct lv_proto *p;
	char why[160];

	lv_lex_open(&ls, L, s, n, chunkname);
	fs = open_function(&ls, 0);
	open_block(fs, &b, false);
	fs->vararg = true;
	add_upvalue(fs, ls.env, NULL, true, 0);
	lv_lex_next(&ls);
	fs->body = statements(&ls);
	fs->lastline = 0;
	if (ls.t.kind != LV_TK_EOS)
		expected(&ls, LV_TK_EOS);
	close_block(&ls, NULL);
	p = lv_fe_generate(fs);
#ifndef NDEBUG
	if (!lv_verify(L, p, why, sizeof why))
		lv_lex_error(&ls, why, 0);
#else
	(void)why;
#endif
	return p;
}
