#include "emulator/bench/web.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/clock.h"
#include "lib/mem.h"

#define WEB_ANSWER_MAX	((size_t)64 << 20)
#define WEB_UPLOAD	(512L << 10)	/* libcurl's buffers: large ones help */
#define WEB_DOWNLOAD	(512L << 10)
#define WEB_SILENCE_S	120L

struct web_slot {
	CURL	*c;
	struct curl_slist *headers;
	struct web_req r;
	int64_t	sent, got, begun_us;
	bool	busy, wrong;		/* an answer's bytes differ */
	struct web_answer *into;	/* or NULL */
	char	tail[200];		/* of an answer that was not wanted */
	size_t	ntail;
	char	error[CURL_ERROR_SIZE];
};

struct web {
	CURLM	*multi;
	struct web_way way;
	size_t	n;
	struct web_slot *slots;
	struct times times;
};

/* Twice, so that a piece of up to WEB_BLOCK bytes is always in one run. */
static unsigned char *block;

const unsigned char *
web_block(void)
{

	return (block);
}

void
web_init(void)
{
	uint64_t x = UINT64_C(0x9e3779b97f4a7c15);

	BUG_ON(curl_global_init(CURL_GLOBAL_DEFAULT) != 0);
	block = mem_alloc(2 * WEB_BLOCK);
	for (size_t i = 0; i < WEB_BLOCK; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		block[i] = block[WEB_BLOCK + i] = (unsigned char)(x >> 32);
	}
}

void
web_release(void)
{

	free(block);
	block = NULL;
	curl_global_cleanup();
}

/* ---- libcurl's callbacks ---- */

static size_t
web_read(char *p, size_t size, size_t n, void *arg)
{
	struct web_slot *s = arg;
	int64_t left = s->r.size - s->sent;

	n *= size;
	n = (int64_t)n < left ? n : (size_t)left;
	if (s->r.body != NULL)
		memcpy(p, s->r.body + s->sent, n);
	else {
		n = n < WEB_BLOCK ? n : WEB_BLOCK;
		memcpy(p, block + (size_t)(s->r.from + s->sent) % WEB_BLOCK, n);
	}
	s->sent += (int64_t)n;
	return (n);
}

static size_t
web_write(char *p, size_t size, size_t n, void *arg)
{
	struct web_slot *s = arg;
	size_t room = sizeof(s->tail) - 1 - s->ntail;

	n *= size;
	if (s->r.check && memcmp(p, block + (size_t)(s->r.from + s->got) %
	    WEB_BLOCK, n) != 0)
		s->wrong = true;
	if (room > 0) {
		room = room < n ? room : n;
		memcpy(s->tail + s->ntail, p, room);
		s->ntail += room;
	}
	if (s->into != NULL)
		buf_add(&s->into->body, p, n);
	s->got += (int64_t)n;
	return (n);
}

static size_t
web_header(char *p, size_t size, size_t n, void *arg)
{
	struct web_slot *s = arg;

	n *= size;
	if (s->into != NULL && n > 10 &&
	    strncasecmp(p, "location: ", 10) == 0) {
		size_t len = n - 10;

		while (len > 0 && (p[9 + len] == '\r' || p[9 + len] == '\n'))
			len--;
		free(s->into->location);
		s->into->location = mem_strndup(p + 10, len);
	}
	return (n);
}

/* ---- handles ---- */

struct web *
web_open(const struct web_way *way, size_t n)
{
	struct web *w = mem_alloc(sizeof(*w));

	w->way = *way;
	w->n = n;
	w->slots = mem_alloc(n * sizeof(*w->slots));
	BUG_ON((w->multi = curl_multi_init()) == NULL);
	(void)curl_multi_setopt(w->multi, CURLMOPT_MAXCONNECTS, (long)n);
	for (size_t i = 0; i < n; i++)
		BUG_ON((w->slots[i].c = curl_easy_init()) == NULL);
	return (w);
}

void
web_close(struct web *w)
{

	if (w == NULL)
		return;
	for (size_t i = 0; i < w->n; i++) {
		if (w->slots[i].busy)
			(void)curl_multi_remove_handle(w->multi, w->slots[i].c);
		curl_easy_cleanup(w->slots[i].c);
		curl_slist_free_all(w->slots[i].headers);
	}
	(void)curl_multi_cleanup(w->multi);
	free(w->slots);
	times_release(&w->times);
	free(w);
}

static void
web_headers(struct web_slot *s)
{
	char *type;

	curl_slist_free_all(s->headers);
	s->headers = curl_slist_append(NULL, "Expect:");
	if (s->r.type != NULL) {
		type = mem_printf("Content-Type: %s", s->r.type);
		s->headers = curl_slist_append(s->headers, type);
		free(type);
	}
	if (s->r.header != NULL)
		s->headers = curl_slist_append(s->headers, s->r.header);
}

/* The slot's request as the handle's options. */
static void
web_options(const struct web *w, struct web_slot *s)
{
	CURL *c = s->c;

	curl_easy_reset(c);
	web_headers(s);
	(void)curl_easy_setopt(c, CURLOPT_URL, s->r.url);
	(void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, s->r.method);
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, s->headers);
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, s->error);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_NOPROXY, "");
	(void)curl_easy_setopt(c, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, WEB_SILENCE_S);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, web_write);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, s);
	(void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, web_header);
	(void)curl_easy_setopt(c, CURLOPT_HEADERDATA, s);
	(void)curl_easy_setopt(c, CURLOPT_BUFFERSIZE, WEB_DOWNLOAD);
	(void)curl_easy_setopt(c, CURLOPT_PRIVATE, s);
	if (s->r.range != NULL)
		(void)curl_easy_setopt(c, CURLOPT_RANGE, s->r.range);
	if (s->r.size >= 0) {
		(void)curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		(void)curl_easy_setopt(c, CURLOPT_READFUNCTION, web_read);
		(void)curl_easy_setopt(c, CURLOPT_READDATA, s);
		(void)curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE,
		    (curl_off_t)s->r.size);
		(void)curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE,
		    WEB_UPLOAD);
	}
	if (w->way.proxy > 0) {
		(void)curl_easy_setopt(c, CURLOPT_PROXY, "http://127.0.0.1");
		(void)curl_easy_setopt(c, CURLOPT_PROXYPORT,
		    (long)w->way.proxy);
	} else
		(void)curl_easy_setopt(c, CURLOPT_PROXY, "");
	if (w->way.ca != NULL)
		(void)curl_easy_setopt(c, CURLOPT_CAINFO, w->way.ca);
}

static void
web_begin(struct web *w, struct web_slot *s, const struct web_req *r,
    struct web_answer *into)
{

	s->r = *r;
	s->into = into;
	s->sent = s->got = 0;
	s->ntail = 0;
	s->wrong = false;
	s->error[0] = '\0';
	web_options(w, s);
	s->begun_us = clock_mono_us();
	s->busy = true;
	BUG_ON(curl_multi_add_handle(w->multi, s->c) != CURLM_OK);
}

/* Was it what was wanted? */
static int
web_end(struct web *w, struct web_slot *s, CURLcode rc, struct err *e)
{
	long status = 0;

	(void)curl_multi_remove_handle(w->multi, s->c);
	s->busy = false;
	(void)curl_easy_getinfo(s->c, CURLINFO_RESPONSE_CODE, &status);
	if (s->into != NULL)
		s->into->status = (int)status;
	if (rc != CURLE_OK)
		return (err_set(e, "%s %s: %s", s->r.method, s->r.url,
		    s->error[0] != '\0' ? s->error : curl_easy_strerror(rc)));
	if (s->r.status != 0 && status != s->r.status)
		return (err_set(e, "%s %s: answered %ld: %.*s", s->r.method,
		    s->r.url, status, (int)s->ntail, s->tail));
	if (s->r.answer >= 0 && s->got != s->r.answer)
		return (err_set(e, "%s %s: %lld bytes, not %lld", s->r.method,
		    s->r.url, (long long)s->got, (long long)s->r.answer));
	if (s->wrong)
		return (err_set(e, "%s %s: not the bytes that were stored",
		    s->r.method, s->r.url));
	return (0);
}

/* ---- many ---- */

struct web_job {
	web_next_fn *next;
	void	*arg;
	int64_t	i, left, end_us;
	size_t	busy;
};

static void
web_feed(struct web *w, struct web_slot *s, struct web_job *j)
{
	struct web_req r = { .method = "GET", .size = -1, .status = 200,
	    .answer = -1 };

	if (j->left == 0 || clock_mono_us() >= j->end_us)
		return;
	j->left -= j->left > 0;
	j->next(j->arg, j->i++, (size_t)(s - w->slots), &r);
	web_begin(w, s, &r, NULL);
	j->busy++;
}

/* All that has ended; its slots go on. */
static int
web_ended(struct web *w, struct web_job *j, struct err *e)
{
	const CURLMsg *m;
	int n;

	while ((m = curl_multi_info_read(w->multi, &n)) != NULL) {
		struct web_slot *s = NULL;
		CURLcode rc = m->data.result;

		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &s);
		j->busy--;
		if (web_end(w, s, rc, e) != 0)
			return (-1);
		times_add(&w->times, clock_mono_us() - s->begun_us);
		if (j->next != NULL)
			web_feed(w, s, j);
	}
	return (0);
}

static int
web_loop(struct web *w, struct web_job *j, struct err *e)
{
	int running;

	while (j->busy > 0) {
		if (curl_multi_perform(w->multi, &running) != CURLM_OK)
			return (err_set(e, "libcurl does not go on"));
		if (web_ended(w, j, e) != 0)
			return (-1);
		if (j->busy > 0)
			(void)curl_multi_poll(w->multi, NULL, 0, 1000, NULL);
	}
	return (0);
}

int
web_run(struct web *w, web_next_fn *next, void *arg, int64_t requests,
    int64_t us, struct times_sum *sum, struct err *e)
{
	struct web_job j = { next, arg, 0, requests > 0 ? requests : -1,
	    INT64_MAX, 0 };

	times_begin(&w->times);
	if (us > 0)
		j.end_us = w->times.t0_us + us;
	for (size_t i = 0; i < w->n; i++)
		web_feed(w, &w->slots[i], &j);
	if (web_loop(w, &j, e) != 0)
		return (-1);
	*sum = times_end(&w->times);
	return (0);
}

/* ---- one ---- */

int
web_do(struct web *w, const struct web_req *r, struct web_answer *a,
    struct err *e)
{
	struct web_job j = { .busy = 1 };

	if (a != NULL) {
		*a = (struct web_answer) { 0 };
		buf_init(&a->body, WEB_ANSWER_MAX);
	}
	times_begin(&w->times);
	web_begin(w, &w->slots[0], r, a);
	return (web_loop(w, &j, e));
}

int
web_call(const struct web_way *way, const struct web_req *r,
    struct web_answer *a, struct err *e)
{
	struct web *w = web_open(way, 1);
	int rc = web_do(w, r, a, e);

	web_close(w);
	return (rc);
}

void
web_answer_release(struct web_answer *a)
{

	buf_release(&a->body);
	free(a->location);
	a->location = NULL;
}
