/* lib/jtext: a copy of valid JSON says the same in either style, and where it
 * ends does not depend on who looks; of anything else no byte is read behind
 * its end.  The first byte chooses the style, the rest is text. */
#include <jansson.h>

#include "emulator/tests/fuzz/fuzz.h"
#include "lib/jtext.h"

/* Indentation of what is nested deeply has no other bound. */
#define MAX	(8u << 20)

static void
members(const char *p, size_t depth)
{
	const char *k, *v, *end;
	size_t n;

	p = jtext_trim(p);
	if (*p != '{' || depth > 64)
		return;
	for (p++; p != NULL && (v = jtext_member(p, &k, &n, &end)) != NULL; ) {
		MUST(k > p && k + n < v);
		members(v, depth + 1);
		p = jtext_skip(v);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = ARENA_INIT;
	const char *s = n > 0 ? fuzz_text(&a, p + 1, n - 1) : "";
	json_t *in = json_loads(s, JSON_DECODE_ANY, NULL), *out;
	const char *end, *skipped = jtext_skip(s);
	struct jtext w;

	jtext_init(&w, n > 0 && (p[0] & 1) != 0, MAX);
	end = jtext_copy(&w, s);
	MUST(end == skipped);
	MUST(end == NULL || (end > s && end <= s + strlen(s)));
	if (in != NULL && buf_ok(&w.b)) {
		MUST(end != NULL && *jtext_trim(end) == '\0');
		out = json_loadb(w.b.p, w.b.len, JSON_DECODE_ANY, NULL);
		MUST(out != NULL && json_equal(in, out));
		json_decref(out);
	}
	members(s, 0);
	json_decref(in);
	jtext_release(&w);
	arena_release(&a);
	return (0);
}
