/* emulator/identity/signed_int.h: what the files of signed share. */
#ifndef EMULATOR_SIGNED_INT_H
#define EMULATOR_SIGNED_INT_H

#include "emulator/identity/canon.h"
#include "emulator/identity/sigbody.h"
#include "emulator/identity/sign.h"
#include "emulator/identity/signed.h"

/* Why a request is refused, as the body of the answer tells it. */
struct signed_fault {
	int	status;			/* 0: it is not */
	const char *code, *details;
	const char *parameter;		/* or NULL, as the next two */
	const char *string_to_sign, *canonical;
};

/* rq->sig */
struct signed_state {
	struct signed_fault fault;
	const struct sigbody_opts *opts;	/* of the filter to be */
	struct sigbody *body;		/* the filter, or NULL */
	const struct route *route;	/* the row of the table */
};

/* A signature taken apart; nothing is verified. */
struct sig {
	bool	v4, query, rsa, aws;
	const char *algorithm;		/* V4 */
	const char *id;			/* an e-mail or an access id */
	const char *scope_text;		/* V4: date/location/service/request */
	struct sign_scope scope;
	const char *date;		/* V4: 20190201T090000Z */
	const char *when;		/* V2: a line of what is signed */
	int64_t	from_us;		/* when it was made */
	int64_t	until_us;		/* INT64_MAX: a header's has no end */
	const char *signed_headers;	/* V4, in lower case */
	const char *signature;
	const char *param;		/* the query's name for it, or NULL */
};

struct signed_state	*signed_state(struct req *);
/* Keeps the refusal; always -1. */
int	signed_fault(struct req *, int status, const char *code,
    const char *parameter, const char *fmt, ...) PRINTF_LIKE(5, 6);

/* ---- signed_parse.c ---- */

/* From the query or the Authorization header.  -1: the fault is kept. */
int	signed_parse(struct req *, struct sig *);
/* The id and the scope of a credential.  -1: the fault is kept. */
int	signed_parse_credential(struct req *, struct sig *,
    const char *credential);
/* The algorithm's name, for rsa and aws.  -1: the fault is kept. */
int	signed_parse_algorithm(struct req *, struct sig *, const char *name);
/* 20190201T090000Z; false where s is no such time. */
bool	signed_parse_time(const char *s, int64_t *us);

/* ---- signed_body.c ---- */

/* Puts a filter before the route that checks the body by its headers; key:
 * V4's, that chunks are signed with, or NULL (nothing to hold them against).
 * The fault may be kept. */
void	signed_body_expect(struct req *, const struct sig *,
    const unsigned char *key);

#endif
