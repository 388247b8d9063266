#include "emulator/api/operations.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/api/lists.h"
#include "emulator/api/resource.h"
#include "lib/str.h"

#define KIND		"operation"
#define KEPT		100

/* A bucket's operations have keys that begin so; they grow with time. */
static const char *
operations_prefix(struct req *rq, const struct bucket *b)
{

	return (arena_printf(&rq->arena, "%016llx/", (long long)b->id));
}

/* The oldest of too many go. */
static void
operations_forget(struct req *rq, const char *prefix)
{
	struct record *r;
	size_t n;

	if (store_record_list(rq->emu->store, KIND, prefix, "", KEPT + 1,
	    &rq->arena, &r, &n) == STORE_OK && n > KEPT &&
	    store_record_delete(rq->emu->store, KIND, r[0].key) != STORE_OK)
		return;			/* another did so */
}

static const char *
operations_name(struct req *rq, const char *id)
{

	return (arena_printf(&rq->arena,
	    "projects/_/buckets/%s/operations/%s", rq->bucket, id));
}

/* What every operation says of itself. */
static json_t *
operations_common(struct req *rq, const char *type)
{
	char started[CLOCK_RFC3339], ended[CLOCK_RFC3339];

	clock_rfc3339(rq->wall_us, started);
	clock_rfc3339(clock_wall_us(&rq->emu->clock), ended);
	return (json_pack("{s:s, s:s, s:s, s:s, s:b, s:i}", "createTime",
	    started, "updateTime", ended, "endTime", ended, "type", type,
	    "requestedCancellation", 0, "progressPercent", 100));
}

/* A new reference; j is what the store keeps. */
static json_t *
operations_show(struct req *rq, json_t *j)
{
	const char *name = json_string_value(json_object_get(j, "name"));
	json_t *out = json_copy(j);

	(void)json_object_set_new(out, "kind",
	    json_string("storage#operation"));
	(void)json_object_set_new(out, "selfLink", json_string(arena_printf(
	    &rq->arena, "%s/operations/%s", resource_url(rq, "", rq->bucket,
	    NULL), strrchr(name, '/') + 1)));
	return (out);
}

void
operations_reply(struct req *rq, const struct bucket *b, const char *type,
    json_t *metadata, json_t *response)
{
	const char *prefix = operations_prefix(rq, b), *id;
	enum store_rc rc;
	json_auto_t *j = NULL;
	char *text;

	id = arena_printf(&rq->arena, "%016llx%08llx",
	    (unsigned long long)rq->wall_us, (unsigned long long)rq->n);
	(void)json_object_set_new(metadata, "commonMetadata",
	    operations_common(rq, type));
	j = json_pack("{s:s, s:o, s:b, s:o}", "name", operations_name(rq,
	    id), "metadata", metadata, "done", 1, "response", response);
	BUG_ON(j == NULL);
	text = json_dumps(j, JSON_COMPACT);
	rc = store_record_put(rq->emu->store, KIND, arena_printf(&rq->arena,
	    "%s%s", prefix, id), text, -1, NULL);
	free(text);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return;
	}
	operations_forget(rq, prefix);
	req_reply_json(rq, 200, operations_show(rq, j));
}

/* The prefix of the path's bucket; NULL: a reply has been stored. */
static const char *
operations_bucket(struct req *rq)
{
	struct store_at now = { STORE_NOW };
	struct bucket b;
	enum store_rc rc;

	rc = store_bucket_get(rq->emu->store, now, rq->bucket, &rq->arena, &b);
	if (rc == STORE_OK)
		return (operations_prefix(rq, &b));
	req_fail_rc(rq, rc);
	return (NULL);
}

void
operations_list_h(struct req *rq)
{
	const char *prefix = operations_bucket(rq), *after;
	json_t *j, *all, *one;
	struct record *r;
	enum store_rc rc;
	size_t n;
	int max;

	if (prefix == NULL || lists_max(rq, "pageSize", &max) ||
	    (after = lists_page(rq, "pageToken")) == NULL)
		return;
	rc = store_record_list(rq->emu->store, KIND, prefix, after, max + 1,
	    &rq->arena, &r, &n);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return;
	}
	j = json_pack("{s:s}", "kind", "storage#operations");
	all = json_array();
	for (size_t i = 0; i < n && i < (size_t)max; i++) {
		one = json_loads(r[i].json, 0, NULL);
		(void)json_array_append_new(all, operations_show(rq, one));
		json_decref(one);
	}
	if (n > 0)
		(void)json_object_set(j, "operations", all);
	json_decref(all);
	if (n > (size_t)max)
		(void)json_object_set_new(j, "nextPageToken", json_string(
		    lists_page_token(rq, r[max - 1].key)));
	req_reply_json(rq, 200, j);
}

/* The operation of the path, a new reference; NULL: a reply was stored. */
static json_t *
operations_find(struct req *rq)
{
	const char *prefix = operations_bucket(rq);
	struct record r;
	enum store_rc rc;

	if (prefix == NULL)
		return (NULL);
	rc = store_record_get(rq->emu->store, KIND, arena_printf(&rq->arena,
	    "%s%s", prefix, rq->cap[1]), &rq->arena, &r);
	if (rc == STORE_OK)
		return (json_loads(r.json, 0, NULL));
	if (rc == STORE_NO_RECORD)
		req_fail(rq, 404, "notFound", "The specified operation does "
		    "not exist.");
	else
		req_fail_rc(rq, rc);
	return (NULL);
}

void
operations_get_h(struct req *rq)
{
	json_auto_t *j = operations_find(rq);

	if (j != NULL)
		req_reply_json(rq, 200, operations_show(rq, j));
}

/* To cancel is to ask; what has ended is not changed by it. */
void
operations_cancel_h(struct req *rq)
{
	json_auto_t *j = operations_find(rq);

	if (j != NULL)
		req_reply_empty(rq, 204);
}
