/* SPDX-License-Identifier: MIT
 * lists.c - doubly linked rings of N nodes: filled, rotated from one end of one to the other end of the next, reversed,
 * compared.
 * Exercises: pointer chasing, stores that may alias every other, allocation from a pool of its own.
 */
#include <stdio.h>
#include <stdlib.h>

struct node {
	int value;
	struct node *next, *previous;
};

static struct node *pool;	/* free nodes, linked by next */

static struct node *take(int value)
{
	struct node *n = pool;

	if (n != NULL)
		pool = n->next;
	else if ((n = malloc(sizeof *n)) == NULL)
		exit(1);
	n->value = value;
	return n;
}

/* A ring's own node stands before its first and after its last and holds the length. */
static struct node *ring(void)
{
	struct node *r = take(0);

	r->next = r->previous = r;
	return r;
}

static void insert(struct node *r, struct node *before, struct node *n)
{
	n->next = before;
	n->previous = before->previous;
	before->previous->next = n;
	before->previous = n;
	r->value++;
}

static struct node *cut(struct node *r, struct node *n)
{
	n->previous->next = n->next;
	n->next->previous = n->previous;
	r->value--;
	return n;
}

static void reverse(struct node *r)
{
	struct node *n = r;

	do {
		struct node *next = n->next;

		n->next = n->previous;
		n->previous = next;
		n = next;
	} while (n != r);
}

static int equal(const struct node *a, const struct node *b)
{
	const struct node *x = a->next, *y = b->next;

	if (a->value != b->value)
		return 0;
	for (; x != a; x = x->next, y = y->next)
		if (x->value != y->value)
			return 0;
	return 1;
}

static void dissolve(struct node *r)
{
	r->previous->next = pool;
	pool = r;
}

static int exercise(int size)
{
	struct node *a = ring(), *b = ring(), *c = ring();
	int result;

	for (int i = 0; i < size; i++)
		insert(a, a, take(i));
	for (const struct node *n = a->next; n != a; n = n->next)
		insert(b, b, take(n->value));
	while (b->value > 0)
		insert(c, c, cut(b, b->next));
	while (c->value > 0)
		insert(b, b, cut(c, c->previous));
	reverse(a);
	result = a->value + (a->next->value == size - 1) + (b->next->value == size - 1);
	result += 2 * equal(a, b);
	dissolve(a);
	dissolve(b);
	dissolve(c);
	return result;
}

int main(int argc, char **argv)
{
	int size = argc > 1 ? atoi(argv[1]) : 8000;
	unsigned sum = 0;

	for (int i = 0; i < 5000; i++)
		sum = sum * 3 + (unsigned)exercise(size);
	printf("lists %d %u\n", size, sum);
	while (pool != NULL) {
		struct node *n = pool;

		pool = n->next;
		free(n);
	}
	return 0;
}
