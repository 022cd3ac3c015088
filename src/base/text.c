/* SPDX-License-Identifier: MIT
 * text.c - a growing string. Text that memory is refused for is dropped and `lost` remembers it, so that
 * printers need no error paths. Invariant: s is NULL (nothing yet) or s[n] == 0 and n < cap.
 */
#include "base/base.h"

#include <stdio.h>

/* Room for n more bytes and the closing zero. */
static bool reserve(struct text *t, size_t n)
{
	size_t cap = t->cap == 0 ? 64 : t->cap;
	char *s;

	if (n < t->cap - t->n)
		return true;
	if (n >= PTRDIFF_MAX / 2 - t->n) {
		t->lost = true;
		return false;
	}
	while (cap <= t->n + n)
		cap *= 2;
	s = base_realloc(t->s, t->cap, cap);
	if (s == NULL) {
		t->lost = true;
		return false;
	}
	if (t->s == NULL)
		s[0] = 0;
	t->s = s;
	t->cap = cap;
	return true;
}

void text_addn(struct text *t, const char *s, size_t n)
{
	if (!reserve(t, n))
		return;
	if (n > 0)
		memcpy(t->s + t->n, s, n);
	t->n += n;
	t->s[t->n] = 0;
}

void text_add(struct text *t, const char *s)
{
	text_addn(t, s, strlen(s));
}

void text_vprintf(struct text *t, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(t->s == NULL ? NULL : t->s + t->n, t->cap - t->n, fmt, ap);
	if (n < 0) {
		t->lost = true;
	} else if ((size_t)n < t->cap - t->n) {
		t->n += (size_t)n;
	} else if (reserve(t, (size_t)n)) {
		vsnprintf(t->s + t->n, t->cap - t->n, fmt, again);
		t->n += (size_t)n;
	}
	if (t->s != NULL)
		t->s[t->n] = 0;		/* whatever was dropped */
	va_end(again);
}

void text_printf(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_vprintf(t, fmt, ap);
	va_end(ap);
}

void text_free(struct text *t)
{
	base_free(t->s, t->cap);
	*t = (struct text){ 0 };
}
