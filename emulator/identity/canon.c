#include "emulator/identity/canon.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emulator/identity/sign.h"
#include "lib/nul.h"
#include "lib/str.h"

#define CANON_MAX	(4u << 20)

static const char *
canon_keep(struct arena *a, struct buf *b)
{
	const char *s;

	BUG_ON(!buf_ok(b));		/* a request's head is far smaller */
	s = arena_strdup(a, b->p);
	buf_release(b);
	return (s);
}

/* Leading and trailing blanks go; runs of them become one space, or stay. */
static void
canon_fold(struct buf *b, const char *v, bool keep)
{
	bool blank = false, begun = false;
	size_t n = strlen(v);

	if (keep) {
		while (n > 0 && isspace((unsigned char)v[n - 1]))
			n--;
		for (; n > 0 && isspace((unsigned char)*v); n--)
			v++;
		buf_add(b, v, n);
		return;
	}
	for (; *v != '\0'; v++) {
		if (isspace((unsigned char)*v)) {
			blank = begun;
			continue;
		}
		if (blank)
			buf_addc(b, ' ');
		blank = false;
		begun = true;
		buf_addc(b, *v);
	}
}

static const char *
canon_values(struct arena *a, const struct canon *c, const char *name,
    bool keep)
{
	bool any = false;
	struct buf b;

	buf_init(&b, CANON_MAX);
	for (size_t i = 0; i < c->nheaders; i++) {
		if (strcasecmp(c->headers[i].k, name) != 0)
			continue;
		if (any)
			buf_addc(&b, ',');
		canon_fold(&b, c->headers[i].v, keep);
		any = true;
	}
	if (any)
		return (canon_keep(a, &b));
	buf_release(&b);
	return (NULL);
}

const char *
canon_header(struct arena *a, const struct canon *c, const char *name)
{

	return (canon_values(a, c, name, false));
}

bool
canon_listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (;;) {
		size_t k = strcspn(list, ";");

		if (k == n && strncasecmp(list, name, n) == 0)
			return (true);
		if (list[k] == '\0')
			return (false);
		list += k + 1;
	}
}

/* ---- V4 ---- */

static int
canon_cmp(const void *a, const void *b)
{
	const struct canon_kv *x = a, *y = b;
	int d = strcmp(x->k, y->k);

	return (d != 0 ? d : strcmp(x->v, y->v));
}

static const char *
canon_encode(struct arena *a, const char *s)
{
	struct buf b;

	buf_init(&b, CANON_MAX);
	nul_pct_encode(&b, s, false);
	return (canon_keep(a, &b));
}

/* Sorted by the encoded names, as bytes. */
static void
canon_query(struct arena *a, struct buf *b, const struct canon *c,
    const char *leave_out)
{
	struct canon_kv *q = arena_alloc(a, (c->nquery + 1) * sizeof(*q));
	size_t n = 0;

	for (size_t i = 0; i < c->nquery; i++) {
		if (leave_out != NULL &&
		    strcmp(c->query[i].k, leave_out) == 0)
			continue;
		q[n].k = canon_encode(a, c->query[i].k);
		q[n++].v = canon_encode(a, c->query[i].v);
	}
	qsort(q, n, sizeof(*q), canon_cmp);
	for (size_t i = 0; i < n; i++)
		buf_addf(b, "%s%s=%s", i > 0 ? "&" : "", q[i].k, q[i].v);
}

const char *
canon_v4(struct arena *a, const struct canon *c, const struct canon_v4 *o)
{
	const char *list = o->signed_headers, *v;
	struct buf b;

	buf_init(&b, CANON_MAX);
	buf_addf(&b, "%s\n%s\n", c->method, c->path);
	canon_query(a, &b, c, o->signature);
	buf_addc(&b, '\n');
	while (*list != '\0') {
		char *name = arena_strndup(a, list, strcspn(list, ";"));

		list += strlen(name);
		list += *list == ';';
		v = canon_header(a, c, name);
		if (o->host != NULL && strcmp(name, "host") == 0)
			v = o->host;
		buf_addf(&b, "%s:%s\n", name, v != NULL ? v : "");
	}
	buf_addf(&b, "\n%s\n%s", o->signed_headers, o->payload);
	return (canon_keep(a, &b));
}

const char *
canon_v4_string(struct arena *a, const char *algorithm, const char *date,
    const char *scope, const char *canonical)
{

	return (arena_printf(a, "%s\n%s\n%s\n%s", algorithm, date, scope,
	    sign_sha256(a, canonical, strlen(canonical))));
}

/* ---- V2 ---- */

/* The customer's key must not be known to whoever made the signature. */
static bool
canon_extension(const char *name, bool amz)
{

	if (strcasecmp(name, "x-goog-encryption-key") == 0 ||
	    strcasecmp(name, "x-goog-encryption-key-sha256") == 0)
		return (false);
	return (strncasecmp(name, "x-goog-", 7) == 0 ||
	    (amz && strncasecmp(name, "x-amz-", 6) == 0));
}

static void
canon_extensions(struct arena *a, struct buf *b, const struct canon *c,
    const struct canon_v2 *o)
{
	struct canon_kv *h = arena_alloc(a, (c->nheaders + 1) * sizeof(*h));
	size_t n = 0;

	for (size_t i = 0; i < c->nheaders; i++) {
		char *name;

		if (!canon_extension(c->headers[i].k, o->amz))
			continue;
		name = arena_strdup(a, c->headers[i].k);
		for (char *p = name; *p != '\0'; p++)
			*p = (char)tolower((unsigned char)*p);
		h[n].k = name;
		h[n++].v = canon_values(a, c, name,
		    (o->form & CANON_BLANKS) != 0);
	}
	qsort(h, n, sizeof(*h), canon_cmp);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcmp(h[i - 1].k, h[i].k) != 0)
			buf_addf(b, "%s:%s\n", h[i].k, h[i].v);
}

static bool
canon_subresource(const char *k, bool responses)
{
	static const char *const names[] = {
		"acl", "billing", "compose", "cors", "defaultobjectacl", "delete",
		"encryption", "encryptionconfig", "lifecycle", "location",
		"logging", "notification", "object-lock", "partnumber",
		"policy", "requestpayment", "restore", "retention",
		"storageclass", "tagging", "torrent", "uploadid", "uploads",
		"userproject", "versionid", "versioning", "versions",
		"website", "websiteconfig",
	};

	if (strncasecmp(k, "response-", 9) == 0)
		return (responses);
	for (size_t i = 0; i < NELEMS(names); i++)
		if (strcasecmp(k, names[i]) == 0)
			return (true);
	return (false);
}

static void
canon_resource(struct arena *a, struct buf *b, const struct canon *c,
    unsigned form)
{
	struct canon_kv *q = arena_alloc(a, (c->nquery + 1) * sizeof(*q));
	size_t n = 0;

	for (size_t i = 0; i < c->nquery; i++)
		if (canon_subresource(c->query[i].k,
		    (form & CANON_RESPONSE) != 0))
			q[n++] = c->query[i];
	qsort(q, n, sizeof(*q), canon_cmp);
	for (size_t i = 0; i < n; i++) {
		buf_addf(b, "%c%s", i > 0 ? '&' : '?', q[i].k);
		if (*q[i].v != '\0' || (form & CANON_EQUALS) != 0)
			buf_addf(b, "=%s", q[i].v);
	}
}

static void
canon_path(struct buf *b, const struct canon *c, const struct canon_v2 *o)
{
	const char *path = c->path;
	size_t n = strlen(path), slash;

	if (o->bucket != NULL)
		buf_addf(b, "/%s", o->bucket);
	slash = o->bucket != NULL ? 0 : 1 + strcspn(path + (n > 0), "/");
	if ((o->form & CANON_SLASH) == 0 || n == 0 || n > slash + 1)
		buf_adds(b, path);	/* as it is, or an object's */
	else if (path[n - 1] == '/')
		buf_add(b, path, n - 1);
	else
		buf_addf(b, "%s/", path);
}

const char *
canon_v2(struct arena *a, const struct canon *c, const struct canon_v2 *o)
{
	const char *md5 = canon_header(a, c, "Content-MD5");
	const char *type = canon_header(a, c, "Content-Type");
	struct buf b;

	buf_init(&b, CANON_MAX);
	buf_addf(&b, "%s\n%s\n%s\n%s\n", c->method, md5 != NULL ? md5 : "",
	    type != NULL ? type : "", o->when);
	canon_extensions(a, &b, c, o);
	canon_path(&b, c, o);
	canon_resource(a, &b, c, o->form);
	return (canon_keep(a, &b));
}
