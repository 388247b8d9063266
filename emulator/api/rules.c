#include "emulator/api/rules.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define SECOND	INT64_C(1000000)

/* A whole number that Google's JSON writes as a text; 0 where it is none. */
static int64_t
rules_seconds(const json_t *j, const char *object, const char *field)
{
	const json_t *v = json_object_get(json_object_get(j, object), field);

	return (json_is_string(v) ? strtoll(json_string_value(v), NULL, 10) :
	    json_integer_value(v));
}

static void
rules_object(const char *attrs, struct object_rules *r)
{
	const char *until;
	json_t *j;

	/* Most objects have neither, and every upload comes by here. */
	if (strstr(attrs, "Hold\":true") == NULL &&
	    strstr(attrs, "\"retainUntilTime\"") == NULL)
		return;
	j = json_loads(attrs, 0, NULL);
	r->temporary_hold = json_is_true(json_object_get(j,
	    "temporaryHold"));
	r->event_hold = json_is_true(json_object_get(j, "eventBasedHold"));
	until = json_string_value(json_object_get(json_object_get(j,
	    "retention"), "retainUntilTime"));
	if (until != NULL && clock_parse_rfc3339(until, &r->retain_us) != 0)
		r->retain_us = 0;
	json_decref(j);
}

static const char *
rules_class(const json_t *bucket)
{
	const char *class = json_string_value(json_object_get(bucket,
	    "storageClass"));

	if (class == NULL || json_is_true(json_object_get(json_object_get(
	    bucket, "autoclass"), "enabled")))
		return ("STANDARD");
	return (class);
}

static void
rules_bucket(const char *attrs, struct bucket_rules *r)
{
	json_t *j = json_loads(attrs, 0, NULL);

	if (json_object_get(j, "retentionUnenforced") == NULL)
		r->retention_us = SECOND * rules_seconds(j, "retentionPolicy",
		    "retentionPeriod");
	r->soft_us = SECOND * rules_seconds(j, "softDeletePolicy",
	    "retentionDurationSeconds");
	r->adopts = strcmp(rules_class(j), "STANDARD") != 0 ||
	    json_is_true(json_object_get(j, "defaultEventBasedHold")) ||
	    json_object_get(j, "encryption") != NULL ||
	    json_object_get(j, "defaultObjectAcl") != NULL;
	r->folders = json_is_true(json_object_get(json_object_get(j,
	    "hierarchicalNamespace"), "enabled"));
	json_decref(j);
}

/* Sets a field that the object's creator has said nothing of. */
static void
rules_default(json_t *to, const char *field, json_t *v)
{

	if (v == NULL || json_object_get(to, field) != NULL)
		json_decref(v);
	else
		(void)json_object_set_new(to, field, v);
}

/* May a new object not have the kind of key that this one has? */
static bool
rules_restricted(const json_t *object, const json_t *encryption)
{
	const char *kind = "googleManagedEncryptionEnforcementConfig", *mode;

	if (json_object_get(object, "customerEncryption") != NULL)
		kind = "customerSuppliedEncryptionEnforcementConfig";
	else if (json_object_get(object, "kmsKeyName") != NULL)
		kind = "customerManagedEncryptionEnforcementConfig";
	mode = json_string_value(json_object_get(json_object_get(encryption,
	    kind), "restrictionMode"));
	return (mode != NULL && strcmp(mode, "FullyRestricted") == 0);
}

static const char *
rules_adopt(struct arena *a, const char *attrs, const char *bucket_attrs)
{
	json_t *b = json_loads(bucket_attrs, 0, NULL);
	json_t *to = json_loads(attrs, 0, NULL);
	const char *kms = json_string_value(json_object_get(json_object_get(b,
	    "encryption"), "defaultKmsKeyName"));
	char *text;

	BUG_ON(b == NULL || to == NULL);	/* the store's own texts */
	rules_default(to, "storageClass", json_string(rules_class(b)));
	if (json_is_true(json_object_get(b, "defaultEventBasedHold")))
		rules_default(to, "eventBasedHold", json_true());
	if (kms != NULL && json_object_get(to, "customerEncryption") == NULL)
		rules_default(to, "kmsKeyName", json_sprintf(
		    "%s/cryptoKeyVersions/1", kms));
	rules_default(to, "acl", json_incref(json_object_get(b,
	    "defaultObjectAcl")));
	attrs = NULL;
	if (!rules_restricted(to, json_object_get(b, "encryption"))) {
		text = json_dumps(to, JSON_COMPACT);
		attrs = arena_strdup(a, text);
		free(text);
	}
	json_decref(to);
	json_decref(b);
	return (attrs);
}

const struct store_rules rules_store = {
	.object = rules_object,
	.bucket = rules_bucket,
	.adopt = rules_adopt,
};
