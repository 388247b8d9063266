#include "emulator/xml/xml_req.h"

#include <string.h>
#include <strings.h>

#include "emulator/api/acls.h"
#include "emulator/api/attrs.h"
#include "emulator/xml/xml_retention.h"
#include "emulator/http/server.h"
#include "emulator/store/checksum.h"
#include "lib/str.h"

/* Sent by clients that sign in Amazon's way, all the same. */
#define XML_INTEROP	"x-goog-interop-list-objects-format"

const char *
xml_header(struct req *rq, const char *name)
{
	const char *v;

	v = req_header(rq, arena_printf(&rq->arena, "x-goog-%s", name));
	if (v == NULL)
		v = req_header(rq, arena_printf(&rq->arena, "x-amz-%s",
		    name));
	return (v);
}

bool
xml_amz(const struct req *rq)
{
	const char *h = req_header(rq, "Authorization");

	return (req_header(rq, "x-amz-date") != NULL ||
	    req_header(rq, "x-amz-content-sha256") != NULL ||
	    (h != NULL && strncmp(h, "AWS", 3) == 0) ||
	    req_query(rq, "X-Amz-Algorithm") != NULL ||
	    req_query(rq, "AWSAccessKeyId") != NULL);
}

struct xml_forms {
	bool	goog, amz;
};

static void
xml_form(void *cls, const char *k, const char *v)
{
	struct xml_forms *f = cls;

	(void)v;
	if (strncasecmp(k, "x-amz-", 6) == 0)
		f->amz = true;
	else if (strncasecmp(k, "x-goog-", 7) == 0 &&
	    strcasecmp(k, XML_INTEROP) != 0)
		f->goog = true;
}

void
xml_flag(struct req *rq, const char *header, const char *param)
{
	const char *h = xml_header(rq, header);
	struct req_kv *q;

	if (h == NULL || strcasecmp(h, "true") != 0)
		return;
	q = arena_alloc(&rq->arena, (rq->nquery + 1) * sizeof(*q));
	if (rq->nquery > 0)
		memcpy(q, rq->query, rq->nquery * sizeof(*q));
	q[rq->nquery++] = (struct req_kv){ .k = param, .v = "true" };
	rq->query = q;
}

int
xml_check(struct req *rq)
{
	struct xml_forms f = { false, false };

	server_headers(rq, xml_form, &f);
	if (!f.goog || !f.amz)
		return (0);
	req_fail(rq, 400, "ExcessHeaderValues",
	    "Requests cannot specify both x-amz and x-goog headers.");
	return (-1);
}

int
xml_check_body(struct req *rq)
{

	if (xml_check(rq))
		return (-1);
	if (rq->head == NULL || req_header(rq, "Content-Length") != NULL ||
	    req_header(rq, "Transfer-Encoding") != NULL)
		return (0);
	req_fail(rq, 411, "MissingContentLength",
	    "%s requests require a Content-Length header.", rq->method);
	return (-1);
}

static int
xml_check_md5(struct req *rq, const unsigned char md5[16])
{
	struct checksum_md5 *m = checksum_md5_new();
	unsigned char is[16];

	checksum_md5_add(m, rq->body.p, rq->body.len);
	checksum_md5_get(m, is);
	checksum_md5_free(m);
	if (memcmp(is, md5, sizeof(is)) == 0)
		return (0);
	req_fail(rq, 400, "BadDigest",
	    "The Content-MD5 is not that of the request's body.");
	return (-1);
}

int
xml_check_document(struct req *rq, struct store_expect *x)
{

	if (attrs_expect_headers(rq, x))
		return (-1);
	if (req_header(rq, "Content-MD5") != NULL &&
	    xml_check_md5(rq, x->md5))
		return (-1);
	x->has_md5 = false;		/* what is made has none */
	return (0);
}

/* ---- metadata ---- */

struct xml_meta {
	struct req *rq;
	json_t	*to;
	const char *bad;		/* a header that is no UTF-8 */
};

static void
xml_meta_set(struct xml_meta *m, json_t *to, const char *k, const char *v,
    const char *header)
{
	json_t *s = json_string(v);

	if (s == NULL || json_object_set_new(to, k, s) != 0)
		m->bad = header;
}

/* "aws-chunked" is how the bytes came, not what they are. */
static const char *
xml_meta_encoding(struct arena *a, const char *v)
{
	struct buf b;
	const char *s;

	buf_init(&b, 64u << 10);
	while (*v != '\0') {
		size_t n;

		v += strspn(v, ", ");
		n = strcspn(v, ",");
		if (n > 0 && (n != 11 ||
		    strncasecmp(v, "aws-chunked", 11) != 0)) {
			if (b.len > 0)
				buf_addc(&b, ',');
			buf_add(&b, v, n);
		}
		v += n;
	}
	s = arena_strdup(a, b.p);
	buf_release(&b);
	return (s);
}

static void
xml_meta_header(void *cls, const char *k, const char *v)
{
	static const struct { const char *header, *field; } t[] = {
		{ "Content-Type", "contentType" },
		{ "Content-Disposition", "contentDisposition" },
		{ "Content-Language", "contentLanguage" },
		{ "Cache-Control", "cacheControl" },
		{ "x-goog-storage-class", "storageClass" },
		{ "x-amz-storage-class", "storageClass" },
		{ "x-goog-custom-time", "customTime" },
	};
	struct xml_meta *m = cls;
	size_t prefix = 0;
	json_t *map;

	for (size_t i = 0; i < NELEMS(t); i++)
		if (strcasecmp(k, t[i].header) == 0)
			xml_meta_set(m, m->to, t[i].field, v, k);
	if (strcasecmp(k, "Content-Encoding") == 0) {
		v = xml_meta_encoding(&m->rq->arena, v);
		if (*v != '\0')
			xml_meta_set(m, m->to, "contentEncoding", v, k);
	}
	if (strncasecmp(k, "x-goog-meta-", 12) == 0)
		prefix = 12;
	else if (strncasecmp(k, "x-amz-meta-", 11) == 0)
		prefix = 11;
	if (prefix == 0)
		return;
	if ((map = json_object_get(m->to, "metadata")) == NULL) {
		map = json_object();
		(void)json_object_set_new(m->to, "metadata", map);
	}
	xml_meta_set(m, map, k + prefix, v, k);
}

static const char *
xml_attrs_acl(struct req *rq, const char *attrs)
{

	return (attrs == NULL ? NULL :
	    acls_new_object(rq, rq->bucket, NULL, NULL, attrs));
}

static int
xml_meta_ok(const struct xml_meta *m)
{

	if (m->bad == NULL)
		return (0);
	req_fail(m->rq, 400, "MalformedHeaderValue",
	    "The header %s is not UTF-8.", m->bad);
	return (-1);
}

const char *
xml_attrs(struct req *rq)
{
	struct xml_meta m = { .rq = rq };

	if (req_json_text(rq, "", 0, &m.to))
		return (NULL);
	server_headers(rq, xml_meta_header, &m);
	if (xml_meta_ok(&m))
		return (NULL);
	xml_retention_headers(rq, m.to);
	return (xml_attrs_acl(rq, attrs_object(rq, m.to)));
}

const char *
xml_attrs_form(struct req *rq, const struct req_kv *kv, size_t n)
{
	struct xml_meta m = { .rq = rq };
	const char *attrs, *acl = NULL;

	if (req_json_text(rq, "", 0, &m.to))
		return (NULL);
	for (size_t i = 0; i < n; i++) {
		xml_meta_header(&m, kv[i].k, kv[i].v);
		if (strcasecmp(kv[i].k, "acl") == 0 ||
		    strcasecmp(kv[i].k, "x-goog-acl") == 0 ||
		    strcasecmp(kv[i].k, "x-amz-acl") == 0)
			acl = kv[i].v;
	}
	if (xml_meta_ok(&m) || (attrs = attrs_object(rq, m.to)) == NULL)
		return (NULL);
	return (acls_new_object_named(rq, rq->bucket, acl, NULL, attrs));
}

const char *
xml_attrs_copied(struct req *rq, const char *old)
{
	static const char *const kept[] = { "contentType", "contentEncoding",
		"contentDisposition", "contentLanguage", "cacheControl",
		"customTime", "metadata", "contexts" };
	const char *class = xml_header(rq, "storage-class");
	json_auto_t *from = json_loads(old, 0, NULL);
	json_t *to, *v;

	if (req_json_text(rq, "", 0, &to))
		return (NULL);
	for (size_t i = 0; i < NELEMS(kept); i++)
		if ((v = json_object_get(from, kept[i])) != NULL)
			(void)json_object_set(to, kept[i], v);
	if (class != NULL)
		(void)json_object_set_new(to, "storageClass",
		    json_string(class));
	return (xml_attrs_acl(rq, attrs_object(rq, to)));
}

/* ---- the query ---- */

int
xml_number(struct req *rq, const char *param, int64_t min, int64_t max,
    int64_t dflt, int64_t *v)
{
	const char *s = req_query(rq, param);

	*v = dflt;
	if (s == NULL || *s == '\0')
		return (0);
	if (str_int64(s, v) && *v >= min) {
		if (*v > max)
			*v = max;
		return (0);
	}
	req_fail(rq, 400, "InvalidArgument",
	    "Invalid value for query parameter %s: '%s'.", param, s);
	return (-1);
}

int
xml_encoding(struct req *rq, bool *url)
{
	const char *s = req_query(rq, "encoding-type");

	*url = s != NULL && strcmp(s, "url") == 0;
	if (s == NULL || *s == '\0' || *url)
		return (0);
	req_fail(rq, 400, "InvalidArgument",
	    "Invalid encoding type: '%s'. It can only be 'url'.", s);
	return (-1);
}
