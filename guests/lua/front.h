/* SPDX-License-Identifier: MIT
 * front.h - what the files of the Lua front end share: tokens, syntax tree, state of one compilation.
 *
 *	text --lex.c--> tokens --parse.c--> tree of one function, names resolved --gen.c, stat.c--> code.c --> lv_proto
 *
 * A function is compiled as soon as its last `end` is read: by then it is known which of its locals inner functions
 * capture, and its tree is dropped. Everything but the results lives in an arena of collected buffers, so an error may
 * longjmp out at any point. Strings and finished prototypes are held by the table lv_lex.anchor: buffers are not
 * searched by the collector.
 */
#ifndef LV_FRONT_H
#define LV_FRONT_H

#include "lv.h"

/* ---- scope tables: lv_locvar.attrib ------------------------------------------------------------------ */

enum lv_attrib {
	LV_ATTR_NONE,
	LV_ATTR_CONST,		/* never assigned after its declaration */
	LV_ATTR_CLOSE,		/* to be closed; never assigned either */
	LV_ATTR_TEMP,		/* an entry of the operand stack that is used more than once: within its range it is not
				 * popped but peeked, behind it it is an ordinary entry again */
	LV_ATTR_COUNT
};

/* ---- tokens ------------------------------------------------------------------------------------------ */

/* reserved words first, in the order of their names' length and spelling */
#define LV_TOKENS(T) \
	T(DO, "do") T(IF, "if") T(IN, "in") T(OR, "or") \
	T(AND, "and") T(END, "end") T(FOR, "for") T(NIL, "nil") T(NOT, "not") \
	T(ELSE, "else") T(GOTO, "goto") T(THEN, "then") T(TRUE, "true") \
	T(BREAK, "break") T(FALSE, "false") T(LOCAL, "local") T(UNTIL, "until") T(WHILE, "while") \
	T(ELSEIF, "elseif") T(REPEAT, "repeat") T(RETURN, "return") T(FUNCTION, "function") \
	T(IDIV, "//") T(CONCAT, "..") T(DOTS, "...") T(EQ, "==") T(GE, ">=") T(LE, "<=") T(NE, "~=") \
	T(SHL, "<<") T(SHR, ">>") T(DBCOLON, "::") T(EOS, "<eof>") \
	T(FLT, "<number>") T(INT, "<integer>") T(NAME, "<name>") T(STRING, "<string>")
enum lv_tok {				/* single characters stand for themselves; 0: no token */
	LV_TK_BASE = 256,
#define T(name, text) LV_TK_##name,
	LV_TOKENS(T)
#undef T
	LV_TK_COUNT
};

struct lv_token { int kind; struct lv_value k; };	/* k: of numbers, strings and names */

/* ---- syntax tree ---------------------------------------------------------------------------------------- */

enum lv_tree_kind {
	/* expressions; those from X_INDEX to X_CMP hang their left operand on `a`, however long the chain */
	LV_X_CONST, LV_X_VARARG, LV_X_FUNC, LV_X_LOCAL, LV_X_UPVAL,
	LV_X_INDEX, LV_X_CALL, LV_X_METHOD, LV_X_BIN, LV_X_CMP,
	LV_X_UN, LV_X_NOT, LV_X_AND, LV_X_OR, LV_X_CONCAT, LV_X_TABLE, LV_X_TRUNC,
	LV_X_ITEM, LV_X_PAIR,		/* of a table constructor: value a; key a, value b */
	/* statements */
	LV_S_LOCAL, LV_S_LOCALFUNC, LV_S_ASSIGN, LV_S_CALL, LV_S_DO, LV_S_WHILE, LV_S_REPEAT, LV_S_IF,
	LV_S_FORNUM, LV_S_FORGEN, LV_S_RETURN, LV_S_GOTO, LV_S_LABEL
};
enum lv_cmp { LV_CMP_EQ, LV_CMP_NE, LV_CMP_LT, LV_CMP_LE, LV_CMP_GT, LV_CMP_GE };

struct lv_tree {
	uint8_t kind;
	bool paren;			/* written in parentheses: no variable, no end of a chain */
	bool last;			/* LABEL: at the end of its block, where no local counts any more */
	uint16_t op;			/* BIN, UN: opcode of the plain form; CMP: enum lv_cmp; UPVAL: index */
	int32_t line, line2;
	struct lv_tree *a, *b, *c;	/* operands; condition, block, else; targets, values */
	struct lv_tree *next;		/* in a list of expressions or statements */
	struct lv_tree *up;		/* back from `a` along a chain */
	struct lv_var *var;		/* LOCAL; first declared one of a statement; the named constant of CONST */
	union {
		struct lv_value k;	/* CONST; name of METHOD */
		struct lv_child *fn;	/* FUNC */
		struct lv_label *label;	/* GOTO, LABEL; where `break` goes from a loop */
	};
};

struct lv_var {				/* a local variable */
	struct lv_str *name;
	struct lv_var *prev;		/* the active one below it */
	struct lv_var *next;		/* declared together with it */
	struct lv_value k;		/* of a compile-time constant */
	uint16_t ord;			/* how many were active before it */
	uint16_t slot;			/* while code is generated: where to read it */
	uint16_t box;			/* and where closures find its box */
	uint8_t attrib;
	bool isk;			/* compile-time constant, no slot */
	bool captured, assigned;
	bool boxed;			/* reads and writes go through the box */
	uint32_t scope, copy;		/* index of its lv_locvar; + 1 of the one of its boxed copy */
};

struct lv_label {
	struct lv_str *name;
	struct lv_label *prev;		/* visible before it */
	int line;
	uint16_t nvars;			/* locals active at it */
	uint32_t id;			/* of the generator, + 1; 0: none yet */
	uint8_t pass;			/* when that was: 1, 2 once more with far jumps */
	bool bound;
	bool used;			/* some goto names it */
};

struct lv_upref { struct lv_str *name; struct lv_var *var; bool instack; uint8_t index; };	/* var: where it was declared; NULL: _ENV of a chunk */
struct lv_child {			/* what is left of a compiled inner function */
	struct lv_proto *p;
	struct lv_var *var[];		/* per upvalue: the captured local of the enclosing function, or NULL */
};

struct lv_block {			/* a block while it is parsed */
	struct lv_block *up;
	struct lv_var *vars;		/* innermost variable, count, labels outside it */
	uint16_t nvars;
	struct lv_label *labels;
	struct lv_pending *gotos;
	bool loop;
};
struct lv_pending { struct lv_pending *prev; struct lv_tree *node; struct lv_str *name; uint16_t nvars; };	/* a goto without its label; name NULL: break */

/* ---- code being generated -------------------------------------------------------------------------------- */

#define LV_NOLABEL UINT32_MAX
struct lv_jump { uint32_t pc, label; };
struct lv_target { uint32_t pc; bool used; };			/* pc LV_NOLABEL: not bound yet */
struct lv_gen {
	struct lv_ins *code; int32_t *line; uint32_t n, cap;
	struct lv_jump *jump; uint32_t njump, capjump;
	struct lv_target *label; uint32_t nlabel, caplabel;
	uint32_t edge;						/* highest pc where a label is bound or a scope begins or ends */
	struct lv_value *k; uint32_t nk, capk;
	uint32_t *hash; uint32_t nhash;				/* index + 1 into k */
	struct lv_child **child; uint32_t nchild, capchild;
	struct lv_locvar *loc; uint32_t nloc, caploc;
	struct lv_var *vars;					/* innermost active local */
	uint32_t top, maxtop;					/* next free slot; highest ever */
	uint32_t gaps;						/* info slots below top: not counted against the limit */
	uint32_t ntbc;						/* to-be-closed variables in scope */
	bool dead;						/* no way leads here: nothing is emitted */
	bool far;						/* second try: conditional jumps reach everywhere */
};

struct lv_func {			/* a function being compiled */
	struct lv_func *up;
	struct lv_lex *ls;
	struct lv_block *block;
	struct lv_var *vars;		/* innermost active variable */
	struct lv_label *labels;	/* visible ones */
	struct lv_pending *gotos;	/* unresolved ones */
	struct lv_var *params;
	struct lv_tree *body;
	int line, lastline;
	uint16_t nvars;
	bool vararg;
	uint8_t nparams;
	uint16_t nup;
	struct lv_gen g;
	struct lv_upref upref[255];
};

/* ---- one compilation ------------------------------------------------------------------------------------------ */

enum { LV_FE_CHUNKS = 40, LV_FE_CHUNK = 8192, LV_FE_LEVELS = 195, LV_FE_REGS = 255 };
struct lv_arena_mark { uint32_t chunk; size_t used; };
struct lv_lex {
	struct lv_state *L;
	const char *p, *start, *end;	/* text: next character, limits */
	int c;				/* current character, -1 at the end */
	int line, lastline;		/* of the current character; of the last token taken */
	struct lv_token t, ahead;	/* current token; the one after it, if kind is not 0 */
	const char *text; size_t ntext;	/* spelling of the last token read, for messages */
	struct lv_buf *buf; size_t nbuf;	/* string being read */
	struct lv_str *source, *env;
	struct lv_func *fs;
	struct lv_table *anchor; int64_t nanchor;
	int levels;			/* nesting of statements and expressions */
	struct lv_buf *chunk[LV_FE_CHUNKS];	/* arena: each twice as large as the one before */
	struct lv_arena_mark at;
};

/* lex.c */
void lv_lex_open(struct lv_lex *ls, struct lv_state *L, const char *s, size_t n, const char *chunkname);
void lv_lex_next(struct lv_lex *ls);
int lv_lex_peek(struct lv_lex *ls);			/* kind of the token after the current one */
struct lv_str *lv_lex_str(struct lv_lex *ls, const char *s, size_t n);	/* one object per content, held by the anchor */
const char *lv_lex_name(struct lv_lex *ls, int kind, char out[32]);	/* as messages show a token */
_Noreturn void lv_lex_error(struct lv_lex *ls, const char *msg, int kind);	/* "chunk:line: msg near token" */
_Noreturn void lv_lex_overflow(struct lv_lex *ls);
void *lv_lex_alloc(struct lv_lex *ls, size_t n);	/* cleared arena memory */
void lv_lex_release(struct lv_lex *ls, struct lv_arena_mark m);
void lv_lex_anchor(struct lv_lex *ls, void *o, enum lv_tag tag);

/* parse.c */
_Noreturn void lv_fe_limit(struct lv_func *fs, uint32_t limit, const char *what);
_Noreturn void lv_fe_semantic(struct lv_lex *ls, struct lv_str *msg);

/* code.c */
struct lv_proto *lv_proto_new(struct lv_state *L);	/* with an id, otherwise empty */
struct lv_proto *lv_fe_generate(struct lv_func *fs);	/* the whole function, its tree being complete */
uint32_t lv_code_emit(struct lv_func *fs, enum lv_op op, uint32_t a, uint32_t b, uint32_t c, int line);
uint32_t lv_code_emitw(struct lv_func *fs, enum lv_op op, uint32_t a, int32_t w, int line);
uint32_t lv_code_label(struct lv_func *fs);
void lv_code_bind(struct lv_func *fs, uint32_t label);
uint32_t lv_code_header(struct lv_func *fs);		/* a label here that is jumped back to */
void lv_code_jump(struct lv_func *fs, enum lv_op op, uint32_t a, uint32_t label, int line);	/* 32-bit distance; backward ones must be LOOPs */
void lv_code_compare(struct lv_func *fs, enum lv_op op, uint32_t a, uint32_t b, uint32_t label, int line);
uint32_t lv_code_constant(struct lv_func *fs, const struct lv_value *k);
uint32_t lv_code_child(struct lv_func *fs, struct lv_child *c);
uint32_t lv_code_push(struct lv_func *fs);		/* takes the next slot */
uint32_t lv_code_scope(struct lv_func *fs, struct lv_str *name, uint32_t slot, bool boxed, enum lv_attrib attrib);
void lv_code_unscope(struct lv_func *fs, uint32_t scope);

/* gen.c: expressions */
enum { LV_PUSH = -1 };			/* as a destination: the next slot */
enum lv_operand_kind { LV_O_SLOT, LV_O_CONST, LV_O_UPVAL };
struct lv_operand { enum lv_operand_kind kind; bool popped; uint32_t slot; const struct lv_tree *e; };	/* slot: or upvalue index; popped: an entry of the operand stack */
struct lv_operand lv_gen_load(struct lv_func *fs, const struct lv_tree *e);	/* as it is cheapest to use */
struct lv_operand lv_gen_stack(struct lv_func *fs, struct lv_operand o, int line);	/* on the operand stack */
struct lv_operand lv_gen_slot(struct lv_func *fs, struct lv_operand o, int line);	/* in a slot */
static inline struct lv_operand lv_gen_any(struct lv_func *fs, const struct lv_tree *e, int line)
{
	return lv_gen_slot(fs, lv_gen_load(fs, e), line);
}
void lv_gen_pop(struct lv_func *fs, struct lv_operand o);
void lv_gen_value(struct lv_func *fs, const struct lv_tree *e, int dest);	/* one value */
void lv_gen_multi(struct lv_func *fs, const struct lv_tree *e, uint32_t want);	/* a call or `...`, pushed */
uint32_t lv_gen_list(struct lv_func *fs, const struct lv_tree *e);	/* pushes all; their number, or LV_OPEN */
void lv_gen_tailcall(struct lv_func *fs, const struct lv_tree *call);
void lv_gen_cond(struct lv_func *fs, const struct lv_tree *e, uint32_t label, bool sense);	/* jumps when the truth of e is `sense` */
bool lv_gen_fieldkey(struct lv_func *fs, const struct lv_tree *key, uint32_t *k);	/* a short string constant within reach */
bool lv_gen_intkey(const struct lv_tree *key, int16_t *i);
static inline bool lv_ismulti(const struct lv_tree *e) { return e->kind == LV_X_CALL || e->kind == LV_X_METHOD || e->kind == LV_X_VARARG; }

/* stat.c: statements */
void lv_gen_body(struct lv_func *fs);

/* verify.c: depth of the stack before each instruction (absolute: slots below it are in use), LV_OPEN where no way
 * leads; top has p->ncode elements. False and a reason if the code is not well formed. Inner functions are not looked at. */
bool lv_stackmap(struct lv_state *L, const struct lv_proto *p, uint16_t *top, char *why, size_t n);

#endif
