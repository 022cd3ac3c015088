/* SPDX-License-Identifier: MIT
 * gvn.c - a load or guard that a dominating one already did becomes that one's value; a load behind a store of the same
 * place becomes the stored value.
 *
 * Every alias class has a version at every point: stores and calls that write the class begin a new one, and so do joins of
 * different versions and headers of loops that write it. Two loads are equal when address, width and version are. Blocks
 * are visited in reverse post-order, so dominating candidates come first; one hash table, dominance checked on a hit.
 */
#include "opt/opt.h"

enum { NEAR = 16, LOWEST = 4096 };	/* LOWEST: nothing stands at a lower address */
struct seen { struct ir_node key; ir_ref value; uint32_t block; uint32_t next; };
struct gvn {
	struct ir_func *f;
	struct opt_subst s;
	uint32_t *version;		/* by block, n_classes each: at its end */
	unsigned n_classes;		/* 1 + the highest class that is loaded or stored */
	uint32_t now[IR_MAX_CLASS], next;
	uint32_t *writes;		/* by block: classes written in the loop that it heads */
	VEC(struct seen) seen;
	uint32_t *hash, cap;
	struct { struct ir_node key; ir_ref value; } near[NEAR]; uint32_t n_near;	/* the last ones of this block: what a store cannot touch lives on */
	bool changed;
};

static uint32_t node_writes(const struct ir_func *f, const struct ir_node *n)
{
	if (n->op == IR_store)
		return ir_touched(f, UINT32_C(1) << IR_MEM_CLASS(n->aux));
	return n->op == IR_call ? ir_touched(f, f->call.at[n->c].writes) : 0;
}

/* False if there is nothing that this pass looks at. */
static bool look(struct gvn *g)
{
	struct ir_func *f = g->f;
	bool any = false;

	for (uint32_t i = 0; i < f->n_order; i++) {
		uint32_t b = f->order[i], w = 0;

		for (uint32_t k = 0; k < f->block.at[b].ins.n; k++) {
			const struct ir_node *n = ir_at(f, f->block.at[b].ins.at[k]);

			any |= n->op == IR_load || (ir_ops[n->op].flags & IR_GUARD);
			if ((n->op == IR_load || n->op == IR_store) && IR_MEM_CLASS(n->aux) >= g->n_classes)
				g->n_classes = IR_MEM_CLASS(n->aux) + 1;
			w |= node_writes(f, n);
		}
		for (uint32_t l = f->block.at[b].loop; l && w; l = f->block.at[l - 1].outer)
			g->writes[l - 1] |= w;
	}
	return any;
}

static void versions_at_start(struct gvn *g, uint32_t b)
{
	const struct ir_func *f = g->f;
	const struct ir_block *blk = &f->block.at[b];

	for (unsigned c = 0; c < g->n_classes; c++) {
		uint32_t v = 0;
		bool fresh = blk->pred.n == 0;

		for (uint32_t k = 0; k < blk->pred.n && !fresh; k++) {
			uint32_t p = blk->pred.at[k], pv = g->version[p * g->n_classes + c];

			if (f->block.at[p].rpo >= blk->rpo)	/* back edge */
				fresh = blk->loop != b + 1 || (g->writes[b] >> c & 1);
			else if (v && v != pv)
				fresh = true;
			else
				v = pv;
		}
		g->now[c] = fresh || !v ? g->next++ : v;
		if (f->immutable >> c & 1)
			g->now[c] = 1;
	}
}

static uint32_t key_hash(const struct ir_node *k)
{
	return hash_u64(((uint64_t)k->op << 56 | (uint64_t)k->type << 48 | (uint64_t)k->aux << 32 | (uint32_t)k->a) * 31 +
		((uint64_t)(uint32_t)k->b << 32 | (uint32_t)k->c) * UINT64_C(0x9e3779b97f4a7c15));
}

static ir_ref find(const struct gvn *g, const struct ir_node *key, uint32_t b)
{
	for (uint32_t i = g->hash[key_hash(key) & (g->cap - 1)]; i; i = g->seen.at[i].next)
		if (!memcmp(&g->seen.at[i].key, key, sizeof *key) && ir_dominates(g->f, g->seen.at[i].block, b))
			return g->seen.at[i].value;
	return IR_NONE;
}

static void remember(struct gvn *g, const struct ir_node *key, ir_ref value, uint32_t b)
{
	uint32_t h = key_hash(key) & (g->cap - 1);

	vec_push(g->f->tmp, &g->seen, ((struct seen){ *key, value, b, g->hash[h] }));
	g->hash[h] = g->seen.n - 1;
}

static void remember_near(struct gvn *g, const struct ir_node *key, ir_ref value, uint32_t b)
{
	remember(g, key, value, b);
	g->near[g->n_near++ % NEAR].key = *key;
	g->near[(g->n_near - 1) % NEAR].value = value;
}

/* What an address is made from. */
static ir_ref object(const struct ir_func *f, ir_ref r)
{
	while (r > 0 && ir_at(f, r)->op == IR_add)
		r = ir_type_of(f, ir_at(f, r)->a) == IR_T_ptr ? ir_at(f, r)->a : ir_at(f, r)->b;
	return r;
}

/* `stack` nodes and constant addresses are; what is added to 0 and its like came from somewhere else. */
static bool is_object(const struct ir_func *f, ir_ref r)
{
	return r > 0 ? ir_at(f, r)->op == IR_stack : r < 0 && (uint64_t)ir_kbits(f, r) >= LOWEST;
}

/* An address made from a `stack` node reaches nothing but that node's memory. */
static bool different_objects(const struct ir_func *f, ir_ref a, ir_ref b)
{
	return a != b && (a > 0 || b > 0) && is_object(f, a) && is_object(f, b);
}

/* Does what `key` loads for sure have the same value when n is stored? */
static bool apart(const struct gvn *g, const struct ir_node *key, ir_ref value, const struct ir_node *n, ir_ref base)
{
	const struct ir_func *f = g->f;
	int64_t a = key->b, b = n->b;

	if (key->a == base)
		return a + ir_access_bytes(key->type, key->aux) <= b || b + ir_access_bytes(ir_type_of(f, n->c), n->aux) <= a;
	/* the value that is there already may be stored again */
	if (value == opt_subst_get(&g->s, n->c) && key->aux == n->aux && IR_MEM_WIDTH(n->aux) == IR_W_FULL && (f->exact >> IR_MEM_CLASS(n->aux) & 1))
		return true;
	return different_objects(f, object(f, key->a), object(f, base));
}

/* Behind a store the known values of other places get the new version. */
static void keep_apart(struct gvn *g, const struct ir_node *n, uint32_t written, uint32_t b)
{
	uint32_t k = g->n_near < NEAR ? g->n_near : NEAR;
	ir_ref base = opt_subst_get(&g->s, n->a);

	while (k-- > 0) {
		struct ir_node *key = &g->near[k].key;
		unsigned c = IR_MEM_CLASS(key->aux);

		if (key->op != IR_load || !(written >> c & 1) || (g->f->immutable >> c & 1))
			continue;
		if (!apart(g, key, g->near[k].value, n, base)) {
			key->op = IR_nop;
			continue;
		}
		key->c = (ir_ref)g->now[c];
		remember(g, key, g->near[k].value, b);
	}
}

static void forget_near(struct gvn *g)
{
	g->n_near = 0;
	for (uint32_t k = 0; k < NEAR; k++)
		g->near[k].key.op = IR_nop;
}

/* The node as a key: what stands for it, without what does not matter. */
static struct ir_node key_of(struct gvn *g, ir_ref r)
{
	struct ir_node k = *ir_at(g->f, r);

	k.a = opt_subst_get(&g->s, k.a);
	if (k.op == IR_load) {
		k.c = (ir_ref)g->now[IR_MEM_CLASS(k.aux)];
	} else {
		k.b = opt_subst_get(&g->s, k.b);
		k.c = 0;
		k.aux = 0;
	}
	return k;
}

static bool visit(struct gvn *g, uint32_t b, ir_ref r)
{
	struct ir_func *f = g->f;
	struct ir_node *n = ir_at(f, r);
	uint32_t w = node_writes(f, n);

	if (n->op == IR_load && (f->changing >> IR_MEM_CLASS(n->aux) & 1))
		return true;
	if (n->op == IR_load || (ir_ops[n->op].flags & IR_GUARD)) {
		struct ir_node key = key_of(g, r);
		ir_ref old = find(g, &key, b);

		if (n->op == IR_check && ir_is_const(key.a) && ir_kbits(f, key.a) && key.b)
			old = key.b;
		if (old && old != r) {
			opt_subst_set(&g->s, r, old);
			g->changed = true;
			return false;
		}
		if (n->op == IR_load)
			remember_near(g, &key, r, b);
		else
			remember(g, &key, r, b);
		return true;
	}
	for (unsigned c = 0; c < g->n_classes; c++)
		if ((w >> c & 1) && !(f->immutable >> c & 1))
			g->now[c] = g->next++;
	if (n->op == IR_store)
		keep_apart(g, n, w, b);
	else if (n->op == IR_call)
		forget_near(g);
	if (n->op == IR_store && IR_MEM_WIDTH(n->aux) == IR_W_FULL) {
		ir_ref v = opt_subst_get(&g->s, n->c);
		struct ir_node key = { .op = IR_load, .type = (uint8_t)ir_type_of(f, v), .aux = n->aux, .a = opt_subst_get(&g->s, n->a), .b = n->b,
			.c = (ir_ref)g->now[IR_MEM_CLASS(n->aux)] };

		remember_near(g, &key, v, b);
	}
	return true;
}

bool opt_gvn(struct ir_func *f)
{
	struct gvn g = { .f = f, .next = 2 };

	ir_analyse(f);
	g.writes = arena_zero(f->tmp, f->block.n * sizeof *g.writes);
	if (!look(&g))
		return false;
	opt_subst_init(&g.s, f);
	g.version = arena_zero(f->tmp, (size_t)f->block.n * g.n_classes * sizeof *g.version);
	for (g.cap = 64; g.cap < f->node.n; g.cap *= 2)
		;
	g.hash = arena_zero(f->tmp, g.cap * sizeof *g.hash);
	vec_push(f->tmp, &g.seen, (struct seen){ .next = 0 });
	for (uint32_t i = 0; i < f->n_order; i++) {
		uint32_t b = f->order[i], kept = 0;
		struct ir_block *blk = &f->block.at[b];

		versions_at_start(&g, b);
		forget_near(&g);
		for (uint32_t k = 0; k < blk->ins.n; k++)
			if (visit(&g, b, blk->ins.at[k]))
				blk->ins.at[kept++] = blk->ins.at[k];
		blk->ins.n = kept;
		memcpy(&g.version[b * g.n_classes], g.now, g.n_classes * sizeof *g.now);
	}
	if (g.changed)
		opt_subst_apply(&g.s, f);
	return g.changed;
}
