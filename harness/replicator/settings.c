#include "harness/replicator/settings.h"

#include <inttypes.h>

/* "  KEY: 250ms", or nothing where it was not asked for. */
static void
put_dur(struct buf *b, const char *key, int64_t us)
{

	if (us > 0)
		buf_addf(b, "%s: %" PRId64 "ms\n", key,
		    us >= 1000 ? us / 1000 : 1);
}

static int64_t
monitor_of(const struct settings *s)
{

	if (s->monitor_us == 0 && s->sync_us < 1000000)
		return (s->sync_us);
	return (s->monitor_us);
}

/* What stands in front of the list of databases, by 0.5 alone. */
static void
put_top(struct buf *b, const struct settings *s)
{

	if (s->snapshot_us > 0 || s->retention_us > 0) {
		buf_adds(b, "snapshot:\n");
		put_dur(b, "  interval", s->snapshot_us);
		put_dur(b, "  retention", s->retention_us);
	}
	put_dur(b, "l0-retention", s->l0_us);
	put_dur(b, "l0-retention-check-interval", s->l0_us / 2);
	if (s->compact_us > 0) {
		buf_adds(b, "levels:\n");
		put_dur(b, "  - interval", s->compact_us);
	}
}

static void
put_db(struct buf *b, const struct settings *s, const char *db)
{

	buf_addf(b, "dbs:\n  - path: %s\n", db);
	put_dur(b, "    monitor-interval", monitor_of(s));
	put_dur(b, "    checkpoint-interval", s->checkpoint_us);
	if (s->pages > 0)
		buf_addf(b, "    min-checkpoint-page-count: %" PRId64 "\n",
		    s->pages);
}

void
settings_write(struct buf *b, const struct replicator *rep,
    const struct settings *s, const char *db, const char *folder)
{
	const char *in = rep->levels ? "      " : "        ";
	const char *first = rep->levels ? "      " : "      - ";
	char key[64];

	if (rep->levels)
		put_top(b, s);
	put_db(b, s, db);
	buf_adds(b, rep->levels ? "    replica:\n" : "    replicas:\n");
	if (folder != NULL)
		buf_addf(b, "%stype: file\n%spath: %s\n", first, in, folder);
	else
		buf_addf(b, "%stype: %s\n%sbucket: ${BACKUPS_BUCKET_NAME}\n"
		    "%spath: ${BACKUPS_PATH}\n", first, rep->scheme, in, in);
	(void)snprintf(key, sizeof(key), "%ssync-interval", in);
	put_dur(b, key, s->sync_us);
	if (rep->levels)
		return;
	(void)snprintf(key, sizeof(key), "%ssnapshot-interval", in);
	put_dur(b, key, s->snapshot_us);
	(void)snprintf(key, sizeof(key), "%sretention", in);
	put_dur(b, key, s->retention_us);
	(void)snprintf(key, sizeof(key), "%sretention-check-interval", in);
	put_dur(b, key, s->retention_us / 2);
}
