/* emulator/api/folders.h: folders of buckets with a hierarchical namespace,
 * https://cloud.google.com/storage/docs/json_api/v1/folders , and managed
 * folders, which any bucket with uniform access may have,
 * https://cloud.google.com/storage/docs/json_api/v1/managedFolder .  Knows the
 * resources; the store keeps them and moves what is in them. */
#ifndef EMULATOR_FOLDERS_H
#define EMULATOR_FOLDERS_H

#include "emulator/http/req.h"
#include "emulator/store/store_folder.h"

void	folders_list_h(struct req *);
void	folders_insert_h(struct req *);
void	folders_get_h(struct req *);
void	folders_delete_h(struct req *);
void	folders_delete_all_h(struct req *);
void	folders_rename_h(struct req *);

/* managed.c */
void	managed_list_h(struct req *);
void	managed_insert_h(struct req *);
void	managed_get_h(struct req *);
void	managed_delete_h(struct req *);
void	managed_get_iam_h(struct req *);
void	managed_set_iam_h(struct req *);
void	managed_test_iam_h(struct req *);

/* ---- for both kinds, and for listings ---- */

/* The name with its '/' at the end; NULL: a 400 has been stored. */
const char	*folders_name(struct req *, const char *name);
/* The same of the body's `name`. */
const char	*folders_body_name(struct req *);
/* A new reference. */
json_t	*folders_json(struct req *, bool managed, const struct folder *);
/* The preconditions of the query; `source`: ifSourceMetagenerationMatch … */
int	folders_cond(struct req *, bool source, struct store_cond *);
void	folders_list(struct req *, bool managed);
void	folders_get(struct req *, bool managed);

/* folder_prefixes.c: the names of folders among a listing's prefixes, as
 * includeFoldersAsPrefixes wants them.  -1: a reply has been stored. */
int	folder_prefixes(struct req *, const struct store_list *,
    struct store_listing *);

#endif
