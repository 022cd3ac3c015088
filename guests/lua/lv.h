/* SPDX-License-Identifier: MIT
 * lv.h - the Lua guest's one private header: values, objects, frames, and what each file offers.
 *
 * Names: lv_ functions and struct tags, LV_ constants (lua_ is kept free for the C API of a later issue).
 *
 * MEMORY. Objects never move. The collector is stop-the-world mark and sweep; native stacks, saved registers and Lua
 * stacks are scanned CONSERVATIVELY (any word that points at or into a live object keeps it), the heap precisely.
 * So C code may hold object pointers in locals across allocations without anchoring them.
 *
 * ERRORS. lv_throw and friends longjmp to the innermost lv_pcall; C code that owns malloc'd memory across a call
 * that may throw must not exist: use lv_newbuf (collected) instead.
 *
 * FRAMES on the Lua stack (a fixed reservation per coroutine that never moves):
 *
 *       base[-2]   the function value being run
 *       base[-1]   frame info: struct lv_frame in the 16 bytes of one slot
 *       base[0..]  parameters and locals, operand stack right above them
 *
 * A caller pushes function, leaves one slot for the info, pushes the arguments: the callee's base is the first argument.
 * Results replace the function slot and what follows: result i stands at base[-2 + i].
 */
#ifndef LV_H
#define LV_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "hew.h"

#if defined(__SANITIZE_ADDRESS__)
#define LV_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LV_ASAN 1
#endif
#endif
#ifndef LV_ASAN
#define LV_ASAN 0
#endif

/* ---- values: 16 bytes -------------------------------------------------------------------- */

/* Order matters: falsy below TRUE, numbers adjacent, collectable from STR up. */
enum lv_tag {
	LV_NIL, LV_FALSE, LV_TRUE, LV_INT, LV_FLT, LV_LIGHT,
	LV_STR, LV_TABLE, LV_FUNC, LV_CFUNC, LV_USERDATA, LV_THREAD,
	LV_BOX, LV_PROTO, LV_BUF,		/* internal kinds, never seen by programs */
	LV_TAG_COUNT,
	LV_DEADKEY = 0xff			/* key of a removed hash node */
};

struct lv_value {
	union {
		int64_t i;
		double n;
		uint64_t bits;			/* 0 for nil, false and true, so equal tag and bits mean raw equal (but for floats) */
		void *p;
		struct lv_obj *o;
		struct lv_str *s;
		struct lv_table *t;
		struct lv_closure *f;
		struct lv_cfunc *c;
		struct lv_userdata *u;
		struct lv_thread *th;
		struct lv_box *box;
	};
	uint32_t tag;
	uint32_t aux;				/* free for whoever stores the value: chain link in hash nodes */
};
_Static_assert(sizeof(struct lv_value) == 16, "native code addresses slots as 16 * n");
_Static_assert(LV_TRUE == 2 && LV_FLT == LV_INT + 1 && LV_STR == 6, "tests on ranges of tags");

static inline bool lv_falsy(const struct lv_value *v) { return v->tag < LV_TRUE; }
static inline bool lv_isnum(const struct lv_value *v) { return v->tag - LV_INT < 2; }
static inline bool lv_iscollectable(const struct lv_value *v) { return v->tag >= LV_STR; }
static inline bool lv_isfunction(const struct lv_value *v) { return v->tag == LV_FUNC || v->tag == LV_CFUNC; }

static inline void lv_setnil(struct lv_value *v) { v->bits = 0; v->tag = LV_NIL; }
static inline void lv_setbool(struct lv_value *v, bool b) { v->bits = 0; v->tag = b ? LV_TRUE : LV_FALSE; }
static inline void lv_setint(struct lv_value *v, int64_t i) { v->i = i; v->tag = LV_INT; }
static inline void lv_setflt(struct lv_value *v, double n) { v->n = n; v->tag = LV_FLT; }
static inline void lv_setobj(struct lv_value *v, void *o, enum lv_tag tag) { v->p = o; v->tag = tag; }
static inline void lv_setstr(struct lv_value *v, struct lv_str *s) { lv_setobj(v, s, LV_STR); }

/* ---- objects ------------------------------------------------------------------------------- */

/* Every object starts with its tag. Mark bits live in the block of the heap, not here. */
struct lv_obj { uint8_t tag; uint8_t flags; uint16_t small; uint32_t word; };

#define LV_SHORT 40			/* strings up to this length are interned: equal means same pointer */
enum { LV_STR_LONG = 1, LV_STR_HASHED = 2 };	/* flags of a string */
struct lv_str {
	uint8_t tag, flags;
	uint16_t reserved;		/* > 0: this is the reserved word number so-and-so */
	uint32_t hash;			/* of short strings always, of long ones once LV_STR_HASHED */
	size_t len;
	struct lv_str *next;		/* chain of the intern table */
	char s[];			/* len bytes and a 0 */
};

/* Array part: positions 1..asize. INT and FLT kinds hold bare 8-byte numbers and no nil: setting nil at the end
 * shrinks, elsewhere converts to ANY. EMPTY: asize 0, arr NULL. */
enum lv_arr_kind { LV_ARR_EMPTY, LV_ARR_INT, LV_ARR_FLT, LV_ARR_ANY };
struct lv_node {
	struct lv_value val;		/* val.aux unused */
	struct lv_value key;		/* key.aux: 1 + index of the next node in the chain, 0 ends it */
};
struct lv_table {
	uint8_t tag;
	uint8_t absent;			/* bit e set: this table, as a metatable, has no field for event e (e < 8) */
	uint8_t kind;			/* enum lv_arr_kind */
	uint8_t gcflags;		/* weak keys, weak values, has finaliser */
	uint32_t asize;			/* array items in use; for INT and FLT all of them are set */
	void *arr;			/* int64_t *, double * or struct lv_value * */
	struct lv_node *node;		/* hmask + 1 nodes; an empty table points at one shared empty node */
	struct lv_table *meta;
	uint32_t hmask;
	uint32_t acap;			/* room in arr, in items */
	uint32_t lastfree;		/* free nodes are below this index */
	uint32_t hused;
};
/* native code reads these at fixed offsets */
_Static_assert(offsetof(struct lv_table, kind) == 2 && offsetof(struct lv_table, asize) == 4 &&
	offsetof(struct lv_table, arr) == 8 && offsetof(struct lv_table, node) == 16 &&
	offsetof(struct lv_table, meta) == 24 && offsetof(struct lv_table, hmask) == 32, "lift.c");

struct lv_box { uint8_t tag; uint8_t pad[7]; struct lv_value v; };	/* a captured local; upvalues point here */

struct lv_closure {
	uint8_t tag, nup;
	uint16_t pad; uint32_t pad2;
	struct lv_proto *p;
	struct lv_box *up[];
};

/* A C function gets its arguments a[0..n-1] (a == base of its frame) and pushes results at L->top; it returns how many.
 * LV_MINSTACK slots above the arguments are free; more through lv_checkstack. */
struct lv_state;
typedef int lv_cfn(struct lv_state *L, struct lv_value *a, int n);
struct lv_cfunc {
	uint8_t tag, nup;
	uint16_t builtin;		/* > 0: enum lv_builtin, known to interpreter and compiler */
	uint32_t pad;
	lv_cfn *fn;
	const char *name;		/* for messages; static storage */
	struct lv_value up[];
};

struct lv_userdata { uint8_t tag, gcflags; uint16_t pad; uint32_t pad2; size_t len; struct lv_table *meta; struct lv_value user; char data[] __attribute__((aligned(16))); };
struct lv_buf { uint8_t tag; uint8_t pad[7]; size_t len; char data[]; };	/* collected scratch bytes */

/* ---- code ------------------------------------------------------------------------------------ */

enum lv_op {
#define OP(name, a, b, c, w, fb, meaning) LV_OP_##name,
#include "ops.def"
	LV_OP_COUNT
};
struct lv_ins {
	uint8_t op, fb;
	uint16_t a;
	union {
		struct { uint16_t b, c; };
		int32_t w;
	};
};
_Static_assert(sizeof(struct lv_ins) == 8, "one word per instruction");
#define LV_OPEN 0xffff			/* count that means: up to L->top */

/* the CACHE word behind a CALL: what was called last, and whether ever anything else */
enum lv_callee { LV_CALLEE_NONE, LV_CALLEE_PROTO, LV_CALLEE_C, LV_CALLEE_MANY };
struct lv_call_cache { uint8_t op, kind; uint16_t builtin; uint32_t proto; };	/* proto: lv_proto.id */
_Static_assert(sizeof(struct lv_call_cache) == sizeof(struct lv_ins), "stands in the code");

/* feedback bits (lv_ins.fb); the interpreter ORs them in, only when not yet set */
enum { LV_FB_II = 1, LV_FB_FF = 2, LV_FB_MIX = 4, LV_FB_STR = 8, LV_FB_OTHER = 16 };	/* A and C: both int, both float, one each, strings, anything else */
enum { LV_FB_ARR_INT = 1, LV_FB_ARR_FLT = 2, LV_FB_ARR_ANY = 4, LV_FB_HASH = 8, LV_FB_MISS = 16,
       LV_FB_APPEND = 32, LV_FB_NONTABLE = 64, LV_FB_META = 128 };			/* I */
enum { LV_FB_FOR_INT = 1, LV_FB_FOR_FLT = 2 };						/* F */
enum { LV_FB_T_TABLE = 1, LV_FB_T_STR = 2, LV_FB_T_META = 4, LV_FB_T_NEXT = 8, LV_FB_T_OTHER = 16 };	/* T; T_NEXT: TFORCALL ran `next` */
/* H: 1 + index of the node that held the key, up to 254; 0 not known yet, 255 not found in a small hash part */

struct lv_updesc { struct lv_str *name; bool instack; uint8_t index; bool isconst; };	/* instack: box in local `index` of the enclosing function, else its upvalue */
struct lv_locvar { struct lv_str *name; uint16_t slot; uint8_t boxed; uint8_t attrib; uint32_t from, to; };	/* active in [from, to); hidden ones have names like "(for state)" */

struct lv_proto {
	uint8_t tag, nparams, isvararg, nups;
	uint32_t id;			/* never reused; see lv_state.protos */
	struct lv_ins *code; uint32_t ncode;
	uint32_t framesize;		/* slots a frame needs: locals + deepest stack */
	struct lv_value *k; uint32_t nk;
	struct lv_proto **p; uint32_t np;
	struct lv_updesc *up;
	struct lv_locvar *loc; uint32_t nloc;
	int32_t *line;			/* per instruction; NULL when stripped */
	struct lv_str *source;		/* "@file", "=name" or the text */
	int32_t linedefined, lastline;
	struct hew_tier tier;		/* counters and native entry, owned by the engine */
	void *jit;			/* owned by lift.c */
	struct lv_value *deep_base; int32_t deep_calls;	/* see only_descends in rt.c */
};

/* base[-1]: how this frame was entered */
struct lv_frame {
	const struct lv_ins *ret;	/* where the caller goes on; for a C function called from Lua likewise */
	uint32_t delta;			/* base - caller's base, in slots; 0: first frame of its coroutine */
	uint16_t want;			/* results wanted, LV_OPEN: all */
	uint16_t flags;
};
_Static_assert(sizeof(struct lv_frame) == sizeof(struct lv_value), "stands in one slot");
enum {
	LV_FR_FRESH = 1,		/* entered by a C call of lv_run: RETURN leaves lv_run */
	LV_FR_C = 2,			/* a C function's frame */
	LV_FR_TAIL = 4,			/* frames below were lost to tail calls */
	LV_FR_VARARG = 8,		/* moved up by VARARGPREP: base[-3].i extra arguments stand at base[-3 - n] ... base[-4] */
	LV_FR_META = 16,		/* entered for a metamethod: `word` of messages */
	LV_FR_FIN = 32,			/* runs a __gc or __close handler */
	LV_FR_NATIVE = 64		/* entered by native code, which cannot take LV_NATIVE_DEOPT for an answer */
};
static inline struct lv_frame *lv_frame(struct lv_value *base) { return (struct lv_frame *)&base[-1]; }

/* ---- events (metamethods) -------------------------------------------------------------------- */

enum lv_event {			/* the first eight have an `absent` bit; names in lv_state.event[] */
	LV_EV_INDEX, LV_EV_NEWINDEX, LV_EV_GC, LV_EV_MODE, LV_EV_LEN, LV_EV_EQ, LV_EV_CALL, LV_EV_CLOSE,
	LV_EV_ADD, LV_EV_SUB, LV_EV_MUL, LV_EV_DIV, LV_EV_MOD, LV_EV_IDIV, LV_EV_POW,
	LV_EV_BAND, LV_EV_BOR, LV_EV_BXOR, LV_EV_SHL, LV_EV_SHR, LV_EV_UNM, LV_EV_BNOT,
	LV_EV_LT, LV_EV_LE, LV_EV_CONCAT, LV_EV_TOSTRING, LV_EV_NAME, LV_EV_PAIRS, LV_EV_METATABLE,
	LV_EV_COUNT
};

/* functions the interpreter or the compiler treats specially; lv_cfunc.builtin */
enum lv_builtin {
	LV_B_NONE, LV_B_NEXT, LV_B_IPAIRS_STEP, LV_B_PCALL, LV_B_ERROR, LV_B_SELECT, LV_B_TYPE,
	LV_B_FLOOR, LV_B_CEIL, LV_B_SQRT, LV_B_ABS, LV_B_MAX, LV_B_MIN, LV_B_SIN, LV_B_COS, LV_B_RANDOM, LV_B_TOINTEGER,
	LV_B_BYTE, LV_B_SUB, LV_B_CHAR, LV_B_LEN,
	LV_B_INSERT, LV_B_REMOVE, LV_B_UNPACK, LV_B_RAWGET, LV_B_RAWLEN, LV_B_SETMETATABLE, LV_B_GETMETATABLE,
	LV_B_COUNT
};

/* ---- state: one per VM; the running coroutine's stack is cached in it -------------------------- */

enum lv_status { LV_OK, LV_YIELD, LV_ERRRUN, LV_ERRSYNTAX, LV_ERRMEM, LV_ERRERR, LV_ERRFILE };
enum lv_costatus { LV_CO_SUSPENDED, LV_CO_RUNNING, LV_CO_NORMAL, LV_CO_DEAD };

struct lv_jmp {			/* one lv_pcall in progress; chained per coroutine */
	struct lv_jmp *up;
	jmp_buf env;
	enum lv_status status;
	struct lv_value *base;		/* L->base to go back to */
	uint32_t ncalls;
};

struct lv_thread {		/* a coroutine; the main program is one too */
	uint8_t tag, status;		/* enum lv_costatus */
	uint16_t pad; uint32_t pad2;
	struct lv_thread *resumer;	/* who resumed it */
	struct lv_value *stack, *stack_last, *top;	/* Lua stack; top saved while not running */
	struct lv_value *base;		/* saved frame while not running */
	const struct lv_ins *pc;
	struct lv_jmp *jmp;
	struct lv_value *tbc;		/* newest to-be-closed slot, or NULL; older ones linked by aux of their slots (distance in slots) */
	struct hew_stack *native;
	void *native_limit, *native_deep;
	uint32_t deep_calls;		/* how often compiled code came to native_deep */
	uint32_t ncalls;		/* nested C calls, limit LV_MAXCCALLS */
	uint32_t nnoyield;		/* > 0: may not yield (inside sort, gsub, ... callbacks) */
	int nresults;			/* values handed over by resume and yield: topmost on the stack */
	enum lv_status error;		/* LV_OK, or why it died; the error value is at top[-1] */
	struct lv_thread *next_live;
};

struct lv_state {
	/* the part native code knows (offsets asserted in lift.c) */
	struct lv_value *base;		/* frame of the running function, valid whenever C code may look: set before any call out */
	const struct lv_ins *pc;	/* next instruction of that frame, likewise */
	struct lv_value *top;		/* first free slot for C functions; end of an open list */
	struct lv_value *stack_last;	/* frames may not reach beyond */
	void *native_limit;		/* nothing may go below */
	void *native_deep;		/* below, functions are interpreted: those calls take no native stack (lv_native_limits) */

	struct lv_thread *thread, *main;
	struct lv_jmp *jmp;
	struct lv_table *globals, *registry, *loaded;
	struct lv_table *meta[LV_TAG_COUNT];	/* metatables of basic types; meta[LV_STR] is the string library's */
	struct lv_str *event[LV_EV_COUNT];	/* "__index", ... */
	struct lv_str *memerr;			/* preallocated "not enough memory" */
	struct lv_heap *heap;
	struct lv_proto **protos; uint32_t nprotos, cap_protos;	/* by id; NULL once collected */
	struct hew *x;				/* engine */
	struct hew_guest_vm *g;			/* this guest with its tiers; NULL until something is hot */
	bool jit;				/* false with --jit=off or when executable memory is refused */
	struct hew_tier_options tier;
	uint32_t small_code;			/* as in lv_options */
	volatile int interrupt;			/* set by a signal handler; loops and calls look at it in lv_interrupt */
	uint64_t seed;				/* of string hashes */
	uint64_t rng[4];			/* math.random */
	void *lib;				/* io library's private state */
};

#define LV_MINSTACK 20
#define LV_MAXCCALLS 200
#define LV_MAXVARS 255			/* locals of one function */
#define LV_STACK_MAIN (1u << 20)	/* slots of the main stack (address space, committed when touched) */
#define LV_STACK_CORO (1u << 19)

/* ---- heap.c: blocks of size classes, large spans, marking and sweeping ---------------------------- */

bool lv_heap_open(struct lv_state *L, size_t limit);		/* limit in bytes, 0: none */
void lv_heap_close(struct lv_state *L);				/* frees everything without running finalisers */
void *lv_new(struct lv_state *L, size_t size, enum lv_tag tag);	/* cleared but for the tag; collects when due; throws LV_ERRMEM */
void *lv_vec(struct lv_state *L, void *old, size_t oldsize, size_t size);	/* plain memory owned by one object (arr, node, code); throws */
void lv_vec_free(struct lv_state *L, void *p, size_t size);
struct lv_buf *lv_newbuf(struct lv_state *L, size_t n);
void lv_gc_full(struct lv_state *L);
bool lv_gc_step(struct lv_state *L);				/* true when a cycle was finished */
size_t lv_gc_count(const struct lv_state *L);			/* bytes in use */
void lv_gc_stop(struct lv_state *L, bool stop);
bool lv_gc_stopped(const struct lv_state *L);
void lv_gc_tune(struct lv_state *L, int pause_percent);
void lv_gc_setfinaliser(struct lv_state *L, struct lv_obj *o);	/* called by setmetatable when the metatable has __gc */
void lv_gc_finish(struct lv_state *L);				/* run all pending finalisers, at exit */
struct lv_obj *lv_heap_find(const struct lv_state *L, const void *p);	/* the live object that p points into, or NULL: conservative scanning, tests */

/* ---- str.c, num.c ------------------------------------------------------------------------------------ */

struct lv_str *lv_str(struct lv_state *L, const char *s, size_t n);
struct lv_str *lv_strz(struct lv_state *L, const char *s);
struct lv_str *lv_strf(struct lv_state *L, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct lv_str *lv_strbuf(struct lv_state *L, size_t n);		/* long or short, bytes to be filled by the caller, then lv_strdone */
struct lv_str *lv_strdone(struct lv_state *L, struct lv_str *s);	/* interns if short; use the result */
uint32_t lv_strhash(struct lv_str *s);
bool lv_streq_long(const struct lv_str *a, const struct lv_str *b);
static inline bool lv_streq(const struct lv_str *a, const struct lv_str *b)
{ return a == b || ((a->flags & b->flags & LV_STR_LONG) && lv_streq_long(a, b)); }
int lv_strcmp(const struct lv_str *a, const struct lv_str *b);		/* strcoll over embedded zeros, as Lua has it */
void lv_str_sweep(struct lv_state *L);					/* by the collector: drop unmarked strings from the intern table */

size_t lv_str2num(const char *s, struct lv_value *out);		/* whole string incl. blanks; bytes used + 1, or 0 */
bool lv_tonum(const struct lv_value *v, struct lv_value *out);		/* number, or string that is one */
bool lv_tointeger(const struct lv_value *v, int64_t *out);		/* int, or float / string with exact integer value */
bool lv_flt2int(double n, int64_t *out);				/* exact only */
struct lv_str *lv_num2str(struct lv_state *L, const struct lv_value *v);	/* "%d", or "%.14g" with ".0" */
size_t lv_fmtnum(const struct lv_value *v, char out[64]);
int64_t lv_idiv(struct lv_state *L, int64_t a, int64_t b);		/* floor; throws on 0 */
int64_t lv_imod(struct lv_state *L, int64_t a, int64_t b);
double lv_fmod(double a, double b);
int64_t lv_shl(int64_t a, int64_t n);					/* Lua's: n may be negative or >= 64 */
/* does a numeric for over these run at all; index, limit and step stand at r[0..2] and are prepared: for integers r[1].i
 * becomes the number of turns left (unsigned), r[3] the visible copy. Throws "'for' initial value must be a number" etc. */
bool lv_forprep(struct lv_state *L, struct lv_value *r);

/* ---- table.c ------------------------------------------------------------------------------------------- */

struct lv_table *lv_table(struct lv_state *L, uint32_t narr, uint32_t nhash);
/* Raw reads: never throw, result by value through *out; false (and nil) when absent. */
bool lv_get(const struct lv_table *t, const struct lv_value *k, struct lv_value *out);
bool lv_geti(const struct lv_table *t, int64_t i, struct lv_value *out);
bool lv_getstr(const struct lv_table *t, const struct lv_str *s, struct lv_value *out);
struct lv_node *lv_findstr(const struct lv_table *t, const struct lv_str *s);	/* node of a key, NULL if absent (a node may hold nil) */
/* Raw writes: throw for nil and NaN keys ("index is nil", "index is NaN") and for lack of memory. */
void lv_set(struct lv_state *L, struct lv_table *t, const struct lv_value *k, const struct lv_value *v);
void lv_seti(struct lv_state *L, struct lv_table *t, int64_t i, const struct lv_value *v);
void lv_setfield(struct lv_state *L, struct lv_table *t, struct lv_str *s, const struct lv_value *v);
void lv_setz(struct lv_state *L, struct lv_table *t, const char *name, const struct lv_value *v);
uint64_t lv_len(const struct lv_table *t);				/* a border */
bool lv_next(struct lv_state *L, const struct lv_table *t, struct lv_value *key);	/* key[0] -> next key[0], key[1]; false at the end; throws "invalid key to 'next'" */
void lv_table_reserve(struct lv_state *L, struct lv_table *t, uint32_t narr, uint32_t nhash);
/* Inline fast paths for interpreter and library */
static inline bool lv_arr_get(const struct lv_table *t, int64_t i, struct lv_value *out)
{
	uint64_t at = (uint64_t)i - 1;

	if (at >= t->asize)
		return false;
	if (t->kind == LV_ARR_INT) { out->i = ((int64_t *)t->arr)[at]; out->tag = LV_INT; }
	else if (t->kind == LV_ARR_FLT) { out->n = ((double *)t->arr)[at]; out->tag = LV_FLT; }
	else *out = ((struct lv_value *)t->arr)[at];
	return true;
}

/* ---- meta.c: everything that may run a metamethod; all may throw, call Lua, collect ------------------------- */

struct lv_table *lv_metatable(struct lv_state *L, const struct lv_value *v);
bool lv_metafield(struct lv_state *L, const struct lv_value *v, enum lv_event e, struct lv_value *out);	/* false: none */
bool lv_absent(struct lv_state *L, struct lv_table *meta, enum lv_event e, struct lv_value *out);	/* true: no such field; uses and fills the absent cache; e < 8 */
void lv_index(struct lv_state *L, const struct lv_value *o, const struct lv_value *k, struct lv_value *out);
void lv_setindex(struct lv_state *L, const struct lv_value *o, const struct lv_value *k, const struct lv_value *v);
void lv_arith(struct lv_state *L, enum lv_event e, const struct lv_value *a, const struct lv_value *b, struct lv_value *out);	/* all cases, strings too */
bool lv_raweq(const struct lv_value *a, const struct lv_value *b);
bool lv_equal(struct lv_state *L, const struct lv_value *a, const struct lv_value *b);
bool lv_less(struct lv_state *L, const struct lv_value *a, const struct lv_value *b);
bool lv_lesseq(struct lv_state *L, const struct lv_value *a, const struct lv_value *b);
bool lv_lt_if(int64_t i, double f); bool lv_le_if(int64_t i, double f); bool lv_lt_fi(double f, int64_t i); bool lv_le_fi(double f, int64_t i);	/* exact mixed comparison */
void lv_length(struct lv_state *L, const struct lv_value *v, struct lv_value *out);
void lv_concat(struct lv_state *L, struct lv_value *from, int n, struct lv_value *out);
struct lv_str *lv_tostr(struct lv_state *L, const struct lv_value *v);		/* as the function tostring */
const char *lv_typename(const struct lv_value *v);				/* "nil", "boolean", "number", ... */
const char *lv_typename_meta(struct lv_state *L, const struct lv_value *v);	/* __name counts */

/* ---- state.c: open and close, calls, errors ------------------------------------------------------------------- */

/* small_code: divided by the instructions of a function, so many calls more until it is compiled, and LV_TURNS_A_CALL as many turns of a loop */
struct lv_options { size_t memory; bool jit; const struct hew_tier_options *tier; uint32_t small_code; };
enum { LV_TURNS_A_CALL = 8 };
enum lv_status lv_open(const struct lv_options *o, struct lv_state **out, char *why, size_t n);	/* with all libraries */
void lv_close(struct lv_state *L);
void lv_finish(struct lv_state *L);		/* closes and finalises what the program left open; lv_close does it, too */
/* Runs fn(L, arg) on the VM's own native stack, as the main program: everything below is called from there. */
enum lv_status lv_main(struct lv_state *L, void (*fn)(struct lv_state *, void *), void *arg);

/* Calls f (function at top[-2-n], info slot, n arguments on top of the stack); results replace it and follow it, L->top behind
 * the last. Returns how many; want = LV_OPEN or an exact number (padded with nil, cut). */
int lv_call(struct lv_state *L, struct lv_value *f, int n, int want);
/* The same, protected. On error: everything unwound to f, to-be-closed variables closed, error value at f[0], L->top = f + 1. handler: message
 * handler value or NULL, runs where the error happened. */
enum lv_status lv_pcall(struct lv_state *L, struct lv_value *f, int n, int want, const struct lv_value *handler);
/* Calls a metamethod or callback with up to 3 arguments, first result into *out if not NULL. */
void lv_call_values(struct lv_state *L, const struct lv_value *f, int n, const struct lv_value *args, struct lv_value *out, unsigned frame_flags);
void lv_checkstack(struct lv_state *L, size_t n);			/* n free slots above L->top or "stack overflow" */
struct lv_value *lv_push(struct lv_state *L, const struct lv_value *v);	/* pushes for C functions; within LV_MINSTACK unchecked */
void lv_pushnil(struct lv_state *L);
void lv_pushbool(struct lv_state *L, bool b);
void lv_pushint(struct lv_state *L, int64_t i);
void lv_pushflt(struct lv_state *L, double n);
void lv_pushstr(struct lv_state *L, struct lv_str *s);
void lv_pushz(struct lv_state *L, const char *s);
_Noreturn void lv_throw(struct lv_state *L, enum lv_status s);		/* error value at L->top[-1] */
_Noreturn void lv_error(struct lv_state *L, const char *fmt, ...) __attribute__((format(printf, 2, 3)));	/* with position of the running Lua function */
_Noreturn void lv_errorat(struct lv_state *L, int level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));	/* of the function `level` up */
_Noreturn void lv_throwstr(struct lv_state *L, struct lv_str *s);	/* as it is */
_Noreturn void lv_nomemory(struct lv_state *L);
void lv_close_tbc(struct lv_state *L, struct lv_value *level, const struct lv_value *err);	/* closes >= level, newest first */
struct lv_closure *lv_closure(struct lv_state *L, struct lv_proto *p);	/* with fresh nil boxes */
struct lv_cfunc *lv_cfunc(struct lv_state *L, lv_cfn *fn, const char *name, int nup);
/* Compiles a chunk of text or loads a binary one; closure with _ENV = globals in *out, or the message and LV_ERRSYNTAX. mode: "b", "t", "bt" or NULL */
enum lv_status lv_load(struct lv_state *L, const char *s, size_t n, const char *chunkname, const char *mode, struct lv_value *out);
enum lv_status lv_loadfile(struct lv_state *L, const char *path, const char *mode, struct lv_value *out);	/* NULL: stdin; skips a first line that starts with # */

/* ---- debug.c: names and lines for messages; tracebacks ------------------------------------------------------------ */

_Noreturn void lv_typeerror(struct lv_state *L, const struct lv_value *v, const char *doing);	/* "attempt to <doing> a nil value (local 'x')"; v: slot of the running frame, or upvalue box, or a copy (then no name) */
void lv_check_metamethod(struct lv_state *L, const struct lv_value *f, unsigned flags);	/* throws unless f, about to be called in a frame of these flags, can be called */
_Noreturn void lv_aritherror(struct lv_state *L, enum lv_event e, const struct lv_value *a, const struct lv_value *b);
_Noreturn void lv_concaterror(struct lv_state *L, const struct lv_value *a, const struct lv_value *b);
_Noreturn void lv_compareerror(struct lv_state *L, const struct lv_value *a, const struct lv_value *b);
_Noreturn void lv_interror(struct lv_state *L, const struct lv_value *a, const struct lv_value *b);	/* "number has no integer representation" */
struct lv_activation { struct lv_value *base; struct lv_value func; const struct lv_ins *pc; const struct lv_frame *frame; };
bool lv_activation(struct lv_state *L, struct lv_thread *th, int level, struct lv_activation *out);	/* 0 = running function; false: no such level */
int lv_line(const struct lv_proto *p, const struct lv_ins *pc);	/* -1: not known */
const char *lv_funcname(struct lv_state *L, struct lv_thread *th, int level, const char **name);	/* namewhat ("global", "local", "method", "field", "upvalue", "metamethod", "for iterator", ""), name NULL if none */
void lv_shortsrc(const struct lv_str *source, char out[60]);		/* as luaO_chunkid does: [string "..."], file name cut on the left */
struct lv_str *lv_traceback(struct lv_state *L, struct lv_thread *th, const char *msg, int level);

/* ---- argument checks for libraries: aux.c ---------------------------------------------------------------------------- */

_Noreturn void lv_argerror(struct lv_state *L, int arg, const char *msg);	/* arg counts from 1; "bad argument #1 to 'f' (msg)", shifted for methods */
_Noreturn void lv_argtype(struct lv_state *L, int arg, const char *expected, const struct lv_value *got);	/* got NULL: no value */
/* i counts from 0; n = number of arguments */
int64_t lv_argint(struct lv_state *L, struct lv_value *a, int n, int i);
int64_t lv_optint(struct lv_state *L, struct lv_value *a, int n, int i, int64_t def);
double lv_argnum(struct lv_state *L, struct lv_value *a, int n, int i);
struct lv_str *lv_argstr(struct lv_state *L, struct lv_value *a, int n, int i);		/* numbers are converted */
struct lv_str *lv_optstr(struct lv_state *L, struct lv_value *a, int n, int i, struct lv_str *def);
struct lv_table *lv_argtable(struct lv_state *L, struct lv_value *a, int n, int i);
struct lv_value *lv_argany(struct lv_state *L, struct lv_value *a, int n, int i);
struct lv_value *lv_argfunc(struct lv_state *L, struct lv_value *a, int n, int i);
static inline bool lv_noneornil(struct lv_value *a, int n, int i) { return i >= n || a[i].tag == LV_NIL; }

struct lv_reg { const char *name; lv_cfn *fn; enum lv_builtin builtin; };
struct lv_table *lv_newlib(struct lv_state *L, const char *global, const struct lv_reg *r, size_t n);	/* new table with these, also set as a global and in package.loaded; NULL global name "_G": into the globals */

/* string builder for libraries: grows in collected memory */
struct lv_sb { struct lv_buf *b; size_t n; };
void lv_sb_init(struct lv_state *L, struct lv_sb *sb);
char *lv_sb_room(struct lv_state *L, struct lv_sb *sb, size_t n);	/* n writable bytes at the end; then sb->n += used */
void lv_sb_add(struct lv_state *L, struct lv_sb *sb, const char *s, size_t n);
static inline void lv_sb_char(struct lv_state *L, struct lv_sb *sb, char c) { lv_sb_add(L, sb, &c, 1); }
struct lv_str *lv_sb_done(struct lv_state *L, struct lv_sb *sb);

/* ---- coro.c --------------------------------------------------------------------------------------------------------------- */

struct lv_thread *lv_thread(struct lv_state *L, const struct lv_value *f);
/* Runs th with n arguments (a[0..n-1]); results or error value pushed at L->top; LV_OK finished, LV_YIELD yielded, else error. *nres: how many. */
enum lv_status lv_resume(struct lv_state *L, struct lv_thread *th, const struct lv_value *a, int n, int *nres);
int lv_yield(struct lv_state *L, const struct lv_value *a, int n);	/* returns with the values of the next resume pushed; their number */
enum lv_status lv_coclose(struct lv_state *L, struct lv_thread *th);	/* closes pending variables; error value pushed if not LV_OK */
bool lv_isyieldable(const struct lv_state *L);

/* ---- lex.c parse.c code.c verify.c chunk.c listing.c: the front end ------------------------------------------------------------ */

struct lv_proto *lv_compile(struct lv_state *L, const char *s, size_t n, const char *chunkname);	/* throws LV_ERRSYNTAX */
bool lv_verify(struct lv_state *L, const struct lv_proto *p, char *why, size_t n);	/* structure, operands, jumps, stack discipline, recursively */
struct lv_str *lv_dump(struct lv_state *L, const struct lv_proto *p, bool strip);
struct lv_proto *lv_undump(struct lv_state *L, const char *s, size_t n, const char *chunkname);	/* checks, verifies; throws LV_ERRSYNTAX */
struct lv_str *lv_listing(struct lv_state *L, const struct lv_proto *p);	/* --dump=bytecode */
extern const char *const lv_opname[LV_OP_COUNT];
struct lv_opinfo { char a, b, c, w, fb; };	/* the column letters of ops.def, '_' and '-' as there */
extern const struct lv_opinfo lv_opinfo[LV_OP_COUNT];

/* ---- interp.c -------------------------------------------------------------------------------------------------------------------- */

/* Runs the frame at base from pc until that activation, marked LV_FR_FRESH, returns. The results stand at base[-2]...;
 * returns their number; L->top is behind the last when the frame wants LV_OPEN. */
int lv_run(struct lv_state *L, struct lv_value *base, const struct lv_ins *pc);
void lv_interrupt(struct lv_state *L);		/* called when L->interrupt is seen: throws "interrupted!" */

/* ---- rt.c lift.c: native code ------------------------------------------------------------------------------------------------------ */

bool lv_jit_open(struct lv_state *L, char *why, size_t n);		/* false: why says so */
void lv_jit_close(struct lv_state *L);
void lv_jit_free_proto(struct lv_state *L, struct lv_proto *p);		/* by the collector */
void lv_jit_stats(struct lv_state *L);					/* prints to stderr */

/* ---- lib_*.c ------------------------------------------------------------------------------------------------------------------------- */

void lv_open_base(struct lv_state *L); void lv_open_string(struct lv_state *L); void lv_open_table(struct lv_state *L);
void lv_open_math(struct lv_state *L); void lv_open_utf8(struct lv_state *L); void lv_open_io(struct lv_state *L);
void lv_open_os(struct lv_state *L); void lv_open_coroutine(struct lv_state *L); void lv_open_debug(struct lv_state *L);
void lv_open_package(struct lv_state *L);

/* ---- JIT hooks and slow paths: between interp.c, state.c, meta.c and native code ------------------------------------------------------- */

/* Native code of a function is entered as entry(L, base): the frame is pushed (base[-2], base[-1]), L->base == base, fixed
 * parameters are filled up with nil, and L->top == base + number of arguments passed (of interest to vararg functions, whose
 * frame has not been moved yet). It returns when that activation returned:
 *
 *   bits   payload of the first result
 *   word   count << 8 | tag of the first result; 0 when there is none. Results 2, 3, ... stand at base[-1], base[0], ...:
 *          result i (from 0) at base[-2 + i], i >= 1
 *   word == LV_NATIVE_DEOPT: not finished; interpretation goes on in the frame L->base at L->pc. Frames of inlined callees
 *          are materialised above base, every one linked by lv_frame(...)->delta down to base.
 *
 * Errors leave native code by longjmp. lv_frame(base) belongs to the caller: its flags say LV_FR_FRESH when C called. */
struct lv_native { int64_t bits; int64_t word; };
typedef struct lv_native lv_native_fn(struct lv_state *L, struct lv_value *base);
#define LV_NATIVE_DEOPT INT64_C(-1)
struct lv_native lv_enter_code(struct lv_state *L, struct lv_value *base, void *code);	/* rt.c: by the engine's trampoline */
static inline struct lv_native lv_enter_native(struct lv_state *L, struct lv_value *base, struct lv_proto *p)
{ return lv_enter_code(L, base, p->tier.entry); }

/* Called when a counter fell below zero, with L->base and L->pc stored; they set the counter anew. interp.c has weak
 * versions that only do that. lv_hot_loop: base's function took the back edge to pc (the loop header: where the jump of LOOP, FORLOOP or
 * TFORLOOP leads). It may run native code from there; the result is as for an entry, but counted from where
 * results of this frame belong (lv_results). Most often: LV_NATIVE_DEOPT with L->base and L->pc as they were. */
struct lv_native lv_hot_loop(struct lv_state *L, struct lv_value *base, const struct lv_ins *pc);
void lv_hot_call(struct lv_state *L, struct lv_closure *f);

/* Copies payload and tag by two narrow loads: a wide load of a slot that was just written in two parts waits for both stores. */
static inline void lv_copy(struct lv_value *d, const struct lv_value *s)
{
	uint64_t bits = s->bits;
	uint32_t tag = s->tag;

	d->bits = bits;
	d->tag = tag;
}

/* Where result 0 of the frame at base belongs: base - 2, or below the extra arguments of a vararg frame. */
static inline struct lv_value *lv_results(struct lv_value *base)
{
	if (lv_frame(base)->flags & LV_FR_VARARG)
		base -= base[-3].i + base[-2].f->p->nparams + 3;
	return base - 2;
}
/* First slot above everything in use: L->top for a C function, behind the frame (and a pending open list) for a Lua function. */
struct lv_value *lv_frametop(const struct lv_state *L);
struct lv_thread *lv_mainthread(struct lv_state *L);		/* coro.c: the main thread's record, with the pool of stacks behind it */
struct lv_str *lv_globalname(struct lv_state *L, const struct lv_value *f);	/* debug.c: "print", "string.format": by package.loaded; NULL: none */
#define LV_STACK_RESERVE 8192					/* slots at the end of a Lua stack, for message handlers */
#define LV_NATIVE_MARGIN (80u << 10)				/* bytes between native_limit and the guard page */
struct lv_value *lv_stack_map(size_t slots);
void lv_stack_init(struct lv_thread *th, struct lv_value *stack, size_t slots);
void lv_native_limits(struct lv_thread *th);		/* for the native stack it has now, or none */
void lv_native_deeper(struct lv_state *L);		/* compiled code has come to native_deep */
/* Runs fn(L, arg) protected, without a message handler; on error *err is set, L->base and L->pc stay where it happened. */
enum lv_status lv_protect(struct lv_state *L, void (*fn)(struct lv_state *, void *), void *arg, struct lv_value *err);
enum lv_status lv_close_protected(struct lv_state *L, struct lv_value *level, enum lv_status s, struct lv_value *err);	/* every pending variable >= level; errors replace s and *err */
void lv_thread_dispose(struct lv_state *L, struct lv_thread *th);	/* by the collector: th is garbage, its stacks go back to the pool */
void lv_pool_free(struct lv_state *L);				/* by lv_close: gives the pooled stacks back to the system */

/* Slow paths of instructions; L->base and L->pc are stored, i is the instruction, operands are decoded from it. */
void lv_op_arith(struct lv_state *L, const struct lv_ins *i);		/* ADD ... SHR in all forms, UNM, BNOT */
bool lv_op_compare(struct lv_state *L, const struct lv_ins *i);		/* the condition of J<cmp>[K] or, negated, JN<cmp>[K]: jump or not */
void lv_op_getfield(struct lv_state *L, const struct lv_ins *i, const struct lv_value *o);	/* GETFIELD, GETTABUP, SELF: R(a) := o[K(c)] */
void lv_op_setfield(struct lv_state *L, const struct lv_ins *i, const struct lv_value *o, const struct lv_value *v);
void lv_op_getindex(struct lv_state *L, const struct lv_ins *i, const struct lv_value *k);	/* GETINDEX, GETINDEXI: R(a) := R(b)[k] */
void lv_op_setindex(struct lv_state *L, const struct lv_ins *i, const struct lv_value *k, const struct lv_value *v);	/* R(a)[k] := v */
void lv_op_len(struct lv_state *L, const struct lv_ins *i);
bool lv_tforcall_inline(struct lv_state *L, const struct lv_ins *i, struct lv_value *r);	/* interp.c: next and ipairs; false: call it */
void lv_rt_field(struct lv_state *L, const struct lv_ins *i, const struct lv_value *o, struct lv_value *out);	/* interp.c: *out := o[K(c)], all cases */
int lv_call_native(struct lv_state *L, struct lv_value *f, int n, int want);	/* state.c: lv_call for native code: not a call from C */
bool lv_load_item(struct lv_value *d, const struct lv_table *t, int64_t key, const struct lv_ins *i);	/* interp.c: the inline paths for array items; false: not one */
bool lv_store_item(struct lv_table *t, int64_t key, const struct lv_value *v, const struct lv_ins *i);
bool lv_forstep(struct lv_value *r);					/* interp.c: one more turn of a numeric loop? */
void lv_gc_native_stacks(struct lv_state *L, void (*visit)(void *arg, const void *lo, const void *hi), void *arg);	/* gc.c */
void lv_op_closure(struct lv_state *L, const struct lv_ins *i);
void lv_op_setlist(struct lv_state *L, const struct lv_ins *i);
void lv_op_tbc(struct lv_state *L, struct lv_value *v);			/* v becomes a to-be-closed variable */
void lv_op_vararg(struct lv_state *L, const struct lv_ins *i);
struct lv_value *lv_op_varargprep(struct lv_state *L, struct lv_value *base, uint32_t nparams);	/* moves the frame up; the new base */
uint32_t lv_op_callable(struct lv_state *L, struct lv_value *f, uint32_t n);	/* f with n arguments is not a function: puts its __call in front, or throws; the new n */
void lv_adjust(struct lv_state *L, struct lv_value *dst, const struct lv_value *src, uint32_t n, uint32_t want);	/* n values at src become `want` at dst */
_Noreturn void lv_stackoverflow(struct lv_state *L);
_Noreturn void lv_cstackoverflow(struct lv_state *L);

#endif
