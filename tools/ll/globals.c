/* SPDX-License-Identifier: MIT
 * globals.c - memory for global variables and what is in it; addresses of symbols; constant expressions.
 *
 * All variables lie in one mapping, below 2 GiB where the system can do that, so that their addresses are short constants
 * in the code. Their addresses are known before anything is compiled; those of functions only afterwards: where a variable
 * holds one, a relocation is noted, and main.c writes it.
 */
#include "ll.h"

#include <sys/mman.h>

#define NAME(x) (int)((x).n > 200 ? 200 : (x).n), (x).s
#ifndef MAP_32BIT
#define MAP_32BIT 0
#endif

/* The address of a symbol that the module only declares. */
void *ll_outside(struct ll *m, struct ll_symbol *s, int line)
{
	if (s->found)
		return s->address;
	s->address = ll_rt_symbol(s->name.s);
	if (!s->address && !s->weak)
		ll_fail(m, line, "@%.*s is neither defined nor found in the C library", NAME(s->name));
	s->found = true;
	return s->address;
}

static struct ll_address of_symbol(struct ll *m, struct ll_symbol *s, int line)
{
	struct ll_address a;

	switch (s->kind) {
	case LL_S_ALIAS:
		if (s->busy)
			ll_fail(m, line, "alias @%.*s is its own target", NAME(s->name));
		s->busy = true;
		a = ll_eval(m, s->init);
		s->busy = false;
		return a;
	case LL_S_FUNCTION:
		if (s->func)
			return (struct ll_address){ s->func, 0 };
		if (s->name.n > 5 && !memcmp(s->name.s, "llvm.", 5))
			ll_fail(m, line, "unsupported: @%.*s", NAME(s->name));
		return (struct ll_address){ NULL, (uintptr_t)ll_outside(m, s, line) };
	default:
		return (struct ll_address){ NULL, (uintptr_t)(s->declared ? ll_outside(m, s, line) : s->address) };
	}
}

static ll_u128 step(struct ll *m, struct ll_value *v)
{
	struct ll_type *t = v->source;
	uint64_t at = 0;

	for (uint32_t k = 1; k < v->n; k++) {
		struct ll_address i = ll_eval(m, v->v[k]);
		int64_t n;

		if (i.func || v->v[k]->type->kind != LL_INT)
			ll_fail(m, v->line, "the index of a getelementptr is not a number");
		n = ll_signed(i.num, v->v[k]->type->bits);
		if (k == 1) {
			ll_layout(m, t, v->line);
			at += (uint64_t)n * t->size;
		} else if (t->kind == LL_STRUCT) {
			t = ll_element(m, t, (uint64_t)n, &at, NULL, v->line);
		} else if (t->kind == LL_ARRAY || t->kind == LL_VECTOR) {
			t = t->of;
			ll_layout(m, t, v->line);
			at += (uint64_t)n * t->size;
		} else {
			ll_fail(m, v->line, "getelementptr steps into %s", ll_type_name(m, t));
		}
	}
	return at;
}

static ll_u128 wide_signed(ll_u128 x, uint32_t bits)
{
	return bits < 128 && x >> (bits - 1) & 1 ? x | ~(ll_u128)0 << bits : x;
}

static struct ll_address expression(struct ll *m, struct ll_value *v)
{
	struct ll_address a = ll_eval(m, v->v[0]), b = { 0 };
	struct ll_type *from = v->v[0]->type;
	ll_u128 x = a.num;

	if (v->op == LL_getelementptr) {
		if (from->kind != LL_POINTER || v->type->kind != LL_POINTER)
			ll_fail(m, v->line, "unsupported: getelementptr of vectors");
		a.num = (uint64_t)(a.num + step(m, v));
		return a;
	}
	if (v->type->kind != LL_INT && v->type->kind != LL_POINTER)
		ll_fail(m, v->line, "unsupported: a constant expression of type %s", ll_type_name(m, v->type));
	if (ll_ops[v->op].kind == LL_K_INT)
		b = ll_eval(m, v->v[1]);
	if (v->op == LL_bitcast || v->op == LL_ptrtoint || v->op == LL_inttoptr || v->op == LL_addrspacecast) {
		a.num = v->type->kind == LL_INT ? ll_cut(x, v->type->bits) : (uint64_t)x;
		if (a.func && v->type->kind == LL_INT && v->type->bits < 64)
			ll_fail(m, v->line, "unsupported: a part of a function's address as a constant");
		return a;
	}
	if (v->op == LL_add && !(a.func && b.func))
		return (struct ll_address){ a.func ? a.func : b.func, ll_cut(x + b.num, v->type->bits) };
	if (v->op == LL_sub && a.func && !b.func)
		return (struct ll_address){ a.func, ll_cut(x - b.num, v->type->bits) };
	if (v->op == LL_sub && a.func == b.func)
		return (struct ll_address){ NULL, ll_cut(x - b.num, v->type->bits) };
	if (a.func || b.func)
		ll_fail(m, v->line, "unsupported: %s with a function's address as a constant", ll_ops[v->op].name);
	switch (v->op) {
	case LL_sub: x -= b.num; break;
	case LL_mul: x *= b.num; break;
	case LL_and: x &= b.num; break;
	case LL_or: x |= b.num; break;
	case LL_xor: x ^= b.num; break;
	case LL_shl: x = b.num < 128 ? x << b.num : 0; break;
	case LL_lshr: x = b.num < 128 ? x >> b.num : 0; break;
	case LL_trunc: case LL_zext: break;
	case LL_sext: x = wide_signed(x, from->bits); break;
	default: ll_fail(m, v->line, "unsupported: %s in a constant", ll_ops[v->op].name);
	}
	a.num = ll_cut(x, v->type->kind == LL_INT ? v->type->bits : 64);
	return a;
}

/* The address of a block is a number in its function: indirectbr is a switch. */
uint32_t ll_block_address(struct ll_func *f, struct ll_block *b)
{
	if (!b->address)
		b->address = ++f->n_addresses;
	return b->address;
}

static ll_u128 place(struct ll *m, struct ll_value *v)
{
	struct ll_block *b = v->sym->func ? *(struct ll_block **)ll_map_at(m, &v->sym->func->labels, v->bytes) : NULL;

	if (!b)
		ll_fail(m, v->line, "there is no block %%%.*s in @%.*s", NAME(v->bytes), NAME(v->sym->name));
	return ll_block_address(v->sym->func, b);
}

/* A constant of one word: number or address. */
struct ll_address ll_eval(struct ll *m, struct ll_value *v)
{
	struct ll_address a = { 0 };

	ll_deeper(m);
	switch (v->kind) {
	case LL_V_INT: case LL_V_REAL: a.num = v->num; break;
	case LL_V_ZERO: case LL_V_UNDEF: break;
	case LL_V_SYMBOL: a = of_symbol(m, v->sym, v->line); break;
	case LL_V_EXPR: a = expression(m, v); break;
	case LL_V_PLACE: a.num = place(m, v); break;
	default: ll_fail(m, v->line, "a constant expected");
	}
	m->depth--;
	return a;
}

/* ---- memory ------------------------------------------------------------------------------------------------------------ */

static void write_scalar(struct ll *m, char *at, struct ll_value *v)
{
	struct ll_address a = ll_eval(m, v);
	uint64_t size;

	ll_layout(m, v->type, v->line);
	size = ll_store_size(v->type);
	if (size > 16 && (v->kind != LL_V_INT || !v->big))
		ll_fail(m, v->line, "unsupported: a constant of type %s", ll_type_name(m, v->type));
	memcpy(at, v->big ? (void *)v->big : (void *)&a.num, size);
	if (!a.func)
		return;
	m->reloc = ll_grow(m, m->reloc, m->n_relocs, &m->relocs_cap, sizeof *m->reloc);
	m->reloc[m->n_relocs++] = (struct ll_reloc){ at, a.func, (uint64_t)a.num };
	a.func->local = false;
}

static void write_value(struct ll *m, char *at, struct ll_value *v)
{
	struct ll_type *t = v->type;

	ll_deeper(m);
	if (v->kind == LL_V_ZERO || v->kind == LL_V_UNDEF) {
		/* the memory is zero */
	} else if (v->kind == LL_V_BYTES) {
		memcpy(at, v->bytes.s, v->bytes.n);
	} else if (t->kind == LL_STRUCT || t->kind == LL_ARRAY || t->kind == LL_VECTOR) {
		for (uint64_t i = 0; i < t->n; i++) {
			uint64_t offset = 0;

			ll_element(m, t, i, &offset, NULL, v->line);
			write_value(m, at + offset, ll_elem(m, v, i));
		}
	} else {
		write_scalar(m, at, v);
	}
	m->depth--;
}

void ll_make_globals(struct ll *m)
{
	size_t at = 0;

	for (int write = 0; write < 2; write++) {
		at = 0;
		for (uint32_t i = 0; i < m->n_symbols; i++) {
			struct ll_symbol *s = m->symbol[i];
			size_t align;

			if (s->kind != LL_S_VARIABLE || s->declared)
				continue;
			ll_layout(m, s->type, s->line);
			align = s->align > s->type->align ? s->align : s->type->align;
			if (align & (align - 1))
				ll_fail(m, s->line, "an alignment that is no power of 2");
			at = (at + align - 1) & ~(align - 1);
			if (write)
				s->address = m->memory + at;
			at += s->type->size ? s->type->size : 1;
			if (at > (size_t)1 << 40)
				ll_fail(m, s->line, "the global variables are too large");
		}
		if (write || !at)
			break;
		m->memory_size = at;
		m->memory = mmap(NULL, at, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_32BIT, -1, 0);
		if (m->memory == MAP_FAILED)
			m->memory = mmap(NULL, at, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (m->memory == MAP_FAILED) {
			m->memory = NULL;
			ll_fail(m, 0, "not enough memory for the global variables");
		}
	}
	for (uint32_t i = 0; i < m->n_symbols; i++)
		if (m->symbol[i]->kind == LL_S_VARIABLE && !m->symbol[i]->declared)
			write_value(m, m->symbol[i]->address, m->symbol[i]->init);
}

void ll_free_globals(struct ll *m)
{
	if (m->memory)
		munmap(m->memory, m->memory_size);
	m->memory = NULL;
}

/* Calls what @llvm.global_ctors or @llvm.global_dtors lists, low priorities first; entry: code by function. */
void ll_keep_list(struct ll *m, const char *name)
{
	struct ll_symbol *s = *(struct ll_symbol **)ll_map_at(m, &m->symbols, (struct ll_str){ name, strlen(name) });

	for (uint32_t i = 0; s && s->init && s->init->kind == LL_V_LIST && i < s->init->n; i++) {
		struct ll_value *e = s->init->v[i];

		if (e->kind == LL_V_LIST && e->n >= 2 && e->v[1]->kind == LL_V_SYMBOL && e->v[1]->sym->func)
			e->v[1]->sym->func->local = false;
	}
}

void ll_run_list(struct ll *m, const char *name, void *const *entry)
{
	struct ll_symbol *s = *(struct ll_symbol **)ll_map_at(m, &m->symbols, (struct ll_str){ name, strlen(name) });
	uint64_t done = 0, next;

	if (!s || !s->init || s->init->kind != LL_V_LIST)
		return;
	do {		/* priorities are few: each time the lowest that is left */
		next = UINT64_MAX;
		for (uint32_t i = 0; i < s->init->n; i++) {
			struct ll_value *e = s->init->v[i];

			if (e->kind == LL_V_LIST && e->n >= 2 && (uint64_t)e->v[0]->num >= done && (uint64_t)e->v[0]->num < next)
				next = (uint64_t)e->v[0]->num;
		}
		for (uint32_t i = 0; i < s->init->n && next != UINT64_MAX; i++) {
			struct ll_value *e = s->init->v[i];
			struct ll_symbol *f = e->kind == LL_V_LIST && e->n >= 2 && e->v[1]->kind == LL_V_SYMBOL ? e->v[1]->sym : NULL;

			if (f && f->func && (uint64_t)e->v[0]->num == next)
				((void (*)(void))(uintptr_t)entry[f->func->index])();
		}
		done = next + 1;
	} while (next != UINT64_MAX);
}
