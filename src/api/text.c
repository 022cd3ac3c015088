/* SPDX-License-Identifier: MIT
 * text.c - functions of hew.h as text: the printer and the parser of ir/ with the memory and the errors of the API.
 */
#include "api/api.h"

#include <stdlib.h>

static void print(struct hew_fn *f, struct text *out)
{
	jmp_buf here, *outer = f->escape;

	f->escape = &here;
	if (!f->no_memory && !_setjmp(here))
		ir_print(f->f, out);
	f->escape = outer;
}

char *hew_fn_text(struct hew_fn *f)
{
	struct text t = { 0 };
	char *s = NULL;

	print(f, &t);
	if (!f->no_memory && !t.lost && (s = malloc(t.n + 1)))
		memcpy(s, t.s, t.n + 1);
	text_free(&t);
	return s;
}

/* The next function of the text, or NULL: at its end e->line is 0, without memory < 0. */
static struct hew_fn *read_one(struct hew *x, const char **at, int *line, hew_symbol_fn *symbol, void *arg, struct ir_error *e)
{
	struct hew_fn *f = api_fn_new(x, "");
	jmp_buf here;

	e->line = -1;
	if (!f)
		return NULL;
	f->escape = &here;
	x->strings.oom = f->mem.oom;
	x->strings.oom_arg = f;
	if (_setjmp(here) || !(f->f = ir_parse(&f->mem, &x->strings, at, line, symbol, arg, false, e))) {
		e->line = f->no_memory ? -1 : e->line;
		hew_fn_free(f);
		return NULL;
	}
	f->escape = NULL;
	return f;
}

enum hew_status hew_fn_parse(struct hew *x, const char *text, hew_symbol_fn *symbol, void *arg, int max, struct hew_fn **out, int *n)
{
	struct ir_error e;
	struct hew_fn *f;
	int line = 1;

	for (*n = 0; (f = read_one(x, &text, &line, symbol, arg, &e)) && *n < max; ++*n)
		out[*n] = f;
	for (int i = 0; i < *n; i++)		/* a name behind `func` is that function of the text */
		for (uint32_t k = 0; k < out[i]->f->callee.n; k++)
			for (int j = 0; j < *n; j++)
				if (!strcmp(out[i]->f->callee.at[k].name, out[j]->f->name))
					out[i]->f->callee.at[k].f = out[j]->f;
	if (!f && e.line == 0 && *n > 0)
		return HEW_OK;
	hew_fn_free(f);
	while (*n > 0)
		hew_fn_free(out[--*n]);
	if (f)
		return api_fail(x, HEW_BAD_ARG, "the text has more functions than %d", max);
	if (e.line < 0)
		return api_fail(x, HEW_NO_MEMORY, "not enough memory");
	return e.line ? api_fail(x, HEW_BAD_IR, "line %d: %s", e.line, e.text) : api_fail(x, HEW_BAD_IR, "the text has no function");
}
