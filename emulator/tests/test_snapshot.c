/* Snapshots over real sockets: what comes back, what does not, and what others
 * see meanwhile. */
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>

#include "emulator/tests/client.h"
#include "lib/file.h"

#define BIG	200000		/* bytes, so that they are in a file */
#define CHUNK	262144

static char dir[64], token[96];
static char big[2 * CHUNK + 1];

static void
begin(enum start_auth auth)
{
	struct start_opts o = { .proxy = "off", .data = dir, .auth = auth };

	client_start(&o);
	(void)snprintf(token, sizeof(token), "X-Emulator-Token: %s",
	    cl.emu->control_token);
}

static void
setup(void)
{

	(void)snprintf(dir, sizeof(dir), "/tmp/snap-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	begin(START_AUTH_DEFAULT);
	ck_assert_int_eq(client_post("/storage/v1/b", "{\"name\":\"bkt\"}"),
	    200);
}

static void
teardown(void)
{

	client_stop();
	ck_assert_int_eq(file_remove_all(dir, NULL), 0);
}

static int
control(const char *method, const char *path, const char *body)
{
	char full[300];

	(void)snprintf(full, sizeof(full), "/_emulator/%s", path);
	return (client_ask(method, full, body, body != NULL ? strlen(body) : 0,
	    token));
}

static int
save(const char *name)
{
	char body[256];

	(void)snprintf(body, sizeof(body), "{\"name\":\"%s\","
	    "\"replace\":true}", name);
	return (control("POST", "snapshots", body));
}

static int
load(const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "snapshots/%s/load", name);
	return (control("POST", path, "{}"));
}

static void
put_bytes(const char *name, const char *p, size_t n)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "/upload/storage/v1/b/bkt/o?"
	    "uploadType=media&name=%s", name);
	ck_assert_int_eq(client_ask("POST", path, p, n, NULL), 200);
}

static void
put(const char *name, const char *text)
{

	put_bytes(name, text, strlen(text));
}

/* n bytes that depend on c. */
static const char *
bytes(char c, size_t n)
{

	for (size_t i = 0; i < n; i++)
		big[i] = (char)(c + (int)(i % 7));
	big[n] = '\0';
	return (big);
}

static bool
is(const char *name, const char *text)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "/storage/v1/b/bkt/o/%s?alt=media",
	    name);
	return (client_get(path) == 200 && cl.body.len == strlen(text) &&
	    memcmp(cl.body.p, text, cl.body.len) == 0);
}

static bool
is_gone(const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "/storage/v1/b/bkt/o/%s", name);
	return (client_get(path) == 404);
}

static int64_t
number(const char *name, const char *field)
{
	char path[256];
	json_auto_t *j = NULL;

	(void)snprintf(path, sizeof(path), "/storage/v1/b/bkt/o/%s", name);
	ck_assert_int_eq(client_get(path), 200);
	j = client_json();
	return (strtoll(json_string_value(json_object_get(j, field)), NULL,
	    10));
}

START_TEST(all_is_as_it_was)
{
	int64_t generation, mutation;
	json_auto_t *a = NULL, *b = NULL;

	put("small", "one");
	put_bytes("large", bytes('a', BIG), BIG);
	ck_assert_int_eq(client_text("PATCH", "/storage/v1/b/bkt",
	    "{\"labels\":{\"k\":\"v\"}}"), 200);
	generation = number("small", "generation");
	ck_assert_int_eq(save("s"), 200);
	a = client_json();
	ck_assert_str_eq(json_string_value(json_object_get(a, "name")), "s");
	ck_assert_int_eq(json_integer_value(json_object_get(a, "objects")), 2);
	ck_assert_int_eq(json_integer_value(json_object_get(a, "buckets")), 1);
	ck_assert_int_eq(json_integer_value(json_object_get(a,
	    "payload_bytes")), BIG);
	mutation = json_integer_value(json_object_get(a, "mutation"));

	put("small", "two");
	put("new", "three");
	ck_assert_int_eq(client_text("DELETE", "/storage/v1/b/bkt/o/large",
	    ""), 204);
	ck_assert_int_eq(client_text("PATCH", "/storage/v1/b/bkt",
	    "{\"labels\":null}"), 200);
	ck_assert_int_eq(client_post("/storage/v1/b", "{\"name\":\"bkt2\"}"),
	    200);

	ck_assert_int_eq(load("s"), 200);
	ck_assert(is("small", "one"));
	ck_assert(is("large", bytes('a', BIG)));
	ck_assert(is_gone("new"));
	ck_assert_int_eq(number("small", "generation"), generation);
	ck_assert_int_eq(client_get("/storage/v1/b/bkt2"), 404);
	ck_assert_int_eq(client_get("/storage/v1/b/bkt"), 200);
	b = client_json();
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(b,
	    "labels"), "k")), "v");
	ck_assert_int_eq(control("GET", "mutation", NULL), 200);
	json_decref(a);
	a = client_json();
	ck_assert_int_eq(json_integer_value(json_object_get(a, "mutation")),
	    mutation);
}
END_TEST

START_TEST(generations_are_never_given_again)
{
	int64_t last;

	ck_assert_int_eq(save("empty"), 200);
	put("o", "one");
	last = number("o", "generation");
	atomic_store(&cl.emu->clock.shift_us, INT64_C(-3600000000));
	ck_assert_int_eq(load("empty"), 200);
	put("o", "two");
	ck_assert_int_gt(number("o", "generation"), last);
}
END_TEST

START_TEST(it_outlasts_the_emulator)
{

	put_bytes("large", bytes('a', BIG), BIG);
	ck_assert_int_eq(save("s"), 200);
	put_bytes("large", bytes('b', BIG), BIG);
	ck_assert_int_eq(load("s"), 200);
	client_stop();
	begin(START_AUTH_DEFAULT);
	ck_assert(is("large", bytes('a', BIG)));
	put_bytes("large", bytes('c', BIG), BIG);
	client_stop();
	begin(START_AUTH_DEFAULT);
	ck_assert_int_eq(load("s"), 200);
	ck_assert(is("large", bytes('a', BIG)));
}
END_TEST

/* Without care the file of "b" would get the number of that of "a". */
START_TEST(payloads_of_two_snapshots_do_not_mix)
{

	ck_assert_int_eq(save("before"), 200);
	put_bytes("a", bytes('a', BIG), BIG);
	ck_assert_int_eq(save("with-a"), 200);
	ck_assert_int_eq(load("before"), 200);
	client_stop();
	begin(START_AUTH_DEFAULT);
	put_bytes("b", bytes('b', BIG), BIG);
	ck_assert_int_eq(save("with-b"), 200);
	ck_assert_int_eq(load("with-a"), 200);
	ck_assert(is("a", bytes('a', BIG)));
	ck_assert_int_eq(load("with-b"), 200);
	ck_assert(is("b", bytes('b', BIG)));
	ck_assert(is_gone("a"));
}
END_TEST

/* A path below the data directory. */
static const char *
below(const char *path)
{
	static char full[512];

	(void)snprintf(full, sizeof(full), "%s/%s", dir, path);
	return (full);
}

START_TEST(payload_files_are_linked_not_copied)
{
	struct stat sb;
	struct dirent *f;
	DIR *d;
	int n = 0;

	put_bytes("large", bytes('a', BIG), BIG);
	ck_assert_int_eq(save("s"), 200);
	d = opendir(below("snapshots/s/payloads"));
	ck_assert_ptr_nonnull(d);
	while ((f = readdir(d)) != NULL)
		if (f->d_name[0] != '.') {
			ck_assert_int_eq(fstatat(dirfd(d), f->d_name, &sb, 0),
			    0);
			ck_assert_int_eq(sb.st_nlink, 2);
			n++;
		}
	(void)closedir(d);
	ck_assert_int_eq(n, 1);
}
END_TEST

/* ---- resumable uploads ---- */

static void
session_start(const char *name, char url[512])
{
	char path[256];

	(void)snprintf(path, sizeof(path), "/upload/storage/v1/b/bkt/o?"
	    "uploadType=resumable&name=%s", name);
	ck_assert_int_eq(client_post(path, "{}"), 200);
	(void)snprintf(url, 512, "%s", client_header("Location"));
}

static int
session_put(const char *url, int64_t from, const char *p, size_t n, bool last)
{
	char range[96], total[32] = "*";
	const char *const h[] = { range, NULL };

	if (last)
		(void)snprintf(total, sizeof(total), "%lld",
		    (long long)from + (long long)n);
	(void)snprintf(range, sizeof(range), "Content-Range: bytes %lld-%lld"
	    "/%s", (long long)from, (long long)from + (long long)n - 1, total);
	ck_assert_int_eq(client_try("PUT", url, p, n, h), CURLE_OK);
	return (cl.status);
}

START_TEST(an_upload_goes_on_from_the_snapshot_as_often_as_wanted)
{
	char url[512], want[2 * CHUNK + 1];

	session_start("o", url);
	ck_assert_int_eq(session_put(url, 0, bytes('a', CHUNK), CHUNK, false),
	    308);
	memcpy(want, bytes('a', CHUNK), CHUNK);
	ck_assert_int_eq(save("half"), 200);
	ck_assert_int_eq(session_put(url, CHUNK, bytes('b', CHUNK), CHUNK,
	    true), 200);
	memcpy(want + CHUNK, bytes('b', CHUNK), CHUNK + 1);
	ck_assert(is("o", want));
	ck_assert_int_eq(save("whole"), 200);

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(load("half"), 200);
		ck_assert(is_gone("o"));
		ck_assert_int_eq(session_put(url, CHUNK,
		    bytes((char)('c' + i), CHUNK), CHUNK, true), 200);
		memcpy(want + CHUNK, bytes((char)('c' + i), CHUNK),
		    CHUNK + 1);
		ck_assert(is("o", want));
	}
	ck_assert_int_eq(load("whole"), 200);
	memcpy(want + CHUNK, bytes('b', CHUNK), CHUNK + 1);
	ck_assert(is("o", want));
}
END_TEST

/* ---- who else is there ---- */

static void *
held_upload(void *arg)
{
	CURL *c = curl_easy_init();
	long status = 0;
	struct buf b;

	buf_init(&b, 1u << 20);
	curl_easy_setopt(c, CURLOPT_URL, arg);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, "held");
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, client_add);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &b);
	ck_assert_int_eq(curl_easy_perform(c), CURLE_OK);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(c);
	buf_release(&b);
	return ((void *)(intptr_t)status);
}

START_TEST(a_request_under_way_is_waited_for_or_left_alone)
{
	char url[256];
	pthread_t t;
	void *status;

	ck_assert_int_eq(save("s"), 200);
	put("o", "kept");
	ck_assert_int_eq(control("POST", "faults", "{\"kind\":\"hold\","
	    "\"on\":\"storage.objects.insert\",\"as\":\"h\",\"times\":1}"),
	    200);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/upload/storage/"
	    "v1/b/bkt/o?uploadType=media&name=held", cl.emu->http_port);
	ck_assert_int_eq(pthread_create(&t, NULL, held_upload, url), 0);
	ck_assert_int_eq(control("GET", "holds/h?n=1&timeout_ms=30000", NULL),
	    200);
	ck_assert_int_eq(control("POST", "snapshots/s/load",
	    "{\"timeout_ms\":50}"), 409);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "1 requests"));
	ck_assert(is("o", "kept"));
	ck_assert_int_eq(control("POST", "holds/h/release", "{}"), 200);
	ck_assert_int_eq(pthread_join(t, &status), 0);
	ck_assert_int_eq((intptr_t)status, 200);
	ck_assert(is("held", "held"));
	ck_assert_int_eq(load("s"), 200);
	ck_assert(is_gone("o"));
	ck_assert(is_gone("held"));
}
END_TEST

static atomic_bool enough;
static atomic_int looks, writes;

/* Both objects were written alike; a listing never shows them apart. */
static void *
look_on(void *arg)
{
	CURL *c = curl_easy_init();

	curl_easy_setopt(c, CURLOPT_URL, arg);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, client_add);
	while (!atomic_load(&enough)) {
		json_auto_t *j = NULL;
		const json_t *items;
		struct buf b;

		buf_init(&b, 1u << 20);
		curl_easy_setopt(c, CURLOPT_WRITEDATA, &b);
		ck_assert_int_eq(curl_easy_perform(c), CURLE_OK);
		j = json_loadb(b.p, b.len, 0, NULL);
		items = json_object_get(j, "items");
		ck_assert_msg(json_array_size(items) == 2, "%s", b.p);
		ck_assert_str_eq(json_string_value(json_object_get(
		    json_array_get(items, 0), "md5Hash")),
		    json_string_value(json_object_get(json_array_get(items,
		    1), "md5Hash")));
		buf_release(&b);
		looks++;
	}
	curl_easy_cleanup(c);
	return (NULL);
}

/* Puts, reads and deletes payload files meanwhile. */
static void *
write_on(void *arg)
{
	CURL *c = curl_easy_init();
	char url[256], body[BIG];
	long n = 0, status;
	struct buf b;

	memset(body, 'w', sizeof(body));
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, client_add);
	while (!atomic_load(&enough)) {
		(void)snprintf(url, sizeof(url), "%s/upload/storage/v1/b/"
		    "other/o?uploadType=media&name=w%ld",
		    (const char *)arg, n % 5);
		buf_init(&b, 1u << 20);
		curl_easy_setopt(c, CURLOPT_WRITEDATA, &b);
		curl_easy_setopt(c, CURLOPT_URL, url);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)sizeof(body));
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
		ck_assert_int_eq(curl_easy_perform(c), CURLE_OK);
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
		ck_assert_msg(status == 200, "%ld %s", status, b.p);
		buf_release(&b);
		n++;
		writes++;
	}
	curl_easy_cleanup(c);
	return (NULL);
}

START_TEST(nobody_sees_half_of_one_and_half_of_the_other)
{
	char list[256], base[128];
	pthread_t t[3];

	ck_assert_int_eq(client_post("/storage/v1/b", "{\"name\":\"other\"}"),
	    200);
	put("x", "one");
	put("y", "one");
	ck_assert_int_eq(save("one"), 200);
	put("x", "two");
	put("y", "two");
	ck_assert_int_eq(save("two"), 200);
	(void)snprintf(base, sizeof(base), "http://127.0.0.1:%d",
	    cl.emu->http_port);
	(void)snprintf(list, sizeof(list), "%s/storage/v1/b/bkt/o", base);
	ck_assert_int_eq(pthread_create(&t[0], NULL, look_on, list), 0);
	ck_assert_int_eq(pthread_create(&t[1], NULL, look_on, list), 0);
	ck_assert_int_eq(pthread_create(&t[2], NULL, write_on, base), 0);
	for (int i = 0; i < 20 || looks < 50 || writes < 20; i++) {
		ck_assert_int_eq(load(i % 2 == 0 ? "one" : "two"), 200);
		/* what is taken under load is whole, or loading it fails */
		ck_assert_int_eq(save("busy"), 200);
		ck_assert_int_eq(load("busy"), 200);
	}
	atomic_store(&enough, true);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
}
END_TEST

START_TEST(tokens_given_since_go_on_being_good)
{
	char bearer[256], key[300];
	json_auto_t *j = NULL, *i = NULL;

	client_stop();
	begin(START_AUTH_ON);
	ck_assert_int_eq(save("s"), 200);
	ck_assert_int_eq(control("GET", "info", NULL), 200);
	i = client_json();
	(void)snprintf(key, sizeof(key), "{\"account\":\"%s\"}",
	    cl.emu->owner);
	ck_assert_int_eq(control("POST", "token", key), 200);
	j = client_json();
	(void)snprintf(bearer, sizeof(bearer), "Authorization: Bearer %s",
	    json_string_value(json_object_get(j, "access_token")));
	ck_assert_int_eq(client_ask("GET", "/storage/v1/b/bkt", NULL, 0,
	    bearer), 200);
	ck_assert_int_eq(load("s"), 200);
	ck_assert_int_eq(client_ask("GET", "/storage/v1/b/bkt", NULL, 0,
	    bearer), 200);
	/* and the owner's key, which was made since, is not another */
	json_decref(j);
	j = json_load_file(json_string_value(json_object_get(i, "owner_key")),
	    0, NULL);
	ck_assert_int_eq(control("GET", "info", NULL), 200);
	json_decref(i);
	i = json_load_file(below("owner-key.json"), 0,
	    NULL);
	ck_assert(json_equal(i, j));
}
END_TEST

/* ---- names, lists, mistakes ---- */

START_TEST(names_are_checked_and_known)
{
	static const char *const bad[] = { "", ".x", "-x", "a/b", "..", "a b",
		"ä", NULL };
	char body[256];

	for (int i = 0; bad[i] != NULL; i++) {
		(void)snprintf(body, sizeof(body), "{\"name\":\"%s\"}",
		    bad[i]);
		ck_assert_msg(control("POST", "snapshots", body) == 400, "%s",
		    bad[i]);
	}
	(void)snprintf(body, sizeof(body), "{\"name\":\"%.101s\"}",
	    bytes('a', 101));
	ck_assert_int_eq(control("POST", "snapshots", body), 400);
	ck_assert_int_eq(control("POST", "snapshots", "{}"), 400);
	ck_assert_int_eq(control("POST", "snapshots", "{\"name\":1}"), 400);
	ck_assert_int_eq(control("POST", "snapshots", "{\"name\":\"s\","
	    "\"replace\":\"yes\"}"), 400);
	ck_assert_int_eq(load("s"), 404);
	ck_assert_int_eq(control("POST", "snapshots/..%2f..%2fx/load", "{}"),
	    400);
	ck_assert_int_eq(control("DELETE", "snapshots/s", NULL), 404);
	ck_assert_int_eq(control("POST", "snapshots", "{\"name\":\"s\"}"),
	    200);
	ck_assert_int_eq(control("POST", "snapshots/s/load",
	    "{\"timeout_ms\":-1}"), 400);
	ck_assert_int_eq(client_post("/_emulator/snapshots",
	    "{\"name\":\"s\"}"), 403);
	ck_assert_int_eq(client_post("/_emulator/snapshots/s/load", "{}"),
	    403);
	ck_assert_int_eq(client_get("/_emulator/snapshots"), 403);
}
END_TEST

START_TEST(one_of_the_name_is_replaced_only_when_told_to)
{
	json_auto_t *j = NULL;

	put("o", "one");
	ck_assert_int_eq(control("POST", "snapshots", "{\"name\":\"s\"}"),
	    200);
	put("o", "two");
	ck_assert_int_eq(control("POST", "snapshots", "{\"name\":\"s\"}"),
	    409);
	ck_assert_int_eq(load("s"), 200);
	ck_assert(is("o", "one"));
	put("o", "two");
	ck_assert_int_eq(save("s"), 200);
	ck_assert_int_eq(save("a"), 200);
	put("o", "three");
	ck_assert_int_eq(load("s"), 200);
	ck_assert(is("o", "two"));
	ck_assert_int_eq(control("GET", "snapshots", NULL), 200);
	j = client_json();
	ck_assert_int_eq(json_array_size(json_object_get(j, "snapshots")), 2);
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(
	    json_object_get(j, "snapshots"), 0), "name")), "a");
	ck_assert_int_eq(control("DELETE", "snapshots/a", NULL), 200);
	ck_assert_int_eq(load("a"), 404);
	ck_assert_int_eq(control("DELETE", "snapshots/a", NULL), 404);
}
END_TEST

/* The one payload file of snapshot s. */
static void
payload_of(const char *name, char path[600])
{
	char folder[256];
	struct dirent *f;
	DIR *d;

	(void)snprintf(folder, sizeof(folder), "%s/snapshots/%s/payloads",
	    dir, name);
	d = opendir(folder);
	ck_assert_ptr_nonnull(d);
	while ((f = readdir(d)) != NULL)
		if (f->d_name[0] != '.')
			(void)snprintf(path, 600, "%s/%s", folder, f->d_name);
	(void)closedir(d);
}

START_TEST(a_damaged_one_changes_nothing)
{
	char path[600];

	put_bytes("o", bytes('a', BIG), BIG);
	ck_assert_int_eq(save("s"), 200);
	ck_assert_int_eq(save("db"), 200);
	ck_assert_int_eq(save("about"), 200);
	ck_assert_int_eq(client_text("DELETE", "/storage/v1/b/bkt/o/o", ""),
	    204);
	put("now", "here");
	payload_of("s", path);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(load("s"), 500);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "damaged"));
	ck_assert_int_eq(truncate(below("snapshots/db/store.db"), 8192), 0);
	ck_assert_int_eq(load("db"), 500);
	ck_assert_int_eq(unlink(below("snapshots/about/about")), 0);
	ck_assert_int_eq(load("about"), 500);
	ck_assert(is("now", "here"));
	put("now", "still");
	client_stop();
	begin(START_AUTH_DEFAULT);
	ck_assert(is("now", "still"));
}
END_TEST

START_TEST(one_of_another_folder_with_the_same_numbers_is_refused)
{
	char from[300], to[300], cmd[700];

	put_bytes("o", bytes('a', BIG), BIG);
	ck_assert_int_eq(save("s"), 200);
	client_stop();
	(void)snprintf(from, sizeof(from), "%s/snapshots", dir);
	(void)snprintf(to, sizeof(to), "%s-kept", dir);
	ck_assert_int_eq(rename(from, to), 0);
	ck_assert_int_eq(file_remove_all(dir, NULL), 0);
	begin(START_AUTH_DEFAULT);
	ck_assert_int_eq(client_post("/storage/v1/b", "{\"name\":\"bkt\"}"),
	    200);
	put_bytes("o", bytes('b', BIG), BIG);
	(void)snprintf(cmd, sizeof(cmd), "%s/snapshots", dir);
	ck_assert_int_eq(rename(to, cmd), 0);
	ck_assert_int_eq(load("s"), 500);
	ck_assert(is("o", bytes('b', BIG)));
}
END_TEST

START_TEST(what_a_crash_left_goes_and_what_it_moved_comes_back)
{
	char old[300], at[300];

	put("o", "one");
	ck_assert_int_eq(save("s"), 200);
	client_stop();
	(void)snprintf(at, sizeof(at), "%s/snapshots/s", dir);
	(void)snprintf(old, sizeof(old), "%s/snapshots/.old-s", dir);
	ck_assert_int_eq(rename(at, old), 0);
	ck_assert_int_eq(file_mkdirs(below("snapshots/.new-t/payloads"), 0700, NULL), 0);
	begin(START_AUTH_DEFAULT);
	ck_assert(!file_exists(below("snapshots/.new-t")));
	ck_assert(!file_exists(old));
	put("o", "two");
	ck_assert_int_eq(load("s"), 200);
	ck_assert(is("o", "one"));
}
END_TEST

START_TEST(export_by_a_call_is_what_import_takes)
{
	struct start_opts o = { .proxy = "off" };
	char body[256], out[128];

	put("o", "text");
	(void)snprintf(out, sizeof(out), "%s/out", dir);
	(void)snprintf(body, sizeof(body), "{\"dir\":\"%s\"}", out);
	ck_assert_int_eq(client_post("/_emulator/export", body), 403);
	ck_assert_int_eq(control("POST", "export", "{\"dir\":\"out\"}"), 400);
	ck_assert_int_eq(control("POST", "export", "{}"), 400);
	ck_assert_int_eq(control("POST", "export", body), 200);
	ck_assert_ptr_nonnull(strstr(cl.body.p, "\"objects\""));
	(void)snprintf(body, sizeof(body), "{\"dir\":\"%s\"}", dir);
	ck_assert_int_eq(control("POST", "export", body), 500);
	client_stop();
	o.import = out;
	client_start(&o);
	ck_assert(is("o", "text"));
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, all_is_as_it_was);
	tcase_add_test(t, generations_are_never_given_again);
	tcase_add_test(t, it_outlasts_the_emulator);
	tcase_add_test(t, payloads_of_two_snapshots_do_not_mix);
	tcase_add_test(t, payload_files_are_linked_not_copied);
	tcase_add_test(t,
	    an_upload_goes_on_from_the_snapshot_as_often_as_wanted);
	tcase_add_test(t, a_request_under_way_is_waited_for_or_left_alone);
	tcase_add_test(t, nobody_sees_half_of_one_and_half_of_the_other);
	tcase_add_test(t, tokens_given_since_go_on_being_good);
	tcase_add_test(t, export_by_a_call_is_what_import_takes);
	tcase_add_test(t, names_are_checked_and_known);
	tcase_add_test(t, one_of_the_name_is_replaced_only_when_told_to);
	tcase_add_test(t, a_damaged_one_changes_nothing);
	tcase_add_test(t,
	    one_of_another_folder_with_the_same_numbers_is_refused);
	tcase_add_test(t,
	    what_a_crash_left_goes_and_what_it_moved_comes_back);
}

int
main(void)
{

	return (client_main("snapshot", add));
}
