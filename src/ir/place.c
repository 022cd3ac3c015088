/* SPDX-License-Identifier: MIT
 * place.c - give every needed pure node a block and an order.
 *
 * Click, "Global Code Motion / Global Value Numbering" (PLDI 1995): the earliest legal block is the deepest of the
 * operands' blocks, the latest is the common dominator of the uses; between the two the block in the fewest loops
 * wins, the latest of equals. In a function with calls, what ends the lives of two values goes up as far as is surely
 * not in vain. Inside a block a pure node stands right before its first user. Nodes nobody needs get no place. The
 * order depends only on the graph and the skeleton, not on node numbers, so that printing a function, reading it back
 * and printing it again gives the same text. Linear in nodes and uses, but for walks up the dominators.
 */
#include "ir/ir.h"

#define UNPLACED UINT32_MAX

struct place {
	struct ir_func *f;
	struct arena *mem;
	uint32_t *early, *late, *block;		/* by node; late: while a block with calls is written, see find_ready */
	uint8_t *state;				/* 0 new, 1 on the stack, 2 done, 3 written */
	uint8_t *step; bool steps, depends;	/* see mark_steps */
	uint8_t *need;				/* by pure node: registers that computing it takes, at a guess */
	uint32_t *uses;				/* by node: how many */
	uint32_t *ready;			/* by place in a block: the first pure node that could stand there */
	uint32_t *next;				/* by pure node: the next one of the same place */
	ir_ref wanted[3]; unsigned n_wanted;	/* operands of the node at hand that are to be written */
	VEC(ir_ref) topo;			/* pure nodes, operands first */
	VEC(ir_ref) stack;
	uint32_t use_block;			/* where the use being visited happens */
	uint32_t early_block;			/* of the node whose operands are visited, so far */
	VEC(ir_ref) *out;
	VEC(ir_ref) *of_block;			/* pure nodes by block, in topological order */
	uint32_t emitting;
};

static bool floats(const struct place *p, ir_ref r)
{
	return r > 0 && !ir_pinned(p->f, ir_at(p->f, r));
}

static void push_operand(void *arg, ir_ref *operand)
{
	struct place *p = arg;

	if (floats(p, *operand) && p->state[*operand] == 0)
		vec_push(p->mem, &p->stack, *operand);
}

/* Is that a pure node that reach() has come to? Those are all that anybody needs. */
static bool reached(const struct place *p, ir_ref r)
{
	return r > 0 && p->state[r];
}

/* An operand of a pure node that is reached. */
static void use_and_deepen(void *arg, ir_ref *operand)
{
	struct place *p = arg;
	const struct ir_func *f = p->f;
	ir_ref r = *operand;

	if (r <= 0)
		return;
	p->uses[r]++;
	if (f->block.at[p->early[r]].depth > f->block.at[p->early_block].depth)
		p->early_block = p->early[r];
}

/* Pure node r and all that it needs: operands first. */
static void reach(struct place *p, ir_ref r)
{
	vec_push(p->mem, &p->stack, r);
	while (p->stack.n) {
		r = p->stack.at[p->stack.n - 1];
		if (p->state[r] == 0) {
			p->state[r] = 1;
			ir_visit(p->f, ir_at(p->f, r), push_operand, p);
			continue;
		}
		p->stack.n--;
		if (p->state[r] == 1) {
			p->state[r] = 2;
			vec_push(p->mem, &p->topo, r);
			p->early_block = 0;
			ir_visit(p->f, ir_at(p->f, r), use_and_deepen, p);
			p->early[r] = p->early_block;
		}
	}
}

/* Calls fn for every operand of every pinned node of block b, states included. */
static void each_use(struct place *p, uint32_t b, ir_visit_fn *fn)
{
	struct ir_block *blk = &p->f->block.at[b];

	p->use_block = b;
	if (blk->state)
		ir_visit_state(p->f, blk->state, fn, p);
	for (uint32_t i = 0; i <= blk->ins.n; i++) {
		ir_ref r = i < blk->ins.n ? blk->ins.at[i] : blk->control;

		if (!r || !ir_pinned(p->f, ir_at(p->f, r)))
			continue;
		ir_visit(p->f, ir_at(p->f, r), fn, p);
		ir_visit_kept(p->f, ir_at(p->f, r), fn, p);
	}
}

/* Mostly one of them dominates the other; only a way up from one that does not is walked. */
static uint32_t common_dominator(const struct ir_func *f, uint32_t a, uint32_t b)
{
	if (ir_dominates(f, b, a))
		return b;
	while (!ir_dominates(f, a, b))
		a = f->block.at[a].idom;
	return a;
}

static inline void widen(struct place *p, ir_ref r)
{
	p->late[r] = p->late[r] == UNPLACED ? p->use_block : common_dominator(p->f, p->late[r], p->use_block);
}

/* An operand of a pinned node. */
static void reach_and_widen(void *arg, ir_ref *operand)
{
	struct place *p = arg;
	ir_ref r = *operand;

	if (r <= 0)
		return;
	p->uses[r]++;
	if (!p->state[r]) {
		if (ir_pinned(p->f, ir_at(p->f, r)))
			return;
		reach(p, r);
	}
	widen(p, r);
}

/* An operand of a pure node that has been reached. */
static void widen_operand(void *arg, ir_ref *operand)
{
	struct place *p = arg;

	if (reached(p, *operand))
		widen(p, *operand);
}

/* Two operands that nobody else uses: the sooner it is computed, the fewer values are alive. Comparisons stay with their branches. */
static bool ends_lives(const struct place *p, ir_ref r)
{
	const struct ir_node *n = ir_at(p->f, r);
	const ir_ref operand[] = { n->a, n->b, n->c };
	unsigned ended = 0;

	if (n->op >= IR_eq && n->op <= IR_fle)
		return false;
	for (unsigned k = 0; k < 3; k++)
		ended += (ir_ops[n->op].values >> k & 1) && operand[k] > 0 && p->uses[operand[k]] == 1;
	return ended >= 2;
}

/* Is block b come to whenever its dominator is, as far as can be seen at a glance: ways meet there, or a loop has ended? */
static bool certain(const struct ir_func *f, uint32_t b)
{
	const struct ir_block *blk = &f->block.at[b];

	return blk->pred.n > 1 || ir_succs(f, blk->idom) == 1 || f->block.at[blk->idom].loop_depth > blk->loop_depth;
}

/* The first block, in no more loops than b, from which b is certainly come to and where r can be computed. */
static uint32_t soonest(const struct place *p, ir_ref r, uint32_t b)
{
	const struct ir_func *f = p->f;
	uint32_t best = b;

	while (b != p->early[r] && certain(f, b)) {
		b = f->block.at[b].idom;
		if (f->block.at[b].loop_depth <= f->block.at[best].loop_depth)
			best = b;
	}
	return best;
}

static void choose(struct place *p, ir_ref r)
{
	const struct ir_func *f = p->f;
	uint32_t best = p->late[r];

	for (uint32_t b = p->late[r]; ; b = f->block.at[b].idom) {
		if (f->block.at[b].loop_depth < f->block.at[best].loop_depth)
			best = b;
		if (b == p->early[r] || b == 0 || f->block.at[best].loop_depth == 0)
			break;
	}
	if (best != p->early[r] && f->call.n && ends_lives(p, r))
		best = soonest(p, r, best);
	p->block[r] = best;
}

/* Registers for a tree whose operands are computed one after the other, the one that takes more first: Sethi and Ullman, "The
 * Generation of Optimal Code for Arithmetic Expressions" (JACM 1970). */
static void count_need(struct place *p, ir_ref r)
{
	const struct ir_node *n = ir_at(p->f, r);
	const ir_ref operand[] = { n->a, n->b, n->c };
	unsigned most = 1;

	for (unsigned k = 0; k < 3; k++) {
		ir_ref x = operand[k];
		unsigned need = (ir_ops[n->op].values >> k & 1) && x > 0 ? (reached(p, x) && p->block[x] == p->block[r] ? p->need[x] : 1) : 0;

		most = need > most ? need : most + (k && need == most);
	}
	p->need[r] = most < UINT8_MAX ? (uint8_t)most : UINT8_MAX;
}

static bool is_wanted(const struct place *p, ir_ref r)
{
	return reached(p, r) && p->state[r] != 3 && p->block[r] == p->emitting;
}

static void want(void *arg, ir_ref *operand)
{
	struct place *p = arg;
	unsigned k = p->n_wanted;

	if (!is_wanted(p, *operand))
		return;
	/* pushed in the order of need, so that what takes most comes first, of equals the first operand */
	for (; k && p->need[p->wanted[k - 1]] >= p->need[*operand]; k--)
		p->wanted[k] = p->wanted[k - 1];
	p->wanted[k] = *operand;
	p->n_wanted++;
}

/* Writes the pure nodes of this block that *operand needs and that were not written yet. */
static void write_before(void *arg, ir_ref *operand)
{
	struct place *p = arg;

	if (is_wanted(p, *operand))
		vec_push(p->mem, &p->stack, *operand);
	while (p->stack.n) {
		ir_ref r = p->stack.at[p->stack.n - 1];

		if (p->state[r] == 2) {
			p->state[r] = 1;
			p->n_wanted = 0;
			ir_visit(p->f, ir_at(p->f, r), want, p);
			for (unsigned k = 0; k < p->n_wanted; k++)
				vec_push(p->mem, &p->stack, p->wanted[k]);
			continue;
		}
		p->stack.n--;
		if (p->state[r] == 1) {
			p->state[r] = 3;
			vec_push(p->mem, &p->out[p->emitting], r);
		}
	}
}

static void note_step(void *arg, ir_ref *operand)
{
	struct place *p = arg;

	if (*operand > 0 && p->step[*operand] && p->block[*operand] == p->emitting)
		p->depends = true;
}

/* Marks the pure nodes that compute the next value of a loop's argument from the argument: written last in their blocks, with
 * what needs them, they can take over the argument's register. */
static void mark_steps(struct place *p)
{
	const struct ir_func *f = p->f;

	for (uint32_t i = 0; i < f->n_order; i++) {
		uint32_t b = f->order[i];
		unsigned n = ir_succs(f, b);

		for (unsigned k = 0; k < n; k++) {
			const struct ir_edge *x = ir_out(f, b, k);
			const struct ir_block *to = &f->block.at[x->to];

			for (uint32_t q = 0; to->rpo <= f->block.at[b].rpo && q < x->n && q < to->arg.n; q++) {
				ir_ref r = f->pool.at[x->args + q], arg = to->arg.at[q];

				if (reached(p, r) && (ir_at(f, r)->a == arg || ir_at(f, r)->b == arg))
					p->step[r] = p->steps = true;
			}
		}
	}
}

static void mark_dependents(struct place *p, uint32_t b)
{
	for (uint32_t i = 0; i < p->of_block[b].n; i++) {
		ir_ref r = p->of_block[b].at[i];

		p->depends = false;
		ir_visit(p->f, ir_at(p->f, r), note_step, p);
		p->step[r] |= p->depends;
	}
}

/* Is x, an operand in field k of n, a value that block b makes or is passed? */
static bool made_in(const struct place *p, const struct ir_node *n, unsigned k, ir_ref x, uint32_t b)
{
	return (ir_ops[n->op].values >> k & 1) && x > 0 && (reached(p, x) ? p->block[x] : p->early[x]) == b;
}

/* The place in block b from which on pure node r could stand, in late[r]: behind the last of its operands. */
static void find_ready(struct place *p, uint32_t b)
{
	struct ir_func *f = p->f;
	const struct ir_block *blk = &f->block.at[b];

	memset(p->ready, 0, (blk->ins.n + 1) * sizeof *p->ready);
	for (uint32_t i = 0; i < blk->arg.n; i++)
		p->late[blk->arg.at[i]] = 0;
	for (uint32_t i = 0; i < blk->ins.n; i++)
		if (!reached(p, blk->ins.at[i]))
			p->late[blk->ins.at[i]] = i + 1;
	for (uint32_t i = 0; i < p->of_block[b].n; i++) {
		ir_ref r = p->of_block[b].at[i];
		const struct ir_node *n = ir_at(f, r);
		const ir_ref operand[] = { n->a, n->b, n->c };
		uint32_t at = 0;

		for (unsigned k = 0; k < 3; k++) {
			ir_ref x = operand[k];

			/* what is in no block, which the verifier will say, is as in the first one */
			if (made_in(p, n, k, x, b) && p->late[x] != UNPLACED && p->late[x] > at)
				at = p->late[x];
		}
		p->late[r] = at;
	}
	for (uint32_t i = p->of_block[b].n; i-- > 0;) {
		ir_ref r = p->of_block[b].at[i];

		p->next[r] = p->ready[p->late[r]];
		p->ready[p->late[r]] = (uint32_t)r;
	}
}

/* Is r the only user of some operand that was made in block b? Then computing it keeps no more values alive than there are. */
static bool takes_over(const struct place *p, ir_ref r, uint32_t b)
{
	const struct ir_node *n = ir_at(p->f, r);
	const ir_ref operand[] = { n->a, n->b, n->c };

	for (unsigned k = 0; k < 3; k++) {
		ir_ref x = operand[k];

		if (made_in(p, n, k, x, b) && p->uses[x] == 1)
			return true;
	}
	return false;
}

/* Before a call, which all values that are alive have to get across: what takes over others is computed. Places *from to `to` are looked at. */
static void write_ready(struct place *p, uint32_t b, uint32_t *from, uint32_t to)
{
	if (*from == 0)
		find_ready(p, b);
	for (; *from <= to; ++*from)
		for (uint32_t r = p->ready[*from]; r; r = p->next[r]) {
			ir_ref pure = (ir_ref)r;

			if (p->state[r] != 3 && takes_over(p, pure, b))
				write_before(p, &pure);
		}
}

static void write_block(struct place *p, uint32_t b)
{
	struct ir_func *f = p->f;
	struct ir_block *blk = &f->block.at[b];
	uint32_t looked_at = 0;

	p->emitting = b;
	if (blk->state)
		ir_visit_state(f, blk->state, write_before, p);
	for (uint32_t i = 0; i < blk->ins.n; i++) {
		ir_ref r = blk->ins.at[i];

		if (!ir_pinned(f, ir_at(f, r)))
			continue;
		if (ir_at(f, r)->op == IR_call && p->of_block[b].n)
			write_ready(p, b, &looked_at, i);
		/* operands are visited in order, so pure nodes come out in the order of their first use */
		ir_visit(f, ir_at(f, r), write_before, p);
		ir_visit_kept(f, ir_at(f, r), write_before, p);
		vec_push(p->mem, &p->out[b], r);
	}
	if (p->steps)
		mark_dependents(p, b);
	/* from the last on, which are those that others need, so that a whole tree is written at a time */
	for (uint32_t i = p->of_block[b].n; p->steps && i-- > 0;)
		if (!p->step[p->of_block[b].at[i]])
			write_before(p, &p->of_block[b].at[i]);
	for (uint32_t i = p->of_block[b].n; i-- > 0;)
		write_before(p, &p->of_block[b].at[i]);
}

/* Finds the pure nodes that are needed, the earliest block of each, and the latest for what pinned nodes use. */
static void prepare(struct place *p)
{
	struct ir_func *f = p->f;

	ir_analyse(f);
	p->early = arena_zero(p->mem, f->node.n * sizeof *p->early);
	p->late = arena_alloc(p->mem, f->node.n * sizeof *p->late);
	memset(p->late, 0xff, f->node.n * sizeof *p->late);
	p->block = arena_zero(p->mem, f->node.n * sizeof *p->block);
	p->uses = arena_zero(p->mem, f->node.n * sizeof *p->uses);
	p->state = arena_zero(p->mem, f->node.n);
	for (uint32_t i = 0; i < f->n_order; i++) {
		struct ir_block *b = &f->block.at[f->order[i]];

		for (uint32_t k = 0; k < b->ins.n; k++)
			p->early[b->ins.at[k]] = f->order[i];
		for (uint32_t k = 0; k < b->arg.n; k++)
			p->early[b->arg.at[k]] = f->order[i];
	}
	for (uint32_t i = 0; i < f->n_order; i++)
		each_use(p, f->order[i], reach_and_widen);
}

static uint32_t longest_block(const struct ir_func *f)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < f->n_order; i++)
		most = f->block.at[f->order[i]].ins.n > most ? f->block.at[f->order[i]].ins.n : most;
	return most;
}

struct ir_placement ir_placement(struct ir_func *f, struct arena *mem)
{
	struct place p = { .f = f, .mem = mem };
	uint32_t *pure;			/* by block: pure nodes in it */

	prepare(&p);
	p.step = arena_zero(mem, f->node.n);
	p.need = arena_alloc(mem, f->node.n);
	if (f->call.n) {
		p.ready = arena_alloc(mem, (longest_block(f) + 1) * sizeof *p.ready);
		p.next = arena_alloc(mem, f->node.n * sizeof *p.next);
	}
	p.out = arena_zero(mem, f->block.n * sizeof *p.out);
	p.of_block = arena_zero(mem, f->block.n * sizeof *p.of_block);
	pure = arena_zero(mem, f->block.n * sizeof *pure);
	for (uint32_t i = p.topo.n; i-- > 0;) {
		choose(&p, p.topo.at[i]);
		p.use_block = p.block[p.topo.at[i]];
		pure[p.use_block]++;
		ir_visit(f, ir_at(f, p.topo.at[i]), widen_operand, &p);
	}
	for (uint32_t i = 0; i < f->n_order; i++) {
		uint32_t b = f->order[i];

		vec_room(mem, &p.of_block[b], pure[b]);
		vec_room(mem, &p.out[b], pure[b] + f->block.at[b].ins.n);
	}
	for (uint32_t i = 0; i < p.topo.n; i++) {
		count_need(&p, p.topo.at[i]);
		vec_push(mem, &p.of_block[p.block[p.topo.at[i]]], p.topo.at[i]);
	}
	mark_steps(&p);
	for (uint32_t i = 0; i < f->n_order; i++)
		write_block(&p, f->order[i]);
	return (struct ir_placement){ .of_block = (void *)p.out };
}

/* ---- splitting ---------------------------------------------------------------------------------------------------------
 *
 * Sharing puts what many arms of a switch have in common before the switch, where it is computed for all of them and kept in
 * memory until one arm wants it. Where a pure node is used in at least MIN_WAYS blocks below its place, two where a table of jumps
 * leads away from there, and some way from there (that is not cold) needs it nowhere, it is made anew for each region in which every way needs it; no way computes it more
 * often than once for each region that it comes through. Users first, so that operands follow. For functions without frame states that
 * are long or have such a table, only when code is made: the text form shares equal nodes again.
 */

enum { MIN_BLOCKS = 40, MIN_WAYS = 4, MAX_WAYS = 500, MANY_BLOCKS = 8000 };
struct use { uint32_t next, block; bool in_pool; size_t at; };	/* at: of the reference, in the pool or in the bytes of the nodes */
struct split {
	struct place p;
	uint32_t *first;			/* by node: its uses */
	VEC(struct use) use;
	bool *need, *used;			/* by place in f->order: every way from there comes to a use; has a use */
	uint32_t *way;				/* by block: its number among the regions of this node, from 1 */
	uint64_t budget;			/* blocks that may still be looked at */
};

static ir_ref *slot_of(const struct split *s, const struct use *u)
{
	return u->in_pool ? &s->p.f->pool.at[u->at] : (ir_ref *)(void *)((char *)s->p.f->node.at + u->at);
}

static void note_use(void *arg, ir_ref *operand)
{
	struct split *s = arg;
	struct ir_func *f = s->p.f;
	size_t at = (size_t)((uintptr_t)operand - (uintptr_t)f->node.at);
	struct use u = { .block = s->p.use_block, .at = at };

	if (!floats(&s->p, *operand))
		return;
	if (at >= f->node.n * sizeof *f->node.at) {
		u.in_pool = true;
		u.at = (size_t)(operand - f->pool.at);
	}
	u.next = s->first[*operand];
	s->first[*operand] = s->use.n;
	vec_push(s->p.mem, &s->use, u);
}

/* The block where a node with these uses goes that could be in early already. */
static uint32_t place_of(struct split *s, ir_ref r, uint32_t uses, uint32_t only)
{
	struct place *p = &s->p;

	p->late[r] = UNPLACED;
	for (uint32_t i = uses; i; i = s->use.at[i].next)
		if (!only || s->way[s->use.at[i].block] == only)
			p->late[r] = p->late[r] == UNPLACED ? s->use.at[i].block : common_dominator(p->f, p->late[r], s->use.at[i].block);
	choose(p, r);
	return p->block[r];
}

/* Sets need for blocks from `from` on, in order, up to the last use; false: too much work. */
static bool find_need(struct split *s, ir_ref r, uint32_t from)
{
	const struct ir_func *f = s->p.f;
	uint32_t last = from;

	for (uint32_t i = s->first[r]; i; i = s->use.at[i].next)
		if (f->block.at[s->use.at[i].block].rpo > last)
			last = f->block.at[s->use.at[i].block].rpo;
	if (s->budget < last - from)
		return false;
	s->budget -= last - from;
	for (uint32_t i = s->first[r]; i; i = s->use.at[i].next)
		s->used[f->block.at[s->use.at[i].block].rpo] = true;
	for (uint32_t i = last + 1; i-- > from;) {
		unsigned n = ir_succs(f, f->order[i]);
		bool all = n > 0;

		for (unsigned k = 0; k < n; k++) {
			uint32_t to = f->block.at[ir_out(f, f->order[i], k)->to].rpo;

			all = all && to > i && (f->block.at[ir_out(f, f->order[i], k)->to].cold || (to <= last && s->need[to]));
		}
		s->need[i] = all || s->used[i];
		s->used[i] = false;
	}
	return true;
}

/* The head of the region of a use: the highest block below `top` that needs r on every way; top: in more loops than it. */
static uint32_t region(struct split *s, uint32_t b, uint32_t top)
{
	const struct ir_func *f = s->p.f;
	uint32_t head = b, way = f->block.at[b].depth - f->block.at[top].depth;

	if (s->budget < way)
		return top;
	s->budget -= way;
	for (; b != top; b = f->block.at[b].idom)
		if (s->need[f->block.at[b].rpo])
			head = b;
	while (head != top && f->block.at[head].loop_depth > f->block.at[top].loop_depth)
		head = f->block.at[head].idom;
	return head;
}

/* Numbers the regions of the uses of r below block top; 0: it stays where it is. */
static uint32_t find_ways(struct split *s, ir_ref r, uint32_t top, uint32_t *head)
{
	const struct ir_func *f = s->p.f;
	uint32_t blocks = 0, n = 0, least = ir_at(f, f->block.at[top].control)->op == IR_switch ? 2 : MIN_WAYS;

	for (uint32_t i = s->first[r], last = UNPLACED; i; i = s->use.at[i].next) {
		if (s->use.at[i].block == top || blocks == MAX_WAYS)
			return 0;
		blocks += s->use.at[i].block != last;
		last = s->use.at[i].block;
	}
	if (blocks < least || !find_need(s, r, f->block.at[top].rpo) || s->need[f->block.at[top].rpo])
		return 0;
	for (uint32_t i = s->first[r]; i; i = s->use.at[i].next) {
		uint32_t h = region(s, s->use.at[i].block, top), k = 0;

		if (h == top)
			return 0;
		while (k < n && head[k] != h)
			k++;
		if (k == n)
			head[n++] = h;
		s->way[s->use.at[i].block] = k + 1;
	}
	return n < least ? 0 : n;
}

static void split_node(struct split *s, ir_ref r, uint32_t *head)
{
	struct ir_func *f = s->p.f;
	uint32_t top = place_of(s, r, s->first[r], 0), n = find_ways(s, r, top, head);

	for (uint32_t k = 1; k <= n; k++) {
		uint32_t b = place_of(s, r, s->first[r], k);
		ir_ref copy = k == 1 ? r : ir_raw_node(f, *ir_at(f, r));

		for (uint32_t i = s->first[r]; i; i = s->use.at[i].next)
			if (s->way[s->use.at[i].block] == k)
				*slot_of(s, &s->use.at[i]) = copy;
		s->p.use_block = b;
		ir_visit(f, ir_at(f, copy), note_use, s);
	}
	if (!n) {
		s->p.use_block = top;
		ir_visit(f, ir_at(f, r), note_use, s);
	}
}

static void split_shared(struct ir_func *f)
{
	struct split s = { .p = { .f = f, .mem = f->tmp } };
	uint32_t *head;

	ir_analyse(f);
	if (f->n_order < MIN_BLOCKS && !ir_has_op(f, IR_switch))
		return;
	prepare(&s.p);
	head = arena_alloc(f->tmp, MAX_WAYS * sizeof *head);
	s.first = arena_zero(f->tmp, f->node.n * sizeof *s.first);
	s.need = arena_zero(f->tmp, f->n_order);
	s.used = arena_zero(f->tmp, f->n_order);
	s.way = arena_zero(f->tmp, f->block.n * sizeof *s.way);
	s.budget = UINT64_C(500) * (f->n_order < MANY_BLOCKS ? f->n_order : MANY_BLOCKS) + 100000;
	vec_push(f->tmp, &s.use, ((struct use){ 0 }));
	for (uint32_t i = 0; i < f->n_order; i++)
		each_use(&s.p, f->order[i], note_use);
	for (uint32_t i = s.p.topo.n; i-- > 0;)
		split_node(&s, s.p.topo.at[i], head);
}

void ir_place(struct ir_func *f)
{
	struct ir_placement p;

	if (f->state.n <= 1)
		split_shared(f);
	ir_empty_tmp(f);
	p = ir_placement(f, f->tmp);
	for (uint32_t i = 0; i < f->n_order; i++) {
		struct ir_block *b = &f->block.at[f->order[i]];
		uint32_t n = p.of_block[f->order[i]].n;

		if (n > b->ins.cap) {
			b->ins.at = arena_alloc(f->mem, n * sizeof *b->ins.at);
			b->ins.cap = n;
		}
		if (n)
			memcpy(b->ins.at, p.of_block[f->order[i]].at, n * sizeof *b->ins.at);
		b->ins.n = n;
	}
	ir_empty_tmp(f);
	f->placed = true;
}
