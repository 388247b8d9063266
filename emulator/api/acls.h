/* emulator/api/acls.h: access control lists of buckets and objects,
 * https://cloud.google.com/storage/docs/access-control/lists .  Knows entries,
 * the predefined lists, and where a list is kept:
 *
 *   a bucket's           nowhere: the legacy bucket roles of its policy are it,
 *                        so that the two never differ, as in the real service
 *   for new objects      `defaultObjectAcl` of the bucket's attrs; not there:
 *                        projectPrivate
 *   an object's          `acl` of its attrs, beside `owner`; not there:
 *                        projectPrivate and its owner
 *
 * Knows no tokens: identity/auth.c asks for an object's list as a policy and
 * judges that.  With uniform bucket-level access no list counts, none can be
 * read or set, and none is shown. */
#ifndef EMULATOR_ACLS_H
#define EMULATOR_ACLS_H

#include "emulator/http/req.h"

enum acls_kind { ACLS_BUCKET, ACLS_DEFAULT, ACLS_OBJECT };

/* What a bucket's attrs say of access. */
struct acls_config {
	bool	uniform;	/* uniform bucket-level access */
	bool	no_public;	/* public access prevention is enforced */
	bool	hierarchical;	/* hierarchical namespace */
};
void	acls_config(const char *bucket_attrs, struct acls_config *);
#define ACLS_READ_MORE	"Read more at "					\
	"https://cloud.google.com/storage/docs/uniform-bucket-level-access"

/* ---- lists: new references to {entity: role, …}, in their order ---- */

/* From the array in a client's JSON.  NULL: a 400 has been stored. */
json_t	*acls_parse(struct req *, enum acls_kind, const json_t *array);
/* By name, in the JSON API's spelling or the XML API's.  NULL: a 400. */
json_t	*acls_predefined(struct req *, enum acls_kind, const char *name);
json_t	*acls_of_bucket(struct req *, const struct bucket *);
json_t	*acls_of_default(struct req *, const struct bucket *);
json_t	*acls_of_object(struct req *, const struct object *);
/* May an entity have that role in such a list? */
bool	acls_role_ok(enum acls_kind, const char *role);
/* Refuse a list that the bucket does not allow, by a 412.  -1: stored. */
int	acls_check_public(struct req *, const struct acls_config *,
    const json_t *acl);
int	acls_check_members(struct req *, const struct acls_config *,
    const json_t *policy);

/* The entity that made an object; in the arena. */
const char	*acls_owner(struct req *, const struct object *);

/* ---- lists as policies ---- */

/* The policy (text) with its legacy roles as the list says; in the arena. */
const char	*acls_into_policy(struct req *, enum acls_kind,
    const char *policy, const json_t *acl, const char *project);
/* The list that a policy's legacy roles make. */
json_t	*acls_from_policy(struct req *, enum acls_kind, const json_t *policy,
    const char *project);
/* An object's list as {"bindings": …}; a new reference. */
json_t	*acls_object_policy(struct req *, const struct bucket *,
    const struct object *);

/* ---- acls_show.c: in answers ---- */

/* One entry, written.  b is the bucket, o the object or NULL. */
void	acls_entry(struct req *, struct jtext *, enum acls_kind,
    const struct bucket *b, const struct object *o, const char *entity,
    const char *role);
/* A list, written. */
void	acls_array(struct req *, struct jtext *, enum acls_kind,
    const struct bucket *b, const struct object *o, const json_t *acl);
/* What `projection` or, without one, the method wants shown of the lists and
 * the owner goes into j, a resource made of attrs; the rest is taken out. */
void	acls_show_bucket(struct req *, json_t *j, const struct bucket *);
/* The same into an object that is open, to which attrs have been copied
 * without these two, which live as long as the request. */
struct acls_text {
	const char *acl, *owner;	/* JSON text, or NULL */
	size_t	nacl, nowner;
};
void	acls_show_object(struct req *, struct jtext *, const struct object *,
    const struct acls_text *);
/* -1: `projection` is neither full nor noAcl; a 400 has been stored. */
int	acls_check_projection(struct req *);

/* ---- acls_change.c: in what clients send ---- */

/* attrs of a new object with its owner and the list that `acl` in the
 * client's JSON (NULL: none) or the parameter named say (in the XML API
 * x-goog-acl).  NULL: an error has
 * been stored.  Without either the store adds what the bucket's default is. */
const char	*acls_new_object(struct req *, const char *bucket,
    const char *param, const json_t *in, const char *attrs);
/* The same with the predefined list's name, or NULL. */
const char	*acls_new_object_named(struct req *, const char *bucket,
    const char *name, const json_t *in, const char *attrs);
/* attrs of a change of o: old owner, old or new list. */
const char	*acls_change_object(struct req *, const struct object *old,
    const json_t *in, const char *attrs);
/* The source's attrs as a copy begins with: without owner and list. */
const char	*acls_strip(struct req *, const char *attrs);
/* attrs and policy of a new bucket, whose attrs and project are set. */
int	acls_new_bucket(struct req *, struct bucket *, const json_t *in);
/* Of a change of `old`: *attrs is changed, *policy is NULL where it stays. */
int	acls_change_bucket(struct req *, const struct bucket *old,
    const json_t *in, const char **attrs, const char **policy);

/* ---- acls_rest.c: storage.{bucket,defaultObject,object}AccessControls ---- */

void	acls_list_h(struct req *);
void	acls_get_h(struct req *);
void	acls_insert_h(struct req *);
void	acls_patch_h(struct req *);
void	acls_update_h(struct req *);
void	acls_delete_h(struct req *);

/* ---- acls_iam.c: storage.objects.*Iam* ---- */

void	acls_get_iam_h(struct req *);
void	acls_set_iam_h(struct req *);
void	acls_test_iam_h(struct req *);

#endif
