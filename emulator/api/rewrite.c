/* A rewrite that is told to do only so much in a call, and that really moves
 * bytes in the service (to another location or class), is a record of the store
 * until it is done: what was asked for first, and how far it has come.  The
 * token is that record's key. */
#include "emulator/api/rewrite.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/api/acls.h"
#include "emulator/api/attrs.h"
#include "emulator/api/csek.h"
#include "emulator/api/names.h"
#include "emulator/api/objects.h"
#include "emulator/api/resource.h"
#include "emulator/api/retention.h"
#include "emulator/identity/auth.h"
#include "lib/str.h"

#define KIND		"rewrite"
#define MIB		(1 << 20)
#define WEEK_US		(7 * INT64_C(86400000000))

static int
rewrite_permit(struct req *rq, const struct rewrite *r)
{

	if (auth_need(rq, "storage.objects.create", r->to_bucket, r->to))
		return (-1);
	return (objects_may_overwrite(rq, r->to_bucket, r->to));
}

/* ---- one copy ---- */

static int
rewrite_fail(struct req *rq, const struct rewrite *r, enum store_rc rc)
{

	if (retention_is(rc))
		retention_fail(rq, rc, r->to_bucket, r->to);
	else
		req_fail_rc(rq, rc);
	return (-1);
}

/* The source, as the request's key lets it be read. */
static int
rewrite_source(struct req *rq, const struct rewrite *r, struct object *o)
{
	struct store_at now = { STORE_NOW };
	enum store_rc rc;

	rc = store_object_get(rq->emu->store, now, r->from_bucket, r->from,
	    &r->from_c, &rq->arena, o);
	/* What differs although it should is no news, it is a refusal. */
	if (rc == STORE_NOT_MODIFIED)
		rc = STORE_PRECONDITION;
	if (rc != STORE_OK)
		return (rewrite_fail(rq, r, rc));
	return (csek_check(rq, CSEK_SOURCE, o));
}

static const char *
rewrite_attrs(struct req *rq, const struct rewrite *r,
    const struct object *from)
{
	const char *attrs;

	attrs = r->in != NULL && attrs_object_sets(r->in) ?
	    attrs_object_in(rq, r->to_bucket, r->in) :
	    attrs_object_copy(rq, from->attrs);
	return (attrs == NULL ? NULL : acls_new_object(rq, r->to_bucket,
	    "destinationPredefinedAcl", r->in, attrs));
}

/* Copy that very generation. */
static enum store_rc
rewrite_commit(struct req *rq, const struct rewrite *r,
    const struct object *from, const char *attrs, struct object *out)
{
	struct store_write w = objects_write(rq);
	struct store_cond c = { .generation = from->generation };
	enum store_rc rc;

	rc = store_object_copy(rq->emu->store, &w, r->from_bucket, r->from, &c,
	    r->to_bucket, r->to, &r->to_c, attrs, &rq->arena, out);
	rq->mutation = w.mutation;
	return (rc);
}

int
rewrite_run(struct req *rq, struct rewrite *r, struct object *out)
{
	const char *attrs;
	struct object from;
	enum store_rc rc;

	if (names_check_object(rq, r->to) || rewrite_permit(rq, r))
		return (-1);
	/* An overwrite of the source in between: look again. */
	do {
		if (rewrite_source(rq, r, &from) ||
		    (attrs = rewrite_attrs(rq, r, &from)) == NULL)
			return (-1);
		rc = rewrite_commit(rq, r, &from, attrs, out);
	} while (rc == STORE_NO_OBJECT && r->from_c.generation == 0);
	return (rc == STORE_OK ? 0 : rewrite_fail(rq, r, rc));
}

static int
rewrite_read(struct req *rq, struct rewrite *r)
{
	json_t *in;

	*r = (struct rewrite){ .from_bucket = rq->bucket, .from = rq->object,
		.to_bucket = rq->cap[2], .to = rq->cap[3] };
	if (req_cond_source(rq, &r->from_c) || req_cond(rq, &r->to_c) ||
	    req_json(rq, &in))
		return (-1);
	r->to_c.generation = 0;
	r->in = in;
	return (0);
}

void
rewrite_copy_h(struct req *rq)
{
	struct rewrite r;
	struct object o;

	if (rewrite_read(rq, &r) == 0 && rewrite_run(rq, &r, &o) == 0)
		resource_reply(rq, &o);
}

/* ---- rewrites in several calls ---- */

/* made: what it became, NULL where the token leads on. */
static void
rewrite_answer(struct req *rq, int64_t done, int64_t size,
    const struct object *made, const char *token)
{
	const char *is = made != NULL ? "true" : "false";
	struct jtext w;

	req_json_begin(rq, &w);
	jtext_open(&w, '{');
	jtext_set(&w, "kind", "storage#rewriteResponse");
	jtext_set_num(&w, "totalBytesRewritten", done);
	jtext_set_num(&w, "objectSize", size);
	jtext_key(&w, "done", 4);
	jtext_raw(&w, is, strlen(is));
	if (made != NULL) {
		jtext_key(&w, "resource", 8);
		resource_object(rq, &w, made);
	}
	if (token != NULL)
		jtext_set(&w, "rewriteToken", token);
	jtext_close(&w, '}');
	req_reply_written(rq, 200, &w);
}

/* Has the service to move bytes for this copy? */
static bool
rewrite_moves(struct req *rq, const struct rewrite *r,
    const struct object *from, const char *attrs)
{
	struct store_at now = { STORE_NOW };
	json_t *v[4] = { NULL };	/* buckets, objects */
	const char *place[2], *class[2];
	struct bucket a, b;
	bool moves = false;

	if (store_bucket_get(rq->emu->store, now, r->from_bucket, &rq->arena,
	    &a) != STORE_OK || store_bucket_get(rq->emu->store, now,
	    r->to_bucket, &rq->arena, &b) != STORE_OK)
		return (false);
	v[0] = json_loads(a.attrs, 0, NULL);
	v[1] = json_loads(b.attrs, 0, NULL);
	v[2] = json_loads(from->attrs, 0, NULL);
	v[3] = json_loads(attrs, 0, NULL);
	for (int i = 0; i < 2; i++) {
		place[i] = json_string_value(json_object_get(v[i],
		    "location"));
		class[i] = json_string_value(json_object_get(v[i + 2],
		    "storageClass"));
	}
	if (class[0] == NULL)
		class[0] = "STANDARD";
	if (class[1] == NULL)
		class[1] = json_string_value(json_object_get(v[1],
		    "storageClass"));
	if (class[1] == NULL)
		class[1] = "STANDARD";
	moves = strcmp(class[0], class[1]) != 0 ||
	    (place[0] != NULL && place[1] != NULL &&
	    strcmp(place[0], place[1]) != 0);
	for (int i = 0; i < 4; i++)
		json_decref(v[i]);
	return (moves);
}

/* maxBytesRewrittenPerCall; INT64_MAX where it is not there. */
static int
rewrite_max(struct req *rq, int64_t *max)
{
	bool has;

	*max = INT64_MAX;
	if (req_query_int(rq, "maxBytesRewrittenPerCall", &has, max))
		return (-1);
	if (!has || (*max > 0 && *max % MIB == 0))
		return (0);
	req_fail(rq, 400, "invalid", "maxBytesRewrittenPerCall must be an "
	    "integral multiple of 1 MiB (1048576).");
	return (-1);
}

static int
rewrite_save(struct req *rq, const char *token, json_t *state)
{
	char *text = json_dumps(state, JSON_COMPACT);
	enum store_rc rc;

	rc = store_record_put(rq->emu->store, KIND, token, text, -1, NULL);
	free(text);
	if (rc == STORE_OK)
		return (0);
	req_fail_rc(rq, rc);
	return (-1);
}

/* Does a later call agree with the first one?  It may leave out all but the
 * names.  The body is compared as it was taken. */
static bool
rewrite_agrees(const struct rewrite *r, const json_t *state, int64_t max)
{
	const json_t *body = json_object_get(state, "body");
	const struct { const char *key, *value; } t[] = {
		{ "fromBucket", r->from_bucket }, { "from", r->from },
		{ "toBucket", r->to_bucket }, { "to", r->to },
	};

	for (size_t i = 0; i < NELEMS(t); i++)
		if (strcmp(json_string_value(json_object_get(state,
		    t[i].key)), t[i].value) != 0)
			return (false);
	if (r->from_c.generation != 0 && r->from_c.generation !=
	    json_integer_value(json_object_get(state, "generation")))
		return (false);
	if (json_object_size(r->in) > 0 && !json_equal(
	    (json_t *)(uintptr_t)r->in, (json_t *)(uintptr_t)body))
		return (false);
	return (max == INT64_MAX || max ==
	    json_integer_value(json_object_get(state, "max")));
}

/* The state of the token, with a new reference; NULL: a 400 or 410. */
static json_t *
rewrite_load(struct req *rq, const char *token, const struct rewrite *r,
    int64_t max)
{
	struct record rec;
	enum store_rc rc;
	json_t *state;

	rc = store_record_get(rq->emu->store, KIND, token, &rq->arena, &rec);
	if (rc == STORE_OK) {
		state = json_loads(rec.json, 0, NULL);
		BUG_ON(state == NULL);		/* our own text */
		if (rewrite_agrees(r, state, max))
			return (state);
		json_decref(state);
		req_fail(rq, 400, "invalid", "The rewriteToken belongs to "
		    "another rewrite: source, destination, metadata and "
		    "maxBytesRewrittenPerCall must be those of its first "
		    "call.");
	} else if (rc == STORE_NO_RECORD)
		req_fail(rq, 400, "invalid", "Invalid rewriteToken.");
	else
		req_fail_rc(rq, rc);
	return (NULL);
}

/* Preconditions that a later call does not repeat are those of the first. */
static void
rewrite_conds(struct store_cond *c, const json_t *saved)
{

	if (c->has_gen_match || c->has_gen_not || c->has_meta_match ||
	    c->has_meta_not || saved == NULL)
		return;
	c->has_gen_match = json_unpack((json_t *)(uintptr_t)saved, "{s:I}",
	    "gen", &c->gen_match) == 0;
	c->has_gen_not = json_unpack((json_t *)(uintptr_t)saved, "{s:I}",
	    "genNot", &c->gen_not) == 0;
	c->has_meta_match = json_unpack((json_t *)(uintptr_t)saved, "{s:I}",
	    "meta", &c->meta_match) == 0;
	c->has_meta_not = json_unpack((json_t *)(uintptr_t)saved, "{s:I}",
	    "metaNot", &c->meta_not) == 0;
}

static json_t *
rewrite_conds_save(const struct store_cond *c)
{
	json_t *j = json_object();

	if (c->has_gen_match)
		(void)json_object_set_new(j, "gen",
		    json_integer(c->gen_match));
	if (c->has_gen_not)
		(void)json_object_set_new(j, "genNot",
		    json_integer(c->gen_not));
	if (c->has_meta_match)
		(void)json_object_set_new(j, "meta",
		    json_integer(c->meta_match));
	if (c->has_meta_not)
		(void)json_object_set_new(j, "metaNot",
		    json_integer(c->meta_not));
	return (j);
}

/* The first call of several. */
static void
rewrite_begin(struct req *rq, const struct rewrite *r,
    const struct object *from, const char *attrs, int64_t max)
{
	unsigned char rnd[24];
	char token[2 * sizeof(rnd) + 1];
	json_t *state;

	BUG_ON(RAND_bytes(rnd, sizeof(rnd)) != 1);
	str_hex(token, rnd, sizeof(rnd));
	state = json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:O, s:I, s:I, s:I,"
	    " s:o}", "fromBucket", r->from_bucket, "from", r->from,
	    "toBucket", r->to_bucket, "to", r->to, "generation",
	    (json_int_t)from->generation, "attrs", attrs, "body", r->in,
	    "max", (json_int_t)max, "done", (json_int_t)max, "begun",
	    (json_int_t)clock_wall_us(&rq->emu->clock), "cond",
	    rewrite_conds_save(&r->to_c));
	if (rewrite_save(rq, token, state) == 0)
		rewrite_answer(rq, max, from->size, NULL, token);
	json_decref(state);
}

static void
rewrite_go_on(struct req *rq, struct rewrite *r, const char *token,
    int64_t max)
{
	struct object from, out;
	int64_t done, step;
	enum store_rc rc;
	json_t *state;

	if ((state = rewrite_load(rq, token, r, max)) == NULL)
		return;
	r->from_c = (struct store_cond){ .generation =
	    json_integer_value(json_object_get(state, "generation")) };
	step = json_integer_value(json_object_get(state, "max"));
	done = json_integer_value(json_object_get(state, "done"));
	rewrite_conds(&r->to_c, json_object_get(state, "cond"));
	if (rewrite_source(rq, r, &from)) {
		json_decref(state);
		return;
	}
	if (from.size - done > step) {
		done += step;
		(void)json_object_set_new(state, "done", json_integer(done));
		if (rewrite_save(rq, token, state) == 0)
			rewrite_answer(rq, done, from.size, NULL, token);
		json_decref(state);
		return;
	}
	rc = rewrite_commit(rq, r, &from, arena_strdup(&rq->arena,
	    json_string_value(json_object_get(state, "attrs"))), &out);
	json_decref(state);
	if (rc != STORE_OK) {
		(void)rewrite_fail(rq, r, rc);
		return;
	}
	/* Where that fails the record expires. */
	if (!rq->forget && store_record_delete(rq->emu->store, KIND, token) !=
	    STORE_OK)
		rc = STORE_OK;
	rewrite_answer(rq, out.size, out.size, &out, NULL);
}

void
rewrite_h(struct req *rq)
{
	const char *token = req_query(rq, "rewriteToken"), *attrs;
	struct object from, out;
	struct rewrite r;
	int64_t max;

	if (rewrite_read(rq, &r) || rewrite_max(rq, &max) ||
	    names_check_object(rq, r.to) || rewrite_permit(rq, &r))
		return;
	if (token != NULL && *token != '\0') {
		rewrite_go_on(rq, &r, token, max);
		return;
	}
	if (max != INT64_MAX) {
		if (rewrite_source(rq, &r, &from) ||
		    (attrs = rewrite_attrs(rq, &r, &from)) == NULL)
			return;
		if (from.size > max && rewrite_moves(rq, &r, &from, attrs)) {
			rewrite_begin(rq, &r, &from, attrs, max);
			return;
		}
	}
	if (rewrite_run(rq, &r, &out) == 0)
		rewrite_answer(rq, out.size, out.size, &out, NULL);
}

void
rewrite_expire(struct emu *emu)
{
	int64_t old = clock_wall_us(&emu->clock) - WEEK_US;
	struct arena a = ARENA_INIT;
	struct record *v;
	const char *after = "";
	size_t n = 0;

	while (store_record_list(emu->store, KIND, "", after, 100, &a, &v,
	    &n) == STORE_OK && n > 0) {
		for (size_t i = 0; i < n; i++) {
			json_t *j = json_loads(v[i].json, 0, NULL);
			enum store_rc rc = STORE_OK;

			if (json_integer_value(json_object_get(j, "begun")) <
			    old)
				rc = store_record_delete(emu->store, KIND,
				    v[i].key);
			(void)rc;	/* the next time */
			json_decref(j);
		}
		after = v[n - 1].key;
	}
	arena_release(&a);
}

/* ---- move ---- */

static int
rewrite_may_move(struct req *rq, const char *to)
{

	if (strcmp(rq->object, to) == 0) {
		req_fail(rq, 400, "invalid", "The source and the destination "
		    "of a move must have different names.");
		return (-1);
	}
	if (auth_need(rq, "storage.objects.create", rq->bucket, to))
		return (-1);
	return (objects_may_overwrite(rq, rq->bucket, to));
}

void
rewrite_move_h(struct req *rq)
{
	struct store_write w = objects_write(rq);
	const char *to = rq->cap[2];
	struct store_at now = { STORE_NOW };
	struct store_cond fc, tc;
	struct object o;
	enum store_rc rc;

	if (req_cond_source(rq, &fc) || req_cond(rq, &tc) ||
	    names_check_object(rq, to) || rewrite_may_move(rq, to))
		return;
	rc = store_object_move(rq->emu->store, &w, rq->bucket, rq->object, &fc,
	    to, &tc, &rq->arena, &o);
	rq->mutation = w.mutation;
	if (rc == STORE_OK)
		resource_reply(rq, &o);
	else if (rc == STORE_RETAINED && (store_object_get(rq->emu->store,
	    now, rq->bucket, rq->object, NULL, &rq->arena, &o) != STORE_OK ||
	    o.expires_us <= clock_wall_us(&rq->emu->clock)))
		retention_fail(rq, rc, rq->bucket, to);
	else
		req_fail_rc(rq, rc);
}
