/* emulator/seed/seed_int.h: what the files of the seed share: seed.c (the file
 * and the whole), seed_tools.c, seed_iam.c and seed_bucket.c (its parts). */
#ifndef EMULATOR_SEED_INT_H
#define EMULATOR_SEED_INT_H

#include <jansson.h>

#include "emulator/http/req.h"
#include "emulator/seed/seed.h"

struct seed {
	char	*path, *dir;		/* dir: where the file is */
	json_t	*root;
};

/* A file that is written when all else has worked. */
struct seed_file {
	const char *path;
	char	*text;			/* heap, secret */
	bool	written;
	struct seed_file *next;
};

struct seeding {
	const struct seed *seed;
	struct emu *emu;
	struct arena a;
	struct seed_file *files;
	struct err *e;
};

/* `at` everywhere: where in the file, as "$.buckets[0].name". */

/* seed_tools.c */
int	seed_fail(struct seeding *, const char *at, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
const char	*seed_at(struct seeding *, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
struct seed_member {
	const char *name;
	char	type;		/* s, b, o, a: string, boolean, object, array */
	bool	required;
};
/* Is v an object, of these members alone (open: others may be) and types? */
int	seed_check(struct seeding *, const char *at, const json_t *v,
    const struct seed_member *, size_t n, bool open);
const char	*seed_text(const json_t *, const char *k);	/* or NULL */
/* What an API answers to the project's owner, unchecked: the status, and *reply (or NULL
 * for none) that is freed with the request, which the caller releases. */
int	seed_ask(struct seeding *, struct req *, const char *method,
    const char *host, const char *target, const json_t *body, json_t **reply);
/* The same where only 200 will do; else the API's own words. */
int	seed_do(struct seeding *, const char *at, const char *method,
    const char *host, const char *target, const json_t *body);
/* Of what a refusal said. */
int	seed_refused(struct seeding *, const char *at, struct req *);
/* Where `have` is not as `want` says (at or below `at`), or NULL. */
const char	*seed_differs(struct seeding *, const char *at,
    const json_t *have, const json_t *want);
/* Add the bindings of `policy`, checked here, to those of a resource. */
int	seed_policy(struct seeding *, const char *at, const json_t *policy,
    const char *host, const char *get, const char *target_get,
    const char *set, const char *target_set);
/* A path of the file, seen from its folder. */
const char	*seed_path(struct seeding *, const char *path);
/* To be written at the end; takes j over. */
void	seed_write(struct seeding *, const char *path, json_t *j);

/* seed_iam.c, seed_bucket.c: each the value of one member of the whole. */
int	seed_accounts(struct seeding *, const json_t *);
int	seed_users(struct seeding *, const json_t *);
int	seed_roles(struct seeding *, const json_t *);
int	seed_pools(struct seeding *, const json_t *);
int	seed_machine(struct seeding *, const json_t *);
int	seed_project_policy(struct seeding *, const json_t *);
int	seed_buckets(struct seeding *, const json_t *);

#endif
