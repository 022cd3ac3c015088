/* SPDX-License-Identifier: MIT
 * ir.h - the IR: a control-flow graph in SSA with block arguments.
 *
 *   function   nodes in one array (16 bytes each), constants in another at negative references, blocks, edges
 *   block      arguments, the ordered skeleton of effects (ins), one control node at its end
 *   pure node  belongs to no block until ir_place; made only once, folded while it is made
 *   guard      a node of the skeleton whose value its users take, so nothing that relies on it moves above it
 *   state      immutable record: how the guest's frame looks at a pc; belongs to an epoch
 *
 * No pointers inside: ids only, so arrays may grow. Everything lives in the function's arena.
 * See docs/ir.md for the text form.
 */
#ifndef HEW_IR_H
#define HEW_IR_H

#include "base/base.h"

typedef int32_t ir_ref;			/* > 0 node, < 0 constant, 0 none */
#define IR_NONE 0
#define IR_MAX_CLASS 32

enum ir_type {
#define TYPE(name, size, cls) IR_T_##name,
#include "ir/types.def"
	IR_TYPE_COUNT
};
enum ir_op {
#define OP(name, args, result, flags, meaning) IR_##name,
#include "ir/ops.def"
	IR_OP_COUNT
};
enum ir_flags { IR_PURE = 1, IR_COMM = 2, IR_FAULT = 4, IR_LOAD = 8, IR_EFFECT = 16, IR_GUARD = 32, IR_ENDS = 64 };
enum { IR_VALUE_A = 1, IR_VALUE_B = 2, IR_VALUE_C = 4, IR_VALUE_LIST = 8 };	/* which fields hold values; LIST: there are more, in the pool */
struct ir_op_info { char args[4]; char result; uint8_t flags, values, edges; };	/* edges: of a switch it says itself */
_Static_assert(sizeof(struct ir_op_info) == 8, "found without a multiplication");
struct ir_type_info { const char *name; uint8_t size; char cls; };
extern const struct ir_op_info ir_ops[IR_OP_COUNT];
extern const char *const ir_op_names[IR_OP_COUNT];
extern const uint8_t ir_right_types[IR_OP_COUNT][IR_TYPE_COUNT];	/* by operation of two operands and type of the left one: those of the right one, a bit each */
extern const struct ir_type_info ir_types[IR_TYPE_COUNT];

/* width of a memory access: integers narrower than their type say how they extend */
enum ir_width { IR_W_FULL, IR_W_8S, IR_W_8U, IR_W_16S, IR_W_16U, IR_W_32S, IR_W_32U, IR_WIDTH_COUNT };
#define IR_MEM_AUX(cls, width) ((uint16_t)((cls) | (width) << 8))
#define IR_MEM_CLASS(aux) ((aux) & 31)
#define IR_MEM_WIDTH(aux) ((enum ir_width)((aux) >> 8 & 15))

/* kind of a check: for people and statistics, the meaning is always "a is not 0" */
enum ir_check_kind {
#define CHECK(name) IR_CHECK_##name,
#include "ir/checks.def"
	IR_CHECK_COUNT
};
extern const char *const ir_check_names[IR_CHECK_COUNT];
#define IR_NSW 1				/* aux flag of add sub mul shl: does not overflow signed, or the result is any */
#define IR_CHECK_HOISTED 0x100		/* aux flag: moved to a loop's preheader, may fail without need */

struct ir_node {
	uint8_t op, type;
	uint16_t aux;
	ir_ref a, b, c;
};
_Static_assert(sizeof(struct ir_node) == 16, "one node, 16 bytes");

struct ir_const { uint8_t type; int64_t bits; const char *name; };	/* i32 sign-extended; f32 in the low half; name: a symbol */

struct ir_edge { uint32_t to; uint32_t args, n; };			/* n pool entries from args */

struct ir_block {
	VEC(ir_ref) ins;		/* skeleton in order; after ir_place every node */
	VEC(ir_ref) arg;		/* nodes of op arg */
	ir_ref control;			/* 0 while open */
	uint32_t state;			/* a loop header's own state, or 0 */
	bool cold;
	/* computed by ir_analyse */
	uint32_t idom, depth, loop_depth, rpo;
	uint32_t tree, dominated;	/* number in the dominator tree; how many blocks it dominates, which have the numbers from its own on */
	uint32_t loop, outer;		/* 1 + header of the innermost loop, or 0; of a header: of the loop around its own */
	VEC(uint32_t) pred;		/* blocks, one entry per edge */
	bool reachable;
};

enum ir_mode { IR_RETRY, IR_CONTINUE };	/* this bytecode again | after it, with a result put into a slot */
struct ir_slot { uint32_t slot; uint32_t tag; ir_ref tag_ref, value; };	/* tag_ref: dynamic tag, else the constant tag; value 0: dead */
struct ir_state {
	uint32_t parent;		/* state of the inlining caller, or 0 */
	uint32_t pc;
	uint8_t mode;
	uint32_t result;		/* IR_CONTINUE: slot of the result */
	uint64_t func;			/* the guest's name for its function: a pointer or number */
	ir_ref frame;			/* address of the guest's frame */
	int32_t frame_offset;		/* bytes to add to it (inlined frames) */
	uint32_t slots, n;		/* entries in ir_func.slot */
	uint32_t block;			/* where it was made: this block, */
	ir_ref after;			/* behind this effect of it, or 0: from its start. Defines the epoch. */
	bool used;
};

enum ir_conv { IR_CONV_C, IR_CONV_GUEST, IR_CONV_COLD, IR_CONV_TAIL };
enum { IR_CALL_VARIADIC = 1, IR_CALL_TWICE = 2, IR_CALL_NO_RETURN = 4, IR_CALL_THROUGH = 16 };	/* THROUGH: the target is where the address of the callee stands */
enum ir_pass { IR_PASS_ALONE, IR_PASS_WITH_NEXT, IR_PASS_STACK, IR_PASS_STACK16, IR_PASS_COUNT };	/* how an argument goes; see hew.h */
extern const char *const ir_pass_names[IR_PASS_COUNT];
struct ir_call {
	uint8_t conv, flags, n_results;
	uint8_t result[2];		/* types */
	uint32_t reads, writes;		/* alias classes */
	uint32_t state;			/* mode CONTINUE state when the callee may throw, collect or invalidate; or 0 */
	const uint8_t *pass;		/* enum ir_pass of each argument; NULL: all alone */
	const char *name;
};

struct ir_callee { const char *name; struct ir_func *f; };	/* f may be the function itself; NULL: unknown yet */

struct ir_func {
	struct arena *mem;
	struct arena *tmp;		/* for what a pass needs while it runs; mem itself unless somebody who empties it says so */
	const char *name;
	VEC(struct ir_node) node;	/* [0] unused */
	VEC(struct ir_const) konst;	/* reference -k is konst.at[k], [0] unused */
	VEC(struct ir_block) block;	/* [0] entry */
	VEC(struct ir_edge) edge;
	VEC(ir_ref) pool;
	VEC(struct ir_state) state;	/* [0] unused */
	VEC(struct ir_slot) slot;
	VEC(struct ir_call) call;
	VEC(struct ir_callee) callee;
	uint8_t conv;			/* IR_CONV_C or IR_CONV_GUEST: how it is called */
	uint8_t n_results, result[2];
	const uint8_t *pass;		/* enum ir_pass of each parameter; NULL: all alone */
	const char *class_name[IR_MAX_CLASS]; uint32_t n_classes;
	uint32_t immutable;		/* classes whose memory never changes while the function runs */
	uint32_t changing;		/* classes that may change at any moment: never shared, never moved */
	uint32_t any;			/* classes that overlap all others; those do not overlap each other */
	uint32_t exact;			/* classes whose accesses are to the same bytes or to no common ones */

	uint32_t *hash, hash_cap, hash_n;	/* open addressing: node ids of pure nodes */
	uint32_t *khash, khash_cap;
	uint32_t cur;			/* block being built */
	uint32_t version[IR_MAX_CLASS], next_version;	/* of the block being built */
	VEC(ir_ref) recent;		/* loads of the block being built */
	uint32_t *order, n_order, cap_order;	/* reachable blocks in reverse post-order, by ir_analyse */
	bool analysed;			/* no block or edge has changed since ir_analyse */
	uint32_t unit;			/* its number among those that are compiled together */
	bool placed, no_fold;
	bool typed;			/* every operation was looked at when it was built: operands exist and have its types */
	bool folded;			/* the folder was the last to change anything */
	uint32_t size;			/* live nodes, counted by the last pass */
	bool optimised;			/* all passes have run: callers may take it over */
	bool local;			/* nobody but what is compiled together with it asks for its address */
	bool strict;			/* a load is safe only where it stands; else wherever its operands exist */
	bool careful;			/* no check may fail without need: such a failure made the guest compile again */
	const char *bad;		/* misuse of the builder: first complaint */
};

/* ---- func.c: making functions; while building, nodes fold and are shared -------------------------- */

struct ir_func *ir_func_new(struct arena *mem, const char *name);
ir_ref ir_callee(struct ir_func *f, const char *name, struct ir_func *callee);	/* its address */
uint32_t ir_block_new(struct ir_func *f);
ir_ref ir_block_arg(struct ir_func *f, uint32_t b, enum ir_type t);
void ir_start(struct ir_func *f, uint32_t b);			/* build in b from now on */
ir_ref ir_const(struct ir_func *f, enum ir_type t, int64_t bits);
ir_ref ir_const_f64(struct ir_func *f, double x);
ir_ref ir_const_named(struct ir_func *f, const char *name, const void *p);

/* A node of any operation with raw fields: folds, shares, appends to the skeleton as its op asks. The one way in. */
ir_ref ir_emit(struct ir_func *f, enum ir_op op, enum ir_type t, unsigned aux, ir_ref a, ir_ref b, ir_ref c);
ir_ref ir_load(struct ir_func *f, enum ir_type t, enum ir_width w, unsigned cls, ir_ref base, int32_t off);
void ir_store(struct ir_func *f, enum ir_width w, unsigned cls, ir_ref base, int32_t off, ir_ref v);
const uint8_t *ir_pass(struct ir_func *f, uint32_t n, const uint8_t *pass);	/* a copy, or NULL where all are alone */
bool ir_same_pass(const uint8_t *a, const uint8_t *b, uint32_t n);
ir_ref ir_call_(struct ir_func *f, ir_ref target, const struct ir_call *d, uint32_t n, const ir_ref *args);
ir_ref ir_check(struct ir_func *f, enum ir_check_kind k, ir_ref cond, ir_ref v, uint32_t state);
uint32_t ir_edge_new(struct ir_func *f, uint32_t to, uint32_t n, const ir_ref *args);
void ir_jmp(struct ir_func *f, uint32_t to, uint32_t n, const ir_ref *args);
void ir_br(struct ir_func *f, ir_ref cond, uint32_t yes, uint32_t no);	/* edges */
/* to[k] is taken for the value k, the last one for all others; edges to one block are one edge. No arguments. */
void ir_switch(struct ir_func *f, ir_ref v, uint32_t n, const uint32_t *to);
void ir_ret(struct ir_func *f, ir_ref a, ir_ref b);
void ir_exit(struct ir_func *f, uint32_t state);
uint32_t ir_state_new(struct ir_func *f, const struct ir_state *s, const struct ir_slot *slots);
bool ir_has_op(const struct ir_func *f, enum ir_op op);		/* any node, needed or not */
bool ir_calls_twice(const struct ir_func *f);			/* any call, needed or not, that may return again */
ir_ref ir_raw_node(struct ir_func *f, struct ir_node n);	/* for passes: no folding, no placing */
void ir_forget_shared(struct ir_func *f);			/* for passes: nodes made so far are not shared any more */
const char *ir_name_class(struct ir_func *f, unsigned cls, const char *name);	/* NULL, or what is wrong with the name, which is kept as it is */
ir_ref ir_again(struct ir_func *f, ir_ref r);			/* for passes: folds and shares node r, whose operands changed; r or what it equals */

static inline struct ir_node *ir_at(const struct ir_func *f, ir_ref r) { return &f->node.at[r]; }
static inline bool ir_is_const(ir_ref r) { return r < 0; }
static inline int64_t ir_kbits(const struct ir_func *f, ir_ref r) { return f->konst.at[-r].bits; }
static inline enum ir_type ir_type_of(const struct ir_func *f, ir_ref r)
{ return r < 0 ? f->konst.at[-r].type : r > 0 ? f->node.at[r].type : IR_T_void; }
static inline bool ir_is_float(enum ir_type t) { return t >= IR_T_f32; }
static inline bool ir_is_k(const struct ir_func *f, ir_ref r, int64_t bits) { return r < 0 && f->konst.at[-r].bits == bits; }
double ir_kf64(const struct ir_func *f, ir_ref r);
/* Can one more operation, or constant, be made with all that folding makes of it, and no memory be asked for? */
static inline bool ir_has_room(const struct ir_func *f, bool in_skeleton)
{
	enum { ROOM = 8 };
	const struct ir_block *b = &f->block.at[f->cur];

	return f->node.cap - f->node.n >= ROOM && f->konst.cap - f->konst.n >= ROOM && f->hash_cap - 2 * f->hash_n >= 2 * ROOM &&
		f->khash_cap - 2 * f->konst.n >= 2 * ROOM && (!in_skeleton || (b->ins.n < b->ins.cap && f->recent.n < f->recent.cap));
}

/* Does the node stand in the skeleton? (pure nodes float; a division that cannot fault does, too) */
static inline bool ir_pinned(const struct ir_func *f, const struct ir_node *n)
{
	unsigned flags = ir_ops[n->op].flags;

	if (!(flags & IR_FAULT))
		return !(flags & IR_PURE);
	return !ir_is_const(n->b) || ir_kbits(f, n->b) == 0 || ((n->op == IR_sdiv || n->op == IR_srem) && ir_kbits(f, n->b) == -1);
}
/* Which of its edges a switch takes for a value: as its entry says, the last one for all that have none. */
static inline unsigned ir_switch_way(const struct ir_func *f, const struct ir_node *n, int64_t value)
{
	uint64_t v = ir_type_of(f, n->a) == IR_T_i32 ? (uint32_t)value : (uint64_t)value, last = (uint64_t)n->c - 1;
	const ir_ref *p = &f->pool.at[n->b];

	return (unsigned)p[1 + p[0] + (ir_ref)(v < last ? v : last)];
}
/* The value operands of a node, pool and edges included; states are not. Returns how many; out may be NULL. */
uint32_t ir_operands(const struct ir_func *f, ir_ref n, ir_ref *out, uint32_t max);
/* Edges of a node, and which they are. */
static inline unsigned ir_edges(const struct ir_func *f, const struct ir_node *n)
{ return UNLIKELY(n->op == IR_switch) ? (unsigned)f->pool.at[n->b] : ir_ops[n->op].edges; }
static inline uint32_t ir_edge_at(const struct ir_func *f, const struct ir_node *n, unsigned k)
{ return (uint32_t)(UNLIKELY(n->op == IR_switch) ? f->pool.at[n->b + 1 + (ir_ref)k] : k ? n->c : n->op == IR_jmp ? n->a : n->b); }
/* Pointers to the value fields of a node so that a pass can rewrite them. */
typedef void ir_visit_fn(void *arg, ir_ref *operand);
static inline void ir_visit(struct ir_func *f, struct ir_node *n, ir_visit_fn *fn, void *arg)
{
	unsigned values = ir_ops[n->op].values, count;

	if (values & IR_VALUE_A && n->a)
		fn(arg, &n->a);
	if (values & IR_VALUE_B && n->b)
		fn(arg, &n->b);
	if (values & IR_VALUE_C && n->c)
		fn(arg, &n->c);
	if (!(values & IR_VALUE_LIST))
		return;
	for (unsigned k = 0; n->op == IR_call && k < n->aux; k++)
		fn(arg, &f->pool.at[n->b + (ir_ref)k]);
	count = ir_edges(f, n);
	for (unsigned i = 0; i < count; i++) {
		const struct ir_edge *e = &f->edge.at[ir_edge_at(f, n, i)];

		for (uint32_t k = 0; k < e->n; k++)
			fn(arg, &f->pool.at[e->args + k]);
	}
}
void ir_visit_state(struct ir_func *f, uint32_t state, ir_visit_fn *fn, void *arg);	/* parents too */
static inline uint32_t ir_node_state(const struct ir_func *f, const struct ir_node *n)	/* state a node carries, or 0 */
{ return n->op == IR_call ? f->call.at[n->c].state : ir_ops[n->op].args[2] == 's' ? (uint32_t)n->c : 0; }
/* How a call passes its arguments, IR_CONV_C or IR_CONV_GUEST: a tail call as its function got its own. */
static inline enum ir_conv ir_call_conv(const struct ir_func *f, const struct ir_call *d)
{ return d->conv == IR_CONV_TAIL ? (enum ir_conv)f->conv : d->conv == IR_CONV_GUEST ? IR_CONV_GUEST : IR_CONV_C; }
/* For whoever knows that nothing in tmp is needed any more. */
static inline void ir_empty_tmp(struct ir_func *f) { if (f->tmp != f->mem) arena_clear(f->tmp); }
/* The values in the state that a node carries. */
static inline void ir_visit_kept(struct ir_func *f, const struct ir_node *n, ir_visit_fn *fn, void *arg)
{
	if (f->state.n > 1)
		ir_visit_state(f, ir_node_state(f, n), fn, arg);
}
/* Edges of a block's control node; that of an open block is node 0, a nop. */
static inline unsigned ir_succs(const struct ir_func *f, uint32_t b) { return ir_edges(f, ir_at(f, f->block.at[b].control)); }
static inline uint32_t ir_succ(const struct ir_func *f, uint32_t b, unsigned k) { return ir_edge_at(f, ir_at(f, f->block.at[b].control), k); }
static inline struct ir_edge *ir_out(const struct ir_func *f, uint32_t b, unsigned k) { return &f->edge.at[ir_succ(f, b, k)]; }
enum ir_width ir_store_width(enum ir_type t, unsigned aux);
/* Classes whose memory may be changed where something of these classes is written. */
static inline uint32_t ir_touched(const struct ir_func *f, uint32_t classes) { return classes & f->any ? UINT32_MAX : classes ? classes | f->any : 0; }
unsigned ir_access_bytes(enum ir_type t, unsigned aux);

/* ---- fold.c ------------------------------------------------------------------------------------------ */

/* What the node would be without being made: a constant, an operand, or a simpler node written back to *n; 0 if nothing is known. */
ir_ref ir_fold(struct ir_func *f, struct ir_node *n);
uint64_t ir_may_be_set(const struct ir_func *f, ir_ref r);	/* bits of an i32 or i64 that may be other than 0 */
bool ir_no_high(const struct ir_func *f, ir_ref r);	/* of an i64: for sure less than 2^32 */
/* The value of a pure operation on constants; false if it faults. Shared by the folder and the evaluator. */
bool ir_compute(enum ir_op op, enum ir_type result, enum ir_type operand, int64_t a, int64_t b, int64_t c, int64_t *out);

/* ---- cfg.c --------------------------------------------------------------------------------------------- */

void ir_analyse(struct ir_func *f);			/* preds, reachability, reverse post-order, dominators, loops; nothing to do while f->analysed */
static inline bool ir_dominates(const struct ir_func *f, uint32_t a, uint32_t b)
{ return f->block.at[b].tree - f->block.at[a].tree < f->block.at[a].dominated; }
bool ir_in_loop(const struct ir_func *f, uint32_t header, uint32_t b);
uint32_t ir_split_edge(struct ir_func *f, uint32_t edge);	/* new block in the middle; call ir_analyse again */
void ir_split_critical(struct ir_func *f);

/* ---- place.c: give pure nodes their blocks ----------------------------------------------------------------- */

/* The order of all nodes, per block: skeleton and pure nodes, each pure node where it is computed least often. */
struct ir_placement { VEC(ir_ref) *of_block; };
struct ir_placement ir_placement(struct ir_func *f, struct arena *mem);
void ir_place(struct ir_func *f);			/* writes the placement into the blocks */

/* ---- print.c parse.c verify.c -------------------------------------------------------------------------------- */

void ir_print(struct ir_func *f, struct text *out);
typedef void *ir_symbol_fn(void *arg, const char *name);	/* address of a symbol of the text, or NULL */
struct ir_error { int line; char text[200]; };
/* Reads functions; NULL and *e filled on error. Returns the first; the next ones are chained by the caller through *at. The bytes of string
 * constants are in strings, which outlives the code. */
struct ir_func *ir_parse(struct arena *mem, struct arena *strings, const char **at, int *line, ir_symbol_fn *sym, void *arg, bool no_fold, struct ir_error *e);
bool ir_verify(struct ir_func *f, char *why, size_t n);	/* false and the first complaint */
bool ir_verify_built(struct ir_func *f, char *why, size_t n);	/* the same, faster for what no pass has touched */
/* Would a node with these fields be well typed? */
bool ir_operand_types_fit(struct ir_func *f, enum ir_op op, enum ir_type t, unsigned aux, ir_ref a, ir_ref b, ir_ref c);

/* ---- eval.c: the slow twin of all compiled code ---------------------------------------------------------------- */

enum ir_outcome { IR_RETURNED, IR_EXITED, IR_FAULTED, IR_STEPS, IR_UNSUPPORTED };
struct ir_frame_value { uint32_t slot, tag; int64_t bits; };
struct ir_eval {
	/* in */
	uint64_t max_steps;		/* 0: no limit */
	int64_t fail_guard;		/* > 0: the guard executed as number so-and-so fails; counts down */
	/* out */
	int64_t result[2];
	uint32_t state;			/* IR_EXITED */
	int64_t *value;			/* by node id, then valid for ir_eval_ref */
	uint64_t steps, guards;
};
enum ir_outcome ir_eval(struct ir_func *f, struct arena *mem, const int64_t *args, struct ir_eval *e);
int64_t ir_eval_ref(const struct ir_func *f, const struct ir_eval *e, ir_ref r);

#endif
