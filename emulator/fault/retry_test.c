#include "emulator/fault/retry_test.h"

#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emulator/fault/fault_int.h"
#include "lib/str.h"

#define RETRY_ID	32	/* hex digits */

/* The instructions for one method; those before `used` are gone. */
struct retry_list {
	const char *method;
	json_t	*all;			/* array of strings, borrowed */
	size_t	used;
};

struct retry_test {
	struct retry_test *next;
	char	id[RETRY_ID + 1];
	json_t	*spec;			/* "instructions", as they came */
	struct retry_list *lists;
	size_t	nlists;
	bool	completed, grpc;
};

struct retry_tests {
	pthread_mutex_t lock;
	struct retry_test *oldest;
	int	n;
};

struct retry_tests *
retry_tests_new(void)
{
	struct retry_tests *t = mem_alloc(sizeof(*t));

	BUG_ON(pthread_mutex_init(&t->lock, NULL) != 0);
	return (t);
}

static void
retry_test_free(struct retry_test *t)
{

	json_decref(t->spec);
	free(t->lists);
	free(t);
}

void
retry_tests_free(struct retry_tests *all)
{
	struct retry_test *t;

	while ((t = all->oldest) != NULL) {
		all->oldest = t->next;
		retry_test_free(t);
	}
	(void)pthread_mutex_destroy(&all->lock);
	free(all);
}

static void
retry_lock(struct retry_tests *all)
{

	BUG_ON(pthread_mutex_lock(&all->lock) != 0);
}

static void
retry_unlock(struct retry_tests *all)
{

	BUG_ON(pthread_mutex_unlock(&all->lock) != 0);
}

/* Where the pointer to the test is, or the one at the list's end. */
static struct retry_test **
retry_find(struct retry_tests *all, const char *id)
{
	struct retry_test **p = &all->oldest;

	while (*p != NULL && strcmp((*p)->id, id) != 0)
		p = &(*p)->next;
	return (p);
}

static struct retry_list *
retry_find_list(struct retry_test *t, const char *method)
{

	for (size_t i = 0; i < t->nlists; i++)
		if (strcmp(t->lists[i].method, method) == 0)
			return (&t->lists[i]);
	return (NULL);
}

/* ---- for retry_rule.c ---- */

struct retry_use *
retry_test_head(struct retry_tests *all, const char *id, const char *method,
    struct arena *a, bool *unknown)
{
	struct retry_use *u = NULL;
	struct retry_list *l = NULL;
	struct retry_test *t;

	retry_lock(all);
	t = *retry_find(all, id);
	*unknown = t == NULL;
	if (t != NULL && !t->grpc && method != NULL)
		l = retry_find_list(t, method);
	if (l != NULL && l->used < json_array_size(l->all)) {
		u = arena_alloc(a, sizeof(*u));
		u->id = arena_strdup(a, id);
		u->method = method;
		u->text = arena_strdup(a, json_string_value(
		    json_array_get(l->all, l->used)));
		u->seen = l->used;
	}
	retry_unlock(all);
	return (u);
}

bool
retry_test_use(struct retry_tests *all, const struct retry_use *u)
{
	struct retry_list *l = NULL;
	struct retry_test *t;
	bool mine;

	retry_lock(all);
	t = *retry_find(all, u->id);
	if (t != NULL)
		l = retry_find_list(t, u->method);
	mine = l != NULL && l->used == u->seen;
	if (mine) {
		l->used++;
		t->completed = true;
		for (size_t i = 0; i < t->nlists; i++)
			t->completed = t->completed && t->lists[i].used ==
			    json_array_size(t->lists[i].all);
	}
	retry_unlock(all);
	return (mine);
}

bool
retry_test_live(const struct req *rq)
{

	return (rq->retry_id != NULL);
}

/* ---- the resource ---- */

static json_t *
retry_json(const struct retry_test *t)
{
	json_t *left = json_object(), *a;

	for (size_t i = 0; i < t->nlists; i++) {
		const struct retry_list *l = &t->lists[i];

		a = json_array();
		for (size_t k = l->used; k < json_array_size(l->all); k++)
			(void)json_array_append(a, json_array_get(l->all, k));
		(void)json_object_set_new(left, l->method, a);
	}
	return (json_pack("{s:s, s:o, s:b, s:s}", "id", t->id,
	    "instructions", left, "completed", t->completed, "transport",
	    t->grpc ? "GRPC" : "HTTP"));
}

/* One method and its instructions; -1: a 400 or 501 has been stored. */
static int
retry_check(struct req *rq, const char *method, const json_t *list,
    bool grpc)
{
	const json_t *v;
	size_t i;

	if (!retry_rule_method(method)) {
		req_fail(rq, 400, "invalid", "The method '%s' is none that a "
		    "retry test knows.", method);
		return (-1);
	}
	if (!json_is_array(list)) {
		req_fail(rq, 400, "invalid", "The instructions for '%s' are "
		    "no list.", method);
		return (-1);
	}
	json_array_foreach(list, i, v) {
		const char *s = json_string_value(v);

		if (s != NULL && retry_rule_valid(s))
			continue;
		req_fail(rq, 400, "invalid", "The instruction '%s' for '%s' "
		    "is none that a retry test knows.", s != NULL ? s : "",
		    method);
		return (-1);
	}
	if (grpc && retry_rule_http_only(method)) {
		req_fail(rq, 501, "notImplemented", "'%s' cannot be tested "
		    "by gRPC.", method);
		return (-1);
	}
	return (0);
}

static int
retry_transport(struct req *rq, const json_t *body, bool *grpc)
{
	const json_t *v = json_object_get(body, "transport");
	const char *s = json_is_string(v) ? json_string_value(v) : "";

	*grpc = strcasecmp(s, "GRPC") == 0;
	if (v == NULL || *grpc || strcasecmp(s, "HTTP") == 0)
		return (0);
	req_fail(rq, 400, "invalid", "A retry test's transport is HTTP or "
	    "GRPC.");
	return (-1);
}

static struct retry_test *
retry_test_new(json_t *spec, bool grpc)
{
	struct retry_test *t = mem_alloc(sizeof(*t));
	unsigned char raw[RETRY_ID / 2];
	const char *method;
	json_t *list;

	BUG_ON(RAND_bytes(raw, sizeof(raw)) != 1);
	str_hex(t->id, raw, sizeof(raw));
	t->spec = json_deep_copy(spec);
	BUG_ON(t->spec == NULL);
	t->grpc = grpc;
	t->lists = mem_alloc(json_object_size(spec) * sizeof(*t->lists));
	json_object_foreach(t->spec, method, list) {
		t->lists[t->nlists].method = method;
		t->lists[t->nlists++].all = list;
	}
	return (t);
}

/* At the list's end; the answer is made while nobody can take it off. */
static json_t *
retry_add(struct retry_tests *all, struct retry_test *t)
{
	struct retry_test *old = NULL;
	json_t *j;

	retry_lock(all);
	*retry_find(all, t->id) = t;
	if (++all->n > RETRY_TESTS_MAX) {
		old = all->oldest;
		all->oldest = old->next;
		all->n--;
	}
	j = retry_json(t);
	retry_unlock(all);
	if (old != NULL)
		retry_test_free(old);
	return (j);
}

void
retry_test_create_h(struct req *rq)
{
	static const char none[] = "instructions is not defined";
	json_t *body, *spec, *list;
	const char *method;
	bool grpc;

	if (req_json(rq, &body))
		return;
	spec = json_object_get(body, "instructions");
	if (spec == NULL || json_is_null(spec) ||
	    (json_is_object(spec) && json_object_size(spec) == 0)) {
		req_reply(rq, 400, "text/plain", none, sizeof(none) - 1);
		return;
	}
	if (!json_is_object(spec)) {
		req_fail(rq, 400, "invalid", "A retry test's instructions are "
		    "an object: lists by the names of methods.");
		return;
	}
	if (rq->body.len > RETRY_TEXT_MAX) {
		req_fail(rq, 400, "invalid", "A retry test has no more than "
		    "%d bytes.", RETRY_TEXT_MAX);
		return;
	}
	if (retry_transport(rq, body, &grpc))
		return;
	json_object_foreach(spec, method, list)
		if (retry_check(rq, method, list, grpc))
			return;
	req_reply_json(rq, 200, retry_add(faults_retry(rq->emu->faults),
	    retry_test_new(spec, grpc)));
}

static void
retry_unknown(struct req *rq)
{

	req_fail(rq, 404, "notFound", "There is no retry test %s.",
	    rq->cap[0]);
}

void
retry_test_get_h(struct req *rq)
{
	struct retry_tests *all = faults_retry(rq->emu->faults);
	struct retry_test *t;
	json_t *j = NULL;

	retry_lock(all);
	if ((t = *retry_find(all, rq->cap[0])) != NULL)
		j = retry_json(t);
	retry_unlock(all);
	if (j != NULL)
		req_reply_json(rq, 200, j);
	else
		retry_unknown(rq);
}

void
retry_test_delete_h(struct req *rq)
{
	struct retry_tests *all = faults_retry(rq->emu->faults);
	struct retry_test **p, *t;
	const char *text;

	retry_lock(all);
	p = retry_find(all, rq->cap[0]);
	if ((t = *p) != NULL) {
		*p = t->next;
		all->n--;
	}
	retry_unlock(all);
	if (t == NULL) {
		retry_unknown(rq);
		return;
	}
	text = arena_printf(&rq->arena, "Deleted %s", t->id);
	retry_test_free(t);
	req_reply(rq, 200, "text/plain", text, strlen(text));
}

void
retry_test_list_h(struct req *rq)
{
	struct retry_tests *all = faults_retry(rq->emu->faults);
	json_t *list = json_array();

	retry_lock(all);
	for (const struct retry_test *t = all->oldest; t != NULL; t = t->next)
		(void)json_array_append_new(list, retry_json(t));
	retry_unlock(all);
	req_reply_json(rq, 200, json_pack("{s:o}", "retry_test", list));
}
