/* The tree is a JSON object that is made for each request: directories are
 * objects, leaves texts, numbers or arrays.  A null is a leaf that is made when
 * asked for itself (a token), and not shown by ?recursive=true. */
#include "emulator/identity/metadata.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/control/control.h"
#include "emulator/http/head.h"
#include "emulator/http/route.h"
#include "emulator/identity/iam.h"
#include "emulator/identity/oauth.h"
#include "lib/buf.h"
#include "lib/str.h"

#define METADATA_AUTH	"https://www.googleapis.com/auth/"
#define METADATA_SCOPE	METADATA_AUTH "cloud-platform"
#define METADATA_ZONE	"us-central1-a"
#define METADATA_NAME	"gcs-emulator"
#define METADATA_ROOT	"/computeMetadata/"
#define METADATA_MAX	(1u << 20)
#define METADATA_AUD_MAX 2048u

/* ---- the machine ---- */

struct metadata {
	const char *account;	/* e-mail, or NULL */
	const char *scope;
};

static void
metadata_load(struct emu *emu, struct arena *a, struct metadata *m)
{
	const char *account, *scope;
	json_auto_t *j = NULL;
	struct record r;

	*m = (struct metadata){ .scope = METADATA_SCOPE };
	if (store_record_get(emu->store, "metadata", "instance", a, &r) !=
	    STORE_OK || (j = json_loads(r.json, 0, NULL)) == NULL)
		return;
	account = json_string_value(json_object_get(j, "account"));
	scope = json_string_value(json_object_get(j, "scope"));
	if (account != NULL)
		m->account = arena_strdup(a, account);
	if (scope != NULL)
		m->scope = arena_strdup(a, scope);
}

/* URLs with blanks between. */
static const char *
metadata_urls(struct arena *a, const char *scope)
{
	const char *all = "";
	size_t n;

	for (scope += strspn(scope, ", "); *scope != '\0';
	    scope += n, scope += strspn(scope, ", ")) {
		n = strcspn(scope, ", ");
		all = arena_printf(a, "%s%s%s%.*s", all,
		    *all != '\0' ? " " : "", memchr(scope, ':', n) != NULL ?
		    "" : METADATA_AUTH, (int)n, scope);
	}
	return (*all != '\0' ? all : METADATA_SCOPE);
}

int
metadata_attach(struct emu *emu, const char *email, const char *scope,
    bool make, struct err *e)
{
	struct arena a = ARENA_INIT;
	json_auto_t *j = NULL;
	int64_t version;
	int rc = 0;

	if (email != NULL && !iam_account_exists(emu, &a, email) &&
	    (!make || iam_account_make(emu, &a, email, e) != 0)) {
		if (!make)
			(void)err_set(e, "there is no service account %s",
			    email);
		rc = -1;
	} else {
		j = json_pack("{s:s*, s:s}", "account", email, "scope",
		    metadata_urls(&a, scope != NULL ? scope : ""));
		if (j == NULL || iam_put(emu, "metadata", "instance", j, -1,
		    &version) != STORE_OK)
			rc = err_set(e, "cannot store which account is "
			    "attached");
	}
	arena_release(&a);
	return (rc);
}

const char *
metadata_principal(struct emu *emu, struct arena *a)
{
	struct metadata m;

	metadata_load(emu, a, &m);
	return (m.account == NULL ? NULL :
	    arena_printf(a, "serviceAccount:%s", m.account));
}

/* ---- the tree ---- */

static json_t *
metadata_scopes(const char *scope)
{
	json_t *list = json_array();

	for (size_t n; *scope != '\0'; scope += n + (scope[n] == ' ')) {
		n = strcspn(scope, " ");
		if (n > 0)
			(void)json_array_append_new(list,
			    json_stringn(scope, n));
	}
	return (list);
}

static json_t *
metadata_accounts(struct emu *emu, struct arena *a, const struct metadata *m)
{
	json_t *all = json_object(), *one;

	if (m->account == NULL || !iam_account_exists(emu, a, m->account))
		return (all);
	one = json_pack("{s:[s], s:s, s:n, s:o, s:n}", "aliases", "default",
	    "email", m->account, "identity", "scopes",
	    metadata_scopes(m->scope), "token");
	(void)json_object_set(all, m->account, one);
	(void)json_object_set_new(all, "default", one);
	return (all);
}

static int64_t
metadata_id(const struct emu *emu)
{

	return (emu->project_number * 100 + 1);
}

static json_t *
metadata_tree(struct emu *emu, struct arena *a, const struct metadata *m)
{
	long long n = (long long)emu->project_number;

	return (json_pack("{s:{s:{s:{}, s:s, s:s, s:I, s:s, s:s, s:s, s:s, "
	    "s:s, s:o, s:[], s:s}, s:{s:{}, s:I, s:s}, s:{s:s}}}", "v1",
	    "instance",
	    "attributes", "cpu-platform", "Unknown CPU Platform",
	    "hostname", arena_printf(a, METADATA_NAME "." METADATA_ZONE
	    ".c.%s.internal", emu->project),
	    "id", (json_int_t)metadata_id(emu),
	    "machine-type", arena_printf(a,
	    "projects/%lld/machineTypes/e2-small", n),
	    "maintenance-event", "NONE", "name", METADATA_NAME,
	    "preempted", "FALSE",
	    "region", arena_printf(a, "projects/%lld/regions/us-central1", n),
	    "service-accounts", metadata_accounts(emu, a, m), "tags",
	    "zone", arena_printf(a, "projects/%lld/zones/" METADATA_ZONE, n),
	    "project", "attributes", "numeric-project-id", (json_int_t)n,
	    "project-id", emu->project, "universe", "universe-domain",
	    "googleapis.com"));
}

/* ---- as it is shown ---- */

/* "service-accounts" is serviceAccounts in JSON; an e-mail stays. */
static const char *
metadata_camel(struct arena *a, const char *k)
{
	char *s = arena_strdup(a, k), *to = s;

	if (strchr(k, '@') != NULL)
		return (k);
	for (const char *p = k; *p != '\0'; p++)
		*to++ = *p == '-' && p[1] != '\0' ?
		    (char)toupper((unsigned char)*++p) : *p;
	*to = '\0';
	return (s);
}

static json_t *
metadata_json(struct arena *a, const json_t *t)
{
	json_t *out = json_object();
	const char *k;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)t, k, v)
		if (!json_is_null(v))
			(void)json_object_set_new(out, metadata_camel(a, k),
			    json_is_object(v) ? metadata_json(a, v) :
			    json_incref(v));
	return (out);
}

static void
metadata_value(struct buf *b, const json_t *v)
{
	const json_t *one;
	size_t i;

	if (json_is_integer(v))
		buf_addf(b, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_string(v))
		buf_adds(b, json_string_value(v));
	json_array_foreach(v, i, one)
		buf_addf(b, "%s\n", json_string_value(one));
}

/* ?recursive=true&alt=text: a line a leaf. */
static void
metadata_lines(struct arena *a, struct buf *b, const char *at,
    const json_t *t)
{
	const char *k;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)t, k, v)
		if (json_is_object(v))
			metadata_lines(a, b, arena_printf(a, "%s%s/", at, k),
			    v);
		else if (!json_is_null(v)) {
			buf_addf(b, "%s%s ", at, k);
			metadata_value(b, v);
			if (!json_is_array(v))
				buf_addc(b, '\n');
		}
}

static json_t *
metadata_names(struct arena *a, const json_t *t)
{
	json_t *list = json_array(), *v;
	const char *k;

	json_object_foreach((json_t *)(uintptr_t)t, k, v)
		(void)json_array_append_new(list, json_string(arena_printf(a,
		    "%s%s", k, json_is_object(v) ? "/" : "")));
	return (list);
}

static void
metadata_reply(struct req *rq, const char *type, const char *p, size_t n)
{

	req_reply(rq, 200, type, p, n);
	req_header_add(rq, "Metadata-Flavor", "Google");
	req_header_add(rq, "ETag", arena_strndup(&rq->arena,
	    oauth_hash(&rq->arena, p), 16));
}

/* Takes j over. */
static void
metadata_reply_json(struct req *rq, json_t *j)
{
	char *text = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);

	BUG_ON(text == NULL);
	metadata_reply(rq, "application/json", text, strlen(text));
	free(text);
	json_decref(j);
}

static void
metadata_fail(struct req *rq, int status, const char *what)
{
	const char *text = arena_printf(&rq->arena, "<!DOCTYPE html>\n<html "
	    "lang=en>\n<title>Error %d</title>\n<p><b>%d.</b> %s\n", status,
	    status, what);

	req_reply(rq, status, "text/html; charset=UTF-8", text,
	    strlen(text));
	req_header_add(rq, "Metadata-Flavor", "Google");
}

static void
metadata_show(struct req *rq, json_t *v)
{
	const char *alt = req_query(rq, "alt");
	bool all = req_query_bool(rq, "recursive", false);
	bool json = alt != NULL ? strcmp(alt, "json") == 0 :
	    all && json_is_object(v);
	struct buf b;

	if (alt != NULL && !json && strcmp(alt, "text") != 0) {
		metadata_fail(rq, 400, "alt is json or text.");
		return;
	}
	if (json) {
		metadata_reply_json(rq, !json_is_object(v) ? json_incref(v) :
		    all ? metadata_json(&rq->arena, v) :
		    metadata_names(&rq->arena, v));
		return;
	}
	buf_init(&b, METADATA_MAX);
	if (json_is_object(v) && all)
		metadata_lines(&rq->arena, &b, "", v);
	else if (json_is_object(v)) {
		json_auto_t *names = metadata_names(&rq->arena, v);

		metadata_value(&b, names);
	} else
		metadata_value(&b, v);
	metadata_reply(rq, "application/text", b.len > 0 ? b.p : "", b.len);
	buf_release(&b);
}

/* ---- tokens ---- */

static void
metadata_token(struct req *rq, const struct metadata *m)
{
	const char *token = NULL;

	if (iam_account_usable(rq->emu, &rq->arena, m->account))
		token = oauth_mint(rq->emu, &rq->arena, m->account, m->scope);
	if (token == NULL) {
		metadata_fail(rq, 404, "The attached service account is gone "
		    "or disabled.");
		return;
	}
	metadata_reply_json(rq, json_pack("{s:s, s:i, s:s}", "access_token",
	    token, "expires_in", OAUTH_LIFE - 1, "token_type", "Bearer"));
}

/* https://cloud.google.com/compute/docs/instances/verifying-instance-identity */
static void
metadata_identity(struct req *rq, const struct metadata *m)
{
	const char *aud = req_query(rq, "audience");
	const char *format = req_query(rq, "format"), *token = NULL;
	bool full = format != NULL && strcmp(format, "full") == 0;
	json_auto_t *acc = NULL, *more = NULL;
	struct oauth_id id = { .aud = aud };
	int64_t version;

	if (aud == NULL || *aud == '\0' || strlen(aud) > METADATA_AUD_MAX) {
		metadata_fail(rq, 400, "non-empty audience parameter "
		    "required");
		return;
	}
	if (iam_account_usable(rq->emu, &rq->arena, m->account) &&
	    iam_account(rq->emu, &rq->arena, m->account, &acc, &version) ==
	    STORE_OK) {
		id.sub = json_string_value(json_object_get(acc, "uniqueId"));
		id.email = m->account;
		if (full)
			id.more = more = json_pack("{s:{s:{s:s, s:s, s:s, "
			    "s:I, s:s}}}", "google", "compute_engine",
			    "instance_id", arena_printf(&rq->arena, "%lld",
			    (long long)metadata_id(rq->emu)), "instance_name",
			    METADATA_NAME, "project_id", rq->emu->project,
			    "project_number",
			    (json_int_t)rq->emu->project_number, "zone",
			    METADATA_ZONE);
		token = oauth_id_token(rq->emu, &rq->arena, &id);
	}
	if (token == NULL)
		metadata_fail(rq, 404, "The attached service account is gone "
		    "or disabled.");
	else
		metadata_reply(rq, "text/html", token, strlen(token));
}

/* ---- handlers ---- */

static bool
metadata_asked_well(struct req *rq)
{
	const char *flavor = req_header(rq, "Metadata-Flavor");

	if (flavor == NULL || strcmp(flavor, "Google") != 0)
		metadata_fail(rq, 403, "Your client does not have permission "
		    "to get this URL: the header Metadata-Flavor:Google is "
		    "missing.");
	else if (req_header(rq, "X-Forwarded-For") != NULL)
		metadata_fail(rq, 403, "Requests with X-Forwarded-For are "
		    "not answered.");
	else
		return (true);
	return (false);
}

void
metadata_root_h(struct req *rq)
{

	metadata_reply(rq, "application/text", "computeMetadata/\n", 17);
}

/* The node that the path names, or NULL; *slash: it ends in one. */
static json_t *
metadata_find(struct req *rq, json_t *tree, bool *slash, const char **name)
{
	char *path = arena_strdup(&rq->arena, rq->cap[0] != NULL ?
	    rq->cap[0] : ""), *k;

	*slash = *path == '\0' || str_ends(path, "/");
	*name = "";
	while (tree != NULL && (k = strsep(&path, "/")) != NULL) {
		if (*k == '\0' && path == NULL)
			break;
		tree = json_object_get(tree, k);
		*name = k;
	}
	return (tree);
}

void
metadata_get_h(struct req *rq)
{
	json_auto_t *tree = NULL;
	const char *name, *q;
	struct metadata m;
	bool slash;
	json_t *v;

	if (!metadata_asked_well(rq))
		return;
	metadata_load(rq->emu, &rq->arena, &m);
	tree = metadata_tree(rq->emu, &rq->arena, &m);
	v = metadata_find(rq, tree, &slash, &name);
	if (v == NULL || (slash && !json_is_object(v)))
		metadata_fail(rq, 404, "The requested URL was not found on "
		    "this server.");
	else if (json_is_object(v) && !slash) {
		q = rq->head != NULL ? strchr(rq->head->target, '?') : NULL;
		metadata_fail(rq, 301, "The document has moved.");
		req_header_add(rq, "Location", arena_printf(&rq->arena,
		    "%s%s/%s", req_base_url(rq), rq->raw_path,
		    q != NULL ? q : ""));
	} else if (req_query_bool(rq, "wait_for_change", false))
		metadata_fail(rq, 501, "gcs-emulator does not serve "
		    "metadata.get with wait_for_change.");
	else if (!json_is_null(v))
		metadata_show(rq, v);
	else if (strcmp(name, "token") == 0)
		metadata_token(rq, &m);
	else
		metadata_identity(rq, &m);
}

/* ---- control API ---- */

void
metadata_show_h(struct req *rq)
{
	struct metadata m;

	if (!control_may(rq))
		return;
	metadata_load(rq->emu, &rq->arena, &m);
	req_reply_json(rq, 200, json_pack("{s:s?, s:s, s:s}", "account",
	    m.account, "scope", m.scope, "host", arena_printf(&rq->arena,
	    "127.0.0.1:%d", rq->emu->http_port)));
}

void
metadata_attach_h(struct req *rq)
{
	const json_t *account, *scope;
	struct err e = ERR_INIT;
	json_t *body;

	if (!control_may(rq) || req_json(rq, &body) != 0)
		return;
	account = json_object_get(body, "account");
	scope = json_object_get(body, "scope");
	if (account == NULL || (!json_is_null(account) &&
	    !json_is_string(account)))
		req_fail(rq, 400, "invalid", "field 'account' is missing or "
		    "neither a string nor null");
	else if (scope != NULL && !json_is_string(scope))
		req_fail(rq, 400, "invalid", "field 'scope' is not a string");
	else if (metadata_attach(rq->emu, json_string_value(account),
	    json_string_value(scope), false, &e) != 0)
		req_fail(rq, 400, "invalid", "%s", err_msg(&e));
	else
		metadata_show_h(rq);
	err_release(&e);
}
