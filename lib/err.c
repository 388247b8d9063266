#include "lib/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char	*err_format(const char *fmt, va_list ap) PRINTF_LIKE(1, 0);

static char *
err_format(const char *fmt, va_list ap)
{
	char *s;

	BUG_ON(vasprintf(&s, fmt, ap) < 0);
	return (s);
}

int
err_set(struct err *e, const char *fmt, ...)
{
	va_list ap;
	char *s;

	if (e == NULL)
		return (-1);
	va_start(ap, fmt);
	s = err_format(fmt, ap);
	va_end(ap);
	free(e->msg);
	e->msg = s;
	return (-1);
}

int
err_setno(struct err *e, const char *fmt, ...)
{
	int no = errno;
	va_list ap;
	char *s;

	if (e == NULL)
		return (-1);
	va_start(ap, fmt);
	s = err_format(fmt, ap);
	va_end(ap);
	free(e->msg);
	e->msg = mem_printf("%s: %s", s, strerror(no));
	free(s);
	return (-1);
}

int
err_prefix(struct err *e, const char *fmt, ...)
{
	va_list ap;
	char *s, *old;

	if (e == NULL)
		return (-1);
	va_start(ap, fmt);
	s = err_format(fmt, ap);
	va_end(ap);
	old = e->msg;
	e->msg = mem_printf("%s: %s", s, old != NULL ? old : "unknown error");
	free(old);
	free(s);
	return (-1);
}

const char *
err_msg(const struct err *e)
{

	return (e != NULL && e->msg != NULL ? e->msg : "unknown error");
}

void
err_release(struct err *e)
{

	free(e->msg);
	e->msg = NULL;
}
