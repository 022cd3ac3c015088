/* SPDX-License-Identifier: MIT
 * asm.h - bytes, labels, fixups and a literal pool; knows no CPU.
 *
 * The buffer has a sticky dead state (idea: sljit): when memory is refused or a branch cannot reach,
 * `dead` holds the reason, every later call returns at once, and the caller looks once at the end.
 * Fixups are resolved by a function of the target, since only it knows how an offset sits in its bytes.
 *
 * Order of use: emit and bind; asm_flush_literals; asm_relax (the size a->n is final now); asm_place when the address is
 * known; asm_link. asm_link relaxes by itself when nobody has.
 *
 * Offsets before and after asm_relax differ. Labels and fixups are carried along. Whoever keeps plain offsets (exit
 * metadata, pc maps) either binds a label there or asks asm_moved once relaxed.
 */
#ifndef HEW_ASM_H
#define HEW_ASM_H

#include "base/base.h"

enum asm_dead { ASM_ALIVE, ASM_NO_MEMORY, ASM_OUT_OF_RANGE, ASM_UNBOUND_LABEL, ASM_BAD_INSTRUCTION };

typedef uint32_t asm_label;		/* index into the label table; made by asm_label_new */
#define ASM_UNBOUND UINT32_MAX
#define ASM_OUTSIDE UINT32_C(0x80000000)	/* bit of a label's offset: the rest is an index into outside[] */
#define ASM_MAX_BYTES UINT32_C(0x7fffff00)
#define ASM_ABSOLUTE 0x80		/* bit of a fixup's kind: wants the address of its label, not a distance */
#define ASM_ROOM 32			/* bytes that asm_open makes sure of */

struct asm_fixup {
	uint32_t at;			/* offset of the field to patch */
	asm_label label;
	uint8_t kind;			/* meaning belongs to the target */
	int32_t addend;
};

struct asm_literal {
	uint8_t bytes[16];
	uint8_t size;			/* 4, 8 or 16 */
	asm_label label;
};

/* The shorter form of a branch, with one field to fix. */
struct asm_short {
	uint8_t bytes[4];
	uint8_t n;			/* its length */
	uint8_t field;			/* where in it the field is */
	uint8_t kind;			/* of the fixup of that field */
	uint8_t reach;			/* bits of the signed distance, in bytes, that the field can hold */
	int8_t addend;
};

/* Where asm_relax may change the length: a branch in its long form, or the padding before an aligned place. */
typedef void asm_fill_fn(uint8_t *at, uint32_t n);
struct asm_site {
	uint32_t at, end;		/* before relaxing */
	uint32_t cut;			/* bytes gone before `at`; set by asm_relax */
	uint32_t align;			/* 0: a branch */
	bool is_short;
	union {
		struct { uint32_t fixup; struct asm_short s; } branch;
		struct { asm_fill_fn *fn; uint8_t byte; } fill;	/* fn NULL: repeat byte */
	};
};

struct asm_buf {
	uint8_t *at;
	uint32_t n, cap;
	uint32_t *label; uint32_t n_labels, cap_labels;		/* offset of each label, ASM_UNBOUND, or ASM_OUTSIDE | index */
	uint32_t *label_site; uint32_t cap_label_site;		/* number of sites before each bound label */
	struct asm_fixup *fixup; uint32_t n_fixups, cap_fixups;
	struct asm_literal *lit; uint32_t n_lits, cap_lits;
	uint32_t *lit_hash; uint32_t cap_lit_hash;		/* open addressing; index + 1 into lit, 0 empty */
	uint64_t *outside; uint32_t n_outside, cap_outside;	/* addresses of labels that lie outside */
	struct asm_site *site; uint32_t n_sites, cap_sites;
	uint32_t last_align;		/* 1 + index of the last site that is padding, 0 none */
	uint32_t cut;			/* bytes that asm_relax removed in all */
	uint64_t base;			/* address of byte 0; see asm_place */
	bool relaxed;
	enum asm_dead dead;
};

/* Patches one fixup whose label is bound; false when the distance does not fit. distance is label + addend - field, or for
 * kinds with ASM_ABSOLUTE the address label + addend. */
typedef bool asm_fix_fn(uint8_t *field, uint8_t kind, int64_t distance);

void asm_init(struct asm_buf *a);
void asm_fini(struct asm_buf *a);
void asm_reset(struct asm_buf *a);		/* empty again, alive again, memory kept */
void asm_kill(struct asm_buf *a, enum asm_dead why);		/* the first reason stays */

void asm_u8(struct asm_buf *a, unsigned x);
void asm_u16(struct asm_buf *a, unsigned x);
void asm_u32(struct asm_buf *a, uint32_t x);
void asm_u64(struct asm_buf *a, uint64_t x);
void asm_bytes(struct asm_buf *a, const void *p, size_t n);
/* Pads to a multiple of `to`, a power of two up to 4096; stays aligned when asm_relax moves code. The place of byte 0
 * must itself be aligned so. */
void asm_align(struct asm_buf *a, unsigned to, uint8_t fill);
void asm_align_with(struct asm_buf *a, unsigned to, asm_fill_fn *fill);

/* For encoders: the end of the buffer with ASM_ROOM bytes free behind it, or NULL when dead; then asm_close with the
 * new end. */
bool asm_grow(struct asm_buf *a, size_t n);
static inline uint8_t *asm_open(struct asm_buf *a)
{
	if (UNLIKELY(a->dead != ASM_ALIVE) || (UNLIKELY(a->cap - a->n < ASM_ROOM) && !asm_grow(a, ASM_ROOM)))
		return NULL;
	return a->at + a->n;
}
static inline void asm_close(struct asm_buf *a, const uint8_t *end) { a->n = (uint32_t)(end - a->at); }

asm_label asm_label_new(struct asm_buf *a);
void asm_bind(struct asm_buf *a, asm_label l);			/* at the current end */
void asm_bind_outside(struct asm_buf *a, asm_label l, uint64_t address);	/* code that is placed already */
bool asm_bound(const struct asm_buf *a, asm_label l);		/* either way */
uint32_t asm_label_at(const struct asm_buf *a, asm_label l);	/* the offset of a label bound inside */
void asm_fix(struct asm_buf *a, uint32_t at, asm_label l, uint8_t kind, int32_t addend);

/* The bytes from `at` to the end are a branch whose fixup is the newest one: asm_relax may replace it by s. Call in the
 * order of the code. */
void asm_branch(struct asm_buf *a, uint32_t at, const struct asm_short *s);
/* True when the distance from l, bound inside, to the end can only shrink. */
bool asm_only_shrinks(const struct asm_buf *a, asm_label l);

/* A label for these bytes in the pool; equal literals share one. */
asm_label asm_literal(struct asm_buf *a, const void *bytes, unsigned size);
/* Writes the pool, largest alignment first, and binds its labels. */
void asm_flush_literals(struct asm_buf *a);

/* Takes the short form of every branch that reaches its label with it, and moves the code together. No more code after this. */
void asm_relax(struct asm_buf *a);
/* Where the plain offset `old`, an end of the buffer while emitting, is after asm_relax. Right before padding it stays
 * right before the padding, so a return address stays one; the place after the padding needs a label. */
uint32_t asm_moved(const struct asm_buf *a, uint32_t old);
/* The address byte 0 will have. Needed by labels outside and by ASM_ABSOLUTE fixups only. */
void asm_place(struct asm_buf *a, uint64_t address);
/* Resolves every fixup. Sets dead when one does not fit or has no target. */
void asm_link(struct asm_buf *a, asm_fix_fn *fix);

const char *asm_dead_text(enum asm_dead d);

#endif
