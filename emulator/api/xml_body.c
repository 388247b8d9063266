#include "emulator/api/xml_body.h"

#include <errno.h>
#include <stdlib.h>

#include "emulator/api/attrs.h"
#include "emulator/api/xml_req.h"
#include "emulator/fault/fault.h"
#include "lib/str.h"

/* "min,max", both inclusive. */
static int
xml_body_range(struct xml_body *b)
{
	const char *h = xml_header(b->rq, "content-length-range");
	char *min, *max;

	b->min = 0;
	b->max = INT64_MAX;
	if (h == NULL)
		return (0);
	max = arena_strdup(&b->rq->arena, h);
	min = strsep(&max, ",");
	if (max != NULL && str_int64(min, &b->min) &&
	    str_int64(max, &b->max) && b->min >= 0 && b->min <= b->max)
		return (0);
	req_fail(b->rq, 400, "MalformedHeaderValue", "Invalid value for "
	    "x-goog-content-length-range: '%s'. It is MIN,MAX in bytes.", h);
	return (-1);
}

int
xml_body_begin(struct req *rq, struct xml_body *b)
{

	*b = (struct xml_body){ .rq = rq };
	if (xml_body_range(b) || attrs_expect_headers(rq, &b->expect))
		return (-1);
	b->payload = payload_new(rq->emu->store);
	return (0);
}

void
xml_body_data(struct xml_body *b, const void *p, size_t n)
{

	if (b->payload == NULL)
		return;
	p = faults_payload(b->rq, b->rq->upload.got, p, n);
	/* What is too long already is counted, not kept. */
	if (payload_size(b->payload) <= b->max && b->write_errno == 0 &&
	    payload_write(b->payload, p, n))
		b->write_errno = errno != 0 ? errno : EIO;
}

int
xml_body_end(struct xml_body *b)
{
	int64_t size = payload_size(b->payload);

	if (b->write_errno != 0)
		req_fail_rc(b->rq, b->write_errno == ENOSPC ||
		    b->write_errno == EDQUOT ? STORE_FULL : STORE_IO);
	else if (size < b->min)
		req_fail(b->rq, 400, "EntityTooSmall", "The body has %lld "
		    "bytes; at least %lld are wanted.", (long long)size,
		    (long long)b->min);
	else if (size > b->max)
		req_fail(b->rq, 400, "EntityTooLarge",
		    "The body has more than %lld bytes.",
		    (long long)b->max);
	else
		return (0);
	return (-1);
}

void
xml_body_fail(struct xml_body *b, enum store_rc rc)
{

	if (rc == STORE_BAD_HASH && b->expect.has_crc32c &&
	    b->expect.crc32c != payload_crc32c(b->payload))
		req_fail(b->rq, 400, "CrcMismatch",
		    "The CRC32C you specified did not match what we "
		    "computed.");
	else
		req_fail_rc(b->rq, rc);
}

void
xml_body_release(struct xml_body *b)
{

	payload_free(b->payload);
}
