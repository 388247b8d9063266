/* Resumable uploads, held against a model: a session is begun, then each four
 * bytes of the input are a chunk (where it begins, how long it is, what it
 * says of the total, how it is cut) or a question.  What is persisted is known
 * at each moment, and the object at the end is what was sent. */
#include "emulator/tests/fuzz/served.h"

#define UNIT	37

struct model {
	char	url[300];
	char	bytes[256 * UNIT * 4];	/* what the client would send where */
	int64_t	persisted;
	int64_t	total;			/* -1: nobody has said yet */
	bool	done;
};

static int
ask(struct fix *x, struct model *m, struct req *rq, const char *method,
    const char *range, const char *body, size_t n, size_t step)
{
	static struct head_field field;
	static struct head h;

	field = (struct head_field){ "Content-Range", range };
	h = (struct head){ .method = method, .target = m->url, .minor = 1,
	    .length = (int64_t)n, .fields = &field, .nfields = range != NULL };
	MUST(served_do(x, rq, &h, (const uint8_t *)body, n, step));
	return (rq->status);
}

static const char *
header(const struct req *rq, const char *k)
{

	for (size_t i = 0; i < rq->nheaders; i++)
		if (strcasecmp(rq->headers[i].k, k) == 0)
			return (rq->headers[i].v);
	return (NULL);
}

static void
begin(struct fix *x, struct model *m)
{
	const char *where;
	struct req rq;

	(void)snprintf(m->url, sizeof(m->url),
	    "/upload/storage/v1/b/bucket/o?uploadType=resumable&name=s");
	MUST(ask(x, m, &rq, "POST", NULL, "{}", 2, 2) == 200);
	where = strstr(header(&rq, "Location"), "/upload/");
	MUST(where != NULL && strlen(where) < sizeof(m->url));
	memcpy(m->url, where, strlen(where) + 1);
	req_release(&rq);
}

/* "bytes=0-N" says what the model knows. */
static void
persisted(const struct model *m, const struct req *rq)
{
	const char *r = header(rq, "Range");
	long long last = -1;

	MUST(m->persisted == 0 ? r == NULL : r != NULL &&
	    sscanf(r, "bytes=0-%lld", &last) == 1);
	MUST(last + 1 == m->persisted);
}

static void
question(struct fix *x, struct model *m)
{
	struct req rq;
	int status = ask(x, m, &rq, "PUT", "bytes */*", NULL, 0, 1);

	MUST(status == (m->done ? 200 : 308));
	if (!m->done)
		persisted(m, &rq);
	req_release(&rq);
}

static void
chunk(struct fix *x, struct model *m, const uint8_t *op)
{
	int64_t first = m->persisted + ((int64_t)(op[0] & 7) - 3) * UNIT;
	int64_t n = 1 + op[1] * UNIT, total = -1;
	char range[100];
	struct req rq;
	bool gap;
	int status;

	if ((op[0] & 7) < 5)		/* most of them follow on */
		first = m->persisted;
	if (first < 0)
		first = 0;
	if (first + n > (int64_t)sizeof(m->bytes))
		return;
	if (op[2] & 1)
		total = first + n + (op[2] & 2 ? UNIT : 0);
	if (total >= 0)
		(void)snprintf(range, sizeof(range), "bytes %lld-%lld/%lld",
		    (long long)first, (long long)(first + n - 1),
		    (long long)total);
	else
		(void)snprintf(range, sizeof(range), "bytes %lld-%lld/*",
		    (long long)first, (long long)(first + n - 1));
	gap = first > m->persisted;
	status = ask(x, m, &rq, op[3] & 1 ? "PUT" : "POST", range,
	    m->bytes + first, (size_t)n, 1 + op[3] * 7u);
	if (m->done)
		MUST(status == 200);
	else if (gap)
		MUST(status >= 400);
	else if (status == 308) {
		if (first + n > m->persisted)
			m->persisted = first + n;
		persisted(m, &rq);
	} else if (status == 200) {
		MUST(total == first + n);
		m->persisted = total;
		m->done = true;
	} else {
		/* What contradicts what was said before: nothing else. */
		MUST(status >= 400 && status < 500);
		req_release(&rq);
		MUST(ask(x, m, &rq, "PUT", "bytes */*", NULL, 0, 1) == 308);
		persisted(m, &rq);
	}
	req_release(&rq);
}

static void
object(struct fix *x, const struct model *m)
{
	struct arena a = ARENA_INIT;
	struct store_reader r;
	struct object o;

	MUST(store_object_open(x->emu.store, (struct store_at){ STORE_NOW },
	    "bucket", "s", NULL, &a, &o, &r) == STORE_OK);
	MUST(o.size == m->persisted && r.size == o.size && r.fd < 0);
	MUST(memcmp(r.data, m->bytes, (size_t)o.size) == 0);
	store_read_close(&r);
	arena_release(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct fix *x = served();
	struct model *m = mem_alloc(sizeof(*m));

	m->total = -1;
	for (size_t i = 0; i < sizeof(m->bytes); i++)
		m->bytes[i] = (char)(i * 31 + i / 251);
	begin(x, m);
	for (size_t i = 0; i + 4 <= n && i < 256; i += 4) {
		if (p[i] & 0x80)
			question(x, m);
		else
			chunk(x, m, p + i);
		if (p[i] == 0x7f) {	/* the emulator restarts */
			fix_close(x);
			fix_open(x);
		}
	}
	question(x, m);
	if (m->done)
		object(x, m);
	free(m);
	return (0);
}
