/* SPDX-License-Identifier: MIT
 * lex.c - LLVM's text in words: one token of look-ahead in m->tok.
 *
 * Quoted names and strings are unescaped into the arena. A name, number or string right before ':' is a label. The text
 * ends in a 0 byte, which is also the end of input; other 0 bytes are refused.
 */
#include "ll.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_name(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '$' || c == '-';
}

static int hex(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind the opening quote; the text without escapes. */
static struct ll_str quoted(struct ll *m)
{
	const char *s = m->pos, *e = s;
	char *out, *o;

	while (*e != '"') {
		if (e >= m->end || *e == '\n')
			ll_fail(m, m->line, "a string has no end");
		e++;
	}
	o = out = ll_alloc(m, (size_t)(e - s) + 1);
	while (s < e) {
		if (*s == '\\' && e - s >= 3 && hex(s[1]) >= 0 && hex(s[2]) >= 0) {
			*o++ = (char)(hex(s[1]) * 16 + hex(s[2]));
			s += 3;
		} else if (*s == '\\' && e - s >= 2 && s[1] == '\\') {
			*o++ = '\\';
			s += 2;
		} else {
			*o++ = *s++;
		}
	}
	m->pos = e + 1;
	return (struct ll_str){ out, (size_t)(o - out) };
}

static void skip_space(struct ll *m)
{
	for (;; m->pos++) {
		if (*m->pos == ';')
			m->pos += strcspn(m->pos, "\n");
		if (*m->pos == '\n')
			m->line++;
		else if (*m->pos != ' ' && *m->pos != '\t' && *m->pos != '\r')
			return;
	}
}

static struct ll_str name_at(struct ll *m)
{
	const char *s = m->pos;

	while (is_name(*m->pos))
		m->pos++;
	return (struct ll_str){ s, (size_t)(m->pos - s) };
}

/* The name behind %, @, $ or !. */
static void sigil(struct ll *m, enum ll_token_kind kind)
{
	m->pos++;
	m->tok.kind = kind;
	if (*m->pos == '"') {
		m->pos++;
		m->tok.text = quoted(m);
	} else {
		m->tok.text = name_at(m);
	}
	if (!m->tok.text.n && kind != LL_META)
		ll_fail(m, m->line, "a name is missing");
}

static void number_or_word(struct ll *m)
{
	m->tok.kind = is_digit(*m->pos) || ((*m->pos == '-' || *m->pos == '+') && is_digit(m->pos[1])) ? LL_NUMBER : LL_WORD;
	if (*m->pos == '+')
		m->pos++;
	m->tok.text = name_at(m);
	if (m->tok.kind == LL_NUMBER && *m->pos == '+' && (m->pos[-1] == 'e' || m->pos[-1] == 'E')) {	/* 1.0e+2 */
		m->pos++;
		name_at(m);
		m->tok.text.n = (size_t)(m->pos - m->tok.text.s);
	}
	if (*m->pos == ':') {
		m->pos++;
		m->tok.kind = LL_LABEL;
	} else if (ll_is(m->tok.text, "c") && *m->pos == '"') {
		m->pos++;
		m->tok.kind = LL_CSTRING;
		m->tok.text = quoted(m);
	} else if (ll_is(m->tok.text, "...")) {
		m->tok.kind = LL_DOTS;
	}
}

void ll_next(struct ll *m)
{
	char c;

	skip_space(m);
	c = *m->pos;
	m->tok = (struct ll_token){ .line = m->line, .start = m->pos, .text = { m->pos, 1 } };
	if (!c) {
		if (m->pos < m->end)
			ll_fail(m, m->line, "a zero byte in the text");
		m->tok.kind = LL_END;
	} else if (c == '%') {
		sigil(m, LL_LOCAL);
	} else if (c == '@') {
		sigil(m, LL_GLOBAL);
	} else if (c == '$' && (is_name(m->pos[1]) || m->pos[1] == '"')) {
		sigil(m, LL_COMDAT);
	} else if (c == '!') {
		sigil(m, LL_META);
	} else if (c == '#') {
		m->pos++;
		m->tok.kind = is_digit(*m->pos) ? LL_ATTR : LL_DEBUG;
		m->tok.text = name_at(m);
	} else if (c == '"') {
		m->pos++;
		m->tok.text = quoted(m);
		m->tok.kind = *m->pos == ':' ? LL_LABEL : LL_STRING;
		m->pos += *m->pos == ':';
	} else if (is_name(c) || (c == '+' && is_digit(m->pos[1]))) {
		number_or_word(m);
	} else {
		m->tok.kind = LL_PUNCT;
		m->pos++;
	}
}

void ll_skip_line(struct ll *m)
{
	m->pos = m->tok.start;
	m->line = m->tok.line;
	m->pos += strcspn(m->pos, "\n");
	ll_next(m);
}

bool ll_at(struct ll *m, char c) { return m->tok.kind == LL_PUNCT && m->tok.text.s[0] == c; }
bool ll_at_word(struct ll *m, const char *word) { return m->tok.kind == LL_WORD && ll_is(m->tok.text, word); }

bool ll_accept(struct ll *m, char c)
{
	if (!ll_at(m, c))
		return false;
	ll_next(m);
	return true;
}

bool ll_accept_word(struct ll *m, const char *word)
{
	if (!ll_at_word(m, word))
		return false;
	ll_next(m);
	return true;
}

_Noreturn void ll_unexpected(struct ll *m, const char *wanted)
{
	size_t n = (size_t)(m->pos - m->tok.start);

	if (m->tok.kind == LL_END)
		ll_fail(m, m->tok.line, "%s expected, but the text ends", wanted);
	ll_fail(m, m->tok.line, "%s expected before '%.*s'", wanted, (int)(n > 60 ? 60 : n), m->tok.start);
}

void ll_expect(struct ll *m, char c)
{
	char what[4] = { '\'', c, '\'' };

	if (!ll_accept(m, c))
		ll_unexpected(m, what);
}

uint64_t ll_number(struct ll *m, uint64_t most)
{
	uint64_t x = 0;

	if (m->tok.kind != LL_NUMBER)
		ll_unexpected(m, "a number");
	for (size_t i = 0; i < m->tok.text.n; i++) {
		char c = m->tok.text.s[i];

		if (!is_digit(c))
			ll_unexpected(m, "a number");
		if (__builtin_mul_overflow(x, 10, &x) || __builtin_add_overflow(x, (uint64_t)(c - '0'), &x) || x > most)
			ll_fail(m, m->tok.line, "the number is larger than %llu", (unsigned long long)most);
	}
	ll_next(m);
	return x;
}

void ll_skip_group(struct ll *m)
{
	int depth = 0;

	do {
		if (ll_at(m, '(') || ll_at(m, '{') || ll_at(m, '['))
			depth++;
		else if (ll_at(m, ')') || ll_at(m, '}') || ll_at(m, ']'))
			depth--;
		else if (m->tok.kind == LL_END)
			ll_unexpected(m, "')'");
		ll_next(m);
	} while (depth > 0);
}

void ll_deeper(struct ll *m)
{
	if (++m->depth > LL_MAX_DEPTH)
		ll_fail(m, m->tok.line, "nested more than %d deep", LL_MAX_DEPTH);
}
