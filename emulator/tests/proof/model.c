#include "emulator/tests/proof/model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/store/checksum.h"
#include "emulator/tests/proof/parts.h"
#include "lib/str.h"

#define TARGET	"/storage/v1/b/" MODEL_BUCKET "/o/"
#define CHUNK	(256u << 10)

const char *const model_ops[OP_N] = {
	"put-small", "put-large", "overwrite", "delete", "compose", "rewrite",
	"upload", "parts", "parts-drop"
};

uint64_t
model_rand(uint64_t *s)
{

	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return (*s);
}

/* n bytes of a seed, from `off` on. */
static void
model_bytes(struct buf *b, uint64_t seed, uint32_t off, uint32_t n)
{
	uint64_t s = seed * 0x9e3779b97f4a7c15u + 1;
	char word[8];

	/* A new start each 4096, so that a chunk needs no run-up. */
	for (uint32_t i = off; i < off + n; i++) {
		if (i % 4096 == 0 || i == off) {
			s = (seed + 1) * 0x9e3779b97f4a7c15u + i / 4096 + 1;
			for (uint32_t k = 0; k < i % 4096 / 8; k++)
				(void)model_rand(&s);
			if (i % 8 != 0) {
				uint64_t v = model_rand(&s);

				memcpy(word, &v, 8);
			}
		}
		if (i % 8 == 0) {
			uint64_t v = model_rand(&s);

			memcpy(word, &v, 8);
		}
		buf_addc(b, word[i % 8]);
	}
}

void
model_content(struct buf *b, const struct version *v)
{

	buf_reset(b);
	for (unsigned i = 0; i < v->nseg; i++)
		model_bytes(b, v->seg[i].seed, 0, v->seg[i].len);
}

void
model_writer(struct writer *w, unsigned n, uint64_t seed, uint32_t large)
{

	*w = (struct writer){ .n = n, .rng = seed * 7919 + n + 1,
	    .large = large };
	wire_init(&w->wire, 0);
	for (unsigned i = 0; i < MODEL_KEYS; i++)
		(void)snprintf(w->keys[i].name, sizeof(w->keys[i].name),
		    "w%u-k%u", n, i);
}

void
model_release(struct writer *w)
{

	wire_release(&w->wire);
}

void
model_port(struct writer *w, int port)
{

	wire_release(&w->wire);
	wire_init(&w->wire, port);
}

/* ---- writing ---- */

int64_t
model_begin(struct writer *w, unsigned slot, const struct version *v)
{
	int64_t event = -1;

	if (slot < MODEL_KEYS) {
		w->keys[slot].pending = *v;
		w->keys[slot].has_pending = true;
	}
	if (w->ear != NULL)
		event = w->ear->sent(w->ear->cls, w, slot, v);
	atomic_store(&w->busy, true);
	return (event);
}

/* The answer is there; `good` and `other` are statuses that acknowledge. */
int
model_end(struct writer *w, unsigned slot, int64_t event, int rc, int good,
    int other)
{

	if (rc != 0)
		return (-1);		/* busy stays: it was cut off */
	atomic_store(&w->busy, false);
	if (w->wire.status != good && w->wire.status != other) {
		(void)snprintf(w->wrong, sizeof(w->wrong), "status %d: %.180s",
		    w->wire.status, w->wire.body.p);
		return (1);
	}
	if (slot < MODEL_KEYS) {
		w->keys[slot].acked = w->keys[slot].pending;
		w->keys[slot].has_pending = false;
	}
	if (w->ear != NULL && event >= 0)
		w->ear->acked(w->ear->cls, w, event);
	atomic_fetch_add(&w->writes, 1);
	return (0);
}

static int
model_put(struct writer *w, unsigned k, uint32_t len)
{
	struct version v = { .there = true, .nseg = 1 };
	struct buf body;
	char target[200];
	int64_t event;
	int rc;

	v.seg[0].seed = model_rand(&w->rng);
	v.seg[0].len = len;
	buf_init(&body, 64u << 20);
	model_content(&body, &v);
	(void)snprintf(target, sizeof(target), "/upload/storage/v1/b/"
	    MODEL_BUCKET "/o?uploadType=media&name=%s", w->keys[k].name);
	event = model_begin(w, k, &v);
	rc = wire_do(&w->wire, "POST", target,
	    "Content-Type: application/octet-stream\r\n", body.p, body.len);
	buf_release(&body);
	return (model_end(w, k, event, rc, 200, 200));
}

static int
model_delete(struct writer *w, unsigned k)
{
	struct version v = { .there = false };
	char target[100];
	int64_t event;
	int rc;

	(void)snprintf(target, sizeof(target), TARGET "%s", w->keys[k].name);
	event = model_begin(w, k, &v);
	rc = wire_do(&w->wire, "DELETE", target, NULL, NULL, 0);
	return (model_end(w, k, event, rc, 204,
	    w->keys[k].acked.there ? 204 : 404));
}

static int
model_compose(struct writer *w, unsigned dst, unsigned a, unsigned b)
{
	struct version v = w->keys[a].acked;
	const struct version *vb = &w->keys[b].acked;
	char target[100], body[200];
	int64_t event;
	int rc;

	for (unsigned i = 0; i < vb->nseg; i++)
		v.seg[v.nseg++] = vb->seg[i];
	(void)snprintf(target, sizeof(target), TARGET "%s/compose",
	    w->keys[dst].name);
	(void)snprintf(body, sizeof(body), "{\"sourceObjects\":[{\"name\":"
	    "\"%s\"},{\"name\":\"%s\"}]}", w->keys[a].name, w->keys[b].name);
	event = model_begin(w, dst, &v);
	rc = wire_do(&w->wire, "POST", target,
	    "Content-Type: application/json\r\n", body, strlen(body));
	return (model_end(w, dst, event, rc, 200, 200));
}

static int
model_rewrite(struct writer *w, unsigned dst, unsigned src)
{
	char target[200];
	int64_t event;
	int rc;

	(void)snprintf(target, sizeof(target), TARGET "%s/rewriteTo/b/"
	    MODEL_BUCKET "/o/%s", w->keys[src].name, w->keys[dst].name);
	event = model_begin(w, dst, &w->keys[src].acked);
	rc = wire_do(&w->wire, "POST", target, NULL, NULL, 0);
	return (model_end(w, dst, event, rc, 200, 200));
}

static int
model_upload_start(struct writer *w, unsigned k)
{
	char target[200], where[700], *p;
	int rc;

	if (w->parts.id[0] != '\0' && k == w->parts.key)
		k = (k + 1) % MODEL_KEYS;
	(void)snprintf(target, sizeof(target), "/upload/storage/v1/b/"
	    MODEL_BUCKET "/o?uploadType=resumable&name=%s", w->keys[k].name);
	atomic_store(&w->busy, true);
	rc = wire_do(&w->wire, "POST", target, NULL, NULL, 0);
	rc = model_end(w, MODEL_START, -1, rc, 200, 200);
	if (rc != 0)
		return (rc);
	if (!wire_header(&w->wire, "Location", where, sizeof(where)) ||
	    (p = strstr(where, "/upload/")) == NULL ||
	    strlen(p) >= sizeof(w->up.url)) {
		(void)snprintf(w->wrong, sizeof(w->wrong), "no Location");
		return (1);
	}
	w->up = (struct upload){ .key = k, .v = { .there = true, .nseg = 1 } };
	(void)snprintf(w->up.url, sizeof(w->up.url), "%s", p);
	w->up.v.seg[0].seed = model_rand(&w->rng);
	w->up.v.seg[0].len = 2 * CHUNK + (uint32_t)(model_rand(&w->rng) %
	    CHUNK);
	return (0);
}

/* Start, two chunks, the last one: a step a call. */
static int
model_upload(struct writer *w)
{
	struct upload *u = &w->up;
	uint32_t total, n, at = (uint32_t)u->acked;
	unsigned slot = MODEL_UPLOAD;
	int64_t event;
	struct buf body;
	char range[100];
	bool last;
	int rc;

	if (u->url[0] == '\0')
		return (model_upload_start(w,
		    (unsigned)(model_rand(&w->rng) % MODEL_KEYS)));
	total = u->v.seg[0].len;
	last = total - at <= CHUNK;
	n = last ? total - at : CHUNK;
	if (last)
		slot = u->key;
	buf_init(&body, CHUNK + 1);
	model_bytes(&body, u->v.seg[0].seed, at, n);
	if (n == 0)			/* all of it survived, unfinished */
		(void)snprintf(range, sizeof(range),
		    "Content-Range: bytes */%u\r\n", total);
	else if (last)
		(void)snprintf(range, sizeof(range), "Content-Range: bytes "
		    "%u-%u/%u\r\n", at, at + n - 1, total);
	else
		(void)snprintf(range, sizeof(range), "Content-Range: bytes "
		    "%u-%u/*\r\n", at, at + n - 1);
	u->sent = at + n;
	event = model_begin(w, slot, &u->v);
	rc = wire_do(&w->wire, "PUT", u->url, range, body.p, body.len);
	buf_release(&body);
	rc = model_end(w, slot, event, rc, last ? 200 : 308,
	    last ? 200 : 308);
	if (rc == 0 && last)
		u->url[0] = '\0';
	else if (rc == 0)
		u->acked = at + n;
	return (rc);
}

/* A key that is there; MODEL_KEYS: none is. */
static unsigned
model_there(struct writer *w, unsigned segs)
{
	unsigned from = (unsigned)(model_rand(&w->rng) % MODEL_KEYS);

	for (unsigned i = 0; i < MODEL_KEYS; i++) {
		const struct key *k = &w->keys[(from + i) % MODEL_KEYS];

		if (k->acked.there && k->acked.nseg <= segs)
			return ((from + i) % MODEL_KEYS);
	}
	return (MODEL_KEYS);
}

int
model_do(struct writer *w, enum model_op op)
{
	unsigned k = (unsigned)(model_rand(&w->rng) % MODEL_KEYS);
	unsigned a = model_there(w, MODEL_SEGS / 2);
	unsigned b = model_there(w, MODEL_SEGS / 2);

	w->wrong[0] = '\0';
	/* A key is nobody else's while an upload is to become it. */
	if (w->up.url[0] != '\0' && k == w->up.key)
		k = (k + 1) % MODEL_KEYS;
	switch (op) {
	case OP_PUT_LARGE:
		return (model_put(w, k, w->large));
	case OP_OVERWRITE:
		return (model_put(w, a < MODEL_KEYS && a != w->up.key ? a : k,
		    4096));
	case OP_DELETE:
		return (model_delete(w, k));
	case OP_COMPOSE:
		if (a < MODEL_KEYS && b < MODEL_KEYS)
			return (model_compose(w, k, a, b));
		break;
	case OP_REWRITE:
		if (a < MODEL_KEYS)
			return (model_rewrite(w, k, a));
		break;
	case OP_UPLOAD:
		return (model_upload(w));
	case OP_PARTS:
	case OP_PARTS_DROP:
		return (parts_do(w, op == OP_PARTS_DROP));
	default:
		break;
	}
	return (model_put(w, k, 10 + (uint32_t)(model_rand(&w->rng) % 4096)));
}

enum model_op
model_pick(struct writer *w)
{

	return ((enum model_op)(model_rand(&w->rng) % OP_N));
}

/* ---- checking ---- */

static bool
model_is(struct wire *w, const struct version *v, struct buf *room)
{
	uint32_t crc;
	char text[128], want[9];

	if (!v->there || w->status != 200)
		return (!v->there && w->status == 404);
	model_content(room, v);
	if (room->len != w->body.len ||
	    memcmp(room->p, w->body.p, room->len) != 0)
		return (false);
	crc = checksum_crc32c(0, room->p, room->len);
	checksum_crc32c_b64(want, crc);
	return (wire_header(w, "x-goog-hash", text, sizeof(text)) &&
	    strstr(text, want) != NULL);
}

bool
model_check_key(struct wire *w, struct key *k, struct buf *why)
{
	char target[100];
	struct buf room;
	bool ok = true;

	(void)snprintf(target, sizeof(target), "/" MODEL_BUCKET "/%s",
	    k->name);
	buf_init(&room, 64u << 20);
	if (wire_do(w, "GET", target, NULL, NULL, 0) != 0) {
		buf_addf(why, "%s: the connection broke; ", k->name);
		ok = false;
	} else if (k->has_pending && model_is(w, &k->pending, &room))
		k->acked = k->pending;
	else if (!model_is(w, &k->acked, &room)) {
		buf_addf(why, "%s: status %d, %zu bytes, where %s%s was "
		    "acknowledged; ", k->name, w->status, w->body.len,
		    k->acked.there ? "an object" : "nothing",
		    k->has_pending ? " (and a write under way)" : "");
		ok = false;
	}
	k->has_pending = false;
	buf_release(&room);
	return (ok);
}

bool
model_check_upload(struct wire *w, const struct upload *u, int64_t *persisted,
    struct buf *why)
{
	char range[64];

	*persisted = 0;
	if (wire_do(w, "PUT", u->url, "Content-Range: bytes */*\r\n", NULL,
	    0) != 0 || (w->status != 308 && w->status != 200)) {
		buf_addf(why, "upload: status %d; ", w->status);
		return (false);
	}
	if (w->status == 200) {
		*persisted = -1;
		return (true);
	}
	if (wire_header(w, "Range", range, sizeof(range)) &&
	    sscanf(range, "bytes=0-%" SCNd64, persisted) == 1)
		(*persisted)++;
	if (*persisted >= u->acked && *persisted <= u->sent)
		return (true);
	buf_addf(why, "upload: %lld bytes persisted, %lld acknowledged, %lld "
	    "sent; ", (long long)*persisted, (long long)u->acked,
	    (long long)u->sent);
	return (false);
}

bool
model_check(struct writer *w, struct buf *why)
{
	int64_t persisted;
	bool ok = true;

	for (unsigned i = 0; i < MODEL_KEYS; i++)
		ok = model_check_key(&w->wire, &w->keys[i], why) && ok;
	atomic_store(&w->busy, false);
	ok = parts_check(&w->wire, &w->parts, &w->keys[w->parts.key], why) &&
	    ok;
	if (w->up.url[0] == '\0')
		return (ok);
	ok = model_check_upload(&w->wire, &w->up, &persisted, why) && ok;
	if (persisted < 0)
		w->up.url[0] = '\0';	/* it had been finished */
	else
		w->up.acked = persisted;
	return (ok);
}

bool
model_bucket(struct wire *w, bool soft)
{
	const char *body = soft ? "{\"name\":\"" MODEL_BUCKET "\"}" :
	    "{\"name\":\"" MODEL_BUCKET "\",\"softDeletePolicy\":"
	    "{\"retentionDurationSeconds\":0}}";

	return (wire_do(w, "POST", "/storage/v1/b?project=litedrill",
	    "Content-Type: application/json\r\n", body, strlen(body)) ==
	    0 && (w->status == 200 || w->status == 409));
}

bool
model_empty(struct writer *w, struct buf *why)
{
	bool ok = parts_empty(&w->wire, why);

	w->parts.id[0] = '\0';
	if (w->up.url[0] != '\0' && (wire_do(&w->wire, "DELETE", w->up.url,
	    NULL, NULL, 0) != 0 || w->wire.status != 499)) {
		buf_addf(why, "upload: deleted with status %d; ",
		    w->wire.status);
		ok = false;
	}
	w->up.url[0] = '\0';
	for (unsigned k = 0; k < MODEL_KEYS; k++)
		if (model_delete(w, k) != 0) {
			buf_addf(why, "%s: deleted with status %d; ",
			    w->keys[k].name, w->wire.status);
			ok = false;
		}
	return (ok);
}
