#include "harness/run/emu.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "harness/run/proc.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/str.h"

#define EMU_READY_US	INT64_C(30000000)	/* until the ready line */
#define EMU_END_US	INT64_C(2000000)	/* after it was asked to end */
#define EMU_CALL_MS	60000L			/* a call, besides its own wait */
#define EMU_ANSWER_MAX	(256 << 20)
#define EMU_TOKEN_BYTES	24

struct emu {
	struct proc *proc;
	struct arena arena;
	CURL	*curl;			/* one connection, kept alive */
	int	ready_fd;		/* its stdout */
	const char *token;		/* of the control API */
	const char *log, *project;
	const char *http, *proxy, *ca, *data, *owner;
	const char *owner_key, *bearer;	/* NULL until asked for */
};

/* ---- starting and ending ---- */

static const char *
emu_secret(struct arena *a)
{
	unsigned char raw[EMU_TOKEN_BYTES];
	char hex[2 * EMU_TOKEN_BYTES + 1];

	BUG_ON(getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw));
	str_hex(hex, raw, sizeof(raw));
	return (arena_strdup(a, hex));
}

/* A line of its stdout, or NULL where it ended or said nothing in time. */
static const char *
emu_read_line(struct emu *emu, int64_t end_us)
{
	struct pollfd pf = { .fd = emu->ready_fd, .events = POLLIN };
	const char *line = NULL;
	struct buf b;

	buf_init(&b, 65536);
	while (buf_ok(&b)) {
		int64_t left = end_us - clock_mono_us();
		char c;

		if (left <= 0 || poll(&pf, 1, (int)(left / 1000 + 1)) < 0)
			break;
		if (pf.revents == 0)
			continue;
		if (read(emu->ready_fd, &c, 1) != 1)
			break;
		if (c == '\n') {
			line = arena_strndup(&emu->arena, b.p, b.len);
			break;
		}
		buf_addc(&b, c);
	}
	buf_release(&b);
	return (line);
}

/* The value of ` name=` in the ready line, up to the next ` word=` or its
 * end (a path may hold spaces); NULL: it is not there. */
static const char *
emu_ready_value(struct emu *emu, const char *line, const char *name)
{
	char *key = arena_printf(&emu->arena, " %s=", name);
	const char *s = strstr(line, key), *end;

	if (s == NULL)
		return (NULL);
	s += strlen(key);
	for (end = s; *end != '\0'; end++) {
		size_t n;

		if (*end != ' ')
			continue;
		n = strspn(end + 1, "abcdefghijklmnopqrstuvwxyz_");
		if (n > 0 && end[1 + n] == '=')
			break;
	}
	return (arena_strndup(&emu->arena, s, (size_t)(end - s)));
}

static int
emu_ready(struct emu *emu, struct err *e)
{
	const char *line = emu_read_line(emu, clock_mono_us() + EMU_READY_US);

	if (line == NULL || !str_starts(line, "ready ")) {
		bool ended = proc_wait(emu->proc, line == NULL ? 100000 : 0);

		if (ended)
			return (err_set(e, "the emulator ended with status %d "
			    "before it was ready; see %s",
			    proc_status(emu->proc), emu->log));
		return (err_set(e, "the emulator was not ready within %d s; "
		    "see %s", (int)(EMU_READY_US / 1000000), emu->log));
	}
	emu->http = emu_ready_value(emu, line, "http");
	emu->proxy = emu_ready_value(emu, line, "proxy");
	emu->ca = emu_ready_value(emu, line, "ca");
	emu->owner = emu_ready_value(emu, line, "owner");
	if (emu->owner == NULL)
		emu->owner = arena_printf(&emu->arena,
		    "project-owner@%s.iam.gserviceaccount.com", emu->project);
	if (emu->http == NULL || emu->proxy == NULL || emu->ca == NULL)
		return (err_set(e, "the emulator's ready line lacks an "
		    "address: %s", line));
	return (0);
}

static struct proc *
emu_spawn(struct emu *emu, const struct emu_opts *o, int out_fd, struct err *e)
{
	struct arena *a = &emu->arena;
	const char *tmp = getenv("TMPDIR");
	const char *argv[20] = {
		o->program, "--http", "127.0.0.1:0", "--proxy", "127.0.0.1:0",
		"--die-with-parent", "--data", o->data, "--project", o->project,
	};
	const char *envp[] = {
		"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8",
		arena_printf(a, "GCS_EMULATOR_TOKEN=%s", emu->token),
		arena_printf(a, "TMPDIR=%s", tmp != NULL ? tmp : "/tmp"),
		NULL,
	};
	size_t n = 10;
	struct proc_opts p = {
		.argv = (char *const *)(uintptr_t)argv,
		.envp = (char *const *)(uintptr_t)envp,
		.out_fd = out_fd, .log = o->log,
	};

	if (o->history)
		argv[n++] = "--history";
	if (o->journal != NULL) {
		argv[n++] = "--journal";
		argv[n++] = o->journal;
	}
	return (proc_start(&p, e));
}

struct emu *
emu_start(const struct emu_opts *o, struct err *e)
{
	struct emu *emu = mem_alloc(sizeof(*emu));
	int fd[2];

	emu->token = emu_secret(&emu->arena);
	emu->log = arena_strdup(&emu->arena, o->log);
	emu->data = arena_strdup(&emu->arena, o->data);
	emu->project = arena_strdup(&emu->arena, o->project);
	if (pipe2(fd, O_CLOEXEC) != 0) {
		err_setno(e, "cannot make a pipe");
		free(emu);
		return (NULL);
	}
	emu->ready_fd = fd[0];
	emu->proc = emu_spawn(emu, o, fd[1], e);
	(void)close(fd[1]);
	if (emu->proc == NULL || emu_ready(emu, e) != 0) {
		emu_stop(emu);
		return (NULL);
	}
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	emu->curl = curl_easy_init();
	BUG_ON(emu->curl == NULL);
	return (emu);
}

void
emu_stop(struct emu *emu)
{

	if (emu == NULL)
		return;
	if (emu->curl != NULL) {
		if (proc_alive(emu->proc))
			json_decref(emu_control(emu, "POST", "shutdown", NULL,
			    NULL));
		curl_easy_cleanup(emu->curl);
		curl_global_cleanup();
		(void)proc_wait(emu->proc, EMU_END_US);
	}
	proc_free(emu->proc);
	(void)close(emu->ready_fd);
	arena_release(&emu->arena);
	free(emu);
}

pid_t
emu_pid(const struct emu *emu)
{

	return (proc_pid(emu->proc));
}

bool
emu_alive(struct emu *emu)
{

	return (proc_alive(emu->proc));
}

const char *
emu_http(const struct emu *emu)
{

	return (emu->http);
}

const char *
emu_proxy(const struct emu *emu)
{

	return (emu->proxy);
}

const char *
emu_ca(const struct emu *emu)
{

	return (emu->ca);
}

const char *
emu_data(const struct emu *emu)
{

	return (emu->data);
}

const char *
emu_owner(const struct emu *emu)
{

	return (emu->owner);
}

/* ---- calls ---- */

static size_t
emu_write(char *p, size_t size, size_t n, void *arg)
{
	struct buf *b = arg;

	buf_add(b, p, size * n);
	return (buf_ok(b) ? size * n : 0);
}

/* One exchange.  Every option is set anew: the handle is kept for its
 * connection only. */
static int
emu_exchange(struct emu *emu, const char *method, const char *url,
    const char *header, const char *body, int64_t wait_us, struct buf *answer,
    int *status, struct err *e)
{
	struct curl_slist *headers = NULL;
	long code = 0;
	CURLcode rc;

	headers = curl_slist_append(headers, header);
	headers = curl_slist_append(headers, "Expect:");
	if (body != NULL)
		headers = curl_slist_append(headers,
		    "Content-Type: application/json");
	curl_easy_reset(emu->curl);
	(void)curl_easy_setopt(emu->curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(emu->curl, CURLOPT_CUSTOMREQUEST, method);
	(void)curl_easy_setopt(emu->curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(emu->curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(emu->curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(emu->curl, CURLOPT_WRITEFUNCTION, emu_write);
	(void)curl_easy_setopt(emu->curl, CURLOPT_WRITEDATA, answer);
	(void)curl_easy_setopt(emu->curl, CURLOPT_TIMEOUT_MS,
	    EMU_CALL_MS + (long)(wait_us / 1000));
	if (body != NULL) {
		(void)curl_easy_setopt(emu->curl, CURLOPT_POSTFIELDS, body);
		(void)curl_easy_setopt(emu->curl, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)strlen(body));
	}
	rc = curl_easy_perform(emu->curl);
	(void)curl_easy_getinfo(emu->curl, CURLINFO_RESPONSE_CODE, &code);
	curl_slist_free_all(headers);
	*status = (int)code;
	if (rc != CURLE_OK)
		return (err_set(e, "%s %s: the emulator does not answer: %s",
		    method, url, curl_easy_strerror(rc)));
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

/* body: stolen.  NULL where there is no JSON answer; *status 0 where there
 * was none at all (then e is set). */
static json_t *
emu_call(struct emu *emu, const char *method, const char *url,
    const char *header, json_t *body, int64_t wait_us, int *status,
    struct err *e)
{
	char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
	json_t *answer = NULL;
	struct buf b;

	buf_init(&b, EMU_ANSWER_MAX);
	*status = 0;
	if (emu_exchange(emu, method, url, header, text, wait_us, &b, status,
	    e) != 0)
		*status = 0;
	else if (b.len > 0)
		answer = json_loadb(b.p, b.len, JSON_DECODE_ANY, NULL);
	buf_release(&b);
	if (body != NULL)
		json_decref(body);
	free(text);
	return (answer);
}

static json_t *
emu_control_wait(struct emu *emu, const char *method, const char *path,
    json_t *body, int64_t wait_us, struct err *e)
{
	char *url = mem_printf("http://%s/_emulator/%s", emu->http, path);
	char *header = mem_printf("X-Emulator-Token: %s", emu->token);
	const char *text;
	json_t *answer;
	int status;

	answer = emu_call(emu, method, url, header, body, wait_us, &status, e);
	if (status != 0 && (status >= 300 || answer == NULL)) {
		text = emu_error_text(answer);
		err_set(e, "emulator: %s %s: %s (%d)", method, path,
		    text != NULL ? text : "no answer in JSON", status);
		json_decref(answer);
		answer = NULL;
	}
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
static const char *
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
	json_t *answer = NULL;

	/* The plain endpoint is one host for all: the path says which API is
	 * meant, `host` says it to the reader. */
	*status = 0;
	for (int try = 0; try < 2 && (try == 0 || *status == 401); try++) {
		const char *bearer = emu_bearer(emu, e);
		char *header;

		if (bearer == NULL)
			break;
		header = mem_printf("Authorization: Bearer %s", bearer);
		json_decref(answer);
		answer = emu_call(emu, method, url, header, json_incref(body),
		    0, status, e);
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

int
emu_download(struct emu *emu, const char *bucket, const char *object,
    const char *file, int64_t max, struct err *e)
{
	struct buf url, data;
	const char *bearer;
	char *header;
	int status = 0, rc;

	if ((bearer = emu_bearer(emu, e)) == NULL)
		return (-1);
	header = mem_printf("Authorization: Bearer %s", bearer);
	buf_init(&url, 65536);
	buf_init(&data, (size_t)max);
	buf_addf(&url, "http://%s/storage/v1/b/%s/o/", emu->http, bucket);
	str_pct_encode(&url, object, strlen(object), false);
	buf_adds(&url, "?alt=media");
	rc = emu_exchange(emu, "GET", url.p, header, NULL, 0, &data, &status,
	    e);
	if (rc == 0 && status != 200)
		rc = err_set(e, "%s/%s: status %d", bucket, object, status);
	if (rc == 0)
		rc = file_write(file, data.p, data.len, 0644, e);
	buf_release(&data);
	buf_release(&url);
	free(header);
	return (rc);
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

json_t *
emu_describe(const char *program, struct err *e)
{
	const char *argv[] = { program, "--describe", NULL };
	const char *envp[] = { "PATH=/usr/bin:/bin", NULL };
	struct proc_opts o = {
		.argv = (char *const *)(uintptr_t)argv,
		.envp = (char *const *)(uintptr_t)envp,
	};
	const char *out = "", *err = "";
	struct arena a = ARENA_INIT;
	json_error_t je;
	bool late;
	json_t *d = NULL;
	int rc;

	rc = proc_run(&o, EMU_READY_US, &a, &out, &err, &late, e);
	if (rc > 0)
		err_set(e, "%s --describe ended with status %d: %s", program,
		    rc, err);
	else if (rc == 0 && (d = json_loads(out, 0, &je)) == NULL)
		err_set(e, "%s --describe is no JSON: %s", program, je.text);
	arena_release(&a);
	return (d);
}
