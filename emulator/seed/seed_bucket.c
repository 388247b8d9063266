/* Buckets, what is in them, and who may. */
#include "emulator/seed/seed_int.h"

#include <string.h>

#include "emulator/api/attrs.h"
#include "emulator/api/buckets.h"
#include "emulator/api/names.h"
#include "emulator/folder/folder.h"
#include "emulator/store/payload.h"
#include "lib/file.h"
#include "lib/str.h"

#define GCS	"storage.googleapis.com"
#define OBJECT_MAX	(1u << 30)	/* larger ones: --seed-dir */

static const char *
bucket_target(struct seeding *x, const char *bucket, const char *object)
{
	const char *out;
	struct buf b;

	buf_init(&b, 64u << 10);
	buf_adds(&b, "/storage/v1/b/");
	str_pct_encode(&b, bucket, strlen(bucket), false);
	if (object != NULL) {
		buf_adds(&b, "/o/");
		str_pct_encode(&b, object, strlen(object), false);
	}
	out = arena_strdup(&x->a, b.p);
	buf_release(&b);
	return (out);
}

/* v without the members that are the seed's own; a new reference. */
static json_t *
bucket_without(const json_t *v, const char *const *own, size_t n)
{
	json_t *j = json_copy((json_t *)(uintptr_t)v);

	for (size_t i = 0; i < n; i++)
		(void)json_object_del(j, own[i]);
	return (j);
}

/* Is what the API shows what the file says?  What it passes over in silence, a
 * seed must not: it is most often misspelt. */
static int
bucket_verify(struct seeding *x, const char *at, const char *target,
    const json_t *want, const char *what)
{
	const char *where;
	struct req rq;
	json_t *have;
	int rc = 0;

	if (seed_ask(x, &rq, "GET", GCS, seed_at(x, "%s?projection=full",
	    target), NULL, &have) != 200)
		rc = seed_refused(x, at, &rq);
	else if ((where = seed_differs(x, at, have, want)) != NULL)
		rc = seed_fail(x, where, "%s has no such member, or it cannot "
		    "be set to that; the JSON API's reference tells", what);
	req_release(&rq);
	return (rc);
}

/* ---- objects ---- */

/* The bytes of an object, from one of three places. */
static int
object_bytes(struct seeding *x, const char *at, const json_t *v,
    struct buf *b)
{
	const char *text = seed_text(v, "content");
	const char *base64 = seed_text(v, "contentBase64");
	const char *file = seed_text(v, "file");

	if ((text != NULL) + (base64 != NULL) + (file != NULL) > 1)
		return (seed_fail(x, at, "only one of 'content', "
		    "'contentBase64' and 'file' can be"));
	if (text != NULL)
		buf_adds(b, text);
	else if (base64 != NULL && !str_b64_decode(b, base64, strlen(base64),
	    false))
		return (seed_fail(x, seed_at(x, "%s.contentBase64", at),
		    "this is not base64"));
	else if (file != NULL && file_read(seed_path(x, file), b, x->e) != 0)
		return (err_prefix(x->e, "%s: %s.file", x->seed->path, at));
	return (0);
}

/* Are those bytes there already, and all that is said of them? */
static bool
object_there(struct seeding *x, const char *bucket, const char *name,
    const struct payload *p, const json_t *want)
{
	struct store_at now = { STORE_NOW };
	struct object o;
	struct req rq;
	json_t *have;
	bool same;

	if (store_object_get(x->emu->store, now, bucket, name, NULL, &x->a,
	    &o) != STORE_OK || o.size != payload_size(p) ||
	    o.crc32c != payload_crc32c(p))
		return (false);
	same = seed_ask(x, &rq, "GET", GCS, bucket_target(x, bucket, name),
	    NULL, &have) == 200 && seed_differs(x, "", have, want) == NULL;
	req_release(&rq);
	return (same);
}

static int
object_put(struct seeding *x, const char *at, const char *bucket,
    const char *name, const json_t *want, struct payload *p)
{
	struct store_write w = { .forget = false };
	enum store_rc rc;
	struct object o;
	struct req rq;
	const char *attrs;
	int ret = 0;

	req_init(&rq, x->emu);
	rq.bucket = bucket;
	rq.object = name;
	attrs = attrs_object_in(&rq, bucket, want);
	rc = attrs == NULL ? STORE_OK : store_object_insert(x->emu->store, &w,
	    bucket, name, attrs, NULL, NULL, p, &rq.arena, &o);
	if (rc != STORE_OK)
		req_fail_rc(&rq, rc);
	if (attrs == NULL || rc != STORE_OK)
		ret = seed_refused(x, at, &rq);
	req_release(&rq);
	return (ret);
}

static int
seed_object(struct seeding *x, const char *at, const char *bucket,
    const json_t *v)
{
	static const char *const own[] = { "name", "content", "contentBase64",
	    "file" };
	static const struct seed_member of[] = { { "name", 's', true },
	    { "content", 's', false }, { "contentBase64", 's', false },
	    { "file", 's', false } };
	json_auto_t *want = NULL;
	const char *name, *fault;
	struct payload *p;
	struct buf b;
	int rc = 0;

	if (seed_check(x, at, v, of, NELEMS(of), true) != 0)
		return (-1);
	name = seed_text(v, "name");
	if ((fault = names_object_fault(name)) != NULL)
		return (seed_fail(x, seed_at(x, "%s.name", at), "%s", fault));
	want = bucket_without(v, own, NELEMS(own));
	if (json_object_get(want, "contentType") == NULL)
		(void)json_object_set_new(want, "contentType",
		    json_string(folder_type(name)));
	buf_init(&b, OBJECT_MAX);
	p = payload_new(x->emu->store);
	if (object_bytes(x, at, v, &b) != 0)
		rc = -1;
	else if (!buf_ok(&b) || payload_write(p, b.p, b.len) != 0)
		rc = seed_fail(x, at, "its bytes cannot be stored");
	else if (!object_there(x, bucket, name, p, want))
		rc = object_put(x, at, bucket, name, want, p) != 0 ? -1 :
		    bucket_verify(x, at, bucket_target(x, bucket, name), want,
		    "an object");
	payload_free(p);
	buf_release(&b);
	return (rc);
}

/* ---- buckets ---- */

static int
bucket_new(struct seeding *x, const char *at, const char *name,
    const char *project, const json_t *want)
{
	struct bucket out;
	struct req rq;
	int rc = 0;

	req_init(&rq, x->emu);
	rq.auth = AUTH_BEARER;
	rq.principal = arena_printf(&rq.arena, "serviceAccount:%s",
	    x->emu->owner);
	if (buckets_make(&rq, name, project, want, &out) != 0)
		rc = seed_refused(x, at, &rq);
	req_release(&rq);
	return (rc);
}

/* Made where there is none, changed where it is another. */
static int
bucket_make_or_fit(struct seeding *x, const char *at, const char *name,
    const char *project, const json_t *want)
{
	const char *target = bucket_target(x, name, NULL);
	struct store_at now = { STORE_NOW };
	enum store_rc have;
	struct bucket b;
	struct req rq;
	json_t *shown;
	bool same;

	have = store_bucket_get(x->emu->store, now, name, &x->a, &b);
	if (have != STORE_OK)
		return (bucket_new(x, at, name, project, want) != 0 ? -1 :
		    bucket_verify(x, at, target, want, "a bucket"));
	if (strcmp(b.project, project) != 0)
		return (seed_fail(x, seed_at(x, "%s.project", at), "the "
		    "bucket '%s' belongs to the project '%s'", name,
		    b.project));
	same = seed_ask(x, &rq, "GET", GCS, seed_at(x, "%s?projection=full",
	    target), NULL, &shown) == 200 &&
	    seed_differs(x, at, shown, want) == NULL;
	req_release(&rq);
	if (same)
		return (0);
	return (seed_do(x, at, "PATCH", GCS, target, want) != 0 ? -1 :
	    bucket_verify(x, at, target, want, "a bucket that is there"));
}

static int
seed_bucket(struct seeding *x, const char *at, const json_t *v)
{
	static const char *const own[] = { "name", "project", "policy",
	    "objects" };
	static const struct seed_member of[] = { { "name", 's', true },
	    { "project", 's', false }, { "policy", 'o', false },
	    { "objects", 'a', false } };
	const json_t *policy = json_object_get(v, "policy");
	json_auto_t *want = NULL;
	const char *name, *project, *target;
	json_t *one;
	size_t i;

	if (seed_check(x, at, v, of, NELEMS(of), true) != 0)
		return (-1);
	name = seed_text(v, "name");
	project = seed_text(v, "project");
	want = bucket_without(v, own, NELEMS(own));
	if (bucket_make_or_fit(x, at, name, project != NULL ? project :
	    x->emu->project, want) != 0)
		return (-1);
	target = seed_at(x, "%s/iam", bucket_target(x, name, NULL));
	if (policy != NULL && seed_policy(x, seed_at(x, "%s.policy", at),
	    policy, GCS, "GET", seed_at(x, "%s?optionsRequestedPolicyVersion"
	    "=3", target), "PUT", target) != 0)
		return (-1);
	json_array_foreach(json_object_get(v, "objects"), i, one)
		if (seed_object(x, seed_at(x, "%s.objects[%zu]", at, i), name,
		    one) != 0)
			return (-1);
	return (0);
}

int
seed_buckets(struct seeding *x, const json_t *all)
{
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)all, i, v)
		if (seed_bucket(x, seed_at(x, "$.buckets[%zu]", i), v) != 0)
			return (-1);
	return (0);
}
