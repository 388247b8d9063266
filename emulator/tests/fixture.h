/* emulator/tests/fixture.h: an emulator without sockets, for unit tests: a
 * store in a folder of its own, the project and its owner, and requests built
 * by hand that go the way server.c sends them.  Knows no test. */
#ifndef EMULATOR_TESTS_FIXTURE_H
#define EMULATOR_TESTS_FIXTURE_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/api/rules.h"
#include "emulator/control/journal.h"
#include "emulator/fault/fault.h"
#include "emulator/http/req.h"
#include "emulator/http/route.h"
#include "emulator/identity/auth.h"
#include "emulator/identity/iam.h"
#include "emulator/identity/jwt.h"
#include "emulator/identity/oauth.h"
#include "lib/file.h"

#define FIX_PROJECT	"drill-project"
#define FIX_MAIL(id)	id "@" FIX_PROJECT ".iam.gserviceaccount.com"
#define FIX_SA		"/v1/projects/" FIX_PROJECT "/serviceAccounts"

struct fix {
	struct emu emu;
	struct arena arena;
	char	dir[64];
};

static inline void
fix_open(struct fix *x)
{
	struct err e = ERR_INIT;
	struct store_opts o = { .dir = x->dir, .clock = &x->emu.clock,
		.rules = &rules_store };

	x->emu.store = store_open(&o, &e);
	ck_assert_msg(x->emu.store != NULL, "%s", err_msg(&e));
	ck_assert_msg(iam_setup(&x->emu, &e) == 0, "%s", err_msg(&e));
}

static inline void
fix_close(struct fix *x)
{

	iam_release(&x->emu);
	store_close(x->emu.store);
}

static inline void
fix_init(struct fix *x)
{
	const char *tmp = getenv("TMPDIR");
	struct err e = ERR_INIT;

	*x = (struct fix){ .emu.project = FIX_PROJECT,
	    .emu.auth_http = true, .emu.auth_proxy = true,
	    .emu.control_token = "control",
	    .emu.soft_delete_s = 7 * 86400 };
	(void)snprintf(x->dir, sizeof(x->dir), "%.40s/fixXXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(x->dir));
	x->emu.data = x->dir;
	x->emu.faults = faults_new(&x->emu);
	x->emu.journal = journal_new(NULL, &e);
	ck_assert_ptr_nonnull(x->emu.journal);
	fix_open(x);
}

static inline void
fix_release(struct fix *x)
{

	fix_close(x);
	journal_free(x->emu.journal);
	faults_free(x->emu.faults);
	arena_release(&x->arena);
	ck_assert_int_eq(file_remove_all(x->dir, NULL), 0);
}

/* A request up to where its route is known; body may be NULL. */
static inline void
fix_req(struct fix *x, struct req *rq, const char *method, const char *host,
    const char *target, const char *body)
{

	req_init(rq, &x->emu);
	rq->via = strncmp(host, "127.", 4) == 0 ? VIA_HTTP : VIA_PROXY;
	rq->method = method;
	rq->t0_us = clock_mono_us();
	rq->wall_us = clock_wall_us(&x->emu.clock);
	req_set_host(rq, host);
	ck_assert_int_eq(req_target(rq, target), 0);
	ck_assert_int_eq(route_find(rq), 0);
	if (body != NULL)
		buf_adds(&rq->body, body);
}

static inline void
fix_as(struct req *rq, const char *email)
{

	rq->auth = AUTH_BEARER;
	rq->principal = arena_printf(&rq->arena, "serviceAccount:%s", email);
}

/* The whole way, as `email` (NULL: as nobody); the status. */
static inline int
fix_ask(struct fix *x, struct req *rq, const char *email, const char *method,
    const char *host, const char *target, const char *body)
{

	fix_req(x, rq, method, host, target, body);
	auth_identify(rq);
	if (email != NULL)
		fix_as(rq, email);
	if (auth_permit(rq) == 0)
		rq->route->handle(rq);
	ck_assert_int_ne(rq->status, 0);
	return (rq->status);
}

/* The reply as JSON, freed with the request. */
static inline json_t *
fix_json(struct req *rq)
{
	json_t *j = json_loadb(rq->reply, (size_t)rq->reply_len, 0, NULL);

	ck_assert_ptr_nonnull(j);
	if (rq->keep == NULL)
		rq->keep = json_array();
	ck_assert_int_eq(json_array_append_new(rq->keep, j), 0);
	return (j);
}

/* A field, by a path such as "error.message"; "" where it is not there. */
static inline const char *
fix_text(struct req *rq, const char *path)
{
	const json_t *j = fix_json(rq);
	char *copy = arena_strdup(&rq->arena, path), *k;

	while ((k = strsep(&copy, ".")) != NULL)
		j = json_object_get(j, k);
	return (json_is_string(j) ? json_string_value(j) : "");
}

/* Ask as the owner and forget the answer; the status. */
static inline int
fix_owner(struct fix *x, const char *method, const char *host,
    const char *target, const char *body)
{
	struct req rq;
	int status;

	status = fix_ask(x, &rq, x->emu.owner, method, host, target, body);
	req_release(&rq);
	return (status);
}

#define IAM_HOST	"iam.googleapis.com"
#define CRM_HOST	"cloudresourcemanager.googleapis.com"
#define OAUTH_HOST	"oauth2.googleapis.com"
#define GCS_HOST	"storage.googleapis.com"

/* A new account, by its id. */
static inline void
fix_account(struct fix *x, const char *id)
{
	char body[128];

	(void)snprintf(body, sizeof(body), "{\"accountId\":\"%s\"}", id);
	ck_assert_int_eq(fix_owner(x, "POST", IAM_HOST, FIX_SA, body), 200);
}

/* A new key of an account, as the credentials file that its user gets. */
struct fix_key {
	const char *kid, *pem, *email;
};

static inline struct fix_key
fix_key(struct fix *x, const char *email)
{
	struct err e = ERR_INIT;
	json_auto_t *acc = NULL, *file = NULL;
	struct fix_key k;
	int64_t version;

	ck_assert_int_eq(iam_account(&x->emu, &x->arena, email, &acc,
	    &version), STORE_OK);
	file = iam_key_make(&x->emu, &x->arena, acc, &k.kid, &e);
	ck_assert_msg(file != NULL, "%s", err_msg(&e));
	k.pem = arena_strdup(&x->arena,
	    json_string_value(json_object_get(file, "private_key")));
	k.email = arena_strdup(&x->arena, email);
	return (k);
}

/* The claims that a client of Google makes; the caller frees them. */
static inline json_t *
fix_claims(struct fix *x, const char *email)
{
	int64_t now = clock_wall_us(&x->emu.clock) / 1000000;

	return (json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", email, "scope",
	    "https://www.googleapis.com/auth/devstorage.full_control", "aud",
	    "https://oauth2.googleapis.com/token", "iat", (json_int_t)now,
	    "exp", (json_int_t)(now + 3600)));
}

/* A project policy: the owner, and one binding. */
static inline int
fix_project_policy(struct fix *x, const char *role, const char *member)
{
	json_auto_t *j = json_pack("{s:{s:[{s:s, s:[s+]}, {s:s, s:[s]}]}}",
	    "policy", "bindings", "role", "roles/owner", "members",
	    "serviceAccount:", x->emu.owner, "role", role, "members", member);
	char *text = json_dumps(j, 0);
	int status = fix_owner(x, "POST", CRM_HOST,
	    "/v1/projects/" FIX_PROJECT ":setIamPolicy", text);

	free(text);
	return (status);
}

static inline int
fix_main(Suite *s)
{
	SRunner *r = srunner_create(s);
	int failed;

	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}

#endif
