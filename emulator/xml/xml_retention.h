/* emulator/xml/xml_retention.h: object retention as the XML API writes it, with
 * Amazon's words: GOVERNANCE is an unlocked retention, COMPLIANCE a locked one.
 * Knows the spellings; retention.c knows the rules.
 * https://cloud.google.com/storage/docs/xml-api/put-object-retention */
#ifndef EMULATOR_XML_RETENTION_H
#define EMULATOR_XML_RETENTION_H

#include "emulator/http/req.h"

void	xml_retention_get_h(struct req *);	/* object?retention */
void	xml_retention_put_h(struct req *);

/* What the headers of a new object say, into its JSON. */
void	xml_retention_headers(struct req *, json_t *to);
/* The headers of an answer, from an object's attrs. */
void	xml_retention_show(struct req *, const json_t *attrs);

#endif
