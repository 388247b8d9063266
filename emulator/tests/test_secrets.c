/* Secrets stay where they belong.  The real program, logging all it can, is
 * given a canary in every field that a credential goes into, in requests that
 * succeed and that do not; then all that it wrote is searched for them.  And a
 * crash leaves no core file. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "emulator/tests/client.h"
#include "emulator/tests/program.h"
#include "lib/arena.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/str.h"

#define MAIL	"@litedrill.iam.gserviceaccount.com"
#define SA	"/v1/projects/litedrill/serviceAccounts"
#define HOST(n)	"Host: " n
#define GCS	HOST("storage.googleapis.com")
#define IAM	HOST("iam.googleapis.com")
#define OAUTH	HOST("oauth2.googleapis.com")
#define STS	HOST("sts.googleapis.com")
#define FORM	"application/x-www-form-urlencoded"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED	true		/* its reports are in place of a core */
#else
#define SANITIZED	false
#endif

static struct arena arena;
static char dir[PATH_MAX], base[128];
static pid_t pid;
static const char *control, *bearer;

static struct {
	const char *text, *what, *home;	/* home: the file it may be in */
} secrets[64];
static size_t nsecrets;

static const char *
at(const char *name)
{

	return (arena_printf(&arena, "%s/%s", dir, name));
}

/* Remember one; home: NULL for nowhere, "store.db" for the database. */
static const char *
secret(const char *text, const char *what, const char *home)
{

	ck_assert_uint_lt(nsecrets, NELEMS(secrets));
	ck_assert_uint_ge(strlen(text), 12);
	secrets[nsecrets].text = arena_strdup(&arena, text);
	secrets[nsecrets].what = what;
	secrets[nsecrets].home = home;
	return (secrets[nsecrets++].text);
}

/* A new one that is no credential at all. */
static const char *
canary(const char *what)
{
	static unsigned n;

	return (secret(arena_printf(&arena, "canary%08x%04u",
	    (unsigned)clock_mono_us() * 2654435761u, ++n), what, NULL));
}

/* ---- the program ---- */

static void
spawn(const char *const *args)
{
	char *argv[32] = { program_path() }, *env[3];
	posix_spawn_file_actions_t fa;
	int n = 1;

	for (; *args != NULL; args++)
		argv[n++] = mem_strdup(*args);
	argv[n] = NULL;
	env[0] = mem_printf("TMPDIR=%s", dir);
	env[1] = mem_strdup("PATH=/usr/bin:/bin");
	env[2] = NULL;
	ck_assert_int_eq(posix_spawn_file_actions_init(&fa), 0);
	ck_assert_int_eq(posix_spawn_file_actions_addchdir_np(&fa, dir), 0);
	ck_assert_int_eq(posix_spawn_file_actions_addopen(&fa, 1, "log",
	    O_WRONLY | O_CREAT | O_APPEND, 0600), 0);
	ck_assert_int_eq(posix_spawn_file_actions_adddup2(&fa, 1, 2), 0);
	ck_assert_int_eq(posix_spawn(&pid, argv[0], &fa, NULL, argv, env), 0);
	(void)posix_spawn_file_actions_destroy(&fa);
	for (n = 0; argv[n] != NULL; n++)
		free(argv[n]);
	free(env[0]);
	free(env[1]);
}

static const char *
slurp(const char *path)
{
	struct buf b;
	const char *text;

	buf_init(&b, 64u << 20);
	ck_assert_msg(file_read(path, &b, NULL) == 0, "%s", path);
	text = arena_strndup(&arena, b.p, b.len);
	buf_release(&b);
	return (text);
}

/* It has written its port: the whole file at once. */
static void
wait_port(void)
{
	const struct timespec ms = { .tv_nsec = 2000000 };
	int status;

	while (!file_exists(at("port"))) {
		ck_assert_msg(waitpid(pid, &status, WNOHANG) == 0,
		    "it ended: %s", slurp(at("log")));
		(void)nanosleep(&ms, NULL);
	}
	(void)snprintf(base, sizeof(base), "http://127.0.0.1:%d",
	    atoi(strstr(slurp(at("port")), "http=") + 5));
}

static void
begin(const char *more)
{
	const char *tmp = getenv("TMPDIR");
	const char *args[] = { "--http", "127.0.0.1:0", "--proxy", "off",
		"--data", "data", "--journal", "journal", "--auth", "on",
		"--port-file", "port", "--die-with-parent", "--verbose", more,
		NULL };

	(void)snprintf(dir, sizeof(dir), "%.200s/secretsXXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	spawn(args);
	wait_port();
	cl.curl = curl_easy_init();
	curl_easy_setopt(cl.curl, CURLOPT_PROXY, "");
	buf_init(&cl.head, 64u << 10);
	buf_init(&cl.body, ANSWER_MAX);
}

static int
end(int sig)
{
	int status;

	ck_assert_int_eq(kill(pid, sig), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	curl_easy_cleanup(cl.curl);
	buf_release(&cl.head);
	buf_release(&cl.body);
	return (status);
}

static void
finish(void)
{

	ck_assert_int_eq(file_remove_all(dir, NULL), 0);
	arena_release(&arena);
}

/* ---- requests ---- */

static int
ask(const char *method, const char *path, const char *body, const char *host,
    const char *h1, const char *h2)
{
	const char *const h[] = { host, h1 != NULL ? h1 : h2,
		h1 != NULL ? h2 : NULL, NULL };

	ck_assert_int_eq(client_try(method, arena_printf(&arena, "%s%s", base,
	    path), body, body != NULL ? strlen(body) : 0, h), CURLE_OK);
	ck_assert_msg(cl.status != 500, "%s %s: %s", method, path, cl.body.p);
	return (cl.status);
}

static void
good(const char *method, const char *path, const char *body, const char *host,
    const char *h)
{

	ck_assert_msg(ask(method, path, body, host, arena_printf(&arena,
	    "Authorization: Bearer %s", bearer), h) < 300, "%s %s: %s",
	    method, path, cl.body.p);
}

static const char *
got(const char *outer, const char *k)
{
	json_auto_t *j = client_json();
	const json_t *o = outer != NULL ? json_object_get(j, outer) : j;
	const char *s = json_string_value(json_object_get(o, k));

	ck_assert_msg(s != NULL, "no %s in %s", k, cl.body.p);
	return (arena_strdup(&arena, s));
}

static const char *
header(const char *name, const char *what)
{

	return (arena_printf(&arena, "%s%s", name, canary(what)));
}

/* Whatever is wrong with it. */
static void
refused(void)
{
	static const char *const paths[] = { "/storage/v1/b/bucket-one",
		"/bucket-one/o", "/storage/v1/b/none/o/x?alt=media", "/x%zz",
		"/storage/v1/b/bucket-one/o/o?generation=x" };
	static const char *const queries[] = { "access_token=",
		"oauth_token=", "key=", "X-Goog-Signature=", "Signature=",
		"X-Amz-Signature=", "X-Amz-Security-Token=", "upload_id=",
		"X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Date=20260101T000000Z"
		"&X-Goog-Expires=9&X-Goog-SignedHeaders=host&X-Goog-Credential"
		"=a%2F20260101%2Fauto%2Fstorage%2Fgoog4_request&X-Goog-"
		"Signature=", "GoogleAccessId=a&Expires=1&Signature=" };
	static const char *const headers[] = { "Authorization: Bearer ",
		"Authorization: bearer\t", "Authorization: Basic ",
		"Authorization: ", "Authorization: AWS AKIA:",
		"Authorization: GOOG4-HMAC-SHA256 Credential=a/b/c/d/e,"
		"SignedHeaders=host,Signature=", "Authorization: AWS4-HMAC-"
		"SHA256 Credential=a/20260101/auto/s3/aws4_request,"
		"SignedHeaders=host,Signature=", "Proxy-Authorization: Basic ",
		"x-amz-security-token: ", "x-goog-encryption-key: ",
		"X-Goog-Copy-Source-Encryption-Key: ", "Cookie: SID=",
		"X-Emulator-Token: ", "X-Goog-Api-Key: " };

	for (size_t i = 0; i < NELEMS(headers); i++) {
		const char *h = header(headers[i], headers[i]);

		for (size_t p = 0; p < NELEMS(paths); p++)
			(void)ask("GET", paths[p], NULL, GCS, h, NULL);
		(void)ask("PUT", "/bucket-one/new", "x", GCS, h, NULL);
		(void)ask("GET", "/_emulator/info", NULL, HOST("127.0.0.1"), h,
		    NULL);
		(void)ask("GET", "/", NULL, HOST("evil.example"), h, NULL);
	}
	for (size_t i = 0; i < NELEMS(queries); i++) {
		const char *q = header(queries[i], queries[i]);

		for (size_t p = 0; p < NELEMS(paths); p++)
			(void)ask("GET", arena_printf(&arena, "%s%c%s",
			    paths[p], strchr(paths[p], '?') != NULL ? '&' :
			    '?', q), NULL, GCS, NULL, NULL);
	}
}

static void
refused_tokens(void)
{
	static const char *const forms[] = {
		"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-"
		"bearer&assertion=", "grant_type=refresh_token&client_id=a&"
		"client_secret=b&refresh_token=", "grant_type=refresh_token&"
		"refresh_token=c&client_id=a&client_secret=",
		"grant_type=none&password=", "token=", "access_token=",
		"id_token=", "code=" };
	static const char *const paths[] = { "/token", "/tokeninfo",
		"/revoke", "/o/oauth2/token", "/oauth2/v3/tokeninfo" };

	for (size_t i = 0; i < NELEMS(forms); i++) {
		const char *f = header(forms[i], forms[i]);

		for (size_t p = 0; p < NELEMS(paths); p++) {
			(void)ask("POST", paths[p], f, OAUTH, NULL, NULL);
			(void)ask("GET", arena_printf(&arena, "%s?%s",
			    paths[p], f), NULL, OAUTH, NULL, NULL);
		}
	}
	(void)ask("POST", "/v1/token", header("grant_type=urn%3Aietf%3Aparams"
	    "%3Aoauth%3Agrant-type%3Atoken-exchange&requested_token_type=urn"
	    "%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token&audience="
	    "%2F%2Fiam.googleapis.com%2Fprojects%2F1%2Flocations%2Fglobal%2F"
	    "workloadIdentityPools%2Fp%2Fproviders%2Fq&subject_token_type=urn"
	    "%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt&subject_token=",
	    "subject token"), STS, NULL, NULL);
	(void)ask("POST", "/bucket-one", header("--b\r\nContent-Disposition: "
	    "form-data; name=\"x-goog-signature\"\r\n\r\n", "form's signature"),
	    GCS, "Content-Type: multipart/form-data; boundary=b", NULL);
	good("POST", arena_printf(&arena, SA "/app-account" MAIL
	    ":setIamPolicy"), "{\"policy\":{}}", IAM, NULL);
	(void)ask("POST", SA "/app-account" MAIL "/keys:upload",
	    arena_printf(&arena, "{\"publicKeyData\":\"%s\"}",
	    canary("uploaded key")), IAM, arena_printf(&arena,
	    "Authorization: Bearer %s", bearer), NULL);
}

/* A part of a private key that is in any of its forms. */
static void
private_key(const char *file, const char *what, const char *home)
{
	json_auto_t *j = json_loads(file, 0, NULL);
	const char *pem = json_string_value(json_object_get(j, "private_key"));

	ck_assert_ptr_nonnull(pem);
	for (int line = 0; line < 9; line++)
		pem = strchr(pem, '\n') + 1;
	(void)secret(arena_printf(&arena, "%.*s", 40, pem), what, home);
}

/* Real ones, used and misused. */
static void
genuine(void)
{
	char *data, *escaped;
	struct buf b;
	const char *h, *t;

	h = arena_printf(&arena, "X-Emulator-Token: %s", control);
	(void)ask("GET", "/_emulator/info", NULL, HOST("127.0.0.1"), h, NULL);
	ck_assert_int_eq(cl.status, 200);
	good("POST", "/storage/v1/b?project=litedrill",
	    "{\"name\":\"bucket-one\"}", GCS, NULL);
	good("POST", SA, "{\"accountId\":\"app-account\"}", IAM, NULL);
	good("POST", SA "/app-account" MAIL "/keys", "{}", IAM, NULL);
	buf_init(&b, 1u << 16);
	data = mem_strdup(got(NULL, "privateKeyData"));
	ck_assert(str_b64_decode(&b, data, strlen(data), false));
	private_key(b.p, "a new key", NULL);
	(void)secret(arena_printf(&arena, "%.60s", data + 1000),
	    "privateKeyData", NULL);
	buf_release(&b);
	free(data);
	good("POST", "/storage/v1/projects/litedrill/hmacKeys?"
	    "serviceAccountEmail=app-account" MAIL, "", GCS, NULL);
	(void)secret(got(NULL, "secret"), "HMAC secret", "store.db");
	good("POST", "/upload/storage/v1/b/bucket-one/o?uploadType=media&"
	    "name=o", "x", GCS, NULL);
	(void)ask("POST", "/_emulator/users", "{\"email\":\"ada@example.com\"}",
	    HOST("127.0.0.1"), h, NULL);
	t = secret(got("credentials", "refresh_token"), "refresh token", NULL);
	escaped = curl_easy_escape(cl.curl, t, 0);
	ck_assert_int_eq(ask("POST", "/token", arena_printf(&arena,
	    "grant_type=refresh_token&client_id=%s&client_secret=%s&"
	    "refresh_token=%s", got("credentials", "client_id"), secret(got(
	    "credentials", "client_secret"), "client secret", NULL),
	    escaped), OAUTH, NULL, NULL), 200);
	curl_free(escaped);
	t = secret(got(NULL, "access_token"), "a person's access token", NULL);
	(void)secret(got(NULL, "id_token"), "ID token", NULL);
	(void)ask("GET", "/storage/v1/b/bucket-one", NULL, GCS,
	    arena_printf(&arena, "Authorization: Bearer %s", t), NULL);
	ck_assert_int_eq(cl.status, 403);
	ck_assert_int_eq(ask("GET", arena_printf(&arena, "/tokeninfo?"
	    "access_token=%s", t), NULL, OAUTH, NULL, NULL), 200);
	(void)ask("GET", arena_printf(&arena, "/storage/v1/b/bucket-one?"
	    "access_token=%s", t), NULL, GCS, NULL, NULL);
	(void)ask("GET", "/computeMetadata/v1/instance/service-accounts/"
	    "default/token", NULL, HOST("metadata.google.internal"),
	    "Metadata-Flavor: Google", NULL);
	if (cl.status == 200)
		(void)secret(got(NULL, "access_token"), "metadata token",
		    NULL);
	good("POST", SA "/app-account" MAIL ":generateAccessToken",
	    "{\"scope\":[\"https://www.googleapis.com/auth/cloud-platform\"]}",
	    HOST("iamcredentials.googleapis.com"), NULL);
	(void)secret(got(NULL, "accessToken"), "generated token", NULL);
}

static void
customer_keys(void)
{
	const char *key = secret("Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5LTEyMzQ=",
	    "customer's key", NULL);
	const char *const hs[] = { GCS, arena_printf(&arena,
	    "Authorization: Bearer %s", bearer),
	    "x-goog-encryption-algorithm: AES256", arena_printf(&arena,
	    "x-goog-encryption-key: %s", key),
	    "x-goog-encryption-key-sha256: "
	    "YeOJJZn7ok5DNfK9ArFQEs+Kssnnwo6we1m0GpIFb6c=", NULL };

	ck_assert_int_eq(client_try("PUT", arena_printf(&arena,
	    "%s/bucket-one/csek", base), "x", 1, hs), CURLE_OK);
	ck_assert_int_eq(cl.status, 200);
	ck_assert_int_eq(client_try("GET", arena_printf(&arena,
	    "%s/bucket-one/csek", base), NULL, 0, hs), CURLE_OK);
	ck_assert_int_eq(cl.status, 200);
}

/* ---- what was written ---- */

static void
search(const char *where, const char *text, size_t n, mode_t mode)
{

	for (size_t i = 0; i < nsecrets; i++) {
		const char *s = secrets[i].text, *home = secrets[i].home;

		if (memmem(text, n, s, strlen(s)) == NULL)
			continue;
		ck_assert_msg(home != NULL && strstr(where, home) != NULL,
		    "%s is in %s: %s", secrets[i].what, where, s);
		ck_assert_msg((mode & 0777) == 0600, "%s: mode %o", where,
		    mode & 0777);
	}
}

static size_t
search_below(const char *path)
{
	struct dirent *e;
	struct stat sb;
	DIR *d = opendir(path);
	size_t n = 0;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) != NULL) {
		const char *p = arena_printf(&arena, "%s/%s", path, e->d_name);
		struct buf b;

		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 || lstat(p, &sb) != 0)
			continue;
		if (S_ISDIR(sb.st_mode)) {
			n += search_below(p);
			continue;
		}
		buf_init(&b, 64u << 20);
		ck_assert_int_eq(file_read(p, &b, NULL), 0);
		search(p, b.p, b.len, sb.st_mode);
		buf_release(&b);
		n++;
	}
	(void)closedir(d);
	return (n);
}

static void
answers(void)
{
	static const char *const paths[] = { "journal", "metrics", "info",
		"describe", "faults", "users", "pools", "metadata",
		"snapshots" };
	const char *h = arena_printf(&arena, "X-Emulator-Token: %s", control);

	for (size_t i = 0; i < NELEMS(paths); i++) {
		const char *p = arena_printf(&arena, "/_emulator/%s",
		    paths[i]);

		ck_assert_int_eq(ask("GET", p, NULL, HOST("127.0.0.1"), h,
		    NULL), 200);
		search(p, cl.body.p, cl.body.len, 0);
	}
}

START_TEST(canaries_are_in_nothing_that_is_written)
{
	struct stat sb;
	int status;

	begin(NULL);
	control = secret(slurp(at("data/control-token")), "control token",
	    "control-token");
	/* the owner's key file is made for who asks for it */
	(void)ask("GET", "/_emulator/info", NULL, HOST("127.0.0.1"),
	    arena_printf(&arena, "X-Emulator-Token: %s", control), NULL);
	private_key(slurp(at("data/owner-key.json")), "owner's key",
	    "owner-key.json");
	(void)ask("POST", "/_emulator/token", "{\"account\":\"project-owner"
	    MAIL "\"}", HOST("127.0.0.1"), arena_printf(&arena,
	    "X-Emulator-Token: %s", control), NULL);
	bearer = secret(got(NULL, "access_token"), "access token", NULL);
	genuine();
	customer_keys();
	refused();
	refused_tokens();
	answers();
	ck_assert_int_eq(stat(at("data"), &sb), 0);
	ck_assert_uint_eq(sb.st_mode & 0777, 0700);
	ck_assert_int_eq(stat(at("data/ca-key.pem"), &sb), 0);
	ck_assert_uint_eq(sb.st_mode & 0777, 0600);
	status = end(SIGTERM);
	ck_assert_int_eq(status, 0);
	/* log, journal and all the store's files; and that it looks at all */
	ck_assert_uint_gt(search_below(dir), 6);
	ck_assert_ptr_nonnull(strstr(slurp(at("journal")), "bucket-one"));
	ck_assert_ptr_nonnull(strstr(slurp(at("log")), "emu"));
	finish();
}
END_TEST

/* What exec gives to its command is in no log either. */
START_TEST(credentials_of_exec_are_not_told)
{
	static const char *const args[] = { "exec", "--net", "host",
		"--credentials", "owner", "--journal", "journal", "--verbose",
		"--", "sh", "-c", "printf %s \"$GCS_EMULATOR_TOKEN\" >token; "
		"cat \"$GOOGLE_APPLICATION_CREDENTIALS\" >key", NULL };
	const char *tmp = getenv("TMPDIR");
	int status;

	(void)snprintf(dir, sizeof(dir), "%.200s/secretsXXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	spawn(args);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(status == 0, "%s", slurp(at("log")));
	(void)secret(slurp(at("token")), "control token", NULL);
	private_key(slurp(at("key")), "owner's key", NULL);
	ck_assert_int_eq(unlink(at("token")), 0);
	ck_assert_int_eq(unlink(at("key")), 0);
	(void)search_below(dir);
	finish();
}
END_TEST

/* ---- cores ---- */

static bool
cores_are_files(void)
{
	struct rlimit r;

	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &r), 0);
	r.rlim_cur = r.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_CORE, &r), 0);
	return (!SANITIZED && r.rlim_max == RLIM_INFINITY &&
	    strpbrk(slurp("/proc/sys/kernel/core_pattern"), "|/") == NULL);
}

static bool
core_there(void)
{
	struct dirent *e;
	DIR *d = opendir(dir);
	bool found = false;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) != NULL)
		found = found || strncmp(e->d_name, "core", 4) == 0;
	(void)closedir(d);
	return (found);
}

START_TEST(crash_leaves_no_core)
{
	static const int sigs[] = { SIGSEGV, SIGABRT, SIGQUIT };
	int status;

	(void)cores_are_files();
	for (size_t i = 0; i < NELEMS(sigs); i++) {
		begin(NULL);
		status = end(sigs[i]);
		ck_assert(SANITIZED || (WIFSIGNALED(status) &&
		    WTERMSIG(status) == sigs[i]));
		ck_assert(!WIFSIGNALED(status) || !WCOREDUMP(status));
		ck_assert(!core_there());
		finish();
	}
}
END_TEST

START_TEST(core_is_there_for_who_asks)
{
	bool can = cores_are_files();
	int status;

	begin("--core-files");
	status = end(SIGABRT);
	if (can) {
		ck_assert(WIFSIGNALED(status) && WCOREDUMP(status));
		ck_assert(core_there());
	}
	finish();
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_test(t, canaries_are_in_nothing_that_is_written);
	tcase_add_test(t, credentials_of_exec_are_not_told);
	tcase_add_test(t, crash_leaves_no_core);
	tcase_add_test(t, core_is_there_for_who_asks);
}

int
main(void)
{

	return (client_main("secrets", add));
}
