/* Computed goto: tables of labels, differences of labels, a label's address in a variable. */
#include <stdio.h>

enum { PUSH, ADD, MUL, DUP, JNZ, DEC, PRINT, HALT };

static int run(const signed char *code)
{
	static const void *const table[] = { &&push, &&add, &&mul, &&dup, &&jnz, &&dec, &&print, &&halt };
	int stack[16], *sp = stack, counter = 5;
	const signed char *pc = code;

#define NEXT goto *table[*pc++]
	NEXT;
push: *sp++ = *pc++; NEXT;
add: sp--; sp[-1] += *sp; NEXT;
mul: sp--; sp[-1] *= *sp; NEXT;
dup: *sp = sp[-1]; sp++; NEXT;
dec: counter--; NEXT;
jnz:
	if (counter) {
		pc += *pc;
		NEXT;
	}
	pc++;
	NEXT;
print: printf("%d\n", sp[-1]); NEXT;
halt: return (int)(sp - stack);
}

static int differences(const char *s)
{
	static const int at[] = { 0, &&b - &&a, &&c - &&a };
	int n = 0;

next:
	if (!*s)
		return n;
	goto *(&&a + at[*s++ - 'a']);
a: n += 1; goto next;
b: n *= 10; goto next;
c: n -= 1; goto next;
}

static int variable(int x)
{
	void *where = x > 3 ? &&big : &&small;

	for (int i = 0; i < 2; i++) {
		x += 1000;
		goto *where;
small:		where = &&big;
		x += 1;
		continue;
big:		where = &&small;
		x += 10;
	}
	return x;
}

int main(void)
{
	static const signed char code[] = { PUSH, 1, DUP, ADD, PRINT, DEC, JNZ, -5, PUSH, 3, MUL, PRINT, HALT };

	printf("%d\n", run(code));
	printf("%d\n", differences("aaabcba"));
	printf("%d %d\n", variable(1), variable(5));
	return 0;
}
