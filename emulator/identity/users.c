#include "emulator/identity/users.h"

#include <ctype.h>
#include <string.h>

#include "emulator/control/control.h"
#include "emulator/identity/iam.h"
#include "emulator/identity/oauth.h"
#include "lib/str.h"

#define USERS_EMAIL_MAX	254
#define USERS_PAGE	1000
/* What gcloud auth application-default login asks for. */
#define USERS_SCOPE	"openid https://www.googleapis.com/auth/userinfo.email " \
	"https://www.googleapis.com/auth/cloud-platform"

static const char *
users_text(struct arena *a, const json_t *j, const char *k)
{
	const char *v = json_string_value(json_object_get(j, k));

	return (v != NULL ? arena_strdup(a, v) : "");
}

static json_t *
users_record(struct emu *emu, struct arena *a, const char *kind,
    const char *key, int64_t *version)
{
	struct record r;

	if (store_record_get(emu->store, kind, key, a, &r) != STORE_OK)
		return (NULL);
	*version = r.version;
	return (json_loads(r.json, 0, NULL));
}

static const char *
users_lower(struct arena *a, const char *email)
{
	char *s = arena_strdup(a, email);

	for (char *p = s; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return (s);
}

/* ---- users ---- */

static json_t *
users_load(struct emu *emu, struct arena *a, const char *email,
    int64_t *version)
{

	return (users_record(emu, a, "user", users_lower(a, email), version));
}

bool
users_get(struct emu *emu, struct arena *a, const char *email,
    struct user *out)
{
	json_auto_t *j = NULL;
	int64_t version;

	if (strlen(email) > USERS_EMAIL_MAX ||
	    (j = users_load(emu, a, email, &version)) == NULL)
		return (false);
	out->email = users_text(a, j, "email");
	out->id = users_text(a, j, "id");
	out->name = users_text(a, j, "name");
	out->disabled = json_is_true(json_object_get(j, "disabled"));
	return (true);
}

/* NULL, or what is wrong with it. */
static const char *
users_email_wrong(const char *email)
{
	const char *at = strchr(email, '@');

	if (strlen(email) > USERS_EMAIL_MAX || at == NULL || at == email ||
	    strchr(at + 1, '@') != NULL || strchr(at + 1, '.') == NULL ||
	    at[1] == '.' || str_ends(at, "."))
		return ("is no e-mail address");
	for (const char *p = email; *p != '\0'; p++)
		if (!isgraph((unsigned char)*p) ||
		    strchr("\"'\\,;:<>()[]/", *p) != NULL)
			return ("is no e-mail address");
	if (str_ends(at, ".gserviceaccount.com"))
		return ("is a service account's; users are people");
	return (NULL);
}

/* The client and the refresh token of one credentials file. */
static json_t *
users_credentials(struct emu *emu, struct arena *a, const struct user *u,
    const char *scope, struct err *e)
{
	const char *client, *secret, *token;
	json_auto_t *c = NULL, *r = NULL;
	int64_t version;

	client = arena_printf(a, "%lld-%s.apps.googleusercontent.com",
	    (long long)emu->project_number, iam_digits(a, 24));
	secret = oauth_random(a, "GOCSPX-", 21);
	token = oauth_random(a, "1//0", 72);
	c = json_pack("{s:s}", "secret", oauth_hash(a, secret));
	r = json_pack("{s:s, s:s, s:s, s:s}", "user", u->email, "id", u->id,
	    "client", client, "scope", scope);
	if (c == NULL || r == NULL ||
	    iam_put(emu, "client", client, c, 0, &version) != STORE_OK ||
	    iam_put(emu, "refresh", oauth_hash(a, token), r, 0, &version) !=
	    STORE_OK) {
		(void)err_set(e, "cannot store the credentials of %s",
		    u->email);
		return (NULL);
	}
	return (json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}",
	    "account", u->email, "client_id", client, "client_secret", secret,
	    "refresh_token", token, "type", "authorized_user",
	    "universe_domain", "googleapis.com"));
}

json_t *
users_put(struct emu *emu, struct arena *a, const char *email,
    const char *name, const char *scope, struct err *e)
{
	const char *wrong = users_email_wrong(email);
	json_auto_t *j = NULL;
	enum store_rc rc;
	int64_t version;
	struct user u;

	if (wrong != NULL) {
		(void)err_set(e, "'%s' %s", email, wrong);
		return (NULL);
	}
	j = json_pack("{s:s, s:s, s:s, s:b}", "email", users_lower(a, email),
	    "id", iam_digits(a, 21), "name", name != NULL ? name : "",
	    "disabled", 0);
	rc = j == NULL ? STORE_IO : iam_put(emu, "user", users_lower(a,
	    email), j, 0, &version);
	if ((rc != STORE_OK && rc != STORE_EXISTS) ||
	    !users_get(emu, a, email, &u)) {
		(void)err_set(e, "cannot store the user %s", email);
		return (NULL);
	}
	return (users_credentials(emu, a, &u, scope != NULL && *scope != '\0' ?
	    scope : USERS_SCOPE, e));
}

/* ---- what they sign in with ---- */

bool
users_refresh(struct emu *emu, struct arena *a, const char *token,
    struct refresh *out)
{
	const char *key = oauth_hash(a, token);
	json_auto_t *j = NULL;
	int64_t version;

	j = users_record(emu, a, "refresh", key, &version);
	if (j == NULL)
		return (false);
	*out = (struct refresh){ .key = key,
	    .email = users_text(a, j, "user"), .id = users_text(a, j, "id"),
	    .client = users_text(a, j, "client"),
	    .scope = users_text(a, j, "scope"),
	    .revoked = json_is_true(json_object_get(j, "revoked")) };
	return (true);
}

bool
users_refresh_lives(struct emu *emu, struct arena *a, const char *key)
{
	json_auto_t *j = NULL;
	int64_t version;

	j = users_record(emu, a, "refresh", key, &version);
	return (j != NULL && !json_is_true(json_object_get(j, "revoked")));
}

enum store_rc
users_refresh_revoke(struct emu *emu, struct arena *a, const char *key)
{
	json_auto_t *j = NULL;
	int64_t version;

	j = users_record(emu, a, "refresh", key, &version);
	if (j == NULL)
		return (STORE_NO_RECORD);
	(void)json_object_set_new(j, "revoked", json_true());
	return (iam_put(emu, "refresh", key, j, -1, &version));
}

bool
users_client(struct emu *emu, struct arena *a, const char *id,
    const char *secret, bool *known)
{
	json_auto_t *j = NULL;
	int64_t version;

	j = users_record(emu, a, "client", id, &version);
	*known = j != NULL;
	return (j != NULL && str_equal_secret(oauth_hash(a, secret),
	    users_text(a, j, "secret")));
}

/* ---- control API ---- */

/* An optional text of the body; -1: a 400 has been stored. */
static int
users_field(struct req *rq, const json_t *body, const char *k,
    const char **out)
{
	const json_t *v = json_object_get(body, k);

	*out = json_string_value(v);
	if (v == NULL || *out != NULL)
		return (0);
	req_fail(rq, 400, "invalid", "field '%s' is not a string", k);
	return (-1);
}

static json_t *
users_json(const struct user *u)
{

	return (json_pack("{s:s, s:s, s:s, s:b}", "email", u->email, "id",
	    u->id, "name", u->name, "disabled", u->disabled));
}

void
users_put_h(struct req *rq)
{
	const char *email, *name, *scope;
	struct err e = ERR_INIT;
	json_t *body, *file, *j;
	struct user u;

	if (!control_may(rq) || req_json(rq, &body) != 0 ||
	    users_field(rq, body, "email", &email) != 0 ||
	    users_field(rq, body, "name", &name) != 0 ||
	    users_field(rq, body, "scope", &scope) != 0)
		return;
	file = users_put(rq->emu, &rq->arena, email != NULL ? email : "",
	    name, scope, &e);
	if (file == NULL)
		req_fail(rq, 400, "invalid", "field 'email': %s",
		    err_msg(&e));
	else if (!users_get(rq->emu, &rq->arena, email, &u)) {
		json_decref(file);	/* deleted meanwhile */
		req_fail_rc(rq, STORE_NO_RECORD);
	} else {
		j = users_json(&u);
		(void)json_object_set_new(j, "credentials", file);
		req_reply_json(rq, 200, j);
	}
	err_release(&e);
}

void
users_list_h(struct req *rq)
{
	json_t *list = json_array();
	const char *after = "";
	enum store_rc rc;
	struct record *r;
	size_t n = 0;

	if (!control_may(rq)) {
		json_decref(list);
		return;
	}
	do {
		rc = store_record_list(rq->emu->store, "user", "", after,
		    USERS_PAGE, &rq->arena, &r, &n);
		for (size_t i = 0; rc == STORE_OK && i < n; i++) {
			struct user u;

			after = r[i].key;
			if (users_get(rq->emu, &rq->arena, after, &u))
				(void)json_array_append_new(list,
				    users_json(&u));
		}
	} while (rc == STORE_OK && n == USERS_PAGE);
	if (rc == STORE_OK)
		req_reply_json(rq, 200, json_pack("{s:o}", "users", list));
	else {
		json_decref(list);
		req_fail_rc(rq, rc);
	}
}

static void
users_missing(struct req *rq)
{

	req_fail(rq, 404, "notFound", "There is no user %s.", rq->cap[0]);
}

void
users_patch_h(struct req *rq)
{
	const json_t *disabled;
	json_auto_t *j = NULL;
	enum store_rc rc;
	int64_t version;
	json_t *body;

	if (!control_may(rq) || req_json(rq, &body) != 0)
		return;
	disabled = json_object_get(body, "disabled");
	if (!json_is_boolean(disabled)) {
		req_fail(rq, 400, "invalid", "field 'disabled' is missing or "
		    "not a boolean");
		return;
	}
	j = users_load(rq->emu, &rq->arena, rq->cap[0], &version);
	if (j == NULL) {
		users_missing(rq);
		return;
	}
	(void)json_object_set_new(j, "disabled",
	    json_boolean(json_is_true(disabled)));
	rc = iam_put(rq->emu, "user", users_lower(&rq->arena, rq->cap[0]), j,
	    version, &version);
	if (rc == STORE_OK)
		req_reply_json(rq, 200, json_object());
	else
		req_fail_rc(rq, rc);
}

/* Its refresh tokens stay, for the texts of those who still use them. */
void
users_delete_h(struct req *rq)
{
	enum store_rc rc;

	if (!control_may(rq))
		return;
	rc = store_record_delete(rq->emu->store, "user",
	    users_lower(&rq->arena, rq->cap[0]));
	if (rc == STORE_OK)
		req_reply_json(rq, 200, json_object());
	else if (rc == STORE_NO_RECORD)
		users_missing(rq);
	else
		req_fail_rc(rq, rc);
}
