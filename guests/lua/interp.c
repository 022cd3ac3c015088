/* SPDX-License-Identifier: MIT
 * interp.c - runs bytecode: computed goto over struct lv_ins, with feedback, counters and inline fast paths.
 *
 * Registers of the machine are C locals: base (frame), pc (next instruction), k (constants), p (prototype); L->base and
 * L->pc are stored (SAVE) before anything that may throw, call, collect or look at the stack. A call of a Lua function
 * pushes a frame and goes on in the same C activation; only C functions, native code and metamethods leave it.
 *
 * What is not here: slow cases. They are in meta.c and state.c, take the instruction and decode it again, so that every
 * case below stays a few lines and the hot code small. Feedback bits are ORed in by whoever sees the case first.
 */
#include <math.h>
#include "heap.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* ---- small pieces ------------------------------------------------------------------------------------ */

static inline void feed(const struct lv_ins *i, unsigned bit)
{
	if (UNLIKELY(!(i->fb & bit)))
		((struct lv_ins *)i)->fb |= (uint8_t)bit;
}

static inline bool both(const struct lv_value *x, const struct lv_value *y, enum lv_tag tag)
{
	return x->tag == tag && y->tag == tag;
}

/* Field s of table t by the instruction's hint, the node that held it last time; NULL: not there. */
static inline struct lv_value *hinted(const struct lv_table *t, const struct lv_str *s, const struct lv_ins *i)
{
	uint32_t h = i->fb - 1u;

	if (LIKELY(h <= t->hmask)) {
		struct lv_node *n = &t->node[h];

		if (LIKELY(n->key.s == s && n->key.tag == LV_STR))
			return &n->val;
	}
	return NULL;
}

static inline struct lv_node *find_node(const struct lv_table *t, const struct lv_str *s)
{
	struct lv_node *n = &t->node[s->hash & t->hmask];

	if (UNLIKELY(s->flags & LV_STR_LONG))
		return lv_findstr(t, s);
	while (!(n->key.s == s && n->key.tag == LV_STR)) {
		if (n->key.aux == 0)
			return NULL;
		n = &t->node[n->key.aux - 1];
	}
	return n;
}

static struct lv_value *__attribute__((noinline)) find_own(const struct lv_table *t, const struct lv_str *s, const struct lv_ins *i)
{
	struct lv_node *n = find_node(t, s);
	size_t h = n ? (size_t)(n - t->node) : 254;

	((struct lv_ins *)i)->fb = h < 254 ? (uint8_t)(h + 1) : n || t->hmask >= 254 ? 0 : 255;
	return n ? &n->val : NULL;
}

/* The value of field s of o without running anything: its own, or one in a chain of __index tables. NULL: ask lv_op_getfield. */
static const struct lv_value *__attribute__((noinline)) find_field(struct lv_state *L, const struct lv_value *o,
	const struct lv_str *s, const struct lv_ins *i)
{
	static const struct lv_value nil;
	const struct lv_table *t;
	const struct lv_node *n;

	if (o->tag == LV_TABLE) {
		const struct lv_value *v = find_own(o->t, s, i);

		if (v && v->tag != LV_NIL)
			return v;
		t = o->t->meta;
		if (!t)
			return &nil;
	} else {
		if (o->tag != LV_STR)
			return NULL;
		t = L->meta[LV_STR];
		if (!t)
			return NULL;
	}
	for (int depth = 0; depth < 8; depth++) {
		if (t->absent & 1 << LV_EV_INDEX)
			return o->tag == LV_TABLE ? &nil : NULL;
		n = find_node(t, L->event[LV_EV_INDEX]);
		if (!n || n->val.tag != LV_TABLE)
			return NULL;
		t = n->val.t;
		n = find_node(t, s);
		if (n && n->val.tag != LV_NIL)
			return &n->val;
		t = t->meta;
		if (!t)
			return &nil;
	}
	return NULL;
}

/* Stores into a field that is there. False: slow path; also for one that was set to nil, since `absent` may know of that. */
static inline bool store_field(const struct lv_value *o, const struct lv_str *s, const struct lv_value *v, const struct lv_ins *i)
{
	struct lv_value *at;

	if (UNLIKELY(o->tag != LV_TABLE))
		return false;
	at = hinted(o->t, s, i);
	if (UNLIKELY(!at))
		at = find_own(o->t, s, i);
	if (UNLIKELY(!at || at->tag == LV_NIL))
		return false;
	lv_copy(at, v);
	return true;
}

/* Array items. True: done. */
static inline bool load_item(struct lv_value *d, const struct lv_table *t, int64_t key, const struct lv_ins *i)
{
	uint64_t at = (uint64_t)key - 1;

	if (UNLIKELY(at >= t->asize))
		return false;
	if (t->kind == LV_ARR_ANY) {
		const struct lv_value *v = (const struct lv_value *)t->arr + at;

		if (UNLIKELY(v->tag == LV_NIL && t->meta))
			return false;
		feed(i, LV_FB_ARR_ANY);
		lv_copy(d, v);
	} else if (t->kind == LV_ARR_INT) {
		feed(i, LV_FB_ARR_INT);
		lv_setint(d, ((const int64_t *)t->arr)[at]);
	} else {
		feed(i, LV_FB_ARR_FLT);
		lv_setflt(d, ((const double *)t->arr)[at]);
	}
	return true;
}

static inline bool store_item(struct lv_table *t, int64_t key, const struct lv_value *v, const struct lv_ins *i)
{
	uint64_t at = (uint64_t)key - 1;

	if (UNLIKELY(at >= t->asize)) {
		if (at != t->asize || at >= t->acap || (t->meta && !(t->meta->absent & 1 << LV_EV_NEWINDEX)) || v->tag == LV_NIL)
			return false;
		if (t->kind == LV_ARR_ANY) {
			lv_copy((struct lv_value *)t->arr + at, v);
		} else if (v->tag == (t->kind == LV_ARR_INT ? LV_INT : LV_FLT)) {
			((int64_t *)t->arr)[at] = v->i;
		} else {
			return false;
		}
		feed(i, LV_FB_APPEND);
		t->asize++;
		return true;
	}
	if (t->kind == LV_ARR_ANY) {
		struct lv_value *d = (struct lv_value *)t->arr + at;

		if (UNLIKELY(v->tag == LV_NIL || (d->tag == LV_NIL && t->meta)))
			return false;
		feed(i, LV_FB_ARR_ANY);
		lv_copy(d, v);
	} else if (t->kind == LV_ARR_INT) {
		if (UNLIKELY(v->tag != LV_INT))
			return false;
		feed(i, LV_FB_ARR_INT);
		((int64_t *)t->arr)[at] = v->i;
	} else {
		if (UNLIKELY(v->tag != LV_FLT))
			return false;
		feed(i, LV_FB_ARR_FLT);
		((double *)t->arr)[at] = v->n;
	}
	return true;
}

static inline bool numbers(const struct lv_value *x, const struct lv_value *y) { return lv_isnum(x) && lv_isnum(y); }
static inline double as_flt(const struct lv_value *v) { return v->tag == LV_INT ? (double)v->i : v->n; }

/* Can v take part in a comparison with a float as a float, exactly? */
static inline bool exact_flt(const struct lv_value *v)
{
	return v->tag == LV_FLT || (v->tag == LV_INT && v->bits + (UINT64_C(1) << 53) <= UINT64_C(1) << 54);
}

static inline int64_t mod_int(int64_t x, int64_t y)	/* y > 0 */
{
	int64_t r = x % y;

	return r < 0 ? r + y : r;
}

static inline int64_t div_int(int64_t x, int64_t y)	/* y > 0 */
{
	int64_t q = x / y;

	return q * y > x ? q - 1 : q;
}

static inline int64_t shift_left(int64_t x, int64_t n) { return (uint64_t)n < 64 ? (int64_t)((uint64_t)x << n) : lv_shl(x, n); }
static inline int64_t shift_right(int64_t x, int64_t n)
{
	if ((uint64_t)n < 64)
		return (int64_t)((uint64_t)x >> n);
	return lv_shl(x, n == INT64_MIN ? INT64_MAX : -n);
}
static inline double pow_flt(double x, double y) { return y == 2 ? x * x : pow(x, y); }

/* Raw equality where that is the whole truth: 1, 0, or -1 when a helper has to look (strings beside each other, metamethods). */
static inline int quick_equal(const struct lv_value *x, const struct lv_value *y)
{
	if (x->tag != y->tag)
		return lv_isnum(x) && lv_isnum(y) ? -1 : 0;
	if (x->tag == LV_FLT)
		return x->n == y->n;
	if (x->bits == y->bits)
		return 1;
	return x->tag == LV_STR ? (x->s->flags & y->s->flags & LV_STR_LONG ? -1 : 0) :
		x->tag == LV_TABLE || x->tag == LV_USERDATA ? -1 : 0;
}

static inline void feed_equal(const struct lv_ins *i, const struct lv_value *x, const struct lv_value *y)
{
	unsigned bit = LV_FB_OTHER;

	if (x->tag == y->tag)
		bit = x->tag == LV_INT ? LV_FB_II : x->tag == LV_FLT ? LV_FB_FF : x->tag == LV_STR ? LV_FB_STR : LV_FB_OTHER;
	feed(i, bit);
}

/* One step of `next` with the control variable's aux remembering 1 + the node it came from. False: the end. */
static inline bool step_next(struct lv_state *L, struct lv_value *r)
{
	const struct lv_table *t = r[1].t;
	const struct lv_value *c = &r[2];
	uint64_t at;
	uint32_t n = 0;

	if (c->tag == LV_NIL || (c->tag == LV_INT && (uint64_t)c->i - 1 < t->asize)) {
		for (at = c->tag == LV_NIL ? 0 : (uint64_t)c->i; at < t->asize; at++) {
			lv_arr_get(t, (int64_t)at + 1, &r[5]);
			if (r[5].tag != LV_NIL) {
				lv_setint(&r[4], (int64_t)at + 1);
				return true;
			}
		}
	} else {
		n = c->aux;
		if (UNLIKELY(n - 1 > t->hmask || t->node[n - 1].key.tag != c->tag || t->node[n - 1].key.bits != c->bits)) {
			struct lv_value pair[2] = { *c };
			bool more = lv_next(L, t, pair);

			lv_copy(&r[4], &pair[0]);
			lv_copy(&r[5], &pair[1]);
			r[4].aux = 0;
			return more;
		}
	}
	for (; n <= t->hmask; n++) {
		const struct lv_node *d = &t->node[n];

		if (d->val.tag != LV_NIL) {
			lv_copy(&r[4], &d->key);
			r[4].aux = n + 1;
			lv_copy(&r[5], &d->val);
			return true;
		}
	}
	return false;
}

static inline bool step_ipairs(const struct lv_value *r, struct lv_value *key, struct lv_value *v)
{
	int64_t i = (int64_t)((uint64_t)r[2].i + 1);

	if (r[2].tag != LV_INT || r[1].tag != LV_TABLE || !lv_arr_get(r[1].t, i, v) || (v->tag == LV_NIL && r[1].t->meta))
		return false;
	if (v->tag == LV_NIL)
		lv_setnil(key);
	else
		lv_setint(key, i);
	return true;
}

/* The iterators that run inline. True: R(a+4), ... are set. */
bool lv_tforcall_inline(struct lv_state *L, const struct lv_ins *i, struct lv_value *r)
{
	struct lv_value key, v;

	if (r[0].tag != LV_CFUNC)
		return false;
	if (r[0].c->builtin == LV_B_NEXT && r[1].tag == LV_TABLE) {
		feed(i, LV_FB_T_NEXT);
		if (!step_next(L, r)) {
			lv_setnil(&r[4]);
			lv_setnil(&r[5]);
		}
	} else if (r[0].c->builtin == LV_B_IPAIRS_STEP && step_ipairs(r, &key, &v)) {
		feed(i, LV_FB_T_OTHER);
		lv_copy(&r[4], &key);
		lv_copy(&r[5], &v);
	} else {
		return false;
	}
	for (unsigned n = 2; n < i->c; n++)
		lv_setnil(&r[4 + n]);
	return true;
}

/* One more turn of a numeric loop. False: it ends. */
static inline bool step_int(struct lv_value *r)
{
	int64_t x = (int64_t)(r[0].bits + r[2].bits);

	if (r[1].i == 0)
		return false;
	r[1].i--;
	r[0].i = x;
	lv_setint(&r[3], x);
	return true;
}

static inline bool step_flt(struct lv_value *r)
{
	double x = r[0].n + r[2].n;

	if (r[2].n > 0 ? !(x <= r[1].n) : !(r[1].n <= x))
		return false;
	r[0].n = x;
	lv_setflt(&r[3], x);
	return true;
}

bool lv_load_item(struct lv_value *d, const struct lv_table *t, int64_t key, const struct lv_ins *i) { return load_item(d, t, key, i); }
bool lv_store_item(struct lv_table *t, int64_t key, const struct lv_value *v, const struct lv_ins *i) { return store_item(t, key, v, i); }
bool lv_forstep(struct lv_value *r) { return r->tag == LV_INT ? step_int(r) : step_flt(r); }

void lv_rt_field(struct lv_state *L, const struct lv_ins *i, const struct lv_value *o, struct lv_value *out)
{
	const struct lv_value *v = find_field(L, o, L->base[-2].f->p->k[i->c].s, i);

	if (v)
		lv_copy(out, v);
	else
		lv_op_getfield(L, i, o);
}

static void __attribute__((noinline, cold)) note_callee(const struct lv_ins *cache, const struct lv_value *f)
{
	struct lv_call_cache *c = (struct lv_call_cache *)cache;

	if (c->kind != LV_CALLEE_NONE) {
		c->kind = LV_CALLEE_MANY;
	} else if (f->tag == LV_FUNC) {
		c->kind = LV_CALLEE_PROTO;
		c->proto = f->f->p->id;
	} else {
		c->kind = LV_CALLEE_C;
		c->builtin = f->c->builtin;
	}
}

static inline void feed_lua_call(const struct lv_ins *cache, const struct lv_value *f)
{
	const struct lv_call_cache *c = (const struct lv_call_cache *)cache;

	if (UNLIKELY(c->proto != f->f->p->id || c->kind != LV_CALLEE_PROTO) && c->kind != LV_CALLEE_MANY)
		note_callee(cache, f);
}

static inline void feed_c_call(const struct lv_ins *cache, const struct lv_value *f)
{
	const struct lv_call_cache *c = (const struct lv_call_cache *)cache;

	if (UNLIKELY(c->builtin != f->c->builtin || c->kind != LV_CALLEE_C) && c->kind != LV_CALLEE_MANY)
		note_callee(cache, f);
}

static inline bool count_down(int32_t *n)
{
#ifdef LV_NO_COUNTERS
	(void)n;
	return false;
#else
	int32_t left = *n - 1;

	*n = left;
	return left < 0;
#endif
}

/* Leaves a C function's or native code's results where the caller wants them. */
static inline void finish_call(struct lv_state *L, struct lv_value *f, const struct lv_value *src, uint32_t n, uint32_t want)
{
	if (LIKELY(n == 1 && want == 1))
		lv_copy(f, src);
	else if (want != 0)
		lv_adjust(L, f, src, n, want);
}

static inline void call_c(struct lv_state *L, struct lv_value *from, struct lv_value *f, uint32_t n, uint32_t want,
	const struct lv_ins *ret)
{
	struct lv_value *base = f + 2;
	int r;

	*lv_frame(base) = (struct lv_frame){ ret, (uint32_t)(base - from), (uint16_t)want, LV_FR_C };
	L->top = base + n;
	if (UNLIKELY(L->top + LV_MINSTACK > L->stack_last))
		lv_stackoverflow(L);
	L->base = base;
	r = f->c->fn(L, base, (int)n);
	finish_call(L, f, L->top - r, (uint32_t)r, want);
}

/* Moves function and arguments of a tail call down over the frame at base and keeps that frame's place in the chain. */
static struct lv_value *__attribute__((noinline)) move_down(struct lv_value *base, const struct lv_value *f, uint32_t n)
{
	struct lv_frame fr = *lv_frame(base);
	struct lv_value *to = lv_results(base);

	fr.delta -= (uint32_t)(base - (to + 2));
	fr.flags = (uint16_t)((fr.flags & ~LV_FR_VARARG) | LV_FR_TAIL);
	lv_copy(&to[0], &f[0]);
	for (uint32_t i = 0; i < n; i++)
		lv_copy(&to[2 + i], &f[2 + i]);
	*lv_frame(to + 2) = fr;
	return to + 2;
}

/* Native code came back from the frame at base: its results go where the frame wants them. */
static uint32_t __attribute__((noinline)) native_results(struct lv_state *L, struct lv_value *dst, struct lv_native r, uint32_t want)
{
	uint32_t n = (uint32_t)(r.word >> 8);

	if (n > 0) {
		dst->i = r.bits;
		dst->tag = r.word & 0xff;
	}
	lv_adjust(L, dst, dst, n, want);
	return want == LV_OPEN ? n : want;
}

static void __attribute__((noinline)) check_native(struct lv_state *L)
{
	if ((char *)__builtin_frame_address(0) < (char *)L->native_limit)
		lv_cstackoverflow(L);
}

void lv_interrupt(struct lv_state *L)
{
	struct lv_value *top = L->top;

	if (L->interrupt & LV_INT_FINALISE) {
		L->top = lv_frametop(L);
		lv_gc_finalise(L);
		L->top = top;
	}
	if (L->interrupt & LV_INT_SIGNAL) {
		__atomic_and_fetch(&L->interrupt, ~LV_INT_SIGNAL, __ATOMIC_RELAXED);
		lv_errorat(L, 0, "interrupted!");
	}
}

/* ---- the loop ------------------------------------------------------------------------------------------- */

#define I (pc - 1)
#define RA (&base[I->a])
#define RB (&base[I->b])
#define RC (&base[I->c])
#define KB (&k[I->b])
#define KC (&k[I->c])
#define SAVE() (L->base = base, L->pc = pc)
#define NEXT goto *go[(pc++)->op]
#define CASE(name) op_##name:
#define RELOAD() (p = base[-2].f->p, k = p->k)

/* The three forms of a binary operation. */
#define FORMS(NAME, BODY) \
	CASE(NAME) { BODY(RB, RC) } \
	CASE(NAME##_RK) { BODY(RB, KC) } \
	CASE(NAME##_KR) { BODY(KB, RC) }
#define ARITHMETIC(xx, yy, INTEXPR, FLTEXPR) \
	const struct lv_value *x = xx, *y = yy; \
	if (both(x, y, LV_INT)) { uint64_t u = x->bits, v = y->bits; feed(I, LV_FB_II); lv_setint(RA, (int64_t)(INTEXPR)); NEXT; } \
	if (LIKELY(both(x, y, LV_FLT))) { double u = x->n, v = y->n; feed(I, LV_FB_FF); lv_setflt(RA, FLTEXPR); NEXT; } \
	if (numbers(x, y)) { double u = as_flt(x), v = as_flt(y); feed(I, LV_FB_MIX); lv_setflt(RA, FLTEXPR); NEXT; } \
	goto slow_arith;
#define ADD(x, y) ARITHMETIC(x, y, u + v, u + v)
#define SUB(x, y) ARITHMETIC(x, y, u - v, u - v)
#define MUL(x, y) ARITHMETIC(x, y, u * v, u * v)
#define FLOAT_ARITH(xx, yy, EXPR) \
	const struct lv_value *x = xx, *y = yy; \
	if (LIKELY(both(x, y, LV_FLT))) { double u = x->n, v = y->n; feed(I, LV_FB_FF); lv_setflt(RA, EXPR); NEXT; } \
	if (numbers(x, y)) { double u = as_flt(x), v = as_flt(y); feed(I, x->tag == y->tag ? LV_FB_II : LV_FB_MIX); lv_setflt(RA, EXPR); NEXT; } \
	goto slow_arith;
#define DIV(x, y) FLOAT_ARITH(x, y, u / v)
#define POW(x, y) FLOAT_ARITH(x, y, pow_flt(u, v))
#define INTDIV(xx, yy, FN, FLTEXPR) \
	const struct lv_value *x = xx, *y = yy; \
	if (LIKELY(both(x, y, LV_INT) && y->i > 0)) { feed(I, LV_FB_II); lv_setint(RA, FN(x->i, y->i)); NEXT; } \
	if (both(x, y, LV_FLT)) { feed(I, LV_FB_FF); lv_setflt(RA, FLTEXPR); NEXT; } \
	goto slow_arith;
#define MOD(x, y) INTDIV(x, y, mod_int, lv_fmod(x->n, y->n))
#define IDIV(x, y) INTDIV(x, y, div_int, floor(x->n / y->n))
#define BITS(xx, yy, EXPR) \
	const struct lv_value *x = xx, *y = yy; \
	if (LIKELY(both(x, y, LV_INT))) { int64_t u = x->i, v = y->i; feed(I, LV_FB_II); lv_setint(RA, EXPR); NEXT; } \
	goto slow_arith;
#define BAND(x, y) BITS(x, y, u & v)
#define BOR(x, y) BITS(x, y, u | v)
#define BXOR(x, y) BITS(x, y, u ^ v)
#define SHL(x, y) BITS(x, y, shift_left(u, v))
#define SHR(x, y) BITS(x, y, shift_right(u, v))

#define ORDER(NAME, YY, OP, NOT) \
	CASE(NAME) { \
		const struct lv_value *x = RA, *y = YY; \
		if (both(x, y, LV_INT)) { feed(I, LV_FB_II); if (NOT(x->i OP y->i)) pc += (int16_t)I->c; NEXT; } \
		if (LIKELY(both(x, y, LV_FLT))) { feed(I, LV_FB_FF); if (NOT(x->n OP y->n)) pc += (int16_t)I->c; NEXT; } \
		if (exact_flt(x) && exact_flt(y)) { feed(I, LV_FB_MIX); if (NOT(as_flt(x) OP as_flt(y))) pc += (int16_t)I->c; NEXT; } \
		goto slow_compare; \
	}
#define EQUAL(NAME, YY, TAKEN) \
	CASE(NAME) { \
		const struct lv_value *x = RA, *y = YY; \
		int eq = quick_equal(x, y); \
		if (UNLIKELY(eq < 0)) goto slow_compare; \
		feed_equal(I, x, y); \
		if (eq == TAKEN) pc += (int16_t)I->c; \
		NEXT; \
	}
#define BACK_EDGE() do { if (UNLIKELY(count_down(&p->tier.loops)) || UNLIKELY(L->interrupt)) goto back_edge; NEXT; } while (0)

/* sizes: table */
int lv_run(struct lv_state *L, struct lv_value *base, const struct lv_ins *pc)
{
	static const void *const go[LV_OP_COUNT] = {
#define OP(name, a, b, c, w, fb, meaning) &&op_##name,
#include "ops.def"
	};
	struct lv_proto *p = base[-2].f->p;
	const struct lv_value *k = p->k;
	const struct lv_value *src;
	struct lv_value *f;
	uint32_t n;

	check_native(L);
	NEXT;

	CASE(MOV) { lv_copy(RA, RB); NEXT; }
	CASE(LOADK) { lv_copy(RA, &k[I->w]); NEXT; }
	CASE(LOADI) { lv_setint(RA, I->w); NEXT; }
	CASE(LOADNIL) { for (n = 0; n < I->b; n++) lv_setnil(RA + n); NEXT; }
	CASE(LOADFALSE) { lv_setbool(RA, false); NEXT; }
	CASE(LOADTRUE) { lv_setbool(RA, true); NEXT; }
	CASE(POP) { NEXT; }

	CASE(GETUP) { lv_copy(RA, &base[-2].f->up[I->b]->v); NEXT; }
	CASE(SETUP) { lv_copy(&base[-2].f->up[I->b]->v, RA); NEXT; }
	CASE(NEWBOX) {
		struct lv_box *box;

		SAVE();
		box = lv_new(L, sizeof *box, LV_BOX);
		lv_copy(&box->v, RA);
		lv_setobj(RA, box, LV_BOX);
		NEXT;
	}
	CASE(GETBOX) { lv_copy(RA, &RB->box->v); NEXT; }
	CASE(SETBOX) { lv_copy(&RA->box->v, RB); NEXT; }

	CASE(GETTABUP) {
		f = &base[-2].f->up[I->b]->v;
		if (UNLIKELY(f->tag != LV_TABLE)) goto getfield_miss;
		src = hinted(f->t, KC->s, I);
		if (UNLIKELY(!src || src->tag == LV_NIL)) goto getfield_miss;
		lv_copy(RA, src);
		NEXT;
	}
	CASE(SETTABUP) {
		if (LIKELY(store_field(&base[-2].f->up[I->b]->v, KC->s, RA, I))) NEXT;
		SAVE();
		lv_op_setfield(L, I, &base[-2].f->up[I->b]->v, RA);
		NEXT;
	}
	CASE(GETFIELD) {
		f = RB;
		if (UNLIKELY(f->tag != LV_TABLE)) goto getfield_miss;
		src = hinted(f->t, KC->s, I);
		if (UNLIKELY(!src || src->tag == LV_NIL)) goto getfield_miss;
		lv_copy(RA, src);
		NEXT;
	}
	CASE(SETFIELD) {
		if (LIKELY(store_field(RA, KC->s, RB, I))) NEXT;
		SAVE();
		lv_op_setfield(L, I, RA, RB);
		NEXT;
	}
	CASE(GETINDEX) {
		if (LIKELY(RB->tag == LV_TABLE && RC->tag == LV_INT) && load_item(RA, RB->t, RC->i, I)) NEXT;
		SAVE();
		lv_op_getindex(L, I, RC);
		NEXT;
	}
	CASE(SETINDEX) {
		if (LIKELY(RA->tag == LV_TABLE && RB->tag == LV_INT) && store_item(RA->t, RB->i, RC, I)) NEXT;
		SAVE();
		lv_op_setindex(L, I, RB, RC);
		NEXT;
	}
	CASE(GETINDEXI) {
		struct lv_value key;

		if (LIKELY(RB->tag == LV_TABLE) && load_item(RA, RB->t, (int16_t)I->c, I)) NEXT;
		SAVE();
		lv_setint(&key, (int16_t)I->c);
		lv_op_getindex(L, I, &key);
		NEXT;
	}
	CASE(SETINDEXI) {
		struct lv_value key;

		if (LIKELY(RA->tag == LV_TABLE) && store_item(RA->t, (int16_t)I->c, RB, I)) NEXT;
		SAVE();
		lv_setint(&key, (int16_t)I->c);
		lv_op_setindex(L, I, &key, RB);
		NEXT;
	}
	CASE(SELF) {
		f = RB;
		src = find_field(L, f, KC->s, I);
		if (UNLIKELY(!src)) {
			struct lv_value o = *f;

			SAVE();
			lv_op_getfield(L, I, f);
			lv_copy(RA + 2, &o);
			NEXT;
		}
		lv_copy(RA + 2, f);
		lv_copy(RA, src);
		NEXT;
	}
	CASE(NEWTABLE) {
		struct lv_table *t;

		SAVE();
		t = lv_table(L, I->b, I->c);
		lv_setobj(RA, t, LV_TABLE);
		NEXT;
	}
	CASE(SETLIST) { SAVE(); lv_op_setlist(L, I); NEXT; }

	FORMS(ADD, ADD)
	FORMS(SUB, SUB)
	FORMS(MUL, MUL)
	FORMS(DIV, DIV)
	FORMS(MOD, MOD)
	FORMS(IDIV, IDIV)
	FORMS(POW, POW)
	FORMS(BAND, BAND)
	FORMS(BOR, BOR)
	FORMS(BXOR, BXOR)
	FORMS(SHL, SHL)
	FORMS(SHR, SHR)
	CASE(UNM) {
		const struct lv_value *x = RB;

		if (x->tag == LV_INT) { feed(I, LV_FB_II); lv_setint(RA, (int64_t)(0 - x->bits)); NEXT; }
		if (x->tag == LV_FLT) { feed(I, LV_FB_FF); lv_setflt(RA, -x->n); NEXT; }
		goto slow_arith;
	}
	CASE(BNOT) {
		if (RB->tag == LV_INT) { feed(I, LV_FB_II); lv_setint(RA, ~RB->i); NEXT; }
		goto slow_arith;
	}
	CASE(NOT) { lv_setbool(RA, lv_falsy(RB)); NEXT; }
	CASE(LEN) {
		const struct lv_value *x = RB;

		if (LIKELY(x->tag == LV_TABLE && !x->t->meta)) { feed(I, LV_FB_T_TABLE); lv_setint(RA, (int64_t)lv_len(x->t)); NEXT; }
		if (x->tag == LV_STR) { feed(I, LV_FB_T_STR); lv_setint(RA, (int64_t)x->s->len); NEXT; }
		SAVE();
		lv_op_len(L, I);
		NEXT;
	}
	CASE(CONCAT) {
		struct lv_value out;

		SAVE();
		lv_concat(L, RB, I->c, &out);
		lv_copy(RA, &out);
		NEXT;
	}

	CASE(JMP) { pc += I->w; NEXT; }
	CASE(LOOP) { pc += I->w; BACK_EDGE(); }
	CASE(JT) { if (!lv_falsy(RA)) pc += I->w; NEXT; }
	CASE(JF) { if (lv_falsy(RA)) pc += I->w; NEXT; }
	CASE(JTKEEP) { if (!lv_falsy(RA)) pc += I->w; NEXT; }
	CASE(JFKEEP) { if (lv_falsy(RA)) pc += I->w; NEXT; }
	EQUAL(JEQ, RB, 1)
	EQUAL(JNEQ, RB, 0)
	EQUAL(JEQK, KB, 1)
	EQUAL(JNEQK, KB, 0)
	ORDER(JLT, RB, <, )
	ORDER(JNLT, RB, <, !)
	ORDER(JLE, RB, <=, )
	ORDER(JNLE, RB, <=, !)
	ORDER(JLTK, KB, <, )
	ORDER(JNLTK, KB, <, !)
	ORDER(JLEK, KB, <=, )
	ORDER(JNLEK, KB, <=, !)
	ORDER(JGTK, KB, >, )
	ORDER(JNGTK, KB, >, !)
	ORDER(JGEK, KB, >=, )
	ORDER(JNGEK, KB, >=, !)

	CASE(FORPREP) {
		SAVE();
		if (!lv_forprep(L, RA)) pc += I->w;
		else feed(I, RA->tag == LV_INT ? LV_FB_FOR_INT : LV_FB_FOR_FLT);
		NEXT;
	}
	CASE(FORLOOP) {
		f = RA;
		if (LIKELY(f->tag == LV_INT)) {
			if (UNLIKELY(!step_int(f))) NEXT;
			feed(I, LV_FB_FOR_INT);
		} else {
			if (!step_flt(f)) NEXT;
			feed(I, LV_FB_FOR_FLT);
		}
		pc += I->w;
		BACK_EDGE();
	}
	CASE(TFORPREP) {
		if (RA[3].tag != LV_NIL) { SAVE(); lv_op_tbc(L, RA + 3); }
		pc += I->w;
		NEXT;
	}
	CASE(TFORCALL) {
		f = RA;
		if (f->tag == LV_CFUNC) {
			SAVE();
			if (LIKELY(lv_tforcall_inline(L, I, f))) NEXT;
		}
		feed(I, LV_FB_T_OTHER);
		lv_copy(f + 4, f);
		lv_copy(f + 6, f + 1);
		lv_copy(f + 7, f + 2);
		f += 4;
		n = 2;
		goto call;
	}
	CASE(TFORLOOP) {
		f = RA;
		if (f[4].tag == LV_NIL) NEXT;
		lv_copy(f + 2, f + 4);
		f[2].aux = f[4].aux;
		pc += I->w;
		BACK_EDGE();
	}

	CASE(CALL) {
		f = RA;
		n = I->b;
		if (UNLIKELY(n == LV_OPEN)) n = (uint32_t)(L->top - f - 2);
		goto call;
	}
	CASE(TAILCALL) {
		f = RA;
		n = I->b;
		if (UNLIKELY(n == LV_OPEN)) n = (uint32_t)(L->top - f - 2);
		SAVE();
		while (UNLIKELY(!lv_isfunction(f))) n = lv_op_callable(L, f, n);
		if (f->tag == LV_CFUNC) {
			call_c(L, base, f, n, LV_OPEN, pc);
			src = f;
			n = (uint32_t)(L->top - f);
			goto leave;
		}
		if (UNLIKELY(lv_results(base) + n + 2 + f->f->p->framesize > L->stack_last)) lv_stackoverflow(L);
		base = move_down(base, f, n);
		goto enter;
	}
	CASE(RETURN) {
		src = RA;
		n = I->b;
		if (n == LV_OPEN) n = (uint32_t)(L->top - src);
		if (UNLIKELY(L->thread->tbc && L->thread->tbc >= base)) { SAVE(); L->top = (struct lv_value *)src + n; lv_close_tbc(L, base, NULL); }
		goto leave;
	}
	CASE(RETURN0) {
		src = base;
		n = 0;
		goto leave;
	}
	CASE(RETURN1) {
		const struct lv_frame *fr = lv_frame(base);

		src = RA;
		if (LIKELY(fr->want == 1 && !(fr->flags & (LV_FR_FRESH | LV_FR_VARARG)))) {
			lv_copy(base - 2, src);
			pc = fr->ret;
			base -= fr->delta;
			RELOAD();
			NEXT;
		}
		n = 1;
		goto leave;
	}
	CASE(CACHE) { NEXT; }
	CASE(VARARGPREP) {
		SAVE();
		base = lv_op_varargprep(L, base, I->a);
		NEXT;
	}
	CASE(VARARG) { SAVE(); lv_op_vararg(L, I); NEXT; }
	CASE(CLOSURE) { SAVE(); lv_op_closure(L, I); NEXT; }
	CASE(TBC) { SAVE(); lv_op_tbc(L, RA); NEXT; }
	CASE(CLOSE) {
		f = RA;
		if (L->thread->tbc && L->thread->tbc >= f) { SAVE(); lv_close_tbc(L, f, NULL); }
		NEXT;
	}

call:	/* f with n arguments, by the instruction before pc: CALL with its cache word, or TFORCALL */
	if (LIKELY(f->tag == LV_FUNC)) {
		struct lv_proto *callee = f->f->p;
		struct lv_frame *fr = lv_frame(f + 2);

		SAVE();
		if (LIKELY(I->op == LV_OP_CALL)) { feed_lua_call(pc, f); fr->ret = pc + 1; }
		else fr->ret = pc;
		fr->delta = (uint32_t)(f + 2 - base);
		fr->want = I->c;
		fr->flags = 0;
		if (UNLIKELY(f + 2 + n + callee->framesize > L->stack_last)) lv_stackoverflow(L);
		base = f + 2;
		goto enter;
	}
	SAVE();
	if (LIKELY(f->tag == LV_CFUNC)) {
		const struct lv_ins *i = I;

		if (LIKELY(i->op == LV_OP_CALL)) { feed_c_call(pc, f); pc++; }
		call_c(L, base, f, n, i->c, pc);
		if (UNLIKELY(L->interrupt) && i->c != LV_OPEN) { SAVE(); lv_interrupt(L); }
		NEXT;
	}
	n = lv_op_callable(L, f, n);
	goto call;

enter:	/* the frame at base is pushed, n arguments stand there */
	RELOAD();
	L->top = base + n;
	for (; UNLIKELY(n < p->nparams); n++) lv_setnil(&base[n]);
	pc = p->code;
	if (UNLIKELY(p->tier.entry)) {
		if (LIKELY((char *)__builtin_frame_address(0) >= (char *)L->native_deep)) goto native;
		if (UNLIKELY(L->interrupt)) { SAVE(); lv_interrupt(L); }
		NEXT;
	}
	if (UNLIKELY(count_down(&p->tier.calls)) || UNLIKELY(L->interrupt)) {
		SAVE();
		if (L->interrupt) lv_interrupt(L);
		if (p->tier.calls < 0) lv_hot_call(L, base[-2].f);
		if (p->tier.entry) goto native;
	}
	NEXT;

native: {
		struct lv_native r;
		struct lv_frame fr = *lv_frame(base);

		SAVE();
		r = lv_enter_native(L, base, p);
		if (r.word == LV_NATIVE_DEOPT) { base = L->base; pc = L->pc; RELOAD(); NEXT; }
		n = native_results(L, base - 2, r, fr.want);
		if (fr.flags & LV_FR_FRESH) return (int)n;
		base -= fr.delta;
		pc = fr.ret;
		RELOAD();
		NEXT;
	}

leave: {	/* n values at src are the results of the frame at base */
		struct lv_frame fr = *lv_frame(base);
		struct lv_value *dst = base - 2;

		if (UNLIKELY(fr.flags & LV_FR_VARARG)) dst = lv_results(base);
		if (fr.want != 0) lv_adjust(L, dst, src, n, fr.want);
		if (UNLIKELY(fr.flags & LV_FR_FRESH)) return fr.want == LV_OPEN ? (int)n : fr.want;
		base -= fr.delta;
		pc = fr.ret;
		RELOAD();
		NEXT;
	}

back_edge: {	/* a counter ran out, or somebody wants attention; pc is the loop header */
		struct lv_native r;
		struct lv_value *dst = lv_results(base);
		struct lv_frame fr = *lv_frame(base);

		SAVE();
		if (L->interrupt) lv_interrupt(L);
		if (p->tier.loops >= 0) NEXT;
		r = lv_hot_loop(L, base, pc);
		if (r.word == LV_NATIVE_DEOPT) { base = L->base; pc = L->pc; RELOAD(); NEXT; }
		n = native_results(L, dst, r, fr.want);
		if (fr.flags & LV_FR_FRESH) return (int)n;
		base -= fr.delta;
		pc = fr.ret;
		RELOAD();
		NEXT;
	}

slow_arith:
	SAVE();
	lv_op_arith(L, I);
	NEXT;
slow_compare:
	SAVE();
	if (lv_op_compare(L, I)) pc += (int16_t)I->c;
	NEXT;
getfield_miss:
	src = find_field(L, f, KC->s, I);
	if (LIKELY(src)) { lv_copy(RA, src); NEXT; }
	SAVE();
	lv_op_getfield(L, I, f);
	NEXT;
}
