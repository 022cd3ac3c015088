/* setjmp and longjmp: variables after the second return, in loops, nested, from handlers of errors, in recursion. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static jmp_buf top;
static jmp_buf level[8];

__attribute__((noinline)) static void throw(jmp_buf b, int x) { longjmp(b, x); }

/* What was not changed in between is as it was; there are more values than registers. */
static int unchanged(int a, int b, int c, int d, int e, int f, int g, int h)
{
	int i = a * 3, j = b * 5, k = c * 7, l = d * 11, m = e * 13, n = f * 17, r;

	r = setjmp(top);
	if (r == 0) {
		int s = 0;

		for (int t = 0; t < 100; t++)
			s += t * a ^ i, i == s ? s++ : s;
		throw(top, s ? 2 : 1);
	}
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j + 11 * k + 12 * l + 13 * m + 14 * n + r;
}

/* What is volatile has the value of the last store. */
static int changed(void)
{
	volatile int n = 1, last = 0;
	int r = setjmp(top);

	last = last * 10 + n;
	if (n < 5) {
		n++;
		throw(top, n);
	}
	return last * 10 + r;
}

static int loop(int times)
{
	volatile int caught = 0;

	for (volatile int i = 0; i < times; i++) {
		if (setjmp(top) == 0) {
			if (i % 3 == 0)
				throw(top, i + 1);
			caught += 100;
		} else {
			caught++;
		}
	}
	return caught;
}

static int deep(volatile int n)
{
	if (setjmp(level[n]))
		return n * 10 + (n ? 1 : 0);
	if (n == 7)
		throw(level[3], 1);
	return deep(n + 1);
}

/* As interpreters do: a chain of handlers, each in the frame that protects a call. */
struct handler { struct handler *previous; jmp_buf b; volatile int status; };
static struct handler *chain;

static int protected(void (*f)(void *), void *arg)
{
	struct handler h = { .previous = chain };

	chain = &h;
	if (_setjmp(h.b) == 0)
		f(arg);
	chain = h.previous;
	return h.status;
}

static void fail(int status)
{
	chain->status = status;
	_longjmp(chain->b, 1);
}

static void work(void *p)
{
	int *n = p;

	if (*n == 0)
		fail(7);
	--*n;
	if (protected(work, n) != 7)
		puts("not caught");
	++*n;
	fail(7);
}

static int strings(const char *s)
{
	char text[32];
	volatile size_t at = 0;
	sigjmp_buf b;
	int c = sigsetjmp(b, 0);

	if (c)
		text[at++] = (char)(c + 1);
	if (s[at])
		siglongjmp(b, s[at]);
	text[at] = 0;
	puts(text);
	return (int)strlen(text);
}

int main(void)
{
	int n = 20;

	printf("%d\n", unchanged(1, 2, 3, 4, 5, 6, 7, 8));
	printf("%d\n", changed());
	printf("%d\n", loop(10));
	printf("%d\n", deep(0));
	printf("%d %d\n", protected(work, &n), n);
	printf("%d\n", strings("gdkkn"));
	return 0;
}
