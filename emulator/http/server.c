/* What a connection goes through: sockets.c accepts it, crew.c says when there
 * is something to read, and one thread then takes a turn with it.  A turn ends
 * where the client has to send something that begins a request; everything
 * else, a body, a reply, a wait, is inside of one.  exchange.c has what
 * happens with a request. */
#include "emulator/http/server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "emulator/control/gate.h"
#include "emulator/control/journal.h"
#include "emulator/control/metrics.h"
#include "emulator/fault/fault.h"
#include "emulator/http/conn.h"
#include "emulator/http/exchange.h"
#include "emulator/http/head.h"
#include "emulator/http/proxy.h"
#include "emulator/http/req.h"
#include "emulator/http/route.h"
#include "emulator/http/settle.h"
#include "emulator/http/tls.h"
#include "lib/cond.h"
#include "lib/log.h"
#include "lib/str.h"

#define WAKE_US		20000
#define TURNS		16		/* pipelined requests at a stretch */
#define BLANKS		16		/* empty lines before a request */
#define FILES_LEAST	40		/* open files without which it begins not */
#define FILES_OWN	32		/* … that are not for connections */

enum server_tls { TLS_PROXY, TLS_HTTPS, TLS_N };

struct server {
	struct emu *emu;
	struct sockets *sockets;
	struct crew *crew;
	atomic_bool stopping;
	atomic_uint shut;		/* bits: which doors */
	atomic_llong turned[DOORS];	/* of requests */
	struct settle settle;
	pthread_mutex_t lock;		/* of what follows */
	pthread_cond_t cond;
	bool	ended;
	SSL_CTX	*ctx[TLS_N];		/* made when it is first wanted */
	const char *cert_pem[TLS_N], *key_pem[TLS_N];
};

bool
server_stopping(const struct server *sv)
{

	return (sv != NULL && atomic_load(&sv->stopping));
}

struct settle *
server_settle(struct server *sv)
{

	return (&sv->settle);
}

void
server_conns(struct server *sv, struct sockets_count n[SOCKETS_WAYS])
{

	sockets_count(sv->sockets, n);
}

/* ---- one turn ---- */

/* It costs a millisecond or two: a drill without TLS need not wait for it. */
static SSL_CTX *
server_context(struct server *sv, enum server_tls which)
{
	struct err e = ERR_INIT;
	SSL_CTX *ctx;

	BUG_ON(pthread_mutex_lock(&sv->lock) != 0);
	if (sv->ctx[which] == NULL && (sv->ctx[which] = tls_context(
	    sv->cert_pem[which], sv->key_pem[which], &e)) == NULL)
		log_error("tls %s", err_msg(&e));
	ctx = sv->ctx[which];
	BUG_ON(pthread_mutex_unlock(&sv->lock) != 0);
	err_release(&e);
	return (ctx);
}

enum server_rc { SERVER_REQUEST, SERVER_WAIT, SERVER_LINGER, SERVER_CLOSE };

static enum server_rc
server_refuse_head(struct conn *c, int status, const char *why)
{

	return (exchange_refuse(c, status, why) == EXCHANGE_LINGER ?
	    SERVER_LINGER : SERVER_CLOSE);
}

/* What comes before the first request: CONNECT and the handshake.  Both wait;
 * SERVER_REQUEST, or what to do where they lead to nothing. */
static enum server_rc
server_open(struct server *sv, struct conn *c)
{
	struct arena a = ARENA_INIT;
	const char *host;
	SSL_CTX *ctx;
	int status = 200;

	crew_block(c->hand);
	sockets_phase(&c->sc, PHASE_HEAD);
	if (c->sc.way == SOCKETS_PROXY) {
		status = proxy_connect(c->sc.fd, &a, &host, &c->plain);
		/* Before the handshake, so that the line precedes those of
		 * the requests. */
		if (status != PROXY_PLAIN && (host != NULL || status != 0)) {
			journal_add_connect(sv->emu->journal, c->sc.n,
			    host != NULL ? host : "", status);
			metrics_connect(sv->emu->metrics, status);
		}
		arena_release(&a);
	}
	if (c->plain)
		return (SERVER_REQUEST);
	if (status != 200)
		return (SERVER_CLOSE);
	ctx = server_context(sv, c->sc.way == SOCKETS_HTTPS ? TLS_HTTPS :
	    TLS_PROXY);
	switch (ctx != NULL ? conn_handshake(c, ctx) : CONN_TLS_NONE) {
	case CONN_TLS:
		return (SERVER_REQUEST);
	case CONN_TLS_PLAIN:
		return (server_refuse_head(c, 400, "This is plain HTTP, but "
		    "the port speaks TLS: the URL must begin with https."));
	default:
		return (SERVER_CLOSE);
	}
}

/* Empty lines before a request line are nothing (RFC 9112 section 2.2). */
static bool
server_skip(struct conn *c)
{
	const char *p = conn_in(c);
	size_t n = c->desk->len, i = 0;

	while (i < n && (p[i] == '\n' || (p[i] == '\r' &&
	    i + 1 < n && p[i + 1] == '\n')))
		i += p[i] == '\n' ? 1 : 2;
	if (i > 0)
		conn_took(c, i);
	return (i <= BLANKS);
}

/* A whole head, its length in *n, or why there is none. */
static enum server_rc
server_head(struct conn *c, size_t *n)
{
	struct desk *d = c->desk;
	const char *why;
	bool begun = false;
	enum conn_rc rc;

	if (d->at > LIMIT_DESK / 4)
		conn_align(c);
	for (;;) {
		if (!server_skip(c))
			return (server_refuse_head(c, 400, "There are only "
			    "empty lines where a request should be."));
		if ((*n = head_end(conn_in(c), d->len, &c->looked)) > 0)
			return (SERVER_REQUEST);
		if ((why = head_begins(conn_in(c), d->len)) != NULL)
			return (server_refuse_head(c, 400, why));
		if (d->len > HEAD_LINE_MAX &&
		    memchr(conn_in(c), '\n', d->len) == NULL)
			return (server_refuse_head(c, 414,
			    "The request line is too long."));
		if (d->len > HEAD_MAX)
			return (server_refuse_head(c, 431,
			    "The request's head is too long."));
		/* Through TLS the rest of a head is waited for here. */
		if (c->ssl != NULL && d->len > 0 && !begun) {
			sockets_phase(&c->sc, PHASE_HEAD);
			begun = true;
		}
		if ((rc = conn_more(c, false)) == CONN_EMPTY)
			return (SERVER_WAIT);
		if (rc == CONN_END)
			return (d->len > 0 &&
			    sockets_ended(&c->sc) == END_LATE ?
			    server_refuse_head(c, 408, "The request's head "
			    "did not come in time.") : SERVER_CLOSE);
	}
}

static enum server_rc
server_turn(struct server *sv, struct conn *c)
{
	enum exchange_rc rc;
	enum server_rc head;
	int64_t now;
	size_t n = 0;

	if (c->linger)
		return (SERVER_LINGER);
	if (sockets_is_tls(c->sc.way) && c->ssl == NULL && !c->plain &&
	    (head = server_open(sv, c)) != SERVER_REQUEST)
		return (head);
	for (int i = 0; i < TURNS || (crew_block(c->hand), true); i++) {
		if ((head = server_head(c, &n)) != SERVER_REQUEST)
			return (head);
		now = clock_mono_us();
		sockets_phase_at(&c->sc, PHASE_WORK, now);
		c->moved = 0;
		c->left_us = now;
		rc = exchange_run(sv->emu, c, n, now);
		if (rc != EXCHANGE_KEEP)
			return (rc == EXCHANGE_LINGER ? SERVER_LINGER :
			    SERVER_CLOSE);
		if (!conn_unread(c))
			break;
		c->begun = false;
	}
	return (SERVER_WAIT);
}

static void
server_close(struct server *sv, struct conn *c)
{

	conn_release(c);
	sockets_close(sv->sockets, &c->sc);
}

static void
server_serve(void *cls, void *item, struct hand *hand, void *desk)
{
	struct server *sv = cls;
	struct conn *c = item;
	enum server_rc rc;

	conn_sit(c, hand, desk);
	rc = server_turn(sv, c);
	if (rc == SERVER_CLOSE || (rc == SERVER_LINGER && !conn_linger(c))) {
		server_close(sv, c);
		return;
	}
	conn_rise(c);
	/* A head has its time from its first byte on, however they dribble;
	 * empty lines do not prolong the wait for one. */
	if (rc == SERVER_WAIT && c->nrest == 0)
		sockets_phase(&c->sc, PHASE_IDLE);
	else if (rc == SERVER_WAIT && !c->begun)
		sockets_phase(&c->sc, PHASE_HEAD);
	crew_arm(sv->crew, c->sc.fd, c);
}

static bool
server_take(void *cls, struct sockets_conn *sc)
{
	struct server *sv = cls;

	if (crew_add(sv->crew, sc->fd, sc) == 0)
		return (true);
	log_error("http a connection could not be taken");
	return (false);
}

static void *
server_desk_new(void *cls)
{

	(void)cls;
	return (desk_new());
}

static void
server_desk_free(void *cls, void *desk)
{

	(void)cls;
	desk_free(desk);
}

/* ---- headers ---- */

const char *
server_header(const struct req *rq, const char *k)
{

	return (req_header(rq, k));
}

void
server_headers(const struct req *rq,
    void (*each)(void *cls, const char *k, const char *v), void *cls)
{

	for (size_t i = 0; rq->head != NULL && i < rq->head->nfields; i++)
		each(cls, rq->head->fields[i].k, rq->head->fields[i].v);
}

/* ---- start and stop ---- */

/* As many connections as descriptors allow: one each, and one for the payload
 * that it sends.  With few of them also one that is read beside it, and the
 * about twenty that an emulator always has are counted closely.  -1: it could
 * not answer anybody. */
static int
server_limit(int wanted, struct err *e)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0)
		return (wanted > 0 ? wanted : LIMIT_CONNS);
	if (r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
	}
	if (r.rlim_cur < FILES_LEAST)
		return (err_set(e, "the limit of open files is %d, and it "
		    "takes at least %d (ulimit -n)", (int)r.rlim_cur,
		    FILES_LEAST));
	if (wanted > 0)
		return (wanted);
	if (r.rlim_cur < FILES_OWN + 3 * 32)
		return ((int)(r.rlim_cur - FILES_OWN) / 3);
	if (r.rlim_cur < 2 * LIMIT_CONNS + 128)
		return (r.rlim_cur > 192 ? (int)(r.rlim_cur - 128) / 2 : 32);
	return (LIMIT_CONNS);
}

static void
server_fill(struct server *sv, const struct server_opts *o)
{
	bool own = o->https_cert_pem != NULL;

	sv->cert_pem[TLS_PROXY] = o->cert_pem;
	sv->key_pem[TLS_PROXY] = o->key_pem;
	sv->cert_pem[TLS_HTTPS] = own ? o->https_cert_pem : o->cert_pem;
	sv->key_pem[TLS_HTTPS] = own ? o->https_key_pem : o->key_pem;
	BUG_ON(pthread_mutex_init(&sv->lock, NULL) != 0);
	cond_init(&sv->cond);
	settle_init(&sv->settle);
}

static int
server_begin(struct server *sv, const struct server_opts *o, struct err *e)
{
	struct sockets_opts so = {
		.addr = { o->http, o->https, o->proxy },
		.asks = { sv->emu->auth_http, sv->emu->auth_http,
		    sv->emu->auth_proxy },
		.allow = o->allow,
		.max = server_limit(o->max_connections, e),
		.second_us = o->second_us > 0 ? o->second_us : 1000000,
		.after = sv->emu->journal != NULL ?
		    journal_conns(sv->emu->journal) : 0,
		.size = sizeof(struct conn), .take = server_take, .cls = sv
	};
	struct crew_opts co = { .serve = server_serve,
	    .desk_new = server_desk_new, .desk_free = server_desk_free,
	    .cls = sv };

	if (so.max < 0)
		return (-1);
	memcpy(so.fd, o->fd, sizeof(so.fd));
	if ((sv->sockets = sockets_new(&so, e)) == NULL)
		return (-1);
	sv->emu->http_port = sockets_port(sv->sockets, SOCKETS_HTTP);
	sv->emu->https_port = sockets_port(sv->sockets, SOCKETS_HTTPS);
	sv->emu->proxy_port = sockets_port(sv->sockets, SOCKETS_PROXY);
	if ((sv->crew = crew_new(&co, e)) == NULL)
		return (-1);
	return (sockets_run(sv->sockets, e));
}

struct server *
server_start(struct emu *emu, const struct server_opts *o, struct err *e)
{
	struct server *sv = mem_alloc(sizeof(*sv));

	sv->emu = emu;
	server_fill(sv, o);
	emu->server = sv;
	if (server_begin(sv, o, e) == 0)
		return (sv);
	server_stop(sv);
	return (NULL);
}

/* Handlers wait in three places.  One that reaches its wait only after it was
 * woken is woken again, until all have ended. */
static void *
server_waker(void *arg)
{
	struct server *sv = arg;

	BUG_ON(pthread_mutex_lock(&sv->lock) != 0);
	while (!sv->ended) {
		faults_wake_all(sv->emu->faults);
		journal_wake(sv->emu->journal);
		store_wake(sv->emu->store);
		gate_stop(sv->emu->gate);
		(void)cond_wait_until(&sv->cond, &sv->lock,
		    cond_deadline(WAKE_US));
	}
	BUG_ON(pthread_mutex_unlock(&sv->lock) != 0);
	return (NULL);
}

static void
server_free(struct server *sv)
{

	crew_free(sv->crew);
	sockets_free(sv->sockets);
	for (int i = 0; i < TLS_N; i++)
		SSL_CTX_free(sv->ctx[i]);
	sv->emu->server = NULL;
	settle_release(&sv->settle);
	(void)pthread_cond_destroy(&sv->cond);
	(void)pthread_mutex_destroy(&sv->lock);
	free(sv);
}

void
server_stop(struct server *sv)
{
	pthread_t waker;
	bool woken;

	if (sv == NULL)
		return;
	atomic_store(&sv->stopping, true);
	woken = sv->emu->faults != NULL &&
	    pthread_create(&waker, NULL, server_waker, sv) == 0;
	if (sv->sockets != NULL)
		sockets_stop(sv->sockets);
	BUG_ON(pthread_mutex_lock(&sv->lock) != 0);
	sv->ended = true;
	BUG_ON(pthread_cond_broadcast(&sv->cond) != 0);
	BUG_ON(pthread_mutex_unlock(&sv->lock) != 0);
	if (woken)
		BUG_ON(pthread_join(waker, NULL) != 0);
	server_free(sv);
}

void
server_doors(struct server *sv, const int how[DOORS])
{
	struct sockets_doors d = { .refuse = how[DOOR_REFUSE] > 0,
	    .mute = how[DOOR_MUTE] > 0, .most = how[DOOR_CROWD] };

	atomic_store(&sv->shut, (d.refuse ? 1u << DOOR_REFUSE : 0) |
	    (d.mute ? 1u << DOOR_MUTE : 0));
	sockets_doors(sv->sockets, &d);
}

enum server_door
server_door(struct server *sv, const struct req *rq)
{
	unsigned shut = atomic_load_explicit(&sv->shut, memory_order_relaxed);
	enum server_door d = DOORS;

	if (shut == 0 || rq->route->api == API_CONTROL)
		return (DOORS);
	if (shut & 1u << DOOR_MUTE)
		d = DOOR_MUTE;
	if ((shut & 1u << DOOR_REFUSE) && rq->via == VIA_HTTP)
		d = DOOR_REFUSE;
	if (d != DOORS)
		atomic_fetch_add(&sv->turned[d], 1);
	return (d);
}

/* Connection attempts that failed: the line of names, then that of numbers
 * (proc(5), /proc/net/snmp).  0 where the kernel does not say. */
static int64_t
server_attempts(void)
{
	char line[2][1024];
	FILE *f = fopen("/proc/self/net/snmp", "re");
	int64_t n = 0;

	while (f != NULL && fgets(line[0], sizeof(line[0]), f) != NULL) {
		char *a = line[0], *b = line[1], *x, *y;

		if (!str_starts(a, "Tcp:") ||
		    fgets(line[1], sizeof(line[1]), f) == NULL)
			continue;
		while ((x = strsep(&a, " \n")) != NULL &&
		    (y = strsep(&b, " \n")) != NULL)
			if (strcmp(x, "AttemptFails") == 0)
				(void)str_int64(y, &n);
		break;
	}
	if (f != NULL)
		(void)fclose(f);
	return (n);
}

int64_t
server_turned(struct server *sv, enum server_door d)
{
	int64_t n = (int64_t)atomic_load(&sv->turned[d]);

	if (d == DOOR_REFUSE)
		return (n + server_attempts());
	if (d == DOOR_MUTE)
		return (n + sockets_waiting(sv->sockets));
	return (sockets_turned(sv->sockets));
}
