/* Listing a bucket of many objects: all of it page after page, and a prefix
 * that holds ten.  Go's client always asks for projection=full, which brings
 * the ACL of each object. */
#include <stdlib.h>
#include <string.h>

#include "emulator/bench/bench.h"
#include "lib/clock.h"

#define MEASURE		"list"
#define LISTING		"/storage/v1/b/" BENCH_BUCKET "/o"
#define PREFIX		"o-00000123"	/* … 0 to 9 */
#define TRIES		100

static int
fill(struct bench *b, const struct subject *s, struct err *e)
{
	struct gen *g = gen_open(s->port, 8, e);
	struct times_sum sum;
	struct gen_req put;
	int rc = -1;

	subject_request(s, OP_PUT_MEDIA, web_block(), BENCH_SMALL, &put);
	if (g != NULL)
		rc = gen_run(g, &put, 0, b->listed, 0, &sum, e);
	gen_close(g);
	free(put.p);
	return (rc);
}

/* How often the word is in there. */
static int64_t
count(const char *s, const char *word)
{
	int64_t n = 0;

	for (; (s = strstr(s, word)) != NULL; s += strlen(word))
		n++;
	return (n);
}

/* The token of the next page; heap, NULL where this is the last. */
static char *
next_token(const char *page)
{
	const char *p = strstr(page, "\"nextPageToken\"");

	if (p == NULL || (p = strchr(p + 15, '"')) == NULL)
		return (NULL);
	return (mem_strndup(p + 1, strcspn(p + 1, "\"")));
}

/* All pages; what is counted is what is asked for. */
static int
full(struct bench *b, const struct subject *s, const char *fields,
    int64_t *objects, struct err *e)
{
	const struct web_way way = { 0 };
	struct web *w = web_open(&way, 1);
	char *token = NULL;
	int rc;

	*objects = 0;
	do {
		struct web_answer page;
		char *url = mem_printf("http://127.0.0.1:%d" LISTING
		    "?%s%s%s", s->port, fields,
		    token != NULL ? "&pageToken=" : "",
		    token != NULL ? token : "");
		const struct web_req r = { .method = "GET", .url = url,
		    .size = -1, .status = 200, .answer = -1 };

		free(token);
		token = NULL;
		rc = web_do(w, &r, &page, e);
		if (rc == 0) {
			*objects += count(page.body.p, "\"name\":");
			token = next_token(page.body.p);
		}
		web_answer_release(&page);
		free(url);
	} while (rc == 0 && token != NULL);
	free(token);
	web_close(w);
	if (rc == 0 && *objects != b->listed)
		rc = err_set(e, "%lld objects were listed, not %lld",
		    (long long)*objects, (long long)b->listed);
	return (rc);
}

static int
full_turn(struct bench *b, const struct subject *s, const char *variant,
    const char *fields, struct err *e)
{
	int64_t cpu = child_cpu_us(s->child), t0 = clock_mono_us(), n;

	child_peak_reset(s->child);
	if (full(b, s, fields, &n, e) != 0)
		return (err_prefix(e, "%s", variant));
	bench_add(b, MEASURE, variant, s->name, UNIT_MS,
	    (double)(clock_mono_us() - t0) / 1e3);
	bench_add(b, MEASURE, variant, s->name, "server ms",
	    (double)(child_cpu_us(s->child) - cpu) / 1e3);
	bench_add(b, MEASURE, variant, s->name, UNIT_PEAK,
	    (double)child_peak(s->child) / 1048576);
	return (0);
}

/* Each try on a connection that stays; the median of them. */
static int
prefix_turn(struct bench *b, const struct subject *s, struct err *e)
{
	char *text = mem_printf("GET " LISTING "?prefix=" PREFIX
	    " HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", s->port);
	const struct gen_req r = { .p = text, .len = strlen(text),
	    .body = -1 };
	struct gen *g = gen_open(s->port, 1, e);
	struct times_sum sum;
	int64_t cpu = child_cpu_us(s->child);
	int rc = g != NULL ? gen_run(g, &r, 0, TRIES, 0, &sum, e) : -1;

	if (rc == 0) {
		bench_add(b, MEASURE, "prefix of 10", s->name, UNIT_MS,
		    (double)sum.p50_us / 1e3);
		bench_add(b, MEASURE, "prefix of 10", s->name, "server ms",
		    (double)(child_cpu_us(s->child) - cpu) / 1e3 / TRIES);
	}
	gen_close(g);
	free(text);
	return (rc);
}

/* Is it ten that the prefix holds? */
static int
prefix_check(const struct subject *s, struct arena *a, struct err *e)
{
	const struct web_way way = { 0 };
	const struct web_req r = { .method = "GET", .url = arena_printf(a,
	    "http://127.0.0.1:%d" LISTING "?prefix=" PREFIX, s->port),
	    .size = -1, .status = 200, .answer = -1 };
	struct web_answer page;
	int rc = web_call(&way, &r, &page, e);

	if (rc == 0 && count(page.body.p, "\"name\":") != 10)
		rc = err_set(e, "the prefix holds not ten objects");
	web_answer_release(&page);
	return (rc);
}

static void
goal(struct bench *b, const char *variant, double ms)
{
	const struct goal g = { arena_printf(&b->arena, "list, %s: ours, ms",
	    variant), { MEASURE, variant, peer_name[PEER_OURS], UNIT_MS },
	    { .subject = NULL }, GOAL_AT_MOST, ms, NULL };

	figures_goal(&b->figures, &g);
}

int
m_list(struct bench *b, struct err *e)
{
	const char *all = arena_printf(&b->arena, "all of %lld",
	    (long long)b->listed);
	const bool wanted[PEER_N] = { [PEER_OURS] = true };
	struct subject s[PEER_N];
	size_t n;
	int rc = bench_start(b, s, &n, wanted, e);

	goal(b, all, 1000);
	goal(b, "all, with ACLs", 1000);
	goal(b, "all, names only", 1000);
	goal(b, "prefix of 10", 2);
	if (rc == 0)
		rc = fill(b, &s[0], e);
	if (rc == 0)
		rc = prefix_check(&s[0], &b->arena, e);
	for (int64_t r = 0; rc == 0 && r < b->rounds; r++)
		if (bench_going(b, MEASURE, s[0].name, r, e) != 0 ||
		    full_turn(b, &s[0], all, "", e) != 0 ||
		    full_turn(b, &s[0], "all, with ACLs", "projection=full",
		    e) != 0 || full_turn(b, &s[0], "all, names only",
		    "fields=nextPageToken,items(name)", e) != 0 ||
		    prefix_turn(b, &s[0], e) != 0)
			rc = -1;
	for (size_t i = 0; i < n; i++)
		subject_stop(&s[i]);
	return (rc);
}
