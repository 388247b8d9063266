/* emulator/api/buckets.h: the buckets resource and its IAM policy.  Knows
 * shapes and checks; policies are judged by identity/auth.c. */
#ifndef EMULATOR_BUCKETS_H
#define EMULATOR_BUCKETS_H

#include "emulator/http/req.h"

void	buckets_list_h(struct req *);
void	buckets_insert_h(struct req *);
void	buckets_get_h(struct req *);
void	buckets_patch_h(struct req *);
void	buckets_update_h(struct req *);
void	buckets_delete_h(struct req *);
void	buckets_layout_h(struct req *);

/* What these do, for the XML API too.  -1: a reply has been stored.
 * A new bucket of what a client says of it in JSON's terms. */
int	buckets_make(struct req *, const char *name, const char *project,
    const json_t *in, struct bucket *out);
/* That of the request, under its preconditions. */
int	buckets_read(struct req *, struct bucket *);
/* The same, changed. */
int	buckets_apply(struct req *, const json_t *in, bool patch,
    struct bucket *);

/* buckets_iam.c */
void	buckets_get_iam_h(struct req *);
void	buckets_set_iam_h(struct req *);
void	buckets_test_iam_h(struct req *);

#endif
