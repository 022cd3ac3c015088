/* SPDX-License-Identifier: MIT
 * tier.c - when code is made, entered, given up and freed.
 *
 *   counters run out    lift, compile, install: the function's entry, or a unit for one loop header
 *   an exit fails       counted; at exit_limit the function's units are retired and it may get hot again, later each time
 *   attempts used up    first the guest is told to guess no more (attempt >= attempt_limit), then the function is barred
 *   retired code        nobody enters it any more; freed when no native stack refers to it
 */
#include "tier/tier.h"

#include <stdio.h>

#define NEVER_HOT INT32_MAX
#define WARM_CALLS 16
#define WARM_LOOPS 30

struct hew_tier_options hew_tier_defaults(void)
{
	return (struct hew_tier_options){ .call_threshold = 1000, .loop_threshold = 1000, .exit_limit = 16, .attempt_limit = 4, .level = 2 };
}

static void tell(struct hew_guest_vm *g, const struct hew_event *e)
{
	if (g->o.event)
		g->o.event(g->o.event_arg, e);
}

/* Each attempt waits twice as long. */
static int32_t threshold(int t, uint32_t attempts)
{
	int64_t x = t < 0 ? NEVER_HOT : (int64_t)t << (attempts < 10 ? attempts : 10);

	return x > NEVER_HOT ? NEVER_HOT : (int32_t)x;
}

void tier_set_counters(struct hew_guest_vm *g, struct hew_tier *t)
{
	t->calls = t->barred || t->entry ? NEVER_HOT : threshold(g->o.call_threshold, t->attempts);
	t->loops = t->barred ? NEVER_HOT : threshold(g->o.loop_threshold, t->attempts);
	if (t->barred || !t->units)
		return;
	/* one loop of the function was hot: a few calls are enough for it, a few turns for its loops */
	if (!t->entry && t->calls > WARM_CALLS && g->o.call_threshold >= 0)
		t->calls = WARM_CALLS;
	if (t->loops > WARM_LOOPS && g->o.loop_threshold >= 0)
		t->loops = WARM_LOOPS;
}

void tier_loop_counted(struct hew_guest_vm *g, struct hew_tier *t)
{
	int32_t calls = t->calls;

	tier_set_counters(g, t);
	if (calls < t->calls)
		t->calls = calls;
}

void hew_tier_init(struct hew_guest_vm *g, struct hew_tier *t)
{
	memset(t, 0, sizeof *t);
	t->calls = t->loops = NEVER_HOT;
	if (g)
		tier_set_counters(g, t);
}

struct hew_unit *tier_find(const struct hew_tier *t, uint32_t pc)
{
	for (struct hew_unit *u = t->units; u; u = u->next)
		if (u->pc == pc)
			return u;
	return NULL;
}

void tier_install(struct hew_guest_vm *g, struct hew_unit *u, struct hew_tier *t, const void *func, uint32_t pc)
{
	u->guest = g;
	u->tier = t;
	u->func = func;
	u->pc = pc;
	u->next = t->units;
	t->units = u;
	u->older = g->newest;
	*(g->newest ? &g->newest->newer : &g->oldest) = u;
	g->newest = u;
	if (pc == HEW_AT_ENTRY)
		t->entry = u->code.rx;
}

/* ---- giving up code ---------------------------------------------------------------------------------------- */

void tier_retire(struct hew_guest_vm *g, struct hew_unit *u, const char *why)
{
	struct hew_tier *t = u->tier;

	for (struct hew_unit **p = &t->units; *p; p = &(*p)->next)
		if (*p == u) {
			*p = u->next;
			break;
		}
	*(u->older ? &u->older->newer : &g->oldest) = u->newer;
	*(u->newer ? &u->newer->older : &g->newest) = u->older;
	if (t->entry == u->code.rx)
		t->entry = NULL;
	u->state = TIER_RETIRED;
	u->tier = NULL;
	u->next = g->retired;
	g->retired = u;
	g->stats.retired++;
	tell(g, &(struct hew_event){ .kind = HEW_EV_RETIRED, .func = u->func, .pc = u->pc, .why = why, .bytes = u->code.size });
}

void tier_bar(struct hew_guest_vm *g, struct hew_tier *t, const void *func)
{
	t->barred = true;
	g->stats.barred++;
	tell(g, &(struct hew_event){ .kind = HEW_EV_BARRED, .func = func });
}

void tier_unit_failed(struct hew_unit *u, uint32_t exit)
{
	struct hew_guest_vm *g = u->guest;
	struct hew_tier *t = u->tier;
	struct tier_exit *x = &u->exit[exit];
	const struct tier_frame *fr = &u->frame[x->frame];

	if (x->kind == IR_CHECK_poll || u->state == TIER_RETIRED || ++x->count < (uint32_t)g->o.exit_limit)
		return;
	tell(g, &(struct hew_event){ .kind = HEW_EV_EXIT_LIMIT, .func = (const void *)(uintptr_t)fr->func, .pc = fr->pc, .why = ir_check_names[x->kind] });
	if (x->hoisted)
		t->careful = true;	/* what failed need not be what the guest guessed */
	else if (g->guest.widen)
		g->guest.widen(g->vm, (const void *)(uintptr_t)fr->func, fr->pc);
	t->attempts++;
	if (t->attempts >= 2 * (uint32_t)g->o.attempt_limit)
		tier_bar(g, t, u->func);
	while (t->units)
		tier_retire(g, t->units, "exits");
	tier_set_counters(g, t);
}

void hew_tier_drop(struct hew_guest_vm *g, struct hew_tier *t)
{
	if (!g)
		return;
	while (t->units)
		tier_retire(g, t->units, "dropped");
	t->entry = NULL;
	tier_set_counters(g, t);
}

/* ---- freeing retired code ------------------------------------------------------------------------------------ */

struct range { uintptr_t lo, hi; struct hew_unit *u; };
struct sweep { struct range *r; size_t n; };

/* Reads frames of others, red zones and all. */
__attribute__((no_sanitize("address"))) static void visit_stack(void *arg, const void *lo, const void *hi)
{
	struct sweep *s = arg;
	const uintptr_t *p = (const uintptr_t *)(((uintptr_t)lo + 7) & ~(uintptr_t)7);

	for (; p + 1 <= (const uintptr_t *)hi; p++)
		for (size_t k = 0; k < s->n; k++)
			if (*p - s->r[k].lo < s->r[k].hi - s->r[k].lo)
				s->r[k].u->marked = true;
}

size_t hew_collect_code(struct hew_guest_vm *g)
{
	struct sweep s = { 0 };
	size_t freed = 0, n = 0;

	for (struct hew_unit *u = g->retired; u; u = u->next, n++)
		u->marked = false;
	s.r = base_realloc(NULL, 0, n * sizeof *s.r);
	if (!n || !s.r)
		return 0;
	for (struct hew_unit *u = g->retired; u; u = u->next)
		s.r[s.n++] = (struct range){ (uintptr_t)u->code.rx, (uintptr_t)u->code.rx + u->code.room, u };
	if (g->guest.stacks)
		g->guest.stacks(g->vm, visit_stack, &s);
	base_free(s.r, n * sizeof *s.r);
	for (struct hew_unit **p = &g->retired; *p;) {
		struct hew_unit *u = *p;

		if (u->marked || !g->guest.stacks) {
			p = &u->next;
			continue;
		}
		*p = u->next;
		freed += u->code.size;
		g->stats.freed++;
		g->stats.live_bytes -= u->code.size;
		tell(g, &(struct hew_event){ .kind = HEW_EV_FREED, .func = u->func, .pc = u->pc, .bytes = u->code.size });
		tier_unit_free(g->x, u);
	}
	return freed;
}

bool tier_evict(struct hew_guest_vm *g, const struct hew_tier *keep)
{
	size_t half = g->stats.live_bytes / 2, given = 0;

	for (struct hew_unit *u = g->oldest, *newer; u && given < half; u = newer) {
		newer = u->newer;
		if (u->tier == keep)
			continue;
		given += u->code.size;
		tier_set_counters(g, u->tier);
		tier_retire(g, u, "evicted");
	}
	return hew_collect_code(g) > 0;
}

void hew_get_tier_stats(const struct hew_guest_vm *g, struct hew_tier_stats *out) { *out = g->stats; }
