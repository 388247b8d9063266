/* The table of fault kinds: the one place to add one. */
#include "emulator/fault/fault_int.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/http/route.h"
#include "emulator/identity/auth.h"
#include "lib/str.h"

#define BYTES_MAX	(INT64_C(1) << 40)
#define POINTS		(FAULT_AT(FAULT_BEFORE) | FAULT_AT(FAULT_AFTER))
#define POINTS_BODY	(POINTS | FAULT_AT(FAULT_BODY))

/* What the real service says with each status:
 * https://cloud.google.com/storage/docs/json_api/v1/status-codes and, for the
 * token endpoint, RFC 6749 section 5.2. */
static const struct {
	int	status;
	const char *reason, *oauth, *message;
} fault_statuses[] = {
	{ 400, "invalid", "invalid_request", "Bad Request" },
	{ 401, "authError", "invalid_client", "Invalid Credentials" },
	{ 403, "forbidden", "access_denied", "Forbidden" },
	{ 404, "notFound", "not_found", "Not Found" },
	{ 408, "requestTimeout", "request_timeout", "Request Timeout" },
	{ 409, "conflict", "conflict", "Conflict" },
	{ 412, "conditionNotMet", "invalid_request",
	    "At least one of the pre-conditions you specified did not hold." },
	{ 429, "rateLimitExceeded", "rate_limit_exceeded",
	    "The rate of requests is too high. Please reduce it." },
	{ 500, "backendError", "internal_failure",
	    "We encountered an internal error. Please try again." },
	{ 502, "backendError", "internal_failure", "Bad Gateway" },
	{ 503, "backendError", "temporarily_unavailable",
	    "We encountered an internal error. Please try again." },
	{ 504, "gatewayTimeout", "temporarily_unavailable",
	    "Gateway Timeout" },
};

static void
fault_status_act(struct faults *f, const struct fault_rule *r, struct req *rq)
{
	int status = r->args[0].set ? (int)r->args[0].i : 503;
	const char *reason = "backendError", *message = "Backend Error";
	bool oauth = rq->route->api == API_OAUTH;

	(void)f;
	for (size_t i = 0; i < NELEMS(fault_statuses); i++)
		if (fault_statuses[i].status == status) {
			reason = oauth ? fault_statuses[i].oauth :
			    fault_statuses[i].reason;
			message = fault_statuses[i].message;
		}
	if (r->args[1].set)
		reason = r->args[1].s;
	req_fail(rq, status, reason, "%s", message);
}

/* The token that came is good no more, here and later. */
static bool
fault_expire_due(const struct fault_rule *r, const struct req *rq,
    enum fault_point at, int64_t bytes)
{

	(void)r;
	(void)bytes;
	return (at == FAULT_BEFORE && rq->auth == AUTH_BEARER);
}

static void
fault_expire_act(struct faults *f, const struct fault_rule *r,
    struct req *rq)
{

	(void)f;
	(void)r;
	auth_expire(rq);
}

static void
fault_latency_act(struct faults *f, const struct fault_rule *r,
    struct req *rq)
{

	(void)rq;
	fault_wait(f, r, r->args[0].i);
}

static void
fault_hold_act(struct faults *f, const struct fault_rule *r, struct req *rq)
{

	if (!fault_hold(f, r))
		req_abort(rq, false);
}

static void
fault_drop_act(struct faults *f, const struct fault_rule *r, struct req *rq)
{

	(void)f;
	(void)r;
	req_abort(rq, false);
}

static void
fault_reset_act(struct faults *f, const struct fault_rule *r, struct req *rq)
{

	(void)f;
	(void)r;
	req_abort(rq, true);
}

static void
fault_forget_act(struct faults *f, const struct fault_rule *r,
    struct req *rq)
{

	(void)f;
	(void)r;
	rq->forget = true;
}

static int
fault_stale_check(const struct fault_rule *r, struct err *e)
{

	if (r->args[0].set && r->args[1].set)
		return (err_set(e, "args: 'mutation' and 'back' exclude each "
		    "other"));
	return (0);
}

static void
fault_stale_act(struct faults *f, const struct fault_rule *r, struct req *rq)
{
	int64_t k = store_mutation(fault_emu(f)->store);

	if (r->args[0].set)
		k = r->args[0].i < k ? r->args[0].i : k;
	else
		k -= r->args[1].set ? r->args[1].i : 1;
	rq->as_of = k > 0 ? k : 0;
}

/* ---- kinds about bodies ---- */

static bool
fault_bodyless(const struct req *rq)
{

	return (strcmp(rq->method, "HEAD") == 0 || rq->status == 204 ||
	    rq->status == 304);
}

/* Decided when the answer is known: its length, and whether it gets there. */
static bool
fault_truncate_due(const struct fault_rule *r, const struct req *rq,
    enum fault_point at, int64_t bytes)
{

	(void)bytes;
	return (at == FAULT_AFTER && !fault_bodyless(rq) &&
	    rq->reply_len >= r->after_bytes);
}

static void
fault_truncate_act(struct faults *f, const struct fault_rule *r,
    struct req *rq)
{

	(void)f;
	if (r->args[0].set && r->args[0].i != 0) {
		rq->reply_len = r->after_bytes;
		if (rq->reader != NULL)
			rq->reader_len = r->after_bytes;
		return;
	}
	rq->cut = r->after_bytes;
	rq->cut_rst = r->args[1].set && r->args[1].i != 0;
}

/* Before the first byte means before the head, too. */
static bool
fault_stall_due(const struct fault_rule *r, const struct req *rq,
    enum fault_point at, int64_t bytes)
{

	if (r->after_bytes == 0 && rq->route->body != BODY_STREAM)
		return (at == FAULT_AFTER);
	return (at == FAULT_BODY && bytes >= r->after_bytes);
}

static void
fault_corrupt_alter(const struct fault_rule *r, unsigned char *p)
{
	unsigned char was = *p;

	*p = r->args[0].set ? (unsigned char)r->args[0].i : was ^ 0xff;
	if (*p == was)
		(*p)++;
}

/* An upload in one request fails as a whole, once its bytes are there; of a
 * resumable one faults_chunk() has seen to what was kept. */
static bool
fault_partial_due(const struct fault_rule *r, const struct req *rq,
    enum fault_point at, int64_t bytes)
{
	const struct req_upload *u = &rq->upload;

	(void)bytes;
	if (rq->route->body != BODY_STREAM)
		return (false);
	if (!u->chunk)
		return (at == FAULT_BEFORE && u->got >= r->after_bytes);
	return (at == FAULT_AFTER && u->cut && r->after_bytes <= u->last + 1);
}

static bool
fault_unreachable_due(const struct fault_rule *r, const struct req *rq,
    enum fault_point at, int64_t bytes)
{

	(void)r;
	(void)bytes;
	return (at == FAULT_AFTER && rq->status == 200 &&
	    strcmp(rq->route->id, "storage.buckets.list") == 0 &&
	    req_query_bool(rq, "returnPartialSuccess", false));
}

/* Is it in "a,b"?  With or without the prefix of a resource's name. */
static bool
fault_unreachable_named(const char *list, const char *name)
{
	static const char prefix[] = "projects/_/buckets/";
	size_t n;

	for (;; list += n + 1) {
		if (str_starts(list, prefix))
			list += sizeof(prefix) - 1;
		n = strcspn(list, ",");
		if (n == strlen(name) && memcmp(list, name, n) == 0)
			return (true);
		if (list[n] == '\0')
			return (false);
	}
}

static void
fault_unreachable_act(struct faults *f, const struct fault_rule *r,
    struct req *rq)
{
	json_auto_t *j = json_loadb(rq->reply, (size_t)rq->reply_len,
	    JSON_ALLOW_NUL, NULL);
	json_t *items = json_object_get(j, "items"), *gone = json_array();
	char *text;

	(void)f;
	for (size_t i = 0; i < json_array_size(items); ) {
		const char *name = json_string_value(json_object_get(
		    json_array_get(items, i), "name"));

		if (name != NULL && fault_unreachable_named(r->args[0].s,
		    name)) {
			(void)json_array_append_new(gone, json_sprintf(
			    "projects/_/buckets/%s", name));
			(void)json_array_remove(items, i);
		} else
			i++;
	}
	(void)json_object_set_new(j, "unreachable", gone);
	text = json_dumps(j, JSON_INDENT(2));
	BUG_ON(text == NULL);
	rq->reply = arena_strdup(&rq->arena, text);
	rq->reply_len = (int64_t)strlen(text);
	free(text);
}

const struct fault_kind fault_kinds[] = {
	{ .name = "status", .points = POINTS, .dflt = FAULT_BEFORE,
	    .doc = "answer with an error status; at=after: once the work has "
	    "been done",
	    .args = {
		{ "code", FAULT_INT, false, 400, 599, "503",
		    "HTTP status of the answer" },
		{ "reason", FAULT_STRING, false, 0, 0, NULL,
		    "Google's reason in the body; by default the one that "
		    "goes with the status" },
	    }, .act = fault_status_act },
	{ .name = "latency", .points = POINTS_BODY, .dflt = FAULT_BEFORE,
	    .waits = true,
	    .doc = "wait before going on",
	    .args = {
		{ "delay", FAULT_DURATION, true, 0, 0, NULL,
		    "how long, such as 30ms" },
	    }, .act = fault_latency_act },
	{ .name = "network", .points = FAULT_AT(FAULT_BEFORE),
	    .dflt = FAULT_BEFORE, .waits = true,
	    .doc = "a network far away: each request waits for a time drawn "
	    "by its number from the seed, and bodies pass no faster than that",
	    .args = {
		{ "latency", FAULT_DURATION, true, 0, 0, NULL,
		    "how long in the middle, such as 30ms" },
		{ "jitter", FAULT_DURATION, false, 0, 0, "0s",
		    "how far from it: at most (uniform), the standard "
		    "deviation (normal), or how much more on average "
		    "(exponential)" },
		{ "shape", FAULT_STRING, false, 0, 0, "uniform",
		    "uniform, normal or exponential (a long tail)" },
		{ "seed", FAULT_INT, false, 0, INT64_MAX, "1",
		    "the same seed draws the same times" },
		{ "bandwidth", FAULT_BYTES, false, 1, BYTES_MAX, NULL,
		    "bytes a second on each connection, such as 1MiB" },
		{ "total", FAULT_BYTES, false, 1, BYTES_MAX, NULL,
		    "bytes a second on all together" },
	    }, .check = fault_network_check, .act = fault_network_act,
	    .piece = fault_rate_piece, .pace = fault_rate_pace },
	{ .name = "bandwidth", .points = FAULT_AT(FAULT_BODY),
	    .dflt = FAULT_BODY,
	    .doc = "bodies, in and out, pass no faster than that, from "
	    "after-bytes= on",
	    .args = {
		{ "bandwidth", FAULT_BYTES, true, 1, BYTES_MAX, NULL,
		    "bytes a second on each connection, such as 64KiB" },
		{ "total", FAULT_BYTES, false, 1, BYTES_MAX, NULL,
		    "bytes a second on all together" },
	    }, .piece = fault_rate_piece, .pace = fault_rate_pace },
	{ .name = "slow", .points = FAULT_AT(FAULT_BODY),
	    .dflt = FAULT_BODY,
	    .doc = "bodies, in and out, come in drops, from after-bytes= on",
	    .args = {
		{ "delay", FAULT_DURATION, true, 0, 0, NULL,
		    "before each drop, such as 10ms" },
		{ "bytes", FAULT_BYTES, false, 1, BYTES_MAX, "1",
		    "of a drop" },
	    }, .piece = fault_dribble_piece, .pace = fault_dribble_pace },
	{ .name = "expire-token", .points = FAULT_AT(FAULT_BEFORE),
	    .dflt = FAULT_BEFORE,
	    .doc = "the access token that came with the request is good no "
	    "more, for this request and all later ones; one that is a signed "
	    "JWT only for this one",
	    .due = fault_expire_due, .act = fault_expire_act },
	{ .name = "refuse", .points = 0, .door = DOOR_REFUSE,
	    .doc = "refuse connections and cut those that are open, as long "
	    "as the rule stands; takes no selector" },
	{ .name = "blackhole", .points = 0, .door = DOOR_MUTE,
	    .doc = "take up no connection and answer no request, but say "
	    "nothing, as long as the rule stands; then cut those that "
	    "waited; takes no selector" },
	{ .name = "connections", .points = 0, .door = DOOR_CROWD,
	    .doc = "reset each new connection that would be one too many, but "
	    "for the plain endpoint's; takes no selector",
	    .args = {
		{ "max", FAULT_INT, true, 1, 1 << 20, NULL,
		    "how many may be open at once" },
	    } },
	{ .name = "hold", .points = POINTS_BODY, .dflt = FAULT_BEFORE,
	    .waits = true,
	    .doc = "stop the request until it is released or discarded by "
	    "the name given with as=", .act = fault_hold_act },
	{ .name = "drop", .points = POINTS_BODY, .dflt = FAULT_BEFORE,
	    .doc = "close the connection without a byte of an answer",
	    .act = fault_drop_act },
	{ .name = "reset", .points = POINTS_BODY, .dflt = FAULT_BEFORE,
	    .doc = "the same by a TCP reset", .act = fault_reset_act },
	{ .name = "lost-reply", .points = FAULT_AT(FAULT_AFTER),
	    .dflt = FAULT_AFTER,
	    .doc = "do the work, then close the connection without an answer",
	    .act = fault_drop_act },
	{ .name = "forget", .points = FAULT_AT(FAULT_BEFORE),
	    .dflt = FAULT_BEFORE,
	    .doc = "answer as if a write had been done, and store nothing",
	    .act = fault_forget_act },
	{ .name = "stale", .points = FAULT_AT(FAULT_BEFORE),
	    .dflt = FAULT_BEFORE,
	    .doc = "answer a read as of an earlier mutation",
	    .args = {
		{ "mutation", FAULT_INT, false, 0, INT64_MAX, NULL,
		    "the mutation, by its number" },
		{ "back", FAULT_INT, false, 1, INT64_MAX, "1",
		    "how many mutations before the newest" },
	    }, .check = fault_stale_check, .act = fault_stale_act },
	{ .name = "truncate", .points = FAULT_AT(FAULT_BODY),
	    .dflt = FAULT_BODY,
	    .doc = "send only the first after-bytes= bytes of an answer's "
	    "body; an answer that is shorter is left alone",
	    .args = {
		{ "hide", FAULT_BOOL, false, 0, 0, "false",
		    "give that as Content-Length, so that only the content "
		    "tells; else the connection closes early" },
		{ "rst", FAULT_BOOL, false, 0, 0, "false",
		    "close by a TCP reset, which may take along bytes that "
		    "are under way" },
	    }, .due = fault_truncate_due, .act = fault_truncate_act },
	{ .name = "stall", .points = FAULT_AT(FAULT_BODY),
	    .dflt = FAULT_BODY, .waits = true,
	    .doc = "stop after after-bytes= bytes of an upload's or an "
	    "answer's body, 0 being before the answer's head, and go on later",
	    .args = {
		{ "delay", FAULT_DURATION, true, 0, 0, NULL,
		    "how long, such as 10s" },
	    }, .due = fault_stall_due, .act = fault_latency_act },
	{ .name = "corrupt", .points = FAULT_AT(FAULT_BODY),
	    .dflt = FAULT_BODY,
	    .doc = "change one byte, the one at after-bytes=, of an answer's "
	    "body, or of the object that an upload brings",
	    .args = {
		{ "byte", FAULT_INT, false, 0, 255, NULL,
		    "what to put there, one more where it is that already; "
		    "by default all its bits are flipped" },
	    }, .alter = fault_corrupt_alter },
	{ .name = "partial", .points = FAULT_AT(FAULT_BODY),
	    .dflt = FAULT_BODY, .cuts = true,
	    .doc = "of an upload that reaches after-bytes= bytes keep no "
	    "more than those (a resumable one) or nothing, and answer with an "
	    "error",
	    .args = {
		{ "code", FAULT_INT, false, 400, 599, "503",
		    "HTTP status of the answer" },
		{ "reason", FAULT_STRING, false, 0, 0, NULL,
		    "Google's reason in the body" },
	    }, .due = fault_partial_due, .act = fault_status_act },
	{ .name = "unreachable", .points = FAULT_AT(FAULT_AFTER),
	    .dflt = FAULT_AFTER,
	    .doc = "where a list of buckets is asked for with "
	    "returnPartialSuccess, call these unreachable",
	    .args = {
		{ "buckets", FAULT_STRING, true, 0, 0, NULL,
		    "their names, separated by commas" },
	    }, .due = fault_unreachable_due, .act = fault_unreachable_act },
	{ .name = NULL }
};

const struct fault_kind *
fault_kind_find(const char *name)
{
	const struct fault_kind *k;

	for (k = fault_kinds; k->name != NULL; k++)
		if (strcmp(k->name, name) == 0)
			return (k);
	return (NULL);
}
