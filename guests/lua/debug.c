/* SPDX-License-Identifier: MIT
 * debug.c - what went wrong and where: names of values and functions, lines, tracebacks, messages of failed operations.
 *
 * Names come from the bytecode. A value in a slot of the running frame is a local by the scope table, or was pushed by an
 * instruction before: a forward walk to the failing instruction finds the last one that wrote the slot, unless that
 * happened on one side of a branch only. What that instruction read is the name.
 *
 * A saved pc is the NEXT instruction; behind a call its CACHE word stands between.
 */
#include <stdio.h>
#include "lv.h"

/* ---- frames ------------------------------------------------------------------------------------------- */

bool lv_activation(struct lv_state *L, struct lv_thread *th, int level, struct lv_activation *out)
{
	struct lv_value *base = th == L->thread ? L->base : th->base;
	const struct lv_ins *pc = th == L->thread ? L->pc : th->pc;

	if (level < 0 || !base)
		return false;
	for (; lv_frame(base)->delta != 0; level--) {
		const struct lv_frame *fr = lv_frame(base);

		if (level == 0) {
			out->base = base;
			out->func = base[-2];
			out->frame = fr;
			out->pc = base[-2].tag == LV_FUNC ? pc : NULL;
			return true;
		}
		pc = fr->ret;
		base -= fr->delta;
	}
	return false;
}

/* Index of the instruction a saved pc belongs to. */
static uint32_t at(const struct lv_proto *p, const struct lv_ins *pc)
{
	uint32_t n = pc > p->code ? (uint32_t)(pc - p->code) - 1 : 0;

	return n > 0 && p->code[n].op == LV_OP_CACHE ? n - 1 : n;
}

int lv_line(const struct lv_proto *p, const struct lv_ins *pc)
{
	return p->line && pc ? p->line[at(p, pc)] : -1;
}

void lv_shortsrc(const struct lv_str *source, char out[60])
{
	const char *s = source ? source->s : "=?", *nl;
	size_t len = source ? source->len : 2, room = 60 - sizeof "[string \"...\"]";

	if (*s == '=') {
		snprintf(out, 60, "%s", s + 1);
	} else if (*s == '@') {
		if (len <= 60)
			snprintf(out, 60, "%s", s + 1);
		else
			snprintf(out, 60, "...%s", s + len - 56);
	} else {
		nl = strchr(s, '\n');
		if (!nl && len < room) {
			snprintf(out, 60, "[string \"%s\"]", s);
		} else {
			size_t n = nl ? (size_t)(nl - s) : len;

			snprintf(out, 60, "[string \"%.*s...\"]", (int)(n < room ? n : room), s);
		}
	}
}

/* ---- names of values --------------------------------------------------------------------------------------- */

static const char *local_name(const struct lv_proto *p, uint32_t pc, uint32_t slot)
{
	for (uint32_t i = 0; i < p->nloc; i++)
		if (p->loc[i].slot == slot && p->loc[i].from <= pc && pc < p->loc[i].to)
			return p->loc[i].name->s;
	return NULL;
}

static bool writes(const struct lv_ins *i, uint32_t slot)
{
	switch (i->op) {
	case LV_OP_CALL: case LV_OP_TAILCALL: case LV_OP_VARARG: return slot >= i->a;
	case LV_OP_TFORCALL: return slot >= i->a + 4u;
	case LV_OP_LOADNIL: return slot >= i->a && slot < i->a + (uint32_t)i->b;
	case LV_OP_SELF: return slot == i->a || slot == i->a + 2u;
	case LV_OP_FORPREP: case LV_OP_FORLOOP: return slot >= i->a && slot <= i->a + 3u;
	default: return lv_opinfo[i->op].a == 'D' && slot == i->a;
	}
}

/* Distance of a forward jump, or 0. */
static int32_t jumps(const struct lv_ins *i)
{
	if (i->op >= LV_OP_JEQ && i->op <= LV_OP_JNGEK)
		return (int16_t)i->c;
	switch (i->op) {
	case LV_OP_JMP: case LV_OP_JT: case LV_OP_JF: case LV_OP_JTKEEP: case LV_OP_JFKEEP: case LV_OP_FORPREP: case LV_OP_TFORPREP:
		return i->w;
	default:
		return 0;
	}
}

/* The instruction before `last` that put the value into the slot, or -1 when that is not certain. */
static int64_t setter(const struct lv_proto *p, uint32_t last, uint32_t slot)
{
	int64_t found = -1;
	uint32_t target = 0;		/* code up to here is jumped over by some way */

	for (uint32_t pc = 0; pc < last; pc++) {
		int32_t j = jumps(&p->code[pc]);

		if (writes(&p->code[pc], slot))
			found = pc < target ? -1 : (int64_t)pc;
		if (j > 0 && pc + 1 + (uint32_t)j <= last && pc + 1 + (uint32_t)j > target)
			target = pc + 1 + (uint32_t)j;
	}
	return found;
}

static const char *constant_name(const struct lv_proto *p, uint32_t k, const char **name)
{
	*name = k < p->nk && p->k[k].tag == LV_STR ? p->k[k].s->s : "?";
	return *name;
}

static const char *up_name(const struct lv_proto *p, uint32_t up)
{
	return up < p->nups && p->up[up].name ? p->up[up].name->s : "?";
}

static const char *slot_name(const struct lv_proto *p, uint32_t pc, uint32_t slot, const char **name);

/* Name of a value read by `table[key]` with the key in a slot: only a constant says something. */
static const char *key_name(const struct lv_proto *p, uint32_t pc, uint32_t slot, const char **name)
{
	const char *kind = slot_name(p, pc, slot, name);

	if (!kind || strcmp(kind, "constant") != 0)
		*name = "?";
	return "field";
}

static bool is_env(const char *name) { return name && strcmp(name, "_ENV") == 0; }

static const char *slot_name(const struct lv_proto *p, uint32_t pc, uint32_t slot, const char **name)
{
	const char *local = local_name(p, pc, slot);
	const struct lv_ins *i;
	int64_t from;

	if (local && *local != '(') {
		*name = local;
		return "local";
	}
	from = setter(p, pc, slot);
	if (from < 0)
		return NULL;
	pc = (uint32_t)from;
	i = &p->code[pc];
	switch (i->op) {
	case LV_OP_MOV:
	case LV_OP_GETBOX:
		return i->b < i->a ? slot_name(p, pc, i->b, name) : NULL;
	case LV_OP_GETUP:
		*name = up_name(p, i->b);
		return "upvalue";
	case LV_OP_LOADK:
		if ((uint32_t)i->w >= p->nk || p->k[i->w].tag != LV_STR)
			return NULL;
		constant_name(p, (uint32_t)i->w, name);
		return "constant";
	case LV_OP_GETTABUP:
		constant_name(p, i->c, name);
		return is_env(up_name(p, i->b)) ? "global" : "field";
	case LV_OP_GETFIELD:
		constant_name(p, i->c, name);
		return is_env(local_name(p, pc, i->b)) ? "global" : "field";
	case LV_OP_SELF:
		constant_name(p, i->c, name);
		return "method";
	case LV_OP_GETINDEX:
		return key_name(p, pc, i->c, name);
	case LV_OP_GETINDEXI:
		*name = "integer index";
		return "field";
	default:
		return NULL;
	}
}

/* " (local 'x')" for a value by its address, or "". */
static const char *var_info(struct lv_state *L, const struct lv_value *v, char out[128])
{
	const struct lv_value *base = L->base;
	const struct lv_closure *f;
	const char *name = NULL, *kind = NULL;

	out[0] = 0;
	if (base[-2].tag != LV_FUNC || lv_frame(L->base)->flags & LV_FR_C)
		return out;
	f = base[-2].f;
	for (unsigned i = 0; i < f->nup && !kind; i++)
		if (v == &f->up[i]->v) {
			kind = "upvalue";
			name = up_name(f->p, i);
		}
	if (!kind && v >= base && v < base + f->p->framesize) {
		kind = slot_name(f->p, at(f->p, L->pc), (uint32_t)(v - base), &name);
	} else if (!kind && v >= f->p->k && v < f->p->k + f->p->nk && v->tag == LV_STR) {
		kind = "constant";
		name = v->s->s;
	}
	if (kind)
		snprintf(out, 128, " (%s '%.90s')", kind, name);
	return out;
}

/* ---- messages ------------------------------------------------------------------------------------------------ */

_Noreturn void lv_typeerror(struct lv_state *L, const struct lv_value *v, const char *doing)
{
	const struct lv_value *f = &L->base[-2];
	char var[128];

	var_info(L, v, var);
	if (strcmp(doing, "call") == 0 && f->tag == LV_FUNC && f->f->p->code[at(f->f->p, L->pc)].op == LV_OP_TFORCALL)
		snprintf(var, sizeof var, " (for iterator 'for iterator')");
	lv_errorat(L, 0, "attempt to %s a %s value%s", doing, lv_typename_meta(L, v), var);
}

_Noreturn void lv_aritherror(struct lv_state *L, enum lv_event e, const struct lv_value *a, const struct lv_value *b)
{
	bool bits = (e >= LV_EV_BAND && e <= LV_EV_SHR) || e == LV_EV_BNOT;

	lv_typeerror(L, lv_isnum(a) ? b : a, bits ? "perform bitwise operation on" : "perform arithmetic on");
}

_Noreturn void lv_concaterror(struct lv_state *L, const struct lv_value *a, const struct lv_value *b)
{
	lv_typeerror(L, a->tag == LV_STR || lv_isnum(a) ? b : a, "concatenate");
}

_Noreturn void lv_compareerror(struct lv_state *L, const struct lv_value *a, const struct lv_value *b)
{
	const char *x = lv_typename_meta(L, a), *y = lv_typename_meta(L, b);

	if (strcmp(x, y) == 0)
		lv_errorat(L, 0, "attempt to compare two %s values", x);
	lv_errorat(L, 0, "attempt to compare %s with %s", x, y);
}

_Noreturn void lv_interror(struct lv_state *L, const struct lv_value *a, const struct lv_value *b)
{
	char var[128];
	int64_t i;

	lv_errorat(L, 0, "number%s has no integer representation", var_info(L, lv_tointeger(a, &i) ? b : a, var));
}

/* ---- names of functions ------------------------------------------------------------------------------------------ */

/* The event whose metamethod an instruction may run, by its name without the underscores; NULL: none. */
static const char *event_of(const struct lv_state *L, const struct lv_ins *i)
{
	if (i->op >= LV_OP_ADD && i->op <= LV_OP_SHR_KR)
		return L->event[LV_EV_ADD + (i->op - LV_OP_ADD) / 3]->s + 2;
	if (i->op >= LV_OP_JEQ && i->op <= LV_OP_JNGEK) {
		static const char *const name[] = { "eq", "lt", "le", "eq", "lt", "le", "lt", "le" };

		return name[(i->op - LV_OP_JEQ) / 2];
	}
	switch (i->op) {
	case LV_OP_GETTABUP: case LV_OP_GETFIELD: case LV_OP_GETINDEX: case LV_OP_GETINDEXI: case LV_OP_SELF: return "index";
	case LV_OP_SETTABUP: case LV_OP_SETFIELD: case LV_OP_SETINDEX: case LV_OP_SETINDEXI: return "newindex";
	case LV_OP_UNM: return "unm";
	case LV_OP_BNOT: return "bnot";
	case LV_OP_LEN: return "len";
	case LV_OP_CONCAT: return "concat";
	default: return NULL;
	}
}

void lv_check_metamethod(struct lv_state *L, const struct lv_value *f, unsigned flags)
{
	const struct lv_value *running = &L->base[-2];
	const char *event = NULL;
	struct lv_value call;

	if (lv_metafield(L, f, LV_EV_CALL, &call))
		return;
	if (flags & LV_FR_FIN)
		event = "close";
	else if (flags & LV_FR_META && running->tag == LV_FUNC)
		event = event_of(L, &running->f->p->code[at(running->f->p, L->pc)]);
	if (event)
		lv_errorat(L, 0, "attempt to call a %s value (metamethod '%s')", lv_typename_meta(L, f), event);
}

const char *lv_funcname(struct lv_state *L, struct lv_thread *th, int level, const char **name)
{
	struct lv_activation a, caller;
	const struct lv_proto *p;
	const struct lv_ins *i;
	const char *kind = NULL;
	uint32_t pc;

	*name = NULL;
	if (!lv_activation(L, th, level, &a) || a.frame->flags & LV_FR_TAIL || !lv_activation(L, th, level + 1, &caller) ||
			caller.func.tag != LV_FUNC)
		return "";
	if (a.frame->flags & LV_FR_FIN) {
		*name = "close";
		return "metamethod";
	}
	p = caller.func.f->p;
	pc = at(p, caller.pc);
	i = &p->code[pc];
	if (a.frame->flags & LV_FR_META) {
		*name = event_of(L, i);
		return *name ? "metamethod" : "";
	}
	if (i->op == LV_OP_TFORCALL) {
		*name = "for iterator";
		return "for iterator";
	}
	if ((i->op == LV_OP_CALL || i->op == LV_OP_TAILCALL) && lv_results(a.base) == caller.base + i->a)
		kind = slot_name(p, pc, i->a, name);
	if (!kind)
		*name = NULL;
	return kind ? kind : "";
}

/* Is the function a field of t? Then its name. */
static struct lv_str *field_holding(struct lv_state *L, const struct lv_table *t, const struct lv_value *f)
{
	struct lv_value pair[2];

	lv_setnil(&pair[0]);
	while (lv_next(L, t, pair))
		if (pair[0].tag == LV_STR && pair[1].tag == f->tag && pair[1].bits == f->bits)
			return pair[0].s;
	return NULL;
}

struct lv_str *lv_globalname(struct lv_state *L, const struct lv_value *f)
{
	struct lv_value pair[2];
	struct lv_str *s = field_holding(L, L->globals, f);

	if (s)
		return s;
	lv_setnil(&pair[0]);
	while (lv_next(L, L->loaded, pair)) {
		if (pair[0].tag != LV_STR)
			continue;
		if (pair[1].tag == f->tag && pair[1].bits == f->bits)
			return pair[0].s;
		s = pair[1].tag == LV_TABLE ? field_holding(L, pair[1].t, f) : NULL;
		if (s)
			return lv_strf(L, "%s.%s", pair[0].s->s, s->s);
	}
	return NULL;
}

/* ---- traceback --------------------------------------------------------------------------------------------------- */

static void add(struct lv_state *L, struct lv_sb *sb, const char *s) { lv_sb_add(L, sb, s, strlen(s)); }

static void add_level(struct lv_state *L, struct lv_sb *sb, struct lv_thread *th, int level, const struct lv_activation *a)
{
	const struct lv_proto *p = a->func.tag == LV_FUNC ? a->func.f->p : NULL;
	const char *name, *kind = lv_funcname(L, th, level, &name);
	struct lv_str *global = lv_globalname(L, &a->func);
	char src[60] = "[C]", line[320];

	if (p)
		lv_shortsrc(p->source, src);
	if (p && lv_line(p, a->pc) > 0)
		snprintf(line, sizeof line, "\n\t%s:%d: in ", src, lv_line(p, a->pc));
	else
		snprintf(line, sizeof line, "\n\t%s: in ", src);
	add(L, sb, line);
	if (global)
		snprintf(line, sizeof line, "function '%.200s'", global->s);
	else if (*kind)
		snprintf(line, sizeof line, "%s '%.200s'", kind, name);
	else if (p && p->linedefined == 0)
		snprintf(line, sizeof line, "main chunk");
	else if (p)
		snprintf(line, sizeof line, "function <%s:%d>", src, (int)p->linedefined);
	else
		snprintf(line, sizeof line, "?");
	add(L, sb, line);
	if (a->frame->flags & LV_FR_TAIL)
		add(L, sb, "\n\t(...tail calls...)");
}

struct lv_str *lv_traceback(struct lv_state *L, struct lv_thread *th, const char *msg, int level)
{
	enum { FIRST = 10, LAST = 11 };
	struct lv_activation a;
	struct lv_sb sb;
	char line[64];
	int depth = 0, skip_at;

	lv_sb_init(L, &sb);
	if (msg) {
		add(L, &sb, msg);
		add(L, &sb, "\n");
	}
	add(L, &sb, "stack traceback:");
	for (struct lv_value *b = th == L->thread ? L->base : th->base; b && lv_frame(b)->delta != 0; b -= lv_frame(b)->delta)
		depth++;
	skip_at = depth - 1 - level > FIRST + LAST ? level + FIRST : -1;
	for (; lv_activation(L, th, level, &a); level++) {
		if (level == skip_at) {
			int n = depth - level - LAST;

			snprintf(line, sizeof line, "\n\t...\t(skipping %d levels)", n);
			add(L, &sb, line);
			level += n - 1;
			continue;
		}
		add_level(L, &sb, th, level, &a);
	}
	return lv_sb_done(L, &sb);
}
