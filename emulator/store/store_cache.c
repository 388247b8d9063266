/* Buckets as they were last read.  All that touches an object asks for its
 * bucket first, and buckets hardly ever change: the query took 11 % of the
 * processor time of a read of 4 KiB, this takes 1 %.
 *
 * An entry is of an epoch, which is odd while a transaction changes buckets
 * (or records, for store_state()) and even between such transactions.  So two
 * states of the table never have the same even number, and who has taken a
 * snapshot in an epoch finds the entries of that epoch, no older and no newer
 * ones. */
#include <stdlib.h>
#include <string.h>

#include "emulator/store/store_bucket.h"

#define SLOTS		64		/* a power of two */
#define TEXTS_MAX	(32u << 10)	/* of one bucket; larger: not kept */

struct slot {
	pthread_mutex_t lock;
	uint64_t epoch;			/* 0: empty */
	struct bucket_row row;		/* its texts lie in `texts` */
	int64_t	at;
	char	*texts;
	size_t	room;
};

struct store_cache {
	_Atomic uint64_t epoch;
	struct slot slots[SLOTS];
};

struct store_cache *
store_cache_new(void)
{
	struct store_cache *c = mem_alloc(sizeof(*c));

	atomic_store(&c->epoch, 2);
	for (size_t i = 0; i < SLOTS; i++)
		(void)pthread_mutex_init(&c->slots[i].lock, NULL);
	return (c);
}

void
store_cache_free(struct store_cache *c)
{

	if (c == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++) {
		(void)pthread_mutex_destroy(&c->slots[i].lock);
		free(c->slots[i].texts);
	}
	free(c);
}

uint64_t
store_cache_epoch(const struct store *st)
{

	return (atomic_load(&st->cache->epoch));
}

uint64_t
store_state(const struct store *st)
{

	return (store_cache_epoch(st));
}

void
store_cache_change(struct store *st)
{

	if ((atomic_load(&st->cache->epoch) & 1) == 0)
		atomic_fetch_add(&st->cache->epoch, 1);
}

void
store_cache_settle(struct store *st)
{

	if ((atomic_load(&st->cache->epoch) & 1) != 0)
		atomic_fetch_add(&st->cache->epoch, 1);
}

static struct slot *
store_cache_slot(struct store *st, const char *name)
{
	uint32_t h = 2166136261u;	/* FNV-1a */

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	h ^= h >> 16;
	return (&st->cache->slots[h & (SLOTS - 1)]);
}

bool
store_cache_get(struct store *st, uint64_t epoch, const char *name,
    struct arena *a, struct bucket_row *r, int64_t *at)
{
	struct slot *s = store_cache_slot(st, name);
	bool found;

	(void)pthread_mutex_lock(&s->lock);
	found = s->epoch != 0 && s->epoch == epoch &&
	    strcmp(s->row.b.name, name) == 0;
	if (found) {
		*r = s->row;
		*at = s->at;
		if (a != NULL)
			store_bucket_out(a, &s->row, &r->b);
		else
			r->b.name = r->b.project = r->b.attrs = r->b.policy =
			    r->b.view_of = NULL;
	}
	(void)pthread_mutex_unlock(&s->lock);
	return (found);
}

/* A copy of the text at *p, which goes behind it; NULL stays NULL. */
static const char *
store_cache_text(char **p, const char *text)
{
	char *q = *p;
	size_t n;

	if (text == NULL)
		return (NULL);
	n = strlen(text) + 1;
	memcpy(q, text, n);
	*p += n;
	return (q);
}

void
store_cache_put(struct store *st, uint64_t epoch, const struct bucket_row *r,
    int64_t at)
{
	struct slot *s = store_cache_slot(st, r->b.name);
	const struct bucket *b = &r->b;
	const char *const texts[] = { b->name, b->project, b->attrs,
	    b->policy, b->view_of };
	size_t n = 0;
	char *p;

	for (size_t i = 0; i < NELEMS(texts); i++)
		n += texts[i] != NULL ? strlen(texts[i]) + 1 : 0;
	if (n > TEXTS_MAX)
		return;
	(void)pthread_mutex_lock(&s->lock);
	/* Whoever changes buckets has said so before the first of them could
	 * be seen: r is of this epoch. */
	if ((epoch & 1) == 0 && epoch == store_cache_epoch(st)) {
		if (s->room < n) {
			s->texts = mem_realloc(s->texts, n);
			s->room = n;
		}
		p = s->texts;
		s->row = *r;
		s->row.b.name = store_cache_text(&p, b->name);
		s->row.b.project = store_cache_text(&p, b->project);
		s->row.b.attrs = store_cache_text(&p, b->attrs);
		s->row.b.policy = store_cache_text(&p, b->policy);
		s->row.b.view_of = store_cache_text(&p, b->view_of);
		s->at = at;
		s->epoch = epoch;
	}
	(void)pthread_mutex_unlock(&s->lock);
}
