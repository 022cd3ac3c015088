/* SPDX-License-Identifier: MIT
 * os.h - the operating system as the engine needs it: pages, instruction cache, time, the map of the address
 * space, native stacks. The only place (with the default-target choice) where an #ifdef on architecture may stand.
 */
#ifndef HEW_OS_H
#define HEW_OS_H

#include "base/base.h"

/* The largest page that this architecture has under Linux. */
#if defined(__x86_64__)
#define OS_PAGE_MOST (4 << 10)
#else
#define OS_PAGE_MOST (64 << 10)
#endif
size_t os_page_size(void);
uint64_t os_now_ns(void);		/* monotonic */
uint64_t os_random(void);
enum { OS_CPU_MOVBE = 1 };
unsigned os_cpu_extras(void);		/* what this processor has beyond what compiled code needs: OS_CPU_... */
const char *os_cpu_lacks(void);		/* what compiled code needs and this processor does not have, or NULL */

/* Makes bytes written to [from, from + n) visible to instruction fetch. Nothing to do on x86-64. */
void os_icache_flush(void *from, size_t n);

/* ---- the map of the address space -------------------------------------------- */

struct os_map {
	uintptr_t from, to;
	bool readable, writable, executable;
};
/* Calls each() for every mapping of this process in rising order until it returns false. No heap memory is used
 * while reading. False: the system does not tell. */
bool os_maps(bool (*each)(const struct os_map *m, void *arg), void *arg);

/* ---- native stacks --------------------------------------------------------- */

/* A native stack with a guard below it, entered and left by os_stack_switch.
 * The memory is reserved, not committed; pages are given back by os_stack_trim. */
struct os_stack {
	uint8_t *low, *high;		/* usable bytes [low, high); the guard lies below low */
	void *sp;			/* saved stack pointer while not running, NULL while running */
	void *asan;			/* AddressSanitizer's own state of a stack that is not running */
};
/* fn(arg) runs on the new stack at the first switch to it; fn must never return. False: no memory. */
bool os_stack_new(struct os_stack *s, size_t bytes, void (*fn)(void *), void *arg);
/* The stack this runs on, with its bounds, so that control can come back to it. False: the system does not tell. */
bool os_stack_here(struct os_stack *s);
void os_stack_free(struct os_stack *s);			/* of os_stack_new, not running */
void os_stack_reset(struct os_stack *s, void (*fn)(void *), void *arg);	/* reuse for another fn */
void os_stack_trim(struct os_stack *s, size_t keep);	/* drop pages deeper than keep bytes that are not live */
/* Saves callee-saved registers and sp in *from, which is the running one, continues in *to. The floating-point
 * control words stay as they are: they belong to the thread. */
void os_stack_switch(struct os_stack *from, struct os_stack *to);

#endif
