/* SPDX-License-Identifier: MIT
 * types.c - types: reading, one copy of each, layout in memory, and their parts as values.
 *
 * Types without a name are shared: equal ones are the same pointer, found through a map whose key is the bytes of their
 * description. Named structs are equal to themselves only. Layout is that of x86-64 System V: LLVM's rules with its data
 * layout string of that platform (i128 is aligned to 16 from LLVM 18 on, and here always).
 */
#include "ll.h"

static struct ll_type *shared(struct ll *m, const struct ll_type *like)
{
	size_t n = like->field ? like->n : 0, size = (6 + n) * sizeof(uint64_t);
	uint64_t small[16], *key = size <= sizeof small ? small : ll_alloc(m, size);
	struct ll_type **at;

	key[0] = like->kind;
	key[1] = like->packed | like->variadic << 1;
	key[2] = like->bits;
	key[3] = like->n;
	key[4] = (uintptr_t)like->of;
	key[5] = like->field != NULL;
	for (size_t i = 0; i < n; i++)
		key[6 + i] = (uintptr_t)like->field[i];
	at = (struct ll_type **)ll_map_at(m, &m->structs, (struct ll_str){ (char *)key, size });
	if (!*at) {
		*at = ll_keep(m, sizeof **at);
		**at = *like;
		if (n)
			(*at)->field = memcpy(ll_keep(m, n * sizeof *like->field), like->field, n * sizeof *like->field);
	}
	return *at;
}

struct ll_type *ll_simple_type(struct ll *m, enum ll_type_kind kind) { return shared(m, &(struct ll_type){ .kind = kind }); }
struct ll_type *ll_int_type(struct ll *m, uint32_t bits) { return shared(m, &(struct ll_type){ .kind = LL_INT, .bits = bits }); }

static struct ll_type *other_type(struct ll *m, struct ll_str name)
{
	struct ll_type *t = shared(m, &(struct ll_type){ .kind = LL_OTHER, .bits = (uint32_t)name.n * 256 + (unsigned char)name.s[0] });

	t->name = name;
	return t;
}

struct ll_type *ll_vector_type(struct ll *m, struct ll_type *of, uint64_t n)
{
	return shared(m, &(struct ll_type){ .kind = LL_VECTOR, .of = of, .n = n });
}

struct ll_type *ll_func_type(struct ll *m, struct ll_type *result, uint32_t n, struct ll_type **params, bool variadic)
{
	return shared(m, &(struct ll_type){ .kind = LL_FUNCTION, .of = result, .n = n, .field = n ? params : NULL, .variadic = variadic });
}

struct ll_type *ll_struct_type(struct ll *m, uint32_t n, struct ll_type **fields, bool packed)
{
	return shared(m, &(struct ll_type){ .kind = LL_STRUCT, .n = n, .field = n ? fields : NULL, .packed = packed });
}

/* ---- reading ----------------------------------------------------------------------------------------------------------- */

static const struct { const char *name; enum ll_type_kind kind; } words[] = {
	{ "void", LL_VOID }, { "float", LL_FLOAT }, { "double", LL_DOUBLE }, { "ptr", LL_POINTER }, { "label", LL_LABEL_TYPE },
	{ "metadata", LL_METADATA }, { "half", LL_OTHER }, { "bfloat", LL_OTHER }, { "fp128", LL_OTHER }, { "x86_fp80", LL_OTHER },
	{ "ppc_fp128", LL_OTHER }, { "x86_mmx", LL_OTHER }, { "x86_amx", LL_OTHER }, { "token", LL_OTHER }, { "opaque", LL_OTHER },
};

static uint32_t int_bits(struct ll_str s)
{
	uint32_t x = 0;

	if (s.n < 2 || s.n > 8 || s.s[0] != 'i')
		return 0;
	for (size_t i = 1; i < s.n; i++) {
		if (s.s[i] < '0' || s.s[i] > '9')
			return 0;
		x = x * 10 + (uint32_t)(s.s[i] - '0');
	}
	return x;
}

static const char *word_type(struct ll_str s, enum ll_type_kind *kind)
{
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (ll_is(s, words[i].name)) {
			*kind = words[i].kind;
			return words[i].name;
		}
	return NULL;
}

bool ll_at_type(struct ll *m)
{
	enum ll_type_kind kind;

	if (m->tok.kind == LL_PUNCT)
		return ll_at(m, '{') || ll_at(m, '[') || ll_at(m, '<');
	return m->tok.kind == LL_LOCAL || (m->tok.kind == LL_WORD && (int_bits(m->tok.text) || word_type(m->tok.text, &kind)));
}

/* Behind "{"; up to the closing brace, which is read. */
static struct ll_type **fields(struct ll *m, uint32_t *n)
{
	struct ll_type **f = NULL;
	uint32_t cap = 0;

	*n = 0;
	if (!ll_at(m, '}'))
		do {
			f = ll_grow(m, f, *n, &cap, sizeof *f);
			f[(*n)++] = ll_parse_type(m);
		} while (ll_accept(m, ','));
	ll_expect(m, '}');
	return f;
}

static struct ll_type *struct_named(struct ll *m, struct ll_str name)
{
	char small[256], *key = name.n + 2 <= sizeof small ? small : ll_alloc(m, name.n + 2);
	struct ll_type **at;

	key[0] = '%';			/* apart from the keys of shared(), which begin with a small number */
	memcpy(key + 1, name.s, name.n);
	at = (struct ll_type **)ll_map_at(m, &m->structs, (struct ll_str){ key, name.n + 1 });
	if (!*at) {
		*at = ll_keep(m, sizeof **at);
		**at = (struct ll_type){ .kind = LL_STRUCT, .opaque = true, .line = m->tok.line };
		(*at)->name = (struct ll_str){ memcpy(ll_keep(m, name.n + 2), key, name.n + 1), name.n + 1 };
	}
	return *at;
}

void ll_parse_struct_body(struct ll *m, struct ll_type *t)
{
	uint32_t n = 0;

	if (!t->opaque)
		ll_fail(m, m->tok.line, "%s is defined twice", ll_type_name(m, t));
	if (ll_accept_word(m, "opaque"))
		return;
	t->packed = ll_accept(m, '<');
	if (!t->packed && !ll_at(m, '{'))
		ll_fail(m, m->tok.line, "unsupported: %s names a type that is not a struct", ll_type_name(m, t));
	ll_expect(m, '{');
	t->field = fields(m, &n);
	t->n = n;
	t->opaque = false;
	if (t->packed)
		ll_expect(m, '>');
}

static struct ll_type *bracketed(struct ll *m)
{
	struct ll_type *of;
	uint64_t n;
	uint32_t k;

	if (ll_accept(m, '{')) {
		struct ll_type **f = fields(m, &k);

		return ll_struct_type(m, k, f, false);
	}
	if (ll_accept(m, '[')) {
		n = ll_number(m, UINT64_C(1) << 48);
		if (!ll_accept_word(m, "x"))
			ll_unexpected(m, "'x'");
		of = ll_parse_type(m);
		ll_expect(m, ']');
		return shared(m, &(struct ll_type){ .kind = LL_ARRAY, .of = of, .n = n });
	}
	ll_expect(m, '<');
	if (ll_accept(m, '{')) {
		struct ll_type **f = fields(m, &k);

		ll_expect(m, '>');
		return ll_struct_type(m, k, f, true);
	}
	if (ll_at_word(m, "vscale"))
		ll_fail(m, m->tok.line, "unsupported: a vector of unknown length");
	n = ll_number(m, 1 << 16);
	if (!ll_accept_word(m, "x"))
		ll_unexpected(m, "'x'");
	of = ll_parse_type(m);
	ll_expect(m, '>');
	return ll_vector_type(m, of, n);
}

static struct ll_type *base_type(struct ll *m)
{
	enum ll_type_kind kind;
	uint32_t bits;
	const char *w;
	struct ll_type *t;

	if (m->tok.kind == LL_PUNCT && ll_at_type(m))
		return bracketed(m);
	if (m->tok.kind == LL_LOCAL) {
		t = struct_named(m, m->tok.text);
	} else if (m->tok.kind == LL_WORD && (bits = int_bits(m->tok.text))) {
		t = ll_int_type(m, bits);
	} else if (m->tok.kind == LL_WORD && (w = word_type(m->tok.text, &kind))) {
		t = kind == LL_OTHER ? other_type(m, (struct ll_str){ w, strlen(w) }) : ll_simple_type(m, kind);
	} else {
		ll_unexpected(m, "a type");
	}
	ll_next(m);
	return t;
}

/* Behind "(" of a function type. */
static struct ll_type *func_type(struct ll *m, struct ll_type *result)
{
	struct ll_type **p = NULL;
	uint32_t n = 0, cap = 0;
	bool variadic = false;

	while (!ll_at(m, ')')) {
		if (m->tok.kind == LL_DOTS) {
			ll_next(m);
			variadic = true;
			break;
		}
		p = ll_grow(m, p, n, &cap, sizeof *p);
		p[n++] = ll_parse_type(m);
		if (!ll_accept(m, ','))
			break;
	}
	ll_expect(m, ')');
	return ll_func_type(m, result, n, p, variadic);
}

struct ll_type *ll_parse_type(struct ll *m)
{
	struct ll_type *t;

	ll_deeper(m);
	t = base_type(m);
	for (;;) {
		if (ll_accept_word(m, "addrspace"))
			ll_skip_group(m);
		else if (ll_accept(m, '*'))
			t = ll_simple_type(m, LL_POINTER);
		else if (ll_accept(m, '('))
			t = func_type(m, t);
		else
			break;
	}
	m->depth--;
	return t;
}

const char *ll_type_name(struct ll *m, const struct ll_type *t)
{
	char *s = ll_alloc(m, 200);

	if (t->name.n) {
		snprintf(s, 200, "%.*s", (int)(t->name.n > 150 ? 150 : t->name.n), t->name.s);
		return s;
	}
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (words[i].kind == t->kind && t->kind != LL_OTHER)
			return words[i].name;
	switch (t->kind) {
	case LL_INT: snprintf(s, 200, "i%u", t->bits); break;
	case LL_ARRAY: snprintf(s, 200, "[%llu x %.150s]", (unsigned long long)t->n, ll_type_name(m, t->of)); break;
	case LL_VECTOR: snprintf(s, 200, "<%llu x %.150s>", (unsigned long long)t->n, ll_type_name(m, t->of)); break;
	case LL_STRUCT: return "a struct";
	default: return "a function type";
	}
	return s;
}

struct ll_type *ll_scalar(struct ll_type *t) { return t->kind == LL_VECTOR ? t->of : t; }

/* ---- layout ------------------------------------------------------------------------------------------------------------ */

static uint64_t round_up(uint64_t x, uint64_t a) { return (x + a - 1) & ~(a - 1); }

static void layout_struct(struct ll *m, struct ll_type *t, int line)
{
	uint64_t at = 0;

	t->align = 1;
	t->offset = ll_keep(m, (size_t)(t->n + 1) * sizeof *t->offset);
	for (uint64_t i = 0; i < t->n; i++) {
		struct ll_type *f = t->field[i];

		ll_layout(m, f, line);
		if (!t->packed) {
			at = round_up(at, f->align);
			if (f->align > t->align)
				t->align = f->align;
		}
		t->offset[i] = at;
		at += f->size;
		if (at > UINT64_C(1) << 48)
			ll_fail(m, line, "%s is too large", ll_type_name(m, t));
	}
	t->size = round_up(at, t->align);
}

void ll_layout(struct ll *m, struct ll_type *t, int line)
{
	uint64_t bytes;

	if (t->laid_out)
		return;
	if (t->busy)
		ll_fail(m, line, "%s contains itself", ll_type_name(m, t));
	ll_deeper(m);
	t->busy = true;
	switch (t->kind) {
	case LL_INT:
		bytes = (t->bits + 7) / 8;
		for (t->align = 1; t->align < bytes && t->align < 16;)
			t->align *= 2;
		t->size = round_up(bytes, t->align);
		break;
	case LL_FLOAT: t->size = t->align = 4; break;
	case LL_DOUBLE: case LL_POINTER: t->size = t->align = 8; break;
	case LL_ARRAY: case LL_VECTOR:
		ll_layout(m, t->of, line);
		if (__builtin_mul_overflow(t->of->size, t->n, &t->size) || t->size > UINT64_C(1) << 48)
			ll_fail(m, line, "%s is too large", ll_type_name(m, t));
		t->align = t->of->align;
		if (t->kind == LL_VECTOR) {
			if (t->of->kind == LL_INT && t->of->bits % 8)
				ll_fail(m, line, "unsupported: memory for %s", ll_type_name(m, t));
			while (t->align < t->size && t->align < 64)
				t->align *= 2;
			t->size = round_up(t->size, t->align);
		}
		break;
	case LL_STRUCT:
		if (t->opaque)
			ll_fail(m, line, "%s has no size: it is not defined", ll_type_name(m, t));
		layout_struct(m, t, line);
		break;
	case LL_OTHER:
		/* an array that is only passed on may hold it; there are no operations */
		if (ll_is(t->name, "x86_fp80") || ll_is(t->name, "fp128")) {
			t->size = t->align = 16;
			break;
		}
		if (ll_is(t->name, "half") || ll_is(t->name, "bfloat")) {
			t->size = t->align = 2;
			break;
		}
		/* fallthrough */
	default:
		ll_fail(m, line, "%s has no size", ll_type_name(m, t));
	}
	t->busy = false;
	t->laid_out = true;
	m->depth--;
}

uint64_t ll_store_size(const struct ll_type *t) { return t->kind == LL_INT ? (t->bits + 7) / 8 : t->size; }

/* ---- parts ------------------------------------------------------------------------------------------------------------- */

struct flat { struct ll_part part[LL_MAX_PARTS]; uint32_t n; };

static void add_part(struct ll *m, struct flat *f, hew_type type, uint32_t bits, uint64_t offset, int line)
{
	if (f->n == LL_MAX_PARTS)
		ll_fail(m, line, "unsupported: a value of more than %d parts", LL_MAX_PARTS);
	f->part[f->n++] = (struct ll_part){ type, (uint8_t)bits, offset };
}

static void flatten(struct ll *m, struct ll_type *t, uint64_t offset, struct flat *f, int line)
{
	ll_deeper(m);
	switch (t->kind) {
	case LL_INT:
		if (t->bits > 64 * LL_MAX_WORDS)
			ll_fail(m, line, "unsupported: a value of type i%u", t->bits);
		if (t->bits <= 64)
			add_part(m, f, t->bits > 32 ? HEW_I64 : HEW_I32, t->bits, offset, line);
		for (uint32_t at = 0; t->bits > 64 && at < t->bits; at += 64)
			add_part(m, f, HEW_I64, t->bits - at < 64 ? t->bits - at : 64, offset + at / 8, line);
		break;
	case LL_FLOAT: add_part(m, f, HEW_F32, 32, offset, line); break;
	case LL_DOUBLE: add_part(m, f, HEW_F64, 64, offset, line); break;
	case LL_POINTER: add_part(m, f, HEW_PTR, 64, offset, line); break;
	case LL_VECTOR: case LL_ARRAY:
		if (t->n > LL_MAX_PARTS)
			ll_fail(m, line, "unsupported: a value of type %s", ll_type_name(m, t));
		if (t->kind == LL_VECTOR && t->of->kind != LL_FLOAT && t->of->kind != LL_DOUBLE && t->of->kind != LL_POINTER &&
			(t->of->kind != LL_INT || t->of->bits > 64))
			ll_fail(m, line, "unsupported: a value of type %s", ll_type_name(m, t));
		ll_layout(m, t->of, line);
		for (uint64_t i = 0; i < t->n; i++)
			flatten(m, t->of, offset + i * t->of->size, f, line);
		break;
	case LL_STRUCT:
		ll_layout(m, t, line);
		for (uint64_t i = 0; i < t->n; i++)
			flatten(m, t->field[i], offset + t->offset[i], f, line);
		break;
	case LL_VOID: break;
	default:
		ll_fail(m, line, "unsupported: a value of type %s", ll_type_name(m, t));
	}
	m->depth--;
}

void ll_flatten(struct ll *m, struct ll_type *t, int line)
{
	struct flat f = { .n = 0 };

	if (t->part)
		return;
	flatten(m, t, 0, &f, line);
	t->part = ll_keep(m, (f.n + 1) * sizeof *t->part);
	memcpy(t->part, f.part, f.n * sizeof *t->part);
	t->n_parts = f.n;
}

/* Element k of an aggregate: its type, where it lies and which part it begins with. */
struct ll_type *ll_element(struct ll *m, struct ll_type *t, uint64_t k, uint64_t *offset, uint32_t *part, int line)
{
	if ((t->kind != LL_ARRAY && t->kind != LL_STRUCT && t->kind != LL_VECTOR) || k >= t->n)
		ll_fail(m, line, "%s has no element %llu", ll_type_name(m, t), (unsigned long long)k);
	if (offset) {
		ll_layout(m, t, line);
		*offset += t->kind == LL_STRUCT ? t->offset[k] : k * t->of->size;
	}
	if (t->kind != LL_STRUCT) {
		if (part) {
			ll_flatten(m, t->of, line);
			*part += (uint32_t)(k * t->of->n_parts);
		}
		return t->of;
	}
	for (uint64_t i = 0; part && i < k; i++) {
		ll_flatten(m, t->field[i], line);
		*part += t->field[i]->n_parts;
	}
	return t->field[k];
}
