/* Every method times every predefined role, asked for real: a whole emulator,
 * for each role an account that has it and nothing else, and two tables that
 * were written from Google's documentation (permissions_*.def) and say what
 * must come of it.  Allowed is every status but 401 and 403. */
#include "emulator/http/route.h"
#include "emulator/identity/oauth.h"
#include "emulator/identity/roles.h"
#include "emulator/tests/client.h"
#include "lib/arena.h"
#include "lib/mem.h"

enum { PROJECT, BUCKET, BASIC };	/* where a role or a permission is */
enum { STORAGE, IAM, CREDENTIALS, CRM };
enum { RO, RW, FC, HK, CP, CR, ANY };

#define SCOPE	"https://www.googleapis.com/auth/"
#define ID	"litedrill"		/* of the project */
#define MAIL	"@" ID ".iam.gserviceaccount.com"
#define ACL	"/storage/v1/b/bucket-acl"
#define HNS	"/storage/v1/b/bucket-hns"

static const struct {
	const char *name;
	int	on;
	const char *permissions;
} granted[] = {
#define ROLE(n, o, p)		{ n, o, p },
#define CONVENIENCE(a, b)
#include "emulator/tests/permissions_roles.def"
#undef ROLE
#undef CONVENIENCE
};

static const struct {
	const char *basic, *role;
} convenience[] = {
#define ROLE(n, o, p)
#define CONVENIENCE(a, b)	{ a, b },
#include "emulator/tests/permissions_roles.def"
#undef ROLE
#undef CONVENIENCE
};

static const struct cell {
	const char *id;
	int	host;
	const char *method;
	int	on;
	const char *target, *head, *body, *needs;
	int	scopes;
} cells[] = {
#define NEEDS(i, h, m, o, t, hd, b, n, s) { i, h, m, o, t, hd, b, n, s },
#include "emulator/tests/permissions_methods.def"
#undef NEEDS
};

static const char *const hosts[] = { "storage.googleapis.com",
	"iam.googleapis.com", "iamcredentials.googleapis.com",
	"cloudresourcemanager.googleapis.com" };

static const struct {
	const char *name;
	unsigned groups;	/* the rows it is good for */
} scopes[] = {
#define G(x)	(1u << (x))
	{ SCOPE "devstorage.read_only", G(RO) | G(HK) | G(ANY) },
	{ SCOPE "devstorage.read_write", G(RO) | G(RW) | G(ANY) },
	{ SCOPE "devstorage.full_control",
	    G(RO) | G(RW) | G(FC) | G(HK) | G(ANY) },
	{ SCOPE "cloud-platform.read-only", G(RO) | G(HK) | G(CR) | G(ANY) },
	{ SCOPE "cloud-platform",
	    G(RO) | G(RW) | G(FC) | G(HK) | G(CP) | G(CR) | G(ANY) },
	/* both at once, and one that Cloud Storage has never heard of */
	{ SCOPE "devstorage.read_only " SCOPE "devstorage.read_write",
	    G(RO) | G(RW) | G(HK) | G(ANY) },
	{ SCOPE "userinfo.email", G(ANY) },
#undef G
};

static struct arena arena;
static const char *owner;		/* tokens */
static const char *hmac_id, *key_id;
static size_t wrong;

static const char *
token(const char *email, const char *scope)
{
	const char *t = oauth_mint(cl.emu, &arena, email, scope);

	ck_assert_msg(t != NULL, "no token of %s", email);
	return (t);
}

/* The project and the ids of keys put into a target or a header. */
static const char *
filled(const char *s)
{
	struct buf b;
	const char *r;

	buf_init(&b, 4096);
	for (const char *p = s; *p != '\0'; p++)
		if (*p == 'P' && p > s && strchr("/=@ ", p[-1]) != NULL &&
		    strchr("/.:?\"", p[1]) != NULL)
			buf_adds(&b, ID);
		else if (strncmp(p, "HMACID", 6) == 0) {
			buf_adds(&b, hmac_id);
			p += 5;
		} else if (strncmp(p, "KEYID", 5) == 0) {
			buf_adds(&b, key_id);
			p += 4;
		} else
			buf_add(&b, p, 1);
	r = arena_strdup(&arena, b.p);
	buf_release(&b);
	return (r);
}

static int
ask(const char *bearer, const char *host, const char *method,
    const char *target, const char *head, const char *body)
{
	const char *h[6];
	size_t n = 0;

	h[n++] = arena_printf(&arena, "Host: %s", host);
	if (bearer != NULL)
		h[n++] = arena_printf(&arena, "Authorization: Bearer %s",
		    bearer);
	if (head[0] != '\0')
		h[n++] = head;
	if (body[0] == '{')
		h[n++] = "Content-Type: application/json";
	h[n] = NULL;
	ck_assert_int_eq(client_try(method, client_url(target),
	    strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ? NULL :
	    body, strlen(body), h), CURLE_OK);
	return (cl.status);
}

static int
ask_cell(const struct cell *c, const char *bearer, const char *target)
{

	return (ask(bearer, hosts[c->host], c->method, target,
	    filled(c->head), filled(c->body)));
}

static void
as_owner(int host, const char *method, const char *target, const char *body)
{
	int status = ask(owner, hosts[host], method, target, "", body);

	ck_assert_msg(status < 300, "%s %s: %d %s", method, target, status,
	    cl.body.p);
}

static void
account(const char *id)
{
	char body[128];

	(void)snprintf(body, sizeof(body), "{\"accountId\":\"%s\"}", id);
	as_owner(IAM, "POST", "/v1/projects/" ID "/serviceAccounts", body);
}

static void
give(json_t *policy, const char *role, const char *email)
{
	json_t *list = json_object_get(policy, "bindings");

	ck_assert_int_eq(json_array_append_new(list, json_pack("{s:s, s:[s+]}",
	    "role", role, "members", "serviceAccount:", email)), 0);
}

static const char *
who(size_t role)
{

	return (arena_printf(&arena, "role-%02zu" MAIL, role));
}

/* The roles that are given at `on`, into the policy that is there. */
static void
grant(int on, int host, const char *get_method, const char *get,
    const char *set_method, const char *set)
{
	json_auto_t *policy = NULL, *whole = NULL;
	char *text;

	as_owner(host, get_method, get, get_method[0] == 'G' ? "" : "{}");
	policy = client_json();
	for (size_t i = 0; i < NELEMS(granted); i++)
		if ((granted[i].on == BUCKET) == (on == BUCKET))
			give(policy, granted[i].name, who(i));
	if (on == PROJECT)	/* for the scopes: whoever may do all */
		for (size_t i = 0; i < NELEMS(granted); i++)
			if (granted[i].on != BUCKET)
				give(policy, granted[i].name, "full-account" MAIL);
	whole = on == BUCKET ? json_incref(policy) :
	    json_pack("{s:O}", "policy", policy);
	text = json_dumps(whole, 0);
	as_owner(host, set_method, set, text);
	free(text);
}

static const char *
answer(const char *outer, const char *key)
{
	json_auto_t *j = client_json();
	const json_t *o = outer == NULL ? j : json_object_get(j, outer);
	const char *s = json_string_value(json_object_get(o, key));

	ck_assert_ptr_nonnull(s);
	return (arena_strdup(&arena, s));
}

static void
world(void)
{
	static const char *const names[] = { "o", "over" };
	struct start_opts o = { .auth = START_AUTH_ON, .project = ID };
	char path[256];

	client_start(&o);
	owner = token(cl.emu->owner, SCOPE "cloud-platform");
	account("full-account");
	account("zap-account");
	account("nobody");
	for (size_t i = 0; i < NELEMS(granted); i++)
		account(arena_printf(&arena, "role-%02zu", i));
	as_owner(STORAGE, "POST", "/storage/v1/b?project=" ID,
	    "{\"name\":\"bucket-acl\"}");
	as_owner(STORAGE, "POST", "/storage/v1/b?project=" ID,
	    "{\"name\":\"bucket-hns\",\"hierarchicalNamespace\":{\"enabled\":"
	    "true},\"iamConfiguration\":{\"uniformBucketLevelAccess\":{"
	    "\"enabled\":true}}}");
	for (size_t i = 0; i < NELEMS(names); i++) {
		(void)snprintf(path, sizeof(path), "/upload" ACL
		    "/o?uploadType=media&name=%s", names[i]);
		as_owner(STORAGE, "POST", path, "x");
	}
	as_owner(STORAGE, "POST", HNS "/folders", "{\"name\":\"f/\"}");
	as_owner(STORAGE, "POST", HNS "/managedFolders", "{\"name\":\"m/\"}");
	as_owner(STORAGE, "POST", "/storage/v1/projects/" ID "/hmacKeys?"
	    "serviceAccountEmail=full-account" MAIL, "");
	hmac_id = answer("metadata", "accessId");
	as_owner(IAM, "POST", "/v1/projects/" ID "/serviceAccounts/zap-account"
	    MAIL "/keys", "{}");
	key_id = strrchr(answer(NULL, "name"), '/') + 1;
	as_owner(IAM, "POST", "/v1/projects/" ID "/roles", "{\"roleId\":"
	    "\"custom1\",\"role\":{\"title\":\"t\"}}");
	grant(BUCKET, STORAGE, "GET", ACL "/iam", "PUT", ACL "/iam");
	grant(BUCKET, STORAGE, "GET", HNS "/iam", "PUT", HNS "/iam");
	grant(PROJECT, CRM, "POST", "/v1/projects/" ID ":getIamPolicy", "POST",
	    "/v1/projects/" ID ":setIamPolicy");
}

static void
world_end(void)
{

	client_stop();
	arena_release(&arena);
}

/* Is that word in a list with blanks between? */
static bool
listed(const char *list, const char *word, size_t n)
{

	for (const char *p = list; *p != '\0'; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");

		if (len == n && memcmp(p, word, n) == 0)
			return (true);
		p += len;
	}
	return (false);
}

static size_t
role_at(const char *name)
{

	for (size_t i = 0; i < NELEMS(granted); i++)
		if (strcmp(granted[i].name, name) == 0)
			return (i);
	ck_abort_msg("%s has no row", name);
	return (0);
}

static bool
role_gives(size_t r, int on, const char *permission, size_t n)
{

	if (granted[r].on == BUCKET && on == PROJECT)
		return (false);
	if (listed(granted[r].permissions, permission, n))
		return (true);
	for (size_t i = 0; on == BUCKET && i < NELEMS(convenience); i++)
		if (strcmp(convenience[i].basic, granted[r].name) == 0 &&
		    listed(granted[role_at(convenience[i].role)].permissions,
		    permission, n))
			return (true);
	return (false);
}

/* "storage.objects.delete and storage.objects.get, or storage.objects.move":
 * https://cloud.google.com/storage/docs/json_api/v1/objects/move */
#define MOVE	"storage.objects.move"

static bool
role_gives_instead(size_t r, int on, const char *permission, size_t n)
{
	static const char get[] = "storage.objects.get";
	static const char del[] = "storage.objects.delete";

	return (n == strlen(MOVE) && memcmp(permission, MOVE, n) == 0 &&
	    role_gives(r, on, get, strlen(get)) &&
	    role_gives(r, on, del, strlen(del)));
}

static bool
expected(size_t r, const struct cell *c)
{

	for (const char *p = c->needs; *p != '\0'; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");

		if (!role_gives(r, c->on, p, len) &&
		    !role_gives_instead(r, c->on, p, len))
			return (false);
		p += len;
	}
	return (true);
}

/* One cell, and its twin where a bucket of the XML API is asked. */
static size_t
judge(const struct cell *c, const char *bearer, const char *name, bool may)
{
	const char *t = filled(c->target);
	size_t end = strcspn(t, "?"), n = 1;
	int status = ask_cell(c, bearer, t);

	if ((status != 401 && status != 403) != may || status >= 500) {
		wrong++;
		(void)printf("%s %s %s as %s: %d, not %s\n", c->id, c->method,
		    t, name, status, may ? "allowed" : "refused");
		(void)fflush(stdout);
	}
	if (end == strlen("/bucket-acl") && t[1] == 'b') {
		struct cell twin = *c;

		twin.target = arena_printf(&arena, "%.*s/%s", (int)end, t,
		    t + end);
		n += judge(&twin, bearer, name, may);
	}
	return (n);
}

START_TEST(each_role_may_do_what_google_documents)
{
	size_t n = 0;

	world();
	for (size_t r = 0; r < NELEMS(granted); r++) {
		const char *t = token(who(r), SCOPE "cloud-platform");

		for (size_t i = 0; i < NELEMS(cells); i++)
			n += judge(&cells[i], t, granted[r].name,
			    expected(r, &cells[i]));
	}
	(void)printf("%zu cells: %zu rows, %zu roles; %zu differ\n", n,
	    NELEMS(cells), NELEMS(granted), wrong);
	ck_assert_uint_gt(n, NELEMS(cells) * NELEMS(granted));
	ck_assert_uint_eq(wrong, 0);
	world_end();
}
END_TEST

/* An account without any role, and one who has not said who he is. */
START_TEST(without_a_role_nothing_is_allowed)
{
	const char *t;

	world();
	t = token("nobody" MAIL, SCOPE "cloud-platform");
	for (size_t i = 0; i < NELEMS(cells); i++) {
		(void)judge(&cells[i], t, "nobody", cells[i].needs[0] == '\0');
		if (cells[i].needs[0] != '\0')
			(void)judge(&cells[i], NULL, "anonymous", false);
	}
	ck_assert_uint_eq(wrong, 0);
	world_end();
}
END_TEST

START_TEST(scopes_limit_what_a_role_allows)
{
	const char *t;

	world();
	for (size_t s = 0; s < NELEMS(scopes); s++) {
		t = token("full-account" MAIL, scopes[s].name);
		for (size_t i = 0; i < NELEMS(cells); i++)
			(void)judge(&cells[i], t, scopes[s].name,
			    (scopes[s].groups & 1u << cells[i].scopes) != 0);
	}
	ck_assert_uint_eq(wrong, 0);
	world_end();
}
END_TEST

/* ---- permissions one by one ---- */

/* Give the custom role these permissions, all but the n-th. */
static void
custom(const char *needs, size_t without)
{
	json_auto_t *j = json_pack("{s:[]}", "includedPermissions");
	size_t n = 0;
	char *text;

	for (const char *p = needs; *p != '\0'; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");

		if (n++ != without)
			json_array_append_new(json_object_get(j,
			    "includedPermissions"), json_stringn(p, len));
		p += len;
	}
	text = json_dumps(j, 0);
	as_owner(IAM, "PATCH", "/v1/projects/" ID "/roles/custom1", text);
	free(text);
}

static size_t
words(const char *s)
{
	size_t n = *s != '\0';

	for (; *s != '\0'; s++)
		n += *s == ' ';
	return (n);
}

/* No predefined role has just what a method needs, so this one has; and then
 * lacks each of them in turn. */
START_TEST(what_a_method_needs_suffices_and_none_can_be_spared)
{
	const char *t;
	size_t n = 0;

	world();
	as_owner(CRM, "POST", "/v1/projects/" ID ":setIamPolicy",
	    arena_printf(&arena, "{\"policy\":{\"bindings\":[{\"role\":"
	    "\"roles/owner\",\"members\":[\"serviceAccount:%s\"]},{"
	    "\"role\":\"projects/" ID "/roles/custom1\",\"members\":["
	    "\"serviceAccount:nobody" MAIL "\"]}]}}", cl.emu->owner));
	t = token("nobody" MAIL, SCOPE "cloud-platform");
	for (size_t i = 0; i < NELEMS(cells); i++) {
		size_t needs = words(cells[i].needs);

		for (size_t w = 0; w <= needs && needs > 0; w++, n++) {
			custom(cells[i].needs, w);
			(void)judge(&cells[i], t, w == needs ? "custom" :
			    arena_printf(&arena, "custom without %zu", w),
			    w == needs);
		}
	}
	ck_assert_uint_gt(n, 2 * NELEMS(cells) / 2);
	ck_assert_uint_eq(wrong, 0);
	world_end();
}
END_TEST

START_TEST(contexts_need_permissions_of_their_own)
{
	static const struct {
		const char *body, *needs;
	} steps[] = {
		{ "{\"contexts\":{\"custom\":{\"k\":{\"value\":\"v\"}}}}",
		    "storage.objects.createContext" },
		{ "{\"contexts\":{\"custom\":{\"k\":{\"value\":\"w\"}}}}",
		    "storage.objects.updateContext" },
		{ "{\"contexts\":{\"custom\":{\"k\":null}}}",
		    "storage.objects.deleteContext" },
	};
	const char *t;

	world();
	as_owner(STORAGE, "PUT", ACL "/iam", "{\"bindings\":[{\"role\":"
	    "\"projects/" ID "/roles/custom1\",\"members\":["
	    "\"serviceAccount:nobody" MAIL "\"]}]}");
	t = token("nobody" MAIL, SCOPE "cloud-platform");
	for (size_t i = 0; i < NELEMS(steps); i++)
		for (size_t with = 0; with < 2; with++) {
			custom(arena_printf(&arena, "%s storage.objects.update",
			    steps[i].needs), with == 0 ? 0 : SIZE_MAX);
			ck_assert_msg(ask(t, hosts[STORAGE], "PATCH", ACL
			    "/o/o", "", steps[i].body) == (with ? 200 : 403),
			    "%s: %d %s", steps[i].needs, cl.status,
			    cl.body.p);
		}
	world_end();
}
END_TEST

/* ---- the tables themselves ---- */

static const struct route *
route_of(const struct cell *c, const char *target)
{
	const struct route *r;
	struct req rq;

	req_init(&rq, cl.emu);
	rq.method = c->method;
	req_set_host(&rq, hosts[c->host]);
	ck_assert_int_eq(req_target(&rq, target), 0);
	r = route_find(&rq) == 0 ? rq.route : NULL;
	req_release(&rq);
	return (r);
}

/* No route is without a row, and none is taken for another method. */
START_TEST(every_route_has_a_row)
{
	bool seen[1024] = { false };
	const struct route *r;
	size_t n = 0;

	hmac_id = key_id = "x";
	client_start(&(struct start_opts){ 0 });
	for (size_t i = 0; i < NELEMS(cells); i++) {
		const char *t = filled(cells[i].target);

		r = route_of(&cells[i], t);
		ck_assert_msg(r != NULL, "%s: no route", t);
		ck_assert_msg(strcmp(r->id, cells[i].id) == 0, "%s: %s", t,
		    r->id);
		seen[r - routes] = true;
		t = arena_printf(&arena, "%.*s/%s", (int)strcspn(t, "?"), t,
		    t + strcspn(t, "?"));
		r = route_of(&cells[i], t);
		if (r != NULL && strcmp(r->id, cells[i].id) == 0)
			seen[r - routes] = true;
	}
	for (r = routes; r->id != NULL; r++, n++)
		ck_assert_msg(seen[n] || r->api == API_OAUTH ||
		    r->api == API_METADATA || r->api == API_CONTROL,
		    "%s %s %s?%s: no row", r->id, r->method, r->path,
		    r->query != NULL ? r->query : "");
	world_end();
}
END_TEST

START_TEST(every_role_of_ours_has_a_row)
{

	for (const struct role *r = roles; r->name != NULL; r++)
		(void)role_at(r->name);
}
END_TEST

/* What is not asked of IAM (tokens, metadata, control) answers everyone alike,
 * whatever his roles. */
START_TEST(what_iam_does_not_guard_knows_no_roles)
{
	const char *host, *t[NELEMS(granted)], *none;
	char method[16], path[256];
	size_t n = 0;

	world();
	none = token("nobody" MAIL, SCOPE "cloud-platform");
	for (size_t i = 0; i < NELEMS(granted); i++)
		t[i] = token(who(i), SCOPE "cloud-platform");
	for (const struct route *r = routes; r->id != NULL; r++) {
		int want;

		if (r->api != API_OAUTH && r->api != API_METADATA &&
		    r->api != API_CONTROL)
			continue;
		host = r->api == API_OAUTH ? "oauth2.googleapis.com" :
		    r->api == API_METADATA ? "metadata.google.internal" :
		    "127.0.0.1";
		(void)snprintf(method, sizeof(method), "%.*s",
		    (int)strcspn(r->method, "|"), r->method);
		n = 0;
		for (const char *p = r->path; *p != '\0'; p++)
			if (*p == '{') {
				path[n++] = 'x';
				p = strchr(p, '}');
			} else
				path[n++] = *p;
		path[n] = '\0';
		want = ask(none, host, method, path, "Metadata-Flavor: Google",
		    "{}");
		ck_assert_msg(r->api != API_CONTROL || want == 401 ||
		    want == 403 || strcmp(method, "GET") == 0 ||
		    strstr(path, "/retry_test") != NULL, "%s: %d", r->id, want);
		for (size_t i = 0; i < NELEMS(granted); i++)
			ck_assert_msg(ask(t[i], host, method, path,
			    "Metadata-Flavor: Google", "{}") == want,
			    "%s as %s: %d, else %d", r->id, granted[i].name,
			    cl.status, want);
	}
	world_end();
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_test(t, every_route_has_a_row);
	tcase_add_test(t, every_role_of_ours_has_a_row);
	tcase_add_test(t, each_role_may_do_what_google_documents);
	tcase_add_test(t, without_a_role_nothing_is_allowed);
	tcase_add_test(t, scopes_limit_what_a_role_allows);
	tcase_add_test(t, contexts_need_permissions_of_their_own);
	tcase_add_test(t,
	    what_a_method_needs_suffices_and_none_can_be_spared);
	tcase_add_test(t, what_iam_does_not_guard_knows_no_roles);
}

int
main(void)
{

	return (client_main("permissions", add));
}
