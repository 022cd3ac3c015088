/* SPDX-License-Identifier: MIT
 * listing.c - the text of --dump=bytecode.
 *
 *	function main <prog.lua> params=0 vararg slots=5
 *	  upvalue 0 _ENV = local 0
 *	     0 [1]  varargprep 0
 *	     1 [1]  loadi      s0 5
 *	     2 [2]  add_rk     s1 l0(x) 1
 *	     3 [2]  jnlt       l0(x) l1(y) -> 7
 *
 * lN(name) is a local, sN an entry of the operand stack, uN(name) an upvalue; constants are written out; a jump shows
 * the number of the instruction it goes to, CLOSURE the number of the inner function. Inner functions follow, numbered
 * as f0, f0.1 by nesting.
 */
#include <ctype.h>
#include <stdio.h>
#include "front.h"

enum { SHOWN = 40 };		/* characters of a string constant */

struct out { struct lv_state *L; struct lv_sb sb; };

static void add(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct out *o, const char *fmt, ...)
{
	char s[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s, sizeof s, fmt, ap);
	va_end(ap);
	lv_sb_add(o->L, &o->sb, s, n < (int)sizeof s ? (size_t)n : sizeof s - 1);
}

static void add_string(struct out *o, const struct lv_str *s)
{
	add(o, "\"");
	for (size_t i = 0; i < s->len; i++) {
		unsigned char c = (unsigned char)s->s[i];

		if (i == SHOWN) {
			add(o, "\"...");
			return;
		}
		if (c == '"' || c == '\\')
			add(o, "\\%c", c);
		else if (c == '\n')
			add(o, "\\n");
		else if (isprint(c))
			add(o, "%c", c);
		else
			add(o, "\\%03d", c);
	}
	add(o, "\"");
}

static void add_constant(struct out *o, const struct lv_proto *p, uint32_t k)
{
	const struct lv_value *v = &p->k[k];
	char num[64];

	switch (v->tag) {
	case LV_NIL:   add(o, "nil"); break;
	case LV_FALSE: add(o, "false"); break;
	case LV_TRUE:  add(o, "true"); break;
	case LV_STR:   add_string(o, v->s); break;
	default:
		add(o, "%.*s", (int)lv_fmtnum(v, num), num);
	}
}

static const struct lv_locvar *local_at(const struct lv_proto *p, uint32_t slot, uint32_t pc)
{
	for (uint32_t i = 0; i < p->nloc; i++)
		if (p->loc[i].slot == slot && p->loc[i].from <= pc && pc < p->loc[i].to && p->loc[i].attrib != LV_ATTR_TEMP)
			return &p->loc[i];
	return NULL;
}

static void add_slot(struct out *o, const struct lv_proto *p, uint32_t slot, uint32_t pc)
{
	const struct lv_locvar *l = local_at(p, slot, pc);

	if (!l)
		add(o, "s%u", slot);
	else if (l->name)
		add(o, "l%u(%.60s)", slot, l->name->s);
	else
		add(o, "l%u", slot);
}

static void add_operand(struct out *o, const struct lv_proto *p, char kind, uint16_t x, uint32_t pc)
{
	if (kind == '_')
		return;
	add(o, " ");
	switch (kind) {
	case 'D': case 'S': case 'P': case 'L':
		add_slot(o, p, x, pc);
		break;
	case 'K':
		add_constant(o, p, x);
		break;
	case 'U':
		if (p->up[x].name)
			add(o, "u%u(%.60s)", x, p->up[x].name->s);
		else
			add(o, "u%u", x);
		break;
	case 'I':
		add(o, "%d", (int16_t)x);
		break;
	case 'J':
		add(o, "-> %d", (int)pc + 1 + (int16_t)x);
		break;
	default:
		if (x == LV_OPEN)
			add(o, "open");
		else
			add(o, "%u", x);
	}
}

static void add_wide(struct out *o, const struct lv_proto *p, char kind, int32_t w, uint32_t pc)
{
	add(o, " ");
	if (kind == 'J')
		add(o, "-> %d", (int)pc + 1 + w);
	else if (kind == 'K')
		add_constant(o, p, (uint32_t)w);
	else if (kind == 'P')
		add(o, "f%d", w);
	else
		add(o, "%d", w);
}

static void add_instruction(struct out *o, const struct lv_proto *p, uint32_t pc)
{
	const struct lv_ins *in = &p->code[pc];
	const struct lv_opinfo *info = &lv_opinfo[in->op];
	char name[16];
	size_t n = 0;

	for (const char *s = lv_opname[in->op]; *s && n + 1 < sizeof name; s++)
		name[n++] = (char)tolower((unsigned char)*s);
	name[n] = 0;
	add(o, "%6u", pc);
	if (p->line)
		add(o, " [%d]", p->line[pc]);
	add(o, " %-10s", name);
	if (in->op != LV_OP_CACHE) {
		add_operand(o, p, info->a, in->a, pc);
		if (info->b == 'w') {
			add_wide(o, p, info->w, in->w, pc);
		} else {
			add_operand(o, p, info->b, in->b, pc);
			add_operand(o, p, info->c, in->c, pc);
		}
		if (in->fb)
			add(o, "  fb=%02x", in->fb);
	}
	add(o, "\n");
}

static void add_function(struct out *o, const struct lv_proto *p, const char *name)
{
	char source[60], inner[128];

	if (p->source)
		lv_shortsrc(p->source, source);
	add(o, "function %s <%s", name, p->source ? source : "?");
	if (p->linedefined)
		add(o, ":%d", p->linedefined);
	add(o, "> params=%u%s slots=%u\n", p->nparams, p->isvararg ? " vararg" : "", p->framesize);
	for (unsigned i = 0; i < p->nups; i++)
		add(o, "  upvalue %u %.60s = %s %u%s\n", i, p->up[i].name ? p->up[i].name->s : "?", p->up[i].instack ? "local" : "upvalue",
			p->up[i].index, p->up[i].isconst ? " const" : "");
	for (uint32_t pc = 0; pc < p->ncode; pc++)
		add_instruction(o, p, pc);
	for (uint32_t i = 0; i < p->np; i++) {
		if (strcmp(name, "main") == 0)
			snprintf(inner, sizeof inner, "f%u", i);
		else
			snprintf(inner, sizeof inner, "%.100s.%u", name, i);
		add(o, "\n");
		add_function(o, p->p[i], inner);
	}
}

struct lv_str *lv_listing(struct lv_state *L, const struct lv_proto *p)
{
	struct out o = { .L = L };

	lv_sb_init(L, &o.sb);
	add_function(&o, p, "main");
	return lv_sb_done(L, &o.sb);
}
