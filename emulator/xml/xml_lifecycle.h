/* emulator/xml/xml_lifecycle.h: the lifecycle of a bucket as XML, both ways.
 * Knows the two spellings of each condition; lifecycle.c knows the rules. */
#ifndef EMULATOR_XML_LIFECYCLE_H
#define EMULATOR_XML_LIFECYCLE_H

#include "emulator/xml/xml_read.h"
#include "emulator/xml/xml_write.h"

/* v: the bucket's `lifecycle`, or NULL. */
void	xml_lifecycle_show(struct xml_write *, const json_t *v);
/* The JSON of the document, a new reference; NULL: *why is a sentence. */
json_t	*xml_lifecycle_take(struct arena *, const struct xml_node *root,
    const char **why);

#endif
