/* SPDX-License-Identifier: MIT
 * lib_debug.c - the debug library: what a program may know about its own functions and frames.
 *
 * Not here yet: hooks (debug.sethook with a function raises an error) and the temporaries of compiled frames that were
 * never written to the Lua stack. Slots of the operand stack may hold leftovers, so what is shown is checked first.
 */
#include <stdio.h>
#include "lib.h"

#define COUNT(x) (sizeof(x) / sizeof(x)[0])

/* The thread argument that most functions may start with; *shift counts it. */
static struct lv_thread *thread_arg(struct lv_state *L, struct lv_value *a, int n, int *shift)
{
	*shift = n > 0 && a->tag == LV_THREAD;
	return *shift ? a->th : L->thread;
}

/* ---- getinfo ----------------------------------------------------------------------------------- */

static void set_int(struct lv_state *L, struct lv_table *t, const char *name, int64_t i)
{
	struct lv_value v;

	lv_setint(&v, i);
	lv_setz(L, t, name, &v);
}

static void set_bool(struct lv_state *L, struct lv_table *t, const char *name, bool b)
{
	struct lv_value v;

	lv_setbool(&v, b);
	lv_setz(L, t, name, &v);
}

static void set_text(struct lv_state *L, struct lv_table *t, const char *name, const char *s)
{
	struct lv_value v;

	lv_setstr(&v, lv_strz(L, s));
	lv_setz(L, t, name, &v);
}

static void info_source(struct lv_state *L, struct lv_table *t, const struct lv_value *f)
{
	const struct lv_proto *p = f->tag == LV_FUNC ? f->f->p : NULL;
	struct lv_value v;
	char src[60] = "[C]";

	if (p)
		lv_shortsrc(p->source, src);
	lv_setstr(&v, p && p->source ? p->source : lv_strz(L, p ? "=?" : "=[C]"));
	lv_setz(L, t, "source", &v);
	set_text(L, t, "short_src", src);
	set_text(L, t, "what", !p ? "C" : p->linedefined == 0 ? "main" : "Lua");
	set_int(L, t, "linedefined", p ? p->linedefined : -1);
	set_int(L, t, "lastlinedefined", p ? p->lastline : -1);
}

static void info_lines(struct lv_state *L, struct lv_table *t, const struct lv_value *f)
{
	const struct lv_proto *p;
	struct lv_table *lines;
	struct lv_value v;

	if (f->tag != LV_FUNC)
		return;
	p = f->f->p;
	lines = lv_table(L, 0, 0);
	lv_setobj(&v, lines, LV_TABLE);
	lv_setz(L, t, "activelines", &v);
	lv_setbool(&v, true);
	for (uint32_t i = 0; p->line && i < p->ncode; i++)
		if (p->code[i].op != LV_OP_VARARGPREP)
			lv_seti(L, lines, p->line[i], &v);
}

static void info_counts(struct lv_state *L, struct lv_table *t, const struct lv_value *f)
{
	const struct lv_proto *p = f->tag == LV_FUNC ? f->f->p : NULL;

	set_int(L, t, "nups", p ? f->f->nup : f->c->nup);
	set_int(L, t, "nparams", p ? p->nparams : 0);
	set_bool(L, t, "isvararg", p ? p->isvararg : true);
}

struct query { struct lv_thread *th; int level; struct lv_activation act; bool active; };	/* active: a level, not a function */

static void info_name(struct lv_state *L, struct lv_table *t, struct query *q)
{
	const char *name = NULL, *what = q->active ? lv_funcname(L, q->th, q->level, &name) : "";

	set_text(L, t, "namewhat", name ? what : "");
	if (name)
		set_text(L, t, "name", name);
}

static int dbg_getinfo(struct lv_state *L, struct lv_value *a, int n)
{
	int shift;
	struct query q = { .th = thread_arg(L, a, n, &shift) };
	struct lv_str *opt = lv_optstr(L, a, n, shift + 1, NULL);
	const char *what = opt ? opt->s : "flnSrtu";
	struct lv_table *t;
	struct lv_value v;

	if (*what == '>')
		lv_argerror(L, shift + 2, "invalid option '>'");
	if (shift < n && lv_isfunction(&a[shift])) {
		q.act.func = a[shift];
	} else {
		int64_t level = lv_argint(L, a, n, shift);

		q.active = level >= 0 && level < INT32_MAX && lv_activation(L, q.th, (int)level, &q.act);
		q.level = (int)level;
		if (!q.active) {
			lv_pushnil(L);
			return 1;
		}
	}
	if (what[strspn(what, "SlnrutLf")])
		lv_argerror(L, shift + 2, "invalid option");
	t = lv_table(L, 0, 16);
	lv_setobj(&v, t, LV_TABLE);
	lv_push(L, &v);
	if (strchr(what, 'S'))
		info_source(L, t, &q.act.func);
	if (strchr(what, 'l'))
		set_int(L, t, "currentline", q.active && q.act.func.tag == LV_FUNC ? lv_line(q.act.func.f->p, q.act.pc) : -1);
	if (strchr(what, 'u'))
		info_counts(L, t, &q.act.func);
	if (strchr(what, 'n'))
		info_name(L, t, &q);
	if (strchr(what, 't'))
		set_bool(L, t, "istailcall", q.active && q.act.frame->flags & LV_FR_TAIL);
	if (strchr(what, 'r')) {
		set_int(L, t, "ftransfer", 0);
		set_int(L, t, "ntransfer", 0);
	}
	if (strchr(what, 'L'))
		info_lines(L, t, &q.act.func);
	if (strchr(what, 'f'))
		lv_setz(L, t, "func", &q.act.func);
	return 1;
}

/* ---- locals ---------------------------------------------------------------------------------------- */

/* Index of the instruction that a saved pc belongs to: the one before, or before its CACHE word. */
static uint32_t pc_index(const struct lv_proto *p, const struct lv_ins *pc)
{
	uint32_t i = pc > p->code ? (uint32_t)(pc - p->code) - 1 : 0;

	return i > 0 && p->code[i].op == LV_OP_CACHE ? i - 1 : i;
}

static const char *local_name(const struct lv_proto *p, uint32_t pc, int n, uint32_t *slot)
{
	for (uint32_t i = 0; i < p->nloc; i++)
		if (p->loc[i].from <= pc && pc < p->loc[i].to && --n == 0) {
			*slot = p->loc[i].slot;
			return p->loc[i].name->s;
		}
	return NULL;
}

/* End of the part of the stack that belongs to the activation at a level. */
static struct lv_value *frame_end(struct lv_state *L, struct lv_thread *th, int level)
{
	struct lv_activation callee;

	if (level > 0 && lv_activation(L, th, level - 1, &callee))
		return lv_results(callee.base);
	return th == L->thread ? L->top : th->top;
}

/* Name and place of local n of an activation; NULL when there is none. */
static const char *find_local(struct lv_state *L, struct lv_thread *th, int level, const struct lv_activation *act, int n, struct lv_value **at)
{
	const struct lv_proto *p = act->func.tag == LV_FUNC ? act->func.f->p : NULL;
	const char *name = NULL;
	uint32_t slot = (uint32_t)n - 1;

	if (n < 0) {
		int64_t extra = p && act->frame->flags & LV_FR_VARARG ? act->base[-3].i : 0;

		if (-(int64_t)n > extra)
			return NULL;
		*at = act->base - 3 - extra + (-(int64_t)n - 1);
		return "(vararg)";
	}
	if (p && n > 0)
		name = local_name(p, pc_index(p, act->pc), n, &slot);
	if (!name) {
		if (n <= 0 || frame_end(L, th, level) - act->base < n)
			return NULL;
		name = p ? "(temporary)" : "(C temporary)";
	}
	*at = act->base + slot;
	if ((*at)->tag == LV_BOX)
		*at = &(*at)->box->v;
	return name;
}

/* What a slot holds, or nil for the leftovers of a frame. */
static void push_slot(struct lv_state *L, const struct lv_value *v)
{
	if (v->tag > LV_THREAD || (lv_iscollectable(v) && lv_heap_find(L, v->o) != v->o))
		lv_pushnil(L);
	else
		lv_push(L, v);
}

/* A parameter's name: all that is known of a function that is not running. */
static int parameter(struct lv_state *L, const struct lv_value *f, int64_t n)
{
	if (f->tag == LV_FUNC && n >= 1 && n <= f->f->p->nparams && (uint32_t)n <= f->f->p->nloc)
		lv_pushstr(L, f->f->p->loc[n - 1].name);
	else
		lv_pushnil(L);
	return 1;
}

static void level_arg(struct lv_state *L, struct lv_thread *th, struct lv_value *a, int n, int i, struct lv_activation *act)
{
	int64_t level = lv_argint(L, a, n, i);

	if (level < 0 || level > INT32_MAX || !lv_activation(L, th, (int)level, act))
		lv_argerror(L, i + 1, "level out of range");
}

static int dbg_getlocal(struct lv_state *L, struct lv_value *a, int n)
{
	int shift;
	struct lv_thread *th = thread_arg(L, a, n, &shift);
	int64_t which = lv_argint(L, a, n, shift + 1);
	struct lv_activation act;
	struct lv_value *at;
	const char *name;

	if (lv_isfunction(&a[shift]))
		return parameter(L, &a[shift], which);
	level_arg(L, th, a, n, shift, &act);
	name = which > -INT32_MAX && which < INT32_MAX ? find_local(L, th, (int)lv_argint(L, a, n, shift), &act, (int)which, &at) : NULL;
	if (!name) {
		lv_pushnil(L);
		return 1;
	}
	lv_pushz(L, name);
	push_slot(L, at);
	return 2;
}

static int dbg_setlocal(struct lv_state *L, struct lv_value *a, int n)
{
	int shift;
	struct lv_thread *th = thread_arg(L, a, n, &shift);
	int64_t which = lv_argint(L, a, n, shift + 1);
	struct lv_activation act;
	struct lv_value *at;
	const char *name;

	level_arg(L, th, a, n, shift, &act);
	lv_argany(L, a, n, shift + 2);
	name = which > -INT32_MAX && which < INT32_MAX ? find_local(L, th, (int)lv_argint(L, a, n, shift), &act, (int)which, &at) : NULL;
	if (!name) {
		lv_pushnil(L);
		return 1;
	}
	at->bits = a[shift + 2].bits;		/* not aux: it links to-be-closed slots */
	at->tag = a[shift + 2].tag;
	lv_pushz(L, name);
	return 1;
}

/* ---- upvalues -------------------------------------------------------------------------------------------- */

/* Place of upvalue i (from 1) and its name. */
static struct lv_value *upvalue(const struct lv_value *f, int64_t i, const char **name)
{
	if (f->tag == LV_FUNC) {
		if (i < 1 || i > f->f->nup)
			return NULL;
		*name = f->f->p->up[i - 1].name ? f->f->p->up[i - 1].name->s : "(no name)";
		return &f->f->up[i - 1]->v;
	}
	if (i < 1 || i > f->c->nup)
		return NULL;
	*name = "";
	return &f->c->up[i - 1];
}

static int dbg_getupvalue(struct lv_state *L, struct lv_value *a, int n)
{
	int64_t i = lv_argint(L, a, n, 1);
	struct lv_value *v;
	const char *name;

	lv_argfunc(L, a, n, 0);
	v = upvalue(a, i, &name);
	if (!v)
		return 0;
	lv_pushz(L, name);
	lv_push(L, v);
	return 2;
}

static int dbg_setupvalue(struct lv_state *L, struct lv_value *a, int n)
{
	int64_t i = lv_argint(L, a, n, 1);
	struct lv_value *v;
	const char *name;

	lv_argany(L, a, n, 2);
	lv_argfunc(L, a, n, 0);
	v = upvalue(a, i, &name);
	if (!v)
		return 0;
	*v = a[2];
	lv_pushz(L, name);
	return 1;
}

static int dbg_upvalueid(struct lv_state *L, struct lv_value *a, int n)
{
	int64_t i = lv_argint(L, a, n, 1);
	struct lv_value *v, id;
	const char *name;

	lv_argfunc(L, a, n, 0);
	v = upvalue(a, i, &name);
	if (!v) {
		lv_pushnil(L);
		return 1;
	}
	lv_setobj(&id, v, LV_LIGHT);
	lv_push(L, &id);
	return 1;
}

static int64_t upvalue_arg(struct lv_state *L, struct lv_value *a, int n, int i)
{
	int64_t which = lv_argint(L, a, n, i + 1);
	const char *name;

	lv_argfunc(L, a, n, i);
	if (!upvalue(&a[i], which, &name))
		lv_argerror(L, i + 2, "invalid upvalue index");
	return which - 1;
}

static int dbg_upvaluejoin(struct lv_state *L, struct lv_value *a, int n)
{
	int64_t i = upvalue_arg(L, a, n, 0), k = upvalue_arg(L, a, n, 2);

	if (a[0].tag != LV_FUNC)
		lv_argerror(L, 1, "Lua function expected");
	if (a[2].tag != LV_FUNC)
		lv_argerror(L, 3, "Lua function expected");
	a[0].f->up[i] = a[2].f->up[k];
	return 0;
}

/* ---- metatables, registry, user values ----------------------------------------------------------------------- */

static int dbg_getmetatable(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_table *t;
	struct lv_value v;

	lv_argany(L, a, n, 0);
	t = lv_metatable(L, a);
	if (!t) {
		lv_pushnil(L);
		return 1;
	}
	lv_setobj(&v, t, LV_TABLE);
	lv_push(L, &v);
	return 1;
}

static int dbg_setmetatable(struct lv_state *L, struct lv_value *a, int n)
{
	if (n < 2 || (a[1].tag != LV_NIL && a[1].tag != LV_TABLE))
		lv_argtype(L, 2, "nil or table", n < 2 ? NULL : &a[1]);
	lv_setmeta(L, a, a[1].tag == LV_NIL ? NULL : a[1].t);
	L->top = a + 1;
	return 1;
}

static int dbg_getregistry(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_value v;

	(void)a, (void)n;
	lv_setobj(&v, L->registry, LV_TABLE);
	lv_push(L, &v);
	return 1;
}

/* No userdata a program can have has user values: files do not. */
static int dbg_getuservalue(struct lv_state *L, struct lv_value *a, int n)
{
	lv_optint(L, a, n, 1, 1);
	lv_pushnil(L);
	return 1;
}

static int dbg_setuservalue(struct lv_state *L, struct lv_value *a, int n)
{
	lv_optint(L, a, n, 2, 1);
	if (n < 1 || a->tag != LV_USERDATA)
		lv_argtype(L, 1, "userdata", n < 1 ? NULL : a);
	lv_argany(L, a, n, 1);
	lv_pushnil(L);
	return 1;
}

/* ---- the rest ---------------------------------------------------------------------------------------------------- */

static int dbg_traceback(struct lv_state *L, struct lv_value *a, int n)
{
	int shift;
	struct lv_thread *th = thread_arg(L, a, n, &shift);
	const char *msg = NULL;
	int64_t level;

	if (shift < n && a[shift].tag != LV_NIL) {
		if (a[shift].tag != LV_STR && !lv_isnum(&a[shift])) {
			lv_push(L, &a[shift]);
			return 1;
		}
		msg = lv_argstr(L, a, n, shift)->s;
	}
	level = lv_optint(L, a, n, shift + 1, th == L->thread);
	lv_pushstr(L, lv_traceback(L, th, msg, level < 0 || level > INT32_MAX ? INT32_MAX : (int)level));
	return 1;
}

static int dbg_gethook(struct lv_state *L, struct lv_value *a, int n)
{
	(void)a, (void)n;
	lv_pushnil(L);
	return 1;
}

static int dbg_sethook(struct lv_state *L, struct lv_value *a, int n)
{
	int shift;

	thread_arg(L, a, n, &shift);
	if (lv_noneornil(a, n, shift))
		return 0;
	lv_argstr(L, a, n, shift + 1);
	lv_argfunc(L, a, n, shift);
	lv_error(L, "hooks are not supported yet");
}

static int dbg_setcstacklimit(struct lv_state *L, struct lv_value *a, int n)
{
	lv_argint(L, a, n, 0);
	lv_pushint(L, LV_MAXCCALLS);
	return 1;
}

/* A line from stdin is a chunk; "cont" or the end of input goes on with the program. */
static int dbg_debug(struct lv_state *L, struct lv_value *a, int n)
{
	char line[250];

	(void)n;
	for (;;) {
		fputs("lua_debug> ", stderr);
		fflush(stderr);
		if (!fgets(line, sizeof line, stdin) || strcmp(line, "cont\n") == 0)
			return 0;
		L->top = a + 2;
		if (lv_load(L, line, strlen(line), "=(debug command)", NULL, a) == LV_OK && lv_pcall(L, a, 0, 0, NULL) == LV_OK)
			continue;
		fflush(stdout);
		fprintf(stderr, "%s\n", lv_tostr(L, a)->s);
	}
}

static const struct lv_reg funcs[] = {
	{ "debug", dbg_debug, LV_B_NONE },
	{ "gethook", dbg_gethook, LV_B_NONE },
	{ "getinfo", dbg_getinfo, LV_B_NONE },
	{ "getlocal", dbg_getlocal, LV_B_NONE },
	{ "getmetatable", dbg_getmetatable, LV_B_NONE },
	{ "getregistry", dbg_getregistry, LV_B_NONE },
	{ "getupvalue", dbg_getupvalue, LV_B_NONE },
	{ "getuservalue", dbg_getuservalue, LV_B_NONE },
	{ "setcstacklimit", dbg_setcstacklimit, LV_B_NONE },
	{ "sethook", dbg_sethook, LV_B_NONE },
	{ "setlocal", dbg_setlocal, LV_B_NONE },
	{ "setmetatable", dbg_setmetatable, LV_B_NONE },
	{ "setupvalue", dbg_setupvalue, LV_B_NONE },
	{ "setuservalue", dbg_setuservalue, LV_B_NONE },
	{ "traceback", dbg_traceback, LV_B_NONE },
	{ "upvalueid", dbg_upvalueid, LV_B_NONE },
	{ "upvaluejoin", dbg_upvaluejoin, LV_B_NONE },
};

void lv_open_debug(struct lv_state *L)
{
	lv_newlib(L, "debug", funcs, COUNT(funcs));
}
