#include "emulator/control/internal.h"

#include <ctype.h>
#include <string.h>

#include "emulator/folder/folder.h"
#include "emulator/http/hosts.h"
#include "emulator/store/store.h"

#define PAGE	1000

/* -1: a 403 has been stored. */
static int
internal_guard(struct req *rq)
{

	if (req_header(rq, "Origin") != NULL && rq->emu->cors_headers == NULL)
		req_fail(rq, 403, "forbidden", "Web pages may not ask for "
		    "this.");
	else if (!rq->emu->internal)
		req_fail(rq, 403, "forbidden", "gcs-emulator was started "
		    "without --internal-endpoints, which allows this without "
		    "a token.");
	else
		return (0);
	return (-1);
}

void
internal_health_h(struct req *rq)
{

	req_reply_empty(rq, 200);
}

/* The name in "http://localhost:32768". */
static const char *
internal_host(struct req *rq, const char *url)
{
	const char *p = strstr(url, "://");
	char *host;

	p = p != NULL ? p + 3 : url;
	host = arena_strndup(&rq->arena, p,
	    *p == '[' ? strcspn(p, "]") + 1 : strcspn(p, ":/"));
	for (char *q = host; *q != '\0'; q++)
		*q = (char)tolower((unsigned char)*q);
	return (host);
}

void
internal_config_h(struct req *rq)
{
	static const char *const keys[] = { "externalUrl", "publicHost" };
	json_t *in;

	if (internal_guard(rq) || req_json(rq, &in))
		return;
	for (size_t i = 0; i < NELEMS(keys); i++) {
		const json_t *v = json_object_get(in, keys[i]);

		if (v == NULL || json_is_null(v))
			continue;
		if (!json_is_string(v)) {
			req_fail(rq, 400, "invalid", "%s must be a string.",
			    keys[i]);
			return;
		}
		if (!hosts_add(rq->emu->hosts, internal_host(rq,
		    json_string_value(v)))) {
			req_fail(rq, 400, "invalid", "More than %d hosts.",
			    HOSTS_MAX);
			return;
		}
	}
	req_reply_json(rq, 200, json_object());
}

void
internal_reseed_h(struct req *rq)
{
	struct folder_count n;
	struct err e = ERR_INIT;

	if (internal_guard(rq))
		return;
	if (rq->emu->seed == NULL)
		req_fail(rq, 400, "invalid", "gcs-emulator was started "
		    "without a seed folder (--seed-dir).");
	else if (folder_load(rq->emu, rq->emu->seed, false, &n, &e) != 0)
		req_fail(rq, 500, "internalError", "%s", err_msg(&e));
	else
		req_reply_json(rq, 200, json_pack("{s:I, s:I}", "buckets",
		    (json_int_t)n.buckets, "objects", (json_int_t)n.objects));
	err_release(&e);
}

/* Every generation of every object, and then the bucket. */
static enum store_rc
internal_empty(struct req *rq, const char *bucket)
{
	struct store_list q = { .prefix = "", .delimiter = "", .start = "",
	    .end = "", .glob = "", .versions = true, .max = PAGE,
	    .after = "" };
	struct store_write w = { .exempt = true };
	enum store_rc rc;

	for (;;) {
		struct arena a = ARENA_INIT;
		struct store_listing l;

		rc = store_object_list(rq->emu->store,
		    (struct store_at){ STORE_NOW }, bucket, &q, &a, &l);
		for (size_t i = 0; rc == STORE_OK && i < l.nobjects; i++) {
			struct store_cond c = {
			    .generation = l.objects[i].generation };

			rc = store_object_delete(rq->emu->store, &w, bucket,
			    l.objects[i].name, &c);
			if (rc == STORE_NO_OBJECT)
				rc = STORE_OK;
		}
		if (rc != STORE_OK || l.nobjects == 0) {
			arena_release(&a);
			break;
		}
		arena_release(&a);
	}
	if (rc == STORE_OK)
		rc = store_bucket_delete(rq->emu->store, &w, bucket, NULL);
	return (rc == STORE_NO_BUCKET ? STORE_OK : rc);
}

void
internal_delete_h(struct req *rq)
{
	enum store_rc rc = STORE_OK;
	struct bucket *b;
	bool more = true;
	size_t n;

	if (internal_guard(rq))
		return;
	while (rc == STORE_OK && more) {
		rc = store_bucket_list(rq->emu->store, NULL, "", "", PAGE,
		    &rq->arena, &b, &n, &more);
		for (size_t i = 0; rc == STORE_OK && i < n; i++)
			rc = internal_empty(rq, b[i].name);
	}
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		req_reply_json(rq, 200, json_object());
}
