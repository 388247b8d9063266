/* emulator/store/store_multi.h: multipart uploads of the XML API: an upload,
 * its parts, and the object that they become.  Knows SQLite's rows and payload
 * files as the rest of the store does; no XML and no HTTP.
 *
 * A part is a payload of its own that no object names; it survives kill -9
 * once the call that stored it has returned.  A part that is put again takes
 * the place of the former one.  Uploads that nobody finished are dropped with
 * their parts after a week, when the store opens and when another one begins;
 * those of a bucket go with it.  Preconditions are not part of it, as in the
 * real service.
 * https://cloud.google.com/storage/docs/multipart-uploads */
#ifndef EMULATOR_STORE_MULTI_H
#define EMULATOR_STORE_MULTI_H

#include "emulator/store/store.h"

#define STORE_MULTI_PARTS	10000		/* numbers 1 .. that */
#define STORE_MULTI_MIN		(INT64_C(5) << 20)	/* all but the last */

struct multi {
	const char *id;		/* grows with the time of its beginning */
	const char *name;
	const char *attrs;	/* of the object to be */
	const char *principal;	/* who began it */
	int64_t	created_us;
};

struct multi_part {
	int	number;
	int64_t	size;
	uint32_t crc32c;
	unsigned char md5[16];
	int64_t	modified_us;
	int64_t	payload;	/* the store's */
};

enum store_rc	store_multi_new(struct store *, const char *bucket,
    const struct multi *m, struct arena *, const char **id) MUST_USE;
/* NO_UPLOAD where that name has no such upload. */
enum store_rc	store_multi_get(struct store *, const char *bucket,
    const char *name, const char *id, struct arena *, struct multi *out)
    MUST_USE;
/* Takes the payload over as store_object_insert() does. */
enum store_rc	store_multi_put(struct store *, struct store_write *,
    const char *bucket, const char *name, const char *id, int number,
    const struct store_expect *, struct payload *, struct multi_part *out)
    MUST_USE;
/* At most max parts above the number `after`, in order. */
enum store_rc	store_multi_parts(struct store *, const char *bucket,
    const char *name, const char *id, int after, int max, struct arena *,
    struct multi_part **out, size_t *n, bool *more) MUST_USE;

struct multi_query {
	const char *prefix, *delimiter;	/* "" for none */
	const char *after;	/* a name: those above it, or with … */
	const char *after_id;	/* … this its uploads above that; "" none */
	int	max;
};
struct multi_page {
	struct multi *uploads;
	size_t	n;
	const char **prefixes;
	size_t	nprefixes;
	bool	more;		/* … after next and next_id */
	const char *next, *next_id;
};
/* By name, and those of one name by age. */
enum store_rc	store_multi_list(struct store *, const char *bucket,
    const struct multi_query *, struct arena *, struct multi_page *out)
    MUST_USE;

/* The parts that make the object, in the order given, which must be that of
 * their numbers: PART_ORDER; each must be there with that MD5: NO_PART; all
 * but the last must have STORE_MULTI_MIN bytes: PART_SMALL; the whole must
 * have the CRC32C expected: BAD_HASH.  *bad is the
 * number in question.  The bytes are joined before the writer is taken. */
struct multi_want {
	int	number;
	bool	any;		/* the client did not say its MD5 */
	unsigned char md5[16];
};
enum store_rc	store_multi_finish(struct store *, struct store_write *,
    const char *bucket, const char *name, const char *id,
    const struct multi_want *, size_t n, const struct store_expect *,
    struct arena *, struct object *out, int *bad) MUST_USE;
enum store_rc	store_multi_drop(struct store *, const char *bucket,
    const char *name, const char *id) MUST_USE;
/* Drops what began before then, in any bucket. */
enum store_rc	store_multi_expire(struct store *, int64_t before_us)
    MUST_USE;

/* For the rest of the store, inside a transaction: all of a bucket. */
enum store_rc	store_multi_drop_bucket(struct store *, int64_t bucket)
    MUST_USE;

#endif
