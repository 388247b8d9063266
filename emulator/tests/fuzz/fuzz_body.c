/* http/body: where a body ends and what it holds does not depend on how it was
 * cut into pieces.  The first byte chooses the framing and the cuts. */
#include "emulator/http/body.h"
#include "emulator/tests/fuzz/fuzz.h"
#include "lib/buf.h"

static enum body_rc
body_all(const uint8_t *p, size_t n, bool chunked, int64_t length,
    size_t step, struct buf *out, size_t *taken)
{
	enum body_rc rc = BODY_MORE;
	struct body b;

	body_init(&b, chunked, length);
	*taken = 0;
	while (rc == BODY_MORE && *taken < n) {
		size_t k = n - *taken < step ? n - *taken : step, used, len;
		char *piece = mem_alloc(k), *data;

		memcpy(piece, p + *taken, k);
		rc = body_take(&b, piece, k, &used, &data, &len);
		MUST(used <= k && len <= used);
		MUST(rc != BODY_MORE || used > 0);
		buf_add(out, data, len);
		*taken += used;
		free(piece);
	}
	return (rc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf whole, parts;
	enum body_rc a, b;
	bool chunked;
	int64_t length;
	size_t ta, tb;

	if (n == 0)
		return (0);
	chunked = (p[0] & 1) != 0;
	length = chunked ? -1 : p[0] >> 1;
	buf_init(&whole, n + 1);
	buf_init(&parts, n + 1);
	a = body_all(p + 1, n - 1, chunked, length, n, &whole, &ta);
	b = body_all(p + 1, n - 1, chunked, length, 1 + p[0] % 7, &parts,
	    &tb);
	MUST(a == b);
	if (a != BODY_BAD) {
		MUST(ta == tb && whole.len == parts.len);
		MUST(memcmp(whole.p, parts.p, whole.len) == 0);
	}
	if (!chunked && a == BODY_END)
		MUST((int64_t)whole.len == length);
	buf_release(&whole);
	buf_release(&parts);
	return (0);
}
