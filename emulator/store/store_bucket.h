/* emulator/store/store_bucket.h: rows of buckets, for the files of the store
 * that deal with buckets as such.  Knows SQLite; not HTTP. */
#ifndef EMULATOR_STORE_BUCKET_H
#define EMULATOR_STORE_BUCKET_H

#include "emulator/store/store_int.h"

struct bucket_row {
	struct bucket b;
	int64_t	rid, history_from, view_of, born, died;
	bool	adopts, folders;
	int64_t	retention_us, softer_us;
	int64_t	softest_us;	/* the longest soft_us that it ever had */
};

/* Without an arena only the numbers are taken. */
void	store_bucket_take(struct arena *, sqlite3_stmt *, struct bucket_row *);
/* The row of a started query, or NO_BUCKET. */
enum store_rc	store_bucket_one(struct store_conn *, struct arena *,
    sqlite3_stmt *, struct bucket_row *) MUST_USE;
/* A copy of r's bucket whose texts live in the arena. */
void	store_bucket_out(struct arena *, const struct bucket_row *r,
    struct bucket *out);
/* The columns that follow from r's attrs. */
void	store_bucket_rules(struct store *, struct bucket_row *r);
enum store_rc	store_bucket_add(struct store *, const struct bucket_row *)
    MUST_USE;
/* OK where no live bucket or view has the name. */
enum store_rc	store_bucket_free_name(struct store *, const char *name)
    MUST_USE;
/* The bucket that `name` means at as_of, and in *at the state to answer for,
 * which is below STORE_ALIVE. */
enum store_rc	store_bucket_find(struct store_conn *, struct arena *,
    const char *name, int64_t as_of, struct bucket_row *, int64_t *at)
    MUST_USE;
/* store_cache.c: what store_bucket_find() says of a name now, in the state
 * `epoch`.  put: r has its texts. */
bool	store_cache_get(struct store *, uint64_t epoch, const char *name,
    struct arena *, struct bucket_row *r, int64_t *at);
void	store_cache_put(struct store *, uint64_t epoch,
    const struct bucket_row *r, int64_t at);
/* The live row for a change; READ_ONLY for a view. */
enum store_rc	store_bucket_for_change(struct store *, struct arena *,
    const char *name, struct bucket_row *) MUST_USE;

#endif
