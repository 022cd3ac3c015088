/* SPDX-License-Identifier: MIT
 * func.c - making functions node by node: folding, sharing, skeleton order.
 *
 * A pure node is looked up in a hash table before it is made, so equal nodes are one node. Loads and checks are
 * shared inside a block here; across blocks that is the work of opt/gvn.c, which knows dominators.
 */
#include "ir/ir.h"

#include <ctype.h>

enum { MAX_RECENT = 500, FIRST_NODES = 64 };

const struct ir_op_info ir_ops[IR_OP_COUNT] = {
#define PURE IR_PURE
#define COMM IR_COMM
#define FAULT IR_FAULT
#define LOAD IR_LOAD
#define EFFECT IR_EFFECT
#define GUARD IR_GUARD
#define ENDS IR_ENDS
#define VALUES(a) ((a)[0] == 'v' ? IR_VALUE_A : 0) | ((a)[1] == 'v' ? IR_VALUE_B : 0) | ((a)[2] == 'v' ? IR_VALUE_C : 0) | \
	((a)[0] == 'e' || (a)[1] == 'e' || (a)[1] == 'p' ? IR_VALUE_LIST : 0)
#define EDGES(a) ((a)[0] == 'e') + ((a)[1] == 'e') + ((a)[2] == 'e')
#define OP(name, args, result, flags, meaning) { args, result, flags, VALUES(args), EDGES(args) },
#include "ir/ops.def"
#undef PURE
#undef COMM
#undef FAULT
#undef LOAD
#undef EFFECT
#undef GUARD
#undef ENDS
#undef VALUES
#undef EDGES
};
const char *const ir_op_names[IR_OP_COUNT] = {
#define OP(name, args, result, flags, meaning) #name,
#include "ir/ops.def"
};
const struct ir_type_info ir_types[IR_TYPE_COUNT] = {
#define N 'N'
#define G 'G'
#define F 'F'
#define TYPE(name, size, cls) { #name, size, cls },
#include "ir/types.def"
#undef N
#undef G
#undef F
};
const char *const ir_check_names[IR_CHECK_COUNT] = {
#define CHECK(name) #name,
#include "ir/checks.def"
};

const char *const ir_pass_names[IR_PASS_COUNT] = { "", "with", "stack", "stack16" };

struct ir_func *ir_func_new(struct arena *mem, const char *name)
{
	struct ir_func *f = arena_zero(mem, sizeof *f);

	f->mem = f->tmp = mem;
	f->name = arena_strdup(mem, name);
	vec_room(mem, &f->node, FIRST_NODES);
	vec_room(mem, &f->konst, FIRST_NODES / 2);
	vec_push(mem, &f->node, (struct ir_node){ 0 });
	vec_push(mem, &f->konst, (struct ir_const){ 0 });
	vec_push(mem, &f->state, (struct ir_state){ 0 });
	f->hash_cap = f->khash_cap = 2 * FIRST_NODES;
	f->hash = arena_zero(mem, f->hash_cap * sizeof *f->hash);
	f->khash = arena_zero(mem, f->khash_cap * sizeof *f->khash);
	f->next_version = 1;
	return f;
}

ir_ref ir_callee(struct ir_func *f, const char *name, struct ir_func *callee)
{
	uint32_t k = 0;

	while (k < f->callee.n && (f->callee.at[k].f != callee || strcmp(f->callee.at[k].name, name)))
		k++;
	if (k == f->callee.n)
		vec_push(f->mem, &f->callee, ((struct ir_callee){ arena_strdup(f->mem, name), callee }));
	return ir_emit(f, IR_func, IR_T_ptr, 0, (ir_ref)k, 0, 0);
}

uint32_t ir_block_new(struct ir_func *f)
{
	vec_push(f->mem, &f->block, (struct ir_block){ 0 });
	f->analysed = false;
	return f->block.n - 1;
}

void ir_start(struct ir_func *f, uint32_t b)
{
	f->cur = b;
	f->recent.n = 0;
	for (unsigned c = 0; c < IR_MAX_CLASS; c++)
		f->version[c] = f->next_version;
	for (uint32_t left = f->immutable; left; left &= left - 1)
		f->version[__builtin_ctz(left)] = 0;
	f->next_version++;
}

/* ---- constants ------------------------------------------------------------------------------------- */

static int64_t const_bits(enum ir_type t, int64_t bits)
{
	if (t == IR_T_i32)
		return (int32_t)bits;
	return t == IR_T_f32 ? (int64_t)(uint32_t)bits : bits;
}

static void khash_grow(struct ir_func *f)
{
	uint32_t cap = f->khash_cap * 2;
	uint32_t *h = arena_zero(f->mem, cap * sizeof *h);

	for (uint32_t k = 1; k < f->konst.n; k++) {
		uint32_t i = hash_u64((uint64_t)f->konst.at[k].bits * 8 + f->konst.at[k].type) & (cap - 1);

		while (h[i])
			i = (i + 1) & (cap - 1);
		h[i] = k;
	}
	arena_drop(f->mem, f->khash);
	f->khash = h;
	f->khash_cap = cap;
}

static ir_ref find_const(struct ir_func *f, enum ir_type t, int64_t bits, const char *name)
{
	uint32_t i = hash_u64((uint64_t)bits * 8 + t) & (f->khash_cap - 1);

	for (; f->khash[i]; i = (i + 1) & (f->khash_cap - 1)) {
		const struct ir_const *k = &f->konst.at[f->khash[i]];

		if (k->type == t && k->bits == bits && (!name || (k->name && !strcmp(k->name, name))))
			return -(ir_ref)f->khash[i];
	}
	f->khash[i] = f->konst.n;
	vec_push(f->mem, &f->konst, ((struct ir_const){ (uint8_t)t, bits, name }));
	if (f->konst.n * 2 > f->khash_cap)
		khash_grow(f);
	return -(ir_ref)(f->konst.n - 1);
}

ir_ref ir_const(struct ir_func *f, enum ir_type t, int64_t bits)
{
	return find_const(f, t, const_bits(t, bits), NULL);
}

ir_ref ir_const_f64(struct ir_func *f, double x)
{
	int64_t bits;

	memcpy(&bits, &x, 8);
	return ir_const(f, IR_T_f64, bits);
}

double ir_kf64(const struct ir_func *f, ir_ref r)
{
	double x;

	memcpy(&x, &f->konst.at[-r].bits, 8);
	return x;
}

ir_ref ir_const_named(struct ir_func *f, const char *name, const void *p)
{
	return find_const(f, IR_T_ptr, (int64_t)(intptr_t)p, arena_strdup(f->mem, name));
}

/* ---- nodes --------------------------------------------------------------------------------------------- */

ir_ref ir_block_arg(struct ir_func *f, uint32_t b, enum ir_type t)
{
	struct ir_block *blk = &f->block.at[b];
	ir_ref r = ir_raw_node(f, (struct ir_node){ IR_arg, (uint8_t)t, 0, (ir_ref)b, (ir_ref)blk->arg.n, 0 });

	vec_push(f->mem, &f->block.at[b].arg, r);
	return r;
}

ir_ref ir_raw_node(struct ir_func *f, struct ir_node n)
{
	vec_push(f->mem, &f->node, n);
	return (ir_ref)(f->node.n - 1);
}

static enum ir_type result_type(const struct ir_func *f, enum ir_op op, enum ir_type t, ir_ref a, ir_ref b)
{
	switch (ir_ops[op].result) {
	case 'a':
		/* ptr arithmetic: int + ptr is a pointer as well */
		return op == IR_add && ir_type_of(f, b) == IR_T_ptr ? IR_T_ptr : ir_type_of(f, a);
	case 'b': return ir_type_of(f, b);
	case 'w': return IR_T_i32;
	case 't': return t;
	default:  return IR_T_void;
	}
}

/* The same for both orders of the operands, which are one node where the operation is commutative. */
static inline uint32_t node_hash(const struct ir_node *n)
{
	uint64_t head = (uint64_t)n->c << 32 | (uint32_t)n->aux << 16 | (uint32_t)n->type << 8 | n->op;
	uint32_t a = (uint32_t)n->a, b = (uint32_t)n->b;

	return hash_u64(head * UINT64_C(0x9ddfea08eb382d69) + ((uint64_t)(a + b) << 32 | (a ^ b)) * UINT64_C(0xff51afd7ed558ccd));
}

/* Field by field: one that has just been put together cannot be read as a whole before it is in the cache. */
static bool same_node(const struct ir_node *x, const struct ir_node *y)
{
	bool same = x->a == y->a && x->b == y->b;

	if (!same && (x->a != y->b || x->b != y->a || !(ir_ops[x->op].flags & IR_COMM)))
		return false;
	return x->op == y->op && x->type == y->type && x->aux == y->aux && x->c == y->c;
}

static void hash_grow(struct ir_func *f)
{
	uint32_t cap = f->hash_cap * 2;
	uint32_t *h = arena_zero(f->mem, cap * sizeof *h);

	for (uint32_t k = 0; k < f->hash_cap; k++)
		if (f->hash[k]) {
			uint32_t i = node_hash(&f->node.at[f->hash[k]]) & (cap - 1);

			while (h[i])
				i = (i + 1) & (cap - 1);
			h[i] = f->hash[k];
		}
	arena_drop(f->mem, f->hash);
	f->hash = h;
	f->hash_cap = cap;
}

static void remember(struct ir_func *f, uint32_t at, ir_ref r)
{
	f->hash[at] = (uint32_t)r;
	if (++f->hash_n * 2 > f->hash_cap)
		hash_grow(f);
}

static ir_ref share(struct ir_func *f, const struct ir_node *n)
{
	uint32_t i = node_hash(n) & (f->hash_cap - 1);
	ir_ref r;

	for (; f->hash[i]; i = (i + 1) & (f->hash_cap - 1))
		if (same_node(&f->node.at[f->hash[i]], n))
			return (ir_ref)f->hash[i];
	r = ir_raw_node(f, *n);
	remember(f, i, r);
	return r;
}

bool ir_has_op(const struct ir_func *f, enum ir_op op)
{
	for (uint32_t r = 1; r < f->node.n; r++)
		if (f->node.at[r].op == op)
			return true;
	return false;
}

bool ir_calls_twice(const struct ir_func *f)
{
	for (uint32_t i = 0; i < f->call.n; i++)
		if (f->call.at[i].flags & IR_CALL_TWICE)
			return true;
	return false;
}

void ir_forget_shared(struct ir_func *f)
{
	memset(f->hash, 0, f->hash_cap * sizeof *f->hash);
	f->hash_n = 0;
}

ir_ref ir_again(struct ir_func *f, ir_ref r)
{
	struct ir_node n = *ir_at(f, r);
	ir_ref x = ir_fold(f, &n);
	uint32_t i;

	if (x)
		return x;
	*ir_at(f, r) = n;
	if (ir_pinned(f, &n))
		return r;
	for (i = node_hash(&n) & (f->hash_cap - 1); f->hash[i]; i = (i + 1) & (f->hash_cap - 1))
		if (f->hash[i] == (uint32_t)r || same_node(&f->node.at[f->hash[i]], &n))
			return (ir_ref)f->hash[i];
	remember(f, i, r);
	return r;
}

/* A load or check of this block, not too far back, that is the same node, or 0. */
static ir_ref seen_in_block(const struct ir_func *f, const struct ir_node *n)
{
	for (uint32_t i = f->recent.n; i-- > 0 && f->recent.n - i <= MAX_RECENT;) {
		const struct ir_node *m = ir_at(f, f->recent.at[i]);

		if (m->op == n->op && m->type == n->type && m->a == n->a && m->b == n->b &&
		    (n->op == IR_load ? m->aux == n->aux && m->c == n->c : n->op == IR_check))
			return f->recent.at[i];
	}
	return IR_NONE;
}

static void new_versions(struct ir_func *f, uint32_t classes)
{
	classes = ir_touched(f, classes);
	for (unsigned c = 0; classes; c++, classes >>= 1)
		if (classes & 1)
			f->version[c] = f->next_version++;
}

static ir_ref append(struct ir_func *f, struct ir_node n)
{
	unsigned flags = ir_ops[n.op].flags;
	ir_ref r;

	if (n.op == IR_load || n.op == IR_check) {
		r = f->no_fold ? IR_NONE : seen_in_block(f, &n);
		if (r)
			return r;
	}
	/* br k, yes, no => jmp; switch k, and one that leads to one place only => jmp */
	if (n.op == IR_br && ir_is_const(n.a) && !f->no_fold)
		n = (struct ir_node){ .op = IR_jmp, .a = ir_kbits(f, n.a) ? n.b : n.c };
	if (n.op == IR_switch && ir_edges(f, &n) == 1)
		n = (struct ir_node){ .op = IR_jmp, .a = (ir_ref)ir_edge_at(f, &n, 0) };
	if (n.op == IR_switch && ir_is_const(n.a) && !f->no_fold)
		n = (struct ir_node){ .op = IR_jmp, .a = (ir_ref)ir_edge_at(f, &n, ir_switch_way(f, &n, ir_kbits(f, n.a))) };
	r = ir_raw_node(f, n);
	if (flags & IR_ENDS) {
		if (f->block.at[f->cur].control && !f->bad)
			f->bad = "a block has two control nodes";
		f->block.at[f->cur].control = r;
		f->analysed = false;
		return r;
	}
	vec_push(f->mem, &f->block.at[f->cur].ins, r);
	if (n.op == IR_load || n.op == IR_check)
		vec_push(f->mem, &f->recent, r);
	else if (n.op == IR_store)
		new_versions(f, UINT32_C(1) << IR_MEM_CLASS(n.aux));
	else if (n.op == IR_call)
		new_versions(f, f->call.at[n.c].writes);
	return r;
}

ir_ref ir_emit(struct ir_func *f, enum ir_op op, enum ir_type t, unsigned aux, ir_ref a, ir_ref b, ir_ref c)
{
	struct ir_node n = { (uint8_t)op, (uint8_t)result_type(f, op, t, a, b), (uint16_t)aux, a, b, c };

	if (!f->no_fold) {
		ir_ref r = ir_fold(f, &n);

		if (r)
			return r;
	}
	return ir_pinned(f, &n) ? append(f, n) : share(f, &n);
}

/* ---- the operations with more than three operands ----------------------------------------------------------- */

ir_ref ir_load(struct ir_func *f, enum ir_type t, enum ir_width w, unsigned cls, ir_ref base, int32_t off)
{
	if (f->changing >> cls & 1)
		f->version[cls] = f->next_version++;
	return ir_emit(f, IR_load, t, IR_MEM_AUX(cls, w), base, off, (ir_ref)f->version[cls]);
}

void ir_store(struct ir_func *f, enum ir_width w, unsigned cls, ir_ref base, int32_t off, ir_ref v)
{
	ir_emit(f, IR_store, IR_T_void, IR_MEM_AUX(cls, w), base, off, v);
}

const uint8_t *ir_pass(struct ir_func *f, uint32_t n, const uint8_t *pass)
{
	uint8_t *copy;
	uint32_t k = 0;

	while (pass && k < n && pass[k] == IR_PASS_ALONE)
		k++;
	if (!pass || k == n)
		return NULL;
	copy = arena_alloc(f->mem, n);
	memcpy(copy, pass, n);
	return copy;
}

bool ir_same_pass(const uint8_t *a, const uint8_t *b, uint32_t n)
{
	for (uint32_t k = 0; (a || b) && k < n; k++)
		if ((a ? a[k] : IR_PASS_ALONE) != (b ? b[k] : IR_PASS_ALONE))
			return false;
	return true;
}

ir_ref ir_call_(struct ir_func *f, ir_ref target, const struct ir_call *d, uint32_t n, const ir_ref *args)
{
	uint32_t at = f->pool.n;

	for (uint32_t i = 0; i < n; i++)
		vec_push(f->mem, &f->pool, args[i]);
	vec_push(f->mem, &f->call, *d);
	return ir_emit(f, IR_call, d->n_results ? d->result[0] : IR_T_void, n, target, (ir_ref)at, (ir_ref)(f->call.n - 1));
}

ir_ref ir_check(struct ir_func *f, enum ir_check_kind k, ir_ref cond, ir_ref v, uint32_t state)
{
	return ir_emit(f, IR_check, IR_T_void, k, cond, v, (ir_ref)state);
}

uint32_t ir_edge_new(struct ir_func *f, uint32_t to, uint32_t n, const ir_ref *args)
{
	uint32_t at = f->pool.n;

	for (uint32_t i = 0; i < n; i++)
		vec_push(f->mem, &f->pool, args[i]);
	vec_push(f->mem, &f->edge, ((struct ir_edge){ to, at, n }));
	return f->edge.n - 1;
}

void ir_jmp(struct ir_func *f, uint32_t to, uint32_t n, const ir_ref *args)
{
	ir_emit(f, IR_jmp, IR_T_void, 0, (ir_ref)ir_edge_new(f, to, n, args), 0, 0);
}

void ir_br(struct ir_func *f, ir_ref cond, uint32_t yes, uint32_t no)
{
	ir_emit(f, IR_br, IR_T_void, 0, cond, (ir_ref)yes, (ir_ref)no);
}

void ir_switch(struct ir_func *f, ir_ref v, uint32_t n, const uint32_t *to)
{
	uint32_t first = UINT32_MAX, last = 0, at = f->pool.n, *way;	/* way: by block from `first` on, 1 + which of the edges leads to it */

	for (uint32_t k = 0; k < n; k++) {
		first = to[k] < first ? to[k] : first;
		last = to[k] > last ? to[k] : last;
	}
	way = arena_zero(f->tmp, (size_t)(last - first + 1) * sizeof *way);
	vec_push(f->mem, &f->pool, 0);
	for (uint32_t k = 0; k < n; k++)
		if (!way[to[k] - first]) {
			ir_ref e = (ir_ref)ir_edge_new(f, to[k], 0, NULL);

			vec_push(f->mem, &f->pool, e);
			way[to[k] - first] = (uint32_t)++f->pool.at[at];
		}
	for (uint32_t k = 0; k < n; k++)
		vec_push(f->mem, &f->pool, (ir_ref)way[to[k] - first] - 1);
	ir_emit(f, IR_switch, IR_T_void, 0, v, (ir_ref)at, (ir_ref)n);
}

void ir_ret(struct ir_func *f, ir_ref a, ir_ref b)
{
	ir_emit(f, IR_ret, IR_T_void, 0, a, b, 0);
}

void ir_exit(struct ir_func *f, uint32_t state)
{
	ir_emit(f, IR_exit, IR_T_void, 0, 0, 0, (ir_ref)state);
}

uint32_t ir_state_new(struct ir_func *f, const struct ir_state *s, const struct ir_slot *slots)
{
	struct ir_state x = *s;
	uint32_t n = f->block.n ? f->block.at[f->cur].ins.n : 0;

	x.slots = f->slot.n;
	for (uint32_t i = 0; i < s->n; i++)
		vec_push(f->mem, &f->slot, slots[i]);
	x.block = f->cur;
	x.after = IR_NONE;
	while (n-- > 0 && !x.after)
		if (ir_ops[ir_at(f, f->block.at[f->cur].ins.at[n])->op].flags & IR_EFFECT)
			x.after = f->block.at[f->cur].ins.at[n];
	vec_push(f->mem, &f->state, x);
	return f->state.n - 1;
}

/* ---- looking at nodes --------------------------------------------------------------------------------------------- */

void ir_visit_state(struct ir_func *f, uint32_t state, ir_visit_fn *fn, void *arg)
{
	for (; state; state = f->state.at[state].parent) {
		struct ir_state *s = &f->state.at[state];

		if (s->frame)
			fn(arg, &s->frame);
		for (uint32_t i = 0; i < s->n; i++) {
			struct ir_slot *sl = &f->slot.at[s->slots + i];

			if (sl->value)
				fn(arg, &sl->value);
			if (sl->tag_ref)
				fn(arg, &sl->tag_ref);
		}
	}
}

struct collect { ir_ref *out; uint32_t n, max; };

static void collect_one(void *arg, ir_ref *operand)
{
	struct collect *c = arg;

	if (c->out && c->n < c->max)
		c->out[c->n] = *operand;
	c->n++;
}

uint32_t ir_operands(const struct ir_func *f, ir_ref n, ir_ref *out, uint32_t max)
{
	struct collect c = { out, 0, max };

	ir_visit((struct ir_func *)(uintptr_t)f, ir_at(f, n), collect_one, &c);
	return c.n;
}

enum ir_width ir_store_width(enum ir_type t, unsigned aux)
{
	(void)t;
	return IR_MEM_WIDTH(aux);
}

unsigned ir_access_bytes(enum ir_type t, unsigned aux)
{
	switch (IR_MEM_WIDTH(aux)) {
	case IR_W_8S: case IR_W_8U: return 1;
	case IR_W_16S: case IR_W_16U: return 2;
	case IR_W_32S: case IR_W_32U: return 4;
	default: return ir_types[t].size;
	}
}

/* A name has to read back as itself, and as this class alone. */
const char *ir_name_class(struct ir_func *f, unsigned cls, const char *name)
{
	if (!name || (!isalpha((unsigned char)*name) && *name != '_'))
		return "the name of an alias class begins with a letter";
	for (const char *s = name; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("_.$", *s))
			return "the name of an alias class is made of letters, digits, _, . and $";
	for (uint32_t c = 0; c < f->n_classes; c++)
		if (c != cls && f->class_name[c] && !strcmp(f->class_name[c], name))
			return "two alias classes have the same name";
	f->class_name[cls] = name;
	f->n_classes = f->n_classes > cls ? f->n_classes : cls + 1;
	return NULL;
}
