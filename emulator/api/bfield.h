/* emulator/api/bfield.h: the fields of a bucket that may be set.  Each function
 * checks a value (null removes, or brings the default back; what is nested is
 * merged) and puts it into the attrs to be, in the form that the service shows.
 * -1: the error has been stored.  bfield.c: where and how the bucket is served;
 * bfield_policy.c: what it does with its objects.
 * https://cloud.google.com/storage/docs/json_api/v1/buckets#resource */
#ifndef EMULATOR_BFIELD_H
#define EMULATOR_BFIELD_H

#include "emulator/http/req.h"

struct bfield_edit {
	struct req *rq;
	const char *name;	/* of the bucket */
	bool	new;		/* it is being made */
};

typedef int	bfield_set(const struct bfield_edit *, json_t *to,
    const char *field, const json_t *v);

bfield_set	bfield_location,
    bfield_placement,
    bfield_class,
    bfield_labels,
    bfield_versioning,
    bfield_billing,
    bfield_default_hold,
    bfield_lifecycle,
    bfield_retention,
    bfield_soft_delete,
    bfield_iam,
    bfield_website,
    bfield_logging,
    bfield_encryption,
    bfield_cors,
    bfield_rpo,
    bfield_autoclass,
    bfield_hns,
    bfield_ip_filter;

/* A 400 with that message. */
int	bfield_bad(const struct bfield_edit *, const char *why);
/* The emulator's time, so much later. */
json_t	*bfield_now(const struct bfield_edit *, int64_t later_us);
/* A copy of the object in `to`, or a new one; borrowed from `to`, in which it
 * now is. */
json_t	*bfield_part(json_t *to, const char *name);
/* Without it, if it is empty. */
void	bfield_tidy(json_t *to, const char *name);
/* Text fields `a` (and `b`) of the object v. */
int	bfield_texts(const struct bfield_edit *, json_t *to, const char *name,
    const json_t *v, const char *a, const char *b);
/* One boolean of the object v; *on: what it is now. */
int	bfield_flag(const struct bfield_edit *, json_t *to, const char *name,
    const json_t *v, const char *field, bool *on);

#endif
