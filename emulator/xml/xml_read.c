#include "emulator/xml/xml_read.h"

#include <ctype.h>
#include <expat.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/buf.h"

struct xml_open {
	struct xml_node *node, *last;	/* last: its youngest child */
	struct buf text;
};

struct xml_reader {
	XML_Parser parser;
	struct arena *a;
	struct xml_open open[XML_READ_DEPTH];
	int	depth;
	size_t	nodes;
	struct xml_node *root;
	const char *why;
};

static void
xml_stop(struct xml_reader *r, const char *why)
{

	if (r->why == NULL)
		r->why = why;
	(void)XML_StopParser(r->parser, XML_FALSE);
}

/* "URI|name" to its name; NULL where the namespace is a foreign one. */
static const char *
xml_local(const char *name)
{
	static const char *const known[] = {
		"http://s3.amazonaws.com/doc/2006-03-01/",
		"http://doc.s3.amazonaws.com/2006-03-01",
		"http://doc.s3.amazonaws.com/2006-03-01/",
	};
	const char *bar = strrchr(name, '|');

	if (bar == NULL)
		return (name);
	for (size_t i = 0; i < NELEMS(known); i++)
		if (strlen(known[i]) == (size_t)(bar - name) &&
		    memcmp(name, known[i], (size_t)(bar - name)) == 0)
			return (bar + 1);
	return (NULL);
}

static const char *const *
xml_take_attrs(struct xml_reader *r, const XML_Char **attrs)
{
	const char **v;
	size_t n = 0;

	while (attrs[n] != NULL)
		n++;
	v = arena_alloc(r->a, (n + 1) * sizeof(*v));
	for (size_t i = 0; i < n; i++) {
		const char *bar = i % 2 == 0 ? strrchr(attrs[i], '|') : NULL;

		v[i] = arena_strdup(r->a, bar != NULL ? bar + 1 : attrs[i]);
	}
	return (v);
}

static void XMLCALL
xml_element_start(void *cls, const XML_Char *name, const XML_Char **attrs)
{
	struct xml_reader *r = cls;
	struct xml_node *n;
	struct xml_open *up;
	const char *local = xml_local(name);

	if (r->why != NULL)
		return;
	if (local == NULL || r->depth == XML_READ_DEPTH ||
	    r->nodes++ == XML_READ_NODES) {
		xml_stop(r, local == NULL ? "an element is of a foreign "
		    "namespace" : r->depth == XML_READ_DEPTH ?
		    "elements are nested too deep" : "too many elements");
		return;
	}
	n = arena_alloc(r->a, sizeof(*n));
	n->name = arena_strdup(r->a, local);
	n->text = "";
	n->attrs = xml_take_attrs(r, attrs);
	if (r->depth > 0) {
		up = &r->open[r->depth - 1];
		*(up->last != NULL ? &up->last->next : &up->node->child) = n;
		up->last = n;
	} else
		r->root = n;
	r->open[r->depth].node = n;
	r->open[r->depth].last = NULL;
	buf_reset(&r->open[r->depth++].text);
}

static void XMLCALL
xml_element_end(void *cls, const XML_Char *name)
{
	struct xml_reader *r = cls;
	struct xml_open *o;

	(void)name;
	if (r->why != NULL)
		return;
	o = &r->open[--r->depth];
	o->node->text = arena_strndup(r->a, o->text.p, o->text.len);
}

static void XMLCALL
xml_characters(void *cls, const XML_Char *s, int n)
{
	struct xml_reader *r = cls;

	if (r->why == NULL && r->depth > 0)
		buf_add(&r->open[r->depth - 1].text, s, (size_t)n);
}

static void XMLCALL
xml_doctype(void *cls, const XML_Char *name, const XML_Char *sysid,
    const XML_Char *pubid, int subset)
{

	(void)name;
	(void)sysid;
	(void)pubid;
	(void)subset;
	xml_stop(cls, "a document type is not accepted");
}

static void
xml_parse(struct xml_reader *r, const char *p, size_t n)
{

	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, xml_element_start, xml_element_end);
	XML_SetCharacterDataHandler(r->parser, xml_characters);
	XML_SetStartDoctypeDeclHandler(r->parser, xml_doctype);
	if (n > INT_MAX)
		r->why = "it is too long";
	else if (XML_Parse(r->parser, p, (int)n, 1) != XML_STATUS_OK &&
	    r->why == NULL)
		r->why = arena_printf(r->a, "line %lu: %s",
		    (unsigned long)XML_GetCurrentLineNumber(r->parser),
		    XML_ErrorString(XML_GetErrorCode(r->parser)));
}

const struct xml_node *
xml_read(struct arena *a, const char *p, size_t n, const char **why)
{
	struct xml_reader r = { .a = a };

	r.parser = XML_ParserCreateNS(NULL, '|');
	BUG_ON(r.parser == NULL);
	for (int i = 0; i < XML_READ_DEPTH; i++)
		buf_init(&r.open[i].text, SIZE_MAX / 2);
	xml_parse(&r, p != NULL ? p : "", n);
	for (int i = 0; i < XML_READ_DEPTH; i++)
		buf_release(&r.open[i].text);
	XML_ParserFree(r.parser);
	*why = r.why;
	return (r.why == NULL ? r.root : NULL);
}

/* ---- looking into it ---- */

static const struct xml_node *
xml_named(const struct xml_node *n, const char *name)
{

	while (n != NULL && strcmp(n->name, name) != 0)
		n = n->next;
	return (n);
}

const struct xml_node *
xml_child(const struct xml_node *n, const char *name)
{

	return (n == NULL ? NULL : xml_named(n->child, name));
}

const struct xml_node *
xml_again(const struct xml_node *n)
{

	return (xml_named(n->next, n->name));
}

const char *
xml_text(const struct xml_node *n, const char *name)
{
	const struct xml_node *c = xml_child(n, name);

	return (c == NULL ? NULL : c->text);
}

const char *
xml_word(struct arena *a, const struct xml_node *n, const char *name)
{
	const char *s = xml_text(n, name);
	size_t len;

	if (s == NULL)
		return (NULL);
	while (isspace((unsigned char)*s))
		s++;
	for (len = strlen(s); len > 0 && isspace((unsigned char)s[len - 1]);)
		len--;
	return (arena_strndup(a, s, len));
}

const char *
xml_attr(const struct xml_node *n, const char *name)
{

	for (size_t i = 0; n->attrs[i] != NULL; i += 2)
		if (strcmp(n->attrs[i], name) == 0)
			return (n->attrs[i + 1]);
	return (NULL);
}

bool
xml_only(const struct xml_node *n, const char *const *names)
{

	for (const struct xml_node *c = n->child; c != NULL; c = c->next) {
		size_t i = 0;

		while (names[i] != NULL && strcmp(names[i], c->name) != 0)
			i++;
		if (names[i] == NULL)
			return (false);
	}
	return (true);
}
