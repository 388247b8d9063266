/* lib/clock.h: time.  Units are in the names: us and ms are micro- and
 * milliseconds.  A struct clock is wall time with a shift, so that an
 * emulator's expiry can be drilled without waiting; durations are always
 * measured on the monotonic clock. */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

#include "lib/err.h"

struct clock {
	_Atomic int64_t shift_us;
};

int64_t	clock_wall_us(const struct clock *c);	/* c may be NULL: no shift */
int64_t	clock_mono_us(void);

/* RFC 3339 in UTC with milliseconds, `2026-11-22T19:02:33.986Z`, as Google's
 * APIs print it.  The room covers any int64_t. */
#define CLOCK_RFC3339	88
void	clock_rfc3339(int64_t wall_us, char dst[CLOCK_RFC3339]);
/* As HTTP writes it, `Sun, 22 Nov 2026 19:02:33 GMT` (RFC 9110 section 5.6.7),
 * whatever the locale; what is before 1970 or after 9999 becomes that. */
#define CLOCK_HTTP	30
void	clock_http(int64_t wall_us, char dst[CLOCK_HTTP]);
/* The other way than clock_rfc3339(); 0, or -1 where s is not RFC 3339. */
int	clock_parse_rfc3339(const char *s, int64_t *wall_us);

/* `250ms`, `10s`, `1.5s`, `2m`, `1h`, `40us` (a unit is a must) to
 * microseconds; 0 or -1 with a message that shows the forms. */
int	clock_parse_duration(const char *s, int64_t *us, struct err *e);

#endif
