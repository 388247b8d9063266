#include "emulator/control/metrics.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/fault/fault.h"
#include "emulator/http/route.h"
#include "lib/clock.h"
#include "lib/file.h"

#define SLOTS	1024		/* of method id and status; a power of two */
#define TEXT_MAX (4u << 20)

/* Requests of one method with one status.  A slot is taken once and then only
 * counts. */
struct slot {
	_Atomic(const char *) id;
	atomic_int status;		/* + 1; 0: being taken */
	atomic_ullong n, us, in, out;
};

static struct slot slots[SLOTS];
static atomic_ullong lost;		/* all slots were taken */

static struct slot *
metrics_slot(const char *id, int status)
{
	size_t h = ((uintptr_t)id >> 4) * 31 + (size_t)status * 7;

	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *s = &slots[(h + i) % SLOTS];
		const char *none = NULL;
		int had;

		if (atomic_compare_exchange_strong(&s->id, &none, id)) {
			atomic_store(&s->status, status + 1);
			return (s);
		}
		if (strcmp(atomic_load(&s->id), id) != 0)
			continue;
		/* Whoever took it is about to write this. */
		while ((had = atomic_load(&s->status)) == 0)
			;
		if (had == status + 1)
			return (s);
	}
	return (NULL);
}

void
metrics_add(const struct req *rq)
{
	struct slot *s = metrics_slot(rq->route->id != NULL ? rq->route->id :
	    "none", rq->status);

	if (s == NULL) {
		atomic_fetch_add(&lost, 1);
		return;
	}
	atomic_fetch_add_explicit(&s->n, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->us,
	    (unsigned long long)(clock_mono_us() - rq->t0_us),
	    memory_order_relaxed);
	atomic_fetch_add_explicit(&s->in, (unsigned long long)rq->bytes_in,
	    memory_order_relaxed);
	atomic_fetch_add_explicit(&s->out, (unsigned long long)rq->bytes_out,
	    memory_order_relaxed);
}

/* ---- telling ---- */

static void
metrics_head(struct buf *b, const char *name, const char *type,
    const char *help)
{

	buf_addf(b, "# HELP gcs_emulator_%s %s\n# TYPE gcs_emulator_%s %s\n",
	    name, help, name, type);
}

static void
metrics_one(struct buf *b, const char *name, const char *type,
    const char *help, double v)
{

	metrics_head(b, name, type, help);
	buf_addf(b, "gcs_emulator_%s %.17g\n", name, v);
}

/* A line for each slot; which: what of it. */
static void
metrics_slots(struct buf *b, const char *name,
    double (*which)(const struct slot *))
{

	for (size_t i = 0; i < SLOTS; i++) {
		const struct slot *s = &slots[i];
		int status = atomic_load(&s->status);

		if (status != 0)
			buf_addf(b, "gcs_emulator_%s{method=\"%s\","
			    "status=\"%d\"} %.17g\n", name,
			    atomic_load(&s->id), status - 1, which(s));
	}
}

static double
metrics_n(const struct slot *s)
{

	return ((double)atomic_load(&s->n));
}

static double
metrics_seconds(const struct slot *s)
{

	return ((double)atomic_load(&s->us) / 1e6);
}

static double
metrics_in(const struct slot *s)
{

	return ((double)atomic_load(&s->in));
}

static double
metrics_out(const struct slot *s)
{

	return ((double)atomic_load(&s->out));
}

static void
metrics_requests(struct buf *b)
{

	metrics_head(b, "requests_total", "counter", "Requests by method id "
	    "and status (0: closed without an answer).");
	metrics_slots(b, "requests_total", metrics_n);
	metrics_head(b, "request_seconds_sum", "counter", "Seconds from the "
	    "head of a request to the end of its answer.");
	metrics_slots(b, "request_seconds_sum", metrics_seconds);
	metrics_head(b, "request_bytes_total", "counter",
	    "Bytes of bodies that came in.");
	metrics_slots(b, "request_bytes_total", metrics_in);
	metrics_head(b, "response_bytes_total", "counter",
	    "Bytes of bodies that went out.");
	metrics_slots(b, "response_bytes_total", metrics_out);
	metrics_one(b, "requests_uncounted_total", "counter", "Requests "
	    "that found no room to be counted.", (double)atomic_load(&lost));
}

static void
metrics_store(struct req *rq, struct buf *b)
{
	char *path = arena_printf(&rq->arena, "%s/store.db", rq->emu->data);
	const char *after = "";
	double buckets = 0;
	struct bucket *v;
	bool more = true;
	size_t n;

	while (more && store_bucket_list(rq->emu->store, NULL, "", after,
	    1000, &rq->arena, &v, &n, &more) == STORE_OK) {
		buckets += (double)n;
		after = n > 0 ? v[n - 1].name : after;
	}
	metrics_one(b, "buckets", "gauge", "Buckets.", buckets);
	metrics_one(b, "mutations_total", "counter", "Changes of buckets and "
	    "objects since the store was made.",
	    (double)store_mutation(rq->emu->store));
	metrics_one(b, "store_db_bytes", "gauge", "The store's SQLite file.",
	    (double)file_size(path));
}

static void
metrics_faults(struct req *rq, struct buf *b)
{
	json_t *rules = faults_list(rq->emu->faults), *r;
	double fired = 0;
	size_t i;

	json_array_foreach(rules, i, r)
		fired += (double)json_integer_value(json_object_get(r,
		    "fired"));
	metrics_one(b, "fault_rules", "gauge", "Fault rules that are set.",
	    (double)json_array_size(rules));
	metrics_one(b, "faults_fired", "gauge", "How often those have fired.",
	    fired);
	json_decref(rules);
}

static double
metrics_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	double n = 0;

	if (d == NULL)
		return (-1);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return (n - 3);			/* ".", "..", and d itself */
}

static void
metrics_process(struct buf *b)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long pages = 0;

	if (f != NULL && fscanf(f, "%*d %ld", &pages) == 1)
		metrics_one(b, "resident_memory_bytes", "gauge",
		    "Resident memory.",
		    (double)pages * (double)sysconf(_SC_PAGESIZE));
	if (f != NULL)
		(void)fclose(f);
	metrics_one(b, "open_fds", "gauge", "Open descriptors.",
	    metrics_fds());
}

void
metrics_h(struct req *rq)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	metrics_requests(&b);
	metrics_store(rq, &b);
	metrics_faults(rq, &b);
	metrics_process(&b);
	BUG_ON(!buf_ok(&b));
	req_reply(rq, 200, "text/plain; version=0.0.4; charset=utf-8", b.p,
	    b.len);
	buf_release(&b);
}
