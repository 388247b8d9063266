/* The table of report formats. */
#include "harness/report/formats_int.h"

#include <string.h>

const struct format formats[] = {
	{ "tap", "Test Anything Protocol 13, with a YAML block for what did "
	    "not pass", format_tap_begin, NULL, format_tap_result,
	    format_tap_end, false },
	{ "junit", "JUnit XML, as CI servers read it", NULL, NULL, NULL,
	    format_junit_end, false },
	{ "json", "one object with all that was measured", NULL, NULL, NULL,
	    format_json_end, false },
	{ "sum", "one line: how many passed, failed, were skipped", NULL, NULL,
	    NULL, format_sum_end, false },
	{ "table", "releases across and drills down: PASS, FAIL and what did "
	    "not hold, SKIP", NULL, NULL, NULL, format_table_end, false },
	{ "progress", "one line on a terminal, and what did not pass", NULL,
	    format_progress_job, format_progress_result, format_progress_end,
	    true },
	{ .name = NULL }
};

const struct format *
format_find(const char *name)
{

	for (const struct format *f = formats; f->name != NULL; f++)
		if (strcmp(f->name, name) == 0)
			return (f);
	return (NULL);
}
