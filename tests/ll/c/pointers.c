/* SPDX-License-Identifier: MIT
 * pointers.c - lists, trees, tables of functions, callbacks from the C library, pointers into arrays of arrays.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tree { struct tree *left, *right; int key; };
typedef int op(int, int);
static int add(int a, int b) { return a + b; }
static int sub(int a, int b) { return a - b; }
static int mul(int a, int b) { return a * b; }
static op *const ops[] = { add, sub, mul, NULL };
static const struct { const char *name; op *fn; int *count; } named[] = { { "add", add, &(int){ 0 } }, { "mul", mul, &(int){ 5 } } };
static int grid[3][4] = { { 1, 2, 3, 4 }, { 5, 6, 7, 8 }, { 9, 10, 11, 12 } };
static int *corner = &grid[2][3], (*row)[4] = &grid[1];

static int by_value(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static struct tree *insert(struct tree *t, int key)
{
	if (!t) {
		t = calloc(1, sizeof *t);
		t->key = key;
	} else if (key < t->key) {
		t->left = insert(t->left, key);
	} else if (key > t->key) {
		t->right = insert(t->right, key);
	}
	return t;
}

static int walk(const struct tree *t, int depth)
{
	return t ? printf("%d@%d ", t->key, depth) + walk(t->left, depth + 1) + walk(t->right, depth + 1) : 0;
}

static void drop(struct tree *t)
{
	if (t) {
		drop(t->left);
		drop(t->right);
		free(t);
	}
}

int main(int argc, char **argv)
{
	struct tree *t = NULL;
	int v[50], n = 0;
	const char *words[] = { "pear", "apple", "fig", "date" };

	for (unsigned i = 0, x = 7; i < 50; i++, x = x * 1103515245 + 12345)
		t = insert(t, v[i] = (int)(x >> 16) % 1000);
	n = walk(t, 0);
	drop(t);
	qsort(v, 50, sizeof *v, by_value);
	qsort(words, 4, sizeof *words, by_text);
	for (int i = 0; i < 50; i++)
		printf("%d ", v[i]);
	printf("\n%s %s %d %d\n", words[0], words[3], n, *(int *)bsearch(&v[17], v, 50, sizeof *v, by_value) == v[17]);
	for (int i = 0; ops[i]; i++)
		printf("%d ", ops[i](10 + i, 3));
	for (int i = 0; i < 2; i++)
		printf("%s %d %d ", named[i].name, named[i].fn(6, 7), ++*named[i].count);
	printf("%d %d %d %td\n", *corner, (*row)[2], row[1][0], corner - &grid[0][0]);
	printf("%d %s\n", argc, argc > 1 ? argv[1] : "none");
	return ops[2] == mul ? 42 : 1;
}
