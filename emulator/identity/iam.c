#include "emulator/identity/iam.h"

#include <inttypes.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/http/route.h"
#include "lib/str.h"

#define IAM_PAGE_DEFAULT	20
#define IAM_PAGE_MAX		100

/* ---- what the files of iam share ---- */

const char *
iam_digits(struct arena *a, int n)
{
	char *s = arena_alloc(a, (size_t)n + 1);
	unsigned char r;

	s[0] = '1';
	for (int i = 1; i < n; ) {
		BUG_ON(RAND_bytes(&r, 1) != 1);
		if (r < 250)		/* so that each digit is as likely */
			s[i++] = (char)('0' + r % 10);
	}
	return (s);
}

enum store_rc
iam_put(struct emu *emu, const char *kind, const char *key, const json_t *j,
    int64_t if_version, int64_t *version)
{
	char *text = json_dumps(j, JSON_COMPACT);
	enum store_rc rc;

	BUG_ON(text == NULL);
	rc = store_record_put(emu->store, kind, key, text, if_version,
	    version);
	free(text);
	return (rc);
}

void
iam_fail_put(struct req *rq, enum store_rc rc, const char *what)
{

	if (rc != STORE_PRECONDITION)
		req_fail_rc(rq, rc);
	else if (what != NULL)
		req_fail(rq, 409, "aborted", "There were concurrent changes "
		    "of the %s. Please retry.", what);
	else
		req_fail(rq, 409, "aborted", "There were concurrent policy "
		    "changes. Please retry the whole read-modify-write with "
		    "exponential backoff.");
}

const char *
iam_etag(struct arena *a, int64_t version)
{
	char *text = arena_printf(a, "v%" PRId64, version);
	const char *out;
	struct buf b;

	buf_init(&b, 64);
	str_b64_encode(&b, text, strlen(text), false);
	out = arena_strdup(a, b.p);
	buf_release(&b);
	return (out);
}

const char *
iam_cap(const struct req *rq, int i)
{

	return (rq->cap[i] != NULL ? rq->cap[i] : "");
}

int
iam_project_of(struct req *rq)
{
	const char *p = iam_cap(rq, 0);
	int64_t n;

	if (strcmp(p, "-") == 0 || strcmp(p, rq->emu->project) == 0 ||
	    (str_int64(p, &n) && n == rq->emu->project_number))
		return (0);
	req_fail(rq, 403, "forbidden", "Permission '%s' denied on resource "
	    "(or it may not exist).", rq->route->permission != NULL ?
	    rq->route->permission : "resourcemanager.projects.get");
	return (-1);
}

/* The account with that unique id; the e-mail is the key, so we look. */
static enum store_rc
iam_account_by_id(struct emu *emu, struct arena *a, const char *id,
    json_t **out, int64_t *version)
{
	const char *after = "", *have;
	struct record *r;
	enum store_rc rc;
	size_t n;

	do {
		rc = store_record_list(emu->store, "account", "", after, 1000,
		    a, &r, &n);
		for (size_t i = 0; rc == STORE_OK && i < n; i++) {
			*out = json_loads(r[i].json, 0, NULL);
			have = json_string_value(
			    json_object_get(*out, "uniqueId"));
			if (have != NULL && strcmp(have, id) == 0) {
				*version = r[i].version;
				return (STORE_OK);
			}
			json_decref(*out);
			*out = NULL;
		}
		if (rc == STORE_OK && n > 0)
			after = r[n - 1].key;
	} while (rc == STORE_OK && n == 1000);
	return (rc == STORE_OK ? STORE_NO_RECORD : rc);
}

enum store_rc
iam_account(struct emu *emu, struct arena *a, const char *who, json_t **out,
    int64_t *version)
{
	struct record r;
	enum store_rc rc;

	*out = NULL;
	*version = 0;
	if (strchr(who, '@') == NULL)
		return (iam_account_by_id(emu, a, who, out, version));
	rc = store_record_get(emu->store, "account", who, a, &r);
	if (rc != STORE_OK)
		return (rc);
	*version = r.version;
	*out = json_loads(r.json, 0, NULL);
	return (*out != NULL ? STORE_OK : STORE_IO);
}

static const char *
iam_field(const json_t *account, const char *k)
{
	const char *v = json_string_value(json_object_get(account, k));

	return (v != NULL ? v : "");
}

json_t *
iam_account_of(struct req *rq, int64_t *version)
{
	const char *who = iam_cap(rq, 1);
	enum store_rc rc;
	json_t *acc;

	if (iam_project_of(rq) != 0)
		return (NULL);
	rc = iam_account(rq->emu, &rq->arena, who, &acc, version);
	if (rc == STORE_OK)
		return (acc);
	if (rc == STORE_NO_RECORD)
		req_fail(rq, 404, "notFound", "Service account projects/%s/"
		    "serviceAccounts/%s does not exist.", iam_cap(rq, 0), who);
	else
		req_fail_rc(rq, rc);
	return (NULL);
}

bool
iam_account_exists(struct emu *emu, struct arena *a, const char *email)
{
	struct record r;

	return (store_record_get(emu->store, "account", email, a, &r) ==
	    STORE_OK);
}

bool
iam_account_usable(struct emu *emu, struct arena *a, const char *email)
{
	json_auto_t *acc = NULL;
	int64_t version;

	return (strchr(email, '@') != NULL &&
	    iam_account(emu, a, email, &acc, &version) == STORE_OK &&
	    !json_is_true(json_object_get(acc, "disabled")));
}

/* ---- the API's form of an account ---- */

json_t *
iam_sa_json(struct emu *emu, struct arena *a, const json_t *acc,
    int64_t version)
{
	const char *email = iam_field(acc, "email");
	const char *id = iam_field(acc, "uniqueId");
	json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}",
	    "name", arena_printf(a, "projects/%s/serviceAccounts/%s",
	    emu->project, email), "projectId", emu->project,
	    "uniqueId", id, "email", email, "etag", iam_etag(a, version),
	    "oauth2ClientId", id);

	BUG_ON(j == NULL);
	/* fields at their default are left out, as by Google */
	if (*iam_field(acc, "displayName") != '\0')
		(void)json_object_set(j, "displayName",
		    json_object_get(acc, "displayName"));
	if (*iam_field(acc, "description") != '\0')
		(void)json_object_set(j, "description",
		    json_object_get(acc, "description"));
	if (json_is_true(json_object_get(acc, "disabled")))
		(void)json_object_set_new(j, "disabled", json_true());
	return (j);
}

static enum store_rc
iam_account_put(struct emu *emu, const json_t *acc, int64_t if_version,
    int64_t *version)
{

	return (iam_put(emu, "account", iam_field(acc, "email"), acc,
	    if_version, version));
}

/* ---- handlers ---- */

/* https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/create :
 * NULL, or what is wrong with it. */
static const char *
iam_account_id_wrong(struct arena *a, const char *id)
{
	size_t n = strlen(id);
	bool ok = n > 0 && id[0] >= 'a' && id[0] <= 'z' && id[n - 1] != '-';

	if (n < 6 || n > 30)
		return (arena_printf(a, "The account ID \"%s\" does not have "
		    "a length between 6 and 30.", id));
	for (size_t i = 0; i < n; i++)
		ok = ok && strchr("abcdefghijklmnopqrstuvwxyz0123456789-",
		    id[i]) != NULL;
	return (ok ? NULL : arena_printf(a, "The account ID \"%s\" does not "
	    "match the regular expression [a-z]([-a-z0-9]*[a-z0-9]).", id));
}

int
iam_account_make(struct emu *emu, struct arena *a, const char *email,
    struct err *e)
{
	const char *at = strchr(email, '@'), *id, *wrong;
	json_auto_t *acc = NULL;
	enum store_rc rc;
	int64_t version;

	if (at == NULL || strcmp(at, arena_printf(a,
	    "@%s.iam.gserviceaccount.com", emu->project)) != 0)
		return (err_set(e, "'%s' is no service account of the project "
		    "%s: ID@%s.iam.gserviceaccount.com", email, emu->project,
		    emu->project));
	id = arena_strndup(a, email, (size_t)(at - email));
	if ((wrong = iam_account_id_wrong(a, id)) != NULL)
		return (err_set(e, "%s", wrong));
	acc = json_pack("{s:s, s:s, s:s, s:s, s:b}", "email", email,
	    "uniqueId", iam_digits(a, 21), "displayName", "",
	    "description", "", "disabled", 0);
	rc = iam_account_put(emu, acc, 0, &version);
	return (rc == STORE_OK || rc == STORE_EXISTS ? 0 :
	    err_set(e, "cannot store the account %s", email));
}

/* An optional text of the body, not longer than max bytes. */
static int
iam_text(struct req *rq, const json_t *o, const char *k, size_t max,
    const char **out)
{
	const json_t *v = json_object_get(o, k);

	*out = "";
	if (v == NULL || json_is_null(v))
		return (0);
	if (!json_is_string(v) || json_string_length(v) > max) {
		req_fail(rq, 400, "badRequest", "Invalid value at '%s': a "
		    "text of at most %zu bytes is wanted.", k, max);
		return (-1);
	}
	*out = json_string_value(v);
	return (0);
}

void
iam_sa_create_h(struct req *rq)
{
	const char *id, *display, *description, *email, *wrong;
	json_auto_t *acc = NULL;
	json_t *body, *sa;
	enum store_rc rc;
	int64_t version;

	if (iam_project_of(rq) != 0 || req_json(rq, &body) != 0)
		return;
	sa = json_object_get(body, "serviceAccount");
	if (sa != NULL && !json_is_object(sa)) {
		req_fail(rq, 400, "badRequest", "Invalid value at "
		    "'service_account': an object is wanted.");
		return;
	}
	if (iam_text(rq, body, "accountId", 1000, &id) != 0 ||
	    iam_text(rq, sa, "displayName", 100, &display) != 0 ||
	    iam_text(rq, sa, "description", 256, &description) != 0)
		return;
	if ((wrong = iam_account_id_wrong(&rq->arena, id)) != NULL) {
		req_fail(rq, 400, "badRequest", "%s", wrong);
		return;
	}
	email = arena_printf(&rq->arena, "%s@%s.iam.gserviceaccount.com", id,
	    rq->emu->project);
	acc = json_pack("{s:s, s:s, s:s, s:s, s:b}", "email", email,
	    "uniqueId", iam_digits(&rq->arena, 21), "displayName", display,
	    "description", description, "disabled", 0);
	rc = iam_account_put(rq->emu, acc, 0, &version);
	if (rc == STORE_OK)
		req_reply_json(rq, 200, iam_sa_json(rq->emu, &rq->arena, acc,
		    version));
	else if (rc == STORE_EXISTS)
		req_fail(rq, 409, "alreadyExists", "Service account %s "
		    "already exists within project projects/%s.", id,
		    rq->emu->project);
	else
		req_fail_rc(rq, rc);
}

/* pageSize and pageToken; -1: a 400 has been stored. */
static int
iam_page(struct req *rq, int *max, const char **after)
{
	const char *size = req_query(rq, "pageSize");
	const char *token = req_query(rq, "pageToken");
	int64_t n = IAM_PAGE_DEFAULT;
	struct buf b;
	bool ok;

	*after = "";
	if (size != NULL && *size != '\0' && (!str_int64(size, &n) || n < 0)) {
		req_fail(rq, 400, "badRequest", "Invalid pageSize: %s", size);
		return (-1);
	}
	*max = n == 0 ? IAM_PAGE_DEFAULT :
	    n > IAM_PAGE_MAX ? IAM_PAGE_MAX : (int)n;
	if (token == NULL || *token == '\0')
		return (0);
	buf_init(&b, 1024);
	ok = str_b64_decode(&b, token, strlen(token), true) && buf_ok(&b) &&
	    strlen(b.p) == b.len;
	*after = arena_strdup(&rq->arena, b.p);
	buf_release(&b);
	if (!ok)
		req_fail(rq, 400, "badRequest", "Invalid page token.");
	return (ok ? 0 : -1);
}

void
iam_sa_list_h(struct req *rq)
{
	json_t *out, *list;
	struct record *r;
	const char *after;
	enum store_rc rc;
	struct buf b;
	size_t n;
	int max;

	if (iam_project_of(rq) != 0 || iam_page(rq, &max, &after) != 0)
		return;
	rc = store_record_list(rq->emu->store, "account", "", after, max + 1,
	    &rq->arena, &r, &n);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return;
	}
	list = json_array();
	for (size_t i = 0; i < n && i < (size_t)max; i++) {
		json_auto_t *acc = json_loads(r[i].json, 0, NULL);

		(void)json_array_append_new(list, iam_sa_json(rq->emu,
		    &rq->arena, acc, r[i].version));
	}
	out = json_object();
	if (n > (size_t)max) {
		const char *last = r[max - 1].key;

		buf_init(&b, 2048);
		str_b64_encode(&b, last, strlen(last), true);
		(void)json_object_set_new(out, "nextPageToken",
		    json_string(b.p));
		buf_release(&b);
	}
	if (json_array_size(list) > 0)
		(void)json_object_set(out, "accounts", list);
	json_decref(list);
	req_reply_json(rq, 200, out);
}

void
iam_sa_get_h(struct req *rq)
{
	int64_t version;
	json_auto_t *acc = iam_account_of(rq, &version);

	if (acc != NULL)
		req_reply_json(rq, 200, iam_sa_json(rq->emu, &rq->arena, acc,
		    version));
}

/* https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/patch :
 * only these two can be changed. */
static int
iam_sa_take(struct req *rq, const json_t *in, const char *mask, json_t *acc)
{
	static const struct { const char *name, *snake; size_t max; } t[] = {
		{ "displayName", "display_name", 100 },
		{ "description", "description", 256 },
	};
	const char *text;
	bool wanted;

	for (size_t i = 0; i < NELEMS(t); i++) {
		wanted = mask != NULL ? strstr(mask, t[i].name) != NULL ||
		    strstr(mask, t[i].snake) != NULL :
		    json_object_get(in, t[i].name) != NULL;
		if (!wanted)
			continue;
		if (iam_text(rq, in, t[i].name, t[i].max, &text) != 0)
			return (-1);
		(void)json_object_set_new(acc, t[i].name, json_string(text));
	}
	return (0);
}

void
iam_sa_patch_h(struct req *rq)
{
	int64_t version;
	json_auto_t *acc = iam_account_of(rq, &version);
	const char *mask, *etag;
	json_t *body, *in;
	enum store_rc rc;

	if (acc == NULL || req_json(rq, &body) != 0)
		return;
	/* PUT has the account itself as its body */
	in = strcmp(rq->method, "PUT") == 0 ? body :
	    json_object_get(body, "serviceAccount");
	mask = json_string_value(json_object_get(body, "updateMask"));
	etag = json_string_value(json_object_get(in, "etag"));
	if (in != NULL && !json_is_object(in)) {
		req_fail(rq, 400, "badRequest", "Invalid value at "
		    "'service_account': an object is wanted.");
		return;
	}
	if (iam_sa_take(rq, in, mask, acc) != 0)
		return;
	rc = etag != NULL && *etag != '\0' && strcmp(etag,
	    iam_etag(&rq->arena, version)) != 0 ? STORE_PRECONDITION :
	    iam_account_put(rq->emu, acc, version, &version);
	if (rc == STORE_OK)
		req_reply_json(rq, 200, iam_sa_json(rq->emu, &rq->arena, acc,
		    version));
	else
		iam_fail_put(rq, rc, "service account");
}

void
iam_sa_enable_h(struct req *rq)
{
	int64_t version;
	json_auto_t *acc = iam_account_of(rq, &version);
	bool off = str_ends(rq->route->id, ".disable");
	enum store_rc rc;

	if (acc == NULL)
		return;
	if (off && strcmp(iam_field(acc, "email"), rq->emu->owner) == 0) {
		req_fail(rq, 400, "failedPrecondition", "The emulator's owner "
		    "account cannot be disabled.");
		return;
	}
	(void)json_object_set_new(acc, "disabled", json_boolean(off));
	rc = iam_account_put(rq->emu, acc, version, &version);
	if (rc == STORE_OK)
		req_reply_json(rq, 200, json_object());
	else
		iam_fail_put(rq, rc, "service account");
}

/* gcloud asks in the background and needs no more than an answer. */
void
iam_allowed_locations_h(struct req *rq)
{

	req_reply_json(rq, 200, json_pack("{s:s}", "encodedLocations", "0x0"));
}
