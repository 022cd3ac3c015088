// SPDX-License-Identifier: MIT
/* lua_gen.h - what the parts of the generator of Lua programs share.
 *
 * lua_gen.c writes whole programs, lua_gen_stmt.c statements,
 * lua_gen_expr.c expressions and the state they are chosen from,
 * lua_gen_prelude.c the helpers at the head of every script.
 */
#ifndef LUA_GEN_H
#define LUA_GEN_H

#include <stdbool.h>
#include <stdint.h>

enum kind { INT, FLT, STR, BOOL, ARR, FAR, REC, OBJ, N_KINDS };

enum {
	MAX_VARS = 256,
	MAX_FNS = 16,
	MAX_PARAMS = 5,
	MAX_LOCALS = 90,		/* of one function, far below Lua's limit */
	TURN_LIMIT = 4000,		/* product of nested loop bounds */
	COST_LIMIT = 80000,		/* statements run by one program */
};

struct var {
	char name[16];
	enum kind kind;
	bool fixed;			/* loop variables: never assigned */
};

struct fn {
	char name[16];
	enum kind param[MAX_PARAMS];
	enum kind result[3];
	int n_params, n_results;
	bool vararg;
	double cost;			/* statements one call runs, about */
};

struct gen {
	uint64_t rng;
	struct var var[MAX_VARS];
	struct fn fn[MAX_FNS];
	int n_vars, n_fns;
	int first_local;		/* of the function being written */
	int names;			/* for fresh ones */
	int indent, size;
	int loops, blocks;		/* nesting */
	const char *turn;		/* innermost integer loop variable, or NULL */
	int turn_last;			/* its last value */
	bool vararg;			/* "..." may be used here */
	double turns, cost, total;
};

/* lua_gen_expr.c */
uint32_t gen_below(struct gen *g, uint32_t n);
bool gen_chance(struct gen *g, uint32_t percent);
const char *gen_one_of(struct gen *g, const char *const *list, uint32_t n);
__attribute__((format(printf, 1, 2)))
void gen_put(const char *format, ...);
void gen_line(struct gen *g);
struct var *gen_declare(struct gen *g, enum kind kind, const char *prefix);
bool gen_room(const struct gen *g, int n);
struct var *gen_find(struct gen *g, enum kind kind, bool writable);
void gen_expr(struct gen *g, enum kind kind, int depth);
void gen_args_of(struct gen *g, const struct fn *f, int depth);

#define ONE_OF(g, ...) \
	gen_one_of(g, (const char *const[]){ __VA_ARGS__ }, \
	       sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

/* lua_gen_stmt.c */
void gen_block(struct gen *g, int n);
void gen_for_stmt(struct gen *g);
void gen_trace(struct gen *g, int n);

/* lua_gen_prelude.c */
extern const char gen_prelude[];

#endif
