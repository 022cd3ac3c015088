/* SPDX-License-Identifier: MIT
 * gen.c - expressions of the tree to stack code.
 *
 * An operand is used where it is cheapest: a local in place, a constant in the instruction, everything else on the
 * operand stack. The last instruction of an expression writes straight to its destination, a local or the next slot.
 * Nothing in an expression can assign a local that is read in place (captured ones are read through their box at once),
 * so reading late is safe. Chains of operators are walked from their left end by `up`, not by recursion.
 */
#include "front.h"

_Static_assert(LV_OP_ADD_RK == LV_OP_ADD + 1 && LV_OP_SHR_KR == LV_OP_SHR + 2, "forms of arithmetic stand together");

static const struct lv_operand nothing = { .kind = LV_O_SLOT };

/* ---- operands -------------------------------------------------------------------------------------------- */

void lv_gen_pop(struct lv_func *fs, struct lv_operand o)
{
	if (o.kind == LV_O_SLOT && o.popped)
		fs->g.top--;
}

static uint32_t target(struct lv_func *fs, int dest)
{
	return dest == LV_PUSH ? lv_code_push(fs) : (uint32_t)dest;
}

static struct lv_operand result(uint32_t slot, int dest)
{
	return (struct lv_operand){ .kind = LV_O_SLOT, .popped = dest == LV_PUSH, .slot = slot };
}

static void load_constant(struct lv_func *fs, const struct lv_value *k, int dest, int line)
{
	uint32_t d = target(fs, dest);

	if (k->tag == LV_NIL)
		lv_code_emit(fs, LV_OP_LOADNIL, d, 1, 0, line);
	else if (k->tag == LV_FALSE || k->tag == LV_TRUE)
		lv_code_emit(fs, k->tag == LV_TRUE ? LV_OP_LOADTRUE : LV_OP_LOADFALSE, d, 0, 0, line);
	else if (k->tag == LV_INT && k->i == (int32_t)k->i)
		lv_code_emitw(fs, LV_OP_LOADI, d, (int32_t)k->i, line);
	else
		lv_code_emitw(fs, LV_OP_LOADK, d, (int32_t)lv_code_constant(fs, k), line);
}

struct lv_operand lv_gen_load(struct lv_func *fs, const struct lv_tree *e)
{
	if (e->kind == LV_X_CONST)
		return (struct lv_operand){ .kind = LV_O_CONST, .e = e };
	if (e->kind == LV_X_UPVAL)
		return (struct lv_operand){ .kind = LV_O_UPVAL, .slot = e->op };
	if (e->kind == LV_X_LOCAL && !e->var->boxed)
		return (struct lv_operand){ .kind = LV_O_SLOT, .slot = e->var->slot };
	lv_gen_value(fs, e, LV_PUSH);
	return result(fs->g.top - 1, LV_PUSH);
}

struct lv_operand lv_gen_slot(struct lv_func *fs, struct lv_operand o, int line)
{
	uint32_t d;

	if (o.kind == LV_O_SLOT)
		return o;
	if (o.kind == LV_O_CONST) {
		load_constant(fs, &o.e->k, LV_PUSH, line);
		return result(fs->g.top - 1, LV_PUSH);
	}
	d = lv_code_push(fs);
	lv_code_emit(fs, LV_OP_GETUP, d, o.slot, 0, line);
	return result(d, LV_PUSH);
}

struct lv_operand lv_gen_stack(struct lv_func *fs, struct lv_operand o, int line)
{
	uint32_t d;

	o = lv_gen_slot(fs, o, line);
	if (o.popped)
		return o;
	d = lv_code_push(fs);
	lv_code_emit(fs, LV_OP_MOV, d, o.slot, 0, line);
	return result(d, LV_PUSH);
}

/* A constant that an instruction can name in 16 bits. */
static bool short_constant(struct lv_func *fs, const struct lv_value *v, uint32_t *k)
{
	if (v->tag == LV_STR && v->s->flags & LV_STR_LONG)
		return false;			/* short strings are equal when their addresses are */
	*k = lv_code_constant(fs, v);
	return *k <= UINT16_MAX;
}

bool lv_gen_fieldkey(struct lv_func *fs, const struct lv_tree *key, uint32_t *k)
{
	return key->kind == LV_X_CONST && key->k.tag == LV_STR && short_constant(fs, &key->k, k);
}

bool lv_gen_intkey(const struct lv_tree *key, int16_t *i)
{
	if (key->kind != LV_X_CONST || key->k.tag != LV_INT || key->k.i != (int16_t)key->k.i)
		return false;
	*i = (int16_t)key->k.i;
	return true;
}

/* ---- lists and calls ---------------------------------------------------------------------------------------- */

uint32_t lv_gen_list(struct lv_func *fs, const struct lv_tree *e)
{
	uint32_t n = 0;

	for (; e; e = e->next, n++) {
		if (!e->next && lv_ismulti(e)) {
			lv_gen_multi(fs, e, LV_OPEN);
			return LV_OPEN;
		}
		lv_gen_value(fs, e, LV_PUSH);
	}
	return n;
}

/* Object and method name to function, info slot and object; o is what stands before the colon. */
static uint32_t self(struct lv_func *fs, const struct lv_tree *e, struct lv_operand o)
{
	struct lv_value name = e->k;
	uint32_t f, k, object;

	o = lv_gen_slot(fs, o, e->line2);
	if (short_constant(fs, &name, &k)) {
		lv_gen_pop(fs, o);
		f = lv_code_push(fs);
		lv_code_push(fs);
		lv_code_push(fs);
		lv_code_emit(fs, LV_OP_SELF, f, o.slot, k, e->line2);
		return f;
	}
	/* a name out of reach: object twice, then index through the upper one */
	o = lv_gen_stack(fs, o, e->line2);
	f = o.slot;
	lv_code_push(fs);
	object = lv_code_push(fs);
	o.popped = true;
	k = lv_code_scope(fs, lv_lex_str(fs->ls, "(temporary)", 11), f, false, LV_ATTR_TEMP);
	lv_code_emit(fs, LV_OP_MOV, object, f, 0, e->line2);
	load_constant(fs, &name, LV_PUSH, e->line2);
	fs->g.top--;
	lv_code_emit(fs, LV_OP_GETINDEX, f, f, fs->g.top, e->line2);
	lv_code_unscope(fs, k);
	return f;
}

/* Function and arguments; *f is the function's slot, the result the number of arguments or LV_OPEN. Pops them all. */
static uint32_t call_frame(struct lv_func *fs, const struct lv_tree *e, struct lv_operand o, uint32_t *f)
{
	uint32_t n;

	if (e->kind == LV_X_METHOD) {
		*f = self(fs, e, o);
		fs->g.gaps++;
		n = lv_gen_list(fs, e->b);
		if (n != LV_OPEN)
			n++;
	} else {
		*f = lv_gen_stack(fs, o, e->line).slot;
		lv_code_push(fs);
		fs->g.gaps++;
		n = lv_gen_list(fs, e->b);
	}
	fs->g.gaps--;
	fs->g.top = *f;
	return n;
}

static struct lv_operand call(struct lv_func *fs, const struct lv_tree *e, struct lv_operand o, uint32_t want, int dest)
{
	uint32_t f, n = call_frame(fs, e, o, &f);

	lv_code_emit(fs, LV_OP_CALL, f, n, want, e->line);
	if (want == LV_OPEN)
		return nothing;
	for (uint32_t i = 0; i < want; i++)
		lv_code_push(fs);
	if (dest == LV_PUSH)
		return result(f, LV_PUSH);
	fs->g.top--;
	lv_code_emit(fs, LV_OP_MOV, (uint32_t)dest, f, 0, e->line);
	return result((uint32_t)dest, dest);
}

/* ---- operators ------------------------------------------------------------------------------------------------ */

static struct lv_operand arith(struct lv_func *fs, const struct lv_tree *e, struct lv_operand l, int dest)
{
	bool bits = e->op >= LV_OP_BAND;
	const struct lv_tree *b = e->b;
	struct lv_operand r;
	uint32_t k, d;

	if (b->kind == LV_X_CONST && (b->k.tag == LV_INT || (b->k.tag == LV_FLT && !bits)) && short_constant(fs, &b->k, &k)) {
		l = lv_gen_slot(fs, l, e->line);
		lv_gen_pop(fs, l);
		d = target(fs, dest);
		lv_code_emit(fs, e->op + 1, d, l.slot, k, e->line);
	} else if (l.kind == LV_O_CONST && (l.e->k.tag == LV_INT || (l.e->k.tag == LV_FLT && !bits)) &&
			short_constant(fs, &l.e->k, &k)) {
		r = lv_gen_any(fs, b, e->line);
		lv_gen_pop(fs, r);
		d = target(fs, dest);
		lv_code_emit(fs, e->op + 2, d, k, r.slot, e->line);
	} else {
		l = lv_gen_slot(fs, l, e->line);
		r = lv_gen_any(fs, b, e->line);
		lv_gen_pop(fs, r);
		lv_gen_pop(fs, l);
		d = target(fs, dest);
		lv_code_emit(fs, e->op, d, l.slot, r.slot, e->line);
	}
	return result(d, dest);
}

static bool compare_constant(struct lv_func *fs, const struct lv_value *v, enum lv_cmp op, uint32_t *k)
{
	return (op <= LV_CMP_NE || lv_isnum(v)) && short_constant(fs, v, k);
}

/* Jumps when the comparison turns out as `sense`; l is its left operand. */
static void compare(struct lv_func *fs, const struct lv_tree *e, struct lv_operand l, uint32_t label, bool sense)
{
	static const enum lv_op plain[] = { LV_OP_JEQ, LV_OP_JNEQ, LV_OP_JLT, LV_OP_JLE, LV_OP_JLT, LV_OP_JLE };
	static const enum lv_op right[] = { LV_OP_JEQK, LV_OP_JNEQK, LV_OP_JLTK, LV_OP_JLEK, LV_OP_JGTK, LV_OP_JGEK };
	static const enum lv_op left[] = { LV_OP_JEQK, LV_OP_JNEQK, LV_OP_JGTK, LV_OP_JGEK, LV_OP_JLTK, LV_OP_JLEK };
	enum lv_cmp op = (enum lv_cmp)e->op;
	struct lv_operand r;
	enum lv_op jump;
	uint32_t a, b;

	if (e->b->kind == LV_X_CONST && compare_constant(fs, &e->b->k, op, &b)) {
		l = lv_gen_slot(fs, l, e->line);
		lv_gen_pop(fs, l);
		a = l.slot;
		jump = right[op];
	} else if (l.kind == LV_O_CONST && compare_constant(fs, &l.e->k, op, &b)) {
		r = lv_gen_any(fs, e->b, e->line);
		lv_gen_pop(fs, r);
		a = r.slot;
		jump = left[op];
	} else {
		l = lv_gen_slot(fs, l, e->line);
		r = lv_gen_any(fs, e->b, e->line);
		lv_gen_pop(fs, r);
		lv_gen_pop(fs, l);
		a = op >= LV_CMP_GT ? r.slot : l.slot;
		b = op >= LV_CMP_GT ? l.slot : r.slot;
		jump = plain[op];
	}
	if (!sense)
		jump = jump == LV_OP_JNEQ || jump == LV_OP_JNEQK ? jump - 1 : jump + 1;
	lv_code_compare(fs, jump, a, b, label, e->line);
}

static struct lv_operand indexed(struct lv_func *fs, const struct lv_tree *e, struct lv_operand o, int dest)
{
	struct lv_operand key;
	uint32_t k, d;
	int16_t i;

	if (lv_gen_fieldkey(fs, e->b, &k)) {
		if (o.kind != LV_O_UPVAL)
			o = lv_gen_slot(fs, o, e->line);
		lv_gen_pop(fs, o);
		d = target(fs, dest);
		lv_code_emit(fs, o.kind == LV_O_UPVAL ? LV_OP_GETTABUP : LV_OP_GETFIELD, d, o.slot, k, e->line);
	} else if (lv_gen_intkey(e->b, &i)) {
		o = lv_gen_slot(fs, o, e->line);
		lv_gen_pop(fs, o);
		d = target(fs, dest);
		lv_code_emit(fs, LV_OP_GETINDEXI, d, o.slot, (uint16_t)i, e->line);
	} else {
		o = lv_gen_slot(fs, o, e->line);
		key = lv_gen_any(fs, e->b, e->line);
		lv_gen_pop(fs, key);
		lv_gen_pop(fs, o);
		d = target(fs, dest);
		lv_code_emit(fs, LV_OP_GETINDEX, d, o.slot, key.slot, e->line);
	}
	return result(d, dest);
}

/* Behind a jump on a condition that failed or held: the two booleans. `no` is where the condition fails to. */
static struct lv_operand booleans(struct lv_func *fs, uint32_t no, int dest, int line)
{
	uint32_t end = lv_code_label(fs), d = target(fs, dest);

	lv_code_emit(fs, LV_OP_LOADTRUE, d, 0, 0, line);
	lv_code_jump(fs, LV_OP_JMP, 0, end, line);
	lv_code_bind(fs, no);
	lv_code_emit(fs, LV_OP_LOADFALSE, d, 0, 0, line);
	lv_code_bind(fs, end);
	return result(d, dest);
}

/* ---- chains ---------------------------------------------------------------------------------------------------------- */

static bool in_chain(const struct lv_tree *e)
{
	return e->kind >= LV_X_INDEX && e->kind <= LV_X_CMP;
}

/* One link, its left operand being o. */
static struct lv_operand chain_link(struct lv_func *fs, const struct lv_tree *e, struct lv_operand o, int dest, uint32_t want)
{
	uint32_t no;

	switch (e->kind) {
	case LV_X_INDEX:
		return indexed(fs, e, o, dest);
	case LV_X_BIN:
		return arith(fs, e, o, dest);
	case LV_X_CMP:
		no = lv_code_label(fs);
		compare(fs, e, o, no, false);
		return booleans(fs, no, dest, e->line);
	default:
		return call(fs, e, o, want, dest);
	}
}

/* The operand at the left of e's last link. */
static struct lv_operand chain_left(struct lv_func *fs, const struct lv_tree *e)
{
	const struct lv_tree *n = e->a;
	struct lv_operand o;

	while (in_chain(n))
		n = n->a;
	o = lv_gen_load(fs, n);
	for (n = n->up; n != e; n = n->up)
		o = chain_link(fs, n, o, LV_PUSH, 1);
	return o;
}

void lv_gen_multi(struct lv_func *fs, const struct lv_tree *e, uint32_t want)
{
	uint32_t d;

	if (e->kind != LV_X_VARARG) {
		call(fs, e, chain_left(fs, e), want, LV_PUSH);
		return;
	}
	if (want == 0)
		return;
	d = lv_code_push(fs);
	for (uint32_t i = 1; want != LV_OPEN && i < want; i++)
		lv_code_push(fs);
	if (want == LV_OPEN)
		fs->g.top--;
	lv_code_emit(fs, LV_OP_VARARG, d, want, 0, e->line);
}

void lv_gen_tailcall(struct lv_func *fs, const struct lv_tree *e)
{
	uint32_t f, n = call_frame(fs, e, chain_left(fs, e), &f);

	lv_code_emit(fs, LV_OP_TAILCALL, f, n, 0, e->line);
}

/* ---- conditions ------------------------------------------------------------------------------------------------------- */

static void test(struct lv_func *fs, const struct lv_tree *e, uint32_t label, bool sense)
{
	struct lv_operand o = lv_gen_any(fs, e, e->line);

	lv_gen_pop(fs, o);
	lv_code_jump(fs, sense ? LV_OP_JT : LV_OP_JF, o.slot, label, e->line);
}

void lv_gen_cond(struct lv_func *fs, const struct lv_tree *e, uint32_t label, bool sense)
{
	uint32_t skip = LV_NOLABEL;

	for (;; e = e->b) {			/* along a chain of `and`, `or` */
		bool all = e->kind == LV_X_AND;

		while (e->kind == LV_X_NOT) {
			e = e->a;
			sense = !sense;
			all = e->kind == LV_X_AND;
		}
		if (e->kind != LV_X_AND && e->kind != LV_X_OR)
			break;
		if (sense != all) {		/* one operand decides for the label */
			lv_gen_cond(fs, e->a, label, sense);
			continue;
		}
		if (skip == LV_NOLABEL)		/* or against it */
			skip = lv_code_label(fs);
		lv_gen_cond(fs, e->a, skip, !sense);
	}
	if (e->kind == LV_X_CONST) {
		if (!lv_falsy(&e->k) == sense)
			lv_code_jump(fs, LV_OP_JMP, 0, label, e->line);
	} else if (e->kind == LV_X_CMP) {
		compare(fs, e, chain_left(fs, e), label, sense);
	} else {
		test(fs, e, label, sense);
	}
	if (skip != LV_NOLABEL)
		lv_code_bind(fs, skip);
}

static bool is_boolean(const struct lv_tree *e)
{
	return e->kind == LV_X_CMP || e->kind == LV_X_NOT;
}

/* ---- `and` and `or` as values ---------------------------------------------------------------------------------------------- */

/* Does e read that local? */
static bool mentions(const struct lv_tree *e, uint32_t slot)
{
	while (e) {
		switch (e->kind) {
		case LV_X_LOCAL:
			return e->var->slot == slot;
		case LV_X_CONST: case LV_X_UPVAL: case LV_X_FUNC: case LV_X_VARARG:
			return false;
		case LV_X_AND: case LV_X_OR: case LV_X_CONCAT:
			if (mentions(e->a, slot))
				return true;
			e = e->b;
			break;
		default:
			for (const struct lv_tree *x = e->b; x; x = x->next)
				if (mentions(x, slot))
					return true;
			e = e->a;
		}
	}
	return false;
}

/* May the operands of the chain be written to that local as they come, or does a later one still read it? */
static bool may_write(const struct lv_tree *e, uint32_t slot)
{
	const struct lv_tree *a = e->a, *b = e->b;

	if (a->kind != LV_X_AND && a->kind != LV_X_OR && b->kind != LV_X_AND && b->kind != LV_X_OR &&
			(is_boolean(a) || a->kind == LV_X_CONST || (a->kind == LV_X_LOCAL && a->var->slot == slot)))
		return true;			/* the first is not written unless it is the result */
	for (; e->kind == LV_X_AND || e->kind == LV_X_OR; e = e->a)
		if (mentions(e->b, slot))
			return false;
	return true;
}

/* If the truth of e is `want`, its value goes to dest and control to the label; else falls through with nothing pushed. */
static void decide(struct lv_func *fs, const struct lv_tree *e, int dest, bool want, uint32_t label)
{
	uint32_t skip = LV_NOLABEL, d, top = fs->g.top;

	for (; e->kind == LV_X_AND || e->kind == LV_X_OR; e = e->b) {
		if ((e->kind == LV_X_OR) == want) {
			decide(fs, e->a, dest, want, label);
			continue;
		}
		if (skip == LV_NOLABEL)
			skip = lv_code_label(fs);
		lv_gen_cond(fs, e->a, skip, !want);
	}
	if (is_boolean(e)) {
		uint32_t other = lv_code_label(fs);

		lv_gen_cond(fs, e, other, !want);
		lv_code_emit(fs, want ? LV_OP_LOADTRUE : LV_OP_LOADFALSE, target(fs, dest), 0, 0, e->line);
		lv_code_jump(fs, LV_OP_JMP, 0, label, e->line);
		lv_code_bind(fs, other);
	} else if (e->kind == LV_X_CONST) {
		if (!lv_falsy(&e->k) == want) {
			load_constant(fs, &e->k, dest, e->line);
			lv_code_jump(fs, LV_OP_JMP, 0, label, e->line);
		}
	} else if (dest == LV_PUSH) {
		lv_gen_value(fs, e, LV_PUSH);
		d = fs->g.top - 1;
		lv_code_jump(fs, want ? LV_OP_JTKEEP : LV_OP_JFKEEP, d, label, e->line);
	} else {
		lv_gen_value(fs, e, dest);
		lv_code_jump(fs, want ? LV_OP_JT : LV_OP_JF, (uint32_t)dest, label, e->line);
	}
	fs->g.top = top;
	if (skip != LV_NOLABEL)
		lv_code_bind(fs, skip);
}

static void logic(struct lv_func *fs, const struct lv_tree *e, int dest)
{
	uint32_t end;

	if (dest != LV_PUSH && !may_write(e, (uint32_t)dest)) {
		logic(fs, e, LV_PUSH);
		fs->g.top--;
		lv_code_emit(fs, LV_OP_MOV, (uint32_t)dest, fs->g.top, 0, e->line);
		return;
	}
	end = lv_code_label(fs);
	for (; e->kind == LV_X_AND || e->kind == LV_X_OR; e = e->b)
		decide(fs, e->a, dest, e->kind == LV_X_OR, end);
	lv_gen_value(fs, e, dest);
	lv_code_bind(fs, end);
}

/* ---- the rest ---------------------------------------------------------------------------------------------------------------- */

static void concat(struct lv_func *fs, const struct lv_tree *e, int dest)
{
	uint32_t first = fs->g.top, n;
	int line = e->line;

	for (; e->kind == LV_X_CONCAT; e = e->b)
		lv_gen_value(fs, e->a, LV_PUSH);
	lv_gen_value(fs, e, LV_PUSH);
	n = fs->g.top - first;
	fs->g.top = first;
	lv_code_emit(fs, LV_OP_CONCAT, target(fs, dest), first, n, line);
}

enum { FLUSH = 50 };		/* array items pushed before they are stored */

struct items { uint32_t table, total, pending; };

static void flush(struct lv_func *fs, struct items *t, bool open, int line)
{
	if (t->pending || open)
		lv_code_emit(fs, LV_OP_SETLIST, t->table, open ? LV_OPEN : t->pending, t->total, line);
	t->total += t->pending;
	fs->g.top -= t->pending;
	t->pending = 0;
}

static void item(struct lv_func *fs, const struct lv_tree *e, struct items *t)
{
	struct lv_value key = { .tag = LV_NIL };

	if (t->total + FLUSH > UINT16_MAX) {	/* out of SETLIST's reach */
		flush(fs, t, false, e->line);
		if (!e->next && lv_ismulti(e->a))
			lv_lex_error(fs->ls, "too many items before an open list in a constructor (limit is 65535)", 0);
		lv_setint(&key, ++t->total);
		load_constant(fs, &key, LV_PUSH, e->line);
		lv_gen_value(fs, e->a, LV_PUSH);
		fs->g.top -= 2;
		lv_code_emit(fs, LV_OP_SETINDEX, t->table, fs->g.top, fs->g.top + 1, e->line);
		return;
	}
	if (t->pending == FLUSH)
		flush(fs, t, false, e->line);
	if (!e->next && lv_ismulti(e->a)) {
		lv_gen_multi(fs, e->a, LV_OPEN);
		flush(fs, t, true, e->line);
		return;
	}
	lv_gen_value(fs, e->a, LV_PUSH);
	t->pending++;
}

static void pair(struct lv_func *fs, const struct lv_tree *e, uint32_t table)
{
	struct lv_operand key, value;
	uint32_t k;
	int16_t i;

	if (lv_gen_fieldkey(fs, e->a, &k)) {
		value = lv_gen_any(fs, e->b, e->line);
		lv_gen_pop(fs, value);
		lv_code_emit(fs, LV_OP_SETFIELD, table, value.slot, k, e->line);
	} else if (lv_gen_intkey(e->a, &i)) {
		value = lv_gen_any(fs, e->b, e->line);
		lv_gen_pop(fs, value);
		lv_code_emit(fs, LV_OP_SETINDEXI, table, value.slot, (uint16_t)i, e->line);
	} else {
		key = lv_gen_any(fs, e->a, e->line);
		value = lv_gen_any(fs, e->b, e->line);
		lv_gen_pop(fs, value);
		lv_gen_pop(fs, key);
		lv_code_emit(fs, LV_OP_SETINDEX, table, key.slot, value.slot, e->line);
	}
}

static uint32_t at_most_16_bits(uint32_t n)
{
	return n < UINT16_MAX ? n : UINT16_MAX;
}

static void constructor(struct lv_func *fs, const struct lv_tree *e, int dest)
{
	struct items t = { .table = fs->g.top };
	uint32_t nitems = 0, npairs = 0, scope = 0;
	bool temp;

	for (const struct lv_tree *x = e->b; x; x = x->next)
		if (x->kind == LV_X_PAIR)
			npairs++;
		else if (x->next || !lv_ismulti(x->a))
			nitems++;
	if (!e->b) {
		lv_code_emit(fs, LV_OP_NEWTABLE, target(fs, dest), 0, 0, e->line);
		return;
	}
	lv_code_push(fs);
	lv_code_emit(fs, LV_OP_NEWTABLE, t.table, at_most_16_bits(nitems), at_most_16_bits(npairs), e->line);
	temp = npairs || nitems + FLUSH > UINT16_MAX;
	if (temp)
		scope = lv_code_scope(fs, lv_lex_str(fs->ls, "(temporary)", 11), t.table, false, LV_ATTR_TEMP);
	for (const struct lv_tree *x = e->b; x; x = x->next)
		if (x->kind == LV_X_PAIR)
			pair(fs, x, t.table);
		else
			item(fs, x, &t);
	flush(fs, &t, false, e->line2);
	if (temp)
		lv_code_unscope(fs, scope);
	if (dest != LV_PUSH) {
		fs->g.top--;
		lv_code_emit(fs, LV_OP_MOV, (uint32_t)dest, t.table, 0, e->line2);
	}
}

static void local(struct lv_func *fs, const struct lv_tree *e, int dest)
{
	uint32_t from = e->var->slot;

	if (e->var->boxed)
		lv_code_emit(fs, LV_OP_GETBOX, target(fs, dest), from, 0, e->line);
	else if (dest != (int)from)
		lv_code_emit(fs, LV_OP_MOV, target(fs, dest), from, 0, e->line);
}

static void unary(struct lv_func *fs, const struct lv_tree *e, enum lv_op op, int dest)
{
	struct lv_operand o = lv_gen_any(fs, e->a, e->line);

	lv_gen_pop(fs, o);
	lv_code_emit(fs, op, target(fs, dest), o.slot, 0, e->line);
}

void lv_gen_value(struct lv_func *fs, const struct lv_tree *e, int dest)
{
	uint32_t no;

	switch ((enum lv_tree_kind)e->kind) {
	case LV_X_CONST:
		load_constant(fs, &e->k, dest, e->line);
		break;
	case LV_X_VARARG:
		lv_code_emit(fs, LV_OP_VARARG, target(fs, dest), 1, 0, e->line);
		break;
	case LV_X_FUNC:
		lv_code_emitw(fs, LV_OP_CLOSURE, target(fs, dest), (int32_t)lv_code_child(fs, e->fn), e->line);
		break;
	case LV_X_LOCAL:
		local(fs, e, dest);
		break;
	case LV_X_UPVAL:
		lv_code_emit(fs, LV_OP_GETUP, target(fs, dest), e->op, 0, e->line);
		break;
	case LV_X_INDEX: case LV_X_CALL: case LV_X_METHOD: case LV_X_BIN: case LV_X_CMP:
		chain_link(fs, e, chain_left(fs, e), dest, 1);
		break;
	case LV_X_UN:
		unary(fs, e, (enum lv_op)e->op, dest);
		break;
	case LV_X_NOT:
		if (e->a->kind == LV_X_CMP || e->a->kind == LV_X_AND || e->a->kind == LV_X_OR) {
			no = lv_code_label(fs);
			lv_gen_cond(fs, e, no, false);
			booleans(fs, no, dest, e->line);
		} else {
			unary(fs, e, LV_OP_NOT, dest);
		}
		break;
	case LV_X_AND: case LV_X_OR:
		logic(fs, e, dest);
		break;
	case LV_X_CONCAT:
		concat(fs, e, dest);
		break;
	case LV_X_TABLE:
		constructor(fs, e, dest);
		break;
	case LV_X_TRUNC:
		lv_gen_value(fs, e->a, dest);
		break;
	default:
		break;
	}
}
