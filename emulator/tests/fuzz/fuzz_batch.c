/* api/batch: whatever the parts are, the whole is answered, by as many answers
 * as there were calls, or refused as a whole. */
#include "emulator/api/batch.h"
#include "emulator/api/multipart.h"
#include "emulator/tests/fuzz/served.h"

#define DELIM	"--batch_"

/* Parts that have a byte: the others are no calls. */
static void
sink(void *cls, int part, const void *p, size_t n)
{
	int *last = cls;

	MUST(p != NULL && n > 0);
	*last = part;
}

static int
answers(const struct req *rq)
{
	const char *p = rq->reply, *end = p + rq->reply_len;
	int n = 0;

	while ((p = memmem(p, (size_t)(end - p),
	    DELIM, strlen(DELIM))) != NULL) {
		const char *line = memchr(p, '\n', (size_t)(end - p));

		MUST(line != NULL);
		n += line - p > 3 && memcmp(line - 3, "--\r", 3) != 0;
		p = line;
	}
	return (n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char text[] = "POST /batch/storage/v1 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
	    "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
	struct arena a = ARENA_INIT;
	struct multipart *m;
	const char *why = NULL;
	struct head h;
	struct req rq;
	int last = -1;

	MUST(head_parse(&h, &a, arena_dup(&a, text, sizeof(text)),
	    sizeof(text) - 1, &why) == 0);
	m = multipart_new(&a, "b", sink, &last);
	multipart_feed(m, p, n);
	multipart_release(m);
	MUST(served_do(served(), &rq, &h, p, n, 1));
	MUST(rq.status == 200 || rq.status == 400 || rq.status == 413);
	/* An answer may hold the text of a boundary, so there may be more. */
	if (rq.status == 200)
		MUST(answers(&rq) >= last + 1 && last + 1 <= BATCH_MAX);
	req_release(&rq);
	arena_release(&a);
	return (0);
}
