/* emulator/store/store_folder.h: folders of buckets with a hierarchical
 * namespace, and managed folders, which carry a policy.  Knows SQLite's rows
 * as the rest of the store does; no HTTP and no JSON.  Names end in '/'.
 *
 * In such a bucket an object's folders are made with it, and stay when it
 * goes.  Folders have no history: a view shows those of now.
 * https://cloud.google.com/storage/docs/hns-overview ,
 * https://cloud.google.com/storage/docs/managed-folders */
#ifndef EMULATOR_STORE_FOLDER_H
#define EMULATOR_STORE_FOLDER_H

#include "emulator/store/store.h"

struct folder {
	const char *name;
	int64_t	metageneration;	/* 0: only implied by one below it */
	int64_t	created_us, updated_us;
	const char *policy;	/* JSON text of a managed one; "": none */
	int64_t	policy_version;
};

/* FOLDER_EXISTS, NO_PARENT (unless `recursive`), NO_HIERARCHY. */
enum store_rc	store_folder_insert(struct store *, struct store_write *,
    const char *bucket, bool managed, const char *name, bool recursive,
    struct arena *, struct folder *out) MUST_USE;
enum store_rc	store_folder_get(struct store *, const char *bucket,
    bool managed, const char *name, struct arena *, struct folder *out)
    MUST_USE;

struct folder_query {
	bool	managed;
	const char *prefix, *start, *end, *after;	/* "" for none */
	bool	one_level;	/* … below the prefix, and what it implies */
	int	max;
};
/* By name; *more where there are further ones. */
enum store_rc	store_folder_list(struct store *, const char *bucket,
    const struct folder_query *, struct arena *, struct folder **out,
    size_t *n, bool *more) MUST_USE;

/* FOLDER_NOT_EMPTY while there is an object, or a folder, below it. */
enum store_rc	store_folder_delete(struct store *, struct store_write *,
    const char *bucket, bool managed, const char *name,
    const struct store_cond *, bool even_full) MUST_USE;
/* With everything below it, in one step. */
enum store_rc	store_folder_delete_all(struct store *, struct store_write *,
    const char *bucket, const char *name, const struct store_cond *)
    MUST_USE;
/* With everything below it, in one step: names change, nothing else of the
 * objects does.  FOLDER_EXISTS, NO_PARENT. */
enum store_rc	store_folder_rename(struct store *, struct store_write *,
    const char *bucket, const char *from, const char *to,
    const struct store_cond *, struct arena *, struct folder *out) MUST_USE;
/* if_version: the policy_version that must stand there, or -1. */
enum store_rc	store_folder_set_policy(struct store *, struct store_write *,
    const char *bucket, const char *name, const char *policy,
    int64_t if_version, struct arena *, struct folder *out) MUST_USE;

#endif
