/* SPDX-License-Identifier: MIT
 * varargs.c - variable argument lists of our own, lists handed on, structs and floats among the arguments.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct pair { long a, b; };
struct wide { double v[4]; };

static double sum(const char *kinds, ...)
{
	va_list ap, twice;
	double s = 0;

	va_start(ap, kinds);
	va_copy(twice, ap);
	for (const char *k = kinds; *k; k++)
		switch (*k) {
		case 'i': s += va_arg(ap, int); break;
		case 'l': s += (double)va_arg(ap, long); break;
		case 'd': s += va_arg(ap, double); break;
		case 'p': { struct pair p = va_arg(ap, struct pair); s += (double)(p.a - p.b); break; }
		case 'w': { struct wide w = va_arg(ap, struct wide); s += w.v[0] + w.v[3]; break; }
		case 's': s += (double)strlen(va_arg(ap, char *)); break;
		}
	if (*kinds == 'i')
		s += va_arg(twice, int) * 1000;
	va_end(twice);
	va_end(ap);
	return s;
}

static int format(char *out, size_t n, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vsnprintf(out, n, fmt, ap);
	va_end(ap);
	return r;
}

int main(void)
{
	char buf[200];
	struct pair p = { 10, 3 };
	struct wide w = { { 0.5, 1, 2, 0.25 } };
	double (*fn)(const char *, ...) = sum;
	int n = format(buf, sizeof buf, "%d %s %.3f %c %ld %g %d %g %x %lld %g %g %g %g %g %g", 1, "two", 3.0, '4', 5L, 6.0, 7, 8.0, 9, 10LL, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6);

	printf("%d %s\n", n, buf);
	printf("%g %g\n", sum("iidls", 1, 2, 3.5, 4L, "five"), sum(""));
	printf("%g\n", sum("iiiiiiiddddddddddl", 1, 2, 3, 4, 5, 6, 7, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 100L));
	printf("%g\n", fn("lpwdpwiiiiip", 7L, p, w, 0.125, p, w, 1, 2, 3, 4, 5, p));
	return 0;
}
