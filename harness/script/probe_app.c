/* The application's own word: GET /health and /head on the loopback of the
 * drill. */
#include "harness/script/probes_int.h"

#include <curl/curl.h>
#include <string.h>

#define PROBE_APP_MAX	(64u << 10)

static size_t
probe_app_data(char *p, size_t size, size_t n, void *arg)
{
	struct buf *b = arg;

	buf_add(b, p, size * n);
	return (buf_ok(b) ? size * n : 0);
}

/* GET PATH into b.  The HTTP status, or 0 with what stood in the way. */
static long
probe_app_get(struct run *r, const char *path, struct buf *b,
    const char **why)
{
	CURL *c = curl_easy_init();
	long status = 0;
	CURLcode rc;

	BUG_ON(c == NULL);
	(void)curl_easy_setopt(c, CURLOPT_URL, arena_printf(&r->arena,
	    "http://127.0.0.1:%d%s", r->app_port, path));
	(void)curl_easy_setopt(c, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, 2000L);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, probe_app_data);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, b);
	rc = curl_easy_perform(c);
	if (rc == CURLE_OK)
		(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	*why = curl_easy_strerror(rc);
	curl_easy_cleanup(c);
	return (status);
}

bool
probe_app_health_probe(struct run *r, const char *arg, struct value *v)
{
	const char *why;
	struct buf b;
	long status;

	(void)arg;
	buf_init(&b, PROBE_APP_MAX);
	status = probe_app_get(r, "/health", &b, &why);
	while (b.len > 0 && (b.p[b.len - 1] == '\n' || b.p[b.len - 1] == ' '))
		buf_cut(&b, b.len - 1);
	v->s = status == 200 ? arena_strdup(&r->arena, b.p) :
	    status == 0 ? arena_printf(&r->arena, "no answer: %s", why) :
	    arena_printf(&r->arena, "status %ld", status);
	buf_release(&b);
	return (true);
}

bool
probe_app_rows_probe(struct run *r, const char *arg, struct value *v)
{
	const char *why;
	struct buf b;
	long status;
	json_t *j;

	(void)arg;
	buf_init(&b, PROBE_APP_MAX);
	status = probe_app_get(r, "/head", &b, &why);
	j = status == 200 ? json_loadb(b.p, b.len, 0, NULL) : NULL;
	buf_release(&b);
	if (json_is_integer(json_object_get(j, "rows")))
		v->n = json_integer_value(json_object_get(j, "rows"));
	else if (status == 0)
		(void)probe_unknown(r, v, "the application does not answer: "
		    "%s", why);
	else
		(void)probe_unknown(r, v, "the application's /head has no "
		    "rows (status %ld)", status);
	json_decref(j);
	return (true);
}
