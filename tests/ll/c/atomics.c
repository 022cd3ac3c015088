/* SPDX-License-Identifier: MIT
 * atomics.c - the C11 atomic operations and the builtins, on every width.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

static _Atomic int n = 5;
static atomic_flag flag = ATOMIC_FLAG_INIT;
static _Atomic(char *) p;
static unsigned char c = 250;
static short s = -3;
static long l = 1L << 40;

int main(void)
{
	int want = 6;
	bool a = atomic_compare_exchange_strong(&n, &want, 100), b = atomic_compare_exchange_strong(&n, &want, 200);
	char text[] = "text";

	printf("%d %d %d %d\n", a, b, want, atomic_load(&n));
	printf("%d ", atomic_fetch_add(&n, 7));
	printf("%d ", atomic_exchange(&n, -1));
	printf("%d\n", atomic_fetch_or(&n, 1));
	printf("%d ", atomic_flag_test_and_set(&flag));
	printf("%d ", atomic_flag_test_and_set(&flag));
	atomic_store(&p, text);
	atomic_thread_fence(memory_order_seq_cst);
	printf("%s %d\n", atomic_load(&p) + 1, n++);
	printf("%d %d %ld\n", __sync_fetch_and_add(&c, 10), __sync_sub_and_fetch(&s, 5), __atomic_xor_fetch(&l, -1L, __ATOMIC_SEQ_CST));
	printf("%d ", __atomic_fetch_nand(&s, 12, __ATOMIC_RELAXED));
	printf("%d %d\n", c, s);
	return 0;
}
