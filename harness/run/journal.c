#include "harness/run/journal.h"

#include <stdio.h>
#include <stdlib.h>

int
journal_lines(const char *file, void (*fn)(void *, const json_t *),
    void *arg, struct err *e)
{
	FILE *f = fopen(file, "re");
	char *line = NULL;
	size_t room = 0;
	long long at = 0;
	ssize_t n;
	int rc = 0;

	if (f == NULL)
		return (err_setno(e, "cannot open %s", file));
	while (rc == 0 && (n = getline(&line, &room, f)) > 0) {
		json_t *j;

		at++;
		if (line[n - 1] != '\n')
			break;		/* it is being written */
		j = json_loadb(line, (size_t)n, JSON_ALLOW_NUL, NULL);
		if (j == NULL)
			rc = err_set(e, "%s: line %lld is no JSON", file, at);
		else
			fn(arg, j);
		json_decref(j);
	}
	free(line);
	(void)fclose(f);
	return (rc);
}

const char *
journal_str(const json_t *line, const char *name)
{
	const char *s = json_string_value(json_object_get(line, name));

	return (s != NULL ? s : "");
}
