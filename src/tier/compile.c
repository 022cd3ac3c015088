/* SPDX-License-Identifier: MIT
 * compile.c - functions through the whole compiler: passes, placing, selection, allocation, emission, publishing.
 *
 * Functions that are compiled together go through it in three phases, since calls want the addresses of all of them:
 * optimise (callees first), generate (local functions only if they are still wanted), link.
 *
 * Everything temporary lives in the function's arena. Anything that cannot be compiled (no memory, no code space, too
 * many values) ends in one longjmp to `attempt`, and tier_compile_all gives a status; the guest goes on interpreting.
 */
#include "tier/tier.h"

#include "asm/asm.h"
#include "base/os/os.h"
#include "opt/opt.h"

#include <stdio.h>
#include <stdlib.h>

struct compile {
	struct tier_context *x;
	struct ir_func *f;
	struct tier_compile *c;
	struct asm_buf a;
	struct hew_unit *u;
	struct target_code tc;
	struct compile *all; uint32_t n;	/* what is compiled together */
	uint32_t turn;				/* the function that is optimised as number so-and-so */
	bool needed;				/* somebody may call it: it gets code */
	jmp_buf fail;
	enum hew_status status;
};

_Noreturn static void bail(struct compile *k, enum hew_status s, const char *why)
{
	k->status = s;
	if (why != k->x->why)
		snprintf(k->x->why, sizeof k->x->why, "%s: %s", k->f->name, why);
	longjmp(k->fail, 1);
}

static void out_of_memory(void *arg)
{
	struct compile *k = arg;

	switch (k->f->mem->refused | k->x->scratch.refused) {
	case ARENA_LIMIT: bail(k, HEW_CANNOT, "takes more memory to compile than max_memory allows");
	case ARENA_LATE: bail(k, HEW_CANNOT, "takes more time to compile than max_ms allows");
	default: bail(k, HEW_NO_MEMORY, "not enough memory to compile");
	}
}
static void cannot(void *arg, const char *why) { bail(arg, HEW_CANNOT, why); }

/* ---- context ------------------------------------------------------------------------------------------------ */

/* Room for the code in a, whose bytes are final now. */
static enum hew_status reserve(struct tier_context *x, struct asm_buf *a, struct code_block *b)
{
	enum code_status s;

	asm_relax(a);
	if (a->dead) {
		snprintf(x->why, sizeof x->why, "%s", asm_dead_text(a->dead));
		return a->dead == ASM_NO_MEMORY ? HEW_NO_MEMORY : HEW_CANNOT;
	}
	s = code_alloc(x->space, a->n, b);
	if (s == CODE_OK)
		return HEW_OK;
	snprintf(x->why, sizeof x->why, s == CODE_BUDGET ? "the code budget is used up" : "no room for code");
	return s == CODE_BUDGET ? HEW_BUDGET : HEW_NO_MEMORY;
}

static enum hew_status publish(struct tier_context *x, struct asm_buf *a, struct code_block *b)
{
	asm_place(a, (uint64_t)(uintptr_t)b->rx);
	asm_link(a, x->target->fix);
	if (!a->dead && code_write(x->space, b, 0, a->at, a->n) == CODE_OK && code_seal(x->space, b) == CODE_OK)
		return HEW_OK;
	snprintf(x->why, sizeof x->why, "code could not be published: %s", a->dead ? asm_dead_text(a->dead) : "refused by the system");
	return HEW_CANNOT;
}

enum hew_status tier_open(struct tier_context *x, const struct target *t, const struct code_options *o)
{
	struct code_options co = *o;
	struct target_stubs st;
	struct asm_buf a;
	enum hew_status s;
	enum code_status cs;

	memset(x, 0, sizeof *x);
	x->target = t;
	co.trap = t->trap;
	x->cpu = os_cpu_extras();
	if (os_cpu_lacks()) {
		snprintf(x->why, sizeof x->why, "this processor has no %s", os_cpu_lacks());
		return HEW_NO_EXEC;
	}
	cs = code_open(&co, &x->space, x->why, sizeof x->why);
	if (cs != CODE_OK)
		return cs == CODE_NO_MEMORY ? HEW_NO_MEMORY : cs == CODE_NO_EXEC ? HEW_NO_EXEC : HEW_BAD_ARG;
	asm_init(&a);
	t->stubs(&a, tier_exit_handler, &st);
	s = reserve(x, &a, &x->stubs);
	if (s == HEW_OK)
		s = publish(x, &a, &x->stubs);
	asm_fini(&a);
	if (s != HEW_OK) {
		code_close(x->space);
		x->space = NULL;
		return s;
	}
	x->exit_tail = x->stubs.rx + st.exit_tail;
	x->enter = x->stubs.rx + st.enter;
	x->enter_return = x->stubs.rx + st.enter_return;
	for (unsigned k = 0; k < MACH_COLD_CALLS; k++)
		x->cold_call[k] = x->stubs.rx + st.cold_call[k];
	x->why[0] = 0;
	return HEW_OK;
}

void tier_close(struct tier_context *x)
{
	if (x->space)
		code_close(x->space);
	x->space = NULL;
}

/* ---- exit records ---------------------------------------------------------------------------------------------- */

static void *own(struct compile *k, size_t n)
{
	void *p = base_realloc(NULL, 0, n);

	if (!p && n)
		out_of_memory(k);
	return p;
}

/* Fills the frames of one exit; *loc walks the places in the order of ir_visit_state. */
static void exit_frames(struct compile *k, const struct mach_func *m, uint32_t state, const struct mach_loc *loc)
{
	const struct ir_func *f = k->f;
	struct hew_unit *u = k->u;

	for (; state; state = f->state.at[state].parent) {
		const struct ir_state *s = &f->state.at[state];
		struct tier_frame *fr = &u->frame[u->n_frames++];

		*fr = (struct tier_frame){ .func = s->func, .pc = s->pc, .mode = s->mode, .result = s->result, .frame_offset = s->frame_offset,
			.value = u->n_values, .n = s->n };
		if (s->frame)
			fr->frame = *loc++;
		for (uint32_t i = 0; i < s->n; i++) {
			const struct ir_slot *sl = &f->slot.at[s->slots + i];
			struct tier_value *v = &u->value[u->n_values++];

			*v = (struct tier_value){ .slot = sl->slot, .tag = sl->tag };
			if (sl->value)
				v->loc = *loc++;
			if (sl->tag_ref)
				v->tag_loc = *loc++;
		}
	}
	(void)m;
}

static void count_frames(const struct ir_func *f, uint32_t state, uint32_t *frames, uint32_t *values)
{
	for (; state; state = f->state.at[state].parent) {
		++*frames;
		*values += f->state.at[state].n;
	}
}

static void exit_records(struct compile *k, const struct mach_func *m)
{
	struct hew_unit *u = k->u;
	uint32_t frames = 0, values = 0;
	size_t bytes;

	if (m->exit.n == 0)
		return;
	for (uint32_t x = 0; x < m->exit.n; x++)
		count_frames(k->f, m->exit.at[x].state, &frames, &values);
	bytes = m->exit.n * sizeof *u->exit + frames * sizeof *u->frame + values * sizeof *u->value;
	u->value = own(k, bytes);
	u->record_bytes = bytes;
	u->frame = (struct tier_frame *)(u->value + values);
	u->exit = (struct tier_exit *)(u->frame + frames);
	u->n_exits = m->exit.n;
	for (uint32_t x = 0; x < m->exit.n; x++) {
		const struct ir_node *n = ir_at(k->f, m->exit.at[x].node);
		uint32_t first = u->n_frames;

		exit_frames(k, m, m->exit.at[x].state, m->exit_loc.n ? m->exit_loc.at + m->exit.at[x].loc : NULL);
		u->exit[x] = (struct tier_exit){ .frame = first, .n_frames = u->n_frames - first,
			.kind = n->op == IR_check ? (uint8_t)(n->aux & 0xff) : 0, .hoisted = n->op == IR_check && (n->aux & IR_CHECK_HOISTED) };
	}
}

void tier_unit_free(struct tier_context *x, struct hew_unit *u)
{
	if (u->code.rx)
		code_free(x->space, &u->code);
	base_free(u->value, u->record_bytes);
	base_free(u->guards, u->n_guards * sizeof *u->guards);
	base_free(u, sizeof *u);
}

/* ---- the way of one function --------------------------------------------------------------------------------------- */

static void optimise(struct compile *k)
{
	struct opt_options o = { .level = k->c->level, .passes = k->c->passes, .verify = k->c->verify };
	char why[300];

	if (k->f->bad)
		bail(k, HEW_BAD_IR, k->f->bad);
	if (k->c->foreign && !ir_verify_built(k->f, why, sizeof why))
		bail(k, HEW_BAD_IR, why);
	if (!opt_run(k->f, &o, why, sizeof why))
		bail(k, HEW_BAD_IR, why);
	if (k->c->want_ir)
		ir_print(k->f, &k->c->ir);
}

static void place(struct compile *k)
{
	ir_analyse(k->f);
	for (uint32_t i = 0; i < k->f->n_order; i++)
		if (!k->f->block.at[k->f->order[i]].control)
			bail(k, HEW_BAD_IR, "a block that can be reached has no end");
	ir_split_critical(k->f);
	ir_place(k->f);
}

/* A counter for each guard, to fail the first time. */
static long *guard_counters(struct compile *k)
{
	uint32_t n = 0;

	for (uint32_t r = 1; r < k->f->node.n; r++)
		n += (ir_ops[k->f->node.at[r].op].flags & IR_GUARD) != 0;
	k->u->guards = own(k, (n + 1) * sizeof *k->u->guards);
	k->u->n_guards = n + 1;
	for (uint32_t i = 0; i <= n; i++)
		k->u->guards[i] = 1;
	return k->u->guards;
}

/* What all of the code region reaches with a signed distance of 32 bits, less a margin for where in an instruction it counts from. */
static void find_near(const struct compile *k, struct mach_func *m)
{
	enum { MARGIN = 4096 };
	uint64_t far = (UINT64_C(1) << 31) - MARGIN;
	struct code_stats s;

	code_get_stats(k->x->space, &s);
	m->near_from = (uint64_t)(uintptr_t)s.region + s.reserved - far;
	m->near_size = 2 * far - s.reserved;
	if ((uint64_t)(uintptr_t)s.region + s.reserved < far || s.reserved >= far)
		m->near_size = 0;
}

static struct mach_func *machine_code(struct compile *k)
{
	struct mach_func *m = arena_zero(k->f->mem, sizeof *m);

	find_near(k, m);
	m->cpu = k->x->cpu;
	m->mem = k->f->tmp;
	m->f = k->f;
	m->target = k->x->target;
	memcpy(m->cold_call, k->x->cold_call, sizeof m->cold_call);
	m->bail = cannot;
	m->bail_arg = k;
	m->stress = (struct mach_stress){ k->c->stress, k->c->shuffle, k->c->allocatable, k->c->fail_guard || k->c->fail_each, k->c->fail_guard, k->c->fail_each };
	if (k->c->fail_each)
		m->stress.guard_counter = guard_counters(k);
	m->vreg_of = arena_zero(m->mem, k->f->node.n * sizeof *m->vreg_of);
	mach_layout(m);
	k->x->target->lower(m);
	arena_settle(m->mem);
	ra_allocate(m);
	arena_settle(m->mem);
	if (k->c->verify && !ra_check(m)) {
		struct text t = { 0 };

		mach_print(m, &t);
		fprintf(stderr, "%s\nregister allocation is wrong: %s\n", t.s, m->bad);
		text_free(&t);
		bail(k, HEW_BAD_IR, m->bad);
	}
	return m;
}

/* Code with a place, whose references to other functions are still open. */
static void generate(struct compile *k)
{
	struct mach_func *m;
	enum hew_status s;

	k->u = own(k, sizeof *k->u);
	memset(k->u, 0, sizeof *k->u);
	k->u->pc = HEW_AT_ENTRY;
	place(k);
	m = machine_code(k);
	exit_records(k, m);
	k->x->target->emit(m, &k->a, k->x->exit_tail, k->u, &k->tc);
	s = reserve(k->x, &k->a, &k->u->code);
	if (s != HEW_OK)
		bail(k, s, k->x->why);
	k->u->saved = k->tc.saved;
	k->u->slot0 = k->tc.slot0;
	k->u->fp_reg = k->x->target->frame_pointer;
}

static void link_code(struct compile *k)
{
	enum hew_status s;

	for (uint32_t i = 0; i < k->f->callee.n; i++) {
		const struct ir_func *callee = k->f->callee.at[i].f;

		if (k->tc.callee[i] == UINT32_MAX)
			continue;
		if (!callee || callee->unit >= k->n || k->all[callee->unit].f != callee) {
			snprintf(k->x->why, sizeof k->x->why, "%s: refers to %s, which is not compiled with it", k->f->name, k->f->callee.at[i].name);
			bail(k, HEW_CANNOT, k->x->why);
		}
		asm_bind_outside(&k->a, k->tc.callee[i], (uint64_t)(uintptr_t)k->all[callee->unit].u->code.rx);
	}
	s = publish(k->x, &k->a, &k->u->code);
	if (s != HEW_OK)
		bail(k, s, k->x->why);
	if (k->c->want_asm)
		tier_disassemble(k->u, &k->c->assembly);
}

/* For the time of a phase. */
static void limit(struct compile *k, struct arena *a, struct arena *with)
{
	a->oom = out_of_memory;
	a->oom_arg = k;
	a->refused = ARENA_NO_MEMORY;
	a->limit = k->c->max_memory;
	a->with = with;
	a->deadline = k->c->max_ms ? k->c->ns + k->c->max_ms * UINT64_C(1000000) : 0;
}

/* Runs a phase; when memory ends, or what else is in the way, k->status says so. */
static bool attempt(struct compile *k, void (*phase)(struct compile *))
{
	struct arena *mem = k->f->mem;
	void (*oom)(void *) = mem->oom;
	void *arg = mem->oom_arg;

	limit(k, mem, &k->x->scratch);
	limit(k, &k->x->scratch, mem);
	if (!setjmp(k->fail)) {
		arena_look(mem);
		phase(k);
	}
	mem->limit = mem->deadline = 0;
	mem->with = NULL;
	mem->oom = oom;
	mem->oom_arg = arg;
	arena_clear(&k->x->scratch);
	return k->status == HEW_OK;
}

/* The order of optimising: callees before their callers, as far as there are no circles, since small ones are inlined. */
static void bottom_up(struct compile *k)
{
	struct compile *all = k->all;
	uint32_t n = k->n, *stack = arena_alloc(k->f->mem, (n + 1) * sizeof *stack), depth, done = 0;
	uint32_t *next = arena_zero(k->f->mem, n * sizeof *next);		/* 1 + the callee to look at; 0: not seen */

	for (uint32_t root = 0; root < n; root++) {
		if (next[root])
			continue;
		depth = 0;
		next[root] = 1;
		stack[depth++] = root;
		while (depth) {
			const struct ir_func *f = all[stack[depth - 1]].f, *g;
			uint32_t j = next[stack[depth - 1]]++ - 1;

			if (j >= f->callee.n) {
				all[done++].turn = stack[--depth];
				continue;
			}
			g = f->callee.at[j].f;
			if (g && g->unit < n && all[g->unit].f == g && !next[g->unit]) {
				next[g->unit] = 1;
				stack[depth++] = g->unit;
			}
		}
	}
}

/* Code for all but local functions, and for those whose addresses that code wants. */
static bool generate_all(struct compile *all, uint32_t n)
{
	uint32_t *work = base_realloc(NULL, 0, n * sizeof *work), left = 0;
	bool good = true;

	if (!work) {
		all[0].status = HEW_NO_MEMORY;
		snprintf(all[0].x->why, sizeof all[0].x->why, "not enough memory to compile");
		return false;
	}
	for (uint32_t i = n; i-- > 0;)
		if (!all[i].f->local) {
			all[i].needed = true;
			work[left++] = i;
		}
	while (good && left) {
		struct compile *k = &all[work[--left]];

		good = attempt(k, generate);
		for (uint32_t i = 0; good && i < k->f->callee.n; i++) {
			const struct ir_func *g = k->f->callee.at[i].f;

			if (k->tc.callee[i] == UINT32_MAX || !g || g->unit >= n || all[g->unit].f != g || all[g->unit].needed)
				continue;
			all[g->unit].needed = true;
			work[left++] = g->unit;
		}
	}
	base_free(work, n * sizeof *work);
	return good;
}

static bool every_phase(struct compile *all, uint32_t n)
{
	bool good = attempt(all, bottom_up);

	for (uint32_t i = 0; good && i < n; i++)
		good = attempt(&all[all[i].turn], optimise);
	good = good && generate_all(all, n);
	for (uint32_t i = 0; good && i < n; i++)
		good = !all[i].needed || attempt(&all[i], link_code);
	return good;
}

enum hew_status tier_compile_all(struct tier_context *x, uint32_t n, struct ir_func *const *f, struct tier_compile *c, struct hew_unit **out)
{
	struct compile *all;
	enum hew_status s = HEW_OK;

	c->ns = os_now_ns();
	for (uint32_t i = 0; i < n; i++)
		out[i] = NULL;
	if (!x->space) {
		snprintf(x->why, sizeof x->why, "%s: there is no executable memory", n ? f[0]->name : "nothing");
		return HEW_NO_EXEC;
	}
	all = base_realloc(NULL, 0, n * sizeof *all);
	if (!all && n) {
		snprintf(x->why, sizeof x->why, "not enough memory to compile");
		return HEW_NO_MEMORY;
	}
	for (uint32_t i = 0; i < n; i++) {
		all[i] = (struct compile){ .x = x, .f = f[i], .c = c, .all = all, .n = n };
		asm_init(&all[i].a);
		f[i]->careful = c->careful;
		f[i]->unit = i;
		f[i]->tmp = &x->scratch;
	}
	if (n)
		every_phase(all, n);
	for (uint32_t i = 0; i < n; i++) {
		if (all[i].status != HEW_OK)
			s = all[i].status;
		asm_fini(&all[i].a);
		f[i]->tmp = f[i]->mem;
	}
	for (uint32_t i = 0; i < n; i++)
		if (s == HEW_OK)
			out[i] = all[i].u;
		else if (all[i].u)
			tier_unit_free(x, all[i].u);
	arena_fini(&x->scratch);
	base_free(all, n * sizeof *all);
	c->ns = os_now_ns() - c->ns;
	return s;
}
