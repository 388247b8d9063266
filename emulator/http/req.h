/* emulator/http/req.h: one request: what came in, what was decided, what goes
 * out.  Knows HTTP as words (paths, queries, headers, statuses); not how they
 * come over the wire, and no API's meaning.
 *
 * Life of a request, driven by exchange.c:
 *   1. head read: host class, path and query decoded, route found.
 *   2. body: given to route->data() in pieces (BODY_STREAM), or gathered in
 *      rq->body (BODY_BUF), or none.
 *      The caller is learnt and judged by these three, in this order:
 *      auth_identify(), faults_match(), auth_permit().  With BODY_NONE and
 *      BODY_STREAM that is at head time, before the first byte of the body;
 *      with BODY_BUF once the body has been gathered, since for oauth.token
 *      the caller is named by the assertion in rq->body.  Each rule counts a
 *      request once, at that moment.  A refusal is kept for step 3, and
 *      nothing is given to data() once the request has been refused.
 *   3. fault point BEFORE; then the refusal, or route->handle().
 *   4. fault point AFTER; then the reply is sent (fault point BODY inside it
 *      for downloads, inside step 2 for uploads).
 *   5. journal line, free.
 *
 * Handlers return nothing: they have called exactly one req_reply*() or
 * req_fail*(), which only store the reply.  All memory of a request is in
 * rq->arena; other resources are let go by route->done(). */
#ifndef EMULATOR_REQ_H
#define EMULATOR_REQ_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "emulator/emu.h"
#include "emulator/store/store.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/jtext.h"

#define REQ_BODY_MAX	(10u << 20)	/* JSON, XML, forms */

struct route;
struct fault_hit;
struct head;
struct signed_state;

enum req_via { VIA_HTTP, VIA_PROXY,
	VIA_DIRECT };		/* a private network's own 443 or 80 */
/* What the Authorization header, or the signature in the query, was. */
enum req_auth { AUTH_NONE, AUTH_BEARER, AUTH_BAD, AUTH_SIGNED };

struct req_kv {
	const char *k, *v;
};

/* A body that is made while it is sent. */
struct req_stream {
	/* Up to n bytes (n > 0); 0: that was all; -1: it cannot go on. */
	ssize_t	(*read)(void *cls, char *p, size_t n);
	void	(*done)(void *cls);
	void	*cls;
};

/* An upload as faults see it: faults_payload(), faults_chunk(). */
struct req_upload {
	int64_t	got;			/* bytes of payload so far */
	bool	chunk;			/* of a resumable upload */
	bool	cut;			/* … that is to be interrupted */
	int64_t	persisted, first, last;	/* offsets in the object */
};

struct req {
	struct emu *emu;
	struct arena arena;
	uint64_t n;			/* of the journal, by arrival */
	uint64_t batch;			/* the number of its batch; 0: none */
	int64_t	t0_us;			/* monotonic, at the head's arrival */
	int64_t	wall_us;		/* emulator's clock then */
	uint64_t conn;			/* number of the connection */

	enum req_via via;
	bool	tls;			/* of the connection itself */
	const char *host;		/* without its port, lower case */
	const char *host_port;		/* as it came, for links in answers */
	const char *method;		/* "GET" … */
	const char *raw_path;		/* still percent-encoded */
	struct req_kv *query;		/* decoded */
	size_t	nquery;
	const struct head *head;	/* NULL where a test made it */

	const struct route *route;	/* never NULL in a handler */
	const char *cap[4];		/* of the path, decoded */
	bool	cap_nul;		/* a NUL in one that is no name */
	const char *bucket, *object;	/* those of them, or NULL; handlers that
					 * learn the name later set `object` */

	enum req_auth auth;
	const char *principal;		/* "serviceAccount:E-MAIL", "user:…",
					 * "principal://…", or NULL */
	const char *sets;		/* "principalSet://…" that it is in,
					 * '\n' between; or NULL */
	const char *scope;		/* of the token; NULL: good for all */
	struct signed_state *sig;	/* signed.c's, or NULL */

	struct buf body;		/* gathered (routes with BODY_BUF),
					 * REQ_BODY_MAX bytes at most */
	int64_t	gathered, held;		/* private: req_gather(), _hold() */
	int64_t	bytes_in, bytes_out;
	struct gunzip *gunzip;		/* gunzip.c's, or NULL */
	void	*state;			/* the route's own, in the arena */

	/* set by faults */
	bool	forget;			/* pass on in struct store_write */
	int64_t	as_of;			/* pass on in struct store_at */
	struct fault_hit *faults;	/* rules that match, list */
	const char *retry_id;		/* of a live retry test, or NULL */
	int64_t	cut;			/* of the answer's body; -1: whole */
	bool	cut_rst;		/* … by a reset */
	struct req_upload upload;	/* told to faults by uploads */

	/* the reply, once there is one */
	int	status;			/* 0: none yet */
	struct req_kv *headers;
	size_t	nheaders;
	const void *reply;		/* body bytes, in the arena */
	int64_t	reply_len;
	struct store_reader *reader;	/* or a payload, owned */
	int64_t	reader_off, reader_len;
	struct req_stream *stream;	/* or what is made as it goes out */
	bool	transcoded;		/* … of a gzip object (media.c) */
	char	*reply_heap;		/* private: what req.c frees */
	json_t	*keep;			/* private: freed with the rest */
	bool	abort;			/* close without a byte */
	bool	abort_rst;		/* … with a reset */

	struct acls_seen *acl_seen;	/* private: acls_show.c's */
	struct resource_seen *resource_seen;	/* resource_object.c's */
	bool	acl_given;		/* the body held a list (acls.h) */

	int64_t	mutation;		/* of this request; 0 none */
	bool	stored;			/* it was an upload, of an object … */
	uint32_t crc32c;		/* … with that checksum */
	const char *fault_note;		/* "3:status@before", for the journal */
	/* Of an error, for the journal: Google's reason or a fixed word of
	 * oauth.c's, and the permission that was asked for; or NULL. */
	const char *reason, *denied;
};

/* ---- for server.c and the tests ---- */
void	req_init(struct req *, struct emu *);
/* Splits and checks `/path?query` as it came on the wire.  -1: a 400 has been
 * stored (malformed escapes, no UTF-8, a NUL in a parameter that holds no
 * name). */
int	req_target(struct req *, const char *target);
/* The host header in both forms; NULL where the client sent none. */
void	req_set_host(struct req *, const char *host_port);
void	req_release(struct req *);

/* The answer is about to be sent, for as long as the client takes.  What is
 * stored is a 503 instead where all answers together are too large. */
void	req_hold(struct req *);

/* ---- what came in ---- */
const char	*req_query(const struct req *, const char *k);	/* or NULL */
/* "true" and "1" are true, absent is dflt. */
bool	req_query_bool(const struct req *, const char *k, bool dflt);
const char	*req_header(const struct req *, const char *k);	/* or NULL */
/* n more bytes of what the client sends are to be kept in memory until the
 * request ends.  -1: a 503 has been stored, since all requests together keep
 * too many. */
int	req_gather(struct req *, size_t n);
/* The next n bytes of rq->body.  Where all of it, or of all requests together,
 * is too much a 413 or 503 has been stored. */
void	req_body_add(struct req *, const void *p, size_t n);
void	req_body_too_large(struct req *);	/* the 413 */
/* The body as JSON object in *out (freed with the request); an empty body is
 * {}.  -1: a 400 has been stored. */
int	req_json(struct req *, json_t **out);
/* The same of any text, e.g. the first part of a multipart upload. */
int	req_json_text(struct req *, const char *p, size_t n, json_t **out);
/* j is freed with the request. */
json_t	*req_keep(struct req *, json_t *j);
/* ifGenerationMatch & co. and `generation` from the query into c (zeroed
 * first).  -1: a 400 has been stored. */
int	req_cond(struct req *, struct store_cond *c);
/* The same of ifSourceGenerationMatch & co. and `sourceGeneration`. */
int	req_cond_source(struct req *, struct store_cond *c);
/* A whole number from the query: *has tells whether it was there.  -1: a 400
 * that names the parameter has been stored. */
int	req_query_int(struct req *, const char *k, bool *has, int64_t *v);
/* http://host:port or https://host as the client reached us, for links. */
const char	*req_base_url(struct req *);

/* ---- what goes out; each stores the one reply ---- */
void	req_header_add(struct req *, const char *k, const char *v);
/* The same of texts that stay: constants, or in the arena. */
void	req_header_put(struct req *, const char *k, const char *v);
void	req_reply(struct req *, int status, const char *type, const void *body,
    size_t n);				/* body is copied into the arena */
void	req_reply_empty(struct req *, int status);
/* Takes j over.  Honours `fields` and `prettyPrint`. */
void	req_reply_json(struct req *, int status, json_t *j);
/* The same of an answer that is written as text: initializes w, into which one
 * value then goes; takes w over. */
void	req_json_begin(struct req *, struct jtext *w);
void	req_reply_written(struct req *, int status, struct jtext *w);
/* Bytes [off, off+len) of a payload, owned from here on. */
void	req_reply_payload(struct req *, int status, const char *type,
    struct store_reader *, int64_t off, int64_t len);
/* A body of a length that nobody knows yet, owned from here on. */
void	req_reply_stream(struct req *, int status, const struct req_stream *);
/* An error in the shape that the route's API uses: Google's JSON (storage,
 * iam), XML for XML routes, {"error","error_description"} for OAuth (there
 * `reason` is the error).  The message is printf-like. */
void	req_fail(struct req *, int status, const char *reason,
    const char *fmt, ...) PRINTF_LIKE(4, 5);
/* A 400 about a parameter, which is named as the error's location. */
void	req_fail_param(struct req *, const char *param, const char *reason,
    const char *fmt, ...) PRINTF_LIKE(4, 5);
/* By store_rc.def, with the names of this request in the message. */
void	req_fail_rc(struct req *, enum store_rc rc);
/* Text as XML wants it. */
void	req_xml_text(struct buf *, const char *s);
/* Close the connection without a byte (rst: by a reset). */
void	req_abort(struct req *, bool rst);

#endif
