/* SPDX-License-Identifier: MIT
 * targets.c - the list of targets; the first one of this machine's name is the default.
 */
#include "api/api.h"
#include "target/x64/x64.h"

const struct target *const api_targets[] = { &target_x64 };
const unsigned api_n_targets = COUNT_OF(api_targets);
