/* emulator/identity/signed.h: requests that prove who sent them by a
 * signature: signed URLs and Authorization headers, V4 and V2, with RSA keys
 * of service accounts and with HMAC keys; and signed policy documents.  Knows
 * the forms of signatures, keys, accounts and the emulator's clock; not what
 * the signer may do (auth.c), nor what a policy document says (api/).
 *
 * https://cloud.google.com/storage/docs/access-control/signed-urls
 * https://cloud.google.com/storage/docs/authentication/hmackeys
 * https://cloud.google.com/storage/docs/xml-api/reference-status
 *
 * Only the XML API takes signatures.  Where authentication is off for the
 * way in, a signature is checked all the same; but one by an account or an
 * access id that the emulator has never heard of proves nothing and harms
 * nothing: the request is then anybody's. */
#ifndef EMULATOR_SIGNED_H
#define EMULATOR_SIGNED_H

#include "emulator/http/req.h"

/* Is there anything of a signature in the query or the headers? */
bool	signed_present(const struct req *);
/* Sets rq->auth and rq->principal by the signature, and sees to it that the
 * body is checked against what the signature says of it.  What is wrong with
 * it is kept in rq->sig; never replies. */
void	signed_identify(struct req *);
/* The bodies of requests without a signature can be in signed chunks too. */
void	signed_body(struct req *);
/* Stores the refusal that signed_identify() kept: -1.  0: there is none. */
int	signed_refuse(struct req *);

/* A policy document's signature, from the fields of a form; NULL: no such
 * field. */
struct signed_policy {
	const char *policy;		/* in base64: what is signed */
	const char *algorithm, *credential, *date;	/* V4 */
	const char *access_id;				/* V2 */
	const char *signature;
};
/* Sets rq->auth and rq->principal by it.  -1: the refusal is stored. */
int	signed_policy(struct req *, const struct signed_policy *);

#endif
