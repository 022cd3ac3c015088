/* SPDX-License-Identifier: MIT
 * hew.c - contexts, errors, compiling a function that was built by hand.
 */
#include "api/api.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const status_text[] = { "ok", "not enough memory", "executable memory is refused", "the code budget is used up",
	"bad argument", "bad IR", "cannot be compiled", "fault" };

const char *hew_status_text(enum hew_status s)
{
	return (unsigned)s < COUNT_OF(status_text) ? status_text[s] : "unknown status";
}

enum hew_status api_fail(struct hew *x, enum hew_status s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(x->error, sizeof x->error, fmt, ap);
	va_end(ap);
	return s;
}

enum hew_status hew_open(const struct hew_options *o, struct hew **out)
{
	static const struct hew_options none;
	struct code_options co = { 0 };
	struct hew *x;
	enum hew_status s;
	unsigned k = 0;

	*out = NULL;
	o = o ? o : &none;
	while (o->target && k < api_n_targets && strcmp(api_targets[k]->name, o->target))
		k++;
	if (k == api_n_targets)
		return HEW_BAD_ARG;
	x = base_realloc(NULL, 0, sizeof *x);
	if (!x)
		return HEW_NO_MEMORY;
	memset(x, 0, sizeof *x);
	co.reserve = o->code_reserve;
	co.budget = o->code_budget;
	co.force = o->flip ? CODE_FLIP : CODE_DUAL;
	s = tier_open(&x->x, api_targets[k], &co);
	x->x.verify = o->verify;
	if (s != HEW_OK && s != HEW_NO_EXEC) {
		base_free(x, sizeof *x);
		return s;
	}
	if (s != HEW_OK)
		api_fail(x, s, "%s", x->x.why);
	*out = x;
	return s;
}

void hew_close(struct hew *x)
{
	if (!x)
		return;
	tier_close(&x->x);
	arena_fini(&x->strings);
	base_free(x, sizeof *x);
}

const char *hew_error(const struct hew *x) { return x ? x->error : "there is no context"; }
const char *hew_code_mode(const struct hew *x) { return x->x.space ? code_why(x->x.space) : x->error; }

/* max_regs general and floating registers, the most preferred ones; calls need their fixed ones all the same. */
uint64_t api_register_mask(const struct target *t, unsigned max_regs)
{
	uint64_t mask = 0;

	if (!max_regs)
		return 0;
	for (unsigned c = 0; c < MACH_CLASSES; c++)
		for (unsigned k = 0; k < t->n_order[c]; k++)
			/* registers no call destroys come last in the order: keep some of both kinds */
			if (k < max_regs - max_regs / 3 || k >= t->n_order[c] - max_regs / 3)
				mask |= UINT64_C(1) << t->order[c][k];
	return mask;
}

static enum hew_status compile_all(struct hew *x, int n, struct hew_fn *const *fns, const struct hew_compile_options *o, struct ir_func **f,
	struct hew_unit **u)
{
	struct tier_compile c = { .level = o->level ? o->level : 2, .passes = o->passes, .stress = o->stress, .fail_guard = o->fail_guard, .foreign = true,
		.max_memory = o->max_memory, .max_ms = o->max_ms,
		.allocatable = api_register_mask(x->x.target, o->max_regs), .verify = x->x.verify, .want_ir = o->ir_text, .want_asm = o->asm_text };
	enum hew_status s;

	if (o->ir_text)
		*o->ir_text = NULL;
	if (o->asm_text)
		*o->asm_text = NULL;
	for (int i = 0; i < n; i++) {
		f[i] = fns[i]->f;
		if (fns[i]->no_memory)
			return api_fail(x, HEW_NO_MEMORY, "not enough memory");
		if (f[i]->bad)
			return api_fail(x, HEW_BAD_IR, "%s: %s", f[i]->name, f[i]->bad);
	}
	s = tier_compile_all(&x->x, (uint32_t)n, f, &c, u);
	if (s != HEW_OK)
		api_fail(x, s, "%s", x->x.why);
	if (o->ir_text)
		*o->ir_text = c.ir.s;
	if (o->asm_text)
		*o->asm_text = c.assembly.s;
	return s;
}

enum hew_status hew_compile_all(struct hew *x, int n, struct hew_fn *const *fns, const struct hew_compile_options *o, struct hew_code **out)
{
	static const struct hew_compile_options none;
	size_t bytes = (size_t)(n + 1) * (sizeof(struct ir_func *) + sizeof(struct hew_unit *));
	struct ir_func **f = base_realloc(NULL, 0, bytes);
	struct hew_unit **u = f ? (struct hew_unit **)(void *)(f + n + 1) : NULL;
	enum hew_status s = HEW_NO_MEMORY;
	bool room = f != NULL;

	for (int i = 0; i < n; i++) {
		out[i] = base_realloc(NULL, 0, sizeof *out[i]);
		room = room && out[i];
	}
	if (room)
		s = compile_all(x, n, fns, o ? o : &none, f, u);
	else
		api_fail(x, s, "not enough memory");
	for (int i = 0; i < n; i++) {
		hew_fn_free(fns[i]);
		if (s == HEW_OK && u[i]) {
			*out[i] = (struct hew_code){ u[i], x };
		} else if (out[i]) {
			base_free(out[i], sizeof *out[i]);
			out[i] = NULL;
		}
	}
	if (f)
		base_free(f, bytes);
	return s;
}

enum hew_status hew_compile(struct hew_fn *f, const struct hew_compile_options *o, struct hew_code **out)
{
	f->f->local = false;		/* alone, it is asked for */
	return hew_compile_all(f->x, 1, &f, o, out);
}

void *hew_entry(const struct hew_code *c) { return c->u->code.rx; }
size_t hew_code_size(const struct hew_code *c) { return c->u->code.size; }

void hew_release(struct hew_code *c)
{
	if (!c)
		return;
	tier_unit_free(&c->x->x, c->u);
	base_free(c, sizeof *c);
}
