/* The emulator's control API and, as the project's owner, Google's APIs. */
#include "harness/run/emu_int.h"

#include <stdlib.h>
#include <string.h>

#include "lib/str.h"

#define EMU_CALL_MS	60000L		/* a call, besides its own wait */
#define EMU_ANSWER_MAX	(256 << 20)

static size_t
emu_write(char *p, size_t size, size_t n, void *arg)
{
	struct buf *b = arg;

	buf_add(b, p, size * n);
	return (buf_ok(b) ? size * n : 0);
}

static struct curl_slist *
emu_headers(const struct emu_request *rq)
{
	struct curl_slist *list = NULL;

	list = curl_slist_append(list, rq->header);
	list = curl_slist_append(list, "Expect:");
	if (rq->body != NULL)
		list = curl_slist_append(list,
		    "Content-Type: application/json");
	if (rq->host != NULL) {
		char *host = mem_printf("Host: %s", rq->host);

		list = curl_slist_append(list, host);
		free(host);
	}
	return (list);
}

/* One exchange.  Every option is set anew: the handle is kept for its
 * connection only. */
int
emu_exchange(struct emu *emu, const struct emu_request *rq,
    struct buf *answer, int *status, struct err *e)
{
	struct curl_slist *headers = emu_headers(rq);
	char *body = rq->body != NULL ? json_dumps(rq->body, JSON_COMPACT) :
	    NULL;
	long code = 0;
	CURLcode rc;

	curl_easy_reset(emu->curl);
	(void)curl_easy_setopt(emu->curl, CURLOPT_URL, rq->url);
	(void)curl_easy_setopt(emu->curl, CURLOPT_CUSTOMREQUEST,
	    rq->method);
	(void)curl_easy_setopt(emu->curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(emu->curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(emu->curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(emu->curl, CURLOPT_WRITEFUNCTION, emu_write);
	(void)curl_easy_setopt(emu->curl, CURLOPT_WRITEDATA, answer);
	(void)curl_easy_setopt(emu->curl, CURLOPT_TIMEOUT_MS,
	    EMU_CALL_MS + (long)(rq->wait_us / 1000));
	if (body != NULL || rq->data != NULL) {
		(void)curl_easy_setopt(emu->curl, CURLOPT_POSTFIELDS,
		    body != NULL ? body : rq->data);
		(void)curl_easy_setopt(emu->curl, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)(body != NULL ? strlen(body) : rq->len));
	}
	rc = curl_easy_perform(emu->curl);
	(void)curl_easy_getinfo(emu->curl, CURLINFO_RESPONSE_CODE, &code);
	curl_slist_free_all(headers);
	free(body);
	*status = (int)code;
	if (rc != CURLE_OK)
		return (err_set(e, "%s %s: the emulator does not answer: %s",
		    rq->method, rq->url, curl_easy_strerror(rc)));
	return (0);
}

/* Google's error message out of {"error":{"message":…}} or, as the token
 * endpoint has it, {"error","error_description"}. */
static const char *
emu_error_text(const json_t *answer)
{
	const json_t *err = json_object_get(answer, "error");
	const char *s = json_string_value(json_object_get(err, "message"));

	if (s == NULL)
		s = json_string_value(json_object_get(answer,
		    "error_description"));
	return (s != NULL ? s : json_string_value(err));
}

/* NULL where there is no JSON answer; *status 0 where there was none at all
 * (then e is set). */
static json_t *
emu_call(struct emu *emu, const struct emu_request *rq, int *status,
    struct err *e)
{
	json_t *answer = NULL;
	struct buf b;

	buf_init(&b, EMU_ANSWER_MAX);
	*status = 0;
	if (emu_exchange(emu, rq, &b, status, e) != 0)
		*status = 0;
	else if (b.len > 0)
		answer = json_loadb(b.p, b.len, JSON_DECODE_ANY |
		    JSON_ALLOW_NUL, NULL);
	buf_release(&b);
	return (answer);
}

static json_t *
emu_control_wait(struct emu *emu, const char *method, const char *path,
    json_t *body, int64_t wait_us, struct err *e)
{
	char *url = mem_printf("http://%s/_emulator/%s", emu->http, path);
	char *header = mem_printf("X-Emulator-Token: %s", emu->token);
	struct emu_request rq = { .method = method, .url = url,
		.header = header, .body = body, .wait_us = wait_us };
	const char *text;
	json_t *answer;
	int status;

	answer = emu_call(emu, &rq, &status, e);
	if (status != 0 && (status >= 300 || answer == NULL)) {
		text = emu_error_text(answer);
		err_set(e, "emulator: %s %s: %s (%d)", method, path,
		    text != NULL ? text : "no answer in JSON", status);
		json_decref(answer);
		answer = NULL;
	}
	json_decref(body);
	free(url);
	free(header);
	return (answer);
}

json_t *
emu_control(struct emu *emu, const char *method, const char *path,
    json_t *body, struct err *e)
{

	return (emu_control_wait(emu, method, path, body, 0, e));
}

/* A bearer token of the owner, for an hour; drills are shorter, but their
 * clock may be shifted, so a 401 asks for another. */
const char *
emu_bearer(struct emu *emu, struct err *e)
{
	const char *s;
	json_t *answer;

	if (emu->bearer != NULL)
		return (emu->bearer);
	answer = emu_control(emu, "POST", "token",
	    json_pack("{s:s}", "account", emu->owner), e);
	if (answer == NULL)
		return (NULL);
	s = json_string_value(json_object_get(answer, "access_token"));
	if (s != NULL)
		emu->bearer = arena_strdup(&emu->arena, s);
	else
		err_set(e, "emulator: no access_token in its answer");
	json_decref(answer);
	return (emu->bearer);
}

json_t *
emu_google(struct emu *emu, const char *method, const char *host,
    const char *path, json_t *body, int *status, struct err *e)
{
	char *url = mem_printf("http://%s%s", emu->http, path);
	struct emu_request rq = { .method = method, .url = url, .host = host,
		.body = body };
	json_t *answer = NULL;

	/* Some paths mean an object in one API and a key in another: as in
	 * the service, the host decides. */
	*status = 0;
	for (int try = 0; try < 2 && (try == 0 || *status == 401); try++) {
		const char *bearer = emu_bearer(emu, e);
		char *header;

		if (bearer == NULL)
			break;
		rq.header = header = mem_printf("Authorization: Bearer %s",
		    bearer);
		json_decref(answer);
		answer = emu_call(emu, &rq, status, e);
		free(header);
		if (*status == 401)
			emu->bearer = NULL;
	}
	if (*status == 0)
		err_prefix(e, "%s", host);
	else if (*status >= 300)
		err_set(e, "%s %s%s: %s (%d)", method, host, path,
		    emu_error_text(answer) != NULL ? emu_error_text(answer) :
		    "no message", *status);
	json_decref(body);
	free(url);
	return (answer);
}

const char *
emu_owner_key(struct emu *emu, struct err *e)
{
	json_t *info;
	const char *s;

	if (emu->owner_key != NULL)
		return (emu->owner_key);
	if ((info = emu_control(emu, "GET", "info", NULL, e)) == NULL)
		return (NULL);
	s = json_string_value(json_object_get(info, "owner_key"));
	if (s != NULL)
		emu->owner_key = arena_strdup(&emu->arena, s);
	else
		err_set(e, "emulator: no owner_key in its answer");
	json_decref(info);
	return (emu->owner_key);
}

/* ---- conveniences ---- */

/* An integer member of the answer (stolen), or -1. */
static int64_t
emu_number(json_t *answer, const char *name, struct err *e)
{
	const json_t *n = json_object_get(answer, name);
	int64_t v = -1;

	if (answer == NULL)
		return (-1);
	if (json_is_integer(n))
		v = json_integer_value(n);
	else
		err_set(e, "emulator: no number %s in its answer", name);
	json_decref(answer);
	return (v);
}

static int
emu_ok(json_t *answer)
{

	if (answer == NULL)
		return (-1);
	json_decref(answer);
	return (0);
}

int64_t
emu_mutation(struct emu *emu, struct err *e)
{

	return (emu_number(emu_control(emu, "GET", "mutation", NULL, e),
	    "mutation", e));
}

int64_t
emu_wait_mutation(struct emu *emu, int64_t above, int64_t timeout_us,
    struct err *e)
{
	char *path = mem_printf("mutation?above=%lld&timeout_ms=%lld",
	    (long long)above, (long long)(timeout_us + 999) / 1000);
	int64_t n;

	n = emu_number(emu_control_wait(emu, "GET", path, NULL, timeout_us, e),
	    "mutation", e);
	free(path);
	return (n);
}

int
emu_view(struct emu *emu, const char *bucket, int64_t at, const char *name,
    struct err *e)
{

	return (emu_ok(emu_control(emu, "POST", "views",
	    json_pack("{s:s, s:I, s:s}", "bucket", bucket, "at",
	    (json_int_t)at, "name", name), e)));
}

int
emu_fork(struct emu *emu, const char *bucket, int64_t at, const char *name,
    struct err *e)
{

	return (emu_ok(emu_control(emu, "POST", "forks",
	    json_pack("{s:s, s:I, s:s}", "bucket", bucket, "at",
	    (json_int_t)at, "name", name), e)));
}

/* PREFIX + escaped name + SUFFIX as a path of the control API; heap. */
static char *
emu_path(const char *prefix, const char *name, const char *suffix)
{
	struct buf b;

	buf_init(&b, 65536);
	buf_adds(&b, prefix);
	str_pct_encode(&b, name, strlen(name), false);
	buf_adds(&b, suffix);
	return (buf_detach(&b));
}

int
emu_view_delete(struct emu *emu, const char *name, struct err *e)
{
	char *path = emu_path("views/", name, "");
	int rc;

	rc = emu_ok(emu_control(emu, "DELETE", path, NULL, e));
	free(path);
	return (rc);
}

int
emu_fault(struct emu *emu, json_t *rule, struct err *e)
{

	return ((int)emu_number(emu_control(emu, "POST", "faults", rule, e),
	    "id", e));
}

int
emu_fault_end(struct emu *emu, int id, struct err *e)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "faults/%d", id);
	return (emu_ok(emu_control(emu, "DELETE", path, NULL, e)));
}

int64_t
emu_held(struct emu *emu, const char *as, int n, int64_t timeout_us,
    struct err *e)
{
	char *suffix = mem_printf("?n=%d&timeout_ms=%lld", n,
	    (long long)(timeout_us + 999) / 1000);
	char *path = emu_path("holds/", as, suffix);
	int64_t held;

	held = emu_number(emu_control_wait(emu, "GET", path, NULL, timeout_us,
	    e), "held", e);
	free(path);
	free(suffix);
	return (held);
}

int
emu_release(struct emu *emu, const char *as, bool discard, struct err *e)
{
	char *path = emu_path("holds/", as, "/release");
	int n;

	n = (int)emu_number(emu_control(emu, "POST", path,
	    json_pack("{s:b}", "discard", discard), e), "released", e);
	free(path);
	return (n);
}

static void
emu_add_query(struct buf *b, const char *name, const char *value)
{

	if (value == NULL)
		return;
	buf_addf(b, "%s=", name);
	str_pct_encode(b, value, strlen(value), false);
	buf_addc(b, '&');
}

int64_t
emu_journal_count(struct emu *emu, const char *api, const char *object,
    const char *principal, int status, struct err *e)
{
	struct buf b;
	int64_t n;

	buf_init(&b, 65536);
	buf_adds(&b, "journal/count?");
	emu_add_query(&b, "api", api);
	emu_add_query(&b, "object", object);
	emu_add_query(&b, "principal", principal);
	buf_addf(&b, "status=%d", status);
	n = emu_number(emu_control(emu, "GET", b.p, NULL, e), "count", e);
	buf_release(&b);
	return (n);
}
