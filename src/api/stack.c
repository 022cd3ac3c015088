/* SPDX-License-Identifier: MIT
 * stack.c - the public native stacks: hew_stack is an os_stack that remembers whether the memory is its own.
 */
#include "base/os/os.h"
#include "hew.h"

struct hew_stack {
	struct os_stack os;
	bool owned;			/* made by hew_stack_new, not found by hew_stack_here */
};

static enum hew_status make(struct hew_stack **out, struct hew_stack from)
{
	struct hew_stack *s = base_realloc(NULL, 0, sizeof *s);

	if (s == NULL)
		return HEW_NO_MEMORY;
	*s = from;
	*out = s;
	return HEW_OK;
}

enum hew_status hew_stack_new(size_t bytes, void (*fn)(void *arg), void *arg, struct hew_stack **out)
{
	struct hew_stack s = { .owned = true };
	enum hew_status st;

	if (out == NULL)
		return HEW_BAD_ARG;
	*out = NULL;
	if (fn == NULL || bytes == 0)
		return HEW_BAD_ARG;
	if (!os_stack_new(&s.os, bytes, fn, arg))
		return HEW_NO_MEMORY;
	st = make(out, s);
	if (st != HEW_OK)
		os_stack_free(&s.os);
	return st;
}

enum hew_status hew_stack_here(struct hew_stack **out)
{
	struct hew_stack s = { .owned = false };

	if (out == NULL)
		return HEW_BAD_ARG;
	*out = NULL;
	if (!os_stack_here(&s.os))
		return HEW_NO_MEMORY;		/* the system could not open its own description of us */
	return make(out, s);
}

void hew_stack_reset(struct hew_stack *s, void (*fn)(void *arg), void *arg)
{
	ASSERT(s->owned);
	os_stack_reset(&s->os, fn, arg);
}

void hew_stack_free(struct hew_stack *s)
{
	if (s == NULL)
		return;
	if (s->owned)
		os_stack_free(&s->os);
	base_free(s, sizeof *s);
}

void hew_stack_switch(struct hew_stack *from, struct hew_stack *to)
{
	os_stack_switch(&from->os, &to->os);
}

void *hew_stack_limit(const struct hew_stack *s)
{
	return s->os.low;
}

void *hew_stack_base(const struct hew_stack *s)
{
	return s->os.high;
}

void *hew_stack_sp(const struct hew_stack *s)
{
	return s->os.sp;
}
