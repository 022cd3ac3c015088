/* SPDX-License-Identifier: MIT
 * verify.c - proves that bytecode keeps the discipline of ops.def, before it may run.
 *
 * Three passes per function. Scopes: the table of locals must nest, which gives for every instruction the innermost
 * active local; the active ones are its chain of parents, so an edge of control is checked by comparing two chains.
 * Fields: every operand in its range, jumps to instructions only and backwards only by loop instructions. Flow: abstract
 * interpretation with a work list; a state is the depth of the stack, which entries are info slots (never readable) and
 * which are known to be tables (only SETLIST asks). States are kept at jump targets, where they must agree; what is
 * known of tables may only shrink there, so it ends. Linear but for that.
 *
 * What passes reads and writes only its frame, constants, upvalues and code, never sees a box as a value, marks a
 * to-be-closed variable once and closes it before its slot is used again.
 */
#include <stdio.h>
#include "front.h"

enum { MAX_FRAME = 1024, MAX_NEST = 220, WORDS = MAX_FRAME / 64 };

struct scope { uint32_t parent, count, init; bool tbc; };	/* tbc: it or one around it is to be closed; parent: index + 1, 0 none; count: locals active with it; init: pc of its NEWBOX or TBC, or NOBOX */
#define NOINIT UINT32_MAX

struct state { uint32_t top, open, closed; uint64_t gap[WORDS], table[WORDS]; };	/* open: first slot of a pending open list; closed: all from there up closed by the instruction before */
#define NONE UINT32_MAX

/* A kept state is 1 + 2 * words words: top, gaps, tables. They stand in one growing pool, which the collector does not
 * search but sees from the stack. */

struct verifier {
	struct lv_state *L;
	const struct lv_proto *p;
	struct scope *scope;
	uint32_t *local, *temp;		/* per instruction: innermost scope + 1 */
	uint32_t *at;			/* per instruction: 1 + number of the state when it is a jump target and was reached */
	uint64_t *pool; uint32_t npool, cappool;
	uint64_t *jumped;		/* bit per instruction: a jump goes there */
	uint32_t *work, nwork;
	uint64_t *queued;
	uint16_t *map;			/* depth per instruction, or NULL */
	uint32_t words;			/* of a set of slots */
	uint32_t pc;
	struct state s;
	char *why; size_t nwhy;
};

static bool bit(const uint64_t *set, uint32_t i) { return set[i / 64] >> i % 64 & 1; }
static void set_bit(uint64_t *set, uint32_t i) { set[i / 64] |= UINT64_C(1) << i % 64; }
static void clear_bit(uint64_t *set, uint32_t i) { set[i / 64] &= ~(UINT64_C(1) << i % 64); }

static bool fail(struct verifier *v, const char *msg)
{
	snprintf(v->why, v->nwhy, "bad bytecode: function at line %d, instruction %u (%s): %s", v->p->linedefined, v->pc,
		v->pc < v->p->ncode && v->p->code[v->pc].op < LV_OP_COUNT ? lv_opname[v->p->code[v->pc].op] : "?", msg);
	return false;
}

static void *cleared(struct verifier *v, size_t n)
{
	struct lv_buf *b = lv_newbuf(v->L, n + 16);

	return memset(b->data, 0, n + 16);
}

/* ---- scopes ------------------------------------------------------------------------------------------------ */

static uint32_t count_at(const struct verifier *v, uint32_t pc)
{
	return v->local[pc] ? v->scope[v->local[pc] - 1].count : 0;
}

/* The local in a slot, which is active at pc; index into loc. */
static uint32_t local_in(const struct verifier *v, uint32_t pc, uint32_t slot)
{
	uint32_t i = v->local[pc];

	while (v->scope[i - 1].count != slot + 1)
		i = v->scope[i - 1].parent;
	return i - 1;
}

static bool is_active(const struct verifier *v, uint32_t pc, uint32_t i)
{
	const struct lv_locvar *l = &v->p->loc[i];

	return l->from <= pc && pc < l->to;
}

/* Opens the scopes that begin at pc; *next is the first not yet seen, *inner the innermost of both kinds. */
static bool open_scopes(struct verifier *v, uint32_t pc, uint32_t *next, uint32_t inner[2])
{
	const struct lv_proto *p = v->p;

	for (; *next < p->nloc && p->loc[*next].from == pc; ++*next) {
		const struct lv_locvar *l = &p->loc[*next];
		bool temp = l->attrib == LV_ATTR_TEMP;
		uint32_t parent = inner[temp];

		if (l->to <= l->from || l->to > p->ncode || l->slot >= p->framesize || l->boxed > 1 || l->attrib >= LV_ATTR_COUNT)
			return fail(v, "bad entry in the table of locals");
		if (parent && p->loc[parent - 1].to < l->to)
			return fail(v, "scopes do not nest");
		v->scope[*next] = (struct scope){ .parent = parent, .init = NOINIT, .count = 1 };
		if (!temp && parent)
			v->scope[*next].count += v->scope[parent - 1].count;
		if (!temp && l->slot + 1u != v->scope[*next].count)
			return fail(v, "locals do not follow each other");
		inner[temp] = *next + 1;
	}
	return true;
}

static bool read_scopes(struct verifier *v)
{
	const struct lv_proto *p = v->p;
	uint32_t next = 0, inner[2] = { 0, 0 };

	for (uint32_t pc = 0; pc < p->ncode; pc++) {
		v->pc = pc;
		for (int k = 0; k < 2; k++)
			while (inner[k] && p->loc[inner[k] - 1].to <= pc)
				inner[k] = v->scope[inner[k] - 1].parent;
		if (!open_scopes(v, pc, &next, inner))
			return false;
		v->local[pc] = inner[0];
		v->temp[pc] = inner[1];
	}
	if (next != p->nloc)
		return fail(v, "table of locals is out of order");
	v->pc = 0;
	if (count_at(v, 0) != p->nparams)
		return fail(v, "parameters do not match the table of locals");
	return true;
}

/* A NEWBOX or TBC right behind the declaration of its local: notes where the local is ready. */
static bool read_init(struct verifier *v, uint32_t pc)
{
	const struct lv_proto *p = v->p;
	const struct lv_ins *in = &p->code[pc];
	uint32_t i, start;

	v->pc = pc;
	if (in->a >= count_at(v, pc))
		return fail(v, "no local");
	i = local_in(v, pc, in->a);
	start = p->loc[i].from == 0 && p->isvararg ? 1 : p->loc[i].from;
	for (uint32_t at = start; at < pc; at++)
		if (p->code[at].op != LV_OP_NEWBOX && p->code[at].op != LV_OP_TBC)
			return fail(v, "not where the local is declared");
	if (v->scope[i].init != NOINIT || p->loc[i].boxed != (in->op == LV_OP_NEWBOX) || (p->loc[i].attrib == LV_ATTR_CLOSE) != (in->op == LV_OP_TBC))
		return fail(v, "not that kind of local");
	v->scope[i].init = pc;
	return true;
}

/* ---- fields -------------------------------------------------------------------------------------------------- */

static bool is_loop(unsigned op)
{
	return op == LV_OP_LOOP || op == LV_OP_FORLOOP || op == LV_OP_TFORLOOP;
}

static bool check_jump(struct verifier *v, int64_t distance)
{
	int64_t to = (int64_t)v->pc + 1 + distance;

	if (to < 0 || to >= v->p->ncode || v->p->code[to].op == LV_OP_CACHE)
		return fail(v, "jump out of the code");
	if ((to <= v->pc) != is_loop(v->p->code[v->pc].op))
		return fail(v, "jump in the wrong direction");
	set_bit(v->jumped, (uint32_t)to);
	return true;
}

/* Constants: names are short strings, numbers where only numbers make sense. */
static bool check_constant(struct verifier *v, uint32_t k)
{
	unsigned op = v->p->code[v->pc].op;
	const struct lv_value *x;

	if (k >= v->p->nk)
		return fail(v, "no such constant");
	x = &v->p->k[k];
	if (x->tag > LV_STR || x->tag == LV_LIGHT)
		return fail(v, "constant of a wrong type");
	if (op == LV_OP_LOADK)
		return true;
	if (x->tag == LV_STR && x->s->flags & LV_STR_LONG)
		return fail(v, "long string as an operand");
	if (op == LV_OP_JEQK || op == LV_OP_JNEQK)
		return true;
	if (op < LV_OP_ADD)
		return x->tag == LV_STR || fail(v, "name is not a string");
	if (op >= LV_OP_BAND && op <= LV_OP_SHR_KR)
		return x->tag == LV_INT || fail(v, "constant is not an integer");
	return lv_isnum(x) || fail(v, "constant is not a number");
}

static bool check_field(struct verifier *v, char kind, uint16_t x)
{
	switch (kind) {
	case 'D': case 'S': case 'P': case 'L':
		return x < v->p->framesize || fail(v, "slot outside the frame");
	case 'K':
		return check_constant(v, x);
	case 'U':
		return x < v->p->nups || fail(v, "no such upvalue");
	case 'J':
		return check_jump(v, (int16_t)x);
	default:
		return true;
	}
}

static bool check_fields(struct verifier *v)
{
	const struct lv_proto *p = v->p;

	for (v->pc = 0; v->pc < p->ncode; v->pc++) {
		const struct lv_ins *in = &p->code[v->pc];
		const struct lv_opinfo *info;

		if (in->op >= LV_OP_COUNT)
			return fail(v, "no such operation");
		info = &lv_opinfo[in->op];
		if (!check_field(v, info->a, in->a))
			return false;
		if (info->w == 'J' ? !check_jump(v, in->w) : info->w == 'K' ? !check_constant(v, (uint32_t)in->w) :
				info->w == 'P' ? (uint32_t)in->w >= p->np && !fail(v, "no such function") :
				info->w == '-' && (!check_field(v, info->b, in->b) || !check_field(v, info->c, in->c)))
			return false;
		if ((in->op == LV_OP_CACHE) != (v->pc > 0 && p->code[v->pc - 1].op == LV_OP_CALL))
			return fail(v, "CALL and CACHE belong together");
		if (in->op == LV_OP_VARARGPREP && (v->pc != 0 || !p->isvararg || in->a != p->nparams))
			return fail(v, "VARARGPREP out of place");
	}
	v->pc = 0;
	if (p->isvararg && p->code[0].op != LV_OP_VARARGPREP)
		return fail(v, "VARARGPREP is missing");
	if (p->isvararg && bit(v->jumped, 0))
		return fail(v, "jump to VARARGPREP");
	return true;
}

/* ---- loops: their instructions belong together ------------------------------------------------------------------ */

static uint32_t jump_target(const struct lv_proto *p, uint32_t pc)
{
	return (uint32_t)((int64_t)pc + 1 + p->code[pc].w);
}

/* n hidden locals from a on, declared at pc, the last one to be closed or not. */
static bool check_hidden(struct verifier *v, uint32_t pc, uint32_t declared, uint32_t a, uint32_t n)
{
	const struct lv_proto *p = v->p;

	if (count_at(v, pc) != a + n)
		return fail(v, "loop without its hidden locals");
	for (uint32_t i = 0; i < n; i++) {
		const struct lv_locvar *l = &p->loc[local_in(v, pc, a + i)];

		if (l->from != declared || l->boxed || l->attrib != (i == 3 ? LV_ATTR_CLOSE : LV_ATTR_CONST))
			return fail(v, "loop with wrong hidden locals");
	}
	return true;
}

static bool check_for(struct verifier *v, uint32_t pc)
{
	const struct lv_proto *p = v->p;
	uint32_t other = jump_target(p, pc);
	const struct lv_ins *in = &p->code[pc];

	if (in->op == LV_OP_FORPREP)
		return check_hidden(v, pc, pc, in->a, 3) && ((other > 0 && p->code[other - 1].op == LV_OP_FORLOOP && p->code[other - 1].a == in->a &&
			jump_target(p, other - 1) == pc + 1) || fail(v, "FORPREP without FORLOOP"));
	return (other > 0 && p->code[other - 1].op == LV_OP_FORPREP && p->code[other - 1].a == in->a && jump_target(p, other - 1) == pc + 1 &&
		check_hidden(v, pc, other - 1, in->a, 3)) || fail(v, "FORLOOP without FORPREP");
}

static bool check_tfor(struct verifier *v, uint32_t pc)
{
	const struct lv_proto *p = v->p;
	const struct lv_ins *in = &p->code[pc], *loop;
	uint32_t other;

	switch (in->op) {
	case LV_OP_TFORPREP:
		other = jump_target(p, pc);
		loop = &p->code[other];
		v->scope[local_in(v, pc, in->a + 3u)].init = pc;
		return (loop->op == LV_OP_TFORCALL && loop->a == in->a && other + 1 < p->ncode && loop[1].op == LV_OP_TFORLOOP &&
			jump_target(p, other + 1) == pc + 1) || fail(v, "TFORPREP without TFORCALL");
	case LV_OP_TFORCALL:
		return (pc + 1 < p->ncode && in[1].op == LV_OP_TFORLOOP && in[1].a == in->a && in->c > 0 && !bit(v->jumped, pc + 1) &&
			in->a + 8u <= p->framesize && in->a + 4u + in->c <= p->framesize) || fail(v, "bad TFORCALL");
	default:
		other = jump_target(p, pc);
		return (pc > 0 && in[-1].op == LV_OP_TFORCALL && other > 0 && p->code[other - 1].op == LV_OP_TFORPREP && p->code[other - 1].a == in->a &&
			jump_target(p, other - 1) + 1 == pc && check_hidden(v, pc - 1, other - 1, in->a, 4) && v->local[pc] == v->local[pc - 1]) ||
			fail(v, "TFORLOOP without its loop");
	}
}

static bool check_declarations(struct verifier *v)
{
	const struct lv_proto *p = v->p;

	for (v->pc = 0; v->pc < p->ncode; v->pc++) {
		bool ok = true;

		switch (p->code[v->pc].op) {
		case LV_OP_NEWBOX: case LV_OP_TBC:
			ok = read_init(v, v->pc);
			break;
		case LV_OP_FORPREP: case LV_OP_FORLOOP:
			ok = check_for(v, v->pc);
			break;
		case LV_OP_TFORPREP:
			ok = check_hidden(v, v->pc, v->pc, p->code[v->pc].a, 4) && check_tfor(v, v->pc);
			break;
		case LV_OP_TFORCALL: case LV_OP_TFORLOOP:
			ok = check_tfor(v, v->pc);
			break;
		default:
			break;
		}
		if (!ok)
			return false;
	}
	for (uint32_t i = 0; i < p->nloc; i++) {	/* parents come first */
		bool outer = p->loc[i].attrib != LV_ATTR_TEMP && v->scope[i].parent && v->scope[v->scope[i].parent - 1].tbc;

		v->scope[i].tbc = outer || (p->loc[i].attrib == LV_ATTR_CLOSE && v->scope[i].init != NOINIT);
	}
	return true;
}

/* ---- operands ------------------------------------------------------------------------------------------------------ */

static bool is_temp(const struct verifier *v, uint32_t slot)
{
	for (uint32_t i = v->temp[v->pc]; i; i = v->scope[i - 1].parent)
		if (v->p->loc[i - 1].slot == slot)
			return true;
	return false;
}

/* No entry from `slot` up is held by a temporary. */
static bool no_temps(struct verifier *v, uint32_t slot)
{
	for (uint32_t i = v->temp[v->pc]; i; i = v->scope[i - 1].parent)
		if (v->p->loc[i - 1].slot >= slot)
			return fail(v, "takes a temporary");
	return true;
}

static bool readable(struct verifier *v, uint32_t slot)
{
	if (slot < count_at(v, v->pc))
		return !v->p->loc[local_in(v, v->pc, slot)].boxed || fail(v, "reads a box");
	if (slot >= v->s.top || bit(v->s.gap, slot))
		return fail(v, "reads an empty slot");
	return true;
}

static bool range_readable(struct verifier *v, uint32_t from, uint32_t to)
{
	for (; from < to; from++)
		if (!readable(v, from))
			return false;
	return true;
}

static bool on_stack(const struct verifier *v, uint32_t slot)
{
	return slot >= count_at(v, v->pc) && !is_temp(v, slot);
}

/* Reads slots; those of the operand stack, which must be its top ones, are popped. */
static bool use(struct verifier *v, const uint32_t *slot, unsigned n)
{
	uint32_t popped = 0, lowest = NONE;

	for (unsigned i = 0; i < n; i++) {
		if (!readable(v, slot[i]))
			return false;
		if (!on_stack(v, slot[i]))
			continue;
		for (unsigned j = 0; j < i; j++)
			if (slot[j] == slot[i])
				return fail(v, "pops an entry twice");
		popped++;
		lowest = slot[i] < lowest ? slot[i] : lowest;
	}
	if (popped && lowest + popped != v->s.top)
		return fail(v, "operand is not on top");
	v->s.top -= popped;
	return true;
}

static bool use1(struct verifier *v, uint32_t a)
{
	return use(v, (uint32_t[]){ a }, 1);
}

static bool use2(struct verifier *v, uint32_t a, uint32_t b)
{
	return use(v, (uint32_t[]){ a, b }, 2);
}

/* Pushes n values from `slot` on, which may leave one info slot below it. */
static bool push(struct verifier *v, uint32_t slot, uint32_t n)
{
	struct state *s = &v->s;

	if (slot != s->top && slot != s->top + 1)
		return fail(v, "does not push at the top");
	if (n > v->p->framesize || slot + n > v->p->framesize)
		return fail(v, "stack outside the frame");
	if (slot == s->top + 1)
		set_bit(s->gap, s->top);
	for (uint32_t i = 0; i < n; i++) {
		clear_bit(s->gap, slot + i);
		clear_bit(s->table, slot + i);
	}
	s->top = slot + n;
	return true;
}

static bool assignable(struct verifier *v, uint32_t slot)
{
	const struct lv_locvar *l = &v->p->loc[local_in(v, v->pc, slot)];

	return (!l->boxed && l->attrib == LV_ATTR_NONE) || fail(v, "assigns a box or a constant");
}

static bool define(struct verifier *v, uint32_t slot)
{
	if (slot < count_at(v, v->pc))
		return assignable(v, slot);
	if (slot < v->s.top && is_temp(v, slot)) {
		clear_bit(v->s.table, slot);
		return true;
	}
	return push(v, slot, 1);
}

static bool check_box(struct verifier *v, uint32_t slot)
{
	uint32_t i;

	if (slot >= count_at(v, v->pc))
		return fail(v, "no local");
	i = local_in(v, v->pc, slot);
	return (v->p->loc[i].boxed && v->scope[i].init < v->pc) || fail(v, "local is not boxed");
}

/* ---- instructions ---------------------------------------------------------------------------------------------------- */

/* Function at a, b arguments above the info slot, all on the stack and taken from it. */
static bool take_call(struct verifier *v, uint32_t a, uint32_t b)
{
	struct state *s = &v->s;
	uint32_t end = s->top;

	if (a < count_at(v, v->pc) || a + 2 > v->p->framesize || !no_temps(v, a) || !readable(v, a))
		return fail(v, "function is not on the stack");
	if (b == LV_OPEN) {
		if (s->open == NONE || s->open < a + 2)
			return fail(v, "no open list");
	} else if (s->open != NONE) {
		return fail(v, "open list is not used");
	} else if (b == 0) {
		end = s->top == a + 1 ? a + 2 : s->top;
		if (end != a + 2)
			return fail(v, "wrong number of arguments");
	} else if (s->top != a + 2 + b) {
		return fail(v, "wrong number of arguments");
	}
	if (!range_readable(v, a + 2, end))
		return false;
	s->top = a;
	s->open = NONE;
	return true;
}

static bool open_list(struct verifier *v, uint32_t slot)
{
	if (!push(v, slot, 0))
		return false;
	v->s.open = slot;
	return true;
}

static bool do_setlist(struct verifier *v, const struct lv_ins *in)
{
	struct state *s = &v->s;

	if (in->a >= s->top || in->a < count_at(v, v->pc) || !bit(s->table, in->a))
		return fail(v, "not a new table");
	if (in->b == LV_OPEN ? s->open == NONE || s->open <= in->a : s->open != NONE || s->top != in->a + 1u + in->b)
		return fail(v, "wrong number of items");
	if (!range_readable(v, in->a + 1u, s->top) || !no_temps(v, in->a + 1u))
		return false;
	s->top = in->a + 1u;
	s->open = NONE;
	return true;
}

static bool do_return(struct verifier *v, const struct lv_ins *in)
{
	struct state *s = &v->s;

	if (in->b == LV_OPEN) {
		if (s->open == NONE || in->a > s->open)
			return fail(v, "no open list");
		return range_readable(v, in->a, s->open);
	}
	if (s->open != NONE)
		return fail(v, "open list is not used");
	return in->a + in->b <= v->p->framesize ? range_readable(v, in->a, in->a + in->b) : fail(v, "slots outside the frame");
}

static bool do_loadnil(struct verifier *v, const struct lv_ins *in)
{
	uint32_t n = count_at(v, v->pc);

	if (in->b == 0)
		return fail(v, "loads nothing");
	if (in->a >= n)
		return in->b == 1 ? define(v, in->a) : push(v, in->a, in->b);
	if (in->a + in->b > n)
		return fail(v, "loads beyond the locals");
	for (uint32_t i = 0; i < in->b; i++)
		if (!assignable(v, in->a + i))
			return false;
	return true;
}

static bool do_closure(struct verifier *v, const struct lv_ins *in)
{
	const struct lv_proto *f = v->p->p[in->w];

	for (unsigned i = 0; i < f->nups; i++)
		if (f->up[i].instack ? !check_box(v, f->up[i].index) : f->up[i].index >= v->p->nups && !fail(v, "no such upvalue"))
			return false;
	return define(v, in->a);
}

static bool do_self(struct verifier *v, const struct lv_ins *in)
{
	if (!use1(v, in->b) || !push(v, in->a, 1))
		return false;
	return push(v, in->a + 2u, 1);
}

static bool no_closing(struct verifier *v)
{
	uint32_t i = v->local[v->pc];

	return !i || !v->scope[i - 1].tbc || fail(v, "leaves to-be-closed variables open");
}

/* Effect on the stack of what falls through (or jumps: edges are the caller's business). */
static bool execute(struct verifier *v)
{
	const struct lv_ins *in = &v->p->code[v->pc];
	uint32_t a = in->a, b = in->b, c = in->c;
	struct state *s = &v->s;

	switch ((enum lv_op)in->op) {
	case LV_OP_MOV: case LV_OP_GETFIELD: case LV_OP_GETINDEXI:
	case LV_OP_UNM: case LV_OP_BNOT: case LV_OP_NOT: case LV_OP_LEN:
		return use1(v, b) && define(v, a);
	case LV_OP_LOADK: case LV_OP_LOADI: case LV_OP_LOADFALSE: case LV_OP_LOADTRUE:
	case LV_OP_GETUP: case LV_OP_GETTABUP:
		return define(v, a);
	case LV_OP_LOADNIL:
		return do_loadnil(v, in);
	case LV_OP_POP:
		if (b > s->top || s->top - b < count_at(v, v->pc) || !no_temps(v, s->top - b))
			return fail(v, "pops too much");
		s->top -= b;
		return true;
	case LV_OP_SETUP: case LV_OP_SETTABUP: case LV_OP_JT: case LV_OP_JF:
	case LV_OP_JEQK: case LV_OP_JNEQK: case LV_OP_JLTK: case LV_OP_JNLTK: case LV_OP_JLEK: case LV_OP_JNLEK:
	case LV_OP_JGTK: case LV_OP_JNGTK: case LV_OP_JGEK: case LV_OP_JNGEK:
		return use1(v, a);
	case LV_OP_NEWBOX: case LV_OP_TBC:
	case LV_OP_JMP: case LV_OP_LOOP: case LV_OP_CACHE: case LV_OP_VARARGPREP:
		return true;			/* checked before */
	case LV_OP_GETBOX:
		return check_box(v, b) && define(v, a);
	case LV_OP_SETBOX:
		return check_box(v, a) && use1(v, b);
	case LV_OP_SETFIELD: case LV_OP_SETINDEXI:
	case LV_OP_JEQ: case LV_OP_JNEQ: case LV_OP_JLT: case LV_OP_JNLT: case LV_OP_JLE: case LV_OP_JNLE:
		return use2(v, a, b);
	case LV_OP_SETINDEX:
		return use(v, (uint32_t[]){ a, b, c }, 3);
	case LV_OP_SELF:
		return do_self(v, in);
	case LV_OP_NEWTABLE:
		if (!define(v, a))
			return false;
		if (a >= count_at(v, v->pc))
			set_bit(s->table, a);
		return true;
	case LV_OP_SETLIST:
		return do_setlist(v, in);
#define FORMS(NAME) case LV_OP_##NAME
#define RK(NAME) case LV_OP_##NAME##_RK
#define KR(NAME) case LV_OP_##NAME##_KR
	case LV_OP_GETINDEX:
	FORMS(ADD): FORMS(SUB): FORMS(MUL): FORMS(DIV): FORMS(MOD): FORMS(IDIV): FORMS(POW):
	FORMS(BAND): FORMS(BOR): FORMS(BXOR): FORMS(SHL): FORMS(SHR):
		return use2(v, b, c) && define(v, a);
	RK(ADD): RK(SUB): RK(MUL): RK(DIV): RK(MOD): RK(IDIV): RK(POW):
	RK(BAND): RK(BOR): RK(BXOR): RK(SHL): RK(SHR):
		return use1(v, b) && define(v, a);
	KR(ADD): KR(SUB): KR(MUL): KR(DIV): KR(MOD): KR(IDIV): KR(POW):
	KR(BAND): KR(BOR): KR(BXOR): KR(SHL): KR(SHR):
		return use1(v, c) && define(v, a);
#undef FORMS
#undef RK
#undef KR
	case LV_OP_CONCAT:
		if (c < 2 || b < count_at(v, v->pc) || b + c != s->top || !range_readable(v, b, b + c) || !no_temps(v, b))
			return fail(v, "operands are not on top");
		s->top = b;
		return define(v, a);
	case LV_OP_JTKEEP: case LV_OP_JFKEEP:
		return (a + 1 == s->top && on_stack(v, a) && readable(v, a)) || fail(v, "operand is not on top");
	case LV_OP_FORPREP: case LV_OP_FORLOOP:
		return (s->top == a + 3 && a + 4 <= v->p->framesize) || fail(v, "stack is not empty");
	case LV_OP_TFORPREP: case LV_OP_TFORCALL:
		return s->top == a + 4 || fail(v, "stack is not empty");
	case LV_OP_TFORLOOP:
		return true;
	case LV_OP_CALL:
		if (!take_call(v, a, b))
			return false;
		return c == LV_OPEN ? open_list(v, a) : push(v, a, c);
	case LV_OP_TAILCALL:
		return no_closing(v) && take_call(v, a, b);
	case LV_OP_RETURN:
		return do_return(v, in);
	case LV_OP_RETURN0:
		return no_closing(v);
	case LV_OP_RETURN1:
		return no_closing(v) && use1(v, a);
	case LV_OP_VARARG:
		if (!v->p->isvararg || b == 0)
			return fail(v, "no extra arguments here");
		return b == LV_OPEN ? open_list(v, a) : b == 1 ? define(v, a) : push(v, a, b);
	case LV_OP_CLOSURE:
		return do_closure(v, in);
	case LV_OP_CLOSE:
		if (a >= count_at(v, v->pc))
			return fail(v, "no local");
		s->closed = a;
		return true;
	case LV_OP_COUNT:
		break;
	}
	return fail(v, "no such operation");
}

/* ---- control flow ------------------------------------------------------------------------------------------------------ */

/* A jump to an instruction that makes a local ready must come from outside the scope of that local. */
static bool check_entry(struct verifier *v, uint32_t from, uint32_t to)
{
	const struct lv_ins *in = &v->p->code[to];
	uint32_t i;

	if (in->op != LV_OP_NEWBOX && in->op != LV_OP_TBC && in->op != LV_OP_FORPREP && in->op != LV_OP_TFORPREP)
		return true;
	i = local_in(v, to, in->a);
	return (v->p->loc[i].from == to && !is_active(v, from, i)) || fail(v, "jumps behind a declaration");
}

/* Locals that end and begin on the way from one instruction to the next. */
static bool change_scope(struct verifier *v, uint32_t from, uint32_t to, struct state *s)
{
	uint32_t i = v->local[from], j = v->local[to];
	uint32_t n = count_at(v, from), m = count_at(v, to);

	if (i == j)
		return true;
	while (j && v->p->loc[j - 1].from == to && !is_active(v, from, j - 1))
		j = v->scope[j - 1].parent;
	if (j != v->local[to]) {		/* the top of the stack becomes locals */
		if (i != j || s->top < m)
			return fail(v, "jumps into the scope of a local");
		for (uint32_t slot = n; slot < m; slot++)
			if (bit(s->gap, slot))
				return fail(v, "declares an empty slot");
		return true;
	}
	while (i && i != j) {
		bool tbc = v->p->loc[i - 1].attrib == LV_ATTR_CLOSE && v->scope[i - 1].init != NOINIT;

		if (tbc && s->closed > v->p->loc[i - 1].slot)
			return fail(v, "drops a to-be-closed variable");
		i = v->scope[i - 1].parent;
	}
	if (i != j || s->top != n)
		return fail(v, i != j ? "jumps into the scope of a local" : "leaves operands behind");
	s->top = m;
	return true;
}

/* Temporaries must stand on entries that exist. */
static bool check_temps(struct verifier *v, uint32_t pc, const struct state *s)
{
	uint32_t n = count_at(v, pc);

	for (uint32_t i = v->temp[pc]; i; i = v->scope[i - 1].parent) {
		uint32_t slot = v->p->loc[i - 1].slot;

		if (slot < n || slot >= s->top || bit(s->gap, slot))
			return fail(v, "temporary without a value");
	}
	return true;
}

/* Info slots on top, and sets above the top or of locals, say nothing: equal states look equal. */
static void tidy(struct state *s, uint32_t locals, uint32_t words)
{
	while (s->top > locals && bit(s->gap, s->top - 1))
		s->top--;
	for (uint32_t w = 0; w < words; w++) {
		uint64_t mask = 0;

		if (s->top >= 64 * (w + 1))
			mask = ~UINT64_C(0);
		else if (s->top > 64 * w)
			mask = (UINT64_C(1) << (s->top - 64 * w)) - 1;
		if (locals >= 64 * (w + 1))
			mask = 0;
		else if (locals > 64 * w)
			mask &= ~((UINT64_C(1) << (locals - 64 * w)) - 1);
		s->gap[w] &= mask;
		s->table[w] &= mask;
	}
}

static void enqueue(struct verifier *v, uint32_t pc)
{
	if (bit(v->queued, pc))
		return;
	set_bit(v->queued, pc);
	v->work[v->nwork++] = pc;
}

static uint64_t *kept(const struct verifier *v, uint32_t pc)
{
	return v->pool + (size_t)(v->at[pc] - 1) * (1 + 2 * v->words);
}

static uint64_t *keep(struct verifier *v, uint32_t pc)
{
	size_t size = (1 + 2 * v->words) * sizeof *v->pool;

	if (v->npool == v->cappool) {
		uint64_t *old = v->pool;

		v->cappool = v->cappool ? 2 * v->cappool : 16;
		v->pool = cleared(v, v->cappool * size);
		if (old)
			memcpy(v->pool, old, v->npool * size);
	}
	v->at[pc] = ++v->npool;
	return kept(v, pc);
}

/* Brings the state to a jump target. */
static bool merge(struct verifier *v, uint32_t to, const struct state *s)
{
	size_t set = v->words * sizeof *v->pool;
	bool changed = false;
	uint64_t *t;

	if (s->open != NONE)
		return fail(v, "open list across a jump");
	if (!v->at[to]) {
		t = keep(v, to);
		t[0] = s->top;
		memcpy(t + 1, s->gap, set);
		memcpy(t + 1 + v->words, s->table, set);
		enqueue(v, to);
		return true;
	}
	t = kept(v, to);
	if (t[0] != s->top || memcmp(t + 1, s->gap, set) != 0)
		return fail(v, "depth of the stack differs at a join");
	t += 1 + v->words;
	for (uint32_t w = 0; w < v->words; w++) {
		uint64_t both = t[w] & s->table[w];

		changed |= both != t[w];
		t[w] = both;
	}
	if (changed)
		enqueue(v, to);
	return true;
}

static bool edge(struct verifier *v, uint32_t to, struct state s)
{
	if (to >= v->p->ncode)
		return fail(v, "runs off the end");
	if (!change_scope(v, v->pc, to, &s))
		return false;
	tidy(&s, count_at(v, to), v->words);
	return merge(v, to, &s);
}

static bool jump(struct verifier *v, uint32_t to, struct state s)
{
	if (!check_entry(v, v->pc, to) || !edge(v, to, s))
		return false;
	if (is_loop(v->p->code[v->pc].op) && kept(v, to)[0] != count_at(v, to))
		return fail(v, "stack is not empty at a loop header");
	return true;
}

/* Where the instruction, executed with the state it left, may go by jumping; *falls whether it may also fall through. */
static bool branch(struct verifier *v, bool *falls)
{
	const struct lv_proto *p = v->p;
	const struct lv_ins *in = &p->code[v->pc];
	uint32_t to = lv_opinfo[in->op].w == 'J' ? jump_target(p, v->pc) : 0;
	struct state s = v->s;

	*falls = true;
	switch ((enum lv_op)in->op) {
	case LV_OP_RETURN: case LV_OP_RETURN0: case LV_OP_RETURN1: case LV_OP_TAILCALL:
		*falls = false;
		return true;
	case LV_OP_JMP: case LV_OP_LOOP: case LV_OP_TFORPREP:
		*falls = false;
		return jump(v, to, s);
	case LV_OP_JT: case LV_OP_JF:
		return jump(v, to, s);
	case LV_OP_JTKEEP: case LV_OP_JFKEEP:
		v->s.top--;
		return jump(v, to, s);
	case LV_OP_FORPREP:			/* with an empty body the visible copy is dropped at once */
		if (in->w != 1 && !push(v, in->a + 3u, 1))
			return false;
		return jump(v, to, s);
	case LV_OP_FORLOOP:
		s.top += to != v->pc;
		return jump(v, to, s);
	case LV_OP_TFORCALL:
		return push(v, in->a + 4u, in->c);
	case LV_OP_TFORLOOP:
		if (to == v->pc - 1)
			s.top = in->a + 4u;
		v->s.top = in->a + 4u;
		return jump(v, to, s);
	default:
		if (lv_opinfo[in->op].c == 'J')
			return jump(v, (uint32_t)((int64_t)v->pc + 1 + (int16_t)in->c), s);
		return true;
	}
}

/* From one instruction on, as long as control only falls through to what nobody jumps to. */
static bool run(struct verifier *v, uint32_t pc)
{
	const struct lv_proto *p = v->p;
	struct state *s = &v->s;
	uint32_t next;
	bool falls;

	for (;; pc = next) {
		unsigned op = p->code[pc].op;
		uint32_t closed = s->closed;

		v->pc = pc;
		if (v->map)
			v->map[pc] = (uint16_t)s->top;
		if (!check_temps(v, pc, s))
			return false;
		if (s->open != NONE && op != LV_OP_CALL && op != LV_OP_TAILCALL && op != LV_OP_RETURN && op != LV_OP_SETLIST)
			return fail(v, "open list is not used at once");
		s->closed = NONE;
		if (!execute(v))
			return false;
		if (op == LV_OP_JMP || op == LV_OP_LOOP)
			s->closed = closed;
		if (!branch(v, &falls))
			return false;
		if (!falls)
			return true;
		next = pc + (op == LV_OP_CALL ? 2 : 1);
		if (next >= p->ncode)
			return fail(v, "runs off the end");
		if (bit(v->jumped, next))
			return edge(v, next, *s);
		if (!change_scope(v, pc, next, s))
			return false;
		tidy(s, count_at(v, next), v->words);
	}
}

static bool flow(struct verifier *v)
{
	v->s = (struct state){ .top = v->p->nparams, .open = NONE, .closed = NONE };
	v->pc = 0;
	if (bit(v->jumped, 0)) {
		if (!merge(v, 0, &v->s))
			return false;
	} else if (!run(v, 0)) {
		return false;
	}
	while (v->nwork) {
		uint32_t pc = v->work[--v->nwork];
		const uint64_t *t = kept(v, pc);

		clear_bit(v->queued, pc);
		v->s = (struct state){ .top = (uint32_t)t[0], .open = NONE, .closed = NONE };
		memcpy(v->s.gap, t + 1, v->words * sizeof *t);
		memcpy(v->s.table, t + 1 + v->words, v->words * sizeof *t);
		if (!run(v, pc))
			return false;
	}
	return true;
}

/* ---- functions ------------------------------------------------------------------------------------------------------------ */

static bool verify_function(struct lv_state *L, const struct lv_proto *p, uint16_t *map, char *why, size_t n)
{
	struct verifier v = { .L = L, .p = p, .map = map, .why = why, .nwhy = n };

	if (p->ncode == 0 || p->ncode > INT32_MAX / 2)
		return fail(&v, "no code");
	if (p->framesize > MAX_FRAME || p->framesize < p->nparams + 1u)
		return fail(&v, "bad size of the frame");
	v.words = (p->framesize + 63) / 64;
	v.scope = cleared(&v, p->nloc * sizeof *v.scope);
	v.local = cleared(&v, p->ncode * sizeof *v.local);
	v.temp = cleared(&v, p->ncode * sizeof *v.temp);
	v.jumped = cleared(&v, p->ncode / 64 * 8 + 8);
	v.queued = cleared(&v, p->ncode / 64 * 8 + 8);
	v.work = cleared(&v, p->ncode * sizeof *v.work);
	v.at = cleared(&v, p->ncode * sizeof *v.at);
	return read_scopes(&v) && check_fields(&v) && check_declarations(&v) && flow(&v);
}

bool lv_stackmap(struct lv_state *L, const struct lv_proto *p, uint16_t *top, char *why, size_t n)
{
	memset(top, 0xff, p->ncode * sizeof *top);
	return verify_function(L, p, top, why, n);
}

static bool verify_nested(struct lv_state *L, const struct lv_proto *p, int depth, char *why, size_t n)
{
	if (depth > MAX_NEST) {
		snprintf(why, n, "bad bytecode: functions nest too deeply");
		return false;
	}
	if (!verify_function(L, p, NULL, why, n))
		return false;
	for (uint32_t i = 0; i < p->np; i++)
		if (!verify_nested(L, p->p[i], depth + 1, why, n))
			return false;
	return true;
}

bool lv_verify(struct lv_state *L, const struct lv_proto *p, char *why, size_t n)
{
	return verify_nested(L, p, 0, why, n);
}
