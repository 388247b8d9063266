#include "emulator/control/snapshot.h"

#include <pthread.h>

#include "emulator/control/control.h"
#include "emulator/control/gate.h"
#include "emulator/folder/folder.h"
#include "emulator/identity/iam.h"
#include "emulator/store/store_snapshot.h"
#include "lib/log.h"

#define TIMEOUT_MS	10000
#define TIMEOUT_MAX_MS	(3600 * 1000)

/* One at a time, of all four. */
static pthread_mutex_t snapshot_lock = PTHREAD_MUTEX_INITIALIZER;

static json_t *
snapshot_json(const struct snapshot *s)
{
	char created[CLOCK_RFC3339];

	clock_rfc3339(s->created_us, created);
	return (json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}",
	    "name", s->name, "created", created,
	    "mutation", (json_int_t)s->mutation,
	    "buckets", (json_int_t)s->buckets,
	    "objects", (json_int_t)s->objects,
	    "database_bytes", (json_int_t)s->database,
	    "payload_bytes", (json_int_t)s->payloads));
}

/* The reply where it did not go well. */
static void
snapshot_failed(struct req *rq, enum snapshot_rc rc, const char *name,
    struct err *e)
{

	switch (rc) {
	case SNAPSHOT_NONE:
		req_fail(rq, 404, "notFound", "There is no snapshot '%s'.",
		    name);
		break;
	case SNAPSHOT_EXISTS:
		req_fail(rq, 409, "conflict", "There is a snapshot '%s'; "
		    "\"replace\": true replaces it.", name);
		break;
	default:
		log_error("snapshot %s", err_msg(e));
		req_fail(rq, 500, "internalError", "%s", err_msg(e));
	}
}

static int
snapshot_name(struct req *rq, const char *name)
{

	if (name != NULL && store_snapshot_name_ok(name))
		return (0);
	req_fail(rq, 400, "invalid", "The name of a snapshot is 1 to %d "
	    "letters, digits, '-', '_' and '.', and begins with neither of "
	    "'-' and '.'.", SNAPSHOT_NAME);
	return (-1);
}

static int
snapshot_bool(struct req *rq, const json_t *body, const char *k, bool *v)
{
	const json_t *j = json_object_get(body, k);

	*v = json_is_true(j);
	if (j == NULL || json_is_boolean(j))
		return (0);
	req_fail(rq, 400, "invalid", "field '%s' is not a boolean", k);
	return (-1);
}

void
snapshot_list_h(struct req *rq)
{
	struct err e = ERR_INIT;
	json_t *all = json_array();
	struct snapshot *v;
	enum snapshot_rc rc;
	size_t n;

	if (!control_may(rq)) {
		json_decref(all);
		return;
	}
	BUG_ON(pthread_mutex_lock(&snapshot_lock) != 0);
	rc = store_snapshot_list(rq->emu->store, &rq->arena, &v, &n, &e);
	BUG_ON(pthread_mutex_unlock(&snapshot_lock) != 0);
	if (rc != SNAPSHOT_OK) {
		json_decref(all);
		snapshot_failed(rq, rc, "", &e);
		err_release(&e);
		return;
	}
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(all, snapshot_json(&v[i]));
	req_reply_json(rq, 200, json_pack("{s:o}", "snapshots", all));
}

void
snapshot_save_h(struct req *rq)
{
	struct err e = ERR_INIT;
	enum snapshot_rc rc;
	struct snapshot s;
	const char *name;
	json_t *body;
	bool replace;

	if (!control_may(rq) || req_json(rq, &body) != 0)
		return;
	name = json_string_value(json_object_get(body, "name"));
	if (snapshot_name(rq, name) != 0 ||
	    snapshot_bool(rq, body, "replace", &replace) != 0)
		return;
	BUG_ON(pthread_mutex_lock(&snapshot_lock) != 0);
	rc = store_snapshot_save(rq->emu->store, name, replace, &rq->arena,
	    &s, &e);
	BUG_ON(pthread_mutex_unlock(&snapshot_lock) != 0);
	if (rc == SNAPSHOT_OK) {
		log_info("snapshot saved name=%s mutation=%lld objects=%lld",
		    name, (long long)s.mutation, (long long)s.objects);
		req_reply_json(rq, 200, snapshot_json(&s));
	} else
		snapshot_failed(rq, rc, name, &e);
	err_release(&e);
}

/* While the gate is closed. */
static enum snapshot_rc
snapshot_swap(struct req *rq, const char *name, struct snapshot *s,
    struct err *e)
{
	struct emu *emu = rq->emu;
	struct iam_carry *carry;
	enum snapshot_rc rc;

	if (iam_carry_take(emu, &rq->arena, &carry) != STORE_OK) {
		(void)err_set(e, "the store's records cannot be read");
		return (SNAPSHOT_FAILED);
	}
	rc = store_snapshot_load(emu->store, name, &rq->arena, s, e);
	if (rc == SNAPSHOT_OK && iam_carry_put(emu, carry) != STORE_OK)
		log_error("snapshot loaded, but not the tokens given since");
	return (rc);
}

static int
snapshot_timeout(struct req *rq, int64_t *ms)
{
	const json_t *j;
	json_t *body;

	if (req_json(rq, &body) != 0)
		return (-1);
	j = json_object_get(body, "timeout_ms");
	*ms = j != NULL ? json_integer_value(j) : TIMEOUT_MS;
	if ((j == NULL || json_is_integer(j)) && *ms >= 0 &&
	    *ms <= TIMEOUT_MAX_MS)
		return (0);
	req_fail(rq, 400, "invalid", "field 'timeout_ms' is not a number "
	    "from 0 to %d", TIMEOUT_MAX_MS);
	return (-1);
}

void
snapshot_load_h(struct req *rq)
{
	const char *name = rq->cap[0];
	struct gate *gate = rq->emu->gate;
	enum snapshot_rc rc = SNAPSHOT_FAILED;
	struct err e = ERR_INIT;
	int64_t ms, inside;
	struct snapshot s;
	bool alone;

	if (!control_may(rq) || snapshot_name(rq, name) != 0 ||
	    snapshot_timeout(rq, &ms) != 0)
		return;
	BUG_ON(pthread_mutex_lock(&snapshot_lock) != 0);
	if ((alone = gate_close(gate, ms * 1000, &inside))) {
		rc = snapshot_swap(rq, name, &s, &e);
		gate_open(gate);
	}
	BUG_ON(pthread_mutex_unlock(&snapshot_lock) != 0);
	if (!alone)
		req_fail(rq, 409, "conflict", "%lld requests are under way "
		    "and did not end within %lld ms; nothing was changed.",
		    (long long)inside, (long long)ms);
	else if (rc == SNAPSHOT_OK) {
		log_info("snapshot loaded name=%s mutation=%lld", name,
		    (long long)s.mutation);
		req_reply_json(rq, 200, snapshot_json(&s));
	} else
		snapshot_failed(rq, rc, name, &e);
	err_release(&e);
}

/* ---- the same as files ---- */

void
snapshot_export_h(struct req *rq)
{
	struct folder_count n = { .cls = NULL };
	struct err e = ERR_INIT;
	const char *dir;
	int64_t inside;
	json_t *body;

	if (!control_may(rq) || req_json(rq, &body) != 0)
		return;
	dir = json_string_value(json_object_get(body, "dir"));
	if (dir == NULL || *dir != '/') {
		req_fail(rq, 400, "invalid", "field 'dir' is not a path that "
		    "begins with '/'");
		return;
	}
	if (!gate_close(rq->emu->gate, TIMEOUT_MS * 1000, &inside)) {
		req_fail(rq, 409, "conflict", "%lld requests are under way "
		    "and did not end.", (long long)inside);
		return;
	}
	if (folder_save(rq->emu, dir, &n, &e) != 0)
		snapshot_failed(rq, SNAPSHOT_FAILED, dir, &e);
	else
		req_reply_json(rq, 200, json_pack("{s:I, s:I}", "buckets",
		    (json_int_t)n.buckets, "objects", (json_int_t)n.objects));
	gate_open(rq->emu->gate);
	err_release(&e);
}

void
snapshot_delete_h(struct req *rq)
{
	const char *name = rq->cap[0];
	struct err e = ERR_INIT;
	enum snapshot_rc rc;

	if (!control_may(rq) || snapshot_name(rq, name) != 0)
		return;
	BUG_ON(pthread_mutex_lock(&snapshot_lock) != 0);
	rc = store_snapshot_delete(rq->emu->store, name, &e);
	BUG_ON(pthread_mutex_unlock(&snapshot_lock) != 0);
	if (rc == SNAPSHOT_OK)
		req_reply_json(rq, 200, json_object());
	else
		snapshot_failed(rq, rc, name, &e);
	err_release(&e);
}
