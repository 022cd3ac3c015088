/* SPDX-License-Identifier: MIT
 * guest.c - guests: opening, tiering up through their lift, entering compiled code.
 */
#include "api/api.h"

#include <stdio.h>
#include <stdlib.h>

enum hew_status hew_guest_open(struct hew *x, const struct hew_guest *guest, const struct hew_tier_options *o, void *vm, struct hew_guest_vm **out)
{
	struct hew_guest_vm *g;

	*out = NULL;
	if (!guest->lift || !guest->rebuild || !guest->resume)
		return api_fail(x, HEW_BAD_ARG, "a guest needs lift, rebuild and resume");
	if (!x->x.space)
		return api_fail(x, HEW_NO_EXEC, "there is no executable memory: %s", x->x.why);
	g = base_realloc(NULL, 0, sizeof *g);
	if (!g)
		return api_fail(x, HEW_NO_MEMORY, "not enough memory");
	memset(g, 0, sizeof *g);
	g->x = &x->x;
	g->hew = x;
	g->guest = *guest;
	g->o = o ? *o : hew_tier_defaults();
	g->vm = vm;
	*out = g;
	return HEW_OK;
}

void hew_guest_close(struct hew_guest_vm *g)
{
	if (!g)
		return;
	while (g->oldest)
		tier_retire(g, g->oldest, "closed");
	while (g->retired) {
		struct hew_unit *u = g->retired;

		g->retired = u->next;
		tier_unit_free(g->x, u);
	}
	base_free(g, sizeof *g);
}

void *hew_fn_alloc(struct hew_fn *f, size_t n) { return arena_zero(&f->mem, n); }

_Noreturn void hew_bail(struct hew_fn *f, const char *why)
{
	f->bail_why = why;
	longjmp(*f->escape, 2);
}

static bool lift(struct hew_guest_vm *g, struct hew_fn *f, const struct hew_lift *what)
{
	jmp_buf here;

	f->escape = &here;
	if (_setjmp(here)) {
		f->escape = NULL;
		return false;
	}
	f->f->result[0] = f->f->result[1] = IR_T_i64;
	f->f->n_results = 2;
	ir_block_arg(f->f, 0, IR_T_ptr);
	ir_block_arg(f->f, 0, IR_T_ptr);
	g->guest.lift(g->vm, what, f);
	f->escape = NULL;
	return !f->f->bad;
}

/* Lifts and compiles; NULL with *why set. */
static struct hew_unit *make_unit(struct hew_guest_vm *g, const struct hew_lift *what, struct tier_compile *c, const char **why, enum hew_status *s)
{
	struct hew_fn *f = api_fn_new(g->hew, g->guest.name);
	struct hew_unit *u = NULL;

	*why = "not enough memory";
	*s = HEW_NO_MEMORY;
	if (!f)
		return NULL;
	if (!lift(g, f, what)) {
		*why = f->no_memory ? "not enough memory" : f->bail_why ? f->bail_why : "bad IR";
		if (f->f->bad)
			snprintf(g->x->why, sizeof g->x->why, "%s", *why = f->f->bad);
		*why = f->f->bad ? g->x->why : *why;
		*s = f->no_memory ? HEW_NO_MEMORY : HEW_CANNOT;
	} else {
		*s = tier_compile(g->x, f->f, c, &u);
		*why = *s == HEW_OK ? NULL : g->x->why;
	}
	hew_fn_free(f);
	return u;
}

static void report(struct hew_guest_vm *g, const struct hew_lift *what, const struct hew_unit *u, const struct tier_compile *c, const char *why)
{
	struct hew_event e = { .kind = u ? HEW_EV_COMPILED : HEW_EV_BAILED, .func = what->func, .pc = what->pc, .why = why, .ns = c->ns,
		.bytes = u ? u->code.size : 0, .ir = c->ir.s, .assembly = c->assembly.s };

	g->stats.compile_ns += c->ns;
	if (u) {
		g->stats.compiled++;
		g->stats.code_bytes += u->code.size;
		g->stats.live_bytes += u->code.size;
	} else {
		g->stats.bailed++;
	}
	if (g->o.event)
		g->o.event(g->o.event_arg, &e);
}

static void *up(struct hew_guest_vm *g, struct hew_tier *t, const void *func, uint32_t pc, void *frame)
{
	struct hew_lift what = { .func = func, .pc = pc, .frame = frame, .attempt = t->attempts };
	struct tier_compile c = { .level = g->o.level, .careful = t->careful, .stress = g->o.stress, .fail_guard = g->o.fail_guard, .fail_each = g->o.fail_each, .verify = g->o.verify,
		.max_memory = g->o.max_memory, .max_ms = g->o.max_ms, .want_ir = g->o.want_ir, .want_asm = g->o.want_asm };
	const char *why = NULL;
	struct hew_unit *u = tier_find(t, pc);
	enum hew_status s;

	if (t->barred || u) {
		if (pc == HEW_AT_ENTRY)
			tier_set_counters(g, t);
		else
			tier_loop_counted(g, t);
		return u ? u->code.rx : NULL;
	}
	u = make_unit(g, &what, &c, &why, &s);
	if (s == HEW_BUDGET && (hew_collect_code(g) || tier_evict(g, t)))
		u = make_unit(g, &what, &c, &why, &s);	/* there is room now */
	report(g, &what, u, &c, u ? NULL : why);
	text_free(&c.ir);
	text_free(&c.assembly);
	if (u) {
		tier_install(g, u, t, func, pc);
	} else if (s != HEW_BUDGET && s != HEW_NO_MEMORY) {
		/* what cannot be compiled now will hardly be later: wait longer each time */
		t->attempts++;
		if (t->attempts >= 2 * (uint32_t)g->o.attempt_limit)
			tier_bar(g, t, func);
	}
	tier_set_counters(g, t);
	return u ? u->code.rx : NULL;
}

void *hew_tier_up(struct hew_guest_vm *g, struct hew_tier *t, const void *func, uint32_t pc, void *frame)
{
	if (g)
		return up(g, t, func, pc, frame);
	hew_tier_init(NULL, t);		/* even a counter that never gets hot ends after two thousand million */
	return NULL;
}

struct hew_result hew_enter(struct hew_guest_vm *g, void *code, void *vm, void *frame, void **resume_frame, uint64_t *resume_pc)
{
	struct hew_result (*enter)(void *, void *, void *) = (struct hew_result (*)(void *, void *, void *))(uintptr_t)g->x->enter;
	struct hew_result r = enter(code, vm, frame);

	if (UNLIKELY(r.word == HEW_DEOPTIMISED)) {
		*resume_frame = g->resume_frame;
		*resume_pc = g->resume_pc;
	}
	return r;
}
