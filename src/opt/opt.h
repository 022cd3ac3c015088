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
struct opt_subst { ir_ref *to; uint32_t n; struct arena *mem; };
void opt_subst_init(struct opt_subst *s, struct ir_func *f);
void opt_subst_set(struct opt_subst *s, ir_ref from, ir_ref to);
ir_ref opt_subst_get(const struct opt_subst *s, ir_ref r);
void opt_subst_apply(struct opt_subst *s, struct ir_func *f);	/* all operands, edges and states; folds nothing */

#endif
