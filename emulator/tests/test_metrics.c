/* Metrics as a scraper reads them, against requests that were counted here. */
#include <ctype.h>
#include <pthread.h>
#include <stdio.h>

#include "emulator/control/metrics.h"
#include "emulator/tests/client.h"

#define THREADS	4
#define ROUNDS	50

static void
setup(void)
{
	struct start_opts o = { .proxy = "127.0.0.1:0" };

	client_start(&o);
}

/* The value of the sample with just these letters in front, or -1. */
static double
sample(const char *series)
{
	size_t n = strlen(series);

	ck_assert_int_eq(client_get("/_emulator/metrics"), 200);
	for (const char *p = cl.body.p; p != NULL; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, series, n) == 0 && p[n] == ' ')
			return (strtod(p + n, NULL));
	}
	return (-1);
}

START_TEST(requests_are_counted_by_method_and_status)
{

	ck_assert_int_eq(client_post("/storage/v1/b", "{\"name\":\"bkt\"}"),
	    200);
	ck_assert_int_eq(client_get("/storage/v1/b/bkt"), 200);
	ck_assert_int_eq(client_get("/storage/v1/b/bkt"), 200);
	ck_assert_int_eq(client_get("/storage/v1/b/none"), 404);
	ck_assert(sample("gcs_emulator_requests_total{method="
	    "\"storage.buckets.get\",code=\"200\"}") == 2);
	ck_assert(sample("gcs_emulator_requests_total{method="
	    "\"storage.buckets.get\",code=\"404\"}") == 1);
	ck_assert(sample("gcs_emulator_requests_total{method="
	    "\"storage.buckets.insert\",code=\"200\"}") == 1);
	ck_assert(sample("gcs_emulator_request_duration_seconds_count"
	    "{method=\"storage.buckets.get\"}") == 3);
	ck_assert(sample("gcs_emulator_requests_total{method="
	    "\"storage.objects.list\",code=\"200\"}") == -1);
}
END_TEST

START_TEST(what_has_no_route_is_counted_too)
{

	ck_assert_int_eq(client_text("PATCH", "/nothing/here/at/all", ""),
	    405);
	ck_assert(sample("gcs_emulator_requests_total{method="
	    "\"emulator.unknown\",code=\"405\"}") == 1);
	ck_assert_int_eq(client_get("/storage/v1/b/x/anywhereCaches"), 501);
	ck_assert(sample("gcs_emulator_requests_total{method="
	    "\"storage.anywhereCaches.list\",code=\"501\"}") == 1);
}
END_TEST

START_TEST(bytes_and_objects_are_those_that_came)
{
	static char big[100000];

	memset(big, 'x', sizeof(big));
	ck_assert_int_eq(client_post("/storage/v1/b", "{\"name\":\"bkt\"}"),
	    200);
	ck_assert(sample("gcs_emulator_buckets") == 1);
	ck_assert(sample("gcs_emulator_objects") == 0);
	ck_assert_int_eq(client_ask("POST", "/upload/storage/v1/b/bkt/o?"
	    "uploadType=media&name=o", big, sizeof(big), NULL), 200);
	ck_assert(sample("gcs_emulator_objects") == 1);
	ck_assert(sample("gcs_emulator_store_bytes{part=\"payloads\"}") ==
	    sizeof(big));
	ck_assert(sample("gcs_emulator_request_body_bytes_total{method="
	    "\"storage.objects.insert\"}") == sizeof(big));
	ck_assert_int_eq(client_get("/storage/v1/b/bkt/o/o?alt=media"), 200);
	ck_assert(sample("gcs_emulator_response_body_bytes_total{method="
	    "\"storage.objects.get\"}") == sizeof(big));
	ck_assert(sample("gcs_emulator_mutations_total") == 2);
	ck_assert(sample("gcs_emulator_store_bytes{part=\"database\"}") > 0);
}
END_TEST

START_TEST(a_closed_connection_is_code_0_and_its_fault_is_named)
{
	static const char rule[] =
	    "{\"kind\":\"drop\",\"on\":\"storage.buckets.list\"}";
	char token[64];

	(void)snprintf(token, sizeof(token), "X-Emulator-Token: %s",
	    cl.emu->control_token);
	ck_assert_int_eq(client_ask("POST", "/_emulator/faults", rule,
	    strlen(rule), token), 200);
	curl_easy_setopt(cl.curl, CURLOPT_FRESH_CONNECT, 1L);	/* else it
								 * asks again */
	ck_assert_int_ne(client_try("GET", client_url(
	    "/storage/v1/b?project=litedrill"), NULL, 0, NULL), CURLE_OK);
	ck_assert(sample("gcs_emulator_requests_total{method="
	    "\"storage.buckets.list\",code=\"0\"}") == 1);
	ck_assert(sample("gcs_emulator_faults_fired_total{kind=\"drop\"}") ==
	    1);
}
END_TEST

START_TEST(connections_are_counted_by_the_way_in)
{
	int fd;

	ck_assert(sample("gcs_emulator_connections{endpoint=\"http\"}") == 1);
	fd = client_connect(cl.emu->http_port);
	ck_assert_int_ge(fd, 0);
	/* It is accepted in its own time. */
	while (sample("gcs_emulator_connections{endpoint=\"http\"}") != 2)
		;
	(void)close(fd);
	while (sample("gcs_emulator_connections{endpoint=\"http\"}") != 1)
		;
	ck_assert(sample("gcs_emulator_connections_accepted_total"
	    "{endpoint=\"http\"}") == 2);
	client_use_proxy();
	ck_assert_int_eq(client_try("GET", "https://storage.googleapis.com/"
	    "storage/v1/b/x", NULL, 0, NULL), CURLE_OK);
	curl_easy_setopt(cl.curl, CURLOPT_PROXY, "");
	ck_assert(sample("gcs_emulator_requests_total{method="
	    "\"emulator.connect\",code=\"200\"}") == 1);
	ck_assert(sample("gcs_emulator_connections_accepted_total"
	    "{endpoint=\"proxy\"}") == 1);
}
END_TEST

START_TEST(the_process_tells_of_itself)
{
	time_t now = time(NULL);

	ck_assert(sample("process_resident_memory_bytes") > 1 << 20);
	ck_assert(sample("process_open_fds") > 3);
	ck_assert(sample("process_max_fds") > sample("process_open_fds"));
	ck_assert(sample("process_start_time_seconds") > (double)now - 60);
	ck_assert(sample("process_start_time_seconds") <= (double)now + 1);
	ck_assert(sample("process_cpu_seconds_total") > 0);
	ck_assert(sample("gcs_emulator_info{version=\"" EMULATOR_VERSION
	    "\"}") == 1);
}
END_TEST

/* ---- the format ---- */

static bool
is_name(const char *p, size_t n)
{

	for (size_t i = 0; i < n; i++)
		if (!isalpha((unsigned char)p[i]) && p[i] != '_' &&
		    (i == 0 || !isdigit((unsigned char)p[i])))
			return (false);
	return (n > 0);
}

/* name{label="value",…} number */
static void
check_sample(const char *line, const char *family)
{
	const char *p = line + strcspn(line, "{ ");
	size_t n = (size_t)(p - line);
	char *end;

	ck_assert_msg(is_name(line, n), "%s", line);
	ck_assert_msg(strncmp(line, family, strlen(family)) == 0,
	    "%s in %s", line, family);
	if (*p == '{') {
		do {
			p++;
			n = strcspn(p, "=");
			ck_assert_msg(is_name(p, n) && p[n + 1] == '"', "%s",
			    line);
			p += n + 2;
			p += strcspn(p, "\"\\\n");
			ck_assert_msg(*p == '"', "%s", line);
			p++;
		} while (*p == ',');
		ck_assert_msg(*p == '}', "%s", line);
		p++;
	}
	ck_assert_msg(*p == ' ', "%s", line);
	(void)strtod(p + 1, &end);
	ck_assert_msg(end > p + 1 && *end == '\0', "%s", line);
}

START_TEST(each_line_is_of_the_text_format)
{
	char family[128] = "", seen[128][96], *line, *rest, *name;
	size_t families = 0;

	ck_assert_int_eq(client_get("/storage/v1/b?project=litedrill"), 200);
	ck_assert_int_eq(client_get("/_emulator/metrics"), 200);
	ck_assert_str_eq(client_header("Content-Type"),
	    "text/plain; version=0.0.4; charset=utf-8");
	ck_assert_int_eq(cl.body.p[cl.body.len - 1], '\n');
	rest = cl.body.p;
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		if (strncmp(line, "# HELP ", 7) == 0) {
			name = line + 7;
			name[strcspn(name, " ")] = '\0';
			(void)snprintf(family, sizeof(family), "%s", name);
			for (size_t i = 0; i < families; i++)
				ck_assert_str_ne(seen[i], family);
			ck_assert(families < 128);
			(void)snprintf(seen[families++], 96, "%.95s", family);
		} else if (strncmp(line, "# TYPE ", 7) == 0)
			ck_assert(strncmp(line + 7, family, strlen(family)) ==
			    0 && line[7 + strlen(family)] == ' ');
		else
			check_sample(line, family);
	}
	ck_assert(families > 10);
}
END_TEST

START_TEST(buckets_of_durations_add_up)
{
	static const char series[] = "gcs_emulator_request_duration_seconds_"
	    "bucket{method=\"storage.buckets.list\",le=\"";
	double last = 0;
	int steps = 0;
	char *inf;

	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(client_get("/storage/v1/b?project=litedrill"),
		    200);
	ck_assert_int_eq(client_get("/_emulator/metrics"), 200);
	for (char *p = cl.body.p; (p = strstr(p, series)) != NULL; p++) {
		double v = strtod(strchr(p, '}') + 1, NULL);

		ck_assert(v >= last);
		last = v;
		steps++;
	}
	inf = strstr(cl.body.p, "storage.buckets.list\",le=\"+Inf\"} 20\n");
	ck_assert_ptr_nonnull(inf);
	ck_assert_int_eq(steps, 17);
	ck_assert(last == 20);
}
END_TEST

/* ---- many threads ---- */

static void *
asker(void *arg)
{
	char url[128];

	(void)arg;
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/storage/v1/b/x",
	    cl.emu->http_port);
	for (int i = 0; i < ROUNDS; i++) {
		CURL *c = curl_easy_init();
		struct buf b;

		buf_init(&b, 1u << 16);
		curl_easy_setopt(c, CURLOPT_URL, url);
		curl_easy_setopt(c, CURLOPT_PROXY, "");
		curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
		curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, client_add);
		curl_easy_setopt(c, CURLOPT_WRITEDATA, &b);
		ck_assert_int_eq(curl_easy_perform(c), CURLE_OK);
		curl_easy_cleanup(c);
		buf_release(&b);
	}
	return (NULL);
}

START_TEST(none_is_lost_between_threads)
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, asker, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
	ck_assert(sample("gcs_emulator_requests_total{method="
	    "\"storage.buckets.get\",code=\"404\"}") == THREADS * ROUNDS);
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, client_stop);
	tcase_add_test(t, requests_are_counted_by_method_and_status);
	tcase_add_test(t, what_has_no_route_is_counted_too);
	tcase_add_test(t, bytes_and_objects_are_those_that_came);
	tcase_add_test(t, a_closed_connection_is_code_0_and_its_fault_is_named);
	tcase_add_test(t, connections_are_counted_by_the_way_in);
	tcase_add_test(t, the_process_tells_of_itself);
	tcase_add_test(t, each_line_is_of_the_text_format);
	tcase_add_test(t, buckets_of_durations_add_up);
	tcase_add_test(t, none_is_lost_between_threads);
}

int
main(void)
{

	return (client_main("metrics", add));
}
