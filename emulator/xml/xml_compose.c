/* PUT object?compose of the XML API,
 * https://cloud.google.com/storage/docs/xml-api/put-object-compose . */
#include <string.h>

#include "emulator/api/compose.h"
#include "emulator/api/media.h"
#include "emulator/api/names.h"
#include "emulator/api/uploads.h"
#include "emulator/xml/xml_read.h"
#include "emulator/xml/xml_req.h"
#include "lib/str.h"

static int
xml_compose_malformed(struct req *rq, const char *why)
{

	req_fail(rq, 400, "MalformedComposeRequest", "%s", why);
	return (-1);
}

static int
xml_compose_number(struct req *rq, const struct xml_node *n, const char *name,
    bool *has, int64_t *v)
{
	const char *s = xml_word(&rq->arena, n, name);

	*has = s != NULL;
	if (s == NULL || str_int64(s, v))
		return (0);
	return (xml_compose_malformed(rq, arena_printf(&rq->arena,
	    "%s is not a whole number: '%s'.", name, s)));
}

static int
xml_compose_source(struct req *rq, const struct xml_node *n,
    struct compose_source *s)
{
	static const char *const known[] = { "Name", "Generation",
		"IfGenerationMatch", NULL };
	bool has;

	*s = (struct compose_source){ .name = xml_text(n, "Name") };
	if (s->name == NULL || strcmp(n->name, "Component") != 0 ||
	    !xml_only(n, known))
		return (xml_compose_malformed(rq, "Each element must be a "
		    "Component with a Name."));
	return (names_check_object(rq, s->name) ||
	    xml_compose_number(rq, n, "Generation", &has,
	    &s->cond.generation) ||
	    xml_compose_number(rq, n, "IfGenerationMatch",
	    &s->cond.has_gen_match, &s->cond.gen_match) ? -1 : 0);
}

static int
xml_compose_take(struct req *rq, struct compose *c)
{
	const struct xml_node *root, *n;
	const char *why;
	size_t i = 0;

	root = xml_read(&rq->arena, rq->body.p, rq->body.len, &why);
	if (root == NULL)
		return (xml_compose_malformed(rq, why));
	if (strcmp(root->name, "ComposeRequest") != 0)
		return (xml_compose_malformed(rq,
		    "The root element is not ComposeRequest."));
	for (n = root->child; n != NULL; n = n->next)
		c->n++;
	if (compose_check_count(rq, c->n))
		return (-1);
	for (n = root->child; n != NULL; n = n->next)
		if (xml_compose_source(rq, n, &c->src[i++]))
			return (-1);
	return (0);
}

void
compose_xml_h(struct req *rq)
{
	struct compose c = { .n = 0 };
	struct object o;

	if (xml_check_body(rq) ||
	    req_cond(rq, &c.cond) || names_check_object(rq, rq->object) ||
	    xml_check_document(rq, &c.expect) || xml_compose_take(rq, &c) ||
	    (c.attrs = xml_attrs(rq)) == NULL || compose_run(rq, &c, &o))
		return;
	media_headers_stored(rq, &o);
	req_reply_empty(rq, 200);
}
