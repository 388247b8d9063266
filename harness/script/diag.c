#include "harness/script/diag.h"

#include <stdarg.h>

#include "lib/str.h"

#define DIAG_LIST	12	/* names that still read well in one line */

void
diag_error(struct diag *d, const struct place *at, const char *fmt, ...)
{
	va_list ap;

	d->n++;
	if (d->out == NULL)
		return;
	(void)fprintf(d->out, "%s:%d:%d: error: ", at->file, at->line,
	    at->col);
	va_start(ap, fmt);
	(void)vfprintf(d->out, fmt, ap);
	va_end(ap);
	(void)fputc('\n', d->out);
}

void
diag_unknown_text(struct buf *b, const char *what, const char *word,
    const char *const *names, size_t n)
{
	const char *near = str_nearest(word, names, n);

	buf_addf(b, "unknown %s '%s'", what, word);
	if (near != NULL)
		buf_addf(b, ", did you mean '%s'?", near);
	else if (n > 0 && n <= DIAG_LIST) {
		buf_adds(b, n == 1 ? "; there is only " : "; there are ");
		for (size_t i = 0; i < n; i++)
			buf_addf(b, "%s%s", i == 0 ? "" :
			    i + 1 == n ? " and " : ", ", names[i]);
	}
}

void
diag_unknown(struct diag *d, const struct place *at, const char *what,
    const char *word, const char *const *names, size_t n)
{
	struct buf b;

	buf_init(&b, 64 << 10);
	diag_unknown_text(&b, what, word, names, n);
	diag_error(d, at, "%s", b.p);
	buf_release(&b);
}
