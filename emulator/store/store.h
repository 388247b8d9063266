/* emulator/store/store.h: buckets, object generations, upload sessions and
 * records, kept in one SQLite file (WAL) and payload files under the data
 * directory.  The only user of sqlite3 in the emulator.  Knows nothing of
 * HTTP, JSON shapes or permissions: attributes and policies are texts that it
 * keeps.
 *
 * Threads: every function may be called from any thread.  One writer with
 * cached statements behind a mutex; writes of objects that wait for it at the
 * same time are one commit (store_batch.c).  A small fixed pool of readers,
 * borrowed for one query and never held while bytes are sent.
 *
 * Durability: with `process` a call that returned STORE_OK survives kill -9
 * of the emulator (no fsync); with `power` it is synced before the return,
 * together with what other threads committed at the time (store_sync.c).
 *
 * Time travel: every change of a bucket or an object has a mutation number,
 * 1, 2, 3 … over the whole store.  An object row is alive at k where
 * born <= k < died.  A bucket with history never deletes a row; a bucket
 * without one deletes dead rows at once (unless versioning keeps them as
 * noncurrent).  A patch is a new row with the same generation and payload.
 * A view is a bucket name that answers as its bucket did at k, read-only; a
 * fork is a new writable bucket that starts with the rows alive at k and
 * shares their payloads.  Where no history was kept at k, or k has not come
 * yet, views, forks and `as_of` are BAD_MUTATION rather than half the truth.
 *
 * Soft delete: where its bucket's policy says so, what ends for good is kept
 * a while as soft-deleted: it is neither read nor listed unless asked for as
 * such, it can be restored, and it is lost when store_purge() finds its time
 * past, which is a mutation.
 *
 * Results live in the arena given.  Strings of input are borrowed.  Names
 * are UTF-8 without NUL (the caller checks Google's rules). */
#ifndef EMULATOR_STORE_H
#define EMULATOR_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "emulator/store/payload.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"

enum store_rc {
#define STORE_RC(name, status, reason, message) STORE_##name,
#include "emulator/store/store_rc.def"
#undef STORE_RC
};

/* FULL or IO, by what a failed payload_write() left in errno. */
enum store_rc	store_errno_rc(int no);

#define STORE_NOW	INT64_MAX	/* `as_of`: the newest state */

/* What of an object's attrs the store acts upon. */
struct object_rules {
	bool	temporary_hold, event_hold;
	int64_t	retain_us;	/* the object's own retention ends; 0: none */
};

/* What of a bucket's attrs. */
struct bucket_rules {
	int64_t	retention_us;	/* how long its objects are kept; 0: none */
	int64_t	soft_us;	/* … stay when they are deleted; 0: not */
	bool	adopts;		/* new objects take something from attrs */
	bool	folders;	/* the namespace is hierarchical */
};

/* Who can read attrs; the store cannot.  Called with the store locked. */
struct store_rules {
	void	(*object)(const char *attrs, struct object_rules *);
	void	(*bucket)(const char *attrs, struct bucket_rules *);
	/* A new object's attrs with what it takes from its bucket's; NULL:
	 * the bucket wants no such object. */
	const char *(*adopt)(struct arena *, const char *attrs,
	    const char *bucket_attrs);
};

struct store_opts {
	const char *dir;	/* exists or is made, 0700 */
	bool	power;		/* durability class power, else process */
	bool	history;	/* new buckets keep every dead row */
	const struct clock *clock;	/* for times and generations */
	const struct store_rules *rules; /* NULL: attrs bind nobody */
	int64_t	soft_bytes;	/* soft-deleted bytes to keep; 0: all */
};

/* One emulator at a time owns a directory (flock on `dir/lock`): a second
 * gets a message that names the first one's pid.  A damaged or newer file is
 * an error, never repaired silently. */
struct store	*store_open(const struct store_opts *o, struct err *e);
void	store_close(struct store *st);

/* The number of the newest mutation; 0 in a new store. */
int64_t	store_mutation(struct store *st);
/* Wait until the newest mutation is above k, or timeout_us has passed, or
 * store_wake() was called.  The newest number. */
int64_t	store_wait_mutation(struct store *st, int64_t k, int64_t timeout_us);
void	store_wake(struct store *st);

/* Moves whenever buckets or records change, before anybody is told that they
 * have; odd while a change is on its way.  What was found out of them after
 * an even state was seen holds as long as it stands. */
uint64_t	store_state(const struct store *);

/* ---- what all reads and writes take ---- */

struct store_at {
	int64_t	as_of;		/* STORE_NOW, or a mutation (fault `stale`) */
};

/* Preconditions of a read or a write, each only where its flag is set.
 * Generation 0 with gen_match means: must not exist.
 * https://cloud.google.com/storage/docs/request-preconditions */
struct store_cond {
	bool	has_gen_match, has_gen_not, has_meta_match, has_meta_not;
	int64_t	gen_match, gen_not, meta_match, meta_not;
	int64_t	generation;	/* 0: the live one; else this generation */
};

/* Where a write goes: with `forget` it is carried out, its result is returned
 * as if it had happened, and it is rolled back (fault `forget`). */
struct object;
struct bucket;

struct store_write {
	bool	forget;
	/* A retry test's: no retention policy holds, and a policy of IAM
	 * leaves the bucket's metageneration, which Node's suite relies on. */
	bool	exempt;
	int64_t	mutation;	/* out: the number that it got, 0 if forgotten */
	/* out, with BAD_HASH of whole objects: a sentence with the hash that
	 * the client gave and ours, in the call's arena; else left alone */
	const char *why;
	/* What comes from elsewhere keeps these of its: generation (where that
	 * is newer than what it replaces), metageneration, created_us,
	 * updated_us (zeros are given anew), components, has_md5; of a bucket
	 * metageneration and times. */
	const struct object *as;
	const struct bucket *as_bucket;
};

/* ---- buckets ---- */

struct bucket {
	int64_t	id;
	const char *name;
	const char *project;
	const char *attrs;	/* JSON text of what clients may set */
	const char *policy;	/* JSON text of the IAM policy without its etag */
	int64_t	metageneration;
	int64_t	policy_version;	/* the policy's etag is made of this */
	int64_t	created_us, updated_us;
	bool	versioning;	/* from attrs, kept as a column */
	bool	history;
	const char *view_of;	/* NULL, or the bucket that this is a view of */
	int64_t	view_at;	/* with view_of: the mutation */
	int64_t	generation;	/* of all buckets that had this name */
	int64_t	soft_us, hard_us; /* soft-deleted then, lost then; or 0 */
};

enum store_rc	store_bucket_insert(struct store *, struct store_write *,
    const struct bucket *b, struct arena *, struct bucket *out) MUST_USE;
/* Of a view: the view's own row, with its bucket's attrs and policy. */
enum store_rc	store_bucket_get(struct store *, struct store_at,
    const char *name, struct arena *, struct bucket *out) MUST_USE;
/* Sorted by name; project NULL: all.  Views are not listed.  *out is an array
 * of *n; *more where there are further ones after the last. */
enum store_rc	store_bucket_list(struct store *, const char *project,
    const char *prefix, const char *after, int max, struct arena *,
    struct bucket **out, size_t *n, bool *more) MUST_USE;
/* New attrs and versioning flag; metageneration + 1. */
enum store_rc	store_bucket_update(struct store *, struct store_write *,
    const char *name, const struct store_cond *, const char *attrs,
    bool versioning, struct arena *, struct bucket *out) MUST_USE;
/* if_version: the policy_version that must stand there, or -1. */
/* The same with a new policy beside (NULL: it stays), by one mutation. */
enum store_rc	store_bucket_set(struct store *, struct store_write *,
    const char *name, const struct store_cond *, const char *attrs,
    bool versioning, const char *policy, struct arena *,
    struct bucket *out) MUST_USE;
/* metageneration + 1. */
enum store_rc	store_bucket_set_policy(struct store *, struct store_write *,
    const char *name, const char *policy, int64_t if_version,
    struct arena *, struct bucket *out) MUST_USE;
/* NOT_EMPTY while an object or noncurrent generation is alive.  It becomes
 * soft-deleted where it ever had a policy for that. */
enum store_rc	store_bucket_delete(struct store *, struct store_write *,
    const char *name, const struct store_cond *) MUST_USE;
/* Soft-deleted buckets.  The list is by name and generation; *after is a
 * position, "" at first and changed to the last one given out. */
enum store_rc	store_bucket_soft_get(struct store *, const char *name,
    int64_t generation, struct arena *, struct bucket *out) MUST_USE;
enum store_rc	store_bucket_soft_list(struct store *, const char *project,
    const char *prefix, const char **after, int max, struct arena *,
    struct bucket **out, size_t *n, bool *more) MUST_USE;
/* EXISTS where a live bucket has the name. */
enum store_rc	store_bucket_restore(struct store *, struct store_write *,
    const char *name, int64_t generation, struct arena *,
    struct bucket *out) MUST_USE;

/* k: 0 .. the newest mutation.  A view costs one row and is no mutation; a
 * fork is one.  A view or fork of a view is one of its bucket, at no more than
 * the view's mutation. */
enum store_rc	store_view(struct store *, const char *bucket, int64_t k,
    const char *name) MUST_USE;
enum store_rc	store_fork(struct store *, const char *bucket, int64_t k,
    const char *name) MUST_USE;
enum store_rc	store_view_delete(struct store *, const char *name) MUST_USE;
enum store_rc	store_set_history(struct store *, const char *bucket,
    bool on) MUST_USE;

/* ---- objects ---- */

struct object {
	const char *bucket;
	const char *name;
	int64_t	generation;	/* microseconds, strictly growing, as Google's */
	int64_t	metageneration;
	int64_t	size;
	uint32_t crc32c;
	bool	has_md5;	/* composed objects have none */
	unsigned char md5[16];
	const char *attrs;	/* JSON text: contentType, metadata … */
	int64_t	created_us, updated_us, deleted_us;
	int64_t	born, died;	/* mutations; died: when it stopped being the
				 * live one, INT64_MAX while it is */
	int	components;	/* 0: not composed */
	int64_t	payload;	/* for store_read_open() */
	int64_t	expires_us;	/* until then retention keeps it; 0: none does */
	int64_t	soft_us, hard_us; /* soft-deleted then, lost then; or 0 */
};

/* What the client said of the bytes, to be checked against them. */
struct store_expect {
	bool	has_crc32c, has_md5;
	uint32_t crc32c;
	unsigned char md5[16];
};

/* HELD_TEMPORARY, HELD_EVENT and RETAINED come from every call that would end
 * an object which is kept; preconditions are looked at before. */

/* On STORE_OK the payload has been taken over (payload_free() is still owed
 * by the caller and then only frees the handle). */
enum store_rc	store_object_insert(struct store *, struct store_write *,
    const char *bucket, const char *name, const char *attrs,
    const struct store_cond *, const struct store_expect *, struct payload *,
    struct arena *, struct object *out) MUST_USE;
/* Would a write under these conditions be let through now?  OK, or what it
 * would be refused with for them. */
enum store_rc	store_object_precheck(struct store *, const char *bucket,
    const char *name, const struct store_cond *) MUST_USE;
enum store_rc	store_object_get(struct store *, struct store_at,
    const char *bucket, const char *name, const struct store_cond *,
    struct arena *, struct object *out) MUST_USE;
/* New attrs; metageneration + 1. */
enum store_rc	store_object_update(struct store *, struct store_write *,
    const char *bucket, const char *name, const struct store_cond *,
    const char *attrs, struct arena *, struct object *out) MUST_USE;
enum store_rc	store_object_delete(struct store *, struct store_write *,
    const char *bucket, const char *name, const struct store_cond *) MUST_USE;
/* A new generation of `to` with the payload of `from` (rewrite, copy). */
enum store_rc	store_object_copy(struct store *, struct store_write *,
    const char *from_bucket, const char *from, const struct store_cond *fc,
    const char *to_bucket, const char *to, const struct store_cond *tc,
    const char *attrs /* NULL: from's */, struct arena *,
    struct object *out) MUST_USE;

/* A new object of the bytes of n others (1 .. 32) of its bucket, in that
 * order; generation 0 is the live one.  The bytes are copied before the
 * writer is taken.  With drop_sources, where each names its generation, those
 * that are still the live ones are deleted by the same commit.  NO_OBJECT,
 * BAD_HASH (the CRC32C; there is no MD5), TOO_LARGE.
 * https://cloud.google.com/storage/docs/composite-objects */
struct store_source {
	const char *name;
	int64_t	generation;
};
enum store_rc	store_object_compose(struct store *, struct store_write *,
    const char *bucket, const char *name, const char *attrs,
    const struct store_cond *, const struct store_expect *,
    const struct store_source *, size_t n, bool drop_sources, struct arena *,
    struct object *out) MUST_USE;

/* `from` becomes `to` with a new generation, in one step; never soft-deleted
 * itself. */
enum store_rc	store_object_move(struct store *, struct store_write *,
    const char *bucket, const char *from, const struct store_cond *fc,
    const char *to, const struct store_cond *tc, struct arena *,
    struct object *out) MUST_USE;

/* A soft-deleted generation; NO_OBJECT where it is none. */
enum store_rc	store_object_soft_get(struct store *, struct store_at,
    const char *bucket, const char *name, int64_t generation,
    struct arena *, struct object *out) MUST_USE;
/* A new generation with its payload; it stays soft-deleted itself.  The
 * conditions are of the live object. */
enum store_rc	store_object_restore(struct store *, struct store_write *,
    const char *bucket, const char *name, int64_t generation,
    const struct store_cond *, const char *attrs /* NULL: its own */,
    struct arena *, struct object *out) MUST_USE;

/* Writes a second that one object takes before TOO_OFTEN; 0: any. */
void	store_set_write_limit(struct store *, int64_t per_second);

/* Lose what is soft-deleted and past its time; *n: how much. */
enum store_rc	store_purge(struct store *, size_t *n) MUST_USE;

struct store_list {
	const char *prefix;	/* "" for none, as all the strings here */
	const char *delimiter;
	const char *start;	/* startOffset, inclusive */
	const char *end;	/* endOffset, exclusive */
	const char *glob;	/* matchGlob: `*` without '/', `**` with */
	bool	trailing_delimiter;	/* includeTrailingDelimiter */
	bool	versions;
	bool	soft;		/* the soft-deleted ones instead */
	/* NULL, or only those that it passes; of the object it sees name,
	 * generation and attrs, for the time of the call. */
	bool	(*match)(void *cls, const struct object *);
	void	*match_cls;
	int	max;		/* 1 .. 1000 results, objects and prefixes */
	const char *after;	/* opaque, from a former `next` (raw, unencoded) */
};

struct store_listing {
	struct object *objects;
	size_t	nobjects;
	const char **prefixes;
	size_t	nprefixes;
	const char *next;	/* NULL: that was all */
};

/* Is every bracket and brace of a matchGlob closed? */
bool	store_glob_ok(const char *pattern);
/* An `after` behind that generation of that name, for a list of versions. */
const char	*store_list_after(struct arena *, const char *name,
    int64_t generation);
/* In order of names (bytes of UTF-8); versions of one name by generation. */
enum store_rc	store_object_list(struct store *, struct store_at,
    const char *bucket, const struct store_list *, struct arena *,
    struct store_listing *out) MUST_USE;

/* ---- reading bytes ---- */

/* An open payload: stays readable whatever happens to its object. */
struct store_reader {
	int	fd;		/* -1: inline, in data */
	const unsigned char *data;	/* in the arena */
	int64_t	size;
};

/* NO_OBJECT where the object's row and its last payload reference have gone
 * since it was read. */
enum store_rc	store_read_open(struct store *, const struct object *,
    struct arena *, struct store_reader *out) MUST_USE;
/* store_object_get() and store_read_open() in one: an overwrite cannot come
 * between them.  Downloads use this. */
enum store_rc	store_object_open(struct store *, struct store_at,
    const char *bucket, const char *name, const struct store_cond *,
    struct arena *, struct object *out, struct store_reader *r) MUST_USE;
void	store_read_close(struct store_reader *);

/* ---- resumable upload sessions ---- */

struct session {
	const char *id;		/* 128 random bits or more, hex */
	const char *bucket, *name;
	const char *attrs;	/* of the object to be */
	const char *principal;	/* who began it */
	struct store_cond cond;
	struct store_expect expect;
	int64_t	persisted;	/* bytes that survive kill -9 */
	bool	done;
	int64_t	generation;	/* with done: what it became */
	int64_t	created_us;
};

enum store_rc	store_session_new(struct store *, const struct session *s,
    struct arena *, const char **id) MUST_USE;
enum store_rc	store_session_get(struct store *, const char *id,
    struct arena *, struct session *out) MUST_USE;
/* Append bytes that begin at `offset`; those already persisted are skipped,
 * a gap is BAD_OFFSET.  Part of a chunk may arrive in several calls; they are
 * persisted (and `persisted` grows) when store_session_flush() returns. */
enum store_rc	store_session_write(struct store *, const char *id,
    int64_t offset, const void *p, size_t n) MUST_USE;
enum store_rc	store_session_flush(struct store *, const char *id,
    int64_t *persisted) MUST_USE;
/* Make the object of what is persisted.  With `forget` as in insert. */
enum store_rc	store_session_finish(struct store *, struct store_write *,
    const char *id, const struct store_expect *more, struct arena *,
    struct object *out) MUST_USE;
enum store_rc	store_session_delete(struct store *, const char *id) MUST_USE;

/* ---- records: small things with a kind and a key (service accounts, keys,
 * tokens, project policies …), each a JSON text ---- */

struct record {
	const char *key;
	const char *json;
	int64_t	version;	/* 1, 2, … grows with each put */
};

/* if_version: -1 any; 0 must not exist (else EXISTS); else must match
 * (PRECONDITION). */
enum store_rc	store_record_put(struct store *, const char *kind,
    const char *key, const char *json, int64_t if_version,
    int64_t *version) MUST_USE;
enum store_rc	store_record_get(struct store *, const char *kind,
    const char *key, struct arena *, struct record *out) MUST_USE;
enum store_rc	store_record_list(struct store *, const char *kind,
    const char *prefix, const char *after, int max, struct arena *,
    struct record **out, size_t *n) MUST_USE;
enum store_rc	store_record_delete(struct store *, const char *kind,
    const char *key) MUST_USE;

#endif
