#include "emulator/control/metrics_int.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "emulator/http/route.h"
#include "emulator/http/server.h"
#include "emulator/store/store_stat.h"
#include "lib/file.h"

#define TEXT_MAX	(16u << 20)

/* One row of all shards, and of all rows with the same method id. */
struct sum {
	const char *id;
	uint64_t code[METRICS_CODES], step[METRICS_STEPS], us, in, out, n;
};

static uint64_t
show_get(_Atomic uint64_t *c)
{

	return (atomic_load_explicit(c, memory_order_relaxed));
}

static void
show_add(struct sum *s, struct metrics_row *r)
{

	for (size_t i = 0; i < METRICS_CODES; i++)
		s->code[i] += show_get(&r->code[i]);
	for (size_t i = 0; i < METRICS_STEPS; i++) {
		uint64_t n = show_get(&r->step[i]);

		s->step[i] += n;
		s->n += n;
	}
	s->us += show_get(&r->us);
	s->in += show_get(&r->in);
	s->out += show_get(&r->out);
}

/* The sums by method id, in the order of the tables; how many. */
static size_t
show_sums(struct metrics *m, struct sum *v)
{
	size_t n = 0, k;

	for (size_t i = 0; i < m->nrows; i++) {
		const char *id = metrics_id(m, i);

		for (k = 0; k < n && strcmp(v[k].id, id) != 0; k++)
			;
		if (k == n)
			v[n++].id = id;
		for (size_t s = 0; s < METRICS_SHARDS; s++)
			show_add(&v[k], &m->shard[s][i]);
	}
	return (n);
}

static void
show_head(struct buf *b, const char *name, const char *type, const char *help)
{

	buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
show_one(struct buf *b, const char *name, const char *type, const char *help,
    int64_t v)
{

	show_head(b, name, type, help);
	buf_addf(b, "%s %lld\n", name, (long long)v);
}

static double
show_seconds(uint64_t us)
{

	return ((double)us / 1e6);
}

/* ---- requests ---- */

#define REQUESTS	"gcs_emulator_requests_total"
#define DURATION	"gcs_emulator_request_duration_seconds"
#define RECEIVED	"gcs_emulator_request_body_bytes_total"
#define SENT		"gcs_emulator_response_body_bytes_total"

static void
show_codes(struct buf *b, const int *status, const struct sum *v, size_t n)
{

	show_head(b, REQUESTS, "counter", "Requests by method and status; 0: "
	    "ended without an answer.");
	for (size_t k = 0; k < n; k++)
		for (size_t i = 1; i < METRICS_CODES; i++) {
			char code[16] = "other";

			if (v[k].code[i] == 0)
				continue;
			if (i < METRICS_CODES - 1)
				(void)snprintf(code, sizeof(code), "%d",
				    status[i]);
			buf_addf(b, REQUESTS "{method=\"%s\",code=\"%s\"} "
			    "%llu\n", v[k].id, code,
			    (unsigned long long)v[k].code[i]);
		}
}

static void
show_durations(struct buf *b, const struct sum *v, size_t n)
{

	show_head(b, DURATION, "histogram", "From the head of a request to "
	    "the end of its answer.");
	for (size_t k = 0; k < n; k++) {
		uint64_t sum = 0;

		if (v[k].n == 0)
			continue;
		for (size_t i = 0; i < METRICS_STEPS; i++) {
			char le[32] = "+Inf";

			sum += v[k].step[i];
			if (i < METRICS_STEPS - 1)
				(void)snprintf(le, sizeof(le), "%g",
				    show_seconds((uint64_t)
				    metrics_steps[i]));
			buf_addf(b, DURATION "_bucket{method=\"%s\","
			    "le=\"%s\"} %llu\n", v[k].id, le,
			    (unsigned long long)sum);
		}
		buf_addf(b, DURATION "_sum{method=\"%s\"} %.6f\n"
		    DURATION "_count{method=\"%s\"} %llu\n", v[k].id,
		    show_seconds(v[k].us), v[k].id, (unsigned long long)sum);
	}
}

static void
show_bytes(struct buf *b, const struct sum *v, size_t n)
{

	show_head(b, RECEIVED, "counter", "Bytes of requests' bodies.");
	for (size_t k = 0; k < n; k++)
		if (v[k].n > 0)
			buf_addf(b, RECEIVED "{method=\"%s\"} %llu\n",
			    v[k].id, (unsigned long long)v[k].in);
	show_head(b, SENT, "counter", "Bytes of answers' bodies.");
	for (size_t k = 0; k < n; k++)
		if (v[k].n > 0)
			buf_addf(b, SENT "{method=\"%s\"} %llu\n",
			    v[k].id, (unsigned long long)v[k].out);
}

static void
show_requests(struct buf *b, struct req *rq, struct metrics *m)
{
	struct sum *v = arena_alloc(&rq->arena, m->nrows * sizeof(*v));
	size_t n = show_sums(m, v);
	int status[METRICS_CODES];

	BUG_ON(pthread_mutex_lock(&m->lock) != 0);
	memcpy(status, m->status, sizeof(status));
	BUG_ON(pthread_mutex_unlock(&m->lock) != 0);
	show_codes(b, status, v, n);
	show_durations(b, v, n);
	show_bytes(b, v, n);
}

static void
show_faults(struct buf *b, struct metrics *m)
{

	show_head(b, "gcs_emulator_faults_fired_total", "counter",
	    "Faults that have acted, by kind.");
	BUG_ON(pthread_mutex_lock(&m->lock) != 0);
	for (size_t i = 0; i < METRICS_KINDS && m->faults[i].kind != NULL; i++)
		buf_addf(b, "gcs_emulator_faults_fired_total{kind=\"%s\"} "
		    "%llu\n", m->faults[i].kind,
		    (unsigned long long)m->faults[i].n);
	BUG_ON(pthread_mutex_unlock(&m->lock) != 0);
}

/* ---- connections ---- */

static void
show_connections(struct buf *b, struct server *sv)
{
	static const char *const ways[SOCKETS_WAYS] = { "http", "https",
	    "proxy", "direct", "direct-plain", "inside" };
	struct sockets_count c[SOCKETS_WAYS];

	server_conns(sv, c);
	show_head(b, "gcs_emulator_connections", "gauge",
	    "Open connections, by the way in.");
	for (int i = 0; i < SOCKETS_WAYS; i++)
		buf_addf(b, "gcs_emulator_connections{endpoint=\"%s\"} %d\n",
		    ways[i], c[i].open);
	show_head(b, "gcs_emulator_connections_accepted_total", "counter",
	    "Connections accepted.");
	for (int i = 0; i < SOCKETS_WAYS; i++)
		buf_addf(b, "gcs_emulator_connections_accepted_total"
		    "{endpoint=\"%s\"} %llu\n", ways[i],
		    (unsigned long long)c[i].total);
	show_head(b, "gcs_emulator_connections_evicted_total", "counter",
	    "Connections ended to make room for others.");
	for (int i = 0; i < SOCKETS_WAYS; i++)
		buf_addf(b, "gcs_emulator_connections_evicted_total"
		    "{endpoint=\"%s\"} %llu\n", ways[i],
		    (unsigned long long)c[i].evicted);
}

/* ---- what is kept ---- */

static void
show_store(struct buf *b, struct store *st)
{
	struct store_stat s;

	if (store_stat(st, &s) != STORE_OK)
		return;			/* logged; the rest is true */
	show_one(b, "gcs_emulator_buckets", "gauge", "Buckets.", s.buckets);
	show_one(b, "gcs_emulator_objects", "gauge", "Live objects.",
	    s.objects);
	show_head(b, "gcs_emulator_store_bytes", "gauge", "Bytes on the disk: "
	    "the database with its log, and files of payloads.");
	buf_addf(b, "gcs_emulator_store_bytes{part=\"database\"} %lld\n"
	    "gcs_emulator_store_bytes{part=\"payloads\"} %lld\n",
	    (long long)s.database, (long long)s.payloads);
	show_one(b, "gcs_emulator_mutations_total", "counter",
	    "Changes of buckets and objects, the number of the newest.",
	    s.mutation);
}

/* ---- the process ---- */

static int64_t
show_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	const struct dirent *e;
	int64_t n = -1;			/* the one that looks */

	if (d == NULL)
		return (0);
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return (n);
}

static void
show_memory(struct buf *b)
{
	long long all = 0, resident = 0, page = sysconf(_SC_PAGESIZE);
	struct buf f;

	buf_init(&f, 4096);
	if (file_read("/proc/self/statm", &f, NULL) == 0 &&
	    sscanf(f.p, "%lld %lld", &all, &resident) == 2) {
		show_one(b, "process_resident_memory_bytes", "gauge",
		    "Resident memory.", resident * page);
		show_one(b, "process_virtual_memory_bytes", "gauge",
		    "Virtual memory.", all * page);
	}
	buf_release(&f);
}

static void
show_process(struct buf *b, const struct metrics *m)
{
	struct rusage u;
	struct rlimit r;

	show_memory(b);
	show_one(b, "process_open_fds", "gauge", "Open descriptors.",
	    show_descriptors());
	if (getrlimit(RLIMIT_NOFILE, &r) == 0)
		show_one(b, "process_max_fds", "gauge",
		    "Descriptors that it may open.", (int64_t)r.rlim_cur);
	if (getrusage(RUSAGE_SELF, &u) == 0) {
		show_head(b, "process_cpu_seconds_total", "counter",
		    "Processor time, user and system.");
		buf_addf(b, "process_cpu_seconds_total %.6f\n",
		    (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
	}
	show_head(b, "process_start_time_seconds", "gauge",
	    "When it began, since 1970.");
	buf_addf(b, "process_start_time_seconds %.3f\n",
	    (double)m->start_us / 1e6);
}

void
metrics_h(struct req *rq)
{
	struct metrics *m = rq->emu->metrics;
	struct buf b;

	buf_init(&b, TEXT_MAX);
	show_head(&b, "gcs_emulator_info", "gauge", "The program.");
	buf_adds(&b, "gcs_emulator_info{version=\"" EMULATOR_VERSION
	    "\"} 1\n");
	if (m != NULL) {
		show_requests(&b, rq, m);
		show_faults(&b, m);
	}
	if (rq->emu->server != NULL)
		show_connections(&b, rq->emu->server);
	show_store(&b, rq->emu->store);
	if (m != NULL)
		show_process(&b, m);
	req_reply(rq, 200, "text/plain; version=0.0.4; charset=utf-8", b.p,
	    b.len);
	buf_release(&b);
}
