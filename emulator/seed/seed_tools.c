#include "emulator/seed/seed_int.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emulator/http/route.h"
#include "lib/str.h"

#define MEMBERS_MAX	16

int
seed_fail(struct seeding *x, const char *at, const char *fmt, ...)
{
	struct buf b;
	va_list ap;

	buf_init(&b, 64u << 10);
	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	(void)err_set(x->e, "%s: %s: %s", x->seed->path, at, b.p);
	buf_release(&b);
	return (-1);
}

const char *
seed_at(struct seeding *x, const char *fmt, ...)
{
	struct buf b;
	const char *s;
	va_list ap;

	buf_init(&b, 64u << 10);
	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	s = arena_strdup(&x->a, b.p);
	buf_release(&b);
	return (s);
}

const char *
seed_text(const json_t *j, const char *k)
{

	return (json_string_value(json_object_get(j, k)));
}

/* ---- the form ---- */

static bool
seed_is(const json_t *v, char type)
{

	switch (type) {
	case 's':
		return (json_is_string(v));
	case 'b':
		return (json_is_boolean(v));
	case 'o':
		return (json_is_object(v));
	default:
		return (json_is_array(v));
	}
}

static int
seed_unknown(struct seeding *x, const char *at, const char *k,
    const struct seed_member *m, size_t n)
{
	const char *names[MEMBERS_MAX], *near;
	struct buf all;
	int rc;

	buf_init(&all, 4096);
	for (size_t i = 0; i < n; i++) {
		names[i] = m[i].name;
		buf_addf(&all, "%s%s", i > 0 ? ", " : "", m[i].name);
	}
	near = str_nearest(k, names, n);
	if (near != NULL)
		rc = seed_fail(x, at, "unknown member '%s': did you mean "
		    "'%s'?", k, near);
	else
		rc = seed_fail(x, at, "unknown member '%s'; there may be %s",
		    k, all.p);
	buf_release(&all);
	return (rc);
}

int
seed_check(struct seeding *x, const char *at, const json_t *v,
    const struct seed_member *m, size_t n, bool open)
{
	const char *k;
	json_t *one;
	size_t i;

	BUG_ON(n > MEMBERS_MAX);
	if (!json_is_object(v))
		return (seed_fail(x, at, "an object is wanted"));
	json_object_foreach((json_t *)(uintptr_t)v, k, one) {
		for (i = 0; i < n && strcmp(m[i].name, k) != 0; i++)
			;
		if (i == n && !open)
			return (seed_unknown(x, at, k, m, n));
		if (i < n && !seed_is(one, m[i].type))
			return (seed_fail(x, seed_at(x, "%s.%s", at, k),
			    "%s is wanted", m[i].type == 's' ? "a string" :
			    m[i].type == 'b' ? "true or false" :
			    m[i].type == 'o' ? "an object" : "a list"));
	}
	for (i = 0; i < n; i++)
		if (m[i].required && json_object_get(v, m[i].name) == NULL)
			return (seed_fail(x, at, "'%s' is missing",
			    m[i].name));
	return (0);
}

static bool
seed_same_scalar(const json_t *have, const json_t *want)
{
	char *a, *b;
	bool same;

	if (json_equal(have, want))
		return (true);
	/* Numbers are shown as text, places in capitals. */
	a = json_is_string(have) ? mem_strdup(json_string_value(have)) :
	    json_dumps(have, JSON_ENCODE_ANY);
	b = json_is_string(want) ? mem_strdup(json_string_value(want)) :
	    json_dumps(want, JSON_ENCODE_ANY);
	same = a != NULL && b != NULL && strcasecmp(a, b) == 0;
	free(a);
	free(b);
	return (same);
}

const char *
seed_differs(struct seeding *x, const char *at, const json_t *have,
    const json_t *want)
{
	const char *k, *where;
	json_t *one;
	size_t i;

	if (json_is_object(want) && (have == NULL || json_is_object(have))) {
		json_object_foreach((json_t *)(uintptr_t)want, k, one)
			if ((where = seed_differs(x, seed_at(x, "%s.%s", at,
			    k), json_object_get(have, k), one)) != NULL)
				return (where);
		return (NULL);
	}
	if (json_is_array(want) && json_is_array(have)) {
		json_array_foreach((json_t *)(uintptr_t)want, i, one)
			if ((where = seed_differs(x, seed_at(x, "%s[%zu]", at,
			    i), json_array_get(have, i), one)) != NULL)
				return (where);
		return (json_array_size(have) == i ? NULL : at);
	}
	if (have == NULL || json_is_object(want) || json_is_array(want))
		return (have == NULL && json_is_false(want) ? NULL : at);
	return (seed_same_scalar(have, want) ? NULL : at);
}

/* ---- asking ---- */

int
seed_ask(struct seeding *x, struct req *rq, const char *method,
    const char *host, const char *target, const json_t *body, json_t **reply)
{
	char *text;

	req_init(rq, x->emu);
	rq->via = VIA_PROXY;
	rq->method = method;
	rq->t0_us = clock_mono_us();
	rq->wall_us = clock_wall_us(&x->emu->clock);
	req_set_host(rq, host);
	/* What a name in the file makes of the path may be anything. */
	if (req_target(rq, target) != 0)
		goto out;
	if (route_find(rq) != 0) {
		rq->route = route_none(API_STORAGE);
		req_fail(rq, 404, "notFound", "there can be no such name");
		goto out;
	}
	if (body != NULL) {
		text = json_dumps(body, JSON_COMPACT);
		BUG_ON(text == NULL);
		buf_adds(&rq->body, text);
		free(text);
	}
	rq->auth = AUTH_BEARER;
	rq->principal = arena_printf(&rq->arena, "serviceAccount:%s",
	    x->emu->owner);
	/* Whoever starts the emulator may do anything to it. */
	rq->route->handle(rq);
out:
	*reply = rq->reply == NULL ? NULL : req_keep(rq, json_loadb(rq->reply,
	    (size_t)rq->reply_len, 0, NULL));
	return (rq->status);
}

int
seed_refused(struct seeding *x, const char *at, struct req *rq)
{
	json_t *j = rq->reply != NULL ? json_loadb(rq->reply,
	    (size_t)rq->reply_len, JSON_ALLOW_NUL, NULL) : NULL;
	const char *m = seed_text(json_object_get(j, "error"), "message");
	int rc = seed_fail(x, at, "%s", m != NULL ? m : "it is refused");

	json_decref(j);
	return (rc);
}

int
seed_do(struct seeding *x, const char *at, const char *method,
    const char *host, const char *target, const json_t *body)
{
	struct req rq;
	json_t *reply;
	int rc = 0;

	if (seed_ask(x, &rq, method, host, target, body, &reply) != 200)
		rc = seed_refused(x, at, &rq);
	req_release(&rq);
	return (rc);
}

/* ---- policies ---- */

/* The binding of that role and condition, made where there is none. */
static json_t *
seed_binding(json_t *bindings, const json_t *like)
{
	const json_t *cond = json_object_get(like, "condition");
	json_t *b;
	size_t i;

	json_array_foreach(bindings, i, b)
		if (json_equal(json_object_get(b, "role"),
		    json_object_get(like, "role")) &&
		    (cond == json_object_get(b, "condition") ||
		    json_equal(cond, json_object_get(b, "condition"))))
			return (b);
	b = json_pack("{s:O, s:[], s:O*}", "role",
	    json_object_get(like, "role"), "members", "condition", cond);
	(void)json_array_append_new(bindings, b);
	return (b);
}

/* A member as the service has it; a new reference.  A pool's principals are
 * named by the project's number, which a file that is written before the
 * project is made cannot know: its id will do. */
static json_t *
seed_principal(struct seeding *x, json_t *m)
{
	const char *s = json_string_value(m), *rest;
	const char *id = seed_at(x, "iam.googleapis.com/projects/%s/",
	    x->emu->project);

	if (s == NULL || !str_starts(s, "principal") ||
	    (rest = strstr(s, "://")) == NULL || !str_starts(rest + 3, id))
		return (json_incref(m));
	return (json_string(seed_at(x, "%.*s://iam.googleapis.com/projects/"
	    "%lld/%s", (int)(rest - s), s, (long long)x->emu->project_number,
	    rest + 3 + strlen(id))));
}

/* -1: the form is wrong; else how many members are new. */
static int
seed_bindings(struct seeding *x, const char *at, const json_t *from,
    json_t *to)
{
	static const struct seed_member of[] = { { "role", 's', true },
	    { "members", 'a', true }, { "condition", 'o', false } };
	int added = 0;
	size_t i, k, n;
	json_t *b, *m;

	json_array_foreach((json_t *)(uintptr_t)from, i, b) {
		const char *here = seed_at(x, "%s[%zu]", at, i);
		json_t *members;

		if (seed_check(x, here, b, of, NELEMS(of), false) != 0)
			return (-1);
		members = json_object_get(seed_binding(to, b), "members");
		json_array_foreach(json_object_get(b, "members"), k, m) {
			json_auto_t *who = seed_principal(x, m);

			for (n = 0; n < json_array_size(members) &&
			    !json_equal(json_array_get(members, n), who); n++)
				;
			if (n < json_array_size(members))
				continue;
			(void)json_array_append(members, who);
			added++;
		}
	}
	return (added);
}

int
seed_policy(struct seeding *x, const char *at, const json_t *policy,
    const char *host, const char *get, const char *target_get,
    const char *set, const char *target_set)
{
	static const struct seed_member of[] = { { "bindings", 'a', true } };
	json_auto_t *ask = json_pack("{s:{s:i}}", "options",
	    "requestedPolicyVersion", 3), *body = NULL;
	json_t *now, *bindings;
	struct req rq;
	int rc;

	if (seed_check(x, at, policy, of, NELEMS(of), false) != 0)
		return (-1);
	if (seed_ask(x, &rq, get, host, target_get, strcmp(get, "POST") == 0 ?
	    ask : NULL, &now) != 200) {
		rc = seed_refused(x, at, &rq);
		req_release(&rq);
		return (rc);
	}
	bindings = json_object_get(now, "bindings");
	if (bindings == NULL) {
		bindings = json_array();
		(void)json_object_set_new(now, "bindings", bindings);
	}
	rc = seed_bindings(x, seed_at(x, "%s.bindings", at),
	    json_object_get(policy, "bindings"), bindings);
	(void)json_object_set_new(now, "version", json_integer(3));
	body = strcmp(set, "PUT") == 0 ? json_incref(now) :
	    json_pack("{s:O}", "policy", now);
	if (rc > 0)
		rc = seed_do(x, at, set, host, target_set, body);
	req_release(&rq);
	return (rc);
}

/* ---- files ---- */

const char *
seed_path(struct seeding *x, const char *path)
{

	return (*path == '/' ? path : seed_at(x, "%s/%s", x->seed->dir,
	    path));
}

void
seed_write(struct seeding *x, const char *path, json_t *j)
{
	struct seed_file *f = arena_alloc(&x->a, sizeof(*f));
	char *text = json_dumps(j, JSON_INDENT(2));

	BUG_ON(text == NULL);
	json_decref(j);
	*f = (struct seed_file){ .path = path, .text = text,
	    .next = x->files };
	x->files = f;
}
