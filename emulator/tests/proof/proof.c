/* Proofs of durability, each against the real program over HTTP:
 *
 *   kill N       kill -9 at a moment that nobody chose, N times, under writers
 *   calls        kill -9 before, and in the middle of, every call of the
 *                commit path in turn; and let each of those calls fail once
 *   power N      record all writes, cut the power N times, lose what was not
 *                synced, sector by sector, and open what is left
 *   loss N       the same with durability `process`, which does not promise
 *                that: here something must be missing, or the proof is blind
 *
 * Each ends with what it counted, and with status 1 where anything that had
 * been acknowledged was missing, or anything else was neither old nor new.
 * usage: proof EMULATOR TAP.so kill|calls|power|loss [N] [SEED] */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulator/tests/proof/disk.h"
#include "emulator/tests/proof/model.h"
#include "emulator/tests/proof/parts.h"
#include "emulator/tests/proof/tap.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/file.h"
#include "lib/str.h"

#define WRITERS	4
#define LARGE	150000

struct proof {
	const char *program, *tap;
	char	dir[128];		/* of everything here */
	char	*data, *log, *state_file;
	struct tap_state *state;
	bool	power, record;		/* how the emulator is started */
	bool	soft;			/* the bucket keeps what is deleted */
	bool	quiet;			/* count what is bad, say nothing */
	pid_t	pid;
	int	port;
	int64_t	opened_us;		/* the slowest start */
	uint64_t rng;
	struct writer w[WRITERS];
	unsigned bad;
};

static struct proof pf;

static uint64_t
proof_rand(void)
{

	pf.rng ^= pf.rng << 13;
	pf.rng ^= pf.rng >> 7;
	pf.rng ^= pf.rng << 17;
	return (pf.rng);
}

static void
proof_bad(const char *what, const char *why)
{

	pf.bad++;
	if (pf.quiet)
		return;
	printf("BAD %s: %s\n", what, why);
	(void)fflush(stdout);
}

/* ---- the program ---- */

static void
proof_exec(int out)
{
	char *env[8] = { NULL };
	size_t n = 0;

	env[n++] = mem_printf("PATH=%s", getenv("PATH"));
	env[n++] = mem_printf("TMPDIR=%s", pf.dir);
	if (pf.tap != NULL) {
		env[n++] = mem_printf("LD_PRELOAD=%s", pf.tap);
		env[n++] = mem_printf("TAP_ROOT=%s", pf.data);
		env[n++] = mem_printf("TAP_STATE=%s", pf.state_file);
		if (pf.record)
			env[n++] = mem_printf("TAP_LOG=%s", pf.log);
	}
	(void)dup2(out, 1);
	(void)execle(pf.program, pf.program, "--http", "127.0.0.1:0",
	    "--proxy", "off", "--data", pf.data, "--durability",
	    pf.power ? "power" : "process", (char *)NULL, env);
	_exit(127);
}

/* Up to its line `ready http=127.0.0.1:PORT …`.  -1: it ended before. */
static int
proof_start(void)
{
	int64_t t0 = clock_mono_us();
	struct buf line;
	const char *p;
	char c;
	int fd[2];

	BUG_ON(pipe2(fd, O_CLOEXEC) != 0);
	pf.pid = fork();
	BUG_ON(pf.pid < 0);
	if (pf.pid == 0)
		proof_exec(fd[1]);
	(void)close(fd[1]);
	buf_init(&line, 65536);
	while (read(fd[0], &c, 1) == 1 && c != '\n')
		buf_addc(&line, c);
	(void)close(fd[0]);
	p = strstr(line.p, "http=127.0.0.1:");
	pf.port = p != NULL ? atoi(p + strlen("http=127.0.0.1:")) : 0;
	buf_release(&line);
	if (clock_mono_us() - t0 > pf.opened_us)
		pf.opened_us = clock_mono_us() - t0;
	if (pf.port != 0)
		return (0);
	(void)waitpid(pf.pid, NULL, 0);
	pf.pid = 0;
	return (-1);
}

/* Status as of waitpid(). */
static int
proof_end(int sig)
{
	int status = 0;

	if (pf.pid > 0) {
		(void)kill(pf.pid, sig);
		(void)waitpid(pf.pid, &status, 0);
	}
	pf.pid = 0;
	return (status);
}

static bool
proof_open(const char *what)
{

	if (proof_start() == 0)
		return (true);
	proof_bad(what, "the emulator does not open what is left");
	return (false);
}

static void
proof_bucket(void)
{
	struct wire w;

	wire_init(&w, pf.port);
	BUG_ON(!model_bucket(&w, pf.soft));
	wire_release(&w);
}

static void
proof_fresh(void)
{

	BUG_ON(file_remove_all(pf.data, NULL) != 0);
	(void)memset(pf.state, 0, sizeof(*pf.state));
}

/* How many payload files there are. */
static unsigned
proof_files(void)
{
	unsigned n = 0;
	struct dirent *d;

	for (unsigned i = 0; i < 256; i++) {
		char *path = mem_printf("%s/payloads/%02x", pf.data, i);
		DIR *dir = opendir(path);

		while (dir != NULL && (d = readdir(dir)) != NULL)
			n += d->d_name[0] != '.';
		if (dir != NULL)
			(void)closedir(dir);
		free(path);
	}
	return (n);
}

/* What nobody has any more has no bytes either: once all is deleted, aborted
 * and closed, no payload file is left.  Ends the emulator. */
static void
proof_leftovers(struct writer *w, unsigned writers, const char *what)
{
	struct buf why;
	bool ok = true;

	buf_init(&why, 65536);
	for (unsigned i = 0; i < writers; i++)
		ok = model_empty(&w[i], &why) && ok;
	if (!ok)
		proof_bad(what, why.p);
	buf_release(&why);
	(void)proof_end(SIGTERM);
	if (!pf.soft && proof_files() > 0)
		proof_bad(what, "payload files are left where nothing is");
}

/* ---- kill ---- */

static atomic_bool stop;

static void *
proof_write(void *arg)
{
	struct writer *w = arg;
	int rc = 0;

	while (!atomic_load(&stop) && rc == 0)
		rc = model_do(w, model_pick(w));
	if (rc == 1) {
		proof_bad("answer", w->wrong);
		return ((void *)1);
	}
	return (NULL);
}

static void
proof_kill_round(unsigned *flying, int64_t *writes)
{
	int64_t us = 2000 + (int64_t)(proof_rand() % 40000);
	struct timespec ts = { .tv_nsec = us * 1000 };
	pthread_t t[WRITERS];
	bool any = false;

	atomic_store(&stop, false);
	for (unsigned i = 0; i < WRITERS; i++) {
		model_port(&pf.w[i], pf.port);
		BUG_ON(pthread_create(&t[i], NULL, proof_write,
		    &pf.w[i]) != 0);
	}
	/* The moment is chance; that it comes soon enough is all. */
	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
	(void)proof_end(SIGKILL);
	atomic_store(&stop, true);
	for (unsigned i = 0; i < WRITERS; i++)
		BUG_ON(pthread_join(t[i], NULL) != 0);
	/* In flight: sent and never answered. */
	for (unsigned i = 0; i < WRITERS; i++) {
		any = atomic_load(&pf.w[i].busy) || any;
		*writes += atomic_exchange(&pf.w[i].writes, 0);
	}
	*flying += any;
}

static void
proof_check_all(const char *what)
{
	struct buf why;

	for (unsigned i = 0; i < WRITERS; i++) {
		buf_init(&why, 65536);
		model_port(&pf.w[i], pf.port);
		if (!model_check(&pf.w[i], &why))
			proof_bad(what, why.p);
		buf_release(&why);
	}
}

static void
proof_kill(unsigned rounds)
{
	unsigned flying = 0;
	int64_t writes = 0;
	char what[32];

	pf.tap = NULL;
	proof_fresh();
	for (unsigned i = 0; i < WRITERS; i++) {
		model_writer(&pf.w[i], i, pf.rng, LARGE);
		pf.w[i].parts_large = 4;
	}
	if (!proof_open("first start"))
		return;
	proof_bucket();
	for (unsigned i = 0; i < rounds && pf.bad == 0; i++) {
		(void)snprintf(what, sizeof(what), "kill %u", i + 1);
		proof_kill_round(&flying, &writes);
		if (!proof_open(what))
			return;
		proof_check_all(what);
	}
	proof_leftovers(pf.w, WRITERS, "kill");
	printf("kill: %u kills, %u with a write in flight, %lld acknowledged "
	    "writes, slowest start %lld ms, %u bad\n", rounds, flying,
	    (long long)writes, (long long)pf.opened_us / 1000, pf.bad);
	if (flying * 2 < rounds)
		proof_bad("kill", "less than half of the kills met a write");
}

/* ---- calls ---- */

struct trial {
	enum model_op op;
	enum tap_act act;
	int	error;
};

/* The same state before each trial: objects to work on. */
static void
proof_stage(struct writer *w)
{

	proof_fresh();
	BUG_ON(proof_start() != 0);
	proof_bucket();
	model_writer(w, 0, 1, LARGE);
	w->parts_large = 1;
	model_port(w, pf.port);
	for (int i = 0; i < 4; i++)
		BUG_ON(model_do(w, i % 2 == 0 ? OP_PUT_SMALL : OP_PUT_LARGE));
}

/* One operation of the trial, with the at-th call of it disturbed.  An upload
 * is all its steps.  Returns what the operation came to. */
static int
proof_disturb(struct writer *w, const struct trial *t, long long at)
{
	int rc;

	atomic_store(&pf.state->calls, 0);
	atomic_store(&pf.state->fired, 0);
	atomic_store(&pf.state->act, t->act);
	atomic_store(&pf.state->error, t->error);
	atomic_store(&pf.state->at, at);
	atomic_store(&pf.state->armed, 1);
	do
		rc = model_do(w, t->op);
	while (rc == 0 && ((t->op == OP_UPLOAD && w->up.url[0] != '\0') ||
	    (t->op >= OP_PARTS && w->parts.id[0] != '\0')));
	atomic_store(&pf.state->armed, 0);
	return (rc);
}

static void
proof_after(struct writer *w, const struct trial *t, long long at, int rc)
{
	static const char *const acts[] = { "", "kill before", "kill inside",
		"fail", "short" };
	char *what = mem_printf("%s, %s call %lld (%s%s%s), %s",
	    model_ops[t->op], acts[t->act], at, pf.state->what,
	    t->error != 0 ? " " : "", t->error == ENOSPC ? "ENOSPC" :
	    t->error == EIO ? "EIO" : "", pf.power ? "power" : "process");
	bool kill = t->act == TAP_KILL || t->act == TAP_TEAR;
	struct buf why;
	int status;

	buf_init(&why, 65536);
	if (!kill && rc < 0)
		proof_bad(what, "the connection broke");
	if (rc == 1 && w->wire.status < 500)
		proof_bad(what, w->wrong);
	status = proof_end(SIGKILL);
	if (!kill && WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		proof_bad(what, "the emulator crashed");
	if (proof_open(what)) {
		model_port(w, pf.port);
		if (!model_check(w, &why))
			proof_bad(what, why.p);
		/* And it goes on. */
		if (model_do(w, OP_PUT_LARGE) != 0 ||
		    model_do(w, OP_UPLOAD) != 0)
			proof_bad(what, "no write after it");
		proof_leftovers(w, 1, what);
	}
	buf_release(&why);
	free(what);
}

/* Until the operation has fewer calls than `at`.  How many trials. */
static unsigned
proof_trials(const struct trial *t)
{
	unsigned n = 0;

	for (long long at = 1; ; at++) {
		struct writer w;
		bool reached;
		int rc;

		proof_stage(&w);
		rc = proof_disturb(&w, t, at);
		reached = atomic_load(&pf.state->calls) >= at;
		if (atomic_load(&pf.state->fired) != 0) {
			proof_after(&w, t, at, rc);
			n++;
		} else {
			if (rc != 0)
				proof_bad(model_ops[t->op], rc == 1 ? w.wrong :
				    "the connection broke, undisturbed");
			(void)proof_end(SIGKILL);
		}
		model_release(&w);
		if (!reached)
			return (n);
	}
}

static void
proof_calls(void)
{
	static const struct { enum tap_act act; int error; } kinds[] = {
		{ TAP_KILL, 0 }, { TAP_TEAR, 0 }, { TAP_FAIL, EIO },
		{ TAP_FAIL, ENOSPC }, { TAP_SHORT, 0 },
	};
	unsigned n = 0;

	for (int power = 0; power < 2; power++) {
		pf.power = pf.soft = power;
		for (enum model_op op = 0; op < OP_N; op++) {
			unsigned had = n;

			for (size_t i = 0; i < NELEMS(kinds); i++) {
				struct trial t = { op, kinds[i].act,
				    kinds[i].error };

				n += proof_trials(&t);
			}
			printf("calls: %s %s: %u trials\n", power ? "power" :
			    "process", model_ops[op], n - had);
			(void)fflush(stdout);
		}
	}
	printf("calls: %u trials, %u bad\n", n, pf.bad);
}

/* ---- power ---- */

struct event {
	unsigned writer, slot;
	struct version v;
	struct upload up;
	struct parts sent, acked;	/* as they are while and after it */
};

static struct event *events;
static size_t nevents;
static pthread_mutex_t events_lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;

static void
proof_note(enum tap_op op, int64_t event)
{
	struct tap_record r = { .op = op, .arg = event };

	BUG_ON(write(log_fd, &r, sizeof(r)) != sizeof(r));
}

static int64_t
proof_sent(void *cls, const struct writer *w, unsigned slot,
    const struct version *v)
{
	int64_t event;

	(void)cls;
	BUG_ON(pthread_mutex_lock(&events_lock) != 0);
	event = (int64_t)nevents++;
	events = mem_realloc(events, nevents * sizeof(*events));
	events[event] = (struct event){ w->n, slot, *v, w->up, w->parts,
	    w->parts };
	BUG_ON(pthread_mutex_unlock(&events_lock) != 0);
	proof_note(TAP_SENT, event);
	return (event);
}

static void
proof_acked(void *cls, const struct writer *w, int64_t event)
{

	(void)cls;
	BUG_ON(pthread_mutex_lock(&events_lock) != 0);
	events[event].acked = w->parts;
	BUG_ON(pthread_mutex_unlock(&events_lock) != 0);
	proof_note(TAP_ACKED, event);
}

static const struct model_ear proof_ear = { proof_sent, proof_acked, NULL };

/* Write for a while, everything recorded. */
static void
proof_record(unsigned writes)
{
	pthread_t t[WRITERS];
	long long done;

	proof_fresh();
	log_fd = open(pf.log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND |
	    O_CLOEXEC, 0600);
	BUG_ON(log_fd < 0);
	pf.record = true;
	BUG_ON(proof_start() != 0);
	proof_bucket();
	atomic_store(&stop, false);
	for (unsigned i = 0; i < WRITERS; i++) {
		model_writer(&pf.w[i], i, pf.rng, LARGE / 2);
		model_port(&pf.w[i], pf.port);
		pf.w[i].parts_large = 20;
		pf.w[i].ear = &proof_ear;
		BUG_ON(pthread_create(&t[i], NULL, proof_write,
		    &pf.w[i]) != 0);
	}
	do {
		struct timespec ts = { .tv_nsec = 10000000 };

		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
		done = 0;
		for (unsigned i = 0; i < WRITERS; i++)
			done += atomic_load(&pf.w[i].writes);
	} while (done < (long long)writes && pf.bad == 0);
	atomic_store(&stop, true);
	for (unsigned i = 0; i < WRITERS; i++)
		BUG_ON(pthread_join(t[i], NULL) != 0);
	(void)proof_end(SIGKILL);
	pf.record = false;
	pf.tap = NULL;			/* what is left is opened without */
}

/* What is known at a point of the log. */
struct known {
	struct key keys[WRITERS][MODEL_KEYS];
	struct upload up[WRITERS];
	struct parts parts[WRITERS];
	bool	bucket;
};

static void
proof_know(struct known *k, const struct tap_record *r)
{
	const struct event *e = &events[r->arg];
	struct key *key = e->slot < MODEL_KEYS ?
	    &k->keys[e->writer][e->slot] : NULL;
	struct upload *up = &k->up[e->writer];

	if (r->op == TAP_SENT) {
		if (key != NULL) {
			key->pending = e->v;
			key->has_pending = true;
		}
		if (e->up.url[0] != '\0')
			*up = e->up;
		k->parts[e->writer] = e->sent;
		return;
	}
	k->bucket = true;
	k->parts[e->writer] = e->acked;
	if (key != NULL) {
		key->acked = e->v;
		key->has_pending = false;
		if (e->up.url[0] != '\0' && e->slot == e->up.key &&
		    strcmp(e->up.url, up->url) == 0 &&
		    up->sent == (int64_t)e->up.v.seg[0].len)
			up->url[0] = '\0';	/* finished */
	} else if (e->slot == MODEL_UPLOAD)
		up->acked = e->up.sent;
}

static void
proof_judge(const char *what, const struct known *k)
{
	struct wire w;
	struct buf why;
	int64_t persisted;
	bool ok = true;

	wire_init(&w, pf.port);
	buf_init(&why, 1u << 20);
	for (unsigned i = 0; i < WRITERS; i++) {
		struct parts parts = k->parts[i];
		struct key keys[MODEL_KEYS];

		memcpy(keys, k->keys[i], sizeof(keys));
		for (unsigned j = 0; j < MODEL_KEYS; j++)
			ok = model_check_key(&w, &keys[j], &why) && ok;
		ok = parts_check(&w, &parts, &keys[parts.key], &why) && ok;
		if (k->up[i].url[0] != '\0' && k->up[i].acked > 0)
			ok = model_check_upload(&w, &k->up[i], &persisted,
			    &why) && ok;
	}
	if (!ok)
		proof_bad(what, why.p);
	buf_release(&why);
	wire_release(&w);
}

/* The folder of a cut that went wrong stays. */
static void
proof_cut(struct disk *d, const struct known *k, size_t at)
{
	char *what = mem_printf("power cut at byte %zu of the log", at);
	char *was = pf.data;
	unsigned had = pf.bad;

	pf.data = mem_printf("%s/cut-%zu", pf.dir, at);
	if (disk_make(d, pf.data, &pf.rng) != 0) {
		printf("proof: cannot make %s: %s\n", pf.data,
		    strerror(errno));
		exit(2);
	}
	if (proof_open(what)) {
		if (k->bucket)
			proof_judge(what, k);
		(void)proof_end(SIGKILL);
	}
	if (pf.bad == had || pf.quiet)
		BUG_ON(file_remove_all(pf.data, NULL) != 0);
	else
		printf("    kept as %s\n", pf.data);
	free(pf.data);
	pf.data = was;
	free(what);
}

static void
proof_power(unsigned cuts)
{
	const struct tap_record *r;
	struct known *k = mem_alloc(sizeof(*k));
	size_t records = 0, n = 0, done = 0, acks = 0, exposed = 0;
	struct disk *d;
	struct buf log;

	proof_record(cuts * 2 > 600 ? cuts * 2 : 600);
	buf_init(&log, SIZE_MAX / 2);
	BUG_ON(file_read(pf.log, &log, NULL) != 0);
	d = disk_new(&log);
	while (disk_step(d) != NULL)
		records++;
	disk_free(d);
	for (unsigned i = 0; i < WRITERS; i++)
		memcpy(k->keys[i], pf.w[i].keys, sizeof(k->keys[i]));
	for (unsigned i = 0; i < WRITERS; i++)
		for (unsigned j = 0; j < MODEL_KEYS; j++) {
			k->keys[i][j].acked = (struct version){ false };
			k->keys[i][j].has_pending = false;
		}
	d = disk_new(&log);
	while ((r = disk_step(d)) != NULL && pf.bad < 10) {
		n++;
		if (r->op == TAP_SENT || r->op == TAP_ACKED)
			proof_know(k, r);
		acks += r->op == TAP_ACKED;
		/* Spread over the log, half of them right after an answer. */
		if (proof_rand() % records >= cuts && !(r->op == TAP_ACKED &&
		    proof_rand() % records < 4 * (uint64_t)cuts))
			continue;
		exposed += disk_unsynced(d) > 0;
		proof_cut(d, k, n);
		done++;
	}
	printf("%s: %zu records, %zu syncs, %zu acknowledged writes, %zu cuts, "
	    "%zu with something to lose, %u bad\n", pf.power ? "power" :
	    "loss", records, disk_syncs(d), acks, done, exposed, pf.bad);
	disk_free(d);
	buf_release(&log);
	free(k);
}

int
main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");
	int64_t n = 0, seed = 1;
	int fd;

	if (argc < 4 || (argc > 4 && !str_int64(argv[4], &n)) ||
	    (argc > 5 && !str_int64(argv[5], &seed))) {
		fprintf(stderr, "usage: proof EMULATOR TAP.so "
		    "kill|calls|power|loss [N] [SEED]\n");
		return (2);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	pf.program = argv[1];
	pf.tap = argv[2];
	pf.rng = (uint64_t)seed * 2654435761u + 1;
	(void)snprintf(pf.dir, sizeof(pf.dir), "%.100s/proofXXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	BUG_ON(mkdtemp(pf.dir) == NULL);
	pf.data = mem_printf("%s/data", pf.dir);
	pf.log = mem_printf("%s/log", pf.dir);
	pf.state_file = mem_printf("%s/state", pf.dir);
	fd = open(pf.state_file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	BUG_ON(fd < 0 || ftruncate(fd, sizeof(*pf.state)) != 0);
	pf.state = mmap(NULL, sizeof(*pf.state), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	BUG_ON(pf.state == MAP_FAILED);
	if (strcmp(argv[3], "kill") == 0)
		for (int soft = 0; soft < 2 && pf.bad == 0; soft++) {
			pf.soft = soft;
			proof_kill((n > 0 ? (unsigned)n : 500) / 2);
		}
	else if (strcmp(argv[3], "calls") == 0)
		proof_calls();
	else if (strcmp(argv[3], "power") == 0) {
		pf.power = true;
		for (int soft = 0; soft < 2; soft++) {
			pf.soft = soft;
			pf.tap = argv[2];
			proof_power((n > 0 ? (unsigned)n : 300) / 2);
		}
	} else if (strcmp(argv[3], "loss") == 0) {
		pf.quiet = true;
		proof_power(n > 0 ? (unsigned)n : 30);
		pf.bad = pf.bad == 0;
	} else
		pf.bad++;
	if (pf.bad == 0)
		(void)file_remove_all(pf.dir, NULL);
	return (pf.bad == 0 ? 0 : 1);
}
