#include "emulator/xml/xml_retention.h"

#include <string.h>

#include "emulator/api/objects.h"
#include "emulator/xml/xml_read.h"
#include "emulator/xml/xml_req.h"
#include "emulator/xml/xml_write.h"

static const struct {
	const char *xml, *json;
} modes[] = { { "GOVERNANCE", "Unlocked" }, { "COMPLIANCE", "Locked" } };

static const char *
xml_retention_mode(const char *json)
{

	for (size_t i = 0; json != NULL && i < NELEMS(modes); i++)
		if (strcmp(modes[i].json, json) == 0)
			return (modes[i].xml);
	return (NULL);
}

/* What is neither stays as it is: retention.c will refuse it by name. */
static json_t *
xml_retention_json(const char *mode, const char *until)
{
	json_t *j = json_object();

	for (size_t i = 0; mode != NULL && i < NELEMS(modes); i++)
		if (strcmp(modes[i].xml, mode) == 0)
			mode = modes[i].json;
	if (mode != NULL)
		(void)json_object_set_new(j, "mode", json_string(mode));
	if (until != NULL)
		(void)json_object_set_new(j, "retainUntilTime",
		    json_string(until));
	return (j);
}

void
xml_retention_headers(struct req *rq, json_t *to)
{
	const char *mode = xml_header(rq, "object-lock-mode");
	const char *until = xml_header(rq, "object-lock-retain-until-date");

	if (mode != NULL || until != NULL)
		(void)json_object_set_new(to, "retention",
		    xml_retention_json(mode, until));
}

void
xml_retention_show(struct req *rq, const json_t *attrs)
{
	const json_t *v = json_object_get(attrs, "retention");
	const char *mode = xml_retention_mode(json_string_value(
	    json_object_get(v, "mode")));
	const char *until = json_string_value(json_object_get(v,
	    "retainUntilTime"));
	const char *dress = xml_amz(rq) ? "amz" : "goog";

	if (mode == NULL || until == NULL)
		return;
	req_header_add(rq, arena_printf(&rq->arena, "x-%s-object-lock-mode",
	    dress), mode);
	req_header_add(rq, arena_printf(&rq->arena,
	    "x-%s-object-lock-retain-until-date", dress), until);
}

void
xml_retention_get_h(struct req *rq)
{
	struct store_at at = { rq->as_of };
	const char *mode, *until;
	json_auto_t *j = NULL;
	const json_t *v;
	struct xml_write w;
	struct store_cond c;
	struct object o;
	enum store_rc rc;

	if (xml_check(rq) || req_cond(rq, &c))
		return;
	rc = store_object_get(rq->emu->store, at, rq->bucket, rq->object, &c,
	    &rq->arena, &o);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return;
	}
	j = json_loads(o.attrs, 0, NULL);
	v = json_object_get(j, "retention");
	mode = xml_retention_mode(json_string_value(json_object_get(v,
	    "mode")));
	until = json_string_value(json_object_get(v, "retainUntilTime"));
	xml_write_begin(&w, "Retention", XML_NS_S3);
	if (mode != NULL && until != NULL) {
		xml_write_text(&w, "Mode", mode);
		xml_write_text(&w, "RetainUntilDate", until);
	}
	xml_write_reply(&w, rq, 200);
}

void
xml_retention_put_h(struct req *rq)
{
	static const char *const known[] = { "Mode", "RetainUntilDate", NULL };
	const struct xml_node *root;
	const char *why;
	struct object o;
	json_t *in;

	if (xml_check_body(rq) || req_json_text(rq, "", 0, &in))
		return;
	root = xml_read(&rq->arena, rq->body.p, rq->body.len, &why);
	if (root == NULL || strcmp(root->name, "Retention") != 0 ||
	    !xml_only(root, known)) {
		req_fail(rq, 400, "MalformedXML", "%s", why != NULL ? why :
		    "It must be a Retention with Mode and RetainUntilDate.");
		return;
	}
	/* An empty one takes the retention away. */
	(void)json_object_set_new(in, "retention", root->child == NULL ?
	    json_null() : xml_retention_json(
	    xml_word(&rq->arena, root, "Mode"),
	    xml_word(&rq->arena, root, "RetainUntilDate")));
	xml_flag(rq, "bypass-governance-retention",
	    "overrideUnlockedRetention");
	if (objects_apply(rq, in, true, &o) == 0)
		req_reply_empty(rq, 200);
}
