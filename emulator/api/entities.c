#include "emulator/api/entities.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#include "lib/str.h"

#define ENTITY_MAX	512u

static const struct team {
	const char *entity, *member, *name;
} teams[] = {
	{ "project-owners-", "projectOwner:", "owners" },
	{ "project-editors-", "projectEditor:", "editors" },
	{ "project-viewers-", "projectViewer:", "viewers" },
};

/* NULL where it is no entity of a project's team. */
static const struct team *
entities_team_of(const char *entity)
{

	for (size_t i = 0; i < NELEMS(teams); i++)
		if (str_starts(entity, teams[i].entity))
			return (&teams[i]);
	return (NULL);
}

static const char *
entities_number(struct req *rq)
{

	return (arena_printf(&rq->arena, "%lld",
	    (long long)rq->emu->project_number));
}

const char *
entities_team(struct req *rq, const char *team)
{

	return (arena_printf(&rq->arena, "project-%s-%s", team,
	    entities_number(rq)));
}

const char *
entities_caller(struct req *rq)
{
	const char *who = rq->principal;

	/* no entity stands for what comes out of a pool */
	if (who != NULL && str_starts(who, "principal:"))
		return (entities_team(rq, "owners"));
	who = who != NULL ? strchr(who, ':') + 1 : rq->emu->owner;
	return (arena_printf(&rq->arena, "user-%s", who));
}

bool
entities_public(const char *entity)
{

	return (strcmp(entity, "allUsers") == 0 ||
	    strcmp(entity, "allAuthenticatedUsers") == 0);
}

/* What follows `user-` and the like: graphic ASCII. */
static bool
entities_name_ok(const char *s)
{

	if (*s == '\0' || strlen(s) > ENTITY_MAX)
		return (false);
	for (; *s != '\0'; s++)
		if (!isgraph((unsigned char)*s) ||
		    strchr("/#?,\"<>", *s) != NULL)
			return (false);
	return (true);
}

static const char *
entities_lower(struct req *rq, const char *text)
{
	char *s = arena_strdup(&rq->arena, text);

	for (char *p = s; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return (s);
}

const char *
entities_parse(struct req *rq, const char *text)
{
	const char *low = entities_lower(rq, text);
	const struct team *t = entities_team_of(low);
	const char *id = t != NULL ? low + strlen(t->entity) : NULL;

	if (strcmp(low, "allusers") == 0)
		return ("allUsers");
	if (strcmp(low, "allauthenticatedusers") == 0)
		return ("allAuthenticatedUsers");
	if (id != NULL && entities_name_ok(id))
		return (strcasecmp(id, rq->emu->project) == 0 ?
		    entities_team(rq, t->name) : low);
	if ((str_starts(low, "user-") && entities_name_ok(low + 5)) ||
	    (str_starts(low, "group-") && entities_name_ok(low + 6)) ||
	    (str_starts(low, "domain-") && entities_name_ok(low + 7) &&
	    strchr(low, '@') == NULL))
		return (low);
	req_fail(rq, 400, "invalid", "Invalid value for field 'entity': "
	    "'%s'.", text);
	return (NULL);
}

/* ---- as JSON ---- */

/* The real service gives each account and group an opaque id. */
static const char *
entities_id(struct arena *a, const char *name)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	unsigned n;

	BUG_ON(EVP_Digest(name, strlen(name), sum, &n, EVP_sha256(),
	    NULL) != 1);
	str_hex(hex, sum, n);
	return (arena_strdup(a, hex));
}

void
entities_look(struct arena *a, const char *entity, struct entity *e)
{
	const struct team *t = entities_team_of(entity);
	const char *name = strchr(entity, '-');

	*e = (struct entity){ .entity = entity };
	if (t != NULL) {
		e->number = entity + strlen(t->entity);
		e->team = t->name;
	} else if (str_starts(entity, "domain-"))
		e->domain = name + 1;
	else if (name != NULL) {
		if (strchr(entity, '@') != NULL)
			e->email = name + 1;
		e->id = entities_id(a, name + 1);
	}
}

void
entities_show(struct jtext *w, const struct entity *e)
{

	jtext_set(w, "entity", e->entity);
	if (e->team != NULL) {
		jtext_key(w, "projectTeam", 11);
		jtext_open(w, '{');
		jtext_set(w, "projectNumber", e->number);
		jtext_set(w, "team", e->team);
		jtext_close(w, '}');
	}
	if (e->domain != NULL)
		jtext_set(w, "domain", e->domain);
	if (e->email != NULL)
		jtext_set(w, "email", e->email);
	if (e->id != NULL)
		jtext_set(w, "entityId", e->id);
}

/* ---- as members of bindings ---- */

const char *
entities_to_member(struct req *rq, const char *entity, const char *project)
{
	const struct team *t = entities_team_of(entity);
	const char *id;

	if (entities_public(entity))
		return (entity);
	if (t != NULL) {
		id = entity + strlen(t->entity);
		return (arena_printf(&rq->arena, "%s%s", t->member,
		    strcmp(id, entities_number(rq)) == 0 ? project : id));
	}
	if (str_starts(entity, "user-"))
		return (arena_printf(&rq->arena, "%s:%s",
		    str_ends(entity, ".gserviceaccount.com") ?
		    "serviceAccount" : "user", entity + 5));
	if (str_starts(entity, "group-"))
		return (arena_printf(&rq->arena, "group:%s", entity + 6));
	return (arena_printf(&rq->arena, "domain:%s", entity + 7));
}

const char *
entities_of_member(struct req *rq, const char *member, const char *project)
{
	static const struct { const char *member, *entity; } simple[] = {
		{ "user:", "user-" }, { "serviceAccount:", "user-" },
		{ "group:", "group-" }, { "domain:", "domain-" },
	};
	const char *id;

	if (entities_public(member))
		return (member);
	for (size_t i = 0; i < NELEMS(simple); i++)
		if (str_starts(member, simple[i].member))
			return (entities_lower(rq, arena_printf(&rq->arena,
			    "%s%s", simple[i].entity,
			    member + strlen(simple[i].member))));
	for (size_t i = 0; i < NELEMS(teams); i++) {
		if (!str_starts(member, teams[i].member))
			continue;
		id = member + strlen(teams[i].member);
		if (strcmp(id, project) == 0)
			return (entities_team(rq, teams[i].name));
		return (arena_printf(&rq->arena, "%s%s", teams[i].entity,
		    id));
	}
	return (NULL);
}
