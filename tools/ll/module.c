/* SPDX-License-Identifier: MIT
 * module.c - the top of the text: types, variables, aliases, declarations, definitions with their blocks.
 *
 * What says nothing about meaning (target lines, attribute groups, comdats, metadata) is skipped. Names may stand before
 * their definition everywhere.
 */
#include "ll.h"

#define NAME(x) (int)((x).n > 60 ? 60 : (x).n), (x).s

struct head { struct ll_attr ret; bool elsewhere, copy, weak, local; };	/* copy: there is one here, too */

/* Linkage, visibility, calling convention, attributes of a result: all that stands before the type or `global`. */
static void skip_head(struct ll *m, struct head *h)
{
	while (m->tok.kind == LL_NUMBER || m->tok.kind == LL_STRING || (m->tok.kind == LL_WORD && !ll_at_type(m))) {
		if (ll_at_word(m, "global") || ll_at_word(m, "constant") || ll_at_word(m, "alias") || ll_at_word(m, "ifunc"))
			return;
		if (ll_at_word(m, "signext") || ll_at_word(m, "zeroext"))
			*(ll_at_word(m, "signext") ? &h->ret.sign : &h->ret.zero) = true;
		h->weak |= ll_at_word(m, "extern_weak");
		h->elsewhere |= ll_at_word(m, "external") || ll_at_word(m, "extern_weak");
		h->copy |= ll_at_word(m, "available_externally");
		h->local |= ll_at_word(m, "internal") || ll_at_word(m, "private");
		ll_next(m);
		if (ll_at(m, '('))
			ll_skip_group(m);
	}
}

static struct ll_symbol *declare(struct ll *m, struct ll_str name, enum ll_symbol_kind kind, int line)
{
	struct ll_symbol *s = ll_symbol(m, name, line);

	if (s->kind != LL_S_UNKNOWN)
		ll_fail(m, line, "@%.*s is defined twice (before: line %d)", NAME(name), s->line);
	s->kind = kind;
	s->line = line;
	return s;
}

static void variable(struct ll *m)
{
	struct ll_str name = m->tok.text;
	int line = m->tok.line;
	struct head h = { .copy = false };
	struct ll_symbol *s;

	ll_next(m);
	ll_expect(m, '=');
	skip_head(m, &h);
	if (ll_at_word(m, "ifunc"))
		ll_fail(m, line, "unsupported: an ifunc");
	if (ll_accept_word(m, "alias")) {
		s = declare(m, name, LL_S_ALIAS, line);
		s->type = ll_parse_type(m);
		ll_expect(m, ',');
		s->init = ll_at_type(m) ? ll_parse_typed(m) : ll_parse_value(m, ll_simple_type(m, LL_POINTER));
	} else {
		s = declare(m, name, LL_S_VARIABLE, line);
		s->constant = ll_at_word(m, "constant");
		if (!ll_accept_word(m, "global") && !ll_accept_word(m, "constant"))
			ll_unexpected(m, "global or constant");
		s->type = ll_parse_type(m);
		s->declared = h.elsewhere;
		s->weak = h.weak;
		if (!h.elsewhere)
			s->init = ll_parse_value(m, s->type);
	}
	while (ll_accept(m, ',')) {
		if (ll_accept_word(m, "align")) {
			s->align = (uint32_t)ll_number(m, 1 << 20);
			continue;
		}
		if (m->tok.kind == LL_META) {
			ll_next(m);
			ll_skip_metadata(m);
			continue;
		}
		ll_next(m);	/* section "...", comdat($x), partition "..." */
		if (ll_at(m, '('))
			ll_skip_group(m);
		else if (m->tok.kind == LL_STRING)
			ll_next(m);
	}
	while (m->tok.kind == LL_ATTR)
		ll_next(m);
}

/* ---- functions --------------------------------------------------------------------------------------------------------- */

struct header { struct ll_type *type; struct ll_param *param; int line; };	/* line: of the closing parenthesis */

static void parameters(struct ll *m, struct header *h, struct ll_type *result, bool body)
{
	struct ll_type **p = NULL;
	uint32_t n = 0, cap = 0, param_cap = 0;
	bool variadic = false;

	ll_expect(m, '(');
	while (!ll_at(m, ')')) {
		if (m->tok.kind == LL_DOTS) {
			ll_next(m);
			variadic = true;
			break;
		}
		p = ll_grow(m, p, n, &cap, sizeof *p);
		h->param = ll_grow(m, h->param, n, &param_cap, sizeof *h->param);
		p[n] = ll_parse_type(m);
		h->param[n] = (struct ll_param){ 0 };
		if (p[n]->kind != LL_METADATA)
			ll_parse_attrs(m, &h->param[n].attr);
		if (body) {
			char number[16];
			struct ll_str name;

			snprintf(number, sizeof number, "%u", m->next_number);
			name = m->tok.kind == LL_LOCAL ? m->tok.text : (struct ll_str){ memcpy(ll_alloc(m, 16), number, 16), strlen(number) };
			if (ll_is(name, number))
				m->next_number++;
			h->param[n].value = ll_define(m, name, p[n], NULL, 0, m->tok.line);
		}
		if (m->tok.kind == LL_LOCAL)
			ll_next(m);
		n++;
		if (!ll_accept(m, ','))
			break;
	}
	h->line = m->tok.line;
	ll_expect(m, ')');
	h->type = ll_func_type(m, result, n, p, variadic);
}

/* What may stand between the parameters and the body, or the end of a declaration. */
static void skip_tail(struct ll *m, bool body, int line)
{
	while (!ll_at(m, '{') && m->tok.kind != LL_END && (body || m->tok.line == line)) {
		if (m->tok.kind == LL_META) {
			ll_next(m);
			ll_skip_metadata(m);
		} else if (ll_at(m, '(')) {
			ll_skip_group(m);
		} else {
			ll_next(m);
		}
	}
}

static bool ends_block(const struct ll_instr *in)
{
	enum ll_op_kind k = ll_ops[in->op].kind;

	return k == LL_K_BR || k == LL_K_SWITCH || k == LL_K_GOTO || k == LL_K_RET || k == LL_K_UNREACHABLE;
}

static struct ll_block *block(struct ll *m)
{
	struct ll_func *fn = m->fn;
	struct ll_str name = m->tok.text;
	int line = m->tok.line;
	char number[16];
	struct ll_block *b;

	snprintf(number, sizeof number, "%u", m->next_number);
	if (m->tok.kind == LL_LABEL)
		ll_next(m);
	else
		name = (struct ll_str){ memcpy(ll_alloc(m, 16), number, 16), strlen(number) };
	if (ll_is(name, number))
		m->next_number++;
	b = ll_block_named(m, name);
	if (b->defined)
		ll_fail(m, line, "block %.*s is defined twice", NAME(name));
	b->defined = true;
	b->line = line;
	b->number = fn->n_blocks;
	fn->block = ll_grow(m, fn->block, fn->n_blocks, &fn->cap, sizeof *fn->block);
	fn->block[fn->n_blocks++] = b;
	return b;
}

/* The instructions of a block that is complete, in just the room they take: `room` is there for the next block. */
static void close_block(struct ll *m, struct ll_block *b, struct ll_block *room)
{
	if (!b || !b->n)
		return;
	room->at = b->at;
	room->cap = b->cap;
	b->at = memcpy(ll_alloc(m, b->n * sizeof *b->at), b->at, b->n * sizeof *b->at);
	b->cap = b->n;
}

static void body(struct ll *m)
{
	struct ll_block *b = NULL, room = { .cap = 0 };

	ll_expect(m, '{');
	while (!ll_at(m, '}')) {
		if (m->tok.kind == LL_DEBUG) {
			ll_skip_line(m);
			continue;
		}
		if (ll_at_word(m, "uselistorder")) {
			ll_skip_line(m);
			continue;
		}
		if (m->tok.kind == LL_LABEL && b && !(b->n && ends_block(&b->at[b->n - 1])))
			ll_fail(m, m->tok.line, "block %.*s has no terminator", NAME(b->name));
		if (!b || m->tok.kind == LL_LABEL || (b->n && ends_block(&b->at[b->n - 1]))) {
			close_block(m, b, &room);
			b = block(m);
			b->at = room.at;
			b->cap = room.cap;
			continue;
		}
		ll_parse_instr(m, b);
	}
	if (!b)
		ll_fail(m, m->tok.line, "the function has no block");
	if (!b->n || !ends_block(&b->at[b->n - 1]))
		ll_fail(m, m->tok.line, "block %.*s has no terminator", NAME(b->name));
	close_block(m, b, &room);
	ll_map_drop(m, &m->fn->names);
	ll_next(m);
}

static void define(struct ll *m, bool has_body)
{
	struct head h = { .copy = false };
	struct header d = { 0 };
	struct ll_symbol *s;
	struct ll_type *result;
	struct ll_func *fn = NULL;
	struct ll_str name;
	int line;

	ll_next(m);
	while (m->tok.kind == LL_META) {	/* declare !dbg !5 ... */
		ll_next(m);
		ll_skip_metadata(m);
	}
	skip_head(m, &h);
	result = ll_parse_type(m);
	if (m->tok.kind != LL_GLOBAL)
		ll_unexpected(m, "the name of a function");
	name = m->tok.text;
	line = m->tok.line;
	ll_next(m);
	if (has_body) {
		fn = m->fn = ll_keep(m, sizeof *fn);
		fn->names.borrows = true;
		m->next_number = 0;
	}
	parameters(m, &d, result, has_body);
	if (has_body && !h.copy) {
		s = declare(m, name, LL_S_FUNCTION, line);
	} else {
		s = ll_symbol(m, name, line);
		if (s->kind != LL_S_UNKNOWN)
			ll_fail(m, line, "@%.*s is defined twice (before: line %d)", NAME(name), s->line);
		s->kind = LL_S_FUNCTION;
		s->line = line;
	}
	s->type = d.type;
	s->declared = !has_body || h.copy;
	s->weak = h.weak;
	skip_tail(m, has_body, d.line);
	if (!has_body)
		return;
	fn->sym = s;
	fn->type = d.type;
	fn->param = d.param;
	fn->ret = h.ret;
	fn->local = h.local;
	if (result->kind != LL_VOID)
		ll_flatten(m, result, line);
	body(m);
	if (!h.copy)		/* a copy of a function that is somewhere else */
		ll_check_function(m, fn);
	m->fn = NULL;
	if (h.copy)
		return;
	s->func = fn;
	fn->index = m->n_funcs;
	m->func = ll_grow(m, m->func, m->n_funcs, &m->funcs_cap, sizeof *m->func);
	m->func[m->n_funcs++] = fn;
	m->n_instr += fn->n_instr;
}

static void struct_definition(struct ll *m)
{
	struct ll_type *t = ll_parse_type(m);

	if (!t->opaque)
		ll_fail(m, m->tok.line, "a type is defined twice");
	ll_expect(m, '=');
	if (!ll_accept_word(m, "type"))
		ll_unexpected(m, "'type'");
	ll_parse_struct_body(m, t);
}

void ll_parse_module(struct ll *m)
{
	m->pos = m->text;
	m->line = 1;
	m->symbols.of_module = m->structs.of_module = true;
	ll_next(m);
	while (m->tok.kind != LL_END) {
		if (m->tok.kind == LL_LOCAL)
			struct_definition(m);
		else if (m->tok.kind == LL_GLOBAL)
			variable(m);
		else if (ll_at_word(m, "define") || ll_at_word(m, "declare"))
			define(m, ll_at_word(m, "define"));
		else if (ll_at_word(m, "attributes")) {
			while (!ll_at(m, '{') && m->tok.kind != LL_END)
				ll_next(m);
			ll_skip_group(m);
		} else if (m->tok.kind == LL_META && m->tok.text.n && m->tok.text.s[0] >= '0' && m->tok.text.s[0] <= '9')
			ll_read_meta(m);
		else if (m->tok.kind == LL_META || m->tok.kind == LL_COMDAT || ll_at(m, '^') || ll_at_word(m, "target") ||
			ll_at_word(m, "source_filename") || ll_at_word(m, "uselistorder") || ll_at_word(m, "uselistorder_bb"))
			ll_skip_line(m);
		else if (ll_at_word(m, "module"))
			ll_fail(m, m->tok.line, "unsupported: assembly of the module");
		else
			ll_unexpected(m, "a definition");
	}
	ll_find_classes(m);
	for (uint32_t i = 0; i < m->n_symbols; i++)
		if (m->symbol[i]->kind == LL_S_UNKNOWN)
			ll_fail(m, m->symbol[i]->first_use, "@%.*s is not defined", NAME(m->symbol[i]->name));
}
