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

enum hew_status hew_compile(struct hew_fn *f, const struct hew_compile_options *o, struct hew_code **out)
{
	static const struct hew_compile_options none;
	struct tier_compile c = { 0 };
	struct hew *x = f->x;
	struct hew_code *code;
	enum hew_status s;

	*out = NULL;
	o = o ? o : &none;
	c.level = o->level ? o->level : 2;
	c.passes = o->passes;
	c.stress = o->stress;
	c.allocatable = api_register_mask(x->x.target, o->max_regs);
	c.fail_guard = o->fail_guard;
	c.verify = x->x.verify;
	c.foreign = true;
	c.want_ir = o->ir_text != NULL;
	c.want_asm = o->asm_text != NULL;
	code = base_realloc(NULL, 0, sizeof *code);
	if (!code || f->no_memory) {
		if (code)
			base_free(code, sizeof *code);
		hew_fn_free(f);
		return api_fail(x, HEW_NO_MEMORY, "not enough memory");
	}
	code->x = x;
	if (f->f->bad)
		s = api_fail(x, HEW_BAD_IR, "%s: %s", f->f->name, f->f->bad);
	else {
		s = tier_compile(&x->x, f->f, &f->mem, &c, &code->u);
		if (s != HEW_OK)
			api_fail(x, s, "%s", x->x.why);
	}
	hew_fn_free(f);
	if (o->ir_text)
		*o->ir_text = c.ir.s;
	if (o->asm_text)
		*o->asm_text = c.assembly.s;
	if (s == HEW_OK)
		*out = code;
	else
		base_free(code, sizeof *code);
	return s;
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
