/* SPDX-License-Identifier: MIT
 * tbaa.c - alias classes from !tbaa: what is accessed as an int is not what is accessed as a pointer.
 *
 * A tag names the type of the access; types have a parent, up to `omnipotent char`, which may be anything. The type right below it is
 * the class, so that what descends from it overlaps it. LLVM Language Reference, "'tbaa' Metadata". What is not of this form,
 * and what comes when all classes are taken, may be anything. Where in a structure the access is is not made use of.
 */
#include "ll.h"

#include <stdlib.h>

enum { ANY, VOLATILE, FIRST, CLASSES = 32, DEPTH = 8 };

static bool skip(const char **p, const char *what)
{
	size_t n = strlen(what);

	if (strncmp(*p, what, n))
		return false;
	*p += n;
	return true;
}

/* At !N of a definition: !5 = !{!6, !6, i64 0} or !6 = !{!"int", !7, i64 0}; anything else tells nothing. The line is skipped. */
void ll_read_meta(struct ll *m)
{
	struct ll_meta x = { .name = { NULL, 0 } };
	const char *p = m->tok.start + 1;
	char *end;
	unsigned long id = strtoul(p, &end, 10);

	p = end;
	if (skip(&p, " = !{") && id < (size_t)(m->end - m->text)) {	/* numbers are given out one by one: a text has fewer than bytes */
		if (skip(&p, "!\"")) {
			x.name = (struct ll_str){ p, strcspn(p, "\"\n") };
			p += x.name.n;
			skip(&p, "\"");
			skip(&p, ", ");
		}
		while (x.n < 2 && *p == '!' && p[1] >= '0' && p[1] <= '9') {
			x.ref[x.n++] = (uint32_t)strtoul(p + 1, &end, 10);
			p = end;
			skip(&p, ", ");
		}
		while (m->n_meta <= id) {
			m->meta = ll_grow(m, m->meta, m->n_meta, &m->meta_cap, sizeof *m->meta);
			m->meta[m->n_meta++] = (struct ll_meta){ .n = 0 };
		}
		m->meta[id] = x;
	}
	ll_skip_line(m);
}

static bool is_char(const struct ll *m, uint32_t type) { return type < m->n_meta && ll_is(m->meta[type].name, "omnipotent char"); }

/* The name of the class of a tag, or NULL: it may be anything. */
static const struct ll_str *class_name(const struct ll *m, uint32_t tag)
{
	uint32_t type;

	if (tag >= m->n_meta || m->meta[tag].name.s || m->meta[tag].n != 2)
		return NULL;
	type = m->meta[tag].ref[1];
	for (unsigned k = 0; k < DEPTH && type < m->n_meta && m->meta[type].name.s && m->meta[type].n; k++) {
		if (is_char(m, type))
			return NULL;
		if (is_char(m, m->meta[type].ref[0]))
			return &m->meta[type].name;
		type = m->meta[type].ref[0];
	}
	return NULL;
}

static uint8_t class_of(struct ll *m, uint32_t tag)
{
	const struct ll_str *name = class_name(m, tag);
	char *s;

	if (!name || !name->n)
		return ANY;
	for (unsigned c = FIRST; c < m->n_classes; c++)
		if (m->class_of[c].n == name->n && !memcmp(m->class_of[c].s, name->s, name->n))
			return (uint8_t)c;
	if (m->n_classes == CLASSES)
		return ANY;
	m->class_of[m->n_classes] = *name;
	s = ll_alloc(m, name->n + 8);
	snprintf(s, name->n + 8, "c%u_%.*s", m->n_classes, (int)name->n, name->s);	/* one word, unlike all others */
	for (char *t = s; *t; t++)
		if (!(*t >= '0' && *t <= '9') && !(*t >= 'A' && *t <= 'Z') && !(*t >= 'a' && *t <= 'z'))
			*t = '_';
	m->class_name[m->n_classes] = s;
	return (uint8_t)m->n_classes++;
}

void ll_find_classes(struct ll *m)
{
	m->n_classes = FIRST;
	for (uint32_t i = 0; i < m->n_funcs; i++)
		for (uint32_t b = 0; b < m->func[i]->n_blocks; b++)
			for (uint32_t k = 0; k < m->func[i]->block[b]->n; k++) {
				struct ll_instr *in = &m->func[i]->block[b]->at[k];

				in->cls = in->is_volatile ? VOLATILE : in->tbaa ? class_of(m, in->tbaa - 1) : ANY;
			}
}

/* The same classes for all functions, so that they can be inlined. */
void ll_declare_classes(const struct ll *m, struct hew_fn *f)
{
	hew_class(f, ANY, "any", HEW_CLASS_ANY);
	hew_class(f, VOLATILE, "volatile", HEW_CLASS_ANY | HEW_CLASS_CHANGING);
	for (unsigned c = FIRST; c < m->n_classes; c++)
		hew_class(f, c, m->class_name[c], HEW_CLASS_EXACT);
}
