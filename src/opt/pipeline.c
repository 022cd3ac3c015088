/* SPDX-License-Identifier: MIT
 * pipeline.c - runs the passes of passes.def, the verifier between them when asked.
 */
#include "opt/opt.h"

#include <stdio.h>

const struct opt_pass opt_passes[] = {
#define PASS(name, function, level, meaning) { #name, function, level, meaning },
#include "opt/passes.def"
};
const unsigned opt_n_passes = COUNT_OF(opt_passes);

static bool run_one(struct ir_func *f, const struct opt_pass *p, const struct opt_options *o, char *why, size_t n)
{
	char what[256];

	if (p->run == opt_fold && f->folded)
		return true;
	arena_look(f->mem);
	f->folded = false;
	p->run(f);
	ir_empty_tmp(f);
	arena_settle(f->mem);
	if (!o->verify || ir_verify(f, what, sizeof what))
		return true;
	snprintf(why, n, "after pass %s: %s", p->name, what);
	return false;
}

static bool run_named(struct ir_func *f, const struct opt_options *o, char *why, size_t n)
{
	for (const char *s = o->passes; *s;) {
		size_t k = strcspn(s, ",");
		unsigned i = 0;

		while (i < opt_n_passes && (strlen(opt_passes[i].name) != k || strncmp(opt_passes[i].name, s, k)))
			i++;
		if (k && i == opt_n_passes) {
			snprintf(why, n, "unknown pass '%.*s'", (int)k, s);
			return false;
		}
		if (k && !run_one(f, &opt_passes[i], o, why, n))
			return false;
		s += k + (s[k] == ',');
	}
	return true;
}

bool opt_run(struct ir_func *f, const struct opt_options *o, char *why, size_t n)
{
	char what[256];

	if (o->verify && !ir_verify(f, what, sizeof what)) {
		snprintf(why, n, "before the first pass: %s", what);
		return false;
	}
	if (o->passes && !run_named(f, o, why, n))
		return false;
	for (unsigned i = 0; !o->passes && i < opt_n_passes; i++)
		if (opt_passes[i].level <= o->level && !run_one(f, &opt_passes[i], o, why, n))
			return false;
	return f->optimised = true;
}
