/* SPDX-License-Identifier: MIT
 * lower_call.c - calls, and the places of arguments.
 *
 * Arguments go in order; the engine knows the platform's convention. A byval argument is the address of a copy that the
 * caller makes, which functions of the module take as a pointer; functions outside, and the variable part of an argument
 * list, want the bytes themselves on the stack.
 */
#include "ll.h"

struct arguments { hew_val *v; uint8_t *pass; uint32_t n, cap, pass_cap; };

static void add(struct lower *l, struct arguments *a, hew_val v, enum hew_pass how)
{
	a->v = ll_grow(&l->scratch, a->v, a->n, &a->cap, sizeof *a->v);
	a->pass = ll_grow(&l->scratch, a->pass, a->n, &a->pass_cap, sizeof *a->pass);
	a->v[a->n] = v;
	a->pass[a->n++] = (uint8_t)how;
}

static void copy(struct lower *l, struct ll_got to, struct ll_got from, uint64_t bytes)
{
	if (bytes <= 64)
		ll_copy(l, to, from, bytes);
	else
		ll_call_c(l, (const void *)(uintptr_t)memcpy, HEW_VOID, 3, (hew_val[]){ ll_whole(l, to), ll_whole(l, from), hew_i64(l->f, (int64_t)bytes) });
}

static void add_words(struct lower *l, struct arguments *a, struct ll_got from, struct ll_type *t)
{
	if (t->size > 1 << 16)
		ll_fail(l->m, l->line, "unsupported: %llu bytes as an argument", (unsigned long long)t->size);
	for (uint64_t at = 0; at < t->size; at += 8) {
		uint64_t left = t->size - at;
		struct ll_part p = { HEW_I64, (uint8_t)(left < 8 ? left * 8 : 64), at };

		add(l, a, ll_load_part(l, &p, from, false).v, at == 0 && t->align > 8 ? HEW_ON_STACK_16 : HEW_ON_STACK);
	}
}

static void add_byval(struct lower *l, struct arguments *a, struct ll_value *v, struct ll_type *t, bool words)
{
	struct ll_got from = ll_address(l, v), to = { 0 };

	if (words) {
		add_words(l, a, from, t);
		return;
	}
	to.v = ll_static(l, t->size, 16);
	copy(l, to, from, t->size);
	add(l, a, to.v, HEW_ALONE);
}

static hew_val extended(struct lower *l, struct ll_value *v, const struct ll_abi *a, const struct ll_attr *attr)
{
	if (!a->pair && (a->type == HEW_I32 || a->type == HEW_I64) && (attr->sign || attr->zero))
		return ll_ext(l, v, a->part, attr->sign ? LL_S : LL_Z);
	return ll_pass(l, v, a);
}

static void collect(struct lower *l, struct ll_instr *in, struct arguments *a, bool outside)
{
	struct ll_abi parts[LL_MAX_PARTS];

	for (uint32_t i = 0; i < in->n; i++) {
		struct ll_value *v = in->v[i];
		uint32_t n;

		if (v->kind == LL_V_META)
			ll_fail(l->m, l->line, "unsupported: metadata as an argument");
		if (in->attr[i].byval) {
			if (v->type->kind != LL_POINTER)
				ll_fail(l->m, l->line, "a byval argument is not a ptr");
			add_byval(l, a, v, in->attr[i].byval, outside || i >= in->type->n);
			continue;
		}
		n = ll_abi(l, v->type, parts);
		if (outside && v->type->kind == LL_VECTOR && !parts[0].pair)
			ll_fail(l->m, l->line, "unsupported: an argument of type %s", ll_type_name(l->m, v->type));
		for (uint32_t k = 0; k < n; k++)
			add(l, a, extended(l, v, &parts[k], &in->attr[i]), HEW_ALONE);
	}
}

static void take_results(struct lower *l, struct ll_instr *in, hew_val call, const struct ll_abi *abi, uint32_t n, const struct ll_func *to)
{
	hew_val r[2] = { call, n > 1 ? hew_result2(l->f, call) : 0 };

	for (uint32_t i = 0; i < n; i++) {
		unsigned known = to ? (to->ret.zero ? LL_Z : 0) | (to->ret.sign ? LL_S : 0) : 0;
		const struct ll_part *p = &in->def->type->part[abi[i].part];

		if (abi[i].pair) {
			ll_set(l, in, abi[i].part, ll_unpack(l, r[i], 0), 0);
			ll_set(l, in, abi[i].part + 1, ll_unpack(l, r[i], 1), 0);
			continue;
		}
		if (p->bits == 1 && p->type == HEW_I32) {
			if (!to)
				r[i] = hew_and(l->f, r[i], hew_i32(l->f, 1));
			known = LL_Z;
		}
		ll_set(l, in, abi[i].part, r[i], known);
	}
}

static void through_assembly(struct lower *l, struct ll_instr *in)
{
	if (!in->def)
		return;
	if (in->n < 1 || in->v[0]->type != in->def->type)
		ll_fail(l->m, l->line, "unsupported: inline assembly with a result");
	for (uint32_t k = 0; k < ll_parts(l, in->def->type); k++)
		l->slot[in->def->first + k] = ll_get(l, in->v[0], k);
}

static struct ll_symbol *symbol_of(struct ll *m, struct ll_value *v)
{
	for (int hops = 0; hops < 20 && v->kind == LL_V_SYMBOL; hops++) {
		if (v->sym->kind != LL_S_ALIAS)
			return v->sym->kind == LL_S_FUNCTION ? v->sym : NULL;
		v = v->sym->init;
	}
	if (v->kind == LL_V_SYMBOL)
		ll_eval(m, v);		/* names the circle of aliases */
	return NULL;
}

/* The functions of the C library that compilers know by name as returning more than once. */
static bool returns_twice(const struct ll_symbol *s)
{
	static const char *const twice[] = { "setjmp", "_setjmp", "sigsetjmp", "__sigsetjmp", "savectx", "vfork", "getcontext" };

	for (size_t i = 0; i < COUNT_OF(twice); i++)
		if (ll_is(s->name, twice[i]))
			return true;
	return false;
}

/* sqrt and sqrtf are called for negative numbers and NaN only, where they may set errno. False: not one of them. */
static bool square_root(struct lower *l, struct ll_instr *in, const struct ll_symbol *s)
{
	bool wide = ll_is(s->name, "sqrt");
	hew_type t = wide ? HEW_F64 : HEW_F32;
	struct hew_call c = { .result = { t }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES };
	struct hew_fn *f = l->f;
	hew_block call, done;
	hew_val x, r, result;

	if ((!wide && !ll_is(s->name, "sqrtf")) || s->func || in->n != 1 || !in->def || in->type->variadic)
		return false;
	x = ll_part(l, in->v[0], 0);
	if (hew_type_of(f, x) != t || in->type->of->kind != in->v[0]->type->kind)
		return false;
	call = hew_block_new(f);
	done = hew_block_new(f);
	hew_cold(f, call);
	result = hew_block_arg(f, done, t);
	r = hew_fsqrt(f, x);
	hew_branch(f, hew_fle(f, wide ? hew_f64(f, 0) : hew_f32(f, 0), x), done, 1, &r, call, 0, NULL);
	hew_begin(f, call);
	x = hew_call(f, ll_part(l, in->callee, 0), &c, 1, &x);
	hew_jump(f, done, 1, &x);
	hew_begin(f, done);
	ll_set(l, in, 0, result, 0);
	return true;
}

void ll_lower_call(struct lower *l, struct ll_instr *in)
{
	struct ll_symbol *s = symbol_of(l->m, in->callee);
	struct arguments a = { .n = 0 };
	struct ll_abi abi[LL_MAX_PARTS];
	struct hew_call c = { .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES };
	uint32_t n = ll_abi(l, in->type->of, abi);
	hew_val target, call;

	if (in->callee->kind == LL_V_ASM) {
		through_assembly(l, in);
		return;
	}
	if (s && !s->func && ll_lower_intrinsic(l, in, s))
		return;
	if (s && square_root(l, in, s))
		return;
	if (n > 2 || (n && in->type->of->kind == LL_VECTOR && !abi[0].pair && !(s && s->func)))
		ll_fail(l->m, l->line, "unsupported: a result of type %s", ll_type_name(l->m, in->type->of));
	collect(l, in, &a, s && !s->func);
	for (uint32_t i = 0; i < n; i++)
		c.result[i] = abi[i].type;
	c.flags = (in->type->variadic ? HEW_CALL_VARIADIC : 0) | (s && !s->func && returns_twice(s) ? HEW_CALL_TWICE : 0) |
		(in->tail && !l->dynamic ? HEW_CALL_TAIL : 0);
	target = ll_part(l, in->callee, 0);
	c.pass = a.pass;
	call = hew_call(l->f, target, &c, (int)a.n, a.v);
	if (in->def)
		take_results(l, in, call, abi, n, s ? s->func : NULL);
}

hew_val ll_call_c(struct lower *l, const void *fn, hew_type result, int n, const hew_val *args)
{
	struct hew_call c = { .result = { result }, .reads = HEW_ALL_CLASSES, .writes = HEW_ALL_CLASSES };

	return hew_call(l->f, hew_ptr(l->f, fn), &c, n, args);
}

/* ---- the variable part of an argument list: System V's register save area ------------------------------------------------ */

enum { GP_REGS = 6, FP_REGS = 8, FP_AREA = 8 * GP_REGS, SAVE_AREA = FP_AREA + 16 * FP_REGS };

/* The hidden parameters begin at number `first`; l->gp and l->fp say how many registers the named ones take. */
void ll_bind_variadic(struct lower *l, int first)
{
	struct hew_fn *f = l->f;

	l->save = hew_stack(f, SAVE_AREA, 16);
	for (unsigned i = l->gp; i < GP_REGS; i++)
		hew_store(f, HEW_FULL, 0, l->save, (int32_t)(8 * i), hew_arg(f, first++));
	for (unsigned i = l->fp; i < FP_REGS; i++)
		hew_store(f, HEW_FULL, 0, l->save, (int32_t)(FP_AREA + 16 * i), hew_arg(f, first++));
}
