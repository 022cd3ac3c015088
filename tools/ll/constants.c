/* SPDX-License-Identifier: MIT
 * constants.c - values in the text: names, numbers, aggregates, constant expressions.
 *
 * A local name may stand before its definition; it is made at its first use with the type it has there, and the definition
 * must agree. Numbers are kept cut to their width, floating ones as the bits of their type.
 */
#include "ll.h"

#include <errno.h>
#include <stdlib.h>

const struct ll_op_info ll_ops[LL_N_OPS] = {
#define INSTR(name, kind) { #name, LL_K_##kind },
#include "instructions.def"
};

bool ll_find_op(struct ll_str name, enum ll_op *op)
{
	for (unsigned i = 0; i < LL_N_OPS; i++)
		if (ll_is(name, ll_ops[i].name)) {
			*op = (enum ll_op)i;
			return true;
		}
	return false;
}

struct ll_value *ll_value_new(struct ll *m, enum ll_value_kind kind, struct ll_type *t, int line)
{
	struct ll_value *v = ll_alloc(m, sizeof *v);

	v->kind = kind;
	v->type = t;
	v->line = line;
	return v;
}

ll_u128 ll_cut(ll_u128 x, uint32_t bits) { return bits >= 128 ? x : x & (((ll_u128)1 << bits) - 1); }

int64_t ll_signed(ll_u128 x, uint32_t bits)
{
	return bits >= 64 ? (int64_t)x : (int64_t)((uint64_t)x << (64 - bits)) >> (64 - bits);
}

struct ll_symbol *ll_symbol(struct ll *m, struct ll_str name, int line)
{
	struct ll_symbol **at = (struct ll_symbol **)ll_map_at(m, &m->symbols, name);

	if (!*at) {
		struct ll_func *fn = m->fn;
		char *copy = ll_keep(m, name.n + 1);

		memcpy(copy, name.s, name.n);
		*at = ll_keep(m, sizeof **at);
		**at = (struct ll_symbol){ .name = { copy, name.n }, .first_use = line };
		m->fn = NULL;		/* the list of symbols is the module's */
		m->symbol = ll_grow(m, m->symbol, m->n_symbols, &m->symbols_cap, sizeof *m->symbol);
		m->fn = fn;
		m->symbol[m->n_symbols++] = *at;
	}
	return *at;
}

/* ---- numbers ----------------------------------------------------------------------------------------------------------- */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

static bool digits(const char *s, size_t n, int base, ll_u128 *out)
{
	ll_u128 x = 0;

	for (size_t i = 0; i < n; i++) {
		if (digit(s[i]) >= base || __builtin_mul_overflow(x, (ll_u128)base, &x) || __builtin_add_overflow(x, (ll_u128)digit(s[i]), &x))
			return false;
	}
	*out = x;
	return n > 0;
}

/* More than 128 bits: digit by digit into words. */
static bool big_digits(const char *s, size_t n, bool minus, uint32_t bits, uint64_t *w)
{
	ll_u128 carry;

	for (size_t i = 0; i < n; i++) {
		if (digit(s[i]) > 9)
			return false;
		carry = (ll_u128)digit(s[i]);
		for (unsigned k = 0; k < LL_MAX_WORDS; k++) {
			carry += (ll_u128)w[k] * 10;
			w[k] = (uint64_t)carry;
			carry >>= 64;
		}
		if (carry)
			return false;
	}
	carry = minus;
	for (unsigned k = 0; k < LL_MAX_WORDS; k++) {
		if (minus) {
			carry += (uint64_t)~w[k];
			w[k] = (uint64_t)carry;
			carry >>= 64;
		}
		if (bits < (k + 1) * 64)
			w[k] = bits <= k * 64 ? 0 : w[k] & ((UINT64_C(1) << bits % 64) - 1);
	}
	return n > 0;
}

/* An integer of at most 128 bits; a body that names a number often has one value for it. */
static struct ll_value *number(struct ll *m, struct ll_type *t, ll_u128 num)
{
	struct ll_value **known = m->fn ? &m->fn->number[((uint64_t)num + t->bits) % COUNT_OF(m->fn->number)] : NULL, *v;

	if (known && *known && (*known)->type == t && (*known)->num == num)
		return *known;
	v = ll_value_new(m, LL_V_INT, t, m->tok.line);
	v->num = num;
	if (known)
		*known = v;
	return v;
}

static struct ll_value *integer(struct ll *m, struct ll_type *t)
{
	struct ll_str s = m->tok.text;
	bool minus = s.s[0] == '-', ok;
	struct ll_value *v;
	ll_u128 x = 0;

	if (t->bits > 128 && t->bits <= 64 * LL_MAX_WORDS) {
		v = ll_value_new(m, LL_V_INT, t, m->tok.line);
		v->big = ll_alloc(m, LL_MAX_WORDS * sizeof *v->big);
		ok = big_digits(s.s + minus, s.n - minus, minus, t->bits, v->big);
		v->num = (ll_u128)v->big[1] << 64 | v->big[0];
		if (!ok)
			ll_fail(m, m->tok.line, "'%.*s' is not an integer of %u bits", (int)(s.n > 60 ? 60 : s.n), s.s, 64 * LL_MAX_WORDS);
		ll_next(m);
		return v;
	}
	if (s.n > 3 && (s.s[0] == 'u' || s.s[0] == 's') && s.s[1] == '0' && s.s[2] == 'x')
		ok = digits(s.s + 3, s.n - 3, 16, &x);
	else
		ok = digits(s.s + minus, s.n - minus, 10, &x);
	if (!ok)
		ll_fail(m, m->tok.line, "'%.*s' is not an integer of 128 bits", (int)(s.n > 60 ? 60 : s.n), s.s);
	v = number(m, t, ll_cut(minus ? -x : x, t->bits));
	ll_next(m);
	return v;
}

uint64_t ll_real_bits(struct ll *m, struct ll_type *t, struct ll_str s, int line)
{
	char copy[400], *end = copy;
	uint64_t bits = 0;
	uint32_t small;
	ll_u128 x;
	double d;
	float f;

	if (s.n > 2 && s.s[0] == '0' && s.s[1] == 'x') {	/* the bits of a double, whatever the type */
		if (s.n > 18 || !digits(s.s + 2, s.n - 2, 16, &x))
			ll_fail(m, line, "'%.*s' is not the bits of a double", (int)(s.n > 60 ? 60 : s.n), s.s);
		bits = (uint64_t)x;
		memcpy(&d, &bits, 8);
	} else {
		if (s.n < sizeof copy) {
			memcpy(copy, s.s, s.n);
			copy[s.n] = 0;
			d = strtod(copy, &end);
		}
		if (end == copy || *end)
			ll_fail(m, line, "'%.*s' is not a floating number", (int)(s.n > 60 ? 60 : s.n), s.s);
		memcpy(&bits, &d, 8);
	}
	if (t->kind == LL_DOUBLE)
		return bits;
	f = (float)d;
	memcpy(&small, &f, 4);
	if (d != d)		/* converting would make a signalling NaN quiet */
		small = (uint32_t)(bits >> 32 & 0x80000000) | 0x7f800000 | (uint32_t)(bits >> 29 & 0x7fffff);
	return small;
}

/* ---- aggregates and expressions ---------------------------------------------------------------------------------------- */

struct ll_value *ll_parse_typed(struct ll *m)
{
	struct ll_type *t = ll_parse_type(m);

	return ll_parse_value(m, t);
}

static struct ll_value *list(struct ll *m, struct ll_type *t, char close)
{
	struct ll_value *v = ll_value_new(m, LL_V_LIST, t, m->tok.line);
	uint32_t cap = 0;

	ll_next(m);
	if (!ll_at(m, close) && !(close == '>' && ll_at(m, '}')))
		do {
			v->v = ll_grow(m, v->v, v->n, &cap, sizeof *v->v);
			v->v[v->n++] = ll_parse_typed(m);
		} while (ll_accept(m, ','));
	ll_expect(m, close);
	if (v->n != t->n)
		ll_fail(m, v->line, "%s has %llu elements, %u are given", ll_type_name(m, t), (unsigned long long)t->n, v->n);
	for (uint32_t i = 0; i < v->n; i++)
		if (v->v[i]->type != (t->kind == LL_STRUCT ? t->field[i] : t->of))
			ll_fail(m, v->line, "element %u is of type %s, not %s", i, ll_type_name(m, v->v[i]->type),
				ll_type_name(m, t->kind == LL_STRUCT ? t->field[i] : t->of));
	return v;
}

static struct ll_value *aggregate(struct ll *m, struct ll_type *t)
{
	struct ll_value *v;

	if (ll_at(m, '[') && t->kind == LL_ARRAY)
		return list(m, t, ']');
	if (ll_at(m, '{') && t->kind == LL_STRUCT && !t->packed && !t->opaque)
		return list(m, t, '}');
	if (ll_at(m, '<') && t->kind == LL_VECTOR)
		return list(m, t, '>');
	if (ll_at(m, '<') && t->kind == LL_STRUCT && t->packed) {
		ll_next(m);
		if (!ll_at(m, '{'))
			ll_unexpected(m, "'{'");
		v = list(m, t, '}');
		ll_expect(m, '>');
		return v;
	}
	ll_fail(m, m->tok.line, "a value of type %s expected", ll_type_name(m, t));
}

/* Skips flags of constant expressions: inbounds, nuw, nsw, exact, inrange(...). */
static void skip_flags(struct ll *m)
{
	while (m->tok.kind == LL_WORD && !ll_at_type(m)) {
		ll_next(m);
		if (ll_at(m, '('))
			break;
	}
}

static struct ll_value *expression(struct ll *m, struct ll_type *t, enum ll_op op)
{
	struct ll_value *v = ll_value_new(m, LL_V_EXPR, t, m->tok.line);
	uint32_t cap = 0;

	v->op = (uint8_t)op;
	ll_next(m);
	if (op == LL_getelementptr) {
		while (m->tok.kind == LL_WORD) {
			bool inrange = ll_at_word(m, "inrange");

			ll_next(m);
			if (inrange && ll_at(m, '('))
				ll_skip_group(m);
		}
	} else if (op == LL_icmp || op == LL_fcmp) {
		ll_fail(m, v->line, "unsupported: a comparison as a constant");
	} else {
		skip_flags(m);
	}
	ll_expect(m, '(');
	if (op == LL_getelementptr) {
		v->source = ll_parse_type(m);
		ll_expect(m, ',');
	}
	do {
		if (ll_accept_word(m, "inrange"))
			continue;
		v->v = ll_grow(m, v->v, v->n, &cap, sizeof *v->v);
		v->v[v->n++] = ll_parse_typed(m);
		if (ll_ops[op].kind == LL_K_CAST) {
			if (!ll_accept_word(m, "to"))
				ll_unexpected(m, "'to'");
			if (ll_parse_type(m) != t)
				ll_fail(m, v->line, "the constant is not of type %s", ll_type_name(m, t));
		}
	} while (ll_accept(m, ','));
	ll_expect(m, ')');
	if (v->n < (ll_ops[op].kind == LL_K_INT ? 2u : 1u))
		ll_fail(m, v->line, "%s takes two operands", ll_ops[op].name);
	return v;
}

/* ---- one value --------------------------------------------------------------------------------------------------------- */

static struct ll_value *local(struct ll *m, struct ll_type *t)
{
	struct ll_value **at, *v;

	if (!m->fn)
		ll_fail(m, m->tok.line, "%%%.*s stands outside of a function", (int)m->tok.text.n, m->tok.text.s);
	at = (struct ll_value **)ll_map_at(m, &m->fn->names, m->tok.text);
	v = *at;
	if (!v) {
		v = *at = ll_value_new(m, LL_V_LOCAL, t, m->tok.line);
		v->bytes = m->tok.text;
		m->fn->value = ll_grow(m, m->fn->value, m->fn->n_values, &m->fn->values_cap, sizeof *m->fn->value);
		m->fn->value[m->fn->n_values++] = v;
	}
	if (v->type != t)
		ll_fail(m, m->tok.line, "%%%.*s is of type %s, not %s", (int)(v->bytes.n > 60 ? 60 : v->bytes.n), v->bytes.s,
			ll_type_name(m, v->type), ll_type_name(m, t));
	v->uses++;
	ll_next(m);
	return v;
}

bool ll_at_value(struct ll *m)
{
	static const char *const words[] = { "null", "true", "false", "undef", "poison", "zeroinitializer", "none", "asm", "splat",
		"blockaddress", "dso_local_equivalent", "no_cfi" };
	enum ll_op op;

	switch (m->tok.kind) {
	case LL_LOCAL: case LL_GLOBAL: case LL_NUMBER: case LL_CSTRING: case LL_META: return true;
	case LL_PUNCT: return ll_at(m, '[') || ll_at(m, '{') || ll_at(m, '<');
	case LL_WORD: break;
	default: return false;
	}
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (ll_is(m->tok.text, words[i]))
			return true;
	return ll_find_op(m->tok.text, &op) || ((m->tok.text.s[0] == 'u' || m->tok.text.s[0] == 's') && m->tok.text.n > 3 &&
			m->tok.text.s[1] == '0' && m->tok.text.s[2] == 'x');
}

/* blockaddress(@function, %block) */
static struct ll_value *place(struct ll *m, struct ll_type *t)
{
	struct ll_value *v = ll_value_new(m, LL_V_PLACE, t, m->tok.line);

	ll_next(m);
	ll_expect(m, '(');
	if (m->tok.kind != LL_GLOBAL)
		ll_unexpected(m, "the name of a function");
	v->sym = ll_symbol(m, m->tok.text, v->line);
	ll_next(m);
	ll_expect(m, ',');
	if (m->tok.kind != LL_LOCAL)
		ll_unexpected(m, "the name of a block");
	v->bytes = (struct ll_str){ memcpy(ll_alloc(m, m->tok.text.n + 1), m->tok.text.s, m->tok.text.n), m->tok.text.n };
	ll_next(m);
	ll_expect(m, ')');
	return v;
}

static struct ll_value *word_value(struct ll *m, struct ll_type *t)
{
	int line = m->tok.line;
	enum ll_value_kind kind;
	struct ll_value *v;
	enum ll_op op;

	if (ll_at_word(m, "true") || ll_at_word(m, "false")) {
		v = ll_value_new(m, LL_V_INT, t, line);
		if (t->kind != LL_INT || t->bits != 1)
			ll_fail(m, line, "a value of type %s expected", ll_type_name(m, t));
		v->num = ll_at_word(m, "true");
		ll_next(m);
		return v;
	}
	if (ll_at_word(m, "null") || ll_at_word(m, "zeroinitializer") || ll_at_word(m, "none"))
		kind = LL_V_ZERO;
	else if (ll_at_word(m, "undef") || ll_at_word(m, "poison"))
		kind = LL_V_UNDEF;
	else if (ll_at_word(m, "splat")) {
		v = ll_value_new(m, LL_V_SPLAT, t, line);
		ll_next(m);
		ll_expect(m, '(');
		v->v = ll_alloc(m, sizeof *v->v);
		v->v[0] = ll_parse_typed(m);
		ll_expect(m, ')');
		if (t->kind != LL_VECTOR || v->v[0]->type != t->of)
			ll_fail(m, line, "a value of type %s expected", ll_type_name(m, t));
		return v;
	} else if (ll_at_word(m, "blockaddress"))
		return place(m, t);
	else if (ll_at_word(m, "dso_local_equivalent") || ll_at_word(m, "no_cfi") || ll_at_word(m, "asm"))
		ll_fail(m, line, "unsupported: %.*s", (int)m->tok.text.n, m->tok.text.s);
	else if (ll_find_op(m->tok.text, &op))
		return expression(m, t, op);
	else if (t->kind == LL_INT && m->tok.text.n > 3 && m->tok.text.s[1] == '0')
		return integer(m, t);
	else
		ll_unexpected(m, "a value");
	ll_next(m);
	return ll_value_new(m, kind, t, line);
}

static struct ll_value *value(struct ll *m, struct ll_type *t)
{
	struct ll_value *v;
	int line = m->tok.line;

	if (t->kind == LL_METADATA) {
		v = ll_value_new(m, LL_V_META, t, line);
		ll_skip_metadata(m);
		return v;
	}
	if (t->kind == LL_VOID || t->kind == LL_FUNCTION || t->kind == LL_LABEL_TYPE)
		ll_fail(m, line, "there is no value of type %s", ll_type_name(m, t));
	switch (m->tok.kind) {
	case LL_LOCAL:
		return local(m, t);
	case LL_GLOBAL:
		if (t->kind != LL_POINTER)
			ll_fail(m, line, "@%.*s is a ptr, not %s", (int)m->tok.text.n, m->tok.text.s, ll_type_name(m, t));
		v = ll_value_new(m, LL_V_SYMBOL, t, line);
		v->sym = ll_symbol(m, m->tok.text, line);
		break;
	case LL_NUMBER:
		if (t->kind == LL_INT)
			return integer(m, t);
		if (t->kind == LL_OTHER)
			ll_fail(m, line, "unsupported: a value of type %s", ll_type_name(m, t));
		if (t->kind != LL_FLOAT && t->kind != LL_DOUBLE)
			ll_fail(m, line, "a value of type %s expected", ll_type_name(m, t));
		v = ll_value_new(m, LL_V_REAL, t, line);
		v->num = ll_real_bits(m, t, m->tok.text, line);
		break;
	case LL_CSTRING:
		v = ll_value_new(m, LL_V_BYTES, t, line);
		v->bytes = m->tok.text;
		if (t->kind != LL_ARRAY || t->of != ll_int_type(m, 8) || t->n != v->bytes.n)
			ll_fail(m, line, "the string has %zu bytes, but %s is expected", v->bytes.n, ll_type_name(m, t));
		break;
	case LL_WORD:
		return word_value(m, t);
	default:
		if (ll_at(m, '[') || ll_at(m, '{') || ll_at(m, '<'))
			return aggregate(m, t);
		ll_unexpected(m, "a value");
	}
	ll_next(m);
	return v;
}

struct ll_value *ll_parse_value(struct ll *m, struct ll_type *t)
{
	struct ll_value *v;

	ll_deeper(m);
	v = value(m, t);
	m->depth--;
	return v;
}

struct ll_value *ll_elem(struct ll *m, struct ll_value *v, uint64_t k)
{
	struct ll_type *t = ll_element(m, v->type, k, NULL, NULL, v->line);
	struct ll_value *e;

	switch (v->kind) {
	case LL_V_LIST: return v->v[k];
	case LL_V_SPLAT: return v->v[0];
	case LL_V_ZERO: case LL_V_UNDEF: return ll_value_new(m, v->kind, t, v->line);
	case LL_V_BYTES:
		e = ll_value_new(m, LL_V_INT, t, v->line);
		e->num = (unsigned char)v->bytes.s[k];
		return e;
	default:
		ll_fail(m, v->line, "unsupported: a constant of type %s in this form", ll_type_name(m, v->type));
	}
}
