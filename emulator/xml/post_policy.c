#include "emulator/xml/post_policy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/nul.h"
#include "lib/str.h"

#define POST_POLICY_MAX	(1u << 20)

const char *
post_field(const struct post_fields *f, const char *name)
{

	for (size_t i = 0; i < f->n; i++)
		if (strcasecmp(f->kv[i].k, name) == 0)
			return (f->kv[i].v);
	return (NULL);
}

static int
post_policy_fail(struct req *rq, const char *details)
{

	req_fail(rq, 400, "InvalidPolicyDocument", "%s", details);
	return (-1);
}

/* ---- the document ---- */

static int
post_policy_range(struct req *rq, const json_t *c, struct post_policy *p)
{
	const json_t *min = json_array_get(c, 1), *max = json_array_get(c, 2);
	json_int_t lo = json_integer_value(min), hi = json_integer_value(max);

	if (json_array_size(c) != 3 || !json_is_integer(min) ||
	    !json_is_integer(max) || lo < 0 || hi < lo)
		return (post_policy_fail(rq, "Invalid content-length-range: "
		    "two numbers of bytes are wanted, the smaller first."));
	if (lo > p->min)
		p->min = lo;
	if (hi < p->max)
		p->max = hi;
	return (0);
}

/* Is it of a known form?  Ranges are taken out on the way. */
static int
post_policy_condition(struct req *rq, const json_t *c, struct post_policy *p)
{
	const char *op = json_string_value(json_array_get(c, 0)), *k;

	if (json_is_object(c) && json_object_size(c) > 0)
		return (0);
	if (op == NULL)
		return (post_policy_fail(rq, "A condition is an object or "
		    "an array that begins with its operator."));
	if (strcasecmp(op, "content-length-range") == 0)
		return (post_policy_range(rq, c, p));
	if (strcasecmp(op, "eq") != 0 && strcasecmp(op, "starts-with") != 0)
		return (post_policy_fail(rq, arena_printf(&rq->arena,
		    "Unknown operator in a condition: %s", op)));
	k = json_string_value(json_array_get(c, 1));
	if (json_array_size(c) != 3 || k == NULL || k[0] != '$' ||
	    !json_is_string(json_array_get(c, 2)))
		return (post_policy_fail(rq, arena_printf(&rq->arena,
		    "Condition %s wants a field's name that begins with $, "
		    "and a text.", op)));
	return (0);
}

static json_t *
post_policy_parse(struct req *rq, const char *base64)
{
	json_error_t e = { .line = 0 };
	json_t *j = NULL;
	struct buf b;

	buf_init(&b, POST_POLICY_MAX);
	if (!str_b64_decode(&b, base64, strlen(base64), false) || !buf_ok(&b))
		(void)post_policy_fail(rq, "The policy is not base64.");
	else if ((j = nul_json(b.p, b.len, true, JSON_REJECT_DUPLICATES,
	    &e)) == NULL)
		(void)post_policy_fail(rq, arena_printf(&rq->arena,
		    "Policy document parsing error: line %d column %d: %s",
		    e.line, e.column, e.text));
	buf_release(&b);
	return (j);
}

int
post_policy_read(struct req *rq, const char *base64, struct post_policy *p)
{
	json_t *j = post_policy_parse(rq, base64), *c;
	const char *until;
	size_t i;

	if (j == NULL)
		return (-1);
	if (rq->keep == NULL)
		rq->keep = json_array();
	(void)json_array_append_new(rq->keep, j);
	*p = (struct post_policy){ .max = INT64_MAX,
	    .conditions = json_object_get(j, "conditions") };
	until = json_string_value(json_object_get(j, "expiration"));
	if (until == NULL ||
	    clock_parse_rfc3339(until, &p->expires_us) != 0)
		return (post_policy_fail(rq, "The policy has no expiration of "
		    "the form 2020-06-16T11:11:11Z."));
	if (!json_is_array(p->conditions))
		return (post_policy_fail(rq,
		    "The policy has no array of conditions."));
	json_array_foreach(p->conditions, i, c)
		if (post_policy_condition(rq, c, p))
			return (-1);
	if (rq->wall_us > p->expires_us)
		return (post_policy_fail(rq, arena_printf(&rq->arena,
		    "Policy expired at %s.", until)));
	return (0);
}

const char *
post_policy_bucket(const struct post_policy *p)
{
	const char *op, *k, *v;
	const json_t *c;
	size_t i;

	json_array_foreach(p->conditions, i, c) {
		v = json_string_value(json_object_get(c, "bucket"));
		if (v != NULL)
			return (v);
		op = json_string_value(json_array_get(c, 0));
		k = json_string_value(json_array_get(c, 1));
		if (op != NULL && strcasecmp(op, "eq") == 0 && k != NULL &&
		    strcmp(k, "$bucket") == 0)
			return (json_string_value(json_array_get(c, 2)));
	}
	return (NULL);
}

/* ---- the form ---- */

struct post_check {
	struct req *rq;
	const struct post_fields *f;
	const char *key;
	bool	*covered;		/* of each field */
};

static bool
post_policy_is(const char *have, const char *want, bool prefix)
{

	return (prefix ? str_starts(have, want) : strcmp(have, want) == 0);
}

/* One condition on one field.  What is absent counts as empty.  The key may
 * be meant with ${filename} or with the name in its place. */
static bool
post_policy_holds(struct post_check *c, const char *name, const char *want,
    bool prefix)
{
	const char *have = post_field(c->f, name);

	for (size_t i = 0; i < c->f->n; i++)
		if (strcasecmp(c->f->kv[i].k, name) == 0)
			c->covered[i] = true;
	if (strcasecmp(name, "bucket") == 0)
		return (post_policy_is(c->rq->bucket, want, prefix));
	if (strcasecmp(name, "key") == 0)
		return (post_policy_is(c->key, want, prefix) ||
		    post_policy_is(c->rq->object, want, prefix));
	return (post_policy_is(have != NULL ? have : "", want, prefix));
}

/* {"acl": "private"}, with any number of fields. */
static bool
post_policy_equals(struct post_check *c, const json_t *o)
{
	json_t *mut = (json_t *)(uintptr_t)o, *v;
	const char *k, *want;

	json_object_foreach(mut, k, v) {
		want = json_is_integer(v) ? arena_printf(&c->rq->arena,
		    "%" JSON_INTEGER_FORMAT, json_integer_value(v)) :
		    json_string_value(v);
		if (want == NULL || !post_policy_holds(c, k, want, false))
			return (false);
	}
	return (true);
}

static bool
post_policy_one(struct post_check *c, const json_t *cond)
{
	const char *op = json_string_value(json_array_get(cond, 0));

	if (json_is_object(cond))
		return (post_policy_equals(c, cond));
	if (strcasecmp(op, "content-length-range") == 0)
		return (true);		/* once the file has come */
	return (post_policy_holds(c,
	    json_string_value(json_array_get(cond, 1)) + 1,
	    json_string_value(json_array_get(cond, 2)),
	    strcasecmp(op, "starts-with") == 0));
}

/* Fields that prove the policy, and those that say of themselves that nobody
 * reads them. */
static bool
post_policy_exempt(const char *name)
{
	static const char *const names[] = {
		"policy", "signature", "x-goog-signature", "x-amz-signature",
		"GoogleAccessId", "AWSAccessKeyId",
	};

	for (size_t i = 0; i < NELEMS(names); i++)
		if (strcasecmp(name, names[i]) == 0)
			return (true);
	return (strncasecmp(name, "x-ignore-", 9) == 0);
}

static int
post_policy_uncovered(struct post_check *c)
{
	bool any = false;
	struct buf b;

	buf_init(&b, POST_POLICY_MAX);
	buf_adds(&b, "Policy did not reference these fields: ");
	for (size_t i = 0; i < c->f->n; i++) {
		if (c->covered[i] || post_policy_exempt(c->f->kv[i].k))
			continue;
		buf_addf(&b, "%s%s", any ? ", " : "", c->f->kv[i].k);
		any = true;
	}
	if (any)
		(void)post_policy_fail(c->rq, b.p);
	buf_release(&b);
	return (any ? -1 : 0);
}

int
post_policy_check(struct req *rq, const struct post_policy *p,
    const struct post_fields *f, const char *key)
{
	struct post_check c = { .rq = rq, .f = f, .key = key,
	    .covered = arena_alloc(&rq->arena, f->n + 1) };
	const json_t *cond;
	size_t i;
	char *text;

	json_array_foreach(p->conditions, i, cond) {
		if (post_policy_one(&c, cond))
			continue;
		text = json_dumps(cond, JSON_COMPACT);
		BUG_ON(text == NULL);
		(void)post_policy_fail(rq, arena_printf(&rq->arena,
		    "Policy condition failed: %s", text));
		free(text);
		return (-1);
	}
	return (post_policy_uncovered(&c));
}
