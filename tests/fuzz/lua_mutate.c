// SPDX-License-Identifier: MIT
/* lua_mutate.c - writes damaged Lua programs, made from good ones.
 *
 *   lua_mutate [-n COUNT] SEED FILE...
 *
 * Takes the files as a corpus and writes COUNT records (default 1000), each
 * "length\n" followed by that many bytes, for lua_mutate.lua to read and
 * load.  The same arguments give the same output.
 *
 * Method: a file, or a run of its lines, then one to eight changes: bytes
 * flipped, removed, repeated, put in; tokens exchanged, replaced by another
 * keyword, operator or numeral, doubled, nested; a piece of another file
 * inserted; the end cut off.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TEXT = 1 << 20, WINDOW = 2500 };

struct file {
	char *text;
	size_t length;
};

/* The program being changed. */
struct text {
	char *byte;
	size_t length;
};

static uint64_t rng;
static struct file *corpus;
static size_t n_corpus;

static size_t below(size_t n)
{
	uint64_t z = rng += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return n ? (size_t)((z ^ z >> 31) % n) : 0;
}

/* Replaces `old` bytes at `at` by `n` new ones. */
static void replace(struct text *t, size_t at, size_t old, const char *with, size_t n)
{
	if (at > t->length || t->length + n > MAX_TEXT)
		return;
	if (old > t->length - at)
		old = t->length - at;
	memmove(t->byte + at + n, t->byte + at + old, t->length - at - old);
	memcpy(t->byte + at, with, n);
	t->length += n - old;
}

static int is_word(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Length of the token at a position: a word, or one byte. */
static size_t token_length(const struct text *t, size_t at)
{
	size_t n = 1;

	if (at >= t->length)
		return 0;
	if (is_word(t->byte[at]))
		while (at + n < t->length && is_word(t->byte[at + n]))
			n++;
	return n;
}

/* Start of a token near a random place, past white space. */
static size_t token_start(const struct text *t)
{
	size_t at = below(t->length);

	while (at > 0 && is_word(t->byte[at]) && is_word(t->byte[at - 1]))
		at--;
	while (at < t->length && (t->byte[at] == ' ' || t->byte[at] == '\t' || t->byte[at] == '\n'))
		at++;
	return at;
}

static void put_token(struct text *t)
{
	static const char *const tokens[] = {
		"and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
		"local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while", "+", "-", "*",
		"/", "%", "^", "#", "==", "~=", "<=", ">=", "<", ">", "=", "(", ")", "{", "}", "[", "]", "::",
		";", ":", ",", ".", "..", "...", "//", "&", "|", "~", "<<", ">>", "<const>", "<close>", "_ENV",
		"0x", "1e", "1e999", "0x1p-2000", "9223372036854775808", "0xffffffffffffffffff", "'", "\"",
		"[[", "]]", "[==[", "--", "--[[", "\\", "\\u{7fffffff}", "\\x", "\\999", "\\z", "::a::",
		"goto a", "local x <close> =", "return ...", "function(...)", "\r\n", "\xff", "#!",
	};
	const char *word = tokens[below(sizeof tokens / sizeof *tokens)];
	size_t at = token_start(t), old = below(2) ? token_length(t, at) : 0;
	char padded[64];
	int n = snprintf(padded, sizeof padded, below(4) ? " %s " : "%s", word);

	replace(t, at, old, padded, (size_t)n);
}

static void exchange_tokens(struct text *t)
{
	char a[64], b[64];
	size_t i = token_start(t), j = token_start(t), n = token_length(t, i), m = token_length(t, j);

	if (n == 0 || m == 0 || n > sizeof a || m > sizeof b || i == j)
		return;
	memcpy(a, t->byte + i, n);
	memcpy(b, t->byte + j, m);
	if (i < j) {			/* the later one first, so that places hold */
		replace(t, j, m, a, n);
		replace(t, i, n, b, m);
	} else {
		replace(t, i, n, b, m);
		replace(t, j, m, a, n);
	}
}

/* Repeats a short piece many times: deep nesting, long lists. */
static void nest(struct text *t)
{
	static const char *const pieces[] = {
		"(", "{", "[", "-", "not ", "a.", "a[", "f(", "do ", "if x then ", "function() ", "x=", "a,",
		"1+", "1..", "2^", "local a;", "goto a;", "::a::", "'\\x41'..", "~", "#", "while 1 do ",
	};
	const char *piece = pieces[below(sizeof pieces / sizeof *pieces)];
	size_t length = strlen(piece), times = below(8) ? below(40) : 150 + below(3000);
	char *all = malloc(length * times + 1);

	if (!all)
		exit(2);
	for (size_t i = 0; i < times; i++)
		memcpy(all + i * length, piece, length);
	replace(t, token_start(t), 0, all, length * times);
	free(all);
}

static void splice(struct text *t)
{
	const struct file *f = &corpus[below(n_corpus)];
	size_t at = below(f->length), n = below(200);

	if (n > f->length - at)
		n = f->length - at;
	replace(t, token_start(t), below(100), f->text + at, n);
}

static void change(struct text *t)
{
	size_t at = below(t->length), n = below(20);
	char c = (char)below(256), copy[64];

	switch (below(11)) {
	case 0: if (at < t->length) t->byte[at] ^= (char)(1 << below(8)); break;
	case 1: replace(t, at, 1, &c, 1); break;
	case 2: replace(t, at, n, "", 0); break;
	case 3: replace(t, at, 0, &c, 1); break;
	case 4:
		if (n > t->length - at)
			n = t->length - at;
		memcpy(copy, t->byte + at, n);
		replace(t, at, 0, copy, n);
		break;
	case 5: case 6: put_token(t); break;
	case 7: exchange_tokens(t); break;
	case 8: splice(t); break;
	case 9: nest(t); break;
	default: t->length = below(3) ? t->length : at;
	}
}

/* Takes a whole file now and then, most often a run of lines of one. */
static void take(struct text *t)
{
	const struct file *f = &corpus[below(n_corpus)];
	size_t from = 0, n = f->length;

	if (below(10) > 2 && n > 0) {
		from = below(n);
		while (from > 0 && f->text[from - 1] != '\n')
			from--;
		n = 50 + below(WINDOW);
		if (n > f->length - from)
			n = f->length - from;
	}
	if (n > MAX_TEXT)
		n = MAX_TEXT;
	memcpy(t->byte, f->text + from, n);
	t->length = n;
}

static int load_corpus(char **names, int count)
{
	corpus = calloc((size_t)count, sizeof *corpus);
	for (int i = 0; corpus && i < count; i++) {
		FILE *file = fopen(names[i], "rb");
		struct file *f = &corpus[n_corpus];

		f->text = malloc(MAX_TEXT);
		if (!file || !f->text) {
			fprintf(stderr, "lua_mutate: cannot read %s\n", names[i]);
			return 0;
		}
		f->length = fread(f->text, 1, MAX_TEXT, file);
		fclose(file);
		n_corpus++;
	}
	return corpus != NULL;
}

int main(int argc, char **argv)
{
	unsigned long count = 1000;
	struct text t = { .byte = malloc(MAX_TEXT) };
	int at = 1;

	if (argc > 2 && strcmp(argv[1], "-n") == 0) {
		count = strtoul(argv[2], NULL, 10);
		at = 3;
	}
	if (argc - at < 2 || !t.byte) {
		fputs("usage: lua_mutate [-n COUNT] SEED FILE...\n", stderr);
		return 2;
	}
	rng = strtoull(argv[at], NULL, 10) * 0x2545f4914f6cdd1du;
	if (!load_corpus(argv + at + 1, argc - at - 1))
		return 2;
	while (count-- > 0) {
		take(&t);
		for (size_t n = below(2) ? 1 : 1 + below(8); n > 0; n--)
			change(&t);
		printf("%zu\n", t.length);
		fwrite(t.byte, 1, t.length, stdout);
	}
	for (size_t i = 0; i < n_corpus; i++)
		free(corpus[i].text);
	free(corpus);
	free(t.byte);
	return fflush(stdout) == 0 ? 0 : 1;
}
