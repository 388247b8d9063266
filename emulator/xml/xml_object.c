#include "emulator/xml/xml_object.h"

#include <inttypes.h>
#include <string.h>

#include "emulator/api/media.h"
#include "emulator/api/names.h"
#include "emulator/api/objects.h"
#include "emulator/xml/xml_read.h"
#include "emulator/xml/xml_req.h"
#include "emulator/xml/xml_write.h"
#include "lib/str.h"

#define DELETE_MAX	1000

void
xml_get_h(struct req *rq)
{

	if (xml_check(rq) == 0 && names_check_object(rq, rq->object) == 0)
		media_get_h(rq);
}

void
xml_delete_h(struct req *rq)
{

	if (xml_check(rq) == 0 && names_check_object(rq, rq->object) == 0)
		objects_delete_h(rq);
}

/* ---- many at once ---- */

static int
xml_delete_malformed(struct req *rq, const char *why)
{

	req_fail(rq, 400, "MalformedMultiObjectDeleteRequest", "%s", why);
	return (-1);
}

/* The document, checked as a whole before anything is deleted. */
static const struct xml_node *
xml_delete_take(struct req *rq)
{
	static const char *const top[] = { "Object", "Quiet", NULL };
	static const char *const object[] = { "Key", "VersionId", NULL };
	const struct xml_node *root, *n;
	const char *why;
	size_t count = 0;

	root = xml_read(&rq->arena, rq->body.p, rq->body.len, &why);
	if (root != NULL && (strcmp(root->name, "Delete") != 0 ||
	    !xml_only(root, top) || xml_child(root, "Object") == NULL))
		why = "It must be a Delete with Objects.";
	n = why == NULL ? xml_child(root, "Object") : NULL;
	for (; n != NULL; n = xml_again(n), count++)
		if (!xml_only(n, object) || xml_text(n, "Key") == NULL)
			why = "An Object has a Key, perhaps a VersionId, and "
			    "nothing else.";
	if (why != NULL) {
		(void)xml_delete_malformed(rq, why);
		return (NULL);
	}
	if (count > DELETE_MAX) {
		req_fail(rq, 400, "InvalidMultiObjectDeleteRequest",
		    "The request names %zu objects; the most are %d.", count,
		    DELETE_MAX);
		return (NULL);
	}
	return (root);
}

static void
xml_delete_error(struct xml_write *w, const char *key, const char *version,
    const char *code, const char *message)
{

	xml_write_open(w, "Error");
	xml_write_text(w, "Key", key);
	if (version != NULL)
		xml_write_text(w, "VersionId", version);
	xml_write_text(w, "Code", code);
	xml_write_text(w, "Message", message);
	xml_write_close(w, "Error");
}

/* One of them.  What is not there is as good as deleted. */
static void
xml_delete_one(struct req *rq, const struct xml_node *n, bool quiet,
    struct xml_write *w)
{
	const char *version = xml_word(&rq->arena, n, "VersionId");
	const char *key = xml_text(n, "Key"), *fault;
	struct store_write sw = objects_write(rq);
	struct store_cond c = { .generation = 0 };
	enum store_rc rc;

	fault = names_object_fault(key);
	if (fault != NULL) {
		xml_delete_error(w, key, version, "InvalidObjectName", fault);
		return;
	}
	if (version != NULL && (!str_int64(version, &c.generation) ||
	    c.generation < 1)) {
		xml_delete_error(w, key, version, "InvalidArgument",
		    "Invalid argument.");
		return;
	}
	rc = store_object_delete(rq->emu->store, &sw, rq->bucket, key, &c);
	if (sw.mutation != 0)
		rq->mutation = sw.mutation;
	if (rc == STORE_HELD_TEMPORARY || rc == STORE_HELD_EVENT)
		xml_delete_error(w, key, version, "ObjectUnderActiveHold",
		    "The object is under active hold.");
	else if (rc == STORE_RETAINED)
		xml_delete_error(w, key, version, "RetentionPolicyNotMet",
		    "The object is subject to a retention policy.");
	else if (rc != STORE_OK && rc != STORE_NO_OBJECT)
		xml_delete_error(w, key, version, "InternalError",
		    "We encountered an internal error. Please try again.");
	else if (!quiet) {
		xml_write_open(w, "Deleted");
		xml_write_text(w, "Key", key);
		if (version != NULL)
			xml_write_text(w, "VersionId", version);
		xml_write_close(w, "Deleted");
	}
}

void
xml_delete_many_h(struct req *rq)
{
	struct store_at now = { STORE_NOW };
	struct store_expect x = { .has_md5 = false };
	const struct xml_node *root, *n;
	const char *quiet;
	struct xml_write w;
	struct bucket b;
	enum store_rc rc;

	if (xml_check_body(rq) || xml_check_document(rq, &x) ||
	    (root = xml_delete_take(rq)) == NULL)
		return;
	rc = store_bucket_get(rq->emu->store, now, rq->bucket, &rq->arena, &b);
	if (rc == STORE_OK && b.view_of != NULL)
		rc = STORE_READ_ONLY;
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return;
	}
	quiet = xml_word(&rq->arena, root, "Quiet");
	xml_write_begin(&w, "DeleteResult", XML_NS_S3);
	for (n = xml_child(root, "Object"); n != NULL; n = xml_again(n))
		xml_delete_one(rq, n, quiet != NULL &&
		    strcmp(quiet, "true") == 0, &w);
	xml_write_reply(&w, rq, 200);
}
