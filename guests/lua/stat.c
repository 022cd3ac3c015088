/* SPDX-License-Identifier: MIT
 * stat.c - statements of the tree to stack code: scopes, assignment, loops, jumps.
 *
 * Between statements the operand stack is empty: g.top is the number of slots of active locals. A captured local gets
 * its box right after its declaration. A captured to-be-closed variable keeps its value in its slot, where CLOSE looks
 * for it, and has a boxed copy for the closures (it is never assigned). Loops are entered at their header and go back
 * by LOOP, FORLOOP or TFORLOOP only.
 */
#include "front.h"

static void block(struct lv_func *fs, const struct lv_tree *s, int line);

/* ---- scopes -------------------------------------------------------------------------------------------- */

/* The variables of the list, up to `end`, take the slots from `slot` on, where their values are. */
static void declare(struct lv_func *fs, struct lv_var *list, const struct lv_var *end, uint32_t slot, int line)
{
	struct lv_gen *g = &fs->g;

	for (struct lv_var *v = list; v != end; v = v->next) {
		g->vars = v;
		if (v->isk)
			continue;
		v->slot = v->box = (uint16_t)slot++;
		v->copy = 0;
		v->boxed = v->captured && v->attrib != LV_ATTR_CLOSE;
		v->scope = lv_code_scope(fs, v->name, v->slot, v->boxed, (enum lv_attrib)v->attrib);
	}
	for (struct lv_var *v = list; v != end; v = v->next)
		if (!v->isk && v->boxed)
			lv_code_emit(fs, LV_OP_NEWBOX, v->slot, 0, 0, line);
}

/* To-be-closed variables among those just declared. */
static void declare_closing(struct lv_func *fs, struct lv_var *list, int line)
{
	for (struct lv_var *v = list; v; v = v->next) {
		if (v->attrib != LV_ATTR_CLOSE)
			continue;
		fs->g.ntbc++;
		lv_code_emit(fs, LV_OP_TBC, v->slot, 0, 0, line);
		if (!v->captured)
			continue;
		v->box = (uint16_t)lv_code_push(fs);
		lv_code_emit(fs, LV_OP_MOV, v->box, v->slot, 0, line);
		v->copy = lv_code_scope(fs, v->name, v->box, true, LV_ATTR_CONST) + 1;
		lv_code_emit(fs, LV_OP_NEWBOX, v->box, 0, 0, line);
	}
}

/* Closes what a jump leaves behind that goes to where `nvars` variables are active; false if there is nothing to do. */
static bool close_down(struct lv_func *fs, unsigned nvars, int line)
{
	const struct lv_var *lowest = NULL;

	if (fs->g.ntbc == 0)
		return false;
	for (const struct lv_var *v = fs->g.vars; v && v->ord >= nvars; v = v->prev)
		if (v->attrib == LV_ATTR_CLOSE)
			lowest = v;
	if (!lowest)
		return false;
	lv_code_emit(fs, LV_OP_CLOSE, lowest->slot, 0, 0, line);
	return true;
}

/* Drops the variables above `outer`; they are closed already. keep: they are those of a loop without a body, whose
 * instructions drop them. */
static void drop_scope(struct lv_func *fs, struct lv_var *outer, bool keep)
{
	struct lv_gen *g = &fs->g;

	for (; g->vars != outer; g->vars = g->vars->prev) {
		struct lv_var *v = g->vars;

		if (v->isk)
			continue;
		if (v->attrib == LV_ATTR_CLOSE)
			g->ntbc--;
		if (v->copy)
			lv_code_unscope(fs, v->copy - 1);
		if (g->loc[v->scope].from == g->n && !keep)	/* no instruction saw it as a local */
			lv_code_emit(fs, LV_OP_POP, 0, 1, 0, g->n ? g->line[g->n - 1] : 0);
		else
			lv_code_unscope(fs, v->scope);
		g->top = v->slot;
	}
}

static void leave_scope(struct lv_func *fs, struct lv_var *outer, int line)
{
	close_down(fs, outer ? outer->ord + 1u : 0, line);
	drop_scope(fs, outer, false);
}

/* ---- labels ----------------------------------------------------------------------------------------------- */

/* The generator's number of a label. */
static uint32_t label_id(struct lv_func *fs, struct lv_label *l)
{
	uint8_t pass = fs->g.far ? 2 : 1;

	if (l->pass != pass) {
		l->pass = pass;
		l->id = lv_code_label(fs);
		l->bound = false;
	}
	return l->id;
}

static void bind_label(struct lv_func *fs, struct lv_label *l)
{
	uint32_t id = label_id(fs, l);

	if (l->used)
		fs->g.label[id].used = true;
	l->bound = true;
	lv_code_bind(fs, id);
}

/* Labels at the end of a block stand behind its scope. */
static void bind_trailing(struct lv_func *fs, const struct lv_tree *s)
{
	for (; s; s = s->next)
		bind_label(fs, s->label);
}

static void go_to(struct lv_func *fs, const struct lv_tree *s)
{
	uint32_t id = label_id(fs, s->label);

	close_down(fs, s->label->nvars, s->line);
	lv_code_jump(fs, s->label->bound ? LV_OP_LOOP : LV_OP_JMP, 0, id, s->line);
}

/* ---- values of declarations and assignments ------------------------------------------------------------------ */

/* A value nobody takes. */
static void discard(struct lv_func *fs, const struct lv_tree *e)
{
	if (e->kind == LV_X_CALL || e->kind == LV_X_METHOD) {
		lv_gen_multi(fs, e, 0);
	} else if (e->kind != LV_X_CONST && e->kind != LV_X_VARARG) {
		lv_gen_value(fs, e, LV_PUSH);
		lv_code_emit(fs, LV_OP_POP, 0, 1, 0, e->line);
		fs->g.top--;
	}
}

/* Pushes exactly n values. */
static void push_values(struct lv_func *fs, const struct lv_tree *e, uint32_t n, int line)
{
	for (; e && n; e = e->next, n--) {
		if (!e->next && n > 1 && lv_ismulti(e)) {
			lv_gen_multi(fs, e, n);
			return;
		}
		lv_gen_value(fs, e, LV_PUSH);
	}
	for (; e; e = e->next)
		discard(fs, e);
	if (n) {
		uint32_t first = lv_code_push(fs);

		lv_code_emit(fs, LV_OP_LOADNIL, first, n, 0, line);
		while (--n)
			lv_code_push(fs);
	}
}

static void local_statement(struct lv_func *fs, const struct lv_tree *s)
{
	uint32_t first = fs->g.top, n = 0;

	for (struct lv_var *v = s->var; v; v = v->next)
		n += !v->isk;
	push_values(fs, s->b, n, s->line);
	declare(fs, s->var, NULL, first, s->line);
	declare_closing(fs, s->var, s->line);
}

static void local_function(struct lv_func *fs, const struct lv_tree *s)
{
	uint32_t slot = fs->g.top;

	if (!s->var->captured) {
		lv_gen_value(fs, s->b, LV_PUSH);
		declare(fs, s->var, NULL, slot, s->line);
		return;
	}
	lv_code_push(fs);
	lv_code_emit(fs, LV_OP_LOADNIL, slot, 1, 0, s->line);
	declare(fs, s->var, NULL, slot, s->line);
	lv_gen_value(fs, s->b, LV_PUSH);
	fs->g.top--;
	lv_code_emit(fs, LV_OP_SETBOX, slot, slot + 1, 0, s->line);
}

/* ---- assignment ------------------------------------------------------------------------------------------------- */

struct place {			/* what is assigned to */
	const struct lv_tree *e;
	enum { VARIABLE, FIELD, UPFIELD, INT, ANY } kind;
	struct lv_operand o, key;
	uint32_t k;
};

/* Is the operand, used in place, assigned by one of the targets that are stored before? */
static bool assigned_by(const struct lv_tree *e, struct lv_operand o)
{
	for (; e; e = e->next) {
		if (o.kind == LV_O_UPVAL && e->kind == LV_X_UPVAL && e->op == o.slot)
			return true;
		if (o.kind == LV_O_SLOT && !o.popped && e->kind == LV_X_LOCAL && e->var->slot == o.slot)
			return true;
	}
	return false;
}

/* Evaluates table and key. */
static struct place prepare(struct lv_func *fs, const struct lv_tree *e)
{
	struct place p = { .e = e, .kind = VARIABLE };
	int16_t i;

	if (e->kind != LV_X_INDEX)
		return p;
	p.o = lv_gen_load(fs, e->a);
	if (assigned_by(e->next, p.o))
		p.o = lv_gen_stack(fs, p.o, e->line);
	if (lv_gen_fieldkey(fs, e->b, &p.k)) {
		p.kind = p.o.kind == LV_O_UPVAL ? UPFIELD : FIELD;
		if (p.kind == FIELD)
			p.o = lv_gen_slot(fs, p.o, e->line);
		return p;
	}
	p.o = lv_gen_slot(fs, p.o, e->line);
	if (lv_gen_intkey(e->b, &i)) {
		p.kind = INT;
		p.k = (uint16_t)i;
		return p;
	}
	p.kind = ANY;
	p.key = lv_gen_load(fs, e->b);
	if (assigned_by(e->next, p.key))
		p.key = lv_gen_stack(fs, p.key, e->line);
	p.key = lv_gen_slot(fs, p.key, e->line);
	return p;
}

/* Stores and pops the value and what prepare left on the stack. */
static void store(struct lv_func *fs, const struct place *p, struct lv_operand v, int line)
{
	lv_gen_pop(fs, v);
	switch (p->kind) {
	case VARIABLE:
		if (p->e->kind == LV_X_UPVAL)
			lv_code_emit(fs, LV_OP_SETUP, v.slot, p->e->op, 0, line);
		else if (p->e->var->boxed)
			lv_code_emit(fs, LV_OP_SETBOX, p->e->var->slot, v.slot, 0, line);
		else
			lv_code_emit(fs, LV_OP_MOV, p->e->var->slot, v.slot, 0, line);
		return;
	case UPFIELD:
		lv_code_emit(fs, LV_OP_SETTABUP, v.slot, p->o.slot, p->k, line);
		return;
	case FIELD:
		lv_code_emit(fs, LV_OP_SETFIELD, p->o.slot, v.slot, p->k, line);
		break;
	case INT:
		lv_code_emit(fs, LV_OP_SETINDEXI, p->o.slot, v.slot, p->k, line);
		break;
	case ANY:
		lv_gen_pop(fs, p->key);
		lv_code_emit(fs, LV_OP_SETINDEX, p->o.slot, p->key.slot, v.slot, line);
		break;
	}
	lv_gen_pop(fs, p->o);
}

static void assign(struct lv_func *fs, const struct place *p, const struct lv_tree *e, int line)
{
	if (p->kind == VARIABLE && p->e->kind == LV_X_LOCAL && !p->e->var->boxed)
		lv_gen_value(fs, e, p->e->var->slot);
	else
		store(fs, p, lv_gen_any(fs, e, line), line);
}

static uint32_t length(const struct lv_tree *e)
{
	uint32_t n = 0;

	for (; e; e = e->next)
		n++;
	return n;
}

/* From the last target to the first, each taking the value on top; what the targets have on the stack stays there. */
static void assign_many(struct lv_func *fs, const struct lv_tree *s, uint32_t n)
{
	struct lv_gen *g = &fs->g;
	struct place *p = lv_lex_alloc(fs->ls, n * sizeof *p);
	struct lv_str *name = lv_lex_str(fs->ls, "(temporary)", 11);
	const struct lv_tree *e = s->a;
	uint32_t bottom = g->top, m = length(s->b), npushed, first = 0, last;

	for (uint32_t i = 0; i < n; i++, e = e->next) {
		p[i] = prepare(fs, e);
		p[i].o.popped = p[i].key.popped = false;
	}
	npushed = g->top - bottom;
	for (uint32_t i = 0; i < npushed; i++) {
		last = lv_code_scope(fs, name, bottom + i, false, LV_ATTR_TEMP);
		if (i == 0)
			first = last;
	}
	if (m == n) {
		for (e = s->b; e->next; e = e->next)
			lv_gen_value(fs, e, LV_PUSH);
		assign(fs, &p[--n], e, s->line);
	} else {
		push_values(fs, s->b, n, s->line);
	}
	while (n-- > 0)
		store(fs, &p[n], (struct lv_operand){ .kind = LV_O_SLOT, .popped = true, .slot = g->top - 1 }, s->line);
	if (npushed == 0)
		return;
	for (uint32_t i = 0; i < npushed; i++)
		lv_code_unscope(fs, first + i);
	lv_code_emit(fs, LV_OP_POP, 0, npushed, 0, s->line);
	g->top = bottom;
}

static void assignment(struct lv_func *fs, const struct lv_tree *s)
{
	uint32_t n = length(s->a);
	struct place p;

	if (n > 1) {
		assign_many(fs, s, n);
		return;
	}
	p = prepare(fs, s->a);
	assign(fs, &p, s->b, s->line);
	for (const struct lv_tree *e = s->b->next; e; e = e->next)
		discard(fs, e);
}

/* ---- conditions and loops -------------------------------------------------------------------------------------------- */

/* Is this nothing but a jump forward with nothing to close? Then a condition can go there itself. */
static bool is_plain_goto(struct lv_func *fs, const struct lv_tree *s)
{
	if (!s || s->kind != LV_S_GOTO || s->next)
		return false;
	label_id(fs, s->label);
	if (s->label->bound)
		return false;
	for (const struct lv_var *v = fs->g.vars; v && v->ord >= s->label->nvars; v = v->prev)
		if (v->attrib == LV_ATTR_CLOSE)
			return false;
	return true;
}

static void if_statement(struct lv_func *fs, const struct lv_tree *s)
{
	uint32_t end = lv_code_label(fs);

	for (; s && s->kind == LV_S_IF; s = s->c) {
		uint32_t next;

		if (is_plain_goto(fs, s->b)) {
			lv_gen_cond(fs, s->a, label_id(fs, s->b->label), true);
			continue;
		}
		next = lv_code_label(fs);
		lv_gen_cond(fs, s->a, next, false);
		block(fs, s->b, s->line2);
		if (s->c)
			lv_code_jump(fs, LV_OP_JMP, 0, end, s->line2);
		lv_code_bind(fs, next);
	}
	if (s)
		block(fs, s->b, s->line);
	lv_code_bind(fs, end);
}

static void while_statement(struct lv_func *fs, const struct lv_tree *s)
{
	uint32_t header = lv_code_header(fs), end = label_id(fs, s->label);

	lv_gen_cond(fs, s->a, end, false);
	block(fs, s->b, s->line2);
	lv_code_jump(fs, LV_OP_LOOP, 0, header, s->line2);
	bind_label(fs, s->label);
}

static const struct lv_tree *statements(struct lv_func *fs, const struct lv_tree *s);

static void repeat_statement(struct lv_func *fs, const struct lv_tree *s)
{
	struct lv_var *outer = fs->g.vars;
	unsigned nvars = outer ? outer->ord + 1u : 0;
	uint32_t header = lv_code_header(fs), ntbc = fs->g.ntbc, done = lv_code_label(fs);

	statements(fs, s->b);
	lv_gen_cond(fs, s->a, done, true);
	close_down(fs, nvars, s->line2);
	lv_code_jump(fs, LV_OP_LOOP, 0, header, s->line2);
	if (fs->g.ntbc > ntbc) {
		lv_code_bind(fs, done);
		close_down(fs, nvars, s->line2);
		drop_scope(fs, outer, false);
	} else {
		drop_scope(fs, outer, false);
		lv_code_bind(fs, done);
	}
	bind_label(fs, s->label);
}

/* Body of a for loop; visible variables, hidden[n].next on, have their values on the stack. */
static void for_body(struct lv_func *fs, const struct lv_tree *s, struct lv_var *visible, uint32_t slot)
{
	struct lv_var *outer = fs->g.vars;
	const struct lv_tree *trailing;
	uint32_t n = fs->g.n;

	declare(fs, visible, NULL, slot, s->line);
	trailing = statements(fs, s->b);
	close_down(fs, outer->ord + 1u, s->line);
	drop_scope(fs, outer, fs->g.n == n);
	bind_trailing(fs, trailing);
}

static void numeric_for(struct lv_func *fs, const struct lv_tree *s)
{
	struct lv_gen *g = &fs->g;
	struct lv_var *outer = g->vars, *visible = s->var->next->next->next;
	uint32_t base = g->top, end = lv_code_label(fs), body;
	bool dead;

	for (const struct lv_tree *e = s->a; e; e = e->next)
		lv_gen_value(fs, e, LV_PUSH);
	if (!s->a->next->next)
		lv_code_emitw(fs, LV_OP_LOADI, lv_code_push(fs), 1, s->line2);
	dead = g->dead;
	declare(fs, s->var, visible, base, s->line);
	lv_code_jump(fs, LV_OP_FORPREP, base, end, s->line2);
	body = lv_code_header(fs);
	lv_code_push(fs);
	for_body(fs, s, visible, base + 3);
	g->dead = dead;				/* the FORPREP counts on finding the FORLOOP */
	g->top = base + 3;
	lv_code_jump(fs, LV_OP_FORLOOP, base, body, s->line);
	drop_scope(fs, outer, false);
	lv_code_bind(fs, end);
	bind_label(fs, s->label);
}

static void generic_for(struct lv_func *fs, const struct lv_tree *s)
{
	struct lv_gen *g = &fs->g;
	struct lv_var *outer = g->vars, *visible = s->var->next->next->next->next;
	uint32_t base = g->top, next = lv_code_label(fs), body, n = 0;
	bool dead;

	push_values(fs, s->a, 4, s->line);
	dead = g->dead;
	declare(fs, s->var, visible, base, s->line);
	g->ntbc++;
	lv_code_jump(fs, LV_OP_TFORPREP, base, next, s->line2);
	g->dead = dead;
	body = lv_code_header(fs);
	for (struct lv_var *v = visible; v; v = v->next, n++)
		lv_code_push(fs);
	for_body(fs, s, visible, base + 4);
	g->dead = dead;
	lv_code_bind(fs, next);
	g->top = base + 4;
	for (int i = 0; i < 4; i++)
		lv_code_push(fs);		/* room for the call */
	g->top = base + 4;
	lv_code_emit(fs, LV_OP_TFORCALL, base, 0, n, s->line);
	lv_code_jump(fs, LV_OP_TFORLOOP, base, body, s->line);
	bind_label(fs, s->label);
	leave_scope(fs, outer, s->line);
}

/* ---- return ------------------------------------------------------------------------------------------------------------ */

/* Are these plain locals, one after the other? Then they need not be pushed to be returned. */
static bool in_sequence(const struct lv_tree *e, uint32_t *n)
{
	for (*n = 1;; e = e->next, ++*n) {
		if (e->kind != LV_X_LOCAL || e->var->boxed)
			return false;
		if (!e->next)
			return true;
		if (e->next->kind != LV_X_LOCAL || e->next->var->slot != e->var->slot + 1)
			return false;
	}
}

static void return_statement(struct lv_func *fs, const struct lv_tree *s)
{
	struct lv_gen *g = &fs->g;
	const struct lv_tree *e = s->b;
	uint32_t top = g->top, n;
	bool closing = g->ntbc > 0;

	if (!e && !closing) {
		lv_code_emit(fs, LV_OP_RETURN0, 0, 0, 0, s->line);
	} else if (e && !e->next && !closing && (e->kind == LV_X_CALL || e->kind == LV_X_METHOD)) {
		lv_gen_tailcall(fs, e);
	} else if (e && !e->next && !closing && e->kind != LV_X_VARARG) {
		struct lv_operand o = lv_gen_any(fs, e, s->line);

		lv_code_emit(fs, LV_OP_RETURN1, o.slot, 0, 0, s->line);
	} else if (e && !closing && in_sequence(e, &n)) {
		lv_code_emit(fs, LV_OP_RETURN, e->var->slot, n, 0, s->line);
	} else {
		n = lv_gen_list(fs, e);
		lv_code_emit(fs, LV_OP_RETURN, top, n, 0, s->line);
	}
	g->top = top;
}

/* ---- blocks and functions -------------------------------------------------------------------------------------------------- */

static void statement(struct lv_func *fs, const struct lv_tree *s)
{
	switch ((enum lv_tree_kind)s->kind) {
	case LV_S_LOCAL:
		local_statement(fs, s);
		break;
	case LV_S_LOCALFUNC:
		local_function(fs, s);
		break;
	case LV_S_ASSIGN:
		assignment(fs, s);
		break;
	case LV_S_CALL:
		lv_gen_multi(fs, s->a, 0);
		break;
	case LV_S_DO:
		block(fs, s->b, s->line);
		break;
	case LV_S_WHILE:
		while_statement(fs, s);
		break;
	case LV_S_REPEAT:
		repeat_statement(fs, s);
		break;
	case LV_S_IF:
		if_statement(fs, s);
		break;
	case LV_S_FORNUM:
		numeric_for(fs, s);
		break;
	case LV_S_FORGEN:
		generic_for(fs, s);
		break;
	case LV_S_RETURN:
		return_statement(fs, s);
		break;
	case LV_S_GOTO:
		go_to(fs, s);
		break;
	case LV_S_LABEL:
		bind_label(fs, s->label);
		break;
	default:
		break;
	}
}

/* Returns the labels at the end of the block, which are the caller's business. */
static const struct lv_tree *statements(struct lv_func *fs, const struct lv_tree *s)
{
	for (; s; s = s->next) {
		if (s->kind == LV_S_LABEL && s->last)
			return s;
		statement(fs, s);
	}
	return NULL;
}

static void block(struct lv_func *fs, const struct lv_tree *s, int line)
{
	struct lv_var *outer = fs->g.vars;
	const struct lv_tree *trailing = statements(fs, s);

	leave_scope(fs, outer, line);
	bind_trailing(fs, trailing);
}

void lv_gen_body(struct lv_func *fs)
{
	struct lv_gen *g = &fs->g;
	int first = fs->line, last = fs->ls->lastline;
	const struct lv_tree *trailing;

	for (unsigned i = 0; i < fs->nparams; i++)
		lv_code_push(fs);
	if (fs->vararg)
		lv_code_emit(fs, LV_OP_VARARGPREP, fs->nparams, 0, 0, first);
	declare(fs, fs->params, NULL, 0, first);
	for (struct lv_var *v = fs->params; v; v = v->next)
		g->loc[v->scope].from = 0;
	trailing = statements(fs, fs->body);
	if (trailing) {
		leave_scope(fs, NULL, last);
		bind_trailing(fs, trailing);
	}
	if (g->ntbc)
		lv_code_emit(fs, LV_OP_RETURN, g->top, 0, 0, last);
	else
		lv_code_emit(fs, LV_OP_RETURN0, 0, 0, 0, last);
	drop_scope(fs, NULL, false);
}
