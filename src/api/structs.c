/* SPDX-License-Identifier: MIT
 * structs.c - structs by value: what the convention makes of them, and the loads and stores that go with it.
 *
 * Nothing here knows a platform: the target says in which registers a struct goes, if any; else its words go to the stack.
 */
#include "api/api.h"
#include "mach/target.h"

#include "hew.h"

_Static_assert(sizeof(struct hew_field) == sizeof(struct target_field) && sizeof(struct hew_struct) == sizeof(struct target_struct), "handed through");

enum { MAX_SIZE = 1 << 16, MAX_PARTS = 2 };

static bool is_struct(const struct hew_struct *s)
{
	if (s->size == 0 || s->size > MAX_SIZE)
		return false;
	for (uint32_t k = 0; k < s->n; k++) {
		uint32_t size = s->field[k].size;

		if (size == 0 || size > 16 || (size & (size - 1)) || size > s->size || s->field[k].offset > s->size - size || (s->field[k].is_float && size != 4 && size != 8))
			return false;
	}
	return true;
}

int hew_struct_results(struct hew *x, const struct hew_struct *s, hew_type types[2])
{
	uint8_t part[MAX_PARTS];
	unsigned n = is_struct(s) ? x->x.target->struct_parts((const struct target_struct *)s, part) : 0;

	for (unsigned k = 0; k < n; k++)
		types[k] = (hew_type)part[k];
	return (int)n;
}

int hew_struct_types(struct hew *x, const struct hew_struct *s, hew_type *types, uint8_t *pass)
{
	hew_type part[MAX_PARTS];
	int n = hew_struct_results(x, s, part), words = is_struct(s) ? (int)(s->size + 7) / 8 : 0;

	for (int k = 0; k < (n ? n : words); k++) {
		types[k] = n ? part[k] : HEW_I64;
		pass[k] = n ? HEW_ALONE : HEW_ON_STACK;
	}
	if (n == 2)
		pass[0] = HEW_WITH_NEXT;
	else if (!n && words && s->align > 8)
		pass[0] = HEW_ON_STACK_16;
	return n ? n : words;
}

/* The largest access that n bytes have room for, and its width in an i64. */
static uint32_t step(uint32_t n, hew_width *w)
{
	*w = n >= 8 ? HEW_FULL : n >= 4 ? HEW_32U : n >= 2 ? HEW_16U : HEW_8U;
	return n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1;
}

static hew_val load_word(struct hew_fn *f, unsigned cls, hew_val p, uint32_t at, uint32_t n)
{
	hew_val v = 0;
	hew_width w;

	for (uint32_t done = 0, k; done < n; done += k) {
		hew_val part;

		k = step(n - done, &w);
		part = hew_load(f, HEW_I64, w, cls, p, (int32_t)(at + done));
		v = done ? hew_or(f, v, hew_shl(f, part, hew_i64(f, 8 * done))) : part;
	}
	return v;
}

static void store_word(struct hew_fn *f, unsigned cls, hew_val p, uint32_t at, uint32_t n, hew_val v)
{
	hew_width w;

	for (uint32_t done = 0, k; done < n; done += k) {
		k = step(n - done, &w);
		hew_store(f, w, cls, p, (int32_t)(at + done), done ? hew_shr(f, v, hew_i64(f, 8 * done)) : v);
	}
}

/* Word `at / 8` of a struct: its type if it is a float, else HEW_VOID, and how many bytes it has. False: it is no struct, or has no such word. */
static bool word(struct hew_fn *f, const struct hew_struct *s, uint32_t at, hew_type *real, uint32_t *bytes)
{
	hew_type part[MAX_PARTS];

	if (!is_struct(s)) {
		api_complain(f, "a struct has no size, or a member that is not in it or has a size that such a member cannot have");
		return false;
	}
	if (at >= s->size)
		return false;
	*bytes = s->size - at < 8 ? s->size - at : 8;
	*real = hew_struct_results(f->x, s, part) ? part[at / 8] : HEW_VOID;
	if (*real != HEW_F32 && *real != HEW_F64)
		*real = HEW_VOID;
	return true;
}

void hew_struct_load(struct hew_fn *f, const struct hew_struct *s, unsigned cls, hew_val address, hew_val *values)
{
	hew_type real;
	uint32_t n;

	for (uint32_t at = 0; word(f, s, at, &real, &n); at += 8)
		values[at / 8] = real ? hew_load(f, real, HEW_FULL, cls, address, (int32_t)at) : load_word(f, cls, address, at, n);
}

void hew_struct_store(struct hew_fn *f, const struct hew_struct *s, unsigned cls, hew_val address, const hew_val *values)
{
	hew_type real;
	uint32_t n;

	for (uint32_t at = 0; word(f, s, at, &real, &n); at += 8)
		if (real)
			hew_store(f, HEW_FULL, cls, address, (int32_t)at, values[at / 8]);
		else
			store_word(f, cls, address, at, n, values[at / 8]);
}
