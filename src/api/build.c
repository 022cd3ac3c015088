/* SPDX-License-Identifier: MIT
 * build.c - the builder of hew.h over ir/: one thin function per operation.
 *
 * Lack of memory while building longjmps out of the arena. Inside hew_tier_up the engine has set the place to go to; for
 * functions built by hand a call that may allocate sets its own, which takes as long as the operation itself.
 */
#include "api/api.h"

#include <stdio.h>
#include <stdlib.h>

_Static_assert((int)HEW_VOID == (int)IR_T_void && (int)HEW_I32 == (int)IR_T_i32 && (int)HEW_I64 == (int)IR_T_i64 &&
	(int)HEW_PTR == (int)IR_T_ptr && (int)HEW_F32 == (int)IR_T_f32 && (int)HEW_F64 == (int)IR_T_f64, "types of hew.h are those of the IR");
_Static_assert((int)HEW_FULL == (int)IR_W_FULL && (int)HEW_32U == (int)IR_W_32U, "widths of hew.h are those of the IR");
_Static_assert((int)HEW_CHECK_POLL == (int)IR_CHECK_poll, "checks of hew.h are those of the IR");

static void out_of_memory(void *arg)
{
	struct hew_fn *f = arg;

	f->no_memory = true;
	longjmp(*f->escape, 1);
}

/* Runs fn(f, arg); when memory ends the function is bad and the result 0. */
static hew_val protect(struct hew_fn *f, hew_val (*fn)(struct ir_func *f, const void *arg), const void *arg)
{
	jmp_buf here;
	hew_val v;

	if (f->no_memory || f->f->bad)
		return 0;
	if (f->escape)
		return fn(f->f, arg);
	f->escape = &here;
	v = _setjmp(here) ? 0 : fn(f->f, arg);
	f->escape = NULL;
	return v;
}

struct hew_fn *api_fn_new(struct hew *x, const char *name)
{
	struct hew_fn *f = base_realloc(NULL, 0, sizeof *f);
	jmp_buf here;

	if (!f)
		return NULL;
	memset(f, 0, sizeof *f);
	f->x = x;
	arena_init(&f->mem, out_of_memory, f);
	f->escape = &here;
	if (_setjmp(here)) {
		hew_fn_free(f);
		return NULL;
	}
	f->f = ir_func_new(&f->mem, name);
	ir_start(f->f, ir_block_new(f->f));
	f->escape = NULL;
	return f;
}

struct hew_fn *hew_fn_new(struct hew *x, const char *name, hew_type result, int n, const hew_type *args)
{
	struct hew_fn *f = api_fn_new(x, name);
	jmp_buf here;

	if (!f)
		return NULL;
	f->escape = &here;
	if (_setjmp(here)) {
		hew_fn_free(f);
		return NULL;
	}
	f->f->strict = f->f->typed = true;
	if (result != HEW_VOID) {
		f->f->result[0] = (uint8_t)result;
		f->f->n_results = 1;
	}
	for (int i = 0; i < n; i++)
		ir_block_arg(f->f, 0, (enum ir_type)args[i]);
	f->escape = NULL;
	return f;
}

void hew_fn_result2(struct hew_fn *f, hew_type second)
{
	f->f->result[1] = (uint8_t)second;
	f->f->n_results = 2;
}

void hew_fn_guest(struct hew_fn *f)
{
	if (f->f->strict)
		f->f->conv = IR_CONV_GUEST;
	else
		api_complain(f, "a guest's lift is of the C convention");
}

void hew_fn_local(struct hew_fn *f) { f->f->local = true; }

void hew_fn_free(struct hew_fn *f)
{
	if (!f)
		return;
	arena_fini(&f->mem);
	base_free(f, sizeof *f);
}

/* ---- operands are checked when they come in, so that a mistake is named where it is made --------------------- */

hew_val api_complain(struct hew_fn *f, const char *fmt, ...)
{
	va_list ap;

	if (f->f->bad)
		return 0;
	va_start(ap, fmt);
	vsnprintf(f->bad, sizeof f->bad, fmt, ap);
	va_end(ap);
	f->f->bad = f->bad;
	return 0;
}

static bool exists(const struct hew_fn *f, hew_val v)
{
	return v > 0 ? (uint32_t)v < f->f->node.n : v < 0 && -(int64_t)v < f->f->konst.n;
}

static bool has_value(const struct hew_fn *f, hew_val v) { return exists(f, v) && ir_type_of(f->f, v) != IR_T_void; }
static bool is_type(hew_type t) { return (unsigned)t > HEW_VOID && (unsigned)t < IR_TYPE_COUNT; }

static hew_val bad_operand(struct hew_fn *f, const char *op, int k)
{
	return api_complain(f, "operand %d of %s is not a value of this function", k, op);
}

static hew_val bad_types(struct hew_fn *f, enum ir_op op, hew_val a, hew_val b)
{
	if (b)
		return api_complain(f, "%s does not take %s and %s", ir_op_names[op], ir_types[ir_type_of(f->f, a)].name, ir_types[ir_type_of(f->f, b)].name);
	return api_complain(f, "%s does not take %s", ir_op_names[op], ir_types[ir_type_of(f->f, a)].name);
}

static bool is_block(struct hew_fn *f, hew_block b)
{
	if (b < f->f->block.n)
		return true;
	api_complain(f, "block %u does not exist", b);
	return false;
}

static bool is_state(struct hew_fn *f, hew_state s, const char *op)
{
	if (s < f->f->state.n)
		return true;
	api_complain(f, "the frame state of %s does not exist", op);
	return false;
}

static bool is_class(struct hew_fn *f, unsigned cls)
{
	if (cls < IR_MAX_CLASS)
		return true;
	api_complain(f, "alias class %u is not below %d", cls, IR_MAX_CLASS);
	return false;
}

static bool are_values(struct hew_fn *f, const char *op, int n, const hew_val *v)
{
	for (int i = 0; i < n; i++)
		if (!has_value(f, v[i])) {
			api_complain(f, "argument %d of %s is not a value of this function", i + 1, op);
			return false;
		}
	return true;
}

hew_val hew_arg(struct hew_fn *f, int i)
{
	if (i < 0 || (uint32_t)i >= f->f->block.at[0].arg.n)
		return api_complain(f, "the function has fewer arguments than %d", i < 0 ? i : i + 1);
	return f->f->block.at[0].arg.at[i];
}

struct op { struct hew_fn *owner; enum ir_op o; enum ir_type t; unsigned aux; hew_val a, b, c; };

/* The block being built has its jump or return: nothing that stands at its place may follow. */
static bool ended(struct hew_fn *f, enum ir_op o)
{
	if (!f->f->block.at[f->f->cur].control || ir_ops[o].flags & (IR_PURE | IR_ENDS))
		return false;
	api_complain(f, "%s in a block that has ended", ir_op_names[o]);
	return true;
}

static hew_val checked_emit(struct ir_func *f, const void *arg)
{
	const struct op *x = arg;
	const struct ir_op_info *info = &ir_ops[x->o];
	const char *name = ir_op_names[x->o];

	if (ended(x->owner, x->o))
		return 0;
	if (info->args[0] == 'v' && !exists(x->owner, x->a))
		return bad_operand(x->owner, name, 1);
	if (info->args[1] == 'v' && !exists(x->owner, x->b) && !(x->o == IR_check && x->b == 0))
		return bad_operand(x->owner, name, 2);
	if (info->args[2] == 'v' && !exists(x->owner, x->c))
		return bad_operand(x->owner, name, 3);
	if (info->args[2] == 's' && x->c == 0)
		return api_complain(x->owner, "%s has no frame state", name);
	if (info->args[2] == 's' && !is_state(x->owner, (hew_state)x->c, name))
		return 0;
	if (info->result == 't' && !is_type((hew_type)x->t))
		return api_complain(x->owner, "%s to a type that does not exist", name);
	if (!ir_operand_types_fit(f, x->o, x->t, x->aux, x->a, x->b, x->c))
		return bad_types(x->owner, x->o, x->a, info->args[1] == 'v' ? x->b : 0);
	return ir_emit(f, x->o, x->t, x->aux, x->a, x->b, x->c);
}

/* Can an operation, or a constant, be made without memory being asked for? Not in a function that has failed. */
static inline bool at_hand(const struct hew_fn *f, bool in_skeleton)
{
	return !f->no_memory && !f->f->bad && ir_has_room(f->f, in_skeleton);
}

static hew_val op(struct hew_fn *f, enum ir_op o, enum ir_type t, unsigned aux, hew_val a, hew_val b, hew_val c)
{
	struct op x = { f, o, t, aux, a, b, c };

	return at_hand(f, !(ir_ops[o].flags & IR_PURE)) ? checked_emit(f->f, &x) : protect(f, checked_emit, &x);
}

/* The same for operations of two operands that stand in no block, mostly: nothing to complain of, no memory needed. */
static inline hew_val binary(struct hew_fn *f, enum ir_op o, unsigned aux, hew_val a, hew_val b)
{
	struct ir_func *g = f->f;

	if (!(ir_ops[o].flags & IR_PURE) || !at_hand(f, false) || !exists(f, a) || !exists(f, b) ||
	    !(ir_right_types[o][ir_type_of(g, a)] >> ir_type_of(g, b) & 1))
		return op(f, o, IR_T_void, aux, a, b, 0);
	return ir_emit(g, o, IR_T_void, aux, a, b, 0);
}

#define X(name) hew_val hew_##name(struct hew_fn *f, hew_val a, hew_val b) { return binary(f, IR_##name, 0, a, b); }
HEW_BINARY(X)
#undef X
#define X(name) hew_val hew_##name(struct hew_fn *f, hew_val a) { return op(f, IR_##name, IR_T_void, 0, a, 0, 0); }
HEW_UNARY(X)
#undef X
#define X(name) hew_val hew_##name(struct hew_fn *f, hew_type to, hew_val a) { return op(f, IR_##name, (enum ir_type)to, 0, a, 0, 0); }
HEW_CONVERT(X)
#undef X

hew_val hew_add_nsw(struct hew_fn *f, hew_val a, hew_val b) { return binary(f, IR_add, IR_NSW, a, b); }
hew_val hew_sub_nsw(struct hew_fn *f, hew_val a, hew_val b) { return binary(f, IR_sub, IR_NSW, a, b); }
hew_val hew_mul_nsw(struct hew_fn *f, hew_val a, hew_val b) { return binary(f, IR_mul, IR_NSW, a, b); }
hew_val hew_shl_nsw(struct hew_fn *f, hew_val a, hew_val b) { return binary(f, IR_shl, IR_NSW, a, b); }
hew_val hew_sp(struct hew_fn *f) { return op(f, IR_sp, IR_T_ptr, 0, 0, 0, 0); }
hew_val hew_inargs(struct hew_fn *f) { return op(f, IR_inargs, IR_T_ptr, 0, 0, 0, 0); }

hew_val hew_stack(struct hew_fn *f, uint32_t bytes, uint32_t align)
{
	if (bytes == 0 || bytes > INT32_MAX / 2 || align == 0 || align > 16 || (align & (align - 1)))
		return api_complain(f, "stack takes 1 byte to 1 GiB, aligned to 1, 2, 4, 8 or 16");
	return op(f, IR_stack, IR_T_ptr, 0, (hew_val)bytes, (hew_val)align, 0);
}

static hew_val make_callee(struct ir_func *f, const void *arg)
{
	struct ir_func *g = ((const struct hew_fn *)arg)->f;

	return ir_callee(f, g->name, g);
}

hew_val hew_callee(struct hew_fn *f, struct hew_fn *callee) { return protect(f, make_callee, callee); }
hew_val hew_select(struct hew_fn *f, hew_val cond, hew_val yes, hew_val no) { return op(f, IR_select, IR_T_void, 0, cond, yes, no); }

struct konst { enum ir_type t; int64_t bits; };

static hew_val make_const(struct ir_func *f, const void *arg)
{
	const struct konst *k = arg;

	return ir_const(f, k->t, k->bits);
}

static hew_val konst(struct hew_fn *f, enum ir_type t, int64_t bits)
{
	return at_hand(f, false) ? ir_const(f->f, t, bits) : protect(f, make_const, &(struct konst){ t, bits });
}

hew_val hew_i32(struct hew_fn *f, int32_t x) { return konst(f, IR_T_i32, x); }
hew_val hew_i64(struct hew_fn *f, int64_t x) { return konst(f, IR_T_i64, x); }
hew_val hew_ptr(struct hew_fn *f, const void *p) { return konst(f, IR_T_ptr, (int64_t)(intptr_t)p); }

hew_val hew_f64(struct hew_fn *f, double x)
{
	int64_t bits;

	memcpy(&bits, &x, 8);
	return konst(f, IR_T_f64, bits);
}

hew_val hew_f32(struct hew_fn *f, float x)
{
	uint32_t bits;

	memcpy(&bits, &x, 4);
	return konst(f, IR_T_f32, bits);
}

bool hew_is_const(const struct hew_fn *f, hew_val v, int64_t *bits)
{
	if (v >= 0 || !exists(f, v))
		return false;
	if (bits)
		*bits = ir_kbits(f->f, v);
	return true;
}

hew_type hew_type_of(const struct hew_fn *f, hew_val v) { return exists(f, v) ? (hew_type)ir_type_of(f->f, v) : HEW_VOID; }

/* ---- memory ------------------------------------------------------------------------------------------------------ */

void hew_class(struct hew_fn *f, unsigned cls, const char *name, unsigned flags)
{
	const char *wrong;

	if (!is_class(f, cls))
		return;
	wrong = ir_name_class(f->f, cls, name);
	if (wrong)
		api_complain(f, "%s: %s", wrong, name ? name : "none");
	if (flags & HEW_CLASS_ANY)
		f->f->any |= UINT32_C(1) << cls;
	if (flags & HEW_CLASS_EXACT)
		f->f->exact |= UINT32_C(1) << cls;
	if (flags & HEW_CLASS_CHANGING)
		f->f->changing |= UINT32_C(1) << cls;
	if (flags & HEW_CLASS_IMMUTABLE) {
		f->f->immutable |= UINT32_C(1) << cls;
		f->f->version[cls] = 0;
	}
}

hew_val hew_load(struct hew_fn *f, hew_type t, hew_width w, unsigned cls, hew_val base, int32_t offset)
{
	if (!is_class(f, cls))
		return 0;
	if (f->f->changing >> cls & 1)
		f->f->version[cls] = f->f->next_version++;
	return op(f, IR_load, (enum ir_type)t, IR_MEM_AUX(cls, w), base, offset, (ir_ref)f->f->version[cls]);
}

void hew_store(struct hew_fn *f, hew_width w, unsigned cls, hew_val base, int32_t offset, hew_val v)
{
	if (is_class(f, cls))
		op(f, IR_store, IR_T_void, IR_MEM_AUX(cls, w), base, offset, v);
}

/* ---- blocks --------------------------------------------------------------------------------------------------------- */

static hew_val make_block(struct ir_func *f, const void *arg)
{
	(void)arg;
	return (hew_val)ir_block_new(f);
}

hew_block hew_block_new(struct hew_fn *f) { return (hew_block)protect(f, make_block, NULL); }

struct block_arg { hew_block b; hew_type t; };

static hew_val make_block_arg(struct ir_func *f, const void *arg)
{
	const struct block_arg *x = arg;

	return ir_block_arg(f, x->b, (enum ir_type)x->t);
}

hew_val hew_block_arg(struct hew_fn *f, hew_block b, hew_type t)
{
	if (b == 0)
		return api_complain(f, "the entry block takes the function's arguments only");
	if (!is_block(f, b))
		return 0;
	if (!is_type(t))
		return api_complain(f, "an argument of block %u has no type", b);
	return protect(f, make_block_arg, &(struct block_arg){ b, t });
}

void hew_begin(struct hew_fn *f, hew_block b)
{
	if (is_block(f, b))
		ir_start(f->f, b);
}

void hew_cold(struct hew_fn *f, hew_block b)
{
	if (is_block(f, b))
		f->f->block.at[b].cold = true;
}

void hew_block_state(struct hew_fn *f, hew_block b, hew_state s)
{
	if (is_block(f, b) && is_state(f, s, "a block"))
		f->f->block.at[b].state = s;
}

bool hew_ended(const struct hew_fn *f) { return f->no_memory || f->f->bad || f->f->block.at[f->f->cur].control != 0; }

struct branch { struct hew_fn *owner; hew_val cond; hew_block to[2]; int n[2]; const hew_val *args[2]; };

static bool may_jump(struct hew_fn *f, const char *op, hew_block to, int n, const hew_val *args)
{
	if (!is_block(f, to) || !are_values(f, op, n, args))
		return false;
	if (to == 0)
		api_complain(f, "%s to the entry block", op);
	return to != 0;
}

static hew_val make_jump(struct ir_func *f, const void *arg)
{
	const struct branch *x = arg;

	if (!may_jump(x->owner, "jmp", x->to[0], x->n[0], x->args[0]))
		return 0;
	ir_jmp(f, x->to[0], (uint32_t)x->n[0], x->args[0]);
	return 0;
}

static hew_val make_branch(struct ir_func *f, const void *arg)
{
	const struct branch *x = arg;
	uint32_t yes;

	if (!has_value(x->owner, x->cond))
		return bad_operand(x->owner, "br", 1);
	if (ir_type_of(f, x->cond) != IR_T_i32)
		return bad_types(x->owner, IR_br, x->cond, 0);
	if (!may_jump(x->owner, "br", x->to[0], x->n[0], x->args[0]) || !may_jump(x->owner, "br", x->to[1], x->n[1], x->args[1]))
		return 0;
	yes = ir_edge_new(f, x->to[0], (uint32_t)x->n[0], x->args[0]);
	ir_br(f, x->cond, yes, ir_edge_new(f, x->to[1], (uint32_t)x->n[1], x->args[1]));
	return 0;
}

void hew_jump(struct hew_fn *f, hew_block to, int n, const hew_val *args)
{
	protect(f, make_jump, &(struct branch){ .owner = f, .to = { to }, .n = { n }, .args = { args } });
}

void hew_branch(struct hew_fn *f, hew_val cond, hew_block yes, int n_yes, const hew_val *yes_args, hew_block no, int n_no, const hew_val *no_args)
{
	protect(f, make_branch, &(struct branch){ f, cond, { yes, no }, { n_yes, n_no }, { yes_args, no_args } });
}

/* ---- switch: a tree of comparisons over the sorted values, tables where they lie close together ------------------------------ */

enum { TABLE = 5, SPARSE = 4 };		/* least cases of a table; at most so many entries a case */

struct choice { int64_t value; hew_block to; };
struct choices { struct hew_fn *f; hew_val v; struct choice *at; hew_block otherwise; };

static hew_val case_value(const struct choices *c, int64_t x)
{
	return hew_type_of(c->f, c->v) == HEW_I32 ? hew_i32(c->f, (int32_t)x) : hew_i64(c->f, x);
}

struct table { struct hew_fn *owner; hew_val v; uint32_t n; const hew_block *to; };

static hew_val make_switch(struct ir_func *f, const void *arg)
{
	const struct table *x = arg;

	if (!has_value(x->owner, x->v))
		return bad_operand(x->owner, "switch", 1);
	if (ir_type_of(f, x->v) != IR_T_i32 && ir_type_of(f, x->v) != IR_T_i64)
		return bad_types(x->owner, IR_switch, x->v, 0);
	for (uint32_t k = 0; k < x->n; k++)
		if (!may_jump(x->owner, "switch", x->to[k], 0, NULL))
			return 0;
	ir_switch(f, x->v, x->n, x->to);
	return 0;
}

/* Of at[lo..hi): a table from the first to the last value. False: it would be mostly empty, or there is no memory. */
static bool by_table(const struct choices *c, int lo, int hi)
{
	uint64_t range = (uint64_t)c->at[hi - 1].value - (uint64_t)c->at[lo].value + 1;
	uint32_t n = 0;
	hew_block *to;

	if (hi - lo < TABLE || range - 1 >= (uint64_t)(hi - lo) * SPARSE || (hew_type_of(c->f, c->v) != HEW_I32 && hew_type_of(c->f, c->v) != HEW_I64))
		return false;
	to = base_realloc(NULL, 0, (range + 1) * sizeof *to);
	if (!to)
		return false;
	for (int k = lo; k < hi; k++) {
		while (n < (uint64_t)c->at[k].value - (uint64_t)c->at[lo].value)
			to[n++] = c->otherwise;
		if (k == lo || c->at[k].value != c->at[k - 1].value)
			to[n++] = c->at[k].to;
	}
	to[n] = c->otherwise;
	protect(c->f, make_switch, &(struct table){ c->f, hew_sub(c->f, c->v, case_value(c, c->at[lo].value)), n + 1, to });
	base_free(to, (range + 1) * sizeof *to);
	return true;
}

/* Of at[lo..hi); up to three are asked for one after the other. */
static void decide(const struct choices *c, int lo, int hi)
{
	int mid = lo + (hi - lo) / 2;
	hew_block next, below;

	if (by_table(c, lo, hi))
		return;
	if (hi - lo <= 3) {
		for (; lo < hi; lo++) {
			next = lo + 1 < hi ? hew_block_new(c->f) : c->otherwise;
			hew_branch(c->f, hew_eq(c->f, c->v, case_value(c, c->at[lo].value)), c->at[lo].to, 0, NULL, next, 0, NULL);
			if (lo + 1 < hi)
				hew_begin(c->f, next);
		}
		return;
	}
	next = hew_block_new(c->f);
	below = hew_block_new(c->f);
	hew_branch(c->f, hew_lt(c->f, c->v, case_value(c, c->at[mid].value)), below, 0, NULL, next, 0, NULL);
	hew_begin(c->f, below);
	decide(c, lo, mid);
	hew_begin(c->f, next);
	decide(c, mid, hi);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = ((const struct choice *)a)->value, y = ((const struct choice *)b)->value;

	return x < y ? -1 : x > y;
}

void hew_switch(struct hew_fn *f, hew_val v, int n, const int64_t *value, const hew_block *to, hew_block otherwise)
{
	struct choices c = { f, v, base_realloc(NULL, 0, (size_t)(n + 1) * sizeof *c.at), otherwise };

	if (!c.at) {
		f->no_memory = true;
		return;
	}
	for (int i = 0; i < n; i++)
		c.at[i] = (struct choice){ hew_type_of(f, v) == HEW_I32 ? (int32_t)value[i] : value[i], to[i] };
	if (n)
		qsort(c.at, (size_t)n, sizeof *c.at, by_value);
	if (n)
		decide(&c, 0, n);
	else
		hew_jump(f, otherwise, 0, NULL);
	base_free(c.at, (size_t)(n + 1) * sizeof *c.at);
}

struct ret { struct hew_fn *owner; hew_val v[2]; };

static hew_val make_ret(struct ir_func *f, const void *arg)
{
	const struct ret *x = arg;

	for (int k = 0; k < 2; k++) {
		if (x->v[k] && !has_value(x->owner, x->v[k]))
			return bad_operand(x->owner, "ret", k + 1);
		if ((x->v[k] ? ir_type_of(f, x->v[k]) : IR_T_void) != (enum ir_type)f->result[k])
			return api_complain(x->owner, "operand %d of ret is %s, but the function returns %s", k + 1,
				ir_types[x->v[k] ? ir_type_of(f, x->v[k]) : IR_T_void].name, ir_types[f->result[k]].name);
	}
	ir_ret(f, x->v[0], x->v[1]);
	return 0;
}

void hew_ret2(struct hew_fn *f, hew_val a, hew_val b) { protect(f, make_ret, &(struct ret){ f, { a, b } }); }
void hew_ret(struct hew_fn *f, hew_val v) { hew_ret2(f, v, 0); }

/* ---- calls, states, guards ------------------------------------------------------------------------------------------- */

static bool are_ways(struct hew_fn *f, int n, const uint8_t *pass)
{
	for (int k = 0; pass && k < n; k++)
		if (pass[k] >= IR_PASS_COUNT)
			return api_complain(f, "argument %d is passed in a way that does not exist", k + 1) != 0;
	return true;
}

static hew_val make_pass(struct ir_func *f, const void *arg)
{
	f->pass = ir_pass(f, f->block.at[0].arg.n, arg);
	return 0;
}

void hew_fn_pass(struct hew_fn *f, const uint8_t *pass)
{
	if (are_ways(f, (int)f->f->block.at[0].arg.n, pass))
		protect(f, make_pass, pass);
}

struct call { struct hew_fn *owner; hew_val target; struct ir_call d; int n; const hew_val *args; };

static hew_val make_call(struct ir_func *f, const void *arg)
{
	const struct call *x = arg;
	struct ir_call d = x->d;

	if (ended(x->owner, IR_call))
		return 0;
	if (!has_value(x->owner, x->target))
		return bad_operand(x->owner, "call", 1);
	if (ir_type_of(f, x->target) != IR_T_ptr)
		return bad_types(x->owner, IR_call, x->target, 0);
	if (ir_call_conv(f, &d) == IR_CONV_GUEST && d.flags & (IR_CALL_VARIADIC | IR_CALL_TWICE))
		return api_complain(x->owner, "a call of the guest convention is not variadic, and returns once");
	if (d.flags & IR_CALL_THROUGH && x->target > 0 && ir_at(f, x->target)->op == IR_func)
		return api_complain(x->owner, "call through a function, not through a place that holds the address of one");
	if (!are_values(x->owner, "call", x->n, x->args) || !is_state(x->owner, x->d.state, "call"))
		return 0;
	if (!are_ways(x->owner, x->n, d.pass))
		return 0;
	d.pass = ir_pass(f, (uint32_t)x->n, d.pass);
	return ir_call_(f, x->target, &d, (uint32_t)x->n, x->args);
}

hew_val hew_call(struct hew_fn *f, hew_val target, const struct hew_call *c, int n, const hew_val *args)
{
	enum ir_conv conv = c->flags & HEW_CALL_TAIL ? IR_CONV_TAIL : c->flags & HEW_CALL_GUEST ? IR_CONV_GUEST :
		c->flags & HEW_CALL_COLD ? IR_CONV_COLD : IR_CONV_C;
	struct call x = { f, target, { .conv = (uint8_t)conv,
		.flags = (uint8_t)(c->flags & ~(unsigned)(HEW_CALL_COLD | HEW_CALL_TAIL | HEW_CALL_GUEST)), .reads = c->reads, .writes = c->writes, .state = c->state,
		.pass = c->pass }, n, args };

	for (unsigned k = 0; k < 2 && c->result[k] != HEW_VOID; k++)
		x.d.result[x.d.n_results++] = (uint8_t)c->result[k];
	return protect(f, make_call, &x);
}

void hew_set_target(const void **place, const void *target) { __atomic_store_n(place, target, __ATOMIC_RELEASE); }

hew_val hew_result2(struct hew_fn *f, hew_val call)
{
	if (!exists(f, call) || call < 0 || ir_at(f->f, call)->op != IR_call)
		return f->f->bad ? 0 : bad_operand(f, "result", 1);
	return op(f, IR_result, (enum ir_type)f->f->call.at[ir_at(f->f, call)->c].result[1], 0, call, 1, 0);
}

struct state { struct hew_fn *owner; struct ir_state x; const struct ir_slot *slots; };

static hew_val make_state(struct ir_func *f, const void *arg)
{
	const struct state *s = arg;

	if (!is_state(s->owner, s->x.parent, "an inlined call"))
		return 0;
	if (s->x.frame && (!has_value(s->owner, s->x.frame) || ir_type_of(f, s->x.frame) != IR_T_ptr))
		return api_complain(s->owner, "the frame of a frame state is not a ptr of this function");
	for (uint32_t i = 0; i < s->x.n; i++)
		if ((s->slots[i].value && !has_value(s->owner, s->slots[i].value)) || (s->slots[i].tag_ref && !has_value(s->owner, s->slots[i].tag_ref)))
			return api_complain(s->owner, "slot %u of a frame state is not a value of this function", s->slots[i].slot);
	return (hew_val)ir_state_new(f, &s->x, s->slots);
}

hew_state hew_state_new(struct hew_fn *f, const struct hew_state_info *s, int n, const struct hew_state_slot *slots)
{
	struct state x = { f, { .parent = s->parent, .pc = s->pc, .mode = (uint8_t)s->mode, .result = s->result, .func = (uint64_t)(uintptr_t)s->func,
		.frame = s->frame, .frame_offset = s->frame_offset, .n = (uint32_t)n }, (const struct ir_slot *)slots };

	_Static_assert(sizeof(struct hew_state_slot) == sizeof(struct ir_slot), "handed through");
	return (hew_state)protect(f, make_state, &x);
}

hew_val hew_check(struct hew_fn *f, enum hew_check kind, hew_val cond, hew_val v, hew_state s) { return op(f, IR_check, IR_T_void, kind, cond, v, (ir_ref)s); }
hew_val hew_addo(struct hew_fn *f, hew_val a, hew_val b, hew_state s) { return op(f, IR_addo, IR_T_void, 0, a, b, (ir_ref)s); }
hew_val hew_subo(struct hew_fn *f, hew_val a, hew_val b, hew_state s) { return op(f, IR_subo, IR_T_void, 0, a, b, (ir_ref)s); }
hew_val hew_mulo(struct hew_fn *f, hew_val a, hew_val b, hew_state s) { return op(f, IR_mulo, IR_T_void, 0, a, b, (ir_ref)s); }

void hew_exit(struct hew_fn *f, hew_state s) { op(f, IR_exit, IR_T_void, 0, 0, 0, (ir_ref)s); }
