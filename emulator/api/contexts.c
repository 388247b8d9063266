#include "emulator/api/contexts.h"

#include <ctype.h>
#include <string.h>

#include "emulator/identity/auth.h"
#include "lib/str.h"

#define CONTEXTS_MAX	50
#define CONTEXTS_BYTES	(25u << 10)
#define CONTEXT_TEXT	256u

/* ---- the field ---- */

static int
contexts_text(struct req *rq, const char *what, const char *s)
{
	size_t n = strlen(s);
	const char *why = NULL;

	if (n < 1 || n > CONTEXT_TEXT)
		why = "must have 1 to 256 bytes";
	else if ((unsigned char)*s < 0x80 && !isalnum((unsigned char)*s))
		why = "must begin with an alphanumeric character";
	else if (strpbrk(s, "'\"\\/") != NULL)
		why = "must not contain ', \", \\ or /";
	else if (*what == 'k' && str_starts(s, "goog"))
		why = "must not begin with 'goog'";
	if (why == NULL)
		return (0);
	req_fail(rq, 400, "invalid", "Invalid object context: the %s '%s' %s.",
	    what, s, why);
	return (-1);
}

/* One pair into `map`. */
static int
contexts_set(struct req *rq, json_t *map, const char *k, const json_t *v)
{
	const json_t *text = json_object_get(v, "value");
	const char *value = json_string_value(text);
	json_t *old = json_object_get(map, k), *created;
	char now[CLOCK_RFC3339];

	/* The Go client removes by a pair that says nothing. */
	if (json_is_null(v) || (json_is_object(v) &&
	    (text == NULL || json_is_null(text)))) {
		(void)json_object_del(map, k);
		return (0);
	}
	if (value == NULL) {
		req_fail(rq, 400, "invalid", "Invalid value for field "
		    "'contexts.custom.%s': it needs a text 'value'.", k);
		return (-1);
	}
	if (contexts_text(rq, "key", k) || contexts_text(rq, "value", value))
		return (-1);
	if (old != NULL && strcmp(json_string_value(json_object_get(old,
	    "value")), value) == 0)
		return (0);
	clock_rfc3339(clock_wall_us(&rq->emu->clock), now);
	created = json_incref(json_object_get(old, "createTime"));
	(void)json_object_set_new(map, k, json_pack("{s:s, s:o, s:s}",
	    "value", value, "createTime", created != NULL ? created :
	    json_string(now), "updateTime", now));
	return (0);
}

static int
contexts_limits(struct req *rq, json_t *map)
{
	size_t bytes = 0;
	const char *k;
	json_t *v;

	json_object_foreach(map, k, v)
		bytes += strlen(k) + json_string_length(
		    json_object_get(v, "value"));
	if (json_object_size(map) <= CONTEXTS_MAX && bytes <= CONTEXTS_BYTES)
		return (0);
	req_fail(rq, 400, "invalid", "Too many object contexts: an object has "
	    "at most %d, of %u bytes in all.", CONTEXTS_MAX, CONTEXTS_BYTES);
	return (-1);
}

/* What stays of the old pairs where v replaces them: their times. */
static json_t *
contexts_start(const json_t *old, const json_t *custom, bool replace)
{
	json_t *map = json_object(), *mut = (json_t *)(uintptr_t)old, *v;
	const char *k;

	json_object_foreach(mut, k, v)
		if (!replace || json_object_get(custom, k) != NULL)
			(void)json_object_set_new(map, k, json_deep_copy(v));
	return (map);
}

/* Each kind of change has a permission of its own:
 * https://cloud.google.com/storage/docs/json_api/v1/objects/patch */
static int
contexts_may(struct req *rq, const char *bucket, const json_t *old,
    const json_t *map)
{
	static const char *const permissions[] = {
		"storage.objects.createContext",
		"storage.objects.updateContext",
		"storage.objects.deleteContext" };
	json_t *was = (json_t *)(uintptr_t)old;
	json_t *is = (json_t *)(uintptr_t)map, *v, *o;
	bool does[3] = { false };
	const char *k;

	json_object_foreach(is, k, v) {
		o = json_object_get(old, k);
		if (o == NULL)
			does[0] = true;
		else if (!json_equal(json_object_get(o, "value"),
		    json_object_get(v, "value")))
			does[1] = true;
	}
	json_object_foreach(was, k, v)
		does[2] = does[2] || json_object_get(map, k) == NULL;
	for (size_t i = 0; i < NELEMS(permissions); i++)
		if (does[i] && (rq->bucket != NULL && bucket != NULL &&
		    strcmp(bucket, rq->bucket) == 0 ?
		    auth_need_too(rq, permissions[i]) :
		    auth_need(rq, permissions[i], bucket, NULL)))
			return (-1);
	return (0);
}

int
contexts_take(struct req *rq, const char *bucket, json_t *to,
    const json_t *v, bool replace)
{
	json_t *custom = json_object_get(v, "custom"), *map, *pair;
	const json_t *old = json_object_get(json_object_get(to, "contexts"),
	    "custom");
	const char *k;
	int rc = 0;

	if (!json_is_null(v) && (!json_is_object(v) || (custom != NULL &&
	    !json_is_object(custom) && !json_is_null(custom)))) {
		req_fail(rq, 400, "invalid",
		    "Invalid value for field 'contexts'.");
		return (-1);
	}
	if (custom == NULL && json_is_object(v) && !replace)
		return (0);
	map = contexts_start(json_is_object(custom) ? old : NULL, custom,
	    replace);
	json_object_foreach(custom, k, pair)
		if (rc == 0)
			rc = contexts_set(rq, map, k, pair);
	if (rc == 0)
		rc = contexts_limits(rq, map);
	if (rc == 0)
		rc = contexts_may(rq, bucket, old, map);
	if (rc != 0 || json_object_size(map) == 0) {
		json_decref(map);
		if (rc == 0)
			(void)json_object_del(to, "contexts");
		return (rc);
	}
	(void)json_object_set_new(to, "contexts",
	    json_pack("{s:o}", "custom", map));
	return (0);
}

/* ---- the filter ---- */

struct contexts_filter {
	bool	not;
	const char *key;
	const char *value;	/* NULL: any */
};

/* A text in quotes at *s, which moves behind it; NULL where there is none. */
static const char *
contexts_quoted(struct req *rq, const char **s)
{
	const char *end, *text;

	if (**s != '"' || (end = strchr(*s + 1, '"')) == NULL)
		return (NULL);
	text = arena_strndup(&rq->arena, *s + 1,
	    (size_t)(end - *s - 1));
	*s = end + 1;
	return (text);
}

static bool
contexts_parse(struct req *rq, const char *s, struct contexts_filter *f)
{

	s += strspn(s, " ");
	if ((f->not = *s == '-'))
		s++;
	if (!str_starts(s, "contexts."))
		return (false);
	s += strlen("contexts.");
	if ((f->key = contexts_quoted(rq, &s)) == NULL)
		return (false);
	s += strspn(s, " ");
	if (*s == ':' && s[1] == '*')
		s += 2;
	else if (*s == '=') {
		s += 1 + strspn(s + 1, " ");
		if ((f->value = contexts_quoted(rq, &s)) == NULL)
			return (false);
	} else
		return (false);
	return (s[strspn(s, " ")] == '\0');
}

struct contexts_filter *
contexts_filter(struct req *rq, const char *text)
{
	struct contexts_filter *f = arena_alloc(&rq->arena, sizeof(*f));

	if (contexts_parse(rq, text, f))
		return (f);
	req_fail_param(rq, "filter", "invalidParameter", "Invalid value for "
	    "parameter filter: '%s' is none of contexts.\"KEY\"=\"VALUE\", "
	    "contexts.\"KEY\":*, or either with a leading '-'.", text);
	return (NULL);
}

bool
contexts_match(void *filter, const struct object *o)
{
	struct contexts_filter *f = filter;
	const char *v;
	json_t *j;
	bool hit;

	if (strstr(o->attrs, "\"contexts\"") == NULL)
		return (f->not);
	j = json_loads(o->attrs, 0, NULL);
	v = json_string_value(json_object_get(json_object_get(json_object_get(
	    json_object_get(j, "contexts"), "custom"), f->key), "value"));
	hit = v != NULL && (f->value == NULL || strcmp(v, f->value) == 0);
	json_decref(j);
	return (hit != f->not);
}
