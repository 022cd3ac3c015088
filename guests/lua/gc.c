/* SPDX-License-Identifier: MIT
 * gc.c - the collector: stop the world, mark, clear weak tables, queue finalisers, sweep.
 *
 * Roots are the fields of the state, the stacks of all threads that can be reached, and the native stacks with the
 * saved registers. Stacks are read conservatively (Boehm and Weiser): a slot or word keeps what it may point to.
 * Objects in the heap are read exactly. There is no recursion; the grey stack grows by malloc, and when it cannot
 * grow the heap is searched for marked objects whose children may be unmarked until none was dropped.
 *
 * Weak tables: values of 'v' tables are left unmarked; in 'k' tables (ephemerons) a value is marked once its key is,
 * repeated until nothing changes; then dead entries go. Strings are values, not objects, to weak tables. Values
 * are cleared before finalisers are queued, keys after what finalisers need has been marked again.
 *
 * Finalisers run at safe points only: at the end of collectgarbage, and where lv_interrupt is called (the collector
 * sets LV_INT_FINALISE in L->interrupt).
 *
 * Cost: proportional to what is alive, plus one pass over the bit maps, the intern table and the list of prototypes.
 */
#define _GNU_SOURCE
#include "heap.h"

#include <pthread.h>
#include <stdio.h>

#define NO_ASAN __attribute__((no_sanitize("address"), noinline))

/* ---- marking ---------------------------------------------------------------------------------- */

/* Sets the mark; true when it was not set before. */
static inline bool set_mark(struct lv_heap *h, const void *p)
{
	size_t g = lv_grain(h, p);
	uint64_t bit = (uint64_t)1 << g % 64, *w = &h->mark[g / 64];

	if (*w & bit)
		return false;
	*w |= bit;
	return true;
}

static void push_grey(struct lv_heap *h, void *o)
{
	struct lv_list *l = &h->grey;

	if (__builtin_expect(l->n < l->cap && l->n < h->grey_max, 1))
		l->p[l->n++] = o;
	else if (l->n >= h->grey_max || !lv_list_push(l, o))
		h->overflow = true;
}

static inline void mark(struct lv_heap *h, void *o)
{
	if (o && set_mark(h, o))
		push_grey(h, o);
}

static inline void mark_leaf(struct lv_heap *h, const void *o)
{
	if (o)
		set_mark(h, o);
}

static inline void mark_value(struct lv_heap *h, const struct lv_value *v)
{
	if (v->tag == LV_STR)
		set_mark(h, v->p);
	else if (v->tag - LV_TABLE < LV_TAG_COUNT - LV_TABLE && set_mark(h, v->p))
		push_grey(h, v->p);
}

/* A word that may be a pointer. A vector is kept as it is, its content is its owner's business. */
static void mark_word(struct lv_state *L, const void *p)
{
	struct lv_heap *h = L->heap;
	struct lv_obj *o;
	bool vec;

	if ((size_t)((uintptr_t)p - (uintptr_t)h->base) >= h->top)
		return;
	o = lv_heap_cell(L, p, &vec);
	if (!o)
		return;
	if (vec)
		set_mark(h, o);
	else if (o->tag >= LV_STR)
		mark(h, o);
}

static NO_ASAN void mark_words(struct lv_state *L, const void *from, const void *to)
{
	for (void *const *w = (void *const *)(((uintptr_t)from + 7) & ~(uintptr_t)7); (const void *)w < to; w++)
		mark_word(L, *w);
}

static void mark_slots(struct lv_state *L, const struct lv_value *from, const struct lv_value *to)
{
	for (; from < to; from++)
		if (from->tag - LV_STR < LV_TAG_COUNT - LV_STR)
			mark_word(L, from->p);
}

/* The stack from bottom to the end of the running frame. Frame infos in between look like values at worst. */
static void mark_stack(struct lv_state *L, const struct lv_thread *th)
{
	bool runs = th == L->thread;
	const struct lv_value *base = runs ? L->base : th->base, *top = runs ? L->top : th->top;
	const struct lv_obj *f;

	if (!th->stack)
		return;
	if (base && base >= th->stack + 2 && base <= th->stack_last && base[-2].tag == LV_FUNC) {
		f = lv_heap_find(L, base[-2].p);
		if (f == base[-2].o && f && f->tag == LV_FUNC && base[-2].f->p && base + base[-2].f->p->framesize > top)
			top = base + base[-2].f->p->framesize;
	}
	if (top > th->stack_last)
		top = th->stack_last;
	mark_slots(L, th->stack, top);
}

static void trace_thread(struct lv_state *L, struct lv_thread *th)
{
	mark(L->heap, th->resumer);
	mark_stack(L, th);
	if (th->native && th != L->thread && th->status != LV_CO_DEAD)
		mark_words(L, hew_stack_sp(th->native), hew_stack_base(th->native));
}

static void trace_proto(struct lv_heap *h, const struct lv_proto *p)
{
	mark_leaf(h, p->source);
	mark_leaf(h, p->code);
	mark_leaf(h, p->line);
	if (p->k) {
		mark_leaf(h, p->k);
		for (uint32_t i = 0; i < p->nk; i++)
			mark_value(h, &p->k[i]);
	}
	if (p->p) {
		mark_leaf(h, p->p);
		for (uint32_t i = 0; i < p->np; i++)
			mark(h, p->p[i]);
	}
	if (p->up) {
		mark_leaf(h, p->up);
		for (uint32_t i = 0; i < p->nups; i++)
			mark_leaf(h, p->up[i].name);
	}
	if (p->loc) {
		mark_leaf(h, p->loc);
		for (uint32_t i = 0; i < p->nloc; i++)
			mark_leaf(h, p->loc[i].name);
	}
}

/* ---- tables -------------------------------------------------------------------------------------- */

enum { WEAK_KEYS = 1, WEAK_VALUES = 2 };

static unsigned weakness(struct lv_state *L, struct lv_table *meta)
{
	struct lv_value v;
	unsigned w = 0;

	if (!meta || meta->absent >> LV_EV_MODE & 1 || !L->event[LV_EV_MODE])
		return 0;
	if (!lv_getstr(meta, L->event[LV_EV_MODE], &v) || v.tag == LV_NIL) {
		meta->absent |= 1 << LV_EV_MODE;
		return 0;
	}
	if (v.tag != LV_STR)
		return 0;
	if (memchr(v.s->s, 'k', v.s->len))
		w |= WEAK_KEYS;
	if (memchr(v.s->s, 'v', v.s->len))
		w |= WEAK_VALUES;
	return w;
}

/* The key of an empty node is not kept alive, but stays recognisable for next. */
static void bury(struct lv_node *n)
{
	if (n->key.tag >= LV_STR)
		n->key.tag = LV_DEADKEY;
}

static void trace_array(struct lv_heap *h, const struct lv_table *t)
{
	const struct lv_value *v = t->arr;

	if (t->kind == LV_ARR_ANY)
		for (uint32_t i = 0; i < t->asize; i++)
			mark_value(h, &v[i]);
}

static void trace_nodes(struct lv_heap *h, struct lv_table *t, bool values)
{
	for (struct lv_node *n = t->node, *end = n + t->hmask + 1; n < end; n++) {
		if (n->val.tag == LV_NIL) {
			bury(n);
		} else {
			mark_value(h, &n->key);
			if (values)
				mark_value(h, &n->val);
		}
	}
}

/* Weak tables are remembered; one that cannot be (no memory) is strong in this cycle. */
static void trace_table(struct lv_state *L, struct lv_table *t)
{
	struct lv_heap *h = L->heap;
	unsigned weak = weakness(L, t->meta);

	mark(h, t->meta);
	mark_leaf(h, t->arr);
	if (t->node != &lv_nonode)
		set_mark(h, t->node);
	if (weak == WEAK_KEYS && lv_list_push(&h->ephemeron, t)) {
		trace_array(h, t);
		return;
	}
	if (weak == (WEAK_KEYS | WEAK_VALUES) && lv_list_push(&h->allweak, t))
		return;
	if (weak == WEAK_VALUES && lv_list_push(&h->weakval, t)) {
		if (t->node != &lv_nonode)
			trace_nodes(h, t, false);
		return;
	}
	trace_array(h, t);
	if (t->node != &lv_nonode)
		trace_nodes(h, t, true);
}

/* Is v an object this cycle did not reach? */
static bool dead(struct lv_heap *h, const struct lv_value *v)
{
	if (v->tag < LV_STR || v->tag >= LV_TAG_COUNT)
		return false;
	if (v->tag == LV_STR) {
		set_mark(h, v->p);
		return false;
	}
	return !lv_marked(h, v->p);
}

static bool trace_ephemeron(struct lv_heap *h, struct lv_table *t, bool down)
{
	bool changed = false;

	if (t->node == &lv_nonode)
		return false;
	for (uint32_t i = 0; i <= t->hmask; i++) {
		struct lv_node *n = &t->node[down ? t->hmask - i : i];

		if (n->val.tag != LV_NIL && !dead(h, &n->key) && dead(h, &n->val)) {
			mark(h, n->val.p);
			changed = true;
		}
	}
	return changed;
}

static void clear_table(struct lv_heap *h, struct lv_table *t, unsigned weak)
{
	struct lv_value *v = t->arr;

	if (weak & WEAK_VALUES && t->kind == LV_ARR_ANY)
		for (uint32_t i = 0; i < t->asize; i++)
			if (dead(h, &v[i]))
				lv_setnil(&v[i]);
	if (t->node == &lv_nonode)
		return;
	for (struct lv_node *n = t->node, *end = n + t->hmask + 1; n < end; n++) {
		if (n->val.tag != LV_NIL && ((weak & WEAK_KEYS && dead(h, &n->key)) || (weak & WEAK_VALUES && dead(h, &n->val))))
			lv_setnil(&n->val);
		if (n->val.tag == LV_NIL)
			bury(n);
	}
}

static void clear_tables(struct lv_heap *h, const struct lv_list *l, unsigned weak)
{
	for (size_t i = 0; i < l->n; i++)
		clear_table(h, l->p[i], weak);
}

/* ---- tracing ------------------------------------------------------------------------------------------ */

static void trace(struct lv_state *L, struct lv_obj *o)
{
	struct lv_heap *h = L->heap;
	struct lv_closure *f = (struct lv_closure *)o;
	struct lv_cfunc *c = (struct lv_cfunc *)o;
	struct lv_userdata *u = (struct lv_userdata *)o;

	switch (o->tag) {
	case LV_TABLE:
		trace_table(L, (struct lv_table *)o);
		break;
	case LV_FUNC:
		mark(h, f->p);
		for (unsigned i = 0; i < f->nup; i++)
			mark(h, f->up[i]);
		break;
	case LV_CFUNC:
		for (unsigned i = 0; i < c->nup; i++)
			mark_value(h, &c->up[i]);
		break;
	case LV_USERDATA:
		mark(h, u->meta);
		mark_value(h, &u->user);
		break;
	case LV_THREAD:
		trace_thread(L, (struct lv_thread *)o);
		break;
	case LV_BOX:
		mark_value(h, &((struct lv_box *)o)->v);
		break;
	case LV_PROTO:
		trace_proto(h, (struct lv_proto *)o);
		break;
	default:	/* strings and buffers */
		break;
	}
}

/* Objects go from the grey stack through a short queue, so that they are in the cache when their turn comes. */
static void drain_stack(struct lv_state *L)
{
	enum { AHEAD = 8 };
	struct lv_list *l = &L->heap->grey;
	struct lv_obj *queue[AHEAD] = { 0 }, *o;
	unsigned at = 0, waiting = 0;

	while (l->n > 0 || waiting > 0) {
		o = queue[at];
		if (o)
			waiting--;
		queue[at] = NULL;
		if (l->n > 0) {
			queue[at] = l->p[--l->n];
			__builtin_prefetch(queue[at]);
			waiting++;
		}
		at = (at + 1) % AHEAD;
		if (o)
			trace(L, o);
	}
}

/* After an overflow: trace everything that is marked once more. */
static void retrace(struct lv_state *L)
{
	struct lv_heap *h = L->heap;

	for (uint32_t i = 0; i < h->top >> LV_BLOCK_SHIFT; i++) {
		const struct lv_block *b = &h->block[i];
		uint64_t *bits = h->mark + (size_t)i * LV_BLOCK_WORDS;
		char *start = h->base + ((size_t)i << LV_BLOCK_SHIFT);

		if (b->kind == LV_BLK_BIGOBJ && bits[0] & 1)
			trace(L, (struct lv_obj *)(void *)start);
		for (unsigned w = 0; b->kind == LV_BLK_OBJ && w < LV_BLOCK_WORDS; w++)
			for (uint64_t x = bits[w]; x; x &= x - 1) {
				unsigned g = w * 64 + (unsigned)__builtin_ctzll(x);

				trace(L, (struct lv_obj *)(void *)(start + (size_t)g * LV_GRAIN));
				drain_stack(L);
			}
	}
}

static void drain(struct lv_state *L)
{
	drain_stack(L);
	while (L->heap->overflow) {
		L->heap->overflow = false;
		retrace(L);
		drain_stack(L);
	}
}

static void converge(struct lv_state *L)
{
	struct lv_heap *h = L->heap;
	bool changed, down = false;

	do {
		changed = false;
		for (size_t i = 0; i < h->ephemeron.n; i++)
			if (trace_ephemeron(h, h->ephemeron.p[i], down)) {
				drain(L);
				changed = true;
			}
		down = !down;
	} while (changed);
}

/* ---- roots ----------------------------------------------------------------------------------------------- */

/* One past the highest word of the native stack we run on. */
static const char *native_base(struct lv_state *L, const char *sp)
{
	struct hew_stack *s = L->thread ? L->thread->native : NULL;
	const char *base = NULL;
	pthread_attr_t attr;
	void *low;
	size_t size;

	if (s && sp >= (char *)hew_stack_limit(s) && sp < (char *)hew_stack_base(s))
		return hew_stack_base(s);
	if (pthread_getattr_np(pthread_self(), &attr) == 0) {
		if (pthread_attr_getstack(&attr, &low, &size) == 0 && sp >= (char *)low && sp < (char *)low + size)
			base = (char *)low + size;
		pthread_attr_destroy(&attr);
	}
	return base ? base : sp;
}

static NO_ASAN void mark_native(struct lv_state *L)
{
	const char *sp;

	__builtin_unwind_init();	/* callee-saved registers into this frame */
	sp = __builtin_frame_address(0);
	sp -= 256;			/* they are stored below the frame address */
	mark_words(L, sp, native_base(L, sp));
}

/* The live part of every native stack: the one we run on and those of suspended coroutines. */
void lv_gc_native_stacks(struct lv_state *L, void (*visit)(void *arg, const void *lo, const void *hi), void *arg)
{
	const char *sp;

	__builtin_unwind_init();
	sp = (const char *)__builtin_frame_address(0) - 256;
	visit(arg, sp, native_base(L, sp));
	for (size_t i = 0; i < L->heap->threads.n; i++) {
		const struct lv_thread *th = L->heap->threads.p[i];

		if (th->native && th != L->thread && th->status != LV_CO_DEAD)
			visit(arg, hew_stack_sp(th->native), hew_stack_base(th->native));
	}
}

static void mark_roots(struct lv_state *L)
{
	struct lv_heap *h = L->heap;

	mark(h, L->main);
	mark(h, L->thread);
	mark(h, L->globals);
	mark(h, L->registry);
	mark(h, L->loaded);
	for (unsigned i = 0; i < LV_TAG_COUNT; i++)
		mark(h, L->meta[i]);
	for (unsigned i = 0; i < LV_EV_COUNT; i++)
		mark_leaf(h, L->event[i]);
	mark_leaf(h, L->memerr);
	mark_leaf(h, h->strtab);
	mark(h, h->fincall);
	mark_word(L, L->lib);
	mark_word(L, L->protos);
	for (size_t i = 0; i < h->pending.n; i++)
		mark(h, h->pending.p[i]);
	mark_native(L);
}

/* ---- finalisers --------------------------------------------------------------------------------------------- */

static uint8_t *gcflags(struct lv_obj *o)
{
	return o->tag == LV_TABLE ? &((struct lv_table *)o)->gcflags : &((struct lv_userdata *)o)->gcflags;
}

enum { HAS_FIN = 1 };

void lv_gc_setfinaliser(struct lv_state *L, struct lv_obj *o)
{
	struct lv_heap *h = L->heap;

	if ((o->tag != LV_TABLE && o->tag != LV_USERDATA) || *gcflags(o) & HAS_FIN || h->closing)
		return;
	if (!lv_list_push(&h->fin, o))
		lv_nomemory(L);
	*gcflags(o) |= HAS_FIN;
}

/* Moves unmarked (or all) objects with a finaliser to the queue, the last marked one to be taken first. The queue is a
 * stack: what is already waiting there was found earlier and goes first, so it stays on top. */
static void queue_finalisers(struct lv_state *L, bool all)
{
	struct lv_heap *h = L->heap;
	struct lv_list *fin = &h->fin, *q = &h->pending;
	size_t kept = 0, waiting = q->n, found = 0, i;

	for (i = 0; i < fin->n; i++)
		found += all || !lv_marked(h, fin->p[i]);
	if (found == 0)
		return;
	for (i = 0; i < found; i++)
		if (!lv_list_push(q, NULL)) {	/* no memory: they stay alive until next time */
			q->n = waiting;
			for (i = 0; i < fin->n; i++)
				mark(h, fin->p[i]);
			return;
		}
	memmove(q->p + found, q->p, waiting * sizeof *q->p);
	for (i = found = 0; i < fin->n; i++) {
		if (all || !lv_marked(h, fin->p[i]))
			q->p[found++] = fin->p[i];
		else
			fin->p[kept++] = fin->p[i];
	}
	fin->n = kept;
	if (!all)
		for (i = 0; i < found; i++)
			mark(h, q->p[i]);
}

/* Runs f(object): a[0] is the finaliser, a[1] the object. */
static int call_finaliser(struct lv_state *L, struct lv_value *a, int n)
{
	(void)n;
	lv_call_values(L, &a[0], 1, &a[1], NULL, LV_FR_FIN);
	return 0;
}

static void warn(const struct lv_value *err)
{
	if (err->tag == LV_STR)
		fprintf(stderr, "lua: warning: error in __gc (%s)\n", err->s->s);
	else
		fprintf(stderr, "lua: warning: error in __gc (error object is not a string)\n");
}

/* Leaves the stack as it was. L->top is above everything in use. */
static void finalise(struct lv_state *L, struct lv_obj *o)
{
	struct lv_value v, f, *slot = L->top;

	*gcflags(o) &= (uint8_t)~HAS_FIN;
	lv_setobj(&v, o, (enum lv_tag)o->tag);
	if (!lv_metafield(L, &v, LV_EV_GC, &f) || !lv_isfunction(&f))
		return;
	if (!L->heap->fincall)
		L->heap->fincall = lv_cfunc(L, call_finaliser, "__gc", 0);
	lv_setobj(&slot[0], L->heap->fincall, LV_CFUNC);
	lv_setnil(&slot[1]);
	slot[2] = f;
	slot[3] = v;
	L->top = slot + 4;
	if (lv_pcall(L, slot, 2, 0, NULL) != LV_OK)
		warn(slot);
	L->top = slot;
}

void lv_gc_finalise(struct lv_state *L)
{
	struct lv_heap *h = L->heap;
	struct lv_value *top = L->top;

	__atomic_and_fetch(&L->interrupt, ~LV_INT_FINALISE, __ATOMIC_RELAXED);
	if (h->finalising || h->pending.n == 0)
		return;
	L->top = lv_frametop(L);
	if (L->top + LV_MINSTACK <= L->stack_last) {	/* else later: this is no place to throw */
		h->finalising = true;
		while (h->pending.n > 0)
			finalise(L, h->pending.p[--h->pending.n]);
		h->finalising = false;
	}
	L->top = top;
}

void lv_gc_finish(struct lv_state *L)
{
	L->heap->closing = true;	/* finalisers that run now cannot create new ones */
	queue_finalisers(L, true);
	lv_gc_finalise(L);
}

/* ---- a cycle ----------------------------------------------------------------------------------------------------- */

static void sweep_protos(struct lv_state *L)
{
	for (uint32_t i = 0; i < L->nprotos; i++)
		if (L->protos[i] && !lv_marked(L->heap, L->protos[i])) {
			lv_jit_free_proto(L, L->protos[i]);
			L->protos[i] = NULL;
		}
}

static void sweep_threads(struct lv_state *L)
{
	struct lv_list *l = &L->heap->threads;
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (lv_marked(L->heap, l->p[i]))
			l->p[kept++] = l->p[i];
		else
			lv_thread_dispose(L, l->p[i]);
	}
	l->n = kept;
}

static void set_threshold(struct lv_heap *h)
{
	size_t least = (size_t)4 << 20, used = h->used + lv_outside(h), next = used / 100 * (size_t)h->pause;

	h->threshold = next > used + least / 2 ? next : used + least / 2;
	if (h->threshold < least)
		h->threshold = least;
}

void lv_gc_collect(struct lv_state *L)
{
	struct lv_heap *h = L->heap;

	if (h->collecting)
		return;
	h->collecting = true;
	lv_heap_retire(h);
	memset(h->mark, 0, h->top / LV_GRAIN / 8);
	h->weakval.n = h->ephemeron.n = h->allweak.n = h->grey.n = 0;
	h->overflow = false;
	mark_roots(L);
	drain(L);
	converge(L);
	clear_tables(h, &h->weakval, WEAK_VALUES);
	clear_tables(h, &h->allweak, WEAK_VALUES);
	queue_finalisers(L, false);
	drain(L);
	converge(L);
	clear_tables(h, &h->ephemeron, WEAK_KEYS);
	clear_tables(h, &h->allweak, WEAK_KEYS | WEAK_VALUES);
	clear_tables(h, &h->weakval, WEAK_VALUES);
	lv_str_sweep(L);
	sweep_protos(L);
	sweep_threads(L);
	lv_heap_sweep(h);
	set_threshold(h);
	h->cycles++;
	h->collecting = false;
	if (h->pending.n > 0 && !h->finalising)
		__atomic_or_fetch(&L->interrupt, LV_INT_FINALISE, __ATOMIC_RELAXED);
}

void lv_gc_full(struct lv_state *L)
{
	lv_gc_collect(L);
	lv_gc_finalise(L);
}

bool lv_gc_step(struct lv_state *L)
{
	lv_gc_full(L);
	return true;
}

void lv_gc_stop(struct lv_state *L, bool stop) { L->heap->stopped = stop; }
bool lv_gc_stopped(const struct lv_state *L) { return L->heap->stopped; }

void lv_gc_tune(struct lv_state *L, int pause_percent)
{
	L->heap->pause = pause_percent < 110 ? 110 : pause_percent > 1000 ? 1000 : pause_percent;
}

void lv_gc_stress(struct lv_state *L, uint32_t every)
{
	L->heap->stress = L->heap->stress_left = every;
}
