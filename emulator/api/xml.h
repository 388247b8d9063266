/* emulator/api/xml.h: the XML API as far as clients read and delete by it,
 * https://cloud.google.com/storage/docs/xml-api/overview .  Knows XML shapes;
 * bytes out are media.c's, bytes in uploads.c's. */
#ifndef EMULATOR_XML_H
#define EMULATOR_XML_H

#include "emulator/http/req.h"

void	xml_list_h(struct req *);
void	xml_get_h(struct req *);	/* and HEAD */
void	xml_delete_h(struct req *);

#endif
