/* The ring holds entries in order of completion; seq is the place in that
 * order, n the number by arrival.  Both the count of entries and their bytes
 * are bounded: a soak of days must not grow without end. */
#include "emulator/control/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/control/metrics.h"
#include "emulator/http/route.h"
#include "lib/clock.h"
#include "lib/cond.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/str.h"

#define JOURNAL_MAX	200000u
#define JOURNAL_BYTES	(128u << 20)

/* Texts are one after another in `text`, each ended by a NUL; an offset of 0
 * means none. */
enum journal_text {
	JT_HOST, JT_METHOD, JT_API, JT_PRINCIPAL, JT_BUCKET, JT_OBJECT,
	JT_FAULT, JT_MAX
};

struct journal_entry {
	uint64_t seq, n, conn, batch;
	int64_t	t_us, us, in, out, mutation;
	int	status;
	enum req_via via;
	enum req_auth auth;
	uint32_t off[JT_MAX];
	uint32_t size;			/* of the whole */
	char	text[];
};

struct journal {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	_Atomic uint64_t last_n;
	struct journal_entry **ring;	/* JOURNAL_MAX places, by seq */
	uint64_t first, next;		/* seqs in it: first .. next-1 */
	size_t	bytes;
	int	waiters;
	bool	woken;
	int	fd;			/* -1: no file */
	bool	fd_failed;		/* said so once */
	char	*path;
	int64_t	start_us;
};

struct journal *
journal_new(const char *file, struct err *e)
{
	struct journal *j = mem_alloc(sizeof(*j));

	j->fd = -1;
	if (file != NULL) {
		j->fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
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
	j->ring = mem_alloc(JOURNAL_MAX * sizeof(*j->ring));
	j->first = j->next = 1;
	j->start_us = clock_mono_us();
	return (j);
}

void
journal_free(struct journal *j)
{

	if (j == NULL)
		return;
	for (uint64_t s = j->first; s < j->next; s++)
		free(j->ring[s % JOURNAL_MAX]);
	free(j->ring);
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

/* ---- entries ---- */

static struct journal_entry *
journal_entry_new(const char *const text[JT_MAX])
{
	struct journal_entry *e;
	size_t n = 1, len;

	for (int i = 0; i < JT_MAX; i++)
		if (text[i] != NULL)
			n += strlen(text[i]) + 1;
	e = mem_alloc(sizeof(*e) + n);
	e->size = (uint32_t)(sizeof(*e) + n);
	n = 1;
	for (int i = 0; i < JT_MAX; i++) {
		if (text[i] == NULL)
			continue;
		len = strlen(text[i]) + 1;
		e->off[i] = (uint32_t)n;
		memcpy(e->text + n, text[i], len);
		n += len;
	}
	return (e);
}

static const char *
journal_text(const struct journal_entry *e, enum journal_text t)
{

	return (e->off[t] != 0 ? e->text + e->off[t] : NULL);
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
	str_pct_encode(&b, s, strlen(s), true);
	j = json_string(b.p);
	buf_release(&b);
	return (j);
}

static json_t *
journal_json(const struct journal_entry *e)
{
	static const char *const auths[] = { "none", "bearer", "bad",
	    "signed" };
	json_t *j = json_pack(
	    "{s:I, s:I, s:f, s:I, s:s, s:o, s:o, s:o, s:o, s:s, s:o, s:o, "
	    "s:I, s:I, s:i, s:o, s:I, s:I}",
	    "seq", (json_int_t)e->seq, "n", (json_int_t)e->n,
	    "t", (double)e->t_us / 1e6, "conn", (json_int_t)e->conn,
	    "via", e->via == VIA_PROXY ? "proxy" : "http",
	    "host", journal_string(journal_text(e, JT_HOST)),
	    "method", journal_string(journal_text(e, JT_METHOD)),
	    "api", journal_string(journal_text(e, JT_API)),
	    "principal", journal_string(journal_text(e, JT_PRINCIPAL)),
	    "auth", auths[e->auth],
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
	return (j);
}

static void
journal_drop_oldest(struct journal *j)
{
	struct journal_entry **p = &j->ring[j->first % JOURNAL_MAX];

	j->bytes -= (*p)->size;
	free(*p);
	*p = NULL;
	j->first++;
}

/* One line, one write; in order, since the lock is held.  Formatting has been
 * done before. */
static void
journal_file(struct journal *j, const char *line)
{

	if (file_write_all(j->fd, line, strlen(line)) == 0 || j->fd_failed)
		return;
	j->fd_failed = true;
	log_error("journal cannot write %s: %s", j->path, strerror(errno));
}

static void
journal_put(struct journal *j, struct journal_entry *e)
{
	json_t *o = NULL;
	char *line = NULL, *whole;

	BUG_ON(pthread_mutex_lock(&j->lock) != 0);
	e->seq = j->next;
	if (j->fd >= 0) {
		o = journal_json(e);
		line = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(9));
		BUG_ON(line == NULL);
		whole = mem_printf("%s\n", line);
		journal_file(j, whole);
		free(whole);
		free(line);
		json_decref(o);
	}
	while (j->next > j->first && (j->next - j->first == JOURNAL_MAX ||
	    j->bytes + e->size > JOURNAL_BYTES))
		journal_drop_oldest(j);
	j->ring[j->next++ % JOURNAL_MAX] = e;
	j->bytes += e->size;
	if (j->waiters > 0)
		(void)pthread_cond_broadcast(&j->cond);
	BUG_ON(pthread_mutex_unlock(&j->lock) != 0);
}

void
journal_add(struct journal *j, const struct req *rq)
{
	const char *text[JT_MAX] = {
		[JT_HOST] = rq->host, [JT_METHOD] = rq->method,
		[JT_API] = rq->route != NULL ? rq->route->id : NULL,
		[JT_PRINCIPAL] = rq->principal, [JT_BUCKET] = rq->bucket,
		[JT_OBJECT] = rq->object, [JT_FAULT] = rq->fault_note,
	};
	struct journal_entry *e = journal_entry_new(text);

	e->n = rq->n;
	e->conn = rq->conn;
	e->batch = rq->batch;
	e->t_us = rq->t0_us - j->start_us;
	e->us = clock_mono_us() - rq->t0_us;
	e->in = rq->bytes_in;
	e->out = rq->bytes_out;
	e->mutation = rq->mutation;
	e->status = rq->abort ? 0 : rq->status;
	e->via = rq->via;
	e->auth = rq->auth;
	metrics_request(rq->emu->metrics, rq, e->us);
	journal_put(j, e);
}

void
journal_add_connect(struct journal *j, uint64_t conn, const char *host,
    int status)
{
	const char *text[JT_MAX] = {
		[JT_HOST] = host, [JT_METHOD] = "CONNECT",
		[JT_API] = "emulator.connect", [JT_OBJECT] = host,
	};
	struct journal_entry *e = journal_entry_new(text);

	e->n = journal_next(j);
	e->conn = conn;
	e->t_us = clock_mono_us() - j->start_us;
	e->status = status;
	e->via = VIA_PROXY;
	journal_put(j, e);
}

/* ---- asking ---- */

static bool
journal_glob(const char *glob, const char *s)
{

	return (glob == NULL || str_glob(glob, s != NULL ? s : ""));
}

static bool
journal_match(const struct journal_filter *f, const struct journal_entry *e)
{

	return ((f->status == 0 || f->status == e->status) &&
	    journal_glob(f->api, journal_text(e, JT_API)) &&
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
		const struct journal_entry *e = j->ring[s % JOURNAL_MAX];

		if (journal_match(f, e))
			(void)json_array_append_new(list, journal_json(e));
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
		n += journal_match(f, j->ring[s % JOURNAL_MAX]);
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
