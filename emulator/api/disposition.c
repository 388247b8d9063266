#include "emulator/api/disposition.h"

#include <string.h>
#include <strings.h>

#include "lib/str.h"

const char *
disposition_param(struct arena *a, const char *h, const char *name)
{
	size_t n = strlen(name), len = 0;
	char *out;

	while ((h = strchr(h, ';')) != NULL) {
		h += 1 + strspn(h + 1, " \t");
		if (strncasecmp(h, name, n) == 0 && h[n] == '=')
			break;
		/* a quoted value may hold a semicolon */
		h += strcspn(h, ";\"");
		if (*h == '"')
			for (h++; *h != '\0' && *h != '"'; h++)
				h += *h == '\\' && h[1] != '\0';
	}
	if (h == NULL)
		return (NULL);
	h += n + 1;
	if (*h != '"')
		return (arena_strndup(a, h, strcspn(h, "; \t")));
	out = arena_alloc(a, strlen(h));
	for (h++; *h != '\0' && *h != '"'; h++) {
		/* browsers escape the quote alone, and send paths as they are */
		if (*h == '\\' && (h[1] == '"' || h[1] == '\\'))
			h++;
		out[len++] = *h;
	}
	return (out);
}

const char *
disposition_filename(struct arena *a, const char *h)
{
	const char *ext = disposition_param(a, h, "filename*"), *p;
	const char *name = disposition_param(a, h, "filename");
	size_t n;

	if (ext != NULL && strncasecmp(ext, "UTF-8''", 7) == 0) {
		char *s = arena_strdup(a, ext + 7);

		if (str_pct_decode(s, &n, false) && strlen(s) == n)
			name = s;
	}
	if (name == NULL)
		return ("");
	while ((p = strpbrk(name, "/\\")) != NULL)
		name = p + 1;
	return (name);
}
