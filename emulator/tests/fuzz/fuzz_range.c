/* api/range: a range lies within its object, and a Content-Range that is
 * accepted does not contradict itself. */
#include "emulator/api/range.h"
#include "emulator/tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const int64_t sizes[] = { 0, 1, 10, 4096, INT64_C(1) << 40,
		INT64_MAX };
	struct arena a = ARENA_INIT;
	const char *s = fuzz_text(&a, p, n);
	struct range_content c;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int64_t off = -1, len = -1;

		if (range_parse(s, sizes[i], &off, &len) != RANGE_PART)
			continue;
		MUST(off >= 0 && len > 0 && off < sizes[i]);
		MUST(len <= sizes[i] - off);
	}
	if (range_parse_content(s, &c)) {
		MUST(c.total >= -1);
		MUST(c.query || (c.first >= 0 && c.first <= c.last));
		MUST(c.query || c.last < RANGE_MAX);
		MUST(c.query || c.total < 0 || (c.open ?
		    c.first <= c.total : c.last < c.total));
	}
	arena_release(&a);
	return (0);
}
