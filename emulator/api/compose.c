#include "emulator/api/compose.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/api/acls.h"
#include "emulator/api/attrs.h"
#include "emulator/api/csek.h"
#include "emulator/api/names.h"
#include "emulator/api/objects.h"
#include "emulator/api/resource.h"
#include "emulator/api/uploads.h"
#include "emulator/identity/auth.h"
#include "lib/str.h"

int
compose_check_count(struct req *rq, size_t n)
{

	if (n == 0)
		req_fail(rq, 400, "required",
		    "You must provide at least one source component.");
	else if (n > COMPOSE_MAX)
		req_fail(rq, 400, "invalid", "The number of source "
		    "components provided (%zu) exceeds the maximum (%d)", n,
		    COMPOSE_MAX);
	else
		return (0);
	return (-1);
}

static const char *
compose_class(struct req *rq, const struct object *o)
{
	json_auto_t *j = json_loads(o->attrs, 0, NULL);
	const char *s = json_string_value(json_object_get(j, "storageClass"));

	return (arena_strdup(&rq->arena, s != NULL ? s : "STANDARD"));
}

/* A composed object has the contexts of all its sources, of which a later one
 * counts more, unless the request gives it others. */
static void
compose_contexts(json_t **all, const struct object *o)
{
	json_t *j, *custom;

	if (strstr(o->attrs, "\"contexts\"") == NULL)
		return;
	j = json_loads(o->attrs, 0, NULL);
	custom = json_object_get(json_object_get(j, "contexts"), "custom");
	if (*all == NULL)
		*all = json_object();
	if (custom != NULL)
		(void)json_object_update(*all, custom);
	json_decref(j);
}

static const char *
compose_with_contexts(struct req *rq, const char *attrs, json_t *all)
{
	json_t *j = json_loads(attrs, 0, NULL);
	char *s;

	if (json_object_get(j, "contexts") == NULL)
		(void)json_object_set_new(j, "contexts",
		    json_pack("{s:O}", "custom", all));
	s = json_dumps(j, JSON_COMPACT);
	attrs = arena_strdup(&rq->arena, s);
	free(s);
	json_decref(j);
	return (attrs);
}

/* From what the client said to the generations that are meant: whatever
 * happens to the names from here on, these will be joined. */
static int
compose_resolve(struct req *rq, struct compose *c, struct store_source *src)
{
	json_auto_t *contexts = NULL;
	struct store_at now = { STORE_NOW };
	const char *class = NULL, *other;
	struct object o;
	enum store_rc rc;

	for (size_t i = 0; i < c->n; i++) {
		src[i].name = c->src[i].name;
		rc = store_object_get(rq->emu->store, now, rq->bucket,
		    src[i].name, &c->src[i].cond, &rq->arena, &o);
		if (objects_may_read(rq, rq->bucket, src[i].name,
		    rc == STORE_OK ? &o : NULL))
			return (-1);
		if (rc == STORE_NO_OBJECT)
			req_fail(rq, 404, "notFound", "No such object: %s/%s",
			    rq->bucket, src[i].name);
		else if (rc != STORE_OK)
			req_fail_rc(rq, rc);
		if (rc != STORE_OK || csek_check(rq, CSEK_OBJECT, &o))
			return (-1);
		src[i].generation = o.generation;
		other = compose_class(rq, &o);
		if (class != NULL && strcmp(class, other) != 0) {
			req_fail(rq, 400, "invalid", "Objects of different "
			    "storage classes cannot be composed: '%s' is %s, "
			    "those before are %s.", src[i].name, other, class);
			return (-1);
		}
		class = other;
		compose_contexts(&contexts, &o);
	}
	if (contexts != NULL)
		c->attrs = compose_with_contexts(rq, c->attrs, contexts);
	return (0);
}

static int
compose_permit(struct req *rq, const struct compose *c)
{

	for (size_t i = 0; c->drop_sources && i < c->n; i++)
		if (auth_need(rq, "storage.objects.delete", rq->bucket,
		    c->src[i].name))
			return (-1);
	return (objects_may_overwrite(rq, rq->bucket, rq->object));
}

int
compose_run(struct req *rq, struct compose *c, struct object *out)
{
	struct store_write w = objects_write(rq);
	struct store_source src[COMPOSE_MAX];
	enum store_rc rc;

	if (compose_permit(rq, c) || compose_resolve(rq, c, src))
		return (-1);
	rc = store_object_compose(rq->emu->store, &w, rq->bucket, rq->object,
	    c->attrs, &c->cond, &c->expect, src, c->n, c->drop_sources,
	    &rq->arena, out);
	rq->mutation = w.mutation;
	if (rc == STORE_OK)
		return (0);
	objects_fail(rq, &w, rc);
	return (-1);
}

/* ---- the JSON of a request ---- */

/* A 64-bit number: a text of digits, as Google writes them, or a number. */
static int
compose_number(struct req *rq, const json_t *in, const char *k, bool *has,
    int64_t *v)
{
	const json_t *j = json_object_get(in, k);

	*has = j != NULL && !json_is_null(j);
	if (!*has)
		return (0);
	if (json_is_integer(j)) {
		*v = json_integer_value(j);
		return (0);
	}
	if (json_is_string(j) && str_int64(json_string_value(j), v))
		return (0);
	req_fail(rq, 400, "invalid",
	    "Invalid value for field '%s': it is not a whole number.", k);
	return (-1);
}

static int
compose_source_take(struct req *rq, const json_t *in,
    struct compose_source *s)
{
	bool has;

	*s = (struct compose_source){
	    .name = json_string_value(json_object_get(in, "name")) };
	if (s->name == NULL || *s->name == '\0') {
		req_fail(rq, 400, "required",
		    "Each source component needs the name of an object.");
		return (-1);
	}
	return (names_check_object(rq, s->name) ||
	    compose_number(rq, in, "generation", &has,
	    &s->cond.generation) ||
	    compose_number(rq, json_object_get(in, "objectPreconditions"),
	    "ifGenerationMatch", &s->cond.has_gen_match,
	    &s->cond.gen_match) ? -1 : 0);
}

static int
compose_take(struct req *rq, const json_t *in, struct compose *c)
{
	const json_t *list = json_object_get(in, "sourceObjects"), *s;
	json_t *to = json_object_get(in, "destination");
	size_t i;

	c->n = json_array_size(list);
	if (compose_check_count(rq, c->n))
		return (-1);
	json_array_foreach(list, i, s)
		if (compose_source_take(rq, s, &c->src[i]))
			return (-1);
	c->drop_sources = req_query_bool(rq, "deleteSourceObjects", false) ||
	    json_is_true(json_object_get(in, "deleteSourceObjects"));
	c->attrs = attrs_object(rq, to);
	if (c->attrs != NULL)
		c->attrs = acls_new_object(rq, rq->bucket,
		    "destinationPredefinedAcl", to, c->attrs);
	/* Clients send the resource as they last saw it: its checksums say
	 * nothing of the bytes to be. */
	return (c->attrs == NULL ? -1 : 0);
}

void
compose_json_h(struct req *rq)
{
	struct compose c = { 0 };
	struct object o;
	json_t *in;

	if (req_cond(rq, &c.cond) ||
	    req_json(rq, &in) || names_check_object(rq, rq->object) ||
	    compose_take(rq, in, &c) || compose_run(rq, &c, &o))
		return;
	resource_reply(rq, &o);
}
