/* emulator/identity/sigbody.h: a body while it streams by, checked against
 * what a signature says of it: its SHA-256, or the signature of each chunk
 * (`aws-chunked`), which are taken off on the way.  Knows bytes and keys; not
 * where they go.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html */
#ifndef EMULATOR_SIGBODY_H
#define EMULATOR_SIGBODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulator/identity/sign.h"

struct sigbody;

/* The bytes of the object, in pieces of any size, never empty. */
typedef void	sigbody_sink(void *cls, const void *p, size_t n);

struct sigbody_opts {
	const char *sha256;		/* in hex, or NULL */
	bool	chunked;
	bool	trailer;		/* chunked: headers behind the body */
	bool	is_signed;		/* chunked: each has a signature … */
	bool	verify;			/* … that is checked with these: */
	unsigned char key[SIGN_SHA256];
	const char *date, *scope, *seed;
	int64_t	decoded_length;		/* chunked: of all, or -1 */
	const char *sum_name;		/* x-amz-checksum-…, or NULL */
	const char *sum;		/* NULL: it comes in the trailer */
	sigbody_sink *sink;
	void	*cls;
};

/* Texts of the options are borrowed for its life; the rest is in the arena,
 * but for what sigbody_release() frees. */
struct sigbody	*sigbody_new(struct arena *, const struct sigbody_opts *);
void	sigbody_release(struct sigbody *);
void	sigbody_feed(struct sigbody *, const void *p, size_t n);
/* The body has ended. */
void	sigbody_end(struct sigbody *);

enum sigbody_fault {
	SIGBODY_OK,
	SIGBODY_SHA256,			/* not the digest that was signed */
	SIGBODY_CHUNK,			/* a chunk's signature is wrong */
	SIGBODY_SUM,			/* not the checksum that was sent */
	SIGBODY_SHORT,			/* ends too early, or too much came */
	SIGBODY_MALFORMED,
};
/* Sticks. */
enum sigbody_fault	sigbody_fault(const struct sigbody *);

#endif
