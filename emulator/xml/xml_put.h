/* emulator/xml/xml_put.h: PUT of an object by the XML API: from the body, or
 * from another object (x-goog-copy-source).
 * https://cloud.google.com/storage/docs/xml-api/put-object-upload ,
 * https://cloud.google.com/storage/docs/xml-api/put-object-copy */
#ifndef EMULATOR_XML_PUT_H
#define EMULATOR_XML_PUT_H

#include "emulator/http/req.h"

void	xml_put_begin(struct req *);
void	xml_put_data(struct req *, const void *, size_t);
void	xml_put_h(struct req *);
void	xml_put_done(struct req *);

/* xml_copy.c: the second of the two. */
void	xml_copy(struct req *, const struct store_cond *);

#endif
