/* SPDX-License-Identifier: MIT
 * ir_gen.h - random IR programs, each made from a seed: what the generators share and what a runner calls.
 *
 * All programs take a buffer of GEN_BUFFER bytes, two i64, an i32, an f64 and an f32, give an i64 and an f64, and end.
 */
#ifndef IR_GEN_H
#define IR_GEN_H

#include "ir/ir.h"

enum { GEN_BUFFER = 256, GEN_SLOTS = 6, GEN_VALUES = 400 };

struct gen {
	struct ir_func *f;
	uint64_t rng;
	ir_ref value[IR_TYPE_COUNT][GEN_VALUES]; unsigned n[IR_TYPE_COUNT];	/* what may be used here; pointers are at most 56 bytes into the buffer */
	ir_ref buf, local[3];		/* the buffer; memory of the frame */
	unsigned depth, budget, pc;
};
struct gen_input { int64_t a, b; int32_t c; double d; float e; };

/* ir_gen.c */
struct gen gen_new(struct arena *mem, uint64_t seed, bool plain);
static inline uint32_t gen_below(struct gen *g, uint32_t n) { return random_below(&g->rng, n); }
void gen_add(struct gen *g, ir_ref r);			/* it may be used from here on */
ir_ref gen_any(struct gen *g, enum ir_type t);		/* a value or a constant */
enum ir_type gen_any_type(struct gen *g);
ir_ref gen_emit(struct gen *g, enum ir_op op, enum ir_type t, ir_ref a, ir_ref b, ir_ref c);
ir_ref gen_condition(struct gen *g);
uint32_t gen_state(struct gen *g);
void gen_operation(struct gen *g, unsigned k);
void gen_ret(struct gen *g, unsigned values);
struct gen_input gen_input(uint64_t *rng);

/* plain: neither folded nor shared while building */
struct ir_func *gen_program(struct arena *mem, uint64_t seed, bool plain);	/* structured control flow */
struct ir_func *gen_graph(struct arena *mem, uint64_t seed, bool plain);	/* ir_graph.c: any control flow, many values alive */

#endif
