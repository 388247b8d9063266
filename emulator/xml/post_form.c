/* All fields before the file are known when the file's first byte comes, so
 * everything is judged then: a refused form costs no disk.  Fields behind the
 * file are not looked at. */
#include "emulator/xml/post_form.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emulator/api/disposition.h"
#include "emulator/api/multipart.h"
#include "emulator/api/names.h"
#include "emulator/api/objects.h"
#include "emulator/xml/post_policy.h"
#include "emulator/xml/xml_req.h"
#include "emulator/fault/fault.h"
#include "emulator/identity/auth.h"
#include "emulator/identity/signed.h"
#include "lib/nul.h"
#include "lib/str.h"

#define POST_FIELDS_MAX	(64u << 10)	/* bytes of all before the file */
#define POST_FIELDS	256u

struct post_form {
	struct multipart *parts;
	struct payload *payload;
	struct post_fields fields;
	struct buf	value;		/* of the newest field */
	const char *name;		/* of the newest field, or NULL */
	size_t	bytes;			/* of all of them */
	int	file;			/* the part that is the file, or -1 */
	const char *filename;
	struct post_policy policy;
	struct store_cond cond;
	struct store_expect expect;
	const char *attrs;
	int64_t	size;
	int	write_errno;
};

static int
post_form_fail(struct req *rq, const char *code, const char *details)
{

	req_fail(rq, 400, code, "%s", details);
	return (-1);
}

/* ---- the fields ---- */

/* The newest field is whole. */
static int
post_form_field_end(struct req *rq, struct post_form *f)
{
	struct req_kv *kv = &f->fields.kv[f->fields.n];
	struct buf v;

	if (f->name == NULL)
		return (0);
	if (strcasecmp(f->name, "key") != 0 &&
	    strlen(f->value.p) != f->value.len)
		return (post_form_fail(rq, "MalformedPOSTRequest",
		    "A field other than the key holds a NUL."));
	kv->k = f->name;
	buf_init(&v, 2 * f->value.len + 1);
	nul_add(&v, f->value.p, f->value.len);
	kv->v = arena_strdup(&rq->arena, v.p);
	buf_release(&v);
	f->fields.n++;
	f->name = NULL;
	buf_reset(&f->value);
	return (0);
}

/* What the real service calls either family of fields. */
static const char *
post_form_either(const struct post_fields *f, const char *goog,
    const char *amz)
{
	const char *v = post_field(f, goog);

	return (v != NULL ? v : post_field(f, amz));
}

static int
post_form_signature(struct req *rq, struct post_form *f)
{
	const struct post_fields *k = &f->fields;
	struct signed_policy p = {
		.policy = post_field(k, "policy"),
		.algorithm = post_form_either(k, "x-goog-algorithm",
		    "x-amz-algorithm"),
		.credential = post_form_either(k, "x-goog-credential",
		    "x-amz-credential"),
		.date = post_form_either(k, "x-goog-date", "x-amz-date"),
		.signature = post_form_either(k, "x-goog-signature",
		    "x-amz-signature"),
		.access_id = post_form_either(k, "GoogleAccessId",
		    "AWSAccessKeyId"),
	};

	if (p.algorithm != NULL)
		p.access_id = NULL;
	else if (p.signature == NULL)
		p.signature = post_field(k, "signature");
	if (p.signature == NULL || (p.access_id == NULL &&
	    (p.algorithm == NULL || p.credential == NULL || p.date == NULL)))
		return (post_form_fail(rq, "InvalidArgument", "A form with a "
		    "policy wants x-goog-algorithm, x-goog-credential, "
		    "x-goog-date and x-goog-signature, or GoogleAccessId and "
		    "signature."));
	return (signed_policy(rq, &p));
}

/* The object's name with the file's in place of ${filename}. */
static const char *
post_form_key(struct req *rq, const char *key, const char *filename)
{
	const char *at;
	const char *out;
	struct buf b;

	buf_init(&b, 2 * POST_FIELDS_MAX);
	while ((at = strstr(key, "${filename}")) != NULL) {
		buf_add(&b, key, (size_t)(at - key));
		nul_add(&b, filename, strlen(filename));
		key = at + strlen("${filename}");
	}
	buf_adds(&b, key);
	out = buf_ok(&b) ? arena_strdup(&rq->arena, b.p) : key;
	buf_release(&b);
	return (out);
}

/* Where it goes: the bucket of the URL, a field's, or the policy's. */
static int
post_form_target(struct req *rq, struct post_form *f, const char *key)
{
	const char *bucket = post_field(&f->fields, "bucket");

	if (rq->bucket == NULL)
		rq->bucket = bucket != NULL ? bucket :
		    post_policy_bucket(&f->policy);
	if (rq->bucket == NULL || key == NULL)
		return (post_form_fail(rq, "InvalidArgument",
		    "Cannot create buckets using a POST."));
	if (bucket != NULL && strcmp(bucket, rq->bucket) != 0)
		return (post_form_fail(rq, "InvalidArgument", "The field "
		    "bucket is not the bucket that the form was sent to."));
	rq->object = post_form_key(rq, key, f->filename);
	return (names_check_object(rq, rq->object));
}

/* May the signer (or anybody) make that object? */
static int
post_form_permit(struct req *rq)
{
	struct store_at now = { STORE_NOW };
	struct bucket b;
	enum store_rc rc;

	rc = store_bucket_get(rq->emu->store, now, rq->bucket, &rq->arena, &b);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return (-1);
	}
	if (auth_need(rq, "storage.objects.create", rq->bucket, rq->object))
		return (-1);
	return (objects_may_overwrite(rq, rq->bucket, rq->object));
}

static int
post_form_number(struct req *rq, const struct post_fields *f, const char *k,
    bool *has, int64_t *v)
{
	const char *s = post_field(f, k);

	*has = s != NULL;
	if (s == NULL || str_int64(s, v))
		return (0);
	req_fail(rq, 400, "InvalidArgument", "The field %s is not a whole "
	    "number.", k);
	return (-1);
}

/* Of the fields with this prefix only those that mean something may come. */
static bool
post_form_known(const char *k)
{
	static const char *const names[] = { "acl", "algorithm", "credential",
		"custom-time", "date", "if-generation-match",
		"if-metageneration-match", "signature", "storage-class" };

	if (strncasecmp(k, "x-goog-", 7) != 0 ||
	    strncasecmp(k, "x-goog-meta-", 12) == 0)
		return (true);
	for (size_t i = 0; i < NELEMS(names); i++)
		if (strcasecmp(k + 7, names[i]) == 0)
			return (true);
	return (false);
}

static int
post_form_attrs(struct req *rq, struct post_form *f)
{
	const char *k;

	if (post_form_number(rq, &f->fields, "x-goog-if-generation-match",
	    &f->cond.has_gen_match, &f->cond.gen_match) ||
	    post_form_number(rq, &f->fields,
	    "x-goog-if-metageneration-match", &f->cond.has_meta_match,
	    &f->cond.meta_match))
		return (-1);
	for (size_t i = 0; i < f->fields.n; i++) {
		k = f->fields.kv[i].k;
		if (strncasecmp(k, "x-goog-encryption-", 18) == 0) {
			req_fail(rq, 501, "NotImplemented", "gcs-emulator "
			    "does not serve forms with the field %s.", k);
			return (-1);
		}
		if (!post_form_known(k))
			return (post_form_fail(rq, "InvalidArgument",
			    arena_printf(&rq->arena, "The field %s has no "
			    "meaning in a form.", k)));
	}
	f->attrs = xml_attrs_form(rq, f->fields.kv, f->fields.n);
	return (f->attrs != NULL ? 0 : -1);
}

/* Everything but the file has come. */
static int
post_form_judge(struct req *rq, struct post_form *f)
{
	const char *policy = post_field(&f->fields, "policy");
	const char *key = post_field(&f->fields, "key");

	f->policy.max = INT64_MAX;
	if ((policy != NULL && post_policy_read(rq, policy, &f->policy)) ||
	    post_form_target(rq, f, key) ||
	    (policy != NULL && (post_form_signature(rq, f) ||
	    post_policy_check(rq, &f->policy, &f->fields, key))) ||
	    post_form_permit(rq) || post_form_attrs(rq, f))
		return (-1);
	return (0);
}

/* ---- the body ---- */

static void
post_form_part(void *cls, int part)
{
	struct req *rq = cls;
	struct post_form *f = rq->state;
	const char *h, *name;

	if (rq->status != 0 || f->file >= 0 || post_form_field_end(rq, f))
		return;
	h = multipart_header(f->parts, &rq->arena, "Content-Disposition");
	name = h != NULL ? disposition_param(&rq->arena, h, "name") : NULL;
	if (name == NULL) {
		(void)post_form_fail(rq, "MalformedPOSTRequest",
		    "A part has no Content-Disposition with a name.");
		return;
	}
	if (strcasecmp(name, "file") == 0) {
		f->file = part;
		f->filename = disposition_filename(&rq->arena, h);
		(void)post_form_judge(rq, f);
		return;
	}
	f->name = name;
	f->bytes += strlen(name);
	if (f->fields.n == POST_FIELDS)
		(void)post_form_fail(rq, "MaxPostPreDataLengthExceededError",
		    "Your POST request has too many fields.");
}

static void
post_form_sink(void *cls, int part, const void *p, size_t n)
{
	struct req *rq = cls;
	struct post_form *f = rq->state;

	if (rq->status != 0 || (f->file >= 0 && part != f->file))
		return;
	if (f->file < 0) {
		f->bytes += n;
		buf_add(&f->value, p, n);
		if (f->bytes > POST_FIELDS_MAX || !buf_ok(&f->value))
			(void)post_form_fail(rq,
			    "MaxPostPreDataLengthExceededError", "Your POST "
			    "request fields preceding the upload file were "
			    "too large.");
		return;
	}
	p = faults_payload(rq, rq->upload.got, p, n);
	f->size += (int64_t)n;
	if (f->size > f->policy.max)
		req_fail(rq, 400, "EntityTooLarge", "The policy's "
		    "content-length-range allows %lld bytes.",
		    (long long)f->policy.max);
	else if (f->write_errno == 0 && payload_write(f->payload, p, n))
		f->write_errno = errno != 0 ? errno : EIO;
}

void
post_form_begin(struct req *rq)
{
	const char *type = req_header(rq, "Content-Type"), *boundary = NULL;
	struct post_form *f = arena_alloc(&rq->arena, sizeof(*f));

	rq->state = f;
	f->file = -1;
	buf_init(&f->value, POST_FIELDS_MAX);
	if (type != NULL && strncasecmp(type, "multipart/form-data", 19) == 0)
		boundary = multipart_boundary(&rq->arena, type);
	if (boundary == NULL) {
		if (type != NULL && strncasecmp(type, "multipart/", 10) == 0)
			(void)post_form_fail(rq, "MalformedPOSTRequest",
			    "multipart/form-data with a boundary is wanted.");
		else
			(void)post_form_fail(rq, "InvalidArgument",
			    "Cannot create buckets using a POST.");
		return;
	}
	f->fields.kv = arena_alloc(&rq->arena,
	    (POST_FIELDS + 1) * sizeof(*f->fields.kv));
	f->payload = payload_new(rq->emu->store);
	f->parts = multipart_new(&rq->arena, boundary, post_form_sink, rq);
	multipart_on_begin(f->parts, post_form_part);
}

void
post_form_data(struct req *rq, const void *p, size_t n)
{
	struct post_form *f = rq->state;

	multipart_feed(f->parts, p, n);
}

void
post_form_done(struct req *rq)
{
	struct post_form *f = rq->state;

	if (f == NULL)
		return;			/* refused before it began */
	buf_release(&f->value);
	multipart_release(f->parts);
	if (f->payload != NULL)
		payload_free(f->payload);
}

/* ---- the answer ---- */

static const char *
post_form_etag(struct req *rq, const struct object *o)
{
	char hex[33];

	str_hex(hex, o->md5, sizeof(o->md5));
	return (arena_printf(&rq->arena, "\"%s\"", hex));
}

static const char *
post_form_escaped(struct req *rq, const char *s, bool path)
{
	const char *out;
	struct buf b;

	buf_init(&b, 8u << 10);
	nul_pct_encode(&b, s, path);
	out = arena_strdup(&rq->arena, b.p);
	buf_release(&b);
	return (out);
}

static bool
post_form_redirect(struct req *rq, const char *url, const char *etag)
{

	if (url == NULL || strpbrk(url, "\r\n") != NULL ||
	    (strncasecmp(url, "http://", 7) != 0 &&
	    strncasecmp(url, "https://", 8) != 0))
		return (false);
	req_header_add(rq, "Location", arena_printf(&rq->arena,
	    "%s%cbucket=%s&key=%s&etag=%s", url,
	    strchr(url, '?') != NULL ? '&' : '?',
	    post_form_escaped(rq, rq->bucket, false),
	    post_form_escaped(rq, rq->object, false),
	    post_form_escaped(rq, etag, false)));
	req_reply_empty(rq, 303);
	return (true);
}

static void
post_form_created(struct req *rq, const char *location, const char *etag)
{
	const struct { const char *name, *text; } t[] = {
		{ "Location", location }, { "Bucket", rq->bucket },
		{ "Key", rq->object }, { "ETag", etag },
	};
	struct buf b;

	buf_init(&b, 64u << 10);
	buf_adds(&b, "<?xml version='1.0' encoding='UTF-8'?><PostResponse>");
	for (size_t i = 0; i < NELEMS(t); i++) {
		buf_addf(&b, "<%s>", t[i].name);
		req_xml_text(&b, t[i].text);
		buf_addf(&b, "</%s>", t[i].name);
	}
	buf_adds(&b, "</PostResponse>");
	req_reply(rq, 201, "application/xml; charset=UTF-8", b.p, b.len);
	buf_release(&b);
}

static void
post_form_reply(struct req *rq, struct post_form *f, const struct object *o)
{
	const char *status = post_field(&f->fields, "success_action_status");
	const char *etag = post_form_etag(rq, o), *location;

	req_header_add(rq, "ETag", etag);
	req_header_add(rq, "x-goog-generation", arena_printf(&rq->arena,
	    "%lld", (long long)o->generation));
	if (post_form_redirect(rq, post_form_either(&f->fields,
	    "success_action_redirect", "redirect"), etag))
		return;
	location = arena_printf(&rq->arena, "%s/%s/%s", req_base_url(rq),
	    rq->bucket, post_form_escaped(rq, rq->object, true));
	req_header_add(rq, "Location", location);
	if (status != NULL && strcmp(status, "201") == 0)
		post_form_created(rq, location, etag);
	else
		req_reply_empty(rq, status != NULL &&
		    strcmp(status, "200") == 0 ? 200 : 204);
}

/* Was the body whole? */
static int
post_form_whole(struct req *rq, struct post_form *f)
{
	const char *why = multipart_error(f->parts);

	if (why != NULL || !multipart_done(f->parts))
		return (post_form_fail(rq, "MalformedPOSTRequest",
		    why != NULL ? why : "The body of your POST request is "
		    "not well-formed multipart/form-data."));
	if (f->file < 0)
		return (post_form_fail(rq,
		    "IncorrectNumberOfFilesInPOSTRequest",
		    "POST requires exactly one file upload per request."));
	if (f->size >= f->policy.min)
		return (0);
	req_fail(rq, 400, "EntityTooSmall", "The policy's "
	    "content-length-range wants %lld bytes.",
	    (long long)f->policy.min);
	return (-1);
}

void
post_form_h(struct req *rq)
{
	struct store_write w = objects_write(rq);
	struct post_form *f = rq->state;
	struct object o;
	enum store_rc rc;

	if (post_form_whole(rq, f))
		return;
	if (f->write_errno != 0) {
		req_fail_rc(rq, store_errno_rc(f->write_errno));
		return;
	}
	rc = store_object_insert(rq->emu->store, &w, rq->bucket, rq->object,
	    f->attrs, &f->cond, &f->expect, f->payload, &rq->arena, &o);
	rq->mutation = w.mutation;
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		post_form_reply(rq, f, &o);
}
