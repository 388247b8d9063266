/* api/fields: a selection of a selection is the selection, and never more than
 * there was.  The first line is the selector, the rest JSON. */
#include "emulator/api/fields.h"
#include "emulator/tests/fuzz/fuzz.h"

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
	struct err e = ERR_INIT;
	json_t *j = NULL, *part, *again;

	if (nl != NULL)
		j = json_loadb((const char *)nl + 1, n - ns - 1, 0, NULL);
	if (!json_is_object(j)) {
		json_decref(j);
		j = json_loads(dflt, 0, NULL);
	}
	part = fields_select(j, s, &e);
	if (part != NULL) {
		again = fields_select(part, s, &e);
		MUST(again != NULL && json_equal(part, again));
		json_decref(again);
	} else
		MUST(err_msg(&e)[0] != '\0');
	json_decref(part);
	json_decref(j);
	err_release(&e);
	arena_release(&a);
	return (0);
}
