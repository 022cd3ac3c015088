/* SPDX-License-Identifier: MIT
 * instructions.c - one instruction of the text into struct ll_instr, its operands' types checked.
 *
 * Flags that promise something (inbounds, fast, tail, ...) are read and forgotten, but for nsw; so are attachments of metadata.
 */
#include "ll.h"

#include <stdlib.h>

#define NAME(x) (int)((x).n > 60 ? 60 : (x).n), (x).s

struct ll_value *ll_define(struct ll *m, struct ll_str name, struct ll_type *t, struct ll_block *b, uint32_t place, int line)
{
	struct ll_value **at = (struct ll_value **)ll_map_at(m, &m->fn->names, name), *v = *at;

	if (!v) {
		v = *at = ll_value_new(m, LL_V_LOCAL, t, line);
		v->bytes = name;
		m->fn->value = ll_grow(m, m->fn->value, m->fn->n_values, &m->fn->values_cap, sizeof *m->fn->value);
		m->fn->value[m->fn->n_values++] = v;
	}
	if (v->defined)
		ll_fail(m, line, "%%%.*s is defined twice", NAME(name));
	if (v->type != t)
		ll_fail(m, line, "%%%.*s is of type %s, but line %d uses it as %s", NAME(name), ll_type_name(m, t), v->line, ll_type_name(m, v->type));
	v->defined = true;
	v->line = line;
	v->block = b ? b->number : 0;
	v->place = place;
	ll_flatten(m, t, line);
	v->first = m->fn->n_parts;
	m->fn->n_parts += t->n_parts;
	return v;
}

struct ll_block *ll_block_named(struct ll *m, struct ll_str name)
{
	struct ll_block **at = (struct ll_block **)ll_map_at(m, &m->fn->labels, name);

	if (!*at) {
		*at = ll_alloc(m, sizeof **at);
		(*at)->name = name;
		(*at)->line = m->tok.line;
	}
	return *at;
}

/* At !x, !{...}, !X(...), !"..." or a value with its type. */
void ll_skip_metadata(struct ll *m)
{
	if (m->tok.kind == LL_META) {
		bool names_node = m->tok.text.n == 0;

		ll_next(m);
		if (ll_at(m, '(') || (names_node && ll_at(m, '{')))
			ll_skip_group(m);
		return;
	}
	ll_parse_type(m);
	while (m->tok.kind == LL_WORD)
		ll_next(m);
	if (ll_at(m, '(') || ll_at(m, '{') || ll_at(m, '['))
		ll_skip_group(m);
	else if (!ll_at(m, ',') && !ll_at(m, ')'))
		ll_next(m);
}

static void attachments(struct ll *m, struct ll_instr *in)
{
	bool is_tbaa;

	while (ll_accept(m, ',')) {
		if (ll_accept_word(m, "align")) {
			ll_number(m, UINT64_C(1) << 32);
		} else if (ll_accept_word(m, "addrspace")) {
			ll_skip_group(m);
		} else if (m->tok.kind == LL_META) {
			is_tbaa = ll_is(m->tok.text, "tbaa");
			ll_next(m);
			if (is_tbaa && m->tok.kind == LL_META && m->tok.text.n && m->tok.text.s[0] >= '0' && m->tok.text.s[0] <= '9')
				in->tbaa = (uint32_t)strtoul(m->tok.text.s, NULL, 10) + 1;
			ll_skip_metadata(m);
		} else {
			ll_unexpected(m, "an attachment");
		}
	}
}

/* Attributes of a parameter or result, up to what is none. */
void ll_parse_attrs(struct ll *m, struct ll_attr *a)
{
	for (;;) {
		if (m->tok.kind == LL_STRING) {
			ll_next(m);
			if (ll_accept(m, '='))
				ll_next(m);
			continue;
		}
		if (m->tok.kind != LL_WORD || ll_at_value(m) || ll_at_type(m))
			return;
		if (ll_at_word(m, "signext") || ll_at_word(m, "zeroext"))
			*(ll_at_word(m, "signext") ? &a->sign : &a->zero) = true;
		if (ll_at_word(m, "inalloca") || ll_at_word(m, "preallocated"))
			ll_fail(m, m->tok.line, "unsupported: a parameter that is %.*s", NAME(m->tok.text));
		if (ll_accept_word(m, "byval")) {
			ll_expect(m, '(');
			a->byval = ll_parse_type(m);
			ll_expect(m, ')');
			ll_layout(m, a->byval, m->tok.line);
			continue;
		}
		if (ll_accept_word(m, "align")) {
			if (ll_at(m, '('))
				ll_skip_group(m);
			else
				ll_number(m, UINT64_C(1) << 32);
			continue;
		}
		ll_next(m);
		if (ll_at(m, '('))
			ll_skip_group(m);
	}
}

/* ---- pieces ------------------------------------------------------------------------------------------------------------ */

struct reader { struct ll *m; struct ll_instr in; struct ll_type *result; uint32_t cap, block_cap, index_cap; };

static void add_value(struct reader *r, struct ll_value *v)
{
	r->in.v = ll_grow(r->m, r->in.v, r->in.n, &r->cap, sizeof *r->in.v);
	r->in.v[r->in.n++] = v;
}

static void add_block(struct reader *r, struct ll_block *b)
{
	r->in.block = ll_grow(r->m, r->in.block, r->in.n_blocks, &r->block_cap, sizeof *r->in.block);
	r->in.block[r->in.n_blocks++] = b;
}

static struct ll_block *label(struct ll *m)
{
	struct ll_block *b;

	if (!ll_accept_word(m, "label") || m->tok.kind != LL_LOCAL)
		ll_unexpected(m, "a label");
	b = ll_block_named(m, m->tok.text);
	ll_next(m);
	return b;
}

/* True if nsw is among them. */
static bool skip_flags(struct ll *m)
{
	bool nsw = false;

	while (m->tok.kind == LL_WORD && !ll_at_type(m)) {
		nsw |= ll_is(m->tok.text, "nsw");
		ll_next(m);
		if (ll_at(m, '('))
			ll_skip_group(m);
	}
	return nsw;
}

static void want(struct reader *r, bool ok, struct ll_type *t)
{
	if (!ok)
		ll_fail(r->m, r->in.line, "%s does not take %s", ll_ops[r->in.op].name, ll_type_name(r->m, t));
}

static bool is_int(struct ll_type *t) { return ll_scalar(t)->kind == LL_INT; }
static bool is_pointer(struct ll_type *t) { return ll_scalar(t)->kind == LL_POINTER; }
static bool is_real(struct ll_type *t) { return ll_scalar(t)->kind == LL_FLOAT || ll_scalar(t)->kind == LL_DOUBLE; }

static void want_real(struct reader *r, struct ll_type *t)
{
	if (ll_scalar(t)->kind == LL_OTHER)
		ll_fail(r->m, r->in.line, "unsupported: a value of type %s", ll_type_name(r->m, ll_scalar(t)));
	want(r, is_real(t), t);
}

/* A typed operand that has to be a scalar of one kind. */
static struct ll_value *operand(struct reader *r, enum ll_type_kind kind)
{
	struct ll_value *v = ll_parse_typed(r->m);

	want(r, v->type->kind == kind, v->type);
	add_value(r, v);
	return v;
}

/* "T a, b" */
static struct ll_type *two(struct reader *r)
{
	struct ll_type *t = ll_parse_type(r->m);

	add_value(r, ll_parse_value(r->m, t));
	ll_expect(r->m, ',');
	add_value(r, ll_parse_value(r->m, t));
	return t;
}

static void skip_ordering(struct ll *m)
{
	static const char *const words[] = { "unordered", "monotonic", "acquire", "release", "acq_rel", "seq_cst" };

	if (ll_accept_word(m, "syncscope"))
		ll_skip_group(m);
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (ll_accept_word(m, words[i]))
			return;
	ll_unexpected(m, "an ordering");
}

static unsigned word_of(struct ll *m, const char *const *words, unsigned n, const char *wanted)
{
	for (unsigned i = 0; i < n; i++)
		if (ll_accept_word(m, words[i]))
			return i;
	ll_unexpected(m, wanted);
}

/* ---- by kind ----------------------------------------------------------------------------------------------------------- */

static void signed_use(struct ll_value *v) { v->sign_uses += v->kind == LL_V_LOCAL; }

static void binary(struct reader *r)
{
	r->in.nsw = skip_flags(r->m);
	r->result = two(r);
	if (ll_ops[r->in.op].kind == LL_K_REAL)
		want_real(r, r->result);
	else
		want(r, is_int(r->result), r->result);
	if (r->in.op == LL_sdiv || r->in.op == LL_srem || r->in.op == LL_ashr) {
		signed_use(r->in.v[0]);
		if (r->in.op != LL_ashr)
			signed_use(r->in.v[1]);
	}
}

static bool cast_fits(enum ll_op op, struct ll_type *a, struct ll_type *b)
{
	switch (op) {
	case LL_trunc: return is_int(a) && is_int(b) && ll_scalar(a)->bits > ll_scalar(b)->bits;
	case LL_zext: case LL_sext: return is_int(a) && is_int(b) && ll_scalar(a)->bits < ll_scalar(b)->bits;
	case LL_fptrunc: return ll_scalar(a)->kind == LL_DOUBLE && ll_scalar(b)->kind == LL_FLOAT;
	case LL_fpext: return ll_scalar(a)->kind == LL_FLOAT && ll_scalar(b)->kind == LL_DOUBLE;
	case LL_fptoui: case LL_fptosi: return is_real(a) && is_int(b);
	case LL_uitofp: case LL_sitofp: return is_int(a) && is_real(b);
	case LL_ptrtoint: return is_pointer(a) && is_int(b);
	case LL_inttoptr: return is_int(a) && is_pointer(b);
	case LL_addrspacecast: return is_pointer(a) && is_pointer(b);
	default: return true;
	}
}

static void cast(struct reader *r)
{
	struct ll_value *v;

	skip_flags(r->m);
	v = ll_parse_typed(r->m);
	add_value(r, v);
	if (!ll_accept_word(r->m, "to"))
		ll_unexpected(r->m, "'to'");
	r->result = r->in.type = ll_parse_type(r->m);
	if (ll_scalar(r->result)->kind == LL_OTHER)
		ll_fail(r->m, r->in.line, "unsupported: a value of type %s", ll_type_name(r->m, ll_scalar(r->result)));
	if (!cast_fits((enum ll_op)r->in.op, v->type, r->result) || (r->in.op != LL_bitcast && ((v->type->kind == LL_VECTOR) !=
		(r->result->kind == LL_VECTOR) || (v->type->kind == LL_VECTOR && v->type->n != r->result->n))))
		ll_fail(r->m, r->in.line, "%s does not take %s to %s", ll_ops[r->in.op].name, ll_type_name(r->m, v->type), ll_type_name(r->m, r->result));
	if (r->in.op == LL_sext || r->in.op == LL_sitofp)
		signed_use(v);
}

static void compare(struct reader *r)
{
	static const char *const ints[] = { "eq", "ne", "ugt", "uge", "ult", "ule", "sgt", "sge", "slt", "sle" };
	static const char *const reals[] = { "false", "oeq", "ogt", "oge", "olt", "ole", "one", "ord", "ueq", "ugt", "uge", "ult", "ule", "une",
		"uno", "true" };
	struct ll *m = r->m;
	struct ll_type *t;

	if (r->in.op == LL_icmp) {
		ll_accept_word(m, "samesign");
		r->in.pred = (uint8_t)word_of(m, ints, COUNT_OF(ints), "a comparison");
	} else {
		static const char *const fast[] = { "fast", "nnan", "ninf", "nsz", "arcp", "contract", "afn", "reassoc" };

		for (size_t i = 0; i < COUNT_OF(fast);)
			i = ll_accept_word(m, fast[i]) ? 0 : i + 1;
		r->in.pred = (uint8_t)(LL_FALSE + word_of(m, reals, COUNT_OF(reals), "a comparison"));
	}
	t = two(r);
	if (r->in.op == LL_icmp)
		want(r, is_int(t) || is_pointer(t), t);
	else
		want_real(r, t);
	if (r->in.op == LL_icmp && r->in.pred >= LL_SGT) {
		signed_use(r->in.v[0]);
		signed_use(r->in.v[1]);
	}
	r->result = ll_int_type(m, 1);
	if (t->kind == LL_VECTOR)
		r->result = ll_vector_type(m, r->result, t->n);
}

static void load_store(struct reader *r)
{
	struct ll *m = r->m;
	bool atomic = ll_accept_word(m, "atomic");
	struct ll_value *v;

	r->in.is_volatile = ll_accept_word(m, "volatile");
	if (r->in.op == LL_load) {
		r->result = r->in.type = ll_parse_type(m);
	} else {
		v = ll_parse_typed(m);
		r->in.type = v->type;
		add_value(r, v);
	}
	ll_expect(m, ',');
	operand(r, LL_POINTER);
	if (atomic)
		skip_ordering(m);
	ll_flatten(m, r->in.type, r->in.line);
	ll_layout(m, r->in.type, r->in.line);
	r->in.is_volatile |= atomic;
}

static void allocate(struct reader *r)
{
	struct ll *m = r->m;

	ll_accept_word(m, "inalloca");
	r->in.type = ll_parse_type(m);
	ll_layout(m, r->in.type, r->in.line);
	r->in.index = ll_alloc(m, sizeof *r->in.index);
	r->in.index[0] = r->in.type->align;
	while (ll_accept(m, ',')) {
		if (ll_accept_word(m, "align"))
			r->in.index[0] = ll_number(m, 1 << 20);
		else if (ll_accept_word(m, "addrspace"))
			ll_skip_group(m);
		else if (m->tok.kind == LL_META) {
			ll_next(m);
			ll_skip_metadata(m);
		} else
			operand(r, LL_INT);
	}
	if (r->in.n > 1 || !r->in.index[0] || (r->in.index[0] & (r->in.index[0] - 1)))
		ll_fail(m, r->in.line, "alloca with an alignment or a number of elements that cannot be");
	r->result = ll_simple_type(m, LL_POINTER);
}

static void step(struct reader *r)
{
	struct ll *m = r->m;

	while (m->tok.kind == LL_WORD && !ll_at_type(m)) {
		ll_next(m);
		if (ll_at(m, '('))
			ll_skip_group(m);
	}
	r->in.type = ll_parse_type(m);
	ll_expect(m, ',');
	add_value(r, ll_parse_typed(m));
	if (r->in.v[0]->type->kind == LL_VECTOR)
		ll_fail(m, r->in.line, "unsupported: getelementptr of vectors");
	want(r, r->in.v[0]->type->kind == LL_POINTER, r->in.v[0]->type);
	while (ll_at(m, ',')) {
		const char *pos = m->pos;
		struct ll_token tok = m->tok;
		int line = m->line;

		ll_next(m);
		if (m->tok.kind == LL_META) {
			m->pos = pos;
			m->tok = tok;
			m->line = line;
			break;
		}
		operand(r, LL_INT);
	}
	r->result = ll_simple_type(m, LL_POINTER);
}

static void call_arguments(struct reader *r)
{
	struct ll *m = r->m;
	uint32_t cap = 0;

	ll_expect(m, '(');
	if (!ll_at(m, ')'))
		do {
			struct ll_type *t = ll_parse_type(m);

			r->in.attr = ll_grow(m, r->in.attr, r->in.n, &cap, sizeof *r->in.attr);
			r->in.attr[r->in.n] = (struct ll_attr){ 0 };
			if (t->kind != LL_METADATA)
				ll_parse_attrs(m, &r->in.attr[r->in.n]);
			add_value(r, ll_parse_value(m, t));
		} while (ll_accept(m, ','));
	if (!ll_at(m, ')'))
		ll_unexpected(m, "')'");
}

/* asm ...: only an empty text is understood: it does nothing, or hands its operand through. */
static struct ll_value *assembly(struct ll *m)
{
	struct ll_value *v = ll_value_new(m, LL_V_ASM, ll_simple_type(m, LL_POINTER), m->tok.line);

	ll_next(m);
	while (m->tok.kind == LL_WORD)
		ll_next(m);
	if (m->tok.kind != LL_STRING)
		ll_unexpected(m, "a string");
	if (m->tok.text.n)
		ll_fail(m, v->line, "unsupported: inline assembly \"%.*s\"", NAME(m->tok.text));
	ll_next(m);
	ll_expect(m, ',');
	if (m->tok.kind != LL_STRING)
		ll_unexpected(m, "a string");
	v->bytes = m->tok.text;
	ll_next(m);
	return v;
}

static void call(struct reader *r)
{
	struct ll *m = r->m;
	struct ll_type *t;
	int line;

	while (m->tok.kind == LL_NUMBER || m->tok.kind == LL_STRING || (m->tok.kind == LL_WORD && !ll_at_type(m))) {
		ll_next(m);
		if (ll_at(m, '('))
			ll_skip_group(m);
	}
	t = ll_parse_type(m);
	if (ll_at_word(m, "asm"))
		r->in.callee = assembly(m);
	else
		r->in.callee = ll_parse_value(m, ll_simple_type(m, LL_POINTER));
	call_arguments(r);
	line = m->tok.line;
	ll_next(m);
	while (m->tok.line == line && (m->tok.kind == LL_ATTR || m->tok.kind == LL_WORD || m->tok.kind == LL_STRING || ll_at(m, '=') || ll_at(m, '(')))
		ll_at(m, '(') ? ll_skip_group(m) : ll_next(m);
	if (ll_at(m, '[') && r->in.callee->kind == LL_V_SYMBOL && ll_is(r->in.callee->sym->name, "llvm.assume"))
		ll_skip_group(m);
	if (ll_at(m, '['))
		ll_fail(m, r->in.line, "unsupported: a call with operand bundles");
	if (t->kind != LL_FUNCTION) {
		struct ll_type **p = ll_alloc(m, (r->in.n + 1) * sizeof *p);

		for (uint32_t i = 0; i < r->in.n; i++)
			p[i] = r->in.v[i]->type;
		t = ll_func_type(m, t, r->in.n, p, false);
	}
	if (r->in.n < t->n || (r->in.n > t->n && !t->variadic))
		ll_fail(m, r->in.line, "the function takes %llu arguments, %u are given", (unsigned long long)t->n, r->in.n);
	for (uint32_t i = 0; i < t->n; i++)
		if (r->in.v[i]->type != t->field[i])
			ll_fail(m, r->in.line, "argument %u is of type %s, not %s", i + 1, ll_type_name(m, r->in.v[i]->type), ll_type_name(m, t->field[i]));
	for (uint32_t i = 0; i < r->in.n; i++)
		if (r->in.v[i]->kind != LL_V_META)
			ll_flatten(m, r->in.v[i]->type, r->in.line);
	r->in.type = t;
	r->result = t->of->kind == LL_VOID ? NULL : t->of;
}

static void phi(struct reader *r)
{
	struct ll *m = r->m;

	skip_flags(m);
	r->result = ll_parse_type(m);
	do {
		ll_expect(m, '[');
		add_value(r, ll_parse_value(m, r->result));
		ll_expect(m, ',');
		if (m->tok.kind != LL_LOCAL)
			ll_unexpected(m, "a block's name");
		add_block(r, ll_block_named(m, m->tok.text));
		ll_next(m);
		ll_expect(m, ']');
		if (!ll_at(m, ','))
			break;
		if (m->pos[strspn(m->pos, " \t\r\n")] == '!')
			break;
		ll_next(m);
	} while (true);
}

static void choose(struct reader *r)
{
	struct ll *m = r->m;
	struct ll_value *c, *a, *b;

	skip_flags(m);
	c = ll_parse_typed(m);
	add_value(r, c);
	ll_expect(m, ',');
	a = ll_parse_typed(m);
	add_value(r, a);
	ll_expect(m, ',');
	b = ll_parse_typed(m);
	add_value(r, b);
	want(r, a->type == b->type, b->type);
	want(r, ll_scalar(c->type)->kind == LL_INT && ll_scalar(c->type)->bits == 1, c->type);
	want(r, c->type->kind != LL_VECTOR || (a->type->kind == LL_VECTOR && a->type->n == c->type->n), c->type);
	r->result = a->type;
}

static void branch(struct reader *r)
{
	struct ll *m = r->m;
	struct ll_value *c;

	if (ll_at_word(m, "label")) {
		add_block(r, label(m));
		return;
	}
	c = operand(r, LL_INT);
	want(r, c->type->bits == 1, c->type);
	ll_expect(m, ',');
	add_block(r, label(m));
	ll_expect(m, ',');
	add_block(r, label(m));
}

static void switch_(struct reader *r)
{
	struct ll *m = r->m;
	struct ll_value *v = operand(r, LL_INT), *c;

	ll_expect(m, ',');
	add_block(r, label(m));
	ll_expect(m, '[');
	while (!ll_accept(m, ']')) {
		c = ll_parse_typed(m);
		if (c->kind != LL_V_INT || c->type != v->type)
			ll_fail(m, c->line, "a case of a switch is not a number of type %s", ll_type_name(m, v->type));
		add_value(r, c);
		ll_expect(m, ',');
		add_block(r, label(m));
	}
}

static void goto_(struct reader *r)
{
	operand(r, LL_POINTER);
	ll_expect(r->m, ',');
	ll_expect(r->m, '[');
	while (!ll_accept(r->m, ']')) {
		add_block(r, label(r->m));
		ll_accept(r->m, ',');
	}
}

static void ret(struct reader *r)
{
	struct ll_type *t = ll_parse_type(r->m), *wanted = r->m->fn->type->of;

	if (t != wanted)
		ll_fail(r->m, r->in.line, "the function returns %s, not %s", ll_type_name(r->m, wanted), ll_type_name(r->m, t));
	if (t->kind != LL_VOID)
		add_value(r, ll_parse_value(r->m, t));
}

static void aggregate(struct reader *r)
{
	struct ll *m = r->m;
	struct ll_value *v = ll_parse_typed(m);
	struct ll_type *t = v->type;
	uint32_t part = 0;

	add_value(r, v);
	ll_expect(m, ',');
	if (r->in.op == LL_insertvalue) {
		add_value(r, ll_parse_typed(m));
		ll_expect(m, ',');
	}
	do {
		t = ll_element(m, t, ll_number(m, 1 << 20), NULL, &part, r->in.line);
		if (!ll_at(m, ',') || m->pos[strspn(m->pos, " \t\r\n")] == '!')
			break;
		ll_next(m);
	} while (true);
	if (r->in.op == LL_insertvalue)
		want(r, t == r->in.v[1]->type, r->in.v[1]->type);
	ll_flatten(m, v->type, r->in.line);
	ll_flatten(m, t, r->in.line);
	r->in.index = ll_alloc(m, sizeof *r->in.index);
	r->in.index[0] = part;
	r->result = r->in.op == LL_insertvalue ? v->type : t;
}

static void element(struct reader *r)
{
	struct ll *m = r->m;
	struct ll_value *v = ll_parse_typed(m);

	add_value(r, v);
	want(r, v->type->kind == LL_VECTOR, v->type);
	ll_expect(m, ',');
	if (r->in.op == LL_shufflevector) {
		add_value(r, ll_parse_typed(m));
		want(r, r->in.v[1]->type == v->type, r->in.v[1]->type);
		ll_expect(m, ',');
		add_value(r, ll_parse_typed(m));
		want(r, r->in.v[2]->type->kind == LL_VECTOR && r->in.v[2]->kind != LL_V_LOCAL, r->in.v[2]->type);
		r->result = ll_vector_type(m, v->type->of, r->in.v[2]->type->n);
		return;
	}
	if (r->in.op == LL_insertelement) {
		add_value(r, ll_parse_typed(m));
		want(r, r->in.v[1]->type == v->type->of, r->in.v[1]->type);
		ll_expect(m, ',');
	}
	operand(r, LL_INT);
	r->result = r->in.op == LL_insertelement ? v->type : v->type->of;
}

static void atomic(struct reader *r)
{
	static const char *const ops[] = { "xchg", "add", "sub", "and", "nand", "or", "xor", "max", "min", "umax", "umin" };
	struct ll *m = r->m;
	struct ll_value *v;

	if (r->in.op == LL_fence) {
		skip_ordering(m);
		return;
	}
	ll_accept_word(m, "weak");
	ll_accept_word(m, "volatile");
	if (r->in.op == LL_atomicrmw) {
		if (m->tok.kind == LL_WORD && (m->tok.text.s[0] == 'f' || ll_at_word(m, "uinc_wrap") || ll_at_word(m, "udec_wrap")))
			ll_fail(m, r->in.line, "unsupported: atomicrmw %.*s", NAME(m->tok.text));
		r->in.pred = (uint8_t)word_of(m, ops, COUNT_OF(ops), "an operation");
	}
	operand(r, LL_POINTER);
	ll_expect(m, ',');
	v = ll_parse_typed(m);
	want(r, v->type->kind == LL_INT || v->type->kind == LL_POINTER || (r->in.pred == LL_XCHG && is_real(v->type)), v->type);
	if (v->type->kind == LL_INT && v->type->bits > 64)
		ll_fail(m, r->in.line, "unsupported: an atomic operation on %s", ll_type_name(m, v->type));
	add_value(r, v);
	r->in.type = r->result = v->type;
	ll_layout(m, v->type, r->in.line);
	if (r->in.op == LL_cmpxchg) {
		ll_expect(m, ',');
		add_value(r, ll_parse_typed(m));
		want(r, r->in.v[2]->type == v->type && !is_real(v->type), r->in.v[2]->type);
		r->result = ll_struct_type(m, 2, memcpy(ll_alloc(m, 16), (struct ll_type *[]){ v->type, ll_int_type(m, 1) }, 16), false);
		skip_ordering(m);
	}
	skip_ordering(m);
}

/* ---- the instruction --------------------------------------------------------------------------------------------------- */

static void read_kind(struct reader *r)
{
	struct ll_value *v;

	switch (ll_ops[r->in.op].kind) {
	case LL_K_INT: case LL_K_REAL: binary(r); break;
	case LL_K_FNEG: case LL_K_FREEZE:
		skip_flags(r->m);
		v = ll_parse_typed(r->m);
		add_value(r, v);
		r->result = v->type;
		if (r->in.op == LL_fneg)
			want_real(r, v->type);
		break;
	case LL_K_CAST: cast(r); break;
	case LL_K_ICMP: case LL_K_FCMP: compare(r); break;
	case LL_K_LOAD: case LL_K_STORE: load_store(r); break;
	case LL_K_ALLOCA: allocate(r); break;
	case LL_K_GEP: step(r); break;
	case LL_K_CALL: call(r); break;
	case LL_K_PHI: phi(r); break;
	case LL_K_SELECT: choose(r); break;
	case LL_K_BR: branch(r); break;
	case LL_K_SWITCH: switch_(r); break;
	case LL_K_GOTO: goto_(r); break;
	case LL_K_RET: ret(r); break;
	case LL_K_UNREACHABLE: break;
	case LL_K_EXTRACTVALUE: case LL_K_INSERTVALUE: aggregate(r); break;
	case LL_K_EXTRACTELEMENT: case LL_K_INSERTELEMENT: case LL_K_SHUFFLE: element(r); break;
	case LL_K_RMW: case LL_K_CMPXCHG: case LL_K_FENCE: atomic(r); break;
	case LL_K_NONE:
		ll_fail(r->m, r->in.line, "unsupported: %s", ll_ops[r->in.op].name);
	}
}

void ll_parse_instr(struct ll *m, struct ll_block *b)
{
	struct reader r = { .m = m, .in = { .line = m->tok.line } };
	struct ll_str name = { 0 };
	enum ll_op op;

	if (m->tok.kind == LL_LOCAL) {
		name = m->tok.text;
		ll_next(m);
		ll_expect(m, '=');
	}
	r.in.tail = ll_at_word(m, "tail") || ll_at_word(m, "musttail");
	if (r.in.tail || ll_at_word(m, "notail"))
		ll_next(m);
	if (m->tok.kind != LL_WORD)
		ll_unexpected(m, "an instruction");
	if (!ll_find_op(m->tok.text, &op))
		ll_fail(m, m->tok.line, "unsupported: instruction '%.*s'", NAME(m->tok.text));
	r.in.op = (uint8_t)op;
	ll_next(m);
	read_kind(&r);
	attachments(m, &r.in);
	if (name.s && !r.result)
		ll_fail(m, r.in.line, "%s has no result", ll_ops[op].name);
	if (r.result) {
		char number[16];	/* results without a name are numbered, too */

		snprintf(number, sizeof number, "%u", m->next_number);
		if (!name.s)
			name = (struct ll_str){ memcpy(ll_alloc(m, sizeof number), number, sizeof number), strlen(number) };
		if (ll_is(name, number))
			m->next_number++;
		r.in.def = ll_define(m, name, r.result, b, b->n + 1, r.in.line);
	}
	b->at = ll_grow(m, b->at, b->n, &b->cap, sizeof *b->at);
	b->at[b->n++] = r.in;
	m->fn->n_instr++;
}
