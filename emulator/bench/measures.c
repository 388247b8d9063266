/* The table of measures, and what they share. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "emulator/bench/bench.h"

const struct measure measures[] = {
	{ "start", "from the start of the process to its first answer",
	    m_start },
	{ "put-media", "4 KiB uploads, uploadType=media", m_put_media },
	{ "put-multipart", "4 KiB uploads, uploadType=multipart",
	    m_put_multipart },
	{ "put-over", "4 KiB uploads onto names that exist", m_put_over },
	{ "get-xml", "4 KiB downloads, XML", m_get_xml },
	{ "get-media", "4 KiB downloads, alt=media", m_get_media },
	{ "get-metadata", "metadata of 4 KiB objects", m_get_meta },
	{ "libcurl-8", "4 KiB both ways by libcurl, 8 connections",
	    m_small_curl },
	{ "delete", "deletes at 8 connections", m_delete },
	{ "list", "listing 100,000 objects, and a prefix of 10", m_list },
	{ "grow", "uploads and reads among 100 and 1,000,000 objects",
	    m_grow },
	{ "big-put", "1 GiB up, beside MD5 and a plain write", m_big_put },
	{ "big-get", "1 GiB down, whole and in 64 ranges", m_big_get },
	{ "memory", "1 GiB objects both ways, 64 connections open",
	    m_memory },
	{ "tls", "4 KiB and large objects, plain and through the proxy",
	    m_tls },
	{ "litestream", "the real Litestream, a database of 110 MiB",
	    m_litestream },
	{ .name = NULL }
};

const size_t bench_connections[CONNECTIONS_N] = { 1, 8, 64 };

const char *
bench_variant(struct bench *b, size_t n)
{

	return (arena_printf(&b->arena, n == 1 ? "%zu connection" :
	    "%zu connections", n));
}

void
bench_add(struct bench *b, const char *measure, const char *variant,
    const char *subject, const char *unit, double v)
{
	const struct figure_key k = { measure, variant, subject, unit };

	figures_add(&b->figures, &k, v);
}

void
bench_note(struct bench *b, const char *measure, const char *variant,
    const struct subject *s, const struct times_sum *t, int64_t cpu_us)
{
	double n = t->requests > 0 ? (double)t->requests : 1;

	bench_add(b, measure, variant, s->name, UNIT_RPS,
	    n * 1e6 / (double)t->us);
	bench_add(b, measure, variant, s->name, UNIT_CPU, (double)cpu_us / n);
	bench_add(b, measure, variant, s->name, UNIT_OWN,
	    (double)t->own_us / n);
	bench_add(b, measure, variant, s->name, UNIT_P50, (double)t->p50_us);
	bench_add(b, measure, variant, s->name, UNIT_P99, (double)t->p99_us);
	bench_add(b, measure, variant, s->name, UNIT_PEAK,
	    (double)child_peak(s->child) / 1048576);
}

void
bench_goal(struct bench *b, const char *measure, const char *variant,
    const char *unit, enum peer_kind peer, bool inverse, enum goal_kind kind,
    double target, const char *note)
{
	const struct figure_key ours = { measure, variant,
	    peer_name[PEER_OURS], unit };
	const struct figure_key theirs = { measure, variant, peer_name[peer],
	    unit };
	const struct goal g = { arena_printf(&b->arena, "%s, %s, %s: %s / %s",
	    measure, variant, unit, inverse ? theirs.subject : "ours",
	    inverse ? "ours" : theirs.subject), inverse ? theirs : ours,
	    inverse ? ours : theirs, kind, target, note };

	figures_goal(&b->figures, &g);
}

const char *
bench_folder(struct bench *b)
{

	return (arena_printf(&b->arena, "%s/server-%d", b->dir,
	    ++b->folders));
}

int
bench_start(struct bench *b, struct subject *s, size_t *n, const bool *wanted,
    struct err *e)
{

	*n = 0;
	for (int k = 0; k < PEER_N; k++) {
		if (b->peers.program[k] == NULL ||
		    (wanted != NULL && !wanted[k]))
			continue;
		if (subject_start(&s[*n], (enum peer_kind)k, &b->peers,
		    &b->arena, bench_folder(b), e) != 0)
			return (-1);
		++*n;
	}
	return (0);
}
