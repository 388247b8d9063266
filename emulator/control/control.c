#include "emulator/control/control.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/api/lifecycle.h"
#include "emulator/control/journal.h"
#include "emulator/fault/fault.h"
#include "emulator/http/route.h"
#include "emulator/identity/iam.h"
#include "emulator/identity/oauth.h"
#include "emulator/identity/roles.h"
#include "emulator/identity/users.h"
#include "lib/log.h"
#include "lib/str.h"

#define CONTROL_TIMEOUT_MS	10000
#define CONTROL_TIMEOUT_MAX_MS	(3600 * 1000)
#define CONTROL_JOURNAL_DFLT	1000
#define CONTROL_JOURNAL_MAX	100000
#define CONTROL_SCOPE	"https://www.googleapis.com/auth/cloud-platform"

/* ---- what the calls share ---- */

bool
control_may(struct req *rq)
{
	const char *token = req_header(rq, "X-Emulator-Token");

	if (rq->emu->control_token != NULL && token != NULL &&
	    str_equal_secret(token, rq->emu->control_token))
		return (true);
	req_fail(rq, 403, "forbidden", "The control API wants the header "
	    "X-Emulator-Token with the token that the emulator's starter was "
	    "given; it is in the file control-token of the data directory.");
	return (false);
}

/* A whole number from the query, within bounds. */
static int
control_int(struct req *rq, const char *k, int64_t dflt, int64_t min,
    int64_t max, int64_t *v)
{
	bool has;

	*v = dflt;
	if (req_query_int(rq, k, &has, v) != 0)
		return (-1);
	if (!has || (*v >= min && *v <= max))
		return (0);
	req_fail(rq, 400, "invalidParameter", "Invalid value for parameter "
	    "%s: %lld is not within %lld and %lld.", k, (long long)*v,
	    (long long)min, (long long)max);
	return (-1);
}

static int
control_timeout(struct req *rq, int64_t *us)
{
	int64_t ms;

	if (control_int(rq, "timeout_ms", CONTROL_TIMEOUT_MS, 0,
	    CONTROL_TIMEOUT_MAX_MS, &ms) != 0)
		return (-1);
	*us = ms * 1000;
	return (0);
}

/* Parameters that are nobody's are mistakes of whoever wrote them. */
static int
control_known(struct req *rq, const char *const *names, size_t n)
{
	const char *near;

	for (size_t i = 0; i < rq->nquery; i++) {
		bool known = strcmp(rq->query[i].k, "prettyPrint") == 0;

		for (size_t k = 0; k < n; k++)
			known = known || strcmp(names[k], rq->query[i].k) == 0;
		if (known)
			continue;
		near = str_nearest(rq->query[i].k, names, n);
		req_fail(rq, 400, "invalidParameter", "unknown parameter "
		    "'%s'%s%s%s", rq->query[i].k,
		    near != NULL ? ": did you mean '" : "",
		    near != NULL ? near : "", near != NULL ? "'?" : "");
		return (-1);
	}
	return (0);
}

static int
control_need(struct req *rq, const json_t *body, const char *k,
    const char **out)
{

	*out = json_string_value(json_object_get(body, k));
	if (*out != NULL && **out != '\0')
		return (0);
	req_fail(rq, 400, "invalid", "field '%s' is missing, empty or not a "
	    "string", k);
	return (-1);
}

/* ---- the emulator ---- */

/* For whoever waits until something listens: no token, no content. */
void
control_ready_h(struct req *rq)
{

	req_reply_json(rq, 200, json_pack("{s:b}", "ready", 1));
}

static json_t *
control_address(struct req *rq, int port)
{

	return (port == 0 ? json_null() : json_string(
	    arena_printf(&rq->arena, "http://127.0.0.1:%d", port)));
}

void
control_info_h(struct req *rq)
{
	struct emu *emu = rq->emu;
	struct err e = ERR_INIT;
	const char *key;

	if (!control_may(rq))
		return;
	key = iam_owner_key(emu, &rq->arena, &e);
	if (key == NULL) {
		req_fail(rq, 500, "internalError", "%s", err_msg(&e));
		err_release(&e);
		return;
	}
	req_reply_json(rq, 200, json_pack(
	    "{s:s, s:I, s:s?, s:s, s:s?, s:o, s:o, s:s?, s:I}",
	    "project", emu->project,
	    "project_number", (json_int_t)emu->project_number,
	    "owner", emu->owner, "owner_key", key, "ca", emu->ca_file,
	    "http", control_address(rq, emu->http_port),
	    "proxy", control_address(rq, emu->proxy_port),
	    "data", emu->data,
	    "mutation", (json_int_t)store_mutation(emu->store)));
}

void
control_describe_h(struct req *rq)
{

	if (control_may(rq))
		req_reply_json(rq, 200, control_describe());
}

/* The same way out as Ctrl-C takes; the reply goes first, since stopping
 * waits for requests under way. */
void
control_shutdown_h(struct req *rq)
{

	if (!control_may(rq))
		return;
	if (kill(getpid(), SIGTERM) != 0) {
		req_fail(rq, 500, "internalError", "cannot stop: %s",
		    strerror(errno));
		return;
	}
	req_reply_json(rq, 200, json_object());
}

void
control_clock_h(struct req *rq)
{
	char now[CLOCK_RFC3339];
	const json_t *ms;
	json_t *body;

	if (!control_may(rq) || req_json(rq, &body) != 0)
		return;
	ms = json_object_get(body, "shift_ms");
	/* a century either way is enough for anyone */
	if (!json_is_integer(ms) || json_integer_value(ms) >
	    INT64_C(3155760000000) || json_integer_value(ms) <
	    INT64_C(-3155760000000)) {
		req_fail(rq, 400, "invalid", "field 'shift_ms' is missing or "
		    "not a number of milliseconds");
		return;
	}
	atomic_store(&rq->emu->clock.shift_us,
	    json_integer_value(ms) * 1000);
	log_info("clock shift_ms=%lld", (long long)json_integer_value(ms));
	clock_rfc3339(clock_wall_us(&rq->emu->clock), now);
	/* What the new time makes due happens before the answer. */
	req_reply_json(rq, 200, json_pack("{s:s, s:o}", "now", now,
	    "lifecycle", lifecycle_run(rq->emu)));
}

void
control_limits_h(struct req *rq)
{
	const json_t *n;
	json_t *body;

	if (!control_may(rq) || req_json(rq, &body) != 0)
		return;
	n = json_object_get(body, "object_writes");
	if (!json_is_integer(n) || json_integer_value(n) < 0) {
		req_fail(rq, 400, "invalid", "field 'object_writes' is "
		    "missing or not a number of writes a second (0: any)");
		return;
	}
	store_set_write_limit(rq->emu->store, json_integer_value(n));
	req_reply_json(rq, 200, json_object());
}

void
control_lifecycle_h(struct req *rq)
{

	if (control_may(rq))
		req_reply_json(rq, 200, lifecycle_run(rq->emu));
}

void
control_token_h(struct req *rq)
{
	const char *account, *token;
	struct oauth_grant g;
	struct user u;
	json_t *body;

	if (!control_may(rq) || req_json(rq, &body) != 0 ||
	    control_need(rq, body, "account", &account) != 0)
		return;
	if (users_get(rq->emu, &rq->arena, account, &u) && !u.disabled) {
		g = (struct oauth_grant){ .principal = arena_printf(&rq->arena,
		    "user:%s", u.email), .id = u.id, .scope = CONTROL_SCOPE,
		    .life = OAUTH_LIFE };
		token = oauth_issue(rq->emu, &rq->arena, &g);
	} else if (iam_account_usable(rq->emu, &rq->arena, account))
		token = oauth_mint(rq->emu, &rq->arena, account,
		    CONTROL_SCOPE);
	else {
		req_fail(rq, 404, "notFound", "There is no account %s, or it "
		    "is disabled.", account);
		return;
	}
	if (token == NULL)
		req_fail_rc(rq, STORE_IO);
	else
		req_reply_json(rq, 200, json_pack("{s:s}", "access_token",
		    token));
}

/* ---- the journal ---- */

static int
control_filter(struct req *rq, struct journal_filter *f)
{
	int64_t since, status;

	if (control_int(rq, "since", 0, 0, INT64_MAX - 1, &since) != 0 ||
	    control_int(rq, "status", 0, 0, 999, &status) != 0)
		return (-1);
	*f = (struct journal_filter){
		.since = (uint64_t)since,
		.api = req_query(rq, "api"),
		.object = req_query(rq, "object"),
		.principal = req_query(rq, "principal"),
		.status = (int)status,
	};
	return (0);
}

static const char *const control_journal_names[] = {
	"since", "api", "object", "principal", "status",	/* all three */
	"max", "n", "timeout_ms",
};

void
control_journal_h(struct req *rq)
{
	struct journal_filter f;
	int64_t max;

	if (!control_may(rq) || control_known(rq, control_journal_names, 6) !=
	    0 || control_filter(rq, &f) != 0 || control_int(rq, "max",
	    CONTROL_JOURNAL_DFLT, 1, CONTROL_JOURNAL_MAX, &max) != 0)
		return;
	req_reply_json(rq, 200, journal_get(rq->emu->journal, &f, (int)max));
}

void
control_journal_count_h(struct req *rq)
{
	struct journal_filter f;

	if (control_may(rq) && control_known(rq, control_journal_names, 5) ==
	    0 && control_filter(rq, &f) == 0)
		req_reply_json(rq, 200, json_pack("{s:I}", "count",
		    (json_int_t)journal_count(rq->emu->journal, &f)));
}

void
control_journal_wait_h(struct req *rq)
{
	struct journal_filter f;
	int64_t n, us;

	if (!control_may(rq) || control_known(rq, control_journal_names,
	    NELEMS(control_journal_names)) != 0 ||
	    control_filter(rq, &f) != 0 ||
	    control_int(rq, "n", 1, 0, INT64_MAX, &n) != 0 ||
	    control_timeout(rq, &us) != 0)
		return;
	req_reply_json(rq, 200, json_pack("{s:b}", "ok",
	    journal_wait(rq->emu->journal, &f, n, us)));
}

/* ---- faults and holds ---- */

void
control_faults_h(struct req *rq)
{

	if (control_may(rq))
		req_reply_json(rq, 200, json_pack("{s:o}", "faults",
		    faults_list(rq->emu->faults)));
}

void
control_fault_add_h(struct req *rq)
{
	struct err e = ERR_INIT;
	json_t *body;
	int id;

	if (!control_may(rq) || req_json(rq, &body) != 0)
		return;
	id = faults_add(rq->emu->faults, body, &e);
	if (id < 0)
		req_fail(rq, 400, "invalid", "%s", err_msg(&e));
	else {
		log_info("fault id=%d kind=%s", id,
		    json_string_value(json_object_get(body, "kind")));
		req_reply_json(rq, 200, json_pack("{s:i}", "id", id));
	}
	err_release(&e);
}

void
control_fault_delete_h(struct req *rq)
{
	const char *text = rq->cap[0];
	int64_t id = 0;

	if (!control_may(rq))
		return;
	if (text != NULL && (!str_int64(text, &id) || id < 1 ||
	    id > INT32_MAX))
		req_fail(rq, 400, "invalid", "'%s' is not the id of a fault "
		    "rule", text);
	else if (faults_remove(rq->emu->faults, (int)id) != 0)
		req_fail(rq, 404, "notFound", "There is no fault rule %d.",
		    (int)id);
	else
		req_reply_json(rq, 200, json_object());
}

void
control_hold_h(struct req *rq)
{
	static const char *const names[] = { "n", "timeout_ms" };
	int64_t n, us;
	bool ok;

	if (!control_may(rq) || control_known(rq, names, 2) != 0 ||
	    control_int(rq, "n", 1, 0, INT32_MAX, &n) != 0 ||
	    control_timeout(rq, &us) != 0)
		return;
	ok = faults_wait_held(rq->emu->faults, rq->cap[0], (int)n, us);
	req_reply_json(rq, 200, json_pack("{s:i, s:b}", "held",
	    faults_held(rq->emu->faults, rq->cap[0]), "ok", ok));
}

void
control_release_h(struct req *rq)
{
	const json_t *discard;
	json_t *body;

	if (!control_may(rq) || req_json(rq, &body) != 0)
		return;
	discard = json_object_get(body, "discard");
	if (discard != NULL && !json_is_boolean(discard))
		req_fail(rq, 400, "invalid", "field 'discard' is not a "
		    "boolean");
	else
		req_reply_json(rq, 200, json_pack("{s:i}", "released",
		    faults_release(rq->emu->faults, rq->cap[0],
		    json_is_true(discard))));
}

/* ---- time travel ---- */

void
control_mutation_h(struct req *rq)
{
	static const char *const names[] = { "above", "timeout_ms" };
	struct store *st = rq->emu->store;
	int64_t above, us, k;

	if (!control_may(rq) || control_known(rq, names, 2) != 0 ||
	    control_int(rq, "above", -1, -1, INT64_MAX, &above) != 0 ||
	    control_timeout(rq, &us) != 0)
		return;
	k = above < 0 ? store_mutation(st) :
	    store_wait_mutation(st, above, us);
	req_reply_json(rq, 200, json_pack("{s:I}", "mutation",
	    (json_int_t)k));
}

/* {"bucket","at","name"}, `at` by default the newest; -1: a 400. */
static int
control_spot(struct req *rq, const char **bucket, int64_t *at,
    const char **name)
{
	const json_t *k;
	json_t *body;

	if (req_json(rq, &body) != 0 ||
	    control_need(rq, body, "bucket", bucket) != 0 ||
	    control_need(rq, body, "name", name) != 0)
		return (-1);
	k = json_object_get(body, "at");
	*at = k != NULL ? json_integer_value(k) :
	    store_mutation(rq->emu->store);
	if ((k != NULL && !json_is_integer(k)) || *at < 0 ||
	    *at > store_mutation(rq->emu->store)) {
		req_fail(rq, 400, "invalid", "field 'at' is not a mutation: "
		    "0 up to %lld", (long long)store_mutation(
		    rq->emu->store));
		return (-1);
	}
	return (0);
}

static void
control_done(struct req *rq, enum store_rc rc)
{

	if (rc == STORE_OK)
		req_reply_json(rq, 200, json_object());
	else if (rc == STORE_EXISTS)
		req_fail(rq, 409, "conflict", "There is a bucket or view of "
		    "that name.");
	else
		req_fail_rc(rq, rc);
}

void
control_view_h(struct req *rq)
{
	const char *bucket, *name;
	int64_t at;

	if (control_may(rq) && control_spot(rq, &bucket, &at, &name) == 0)
		control_done(rq, store_view(rq->emu->store, bucket, at,
		    name));
}

void
control_view_delete_h(struct req *rq)
{

	if (control_may(rq))
		control_done(rq, store_view_delete(rq->emu->store,
		    rq->cap[0]));
}

void
control_fork_h(struct req *rq)
{
	const char *bucket, *name;
	int64_t at;

	if (control_may(rq) && control_spot(rq, &bucket, &at, &name) == 0)
		control_done(rq, store_fork(rq->emu->store, bucket, at,
		    name));
}

void
control_history_h(struct req *rq)
{
	const char *bucket;
	const json_t *on;
	json_t *body;

	if (!control_may(rq) || req_json(rq, &body) != 0 ||
	    control_need(rq, body, "bucket", &bucket) != 0)
		return;
	on = json_object_get(body, "on");
	if (!json_is_boolean(on))
		req_fail(rq, 400, "invalid", "field 'on' is missing or not a "
		    "boolean");
	else
		control_done(rq, store_set_history(rq->emu->store, bucket,
		    json_is_true(on)));
}

/* ---- the tables ---- */

static json_t *
control_describe_routes(const struct route *r)
{
	static const char *const apis[] = {
		[API_STORAGE] = "storage", [API_XML] = "xml",
		[API_OAUTH] = "oauth", [API_IAM] = "iam", [API_CRM] = "crm",
		[API_METADATA] = "metadata",
		[API_CONTROL] = "control",
	};
	json_t *rs = json_array();

	for (; r->id != NULL; r++)
		(void)json_array_append_new(rs, json_pack(
		    "{s:s, s:s, s:s, s:s, s:s?}", "id", r->id, "api",
		    apis[r->api], "method", r->method, "path", r->path,
		    "permission", r->permission));
	return (rs);
}

json_t *
control_describe(void)
{
	json_t *os = json_array();

	for (const struct role *o = roles; o->name != NULL; o++) {
		json_t *ps = json_array();

		for (size_t i = 0; o->permissions[i] != NULL; i++)
			(void)json_array_append_new(ps,
			    json_string(o->permissions[i]));
		(void)json_array_append_new(os, json_pack("{s:s, s:s, s:o}",
		    "name", o->name, "title", o->title, "permissions", ps));
	}
	return (json_pack("{s:o, s:o, s:o, s:o, s:o}", "routes",
	    control_describe_routes(routes), "unserved",
	    control_describe_routes(routes_unserved), "roles", os,
	    "fault_kinds", faults_describe(), "selectors",
	    faults_selectors()));
}
