#include "lib/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static _Noreturn void
mem_out(size_t n)
{

	fprintf(stderr, "out of memory: could not allocate %zu bytes\n", n);
	abort();
}

void *
mem_alloc(size_t n)
{
	void *p = calloc(1, n > 0 ? n : 1);

	if (p == NULL)
		mem_out(n);
	return (p);
}

void *
mem_realloc(void *p, size_t n)
{
	void *q = realloc(p, n > 0 ? n : 1);

	if (q == NULL)
		mem_out(n);
	return (q);
}

void *
mem_dup(const void *p, size_t n)
{
	void *q = mem_alloc(n);

	if (n > 0)
		memcpy(q, p, n);
	return (q);
}

char *
mem_strndup(const char *s, size_t n)
{
	char *q = mem_alloc(n + 1);

	if (n > 0)
		memcpy(q, s, n);
	return (q);
}

char *
mem_strdup(const char *s)
{

	return (mem_strndup(s, strlen(s)));
}

char *
mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		mem_out(0);
	return (s);
}

_Noreturn void
mem_bug(const char *file, int line, const char *what)
{

	fprintf(stderr, "%s:%d: impossible state: %s\n", file, line, what);
	abort();
}

void *
mem_map(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		mem_out(n);
	return (p);
}

void
mem_unmap(void *p, size_t n)
{

	BUG_ON(munmap(p, n) != 0);
}
