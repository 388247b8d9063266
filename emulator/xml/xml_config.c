/* What a bucket is by a word in the query.  Each word stands for a document
 * and for a field of the bucket's JSON; a table says how the one is made of
 * the other. */
#include <string.h>

#include "emulator/api/buckets.h"
#include "emulator/api/resource.h"
#include "emulator/xml/xml_bucket.h"
#include "emulator/xml/xml_lifecycle.h"
#include "emulator/xml/xml_read.h"
#include "emulator/xml/xml_req.h"
#include "emulator/xml/xml_write.h"
#include "emulator/http/route.h"
#include "lib/str.h"

struct config {
	const char *word, *root, *field;
	/* v is the field, or NULL */
	void	(*show)(struct xml_write *, const json_t *v);
	/* The field, a new reference (null: there is none); NULL: *why.  No
	 * such function: it cannot be set. */
	json_t	*(*take)(struct arena *, const struct xml_node *root,
	    const char **why);
	const char *children[3];	/* of the root, no others */
};

/* ---- the simple ones: texts in elements ---- */

static void
xml_config_text(struct xml_write *w, const char *name, const json_t *v,
    const char *field)
{
	const char *s = json_string_value(json_object_get(v, field));

	if (s != NULL)
		xml_write_text(w, name, s);
}

static void
xml_config_take_text(struct arena *a, const struct xml_node *root,
    const char *name, json_t *to, const char *field)
{
	const char *s = xml_word(a, root, name);

	if (s != NULL && *s != '\0')
		(void)json_object_set_new(to, field, json_string(s));
}

/* Enabled or another word; NULL: neither. */
static json_t *
xml_config_switch(struct arena *a, const struct xml_node *root,
    const char *name, const char *off, const char *field, const char **why)
{
	const char *s = xml_word(a, root, name);

	if (s != NULL && (strcmp(s, "Enabled") == 0 || strcmp(s, off) == 0))
		return (json_pack("{s:b}", field, *s == 'E'));
	*why = arena_printf(a, "%s must be Enabled or %s.", name, off);
	return (NULL);
}

static void
xml_config_value_show(struct xml_write *w, const json_t *v)
{

	req_xml_text(&w->b, json_string_value(v));
}

static json_t *
xml_config_value_take(struct arena *a, const struct xml_node *root,
    const char **why)
{

	(void)a;
	(void)why;
	return (json_string(root->text));
}

static void
xml_config_versioning_show(struct xml_write *w, const json_t *v)
{

	if (v != NULL)
		xml_write_text(w, "Status", json_is_true(json_object_get(v,
		    "enabled")) ? "Enabled" : "Suspended");
}

static json_t *
xml_config_versioning_take(struct arena *a, const struct xml_node *root,
    const char **why)
{

	return (xml_config_switch(a, root, "Status", "Suspended", "enabled",
	    why));
}

static void
xml_config_billing_show(struct xml_write *w, const json_t *v)
{

	xml_write_text(w, "RequesterPays", json_is_true(json_object_get(v,
	    "requesterPays")) ? "Enabled" : "Disabled");
}

static json_t *
xml_config_billing_take(struct arena *a, const struct xml_node *root,
    const char **why)
{

	return (xml_config_switch(a, root, "RequesterPays", "Disabled",
	    "requesterPays", why));
}

static void
xml_config_website_show(struct xml_write *w, const json_t *v)
{

	xml_config_text(w, "MainPageSuffix", v, "mainPageSuffix");
	xml_config_text(w, "NotFoundPage", v, "notFoundPage");
}

static json_t *
xml_config_website_take(struct arena *a, const struct xml_node *root,
    const char **why)
{
	json_t *j;

	(void)why;
	if (root->child == NULL)
		return (json_null());
	j = json_object();
	xml_config_take_text(a, root, "MainPageSuffix", j, "mainPageSuffix");
	xml_config_take_text(a, root, "NotFoundPage", j, "notFoundPage");
	return (j);
}

static void
xml_config_logging_show(struct xml_write *w, const json_t *v)
{

	xml_config_text(w, "LogBucket", v, "logBucket");
	xml_config_text(w, "LogObjectPrefix", v, "logObjectPrefix");
}

static json_t *
xml_config_logging_take(struct arena *a, const struct xml_node *root,
    const char **why)
{
	json_t *j;

	(void)why;
	if (root->child == NULL)
		return (json_null());
	j = json_object();
	xml_config_take_text(a, root, "LogBucket", j, "logBucket");
	xml_config_take_text(a, root, "LogObjectPrefix", j,
	    "logObjectPrefix");
	return (j);
}

static void
xml_config_encryption_show(struct xml_write *w, const json_t *v)
{

	xml_config_text(w, "DefaultKmsKeyName", v, "defaultKmsKeyName");
}

static json_t *
xml_config_encryption_take(struct arena *a, const struct xml_node *root,
    const char **why)
{
	json_t *j;

	(void)why;
	if (root->child == NULL)
		return (json_null());
	j = json_object();
	xml_config_take_text(a, root, "DefaultKmsKeyName", j,
	    "defaultKmsKeyName");
	return (j);
}

static void
xml_config_places_show(struct xml_write *w, const json_t *v)
{
	const json_t *p;
	size_t i;

	xml_write_open(w, "DataLocations");
	json_array_foreach(json_object_get(v, "dataLocations"), i, p)
		xml_write_text(w, "DataLocation", json_string_value(p));
	xml_write_close(w, "DataLocations");
}

static void
xml_config_lock_show(struct xml_write *w, const json_t *v)
{

	if (v != NULL)
		xml_write_text(w, "ObjectLockEnabled", "Enabled");
}

/* ---- cors ---- */

static const struct {
	const char *list, *one, *field;
} cors_lists[] = {
	{ "Origins", "Origin", "origin" },
	{ "Methods", "Method", "method" },
	{ "ResponseHeaders", "ResponseHeader", "responseHeader" },
};

static void
xml_config_cors_show(struct xml_write *w, const json_t *v)
{
	const json_t *cors, *list, *s;
	size_t i, k;

	json_array_foreach(v, i, cors) {
		xml_write_open(w, "Cors");
		for (size_t t = 0; t < NELEMS(cors_lists); t++) {
			list = json_object_get(cors, cors_lists[t].field);
			if (list == NULL)
				continue;
			xml_write_open(w, cors_lists[t].list);
			json_array_foreach(list, k, s)
				xml_write_text(w, cors_lists[t].one,
				    json_string_value(s));
			xml_write_close(w, cors_lists[t].list);
		}
		if (json_object_get(cors, "maxAgeSeconds") != NULL)
			xml_write_int(w, "MaxAgeSec", json_integer_value(
			    json_object_get(cors, "maxAgeSeconds")));
		xml_write_close(w, "Cors");
	}
}

static bool
xml_config_cors_rule(struct arena *a, const struct xml_node *n, json_t *to)
{
	static const char *const known[] = { "Origins", "Methods",
		"ResponseHeaders", "MaxAgeSec", NULL };
	const char *age = xml_word(a, n, "MaxAgeSec");
	const struct xml_node *list, *one;
	int64_t v;
	json_t *j;

	if (strcmp(n->name, "Cors") != 0 || !xml_only(n, known))
		return (false);
	for (size_t t = 0; t < NELEMS(cors_lists); t++) {
		if ((list = xml_child(n, cors_lists[t].list)) == NULL)
			continue;
		j = json_array();
		(void)json_object_set_new(to, cors_lists[t].field, j);
		for (one = list->child; one != NULL; one = one->next) {
			if (strcmp(one->name, cors_lists[t].one) != 0)
				return (false);
			(void)json_array_append_new(j,
			    json_string(one->text));
		}
	}
	if (age == NULL)
		return (true);
	if (!str_int64(age, &v))
		return (false);
	(void)json_object_set_new(to, "maxAgeSeconds", json_integer(v));
	return (true);
}

static json_t *
xml_config_cors_take(struct arena *a, const struct xml_node *root,
    const char **why)
{
	json_t *all = json_array(), *one;

	for (const struct xml_node *n = root->child; n != NULL; n = n->next) {
		one = json_object();
		(void)json_array_append_new(all, one);
		if (!xml_config_cors_rule(a, n, one)) {
			*why = "A Cors has Origins, Methods, ResponseHeaders "
			    "and MaxAgeSec.";
			json_decref(all);
			return (NULL);
		}
	}
	return (all);
}

/* ---- tags, which are labels ---- */

static void
xml_config_tags_show(struct xml_write *w, const json_t *v)
{
	json_t *mut = (json_t *)(uintptr_t)v, *s;
	const char *k;

	xml_write_open(w, "TagSet");
	json_object_foreach(mut, k, s) {
		xml_write_open(w, "Tag");
		xml_write_text(w, "Key", k);
		xml_write_text(w, "Value", json_string_value(s));
		xml_write_close(w, "Tag");
	}
	xml_write_close(w, "TagSet");
}

static json_t *
xml_config_tags_take(struct arena *a, const struct xml_node *root,
    const char **why)
{
	const struct xml_node *n = xml_child(root, "TagSet");
	json_t *j = json_object();

	(void)a;
	for (n = n != NULL ? n->child : NULL; n != NULL; n = n->next) {
		const char *k = xml_text(n, "Key"), *v = xml_text(n, "Value");

		if (strcmp(n->name, "Tag") != 0 || k == NULL || v == NULL) {
			*why = "A Tag has a Key and a Value.";
			json_decref(j);
			return (NULL);
		}
		(void)json_object_set_new(j, k, json_string(v));
	}
	return (j);
}

/* ---- the table ---- */

static const struct config configs[] = {
	{ "location", "LocationConstraint", "location",
	    xml_config_value_show, NULL, { NULL } },
	{ "customPlacementConfig", "CustomPlacementConfig",
	    "customPlacementConfig", xml_config_places_show, NULL, { NULL } },
	{ "object-lock", "ObjectLockConfiguration", "objectRetention",
	    xml_config_lock_show, NULL, { NULL } },
	{ "storageClass", "StorageClass", "storageClass",
	    xml_config_value_show, xml_config_value_take, { NULL } },
	{ "versioning", "VersioningConfiguration", "versioning",
	    xml_config_versioning_show, xml_config_versioning_take,
	    { "Status" } },
	{ "lifecycle", "LifecycleConfiguration", "lifecycle",
	    xml_lifecycle_show, xml_lifecycle_take, { "Rule" } },
	{ "cors", "CorsConfig", "cors", xml_config_cors_show,
	    xml_config_cors_take, { "Cors" } },
	{ "website", "WebsiteConfiguration", "website",
	    xml_config_website_show, xml_config_website_take,
	    { "MainPageSuffix", "NotFoundPage" } },
	{ "websiteConfig", "WebsiteConfiguration", "website",
	    xml_config_website_show, xml_config_website_take,
	    { "MainPageSuffix", "NotFoundPage" } },
	{ "logging", "Logging", "logging", xml_config_logging_show,
	    xml_config_logging_take, { "LogBucket", "LogObjectPrefix" } },
	{ "billing", "BillingConfiguration", "billing",
	    xml_config_billing_show, xml_config_billing_take,
	    { "RequesterPays" } },
	{ "encryption", "EncryptionConfiguration", "encryption",
	    xml_config_encryption_show, xml_config_encryption_take,
	    { "DefaultKmsKeyName" } },
	{ "encryptionConfig", "EncryptionConfiguration", "encryption",
	    xml_config_encryption_show, xml_config_encryption_take,
	    { "DefaultKmsKeyName" } },
	{ "tagging", "Tagging", "labels", xml_config_tags_show,
	    xml_config_tags_take, { "TagSet" } },
};

/* The row of the route's query word, which is one of ours. */
static const struct config *
xml_config_of(const struct req *rq)
{

	for (size_t i = 0; i < NELEMS(configs); i++)
		if (strcmp(configs[i].word, rq->route->query) == 0)
			return (&configs[i]);
	return (NULL);
}

void
xml_config_get_h(struct req *rq)
{
	const struct config *c = xml_config_of(rq);
	json_auto_t *j = NULL;
	struct xml_write w;
	struct bucket b;

	BUG_ON(c == NULL);
	if (xml_check(rq) || buckets_read(rq, &b))
		return;
	j = resource_bucket(rq, &b);
	xml_write_begin(&w, c->root, NULL);
	c->show(&w, json_object_get(j, c->field));
	xml_write_reply(&w, rq, 200);
}

/* A patch merges labels: those that are to go must be named. */
static void
xml_config_drop_labels(struct req *rq, json_t *labels)
{
	json_auto_t *old = NULL;
	struct bucket b;
	const char *k;
	json_t *v;

	if (buckets_read(rq, &b))
		return;
	old = json_loads(b.attrs, 0, NULL);
	json_object_foreach(json_object_get(old, "labels"), k, v)
		if (json_object_get(labels, k) == NULL)
			(void)json_object_set_new(labels, k, json_null());
}

static void
xml_config_set(struct req *rq, const struct config *c, json_t *v)
{
	struct bucket b;
	json_t *in;

	if (strcmp(c->field, "labels") == 0)
		xml_config_drop_labels(rq, v);
	if (rq->status != 0 || req_json_text(rq, "", 0, &in)) {
		json_decref(v);
		return;
	}
	(void)json_object_set_new(in, c->field, v);
	(void)buckets_apply(rq, in, true, &b);
}

void
xml_config_put_h(struct req *rq)
{
	const struct config *c = xml_config_of(rq);
	const char *why = NULL;
	const struct xml_node *root;
	json_t *v;

	BUG_ON(c == NULL);
	if (c->take == NULL)
		req_fail(rq, 405, "methodNotAllowed", "?%s cannot be set.",
		    c->word);
	if (rq->status != 0 || xml_check_body(rq))
		return;
	root = xml_read(&rq->arena, rq->body.p, rq->body.len, &why);
	if (root != NULL && strcmp(root->name, c->root) != 0)
		why = arena_printf(&rq->arena, "The root element is not %s.",
		    c->root);
	else if (root != NULL && !xml_only(root, c->children))
		why = arena_printf(&rq->arena, "%s has an element that it "
		    "cannot have.", c->root);
	v = why == NULL ? c->take(&rq->arena, root, &why) : NULL;
	if (v == NULL) {
		req_fail(rq, 400, "MalformedBucketConfiguration", "%s", why);
		return;
	}
	xml_config_set(rq, c, v);
	if (rq->status == 0)
		req_reply_empty(rq, 200);
}

/* ?tagging alone can be deleted. */
void
xml_config_delete_h(struct req *rq)
{
	const struct config *c = xml_config_of(rq);

	BUG_ON(c == NULL);
	if (xml_check(rq))
		return;
	xml_config_set(rq, c, json_object());
	if (rq->status == 0)
		req_reply_empty(rq, 204);
}
