#include "emulator/http/answer.h"

#include <string.h>
#include <strings.h>

#include "emulator/http/route.h"
#include "lib/clock.h"
#include "lib/log.h"

#define FIELD_MAX	(64u << 10)
#define SERVER	"Server: gcs-emulator (a fake Google Cloud)\r\n"

const char *
answer_phrase(int status)
{
	static const struct { int status; const char *phrase; } t[] = {
		{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" },
		{ 204, "No Content" }, { 206, "Partial Content" },
		{ 301, "Moved Permanently" }, { 302, "Found" },
		{ 303, "See Other" }, { 304, "Not Modified" },
		{ 307, "Temporary Redirect" }, { 308, "Resume Incomplete" },
		{ 400, "Bad Request" }, { 401, "Unauthorized" },
		{ 403, "Forbidden" }, { 404, "Not Found" },
		{ 405, "Method Not Allowed" }, { 408, "Request Timeout" },
		{ 409, "Conflict" }, { 410, "Gone" },
		{ 411, "Length Required" }, { 412, "Precondition Failed" },
		{ 413, "Content Too Large" }, { 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" },
		{ 416, "Range Not Satisfiable" },
		{ 417, "Expectation Failed" }, { 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 499, "Client Closed Request" },
		{ 500, "Internal Server Error" }, { 501, "Not Implemented" },
		{ 502, "Bad Gateway" }, { 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" },
	};

	for (size_t i = 0; i < NELEMS(t); i++)
		if (t[i].status == status)
			return (t[i].phrase);
	return ("Unknown");
}

static const char *
answer_date(struct desk *d, int64_t wall_us)
{

	if (d->date_s != wall_us / 1000000) {
		d->date_s = wall_us / 1000000;
		clock_http(wall_us, d->date);
	}
	return (d->date);
}

static void
answer_number(struct buf *b, uint64_t n)
{
	char s[20], *p = s + sizeof(s);

	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	buf_add(b, p, (size_t)(s + sizeof(s) - p));
}

static void
answer_field(struct buf *b, const char *k, const char *v)
{
	size_t nk = strlen(k), nv = strlen(v);
	char *p = buf_room(b, nk + nv + 4);

	if (p == NULL)
		return;
	memcpy(p, k, nk);
	memcpy(p + nk, ": ", 2);
	memcpy(p + nk + 2, v, nv);
	memcpy(p + nk + 2 + nv, "\r\n", 2);
	buf_took(b, nk + nv + 4);
}

static void
answer_begin(struct desk *d, int status, int64_t wall_us)
{
	struct buf *b = &d->out;

	buf_reset(b);
	buf_adds(b, "HTTP/1.1 ");
	answer_number(b, (uint64_t)status);
	buf_addc(b, ' ');
	buf_adds(b, answer_phrase(status));
	buf_adds(b, "\r\nDate: ");
	buf_adds(b, answer_date(d, wall_us));
	buf_adds(b, "\r\n" SERVER);
}

bool
answer_bodyless(const struct req *rq)
{
	/* What came over the wire: X-HTTP-Method-Override changes what is done,
	 * not what the client reads.  A call of a batch may have no head. */
	const char *method = rq->head != NULL ? rq->head->method : rq->method;

	return (strcmp(method, "HEAD") == 0 || rq->status == 204 ||
	    rq->status == 304);
}

void
answer_head(struct desk *d, const struct req *rq, const struct head *h,
    bool keep)
{
	struct buf *b = &d->out;
	bool upload_id = rq->route->api == API_STORAGE ||
	    rq->route->api == API_XML;

	answer_begin(d, rq->status, rq->wall_us);
	for (size_t i = 0; i < rq->nheaders; i++) {
		const struct req_kv *f = &rq->headers[i];

		/* What a client had stored must not end the head, nor make it
		 * longer than any client reads. */
		if (!head_is_token(f->k) || !head_is_value(f->v) ||
		    strlen(f->v) > FIELD_MAX) {
			log_debug("http header %s left out", f->k);
			continue;
		}
		if (strcasecmp(f->k, "X-GUploader-UploadID") == 0)
			upload_id = false;
		answer_field(b, f->k, f->v);
	}
	if (upload_id) {
		buf_adds(b, "X-GUploader-UploadID: emulator-");
		answer_number(b, rq->n);
		buf_add(b, "\r\n", 2);
	}
	if (rq->stream != NULL) {
		if (h->minor > 0)
			buf_adds(b, "Transfer-Encoding: chunked\r\n");
	} else if (rq->status != 204 && rq->status != 304) {
		buf_adds(b, "Content-Length: ");
		answer_number(b, (uint64_t)rq->reply_len);
		buf_add(b, "\r\n", 2);
	}
	if (!keep)
		buf_adds(b, "Connection: close\r\n");
	else if (h->minor == 0)
		buf_adds(b, "Connection: keep-alive\r\n");
	buf_add(b, "\r\n", 2);
}

void
answer_refusal(struct desk *d, int status, const char *text, bool head)
{

	answer_begin(d, status, clock_wall_us(NULL));
	buf_addf(&d->out, "Content-Type: text/plain; charset=UTF-8\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\n%s%s",
	    strlen(text) + 1, head ? "" : text, head ? "" : "\n");
}
