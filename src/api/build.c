/* SPDX-License-Identifier: MIT
 * build.c - the builder of hew.h over ir/: one thin function per operation.
 *
 * Lack of memory while building longjmps out of the arena. Inside hew_tier_up the engine has set the place to go to; for
 * functions built by hand every call that may allocate sets its own, which costs a few nanoseconds.
 */
#include "api/api.h"

#include <stdio.h>

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

void hew_fn_free(struct hew_fn *f)
{
	if (!f)
		return;
	arena_fini(&f->mem);
	base_free(f, sizeof *f);
}

hew_val hew_arg(struct hew_fn *f, int i)
{
	if (i < 0 || (uint32_t)i >= f->f->block.at[0].arg.n) {
		f->f->bad = f->f->bad ? f->f->bad : "the function has fewer arguments";
		return 0;
	}
	return f->f->block.at[0].arg.at[i];
}

/* ---- operands are checked when they come in, so that a mistake is named where it is made --------------------- */

static bool exists(struct hew_fn *f, hew_val v)
{
	return v > 0 ? (uint32_t)v < f->f->node.n : v < 0 && (uint32_t)-v < f->f->konst.n;
}

static hew_val bad_operand(struct hew_fn *f, const char *op, int k)
{
	char text[96];

	snprintf(text, sizeof text, "operand %d of %s is not a value of this function", k, op);
	f->f->bad = arena_strdup(&f->mem, text);
	return 0;
}

static hew_val bad_types(struct hew_fn *f, enum ir_op op, hew_val a, hew_val b)
{
	char text[96];

	if (b)
		snprintf(text, sizeof text, "%s does not take %s and %s", ir_ops[op].name, ir_types[ir_type_of(f->f, a)].name, ir_types[ir_type_of(f->f, b)].name);
	else
		snprintf(text, sizeof text, "%s does not take %s", ir_ops[op].name, ir_types[ir_type_of(f->f, a)].name);
	f->f->bad = arena_strdup(&f->mem, text);
	return 0;
}

struct op { struct hew_fn *owner; enum ir_op o; enum ir_type t; unsigned aux; hew_val a, b, c; };

static hew_val checked_emit(struct ir_func *f, const void *arg)
{
	const struct op *x = arg;
	const struct ir_op_info *info = &ir_ops[x->o];

	if (info->args[0] == 'v' && !exists(x->owner, x->a))
		return bad_operand(x->owner, info->name, 1);
	if (info->args[1] == 'v' && !exists(x->owner, x->b) && !(x->o == IR_check && x->b == 0))
		return bad_operand(x->owner, info->name, 2);
	if (info->args[2] == 'v' && !exists(x->owner, x->c))
		return bad_operand(x->owner, info->name, 3);
	if (!ir_operand_types_fit(f, x->o, x->t, x->a, x->b, x->c))
		return bad_types(x->owner, x->o, x->a, info->args[1] == 'v' ? x->b : 0);
	return ir_emit(f, x->o, x->t, x->aux, x->a, x->b, x->c);
}

static hew_val op(struct hew_fn *f, enum ir_op o, enum ir_type t, unsigned aux, hew_val a, hew_val b, hew_val c)
{
	return protect(f, checked_emit, &(struct op){ f, o, t, aux, a, b, c });
}

#define X(name) hew_val hew_##name(struct hew_fn *f, hew_val a, hew_val b) { return op(f, IR_##name, IR_T_void, 0, a, b, 0); }
HEW_BINARY(X)
#undef X
#define X(name) hew_val hew_##name(struct hew_fn *f, hew_val a) { return op(f, IR_##name, IR_T_void, 0, a, 0, 0); }
HEW_UNARY(X)
#undef X
#define X(name) hew_val hew_##name(struct hew_fn *f, hew_type to, hew_val a) { return op(f, IR_##name, (enum ir_type)to, 0, a, 0, 0); }
HEW_CONVERT(X)
#undef X

hew_val hew_sp(struct hew_fn *f) { return op(f, IR_sp, IR_T_ptr, 0, 0, 0, 0); }
hew_val hew_select(struct hew_fn *f, hew_val cond, hew_val yes, hew_val no) { return op(f, IR_select, IR_T_void, 0, cond, yes, no); }

struct konst { enum ir_type t; int64_t bits; };

static hew_val make_const(struct ir_func *f, const void *arg)
{
	const struct konst *k = arg;

	return ir_const(f, k->t, k->bits);
}

static hew_val konst(struct hew_fn *f, enum ir_type t, int64_t bits) { return protect(f, make_const, &(struct konst){ t, bits }); }

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
	if (v >= 0)
		return false;
	if (bits)
		*bits = ir_kbits(f->f, v);
	return true;
}

hew_type hew_type_of(const struct hew_fn *f, hew_val v) { return (hew_type)ir_type_of(f->f, v); }

/* ---- memory ------------------------------------------------------------------------------------------------------ */

void hew_class(struct hew_fn *f, unsigned cls, const char *name, unsigned flags)
{
	if (cls >= IR_MAX_CLASS)
		return;
	f->f->class_name[cls] = name;
	if (cls >= f->f->n_classes)
		f->f->n_classes = cls + 1;
	if (flags & HEW_CLASS_CHANGING)
		f->f->changing |= UINT32_C(1) << cls;
	if (flags & HEW_CLASS_IMMUTABLE) {
		f->f->immutable |= UINT32_C(1) << cls;
		f->f->version[cls] = 0;
	}
}

hew_val hew_load(struct hew_fn *f, hew_type t, hew_width w, unsigned cls, hew_val base, int32_t offset)
{
	if (f->f->changing >> cls & 1)
		f->f->version[cls] = f->f->next_version++;
	return op(f, IR_load, (enum ir_type)t, IR_MEM_AUX(cls, w), base, offset, (ir_ref)f->f->version[cls]);
}

void hew_store(struct hew_fn *f, hew_width w, unsigned cls, hew_val base, int32_t offset, hew_val v)
{
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

hew_val hew_block_arg(struct hew_fn *f, hew_block b, hew_type t) { return protect(f, make_block_arg, &(struct block_arg){ b, t }); }

void hew_begin(struct hew_fn *f, hew_block b) { ir_start(f->f, b); }
void hew_cold(struct hew_fn *f, hew_block b) { f->f->block.at[b].cold = true; }
void hew_block_state(struct hew_fn *f, hew_block b, hew_state s) { f->f->block.at[b].state = s; }
bool hew_ended(const struct hew_fn *f) { return f->no_memory || f->f->bad || f->f->block.at[f->f->cur].control != 0; }

struct branch { hew_val cond; hew_block to[2]; int n[2]; const hew_val *args[2]; };

static hew_val make_jump(struct ir_func *f, const void *arg)
{
	const struct branch *x = arg;

	ir_jmp(f, x->to[0], (uint32_t)x->n[0], x->args[0]);
	return 0;
}

static hew_val make_branch(struct ir_func *f, const void *arg)
{
	const struct branch *x = arg;
	uint32_t yes = ir_edge_new(f, x->to[0], (uint32_t)x->n[0], x->args[0]);

	ir_br(f, x->cond, yes, ir_edge_new(f, x->to[1], (uint32_t)x->n[1], x->args[1]));
	return 0;
}

void hew_jump(struct hew_fn *f, hew_block to, int n, const hew_val *args)
{
	protect(f, make_jump, &(struct branch){ .to = { to }, .n = { n }, .args = { args } });
}

void hew_branch(struct hew_fn *f, hew_val cond, hew_block yes, int n_yes, const hew_val *yes_args, hew_block no, int n_no, const hew_val *no_args)
{
	protect(f, make_branch, &(struct branch){ cond, { yes, no }, { n_yes, n_no }, { yes_args, no_args } });
}

static hew_val make_ret(struct ir_func *f, const void *arg)
{
	const hew_val *v = arg;

	ir_ret(f, v[0], v[1]);
	return 0;
}

void hew_ret2(struct hew_fn *f, hew_val a, hew_val b) { protect(f, make_ret, (hew_val[2]){ a, b }); }
void hew_ret(struct hew_fn *f, hew_val v) { hew_ret2(f, v, 0); }

/* ---- calls, states, guards ------------------------------------------------------------------------------------------- */

struct call { hew_val target; struct ir_call d; int n; const hew_val *args; };

static hew_val make_call(struct ir_func *f, const void *arg)
{
	const struct call *x = arg;

	return ir_call_(f, x->target, &x->d, (uint32_t)x->n, x->args);
}

hew_val hew_call(struct hew_fn *f, hew_val target, const struct hew_call *c, int n, const hew_val *args)
{
	struct call x = { target, { .conv = IR_CONV_C, .flags = (uint8_t)c->flags, .reads = c->reads, .writes = c->writes, .state = c->state }, n, args };

	for (unsigned k = 0; k < 2 && c->result[k] != HEW_VOID; k++)
		x.d.result[x.d.n_results++] = (uint8_t)c->result[k];
	return protect(f, make_call, &x);
}

hew_val hew_result2(struct hew_fn *f, hew_val call)
{
	if (!exists(f, call) || call < 0 || ir_at(f->f, call)->op != IR_call)
		return f->f->bad ? 0 : bad_operand(f, "result", 1);
	return op(f, IR_result, (enum ir_type)f->f->call.at[ir_at(f->f, call)->c].result[1], 0, call, 1, 0);
}

struct state { struct ir_state x; const struct ir_slot *slots; };

static hew_val make_state(struct ir_func *f, const void *arg)
{
	const struct state *s = arg;

	return (hew_val)ir_state_new(f, &s->x, s->slots);
}

hew_state hew_state_new(struct hew_fn *f, const struct hew_state_info *s, int n, const struct hew_state_slot *slots)
{
	struct state x = { { .parent = s->parent, .pc = s->pc, .mode = (uint8_t)s->mode, .result = s->result, .func = (uint64_t)(uintptr_t)s->func,
		.frame = s->frame, .frame_offset = s->frame_offset, .n = (uint32_t)n }, (const struct ir_slot *)slots };

	_Static_assert(sizeof(struct hew_state_slot) == sizeof(struct ir_slot), "handed through");
	return (hew_state)protect(f, make_state, &x);
}

hew_val hew_check(struct hew_fn *f, enum hew_check kind, hew_val cond, hew_val v, hew_state s) { return op(f, IR_check, IR_T_void, kind, cond, v, (ir_ref)s); }
hew_val hew_addo(struct hew_fn *f, hew_val a, hew_val b, hew_state s) { return op(f, IR_addo, IR_T_void, 0, a, b, (ir_ref)s); }
hew_val hew_subo(struct hew_fn *f, hew_val a, hew_val b, hew_state s) { return op(f, IR_subo, IR_T_void, 0, a, b, (ir_ref)s); }
hew_val hew_mulo(struct hew_fn *f, hew_val a, hew_val b, hew_state s) { return op(f, IR_mulo, IR_T_void, 0, a, b, (ir_ref)s); }

void hew_exit(struct hew_fn *f, hew_state s) { op(f, IR_exit, IR_T_void, 0, 0, 0, (ir_ref)s); }
