#include "lib/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t
clock_wall_us(const struct clock *c)
{
	struct timespec ts;
	int64_t us;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	us = (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
	return (c != NULL ? us + atomic_load(&c->shift_us) : us);
}

int64_t
clock_mono_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
}

static char *
clock_put(char *p, unsigned v, int digits, char after)
{

	for (int i = digits - 1; i >= 0; i--, v /= 10)
		p[i] = (char)('0' + v % 10);
	p[digits] = after;
	return (p + digits + 1);
}

/* The same as below for the years 1970 to 9999, of which answers are full: a
 * listing writes up to five of an object, 0.26 us each by gmtime_r() and
 * snprintf(), 0.05 us by this.  Years are counted from a March, so that a
 * leap day is the last of its year; 400 of them have 146097 days, and five
 * months from a March on have 153. */
static void
clock_rfc3339_usual(uint64_t ms, char *p)
{
	unsigned day = (unsigned)(ms / 86400000) + 719468;	/* of 0000-03-01 */
	unsigned in = (unsigned)(ms % 86400000), era = day / 146097, of, y, m;

	of = day % 146097;
	y = (of - of / 1460 + of / 36524 - of / 146096) / 365;
	of -= 365 * y + y / 4 - y / 100;
	m = (5 * of + 2) / 153;			/* 0: March */
	p = clock_put(p, era * 400 + y + (m >= 10), 4, '-');
	p = clock_put(p, m < 10 ? m + 3 : m - 9, 2, '-');
	p = clock_put(p, of - (153 * m + 2) / 5 + 1, 2, 'T');
	p = clock_put(p, in / 3600000, 2, ':');
	p = clock_put(p, in / 60000 % 60, 2, ':');
	p = clock_put(p, in / 1000 % 60, 2, '.');
	p = clock_put(p, in % 1000, 3, 'Z');
	*p = '\0';
}

void
clock_rfc3339(int64_t us, char dst[CLOCK_RFC3339])
{
	int64_t ms = us / 1000 - (us % 1000 < 0);	/* both round down */
	int64_t sec = ms / 1000 - (ms % 1000 < 0);
	time_t t = (time_t)sec;
	struct tm tm;

	if (ms >= 0 && ms < INT64_C(253402300800000)) {
		clock_rfc3339_usual((uint64_t)ms, dst);
		return;
	}

	(void)gmtime_r(&t, &tm);
	(void)snprintf(dst, CLOCK_RFC3339, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, (int)(ms - sec * 1000));
}

void
clock_http(int64_t us, char dst[CLOCK_HTTP])
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t t = us < 0 ? 0 : (time_t)(us / 1000000);
	struct tm tm;
	char *p = dst;

	if (t > 253402300799)		/* years have four digits here */
		t = 253402300799;
	(void)gmtime_r(&t, &tm);
	memcpy(p, days + 3 * tm.tm_wday, 3);
	memcpy(p + 3, ", ", 2);
	p = clock_put(p + 5, (unsigned)tm.tm_mday, 2, ' ');
	memcpy(p, months + 3 * tm.tm_mon, 3);
	p[3] = ' ';
	p = clock_put(p + 4, (unsigned)tm.tm_year + 1900, 4, ' ');
	p = clock_put(p, (unsigned)tm.tm_hour, 2, ':');
	p = clock_put(p, (unsigned)tm.tm_min, 2, ':');
	p = clock_put(p, (unsigned)tm.tm_sec, 2, ' ');
	memcpy(p, "GMT", 4);
}

/* Exactly n digits, and *s moves behind them; -1 where they are not there. */
static int
clock_digits(const char **s, int n)
{
	int v = 0;

	for (; n > 0; n--, (*s)++) {
		if (**s < '0' || **s > '9')
			return (-1);
		v = v * 10 + (**s - '0');
	}
	return (v);
}

/* The same behind the character c (either case of a letter). */
static int
clock_field(const char **s, char c, int n)
{

	if (**s != c && !(c >= 'A' && c <= 'Z' && **s == c - 'A' + 'a'))
		return (-1);
	(*s)++;
	return (clock_digits(s, n));
}

/* `Z` or `+01:00` at the end of the string, as seconds east; false: neither. */
static bool
clock_zone(const char *s, int *east)
{
	int h, m, sign = *s == '-' ? -1 : 1;

	*east = 0;
	if (*s == 'Z' || *s == 'z')
		return (s[1] == '\0');
	if (*s != '+' && *s != '-')
		return (false);
	s++;
	h = clock_digits(&s, 2);
	m = h >= 0 ? clock_field(&s, ':', 2) : -1;
	*east = sign * (h * 3600 + m * 60);
	return (m >= 0 && m < 60 && h < 24 && *s == '\0');
}

int
clock_parse_rfc3339(const char *s, int64_t *us)
{
	struct tm tm = { 0 };
	int64_t frac = 0, unit = 100000;
	int mday, east, sec;

	if ((tm.tm_year = clock_digits(&s, 4)) < 0 ||
	    (tm.tm_mon = clock_field(&s, '-', 2)) < 1 || tm.tm_mon > 12 ||
	    (tm.tm_mday = clock_field(&s, '-', 2)) < 1 ||
	    (tm.tm_hour = clock_field(&s, 'T', 2)) < 0 || tm.tm_hour > 23 ||
	    (tm.tm_min = clock_field(&s, ':', 2)) < 0 || tm.tm_min > 59 ||
	    (sec = clock_field(&s, ':', 2)) < 0 || sec > 60)
		return (-1);
	if (*s == '.') {
		if (s[1] < '0' || s[1] > '9')
			return (-1);
		for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10)
			frac += (*s - '0') * unit;
	}
	if (!clock_zone(s, &east))
		return (-1);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	mday = tm.tm_mday;
	*us = (int64_t)timegm(&tm);
	if (tm.tm_mday != mday)			/* 31 June */
		return (-1);
	*us = (*us + sec - east) * 1000000 + frac;
	return (0);
}

int
clock_parse_duration(const char *s, int64_t *us, struct err *e)
{
	static const struct { const char *unit; double us; } units[] = {
		{ "us", 1 }, { "ms", 1e3 }, { "s", 1e6 }, { "m", 60e6 },
		{ "h", 3600e6 },
	};
	char *end;
	double v;

	if ((*s >= '0' && *s <= '9') || *s == '.') {
		v = strtod(s, &end);
		/* Neither 0x10 nor 1e3. */
		if (strspn(s, "0123456789.") != (size_t)(end - s))
			end = NULL;
		for (size_t i = 0; end != NULL && i < NELEMS(units); i++)
			if (strcmp(end, units[i].unit) == 0 &&
			    v * units[i].us < 1e18) {
				*us = (int64_t)(v * units[i].us + 0.5);
				return (0);
			}
	}
	return (err_set(e, "'%s' is not a duration: write a number and a unit, "
	    "such as 250ms, 10s, 2m or 1h", s));
}
