/* SPDX-License-Identifier: MIT
 * lower.c - one function of the text to one function of hew: parameters, blocks, jumps, returns.
 *
 * Blocks are visited in reverse post-order, so a value is made before its uses; phis become arguments of their block, one
 * for each part. Jumps of a switch to a block with phis go through a block that passes the arguments. A block that only
 * says `unreachable` is never jumped to where there is another way.
 */
#include "ll.h"

#include <stdlib.h>

/* Notes what the entry of the function has to prepare. */
void ll_scan(struct ll *m, struct ll_func *fn)
{
	if (fn->scanned)
		return;
	fn->scanned = true;
	for (uint32_t i = 0; i < fn->n_order; i++)
		for (uint32_t k = 0; k < fn->order[i]->n; k++) {
			struct ll_instr *in = &fn->order[i]->at[k];
			struct ll_str name = { "", 0 };

			if (in->op == LL_alloca && (fn->order[i]->number != 0 || (in->n && in->v[0]->kind != LL_V_INT) || in->type->size > 1 << 28))
				fn->has_dynamic = true;
			if (in->op == LL_call && in->callee->kind == LL_V_SYMBOL)
				name = in->callee->sym->name;
			if (in->op == LL_alloca && fn->order[i]->number == 0 && !in->n)
				in->def->variable = in->type;
			if (name.n >= 13 && !memcmp(name.s, "llvm.va_start", 13))
				fn->has_start = true;
			if (name.n >= 14 && !memcmp(name.s, "llvm.stacksave", 14))
				fn->has_dynamic = true;
			if (name.n >= 17 && !memcmp(name.s, "llvm.stackrestore", 17))
				fn->has_dynamic = true;
		}
	if (fn->has_start && !fn->type->variadic)
		ll_fail(m, fn->sym->line, "llvm.va_start in a function without a variable part");
}

/* ---- the signature ----------------------------------------------------------------------------------------------------- */

static void count(struct lower *l, hew_type t)
{
	unsigned *used = t == HEW_F32 || t == HEW_F64 ? &l->fp : &l->gp;

	if (*used < (used == &l->fp ? 8u : 6u))
		++*used;
	else
		l->on_stack++;
}

/* Types of all parameters, hidden ones included; their number. */
static int parameters(struct lower *l, hew_type **out)
{
	struct ll_func *fn = l->fn;
	struct ll_abi abi[LL_MAX_PARTS];
	hew_type *t = NULL;
	uint32_t n = 0, cap = 0;

	for (uint64_t i = 0; i < fn->type->n; i++) {
		uint32_t k = ll_abi(l, fn->type->field[i], abi);

		for (uint32_t j = 0; j < k; j++) {
			t = ll_grow(&l->scratch, t, n, &cap, sizeof *t);
			t[n++] = abi[j].type;
			count(l, abi[j].type);
		}
	}
	for (unsigned i = 0; fn->has_start && i < 14; i++) {
		if (i < 6 ? i < l->gp : i - 6 < l->fp)
			continue;
		t = ll_grow(&l->scratch, t, n, &cap, sizeof *t);
		t[n++] = i < 6 ? HEW_I64 : HEW_F64;
	}
	*out = t;
	return (int)n;
}

static void begin(struct lower *l, struct ll *m, struct ll_func *fn)
{
	*l = (struct lower){ .m = m, .fn = fn, .line = fn->sym->line };
	l->scratch.escape = m->escape;
	l->scratch.file = m->file;
	m->scratch = &l->scratch;
}

static void end(struct lower *l)
{
	ll_free(&l->scratch);
	l->m->scratch = NULL;
}

struct hew_fn *ll_lower_declare(struct ll *m, struct hew *x, struct ll_func *fn)
{
	struct lower *l = ll_alloc(m, sizeof *l);
	struct ll_abi abi[LL_MAX_PARTS];
	struct hew_fn *f;
	hew_type *types;
	uint32_t results;
	int n;

	begin(l, m, fn);
	ll_scan(m, fn);
	n = parameters(l, &types);
	results = ll_abi(l, fn->type->of, abi);
	if (results > 2)
		ll_fail(m, l->line, "unsupported: a result of type %s", ll_type_name(m, fn->type->of));
	f = hew_fn_new(x, fn->sym->name.s, results ? abi[0].type : HEW_VOID, n, types);
	if (f && results > 1)
		hew_fn_result2(f, abi[1].type);
	if (f && fn->local)
		hew_fn_local(f);
	if (f)
		ll_declare_classes(m, f);
	end(l);
	return f;
}

static void bind_parameters(struct lower *l)
{
	struct ll_func *fn = l->fn;
	struct ll_abi abi[LL_MAX_PARTS];
	int arg = 0;

	for (uint64_t i = 0; i < fn->type->n; i++) {
		struct ll_value *v = fn->param[i].value;
		uint32_t k = ll_abi(l, v->type, abi);

		for (uint32_t j = 0; j < k; j++) {
			struct ll_got *s = &l->slot[v->first + abi[j].part];
			hew_val x = hew_arg(l->f, arg++);

			count(l, abi[j].type);
			if (abi[j].pair) {
				s[0] = (struct ll_got){ ll_unpack(l, x, 0), 0, 0 };
				s[1] = (struct ll_got){ ll_unpack(l, x, 1), 0, 0 };
				continue;
			}
			*s = (struct ll_got){ x, 0, (fn->param[i].attr.sign ? LL_S : 0) | (fn->param[i].attr.zero ? LL_Z : 0) };
			if (v->type->part[abi[j].part].bits == 1 && abi[j].type == HEW_I32) {
				s->v = hew_and(l->f, x, hew_i32(l->f, 1));
				s->known = LL_Z;
			}
		}
	}
	if (fn->has_start)
		ll_bind_variadic(l, arg);
	if (fn->has_dynamic) {
		l->dynamic = hew_stack(l->f, 8, 8);
		hew_store(l->f, HEW_FULL, 0, l->dynamic, 0, hew_ptr(l->f, NULL));
	}
}

/* ---- blocks and jumps --------------------------------------------------------------------------------------------------- */

static void make_blocks(struct lower *l)
{
	for (uint32_t i = 0; i < l->fn->n_order; i++) {
		struct ll_block *b = l->fn->order[i];

		b->n_args = 0;
		b->target = 0;
		if (i == 0)
			continue;
		b->target = hew_block_new(l->f);
		if (ll_last(b)->op == LL_unreachable)
			hew_cold(l->f, b->target);
		for (uint32_t k = 0; k < b->n && b->at[k].op == LL_phi; k++) {
			struct ll_type *t = b->at[k].def->type;

			l->line = b->at[k].line;
			for (uint32_t j = 0; j < ll_parts(l, t); j++) {
				ll_set(l, &b->at[k], j, hew_block_arg(l->f, b->target, t->part[j].type), t->part[j].bits == 1 ? LL_Z : 0);
				b->n_args++;
			}
		}
	}
}

/* What the phis of `to` get from `from`. */
static hew_val *edge_values(struct lower *l, struct ll_block *from, struct ll_block *to)
{
	hew_val *v = ll_alloc(&l->scratch, (to->n_args + 1) * sizeof *v);
	uint32_t n = 0;

	for (uint32_t k = 0; k < to->n && to->at[k].op == LL_phi; k++) {
		struct ll_instr *in = &to->at[k];
		uint32_t j = 0;

		while (in->block[j] != from)
			j++;
		for (uint32_t p = 0; p < ll_parts(l, in->def->type); p++)
			v[n++] = ll_part(l, in->v[j], p);
	}
	return v;
}

static void jump(struct lower *l, struct ll_block *from, struct ll_block *to)
{
	hew_jump(l->f, to->target, (int)to->n_args, edge_values(l, from, to));
}

static void branch(struct lower *l, struct ll_instr *in, struct ll_block *from)
{
	struct ll_block *yes = in->block[0], *no = in->n ? in->block[1] : NULL;

	if (!in->n || no->dead_end) {
		jump(l, from, yes);
	} else if (yes->dead_end) {
		jump(l, from, no);
	} else {
		hew_val *a = edge_values(l, from, yes), *b = edge_values(l, from, no);

		hew_branch(l->f, ll_part(l, in->v[0], 0), yes->target, (int)yes->n_args, a, no->target, (int)no->n_args, b);
	}
}

struct way { struct ll_block *to; hew_block by; struct way *next; };

/* The block of hew that a switch jumps to in order to get to `to`. */
static hew_block way_to(struct lower *l, struct way **ways, struct ll_block *to)
{
	struct way *w = *ways;

	if (!to->n_args)
		return to->target;
	while (w && w->to != to)
		w = w->next;
	if (!w) {
		w = ll_alloc(&l->scratch, sizeof *w);
		*w = (struct way){ to, hew_block_new(l->f), *ways };
		*ways = w;
	}
	return w->by;
}

/* The blocks of way_to pass the arguments. */
static void pass_by(struct lower *l, struct way *w, struct ll_block *from)
{
	for (; w; w = w->next) {
		hew_begin(l->f, w->by);
		jump(l, from, w->to);
	}
}

static void choose(struct lower *l, struct ll_instr *in, struct ll_block *from)
{
	uint32_t n = in->n - 1, kept = 0, bits = in->v[0]->type->bits;
	int64_t *value = ll_alloc(&l->scratch, (n + 1) * sizeof *value);
	hew_block *to = ll_alloc(&l->scratch, (n + 1) * sizeof *to), otherwise;
	struct way *ways = NULL;
	struct ll_map seen = { 0 };
	hew_val v;

	if (bits > 64)
		ll_fail(l->m, l->line, "unsupported: switch of i%u", bits);
	v = ll_ext(l, in->v[0], 0, LL_Z);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t key = (uint64_t)in->v[i + 1]->num;
		void **at = ll_map_at(&l->scratch, &seen, (struct ll_str){ (char *)&key, 8 });

		if (*at)
			ll_fail(l->m, in->v[i + 1]->line, "a case of the switch is there twice");
		*at = in;
		if (in->block[i + 1]->dead_end)
			continue;
		value[kept] = bits == 32 ? (int32_t)key : (int64_t)key;
		to[kept++] = way_to(l, &ways, in->block[i + 1]);
	}
	if (in->block[0]->dead_end && kept)
		otherwise = to[--kept];
	else
		otherwise = way_to(l, &ways, in->block[0]);
	hew_switch(l->f, v, (int)kept, value, to, otherwise);
	pass_by(l, ways, from);
}

static void leave(struct lower *l, struct ll_instr *in)
{
	struct ll_type *t = l->fn->type->of;
	struct ll_abi abi[LL_MAX_PARTS];
	uint32_t n = ll_abi(l, t, abi);
	hew_val r[2] = { 0 };

	for (uint32_t i = 0; i < n; i++) {
		if (in->op != LL_ret)
			r[i] = ll_zero(l, abi[i].type);
		else if (!abi[i].pair && (abi[i].type == HEW_I32 || abi[i].type == HEW_I64) && (l->fn->ret.sign || l->fn->ret.zero))
			r[i] = ll_ext(l, in->v[0], abi[i].part, l->fn->ret.sign ? LL_S : LL_Z);
		else
			r[i] = ll_pass(l, in->v[0], &abi[i]);
	}
	if (in->op == LL_ret && l->dynamic)
		ll_call_c(l, (const void *)(uintptr_t)ll_rt_release, HEW_VOID, 2, (hew_val[]){ l->dynamic, hew_ptr(l->f, NULL) });
	hew_ret2(l->f, r[0], r[1]);
}

/* A goto to an address: the number of one of these blocks, see globals.c. */
static void go(struct lower *l, struct ll_instr *in, struct ll_block *from)
{
	int64_t *value = ll_alloc(&l->scratch, (in->n_blocks + 1) * sizeof *value);
	hew_block *to = ll_alloc(&l->scratch, (in->n_blocks + 1) * sizeof *to);
	bool *seen = ll_alloc(&l->scratch, l->fn->n_blocks + 1);
	struct way *ways = NULL;
	uint32_t n = 0;

	for (uint32_t i = 0; i < in->n_blocks; i++) {
		if (seen[in->block[i]->number])
			continue;
		seen[in->block[i]->number] = true;
		value[n] = ll_block_address(l->fn, in->block[i]);
		to[n++] = way_to(l, &ways, in->block[i]);
	}
	if (!n) {		/* nobody took an address */
		leave(l, in);
		return;
	}
	n--;
	hew_switch(l->f, hew_bitcast(l->f, HEW_I64, ll_part(l, in->v[0], 0)), (int)n, value, to, to[n]);
	pass_by(l, ways, from);
}

/* ---- instructions ------------------------------------------------------------------------------------------------------- */

/* What only moves parts around. */
static void rearrange(struct lower *l, struct ll_instr *in)
{
	uint32_t n = ll_parts(l, in->def->type), at = in->n_index || in->index ? (uint32_t)in->index[0] : 0;
	struct ll_got *out = &l->slot[in->def->first];

	for (uint32_t k = 0; k < n; k++) {
		if (in->op == LL_extractvalue)
			out[k] = ll_get(l, in->v[0], at + k);
		else if (in->op == LL_insertvalue && k >= at && k - at < ll_parts(l, in->v[1]->type))
			out[k] = ll_get(l, in->v[1], k - at);
		else
			out[k] = ll_get(l, in->v[0], k);
	}
}

static void shuffle(struct lower *l, struct ll_instr *in)
{
	uint32_t n = ll_parts(l, in->v[0]->type);

	for (uint32_t k = 0; k < ll_parts(l, in->def->type); k++) {
		struct ll_value *i = ll_elem(l->m, in->v[2], k);
		uint64_t from = i->kind == LL_V_INT ? (uint64_t)i->num : 0;

		if (from >= 2 * (uint64_t)n)
			ll_fail(l->m, l->line, "shufflevector takes an element that is not there");
		l->slot[in->def->first + k] = from < n ? ll_get(l, in->v[0], (uint32_t)from) : ll_get(l, in->v[1], (uint32_t)from - n);
	}
}

/* An index that is not constant is compared with every number. */
static void element(struct lower *l, struct ll_instr *in)
{
	struct ll_value *index = in->v[in->n - 1];
	uint32_t n = ll_parts(l, in->v[0]->type);
	struct ll_got *out = &l->slot[in->def->first];
	struct hew_fn *f = l->f;
	hew_val i = 0;

	if (index->kind != LL_V_INT && index->kind != LL_V_ZERO && index->kind != LL_V_UNDEF)
		i = ll_ext(l, index, 0, LL_Z);
	if (in->op == LL_extractelement && !i) {
		out[0] = index->num < n ? ll_get(l, in->v[0], (uint32_t)index->num) : (struct ll_got){ ll_zero(l, in->def->type->part[0].type), 0, 0 };
		return;
	}
	if (in->op == LL_extractelement) {
		out[0] = (struct ll_got){ ll_part(l, in->v[0], 0), 0, 0 };
		for (uint32_t k = 1; k < n; k++)
			out[0].v = hew_select(f, hew_eq(f, i, ll_num(l, hew_type_of(f, i), k)), ll_part(l, in->v[0], k), out[0].v);
		return;
	}
	for (uint32_t k = 0; k < n; k++) {
		out[k] = ll_get(l, in->v[0], k);
		if (!i && index->num == k)
			out[k] = ll_get(l, in->v[1], 0);
		else if (i)
			out[k] = (struct ll_got){ hew_select(f, hew_eq(f, i, ll_num(l, hew_type_of(f, i), k)), ll_part(l, in->v[1], 0), ll_whole(l, out[k])), 0, 0 };
	}
}

static void pick(struct lower *l, struct ll_instr *in)
{
	bool each = in->v[0]->type->kind == LL_VECTOR;

	for (uint32_t k = 0; k < ll_parts(l, in->def->type); k++) {
		struct ll_got a = ll_get(l, in->v[1], k), b = ll_get(l, in->v[2], k);

		ll_set(l, in, k, hew_select(l->f, ll_part(l, in->v[0], each ? k : 0), ll_whole(l, a), ll_whole(l, b)), a.known & b.known);
	}
}

static void instruction(struct lower *l, struct ll_instr *in, struct ll_block *b)
{
	l->line = in->line;
	switch (ll_ops[in->op].kind) {
	case LL_K_INT: ll_lower_int(l, in); break;
	case LL_K_REAL: case LL_K_FNEG: ll_lower_real(l, in); break;
	case LL_K_CAST: ll_lower_cast(l, in); break;
	case LL_K_ICMP: ll_lower_icmp(l, in); break;
	case LL_K_FCMP: ll_lower_fcmp(l, in); break;
	case LL_K_LOAD: case LL_K_STORE: case LL_K_ALLOCA: case LL_K_GEP: ll_lower_memory(l, in); break;
	case LL_K_CALL: ll_lower_call(l, in); break;
	case LL_K_PHI: break;
	case LL_K_SELECT: pick(l, in); break;
	case LL_K_BR: branch(l, in, b); break;
	case LL_K_SWITCH: choose(l, in, b); break;
	case LL_K_GOTO: go(l, in, b); break;
	case LL_K_RET: case LL_K_UNREACHABLE: leave(l, in); break;
	case LL_K_FREEZE: case LL_K_EXTRACTVALUE: case LL_K_INSERTVALUE: rearrange(l, in); break;
	case LL_K_EXTRACTELEMENT: case LL_K_INSERTELEMENT: element(l, in); break;
	case LL_K_SHUFFLE: shuffle(l, in); break;
	case LL_K_RMW: case LL_K_CMPXCHG: case LL_K_FENCE: ll_lower_atomic(l, in); break;
	case LL_K_NONE: ll_fail(l->m, in->line, "unsupported: %s", ll_ops[in->op].name);
	}
}

void ll_lower(struct ll *m, struct ll_func *fn, struct hew_fn *f)
{
	struct lower *l = ll_alloc(m, sizeof *l);

	begin(l, m, fn);
	l->f = f;
	l->slot = ll_alloc(&l->scratch, (fn->n_parts + 1) * sizeof *l->slot);
	make_blocks(l);
	bind_parameters(l);
	for (uint32_t i = 0; i < fn->n_order; i++) {
		struct ll_block *b = fn->order[i];

		if (i)
			hew_begin(f, b->target);
		for (uint32_t k = 0; k < b->n; k++)
			instruction(l, &b->at[k], b);
	}
	end(l);
}
