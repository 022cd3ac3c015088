/* SPDX-License-Identifier: MIT
 * ll.h - `hew ll`: LLVM's textual IR, read into arrays and lowered to hew's builder.
 *
 * lex.c -> types.c, constants.c, instructions.c, module.c (text to the structures below) -> globals.c (memory for global
 * variables) -> lower*.c (structures to hew's builder) -> main.c. Everything that is read lives in one arena and dies with it.
 * A mistake or something unsupported ends the work by ll_fail, one longjmp to main.c, before anything of the program runs.
 */
#ifndef LL_H
#define LL_H

#include <hew.h>

#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define COUNT_OF(a) (sizeof(a) / sizeof(a)[0])
#define LL_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
typedef unsigned __int128 ll_u128;

enum { LL_MAX_DEPTH = 200, LL_MAX_PARTS = 256, LL_MAX_WORDS = 8 };

struct ll_str { const char *s; size_t n; };

struct ll_entry { const char *name; uint32_t n, hash; void *item; };	/* name: of n bytes, NULL in a free slot */
struct ll_map { struct ll_entry *slot; uint32_t n, cap; bool of_module, borrows; };	/* lives on when bodies of functions are freed; keeps no copies of names */

enum ll_token_kind { LL_END, LL_WORD, LL_LOCAL, LL_GLOBAL, LL_COMDAT, LL_META, LL_ATTR, LL_DEBUG, LL_NUMBER, LL_STRING, LL_CSTRING,
	LL_LABEL, LL_DOTS, LL_PUNCT };
struct ll_token { enum ll_token_kind kind; int line; struct ll_str text; const char *start; };

/* ---- types --------------------------------------------------------------------------------------------------------- */

enum ll_type_kind { LL_VOID, LL_INT, LL_FLOAT, LL_DOUBLE, LL_POINTER, LL_ARRAY, LL_STRUCT, LL_VECTOR, LL_FUNCTION, LL_LABEL_TYPE,
	LL_METADATA, LL_OTHER };	/* LL_OTHER: a type that can be named but not used, as x86_fp80 */

/* A first-class value is a list of parts, each one value of hew: an i128 is two words, a struct or vector its elements. */
struct ll_part { hew_type type; uint8_t bits; uint64_t offset; };

struct ll_type {
	enum ll_type_kind kind;
	bool packed, opaque, variadic, laid_out, busy;
	uint32_t bits, align;
	uint64_t n, size;		/* n: elements, fields or parameters; size: what an array element takes */
	struct ll_type *of;		/* element or result */
	struct ll_type **field;
	uint64_t *offset;
	struct ll_str name;
	struct ll_part *part; uint32_t n_parts;
	int line;
};

/* ---- values -------------------------------------------------------------------------------------------------------- */

enum ll_value_kind { LL_V_LOCAL, LL_V_INT, LL_V_REAL, LL_V_ZERO, LL_V_UNDEF, LL_V_SYMBOL, LL_V_EXPR, LL_V_LIST, LL_V_BYTES, LL_V_SPLAT,
	LL_V_PLACE, LL_V_META, LL_V_ASM };

struct ll_value {
	enum ll_value_kind kind;
	int line;
	struct ll_type *type;
	struct ll_str bytes;		/* BYTES, ASM; LOCAL: its name; PLACE: the name of a block of sym */
	union {
		struct {		/* LOCAL */
			bool defined;
			uint32_t first;	/* number of its first part; see lower.c */
			uint32_t block;	/* block of the definition, 0 for parameters */
			uint32_t place;	/* its place in that block, parameters 0 */
			uint32_t sign_uses, uses;
			struct ll_type *variable;	/* what the alloca makes that this is, if it makes one in the first block */
		};
		struct {		/* the others */
			ll_u128 num;	/* INT: cut to the width; REAL: bits of the type; else 0 */
			uint64_t *big;	/* INT of more than 128 bits: all its words, the lowest first */
			struct ll_symbol *sym;
			struct ll_type *source;	/* EXPR: type a getelementptr steps over */
			struct ll_value **v;	/* EXPR, LIST, SPLAT */
			uint32_t n;
			uint8_t op;	/* EXPR */
		};
	};
};

enum ll_op {
#define INSTR(name, kind) LL_##name,
#include "instructions.def"
	LL_N_OPS
};
enum ll_op_kind { LL_K_INT, LL_K_REAL, LL_K_FNEG, LL_K_CAST, LL_K_ICMP, LL_K_FCMP, LL_K_LOAD, LL_K_STORE, LL_K_ALLOCA, LL_K_GEP, LL_K_CALL,
	LL_K_PHI, LL_K_SELECT, LL_K_BR, LL_K_SWITCH, LL_K_GOTO, LL_K_RET, LL_K_UNREACHABLE, LL_K_FREEZE, LL_K_EXTRACTVALUE, LL_K_INSERTVALUE,
	LL_K_EXTRACTELEMENT, LL_K_INSERTELEMENT, LL_K_SHUFFLE, LL_K_RMW, LL_K_CMPXCHG, LL_K_FENCE, LL_K_NONE };
extern const struct ll_op_info { const char *name; enum ll_op_kind kind; } ll_ops[LL_N_OPS];

enum ll_pred { LL_EQ, LL_NE, LL_UGT, LL_UGE, LL_ULT, LL_ULE, LL_SGT, LL_SGE, LL_SLT, LL_SLE,
	LL_FALSE, LL_OEQ, LL_OGT, LL_OGE, LL_OLT, LL_OLE, LL_ONE, LL_ORD, LL_UEQ, LL_FUGT, LL_FUGE, LL_FULT, LL_FULE, LL_UNE, LL_UNO, LL_TRUE };
enum ll_rmw { LL_XCHG, LL_RMW_ADD, LL_RMW_SUB, LL_RMW_AND, LL_NAND, LL_RMW_OR, LL_RMW_XOR, LL_MAX, LL_MIN, LL_UMAX, LL_UMIN };

struct ll_attr { bool sign, zero; struct ll_type *byval; };

struct ll_instr {
	uint8_t op, pred;
	bool is_volatile, nsw, tail;	/* nsw: no signed wrap; tail: a call that needs nothing of the caller's frame */
	uint8_t cls;			/* alias class; 0: any */
	uint32_t tbaa;			/* 1 + number of the tag; 0: none */
	int line;
	uint32_t n, n_blocks, n_index;	/* of v, block, index */
	struct ll_value *def;		/* NULL: no result */
	struct ll_type *type;		/* loaded, allocated, stepped over, converted to, called */
	struct ll_value **v;
	struct ll_block **block;
	uint64_t *index;
	struct ll_value *callee;
	struct ll_attr *attr;
};

struct ll_block {
	struct ll_str name;
	int line;
	bool defined, reached;
	uint32_t number, order, idom;	/* order, idom: in reverse post-order, see cfg.c */
	uint32_t tree, dominated;	/* number in the dominator tree; how many blocks it dominates */
	uint32_t n, cap; struct ll_instr *at;
	hew_block target;		/* while lowering */
	uint32_t n_args;
	bool dead_end;			/* nothing but unreachable */
	uint32_t address;		/* as a number from 1, close together for a table of jumps; 0: nobody has asked, see ll_block_address */
};

struct ll_param { struct ll_value *value; struct ll_attr attr; };

struct ll_func {
	struct ll_symbol *sym;
	struct ll_type *type;
	struct ll_param *param;
	struct ll_attr ret;
	uint32_t n_blocks, cap; struct ll_block **block;
	uint32_t n_addresses;		/* of blocks */
	uint32_t n_order; struct ll_block **order;
	uint32_t n_values, values_cap; struct ll_value **value;	/* everything local */
	uint32_t n_parts;		/* of all local values */
	uint32_t n_instr;
	struct ll_map names, labels;
	struct ll_value *number[64];	/* of its body, see constants.c */
	uint32_t index;			/* among the functions of the module */
	bool has_dynamic;		/* allocates on the way: see rt.c */
	bool has_start;			/* uses llvm.va_start */
	bool local;			/* nothing outside of the module can call it, no variable holds its address */
	bool scanned;
};

enum ll_symbol_kind { LL_S_UNKNOWN, LL_S_VARIABLE, LL_S_FUNCTION, LL_S_ALIAS };
struct ll_symbol {
	struct ll_str name;		/* ends in 0 as well */
	enum ll_symbol_kind kind;
	int line, first_use;
	bool declared, weak, constant, busy, found;
	struct ll_type *type;		/* of the variable or function */
	struct ll_value *init;		/* of a variable or alias */
	struct ll_func *func;		/* with a body */
	uint32_t align;
	char *address;			/* of a variable, or of a symbol outside */
};

/* A function's address in the memory of a variable, written when it is known. */
struct ll_reloc { char *at; struct ll_func *func; uint64_t add; };

struct ll_meta { struct ll_str name; uint32_t ref[2]; unsigned n; };	/* !{!"name", !ref, !ref ...}; name NULL: begins with a reference */

struct ll {
	const char *file;
	const char *text, *end, *pos;
	int line;
	struct ll_token tok;
	int depth;
	jmp_buf *escape;
	char error[600];
	struct ll_chunk *chunk, *body;
	struct ll *scratch;		/* of the function being lowered */
	struct ll_map symbols, structs;
	struct ll_type **types; uint32_t n_types, types_cap;
	struct ll_symbol **symbol; uint32_t n_symbols, symbols_cap;
	struct ll_func **func; uint32_t n_funcs, funcs_cap;
	struct ll_func *fn;		/* being read */
	uint32_t next_number;
	struct ll_reloc *reloc; uint32_t n_relocs, relocs_cap;
	char *memory; size_t memory_size;
	struct hew_fn **built;		/* by function, while lowering */
	uint64_t n_instr;
	struct ll_meta *meta; uint32_t n_meta, meta_cap;	/* by number */
	struct ll_str class_of[32]; const char *class_name[32]; unsigned n_classes;	/* see tbaa.c */
};

/* memory.c */
void *ll_alloc(struct ll *m, size_t n);	/* zeros */
void *ll_keep(struct ll *m, size_t n);	/* the same, never freed with the bodies of functions */
void *ll_grow(struct ll *m, void *old, uint32_t n, uint32_t *cap, size_t each);	/* room for one more */
void ll_free_bodies(struct ll *m);	/* what was read between the braces of functions */
void ll_free(struct ll *m);
_Noreturn void ll_fail(struct ll *m, int line, const char *fmt, ...) LL_PRINTF(3, 4);
void **ll_map_at(struct ll *m, struct ll_map *map, struct ll_str name);	/* NULL inside: new */
void ll_map_drop(struct ll *m, struct ll_map *map);	/* empties it */
bool ll_is(struct ll_str s, const char *word);
/* lex.c */
void ll_next(struct ll *m);
void ll_skip_line(struct ll *m);	/* the rest of the line the token is on; then the next token */
bool ll_accept(struct ll *m, char c);
bool ll_accept_word(struct ll *m, const char *word);
void ll_expect(struct ll *m, char c);
bool ll_at(struct ll *m, char c);
bool ll_at_word(struct ll *m, const char *word);
_Noreturn void ll_unexpected(struct ll *m, const char *wanted);
uint64_t ll_number(struct ll *m, uint64_t most);
void ll_skip_group(struct ll *m);	/* ( ... ) with everything inside */
void ll_deeper(struct ll *m);
/* types.c */
struct ll_type *ll_int_type(struct ll *m, uint32_t bits);
struct ll_type *ll_simple_type(struct ll *m, enum ll_type_kind kind);
struct ll_type *ll_vector_type(struct ll *m, struct ll_type *of, uint64_t n);
struct ll_type *ll_func_type(struct ll *m, struct ll_type *result, uint32_t n, struct ll_type **params, bool variadic);
struct ll_type *ll_struct_type(struct ll *m, uint32_t n, struct ll_type **fields, bool packed);
struct ll_type *ll_parse_type(struct ll *m);
void ll_parse_struct_body(struct ll *m, struct ll_type *t);
bool ll_at_type(struct ll *m);
void ll_layout(struct ll *m, struct ll_type *t, int line);	/* sets size, align, offset */
void ll_flatten(struct ll *m, struct ll_type *t, int line);	/* sets part, n_parts */
struct ll_type *ll_element(struct ll *m, struct ll_type *t, uint64_t k, uint64_t *offset, uint32_t *part, int line);
uint64_t ll_store_size(const struct ll_type *t);
const char *ll_type_name(struct ll *m, const struct ll_type *t);
struct ll_type *ll_scalar(struct ll_type *t);	/* the element of a vector, else t */
/* constants.c */
struct ll_value *ll_parse_value(struct ll *m, struct ll_type *t);
struct ll_value *ll_parse_typed(struct ll *m);
bool ll_at_value(struct ll *m);
bool ll_find_op(struct ll_str name, enum ll_op *op);
struct ll_symbol *ll_symbol(struct ll *m, struct ll_str name, int line);
struct ll_value *ll_value_new(struct ll *m, enum ll_value_kind kind, struct ll_type *t, int line);
struct ll_value *ll_elem(struct ll *m, struct ll_value *v, uint64_t k);	/* element k of a constant aggregate */
ll_u128 ll_cut(ll_u128 x, uint32_t bits);
int64_t ll_signed(ll_u128 x, uint32_t bits);
uint64_t ll_real_bits(struct ll *m, struct ll_type *t, struct ll_str text, int line);
/* instructions.c */
void ll_parse_instr(struct ll *m, struct ll_block *b);
void ll_parse_attrs(struct ll *m, struct ll_attr *a);
struct ll_value *ll_define(struct ll *m, struct ll_str name, struct ll_type *t, struct ll_block *b, uint32_t place, int line);
struct ll_block *ll_block_named(struct ll *m, struct ll_str name);
void ll_skip_metadata(struct ll *m);
/* module.c */
void ll_parse_module(struct ll *m);
/* cfg.c */
void ll_check_function(struct ll *m, struct ll_func *fn);
struct ll_instr *ll_last(const struct ll_block *b);
/* tbaa.c */
void ll_read_meta(struct ll *m);
void ll_find_classes(struct ll *m);
void ll_declare_classes(const struct ll *m, struct hew_fn *f);
/* globals.c */
struct ll_address { struct ll_func *func; ll_u128 num; };	/* func NULL: a number */
struct ll_address ll_eval(struct ll *m, struct ll_value *v);
uint32_t ll_block_address(struct ll_func *f, struct ll_block *b);
void ll_make_globals(struct ll *m);
void ll_free_globals(struct ll *m);
void *ll_outside(struct ll *m, struct ll_symbol *s, int line);
void ll_keep_list(struct ll *m, const char *name);	/* its functions get code */
void ll_run_list(struct ll *m, const char *name, void *const *entry);

/* ---- lowering ------------------------------------------------------------------------------------------------------ */

/* One part as a value of hew. Integers narrower than i32 (or between i33 and i63) live in the low bits; the bits above are
 * anything, unless known says that they are zeros or copies of the sign. An i1 is always 0 or 1. A pointer is v + off. */
enum { LL_Z = 1, LL_S = 2 };
struct ll_got { hew_val v; int64_t off; uint8_t known; };

struct lower {
	struct ll *m;
	struct ll scratch;		/* memory that dies with the function */
	struct ll_func *fn;
	struct hew_fn *f;
	struct ll_got *slot;		/* by number of a part */
	int line;			/* of the instruction at hand */
	unsigned cls;			/* alias class of its access */
	hew_val dynamic;		/* address of the list of what was allocated on the way, see rt.c */
	hew_val save;			/* variadic: where the registers are stored */
	unsigned gp, fp, on_stack;	/* variadic: places taken by named parameters */
};

/* How a value is passed: its parts, but a <2 x float> as the one double that holds both. */
struct ll_abi { hew_type type; uint32_t part; bool pair; };

/* lower.c */
void ll_scan(struct ll *m, struct ll_func *fn);
struct hew_fn *ll_lower_declare(struct ll *m, struct hew *x, struct ll_func *fn);
void ll_lower(struct ll *m, struct ll_func *fn, struct hew_fn *f);
/* value.c */
struct ll_got ll_get(struct lower *l, struct ll_value *v, uint32_t k);
hew_val ll_part(struct lower *l, struct ll_value *v, uint32_t k);
hew_val ll_ext(struct lower *l, struct ll_value *v, uint32_t k, unsigned known);	/* LL_Z or LL_S: with these bits above */
hew_val ll_extend(struct lower *l, struct ll_got g, uint32_t bits, unsigned known);
hew_val ll_whole(struct lower *l, struct ll_got g);
void ll_set(struct lower *l, struct ll_instr *in, uint32_t k, hew_val v, unsigned known);
uint32_t ll_parts(struct lower *l, struct ll_type *t);
hew_val ll_num(struct lower *l, hew_type t, int64_t x);
hew_val ll_zero(struct lower *l, hew_type t);
uint32_t ll_abi(struct lower *l, struct ll_type *t, struct ll_abi *out);
hew_val ll_pass(struct lower *l, struct ll_value *v, const struct ll_abi *a);
hew_val ll_pack(struct lower *l, hew_val a, hew_val b);
hew_val ll_unpack(struct lower *l, hew_val pair, unsigned k);
bool ll_is_wide(struct ll_type *t);
/* lower_int.c */
void ll_lower_int(struct lower *l, struct ll_instr *in);
void ll_lower_icmp(struct lower *l, struct ll_instr *in);
void ll_lower_cast(struct lower *l, struct ll_instr *in);
hew_val ll_not(struct lower *l, hew_val c);
/* lower_float.c */
void ll_lower_real(struct lower *l, struct ll_instr *in);
void ll_lower_fcmp(struct lower *l, struct ll_instr *in);
hew_val ll_real_compare(struct lower *l, enum ll_pred p, hew_val a, hew_val b);
hew_val ll_to_real(struct lower *l, hew_type t, hew_val x, bool is_signed);
hew_val ll_from_real(struct lower *l, hew_type t, hew_val x, bool is_signed);
/* lower_wide.c */
struct ll_wide { uint32_t bits, n; hew_val w[LL_MAX_WORDS]; };	/* the lowest word first; bits above the highest are anything */
struct ll_wide ll_wide(struct lower *l, struct ll_value *v);
struct ll_wide ll_wide_pair(hew_val lo, hew_val hi);
void ll_set_wide(struct lower *l, struct ll_instr *in, struct ll_wide w);
struct ll_wide ll_wide_op(struct lower *l, enum ll_op op, struct ll_wide a, struct ll_wide b);
hew_val ll_wide_compare(struct lower *l, enum ll_pred p, struct ll_wide a, struct ll_wide b);
void ll_wide_cast(struct lower *l, struct ll_instr *in);
/* lower_memory.c */
struct ll_got ll_load_part(struct lower *l, const struct ll_part *p, struct ll_got at, bool sign);
void ll_store_part(struct lower *l, const struct ll_part *p, struct ll_got at, struct ll_got v);
void ll_lower_memory(struct lower *l, struct ll_instr *in);
void ll_lower_atomic(struct lower *l, struct ll_instr *in);
void ll_copy(struct lower *l, struct ll_got to, struct ll_got from, uint64_t bytes);
void ll_fill(struct lower *l, struct ll_got to, hew_val byte, uint64_t bytes);
struct ll_got ll_address(struct lower *l, struct ll_value *v);
hew_val ll_static(struct lower *l, uint64_t bytes, uint64_t align);
/* lower_call.c */
void ll_lower_call(struct lower *l, struct ll_instr *in);
hew_val ll_call_c(struct lower *l, const void *fn, hew_type result, int n, const hew_val *args);
/* intrinsics.c */
bool ll_lower_intrinsic(struct lower *l, struct ll_instr *in, struct ll_symbol *s);
void ll_bind_variadic(struct lower *l, int first);
/* rt.c */
void *ll_rt_alloca(void **list, uint64_t bytes, uint64_t align);
void ll_rt_release(void **list, void *until);
void *ll_rt_symbol(const char *name);
__int128 ll_rt_sdiv(__int128 a, __int128 b);
__int128 ll_rt_srem(__int128 a, __int128 b);
ll_u128 ll_rt_udiv(ll_u128 a, ll_u128 b);
ll_u128 ll_rt_urem(ll_u128 a, ll_u128 b);
double ll_rt_wide_to_double(uint64_t lo, uint64_t hi, uint64_t is_signed);
float ll_rt_wide_to_float(uint64_t lo, uint64_t hi, uint64_t is_signed);
ll_u128 ll_rt_double_to_wide(double x, uint64_t is_signed);

int hew_ll_command(int argc, char **argv);

#endif
