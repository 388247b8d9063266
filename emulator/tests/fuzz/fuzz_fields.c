/* api/fields: a selection of a selection is the selection, and never more than
 * there was.  The first line is the selector, the rest JSON. */
#include <jansson.h>

#include "emulator/api/fields.h"
#include "emulator/tests/fuzz/fuzz.h"

/* A new reference; NULL: the selector is malformed. */
static json_t *
selected(const json_t *j, const char *s)
{
	char *text = json_dumps(j, JSON_COMPACT);
	struct err e = ERR_INIT;
	json_t *part = NULL;
	struct jtext w;

	MUST(text != NULL);
	jtext_init(&w, (strlen(s) & 1) != 0, SIZE_MAX / 2);
	if (fields_select(&w, text, s, &e) == 0) {
		part = json_loadb(w.b.p, w.b.len, 0, NULL);
		MUST(part != NULL);
	} else
		MUST(err_msg(&e)[0] != '\0' && w.b.len == 0);
	jtext_release(&w);
	err_release(&e);
	free(text);
	return (part);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char dflt[] = "{\"kind\":\"storage#objects\",\"items\":["
	    "{\"name\":\"a\",\"size\":\"1\",\"metadata\":{\"k\":\"v\"}},"
	    "{\"name\":\"b\",\"owner\":{\"entity\":\"e\"}}],\"prefixes\":[]}";
	const uint8_t *nl = memchr(p, '\n', n);
	size_t ns = nl != NULL ? (size_t)(nl - p) : n;
	struct arena a = ARENA_INIT;
	const char *s = fuzz_text(&a, p, ns);
	json_t *j = NULL, *part, *again;

	if (nl != NULL)
		j = json_loadb((const char *)nl + 1, n - ns - 1, 0, NULL);
	if (!json_is_object(j)) {
		json_decref(j);
		j = json_loads(dflt, 0, NULL);
	}
	part = selected(j, s);
	if (part != NULL) {
		again = selected(part, s);
		MUST(again != NULL && json_equal(part, again));
		json_decref(again);
	}
	json_decref(part);
	json_decref(j);
	arena_release(&a);
	return (0);
}
