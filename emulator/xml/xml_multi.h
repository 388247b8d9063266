/* emulator/xml/xml_multi.h: multipart uploads of the XML API,
 * https://cloud.google.com/storage/docs/multipart-uploads .  Knows their
 * documents; the parts are the store's.
 *
 * As the real service: no preconditions, no parts by copy, an unknown part or
 * a wrong ETag in the list is 404 NoSuchPart; the object has a CRC32C, no
 * MD5, and an ETag that is not made of one. */
#ifndef EMULATOR_XML_MULTI_H
#define EMULATOR_XML_MULTI_H

#include "emulator/http/req.h"

void	xml_multi_new_h(struct req *);		/* POST object?uploads */
void	xml_part_begin(struct req *);		/* PUT ?partNumber&uploadId */
void	xml_part_data(struct req *, const void *, size_t);
void	xml_part_h(struct req *);
void	xml_part_done(struct req *);
void	xml_multi_finish_h(struct req *);	/* POST ?uploadId */
void	xml_multi_drop_h(struct req *);		/* DELETE ?uploadId */
/* xml_multi_list.c */
void	xml_multi_parts_h(struct req *);	/* GET ?uploadId */
void	xml_multi_list_h(struct req *);		/* GET bucket?uploads */

#endif
