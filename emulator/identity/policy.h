/* emulator/identity/policy.h: what an IAM policy may say, and its versions:
 * https://cloud.google.com/iam/docs/policies . Knows roles, members and
 * conditions; not where policies are kept, nor who asks (auth.c). */
#ifndef EMULATOR_POLICY_H
#define EMULATOR_POLICY_H

#include "emulator/http/req.h"

/* In the names of roles as version 1 shows a conditional binding. */
#define POLICY_WITHCOND	"_withcond_"

/* Are these bindings ones that we can stand for: known roles, members of a
 * known form, service accounts that exist, conditions that cel.h evaluates,
 * and a version that goes with them and with what it replaces (old; NULL:
 * nothing)?  For every setIamPolicy.  -1: a 400 has been stored. */
int	policy_check(struct req *, const json_t *policy, const json_t *old);
/* 3 where a binding has a condition, else 1. */
int	policy_version(const json_t *policy);
/* Does the query of a getIamPolicy of Cloud Storage ask for a version that can
 * show it?  -1: a 400 has been stored. */
int	policy_version_asked(struct req *, const json_t *policy);
/* Conditional bindings as version 1 shows them elsewhere: roles of an odd name
 * that nobody can be given.  In place. */
void	policy_hide_conditions(struct arena *, json_t *policy);

#endif
