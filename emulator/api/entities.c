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

static void
entities_set(json_t *entry, const char *k, const char *v)
{

	(void)json_object_set_new(entry, k, json_string(v));
}

/* The real service gives each account and group an opaque id. */
static void
entities_set_id(json_t *entry, const char *email)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	unsigned n;

	BUG_ON(EVP_Digest(email, strlen(email), sum, &n, EVP_sha256(),
	    NULL) != 1);
	str_hex(hex, sum, n);
	entities_set(entry, "entityId", hex);
}

void
entities_show(json_t *entry, const char *entity)
{
	const struct team *t = entities_team_of(entity);
	const char *name = strchr(entity, '-');

	entities_set(entry, "entity", entity);
	if (t != NULL)
		(void)json_object_set_new(entry, "projectTeam", json_pack(
		    "{s:s, s:s}", "projectNumber", entity + strlen(t->entity),
		    "team", t->name));
	else if (str_starts(entity, "domain-"))
		entities_set(entry, "domain", name + 1);
	else if (name != NULL) {
		if (strchr(entity, '@') != NULL)
			entities_set(entry, "email", name + 1);
		entities_set_id(entry, name + 1);
	}
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
