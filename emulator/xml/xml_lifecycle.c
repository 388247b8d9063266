/* https://cloud.google.com/storage/docs/xml-api/put-bucket-lifecycle */
#include "emulator/xml/xml_lifecycle.h"

#include <string.h>

#include "lib/str.h"

enum kind { NUMBER, BOOLEAN, TEXT, TEXTS };

static const struct condition {
	const char *xml, *json;
	enum kind kind;
} conditions[] = {
	{ "Age", "age", NUMBER },
	{ "CreatedBefore", "createdBefore", TEXT },
	{ "IsLive", "isLive", BOOLEAN },
	{ "MatchesStorageClass", "matchesStorageClass", TEXTS },
	{ "MatchesPrefix", "matchesPrefix", TEXTS },
	{ "MatchesSuffix", "matchesSuffix", TEXTS },
	{ "NumberOfNewerVersions", "numNewerVersions", NUMBER },
	{ "DaysSinceNoncurrentTime", "daysSinceNoncurrentTime", NUMBER },
	{ "NoncurrentTimeBefore", "noncurrentTimeBefore", TEXT },
	{ "DaysSinceCustomTime", "daysSinceCustomTime", NUMBER },
	{ "CustomTimeBefore", "customTimeBefore", TEXT },
};

/* ---- out ---- */

static void
xml_lifecycle_condition(struct xml_write *w, const struct condition *c,
    const json_t *v)
{
	const json_t *one;
	size_t i;

	switch (c->kind) {
	case NUMBER:
		xml_write_int(w, c->xml, json_integer_value(v));
		break;
	case BOOLEAN:
		xml_write_bool(w, c->xml, json_is_true(v));
		break;
	case TEXT:
		xml_write_text(w, c->xml, json_string_value(v));
		break;
	case TEXTS:
		json_array_foreach(v, i, one)
			xml_write_text(w, c->xml, json_string_value(one));
		break;
	}
}

static void
xml_lifecycle_rule(struct xml_write *w, const json_t *rule)
{
	const json_t *action = json_object_get(rule, "action"), *v;
	const json_t *when = json_object_get(rule, "condition");
	const char *type = json_string_value(json_object_get(action, "type"));
	const char *class = json_string_value(json_object_get(action,
	    "storageClass"));

	xml_write_open(w, "Rule");
	xml_write_open(w, "Action");
	if (type != NULL)
		xml_write_text(w, type, class != NULL ? class : "");
	xml_write_close(w, "Action");
	xml_write_open(w, "Condition");
	for (size_t i = 0; i < NELEMS(conditions); i++)
		if ((v = json_object_get(when, conditions[i].json)) != NULL)
			xml_lifecycle_condition(w, &conditions[i], v);
	xml_write_close(w, "Condition");
	xml_write_close(w, "Rule");
}

void
xml_lifecycle_show(struct xml_write *w, const json_t *v)
{
	const json_t *rule;
	size_t i;

	json_array_foreach(json_object_get(v, "rule"), i, rule)
		xml_lifecycle_rule(w, rule);
}

/* ---- in ---- */

static const struct condition *
xml_lifecycle_find(const char *name)
{

	for (size_t i = 0; i < NELEMS(conditions); i++)
		if (strcmp(conditions[i].xml, name) == 0)
			return (&conditions[i]);
	return (NULL);
}

/* One element of a Condition into `to`.  False: it is no such thing. */
static bool
xml_lifecycle_take_one(const struct xml_node *n, json_t *to)
{
	const struct condition *c = xml_lifecycle_find(n->name);
	json_t *list;
	int64_t v;

	if (c == NULL)
		return (false);
	switch (c->kind) {
	case NUMBER:
		if (!str_int64(n->text, &v))
			return (false);
		return (json_object_set_new(to, c->json,
		    json_integer(v)) == 0);
	case BOOLEAN:
		if (strcmp(n->text, "true") != 0 &&
		    strcmp(n->text, "false") != 0)
			return (false);
		return (json_object_set_new(to, c->json,
		    json_boolean(n->text[0] == 't')) == 0);
	case TEXT:
		return (json_object_set_new(to, c->json,
		    json_string(n->text)) == 0);
	case TEXTS:
		if ((list = json_object_get(to, c->json)) == NULL) {
			list = json_array();
			(void)json_object_set_new(to, c->json, list);
		}
		return (json_array_append_new(list,
		    json_string(n->text)) == 0);
	}
	return (false);
}

static json_t *
xml_lifecycle_take_rule(struct arena *a, const struct xml_node *rule,
    const char **why)
{
	static const char *const parts[] = { "Action", "Condition", NULL };
	const struct xml_node *action = xml_child(rule, "Action"), *n;
	json_t *when, *j;

	action = action != NULL ? action->child : NULL;
	if (strcmp(rule->name, "Rule") != 0 || !xml_only(rule, parts) ||
	    action == NULL || action->next != NULL) {
		*why = "A Rule has an Action with one element, and a "
		    "Condition.";
		return (NULL);
	}
	when = json_object();
	n = xml_child(rule, "Condition");
	for (n = n != NULL ? n->child : NULL; n != NULL; n = n->next)
		if (!xml_lifecycle_take_one(n, when))
			*why = arena_printf(a, "No condition is %s: '%s'.",
			    n->name, n->text);
	j = json_pack("{s:{s:s}, s:o}", "action", "type", action->name,
	    "condition", when);
	if (*action->text != '\0')
		(void)json_object_set_new(json_object_get(j, "action"),
		    "storageClass", json_string(action->text));
	return (j);
}

json_t *
xml_lifecycle_take(struct arena *a, const struct xml_node *root,
    const char **why)
{
	json_t *rules = json_array(), *rule;

	*why = NULL;
	for (const struct xml_node *n = root->child; n != NULL; n = n->next)
		if ((rule = xml_lifecycle_take_rule(a, n, why)) != NULL)
			(void)json_array_append_new(rules, rule);
	if (*why == NULL)
		return (json_pack("{s:o}", "rule", rules));
	json_decref(rules);
	return (NULL);
}
