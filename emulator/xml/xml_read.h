/* emulator/xml/xml_read.h: an XML body as a small tree in the request's arena.
 * Knows XML (by expat) and its dangers: a document type, and with it every
 * entity of its own, is refused; depth and count of elements are bounded.
 * Knows no element's meaning. */
#ifndef EMULATOR_XML_READ_H
#define EMULATOR_XML_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"

#define XML_READ_DEPTH	16
#define XML_READ_NODES	100000

struct xml_node {
	const char *name;		/* without its namespace */
	const char *text;		/* of itself, as it stands; "" none */
	const char *const *attrs;	/* name, value, … NULL */
	struct xml_node *child, *next;	/* elements */
};

/* The root, or NULL: *why tells.  Elements are of no namespace or of one that
 * S3 and Cloud Storage use. */
const struct xml_node	*xml_read(struct arena *, const char *p, size_t n,
    const char **why);

/* The first child of that name, or NULL; of NULL too. */
const struct xml_node	*xml_child(const struct xml_node *, const char *name);
/* The next sibling of the same name. */
const struct xml_node	*xml_again(const struct xml_node *);
/* The text of that child, or NULL where there is none. */
const char	*xml_text(const struct xml_node *, const char *name);
/* The same without blanks around it. */
const char	*xml_word(struct arena *, const struct xml_node *,
    const char *name);
const char	*xml_attr(const struct xml_node *, const char *name);
/* Are all children named in the list, which ends with NULL? */
bool	xml_only(const struct xml_node *, const char *const *names);

#endif
