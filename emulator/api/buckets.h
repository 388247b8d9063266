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

/* buckets_iam.c */
void	buckets_get_iam_h(struct req *);
void	buckets_set_iam_h(struct req *);
void	buckets_test_iam_h(struct req *);

#endif
