#include "emulator/api/bfield.h"

#include <ctype.h>
#include <string.h>

#include "emulator/api/attrs.h"
#include "emulator/api/places.h"
#include "lib/str.h"

#define LABELS_MAX	64
#define LABEL_MAX	63	/* characters */

int
bfield_bad(const struct bfield_edit *e, const char *why)
{

	req_fail(e->rq, 400, "invalid", "%s", why);
	return (-1);
}

json_t *
bfield_now(const struct bfield_edit *e, int64_t later_us)
{
	char now[CLOCK_RFC3339];

	clock_rfc3339(clock_wall_us(&e->rq->emu->clock) + later_us, now);
	return (json_string(now));
}

json_t *
bfield_part(json_t *to, const char *name)
{
	json_t *old = json_object_get(to, name);
	json_t *part = old != NULL ? json_deep_copy(old) : json_object();

	(void)json_object_set_new(to, name, part);
	return (part);
}

void
bfield_tidy(json_t *to, const char *name)
{

	if (json_object_size(json_object_get(to, name)) == 0)
		(void)json_object_del(to, name);
}

int
bfield_texts(const struct bfield_edit *e, json_t *to, const char *name,
    const json_t *v, const char *a, const char *b)
{
	const char *const fields[] = { a, b };
	json_t *part, *x;

	if (json_is_null(v)) {
		(void)json_object_del(to, name);
		return (0);
	}
	if (!json_is_object(v))
		return (attrs_type_fail(e->rq, name));
	part = bfield_part(to, name);
	for (size_t i = 0; i < 2 && fields[i] != NULL; i++) {
		if ((x = json_object_get(v, fields[i])) == NULL)
			continue;
		if (json_is_null(x))
			(void)json_object_del(part, fields[i]);
		else if (!json_is_string(x))
			return (attrs_type_fail(e->rq, arena_printf(
			    &e->rq->arena, "%s.%s", name, fields[i])));
		else
			(void)json_object_set(part, fields[i], x);
	}
	bfield_tidy(to, name);
	return (0);
}

int
bfield_flag(const struct bfield_edit *e, json_t *to, const char *name,
    const json_t *v, const char *field, bool *on)
{
	json_t *part, *x;

	*on = false;
	if (json_is_null(v)) {
		(void)json_object_del(to, name);
		return (0);
	}
	if (!json_is_object(v))
		return (attrs_type_fail(e->rq, name));
	part = bfield_part(to, name);
	x = json_object_get(v, field);
	if (x != NULL && !json_is_null(x) && !json_is_boolean(x))
		return (attrs_type_fail(e->rq, arena_printf(&e->rq->arena,
		    "%s.%s", name, field)));
	if (json_is_null(x))
		(void)json_object_del(part, field);
	else if (x != NULL)
		(void)json_object_set(part, field, x);
	*on = json_is_true(json_object_get(part, field));
	bfield_tidy(to, name);
	return (0);
}

int
bfield_location(const struct bfield_edit *e, json_t *to, const char *name,
    const json_t *v)
{
	const char *was = json_string_value(json_object_get(to, name));
	char *up;

	if (json_is_null(v))
		return (0);
	if (!json_is_string(v))
		return (attrs_type_fail(e->rq, name));
	up = arena_strdup(&e->rq->arena, json_string_value(v));
	for (char *p = up; *p != '\0'; p++)
		*p = (char)toupper((unsigned char)*p);
	if (!e->new && was != NULL && strcmp(was, up) != 0)
		return (bfield_bad(e,
		    "The location of a bucket cannot be changed."));
	if (places_type(up) == NULL)
		return (bfield_bad(e,
		    "The specified location constraint is not valid."));
	(void)json_object_set_new(to, name, json_string(up));
	return (0);
}

/* A dual-region of two regions of one's own choice. */
int
bfield_placement(const struct bfield_edit *e, json_t *to, const char *name,
    const json_t *v)
{
	json_t *list = json_object_get(v, "dataLocations"), *out;
	const char *s;

	if (!e->new || json_is_null(v))
		return (0);
	if (json_array_size(list) != 2)
		return (bfield_bad(e, "A custom placement needs two "
		    "dataLocations."));
	out = json_array();
	for (size_t i = 0; i < 2; i++) {
		s = json_string_value(json_array_get(list, i));
		if (s == NULL || places_type(s) == NULL ||
		    strcmp(places_type(s), "region") != 0) {
			json_decref(out);
			return (bfield_bad(e, "The dataLocations of a custom "
			    "placement must be regions."));
		}
		char *up = arena_strdup(&e->rq->arena, s);

		for (char *p = up; *p != '\0'; p++)
			*p = (char)toupper((unsigned char)*p);
		(void)json_array_append_new(out, json_string(up));
	}
	(void)json_object_set_new(to, name,
	    json_pack("{s:o}", "dataLocations", out));
	return (0);
}

int
bfield_class(const struct bfield_edit *e, json_t *to, const char *name,
    const json_t *v)
{
	const char *class;

	if (json_is_null(v)) {
		(void)json_object_del(to, name);
		return (0);
	}
	if (!json_is_string(v))
		return (attrs_type_fail(e->rq, name));
	if ((class = places_class(json_string_value(v))) == NULL) {
		req_fail(e->rq, 400, "invalid",
		    "Invalid storage class \"%s\"", json_string_value(v));
		return (-1);
	}
	(void)json_object_set_new(to, name, json_string(class));
	return (0);
}

/* Characters of UTF-8: lower case, digits, '_' and '-'; bytes beyond ASCII
 * pass, for which of them are upper case takes tables that nobody needs. */
static bool
bfield_label_ok(const char *s, bool key)
{
	size_t chars = 0;

	if (key && (*s == '\0' || strchr("0123456789_-", *s) != NULL))
		return (false);
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		chars += (c & 0xc0) != 0x80;
		if (c < 0x80 && !islower(c) && !isdigit(c) && c != '_' &&
		    c != '-')
			return (false);
	}
	return (chars <= LABEL_MAX);
}

int
bfield_labels(const struct bfield_edit *e, json_t *to, const char *name,
    const json_t *v)
{
	json_t *mut = (json_t *)(uintptr_t)v, *map, *x;
	const char *k;

	if (json_is_null(v) || (json_is_object(v) &&
	    json_object_size(v) == 0)) {
		(void)json_object_del(to, name);
		return (0);
	}
	if (!json_is_object(v))
		return (attrs_type_fail(e->rq, name));
	map = bfield_part(to, name);
	json_object_foreach(mut, k, x) {
		const char *text = json_string_value(x);

		if (!json_is_null(x) && text == NULL)
			return (attrs_type_fail(e->rq, arena_printf(
			    &e->rq->arena, "%s.%s", name, k)));
		if (!bfield_label_ok(k, true) || (text == NULL && e->new) ||
		    (text != NULL && !bfield_label_ok(text, false))) {
			req_fail(e->rq, 400, "invalid", "Invalid user label: "
			    "%s with value %s", k, text != NULL ? text : "");
			return (-1);
		}
		if (text == NULL)
			(void)json_object_del(map, k);
		else
			(void)json_object_set(map, k, x);
	}
	if (json_object_size(map) > LABELS_MAX) {
		req_fail(e->rq, 400, "invalid", "Attempt to create a bucket "
		    "with %zu labels, maximum is %d", json_object_size(map),
		    LABELS_MAX);
		return (-1);
	}
	bfield_tidy(to, name);
	return (0);
}

int
bfield_website(const struct bfield_edit *e, json_t *to, const char *name,
    const json_t *v)
{

	return (bfield_texts(e, to, name, v, "mainPageSuffix",
	    "notFoundPage"));
}

int
bfield_logging(const struct bfield_edit *e, json_t *to, const char *name,
    const json_t *v)
{

	return (bfield_texts(e, to, name, v, "logBucket",
	    "logObjectPrefix"));
}

/* A list of texts, or nothing. */
static bool
bfield_is_texts(const json_t *v)
{
	const json_t *x;
	size_t i;

	if (v != NULL && !json_is_array(v))
		return (false);
	json_array_foreach(v, i, x)
		if (!json_is_string(x))
			return (false);
	return (true);
}

/* Only what a cors entry is made of. */
static void
bfield_cors_trim(json_t *c)
{
	static const char *const known[] = { "origin", "method",
		"responseHeader", "maxAgeSeconds" };
	const char *k;
	json_t *v;
	void *next;

	json_object_foreach_safe(c, next, k, v)
		if (!str_among(k, known, NELEMS(known)))
			(void)json_object_del(c, k);
}

int
bfield_cors(const struct bfield_edit *e, json_t *to, const char *name,
    const json_t *v)
{
	const json_t *c, *age;
	json_t *out;
	size_t i;

	if (json_is_null(v) || json_array_size(v) == 0) {
		(void)json_object_del(to, name);
		return (json_is_null(v) || json_is_array(v) ? 0 :
		    attrs_type_fail(e->rq, name));
	}
	out = json_deep_copy(v);
	(void)json_object_set_new(to, name, out);
	json_array_foreach(out, i, c) {
		json_t *mut = (json_t *)(uintptr_t)c;
		int64_t s;

		age = json_object_get(c, "maxAgeSeconds");
		if (!json_is_object(c) ||
		    !bfield_is_texts(json_object_get(c, "origin")) ||
		    !bfield_is_texts(json_object_get(c, "method")) ||
		    !bfield_is_texts(json_object_get(c, "responseHeader")))
			return (attrs_type_fail(e->rq, name));
		bfield_cors_trim(mut);
		if (json_is_string(age) &&
		    str_int64(json_string_value(age), &s)) {
			(void)json_object_set_new(mut, "maxAgeSeconds",
			    json_integer(s));
			age = json_object_get(c, "maxAgeSeconds");
		}
		if (age != NULL && (!json_is_integer(age) ||
		    json_integer_value(age) < 0))
			return (attrs_type_fail(e->rq, "cors.maxAgeSeconds"));
	}
	return (0);
}

int
bfield_rpo(const struct bfield_edit *e, json_t *to, const char *name,
    const json_t *v)
{
	const char *s = json_string_value(v), *type;
	bool turbo = s != NULL && strcmp(s, "ASYNC_TURBO") == 0;

	if (json_is_null(v)) {
		(void)json_object_del(to, name);
		return (0);
	}
	if (s == NULL || (!turbo && strcmp(s, "DEFAULT") != 0)) {
		req_fail(e->rq, 400, "invalid", "Invalid value for: %s is "
		    "not a valid value", s != NULL ? s : "rpo");
		return (-1);
	}
	type = places_type(json_string_value(json_object_get(to,
	    "location")));
	/* The Go client's tests set it on a bucket in US. */
	if (turbo && strcmp(type, "region") == 0 &&
	    json_object_get(to, "customPlacementConfig") == NULL)
		return (bfield_bad(e, "The rpo ASYNC_TURBO is for buckets in "
		    "dual-regions."));
	(void)json_object_set_new(to, name, json_string(s));
	return (0);
}
