/* SPDX-License-Identifier: MIT
 * lib_io.c - the io library. A file is a userdata with metatable "FILE*" that holds a stdio stream.
 *
 * The default input and output are anchored in the registry and cached in struct lv_lib.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include "lib.h"

#define COUNT(x) (sizeof(x) / sizeof(x)[0])

enum { LINES_MAX = 250 };
enum closer { CLOSED, STREAM, PIPE, STANDARD };
struct file { FILE *f; enum closer how; };

static struct file *data(const struct lv_value *v) { return (struct file *)(void *)v->u->data; }

/* ---- results -------------------------------------------------------------------------------- */

int lv_osresult(struct lv_state *L, bool ok, const char *path)
{
	int e = errno;

	if (ok) {
		lv_pushbool(L, true);
		return 1;
	}
	lv_pushnil(L);
	if (path)
		lv_pushstr(L, lv_strf(L, "%s: %s", path, strerror(e)));
	else
		lv_pushz(L, strerror(e));
	lv_pushint(L, e);
	return 3;
}

int lv_osexit(struct lv_state *L, int stat)
{
	const char *what = "exit";

	if (stat == -1)
		return lv_osresult(L, false, NULL);
	if (WIFEXITED(stat)) {
		stat = WEXITSTATUS(stat);
	} else if (WIFSIGNALED(stat)) {
		stat = WTERMSIG(stat);
		what = "signal";
	}
	if (*what == 'e' && stat == 0)
		lv_pushbool(L, true);
	else
		lv_pushnil(L);
	lv_pushz(L, what);
	lv_pushint(L, stat);
	return 3;
}

/* ---- files as values -------------------------------------------------------------------------- */

static bool is_file(struct lv_state *L, const struct lv_value *a, int n, int i)
{
	return i < n && a[i].tag == LV_USERDATA && a[i].u->meta == lv_lib(L)->filemeta;
}

static struct file *any_file(struct lv_state *L, struct lv_value *a, int n)
{
	if (!is_file(L, a, n, 0))
		lv_argtype(L, 1, "FILE*", n > 0 ? a : NULL);
	return data(a);
}

static FILE *open_file(struct lv_state *L, struct lv_value *a, int n)
{
	struct file *f = any_file(L, a, n);

	if (f->how == CLOSED)
		lv_error(L, "attempt to use a closed file");
	return f->f;
}

/* A new closed file on the stack; the caller opens it, so that nothing is lost when memory is short. */
static struct file *push_file(struct lv_state *L)
{
	struct lv_userdata *u = lv_new(L, sizeof *u + sizeof(struct file), LV_USERDATA);
	struct lv_value v;

	u->len = sizeof(struct file);
	lv_setobj(&v, u, LV_USERDATA);
	lv_push(L, &v);
	lv_setmeta(L, &v, lv_lib(L)->filemeta);
	return (struct file *)(void *)u->data;
}

static int close_file(struct lv_state *L, struct file *f)
{
	enum closer how = f->how;

	if (how == STANDARD) {
		lv_pushnil(L);
		lv_pushz(L, "cannot close standard file");
		return 2;
	}
	f->how = CLOSED;
	if (how == PIPE) {
		errno = 0;
		return lv_osexit(L, pclose(f->f));
	}
	return lv_osresult(L, fclose(f->f) == 0, NULL);
}

static int file_tostring(struct lv_state *L, struct lv_value *a, int n)
{
	struct file *f = any_file(L, a, n);

	if (f->how == CLOSED)
		lv_pushz(L, "file (closed)");
	else
		lv_pushstr(L, lv_strf(L, "file (%p)", (void *)f->f));
	return 1;
}

static int file_gc(struct lv_state *L, struct lv_value *a, int n)
{
	struct file *f = any_file(L, a, n);

	if (f->how == STREAM || f->how == PIPE)
		close_file(L, f);
	return 0;
}

static int file_close(struct lv_state *L, struct lv_value *a, int n)
{
	open_file(L, a, n);
	return close_file(L, data(a));
}

static int io_type(struct lv_state *L, struct lv_value *a, int n)
{
	lv_argany(L, a, n, 0);
	if (!is_file(L, a, n, 0))
		lv_pushnil(L);
	else
		lv_pushz(L, data(a)->how == CLOSED ? "closed file" : "file");
	return 1;
}

/* ---- default files -------------------------------------------------------------------------------- */

static void set_default(struct lv_state *L, bool out, const struct lv_value *v)
{
	lv_setz(L, L->registry, out ? "_IO_output" : "_IO_input", v);
	if (out)
		lv_lib(L)->out = v->u;
	else
		lv_lib(L)->in = v->u;
}

static struct lv_value default_file(struct lv_state *L, bool out)
{
	struct lv_value v;

	lv_setobj(&v, out ? lv_lib(L)->out : lv_lib(L)->in, LV_USERDATA);
	return v;
}

static FILE *default_stream(struct lv_state *L, bool out)
{
	struct lv_value v = default_file(L, out);

	if (data(&v)->how == CLOSED)
		lv_error(L, "default %s file is closed", out ? "output" : "input");
	return data(&v)->f;
}

static struct file *push_opened(struct lv_state *L, const char *path, const char *mode)
{
	struct file *f = push_file(L);

	f->f = fopen(path, mode);
	if (!f->f)
		lv_error(L, "cannot open file '%s' (%s)", path, strerror(errno));
	f->how = STREAM;
	return f;
}

/* io.input and io.output */
static int choose_default(struct lv_state *L, struct lv_value *a, int n, bool out)
{
	struct lv_value v;

	if (!lv_noneornil(a, n, 0)) {
		if (a->tag == LV_STR || lv_isnum(a)) {
			push_opened(L, lv_argstr(L, a, n, 0)->s, out ? "w" : "r");
			set_default(L, out, L->top - 1);
		} else {
			open_file(L, a, n);
			set_default(L, out, a);
		}
	}
	v = default_file(L, out);
	lv_push(L, &v);
	return 1;
}

static int io_input(struct lv_state *L, struct lv_value *a, int n) { return choose_default(L, a, n, false); }
static int io_output(struct lv_state *L, struct lv_value *a, int n) { return choose_default(L, a, n, true); }

static int io_close(struct lv_state *L, struct lv_value *a, int n)
{
	if (n > 0)
		return file_close(L, a, n);
	*a = default_file(L, true);
	L->top = a + 1;
	return file_close(L, a, 1);
}

/* ---- opening ------------------------------------------------------------------------------------------ */

static bool good_mode(const char *m)
{
	if (!*m || !strchr("rwa", *m++))
		return false;
	m += *m == '+';
	return strspn(m, "b") == strlen(m);
}

static int io_open(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *path = lv_argstr(L, a, n, 0), *mode = lv_optstr(L, a, n, 1, NULL);
	const char *m = mode ? mode->s : "r";
	struct file *f;

	if (!good_mode(m))
		lv_argerror(L, 2, "invalid mode");
	f = push_file(L);
	f->f = fopen(path->s, m);
	if (!f->f)
		return lv_osresult(L, false, path->s);
	f->how = STREAM;
	return 1;
}

static int io_popen(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *cmd = lv_argstr(L, a, n, 0), *mode = lv_optstr(L, a, n, 1, NULL);
	const char *m = mode ? mode->s : "r";
	struct file *f;

	if ((m[0] != 'r' && m[0] != 'w') || m[1])
		lv_argerror(L, 2, "invalid mode");
	f = push_file(L);
	fflush(NULL);
	f->f = popen(cmd->s, m);
	if (!f->f)
		return lv_osresult(L, false, cmd->s);
	f->how = PIPE;
	return 1;
}

static int io_tmpfile(struct lv_state *L, struct lv_value *a, int n)
{
	struct file *f = push_file(L);

	(void)a, (void)n;
	f->f = tmpfile();
	if (!f->f)
		return lv_osresult(L, false, NULL);
	f->how = STREAM;
	return 1;
}

/* ---- reading -------------------------------------------------------------------------------------------- */

/* Formats a[first .. n-1]; the first one that fails gives nil and ends it. */
static int read_formats(struct lv_state *L, FILE *f, struct lv_value *a, int n, int first)
{
	int count = 0;
	bool ok = true;

	clearerr(f);
	if (first >= n) {
		ok = lv_read_line(L, f, false);
		count = 1;
	} else {
		lv_checkstack(L, (size_t)n + LV_MINSTACK);
	}
	if (!ok)
		lv_pushnil(L);
	for (int i = first; i < n && ok; i++, count++) {
		struct lv_value *at = L->top;

		ok = lv_read_one(L, f, a, n, i);
		L->top = at + 1;
		if (!ok)
			lv_setnil(at);
	}
	return ferror(f) ? lv_osresult(L, false, NULL) : count;
}

static int io_read(struct lv_state *L, struct lv_value *a, int n)
{
	return read_formats(L, default_stream(L, false), a, n, 0);
}

static int file_read(struct lv_state *L, struct lv_value *a, int n)
{
	return read_formats(L, open_file(L, a, n), a, n, 1);
}

/* ---- lines ------------------------------------------------------------------------------------------------ */

enum { LN_FILE, LN_CLOSE, LN_FORMATS };	/* CLOSE: at the end of the file */

static int lines_step(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_cfunc *c = a[-2].c;
	struct file *f = data(&c->up[LN_FILE]);
	int formats = c->nup - LN_FORMATS, count;

	(void)n;
	if (f->how == CLOSED)
		lv_error(L, "file is already closed");
	lv_checkstack(L, (size_t)formats + LV_MINSTACK);
	memcpy(a, c->up + LN_FORMATS, (size_t)formats * sizeof *a);
	L->top = a + formats;
	count = read_formats(L, f->f, a, formats, 0);
	if (L->top[-count].tag != LV_NIL)
		return count;
	if (count > 1)				/* nil, message, errno */
		lv_error(L, "%s", L->top[-2].s->s);
	if (!lv_falsy(&c->up[LN_CLOSE]))
		close_file(L, f);
	L->top = a;
	lv_pushnil(L);
	return 1;
}

/* The iterator over file with the formats a[1 .. n-1]. */
static void push_lines(struct lv_state *L, const struct lv_value *file, struct lv_value *a, int n, bool close)
{
	int formats = n > 1 ? n - 1 : 0;
	struct lv_cfunc *c;
	struct lv_value v;

	if (formats > LINES_MAX)
		lv_argerror(L, LINES_MAX + 2, "too many arguments");
	c = lv_cfunc(L, lines_step, "for iterator", LN_FORMATS + formats);
	c->up[LN_FILE] = *file;
	lv_setbool(&c->up[LN_CLOSE], close);
	for (int i = 0; i < formats; i++)
		c->up[LN_FORMATS + i] = a[1 + i];
	lv_setobj(&v, c, LV_CFUNC);
	lv_push(L, &v);
}

static int file_lines(struct lv_state *L, struct lv_value *a, int n)
{
	open_file(L, a, n);
	push_lines(L, a, a, n, false);
	return 1;
}

static int io_lines(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_value file;

	if (lv_noneornil(a, n, 0)) {
		file = default_file(L, false);
		if (data(&file)->how == CLOSED)
			lv_error(L, "attempt to use a closed file");
		push_lines(L, &file, a, n, false);
		return 1;
	}
	push_opened(L, lv_argstr(L, a, n, 0)->s, "r");
	file = L->top[-1];
	push_lines(L, &file, a, n, true);
	lv_pushnil(L);
	lv_pushnil(L);
	lv_push(L, &file);			/* closed when the loop is left */
	return 4;
}

/* ---- writing, seeking ------------------------------------------------------------------------------------ */

static int write_values(struct lv_state *L, FILE *f, struct lv_value *a, int n, int first, const struct lv_value *self)
{
	bool ok = true;
	char buf[64];

	if (f == stderr)
		fflush(stdout);
	for (int i = first; i < n; i++) {
		size_t len;
		const char *s = lv_argtext(L, a, n, i, buf, &len);

		ok = fwrite(s, 1, len, f) == len && ok;
	}
	if (!ok)
		return lv_osresult(L, false, NULL);
	lv_push(L, self);
	return 1;
}

static int io_write(struct lv_state *L, struct lv_value *a, int n)
{
	FILE *f = default_stream(L, true);
	struct lv_value self = default_file(L, true);

	return write_values(L, f, a, n, 0, &self);
}

static int file_write(struct lv_state *L, struct lv_value *a, int n)
{
	return write_values(L, open_file(L, a, n), a, n, 1, a);
}

static int file_seek(struct lv_state *L, struct lv_value *a, int n)
{
	static const char *const names[] = { "set", "cur", "end", NULL };
	static const int whence[] = { SEEK_SET, SEEK_CUR, SEEK_END };
	FILE *f = open_file(L, a, n);
	int from = lv_argoption(L, a, n, 1, "cur", names);
	int64_t off = lv_optint(L, a, n, 2, 0);

	if (fseeko(f, off, whence[from]) != 0)
		return lv_osresult(L, false, NULL);
	lv_pushint(L, ftello(f));
	return 1;
}

static int file_setvbuf(struct lv_state *L, struct lv_value *a, int n)
{
	static const char *const names[] = { "no", "full", "line", NULL };
	static const int mode[] = { _IONBF, _IOFBF, _IOLBF };
	FILE *f = open_file(L, a, n);
	int m = lv_argoption(L, a, n, 1, NULL, names);
	int64_t size = lv_optint(L, a, n, 2, BUFSIZ);

	return lv_osresult(L, setvbuf(f, NULL, mode[m], (size_t)size) == 0, NULL);
}

static int io_flush(struct lv_state *L, struct lv_value *a, int n)
{
	(void)a, (void)n;
	return lv_osresult(L, fflush(default_stream(L, true)) == 0, NULL);
}

static int file_flush(struct lv_state *L, struct lv_value *a, int n)
{
	return lv_osresult(L, fflush(open_file(L, a, n)) == 0, NULL);
}

/* ---- opening the library ---------------------------------------------------------------------------------- */

static const struct lv_reg funcs[] = {
	{ "close", io_close, LV_B_NONE },
	{ "flush", io_flush, LV_B_NONE },
	{ "input", io_input, LV_B_NONE },
	{ "lines", io_lines, LV_B_NONE },
	{ "open", io_open, LV_B_NONE },
	{ "output", io_output, LV_B_NONE },
	{ "popen", io_popen, LV_B_NONE },
	{ "read", io_read, LV_B_NONE },
	{ "tmpfile", io_tmpfile, LV_B_NONE },
	{ "type", io_type, LV_B_NONE },
	{ "write", io_write, LV_B_NONE },
};
static const struct lv_reg methods[] = {
	{ "close", file_close, LV_B_NONE },
	{ "flush", file_flush, LV_B_NONE },
	{ "lines", file_lines, LV_B_NONE },
	{ "read", file_read, LV_B_NONE },
	{ "seek", file_seek, LV_B_NONE },
	{ "setvbuf", file_setvbuf, LV_B_NONE },
	{ "write", file_write, LV_B_NONE },
};
static const struct lv_reg meta[] = {
	{ "__gc", file_gc, LV_B_NONE },
	{ "__close", file_gc, LV_B_NONE },
	{ "__tostring", file_tostring, LV_B_NONE },
};

static void add_functions(struct lv_state *L, struct lv_table *t, const struct lv_reg *r, size_t n)
{
	struct lv_value v;

	for (size_t i = 0; i < n; i++) {
		lv_setobj(&v, lv_cfunc(L, r[i].fn, r[i].name, 0), LV_CFUNC);
		lv_setz(L, t, r[i].name, &v);
	}
}

static void open_standard(struct lv_state *L, struct lv_table *io, FILE *f, const char *name)
{
	struct file *file = push_file(L);

	file->f = f;
	file->how = STANDARD;
	lv_setz(L, io, name, L->top - 1);
	if (f != stderr)
		set_default(L, f == stdout, L->top - 1);
	L->top--;
}

void lv_open_io(struct lv_state *L)
{
	struct lv_table *mt = lv_table(L, 0, 8), *index = lv_table(L, 0, 8), *io;
	struct lv_value v;

	lv_setobj(&v, mt, LV_TABLE);
	lv_setz(L, L->registry, "FILE*", &v);
	lv_lib(L)->filemeta = mt;
	add_functions(L, mt, meta, COUNT(meta));
	lv_setobj(&v, index, LV_TABLE);
	lv_setz(L, mt, "__index", &v);
	add_functions(L, index, methods, COUNT(methods));
	lv_setstr(&v, lv_strz(L, "FILE*"));
	lv_setz(L, mt, "__name", &v);
	io = lv_newlib(L, "io", funcs, COUNT(funcs));
	open_standard(L, io, stdin, "stdin");
	open_standard(L, io, stdout, "stdout");
	open_standard(L, io, stderr, "stderr");
}
