/* emulator/xml/xml_acl.h: access control lists of the XML API: ?acl of a bucket
 * or an object, ?defaultObjectAcl.  Knows the documents, Google's and Amazon's;
 * the lists and who may change them are acls.c's.
 * https://cloud.google.com/storage/docs/xml-api/put-bucket-acls */
#ifndef EMULATOR_XML_ACL_H
#define EMULATOR_XML_ACL_H

#include "emulator/http/req.h"

void	xml_acl_get_h(struct req *);
void	xml_acl_put_h(struct req *);

#endif
