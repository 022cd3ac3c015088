/* SPDX-License-Identifier: MIT
 * asmtext.c - compiled code as text: address, bytes, and what Capstone says they are.
 * Without Capstone at build time the bytes are still printed and the text says why there is no more.
 */
#include "tier/tier.h"

#ifdef HEW_HAVE_CAPSTONE
#include <capstone/capstone.h>
#endif

static void put_bytes(const uint8_t *p, size_t n, struct text *out)
{
	for (size_t i = 0; i < n; i++)
		text_printf(out, "%02x ", p[i]);
}

void tier_disassemble(const struct hew_unit *u, struct text *out)
{
	const uint8_t *p = u->code.rx;
	size_t left = u->code.size;
#ifdef HEW_HAVE_CAPSTONE
	uint64_t at = (uint64_t)(uintptr_t)p;
	csh h;
	cs_insn *in;

	if (cs_open(CS_ARCH_X86, CS_MODE_64, &h) == CS_ERR_OK) {
		in = cs_malloc(h);
		while (left) {
			const uint8_t *from = p;

			if (in && cs_disasm_iter(h, &p, &left, &at, in)) {
				text_printf(out, "%6zx  ", (size_t)(from - u->code.rx));
				put_bytes(from, in->size, out);
				text_printf(out, "%*s%s %s\n", in->size < 11 ? (int)(3 * (11 - in->size)) : 0, "", in->mnemonic, in->op_str);
				continue;
			}
			text_printf(out, "%6zx  ", (size_t)(from - u->code.rx));
			put_bytes(from, 1, out);
			text_add(out, "                              .byte\n");
			p = from + 1;
			at++;
			left--;
		}
		cs_free(in, 1);
		cs_close(&h);
		return;
	}
#endif
	text_add(out, "; no disassembly: Capstone was not there at build time\n");
	while (left) {
		size_t n = left < 16 ? left : 16;

		text_printf(out, "%6zx  ", (size_t)(p - u->code.rx));
		put_bytes(p, n, out);
		text_add(out, "\n");
		p += n;
		left -= n;
	}
}
