/* SPDX-License-Identifier: MIT
 * rt.c - the runtime under native code: operations on the frame's memory that are not worth IR, calls, frames at exits,
 * and the hooks through which the interpreter gets native code.
 */
#include "heap.h"
#include "lib.h"
#include "lift.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static inline void enter(struct lv_state *L, struct lv_value *base, const struct lv_ins *i)
{
	L->base = base;
	L->pc = i + 1;
}

#define RT(name) static void rt_##name(struct lv_state *L, struct lv_value *base, const struct lv_ins *i)
#define K (base[-2].f->p->k)

RT(newbox)
{
	struct lv_box *box;

	enter(L, base, i);
	box = lv_new(L, sizeof *box, LV_BOX);
	lv_copy(&box->v, &base[i->a]);
	lv_setobj(&base[i->a], box, LV_BOX);
}

RT(gettabup) { enter(L, base, i); lv_rt_field(L, i, &base[-2].f->up[i->b]->v, &base[i->a]); }
RT(getfield) { enter(L, base, i); lv_rt_field(L, i, &base[i->b], &base[i->a]); }
RT(settabup) { enter(L, base, i); lv_op_setfield(L, i, &base[-2].f->up[i->b]->v, &base[i->a]); }
RT(setfield) { enter(L, base, i); lv_op_setfield(L, i, &base[i->a], &base[i->b]); }
RT(getindex)
{
	const struct lv_value *t = &base[i->b], *k = &base[i->c];

	if (t->tag == LV_TABLE && k->tag == LV_INT && lv_load_item(&base[i->a], t->t, k->i, i))
		return;
	enter(L, base, i);
	lv_op_getindex(L, i, k);
}

RT(setindex)
{
	const struct lv_value *t = &base[i->a], *k = &base[i->b];

	if (t->tag == LV_TABLE && k->tag == LV_INT && lv_store_item(t->t, k->i, &base[i->c], i))
		return;
	enter(L, base, i);
	lv_op_setindex(L, i, k, &base[i->c]);
}

RT(getindexi)
{
	struct lv_value key;

	if (base[i->b].tag == LV_TABLE && lv_load_item(&base[i->a], base[i->b].t, (int16_t)i->c, i))
		return;
	enter(L, base, i);
	lv_setint(&key, (int16_t)i->c);
	lv_op_getindex(L, i, &key);
}

RT(setindexi)
{
	struct lv_value key;

	if (base[i->a].tag == LV_TABLE && lv_store_item(base[i->a].t, (int16_t)i->c, &base[i->b], i))
		return;
	enter(L, base, i);
	lv_setint(&key, (int16_t)i->c);
	lv_op_setindex(L, i, &key, &base[i->b]);
}

RT(self)
{
	struct lv_value o = base[i->b];

	enter(L, base, i);
	lv_rt_field(L, i, &base[i->b], &base[i->a]);
	lv_copy(&base[i->a + 2], &o);
}

RT(newtable)
{
	enter(L, base, i);
	lv_setobj(&base[i->a], lv_table(L, i->b, i->c), LV_TABLE);
}

RT(setlist) { enter(L, base, i); lv_op_setlist(L, i); }
RT(arith) { enter(L, base, i); lv_op_arith(L, i); }
RT(len) { enter(L, base, i); lv_op_len(L, i); }

RT(concat)
{
	struct lv_value out;

	enter(L, base, i);
	lv_concat(L, &base[i->b], i->c, &out);
	lv_copy(&base[i->a], &out);
}

RT(tforprep)
{
	enter(L, base, i);
	if (base[i->a + 3].tag != LV_NIL)
		lv_op_tbc(L, &base[i->a + 3]);
}

/* Stands for what is no Lua function. */
static struct lv_proto no_proto;
const struct lv_closure lv_no_closure = { .p = &no_proto };

/* A Lua function with native code, called straight from native code. */
static void call_entry(struct lv_state *L, struct lv_value *f, uint32_t n, uint32_t want)
{
	struct lv_value *from = L->base, *base = f + 2;
	const struct lv_ins *pc = L->pc;
	const struct lv_proto *p = f->f->p;
	struct lv_frame *fr = lv_frame(base);
	struct lv_native r;
	uint32_t count;

	fr->ret = pc;
	fr->delta = (uint32_t)(base - from);
	fr->want = (uint16_t)want;
	fr->flags = LV_FR_FRESH | LV_FR_NATIVE;
	L->base = base;
	L->top = base + n;
	for (; n < p->nparams; n++)
		lv_setnil(&base[n]);
	r = ((lv_native_fn *)(uintptr_t)p->tier.entry)(L, base);
	count = (uint32_t)(r.word >> 8);
	if (count > 0) {
		f->i = r.bits;
		f->tag = r.word & 0xff;
	}
	if (count < want)
		lv_adjust(L, f, f, count, want);
	L->base = from;
	L->pc = pc;
}

/* Calls base[a] with n arguments at want results, as the interpreter's CALL would; L->top ends an open list. */
static void call(struct lv_state *L, struct lv_value *f, uint32_t n, uint32_t want)
{
	L->top = f + 2 + n;
	if (f->tag == LV_FUNC && f->f->p->tier.entry && f + 2 + n + f->f->p->framesize <= L->stack_last) {
		call_entry(L, f, n, want);
		return;
	}
	lv_call_native(L, f, (int)n, want == LV_OPEN ? LV_OPEN : (int)want);
}

RT(tforcall)
{
	struct lv_value *f = &base[i->a];

	enter(L, base, i);
	if (lv_tforcall_inline(L, i, f))
		return;
	lv_copy(f + 4, f);
	lv_copy(f + 6, f + 1);
	lv_copy(f + 7, f + 2);
	call(L, f + 4, 2, i->c);
}

RT(call)
{
	struct lv_value *f = &base[i->a];

	enter(L, base, i);
	call(L, f, i->b == LV_OPEN ? (uint32_t)(L->top - f - 2) : i->b, i->c);
}

RT(vararg) { enter(L, base, i); lv_op_vararg(L, i); }
RT(closure) { enter(L, base, i); lv_op_closure(L, i); }
RT(tbc) { enter(L, base, i); lv_op_tbc(L, &base[i->a]); }

RT(close)
{
	enter(L, base, i);
	if (L->thread->tbc && L->thread->tbc >= &base[i->a])
		lv_close_tbc(L, &base[i->a], NULL);
}

lv_rt_fn *const lv_rt[LV_OP_COUNT] = {
	[LV_OP_NEWBOX] = rt_newbox, [LV_OP_GETTABUP] = rt_gettabup, [LV_OP_SETTABUP] = rt_settabup, [LV_OP_GETFIELD] = rt_getfield,
	[LV_OP_SETFIELD] = rt_setfield, [LV_OP_GETINDEX] = rt_getindex, [LV_OP_SETINDEX] = rt_setindex, [LV_OP_GETINDEXI] = rt_getindexi,
	[LV_OP_SETINDEXI] = rt_setindexi, [LV_OP_SELF] = rt_self, [LV_OP_NEWTABLE] = rt_newtable, [LV_OP_SETLIST] = rt_setlist,
	[LV_OP_ADD ... LV_OP_BNOT] = rt_arith, [LV_OP_LEN] = rt_len, [LV_OP_CONCAT] = rt_concat, [LV_OP_TFORPREP] = rt_tforprep,
	[LV_OP_TFORCALL] = rt_tforcall, [LV_OP_CALL] = rt_call, [LV_OP_VARARG] = rt_vararg, [LV_OP_CLOSURE] = rt_closure, [LV_OP_TBC] = rt_tbc,
	[LV_OP_CLOSE] = rt_close,
};

int32_t lv_rt_compare(struct lv_state *L, struct lv_value *base, const struct lv_ins *i)
{
	enter(L, base, i);
	return lv_op_compare(L, i);
}

int32_t lv_rt_forprep(struct lv_state *L, struct lv_value *base, const struct lv_ins *i)
{
	enter(L, base, i);
	return lv_forprep(L, &base[i->a]);
}

int32_t lv_rt_forloop(struct lv_state *L, struct lv_value *base, const struct lv_ins *i)
{
	enter(L, base, i);
	return lv_forstep(&base[i->a]);
}

double lv_rt_pow(double x, double y) { return y == 2 ? x * x : pow(x, y); }
double lv_rt_fmod(double x, double y) { return lv_fmod(x, y); }

/* ---- frames that end ---------------------------------------------------------------------------------------- */

static struct lv_native native_result(const struct lv_value *at, uint32_t n)
{
	if (n == 0)
		return (struct lv_native){ 0, 0 };
	return (struct lv_native){ at->i, (int64_t)n << 8 | at->tag };
}

/* RETURN with any number of values: they go where results of the frame's entry stand (lv.h). */
struct lv_native lv_rt_return(struct lv_state *L, struct lv_value *base, const struct lv_ins *i)
{
	struct lv_value *src = &base[i->a], *dst = lv_results(base);
	uint32_t n = i->b == LV_OPEN ? (uint32_t)(L->top - src) : i->b;

	enter(L, base, i);
	if (L->thread->tbc && L->thread->tbc >= base) {
		L->top = src + n;
		lv_close_tbc(L, base, NULL);
	}
	for (uint32_t k = 0; k < n; k++)
		lv_copy(&dst[k], &src[k]);
	return native_result(dst, n);
}

/* Interprets the frame at base from pc until it returns, for a caller in native code. */
static struct lv_native interpret(struct lv_state *L, struct lv_value *base, const struct lv_ins *pc)
{
	struct lv_value *dst = lv_results(base);
	int n = lv_run(L, base, pc);

	return native_result(dst, (uint32_t)n);
}

/* A tail call must not grow the native stack: the interpreter makes it. When it called us it goes on itself. */
struct lv_native lv_rt_tailcall(struct lv_state *L, struct lv_value *base, const struct lv_ins *i)
{
	struct lv_frame *fr = lv_frame(base);

	if (!(fr->flags & LV_FR_NATIVE)) {
		L->base = base;
		L->pc = i;
		return (struct lv_native){ 0, LV_NATIVE_DEOPT };
	}
	fr->flags &= (uint16_t)~LV_FR_NATIVE;
	return interpret(L, base, i);
}

struct lv_native lv_rt_interpret(struct lv_state *L, struct lv_value *base)
{
	struct lv_proto *p = base[-2].f->p;

	lv_frame(base)->flags &= (uint16_t)~LV_FR_NATIVE;
	L->base = base;
	L->pc = p->code;
	if (base + p->framesize > L->stack_last)
		lv_stackoverflow(L);
	if (--p->tier.calls < 0)
		lv_hot_call(L, base[-2].f);
	return interpret(L, base, p->code);
}

struct lv_value *lv_rt_varargprep(struct lv_state *L, struct lv_value *base, const struct lv_ins *i)
{
	enter(L, base, i);
	return lv_op_varargprep(L, base, i->a);
}

/* The entry of native code when there is no room on the Lua stack (an error), or when the native stack is deep: goes on in the interpreter. */
struct lv_native lv_rt_deep(struct lv_state *L, struct lv_value *base)
{
	const struct lv_proto *p = base[-2].f->p;
	struct lv_frame *fr = lv_frame(base);

	L->base = base;
	L->pc = p->code;
	if (base + p->framesize > L->stack_last || (char *)__builtin_frame_address(0) < (char *)L->native_limit)
		lv_stackoverflow(L);
	lv_native_deeper(L);
	if (!(fr->flags & LV_FR_NATIVE))
		return (struct lv_native){ 0, LV_NATIVE_DEOPT };
	fr->flags &= (uint16_t)~LV_FR_NATIVE;
	return interpret(L, base, p->code);
}

/* ---- what the engine asks of the guest ------------------------------------------------------------------------- */

static void rebuild(void *vm, const struct hew_frame *f)
{
	struct lv_state *L = vm;
	struct lv_value *base = f->frame;
	const struct lv_proto *p = f->func;

	for (int i = 0; i < f->n; i++) {
		base[f->slot[i].slot].i = f->slot[i].bits;
		base[f->slot[i].slot].tag = f->slot[i].tag;
	}
	if (!f->innermost) {
		/* it waits for a callee that was inlined into it: that one's frame stands above the result slot */
		struct lv_frame *fr = lv_frame(base + f->result + 2);

		fr->ret = p->code + f->pc;
		fr->delta = f->result + 2;
		fr->want = p->code[f->pc - 2].c;
		fr->flags = 0;
	}
	if (f->innermost) {
		L->base = base;
		L->pc = p->code + f->pc;
	}
}

static struct hew_result resume(void *vm, void *frame, uint64_t pc)
{
	struct lv_value *base = frame, *outer = base;
	const struct lv_ins *at = base[-2].f->p->code + pc;
	struct lv_native r;
	struct lv_value *dst;

	/* frames of inlined callees stand above the one that native code called */
	while (!(lv_frame(outer)->flags & LV_FR_FRESH))
		outer -= lv_frame(outer)->delta;
	lv_frame(outer)->flags &= (uint16_t)~LV_FR_NATIVE;
	dst = lv_results(outer);
	r = native_result(dst, (uint32_t)lv_run(vm, base, at));
	return (struct hew_result){ r.bits, r.word };
}

/* The guess at pc was wrong too often: feedback that makes the next lift take the general way. */
static void widen(void *vm, const void *func, uint32_t pc)
{
	struct lv_ins *i = &((const struct lv_proto *)func)->code[pc];

	(void)vm;
	switch (lv_opinfo[i->op].fb) {
	case 'A': case 'C': i->fb |= LV_FB_OTHER; break;
	case 'I': i->fb |= LV_FB_MISS; break;
	case 'T': i->fb |= LV_FB_T_OTHER | LV_FB_T_META; break;
	case 'H': i->fb = 255; break;
	default:
		if (i->op == LV_OP_CALL)
			((struct lv_call_cache *)(i + 1))->kind = LV_CALLEE_MANY;
	}
}

static void stacks(void *vm, void (*visit)(void *arg, const void *lo, const void *hi), void *arg)
{
	lv_gc_native_stacks(vm, visit, arg);
}

bool lv_jit_open(struct lv_state *L, char *why, size_t n)
{
	static const struct hew_guest guest = { .name = "lua", .lift = lv_lift, .rebuild = rebuild, .resume = resume, .widen = widen, .stacks = stacks };
	enum hew_status s = hew_open(NULL, &L->x);

	if (s == HEW_OK)
		s = hew_guest_open(L->x, &guest, &L->tier, L, &L->g);
	if (s == HEW_OK)
		return true;
	snprintf(why, n, "%s", L->x ? hew_error(L->x) : hew_status_text(s));
	hew_close(L->x);
	L->x = NULL;
	L->g = NULL;
	return false;
}

void lv_jit_close(struct lv_state *L)
{
	for (uint32_t k = 0; k < L->nprotos; k++)
		if (L->protos[k] && L->protos[k]->jit)
			hew_tier_drop(L->g, &L->protos[k]->tier);
	hew_guest_close(L->g);
	hew_close(L->x);
	L->g = NULL;
	L->x = NULL;
}

void lv_jit_free_proto(struct lv_state *L, struct lv_proto *p)
{
	if (L->g && p->jit)
		hew_tier_drop(L->g, &p->tier);
}

void lv_jit_stats(struct lv_state *L)
{
	struct hew_tier_stats s;

	if (!L->g)
		return;
	hew_get_tier_stats(L->g, &s);
	fprintf(stderr, "jit: %" PRIu64 " compiled (%" PRIu64 " us, %" PRIu64 " bytes), %" PRIu64 " not, %" PRIu64 " exits, %" PRIu64 " retired, %" PRIu64
		" freed, %" PRIu64 " barred\n", s.compiled, s.compile_ns / 1000, s.code_bytes, s.bailed, s.exits, s.retired, s.freed, s.barred);
	fprintf(stderr, "jit: code memory: %s\n", hew_code_mode(L->x));
}

/* ---- hooks of the interpreter ------------------------------------------------------------------------------------- */

/* Compiling costs what some calls cost to interpret, more of them the shorter the function is: a part of it is the same for all. */
static int32_t first_calls(const struct lv_state *L, const struct lv_proto *p)
{
	return L->tier.call_threshold + (int32_t)(L->small_code / p->ncode);
}

/* First look at a prototype: counters start with the thresholds. True: it is hot already. */
static bool first_time(struct lv_state *L, struct lv_proto *p, const int32_t *counter)
{
	if (p->jit)
		return true;
	p->jit = p;
	hew_tier_init(L->g, &p->tier);
	if (L->jit && L->tier.call_threshold >= 0)
		p->tier.calls = first_calls(L, p);
	if (L->jit && L->tier.loop_threshold >= 0)
		p->tier.loops = L->tier.loop_threshold + (int)(LV_TURNS_A_CALL * L->small_code / p->ncode);
	return *counter == 0;
}

/* The engine is opened when something is hot for the first time: many programs end before. */
static bool engine(struct lv_state *L, struct lv_proto *p)
{
	char why[256];

	if (L->jit && !L->g)
		L->jit = lv_jit_open(L, why, sizeof why);
	if (!L->g)
		hew_tier_init(NULL, &p->tier);
	return L->g != NULL;
}

static void sweep_code(struct lv_state *L)
{
	struct hew_tier_stats s;

	hew_get_tier_stats(L->g, &s);
	if (s.retired - s.freed >= 32)
		hew_collect_code(L->g);
}

/* Are all calls that were counted since the last look still running? A recursion that has never come back gains nothing from code: what the
 * calls save, the pages of the native stack cost. Looked at again after twice as many calls. */
static bool only_descends(struct lv_state *L, struct lv_proto *p)
{
	enum { WORTHWHILE = 1000 };
	struct lv_value *base = L->base;
	ptrdiff_t calls = p->deep_calls ? p->deep_calls : first_calls(L, p), delta = lv_frame(base)->delta;

	if (delta == 0 || calls < WORTHWHILE || calls > INT32_MAX / 4 || p->tier.attempts || p->tier.units)
		return false;
	if (p->deep_calls ? base - p->deep_base != (calls + 1) * delta : base - L->thread->stack < calls * delta)
		return false;
	for (ptrdiff_t k = 0; !p->deep_calls && k < calls; k++, base -= delta)
		if (lv_frame(base)->flags & LV_FR_C || base[-2].f->p != p || lv_frame(base)->delta != delta)
			return false;
	p->deep_base = L->base;
	p->deep_calls = p->tier.calls = (int32_t)calls * 2;
	return true;
}

void lv_hot_call(struct lv_state *L, struct lv_closure *f)
{
	struct lv_proto *p = f->p;

	if (!first_time(L, p, &p->tier.calls) || only_descends(L, p) || !engine(L, p))
		return;
	sweep_code(L);
	hew_tier_up(L->g, &p->tier, p, HEW_AT_ENTRY, L->base);
}

struct lv_native lv_enter_code(struct lv_state *L, struct lv_value *base, void *code)
{
	void *frame;
	uint64_t pc;
	struct hew_result r = hew_enter(L->g, code, L, base, &frame, &pc);

	return (struct lv_native){ r.bits, r.word };
}

struct lv_native lv_hot_loop(struct lv_state *L, struct lv_value *base, const struct lv_ins *pc)
{
	struct lv_proto *p = base[-2].f->p;
	void *code = NULL;

	if (first_time(L, p, &p->tier.loops) && engine(L, p)) {
		sweep_code(L);
		code = hew_tier_up(L->g, &p->tier, p, (uint32_t)(pc - p->code), base);
	}
	if (!code)
		return (struct lv_native){ 0, LV_NATIVE_DEOPT };
	return lv_enter_code(L, base, code);
}
