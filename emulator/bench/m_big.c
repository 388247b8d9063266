/* 1 GiB up and down.  Uploads stand beside what this machine can do at all:
 * MD5 of the same bytes, and a plain write of them into the same folder, both
 * measured in each round; downloads beside nginx, which uses sendfile(2). */
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/bench/big.h"
#include "lib/clock.h"
#include "lib/file.h"

#define PUT		"big-put"
#define GET		"big-get"
#define V_MEDIA		"media"
#define V_CHUNKS	"resumable 16 MiB"
#define V_FLOOR		"floor"
#define V_WHOLE		"whole"
#define V_RANGES	"64 ranges at once"
#define RANGES		64
#define OBJECT		"big"

static int64_t
size_for(const struct bench *b, const struct subject *s)
{

	return (s->kind == PEER_OURS || s->kind == PEER_NGINX ? b->big :
	    b->big_fake);
}

/* ---- what the machine can do ---- */

static int64_t
md5_us(int64_t size)
{
	int64_t t0 = clock_mono_us();
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	unsigned char md[EVP_MAX_MD_SIZE];

	BUG_ON(c == NULL || EVP_DigestInit_ex(c, EVP_md5(), NULL) != 1);
	for (int64_t n = 0; n < size; n += (int64_t)WEB_BLOCK)
		BUG_ON(EVP_DigestUpdate(c, web_block(), WEB_BLOCK) != 1);
	BUG_ON(EVP_DigestFinal_ex(c, md, NULL) != 1);
	EVP_MD_CTX_free(c);
	return (clock_mono_us() - t0);
}

/* Into a new file: until write(2) has taken all, and until the disk has. */
static int
write_us(struct bench *b, int64_t *us, int64_t *synced_us, struct err *e)
{
	const char *file = arena_printf(&b->arena, "%s/floor", b->dir);
	int64_t t0 = clock_mono_us();
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int rc = fd < 0 ? -1 : 0;

	for (int64_t n = 0; rc == 0 && n < b->big; n += (int64_t)WEB_BLOCK)
		rc = file_write_all(fd, web_block(), WEB_BLOCK);
	*us = clock_mono_us() - t0;
	if (rc == 0)
		rc = fdatasync(fd);
	*synced_us = clock_mono_us() - t0;
	if (rc != 0)
		err_setno(e, "cannot write %s", file);
	if (fd >= 0)
		(void)close(fd);
	(void)unlink(file);
	return (rc);
}

static int
floors(struct bench *b, struct err *e)
{
	int64_t md5 = md5_us(b->big), us, synced;

	if (write_us(b, &us, &synced, e) != 0)
		return (-1);
	bench_add(b, PUT, V_FLOOR, "MD5", UNIT_MBS, (double)b->big /
	    (double)md5);
	bench_add(b, PUT, V_FLOOR, "write", UNIT_MBS, (double)b->big /
	    (double)us);
	bench_add(b, PUT, V_FLOOR, "write, sync", UNIT_MBS, (double)b->big /
	    (double)synced);
	bench_add(b, PUT, V_FLOOR, "slower of both", UNIT_MBS, (double)b->big /
	    (double)(md5 > us ? md5 : us));
	return (0);
}

/* ---- up ---- */

static int
put_turn(struct bench *b, const struct subject *s, const char *variant,
    struct err *e)
{
	struct arena a = ARENA_INIT;
	struct big_way w = big_way(s, false, &a);
	int64_t size = size_for(b, s), idle = child_rss(s->child), t0, cpu;
	int rc;

	child_peak_reset(s->child);
	cpu = child_cpu_us(s->child);
	t0 = clock_mono_us();
	rc = big_put(s, &w, &a, OBJECT, size, strcmp(variant, V_CHUNKS) == 0,
	    e);
	if (rc == 0)
		big_note(b, PUT, variant, s->name, s, size, clock_mono_us() -
		    t0, child_cpu_us(s->child) - cpu, idle);
	/* Gone before the kernel writes it back into somebody's turn. */
	if (rc == 0)
		rc = big_delete(s, &w, &a, OBJECT, e);
	arena_release(&a);
	return (rc);
}

static void
put_goals(struct bench *b)
{
	static const char *const v[] = { V_MEDIA, V_CHUNKS };
	static const enum peer_kind fakes[] = { PEER_MEM, PEER_FILE };
	const char *ours = peer_name[PEER_OURS];
	struct arena *a = &b->arena;

	for (size_t i = 0; i < NELEMS(v); i++) {
		const struct goal fast = { arena_printf(a, PUT ", %s, MB/s: "
		    "ours / the slower of MD5 and write", v[i]), { PUT, v[i],
		    ours, UNIT_MBS }, { PUT, V_FLOOR, "slower of both",
		    UNIT_MBS }, GOAL_AT_LEAST, .8, NULL };
		const struct goal peak = { arena_printf(a, PUT ", %s: ours, "
		    "peak MiB above idle", v[i]), { PUT, v[i], ours,
		    UNIT_ABOVE }, { .subject = NULL }, GOAL_AT_MOST, 64,
		    NULL };
		const struct goal dav = { arena_printf(a, PUT ", %s, MB/s: "
		    "ours / nginx PUT", v[i]), { PUT, v[i], ours, UNIT_MBS },
		    { PUT, V_MEDIA, peer_name[PEER_NGINX], UNIT_MBS },
		    GOAL_NONE, 0, "nginx computes no MD5" };

		figures_goal(&b->figures, &fast);
		figures_goal(&b->figures, &dav);
		for (size_t k = 0; k < NELEMS(fakes); k++)
			bench_goal(b, PUT, v[i], UNIT_MBS, fakes[k], false,
			    GOAL_NONE, 0, arena_printf(a, "%lld MiB there",
			    (long long)(b->big_fake >> 20)));
		figures_goal(&b->figures, &peak);
	}
}

int
m_big_put(struct bench *b, struct err *e)
{
	const bool wanted[PEER_N] = { [PEER_OURS] = true, [PEER_MEM] = true,
	    [PEER_FILE] = true, [PEER_NGINX] = true };
	struct subject s[PEER_N];
	size_t n;
	int rc = bench_start(b, s, &n, wanted, e);

	put_goals(b);
	for (int64_t r = 0; rc == 0 && r < b->rounds; r++) {
		rc = floors(b, e);
		for (size_t k = 0; rc == 0 && k < n; k++) {
			size_t i = bench_turn(r, k, n);

			rc = bench_going(b, PUT, s[i].name, r, e);
			if (rc == 0)
				rc = put_turn(b, &s[i], V_MEDIA, e);
			if (rc == 0 && s[i].kind != PEER_NGINX)
				rc = put_turn(b, &s[i], V_CHUNKS, e);
		}
	}
	for (size_t i = 0; i < n; i++)
		subject_stop(&s[i]);
	return (rc);
}

/* ---- down ---- */

static int
get_turn(struct bench *b, const struct subject *s, const char *variant,
    struct err *e)
{
	struct arena a = ARENA_INIT;
	struct big_way w = big_way(s, false, &a);
	int64_t size = size_for(b, s), idle = child_rss(s->child), t0, cpu;
	int rc;

	child_peak_reset(s->child);
	cpu = child_cpu_us(s->child);
	t0 = clock_mono_us();
	rc = big_get(s, &w, &a, OBJECT, size, strcmp(variant, V_RANGES) == 0 ?
	    RANGES : 1, false, e);
	if (rc == 0)
		big_note(b, GET, variant, s->name, s, size, clock_mono_us() -
		    t0, child_cpu_us(s->child) - cpu, idle);
	arena_release(&a);
	return (rc);
}

/* Stored, and compared byte by byte once, before anything is timed. */
static int
get_begin(struct bench *b, const struct subject *s, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct big_way w = big_way(s, false, &a);
	int64_t size = size_for(b, s);
	int rc = big_put(s, &w, &a, OBJECT, size, false, e);

	if (rc == 0)
		rc = big_get(s, &w, &a, OBJECT, size, 1, true, e);
	if (rc == 0)
		rc = big_get(s, &w, &a, OBJECT, size, RANGES, true, e);
	arena_release(&a);
	return (rc);
}

static void
get_goals(struct bench *b)
{
	static const char *const v[] = { V_WHOLE, V_RANGES };

	for (size_t i = 0; i < NELEMS(v); i++) {
		const struct goal peak = { arena_printf(&b->arena, GET ", %s: "
		    "ours, peak MiB above idle", v[i]), { GET, v[i],
		    peer_name[PEER_OURS], UNIT_ABOVE }, { .subject = NULL },
		    GOAL_AT_MOST, 64, NULL };

		bench_goal(b, GET, v[i], UNIT_MBS, PEER_NGINX, false,
		    GOAL_AT_LEAST, .95, NULL);
		bench_goal(b, GET, v[i], UNIT_CPU_GB, PEER_NGINX, true,
		    GOAL_NONE, 0, NULL);
		bench_goal(b, GET, v[i], UNIT_MBS, PEER_MEM, false, GOAL_NONE,
		    0, NULL);
		bench_goal(b, GET, v[i], UNIT_MBS, PEER_FILE, false, GOAL_NONE,
		    0, NULL);
		figures_goal(&b->figures, &peak);
	}
}

int
m_big_get(struct bench *b, struct err *e)
{
	const bool wanted[PEER_N] = { [PEER_OURS] = true, [PEER_MEM] = true,
	    [PEER_FILE] = true, [PEER_NGINX] = true };
	struct subject s[PEER_N];
	size_t n;
	int rc = bench_start(b, s, &n, wanted, e);

	get_goals(b);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = get_begin(b, &s[i], e);
	for (int64_t r = 0; rc == 0 && r < b->rounds; r++)
		for (size_t k = 0; rc == 0 && k < n; k++) {
			size_t i = bench_turn(r, k, n);

			if (bench_going(b, GET, s[i].name, r, e) != 0 ||
			    get_turn(b, &s[i], V_WHOLE, e) != 0 ||
			    get_turn(b, &s[i], V_RANGES, e) != 0)
				rc = -1;
		}
	for (size_t i = 0; i < n; i++)
		subject_stop(&s[i]);
	return (rc);
}

/* ---- memory ---- */

#define MEMORY		"memory"
#define CONNECTIONS	64
#define UPLOADS		2	/* of them; as many downloads */

struct both {
	const struct subject *s;
	const char *get, *put[UPLOADS];
	int64_t	size;
};

/* Large objects both ways; the other connections are open, and were used. */
static void
next_both(void *arg, int64_t i, size_t slot, struct web_req *r)
{
	const struct both *w = arg;

	(void)slot;
	if (i < UPLOADS) {
		r->method = "POST";
		r->url = w->put[i];
		r->type = "application/octet-stream";
		r->size = w->size;
		return;
	}
	r->url = w->get;
	r->answer = w->size;
	if (i >= 2 * UPLOADS) {
		r->range = "0-4095";
		r->answer = 4096;
		r->status = 206;
	}
}

static int
memory_turn(struct bench *b, const struct subject *s, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct big_way way = big_way(s, false, &a);
	struct both w = { .s = s, .size = b->big, .get = arena_printf(&a,
	    "%s%s", way.base, subject_path(s, &a, OP_GET_XML, OBJECT)) };
	struct web *web = web_open(&way.way, CONNECTIONS);
	int64_t idle = child_rss(s->child), cpu = child_cpu_us(s->child);
	struct times_sum sum;
	int rc;

	for (size_t i = 0; i < UPLOADS; i++)
		w.put[i] = arena_printf(&a, "%s%s", way.base, subject_path(s,
		    &a, OP_PUT_MEDIA, arena_printf(&a, "up-%zu", i)));
	child_peak_reset(s->child);
	rc = web_run(web, next_both, &w, CONNECTIONS, 0, &sum, e);
	if (rc == 0)
		big_note(b, MEMORY, "both ways, 64 conn.", s->name, s,
		    2 * UPLOADS * b->big, sum.us, child_cpu_us(s->child) - cpu,
		    idle);
	web_close(web);
	for (size_t i = 0; rc == 0 && i < UPLOADS; i++)
		rc = big_delete(s, &way, &a, arena_printf(&a, "up-%zu", i),
		    e);
	arena_release(&a);
	return (rc);
}

int
m_memory(struct bench *b, struct err *e)
{
	const bool wanted[PEER_N] = { [PEER_OURS] = true };
	const struct goal peak = { "memory, both ways, 64 connections: ours, "
	    "peak MiB above idle", { MEMORY, "both ways, 64 conn.",
	    peer_name[PEER_OURS], UNIT_ABOVE }, { .subject = NULL },
	    GOAL_AT_MOST, 64, NULL };
	int64_t rounds = b->rounds < 3 ? b->rounds : 3;	/* hardly differs */
	struct subject s[PEER_N];
	size_t n;
	int rc = bench_start(b, s, &n, wanted, e);

	figures_goal(&b->figures, &peak);
	if (rc == 0)
		rc = get_begin(b, &s[0], e);
	for (int64_t r = 0; rc == 0 && r < rounds; r++)
		if (bench_going(b, MEMORY, s[0].name, r, e) != 0 ||
		    memory_turn(b, &s[0], e) != 0)
			rc = -1;
	for (size_t i = 0; i < n; i++)
		subject_stop(&s[i]);
	return (rc);
}
