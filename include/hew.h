/* SPDX-License-Identifier: MIT
 * hew.h - the public API of hew, a JIT compiler for virtual machines and emulators.
 *
 * docs/tutorial.md teaches it, docs/api.md is this header as a page, docs/ir.md says what each operation means.
 *
 * Rules that hold everywhere:
 *   handles  are opaque and belong to who made them; each has one function that frees it
 *   errors   a function that can fail for reasons of the caller or the system returns enum hew_status; hew_error has the sentence
 *   out      is written on every return: the new thing, or NULL when there is none
 *   threads  a context and all that was made in it is used by one thread at a time; contexts share nothing
 *   strings  given are copied unless said otherwise; those returned as const char * belong to the library
 */
#ifndef HEW_H
#define HEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define HEW_NORETURN [[noreturn]]
extern "C" {
#else
#define HEW_NORETURN _Noreturn
#endif

/* ---- status ------------------------------------------------------------------------------------------------- */

/* What a call came to. */
enum hew_status {
	HEW_OK,			/* done */
	HEW_NO_MEMORY,		/* the system gives no more memory */
	HEW_NO_EXEC,		/* the system refuses executable memory; interpretation goes on */
	HEW_BUDGET,		/* the code budget is used up */
	HEW_BAD_ARG,		/* an argument is wrong */
	HEW_BAD_IR,		/* the builder, the verifier or the parser refused it; hew_error says where */
	HEW_CANNOT,		/* this function cannot be compiled (too big, ...) */
	HEW_FAULT		/* the evaluator met a fault such as a division by zero; no function of this header gives it yet */
};

/* A status in a few words, for any number. */
const char *hew_status_text(enum hew_status s);

/* ---- contexts ------------------------------------------------------------------------------------------------
 *
 * One context per virtual machine; any thread may own one, one thread at a time uses it. Nothing is shared between
 * contexts, nothing is global. The library never exits and never prints.
 */

/* A context: code memory and the last error. */
struct hew;

/* How a context is opened. All zero is the default of each. */
struct hew_options {
	size_t code_reserve;		/* address space for code in bytes; 0: 64 MiB */
	size_t code_budget;		/* most bytes of live code; 0: the reserve */
	const char *target;		/* "x64"; NULL: of this machine */
	bool verify;			/* run the IR verifier between passes and the allocation checker: for tests */
	bool flip;			/* tests: write code by changing protection instead of through a second mapping */
};

/* Opens a context; o may be NULL. HEW_NO_EXEC: *out is a context all the same, which can build functions but not compile them.
 * Other failures leave NULL: HEW_NO_MEMORY, or HEW_BAD_ARG for an unknown target. */
enum hew_status hew_open(const struct hew_options *o, struct hew **out);

/* Frees the context and all code in it, none of which may be running. Release compiled code and close guests before. x may be NULL. */
void hew_close(struct hew *x);

/* What the last failed call says, in one sentence without a newline; "" if none failed. Valid until the next failure. x may be NULL.
 * Mistakes in building are named with function, operation and operand: "f: operand 2 of add is not a value of this function",
 * "f: add does not take i64 and i32". */
const char *hew_error(const struct hew *x);

/* How code memory was got, or why it was not, in one sentence. */
const char *hew_code_mode(const struct hew *x);

/* ---- functions -----------------------------------------------------------------------------------------------
 *
 * A function is built value by value, then compiled. Building folds constants and shares equal pure operations.
 *
 * Nothing needs to be checked on the way. A mistake (wrong type, value of another function, missing memory) makes the function bad:
 * further calls do nothing and return 0, and hew_compile says what the first mistake was.
 */

/* A function being built, with all its memory. */
struct hew_fn;

typedef int32_t hew_val;		/* a value, meaningful in its function only; 0: none */
typedef uint32_t hew_block;		/* a block of its function; 0: the entry block */
typedef uint32_t hew_state;		/* a frame state of its function; 0: none */

/* Types of values. */
typedef enum hew_type {
	HEW_VOID,			/* no value */
	HEW_I32,			/* 32 bits, with or without sign; also what comparisons give: 1 or 0 */
	HEW_I64,			/* 64 bits, with or without sign */
	HEW_PTR,			/* an address */
	HEW_F32,			/* float */
	HEW_F64				/* double */
} hew_type;

/* A function of n arguments that the platform's C calling convention passes; result may be HEW_VOID. What follows is built in its
 * entry block. NULL: no memory. The name is for errors and dumps. */
struct hew_fn *hew_fn_new(struct hew *x, const char *name, hew_type result, int n, const hew_type *args);

/* The function has a second result, in the platform's second result register; return with hew_ret2. */
void hew_fn_result2(struct hew_fn *f, hew_type second);

/* How the function's arguments are passed: an enum hew_pass of each. */
void hew_fn_pass(struct hew_fn *f, const uint8_t *pass);

/* f is of the guest convention, for functions that hand a guest's state on to each other in registers: twelve integers and pointers and fifteen
 * floats travel in registers on x86-64, the first five integers in those that calls of C functions leave alone; no register is kept for the
 * caller. Only calls with HEW_CALL_GUEST, and the tail calls of other such functions, can call it: C code enters it through a function of the C
 * convention that makes one. Call it before calls are built. Not for a guest's lift. */
void hew_fn_guest(struct hew_fn *f);

/* Only functions that are compiled together with f refer to it (hew_callee). If all calls of it have become its body and nobody asks for its
 * address, it gets no code: hew_compile_all gives NULL for it. */
void hew_fn_local(struct hew_fn *f);

/* Throws a function away. hew_compile does it, too. f may be NULL. */
void hew_fn_free(struct hew_fn *f);

/* Argument i of the function, from 0 on. */
hew_val hew_arg(struct hew_fn *f, int i);

/* Constants. A pointer must stay valid as long as the code is used. */
hew_val hew_i32(struct hew_fn *f, int32_t x);
hew_val hew_i64(struct hew_fn *f, int64_t x);
hew_val hew_f64(struct hew_fn *f, double x);
hew_val hew_f32(struct hew_fn *f, float x);
hew_val hew_ptr(struct hew_fn *f, const void *p);

/* Is v a constant? *bits gets its value: HEW_I32 with its sign, floating ones as their bits. bits may be NULL. */
bool hew_is_const(const struct hew_fn *f, hew_val v, int64_t *bits);

/* The type of v; HEW_VOID if it is not a value of f. */
hew_type hew_type_of(const struct hew_fn *f, hew_val v);

/* ---- operations ----------------------------------------------------------------------------------------------
 *
 * Both operands of a binary operation have one type, which is also the result's. Integers wrap around. Nothing is undefined, but that
 * integer division raises SIGFPE for a divisor of 0 and for the least number / -1, as a C program's would.
 */

/* Two operands. Shifts and rotl take their count modulo the width; it may be of the other integer type. eq to ule compare integers and pointers, feq to fle
 * floating numbers; all give HEW_I32 1 or 0, false for NaN but in fne. add and sub take HEW_PTR and HEW_I64, too. */
#define HEW_BINARY(X) X(add) X(sub) X(mul) X(smulh) X(umulh) X(and) X(or) X(xor) X(shl) X(shr) X(sar) X(rotl) \
	X(sdiv) X(srem) X(udiv) X(urem) X(eq) X(ne) X(lt) X(le) X(ult) X(ule) X(feq) X(fne) X(flt) X(fle) \
	X(fadd) X(fsub) X(fmul) X(fdiv)
#define X(name) hew_val hew_##name(struct hew_fn *f, hew_val a, hew_val b);
HEW_BINARY(X)
#undef X

/* One operand, of the result's type. */
#define HEW_UNARY(X) X(neg) X(not) X(sext8) X(sext16) X(bswap) X(fneg) X(fabs) X(fsqrt) X(ffloor) X(fceil) X(ftrunc)
#define X(name) hew_val hew_##name(struct hew_fn *f, hew_val a);
HEW_UNARY(X)
#undef X

/* To another type. */
#define HEW_CONVERT(X) X(sext) X(zext) X(trunc) X(itof) X(ftoi) X(fcvt) X(bitcast)
#define X(name) hew_val hew_##name(struct hew_fn *f, hew_type to, hew_val a);
HEW_CONVERT(X)
#undef X

/* With the promise that nothing overflows as a signed operation; if it does, the result may be any. Loops get faster by it. */
hew_val hew_add_nsw(struct hew_fn *f, hew_val a, hew_val b);
hew_val hew_sub_nsw(struct hew_fn *f, hew_val a, hew_val b);
hew_val hew_mul_nsw(struct hew_fn *f, hew_val a, hew_val b);
hew_val hew_shl_nsw(struct hew_fn *f, hew_val a, hew_val b);

/* yes if the HEW_I32 cond is not 0, else no; both are computed. */
hew_val hew_select(struct hew_fn *f, hew_val cond, hew_val yes, hew_val no);

/* ---- memory --------------------------------------------------------------------------------------------------
 *
 * Memory at base + offset, in the order of the processor, aligned or not. Each access names an alias class, 0 to 31: accesses of different
 * classes are promised never to overlap, so the compiler keeps what it knows of one over stores to another. When in doubt, use class 0
 * for everything.
 *
 * A load stays behind the branches it stands behind. Only in a guest's lift it may be made wherever its operands exist; there
 * an address is made from what a check gave.
 */

/* How many bytes an access has. Narrower ones are extended to the integer type they are loaded as, S with the sign, U with zeros. */
typedef enum hew_width {
	HEW_FULL,			/* all of the type */
	HEW_8S, HEW_8U,			/* 1 byte, as HEW_I32 or HEW_I64 */
	HEW_16S, HEW_16U,		/* 2 bytes, the same */
	HEW_32S, HEW_32U		/* 4 bytes, as HEW_I64 */
} hew_width;

/* Flags of an alias class. */
enum {
	HEW_CLASS_IMMUTABLE = 1,	/* never written while the function runs */
	HEW_CLASS_CHANGING = 2,		/* may change at any moment: every load is made where it stands */
	HEW_CLASS_ANY = 4,		/* overlaps all other classes: bytes, for example */
	HEW_CLASS_EXACT = 8		/* two accesses of it are to the same bytes or have none in common: numbers at multiples of their size */
};

/* Names class cls (letters, digits, _ . $; a letter first) and sets its flags. Needed only for names in dumps and for flags. */
void hew_class(struct hew_fn *f, unsigned cls, const char *name, unsigned flags);

/* The value of type t at base (HEW_PTR) + offset bytes. */
hew_val hew_load(struct hew_fn *f, hew_type t, hew_width w, unsigned cls, hew_val base, int32_t offset);

/* Stores v, or with a width its lowest bytes. */
void hew_store(struct hew_fn *f, hew_width w, unsigned cls, hew_val base, int32_t offset, hew_val v);

/* Address of memory in the native frame, not cleared, gone when the function returns. align: 1, 2, 4, 8 or 16. */
hew_val hew_stack(struct hew_fn *f, uint32_t bytes, uint32_t align);

/* An address inside the native frame: for stack checks. */
hew_val hew_sp(struct hew_fn *f);

/* ---- blocks --------------------------------------------------------------------------------------------------
 *
 * A function is a graph of blocks. Blocks take arguments; jumping to a block passes them, as many as it has and of their types. A
 * value is used only where every way from the entry has come through its definition. Each block that can be reached ends in one jump,
 * branch, switch, return or exit.
 */

/* A new block, empty and without arguments. */
hew_block hew_block_new(struct hew_fn *f);

/* One more argument of b. Ask for all before b is jumped to; the entry block has those of the function instead. */
hew_val hew_block_arg(struct hew_fn *f, hew_block b, hew_type t);

/* What follows is built at the end of b. */
void hew_begin(struct hew_fn *f, hew_block b);

/* b is rarely reached: its code is placed out of the way. */
void hew_cold(struct hew_fn *f, hew_block b);

/* Goes on in a block with n arguments; args may be NULL when n is 0. */
void hew_jump(struct hew_fn *f, hew_block to, int n, const hew_val *args);

/* Goes on in yes if the HEW_I32 cond is not 0, else in no. */
void hew_branch(struct hew_fn *f, hew_val cond, hew_block yes, int n_yes, const hew_val *yes_args, hew_block no, int n_no, const hew_val *no_args);

/* Goes on in to[i] if v is value[i], of which HEW_I32 takes the low half, else in otherwise. The n values differ; the blocks take no
 * arguments. Where values lie close together it is a table of jumps. */
void hew_switch(struct hew_fn *f, hew_val v, int n, const int64_t *value, const hew_block *to, hew_block otherwise);

/* Returns v, which is 0 when the function has no result; or two results. */
void hew_ret(struct hew_fn *f, hew_val v);
void hew_ret2(struct hew_fn *f, hew_val a, hew_val b);

/* Has the current block its jump or return already? Also true of a bad function, so that loops over it end. */
bool hew_ended(const struct hew_fn *f);

/* ---- calls ---------------------------------------------------------------------------------------------------- */

/* Flags of a call. A cold or tail call that has arguments on the stack or other flags is an ordinary one, so is a cold one with two results of
 * one kind (integers or floats) and a tail one with a state; a tail call may go through a place. An ordinary call whose results are returned
 * right behind it takes over the stack as well, where nothing of the caller's is on it. */
enum {
	HEW_CALL_VARIADIC = 1,		/* the callee is declared with "..." */
	HEW_CALL_TWICE = 2,		/* it may return again later, as setjmp does; what hew_stack gives out in the caller then stays in memory */
	HEW_CALL_COLD = 4,		/* seldom made: a stub of some fifty instructions keeps all registers; calls in cold blocks are made so, too */
	HEW_CALL_TAIL = 8,		/* its results are returned right behind it: the callee takes over the stack, and hew_stack memory is gone */
	HEW_CALL_GUEST = 32,		/* the callee is of the guest convention: see hew_fn_guest; a tail call is of the convention of its function */
	HEW_CALL_THROUGH = 16		/* the target is not what is called but the address of a place that says what: see hew_set_target */
};

/* The set of all alias classes. */
#define HEW_ALL_CLASSES UINT32_MAX

/* What is called. All zero: no result, touches no memory that the function loads or stores, neither throws nor collects. */
struct hew_call {
	hew_type result[2];		/* HEW_VOID: none */
	uint32_t reads, writes;		/* alias classes the callee touches, a bit for each; HEW_ALL_CLASSES when unknown */
	unsigned flags;			/* HEW_CALL_..., or 0 */
	hew_state state;		/* how the guest's frame looks if the callee throws or collects; 0: it does neither */
	const uint8_t *pass;		/* an enum hew_pass of each argument, for structs by value; NULL: all are alone */
};

/* Calls target (HEW_PTR), a C function with n arguments of the values' types. Its first result, or 0 if it has none. */
hew_val hew_call(struct hew_fn *f, hew_val target, const struct hew_call *c, int n, const hew_val *args);

/* Makes calls with HEW_CALL_THROUGH whose target is `place` call `target` from now on, tail calls jump to it. Any thread may do so while others run such
 * calls: each goes to the old or to the new target. The place belongs to the caller, is aligned as a pointer, and is read at every call;
 * where it is near the code, by the call instruction itself. Old code may be released when nobody can be inside. */
void hew_set_target(const void **place, const void *target);

/* The second result of a call. Stands right behind the call. */
hew_val hew_result2(struct hew_fn *f, hew_val call);

/* ---- structs by value -------------------------------------------------------------------------------------------
 *
 * The platform's convention takes a struct apart, into registers or words on the stack. hew_struct_types says into what: so many arguments of
 * a call, or parameters of a function, take its place. hew_struct_load makes their values from the struct in memory, hew_struct_store
 * the struct from them. A struct that is returned comes as one or two results (hew_struct_results), or else the caller passes an
 * address for it as first argument, which the callee returns.
 */

/* How an argument is passed, beside by its type. */
enum hew_pass {
	HEW_ALONE,			/* in a register while there are any for its type */
	HEW_WITH_NEXT,			/* in a register if there is one for the next argument, too; else both on the stack */
	HEW_ON_STACK,			/* as 8 bytes on the stack, whatever registers are free */
	HEW_ON_STACK_16			/* the same, at an address divisible by 16 */
};

/* A member that is a number or a pointer; those of inner structs and arrays count one by one. */
struct hew_field {
	uint32_t offset;		/* bytes from the start of the struct */
	uint32_t size;			/* 1, 2, 4, 8 or 16 bytes; 4 or 8 of a float */
	bool is_float;			/* float or double; else an integer or pointer */
};

/* A struct as C lays it out. */
struct hew_struct {
	uint32_t size, align;		/* bytes; size at least 1 and at most 65536 */
	uint32_t n;			/* members */
	const struct hew_field *field;	/* n of them, in any order */
};

/* The types of what takes the struct's place, and how each is passed; room for (size + 7) / 8 of either. Returns how many, or 0: it is no
 * struct. */
int hew_struct_types(struct hew *x, const struct hew_struct *s, hew_type *types, uint8_t *pass);

/* The types of the results as which a struct is returned, at most 2. 0: it is returned in memory, or it is no struct. */
int hew_struct_results(struct hew *x, const struct hew_struct *s, hew_type types[2]);

/* Loads them from the struct at address, or stores them there; cls is the alias class of its memory. */
void hew_struct_load(struct hew_fn *f, const struct hew_struct *s, unsigned cls, hew_val address, hew_val *values);
void hew_struct_store(struct hew_fn *f, const struct hew_struct *s, unsigned cls, hew_val address, const hew_val *values);

/* Address of a function that is compiled in the same hew_compile_all as f, f itself for example. It must not have been freed by then. */
hew_val hew_callee(struct hew_fn *f, struct hew_fn *callee);

/* Address of the first argument that came on the stack: for variadic functions. */
hew_val hew_inargs(struct hew_fn *f);

/* ---- frame states and guards ----------------------------------------------------------------------------------
 *
 * Only for guests. A guard that fails leaves the compiled code: the guest's frame is rebuilt from the state and the
 * interpreter goes on at its pc. Users of what was checked take the guard's value, so that nothing moves above its check. A state may be
 * used until the next store or call; make a new one behind it.
 */

/* Where the interpreter goes on. */
enum hew_mode {
	HEW_RETRY,			/* at pc, whose instruction has done nothing yet */
	HEW_CONTINUE			/* behind the instruction at pc, with its result in a slot */
};

/* What one slot of the guest's frame holds. Slots and tags are the guest's own numbers. */
struct hew_state_slot {
	uint32_t slot;			/* its number */
	uint32_t tag;			/* the tag, if it is known */
	hew_val dynamic_tag;		/* HEW_I32: the tag, if it is not; 0: it is known */
	hew_val value;			/* 0: dead, rebuilt as 0 */
};

/* A frame state: one frame of the guest at one pc. */
struct hew_state_info {
	hew_state parent;		/* state of the caller this frame is inlined into, or 0 */
	const void *func;		/* the guest's function */
	uint32_t pc;			/* an instruction of it */
	enum hew_mode mode;		/* at it or behind it */
	uint32_t result;		/* HEW_CONTINUE: slot of the result */
	hew_val frame;			/* HEW_PTR: address of the guest's frame */
	int32_t frame_offset;		/* bytes to be added to it */
};

/* A state of n slots. Slots that are not named keep what the frame's memory holds. */
hew_state hew_state_new(struct hew_fn *f, const struct hew_state_info *s, int n, const struct hew_state_slot *slots);

/* A loop header's own state, as before its first instruction: checks that do not change in the loop may be moved before the loop with it. */
void hew_block_state(struct hew_fn *f, hew_block header, hew_state s);

/* What a check is about: for people and statistics. All do the same. */
enum hew_check {
	HEW_CHECK_COND,			/* any condition */
	HEW_CHECK_TAG,			/* the type tag of a value */
	HEW_CHECK_SHAPE,		/* how an object is laid out */
	HEW_CHECK_IDENTITY,		/* one function or object and no other */
	HEW_CHECK_BOUNDS,		/* an index */
	HEW_CHECK_NONZERO,		/* a number or pointer is not 0 */
	HEW_CHECK_POLL			/* somebody asks for attention: its exits do not count as wrong guesses */
};

/* v, if the HEW_I32 cond is not 0; else leaves through s. v may be 0: nothing depends on it. */
hew_val hew_check(struct hew_fn *f, enum hew_check kind, hew_val cond, hew_val v, hew_state s);

/* Sum, difference, product of integers; leave through s when it overflows as a signed number. */
hew_val hew_addo(struct hew_fn *f, hew_val a, hew_val b, hew_state s);
hew_val hew_subo(struct hew_fn *f, hew_val a, hew_val b, hew_state s);
hew_val hew_mulo(struct hew_fn *f, hew_val a, hew_val b, hew_state s);

/* Leaves through s always; ends the block. */
void hew_exit(struct hew_fn *f, hew_state s);

/* ---- functions as text -----------------------------------------------------------------------------------------
 *
 * docs/ir.md has the grammar. What is printed reads back as the same function.
 */

/* What has been built of f, as text from malloc that the caller frees; NULL: no memory. Works on unfinished and on bad functions, too. */
char *hew_fn_text(struct hew_fn *f);

/* The address of what a text calls @name, or NULL when there is no such thing. */
typedef void *hew_symbol_fn(void *arg, const char *name);

/* Reads all functions of a text into out, which has max places; *n says how many. Calls of each other by name are linked: compile those
 * together, with one hew_compile_all. symbol may be NULL: no symbol is known. Strings in the text live as long as the context. HEW_BAD_IR: "line 3: what is wrong".
 * HEW_BAD_ARG: more than max. On failure *n is 0. */
enum hew_status hew_fn_parse(struct hew *x, const char *text, hew_symbol_fn *symbol, void *arg, int max, struct hew_fn **out, int *n);

/* ---- compiled code -------------------------------------------------------------------------------------------- */

/* Compiled code of one function. */
struct hew_code;

/* How to compile. All zero is the default of each. */
struct hew_compile_options {
	int level;			/* 1: build, allocate, emit; 2: optimise (0 means 2) */
	const char *passes;		/* instead of the level's: comma-separated pass names, "" for none */
	uint64_t stress;		/* tests, not 0: seed that randomises the allocator */
	unsigned max_regs;		/* tests, not 0: allocate from so many general and floating registers only */
	/* What would go over these is refused with HEW_CANNOT, and all that it took is given back. */
	size_t max_memory;		/* not 0: most bytes of memory for one function and the work on it, its code not counted */
	unsigned max_ms;		/* not 0: most milliseconds for the whole call */
	long *fail_guard;		/* tests, not NULL: counts down at each guard; the guard that makes it 0 fails */
	char **ir_text;			/* not NULL: gets the IR after optimising as text, from malloc, or NULL; the caller frees it */
	char **asm_text;		/* not NULL: the same for the machine code */
};

/* Compiles f and frees it, also on failure; o may be NULL. HEW_BAD_IR: f was built wrongly. HEW_CANNOT, HEW_NO_MEMORY, HEW_BUDGET,
 * HEW_NO_EXEC: nothing is wrong with f. */
enum hew_status hew_compile(struct hew_fn *f, const struct hew_compile_options *o, struct hew_code **out);

/* Functions that call each other (hew_callee), linked directly; small ones are inlined. Frees all, also on failure. out has n places; on
 * failure they are NULL, and so is that of a local function that nobody needs (hew_fn_local). Release all or none. */
enum hew_status hew_compile_all(struct hew *x, int n, struct hew_fn *const *fns, const struct hew_compile_options *o, struct hew_code **out);

/* The code as a C function pointer: cast it to the type that was built. Any thread may call it. */
void *hew_entry(const struct hew_code *c);

/* Bytes of machine code. */
size_t hew_code_size(const struct hew_code *c);

/* Frees code that no thread is inside. c may be NULL. */
void hew_release(struct hew_code *c);

/* ---- a guest: an interpreter that wants a compiler --------------------------------------------------------------
 *
 * The interpreter counts calls and jumps back with hew_hot and hew_hot_loop. When one gets hot it calls hew_tier_up, which has the guest's
 * lift build IR and compiles it, and enters the code with hew_enter. When a guard fails, the guest's rebuild writes the interpreter's
 * frame and the interpreter goes on. Exits are counted: code that is left too often is given up and made anew.
 *
 * Everything happens in the thread that uses the context.
 */

/* One guest with its tiers, opened in a context. */
struct hew_guest_vm;

/* One slot of a frame to rebuild: number, tag and the value's bits, HEW_I32 with its sign, HEW_F32 in the low half. */
struct hew_slot { uint32_t slot, tag; int64_t bits; };

/* One interpreter frame to rebuild, as a state said it; inlined frames come outermost first. A frame of more than 256 slots comes in
 * several calls, with other slots each time. */
struct hew_frame {
	const void *func;		/* the guest's function */
	uint32_t pc;			/* where to go on */
	enum hew_mode mode;		/* at pc or behind it */
	uint32_t result;		/* HEW_CONTINUE: slot of the result */
	void *frame;			/* the guest's frame, frame_offset added */
	int n;				/* slots to write */
	const struct hew_slot *slot;	/* valid during the call */
	bool innermost;			/* the last call of this exit: the interpreter goes on in this frame */
};

/* What compiled code returns in its two result registers, bits first. The guest decides what they mean, but word is not HEW_DEOPTIMISED. */
struct hew_result { int64_t bits, word; };

/* As word of hew_enter's result: a guard failed and the frame was rebuilt; the interpreter goes on. */
#define HEW_DEOPTIMISED (-1)

/* As pc: the beginning of a function, not a loop. */
#define HEW_AT_ENTRY UINT32_MAX

/* What the engine asks lift for. */
struct hew_lift {
	const void *func;		/* the guest's function */
	uint32_t pc;			/* HEW_AT_ENTRY, or the loop header to enter at */
	void *frame;			/* the frame that made it hot: a loop's present values may guide the guesses */
	unsigned attempt;		/* how often this function was given up before; from attempt_limit on guess nothing */
};

/* What a guest gives the engine. lift, rebuild and resume are needed. vm is what hew_guest_open was given. */
struct hew_guest {
	const char *name;		/* for dumps; kept, not copied */
	/* Builds IR for one function from a pc on. Compiled code is called as struct hew_result f(vm, frame), its arguments 0 and 1, and
	 * returns with hew_ret2. Any call of the builder may leave by longjmp when memory ends, so keep memory by hew_fn_alloc only. */
	void (*lift)(void *vm, const struct hew_lift *what, struct hew_fn *f);
	/* Writes one frame, as compiled code is left. Must not call compiled code, leave by longjmp, or free code. */
	void (*rebuild)(void *vm, const struct hew_frame *frame);
	/* Runs the innermost rebuilt frame in the interpreter from pc on until the outermost rebuilt one returns; gives what that returns. Called
	 * when compiled code had called the code that was left. */
	struct hew_result (*resume)(void *vm, void *frame, uint64_t pc);
	/* An exit at pc failed too often: remember that the guess there was wrong. May be NULL. */
	void (*widen)(void *vm, const void *func, uint32_t pc);
	/* Calls visit(arg, lo, hi) for every native stack that may hold return addresses into compiled code. NULL: retired code is freed only
	 * when the guest is closed. */
	void (*stacks)(void *vm, void (*visit)(void *arg, const void *lo, const void *hi), void *arg);
};

/* What happened; see struct hew_event. */
enum hew_event_kind {
	HEW_EV_COMPILED,		/* code was made and installed */
	HEW_EV_BAILED,			/* it could not be made; interpretation goes on */
	HEW_EV_EXIT_LIMIT,		/* an exit failed too often: the function's code is given up */
	HEW_EV_RETIRED,			/* code is not entered any more */
	HEW_EV_BARRED,			/* the function is not compiled any more */
	HEW_EV_FREED			/* memory of retired code was freed */
};

/* An event; what it points to is valid during the call. */
struct hew_event {
	enum hew_event_kind kind;	/* what happened */
	const void *func;		/* to this function of the guest */
	uint32_t pc;			/* HEW_AT_ENTRY or a loop header; exit limit: of the guard */
	const char *why;		/* bailed, retired: the reason; exit limit: kind of the guard */
	uint64_t ns;			/* compiled: nanoseconds it took, lift left out */
	size_t bytes;			/* of machine code */
	const char *ir, *assembly;	/* compiled: texts if wanted, else NULL */
};

/* When code is made and given up. Begin with hew_tier_defaults. */
struct hew_tier_options {
	int call_threshold;		/* calls until a function is compiled; -1: never; 0: at once */
	int loop_threshold;		/* the same for jumps back */
	int exit_limit;			/* failures of one exit until its function is compiled anew */
	int attempt_limit;		/* recompilations until guesses are given up, twice as many until the function is barred */
	int level;			/* as in struct hew_compile_options */
	size_t max_memory;		/* as there: what would go over is not compiled, now */
	unsigned max_ms;		/* the same for the time */
	bool verify;			/* tests: check IR and allocation */
	uint64_t stress;		/* tests: as in struct hew_compile_options */
	/* tests, not NULL: of all guards executed every fail_every-th fails, counted here */
	long *fail_guard;
	long fail_every;		/* see fail_guard */
	bool fail_each;			/* tests: every guard of every unit fails the first time it is executed */
	void (*event)(void *arg, const struct hew_event *e);	/* told what happened; may be NULL; must not compile or free code */
	void *event_arg;		/* its arg */
	bool want_ir, want_asm;		/* events have the texts of compiled code */
};

/* Sums since the guest was opened. */
struct hew_tier_stats {
	uint64_t compiled, bailed, exits, retired, freed, barred;	/* how often each happened */
	uint64_t compile_ns;		/* nanoseconds spent on compiling */
	uint64_t code_bytes;		/* of all code made */
	uint64_t live_bytes;		/* of code not freed yet */
};

/* Code made for one function or loop. */
struct hew_unit;

/* Embedded in each function of the guest; hew_tier_init before use, hew_tier_drop before the function goes. Do not move it in between. */
struct hew_tier {
	void *entry;			/* compiled code, to be called by hew_enter or by compiled code; NULL: interpret */
	int32_t calls, loops;		/* count down; below zero: call hew_tier_up */
	uint32_t attempts;		/* how often its code was given up */
	bool barred;			/* no more attempts */
	bool careful;			/* a check that was moved out of a loop failed too often: none is moved any more */
	struct hew_unit *units;		/* all code of the function */
};

/* For the interpreter, at a call and at a jump back: is it time for hew_tier_up? */
static inline bool hew_hot(struct hew_tier *t) { return --t->calls < 0; }
static inline bool hew_hot_loop(struct hew_tier *t) { return --t->loops < 0; }

/* Thresholds of 1000, exit limit 16, attempt limit 4, level 2; the rest 0. */
struct hew_tier_options hew_tier_defaults(void);

/* Opens a guest; o may be NULL for the defaults. guest and o are copied. HEW_BAD_ARG: lift, rebuild or resume is missing. HEW_NO_EXEC:
 * nothing can be compiled; do without, with NULL as the guest of hew_tier_init, hew_tier_up and hew_tier_drop. */
enum hew_status hew_guest_open(struct hew *x, const struct hew_guest *guest, const struct hew_tier_options *o, void *vm, struct hew_guest_vm **out);

/* Frees the guest's code, none of which may be running, and tells of it by events. Before hew_close, while every struct hew_tier that has
 * code still exists. g may be NULL. */
void hew_guest_close(struct hew_guest_vm *g);

/* Sets the counters of a function that has no code yet. g may be NULL: counters that never get hot. */
void hew_tier_init(struct hew_guest_vm *g, struct hew_tier *t);

/* The function is going, or was replaced: its code is retired. g may be NULL. */
void hew_tier_drop(struct hew_guest_vm *g, struct hew_tier *t);

/* The counter of calls (pc HEW_AT_ENTRY) or loops (pc of the header) ran out: compile, install, set the counters anew.
 * Returns the code to enter at that pc, or NULL: interpret on. frame goes to lift. g may be NULL: nothing is compiled. */
void *hew_tier_up(struct hew_guest_vm *g, struct hew_tier *t, const void *func, uint32_t pc, void *frame);

/* Calls compiled code from C: code(vm, frame). When word is HEW_DEOPTIMISED, *resume_frame and *resume_pc say where the interpreter goes on,
 * until the frame that was entered returns; else they are left alone. */
struct hew_result hew_enter(struct hew_guest_vm *g, void *code, void *vm, void *frame, void **resume_frame, uint64_t *resume_pc);

/* Frees retired code that no stack refers to; gives the bytes freed. Call it now and then; the engine does when the budget is used up. */
size_t hew_collect_code(struct hew_guest_vm *g);

/* Fills *out. */
void hew_get_tier_stats(const struct hew_guest_vm *g, struct hew_tier_stats *out);

/* In lift only: n bytes of cleared memory that live as long as f. Does not return when memory ends. */
void *hew_fn_alloc(struct hew_fn *f, size_t n);

/* In lift only: gives up, because of why, which is kept, not copied. Does not return. The function is tried again later, and at last barred. */
HEW_NORETURN void hew_bail(struct hew_fn *f, const char *why);

/* ---- native stacks ---------------------------------------------------------------------------------------------
 *
 * For coroutines, and for running a guest deeper than the host's stack allows. These need no context; one thread at a time uses a stack.
 */

/* A native stack that control can be switched to. */
struct hew_stack;

/* Reserves `bytes` of address space with a guard page below; memory is committed as it is touched. fn(arg) starts at the first switch to the
 * stack and must not return: it ends by switching elsewhere for good. HEW_BAD_ARG: no fn, no out or no bytes. */
enum hew_status hew_stack_new(size_t bytes, void (*fn)(void *arg), void *arg, struct hew_stack **out);

/* The stack of this thread, as a place to switch from and back to. */
enum hew_status hew_stack_here(struct hew_stack **out);

/* Uses a finished stack of hew_stack_new again. */
void hew_stack_reset(struct hew_stack *s, void (*fn)(void *arg), void *arg);

/* Frees a stack that is not running; that of hew_stack_here itself stays. s may be NULL. */
void hew_stack_free(struct hew_stack *s);

/* Saves the running context in *from, the stack that is running, and goes on in *to. Returns when somebody switches to *from. */
void hew_stack_switch(struct hew_stack *from, struct hew_stack *to);

/* The lowest usable address, and one past the highest. */
void *hew_stack_limit(const struct hew_stack *s);
void *hew_stack_base(const struct hew_stack *s);

/* Saved stack pointer of a stack that is not running: words in [sp, base) are its live part. */
void *hew_stack_sp(const struct hew_stack *s);

#ifdef __cplusplus
}
#endif
#endif
