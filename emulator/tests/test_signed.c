/* Signatures of requests, over sockets: those that are good, and many that
 * are not. */
#include "emulator/store/checksum.h"
#include "emulator/tests/signer.h"

#define OBJ	"/drill-bucket/dir/a%20b"
#define DATA	"what is behind the signature"

static void
begin(enum start_auth auth)
{

	signer_start(auth);
	ck_assert_int_eq(signer_ask("POST", "/storage/v1/b?project=litedrill",
	    "{\"name\":\"drill-bucket\"}"), 200);
	ck_assert_int_eq(signer_ask("POST", "/upload/storage/v1/b/"
	    "drill-bucket/o?uploadType=media&name=dir/a%20b", DATA), 200);
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

static struct shot
good(enum shot_form f, const char *method)
{
	struct shot s = shot_new(method, OBJ);

	shot_sign(&s, f);
	return (s);
}

/* ---- what is good ---- */

START_TEST(get_is_let_in)
{
	struct shot s = good((enum shot_form)_i, "GET");

	ck_assert_msg(shot_fire(&s) == 200, "%d %s", cl.status, cl.body.p);
	ck_assert_str_eq(cl.body.p, DATA);
	s = good((enum shot_form)_i, "HEAD");
	ck_assert_int_eq(shot_fire(&s), 200);
}
END_TEST

START_TEST(put_and_delete_are_let_in)
{
	enum shot_form f = (enum shot_form)_i;
	struct shot s = shot_new("PUT", "/drill-bucket/new");
	bool amz = f == FORM_AWS4_HEADER || f == FORM_AWS2_HEADER;

	s.body = "some bytes";
	s.nbody = 10;
	shot_header(&s, amz ? "x-amz-meta-colour" : "x-goog-meta-colour",
	    "  red   or blue ");
	shot_sign(&s, f);
	ck_assert_msg(shot_fire(&s) == 200, "%d %s", cl.status, cl.body.p);
	ck_assert_int_eq(signer_ask("GET", "/storage/v1/b/drill-bucket/o/new"
	    "?alt=media", NULL), 200);
	ck_assert_str_eq(cl.body.p, "some bytes");
	s = shot_new("DELETE", "/drill-bucket/new");
	shot_sign(&s, f);
	ck_assert_int_eq(shot_fire(&s), 204);
}
END_TEST

START_TEST(list_with_parameters_is_let_in)
{
	struct shot s = shot_new("GET", "/drill-bucket");

	shot_query(&s, "prefix", "dir/");
	shot_query(&s, "delimiter", "/ ?&=+~\xc3\xa9");
	shot_sign(&s, (enum shot_form)_i);
	ck_assert_msg(shot_fire(&s) == 200, "%d %s", cl.status, cl.body.p);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "<Key>dir/a b</Key>"));
}
END_TEST

/* gsutil writes the parameters small, and others the scope otherwise. */
START_TEST(parameters_may_be_small_and_the_location_any)
{
	struct shot s = shot_new("GET", OBJ), bare;
	const char *date = shot_time(0, "%Y%m%dT%H%M%SZ");
	const char *scope = arena_printf(&sg.arena,
	    "%.8s/europe-west9/storage/goog4_request", date);
	struct canon_v4 o = { .signature = "x-goog-signature",
	    .signed_headers = "host", .payload = "UNSIGNED-PAYLOAD" };
	struct canon c;

	shot_query(&s, "x-goog-algorithm", "GOOG4-RSA-SHA256");
	shot_query(&s, "x-goog-credential", arena_printf(&sg.arena, "%s/%s",
	    sg.email, scope));
	shot_query(&s, "x-goog-date", date);
	shot_query(&s, "x-goog-expires", "604800");
	shot_query(&s, "x-goog-signedheaders", "host");
	bare = s;
	c = shot_canon(&bare);
	shot_query(&s, "x-goog-signature", shot_rsa(canon_v4_string(&sg.arena,
	    "GOOG4-RSA-SHA256", date, scope, canon_v4(&sg.arena, &c, &o)),
	    true));
	ck_assert_msg(shot_fire(&s) == 200, "%d %s", cl.status, cl.body.p);
}
END_TEST

START_TEST(host_may_be_signed_without_its_port)
{
	struct shot s = shot_new("GET", OBJ);
	struct shot_v4 v = shot_v4_of(FORM_V4_RSA);
	const char *host = s.host;

	s.host = "127.0.0.1";
	shot_sign_v4(&s, &v);
	s.host = host;
	ck_assert_int_eq(shot_fire(&s), 200);
	s = shot_new("GET", OBJ);
	s.host = "127.0.0.2";
	shot_sign_v4(&s, &v);
	s.host = host;
	ck_assert_int_eq(shot_fire(&s), 403);
}
END_TEST

/* The bucket in the host: Google's, localhost's, or one of its own. */
static void
let_in_at(enum shot_form f, const char *host, const char *bucket)
{
	struct shot s = shot_new("GET", "/dir/a%20b");
	struct canon_v2 o = { .bucket = bucket };
	struct canon c;

	s.host = host;
	if (f < FORM_V2_RSA)
		shot_sign(&s, f);
	else {
		o.when = arena_printf(&sg.arena, "%lld", (long long)
		    (clock_wall_us(NULL) / 1000000 + 60));
		c = shot_canon(&s);
		shot_query(&s, "GoogleAccessId", sg.email);
		shot_query(&s, "Expires", o.when);
		shot_query(&s, "Signature", shot_rsa(canon_v2(&sg.arena, &c,
		    &o), false));
	}
	ck_assert_msg(shot_fire(&s) == 200, "%s: %d %s", host, cl.status,
	    cl.body.p);
	ck_assert_str_eq(cl.body.p, DATA);
}

START_TEST(virtual_host_is_let_in)
{
	enum shot_form f = (enum shot_form)_i;

	let_in_at(f, "drill-bucket.storage.googleapis.com", "drill-bucket");
	let_in_at(f, "Drill-Bucket.localhost:8080", "drill-bucket");
}
END_TEST

START_TEST(host_that_is_a_bucket_is_let_in)
{
	enum shot_form f = (enum shot_form)_i;
	struct shot s = shot_new("GET", "/dir/a%20b");

	s.host = "files.drill.example";
	shot_sign(&s, f);
	ck_assert_int_eq(shot_fire(&s), 403);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "does not answer"));
	ck_assert_int_eq(signer_ask("POST", "/storage/v1/b?project=litedrill",
	    "{\"name\":\"files.drill.example\"}"), 200);
	ck_assert_int_eq(signer_ask("POST", "/upload/storage/v1/b/files.drill."
	    "example/o?uploadType=media&name=dir/a%20b", DATA), 200);
	let_in_at(f, "files.drill.example", "files.drill.example");
}
END_TEST

START_TEST(resumable_upload_begins_with_a_signed_url)
{
	struct shot s = shot_new("POST", "/drill-bucket/resumed");
	const char *location;

	s.body = "";
	shot_header(&s, "x-goog-resumable", "start");
	shot_sign(&s, (enum shot_form)_i);
	ck_assert_msg(shot_fire(&s) == 201, "%d %s", cl.status, cl.body.p);
	location = arena_strdup(&sg.arena, client_header("Location"));
	ck_assert_int_eq(client_try("PUT", location, "0123456789", 10, NULL),
	    CURLE_OK);
	ck_assert_int_eq(cl.status, 200);
	ck_assert_int_eq(signer_ask("GET", "/drill-bucket/resumed", NULL),
	    200);
	ck_assert_str_eq(cl.body.p, "0123456789");
}
END_TEST

/* Said by whoever signs, where the session begins; kept where it ends. */
START_TEST(resumable_upload_keeps_the_signed_length)
{
	static const struct { const char *body, *code; int status; } t[] = {
		{ "0123", "EntityTooSmall", 400 },
		{ "0123456789A", "EntityTooLarge", 400 },
		{ "0123456789", NULL, 200 },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		struct shot s = shot_new("POST", "/drill-bucket/ranged");
		const char *location;

		s.body = "";
		shot_header(&s, "x-goog-resumable", "start");
		shot_header(&s, "x-goog-content-length-range", "5,10");
		shot_sign(&s, FORM_V4_RSA);
		ck_assert_int_eq(shot_fire(&s), 201);
		location = arena_strdup(&sg.arena, client_header("Location"));
		ck_assert_int_eq(client_try("PUT", location, t[i].body,
		    strlen(t[i].body), NULL), CURLE_OK);
		ck_assert_int_eq(cl.status, t[i].status);
		if (t[i].code != NULL)
			shot_code_is(t[i].code);
		ck_assert_int_eq(signer_ask("GET", "/drill-bucket/ranged",
		    NULL), t[i].code == NULL ? 200 : 404);
	}
}
END_TEST

/* ---- what is forged: not one may be let in ---- */

static int forged;

static void
refused_at(const struct shot *s, const char *url, const char *what)
{
	int status = shot_fire_at(s, url);

	forged++;
	ck_assert_msg(status == 400 || status == 403, "%s: %d at %s", what,
	    status, url);
	ck_assert_ptr_null(strstr(cl.body.p, DATA));
}

static void
refused(const struct shot *s, const char *what)
{

	refused_at(s, shot_url(s), what);
}

/* Each byte of the URL behind the host becomes another. */
START_TEST(forged_each_byte_of_the_url)
{
	enum shot_form f = (enum shot_form)_i;
	struct shot s = good(f, "GET");
	char *url = arena_strdup(&sg.arena, shot_url(&s));
	size_t at = strlen("http://127.0.0.1:") + strcspn(url + 17, "/");

	/* the bucket's name is not a secret: another is not there */
	at += strlen("/drill-bucket/");
	for (; url[at] != '\0'; at++) {
		char was = url[at];

		url[at] = was == 'x' ? 'y' : 'x';
		if (was == '%' || (at > 0 && url[at - 1] == '%') ||
		    (at > 1 && url[at - 2] == '%'))
			url[at] = was == '3' ? '2' : '3';
		refused_at(&s, url, "a byte of the URL");
		url[at] = was;
	}
	ck_assert_int_eq(shot_fire_at(&s, url), 200);
	ck_assert_int_gt(forged, 140);
}
END_TEST

/* Each byte of the Authorization header's signature and credential. */
START_TEST(forged_each_byte_of_the_header)
{
	struct shot s = good((enum shot_form)_i, "GET");
	const char **v = shot_find(s.headers, s.nheaders, "Authorization");
	const char *whole = *v;

	/* "GOOG1 " and "AWS " are the words of one another's family, which
	 * cover the same where no x-amz- header is; other words are no
	 * signature, so that nobody asks */
	for (size_t i = strcspn(whole, " ") + 1; whole[i] != '\0'; i++) {
		char *copy = arena_strdup(&sg.arena, whole);
		int status;

		if (copy[i] == ' ')
			continue;
		copy[i] = copy[i] == 'x' ? 'y' : 'x';
		*v = copy;
		status = shot_fire(&s);
		forged++;
		ck_assert_msg(status == 400 || status == 403, "%d: %s",
		    status, copy);
	}
	*v = whole;
	ck_assert_int_eq(shot_fire(&s), 200);
	ck_assert_int_gt(forged, 60);
}
END_TEST

START_TEST(forged_each_parameter_left_out_or_doubled)
{
	enum shot_form f = (enum shot_form)_i;
	struct shot whole = good(f, "GET"), s;

	for (size_t i = 0; i < whole.nquery; i++) {
		s = whole;
		memmove(&s.query[i], &s.query[i + 1], (s.nquery - i - 1) *
		    sizeof(*s.query));
		s.nquery--;
		refused(&s, whole.query[i].k);
		s = whole;
		shot_query(&s, s.query[i].k, s.query[i].v);
		refused(&s, whole.query[i].k);
		s = whole;
		s.query[i].v = "";
		refused(&s, whole.query[i].k);
	}
	s = whole;
	shot_query(&s, f < FORM_V2_RSA ? "any" : "acl", "");
	refused(&s, "one more parameter");
}
END_TEST

START_TEST(forged_other_request)
{
	static const char *const methods[] = { "HEAD", "PUT", "DELETE",
	    "POST" };
	static const char *const paths[] = { "/drill-bucket/dir/a",
	    "/drill-bucket/dir/a%20b/", "/drill-bucket//dir/a%20b",
	    "/drill-bucket/dir%2Fa%20b", "/drill-bucket/dir/a%20%62" };
	enum shot_form f = (enum shot_form)_i;
	struct shot whole = good(f, "GET"), s;

	for (size_t i = 0; i < NELEMS(methods); i++) {
		s = whole;
		s.method = methods[i];
		if (strcmp(s.method, "PUT") == 0 ||
		    strcmp(s.method, "POST") == 0)
			s.body = "";
		refused(&s, methods[i]);
	}
	for (size_t i = 0; i < NELEMS(paths); i++) {
		s = whole;
		s.path = paths[i];
		refused(&s, paths[i]);
	}
	s = whole;
	if (f < FORM_V2_RSA) {
		s.host = "localhost";
		refused(&s, "another host");
		s.host = "storage.googleapis.com";
		refused(&s, "another host");
	} else {
		shot_header(&s, "Content-Type", "text/plain");
		refused(&s, "a type that was not signed");
	}
	s = whole;
	shot_header(&s, "x-goog-acl", "public-read");
	refused(&s, "an extension header that was not signed");
	s = whole;
	shot_header(&s, "x-goog-user-project", "other");
	refused(&s, "an extension header that was not signed");
	ck_assert_int_eq(signer_ask("GET", OBJ, NULL), 200);
	ck_assert_str_eq(cl.body.p, DATA);
}
END_TEST

START_TEST(forged_headers_of_a_put)
{
	enum shot_form f = (enum shot_form)_i;
	struct shot whole = shot_new("PUT", OBJ), s;

	whole.body = "overwritten";
	whole.nbody = 11;
	shot_header(&whole, "x-goog-meta-a", "1");
	shot_header(&whole, "x-goog-if-generation-match", "7");
	shot_sign(&whole, f);
	for (size_t i = 0; i < 2; i++) {
		s = whole;
		s.headers[i].v = "2";
		refused(&s, "another value");
		s = whole;
		shot_header(&s, s.headers[i].k, "3");
		refused(&s, "one more value");
		s = whole;
		memmove(&s.headers[i], &s.headers[i + 1], (s.nheaders - i -
		    1) * sizeof(*s.headers));
		s.nheaders--;
		refused(&s, "a signed header left out");
	}
	ck_assert_int_eq(signer_ask("GET", OBJ, NULL), 200);
	ck_assert_str_eq(cl.body.p, DATA);
}
END_TEST

/* A V2 text of one bucket must not open an object of that path in another:
 * /drill-bucket/dir/a%20b there, /other/drill-bucket/dir/… here. */
START_TEST(forged_path_in_another_bucket)
{
	struct shot s = shot_new("GET", "/drill-bucket/dir/a%20b");

	ck_assert_int_eq(signer_ask("POST", "/storage/v1/b?project=litedrill",
	    "{\"name\":\"other-bucket\"}"), 200);
	ck_assert_int_eq(signer_ask("POST", "/upload/storage/v1/b/"
	    "other-bucket/o?uploadType=media&name=drill-bucket/dir/a%20b",
	    "x"), 200);
	shot_sign_v2(&s, FORM_V2_RSA, 60);
	s.host = "other-bucket.storage.googleapis.com";
	ck_assert_int_eq(shot_fire(&s), 403);
	shot_code_is("SignatureDoesNotMatch");
}
END_TEST

START_TEST(forged_by_another_key)
{
	struct hmac_key was = sg.hmac, other;
	const char *pem;

	pem = sg.pem;
	ck_assert_int_eq(hmac_new(cl.emu, &sg.arena, "litedrill", sg.email,
	    &other), STORE_OK);
	for (enum shot_form f = 0; f < FORMS; f++) {
		struct shot s;
		const char *mine;

		/* the id of the one with the secret of the other */
		sg.hmac.secret = other.secret;
		if (f == FORM_V4_RSA || f == FORM_V2_RSA) {
			struct err e = ERR_INIT;

			ck_assert_int_eq(jwt_new_key(&sg.arena, &sg.pem, &mine,
			    &e), 0);
		}
		s = good(f, "GET");
		refused(&s, "another key");
		shot_code_is("SignatureDoesNotMatch");
		sg.hmac = was;
		sg.pem = pem;
	}
}
END_TEST

/* ---- errors and their words ---- */

START_TEST(mismatch_shows_what_should_have_been_signed)
{
	struct shot s = good(FORM_V4_RSA, "GET");

	*shot_find(s.query, s.nquery, "X-Goog-Expires") = "601";
	ck_assert_int_eq(shot_fire(&s), 403);
	shot_code_is("SignatureDoesNotMatch");
	ck_assert_ptr_nonnull(strstr(cl.body.p, arena_printf(&sg.arena,
	    "<StringToSign>GOOG4-RSA-SHA256\n%s\n", *shot_find(s.query,
	    s.nquery, "X-Goog-Date"))));
	ck_assert_ptr_nonnull(strstr(cl.body.p,
	    "<CanonicalRequest>GET\n" OBJ "\nX-Goog-Algorithm="));
	ck_assert_ptr_nonnull(strstr(cl.body.p, "\nUNSIGNED-PAYLOAD<"));
	ck_assert_ptr_null(strstr(cl.body.p, *shot_find(s.query, s.nquery,
	    "X-Goog-Signature")));
}
END_TEST

static void
shift(int64_t seconds)
{

	cl.emu->clock.shift_us = seconds * 1000000;
}

START_TEST(expired_is_400_by_the_emulators_clock)
{
	enum shot_form f = (enum shot_form)_i;
	struct shot s = good(f, "GET");

	shift(580);
	ck_assert_int_eq(shot_fire(&s), 200);
	shift(602);
	ck_assert_int_eq(shot_fire(&s), 400);
	shot_code_is("ExpiredToken");
	ck_assert_ptr_nonnull(strstr(cl.body.p,
	    "Request signature expired at: "));
	shift(0);
	ck_assert_int_eq(shot_fire(&s), 200);
}
END_TEST

START_TEST(future_and_stale_dates_are_too_skewed)
{
	enum shot_form f = (enum shot_form)_i;
	bool header = f == FORM_V4_HEADER || f == FORM_AWS4_HEADER ||
	    f == FORM_V2_HEADER || f == FORM_AWS2_HEADER;
	struct shot s = good(f, "GET");

	shift(-14 * 60);
	ck_assert_int_eq(shot_fire(&s), 200);
	shift(-16 * 60);
	ck_assert_int_eq(shot_fire(&s), 403);
	shot_code_is("RequestTimeTooSkewed");
	if (!header)
		return;
	shift(14 * 60);
	ck_assert_int_eq(shot_fire(&s), 200);
	shift(16 * 60);
	ck_assert_int_eq(shot_fire(&s), 403);
	shot_code_is("RequestTimeTooSkewed");
}
END_TEST

START_TEST(expires_is_at_most_a_week)
{
	static const struct { const char *expires; int status; } t[] = {
		{ "1", 200 }, { "604800", 200 }, { "604801", 400 },
		{ "0", 400 }, { "-1", 400 }, { "+60", 400 }, { "6x", 400 },
		{ "9223372036854775807", 400 }, { "1e3", 400 }, { " 60", 400 },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		struct shot s = shot_new("GET", OBJ);
		struct shot_v4 v = shot_v4_of(FORM_V4_HMAC);

		v.expires = t[i].expires;
		shot_sign_v4(&s, &v);
		ck_assert_msg(shot_fire(&s) == t[i].status, "%s: %d",
		    t[i].expires, cl.status);
	}
}
END_TEST

START_TEST(malformed_is_400_and_named)
{
	static const struct { const char *k, *v, *code; } t[] = {
		{ "X-Goog-Algorithm", "GOOG4-RSA-SHA1", "InvalidArgument" },
		{ "X-Goog-Algorithm", "AWS4-HMAC-SHA256",
		    "MalformedSecurityHeader" },
		{ "X-Goog-Credential", "a@b", "MalformedSecurityHeader" },
		{ "X-Goog-Credential", "a@b/20190201/auto/s3/goog4_request",
		    "MalformedSecurityHeader" },
		{ "X-Goog-Credential",
		    "a@b/20190201/auto/storage/goog4_request",
		    "MalformedSecurityHeader" },
		{ "X-Goog-Credential", "/////", "MalformedSecurityHeader" },
		{ "X-Goog-Date", "2019-02-01T09:00:00Z",
		    "MalformedSecurityHeader" },
		{ "X-Goog-Date", "20190231T090000Z",
		    "MalformedSecurityHeader" },
		{ "X-Goog-SignedHeaders", "x-goog-date",
		    "MalformedSecurityHeader" },
		{ "X-Goog-SignedHeaders", "host;x-none",
		    "MalformedSecurityHeader" },
		{ "X-Goog-Signature", "zz", "MalformedSecurityHeader" },
		{ "X-Goog-Signature", "abc", "MalformedSecurityHeader" },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		struct shot s = good(FORM_V4_RSA, "GET");

		*shot_find(s.query, s.nquery, t[i].k) = t[i].v;
		ck_assert_msg(shot_fire(&s) == 400, "%s=%s: %d %s", t[i].k,
		    t[i].v, cl.status, cl.body.p);
		shot_code_is(t[i].code);
	}
}
END_TEST

START_TEST(two_signatures_are_one_too_many)
{
	struct shot s = good(FORM_V4_RSA, "GET");

	shot_sign_v2(&s, FORM_V2_RSA, 60);
	ck_assert_int_eq(shot_fire(&s), 400);
	s = good(FORM_V4_RSA, "GET");
	shot_header(&s, "Authorization", "AWS a:b");
	ck_assert_int_eq(shot_fire(&s), 400);
}
END_TEST

START_TEST(unknown_signer_is_refused)
{
	enum shot_form f = (enum shot_form)_i;
	struct shot s;

	sg.email = "nobody@litedrill.iam.gserviceaccount.com";
	sg.hmac.access_id = "GOOG1EAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	s = good(f, "GET");
	ck_assert_int_eq(shot_fire(&s), 403);
	shot_code_is("InvalidSecurity");
}
END_TEST

/* ---- keys and rights ---- */

#define WORKER	"worker-account@litedrill.iam.gserviceaccount.com"

static void
worker(void)
{

	ck_assert_int_eq(signer_ask("POST",
	    "/v1/projects/litedrill/serviceAccounts",
	    "{\"accountId\":\"worker-account\"}"), 200);
	signer_use(WORKER);
}

START_TEST(signer_needs_the_right_itself)
{
	enum shot_form f = (enum shot_form)_i;
	struct store_write w = { 0 };
	struct bucket b;
	struct shot s;

	worker();
	s = good(f, "GET");
	ck_assert_int_eq(shot_fire(&s), 403);
	shot_code_is("AccessDenied");
	ck_assert_ptr_nonnull(strstr(cl.body.p, WORKER
	    " does not have storage.objects.get access"));
	ck_assert_int_eq(store_bucket_set_policy(cl.emu->store, &w,
	    "drill-bucket", "{\"bindings\":[{\"role\":"
	    "\"roles/storage.objectViewer\",\"members\":[\"serviceAccount:"
	    WORKER "\"]}]}", -1, &sg.arena, &b), STORE_OK);
	ck_assert_int_eq(shot_fire(&s), 200);
	s = good(f, "DELETE");
	ck_assert_int_eq(shot_fire(&s), 403);
	shot_code_is("AccessDenied");
}
END_TEST

START_TEST(disabled_account_and_key_are_refused)
{
	struct shot rsa, hmac;
	json_auto_t *acc = NULL;
	struct hmac_key k;
	int64_t version;

	worker();
	rsa = good(FORM_V4_RSA, "GET");
	hmac = good(FORM_V4_HMAC, "GET");
	ck_assert_int_eq(shot_fire(&rsa), 403);
	shot_code_is("AccessDenied");		/* known, without rights */
	ck_assert_int_eq(client_ask("POST", "/v1/projects/-/serviceAccounts/"
	    WORKER ":disable", "{}", 2, sg.bearer), 200);
	ck_assert_int_eq(shot_fire(&rsa), 403);
	shot_code_is("InvalidSecurity");
	ck_assert_int_eq(shot_fire(&hmac), 403);
	shot_code_is("InvalidSecurity");
	ck_assert_int_eq(client_ask("POST", "/v1/projects/-/serviceAccounts/"
	    WORKER ":enable", "{}", 2, sg.bearer), 200);
	ck_assert_int_eq(hmac_get(cl.emu, &sg.arena, sg.hmac.access_id, &k),
	    STORE_OK);
	ck_assert_int_eq(hmac_set_state(cl.emu, &k, HMAC_INACTIVE), STORE_OK);
	ck_assert_int_eq(shot_fire(&hmac), 403);
	shot_code_is("InvalidSecurity");
	ck_assert_int_eq(hmac_set_state(cl.emu, &k, HMAC_DELETED), STORE_OK);
	ck_assert_int_eq(shot_fire(&hmac), 403);
	shot_code_is("InvalidSecurity");
	ck_assert_int_eq(iam_account(cl.emu, &sg.arena, WORKER, &acc,
	    &version), STORE_OK);
	ck_assert_int_eq(iam_key_delete_all(cl.emu, &sg.arena, acc),
	    STORE_OK);
	ck_assert_int_eq(shot_fire(&rsa), 403);
	shot_code_is("SignatureDoesNotMatch");
}
END_TEST

/* An RSA signature cannot pass for an HMAC one, nor the other way. */
START_TEST(algorithm_is_that_of_the_key)
{
	struct shot s = shot_new("GET", OBJ);
	struct shot_v4 v = shot_v4_of(FORM_V4_HMAC);

	v.id = sg.email;
	shot_sign_v4(&s, &v);
	ck_assert_int_eq(shot_fire(&s), 403);
	s = shot_new("GET", OBJ);
	v = shot_v4_of(FORM_V4_RSA);
	v.id = sg.hmac.access_id;
	shot_sign_v4(&s, &v);
	ck_assert_int_eq(shot_fire(&s), 403);
}
END_TEST

START_TEST(json_api_takes_no_signature)
{
	struct shot s = shot_new("GET",
	    "/storage/v1/b/drill-bucket/o/dir%2Fa%20b");

	shot_query(&s, "alt", "media");
	shot_sign(&s, FORM_V4_RSA);
	ck_assert_int_eq(shot_fire(&s), 401);
}
END_TEST

START_TEST(journal_knows_the_signer_and_no_secret)
{
	struct journal_filter all = { .since = 0 };
	struct shot s = good(FORM_V4_HMAC, "GET");
	const char *sig = *shot_find(s.query, s.nquery, "X-Goog-Signature");
	const char *secret;
	json_auto_t *made = NULL, *j = NULL;
	char *text;

	ck_assert_int_eq(shot_fire(&s), 200);
	ck_assert_int_eq(signer_ask("POST", arena_printf(&sg.arena,
	    "/storage/v1/projects/litedrill/hmacKeys?serviceAccountEmail=%s",
	    sg.email), NULL), 200);
	made = client_json();
	secret = json_string_value(json_object_get(made, "secret"));
	ck_assert_uint_eq(strlen(secret), 40);
	all.api = "storage.objects.get";
	ck_assert(journal_wait(cl.emu->journal, &all, 1, 10000000));
	all.api = "storage.projects.hmacKeys.create";
	ck_assert(journal_wait(cl.emu->journal, &all, 1, 10000000));
	all.api = NULL;
	j = journal_get(cl.emu->journal, &all, 100);
	text = json_dumps(j, 0);
	ck_assert_ptr_nonnull(strstr(text, "\"auth\": \"signed\""));
	ck_assert_ptr_nonnull(strstr(text, sg.email));
	ck_assert_ptr_null(strstr(text, sig));
	ck_assert_ptr_null(strstr(text, secret));
	ck_assert_ptr_null(strstr(text, sg.hmac.secret));
	free(text);
}
END_TEST

/* ---- without authentication ---- */

START_TEST(off_unknown_signer_is_anybody)
{
	enum shot_form f = (enum shot_form)_i;
	struct shot s;

	sg.email = "nobody@elsewhere.example";
	sg.hmac.access_id = "GOOG1EAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	s = good(f, "GET");
	ck_assert_int_eq(shot_fire(&s), 200);
	ck_assert_str_eq(cl.body.p, DATA);
	shift(3600);
	ck_assert_int_ge(shot_fire(&s), 400);
}
END_TEST

START_TEST(off_known_signer_must_be_right)
{
	enum shot_form f = (enum shot_form)_i;
	struct shot s = good(f, "GET");

	ck_assert_int_eq(shot_fire(&s), 200);
	s.path = "/drill-bucket/other";
	ck_assert_int_eq(shot_fire(&s), 403);
	shot_code_is("SignatureDoesNotMatch");
	s.path = OBJ;
	shift(3600);
	ck_assert_int_ge(shot_fire(&s), 400);
}
END_TEST

/* ---- bodies ---- */

static int64_t
size_of(const char *path)
{

	return (signer_ask("GET", path, NULL) == 200 ?
	    (int64_t)cl.body.len : -1);
}

START_TEST(body_must_be_the_one_that_was_hashed)
{
	enum shot_form f = (enum shot_form)_i;
	struct shot s = shot_new("PUT", "/drill-bucket/hashed");

	s.body = "the right body";
	s.nbody = 14;
	if (f == FORM_V4_RSA)
		shot_header(&s, "X-Goog-Content-SHA256", sign_sha256(
		    &sg.arena, s.body, s.nbody));
	shot_sign(&s, f);
	s.body = "the wrong body";
	ck_assert_int_eq(shot_fire(&s), 400);
	shot_code_is("XAmzContentSHA256Mismatch");
	ck_assert_int_eq(size_of("/drill-bucket/hashed"), -1);
	s.body = "the right body";
	ck_assert_int_eq(shot_fire(&s), 200);
	ck_assert_int_eq(size_of("/drill-bucket/hashed"), 14);
}
END_TEST

static const char *
crc_of(const char *text)
{
	char b64[9];

	checksum_crc32c_b64(b64, checksum_crc32c(0, text, strlen(text)));
	return (arena_strdup(&sg.arena, b64));
}

/* A body in signed chunks; `wrong` is what is wrong with it. */
enum wrong { W_NOTHING, W_DATA, W_ORDER, W_SIGNATURE, W_END, W_LENGTH,
	W_TRAILER, W_SUM, W_GARBAGE, W_MAX };

static struct buf
chunks(const unsigned char key[SIGN_SHA256], const char *date,
    const char *seed, bool trailer, enum wrong wrong)
{
	static const char *const parts[] = { "first, ", "second", "" };
	const char *scope = arena_printf(&sg.arena,
	    "%.8s/auto/s3/aws4_request", date), *before = seed, *empty, *sum;
	const char *out[3];
	struct buf b;

	empty = sign_sha256(&sg.arena, "", 0);
	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(parts[i]);
		char *data = arena_strdup(&sg.arena, parts[i]);

		before = sign_v4(&sg.arena, key, arena_printf(&sg.arena,
		    "AWS4-HMAC-SHA256-PAYLOAD\n%s\n%s\n%s\n%s\n%s", date,
		    scope, before, empty, sign_sha256(&sg.arena, parts[i],
		    n)));
		if (wrong == W_DATA && i == 1)
			data[0] = 'S';
		out[i] = arena_printf(&sg.arena, "%zx;chunk-signature=%s\r\n"
		    "%s%s", n, wrong == W_SIGNATURE && i == 2 ? seed :
		    before, data, n > 0 ? "\r\n" : "");
	}
	buf_init(&b, 4096);
	buf_adds(&b, out[wrong == W_ORDER]);
	buf_adds(&b, out[wrong != W_ORDER]);
	if (wrong == W_GARBAGE)
		buf_adds(&b, "zz\r\n");
	if (wrong != W_END)
		buf_adds(&b, out[2]);
	sum = wrong == W_SUM ? "AAAAAA==" : crc_of("first, second");
	if (trailer) {
		buf_addf(&b, "x-amz-checksum-crc32c:%s\r\n", sum);
		buf_addf(&b, "x-amz-trailer-signature:%s\r\n",
		    wrong == W_TRAILER ? seed : sign_v4(&sg.arena, key,
		    arena_printf(&sg.arena, "AWS4-HMAC-SHA256-TRAILER\n%s\n%s"
		    "\n%s\n%s", date, scope, before, sign_sha256(&sg.arena,
		    arena_printf(&sg.arena, "x-amz-checksum-crc32c:%s\n",
		    sum), strlen(sum) + 23))));
	}
	buf_adds(&b, "\r\n");
	return (b);
}

static int
put_chunks(bool trailer, enum wrong wrong)
{
	struct shot s = shot_new("PUT", "/drill-bucket/chunked");
	struct shot_v4 v = shot_v4_of(FORM_AWS4_HEADER);
	unsigned char key[SIGN_SHA256];
	const char *date, *seed;
	struct buf b;

	shot_header(&s, "Content-Encoding", "aws-chunked");
	shot_header(&s, "x-amz-decoded-content-length",
	    wrong == W_LENGTH ? "14" : "13");
	if (trailer)
		shot_header(&s, "x-amz-trailer", "x-amz-checksum-crc32c");
	seed = shot_sign_header(&s, &v, trailer ?
	    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" :
	    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
	date = *shot_find(s.headers, s.nheaders, "x-amz-date");
	shot_v4_key(&v, date, key);
	b = chunks(key, date, seed, trailer, wrong);
	s.body = b.p;
	s.nbody = b.len;
	(void)shot_fire(&s);
	buf_release(&b);
	return (cl.status);
}

START_TEST(chunks_are_taken_off_and_checked)
{
	for (int trailer = 0; trailer < 2; trailer++) {
		for (enum wrong w = W_DATA; w < W_MAX; w++) {
			int status;

			if (!trailer && (w == W_TRAILER || w == W_SUM))
				continue;
			status = put_chunks(trailer, w);
			ck_assert_msg(status == 400 || status == 403,
			    "%d %d: %d %s", trailer, (int)w, status,
			    cl.body.p);
			ck_assert_int_eq(size_of("/drill-bucket/chunked"), -1);
		}
		ck_assert_msg(put_chunks(trailer, W_NOTHING) == 200, "%d %s",
		    cl.status, cl.body.p);
		ck_assert_int_eq(size_of("/drill-bucket/chunked"), 13);
		ck_assert_str_eq(cl.body.p, "first, second");
		ck_assert_ptr_null(client_header("Content-Encoding"));
		ck_assert_int_eq(signer_ask("DELETE", "/drill-bucket/chunked",
		    NULL), 204);
	}
}
END_TEST

START_TEST(unsigned_chunks_with_a_checksum_behind)
{
	const struct { const char *sum; int status; } t[] = {
		{ crc_of("first, second"), 200 },
		{ crc_of("first, secomd"), 400 }, { "", 400 },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		struct shot s = shot_new("PUT", "/drill-bucket/chunked");
		struct shot_v4 v = shot_v4_of(FORM_AWS4_HEADER);

		shot_header(&s, "x-amz-decoded-content-length", "13");
		shot_header(&s, "x-amz-trailer", "x-amz-checksum-crc32c");
		(void)shot_sign_header(&s, &v,
		    "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
		s.body = arena_printf(&sg.arena, "d\r\nfirst, second\r\n0\r\n"
		    "x-amz-checksum-crc32c:%s\r\n\r\n", t[i].sum);
		s.nbody = strlen(s.body);
		ck_assert_msg(shot_fire(&s) == t[i].status, "%d %s",
		    cl.status, cl.body.p);
	}
}
END_TEST

START_TEST(other_streams_are_refused_by_name)
{
	struct shot s = shot_new("PUT", "/drill-bucket/chunked");
	struct shot_v4 v = shot_v4_of(FORM_AWS4_HEADER);

	s.body = "x";
	s.nbody = 1;
	(void)shot_sign_header(&s, &v,
	    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD");
	ck_assert_int_eq(shot_fire(&s), 501);
	ck_assert_ptr_nonnull(strstr(cl.body.p,
	    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"));
}
END_TEST

static void
add_forms(TCase *t)
{

	tcase_add_loop_test(t, get_is_let_in, 0, FORMS);
	tcase_add_loop_test(t, put_and_delete_are_let_in, 0, FORMS);
	tcase_add_loop_test(t, list_with_parameters_is_let_in, 0, FORMS);
	tcase_add_test(t, parameters_may_be_small_and_the_location_any);
	tcase_add_test(t, host_may_be_signed_without_its_port);
	tcase_add_loop_test(t, virtual_host_is_let_in, 0, FORM_V2_HMAC);
	tcase_add_loop_test(t, host_that_is_a_bucket_is_let_in, 0,
	    FORM_V2_HMAC);
	tcase_add_loop_test(t, resumable_upload_begins_with_a_signed_url,
	    FORM_V4_RSA, FORM_V4_RSA + 1);
	tcase_add_loop_test(t, resumable_upload_begins_with_a_signed_url,
	    FORM_V2_RSA, FORM_V2_RSA + 1);
	tcase_add_test(t, resumable_upload_keeps_the_signed_length);
}

static void
add_forged(TCase *t)
{

	tcase_add_loop_test(t, forged_each_byte_of_the_url, FORM_V4_RSA,
	    FORM_V4_HEADER);
	tcase_add_loop_test(t, forged_each_byte_of_the_url, FORM_V2_RSA,
	    FORM_V2_HEADER);
	tcase_add_loop_test(t, forged_each_byte_of_the_header,
	    FORM_V4_HEADER, FORM_V2_RSA);
	tcase_add_loop_test(t, forged_each_byte_of_the_header,
	    FORM_V2_HEADER, FORMS);
	tcase_add_loop_test(t, forged_each_parameter_left_out_or_doubled,
	    FORM_V4_RSA, FORM_V4_HEADER);
	tcase_add_loop_test(t, forged_each_parameter_left_out_or_doubled,
	    FORM_V2_RSA, FORM_V2_HEADER);
	tcase_add_loop_test(t, forged_other_request, 0, FORMS);
	tcase_add_loop_test(t, forged_headers_of_a_put, FORM_V4_RSA,
	    FORM_AWS4);
	tcase_add_loop_test(t, forged_headers_of_a_put, FORM_V2_RSA,
	    FORM_V2_HEADER);
	tcase_add_test(t, forged_path_in_another_bucket);
	tcase_add_test(t, forged_by_another_key);
}

static void
add_errors(TCase *t)
{

	tcase_add_test(t, mismatch_shows_what_should_have_been_signed);
	tcase_add_loop_test(t, expired_is_400_by_the_emulators_clock,
	    FORM_V4_RSA, FORM_V4_HEADER);
	tcase_add_loop_test(t, expired_is_400_by_the_emulators_clock,
	    FORM_V2_RSA, FORM_V2_HEADER);
	tcase_add_loop_test(t, future_and_stale_dates_are_too_skewed,
	    FORM_V4_RSA, FORM_V2_RSA);
	tcase_add_loop_test(t, future_and_stale_dates_are_too_skewed,
	    FORM_V2_HEADER, FORMS);
	tcase_add_test(t, expires_is_at_most_a_week);
	tcase_add_test(t, malformed_is_400_and_named);
	tcase_add_test(t, two_signatures_are_one_too_many);
	tcase_add_loop_test(t, unknown_signer_is_refused, 0, FORMS);
	tcase_add_loop_test(t, signer_needs_the_right_itself, 0, FORMS);
	tcase_add_test(t, disabled_account_and_key_are_refused);
	tcase_add_test(t, algorithm_is_that_of_the_key);
	tcase_add_test(t, json_api_takes_no_signature);
	tcase_add_test(t, journal_knows_the_signer_and_no_secret);
}

static void
add_bodies(TCase *t)
{

	tcase_add_loop_test(t, body_must_be_the_one_that_was_hashed,
	    FORM_V4_RSA, FORM_V4_RSA + 1);
	tcase_add_loop_test(t, body_must_be_the_one_that_was_hashed,
	    FORM_V4_HEADER, FORM_V2_RSA);
	tcase_add_test(t, chunks_are_taken_off_and_checked);
	tcase_add_test(t, unsigned_chunks_with_a_checksum_behind);
	tcase_add_test(t, other_streams_are_refused_by_name);
}

static void
add_off(TCase *t)
{

	tcase_add_loop_test(t, off_unknown_signer_is_anybody, 0, FORMS);
	tcase_add_loop_test(t, off_known_signer_must_be_right, 0, FORMS);
}

int
main(void)
{
	static const struct {
		const char *name;
		void (*add)(TCase *);
		void (*setup)(void);
	} cases[] = {
		{ "good", add_forms, setup }, { "forged", add_forged, setup },
		{ "errors", add_errors, setup },
		{ "bodies", add_bodies, setup }, { "off", add_off, setup_off },
	};
	Suite *s = suite_create("signed");
	SRunner *r;
	int failed;

	signer_make_key();
	for (size_t i = 0; i < NELEMS(cases); i++) {
		TCase *t = tcase_create(cases[i].name);

		tcase_set_timeout(t, 60);
		tcase_add_checked_fixture(t, cases[i].setup, teardown);
		cases[i].add(t);
		suite_add_tcase(s, t);
	}
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
