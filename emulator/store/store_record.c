/* Records: small texts by kind and key, each with a version. */
#include <string.h>

#include "emulator/store/store_int.h"
#include "lib/str.h"

static void
store_record_take(struct arena *a, sqlite3_stmt *s, struct record *r)
{

	r->key = store_sql_text(a, s, 0);
	r->json = store_sql_text(a, s, 1);
	r->version = sqlite3_column_int64(s, 2);
}

static enum store_rc
store_record_look(struct store_conn *c, const char *kind, const char *key,
    struct arena *a, struct record *out)
{
	enum store_rc rc;
	sqlite3_stmt *s;

	s = store_sql_start(c, SQL_RECORD_GET, "ss", kind, key);
	if (!store_sql_next(c, s, &rc))
		return (rc == STORE_OK ? STORE_NO_RECORD : rc);
	store_record_take(a, s, out);
	store_sql_end(s);
	return (STORE_OK);
}

static enum store_rc
store_record_set(struct store *st, const char *kind, const char *key,
    const char *json, int64_t if_version, int64_t *version)
{
	struct arena a = ARENA_INIT;
	struct record old = { 0 };
	enum store_rc rc;

	if ((rc = store_tx_begin(st)) != STORE_OK)
		return (rc);
	rc = store_record_look(&st->w, kind, key, &a, &old);
	if (rc == STORE_NO_RECORD)
		rc = STORE_OK;
	if (rc == STORE_OK && if_version >= 0 && if_version != old.version)
		rc = if_version == 0 ? STORE_EXISTS : STORE_PRECONDITION;
	if (rc == STORE_OK)
		rc = store_sql_do(&st->w, SQL_RECORD_PUT, "sssi", kind, key,
		    json, old.version + 1);
	rc = store_tx_end(st, NULL, rc);
	if (rc == STORE_OK && version != NULL)
		*version = old.version + 1;
	arena_release(&a);
	return (rc);
}

/* Records are small, and a deletion may have to wait for one: a token. */
enum store_rc
store_record_put(struct store *st, const char *kind, const char *key,
    const char *json, int64_t if_version, int64_t *version)
{
	enum store_rc rc;
	int tries = 0;

	do
		rc = store_record_set(st, kind, key, json, if_version,
		    version);
	while (store_room_again(st, rc, &tries));
	return (rc);
}

enum store_rc
store_record_get(struct store *st, const char *kind, const char *key,
    struct arena *a, struct record *out)
{
	struct store_conn *c = store_read_begin(st);
	enum store_rc rc;

	rc = store_record_look(c, kind, key, a, out);
	store_read_end(st, c);
	return (rc);
}

enum store_rc
store_record_list(struct store *st, const char *kind, const char *prefix,
    const char *after, int max, struct arena *a, struct record **out,
    size_t *n)
{
	struct store_conn *c = store_read_begin(st);
	size_t room = 0, k = 0;
	struct record *v = NULL;
	enum store_rc rc;
	sqlite3_stmt *s;

	prefix = prefix != NULL ? prefix : "";
	after = after != NULL ? after : "";
	s = store_sql_start(c, SQL_RECORD_LIST, "ss", kind,
	    strcmp(after, prefix) > 0 ? after : prefix);
	while (store_sql_next(c, s, &rc)) {
		const char *key = (const char *)sqlite3_column_text(s, 0);

		if (*after != '\0' && strcmp(key, after) <= 0)
			continue;
		if (!str_starts(key, prefix) || k >= (size_t)max) {
			store_sql_end(s);
			rc = STORE_OK;
			break;
		}
		if (k == room) {
			room = room > 0 ? 2 * room : 16;
			v = mem_realloc(v, room * sizeof(*v));
		}
		store_record_take(a, s, &v[k++]);
	}
	store_read_end(st, c);
	*out = arena_dup(a, v, k * sizeof(*v));
	*n = k;
	free(v);
	return (rc);
}

static enum store_rc
store_record_end(struct store *st, const char *kind, const char *key)
{
	enum store_rc rc;

	if ((rc = store_tx_begin(st)) != STORE_OK)
		return (rc);
	rc = store_sql_do(&st->w, SQL_RECORD_DROP, "ss", kind, key);
	if (rc == STORE_OK && sqlite3_changes(st->w.db) == 0)
		rc = STORE_NO_RECORD;
	return (store_tx_end(st, NULL, rc));
}

enum store_rc
store_record_delete(struct store *st, const char *kind, const char *key)
{
	enum store_rc rc;
	int tries = 0;

	do
		rc = store_record_end(st, kind, key);
	while (store_room_again(st, rc, &tries));
	return (rc);
}
