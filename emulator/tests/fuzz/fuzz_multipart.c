/* api/multipart: parts do not depend on how the body was cut.  The first line
 * of the input is the Content-Type. */
#include "emulator/api/multipart.h"
#include "emulator/tests/fuzz/fuzz.h"
#include "lib/buf.h"

struct seen {
	struct buf bytes;
	int	last;
};

static void
sink(void *cls, int part, const void *p, size_t n)
{
	struct seen *s = cls;

	MUST(n > 0 && part >= 0 && part >= s->last);
	if (part != s->last)
		buf_addf(&s->bytes, "<%d>", part);
	s->last = part;
	buf_add(&s->bytes, p, n);
}

static bool
feed(const char *boundary, const uint8_t *p, size_t n, size_t step,
    struct seen *s, int *parts)
{
	struct arena a = ARENA_INIT;
	struct multipart *m = multipart_new(&a, boundary, sink, s);
	bool done;

	for (size_t i = 0; i < n; i += step)
		multipart_feed(m, p + i, n - i < step ? n - i : step);
	done = multipart_error(m) == NULL && multipart_done(m);
	*parts = multipart_parts(m);
	multipart_release(m);
	arena_release(&a);
	return (done);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = ARENA_INIT;
	struct seen whole = { .last = -1 }, parts = { .last = -1 };
	const uint8_t *nl = memchr(p, '\n', n);
	const char *boundary;
	bool x, y;
	int nx, ny;

	if (nl == NULL)
		return (0);
	boundary = multipart_boundary(&a, fuzz_text(&a, p, (size_t)(nl - p)));
	if (boundary != NULL) {
		n -= (size_t)(nl + 1 - p);
		buf_init(&whole.bytes, 16u << 20);
		buf_init(&parts.bytes, 16u << 20);
		x = feed(boundary, nl + 1, n, n + 1, &whole, &nx);
		y = feed(boundary, nl + 1, n, 1 + n % 3, &parts, &ny);
		MUST(x == y);
		if (x) {
			MUST(nx == ny && whole.bytes.len == parts.bytes.len);
			MUST(memcmp(whole.bytes.p, parts.bytes.p,
			    whole.bytes.len) == 0);
		}
		buf_release(&whole.bytes);
		buf_release(&parts.bytes);
	}
	arena_release(&a);
	return (0);
}
