/* SPDX-License-Identifier: MIT
 * opinfo.c - names and operand kinds of the bytecode operations, from ops.def.
 */
#include "lv.h"

const char *const lv_opname[LV_OP_COUNT] = {
#define OP(name, a, b, c, w, fb, meaning) #name,
#include "ops.def"
};

/* Each letter is the first character of the column; the one of b is w when b and c are one number. */
const struct lv_opinfo lv_opinfo[LV_OP_COUNT] = {
#define OP(name, a, b, c, w, fb, meaning) { #a[0], #b[0], #c[0], #w[0], #fb[0] },
#include "ops.def"
};
