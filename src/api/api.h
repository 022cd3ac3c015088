/* SPDX-License-Identifier: MIT
 * api.h - what the files behind hew.h share.
 */
#ifndef HEW_API_H
#define HEW_API_H

#include "tier/tier.h"

struct hew {
	struct tier_context x;
	struct arena strings;		/* constants of functions that were read from text */
	char error[400];
};

struct hew_fn {
	struct hew *x;
	struct arena mem;
	struct ir_func *f;
	jmp_buf *escape;		/* inside an API call or the engine: where lack of memory goes */
	bool no_memory;
	const char *bail_why;
	char bad[120];			/* text of the first mistake */
};

struct hew_code { struct hew_unit *u; struct hew *x; };

extern const struct target *const api_targets[];
extern const unsigned api_n_targets;

int32_t api_complain(struct hew_fn *f, const char *fmt, ...) PRINTF(2, 3);	/* the first mistake of a function; 0 */
struct hew_fn *api_fn_new(struct hew *x, const char *name);
enum hew_status api_fail(struct hew *x, enum hew_status s, const char *fmt, ...) PRINTF(3, 4);
uint64_t api_register_mask(const struct target *t, unsigned max_regs);

#endif
