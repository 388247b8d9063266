/* Forms posted to a bucket, with and without policy documents. */
#include "emulator/api/disposition.h"
#include "emulator/api/multipart.h"
#include "emulator/tests/signer.h"

#define BUCKET	"/drill-bucket"
#define DATA	"what the form brings"
#define EDGE	"----drillEdge7"

static void
begin(enum start_auth auth)
{

	signer_start(auth);
	ck_assert_int_eq(signer_ask("POST", "/storage/v1/b?project=litedrill",
	    "{\"name\":\"drill-bucket\"}"), 200);
}

static void
setup(void)
{

	begin(START_AUTH_ON);
}

static void
setup_off(void)
{

	begin(START_AUTH_OFF);
}

static void
teardown(void)
{

	signer_stop();
}

/* ---- forms ---- */

struct form {
	struct canon_kv kv[SHOT_KV], after[2];
	size_t	n, nafter;
	const char *filename, *data;
	size_t	ndata;
	bool	no_file, no_end;
	const char *path, *host;
};

static void
field(struct form *f, const char *k, const char *v)
{

	ck_assert_uint_lt(f->n, SHOT_KV);
	f->kv[f->n++] = (struct canon_kv){ k, v };
}

static const char **
value(struct form *f, const char *k)
{

	return (shot_find(f->kv, f->n, k));
}

static const char *
b64(const char *text)
{
	const char *s;
	struct buf b;

	buf_init(&b, 1u << 20);
	str_b64_encode(&b, text, strlen(text), false);
	s = arena_strdup(&sg.arena, b.p);
	buf_release(&b);
	return (s);
}

enum way { WAY_V4_RSA, WAY_V4_HMAC, WAY_AWS4, WAY_V2_RSA, WAY_V2_HMAC, WAYS };

static const char *
policy_of(const char *conditions, const char *more, int64_t life_s)
{

	return (arena_printf(&sg.arena, "{\"expiration\":\"%s\","
	    "\"conditions\":[%s%s%s]}", shot_time(life_s,
	    "%Y-%m-%dT%H:%M:%SZ"), conditions, *more != '\0' ? "," : "",
	    more));
}

static void
sign_v4_form(struct form *f, enum way w, const char *conditions,
    int64_t life_s)
{
	struct shot_v4 v = shot_v4_of(w == WAY_V4_RSA ? FORM_V4_RSA :
	    w == WAY_AWS4 ? FORM_AWS4 : FORM_V4_HMAC);
	const char *x = w == WAY_AWS4 ? "x-amz" : "x-goog", *policy;
	const char *date = shot_time(0, "%Y%m%dT%H%M%SZ");
	const char *credential = arena_printf(&sg.arena, "%s/%.8s/%s", v.id,
	    date, v.scope);
	unsigned char key[SIGN_SHA256];

	policy = b64(policy_of(conditions, arena_printf(&sg.arena,
	    "{\"%s-date\":\"%s\"},{\"%s-credential\":\"%s\"},"
	    "{\"%s-algorithm\":\"%s\"}", x, date, x, credential, x,
	    v.algorithm), life_s));
	field(f, arena_printf(&sg.arena, "%s-date", x), date);
	field(f, arena_printf(&sg.arena, "%s-credential", x), credential);
	field(f, arena_printf(&sg.arena, "%s-algorithm", x), v.algorithm);
	field(f, "policy", policy);
	if (!v.rsa)
		shot_v4_key(&v, date, key);
	field(f, arena_printf(&sg.arena, "%s-signature", x), v.rsa ?
	    shot_rsa(policy, true) : sign_v4(&sg.arena, key, policy));
}

static void
sign_form(struct form *f, enum way w, const char *conditions, int64_t life_s)
{
	const char *policy;

	if (w < WAY_V2_RSA) {
		sign_v4_form(f, w, conditions, life_s);
		return;
	}
	policy = b64(policy_of(conditions, "", life_s));
	field(f, "GoogleAccessId", w == WAY_V2_RSA ? sg.email :
	    sg.hmac.access_id);
	field(f, "policy", policy);
	field(f, "signature", w == WAY_V2_RSA ? shot_rsa(policy, false) :
	    sign_v2(&sg.arena, sg.hmac.secret, policy));
}

/* With a key, the rest of the conditions, and a signature. */
static struct form
form_new(enum way w, const char *key, const char *conditions)
{
	struct form f = { .filename = "a file.txt", .data = DATA,
	    .ndata = strlen(DATA), .path = BUCKET "/" };

	field(&f, "key", key);
	sign_form(&f, w, arena_printf(&sg.arena,
	    "{\"bucket\":\"drill-bucket\"},[\"starts-with\",\"$key\",\"\"]"
	    "%s%s", *conditions != '\0' ? "," : "", conditions), 600);
	return (f);
}

static void
part(struct buf *b, const char *k, const char *v)
{

	buf_addf(b, "--" EDGE "\r\nContent-Disposition: form-data; name=\"%s\""
	    "\r\n\r\n%s\r\n", k, v);
}

static int
post(const struct form *f)
{
	const char *h[] = { "Content-Type: multipart/form-data; "
	    "boundary=" EDGE, "Expect:", NULL, NULL };
	struct buf b;

	if (f->host != NULL)
		h[2] = arena_printf(&sg.arena, "Host: %s", f->host);
	buf_init(&b, 64u << 20);
	for (size_t i = 0; i < f->n; i++)
		part(&b, f->kv[i].k, f->kv[i].v);
	if (!f->no_file) {
		buf_addf(&b, "--" EDGE "\r\nContent-Disposition: form-data; "
		    "name=\"file\"; filename=\"%s\"\r\nContent-Type: "
		    "text/x-ignored\r\n\r\n", f->filename);
		buf_add(&b, f->data, f->ndata);
		buf_adds(&b, "\r\n");
	}
	for (size_t i = 0; i < f->nafter; i++)
		part(&b, f->after[i].k, f->after[i].v);
	buf_adds(&b, "--" EDGE);
	if (!f->no_end)
		buf_adds(&b, "--\r\n");
	ck_assert_int_eq(client_try("POST", client_url(f->path), b.p, b.len,
	    h), CURLE_OK);
	buf_release(&b);
	return (cl.status);
}

static void
posted(const struct form *f, int status)
{

	ck_assert_msg(post(f) == status, "%d %s", cl.status, cl.body.p);
}

static void
refused(const struct form *f, int status, const char *code, const char *text)
{

	posted(f, status);
	shot_code_is(code);
	ck_assert_msg(strstr(cl.body.p, text) != NULL, "%s", cl.body.p);
}

/* What an object holds, or "" where there is none. */
static const char *
holds(const char *path)
{

	return (signer_ask("GET", path, NULL) == 200 ? cl.body.p : "");
}

/* ---- what is good ---- */

START_TEST(file_is_stored)
{
	struct form f = form_new((enum way)_i, "dir/a.txt", "");

	posted(&f, 204);
	ck_assert_uint_eq(cl.body.len, 0);
	ck_assert_ptr_nonnull(client_header("ETag"));
	ck_assert_str_eq(holds(BUCKET "/dir/a.txt"), DATA);
	ck_assert_str_eq(client_header("Content-Type"),
	    "application/octet-stream");
}
END_TEST

START_TEST(bucket_is_named_in_many_ways)
{
	struct form f = form_new(WAY_V4_RSA, "a", "");

	f.path = BUCKET;
	posted(&f, 204);
	f.path = "/";
	f.host = "drill-bucket.storage.googleapis.com";
	posted(&f, 204);
	f.host = "storage.googleapis.com";
	posted(&f, 204);		/* by the policy alone */
	field(&f, "bucket", "drill-bucket");
	posted(&f, 204);
	f.host = NULL;
	posted(&f, 204);
	*value(&f, "bucket") = "other-bucket";
	ck_assert_int_eq(post(&f), 400);
	f = (struct form){ .filename = "f", .data = "", .path = "/" };
	field(&f, "key", "a");
	refused(&f, 400, "InvalidArgument", "Cannot create buckets");
}
END_TEST

START_TEST(filename_takes_its_place_in_the_key)
{
	static const struct { const char *name, *path; } t[] = {
		{ "b.txt", BUCKET "/up/b.txt" },
		{ "C:\\dir\\c.txt", BUCKET "/up/c.txt" },
		{ "x/y/d e.txt", BUCKET "/up/d%20e.txt" },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		struct form f = form_new(WAY_V4_RSA, "up/${filename}",
		    "[\"starts-with\",\"$key\",\"up/\"]");

		f.filename = t[i].name;
		posted(&f, 204);
		ck_assert_msg(*holds(t[i].path) != '\0', "%s", t[i].path);
	}
}
END_TEST

START_TEST(fields_become_metadata)
{
	struct form f = form_new(WAY_V4_RSA, "a",
	    "{\"Content-Type\":\"text/x-drill\"},"
	    "{\"cache-control\":\"no-store\"},"
	    "[\"starts-with\",\"$x-goog-meta-colour\",\"r\"],"
	    "[\"eq\",\"$Content-Disposition\",\"attachment; x=\\\"y;z\\\"\"]");

	field(&f, "content-type", "text/x-drill");
	field(&f, "Cache-Control", "no-store");
	field(&f, "x-goog-meta-colour", "red");
	field(&f, "Content-Disposition", "attachment; x=\"y;z\"");
	posted(&f, 204);
	(void)holds(BUCKET "/a");
	ck_assert_str_eq(client_header("Content-Type"), "text/x-drill");
	ck_assert_str_eq(client_header("Cache-Control"), "no-store");
	ck_assert_str_eq(client_header("x-goog-meta-colour"), "red");
	ck_assert_str_eq(client_header("Content-Disposition"),
	    "attachment; x=\"y;z\"");
}
END_TEST

START_TEST(success_is_answered_as_asked)
{
	static const struct { const char *want; int status; } t[] = {
		{ "200", 200 }, { "201", 201 }, { "204", 204 }, { "202", 204 },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		struct form f = form_new(WAY_V4_RSA, "a&b", arena_printf(
		    &sg.arena, "{\"success_action_status\":\"%s\"}",
		    t[i].want));

		field(&f, "success_action_status", t[i].want);
		posted(&f, t[i].status);
		if (t[i].status != 201)
			continue;
		ck_assert_ptr_nonnull(strstr(cl.body.p, "<Bucket>drill-bucket"
		    "</Bucket><Key>a&amp;b</Key>"));
		ck_assert_ptr_nonnull(strstr(cl.body.p, "</Location>"));
	}
}
END_TEST

START_TEST(success_goes_where_the_form_says)
{
	static const struct { const char *url, *begin; int status; } t[] = {
		{ "http://example.com/x", "http://example.com/x?bucket="
		    "drill-bucket&key=a%20b&etag=%22", 303 },
		{ "https://example.com/?y=1", "https://example.com/?y=1&bucket"
		    "=drill-bucket&key=a%20b&etag=%22", 303 },
		{ "javascript:alert(1)", NULL, 204 },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		struct form f = form_new(WAY_V4_RSA, "a b", arena_printf(
		    &sg.arena, "{\"success_action_redirect\":\"%s\"}",
		    t[i].url));

		field(&f, "success_action_redirect", t[i].url);
		posted(&f, t[i].status);
		if (t[i].begin != NULL)
			ck_assert_msg(str_starts(client_header("Location"),
			    t[i].begin), "%s", client_header("Location"));
	}
}
END_TEST

START_TEST(large_file_streams_by)
{
	struct form f = form_new(WAY_V4_HMAC, "large", "");
	size_t n = 9u << 20;
	char *data = mem_alloc(n);

	for (size_t i = 0; i < n; i++)
		data[i] = "\r\n--" EDGE "-"[i * 7 % 19];
	f.data = data;
	f.ndata = n;
	posted(&f, 204);
	(void)holds(BUCKET "/large");
	ck_assert_uint_eq(cl.body.len, n);
	ck_assert_int_eq(memcmp(cl.body.p, data, n), 0);
	free(data);
	f.data = "";
	f.ndata = 0;
	posted(&f, 204);
	ck_assert_int_eq(signer_ask("GET", BUCKET "/large", NULL), 200);
	ck_assert_uint_eq(cl.body.len, 0);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(forged_policy_or_signature)
{
	enum way w = (enum way)_i;
	struct form whole = form_new(w, "a", "");
	const char *sig = w == WAY_AWS4 ? "x-amz-signature" :
	    w < WAY_V2_RSA ? "x-goog-signature" : "signature";
	int forged = 0;

	for (int which = 0; which < 2; which++) {
		const char *name = which == 0 ? sig : "policy";
		const char *was = *value(&whole, name);

		for (size_t i = 0; was[i] != '\0'; i++) {
			char *copy = arena_strdup(&sg.arena, was);
			int status;

			copy[i] = copy[i] == 'x' ? 'y' : 'x';
			*value(&whole, name) = copy;
			status = post(&whole);
			forged++;
			ck_assert_msg(status == 400 || status == 403,
			    "%s at %zu: %d", name, i, status);
		}
		*value(&whole, name) = was;
	}
	ck_assert_int_gt(forged, 160);
	ck_assert_str_eq(holds(BUCKET "/a"), "");
	posted(&whole, 204);
}
END_TEST

START_TEST(forged_credentials)
{
	static const struct { const char *k, *v; int status; } t[] = {
		{ "x-goog-credential", "a@b", 400 },
		{ "x-goog-credential",
		    "nobody@x/20190201/auto/storage/goog4_request", 400 },
		{ "x-goog-algorithm", "GOOG4-HMAC-SHA256", 403 },
		{ "x-goog-algorithm", "AWS4-HMAC-SHA256", 400 },
		{ "x-goog-algorithm", "none", 400 },
		{ "x-goog-date", "yesterday", 400 },
		{ "x-goog-date", "20190201T090000Z", 400 },
		{ "x-goog-signature", "", 400 },
		{ "policy", "", 400 }, { "policy", "e30=", 400 },
		{ "policy", "bnVsbA==", 400 }, { "policy", "!", 400 },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		struct form f = form_new(WAY_V4_RSA, "a", "");

		*value(&f, t[i].k) = t[i].v;
		ck_assert_msg(post(&f) == t[i].status, "%s=%s: %d %s", t[i].k,
		    t[i].v, cl.status, cl.body.p);
	}
	ck_assert_str_eq(holds(BUCKET "/a"), "");
}
END_TEST

START_TEST(signature_left_out_is_no_anonymous_form)
{
	enum way w = (enum way)_i;
	struct form f = form_new(w, "a", "");

	f.n--;			/* the signature is the last field */
	refused(&f, 400, "InvalidArgument", "A form with a policy wants");
}
END_TEST

START_TEST(expired_policy_is_refused)
{
	struct form f = form_new((enum way)_i, "a", "");

	cl.emu->clock.shift_us = 580 * 1000000LL;
	posted(&f, 204);
	cl.emu->clock.shift_us = 602 * 1000000LL;
	refused(&f, 400, "InvalidPolicyDocument", "Policy expired");
}
END_TEST

START_TEST(conditions_are_kept)
{
	static const struct {
		const char *conditions, *k, *v;
		int	status;
	} t[] = {
		{ "{\"acl\":\"private\"}", "acl", "private", 204 },
		{ "{\"acl\":\"private\"}", "acl", "public-read", 400 },
		{ "{\"acl\":\"private\"}", NULL, NULL, 400 },
		{ "{\"ACL\":\"private\"}", "acl", "private", 204 },
		{ "[\"eq\",\"$acl\",\"private\"]", "acl", "private", 204 },
		{ "[\"eq\",\"$acl\",\"private\"]", "acl", "privat", 400 },
		{ "[\"EQ\",\"$acl\",\"private\"]", "acl", "private", 204 },
		{ "[\"starts-with\",\"$acl\",\"p\"]", "acl", "private", 204 },
		{ "[\"starts-with\",\"$acl\",\"\"]", NULL, NULL, 204 },
		{ "[\"starts-with\",\"$acl\",\"q\"]", "acl", "private", 400 },
		{ "[\"ends-with\",\"$acl\",\"e\"]", "acl", "private", 400 },
		{ "[\"eq\",\"acl\",\"private\"]", "acl", "private", 400 },
		{ "[\"eq\",\"$acl\"]", "acl", "private", 400 },
		{ "[\"eq\",\"$acl\",7]", "acl", "private", 400 },
		{ "{}", NULL, NULL, 400 }, { "7", NULL, NULL, 400 },
		{ "[]", NULL, NULL, 400 },
		{ "{\"key\":\"other\"}", NULL, NULL, 400 },
		{ "{\"key\":\"a\"}", NULL, NULL, 204 },
		{ "{\"bucket\":\"other\"}", NULL, NULL, 400 },
		{ "{\"success_action_status\":201}", "success_action_status",
		    "201", 201 },
		{ "{\"success_action_status\":201}", "success_action_status",
		    "200", 400 },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		struct form f = form_new(WAY_V4_HMAC, "a", t[i].conditions);

		if (t[i].k != NULL)
			field(&f, t[i].k, t[i].v);
		ck_assert_msg(post(&f) == t[i].status, "%s: %d %s",
		    t[i].conditions, cl.status, cl.body.p);
		if (t[i].status == 400)
			shot_code_is("InvalidPolicyDocument");
	}
}
END_TEST

START_TEST(length_is_kept_within_the_range)
{
	static const struct {
		const char *range;
		int	status;
		const char *code;
	} t[] = {
		{ "[\"content-length-range\",20,20]", 204, NULL },
		{ "[\"content-length-range\",0,19]", 400, "EntityTooLarge" },
		{ "[\"content-length-range\",21,99]", 400, "EntityTooSmall" },
		{ "[\"content-length-range\",0,99],"
		    "[\"content-length-range\",0,9]", 400, "EntityTooLarge" },
		{ "[\"content-length-range\",9,0]", 400,
		    "InvalidPolicyDocument" },
		{ "[\"content-length-range\",-1,99]", 400,
		    "InvalidPolicyDocument" },
		{ "[\"content-length-range\",\"0\",\"9\"]", 400,
		    "InvalidPolicyDocument" },
		{ "[\"content-length-range\",0]", 400,
		    "InvalidPolicyDocument" },
	};

	ck_assert_uint_eq(strlen(DATA), 20);
	for (size_t i = 0; i < NELEMS(t); i++) {
		struct form f = form_new(WAY_V4_HMAC, arena_printf(&sg.arena,
		    "range%zu", i), t[i].range);

		ck_assert_msg(post(&f) == t[i].status, "%s: %d %s",
		    t[i].range, cl.status, cl.body.p);
		if (t[i].code != NULL)
			shot_code_is(t[i].code);
		ck_assert_str_eq(holds(arena_printf(&sg.arena,
		    BUCKET "/range%zu", i)), t[i].code == NULL ? DATA : "");
	}
}
END_TEST

START_TEST(every_field_must_be_covered)
{
	struct form f = form_new(WAY_V4_RSA, "a", "");

	field(&f, "submit", "Upload");
	field(&f, "acl", "private");
	refused(&f, 400, "InvalidPolicyDocument",
	    "Policy did not reference these fields: submit, acl");
	f = form_new(WAY_V4_RSA, "a", "");
	field(&f, "x-ignore-submit", "Upload");
	f.after[f.nafter++] = (struct canon_kv){ "submit", "Upload" };
	posted(&f, 204);
}
END_TEST

START_TEST(policy_of_another_bucket_is_none_here)
{
	struct form f = form_new(WAY_V4_RSA, "a", "");

	ck_assert_int_eq(signer_ask("POST", "/storage/v1/b?project=litedrill",
	    "{\"name\":\"other-bucket\"}"), 200);
	f.path = "/other-bucket/";
	refused(&f, 400, "InvalidPolicyDocument", "Policy condition failed");
	field(&f, "bucket", "drill-bucket");
	refused(&f, 400, "InvalidArgument", "is not the bucket");
	f = form_new(WAY_V4_RSA, "a", "");
	f.path = "/no-such-bucket/";
	ck_assert_int_ge(post(&f), 400);
}
END_TEST

START_TEST(signer_needs_the_right_itself)
{
	enum way w = (enum way)_i;
	struct form f;

	ck_assert_int_eq(signer_ask("POST",
	    "/v1/projects/litedrill/serviceAccounts",
	    "{\"accountId\":\"worker-account\"}"), 200);
	signer_use("worker-account@litedrill.iam.gserviceaccount.com");
	f = form_new(w, "a", "");
	refused(&f, 403, "AccessDenied", "worker-account@litedrill.iam."
	    "gserviceaccount.com does not have storage.objects.create");
}
END_TEST

START_TEST(anonymous_form_needs_a_public_bucket)
{
	struct form f = { .filename = "f", .data = DATA, .ndata = 20,
	    .path = BUCKET };
	struct store_write w = { 0 };
	struct bucket b;

	field(&f, "key", "open");
	refused(&f, 403, "AccessDenied", "Anonymous caller does not have");
	ck_assert_int_eq(store_bucket_set_policy(cl.emu->store, &w,
	    "drill-bucket", "{\"bindings\":[{\"role\":"
	    "\"roles/storage.objectCreator\",\"members\":[\"allUsers\"]},"
	    "{\"role\":\"roles/storage.objectViewer\",\"members\":"
	    "[\"allUsers\"]}]}", -1, &sg.arena, &b), STORE_OK);
	posted(&f, 204);
	ck_assert_str_eq(holds(BUCKET "/open"), DATA);
}
END_TEST

START_TEST(broken_forms_are_named)
{
	const char *const h[] = { "Content-Type: multipart/form-data", NULL };
	struct form f = form_new(WAY_V4_RSA, "a", ""), big;

	f.no_file = true;
	refused(&f, 400, "IncorrectNumberOfFilesInPOSTRequest",
	    "exactly one file");
	f = form_new(WAY_V4_RSA, "a", "");
	f.no_end = true;
	refused(&f, 400, "MalformedPOSTRequest", "well-formed");
	f.kv[0].k = "keys";
	f.no_end = false;
	refused(&f, 400, "InvalidArgument", "Cannot create buckets");
	f = form_new(WAY_V4_RSA, "", "");
	ck_assert_int_eq(post(&f), 400);
	ck_assert_int_eq(client_try("POST", client_url(BUCKET), "x", 1, h),
	    CURLE_OK);
	ck_assert_int_eq(cl.status, 400);
	shot_code_is("MalformedPOSTRequest");
	ck_assert_int_eq(client_ask("POST", BUCKET, "key=a", 5,
	    "Content-Type: application/x-www-form-urlencoded"), 400);
	big = form_new(WAY_V4_RSA, "a", "");
	field(&big, "x-ignore-much", arena_printf(&sg.arena, "%070000d", 7));
	refused(&big, 400, "MaxPostPreDataLengthExceededError", "too large");
}
END_TEST

START_TEST(off_unknown_signer_is_anybody)
{
	struct form f;

	sg.email = "nobody@elsewhere.example";
	sg.hmac.access_id = "GOOG1EAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	f = form_new((enum way)_i, "a", "");
	posted(&f, 204);
	f.kv[0].v = "";
	ck_assert_int_eq(post(&f), 400);
	f = form_new((enum way)_i, "a", "{\"acl\":\"private\"}");
	refused(&f, 400, "InvalidPolicyDocument", "acl");
}
END_TEST

/* ---- headers of parts ---- */

START_TEST(disposition_is_read_as_browsers_write_it)
{
	static const struct { const char *h, *name, *filename; } t[] = {
		{ "form-data; name=\"a\"", "a", "" },
		{ "form-data; name=a; filename=b", "a", "b" },
		{ "form-data; filename=\"x; name=\\\"y\\\"\"; name=\"z\"",
		    "z", "x; name=\"y\"" },
		{ "form-data;name=\"a\";filename=\"C:\\dir\\b.txt\"", "a",
		    "b.txt" },
		{ "form-data; name=\"a\"; filename=\"b\"; "
		    "filename*=UTF-8''%C3%A9%20c", "a", "\xc3\xa9 c" },
		{ "form-data; name=\"\"", "", "" },
		{ "form-data", NULL, "" },
		{ "form-data; name", NULL, "" },
		{ "form-data; name=\"open", "open", "" },
		{ "", NULL, "" },
	};
	struct arena a = ARENA_INIT;

	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_pstr_eq(disposition_param(&a, t[i].h, "name"),
		    t[i].name);
		ck_assert_str_eq(disposition_filename(&a, t[i].h),
		    t[i].filename);
	}
	arena_release(&a);
}
END_TEST

static int begun[4], nbegun;

static void
on_begin(void *cls, int n)
{

	(void)cls;
	begun[nbegun++] = n;
}

static void
on_bytes(void *cls, int n, const void *p, size_t len)
{

	(void)cls;
	(void)p;
	ck_assert_int_eq(n, 1);
	ck_assert_uint_gt(len, 0);
}

/* An empty part has no bytes, but it begins. */
START_TEST(parts_begin_even_where_they_are_empty)
{
	static const char body[] = "--x\r\nA: 1\r\n\r\n\r\n--x\r\n\r\nb\r\n"
	    "--x\r\nC: 3\r\n\r\n\r\n--x--";
	struct arena a = ARENA_INIT;
	struct multipart *m;

	for (size_t step = 1; step < sizeof(body); step++) {
		m = multipart_new(&a, "x", on_bytes, NULL);
		multipart_on_begin(m, on_begin);
		nbegun = 0;
		for (size_t i = 0; i < sizeof(body) - 1; i += step)
			multipart_feed(m, body + i, sizeof(body) - 1 - i <
			    step ? sizeof(body) - 1 - i : step);
		ck_assert(multipart_done(m));
		ck_assert_int_eq(nbegun, 3);
		for (int i = 0; i < 3; i++)
			ck_assert_int_eq(begun[i], i);
		multipart_release(m);
	}
	arena_release(&a);
}
END_TEST

static void
add_forms(TCase *t)
{

	tcase_add_loop_test(t, file_is_stored, 0, WAYS);
	tcase_add_test(t, bucket_is_named_in_many_ways);
	tcase_add_test(t, filename_takes_its_place_in_the_key);
	tcase_add_test(t, fields_become_metadata);
	tcase_add_test(t, success_is_answered_as_asked);
	tcase_add_test(t, success_goes_where_the_form_says);
	tcase_add_test(t, large_file_streams_by);
	tcase_add_loop_test(t, forged_policy_or_signature, 0, WAYS);
	tcase_add_test(t, forged_credentials);
	tcase_add_loop_test(t, signature_left_out_is_no_anonymous_form, 0,
	    WAYS);
	tcase_add_loop_test(t, expired_policy_is_refused, 0, WAYS);
	tcase_add_test(t, conditions_are_kept);
	tcase_add_test(t, length_is_kept_within_the_range);
	tcase_add_test(t, every_field_must_be_covered);
	tcase_add_test(t, policy_of_another_bucket_is_none_here);
	tcase_add_loop_test(t, signer_needs_the_right_itself, 0, WAYS);
	tcase_add_test(t, anonymous_form_needs_a_public_bucket);
	tcase_add_test(t, broken_forms_are_named);
}

int
main(void)
{
	Suite *s = suite_create("post_policy");
	TCase *on = tcase_create("on"), *off = tcase_create("off");
	TCase *parts = tcase_create("parts");
	SRunner *r;
	int failed;

	signer_make_key();
	tcase_set_timeout(on, 60);
	tcase_add_checked_fixture(on, setup, teardown);
	tcase_add_checked_fixture(off, setup_off, teardown);
	add_forms(on);
	tcase_add_loop_test(off, off_unknown_signer_is_anybody, 0, WAYS);
	tcase_add_test(parts, disposition_is_read_as_browsers_write_it);
	tcase_add_test(parts, parts_begin_even_where_they_are_empty);
	suite_add_tcase(s, on);
	suite_add_tcase(s, off);
	suite_add_tcase(s, parts);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
