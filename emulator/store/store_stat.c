#include "emulator/store/store_stat.h"

#include <stdlib.h>

#include "emulator/store/store_int.h"
#include "lib/file.h"

static int64_t
store_stat_file(const struct store *st, const char *name)
{
	char *path = mem_printf("%s/%s", st->dir, name);
	int64_t n = file_size(path);

	free(path);
	return (n > 0 ? n : 0);
}

static enum store_rc
store_stat_count(struct store *st, struct store_stat *s)
{
	struct store_conn *c = store_read_begin(st);
	enum store_rc rc;

	rc = store_sql_int(c, &s->buckets, 0, SQL_STAT_BUCKETS, "");
	if (rc == STORE_OK)
		rc = store_sql_int(c, &s->payloads, 0, SQL_STAT_FILES, "");
	store_read_end(st, c);
	return (rc);
}

enum store_rc
store_stat(struct store *st, struct store_stat *s)
{
	uint64_t commits = atomic_load(&st->commits) + 1;
	enum store_rc rc = STORE_OK;

	(void)pthread_mutex_lock(&st->stat_lock);
	if (st->stat_commits != commits) {
		rc = store_stat_count(st, &st->stat);
		st->stat_commits = rc == STORE_OK ? commits : 0;
	}
	*s = st->stat;
	s->objects = atomic_load(&st->live);
	(void)pthread_mutex_unlock(&st->stat_lock);
	s->database = store_stat_file(st, "store.db") +
	    store_stat_file(st, "store.db-wal");
	s->mutation = store_mutation(st);
	return (rc);
}
