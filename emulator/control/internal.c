#include "emulator/control/internal.h"

#include <ctype.h>
#include <string.h>

#include "emulator/control/gate.h"
#include "emulator/folder/folder.h"
#include "emulator/http/hosts.h"
#include "emulator/store/store_snapshot.h"
#include "lib/log.h"

#define ALONE_US	INT64_C(10000000)

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

/* Accounts and keys are not what these programs mean by everything. */
static const char *const internal_kept[] = { "project", "policy", "account",
	"key", "syskey", "token", "hmac", NULL };

static void
internal_failed(struct req *rq, struct err *e)
{

	log_error("internal %s", err_msg(e));
	req_fail(rq, 500, "internalError", "%s", err_msg(e));
}

/* Nobody else is half in the old state and half in the new.  False: a 409 has
 * been stored. */
static bool
internal_alone(struct req *rq)
{
	int64_t inside = 0;

	if (rq->emu->gate == NULL ||
	    gate_close(rq->emu->gate, ALONE_US, &inside))
		return (true);
	req_fail(rq, 409, "conflict", "%lld requests are under way and did "
	    "not end; nothing was changed.", (long long)inside);
	return (false);
}

void
internal_delete_h(struct req *rq)
{
	struct err e = ERR_INIT;

	if (internal_guard(rq) || !internal_alone(rq))
		return;
	if (store_wipe(rq->emu->store, internal_kept, &e) != 0)
		internal_failed(rq, &e);
	else
		req_reply_json(rq, 200, json_pack("{s:s}", "message",
		    "All files deleted successfully"));
	gate_open(rq->emu->gate);
	err_release(&e);
}

/* ---- seeding again ---- */

static void
internal_seeded(void *cls, const struct object *o)
{
	char updated[CLOCK_RFC3339];

	clock_rfc3339(o->updated_us, updated);
	(void)json_array_append_new(cls, json_pack(
	    "{s:s, s:s, s:o, s:o, s:s}", "bucket", o->bucket, "name", o->name,
	    "size", json_sprintf("%lld", (long long)o->size), "generation",
	    json_sprintf("%lld", (long long)o->generation), "updated",
	    updated));
}

/* As that program does: what is kept in memory alone begins anew, and a folder
 * that is kept only gets what is seeded. */
void
internal_reseed_h(struct req *rq)
{
	struct emu *emu = rq->emu;
	struct folder_count n = { .each = internal_seeded };
	struct err e = ERR_INIT;

	if (internal_guard(rq) || !internal_alone(rq))
		return;
	n.cls = json_array();
	if (emu->seed != NULL && ((emu->temporary &&
	    store_wipe(emu->store, internal_kept, &e) != 0) ||
	    folder_load(emu, emu->seed, false, &n, &e) != 0)) {
		json_decref(n.cls);
		internal_failed(rq, &e);
	} else
		req_reply_json(rq, 200, n.cls);
	gate_open(emu->gate);
	err_release(&e);
}
