/* emulator/xml/xml_object.h: objects of the XML API that are read or deleted,
 * https://cloud.google.com/storage/docs/xml-api/get-object-download ,
 * https://cloud.google.com/storage/docs/xml-api/delete-object .  Knows what
 * the XML API adds to media.c and objects.c. */
#ifndef EMULATOR_XML_OBJECT_H
#define EMULATOR_XML_OBJECT_H

#include "emulator/http/req.h"

void	xml_get_h(struct req *);	/* and HEAD */
void	xml_delete_h(struct req *);
void	xml_delete_many_h(struct req *);	/* POST bucket?delete */

#endif
