/* All configurations of a bucket are one record of the store: {"last": the
 * number last given, "items": […]}, by the bucket's id.  Numbers are never
 * given twice. */
#include "emulator/api/notifications.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/api/resource.h"
#include "lib/str.h"

#define KIND		"notifications"
#define PUBSUB		"//pubsub.googleapis.com/"
/* https://cloud.google.com/storage/quotas#notifications */
#define TOTAL_MAX	100
#define EVENT_MAX	10

static const char *const events[] = { "OBJECT_FINALIZE",
	"OBJECT_METADATA_UPDATE", "OBJECT_DELETE", "OBJECT_ARCHIVE" };

/* A bucket's configurations. */
struct configs {
	const char *key;
	int64_t	version;		/* 0: there was none */
	json_t	*json, *items;		/* kept by the request */
};

/* -1: a reply has been stored. */
static int
notifications_load(struct req *rq, struct configs *c)
{
	struct store_at now = { STORE_NOW };
	struct record r = { .version = 0 };
	struct bucket b;
	enum store_rc rc;

	rc = store_bucket_get(rq->emu->store, now, rq->bucket, &rq->arena, &b);
	if (rc == STORE_OK) {
		c->key = arena_printf(&rq->arena, "%lld", (long long)b.id);
		rc = store_record_get(rq->emu->store, KIND, c->key,
		    &rq->arena, &r);
		if (rc == STORE_NO_RECORD)
			rc = STORE_OK;
	}
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return (-1);
	}
	c->version = r.version;
	if (r.version == 0)
		r.json = "{\"last\":0,\"items\":[]}";
	c->json = req_keep(rq, json_loads(r.json, 0, NULL));
	c->items = json_object_get(c->json, "items");
	return (0);
}

static enum store_rc
notifications_save(struct req *rq, const struct configs *c)
{
	char *text = json_dumps(c->json, JSON_COMPACT);
	enum store_rc rc;

	rc = store_record_put(rq->emu->store, KIND, c->key, text, c->version,
	    NULL);
	free(text);
	/* Somebody came between: read again. */
	return (rc == STORE_EXISTS ? STORE_PRECONDITION : rc);
}

/* ---- the resource ---- */

static int
notifications_fail(struct req *rq, const char *field)
{

	req_fail(rq, 400, "invalid", "Invalid value for field '%s'.", field);
	return (-1);
}

/* //pubsub.googleapis.com/projects/PROJECT/topics/TOPIC in the arena; some
 * clients leave the host out.  NULL: it is none. */
static const char *
notifications_topic(struct req *rq, const char *s)
{
	const char *project = s, *topic;
	size_t n;

	if (str_starts(s, PUBSUB))
		project += strlen(PUBSUB);
	if (!str_starts(project, "projects/"))
		return (NULL);
	project += strlen("projects/");
	n = strcspn(project, "/");
	if (n == 0 || !str_starts(project + n, "/topics/"))
		return (NULL);
	topic = project + n + strlen("/topics/");
	if (*topic == '\0' || strchr(topic, '/') != NULL)
		return (NULL);
	return (arena_printf(&rq->arena, PUBSUB "projects/%s", project));
}

static int
notifications_event_types(struct req *rq, const json_t *list)
{
	const json_t *e;
	size_t i, k;

	if (!json_is_array(list))
		return (notifications_fail(rq, "event_types"));
	json_array_foreach(list, i, e) {
		for (k = 0; k < NELEMS(events); k++)
			if (json_is_string(e) && strcmp(json_string_value(e),
			    events[k]) == 0)
				break;
		if (k == NELEMS(events))
			return (notifications_fail(rq, "event_types"));
	}
	return (0);
}

static int
notifications_texts(struct req *rq, json_t *map)
{
	const char *k;
	json_t *v;

	if (!json_is_object(map))
		return (notifications_fail(rq, "custom_attributes"));
	json_object_foreach(map, k, v)
		if (!json_is_string(v))
			return (notifications_fail(rq, "custom_attributes"));
	return (0);
}

/* What the client may set, into `to`.  -1: a 400 has been stored. */
static int
notifications_take(struct req *rq, const json_t *in, json_t *to)
{
	const char *topic = json_string_value(json_object_get(in, "topic"));
	const char *format = json_string_value(json_object_get(in,
	    "payload_format"));
	json_t *types = json_object_get(in, "event_types");
	json_t *attrs = json_object_get(in, "custom_attributes");
	json_t *prefix = json_object_get(in, "object_name_prefix");

	if (topic == NULL || format == NULL) {
		req_fail(rq, 400, "required", "Required");
		return (-1);
	}
	if ((topic = notifications_topic(rq, topic)) == NULL)
		return (notifications_fail(rq, "topic"));
	if (strcmp(format, "JSON_API_V1") != 0 && strcmp(format, "NONE") != 0)
		return (notifications_fail(rq, "payload_format"));
	if ((types != NULL && !json_is_null(types) &&
	    notifications_event_types(rq, types)) ||
	    (attrs != NULL && !json_is_null(attrs) &&
	    notifications_texts(rq, attrs)))
		return (-1);
	if (prefix != NULL && !json_is_null(prefix) &&
	    !json_is_string(prefix))
		return (notifications_fail(rq, "object_name_prefix"));
	(void)json_object_set_new(to, "topic", json_string(topic));
	(void)json_object_set_new(to, "payload_format", json_string(format));
	if (json_array_size(types) > 0)
		(void)json_object_set(to, "event_types", types);
	if (json_object_size(attrs) > 0)
		(void)json_object_set(to, "custom_attributes", attrs);
	if (json_string_length(prefix) > 0)
		(void)json_object_set(to, "object_name_prefix", prefix);
	return (0);
}

/* A new reference. */
static json_t *
notifications_show(struct req *rq, const json_t *item)
{
	json_t *j = json_copy((json_t *)(uintptr_t)item);
	const char *id = json_string_value(json_object_get(j, "id"));

	(void)json_object_set_new(j, "kind",
	    json_string("storage#notification"));
	(void)json_object_set_new(j, "etag", json_string(id));
	(void)json_object_set_new(j, "selfLink", json_string(arena_printf(
	    &rq->arena, "%s/notificationConfigs/%s",
	    resource_url(rq, "", rq->bucket, NULL), id)));
	return (j);
}

/* ---- the limits ---- */

static bool
notifications_about(const json_t *item, const char *event)
{
	const json_t *types = json_object_get(item, "event_types"), *e;
	size_t i;

	if (types == NULL)
		return (true);
	json_array_foreach(types, i, e)
		if (strcmp(json_string_value(e), event) == 0)
			return (true);
	return (false);
}

static const char *
notifications_prefix(const json_t *item)
{
	const char *s = json_string_value(json_object_get(item,
	    "object_name_prefix"));

	return (s != NULL ? s : "");
}

/* Is there room for one more?  -1: a 400 has been stored. */
static int
notifications_room(struct req *rq, const struct configs *c,
    const json_t *more)
{
	const char *mine = notifications_prefix(more), *prefix;
	const json_t *item;
	size_t i, n;

	if (json_array_size(c->items) >= TOTAL_MAX) {
		req_fail(rq, 400, "invalid", "A bucket has no more than %d "
		    "notification configurations.", TOTAL_MAX);
		return (-1);
	}
	for (size_t k = 0; k < NELEMS(events); k++) {
		if (!notifications_about(more, events[k]))
			continue;
		n = 0;
		json_array_foreach(c->items, i, item) {
			prefix = notifications_prefix(item);
			n += notifications_about(item, events[k]) &&
			    (str_starts(prefix, mine) ||
			    str_starts(mine, prefix));
		}
		if (n >= EVENT_MAX) {
			req_fail(rq, 400, "invalid", "Too many overlapping "
			    "notifications: %d of %s.", EVENT_MAX, events[k]);
			return (-1);
		}
	}
	return (0);
}

/* ---- handlers ---- */

void
notifications_list_h(struct req *rq)
{
	const json_t *item;
	struct configs c;
	json_t *j, *all;
	size_t i;

	if (notifications_load(rq, &c))
		return;
	j = json_pack("{s:s}", "kind", "storage#notifications");
	all = json_array();
	json_array_foreach(c.items, i, item)
		(void)json_array_append_new(all, notifications_show(rq,
		    item));
	if (json_array_size(all) > 0)
		(void)json_object_set(j, "items", all);
	json_decref(all);
	req_reply_json(rq, 200, j);
}

/* One attempt; PRECONDITION: once more. */
static enum store_rc
notifications_insert(struct req *rq, json_t *item)
{
	struct configs c;
	json_int_t n;

	if (notifications_load(rq, &c) || notifications_room(rq, &c, item))
		return (STORE_OK);
	n = json_integer_value(json_object_get(c.json, "last")) + 1;
	(void)json_object_set_new(c.json, "last", json_integer(n));
	(void)json_object_set_new(item, "id", json_string(arena_printf(
	    &rq->arena, "%lld", (long long)n)));
	(void)json_array_append(c.items, item);
	return (notifications_save(rq, &c));
}

void
notifications_insert_h(struct req *rq)
{
	json_auto_t *item = json_object();
	enum store_rc rc;
	json_t *in;

	if (req_json(rq, &in) || notifications_take(rq, in, item))
		return;
	do
		rc = notifications_insert(rq, item);
	while (rc == STORE_PRECONDITION);
	if (rq->status != 0)
		return;
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		req_reply_json(rq, 200, notifications_show(rq, item));
}

/* Where the configuration of the path stands; -1: a 404 has been stored. */
static int
notifications_find(struct req *rq, const struct configs *c, size_t *at)
{
	size_t n = json_array_size(c->items);

	for (*at = 0; *at < n; (*at)++)
		if (strcmp(json_string_value(json_object_get(json_array_get(
		    c->items, *at), "id")), rq->cap[1]) == 0)
			return (0);
	req_fail(rq, 404, "notFound", "Notification %s not found.",
	    rq->cap[1]);
	return (-1);
}

void
notifications_get_h(struct req *rq)
{
	struct configs c;
	size_t i;

	if (notifications_load(rq, &c) == 0 &&
	    notifications_find(rq, &c, &i) == 0)
		req_reply_json(rq, 200, notifications_show(rq,
		    json_array_get(c.items, i)));
}

void
notifications_delete_h(struct req *rq)
{
	struct configs c;
	enum store_rc rc;
	size_t i;

	do {
		if (notifications_load(rq, &c) ||
		    notifications_find(rq, &c, &i))
			return;
		(void)json_array_remove(c.items, i);
		rc = notifications_save(rq, &c);
	} while (rc == STORE_PRECONDITION);
	if (rc != STORE_OK)
		req_fail_rc(rq, rc);
	else
		req_reply_empty(rq, 204);
}
