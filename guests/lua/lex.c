/* SPDX-License-Identifier: MIT
 * lex.c - Lua 5.4 tokens; the arena and the error messages of a compilation.
 *
 * The text is contiguous, so names and numbers are slices of it; only strings are collected in a buffer. Messages show
 * a token as far as it was read, strings with their escapes already replaced, as the reference implementation does.
 * Linear in the text.
 */
#include <stdio.h>
#include "front.h"

static const char *const token_text[] = {
#define T(name, text) text,
	LV_TOKENS(T)
#undef T
};
_Static_assert(sizeof token_text / sizeof *token_text == LV_TK_COUNT - LV_TK_BASE - 1, "one text per token");
_Static_assert(LV_TK_FUNCTION - LV_TK_DO == 21 && LV_TK_DO == LV_TK_BASE + 1, "22 reserved words come first");

/* ---- memory ------------------------------------------------------------------------------------------ */

void *lv_lex_alloc(struct lv_lex *ls, size_t n)
{
	struct lv_buf *b;
	void *p;

	n = (n + 15) & ~(size_t)15;
	for (;;) {
		b = ls->chunk[ls->at.chunk];
		if (b && ls->at.used + n <= b->len)
			break;
		if (b)
			ls->at = (struct lv_arena_mark){ ls->at.chunk + 1, 0 };
		if (ls->at.chunk == LV_FE_CHUNKS)
			lv_nomemory(ls->L);
		if (!ls->chunk[ls->at.chunk])
			ls->chunk[ls->at.chunk] = lv_newbuf(ls->L, (size_t)LV_FE_CHUNK << ls->at.chunk);
	}
	p = b->data + ls->at.used;
	ls->at.used += n;
	return memset(p, 0, n);
}

void lv_lex_release(struct lv_lex *ls, struct lv_arena_mark m)
{
	ls->at = m;
}

void lv_lex_anchor(struct lv_lex *ls, void *o, enum lv_tag tag)
{
	struct lv_value v = { .tag = LV_NIL };

	lv_setobj(&v, o, tag);
	lv_seti(ls->L, ls->anchor, ++ls->nanchor, &v);
}

struct lv_str *lv_lex_str(struct lv_lex *ls, const char *s, size_t n)
{
	struct lv_str *str = lv_str(ls->L, s, n);
	struct lv_value v = { .tag = LV_NIL };

	if (lv_getstr(ls->anchor, str, &v) && v.tag == LV_STR)
		return v.s;
	lv_setstr(&v, str);
	lv_setfield(ls->L, ls->anchor, str, &v);
	return str;
}

/* ---- messages ------------------------------------------------------------------------------------------ */

const char *lv_lex_name(struct lv_lex *ls, int kind, char out[32])
{
	(void)ls;
	if (kind < LV_TK_BASE)
		snprintf(out, 32, kind >= ' ' && kind < 127 ? "'%c'" : "'<\\%d>'", kind);
	else if (kind < LV_TK_EOS)
		snprintf(out, 32, "'%s'", token_text[kind - LV_TK_BASE - 1]);
	else
		return token_text[kind - LV_TK_BASE - 1];
	return out;
}

static _Noreturn void throw_syntax(struct lv_lex *ls, struct lv_str *msg)
{
	ls->L->top = lv_frametop(ls->L);
	lv_pushstr(ls->L, msg);
	lv_throw(ls->L, LV_ERRSYNTAX);
}

_Noreturn void lv_lex_error(struct lv_lex *ls, const char *msg, int kind)
{
	char where[60], name[32];
	struct lv_str *s;

	lv_shortsrc(ls->source, where);
	if (kind == 0)
		s = lv_strf(ls->L, "%s:%d: %s", where, ls->line, msg);
	else if (kind == LV_TK_NAME || kind == LV_TK_STRING || kind == LV_TK_FLT || kind == LV_TK_INT)
		s = lv_strf(ls->L, "%s:%d: %s near '%s'", where, ls->line, msg,
			lv_str(ls->L, ls->text, strnlen(ls->text, ls->ntext))->s);
	else
		s = lv_strf(ls->L, "%s:%d: %s near %s", where, ls->line, msg, lv_lex_name(ls, kind, name));
	throw_syntax(ls, s);
}

_Noreturn void lv_lex_overflow(struct lv_lex *ls)
{
	throw_syntax(ls, lv_strz(ls->L, "C stack overflow"));
}

/* ---- characters ------------------------------------------------------------------------------------------ */

static inline bool is_digit(int c) { return c >= '0' && c <= '9'; }
static inline bool is_alpha(int c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static inline bool is_word(int c) { return is_alpha(c) || is_digit(c); }
static inline bool is_newline(int c) { return c == '\n' || c == '\r'; }

static int hex(int c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline int step(struct lv_lex *ls)
{
	return ls->c = ls->p < ls->end ? (unsigned char)*ls->p++ : -1;
}

/* Where the current character stands. */
static const char *here(const struct lv_lex *ls)
{
	return ls->c < 0 ? ls->end : ls->p - 1;
}

static void newline(struct lv_lex *ls)
{
	int old = ls->c;

	if (is_newline(step(ls)) && ls->c != old)
		step(ls);			/* \r\n and \n\r count once */
	if (ls->line == INT32_MAX)
		lv_lex_error(ls, "chunk has too many lines", 0);
	ls->line++;
}

static void save(struct lv_lex *ls, int c)
{
	if (ls->nbuf == ls->buf->len) {
		struct lv_buf *b = lv_newbuf(ls->L, 2 * ls->buf->len);

		memcpy(b->data, ls->buf->data, ls->nbuf);
		ls->buf = b;
	}
	ls->buf->data[ls->nbuf++] = (char)c;
}

static void save_step(struct lv_lex *ls)
{
	save(ls, ls->c);
	step(ls);
}

/* An error in the string being read. */
static _Noreturn void string_error(struct lv_lex *ls, const char *msg)
{
	ls->text = ls->buf->data;
	ls->ntext = ls->nbuf;
	lv_lex_error(ls, msg, LV_TK_STRING);
}

/* ---- strings ---------------------------------------------------------------------------------------------- */

static _Noreturn void escape_error(struct lv_lex *ls, const char *msg)
{
	if (ls->c >= 0)
		save_step(ls);			/* shown in the message */
	string_error(ls, msg);
}

static int hex_digit(struct lv_lex *ls)
{
	int d = hex(ls->c);

	if (d < 0)
		escape_error(ls, "hexadecimal digit expected");
	return d;
}

/* \u{XXX}: up to 2^31, as UTF-8 of up to six bytes. Leaves the current character behind it. */
static void unicode_escape(struct lv_lex *ls, size_t start)
{
	uint32_t r, first = 0x3f;
	char out[8];
	int n = 8;

	save_step(ls);
	if (ls->c != '{')
		escape_error(ls, "missing '{'");
	save_step(ls);
	r = (uint32_t)hex_digit(ls);
	for (save_step(ls); hex(ls->c) >= 0; save_step(ls)) {
		if (r > 0x7fffffffu >> 4)
			escape_error(ls, "UTF-8 value too large");
		r = r << 4 | (uint32_t)hex(ls->c);
	}
	if (ls->c != '}')
		escape_error(ls, "missing '}'");
	step(ls);
	ls->nbuf = start;
	if (r < 0x80) {
		save(ls, (int)r);
		return;
	}
	do {
		out[--n] = (char)(0x80 | (r & 0x3f));
		r >>= 6;
		first >>= 1;
	} while (r > first);
	out[--n] = (char)(~first << 1 | r);
	while (n < 8)
		save(ls, out[n++]);
}

/* Behind a backslash, which is saved for messages at buf[start] and taken back here. */
static void escape(struct lv_lex *ls)
{
	static const char from[] = "abfnrtv\\\"'", to[] = "\a\b\f\n\r\t\v\\\"'";
	size_t start = ls->nbuf;
	const char *simple;
	int r = 0;

	save_step(ls);
	if (ls->c == 'x') {
		save_step(ls);
		r = hex_digit(ls);
		save_step(ls);
		r = r << 4 | hex_digit(ls);
		step(ls);
	} else if (ls->c == 'u') {
		unicode_escape(ls, start);
		return;
	} else if (ls->c == 'z') {
		ls->nbuf = start;
		for (step(ls); ls->c == ' ' || (ls->c >= '\t' && ls->c <= '\r');)
			if (is_newline(ls->c))
				newline(ls);
			else
				step(ls);
		return;
	} else if (is_newline(ls->c)) {
		newline(ls);
		r = '\n';
	} else if (is_digit(ls->c)) {
		for (int i = 0; i < 3 && is_digit(ls->c); i++) {
			r = 10 * r + ls->c - '0';
			save_step(ls);
		}
		if (r > 255)
			escape_error(ls, "decimal escape too large");
	} else if (ls->c > 0 && (simple = strchr(from, ls->c)) != NULL) {
		r = to[simple - from];
		step(ls);
	} else if (ls->c < 0) {
		ls->nbuf = start;
		return;				/* the caller sees the end */
	} else {
		escape_error(ls, "invalid escape sequence");
	}
	ls->nbuf = start;
	save(ls, r);
}

static void short_string(struct lv_lex *ls)
{
	int quote = ls->c;

	ls->nbuf = 0;
	save_step(ls);
	while (ls->c != quote) {
		if (ls->c < 0)
			lv_lex_error(ls, "unfinished string", LV_TK_EOS);
		else if (is_newline(ls->c))
			string_error(ls, "unfinished string");
		else if (ls->c == '\\')
			escape(ls);
		else
			save_step(ls);
	}
	save_step(ls);
	lv_setstr(&ls->t.k, lv_lex_str(ls, ls->buf->data + 1, ls->nbuf - 2));
}

/* At a bracket: counts the signs = behind it; the number if another bracket follows, else -1. Saves what it read. */
static int64_t long_bracket(struct lv_lex *ls)
{
	int bracket = ls->c;
	int64_t n = 0;

	for (save_step(ls); ls->c == '='; n++)
		save_step(ls);
	return ls->c == bracket ? n : -1 - n;
}

/* At the second bracket of an opening one of `level`; a comment is not saved. */
static void long_string(struct lv_lex *ls, int64_t level, bool comment)
{
	int line = ls->line;
	char msg[80];

	save_step(ls);
	if (is_newline(ls->c))
		newline(ls);
	for (;;) {
		if (ls->c < 0) {
			snprintf(msg, sizeof msg, "unfinished long %s (starting at line %d)", comment ? "comment" : "string", line);
			lv_lex_error(ls, msg, LV_TK_EOS);
		} else if (ls->c == ']') {
			if (long_bracket(ls) == level)
				break;
		} else if (is_newline(ls->c)) {
			save(ls, '\n');
			newline(ls);
		} else {
			save_step(ls);
		}
		if (comment)
			ls->nbuf = 0;
	}
	save_step(ls);
	if (!comment) {
		size_t edge = (size_t)level + 2;

		lv_setstr(&ls->t.k, lv_lex_str(ls, ls->buf->data + edge, ls->nbuf - 2 * edge));
	}
}

/* ---- numbers and names ------------------------------------------------------------------------------------- */

static bool accept2(struct lv_lex *ls, const char *set)
{
	if (ls->c < 0 || (ls->c != set[0] && ls->c != set[1]))
		return false;
	step(ls);
	return true;
}

/* Takes everything that looks like a number, then asks whether it is one. It began at `start`, perhaps with a dot. */
static int number(struct lv_lex *ls, const char *start)
{
	const char *expo = "Ee";
	int first = ls->c;
	char small[64], *s = small;
	size_t n;

	step(ls);
	if (first == '0' && accept2(ls, "xX"))
		expo = "Pp";
	for (;;) {
		if (accept2(ls, expo))
			accept2(ls, "-+");
		else if (hex(ls->c) >= 0 || ls->c == '.')
			step(ls);
		else
			break;
	}
	if (is_alpha(ls->c))
		step(ls);			/* touches a name: an error */
	n = (size_t)(here(ls) - start);
	if (n >= sizeof small)
		s = lv_newbuf(ls->L, n + 1)->data;
	memcpy(s, start, n);
	s[n] = 0;
	ls->text = start;
	ls->ntext = n;
	if (lv_str2num(s, &ls->t.k) != n + 1)
		lv_lex_error(ls, "malformed number", LV_TK_FLT);
	return ls->t.k.tag == LV_INT ? LV_TK_INT : LV_TK_FLT;
}

/* Reserved words of two to eight letters: first of each length, in the order of the enum. */
static int reserved(const char *s, size_t n)
{
	static const uint16_t first[] = { 0, 0, LV_TK_DO, LV_TK_AND, LV_TK_ELSE, LV_TK_BREAK, LV_TK_ELSEIF, 0, LV_TK_FUNCTION };
	static const uint16_t end[] = { 0, 0, LV_TK_AND, LV_TK_ELSE, LV_TK_BREAK, LV_TK_ELSEIF, LV_TK_FUNCTION, 0, LV_TK_FUNCTION + 1 };

	if (n > 8)
		return 0;
	for (int k = first[n]; k < end[n]; k++) {
		const char *t = token_text[k - LV_TK_BASE - 1];

		if (t[0] == s[0] && t[1] == s[1] && memcmp(t, s, n) == 0)
			return k;
	}
	return 0;
}

static int word(struct lv_lex *ls, const char *start)
{
	const char *p = ls->p;
	int kind;

	while (p < ls->end && is_word((unsigned char)*p))
		p++;
	ls->p = p;
	step(ls);
	ls->text = start;
	ls->ntext = (size_t)(p - start);
	kind = reserved(start, ls->ntext);
	if (kind)
		return kind;
	lv_setstr(&ls->t.k, lv_lex_str(ls, start, ls->ntext));
	return LV_TK_NAME;
}

/* ---- tokens ------------------------------------------------------------------------------------------------- */

/* Behind the two dashes. */
static void comment(struct lv_lex *ls)
{
	if (ls->c == '[') {
		int64_t level;

		ls->nbuf = 0;
		level = long_bracket(ls);
		if (level >= 0) {
			ls->nbuf = 0;
			long_string(ls, level, true);
			return;
		}
	}
	while (ls->c >= 0 && !is_newline(ls->c))
		step(ls);
}

/* A token of one character, or of two when `second` follows. */
static int one_or_two(struct lv_lex *ls, int second, int both)
{
	int c = ls->c;

	if (step(ls) != second)
		return c;
	step(ls);
	return both;
}

static int string_token(struct lv_lex *ls)
{
	ls->text = ls->buf->data;
	ls->ntext = ls->nbuf;
	return LV_TK_STRING;
}

static int scan(struct lv_lex *ls)
{
	for (;;) {
		const char *start = here(ls);
		int64_t level;

		switch (ls->c) {
		case -1:
			return LV_TK_EOS;
		case '\n': case '\r':
			newline(ls);
			break;
		case ' ': case '\t': case '\f': case '\v':
			step(ls);
			break;
		case '-':
			if (step(ls) != '-')
				return '-';
			step(ls);
			comment(ls);
			break;
		case '[':
			ls->nbuf = 0;
			level = long_bracket(ls);
			if (level < -1)
				string_error(ls, "invalid long string delimiter");
			if (level < 0)
				return '[';
			long_string(ls, level, false);
			return string_token(ls);
		case '=': return one_or_two(ls, '=', LV_TK_EQ);
		case '~': return one_or_two(ls, '=', LV_TK_NE);
		case '/': return one_or_two(ls, '/', LV_TK_IDIV);
		case ':': return one_or_two(ls, ':', LV_TK_DBCOLON);
		case '<':
			if (step(ls) == '<')
				return step(ls), LV_TK_SHL;
			return ls->c == '=' ? (step(ls), LV_TK_LE) : '<';
		case '>':
			if (step(ls) == '>')
				return step(ls), LV_TK_SHR;
			return ls->c == '=' ? (step(ls), LV_TK_GE) : '>';
		case '"': case '\'':
			short_string(ls);
			return string_token(ls);
		case '.':
			if (step(ls) != '.')
				return is_digit(ls->c) ? number(ls, start) : '.';
			return step(ls) == '.' ? (step(ls), LV_TK_DOTS) : LV_TK_CONCAT;
		default:
			if (is_digit(ls->c))
				return number(ls, start);
			if (is_alpha(ls->c))
				return word(ls, start);
			level = ls->c;
			step(ls);
			return (int)level;
		}
	}
}

void lv_lex_next(struct lv_lex *ls)
{
	ls->lastline = ls->line;
	if (ls->ahead.kind) {
		ls->t = ls->ahead;
		ls->ahead.kind = 0;
	} else {
		ls->t.kind = scan(ls);
	}
}

int lv_lex_peek(struct lv_lex *ls)
{
	struct lv_token t = ls->t;

	ls->ahead.kind = scan(ls);
	ls->ahead.k = ls->t.k;
	ls->t = t;
	return ls->ahead.kind;
}

void lv_lex_open(struct lv_lex *ls, struct lv_state *L, const char *s, size_t n, const char *chunkname)
{
	memset(ls, 0, sizeof *ls);
	ls->L = L;
	ls->start = ls->p = s;
	ls->end = s + n;
	ls->line = ls->lastline = 1;
	ls->text = "";
	ls->anchor = lv_table(L, 0, 0);
	ls->buf = lv_newbuf(L, 256);
	ls->source = lv_strz(L, chunkname);
	ls->env = lv_lex_str(ls, "_ENV", 4);
	step(ls);
}
