#include "emulator/bench/peers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "emulator/bench/bench.h"
#include "emulator/bench/web.h"
#include "lib/file.h"
#include "lib/str.h"

#define PROJECT	"litedrill"

const char *const peer_name[PEER_N] = {
	[PEER_OURS] = "ours", [PEER_MEM] = "fake memory",
	[PEER_FILE] = "fake file", [PEER_BENCH] = "testbench",
	[PEER_NGINX] = "nginx",
};

/* ---- finding ---- */

static const char *
found(struct arena *a, char *path)
{
	const char *kept = path != NULL ? arena_strdup(a, path) : NULL;

	free(path);
	return (kept);
}

/* storage-testbench from its source, by the Python that has what it needs. */
static void
find_testbench(struct peers *p, struct arena *a)
{
	const char *dir = getenv("GCS_TESTBENCH");
	const char *python;

	if (dir == NULL || *dir == '\0') {
		p->why[PEER_BENCH] = "GCS_TESTBENCH=DIR names its source";
		return;
	}
	if (!file_exists(arena_printf(a, "%s/testbench_run.py", dir))) {
		p->why[PEER_BENCH] = arena_printf(a, "no testbench_run.py in "
		    "%s", dir);
		return;
	}
	python = arena_printf(a, "%s/venv/bin/python3", dir);
	if (!file_exists(python))
		python = found(a, file_find_program("python3",
		    "/usr/local/bin:/usr/bin:/bin"));
	p->program[PEER_BENCH] = python;
	p->version[PEER_BENCH] = dir;
	if (python == NULL)
		p->why[PEER_BENCH] = "no python3";
}

void
peers_find(struct peers *p, struct arena *a, const char *self,
    const char *tools, const char *only)
{
	const char *path = getenv("PATH");
	const char *fake, *slash = strrchr(self, '/');
	char *ours = mem_printf("%.*s/gcs-emulator",
	    slash != NULL ? (int)(slash - self) : 1,
	    slash != NULL ? self : ".");

	*p = (struct peers) { 0 };
	p->program[PEER_OURS] = found(a, file_exists(ours) ? ours : NULL);
	p->why[PEER_OURS] = "run make";
	fake = found(a, file_find_program("fake-gcs-server", arena_printf(a,
	    "%s:%s", tools, path != NULL ? path : "")));
	p->program[PEER_MEM] = p->program[PEER_FILE] = fake;
	p->why[PEER_MEM] = p->why[PEER_FILE] = "run ci/peers";
	p->program[PEER_NGINX] = found(a, file_find_program("nginx",
	    arena_printf(a, "%s:%s:/usr/sbin:/usr/local/sbin", tools,
	    path != NULL ? path : "")));
	p->why[PEER_NGINX] = "run ci/peers";
	find_testbench(p, a);
	for (int i = 0; only != NULL && i < PEER_N; i++)
		if (i != PEER_OURS && strstr(only, peer_name[i]) == NULL) {
			p->program[i] = NULL;
			p->why[i] = "left out by --peers";
		}
}

/* ---- starting ---- */

static char *const *
environment(struct arena *a, const char *dir)
{
	char **env = arena_alloc(a, 5 * sizeof(*env));

	env[0] = arena_strdup(a, "PATH=/usr/local/bin:/usr/bin:/bin:"
	    "/usr/sbin");
	env[1] = arena_printf(a, "HOME=%s", dir);
	env[2] = arena_printf(a, "TMPDIR=%s", dir);
	return (env);
}

/* The words up to NULL as argv. */
static char *const *
words(struct arena *a, const char *const *v)
{
	size_t n = 0;
	char **argv;

	while (v[n] != NULL)
		n++;
	argv = arena_alloc(a, (n + 1) * sizeof(*argv));
	for (size_t i = 0; i < n; i++)
		argv[i] = arena_strdup(a, v[i]);
	return (argv);
}

/* The port of `word`ADDR:PORT in the ready line, or -1. */
static int
ready_port(const char *line, const char *word)
{
	const char *p = strstr(line, word);

	if (p == NULL)
		return (-1);
	p += strlen(word);
	p += strcspn(p, " ");
	while (p[-1] >= '0' && p[-1] <= '9')
		p--;
	return (atoi(p));
}

static int
start_ours(struct subject *s, const struct peers *p, struct arena *a,
    const char *log, struct err *e)
{
	const char *const v[] = { p->program[PEER_OURS], "--http",
	    "127.0.0.1:0", "--proxy", "127.0.0.1:0", "--data", s->data,
	    "--core-files",	/* else only root may look at its memory */
	    "--durability", "process", "--auth", "off", "--die-with-parent",
	    NULL };
	const char *ca;
	char *line;

	s->child = child_start(words(a, v), environment(a, s->data), log,
	    true, e);
	if (s->child == NULL || (line = child_line(s->child, e)) == NULL)
		return (-1);
	s->port = ready_port(line, " http=");
	s->proxy_port = ready_port(line, " proxy=");
	if ((ca = strstr(line, " ca=")) != NULL)
		s->ca = arena_strndup(a, ca + 4, strcspn(ca + 4, " "));
	free(line);
	if (s->port <= 0 || s->proxy_port <= 0 || s->ca == NULL)
		return (err_set(e, "gcs-emulator's ready line is not "
		    "understood"));
	return (0);
}

static int
start_fake(struct subject *s, const struct peers *p, struct arena *a,
    const char *log, struct err *e)
{
	bool mem = s->kind == PEER_MEM;
	const char *port = arena_printf(a, "%d", s->port = child_free_port());
	const char *const v[] = { p->program[s->kind], "-scheme", "http",
	    "-host", "127.0.0.1", "-port", port, "-public-host",
	    arena_printf(a, "127.0.0.1:%s", port), "-log-level", "error",
	    "-backend", mem ? "memory" : "filesystem", "-filesystem-root",
	    s->data, NULL };

	s->child = child_start(words(a, v), environment(a, s->data), log,
	    false, e);
	return (s->child != NULL ? 0 : -1);
}

static int
start_testbench(struct subject *s, const struct peers *p, struct arena *a,
    const char *log, struct err *e)
{
	const char *const v[] = { p->program[PEER_BENCH], "-m", "gunicorn",
	    arena_printf(a, "--bind=127.0.0.1:%d", s->port =
	    child_free_port()), "--worker-class=gthread", "--threads=64",
	    "--keep-alive=600", "--chdir", p->version[PEER_BENCH],
	    "testbench:run()", NULL };

	s->child = child_start(words(a, v), environment(a, s->data), log,
	    false, e);
	return (s->child != NULL ? 0 : -1);
}

/* A certificate for 127.0.0.1 as key.pem and cert.pem in dir. */
static int
certificate(struct arena *a, const char *dir, const char *log, struct err *e)
{
	const char *const v[] = { "/usr/bin/openssl", "req", "-x509", "-newkey",
	    "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
	    "2", "-subj", "/CN=127.0.0.1", "-addext",
	    "subjectAltName=IP:127.0.0.1", "-keyout",
	    arena_printf(a, "%s/key.pem", dir), "-out",
	    arena_printf(a, "%s/cert.pem", dir), NULL };
	struct child *p = child_start(words(a, v), environment(a, dir), log,
	    false, e);
	int64_t us;
	int rc = p != NULL ? child_wait_end(p, 10000000, &us, e) : -1;

	child_stop(p);
	return (rc == 0 ? 0 : -1);
}

/* As it would serve files: one worker a core, sendfile, no access log, no
 * bound on requests a connection; bodies of PUTs spooled beside the files, so
 * that they are renamed and not copied.  open_file_cache is off, as it is by
 * default. */
static const char nginx_conf[] =
    "daemon off;\nuser root;\nworker_processes auto;\npid %1$s/nginx.pid;\n"
    "error_log %1$s/error.log error;\n"
    "events { worker_connections 4096; }\n"
    "http {\n"
    "  access_log off;\n  sendfile on;\n  default_type "
    "application/octet-stream;\n"
    "  keepalive_requests 1000000000;\n  keepalive_timeout 600s;\n"
    "  client_max_body_size 0;\n"
    "  client_body_temp_path %1$s/body;\n  proxy_temp_path %1$s/t1;\n"
    "  fastcgi_temp_path %1$s/t2;\n  uwsgi_temp_path %1$s/t3;\n"
    "  scgi_temp_path %1$s/t4;\n"
    "  server {\n"
    "    listen 127.0.0.1:%2$d backlog=1024;\n"
    "    listen 127.0.0.1:%3$d ssl;\n"
    "    ssl_certificate %1$s/cert.pem;\n"
    "    ssl_certificate_key %1$s/key.pem;\n"
    "    root %1$s/root;\n"
    "    dav_methods PUT DELETE;\n    create_full_put_path on;\n"
    "  }\n}\n";

static int
start_nginx(struct subject *s, const struct peers *p, struct arena *a,
    const char *log, struct err *e)
{
	const char *file = arena_printf(a, "%s/nginx.conf", s->data);
	const char *const v[] = { p->program[PEER_NGINX], "-c", file, "-p",
	    s->data, "-e", arena_printf(a, "%s/error.log", s->data), NULL };
	char *text;
	int rc;

	s->port = child_free_port();
	s->tls_port = child_free_port();
	s->ca = arena_printf(a, "%s/cert.pem", s->data);
	if (certificate(a, s->data, log, e) != 0 || file_mkdirs(arena_printf(a,
	    "%s/root/" BENCH_BUCKET, s->data), 0755, e) != 0)
		return (-1);
	text = mem_printf(nginx_conf, s->data, s->port, s->tls_port);
	rc = file_write(file, text, strlen(text), 0644, e);
	free(text);
	if (rc != 0)
		return (-1);
	s->child = child_start(words(a, v), environment(a, s->data), log,
	    false, e);
	return (s->child != NULL ? 0 : -1);
}

static int
bucket(const struct subject *s, struct arena *a, struct err *e)
{
	const char *body = "{\"name\":\"" BENCH_BUCKET "\"}";
	const struct web_way way = { 0 };
	const struct web_req r = { .method = "POST", .url = arena_printf(a,
	    "http://127.0.0.1:%d/storage/v1/b?project=" PROJECT, s->port),
	    .type = "application/json", .body = body,
	    .size = (int64_t)strlen(body), .status = 200, .answer = -1 };

	return (s->kind == PEER_NGINX ? 0 : web_call(&way, &r, NULL, e));
}

int
subject_spawn(struct subject *s, enum peer_kind kind, const struct peers *p,
    struct arena *a, const char *dir, struct err *e)
{
	static int (*const start[PEER_N])(struct subject *,
	    const struct peers *, struct arena *, const char *, struct err *) =
	    { [PEER_OURS] = start_ours, [PEER_MEM] = start_fake,
	    [PEER_FILE] = start_fake, [PEER_BENCH] = start_testbench,
	    [PEER_NGINX] = start_nginx };
	const char *log = arena_printf(a, "%s.log", dir);

	*s = (struct subject) { .kind = kind, .name = peer_name[kind],
	    .data = arena_strdup(a, dir) };
	if (file_mkdirs(dir, 0755, e) == 0 &&
	    start[kind](s, p, a, log, e) == 0 &&
	    child_wait_port(s->child, s->port, e) == 0)
		return (0);
	err_prefix(e, "%s", s->name);
	subject_stop(s);
	return (-1);
}

int
subject_start(struct subject *s, enum peer_kind kind, const struct peers *p,
    struct arena *a, const char *dir, struct err *e)
{

	*s = (struct subject) { .kind = kind };
	if (file_remove_all(dir, e) != 0 ||
	    subject_spawn(s, kind, p, a, dir, e) != 0)
		return (-1);
	if (bucket(s, a, e) == 0)
		return (0);
	err_prefix(e, "%s", s->name);
	subject_stop(s);
	return (-1);
}

void
subject_end(struct subject *s)
{

	child_stop(s->child);
	s->child = NULL;
}

void
subject_stop(struct subject *s)
{

	subject_end(s);
	/* ext4 gives an inode that was deleted within the last five minutes to
	 * nobody, and looks for another one by one: that made each file that
	 * nginx stores after such deletes ten times dearer (350 us).  So what
	 * it stored stays until all is measured. */
	if (s->data != NULL && s->kind != PEER_NGINX)
		(void)file_remove_all(s->data, NULL);
}

/* ---- asking ---- */

#define BOUNDARY	"=_litedrill-bench_="

/* The path of a request; %s is the object's name. */
static const char *const google_path[] = {
	[OP_PUT_MEDIA] = "/upload/storage/v1/b/" BENCH_BUCKET
	    "/o?uploadType=media&name=%s",
	[OP_PUT_MULTIPART] = "/upload/storage/v1/b/" BENCH_BUCKET
	    "/o?uploadType=multipart",
	[OP_GET_XML] = "/" BENCH_BUCKET "/%s",
	[OP_GET_MEDIA] = "/storage/v1/b/" BENCH_BUCKET "/o/%s?alt=media",
	[OP_GET_META] = "/storage/v1/b/" BENCH_BUCKET "/o/%s",
	[OP_DELETE] = "/storage/v1/b/" BENCH_BUCKET "/o/%s",
};

static const char *
op_method(const struct subject *s, enum op op)
{

	if (op == OP_PUT_MEDIA || op == OP_PUT_MULTIPART)
		return (s->kind == PEER_NGINX ? "PUT" : "POST");
	return (op == OP_DELETE ? "DELETE" : "GET");
}

const char *
subject_path(const struct subject *s, struct arena *a, enum op op,
    const char *name)
{
	struct buf b;
	const char *fmt = s->kind == PEER_NGINX ? "/" BENCH_BUCKET "/%s" :
	    google_path[op];
	const char *mark = strstr(fmt, "%s"), *path;

	buf_init(&b, 64u << 10);
	if (mark == NULL)
		buf_adds(&b, fmt);
	else {
		buf_add(&b, fmt, (size_t)(mark - fmt));
		buf_adds(&b, name);
		buf_adds(&b, mark + 2);
	}
	path = arena_strdup(a, b.p);
	buf_release(&b);
	return (path);
}

void
subject_request(const struct subject *s, enum op op, const void *body,
    size_t n, struct gen_req *r)
{
	bool put = op == OP_PUT_MEDIA || op == OP_PUT_MULTIPART;
	bool parts = op == OP_PUT_MULTIPART && s->kind != PEER_NGINX;
	const char *name = "o-#########";
	const char *first = "--" BOUNDARY "\r\nContent-Type: application/json; "
	    "charset=UTF-8\r\n\r\n{\"name\":\"o-#########\"}\r\n--" BOUNDARY
	    "\r\nContent-Type: application/octet-stream\r\n\r\n";
	const char *last = "\r\n--" BOUNDARY "--\r\n";
	struct arena a = ARENA_INIT;
	struct buf b;

	buf_init(&b, n + 65536);
	buf_addf(&b, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n",
	    op_method(s, op), subject_path(s, &a, op, name), s->port);
	if (put)
		buf_addf(&b, "Content-Type: %s\r\nContent-Length: %zu\r\n",
		    parts ? "multipart/related; boundary=\"" BOUNDARY "\"" :
		    "application/octet-stream", n + (parts ? strlen(first) +
		    strlen(last) : 0));
	buf_adds(&b, "\r\n");
	if (parts)
		buf_adds(&b, first);
	if (put)
		buf_add(&b, body, n);
	if (parts)
		buf_adds(&b, last);
	arena_release(&a);
	*r = (struct gen_req) { .len = b.len, .body = -1 };
	r->p = buf_detach(&b);
	if (op == OP_GET_XML || op == OP_GET_MEDIA ||
	    (op == OP_GET_META && s->kind == PEER_NGINX))
		r->body = (int64_t)n;
}
