/* SPDX-License-Identifier: MIT
 * strings.c - builds text in a buffer that grows: numbers to digits, appended words, then searches and reverses it; loops over
 * bytes of its own, no functions of the C library.
 * Exercises: byte loads and stores, loops that end at a zero byte, division by 10.
 */
#include <stdio.h>
#include <stdlib.h>

struct text {
	char *at;
	size_t length, room;
};

static size_t length(const char *s)
{
	size_t n = 0;

	while (s[n] != '\0')
		n++;
	return n;
}

static void copy(char *to, const char *from, size_t n)
{
	while (n-- > 0)
		*to++ = *from++;
}

static void append(struct text *t, const char *s)
{
	size_t n = length(s);

	if (t->length + n + 1 > t->room) {
		size_t room = 2 * (t->length + n + 1);
		char *bigger = malloc(room);

		if (bigger == NULL)
			exit(1);
		if (t->at != NULL)
			copy(bigger, t->at, t->length);
		free(t->at);
		t->at = bigger;
		t->room = room;
	}
	copy(t->at + t->length, s, n + 1);
	t->length += n;
}

static void append_number(struct text *t, unsigned x)
{
	char digits[12];
	int i = 11;

	digits[i] = '\0';
	do {
		digits[--i] = (char)('0' + x % 10);
		x /= 10;
	} while (x != 0);
	append(t, &digits[i]);
}

static void reverse(char *s, size_t n)
{
	for (size_t low = 0, high = n; low + 1 < high; low++) {
		char c = s[low];

		s[low] = s[--high];
		s[high] = c;
	}
}

/* How often a word stands in a text. */
static unsigned occurrences(const char *s, const char *word)
{
	unsigned count = 0;

	for (; *s != '\0'; s++) {
		size_t k = 0;

		while (word[k] != '\0' && s[k] == word[k])
			k++;
		count += word[k] == '\0';
	}
	return count;
}

static const char *const words[] = { "apple ", "pear, ", "quince ", "plum; ", "medlar ", "sloe\n", "fig ", "damson " };

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 600;
	unsigned long sum = 0;
	unsigned x = 7;

	for (int r = 0; r < rounds; r++) {
		struct text t = { NULL, 0, 0 };

		for (int i = 0; i < 20000; i++) {
			x = x * 1103515245u + 12345u;
			append(&t, words[x >> 29]);
			if ((x >> 27 & 3) == 0)
				append_number(&t, x >> 8);
		}
		sum = sum * 7 + occurrences(t.at, "plum");
		reverse(t.at, t.length);
		sum = sum * 7 + occurrences(t.at, "mul") + t.length;
		free(t.at);
	}
	printf("strings %d %lu\n", rounds, sum);
	return 0;
}
