/* emulator/xml/post_policy.h: policy documents: what a form may say that is
 * posted to a bucket.  Knows their JSON and the fields of a form; neither
 * signatures (identity/signed.c) nor bytes (post_form.c).
 * https://cloud.google.com/storage/docs/authentication/signatures#policy-document
 * https://cloud.google.com/storage/docs/xml-api/post-object-forms */
#ifndef EMULATOR_POST_POLICY_H
#define EMULATOR_POST_POLICY_H

#include "emulator/http/req.h"

/* The fields that stood before the file. */
struct post_fields {
	struct req_kv *kv;
	size_t	n;
};
/* Names are compared without their case; NULL: there is none. */
const char	*post_field(const struct post_fields *, const char *name);

struct post_policy {
	const json_t *conditions;	/* with the request */
	int64_t	expires_us;
	int64_t	min, max;		/* of the file's bytes */
};

/* Takes the document (in base64) apart and looks at its time.  -1: a refusal
 * is stored, as by the next. */
int	post_policy_read(struct req *, const char *base64,
    struct post_policy *);
/* The bucket that a condition names whole, or NULL: some clients send their
 * forms to the service's root and say it nowhere else. */
const char	*post_policy_bucket(const struct post_policy *);
/* Do the fields meet all conditions, and is each covered by one?  rq->bucket
 * and rq->object are what the file would become; `key` is the field as it
 * came, with ${filename} in it. */
int	post_policy_check(struct req *, const struct post_policy *,
    const struct post_fields *, const char *key);

#endif
