/* SPDX-License-Identifier: MIT
 * code.c - instructions, labels, constants and scopes of the function being generated, and the prototype made of them.
 *
 * Labels are numbers; all jumps are patched at the end, when chains of jumps are cut short too. A conditional jump of a
 * comparison reaches 32767 words: should one not reach, the whole function is generated once more with every
 * comparison hopping over a JMP. Behind an unconditional jump nothing is emitted until a label that is used (`dead`).
 */
#include "front.h"

enum { HASH_MIN = 16, FIRST_SIZE = 64, THREAD_MAX = 16 };

/* ---- growing arrays in the arena ------------------------------------------------------------------------ */

/* Makes room for one more item; returns the array. */
static void *grow(struct lv_lex *ls, void *old, uint32_t n, uint32_t *cap, size_t item)
{
	void *p;

	if (n < *cap)
		return old;
	*cap = *cap ? 2 * *cap : 16;
	p = lv_lex_alloc(ls, *cap * item);
	if (n)
		memcpy(p, old, n * item);
	return p;
}

/* ---- instructions ------------------------------------------------------------------------------------------ */

static uint32_t put(struct lv_func *fs, struct lv_ins in, int line)
{
	struct lv_gen *g = &fs->g;

	if (g->dead)
		return g->n;
	if (g->n == g->cap) {
		uint32_t cap = g->cap;

		g->line = grow(fs->ls, g->line, g->n, &cap, sizeof *g->line);
		g->code = grow(fs->ls, g->code, g->n, &g->cap, sizeof *g->code);
	}
	g->code[g->n] = in;
	g->line[g->n] = line;
	return g->n++;
}

uint32_t lv_code_emit(struct lv_func *fs, enum lv_op op, uint32_t a, uint32_t b, uint32_t c, int line)
{
	uint32_t pc = put(fs, (struct lv_ins){ .op = (uint8_t)op, .a = (uint16_t)a, .b = (uint16_t)b, .c = (uint16_t)c }, line);

	if (op == LV_OP_CALL)
		put(fs, (struct lv_ins){ .op = LV_OP_CACHE }, line);
	else if (op == LV_OP_RETURN || op == LV_OP_RETURN0 || op == LV_OP_RETURN1 || op == LV_OP_TAILCALL)
		fs->g.dead = true;
	return pc;
}

uint32_t lv_code_emitw(struct lv_func *fs, enum lv_op op, uint32_t a, int32_t w, int line)
{
	return put(fs, (struct lv_ins){ .op = (uint8_t)op, .a = (uint16_t)a, .w = w }, line);
}

uint32_t lv_code_push(struct lv_func *fs)
{
	struct lv_gen *g = &fs->g;
	uint32_t slot = g->top++;

	if (g->top - g->gaps > LV_FE_REGS)
		lv_lex_error(fs->ls, "function or expression needs too many registers", fs->ls->t.kind);
	if (g->top > g->maxtop)
		g->maxtop = g->top;
	return slot;
}

/* ---- labels and jumps ------------------------------------------------------------------------------------------ */

static void mark_edge(struct lv_gen *g)
{
	if (g->edge < g->n)
		g->edge = g->n;
}

uint32_t lv_code_label(struct lv_func *fs)
{
	struct lv_gen *g = &fs->g;

	g->label = grow(fs->ls, g->label, g->nlabel, &g->caplabel, sizeof *g->label);
	g->label[g->nlabel] = (struct lv_target){ LV_NOLABEL, false };
	return g->nlabel++;
}

void lv_code_bind(struct lv_func *fs, uint32_t label)
{
	struct lv_gen *g = &fs->g;
	struct lv_jump *last = g->njump ? &g->jump[g->njump - 1] : NULL;

	if (last && last->label == label && last->pc + 1 == g->n && g->edge < g->n && g->code[last->pc].op == LV_OP_JMP) {
		g->n--;				/* a jump to the next instruction */
		g->njump--;
		g->dead = false;
	}
	g->label[label].pc = g->n;
	mark_edge(g);
	if (g->label[label].used)
		g->dead = false;
}

uint32_t lv_code_header(struct lv_func *fs)
{
	uint32_t label = lv_code_label(fs);

	lv_code_bind(fs, label);
	return label;
}

static void add_jump(struct lv_func *fs, uint32_t pc, uint32_t label)
{
	struct lv_gen *g = &fs->g;

	if (g->dead)
		return;
	g->jump = grow(fs->ls, g->jump, g->njump, &g->capjump, sizeof *g->jump);
	g->jump[g->njump++] = (struct lv_jump){ pc, label };
	g->label[label].used = true;
}

void lv_code_jump(struct lv_func *fs, enum lv_op op, uint32_t a, uint32_t label, int line)
{
	add_jump(fs, lv_code_emitw(fs, op, a, 0, line), label);
	if (op == LV_OP_JMP || op == LV_OP_LOOP || op == LV_OP_TFORPREP)
		fs->g.dead = true;
}

_Static_assert(LV_OP_JNEQ == LV_OP_JEQ + 1 && LV_OP_JNGEK == LV_OP_JEQ + 15, "J and JN alternate");

static enum lv_op inverse(enum lv_op op)
{
	return (enum lv_op)(((op - LV_OP_JEQ) ^ 1) + LV_OP_JEQ);
}

static bool is_compare(unsigned op)
{
	return op >= LV_OP_JEQ && op <= LV_OP_JNGEK;
}

void lv_code_compare(struct lv_func *fs, enum lv_op op, uint32_t a, uint32_t b, uint32_t label, int line)
{
	if (fs->g.far) {
		bool dead = fs->g.dead;

		lv_code_emit(fs, inverse(op), a, b, 1, line);
		lv_code_jump(fs, LV_OP_JMP, 0, label, line);
		fs->g.dead = dead;
		mark_edge(&fs->g);
	} else {
		add_jump(fs, lv_code_emit(fs, op, a, b, 0, line), label);
	}
}

/* Where a jump to pc ends up. */
static uint32_t follow(const struct lv_gen *g, uint32_t pc, const uint32_t *target)
{
	for (int i = 0; i < THREAD_MAX && pc < g->n && g->code[pc].op == LV_OP_JMP && target[pc] > pc; i++)
		pc = target[pc];
	return pc;
}

/* Patches all jumps; false if a comparison does not reach. */
static bool patch(struct lv_func *fs)
{
	struct lv_gen *g = &fs->g;
	uint32_t *target = lv_lex_alloc(fs->ls, (g->n + 1) * sizeof *target);

	for (uint32_t i = 0; i < g->njump; i++)
		target[g->jump[i].pc] = g->label[g->jump[i].label].pc;
	for (uint32_t i = 0; i < g->njump; i++) {
		uint32_t pc = g->jump[i].pc, to = target[pc];
		struct lv_ins *in = &g->code[pc];
		int64_t w;

		if (in->op == LV_OP_JMP || in->op == LV_OP_JT || in->op == LV_OP_JF || is_compare(in->op))
			to = follow(g, to, target);
		if (in->op == LV_OP_JMP && to < g->n && g->code[to].op == LV_OP_LOOP && target[to] <= pc) {
			in->op = LV_OP_LOOP;
			to = target[to];
		}
		w = (int64_t)to - pc - 1;
		if (!is_compare(in->op))
			in->w = (int32_t)w;
		else if (w == (int16_t)w)
			in->c = (uint16_t)w;
		else
			return false;
	}
	return true;
}

/* ---- constants ------------------------------------------------------------------------------------------------------ */

static uint32_t hash_constant(const struct lv_value *k)
{
	uint64_t h = (k->bits ^ k->tag) * 0x9e3779b97f4a7c15u;

	return (uint32_t)(h >> 32);
}

static void rehash(struct lv_func *fs)
{
	struct lv_gen *g = &fs->g;

	g->nhash = g->nhash ? 2 * g->nhash : HASH_MIN;
	g->hash = lv_lex_alloc(fs->ls, g->nhash * sizeof *g->hash);
	for (uint32_t i = 0; i < g->nk; i++) {
		uint32_t h = hash_constant(&g->k[i]);

		while (g->hash[h & (g->nhash - 1)])
			h++;
		g->hash[h & (g->nhash - 1)] = i + 1;
	}
}

uint32_t lv_code_constant(struct lv_func *fs, const struct lv_value *k)
{
	struct lv_gen *g = &fs->g;
	uint32_t h = hash_constant(k), i;

	if (2 * g->nk >= g->nhash)
		rehash(fs);
	for (; (i = g->hash[h & (g->nhash - 1)]) != 0; h++)
		if (g->k[i - 1].tag == k->tag && g->k[i - 1].bits == k->bits)
			return i - 1;
	g->k = grow(fs->ls, g->k, g->nk, &g->capk, sizeof *g->k);
	g->k[g->nk] = (struct lv_value){ .bits = k->bits, .tag = k->tag };
	g->hash[h & (g->nhash - 1)] = g->nk + 1;
	return g->nk++;
}

uint32_t lv_code_child(struct lv_func *fs, struct lv_child *c)
{
	struct lv_gen *g = &fs->g;

	for (unsigned i = 0; i < c->p->nups; i++)
		if (c->var[i])
			c->p->up[i].index = (uint8_t)c->var[i]->box;
	g->child = grow(fs->ls, g->child, g->nchild, &g->capchild, sizeof *g->child);
	g->child[g->nchild] = c;
	return g->nchild++;
}

/* ---- scopes ------------------------------------------------------------------------------------------------------------ */

uint32_t lv_code_scope(struct lv_func *fs, struct lv_str *name, uint32_t slot, bool boxed, enum lv_attrib attrib)
{
	struct lv_gen *g = &fs->g;

	g->loc = grow(fs->ls, g->loc, g->nloc, &g->caploc, sizeof *g->loc);
	g->loc[g->nloc] = (struct lv_locvar){ name, (uint16_t)slot, boxed, (uint8_t)attrib, g->n, g->n };
	mark_edge(g);
	return g->nloc++;
}

void lv_code_unscope(struct lv_func *fs, uint32_t scope)
{
	fs->g.loc[scope].to = fs->g.n;
	mark_edge(&fs->g);
}

/* ---- the prototype -------------------------------------------------------------------------------------------------------- */

struct lv_proto *lv_proto_new(struct lv_state *L)
{
	struct lv_proto *p = lv_new(L, sizeof *p, LV_PROTO);

	if (L->nprotos == L->cap_protos) {
		uint32_t cap = L->cap_protos ? 2 * L->cap_protos : FIRST_SIZE;

		L->protos = lv_vec(L, L->protos, L->cap_protos * sizeof *L->protos, cap * sizeof *L->protos);
		L->cap_protos = cap;
	}
	p->id = L->nprotos;
	L->protos[L->nprotos++] = p;
	return p;
}

static void *copy(struct lv_state *L, const void *from, size_t n)
{
	void *p = n ? lv_vec(L, NULL, 0, n) : NULL;

	if (n)
		memcpy(p, from, n);
	return p;
}

/* Scopes that cover an instruction. */
static uint32_t keep_scopes(struct lv_gen *g)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->nloc; i++)
		if (g->loc[i].from < g->loc[i].to)
			g->loc[n++] = g->loc[i];
	return n;
}

static void fill_upvalues(struct lv_func *fs, struct lv_proto *p)
{
	if (fs->nup == 0)
		return;
	p->up = lv_vec(fs->ls->L, NULL, 0, fs->nup * sizeof *p->up);
	p->nups = (uint8_t)fs->nup;
	for (unsigned i = 0; i < fs->nup; i++) {
		const struct lv_upref *u = &fs->upref[i];

		p->up[i] = (struct lv_updesc){ u->name, u->instack, u->index, u->var && u->var->attrib != LV_ATTR_NONE };
	}
}

static struct lv_proto *build(struct lv_func *fs)
{
	struct lv_state *L = fs->ls->L;
	struct lv_gen *g = &fs->g;
	struct lv_proto *p = lv_proto_new(L);
	uint32_t nloc = keep_scopes(g);

	p->nparams = fs->nparams;
	p->isvararg = fs->vararg;
	p->framesize = g->maxtop + 1;
	p->source = fs->ls->source;
	p->linedefined = fs->line;
	p->lastline = fs->lastline;
	p->code = copy(L, g->code, g->n * sizeof *g->code);
	p->ncode = g->n;
	p->line = copy(L, g->line, g->n * sizeof *g->line);
	p->k = copy(L, g->k, g->nk * sizeof *g->k);
	p->nk = g->nk;
	p->loc = copy(L, g->loc, nloc * sizeof *g->loc);
	p->nloc = nloc;
	fill_upvalues(fs, p);
	if (g->nchild) {
		p->p = lv_vec(L, NULL, 0, g->nchild * sizeof *p->p);
		p->np = g->nchild;
		for (uint32_t i = 0; i < g->nchild; i++)
			p->p[i] = g->child[i]->p;
	}
	return p;
}

struct lv_proto *lv_fe_generate(struct lv_func *fs)
{
	lv_gen_body(fs);
	if (!patch(fs)) {
		fs->g = (struct lv_gen){ .far = true };
		lv_gen_body(fs);
		patch(fs);
	}
	return build(fs);
}
