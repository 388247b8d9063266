#include "emulator/tests/proof/parts.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/store/checksum.h"
#include "lib/str.h"

#define LARGE	(5u << 20)		/* what all parts but the last need */

/* ---- doing ---- */

/* The text of the first such element from p on. */
static bool
parts_element(const char *p, const char *name, char *dst, size_t room)
{
	size_t n;

	p = strstr(p, name);
	if (p == NULL)
		return (false);
	p += strlen(name);
	n = strcspn(p, "<");
	if (n >= room)
		return (false);
	memcpy(dst, p, n);
	dst[n] = '\0';
	return (true);
}

static int
parts_start(struct writer *w)
{
	struct parts *p = &w->parts;
	struct version none = { .there = false };
	char target[100], id[80];
	int64_t event;
	int rc;

	p->key = (unsigned)(model_rand(&w->rng) % MODEL_KEYS);
	if (w->up.url[0] != '\0' && p->key == w->up.key)
		p->key = (p->key + 1) % MODEL_KEYS;
	(void)snprintf(target, sizeof(target), "/" MODEL_BUCKET "/%s?uploads",
	    w->keys[p->key].name);
	event = model_begin(w, MODEL_PARTS, &none);
	rc = wire_do(&w->wire, "POST", target, NULL, NULL, 0);
	if (rc == 0 && w->wire.status == 200 && parts_element(w->wire.body.p,
	    "<UploadId>", id, sizeof(id))) {
		memcpy(p->id, id, sizeof(id));
		p->step = 0;
		memset(p->part, 0, sizeof(p->part));
	}
	return (model_end(w, MODEL_PARTS, event, rc, 200, 200));
}

static int
parts_put(struct writer *w, unsigned i, uint32_t len)
{
	struct parts *p = &w->parts;
	struct version v = { .there = true, .nseg = 1 };
	struct buf body;
	char target[200];
	int64_t event;
	int rc;

	v.seg[0].seed = model_rand(&w->rng);
	v.seg[0].len = len;
	buf_init(&body, LARGE + 1);
	model_content(&body, &v);
	(void)snprintf(target, sizeof(target), "/" MODEL_BUCKET
	    "/%s?partNumber=%u&uploadId=%s", w->keys[p->key].name, i + 1,
	    p->id);
	p->pending = v;
	p->putting = i + 1;
	event = model_begin(w, MODEL_PARTS, &v);
	rc = wire_do(&w->wire, "PUT", target, NULL, body.p, body.len);
	buf_release(&body);
	if (rc == 0 && w->wire.status == 200) {
		p->part[i] = v;
		p->putting = 0;
		p->step++;
	}
	return (model_end(w, MODEL_PARTS, event, rc, 200, 200));
}

static void
parts_md5(const struct version *v, char hex[33])
{
	struct checksum_md5 *m = checksum_md5_new();
	unsigned char md5[16];
	struct buf b;

	buf_init(&b, LARGE + 1);
	model_content(&b, v);
	checksum_md5_add(m, b.p, b.len);
	checksum_md5_get(m, md5);
	checksum_md5_free(m);
	buf_release(&b);
	str_hex(hex, md5, sizeof(md5));
}

/* The parts that the completion names are those which `whole` is of: the
 * first, where it is large enough to be followed, and the second. */
static bool
parts_named(const struct parts *p, unsigned i)
{

	return (i == 1 || (i == 0 && p->part[0].seg[0].len >= LARGE));
}

static int
parts_complete(struct wire *w, const struct parts *p, const char *key)
{
	char target[200], hex[33];
	struct buf body;
	int rc;

	buf_init(&body, 4096);
	buf_adds(&body, "<CompleteMultipartUpload>");
	for (unsigned i = 0; i < PARTS; i++)
		if (parts_named(p, i)) {
			parts_md5(&p->part[i], hex);
			buf_addf(&body, "<Part><PartNumber>%u</PartNumber>"
			    "<ETag>\"%s\"</ETag></Part>", i + 1, hex);
		}
	buf_adds(&body, "</CompleteMultipartUpload>");
	(void)snprintf(target, sizeof(target), "/" MODEL_BUCKET
	    "/%s?uploadId=%s", key, p->id);
	rc = wire_do(w, "POST", target, "Content-Type: application/xml\r\n",
	    body.p, body.len);
	buf_release(&body);
	return (rc);
}

static void
parts_over(struct parts *p, const char *key)
{

	memcpy(p->gone, p->id, sizeof(p->gone));
	(void)snprintf(p->gone_key, sizeof(p->gone_key), "%s", key);
	p->id[0] = '\0';
	p->completing = p->dropping = false;
}

static int
parts_finish(struct writer *w)
{
	struct parts *p = &w->parts;
	int64_t event;
	int rc;

	p->whole = (struct version){ .there = true };
	for (unsigned i = 0; i < PARTS; i++)
		if (parts_named(p, i))
			p->whole.seg[p->whole.nseg++] = p->part[i].seg[0];
	p->completing = true;
	event = model_begin(w, p->key, &p->whole);
	rc = parts_complete(&w->wire, p, w->keys[p->key].name);
	if (rc == 0 && w->wire.status == 200)
		parts_over(p, w->keys[p->key].name);
	return (model_end(w, p->key, event, rc, 200, 200));
}

static int
parts_drop(struct writer *w)
{
	struct parts *p = &w->parts;
	struct version none = { .there = false };
	char target[200];
	int64_t event;
	int rc;

	(void)snprintf(target, sizeof(target), "/" MODEL_BUCKET
	    "/%s?uploadId=%s", w->keys[p->key].name, p->id);
	p->dropping = true;
	event = model_begin(w, MODEL_PARTS, &none);
	rc = wire_do(&w->wire, "DELETE", target, NULL, NULL, 0);
	if (rc == 0 && w->wire.status == 204)
		parts_over(p, w->keys[p->key].name);
	return (model_end(w, MODEL_PARTS, event, rc, 204, 204));
}

int
parts_do(struct writer *w, bool drop)
{
	struct parts *p = &w->parts;
	uint32_t small = 10 + (uint32_t)(model_rand(&w->rng) % 150000);

	if (p->id[0] == '\0')
		return (parts_start(w));
	switch (p->step) {
	case 0:
		return (parts_put(w, 0, !drop && model_rand(&w->rng) %
		    w->parts_large == 0 ? LARGE : small));
	case 1:
		return (parts_put(w, 1, small));
	case 2:		/* the second once more, or one to be left out */
		return (parts_put(w, 1 + (unsigned)(model_rand(&w->rng) % 2),
		    small));
	default:
		return (drop ? parts_drop(w) : parts_finish(w));
	}
}

/* ---- checking ---- */

static bool
parts_same(const struct version *a, const struct version *b)
{

	if (a->there != b->there || a->nseg != b->nseg)
		return (false);
	for (unsigned i = 0; i < a->nseg; i++)
		if (a->seg[i].seed != b->seg[i].seed ||
		    a->seg[i].len != b->seg[i].len)
			return (false);
	return (true);
}

static bool
parts_bad(struct buf *why, const struct wire *w, const char *what)
{

	buf_addf(why, "parts: %s (status %d); ", what, w->status);
	return (false);
}

/* The ETag under which the answer lists that part; "" where it does not. */
static void
parts_listed(const struct wire *w, unsigned number, char hex[33])
{
	char mark[40], etag[64];
	const char *p;

	(void)snprintf(mark, sizeof(mark), "<PartNumber>%u<", number);
	p = strstr(w->body.p, mark);
	hex[0] = '\0';
	if (p == NULL || !parts_element(p, "<ETag>", etag, sizeof(etag)))
		return;
	p = etag;
	while (*p != '\0' && !isxdigit((unsigned char)*p))
		p++;
	(void)snprintf(hex, 33, "%.32s", p);
}

/* Of the upload that has just been listed. */
static bool
parts_check_list(const struct wire *w, struct parts *p, struct buf *why)
{
	char have[33], acked[33], pending[33];

	for (unsigned i = 0; i < PARTS; i++) {
		acked[0] = pending[0] = '\0';
		parts_listed(w, i + 1, have);
		if (p->part[i].there)
			parts_md5(&p->part[i], acked);
		if (p->putting == i + 1)
			parts_md5(&p->pending, pending);
		if (p->putting == i + 1 && strcmp(have, pending) == 0)
			p->part[i] = p->pending;
		else if (strcmp(have, acked) != 0) {
			buf_addf(why, "part %u is \"%s\", where \"%s\" was "
			    "acknowledged; ", i + 1, have, acked);
			return (false);
		}
	}
	return (true);
}

static bool
parts_list(struct wire *w, const char *key, const char *id)
{
	char target[200];

	(void)snprintf(target, sizeof(target), "/" MODEL_BUCKET
	    "/%s?uploadId=%s", key, id);
	return (wire_do(w, "GET", target, NULL, NULL, 0) == 0);
}

/* A completion that was under way is asked for again. */
static bool
parts_check_again(struct wire *w, struct parts *p, struct key *k, bool made,
    struct buf *why)
{
	bool ok;

	k->pending = p->whole;
	k->has_pending = true;
	if (parts_complete(w, p, k->name) != 0 ||
	    w->status != (made ? 404 : 200))
		return (parts_bad(why, w, "the answer to a second "
		    "completion"));
	ok = model_check_key(w, k, why);
	return (ok && (parts_same(&k->acked, &p->whole) ||
	    parts_bad(why, w, "completed without an object")));
}

bool
parts_check(struct wire *w, struct parts *p, struct key *k, struct buf *why)
{
	bool made = p->completing && parts_same(&k->acked, &p->whole);
	bool there, ok = true;

	if (p->gone[0] != '\0' && (!parts_list(w, p->gone_key, p->gone) ||
	    w->status != 404))
		ok = parts_bad(why, w, "an upload that had ended");
	if (p->id[0] == '\0')
		return (ok);
	if (!parts_list(w, k->name, p->id) ||
	    (w->status != 200 && w->status != 404))
		return (parts_bad(why, w, "cannot be listed"));
	there = w->status == 200;
	if (there && made)
		ok = parts_bad(why, w, "the object, and still its upload");
	else if (!there && !made && !p->dropping)
		ok = parts_bad(why, w, "the upload is gone");
	else if (there)
		ok = parts_check_list(w, p, why) && ok;
	p->putting = 0;
	p->dropping = false;
	if (p->completing) {
		ok = parts_check_again(w, p, k, made, why) && ok;
		there = false;
	}
	if (!there)
		parts_over(p, k->name);
	return (ok);
}

bool
parts_empty(struct wire *w, struct buf *why)
{
	char target[200], id[80], key[40];

	for (;;) {
		if (wire_do(w, "GET", "/" MODEL_BUCKET "?uploads", NULL, NULL,
		    0) != 0 || w->status != 200)
			return (parts_bad(why, w, "uploads cannot be listed"));
		if (!parts_element(w->body.p, "<UploadId>", id, sizeof(id)) ||
		    !parts_element(w->body.p, "<Key>", key, sizeof(key)))
			return (true);
		(void)snprintf(target, sizeof(target), "/" MODEL_BUCKET
		    "/%s?uploadId=%s", key, id);
		if (wire_do(w, "DELETE", target, NULL, NULL, 0) != 0 ||
		    w->status != 204)
			return (parts_bad(why, w, "cannot be aborted"));
	}
}
