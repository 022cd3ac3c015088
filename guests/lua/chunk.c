/* SPDX-License-Identifier: MIT
 * chunk.c - binary chunks: prototypes to bytes and back.
 *
 *	ESC "Lua"  0x54  'H'  version  25 147 \r \n 26 \n  hash of ops.def (4 bytes)   header, 17 bytes
 *	function                                                                   the main one
 *
 *	function:  nparams  isvararg  nups  framesize#  linedefined#  lastline#  source$
 *	           ncode#  words of 8 bytes, cleared of what the interpreter noted in them
 *	           nk#     tag, then nothing, 8 bytes or a string$
 *	           nups    times instack  index  isconst  name$
 *	           nloc#   times slot#  boxed  attrib  from#  to - from#  name$
 *	           haslines, then ncode times the distance to the line before, zigzag#
 *	           np#     functions
 *
 * # is a number of 7-bit groups, lowest first; $ is 0 for none, else length + 1 as # and the bytes. All little-endian.
 * A source that is the enclosing function's is left out. Reading trusts nothing: no count is believed beyond the bytes
 * that are left, and the result goes through the verifier.
 */
#include <stdio.h>
#include "front.h"

static const char signature[] = "\x1bLua\x54H\x01\x19\x93\r\n\x1a\n";
enum { NSIGNATURE = sizeof signature - 1, MAX_NEST = 200 };

/* Names and operands of all operations: a chunk of another bytecode is refused. */
static uint32_t op_hash(void)
{
	uint32_t h = 2166136261u;

	for (unsigned op = 0; op < LV_OP_COUNT; op++) {
		const struct lv_opinfo *i = &lv_opinfo[op];

		for (const char *s = lv_opname[op]; *s; s++)
			h = (h ^ (unsigned char)*s) * 16777619u;
		for (const char *s = (char[]){ i->a, i->b, i->c, i->w, i->fb, 0 }; *s; s++)
			h = (h ^ (unsigned char)*s) * 16777619u;
	}
	return h;
}

/* ---- writing ------------------------------------------------------------------------------------------ */

struct writer { struct lv_state *L; struct lv_sb sb; bool strip; };

static void put_byte(struct writer *w, unsigned b)
{
	lv_sb_char(w->L, &w->sb, (char)b);
}

static void put_number(struct writer *w, uint64_t n)
{
	for (; n >= 0x80; n >>= 7)
		put_byte(w, (unsigned)(n & 0x7f) | 0x80);
	put_byte(w, (unsigned)n);
}

static void put_fixed(struct writer *w, uint64_t n, int bytes)
{
	for (int i = 0; i < bytes; i++)
		put_byte(w, (unsigned)(n >> 8 * i) & 0xff);
}

static void put_string(struct writer *w, const struct lv_str *s)
{
	put_number(w, s ? s->len + 1 : 0);
	if (s)
		lv_sb_add(w->L, &w->sb, s->s, s->len);
}

static void put_code(struct writer *w, const struct lv_proto *p)
{
	put_number(w, p->ncode);
	for (uint32_t pc = 0; pc < p->ncode; pc++) {
		const struct lv_ins *in = &p->code[pc];
		bool cache = in->op == LV_OP_CACHE;

		put_byte(w, in->op);
		put_byte(w, 0);
		put_fixed(w, cache ? 0 : in->a, 2);
		put_fixed(w, cache ? 0 : in->b, 2);
		put_fixed(w, cache ? 0 : in->c, 2);
	}
}

static void put_constants(struct writer *w, const struct lv_proto *p)
{
	put_number(w, p->nk);
	for (uint32_t i = 0; i < p->nk; i++) {
		put_byte(w, p->k[i].tag);
		if (p->k[i].tag == LV_STR)
			put_string(w, p->k[i].s);
		else if (lv_isnum(&p->k[i]))
			put_fixed(w, p->k[i].bits, 8);
	}
}

static void put_names(struct writer *w, const struct lv_proto *p)
{
	for (unsigned i = 0; i < p->nups; i++) {
		put_byte(w, p->up[i].instack);
		put_byte(w, p->up[i].index);
		put_byte(w, p->up[i].isconst);
		put_string(w, w->strip ? NULL : p->up[i].name);
	}
	put_number(w, p->nloc);
	for (uint32_t i = 0; i < p->nloc; i++) {
		const struct lv_locvar *l = &p->loc[i];

		put_number(w, l->slot);
		put_byte(w, l->boxed);
		put_byte(w, l->attrib);
		put_number(w, l->from);
		put_number(w, l->to - l->from);
		put_string(w, w->strip ? NULL : l->name);
	}
}

static void put_lines(struct writer *w, const struct lv_proto *p)
{
	uint32_t line = (uint32_t)p->linedefined;
	bool has = p->line && !w->strip;

	put_byte(w, has);
	for (uint32_t pc = 0; has && pc < p->ncode; pc++) {
		int32_t d = (int32_t)((uint32_t)p->line[pc] - line);

		put_number(w, (uint32_t)d << 1 ^ (d < 0 ? UINT32_MAX : 0));
		line = (uint32_t)p->line[pc];
	}
}

static void put_function(struct writer *w, const struct lv_proto *p, const struct lv_str *outer)
{
	put_byte(w, p->nparams);
	put_byte(w, p->isvararg);
	put_byte(w, p->nups);
	put_number(w, p->framesize);
	put_number(w, (uint32_t)p->linedefined);
	put_number(w, (uint32_t)p->lastline);
	put_string(w, w->strip || p->source == outer ? NULL : p->source);
	put_code(w, p);
	put_constants(w, p);
	put_names(w, p);
	put_lines(w, p);
	put_number(w, p->np);
	for (uint32_t i = 0; i < p->np; i++)
		put_function(w, p->p[i], p->source);
}

struct lv_str *lv_dump(struct lv_state *L, const struct lv_proto *p, bool strip)
{
	struct writer w = { .L = L, .strip = strip };

	lv_sb_init(L, &w.sb);
	lv_sb_add(L, &w.sb, signature, NSIGNATURE);
	put_fixed(&w, op_hash(), 4);
	put_function(&w, p, NULL);
	return lv_sb_done(L, &w.sb);
}

/* ---- reading -------------------------------------------------------------------------------------------- */

struct reader { struct lv_state *L; const unsigned char *p, *end; const char *name; };

static _Noreturn void bad(struct reader *r, const char *why)
{
	struct lv_str *s = lv_strf(r->L, "%.100s: bad binary format (%s)", r->name, why);

	r->L->top = lv_frametop(r->L);
	lv_pushstr(r->L, s);
	lv_throw(r->L, LV_ERRSYNTAX);
}

static size_t left(const struct reader *r)
{
	return (size_t)(r->end - r->p);
}

static unsigned get_byte(struct reader *r)
{
	if (r->p == r->end)
		bad(r, "truncated chunk");
	return *r->p++;
}

static bool get_bool(struct reader *r)
{
	unsigned b = get_byte(r);

	if (b > 1)
		bad(r, "corrupted chunk");
	return b;
}

static uint64_t get_number(struct reader *r, uint64_t max)
{
	uint64_t n = 0;
	unsigned b, shift = 0;

	do {
		b = get_byte(r);
		if (shift > 56)
			bad(r, "number too large");
		n |= (uint64_t)(b & 0x7f) << shift;
		shift += 7;
	} while (b & 0x80);
	if (n > max)
		bad(r, "number too large");
	return n;
}

/* How many items follow, each of which takes `size` bytes at least. */
static uint32_t get_count(struct reader *r, size_t size)
{
	uint64_t n = get_number(r, INT32_MAX / 2);

	if (n > left(r) / size)
		bad(r, "truncated chunk");
	return (uint32_t)n;
}

static uint64_t get_fixed(struct reader *r, unsigned bytes)
{
	uint64_t n = 0;

	if (left(r) < bytes)
		bad(r, "truncated chunk");
	for (unsigned i = 0; i < bytes; i++)
		n |= (uint64_t)*r->p++ << 8 * i;
	return n;
}

static struct lv_str *get_string(struct reader *r)
{
	uint64_t n = get_number(r, INT64_MAX);
	struct lv_str *s;

	if (n == 0)
		return NULL;
	if (n - 1 > left(r))
		bad(r, "truncated chunk");
	s = lv_str(r->L, (const char *)r->p, n - 1);
	r->p += n - 1;
	return s;
}

static void *array(struct reader *r, size_t n, size_t item)
{
	return n ? memset(lv_vec(r->L, NULL, 0, n * item), 0, n * item) : NULL;
}

static void get_code(struct reader *r, struct lv_proto *p)
{
	uint32_t n = get_count(r, 8);

	p->code = array(r, n, sizeof *p->code);
	p->ncode = n;
	for (uint32_t pc = 0; pc < n; pc++) {
		struct lv_ins *in = &p->code[pc];

		in->op = (uint8_t)get_byte(r);
		if (get_byte(r) != 0)
			bad(r, "corrupted chunk");
		in->a = (uint16_t)get_fixed(r, 2);
		in->b = (uint16_t)get_fixed(r, 2);
		in->c = (uint16_t)get_fixed(r, 2);
		if (in->op == LV_OP_CACHE && (in->a | in->b | in->c))
			bad(r, "corrupted chunk");
	}
}

static void get_constants(struct reader *r, struct lv_proto *p)
{
	uint32_t n = get_count(r, 1);

	p->k = array(r, n, sizeof *p->k);
	p->nk = n;
	for (uint32_t i = 0; i < n; i++) {
		unsigned tag = get_byte(r);
		struct lv_str *s;

		switch (tag) {
		case LV_NIL: case LV_FALSE: case LV_TRUE:
			p->k[i].tag = tag;
			break;
		case LV_INT: case LV_FLT:
			p->k[i].bits = get_fixed(r, 8);
			p->k[i].tag = tag;
			break;
		case LV_STR:
			s = get_string(r);
			if (!s)
				bad(r, "corrupted chunk");
			lv_setstr(&p->k[i], s);
			break;
		default:
			bad(r, "corrupted chunk");
		}
	}
}

static void get_names(struct reader *r, struct lv_proto *p, unsigned nups)
{
	uint32_t n;

	p->up = array(r, nups, sizeof *p->up);
	p->nups = (uint8_t)nups;
	for (unsigned i = 0; i < nups; i++) {
		p->up[i].instack = get_bool(r);
		p->up[i].index = (uint8_t)get_byte(r);
		p->up[i].isconst = get_bool(r);
		p->up[i].name = get_string(r);
	}
	n = get_count(r, 6);
	p->loc = array(r, n, sizeof *p->loc);
	p->nloc = n;
	for (uint32_t i = 0; i < n; i++) {
		struct lv_locvar *l = &p->loc[i];

		l->slot = (uint16_t)get_number(r, UINT16_MAX);
		l->boxed = get_bool(r);
		l->attrib = (uint8_t)get_byte(r);
		l->from = (uint32_t)get_number(r, INT32_MAX);
		l->to = l->from + (uint32_t)get_number(r, INT32_MAX);
		l->name = get_string(r);
		if (!l->name)			/* stripped: as debug.getlocal calls what has no name */
			l->name = lv_strz(r->L, "(temporary)");
	}
}

static void get_lines(struct reader *r, struct lv_proto *p)
{
	uint32_t line = (uint32_t)p->linedefined;

	if (!get_bool(r))
		return;
	if (p->ncode > left(r))
		bad(r, "truncated chunk");
	p->line = array(r, p->ncode, sizeof *p->line);
	for (uint32_t pc = 0; pc < p->ncode; pc++) {
		uint32_t z = (uint32_t)get_number(r, UINT32_MAX);

		line += z >> 1 ^ (z & 1 ? UINT32_MAX : 0);
		p->line[pc] = (int32_t)line;
	}
}

static struct lv_proto *get_function(struct reader *r, struct lv_str *outer, int depth)
{
	struct lv_proto *p = lv_proto_new(r->L);
	unsigned nups;
	uint32_t n;

	if (depth > MAX_NEST)
		bad(r, "functions nest too deeply");
	p->nparams = (uint8_t)get_byte(r);
	p->isvararg = get_bool(r);
	nups = get_byte(r);
	p->framesize = (uint32_t)get_number(r, UINT16_MAX);
	p->linedefined = (int32_t)get_number(r, INT32_MAX);
	p->lastline = (int32_t)get_number(r, INT32_MAX);
	p->source = get_string(r);
	if (!p->source)
		p->source = outer;
	get_code(r, p);
	get_constants(r, p);
	get_names(r, p, nups);
	get_lines(r, p);
	n = get_count(r, 1);
	p->p = array(r, n, sizeof *p->p);
	p->np = n;
	for (uint32_t i = 0; i < n; i++)
		p->p[i] = get_function(r, p->source, depth + 1);
	return p;
}

/* A chunk that is cut off within the header is truncated; what differs from ours before that is something else. */
static void get_header(struct reader *r)
{
	size_t n = left(r) < NSIGNATURE ? left(r) : NSIGNATURE;

	if (memcmp(r->p, signature, n < 4 ? n : 4) != 0)
		bad(r, "not a binary chunk");
	if (memcmp(r->p, signature, n) != 0)
		bad(r, "not a chunk of this version");
	r->p += n;
	if (get_fixed(r, 4) != op_hash())
		bad(r, "not a chunk of this version");
}

struct lv_proto *lv_undump(struct lv_state *L, const char *s, size_t n, const char *chunkname)
{
	struct reader r = { L, (const unsigned char *)s, (const unsigned char *)s + n, chunkname };
	struct lv_proto *p;
	char why[160];

	if (*chunkname == '@' || *chunkname == '=')
		r.name++;
	else if (*chunkname == signature[0])
		r.name = "binary string";
	get_header(&r);
	p = get_function(&r, lv_strz(L, "=?"), 0);
	if (!lv_verify(L, p, why, sizeof why))
		bad(&r, why);
	return p;
}
