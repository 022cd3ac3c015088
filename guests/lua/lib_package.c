/* SPDX-License-Identifier: MIT
 * lib_package.c - require and the package library.
 *
 * Modules are Lua files. The searchers for C modules look along package.cpath, so that messages name what is missing, but
 * a library that is found is refused with a reason: there is no C API yet.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include "lib.h"

#define COUNT(x) (sizeof(x) / sizeof(x)[0])

#define LUA_DIRS(root) root "/share/lua/5.4/?.lua;" root "/share/lua/5.4/?/init.lua;"
#define DEFAULT_PATH LUA_DIRS("/usr/local") "/usr/local/lib/lua/5.4/?.lua;/usr/local/lib/lua/5.4/?/init.lua;" \
	LUA_DIRS("/usr") "./?.lua;./?/init.lua"
#define DEFAULT_CPATH "/usr/local/lib/lua/5.4/?.so;/usr/lib/lua/5.4/?.so;/usr/local/lib/lua/5.4/loadall.so;./?.so"
#define NO_C_MODULES "C modules are not supported"

/* ---- looking for files ------------------------------------------------------------------------ */

static bool readable(const char *path)
{
	FILE *f = fopen(path, "r");

	if (f)
		fclose(f);
	return f != NULL;
}

/* s with every `from` replaced by the text `to`, and a 0 behind. */
static void add_replaced(struct lv_out *o, const char *s, size_t n, const char *from, const char *to)
{
	size_t len = strlen(from);

	for (size_t i = 0; i < n;) {
		if (len > 0 && n - i >= len && memcmp(s + i, from, len) == 0) {
			lv_out_add(o, to, strlen(to));
			i += len;
		} else {
			lv_out_char(o, s[i++]);
		}
	}
	*lv_out_room(o, 1) = 0;
}

/* The first file along path that can be opened, or NULL; then *missing lists what was tried. */
static struct lv_str *search(struct lv_state *L, const char *name, const char *path, const char *sep, const char *dirsep, struct lv_str **missing)
{
	struct lv_out plain, file, list;
	const char *p = path, *end;

	lv_out_init(L, &plain);
	add_replaced(&plain, name, strlen(name), sep, dirsep);
	lv_out_init(L, &list);
	for (; *p; p = *end ? end + 1 : end) {
		end = strchrnul(p, ';');
		if (end == p)
			continue;
		lv_out_init(L, &file);
		add_replaced(&file, p, (size_t)(end - p), "?", plain.p);
		if (readable(file.p))
			return lv_out_str(&file);
		lv_out_add(&list, list.n > 0 ? "\n\tno file '" : "no file '", list.n > 0 ? 11 : 9);
		lv_out_add(&list, file.p, file.n);
		lv_out_char(&list, '\'');
	}
	*missing = lv_out_str(&list);
	return NULL;
}

static int pkg_searchpath(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *name = lv_argstr(L, a, n, 0), *path = lv_argstr(L, a, n, 1), *sep = lv_optstr(L, a, n, 2, NULL);
	struct lv_str *dirsep = lv_optstr(L, a, n, 3, NULL), *missing, *file;

	file = search(L, name->s, path->s, sep ? sep->s : ".", dirsep ? dirsep->s : "/", &missing);
	if (file) {
		lv_pushstr(L, file);
		return 1;
	}
	lv_pushnil(L);
	lv_pushstr(L, missing);
	return 2;
}

/* ---- searchers: up[0] is the package table ---------------------------------------------------------- */

static void package_field(struct lv_state *L, const struct lv_value *a, const char *name, struct lv_value *out)
{
	struct lv_value k;

	lv_setstr(&k, lv_strz(L, name));
	lv_index(L, &a[-2].c->up[0], &k, out);
}

/* The file of a module along package.path or cpath; NULL: the message is pushed. */
static struct lv_str *module_file(struct lv_state *L, const struct lv_value *a, const char *name, const char *field)
{
	struct lv_str *missing, *file;
	struct lv_value path;

	package_field(L, a, field, &path);
	if (path.tag != LV_STR)
		lv_error(L, "'package.%s' must be a string", field);
	file = search(L, name, path.s->s, ".", "/", &missing);
	if (!file)
		lv_pushstr(L, missing);
	return file;
}

static int search_preload(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *name = lv_argstr(L, a, n, 0);
	struct lv_value t, k, v;

	lv_setstr(&k, lv_strz(L, "_PRELOAD"));
	lv_get(L->registry, &k, &t);
	lv_setstr(&k, name);
	lv_index(L, &t, &k, &v);
	if (v.tag == LV_NIL) {
		lv_pushstr(L, lv_strf(L, "no field package.preload['%s']", name->s));
		return 1;
	}
	lv_push(L, &v);
	lv_pushz(L, ":preload:");
	return 2;
}

static int search_lua(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *name = lv_argstr(L, a, n, 0), *file = module_file(L, a, name->s, "path");
	struct lv_value f;

	if (!file)
		return 1;
	if (lv_loadfile(L, file->s, NULL, &f) != LV_OK)
		lv_error(L, "error loading module '%s' from file '%s':\n\t%s", name->s, file->s, lv_tostr(L, &f)->s);
	lv_push(L, &f);
	lv_pushstr(L, file);
	return 2;
}

/* With root: the library of the part before the first dot may hold submodules, too. */
static int search_c(struct lv_state *L, struct lv_value *a, int n, bool root)
{
	struct lv_str *name = lv_argstr(L, a, n, 0), *part = name, *file;
	const char *dot = strchr(name->s, '.');

	if (root && !dot)
		return 0;
	if (root)
		part = lv_str(L, name->s, (size_t)(dot - name->s));
	file = module_file(L, a, part->s, "cpath");
	if (file)
		lv_error(L, "error loading module '%s' from file '%s':\n\t" NO_C_MODULES, name->s, file->s);
	return 1;
}

static int search_clib(struct lv_state *L, struct lv_value *a, int n) { return search_c(L, a, n, false); }
static int search_croot(struct lv_state *L, struct lv_value *a, int n) { return search_c(L, a, n, true); }

static int pkg_loadlib(struct lv_state *L, struct lv_value *a, int n)
{
	lv_argstr(L, a, n, 0);
	lv_argstr(L, a, n, 1);
	lv_pushnil(L);
	lv_pushz(L, NO_C_MODULES);
	lv_pushz(L, "absent");
	return 3;
}

/* ---- require ------------------------------------------------------------------------------------------- */

/* Asks the searchers in turn; loader and its data are left in a[1] and a[2]. */
static void find_loader(struct lv_state *L, struct lv_value *a, struct lv_str *name)
{
	struct lv_value list, k, f, *at;
	struct lv_out msg;

	package_field(L, a, "searchers", &list);
	if (list.tag != LV_TABLE)
		lv_error(L, "'package.searchers' must be a table");
	lv_out_init(L, &msg);
	for (int64_t i = 1;; i++) {
		lv_setint(&k, i);
		lv_get(list.t, &k, &f);
		if (f.tag == LV_NIL) {
			*lv_out_room(&msg, 1) = 0;
			lv_error(L, "module '%s' not found:%s", name->s, msg.p);
		}
		at = L->top = a + 3;
		lv_push(L, &f);
		L->top++;
		lv_pushstr(L, name);
		lv_call(L, at, 1, 2);
		if (lv_isfunction(&at[0])) {
			a[1] = at[0];
			a[2] = at[1];
			L->top = a + 3;
			return;
		}
		if (at[0].tag == LV_STR) {
			lv_out_add(&msg, "\n\t", 2);
			lv_out_add(&msg, at[0].s->s, at[0].s->len);
		}
	}
}

static int pkg_require(struct lv_state *L, struct lv_value *a, int n)
{
	struct lv_str *name = lv_argstr(L, a, n, 0);
	struct lv_value v, loaded, *at;

	lv_setobj(&loaded, L->loaded, LV_TABLE);
	lv_index(L, &loaded, a, &v);
	if (!lv_falsy(&v)) {
		lv_push(L, &v);
		return 1;
	}
	find_loader(L, a, name);
	at = L->top;
	lv_push(L, &a[1]);
	L->top++;
	lv_pushstr(L, name);
	lv_push(L, &a[2]);
	lv_call(L, at, 2, 1);
	v = at[0];
	if (v.tag != LV_NIL) {
		lv_setindex(L, &loaded, a, &v);
	} else {
		lv_index(L, &loaded, a, &v);
		if (v.tag == LV_NIL) {
			lv_setbool(&v, true);
			lv_setindex(L, &loaded, a, &v);
		}
	}
	L->top = a + 3;
	lv_push(L, &v);
	lv_push(L, &a[2]);
	return 2;
}

/* ---- opening ---------------------------------------------------------------------------------------------- */

/* From the environment; an empty template (";;") stands for the default. */
static void set_path(struct lv_state *L, struct lv_table *t, const char *field, const char *env1, const char *env2, const char *def)
{
	const char *path = getenv(env1), *gap;
	struct lv_value v;
	struct lv_out o;

	if (!path)
		path = getenv(env2);
	if (!path)
		path = def;
	lv_out_init(L, &o);
	gap = strstr(path, ";;");
	if (gap) {
		lv_out_add(&o, path, (size_t)(gap - path) + (gap > path));
		lv_out_add(&o, def, strlen(def));
		if (gap[2])
			lv_out_add(&o, gap + 1, strlen(gap + 1));
	} else {
		lv_out_add(&o, path, strlen(path));
	}
	lv_setstr(&v, lv_out_str(&o));
	lv_setz(L, t, field, &v);
}

static void function(struct lv_state *L, lv_cfn *fn, const char *name, const struct lv_value *package, struct lv_value *out)
{
	struct lv_cfunc *c = lv_cfunc(L, fn, name, 1);

	c->up[0] = *package;
	lv_setobj(out, c, LV_CFUNC);
}

static const struct lv_reg funcs[] = {
	{ "loadlib", pkg_loadlib, LV_B_NONE },
	{ "searchpath", pkg_searchpath, LV_B_NONE },
};

void lv_open_package(struct lv_state *L)
{
	static lv_cfn *const searcher[] = { search_preload, search_lua, search_clib, search_croot };
	struct lv_table *t = lv_newlib(L, "package", funcs, COUNT(funcs)), *list = lv_table(L, COUNT(searcher), 0);
	struct lv_value package, v;

	lv_setobj(&package, t, LV_TABLE);
	for (size_t i = 0; i < COUNT(searcher); i++) {
		function(L, searcher[i], "searcher", &package, &v);
		lv_seti(L, list, (int64_t)i + 1, &v);
	}
	lv_setobj(&v, list, LV_TABLE);
	lv_setz(L, t, "searchers", &v);
	function(L, pkg_require, "require", &package, &v);
	lv_setz(L, L->globals, "require", &v);
	lv_setobj(&v, L->loaded, LV_TABLE);
	lv_setz(L, t, "loaded", &v);
	lv_setz(L, L->registry, "_LOADED", &v);
	lv_setobj(&v, lv_table(L, 0, 0), LV_TABLE);
	lv_setz(L, t, "preload", &v);
	lv_setz(L, L->registry, "_PRELOAD", &v);
	lv_setstr(&v, lv_strz(L, "/\n;\n?\n!\n-\n"));
	lv_setz(L, t, "config", &v);
	set_path(L, t, "path", "LUA_PATH_5_4", "LUA_PATH", DEFAULT_PATH);
	set_path(L, t, "cpath", "LUA_CPATH_5_4", "LUA_CPATH", DEFAULT_CPATH);
}
