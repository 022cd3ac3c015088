/* SPDX-License-Identifier: MIT
 * parse.c - reads the text form of print.c. One pass, one line of look-ahead; docs/ir.md has the grammar.
 *
 * Values must stand above their uses, except in the states at the end of the function. Everything is built through
 * ir_emit, so reading folds and shares as building does, unless f->no_fold. On the first mistake the line and what is
 * wrong are recorded and a longjmp leaves.
 */
#include "ir/ir.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

struct name { const char *s; size_t n; ir_ref ref; };
struct block_name { const char *s; size_t n; uint32_t b; bool defined; };
struct parser {
	struct ir_func *f;
	struct arena *mem, *strings;
	const char *at;
	int line;
	ir_symbol_fn *sym;
	void *sym_arg;
	struct ir_error *e;
	jmp_buf fail;
	VEC(struct name) value;
	VEC(struct block_name) block;
	VEC(uint32_t) state;		/* by number in the text: id + 1, or 0 */
	VEC(uint8_t) state_defined;
	struct { uint32_t *slot; uint32_t n, cap; } hash;
};

_Noreturn static void bad(struct parser *p, const char *fmt, ...) PRINTF(2, 3);
_Noreturn static void bad(struct parser *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->e->text, sizeof p->e->text, fmt, ap);
	va_end(ap);
	p->e->line = p->line;
	longjmp(p->fail, 1);
}

/* ---- characters and words ------------------------------------------------------------------------------- */

static void blanks(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\t' || *p->at == '\r')
		p->at++;
	if (*p->at == ';')
		while (*p->at && *p->at != '\n')
			p->at++;
}

static bool at_end_of_line(struct parser *p)
{
	blanks(p);
	return *p->at == '\n' || *p->at == 0;
}

static void empty_lines(struct parser *p)
{
	while (at_end_of_line(p) && *p->at) {
		p->line++;
		p->at++;
	}
}

static void next_line(struct parser *p)
{
	if (!at_end_of_line(p))
		bad(p, "unexpected '%.*s'", (int)strcspn(p->at, "\n") < 20 ? (int)strcspn(p->at, "\n") : 20, p->at);
	empty_lines(p);
}

static bool accept(struct parser *p, const char *s)
{
	size_t n = strlen(s);

	blanks(p);
	if (strncmp(p->at, s, n))
		return false;
	if (isalnum((unsigned char)s[n - 1]) && (isalnum((unsigned char)p->at[n]) || p->at[n] == '_'))
		return false;
	p->at += n;
	return true;
}

static void expect(struct parser *p, const char *s)
{
	if (!accept(p, s))
		bad(p, at_end_of_line(p) ? "'%s' expected before the end of the line" : "'%s' expected", s);
}

static size_t word(struct parser *p, const char **s)
{
	blanks(p);
	*s = p->at;
	while (isalnum((unsigned char)*p->at) || *p->at == '_' || *p->at == '.' || *p->at == '$')
		p->at++;
	return (size_t)(p->at - *s);
}

static int64_t number(struct parser *p)
{
	char *end;
	int64_t x;

	blanks(p);
	errno = 0;
	x = *p->at == '-' ? strtoll(p->at, &end, 0) : (int64_t)strtoull(p->at, &end, 0);
	if (end == p->at)
		bad(p, "a number is expected");
	if (errno)
		bad(p, "number out of range");
	p->at = end;
	return x;
}

static uint32_t count_number(struct parser *p, uint32_t max, const char *what)
{
	int64_t x = number(p);

	if (x < 0 || x > max)
		bad(p, "%s out of range", what);
	return (uint32_t)x;
}

/* ---- names ------------------------------------------------------------------------------------------------ */

static void value_hash_add(struct parser *p, uint32_t index)
{
	const struct name *v = &p->value.at[index];
	uint32_t i = (uint32_t)hash_bytes(v->s, v->n, 1) & (p->hash.cap - 1);

	while (p->hash.slot[i])
		i = (i + 1) & (p->hash.cap - 1);
	p->hash.slot[i] = index + 1;
}

static struct name *find_value(struct parser *p, const char *s, size_t n)
{
	uint32_t i = (uint32_t)hash_bytes(s, n, 1) & (p->hash.cap - 1);

	for (; p->hash.slot[i]; i = (i + 1) & (p->hash.cap - 1)) {
		struct name *v = &p->value.at[p->hash.slot[i] - 1];

		if (v->n == n && !memcmp(v->s, s, n))
			return v;
	}
	return NULL;
}

static void define(struct parser *p, const char *s, size_t n, ir_ref r)
{
	if (find_value(p, s, n))
		bad(p, "%%%.*s is defined twice", (int)n, s);
	vec_push(p->mem, &p->value, ((struct name){ s, n, r }));
	if (p->value.n * 2 > p->hash.cap) {
		p->hash.cap *= 2;
		p->hash.slot = arena_zero(p->mem, p->hash.cap * sizeof *p->hash.slot);
		for (uint32_t i = 0; i < p->value.n; i++)
			value_hash_add(p, i);
	} else {
		value_hash_add(p, p->value.n - 1);
	}
}

static uint32_t block_named(struct parser *p, const char *s, size_t n)
{
	for (uint32_t i = 0; i < p->block.n; i++)
		if (p->block.at[i].n == n && !memcmp(p->block.at[i].s, s, n))
			return i;
	vec_push(p->mem, &p->block, ((struct block_name){ s, n, ir_block_new(p->f), false }));
	return p->block.n - 1;
}

static uint32_t block_ref(struct parser *p)
{
	const char *s;
	size_t n = word(p, &s);
	uint32_t i;

	if (!n)
		bad(p, "a block name is expected");
	i = block_named(p, s, n);	/* may move the table */
	return p->block.at[i].b;
}

static uint32_t state_ref(struct parser *p)
{
	uint32_t i;

	blanks(p);
	if (strncmp(p->at, "fs", 2))
		bad(p, "a frame state (fs0, fs1, ...) is expected");
	p->at += 2;
	i = count_number(p, 1000000, "number of a frame state");
	while (p->state.n <= i) {
		vec_push(p->mem, &p->state, 0);
		vec_push(p->mem, &p->state_defined, 0);
	}
	if (!p->state.at[i])
		p->state.at[i] = ir_state_new(p->f, &(struct ir_state){ 0 }, NULL);
	return p->state.at[i];
}

/* ---- operands ------------------------------------------------------------------------------------------------- */

static enum ir_type type_or_void(struct parser *p)
{
	for (unsigned t = IR_T_void + 1; t < IR_TYPE_COUNT; t++)
		if (accept(p, ir_types[t].name))
			return t;
	return IR_T_void;
}

static enum ir_type type(struct parser *p)
{
	enum ir_type t = type_or_void(p);

	if (t == IR_T_void)
		bad(p, "a type (i32, i64, ptr, f32, f64) is expected");
	return t;
}

static ir_ref float_const(struct parser *p, enum ir_type t)
{
	char *end;
	double d;
	float s;
	int64_t bits = 0;

	blanks(p);
	if (p->at[0] == '0' && p->at[1] == 'x')
		return ir_const(p->f, t, number(p));
	d = strtod(p->at, &end);
	if (end == p->at)
		bad(p, "a number is expected");
	p->at = end;
	s = (float)d;
	if (t == IR_T_f64)
		memcpy(&bits, &d, 8);
	else
		memcpy(&bits, &s, 4);
	return ir_const(p->f, t, bits);
}

static ir_ref symbol(struct parser *p)
{
	const char *s;
	size_t n = word(p, &s);
	char name[128];
	void *a;

	if (!n || n >= sizeof name)
		bad(p, "a symbol is expected after '@'");
	memcpy(name, s, n);
	name[n] = 0;
	a = p->sym ? p->sym(p->sym_arg, name) : NULL;
	if (!a)
		bad(p, "unknown symbol @%s", name);
	return ir_const_named(p->f, name, a);
}

static ir_ref string(struct parser *p)
{
	const char *from = p->at++;
	char *s = arena_alloc(p->strings, strcspn(p->at, "\n") + 1), *name;
	size_t n = 0;

	for (; *p->at != '"'; p->at++) {
		if (*p->at == 0 || *p->at == '\n')
			bad(p, "unfinished string");
		if (*p->at == '\\' && p->at[1]) {
			p->at++;
			s[n++] = *p->at == 'n' ? '\n' : *p->at == 't' ? '\t' : *p->at == '0' ? 0 : *p->at;
		} else {
			s[n++] = *p->at;
		}
	}
	p->at++;
	s[n] = 0;
	name = arena_zero(p->mem, (size_t)(p->at - from) + 1);
	memcpy(name, from, (size_t)(p->at - from));
	return ir_const_named(p->f, name, s);
}

/* hint: type of a bare number */
static ir_ref operand(struct parser *p, enum ir_type hint)
{
	enum ir_type t;

	blanks(p);
	if (*p->at == '%') {
		const char *s;
		size_t n;
		struct name *v;

		p->at++;
		n = word(p, &s);
		v = find_value(p, s, n);
		if (!v)
			bad(p, "%%%.*s is not defined here", (int)n, s);
		return v->ref;
	}
	if (*p->at == '@') {
		p->at++;
		return symbol(p);
	}
	if (*p->at == '"')
		return string(p);
	if (accept(p, "none"))
		return IR_NONE;
	t = type_or_void(p);
	if (t == IR_T_void)
		t = hint == IR_T_void ? IR_T_i64 : hint;
	return ir_is_float(t) ? float_const(p, t) : ir_const(p->f, t, number(p));
}

static uint32_t edge(struct parser *p)
{
	uint32_t b = block_ref(p);
	VEC(ir_ref) arg = { 0 };

	if (accept(p, "("))
		do {
			enum ir_type hint = arg.n < p->f->block.at[b].arg.n ? ir_type_of(p->f, p->f->block.at[b].arg.at[arg.n]) : IR_T_void;
			ir_ref r = operand(p, hint);

			vec_push(p->mem, &arg, r);
		} while (accept(p, ","));
	if (arg.n)
		expect(p, ")");
	return ir_edge_new(p->f, b, arg.n, arg.at);
}

static unsigned alias_class(struct parser *p)
{
	const char *s;
	size_t n;

	if (!accept(p, "!"))
		return 0;
	blanks(p);
	if (isdigit((unsigned char)*p->at))
		return count_number(p, IR_MAX_CLASS - 1, "alias class");
	n = word(p, &s);
	for (unsigned c = 0; c < p->f->n_classes; c++)
		if (p->f->class_name[c] && strlen(p->f->class_name[c]) == n && !memcmp(p->f->class_name[c], s, n))
			return c;
	bad(p, "unknown alias class !%.*s", (int)n, s);
}

static uint32_t class_set(struct parser *p, const char *what)
{
	uint32_t set;

	if (!accept(p, what))
		return 0;
	expect(p, "(");
	set = accept(p, "all") ? UINT32_MAX : (uint32_t)number(p);
	expect(p, ")");
	return set;
}

/* ---- instructions ---------------------------------------------------------------------------------------------- */

static enum ir_width mem_width(struct parser *p, const char *s, size_t n, enum ir_type *t)
{
	static const char *const suffix[IR_WIDTH_COUNT] = { "", "8s", "8u", "16s", "16u", "32s", "32u" };

	for (unsigned ty = IR_T_void + 1; ty < IR_TYPE_COUNT; ty++) {
		size_t k = strlen(ir_types[ty].name);

		if (n < k || memcmp(s, ir_types[ty].name, k))
			continue;
		for (unsigned w = 0; w < IR_WIDTH_COUNT; w++)
			if (n - k == strlen(suffix[w]) && !memcmp(s + k, suffix[w], n - k)) {
				*t = ty;
				return w;
			}
	}
	bad(p, "unknown width '.%.*s' of a memory access", (int)n, s);
}

static int32_t offset(struct parser *p)
{
	int64_t x = number(p);

	if (x != (int32_t)x)
		bad(p, "offset out of range");
	return (int32_t)x;
}

static ir_ref memory(struct parser *p, bool store, const char *suffix, size_t n)
{
	enum ir_type t;
	enum ir_width w = mem_width(p, suffix, n, &t);
	ir_ref base = operand(p, IR_T_ptr), v = IR_NONE;
	int32_t off;

	expect(p, ",");
	off = offset(p);
	if (!store)
		return ir_load(p->f, t, w, alias_class(p), base, off);
	expect(p, ",");
	v = operand(p, t);
	if (ir_type_of(p->f, v) != t)
		bad(p, "the stored value is %s, not %s", ir_types[ir_type_of(p->f, v)].name, ir_types[t].name);
	ir_store(p->f, w, alias_class(p), base, off, v);
	return IR_NONE;
}

typedef VEC(uint8_t) passes;

/* How the argument that was just read is passed. */
static void pass(struct parser *p, passes *to)
{
	unsigned k = IR_PASS_COUNT;

	while (--k && !accept(p, ir_pass_names[k]))
		;
	vec_push(p->mem, to, (uint8_t)k);
}

static ir_ref call(struct parser *p, const char *suffix, size_t n)
{
	static const char *const conv[] = { "c", "guest", "cold", "tail" };
	struct ir_call d = { 0 };
	VEC(ir_ref) arg = { 0 };
	passes how = { 0 };
	ir_ref target;
	enum ir_type t;
	unsigned k = 0;

	while (k < COUNT_OF(conv) && (strlen(conv[k]) != n || memcmp(conv[k], suffix, n)))
		k++;
	if (k == COUNT_OF(conv))
		bad(p, "unknown calling convention '%.*s'", (int)n, suffix);
	d.conv = (uint8_t)k;
	while (!accept(p, "void") && (t = type_or_void(p)) != IR_T_void) {
		if (d.n_results == 2)
			bad(p, "a call has at most two results");
		d.result[d.n_results++] = (uint8_t)t;
		if (!accept(p, ","))
			break;
	}
	target = operand(p, IR_T_ptr);
	expect(p, "(");
	if (!accept(p, ")")) {
		do {
			ir_ref r = operand(p, IR_T_i64);

			vec_push(p->mem, &arg, r);
			pass(p, &how);
		} while (accept(p, ","));
		expect(p, ")");
	}
	d.pass = ir_pass(p->f, how.n, how.at);
	d.flags |= accept(p, "variadic") ? IR_CALL_VARIADIC : 0;
	d.flags |= accept(p, "twice") ? IR_CALL_TWICE : 0;
	d.flags |= accept(p, "noreturn") ? IR_CALL_NO_RETURN : 0;
	d.flags |= accept(p, "through") ? IR_CALL_THROUGH : 0;
	d.reads = class_set(p, "reads");
	d.writes = class_set(p, "writes");
	blanks(p);
	if (!strncmp(p->at, "fs", 2))
		d.state = state_ref(p);
	return ir_call_(p->f, target, &d, arg.n, arg.at);
}

/* ops that print under another name when their operands change places */
static const struct { const char *name; enum ir_op op; } swapped[] = {
	{ "gt", IR_lt }, { "ge", IR_le }, { "ugt", IR_ult }, { "uge", IR_ule }, { "fgt", IR_flt }, { "fge", IR_fle },
};

static char *keep(struct parser *p, const char *s, size_t n)
{
	char *name = arena_zero(p->mem, n + 1);

	memcpy(name, s, n);
	return name;
}

/* "@name": its number in the table of callees. */
static ir_ref callee(struct parser *p)
{
	const char *s;
	size_t n;

	expect(p, "@");
	n = word(p, &s);
	if (!n)
		bad(p, "the name of a function is expected");
	return ir_at(p->f, ir_callee(p->f, keep(p, s, n), NULL))->a;
}

static ir_ref generic(struct parser *p, enum ir_op op, unsigned aux, bool swap)
{
	const char *letters = ir_ops[op].args;
	enum ir_type t = IR_T_void, hint = IR_T_void;
	ir_ref field[3] = { 0 };
	const char *sep = NULL;

	if (ir_ops[op].result == 't')
		t = type(p);
	for (unsigned i = 0; i < 3; i++) {
		if (letters[i] == '-' || (op == IR_ret && at_end_of_line(p)))
			continue;
		if (sep)
			expect(p, sep);
		sep = ",";
		switch (letters[i]) {
		case 'v':
			if (op == IR_ret)
				hint = i < p->f->n_results ? p->f->result[i] : IR_T_void;
			else if (op == IR_check || op == IR_select || op == IR_br)
				hint = i == 0 ? IR_T_i32 : i == 1 ? IR_T_void : hint;
			field[i] = operand(p, hint);
			hint = field[i] ? ir_type_of(p->f, field[i]) : hint;
			if (hint == IR_T_ptr && (op == IR_add || op == IR_sub))
				hint = IR_T_i64;	/* an index */
			break;
		case 'i': field[i] = op == IR_func ? callee(p) : offset(p); break;
		case 's': field[i] = (ir_ref)state_ref(p); break;
		case 'e': field[i] = (ir_ref)edge(p); break;
		default: break;
		}
	}
	if (op == IR_check && accept(p, "hoisted"))
		aux |= IR_CHECK_HOISTED;
	if ((op == IR_add || op == IR_sub || op == IR_mul || op == IR_shl) && accept(p, "nsw"))
		aux |= IR_NSW;
	if (swap) {
		ir_ref x = field[0];

		field[0] = field[1];
		field[1] = x;
	}
	return ir_emit(p->f, op, t, aux, field[0], field[1], field[2]);
}

static ir_ref switch_(struct parser *p)
{
	ir_ref v = operand(p, IR_T_void), at, most = 0;
	VEC(ir_ref) word = { 0 }, edges = { 0 };

	expect(p, ",");
	expect(p, "[");
	while (!accept(p, "]")) {
		vec_push(p->mem, &word, offset(p));
		if (word.at[word.n - 1] < 0)
			bad(p, "an edge's number is expected");
		most = word.at[word.n - 1] > most ? word.at[word.n - 1] : most;
	}
	while (accept(p, ","))
		vec_push(p->mem, &edges, (ir_ref)edge(p));
	if (!word.n || (uint32_t)most >= edges.n)
		bad(p, "a switch needs entries, and an edge for each of them");
	at = (ir_ref)p->f->pool.n;
	vec_push(p->f->mem, &p->f->pool, (ir_ref)edges.n);
	for (uint32_t k = 0; k < edges.n; k++)
		vec_push(p->f->mem, &p->f->pool, edges.at[k]);
	for (uint32_t k = 0; k < word.n; k++)
		vec_push(p->f->mem, &p->f->pool, word.at[k]);
	return ir_emit(p->f, IR_switch, IR_T_void, 0, v, at, (ir_ref)word.n);
}

static bool is_word(const char *s, size_t n, const char *w) { return strlen(w) == n && !memcmp(s, w, n); }

static ir_ref instruction(struct parser *p)
{
	const char *s, *dot;
	size_t n = word(p, &s), base;

	if (!n)
		bad(p, "an operation is expected");
	dot = memchr(s, '.', n);
	base = dot ? (size_t)(dot - s) : n;
	if (dot && (is_word(s, base, "load") || is_word(s, base, "store")))
		return memory(p, *s == 's', dot + 1, n - base - 1);
	if (dot && is_word(s, base, "call"))
		return call(p, dot + 1, n - base - 1);
	if (is_word(s, base, "check"))
		for (unsigned k = 0; k < IR_CHECK_COUNT; k++)
			if (is_word(s + base, n - base, "") ? k == 0 : is_word(dot + 1, n - base - 1, ir_check_names[k]))
				return generic(p, IR_check, k, false);
	for (unsigned k = 0; k < COUNT_OF(swapped); k++)
		if (is_word(s, n, swapped[k].name))
			return generic(p, swapped[k].op, 0, true);
	if (is_word(s, n, "switch"))
		return switch_(p);
	for (unsigned op = 0; op < IR_OP_COUNT; op++)
		if (is_word(s, n, ir_op_names[op]) && op != IR_arg && op != IR_load && op != IR_store && op != IR_call && op != IR_check)
			return generic(p, op, 0, false);
	bad(p, "unknown operation '%.*s'", (int)n, s);
}

static void statement(struct parser *p)
{
	const char *s = NULL;
	size_t n = 0;
	ir_ref r;

	if (p->f->block.at[p->f->cur].control)
		bad(p, "the block ended above");
	if (accept(p, "%")) {
		n = word(p, &s);
		if (!n)
			bad(p, "a name is expected after '%%'");
		expect(p, "=");
	}
	r = instruction(p);
	if (p->f->bad)
		bad(p, "%s", p->f->bad);
	if (n && (!r || ir_type_of(p->f, r) == IR_T_void))
		bad(p, "this operation has no value");
	if (n)
		define(p, s, n, r);
}

/* ---- blocks, states, functions --------------------------------------------------------------------------------------- */

static void block_head(struct parser *p, const char *s, size_t n)
{
	uint32_t i = block_named(p, s, n), b = p->block.at[i].b;
	passes how = { 0 };

	if (p->block.at[i].defined)
		bad(p, "block %.*s is defined twice", (int)n, s);
	p->block.at[i].defined = true;
	ir_start(p->f, b);
	if (accept(p, "(")) {
		do {
			const char *v;
			size_t k;
			enum ir_type t;

			expect(p, "%");
			k = word(p, &v);
			expect(p, ":");
			t = type(p);
			define(p, v, k, ir_block_arg(p->f, b, t));
			pass(p, &how);
		} while (accept(p, ","));
		expect(p, ")");
	}
	expect(p, ":");
	if (b == 0)
		p->f->pass = ir_pass(p->f, how.n, how.at);
	else if (ir_pass(p->f, how.n, how.at))
		bad(p, "only parameters of the function are passed in a way of their own");
	blanks(p);
	if (!strncmp(p->at, "fs", 2))
		p->f->block.at[b].state = state_ref(p);
	p->f->block.at[b].cold = accept(p, "cold");
}

static void state_slots(struct parser *p, struct ir_state *x)
{
	expect(p, "{");
	x->slots = p->f->slot.n;
	if (accept(p, "}"))
		return;
	do {
		struct ir_slot sl = { 0 };

		sl.slot = count_number(p, UINT32_MAX, "slot");
		expect(p, ":");
		blanks(p);
		if (isdigit((unsigned char)*p->at))
			sl.tag = count_number(p, UINT32_MAX, "tag");
		else
			sl.tag_ref = operand(p, IR_T_i32);
		sl.value = operand(p, IR_T_i64);
		vec_push(p->mem, &p->f->slot, sl);
		x->n++;
	} while (accept(p, ","));
	expect(p, "}");
}

static void state_line(struct parser *p)
{
	uint32_t id = state_ref(p), k = 0;
	struct ir_state x = p->f->state.at[id];

	while (p->state.at[k] != id)
		k++;
	if (p->state_defined.at[k])
		bad(p, "fs%u is defined twice", k);
	p->state_defined.at[k] = 1;
	expect(p, "@");
	x.func = (uint64_t)number(p);
	expect(p, "pc");
	expect(p, "=");
	x.pc = count_number(p, UINT32_MAX, "pc");
	if (accept(p, "continue"))
		x.mode = IR_CONTINUE;
	else
		expect(p, "retry");
	if (accept(p, "result")) {
		expect(p, "=");
		x.result = count_number(p, UINT32_MAX, "slot");
	}
	if (accept(p, "in"))
		x.parent = state_ref(p);
	if (accept(p, "frame")) {
		x.frame = operand(p, IR_T_ptr);
		expect(p, "+");
		x.frame_offset = offset(p);
	}
	state_slots(p, &x);
	p->f->state.at[id] = x;
}

static void function_head(struct parser *p)
{
	const char *s;
	size_t n;

	expect(p, "func");
	expect(p, "@");
	n = word(p, &s);
	if (!n)
		bad(p, "the function wants a name");
	p->f->name = keep(p, s, n);
	if (accept(p, "->"))
		do {
			if (p->f->n_results == 2)
				bad(p, "a function has at most two results");
			p->f->result[p->f->n_results++] = (uint8_t)type(p);
		} while (accept(p, ","));
	p->f->conv = accept(p, "guest") ? IR_CONV_GUEST : IR_CONV_C;
	p->f->strict = accept(p, "strict");
	next_line(p);
	while (accept(p, "class")) {
		uint32_t c = count_number(p, IR_MAX_CLASS - 1, "alias class");
		const char *wrong;

		n = word(p, &s);
		wrong = ir_name_class(p->f, c, keep(p, s, n));
		if (wrong)
			bad(p, "%s", wrong);
		if (accept(p, "immutable"))
			p->f->immutable |= UINT32_C(1) << c;
		if (accept(p, "changing"))
			p->f->changing |= UINT32_C(1) << c;
		if (accept(p, "any"))
			p->f->any |= UINT32_C(1) << c;
		if (accept(p, "exact"))
			p->f->exact |= UINT32_C(1) << c;
		next_line(p);
	}
}

static void function_body(struct parser *p)
{
	bool first = true;

	for (;;) {
		const char *s, *back;
		size_t n;

		if (accept(p, "end"))
			break;
		if (accept(p, "states")) {
			next_line(p);
			while (!accept(p, "end")) {
				if (!*p->at)
					bad(p, "'end' expected");
				state_line(p);
				next_line(p);
			}
			break;
		}
		if (!*p->at)
			bad(p, "'end' expected");
		blanks(p);
		back = p->at;
		n = word(p, &s);
		blanks(p);
		if (n && (*p->at == ':' || *p->at == '(') && *back != '%') {
			block_head(p, s, n);
			first = false;
		} else {
			p->at = back;
			if (first)
				bad(p, "a block (b0:) is expected first");
			statement(p);
		}
		next_line(p);
	}
}

static void check_complete(struct parser *p)
{
	for (uint32_t i = 0; i < p->block.n; i++) {
		if (!p->block.at[i].defined)
			bad(p, "block %.*s is not defined", (int)p->block.at[i].n, p->block.at[i].s);
		if (!p->f->block.at[p->block.at[i].b].control)
			bad(p, "block %.*s has no end (jmp, br, ret, exit)", (int)p->block.at[i].n, p->block.at[i].s);
	}
	if (!p->block.n)
		bad(p, "the function has no blocks");
	for (uint32_t i = 0; i < p->state.n; i++) {
		uint32_t depth = 0;

		if (p->state.at[i] && !p->state_defined.at[i])
			bad(p, "fs%u is not defined", i);
		for (uint32_t s = p->state.at[i]; s; s = p->f->state.at[s].parent)
			if (depth++ > p->f->state.n)
				bad(p, "fs%u is its own parent", i);
	}
}

struct ir_func *ir_parse(struct arena *mem, struct arena *strings, const char **at, int *line, ir_symbol_fn *sym, void *arg, bool no_fold, struct ir_error *e)
{
	struct parser p = { .mem = mem, .strings = strings, .at = *at, .line = *line, .sym = sym, .sym_arg = arg, .e = e };

	e->line = 0;
	e->text[0] = 0;
	if (setjmp(p.fail))
		return NULL;
	p.f = ir_func_new(mem, "");
	p.f->no_fold = no_fold;
	p.hash.cap = 64;
	p.hash.slot = arena_zero(mem, p.hash.cap * sizeof *p.hash.slot);
	empty_lines(&p);
	if (!*p.at)
		return NULL;
	function_head(&p);
	function_body(&p);
	check_complete(&p);
	next_line(&p);
	*at = p.at;
	*line = p.line;
	return p.f;
}
