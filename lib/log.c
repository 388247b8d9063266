#include "lib/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/file.h"

static const char *log_who = "?";
static int log_fd = STDERR_FILENO;
static enum log_level log_max = LOG_INFO;
static int64_t log_t0;

void
log_setup(const char *who, int fd, enum log_level max)
{

	log_who = who;
	log_fd = fd;
	log_max = max;
	log_t0 = clock_mono_us();
}

static void	log_line(enum log_level level, const char *fmt, va_list ap)
    PRINTF_LIKE(2, 0);

static void
log_line(enum log_level level, const char *fmt, va_list ap)
{
	int64_t t = clock_mono_us() - log_t0;
	struct buf b;
	size_t head;

	if (level > log_max)
		return;
	buf_init(&b, 1 << 16);
	buf_addf(&b, "%3d.%03d %-4s ", (int)(t / 1000000),
	    (int)(t / 1000 % 1000), log_who);
	if (level == LOG_ERROR)
		buf_adds(&b, "error: ");
	head = b.len;
	buf_vaddf(&b, fmt, ap);
	if (!buf_ok(&b)) {
		buf_cut(&b, head);
		b.full = false;
		buf_adds(&b, "(a line that is too long to log)");
	}
	/* What came from outside must not begin lines of its own. */
	for (size_t i = head; i < b.len; i++)
		if ((unsigned char)b.p[i] < ' ' || b.p[i] == 0x7f)
			b.p[i] = '?';
	buf_addc(&b, '\n');
	(void)file_write_all(log_fd, b.p, b.len);
	buf_release(&b);
}

#define LOG_FN(name, level)						\
void									\
name(const char *fmt, ...)						\
{									\
	va_list ap;							\
									\
	va_start(ap, fmt);						\
	log_line(level, fmt, ap);					\
	va_end(ap);							\
}

LOG_FN(log_error, LOG_ERROR)
LOG_FN(log_info, LOG_INFO)
LOG_FN(log_debug, LOG_DEBUG)
