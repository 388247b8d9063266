/* Entries lie one behind the other in one block of memory, in order of
 * completion, which is what `seq` counts; n is the number by arrival.  At the
 * block's end the next goes to its beginning, and those that lay there are
 * forgotten: so a soak of days does not grow without end, and a request costs
 * no allocation. */
#include "emulator/control/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/control/metrics.h"
#include "emulator/control/why.h"
#include "emulator/http/route.h"
#include "lib/clock.h"
#include "lib/cond.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/nul.h"
#include "lib/str.h"

#define JOURNAL_MAX	200000u
#define JOURNAL_BYTES	(24u << 20)
#define JOURNAL_TEXT	(32u << 10)	/* of one text; no honest one is so
					 * long */

static const char JOURNAL_CONNECT[] = "emulator.connect";
static const char *const journal_auths[] = {
	"none", "bearer", "bad", "signed"
};
static const char *const journal_ways[] = { "http", "proxy", "direct" };

/* Texts are one after another behind the entry, each ended by a NUL; a length
 * of 0 (a text's own and its NUL) means none. */
enum journal_text {
	JT_HOST, JT_METHOD, JT_PRINCIPAL, JT_BUCKET, JT_OBJECT, JT_FAULT,
	JT_REASON, JT_DENIED,
	JT_MAX
};

struct journal_entry {
	uint64_t n, conn, batch;
	int64_t	t_us, us, in, out, mutation;
	const char *api;		/* a route's id, which is constant */
	int	status;
	uint8_t	via, auth;		/* enum req_via, enum req_auth: small,
					 * for there are many */
	bool	stored;			/* an upload, of an object … */
	uint32_t crc32c;		/* … with that checksum */
	uint32_t size;			/* of the whole */
	uint16_t len[JT_MAX];
};

struct journal {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	_Atomic uint64_t last_n;
	uint64_t conns;		/* the highest that the file began with */
	char	*bytes;			/* JOURNAL_BYTES */
	uint32_t *at;			/* of each in it, JOURNAL_MAX by seq */
	uint32_t end;			/* behind the last one */
	uint64_t first, next;		/* seqs in it: first .. next-1 */
	int	waiters;
	bool	woken;
	int	fd;			/* -1: no file */
	int	fd_failed;		/* errno of the first line that could
					 * not be written, or 0 */
	char	*path;
	int64_t	start_us;
};

static void	journal_resume(struct journal *);

struct journal *
journal_new(const char *file, struct err *e)
{
	struct journal *j = mem_alloc(sizeof(*j));

	j->fd = -1;
	if (file != NULL) {
		j->fd = open(file, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC,
		    0600);
		if (j->fd < 0) {
			err_setno(e, "cannot open the journal %s", file);
			free(j);
			return (NULL);
		}
		j->path = mem_strdup(file);
	}
	BUG_ON(pthread_mutex_init(&j->lock, NULL) != 0);
	cond_init(&j->cond);
	j->bytes = mem_alloc(JOURNAL_BYTES);	/* touched as it fills */
	j->at = mem_alloc(JOURNAL_MAX * sizeof(*j->at));
	j->first = j->next = 1;
	j->start_us = clock_mono_us();
	if (j->fd >= 0)
		journal_resume(j);
	return (j);
}

void
journal_free(struct journal *j)
{

	if (j == NULL)
		return;
	free(j->bytes);
	free(j->at);
	if (j->fd >= 0)
		(void)close(j->fd);
	free(j->path);
	(void)pthread_cond_destroy(&j->cond);
	(void)pthread_mutex_destroy(&j->lock);
	free(j);
}

uint64_t
journal_next(struct journal *j)
{

	return (atomic_fetch_add(&j->last_n, 1) + 1);
}

uint64_t
journal_conns(struct journal *j)
{

	return (j->conns);
}

/* ---- entries ---- */

/* What was kept under a number, which must be one of first .. next-1. */
static const struct journal_entry *
journal_entry(const struct journal *j, uint64_t seq)
{

	return ((const void *)(j->bytes + j->at[seq % JOURNAL_MAX]));
}

/* In a whole entry. */
static const char *
journal_text(const struct journal_entry *e, enum journal_text t)
{
	const char *p = (const char *)(e + 1);

	for (int i = 0; i < (int)t; i++)
		p += e->len[i];
	return (e->len[t] > 0 ? p : NULL);
}

/* What is not UTF-8 came from a client; show it percent-encoded. */
static json_t *
journal_string(const char *s)
{
	json_t *j;
	struct buf b;

	if (s == NULL)
		return (json_null());
	if ((j = json_string(s)) != NULL)
		return (j);
	buf_init(&b, 3 * strlen(s) + 1);
	nul_pct_encode(&b, s, true);
	j = json_string(b.p);
	buf_release(&b);
	return (j);
}

static json_t *
journal_json(const struct journal_entry *e, uint64_t seq)
{
	json_t *j = json_pack(
	    "{s:I, s:I, s:f, s:I, s:s, s:o, s:o, s:o, s:o, s:s, s:o, s:o, "
	    "s:I, s:I, s:i, s:o, s:I, s:I}",
	    "seq", (json_int_t)seq, "n", (json_int_t)e->n,
	    "t", (double)e->t_us / 1e6, "conn", (json_int_t)e->conn,
	    "via", journal_ways[e->via],
	    "host", journal_string(journal_text(e, JT_HOST)),
	    "method", journal_string(journal_text(e, JT_METHOD)),
	    "api", journal_string(e->api),
	    "principal", journal_string(journal_text(e, JT_PRINCIPAL)),
	    "auth", journal_auths[e->auth],
	    "bucket", journal_string(journal_text(e, JT_BUCKET)),
	    "object", journal_string(journal_text(e, JT_OBJECT)),
	    "in", (json_int_t)e->in, "out", (json_int_t)e->out,
	    "status", e->status,
	    "fault", journal_string(journal_text(e, JT_FAULT)),
	    "us", (json_int_t)e->us, "mutation", (json_int_t)e->mutation);

	BUG_ON(j == NULL);
	if (e->batch != 0)
		(void)json_object_set_new(j, "batch",
		    json_integer((json_int_t)e->batch));
	if (e->stored)
		(void)json_object_set_new(j, "crc32c",
		    json_integer((json_int_t)e->crc32c));
	if (e->len[JT_REASON] > 0)
		(void)json_object_set_new(j, "reason",
		    journal_string(journal_text(e, JT_REASON)));
	if (e->len[JT_DENIED] > 0)
		(void)json_object_set_new(j, "permission",
		    journal_string(journal_text(e, JT_DENIED)));
	return (j);
}

/* Forget the oldest as long as they begin in that part of the block. */
static void
journal_clear(struct journal *j, uint32_t from, uint32_t to)
{

	while (j->first < j->next && j->at[j->first % JOURNAL_MAX] >= from &&
	    j->at[j->first % JOURNAL_MAX] < to)
		j->first++;
}

/* Room for the next entry. */
static char *
journal_room(struct journal *j, uint32_t n)
{

	if (j->next - j->first == JOURNAL_MAX)
		j->first++;
	if (n > JOURNAL_BYTES - j->end) {
		journal_clear(j, j->end, JOURNAL_BYTES);
		j->end = 0;
	}
	journal_clear(j, j->end, j->end + n);
	j->at[j->next++ % JOURNAL_MAX] = j->end;
	j->end += n;
	return (j->bytes + j->end - n);
}

/* One line, one write; in order, since the lock is held.  Formatting has been
 * done before. */
static void
journal_file(struct journal *j, const char *line)
{

	if (file_write_all(j->fd, line, strlen(line)) == 0 || j->fd_failed != 0)
		return;
	j->fd_failed = errno;
	log_error("journal cannot write %s: %s", j->path, strerror(errno));
}

int
journal_whole(struct journal *j, struct err *e)
{
	int why;

	BUG_ON(pthread_mutex_lock(&j->lock) != 0);
	why = j->fd_failed;
	BUG_ON(pthread_mutex_unlock(&j->lock) != 0);
	return (why == 0 ? 0 : err_set(e, "the journal %s lacks lines: %s",
	    j->path, strerror(why)));
}

/* The entry and its texts are put one behind the other. */
static void
journal_copy(char *p, const struct journal_entry *e,
    const char *const text[JT_MAX])
{

	memcpy(p, e, sizeof(*e));
	p += sizeof(*e);
	for (int i = 0; i < JT_MAX; i++) {
		if (e->len[i] == 0)
			continue;
		memcpy(p, text[i], e->len[i] - 1u);
		p += e->len[i];
		p[-1] = '\0';
	}
}

/* The line but for its number, which it gets when its turn has come. */
static char *
journal_line(const struct journal_entry *e, const char *const text[JT_MAX])
{
	struct journal_entry *whole = mem_alloc(e->size);
	json_t *o;
	char *line;

	journal_copy((char *)whole, e, text);
	o = journal_json(whole, 0);
	(void)json_object_del(o, "seq");
	line = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(9));
	BUG_ON(line == NULL);
	(void)nul_json_out(line, strlen(line));
	json_decref(o);
	free(whole);
	return (line);
}

/* How long its texts are, and the whole. */
static void
journal_size(struct journal_entry *e, const char *const text[JT_MAX])
{
	size_t n = sizeof(*e), len;

	for (int i = 0; i < JT_MAX; i++) {
		len = text[i] == NULL ? 0 : strlen(text[i]) + 1;
		e->len[i] = (uint16_t)(len < JOURNAL_TEXT ? len : JOURNAL_TEXT);
		n += e->len[i];
	}
	e->size = (uint32_t)((n + 7) / 8 * 8);
}

static void
journal_put(struct journal *j, struct journal_entry *e,
    const char *const text[JT_MAX])
{
	char *line = NULL, *whole;

	journal_size(e, text);
	if (j->fd >= 0)
		line = journal_line(e, text);
	BUG_ON(pthread_mutex_lock(&j->lock) != 0);
	if (line != NULL) {
		whole = mem_printf("{\"seq\":%llu,%s\n",
		    (unsigned long long)j->next, line + 1);
		journal_file(j, whole);
		free(whole);
	}
	journal_copy(journal_room(j, e->size), e, text);
	if (j->waiters > 0)
		(void)pthread_cond_broadcast(&j->cond);
	BUG_ON(pthread_mutex_unlock(&j->lock) != 0);
	free(line);
}

void
journal_add(struct journal *j, struct req *rq)
{
	const char *text[JT_MAX] = {
		[JT_HOST] = rq->host, [JT_METHOD] = rq->method,
		[JT_PRINCIPAL] = rq->principal, [JT_BUCKET] = rq->bucket,
		[JT_OBJECT] = rq->object, [JT_FAULT] = rq->fault_note,
		[JT_REASON] = rq->status >= 400 ? why_failed(rq) : NULL,
		[JT_DENIED] = rq->status >= 400 ? rq->denied : NULL,
	};
	struct journal_entry e = {
		.n = rq->n, .conn = rq->conn, .batch = rq->batch,
		.t_us = rq->t0_us - j->start_us,
		.us = clock_mono_us() - rq->t0_us,
		.in = rq->bytes_in, .out = rq->bytes_out,
		.mutation = rq->mutation, .stored = rq->stored,
		.crc32c = rq->crc32c,
		.api = rq->route != NULL ? rq->route->id : NULL,
		.status = rq->abort ? 0 : rq->status,
		.via = rq->via, .auth = rq->auth,
	};

	metrics_request(rq->emu->metrics, rq, e.us);
	journal_put(j, &e, text);
}

void
journal_add_connect(struct journal *j, uint64_t conn, const char *host,
    int status)
{
	const char *text[JT_MAX] = {
		[JT_HOST] = host, [JT_METHOD] = "CONNECT",
		[JT_OBJECT] = host,
	};
	struct journal_entry e = {
		.n = journal_next(j), .conn = conn,
		.t_us = clock_mono_us() - j->start_us,
		.api = JOURNAL_CONNECT, .status = status,
		.via = VIA_PROXY,
	};

	journal_put(j, &e, text);
}

/* ---- going on where an emulator before this one ended ---- */

static int64_t
journal_number(const json_t *o, const char *key)
{

	return (json_integer_value(json_object_get(o, key)));
}

/* "proxy" as its place in a list. */
static int
journal_word(const json_t *o, const char *key, const char *const *list,
    int n)
{
	const char *s = json_string_value(json_object_get(o, key));

	while (--n > 0 && (s == NULL || strcmp(s, list[n]) != 0))
		;
	return (n);
}

/* A route's id, which stays; or NULL. */
static const char *
journal_api(const char *s)
{

	for (const struct route *r = routes; s != NULL && r->id != NULL; r++)
		if (strcmp(r->id, s) == 0)
			return (r->id);
	return (s != NULL && strcmp(s, JOURNAL_CONNECT) == 0 ?
	    JOURNAL_CONNECT : NULL);
}

static void
journal_again(struct journal *j, const json_t *o)
{
	static const char *const names[JT_MAX] = {
		[JT_HOST] = "host", [JT_METHOD] = "method",
		[JT_PRINCIPAL] = "principal", [JT_BUCKET] = "bucket",
		[JT_OBJECT] = "object", [JT_FAULT] = "fault",
		[JT_REASON] = "reason", [JT_DENIED] = "permission",
	};
	struct journal_entry e = {
		.n = (uint64_t)journal_number(o, "n"),
		.conn = (uint64_t)journal_number(o, "conn"),
		.batch = (uint64_t)journal_number(o, "batch"),
		.t_us = (int64_t)(1e6 * json_number_value(json_object_get(o,
		    "t"))),
		.us = journal_number(o, "us"), .in = journal_number(o, "in"),
		.out = journal_number(o, "out"),
		.mutation = journal_number(o, "mutation"),
		.stored = json_object_get(o, "crc32c") != NULL,
		.crc32c = (uint32_t)journal_number(o, "crc32c"),
		.status = (int)journal_number(o, "status"),
		.via = (enum req_via)journal_word(o, "via", journal_ways,
		    NELEMS(journal_ways)),
		.auth = (enum req_auth)journal_word(o, "auth", journal_auths,
		    NELEMS(journal_auths)),
	};
	const char *text[JT_MAX];

	e.api = journal_api(json_string_value(json_object_get(o, "api")));
	for (int i = 0; i < JT_MAX; i++)
		text[i] = json_string_value(json_object_get(o, names[i]));
	journal_size(&e, text);
	journal_copy(journal_room(j, e.size), &e, text);
	if (e.n > atomic_load(&j->last_n))
		atomic_store(&j->last_n, e.n);
	if (e.conn > j->conns)
		j->conns = e.conn;
	if (clock_mono_us() - e.t_us < j->start_us)
		j->start_us = clock_mono_us() - e.t_us;
}

/* What was killed may have left half a line, which goes.  What is too long is
 * read from where its last JOURNAL_BYTES begin. */
static void
journal_resume(struct journal *j)
{
	off_t size = lseek(j->fd, 0, SEEK_END), from, whole = 0;
	char *text, *p, *nl;
	ssize_t n;

	if (size <= 0)
		return;
	from = size > (off_t)JOURNAL_BYTES ? size - (off_t)JOURNAL_BYTES : 0;
	text = mem_alloc((size_t)(size - from) + 1);
	n = pread(j->fd, text, (size_t)(size - from), from);
	p = text;
	if (from > 0 && n > 0 && (nl = memchr(text, '\n', (size_t)n)) != NULL)
		p = nl + 1;
	for (; n > 0 && (nl = strchr(p, '\n')) != NULL; p = nl + 1) {
		json_t *o = nul_json(p, (size_t)(nl - p), true, 0, NULL);
		int64_t seq = o != NULL ? journal_number(o, "seq") : 0;

		if (seq > 0 && j->first == j->next)
			j->first = j->next = (uint64_t)seq;
		if (seq > 0)
			journal_again(j, o);
		json_decref(o);
		whole = from + (nl + 1 - text);
	}
	if (n > 0 && whole < size && ftruncate(j->fd, whole) != 0)
		log_error("journal cannot end %s at a whole line: %s",
		    j->path, strerror(errno));
	free(text);
}

/* ---- asking ---- */

static bool
journal_glob(const char *glob, const char *s)
{

	return (glob == NULL || nul_glob(glob, s != NULL ? s : ""));
}

static bool
journal_match(const struct journal_filter *f, const struct journal_entry *e)
{

	return ((f->status == 0 || f->status == e->status) &&
	    journal_glob(f->api, e->api) &&
	    journal_glob(f->object, journal_text(e, JT_OBJECT)) &&
	    journal_glob(f->principal, journal_text(e, JT_PRINCIPAL)));
}

json_t *
journal_get(struct journal *j, const struct journal_filter *f, int max)
{
	json_t *list = json_array();
	uint64_t s, dropped;

	BUG_ON(pthread_mutex_lock(&j->lock) != 0);
	s = f->since + 1 > j->first ? f->since + 1 : j->first;
	for (; s < j->next && json_array_size(list) < (size_t)max; s++) {
		const struct journal_entry *e = journal_entry(j, s);

		if (journal_match(f, e))
			(void)json_array_append_new(list, journal_json(e, s));
	}
	s = s > j->next ? j->next : s;
	dropped = j->first - 1;
	BUG_ON(pthread_mutex_unlock(&j->lock) != 0);
	return (json_pack("{s:o, s:I, s:I}", "entries", list, "next",
	    (json_int_t)(s - 1), "dropped", (json_int_t)dropped));
}

/* Count from *from on, and move *from behind what has been looked at. */
static int64_t
journal_scan(const struct journal *j, const struct journal_filter *f,
    uint64_t *from)
{
	int64_t n = 0;
	uint64_t s = *from > j->first ? *from : j->first;

	for (; s < j->next; s++)
		n += journal_match(f, journal_entry(j, s));
	*from = s;
	return (n);
}

int64_t
journal_count(struct journal *j, const struct journal_filter *f)
{
	uint64_t from = f->since + 1;
	int64_t n;

	BUG_ON(pthread_mutex_lock(&j->lock) != 0);
	n = journal_scan(j, f, &from);
	BUG_ON(pthread_mutex_unlock(&j->lock) != 0);
	return (n);
}

bool
journal_wait(struct journal *j, const struct journal_filter *f, int64_t n,
    int64_t timeout_us)
{
	int64_t end = cond_deadline(timeout_us), have;
	uint64_t from = f->since + 1;

	BUG_ON(pthread_mutex_lock(&j->lock) != 0);
	j->waiters++;
	have = journal_scan(j, f, &from);
	while (have < n && !j->woken &&
	    cond_wait_until(&j->cond, &j->lock, end))
		have += journal_scan(j, f, &from);
	have += journal_scan(j, f, &from);
	j->waiters--;
	BUG_ON(pthread_mutex_unlock(&j->lock) != 0);
	return (have >= n);
}

void
journal_wake(struct journal *j)
{

	BUG_ON(pthread_mutex_lock(&j->lock) != 0);
	j->woken = true;
	(void)pthread_cond_broadcast(&j->cond);
	BUG_ON(pthread_mutex_unlock(&j->lock) != 0);
}
