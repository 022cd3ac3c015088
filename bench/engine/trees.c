/* SPDX-License-Identifier: MIT
 * trees.c - builds full binary trees of growing depth, walks and frees them; one tree lives all the time.
 * Exercises: malloc and free, recursion over pointers.
 */
#include <stdio.h>
#include <stdlib.h>

struct node {
	struct node *left, *right;
	int weight;
};

static struct node *grow(int depth, int weight)
{
	struct node *n = malloc(sizeof *n);

	if (n == NULL)
		exit(1);
	n->weight = weight;
	n->left = n->right = NULL;
	if (depth > 0) {
		n->left = grow(depth - 1, 2 * weight);
		n->right = grow(depth - 1, 2 * weight + 1);
	}
	return n;
}

static unsigned weigh(const struct node *n)
{
	if (n == NULL)
		return 0;
	return (unsigned)n->weight + 3 * weigh(n->left) - weigh(n->right);
}

static void fell(struct node *n)
{
	if (n == NULL)
		return;
	fell(n->left);
	fell(n->right);
	free(n);
}

int main(int argc, char **argv)
{
	int deepest = argc > 1 ? atoi(argv[1]) : 19;
	struct node *old = grow(deepest, 1);
	unsigned sum = 0;

	for (int depth = 4; depth <= deepest; depth += 2)
		for (int i = 0; i < 4 << (deepest - depth); i++) {
			struct node *n = grow(depth, i & 1);

			sum = sum * 3 + weigh(n);
			fell(n);
		}
	sum += weigh(old);
	fell(old);
	printf("trees %d %u\n", deepest, sum);
	return 0;
}
