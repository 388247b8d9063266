/* emulator/http/route.h: from host, method, path and query to one row of the
 * route table (routes.c).  Knows templates; not what a route does. */
#ifndef EMULATOR_ROUTE_H
#define EMULATOR_ROUTE_H

#include "emulator/http/req.h"

/* Which API a path means; found from the Host header and, on the plain
 * endpoint (one host for all), from the path alone. */
enum route_api {
	API_STORAGE,	/* JSON: storage.googleapis.com, www.googleapis.com */
	API_XML,	/* XML: the same host, BUCKET.storage.googleapis.com */
	API_OAUTH,	/* oauth2, sts and www.googleapis.com, accounts.google.com */
	API_IAM,	/* iam.googleapis.com, iamcredentials */
	API_CRM,	/* cloudresourcemanager.googleapis.com */
	API_METADATA,	/* metadata.google.internal, 169.254.169.254 */
	API_CONTROL,	/* /_emulator/, plain endpoint only */
};

enum route_body { BODY_NONE, BODY_BUF, BODY_STREAM };

/* One row.  `path`: segments, `{x}` captures one percent-encoded segment (so
 * an object name with %2F is one), a last `{x...}` the rest.  Captures named
 * {bucket} and {object} also land in rq->bucket and rq->object.  `query`:
 * NULL, "uploadType=resumable", "upload_id" (present) …; the first row that
 * fits wins.  `permission`: NULL for none; checked in auth.c on the bucket
 * {bucket} where there is one, else on the project; several with blanks. */
struct route {
	const char *id;			/* Google's method id */
	enum route_api api;
	enum route_body body;
	const char *method;		/* "GET", "PUT|POST" */
	const char *path;
	const char *query;
	const char *permission;
	/* BODY_STREAM: begin() may already refuse; data() gets the pieces */
	void	(*begin)(struct req *);
	void	(*data)(struct req *, const void *, size_t);
	void	(*handle)(struct req *);
	void	(*done)(struct req *);	/* let go of rq->state's resources */
};

extern const struct route routes[];	/* routes.c; ends with id == NULL */

extern const struct route routes_unserved[];	/* Google's, not ours: 501 */

/* Which of the emulated hosts a name is. */
enum route_host {
	HOST_FOREIGN,	/* nothing that is emulated */
	HOST_LOCAL,	/* localhost, storage.localhost, 127.0.0.0/8, [::1] */
	HOST_STORAGE,	/* storage.googleapis.com */
	HOST_BUCKET,	/* BUCKET.storage.googleapis.com */
	HOST_LOCAL_BUCKET,	/* BUCKET.localhost, BUCKET.storage.localhost */
	HOST_WWW,	/* www.googleapis.com */
	HOST_OAUTH,	/* oauth2 and sts.googleapis.com, accounts.google.com */
	HOST_IAM,	/* iam, iamcredentials */
	HOST_CRM,	/* cloudresourcemanager */
	HOST_METADATA,	/* of a virtual machine; through plain HTTP alone */
};
/* host: lower case, without a port. */
enum route_host	route_host(const char *host);
/* Google's own names among them that are asked through TLS, 0, 1, …; NULL after
 * the last. */
const char	*route_name(size_t i);
/* Bytes of the host that are the name of a bucket; 0: none are. */
size_t	route_host_bucket(const char *host);

/* Decodes captures into rq and sets rq->route; -1 where no row fits (the
 * caller answers 404, or 405 where the path fits with other methods). */
int	route_find(struct req *rq);
/* The methods that rq's path is served with, "GET, PUT", in the arena; NULL
 * where it is not served at all. */
const char	*route_allow(struct req *rq);
/* A row for requests that have no route, so that errors find their shape. */
const struct route	*route_none(enum route_api);
/* Does `path` fit the template?  Captures are returned undecoded as pairs of
 * start and length.  Public for the tests. */
struct route_cap {
	const char *name, *p;
	size_t	namelen, len;
};
bool	route_match(const char *template, const char *path,
    struct route_cap cap[4], size_t *ncap);

#endif
