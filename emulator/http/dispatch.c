#include "emulator/http/dispatch.h"

#include <string.h>

#include "emulator/api/cors.h"
#include "emulator/api/names.h"
#include "emulator/api/params.h"
#include "emulator/fault/fault.h"
#include "emulator/http/head.h"
#include "emulator/http/hosts.h"
#include "emulator/http/route.h"
#include "emulator/identity/auth.h"

#define ALLOW_ALL	"DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"

/* A web page that reached for localhost by a name of its own must find
 * nothing here, and what came through the proxy is meant for Google. */
static int
dispatch_check_host(struct req *rq)
{
	enum route_host kind = route_host(rq->host);

	if (kind != HOST_FOREIGN &&
	    (kind == HOST_LOCAL || kind == HOST_LOCAL_BUCKET) <=
	    (rq->via == VIA_HTTP))
		return (0);
	req_fail(rq, 403, "forbidden", "gcs-emulator does not answer for the "
	    "host '%s'%s", rq->host, rq->via == VIA_HTTP ?
	    "; --allow-host lets it." : ", which is not Google's: nothing run "
	    "under the emulator reaches the real network.");
	return (-1);
}

static void
dispatch_no_route(struct req *rq)
{
	const char *allow = route_allow(rq);

	if (allow == NULL) {
		req_fail(rq, 404, "notFound", "gcs-emulator serves nothing at "
		    "%s %s.", rq->method, rq->raw_path);
		return;
	}
	req_fail(rq, 405, "methodNotAllowed", "%s is not served with %s, but "
	    "with %s.", rq->raw_path, rq->method, allow);
	req_header_add(rq, "Allow", allow);
}

/* `OPTIONS *` asks about the server, not about anything on it. */
static int
dispatch_target(struct req *rq, const char *target)
{

	if (strcmp(rq->method, "OPTIONS") != 0 || strcmp(target, "*") != 0)
		return (req_target(rq, target));
	rq->raw_path = target;
	if (dispatch_check_host(rq) == 0) {
		req_reply_empty(rq, 204);
		req_header_add(rq, "Allow", ALLOW_ALL);
	}
	return (-1);
}

/* A name that is all of a bucket's is that bucket's own (bound to it by CNAME,
 * https://cloud.google.com/storage/docs/request-endpoints#cname ), and nothing
 * else is there: a page that rebinds its name finds at most a bucket that was
 * named after it. */
static void
dispatch_bound_host(struct req *rq)
{
	struct store_at now = { STORE_NOW };
	struct bucket b;

	if (strchr(rq->host, '.') != NULL && names_bucket_ok(rq->host) &&
	    store_bucket_get(rq->emu->store, now, rq->host, &rq->arena, &b) ==
	    STORE_OK)
		rq->host = arena_printf(&rq->arena,
		    "%s.storage.googleapis.com", rq->host);
}

bool
dispatch_find(struct req *rq, const char *host)
{
	const char *instead = NULL;
	bool found;

	if (strcmp(rq->head->method, "POST") == 0)
		instead = req_header(rq, "X-HTTP-Method-Override");
	rq->method = instead != NULL ? instead : rq->head->method;
	req_set_host(rq, host);
	if (rq->via == VIA_HTTP && route_host(rq->host) == HOST_FOREIGN &&
	    rq->emu->hosts != NULL && (host = hosts_find(rq->emu->hosts,
	    &rq->arena, rq->host)) != NULL)
		rq->host = host;
	if (route_host(rq->host) == HOST_FOREIGN)
		dispatch_bound_host(rq);
	if (dispatch_target(rq, rq->head->target) != 0 ||
	    dispatch_check_host(rq) != 0)
		return (false);
	if (cors_is_preflight(rq)) {
		cors_preflight(rq);
		return (false);
	}
	found = route_find(rq) == 0;
	if ((!found || rq->cap_nul) && strstr(rq->raw_path, "%00") != NULL) {
		req_fail(rq, 400, "badRequest",
		    "The path holds a NUL outside of a name.");
		return (false);
	}
	if (!found)
		dispatch_no_route(rq);
	return (found && cors_check_page(rq) == 0);
}

void
dispatch_judge(struct req *rq)
{

	auth_identify(rq);
	faults_match(rq->emu->faults, rq);
	if (auth_permit(rq) == 0)
		(void)params_check(rq);
}

void
dispatch_work(struct req *rq)
{
	struct faults *f = rq->emu->faults;

	faults_apply(f, rq, FAULT_BEFORE);
	if (rq->abort)
		return;
	if (rq->status == 0) {
		rq->route->handle(rq);
		BUG_ON(rq->status == 0 && !rq->abort);
	}
	if (!rq->abort)
		cors_apply(rq);
	if (!rq->abort)
		faults_apply(f, rq, FAULT_AFTER);
}
