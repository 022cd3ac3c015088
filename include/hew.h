/* SPDX-License-Identifier: MIT
 * hew.h - the public API of hew, a JIT compiler for virtual machines and emulators.
 */
#ifndef HEW_H
#define HEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define _Noreturn [[noreturn]]
#endif

struct hew;			/* a context: one per virtual machine, used by one thread at a time */
struct hew_guest_vm;		/* one guest with its tiers, opened in a context */
struct hew_stack;		/* a native stack that control can be switched to */
struct hew_unit;
struct hew_event;

enum hew_status {
	HEW_OK,
	HEW_NO_MEMORY,
	HEW_NO_EXEC,		/* the system refuses executable memory; interpretation goes on */
	HEW_BUDGET,		/* the code budget is used up */
	HEW_BAD_ARG,
	HEW_BAD_IR,		/* the verifier or the parser refused it; hew_error says where */
	HEW_CANNOT,		/* this function cannot be compiled (too big, ...) */
	HEW_FAULT		/* the evaluator met a fault such as a division by zero */
};

/* ---- native stacks: for coroutines and for running a guest deeper than the host's stack allows --------
 *
 * hew_stack_new reserves `bytes` of address space with a guard page below; memory is committed as it is touched.
 * fn(arg) starts at the first switch to the stack and must not return: it ends by switching elsewhere for good.
 * hew_stack_switch saves the running context in *from (a stack made by hew_stack_here for the thread's own) and continues in *to.
 */
enum hew_status hew_stack_new(size_t bytes, void (*fn)(void *arg), void *arg, struct hew_stack **out);
enum hew_status hew_stack_here(struct hew_stack **out);
void hew_stack_reset(struct hew_stack *s, void (*fn)(void *arg), void *arg);	/* use a finished stack again */
void hew_stack_free(struct hew_stack *s);
void hew_stack_switch(struct hew_stack *from, struct hew_stack *to);
void *hew_stack_limit(const struct hew_stack *s);	/* lowest usable address */
void *hew_stack_base(const struct hew_stack *s);	/* one past the highest */
void *hew_stack_sp(const struct hew_stack *s);		/* saved stack pointer of a stack that is not running: words in [sp, base) are its live part */

/* ---- contexts ----------------------------------------------------------------------------------------------
 *
 * One context per virtual machine; any thread may own one, one thread at a time uses it. Nothing is shared between
 * contexts, nothing is global. The library never exits and never prints.
 */
struct hew_options {
	size_t code_reserve;		/* address space for code in bytes; 0: 64 MiB */
	size_t code_budget;		/* most bytes of live code; 0: the reserve */
	const char *target;		/* "x64"; NULL: of this machine */
	bool verify;			/* run the IR verifier between passes and the allocation checker: for tests */
	bool flip;			/* tests: write code by changing protection instead of through a second mapping */
};
enum hew_status hew_open(const struct hew_options *o, struct hew **out);	/* o may be NULL; HEW_NO_EXEC: *out is a context that can build and evaluate, but not compile */
void hew_close(struct hew *x);				/* frees all code; none may be running */
const char *hew_error(const struct hew *x);		/* what the last failed call says, one sentence; "" if none failed. x may be NULL */
const char *hew_code_mode(const struct hew *x);		/* how code memory was got, one sentence */
const char *hew_status_text(enum hew_status s);

/* ---- functions ----------------------------------------------------------------------------------------------
 *
 * Values are numbers that mean something in their function only. Building folds constants and shares equal pure
 * operations. A mistake (wrong type, value of another function, missing memory) makes the function bad: further calls do
 * nothing and hew_compile says what it was. Meanings of the operations: docs/ir.md.
 */
typedef int32_t hew_val;
typedef uint32_t hew_block;
typedef uint32_t hew_state;
typedef enum hew_type { HEW_VOID, HEW_I32, HEW_I64, HEW_PTR, HEW_F32, HEW_F64 } hew_type;
typedef enum hew_width { HEW_FULL, HEW_8S, HEW_8U, HEW_16S, HEW_16U, HEW_32S, HEW_32U } hew_width;
struct hew_fn;

struct hew_fn *hew_fn_new(struct hew *x, const char *name, hew_type result, int n, const hew_type *args);	/* NULL: no memory */
void hew_fn_result2(struct hew_fn *f, hew_type second);	/* a second result, in the platform's second result register */
void hew_fn_free(struct hew_fn *f);			/* also done by hew_compile */
hew_val hew_arg(struct hew_fn *f, int i);

hew_val hew_i32(struct hew_fn *f, int32_t x);
hew_val hew_i64(struct hew_fn *f, int64_t x);
hew_val hew_f64(struct hew_fn *f, double x);
hew_val hew_f32(struct hew_fn *f, float x);
hew_val hew_ptr(struct hew_fn *f, const void *p);
bool hew_is_const(const struct hew_fn *f, hew_val v, int64_t *bits);	/* bits may be NULL */
hew_type hew_type_of(const struct hew_fn *f, hew_val v);

#define HEW_BINARY(X) X(add) X(sub) X(mul) X(smulh) X(umulh) X(and) X(or) X(xor) X(shl) X(shr) X(sar) \
	X(sdiv) X(srem) X(udiv) X(urem) X(eq) X(ne) X(lt) X(le) X(ult) X(ule) X(feq) X(fne) X(flt) X(fle) \
	X(fadd) X(fsub) X(fmul) X(fdiv)
#define HEW_UNARY(X) X(neg) X(not) X(sext8) X(sext16) X(fneg) X(fabs) X(fsqrt) X(ffloor) X(fceil) X(ftrunc)
#define HEW_CONVERT(X) X(sext) X(zext) X(trunc) X(itof) X(ftoi) X(fcvt) X(bitcast)
#define X(name) hew_val hew_##name(struct hew_fn *f, hew_val a, hew_val b);
HEW_BINARY(X)
#undef X
#define X(name) hew_val hew_##name(struct hew_fn *f, hew_val a);
HEW_UNARY(X)
#undef X
#define X(name) hew_val hew_##name(struct hew_fn *f, hew_type to, hew_val a);
HEW_CONVERT(X)
#undef X
/* With the promise that nothing overflows as a signed operation; if it does, the result may be any. */
hew_val hew_add_nsw(struct hew_fn *f, hew_val a, hew_val b);
hew_val hew_sub_nsw(struct hew_fn *f, hew_val a, hew_val b);
hew_val hew_mul_nsw(struct hew_fn *f, hew_val a, hew_val b);
hew_val hew_shl_nsw(struct hew_fn *f, hew_val a, hew_val b);
hew_val hew_sp(struct hew_fn *f);		/* an address inside the native frame: for stack checks */
hew_val hew_select(struct hew_fn *f, hew_val cond, hew_val yes, hew_val no);
hew_val hew_stack(struct hew_fn *f, uint32_t bytes, uint32_t align);	/* address of memory in the native frame, gone when the function returns; align: up to 16 */
hew_val hew_inargs(struct hew_fn *f);		/* address of the first argument that came on the stack: for variadic functions */
hew_val hew_callee(struct hew_fn *f, struct hew_fn *callee);	/* address of a function that is compiled together with f (hew_compile_all), f itself for example */

/* Memory at base + offset. cls: alias class of the function's table; accesses of different classes never overlap. A load stays behind the
 * branches it stands behind; in a guest's lift it may be made wherever its operands exist, so there an address is made from what a check gave. */
enum { HEW_CLASS_IMMUTABLE = 1,		/* never written while the function runs */
	HEW_CLASS_ANY = 4,		/* overlaps all other classes: bytes, for example */
	HEW_CLASS_CHANGING = 2 };	/* may change at any moment: every load is made where it stands */
void hew_class(struct hew_fn *f, unsigned cls, const char *name, unsigned flags);
hew_val hew_load(struct hew_fn *f, hew_type t, hew_width w, unsigned cls, hew_val base, int32_t offset);
void hew_store(struct hew_fn *f, hew_width w, unsigned cls, hew_val base, int32_t offset, hew_val v);

/* Blocks with arguments. The function starts in its entry block; jumping to a block passes its arguments. */
hew_block hew_block_new(struct hew_fn *f);
hew_val hew_block_arg(struct hew_fn *f, hew_block b, hew_type t);
void hew_begin(struct hew_fn *f, hew_block b);
void hew_cold(struct hew_fn *f, hew_block b);			/* rarely reached: placed out of the way */
void hew_jump(struct hew_fn *f, hew_block to, int n, const hew_val *args);
void hew_branch(struct hew_fn *f, hew_val cond, hew_block yes, int n_yes, const hew_val *yes_args, hew_block no, int n_no, const hew_val *no_args);
void hew_switch(struct hew_fn *f, hew_val v, int n, const int64_t *value, const hew_block *to, hew_block otherwise);	/* the blocks take no arguments */
void hew_ret(struct hew_fn *f, hew_val v);			/* 0: no value */
void hew_ret2(struct hew_fn *f, hew_val a, hew_val b);
bool hew_ended(const struct hew_fn *f);				/* the current block has its jump or return already */

/* Calls. reads, writes: sets of alias classes (bit per class) the callee touches. */
/* TWICE: the callee may return again later, as setjmp does. What hew_stack gives out in the caller then stays in memory. */
enum { HEW_CALL_VARIADIC = 1, HEW_CALL_TWICE = 2 };
struct hew_call {
	hew_type result[2];		/* HEW_VOID: none */
	uint32_t reads, writes;		/* HEW_ALL_CLASSES when unknown */
	unsigned flags;
	hew_state state;		/* how the guest's frame looks if the callee throws or collects; 0: it does neither */
};
#define HEW_ALL_CLASSES UINT32_MAX
hew_val hew_call(struct hew_fn *f, hew_val target, const struct hew_call *c, int n, const hew_val *args);
hew_val hew_result2(struct hew_fn *f, hew_val call);		/* right behind the call */

/* Frame states and guards. A guard that fails leaves the compiled code: the guest's frame is rebuilt from the state and the
 * interpreter goes on at its pc. Users of what was checked take the guard's value. A state may be used until the next
 * store or call; make a new one behind it. */
enum hew_mode { HEW_RETRY, HEW_CONTINUE };
struct hew_state_slot { uint32_t slot; uint32_t tag; hew_val dynamic_tag; hew_val value; };	/* dynamic_tag 0: tag is known */
struct hew_state_info {
	hew_state parent;		/* state of the caller this frame is inlined into, or 0 */
	const void *func;
	uint32_t pc;
	enum hew_mode mode;
	uint32_t result;		/* HEW_CONTINUE: slot of the result */
	hew_val frame;			/* address of the guest's frame */
	int32_t frame_offset;
};
hew_state hew_state_new(struct hew_fn *f, const struct hew_state_info *s, int n, const struct hew_state_slot *slots);
void hew_block_state(struct hew_fn *f, hew_block header, hew_state s);	/* a loop header's own state: guards may be hoisted to it */
enum hew_check { HEW_CHECK_COND, HEW_CHECK_TAG, HEW_CHECK_SHAPE, HEW_CHECK_IDENTITY, HEW_CHECK_BOUNDS, HEW_CHECK_NONZERO,
	HEW_CHECK_POLL };		/* asks for attention: its exits do not count as wrong guesses */
hew_val hew_check(struct hew_fn *f, enum hew_check kind, hew_val cond, hew_val v, hew_state s);	/* v may be 0 */
hew_val hew_addo(struct hew_fn *f, hew_val a, hew_val b, hew_state s);	/* leave on signed overflow */
hew_val hew_subo(struct hew_fn *f, hew_val a, hew_val b, hew_state s);
hew_val hew_mulo(struct hew_fn *f, hew_val a, hew_val b, hew_state s);
void hew_exit(struct hew_fn *f, hew_state s);			/* leave always */

/* ---- compiled code ----------------------------------------------------------------------------------------- */

struct hew_code;
struct hew_compile_options {
	int level;			/* 1: build, allocate, emit; 2: optimise (0 means 2) */
	const char *passes;		/* instead of the level's: comma-separated pass names, "" for none */
	uint64_t stress;		/* not 0: seed that randomises the allocator */
	unsigned max_regs;		/* not 0: allocate from so many general and floating registers only */
	long *fail_guard;		/* not NULL: counts down at each guard; the guard that makes it 0 fails */
	char **ir_text, **asm_text;	/* not NULL: malloc'ed dumps after optimising; the caller frees */
};
enum hew_status hew_compile(struct hew_fn *f, const struct hew_compile_options *o, struct hew_code **out);	/* consumes f */
/* Functions that call each other, linked directly; small ones are inlined. Consumes all; on error *out is NULLs. Release all or none. */
enum hew_status hew_compile_all(struct hew *x, int n, struct hew_fn *const *fns, const struct hew_compile_options *o, struct hew_code **out);
void *hew_entry(const struct hew_code *c);			/* a C function pointer */
size_t hew_code_size(const struct hew_code *c);
void hew_release(struct hew_code *c);				/* no thread may be inside */

/* ---- a guest: an interpreter that wants a compiler ------------------------------------------------------------ */

struct hew_slot { uint32_t slot, tag; int64_t bits; };
struct hew_frame {			/* one interpreter frame to rebuild, outermost first */
	const void *func;
	uint32_t pc;
	enum hew_mode mode;
	uint32_t result;
	void *frame;
	int n;
	const struct hew_slot *slot;
	bool innermost;
};
struct hew_result { int64_t bits, word; };	/* what compiled code returns in its two result registers */
#define HEW_DEOPTIMISED (-1)			/* word: the frame was rebuilt, interpret on (see hew_enter) */

struct hew_lift {			/* what the engine asks of the guest */
	const void *func;
	uint32_t pc;			/* HEW_AT_ENTRY, or the loop header to enter at */
	void *frame;			/* the frame that made it hot: a loop's present values may guide the guesses */
	unsigned attempt;		/* how often this function was compiled before */
};
#define HEW_AT_ENTRY UINT32_MAX

struct hew_guest {
	const char *name;
	/* Builds IR for one function from a pc on. Compiled code is called as struct hew_result f(vm, frame). Runs inside the engine: it may
	 * end by hew_bail at any time. */
	void (*lift)(void *vm, const struct hew_lift *what, struct hew_fn *f);
	void (*rebuild)(void *vm, const struct hew_frame *frame);
	/* Runs the innermost rebuilt frame in the interpreter until the outermost rebuilt one returns. */
	struct hew_result (*resume)(void *vm, void *frame, uint64_t pc);
	/* An exit at pc failed too often: remember that the guess there was wrong. May be NULL. */
	void (*widen)(void *vm, const void *func, uint32_t pc);
	/* Calls visit(arg, lo, hi) for every native stack that may hold return addresses into compiled code. */
	void (*stacks)(void *vm, void (*visit)(void *arg, const void *lo, const void *hi), void *arg);
};

struct hew_tier_options {
	int call_threshold, loop_threshold;	/* -1: never; 0: at once; see hew_tier_defaults */
	int exit_limit;				/* failures of one exit until its function is compiled anew */
	int attempt_limit;			/* recompilations until guesses are given up, twice as many until the function is barred */
	int level;
	bool verify;
	uint64_t stress;
	/* Tests of exits: fail_every: of all guards executed every so many-th fails, counted in *fail_guard (then not NULL). fail_each: every
	 * guard of every unit fails the first time it is executed. */
	long *fail_guard;
	long fail_every;
	bool fail_each;
	/* Called with what happened, for --jit-stats and dumps; may be NULL. Dumps only when wanted. */
	void (*event)(void *arg, const struct hew_event *e);
	void *event_arg;
	bool want_ir, want_asm;
};
enum hew_event_kind { HEW_EV_COMPILED, HEW_EV_BAILED, HEW_EV_EXIT_LIMIT, HEW_EV_RETIRED, HEW_EV_BARRED, HEW_EV_FREED };
struct hew_event {
	enum hew_event_kind kind;
	const void *func;
	uint32_t pc;
	const char *why;		/* bailed: the reason; exit limit: kind of the guard */
	uint64_t ns;			/* compiled: time it took */
	size_t bytes;
	const char *ir, *assembly;	/* texts if wanted, valid during the call */
};
struct hew_tier_stats { uint64_t compiled, bailed, exits, retired, freed, barred, compile_ns, code_bytes, live_bytes; };

/* Embedded in each function of the guest; hew_tier_init before use, hew_tier_drop before the function goes. */
struct hew_tier {
	void *entry;			/* compiled code, to be called by hew_enter or by compiled code; NULL: interpret */
	int32_t calls, loops;		/* count down; below zero: call hew_tier_up */
	uint32_t attempts;
	bool barred;
	bool careful;			/* a check that was moved out of a loop failed too often: none is moved any more */
	struct hew_unit *units;
};
/* For the interpreter, at a call and at a jump back: is it time for hew_tier_up? */
static inline bool hew_hot(struct hew_tier *t) { return --t->calls < 0; }
static inline bool hew_hot_loop(struct hew_tier *t) { return --t->loops < 0; }

struct hew_tier_options hew_tier_defaults(void);
enum hew_status hew_guest_open(struct hew *x, const struct hew_guest *guest, const struct hew_tier_options *o, void *vm, struct hew_guest_vm **out);
void hew_guest_close(struct hew_guest_vm *g);
void hew_tier_init(struct hew_guest_vm *g, struct hew_tier *t);	/* g may be NULL: counters that never get hot */
/* The counter of calls (pc HEW_AT_ENTRY) or loops (pc of the header) ran out: compile, install, set the counters anew.
 * Returns the code to enter at that pc, or NULL. */
void *hew_tier_up(struct hew_guest_vm *g, struct hew_tier *t, const void *func, uint32_t pc, void *frame);
void hew_tier_drop(struct hew_guest_vm *g, struct hew_tier *t);		/* the function is going, or was replaced: its code is retired */
/* Calls compiled code from C. word == HEW_DEOPTIMISED: *frame and *pc say where the interpreter goes on. */
struct hew_result hew_enter(struct hew_guest_vm *g, void *code, void *vm, void *frame, void **resume_frame, uint64_t *resume_pc);
size_t hew_collect_code(struct hew_guest_vm *g);			/* frees retired code that no stack refers to; bytes freed */
void hew_get_tier_stats(const struct hew_guest_vm *g, struct hew_tier_stats *out);

/* In lift only: memory that lives as long as f, cleared; and giving up, which does not return. */
void *hew_fn_alloc(struct hew_fn *f, size_t n);
_Noreturn void hew_bail(struct hew_fn *f, const char *why);

#ifdef __cplusplus
#undef _Noreturn
}
#endif
#endif
