/* The two daemons of libmicrohttpd and what it calls.  Neither has a listening
 * socket: sockets.c accepts, and the descriptor is handed over, so that both
 * ways in share limits, TCP_NODELAY and refusal.
 *
 * A struct exchange is made when the request line has been read (that
 * callback gets the target as it came on the wire; everywhere else it is
 * decoded already) and dies in server_completed(), which libmicrohttpd calls
 * once for each, whatever became of the connection.  exchange.c has what
 * happens in between. */
#include "emulator/http/server.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "emulator/control/journal.h"
#include "emulator/fault/fault.h"
#include "emulator/http/exchange.h"
#include "emulator/http/proxy.h"
#include "emulator/http/settle.h"
#include "emulator/http/sockets.h"
#include "lib/cond.h"
#include "lib/log.h"

#define IDLE_S		300u		/* a connection without a request */
#define POOL		(160u << 10)	/* head and piece of body */
#define CONNECTIONS	2048
#define WAKE_US		20000

struct server {
	struct emu *emu;
	struct sockets *sockets;
	struct MHD_Daemon *plain, *tls;
	atomic_bool stopping, refused;
	struct settle settle;
	pthread_mutex_t lock;		/* of the end */
	pthread_cond_t cond;
	bool	ended;
};

bool
server_stopping(const struct server *sv)
{

	return (sv != NULL && atomic_load(&sv->stopping));
}

bool
server_refused(const struct server *sv)
{

	return (atomic_load(&sv->refused));
}

struct settle *
server_settle(struct server *sv)
{

	return (&sv->settle);
}

/* ---- what libmicrohttpd calls ---- */

static size_t
server_keep_escapes(void *cls, struct MHD_Connection *con, char *s)
{

	(void)cls;
	(void)con;
	return (strlen(s));
}

static void PRINTF_LIKE(2, 0)
server_log(void *cls, const char *fmt, va_list ap)
{
	char line[512];
	size_t n;

	(void)cls;
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	n = strcspn(line, "\n");
	log_debug("mhd %.*s", (int)n, line);
}

static void *
server_target(void *cls, const char *target, struct MHD_Connection *con)
{
	struct server *sv = cls;

	return (exchange_new(sv->emu, con, target));
}

static enum MHD_Result
server_access(void *cls, struct MHD_Connection *con, const char *url,
    const char *method, const char *version, const char *data, size_t *size,
    void **x)
{
	size_t n = *size;

	(void)cls;
	(void)con;
	(void)url;
	(void)version;
	if (!exchange_begun(*x))
		return (exchange_head(*x, method) ? MHD_YES : MHD_NO);
	if (n == 0)
		return (exchange_end(*x) ? MHD_YES : MHD_NO);
	*size = 0;
	return (exchange_body(*x, data, n) ? MHD_YES : MHD_NO);
}

static void
server_completed(void *cls, struct MHD_Connection *con, void **x,
    enum MHD_RequestTerminationCode code)
{

	(void)cls;
	(void)con;
	if (*x != NULL)
		exchange_free(*x, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
	*x = NULL;
}

static void
server_connection(void *cls, struct MHD_Connection *con, void **context,
    enum MHD_ConnectionNotificationCode code)
{
	struct server *sv = cls;
	const union MHD_ConnectionInfo *ci;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		ci = MHD_get_connection_info(con,
		    MHD_CONNECTION_INFO_CONNECTION_FD);
		*context = sockets_started(sv->sockets, ci->connect_fd);
	} else
		sockets_closed(sv->sockets, *context);
}

/* ---- connections on their way in ---- */

static void
server_take(void *cls, struct sockets_conn *c)
{
	struct server *sv = cls;
	struct arena a = ARENA_INIT;
	const char *host;
	int status;

	if (c->via == VIA_PROXY) {
		status = proxy_connect(c->fd, &a, &host);
		/* Before the handshake, so that the line precedes those of
		 * the requests. */
		if (host != NULL || status != 0)
			journal_add_connect(sv->emu->journal, c->n,
			    host != NULL ? host : "", status);
		arena_release(&a);
		if (status != 200) {
			sockets_drop(sv->sockets, c);
			return;
		}
	}
	/* It closes the descriptor where it fails; the entry is forgotten
	 * when the descriptor's number comes again. */
	if (MHD_add_connection(c->via == VIA_PROXY ? sv->tls : sv->plain,
	    c->fd, (const struct sockaddr *)&c->peer, c->peer_len) != MHD_YES)
		log_error("http a connection could not be taken");
}

/* ---- headers, for req.c ---- */

const char *
server_header(const struct req *rq, const char *k)
{

	return (MHD_lookup_connection_value(rq->mhd, MHD_HEADER_KIND, k));
}

struct server_each {
	void	(*each)(void *cls, const char *k, const char *v);
	void	*cls;
};

static enum MHD_Result
server_each(void *cls, enum MHD_ValueKind kind, const char *k, const char *v)
{
	struct server_each *e = cls;

	(void)kind;
	e->each(e->cls, k, v != NULL ? v : "");
	return (MHD_YES);
}

void
server_headers(const struct req *rq,
    void (*each)(void *cls, const char *k, const char *v), void *cls)
{
	struct server_each e = { each, cls };

	(void)MHD_get_connection_values(rq->mhd, MHD_HEADER_KIND, server_each,
	    &e);
}

/* ---- start and stop ---- */

static struct MHD_Daemon *
server_daemon(struct server *sv, const struct server_opts *o, bool tls,
    unsigned max)
{
	unsigned flags = MHD_USE_THREAD_PER_CONNECTION |
	    MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC |
	    MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG |
	    (tls ? MHD_USE_TLS : 0);
	struct MHD_OptionItem tls_opts[] = {
		{ MHD_OPTION_HTTPS_MEM_KEY, 0,
		    (void *)(uintptr_t)o->key_pem },
		{ MHD_OPTION_HTTPS_MEM_CERT, 0,
		    (void *)(uintptr_t)o->cert_pem },
		{ MHD_OPTION_END, 0, NULL }
	};

	return (MHD_start_daemon(flags, 0, NULL, NULL, server_access, sv,
	    MHD_OPTION_EXTERNAL_LOGGER, server_log, sv,
	    MHD_OPTION_UNESCAPE_CALLBACK, server_keep_escapes, sv,
	    MHD_OPTION_URI_LOG_CALLBACK, server_target, sv,
	    MHD_OPTION_NOTIFY_COMPLETED, server_completed, sv,
	    MHD_OPTION_NOTIFY_CONNECTION, server_connection, sv,
	    MHD_OPTION_CONNECTION_LIMIT, max,
	    MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL,
	    MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)(32u << 10),
	    MHD_OPTION_ARRAY, tls ? tls_opts : tls_opts + 2,
	    MHD_OPTION_END));
}

/* As many connections as descriptors allow: one each, and one for the payload
 * that it sends. */
static int
server_limit(int wanted)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0)
		return (wanted > 0 ? wanted : CONNECTIONS);
	if (r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
	}
	if (wanted > 0)
		return (wanted);
	if (r.rlim_cur < 2 * CONNECTIONS + 128)
		return (r.rlim_cur > 192 ? (int)(r.rlim_cur - 128) / 2 : 32);
	return (CONNECTIONS);
}

static int
server_begin(struct server *sv, const struct server_opts *o, struct err *e)
{
	int max = server_limit(o->max_connections);
	struct sockets_opts so = { .http = o->http, .proxy = o->proxy,
	    .beyond_loopback = o->listen_beyond_loopback, .max = max,
	    .take = server_take, .cls = sv };

	if ((sv->sockets = sockets_new(&so, e)) == NULL)
		return (-1);
	sv->emu->http_port = sockets_port(sv->sockets, VIA_HTTP);
	sv->emu->proxy_port = sockets_port(sv->sockets, VIA_PROXY);
	sv->plain = server_daemon(sv, o, false, (unsigned)max + 64);
	if (sv->plain == NULL)
		return (err_set(e, "libmicrohttpd does not start"));
	if (o->proxy != NULL && (sv->tls = server_daemon(sv, o, true,
	    (unsigned)max + 64)) == NULL)
		return (err_set(e, "libmicrohttpd does not start with TLS"));
	return (sockets_run(sv->sockets, e));
}

struct server *
server_start(struct emu *emu, const struct server_opts *o, struct err *e)
{
	struct server *sv = mem_alloc(sizeof(*sv));

	sv->emu = emu;
	BUG_ON(pthread_mutex_init(&sv->lock, NULL) != 0);
	cond_init(&sv->cond);
	settle_init(&sv->settle);
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
		(void)cond_wait_until(&sv->cond, &sv->lock,
		    cond_deadline(WAKE_US));
	}
	BUG_ON(pthread_mutex_unlock(&sv->lock) != 0);
	return (NULL);
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
	if (sv->plain != NULL)
		MHD_stop_daemon(sv->plain);
	if (sv->tls != NULL)
		MHD_stop_daemon(sv->tls);
	BUG_ON(pthread_mutex_lock(&sv->lock) != 0);
	sv->ended = true;
	BUG_ON(pthread_cond_broadcast(&sv->cond) != 0);
	BUG_ON(pthread_mutex_unlock(&sv->lock) != 0);
	if (woken)
		BUG_ON(pthread_join(waker, NULL) != 0);
	sockets_free(sv->sockets);
	sv->emu->server = NULL;
	settle_release(&sv->settle);
	(void)pthread_cond_destroy(&sv->cond);
	(void)pthread_mutex_destroy(&sv->lock);
	free(sv);
}

void
server_refuse(struct server *sv, bool on)
{

	atomic_store(&sv->refused, on);
	sockets_refuse(sv->sockets, on);
}
