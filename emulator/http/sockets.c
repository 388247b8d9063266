/* Deadlines and evictions need no timer of each connection: it notes what it
 * waits for and since when, in one word that is written without a lock, and
 * the accepting thread looks at all of them, once a second or when places are
 * wanted.  To end one, it is shut down; whoever serves it then finds the end
 * of the stream and closes it. */
#include "emulator/http/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "emulator/http/limits.h"
#include "emulator/http/listen.h"
#include "lib/clock.h"
#include "lib/cond.h"
#include "lib/log.h"

#define FULL_MS		20	/* between two looks at all connections while
				 * there is no place; else a second */
#define BURST		64	/* accepted between two polls */
#define PHASE_BITS	3
#define SAY_US		60000000LL	/* between two lines about accept() */

struct sockets {
	struct sockets_opts o;
	struct listen ways[SOCKETS_WAYS];
	int	wake;		/* eventfd: look at the flags */
	pthread_t thread;
	bool	running;
	int64_t	said_us;	/* when accept() last failed aloud */
	bool	starved;	/* of descriptors, until the next look */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct sockets_conn *conns;
	int	nconns;
	struct sockets_count count[SOCKETS_WAYS];
	bool	full;		/* nobody is accepted until one goes */
	uint64_t last;		/* number of a connection */
	bool	stopping;
	struct sockets_doors want, doors;
	int64_t	turned;
	bool	settled;	/* doors are as they are wanted */
};

static void
sockets_lock(struct sockets *s)
{

	BUG_ON(pthread_mutex_lock(&s->lock) != 0);
}

static void
sockets_unlock(struct sockets *s)
{

	BUG_ON(pthread_mutex_unlock(&s->lock) != 0);
}

static void
sockets_wake(struct sockets *s)
{
	uint64_t one = 1;
	ssize_t n = write(s->wake, &one, sizeof(one));

	(void)n;		/* full: it is awake already */
}

int
sockets_port(const struct sockets *s, enum sockets_way way)
{

	return (listen_port(&s->ways[way]));
}

/* ---- what a connection waits for ---- */

void
sockets_phase_at(struct sockets_conn *c, enum sockets_phase phase,
    int64_t since_us)
{

	atomic_store_explicit(&c->phase, (uint64_t)since_us << PHASE_BITS |
	    phase, memory_order_relaxed);
}

void
sockets_phase(struct sockets_conn *c, enum sockets_phase phase)
{

	sockets_phase_at(c, phase, clock_mono_us());
}

static enum sockets_phase
sockets_phase_since(const struct sockets_conn *c, int64_t *since)
{
	uint64_t v = atomic_load_explicit(&c->phase, memory_order_relaxed);

	*since = (int64_t)(v >> PHASE_BITS);
	return ((enum sockets_phase)(v & ((1u << PHASE_BITS) - 1)));
}

enum sockets_end
sockets_ended(const struct sockets_conn *c)
{

	return ((enum sockets_end)atomic_load(&c->end));
}

/* With the lock held, so that the descriptor is still this connection's. */
static void
sockets_cut(struct sockets_conn *c, enum sockets_end why, int how)
{

	atomic_store(&c->end, why);
	(void)shutdown(c->fd, how);
}

/* Has it said something that nobody has read yet?  Then we are the slow ones. */
static bool
sockets_unheard(const struct sockets_conn *c)
{
	int n = 0;

	return (ioctl(c->fd, FIONREAD, &n) == 0 && n > 0);
}

/* Has it waited for too long?  What is late in its head is told so, and can
 * still be written to, by a thread that may have to wait for its turn. */
static void
sockets_judge(struct sockets_conn *c, int64_t now, int64_t second)
{
	static const int64_t limit[] = {
		[PHASE_IDLE] = LIMIT_IDLE_S, [PHASE_HEAD] = LIMIT_HEAD_S,
		[PHASE_BODY] = LIMIT_MOVE_S, [PHASE_SEND] = LIMIT_MOVE_S,
		[PHASE_LINGER] = LIMIT_LINGER_S,
	};
	int64_t since;
	enum sockets_phase phase = sockets_phase_since(c, &since);

	if (phase == PHASE_WORK || now - since < limit[phase] * second ||
	    (phase == PHASE_IDLE && sockets_unheard(c)))
		return;
	if (phase != PHASE_HEAD)
		sockets_cut(c, END_LATE, SHUT_RDWR);
	else if (sockets_ended(c) == END_NONE)
		sockets_cut(c, END_LATE, SHUT_RD);
	else if (now - since >= (LIMIT_HEAD_S + LIMIT_MOVE_S) * second)
		sockets_cut(c, END_LATE, SHUT_RDWR);
}

/* How much rather it goes than others; 0: not at all. */
static uint64_t
sockets_weight(const struct sockets_conn *c, int64_t now)
{
	int64_t since, age;
	enum sockets_phase phase = sockets_phase_since(c, &since);

	age = now > since ? now - since : 0;
	if (phase == PHASE_WORK || sockets_ended(c) != END_NONE ||
	    age < LIMIT_GRACE_MS * 1000)
		return (0);
	return ((uint64_t)age + 1 + (phase == PHASE_IDLE ? 1ull << 62 : 0));
}

/* Close the n that can be spared best; with the lock held. */
static void
sockets_evict(struct sockets *s, int n)
{
	struct { uint64_t weight; struct sockets_conn *c; } v[LIMIT_CONNS /
	    LIMIT_SLACK + 1];
	int64_t now = clock_mono_us();
	int have = 0, i;

	n = n < (int)NELEMS(v) ? n : (int)NELEMS(v);
	for (struct sockets_conn *c = s->conns; c != NULL; c = c->next) {
		uint64_t w = sockets_weight(c, now);

		if (w == 0 || (have == n && w <= v[n - 1].weight))
			continue;
		/* v is sorted, the heaviest first */
		for (i = have < n ? have++ : n - 1;
		    i > 0 && v[i - 1].weight < w; i--)
			v[i] = v[i - 1];
		v[i].weight = w;
		v[i].c = c;
	}
	for (i = 0; i < have; i++)
		if (!sockets_unheard(v[i].c)) {
			s->count[v[i].c->way].evicted++;
			sockets_cut(v[i].c, END_EVICTED, SHUT_RDWR);
		}
	if (have > 0)
		log_debug("http %d connections, %d evicted", s->nconns, have);
}

static void
sockets_look(struct sockets *s)
{
	int64_t now = clock_mono_us();

	sockets_lock(s);
	for (struct sockets_conn *c = s->conns; c != NULL; c = c->next)
		sockets_judge(c, now, s->o.second_us);
	if (s->full || s->starved)
		sockets_evict(s, s->o.max / LIMIT_SLACK + 1);
	s->starved = false;
	sockets_unlock(s);
}

/* ---- the list of connections ---- */

static void
sockets_link(struct sockets *s, struct sockets_conn *c)
{

	c->next = s->conns;
	if (c->next != NULL)
		c->next->prev = c;
	s->conns = c;
	s->nconns++;
	s->count[c->way].open++;
	s->count[c->way].total++;
}

/* Who was cut short while he did not read, or sent without an end, is told by a
 * reset: else the kernel would keep what he did not take, and he would wait. */
static bool
sockets_rudely(const struct sockets_conn *c)
{
	int64_t since;
	enum sockets_phase phase = sockets_phase_since(c, &since);

	return (sockets_ended(c) != END_NONE &&
	    (phase == PHASE_SEND || phase == PHASE_LINGER));
}

void
sockets_close(struct sockets *s, struct sockets_conn *c)
{
	int fd = c->fd;

	if (sockets_rudely(c))
		sockets_reset(c);
	sockets_lock(s);
	if (s->conns == c)
		s->conns = c->next;
	else
		c->prev->next = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	s->nconns--;
	s->count[c->way].open--;
	if (s->full && s->nconns < s->o.max) {
		s->full = false;
		sockets_wake(s);
	}
	if (s->nconns == 0 && s->stopping)
		BUG_ON(pthread_cond_broadcast(&s->changed) != 0);
	sockets_unlock(s);
	/* Only now: nobody shuts down a number that is another's. */
	(void)close(fd);
	free(c);
}

void
sockets_reset(struct sockets_conn *c)
{
	struct sockaddr sa = { .sa_family = AF_UNSPEC };

	/* SO_LINGER 0 would do it only at close(), with what is sent. */
	(void)connect(c->fd, &sa, sizeof(sa));
}

void
sockets_count(struct sockets *s, struct sockets_count n[SOCKETS_WAYS])
{

	sockets_lock(s);
	memcpy(n, s->count, sizeof(s->count));
	sockets_unlock(s);
}

/* ---- the accepting thread ---- */

static void
sockets_failed(struct sockets *s, int error)
{
	int64_t now = clock_mono_us();

	if (error == EAGAIN || error == ECONNABORTED || error == EINTR)
		return;
	s->starved = true;
	if (s->said_us != 0 && now - s->said_us < SAY_US)
		return;
	s->said_us = now;
	log_error("http accept: %s", strerror(error));
}

/* Is the last one that came this way one too many?  With the lock held. */
static bool
sockets_crowded(const struct sockets *s, enum sockets_way way)
{
	int open = 0;

	if (s->doors.most == 0 || !sockets_is_google(way))
		return (false);
	for (int i = 0; i < SOCKETS_WAYS; i++)
		if (sockets_is_google((enum sockets_way)i))
			open += s->count[i].open;
	return (open > s->doors.most);
}

/* False: there is nobody, or no place. */
static bool
sockets_accept(struct sockets *s, enum sockets_way way)
{
	int one = 1, fd = accept4(s->ways[way].fd, NULL, NULL, SOCK_CLOEXEC);
	struct sockets_conn *c;
	bool more, over;

	if (fd < 0) {
		sockets_failed(s, errno);
		return (false);
	}
	/* Without it every answer would wait 40 ms for the client's delayed
	 * acknowledgement. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c = mem_alloc(s->o.size);
	c->way = way;
	c->fd = fd;
	sockets_phase(c, PHASE_IDLE);
	sockets_lock(s);
	c->n = ++s->last;
	sockets_link(s, c);
	if (s->nconns >= s->o.max) {
		s->full = true;
		sockets_evict(s, s->o.max / LIMIT_SLACK + 1);
	}
	more = !s->full;
	over = sockets_crowded(s, way);
	s->turned += over;
	sockets_unlock(s);
	if (over)
		sockets_reset(c);
	if (over || !s->o.take(s->o.cls, c))
		sockets_close(s, c);
	return (more);
}

/* Close or open the ways to Google.  With the lock held. */
static void
sockets_shut(struct sockets *s, bool on)
{

	for (int i = 0; i < SOCKETS_WAYS; i++) {
		if (!sockets_is_google((enum sockets_way)i) ||
		    s->ways[i].len == 0)
			continue;
		if (on)
			listen_pause(&s->ways[i]);
		else if (listen_resume(&s->ways[i]))
			log_error("cannot listen again: %s", strerror(errno));
	}
	for (struct sockets_conn *c = s->conns; on && c != NULL; c = c->next)
		if (sockets_is_google(c->way))
			sockets_cut(c, END_STOPPED, SHUT_RDWR);
}

/* Flags have changed: true where it is time to end. */
static bool
sockets_flags(struct sockets *s)
{
	uint64_t count;
	ssize_t n = read(s->wake, &count, sizeof(count));
	bool stop;

	(void)n;
	sockets_lock(s);
	if (s->want.refuse != s->doors.refuse)
		sockets_shut(s, s->want.refuse);
	s->doors = s->want;
	s->settled = true;
	BUG_ON(pthread_cond_broadcast(&s->changed) != 0);
	stop = s->stopping;
	sockets_unlock(s);
	return (stop);
}

static void *
sockets_main(void *arg)
{
	struct sockets *s = arg;
	int64_t looked = clock_mono_us();
	int second_ms = (int)(s->o.second_us / 1000), timeout;
	bool stop = false, closed, mute;

	while (!stop) {
		struct pollfd p[1 + SOCKETS_WAYS] = {
			{ .fd = s->wake, .events = POLLIN },
		};

		sockets_lock(s);
		closed = s->full || s->starved;
		mute = s->doors.mute;
		timeout = closed ? FULL_MS : s->nconns > 0 ? second_ms : -1;
		sockets_unlock(s);
		for (int i = 0; i < SOCKETS_WAYS; i++) {
			p[1 + i].fd = closed || (mute &&
			    sockets_is_google((enum sockets_way)i)) ? -1 :
			    s->ways[i].fd;
			p[1 + i].events = POLLIN;
		}
		if (poll(p, NELEMS(p), timeout) < 0) {
			BUG_ON(errno != EINTR);
			continue;
		}
		for (int i = 0; i < SOCKETS_WAYS; i++)
			for (int k = 0; p[1 + i].revents != 0 && k < BURST &&
			    sockets_accept(s, (enum sockets_way)i); k++)
				;
		if (p[0].revents != 0)
			stop = sockets_flags(s);
		if (closed || clock_mono_us() - looked >= s->o.second_us) {
			looked = clock_mono_us();
			sockets_look(s);
		}
	}
	return (NULL);
}

/* ---- the module's life ---- */

struct sockets *
sockets_new(const struct sockets_opts *o, struct err *e)
{
	struct sockets *s = mem_alloc(sizeof(*s));
	int i;

	s->o = *o;
	s->last = o->after;
	for (i = 0; i < SOCKETS_WAYS; i++)
		if (o->fd[i] > 0)
			listen_adopt(&s->ways[i], o->fd[i]);
		else
			s->ways[i] = (struct listen)LISTEN_INIT;
	BUG_ON(pthread_mutex_init(&s->lock, NULL) != 0);
	cond_init(&s->changed);
	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->wake < 0)
		(void)err_setno(e, "eventfd");
	for (i = 0; s->wake >= 0 && i < SOCKETS_WAYS; i++)
		if (o->addr[i] != NULL && listen_open(&s->ways[i], o->addr[i],
		    o->asks[i], &o->allow, e))
			break;
	if (i == SOCKETS_WAYS)
		return (s);
	sockets_free(s);
	return (NULL);
}

int
sockets_run(struct sockets *s, struct err *e)
{
	int rc = pthread_create(&s->thread, NULL, sockets_main, s);

	if (rc != 0)
		return (err_set(e, "cannot make a thread: %s", strerror(rc)));
	s->running = true;
	return (0);
}

void
sockets_doors(struct sockets *s, const struct sockets_doors *d)
{

	sockets_lock(s);
	s->want = *d;
	s->settled = false;
	sockets_wake(s);
	while (!s->settled && !s->stopping)
		BUG_ON(pthread_cond_wait(&s->changed, &s->lock) != 0);
	sockets_unlock(s);
}

int64_t
sockets_turned(struct sockets *s)
{
	int64_t n;

	sockets_lock(s);
	n = s->turned;
	sockets_unlock(s);
	return (n);
}

bool
sockets_waiting(struct sockets *s)
{
	struct pollfd p[SOCKETS_WAYS];

	for (int i = 0; i < SOCKETS_WAYS; i++) {
		p[i].fd = sockets_is_google((enum sockets_way)i) &&
		    s->ways[i].len > 0 ? s->ways[i].fd : -1;
		p[i].events = POLLIN;
	}
	return (poll(p, NELEMS(p), 0) > 0);
}

/* End all; who is at work may still send, the first time. */
static void
sockets_end(struct sockets *s, bool gently)
{

	for (struct sockets_conn *c = s->conns; c != NULL; c = c->next) {
		int64_t since;
		enum sockets_phase p = sockets_phase_since(c, &since);

		sockets_cut(c, END_STOPPED, gently && (p == PHASE_WORK ||
		    p == PHASE_SEND) ? SHUT_RD : SHUT_RDWR);
	}
}

void
sockets_stop(struct sockets *s)
{
	int64_t deadline = cond_deadline(LIMIT_STOP_S * s->o.second_us);

	if (!s->running)
		return;
	sockets_lock(s);
	s->stopping = true;
	sockets_wake(s);
	BUG_ON(pthread_cond_broadcast(&s->changed) != 0);
	sockets_unlock(s);
	BUG_ON(pthread_join(s->thread, NULL) != 0);
	s->running = false;
	for (int i = 0; i < SOCKETS_WAYS; i++)
		listen_close(&s->ways[i]);
	sockets_lock(s);
	sockets_end(s, true);
	while (s->nconns > 0 &&
	    cond_wait_until(&s->changed, &s->lock, deadline))
		;
	sockets_end(s, false);
	while (s->nconns > 0)
		BUG_ON(pthread_cond_wait(&s->changed, &s->lock) != 0);
	sockets_unlock(s);
}

void
sockets_free(struct sockets *s)
{

	if (s == NULL)
		return;
	BUG_ON(s->running || s->nconns > 0);
	for (int i = 0; i < SOCKETS_WAYS; i++)
		listen_close(&s->ways[i]);
	if (s->wake >= 0)
		(void)close(s->wake);
	(void)pthread_cond_destroy(&s->changed);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}
