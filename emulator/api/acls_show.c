/* Lists in answers.  A listing of a thousand objects with projection=full
 * shows a thousand of them, so what is the same for all is asked once. */
#include <string.h>

#include "emulator/api/acls.h"
#include "emulator/api/entities.h"
#include "emulator/api/resource.h"
#include "emulator/http/route.h"
#include "emulator/identity/auth.h"
#include "lib/str.h"

#define KEY(k)	(k), sizeof(k) - 1

/* One entry of a list. */
struct acls_line {
	struct entity entity;
	const char *role;
};

struct acls_seen {
	const char *bucket;		/* the one that the rest is about */
	struct bucket b;
	bool	show;			/* its objects' lists may be shown */
	bool	allowed;		/* … all, whatever each one says */
	/* The list of the object that was shown last, as most of a page have
	 * the same, and what it was made of. */
	struct acls_text text;
	struct acls_line *lines;
	size_t	nlines;
	struct entity owner;
};

/* What the entries of one list have in common. */
struct acls_frame {
	const char *kind, *link;	/* JSON text; NULL: no address */
	char	etag[RESOURCE_ETAG];
	const char *bucket;
	const struct object *o;		/* NULL: a bucket's */
};

static void
acls_frame(struct req *rq, enum acls_kind kind, const struct bucket *b,
    const struct object *o, struct acls_frame *f)
{
	const char *url;
	struct jtext w;

	*f = (struct acls_frame){ .o = o, .bucket = b->name, .kind = kind ==
	    ACLS_BUCKET ? "storage#bucketAccessControl" :
	    "storage#objectAccessControl" };
	if (o != NULL) {
		resource_etag_put(f->etag, o->generation, o->metageneration);
		f->link = resource_link(rq, o);
		return;
	}
	resource_etag_put(f->etag, 0, b->metageneration);
	if (kind == ACLS_DEFAULT)
		return;			/* these have no address */
	url = resource_url(rq, "", b->name, NULL);
	jtext_init(&w, false, SIZE_MAX / 2);
	jtext_part(&w, url, strlen(url));
	f->link = arena_strdup(&rq->arena, w.b.p);
	jtext_release(&w);
}

static void
acls_write_names(struct jtext *w, const struct acls_frame *f,
    const char *entity)
{
	const struct object *o = f->o;

	jtext_key(w, KEY("id"));
	jtext_quote(w);
	jtext_part(w, f->bucket, strlen(f->bucket));
	jtext_raw(w, KEY("/"));
	if (o != NULL) {
		jtext_part(w, o->name, strlen(o->name));
		jtext_raw(w, KEY("/"));
		jtext_num(w, o->generation);
		jtext_raw(w, KEY("/"));
	}
	jtext_part(w, entity, strlen(entity));
	jtext_quote(w);
	jtext_key(w, KEY("selfLink"));
	jtext_quote(w);
	jtext_raw(w, f->link, strlen(f->link));
	jtext_raw(w, KEY("/acl/"));
	jtext_part(w, entity, strlen(entity));
	jtext_quote(w);
	jtext_set(w, "bucket", f->bucket);
	if (o != NULL) {
		jtext_set(w, "object", o->name);
		jtext_set_num(w, "generation", o->generation);
	}
}

static void
acls_write(struct jtext *w, const struct acls_frame *f,
    const struct acls_line *l)
{

	jtext_open(w, '{');
	jtext_set(w, "kind", f->kind);
	jtext_set(w, "role", l->role);
	jtext_set(w, "etag", f->etag);
	entities_show(w, &l->entity);
	if (f->link != NULL)
		acls_write_names(w, f, l->entity.entity);
	jtext_close(w, '}');
}

static void
acls_write_all(struct jtext *w, const struct acls_frame *f,
    const struct acls_line *l, size_t n)
{

	jtext_open(w, '[');
	for (size_t i = 0; i < n; i++) {
		jtext_item(w);
		acls_write(w, f, &l[i]);
	}
	jtext_close(w, ']');
}

/* {entity: role, …} as lines, in the arena. */
static struct acls_line *
acls_lines(struct req *rq, const json_t *acl, size_t *n)
{
	json_t *mut = (json_t *)(uintptr_t)acl, *role;
	struct acls_line *l = arena_alloc(&rq->arena,
	    json_object_size(acl) * sizeof(*l));
	const char *entity;

	*n = 0;
	json_object_foreach(mut, entity, role) {
		entities_look(&rq->arena, arena_strdup(&rq->arena, entity),
		    &l[*n].entity);
		l[(*n)++].role = arena_strdup(&rq->arena,
		    json_string_value(role));
	}
	return (l);
}

void
acls_entry(struct req *rq, struct jtext *w, enum acls_kind kind,
    const struct bucket *b, const struct object *o, const char *entity,
    const char *role)
{
	struct acls_line l = { .role = role };
	struct acls_frame f;

	acls_frame(rq, kind, b, o, &f);
	entities_look(&rq->arena, entity, &l.entity);
	acls_write(w, &f, &l);
}

void
acls_array(struct req *rq, struct jtext *w, enum acls_kind kind,
    const struct bucket *b, const struct object *o, const json_t *acl)
{
	struct acls_frame f;
	size_t n;
	struct acls_line *l = acls_lines(rq, acl, &n);

	acls_frame(rq, kind, b, o, &f);
	acls_write_all(w, &f, l, n);
}

/* ---- projection ---- */

int
acls_check_projection(struct req *rq)
{
	const char *p = req_query(rq, "projection");

	if (p == NULL || *p == '\0' || strcmp(p, "full") == 0 ||
	    strcasecmp(p, "noAcl") == 0)
		return (0);
	req_fail_param(rq, "projection", "invalidParameter", "Invalid value "
	    "for parameter projection: '%s'.", p);
	return (-1);
}

static bool
acls_full(const struct req *rq)
{
	static const char *const full[] = { "storage.buckets.patch",
		"storage.buckets.update", "storage.buckets.restore",
		"storage.objects.patch", "storage.objects.update",
		"storage.objects.compose", "storage.objects.restore" };
	const char *p = req_query(rq, "projection");

	if (p != NULL && *p != '\0')
		return (strcmp(p, "full") == 0);
	for (size_t i = 0; i < NELEMS(full); i++)
		if (strcmp(rq->route->id, full[i]) == 0)
			return (true);
	return (rq->acl_given);
}

/* A bucket's list into its resource; takes acl over. */
static void
acls_show_list(struct req *rq, json_t *j, const char *k, enum acls_kind kind,
    const struct bucket *b, json_t *acl)
{
	struct jtext w;

	jtext_init(&w, false, SIZE_MAX / 2);
	acls_array(rq, &w, kind, b, NULL, acl);
	(void)json_object_set_new(j, k, json_loads(w.b.p, 0, NULL));
	jtext_release(&w);
	json_decref(acl);
}

void
acls_show_bucket(struct req *rq, json_t *j, const struct bucket *b)
{
	struct acls_config c;

	(void)json_object_del(j, "defaultObjectAcl");
	if (!acls_full(rq))
		return;
	acls_config(b->attrs, &c);
	if (c.uniform ||
	    !auth_allows(rq, "storage.buckets.getIamPolicy", b->name, NULL))
		return;
	acls_show_list(rq, j, "acl", ACLS_BUCKET, b, acls_of_bucket(rq, b));
	acls_show_list(rq, j, "defaultObjectAcl", ACLS_DEFAULT, b,
	    acls_of_default(rq, b));
	(void)json_object_set_new(j, "owner", json_pack("{s:s}", "entity",
	    entities_team(rq, "owners")));
}

/* The bucket of an object that is answered, read once a request. */
static struct acls_seen *
acls_look(struct req *rq, const char *bucket)
{
	struct store_at at = { rq->as_of };
	struct acls_seen *seen = rq->acl_seen;
	struct acls_config c;

	if (seen != NULL && strcmp(seen->bucket, bucket) == 0)
		return (seen);
	seen = arena_alloc(&rq->arena, sizeof(*seen));
	seen->bucket = arena_strdup(&rq->arena, bucket);
	rq->acl_seen = seen;
	if (store_bucket_get(rq->emu->store, at, bucket, &rq->arena,
	    &seen->b) != STORE_OK)
		return (seen);
	acls_config(seen->b.attrs, &c);
	seen->show = !c.uniform;
	seen->allowed = seen->show && auth_allows(rq,
	    "storage.objects.getIamPolicy", bucket, NULL);
	return (seen);
}

static bool
acls_same(const char *a, size_t na, const char *b, size_t nb)
{

	return (na == nb && (na == 0 || memcmp(a, b, na) == 0));
}

/* The object's list into seen, unless it is there.  For a page of a thousand
 * that is once or a few times, where it took a quarter of the page's time. */
static void
acls_learn(struct req *rq, struct acls_seen *seen, const struct object *o,
    const struct acls_text *t)
{
	json_t *acl;

	if (seen->lines != NULL &&
	    acls_same(t->acl, t->nacl, seen->text.acl, seen->text.nacl) &&
	    acls_same(t->owner, t->nowner, seen->text.owner,
	    seen->text.nowner))
		return;
	seen->text = *t;
	acl = acls_of_object(rq, o);
	seen->lines = acls_lines(rq, acl, &seen->nlines);
	json_decref(acl);
	entities_look(&rq->arena, acls_owner(rq, o), &seen->owner);
	seen->owner.email = NULL;
}

void
acls_show_object(struct req *rq, struct jtext *w, const struct object *o,
    const struct acls_text *t)
{
	struct acls_frame f;
	struct acls_seen *seen;

	if (!acls_full(rq))
		return;
	seen = acls_look(rq, o->bucket);
	if (!seen->show || (!seen->allowed && !auth_allows_object(rq,
	    "storage.objects.getIamPolicy", &seen->b, o)))
		return;
	acls_learn(rq, seen, o, t);
	acls_frame(rq, ACLS_OBJECT, &seen->b, o, &f);
	jtext_key(w, KEY("acl"));
	acls_write_all(w, &f, seen->lines, seen->nlines);
	jtext_key(w, KEY("owner"));
	jtext_open(w, '{');
	entities_show(w, &seen->owner);
	jtext_close(w, '}');
}
