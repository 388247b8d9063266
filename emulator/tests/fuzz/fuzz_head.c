/* http/head: the same bytes are the same head however they arrive, and what is
 * accepted holds nothing that another parser could read otherwise. */
#include "emulator/http/head.h"
#include "emulator/tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = ARENA_INIT;
	const char *s = (const char *)p, *why = NULL;
	size_t from = 0, end, piecemeal = 0;
	struct head h;
	char *copy;
	int status;

	end = head_end(s, n, &from);
	MUST(end <= n);
	from = 0;
	for (size_t k = 1; piecemeal == 0 && k <= n; k++)
		piecemeal = head_end(s, k, &from);
	MUST(piecemeal == end);
	if (end > 0) {
		copy = arena_dup(&a, p, end);
		status = head_parse(&h, &a, copy, end, &why);
		MUST(status == 0 || (status >= 400 && status < 600));
		MUST(status == 0 || why != NULL);
		if (status == 0) {
			MUST(head_is_token(h.method));
			MUST(h.target[0] == '/' || strcmp(h.target, "*") == 0);
			MUST(!(h.chunked && h.length >= 0));
			MUST(h.length >= -1);
			for (size_t i = 0; i < h.nfields; i++) {
				MUST(head_is_token(h.fields[i].k));
				MUST(head_is_value(h.fields[i].v));
				MUST(head_get(&h, h.fields[i].k) != NULL);
			}
		}
	}
	arena_release(&a);
	return (0);
}
