/* The real Litestream replicates a database and restores it: to the emulator,
 * to a server that does nothing (canned.h: Litestream's own cost), to a local
 * folder, to a fake.  All through STORAGE_EMULATOR_HOST, plain HTTP; and the
 * emulator once more through its proxy, with TLS and tokens.
 *
 * 0.5 replicates once and ends (-once): its whole run is timed.  0.3 goes on
 * for ever: it is timed until its first WAL segment, which follows the whole
 * snapshot, is in the replica; the look for it costs every server the same.
 * What was restored is compared row by row, outside of the clock. */
#include <glob.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/bench/bench.h"
#include "emulator/bench/database.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/str.h"

#define MEASURE		"litestream"
#define LIMIT_US	INT64_C(120000000)
/* A restore takes a fifth of a second where the kernel drops nothing of the
 * loopback's segments, and up to half a second where it does (it shrinks the
 * window of a reader that is slow): three a turn. */
#define RESTORES	3
#define SAY_SKIP	"SKIP Litestream %s: no %s (ci/setup fetches it)\n"

enum target {
	T_OURS, T_TLS, T_CANNED, T_FOLDER, T_MEM, T_N
};
static const char *const target_name[T_N] = {
	"ours", "ours, TLS", "client's cost", "file replica", "fake memory",
};

struct run {
	struct bench *b;
	const char *version;		/* "0.5.17" */
	const char *program;
	bool	old;			/* 0.3 */
	const char *v_replicate, *v_restore;
	const char *db;			/* the database, made once */
	unsigned char sum[DATABASE_SUM];
	struct child *keep;		/* canned, with bodies */
	int	keep_port;
};

/* One turn at one target. */
struct turn {
	struct run *r;
	enum target t;
	struct arena a;
	struct subject s;		/* ours, the fake */
	struct child *server;		/* whose time counts; NULL: none */
	int	port;			/* replicate to; restore from: */
	int	from;
	const char *folder;		/* file replica */
	char	*env[8];
};

/* ---- the targets ---- */

static struct child *
canned_start(struct bench *b, bool discard, int *port, struct err *e)
{
	char *argv[] = { arena_strdup(&b->arena, b->self),
	    arena_strdup(&b->arena, "canned"),
	    arena_strdup(&b->arena, discard ? "discard" : "keep"), NULL };
	char *env[] = { NULL };
	struct child *c = child_start(argv, env, arena_printf(&b->arena,
	    "%s/canned.log", b->dir), true, e);
	char *line = c != NULL ? child_line(c, e) : NULL;

	*port = line != NULL && strrchr(line, ':') != NULL ?
	    atoi(strrchr(line, ':') + 1) : 0;
	free(line);
	if (*port > 0)
		return (c);
	child_stop(c);
	return (NULL);
}

/* The key of the project's owner, a file of the emulator's. */
static const char *
owner_key(struct turn *t, struct err *e)
{
	const struct web_way way = { 0 };
	struct web_req r = { .method = "GET", .size = -1, .status = 200,
	    .answer = -1, .url = arena_printf(&t->a,
	    "http://127.0.0.1:%d/_emulator/info", t->s.port) };
	const char *key = NULL;
	struct web_answer got;
	struct buf token;
	json_t *j;

	buf_init(&token, 4096);
	if (file_read(arena_printf(&t->a, "%s/control-token", t->s.data),
	    &token, e) == 0) {
		r.header = arena_printf(&t->a, "X-Emulator-Token: %.*s",
		    (int)strcspn(token.p, "\n"), token.p);
		if (web_call(&way, &r, &got, e) == 0) {
			j = json_loads(got.body.p, 0, NULL);
			key = json_string_value(json_object_get(j,
			    "owner_key"));
			key = key != NULL ? arena_strdup(&t->a, key) : NULL;
			json_decref(j);
		}
		web_answer_release(&got);
	}
	buf_release(&token);
	return (key);
}

static int
turn_environment(struct turn *t, struct err *e)
{
	size_t n = 0;
	const char *key;

	t->env[n++] = arena_strdup(&t->a, "PATH=/usr/local/bin:/usr/bin:/bin");
	t->env[n++] = arena_printf(&t->a, "HOME=%s", t->r->b->dir);
	if (t->t == T_TLS) {
		if ((key = owner_key(t, e)) == NULL)
			return (err_prefix(e, "no key of the owner"));
		t->env[n++] = arena_printf(&t->a,
		    "HTTPS_PROXY=http://127.0.0.1:%d", t->s.proxy_port);
		t->env[n++] = arena_printf(&t->a, "SSL_CERT_FILE=%s", t->s.ca);
		t->env[n++] = arena_printf(&t->a,
		    "GOOGLE_APPLICATION_CREDENTIALS=%s", key);
	}
	return (0);
}

static int
turn_begin(struct turn *t, struct err *e)
{
	struct bench *b = t->r->b;
	enum peer_kind kind = t->t == T_MEM ? PEER_MEM : PEER_OURS;
	int rc = 0;

	if (t->t == T_CANNED) {
		t->server = canned_start(b, true, &t->port, e);
		t->from = t->r->keep_port;
		rc = t->server != NULL ? 0 : -1;
	} else if (t->t == T_FOLDER)
		t->folder = arena_printf(&t->a, "%s/replica", b->dir);
	else {
		rc = subject_start(&t->s, kind, &b->peers, &b->arena,
		    bench_folder(b), e);
		t->server = t->s.child;
		t->from = t->port = t->s.port;
	}
	return (rc == 0 ? turn_environment(t, e) : -1);
}

static void
turn_end(struct turn *t)
{

	if (t->s.child != NULL)
		subject_stop(&t->s);
	else
		child_stop(t->server);
	if (t->folder != NULL)
		(void)file_remove_all(t->folder, NULL);
	arena_release(&t->a);
}

static const char *
url(const struct turn *t, struct arena *a)
{

	if (t->folder != NULL)
		return (arena_printf(a, "file://%s", t->folder));
	return (arena_printf(a, "%s://" BENCH_BUCKET "/db", t->r->old ? "gcs" :
	    "gs"));
}

/* ---- Litestream ---- */

static struct child *
litestream(struct turn *t, int port, const char *const *words, struct err *e)
{
	char *argv[8] = { arena_strdup(&t->a, t->r->program) };
	char *env[10];
	size_t n = 0;

	while (t->env[n] != NULL) {
		env[n] = t->env[n];
		n++;
	}
	if (t->t != T_TLS && t->folder == NULL)
		env[n++] = arena_printf(&t->a,
		    "STORAGE_EMULATOR_HOST=http://127.0.0.1:%d", port);
	env[n] = NULL;
	n = 1;
	for (; *words != NULL; words++)
		argv[n++] = arena_strdup(&t->a, *words);
	return (child_start(argv, env, arena_printf(&t->a, "%s/litestream.log",
	    t->r->b->dir), false, e));
}

/* Is a WAL segment in the replica? */
static bool
segment_there(const struct turn *t, struct web *w)
{
	char *where = t->folder != NULL ? mem_printf(
	    "%s/generations/*/wal/*.wal.lz4", t->folder) : mem_printf(
	    "http://127.0.0.1:%d/storage/v1/b/" BENCH_BUCKET
	    "/o?prefix=db/generations/", t->port);
	const struct web_req r = { .method = "GET", .url = where, .size = -1,
	    .status = 200, .answer = -1 };
	bool there = false;

	if (t->folder != NULL) {
		glob_t g = { 0 };

		there = glob(where, GLOB_NOSORT, NULL, &g) == 0;
		globfree(&g);
	} else {
		struct web_answer got;

		there = web_do(w, &r, &got, NULL) == 0 &&
		    strstr(got.body.p, ".wal.lz4") != NULL;
		web_answer_release(&got);
	}
	free(where);
	return (there);
}

/* Until it is there; *us since the start. */
static int
wait_segment(const struct turn *t, struct child *c, int64_t *us,
    struct err *e)
{
	const struct web_way way = { 0 };
	struct web *w = web_open(&way, 1);
	int64_t begun = child_started_us(c);
	bool there;

	do {
		(void)poll(NULL, 0, 3);
		there = segment_there(t, w);
		*us = clock_mono_us() - begun;
	} while (!there && *us < LIMIT_US);
	web_close(w);
	return (there ? 0 : err_set(e, "nothing was replicated"));
}

/* 0.3 reads it from a file: by its defaults it begins only after a second. */
static int
old_config(struct turn *t, const char *db, const char *file, struct err *e)
{
	const char *text = arena_printf(&t->a, "dbs:\n  - path: %s\n"
	    "    monitor-interval: 10ms\n    replicas:\n      - url: %s\n"
	    "        sync-interval: 10ms\n", db, url(t, &t->a));

	return (file_write(file, text, strlen(text), 0600, e));
}

static int
replicate(struct turn *t, int port, int64_t *us, struct err *e)
{
	struct bench *b = t->r->b;
	const char *db = arena_printf(&t->a, "%s/machine/db", b->dir);
	const char *config = arena_printf(&t->a, "%s/litestream.yml", b->dir);
	const char *const once[] = { "replicate", "-once", db,
	    url(t, &t->a), NULL };
	const char *const on[] = { "replicate", "-config", config, NULL };
	const char *dir = arena_printf(&t->a, "%s/machine", b->dir);
	struct child *c;
	int rc;

	if (file_remove_all(dir, e) != 0 || file_mkdirs(dir, 0700, e) != 0 ||
	    file_copy(t->r->db, db, e) != 0 ||
	    (t->r->old && old_config(t, db, config, e) != 0) ||
	    (c = litestream(t, port, t->r->old ? on : once, e)) == NULL)
		return (-1);
	rc = t->r->old ? wait_segment(t, c, us, e) :
	    child_wait_end(c, LIMIT_US, us, e);
	child_stop(c);
	if (file_remove_all(dir, NULL) != 0 || rc != 0)
		return (err_prefix(e, "replicate to %s", target_name[t->t]));
	return (0);
}

static int
restore(struct turn *t, int64_t *us, struct err *e)
{
	unsigned char sum[DATABASE_SUM] = { 0 };
	const char *file = arena_printf(&t->a, "%s/restored", t->r->b->dir);
	const char *const words[] = { "restore", "-o", file, url(t, &t->a),
	    NULL };
	struct child *c = litestream(t, t->from, words, e);
	int rc = c != NULL ? child_wait_end(c, LIMIT_US, us, e) : -1;

	child_stop(c);
	if (rc == 0)
		rc = database_sum(file, sum, e);
	if (rc == 0 && memcmp(sum, t->r->sum, 16) != 0)
		rc = err_set(e, "other rows than those of the database");
	for (const char *const *end = (const char *const[]) { "", "-wal",
	    "-shm", NULL }; *end != NULL; end++)
		(void)file_remove_all(arena_printf(&t->a, "%s%s", file, *end),
		    NULL);
	return (rc == 0 ? 0 : err_prefix(e, "restore from %s",
	    target_name[t->t]));
}

/* ---- a round ---- */

static void
note(const struct turn *t, const char *variant, int64_t us, int64_t cpu_us)
{
	struct bench *b = t->r->b;

	bench_add(b, MEASURE, variant, target_name[t->t], "s",
	    (double)us / 1e6);
	if (t->server == NULL)
		return;
	bench_add(b, MEASURE, variant, target_name[t->t], "server s",
	    (double)cpu_us / 1e6);
	bench_add(b, MEASURE, variant, target_name[t->t], UNIT_PEAK,
	    (double)child_peak(t->server) / 1048576);
}

static int64_t
server_cpu(const struct turn *t)
{

	return (t->server != NULL ? child_cpu_us(t->server) : 0);
}

static int
one(struct run *r, enum target target, struct err *e)
{
	struct turn t = { .r = r, .t = target };
	int64_t us = 0, cpu;
	int rc = turn_begin(&t, e);

	cpu = server_cpu(&t);
	if (rc == 0 && (rc = replicate(&t, t.port, &us, e)) == 0)
		note(&t, r->v_replicate, us, server_cpu(&t) - cpu);
	if (target == T_CANNED) {	/* the other one has the bodies */
		child_stop(t.server);
		t.server = NULL;
	}
	for (int i = 0; rc == 0 && i < RESTORES; i++) {
		cpu = server_cpu(&t);
		if ((rc = restore(&t, &us, e)) == 0)
			note(&t, r->v_restore, us, server_cpu(&t) - cpu);
	}
	turn_end(&t);
	return (rc);
}

/* What the canned restores are answered from. */
static int
preload(struct run *r, struct err *e)
{
	struct turn t = { .r = r, .t = T_CANNED };
	int64_t us;
	int rc = -1;

	r->keep = canned_start(r->b, false, &r->keep_port, e);
	t.port = r->keep_port;
	if (r->keep != NULL && turn_environment(&t, e) == 0)
		rc = replicate(&t, t.port, &us, e);
	arena_release(&t.a);
	return (rc);
}

static void
goals(struct run *r)
{
	const char *const v[] = { r->v_replicate, r->v_restore };

	for (size_t i = 0; i < NELEMS(v); i++)
		for (int t = 0; t < T_N; t++) {
			bool ours = t == T_TLS;
			int over = ours ? T_CANNED : t;
			const struct goal g = { arena_printf(&r->b->arena,
			    "Litestream %s, time: %s / %s", v[i], ours ?
			    target_name[T_TLS] : target_name[T_OURS],
			    target_name[over]), { MEASURE, v[i], ours ?
			    target_name[T_TLS] : target_name[T_OURS], "s" },
			    { MEASURE, v[i], target_name[over], "s" },
			    t == T_CANNED ? GOAL_AT_MOST : GOAL_NONE, 1.1,
			    NULL };

			if (t != T_OURS)
				figures_goal(&r->b->figures, &g);
		}
}

static int
release(struct run *r, struct err *e)
{
	int rc = preload(r, e);

	goals(r);
	for (int64_t n = 0; rc == 0 && n < r->b->rounds; n++)
		for (size_t k = 0; rc == 0 && k < T_N; k++) {
			enum target t = (enum target)bench_turn(n, k, T_N);

			if (t == T_MEM && r->b->peers.program[PEER_MEM] ==
			    NULL)
				continue;
			rc = bench_going(r->b, MEASURE, target_name[t], n, e);
			if (rc == 0)
				rc = one(r, t, e);
		}
	child_stop(r->keep);
	return (rc == 0 ? 0 : err_prefix(e, "Litestream %s", r->version));
}

int
m_litestream(struct bench *b, struct err *e)
{
	static const char *const versions[] = { "0.5.17", "0.3.13" };
	const char *db = arena_printf(&b->arena, "%s/database", b->dir);
	unsigned char sum[DATABASE_SUM] = { 0 };
	int rc = database_make(db, b->database, e);

	if (rc == 0)
		rc = database_sum(db, sum, e);
	for (size_t i = 0; rc == 0 && i < NELEMS(versions); i++) {
		struct run r = { .b = b, .version = versions[i], .db = db,
		    .program = arena_printf(&b->arena, "%s/litestream-%s",
		    b->tools, versions[i]), .old = str_starts(versions[i],
		    "0.3."), .v_replicate = arena_printf(&b->arena,
		    "%s replicate", versions[i]), .v_restore =
		    arena_printf(&b->arena, "%s restore", versions[i]) };

		memcpy(r.sum, sum, sizeof(sum));
		if (file_exists(r.program))
			rc = release(&r, e);
		else
			(void)printf(SAY_SKIP, r.version, r.program);
	}
	(void)file_remove_all(db, NULL);
	return (rc);
}
