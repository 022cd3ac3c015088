/* SPDX-License-Identifier: MIT
 * stack.c - native stacks and the switch between them.
 *
 * Method: a stack is one PROT_NONE reservation whose upper part is made readable and writable; pages are
 * committed as they are touched. The switch pushes what the platform's C convention says a callee preserves,
 * exchanges stack pointers and pops. A new stack is laid out as if it had been switched away from just before the
 * first instruction of `stack_entry`. The frame pointer there is 0 and the unwind table says the return
 * address is undefined, so every kind of backtrace ends there.
 *
 *     high  ->  +--------------------------+
 *               | 16 bytes of zero         |  a frame record that ends the chain
 *               | saved registers, entry   |  <- sp of a new stack
 *               | ...                      |
 *     low   ->  +--------------------------+
 *               | guard, 64 KiB, PROT_NONE |  wide, as a callee may skip a page with one big frame
 *               +--------------------------+
 *
 * Cost: 2 mappings per stack (the kernel's limit of 65,530 allows about 32,000 stacks); a switch is about as
 * dear as two calls. Non-goals: shadow stacks (CET), signal masks.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE			/* pthread_getattr_np */
#endif
#include "base/os/os.h"

#include <pthread.h>
#include <sys/mman.h>
#if BASE_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

enum { GUARD = 64 << 10, LEAST = 16 << 10, HUGE_PAGE = 2 << 20 };

/* Saves the caller's registers on its stack and their address in *save, then continues from the saved `load`. */
void os_stack_swap(void **save, void *load) __attribute__((visibility("hidden")));
void os_stack_entry(void) __attribute__((visibility("hidden")));
/* What os_stack_entry calls. */
_Noreturn void os_stack_start(void (*fn)(void *), void *arg) __attribute__((visibility("hidden"), used));

#if defined(__x86_64__)
/* Order in memory from sp up: r15 r14 r13 r12 rbx rbp return. The way out is a jump, as a ret would be predicted
 * to go to the caller on the other stack: 2.4 ns a switch against 11 (switching_is_cheap in tests/base/stack.c). */
enum { SAVED_WORDS = 7, WORD_ARG = 2, WORD_FN = 3, WORD_PC = 6 };
__asm__(
	"	.text\n"
	"	.p2align 4\n"
	"	.globl os_stack_swap\n"
	"	.hidden os_stack_swap\n"
	"	.type os_stack_swap, @function\n"
	"os_stack_swap:\n"
	"	.cfi_startproc\n"
	"	endbr64\n"
	"	pushq %rbp\n	.cfi_adjust_cfa_offset 8\n	.cfi_rel_offset rbp, 0\n"
	"	pushq %rbx\n	.cfi_adjust_cfa_offset 8\n	.cfi_rel_offset rbx, 0\n"
	"	pushq %r12\n	.cfi_adjust_cfa_offset 8\n	.cfi_rel_offset r12, 0\n"
	"	pushq %r13\n	.cfi_adjust_cfa_offset 8\n	.cfi_rel_offset r13, 0\n"
	"	pushq %r14\n	.cfi_adjust_cfa_offset 8\n	.cfi_rel_offset r14, 0\n"
	"	pushq %r15\n	.cfi_adjust_cfa_offset 8\n	.cfi_rel_offset r15, 0\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	popq %r15\n	.cfi_adjust_cfa_offset -8\n	.cfi_restore r15\n"
	"	popq %r14\n	.cfi_adjust_cfa_offset -8\n	.cfi_restore r14\n"
	"	popq %r13\n	.cfi_adjust_cfa_offset -8\n	.cfi_restore r13\n"
	"	popq %r12\n	.cfi_adjust_cfa_offset -8\n	.cfi_restore r12\n"
	"	popq %rbx\n	.cfi_adjust_cfa_offset -8\n	.cfi_restore rbx\n"
	"	popq %rbp\n	.cfi_adjust_cfa_offset -8\n	.cfi_restore rbp\n"
	"	popq %rcx\n	.cfi_adjust_cfa_offset -8\n	.cfi_register rip, rcx\n"
	"	notrack jmpq *%rcx\n"
	"	.cfi_endproc\n"
	"	.size os_stack_swap, .-os_stack_swap\n"
	"	.p2align 4\n"
	"	.globl os_stack_entry\n"
	"	.hidden os_stack_entry\n"
	"	.type os_stack_entry, @function\n"
	"os_stack_entry:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined rip\n"
	"	movq %r12, %rdi\n"
	"	movq %r13, %rsi\n"
	"	call os_stack_start\n"
	"	ud2\n"
	"	.cfi_endproc\n"
	"	.size os_stack_entry, .-os_stack_entry\n");
#elif defined(__aarch64__)
/* Order in memory from sp up: x19..x28, x29 x30, d8..d15; the first 8 bytes of each are what AAPCS64 preserves. */
enum { SAVED_WORDS = 20, WORD_FN = 0, WORD_ARG = 1, WORD_PC = 11 };
__asm__(
	"	.text\n"
	"	.p2align 4\n"
	"	.globl os_stack_swap\n"
	"	.hidden os_stack_swap\n"
	"	.type os_stack_swap, %function\n"
	"os_stack_swap:\n"
	"	.cfi_startproc\n"
	"	hint #34\n"			/* bti c */
	"	stp x19, x20, [sp, #-160]!\n"
	"	.cfi_adjust_cfa_offset 160\n"
	"	stp x21, x22, [sp, #16]\n"
	"	stp x23, x24, [sp, #32]\n"
	"	stp x25, x26, [sp, #48]\n"
	"	stp x27, x28, [sp, #64]\n"
	"	stp x29, x30, [sp, #80]\n"
	"	.cfi_rel_offset x29, 80\n"
	"	.cfi_rel_offset x30, 88\n"
	"	stp d8, d9, [sp, #96]\n"
	"	stp d10, d11, [sp, #112]\n"
	"	stp d12, d13, [sp, #128]\n"
	"	stp d14, d15, [sp, #144]\n"
	"	mov x9, sp\n"
	"	str x9, [x0]\n"
	"	mov sp, x1\n"
	"	ldp d14, d15, [sp, #144]\n"
	"	ldp d12, d13, [sp, #128]\n"
	"	ldp d10, d11, [sp, #112]\n"
	"	ldp d8, d9, [sp, #96]\n"
	"	ldp x29, x30, [sp, #80]\n"
	"	ldp x27, x28, [sp, #64]\n"
	"	ldp x25, x26, [sp, #48]\n"
	"	ldp x23, x24, [sp, #32]\n"
	"	ldp x21, x22, [sp, #16]\n"
	"	ldp x19, x20, [sp], #160\n"
	"	.cfi_adjust_cfa_offset -160\n"
	"	.cfi_restore x29\n"
	"	.cfi_restore x30\n"
	"	ret\n"
	"	.cfi_endproc\n"
	"	.size os_stack_swap, .-os_stack_swap\n"
	"	.p2align 4\n"
	"	.globl os_stack_entry\n"
	"	.hidden os_stack_entry\n"
	"	.type os_stack_entry, %function\n"
	"os_stack_entry:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined x30\n"
	"	mov x0, x19\n"
	"	mov x1, x20\n"
	"	bl os_stack_start\n"
	"	brk #0\n"
	"	.cfi_endproc\n"
	"	.size os_stack_entry, .-os_stack_entry\n");
#else
#error "stack.c: the switch of native stacks is written for x86-64 and AArch64"
#endif

void os_stack_start(void (*fn)(void *), void *arg)
{
#if BASE_ASAN
	__sanitizer_finish_switch_fiber(NULL, NULL, NULL);
#endif
	fn(arg);
	base_bug(__FILE__, __LINE__, "the function of a native stack returned");
}

/* Frames that were abandoned have left their red zones behind. */
static void forget_frames(struct os_stack *s)
{
#if BASE_ASAN
	__asan_unpoison_memory_region(s->low, (size_t)(s->high - s->low));
#endif
	s->asan = NULL;
}

void os_stack_reset(struct os_stack *s, void (*fn)(void *), void *arg)
{
	uint64_t *w = (uint64_t *)(void *)(s->high - 16);

	forget_frames(s);
	w[0] = w[1] = 0;
	w -= SAVED_WORDS;
	memset(w, 0, SAVED_WORDS * sizeof *w);
	w[WORD_FN] = (uintptr_t)fn;
	w[WORD_ARG] = (uintptr_t)arg;
	w[WORD_PC] = (uintptr_t)os_stack_entry;
	s->sp = w;
}

bool os_stack_new(struct os_stack *s, size_t bytes, void (*fn)(void *), void *arg)
{
	size_t page = os_page_size();
	uint8_t *p;

	*s = (struct os_stack){ 0 };
	if (bytes > PTRDIFF_MAX / 2)
		return false;
	bytes = ((bytes < LEAST ? LEAST : bytes) + page - 1) & ~(page - 1);
	p = mmap(NULL, GUARD + bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (p == MAP_FAILED)
		return false;
	if (mprotect(p + GUARD, bytes, PROT_READ | PROT_WRITE) != 0) {
		munmap(p, GUARD + bytes);
		return false;
	}
	if (bytes >= HUGE_PAGE)
		madvise(p + GUARD, bytes, MADV_NOHUGEPAGE);	/* a first touch should commit one small page */
	s->low = p + GUARD;
	s->high = s->low + bytes;
	os_stack_reset(s, fn, arg);
	return true;
}

void os_stack_free(struct os_stack *s)
{
	if (s->low == NULL)
		return;
	forget_frames(s);
	munmap(s->low - GUARD, GUARD + (size_t)(s->high - s->low));
	*s = (struct os_stack){ 0 };
}

void os_stack_trim(struct os_stack *s, size_t keep)
{
	enum { RED_ZONE = 128 };
	size_t room = (size_t)(s->high - s->low), live = (size_t)(s->high - (uint8_t *)s->sp) + RED_ZONE, n;

	ASSERT(s->sp != NULL);
	keep = keep < live ? live : keep;
	if (keep >= room)
		return;
	n = (room - keep) & ~(os_page_size() - 1);
	if (n > 0)
		madvise(s->low, n, MADV_DONTNEED);
}

/* ---- the stack we are on --------------------------------------------------- */

/* The mapping that holds an address. */
struct holder {
	uintptr_t at;
	struct os_map m;
};

static bool is_holder(const struct os_map *m, void *arg)
{
	struct holder *h = arg;

	if (h->at < m->from || h->at >= m->to)
		return true;
	h->m = *m;
	return false;
}

/* The thread library knows its own stacks, with the room they may still grow into (for the first thread it reads the process's maps:
 * asked once a thread); on any other stack the bounds are those of the mapping. */
bool os_stack_here(struct os_stack *s)
{
	static _Thread_local struct { uint8_t *low; size_t size; } own;
	struct holder h = { .at = (uintptr_t)__builtin_frame_address(0) };
	pthread_attr_t a;
	void *low = NULL;

	*s = (struct os_stack){ 0 };
	if (!own.size && pthread_getattr_np(pthread_self(), &a) == 0) {
		pthread_attr_getstack(&a, &low, &own.size);
		pthread_attr_destroy(&a);
		own.low = low;
	}
	if (h.at - (uintptr_t)own.low < own.size) {
		s->low = own.low;
		s->high = own.low + own.size;
		return true;
	}
	if (!os_maps(is_holder, &h) || h.m.to == 0)
		return false;
	s->low = (uint8_t *)h.m.from;
	s->high = (uint8_t *)h.m.to;
	return true;
}

void os_stack_switch(struct os_stack *from, struct os_stack *to)
{
	void *sp = to->sp;

	ASSERT(from != to && sp != NULL);
	to->sp = NULL;
#if BASE_ASAN
	__sanitizer_start_switch_fiber(&from->asan, to->low, (size_t)(to->high - to->low));
#endif
	os_stack_swap(&from->sp, sp);
#if BASE_ASAN
	__sanitizer_finish_switch_fiber(from->asan, NULL, NULL);
#endif
}
