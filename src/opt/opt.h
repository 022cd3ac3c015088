/* SPDX-License-Identifier: MIT
 * opt.h - the optimiser: passes over the IR and their runner.
 */
#ifndef HEW_OPT_H
#define HEW_OPT_H

#include "ir/ir.h"

#define PASS(name, function, level, meaning) bool function(struct ir_func *f);
#include "opt/passes.def"

struct opt_pass { const char *name; bool (*run)(struct ir_func *); int level; const char *meaning; };
extern const struct opt_pass opt_passes[];
extern const unsigned opt_n_passes;

struct opt_options {
	int level;
	const char *passes;		/* comma-separated names instead of the level's, or NULL */
	bool verify;			/* after every pass */
};
/* False: an unknown pass, or the verifier refused what a pass made; *why (n bytes) says which and what. */
bool opt_run(struct ir_func *f, const struct opt_options *o, char *why, size_t n);

/* subst.c: replace values; passes collect what becomes what and apply it once */
struct opt_subst { ir_ref *to; uint32_t n; };
void opt_subst_init(struct opt_subst *s, struct ir_func *f);
void opt_subst_set(struct opt_subst *s, ir_ref from, ir_ref to);
ir_ref opt_subst_get(const struct opt_subst *s, ir_ref r);
void opt_subst_apply(struct opt_subst *s, struct ir_func *f);	/* all operands, edges and states; folds nothing */

void opt_fold_replaced(struct ir_func *f, const struct opt_subst *s);	/* fold.c: the same, and the pass fold */

/* copy.c: new nodes go to the block being built */
struct opt_copy { struct ir_func *f; uint32_t n; ir_ref *to, pending; VEC(ir_ref) set, work; };	/* n: nodes known; to: by node, its copy */
void opt_copy_begin(struct opt_copy *c, struct ir_func *f);
void opt_copy_set(struct opt_copy *c, ir_ref r, ir_ref copy);
void opt_copy_forget(struct opt_copy *c);			/* nothing has a copy */
ir_ref opt_copy_value(struct opt_copy *c, ir_ref r);		/* constants and what has no copy: themselves; pure nodes made anew */
ir_ref opt_copy_pinned(struct opt_copy *c, ir_ref r);

/* inline.c: does the function fit the call n of f, by its types? */
bool opt_fits_call(const struct ir_func *f, const struct ir_func *g, const struct ir_node *n);

bool *opt_crossing(struct ir_func *f);		/* rotate.c: by block, whether something it defines is used in another one */
void opt_inline_self(struct ir_func *f, struct ir_func *g);	/* inline.c, for tailrec.c */

/* loop.c: one loop after the other; `n` nodes are known, newer ones count as changing */
#define OPT_NOWHERE UINT32_MAX
struct opt_loop {
	struct ir_func *f;
	uint32_t *block_of;		/* by node: where it stands; OPT_NOWHERE: it floats, or has been taken out */
	uint32_t *memo, serial, n;	/* serial: does not change in this loop; serial + 1: changes */
	VEC(ir_ref) work;
	struct opt_body { uint32_t *at, n, cap; } *body;	/* by header: the blocks of its loop in reverse post-order */
	uint32_t header, before;	/* the loop and the block before it */
	uint32_t edge;			/* from before into header */
	bool calls;			/* a call in it may never return; set by who asks */
	uint32_t state;			/* of opt_state_before; UINT32_MAX: there can be none */
};
void opt_loops_begin(struct opt_loop *l, struct ir_func *f);		/* analyses f and makes blocks before loops */
bool opt_loop_enter(struct opt_loop *l, uint32_t header);		/* false: no loop, or no block before it that goes nowhere else */
uint32_t opt_latch(const struct opt_loop *l);			/* the only edge from inside the loop to its header, or UINT32_MAX */
bool opt_invariant(struct opt_loop *l, ir_ref r);
ir_ref opt_before(const struct opt_loop *l, ir_ref r);			/* an argument of the header as what enters the loop; others as they are */
uint32_t opt_state_before(struct opt_loop *l);				/* the header's state as seen from before, or 0 */
bool opt_every_turn(const struct opt_loop *l, uint32_t b);
bool opt_certain(const struct opt_loop *l, uint32_t b);			/* whoever enters the loop gets to b before he leaves it */

#endif
