/* emulator/tests/client.h: a whole emulator in this process, and a client that
 * talks to it over real sockets (libcurl, or bytes as they are).  Every
 * function ends the test where the transport itself fails. */
#ifndef EMULATOR_TESTS_CLIENT_H
#define EMULATOR_TESTS_CLIENT_H

#include <arpa/inet.h>
#include <check.h>
#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emulator/control/journal.h"
#include "emulator/fault/fault.h"
#include "emulator/start.h"
#include "lib/buf.h"
#include "lib/clock.h"

#define ANSWER_MAX	(64u << 20)

struct client {
	struct start *start;
	struct emu *emu;
	CURL	*curl;
	/* the last answer */
	int	status;
	struct buf head, body;
};

static struct client cl;

static inline void
client_start(const struct start_opts *o)
{
	struct err e = ERR_INIT;

	(void)signal(SIGPIPE, SIG_IGN);
	cl.start = start_new(o, &e);
	ck_assert_msg(cl.start != NULL, "%s", err_msg(&e));
	cl.emu = start_emu(cl.start);
	cl.curl = curl_easy_init();
	curl_easy_setopt(cl.curl, CURLOPT_PROXY, "");	/* not the machine's */
	buf_init(&cl.head, 64u << 10);
	buf_init(&cl.body, ANSWER_MAX);
}

static inline void
client_stop(void)
{

	curl_easy_cleanup(cl.curl);
	start_free(cl.start);
	buf_release(&cl.head);
	buf_release(&cl.body);
	cl = (struct client){ 0 };
}

static inline size_t
client_add(char *p, size_t size, size_t n, void *b)
{

	buf_add(b, p, size * n);
	return (size * n);
}

/* A header of the last answer, into a static place, or NULL. */
static inline const char *
client_header(const char *name)
{
	static char value[512];
	size_t n = strlen(name);

	for (const char *p = cl.head.p; p != NULL && *p != '\0';
	    p = strchr(p, '\n') != NULL ? strchr(p, '\n') + 1 : NULL)
		if (strncasecmp(p, name, n) == 0 && p[n] == ':') {
			p += n + 1;
			p += strspn(p, " ");
			(void)snprintf(value, sizeof(value), "%.*s",
			    (int)strcspn(p, "\r\n"), p);
			return (value);
		}
	return (NULL);
}

/* One request; headers end with NULL.  The CURLcode. */
static inline CURLcode
client_try(const char *method, const char *url, const void *body, size_t n,
    const char *const *headers)
{
	struct curl_slist *list = NULL;
	CURLcode rc;
	long status = 0;

	for (; headers != NULL && *headers != NULL; headers++)
		list = curl_slist_append(list, *headers);
	if (n < 1024)		/* else curl asks, as it does of itself */
		list = curl_slist_append(list, "Expect:");
	buf_reset(&cl.head);
	buf_reset(&cl.body);
	curl_easy_setopt(cl.curl, CURLOPT_URL, url);
	curl_easy_setopt(cl.curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(cl.curl, CURLOPT_NOBODY,
	    (long)(strcmp(method, "HEAD") == 0));
	if (body != NULL) {
		curl_easy_setopt(cl.curl, CURLOPT_POST, 1L);
		curl_easy_setopt(cl.curl, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(cl.curl, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)n);
	} else if (strcmp(method, "HEAD") != 0)
		curl_easy_setopt(cl.curl, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(cl.curl, CURLOPT_HTTPHEADER, list);
	curl_easy_setopt(cl.curl, CURLOPT_WRITEFUNCTION, client_add);
	curl_easy_setopt(cl.curl, CURLOPT_WRITEDATA, &cl.body);
	curl_easy_setopt(cl.curl, CURLOPT_HEADERFUNCTION, client_add);
	curl_easy_setopt(cl.curl, CURLOPT_HEADERDATA, &cl.head);
	curl_easy_setopt(cl.curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(cl.curl, CURLOPT_TIMEOUT, 60L);
	rc = curl_easy_perform(cl.curl);
	curl_easy_getinfo(cl.curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(list);
	cl.status = (int)status;
	return (rc);
}

static inline const char *
client_url(const char *path)
{
	static char url[4096];

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d%s",
	    cl.emu->http_port, path);
	return (url);
}

/* The status of a request on the plain endpoint; h: one header or NULL. */
static inline int
client_ask(const char *method, const char *path, const void *body, size_t n,
    const char *h)
{
	const char *const headers[] = { h, NULL };

	ck_assert_int_eq(client_try(method, client_url(path), body, n,
	    headers), CURLE_OK);
	return (cl.status);
}

static inline int
client_get(const char *path)
{

	return (client_ask("GET", path, NULL, 0, NULL));
}

static inline int
client_text(const char *method, const char *path, const char *body)
{

	return (client_ask(method, path, body, strlen(body), NULL));
}

static inline int
client_post(const char *path, const char *body)
{

	return (client_ask("POST", path, body, strlen(body),
	    "Content-Type: application/json"));
}

/* The last answer as JSON; the caller frees it. */
static inline json_t *
client_json(void)
{
	json_t *j = json_loadb(cl.body.p, cl.body.len, 0, NULL);

	ck_assert_msg(j != NULL, "not JSON: %s", cl.body.p);
	return (j);
}

/* Is the text at path a.b of the last answer this one? */
static inline void
client_is(const char *key, const char *want)
{
	json_auto_t *j = client_json();
	const char *v = json_string_value(json_object_get(j, key));

	ck_assert_msg(v != NULL, "no %s in %s", key, cl.body.p);
	ck_assert_str_eq(v, want);
}

/* From here on through the proxy, with TLS checked against the CA. */
static inline void
client_use_proxy(void)
{
	char proxy[64];

	(void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d",
	    cl.emu->proxy_port);
	curl_easy_setopt(cl.curl, CURLOPT_PROXY, proxy);
	curl_easy_setopt(cl.curl, CURLOPT_NOPROXY, "");
	curl_easy_setopt(cl.curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(cl.curl, CURLOPT_CAINFO, cl.emu->ca_file);
}

/* ---- bytes as they are ---- */

static inline int
client_connect(int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	if (connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0)
		return (fd);
	(void)close(fd);
	return (-1);
}

static inline void
client_send(int fd, const char *s)
{
	size_t n = strlen(s);

	ck_assert_int_eq(send(fd, s, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* All that comes until the peer closes: 0, or -1 with errno at a reset. */
static inline int
client_read_all(int fd, struct buf *b)
{
	char piece[4096];
	ssize_t n;

	while ((n = recv(fd, piece, sizeof(piece), 0)) > 0)
		buf_add(b, piece, (size_t)n);
	return (n == 0 ? 0 : -1);
}

static inline int
client_main(const char *name, void (*add)(TCase *))
{
	Suite *s = suite_create(name);
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	add(t);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}

#endif
