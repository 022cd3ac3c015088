/* SPDX-License-Identifier: MIT
 * outside.h - llvm-mc and objdump as judges of encoded instructions; a part of rows.c.
 *
 * Every tool runs once over all instructions: llvm-mc assembles the texts, llvm-mc and objdump disassemble the bytes.
 */
#ifndef HEW_TESTS_ENC_X64_OUTSIDE_H
#define HEW_TESTS_ENC_X64_OUTSIDE_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "target/x64/x64.h"

enum { LLVM, OBJDUMP, N_DIALECTS };
enum { TEXT = 88 };

struct item {
	char text[N_DIALECTS][TEXT];
	uint8_t bytes[16];
	uint8_t n;
	uint8_t imm_bytes;		/* width of the immediate, 0 none */
	bool no_asm;			/* llvm-mc reads the text as something else: only disassemble */
	enum x64_op op;
	enum x64_shape shape;
};

static struct item *items;
static size_t n_items;
static unsigned shown;			/* disagreements */
static const char *const op_names[] = {
#define OP(name, text) #name,
#include "target/x64/enc.def"
};
static const char *const shape_names[] = {
#define X(name) #name,
	X64_SHAPES(X)
#undef X
};

/* Lower case, no blanks, no 0x, no comment: what texts are compared by. */
static void squeeze(char *s)
{
	char *to = s;

	for (; *s && *s != '#' && *s != '\n'; s++) {
		if (*s == ' ' || *s == '\t')
			continue;
		if (s[0] == '0' && s[1] == 'x') {
			s++;
			continue;
		}
		*to++ = *s >= 'A' && *s <= 'Z' ? (char)(*s + 32) : *s;
	}
	*to = '\0';
}

/* ---- the outside tools ------------------------------------------------------------------ */

static char dir[] = "/tmp/hew-enc-XXXXXX";
static char llvm_mc[64];

static bool runs(const char *command)
{
	char line[160];

	snprintf(line, sizeof line, "%s --version >/dev/null 2>&1", command);
	return system(line) == 0;
}

static bool find_tools(void)
{
	static const char *const names[] = { "llvm-mc", "llvm-mc-19", "llvm-mc-18", "llvm-mc-17", "llvm-mc-16", "llvm-mc-15", "llvm-mc-14" };
	const char *given = getenv("LLVM_MC");

	if (given)
		snprintf(llvm_mc, sizeof llvm_mc, "%s", given);
	for (unsigned i = 0; i < COUNT_OF(names) && !llvm_mc[0]; i++)
		if (runs(names[i]))
			snprintf(llvm_mc, sizeof llvm_mc, "%s", names[i]);
	if (!llvm_mc[0])
		print_message("skipped: no llvm-mc in PATH and none in LLVM_MC\n");
	else if (!runs("objdump"))
		print_message("skipped: no objdump in PATH\n");
	else
		return true;
	return false;
}

static FILE *open_in_dir(const char *name, const char *mode)
{
	char path[96];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, mode);
	assert_non_null(f);
	return f;
}

/* Runs a tool in dir; shows the head of what it complained about. */
static void run(const char *command)
{
	char line[512];

	snprintf(line, sizeof line, "cd %s && { %s; } 2>errors || { head -n 12 errors >&2; false; }", dir, command);
	if (system(line) != 0)
		fail_msg("failed: %s", command);
}

/* What llvm-mc says of each item: text and bytes. */
struct opinion {
	char text[TEXT];
	uint8_t bytes[16];
	uint8_t n;
};

/* llvm-mc disassembles a lock prefix as an instruction of its own: it is put in front of the next one. */
static void read_opinions(const char *name, struct opinion *out, size_t n, bool skip_branches)
{
	FILE *f = open_in_dir(name, "r");
	char line[512];
	size_t k = 0;

	while (fgets(line, sizeof line, f)) {
		char *e = strstr(line, "# encoding: [");
		size_t len;

		if (!e)
			continue;
		while (skip_branches && k < n && items[k].no_asm)
			k++;
		if (k == n)
			fail_msg("llvm-mc printed more instructions than it was given");
		*e = '\0';
		squeeze(line);
		len = strlen(out[k].text);
		snprintf(out[k].text + len, TEXT - len, "%.*s", TEXT - 1, line);
		for (e += 13; *e && *e != ']' && out[k].n < 16; e += *e == ',')
			out[k].bytes[out[k].n++] = (uint8_t)strtoul(e, &e, 16);
		if (strcmp(line, "lock") != 0)
			k++;
	}
	while (skip_branches && k < n && items[k].no_asm)
		k++;
	fclose(f);
	assert_int_equal(k, n);
}

static void complain(const struct item *it, const char *what, const char *theirs)
{
	static const struct item *last;

	shown++;
	if (last && last->op == it->op && last->shape == it->shape)
		return;				/* one of each row is enough */
	last = it;
	print_message("%s %s: %s:\n  ours  ", op_names[it->op], shape_names[it->shape], what);
	for (unsigned i = 0; i < it->n; i++)
		print_message("%02x ", it->bytes[i]);
	print_message(" %s\n  tool  %s\n", it->text[LLVM], theirs);
}

#define MC_FLAGS "-triple=x86_64 -mattr=+bmi,+bmi2,+lzcnt,+popcnt,+sse4.1,+movbe -show-encoding -output-asm-variant=1"

/* llvm-mc prints an immediate now as a signed and now as an unsigned number of its width. */
static bool same_text(const char *x, const char *y, unsigned imm_bytes)
{
	const char *cx = strrchr(x, ','), *cy = strrchr(y, ',');
	char *end_x, *end_y;
	uint64_t differ;

	if (strcmp(x, y) == 0)
		return true;
	if (!imm_bytes || !cx || !cy || cx - x != cy - y || strncmp(x, y, (size_t)(cx - x)) != 0)
		return false;
	differ = (uint64_t)strtoll(cx + 1, &end_x, 10) ^ (uint64_t)strtoll(cy + 1, &end_y, 10);
	return !*end_x && !*end_y && differ << (64 - 8 * imm_bytes) == 0;
}

static void ask_llvm(void)
{
	struct opinion *as = calloc(n_items, sizeof *as), *dis = calloc(n_items, sizeof *dis);
	FILE *s = open_in_dir("in.s", "w"), *b = open_in_dir("in.hex", "w");
	size_t same = 0, other = 0;
	char command[256];

	assert_non_null(as);
	assert_non_null(dis);
	for (size_t k = 0; k < n_items; k++) {
		if (!items[k].no_asm)
			fprintf(s, "%s\n", items[k].text[LLVM]);
		for (unsigned i = 0; i < items[k].n; i++)
			fprintf(b, "0x%02x ", items[k].bytes[i]);
		fputc('\n', b);
	}
	fclose(s);
	fclose(b);
	snprintf(command, sizeof command, "%s --assemble -x86-asm-syntax=intel " MC_FLAGS " in.s >as.txt", llvm_mc);
	run(command);
	snprintf(command, sizeof command, "%s --disassemble " MC_FLAGS " in.hex >dis.txt", llvm_mc);
	run(command);
	read_opinions("as.txt", as, n_items, true);
	read_opinions("dis.txt", dis, n_items, false);
	for (size_t k = 0; k < n_items; k++) {
		struct item *it = &items[k];
		char want[TEXT];

		if (it->no_asm) {
			memcpy(want, it->text[LLVM], TEXT);
			squeeze(want);
			if (strcmp(want, dis[k].text) != 0)
				complain(it, "llvm-mc disassembles differently", dis[k].text);
			continue;
		}
		if (as[k].n == it->n && memcmp(as[k].bytes, it->bytes, it->n) == 0)
			same++;
		else if (as[k].n < it->n)
			complain(it, "llvm-mc knows a shorter encoding", as[k].text);
		else
			other++;
		if (!same_text(as[k].text, dis[k].text, it->imm_bytes))
			complain(it, "llvm-mc disassembles our bytes differently", dis[k].text);
	}
	print_message("%s: %zu byte for byte, %zu by disassembly only\n", llvm_mc, same, other);
	free(as);
	free(dis);
}

static void ask_objdump(void)
{
	FILE *b = open_in_dir("in.bin", "wb"), *t;
	unsigned long long at = 0;
	char line[512], want[TEXT];
	size_t k = 0, agreed = 0;

	for (size_t i = 0; i < n_items; i++)
		fwrite(items[i].bytes, 1, items[i].n, b);
	fclose(b);
	run("objdump -D -z -b binary -m i386:x86-64 -M intel --no-show-raw-insn in.bin >objdump.txt");
	t = open_in_dir("objdump.txt", "r");
	while (fgets(line, sizeof line, t) && k < n_items) {
		unsigned long long offset;
		int n = 0;

		if (sscanf(line, " %llx:%n", &offset, &n) != 1 || n == 0 || offset < at)
			continue;
		if (offset > at) {
			complain(&items[k], "objdump sees no instruction start here, next one", line);
		} else {
			memcpy(want, items[k].text[OBJDUMP], TEXT);
			squeeze(want);
			squeeze(line + n);
			if (strcmp(want, line + n) != 0)
				complain(&items[k], "objdump disassembles differently", line + n);
			else
				agreed++;
		}
		while (k < n_items && at <= offset)
			at += items[k++].n;
	}
	fclose(t);
	print_message("objdump: %zu of %zu agreed\n", agreed, n_items);
	if (agreed != n_items)
		shown++;
}

#endif
