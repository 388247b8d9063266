#include "lib/clock.h"

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

void
clock_rfc3339(int64_t us, char dst[CLOCK_RFC3339])
{
	time_t t = (time_t)(us / 1000000);
	struct tm tm;

	(void)gmtime_r(&t, &tm);
	(void)snprintf(dst, CLOCK_RFC3339, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, (int)(us / 1000 % 1000));
}

int
clock_parse_rfc3339(const char *s, int64_t *us)
{
	struct tm tm = { 0 };
	int y, mo, d, h, mi, se, n = 0, oh = 0, om = 0;
	int64_t frac = 0, unit = 100000;
	char sign[2];

	if (sscanf(s, "%4d-%2d-%2d%*1[Tt]%2d:%2d:%2d%n", &y, &mo, &d, &h, &mi,
	    &se, &n) != 6 || n == 0)
		return (-1);
	if (mo < 1 || mo > 12 || d < 1 || d > 31 || h > 23 || mi > 59 ||
	    se > 60)
		return (-1);
	s += n;
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10)
			frac += (*s - '0') * unit;
	if (*s == 'Z' || *s == 'z') {
		if (s[1] != '\0')
			return (-1);
	} else {
		n = 0;
		if (sscanf(s, "%1[+-]%2d:%2d%n", sign, &oh, &om, &n) != 3 ||
		    s[n] != '\0')
			return (-1);
		if (*s == '-') {
			oh = -oh;
			om = -om;
		}
	}
	tm.tm_year = y - 1900;
	tm.tm_mon = mo - 1;
	tm.tm_mday = d;
	tm.tm_hour = h;
	tm.tm_min = mi;
	tm.tm_sec = se;
	*us = ((int64_t)timegm(&tm) - oh * 3600 - om * 60) * 1000000 + frac;
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
		for (size_t i = 0; i < NELEMS(units); i++)
			if (strcmp(end, units[i].unit) == 0 &&
			    v * units[i].us < 1e18) {
				*us = (int64_t)(v * units[i].us + 0.5);
				return (0);
			}
	}
	return (err_set(e, "'%s' is not a duration: write a number and a unit, "
	    "such as 250ms, 10s, 2m or 1h", s));
}
