/* emulator/xml/xml_body.h: the bytes that a PUT of the XML API brings, into a
 * payload, with what the headers say of them: checksums, and the range that
 * their length must lie in.  Knows nothing of what they become. */
#ifndef EMULATOR_XML_BODY_H
#define EMULATOR_XML_BODY_H

#include "emulator/http/req.h"

struct xml_body {
	struct req *rq;
	struct payload *payload;
	struct store_expect expect;
	int64_t	min, max;	/* x-goog-content-length-range */
	int	write_errno;	/* of the first write that failed */
};

/* x-goog-content-length-range, `min,max`, both inclusive; all where there is
 * none.  -1: a 400 has been stored. */
int	xml_body_range(struct req *, int64_t *min, int64_t *max);
/* Does so much lie within?  -1: the 400 has been stored. */
int	xml_body_within(struct req *, int64_t size, int64_t min, int64_t max);
/* -1: a 400 has been stored. */
int	xml_body_begin(struct req *, struct xml_body *);
void	xml_body_data(struct xml_body *, const void *p, size_t n);
/* It has all come: can it be stored?  -1: the error has been stored. */
int	xml_body_end(struct xml_body *);
/* Stores the error of a store call that was given the payload. */
void	xml_body_fail(struct xml_body *, enum store_rc);
void	xml_body_release(struct xml_body *);

#endif
