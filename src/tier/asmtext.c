/* SPDX-License-Identifier: MIT
 * asmtext.c - compiled code as text: address, bytes, and what Capstone says they are.
 * Capstone is loaded by the first text that is wanted: linked in, it would take a third of the time in which a short
 * program starts and ends. Without it the bytes are still printed and the text says why there is no more.
 */
#include "tier/tier.h"

#ifdef HEW_HAVE_CAPSTONE
#include <capstone/capstone.h>
#include <dlfcn.h>
#include <pthread.h>

#define TEXT_OF(x) #x
#define SONAME(major) "libcapstone.so." TEXT_OF(major)

static struct {
	__typeof__(cs_open) *open;
	__typeof__(cs_close) *close;
	__typeof__(cs_malloc) *alloc;
	__typeof__(cs_free) *release;
	__typeof__(cs_disasm_iter) *next;
} capstone;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
	void *lib = dlopen(SONAME(CS_API_MAJOR), RTLD_NOW | RTLD_LOCAL);

	if (!lib)
		return;
	*(void **)&capstone.close = dlsym(lib, "cs_close");
	*(void **)&capstone.alloc = dlsym(lib, "cs_malloc");
	*(void **)&capstone.release = dlsym(lib, "cs_free");
	*(void **)&capstone.next = dlsym(lib, "cs_disasm_iter");
	if (capstone.close && capstone.alloc && capstone.release && capstone.next)
		*(void **)&capstone.open = dlsym(lib, "cs_open");
}
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

	pthread_once(&once, load);
	if (capstone.open && capstone.open(CS_ARCH_X86, CS_MODE_64, &h) == CS_ERR_OK) {
		in = capstone.alloc(h);
		while (left) {
			const uint8_t *from = p;

			if (in && capstone.next(h, &p, &left, &at, in)) {
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
		capstone.release(in, 1);
		capstone.close(&h);
		return;
	}
#endif
	text_add(out, "; no disassembly: there is no Capstone here, or there was none at build time\n");
	while (left) {
		size_t n = left < 16 ? left : 16;

		text_printf(out, "%6zx  ", (size_t)(p - u->code.rx));
		put_bytes(p, n, out);
		text_add(out, "\n");
		p += n;
		left -= n;
	}
}
