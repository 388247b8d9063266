/* emulator/identity/auth.h: who asks, and may they.  Knows bearer tokens,
 * policies and roles; not what the request will do.  401 and 403 bodies carry
 * the texts of the real service, since people search for them. */
#ifndef EMULATOR_AUTH_H
#define EMULATOR_AUTH_H

#include "emulator/http/req.h"

/* Sets rq->auth and rq->principal from the Authorization header (an opaque
 * access token from the store, or a self-signed JWT) or, for the XML API, from
 * a signature; for oauth.token routes the principal is learnt from the
 * assertion later.  Never replies. */
void	auth_identify(struct req *);
/* The token that came is forgotten, and the request refused as with one that
 * has expired: for faults. */
void	auth_expire(struct req *);
/* May rq->principal do rq->route->permission on rq->bucket (or the project)?
 * 0, or -1 with the refusal stored as the reply.  With authentication off for
 * this way in everything is allowed, but for a signature that is wrong.  A
 * bucket that does not exist: allowed, where the caller has the permission
 * nowhere it could matter, so that the handler says 404, as the real service
 * does for storage callers. */
int	auth_permit(struct req *);
/* Is authentication on for this request's way in? */
bool	auth_enforced(const struct req *);
/* The same question for any permission, bucket (NULL: project) and object
 * (NULL: the bucket itself; conditions ask for its name), without a reply: for
 * testIamPermissions, rewrite's second bucket, overwrite (which needs
 * storage.objects.delete). */
bool	auth_allows(struct req *, const char *permission, const char *bucket,
    const char *object);
/* As auth_permit() asks for the route's permission, for one that the body makes
 * necessary besides.  0, or -1 with the refusal stored as the reply. */
int	auth_need_too(struct req *, const char *permission);
/* 0, or -1 with the refusal stored as the reply. */
int	auth_need(struct req *, const char *permission, const char *bucket,
    const char *object);
/* The same of an object that has been read, by its list too where its bucket
 * has lists (api/acls.h). */
bool	auth_allows_object(struct req *, const char *permission,
    const struct bucket *, const struct object *);
/* The same of what lies below a name in rq->bucket, by the policies of managed
 * folders. */
bool	auth_allows_below(struct req *, const char *permission,
    const char *name);
/* The same of the account that the path of an IAM request names, by its own
 * policy too. */
bool	auth_allows_account(struct req *, const char *permission);
/* Stores the 403 for that permission. */
void	auth_refuse(struct req *, const char *permission);

#endif
