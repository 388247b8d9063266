/* emulator/xml/xml_list.h: GET of a bucket by the XML API: its objects, first
 * and second form, and their generations,
 * https://cloud.google.com/storage/docs/xml-api/get-bucket-list .  Knows the
 * documents; the order and the cut are the store's. */
#ifndef EMULATOR_XML_LIST_H
#define EMULATOR_XML_LIST_H

#include "emulator/http/req.h"

void	xml_list_h(struct req *);		/* markers are names */
void	xml_list_v2_h(struct req *);		/* list-type=2 */
void	xml_list_versions_h(struct req *);	/* versions */

#endif
