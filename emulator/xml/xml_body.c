#include "emulator/xml/xml_body.h"

#include <errno.h>
#include <stdlib.h>

#include "emulator/api/attrs.h"
#include "emulator/xml/xml_req.h"
#include "emulator/fault/fault.h"
#include "lib/str.h"

int
xml_body_range(struct req *rq, int64_t *lo, int64_t *hi)
{
	const char *h = xml_header(rq, "content-length-range");
	char *min, *max;

	*lo = 0;
	*hi = INT64_MAX;
	if (h == NULL)
		return (0);
	max = arena_strdup(&rq->arena, h);
	min = strsep(&max, ",");
	if (max != NULL && str_int64(min, lo) && str_int64(max, hi) &&
	    *lo >= 0 && *lo <= *hi)
		return (0);
	req_fail(rq, 400, "MalformedHeaderValue", "Invalid value for "
	    "x-goog-content-length-range: '%s'. It is MIN,MAX in bytes.", h);
	return (-1);
}

int
xml_body_begin(struct req *rq, struct xml_body *b)
{

	*b = (struct xml_body){ .rq = rq };
	if (xml_body_range(rq, &b->min, &b->max) ||
	    attrs_expect_headers(rq, &b->expect))
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
xml_body_within(struct req *rq, int64_t size, int64_t min, int64_t max)
{

	if (size < min)
		req_fail(rq, 400, "EntityTooSmall", "The body has %lld "
		    "bytes; at least %lld are wanted.", (long long)size,
		    (long long)min);
	else if (size > max)
		req_fail(rq, 400, "EntityTooLarge",
		    "The body has more than %lld bytes.", (long long)max);
	else
		return (0);
	return (-1);
}

int
xml_body_end(struct xml_body *b)
{

	if (b->write_errno == 0)
		return (xml_body_within(b->rq, payload_size(b->payload),
		    b->min, b->max));
	req_fail_rc(b->rq, store_errno_rc(b->write_errno));
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
