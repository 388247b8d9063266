/* identity/sigbody: what comes out of chunks, and what is said of them, does
 * not depend on how the body was cut.  The first byte chooses the options. */
#include "emulator/identity/sigbody.h"
#include "emulator/tests/fuzz/fuzz.h"
#include "lib/buf.h"

static void
sink(void *cls, const void *p, size_t n)
{

	MUST(n > 0);
	buf_add(cls, p, n);
}

static enum sigbody_fault
feed(unsigned char how, const uint8_t *p, size_t n, size_t step,
    struct buf *out)
{
	struct arena a = ARENA_INIT;
	struct sigbody_opts o = {
		.chunked = (how & 1) != 0, .trailer = (how & 2) != 0,
		.is_signed = (how & 4) != 0, .verify = (how & 12) == 12,
		.date = "20260302T040506Z",
		.scope = "20260302/auto/s3/aws4_request",
		.seed = "00000000000000000000000000000000"
		    "00000000000000000000000000000000",
		.decoded_length = (how & 16) != 0 ? 5 : -1,
		.sum_name = (how & 32) != 0 ? "crc32" : NULL,
		.sum = (how & 64) != 0 ? "NhCmhg==" : NULL,
		.sink = sink, .cls = out,
	};
	struct sigbody *b = sigbody_new(&a, &o);
	enum sigbody_fault f;

	for (size_t i = 0; i < n; i += step)
		sigbody_feed(b, p + i, n - i < step ? n - i : step);
	sigbody_end(b);
	f = sigbody_fault(b);
	sigbody_release(b);
	arena_release(&a);
	return (f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	enum sigbody_fault f, g;
	struct buf x, y;

	if (n == 0)
		return (0);
	buf_init(&x, 16u << 20);
	buf_init(&y, 16u << 20);
	f = feed(*p, p + 1, n - 1, n, &x);
	g = feed(*p, p + 1, n - 1, 1 + n % 3, &y);
	MUST(f == g);
	MUST(x.len == y.len && memcmp(x.p, y.p, x.len) == 0);
	MUST(x.len <= n);
	buf_release(&x);
	buf_release(&y);
	return (0);
}
