/* A bucket's `encryption`: the key of new objects, and which kinds of keys they
 * may have, https://cloud.google.com/storage/docs/encryption/enforce-encryption-types
 * .  What is restricted is refused in rules.c. */
#include <string.h>

#include "emulator/api/attrs.h"
#include "emulator/api/bfield.h"

static const char *const bfield_enforced[] = {
	"googleManagedEncryptionEnforcementConfig",
	"customerManagedEncryptionEnforcementConfig",
	"customerSuppliedEncryptionEnforcementConfig",
};

/* One kind of keys: {"restrictionMode"}; since when is the emulator's. */
static int
bfield_restriction(const struct bfield_edit *e, json_t *part,
    const char *name, const json_t *v)
{
	const json_t *was = json_object_get(part, name);
	const char *mode = json_string_value(json_object_get(v,
	    "restrictionMode"));
	bool full = mode != NULL && strcmp(mode, "FullyRestricted") == 0;
	json_t *now;

	if (json_is_null(v)) {
		(void)json_object_del(part, name);
		return (0);
	}
	if (!json_is_object(v))
		return (attrs_type_fail(e->rq, name));
	if (!full && (mode == NULL || strcmp(mode, "NotRestricted") != 0))
		return (bfield_bad(e, "A restrictionMode is FullyRestricted "
		    "or NotRestricted."));
	now = json_pack("{s:s}", "restrictionMode", mode);
	if (full && json_object_get(was, "effectiveTime") != NULL)
		(void)json_object_set(now, "effectiveTime",
		    json_object_get(was, "effectiveTime"));
	else if (full)
		(void)json_object_set_new(now, "effectiveTime",
		    bfield_now(e, 0));
	(void)json_object_set_new(part, name, now);
	return (0);
}

/* Whether the key's name is one is seen when an object asks for it: clients
 * set and change it without. */
int
bfield_encryption(const struct bfield_edit *e, json_t *to, const char *name,
    const json_t *v)
{
	const json_t *x;

	if (bfield_texts(e, to, name, v, "defaultKmsKeyName", NULL))
		return (-1);
	for (size_t i = 0; i < NELEMS(bfield_enforced); i++)
		if ((x = json_object_get(v, bfield_enforced[i])) != NULL &&
		    bfield_restriction(e, bfield_part(to, name),
		    bfield_enforced[i], x))
			return (-1);
	bfield_tidy(to, name);
	return (0);
}
